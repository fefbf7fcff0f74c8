//! What a seller granted is taken back: one application's by the seller, or everything with another password.

use super::MOST_GRANTS;
use crate::applications::OwnedApplication;
use crate::audit::Actor;
use crate::payments::MAX_ROUNDS;
use crate::{Engine, Failure};
use pasarela_domain::application::Scopes;
use pasarela_domain::application::credentials::{CredentialBook, KeptSecret, Origin, SecretKind};
use pasarela_domain::application::oauth::Grant;
use pasarela_domain::identity::{AccountId, ApplicationId, Mode};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{Changes, EntryChange, EntryKind, RecordChange};

/// The most applications that a list of grants shows.
const MOST_GRANTEES: u32 = 500;

/// An application that a seller let in.
pub struct Grantee {
    /// Its number.
    pub application_id: ApplicationId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Until when its newest token works, unless it goes on with a refresh token.
    pub until: Option<Timestamp>,
}

/// What takes back everything that an account granted, to be committed with what it is taken back for.
pub(crate) struct AllRevoked {
    /// Records, and what the applications are told.
    pub(crate) changes: Changes,
    /// Whose tokens are not to be known any more after the commit.
    pub(crate) applications: Vec<ApplicationId>,
}

impl Engine {
    /// The applications of others that a seller let in and that still get in.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn grantees(&self, account_id: AccountId) -> Result<Vec<Grantee>, Failure> {
        let now = self.inner.clock.wall();
        let mut grantees = Vec::new();
        let books =
            self.entries::<CredentialBook>(account_id, EntryKind::Credentials, None, MOST_GRANTEES).await?;
        for entry in books {
            let Ok(application_id) = entry.name.parse() else { continue };
            let granted = entry.value.secrets.iter().rev().find(|kept| {
                kept.origin == Origin::AuthorizationCode
                    && kept.kind == SecretKind::AccessToken
                    && kept.works(now)
            });
            let Some(granted) = granted else { continue };
            let Some(application) = self.application_by_id(application_id).await? else { continue };
            if application.details.deleted.is_none() {
                let (name, scopes, until) = (application.details.name, granted.scopes, granted.expires);
                grantees.push(Grantee { application_id, name, scopes, until });
            }
        }
        Ok(grantees)
    }

    /// A seller lets an application in no more: its tokens stop working at once, and it is told.
    ///
    /// # Errors
    /// 404 for an application that was not let in.
    pub async fn revoke_grant(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
        actor: &Actor,
    ) -> Result<(), Failure> {
        let application = self.application_by_id(application_id).await?;
        let application = application.ok_or_else(crate::applications::unknown)?;
        for _ in 0..MAX_ROUNDS {
            let book = self.credential_book(account_id, application_id).await?;
            let revoked = self.revoked(account_id, &application, book, actor).await?;
            let mut changes = revoked.ok_or_else(|| Refusal::plain(404, "the application was not let in"))?;
            let of_it = |grant: &Grant| grant.application_id == application_id;
            changes.records.extend(self.grants_gone(account_id, of_it).await?);
            if self.commit_told(changes).await? {
                self.inner.access.forget(application_id);
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// What takes back all that an account granted, and what was not used yet. The books of the applications `but` are
    /// written by the caller.
    pub(crate) async fn all_revoked(
        &self,
        account_id: AccountId,
        but: &[ApplicationId],
        actor: &Actor,
    ) -> Result<AllRevoked, Failure> {
        let mut all = AllRevoked { changes: Changes::default(), applications: Vec::new() };
        let books =
            self.entries::<CredentialBook>(account_id, EntryKind::Credentials, None, MOST_GRANTEES).await?;
        for entry in books {
            let Some(application_id) = entry.name.parse().ok().filter(|id| !but.contains(id)) else {
                continue;
            };
            let Some(application) = self.application_by_id(application_id).await? else { continue };
            let book = (entry.value, entry.version);
            if let Some(mut revoked) = self.revoked(account_id, &application, book, actor).await? {
                all.changes.records.append(&mut revoked.records);
                all.changes.deliveries.append(&mut revoked.deliveries);
                all.applications.push(application_id);
            }
        }
        all.changes.records.extend(self.grants_gone(account_id, |_| true).await?);
        Ok(all)
    }

    /// What ends the tokens that an application was granted, and tells it; `None` where none works.
    async fn revoked(
        &self,
        account_id: AccountId,
        application: &OwnedApplication,
        (mut book, version): (CredentialBook, i64),
        actor: &Actor,
    ) -> Result<Option<Changes>, Failure> {
        let now = self.inner.clock.wall();
        let is_granted = |kept: &KeptSecret| kept.origin == Origin::AuthorizationCode;
        let worked = book.secrets.iter().filter(|kept| is_granted(kept) && kept.works(now));
        let is_live = worked.filter_map(|kept| kept.mode).any(Mode::is_live);
        if !book.revoke(now, is_granted) {
            return Ok(None);
        }
        let name = application.id.to_string();
        let records = vec![
            self.set_entry(account_id, EntryKind::Credentials, &name, version, &book)?,
            self.audited(account_id, actor, "application.deauthorized", &name, &application.details.name)?,
        ];
        let mode = if is_live { Mode::Live } else { Mode::Test };
        let of = (account_id, application.id);
        let deliveries = self.connect_deliveries(of, mode, "application.deauthorized").await?;
        Ok(Some(Changes { records, deliveries, ..Changes::default() }))
    }

    /// What takes codes and refresh tokens away that were not used yet.
    async fn grants_gone(
        &self,
        account_id: AccountId,
        is_meant: impl Fn(&Grant) -> bool,
    ) -> Result<Vec<RecordChange>, Failure> {
        let grants = self.entries::<Grant>(account_id, EntryKind::Grant, None, MOST_GRANTS).await?;
        let gone = grants.into_iter().filter(|entry| is_meant(&entry.value)).map(|entry| {
            let (kind, name, version) = (EntryKind::Grant, entry.name, entry.version);
            RecordChange::AccountEntry(EntryChange::Delete { account_id, kind, name, version })
        });
        Ok(gone.collect())
    }
}
