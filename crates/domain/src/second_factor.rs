//! The second thing that a login demands: a code of an app that shows another one every half minute, or one of ten written-down
//! codes, each good once.
//!
//! A code is six digits, so what is bounded is how often somebody may guess who knows the password already.

use crate::refusal::Refusal;
use crate::timestamp::{MINUTE, Timestamp};
use serde::{Deserialize, Serialize};

/// How many codes are written down.
pub const RECOVERY_CODES: usize = 10;
/// So many wrong codes in a window: of the million, three hold at a time, so who guesses without a pause is right once in
/// seven hundred days, and the owner is told long before.
pub const MOST_WRONG: u32 = 5;
/// How long a window is: from its first wrong code on.
pub const WINDOW_MS: i64 = 15 * MINUTE;
/// How long somebody whose password was right may take to say the code.
pub const TICKET_LIFE_MS: i64 = 5 * MINUTE;

/// A person's second factor.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// The secret that the app has, too, sealed by the vault; in hexadecimal digits.
    pub sealed: String,
    /// Since when it is demanded; nothing while no code of the app was said yet.
    pub since: Option<Timestamp>,
    /// The half minute of the last code that was taken: neither it nor an earlier one is taken again.
    pub last_step: i64,
    /// The keyed hashes of the written-down codes that were not used, in hexadecimal digits.
    pub recovery: Vec<String>,
    /// How many wrong codes in the window.
    pub wrong: u32,
    /// When the window began.
    pub window: Timestamp,
}

/// Whoever has the hashes could try codes.
impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecondFactor").field("since", &self.since).finish_non_exhaustive()
    }
}

/// What a code that was said turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The app's.
    Right,
    /// A written-down one, which is used up; so many are left.
    Recovery {
        /// 0 to 9.
        left: usize,
    },
    /// Another one.
    Wrong {
        /// Whether no more are looked at until the window is over.
        was_last: bool,
    },
}

impl SecondFactor {
    /// One that is not demanded yet.
    pub fn new(sealed: String) -> SecondFactor {
        SecondFactor {
            sealed,
            since: None,
            last_step: 0,
            recovery: Vec::new(),
            wrong: 0,
            window: Timestamp::default(),
        }
    }

    /// Judges a code: `step` is the half minute that it is the app's code of, if it is one, and `lookup` its hash as a
    /// written-down one. What changed is to be stored before anybody is told.
    ///
    /// # Errors
    /// 429 after too many wrong ones.
    pub fn judge(&mut self, step: Option<i64>, lookup: &str, now: Timestamp) -> Result<Verdict, Refusal> {
        if !(0..WINDOW_MS).contains(&(now.0 - self.window.0)) {
            (self.wrong, self.window) = (0, now);
        }
        if self.wrong >= MOST_WRONG {
            return Err(too_many());
        }
        if let Some(step) = step.filter(|step| *step > self.last_step) {
            (self.last_step, self.wrong) = (step, 0);
            return Ok(Verdict::Right);
        }
        if let Some(at) = self.recovery.iter().position(|known| known == lookup) {
            self.recovery.remove(at);
            self.wrong = 0;
            return Ok(Verdict::Recovery { left: self.recovery.len() });
        }
        self.wrong += 1;
        Ok(Verdict::Wrong { was_last: self.wrong >= MOST_WRONG })
    }
}

/// The refusal of one code too many.
pub fn too_many() -> Refusal {
    Refusal::keyed(429, "too_many_codes", "too many codes were wrong; try again in a quarter of an hour")
}

/// The refusal of a code.
pub fn wrong() -> Refusal {
    Refusal::keyed(400, "invalid_code", "the code is another one, or was used already")
}

/// What is said where a code is missing.
pub fn needed() -> Refusal {
    Refusal::keyed(401, "second_factor_required", "the login demands a code of its second factor")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_800_000_000_000);

    fn factor() -> SecondFactor {
        SecondFactor { recovery: vec!["a".to_owned(), "b".to_owned()], ..SecondFactor::new(String::new()) }
    }

    #[test]
    fn a_code_is_taken_once_and_no_earlier_one_after_it() {
        let mut factor = factor();
        assert_eq!(factor.judge(Some(7), "", NOON), Ok(Verdict::Right));
        assert_eq!(factor.judge(Some(7), "", NOON), Ok(Verdict::Wrong { was_last: false }));
        assert_eq!(factor.judge(Some(6), "", NOON), Ok(Verdict::Wrong { was_last: false }));
        assert_eq!(factor.judge(Some(8), "", NOON), Ok(Verdict::Right));
    }

    #[test]
    fn a_written_down_code_is_good_once() {
        let mut factor = factor();
        assert_eq!(factor.judge(None, "b", NOON), Ok(Verdict::Recovery { left: 1 }));
        assert_eq!(factor.judge(None, "b", NOON), Ok(Verdict::Wrong { was_last: false }));
        assert_eq!(factor.judge(None, "a", NOON), Ok(Verdict::Recovery { left: 0 }));
    }

    #[test]
    fn guesses_are_bounded_for_the_right_code_too() {
        let mut factor = factor();
        for guess in 1..=MOST_WRONG {
            assert_eq!(factor.judge(None, "", NOON), Ok(Verdict::Wrong { was_last: guess == MOST_WRONG }));
        }
        assert!(factor.judge(Some(7), "a", NOON.plus_ms(WINDOW_MS - 1)).is_err());
        assert_eq!(factor.judge(Some(7), "", NOON.plus_ms(WINDOW_MS)), Ok(Verdict::Right));
    }
}
