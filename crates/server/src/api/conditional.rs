//! Answers that a client may keep: entity tags, and 304 for who has the answer already (RFC 9110 §13).

use super::answer::JSON;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use pasarela_domain::catalogue::memory::Answer;
use std::sync::Arc;

/// How long a client may use an answer without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// A minute: what an operator changes now and then.
    Minute,
    /// Not at all: prices depend on the day and, in tests, on a clock that is moved.
    AskAgain,
}

impl Freshness {
    /// `private`, because the answer is for a credential's site; a credential in a header is not part of the address.
    const fn cache_control(self) -> HeaderValue {
        match self {
            Freshness::Minute => HeaderValue::from_static("private, max-age=60"),
            Freshness::AskAgain => HeaderValue::from_static("private, no-cache"),
        }
    }
}

/// 200 with the answer, or 304 without it when `If-None-Match` names its tag.
pub fn conditional(headers: &HeaderMap, answer: &Arc<Answer>, freshness: Freshness) -> Response {
    let is_known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|tags| names(tags, &answer.etag));
    let mut response = if is_known {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let mut response = Response::new(Body::from(Bytes::from_owner(Remembered(Arc::clone(&answer.body)))));
        response.headers_mut().insert(header::CONTENT_TYPE, JSON);
        response
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&answer.etag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, freshness.cache_control());
    headers.insert(header::VARY, HeaderValue::from_static("Authorization, X-Public-Key"));
    response
}

/// Whether a list of tags has this one. `If-None-Match` compares weakly: `W/` makes no difference.
pub(super) fn names(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// A body that many answers share: it is sent without being copied.
struct Remembered(Arc<str>);

impl AsRef<[u8]> for Remembered {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_tag_is_found_in_a_list() {
        for (tags, known) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            assert_eq!(names(tags, "\"a\""), known, "{tags}");
        }
    }
}
