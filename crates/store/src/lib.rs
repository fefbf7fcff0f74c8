//! What is remembered: records, ledger, timers and deliveries, committed atomically.
//!
//! What lives here: the vocabulary of what can be stored ([`vocabulary`]) and the engine that keeps it, SQLite. What
//! never does: rules. The store does not know what a payment may become; it holds what the engine decided, all or
//! nothing, and it refuses what would break its own promises: a stale version, a key used twice, an overdrawn account.
//!
//! Start reading at [`Changes`], then `store.rs` (the door), then `sqlite/writer.rs` (how a group becomes one sync).

mod encoding;
mod failure;
mod numbers;
mod options;
mod packing;
mod prepared;
mod sqlite;
mod store;
mod varint;
pub mod vocabulary;

pub use failure::{BackupError, OpenError, ReadError};
pub use options::{Location, StoreOptions};
pub use store::Store;
pub use vocabulary::*;
