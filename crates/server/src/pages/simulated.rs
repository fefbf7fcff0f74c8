//! The simulated bank of a test payment that is paid elsewhere: a Pix, a ticket. Reached from the payment's page by a click, or
//! with a phone by a code of its own.

use super::amount::amount_text;
use super::layout::Layout;
use super::locale::Locale;
use super::payment_view::{PaymentView, path_of};
use super::progress::Progress;
use super::words::Words;
use super::{Framing, Page};
use askama::Template;
use pasarela_engine::pictures::qr_svg;
use url::Url;

/// Where a test payment is paid at the simulated bank.
pub(crate) struct Simulated {
    /// The path.
    pub address: String,
    /// The whole address, drawn for a phone.
    pub code: Option<String>,
}

impl Simulated {
    /// That of a test payment that waits to be paid.
    pub fn of(view: &PaymentView) -> Option<Simulated> {
        let page = view.page.as_ref().filter(|_| !view.live && view.progress().is_waiting())?;
        let payer = beside(page, "payer")?;
        Some(Simulated { address: path_of(&payer), code: qr_svg(payer.as_str()).ok() })
    }
}

/// Another page of the same payment.
fn beside(page: &Url, name: &str) -> Option<Url> {
    let mut url = page.clone();
    url.path_segments_mut().ok()?.pop().push(name);
    Some(url)
}

/// What the one who plays the payer lets happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayerOutcome {
    /// The money arrives.
    Pay,
    /// The time to pay runs out.
    Expire,
}

impl PayerOutcome {
    /// Reads the form that the page's buttons post: `outcome=pay` or `outcome=expire`, anything else is `None`.
    pub fn from_form(body: &[u8]) -> Option<PayerOutcome> {
        match body {
            b"outcome=pay" => Some(PayerOutcome::Pay),
            b"outcome=expire" => Some(PayerOutcome::Expire),
            _ => None,
        }
    }
}

#[derive(Template)]
#[template(path = "payer.html")]
struct PayerTemplate<'a> {
    layout: Layout,
    words: &'static Words,
    view: &'a PaymentView,
    progress: Progress,
    amount: String,
    back: Option<String>,
}

/// The simulated bank. Its buttons act, so no page may lay it under its own.
pub fn payer(view: &PaymentView, locale: Locale) -> Page {
    let words = locale.words();
    let layout = Layout { following: None, ..Layout::of_payment(words.payer_title.to_owned(), view, locale) };
    let language = layout.language;
    let template = PayerTemplate {
        layout,
        words,
        view,
        progress: view.progress(),
        amount: amount_text(view.amount, view.site),
        back: view.page.as_ref().map(path_of),
    };
    Page::render(&template, language, Framing::Nobody)
}
