//! A merchant order: what a sale costs, and what its payments have covered of it so far.
//!
//! It is made by the first payment of a preference, or by its seller, and changes with each of its payments, in the same
//! commit. `status` and `order_status` are derived from the payments and from nothing else; once an order was covered it
//! stays closed, whatever is given back.

pub mod request;
pub mod shipment;

use crate::identity::{AccountId, ApplicationId};
use crate::money::{Amount, Currency, Money};
use crate::payment::body::{Payment, Status};
use crate::preference::{Item, Preference};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Payments that one order keeps. The next one of its preference begins a new order; a seller who attaches more payments of
/// its own finds them outside.
pub const MAX_PAYMENTS: usize = 100;
/// A purchase that is split over balance and card adds so many at once.
const MOST_IN_A_PURCHASE: usize = 2;

/// Its first notification.
pub const CREATED: &str = "create";
/// Every later one.
pub const UPDATED: &str = "update";

/// A merchant order as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MerchantOrder {
    /// Its number.
    pub id: i64,
    /// `opened`, `closed` or `expired`.
    pub status: OrderState,
    /// The seller's own number.
    pub external_reference: Option<String>,
    /// The preference that it came from.
    pub preference_id: Option<String>,
    /// Its payments, oldest first.
    pub payments: Vec<OrderPayment>,
    /// How it is sent.
    #[schema(value_type = Vec<Object>)]
    pub shipments: Vec<Value>,
    /// Never filled.
    #[schema(value_type = Vec<Object>)]
    pub payouts: Vec<Value>,
    /// Who sells.
    pub collector: OrderCollector,
    /// `NONE`, or the marketplace's id.
    pub marketplace: String,
    /// Who is told of it.
    pub notification_url: Option<String>,
    /// When it was made.
    pub date_created: Timestamp,
    /// When it changed last.
    pub last_updated: Timestamp,
    /// A partner's account.
    pub sponsor_id: Option<String>,
    /// What sending costs the buyer.
    #[schema(value_type = f64)]
    pub shipping_cost: Amount,
    /// What the items cost.
    #[schema(value_type = f64)]
    pub total_amount: Amount,
    /// The seller's market.
    pub site_id: String,
    /// What was paid and not given back.
    #[schema(value_type = f64)]
    pub paid_amount: Amount,
    /// What was given back.
    #[schema(value_type = f64)]
    pub refunded_amount: Amount,
    /// Who pays.
    pub payer: Option<OrderPayer>,
    /// What is for sale.
    pub items: Vec<Item>,
    /// Whether it was called off.
    pub cancelled: bool,
    /// Free text.
    pub additional_info: Option<String>,
    /// The application that made it.
    pub application_id: Option<String>,
    /// Whether no real money moves.
    pub is_test: bool,
    /// How far its payments cover it.
    pub order_status: OrderStatus,
}

/// Whether the payments cover the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Not yet.
    Opened,
    /// They did, once.
    Closed,
    /// It was called off, or its time is over, without a payment that counts.
    Expired,
}

impl OrderState {
    /// As in `status`.
    pub const fn name(self) -> &'static str {
        match self {
            OrderState::Opened => "opened",
            OrderState::Closed => "closed",
            OrderState::Expired => "expired",
        }
    }
}

/// How far the payments cover the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// None that counts.
    PaymentRequired,
    /// One is undecided or unpaid.
    PaymentInProcess,
    /// Some of it.
    PartiallyPaid,
    /// All of it.
    Paid,
    /// Some payments were given back or charged back.
    PartiallyReverted,
    /// All of them were.
    Reverted,
    /// As `status`.
    Expired,
}

/// A payment in an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderPayment {
    /// The payment.
    pub id: i64,
    /// Its amount.
    #[schema(value_type = f64)]
    pub transaction_amount: Amount,
    /// What the payer was charged.
    #[schema(value_type = f64)]
    pub total_paid_amount: Amount,
    /// Its own part of what sending costs.
    #[schema(value_type = f64)]
    pub shipping_cost: Amount,
    /// Its currency.
    #[schema(value_type = String)]
    pub currency_id: Currency,
    /// Its status.
    #[schema(value_type = String)]
    pub status: Status,
    /// Why.
    pub status_detail: String,
    /// `regular_payment`, …
    pub operation_type: String,
    /// When it was approved.
    pub date_approved: Option<Timestamp>,
    /// When it was made.
    pub date_created: Timestamp,
    /// When it changed last.
    pub last_modified: Timestamp,
    /// What was given back of it.
    #[schema(value_type = f64)]
    pub amount_refunded: Amount,
}

