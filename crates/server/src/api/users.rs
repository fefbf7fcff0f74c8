//! `/users/me`

use super::answer::Answer;
use super::authentication::Seller;
use super::json;
use axum::extract::State;
use axum::http::StatusCode;
use pasarela_domain::refusal::Refusal;
use pasarela_engine::Engine;

/// The account behind the access token.
#[utoipa::path(
    get, path = "/users/me", operation_id = "read_account", tag = "users",
    responses(
        (status = 200, description = "The account", body = Object),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn me(State(engine): State<Engine>, Seller(caller): Seller) -> Answer {
    let account = engine.account(caller.account_id).await?;
    let account = account.ok_or_else(|| Refusal::plain(404, "user not found"))?;
    Ok(json(StatusCode::OK, account.body.clone()))
}
