//! What the browser library's bricks ask by a public key beside the catalogue.
//!
//! The original's addresses for these are not published: they are the platform's own, and described in docs/browser.md.

use super::answer::Answer;
use super::authentication::Anyone;
use super::json;
use super::request::{PathPart, path_id, query_value};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use pasarela_domain::refusal::Refusal;
use pasarela_engine::Engine;

/// The most cards of a customer that are asked for at once: a customer has no more.
const MOST_CARDS: usize = 50;

/// How far a payment is, for its status screen; while it waits, how to pay it. Nothing of the payer.
#[utoipa::path(
    get, path = "/pasarela/bricks/payments/{id}", operation_id = "glance_at_payment", tag = "bricks",
    params(
        ("id" = i64, Path, description = "The payment's id"),
        ("public_key" = Option<String>, Query, description = "Instead of an access token"),
        ("locale" = Option<String>, Query, description = "Language of `message`: es, pt or en"),
    ),
    responses(
        (status = 200, description = "Never kept by a cache", body = pasarela_domain::payment::glance::Glance),
        (status = 404, description = "2000: no such payment of this key", body = super::schema::ApiError),
    ),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn payment(
    State(engine): State<Engine>,
    Anyone { caller, .. }: Anyone,
    PathPart(id): PathPart<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let locale = query_value(query.as_deref(), "locale").unwrap_or_default();
    let id = path_id(&id).ok_or_else(|| Refusal::not_found(2000, "Payment not found"))?;
    Ok(fresh(engine.payment_glance(&caller, id, &locale).await?))
}

/// Of a customer's saved cards those that are named, as a buyer recognises them. Neither holder nor document.
#[utoipa::path(
    get, path = "/pasarela/bricks/saved_cards", operation_id = "glance_at_saved_cards", tag = "bricks",
    params(
        ("customer_id" = String, Query, description = "The customer"),
        ("card_ids" = String, Query, description = "Ids with commas between them; unknown ones are left out"),
        ("public_key" = Option<String>, Query, description = "Instead of an access token"),
    ),
    responses(
        (status = 200, description = "A bare array, in the order of the ids", body = Vec<pasarela_domain::customer::card::CardGlance>),
        (status = 404, description = "No such customer of this key", body = super::schema::ApiError),
    ),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn saved_cards(
    State(engine): State<Engine>,
    Anyone { caller, .. }: Anyone,
    RawQuery(query): RawQuery,
) -> Answer {
    let customer = query_value(query.as_deref(), "customer_id").unwrap_or_default();
    let ids = query_value(query.as_deref(), "card_ids").unwrap_or_default();
    let ids: Vec<&str> = ids.split(',').filter(|id| !id.is_empty()).take(MOST_CARDS).collect();
    Ok(fresh(engine.saved_card_glances(&caller, &customer, &ids).await?))
}

/// Where a preference is paid, for a wallet button.
#[utoipa::path(
    get, path = "/pasarela/bricks/preferences/{id}", operation_id = "glance_at_preference", tag = "bricks",
    params(
        ("id" = String, Path, description = "The preference"),
        ("public_key" = Option<String>, Query, description = "Instead of an access token"),
    ),
    responses(
        (status = 200, description = "Found", body = pasarela_domain::preference::glance::PreferenceGlance),
        (status = 404, description = "No such preference of this key", body = super::schema::ApiError),
    ),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn preference(
    State(engine): State<Engine>,
    Anyone { caller, .. }: Anyone,
    PathPart(id): PathPart<String>,
) -> Answer {
    Ok(fresh(engine.preference_glance(&caller, &id).await?))
}

fn fresh(body: Vec<u8>) -> Response {
    let mut response = json(StatusCode::OK, body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
