//! Another password, in one commit with all that follows from it: sessions end, applications of others are let in no more, and,
//! where the e-mail had not been proved, what whoever signed up with it was given stops.

use super::KnownLogin;
use super::notices::Notice;
use crate::audit::Actor;
use crate::credentials::NewSecrets;
use crate::payments::to_json;
use crate::{Engine, Failure};
use pasarela_domain::application::credentials::CredentialBook;
use pasarela_domain::identity::{AccountId, ApplicationId};
use pasarela_domain::login::LoginState;
use pasarela_store::{EntryKind, LoginChange, LoginRecord, RecordChange};

/// What takes an account's credentials away from whoever has them.
#[derive(Default)]
pub(crate) struct TakenOver {
    records: Vec<RecordChange>,
    applications: Vec<ApplicationId>,
}

impl Engine {
    /// Tries to give a login another password, with what else is to happen in that commit. The owner is told by mail. `false` when
    /// somebody was faster, and all is to be read again.
    pub(crate) async fn try_password(
        &self,
        login: &KnownLogin,
        password_hash: &str,
        records: Vec<RecordChange>,
        taken: TakenOver,
        actor: &Actor,
    ) -> Result<bool, Failure> {
        let state = LoginState { password_hash: password_hash.to_owned(), ..login.state.clone() };
        let is_done = self.try_login(login, &state, records, taken, actor).await?;
        if is_done {
            self.notify_person(login.account_id, Notice::PasswordChanged).await;
        }
        Ok(is_done)
    }

    /// Tries to write a login's new state with what follows from it: whoever was in by the old one is out.
    pub(crate) async fn try_login(
        &self,
        login: &KnownLogin,
        state: &LoginState,
        records: Vec<RecordChange>,
        taken: TakenOver,
        actor: &Actor,
    ) -> Result<bool, Failure> {
        let account_id = login.account_id;
        let revoked = self.all_revoked(account_id, &taken.applications, actor).await?;
        let record = LoginRecord { body: to_json(state)?, ..login.record.clone() };
        let mut changes = revoked.changes;
        changes.records.extend(records);
        changes.records.extend(taken.records);
        changes.records.push(RecordChange::Login(LoginChange::Update(record)));
        changes.records.push(RecordChange::Login(LoginChange::EndAll { account_id }));
        if !self.commit_told(changes).await? {
            return Ok(false);
        }
        for application_id in revoked.applications.into_iter().chain(taken.applications) {
            self.inner.access.forget(application_id);
        }
        Ok(true)
    }

    /// Whoever signed up with somebody else's e-mail has the credentials that were made meanwhile: what gives each application
    /// others, and ends these.
    pub(crate) async fn taken_over(
        &self,
        account_id: AccountId,
        actor: &Actor,
    ) -> Result<TakenOver, Failure> {
        let mut taken = TakenOver::default();
        for application in self.applications(account_id).await? {
            let (id, now) = (application.id, self.inner.clock.wall());
            let mut secrets = NewSecrets::draw(id, account_id, now);
            secrets.is_test = self.is_test_user(account_id).await?;
            let (_, version) = self.credential_book(account_id, id).await?;
            // Of the old ones nothing stays, not even what could be asked for again: what is not in the book does not work.
            let book = CredentialBook { secrets: self.kept(account_id, id, &secrets, now) };
            let name = id.to_string();
            let why = "all of them; the old ones stopped at once";
            taken.records.push(self.set_entry(account_id, EntryKind::Credentials, &name, version, &book)?);
            taken.records.push(self.audited(account_id, actor, "credentials.renewed", &name, why)?);
            taken.records.extend(self.credential_records(account_id, id, &secrets));
            taken.applications.push(id);
        }
        Ok(taken)
    }
}
