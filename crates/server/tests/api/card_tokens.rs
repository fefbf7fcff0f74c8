mod create;
mod read;
mod update;
