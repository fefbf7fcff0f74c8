//! The bank of a transfer (PSE, Webpay, Khipu, CLABE): of a test payment, a simulated one with two buttons.

use super::amount::amount_text;
use super::layout::{Layout, Shop};
use super::locale::Locale;
use super::number_groups::grouped;
use super::payment_view::PaymentView;
use super::progress::Progress;
use super::words::Words;
use super::{Framing, Page};
use askama::Template;
use pasarela_domain::catalogue;

/// How long the outcome stays before the buyer is taken back to the shop, in seconds: long enough to read it.
const LEAVING_SECONDS: u32 = 4;

/// What the buyer lets the simulated bank answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BankOutcome {
    /// The transfer arrives.
    Pay,
    /// The bank declines it.
    Decline,
}

impl BankOutcome {
    /// Reads the form that the page's buttons post: `outcome=pay` or `outcome=decline`, anything else is `None`.
    pub fn from_form(body: &[u8]) -> Option<BankOutcome> {
        match body {
            b"outcome=pay" => Some(BankOutcome::Pay),
            b"outcome=decline" => Some(BankOutcome::Decline),
            _ => None,
        }
    }
}

#[derive(Template)]
#[template(path = "bank_transfer.html")]
struct BankTransferTemplate<'a> {
    layout: Layout,
    words: &'static Words,
    view: &'a PaymentView,
    progress: Progress,
    method_name: &'a str,
    amount: String,
    bank: Option<&'a str>,
    clabe: Option<(&'a str, String)>,
}

/// The page behind a transfer's `external_resource_url`. After a POST of its buttons the handler answers 303 to this
/// same address: the page then tells the outcome and takes the buyer back to `callback_url`. (Not 303 to the shop
/// itself: `form-action 'self'` also holds for where a form's answer redirects.)
pub fn bank_transfer(view: &PaymentView, shop: &Shop, locale: Locale) -> Page {
    let words = locale.words();
    let progress = view.progress();
    let mut layout = Layout::in_name_of(shop, words.bank_title.to_owned(), view, locale);
    if !progress.is_waiting() {
        layout.leave_for = view.callback_url.as_ref().map(|url| format!("{LEAVING_SECONDS};url={url}"));
    } else if !view.live {
        // The buttons decide; a page that reloads itself would take the focus from under a finger.
        layout.following = None;
    }
    let language = layout.language;
    let template = BankTransferTemplate {
        layout,
        words,
        view,
        progress,
        method_name: view.given_name.as_deref().unwrap_or_else(|| method_name(&view.payment_method_id)),
        amount: amount_text(view.amount, view.site),
        bank: bank_name(view),
        clabe: match view.payment_method_id.as_str() {
            "clabe" => view.reference.as_deref().map(|clabe| (clabe, grouped(clabe))),
            _ => None,
        },
    };
    // The buttons act: no page may lay them under its own.
    Page::render(&template, language, Framing::Nobody)
}

/// The bank's name where the catalogue knows its code, else the code.
fn bank_name(view: &PaymentView) -> Option<&str> {
    let code = view.financial_institution.as_deref()?;
    let method = catalogue::of(view.site).method(&view.payment_method_id);
    let banks = method.map_or(&[][..], |method| &method.financial_institutions);
    Some(banks.iter().find(|bank| bank.id == code).map_or(code, |bank| bank.description.as_str()))
}

fn method_name(id: &str) -> &str {
    match id {
        "pse" => "PSE",
        "webpay" => "Webpay",
        "khipu" => "Khipu",
        "clabe" => "SPEI",
        other => other,
    }
}
