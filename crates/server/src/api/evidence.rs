//! What is noticed of a request on its way, for the measurement of an integration's quality: a word about who made it,
//! and nothing of what it says.

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use pasarela_domain::identity::Caller;
use pasarela_domain::quality::card_numbers::holds_card_number;
use pasarela_domain::quality::marks::TokenChannel;
use pasarela_domain::quality::sdk::Sdk;
use pasarela_domain::quality::traffic::Count;
use pasarela_engine::payments::Written;
use pasarela_engine::{Engine, Failure};

/// The server library that made a request.
pub fn sdk(headers: &HeaderMap) -> Option<Sdk> {
    Sdk::of(text(headers, "x-product-id"), text(headers, "user-agent"), text(headers, "x-tracking-id"))
}

/// Whether the browser library made a request: it says its version with each.
pub fn is_by_library(query: Option<&str>) -> bool {
    query_has(query, "js_version=")
}

/// How a card came: a browser says of each such request where its page is from.
pub fn channel(parts: &Parts) -> TokenChannel {
    let origin = text(&parts.headers, "origin");
    let site = text(&parts.headers, "sec-fetch-site");
    let is_script = query_has(parts.uri.query(), "callback=");
    if !is_by_library(parts.uri.query()) && !is_script {
        let is_browser = origin.is_some() || site.is_some();
        return if is_browser { TokenChannel::Page } else { TokenChannel::Server };
    }
    // A frame calls its own origin. Its pages send no referrer, and therefore hide their origin, too.
    let host = text(&parts.headers, header::HOST.as_str());
    let own = origin.and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    let is_frame = site == Some("same-origin") || origin == Some("null") || (own.is_some() && own == host);
    if is_frame && !is_script { TokenChannel::SecureFields } else { TokenChannel::Library }
}

/// Counts a body that has what looks like a card's number in it.
pub fn look_for_card_numbers(engine: &Engine, caller: &Caller, body: &[u8]) {
    let catalogue = engine.catalogue();
    let site = catalogue.site(caller.site);
    let is_known = |digits: &str| !site.resolve_bin(digits).is_empty();
    if holds_card_number(body, is_known) {
        engine.count(caller, Count::CardNumberOutside);
    }
}

/// The same, unless it is an earlier request once more: that was looked at when it came first.
pub fn look_when_new(engine: &Engine, caller: &Caller, body: &[u8], done: &Result<Written, Failure>) {
    if !done.as_ref().is_ok_and(|written| written.replayed) {
        look_for_card_numbers(engine, caller, body);
    }
}

fn query_has(query: Option<&str>, start: &str) -> bool {
    query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with(start)))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn parts(query: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(format!("/v1/card_tokens?public_key=K{query}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_card_is_known_by_the_way_that_it_came() {
        let library = "&js_version=2.0";
        for (query, headers, expected) in [
            ("", &[][..], TokenChannel::Server),
            ("", &[("origin", "https://shop.example")][..], TokenChannel::Page),
            (
                library,
                &[("origin", "https://shop.example"), ("sec-fetch-site", "cross-site")][..],
                TokenChannel::Library,
            ),
            (
                library,
                &[("origin", "null"), ("sec-fetch-site", "same-origin")][..],
                TokenChannel::SecureFields,
            ),
            (
                library,
                &[("origin", "http://pay.example:80"), ("host", "pay.example:80")][..],
                TokenChannel::SecureFields,
            ),
            ("&callback=f", &[][..], TokenChannel::Library),
        ] {
            assert_eq!(channel(&parts(query, headers)), expected, "{query} {headers:?}");
        }
    }
}
