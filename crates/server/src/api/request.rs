//! Reading requests: bodies with bounds in size and time, queries, headers.

use super::answer::ApiFailure;
use crate::pages::Locale;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use hyper::body::Body as _;
use pasarela_domain::json::{self, Json};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::site::Site;
use pasarela_engine::Failure;
use serde::de::DeserializeOwned;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The largest body: an order with hundreds of items is a fifth of it.
pub const MAX_BODY: usize = 256 * 1024;
/// What all bodies being read or worked on may take together, in KiB. 64 MiB are 256 bodies of the largest size, or
/// tens of thousands of ordinary ones; beyond, callers are asked to come again. Counted as the bytes come in: a body
/// that is announced and never sent takes nothing, so nobody can shut out the others with a few hundred headers.
static BODY_MEMORY: Semaphore = Semaphore::const_new(64 * 1024);
/// How much of a body that is too large is read on, to be able to say so.
const MAX_DISCARDED: usize = 16 * MAX_BODY;
/// How long a client may take to send it.
pub const BODY_TIME: Duration = Duration::from_secs(20);

/// A body, read whole, and its share of the memory for bodies, which is given back when the request is done.
pub struct RawBody {
    /// Its bytes.
    pub bytes: Bytes,
    _memory: SemaphorePermit<'static>,
}

impl RawBody {
    /// What it says in JSON, whatever its content type says. An empty body is `null`.
    ///
    /// # Errors
    /// Cause 1, with where the body is no JSON.
    pub fn json(&self) -> Result<Json<'_>, ApiFailure> {
        if self.bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Json::Null);
        }
        json::parse(&self.bytes).map_err(|fault| {
            let mut refusal = Refusal::bad_request(1, "Params Error");
            refusal.message = format!("Params Error: {fault}");
            ApiFailure::from(refusal)
        })
    }
}

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = ApiFailure;

    async fn from_request(request: Request, _: &S) -> Result<RawBody, ApiFailure> {
        let announced = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if let Some(length) = announced
            && length > MAX_BODY
        {
            if length <= MAX_DISCARDED {
                discard(request.into_body()).await;
            }
            return Err(too_large());
        }
        read(request.into_body()).await
    }
}

fn too_large() -> ApiFailure {
    Refusal::plain(413, format!("the body is larger than {MAX_BODY} bytes")).into()
}

/// Reads a body that is not taken and keeps nothing of it: many clients read an answer only once they have sent
/// everything, and would otherwise see a broken connection in its place. What is far too large, or too slow, is cut off.
pub(crate) async fn discard(mut body: Body) {
    let until_its_end = async {
        let mut left = MAX_DISCARDED;
        while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // Late or broken off: the answer is the same.
    let _ = tokio::time::timeout(BODY_TIME, until_its_end).await;
}

async fn read(body: Body) -> Result<RawBody, ApiFailure> {
    match tokio::time::timeout(BODY_TIME, gather(body)).await {
        Ok(gathered) => gathered,
        Err(_) => Err(Refusal::plain(408, "the body took too long").into()),
    }
}

/// Puts a body together, with memory taken for each piece. Most bodies are one piece, which is not copied.
async fn gather(mut body: Body) -> Result<RawBody, ApiFailure> {
    let mut memory = share(0)?;
    let mut first = Bytes::new();
    let mut joined = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| Refusal::plain(400, "the body could not be read"))?;
        let Ok(piece) = frame.into_data() else { continue };
        let length = first.len().max(joined.len()) + piece.len();
        if length > MAX_BODY {
            return Err(too_large());
        }
        memory.merge(share(length.div_ceil(1024) - memory.num_permits())?);
        if first.is_empty() {
            first = piece;
            continue;
        }
        if joined.is_empty() {
            joined.extend_from_slice(&first);
        }
        joined.extend_from_slice(&piece);
    }
    let bytes = if joined.is_empty() { first } else { Bytes::from(joined) };
    Ok(RawBody { bytes, _memory: memory })
}

/// So many KiB of the memory for bodies.
fn share(kib: usize) -> Result<SemaphorePermit<'static>, ApiFailure> {
    let kib = u32::try_from(kib).unwrap_or(u32::MAX);
    BODY_MEMORY.try_acquire_many(kib).map_err(|_| ApiFailure::from(Failure::Unavailable { retry_after_s: 1 }))
}

/// All pairs of a query, decoded; at most 100.
pub fn query_pairs(query: Option<&str>) -> Vec<(String, String)> {
    const MAX_PAIRS: usize = 100;
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .take(MAX_PAIRS)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// The first non-empty value that has one of `names` among `pairs`; an earlier name wins.
pub fn value_of(pairs: &[(String, String)], names: &[&str]) -> Option<String> {
    let value = |name: &&str| pairs.iter().find(|(known, value)| known == name && !value.is_empty());
    names.iter().find_map(value).map(|(_, value)| value.clone())
}

/// The first non-empty value of `name` in a query.
pub fn query_value(query: Option<&str>, name: &str) -> Option<String> {
    query_pairs(query).into_iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, v)| v)
}

/// A header's text, shortened to what is ever stored of one.
pub fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::trim)
        .filter(|text| !text.is_empty())
        // A header that is text is ASCII.
        .map(|text| text[..text.len().min(255)].to_owned())
}

/// The language in which a page is asked for, see [`Locale::choose`].
pub fn page_locale(query: Option<&str>, headers: &HeaderMap, site: Option<Site>) -> Locale {
    let accept_language = header_text(headers, "accept-language");
    Locale::choose(query_value(query, "locale").as_deref(), accept_language.as_deref(), site)
}

/// A part of the path. One whose escapes are no text names nothing.
pub struct PathPart<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathPart<T> {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<PathPart<T>, ApiFailure> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(part)) => Ok(PathPart(part)),
            Err(_) => Err(Refusal::plain(404, "resource not found").into()),
        }
    }
}

/// An id in a path: anything that is no id finds nothing.
pub fn path_id(text: &str) -> Option<i64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse::<i64>().ok().filter(|id| is_plain && (1..1 << 53).contains(id))
}
