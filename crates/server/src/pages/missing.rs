//! The page for an address that opens nothing: a wrong id and a wrong hash look the same.

use super::layout::Layout;
use super::locale::Locale;
use super::words::Words;
use super::{Framing, Page};
use askama::Template;
use axum::http::StatusCode;

#[derive(Template)]
#[template(path = "missing.html")]
struct MissingTemplate {
    layout: Layout,
    words: &'static Words,
}

/// 404, in words.
pub fn missing(locale: Locale) -> Page {
    let words = locale.words();
    let layout = Layout::new(words.missing.0.to_owned(), locale, None);
    let language = layout.language;
    Page::render(&MissingTemplate { layout, words }, language, Framing::Nobody)
        .with_status(StatusCode::NOT_FOUND)
}
