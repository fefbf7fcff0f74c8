//! Who calls: from a public key or an access token to a [`Caller`].

use crate::{Engine, Failure};
use pasarela_domain::identity::{Caller, Mode};
use pasarela_store::Lookup;
use pasarela_vault::Purpose;
use std::collections::HashMap;
use std::sync::RwLock;

/// How many credentials are kept in memory; beyond, the store is asked again (6 µs).
const MAX_CACHED: usize = 100_000;
/// Longer than any credential; longer ones are unknown without hashing them.
const LONGEST_CREDENTIAL: usize = 256;

/// The credentials seen so far, by their keyed hash. Unknown ones are not kept: guesses must not fill the memory.
pub(crate) struct Access {
    development: bool,
    callers: RwLock<HashMap<Lookup, Caller>>,
}

impl Access {
    pub(crate) fn new(development: bool) -> Access {
        Access { development, callers: RwLock::new(HashMap::new()) }
    }
}

impl Engine {
    /// The caller that holds `secret`, or `None` when there is no such credential (or it is a well-known one outside
    /// development). What the credential may do is the caller's `kind`.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn authenticate(&self, secret: &str) -> Result<Option<Caller>, Failure> {
        if secret.is_empty() || secret.len() > LONGEST_CREDENTIAL {
            return Ok(None);
        }
        if let Some(caller) = self.checkout_caller(secret).await? {
            return Ok(Some(self.refreshed(caller).await?));
        }
        let lookup = self.inner.vault.lookup(Purpose::Credential, secret);
        let access = &self.inner.access;
        let cached = {
            let callers = access.callers.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            callers.get(&lookup).cloned()
        };
        let caller = match cached {
            Some(caller) => caller,
            None => {
                let Some(record) = self.inner.store.credential(&lookup).await? else { return Ok(None) };
                if record.well_known && !access.development {
                    return Ok(None);
                }
                let Some(account) = self.account(record.account_id).await? else { return Ok(None) };
                let caller = Caller {
                    account_id: record.account_id,
                    site: account.site,
                    application_id: record.application_id,
                    mode: record.mode,
                    kind: record.kind,
                };
                let mut callers = access.callers.write().unwrap_or_else(std::sync::PoisonError::into_inner);
                if callers.len() >= MAX_CACHED {
                    callers.clear();
                }
                callers.insert(lookup, caller.clone());
                caller
            }
        };
        Ok(Some(self.refreshed(caller).await?))
    }

    /// Who calls with test credentials goes by its account's own clock, wherever that was moved.
    async fn refreshed(&self, caller: Caller) -> Result<Caller, Failure> {
        if caller.mode == Mode::Test {
            self.refresh_clock(caller.account_id).await?;
        }
        Ok(caller)
    }
}
