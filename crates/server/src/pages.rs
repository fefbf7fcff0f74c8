//! The pages a buyer opens: the hosted checkout, tickets, Pix, the bank of a test transfer, the 3DS challenge, promotions,
//! and the server's own front page.
//!
//! Every page is a pure function of what it shows ([`PaymentView`] and a [`Locale`]) to a [`Page`]; routes and
//! loading live elsewhere. Never here: reading the store, deciding about a payment, an inline script or style, a
//! request to another origin. Start reading at `payment_view.rs`, then `ticket.rs`.

pub mod amount;
pub mod assets;
pub mod bank_transfer;
pub mod challenge;
pub mod checkout;
pub mod checkout_words;
mod colors;
pub mod date;
mod due_date;
pub mod home;
pub mod layout;
pub mod locale;
pub mod missing;
pub mod number_groups;
pub mod payment_view;
pub mod pix;
pub mod progress;
pub mod promotion_words;
pub mod promotions;
pub mod quality;
mod simulated;
pub mod ticket;
pub mod voucher_method;
pub mod wallet;
pub mod wallet_words;
pub mod words;

pub use bank_transfer::{BankOutcome, bank_transfer};
pub use challenge::{ChallengeRequest, challenge, challenge_complete};
pub use home::{HomeView, SellerRow, home};
pub use locale::Locale;
pub use missing::missing;
pub use payment_view::PaymentView;
pub use pix::pix;
pub use promotions::{PromotionsView, promotions, promotions_banner};
pub use quality::{quality_rule, quality_rules};
pub use simulated::{PayerOutcome, payer};
pub use ticket::ticket;

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What every page may load: its own stylesheet, script and icon, and nothing from anywhere else.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; base-uri 'none'; connect-src 'self'; form-action 'self'; \
     img-src 'self'; script-src 'self'; style-src 'self'";

/// The same, for pages with buttons that act: nobody may lay them under their own page (clickjacking). They may show frames of
/// this platform: a card's fields, and the issuer's challenge.
const UNFRAMED_CONTENT_SECURITY_POLICY: &str = "default-src 'none'; base-uri 'none'; connect-src 'self'; form-action 'self'; \
     img-src 'self'; script-src 'self'; style-src 'self'; frame-src 'self'; frame-ancestors 'none'";

/// Who may show a page in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Any page: tickets and the challenge are shown inside shops, also in those opened from a file or an app.
    Anyone,
    /// No page.
    Nobody,
}

/// A finished page, ready to be answered.
#[derive(Clone, Debug)]
pub struct Page {
    /// The HTTP status.
    pub status: StatusCode,
    /// The whole document.
    pub html: String,
    /// The language tag of the document, as in `Content-Language`.
    pub language: &'static str,
    /// Who may frame it.
    pub framing: Framing,
}

impl Page {
    /// Renders `template`. A template can only fail when the `Display` of a value it shows fails, which none of ours
    /// does; should it happen, the reader gets a bare 500 instead of half a page.
    pub(crate) fn render(template: &impl Template, language: &'static str, framing: Framing) -> Page {
        match template.render() {
            Ok(html) => Page { status: StatusCode::OK, html, language, framing },
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                Page { status: StatusCode::INTERNAL_SERVER_ERROR, html: String::new(), language, framing }
            }
        }
    }

    /// The same page under another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Page {
        Page { status, ..self }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let policy = match self.framing {
            Framing::Anyone => CONTENT_SECURITY_POLICY,
            Framing::Nobody => UNFRAMED_CONTENT_SECURITY_POLICY,
        };
        let headers: [(HeaderName, HeaderValue); 7] = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CONTENT_LANGUAGE, HeaderValue::from_static(self.language)),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
            // The address of a ticket carries the hash that opens it: it must not leak to the shop's page.
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
        ];
        (self.status, headers, self.html).into_response()
    }
}
