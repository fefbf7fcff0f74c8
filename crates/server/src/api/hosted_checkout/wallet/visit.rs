//! Who is at the wallet's pages: a browser, and whoever is logged in with it.

use super::super::super::browser_session::{self as browsers, Browser};
use super::super::opened::{Opened, find};
use super::super::page_request::{Instead, PageAnswer, PageRequest};
use super::super::posted::Posted;
use super::super::words::form_word;
use super::with_cookie;
use crate::pages::checkout::{Closed, Typed};
use crate::pages::wallet::{self as pages, Chosen, LoginPage, Offers, WalletPage};
use crate::pages::wallet_words::WalletWords;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pasarela_domain::login::SessionScope;
use pasarela_domain::money::Money;
use pasarela_domain::preference::choice::{self, BalanceShare};
use pasarela_engine::checkout::TokenisedCard;
use pasarela_engine::wallet::Wallet;
use pasarela_engine::{Engine, Failure};

/// A request to the wallet's pages.
pub(super) struct Visit<'r> {
    pub(super) request: &'r PageRequest,
    pub(super) opened: Opened,
    pub(super) browser: Browser,
}

/// The same, by somebody who is logged in and may pay here.
pub(super) struct OwnerVisit<'r> {
    pub(super) visit: Visit<'r>,
    pub(super) wallet: Wallet,
}

impl<'r> Visit<'r> {
    /// A request of any time.
    pub(super) async fn find(request: &'r PageRequest) -> Result<Visit<'r>, Instead> {
        let opened = find(request).await?;
        let PageRequest { engine, headers, connection, .. } = request;
        let browser = Browser::of(engine, headers, connection.as_ref(), SessionScope::Wallet);
        Ok(Visit { request, opened, browser })
    }

    /// A request while the preference takes payments.
    pub(super) async fn begin(request: &'r PageRequest) -> Result<Visit<'r>, Instead> {
        let visit = Visit::find(request).await?;
        match visit.opened.obstacle_in_time() {
            Some(obstacle) => Err(visit.opened.closed(obstacle).into()),
            None => Ok(visit),
        }
    }

    pub(super) fn engine(&self) -> &'r Engine {
        &self.request.engine
    }

    pub(super) fn words(&self) -> &'static WalletWords {
        WalletWords::of(self.opened.locale)
    }

    /// What the forms of this preference are for, as their words say it.
    fn form(&self) -> String {
        format!("wallet {}", self.opened.checkout.preference.id)
    }

    fn word(&self) -> String {
        browsers::word(self.engine(), &self.browser, &self.form())
    }

    fn is_only_way(&self) -> bool {
        self.opened.checkout.preference.demands_login()
    }

    pub(super) fn home(&self) -> String {
        format!("/checkout/v1/wallet?{}", self.opened.view.query)
    }

    /// Whether a posted form is one that this browser was shown here.
    pub(super) fn is_ours(&self, posted: &Posted) -> bool {
        !self.request.is_sent_from_elsewhere()
            && browsers::is_ours(self.engine(), &self.browser, &self.form(), posted.get("word"))
    }

    pub(super) fn login_page(self, name: &str, notice: Option<&'static str>, status: StatusCode) -> Response {
        self.login_page_with(name, notice, status, false)
    }

    /// The same, also for a login that demands a code.
    pub(super) fn login_page_with(
        mut self,
        name: &str,
        notice: Option<&'static str>,
        status: StatusCode,
        demands_code: bool,
    ) -> Response {
        let greeting = self.browser.greet();
        let word = self.word();
        let page = WalletPage { view: &self.opened.view, notice, locale: self.opened.locale, word: &word };
        let page = pages::login(page, LoginPage { name, is_only_way: self.is_only_way(), demands_code })
            .with_status(status)
            .into_response();
        match greeting {
            Some(cookie) => with_cookie(page, cookie),
            None => page,
        }
    }

