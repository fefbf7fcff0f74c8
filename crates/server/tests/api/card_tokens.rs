mod create;
mod jsonp;
mod read;
mod update;
mod yape;
