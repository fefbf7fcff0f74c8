//! Who calls: from a public key or an access token to a [`Caller`].

use crate::payments::hex;
use crate::{Engine, Failure};
use pasarela_domain::application::Scopes;
use pasarela_domain::identity::{AccountId, ApplicationId, Caller, Mode};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{EntryKind, Lookup};
use pasarela_vault::Purpose;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// How many credentials are kept in memory; beyond, the store is asked again (6 µs).
const MAX_CACHED: usize = 100_000;
/// Longer than any credential; longer ones are unknown without hashing them.
const LONGEST_CREDENTIAL: usize = 256;
/// Nothing was noted yet.
const NEVER: i64 = i64::MIN;

/// What is known of a credential.
struct Known {
    caller: Caller,
    scopes: Scopes,
    /// From when it does not work any more.
    expires: Option<Timestamp>,
    /// Whether the application may take real money.
    is_active: bool,
    /// Wall-clock milliseconds of the last use; [`NEVER`] before the first.
    used: AtomicI64,
}

/// What an application may take now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Whether it is there, and was not deleted.
    exists: bool,
    /// Whether it may take real money.
    is_active: bool,
}

impl Standing {
    /// Whether payments of `mode` may be made in its name.
    pub(crate) const fn takes(self, mode: Mode) -> bool {
        self.exists && (self.is_active || !mode.is_live())
    }
}

/// A credential's holder, and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who.
    pub caller: Caller,
    /// What the credential lets its holder do.
    pub scopes: Scopes,
    /// Whether it works: test credentials always do, live ones once their application is active.
    pub is_active: bool,
}

impl Identity {
    /// The caller, if the credential is good for `needed`.
    ///
    /// # Errors
    /// 401 with cause 7 for live credentials of an application that is not active, 403 for a scope that is not there.
    pub fn may(self, needed: Scopes) -> Result<Caller, Refusal> {
        if !self.is_active {
            return Err(Refusal::numbered(401, 7, "Unauthorized use of live credentials"));
        }
        if !self.scopes.has(needed) {
            return Err(Refusal::plain(403, format!("the credential lacks the scope {needed}")));
        }
        Ok(self.caller)
    }
}

/// When credentials were last used: by account and application, then by their keyed hash in hexadecimal digits. In order,
/// so that a simulation writes them in the same order again.
pub(crate) type LastUses = BTreeMap<(AccountId, ApplicationId), BTreeMap<String, i64>>;

/// The credentials seen so far, by their keyed hash. Unknown ones are not kept: guesses must not fill the memory.
pub(crate) struct Access {
    development: bool,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// One more with each change: what was read before it is not kept after it.
    generation: u64,
    known: HashMap<Lookup, Arc<Known>>,
    /// Whether an application is there, and may take real money: hosted checkouts ask for it.
    standings: HashMap<ApplicationId, Standing>,
    /// Uses of credentials that are not known any more, to be written.
    forgotten_uses: LastUses,
}

impl State {
    fn take_uses(uses: &mut LastUses, lookup: &Lookup, known: &Known) {
        let at = known.used.swap(NEVER, Ordering::Relaxed);
        if at != NEVER {
            let of = uses.entry((known.caller.account_id, known.caller.application_id)).or_default();
            of.insert(hex(lookup), at);
        }
    }
}

impl Access {
    pub(crate) fn new(development: bool) -> Access {
        Access { development, state: RwLock::default() }
    }

    /// The application was changed, or a credential of it stopped to work.
    pub(crate) fn forget(&self, application_id: ApplicationId) {
        let mut state = self.write();
        state.generation += 1;
        let State { known, standings, forgotten_uses, .. } = &mut *state;
        standings.remove(&application_id);
        known.retain(|lookup, known| {
            let stays = known.caller.application_id != application_id;
            if !stays {
                State::take_uses(forgotten_uses, lookup, known);
            }
            stays
        });
    }

    /// The uses since this was asked last.
    pub(crate) fn take_uses(&self) -> LastUses {
        let mut uses = std::mem::take(&mut self.write().forgotten_uses);
        // The uses are atomic: whoever authenticates meanwhile does not wait.
        for (lookup, known) in &self.read().known {
            State::take_uses(&mut uses, lookup, known);
        }
        uses
    }

    /// Puts back what was taken and could not be written.
    pub(crate) fn put_back(
        &self,
        uses: impl IntoIterator<Item = ((AccountId, ApplicationId), BTreeMap<String, i64>)>,
    ) {
        let mut state = self.write();
        for (of, uses) in uses {
            merge_uses(state.forgotten_uses.entry(of).or_default(), &uses);
        }
    }

    /// Adds the uses that are not written yet of an application's credentials, of which `lookups` are known.
    pub(crate) fn add_uses(
        &self,
        of: (AccountId, ApplicationId),
        lookups: &[(Lookup, &str)],
        uses: &mut BTreeMap<String, i64>,
    ) {
        let state = self.read();
        if let Some(forgotten) = state.forgotten_uses.get(&of) {
            merge_uses(uses, forgotten);
        }
        for (lookup, name) in lookups {
            let at = state.known.get(lookup).map_or(NEVER, |known| known.used.load(Ordering::Relaxed));
            if at != NEVER {
                merge_uses(uses, &BTreeMap::from([((*name).to_owned(), at)]));
            }
        }
    }

    fn standing(&self, application_id: ApplicationId) -> (u64, Option<Standing>) {
        let state = self.read();
        (state.generation, state.standings.get(&application_id).copied())
    }

