//! Where a store is, and how it is opened.

use crate::postgres::connection::Target;
use std::fmt;
use std::path::PathBuf;

/// Where the records are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In this directory, on the disk.
    Directory(PathBuf),
    /// In a fresh directory for temporary files that is removed when the store is closed; without syncs.
    Ephemeral,
    /// In a PostgreSQL database, which several nodes may share.
    Database(DatabaseUrl),
    /// In a memory that outlives the store.
    #[cfg(feature = "simulation")]
    Memory(crate::memory::Memory),
}

/// How a PostgreSQL database is reached: `postgres://user:password@host:port/database?…`, as libpq writes it. Its
/// password is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// `None` when `text` is no URL of a PostgreSQL database.
    pub fn parse(text: &str) -> Option<DatabaseUrl> {
        Target::parse(text).is_some().then(|| DatabaseUrl(text.to_owned()))
    }

    /// The URL, password and all.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return formatter.write_str("postgres://…");
        };
        // What stands before the last `@` of the authority names the user; a query may hold a password too.
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let shown = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        write!(formatter, "{scheme}://{shown}")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
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

    /// What is kept at `location`, to be changed: an error if there is nothing.
    pub fn existing_at(location: Location) -> StoreOptions {
        StoreOptions { location, create: false, read_only: false }
    }

    /// What is kept at `location`, to be looked at, also while servers use it: an error if there is nothing.
    pub fn read_only_at(location: Location) -> StoreOptions {
        StoreOptions { location, create: false, read_only: true }
    }

    /// What is kept in `directory`, to be changed: an error if there is nothing.
    pub fn existing(directory: PathBuf) -> StoreOptions {
        StoreOptions::existing_at(Location::Directory(directory))
    }

    /// What is kept in `directory`, to be looked at, also while a server uses it: an error if there is nothing.
    pub fn read_only(directory: PathBuf) -> StoreOptions {
        StoreOptions::read_only_at(Location::Directory(directory))
    }
}
