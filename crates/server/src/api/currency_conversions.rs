//! `GET /currency_conversions/search`

use super::answer::Answer;
use super::authentication::Anyone;
use super::json;
use super::request::query_value;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use pasarela_domain::currency_conversion::ratio_json;
use pasarela_domain::refusal::Refusal;

/// How many units of one currency a unit of another is.
#[utoipa::path(
    get, path = "/currency_conversions/search", operation_id = "convert_currency", tag = "catalogue",
    params(
        ("from" = String, Query, description = "ISO 4217: USD, EUR, or a site's currency"),
        ("to" = String, Query, description = "ISO 4217"),
    ),
    responses(
        (status = 200, description = "`{ratio}`", body = super::schema::CurrencyConversionBody),
        (status = 404, description = "No rate is known", body = super::schema::ApiError),
    ),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn search(_: Anyone, RawQuery(query): RawQuery) -> Answer {
    let get = |name: &str| {
        query_value(query.as_deref(), name).ok_or_else(|| Refusal::plain(400, format!("{name} is required")))
    };
    let body = ratio_json(&get("from")?, &get("to")?)
        .ok_or_else(|| Refusal::plain(404, "currency conversion not found"))?;
    Ok(json(StatusCode::OK, body))
}
