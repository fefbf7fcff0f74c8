//! Payments: create, read, change, refund, search.
//!
//! Every write is the same loop: load the facts with their versions, let the domain decide, commit; when somebody was
//! faster, load and decide again, a bounded number of times. What an idempotency key made before is looked up only
//! when the commit or the decision says no: a first request, which is nearly every request, pays nothing for it.

pub mod expanded;
pub mod search;

use crate::accounts::KnownPayer;
use crate::card_tokens::{from_stored, to_stored};
use crate::checkout::OpenedPreference;
use crate::fresh_tokens::FreshToken;
use crate::identifiers::Fresh;
use crate::notifications::listeners::{Event, deliveries_for};
use crate::notifications::settings::Settings;
use crate::notifications::topics::PAYMENTS;
use crate::timers::LONGEST_SLEEP;
use crate::{Engine, Failure};
use pasarela_domain::card_token::{CardToken, TokenStatus};
use pasarela_domain::context::Context;
use pasarela_domain::identity::{AccountId, Caller, Mode, PaymentId, RefundId};
use pasarela_domain::json::{self, Json};
use pasarela_domain::ledger::{AccountKind, LedgerAccount};
use pasarela_domain::money::Money;
use pasarela_domain::payment::body::Cardholder;
use pasarela_domain::payment::change::PaymentChange;
use pasarela_domain::payment::create::{CardFacts, Facts, Plan, Provenance, Step};
use pasarela_domain::payment::refund::RefundRequest;
use pasarela_domain::payment::request::CreatePayment;
use pasarela_domain::payment::traces::Buyer;
use pasarela_domain::payment::{Deadline, DeadlineChange, Decision, PaymentState, change, create, refund};
use pasarela_domain::quality::marks::TokenChannel;
use pasarela_domain::quality::traffic::Count;
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::{DAY, Timestamp};
use pasarela_rails::simulator::CardSecrets;
use pasarela_store::{
    CardTokenRecord, Changes, CommitError, DeliveryRecord, DeliveryState, IdempotencyRecord, Lookup,
    PaymentRecord, RecordChange, Timer, TimerKind,
};
use pasarela_vault::{CardNumber, Purpose, SecurityCode};
use ring::digest;
use subtle::ConstantTimeEq;

/// How often a write is decided again when somebody else was faster. A hot payment is written by at most a few at a
/// time, and each round lets at least one of them through.
pub(crate) const MAX_ROUNDS: usize = 8;
/// How long the outcome of an idempotency key is kept.
const KEY_LIFE: i64 = 2 * DAY;
/// Longest `X-Idempotency-Key`: what an official SDK accepts from its callers.
const LONGEST_KEY: usize = 64;

/// A write's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The JSON body.
    pub body: Vec<u8>,
    /// Whether an earlier request under the same key made it.
    pub replayed: bool,
}

/// An `X-Idempotency-Key`, hashed with what it is for.
#[derive(Clone, Copy, Debug)]
pub struct IdempotencyKey {
    key: [u8; 16],
    request: [u8; 16],
}

impl IdempotencyKey {
    /// The key of a request: `header` as sent, `path` with the method, and the body's bytes.
    ///
    /// # Errors
    /// 4292 without a key; 1 with one that is too long.
    pub fn required(
        header: Option<&str>,
        mode: Mode,
        path: &str,
        body: &[u8],
    ) -> Result<IdempotencyKey, Refusal> {
        IdempotencyKey::optional(header, mode, path, body)?
            .ok_or_else(|| Refusal::bad_request(4292, "Header X-Idempotency-Key can\u{2019}t be null"))
    }

    /// As [`IdempotencyKey::required`], where the key is optional.
    ///
    /// # Errors
    /// 1 with a key that is too long.
    pub fn optional(
        header: Option<&str>,
        mode: Mode,
        path: &str,
        body: &[u8],
    ) -> Result<Option<IdempotencyKey>, Refusal> {
        let Some(header) = header.map(str::trim).filter(|key| !key.is_empty()) else { return Ok(None) };
        if header.len() > LONGEST_KEY {
            let what = format!("X-Idempotency-Key must not be longer than {LONGEST_KEY} characters");
            return Err(pasarela_domain::payment::request::params_error(&what));
        }
        let key = hash(&[mode.name().as_bytes(), path.as_bytes(), header.as_bytes()]);
        Ok(Some(IdempotencyKey { key, request: hash(&[body]) }))
    }

