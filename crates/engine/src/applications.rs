//! The applications of an account: made, changed, let through the gate, and deleted.

use crate::audit::Actor;
use crate::credentials::{self, NewSecrets};
use crate::payments::{MAX_ROUNDS, from_json};
use crate::{Engine, Failure, seeds};
use pasarela_domain::application::credentials::CredentialBook;
use pasarela_domain::application::{ActivationDecision, Application, MOST_APPLICATIONS, request};
use pasarela_domain::identity::{AccountId, ApplicationId};
use pasarela_domain::refusal::Refusal;
use pasarela_store::{ApplicationRecord, EntryKind, RecordChange};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// An application with its number and owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedApplication {
    /// Its number, which is its `client_id` too.
    pub id: ApplicationId,
    /// Its owner.
    pub account_id: AccountId,
    /// Its details.
    pub details: Application,
    /// The version that a change of the details names.
    version: i64,
}

/// What an application's row says for itself: how it was called when it was made.
#[derive(Deserialize, Serialize)]
pub(crate) struct ApplicationBody {
    pub(crate) id: ApplicationId,
    pub(crate) name: String,
    /// Of applications that were made before credentials could be renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret_lookup: Option<String>,
}

impl OwnedApplication {
    /// As the API shows it.
    pub fn to_json(&self) -> Value {
        let details = &self.details;
        json!({
            "id": self.id,
            "client_id": self.id.to_string(),
            "user_id": self.account_id,
            "name": details.name,
            "short_name": details.short_name,
            "description": details.description,
            "industry": details.industry,
            "site_url": details.site_url,
            "payment_solution": details.payment_solution,
            "product": details.product,
            "platform": details.platform,
            "redirect_url": details.redirect_url,
            "pkce": details.pkce,
            "flows": details.flows,
            "scopes": details.scopes,
            "date_created": details.created,
            "is_active": details.is_active,
            "decisions": details.decisions,
        })
    }
}

/// What is refused when there is no such application, or it is somebody else's.
pub(crate) fn unknown() -> Refusal {
    Refusal::plain(404, "application not found")
}

impl Engine {
    /// The application with this number, whosever it is, deleted ones too.
    pub(crate) async fn application_by_id(
        &self,
        id: ApplicationId,
    ) -> Result<Option<OwnedApplication>, Failure> {
        match self.inner.store.application(id).await? {
            Some(record) => self.with_details(&record).await.map(Some),
            None => Ok(None),
        }
    }

    async fn with_details(&self, record: &ApplicationRecord) -> Result<OwnedApplication, Failure> {
        let (id, account_id) = (record.id, record.account_id);
        let entry = self.entry::<Application>(account_id, EntryKind::Application, &id.to_string()).await?;
        if let Some(entry) = entry {
            return Ok(OwnedApplication { id, account_id, details: entry.value, version: entry.version });
        }
        // One that is well-known, or older than the gate: it goes on.
        let body: ApplicationBody = from_json(&record.body, "an application")?;
        let mut details = Application::new(body.name, seeds::REGISTERED);
        details.is_active = true;
        Ok(OwnedApplication { id, account_id, details, version: 0 })
    }

    /// An application of an account.
    ///
    /// # Errors
    /// 404 for one that is not there, deleted, or somebody else's.
    pub async fn application(
        &self,
        account_id: AccountId,
        id: ApplicationId,
    ) -> Result<OwnedApplication, Failure> {
        let found = self.application_by_id(id).await?;
        let own = found.filter(|found| found.account_id == account_id && found.details.deleted.is_none());
        Ok(own.ok_or_else(unknown)?)
    }

