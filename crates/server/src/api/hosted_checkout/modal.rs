//! The checkout over a shop's page: the same pages, in a frame that `mp.checkout` opens. Its address says so
//! (`from-widget=true`), and so do those of all steps that follow.
//!
//! Everywhere else nobody may lay these pages under their own. Here any page may, as the shop's can't be told from
//! others: what is typed is the buyer's own card or document each time. Where a session's money could be spent by a stolen
//! click, which is in the wallet, no page is framed: links there leave the frame.

use super::super::request::query_value;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// In the query of each step.
pub(super) const PARAMETER: &str = "from-widget";

/// What the pages' policy says of frames; a test holds it against the pages.
const NO_FRAMES: &str = "; frame-ancestors 'none'";

/// Whether this is a step of a checkout over a page.
pub(super) fn is_over_page(query: Option<&str>) -> bool {
    query_value(query, PARAMETER).as_deref() == Some("true")
}

/// Lets the pages of such a checkout be framed.
pub(super) async fn frameable(request: Request, next: Next) -> Response {
    let is_over_page = is_over_page(request.uri().query());
    let mut response = next.run(request).await;
    let policy = response.headers().get(header::CONTENT_SECURITY_POLICY).filter(|_| is_over_page);
    let framed = policy.and_then(|policy| policy.to_str().ok()).map(|policy| policy.replace(NO_FRAMES, ""));
    if let Some(policy) = framed.and_then(|policy| HeaderValue::from_str(&policy).ok()) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
