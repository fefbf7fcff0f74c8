//! The SQLite engine.
//!
//! `store` opens and closes it all; `writer` takes what is waiting as one group, which `transactions` brings into the
//! `journal` and the tables; `records` says how one request is written, with `ledger`, `tally`, `timers` and `random_keys`
//! beside it; `reader` and `search` answer questions on connections of their own, and know from `unwritten` what to wait
//! for; `checkpoint` moves the log into the database beside them.

pub(crate) mod account_entries;
pub(crate) mod backup;
pub(crate) mod catalogue;
pub(crate) mod checkout;
pub(crate) mod checkpoint;
pub(crate) mod connection;
pub(crate) mod copying;
pub(crate) mod customers;
pub(crate) mod fault;
pub(crate) mod journal;
pub(crate) mod journal_record;
pub(crate) mod ledger;
pub(crate) mod location;
pub(crate) mod logins;
pub(crate) mod migrations;
pub(crate) mod notifications;
pub(crate) mod past;
pub(crate) mod proof;
pub(crate) mod random_keys;
pub(crate) mod reader;
pub(crate) mod records;
pub(crate) mod recovery;
pub(crate) mod reserve;
pub(crate) mod rows;
pub(crate) mod search;
pub(crate) mod statements;
pub(crate) mod store;
pub(crate) mod tally;
pub(crate) mod timers;
pub(crate) mod transactions;
pub(crate) mod unwritten;
pub(crate) mod writer;

/// The condition of the index `card_token_sealed`, word for word: SQLite uses a partial index only then.
pub(crate) const SEALED: &str = "sealed_number IS NOT NULL OR sealed_security_code IS NOT NULL";
