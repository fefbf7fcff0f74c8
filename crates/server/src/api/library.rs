//! The browser library's files, built from `web/` and checked in: the script of `window.MercadoPago`, its first version
//! (`window.Mercadopago`), the frame in which a card is typed, and the device session.
//!
//! Every file is whole in memory and carries a strong entity tag. The addresses are those that pages have built in, so a
//! file keeps its address over versions and is asked for anew after a short time.

use super::conditional::names;
use crate::pages::assets::fnv_1a;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use pasarela_engine::Engine;
use std::sync::LazyLock;

/// A card is typed here. The frame may load its own script and stylesheet and call its own origin, where the token is
/// made; it may load, send or open nothing else, whatever a page tells it. Any shop may frame it.
const FRAME_POLICY: &str = "default-src 'none'; base-uri 'none'; connect-src 'self'; form-action 'none'; script-src 'self'; \
     style-src 'self'";

/// How long a browser uses the library without asking: an upgrade is everywhere five minutes later.
const SCRIPT_FRESHNESS: &str = "public, max-age=300";

/// The frame's own files are asked for at each use, so that the frame is never of two versions.
const FRAME_FRESHNESS: &str = "public, no-cache";

struct File {
    content: &'static str,
    content_type: &'static str,
    freshness: &'static str,
    etag: String,
    is_frame: bool,
}

impl File {
    fn new(content: &'static str, content_type: &'static str, freshness: &'static str) -> File {
        let etag = format!("\"{:016x}\"", fnv_1a(content.as_bytes()));
        File { content, content_type, freshness, etag, is_frame: false }
    }

    fn script(content: &'static str, freshness: &'static str) -> File {
        File::new(content, "text/javascript; charset=utf-8", freshness)
    }

    /// 200 with the file, or 304 for who has it.
    fn answer(&self, headers: &HeaderMap) -> Response {
        let is_known = headers
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|tags| names(tags, &self.etag));
        let mut response = Response::new(if is_known { Body::empty() } else { Body::from(self.content) });
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.freshness));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // Pages that check `integrity`, and pages isolated from other origins, may load it too.
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
        if let Ok(tag) = HeaderValue::from_str(&self.etag) {
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

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const EMBEDDER_POLICY: HeaderName = HeaderName::from_static("cross-origin-embedder-policy");
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

static LIBRARY: LazyLock<File> =
    LazyLock::new(|| File::script(include_str!("../../assets/web/v2.js"), SCRIPT_FRESHNESS));

static FIRST_VERSION: LazyLock<File> =
    LazyLock::new(|| File::script(include_str!("../../assets/web/v1.js"), SCRIPT_FRESHNESS));

static SECURITY: LazyLock<File> =
    LazyLock::new(|| File::script(include_str!("../../assets/web/security.js"), SCRIPT_FRESHNESS));

static INTEGRITY: LazyLock<File> = LazyLock::new(|| {
    File::new(include_str!("../../assets/web/integrity.json"), "application/json", FRAME_FRESHNESS)
});

static FRAME: LazyLock<File> = LazyLock::new(|| File {
    is_frame: true,
    ..File::new(include_str!("../../assets/web/frame.html"), "text/html; charset=utf-8", FRAME_FRESHNESS)
});

static FRAME_SCRIPT: LazyLock<File> =
    LazyLock::new(|| File::script(include_str!("../../assets/web/frame.js"), FRAME_FRESHNESS));

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
        .route("/v2/security.js", get(async |headers: HeaderMap| SECURITY.answer(&headers)))
        .route("/secure-fields/v2", get(async |headers: HeaderMap| FRAME.answer(&headers)))
        .route("/secure-fields/v2/frame.js", get(async |headers: HeaderMap| FRAME_SCRIPT.answer(&headers)))
        .route(
            "/secure-fields/v2/frame.css",
            get(async |headers: HeaderMap| FRAME_STYLESHEET.answer(&headers)),
        )
}
