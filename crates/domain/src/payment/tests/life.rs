//! One payment's life, with its books and timers; every step is held against what must always be true.

use super::{Answer, BUYER, Counter, INTEGRATOR, SELLER, START, bin_of, context, method, pay, request};
use crate::context::Context;
use crate::ledger::{AccountKind, LedgerAccount, Posting};
use crate::money::Money;
use crate::payment::body::{Payment, Status};
use crate::payment::{
    Deadline, DeadlineChange, Decision, Internals, Parts, PaymentState, Standing, is_legal, lifecycle,
};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::timestamp::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// A payment, and everything around it that its decisions change.
pub(super) struct Life {
    pub(super) now: Timestamp,
    pub(super) ids: Counter,
    pub(super) state: PaymentState,
    pub(super) books: Books,
    /// Who was told what.
    pub(super) told: Vec<&'static str>,
    timers: Vec<(Timestamp, Deadline)>,
}

/// Balances, debit positive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Books(BTreeMap<LedgerAccount, i64>);

impl Books {
    /// What the platform owes `owner` (or has earned), in minor units.
    pub(super) fn credit(&self, kind: AccountKind, owner: i64) -> i64 {
        -self.debit(kind, owner)
    }

    /// What `owner` owes the platform (or others do), in minor units.
    pub(super) fn debit(&self, kind: AccountKind, owner: i64) -> i64 {
        self.0.get(&LedgerAccount::of(kind, owner)).copied().unwrap_or(0)
    }

    /// Posts all of `postings`, or nothing and says who would be overdrawn.
    pub(super) fn post(&mut self, postings: &[Posting]) -> Result<(), LedgerAccount> {
        let mut after = self.clone();
        for posting in postings {
            assert!(posting.is_balanced(), "{posting:?}");
            for leg in &posting.legs {
                *after.0.entry(leg.account).or_default() += leg.amount_minor;
            }
        }
        if let Some((account, _)) = after.0.iter().find(|(account, minor)| !account.kind.allows(**minor)) {
            return Err(*account);
        }
        *self = after;
        Ok(())
    }
}

impl Life {
    /// A payment of `minor` units with the method, made as asked for.
    pub(super) fn of(site: Site, method_id: &str, minor: i64) -> Life {
        Life::begin(site, method_id, minor, None, |_| ()).unwrap()
    }

    /// As [`Life::of`], with another answer of the rail, and a request that was changed before it was sent.
    pub(super) fn begin(
        site: Site,
        method_id: &str,
        minor: i64,
        answer: Option<Answer>,
        change: impl FnOnce(&mut Value),
    ) -> Result<Life, Refusal> {
        let method = method(site, method_id);
        let mut body = request(site, method, minor);
        change(&mut body);
        let bin = method.payment_type.is_card().then(|| bin_of(site, method).unwrap());
        let answer = answer.unwrap_or_else(|| Answer::yes(method));
        let mut ids = Counter(500_000_000_000);
        let decision = pay(site, &body, bin.as_deref(), answer, &mut context(START, &mut ids))?;
        let mut books = Books::default();
        if method_id == "account_money" {
            books.0.insert(LedgerAccount::of(AccountKind::BuyerWallet, BUYER), -2 * minor);
            books.0.insert(LedgerAccount::platform(AccountKind::Equity), 2 * minor);
        }
        let state = decision.state.clone();
        let mut life = Life { now: START, ids, state, books, told: Vec::new(), timers: Vec::new() };
        life.take(decision).unwrap();
        Ok(life)
    }

