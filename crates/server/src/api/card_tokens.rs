//! `/v1/card_tokens`

use super::answer::Answer;
use super::authentication::Anyone;
use super::evidence::channel;
use super::json;
use super::jsonp::{self, ScriptCall};
use super::request::{PathPart, RawBody};
use crate::tls::ClientConnection;
use axum::Extension;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use pasarela_domain::card_token::{TokenRequest, fault};
use pasarela_domain::identity::Caller;
use pasarela_domain::json::{Json, parse};
use pasarela_domain::quality::marks::TokenChannel;
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
    anyone: Anyone,
    connection: Option<Extension<ClientConnection>>,
    parts: Parts,
    body: RawBody,
) -> Answer {
    make(&engine, &anyone, connection.as_deref(), channel(&parts), &body.bytes).await
}

/// The same for a call whose body came another way.
pub(super) async fn make(
    engine: &Engine,
    Anyone { caller, public_key }: &Anyone,
    connection: Option<&ClientConnection>,
    channel: TokenChannel,
    body: &[u8],
) -> Answer {
    let form = token_json(body)?;
    protected(caller, connection)?;
    let mut request = TokenRequest::from_json(&form)?;
    request.channel = Some(channel);
    let token = engine.create_card_token(caller, public_key.as_deref(), &request).await?;
    Ok(json(StatusCode::CREATED, token))
}

/// A token of the caller. With `callback`, the call that `_method` and `_body` stand for, answered as a script (see
/// `GET /v1/card_tokens`).
#[utoipa::path(
    get, path = "/v1/card_tokens/{id}", operation_id = "read_card_token", tag = "card tokens",
    params(
        ("id" = String, Path, description = "The token"),
        ("callback" = Option<String>, Query, description = "The function that the script calls"),
        ("_method" = Option<String>, Query, description = "`GET` or `PUT`; only with `callback`"),
        ("_body" = Option<String>, Query, description = "The JSON body of a `PUT`; only with `callback`"),
    ),
    responses(
        (status = 200, description = "The token", body = pasarela_domain::card_token::CardToken),
        (status = 404, description = "E502", body = super::schema::ApiError),
    ),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn read(
    State(engine): State<Engine>,
    PathPart(id): PathPart<String>,
    connection: Option<Extension<ClientConnection>>,
    mut parts: Parts,
) -> Response {
    let call = ScriptCall::of(parts.uri.query());
    let answer = async {
        let anyone = Anyone::from_request_parts(&mut parts, &engine).await?;
        match &call {
            None => find(&engine, &anyone, &id).await,
            Some(call) => match call.method() {
                "GET" => find(&engine, &anyone, &id).await,
                "PUT" => {
                    amend(&engine, &anyone, &id, connection.as_deref(), TokenChannel::Library, call.body())
                        .await
                }
                _ => Err(Refusal::plain(405, "method not allowed").into()),
            },
        }
    };
    jsonp::answer(call.as_ref(), answer.await)
}

async fn find(engine: &Engine, anyone: &Anyone, id: &str) -> Answer {
    Ok(json(StatusCode::OK, engine.card_token(&anyone.caller, id).await?))
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
    anyone: Anyone,
    PathPart(id): PathPart<String>,
    connection: Option<Extension<ClientConnection>>,
    parts: Parts,
    body: RawBody,
) -> Answer {
    amend(&engine, &anyone, &id, connection.as_deref(), channel(&parts), &body.bytes).await
}

async fn amend(
    engine: &Engine,
    anyone: &Anyone,
    id: &str,
    connection: Option<&ClientConnection>,
    channel: TokenChannel,
    body: &[u8],
) -> Answer {
    let form = token_json(body)?;
    protected(&anyone.caller, connection)?;
    let mut request = TokenRequest::from_json(&form)?;
    request.channel = Some(channel);
    Ok(json(StatusCode::OK, engine.update_card_token(&anyone.caller, id, &request).await?))
}

/// What pages that run the library's first version send: scripts can be loaded by `GET` alone, so the call's verb and body
/// are in the query. Answered 200 with a script that calls `callback([status, headers, body])`.
///
/// New pages post their cards: a query is what proxies like to log.
#[utoipa::path(
    get, path = "/v1/card_tokens", operation_id = "call_card_tokens", tag = "card tokens",
    params(
        ("public_key" = Option<String>, Query, description = "Instead of an access token"),
        ("callback" = String, Query, description = "The function that the script calls: letters, digits and `_`, 64 at most"),
        ("_method" = String, Query, description = "`POST`"),
        ("_body" = Option<String>, Query, description = "The JSON body; `{}` or nothing starts a session"),
    ),
    responses(
        (status = 200, description = "A script, whatever became of the call", content_type = "application/javascript", body = String),
        (status = 400, description = "Without a `callback`, or with one that is no name", body = super::schema::ApiError),
    ),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn call(
    State(engine): State<Engine>,
    connection: Option<Extension<ClientConnection>>,
    mut parts: Parts,
) -> Response {
    let call = ScriptCall::of(parts.uri.query());
    let answer = async {
        let anyone = Anyone::from_request_parts(&mut parts, &engine).await?;
        match &call {
            None => Err(Refusal::plain(400, "callback is the name of a function").into()),
            Some(call) if call.method() == "POST" => {
                make(&engine, &anyone, connection.as_deref(), TokenChannel::Library, call.body()).await
            }
            Some(_) => Err(Refusal::plain(405, "method not allowed").into()),
        }
    };
    jsonp::answer(call.as_ref(), answer.await)
}

/// The JSON of a token route, whose faults have codes of their own; an empty body is `{}`, the start of a session.
pub(super) fn token_json(body: &[u8]) -> Result<Json<'_>, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Json::Object(Vec::new()));
    }
    // The fault's place in the body is not told: it could be read out of a log beside a card number's length.
    parse(body).map_err(|_| fault("E111", "invalid json."))
}

/// With live credentials a card travels encrypted, or never leaves the machine.
pub(super) fn protected(caller: &Caller, connection: Option<&ClientConnection>) -> Result<(), Refusal> {
    if caller.mode.is_live() && !is_private(connection) {
        return Err(Refusal::plain(403, "card data with live credentials is accepted over HTTPS only"));
    }
    Ok(())
}

/// Whether nobody between the client and this process can read along.
pub(super) fn is_private(connection: Option<&ClientConnection>) -> bool {
    connection.is_some_and(|c| c.encrypted || c.address.ip().is_loopback())
}
