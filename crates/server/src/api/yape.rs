//! `/platforms/pci/yape/v1/payment`

use super::answer::Answer;
use super::authentication::Anyone;
use super::card_tokens::{protected, token_json};
use super::json;
use super::request::RawBody;
use crate::tls::ClientConnection;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use pasarela_domain::yape::YapeRequest;
use pasarela_engine::Engine;

/// Turns a Peruvian wallet's phone and code into a token that can pay once.
#[utoipa::path(
    post, path = "/platforms/pci/yape/v1/payment", operation_id = "create_yape_token", tag = "card tokens",
    params(("public_key" = Option<String>, Query, description = "Instead of an access token")),
    request_body(content = super::schema::YapeTokenRequest),
    responses(
        (status = 200, description = "The token; its `id` is a payment's `token`", body = Object),
        (status = 400, description = "E301: phone, E302: code, 315: not a Peruvian account", body = super::schema::ApiError),
    ),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn create(
    State(engine): State<Engine>,
    Anyone { caller, public_key }: Anyone,
    connection: Option<Extension<ClientConnection>>,
    body: RawBody,
) -> Answer {
    let form = token_json(&body.bytes)?;
    protected(&caller, connection.as_deref())?;
    let request = YapeRequest::from_json(&form, caller.site)?;
    let token = engine.create_yape_token(&caller, public_key.as_deref(), &request).await?;
    Ok(json(StatusCode::OK, token.to_string()))
}
