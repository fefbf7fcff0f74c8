//! The credentials of an application: which there are, which still work, and how new ones take their place.
//!
//! ```text
//! in use ──renewed──▶ in grace until t ──▶ expired
//!    └────revoked, or renewed without grace───▲
//! ```

use super::Scopes;
use crate::identity::{CredentialKind, Mode};
use crate::refusal::Refusal;
use crate::timestamp::{DAY, HOUR, Timestamp};
use serde::{Deserialize, Serialize};

/// How long old credentials work after a renewal, when nothing else is said.
pub const DEFAULT_GRACE_MS: i64 = 12 * HOUR;
/// The longest that they may.
pub const LONGEST_GRACE_MS: i64 = 30 * DAY;
/// How long expired ones are still listed, so that it can be seen what became of them.
const LISTED_MS: i64 = 30 * DAY;
/// The most that an application has for one account of one mode and one origin. What is asked for with test credentials must not
/// take live ones away, nor what a program asks for at each request what a seller granted.
pub const MOST_OF_A_KIND: usize = 20;
/// The most that one application has for one account: two modes of three origins, and client secrets.
pub const MOST_CREDENTIALS: usize = 7 * MOST_OF_A_KIND;
/// The most renewals of test credentials in an hour.
pub const MOST_TEST_RENEWALS: usize = 8;

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
    /// The code that it came of, if a seller granted it.
    #[serde(default)]
    pub family: Option<String>,
}

