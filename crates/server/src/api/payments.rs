//! `/v1/payments`

use super::answer::Answer;
use super::authentication::Seller;
use super::evidence;
use super::json;
use super::request::{PathPart, RawBody, header_text, path_id, query_pairs};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use pasarela_domain::payment::change::PaymentChange;
use pasarela_domain::payment::create::Provenance;
use pasarela_domain::payment::refund::RefundRequest;
use pasarela_domain::refusal::Refusal;
use pasarela_engine::payments::{IdempotencyKey, Written};
use pasarela_engine::{Engine, Failure};

const IDEMPOTENCY: &str = "x-idempotency-key";
/// The API's own spelling.
const EXPAND: &str = "x-expand-responde-nodes";

/// Makes a payment: charges or reserves a card, or makes out a Pix, a transfer or a ticket.
#[utoipa::path(
    post, path = "/v1/payments", operation_id = "create_payment", tag = "payments",
    params(
        ("X-Idempotency-Key" = String, Header, description = "1 to 64 characters; the same key makes one payment"),
        ("X-Integrator-Id" = Option<String>, Header, description = "Kept in `integrator_id`"),
        ("X-Platform-Id" = Option<String>, Header, description = "Kept in `platform_id`"),
        ("X-Corporation-Id" = Option<String>, Header, description = "Kept in `corporation_id`"),
        ("X-Tracking-Id" = Option<String>, Header, description = "Kept in `additional_info.tracking_id`"),
        ("X-Meli-Session-Id" = Option<String>, Header, description = "The device's session, for decisions about risk; not shown"),
    ),
    request_body(content = super::schema::PaymentRequest),
    responses(
        (status = 201, description = "Made; a declined card is a payment with `status: rejected`", body = pasarela_domain::payment::body::Payment),
        (status = 200, description = "Made before under the same key", body = pasarela_domain::payment::body::Payment),
        (status = 400, description = "Refused", body = super::schema::ApiError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 503, description = "Busy; see `Retry-After`", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn create(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    headers: HeaderMap,
    body: RawBody,
) -> Answer {
    let json_body = body.json()?;
    let key = header_text(&headers, IDEMPOTENCY);
    let key = IdempotencyKey::required(key.as_deref(), caller.mode, "POST /v1/payments", &body.bytes)?;
    let provenance = Provenance {
        integrator_id: header_text(&headers, "x-integrator-id"),
        platform_id: header_text(&headers, "x-platform-id"),
        corporation_id: header_text(&headers, "x-corporation-id"),
        tracking_id: header_text(&headers, "x-tracking-id"),
        device_session: header_text(&headers, "x-meli-session-id"),
        shop_session: None,
        sdk: evidence::sdk(&headers),
    };
    let written = engine.create_payment(&caller, key, &json_body, &provenance).await;
    evidence::look_when_new(&engine, &caller, &body.bytes, &written);
    let written = written?;
    Ok(made(Written { body: expanded(&engine, &headers, written.body)?, ..written }))
}

/// One payment of the caller.
#[utoipa::path(
    get, path = "/v1/payments/{id}", operation_id = "read_payment", tag = "payments",
    params(
        ("id" = i64, Path, description = "The payment's id"),
        ("X-Expand-Responde-Nodes" = Option<String>, Header, description = "`gateway.reference` adds `expanded`"),
    ),
    responses(
        (status = 200, description = "The payment", body = pasarela_domain::payment::body::Payment),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 404, description = "2000: no such payment of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn read(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
    headers: HeaderMap,
) -> Answer {
    let id = payment_id(&id)?;
    let body = engine.payment(&caller, id).await?;
    Ok(json(StatusCode::OK, expanded(&engine, &headers, body)?))
}

/// Cancels, captures (whole or in part), or moves the expiration.
#[utoipa::path(
    put, path = "/v1/payments/{id}", operation_id = "change_payment", tag = "payments",
    params(
        ("id" = i64, Path, description = "The payment's id"),
        ("X-Idempotency-Key" = Option<String>, Header, description = "1 to 64 characters; the same key changes once"),
    ),
    request_body(content = super::schema::PaymentChangeRequest),
    responses(
        (status = 200, description = "The payment as it is now", body = pasarela_domain::payment::body::Payment),
        (status = 400, description = "Refused; 2018 when the state does not allow it", body = super::schema::ApiError),
        (status = 404, description = "2000: no such payment of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn change(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
    headers: HeaderMap,
    body: RawBody,
) -> Answer {
    let json_body = body.json()?;
    let id = payment_id(&id)?;
    let key = header_text(&headers, IDEMPOTENCY);
    let path = format!("PUT /v1/payments/{id}");
    let key = IdempotencyKey::optional(key.as_deref(), caller.mode, &path, &body.bytes)?;
    let change = PaymentChange::from_json(&json_body)?;
    let written = engine.change_payment(&caller, id, key, &change).await?;
    Ok(json(StatusCode::OK, expanded(&engine, &headers, written.body)?))
}

/// Searches the caller's payments.
#[utoipa::path(
    get, path = "/v1/payments/search", operation_id = "search_payments", tag = "payments",
    params(
        ("sort" = Option<String>, Query, description = "date_created (default), date_last_updated, date_approved, money_release_date, id"),
        ("criteria" = Option<String>, Query, description = "asc (default) or desc"),
        ("range" = Option<String>, Query, description = "Which date begin_date and end_date mean; date_created by default"),
        ("begin_date" = Option<String>, Query, description = "ISO 8601 or NOW-3MONTHS, NOW-7DAYS, NOW-1HOURS"),
        ("end_date" = Option<String>, Query, description = "As begin_date; NOW by default"),
        ("external_reference" = Option<String>, Query, description = "Exact"),
        ("id" = Option<i64>, Query, description = "Exact"),
        ("status" = Option<String>, Query, description = "Exact"),
        ("status_detail" = Option<String>, Query, description = "Exact"),
        ("payment_method_id" = Option<String>, Query, description = "Exact"),
        ("payment_type_id" = Option<String>, Query, description = "Exact"),
        ("operation_type" = Option<String>, Query, description = "Exact"),
        ("payer.id" = Option<i64>, Query, description = "Exact"),
        ("payer.email" = Option<String>, Query, description = "Exact"),
        ("store_id" = Option<String>, Query, description = "Exact"),
        ("pos_id" = Option<String>, Query, description = "Exact"),
        ("description" = Option<String>, Query, description = "Exact"),
        ("collector.id" = Option<i64>, Query, description = "The caller, or nothing is found"),
        ("currency_id" = Option<String>, Query, description = "The caller's, or nothing is found"),
        ("site_id" = Option<String>, Query, description = "The caller's, or nothing is found"),
        ("limit" = Option<u32>, Query, description = "1000 at most; 30 by default"),
        ("offset" = Option<u32>, Query, description = "offset + limit is 10000 at most"),
    ),
    responses(
        (status = 200, description = "A page", body = super::schema::PaymentPage),
        (status = 400, description = "1000, 1001, 1003, 1004 or 9062", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn search(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    RawQuery(query): RawQuery,
) -> Answer {
    let body = engine.search_payments(&caller, &query_pairs(query.as_deref())).await?;
    Ok(json(StatusCode::OK, body))
}

/// Refunds a payment: `amount` of it, or with an empty body what is left.
#[utoipa::path(
    post, path = "/v1/payments/{id}/refunds", operation_id = "create_refund", tag = "refunds",
    params(
        ("id" = i64, Path, description = "The payment's id"),
        ("X-Idempotency-Key" = String, Header, description = "1 to 64 characters; the same key makes one refund"),
    ),
    request_body(content = super::schema::RefundRequestBody),
    responses(
        (status = 201, description = "Refunded", body = pasarela_domain::payment::body::Refund),
        (status = 200, description = "Refunded before under the same key", body = pasarela_domain::payment::body::Refund),
        (status = 400, description = "Refused; 2063, 2017, 2024, 2031, 4040, 4041, 4292", body = super::schema::ApiError),
        (status = 404, description = "2000: no such payment of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn refund(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
    headers: HeaderMap,
    body: RawBody,
) -> Answer {
    let json_body = body.json()?;
    let id = payment_id(&id)?;
    let key = header_text(&headers, IDEMPOTENCY);
    let path = format!("POST /v1/payments/{id}/refunds");
    let key = IdempotencyKey::required(key.as_deref(), caller.mode, &path, &body.bytes)?;
    let request = RefundRequest::from_json(&json_body)?;
    Ok(made(engine.refund_payment(&caller, id, key, &request).await?))
}

/// The refunds of a payment: a bare array.
#[utoipa::path(
    get, path = "/v1/payments/{id}/refunds", operation_id = "list_refunds", tag = "refunds",
    params(("id" = i64, Path, description = "The payment's id")),
    responses(
        (status = 200, description = "All of them", body = Vec<pasarela_domain::payment::body::Refund>),
        (status = 404, description = "2000: no such payment of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn refunds(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
) -> Answer {
    let id = payment_id(&id)?;
    Ok(json(StatusCode::OK, engine.refunds(&caller, id).await?))
}

/// One refund of a payment.
#[utoipa::path(
    get, path = "/v1/payments/{id}/refunds/{refund_id}", operation_id = "read_refund", tag = "refunds",
    params(
        ("id" = i64, Path, description = "The payment's id"),
        ("refund_id" = i64, Path, description = "The refund's id"),
    ),
    responses(
        (status = 200, description = "The refund", body = pasarela_domain::payment::body::Refund),
        (status = 404, description = "2000 or 2032", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn refund_of(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart((id, refund_id)): PathPart<(String, String)>,
) -> Answer {
    let id = payment_id(&id)?;
    let refund_id = path_id(&refund_id).ok_or_else(|| Refusal::not_found(2032, "Refund not found"))?;
    Ok(json(StatusCode::OK, engine.refund(&caller, id, refund_id).await?))
}

/// The body with the nodes that the request's header asks for.
fn expanded(engine: &Engine, headers: &HeaderMap, body: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let asks = header_text(headers, EXPAND)
        .is_some_and(|nodes| nodes.split(',').any(|node| node.trim() == "gateway.reference"));
    if asks { engine.with_gateway_reference(body) } else { Ok(body) }
}

fn payment_id(text: &str) -> Result<i64, Refusal> {
    path_id(text).ok_or_else(|| Refusal::not_found(2000, "Payment not found"))
}

fn made(written: Written) -> axum::response::Response {
    json(if written.replayed { StatusCode::OK } else { StatusCode::CREATED }, written.body)
}
