//! Addresses that fail for days are paused: what is due to them is held, not tried and not lost, and the seller is told.
//!
//! An address is a URL without its query: shops put an order's number there. It is paused when all attempts of a
//! delivery have failed, the last of them four days after the first, and nothing that was sent there meanwhile arrived.
//! Who reads the settings sees it; to set the address again, to resume, or to send something of it again ends the pause.

use super::attempts::Made;
use super::schedule;
use super::settings::{millis, parse};
use crate::identifiers::first_id_at;
use crate::{Engine, Failure};
use pasarela_domain::identity::{AccountId, ApplicationId, Caller, Mode};
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    Changes, CommitError, DeliveryRecord, DeliverySearch, DeliveryState, NotificationChange,
    NotificationSetting, ReadError, RecordChange, SettingKind, Store,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many failing addresses are watched at once. One that is not watched is not paused.
const MOST_WATCHED: usize = 4_096;

/// The turn from which on a failing address is remembered in the store: half an hour after the first.
const REMEMBERED_FROM: u32 = 2;

/// How many held deliveries are set free in one commit.
const STEP: u32 = 200;

/// How an address fares that fails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The first delivery of which an attempt failed since the last one that arrived (or an id of that time); 0 when it
    /// is well.
    pub first_failed: i64,
    /// When that happened, in the account's time.
    #[serde(with = "millis")]
    pub failing_since: Timestamp,
    /// Why the last attempt failed.
    pub last_failure: String,
    /// Whether what is due there is held.
    pub is_paused: bool,
}

type Address = (ApplicationId, Mode, String);

/// The failing addresses that a worker knows.
#[derive(Default)]
pub(super) struct Endpoints {
    watched: Mutex<HashMap<Address, Watched>>,
}

#[derive(Clone, Default)]
struct Watched {
    health: Health,
    /// The version in the store; 0 for none.
    version: i64,
}

impl Endpoints {
    /// Learns what the store knows.
    pub(super) async fn read(&self, store: &Store) -> Result<(), ReadError> {
        let stored = store.notification_settings_since(Timestamp(i64::MIN)).await?;
        let mut watched = self.lock();
        watched.clear();
        for setting in stored.into_iter().filter(|setting| setting.kind == SettingKind::Endpoint) {
            if let Ok(health) = parse::<Health>(&setting.body)
                && health.first_failed != 0
                && watched.len() < MOST_WATCHED
            {
                let known = Watched { health, version: setting.version };
                watched.insert((setting.application_id, setting.mode, setting.name), known);
            }
        }
        Ok(())
    }

    /// Whether the delivery is to be held. Only an address that is known to be paused costs a read: it may have been
    /// resumed through another node.
    pub(super) async fn holds(&self, store: &Store, delivery: &DeliveryRecord) -> Result<bool, ReadError> {
        let address = address_of(delivery);
        if !self.lock().get(&address).is_some_and(|known| known.health.is_paused) {
            return Ok(false);
        }
        let stored = stored(store, &address).await?;
        let is_paused = stored.health.is_paused;
        self.lock().insert(address, stored);
        Ok(is_paused)
    }

    /// Takes note of an attempt.
    pub(super) async fn saw(&self, store: &Store, delivery: &DeliveryRecord, made: &Made, now: Timestamp) {
        let address = address_of(delivery);
        let known = self.lock().get(&address).cloned();
        let Some(failure) = &made.record.failure else {
            if let Some(known) = known {
                self.lock().remove(&address);
                if known.version > 0 {
                    write(store, &address, &Watched { health: Health::default(), ..known }, now).await;
                }
            }
            return;
        };
        let mut known = known.unwrap_or_default();
        if known.health.first_failed == 0 {
            // A retry that fails while others arrive is that one notification's trouble, not the address's.
            let is_first_attempt = made.record.number == 0;
            known.health.first_failed = if is_first_attempt { delivery.id } else { first_id_at(now) };
            known.health.failing_since = delivery.created;
        }
        known.health.last_failure.clone_from(failure);
        // What a person sent again and failed once more is no news.
        let has_given_up =
            made.record.state == DeliveryState::Exhausted && made.turn == schedule::LAST_ATTEMPT;
        if has_given_up && known.health.first_failed <= delivery.id && !known.health.is_paused {
            known.health.is_paused = true;
            tracing::warn!(
                application = address.0,
                url = address.2,
                failure,
                "notifications to this address are held: it failed for days"
            );
        } else if made.turn != REMEMBERED_FROM && !has_given_up {
            self.watch(address, known);
            return;
        }
        // Before it is stored, so that whoever sees it stored finds it known.
        self.watch(address.clone(), known.clone());
        known.version = write(store, &address, &known, now).await.unwrap_or(known.version);
        self.watch(address, known);
    }

