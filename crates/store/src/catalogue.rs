//! What operators changed of the compiled-in catalogue: every version that was ever applied.

#[cfg(feature = "simulation")]
use crate::memory::Records;
use crate::store::Engine;
use crate::{ReadError, Store};
use pasarela_domain::timestamp::Timestamp;
use serde::de::IgnoredAny;

/// A version of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueRecord {
    /// 1 for the first, one more with each.
    pub version: i64,
    /// Wall-clock time at which it was applied.
    pub applied: Timestamp,
    /// Who applied it.
    pub author: String,
    /// Why.
    pub comment: String,
    /// The JSON document that is laid over the compiled-in catalogue.
    pub document: Vec<u8>,
}

/// The most versions that one answer holds.
pub(crate) const MOST_VERSIONS: u32 = 1_000;

impl Store {
    /// The newest version's number; 0 when none was ever applied.
    pub async fn catalogue_version(&self) -> Result<i64, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.catalogue_version().await,
            Engine::Postgres(store) => store.catalogue_version().await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(Records::catalogue_version).await,
        }
    }

    /// A version with its document.
    pub async fn catalogue(&self, version: i64) -> Result<Option<CatalogueRecord>, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.catalogue(version).await,
            Engine::Postgres(store) => store.catalogue(version).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store.ask(|records| records.catalogues.get(&version).map(|found| (**found).clone())).await
            }
        }
    }

    /// The versions, newest first, without their documents; at most 1,000.
    pub async fn catalogues(&self) -> Result<Vec<CatalogueRecord>, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.catalogues().await,
            Engine::Postgres(store) => store.catalogues().await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store
                    .ask(|records| {
                        let newest = records.catalogues.values().rev().take(MOST_VERSIONS as usize);
                        let heads =
                            newest.map(|found| CatalogueRecord { document: Vec::new(), ..(**found).clone() });
                        heads.collect()
                    })
                    .await
            }
        }
    }
}

/// What is wrong with the stored versions, a line each: `found` are number and document, in order.
pub(crate) fn check(found: impl Iterator<Item = (i64, Vec<u8>)>) -> Vec<String> {
    let mut faults = Vec::new();
    for (expected, (version, document)) in (1..).zip(found) {
        if version != expected {
            faults.push(format!("catalogue version {expected} is missing"));
            break;
        }
        if serde_json::from_slice::<IgnoredAny>(&document).is_err() {
            faults.push(format!("catalogue version {version}: its document can't be read"));
        }
    }
    faults
}
