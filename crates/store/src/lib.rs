//! What is remembered: records, ledger, timers and deliveries, committed atomically.
//!
//! What lives here: the vocabulary of what can be stored ([`vocabulary`]) and the engines that keep it, SQLite for one
//! machine and PostgreSQL for several nodes. What
//! never does: rules. The store does not know what a payment may become; it holds what the engine decided, all or
//! nothing, and it refuses what would break its own promises: a stale version, a key used twice, an overdrawn account.
//!
//! Start reading at [`Changes`], then `store.rs` (the door), then `sqlite/writer.rs` and `postgres/writer.rs` (how
//! a group becomes one sync).

pub mod account_entries;
mod catalogue;
pub mod checkout;
pub mod copying;
pub mod customers;
mod encoding;
mod failure;
mod findings;
pub mod logins;
#[cfg(feature = "simulation")]
pub mod memory;
pub mod notifications;
mod numbers;
mod options;
mod packing;
mod past;
mod postgres;
mod prepared;
pub mod schema;
mod sqlite;
mod store;
mod varint;
pub mod vocabulary;
mod work;

pub use account_entries::*;
pub use catalogue::CatalogueRecord;
pub use checkout::*;
pub use customers::*;
pub use failure::{BackupError, OpenError, ReadError};
pub use logins::*;
pub use notifications::*;
pub use options::{DatabaseUrl, Location, StoreOptions};
pub use past::{MOST_PAST, PastPayment, PastQuestion};
pub use store::Store;
pub use vocabulary::*;
