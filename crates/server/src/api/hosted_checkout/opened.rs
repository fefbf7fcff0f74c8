//! A preference that a browser opened.

use super::super::branding::shop_of;
use super::super::request::page_locale;
use super::modal;
use super::page_request::{Instead, PageRequest};
use crate::pages::checkout::{self as pages, CheckoutView, Closed, Typed, Unshown};
use crate::pages::checkout_words::CheckoutWords;
use crate::pages::{Locale, missing};
use axum::response::{IntoResponse, Response};
use pasarela_domain::catalogue::SiteCatalogue;
use pasarela_domain::documents;
use pasarela_domain::payment::create::TEST_EMAIL_DOMAIN;
use pasarela_domain::payment::request::is_email;
use pasarela_domain::preference::return_address::return_address;
use pasarela_domain::preference::{DocumentHint, PayerHint, Window};
use pasarela_engine::checkout::OpenCheckout;
use url::form_urlencoded;

/// What a test purchase's e-mail is when the shop says none that may pay.
const TEST_BUYER: &str = "test_buyer@testuser.com";

/// A checkout with what its pages need.
pub(super) struct Opened {
    pub(super) checkout: OpenCheckout,
    pub(super) view: CheckoutView,
    pub(super) locale: Locale,
}

impl Opened {
    pub(super) fn words(&self) -> &'static CheckoutWords {
        CheckoutWords::of(self.locale)
    }

    pub(super) fn closed(&self, why: Closed) -> Response {
        pages::closed(&self.view, why, self.locale).into_response()
    }

    pub(super) fn choice(&self, notice: Option<&'static str>) -> Response {
        let methods = self.checkout.choices();
        if methods.is_empty() {
            return self.closed(Closed::NoMethod);
        }
        pages::choice(&self.view, &methods, notice, self.locale).into_response()
    }

    pub(super) fn catalogue(&self) -> &SiteCatalogue {
        self.checkout.catalogue.site(self.checkout.caller.site)
    }

    /// Why nothing can be paid here, if it can't.
    pub(super) fn obstacle(&self) -> Option<Closed> {
        let demands_login = self.checkout.preference.demands_login();
        self.obstacle_in_time().or(demands_login.then_some(Closed::Login))
    }

    /// Why nobody can pay now, logged in or not.
    pub(super) fn obstacle_in_time(&self) -> Option<Closed> {
        if self.checkout.is_closed {
            return Some(Closed::Expired);
        }
        match self.checkout.preference.window(self.checkout.now) {
            Window::Over => Some(Closed::Expired),
            Window::NotYet => Some(Closed::NotYet),
            Window::Open if !self.checkout.allows_attempt => Some(Closed::Exhausted),
            Window::Open => None,
        }
    }

    /// Whether a payer may have this e-mail: test purchases are paid by test users, and real ones by nobody such.
    pub(super) fn may_pay(&self, email: &str) -> bool {
        let email = email.to_lowercase();
        is_email(&email) && email.ends_with(TEST_EMAIL_DOMAIN) != self.checkout.preference.live_mode
    }

    /// What is filled in for the buyer before anything is typed. The preference's address is in shops' mails, logs and chats:
    /// whoever has it learns no document and no address from it, and nothing any more once somebody has paid.
    pub(super) fn known(&self) -> Typed {
        let nobody = PayerHint::default();
        let payer = if self.checkout.has_buyer { &nobody } else { &self.checkout.preference.payer };
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
        ])
    }

    /// What of the payer is used for a field that is left empty, while its e-mail is in the form.
    pub(super) fn unshown(&self, email: &str) -> Unshown {
        let payer = &self.checkout.preference.payer;
        if self.checkout.has_buyer || !payer.is_about(email) {
            return Unshown::default();
        }
        let is_right = |document: &DocumentHint| {
            documents::check(self.checkout.caller.site, &document.kind, &document.number).is_ok()
        };
        Unshown { document: payer.document().is_some_and(is_right), street: payer.street().is_some() }
    }
}

/// The checkout of the preference that a request names.
pub(super) async fn find(request: &PageRequest) -> Result<Opened, Instead> {
    let PageRequest { engine, query, headers, .. } = request;
    let query = query.as_deref();
    let nowhere = || Instead::from(missing(page_locale(query, headers, None)).into_response());
    let id = request.value("pref_id").or_else(|| request.value("preference-id"));
    let id = id.ok_or_else(nowhere)?;
    let checkout = engine.open_checkout(&id).await?.ok_or_else(nowhere)?;
    let caller = &checkout.caller;
    let shop = shop_of(engine, (caller.application_id, caller.mode), &checkout.merchant_name).await?;
    let shop = shop.with_policies(&checkout.policies);
    let site = checkout.preference.site();
    let locale = page_locale(query, headers, Some(site));
    let mut address = form_urlencoded::Serializer::new(String::new());
    address.append_pair("pref_id", &id);
    if request.value("locale").as_deref().and_then(Locale::from_tag).is_some() {
        address.append_pair("locale", locale.language());
    }
    if modal::is_over_page(query) {
        address.append_pair(modal::PARAMETER, "true");
    }
    let leave = return_address(&checkout.preference, None);
    let view = CheckoutView::of(&checkout.preference, shop, address.finish(), leave);
    Ok(Opened { checkout, view, locale })
}
