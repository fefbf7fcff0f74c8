//! `/v1/payment_methods/track_error`: what old copies of the original library report.

use super::answer::Answer;
use super::authentication::Anyone;
use super::json;
use super::request::RawBody;
use axum::http::StatusCode;

/// Takes a page's report and keeps nothing of it: a page can put anything into one, a card number too.
#[utoipa::path(
    post, path = "/v1/payment_methods/track_error", operation_id = "report_page_error", tag = "card tokens",
    params(("public_key" = Option<String>, Query, description = "Instead of an access token")),
    request_body(content = super::schema::PageErrorReport),
    responses((status = 200, description = "`{}`", body = Object)),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn take(_: Anyone, _: RawBody) -> Answer {
    Ok(json(StatusCode::OK, "{}"))
}
