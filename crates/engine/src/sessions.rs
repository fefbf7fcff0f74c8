//! Sessions: somebody has logged in, and the browser shows it with a token.
//!
//! A token is `<account id>.<64 random digits>`. It is given once, to the browser that logged in; what is stored is its
//! keyed hash, so that neither the database nor a copy of it opens anybody's account. A session ends after [`LIFE_MS`],
//! after [`IDLE_MS`] without use, when its owner logs out, and when the password changes. It lives in wall-clock time,
//! whatever a test clock says.

use crate::logins::KnownLogin;
use crate::payments::{from_json, hex, to_json};
use crate::{Engine, Failure};
use pasarela_domain::identity::AccountId;
use pasarela_domain::login::{SessionScope, SessionState};
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{CommitError, LoginChange, Lookup, SessionRecord};
use pasarela_vault::Purpose;
use subtle::ConstantTimeEq;

/// How long a session lasts at most: half a day.
pub const LIFE_MS: i64 = 12 * 3_600_000;
/// How long a session lasts without use.
pub const IDLE_MS: i64 = 3_600_000;
/// A use is noted when the last one that was is so old: a page that loads ten things writes once.
const NOTED_AFTER_MS: i64 = 5 * 60_000;
/// How many sessions an account has at a time; one more ends the one that was used longest ago.
const MOST_SESSIONS: usize = 20;
/// How many random hexadecimal digits a token has: 256 bits.
const DIGITS: usize = 64;
/// How many a visitor's word has.
const VISITOR_DIGITS: usize = 32;
/// Longer than any token; longer ones are nobody's without hashing them.
const LONGEST_TOKEN: usize = 96;

/// A token on its way to its browser. It can't be had again.
pub struct NewSession {
    token: String,
}

impl NewSession {
    /// The token itself: for a cookie, and nothing else.
    pub fn reveal(&self) -> &str {
        &self.token
    }
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewSession(…)")
    }
}

/// A session that holds.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who logged in.
    pub account_id: AccountId,
    /// Wall-clock time of the login.
    pub started: Timestamp,
    /// What it is for.
    pub state: SessionState,
    lookup: Lookup,
}

impl Session {
    /// What tells it from the account's other sessions, for a list of them; nobody gets in by it.
    pub fn name(&self) -> String {
        hex(&self.lookup[..8])
    }
}

impl Engine {
    /// Starts a session of whoever proved to be the owner of `login`.
    ///
    /// # Errors
    /// `Unavailable` when the login was changed meanwhile, or when it can't be stored.
    pub async fn start_session(
        &self,
        login: &KnownLogin,
        scope: SessionScope,
    ) -> Result<(NewSession, Session), Failure> {
        let account_id = login.account_id;
        let token = format!("{account_id}.{}", pasarela_vault::random_hex(DIGITS));
        let lookup = self.inner.vault.lookup(Purpose::Session, &token);
        let (now, state) = (self.inner.clock.wall(), SessionState { scope });
        let mut sessions = self.inner.store.sessions_of(account_id).await?;
        sessions.sort_by_key(|session| session.seen);
        let too_many = (sessions.len() + 1).saturating_sub(MOST_SESSIONS);
        let mut changes: Vec<LoginChange> = sessions
            .iter()
            .take(too_many)
            .map(|oldest| LoginChange::End { account_id, lookup: oldest.lookup })
            .collect();
        let expires = expiry(now, now);
        let body = to_json(&state)?;
        let record = SessionRecord { account_id, lookup, started: now, seen: now, expires, body };
        changes.push(LoginChange::Start { session: record, login_version: login.record.version });
        match self.commit_logins(changes).await {
            Err(CommitError::VersionConflict) => return Err(Failure::Unavailable { retry_after_s: 1 }),
            other => other?,
        }
        if let Err(error) = self.note_login(account_id).await {
            tracing::warn!(%error, account_id, "that a test user is used could not be noted");
        }
        Ok((NewSession { token }, Session { account_id, started: now, state, lookup }))
    }

    /// The session that `token` opens, if it holds and is of this `scope`; and notes that it was used.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn session(&self, token: &str, scope: SessionScope) -> Result<Option<Session>, Failure> {
        let Some((account_id, lookup)) = self.parse_token(token) else { return Ok(None) };
        let Some(record) = self.inner.store.session(account_id, &lookup).await? else { return Ok(None) };
        let now = self.inner.clock.wall();
        let state: SessionState = from_json(&record.body, "a session")?;
        if record.expires <= now || state.scope != scope || !self.admits(account_id) {
            return Ok(None);
        }
        let session = Session { account_id, started: record.started, state, lookup };
        if now.0 - record.seen.0 >= NOTED_AFTER_MS {
            let renewed = SessionRecord { seen: now, expires: expiry(record.started, now), ..record };
            match self.commit_logins([LoginChange::Renew(renewed)]).await {
                Ok(()) => {}
                // It was ended this very moment.
                Err(CommitError::VersionConflict) => return Ok(None),
                // It holds all the same; the next request notes it.
                Err(error) => tracing::warn!(%error, "the use of a session could not be noted"),
            }
        }
        Ok(Some(session))
    }

    /// Ends the session that `token` opens, if there is one.
    ///
    /// # Errors
    /// When it can't be stored.
    pub async fn end_session(&self, token: &str) -> Result<(), Failure> {
        let Some((account_id, lookup)) = self.parse_token(token) else { return Ok(()) };
        Ok(self.commit_logins([LoginChange::End { account_id, lookup }]).await?)
    }

    /// Ends all sessions of an account.
    ///
    /// # Errors
    /// When it can't be stored.
    pub async fn end_all_sessions(&self, account_id: AccountId) -> Result<(), Failure> {
        Ok(self.commit_logins([LoginChange::EndAll { account_id }]).await?)
    }

    /// The word that a form of `form` carries when it is shown to whoever has `secret` (a session's token, or what a
    /// browser was given before it logged in): no other site can write it, because it knows no secret.
    pub fn form_word(&self, secret: &str, form: &str) -> String {
        let what = format!("form\n{secret}\n{form}");
        hex(&self.inner.vault.lookup(Purpose::Session, &what)[..16])
    }

    /// Whether `word` is what [`Engine::form_word`] says.
    pub fn is_form_word(&self, secret: &str, form: &str, word: &str) -> bool {
        self.form_word(secret, form).as_bytes().ct_eq(word.as_bytes()).into()
    }

    /// Forgets sessions whose time is over, a few; whether there may be more.
    pub(crate) async fn forget_expired_sessions(&self, limit: u32) -> Result<bool, Failure> {
        let expired = self.inner.store.expired_sessions(self.inner.clock.wall(), limit).await?;
        let is_more = expired.len() >= limit as usize;
        if !expired.is_empty() {
            let ends =
                expired.into_iter().map(|(account_id, lookup)| LoginChange::End { account_id, lookup });
            self.commit_logins(ends).await?;
        }
        Ok(is_more)
    }

    fn parse_token(&self, token: &str) -> Option<(AccountId, Lookup)> {
        if token.len() > LONGEST_TOKEN {
            return None;
        }
        let (account_id, _) = token.split_once('.')?;
        Some((account_id.parse().ok()?, self.inner.vault.lookup(Purpose::Session, token)))
    }
}

/// A word that tells a browser from all others before anybody has logged in with it.
pub fn new_visitor() -> String {
    pasarela_vault::random_hex(VISITOR_DIGITS)
}

fn expiry(started: Timestamp, seen: Timestamp) -> Timestamp {
    Timestamp(started.plus_ms(LIFE_MS).0.min(seen.plus_ms(IDLE_MS).0))
}
