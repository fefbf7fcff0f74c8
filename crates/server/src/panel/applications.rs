//! Applications: their list, and each with its credentials and settings.

use super::form::Form;
use super::frame::{Frame, Room};
use super::integration::{Tab, tabs};
use super::integration_words::IntegrationWords;
use super::visit::SignedIn;
use super::words::PanelWords;
use crate::api::request::{PathPart, RawBody, path_id, query_value};
use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use pasarela_domain::application::Application;
use pasarela_domain::application::credentials::{Origin, SecretKind};
use pasarela_domain::application::request::INDUSTRIES;
use pasarela_domain::identity::{ApplicationId, Mode};
use pasarela_domain::member::Permission;
use pasarela_domain::timestamp::{HOUR, Timestamp};
use pasarela_engine::Failure;
use pasarela_engine::applications::OwnedApplication;
use pasarela_engine::credentials::ShownSecret;
use pasarela_engine::shares::{Share, SharedApplication};
use serde_json::{Map, Value, json};

/// The products that there are to choose from.
const PRODUCTS: [&str; 6] =
    ["checkout_pro", "checkout_api", "checkout_bricks", "subscription", "point", "qr_code"];

struct Line {
    id: i64,
    name: String,
    is_active: bool,
}

#[derive(Template)]
#[template(path = "panel/applications.html")]
struct ListTemplate {
    frame: Frame,
    applications: Vec<Line>,
    /// What others share with whoever logged in, beside its own account's.
    shared: Vec<SharedApplication>,
    may_change: bool,
}

/// A secret as the page shows it.
pub(super) struct SecretLine {
    pub(super) key: String,
    pub(super) label: &'static str,
    /// What may be seen now.
    pub(super) text: Option<String>,
    /// Whether it can be revealed.
    pub(super) is_kept: bool,
    pub(super) until: Option<Timestamp>,
    pub(super) last_used: Option<Timestamp>,
}

/// The secrets that are renewed together.
pub(super) struct Group {
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    /// What a renewal names; nothing where there is none.
    pub(super) renews: &'static str,
    /// The current secret's mark: a second click on an old page renews nothing.
    pub(super) seen: String,
    pub(super) secrets: Vec<SecretLine>,
}

struct Field {
    name: &'static str,
    label: &'static str,
    value: String,
    choices: &'static [&'static str],
}

struct Shown {
    id: i64,
    name: String,
    is_active: bool,
    pkce: bool,
}

#[derive(Template)]
#[template(path = "panel/application.html")]
struct ApplicationTemplate {
    frame: Frame,
    words: &'static IntegrationWords,
    tabs: Vec<Tab>,
    application: Shown,
    groups: Vec<Group>,
    shares: Vec<Share>,
    may_share: bool,
    fields: Vec<Field>,
    may_change: bool,
    is_revealed: bool,
}

/// The list, and the form for a new one.
pub async fn list(signed: SignedIn, RawQuery(query): RawQuery) -> Response {
    let listed = async {
        let words = signed.visit.words();
        let applications = signed.visit.engine.applications(signed.account_id()).await?;
        let line = |application: OwnedApplication| Line {
            id: application.id,
            name: application.details.name,
            is_active: application.details.is_active,
        };
        let mut frame = signed.frame(Room::Applications, words.applications).await?;
        if query_value(query.as_deref(), "done").as_deref() == Some("deleted") {
            frame = frame.told(words.deleted);
        }
        let shared = match signed.person.id == signed.account_id() {
            true => signed.visit.engine.shared_with(signed.person.id).await?,
            false => Vec::new(),
        };
        let may_change = signed.role.may(Permission::Applications);
        let applications = applications.into_iter().map(line).collect();
        Ok(ListTemplate { frame, applications, shared, may_change })
    };
    signed.visit.show(listed.await)
}

/// Makes an application.
pub async fn create(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::Applications) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let request = Map::from_iter([("name".to_owned(), json!(form.text("name")))]);
    let engine = &signed.visit.engine;
    match engine.create_application(signed.account_id(), &request, &signed.actor()).await {
        Ok((application, _)) => {
            signed.visit.go(&format!("/panel/applications/{}?done=created", application.id))
        }
        Err(failure) => signed.visit.fail(&failure),
    }
}

