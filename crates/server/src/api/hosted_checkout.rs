//! The hosted checkout's routes: they open the preference by its id, read what the buyer posted, let the engine pay, and
//! show the page that comes next.
//!
//! Nothing here is done in the name of a signed-in buyer, so a form that another site posts gains nobody anything; still,
//! forms carry a word that only this platform can write (for this preference, this price and this day), and a browser that
//! says that it was sent here by another site is told to start again.

use super::card_tokens::protected;
use super::request::{RawBody, header_text, query_value};
use crate::pages::checkout::{self as pages, CheckoutView, Closed, Onward, Typed};
use crate::pages::checkout_words::CheckoutWords;
use crate::pages::{Locale, PaymentView, missing};
use crate::tls::ClientConnection;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use pasarela_domain::card_token::TokenRequest;
use pasarela_domain::documents;
use pasarela_domain::json::Json;
use pasarela_domain::merchant_order::order_of;
use pasarela_domain::money::Money;
use pasarela_domain::payment::PaymentState;
use pasarela_domain::payment::create::TEST_EMAIL_DOMAIN;
use pasarela_domain::payment::request::is_email;
use pasarela_domain::preference::payment::BuyerChoice;
use pasarela_domain::preference::return_address::{Outcome, return_address, returns_by_itself};
use pasarela_domain::preference::{Window, choice};
use pasarela_domain::refusal::{Code, Refusal};
use pasarela_domain::timestamp::DAY;
use pasarela_engine::checkout::{OpenCheckout, Purchase};
use pasarela_engine::{Engine, Failure};
use std::collections::HashMap;
use url::form_urlencoded;

/// How long a form can be sent after it was shown.
const FORM_LIFE: i64 = DAY;
/// What a test purchase's e-mail is when the shop says none that may pay.
const TEST_BUYER: &str = "test_buyer@testuser.com";
/// The fields that a form may fill in again: never a card's number or code.
const SHOWN_AGAIN: [&str; 13] = [
    "email",
    "first_name",
    "last_name",
    "document_type",
    "document_number",
    "card_holder",
    "zip_code",
    "street_name",
    "street_number",
    "neighborhood",
    "city",
    "federal_unit",
    "financial_institution",
];

/// The pages of the hosted checkout.
pub(super) fn routes() -> Router<Engine> {
    Router::new()
        .route("/checkout/v1/redirect", get(open))
        .route("/checkout/v1/card", post(card))
        .route("/checkout/v1/pay", post(pay))
        .route("/checkout/v1/result", get(result))
}

/// A checkout with what its pages need.
struct Opened {
    checkout: OpenCheckout,
    view: CheckoutView,
    locale: Locale,
}

impl Opened {
    fn words(&self) -> &'static CheckoutWords {
        CheckoutWords::of(self.locale)
    }

    fn closed(&self, why: Closed) -> Response {
        pages::closed(&self.view, why, self.locale).into_response()
    }

    fn choice(&self, notice: Option<&'static str>) -> Response {
        let methods = self.checkout.choices();
        if methods.is_empty() {
            return self.closed(Closed::NoMethod);
        }
        pages::choice(&self.view, &methods, notice, self.locale).into_response()
    }

    fn catalogue(&self) -> &pasarela_domain::catalogue::SiteCatalogue {
        self.checkout.catalogue.site(self.checkout.caller.site)
    }

    /// Why nothing can be paid here, if it can't.
    fn obstacle(&self) -> Option<Closed> {
        match self.checkout.preference.window(self.checkout.now) {
            Window::Over => Some(Closed::Expired),
            Window::NotYet => Some(Closed::NotYet),
            Window::Open if !self.checkout.allows_attempt => Some(Closed::Exhausted),
            Window::Open if self.checkout.preference.demands_login() => Some(Closed::Login),
            Window::Open => None,
        }
    }

    /// Whether a payer may have this e-mail: test purchases are paid by test users, and real ones by nobody such.
    fn may_pay(&self, email: &str) -> bool {
        let email = email.to_lowercase();
        is_email(&email) && email.ends_with(TEST_EMAIL_DOMAIN) != self.checkout.preference.live_mode
    }

    /// What is known of the buyer before anything is typed.
    fn known(&self) -> Typed {
        let payer = &self.checkout.preference.payer;
        let email = match (self.may_pay(&payer.email), self.checkout.preference.live_mode) {
            (true, _) => payer.email.clone(),
            (false, true) => String::new(),
            (false, false) => TEST_BUYER.to_owned(),
        };
        Typed(vec![
            ("email", email),
            ("first_name", payer.name.clone()),
            ("last_name", payer.surname.clone()),
            ("card_holder", format!("{} {}", payer.name, payer.surname).trim().to_owned()),
            ("document_type", payer.identification.kind.clone()),
            ("document_number", payer.identification.number.clone()),
            ("zip_code", payer.address.zip_code.clone()),
            ("street_name", payer.address.street_name.clone()),
            ("street_number", payer.address.street_number.clone().unwrap_or_default()),
        ])
    }
}

