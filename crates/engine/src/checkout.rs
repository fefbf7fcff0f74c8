//! The hosted checkout: a preference is opened by whoever has its address, and paid.
//!
//! A payment from here is a payment like any other: the same decision, the same commit. With it in that commit go the
//! merchant order it belongs to and the count of attempts in the preference, whose version keeps two payments of one
//! preference from being decided on the same state.

mod page_key;

use crate::merchant_orders::expiry_timer;
use crate::payments::{IdempotencyKey, MAX_ROUNDS, Told, Written, from_json, state_of as payment_state};
use crate::preferences::{record_of, state_of};
use crate::{Engine, Failure};
use pasarela_domain::card_token::TokenRequest;
use pasarela_domain::catalogue::{Catalogue, PaymentMethod};
use pasarela_domain::identity::{AccountId, Caller, CredentialKind, Mode, PaymentId};
use pasarela_domain::json::Json;
use pasarela_domain::merchant_order::{CREATED, MerchantOrder, OrderState, UPDATED};
use pasarela_domain::money::Money;
use pasarela_domain::payment::create::{Collector, Provenance};
use pasarela_domain::payment::request::CreatePayment;
use pasarela_domain::payment::{PaymentState, body::Status};
use pasarela_domain::pix_key::PIX;
use pasarela_domain::preference::payment::{BuyerChoice, Place, Share, request};
use pasarela_domain::preference::{Preference, PreferenceState, Window, choice, collector_of, not_found};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::seller_policies::SellerPolicies;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{Changes, CheckoutChange, CheckoutRecord, CommitError, Lookup, RecordChange};
use pasarela_vault::{CardNumber, Purpose};
use serde_json::Value;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// A preference that somebody opened.
pub struct OpenCheckout {
    /// As it is now.
    pub preference: Preference,
    /// Whether its application takes no payments any more: it was deleted, or its live credentials do not work.
    pub is_closed: bool,
    /// Whether one more payment may be tried.
    pub allows_attempt: bool,
    /// In whose name payments are made: its seller's.
    pub caller: Caller,
    /// What buyers see of the seller.
    pub merchant_name: String,
    /// The account's time.
    pub now: Timestamp,
    /// What is offered.
    pub catalogue: Arc<Catalogue>,
    /// Whether the seller has a Pix key.
    pub takes_pix: bool,
    /// What the seller says of itself.
    pub policies: Arc<SellerPolicies>,
    /// Whether somebody has paid it, or is about to.
    pub has_buyer: bool,
}

/// What a payment needs of the preference that it pays.
pub(crate) struct OpenedPreference {
    record: CheckoutRecord,
    state: PreferenceState,
    order: MerchantOrder,
    /// 0: it is a new one.
    order_version: i64,
    mode: Mode,
    /// Who is logged in and pays it.
    owner: Option<AccountId>,
    /// A page of the platform sends none of the headers that mark payments of programs.
    provenance: Provenance,
}

/// A purchase on the table: what is read for it once more each time that it is tried.
pub(crate) struct Desk<'a> {
    pub(crate) checkout: &'a OpenCheckout,
    pub(crate) purchase: &'a Purchase<'a>,
    pub(crate) collector: &'a Collector,
    pub(crate) opened: &'a OpenedPreference,
    pub(crate) key: IdempotencyKey,
}

/// A card in a token: what a page may know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenisedCard {
    /// The token.
    pub token: String,
    /// The method that the number tells.
    pub method: String,
    /// Its first digits.
    pub bin: String,
    /// Its last four digits.
    pub last_four: String,
}

/// What a buyer sends when paying.
#[derive(Clone, Copy, Debug)]
pub struct Purchase<'a> {
    /// One word for each form that was shown: however often it is sent, one payment is made.
    pub attempt: &'a str,
    /// What the buyer chose and typed.
    pub choice: &'a BuyerChoice,
    /// The total that the buyer was shown.
    pub shown_total: Money,
    /// Who is logged in, when it is paid from an account.
    pub wallet: Option<WalletPurchase>,
}