impl KeptSecret {
    /// Whether it works at `now`.
    pub fn works(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    /// Whether both share one quota.
    fn is_like(&self, other: &KeptSecret) -> bool {
        (self.origin, self.mode) == (other.origin, other.mode)
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
    /// more. One that is in grace already does not get longer. What was asked for with the old ones ends with them.
    ///
    /// # Errors
    /// 429 when too many would be in grace, or test credentials were renewed too often.
    pub fn renew(&mut self, new: Vec<KeptSecret>, grace_ms: i64, now: Timestamp) -> Result<(), Refusal> {
        let lately = |secret: &&KeptSecret| {
            secret.is_own(SecretKind::AccessToken, Some(Mode::Test)) && secret.created > now.plus_ms(-HOUR)
        };
        if new.iter().any(|new| new.mode == Some(Mode::Test))
            && self.secrets.iter().filter(lately).count() > MOST_TEST_RENEWALS
        {
            let why = format!("test credentials are renewed at most {MOST_TEST_RENEWALS} times an hour");
            return Err(Refusal::keyed(429, "too_many_renewals", why));
        }
        let until = now.plus_ms(grace_ms.clamp(0, LONGEST_GRACE_MS));
        let ends = |secret: &KeptSecret| {
            new.iter().any(|new| {
                secret.is_own(new.kind, new.mode)
                    || secret.origin == Origin::ClientCredentials
                        && (new.kind == SecretKind::ClientSecret || secret.mode == new.mode)
            })
        };
        for secret in self.secrets.iter_mut().filter(|secret| ends(secret)) {
            secret.expires = Some(secret.expires.map_or(until, |expires| expires.min(until)));
        }
        self.secrets.extend(new);
        self.tidy(now);
        if self.secrets.iter().any(|secret| self.count_like(secret) > MOST_OF_A_KIND) {
            let why = "too many credentials are in grace: renew without grace, or wait";
            return Err(Refusal::keyed(429, "too_many_renewals", why));
        }
        Ok(())
    }

    /// Adds secrets beside those that there are. Says whether one that worked had to make room.
    pub fn add(&mut self, new: Vec<KeptSecret>, now: Timestamp) -> bool {
        self.secrets.extend(new);
        self.tidy(now)
    }

    /// Whether the application has as many tokens of `mode` that it asked for itself as it may have.
    pub fn is_full_of_own_tokens(&self, mode: Mode, now: Timestamp) -> bool {
        self.own_tokens(mode, now).count() >= MOST_OF_A_KIND
    }

    /// The tokens of `mode` that the application asked for itself and that work, the newest first.
    pub fn own_tokens(&self, mode: Mode, now: Timestamp) -> impl Iterator<Item = &KeptSecret> {
        self.secrets.iter().rev().filter(move |secret| {
            secret.origin == Origin::ClientCredentials && secret.mode == Some(mode) && secret.works(now)
        })
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

    fn count_like(&self, one: &KeptSecret) -> usize {
        self.secrets.iter().filter(|other| one.is_like(other)).count()
    }

    /// Forgets what expired long ago; where there are too many of one mode and origin what expired at all; and then the
    /// oldest access tokens that sellers granted: a page has the public key that it has for good. Says whether one that
    /// worked was among them.
    fn tidy(&mut self, now: Timestamp) -> bool {
        self.secrets.retain(|secret| secret.works(now.plus_ms(-LISTED_MS)));
        let mut evicted = false;
        let crowded = |book: &CredentialBook, may_go: &dyn Fn(&KeptSecret) -> bool| {
            let is_it = |one: &KeptSecret| may_go(one) && book.count_like(one) > MOST_OF_A_KIND;
            book.secrets.iter().position(is_it)
        };
        while let Some(index) = crowded(self, &|secret| !secret.works(now)) {
            self.secrets.remove(index);
        }
        let is_granted = |secret: &KeptSecret| {
            secret.origin == Origin::AuthorizationCode && secret.kind == SecretKind::AccessToken
        };
        while let Some(index) = crowded(self, &is_granted) {
            self.secrets.remove(index);
            evicted = true;
        }
        evicted
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
            family: None,
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
        book.renew(pair("test", Mode::Test), 0, Timestamp(0)).unwrap();
        book.renew(pair("first", Mode::Live), 0, Timestamp(0)).unwrap();
        book.renew(pair("second", Mode::Live), 1_000, Timestamp(10)).unwrap();
        assert!(works(&book, "first token", 1_009) && !works(&book, "first token", 1_010));
        assert!(works(&book, "second token", 1_010) && works(&book, "test token", 1_010));
        assert_eq!(book.current(SecretKind::AccessToken, Some(Mode::Live)).unwrap().lookup, "second token");
        // A second renewal does not give the first pair more time; one without grace takes what was left.
        book.renew(pair("third", Mode::Live), 5_000, Timestamp(20)).unwrap();
        assert!(!works(&book, "first token", 1_010) && works(&book, "second token", 5_019));
        assert_eq!(book.in_grace(Timestamp(30)).count(), 4);
        book.renew(pair("fourth", Mode::Live), 0, Timestamp(30)).unwrap();
        for name in ["first token", "second token", "third key"] {
            assert!(!works(&book, name, 30), "{name}");
        }
    }

    #[test]
    fn grace_has_an_end_whatever_is_asked_for() {
        let mut book = CredentialBook { secrets: pair("first", Mode::Test) };
        book.renew(pair("second", Mode::Test), i64::MAX, Timestamp(0)).unwrap();
        assert!(!works(&book, "first key", LONGEST_GRACE_MS));
    }

    fn of(mut secret: KeptSecret, origin: Origin, expires: i64) -> KeptSecret {
        (secret.origin, secret.expires) = (origin, Some(Timestamp(expires)));
        secret
    }

    fn token(lookup: &str, mode: Mode, origin: Origin) -> KeptSecret {
        of(secret(lookup, SecretKind::AccessToken, mode), origin, 1_000_000)
    }

    #[test]
    fn what_a_seller_granted_makes_room_for_what_it_grants_in_the_same_mode_alone() {
        let mut book = CredentialBook { secrets: pair("own", Mode::Live) };
        let mut key = secret("granted key", SecretKind::PublicKey, Mode::Live);
        key.origin = Origin::AuthorizationCode;
        let granted = |name: &str, mode| token(name, mode, Origin::AuthorizationCode);
        assert!(!book.add(vec![key, granted("first", Mode::Live)], Timestamp(0)));
        book.add(vec![token("asked", Mode::Live, Origin::ClientCredentials)], Timestamp(0));
        for round in 0..200 {
            book.add(vec![granted(&format!("test {round}"), Mode::Test)], Timestamp(round));
        }
        assert!(works(&book, "first", 200) && works(&book, "asked", 200) && works(&book, "test 199", 200));
        assert!(book.find("test 0").is_none());
        let mut evicted = 0;
        for round in 0..30 {
            let new = granted(&format!("live {round}"), Mode::Live);
            evicted += usize::from(book.add(vec![new], Timestamp(round)));
        }
        assert!(works(&book, "granted key", 200) && works(&book, "live 29", 200) && evicted == 12);
        assert!(book.find("first").is_none() && works(&book, "own token", 200) && works(&book, "asked", 200));
    }

    #[test]
    fn tokens_that_were_asked_for_fill_their_own_quota_and_are_never_put_out() {
        let mut book = CredentialBook::default();
        for round in 0..20 {
            assert!(!book.is_full_of_own_tokens(Mode::Test, Timestamp(0)));
            book.add(vec![token(&round.to_string(), Mode::Test, Origin::ClientCredentials)], Timestamp(0));
        }
        assert!(book.is_full_of_own_tokens(Mode::Test, Timestamp(0)));
        assert!(!book.is_full_of_own_tokens(Mode::Live, Timestamp(0)));
        assert!(!book.is_full_of_own_tokens(Mode::Test, Timestamp(1_000_000)));
        assert_eq!(book.own_tokens(Mode::Test, Timestamp(0)).next().unwrap().lookup, "19");
    }

    #[test]
    fn a_renewal_ends_what_was_asked_for_with_the_old_ones() {
        let asked = |name: &str, mode| token(name, mode, Origin::ClientCredentials);
        let secrets = vec![asked("live", Mode::Live), asked("test", Mode::Test)];
        let mut book = CredentialBook { secrets };
        book.renew(pair("new", Mode::Live), 0, Timestamp(10)).unwrap();
        assert!(!works(&book, "live", 10) && works(&book, "test", 10));
        let mut client_secret = secret("client", SecretKind::ClientSecret, Mode::Live);
        client_secret.mode = None;
        book.renew(vec![client_secret], 5, Timestamp(10)).unwrap();
        assert!(works(&book, "test", 14) && !works(&book, "test", 15));
    }

    #[test]
    fn what_is_in_grace_is_never_put_out_and_renewals_have_a_measure() {
        let mut book = CredentialBook { secrets: pair("own", Mode::Live) };
        for round in 0..9 {
            book.renew(pair(&round.to_string(), Mode::Live), LONGEST_GRACE_MS, Timestamp(round)).unwrap();
        }
        let before = book.clone();
        let refused = book.renew(pair("one more", Mode::Live), LONGEST_GRACE_MS, Timestamp(20));
        assert_eq!(refused.unwrap_err().status, 429);
        book = before;
        assert!(works(&book, "own token", 20));
        book.renew(pair("at once", Mode::Live), 0, Timestamp(20)).unwrap();
        assert!(works(&book, "at once token", 20) && !works(&book, "own token", 20));
        book.add(pair("test", Mode::Test), Timestamp(0));
        for round in 0..8 {
            book.renew(pair(&format!("test {round}"), Mode::Test), 0, Timestamp(round)).unwrap();
        }
        assert_eq!(book.clone().renew(pair("x", Mode::Test), 0, Timestamp(20)).unwrap_err().status, 429);
        book.renew(pair("x", Mode::Test), 0, Timestamp(HOUR)).unwrap();
        assert!(book.secrets.len() <= MOST_CREDENTIALS);
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
