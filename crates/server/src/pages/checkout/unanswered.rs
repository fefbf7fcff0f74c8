//! A payment that the platform could not answer: the same form, to be sent again.

use crate::pages::assets::CHECKOUT_SCRIPT;
use crate::pages::checkout_words::CheckoutWords;
use crate::pages::layout::Layout;
use crate::pages::{Framing, Locale, Page};
use askama::Template;
use axum::http::StatusCode;

#[derive(Template)]
#[template(path = "checkout_unanswered.html")]
struct UnansweredTemplate<'a> {
    layout: Layout,
    words: &'static CheckoutWords,
    script: &'static str,
    action: &'a str,
    hidden: Vec<(&'static str, String)>,
}

/// The page from which `hidden` is posted to `action` once more.
pub fn unanswered(action: &str, hidden: Vec<(&'static str, String)>, locale: Locale) -> Page {
    let words = CheckoutWords::of(locale);
    // The store may be down: nothing is known of the shop.
    let layout = Layout::new(words.unanswered.0.to_owned(), locale, None);
    let language = layout.language;
    let template = UnansweredTemplate { layout, words, script: &CHECKOUT_SCRIPT.path, action, hidden };
    Page::render(&template, language, Framing::Nobody).with_status(StatusCode::SERVICE_UNAVAILABLE)
}
