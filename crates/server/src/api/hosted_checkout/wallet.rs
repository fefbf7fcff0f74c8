//! A buyer's account on the hosted checkout: logging in and out, and paying by balance, by a saved card, by a new one, or by
//! balance and card.
//!
//! Here things are done in the name of somebody who is logged in. Each form carries a word that is tied to the browser's
//! session and to this preference (`browser_session.rs`), and one that pays also carries the checkout's own word, whose
//! attempt is the idempotency key. What a form says of a balance or of an order is only what was shown: the engine looks
//! again.

use super::super::answer::ApiFailure;
use super::super::browser_session::{self as browsers, Browser};
use super::super::card_tokens::{is_private, protected};
use super::super::request::{RawBody, query_value};
use super::opened::{Opened, find};
use super::posted::{Posted, token_request};
use super::words::{form_word, read_form_word, result_address};
use super::{again, card_notice, is_sent_from_elsewhere};
use crate::pages::checkout::{Closed, Typed};
use crate::pages::wallet::{self as pages, Chosen, Offers, WalletPage};
use crate::pages::wallet_words::WalletWords;
use crate::tls::ClientConnection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use pasarela_domain::login::SessionScope;
use pasarela_domain::money::Money;
use pasarela_domain::preference::choice::{self, BALANCE, BalanceShare};
use pasarela_engine::checkout::{Purchase, TokenisedCard, WalletPurchase};
use pasarela_engine::logins::Checked;
use pasarela_engine::wallet::Wallet;
use pasarela_engine::{Engine, Failure};

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

/// Why there is no page of somebody's wallet, but another answer.
type Instead = Box<Response>;

/// A request to the wallet's pages.
struct Visit {
    engine: Engine,
    opened: Opened,
    browser: Browser,
    connection: Option<ClientConnection>,
}

/// The same, by somebody who is logged in and may pay here.
struct OwnerVisit {
    visit: Visit,
    wallet: Wallet,
}

impl Visit {
    async fn begin(
        engine: Engine,
        query: Option<&str>,
        headers: &HeaderMap,
        connection: Option<ClientConnection>,
    ) -> Result<Visit, Instead> {
        let opened = find(&engine, query, headers).await?;
        if let Some(obstacle) = opened.obstacle_in_time() {
            return Err(Box::new(opened.closed(obstacle)));
        }
        let browser = Browser::of(&engine, headers, connection.as_ref(), SessionScope::Wallet);
        Ok(Visit { engine, opened, browser, connection })
    }

    fn words(&self) -> &'static WalletWords {
        WalletWords::of(self.opened.locale)
    }

    /// What the forms of this preference are for, as their words say it.
    fn form(&self) -> String {
        format!("wallet {}", self.opened.checkout.preference.id)
    }

    fn is_only_way(&self) -> bool {
        self.opened.checkout.preference.demands_login()
    }

    fn home(&self) -> String {
        format!("/checkout/v1/wallet?{}", self.opened.view.query)
    }

    /// Whether a posted form is one that this browser was shown here.
    fn is_ours(&self, headers: &HeaderMap, posted: &Posted) -> bool {
        !is_sent_from_elsewhere(headers)
            && browsers::is_ours(&self.engine, &self.browser, &self.form(), posted.get("word"))
    }

    fn login_page(mut self, name: &str, notice: Option<&'static str>, status: StatusCode) -> Response {
        let greeting = self.browser.greet();
        let word = browsers::word(&self.engine, &self.browser, &self.form());
        let page = WalletPage { view: &self.opened.view, notice, locale: self.opened.locale, word: &word };
        let page = pages::login(page, name, self.is_only_way()).with_status(status);
        with_cookie(page.into_response(), greeting)
    }

    /// Who is logged in, with what is in the wallet; else the page on which to log in.
    async fn owner(mut self) -> Result<OwnerVisit, Instead> {
        let session = browsers::current(&self.engine, &mut self.browser).await.map_err(failed)?;
        let Some(session) = session else {
            return Err(Box::new(self.login_page("", None, StatusCode::OK)));
        };
        let mode = self.opened.checkout.caller.mode;
        let owner = self.engine.wallet_owner(session.account_id).await.map_err(failed)?;
        let Some(owner) = owner else {
            return Err(Box::new(self.login_page("", None, StatusCode::OK)));
        };
        let words = self.words();
        let checkout = &self.opened.checkout;
        let obstacle = if owner.site != checkout.preference.site() {
            Some(words.other_site)
        } else if owner.account_id == checkout.preference.collector_id {
            Some(words.own_shop)
        } else if !self.opened.may_pay(&owner.email) {
            Some(words.other_mode)
        } else {
            None
        };
        if obstacle.is_some() {
            return Err(Box::new(self.login_page("", obstacle, StatusCode::FORBIDDEN)));
        }
        let wallet = self.engine.wallet(owner, mode).await.map_err(failed)?;
        Ok(OwnerVisit { visit: self, wallet })
    }
}

