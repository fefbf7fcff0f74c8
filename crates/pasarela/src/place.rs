//! Where the records are, and what opens the vault beside them, as it was typed.

use crate::arguments::{KeyArguments, StoreArguments};
use crate::failure::Failure;
use pasarela_engine::copying::Place;
use pasarela_engine::{DatabaseUrl, KeySource};
use std::path::{Path, PathBuf};

/// The variable that holds the vault's key. There is no option for it: the system shows every user what was typed.
const KEY_VARIABLE: &str = "PASARELA_VAULT_KEY";

/// Reads a database's URL.
pub fn database(text: &str) -> Result<DatabaseUrl, Failure> {
    // The text is not repeated: it may hold a password.
    DatabaseUrl::parse(text).ok_or_else(|| {
        Failure::new(
            "--database-url is not the URL of a PostgreSQL database",
            "Write it like this: postgres://USER:PASSWORD@HOST:5432/DATABASE?sslmode=verify-full",
        )
    })
}

impl StoreArguments {
    /// The database if one is named, else the directory.
    pub fn place(&self) -> Result<Place, Failure> {
        match &self.database_url {
            Some(text) => database(text).map(Place::Database),
            None => Ok(Place::Directory(self.data.clone())),
        }
    }
}

impl KeyArguments {
    /// The vault's directory, if it is not the one beside the records.
    pub fn directory(&self, place: &Place) -> Result<Option<PathBuf>, Failure> {
        match (place, &self.vault) {
            (Place::Database(_), None) => Err(Failure::new(
                "with --database-url, the directory of the vault's keys must be named",
                "Give --vault DIR, with the same files on every node. A new directory gets new keys.",
            )),
            (_, vault) => Ok(vault.clone()),
        }
    }

    /// The key that opens the vault: a file's, the variable's, or else the one that the vault's directory holds.
    pub fn key(&self) -> Result<KeySource, Failure> {
        let from_variable = std::env::var(KEY_VARIABLE).ok();
        match (&self.vault_key_file, from_variable) {
            (Some(_), Some(_)) => Err(Failure::new(
                format!("--vault-key-file and {KEY_VARIABLE} both name a key"),
                "Take one of them away.",
            )),
            (Some(file), None) => from_file(file),
            (None, Some(text)) => parse(&text, KEY_VARIABLE),
            (None, None) => Ok(KeySource::File),
        }
    }
}

fn from_file(file: &Path) -> Result<KeySource, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::new(
            format!("the vault's key can't be read from {}: {error}", file.display()),
            "Check the path, and that this user may read it.",
        )
    })?;
    parse(&text, &file.display().to_string())
}

fn parse(text: &str, origin: &str) -> Result<KeySource, Failure> {
    KeySource::parse(text).map_err(|_| {
        Failure::new(
            format!("{origin} holds no key"),
            "A key is 32 random bytes, as 64 hexadecimal digits or base64: openssl rand -hex 32",
        )
    })
}
