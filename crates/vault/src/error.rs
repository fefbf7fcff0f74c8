//! What can go wrong with the vault. No variant carries a secret.

use std::io;
use std::path::{Path, PathBuf};

/// Why the vault could not be opened, or why it does not open what it was given.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The operating system refused to read or write a file of the vault.
    #[error("the vault cannot use {}: {source}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A key file may be read by others than its owner.
    #[error("{} is open to other users (mode {mode:03o}); close it with: chmod 600 {}", path.display(), path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// There are wrapped keys, but the key that wraps them is gone.
    #[error(
        "{} is missing, and {} cannot be unwrapped without it; restore it from the backup of the key",
        kek.display(),
        keys.display()
    )]
    KeyMissing {
        /// Where the key that wraps the others should be.
        kek: PathBuf,
        /// The file with the wrapped keys.
        keys: PathBuf,
    },
    /// The key that was given did not wrap the keys that are there (or they were changed since).
    #[error("the key given does not open {}: it is another vault's key, or the file was changed", path.display())]
    WrongKey {
        /// The file with the wrapped keys.
        path: PathBuf,
    },
    /// A file of the vault is not what the vault writes.
    #[error("{} is damaged: {problem}; restore it from a backup", path.display())]
    DamagedFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The key was given as text, and the text is not a key.
    #[error("a vault key is 32 bytes, written as 64 hexadecimal digits or in base64")]
    NotAKey,
    /// Sealed bytes were changed, belong to another record or field, or are no sealed bytes at all.
    #[error("the sealed bytes are damaged or belong to another record")]
    Unreadable,
    /// Sealed bytes name a key that the vault does not have.
    #[error(
        "the vault has no key of version {version}; it was retired, or the key file is older than the data"
    )]
    UnknownVersion {
        /// The version they name.
        version: u32,
    },
    /// No further key fits.
    #[error("the vault holds {limit} keys already; reseal the records and retire the old keys first")]
    TooManyKeys {
        /// How many fit.
        limit: usize,
    },
}

impl VaultError {
    /// For `map_err` on what concerns `path`.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> VaultError {
        move |source| VaultError::File { path: path.to_path_buf(), source }
    }

    /// `path` does not hold what the vault writes there.
    pub(crate) fn damaged(path: &Path, problem: &'static str) -> VaultError {
        VaultError::DamagedFile { path: path.to_path_buf(), problem }
    }
}