/// Who sells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderCollector {
    /// The account.
    pub id: AccountId,
    /// Never shown.
    pub email: String,
    /// The account's nickname.
    pub nickname: String,
}

/// Who pays. No e-mail: the payments have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderPayer {
    /// The payer.
    pub id: AccountId,
    /// The payer's nickname.
    pub nickname: String,
    /// Never filled.
    pub email: String,
}

/// Who makes an order, and when.
#[derive(Clone, Copy, Debug)]
pub struct Birth<'a> {
    /// Its number.
    pub id: i64,
    /// The seller.
    pub collector_id: AccountId,
    /// The seller's nickname.
    pub nickname: &'a str,
    /// The application.
    pub application_id: ApplicationId,
    /// The seller's market.
    pub site: Site,
    /// Whether no real money moves.
    pub is_test: bool,
    /// The account's time.
    pub now: Timestamp,
}

impl MerchantOrder {
    /// One of nothing.
    pub fn empty(birth: &Birth<'_>) -> MerchantOrder {
        MerchantOrder {
            id: birth.id,
            status: OrderState::Opened,
            external_reference: None,
            preference_id: None,
            payments: Vec::new(),
            shipments: Vec::new(),
            payouts: Vec::new(),
            collector: OrderCollector {
                id: birth.collector_id,
                email: String::new(),
                nickname: birth.nickname.to_owned(),
            },
            marketplace: "NONE".to_owned(),
            notification_url: None,
            date_created: birth.now,
            last_updated: birth.now,
            sponsor_id: None,
            shipping_cost: Amount::ZERO,
            total_amount: Amount::ZERO,
            site_id: birth.site.id().to_owned(),
            paid_amount: Amount::ZERO,
            refunded_amount: Amount::ZERO,
            payer: None,
            items: Vec::new(),
            cancelled: false,
            additional_info: None,
            application_id: Some(birth.application_id.to_string()),
            is_test: birth.is_test,
            order_status: OrderStatus::PaymentRequired,
        }
    }

    /// One of what a preference offers.
    pub fn of_preference(preference: &Preference, birth: &Birth<'_>) -> MerchantOrder {
        let mut order = MerchantOrder::empty(birth);
        order.take_from(preference);
        order
    }

    /// Takes what is for sale, and who is told, from a preference.
    pub fn take_from(&mut self, preference: &Preference) {
        self.preference_id = Some(preference.id.clone());
        self.external_reference = preference.reference().map(str::to_owned);
        self.items.clone_from(&preference.items);
        self.total_amount = preference.items_total().into();
        self.shipping_cost = preference.shipping_cost().into();
        self.notification_url.clone_from(&preference.notification_url);
        self.marketplace.clone_from(&preference.marketplace);
        self.sponsor_id = preference.sponsor_id.map(|id| id.to_string());
        self.additional_info =
            preference.additional_info.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    }

    fn currency(&self) -> Currency {
        // It was written from a site.
        Site::from_id(&self.site_id).unwrap_or(Site::MLB).currency()
    }

    /// Whether payments were made on what it costs: then that does not change any more.
    pub const fn is_settled(&self) -> bool {
        !matches!(self.status, OrderState::Opened) || !self.payments.is_empty()
    }

    /// What its payments are to cover.
    pub fn due(&self) -> Money {
        self.total_amount.money(self.currency()).plus(self.shipping_cost.money(self.currency()))
    }

    /// Whether a new payment of `total` belongs to it: it is about that price, and no payment that is in may still cover it.
    /// A preference is paid by any number of buyers, each of whom gets an order.
    pub fn is_free_for(&self, total: Money) -> bool {
        let has_failed =
            |payment: &OrderPayment| matches!(payment.status, Status::Rejected | Status::Cancelled);
        self.status == OrderState::Opened
            && self.payments.len() + MOST_IN_A_PURCHASE <= MAX_PAYMENTS
            && self.payments.iter().all(has_failed)
            && self.due() == total
    }

    /// Puts a payment in as it is now, or changes the one that is in. Says whether that changed the order; an order that
    /// is full of payments takes no other.
    pub fn take(&mut self, payment: &Payment, payer_id: AccountId, now: Timestamp) -> bool {
        let entry = OrderPayment::of(payment);
        match self.payments.iter().position(|known| known.id == entry.id) {
            Some(at) if self.payments[at] == entry => return false,
            Some(at) => self.payments[at] = entry,
            None if self.payments.len() >= MAX_PAYMENTS => return false,
            None => self.payments.push(entry),
        }
        if self.payer.as_ref().is_none_or(|payer| payer.id == 0) {
            self.payer = Some(OrderPayer { id: payer_id, ..OrderPayer::default() });
        }
        self.last_updated = now;
        self.derive();
        true
    }

