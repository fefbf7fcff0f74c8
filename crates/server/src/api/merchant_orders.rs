//! `/merchant_orders`

use super::answer::Answer;
use super::authentication::Seller;
use super::customers::{key, made};
use super::json;
use super::request::{PathPart, RawBody, path_id, query_pairs};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use pasarela_domain::json::{Json, parse};
use pasarela_domain::merchant_order::not_found;
use pasarela_domain::refusal::Refusal;
use pasarela_engine::Engine;

/// Makes a merchant order, of a preference or of items. The first payment of a preference makes one by itself.
#[utoipa::path(
    post, path = "/merchant_orders", operation_id = "create_merchant_order", tag = "merchant orders",
    params(("X-Idempotency-Key" = Option<String>, Header, description = "The same key makes one order")),
    request_body(content = super::schema::MerchantOrderBody),
    responses(
        (status = 201, description = "Made", body = pasarela_domain::merchant_order::MerchantOrder),
        (status = 200, description = "Made before under the same key", body = pasarela_domain::merchant_order::MerchantOrder),
        (status = 400, description = "`error` says why: invalid_id, invalid_expired, invalid_items, invalid_string, invalid_url, invalid_payer, user_not_allowed, unmarshal_error, …", body = super::schema::KeyedError),
    ),
    security(("access_token" = [])),
)]
pub async fn create(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    headers: HeaderMap,
    body: RawBody,
) -> Answer {
    let key = key(&headers, &caller, "POST /merchant_orders", &body.bytes)?;
    Ok(made(engine.create_merchant_order(&caller, key, &read_json(&body)?).await?))
}

/// A merchant order of the caller, with its payments.
#[utoipa::path(
    get, path = "/merchant_orders/{id}", operation_id = "read_merchant_order", tag = "merchant orders",
    params(("id" = i64, Path, description = "The order")),
    responses(
        (status = 200, description = "The order", body = pasarela_domain::merchant_order::MerchantOrder),
        (status = 404, description = "No such order of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn read(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
) -> Answer {
    let id = path_id(&id).ok_or_else(not_found)?;
    Ok(json(StatusCode::OK, engine.merchant_order(&caller, id).await?))
}

/// Replaces each member that is said; the rest stays.
#[utoipa::path(
    put, path = "/merchant_orders/{id}", operation_id = "change_merchant_order", tag = "merchant orders",
    params(
        ("id" = i64, Path, description = "The order"),
        ("X-Idempotency-Key" = Option<String>, Header, description = "Honoured when sent"),
    ),
    request_body(content = super::schema::MerchantOrderBody),
    responses(
        (status = 200, description = "The order as it is now", body = pasarela_domain::merchant_order::MerchantOrder),
        (status = 400, description = "invalid_order_state for items under which payments stand; else as in creation", body = super::schema::KeyedError),
        (status = 404, description = "No such order of this caller", body = super::schema::ApiError),
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
    let number = path_id(&id).ok_or_else(not_found)?;
    let key = key(&headers, &caller, &format!("PUT /merchant_orders/{id}"), &body.bytes)?;
    let body = read_json(&body)?;
    Ok(json(StatusCode::OK, engine.change_merchant_order(&caller, number, key, &body).await?.body))
}

/// Searches the caller's merchant orders, newest first.
#[utoipa::path(
    get, path = "/merchant_orders/search", operation_id = "search_merchant_orders", tag = "merchant orders",
    params(
        ("id" = Option<String>, Query, description = "Exact"),
        ("external_reference" = Option<String>, Query, description = "Exact"),
        ("preference_id" = Option<String>, Query, description = "Exact"),
        ("status" = Option<String>, Query, description = "opened, closed or expired"),
        ("payer_id" = Option<i64>, Query, description = "Exact"),
        ("application_id" = Option<i64>, Query, description = "Exact"),
        ("sponsor_id" = Option<i64>, Query, description = "Exact"),
        ("marketplace" = Option<String>, Query, description = "Exact"),
        ("site_id" = Option<String>, Query, description = "Exact"),
        ("date_created_from" = Option<String>, Query, description = "A date-time with an offset"),
        ("date_created_to" = Option<String>, Query, description = "A date-time with an offset"),
        ("last_updated_from" = Option<String>, Query, description = "A date-time with an offset"),
        ("last_updated_to" = Option<String>, Query, description = "A date-time with an offset"),
        ("limit" = Option<u32>, Query, description = "1000 at most; 30 by default"),
        ("offset" = Option<u32>, Query, description = "10000 at most; 0 by default"),
    ),
    responses(
        (status = 200, description = "A page", body = super::schema::MerchantOrderPage),
        (status = 400, description = "ds_search_query", body = super::schema::KeyedError),
    ),
    security(("access_token" = [])),
)]
pub async fn search(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    RawQuery(query): RawQuery,
) -> Answer {
    let body = engine.search_merchant_orders(&caller, &query_pairs(query.as_deref())).await?;
    Ok(json(StatusCode::OK, body))
}

fn read_json(body: &RawBody) -> Result<Json<'_>, Refusal> {
    parse(&body.bytes).map_err(|fault| Refusal::keyed(400, "unmarshal_error", fault.to_string()))
}
