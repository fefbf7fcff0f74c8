//! What an operator does to the data while no server uses it, or beside one: proof, backup, new keys.

use crate::copying::Place;
use crate::privacy::{Erasure, Person};
use crate::vault_rotation::Rotation;
use crate::{Engine, EngineOptions};
use pasarela_store::copying::Dump;
use pasarela_store::{LedgerProof, OpenError, RecordsCheck, Store, StoreOptions};
use pasarela_vault::KeySource;
use std::path::{Path, PathBuf};

/// What a store calls its database.
const DATABASE: &str = "pasarela.db";

/// What is examined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A server's data: a directory while no server uses it, a database at any time.
    Store(Place),
    /// A file that [`backup`] wrote.
    Backup(PathBuf),
}

/// What an examination found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// Whether the books balance.
    pub ledger: LedgerProof,
    /// Whether the records are whole.
    pub records: RecordsCheck,
}

impl Examination {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.ledger.faults.is_empty() && self.records.faults.is_empty()
    }
}

/// How far a backup is, in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Copied.
    pub done: u64,
    /// To copy in all.
    pub total: u64,
}

/// Why it could not be done.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// A server uses the data.
    #[error("a server is using it")]
    InUse,
    /// There is no data.
    #[error("there is no data")]
    NothingThere,
    /// Something else; the text says what.
    #[error("{0}")]
    Failed(String),
}

impl From<OpenError> for UpkeepError {
    fn from(error: OpenError) -> UpkeepError {
        match error {
            OpenError::InUse { .. } => UpkeepError::InUse,
            OpenError::NothingThere { .. } => UpkeepError::NothingThere,
            other => failed(other),
        }
    }
}

/// Proves the ledger and checks the records.
///
/// # Errors
/// When a server uses the data, when there is none, or when it can't be read at all.
pub async fn examine(source: &Source) -> Result<Examination, UpkeepError> {
    match source {
        Source::Store(place @ Place::Directory(_)) => {
            examine_store(StoreOptions::existing_at(place.location())).await
        }
        Source::Store(place @ Place::Database(_)) => {
            examine_store(StoreOptions::read_only_at(place.location())).await
        }
        Source::Backup(file) => {
            let stand = Stand::around(file)?;
            examine_store(StoreOptions::read_only(stand.0.path().to_owned())).await
        }
    }
}

/// Copies the data in `directory`, as it is at this moment and also beside a running server, to the new `file`.
///
/// # Errors
/// When there is no data, or the file exists or can't be written; then nothing is left of it.
pub async fn backup(
    directory: &Path,
    file: &Path,
    progress: impl Fn(Progress) + Send + 'static,
) -> Result<(), UpkeepError> {
    let store = Store::open(StoreOptions::read_only(directory.to_owned())).await?;
    let copied = store.backup(file, move |done, total| progress(Progress { done, total })).await;
    store.close().await;
    copied.map_err(failed)
}

/// Makes a new data key and seals everything at `place` under it. The keys are in `vault`, or else beside the data.
///
/// # Errors
/// When a server uses the data (another node would seal with the older key meanwhile), when there is none, or when the vault or the store fails.
pub async fn rotate_vault(
    place: &Place,
    vault: Option<PathBuf>,
    vault_key: KeySource,
    progress: impl Fn(u64),
) -> Result<Rotation, UpkeepError> {
    // An engine makes what it doesn't find, and works beside others; keys of nothing are not to be made, and nobody may
    // seal anything with the old ones.
    Dump::open(&place.location()).await?.close().await;
    let engine = open(place, vault, vault_key).await?;
    let rotated = engine.rotate_vault(progress).await;
    engine.close().await;
    rotated.map_err(failed)
}

/// All that is known of a person at `place`: a directory while no server uses it, a database at any time.
///
/// # Errors
/// When a server uses the directory, when there is no data, or when the vault or the store fails.
pub async fn export_person(
    place: &Place,
    vault: Option<PathBuf>,
    vault_key: KeySource,
    person: &Person,
) -> Result<serde_json::Value, UpkeepError> {
    let engine = open_existing(place, vault, vault_key).await?;
    let exported = engine.export_person(person).await;
    engine.close().await;
    exported.map_err(failed)
}

/// Erases a person at `place`, or with `is_rehearsal` only counts.
///
/// # Errors
/// As [`export_person`].
pub async fn erase_person(
    place: &Place,
    vault: Option<PathBuf>,
    vault_key: KeySource,
    person: &Person,
    is_rehearsal: bool,
    progress: impl Fn(u64),
) -> Result<Erasure, UpkeepError> {
    let engine = open_existing(place, vault, vault_key).await?;
    let erased = engine.erase_person(person, is_rehearsal, progress).await;
    engine.close().await;
    erased.map_err(failed)
}

/// An engine on data that is there: one that finds nothing would make it.
async fn open_existing(
    place: &Place,
    vault: Option<PathBuf>,
    vault_key: KeySource,
) -> Result<Engine, UpkeepError> {
    match place {
        Place::Directory(_) => Dump::open(&place.location()).await?.close().await,
        Place::Database(_) => Store::open(StoreOptions::read_only_at(place.location())).await?.close().await,
    }
    open(place, vault, vault_key).await
}

async fn open(place: &Place, vault: Option<PathBuf>, vault_key: KeySource) -> Result<Engine, UpkeepError> {
    let options = EngineOptions { vault_directory: vault, vault_key, ..EngineOptions::at(place) };
    Engine::open(options).await.map_err(|error| match error {
        crate::EngineError::Store(error) => UpkeepError::from(error),
        other => failed(other),
    })
}

pub(crate) async fn examine_store(options: StoreOptions) -> Result<Examination, UpkeepError> {
    let store = Store::open(options).await?;
    let examination = async {
        let ledger = store.prove_ledger().await.map_err(failed)?;
        let records = store.check_records().await.map_err(failed)?;
        Ok(Examination { ledger, records })
    }
    .await;
    store.close().await;
    examination
}

/// A directory that looks like a server's, with the backup in the place of the database: the store opens directories.
struct Stand(tempfile::TempDir);

impl Stand {
    fn around(file: &Path) -> Result<Stand, UpkeepError> {
        if !file.is_file() {
            return Err(UpkeepError::NothingThere);
        }
        let directory = tempfile::tempdir().map_err(failed)?;
        let file = std::path::absolute(file).map_err(failed)?;
        let database = directory.path().join(DATABASE);
        #[cfg(unix)]
        std::os::unix::fs::symlink(&file, &database).map_err(failed)?;
        #[cfg(not(unix))]
        std::fs::copy(&file, &database).map_err(failed)?;
        Ok(Stand(directory))
    }
}

pub(crate) fn failed(error: impl std::fmt::Display) -> UpkeepError {
    UpkeepError::Failed(error.to_string())
}