    fn keep_standing(&self, generation: u64, application_id: ApplicationId, standing: Standing) {
        let mut state = self.write();
        if state.generation != generation {
            return;
        }
        if state.standings.len() >= MAX_CACHED {
            state.standings.clear();
        }
        state.standings.insert(application_id, standing);
    }

    /// Keeps what was read in `generation`, unless something was changed since.
    fn keep(&self, generation: u64, lookup: Lookup, known: &Arc<Known>) {
        let mut state = self.write();
        if state.generation != generation {
            return;
        }
        if state.known.len() >= MAX_CACHED {
            let State { known, forgotten_uses, .. } = &mut *state;
            for (lookup, known) in known.drain() {
                State::take_uses(forgotten_uses, &lookup, &known);
            }
        }
        state.known.insert(lookup, known.clone());
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the later of two uses of each credential.
pub(crate) fn merge_uses(all: &mut BTreeMap<String, i64>, uses: &BTreeMap<String, i64>) {
    for (lookup, at) in uses {
        let last = all.entry(lookup.clone()).or_insert(*at);
        *last = (*last).max(*at);
    }
}

impl Engine {
    /// What an application may take now: from memory, where it was asked before and not changed since.
    pub(crate) async fn application_standing(
        &self,
        application_id: ApplicationId,
    ) -> Result<Standing, Failure> {
        let (generation, cached) = self.inner.access.standing(application_id);
        if let Some(cached) = cached {
            return Ok(cached);
        }
        let application = self.application_by_id(application_id).await?;
        let details = application.map(|application| application.details);
        let details = details.filter(|details| details.deleted.is_none());
        let standing = Standing {
            exists: details.is_some(),
            is_active: details.is_some_and(|details| details.is_active),
        };
        // Numbers of nobody's are not kept: guesses must not fill the memory.
        if standing.exists {
            self.inner.access.keep_standing(generation, application_id, standing);
        }
        Ok(standing)
    }

    /// The caller that holds `secret`, or `None` when there is no such credential (or it is a well-known one outside
    /// development). What the credential may do is the caller's `kind`.
    ///
    /// # Errors
    /// When the store can't be read; 401 for live credentials of an application that is not active.
    pub async fn authenticate(&self, secret: &str) -> Result<Option<Caller>, Failure> {
        match self.identify(secret).await? {
            Some(identity) => Ok(Some(identity.may(Scopes::READ)?)),
            None => Ok(None),
        }
    }

    /// As [`Engine::authenticate`], for whoever decides by the scopes, or answers while nothing is active yet.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn identify(&self, secret: &str) -> Result<Option<Identity>, Failure> {
        if secret.is_empty() || secret.len() > LONGEST_CREDENTIAL {
            return Ok(None);
        }
        // The key of a checkout's page: it tokenises for whoever the preference is of, as long as that one may.
        if let Some(caller) = self.checkout_caller(secret).await? {
            let standing = self.application_standing(caller.application_id).await?;
            if !standing.exists {
                return Ok(None);
            }
            return self.identified(caller, Scopes::ALL, standing.is_active).await.map(Some);
        }
        let lookup = self.inner.vault.lookup(Purpose::Credential, secret);
        let access = &self.inner.access;
        let (generation, cached) = {
            let state = access.read();
            (state.generation, state.known.get(&lookup).cloned())
        };
        let known = match cached {
            Some(known) => known,
            None => {
                let Some(known) = self.look_up(&lookup).await? else { return Ok(None) };
                let known = Arc::new(known);
                access.keep(generation, lookup, &known);
                known
            }
        };
        let now = self.inner.clock.wall();
        if known.expires.is_some_and(|expires| now >= expires) {
            return Ok(None);
        }
        known.used.store(now.0, Ordering::Relaxed);
        self.identified(known.caller.clone(), known.scopes, known.is_active).await.map(Some)
    }

    /// Who calls with test credentials goes by its account's own clock, wherever that was moved.
    async fn identified(&self, caller: Caller, scopes: Scopes, is_active: bool) -> Result<Identity, Failure> {
        let is_test = caller.mode == Mode::Test;
        if is_test {
            self.refresh_clock(caller.account_id).await?;
        }
        Ok(Identity { caller, scopes, is_active: is_active || is_test })
    }

    /// What the store knows of a credential.
    async fn look_up(&self, lookup: &Lookup) -> Result<Option<Known>, Failure> {
        let Some(record) = self.inner.store.credential(lookup).await? else { return Ok(None) };
        if record.well_known && !self.inner.access.development {
            return Ok(None);
        }
        let Some(account) = self.account(record.account_id).await? else { return Ok(None) };
        let Some(application) = self.application_by_id(record.application_id).await? else { return Ok(None) };
        // What a well-known application was given while this was a development server opens nothing when it is none.
        if application.details.deleted.is_some() || !self.admits(application.account_id) {
            return Ok(None);
        }
        let book = self
            .entry::<pasarela_domain::application::credentials::CredentialBook>(
                record.account_id,
                EntryKind::Credentials,
                &record.application_id.to_string(),
            )
            .await?;
        // Where nothing was ever renewed or granted there is no book, and every credential works.
        let (scopes, expires) = match &book {
            None => (Scopes::ALL, None),
            Some(book) => match book.value.find(&hex(lookup)) {
                Some(secret) => (secret.scopes, secret.expires),
                None => return Ok(None),
            },
        };
        Ok(Some(Known {
            caller: Caller {
                account_id: record.account_id,
                site: account.site,
                application_id: record.application_id,
                mode: record.mode,
                kind: record.kind,
            },
            scopes,
            expires,
            is_active: application.details.is_active,
            used: AtomicI64::new(NEVER),
        }))
    }
}
