//! The hosted checkout's routes: they open the preference by its id, read what the buyer posted, let the engine pay, and
//! show the page that comes next.
//!
//! Nothing in this file is done in the name of a buyer who is logged in (that is [`wallet`]), so a form that another site
//! posts gains nobody anything; still, forms carry a word that only this platform can write (for this preference, this price and this day), and a browser that
//! says that it was sent here by another site is told to start again.

mod again;
mod modal;
mod opened;
mod page_request;
mod picture;
mod posted;
mod result;
mod wallet;
mod words;

use super::card_tokens::protected;
use super::request::RawBody;
use crate::pages::checkout::{self as pages, CardPage, Closed, Typed};
use crate::pages::checkout_words::CheckoutWords;
use axum::Router;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use opened::{Opened, find};
use page_request::{PageAnswer, PageRequest};
use pasarela_domain::documents;
use pasarela_domain::preference::choice;
use pasarela_domain::refusal::{Code, Refusal};
use pasarela_engine::checkout::Purchase;
use pasarela_engine::{Engine, Failure};
use posted::{Posted, buyer_choice, token_request};
use words::{form_word, read_form_word, result_address};

/// The pages of the hosted checkout.
pub(super) fn routes() -> Router<Engine> {
    Router::new()
        .route("/checkout/v1/redirect", get(open))
        .route("/checkout/v1/modal", get(open))
        .route("/checkout/v1/card", post(card))
        .route("/checkout/v1/pay", post(pay))
        .route("/checkout/v1/result", get(result::result))
        .route("/checkout/v1/return", get(result::come_back))
        .layer(from_fn(modal::frameable))
        .route("/checkout/v1/picture", get(picture::picture))
        // Without that: where somebody is logged in, nobody's page may lie over it.
        .merge(wallet::routes())
}

/// `init_point`: the ways to pay, or with `method` the form of one of them.
async fn open(request: PageRequest) -> PageAnswer {
    let opened = find(&request).await?;
    let is_over_page = modal::is_over_page(request.query.as_deref());
    match opened.obstacle() {
        // Only an account may pay: there is nothing to choose before somebody is logged in.
        Some(Closed::Login) if !is_over_page => {
            return Ok(Redirect::to(&format!("/checkout/v1/wallet?{}", opened.view.query)).into_response());
        }
        Some(obstacle) => return Ok(opened.closed(obstacle)),
        None => {}
    }
    let engine = &request.engine;
    Ok(match request.value("method").as_deref() {
        None => opened.choice(None),
        Some("card") => card_page(engine, &opened, &opened.known(), None),
        Some(id) => offline_page(engine, &opened, id, &opened.known(), None),
    })
}

fn card_page(engine: &Engine, opened: &Opened, typed: &Typed, notice: Option<&'static str>) -> Response {
    let methods = opened.checkout.choices();
    if !methods.iter().any(|method| method.payment_type.is_card()) {
        return opened.choice(notice);
    }
    let page = CardPage {
        public_key: engine.checkout_key(&opened.checkout.caller),
        form: form_word(engine, opened),
        methods: &methods,
        preference: &opened.checkout.preference,
        catalogue: opened.catalogue(),
    };
    pages::card_form(&opened.view, &page, typed, notice, opened.locale).into_response()
}

fn offline_page(
    engine: &Engine,
    opened: &Opened,
    id: &str,
    typed: &Typed,
    notice: Option<&'static str>,
) -> Response {
    let catalogue = opened.catalogue();
    let method = catalogue.method(id).filter(|method| {
        let checkout = &opened.checkout;
        !method.payment_type.is_card() && checkout.choices().iter().any(|choice| choice.id == method.id)
    });
    match method {
        Some(method) => {
            let form = form_word(engine, opened);
            let about = (method, catalogue, opened.unshown(&typed.value("email")));
            pages::offline_form(&opened.view, about, typed, &form, notice, opened.locale).into_response()
        }
        None => opened.choice(None),
    }
}

