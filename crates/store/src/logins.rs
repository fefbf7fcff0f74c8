//! People who log in, and the sessions of their browsers.

use crate::store::Engine;
use crate::{Lookup, ReadError, Store};
use pasarela_domain::identity::AccountId;
use pasarela_domain::timestamp::Timestamp;

/// How somebody logs in to an account. One per account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginRecord {
    /// Whose.
    pub account_id: AccountId,
    /// 1 when inserted, one more with each update. In an update: the version that was read.
    pub version: i64,
    /// Keyed hash of the lower-case nickname. No two logins share a name.
    pub nickname: Lookup,
    /// Keyed hash of the lower-case e-mail. No two logins share a name.
    pub email: Lookup,
    /// JSON: the password's hash and the rest.
    pub body: Vec<u8>,
}

/// A session: somebody who logged in with one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Whose.
    pub account_id: AccountId,
    /// Keyed hash of the session's token, which itself is stored nowhere.
    pub lookup: Lookup,
    /// Wall-clock time of the login.
    pub started: Timestamp,
    /// Wall-clock time at which it was used, as far as that is noted.
    pub seen: Timestamp,
    /// Wall-clock time from which it opens nothing.
    pub expires: Timestamp,
    /// JSON: what it may be used for.
    pub body: Vec<u8>,
}

/// One change of what this module is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginChange {
    /// A new login; its account and its names must be free.
    Insert(LoginRecord),
    /// A login that was read with `version`; its names must be free or its own.
    Update(LoginRecord),
    /// A new session, begun by who proved to know the login that was read with `login_version`. Refused with a version
    /// conflict when the login changed meanwhile: an old password starts no session after it was changed.
    Start {
        /// The session.
        session: SessionRecord,
        /// The login's version.
        login_version: i64,
    },
    /// A session is used on, or is for something else now: everything but its start is written. Refused with a version
    /// conflict when it was ended meanwhile.
    Renew(SessionRecord),
    /// A session ends, if it is still there.
    End {
        /// Whose.
        account_id: AccountId,
        /// Which.
        lookup: Lookup,
    },
    /// All sessions of an account end, those too that began in the same group of commits.
    EndAll {
        /// Whose.
        account_id: AccountId,
    },
}

impl LoginChange {
    /// Whose login or session it is.
    pub const fn account_id(&self) -> AccountId {
        match self {
            LoginChange::Insert(login) | LoginChange::Update(login) => login.account_id,
            LoginChange::Start { session, .. } | LoginChange::Renew(session) => session.account_id,
            LoginChange::End { account_id, .. } | LoginChange::EndAll { account_id } => *account_id,
        }
    }
}

impl Store {
    /// The login of an account.
    pub async fn login(&self, account_id: AccountId) -> Result<Option<LoginRecord>, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.login(account_id).await,
            Engine::Postgres(store) => store.login(account_id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.login(account_id)).await,
        }
    }

    /// The login with this keyed hash of its nickname or of its e-mail.
    pub async fn login_by_name(&self, name: &Lookup) -> Result<Option<LoginRecord>, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.login_by_name(name).await,
            Engine::Postgres(store) => store.login_by_name(name).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.login_by_name(name)).await,
        }
    }

    /// A session; it may have expired.
    pub async fn session(
        &self,
        account_id: AccountId,
        lookup: &Lookup,
    ) -> Result<Option<SessionRecord>, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.session(account_id, lookup).await,
            Engine::Postgres(store) => store.session(account_id, lookup).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.session(account_id, lookup)).await,
        }
    }

    /// All sessions of an account, the oldest login first.
    pub async fn sessions_of(&self, account_id: AccountId) -> Result<Vec<SessionRecord>, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.sessions_of(account_id).await,
            Engine::Postgres(store) => store.sessions_of(account_id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.sessions_of(account_id)).await,
        }
    }

    /// Sessions that have expired at `now_wall`; at most `limit`.
    pub async fn expired_sessions(
        &self,
        now_wall: Timestamp,
        limit: u32,
    ) -> Result<Vec<(AccountId, Lookup)>, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.expired_sessions(now_wall, limit).await,
            Engine::Postgres(store) => store.expired_sessions(now_wall, limit).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.expired_sessions(now_wall, limit)).await,
        }
    }
}