    /// An account's applications, oldest first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn applications(&self, account_id: AccountId) -> Result<Vec<OwnedApplication>, Failure> {
        let mut applications = Vec::new();
        for record in self.inner.store.applications_of(account_id).await? {
            let application = self.with_details(&record).await?;
            if application.details.deleted.is_none() {
                applications.push(application);
            }
        }
        applications.sort_by_key(|application| (application.details.created, application.id));
        Ok(applications)
    }

    /// Makes an application with its credentials; its live ones do not work before it is activated.
    ///
    /// # Errors
    /// 400 for what a field can't be, and for one application too many.
    pub async fn create_application(
        &self,
        account_id: AccountId,
        request: &Map<String, Value>,
        actor: &Actor,
    ) -> Result<(OwnedApplication, NewSecrets), Failure> {
        for _ in 0..MAX_ROUNDS {
            let now = self.inner.clock.wall();
            let mut details = Application::new(String::new(), now);
            request::change(&mut details, request)?;
            if details.name.is_empty() {
                return Err(Refusal::keyed(400, "invalid_application", "name must not be empty").into());
            }
            if self.applications(account_id).await?.len() >= MOST_APPLICATIONS {
                let why = format!("an account has at most {MOST_APPLICATIONS} applications");
                return Err(Refusal::keyed(400, "too_many_applications", why).into());
            }
            let id = credentials::draw_application_id();
            let mut secrets = NewSecrets::draw(id, account_id, now);
            secrets.is_test = self.is_test_user(account_id).await?;
            let mut records = self.application_records(account_id, id, &details, &secrets)?;
            records.push(self.audited(
                account_id,
                actor,
                "application.created",
                &id.to_string(),
                &details.name,
            )?);
            if self.try_commit(records).await? {
                return Ok((OwnedApplication { id, account_id, details, version: 1 }, secrets));
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// What makes an application with its secrets.
    pub(crate) fn application_records(
        &self,
        account_id: AccountId,
        id: ApplicationId,
        details: &Application,
        secrets: &NewSecrets,
    ) -> Result<Vec<RecordChange>, Failure> {
        let name = id.to_string();
        let body = ApplicationBody { id, name: details.name.clone(), client_secret_lookup: None };
        let sealed = self
            .inner
            .vault
            .seal_secret(secrets.webhook_secret.as_bytes(), &seeds::webhook_secret_record(id));
        let mut book = CredentialBook::default();
        book.add(self.kept(account_id, id, secrets, details.created), details.created);
        let mut records = vec![
            RecordChange::InsertApplication(ApplicationRecord {
                id,
                account_id,
                sealed_webhook_secret: sealed.0,
                body: crate::payments::to_json(&body)?,
            }),
            self.set_entry(account_id, EntryKind::Application, &name, 0, details)?,
            self.set_entry(account_id, EntryKind::Credentials, &name, 0, &book)?,
        ];
        records.extend(self.credential_records(account_id, id, secrets));
        Ok(records)
    }

    /// Changes the fields that `request` names.
    ///
    /// # Errors
    /// 400 for what a field can't be, 404 for an application that is not the account's.
    pub async fn change_application(
        &self,
        account_id: AccountId,
        id: ApplicationId,
        request: &Map<String, Value>,
        actor: &Actor,
    ) -> Result<OwnedApplication, Failure> {
        let names: Vec<&str> = request.keys().map(String::as_str).collect();
        let detail = names.join(", ");
        self.write_application(account_id, id, actor, ("application.changed", &detail), |details| {
            request::change(details, request)
        })
        .await
    }

    /// Deletes an application: its credentials and what sellers granted it stop working at once, for good.
    ///
    /// # Errors
    /// 404 for an application that is not the account's.
    pub async fn delete_application(
        &self,
        account_id: AccountId,
        id: ApplicationId,
        actor: &Actor,
    ) -> Result<(), Failure> {
        let now = self.inner.clock.wall();
        self.write_application(account_id, id, actor, ("application.deleted", ""), |details| {
            details.deleted = Some(now);
            details.is_active = false;
            Ok(())
        })
        .await
        .map(drop)
    }

    /// Lets an application's live credentials work, or not, as an operator decides. The decision is kept.
    ///
    /// # Errors
    /// 404 for an application that is not there, 400 for live credentials of a test user.
    pub async fn decide_activation(
        &self,
        id: ApplicationId,
        is_active: bool,
        reason: &str,
        actor: &Actor,
    ) -> Result<OwnedApplication, Failure> {
        for _ in 0..MAX_ROUNDS {
            let application = self.application_by_id(id).await?;
            let application =
                application.filter(|found| found.details.deleted.is_none()).ok_or_else(unknown)?;
            let records = self.activation(application, is_active, reason, Value::Null, actor).await?;
            if self.try_commit(records).await? {
                self.inner.access.forget(id);
                return self.application_by_id(id).await?.ok_or_else(|| unknown().into());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// The changes that a decision about `application` is, with what it rests on.
    pub(crate) async fn activation(
        &self,
        mut application: OwnedApplication,
        is_active: bool,
        reason: &str,
        evidence: Value,
        actor: &Actor,
    ) -> Result<Vec<RecordChange>, Failure> {
        let account_id = application.account_id;
        if is_active && self.is_test_user(account_id).await? {
            return Err(Refusal::plain(400, "a test user's application takes no live payments").into());
        }
        let decision = ActivationDecision {
            at: self.inner.clock.wall(),
            is_active,
            by: actor.name.clone(),
            reason: reason.to_owned(),
            evidence,
        };
        let act = if is_active { "credentials.activated" } else { "credentials.deactivated" };
        application.details.decide(decision);
        let name = application.id.to_string();
        let version = application.version;
        Ok(vec![
            self.set_entry(account_id, EntryKind::Application, &name, version, &application.details)?,
            self.audited(account_id, actor, act, &name, reason)?,
        ])
    }

    async fn write_application(
        &self,
        account_id: AccountId,
        id: ApplicationId,
        actor: &Actor,
        (act, detail): (&str, &str),
        change: impl Fn(&mut Application) -> Result<(), Refusal>,
    ) -> Result<OwnedApplication, Failure> {
        let name = id.to_string();
        for _ in 0..MAX_ROUNDS {
            let mut application = self.application(account_id, id).await?;
            change(&mut application.details)?;
            let (version, details) = (application.version, &application.details);
            let records = vec![
                self.set_entry(account_id, EntryKind::Application, &name, version, details)?,
                self.audited(account_id, actor, act, &name, detail)?,
            ];
            if self.try_commit(records).await? {
                self.inner.access.forget(id);
                application.version += 1;
                return Ok(application);
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }
}