impl OwnerVisit {
    fn page<'a>(&'a self, word: &'a str, notice: Option<&'static str>) -> WalletPage<'a> {
        let opened = &self.visit.opened;
        WalletPage { view: &opened.view, notice, locale: opened.locale, word }
    }

    fn word(&self) -> String {
        browsers::word(&self.visit.engine, &self.visit.browser, &self.visit.form())
    }

    /// The balance's part and the card's, where a purchase may be split.
    fn split(&self) -> Option<(Money, Money)> {
        let checkout = &self.visit.opened.checkout;
        match checkout.balance_share(self.wallet.balance) {
            BalanceShare::Part(part) => {
                let rest = checkout.preference.total().minus(part);
                checkout.takes_cards_for(rest).then_some((part, rest))
            }
            BalanceShare::All | BalanceShare::Nothing => None,
        }
    }

    fn takes_cards(&self) -> bool {
        let checkout = &self.visit.opened.checkout;
        checkout.takes_cards_for(checkout.preference.total())
    }

    /// What a form that pays carries: the attempt, and what was shown.
    async fn paying_fields(&self) -> Result<pages::Hidden, Failure> {
        let visit = &self.visit;
        let owner = self.wallet.owner.account_id;
        let seen = visit.engine.orders_paid(&visit.opened.checkout, owner).await?;
        Ok(vec![("form", form_word(&visit.engine, &visit.opened)), ("orders", seen.to_string())])
    }

    async fn home_page(&self, notice: Option<&'static str>) -> Response {
        let checkout = &self.visit.opened.checkout;
        let by_balance = match checkout.balance_share(self.wallet.balance) {
            BalanceShare::All => match self.paying_fields().await {
                Ok(fields) => Some(fields),
                Err(failure) => return ApiFailure::from(failure).into_response(),
            },
            BalanceShare::Part(_) | BalanceShare::Nothing => None,
        };
        let (split, takes_cards) = (self.split(), self.takes_cards());
        let is_stuck = by_balance.is_none() && split.is_none() && !takes_cards;
        let owner = &self.wallet.owner;
        let name = if owner.first_name.is_empty() { &owner.email } else { &owner.first_name };
        let offers = Offers {
            name,
            balance: self.wallet.balance,
            by_balance,
            split,
            takes_cards,
            cards: &self.wallet.cards,
        };
        let notice = notice.or_else(|| is_stuck.then_some(self.visit.words().nothing_pays));
        let word = self.word();
        pages::wallet(self.page(&word, notice), offers, self.visit.is_only_way()).into_response()
    }

    fn new_card_page(&self, typed: &Typed, notice: Option<&'static str>) -> Response {
        let word = self.word();
        let catalogue = self.visit.opened.catalogue();
        let page = self.page(&word, notice);
        pages::new_card(page, catalogue, typed, self.split(), !self.takes_cards()).into_response()
    }

    /// What is known of the owner before a card is typed.
    fn known(&self) -> Typed {
        let owner = &self.wallet.owner;
        let said = |text: &Option<String>| text.clone().unwrap_or_default();
        Typed(vec![
            ("card_holder", format!("{} {}", owner.first_name, owner.last_name).trim().to_owned()),
            ("document_type", said(&owner.identification.kind)),
            ("document_number", said(&owner.identification.number)),
        ])
    }

    /// What a card is to pay: the rest, when the balance goes first.
    fn card_share(&self, posted: &Posted) -> Option<(Option<Money>, Money)> {
        match (posted.get("with_balance"), self.split()) {
            ("", _) => Some((None, self.visit.opened.checkout.preference.total())),
            (_, Some((part, rest))) => Some((Some(part), rest)),
            // The balance was another when the page was shown.
            (_, None) => None,
        }
    }

    /// The page on which the number of instalments is chosen.
    async fn review(
        &self,
        card: TokenisedCard,
        (balance_part, amount): (Option<Money>, Money),
        keeps: bool,
    ) -> Response {
        let opened = &self.visit.opened;
        let (catalogue, preference) = (opened.catalogue(), &opened.checkout.preference);
        let Some(method) = catalogue.method(&card.method) else {
            return self.home_page(Some(self.visit.words().wrong_card)).await;
        };
        let now = opened.checkout.now;
        let plans = choice::plans_for(preference, (catalogue, method), &card.bin, amount, now);
        let mut hidden = match self.paying_fields().await {
            Ok(fields) => fields,
            Err(failure) => return ApiFailure::from(failure).into_response(),
        };
        hidden.push(("word", self.word()));
        hidden.push(("token", card.token));
        hidden.push(("payment_method_id", card.method));
        hidden.extend(balance_part.map(|part| ("balance_part", part.minor.to_string())));
        hidden.extend(keeps.then(|| ("keep", "1".to_owned())));
        let chosen = Chosen {
            card: &format!("{} •••• {}", method.name, card.last_four),
            amount,
            balance_part,
            plans: &plans,
            first_plan: preference.payment_methods.default_installments,
            hidden,
        };
        pages::review(self.page("", None), chosen).into_response()
    }
}

