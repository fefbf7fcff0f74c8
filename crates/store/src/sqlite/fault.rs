//! Why a request of a group was not applied.

use crate::CommitError;
use rusqlite::ErrorCode;

/// Either the request alone is refused, or the group with it.
#[derive(Debug)]
pub(crate) enum Fault {
    /// This request can't be done; the others can.
    Refused(CommitError),
    /// The database failed.
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        Fault::Database(error)
    }
}

/// What every request of a failed group is answered.
pub(crate) fn commit_error(error: &rusqlite::Error) -> CommitError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => CommitError::DiskFull,
        // Somebody else's program holds the file: it passes.
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => CommitError::Busy,
        _ => CommitError::Failed(error.to_string()),
    }
}

/// A new row whose identity is there already is the request's fault, every other error is the database's.
pub(crate) fn already_exists(what: &'static str) -> impl Fn(rusqlite::Error) -> Fault {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => Fault::Refused(CommitError::AlreadyExists(what)),
        _ => Fault::Database(error),
    }
}
