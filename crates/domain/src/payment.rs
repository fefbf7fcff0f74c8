//! What a payment is and what can happen to it.
//!
//! ```text
//!             ┌──────────── pay / approve ───────────┐
//!  pending ───┤                                      ▼         refund (whole)
//!  in_process ┼── reserve ──► authorized ─capture─► approved ───────────────► refunded
//!             │                   │                  │  ▲ │
//!             ├─ reject ─► rejected│                  │  │ └─ refund (part) ─► approved / partially_refunded
//!             └─ cancel, expire ──┴─► cancelled      ▼  │ won
//!                                              charged_back ─ lost ─► charged_back / settled
//! ```
//!
//! Each arrow is a function that takes the stored payment and a [`Context`] and returns a [`Decision`] or a
//! [`Refusal`]: [`create`], [`change`], [`refund`] and [`lifecycle`]. Nothing else changes a payment. How money moves
//! with each arrow is in [`money`](self::money).

pub mod body;
pub mod change;
pub mod create;
pub mod erasure;
pub mod glance;
pub mod lifecycle;
pub mod money;
pub mod refund;
pub mod request;
pub mod traces;

use crate::catalogue::fees::FeeTerms;
use crate::catalogue::installments::{InstallmentPlan, PlanTerms};
use crate::context::Context;
use crate::identity::{AccountId, ApplicationId};
use crate::ledger::{AccountKind, LedgerAccount, Posting};
use crate::money::{Currency, Money};
use crate::quality::marks::Marks;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::timestamp::Timestamp;
use body::{Payer, Payment, Status};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// `build_version` of every payment.
pub const BUILD_VERSION: &str = "3.1.0";

/// A payment with what the API does not show of it: in boxes, because it is handed on from step to step and has 3.7 kB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentState {
    /// As the API shows it.
    pub payment: Box<Payment>,
    /// The rest.
    pub internals: Box<Internals>,
}

/// What the platform knows of a payment and does not show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Internals {
    /// The collector's site.
    pub site: Site,
    /// The application that made it.
    pub application_id: ApplicationId,
    /// Who gets the `application_fee`: the owner of the application.
    pub marketplace_owner: AccountId,
    /// The payer's numeric id.
    pub payer_id: AccountId,
    /// The payer in full; the body shows it only once the sale is real.
    pub payer: Payer,
    /// Which rail it is on.
    pub rail: Rail,
    /// What each party gets and gave back.
    pub parts: Parts,
    /// Whether the seller's part was released.
    pub released: bool,
    /// Days from approval to release.
    pub release_days: i64,
    /// The fee's terms when it was made; `None` for payments of the first version, which had the compiled-in ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<KeptFee>,
    /// The version of the catalogue by whose terms it was made.
    #[serde(default)]
    pub catalogue_version: i64,
    /// What the card was asked for at first, in minor units of `transaction_amount` (a capture may take less).
    pub reserved_minor: i64,
    /// The financing rate that the plan was shown with, in per cent of the amount.
    pub installment_rate: Decimal,
    /// The campaign that it was made under, if that changed its price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<KeptPromotion>,
    /// The word in the hosted page's address that only those who got the payment's body know.
    pub page_hash: String,
    /// Keyed fingerprint of the card, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_fingerprint: Option<String>,
    /// The session of the device that paid, as the page told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_session: Option<String>,
    /// What the request said that the payment does not show, for the measurement of the integration's quality.
    #[serde(default, skip_serializing_if = "Marks::are_unknown")]
    pub marks: Marks,
    /// The integrator's `application_fee`, in minor units: taken, and shown, once the money is there.
    #[serde(default)]
    pub application_fee_minor: i64,
    /// Until when it waits for the buyer, a review, a challenge or a capture, while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// While a 3-D Secure challenge is open: whether completing it will pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge_passes: Option<bool>,
    /// An expired ticket was paid all the same; the money went to the payer's wallet.
    #[serde(default)]
    pub paid_late: bool,
}

/// The terms of a payment's fee, as they were when it was made: what is captured or paid later costs what was agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFee {
    /// Per cent of the sale.
    pub percent: Decimal,
    /// A fixed part on top, in minor units.
    pub fixed_minor: i64,
    /// VAT on both, in per cent.
    pub vat_percent: Decimal,
}

impl KeptFee {
    /// What is to be remembered of `terms`, beside the days until the release.
    pub fn of(terms: &FeeTerms) -> KeptFee {
        KeptFee { percent: terms.percent, fixed_minor: terms.fixed.minor, vat_percent: terms.vat_percent }
    }

