//! Who logs in: names and passwords are held against what is stored.
//!
//! The order of things for a door that people log in by: [`Engine::check_password`] says who it is; what else the door
//! demands (a second factor, a role) is asked then; [`Engine::start_session`](crate::sessions) comes last. A door that
//! demands nothing more calls [`Engine::log_in`], which does both.
//!
//! Who does not know a password learns nothing here: an unknown name takes as long as a wrong password and is answered
//! alike, and both are counted (`attempts.rs`), per login and in all. Hashing is slow on purpose; `passwords.rs` bounds
//! how many threads do it.

pub(crate) mod another_password;
pub(crate) mod attempts;
mod notices;
pub(crate) mod passwords;
pub mod recovery;
pub mod second_factor;
mod totp;

use crate::audit::Actor;
use crate::payments::{MAX_ROUNDS, from_json, to_json};
use crate::seeds::logins::is_well_known;
use crate::sessions::{NewSession, Session};
use crate::{Engine, Failure};
use another_password::TakenOver;
use attempts::Attempt;
use pasarela_domain::identity::AccountId;
use pasarela_domain::login::{LONGEST_PASSWORD, LoginState, SessionScope, check_new_password, normal_name};
use pasarela_domain::refusal::Refusal;
use pasarela_store::{Changes, CommitError, LoginChange, LoginRecord, RecordChange};
use pasarela_vault::{Purpose, Vault};

/// What became of somebody's try to log in.
#[derive(Debug)]
pub enum Checked<T> {
    /// The password is this login's.
    Right(T),
    /// No such name, or another password: which of both is not said.
    Wrong,
    /// Too many tries went wrong, of this login or in all.
    TooMany {
        /// After so many seconds it may be tried again.
        retry_after_s: u32,
    },
}

/// A login whose password was right, as it was read.
#[derive(Clone, Debug)]
pub struct KnownLogin {
    /// Whose.
    pub account_id: AccountId,
    /// For a change of it.
    pub record: LoginRecord,
    /// What is stored of it.
    pub state: LoginState,
}

/// The names and the password of a login that is to be.
#[derive(Clone, Copy)]
pub struct NewLogin<'a> {
    /// Whose.
    pub account_id: AccountId,
    /// [`is_nickname`](pasarela_domain::login::is_nickname) says yes to it.
    pub nickname: &'a str,
    /// The account's.
    pub email: &'a str,
    /// [`check_new_password`](pasarela_domain::login::check_new_password) allows it.
    pub password: &'a str,
    /// Whether somebody vouches for the e-mail; not yet for who signs up.
    pub email_verified: bool,
}

impl Engine {
    /// Whose name and password these are. `name` is a nickname or an e-mail, as it was typed.
    ///
    /// # Errors
    /// When the store can't be read, or too many passwords are being looked at now.
    pub async fn check_password(&self, name: &str, password: &str) -> Result<Checked<KnownLogin>, Failure> {
        let vault = &self.inner.vault;
        // Names that are nobody's are one name: they take the same way as the others.
        let typed = vault.lookup(Purpose::Login, normal_name(name).as_deref().unwrap_or("\n"));
        let known = self.inner.store.login_by_name(&typed).await?;
        // Their passwords are in the documentation: outside `dev` they are nobody's.
        let known = known.filter(|login| self.admits(login.account_id));
        // By the name that was typed: if both names of a login were counted as one, the counts would tell that they are.
        if let Attempt::Refused { retry_after_s } = self.inner.attempts.begin(typed, self.inner.clock.wall())
        {
            return Ok(Checked::TooMany { retry_after_s });
        }
        let known = known.map(known_login).transpose()?.filter(|login| !login.state.is_closed);
        let hash = known.as_ref().map(|login| login.state.password_hash.clone());
        let password = if password.len() > LONGEST_PASSWORD { "" } else { password };
        let is_right = self.inner.passwords.verify(password, hash).await;
        match (is_right, known) {
            (Ok(true), Some(known)) => {
                self.inner.attempts.right(&typed);
                Ok(Checked::Right(known))
            }
            (Ok(_), _) => Ok(Checked::Wrong),
            (Err(failure), _) => {
                // Nothing was learnt of the password.
                self.inner.attempts.undone(&typed);
                Err(failure)
            }
        }
    }