async fn find(engine: &Engine, query: Option<&str>, headers: &HeaderMap) -> Result<Opened, Box<Response>> {
    let accept_language = header_text(headers, "accept-language");
    let asked = query_value(query, "locale");
    let nowhere = || {
        let locale = Locale::choose(asked.as_deref(), accept_language.as_deref(), None);
        Box::new(missing(locale).into_response())
    };
    let id = query_value(query, "pref_id").or_else(|| query_value(query, "preference-id"));
    let id = id.ok_or_else(nowhere)?;
    let checkout = match engine.open_checkout(&id).await {
        Ok(Some(checkout)) => checkout,
        Ok(None) => return Err(nowhere()),
        Err(failure) => return Err(Box::new(super::answer::ApiFailure::from(failure).into_response())),
    };
    let site = checkout.preference.site();
    let locale = Locale::choose(asked.as_deref(), accept_language.as_deref(), Some(site));
    let mut address = form_urlencoded::Serializer::new(String::new());
    address.append_pair("pref_id", &id);
    if asked.as_deref().and_then(Locale::from_tag).is_some() {
        address.append_pair("locale", locale.language());
    }
    let leave = return_address(&checkout.preference, None);
    let view = CheckoutView::of(&checkout.preference, &checkout.merchant_name, address.finish(), leave);
    Ok(Opened { checkout, view, locale })
}

/// `init_point`: the ways to pay, or with `method` the form of one of them.
async fn open(State(engine): State<Engine>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let opened = match find(&engine, query.as_deref(), &headers).await {
        Ok(opened) => opened,
        Err(response) => return *response,
    };
    if let Some(obstacle) = opened.obstacle() {
        return opened.closed(obstacle);
    }
    match query_value(query.as_deref(), "method").as_deref() {
        None => opened.choice(None),
        Some("card") => card_page(&opened, &opened.known(), None),
        Some(id) => offline_page(&engine, &opened, id, &opened.known(), None),
    }
}

fn card_page(opened: &Opened, typed: &Typed, notice: Option<&'static str>) -> Response {
    pages::card_form(&opened.view, opened.catalogue(), typed, notice, opened.locale).into_response()
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
        !method.payment_type.is_card() && choice::is_allowed(&checkout.preference, method, checkout.now)
    });
    match method {
        Some(method) => {
            let form = form_word(engine, opened);
            let about = (method, catalogue);
            pages::offline_form(&opened.view, about, typed, &form, notice, opened.locale).into_response()
        }
        None => opened.choice(None),
    }
}

/// What a form was posted with.
struct Posted(HashMap<String, String>);