    /// The terms again.
    pub fn terms(&self, release_days: i64, currency: Currency) -> FeeTerms {
        FeeTerms {
            percent: self.percent,
            fixed: Money::new(self.fixed_minor, currency),
            vat_percent: self.vat_percent,
            release_days,
        }
    }
}

/// What a campaign changed of a payment's price, as it was when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPromotion {
    /// The campaign's id.
    pub id: String,
    /// Off the price at the seller's expense, in per cent.
    #[serde(default)]
    pub discount_percent: Decimal,
    /// No more off than this, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_at_most_minor: Option<i64>,
    /// What the seller pays for instalments without interest, in per cent of the price, VAT contained.
    #[serde(default)]
    pub seller_percent: Decimal,
    /// The VAT in it, in per cent; payments of earlier versions booked none.
    #[serde(default)]
    pub seller_vat_percent: Decimal,
}

impl KeptPromotion {
    /// What is to be remembered of `plan`.
    pub fn of(plan: &InstallmentPlan) -> Option<KeptPromotion> {
        Some(KeptPromotion {
            id: plan.promotion_id.clone()?,
            discount_percent: plan.terms.discount_percent,
            discount_at_most_minor: plan.terms.discount_at_most_minor,
            seller_percent: plan.terms.seller_percent,
            seller_vat_percent: plan.terms.seller_vat_percent,
        })
    }
}

impl Internals {
    /// The terms of the plan that it was made with: a capture of a part is priced by them too.
    pub fn plan_terms(&self) -> PlanTerms {
        let promotion = self.promotion.as_ref();
        PlanTerms {
            rate_percent: self.installment_rate,
            discount_percent: promotion.map(|kept| kept.discount_percent).unwrap_or_default(),
            discount_at_most_minor: promotion.and_then(|kept| kept.discount_at_most_minor),
            seller_percent: promotion.map(|kept| kept.seller_percent).unwrap_or_default(),
            seller_vat_percent: promotion.map(|kept| kept.seller_vat_percent).unwrap_or_default(),
        }
    }
}

/// Where the money comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rail {
    /// A card, through an acquirer.
    Card,
    /// Pix.
    Pix,
    /// A ticket, a cash network, or another transfer scheme.
    CashNetwork,
    /// The payer's balance.
    Wallet,
}

/// What each party got of the captured amount (minor units), less what was given back. While nothing is captured
/// all are zero. All but `financing` together are always the amount not refunded yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// The collector's net.
    pub seller_minor: i64,
    /// The platform's fee without VAT.
    pub fee_minor: i64,
    /// VAT on the fee.
    pub vat_minor: i64,
    /// The integrator's `application_fee`.
    pub marketplace_minor: i64,
    /// The financing that the payer was charged on top.
    pub financing_minor: i64,
    /// The financing that the seller pays for instalments without interest, without VAT.
    #[serde(default)]
    pub seller_financing_minor: i64,
    /// VAT on it.
    #[serde(default)]
    pub seller_financing_vat_minor: i64,
    /// What the seller took off the price: part of the amount, and never charged.
    #[serde(default)]
    pub discount_minor: i64,
}

impl Parts {
    /// What of the payment's amount is not given back.
    pub const fn remaining_minor(&self) -> i64 {
        self.seller_minor
            + self.fee_minor
            + self.vat_minor
            + self.marketplace_minor
            + self.seller_financing_minor
            + self.seller_financing_vat_minor
            + self.discount_minor
    }

    /// What of the payer's money is not given back: the amount without what was taken off, and the financing on top.
    pub const fn charged_minor(&self) -> i64 {
        self.remaining_minor() - self.discount_minor + self.financing_minor
    }

    /// What the platform owes the state: VAT on its fee and on what the seller pays for instalments.
    pub const fn tax_minor(&self) -> i64 {
        self.vat_minor + self.seller_financing_vat_minor
    }

    /// What the seller pays for instalments without interest, as `fee_details` shows it.
    pub const fn seller_financing_fee_minor(&self) -> i64 {
        self.seller_financing_minor + self.seller_financing_vat_minor
    }

    /// What the platform earns by financing, whoever pays it.
    pub const fn financing_income_minor(&self) -> i64 {
        self.financing_minor + self.seller_financing_minor
    }
}

/// What a decision changes.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The payment as it is now.
    pub state: PaymentState,
    /// Money that moved.
    pub postings: Vec<Posting>,
    /// Deadlines that were set or are void now.
    pub deadlines: Vec<DeadlineChange>,
    /// Who is to be told what: `payment.created` or `payment.updated`, or nobody.
    pub action: Option<&'static str>,
}

/// Something that must happen to a payment at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// Unpaid, uncaptured or unchallenged: it expires.
    Expiry,
    /// The seller's money is released.
    Release,
}

