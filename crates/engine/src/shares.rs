//! Shared credentials: somebody without a role in an account sees the credentials of one of its applications, and nothing else of it.
//!
//! The person logs in with an account of its own, whose e-mail was proved. It sees what works at that moment: a renewal shows it the
//! new ones, and what is taken back it sees no more. Each look at the secrets is in the owner's log.

use crate::audit::Actor;
use crate::credentials::ShownSecret;
use crate::payments::MAX_ROUNDS;
use crate::people::email_of;
use crate::{Engine, Failure};
use pasarela_domain::contact_codes::SentCodes;
use pasarela_domain::identity::{AccountId, ApplicationId};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{EntryChange, EntryKind, RecordChange};
use serde::{Deserialize, Serialize};

/// With how many people an application's credentials are shared at most.
const MOST_SHARES: usize = 20;
/// How many shares are read of an account or a person.
const MOST_READ: u32 = 1_000;
/// How often an account may share on a day (UTC): who shares learns whether somebody logs in with an e-mail.
const MOST_A_DAY: u32 = 30;
/// The entry with how often it did.
const NAME: &str = "shares";
const SUBJECT: &str = "Pasarela";

#[derive(Serialize, Deserialize)]
struct ShareState {
    since: Timestamp,
}

/// Somebody who sees an application's credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The person's own account.
    pub person_id: AccountId,
    /// Its e-mail.
    pub email: String,
    /// Since when.
    pub since: Timestamp,
}

/// An application whose credentials a person sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedApplication {
    /// Whose it is.
    pub account_id: AccountId,
    /// How the account is called.
    pub account: String,
    /// Its number.
    pub application_id: ApplicationId,
    /// Its name.
    pub application: String,
    /// Whether its live credentials work.
    pub is_active: bool,
}

