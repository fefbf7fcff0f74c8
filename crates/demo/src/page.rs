//! Pages: their frame, their files, and what browsers are told about them.

use crate::Shop;
use crate::goods::piece;
use crate::source::Source;
use crate::visit::Visit;
use crate::words::{Language, Words};
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::borrow::Borrow;

/// What every page has around it.
pub struct Frame {
    /// The page's own title.
    pub title: String,
    /// The language.
    pub language: Language,
    /// Its words.
    pub words: &'static Words,
    /// How many pieces are in the cart.
    pub cart_count: u32,
    /// Which entry of the menu this is.
    pub place: Place,
    /// The code that is shown beside it.
    pub sources: &'static [Source],
}

/// An entry of the menu.
#[derive(Clone, Copy, PartialEq)]
pub enum Place {
    /// The shelf.
    Shelf,
    /// The cart, and everything on the way to a payment.
    Cart,
    /// The buyer's orders.
    Orders,
    /// The seller's side.
    Seller,
}

impl Frame {
    /// The frame of a page of this visit.
    pub fn new(visit: &Visit, place: Place, title: impl Into<String>, sources: &'static [Source]) -> Frame {
        Frame {
            title: title.into(),
            language: visit.language,
            words: visit.language.words(),
            cart_count: visit.cart_count(),
            place,
            sources,
        }
    }

    /// An amount in the language's notation.
    pub fn money(&self, centavos: impl Borrow<i64>) -> String {
        self.language.money(*centavos.borrow())
    }

    /// An amount as programs write it: `89.90`.
    pub fn plain(&self, centavos: i64) -> String {
        format!("{}.{:02}", centavos / 100, centavos % 100)
    }

    /// What the card pages' scripts say.
    pub fn script_words(&self) -> String {
        let words = self.words;
        json!({
            "check": words.check_fields, "issuer": words.issuer, "installments": words.installments,
            "number": words.card_number, "pay": words.pay, "paying": words.paying, "unanswered": words.unanswered,
        })
        .to_string()
    }
}

/// The page, or a bare 500 should a template fail, which none of ours does.
pub fn render(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => broken(&error),
    }
}

/// 500: the shop itself is in trouble. The log says why, the buyer is asked to come again.
pub fn broken(error: &impl std::fmt::Display) -> Response {
    tracing::error!(%error, "the demo shop could not answer");
    (StatusCode::INTERNAL_SERVER_ERROR, "Something broke here. Please try again.").into_response()
}

/// 303: after a form, the browser reads a page, so that going back or reloading sends nothing again.
pub fn see_other(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response()
}

#[derive(Template)]
#[template(path = "missing.html")]
struct Missing {
    frame: Frame,
}

/// 404.
pub async fn missing(visit: Visit) -> Response {
    let frame = Frame::new(&visit, Place::Shelf, visit.language.words().missing_title, &[]);
    let mut response = render(&Missing { frame });
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// What a page may load: its own files, and the platform's library, frames and pictures. Nothing inline, nobody else.
pub fn protect(shop: &Shop, response: &mut Response) {
    let platform = &shop.settings.platform_url;
    let policy = format!(
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src 'self'; script-src 'self' {platform}; \
         connect-src 'self' {platform}; frame-src {platform}; img-src 'self' data: {platform}; form-action 'self' {platform}"
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    // Not `no-referrer`: forms would no longer say where they come from.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    // Going back shows the order as it is, not as it was.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// `GET /assets/{name}`
pub async fn asset(Path(name): Path<String>) -> Response {
    let (kind, text) = match name.as_str() {
        "shop.css" => ("text/css; charset=utf-8", include_str!("../assets/shop.css")),
        "icon.svg" => ("image/svg+xml", include_str!("../assets/icon.svg")),
        "shop.js" => (SCRIPT, include_str!("../assets/shop.js")),
        "paying.js" => (SCRIPT, include_str!("../assets/paying.js")),
        "bricks.js" => (SCRIPT, include_str!("../assets/bricks.js")),
        "card-form.js" => (SCRIPT, include_str!("../assets/card-form.js")),
        "secure-fields.js" => (SCRIPT, include_str!("../assets/secure-fields.js")),
        "result.js" => (SCRIPT, include_str!("../assets/result.js")),
        _ => return photo(&name),
    };
    file(kind, text.as_bytes())
}

/// `alba.png`
fn photo(name: &str) -> Response {
    match name.strip_suffix(".png").and_then(piece) {
        Some(piece) => file("image/png", piece.photo),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn file(kind: &'static str, bytes: &'static [u8]) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, bytes).into_response()
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
