//! A buyer's account on the hosted checkout: logging in and out, and paying by balance, by a saved card, by a new one, or by
//! balance and card.
//!
//! Here things are done in the name of somebody who is logged in. Each form carries a word that is tied to the browser's
//! session and to this preference (`browser_session.rs`), and one that pays also carries the checkout's own word, whose
//! attempt is the idempotency key. What a form says of a balance or of an order is only what was shown: the engine looks
//! again.

mod visit;

use super::super::browser_session as browsers;
use super::super::card_tokens::{is_private, protected};
use super::super::request::RawBody;
use super::page_request::{PageAnswer, PageRequest};
use super::posted::{Posted, exact, token_request};
use super::words::{read_form_word, result_address};
use super::{again, card_notice};
use crate::pages::checkout::Closed;
use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use pasarela_domain::login::SessionScope;
use pasarela_domain::money::Money;
use pasarela_domain::preference::choice::BALANCE;
use pasarela_domain::refusal::Refusal;
use pasarela_engine::checkout::{Purchase, WalletPurchase};
use pasarela_engine::logins::Checked;
use pasarela_engine::{Engine, Failure};
use visit::{OwnerVisit, Visit};

/// The wallet's pages.
pub(super) fn routes() -> Router<Engine> {
    Router::new()
        .route("/checkout/v1/wallet", get(open))
        .route("/checkout/v1/login", post(log_in))
        .route("/checkout/v1/logout", post(log_out))
        .route("/checkout/v1/wallet/card", post(saved_card))
        .route("/checkout/v1/wallet/new-card", post(new_card))
        .route("/checkout/v1/wallet/forget", post(forget))
        .route("/checkout/v1/wallet/pay", post(pay))
}

/// The wallet of whoever is logged in, or the page on which to log in. With `card=new`, the form for a card.
async fn open(request: PageRequest) -> PageAnswer {
    let owner = Visit::begin(&request).await?.owner().await?;
    match request.value("card") {
        Some(_) => Ok(owner.new_card_page(&owner.known(), None)),
        None => owner.home_page(None).await,
    }
}

/// Who logs in comes back to the wallet, with a new session in a cookie.
async fn log_in(request: PageRequest, body: RawBody) -> PageAnswer {
    let mut visit = Visit::begin(&request).await?;
    let engine = &request.engine;
    // A token that opens nothing any more is not what the form was made for.
    browsers::current(engine, &mut visit.browser).await?;
    let posted = Posted::read(&body);
    if !visit.is_ours(&posted) {
        return Ok(visit.opened.closed(Closed::Stale));
    }
    let words = visit.words();
    let name = posted.get("name");
    // Whatever the preference is for: the account and its password are the same for real money.
    if !engine.is_development() && !is_private(request.connection.as_ref()) {
        let notice = Some(visit.opened.words().encrypted_only);
        return Ok(visit.login_page(name, notice, StatusCode::FORBIDDEN));
    }
    let password = exact(&body, "password");
    let code = posted.get("code");
    let (notice, status) = match engine.log_in(name, (&password, code), SessionScope::Wallet).await {
        Ok(Checked::Right((token, _))) => {
            // The session that this browser had is another person's, or older.
            if let Some(before) = visit.browser.token() {
                engine.end_session(before).await?;
            }
            let cookie = visit.browser.logged_in(&token);
            return Ok(with_cookie(Redirect::to(&visit.home()).into_response(), cookie));
        }
        Ok(Checked::TooMany { retry_after_s }) => {
            let mut response = visit.login_page(name, Some(words.too_many), StatusCode::TOO_MANY_REQUESTS);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
            return Ok(response);
        }
        Ok(Checked::Wrong) => (words.wrong_login, StatusCode::UNAUTHORIZED),
        // The password was right, and the login demands more.
        Err(Failure::Refused(refusal)) if refusal.error == "second_factor_required" => {
            let notice = Some(words.code_needed);
            return Ok(visit.login_page_with(name, notice, StatusCode::UNAUTHORIZED, true));
        }
        Err(Failure::Refused(refusal)) if refusal.error == "invalid_code" => {
            let notice = Some(words.wrong_code);
            return Ok(visit.login_page_with(name, notice, StatusCode::UNAUTHORIZED, true));
        }
        Err(Failure::Refused(refusal)) if refusal.status == 429 => {
            (words.too_many, StatusCode::TOO_MANY_REQUESTS)
        }
        // An e-mail that was not proved has no wallet.
        Err(Failure::Refused(_)) => (words.unproved, StatusCode::FORBIDDEN),
        Err(Failure::Unavailable { .. }) => (words.busy, StatusCode::SERVICE_UNAVAILABLE),
        Err(failure) => return Err(failure.into()),
    };
    Ok(visit.login_page(name, Some(notice), status))
}

/// Ends the session, and takes its cookie away.
async fn log_out(request: PageRequest, body: RawBody) -> PageAnswer {
    // Also when the preference takes no payment any more: who leaves a shared machine wants to be out.
    let visit = Visit::find(&request).await?;
    if !visit.is_ours(&Posted::read(&body)) {
        return Ok(visit.opened.closed(Closed::Stale));
    }
    if let Some(token) = visit.browser.token() {
        request.engine.end_session(token).await?;
    }
    let response = Redirect::to(&visit.opened.view.start).into_response();
    Ok(with_cookie(response, visit.browser.logged_out()))
}

