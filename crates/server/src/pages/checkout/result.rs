//! What became of a payment, and where the buyer goes on.

use crate::pages::amount::amount_text;
use crate::pages::checkout_words::CheckoutWords;
use crate::pages::layout::{FOLLOWING_SECONDS, Layout};
use crate::pages::progress::Progress;
use crate::pages::words::Words;
use crate::pages::{Framing, Locale, Page, PaymentView};
use askama::Template;
use pasarela_domain::status_detail;

/// How long an approved payment is shown before the buyer is taken back to the shop, in seconds.
const LEAVING_SECONDS: u32 = 5;

#[derive(Template)]
#[template(path = "checkout_result.html")]
struct ResultTemplate<'a> {
    layout: Layout,
    words: &'static Words,
    texts: &'static CheckoutWords,
    view: &'a PaymentView,
    progress: Progress,
    amount: String,
    message: Option<String>,
    instructions: Option<&'a str>,
    shop: Option<&'a str>,
    again: Option<&'a str>,
}

/// Where a buyer goes on from the result.
#[derive(Clone, Copy, Debug, Default)]
pub struct Onward<'a> {
    /// A ticket, a Pix or a bank.
    pub instructions: Option<&'a str>,
    /// The shop.
    pub shop: Option<&'a str>,
    /// Whether the buyer is taken there.
    pub by_itself: bool,
    /// Another attempt.
    pub again: Option<&'a str>,
}

/// The page after a payment was tried: what became of it, and where to go.
pub fn result(view: &PaymentView, onward: Onward<'_>, statement: &str, locale: Locale) -> Page {
    let progress = view.progress();
    let amount = amount_text(view.amount, view.site);
    let mut layout = Layout::of_payment(progress.told(locale.words()).0.to_owned(), view, locale);
    layout.following = progress.is_waiting().then_some(FOLLOWING_SECONDS);
    if let (true, Some(shop)) = (onward.by_itself, onward.shop) {
        layout.leave_for = Some(format!("{LEAVING_SECONDS};url={shop}"));
    }
    let message = status_detail::message(&view.status, &view.status_detail, locale.language());
    let message = message.map(|text| {
        text.replace("{amount}", &amount)
            .replace("{statement_descriptor}", statement)
            .replace("{payment_method}", &view.payment_method_id)
            .replace("{payment_method_id}", &view.payment_method_id)
            .replace("{installments}", "")
    });
    let language = layout.language;
    let template = ResultTemplate {
        layout,
        words: locale.words(),
        texts: CheckoutWords::of(locale),
        view,
        progress,
        amount,
        message,
        instructions: onward.instructions.filter(|_| progress.is_waiting()),
        shop: onward.shop,
        again: onward.again,
    };
    Page::render(&template, language, Framing::Nobody)
}
