//! Why a request did not get what it asked for.

use pasarela_domain::refusal::Refusal;
use pasarela_store::CommitError;

/// A refusal of the domain, or a trouble of the house.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The request can't be done; the refusal says why, in the API's shape.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Not now: try again after so many seconds.
    #[error("temporarily unavailable")]
    Unavailable {
        /// `Retry-After`
        retry_after_s: u32,
    },
    /// Too often: the caller may try again after so many seconds.
    #[error("too many requests: {message}")]
    TooMany {
        /// `Retry-After`
        retry_after_s: u32,
        /// What there was too much of.
        message: &'static str,
    },
    /// A defect or a broken disk; the text is for the operator's log, never for the caller.
    #[error("internal failure: {0}")]
    Internal(String),
}

impl From<pasarela_store::ReadError> for Failure {
    fn from(error: pasarela_store::ReadError) -> Failure {
        if error.is_unavailable() {
            tracing::warn!(cause = %error, "nothing can be read now");
            return Failure::Unavailable { retry_after_s: 1 };
        }
        Failure::Internal(error.to_string())
    }
}

impl From<pasarela_vault::VaultError> for Failure {
    fn from(error: pasarela_vault::VaultError) -> Failure {
        Failure::Internal(error.to_string())
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Failure {
        match error {
            CommitError::Busy | CommitError::LeaseLost => Failure::Unavailable { retry_after_s: 1 },
            CommitError::Unavailable(cause) => {
                tracing::warn!(%cause, "nothing can be written now");
                Failure::Unavailable { retry_after_s: 1 }
            }
            CommitError::Unknown(cause) => {
                tracing::warn!(%cause, "nobody knows whether a commit is stored; the key of the request tells when it is repeated");
                Failure::Unavailable { retry_after_s: 1 }
            }
            CommitError::DiskFull => {
                tracing::error!("the disk is full: nothing can be written until there is room");
                Failure::Unavailable { retry_after_s: 30 }
            }
            other => Failure::Internal(other.to_string()),
        }
    }
}
