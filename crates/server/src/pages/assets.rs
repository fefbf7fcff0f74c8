//! The pages' own files: one stylesheet, three small scripts, an icon. Each is served under a name that carries a hash of
//! its content, so that browsers may keep it for ever and a new version is seen at once.

use super::colors::stylesheet;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

/// One file.
#[derive(Debug)]
pub struct Asset {
    /// Where it is served: `/assets/pages-0123456789abcdef.css`.
    pub path: String,
    content: &'static str,
    content_type: &'static str,
}

/// The stylesheet of every page.
pub static STYLESHEET: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("pages", "css", "text/css; charset=utf-8", include_str!("../../assets/pages.css"))
});

/// The panel's own stylesheet, on top of that.
pub static PANEL_STYLESHEET: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("panel", "css", "text/css; charset=utf-8", include_str!("../../assets/panel.css"))
});

/// Copy and print buttons, and the status that follows the payment; pages work without it.
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("pages", "js", "text/javascript; charset=utf-8", include_str!("../../assets/pages.js"))
});

/// Tells the shop's page that a 3DS challenge has ended.
pub static CHALLENGE_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("challenge", "js", "text/javascript; charset=utf-8", include_str!("../../assets/challenge.js"))
});

/// The hosted checkout's own: the card's fields, and what a browser remembers of a purchase. Built from `web/src/checkout`.
pub static CHECKOUT_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "checkout",
        "js",
        "text/javascript; charset=utf-8",
        include_str!("../../assets/web/checkout.js"),
    )
});

/// The icon beside the page's title.
pub static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("../../assets/icon.svg")));

impl Asset {
    fn new(name: &str, extension: &str, content_type: &'static str, content: &'static str) -> Asset {
        let path = format!("/assets/{name}-{:016x}.{extension}", fnv_1a(content.as_bytes()));
        Asset { path, content, content_type }
    }

    /// What it holds.
    pub const fn content(&self) -> &'static str {
        self.content
    }
}

/// Answers `GET /assets/{name}`; 404 for every name that is not exactly a current one.
pub async fn asset(Path(name): Path<String>) -> Response {
    let wanted = [&STYLESHEET, &PANEL_STYLESHEET, &SCRIPT, &CHECKOUT_SCRIPT, &CHALLENGE_SCRIPT, &ICON]
        .into_iter()
        .find(|asset| asset.path.strip_prefix("/assets/") == Some(name.as_str()));
    let headers = |content_type| {
        [
            (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
            (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ]
    };
    match (wanted, color_of(&name).and_then(stylesheet)) {
        (Some(asset), _) => (headers(asset.content_type), asset.content).into_response(),
        (None, Some(colors)) => (headers("text/css; charset=utf-8"), colors).into_response(),
        (None, None) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Where the stylesheet of a seller's color is: `/assets/color-0b5c57.css`.
pub(crate) fn color_path(digits: &str) -> String {
    format!("/assets/color-{digits}.css")
}

fn color_of(name: &str) -> Option<&str> {
    name.strip_prefix("color-")?.strip_suffix(".css")
}

/// FNV-1a, 64 bits: names a version of our own file; nobody gains by making two collide.
pub(crate) fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
