//! What clients were told, and what must therefore be true.

use crate::house::{House, credit};
use crate::request::{Outcome, Request};
use pasarela_domain::identity::{Caller, Mode};
use pasarela_domain::ledger::AccountKind;
use pasarela_domain::payment::body::{Payment, Refund, Status};
use pasarela_domain::timestamp::{DAY, Timestamp};
use pasarela_engine::seeds::{SeedBuyer, SeedSeller};
use pasarela_store::{PaymentSearch, Store, TimerKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A time after all others.
const NEVER: Timestamp = Timestamp(6_000_000_000_000);

/// One seller and everything that its clients were told.
pub(crate) struct Shadow {
    pub(crate) seller: &'static SeedSeller,
    pub(crate) buyer: &'static SeedBuyer,
    pub(crate) caller: Caller,
    pub(crate) payments: BTreeMap<i64, Known>,
    /// Which payment each idempotency key made, and each card token paid.
    by_key: HashMap<String, i64>,
    by_token: HashMap<String, i64>,
    /// Which refund each key made.
    refunds: HashMap<(i64, String), Vec<u8>>,
    pub(crate) withdrawn_minor: i64,
    /// Since the last look.
    pub(crate) clock_moved: bool,
}

/// A payment that a client was told of.
#[derive(Default)]
pub(crate) struct Known {
    /// What may be stored: the last look's body, and what was acknowledged since.
    bodies: BTreeSet<Vec<u8>>,
    /// A client left before it was told what became of its wish.
    uncertain: bool,
}

impl Known {
    /// Status and detail of one of the bodies that were told last.
    pub(crate) fn last_told(&self) -> (String, String) {
        let body = self.bodies.last().unwrap();
        let payment: Payment = serde_json::from_slice(body).unwrap();
        (payment.status.name().to_owned(), payment.status_detail)
    }
}

impl Shadow {
    pub(crate) fn new(seller: &'static SeedSeller, buyer: &'static SeedBuyer, caller: Caller) -> Shadow {
        Shadow {
            seller,
            buyer,
            caller,
            payments: BTreeMap::new(),
            by_key: HashMap::new(),
            by_token: HashMap::new(),
            refunds: HashMap::new(),
            withdrawn_minor: 0,
            clock_moved: false,
        }
    }

    /// Notes what a client was told.
    pub(crate) fn told(&mut self, request: &Request, outcome: &Outcome) {
        match (request, outcome) {
            (Request::Create { key, token, .. }, Outcome::Acknowledged(body)) => {
                let payment: Payment = serde_json::from_slice(body).unwrap();
                let first = *self.by_key.entry(key.clone()).or_insert(payment.id);
                assert_eq!(first, payment.id, "a key makes one payment");
                if let Some(token) = token {
                    let first = *self.by_token.entry(token.clone()).or_insert(payment.id);
                    assert_eq!(first, payment.id, "a token pays once");
                }
                self.payments.entry(payment.id).or_default().bodies.insert(body.clone());
            }
            (Request::Refund { payment, key, amount }, Outcome::Acknowledged(body)) => {
                let refund: Refund = serde_json::from_slice(body).unwrap();
                assert_eq!(refund.payment_id, *payment);
                let asked = amount.as_deref().is_none_or(|text| text.parse() == Ok(refund.amount.0));
                assert!(asked, "{amount:?} was asked for: {refund:?}");
                let first = self.refunds.entry((*payment, key.clone())).or_insert_with(|| body.clone());
                assert_eq!(first, body, "a key makes one refund, and its answer is always the same");
                // The payment's own new body was not told.
                self.payments.get_mut(payment).unwrap().uncertain = true;
            }
            (Request::Change { payment, .. } | Request::Act { payment, .. }, outcome) => {
                let known = self.payments.get_mut(payment).unwrap();
                match outcome {
                    Outcome::Acknowledged(body) => drop(known.bodies.insert(body.clone())),
                    Outcome::Gone => known.uncertain = true,
                    Outcome::Refused(..) | Outcome::Unavailable => {}
                }
            }
            (Request::Advance { .. }, _) => self.clock_moved = true,
            _ => {}
        }
    }

    /// Holds what is stored against what was told. Nobody asks for anything meanwhile.
    pub(crate) async fn check(&mut self, house: &House, store: &Store) {
        let bodies = self.check_payments(house, store).await;
        self.check_timers(house, store, &bodies).await;
        self.check_balances(store, &bodies).await;
        self.clock_moved = false;
    }

    async fn check_payments(&mut self, house: &House, store: &Store) -> Vec<Payment> {
        let account_id = self.seller.account.id;
        let found = store.search_payments(PaymentSearch::of(account_id, Mode::Test, 10_000)).await.unwrap();
        let mut payments = Vec::new();
        for body in found.bodies {
            let payment: Payment = serde_json::from_slice(&body).unwrap();
            let read = house.engine().payment(&self.caller, payment.id).await.unwrap();
            assert_eq!(read, body, "a payment is read as it is found");
            let known = self.payments.get_mut(&payment.id);
            let known = known.unwrap_or_else(|| panic!("nobody was told of {}", payment.id));
            if !known.uncertain && !self.clock_moved {
                assert!(known.bodies.contains(&body), "not what was acknowledged: {}", payment.id);
            }
            *known = Known { bodies: BTreeSet::from([body]), uncertain: false };
            payments.push(payment);
        }
        assert_eq!(payments.len(), self.payments.len(), "each payment that was acknowledged is there");
        assert_eq!(found.total, payments.len() as u64);
        self.check_refunds(house, &payments).await;
        payments
    }

    async fn check_refunds(&self, house: &House, payments: &[Payment]) {
        let mut told: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        for ((payment, _), body) in &self.refunds {
            let refund: Refund = serde_json::from_slice(body).unwrap();
            let read = house.engine().refund(&self.caller, *payment, refund.id).await.unwrap();
            assert_eq!(&read, body, "a refund is read as it was acknowledged");
            assert!(told.entry(*payment).or_default().insert(refund.id), "each key makes its own refund");
        }
        for payment in payments {
            let stored: BTreeSet<i64> = payment.refunds.iter().map(|refund| refund.id).collect();
            assert_eq!(stored, told.remove(&payment.id).unwrap_or_default(), "of {}", payment.id);
        }
    }

    /// Who waits has one timer, of the right time, in the future; whose money waits too; nobody else has any.
    async fn check_timers(&self, house: &House, store: &Store, payments: &[Payment]) {
        let account_id = self.seller.account.id;
        let now = house.engine().now(account_id, Mode::Test);
        let mut timers = HashMap::new();
        for timer in store.next_timers(account_id, Mode::Test, NEVER, 10_000).await.unwrap() {
            let twice = timers.insert((timer.subject, timer.kind), timer.due);
            assert_eq!(twice, None);
        }
        for payment in payments {
            let expiry = timers.remove(&(payment.id, TimerKind::Expiry));
            let waits = matches!(payment.status, Status::Pending | Status::InProcess | Status::Authorized);
            assert_eq!(expiry.is_some(), waits, "{} {:?}", payment.id, payment.status);
            if let Some(due) = expiry {
                assert!(payment.date_of_expiration.is_none_or(|at| at == due));
                assert!(due > now, "{} should have expired at {due}, it is {now}", payment.id);
                assert!(due <= now.plus_ms(40 * DAY));
            }
            let release = timers.remove(&(payment.id, TimerKind::Release));
            let is_held = payment.status == Status::Approved
                && payment.money_release_status.as_deref() == Some("pending");
            assert_eq!(release, payment.money_release_date.filter(|_| is_held), "{}", payment.id);
            assert!(release.is_none_or(|due| due > now), "{} should have been released", payment.id);
        }
        assert_eq!(timers, HashMap::new(), "timers of nothing");
    }

    /// The books say what the bodies say.
    async fn check_balances(&self, store: &Store, payments: &[Payment]) {
        use AccountKind::*;
        let currency = self.seller.account.site.currency();
        let (mut pending, mut free, mut disputed, mut wallet) = (0, 0, 0, self.buyer.opening_balance_minor);
        for payment in payments {
            let seller = seller_part(payment);
            match (payment.status, payment.status_detail.as_str()) {
                (Status::Approved, _) if payment.money_release_status.as_deref() == Some("pending") => {
                    pending += seller;
                }
                (Status::Approved, _) | (Status::ChargedBack, "reimbursed") => free += seller,
                (Status::ChargedBack, "in_process") => disputed += seller,
                _ => assert!(payment.status != Status::Refunded || seller == 0, "{}", payment.id),
            }
            if payment.payment_method_id == "account_money" && payment.date_approved.is_some() {
                let minor = |amount: pasarela_domain::money::Amount| amount.money(currency).minor;
                wallet -= minor(payment.transaction_amount) - minor(payment.transaction_amount_refunded);
            }
        }
        let of = async |kind| credit(store, currency, kind, self.seller.account.id).await;
        assert_eq!(of(SellerPending).await, pending);
        assert_eq!(of(SellerDisputed).await, disputed);
        // A debt stands on the other side of the same books.
        assert_eq!(of(SellerAvailable).await + of(SellerReceivable).await, free - self.withdrawn_minor);
        assert!(of(SellerAvailable).await == 0 || of(SellerReceivable).await <= 0);
        assert_eq!(credit(store, currency, BuyerWallet, self.buyer.account.id).await, wallet);
        assert_eq!(credit(store, currency, RefundClearing, 0).await, 0);
    }
}

/// What is the seller's of a payment by its body: net of fees, less refunds, plus the fees that came back with them.
fn seller_part(payment: &Payment) -> i64 {
    let minor = |amount: pasarela_domain::money::Amount| amount.money(payment.currency_id).minor;
    let charges = payment.charges_details.iter().filter(|charge| charge.accounts.from == "collector");
    let fees_back: i64 = charges.map(|charge| minor(charge.amounts.refunded)).sum();
    minor(payment.transaction_details.net_received_amount) - minor(payment.transaction_amount_refunded)
        + fees_back
}
