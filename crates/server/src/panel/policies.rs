//! Policies and contact: what buyers see of the seller, and how its pages look.

use super::form::Form;
use super::frame::{Frame, Room};
use super::visit::{SignedIn, Visit};
use super::words::filled;
use crate::api::answer::ApiFailure;
use crate::api::branding::logo_path;
use crate::api::request::{RawBody, query_value};
use askama::Template;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use pasarela_domain::identity::Mode;
use pasarela_domain::member::Permission;
use pasarela_engine::Failure;
use pasarela_engine::branding::{BrandingChange, LARGEST_LOGO, LONGEST_SIDE};
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
    /// Where the logo is, as buyers load it.
    logo: Option<String>,
}

#[derive(Template)]
#[template(path = "panel/policies.html")]
struct PoliciesTemplate {
    frame: Frame,
    fields: Vec<PolicyField>,
    may_change: bool,
    looks: Vec<Look>,
    may_change_looks: bool,
    logo_rule: String,
}

/// Where a form leads that did what it says.
const DONE: &str = "/panel/policies?done=saved";

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
        let (fields, logo_rule) = (fields.collect(), logo_rule(&signed.visit));
        Ok::<_, Failure>(PoliciesTemplate { frame, fields, may_change, looks, may_change_looks, logo_rule })
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
        let branding = engine.branding_of(application.id, Mode::Live).await?;
        looks.push(Look {
            logo: logo_path(application.id, Mode::Live, &branding),
            application_id: application.id,
            application: application.details.name,
            name: branding.name.unwrap_or_default(),
            color: branding.color.map(|digits| format!("#{digits}")).unwrap_or_default(),
        });
    }
    Ok(looks)
}

/// Changes how an application's pages look, in both modes.
pub async fn save_look(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::Applications) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let said = |name: &str| Some(Some(form.text(name).trim().to_owned()).filter(|text| !text.is_empty()));
    let change = BrandingChange { name: said("name"), color: said("color"), logo: None };
    signed.visit.go_on(change_looks(&signed, &form, &change).await, DONE)
}

/// Takes a picture as the application's logo.
pub async fn save_logo(signed: SignedIn, headers: HeaderMap, body: Result<RawBody, ApiFailure>) -> Response {
    let wrong = |status| signed.visit.notice(status, &logo_rule(&signed.visit));
    let body = match body {
        Ok(body) => body,
        Err(failure) if failure.status() == StatusCode::PAYLOAD_TOO_LARGE => return wrong(failure.status()),
        Err(failure) => return failure.into_response(),
    };
    let form = Form::with_file(&signed, (&headers, &body), "logo", Permission::Applications).await;
    let (form, picture) = match form {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let change = BrandingChange { logo: Some(Some(picture.to_vec())), ..BrandingChange::default() };
    match change_looks(&signed, &form, &change).await {
        Err(Failure::Refused(refusal)) if refusal.status == 400 => wrong(StatusCode::BAD_REQUEST),
        done => signed.visit.go_on(done, DONE),
    }
}

/// Takes the application's logo away.
pub async fn remove_logo(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::Applications) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let change = BrandingChange { logo: Some(None), ..BrandingChange::default() };
    signed.visit.go_on(change_looks(&signed, &form, &change).await, DONE)
}

async fn change_looks(signed: &SignedIn, form: &Form, change: &BrandingChange) -> Result<(), Failure> {
    let application_id = form.text("application").parse().unwrap_or(0);
    signed.visit.engine.change_looks(signed.account_id(), application_id, change, &signed.actor()).await
}

/// What a logo must be, in the visitor's language.
fn logo_rule(visit: &Visit) -> String {
    filled(visit.words().logo_rule, &[&(LARGEST_LOGO / 1024), &LONGEST_SIDE])
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
        Ok(_) => signed.visit.go(DONE),
        Err(failure) => signed.visit.fail(&failure),
    }
}
