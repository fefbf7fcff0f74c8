//! `/v1/applications`: the applications of an account, and their credentials. What plugins ask of credentials besides.

use super::answer::{Answer, ApiFailure};
use super::authentication::{Holder, Owner, credentials_of};
use super::json;
use super::request::{PathPart, RawBody, path_id, query_pairs, value_of};
use super::sandbox::duration_ms;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use pasarela_domain::application::credentials::{DEFAULT_GRACE_MS, LONGEST_GRACE_MS};
use pasarela_domain::identity::{ApplicationId, Mode};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_engine::Engine;
use pasarela_engine::audit::{Actor, MOST_ACTS};
use pasarela_engine::credentials;
use serde_json::{Map, Value, json as value};

/// The account's applications, oldest first.
#[utoipa::path(
    get, path = "/v1/applications", operation_id = "list_applications", tag = "applications",
    responses(
        (status = 200, description = "`results`, each as one alone is answered", body = Object),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 403, description = "With a public key, or a token that a seller granted", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn list(State(engine): State<Engine>, Owner(caller): Owner) -> Answer {
    let applications = engine.applications(caller.account_id).await?;
    let results: Vec<Value> = applications.iter().map(|application| application.to_json()).collect();
    Ok(json(StatusCode::OK, value!({"results": results}).to_string()))
}

/// Makes an application: `name`, and what else is known of it. The answer has its credentials; the live ones work once it is
/// active. With a live access token.
#[utoipa::path(
    post, path = "/v1/applications", operation_id = "create_application", tag = "applications",
    request_body(content = super::schema::ApplicationRequest),
    responses(
        (status = 201, description = "The application, with `credentials`", body = Object),
        (status = 400, description = "`invalid_application` with the field, or `too_many_applications`", body = super::schema::ApiError),
        (status = 403, description = "With a test access token", body = super::schema::ApiError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn create(State(engine): State<Engine>, owner: Owner, body: RawBody) -> Answer {
    owner.needs_live()?;
    let (application, secrets) =
        engine.create_application(owner.0.account_id, &object(&body)?, &owner.actor()).await?;
    let mut shown = application.to_json();
    shown["credentials"] = value!(secrets);
    Ok(json(StatusCode::CREATED, shown.to_string()))
}

/// An application.
#[utoipa::path(
    get, path = "/v1/applications/{id}", operation_id = "read_application", tag = "applications",
    params(("id" = i64, Path, description = "The application's number")),
    responses(
        (status = 200, description = "Its fields, whether its live credentials work, and how that came", body = Object),
        (status = 404, description = "Not there, or somebody else's", body = super::schema::ApiError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 403, description = "With a public key, or a token that a seller granted", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn read(
    State(engine): State<Engine>,
    Owner(caller): Owner,
    PathPart(id): PathPart<String>,
) -> Answer {
    let application = engine.application(caller.account_id, number(&id)?).await?;
    Ok(json(StatusCode::OK, application.to_json().to_string()))
}

/// Changes the fields that are named; `null` takes one away. With a live access token.
#[utoipa::path(
    put, path = "/v1/applications/{id}", operation_id = "change_application", tag = "applications",
    params(("id" = i64, Path, description = "The application's number")),
    request_body(content = super::schema::ApplicationRequest),
    responses(
        (status = 200, description = "The application as it is now", body = Object),
        (status = 400, description = "`invalid_application` with the field", body = super::schema::ApiError),
        (status = 403, description = "With a test access token", body = super::schema::ApiError),
        (status = 404, description = "Not there, or somebody else's", body = super::schema::ApiError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn change(
    State(engine): State<Engine>,
    owner: Owner,
    PathPart(id): PathPart<String>,
    body: RawBody,
) -> Answer {
    owner.needs_live()?;
    let changed =
        engine.change_application(owner.0.account_id, number(&id)?, &object(&body)?, &owner.actor()).await?;
    Ok(json(StatusCode::OK, changed.to_json().to_string()))
}

/// Deletes an application for good: its credentials, and what sellers granted it, stop working at once. With a live
/// access token.
#[utoipa::path(
    delete, path = "/v1/applications/{id}", operation_id = "delete_application", tag = "applications",
    params(("id" = i64, Path, description = "The application's number")),
    responses(
        (status = 200, description = "It is gone", body = Object),
        (status = 403, description = "With a test access token", body = super::schema::ApiError),
        (status = 404, description = "Not there, or somebody else's", body = super::schema::ApiError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn delete(State(engine): State<Engine>, owner: Owner, PathPart(id): PathPart<String>) -> Answer {
    owner.needs_live()?;
    let id = number(&id)?;
    engine.delete_application(owner.0.account_id, id, &owner.actor()).await?;
    Ok(json(StatusCode::OK, value!({"id": id, "status": "deleted"}).to_string()))
}

/// The credentials that work, newest first: kind, mode, origin, scopes, until when, and when they were last used; also the
/// tokens that were asked for with `client_credentials`, which end with a renewal. Of secrets, only public keys are shown.
#[utoipa::path(
    get, path = "/v1/applications/{id}/credentials", operation_id = "list_credentials", tag = "applications",
    params(("id" = i64, Path, description = "The application's number")),
    responses(
        (status = 200, description = "`results`", body = Object),
        (status = 404, description = "Not there, or somebody else's", body = super::schema::ApiError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 403, description = "With a public key, or a token that a seller granted", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn credentials(
    State(engine): State<Engine>,
    Owner(caller): Owner,
    PathPart(id): PathPart<String>,
) -> Answer {
    let mut shown = engine.own_credentials(caller.account_id, number(&id)?).await?;
    for credential in &mut shown {
        if credential.kept.kind != pasarela_domain::application::credentials::SecretKind::PublicKey {
            credential.secret = None;
        }
    }
    Ok(json(StatusCode::OK, value!({"results": credentials::to_json(&shown)}).to_string()))
}

/// Renews credentials: new ones, shown this once; the old ones work until the grace ends. Live ones, and the client secret,
/// with a live access token.
#[utoipa::path(
    post, path = "/v1/applications/{id}/credentials", operation_id = "renew_credentials", tag = "applications",
    params(("id" = i64, Path, description = "The application's number")),
    request_body(content = super::schema::RenewalRequest),
    responses(
        (status = 201, description = "The new secrets, and `previous_until`", body = Object),
        (status = 400, description = "An unknown word, or a grace of more than 30 days", body = super::schema::ApiError),
        (status = 403, description = "With a test access token", body = super::schema::ApiError),
        (status = 404, description = "Not there, or somebody else's", body = super::schema::ApiError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 429, description = "Too many are in grace, or test ones were renewed too often within the hour", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn renew(
    State(engine): State<Engine>,
    owner: Owner,
    PathPart(id): PathPart<String>,
    body: RawBody,
) -> Answer {
    let (id, request, account_id) = (number(&id)?, object(&body)?, owner.0.account_id);
    let grace_ms = match request.get("grace") {
        None | Some(Value::Null) => DEFAULT_GRACE_MS,
        Some(grace) => grace
            .as_str()
            .and_then(duration_ms)
            .filter(|ms| (0..=LONGEST_GRACE_MS).contains(ms))
            .ok_or_else(|| {
                Refusal::plain(400, "grace is an ISO 8601 duration of at most 30 days, such as PT12H or PT0S")
            })?,
    };
    let (mut new, previous_until) = match request.get("renew").and_then(Value::as_str) {
        Some("client_secret") => {
            owner.needs_live()?;
            let renewal = engine.renew_client_secret(account_id, id, grace_ms, &owner.actor()).await?;
            (value!({"client_secret": renewal.new}), renewal.previous_until)
        }
        Some(word @ ("test" | "live")) => {
            let mode = if word == "live" { Mode::Live } else { Mode::Test };
            if mode == Mode::Live {
                owner.needs_live()?;
            }
            let renewal = engine.renew_credentials(account_id, id, mode, grace_ms, &owner.actor()).await?;
            (value!(renewal.new), renewal.previous_until)
        }
        _ => return Err(Refusal::plain(400, "renew must be test, live or client_secret").into()),
    };
    new["previous_until"] = value!(previous_until.map(Timestamp::to_wire));
    Ok(json(StatusCode::CREATED, new.to_string()))
}

/// Lets the live credentials of an application work, or not, without the gate: on a development server alone, for tests
/// that begin behind it.
#[utoipa::path(
    post, path = "/sandbox/applications/{id}/activation", operation_id = "activate_application", tag = "sandbox",
    params(("id" = i64, Path, description = "The application's number")),
    request_body(content = super::schema::ActivationRequest),
    responses(
        (status = 200, description = "The application as it is now", body = Object),
        (status = 400, description = "Without a reason", body = super::schema::ApiError),
        (status = 403, description = "Not a development server", body = super::schema::ApiError),
        (status = 404, description = "Not there, or somebody else's", body = super::schema::ApiError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn activate(
    State(engine): State<Engine>,
    owner: Owner,
    PathPart(id): PathPart<String>,
    body: RawBody,
) -> Answer {
    if !engine.is_development() {
        return Err(Refusal::plain(403, "only a development server activates without the gate").into());
    }
    let (id, request) = (number(&id)?, object(&body)?);
    engine.application(owner.0.account_id, id).await?;
    let is_active = request.get("active").and_then(Value::as_bool).unwrap_or(true);
    let reason = request.get("reason").and_then(Value::as_str).map(str::trim).unwrap_or_default();
    if reason.is_empty() {
        return Err(Refusal::plain(400, "reason must say why").into());
    }
    let decided = engine.decide_activation(id, is_active, reason, &owner.actor()).await?;
    Ok(json(StatusCode::OK, decided.to_json().to_string()))
}

/// What was done to the account that matters for its security, the newest first.
#[utoipa::path(
    get, path = "/pasarela/audit", operation_id = "read_audit_log", tag = "applications",
    params(
        ("limit" = Option<u32>, Query, description = "At most so many, 50 without it, 200 at most"),
        ("before" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "`results` and `next`", body = Object),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 403, description = "With a public key, or a token that a seller granted", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn audit(State(engine): State<Engine>, owner: Owner, RawQuery(query): RawQuery) -> Answer {
    owner.needs_live()?;
    let pairs = query_pairs(query.as_deref());
    let limit = value_of(&pairs, &["limit"]).and_then(|limit| limit.parse().ok()).unwrap_or(50);
    let before = value_of(&pairs, &["before"]);
    let page = engine.audit_log(owner.0.account_id, before.as_deref(), u32::min(limit, MOST_ACTS)).await?;
    Ok(json(StatusCode::OK, value!(page).to_string()))
}

/// The application behind a number, as plugins ask for it.
#[utoipa::path(
    get, path = "/applications/{id}", operation_id = "read_application_name", tag = "applications",
    params(("id" = i64, Path, description = "The application's number")),
    responses(
        (status = 200, description = "`id`, `name` and more", body = Object),
        (status = 404, description = "Not the credential's application, nor another of its account", body = super::schema::ApiError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 403, description = "With a public key, or a token that a seller granted", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn read_name(
    State(engine): State<Engine>,
    Holder(identity): Holder,
    PathPart(id): PathPart<String>,
) -> Answer {
    let application = engine.application(identity.caller.account_id, number(&id)?).await?;
    let details = &application.details;
    let body = value!({
        "id": application.id,
        "name": details.name,
        "short_name": details.short_name,
        "description": details.description,
        "site_id": identity.caller.site.id(),
        "owner_id": application.account_id,
        "callback_url": details.redirect_url,
        "date_created": details.created,
        "active": details.is_active,
        "scopes": details.scopes.to_string().split(' ').collect::<Vec<_>>(),
    });
    Ok(json(StatusCode::OK, body.to_string()))
}

/// What a credential is: of which application, test or live, and whether it may take money. By access token or
/// public key.
#[utoipa::path(
    get, path = "/plugins-credentials-wrapper/credentials", operation_id = "read_credential", tag = "applications",
    responses(
        (status = 200, description = "`client_id`, `homologated`, `is_test`", body = Object),
        (status = 401, description = "No such credential, or it expired", body = super::schema::ApiError),
    ),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn credential(State(engine): State<Engine>, parts: Parts) -> Answer {
    let identity = credentials_of(&engine, &parts).await?;
    let caller = identity.caller;
    let body = value!({
        "client_id": caller.application_id.to_string(),
        "homologated": identity.is_active,
        "is_test": caller.mode == Mode::Test,
        "user_id": caller.account_id,
        "site_id": caller.site.id(),
        "live_mode": caller.mode == Mode::Live,
    });
    Ok(json(StatusCode::OK, body.to_string()))
}

pub(super) fn number(id: &str) -> Result<ApplicationId, ApiFailure> {
    path_id(id).ok_or_else(|| Refusal::plain(404, "application not found").into())
}

/// The body as an object of plain JSON.
pub(super) fn object(body: &RawBody) -> Result<Map<String, Value>, ApiFailure> {
    // Read twice: the first reader has the bounds on depth and the refusal of repeated members.
    body.json()?;
    if body.bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&body.bytes) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(Refusal::bad_request(1, "Params Error").into()),
    }
}

impl Owner {
    /// What the log of acts calls it.
    pub(super) fn actor(&self) -> Actor {
        Actor {
            name: format!("{} access token of application {}", self.0.mode.name(), self.0.application_id),
            address: None,
        }
    }

    /// A test token lies about in programs and build logs: it must not change what live money goes by.
    pub(super) fn needs_live(&self) -> Result<(), ApiFailure> {
        match self.0.mode {
            Mode::Live => Ok(()),
            Mode::Test => Err(Refusal::plain(403, "this needs the live access token").into()),
        }
    }
}
