//! What became of a payment, what the buyer does next, and the way back to the shop. A Pix or a ticket that waits is shown
//! here at once, a challenge too.

use super::next_steps::{NextStep, next_steps};
use super::{CheckoutView, CheckoutWords};
use crate::pages::amount::amount_text;
use crate::pages::assets::CHECKOUT_SCRIPT;
use crate::pages::date::{date_attribute, date_text, remaining_text};
use crate::pages::due_date::due;
use crate::pages::layout::{FOLLOWING_SECONDS, Layout};
use crate::pages::payment_view::path_of;
use crate::pages::pix::PixCode;
use crate::pages::progress::Progress;
use crate::pages::simulated::Simulated;
use crate::pages::ticket::TicketBody;
use crate::pages::wallet_words::WalletWords;
use crate::pages::words::Words;
use crate::pages::{Framing, Locale, Page, PaymentView};
use askama::Template;
use pasarela_domain::money::Money;
use pasarela_domain::status_detail;

/// How long an approved payment is shown before the buyer is taken back to the shop, in seconds.
const LEAVING_SECONDS: u32 = 5;

/// How a payment that waits is paid.
enum Waiting<'a> {
    Pix(PixCode<'a>),
    Ticket(Box<TicketBody>),
    /// At a page of its own: a bank.
    Elsewhere(String),
    /// The issuer asks.
    Challenge(&'a Challenge),
    /// Nothing is to be done here.
    Nothing,
}

#[derive(Template)]
#[template(path = "checkout_result.html")]
struct ResultTemplate<'a> {
    layout: Layout,
    words: &'static Words,
    texts: &'static CheckoutWords,
    view: &'a PaymentView,
    checkout: &'a CheckoutView,
    script: &'static str,
    progress: Progress,
    amount: String,
    method: String,
    date: (String, String),
    due: Option<(String, String)>,
    remaining: Option<String>,
    title: &'static str,
    message: String,
    waiting: Waiting<'a>,
    simulated: Option<Simulated>,
    steps: Vec<NextStep>,
    shop: Option<&'a str>,
    balance_part: Option<(&'static str, String)>,
}

/// A 3DS challenge that is open: where it is, and what is posted there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The issuer's page.
    pub address: String,
    /// The request that it is opened with.
    pub creq: String,
}

/// What the page knows besides the payment.
#[derive(Clone, Debug, Default)]
pub struct Onward<'a> {
    /// The shop.
    pub shop: Option<&'a str>,
    /// Whether the buyer is taken there.
    pub by_itself: bool,
    /// Whether another attempt may be made.
    pub may_retry: bool,
    /// The open challenge.
    pub challenge: Option<Challenge>,
    /// The method's name.
    pub method: &'a str,
    /// In how many instalments.
    pub installments: u32,
    /// What a wallet's balance paid beside this payment.
    pub balance_part: Option<Money>,
    /// What the buyer will read on the card's statement.
    pub statement: &'a str,
}

/// The page after a payment was tried.
pub fn result(checkout: &CheckoutView, view: &PaymentView, onward: &Onward<'_>, locale: Locale) -> Page {
    let texts = CheckoutWords::of(locale);
    let progress = view.progress();
    let amount = amount_text(view.amount, view.site);
    let told = progress.told(locale.words());
    let waiting = waiting(view, onward, locale);
    let is_challenge = matches!(waiting, Waiting::Challenge(_));
    let title = if is_challenge { texts.challenge_title } else { told.0 };
    let message = match status_detail::message(&view.status, &view.status_detail, locale.language()) {
        _ if is_challenge => texts.challenge_text.to_owned(),
        Some(text) if progress != Progress::Expired => filled(text, &amount, onward),
        _ => told.1.to_owned(),
    };
    let layout = Layout {
        following: progress.is_waiting().then_some(FOLLOWING_SECONDS),
        // Loading anew would throw away the frame in which the buyer answers the issuer.
        reloads: !is_challenge,
        leave_for: onward
            .shop
            // An app is opened by a click alone.
            .filter(|shop| onward.by_itself && (shop.starts_with("https://") || shop.starts_with("http://")))
            .map(|shop| format!("{LEAVING_SECONDS};url={shop}")),
        shop: Some(checkout.shop.clone()),
        ..Layout::of_payment(title.to_owned(), view, locale)
    };
    let language = layout.language;
    let created = view.created.unwrap_or(view.now);
    let retry = onward.may_retry && matches!(view.status.as_str(), "rejected" | "cancelled");
    let template = ResultTemplate {
        layout,
        words: locale.words(),
        texts,
        view,
        checkout,
        script: &CHECKOUT_SCRIPT.path,
        progress,
        amount,
        method: match &view.card_last_four {
            Some(digits) => format!("{} •••• {digits}", onward.method),
            None => onward.method.to_owned(),
        },
        date: (date_text(created, view.site, locale), date_attribute(created, view.site)),
        due: due(view, locale),
        remaining: view.expires.and_then(|end| remaining_text(view.now, end)),
        title,
        message,
        simulated: Simulated::of(view),
        steps: if retry { next_steps(view, &checkout.start, texts) } else { Vec::new() },
        waiting,
        shop: onward.shop,
        balance_part: onward
            .balance_part
            .map(|part| (WalletWords::of(locale).balance_pays, amount_text(part, view.site))),
    };
    Page::render(&template, language, Framing::Nobody)
}

fn waiting<'a>(view: &'a PaymentView, onward: &'a Onward<'_>, locale: Locale) -> Waiting<'a> {
    if !view.progress().is_waiting() {
        return Waiting::Nothing;
    }
    if let Some(challenge) = &onward.challenge {
        return Waiting::Challenge(challenge);
    }
    match view.payment_type_id.as_str() {
        _ if view.payment_method_id == "pix" => Waiting::Pix(PixCode::of(view)),
        "ticket" | "atm" => Waiting::Ticket(Box::new(TicketBody::of(view, locale))),
        _ => match &view.page {
            Some(page) => Waiting::Elsewhere(path_of(page)),
            None => Waiting::Nothing,
        },
    }
}

fn filled(text: &str, amount: &str, onward: &Onward<'_>) -> String {
    text.replace("{amount}", amount)
        .replace("{statement_descriptor}", onward.statement)
        .replace("{payment_method_id}", onward.method)
        .replace("{payment_method}", onward.method)
        .replace("{installments}", &onward.installments.to_string())
}
