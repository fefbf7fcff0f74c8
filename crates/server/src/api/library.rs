//! The browser library's files, built from `web/` and checked in: the script of `window.MercadoPago`, its first version
//! (`window.Mercadopago`), the frame in which a card is typed, and the device session.
//!
//! Every file is whole in memory, scripts also as they were compressed when they were built, and carries a strong entity
//! tag. The addresses are those that pages have built in, so a file keeps its address over versions and is asked for anew
//! after a short time; the bricks' script, which the library loads itself, has its content's hash in its name.

use super::conditional::names;
use super::request::PathPart;
use crate::pages::assets::fnv_1a;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use pasarela_engine::Engine;
use std::sync::LazyLock;

/// A card is typed here. The frame may load its own script and stylesheet and call its own origin, where the token is
/// made; it may load, send or open nothing else, whatever a page tells it. Any shop may frame it.
const FRAME_POLICY: &str = "default-src 'none'; base-uri 'none'; connect-src 'self'; form-action 'none'; script-src 'self'; \
     style-src 'self'";

/// How long a browser uses the library without asking: an upgrade is everywhere five minutes later.
const SCRIPT_FRESHNESS: &str = "public, max-age=300";

/// What has its content's hash in its name never changes.
const CHUNK_FRESHNESS: &str = "public, max-age=31536000, immutable";

/// The frame's own files are asked for at each use, so that the frame is never of two versions.
const FRAME_FRESHNESS: &str = "public, no-cache";

struct File {
    content: &'static [u8],
    /// The same, compressed by gzip.
    compressed: Option<&'static [u8]>,
    content_type: &'static str,
    freshness: &'static str,
    hash: u64,
    is_frame: bool,
}

impl File {
    fn new(content: &'static str, content_type: &'static str, freshness: &'static str) -> File {
        let hash = fnv_1a(content.as_bytes());
        File { content: content.as_bytes(), compressed: None, content_type, freshness, hash, is_frame: false }
    }

    fn script(content: &'static str, compressed: &'static [u8], freshness: &'static str) -> File {
        File {
            compressed: Some(compressed),
            ..File::new(content, "text/javascript; charset=utf-8", freshness)
        }
    }

    /// 200 with the file, or 304 for who has it.
    fn answer(&self, request: &HeaderMap) -> Response {
        let compressed = self.compressed.filter(|_| takes_gzip(request));
        // Two forms of one file are two things to a cache.
        let etag = format!("\"{:016x}{}\"", self.hash, if compressed.is_some() { "-gzip" } else { "" });
        let is_known = request
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|tags| names(tags, &etag));
        let mut response = Response::new(match (is_known, compressed) {
            (true, _) => Body::empty(),
            (false, content) => Body::from(content.unwrap_or(self.content)),
        });
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.freshness));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.compressed.is_some() {
            headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        if compressed.is_some() && !is_known {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        // Pages that check `integrity`, and pages isolated from other origins, may load it too.
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
        if let Ok(tag) = HeaderValue::from_str(&etag) {
            headers.insert(header::ETAG, tag);
        }
        if self.is_frame {
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FRAME_POLICY));
            headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
            headers.insert(EMBEDDER_POLICY, HeaderValue::from_static("require-corp"));
            headers.insert(ROBOTS, HeaderValue::from_static("noindex"));
        }
        response
    }
}

/// Whether an answer may be compressed by gzip (RFC 9110, 12.5.3).
fn takes_gzip(request: &HeaderMap) -> bool {
    let codings = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    codings.flat_map(|codings| codings.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32));
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const EMBEDDER_POLICY: HeaderName = HeaderName::from_static("cross-origin-embedder-policy");
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// A script as it is, and compressed.
macro_rules! script {
    ($name:literal, $freshness:expr) => {
        LazyLock::new(|| {
            File::script(
                include_str!(concat!("../../assets/web/", $name)),
                include_bytes!(concat!("../../assets/web/", $name, ".gz")),
                $freshness,
            )
        })
    };
}

static LIBRARY: LazyLock<File> = script!("v2.js", SCRIPT_FRESHNESS);
static FIRST_VERSION: LazyLock<File> = script!("v1.js", SCRIPT_FRESHNESS);
static BRICKS: LazyLock<File> = script!("bricks.js", CHUNK_FRESHNESS);
static SECURITY: LazyLock<File> = script!("security.js", SCRIPT_FRESHNESS);

static INTEGRITY: LazyLock<File> = LazyLock::new(|| {
    File::new(include_str!("../../assets/web/integrity.json"), "application/json", FRAME_FRESHNESS)
});

static FRAME: LazyLock<File> = LazyLock::new(|| File {
    is_frame: true,
    ..File::new(include_str!("../../assets/web/frame.html"), "text/html; charset=utf-8", FRAME_FRESHNESS)
});

static FRAME_SCRIPT: LazyLock<File> = script!("frame.js", FRAME_FRESHNESS);

static FRAME_STYLESHEET: LazyLock<File> = LazyLock::new(|| {
    File::new(include_str!("../../assets/web/frame.css"), "text/css; charset=utf-8", FRAME_FRESHNESS)
});

/// The library under every address that pages have built in, and the frames' files.
pub(super) fn routes() -> Router<Engine> {
    let library = || get(async |headers: HeaderMap| LIBRARY.answer(&headers));
    let first_version = || get(async |headers: HeaderMap| FIRST_VERSION.answer(&headers));
    Router::new()
        .route("/js/v2", library())
        .route("/v2", library())
        .route("/gama/js/v2", library())
        .route("/sdk/javascript/v1/mercadopago.js", first_version())
        .route("/v1/mercadopago.js", first_version())
        .route("/js/v2/integrity.json", get(async |headers: HeaderMap| INTEGRITY.answer(&headers)))
        .route("/js/v2/{chunk}", get(chunk))
        .route("/v2/security.js", get(async |headers: HeaderMap| SECURITY.answer(&headers)))
        .route("/secure-fields/v2", get(async |headers: HeaderMap| FRAME.answer(&headers)))
        .route("/secure-fields/v2/frame.js", get(async |headers: HeaderMap| FRAME_SCRIPT.answer(&headers)))
        .route(
            "/secure-fields/v2/frame.css",
            get(async |headers: HeaderMap| FRAME_STYLESHEET.answer(&headers)),
        )
}

/// `/js/v2/bricks-<hash>.js`: what the library loads when a page uses it. A library that a browser has kept from before an
/// upgrade asks for another hash: it gets the present file, which nobody may keep under that name.
async fn chunk(PathPart(name): PathPart<String>, headers: HeaderMap) -> Response {
    let hash = name.strip_prefix("bricks-").and_then(|rest| rest.strip_suffix(".js"));
    match hash {
        Some(hash) if hash == format!("{:016x}", BRICKS.hash) => BRICKS.answer(&headers),
        Some(_) => {
            let mut response = BRICKS.answer(&headers);
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        None => super::unknown_route().await.into_response(),
    }
}
