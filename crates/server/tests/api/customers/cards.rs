mod create;
mod delete;
mod pay;
mod read;
mod update;
