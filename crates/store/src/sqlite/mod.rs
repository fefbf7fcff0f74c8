//! The SQLite engine.
//!
//! `writer` takes what is waiting and commits it as one group; `records` says how one request is written, with `ledger`,
//! `tally`, `timers` and `random_keys` beside it; `reader` and `search` answer questions on connections of their own;
//! `checkpoint` moves the log into the database beside both.

pub(crate) mod backup;
pub(crate) mod checkpoint;
pub(crate) mod connection;
pub(crate) mod encoding;
pub(crate) mod fault;
pub(crate) mod ledger;
pub(crate) mod location;
pub(crate) mod migrations;
pub(crate) mod proof;
pub(crate) mod random_keys;
pub(crate) mod reader;
pub(crate) mod records;
pub(crate) mod rows;
pub(crate) mod search;
pub(crate) mod tally;
pub(crate) mod timers;
pub(crate) mod varint;
pub(crate) mod writer;

use pasarela_domain::identity::Mode;

/// The condition of the index `card_token_sealed`, word for word: SQLite uses a partial index only then.
pub(crate) const SEALED: &str = "sealed_number IS NOT NULL OR sealed_security_code IS NOT NULL";

/// How a mode is stored.
pub(crate) const fn mode_number(mode: Mode) -> i64 {
    match mode {
        Mode::Test => 0,
        Mode::Live => 1,
    }
}
