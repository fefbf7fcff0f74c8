//! `/v1/pix_keys`: by which a Brazilian account is paid. Without one that is proved, Pix is offered nowhere.

use super::answer::Answer;
use super::applications::object;
use super::authentication::Owner;
use super::json;
use super::request::{PathPart, RawBody};
use axum::extract::State;
use axum::http::StatusCode;
use pasarela_domain::pix_key::PixKeyKind;
use pasarela_domain::refusal::Refusal;
use pasarela_engine::Engine;
use serde_json::{Value, json as value};

/// The account's keys: each with its type and whether it is proved.
#[utoipa::path(
    get, path = "/v1/pix_keys", operation_id = "list_pix_keys", tag = "pix keys",
    responses(
        (status = 200, description = "`results`", body = Object),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 403, description = "With a public key, or a token that a seller granted", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn list(State(engine): State<Engine>, Owner(caller): Owner) -> Answer {
    let keys = engine.pix_keys(caller.account_id).await?;
    let results: Vec<Value> = keys.iter().map(|key| key.to_json()).collect();
    Ok(json(StatusCode::OK, value!({"results": results}).to_string()))
}

/// Registers a key: the account's own CPF or CNPJ, or a random one (`evp`). E-mails and phones are registered in the panel,
/// because they are proved by a code. With a live access token.
#[utoipa::path(
    post, path = "/v1/pix_keys", operation_id = "register_pix_key", tag = "pix keys",
    request_body(content = super::schema::PixKeyRequest),
    responses(
        (status = 201, description = "The key", body = Object),
        (status = 400, description = "`invalid_pix_key` or `too_many_pix_keys`", body = super::schema::ApiError),
        (status = 429, description = "`too_many_codes`: one a minute and ten a day are sent to an account's contacts", body = super::schema::ApiError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 403, description = "With a public key, a test token, or one that a seller granted", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn register(State(engine): State<Engine>, owner: Owner, body: RawBody) -> Answer {
    owner.needs_live()?;
    let request = object(&body)?;
    let kind: PixKeyKind = request
        .get("type")
        .and_then(|kind| serde_json::from_value(kind.clone()).ok())
        .filter(|kind| !matches!(kind, PixKeyKind::Email | PixKeyKind::Phone))
        .ok_or_else(|| Refusal::keyed(400, "invalid_pix_key", "type must be cpf, cnpj or evp"))?;
    let key = request.get("key").and_then(Value::as_str).unwrap_or_default();
    let registered = engine.register_pix_key(owner.0.account_id, kind, key, &owner.actor()).await?;
    Ok(json(StatusCode::CREATED, registered.to_json().to_string()))
}

/// Deletes a key. With the last one, Pix is offered no more. With a live access token.
#[utoipa::path(
    delete, path = "/v1/pix_keys/{id}", operation_id = "delete_pix_key", tag = "pix keys",
    params(("id" = String, Path, description = "The key as it is listed")),
    responses(
        (status = 200, description = "It is gone", body = Object),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 403, description = "With a public key, a test token, or one that a seller granted", body = super::schema::ApiError),
        (status = 404, description = "Not registered", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn delete(State(engine): State<Engine>, owner: Owner, PathPart(key): PathPart<String>) -> Answer {
    owner.needs_live()?;
    engine.delete_pix_key(owner.0.account_id, &key, &owner.actor()).await?;
    Ok(json(StatusCode::OK, value!({"key": key, "status": "deleted"}).to_string()))
}