    /// Who is logged in, with what is in the wallet; else the page on which to log in.
    pub(super) async fn owner(mut self) -> Result<OwnerVisit<'r>, Instead> {
        let engine = self.engine();
        let owner = match browsers::current(engine, &mut self.browser).await? {
            Some(session) => engine.wallet_owner(session.account_id).await?,
            None => None,
        };
        let Some(owner) = owner else {
            return Err(self.login_page("", None, StatusCode::OK).into());
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
            return Err(self.login_page("", obstacle, StatusCode::FORBIDDEN).into());
        }
        let wallet = engine.wallet(owner, checkout.caller.mode).await?;
        Ok(OwnerVisit { visit: self, wallet })
    }
}

impl<'r> OwnerVisit<'r> {
    /// The visit of who posted a form. Who is not logged in any more logs in again; nothing is done.
    pub(super) async fn posting(
        request: &'r PageRequest,
        posted: &Posted,
    ) -> Result<OwnerVisit<'r>, Instead> {
        let visit = Visit::begin(request).await?;
        if visit.browser.token().is_some() && !visit.is_ours(posted) {
            return Err(visit.opened.closed(Closed::Stale).into());
        }
        visit.owner().await
    }
}

impl OwnerVisit<'_> {
    fn page<'a>(&'a self, word: &'a str, notice: Option<&'static str>) -> WalletPage<'a> {
        let opened = &self.visit.opened;
        WalletPage { view: &opened.view, notice, locale: opened.locale, word }
    }

    fn word(&self) -> String {
        self.visit.word()
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
        let (engine, opened) = (self.visit.engine(), &self.visit.opened);
        let seen = engine.orders_paid(&opened.checkout, self.wallet.owner.account_id).await?;
        Ok(vec![("form", form_word(engine, opened)), ("orders", seen.to_string())])
    }

    pub(super) async fn home_page(&self, notice: Option<&'static str>) -> PageAnswer {
        let checkout = &self.visit.opened.checkout;
        let by_balance = match checkout.balance_share(self.wallet.balance) {
            BalanceShare::All => Some(self.paying_fields().await?),
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
        Ok(pages::wallet(self.page(&word, notice), offers, self.visit.is_only_way()).into_response())
    }

    pub(super) fn new_card_page(&self, typed: &Typed, notice: Option<&'static str>) -> Response {
        let word = self.word();
        let catalogue = self.visit.opened.catalogue();
        let page = self.page(&word, notice);
        pages::new_card(page, catalogue, typed, self.split(), !self.takes_cards()).into_response()
    }

    /// What is known of the owner before a card is typed.
    pub(super) fn known(&self) -> Typed {
        let owner = &self.wallet.owner;
        let said = |text: &Option<String>| text.clone().unwrap_or_default();
        Typed(vec![
            ("card_holder", format!("{} {}", owner.first_name, owner.last_name).trim().to_owned()),
            ("document_type", said(&owner.identification.kind)),
            ("document_number", said(&owner.identification.number)),
        ])
    }

    /// What a card is to pay: the rest, when the balance goes first.
    pub(super) fn card_share(&self, posted: &Posted) -> Option<(Option<Money>, Money)> {
        match (posted.get("with_balance"), self.split()) {
            ("", _) => Some((None, self.visit.opened.checkout.preference.total())),
            (_, Some((part, rest))) => Some((Some(part), rest)),
            // The balance was another when the page was shown.
            (_, None) => None,
        }
    }

    /// The page on which the number of instalments is chosen.
    pub(super) async fn review(
        &self,
        card: TokenisedCard,
        (balance_part, amount): (Option<Money>, Money),
        keeps: bool,
    ) -> PageAnswer {
        let opened = &self.visit.opened;
        let (catalogue, preference) = (opened.catalogue(), &opened.checkout.preference);
        let Some(method) = catalogue.method(&card.method) else {
            return self.home_page(Some(self.visit.words().wrong_card)).await;
        };
        let now = opened.checkout.now;
        let plans = choice::plans_for(preference, (catalogue, method), &card.bin, amount, now);
        let mut hidden = self.paying_fields().await?;
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
        Ok(pages::review(self.page("", None), chosen).into_response())
    }
}
