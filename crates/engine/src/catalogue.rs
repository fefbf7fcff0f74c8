//! The catalogue that counts now: one whole version at a time, whoever asks.
//!
//! The newest version in the store counts. A server looks for one that another process applied, twice a second: in a
//! database for its number, in a directory, which it holds alone, for somebody who asks it to apply one (`inbox`). A
//! request that has begun goes on with the version it began with.

pub mod applying;

use crate::inbox::Inbox;
use crate::{Engine, EngineError};
use pasarela_domain::catalogue::Catalogue;
use pasarela_store::{ReadError, Store};
use serde_json::Value;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// How often a version that another process applied is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The current version. It is swapped whole; whoever reads it goes on with what was there when the request began.
pub(crate) struct CurrentCatalogue(RwLock<Arc<Catalogue>>);

impl CurrentCatalogue {
    /// The newest one in the store.
    pub(crate) async fn open(store: &Store) -> Result<CurrentCatalogue, EngineError> {
        let catalogue = newest(store).await.map_err(|error| EngineError::Other(error.to_string()))?;
        Ok(CurrentCatalogue(RwLock::new(Arc::new(catalogue))))
    }

    /// The catalogue, held for the length of one request. The lock is held for the length of one addition.
    pub(crate) fn get(&self) -> Arc<Catalogue> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Swaps it for a newer one.
    fn set(&self, catalogue: Catalogue) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if current.version() < catalogue.version() {
            *current = Arc::new(catalogue);
        }
    }
}

impl Engine {
    /// The catalogue by whose terms is sold now. To be asked once a request: the next answer may be another version.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.inner.catalogue.get()
    }

    /// Goes on with the newest version in the store. Says which one counts now.
    ///
    /// # Errors
    /// When the store can't be read, or this program can't use that version; the one before counts then.
    pub async fn refresh_catalogue(&self) -> Result<i64, NewestError> {
        let store = &self.inner.store;
        if store.catalogue_version().await? > self.catalogue().version() {
            let catalogue = newest(store).await?;
            tracing::info!(version = catalogue.version(), "another version of the catalogue counts now");
            self.inner.catalogue.set(catalogue);
        }
        Ok(self.catalogue().version())
    }
}

/// Why the newest version can't be used.
#[derive(Debug, thiserror::Error)]
pub enum NewestError {
    /// The store can't be read.
    #[error("the catalogue can't be read: {0}")]
    Store(#[from] ReadError),
    /// Another version of the program applied it.
    #[error(
        "version {version} of the catalogue is not valid in this version of the program: {fault} Apply one that is: \
         pasarela catalog export, mend it, pasarela catalog apply"
    )]
    Unusable {
        /// The version.
        version: i64,
        /// The first fault.
        fault: String,
    },
}

/// The newest version in the store, the compiled-in one if there is none.
pub(crate) async fn newest(store: &Store) -> Result<Catalogue, NewestError> {
    let version = store.catalogue_version().await?;
    let Some(record) = store.catalogue(version).await? else { return Ok(Catalogue::compiled_in()) };
    let unusable = |fault: String| NewestError::Unusable { version, fault };
    let document: Value =
        serde_json::from_slice(&record.document).map_err(|_| unusable("it is damaged.".to_owned()))?;
    Catalogue::with(version, &document)
        .map_err(|faults| unusable(faults.first().map(ToString::to_string).unwrap_or_default()))
}

/// Looks for versions that others applied, until `shutdown` is ready.
pub(crate) async fn run(engine: Engine, shutdown: impl Future<Output = ()>) {
    let inbox = engine.inner.store.directory().map(|directory| Inbox::open(directory, applying::INBOX));
    let is_shared = engine.inner.store.look_for_others_every().is_some();
    if inbox.is_none() && !is_shared {
        return;
    }
    tokio::pin!(shutdown);
    let mut fails = false;
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if let Some(inbox) = &inbox {
            let apply = |new| {
                let engine = &engine;
                async move {
                    match new {
                        Ok(new) => engine.apply_catalogue(&new).await,
                        Err(error) => Err(applying::failed(format!("the request can't be read: {error}"))),
                    }
                }
            };
            inbox.serve(apply).await;
        }
        if is_shared {
            let refreshed = engine.refresh_catalogue().await;
            // Told once, not twice a second.
            if let Err(error) = &refreshed
                && !fails
            {
                tracing::warn!(%error, "the catalogue could not be looked for; the one before counts");
            }
            fails = refreshed.is_err();
        }
    }
}