/// A saved card and its CVV: they go into a token of the seller's.
async fn saved_card(request: PageRequest, body: RawBody) -> PageAnswer {
    let posted = Posted::read(&body);
    let owner = OwnerVisit::posting(&request, &posted).await?;
    let (visit, words) = (&owner.visit, owner.visit.words());
    let checkout = &visit.opened.checkout;
    if protected(&checkout.caller, request.connection.as_ref()).is_err() {
        return owner.home_page(Some(visit.opened.words().encrypted_only)).await;
    }
    let Some(share) = owner.card_share(&posted) else {
        return owner.home_page(Some(words.balance_changed)).await;
    };
    let id = posted.get("card").parse().unwrap_or_default();
    let card = (id, posted.get("card_code"));
    match request.engine.tokenise_saved(checkout, &owner.wallet.owner, card, share.1).await {
        Ok(card) => owner.review(card, share, false).await,
        Err(Failure::Refused(refusal)) => {
            let notice = match refusal.status {
                404 => words.wrong_card,
                _ => card_notice(&refusal, visit.opened.words()),
            };
            owner.home_page(Some(notice)).await
        }
        Err(failure) => Err(failure.into()),
    }
}

/// A card that was typed by who is logged in.
async fn new_card(request: PageRequest, body: RawBody) -> PageAnswer {
    let posted = Posted::read(&body);
    let owner = OwnerVisit::posting(&request, &posted).await?;
    let visit = &owner.visit;
    let (checkout, words) = (&visit.opened.checkout, visit.opened.words());
    let wrong = |notice| Ok(owner.new_card_page(&posted.typed(), Some(notice)));
    if protected(&checkout.caller, request.connection.as_ref()).is_err() {
        return wrong(words.encrypted_only);
    }
    let Some(share) = owner.card_share(&posted) else {
        return owner.home_page(Some(visit.words().balance_changed)).await;
    };
    let Ok(typed) = token_request(&posted) else { return wrong(words.wrong_data) };
    match request.engine.tokenise_part(checkout, &typed, share.1).await {
        Ok(card) => owner.review(card, share, !posted.get("keep").is_empty()).await,
        Err(Failure::Refused(refusal)) => wrong(card_notice(&refusal, words)),
        Err(failure) => Err(failure.into()),
    }
}

/// Takes a saved card out of the wallet.
async fn forget(request: PageRequest, body: RawBody) -> PageAnswer {
    let posted = Posted::read(&body);
    let owner = OwnerVisit::posting(&request, &posted).await?;
    let id = posted.get("card").parse().unwrap_or_default();
    let mode = owner.visit.opened.checkout.caller.mode;
    request.engine.forget_saved_card(&owner.wallet.owner, mode, id).await?;
    Ok(Redirect::to(&owner.visit.home()).into_response())
}

/// Pays, and shows the result at an address of its own.
async fn pay(request: PageRequest, body: RawBody) -> Response {
    let posted = Posted::read(&body);
    let paying = pay_once(&request, &posted);
    again::unless_answered(paying, "wallet/pay", request.query.as_deref(), &request.headers, &posted).await
}

async fn pay_once(request: &PageRequest, posted: &Posted) -> PageAnswer {
    let owner = OwnerVisit::posting(request, posted).await?;
    let (engine, opened) = (&request.engine, &owner.visit.opened);
    let Some((attempt, shown_total)) = read_form_word(engine, opened, posted.get("form")) else {
        return Ok(opened.closed(Closed::Stale));
    };
    let ip_address = request.connection.map(|client| client.address.ip().to_string()).unwrap_or_default();
    let mut choice = owner.wallet.owner.choice(ip_address);
    choice.token = posted.said("token");
    choice.payment_method_id = match &choice.token {
        Some(_) => posted.said("payment_method_id"),
        None => Some(BALANCE.to_owned()),
    };
    let currency = opened.view.total.currency;
    if choice.token.is_some() {
        (choice.installments, choice.shown_total) = posted.plan(currency);
    }
    let part = posted.said("balance_part").map(|minor| Money::new(minor.parse().unwrap_or(0), currency));
    let wallet = WalletPurchase {
        owner: owner.wallet.owner.account_id,
        balance_part: part,
        keeps_card: !posted.get("keep").is_empty(),
        orders_seen: posted.get("orders").parse().unwrap_or(u32::MAX),
    };
    let purchase = Purchase { attempt: &attempt, choice: &choice, shown_total, wallet: Some(wallet) };
    match engine.pay_checkout(&opened.checkout, purchase).await {
        Ok(id) => Ok(Redirect::to(&result_address(engine, opened, id)).into_response()),
        Err(Failure::Refused(refusal)) => refused(&owner, &refusal).await,
        Err(failure) => Err(failure.into()),
    }
}

/// The page after a payment that could not be made.
async fn refused(owner: &OwnerVisit<'_>, refusal: &Refusal) -> PageAnswer {
    let opened = &owner.visit.opened;
    let (words, wallet) = (opened.words(), owner.visit.words());
    let notice = match (refusal.error, refusal.code()) {
        ("invalid_expired", _) => {
            return Ok(opened.closed(opened.obstacle_in_time().unwrap_or(Closed::Expired)));
        }
        ("too_many_attempts", _) => return Ok(opened.closed(Closed::Exhausted)),
        ("invalid_amount", _) => words.price_changed,
        ("insufficient_amount", _) => wallet.balance_changed,
        ("paid_already", _) => wallet.paid_already,
        (_, Some(3028 | 2006 | 3003)) => wallet.wrong_card,
        (_, Some(2060)) => wallet.own_shop,
        _ => words.wrong_data,
    };
    owner.home_page(Some(notice)).await
}

fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}
