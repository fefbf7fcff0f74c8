//! `/users/me`

use super::answer::Answer;
use super::applications::object;
use super::authentication::{Holder, Owner};
use super::json;
use super::request::RawBody;
use axum::extract::State;
use axum::http::StatusCode;
use pasarela_domain::money::Money;
use pasarela_domain::refusal::Refusal;
use pasarela_domain::site::Site;
use pasarela_engine::test_users::NewTestUser;
use pasarela_engine::{Engine, Failure};
use serde_json::Value;

/// The account behind the access token.
#[utoipa::path(
    get, path = "/users/me", operation_id = "read_account", tag = "users",
    responses(
        (status = 200, description = "The account", body = Object),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn me(State(engine): State<Engine>, Holder(identity): Holder) -> Answer {
    let account = engine.account(identity.caller.account_id).await?;
    let account = account.ok_or_else(|| Refusal::plain(404, "user not found"))?;
    Ok(json(StatusCode::OK, account.body.clone()))
}

/// Makes a test user of a site: a seller with credentials of test mode alone, a buyer with money in its wallet, both with a
/// login. Ten at most in 60 days. The answer has the password and the secrets this once.
#[utoipa::path(
    post, path = "/users/test_user", operation_id = "create_test_user", tag = "users",
    request_body(content = super::schema::TestUserRequest),
    responses(
        (status = 201, description = "`id`, `nickname`, `password`, `email`, `site_status`, and `credentials`", body = Object),
        (status = 400, description = "An unknown site, too much money, or `too_many_test_users`", body = super::schema::ApiError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
        (status = 403, description = "With a public key, or a token that a seller granted", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn create_test_user(State(engine): State<Engine>, owner: Owner, body: RawBody) -> Answer {
    let request = object(&body)?;
    let site = request.get("site_id").and_then(Value::as_str).and_then(Site::from_id);
    let site =
        site.ok_or_else(|| Refusal::plain(400, "site_id must be MLA, MLB, MLC, MCO, MLM, MPE or MLU"))?;
    let refused = || Refusal::plain(400, "amount must be a number of the site's currency");
    let amount = match request.get("amount") {
        None | Some(Value::Null) => None,
        Some(Value::Number(number)) => {
            Some(Money::from_decimal_text(&number.to_string(), site.currency()).map_err(|_| refused())?)
        }
        Some(_) => return Err(refused().into()),
    };
    let description = request.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let new = NewTestUser { site, description, amount };
    let user = engine.create_test_user(owner.0.account_id, &new, &owner.actor()).await?;
    let body = serde_json::to_string(&user).map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(json(StatusCode::CREATED, body))
}
