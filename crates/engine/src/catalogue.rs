//! The catalogue that counts now: one whole version at a time, whoever asks.

use crate::Engine;
use pasarela_domain::catalogue::Catalogue;
use std::sync::{Arc, PoisonError, RwLock};

/// The current version. It is swapped whole; whoever reads it goes on with what was there when the request began.
pub(crate) struct CurrentCatalogue(RwLock<Arc<Catalogue>>);

impl CurrentCatalogue {
    pub(crate) fn new(catalogue: Catalogue) -> CurrentCatalogue {
        CurrentCatalogue(RwLock::new(Arc::new(catalogue)))
    }

    /// The catalogue, held for the length of one request. The lock is held for the length of one addition.
    pub(crate) fn get(&self) -> Arc<Catalogue> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Engine {
    /// The catalogue by whose terms is sold now. To be asked once a request: the next answer may be another version.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.inner.catalogue.get()
    }
}
