//! Policies and contact: what buyers see of the seller, and how its pages look.

use super::form::Form;
use super::frame::{Frame, Room};
use super::visit::SignedIn;
use crate::api::request::{RawBody, query_value};
use askama::Template;
use axum::extract::RawQuery;
use axum::response::Response;
use pasarela_domain::identity::{ApplicationId, Caller, CredentialKind, Mode};
use pasarela_domain::member::Permission;
use pasarela_engine::Failure;
use pasarela_engine::branding::{Branding, BrandingChange};
use serde_json::{Map, json};

struct PolicyField {
    name: &'static str,
    label: &'static str,
    value: String,
}

/// How an application's pages look.
struct Look {
    application_id: i64,
    application: String,
    name: String,
    color: String,
}

#[derive(Template)]
#[template(path = "panel/policies.html")]
struct PoliciesTemplate {
    frame: Frame,
    fields: Vec<PolicyField>,
    may_change: bool,
    looks: Vec<Look>,
    may_change_looks: bool,
}

/// The names of the policies, as the form and the domain have them.
const NAMES: [&str; 5] =
    ["terms_url", "support_email", "support_phone", "support_url", "statement_descriptor"];

/// The page.
pub async fn page(signed: SignedIn, RawQuery(query): RawQuery) -> Response {
    let words = signed.visit.words();
    let template = async {
        let policies = signed.visit.engine.policies(signed.account_id()).await?;
        let values = [
            (words.terms_url, policies.terms_url.clone()),
            (words.support_email, policies.support_email.clone()),
            (words.support_phone, policies.support_phone.clone()),
            (words.support_url, policies.support_url.clone()),
            (words.statement_descriptor, policies.statement_descriptor.clone()),
        ];
        let fields = NAMES.into_iter().zip(values).map(|(name, (label, value))| PolicyField {
            name,
            label,
            value: value.unwrap_or_default(),
        });
        let mut frame = signed.frame(Room::Policies, words.policies).await?;
        if query_value(query.as_deref(), "done").is_some() {
            frame = frame.told(words.saved);
        }
        let may_change = signed.role.may(Permission::Money);
        let looks = looks(&signed).await?;
        let may_change_looks = signed.role.may(Permission::Applications);
        let fields = fields.collect();
        Ok::<_, Failure>(PoliciesTemplate { frame, fields, may_change, looks, may_change_looks })
    };
    match template.await {
        Ok(template) => signed.visit.answer(&template),
        Err(failure) => signed.visit.fail(&failure),
    }
}

/// The live look of each application.
async fn looks(signed: &SignedIn) -> Result<Vec<Look>, Failure> {
    let engine = &signed.visit.engine;
    let mut looks = Vec::new();
    for application in engine.applications(signed.account_id()).await? {
        let Branding { name, color, .. } = engine.branding_of(application.id, Mode::Live).await?;
        looks.push(Look {
            application_id: application.id,
            application: application.details.name,
            name: name.unwrap_or_default(),
            color: color.map(|digits| format!("#{digits}")).unwrap_or_default(),
        });
    }
    Ok(looks)
}

fn caller(signed: &SignedIn, application_id: ApplicationId, mode: Mode) -> Caller {
    let (account_id, site, kind) = (signed.account_id(), signed.account.site, CredentialKind::AccessToken);
    Caller { account_id, site, application_id, mode, kind }
}

/// Changes how an application's pages look, in both modes.
pub async fn save_look(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::Applications) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let engine = &signed.visit.engine;
    let said = |name: &str| Some(Some(form.text(name).trim().to_owned()).filter(|text| !text.is_empty()));
    let change = BrandingChange { name: said("name"), color: said("color"), logo: None };
    let done = async {
        let application_id = form.text("application").parse().unwrap_or(0);
        engine.application(signed.account_id(), application_id).await?;
        for mode in [Mode::Test, Mode::Live] {
            engine.change_branding(&caller(&signed, application_id, mode), &change).await?;
        }
        Ok::<_, Failure>(())
    };
    signed.visit.go_on(done.await, "/panel/policies?done=saved")
}

/// Changes them.
pub async fn save(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::read(&signed.visit, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    if let Err(page) = signed.may(Permission::Money) {
        return *page;
    }
    let request: Map<_, _> =
        NAMES.map(|name| (name.to_owned(), json!(form.text(name)))).into_iter().collect();
    match signed.visit.engine.change_policies(signed.account_id(), &request, &signed.actor()).await {
        Ok(_) => signed.visit.go("/panel/policies?done=saved"),
        Err(failure) => signed.visit.fail(&failure),
    }
}
