//! Why the store could not be opened, read or copied.

use crate::postgres::connection::{describe, is_outage};
use std::path::PathBuf;
use std::time::Duration;

/// Why a store was not opened. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process uses it.
    #[error(
        "another Pasarela uses this data ({} is locked). Stop it, or give this one another directory with --data",
        lock.display()
    )]
    InUse {
        /// The lock's file.
        lock: PathBuf,
    },
    /// A newer version of the program wrote it.
    #[error(
        "{name} was written by a newer Pasarela (schema {found}, this one knows {known}). Use that version or a later \
         one"
    )]
    Newer {
        /// The database: a file, or an address without its password.
        name: String,
        /// Its schema.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// An older version wrote it, and it is not to be changed.
    #[error(
        "{name} was written by an older Pasarela (schema {found}, this one writes {known}). Start the server once: it \
         migrates the data"
    )]
    Older {
        /// The database.
        name: String,
        /// Its schema.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// It is no store of Pasarela's.
    #[error(
        "{name} is not a database of Pasarela. It is left as it is; give another directory with --data, or another \
         database with --database-url"
    )]
    NotOurs {
        /// The database.
        name: String,
    },
    /// There is nothing to open.
    #[error(
        "there is no data at {name}. Start the server first, or say where it is with --data or --database-url"
    )]
    NothingThere {
        /// The database that was looked for.
        name: String,
    },
    /// The database's server can't be reached, or lets nobody in.
    #[error(
        "the database {name} can't be reached: {cause}. Check its URL, and that the server runs and lets this user in"
    )]
    Unreachable {
        /// The database, without its password.
        name: String,
        /// What was tried.
        cause: String,
    },
    /// The directory can't be used.
    #[error("{} can't be used: {cause}. Check that it can be written to", directory.display())]
    Directory {
        /// The directory or file.
        directory: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The database can't be opened.
    #[error("{name} can't be opened: {cause}")]
    Database {
        /// The database.
        name: String,
        /// What the engine said.
        cause: String,
    },
}

/// A read that failed; the text is for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store could not be read: {cause}")]
pub struct ReadError {
    cause: String,
    is_unavailable: bool,
}

impl ReadError {
    pub(crate) const fn new(cause: String) -> ReadError {
        ReadError { cause, is_unavailable: false }
    }

    pub(crate) const fn unavailable(cause: String) -> ReadError {
        ReadError { cause, is_unavailable: true }
    }

    pub(crate) fn closed() -> ReadError {
        ReadError::new("it is closed".to_owned())
    }

    pub(crate) fn too_late(patience: Duration) -> ReadError {
        ReadError::unavailable(format!("no answer within {} seconds", patience.as_secs()))
    }

    /// Whether the database can't be reached now, or is too busy to answer: the same read may work shortly.
    pub const fn is_unavailable(&self) -> bool {
        self.is_unavailable
    }

    /// The text without the words that it begins with.
    pub(crate) fn cause(&self) -> &str {
        &self.cause
    }
}

impl From<tokio_postgres::Error> for ReadError {
    fn from(cause: tokio_postgres::Error) -> ReadError {
        // The server ends what takes too long.
        let is_too_long = cause.code() == Some(&tokio_postgres::error::SqlState::QUERY_CANCELED);
        ReadError { is_unavailable: is_too_long || is_outage(&cause), cause: describe(&cause) }
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(cause: rusqlite::Error) -> ReadError {
        ReadError::new(cause.to_string())
    }
}

/// Why a backup was not made; nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The target is there already.
    #[error("{} exists and is not overwritten. Choose another name", file.display())]
    Exists {
        /// The target.
        file: PathBuf,
    },
    /// The target can't be written.
    #[error("{} can't be written: {cause}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The records are in a PostgreSQL database, which has better means.
    #[error(
        "the records are in a PostgreSQL database: back it up with PostgreSQL's own pg_basebackup or pg_dump"
    )]
    OfDatabase,
    /// The copy failed.
    #[error("the backup failed: {0}")]
    Copy(String),
}