    /// Under what it is stored.
    pub(crate) const fn stored(&self) -> &[u8; 16] {
        &self.key
    }

    /// What the key made at `now_wall`.
    pub(crate) fn record(
        self,
        account_id: AccountId,
        made: (i64, RefundId),
        now_wall: Timestamp,
    ) -> IdempotencyRecord {
        let (resource_id, part_id) = made;
        IdempotencyRecord {
            account_id,
            key: self.key,
            request: self.request,
            resource_id,
            part_id,
            expires: now_wall.plus_ms(KEY_LIFE),
        }
    }
}

/// SHA-256 over the length-prefixed parts, shortened to 128 bits: enough that no two requests meet by accident.
pub(crate) fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part);
    }
    let mut out = [0_u8; 16];
    out.copy_from_slice(&context.finish().as_ref()[..16]);
    out
}

/// What a request for a payment says, and who says it.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) collector: &'a create::Collector,
    pub(crate) request: &'a CreatePayment<'a>,
    pub(crate) provenance: &'a Provenance,
    /// The preference that it pays, read for it.
    pub(crate) opened: Option<&'a OpenedPreference>,
    /// Who is logged in and pays.
    pub(crate) wallet_owner: Option<AccountId>,
    /// How much of the collector's debt another payment of the same commit takes already.
    pub(crate) debt_taken_minor: i64,
    /// What the buyer was shown to pay in all; another total is refused.
    pub(crate) shown_total: Option<Money>,
}

/// A payment that was decided, with the changes that would store it.
pub(crate) struct Draft {
    pub(crate) decision: Decision,
    pub(crate) body: Vec<u8>,
    pub(crate) changes: Changes,
    /// The token that paid; it is not spent yet.
    pub(crate) token: Option<OpenedToken>,
}

/// What of a stored payment its next version is made with.
pub(crate) struct Read {
    /// 0: it is new.
    version: i64,
    /// What it left of its buyer.
    traces: Vec<i64>,
}

/// A token with its card, opened for one decision.
pub(crate) struct OpenedToken {
    record: CardTokenRecord,
    pub(crate) token: CardToken,
    pub(crate) number: CardNumber,
    security_code: Option<SecurityCode>,
    /// The customer's user id, when the card is a saved one.
    pub(crate) owner: Option<AccountId>,
}

impl Draft {
    /// How much of the collector's debt it takes.
    pub(crate) fn debt_taken_minor(&self) -> i64 {
        let legs = self.decision.postings.iter().flat_map(|posting| &posting.legs);
        let of_debt = legs.filter(|leg| leg.account.kind == AccountKind::SellerReceivable);
        -of_debt.map(|leg| leg.amount_minor).sum::<i64>()
    }
}

