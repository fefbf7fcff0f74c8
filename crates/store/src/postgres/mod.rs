//! The PostgreSQL engine, for several nodes on one database.
//!
//! `store` opens and closes it all; `connection` and `tls` reach the database; `migrations` brings its schema up to date.
//! `writer` takes what is waiting, in `turns`, and commits it in one `transaction`: `group` says who shares it, `records`, `ledger` and
//! `heads` (timers) gather the rows by table, `statements` has the SQL that writes them, and `check` decides request by
//! request when a group does not go in as it is. `lease` is this node's number and its share of the background work.
//! `reader`, `timers`, `search` and `proof` answer questions, on the connections of `lanes`, some of them in `batches`. `copying` fills a database
//! from another store, and `distribute` spreads its tables over many machines.

pub(crate) mod account_entries;
pub(crate) mod batches;
pub(crate) mod catalogue;
pub(crate) mod check;
pub(crate) mod checkout;
pub(crate) mod connection;
pub(crate) mod copying;
pub(crate) mod customer_facts;
pub(crate) mod customer_search;
pub(crate) mod customers;
pub(crate) mod distribute;
pub(crate) mod group;
pub(crate) mod heads;
pub(crate) mod lanes;
pub(crate) mod lease;
pub(crate) mod ledger;
pub(crate) mod logins;
pub(crate) mod migrations;
pub(crate) mod notifications;
pub(crate) mod past;
#[cfg(test)]
mod plans;
pub(crate) mod proof;
pub(crate) mod reader;
pub(crate) mod records;
pub(crate) mod rows;
pub(crate) mod search;
pub(crate) mod statements;
mod statistics;
pub(crate) mod store;
pub(crate) mod timers;
pub(crate) mod tls;
pub(crate) mod transaction;
pub(crate) mod turns;
pub(crate) mod writer;
