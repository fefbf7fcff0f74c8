//! `/v1/card_tokens`

use super::answer::Answer;
use super::authentication::Anyone;
use super::json;
use super::request::{PathPart, RawBody};
use crate::tls::ClientConnection;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use pasarela_domain::card_token::{TokenRequest, fault};
use pasarela_domain::identity::Caller;
use pasarela_domain::json::{Json, parse};
use pasarela_domain::refusal::Refusal;
use pasarela_engine::Engine;

/// Turns a card into a token that can pay once.
#[utoipa::path(
    post, path = "/v1/card_tokens", operation_id = "create_card_token", tag = "card tokens",
    params(("public_key" = Option<String>, Query, description = "Instead of an access token")),
    request_body(content = super::schema::CardTokenRequest),
    responses(
        (status = 201, description = "The token; never the number or the CVV", body = pasarela_domain::card_token::CardToken),
        (status = 400, description = "Each fault as a cause: 205, 208, 209, 221, 224, 316, 322, 324, 325, 326, E301, E302 …", body = super::schema::ApiError),
    ),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn create(
    State(engine): State<Engine>,
    Anyone { caller, public_key }: Anyone,
    connection: Option<Extension<ClientConnection>>,
    body: RawBody,
) -> Answer {
    let form = token_json(&body)?;
    protected(&caller, connection.as_deref())?;
    let request = TokenRequest::from_json(&form)?;
    let token = engine.create_card_token(&caller, public_key.as_deref(), &request).await?;
    Ok(json(StatusCode::CREATED, token))
}

/// A token of the caller.
#[utoipa::path(
    get, path = "/v1/card_tokens/{id}", operation_id = "read_card_token", tag = "card tokens",
    params(("id" = String, Path, description = "The token")),
    responses(
        (status = 200, description = "The token", body = pasarela_domain::card_token::CardToken),
        (status = 404, description = "E502", body = super::schema::ApiError),
    ),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn read(
    State(engine): State<Engine>,
    Anyone { caller, .. }: Anyone,
    PathPart(id): PathPart<String>,
) -> Answer {
    Ok(json(StatusCode::OK, engine.card_token(&caller, &id).await?))
}

/// Completes an unused token, or gives it a new CVV or expiry.
#[utoipa::path(
    put, path = "/v1/card_tokens/{id}", operation_id = "update_card_token", tag = "card tokens",
    params(("id" = String, Path, description = "The token")),
    request_body(content = super::schema::CardTokenRequest),
    responses(
        (status = 200, description = "The token as it is now", body = pasarela_domain::card_token::CardToken),
        (status = 400, description = "As in creation", body = super::schema::ApiError),
        (status = 404, description = "E502: unknown, used or expired", body = super::schema::ApiError),
    ),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn update(
    State(engine): State<Engine>,
    Anyone { caller, .. }: Anyone,
    PathPart(id): PathPart<String>,
    connection: Option<Extension<ClientConnection>>,
    body: RawBody,
) -> Answer {
    let form = token_json(&body)?;
    protected(&caller, connection.as_deref())?;
    let request = TokenRequest::from_json(&form)?;
    Ok(json(StatusCode::OK, engine.update_card_token(&caller, &id, &request).await?))
}

/// The JSON of a token route, whose faults have codes of their own; an empty body is `{}`, the start of a session.
pub(super) fn token_json(body: &RawBody) -> Result<Json<'_>, Refusal> {
    if body.bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Json::Object(Vec::new()));
    }
    // The fault's place in the body is not told: it could be read out of a log beside a card number's length.
    parse(&body.bytes).map_err(|_| fault("E111", "invalid json."))
}

/// With live credentials a card travels encrypted, or never leaves the machine.
pub(super) fn protected(caller: &Caller, connection: Option<&ClientConnection>) -> Result<(), Refusal> {
    let is_private = connection.is_some_and(|c| c.encrypted || c.address.ip().is_loopback());
    if caller.mode.is_live() && !is_private {
        return Err(Refusal::plain(403, "card data with live credentials is accepted over HTTPS only"));
    }
    Ok(())
}
