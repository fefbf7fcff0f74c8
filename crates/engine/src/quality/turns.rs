//! Whose turn it is: checks of addresses and measurements are dear, so nobody has many of them at a time. Who is at it each node
//! knows for itself; when an account's checks began is in the store, for all nodes and for the time after a restart.

use crate::payments::MAX_ROUNDS;
use crate::{Engine, Failure};
use pasarela_domain::identity::{AccountId, ApplicationId, Mode};
use pasarela_domain::timestamp::{DAY, MINUTE, SECOND, Timestamp};
use pasarela_store::EntryKind;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The least time between two checks of an account: none takes as long, so none runs at two nodes at once.
const CHECK_EVERY: i64 = MINUTE;
/// The most checks of an account within a day.
const CHECKS_A_DAY: usize = 20;
/// How many checks run at a time, of all accounts: each is at most a minute of requests to addresses that somebody else chose.
const CHECKS_AT_ONCE: usize = 32;
/// How many measurements run at a time, of all applications: each reads some hundreds of payments.
const MEASUREMENTS_AT_ONCE: usize = 4;

/// Whose turn it is.
#[derive(Default)]
pub(crate) struct Turns {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    checking: HashSet<AccountId>,
    measuring: HashSet<(ApplicationId, Mode)>,
}

/// A turn; it ends when this is dropped.
pub(crate) struct Turn<'t> {
    turns: &'t Turns,
    of: Of,
}

enum Of {
    Check(AccountId),
    Measurement(ApplicationId, Mode),
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        match self.of {
            Of::Check(account_id) => state.checking.remove(&account_id),
            Of::Measurement(application_id, mode) => state.measuring.remove(&(application_id, mode)),
        };
    }
}

/// When an account's checks began, within the last day.
#[derive(Default, Serialize, Deserialize)]
struct Pace(Vec<Timestamp>);

impl Pace {
    /// One more begins.
    fn begin(&mut self, now: Timestamp) -> Result<(), Failure> {
        self.0.retain(|time| now.0 - time.0 < DAY);
        if let Some(last) = self.0.last()
            && now.0 - last.0 < CHECK_EVERY
        {
            return Err(wait(CHECK_EVERY - (now.0 - last.0), "one check a minute"));
        }
        if let Some(first) = self.0.first().filter(|_| self.0.len() >= CHECKS_A_DAY) {
            return Err(wait(DAY - (now.0 - first.0), "20 checks a day"));
        }
        self.0.push(now);
        Ok(())
    }
}

impl Engine {
    /// Notes that a check of an account begins, before it does.
    ///
    /// # Errors
    /// 429 too soon after the last one, or when there were too many within a day.
    pub(super) async fn begin_check(&self, account_id: AccountId) -> Result<(), Failure> {
        for _ in 0..MAX_ROUNDS {
            let entry = self.entry::<Pace>(account_id, EntryKind::CheckPace, "").await?;
            let (mut pace, version) =
                entry.map_or_else(Default::default, |entry| (entry.value, entry.version));
            pace.begin(self.inner.clock.wall())?;
            let change = self.set_entry(account_id, EntryKind::CheckPace, "", version, &pace)?;
            if self.try_commit(vec![change]).await? {
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }
}

impl Turns {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn to look at an account's addresses.
    pub(crate) fn check(&self, account_id: AccountId) -> Result<Turn<'_>, Failure> {
        let mut state = self.state();
        if state.checking.contains(&account_id) {
            return Err(wait(10_000, "a check of this account is running"));
        }
        if state.checking.len() >= CHECKS_AT_ONCE {
            return Err(Failure::Unavailable { retry_after_s: 10 });
        }
        state.checking.insert(account_id);
        Ok(Turn { turns: self, of: Of::Check(account_id) })
    }

    /// A turn to measure an application.
    pub(crate) fn measurement(&self, application_id: ApplicationId, mode: Mode) -> Result<Turn<'_>, Failure> {
        let mut state = self.state();
        if state.measuring.contains(&(application_id, mode)) {
            return Err(wait(SECOND, "a measurement of this application is running"));
        }
        if state.measuring.len() >= MEASUREMENTS_AT_ONCE {
            return Err(wait(SECOND, "other applications are being measured"));
        }
        state.measuring.insert((application_id, mode));
        Ok(Turn { turns: self, of: Of::Measurement(application_id, mode) })
    }
}

fn wait(ms: i64, message: &'static str) -> Failure {
    let retry_after_s = u32::try_from(ms.div_euclid(SECOND) + 1).unwrap_or(1);
    Failure::TooMany { retry_after_s, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EngineOptions;

    fn retry<T>(outcome: Result<T, Failure>) -> Option<u32> {
        match outcome {
            Err(Failure::TooMany { retry_after_s, .. }) => Some(retry_after_s),
            _ => None,
        }
    }

    #[test]
    fn an_account_is_checked_once_at_a_time() {
        let turns = Turns::default();
        let first = turns.check(1).unwrap();
        assert!(retry(turns.check(1)).is_some());
        drop(turns.check(2).unwrap());
        drop(first);
        assert!(turns.check(1).is_ok());
    }

    #[test]
    fn an_account_is_checked_once_a_minute_and_twenty_times_a_day() {
        let mut pace = Pace::default();
        let mut begins = |time: i64| retry(pace.begin(Timestamp(time)));
        assert_eq!(begins(0), None);
        assert_eq!(begins(0), Some(61));
        for time in 1..20 {
            assert_eq!(begins(time * MINUTE), None);
        }
        assert!(begins(20 * MINUTE).is_some_and(|seconds| seconds > 80_000));
        assert_eq!(begins(DAY), None);
    }

    #[tokio::test]
    async fn a_restart_forgets_no_check() {
        let directory = tempfile::tempdir().unwrap();
        for is_first in [true, false] {
            let options = EngineOptions {
                directory: Some(directory.path().to_owned()),
                public_url: "http://pasarela.test".to_owned(),
                ..EngineOptions::default()
            };
            let engine = Engine::open(options).await.unwrap();
            assert_eq!(retry(engine.begin_check(7).await).is_none(), is_first);
            assert_eq!(retry(engine.begin_check(8).await).is_none(), is_first, "each account has its own");
            engine.close().await;
        }
    }

    #[test]
    fn an_application_is_measured_once_at_a_time_and_few_are() {
        let turns = Turns::default();
        let held: Vec<_> = (0..4).map(|id| turns.measurement(id, Mode::Test).unwrap()).collect();
        assert!(retry(turns.measurement(0, Mode::Test)).is_some());
        assert!(retry(turns.measurement(9, Mode::Test)).is_some());
        drop(held);
        assert!(turns.measurement(0, Mode::Test).is_ok());
    }
}
