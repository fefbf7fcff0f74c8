//! `/v1/customers/{id}/cards`

use super::answer::Answer;
use super::authentication::Seller;
use super::customers::{CustomerBody, key, made};
use super::json;
use super::request::{PathPart, path_id};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use pasarela_domain::customer::card_not_found;
use pasarela_engine::Engine;

/// Saves a token's card with a customer. The token is spent, and its security code gone.
#[utoipa::path(
    post, path = "/v1/customers/{id}/cards", operation_id = "save_card", tag = "cards",
    params(
        ("id" = String, Path, description = "The customer"),
        ("X-Idempotency-Key" = Option<String>, Header, description = "The same key saves one card"),
    ),
    request_body(content = super::schema::SaveCardBody),
    responses(
        (status = 201, description = "Saved", body = pasarela_domain::customer::card::SavedCard),
        (status = 200, description = "Saved before: under the same key, or the same card", body = pasarela_domain::customer::card::SavedCard),
        (status = 400, description = "119, 120, 121, 127, 129, 140", body = super::schema::ApiError),
        (status = 404, description = "No such customer of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn save(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
    headers: HeaderMap,
    body: CustomerBody,
) -> Answer {
    let key = key(&headers, &caller, &format!("POST /v1/customers/{id}/cards"), body.bytes())?;
    Ok(made(engine.save_card(&caller, &id, key, &body.json()?).await?))
}

/// The cards of a customer: a bare array.
#[utoipa::path(
    get, path = "/v1/customers/{id}/cards", operation_id = "list_cards", tag = "cards",
    params(("id" = String, Path, description = "The customer")),
    responses(
        (status = 200, description = "All of them", body = Vec<pasarela_domain::customer::card::SavedCard>),
        (status = 404, description = "No such customer of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn list(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
) -> Answer {
    Ok(json(StatusCode::OK, engine.cards(&caller, &id).await?))
}

/// One card of a customer.
#[utoipa::path(
    get, path = "/v1/customers/{id}/cards/{card_id}", operation_id = "read_card", tag = "cards",
    params(
        ("id" = String, Path, description = "The customer"),
        ("card_id" = String, Path, description = "The card"),
    ),
    responses(
        (status = 200, description = "The card", body = pasarela_domain::customer::card::SavedCard),
        (status = 404, description = "No such customer or card", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn read(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart((id, card)): PathPart<(String, String)>,
) -> Answer {
    let card = path_id(&card).ok_or_else(card_not_found)?;
    Ok(json(StatusCode::OK, engine.card(&caller, &id, card).await?))
}

/// Gives a card a new date or holder, or with a token a new number.
#[utoipa::path(
    put, path = "/v1/customers/{id}/cards/{card_id}", operation_id = "change_card", tag = "cards",
    params(
        ("id" = String, Path, description = "The customer"),
        ("card_id" = String, Path, description = "The card"),
        ("X-Idempotency-Key" = Option<String>, Header, description = "Honoured when sent"),
    ),
    request_body(content = super::schema::ChangeCardBody),
    responses(
        (status = 200, description = "The card as it is now", body = pasarela_domain::customer::card::SavedCard),
        (status = 400, description = "120, 121, 122, 127, 140", body = super::schema::ApiError),
        (status = 404, description = "No such customer or card", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn change(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart((id, card)): PathPart<(String, String)>,
    headers: HeaderMap,
    body: CustomerBody,
) -> Answer {
    let path = format!("PUT /v1/customers/{id}/cards/{card}");
    let card = path_id(&card).ok_or_else(card_not_found)?;
    let key = key(&headers, &caller, &path, body.bytes())?;
    Ok(json(StatusCode::OK, engine.change_card(&caller, &id, card, key, &body.json()?).await?.body))
}

/// Forgets a card. Its number is erased when nobody else has saved it.
#[utoipa::path(
    delete, path = "/v1/customers/{id}/cards/{card_id}", operation_id = "delete_card", tag = "cards",
    params(
        ("id" = String, Path, description = "The customer"),
        ("card_id" = String, Path, description = "The card"),
        ("X-Idempotency-Key" = Option<String>, Header, description = "Honoured when sent"),
    ),
    responses(
        (status = 200, description = "The card as it was", body = pasarela_domain::customer::card::SavedCard),
        (status = 404, description = "No such customer or card", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn delete(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart((id, card)): PathPart<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let path = format!("DELETE /v1/customers/{id}/cards/{card}");
    let card = path_id(&card).ok_or_else(card_not_found)?;
    let key = key(&headers, &caller, &path, &[])?;
    Ok(json(StatusCode::OK, engine.delete_card(&caller, &id, card, key).await?))
}