/// The wallet of whoever is logged in, or the page on which to log in. With `card=new`, the form for a card.
async fn open(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    connection: Option<Extension<ClientConnection>>,
) -> Response {
    let visit = Visit::begin(engine, query.as_deref(), &headers, connection.map(|of| of.0)).await;
    let owner = match visit {
        Ok(visit) => visit.owner().await,
        Err(instead) => return *instead,
    };
    match owner {
        Ok(owner) if query_value(query.as_deref(), "card").is_some() => {
            owner.new_card_page(&owner.known(), None)
        }
        Ok(owner) => owner.home_page(None).await,
        Err(instead) => *instead,
    }
}

/// Who logs in comes back to the wallet, with a new session in a cookie.
async fn log_in(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    connection: Option<Extension<ClientConnection>>,
    body: RawBody,
) -> Response {
    let visit = Visit::begin(engine, query.as_deref(), &headers, connection.map(|of| of.0)).await;
    let mut visit = match visit {
        Ok(visit) => visit,
        Err(instead) => return *instead,
    };
    // A token that opens nothing any more is not what the form was made for.
    if let Err(failure) = browsers::current(&visit.engine, &mut visit.browser).await {
        return *failed(failure);
    }
    let posted = Posted::read(&body);
    if !visit.is_ours(&headers, &posted) {
        return visit.opened.closed(Closed::Stale);
    }
    let words = visit.words();
    let name = posted.get("name").to_owned();
    // Whatever the preference is for: the account and its password are the same for real money.
    if !visit.engine.is_development() && !is_private(visit.connection.as_ref()) {
        let notice = Some(visit.opened.words().encrypted_only);
        return visit.login_page(&name, notice, StatusCode::FORBIDDEN);
    }
    let password = super::posted::exact(&body, "password");
    match visit.engine.log_in(&name, &password, SessionScope::Wallet).await {
        Ok(Checked::Right((token, _))) => {
            // The session that this browser had is another person's, or older.
            if let Some(before) = visit.browser.token()
                && let Err(failure) = visit.engine.end_session(before).await
            {
                return ApiFailure::from(failure).into_response();
            }
            let cookie = visit.browser.logged_in(&token);
            with_cookie(Redirect::to(&visit.home()).into_response(), Some(cookie))
        }
        Ok(Checked::Wrong) => visit.login_page(&name, Some(words.wrong_login), StatusCode::UNAUTHORIZED),
        Ok(Checked::TooMany { retry_after_s }) => {
            let mut response = visit.login_page(&name, Some(words.too_many), StatusCode::TOO_MANY_REQUESTS);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
            response
        }
        // The password was right: an e-mail that was not proved has no wallet.
        Err(Failure::Refused(_)) => visit.login_page(&name, Some(words.unproved), StatusCode::FORBIDDEN),
        Err(Failure::Unavailable { .. }) => {
            visit.login_page(&name, Some(words.busy), StatusCode::SERVICE_UNAVAILABLE)
        }
        Err(failure) => ApiFailure::from(failure).into_response(),
    }
}

