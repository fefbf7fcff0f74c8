//! How connections to the database are opened.

use crate::OpenError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// A commit of one payment changes some twenty pages, and each is written to the log whole: larger ones cost more there
/// than they save by packing compressed bodies with less slack.
const PAGE_SIZE: i64 = 4096;

/// The net under the checkpoint thread: 16,000 pages are 128 MiB of log, which a commit then moves by itself.
const AUTOCHECKPOINT_PAGES: i64 = 16_000;

/// What an idle process may keep in memory for the writer; keys grow with time, so the pages that commits touch fit.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
/// The same for each reader: the operating system's cache stands behind it.
const READER_CACHE_KIB: i64 = 4 * 1024;
/// A checkpoint copies pages from the log to the database and keeps none.
const CHECKPOINTER_CACHE_KIB: i64 = 256;

/// Distinct statements a connection keeps prepared: all of the writer's, and the shapes of searches that recur.
const PREPARED_STATEMENTS: usize = 96;

/// How long a connection waits for another one's lock. In one process only the moment of a log's reset asks for it.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The one that changes things.
    Write { durable: bool },
    /// Answers questions.
    Read,
    /// Moves the log's pages into the database.
    Checkpoint { durable: bool },
}

/// Opens `database` for `purpose`.
pub(crate) fn open(database: &Path, purpose: Purpose) -> rusqlite::Result<Connection> {
    let access = match purpose {
        Purpose::Write { .. } => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Purpose::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Purpose::Checkpoint { .. } => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let connection = Connection::open_with_flags(database, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(LOCK_WAIT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    // A statement's plan must not hang on the values bound to it: measured, without this a quarter of all instructions
    // of create-payment went into preparing the same statements again at each binding.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    match purpose {
        Purpose::Write { durable } => {
            connection.pragma_update(None, "page_size", PAGE_SIZE)?;
            connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // What is committed is in the journal already; what the log moves to the database is synced there.
            connection.pragma_update(None, "synchronous", if durable { "NORMAL" } else { "OFF" })?;
            connection.pragma_update(None, "wal_autocheckpoint", AUTOCHECKPOINT_PAGES)?;
            // What is deleted (a used card's ciphertext) is overwritten, not only unlinked.
            connection.pragma_update(None, "secure_delete", "ON")?;
        }
        Purpose::Read => {
            connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
            connection.pragma_update(None, "query_only", "ON")?;
        }
        Purpose::Checkpoint { durable } => {
            connection.pragma_update(None, "cache_size", -CHECKPOINTER_CACHE_KIB)?;
            connection.pragma_update(None, "synchronous", if durable { "FULL" } else { "OFF" })?;
        }
    }
    Ok(connection)
}

/// Says of a connection's failure what an operator can do about it.
pub(crate) fn open_error(database: &Path, cause: rusqlite::Error) -> OpenError {
    match cause.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => {
            OpenError::NotOurs { name: database.display().to_string() }
        }
        _ => OpenError::Database { name: database.display().to_string(), cause: cause.to_string() },
    }
}