impl Posted {
    fn read(body: &RawBody) -> Posted {
        const MOST_FIELDS: usize = 40;
        const LONGEST: usize = 256;
        let fields = form_urlencoded::parse(&body.bytes).take(MOST_FIELDS);
        Posted(
            fields
                .map(|(name, value)| (name.into_owned(), value.trim().chars().take(LONGEST).collect()))
                .collect(),
        )
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    fn typed(&self) -> Typed {
        Typed(SHOWN_AGAIN.iter().map(|name| (*name, self.get(name).to_owned())).collect())
    }
}

/// A card, typed: it goes into a token, and the buyer sees what each number of instalments costs.
async fn card(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    connection: Option<Extension<ClientConnection>>,
    body: RawBody,
) -> Response {
    let opened = match find(&engine, query.as_deref(), &headers).await {
        Ok(opened) => opened,
        Err(response) => return *response,
    };
    if is_sent_from_elsewhere(&headers) {
        return opened.closed(Closed::Stale);
    }
    if let Some(obstacle) = opened.obstacle() {
        return opened.closed(obstacle);
    }
    let posted = Posted::read(&body);
    let words = opened.words();
    if protected(&opened.checkout.caller, connection.as_deref()).is_err() {
        return card_page(&opened, &posted.typed(), Some(words.encrypted_only));
    }
    let wrong = |notice| card_page(&opened, &posted.typed(), Some(notice));
    if !opened.may_pay(posted.get("email")) {
        return wrong(words.wrong_email);
    }
    let (kind, number) = (posted.get("document_type"), posted.get("document_number"));
    if !number.is_empty() && documents::check(opened.checkout.caller.site, kind, number).is_err() {
        return wrong(words.wrong_document);
    }
    let request = match token_request(&posted) {
        Ok(request) => request,
        Err(_) => return wrong(words.wrong_data),
    };
    let card = match engine.tokenise_for(&opened.checkout, &request).await {
        Ok(card) => card,
        Err(Failure::Refused(refusal)) => return wrong(card_notice(&refusal, words)),
        Err(failure) => return super::answer::ApiFailure::from(failure).into_response(),
    };
    let catalogue = opened.catalogue();
    let Some(method) = catalogue.method(&card.method) else { return wrong(words.card_not_taken) };
    let preference = &opened.checkout.preference;
    let plans = choice::plans(preference, catalogue, method, &card.bin, opened.checkout.now);
    let hidden = vec![
        ("form", form_word(&engine, &opened)),
        ("token", card.token),
        ("payment_method_id", card.method),
        ("email", posted.get("email").to_owned()),
        ("document_type", posted.get("document_type").to_owned()),
        ("document_number", posted.get("document_number").to_owned()),
    ];
    let shown = format!("{} •••• {}", method.name, card.last_four);
    let first = preference.payment_methods.default_installments;
    pages::review(&opened.view, &shown, &plans, first, hidden, opened.locale).into_response()
}

fn token_request(posted: &Posted) -> Result<TokenRequest, Refusal> {
    let expiry: String =
        posted.get("card_expiry").chars().map(|c| if c.is_ascii_digit() { c } else { '/' }).collect();
    let (month, year) = match expiry.split_once('/') {
        Some((month, year)) => (month.to_owned(), year.trim_matches('/').to_owned()),
        // 1130
        None => (expiry.chars().take(2).collect(), expiry.chars().skip(2).collect()),
    };
    let year = if year.len() == 2 { format!("20{year}") } else { year };
    let mut holder = serde_json::json!({"name": posted.get("card_holder")});
    if !posted.get("document_number").is_empty() {
        holder["identification"] =
            serde_json::json!({"type": posted.get("document_type"), "number": posted.get("document_number")});
    }
    let body = serde_json::json!({
        "card_number": posted.get("card_number"),
        "expiration_month": month,
        "expiration_year": year,
        "security_code": posted.get("card_code"),
        "cardholder": holder,
    });
    TokenRequest::from_json(&Json::from(&body))
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
async fn pay(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    connection: Option<Extension<ClientConnection>>,
    body: RawBody,
) -> Response {
    let opened = match find(&engine, query.as_deref(), &headers).await {
        Ok(opened) => opened,
        Err(response) => return *response,
    };
    let posted = Posted::read(&body);
    let Some((attempt, shown_total)) = read_form_word(&engine, &opened, posted.get("form")) else {
        return opened.closed(Closed::Stale);
    };
    if is_sent_from_elsewhere(&headers) {
        return opened.closed(Closed::Stale);
    }
    if opened.checkout.preference.demands_login() {
        return opened.closed(Closed::Login);
    }
    let choice = buyer_choice(&posted, connection.as_deref());
    let purchase = Purchase { attempt: &attempt, choice: &choice, shown_total };
    match engine.pay_checkout(&opened.checkout, purchase).await {
        Ok(id) => {
            let word = engine.checkout_word(&result_of(&opened, id));
            let query = &opened.view.query;
            Redirect::to(&format!("/checkout/v1/result?{query}&payment_id={id}&word={word}")).into_response()
        }
        Err(Failure::Refused(refusal)) => refused(&engine, &opened, &posted, &refusal),
        Err(failure) => super::answer::ApiFailure::from(failure).into_response(),
    }
}

fn buyer_choice(posted: &Posted, connection: Option<&ClientConnection>) -> BuyerChoice {
    let said = |name: &str| Some(posted.get(name).to_owned()).filter(|text| !text.is_empty());
    const ADDRESS: [&str; 6] =
        ["zip_code", "street_name", "street_number", "neighborhood", "city", "federal_unit"];
    BuyerChoice {
        payment_method_id: said("payment_method_id"),
        token: said("token"),
        installments: said("token").map(|_| posted.get("installments").parse().unwrap_or(1)),
        email: posted.get("email").to_lowercase(),
        first_name: posted.get("first_name").to_owned(),
        last_name: posted.get("last_name").to_owned(),
        document_type: posted.get("document_type").to_owned(),
        document_number: posted.get("document_number").to_owned(),
        address: ADDRESS.into_iter().map(|name| (name, posted.get(name).to_owned())).collect(),
        financial_institution: said("financial_institution"),
        ip_address: connection.map(|client| client.address.ip().to_string()).unwrap_or_default(),
    }
}

/// The page after a payment that could not be made.
fn refused(engine: &Engine, opened: &Opened, posted: &Posted, refusal: &Refusal) -> Response {
    let words = opened.words();
    match (refusal.error, refusal.code()) {
        ("invalid_expired", _) => opened.closed(opened.obstacle().unwrap_or(Closed::Expired)),
        ("too_many_attempts", _) => opened.closed(Closed::Exhausted),
        ("invalid_amount", _) => opened.choice(Some(words.price_changed)),
        _ if !posted.get("token").is_empty() => {
            let notice = match refusal.code() {
                Some(2034 | 2060 | 4050) => words.wrong_email,
                Some(2067) => words.wrong_document,
                Some(3028) => words.card_not_taken,
                _ => words.wrong_data,
            };
            card_page(opened, &posted.typed(), Some(notice))
        }
        (_, code) => {
            let notice = match code {
                Some(2034 | 2060 | 4050) => words.wrong_email,
                Some(2067) => words.wrong_document,
                _ => words.wrong_data,
            };
            offline_page(engine, opened, posted.get("payment_method_id"), &posted.typed(), Some(notice))
        }
    }
}

/// What became of a payment, at an address that only the one who paid was sent to.
async fn result(State(engine): State<Engine>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let opened = match find(&engine, query.as_deref(), &headers).await {
        Ok(opened) => opened,
        Err(response) => return *response,
    };
    let nowhere = || missing(opened.locale).into_response();
    let id = query_value(query.as_deref(), "payment_id").and_then(|id| super::request::path_id(&id));
    let word = query_value(query.as_deref(), "word").unwrap_or_default();
    let Some(id) = id.filter(|id| engine.is_checkout_word(&result_of(&opened, *id), &word)) else {
        return nowhere();
    };
    let state = match engine.checkout_payment(&opened.checkout, id).await {
        Ok(state) => state,
        Err(Failure::Refused(_)) => return nowhere(),
        Err(failure) => return super::answer::ApiFailure::from(failure).into_response(),
    };
    show_result(&opened, &state).unwrap_or_else(nowhere)
}

fn show_result(opened: &Opened, state: &PaymentState) -> Option<Response> {
    let payment = &state.payment;
    let body = serde_json::to_value(payment).ok()?;
    let checkout = &opened.checkout;
    let view = PaymentView::from_body(&body, state.internals.site, checkout.now, &checkout.merchant_name)?;
    let outcome = Outcome {
        payment_id: payment.id,
        status: payment.status.name(),
        payment_type_id: &payment.payment_type_id,
        merchant_order_id: order_of(payment),
    };
    let shop = return_address(&checkout.preference, Some(outcome));
    let is_refused = matches!(payment.status.name(), "rejected" | "cancelled");
    let instructions = instructions(&body);
    let onward = Onward {
        instructions: instructions.as_deref(),
        shop: shop.as_deref(),
        by_itself: returns_by_itself(&checkout.preference, Some(outcome)),
        again: (is_refused && opened.obstacle().is_none()).then_some(opened.view.start.as_str()),
    };
    let statement = checkout.preference.statement_descriptor.as_deref().unwrap_or(&checkout.merchant_name);
    Some(pages::result(&view, onward, statement, opened.locale).into_response())
}

/// The page of a ticket, a Pix or a bank: of this platform, whichever address it is known by.
fn instructions(body: &serde_json::Value) -> Option<String> {
    let address = body["transaction_details"]["external_resource_url"]
        .as_str()
        .or_else(|| body["point_of_interaction"]["transaction_data"]["ticket_url"].as_str())
        .or_else(|| body["payment_method"]["data"]["external_resource_url"].as_str())?;
    let url = url::Url::parse(address).ok()?;
    Some(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
}

fn result_of(opened: &Opened, id: i64) -> String {
    format!("result {} {id}", opened.checkout.preference.id)
}

/// The word of a new form: when it was shown, a name for the attempt, and the platform's word for both and the price.
fn form_word(engine: &Engine, opened: &Opened) -> String {
    let shown = pasarela_engine::clock::wall().0;
    let attempt = super::new_request_id();
    let total = opened.view.total.minor;
    let word = engine.checkout_word(&form_of(opened, shown, &attempt, total));
    format!("{shown}.{attempt}.{total}.{word}")
}

fn form_of(opened: &Opened, shown: i64, attempt: &str, total: i64) -> String {
    format!("form {} {shown} {attempt} {total}", opened.checkout.preference.id)
}

/// The attempt and the price of a form that this platform showed, not too long ago.
fn read_form_word(engine: &Engine, opened: &Opened, word: &str) -> Option<(String, Money)> {
    let mut parts = word.split('.');
    let (shown, attempt) = (parts.next()?.parse::<i64>().ok()?, parts.next()?);
    let (total, said) = (parts.next()?.parse::<i64>().ok()?, parts.next()?);
    let age = pasarela_engine::clock::wall().0.checked_sub(shown)?;
    let is_ours = engine.is_checkout_word(&form_of(opened, shown, attempt, total), said);
    let is_fresh = age < FORM_LIFE;
    (is_ours && is_fresh && parts.next().is_none())
        .then(|| (attempt.to_owned(), Money::new(total, opened.view.total.currency)))
}

/// Whether the browser says that another site sent it here.
fn is_sent_from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site")
}