/// A deadline that is set, or no longer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadlineChange {
    /// It will happen then.
    Set(Deadline, Timestamp),
    /// It will not happen.
    Clear(Deadline),
}

/// The first notification of a payment.
pub const CREATED: &str = "payment.created";
/// Every later one.
pub const UPDATED: &str = "payment.updated";

impl PaymentState {
    /// The payment's currency.
    pub fn currency(&self) -> Currency {
        self.payment.currency_id
    }

    /// `transaction_amount`.
    pub fn amount(&self) -> Money {
        self.payment.transaction_amount.money(self.currency())
    }

    /// What can still be refunded.
    pub fn refundable(&self) -> Money {
        self.amount().minus(self.payment.transaction_amount_refunded.money(self.currency()))
    }

    /// A decision that leaves the payment as it is.
    pub fn unchanged(self) -> Decision {
        Decision { state: self, postings: Vec::new(), deadlines: Vec::new(), action: None }
    }

    /// A decision that leaves the payment as it is and removes a deadline that means nothing to it any more.
    fn without(self, deadline: Deadline) -> Decision {
        Decision { deadlines: vec![DeadlineChange::Clear(deadline)], ..self.unchanged() }
    }

    /// It waits until `at`, and expires then.
    fn wait_until(&mut self, at: Timestamp) -> DeadlineChange {
        self.internals.expires = Some(at);
        DeadlineChange::Set(Deadline::Expiry, at)
    }

    /// It waits for nobody any more.
    fn wait_no_more(&mut self) -> DeadlineChange {
        self.internals.expires = None;
        self.internals.challenge_passes = None;
        DeadlineChange::Clear(Deadline::Expiry)
    }

    /// Moves to `status`, and shows or hides the payer accordingly.
    fn move_to(&mut self, status: Status, detail: &str, context: &Context<'_>) {
        assert!(
            is_legal(self.payment.status, status),
            "a payment never moves from {:?} to {status:?}",
            self.payment.status
        );
        self.payment.status = status;
        detail.clone_into(&mut self.payment.status_detail);
        self.payment.date_last_updated = context.now;
        self.payment.payer = shown_payer(&self.internals.payer, status);
    }
}

impl Decision {
    /// What becomes withdrawable for the collector, in minor units: a debt of the collector's is taken from it.
    pub fn made_available_minor(&self) -> i64 {
        let available = LedgerAccount::of(AccountKind::SellerAvailable, self.state.payment.collector_id);
        let legs = self.postings.iter().flat_map(|posting| &posting.legs);
        let debited: i64 = legs.filter(|leg| leg.account == available).map(|leg| leg.amount_minor).sum();
        (-debited).max(0)
    }

    /// Takes the collector's debt of `debt_minor`, as far as it goes, from what this decision makes available.
    pub fn recover_debt(&mut self, debt_minor: i64, context: &Context<'_>) {
        let recovered_minor = debt_minor.clamp(0, self.made_available_minor());
        self.postings.extend(money::recovered_debt(&self.state, recovered_minor, context));
    }
}

/// What the ledger says of those whom a dispute concerns, in minor units, when the dispute moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The collector's available money.
    pub available_minor: i64,
    /// The marketplace owner's available money.
    pub marketplace_available_minor: i64,
}

/// The payer as the body shows it in `status`.
fn shown_payer(payer: &Payer, status: Status) -> Payer {
    if status.shows_payer() {
        return payer.clone();
    }
    Payer {
        id: payer.id.clone(),
        kind: payer.kind.clone(),
        entity_type: payer.entity_type.clone(),
        ..Payer::default()
    }
}

/// Whether the state machine has this arrow (or stays where it is).
pub const fn is_legal(from: Status, to: Status) -> bool {
    use Status::{
        Approved, Authorized, Cancelled, ChargedBack, InMediation, InProcess, Pending, Refunded, Rejected,
    };
    match from {
        Pending => matches!(to, Pending | InProcess | Approved | Authorized | Rejected | Cancelled),
        InProcess => matches!(to, InProcess | Pending | Approved | Authorized | Rejected | Cancelled),
        Authorized => matches!(to, Authorized | Approved | Cancelled),
        Approved => matches!(to, Approved | Refunded | InMediation | ChargedBack),
        InMediation => matches!(to, InMediation | Approved | Refunded | ChargedBack),
        ChargedBack => matches!(to, ChargedBack | Approved),
        Rejected | Cancelled | Refunded => false,
    }
}

/// 2018: not from here.
pub fn wrong_state() -> Refusal {
    Refusal::bad_request(2018, "The action requested is not valid for the current payment state")
}

#[cfg(test)]
mod tests;
