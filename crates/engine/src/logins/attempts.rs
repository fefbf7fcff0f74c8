//! How often passwords may be tried: per name and in all. Kept in memory: a node that starts anew forgets it, and several
//! nodes allow as many times more.

use pasarela_domain::timestamp::Timestamp;
use pasarela_store::Lookup;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many wrong passwords under one name in a window; with eight characters nobody guesses one in years.
const MOST_PER_LOGIN: u32 = 10;
/// So many right ones: each costs as much as a wrong one, and a session.
const MOST_RIGHT: u32 = 60;
/// How long a login's window is: a quarter of an hour from its first wrong password.
const LOGIN_WINDOW_MS: i64 = 15 * 60_000;
/// So many wrong passwords in all in a window: ten a second, of a few that a machine can look at in that time.
const MOST_IN_ALL: u32 = 600;
/// How long the window of all is.
const ALL_WINDOW_MS: i64 = 60_000;
/// How many logins are counted at a time. No more than [`MOST_IN_ALL`] are added in a minute, so that this is more than
/// their windows ever hold.
const MOST_COUNTED: usize = 10_000;

/// Whether a password may be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It counts as wrong until it is found right.
    Allowed,
    /// Not before so many seconds have passed.
    Refused {
        /// At least 1.
        retry_after_s: u32,
    },
}

/// The counts.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    all: Window,
    logins: HashMap<Lookup, Window>,
}

/// So many since then.
#[derive(Clone, Copy, Default)]
struct Window {
    begin: Timestamp,
    count: u32,
    right: u32,
}

impl Window {
    /// As it is at `now`: a new one when its time is over, or when the clock was set back behind its begin.
    fn at(self, now: Timestamp, length_ms: i64) -> Window {
        let is_open = (0..length_ms).contains(&(now.0 - self.begin.0));
        if is_open { self } else { Window { begin: now, count: 0, right: 0 } }
    }

    fn refusal(self, now: Timestamp, length_ms: i64, most: u32) -> Option<Attempt> {
        let left_s = (self.begin.0 + length_ms - now.0).max(0) / 1_000 + 1;
        let retry_after_s = u32::try_from(left_s).unwrap_or(u32::MAX);
        (self.count >= most).then_some(Attempt::Refused { retry_after_s })
    }
}

impl Attempts {
    /// Somebody tries a password of `login`. Counted at once, so that many who try side by side are no more than
    /// one who tries one after the other.
    pub(crate) fn begin(&self, login: Lookup, now: Timestamp) -> Attempt {
        let mut counts = self.lock();
        let all = counts.all.at(now, ALL_WINDOW_MS);
        let of_login = counts.logins.get(&login).copied().unwrap_or_default().at(now, LOGIN_WINDOW_MS);
        counts.all = all;
        let rights = Window { count: of_login.right, ..of_login };
        let refusal = of_login
            .refusal(now, LOGIN_WINDOW_MS, MOST_PER_LOGIN)
            .or_else(|| rights.refusal(now, LOGIN_WINDOW_MS, MOST_RIGHT))
            .or_else(|| all.refusal(now, ALL_WINDOW_MS, MOST_IN_ALL));
        if let Some(refusal) = refusal {
            return refusal;
        }
        if counts.logins.len() >= MOST_COUNTED {
            counts.logins.retain(|_, window| {
                let window = window.at(now, LOGIN_WINDOW_MS);
                window.count + window.right > 0
            });
        }
        if counts.logins.len() >= MOST_COUNTED {
            return Attempt::Refused { retry_after_s: 60 };
        }
        counts.all.count += 1;
        counts.logins.insert(login, Window { count: of_login.count + 1, ..of_login });
        Attempt::Allowed
    }

    /// The password was right: whoever knows it has not guessed.
    pub(crate) fn right(&self, login: &Lookup) {
        let mut counts = self.lock();
        counts.all.count = counts.all.count.saturating_sub(1);
        if let Some(window) = counts.logins.get_mut(login) {
            window.count = 0;
            window.right += 1;
        }
    }

    /// The password was not looked at.
    pub(crate) fn undone(&self, login: &Lookup) {
        let mut counts = self.lock();
        counts.all.count = counts.all.count.saturating_sub(1);
        if let Some(window) = counts.logins.get_mut(login) {
            window.count = window.count.saturating_sub(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_800_000_000_000);

    fn name(number: u32) -> Lookup {
        let mut name = [0; 32];
        name[..4].copy_from_slice(&number.to_le_bytes());
        name
    }

    fn try_often(attempts: &Attempts, login: u32, times: u32, now: Timestamp) -> u32 {
        (0..times).filter(|_| attempts.begin(name(login), now) == Attempt::Allowed).count() as u32
    }

    #[test]
    fn a_login_is_guessed_at_ten_times_in_a_quarter_of_an_hour() {
        let attempts = Attempts::default();
        assert_eq!(try_often(&attempts, 1, 50, NOON), MOST_PER_LOGIN);
        let refused = attempts.begin(name(1), NOON.plus_ms(60_000));
        assert_eq!(refused, Attempt::Refused { retry_after_s: 14 * 60 + 1 });
        assert_eq!(try_often(&attempts, 2, 1, NOON), 1, "another login is not concerned");
        assert_eq!(try_often(&attempts, 1, 50, NOON.plus_ms(LOGIN_WINDOW_MS)), MOST_PER_LOGIN);
    }

    #[test]
    fn a_right_password_is_no_guess() {
        let attempts = Attempts::default();
        for _ in 0..MOST_RIGHT {
            try_often(&attempts, 1, MOST_PER_LOGIN - 1, NOON);
            assert_eq!(attempts.begin(name(1), NOON), Attempt::Allowed);
            attempts.right(&name(1));
        }
        assert_eq!(try_often(&attempts, 1, 1, NOON), 0, "it is work all the same");
        assert_eq!(try_often(&attempts, 1, 1, NOON.plus_ms(LOGIN_WINDOW_MS)), 1);
    }

    #[test]
    fn a_password_that_was_not_looked_at_does_not_count() {
        let attempts = Attempts::default();
        for _ in 0..3 * MOST_IN_ALL {
            assert_eq!(attempts.begin(name(1), NOON), Attempt::Allowed);
            attempts.undone(&name(1));
        }
    }

    #[test]
    fn guesses_at_many_logins_are_bounded_and_fill_no_memory() {
        let attempts = Attempts::default();
        let mut now = NOON;
        let mut tried = 0;
        for _ in 0..60 {
            for _ in 0..2 * MOST_IN_ALL {
                tried += 1;
                attempts.begin(name(tried), now);
            }
            assert_eq!(attempts.lock().all.count, MOST_IN_ALL);
            assert!(attempts.lock().logins.len() <= MOST_COUNTED);
            now = now.plus_ms(ALL_WINDOW_MS);
        }
        assert!(matches!(attempts.begin(name(0), now), Attempt::Allowed), "it never stays shut");
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let attempts = Attempts::default();
        try_often(&attempts, 1, 50, NOON);
        assert_eq!(try_often(&attempts, 1, 1, NOON.plus_ms(-3_600_000)), 1);
    }
}
