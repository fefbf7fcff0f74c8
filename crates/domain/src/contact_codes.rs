//! Codes that prove an e-mail or a phone: they are sent there, and said back by whoever reads them.
//!
//! A code is short, so what is bounded is how often somebody may guess: a code ends after a few wrong ones, and an account
//! gets few codes a day, whatever it deletes and begins again meanwhile.

use crate::refusal::Refusal;
use crate::timestamp::{DAY, MINUTE, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a code may be used.
pub const CODE_LIFE_MS: i64 = 30 * MINUTE;
/// How many wrong codes end one.
pub const MOST_TRIES: u32 = 5;
/// How soon another code may be asked for.
pub const ANOTHER_CODE_MS: i64 = MINUTE;
/// How many codes an account gets on a day (UTC): fifty guesses, of a million codes at least.
pub const MOST_CODES_A_DAY: u32 = 10;

/// A code that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeProof {
    /// Its keyed hash, in hexadecimal digits.
    pub lookup: String,
    /// Until when it may be said.
    pub expires: Timestamp,
    /// How many were wrong.
    pub tries: u32,
}

impl CodeProof {
    /// One that is sent now.
    pub fn new(lookup: String, now: Timestamp) -> CodeProof {
        CodeProof { lookup, expires: now.plus_ms(CODE_LIFE_MS), tries: 0 }
    }

    /// Whether this is the code; a wrong one is counted.
    ///
    /// # Errors
    /// 400 when the code's time is over, and after too many wrong ones.
    pub fn try_code(&mut self, lookup: &str, now: Timestamp) -> Result<bool, Refusal> {
        if now >= self.expires || self.tries >= MOST_TRIES {
            return Err(refused("the code is not valid any more; ask for another one"));
        }
        let is_right = self.lookup == lookup;
        self.tries += u32::from(!is_right);
        Ok(is_right)
    }
}

/// The refusal of a code.
pub fn refused(why: &str) -> Refusal {
    Refusal::keyed(400, "invalid_code", why)
}

fn too_many(why: &str) -> Refusal {
    Refusal::keyed(429, "too_many_codes", why)
}

/// The codes that an account was sent for one purpose. It stays when what was to be proved is deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCodes {
    /// The last one's day since 1970, UTC.
    pub day: i64,
    /// How many on that day.
    pub sent: u32,
    /// When the last one was sent.
    #[serde(default)]
    pub last: Option<Timestamp>,
    /// What is to prove the account's e-mail; other proofs are kept with what they prove.
    #[serde(default)]
    pub proof: Option<CodeProof>,
}

impl SentCodes {
    /// Counts one more.
    ///
    /// # Errors
    /// 429 within a minute of the last one, and after the day's last one.
    pub fn count(&mut self, now: Timestamp) -> Result<(), Refusal> {
        if self.last.is_some_and(|last| now < last.plus_ms(ANOTHER_CODE_MS)) {
            return Err(too_many("a code was sent a moment ago; another one is sent after a minute"));
        }
        self.count_among(now, MOST_CODES_A_DAY)
    }

    /// Counts one more message of which `most` may go out on a day, and as soon as one wants.
    ///
    /// # Errors
    /// 429 after the day's last one.
    pub fn count_among(&mut self, now: Timestamp, most: u32) -> Result<(), Refusal> {
        let day = now.0.div_euclid(DAY);
        let sent = if day == self.day { self.sent } else { 0 };
        if sent >= most {
            return Err(too_many("too many were sent today; another one is sent tomorrow"));
        }
        (self.day, self.sent, self.last) = (day, sent + 1, Some(now));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_ends_after_its_tries_and_its_time() {
        let mut proof = CodeProof::new("right".to_owned(), Timestamp(0));
        for _ in 1..MOST_TRIES {
            assert_eq!(proof.try_code("wrong", Timestamp(1)), Ok(false));
        }
        assert_eq!(proof.clone().try_code("right", Timestamp(1)), Ok(true));
        assert!(proof.clone().try_code("right", Timestamp(CODE_LIFE_MS)).is_err());
        assert_eq!(proof.try_code("wrong", Timestamp(1)), Ok(false));
        assert!(proof.try_code("right", Timestamp(1)).is_err());
    }

    #[test]
    fn an_account_gets_few_codes_a_day_and_one_a_minute() {
        let mut sent = SentCodes::default();
        let at = |minute: i64| Timestamp(minute * MINUTE);
        for minute in 0..i64::from(MOST_CODES_A_DAY) {
            sent.count(at(minute)).unwrap();
            assert!(sent.clone().count(at(minute).plus_ms(ANOTHER_CODE_MS - 1)).is_err());
        }
        assert!(sent.count(at(600)).is_err());
        assert!(sent.count(Timestamp(DAY)).is_ok());
    }
}
