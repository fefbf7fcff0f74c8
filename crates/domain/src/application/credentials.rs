//! The credentials of an application: which there are, which still work, and how new ones take their place.
//!
//! ```text
//! in use ──renewed──▶ in grace until t ──▶ expired
//!    └────revoked, or renewed without grace───▲
//! ```

use super::Scopes;
use crate::identity::{CredentialKind, Mode};
use crate::timestamp::{DAY, HOUR, Timestamp};
use serde::{Deserialize, Serialize};

/// How long old credentials work after a renewal, when nothing else is said.
pub const DEFAULT_GRACE_MS: i64 = 12 * HOUR;
/// The longest that they may.
pub const LONGEST_GRACE_MS: i64 = 30 * DAY;
/// How long expired ones are still listed, so that it can be seen what became of them.
const LISTED_MS: i64 = 30 * DAY;
/// The most that one application has for one account, those in grace and those of OAuth included. A program that asks for
/// a token at each request must not fill the book: the oldest of OAuth's make room.
pub const MOST_CREDENTIALS: usize = 60;

/// What a kept secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    /// For browsers.
    PublicKey,
    /// For servers.
    AccessToken,
    /// For OAuth.
    ClientSecret,
}

impl From<CredentialKind> for SecretKind {
    fn from(kind: CredentialKind) -> SecretKind {
        match kind {
            CredentialKind::PublicKey => SecretKind::PublicKey,
            CredentialKind::AccessToken => SecretKind::AccessToken,
        }
    }
}

/// Where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It is the application's own.
    Application,
    /// A seller granted it.
    AuthorizationCode,
    /// The application asked for it with its secret.
    ClientCredentials,
}

/// One secret, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSecret {
    /// Its keyed hash, in hexadecimal digits.
    pub lookup: String,
    /// What it is.
    pub kind: SecretKind,
    /// Test or live; a client secret is of both.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// Where it came from.
    pub origin: Origin,
    /// What it lets its holder do.
    #[serde(default)]
    pub scopes: Scopes,
    /// When it was made.
    pub created: Timestamp,
    /// From when it does not work any more.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// What it can be shown from again, sealed, in hexadecimal digits. Secrets of earlier versions have none.
    #[serde(default)]
    pub sealed: Option<String>,
}

impl KeptSecret {
    /// Whether it works at `now`.
    pub fn works(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    fn is_own(&self, kind: SecretKind, mode: Option<Mode>) -> bool {
        self.origin == Origin::Application && self.kind == kind && self.mode == mode
    }
}

/// All secrets that an application has for one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialBook {
    /// In the order in which they were made.
    pub secrets: Vec<KeptSecret>,
}

impl CredentialBook {
    /// The secret with this keyed hash.
    pub fn find(&self, lookup: &str) -> Option<&KeptSecret> {
        self.secrets.iter().find(|secret| secret.lookup == lookup)
    }

    /// The application's own secret of this kind and mode that new installations use: the newest.
    pub fn current(&self, kind: SecretKind, mode: Option<Mode>) -> Option<&KeptSecret> {
        self.secrets.iter().rev().find(|secret| secret.is_own(kind, mode) && secret.expires.is_none())
    }

    /// The ones before it that still work at `now`, the newest first.
    pub fn in_grace(&self, now: Timestamp) -> impl Iterator<Item = &KeptSecret> {
        let own = self.secrets.iter().rev().filter(|secret| secret.origin == Origin::Application);
        own.filter(move |secret| secret.expires.is_some() && secret.works(now))
    }

    /// Puts `new` secrets in the place of the application's own of the same kinds and modes, which work for `grace_ms`
    /// more. One that is in grace already does not get longer.
    pub fn renew(&mut self, new: Vec<KeptSecret>, grace_ms: i64, now: Timestamp) {
        let until = now.plus_ms(grace_ms.clamp(0, LONGEST_GRACE_MS));
        for secret in &mut self.secrets {
            if new.iter().any(|new| secret.is_own(new.kind, new.mode)) {
                secret.expires = Some(secret.expires.map_or(until, |expires| expires.min(until)));
            }
        }
        self.secrets.extend(new);
        self.tidy(now);
    }

    /// Adds secrets beside those that there are.
    pub fn add(&mut self, new: Vec<KeptSecret>, now: Timestamp) {
        self.secrets.extend(new);
        self.tidy(now);
    }

    /// Ends all that `is_meant`, at once. Says whether any worked.
    pub fn revoke(&mut self, now: Timestamp, is_meant: impl Fn(&KeptSecret) -> bool) -> bool {
        let mut any = false;
        for secret in self.secrets.iter_mut().filter(|secret| secret.works(now) && is_meant(secret)) {
            secret.expires = Some(now);
            any = true;
        }
        self.tidy(now);
        any
    }

