//! `/v1/payment_methods/track_error`: what the library, and old copies of the original one, report.

use super::answer::Answer;
use super::authentication::Anyone;
use super::json;
use super::request::RawBody;
use axum::extract::State;
use axum::http::StatusCode;
use pasarela_domain::json::{Json, member};
use pasarela_engine::Engine;

/// What card inputs with a `name` are reported under, before the page's host.
const EXPOSED_INPUTS: &str = "DSS-";
/// Names that are read of a report; there are five.
const MOST_NAMES: usize = 16;

/// Takes a page's report. That card inputs have a `name` is counted, by host and input; of anything else nothing is kept: a
/// page can put anything into a report, a card number too.
#[utoipa::path(
    post, path = "/v1/payment_methods/track_error", operation_id = "report_page_error", tag = "card tokens",
    params(("public_key" = Option<String>, Query, description = "Instead of an access token")),
    request_body(content = super::schema::PageErrorReport),
    responses((status = 200, description = "`{}`", body = Object)),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn take(State(engine): State<Engine>, Anyone { caller, .. }: Anyone, body: RawBody) -> Answer {
    // Nobody waits for the answer: a report that can't be read is none.
    if let Ok(report) = body.json() {
        let kind = member(&report, "type").and_then(Json::as_str).unwrap_or_default();
        if let Some(host) = kind.strip_prefix(EXPOSED_INPUTS) {
            engine.report_exposed_inputs(&caller, host, &names(member(&report, "data")));
        }
    }
    Ok(json(StatusCode::OK, "{}"))
}

/// A list of names, or one name; both versions of the library say `{"fields": […]}`.
fn names(data: Option<&Json<'_>>) -> Vec<String> {
    match data.map(|data| member(data, "fields").unwrap_or(data)) {
        Some(Json::Array(items)) => {
            items.iter().take(MOST_NAMES).filter_map(Json::as_str).map(str::to_owned).collect()
        }
        Some(one) => one.as_str().map(str::to_owned).into_iter().collect(),
        None => Vec::new(),
    }
}