    /// Something happens to the payment: all of it or, where it is refused or somebody would be overdrawn, nothing.
    pub(super) fn happens(
        &mut self,
        decide: impl FnOnce(PaymentState, &mut Context<'_>) -> Result<Decision, Refusal>,
    ) -> Result<(), Refusal> {
        let mut context = context(self.now, &mut self.ids);
        let mut decision = decide(self.state.clone(), &mut context)?;
        decision.recover_debt(self.books.debit(AccountKind::SellerReceivable, SELLER), &context);
        assert!(
            decision.state.payment.status == self.state.payment.status
                || is_legal(self.state.payment.status, decision.state.payment.status)
        );
        self.take(decision)
    }

    fn take(&mut self, decision: Decision) -> Result<(), Refusal> {
        self.books
            .post(&decision.postings)
            .map_err(|account| Refusal::bad_request(2031, format!("{account:?}")))?;
        if decision.action.is_some() {
            assert_eq!(decision.state.payment.date_last_updated, self.now);
        }
        self.told.extend(decision.action);
        for change in &decision.deadlines {
            let (DeadlineChange::Set(deadline, _) | DeadlineChange::Clear(deadline)) = change;
            self.timers.retain(|(_, set)| set != deadline);
            if let DeadlineChange::Set(deadline, at) = change {
                self.timers.push((*at, *deadline));
            }
        }
        self.state = decision.state;
        self.check();
        Ok(())
    }

    /// Time passes; what falls due is done on the way, in order.
    pub(super) fn passes(&mut self, ms: i64) {
        let target = self.now.plus_ms(ms);
        while let Some((at, deadline)) =
            self.timers.iter().min_by_key(|(at, _)| *at).copied().filter(|(at, _)| *at <= target)
        {
            self.now = self.now.max(at);
            self.happens(|state, context| {
                Ok(match deadline {
                    Deadline::Expiry => lifecycle::expire_when_due(state, context),
                    Deadline::Release => lifecycle::release(state, context),
                })
            })
            .unwrap();
            assert!(!self.timers.contains(&(at, deadline)), "a timer that was done is gone");
        }
        self.now = target;
    }

    /// The owner takes all available money away.
    pub(super) fn withdraws(&mut self, kind: AccountKind, owner: i64) {
        let available = self.books.credit(kind, owner);
        let payout = LedgerAccount::of(AccountKind::PayoutInTransit, owner);
        *self.books.0.entry(payout).or_default() -= available;
        *self.books.0.entry(LedgerAccount::of(kind, owner)).or_default() += available;
    }

    pub(super) fn standing(&self) -> Standing {
        Standing {
            available_minor: self.books.credit(AccountKind::SellerAvailable, SELLER),
            marketplace_available_minor: self.books.credit(AccountKind::MarketplaceAvailable, INTEGRATOR),
        }
    }

    pub(super) fn status(&self) -> (Status, &str) {
        (self.state.payment.status, &self.state.payment.status_detail)
    }

    pub(super) fn timer(&self, deadline: Deadline) -> Option<Timestamp> {
        self.timers.iter().find(|(_, set)| *set == deadline).map(|(at, _)| *at)
    }

    pub(super) fn text(&self, amount: crate::money::Amount) -> String {
        amount.money(self.state.currency()).to_fixed_text()
    }

    /// What must be true of every payment at every moment.
    fn check(&self) {
        self.check_figures();
        self.check_parts();
        self.check_timers();
        self.check_shape();
    }

    fn check_figures(&self) {
        let (payment, currency) = (&self.state.payment, self.state.currency());
        let money = |amount: crate::money::Amount| amount.money(currency);
        let sum = |amounts: &mut dyn Iterator<Item = Money>| amounts.fold(Money::zero(currency), Money::plus);
        let refunded = sum(&mut payment.refunds.iter().map(|refund| money(refund.amount)));
        assert_eq!(money(payment.transaction_amount_refunded), refunded);
        assert!(refunded <= self.state.amount());
        assert!(payment.refunds.iter().all(|refund| money(refund.amount).minor > 0));
        assert_eq!(payment.status == Status::Refunded, refunded == self.state.amount());

        let details = &payment.transaction_details;
        let by = |payer: &str| {
            let fees = payment.fee_details.iter().filter(|fee| fee.fee_payer == payer);
            sum(&mut fees.map(|fee| money(fee.amount)))
        };
        if payment.date_approved.is_some() {
            assert_eq!(money(details.net_received_amount).plus(by("collector")), self.state.amount());
            let charged = self.state.amount().minus(money(payment.coupon_amount));
            assert_eq!(charged.plus(by("payer")), money(details.total_paid_amount));
        } else {
            assert!(payment.fee_details.is_empty() && payment.charges_details.is_empty());
            assert!(money(details.net_received_amount).is_zero() && refunded.is_zero());
            assert!(payment.money_release_date.is_none() && payment.money_release_status.is_none());
        }
        assert_eq!(payment.fee_details.len(), payment.charges_details.len());
        for (fee, charge) in payment.fee_details.iter().zip(&payment.charges_details) {
            assert_eq!((fee.amount, &fee.kind), (charge.amounts.original, &charge.name));
            let given = money(charge.amounts.refunded).minor;
            assert!((0..=money(fee.amount).minor).contains(&given));
            assert!(payment.status != Status::Refunded || charge.amounts.refunded == fee.amount);
        }
    }

    /// The books say what the parts say: of one payment alone, so each account is known to the last cent.
    fn check_parts(&self) {
        use AccountKind::*;
        let (payment, parts, books) = (&self.state.payment, &self.state.internals.parts, &self.books);
        let each = [
            parts.seller_minor,
            parts.fee_minor,
            parts.vat_minor,
            parts.marketplace_minor,
            parts.financing_minor,
            parts.seller_financing_minor,
            parts.seller_financing_vat_minor,
            parts.discount_minor,
        ];
        assert!(each.iter().all(|minor| *minor >= 0));
        let holds_money = match payment.status {
            Status::Approved => true,
            Status::ChargedBack => payment.status_detail != "settled",
            _ => false,
        };
        if holds_money {
            assert_eq!(parts.remaining_minor(), self.state.refundable().minor);
        } else {
            assert_eq!(*parts, Parts::default(), "{:?}", self.status());
        }
        let seller = [SellerPending, SellerAvailable, SellerDisputed, SellerReceivable, PayoutInTransit];
        let marketplace = [MarketplacePending, MarketplaceAvailable, SellerReceivable, PayoutInTransit];
        let of =
            |kinds: &[AccountKind], owner| kinds.iter().map(|kind| books.credit(*kind, owner)).sum::<i64>();
        assert_eq!(of(&seller, SELLER), parts.seller_minor);
        assert_eq!(of(&marketplace, INTEGRATOR), parts.marketplace_minor);
        assert_eq!(books.credit(FeeIncome, 0), parts.fee_minor);
        assert_eq!(books.credit(TaxPayable, 0), parts.tax_minor());
        assert_eq!(books.credit(FinancingIncome, 0), parts.financing_income_minor());
        assert_eq!(books.credit(RefundClearing, 0), 0);
        let disputed = if payment.status_detail == "in_process" && payment.status == Status::ChargedBack {
            parts.seller_minor
        } else {
            0
        };
        assert_eq!(books.credit(SellerDisputed, SELLER), disputed);
        assert_eq!(
            books.debit(ChargebackReceivable, 0) != 0,
            payment.status_detail == "in_process" && holds_money && payment.status == Status::ChargedBack
        );
        assert_eq!(books.0.values().sum::<i64>(), 0);
    }

    /// Who waits has a timer that ends it, whose money waits has one that releases it, and nobody else has any.
    fn check_timers(&self) {
        let (payment, internals) = (&self.state.payment, &self.state.internals);
        let waits = matches!(payment.status, Status::Pending | Status::InProcess | Status::Authorized);
        assert_eq!(self.timer(Deadline::Expiry), internals.expires);
        assert_eq!(internals.expires.is_some(), waits);
        if waits && payment.date_of_expiration.is_some() {
            assert_eq!(payment.date_of_expiration, internals.expires);
        }
        let is_held = payment.status == Status::Approved && !internals.released;
        assert_eq!(self.timer(Deadline::Release), payment.money_release_date.filter(|_| is_held));
        assert!(internals.challenge_passes.is_none() || payment.status_detail == "pending_challenge");
    }

    fn check_shape(&self) {
        let PaymentState { payment, internals } = &self.state;
        let body = serde_json::to_vec(payment).unwrap();
        assert_eq!(&serde_json::from_slice::<Box<Payment>>(&body).unwrap(), payment);
        assert_eq!(serde_json::to_vec(&serde_json::from_slice::<Payment>(&body).unwrap()).unwrap(), body);
        let hidden = serde_json::to_vec(internals).unwrap();
        assert_eq!(&serde_json::from_slice::<Box<Internals>>(&hidden).unwrap(), internals);
        // A payer who was forgotten is not shown in any state.
        let is_known = internals.payer.email.is_some();
        assert_eq!(payment.payer.email.is_some(), is_known && payment.status.shows_payer());
        let is_reserve = payment.status == Status::Authorized;
        assert!(!is_reserve || !payment.captured);
        let known = crate::status_detail::known(payment.status.name(), &payment.status_detail);
        assert!(known, "{:?}", self.status());
    }
}