    fn watch(&self, address: Address, known: Watched) {
        let mut watched = self.lock();
        if watched.len() < MOST_WATCHED || watched.contains_key(&address) {
            watched.insert(address, known);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Address, Watched>> {
        // Each entry is whole, wherever a panic left the map.
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address of a URL: what it is without query and fragment.
pub fn address(url: &str) -> &str {
    &url[..url.find(['?', '#']).unwrap_or(url.len())]
}

fn address_of(delivery: &DeliveryRecord) -> Address {
    (delivery.application_id, delivery.mode, address(&delivery.url).to_owned())
}

async fn stored(store: &Store, address: &Address) -> Result<Watched, ReadError> {
    let settings = store.notification_settings(address.0).await?;
    let found = settings
        .into_iter()
        .find(|stored| is_endpoint(stored, address.1) && stored.name == address.2)
        .and_then(|stored| Some(Watched { health: parse(&stored.body).ok()?, version: stored.version }));
    Ok(found.unwrap_or_default())
}

fn is_endpoint(setting: &NotificationSetting, mode: Mode) -> bool {
    setting.kind == SettingKind::Endpoint && setting.mode == mode
}

/// A delivery that was held is due; one that was sent meanwhile stays as it is.
pub(super) fn freed_of(held: &DeliveryRecord, next_attempt: Timestamp) -> RecordChange {
    RecordChange::Notification(NotificationChange::Move {
        account_id: held.account_id,
        delivery_id: held.id,
        from: DeliveryState::Held,
        to: DeliveryState::Pending,
        next_attempt,
        turns_ahead: held.turns_ahead,
        seen: None,
    })
}

/// Writes how an address fares; gives the version. Another node's word, or no store, changes nothing of the delivery: the
/// next attempt tries again.
async fn write(store: &Store, address: &Address, known: &Watched, now: Timestamp) -> Option<i64> {
    let mut version = known.version;
    // Once more, with what is stored, when it is not what was known.
    for _ in 0..2 {
        let setting = NotificationSetting {
            application_id: address.0,
            mode: address.1,
            kind: SettingKind::Endpoint,
            name: address.2.clone(),
            version,
            changed: now,
            body: serde_json::to_vec(&known.health).ok()?,
        };
        let change = RecordChange::Notification(NotificationChange::Set(setting));
        match store.commit(Changes { records: vec![change], ..Changes::default() }).await {
            Ok(()) => return Some(version + 1),
            Err(CommitError::VersionConflict | CommitError::AlreadyExists(_)) => {
                version = stored(store, address).await.ok()?.version;
            }
            Err(error) => {
                tracing::warn!(%error, "how an address fares could not be noted; the next attempt notes it");
                return None;
            }
        }
    }
    None
}

impl Engine {
    /// How the addresses fare that fail, of the caller's application and mode.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn failing_addresses(&self, caller: &Caller) -> Result<Vec<(String, Health)>, Failure> {
        let stored = self.inner.store.notification_settings(caller.application_id).await?;
        let mut failing = Vec::new();
        for setting in stored.into_iter().filter(|setting| is_endpoint(setting, caller.mode)) {
            let health: Health = parse(&setting.body)?;
            if health.first_failed != 0 {
                failing.push((setting.name, health));
            }
        }
        Ok(failing)
    }

    /// Ends the pause of an address of the caller's, or of all without one, and sends what was held. Says how much that is.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn resume_addresses(&self, caller: &Caller, url: Option<&str>) -> Result<u64, Failure> {
        let wanted = url.map(address);
        let mut freed = 0;
        for (name, health) in self.failing_addresses(caller).await? {
            if !health.is_paused || wanted.is_some_and(|wanted| wanted != name) {
                continue;
            }
            self.write_setting(caller.application_id, caller.mode, SettingKind::Endpoint, &name, |body| {
                let before: Health = body.map(parse).transpose()?.unwrap_or_default();
                // A new beginning: it is paused again when the next delivery fails for as long.
                let first_failed = first_id_at(self.inner.clock.wall());
                let after = Health { is_paused: false, first_failed, ..before };
                crate::payments::to_json(&after)
            })
            .await?;
            freed += self.free(caller.account_id, caller.mode, &name).await?;
        }
        Ok(freed)
    }

    /// Makes what is held for an address due. Whatever is free first, what is older about the same resource goes first.
    async fn free(&self, account_id: AccountId, mode: Mode, name: &str) -> Result<u64, Failure> {
        let mut freed = 0;
        let mut search =
            DeliverySearch { state: Some(DeliveryState::Held), ..DeliverySearch::of(account_id, mode, STEP) };
        loop {
            let page = self.inner.store.search_deliveries(&search).await?;
            let held = page.deliveries.iter().filter(|held| address(&held.url) == name);
            let next_attempt = self.inner.clock.wall();
            let records: Vec<RecordChange> = held.map(|held| freed_of(held, next_attempt)).collect();
            if !records.is_empty() {
                freed += records.len() as u64;
                self.inner.store.commit(Changes { records, ..Changes::default() }).await?;
                self.inner.delivery_wake.committed_from(next_attempt);
            }
            match page.next {
                Some(next) => search.before = next,
                None => return Ok(freed),
            }
        }
    }

    /// Has a delivery tried now, or held.
    pub(super) async fn reschedule(
        &self,
        delivery: &DeliveryRecord,
        state: DeliveryState,
    ) -> Result<(), Failure> {
        let next_attempt = self.inner.clock.wall();
        let change = NotificationChange::Reschedule {
            account_id: delivery.account_id,
            delivery_id: delivery.id,
            state,
            next_attempt,
        };
        let records = vec![RecordChange::Notification(change)];
        self.inner.store.commit(Changes { records, ..Changes::default() }).await?;
        self.inner.delivery_wake.committed_from(next_attempt);
        self.inner.listeners_wake.notify_waiters();
        Ok(())
    }
}
