//! `/v1/policies`: what a seller says of itself to buyers.

use super::answer::Answer;
use super::applications::object;
use super::authentication::Owner;
use super::json;
use super::request::RawBody;
use axum::extract::State;
use axum::http::StatusCode;
use pasarela_engine::Engine;
use serde_json::json as value;

/// The account's policies; what was never said is `null`.
#[utoipa::path(
    get, path = "/v1/policies", operation_id = "read_policies", tag = "users",
    responses(
        (status = 200, description = "`terms_url`, `support_email`, `support_phone`, `support_url`, `statement_descriptor`", body = Object),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 403, description = "With a public key, or a token that a seller granted", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn read(State(engine): State<Engine>, Owner(caller): Owner) -> Answer {
    let policies = engine.policies(caller.account_id).await?;
    Ok(json(StatusCode::OK, value!(policies).to_string()))
}

/// Changes the policies that are named; `null` takes one away. With a live access token.
#[utoipa::path(
    put, path = "/v1/policies", operation_id = "change_policies", tag = "users",
    request_body(content = super::schema::PoliciesRequest),
    responses(
        (status = 200, description = "The policies as they are now", body = Object),
        (status = 400, description = "`invalid_policy`, with the field", body = super::schema::ApiError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 403, description = "With a public key, a test token, or one that a seller granted", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn change(State(engine): State<Engine>, owner: Owner, body: RawBody) -> Answer {
    owner.needs_live()?;
    let policies = engine.change_policies(owner.0.account_id, &object(&body)?, &owner.actor()).await?;
    Ok(json(StatusCode::OK, value!(policies).to_string()))
}
