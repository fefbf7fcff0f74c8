//! `pasarela accounts`: a seller comes to an operator's server.

use crate::audit::Actor;
use crate::copying::Place;
use crate::credentials::{NewSecrets, draw_account_id, draw_application_id};
use crate::pix_keys::random_key;
use crate::seeds::{SeedAccount, user_body};
use crate::upkeep::{UpkeepError, failed};
use crate::{Engine, Failure};
use pasarela_domain::application::Application;
use pasarela_domain::identity::{AccountId, ApplicationId};
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{AccountRecord, Changes, CommitError, EntryKind, RecordChange, Store, StoreOptions};
use serde::Serialize;
use serde_json::{Value, json};

/// Random ids that are taken are drawn again: one of two billion is, until there are very many.
const MOST_DRAWS: u32 = 8;

/// Who comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// The market.
    pub site: Site,
    /// The seller's lower-case e-mail.
    pub email: String,
    /// What buyers see; without it, the e-mail's first part.
    pub name: Option<String>,
}

/// An account with its application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Enrolled {
    /// The market.
    pub site: Site,
    /// The account.
    pub user_id: AccountId,
    /// Its e-mail.
    pub email: String,
    /// What buyers see.
    pub name: String,
    /// The application, which is its `client_id` too.
    pub application_id: ApplicationId,
}

/// A new account with its secrets. Never in a `Debug`.
#[derive(Serialize)]
pub struct Enrolment {
    /// The account.
    #[serde(flatten)]
    pub account: Enrolled,
    /// What its application is called by and signs with.
    #[serde(flatten)]
    pub secrets: NewSecrets,
}

impl Engine {
    /// Makes an account, its application and its credentials; the live ones do not work before they are activated.
    ///
    /// # Errors
    /// When the e-mail has an account on the site already, or the store fails.
    pub async fn enrol(&self, new: &NewAccount, actor: &Actor) -> Result<Enrolment, UpkeepError> {
        for _ in 0..MOST_DRAWS {
            let taken = self.inner.store.account_by_email(new.site, &new.email).await.map_err(failed)?;
            if taken.is_some() {
                return Err(failed(format!("{} has an account on {} already", new.email, new.site)));
            }
            let now = self.inner.clock.wall();
            let enrolment = draw(new, now);
            let records = self.enrolment_records(&enrolment, now, actor).map_err(failed)?;
            match self.inner.store.commit(Changes { records, ..Changes::default() }).await {
                Ok(()) => return Ok(enrolment),
                Err(CommitError::AlreadyExists(_)) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed("no free number was found for it"))
    }

    fn enrolment_records(
        &self,
        enrolment: &Enrolment,
        now: Timestamp,
        actor: &Actor,
    ) -> Result<Vec<RecordChange>, Failure> {
        let Enrolled { site, user_id, email, name, application_id } = &enrolment.account;
        let details = Application::new(name.clone(), now);
        let account = account_record(*user_id, *site, email, name, now);
        let mut records = vec![RecordChange::InsertAccount(account)];
        records.extend(self.application_records(*user_id, *application_id, &details, &enrolment.secrets)?);
        if *site == Site::MLB {
            records.push(random_key(*user_id, &uuid::Uuid::new_v4().to_string(), now));
        }
        records.push(self.audited(*user_id, actor, "account.created", &user_id.to_string(), email)?);
        Ok(records)
    }
}

fn draw(new: &NewAccount, now: Timestamp) -> Enrolment {
    let (user_id, application_id) = (draw_account_id(), draw_application_id());
    let first_part = new.email.split('@').next().unwrap_or_default();
    let name = new.name.clone().unwrap_or_else(|| first_part.to_owned());
    Enrolment {
        account: Enrolled { site: new.site, user_id, email: new.email.clone(), name, application_id },
        secrets: NewSecrets::draw(application_id, user_id, now),
    }
}

/// The accounts that have an application, by the application's number.
///
/// # Errors
/// When there is no data, or it can't be read.
pub async fn list(place: &Place) -> Result<Vec<Enrolled>, UpkeepError> {
    let store = Store::open(StoreOptions::read_only_at(place.location())).await?;
    let listed = async {
        let mut listed = Vec::new();
        for application in store.sealed_applications().await.map_err(failed)? {
            let Some(account) = store.account(application.account_id).await.map_err(failed)? else {
                continue;
            };
            let name = application.id.to_string();
            let entry =
                store.account_entry(account.id, EntryKind::Application, &name).await.map_err(failed)?;
            let details = entry.map(|entry| serde_json::from_slice::<Application>(&entry.body)).transpose();
            if details.map_err(failed)?.is_some_and(|details| details.deleted.is_some()) {
                continue;
            }
            let body: Value = serde_json::from_slice(&account.body).map_err(failed)?;
            listed.push(Enrolled {
                site: account.site,
                user_id: account.id,
                email: account.email,
                name: body["nickname"].as_str().unwrap_or_default().to_owned(),
                application_id: application.id,
            });
        }
        Ok(listed)
    }
    .await;
    store.close().await;
    listed
}

/// A new account. What `GET /users/me` shows of it is what the well-known ones show, without what was made up for them.
pub(crate) fn account_record(
    id: AccountId,
    site: Site,
    email: &str,
    name: &str,
    now: Timestamp,
) -> AccountRecord {
    let mut body = user_body(&SeedAccount {
        site,
        id,
        email: email.to_owned(),
        nickname: name.to_owned(),
        first_name: name.to_owned(),
        last_name: String::new(),
        identification_type: String::new(),
        identification_number: String::new(),
    });
    body["registration_date"] = json!(now.to_wire());
    body["address"] = json!({"address": "", "city": "", "state": "", "zip_code": ""});
    body["phone"] = json!({"area_code": "", "extension": "", "number": "", "verified": false});
    body["tags"] = json!(["normal"]);
    AccountRecord { id, site, email: email.to_owned(), body: body.to_string().into_bytes() }
}