    /// The time to pay it is over. Says whether that changed it: an order that is covered stays closed, and one that a
    /// ticket may still pay expires only when that is called off too.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        if self.status != OrderState::Opened || self.cancelled {
            return false;
        }
        self.cancelled = true;
        self.last_updated = now;
        self.derive();
        true
    }

    /// Takes out who pays, but for the id that the payments have, and where it was sent.
    pub fn forget_buyer(&mut self) {
        if let Some(payer) = &mut self.payer {
            payer.nickname.clear();
        }
        self.items.iter_mut().for_each(Item::forget_passenger);
        self.shipments.clear();
    }

    /// What the payments make of the order.
    pub fn derive(&mut self) {
        let currency = self.currency();
        let due_minor = self.due().minor;
        let sum = |of: &dyn Fn(&OrderPayment) -> i64| self.payments.iter().map(of).sum::<i64>();
        let minor = |amount: Amount| amount.money(currency).minor;
        let is = |payment: &OrderPayment, statuses: &[Status]| statuses.contains(&payment.status);
        let approved = sum(&|payment| match payment.status {
            Status::Approved => minor(payment.transaction_amount),
            _ => 0,
        });
        let covered = sum(&|payment| match payment.status {
            Status::Approved | Status::ChargedBack | Status::InMediation => minor(payment.transaction_amount),
            _ => 0,
        });
        let kept = sum(&|payment| match payment.status {
            Status::Approved | Status::InMediation => {
                minor(payment.transaction_amount) - minor(payment.amount_refunded)
            }
            _ => 0,
        });
        let refunded = sum(&|payment| minor(payment.amount_refunded));
        const OPEN: &[Status] = &[Status::Pending, Status::InProcess, Status::Authorized];
        const FAILED: &[Status] = &[Status::Rejected, Status::Cancelled];
        const REVERTED: &[Status] = &[Status::Refunded, Status::ChargedBack];
        let counting: Vec<&OrderPayment> =
            self.payments.iter().filter(|payment| !is(payment, FAILED)).collect();
        let has_open = counting.iter().any(|payment| is(payment, OPEN));
        let reverted = counting.iter().filter(|payment| is(payment, REVERTED)).count();
        let is_covered = due_minor > 0 && approved >= due_minor;
        if self.status != OrderState::Closed {
            self.status = match (is_covered, self.cancelled) {
                (true, _) => OrderState::Closed,
                (false, true) if approved == 0 && !has_open => OrderState::Expired,
                (false, _) => OrderState::Opened,
            };
        }
        self.order_status = if self.status == OrderState::Expired {
            OrderStatus::Expired
        } else if reverted > 0 && reverted == counting.len() {
            OrderStatus::Reverted
        } else if reverted > 0 {
            OrderStatus::PartiallyReverted
        } else if due_minor > 0 && covered >= due_minor {
            OrderStatus::Paid
        } else if covered > 0 {
            OrderStatus::PartiallyPaid
        } else if has_open {
            OrderStatus::PaymentInProcess
        } else {
            OrderStatus::PaymentRequired
        };
        self.paid_amount = Money::new(kept, currency).into();
        self.refunded_amount = Money::new(refunded, currency).into();
    }
}

impl OrderPayment {
    /// What an order keeps of a payment.
    pub fn of(payment: &Payment) -> OrderPayment {
        OrderPayment {
            id: payment.id,
            transaction_amount: payment.transaction_amount,
            total_paid_amount: payment.transaction_details.total_paid_amount,
            shipping_cost: payment.shipping_amount,
            currency_id: payment.currency_id,
            status: payment.status,
            status_detail: payment.status_detail.clone(),
            operation_type: payment.operation_type.clone(),
            date_approved: payment.date_approved,
            date_created: payment.date_created,
            last_modified: payment.date_last_updated,
            amount_refunded: payment.transaction_amount_refunded,
        }
    }
}

/// The merchant order that a payment says it belongs to.
pub fn order_of(payment: &Payment) -> Option<i64> {
    let id = payment.order.get("id")?;
    id.as_str().map_or_else(|| id.as_i64(), |text| text.parse().ok())
}

/// 404 for an order that is nobody's, or somebody else's.
pub fn not_found() -> Refusal {
    Refusal::plain(404, "Merchant order not found")
}

#[cfg(test)]
mod tests;