/// A card, typed: it goes into a token, and the buyer sees what each number of instalments costs.
async fn card(request: PageRequest, body: RawBody) -> PageAnswer {
    let (opened, engine) = (find(&request).await?, &request.engine);
    if request.is_sent_from_elsewhere() {
        return Ok(opened.closed(Closed::Stale));
    }
    if let Some(obstacle) = opened.obstacle() {
        return Ok(opened.closed(obstacle));
    }
    let posted = Posted::read(&body);
    let words = opened.words();
    let wrong = |notice| Ok(card_page(engine, &opened, &posted.typed(), Some(notice)));
    if protected(&opened.checkout.caller, request.connection.as_ref()).is_err() {
        return wrong(words.encrypted_only);
    }
    if !opened.may_pay(posted.get("email")) {
        return wrong(words.wrong_email);
    }
    if !is_right_document(&opened, &posted) {
        return wrong(words.wrong_document);
    }
    let Ok(typed) = token_request(&posted) else { return wrong(words.wrong_data) };
    let card = match engine.tokenise_for(&opened.checkout, &typed).await {
        Ok(card) => card,
        Err(Failure::Refused(refusal)) => return wrong(card_notice(&refusal, words)),
        Err(failure) => return Err(failure.into()),
    };
    let catalogue = opened.catalogue();
    let Some(method) = catalogue.method(&card.method) else { return wrong(words.card_not_taken) };
    let preference = &opened.checkout.preference;
    let plans = choice::plans(preference, catalogue, method, &card.bin, opened.checkout.now);
    let hidden = vec![
        ("form", form_word(engine, &opened)),
        ("token", card.token),
        ("payment_method_id", card.method),
        ("email", posted.get("email").to_owned()),
        ("document_type", posted.get("document_type").to_owned()),
        ("document_number", posted.get("document_number").to_owned()),
    ];
    let shown = format!("{} •••• {}", method.name, card.last_four);
    let first = preference.payment_methods.default_installments;
    Ok(pages::review(&opened.view, &shown, &plans, first, hidden, opened.locale).into_response())
}

/// Which field a refused token is about.
fn card_notice(refusal: &Refusal, words: &'static CheckoutWords) -> &'static str {
    match refusal.causes.first().map(|cause| &cause.code) {
        Some(Code::Text("205" | "E301" | "E305")) => words.wrong_card,
        Some(Code::Text("224" | "E302" | "E203")) => words.wrong_code,
        Some(Code::Text("208" | "209" | "325" | "326" | "301")) => words.wrong_expiry,
        Some(Code::Text("221" | "316")) => words.wrong_holder,
        Some(Code::Text("212" | "213" | "214" | "322" | "323" | "324")) => words.wrong_document,
        Some(Code::Number(2131)) => words.card_not_taken,
        _ => words.wrong_data,
    }
}

/// Pays, and shows the result at an address of its own: reloading it pays nothing.
async fn pay(request: PageRequest, body: RawBody) -> Response {
    let posted = Posted::read(&body);
    let paying = pay_once(&request, &posted);
    again::unless_answered(paying, "pay", request.query.as_deref(), &request.headers, &posted).await
}

async fn pay_once(request: &PageRequest, posted: &Posted) -> PageAnswer {
    let (opened, engine) = (find(request).await?, &request.engine);
    let Some((attempt, shown_total)) = read_form_word(engine, &opened, posted.get("form")) else {
        return Ok(opened.closed(Closed::Stale));
    };
    if request.is_sent_from_elsewhere() {
        return Ok(opened.closed(Closed::Stale));
    }
    if opened.checkout.preference.demands_login() {
        return Ok(opened.closed(Closed::Login));
    }
    if !is_right_document(&opened, posted) {
        let refusal = Refusal::bad_request(2067, "Invalid user identification number");
        return Ok(refused(engine, &opened, posted, &refusal));
    }
    let choice = buyer_choice(posted, shown_total.currency, request.connection.as_ref());
    let purchase = Purchase { attempt: &attempt, choice: &choice, shown_total, wallet: None };
    match engine.pay_checkout(&opened.checkout, purchase).await {
        Ok(id) => Ok(Redirect::to(&result_address(engine, &opened, id)).into_response()),
        Err(Failure::Refused(refusal)) => Ok(refused(engine, &opened, posted, &refusal)),
        Err(failure) => Err(failure.into()),
    }
}

/// Whether the document that was typed, if one was, can be one.
fn is_right_document(opened: &Opened, posted: &Posted) -> bool {
    let (kind, number) = (posted.get("document_type"), posted.get("document_number"));
    number.is_empty() || documents::check_typed(opened.checkout.caller.site, kind, number).is_ok()
}

/// The page after a payment that could not be made.
fn refused(engine: &Engine, opened: &Opened, posted: &Posted, refusal: &Refusal) -> Response {
    let words = opened.words();
    let is_card = !posted.get("token").is_empty();
    let notice = match (refusal.error, refusal.code()) {
        ("invalid_expired", _) => return opened.closed(opened.obstacle().unwrap_or(Closed::Expired)),
        ("too_many_attempts", _) => return opened.closed(Closed::Exhausted),
        ("invalid_amount", _) if !is_card => return opened.choice(Some(words.price_changed)),
        ("invalid_amount", _) => words.price_changed,
        (_, Some(2034 | 2060 | 4050)) => words.wrong_email,
        (_, Some(2067)) => words.wrong_document,
        (_, Some(3028)) if is_card => words.card_not_taken,
        _ => words.wrong_data,
    };
    if is_card {
        return card_page(engine, opened, &posted.typed(), Some(notice));
    }
    offline_page(engine, opened, posted.get("payment_method_id"), &posted.typed(), Some(notice))
}