impl Engine {
    /// `POST /v1/payments`.
    ///
    /// # Errors
    /// Refusals with the documented codes; unavailability when too much is waiting.
    pub async fn create_payment(
        &self,
        caller: &Caller,
        key: IdempotencyKey,
        body: &Json<'_>,
        provenance: &Provenance,
    ) -> Result<Written, Failure> {
        let request = CreatePayment::from_json(body, caller.site)?;
        let collector = self.collector(caller).await?;
        let token = request.token.as_deref().map(|id| self.inner.vault.lookup(Purpose::CardToken, id));
        let mut fresh_token = token.and_then(|lookup| self.inner.fresh_tokens.take(&lookup));
        for _ in 0..MAX_ROUNDS {
            let fresh_token = fresh_token.take();
            let is_fresh = fresh_token.is_some();
            let told = Told {
                caller,
                collector: &collector,
                request: &request,
                provenance,
                opened: None,
                wallet_owner: None,
                debt_taken_minor: 0,
                shown_total: None,
            };
            let outcome = self.try_create(told, key, token, fresh_token).await;
            match outcome {
                Ok(Ok(written)) => {
                    self.count(caller, if request.capture { Count::Payment } else { Count::LaterCapture });
                    return Ok(written);
                }
                Ok(Err(CommitError::IdempotencyKeyTaken(record))) => {
                    return self.replay(caller, &record).await;
                }
                Ok(Err(
                    CommitError::VersionConflict | CommitError::AlreadyExists(_) | CommitError::Overdrawn(_),
                )) => {}
                Ok(Err(error)) => return Err(error.into()),
                // Perhaps the token was completed or spent through another node: only what is stored refuses.
                Err(Failure::Refused(_)) if is_fresh => {}
                // A used token, an empty wallet: perhaps it was this very request that used it before.
                Err(Failure::Refused(refusal)) => return self.replay_or(caller, key, refusal).await,
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    pub(crate) async fn try_create(
        &self,
        told: Told<'_>,
        key: IdempotencyKey,
        token: Option<Lookup>,
        fresh_token: Option<FreshToken>,
    ) -> Result<Result<Written, CommitError>, Failure> {
        let told_by = told.caller;
        let now = self.inner.clock.now(told.caller.account_id, told.caller.mode);
        let Draft { decision, body, mut changes, token } = self.draft(told, token, fresh_token, now).await?;
        let made = (decision.state.payment.id, 0);
        changes.idempotency = Some(key.record(told.caller.account_id, made, self.inner.clock.wall()));
        match told.opened {
            Some(opened) => self.pay_opened(opened, &[&decision.state], now, &mut changes).await?,
            None => self.tell_order(&decision.state, told.caller.mode, now, &mut changes).await?,
        }
        let channel = decision.state.internals.marks.channel();
        // One that was made with an access token was counted when it was made; of a saved card no number was sent.
        let is_by_key =
            token.as_ref().is_some_and(|opened| opened.token.public_key.is_some() && opened.owner.is_none());
        let made_by = token.as_ref().and_then(|opened| opened.token.application_id);
        if let Some(opened) = token {
            changes.records.push(used(opened, now)?);
        }
        let committed = self.commit(changes).await;
        if committed.is_ok() && is_by_key && made_by.is_some_and(|made_by| made_by != told_by.application_id)
        {
            self.count(told_by, Count::ForeignToken);
        }
        if committed.is_ok() && is_by_key && channel == Some(TokenChannel::Server) {
            self.count(told_by, Count::ServerToken);
        }
        Ok(committed.map(|()| Written { body, replayed: false }))
    }

    /// Decides on a payment, and commits nothing: what the key made, the order and the spent token are the caller's to add.
    pub(crate) async fn draft(
        &self,
        told: Told<'_>,
        token: Option<Lookup>,
        fresh_token: Option<FreshToken>,
        now: Timestamp,
    ) -> Result<Draft, Failure> {
        let Told { caller, collector, request, provenance, wallet_owner, debt_taken_minor, .. } = told;
        let token = match token {
            Some(lookup) => Some(self.open_token(caller, &lookup, fresh_token, now).await?),
            None => None,
        };
        let completed = self.with_customer(caller, request).await?;
        let request = completed.as_ref().unwrap_or(request);
        let email = request.payer.email.as_deref();
        let email = email.ok_or_else(|| Refusal::bad_request(2002, "Customer not found"))?;
        let payer = match wallet_owner {
            // Whoever had this e-mail before there was the account, it is the owner who pays.
            Some(id) => KnownPayer { id, new: None },
            None => self.payer(caller, email).await?,
        };
        // A saved card pays for its own customer. On the hosted checkout anybody may type that customer's e-mail: there it
        // pays from the wallet of who is logged in, by a token that has the number.
        let is_foreign = |owner| owner != payer.id || told.opened.is_some();
        if token.as_ref().and_then(|opened| opened.owner).is_some_and(is_foreign) {
            return Err(Refusal::bad_request(2062, "Invalid card token").into());
        }
        let card = token.as_ref().map(|opened| CardFacts {
            token: opened.token.clone(),
            bin: match &opened.token.payment_method_id {
                // No card: what stands for its first digits.
                Some(_) => opened.token.first_six_digits.clone().unwrap_or_default(),
                None => opened.number.bin(8).to_owned(),
            },
            number_length: opened.number.len(),
            fingerprint: hex(&self.inner.vault.fingerprint(&opened.number)),
        });
        let mut fresh = Fresh(&self.inner.ids);
        let mut context = Context { now, mode: caller.mode, ids: &mut fresh };
        let catalogue = self.catalogue();
        let facts = Facts {
            catalogue: &catalogue,
            collector,
            card: card.as_ref(),
            payer_id: payer.id,
            provenance,
            public_url: &self.inner.public_url,
            wallet_owner,
        };
        let plan = create::plan(request, &facts, &mut context)?;
        let total = plan.state.payment.transaction_details.total_paid_amount.money(plan.state.currency());
        if told.shown_total.is_some_and(|shown| shown != total) {
            // A campaign ended, or a price list changed, since the page was shown.
            return Err(
                Refusal::keyed(409, "invalid_amount", "the total is another than the one shown").into()
            );
        }
        let mut decision = self.answer(plan, token.as_ref(), caller, &context).await?;
        self.recover_debt(&mut decision, debt_taken_minor, &context).await?;
        let body = body_of(&decision.state)?;
        let buyer = Buyer::of(request, card.as_ref(), provenance);
        let new = Read { version: 0, traces: self.traces_of(caller.account_id, caller.mode, &buyer) };
        let settings = self.notification_settings(decision.state.internals.application_id).await?;
        let mut changes = self.changes(&decision, &settings, caller.mode, new, body.clone())?;
        if let Some(payer) = payer.new {
            changes.records.push(RecordChange::InsertPayer(payer));
        }
        Ok(Draft { decision, body, changes, token })
    }

    /// The request with what is known of the customer who pays, if one is named.
    async fn with_customer<'b>(
        &self,
        caller: &Caller,
        request: &CreatePayment<'b>,
    ) -> Result<Option<CreatePayment<'b>>, Failure> {
        let (Some("customer"), Some(id)) = (request.payer.kind.as_deref(), &request.payer.id) else {
            return Ok(None);
        };
        let customer = match self.load_customer(caller, id).await {
            Ok((_, state)) => state.customer,
            Err(Failure::Refused(_)) => return Err(Refusal::bad_request(2002, "Customer not found").into()),
            Err(failure) => return Err(failure),
        };
        let mut completed = request.clone();
        completed.payer.complete(&customer);
        Ok(Some(completed))
    }

    /// Asks the rail and lets the domain decide on its answer. The simulator has no effect outside, so plan and
    /// answer are one commit.
    async fn answer(
        &self,
        plan: Plan,
        token: Option<&OpenedToken>,
        caller: &Caller,
        context: &Context<'_>,
    ) -> Result<Decision, Failure> {
        let public_url = &self.inner.public_url;
        match &plan.step {
            Step::Authorize(request) => {
                let secrets = CardSecrets {
                    number: token.map(|opened| opened.number.reveal()),
                    security_code: token
                        .and_then(|opened| opened.security_code.as_ref())
                        .map(SecurityCode::reveal),
                };
                let outcome = self.inner.simulator.authorize(request, &secrets);
                Ok(create::card_answered(plan, outcome, public_url, context)?)
            }
            Step::Charge(charge) => {
                let instructions = self.inner.simulator.charge(charge);
                Ok(create::charge_made(plan, instructions, public_url, context))
            }
            Step::Wallet(amount) => {
                let wallet = LedgerAccount::of(AccountKind::BuyerWallet, plan.state.internals.payer_id);
                let balance = self.inner.store.balance(caller.mode, amount.currency, wallet).await?;
                // A liability: what the platform owes the payer stands on the credit side.
                Ok(create::wallet_answered(plan, -balance, context)?)
            }
        }
    }

    /// `GET /v1/payments/{id}`: the stored body.
    ///
    /// # Errors
    /// 404 2000 for a payment that is not this caller's, whoever's it is.
    pub async fn payment(&self, caller: &Caller, id: PaymentId) -> Result<Vec<u8>, Failure> {
        let record = self.load(caller.account_id, caller.mode, id).await?;
        self.count_read(caller, id, record.updated);
        Ok(record.body)
    }

    /// `PUT /v1/payments/{id}`.
    ///
    /// # Errors
    /// Refusals with the documented codes.
    pub async fn change_payment(
        &self,
        caller: &Caller,
        id: PaymentId,
        key: Option<IdempotencyKey>,
        change: &PaymentChange,
    ) -> Result<Written, Failure> {
        let idempotency = key.map(|key| key.record(caller.account_id, (id, 0), self.inner.clock.wall()));
        let decided = self
            .decide(caller.account_id, caller.mode, id, idempotency, |state, context| match change {
                PaymentChange::Cancel => change::cancel(state, context),
                PaymentChange::Capture { amount } => change::capture(state, amount.as_deref(), context),
                PaymentChange::Expiration(to) => change::move_expiration(state, *to, context),
            })
            .await;
        match decided {
            Ok(Decided::Done { body, .. }) => {
                if *change == PaymentChange::Cancel {
                    self.count(caller, Count::Cancellation);
                }
                Ok(Written { body, replayed: false })
            }
            Ok(Decided::KeyTaken(record)) => self.replay(caller, &record).await,
            Ok(Decided::Overdrawn(account)) => Err(overdrawn(account)),
            Err(Failure::Refused(refusal)) => match key {
                Some(key) => self.replay_or(caller, key, refusal).await,
                None => Err(refusal.into()),
            },
            Err(failure) => Err(failure),
        }
    }

    /// `POST /v1/payments/{id}/refunds`: the refund's body.
    ///
    /// # Errors
    /// Refusals with the documented codes; 2031 when the seller's available money is not enough.
    pub async fn refund_payment(
        &self,
        caller: &Caller,
        id: PaymentId,
        key: IdempotencyKey,
        request: &RefundRequest,
    ) -> Result<Written, Failure> {
        let collector = self.collector(caller).await?;
        let refund_id = self.inner.ids.next();
        let idempotency = key.record(caller.account_id, (id, refund_id), self.inner.clock.wall());
        let decided = self
            .decide(caller.account_id, caller.mode, id, Some(idempotency), |state, context| {
                let mut decision = refund::refund(state, request, &collector.name, context)?;
                if let Some(refund) = decision.state.payment.refunds.last_mut() {
                    refund.id = refund_id;
                }
                Ok(decision)
            })
            .await;
        match decided {
            Ok(Decided::Done { state, .. }) => {
                self.count(caller, Count::Refund);
                let refund = state.payment.refunds.last();
                Ok(Written { body: to_json(&refund)?, replayed: false })
            }
            Ok(Decided::KeyTaken(record)) => self.replay(caller, &record).await,
            // The store holds the key against those that were used before it holds the balance against zero.
            Ok(Decided::Overdrawn(_)) => {
                Err(Refusal::bad_request(2031, "Insufficient funds of the collector").into())
            }
            Err(Failure::Refused(refusal)) => self.replay_or(caller, key, refusal).await,
            Err(failure) => Err(failure),
        }
    }

    /// `GET /v1/payments/{id}/refunds`: a bare array.
    ///
    /// # Errors
    /// 404 2000.
    pub async fn refunds(&self, caller: &Caller, id: PaymentId) -> Result<Vec<u8>, Failure> {
        let state = state_of(&self.load(caller.account_id, caller.mode, id).await?)?;
        to_json(&state.payment.refunds)
    }

    /// `GET /v1/payments/{id}/refunds/{refund_id}`.
    ///
    /// # Errors
    /// 404 2000 or 2032.
    pub async fn refund(
        &self,
        caller: &Caller,
        id: PaymentId,
        refund_id: RefundId,
    ) -> Result<Vec<u8>, Failure> {
        let state = state_of(&self.load(caller.account_id, caller.mode, id).await?)?;
        let refund = state.payment.refunds.iter().find(|refund| refund.id == refund_id);
        to_json(refund.ok_or_else(|| Refusal::not_found(2032, "Refund not found"))?)
    }

    /// A payment for its hosted page: anybody who knows the hash from the payment's body.
    ///
    /// # Errors
    /// 404 2000 when the id or the hash is wrong.
    pub async fn payment_for_page(
        &self,
        id: PaymentId,
        hash: &str,
    ) -> Result<(PaymentState, PaymentRecord), Failure> {
        let record = self.inner.store.payment_by_id(id).await?.ok_or_else(not_found)?;
        let state = state_of(&record)?;
        let expected = state.internals.page_hash.as_bytes();
        if !bool::from(expected.ct_eq(hash.as_bytes())) {
            return Err(not_found().into());
        }
        Ok((state, record))
    }

    /// Loads a payment, decides, commits; again when somebody was faster.
    pub(crate) async fn decide(
        &self,
        account_id: AccountId,
        mode: Mode,
        id: PaymentId,
        idempotency: Option<IdempotencyRecord>,
        decide: impl Fn(PaymentState, &mut Context<'_>) -> Result<Decision, Refusal>,
    ) -> Result<Decided, Failure> {
        let now = self.inner.clock.now(account_id, mode);
        self.decide_at(account_id, mode, id, idempotency, now, decide).await
    }

    pub(crate) async fn decide_at(
        &self,
        account_id: AccountId,
        mode: Mode,
        id: PaymentId,
        idempotency: Option<IdempotencyRecord>,
        now: Timestamp,
        decide: impl Fn(PaymentState, &mut Context<'_>) -> Result<Decision, Refusal>,
    ) -> Result<Decided, Failure> {
        for _ in 0..MAX_ROUNDS {
            let mut record = self.load(account_id, mode, id).await?;
            let mut fresh = Fresh(&self.inner.ids);
            let mut context = Context { now, mode, ids: &mut fresh };
            let mut decision = decide(state_of(&record)?, &mut context)?;
            self.recover_debt(&mut decision, 0, &context).await?;
            let body = body_of(&decision.state)?;
            let is_unchanged = decision.action.is_none()
                && decision.postings.is_empty()
                && decision.deadlines.is_empty()
                && body == record.body;
            let mut changes = match (is_unchanged, &idempotency) {
                (true, None) => return Ok(Decided::Done { state: Box::new(decision.state), body }),
                // What changes nothing now is still the key's answer when the payment has gone on.
                (true, Some(_)) => Changes::default(),
                (false, _) => {
                    let read = Read { version: record.version, traces: std::mem::take(&mut record.traces) };
                    let settings =
                        self.notification_settings(decision.state.internals.application_id).await?;
                    let mut changes = self.changes(&decision, &settings, mode, read, body.clone())?;
                    self.tell_order(&decision.state, mode, now, &mut changes).await?;
                    changes
                }
            };
            changes.idempotency.clone_from(&idempotency);
            match self.commit(changes).await {
                Ok(()) => return Ok(Decided::Done { state: Box::new(decision.state), body }),
                Err(CommitError::IdempotencyKeyTaken(record)) => return Ok(Decided::KeyTaken(record)),
                Err(CommitError::VersionConflict) => {}
                // Another payment took the debt first: what is left of it is read again.
                Err(CommitError::Overdrawn(account)) if account.kind == AccountKind::SellerReceivable => {}
                // The store looked at the payment's version first: this is the balance that the decision met.
                Err(CommitError::Overdrawn(account)) => return Ok(Decided::Overdrawn(account)),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Takes what the collector owes the platform from what the decision makes available.
    async fn recover_debt(
        &self,
        decision: &mut Decision,
        taken_minor: i64,
        context: &Context<'_>,
    ) -> Result<(), Failure> {
        if decision.made_available_minor() == 0 {
            return Ok(());
        }
        let payment = &decision.state.payment;
        let debt = LedgerAccount::of(AccountKind::SellerReceivable, payment.collector_id);
        let debt_minor = self.inner.store.balance(context.mode, payment.currency_id, debt).await?;
        decision.recover_debt(debt_minor - taken_minor, context);
        Ok(())
    }

    /// The changes that store a decision. The version 0 inserts.
    pub(crate) fn changes(
        &self,
        decision: &Decision,
        settings: &Settings,
        mode: Mode,
        read: Read,
        body: Vec<u8>,
    ) -> Result<Changes, Failure> {
        let payment = &decision.state.payment;
        let record = PaymentRecord {
            id: payment.id,
            account_id: payment.collector_id,
            mode,
            version: read.version.max(1),
            created: payment.date_created,
            updated: payment.date_last_updated,
            approved: payment.date_approved,
            release: payment.money_release_date,
            status: payment.status.name().to_owned(),
            status_detail: payment.status_detail.clone(),
            payment_method_id: payment.payment_method_id.clone(),
            payment_type_id: payment.payment_type_id.clone(),
            operation_type: payment.operation_type.clone(),
            payer_id: decision.state.internals.payer_id,
            external_reference: payment.external_reference.clone(),
            store_id: payment.store_id.clone(),
            pos_id: payment.pos_id.clone(),
            traces: read.traces,
            body,
            internals: to_json(&decision.state.internals)?,
        };
        let mut changes = Changes::default();
        changes.records.push(if read.version == 0 {
            RecordChange::InsertPayment(record)
        } else {
            RecordChange::UpdatePayment(record)
        });
        changes.postings = decision.postings.iter().map(|posting| (mode, posting.clone())).collect();
        for deadline in &decision.deadlines {
            let timer =
                |kind, due| Timer { account_id: payment.collector_id, mode, kind, subject: payment.id, due };
            match deadline {
                DeadlineChange::Set(deadline, due) => {
                    changes.set_timers.push(timer(kind_of(*deadline), *due))
                }
                DeadlineChange::Clear(deadline) => {
                    changes.clear_timers.push(timer(kind_of(*deadline), payment.date_created));
                }
            }
        }
        if let Some(action) = decision.action {
            let event = Event {
                account_id: payment.collector_id,
                application_id: decision.state.internals.application_id,
                mode,
                topic: PAYMENTS,
                action,
                resource_id: payment.id.to_string(),
                notification_url: payment.notification_url.as_deref(),
                data: None,
                happened: payment.date_last_updated,
            };
            let now_wall = self.inner.clock.wall();
            changes.deliveries =
                deliveries_for(&event, settings.of(mode), &mut Fresh(&self.inner.ids), now_wall);
        }
        Ok(changes)
    }

    /// Commits, and wakes whoever has something to do after it.
    pub(crate) async fn commit(&self, changes: Changes) -> Result<(), CommitError> {
        let deliveries = changes.deliveries.clone();
        let wakes_timers = changes.set_timers.iter().any(|timer| {
            let left_ms = timer.due.0 - self.inner.clock.now(timer.account_id, timer.mode).0;
            u128::try_from(left_ms).unwrap_or(0) < LONGEST_SLEEP.as_millis()
        });
        // Also when the caller leaves, or the answer is lost: the next event of the same payment must find this one known.
        let mut wakes = WakesAfter { engine: self, deliveries, wakes_timers, is_done: false };
        let outcome = self.inner.store.commit(changes).await;
        wakes.is_done = outcome.is_ok();
        outcome
    }

    pub(crate) async fn load(
        &self,
        account_id: AccountId,
        mode: Mode,
        id: PaymentId,
    ) -> Result<PaymentRecord, Failure> {
        Ok(self.inner.store.payment(account_id, mode, id).await?.ok_or_else(not_found)?)
    }

    pub(crate) async fn replay_or(
        &self,
        caller: &Caller,
        key: IdempotencyKey,
        refusal: Refusal,
    ) -> Result<Written, Failure> {
        match self.inner.store.idempotency(caller.account_id, &key.key).await? {
            Some(record) => self.replay(caller, &record).await,
            None => Err(refusal.into()),
        }
    }

    /// What the key made before: the payment as it is now, or the refund.
    async fn replay(&self, caller: &Caller, record: &IdempotencyRecord) -> Result<Written, Failure> {
        let body = match record.part_id {
            0 => self.payment(caller, record.resource_id).await?,
            refund_id => self.refund(caller, record.resource_id, refund_id).await?,
        };
        Ok(Written { body, replayed: true })
    }

    /// The token with its card: the fresh one, or else the one that is stored.
    pub(crate) async fn open_token(
        &self,
        caller: &Caller,
        lookup: &Lookup,
        fresh: Option<FreshToken>,
        now: Timestamp,
    ) -> Result<OpenedToken, Failure> {
        let unknown = || Refusal::bad_request(2006, "Card Token not found");
        let used = || Refusal::bad_request(3003, "Invalid card_token_id");
        let FreshToken { record, token } =
            match fresh.filter(|fresh| fresh.record.account_id == caller.account_id) {
                Some(fresh) => fresh,
                None => {
                    let record = self.inner.store.card_token(caller.account_id, lookup).await?;
                    let record = record.ok_or_else(unknown)?;
                    FreshToken { token: from_stored(&record.body)?, record }
                }
            };
        if record.mode != caller.mode {
            return Err(match caller.mode {
                Mode::Test => Refusal::bad_request(3, "Token must be for test").into(),
                Mode::Live => Failure::from(used()),
            });
        }
        match token.status_at(now) {
            TokenStatus::Active if token.has_card() => {}
            TokenStatus::Active | TokenStatus::Expired => return Err(unknown().into()),
            TokenStatus::Used => return Err(used().into()),
        }
        let (number, owner) = match record.sealed_number.as_deref() {
            Some(sealed) => (self.inner.vault.open_card_number(sealed, &record.lookup)?, None),
            // Made from a saved card, whose number the vault keeps as long as the card is saved.
            None => {
                let saved = token.card_id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(unknown)?;
                let (card, number) = self.saved_number(caller, saved).await?.ok_or_else(unknown)?;
                (number, Some(card.user_id))
            }
        };
        let security_code = match record.sealed_security_code.as_deref() {
            Some(sealed) => Some(self.inner.vault.open_security_code(sealed, &record.lookup)?),
            None => None,
        };
        Ok(OpenedToken { record, token, number, security_code, owner })
    }
}

/// Wakes whoever has something to do after a commit, however that ends.
struct WakesAfter<'a> {
    engine: &'a Engine,
    deliveries: Vec<DeliveryRecord>,
    wakes_timers: bool,
    /// Whether it is known to be done.
    is_done: bool,
}

impl Drop for WakesAfter<'_> {
    fn drop(&mut self) {
        let deliveries = std::mem::take(&mut self.deliveries);
        if deliveries.iter().any(|delivery| delivery.state == DeliveryState::Held) {
            self.engine.inner.listeners_wake.notify_waiters();
        }
        if self.is_done {
            self.engine.inner.delivery_wake.committed(deliveries);
        } else if let Some(earliest) = deliveries.iter().map(|delivery| delivery.next_attempt).min() {
            self.engine.inner.delivery_wake.committed_from(earliest);
        }
        if self.wakes_timers {
            self.engine.inner.timer_wake.notify_one();
        }
    }
}

/// A decided write.
pub(crate) enum Decided {
    /// Committed (or nothing was to be changed).
    Done {
        /// The payment now.
        state: Box<PaymentState>,
        /// Its body.
        body: Vec<u8>,
    },
    /// The idempotency key had made something before.
    KeyTaken(IdempotencyRecord),
    /// Not committed: this account has less than the decision takes from it.
    Overdrawn(LedgerAccount),
}

/// A decision that only gives took from somebody who has nothing: a defect, not the caller's doing.
pub(crate) fn overdrawn(account: LedgerAccount) -> Failure {
    Failure::Internal(format!("{:?} of {} would be overdrawn", account.kind, account.owner))
}

const fn kind_of(deadline: Deadline) -> TimerKind {
    match deadline {
        Deadline::Expiry => TimerKind::Expiry,
        Deadline::Release => TimerKind::Release,
    }
}

/// The token after its one use: nothing secret is left of it, and nobody's name.
pub(crate) fn used(opened: OpenedToken, now: Timestamp) -> Result<RecordChange, Failure> {
    let OpenedToken { mut record, mut token, .. } = opened;
    token.status = TokenStatus::Used;
    token.date_used = Some(now);
    token.date_last_updated = now;
    // The payment, or the saved card, shows the holder; there it can be erased.
    token.cardholder = Cardholder::default();
    token.device_session = None;
    record.body = to_stored(&token)?;
    record.sealed_number = None;
    record.sealed_security_code = None;
    Ok(RecordChange::UpdateCardToken(record))
}

/// 404 2000.
pub(crate) fn not_found() -> Refusal {
    Refusal::not_found(2000, "Payment not found")
}

/// A stored payment, typed.
pub(crate) fn state_of(record: &PaymentRecord) -> Result<PaymentState, Failure> {
    Ok(PaymentState {
        payment: from_json(&record.body, "a payment")?,
        internals: from_json(&record.internals, "a payment's internals")?,
    })
}

fn body_of(state: &PaymentState) -> Result<Vec<u8>, Failure> {
    to_json(&state.payment)
}

pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, Failure> {
    json::to_vec(value).map_err(|error| Failure::Internal(format!("a body can't be written: {error}")))
}

pub(crate) fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, Failure> {
    // The error's position is told, never the content: an internals blob may hold a payer's document.
    serde_json::from_slice(bytes)
        .map_err(|error| Failure::Internal(format!("{what} can't be read at column {}", error.column())))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).expect("half a byte is one digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
