//! A browser's request to the checkout's pages, and the answers that end it early.

use super::super::answer::ApiFailure;
use super::super::request::query_value;
use crate::tls::ClientConnection;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use pasarela_engine::{Engine, Failure};
use std::convert::Infallible;

/// What came with a request, whichever page it is to.
pub(super) struct PageRequest {
    pub(super) engine: Engine,
    pub(super) query: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) connection: Option<ClientConnection>,
}

impl PageRequest {
    /// The first non-empty value of `name` in the query.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        query_value(self.query.as_deref(), name)
    }

    /// Whether the browser says that another site sent it here.
    pub(super) fn is_sent_from_elsewhere(&self) -> bool {
        self.headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site")
    }
}

impl FromRequestParts<Engine> for PageRequest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<PageRequest, Infallible> {
        Ok(PageRequest {
            engine: engine.clone(),
            query: parts.uri.query().map(str::to_owned),
            headers: parts.headers.clone(),
            connection: parts.extensions.get().copied(),
        })
    }
}

/// What a page's handler answers with.
pub(super) type PageAnswer = Result<Response, Instead>;

/// Another answer than the page that was asked for. In a box, as answers are large.
pub(super) struct Instead(Box<Response>);

impl From<Response> for Instead {
    fn from(response: Response) -> Instead {
        Instead(Box::new(response))
    }
}

impl From<Failure> for Instead {
    fn from(failure: Failure) -> Instead {
        ApiFailure::from(failure).into_response().into()
    }
}

impl IntoResponse for Instead {
    fn into_response(self) -> Response {
        *self.0
    }
}
