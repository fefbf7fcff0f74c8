//! The pictures of what is bought, from this platform's own origin.

use super::page_request::{PageAnswer, PageRequest};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;

/// `GET /checkout/v1/picture?pref_id=…&item=…`
pub(super) async fn picture(request: PageRequest) -> PageAnswer {
    let nothing = || Ok(StatusCode::NOT_FOUND.into_response());
    let number = request.value("item").and_then(|number| number.parse().ok());
    let (Some(id), Some(number)) = (request.value("pref_id"), number) else { return nothing() };
    let Some(checkout) = request.engine.open_checkout(&id).await? else { return nothing() };
    let Some(picture) = request.engine.item_picture(&checkout, number).await else { return nothing() };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(picture.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        // It is a stranger's file: opened by itself it is nothing but a picture, and no other site shows it as its own.
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    Ok((headers, picture.bytes.to_vec()).into_response())
}
