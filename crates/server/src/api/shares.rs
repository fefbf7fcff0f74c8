//! `/v1/applications/{id}/shares`: who sees an application's credentials without a role in the account.

use super::answer::Answer;
use super::applications::{number, object};
use super::authentication::Owner;
use super::json;
use super::request::{PathPart, RawBody, path_id};
use axum::extract::State;
use axum::http::StatusCode;
use pasarela_domain::refusal::Refusal;
use pasarela_engine::Engine;
use pasarela_engine::shares::Share;
use serde_json::{Value, json as value};

/// With whom the credentials are shared. With a live access token.
#[utoipa::path(
    get, path = "/v1/applications/{id}/shares", operation_id = "list_shares", tag = "applications",
    params(("id" = i64, Path, description = "The application's number")),
    responses(
        (status = 200, description = "`results`: `user_id`, `email`, `date_created`", body = Object),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 403, description = "With a test access token, or one that a seller granted", body = super::schema::ApiError),
        (status = 404, description = "Not there, or somebody else's", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn list(State(engine): State<Engine>, owner: Owner, PathPart(id): PathPart<String>) -> Answer {
    owner.needs_live()?;
    let shares = engine.shares(owner.0.account_id, number(&id)?).await?;
    let results: Vec<Value> = shares.iter().map(body_of).collect();
    Ok(json(StatusCode::OK, value!({"results": results}).to_string()))
}

/// Shows the credentials to whoever logs in with an e-mail. With a live access token.
#[utoipa::path(
    post, path = "/v1/applications/{id}/shares", operation_id = "share_credentials", tag = "applications",
    params(("id" = i64, Path, description = "The application's number")),
    request_body(content = super::schema::ShareRequest),
    responses(
        (status = 201, description = "`user_id`, `email`, `date_created`", body = Object),
        (status = 400, description = "No e-mail, the account's own, or one too many", body = super::schema::ApiError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 403, description = "With a test access token, or one that a seller granted", body = super::schema::ApiError),
        (status = 404, description = "Nobody logs in with this e-mail, or the application is not the account's", body = super::schema::ApiError),
        (status = 429, description = "Too many on this day", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn share(
    State(engine): State<Engine>,
    owner: Owner,
    PathPart(id): PathPart<String>,
    body: RawBody,
) -> Answer {
    owner.needs_live()?;
    let request = object(&body)?;
    let email = request.get("email").and_then(Value::as_str).unwrap_or_default();
    let share = engine.share_credentials(owner.0.account_id, number(&id)?, email, &owner.actor()).await?;
    Ok(json(StatusCode::CREATED, body_of(&share).to_string()))
}

/// Shows them to a person no more. With a live access token.
#[utoipa::path(
    delete, path = "/v1/applications/{id}/shares/{user_id}", operation_id = "unshare_credentials", tag = "applications",
    params(
        ("id" = i64, Path, description = "The application's number"),
        ("user_id" = i64, Path, description = "The person's account"),
    ),
    responses(
        (status = 200, description = "It is over", body = Object),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 403, description = "With a test access token, or one that a seller granted", body = super::schema::ApiError),
        (status = 404, description = "They are not shared with this person", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn unshare(
    State(engine): State<Engine>,
    owner: Owner,
    PathPart((id, user_id)): PathPart<(String, String)>,
) -> Answer {
    owner.needs_live()?;
    let person_id = path_id(&user_id).ok_or_else(|| Refusal::plain(404, "user not found"))?;
    engine.unshare_credentials(owner.0.account_id, number(&id)?, person_id, &owner.actor()).await?;
    Ok(json(StatusCode::OK, value!({"user_id": person_id, "status": "deleted"}).to_string()))
}

fn body_of(share: &Share) -> Value {
    value!({"user_id": share.person_id, "email": share.email, "date_created": share.since})
}
