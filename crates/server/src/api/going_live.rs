//! `/v1/applications/{id}/going-live`: the way to live payments: a form, checks with their evidence, and the gate.

use super::answer::Answer;
use super::authentication::Owner;
use super::json;
use super::quality::application;
use super::request::{PathPart, RawBody};
use axum::extract::State;
use axum::http::StatusCode;
use pasarela_domain::json::{Json, member};
use pasarela_domain::quality::evidence::Probes;
use pasarela_domain::quality::gate::{Form, GateCheck, GateRule};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_engine::Engine;
use pasarela_engine::quality::going_live::{FormChange, GoingLive};
use serde_json::json as value;
use utoipa::ToSchema;

/// Where an application stands on its way to live payments.
#[derive(ToSchema)]
pub struct GoingLiveBody {
    /// What was declared.
    pub form: Form,
    /// The last checks, what holds the gate closed first.
    pub checks: Vec<GateCheck>,
    /// When they were made.
    pub checked_at: Option<Timestamp>,
    /// Whether nothing that blocks was left to be done then.
    pub is_open: bool,
    /// Since when it is.
    pub passed_at: Option<Timestamp>,
    /// SHA-256 of the form that was checked, in hexadecimal digits.
    pub checked_form: Option<String>,
    /// What was seen at the seller's addresses.
    pub probes: Probes,
}

/// The form; what is not named stays.
#[derive(ToSchema)]
pub struct GoingLiveRequest {
    /// What the business does.
    pub industry: Option<String>,
    /// The shop in production.
    pub production_site: Option<String>,
    /// The page on which buyers pay.
    pub payment_page: Option<String>,
    /// A page after an approval.
    pub approved_page: Option<String>,
    /// A page after a refusal.
    pub rejected_page: Option<String>,
    /// The platform's terms are accepted.
    pub terms_accepted: Option<bool>,
}

/// What the gate asks for, as the operator has set it.
#[derive(ToSchema)]
pub struct GateBody {
    /// The score with which a measurement passes.
    pub minimum_score: u32,
    /// Its checks: which of them hold it closed, and which only advise.
    pub checks: Vec<GateRule>,
}

/// What the way to live payments asks for on this platform: which checks hold the gate closed is the operator's to say.
#[utoipa::path(
    get, path = "/v1/quality/gate", operation_id = "read_gate", tag = "quality",
    responses((status = 200, description = "The bar, and the checks", body = GateBody)),
    security(()),
)]
pub async fn gate(State(engine): State<Engine>) -> Answer {
    let setting = engine.gate_setting();
    let shown = value!({"minimum_score": setting.minimum_score, "checks": setting.checks()});
    Ok(json(StatusCode::OK, shown.to_string()))
}

/// Where the application stands.
#[utoipa::path(
    get, path = "/v1/applications/{id}/going-live", operation_id = "read_going_live", tag = "quality",
    params(("id" = i64, Path, description = "The credential's application")),
    responses(
        (status = 200, description = "Form, last checks, evidence", body = GoingLiveBody),
        (status = 404, description = "No such application of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn read(State(engine): State<Engine>, owner: Owner, PathPart(id): PathPart<String>) -> Answer {
    Ok(shown(&engine.going_live(&owner.0, application(&id)?).await?))
}

/// Fills in the form, with the live access token, whether or not it works yet. A change takes the last verdict away.
#[utoipa::path(
    put, path = "/v1/applications/{id}/going-live", operation_id = "change_going_live", tag = "quality",
    params(("id" = i64, Path, description = "The credential's application")),
    request_body(content = GoingLiveRequest),
    responses(
        (status = 200, description = "As it is now", body = GoingLiveBody),
        (status = 400, description = "`invalid_address`, `invalid_industry`, or a member of the wrong kind", body = super::schema::ApiError),
        (status = 403, description = "Not the application's owner, or a test access token", body = super::schema::ApiError),
        (status = 404, description = "No such application of this caller", body = super::schema::ApiError),
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
    let body = body.json()?;
    let text = |name: &str| match member(&body, name) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.as_ref().to_owned())),
        Some(_) => Err(Refusal::plain(400, format!("{name} is a text"))),
    };
    let terms_accepted = match member(&body, "terms_accepted") {
        None => None,
        Some(accepted) => {
            let wrong = || Refusal::plain(400, "terms_accepted is true or false");
            Some(accepted.as_bool().ok_or_else(wrong)?)
        }
    };
    let change = FormChange {
        industry: text("industry")?,
        production_site: text("production_site")?,
        payment_page: text("payment_page")?,
        approved_page: text("approved_page")?,
        rejected_page: text("rejected_page")?,
        terms_accepted,
    };
    Ok(shown(&engine.change_going_live(&owner.0, application(&id)?, &change, &owner.actor()).await?))
}

/// Looks at everything anew: a handshake with the production site, the pages, three notifications to the receiver, the
/// newest measurement of test payments. It takes some seconds, needs the live access token (whether or not it works yet), and
/// is done once at a time, once a minute and 20 times a day for an account.
#[utoipa::path(
    post, path = "/v1/applications/{id}/going-live/checks", operation_id = "check_going_live", tag = "quality",
    params(("id" = i64, Path, description = "The credential's application")),
    responses(
        (status = 200, description = "What was found, and whether the gate is open", body = GoingLiveBody),
        (status = 403, description = "Not the application's owner, or a test access token", body = super::schema::ApiError),
        (status = 409, description = "`form_changed`: while it was checked", body = super::schema::ApiError),
        (status = 429, description = "Too soon; see `Retry-After`", body = super::schema::ApiError),
        (status = 404, description = "No such application of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn check(State(engine): State<Engine>, owner: Owner, PathPart(id): PathPart<String>) -> Answer {
    owner.needs_live()?;
    Ok(shown(&engine.check_going_live(&owner.0, application(&id)?, &owner.actor()).await?))
}

fn shown(state: &GoingLive) -> axum::response::Response {
    json(StatusCode::OK, value!(state).to_string())
}
