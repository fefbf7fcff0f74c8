//! Failures on the wire.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pasarela_domain::refusal::Refusal;
use pasarela_engine::Failure;
use serde_json::{Value, json};
use std::sync::Arc;

/// The content type of every JSON answer.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");

/// What a route answers with.
pub type Answer = Result<Response, ApiFailure>;

/// A failure on its way out: the route knows what went wrong, the envelope knows the request's id.
#[derive(Clone, Debug)]
pub struct ApiFailure(pub Arc<Failure>);

impl From<Failure> for ApiFailure {
    fn from(failure: Failure) -> ApiFailure {
        ApiFailure(Arc::new(failure))
    }
}

impl From<Refusal> for ApiFailure {
    fn from(refusal: Refusal) -> ApiFailure {
        Failure::Refused(refusal).into()
    }
}

impl IntoResponse for ApiFailure {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        response.extensions_mut().insert(self);
        response
    }
}

impl ApiFailure {
    /// The status that it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        let status = match self.0.as_ref() {
            Failure::Refused(refusal) => refusal.status,
            Failure::TooMany { .. } => 429,
            Failure::Unavailable { .. } => 503,
            Failure::Internal(_) => 500,
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The failure's body, in the API's shape; keeps the headers that the route set.
    pub(crate) fn render(&self, request_id: &str, mut response: Response) -> Response {
        let body = match self.0.as_ref() {
            Failure::Refused(refusal) => {
                let now = pasarela_engine::clock::wall().jiff().strftime("%d-%m-%YT%H:%M:%SUTC");
                let mut body = refusal.to_json(Some(&format!("{now};{request_id}")));
                if matches!(refusal.status, 401 | 403)
                    && refusal.causes.is_empty()
                    && let Value::Object(members) = &mut body
                {
                    // The newer gateway's shape, beside the classic one: clients read either.
                    members.insert("code".to_owned(), Value::String(refusal.error.to_owned()));
                }
                body
            }
            Failure::Unavailable { retry_after_s } => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
                Refusal::plain(503, "the service is busy, try again").to_json(None)
            }
            Failure::TooMany { retry_after_s, message } => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
                Refusal::plain(429, *message).to_json(None)
            }
            Failure::Internal(_) => json!({
                "message": "internal error", "error": "internal_error", "status": 500, "cause": [],
            }),
        };
        // The empty body that carried the failure this far may have been measured on the way.
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(body.to_string());
        response.headers_mut().insert(header::CONTENT_TYPE, JSON);
        response
    }
}
