//! The Pix page: the QR code, and the same as text.

use super::amount::amount_text;
use super::date::remaining_text;
use super::due_date::due;
use super::layout::{Layout, Shop};
use super::locale::Locale;
use super::payment_view::PaymentView;
use super::progress::Progress;
use super::simulated::Simulated;
use super::words::Words;
use super::{Framing, Page};
use askama::Template;
use pasarela_engine::pictures::qr_svg;

#[derive(Template)]
#[template(path = "pix.html")]
struct PixTemplate<'a> {
    layout: Layout,
    words: &'static Words,
    view: &'a PaymentView,
    progress: Progress,
    amount: String,
    due: Option<(String, String)>,
    remaining: Option<String>,
    code: PixCode<'a>,
    simulated: Option<Simulated>,
}

/// The code, drawn and as text.
pub(crate) struct PixCode<'a> {
    pub qr: Option<String>,
    pub text: Option<&'a str>,
}

impl PixCode<'_> {
    /// That of a payment; what can't be drawn can still be copied.
    pub fn of(view: &PaymentView) -> PixCode<'_> {
        let text = view.qr_code.as_deref();
        PixCode { qr: text.and_then(|code| qr_svg(code).ok()), text }
    }
}

/// The page behind a Pix payment's `ticket_url`.
pub fn pix(view: &PaymentView, shop: &Shop, locale: Locale) -> Page {
    let words = locale.words();
    let layout = Layout::in_name_of(shop, format!("{} Pix", words.pay_with), view, locale);
    let language = layout.language;
    let template = PixTemplate {
        layout,
        words,
        view,
        progress: view.progress(),
        amount: amount_text(view.amount, view.site),
        due: due(view, locale),
        remaining: view.expires.and_then(|end| remaining_text(view.now, end)),
        code: PixCode::of(view),
        simulated: Simulated::of(view),
    };
    Page::render(&template, language, Framing::Anyone)
}