/// Ends the session, and takes its cookie away.
async fn log_out(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    connection: Option<Extension<ClientConnection>>,
    body: RawBody,
) -> Response {
    // Also when the preference takes no payment any more: who leaves a shared machine wants to be out.
    let opened = match find(&engine, query.as_deref(), &headers).await {
        Ok(opened) => opened,
        Err(response) => return *response,
    };
    let connection = connection.map(|of| of.0);
    let browser = Browser::of(&engine, &headers, connection.as_ref(), SessionScope::Wallet);
    let visit = Visit { engine, opened, browser, connection };
    if !visit.is_ours(&headers, &Posted::read(&body)) {
        return visit.opened.closed(Closed::Stale);
    }
    if let Some(token) = visit.browser.token()
        && let Err(failure) = visit.engine.end_session(token).await
    {
        return ApiFailure::from(failure).into_response();
    }
    let start = visit.opened.view.start.clone();
    with_cookie(Redirect::to(&start).into_response(), Some(visit.browser.logged_out()))
}

/// A posted form of somebody who is logged in.
async fn posted_by_owner(
    engine: Engine,
    query: Option<&str>,
    headers: &HeaderMap,
    connection: Option<Extension<ClientConnection>>,
    body: &RawBody,
) -> Result<(OwnerVisit, Posted), Instead> {
    let visit = Visit::begin(engine, query, headers, connection.map(|of| of.0)).await?;
    let posted = Posted::read(body);
    if visit.browser.token().is_some() && !visit.is_ours(headers, &posted) {
        return Err(Box::new(visit.opened.closed(Closed::Stale)));
    }
    // Who is not logged in any more logs in again; nothing is done.
    Ok((visit.owner().await?, posted))
}

/// A saved card and its CVV: they go into a token of the seller's.
async fn saved_card(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    connection: Option<Extension<ClientConnection>>,
    body: RawBody,
) -> Response {
    let (owner, posted) = match posted_by_owner(engine, query.as_deref(), &headers, connection, &body).await {
        Ok(found) => found,
        Err(instead) => return *instead,
    };
    let (visit, words) = (&owner.visit, owner.visit.words());
    let checkout = &visit.opened.checkout;
    if protected(&checkout.caller, visit.connection.as_ref()).is_err() {
        return owner.home_page(Some(visit.opened.words().encrypted_only)).await;
    }
    let Some(share) = owner.card_share(&posted) else {
        return owner.home_page(Some(words.balance_changed)).await;
    };
    let id = posted.get("card").parse().unwrap_or_default();
    let card = (id, posted.get("card_code"));
    match visit.engine.tokenise_saved(checkout, &owner.wallet.owner, card, share.1).await {
        Ok(card) => owner.review(card, share, false).await,
        Err(Failure::Refused(refusal)) => {
            let notice = match refusal.status {
                404 => words.wrong_card,
                _ => card_notice(&refusal, visit.opened.words()),
            };
            owner.home_page(Some(notice)).await
        }
        Err(failure) => ApiFailure::from(failure).into_response(),
    }
}

/// A card that was typed by who is logged in.
async fn new_card(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    connection: Option<Extension<ClientConnection>>,
    body: RawBody,
) -> Response {
    let (owner, posted) = match posted_by_owner(engine, query.as_deref(), &headers, connection, &body).await {
        Ok(found) => found,
        Err(instead) => return *instead,
    };
    let visit = &owner.visit;
    let (checkout, words) = (&visit.opened.checkout, visit.opened.words());
    let wrong = |notice| owner.new_card_page(&posted.typed(), Some(notice));
    if protected(&checkout.caller, visit.connection.as_ref()).is_err() {
        return wrong(words.encrypted_only);
    }
    let Some(share) = owner.card_share(&posted) else {
        return owner.home_page(Some(visit.words().balance_changed)).await;
    };
    let Ok(request) = token_request(&posted) else { return wrong(words.wrong_data) };
    match visit.engine.tokenise_part(checkout, &request, share.1).await {
        Ok(card) => owner.review(card, share, !posted.get("keep").is_empty()).await,
        Err(Failure::Refused(refusal)) => wrong(card_notice(&refusal, words)),
        Err(failure) => ApiFailure::from(failure).into_response(),
    }
}

