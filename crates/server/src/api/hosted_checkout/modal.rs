//! The checkout over a shop's page: the same pages, in a frame that `mp.checkout` opens. Its address says so
//! (`from-widget=true`), and so do those of all steps that follow.
//!
//! Everywhere else nobody may lay these pages under their own. Here any page may, as the shop's can't be told from
//! others: what is typed is the buyer's own card or document each time. Where a session's money could be spent by a stolen
//! click, which is in the wallet, no page is framed: links there leave the frame.

use super::super::request::query_value;
use crate::pages::FRAMEABLE_CHECKOUT_POLICY;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// In the query of each step.
pub(super) const PARAMETER: &str = "from-widget";

/// Whether this is a step of a checkout over a page.
pub(super) fn is_over_page(query: Option<&str>) -> bool {
    query_value(query, PARAMETER).as_deref() == Some("true")
}

/// Lets the pages of such a checkout be framed.
pub(super) async fn frameable(request: Request, next: Next) -> Response {
    let is_over_page = is_over_page(request.uri().query());
    let mut response = next.run(request).await;
    if is_over_page && response.headers().contains_key(header::CONTENT_SECURITY_POLICY) {
        let policy = HeaderValue::from_static(FRAMEABLE_CHECKOUT_POLICY);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
