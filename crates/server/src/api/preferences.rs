//! `/checkout/preferences`

use super::answer::Answer;
use super::authentication::Seller;
use super::customers::{key, made};
use super::evidence;
use super::json;
use super::request::{PathPart, RawBody, header_text, query_pairs};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use pasarela_engine::Engine;
use pasarela_engine::preferences::Origin;

/// Makes a preference: what is for sale on the hosted checkout.
#[utoipa::path(
    post, path = "/checkout/preferences", operation_id = "create_preference", tag = "preferences",
    params(
        ("X-Idempotency-Key" = Option<String>, Header, description = "The same key makes one preference"),
        ("X-Meli-Session-Id" = Option<String>, Header, description = "The buyer's device in the shop, for decisions about risk; not shown"),
    ),
    request_body(content = super::schema::PreferenceBody),
    responses(
        (status = 201, description = "Made; `init_point` is the hosted checkout", body = pasarela_domain::preference::Preference),
        (status = 200, description = "Made before under the same key", body = pasarela_domain::preference::Preference),
        (status = 400, description = "`error` names the member: invalid_items, invalid_back_urls, invalid_auto_return, invalid_payment_methods, invalid_marketplace_fee, invalid_shipments, invalid_expiration_date_to, …", body = super::schema::KeyedError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn create(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    headers: HeaderMap,
    body: RawBody,
) -> Answer {
    let key = key(&headers, &caller, "POST /checkout/preferences", &body.bytes)?;
    let origin =
        Origin { sdk: evidence::sdk(&headers), device_session: header_text(&headers, "x-meli-session-id") };
    let written = engine.create_preference(&caller, key, &body.json()?, origin).await;
    evidence::look_when_new(&engine, &caller, &body.bytes, &written);
    Ok(made(written?))
}

/// A preference of the caller.
#[utoipa::path(
    get, path = "/checkout/preferences/{id}", operation_id = "read_preference", tag = "preferences",
    params(("id" = String, Path, description = "The preference")),
    responses(
        (status = 200, description = "The preference", body = pasarela_domain::preference::Preference),
        (status = 404, description = "No such preference of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn read(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
) -> Answer {
    Ok(json(StatusCode::OK, engine.preference(&caller, &id).await?))
}

/// Replaces each member that is said; `items` whole. The rest stays.
#[utoipa::path(
    put, path = "/checkout/preferences/{id}", operation_id = "change_preference", tag = "preferences",
    params(
        ("id" = String, Path, description = "The preference"),
        ("X-Idempotency-Key" = Option<String>, Header, description = "Honoured when sent"),
    ),
    request_body(content = super::schema::PreferenceBody),
    responses(
        (status = 200, description = "The preference as it is now", body = pasarela_domain::preference::Preference),
        (status = 400, description = "invalid_id for one that is not this caller's; else as in creation", body = super::schema::KeyedError),
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
    let key = key(&headers, &caller, &format!("PUT /checkout/preferences/{id}"), &body.bytes)?;
    Ok(json(StatusCode::OK, engine.change_preference(&caller, &id, key, &body.json()?).await?.body))
}

/// Searches the caller's preferences, newest first.
#[utoipa::path(
    get, path = "/checkout/preferences/search", operation_id = "search_preferences", tag = "preferences",
    params(
        ("id" = Option<String>, Query, description = "Exact"),
        ("external_reference" = Option<String>, Query, description = "Exact"),
        ("payer_email" = Option<String>, Query, description = "Whole; capitals don't count"),
        ("marketplace" = Option<String>, Query, description = "Exact"),
        ("sponsor_id" = Option<i64>, Query, description = "Exact"),
        ("site_id" = Option<String>, Query, description = "Exact"),
        ("collector_id" = Option<i64>, Query, description = "The caller's own, or nothing is found"),
        ("date_created_from" = Option<String>, Query, description = "A date-time with an offset"),
        ("date_created_to" = Option<String>, Query, description = "A date-time with an offset"),
        ("limit" = Option<u32>, Query, description = "1000 at most; 30 by default"),
        ("offset" = Option<u32>, Query, description = "10000 at most; 0 by default"),
    ),
    responses(
        (status = 200, description = "A page of summaries", body = super::schema::PreferencePage),
        (status = 400, description = "ds_search_query", body = super::schema::KeyedError),
    ),
    security(("access_token" = [])),
)]
pub async fn search(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    RawQuery(query): RawQuery,
) -> Answer {
    let body = engine.search_preferences(&caller, &query_pairs(query.as_deref())).await?;
    Ok(json(StatusCode::OK, body))
}
