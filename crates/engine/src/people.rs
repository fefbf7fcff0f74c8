//! People and the accounts that they act for: sign-up, members and their roles.
//!
//! A person is an account with a login. Who signs up has one of its own, and is its owner; others are let in by an owner,
//! each with a role.

use crate::audit::Actor;
use crate::credentials::{draw_account_id, random_alphanumeric};
use crate::enrolment;
use crate::logins::{KnownLogin, NewLogin, known_login};
use crate::payments::MAX_ROUNDS;
use crate::{Engine, Failure};
use pasarela_domain::identity::AccountId;
use pasarela_domain::login::{check_new_password, normal_name};
use pasarela_domain::member::Role;
use pasarela_domain::refusal::Refusal;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{Changes, CommitError, EntryChange, EntryKind, LoginChange, RecordChange};
use pasarela_vault::Purpose;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

/// The most people of an account.
const MOST_MEMBERS: usize = 100;
/// The longest name of a seller.
const LONGEST_NAME: usize = 80;
/// The longest e-mail (RFC 5321 4.5.3.1.3).
const LONGEST_EMAIL: usize = 254;
/// How many may sign up at a node in a minute. Each costs a slow hash and a few rows for ever; a busy day of a large
/// platform has fewer.
const SIGN_UPS_A_MINUTE: u32 = 60;

/// Counts sign-ups, minute by minute.
#[derive(Default)]
pub(crate) struct SignUps {
    minute: AtomicI64,
    count: AtomicU32,
}

impl SignUps {
    fn is_allowed(&self, now: Timestamp) -> bool {
        let minute = now.0.div_euclid(60_000);
        if self.minute.swap(minute, Ordering::Relaxed) != minute {
            self.count.store(0, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed) < SIGN_UPS_A_MINUTE
    }
}

/// Who signs up.
#[derive(Clone, Copy)]
pub struct NewPerson<'a> {
    /// The market.
    pub site: Site,
    /// The e-mail, as it was typed.
    pub email: &'a str,
    /// What buyers see.
    pub name: &'a str,
    /// The password, as it was typed.
    pub password: &'a str,
}

/// Why somebody can't sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUpFault {
    /// It is no e-mail.
    Email,
    /// There is no name, or it is too long.
    Name,
    /// The password is too short, too long, or a name.
    Password,
    /// The e-mail has a login or an account already.
    Taken,
    /// Too many sign up at this moment.
    TooMany,
}

/// What is stored of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct MemberState {
    role: Role,
    since: Timestamp,
}

/// A person who acts for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The person's own account.
    pub person_id: AccountId,
    /// Its e-mail.
    pub email: String,
    /// Its role.
    pub role: Role,
    /// Since when; the account's own login has been there from the start.
    pub since: Option<Timestamp>,
}

