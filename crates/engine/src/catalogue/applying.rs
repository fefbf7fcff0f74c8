//! Applying a version: checked whole, stored in one commit, and only after the version it was made from.

use crate::copying::Place;
use crate::inbox::{self, NoAnswer};
use crate::{Engine, clock};
use pasarela_domain::catalogue::Catalogue;
use pasarela_domain::catalogue::document::Fault;
use pasarela_domain::timestamp::Timestamp;
pub use pasarela_store::CatalogueRecord;
use pasarela_store::{Changes, CommitError, OpenError, RecordChange, Store, StoreOptions};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest name of whoever applies, in characters.
pub const LONGEST_AUTHOR: usize = 120;
/// The longest word on why.
pub const LONGEST_COMMENT: usize = 500;

/// What is to be applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewVersion {
    /// The whole document.
    pub document: Value,
    /// Who applies it.
    pub author: String,
    /// Why.
    pub comment: String,
    /// The version that it was made from, if that is to be held against the newest one.
    #[serde(default)]
    pub expected: Option<i64>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The version that counts now.
    pub version: i64,
    /// Whether it is new; otherwise the newest one said the same already.
    pub is_new: bool,
}

/// Why nothing was applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ApplyError {
    /// The document is not valid: each fault on a line.
    #[error("the document is not valid:\n{}", .0.join("\n"))]
    Faults(Vec<String>),
    /// Somebody else applied another version meanwhile.
    #[error("version {found} was applied meanwhile, by somebody else")]
    Conflict {
        /// The newest version.
        found: i64,
    },
    /// No data are there.
    #[error("there is no data")]
    NothingThere,
    /// The running server did not answer: it may have applied it.
    #[error("the server that uses the data did not answer within {0} seconds")]
    NoAnswer(u64),
    /// Something else.
    #[error("{0}")]
    Failed(String),
}

impl From<Vec<Fault>> for ApplyError {
    fn from(faults: Vec<Fault>) -> ApplyError {
        ApplyError::Faults(faults.iter().map(ToString::to_string).collect())
    }
}

impl Engine {
    /// Applies a version, and goes on with it.
    ///
    /// # Errors
    /// As [`ApplyError`] says; nothing is changed then, except as the store says.
    pub async fn apply_catalogue(&self, new: &NewVersion) -> Result<Applied, ApplyError> {
        let applied = apply(&self.inner.store, new, self.inner.clock.wall()).await?;
        self.refresh_catalogue().await.map_err(failed)?;
        Ok(applied)
    }
}

/// Applies a version at `place`: by the server that holds the directory, if one does, and in the store itself
/// otherwise. Servers on a database find it within a second.
///
/// # Errors
/// As [`ApplyError`] says; nothing is changed then, except where it says that nobody knows.
pub async fn apply_at(place: &Place, new: &NewVersion) -> Result<Applied, ApplyError> {
    match Store::open(StoreOptions::existing_at(place.location())).await {
        Ok(store) => {
            let applied = apply(&store, new, clock::wall()).await;
            store.close().await;
            applied
        }
        Err(OpenError::InUse { .. }) if let Place::Directory(directory) = place => {
            match inbox::ask(directory, INBOX, new).await {
                Ok(answer) => answer,
                Err(NoAnswer::Late(seconds)) => Err(ApplyError::NoAnswer(seconds)),
                Err(error) => Err(failed(error)),
            }
        }
        Err(OpenError::NothingThere { .. }) => Err(ApplyError::NothingThere),
        Err(error) => Err(failed(error)),
    }
}

/// What is at `place`: the version with this number, or the newest one; `None` where none was applied.
///
/// # Errors
/// When there is no data, or it can't be read.
pub async fn version_at(place: &Place, number: Option<i64>) -> Result<Option<CatalogueRecord>, ApplyError> {
    let store = Store::open(StoreOptions::read_only_at(place.location())).await.map_err(opening)?;
    let found = async {
        let number = match number {
            Some(number) => number,
            None => store.catalogue_version().await?,
        };
        store.catalogue(number).await
    }
    .await;
    store.close().await;
    found.map_err(failed)
}

/// The versions at `place`, newest first, without their documents.
///
/// # Errors
/// When there is no data, or it can't be read.
pub async fn history_at(place: &Place) -> Result<Vec<CatalogueRecord>, ApplyError> {
    let store = Store::open(StoreOptions::read_only_at(place.location())).await.map_err(opening)?;
    let found = store.catalogues().await;
    store.close().await;
    found.map_err(failed)
}

async fn apply(store: &Store, new: &NewVersion, now: Timestamp) -> Result<Applied, ApplyError> {
    let newest = store.catalogue_version().await.map_err(failed)?;
    Catalogue::with(newest + 1, &new.document)?;
    check_words(new)?;
    let current = store.catalogue(newest).await.map_err(failed)?.map(|record| record.document);
    // Before the version is looked at: who repeats what was done is told that it is.
    if current.is_some_and(|current| is_same(&current, &new.document)) {
        return Ok(Applied { version: newest, is_new: false });
    }
    if new.expected.is_some_and(|expected| expected != newest) {
        return Err(ApplyError::Conflict { found: newest });
    }
    let record = CatalogueRecord {
        version: newest + 1,
        applied: now,
        author: new.author.clone(),
        comment: new.comment.clone(),
        document: new.document.to_string().into_bytes(),
    };
    let changes = Changes { records: vec![RecordChange::InsertCatalogue(record)], ..Changes::default() };
    match store.commit(changes).await {
        Ok(()) => Ok(Applied { version: newest + 1, is_new: true }),
        Err(CommitError::VersionConflict) => {
            Err(ApplyError::Conflict { found: store.catalogue_version().await.map_err(failed)? })
        }
        Err(error) => Err(failed(error)),
    }
}

fn is_same(stored: &[u8], document: &Value) -> bool {
    serde_json::from_slice::<Value>(stored).is_ok_and(|stored| stored == *document)
}

fn check_words(new: &NewVersion) -> Result<(), ApplyError> {
    for (what, text, longest) in
        [("author", &new.author, LONGEST_AUTHOR), ("comment", &new.comment, LONGEST_COMMENT)]
    {
        if text.chars().count() > longest || text.chars().any(char::is_control) {
            let fault = format!("{what}: more than {longest} characters, or not all printable. Shorten it.");
            return Err(ApplyError::Faults(vec![fault]));
        }
    }
    Ok(())
}

fn opening(error: OpenError) -> ApplyError {
    match error {
        OpenError::NothingThere { .. } => ApplyError::NothingThere,
        error => failed(error),
    }
}

pub(super) fn failed(error: impl std::fmt::Display) -> ApplyError {
    ApplyError::Failed(error.to_string())
}

/// Where requests for the server that holds a directory are put.
pub(crate) const INBOX: &str = "catalog-inbox";
