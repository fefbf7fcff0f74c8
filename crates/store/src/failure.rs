//! Why the store could not be opened, read or copied.

use std::path::PathBuf;

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
        "{} was written by a newer Pasarela (schema {found}, this one knows {known}). Use that version or a later one",
        file.display()
    )]
    Newer {
        /// The database.
        file: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// An older version wrote it, and it is not to be changed.
    #[error(
        "{} was written by an older Pasarela (schema {found}, this one writes {known}). Start the server once: it \
         migrates the data",
        file.display()
    )]
    Older {
        /// The database.
        file: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// It is no store of Pasarela's.
    #[error("{} is not a database of Pasarela. It is left as it is; give another directory with --data", file.display())]
    NotOurs {
        /// The file.
        file: PathBuf,
    },
    /// There is nothing to open.
    #[error("there is no data at {}. Start the server first, or give its directory with --data", file.display())]
    NothingThere {
        /// The database that was looked for.
        file: PathBuf,
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
    #[error("{} can't be opened: {cause}", file.display())]
    Database {
        /// The database.
        file: PathBuf,
        /// What SQLite said.
        cause: String,
    },
}

/// A read that failed; the text is for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store could not be read: {0}")]
pub struct ReadError(String);

impl ReadError {
    pub(crate) const fn new(cause: String) -> ReadError {
        ReadError(cause)
    }

    pub(crate) fn closed() -> ReadError {
        ReadError("it is closed".to_owned())
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(cause: rusqlite::Error) -> ReadError {
        ReadError(cause.to_string())
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
    /// The copy failed.
    #[error("the backup failed: {0}")]
    Copy(String),
}
