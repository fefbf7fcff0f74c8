mod create;
mod read;
mod update;
mod yape;
