//! Logins and sessions.

use crate::memory::records::{Records, Writing};
use crate::{CommitError, LoginChange, LoginRecord, Lookup, SessionRecord};
use pasarela_domain::identity::AccountId;
use pasarela_domain::timestamp::Timestamp;

impl Writing<'_> {
    pub(crate) fn login(&mut self, change: &LoginChange) -> Result<(), CommitError> {
        match change {
            LoginChange::Insert(login) => {
                self.names_are_free(login)?;
                let row = LoginRecord { version: 1, ..login.clone() };
                self.insert("login", |records| &mut records.logins, login.account_id, row)
            }
            LoginChange::Update(login) => {
                let stored = self.records.logins.get(&login.account_id);
                let stored = stored.filter(|stored| stored.version == login.version || !self.checks_versions);
                let version = stored.ok_or(CommitError::VersionConflict)?.version + 1;
                self.names_are_free(login)?;
                let row = LoginRecord { version, ..login.clone() };
                self.set(|records| &mut records.logins, login.account_id, Some(row));
                Ok(())
            }
            LoginChange::Start { session, login_version } => {
                let login = self.records.logins.get(&session.account_id);
                if login.is_none_or(|login| login.version != *login_version) {
                    return Err(CommitError::VersionConflict);
                }
                let key = (session.account_id, session.lookup);
                self.insert("session", |records| &mut records.sessions, key, session.clone())
            }
            LoginChange::Renew(session) => {
                let key = (session.account_id, session.lookup);
                let started = self.records.sessions.get(&key).ok_or(CommitError::VersionConflict)?.started;
                let row = SessionRecord { started, ..session.clone() };
                self.set(|records| &mut records.sessions, key, Some(row));
                Ok(())
            }
            LoginChange::End { account_id, lookup } => {
                self.set(|records| &mut records.sessions, (*account_id, *lookup), None);
                Ok(())
            }
            LoginChange::EndAll { account_id } => {
                for session in self.records.sessions_of(*account_id) {
                    let key = (session.account_id, session.lookup);
                    self.set(|records| &mut records.sessions, key, None);
                }
                Ok(())
            }
        }
    }

    fn names_are_free(&self, login: &LoginRecord) -> Result<(), CommitError> {
        let is_taken = self.records.logins.values().any(|other| {
            other.account_id != login.account_id
                && (other.nickname == login.nickname || other.email == login.email)
        });
        if is_taken { Err(CommitError::AlreadyExists("login")) } else { Ok(()) }
    }
}

/// As the methods of the same names of [`Store`](crate::Store).
impl Records {
    /// The login of an account.
    pub fn login(&self, account_id: AccountId) -> Option<LoginRecord> {
        self.logins.get(&account_id).cloned()
    }

    /// The login with this name.
    pub fn login_by_name(&self, name: &Lookup) -> Option<LoginRecord> {
        self.logins.values().find(|login| login.nickname == *name || login.email == *name).cloned()
    }

    /// A session.
    pub fn session(&self, account_id: AccountId, lookup: &Lookup) -> Option<SessionRecord> {
        self.sessions.get(&(account_id, *lookup)).cloned()
    }

    /// All sessions of an account.
    pub fn sessions_of(&self, account_id: AccountId) -> Vec<SessionRecord> {
        let mut sessions: Vec<SessionRecord> =
            self.sessions.values().filter(|session| session.account_id == account_id).cloned().collect();
        sessions.sort_by_key(|session| (session.started, session.lookup));
        sessions
    }

    /// Those whose time is over.
    pub fn expired_sessions(&self, now_wall: Timestamp, limit: u32) -> Vec<(AccountId, Lookup)> {
        let mut expired: Vec<&SessionRecord> =
            self.sessions.values().filter(|session| session.expires <= now_wall).collect();
        expired.sort_by_key(|session| (session.expires, session.account_id, session.lookup));
        let expired = expired.into_iter().take(limit as usize);
        expired.map(|session| (session.account_id, session.lookup)).collect()
    }
}
