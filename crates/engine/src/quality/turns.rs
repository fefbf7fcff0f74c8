//! Whose turn it is: checks of addresses and measurements are dear, so nobody has many of them at a time. Each node counts
//! for itself, and forgets when it starts anew.

use crate::Failure;
use pasarela_domain::identity::{AccountId, ApplicationId, Mode};
use pasarela_domain::timestamp::{DAY, MINUTE, SECOND, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The least time between two checks of an account.
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
    /// When checks began, within the last day.
    checked: HashMap<AccountId, Vec<Timestamp>>,
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

impl Turns {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn to look at an account's addresses. Without `is_paced`, as in development, one follows the other at once.
    pub(crate) fn check(
        &self,
        account_id: AccountId,
        now: Timestamp,
        is_paced: bool,
    ) -> Result<Turn<'_>, Failure> {
        let mut state = self.state();
        if state.checking.contains(&account_id) {
            return Err(wait(10_000, "a check of this account is running"));
        }
        if state.checking.len() >= CHECKS_AT_ONCE {
            return Err(Failure::Unavailable { retry_after_s: 10 });
        }
        if is_paced {
            state.checked.retain(|_, times| {
                times.retain(|time| now.0 - time.0 < DAY);
                !times.is_empty()
            });
            let times = state.checked.entry(account_id).or_default();
            if let Some(last) = times.last()
                && now.0 - last.0 < CHECK_EVERY
            {
                return Err(wait(CHECK_EVERY - (now.0 - last.0), "one check a minute"));
            }
            if let Some(first) = times.first().filter(|_| times.len() >= CHECKS_A_DAY) {
                return Err(wait(DAY - (now.0 - first.0), "20 checks a day"));
            }
            times.push(now);
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

    fn retry(turn: Result<Turn<'_>, Failure>) -> Option<u32> {
        match turn {
            Err(Failure::TooMany { retry_after_s, .. }) => Some(retry_after_s),
            _ => None,
        }
    }

    #[test]
    fn an_account_is_checked_once_at_a_time_once_a_minute_and_twenty_times_a_day() {
        let turns = Turns::default();
        let first = turns.check(1, Timestamp(0), true).unwrap();
        assert!(retry(turns.check(1, Timestamp(DAY - 1), false)).is_some(), "one at a time");
        drop(turns.check(2, Timestamp(0), true).unwrap());
        drop(first);
        assert_eq!(retry(turns.check(1, Timestamp(0), true)), Some(61));
        for time in 1..20 {
            drop(turns.check(1, Timestamp(time * MINUTE), true).unwrap());
        }
        assert!(retry(turns.check(1, Timestamp(20 * MINUTE), true)).is_some_and(|seconds| seconds > 80_000));
        assert!(turns.check(1, Timestamp(DAY), true).is_ok());
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