    /// The login of an account, if it has one.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn login_of(&self, account_id: AccountId) -> Result<Option<KnownLogin>, Failure> {
        self.inner.store.login(account_id).await?.map(known_login).transpose()
    }

    /// As [`Engine::check_password`], and starts a session if `code` is what the login's second factor demands; where it demands
    /// none, any will do.
    ///
    /// # Errors
    /// As [`Engine::check_password`] and [`Engine::check_second_factor`], when the session can't be stored, and 403 for the wallet
    /// of an e-mail that was not proved.
    pub async fn log_in(
        &self,
        name: &str,
        (password, code): (&str, &str),
        scope: SessionScope,
    ) -> Result<Checked<(NewSession, Session)>, Failure> {
        match self.check_password(name, password).await? {
            // The money that a wallet gets is the e-mail's.
            Checked::Right(login) if scope == SessionScope::Wallet && !login.state.email_verified => {
                Err(Refusal::plain(403, "the e-mail must be confirmed in the panel first").into())
            }
            Checked::Right(login) => {
                self.check_second_factor(login.account_id, code).await?;
                Ok(Checked::Right(self.start_session(&login, scope).await?))
            }
            Checked::Wrong => Ok(Checked::Wrong),
            Checked::TooMany { retry_after_s } => Ok(Checked::TooMany { retry_after_s }),
        }
    }

    /// The login of somebody who has logged in already, and says the password once more for what matters.
    ///
    /// # Errors
    /// 400 for another password, 429 after too many wrong ones.
    pub async fn confirm_password(
        &self,
        person_id: AccountId,
        password: &str,
    ) -> Result<KnownLogin, Failure> {
        let wrong = || Refusal::keyed(400, "invalid_password", "the password is another one");
        let login = self.login_of(person_id).await?.ok_or_else(wrong)?;
        let name = login.record.email;
        if let Attempt::Refused { retry_after_s } = self.inner.attempts.begin(name, self.inner.clock.wall()) {
            return Err(Failure::TooMany { retry_after_s, message: "too many wrong passwords" });
        }
        let password = if password.len() > LONGEST_PASSWORD { "" } else { password };
        match self.inner.passwords.verify(password, Some(login.state.password_hash.clone())).await {
            Ok(true) => {
                self.inner.attempts.right(&name);
                Ok(login)
            }
            Ok(false) => Err(wrong().into()),
            Err(failure) => {
                self.inner.attempts.undone(&name);
                Err(failure)
            }
        }
    }

    /// Gives whoever has logged in another password. All sessions end, applications of others that it let in are let in no
    /// more, and the person is told by mail.
    ///
    /// # Errors
    /// 400 for a wrong password and for a new one that can't be one.
    pub async fn change_own_password(
        &self,
        person_id: AccountId,
        (password, new): (&str, &str),
        actor: &Actor,
    ) -> Result<(), Failure> {
        let login = self.confirm_password(person_id, password).await?;
        let email = self.account(person_id).await?.map(|account| account.email.clone()).unwrap_or_default();
        if let Err(fault) = check_new_password(new, &[&email]) {
            return Err(Refusal::keyed(400, "password_refused", fault.to_string()).into());
        }
        let act = self.audited(person_id, actor, "login.password_changed", &person_id.to_string(), "")?;
        self.change_password(&login, new, &[act], actor).await
    }

    /// The record of a new login, to be committed with whatever else its account's sign-up changes
    /// (`RecordChange::Login(LoginChange::Insert(…))`). A name that is taken already is then `AlreadyExists("login")`.
    ///
    /// # Errors
    /// When too many passwords are being looked at now.
    pub async fn new_login(&self, new: NewLogin<'_>) -> Result<LoginRecord, Failure> {
        let password_hash = self.inner.passwords.hash(new.password).await?;
        let state = LoginState { password_hash, email_verified: new.email_verified, is_closed: false };
        login_record(&self.inner.vault, new.account_id, (new.nickname, new.email), &state)
    }

    /// Gives a login another password, with what else is to happen in that commit: all of its sessions end, and applications of
    /// others that its owner let in are let in no more.
    ///
    /// # Errors
    /// When somebody changed the login meanwhile (`Unavailable`: to be tried again), or it can't be stored.
    pub async fn change_password(
        &self,
        login: &KnownLogin,
        password: &str,
        records: &[RecordChange],
        actor: &Actor,
    ) -> Result<(), Failure> {
        let password_hash = self.inner.passwords.hash(password).await?;
        for _ in 0..MAX_ROUNDS {
            let nothing = TakenOver::default();
            if self.try_password(login, &password_hash, records.to_vec(), nothing, actor).await? {
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Whether somebody may be logged in to this account or pay it on its checkout: the well-known ones are for development alone.
    pub(crate) fn admits(&self, account_id: AccountId) -> bool {
        self.inner.development || !is_well_known(account_id)
    }

    pub(crate) async fn commit_logins(
        &self,
        changes: impl IntoIterator<Item = LoginChange>,
    ) -> Result<(), CommitError> {
        let records = changes.into_iter().map(RecordChange::Login).collect();
        self.inner.store.commit(Changes { records, ..Changes::default() }).await
    }
}

/// The record of a login with these names: nickname and e-mail.
pub(crate) fn login_record(
    vault: &Vault,
    account_id: AccountId,
    (nickname, email): (&str, &str),
    state: &LoginState,
) -> Result<LoginRecord, Failure> {
    let name = |name: &str| vault.lookup(Purpose::Login, &name.trim().to_lowercase());
    let (nickname, email) = (name(nickname), name(email));
    Ok(LoginRecord { account_id, version: 1, nickname, email, body: to_json(state)? })
}

pub(crate) fn known_login(record: LoginRecord) -> Result<KnownLogin, Failure> {
    let state = from_json(&record.body, "a login")?;
    Ok(KnownLogin { account_id: record.account_id, record, state })
}