    /// Forgets what expired long ago, and the oldest of OAuth's where there are too many.
    fn tidy(&mut self, now: Timestamp) {
        self.secrets.retain(|secret| secret.works(now.plus_ms(-LISTED_MS)));
        while self.secrets.len() > MOST_CREDENTIALS {
            let expired = self.secrets.iter().position(|secret| !secret.works(now));
            let granted = self.secrets.iter().position(|secret| secret.origin != Origin::Application);
            let grace = self.secrets.iter().position(|secret| secret.expires.is_some());
            let Some(index) = expired.or(granted).or(grace) else { return };
            self.secrets.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(lookup: &str, kind: SecretKind, mode: Mode) -> KeptSecret {
        KeptSecret {
            lookup: lookup.to_owned(),
            kind,
            mode: Some(mode),
            origin: Origin::Application,
            scopes: Scopes::ALL,
            created: Timestamp(0),
            expires: None,
            sealed: None,
        }
    }

    fn pair(name: &str, mode: Mode) -> Vec<KeptSecret> {
        vec![
            secret(&format!("{name} key"), SecretKind::PublicKey, mode),
            secret(&format!("{name} token"), SecretKind::AccessToken, mode),
        ]
    }

    fn works(book: &CredentialBook, lookup: &str, now: i64) -> bool {
        book.find(lookup).is_some_and(|secret| secret.works(Timestamp(now)))
    }

    #[test]
    fn the_old_pair_works_until_its_grace_is_over_and_the_other_mode_is_untouched() {
        let mut book = CredentialBook::default();
        book.renew(pair("test", Mode::Test), 0, Timestamp(0));
        book.renew(pair("first", Mode::Live), 0, Timestamp(0));
        book.renew(pair("second", Mode::Live), 1_000, Timestamp(10));
        assert!(works(&book, "first token", 1_009) && !works(&book, "first token", 1_010));
        assert!(works(&book, "second token", 1_010) && works(&book, "test token", 1_010));
        assert_eq!(book.current(SecretKind::AccessToken, Some(Mode::Live)).unwrap().lookup, "second token");
        // A second renewal does not give the first pair more time; one without grace takes what was left.
        book.renew(pair("third", Mode::Live), 5_000, Timestamp(20));
        assert!(!works(&book, "first token", 1_010) && works(&book, "second token", 5_019));
        assert_eq!(book.in_grace(Timestamp(30)).count(), 4);
        book.renew(pair("fourth", Mode::Live), 0, Timestamp(30));
        for name in ["first token", "second token", "third key"] {
            assert!(!works(&book, name, 30), "{name}");
        }
    }

    #[test]
    fn grace_has_an_end_whatever_is_asked_for() {
        let mut book = CredentialBook { secrets: pair("first", Mode::Test) };
        book.renew(pair("second", Mode::Test), i64::MAX, Timestamp(0));
        assert!(!works(&book, "first key", LONGEST_GRACE_MS));
    }

    #[test]
    fn the_book_stays_small_and_keeps_what_the_application_needs() {
        let mut book = CredentialBook { secrets: pair("own", Mode::Live) };
        for round in 0..200 {
            let mut token = secret(&format!("granted {round}"), SecretKind::AccessToken, Mode::Live);
            token.origin = Origin::ClientCredentials;
            book.add(vec![token], Timestamp(round));
        }
        assert_eq!(book.secrets.len(), MOST_CREDENTIALS);
        assert!(works(&book, "own token", 200) && works(&book, "granted 199", 200));
        assert!(book.find("granted 0").is_none());
        for round in 0..200 {
            book.renew(pair(&format!("own {round}"), Mode::Live), LONGEST_GRACE_MS, Timestamp(round));
        }
        assert!(book.secrets.len() <= MOST_CREDENTIALS && works(&book, "own 199 token", 300));
    }

    #[test]
    fn what_is_revoked_stops_at_once_and_is_forgotten_after_a_month() {
        let mut book = CredentialBook { secrets: pair("own", Mode::Live) };
        assert!(book.revoke(Timestamp(5), |secret| secret.kind == SecretKind::PublicKey));
        assert!(!book.revoke(Timestamp(6), |secret| secret.kind == SecretKind::PublicKey));
        assert!(!works(&book, "own key", 5) && works(&book, "own token", 5));
        book.add(Vec::new(), Timestamp(6 + LISTED_MS));
        assert!(book.find("own key").is_none() && book.find("own token").is_some());
    }
}