/// An application.
pub async fn page(signed: SignedIn, PathPart(id): PathPart<String>, RawQuery(query): RawQuery) -> Response {
    let words = signed.visit.words();
    let told = match query_value(query.as_deref(), "done").as_deref() {
        Some("created") => Some(words.created),
        Some("saved") => Some(words.saved),
        _ => None,
    };
    signed.visit.show(shown(&signed, number(&id), told, false).await)
}

/// The same with its secrets, which is noted.
pub async fn reveal(signed: SignedIn, PathPart(id): PathPart<String>, body: RawBody) -> Response {
    if let Err(page) = Form::of(&signed, &body, Permission::Applications) {
        return *page;
    }
    let (engine, id) = (&signed.visit.engine, number(&id));
    if let Err(failure) = engine.note_reveal(signed.account_id(), id, &signed.actor()).await {
        return signed.visit.fail(&failure);
    }
    signed.visit.show(shown(&signed, id, None, true).await)
}

/// Renews credentials, and shows the new ones.
pub async fn renew(signed: SignedIn, PathPart(id): PathPart<String>, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::Applications) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let (engine, id, account_id) = (&signed.visit.engine, number(&id), signed.account_id());
    let hours = form.text("grace").parse::<i64>().unwrap_or(12).clamp(0, 720);
    let secrets = match engine.own_credentials(account_id, id).await {
        Ok(secrets) => secrets,
        Err(failure) => return signed.visit.fail(&failure),
    };
    let (kind, mode) = match form.text("renew") {
        "test" => (SecretKind::AccessToken, Some(Mode::Test)),
        "live" => (SecretKind::AccessToken, Some(Mode::Live)),
        _ => (SecretKind::ClientSecret, None),
    };
    if seen(&secrets, kind, mode) != form.text("seen") {
        return signed.visit.notice(StatusCode::CONFLICT, signed.visit.words().renewed_meanwhile);
    }
    let grace_ms = hours * HOUR;
    let renewed = match mode {
        Some(mode) => {
            engine.renew_credentials(account_id, id, mode, grace_ms, &signed.actor()).await.map(drop)
        }
        None => engine.renew_client_secret(account_id, id, grace_ms, &signed.actor()).await.map(drop),
    };
    if let Err(failure) = renewed {
        return signed.visit.fail(&failure);
    }
    signed.visit.show(shown(&signed, id, Some(signed.visit.words().saved), true).await)
}

/// Changes the settings.
pub async fn save(signed: SignedIn, PathPart(id): PathPart<String>, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::Applications) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let id = number(&id);
    let mut request = Map::new();
    for field in fields(&Application::new(String::new(), Timestamp(0)), signed.visit.words()) {
        let text = form.text(field.name).trim();
        request.insert(field.name.to_owned(), if text.is_empty() { Value::Null } else { json!(text) });
    }
    request.insert("pkce".to_owned(), json!(form.is_checked("pkce")));
    let engine = &signed.visit.engine;
    match engine.change_application(signed.account_id(), id, &request, &signed.actor()).await {
        Ok(_) => signed.visit.go(&format!("/panel/applications/{id}?done=saved")),
        Err(failure) => signed.visit.fail(&failure),
    }
}

/// Deletes an application whose number was written to confirm it.
pub async fn delete(signed: SignedIn, PathPart(id): PathPart<String>, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::Applications) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let id = number(&id);
    if form.text("confirm").trim() != id.to_string() {
        return signed.visit.notice(StatusCode::BAD_REQUEST, signed.visit.words().delete_unconfirmed);
    }
    let done = signed.visit.engine.delete_application(signed.account_id(), id, &signed.actor()).await;
    signed.visit.go_on(done, "/panel/applications?done=deleted")
}

/// An id in a path; 0, which is nobody's, for anything that is no id.
pub(super) fn number(id: &str) -> ApplicationId {
    path_id(id).unwrap_or(0)
}