/// Takes a saved card out of the wallet.
async fn forget(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    connection: Option<Extension<ClientConnection>>,
    body: RawBody,
) -> Response {
    let (owner, posted) = match posted_by_owner(engine, query.as_deref(), &headers, connection, &body).await {
        Ok(found) => found,
        Err(instead) => return *instead,
    };
    let visit = &owner.visit;
    let id = posted.get("card").parse().unwrap_or_default();
    let mode = visit.opened.checkout.caller.mode;
    match visit.engine.forget_saved_card(&owner.wallet.owner, mode, id).await {
        Ok(()) => Redirect::to(&visit.home()).into_response(),
        Err(failure) => ApiFailure::from(failure).into_response(),
    }
}

/// Pays, and shows the result at an address of its own.
async fn pay(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    connection: Option<Extension<ClientConnection>>,
    body: RawBody,
) -> Response {
    let posted = Posted::read(&body);
    let paying = pay_once(engine, query.as_deref(), &headers, connection, &body);
    again::unless_answered(paying, "wallet/pay", query.as_deref(), &headers, &posted).await
}

async fn pay_once(
    engine: Engine,
    query: Option<&str>,
    headers: &HeaderMap,
    connection: Option<Extension<ClientConnection>>,
    body: &RawBody,
) -> Response {
    let (owner, posted) = match posted_by_owner(engine, query, headers, connection, body).await {
        Ok(found) => found,
        Err(instead) => return *instead,
    };
    let visit = &owner.visit;
    let (engine, opened) = (&visit.engine, &visit.opened);
    let Some((attempt, shown_total)) = read_form_word(engine, opened, posted.get("form")) else {
        return opened.closed(Closed::Stale);
    };
    let said = |name: &str| Some(posted.get(name).to_owned()).filter(|text| !text.is_empty());
    let ip_address = visit.connection.map(|client| client.address.ip().to_string()).unwrap_or_default();
    let mut choice = owner.wallet.owner.choice(ip_address);
    choice.token = said("token");
    choice.payment_method_id = match &choice.token {
        Some(_) => said("payment_method_id"),
        None => Some(BALANCE.to_owned()),
    };
    let currency = opened.view.total.currency;
    if choice.token.is_some() {
        (choice.installments, choice.shown_total) = posted.plan(currency);
    }
    let part = said("balance_part").map(|minor| Money::new(minor.parse().unwrap_or(0), currency));
    let wallet = WalletPurchase {
        owner: owner.wallet.owner.account_id,
        balance_part: part,
        keeps_card: said("keep").is_some(),
        orders_seen: posted.get("orders").parse().unwrap_or(u32::MAX),
    };
    let purchase = Purchase { attempt: &attempt, choice: &choice, shown_total, wallet: Some(wallet) };
    match engine.pay_checkout(&opened.checkout, purchase).await {
        Ok(id) => Redirect::to(&result_address(engine, opened, id)).into_response(),
        Err(Failure::Refused(refusal)) => {
            let (words, wallet) = (opened.words(), visit.words());
            let notice = match (refusal.error, refusal.code()) {
                ("invalid_expired", _) => {
                    return opened.closed(opened.obstacle_in_time().unwrap_or(Closed::Expired));
                }
                ("too_many_attempts", _) => return opened.closed(Closed::Exhausted),
                ("invalid_amount", _) => words.price_changed,
                ("insufficient_amount", _) => wallet.balance_changed,
                ("paid_already", _) => wallet.paid_already,
                (_, Some(3028 | 2006 | 3003)) => wallet.wrong_card,
                (_, Some(2060)) => wallet.own_shop,
                _ => words.wrong_data,
            };
            owner.home_page(Some(notice)).await
        }
        Err(failure) => ApiFailure::from(failure).into_response(),
    }
}

fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn failed(failure: Failure) -> Instead {
    Box::new(ApiFailure::from(failure).into_response())
}