/// What a buyer who is logged in pays with.
#[derive(Clone, Copy, Debug)]
pub struct WalletPurchase {
    /// Who.
    pub owner: AccountId,
    /// What the balance pays beside the card; `None` when one thing pays all.
    pub balance_part: Option<Money>,
    /// Whether the card that was typed is kept in the account, once it has paid.
    pub keeps_card: bool,
    /// How many orders of this preference the owner had paid when the form was shown.
    pub orders_seen: u32,
}

impl Engine {
    /// The preference with this public id; `None` for an id of nobody's.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn open_checkout(&self, id: &str) -> Result<Option<OpenCheckout>, Failure> {
        let Some(account_id) = collector_of(id).filter(|account| self.admits(*account)) else {
            return Ok(None);
        };
        let Some(account) = self.account(account_id).await? else { return Ok(None) };
        for mode in [Mode::Test, Mode::Live] {
            let mut caller = Caller {
                account_id,
                site: account.site,
                application_id: 0,
                mode,
                kind: CredentialKind::AccessToken,
            };
            let Some(record) = self.preference_record(&caller, id).await? else { continue };
            if mode == Mode::Test {
                self.refresh_clock(account_id).await?;
            }
            let state = state_of(&record)?;
            caller.application_id = state.preference.client_id.parse().unwrap_or_default();
            let now = self.inner.clock.now(account_id, mode);
            return Ok(Some(OpenCheckout {
                is_closed: self.is_closed(&caller).await?,
                allows_attempt: state.internals.allows_attempt(now),
                has_buyer: state.internals.has_buyer,
                preference: state.preference,
                caller,
                merchant_name: account.name.clone(),
                now,
                catalogue: self.catalogue(),
                takes_pix: self.takes_pix(account_id, account.site).await?,
                policies: self.policies(account_id).await?,
            }));
        }
        Ok(None)
    }

    async fn is_closed(&self, caller: &Caller) -> Result<bool, Failure> {
        Ok(!self.application_standing(caller.application_id).await?.takes(caller.mode))
    }

    /// Puts a card that a buyer typed into a token.
    ///
    /// # Errors
    /// The documented causes of a token; `invalid_expired` when its application takes no payments any more; 2131 for a card of no method that may pay here.
    pub async fn tokenise_for(
        &self,
        checkout: &OpenCheckout,
        card: &TokenRequest,
    ) -> Result<TokenisedCard, Failure> {
        self.tokenise_part(checkout, card, checkout.preference.total()).await
    }

    /// As [`Engine::tokenise_for`], for a card that pays `amount` of the price.
    ///
    /// # Errors
    /// As [`Engine::tokenise_for`].
    pub async fn tokenise_part(
        &self,
        checkout: &OpenCheckout,
        card: &TokenRequest,
        amount: Money,
    ) -> Result<TokenisedCard, Failure> {
        if self.is_closed(&checkout.caller).await? {
            return Err(closed().into());
        }
        let digits = card.card_number.as_deref().unwrap_or_default();
        let method = checkout.card_method_for(digits, amount).map(|method| method.id.clone());
        let method = method.ok_or_else(|| Refusal::bad_request(2131, "Cannot infer Payment Method"))?;
        let bin = CardNumber::parse(digits).map(|number| number.bin(8).to_owned()).unwrap_or_default();
        let body = self.create_card_token(&checkout.caller, None, card).await?;
        let token: pasarela_domain::card_token::CardToken = from_json(&body, "a card token")?;
        Ok(TokenisedCard {
            token: token.id,
            method,
            bin,
            last_four: token.last_four_digits.unwrap_or_default(),
        })
    }

    /// Pays: once for each attempt, whatever is sent twice.
    ///
    /// # Errors
    /// `invalid_expired` outside the preference's window, and when its application takes no payments any more;
    /// `too_many_attempts`; `invalid_amount` when the price, or what the instalments cost in all, is another than the one
    /// shown; whatever a payment is refused for.
    pub async fn pay_checkout(
        &self,
        checkout: &OpenCheckout,
        purchase: Purchase<'_>,
    ) -> Result<PaymentId, Failure> {
        let caller = &checkout.caller;
        let key = attempt_key(checkout, purchase.attempt)?;
        if let Some(made) = self.inner.store.idempotency(caller.account_id, key.stored()).await? {
            return Ok(made.resource_id);
        }
        if checkout.preference.demands_login() && purchase.wallet.is_none() {
            return Err(
                Refusal::keyed(403, "login_required", "this preference is paid from an account").into()
            );
        }
        let collector = self.collector(caller).await?;
        let token = purchase.choice.token.as_deref();
        let token = token.map(|id| self.inner.vault.lookup(Purpose::CardToken, id));
        for _ in 0..MAX_ROUNDS {
            let outcome = async {
                let opened = self.open_for_payment(checkout, &purchase).await?;
                let desk =
                    Desk { checkout, purchase: &purchase, collector: &collector, opened: &opened, key };
                match purchase.wallet {
                    Some(wallet) => self.pay_from_wallet(&desk, wallet, token).await,
                    None => self.pay_as_guest(&desk, token).await,
                }
            };
            let outcome = outcome.await;
            match outcome {
                Ok(Ok(written)) => return id_of(&written.body),
                Ok(Err(CommitError::IdempotencyKeyTaken(made))) => return Ok(made.resource_id),
                Ok(Err(
                    CommitError::VersionConflict | CommitError::AlreadyExists(_) | CommitError::Overdrawn(_),
                )) => {}
                Ok(Err(error)) => return Err(error.into()),
                // A used token, an order that is paid: perhaps it was this very form that did it a moment ago.
                Err(Failure::Refused(refusal)) => {
                    return id_of(&self.replay_or(caller, key, refusal).await?.body);
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// The payment that an attempt made, if it made one lately.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn attempted_payment(
        &self,
        checkout: &OpenCheckout,
        attempt: &str,
    ) -> Result<Option<PaymentId>, Failure> {
        let key = attempt_key(checkout, attempt)?;
        let made = self.inner.store.idempotency(checkout.caller.account_id, key.stored()).await?;
        Ok(made.map(|made| made.resource_id))
    }

    async fn pay_as_guest(
        &self,
        desk: &Desk<'_>,
        token: Option<Lookup>,
    ) -> Result<Result<Written, CommitError>, Failure> {
        let share = Share::whole(desk.opened.preference());
        let body = desk.body(&self.inner.public_url, share, None)?;
        let body = Json::from(&body);
        let request = CreatePayment::from_json(&body, desk.checkout.caller.site)?;
        let told = Told { shown_total: desk.shown_total(share), ..desk.told(&request, None, 0) };
        self.try_create(told, desk.key, token, None).await
    }

    /// Reads the preference as it is now, and the order that its next payment belongs to.
    async fn open_for_payment(
        &self,
        checkout: &OpenCheckout,
        purchase: &Purchase<'_>,
    ) -> Result<OpenedPreference, Failure> {
        let (caller, id) = (&checkout.caller, &checkout.preference.id);
        if self.is_closed(caller).await? {
            return Err(closed().into());
        }
        let record = self.preference_record(caller, id).await?.ok_or_else(|| not_found(id))?;
        let state = state_of(&record)?;
        let now = self.inner.clock.now(caller.account_id, caller.mode);
        if state.preference.window(now) != Window::Open {
            return Err(Refusal::keyed(400, "invalid_expired", "the preference_id has expired").into());
        }
        if !state.internals.allows_attempt(now) {
            return Err(Refusal::keyed(429, "too_many_attempts", "too many payments were tried").into());
        }
        if state.preference.total() != purchase.shown_total {
            return Err(
                Refusal::keyed(409, "invalid_amount", "the price is another than the one shown").into()
            );
        }
        if let Some(wallet) = purchase.wallet
            && state.internals.orders_paid_by(wallet.owner) != wallet.orders_seen
        {
            // The preference's version holds two pages of one buyer apart: the second one gets here.
            return Err(Refusal::keyed(409, "paid_already", "it was paid from another page").into());
        }
        let open = match state.internals.open_order {
            Some(order) => self.order_record(caller.account_id, caller.mode, order).await?,
            None => None,
        };
        let stored = open.map(|open| {
            let order: MerchantOrder = from_json(&open.body, "a merchant order")?;
            Ok::<_, Failure>((order, open.version))
        });
        let stored = stored.transpose()?.filter(|(order, _)| order.is_free_for(state.preference.total()));
        let (order, order_version) = match stored {
            Some(stored) => stored,
            None => {
                let mut order = self.new_order(caller.account_id, caller, now).await?;
                order.take_from(&state.preference);
                (order, 0)
            }
        };
        let owner = purchase.wallet.map(|wallet| wallet.owner);
        let shop_session = state.internals.device_session.clone();
        let provenance = Provenance { shop_session, ..Provenance::default() };
        Ok(OpenedPreference { record, state, order, order_version, mode: caller.mode, owner, provenance })
    }

    /// Adds the order and the count of attempts to the commit of a payment, or of the two that one purchase is split into.
    pub(crate) async fn pay_opened(
        &self,
        opened: &OpenedPreference,
        payments: &[&PaymentState],
        now: Timestamp,
        changes: &mut Changes,
    ) -> Result<(), Failure> {
        let mut order = opened.order.clone();
        for state in payments {
            order.take(&state.payment, state.internals.payer_id, now);
        }
        self.keep_order(&order, opened.mode, opened.order_version, changes)?;
        let actions: &[&'static str] =
            if opened.order_version == 0 { &[CREATED, UPDATED] } else { &[UPDATED] };
        self.announce_order(&order, opened.mode, actions, changes).await?;
        if opened.order_version == 0 {
            changes.set_timers.extend(expiry_timer(&order, &opened.state.preference, opened.mode));
        }
        let mut preference = opened.state.clone();
        let mut statuses = payments.iter().map(|state| state.payment.status);
        let became = statuses.clone().find(|status| *status == Status::Rejected).or_else(|| statuses.next());
        // A challenge or a review may still end well: who has another page of the same purchase open is to look first.
        let may_pay = became.is_some_and(|became| !matches!(became, Status::Rejected | Status::Cancelled));
        if let Some(owner) = opened.owner.filter(|_| may_pay) {
            preference.internals.paid(owner);
        }
        let open = (order.status == OrderState::Opened).then_some(order.id);
        if let Some(became) = became {
            preference.internals.attempted(open, became, now);
        }
        let record = record_of(&preference, opened.mode, opened.record.version, &self.inner.vault)?;
        changes.records.push(RecordChange::Checkout(CheckoutChange::Update(record)));
        Ok(())
    }

    /// How many orders of an opened preference an account has paid: what a form of it is shown with.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn orders_paid(&self, checkout: &OpenCheckout, owner: AccountId) -> Result<u32, Failure> {
        let record = self.preference_record(&checkout.caller, &checkout.preference.id).await?;
        let state = record.as_ref().map(state_of).transpose()?;
        Ok(state.map_or(0, |state| state.internals.orders_paid_by(owner)))
    }

    /// A word that only this platform can say of `what`: it keeps forms and results of the hosted checkout from being made
    /// up elsewhere.
    pub fn checkout_word(&self, what: &str) -> String {
        crate::payments::hex(&self.inner.vault.lookup(Purpose::Checkout, what)[..16])
    }

    /// Whether `word` is what [`Engine::checkout_word`] says of `what`.
    pub fn is_checkout_word(&self, what: &str, word: &str) -> bool {
        self.checkout_word(what).as_bytes().ct_eq(word.as_bytes()).into()
    }

    /// A payment of an opened preference.
    ///
    /// # Errors
    /// 404 2000 when it is none of its seller's in its mode.
    pub async fn checkout_payment(
        &self,
        checkout: &OpenCheckout,
        id: PaymentId,
    ) -> Result<PaymentState, Failure> {
        let account_id: AccountId = checkout.caller.account_id;
        payment_state(&self.load(account_id, checkout.caller.mode, id).await?)
    }
}

impl OpenCheckout {
    /// The methods that may pay, the seller's first choice first.
    pub fn choices(&self) -> Vec<&PaymentMethod> {
        let mut choices = choice::choices(&self.preference, self.catalogue.site(self.caller.site), self.now);
        choices.retain(|method| self.takes_pix || method.id != PIX);
        choices
    }

    /// The method of a card with these digits, if it may pay `amount` here.
    pub fn card_method_for(&self, digits: &str, amount: Money) -> Option<&PaymentMethod> {
        let catalogue = self.catalogue.site(self.caller.site);
        let mut methods = catalogue.resolve_bin(digits);
        if methods.is_empty() {
            methods = catalogue.resolve_bin(digits.get(..8).unwrap_or(digits));
        }
        methods.into_iter().find(|method| choice::is_allowed_for(&self.preference, method, amount, self.now))
    }
}

impl OpenedPreference {
    /// The preference as it is now.
    pub(crate) const fn preference(&self) -> &Preference {
        &self.state.preference
    }
}

impl<'a> Desk<'a> {
    pub(crate) fn told(
        &self,
        request: &'a CreatePayment<'a>,
        wallet_owner: Option<AccountId>,
        debt_taken_minor: i64,
    ) -> Told<'a> {
        Told {
            caller: &self.checkout.caller,
            collector: self.collector,
            request,
            provenance: &self.opened.provenance,
            opened: Some(self.opened),
            wallet_owner,
            debt_taken_minor,
            shown_total: None,
        }
    }

    /// What the buyer was shown that the card's share costs in all. A page without plans shows the price, for one payment.
    pub(crate) fn shown_total(&self, share: Share) -> Option<Money> {
        let choice = self.purchase.choice;
        choice.token.as_ref().map(|_| choice.shown_total.unwrap_or(share.amount))
    }

    /// The body of the request for the payment that the choice comes to, as far as `share` goes. `balance` is what a
    /// wallet's balance pays with, which nobody else may choose.
    pub(crate) fn body(
        &self,
        public_url: &str,
        share: Share,
        balance: Option<&BuyerChoice>,
    ) -> Result<Value, Refusal> {
        let (checkout, preference) = (self.checkout, self.opened.preference());
        let choice = balance.unwrap_or(self.purchase.choice);
        let catalogue = checkout.catalogue.site(checkout.caller.site);
        let method = choice.payment_method_id.as_deref().and_then(|id| catalogue.method(id));
        // What was excluded, or not offered, can't be paid with, whatever a form says.
        let method = method.filter(|method| {
            balance.is_some() || choice::is_allowed_for(preference, method, share.amount, checkout.now)
        });
        let method = method.ok_or_else(|| Refusal::bad_request(3028, "Invalid payment_method_id"))?;
        let (count, most) = (choice.installments, preference.payment_methods.installments);
        let is_too_many = |count| most.is_some_and(|most| count > most);
        // A card pays in as many instalments as its buyer chose: none is chosen here.
        if count.is_some_and(is_too_many) || choice.token.is_some() && count.is_none() {
            return Err(Refusal::bad_request(4033, "Invalid installments"));
        }
        // Whoever was shown no plan was shown the price.
        if choice.token.is_some() && choice.shown_total.is_none() && count != Some(1) {
            return Err(Refusal::keyed(409, "invalid_amount", "what the instalments cost was not shown"));
        }
        let place = Place {
            order_id: self.opened.order.id,
            expires: choice::expiry(preference, method, checkout.now),
            return_url: &format!(
                "{public_url}/checkout/v1/return?pref_id={}&attempt={}",
                preference.id, self.purchase.attempt
            ),
        };
        Ok(request(preference, choice, place, share))
    }
}

fn closed() -> Refusal {
    Refusal::keyed(400, "invalid_expired", "the seller's application takes no payments any more")
}

fn attempt_key(checkout: &OpenCheckout, attempt: &str) -> Result<IdempotencyKey, Failure> {
    let path = format!("checkout {}", checkout.preference.id);
    Ok(IdempotencyKey::required(Some(attempt), checkout.caller.mode, &path, &[])?)
}

fn id_of(body: &[u8]) -> Result<PaymentId, Failure> {
    #[derive(serde::Deserialize)]
    struct Head {
        id: PaymentId,
    }
    Ok(from_json::<Head>(body, "a payment")?.id)
}
