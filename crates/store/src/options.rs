//! Where a store is, and how it is opened.

use std::path::PathBuf;

/// Where the records are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In this directory, on the disk.
    Directory(PathBuf),
    /// In a fresh directory for temporary files that is removed when the store is closed; without syncs.
    Ephemeral,
}

/// How a store is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Where.
    pub location: Location,
    /// Whether to make it where there is nothing, and to migrate it. Commands that only look at a store say no.
    pub create: bool,
    /// Beside the process that uses it, if there is one: reads, proofs and backups work, commits are refused.
    pub read_only: bool,
}

impl StoreOptions {
    /// The one store of a server at `location`: made if need be, and used by this process alone.
    pub fn new(location: Location) -> StoreOptions {
        StoreOptions { location, create: true, read_only: false }
    }

    /// What is kept in `directory`, to be changed: an error if there is nothing.
    pub fn existing(directory: PathBuf) -> StoreOptions {
        StoreOptions { location: Location::Directory(directory), create: false, read_only: false }
    }

    /// What is kept in `directory`, to be looked at, also while a server uses it: an error if there is nothing.
    pub fn read_only(directory: PathBuf) -> StoreOptions {
        StoreOptions { location: Location::Directory(directory), create: false, read_only: true }
    }
}
