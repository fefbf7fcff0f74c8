//! An operator's verbs, with the real binary and a real PostgreSQL: `serve`, `accounts`, `migrate`, `copy`, and `doctor`
//! on a database.

mod accounts;
mod catalog;
mod copying;
mod mail;
mod migration;
mod privacy;
mod serve;
#[path = "../support/mod.rs"]
mod support;
mod world;
