//! `/sandbox/wallet`: what is in test buyers' wallets, and money for them.

use super::answer::Answer;
use super::authentication::Seller;
use super::customers::key;
use super::json;
use super::request::{RawBody, query_value};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use pasarela_domain::json::{Json, member, text_or_number};
use pasarela_domain::refusal::Refusal;
use pasarela_engine::Engine;
use pasarela_engine::sandbox_wallets::WalletName;
use utoipa::ToSchema;

/// A test buyer's wallet.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes a body that the engine writes")]
pub struct TestWalletBody {
    /// The buyer's account.
    user_id: i64,
    /// Its e-mail: `…@testuser.com`.
    email: String,
    /// Its market.
    site_id: String,
    /// The wallet's currency.
    currency_id: String,
    /// The money in it.
    balance: f64,
    /// How many cards are saved.
    cards: u32,
}

/// Whose wallet, and how much. `user_id` or `email` says whose.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes a body that is read member by member")]
pub struct AddMoneyRequest {
    /// The buyer's account.
    user_id: Option<i64>,
    /// The buyer's e-mail, on the caller's site.
    email: Option<String>,
    /// In the currency of the buyer's site; at most what a balance may pay at once.
    amount: f64,
}

/// What is in a test buyer's wallet.
#[utoipa::path(
    get, path = "/sandbox/wallet", operation_id = "read_test_wallet", tag = "sandbox",
    params(
        ("user_id" = Option<i64>, Query, description = "The buyer's account"),
        ("email" = Option<String>, Query, description = "Or its e-mail, on the caller's site"),
    ),
    responses(
        (status = 200, description = "The wallet", body = TestWalletBody),
        (status = 400, description = "Neither user_id nor email", body = super::schema::ApiError),
        (status = 403, description = "With live credentials", body = super::schema::ApiError),
        (status = 404, description = "No such test buyer", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn read(State(engine): State<Engine>, Seller(caller): Seller, RawQuery(query): RawQuery) -> Answer {
    let asked = |name: &str| query_value(query.as_deref(), name);
    let name = wallet_name(asked("user_id"), asked("email"))?;
    Ok(json(StatusCode::OK, engine.test_wallet(&caller, &name).await?.to_string()))
}

/// Adds money to a test buyer's wallet. The same idempotency key adds it once.
#[utoipa::path(
    post, path = "/sandbox/wallet/money", operation_id = "add_money", tag = "sandbox",
    params(("X-Idempotency-Key" = Option<String>, Header, description = "Adds the amount once, however often it is sent")),
    request_body(content = AddMoneyRequest),
    responses(
        (status = 201, description = "The wallet as it is now", body = TestWalletBody),
        (status = 400, description = "No buyer named, or an amount that can't be added", body = super::schema::ApiError),
        (status = 403, description = "With live credentials", body = super::schema::ApiError),
        (status = 404, description = "No such test buyer", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn add_money(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    headers: HeaderMap,
    body: RawBody,
) -> Answer {
    let key = key(&headers, &caller, "POST /sandbox/wallet/money", &body.bytes)?;
    let request = body.json()?;
    let said = |name: &str| member(&request, name).and_then(text_or_number);
    let name = wallet_name(said("user_id"), said("email"))?;
    let amount = match member(&request, "amount") {
        Some(Json::Number(number)) => number.as_str().to_owned(),
        _ => return Err(Refusal::plain(400, "amount is a number above zero").into()),
    };
    let wallet = engine.add_money(&caller, key, &name, &amount).await?;
    Ok(json(StatusCode::CREATED, wallet.to_string()))
}

fn wallet_name(user_id: Option<String>, email: Option<String>) -> Result<WalletName, Refusal> {
    match (user_id, email) {
        (Some(id), _) => match super::request::path_id(&id) {
            Some(id) => Ok(WalletName::Id(id)),
            None => Err(Refusal::plain(400, "user_id is the buyer's number")),
        },
        (None, Some(email)) => Ok(WalletName::Email(email)),
        (None, None) => Err(Refusal::plain(400, "user_id or email says whose wallet it is")),
    }
}