async fn shown(
    signed: &SignedIn,
    id: ApplicationId,
    told: Option<&str>,
    is_revealed: bool,
) -> Result<ApplicationTemplate, Failure> {
    let (engine, words) = (&signed.visit.engine, signed.visit.words());
    let application = engine.application(signed.account_id(), id).await?;
    let secrets = engine.own_credentials(signed.account_id(), id).await?;
    let may_change = signed.role.may(Permission::Applications);
    let (test_webhook_secret, webhook_secret) = match is_revealed && may_change {
        true => (
            engine.current_webhook_secret(id, Mode::Test).await,
            engine.current_webhook_secret(id, Mode::Live).await,
        ),
        false => (None, None),
    };
    let mut frame = signed.frame(Room::Applications, &application.details.name).await?;
    if let Some(told) = told {
        frame = frame.told(told);
    }
    let mut groups = groups(id, &secrets, is_revealed && may_change, words);
    let may_share = signed.role.may(Permission::People);
    let shares = if may_share { engine.shares(signed.account_id(), id).await? } else { Vec::new() };
    groups[0].secrets.push(extra("test-webhook-secret", words.webhook_secret, test_webhook_secret));
    groups[1].secrets.push(extra("webhook-secret", words.webhook_secret, webhook_secret));
    let integration_words = IntegrationWords::of(signed.visit.locale);
    Ok(ApplicationTemplate {
        frame,
        words: integration_words,
        tabs: tabs(id, "", words.credentials, integration_words),
        fields: fields(&application.details, words),
        application: Shown {
            id,
            name: application.details.name,
            is_active: application.details.is_active,
            pkce: application.details.pkce,
        },
        groups,
        shares,
        may_share,
        may_change,
        is_revealed,
    })
}

/// An application's credentials: test, live, and OAuth's.
pub(super) fn groups(
    id: ApplicationId,
    secrets: &[ShownSecret],
    may_see: bool,
    words: &PanelWords,
) -> Vec<Group> {
    let mut groups = vec![
        group(("test", words.test_credentials, "test"), secrets, Some(Mode::Test), may_see, words),
        group(("live", words.live_credentials, "live"), secrets, Some(Mode::Live), may_see, words),
        group(("oauth", words.oauth_credentials, "client_secret"), secrets, None, may_see, words),
    ];
    groups[2].secrets.insert(0, extra("client-id", words.client_id, Some(id.to_string())));
    groups
}

fn extra(key: &str, label: &'static str, text: Option<String>) -> SecretLine {
    SecretLine { key: key.to_owned(), label, text, is_kept: true, until: None, last_used: None }
}

/// What marks the current secret of a kind: a part of its hash, by which nobody gets in.
fn seen(secrets: &[ShownSecret], kind: SecretKind, mode: Option<Mode>) -> String {
    let is_own = |secret: &&ShownSecret| secret.kept.origin == Origin::Application;
    let mut own = secrets.iter().filter(is_own);
    let current = own.find(|secret| secret.kept.kind == kind && secret.kept.mode == mode);
    current.and_then(|secret| secret.kept.lookup.get(..16)).unwrap_or_default().to_owned()
}

fn group(
    (key, title, renews): (&'static str, &'static str, &'static str),
    secrets: &[ShownSecret],
    mode: Option<Mode>,
    may_see: bool,
    words: &PanelWords,
) -> Group {
    let lines =
        secrets.iter().filter(|secret| secret.kept.mode == mode).enumerate().map(|(index, secret)| {
            let is_public = secret.kept.kind == SecretKind::PublicKey;
            SecretLine {
                key: format!("{key}-{index}"),
                label: match secret.kept.kind {
                    SecretKind::PublicKey => words.public_key,
                    SecretKind::AccessToken if secret.kept.origin != Origin::Application => words.asked_token,
                    SecretKind::AccessToken => words.access_token,
                    SecretKind::ClientSecret => words.client_secret,
                },
                text: secret.secret.clone().filter(|_| is_public || may_see),
                is_kept: secret.secret.is_some(),
                until: secret.kept.expires,
                last_used: secret.last_used,
            }
        });
    let kind = if mode.is_some() { SecretKind::AccessToken } else { SecretKind::ClientSecret };
    Group { key, title, renews, seen: seen(secrets, kind, mode), secrets: lines.collect() }
}

fn fields(details: &Application, words: &PanelWords) -> Vec<Field> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let field = |name, label, value| Field { name, label, value, choices: &[] };
    let product = details.product.and_then(|product| {
        serde_json::to_value(product).ok().and_then(|word| word.as_str().map(str::to_owned))
    });
    vec![
        field("name", words.name, details.name.clone()),
        field("short_name", words.short_name, text(&details.short_name)),
        field("description", words.description, text(&details.description)),
        Field { choices: &INDUSTRIES, ..field("industry", words.industry, text(&details.industry)) },
        field("site_url", words.site_url, text(&details.site_url)),
        Field { choices: &PRODUCTS, ..field("product", words.product, text(&product)) },
        field("platform", words.platform, text(&details.platform)),
        field("redirect_url", words.redirect_url, text(&details.redirect_url)),
    ]
}
