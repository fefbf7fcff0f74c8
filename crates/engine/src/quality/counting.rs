//! Counts of requests: an addition in memory on the way, written once a minute to the application's row of the day.
//!
//! A process that is killed loses what it counted since the last minute: no rule asks for more than one request of a
//! kind, or for a share of many.

use crate::Engine;
use crate::Failure;
use crate::payments::to_json;
use pasarela_domain::card_token::TokenRequest;
use pasarela_domain::identity::{ApplicationId, Caller, CredentialKind, Mode, PaymentId};
use pasarela_domain::quality::marks::TokenChannel;
use pasarela_domain::quality::traffic::{COUNTS, Count, Traffic};
use pasarela_domain::timestamp::{DAY, MINUTE, Timestamp};
use pasarela_store::{Changes, NotificationChange, NotificationSetting, RecordChange, SettingKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// How often counts are written.
const EVERY: Duration = Duration::from_secs(60);
/// The days that a count is kept for: rules look 90 days back, and a day's row is used again after these.
const DAYS: i64 = 96;
/// The days that rules look back, where they ask whether something was ever done, and where they ask how it is done now.
const LOOKED_BACK: i64 = 90;
const RECENT: i64 = 30;
/// How many applications are counted at a time, in both modes together: one takes 200 bytes.
const MOST_APPLICATIONS: usize = 20_000;
/// A read this soon after a change was made because of its notification.
const SOON: i64 = 10 * MINUTE;
/// How many changes are remembered as read: two that meet in a place are both counted again, which is rare enough for a
/// share of a hundred.
const REMEMBERED_READS: usize = 8_192;

/// What was counted and is not written yet.
pub(crate) struct Counting {
    applications: RwLock<HashMap<(ApplicationId, Mode), Arc<Counts>>>,
    reads: Box<[AtomicU64]>,
}

/// One application's.
struct Counts {
    account_id: i64,
    counts: [AtomicU64; COUNTS.len()],
}

impl Default for Counting {
    fn default() -> Counting {
        Counting {
            applications: RwLock::default(),
            reads: (0..REMEMBERED_READS).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl Counting {
    fn count(&self, caller: &Caller, count: Count) {
        let key = (caller.application_id, caller.mode);
        let known = self.applications.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let counts = match known {
            Some(counts) => counts,
            None => {
                let mut applications = self.applications.write().unwrap_or_else(PoisonError::into_inner);
                if applications.len() >= MOST_APPLICATIONS {
                    return;
                }
                let counts =
                    || Arc::new(Counts { account_id: caller.account_id, counts: Default::default() });
                applications.entry(key).or_insert_with(counts).clone()
            }
        };
        counts.counts[count as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Whether this change of this payment is read for the first time, as far as is remembered.
    fn is_first_read(&self, id: PaymentId, updated: Timestamp) -> bool {
        // Two odd constants, so that neighbours do not share a place.
        let mixed = id.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ updated.0.unsigned_abs().wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        let place = usize::try_from(mixed >> 51).unwrap_or(0) % REMEMBERED_READS;
        // Zero stands for an empty place.
        let mark = mixed | 1;
        self.reads[place].swap(mark, Ordering::Relaxed) != mark
    }

    /// What was counted so far, and is to be written by whoever takes it; in a fixed order.
    fn take(&self) -> BTreeMap<(ApplicationId, Mode), (i64, Traffic)> {
        let mut applications = self.applications.write().unwrap_or_else(PoisonError::into_inner);
        // Who holds a counter while it is taken out adds to it in vain, so it is taken out only when nobody does.
        let mut taken = BTreeMap::new();
        applications.retain(|key, counts| {
            let mut traffic = Traffic::default();
            for (count, _) in COUNTS {
                traffic.add(count, counts.counts[count as usize].swap(0, Ordering::Relaxed));
            }
            let is_in_use = !traffic.is_empty() || Arc::strong_count(counts) > 1;
            if !traffic.is_empty() {
                taken.insert(*key, (counts.account_id, traffic));
            }
            is_in_use
        });
        taken
    }

    /// What is counted and not written.
    fn unwritten(&self, key: (ApplicationId, Mode)) -> Traffic {
        let mut traffic = Traffic::default();
        if let Some(counts) = self.applications.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            for (count, _) in COUNTS {
                traffic.add(count, counts.counts[count as usize].load(Ordering::Relaxed));
            }
        }
        traffic
    }

    /// Puts back what could not be written.
    fn give_back(&self, key: (ApplicationId, Mode), account_id: i64, traffic: &Traffic) {
        let mut applications = self.applications.write().unwrap_or_else(PoisonError::into_inner);
        let counts = applications
            .entry(key)
            .or_insert_with(|| Arc::new(Counts { account_id, counts: Default::default() }));
        for (count, _) in COUNTS {
            counts.counts[count as usize].fetch_add(traffic.of(count), Ordering::Relaxed);
        }
    }
}

/// A row: what was counted on one day.
#[derive(Default, Serialize, Deserialize)]
struct Day {
    /// Days since 1970, in the account's time.
    day: i64,
    counts: Traffic,
}

/// Writes what was counted, until `shutdown` is ready, and then once more.
pub(crate) async fn run(engine: Engine, shutdown: impl Future<Output = ()>) {
    tokio::pin!(shutdown);
    loop {
        let is_over = tokio::select! {
            biased;
            () = &mut shutdown => true,
            () = tokio::time::sleep(EVERY) => false,
        };
        engine.write_counts().await;
        if is_over {
            return;
        }
    }
}

impl Engine {
    /// Counts a request.
    pub fn count(&self, caller: &Caller, count: Count) {
        self.inner.counting.count(caller, count);
    }

    /// Counts a card that came, by how it came.
    pub(crate) fn count_token(&self, caller: &Caller, request: &TokenRequest) {
        // An empty token starts a session; the card comes later.
        let channel = request.channel.filter(|_| request.card_number.is_some());
        match channel {
            Some(TokenChannel::SecureFields) => self.count(caller, Count::SecureFieldsToken),
            Some(TokenChannel::Library) => self.count(caller, Count::LibraryToken),
            Some(TokenChannel::Page) => self.count(caller, Count::PageToken),
            // Anybody has the public key: what comes by it counts when the seller pays with it.
            Some(TokenChannel::Server) if caller.kind == CredentialKind::AccessToken => {
                self.count(caller, Count::ServerToken);
            }
            Some(TokenChannel::Server | TokenChannel::Hosted) | None => {}
        }
    }

    /// Counts a read of a payment that changed a short while ago, each change once.
    pub(crate) fn count_read(&self, caller: &Caller, id: PaymentId, updated: Timestamp) {
        let now = self.inner.clock.now(caller.account_id, caller.mode);
        if now.0 - updated.0 <= SOON && self.inner.counting.is_first_read(id, updated) {
            self.count(caller, Count::ReadAfterNews);
        }
    }

    /// Writes what was counted since the last time.
    pub(crate) async fn write_counts(&self) {
        for (key, (account_id, traffic)) in self.inner.counting.take() {
            if let Err(failure) = self.write_count(key, account_id, &traffic).await {
                tracing::warn!(%failure, "counts of requests could not be written; they are tried again");
                self.inner.counting.give_back(key, account_id, &traffic);
            }
        }
    }

    async fn write_count(
        &self,
        (application_id, mode): (ApplicationId, Mode),
        account_id: i64,
        traffic: &Traffic,
    ) -> Result<(), Failure> {
        let day = self.inner.clock.now(account_id, mode).0.div_euclid(DAY);
        let name = format!("{:02}", day.rem_euclid(DAYS));
        self.write_record(application_id, mode, SettingKind::Traffic, &name, |before| {
            let kept = before.and_then(|body| serde_json::from_slice::<Day>(body).ok());
            let mut row = kept.filter(|kept| kept.day == day).unwrap_or(Day { day, ..Day::default() });
            row.counts.add_all(traffic);
            to_json(&row)
        })
        .await
    }

    /// What an application's requests of the last 90 days were, and those of the last 30.
    pub(crate) async fn traffic(&self, caller: &Caller) -> Result<(Traffic, Traffic), Failure> {
        let (application_id, mode) = (caller.application_id, caller.mode);
        let today = self.inner.clock.now(caller.account_id, mode).0.div_euclid(DAY);
        let rows = self.inner.store.application_records(application_id, mode, SettingKind::Traffic).await?;
        let mut traffic = self.inner.counting.unwritten((application_id, mode));
        let mut recent = traffic;
        for row in rows.iter().filter_map(|row| serde_json::from_slice::<Day>(&row.body).ok()) {
            if (today - LOOKED_BACK..=today).contains(&row.day) {
                traffic.add_all(&row.counts);
            }
            if (today - RECENT..=today).contains(&row.day) {
                recent.add_all(&row.counts);
            }
        }
        Ok((traffic, recent))
    }

    /// Reads what an application keeps under a kind and a name, lets `change` decide, and writes it; again when somebody
    /// was faster.
    pub(crate) async fn write_record(
        &self,
        application_id: ApplicationId,
        mode: Mode,
        kind: SettingKind,
        name: &str,
        change: impl Fn(Option<&[u8]>) -> Result<Vec<u8>, Failure>,
    ) -> Result<(), Failure> {
        for _ in 0..crate::payments::MAX_ROUNDS {
            let stored = self.inner.store.application_records(application_id, mode, kind).await?;
            let before = stored.iter().find(|stored| stored.name == name);
            let setting = NotificationSetting {
                application_id,
                mode,
                kind,
                name: name.to_owned(),
                version: before.map_or(0, |before| before.version),
                changed: self.inner.clock.wall(),
                body: change(before.map(|before| before.body.as_slice()))?,
            };
            let change = RecordChange::Notification(NotificationChange::Set(setting));
            let changes = Changes { records: vec![change], ..Changes::default() };
            match self.inner.store.commit(changes).await {
                Ok(()) => return Ok(()),
                Err(
                    pasarela_store::CommitError::VersionConflict
                    | pasarela_store::CommitError::AlreadyExists(_),
                ) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pasarela_domain::site::Site;

    fn caller(application_id: ApplicationId) -> Caller {
        Caller {
            account_id: 7,
            site: Site::MLB,
            application_id,
            mode: Mode::Test,
            kind: CredentialKind::AccessToken,
        }
    }

    #[test]
    fn what_is_counted_is_taken_once_and_can_be_given_back() {
        let counting = Counting::default();
        counting.count(&caller(1), Count::Refund);
        counting.count(&caller(1), Count::Refund);
        let taken = counting.take();
        let (account_id, traffic) = taken[&(1, Mode::Test)];
        assert_eq!((account_id, traffic.of(Count::Refund)), (7, 2));
        assert!(counting.take().is_empty());
        counting.give_back((1, Mode::Test), account_id, &traffic);
        assert_eq!(counting.unwritten((1, Mode::Test)).of(Count::Refund), 2);
    }

    #[test]
    fn a_change_that_is_read_twice_is_news_once() {
        let counting = Counting::default();
        assert!(counting.is_first_read(5, Timestamp(1)));
        assert!(!counting.is_first_read(5, Timestamp(1)));
        assert!(counting.is_first_read(5, Timestamp(2)));
    }

    #[test]
    fn applications_beyond_the_bound_are_not_counted() {
        let counting = Counting::default();
        for application in 0..=i64::try_from(MOST_APPLICATIONS).unwrap() {
            counting.count(&caller(application), Count::Refund);
        }
        assert_eq!(counting.take().len(), MOST_APPLICATIONS);
    }
}