impl Engine {
    /// Lets whoever logs in with this e-mail see an application's credentials, and tells them by mail.
    ///
    /// # Errors
    /// 404 for an application that is not the account's, and for an e-mail with which nobody logs in; 400 for the account's own, and
    /// while that was not proved, and for one too many; 429 for too many on one day.
    pub async fn share_credentials(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
        email: &str,
        actor: &Actor,
    ) -> Result<Share, Failure> {
        let application = self.application(account_id, application_id).await?;
        let email = email_of(email).ok_or_else(|| Refusal::plain(400, "it is no e-mail"))?;
        if !self.is_email_verified(account_id).await? {
            return Err(Refusal::plain(400, "the account's own e-mail must be confirmed first").into());
        }
        self.count_share(account_id).await?;
        let person = self.person_with(&email).await?.filter(|id| self.admits(*id));
        let person_id = person.ok_or_else(|| Refusal::plain(404, "nobody logs in with this e-mail"))?;
        if person_id == account_id {
            return Err(Refusal::plain(400, "the account sees its own credentials").into());
        }
        for _ in 0..MAX_ROUNDS {
            let shares = self.shares(account_id, application_id).await?;
            if let Some(known) = shares.iter().find(|share| share.person_id == person_id) {
                return Ok(known.clone());
            }
            if shares.len() >= MOST_SHARES {
                let why =
                    format!("an application's credentials are shared with at most {MOST_SHARES} people");
                return Err(Refusal::plain(400, why).into());
            }
            let since = self.inner.clock.wall();
            let (here, there) = names(account_id, application_id, person_id);
            let records = vec![
                self.set_entry(account_id, EntryKind::Share, &here, 0, &ShareState { since })?,
                self.set_entry(person_id, EntryKind::Shared, &there, 0, &ShareState { since })?,
                self.audited(account_id, actor, "credentials.shared", &application_id.to_string(), &email)?,
            ];
            if self.try_commit(records).await? {
                self.tell_of_share(account_id, &email, &application.details.name).await;
                return Ok(Share { person_id, email, since });
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Who sees an application's credentials without a role.
    ///
    /// # Errors
    /// 404 for an application that is not the account's.
    pub async fn shares(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
    ) -> Result<Vec<Share>, Failure> {
        self.application(account_id, application_id).await?;
        let mut shares = Vec::new();
        for entry in self.entries::<ShareState>(account_id, EntryKind::Share, None, MOST_READ).await? {
            if let Some((its, person_id)) = numbers(&entry.name)
                && its == application_id
            {
                let email = self.email_of(person_id).await?;
                shares.push(Share { person_id, email, since: entry.value.since });
            }
        }
        shares.sort_by_key(|share| (share.since, share.person_id));
        Ok(shares)
    }

    /// Lets a person see an application's credentials no more.
    ///
    /// # Errors
    /// 404 where they were not shared with it.
    pub async fn unshare_credentials(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
        person_id: AccountId,
        actor: &Actor,
    ) -> Result<(), Failure> {
        let (here, there) = names(account_id, application_id, person_id);
        let store = &self.inner.store;
        for _ in 0..MAX_ROUNDS {
            let share = store.account_entry(account_id, EntryKind::Share, &here).await?;
            let share = share
                .ok_or_else(|| Refusal::plain(404, "the credentials are not shared with this person"))?;
            let shared = store.account_entry(person_id, EntryKind::Shared, &there).await?;
            let gone = |account_id, kind, name: &str, version| {
                let name = name.to_owned();
                RecordChange::AccountEntry(EntryChange::Delete { account_id, kind, name, version })
            };
            let email = self.email_of(person_id).await?;
            let mut records = vec![
                gone(account_id, EntryKind::Share, &here, share.version),
                self.audited(account_id, actor, "credentials.unshared", &application_id.to_string(), &email)?,
            ];
            records.extend(shared.map(|shared| gone(person_id, EntryKind::Shared, &there, shared.version)));
            if self.try_commit(records).await? {
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// The applications whose credentials a person sees.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn shared_with(&self, person_id: AccountId) -> Result<Vec<SharedApplication>, Failure> {
        let mut shared = Vec::new();
        for entry in self.entries::<ShareState>(person_id, EntryKind::Shared, None, MOST_READ).await? {
            let Some((account_id, application_id)) = numbers(&entry.name) else { continue };
            match self.shared_application(person_id, account_id, application_id).await {
                Ok(application) => shared.push(application),
                // The application was deleted.
                Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(shared)
    }

    /// An application whose credentials a person sees.
    ///
    /// # Errors
    /// 404 where they are not shared with it.
    pub async fn shared_application(
        &self,
        person_id: AccountId,
        account_id: AccountId,
        application_id: ApplicationId,
    ) -> Result<SharedApplication, Failure> {
        let (here, _) = names(account_id, application_id, person_id);
        let share = self.inner.store.account_entry(account_id, EntryKind::Share, &here).await?;
        share.ok_or_else(crate::applications::unknown)?;
        let application = self.application(account_id, application_id).await?;
        let account = self.account(account_id).await?.ok_or_else(crate::applications::unknown)?;
        Ok(SharedApplication {
            account_id,
            account: account.name.clone(),
            application_id,
            application: application.details.name,
            is_active: application.details.is_active,
        })
    }

    /// The credentials of an application that are shared with a person. To see the secrets is noted in the owner's log.
    ///
    /// # Errors
    /// As [`Engine::shared_application`].
    pub async fn shared_credentials(
        &self,
        person_id: AccountId,
        (account_id, application_id): (AccountId, ApplicationId),
        revealed_to: Option<&Actor>,
    ) -> Result<Vec<ShownSecret>, Failure> {
        self.shared_application(person_id, account_id, application_id).await?;
        if let Some(actor) = revealed_to {
            self.note_reveal(account_id, application_id, actor).await?;
        }
        self.own_credentials(account_id, application_id).await
    }

    /// Counts one more share of the day.
    async fn count_share(&self, account_id: AccountId) -> Result<(), Failure> {
        for _ in 0..MAX_ROUNDS {
            let (mut sent, version) = self.sent_codes(account_id, NAME).await?;
            sent.count_among(self.inner.clock.wall(), MOST_A_DAY)?;
            let change =
                self.set_entry::<SentCodes>(account_id, EntryKind::SentCodes, NAME, version, &sent)?;
            if self.try_commit(vec![change]).await? {
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Tells a person. What is shared is shared, whether it can be told or not.
    async fn tell_of_share(&self, account_id: AccountId, email: &str, application: &str) {
        let told = async {
            let account = self.account(account_id).await?;
            let account = account.map(|account| account.name.clone()).unwrap_or_default();
            let plain = |text: &str| text.chars().filter(|letter| !letter.is_control()).collect::<String>();
            let (account, application) = (plain(&account), plain(application));
            let text = format!(
                "{account} compartió con vos las credenciales de «{application}». Las ves en el panel, en Aplicaciones.\r\n\
                 {account} compartilhou com você as credenciais de «{application}». Elas estão no painel, em Aplicações.\r\n\
                 {account} shared the credentials of \"{application}\" with you. You see them in the panel, under Applications.\r\n\r\n\
                 {}/panel/applications",
                self.inner.public_url
            );
            self.post_message(email, SUBJECT, &text).await
        };
        if let Err(error) = told.await {
            tracing::warn!(%error, account_id, "a person was not told that credentials are shared with it");
        }
    }
}

/// The names of a share's two entries: the account's, and the person's.
fn names(account_id: AccountId, application_id: ApplicationId, person_id: AccountId) -> (String, String) {
    (format!("{application_id}.{person_id}"), format!("{account_id}.{application_id}"))
}

fn numbers(name: &str) -> Option<(i64, i64)> {
    let (one, other) = name.split_once('.')?;
    Some((one.parse().ok()?, other.parse().ok()?))
}
