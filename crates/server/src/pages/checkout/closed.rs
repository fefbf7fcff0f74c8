//! A checkout that takes no payment now, and why.

use super::CheckoutView;
use crate::pages::checkout_words::CheckoutWords;
use crate::pages::layout::Layout;
use crate::pages::wallet_words::WalletWords;
use crate::pages::{Framing, Locale, Page};
use askama::Template;
use axum::http::StatusCode;

/// Why nothing can be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYet,
    /// Too many attempts.
    Exhausted,
    /// Only from an account.
    Login,
    /// No method takes the amount.
    NoMethod,
    /// What was posted is from a page that is too old, or from elsewhere.
    Stale,
}

#[derive(Template)]
#[template(path = "checkout_closed.html")]
struct ClosedTemplate<'a> {
    layout: Layout,
    words: &'static CheckoutWords,
    told: (&'static str, &'static str),
    leave: Option<&'a str>,
    again: Option<&'a str>,
    again_text: &'static str,
    leaves_frame: bool,
}

/// The page of a checkout that takes no payment now.
pub fn closed(view: &CheckoutView, why: Closed, locale: Locale) -> Page {
    let words = CheckoutWords::of(locale);
    let (told, status) = match why {
        Closed::Expired => (words.expired, StatusCode::GONE),
        Closed::NotYet => (words.not_yet, StatusCode::FORBIDDEN),
        Closed::Exhausted => (words.exhausted, StatusCode::TOO_MANY_REQUESTS),
        Closed::Login => (words.login, StatusCode::FORBIDDEN),
        Closed::NoMethod => (words.no_method, StatusCode::CONFLICT),
        Closed::Stale => (words.stale, StatusCode::FORBIDDEN),
    };
    let layout = view.layout(told.0, locale);
    let language = layout.language;
    // The wallet is in no frame.
    let login = (why == Closed::Login).then(|| format!("/checkout/v1/wallet?{}", view.query));
    let again = (why == Closed::Stale).then_some(view.start.as_str()).or(login.as_deref());
    let leaves_frame = login.is_some();
    let again_text = if leaves_frame { WalletWords::of(locale).way.0 } else { words.try_again };
    let leave = view.leave.as_deref();
    let template = ClosedTemplate { layout, words, told, leave, again, again_text, leaves_frame };
    Page::render(&template, language, Framing::Nobody).with_status(status)
}
