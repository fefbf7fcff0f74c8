//! The ticket: what a buyer shows, types or prints to pay in cash or at a bank.

use super::amount::amount_text;
use super::due_date::due;
use super::layout::{Layout, Shop};
use super::locale::Locale;
use super::number_groups::grouped;
use super::payment_view::PaymentView;
use super::progress::Progress;
use super::simulated::Simulated;
use super::voucher_method::{Symbology, VoucherMethod, general_steps};
use super::words::Words;
use super::{Framing, Page};
use askama::Template;
use pasarela_engine::pictures::{code128_svg, itf25_svg};

/// One number of the ticket.
pub(crate) struct Number {
    pub id: &'static str,
    pub label: &'static str,
    pub raw: String,
    pub shown: String,
}

#[derive(Template)]
#[template(path = "ticket.html")]
struct TicketTemplate<'a> {
    layout: Layout,
    words: &'static Words,
    view: &'a PaymentView,
    progress: Progress,
    method_name: &'a str,
    amount: String,
    due: Option<(String, String)>,
    ticket: TicketBody,
    simulated: Option<Simulated>,
}

/// What is shown at a desk or typed at a bank, and how.
pub(crate) struct TicketBody {
    pub places: String,
    pub numbers: Vec<Number>,
    pub barcode: Option<String>,
    pub barcode_class: &'static str,
    pub steps: [String; 3],
    pub credited: Option<&'static str>,
}

/// The page behind a voucher's `external_resource_url`. A method that is not known (yet) gets the steps of a cash desk.
pub fn ticket(view: &PaymentView, shop: &Shop, locale: Locale) -> Page {
    let words = locale.words();
    let method = VoucherMethod::find(&view.payment_method_id);
    let known = || method.map_or(view.payment_method_id.as_str(), |method| method.name());
    let method_name = view.given_name.as_deref().unwrap_or_else(known);
    let layout = Layout::in_name_of(shop, format!("{} {method_name}", words.pay_with), view, locale);
    let language = layout.language;
    let template = TicketTemplate {
        layout,
        words,
        view,
        progress: view.progress(),
        method_name,
        amount: amount_text(view.amount, view.site),
        due: due(view, locale),
        ticket: TicketBody::of(view, locale),
        simulated: Simulated::of(view),
    };
    // Shops show tickets inside their own thank-you page; there is nothing on them that acts.
    Page::render(&template, language, Framing::Anyone)
}

impl TicketBody {
    /// That of a payment.
    pub fn of(view: &PaymentView, locale: Locale) -> TicketBody {
        let method = VoucherMethod::find(&view.payment_method_id);
        let name = method.map_or(view.payment_method_id.as_str(), |method| method.name());
        let symbology = method.map_or(Symbology::Code128, VoucherMethod::symbology);
        TicketBody {
            places: method.map(|method| method.places().join(", ")).unwrap_or_default(),
            numbers: numbers(view, method, locale.words()),
            // What can't be drawn can still be typed.
            barcode: view.barcode_content.as_deref().and_then(|content| match symbology {
                Symbology::Itf25 => itf25_svg(content).ok(),
                Symbology::Code128 => code128_svg(content).ok(),
            }),
            barcode_class: match symbology {
                Symbology::Itf25 => "barcode-itf25",
                Symbology::Code128 => "barcode-code128",
            },
            steps: method.map_or_else(|| general_steps(name, locale), |method| method.steps(locale)),
            credited: method.map(|method| method.credited(locale)),
        }
    }
}

/// The numbers to type or dictate. A boleto's reference is the bank's own number and of no use to the buyer beside the
/// digitable line.
fn numbers(view: &PaymentView, method: Option<&VoucherMethod>, words: &'static Words) -> Vec<Number> {
    let reference_label = match method {
        Some(method) if method.is_paid_by_code() => words.payment_code,
        _ => words.reference,
    };
    let number = |id, label, raw: &Option<String>| {
        raw.as_ref().map(|raw| Number { id, label, raw: raw.clone(), shown: grouped(raw) })
    };
    if let Some(line) = number("digitable-line", words.digitable_line, &view.digitable_line) {
        return vec![line];
    }
    let reference = number("reference", reference_label, &view.reference);
    let second = view.verification_code.clone().filter(|code| Some(code) != view.reference.as_ref());
    reference.into_iter().chain(number("verification-code", words.verification_code, &second)).collect()
}