impl Engine {
    /// Makes an account with a login.
    ///
    /// # Errors
    /// When the store can't be read or written, or too many passwords are being looked at.
    pub async fn sign_up(
        &self,
        new: NewPerson<'_>,
        actor: &Actor,
    ) -> Result<Result<KnownLogin, SignUpFault>, Failure> {
        let Some(email) = email_of(new.email) else { return Ok(Err(SignUpFault::Email)) };
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Ok(Err(SignUpFault::Name));
        }
        if check_new_password(new.password, &[&email, name]).is_err() {
            return Ok(Err(SignUpFault::Password));
        }
        if !self.inner.sign_ups.is_allowed(self.inner.clock.wall()) {
            return Ok(Err(SignUpFault::TooMany));
        }
        if self.inner.store.account_by_email(new.site, &email).await?.is_some()
            || self.login_with(&email).await?.is_some()
        {
            return Ok(Err(SignUpFault::Taken));
        }
        for _ in 0..MAX_ROUNDS {
            let account_id = draw_account_id();
            let nickname = format!("P{account_id}");
            let login = NewLogin {
                account_id,
                nickname: &nickname,
                email: &email,
                password: new.password,
                email_verified: false,
            };
            let login = self.new_login(login).await?;
            let now = self.inner.clock.wall();
            let account = enrolment::account_record(account_id, new.site, &email, name, now);
            let records = vec![
                RecordChange::InsertAccount(account),
                RecordChange::Login(LoginChange::Insert(login)),
                self.audited(account_id, actor, "account.created", &account_id.to_string(), &email)?,
            ];
            match self.inner.store.commit(Changes { records, ..Changes::default() }).await {
                Ok(()) => {
                    // Without it the panel goes on, and sends another one when it is asked to.
                    if let Err(error) = self.send_email_code(account_id).await {
                        tracing::warn!(%error, account_id, "the code for a new account's e-mail was not sent");
                    }
                    let made = self.login_of(account_id).await?;
                    return made
                        .map(Ok)
                        .ok_or_else(|| Failure::Internal("a login that was just made is gone".to_owned()));
                }
                // The number is taken, or somebody signed up with the same e-mail this moment.
                Err(CommitError::AlreadyExists(_)) if self.login_with(&email).await?.is_some() => {
                    return Ok(Err(SignUpFault::Taken));
                }
                Err(CommitError::AlreadyExists(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Gives an account a password, with a login where it has none yet; all its sessions end.
    ///
    /// # Errors
    /// 400 for a password that can't be one, 404 for an account that is not there.
    pub async fn set_password(
        &self,
        account_id: AccountId,
        password: &str,
        actor: &Actor,
    ) -> Result<(), Failure> {
        let account = self.inner.store.account(account_id).await?;
        let account = account.ok_or_else(|| Refusal::plain(404, "account not found"))?;
        if let Err(fault) = check_new_password(password, &[&account.email]) {
            return Err(Refusal::plain(400, fault.to_string()).into());
        }
        let act = self.audited(account_id, actor, "login.password_set", &account_id.to_string(), "")?;
        match self.login_of(account_id).await? {
            Some(login) => {
                self.change_password(&login, password, &[act], actor).await?;
            }
            None => {
                let nickname = format!("P{account_id}");
                let new = NewLogin {
                    account_id,
                    nickname: &nickname,
                    email: &account.email,
                    password,
                    email_verified: true,
                };
                let login = self.new_login(new).await?;
                if !self.try_commit(vec![RecordChange::Login(LoginChange::Insert(login)), act]).await? {
                    return Err(Refusal::plain(409, "the e-mail is another login's name").into());
                }
            }
        }
        Ok(())
    }

    /// Draws a new password for the account of a site with this e-mail, and sets it.
    ///
    /// # Errors
    /// As [`Engine::set_password`].
    pub async fn draw_password(&self, site: Site, email: &str, actor: &Actor) -> Result<String, Failure> {
        let account = self.inner.store.account_by_email(site, email).await?;
        let account = account.ok_or_else(|| Refusal::plain(404, "account not found"))?;
        let password = random_alphanumeric(20);
        self.set_password(account.id, &password, actor).await?;
        Ok(password)
    }

    /// The login with this e-mail or nickname.
    async fn login_with(&self, name: &str) -> Result<Option<KnownLogin>, Failure> {
        let Some(name) = normal_name(name) else { return Ok(None) };
        let lookup = self.inner.vault.lookup(Purpose::Login, &name);
        let login = self.inner.store.login_by_name(&lookup).await?;
        login.filter(|login| self.admits(login.account_id)).map(known_login).transpose()
    }

    /// The account whose login has this e-mail or nickname, and whose e-mail is its own: whoever took somebody else's e-mail
    /// gets no role by it.
    pub(crate) async fn person_with(&self, name: &str) -> Result<Option<AccountId>, Failure> {
        let login = self.login_with(name).await?;
        Ok(login.filter(|login| login.state.email_verified).map(|login| login.account_id))
    }

    /// The role that a person has in an account, if any.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn role_in(
        &self,
        person_id: AccountId,
        account_id: AccountId,
    ) -> Result<Option<Role>, Failure> {
        if person_id == account_id {
            return Ok(Some(Role::Owner));
        }
        let name = person_id.to_string();
        let member = self.entry::<MemberState>(account_id, EntryKind::Member, &name).await?;
        Ok(member.map(|member| member.value.role))
    }

    /// The accounts that a person may act for, its own first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn accounts_open_to(&self, person_id: AccountId) -> Result<Vec<AccountId>, Failure> {
        let store = &self.inner.store;
        let others =
            store.account_entries(person_id, EntryKind::Membership, None, MOST_MEMBERS as u32).await?;
        let others = others.iter().filter_map(|entry| entry.name.parse().ok());
        Ok(std::iter::once(person_id).chain(others).collect())
    }

    /// The people of an account: its own login first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn members(&self, account_id: AccountId) -> Result<Vec<Member>, Failure> {
        let mut members = Vec::new();
        if self.login_of(account_id).await?.is_some() {
            let email = self.email_of(account_id).await?;
            members.push(Member { person_id: account_id, email, role: Role::Owner, since: None });
        }
        let limit = MOST_MEMBERS as u32;
        for entry in self.entries::<MemberState>(account_id, EntryKind::Member, None, limit).await? {
            let Ok(person_id) = entry.name.parse() else { continue };
            let (role, since) = (entry.value.role, Some(entry.value.since));
            members.push(Member { person_id, email: self.email_of(person_id).await?, role, since });
        }
        Ok(members)
    }

    pub(crate) async fn email_of(&self, account_id: AccountId) -> Result<String, Failure> {
        let account = self.inner.store.account(account_id).await?;
        Ok(account.map(|account| account.email).unwrap_or_default())
    }

    /// Gives a person who acts for an account another role.
    pub(crate) async fn change_role(
        &self,
        account_id: AccountId,
        person_id: AccountId,
        role: Role,
        actor: &Actor,
    ) -> Result<(), Failure> {
        for _ in 0..MAX_ROUNDS {
            let records = self.member_records(account_id, person_id, role, (actor, "member.set")).await?;
            if self.try_commit(records).await? {
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// What makes a person act for an account, or gives it another role.
    ///
    /// # Errors
    /// 400 for one person too many.
    pub(crate) async fn member_records(
        &self,
        account_id: AccountId,
        person_id: AccountId,
        role: Role,
        (actor, act): (&Actor, &str),
    ) -> Result<Vec<RecordChange>, Failure> {
        let (person, account) = (person_id.to_string(), account_id.to_string());
        let known = self.entry::<MemberState>(account_id, EntryKind::Member, &person).await?;
        if known.is_none() && self.members(account_id).await?.len() >= MOST_MEMBERS {
            let why = format!("an account has at most {MOST_MEMBERS} people");
            return Err(Refusal::plain(400, why).into());
        }
        let state = MemberState { role, since: self.inner.clock.wall() };
        let version = known.as_ref().map_or(0, |known| known.version);
        let mut records = vec![
            self.set_entry(account_id, EntryKind::Member, &person, version, &state)?,
            self.audited(account_id, actor, act, &self.email_of(person_id).await?, role.name())?,
        ];
        if known.is_none() {
            let membership = serde_json::json!({});
            records.push(self.set_entry(person_id, EntryKind::Membership, &account, 0, &membership)?);
        }
        Ok(records)
    }

    /// Lets a person act for an account no more.
    ///
    /// # Errors
    /// 404 for somebody who does not.
    pub async fn remove_member(
        &self,
        account_id: AccountId,
        person_id: AccountId,
        actor: &Actor,
    ) -> Result<(), Failure> {
        let (person, account) = (person_id.to_string(), account_id.to_string());
        let unknown = || Refusal::plain(404, "the person does not act for the account");
        for _ in 0..MAX_ROUNDS {
            let store = &self.inner.store;
            let member = store.account_entry(account_id, EntryKind::Member, &person).await?;
            let member = member.ok_or_else(unknown)?;
            let membership = store.account_entry(person_id, EntryKind::Membership, &account).await?;
            let delete = |account_id, kind, name: &str, version| {
                let name = name.to_owned();
                RecordChange::AccountEntry(EntryChange::Delete { account_id, kind, name, version })
            };
            let mut records = vec![
                delete(account_id, EntryKind::Member, &person, member.version),
                self.audited(account_id, actor, "member.removed", &self.email_of(person_id).await?, "")?,
            ];
            records.extend(
                membership.map(|entry| delete(person_id, EntryKind::Membership, &account, entry.version)),
            );
            if self.try_commit(records).await? {
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }
}

/// The lower-case e-mail, if `text` can be one.
pub(crate) fn email_of(text: &str) -> Option<String> {
    let email = text.trim().to_lowercase();
    let (local, domain) = email.split_once('@')?;
    let is_plain = email.bytes().all(|byte| byte.is_ascii_graphic()) && email.len() <= LONGEST_EMAIL;
    let is_domain = domain.split('.').count() >= 2 && domain.split('.').all(|label| !label.is_empty());
    (is_plain && !local.is_empty() && is_domain && !domain.contains('@')).then_some(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_e_mail_has_a_name_and_a_domain() {
        assert_eq!(email_of(" Ana@Example.com ").as_deref(), Some("ana@example.com"));
        for bad in [
            "",
            "ana",
            "@example.com",
            "ana@",
            "ana@example",
            "a@b@c.d",
            "a b@c.d",
            "a@c..d",
            "a@.d",
            "ñ@c.d",
        ] {
            assert_eq!(email_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn sign_ups_are_counted_minute_by_minute() {
        let counted = SignUps::default();
        let allowed = |at| (0..100).filter(|_| counted.is_allowed(Timestamp(at))).count();
        assert_eq!((allowed(60_000), allowed(119_999), allowed(120_000)), (60, 0, 60));
    }
}
