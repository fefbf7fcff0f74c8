//! `POST /v1/payments/{id}/refunds`: giving money back, whole or in part.

use super::body::{Refund, RefundSource, Status};
use super::{Deadline, DeadlineChange, Decision, PaymentState, UPDATED, money};
use crate::context::Context;
use crate::json::{self, Json, Shape, member, unknown_member};
use crate::money::{Amount, Money};
use crate::payment::request::{params_error, wrong_name};
use crate::refusal::Refusal;
use crate::timestamp::DAY;
use serde_json::{Map, Value};

/// A refund that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefundRequest {
    /// The amount's exact text; `None` = what is left.
    pub amount: Option<String>,
    /// Echoed.
    pub metadata: Map<String, Value>,
}

const WITHOUT_AMOUNT: Shape = Shape::Object(&[("amount", Shape::Any), ("metadata", Shape::Any)]);

impl RefundRequest {
    /// Reads the request; an empty body, `null` and `{}` ask for all that is left.
    ///
    /// # Errors
    /// 4041 for an amount that is no number; 8 for an unknown member where there is no amount: it may have been meant to
    /// say how much, and passing it over would give back everything.
    pub fn from_json(body: &Json<'_>) -> Result<RefundRequest, Refusal> {
        if body.is_null() {
            return Ok(RefundRequest::default());
        }
        if !body.is_object() {
            return Err(Refusal::bad_request(1, "Params Error"));
        }
        let amount = match member(body, "amount") {
            None => match unknown_member(body, &WITHOUT_AMOUNT) {
                None => None,
                Some(path) => return Err(wrong_name(&path)),
            },
            Some(Json::Number(number)) => Some(number.to_string()),
            Some(_) => return Err(Refusal::bad_request(4041, "amount attribute must be numeric")),
        };
        let metadata = match member(body, "metadata") {
            None => Map::new(),
            Some(Json::Object(members)) => json::kept(members),
            Some(_) => return Err(params_error("metadata must be an object")),
        };
        Ok(RefundRequest { amount, metadata })
    }
}

/// Refunds a payment; the refund is the last of the decision's `refunds`.
///
/// The seller's part comes out of what this payment holds for the seller, or out of the available balance once it
/// was released; the store refuses to overdraw that, and the caller answers 2031.
///
/// # Errors
/// 2063 unless approved; 2024 after the site's window; 4040, 2017 for the amount.
pub fn refund(
    mut state: PaymentState,
    request: &RefundRequest,
    collector_name: &str,
    context: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    if state.payment.status != Status::Approved {
        return Err(Refusal::bad_request(
            2063,
            "The action requested is not valid for the current payment state",
        ));
    }
    let approved = state.payment.date_approved.unwrap_or(state.payment.date_created);
    if context.now > approved.plus_ms(state.internals.site.refund_days() * DAY) {
        return Err(Refusal::bad_request(2024, "Payment too old to be refunded"));
    }
    let refundable = state.refundable();
    let amount = match &request.amount {
        None => refundable,
        Some(text) => {
            let amount = Money::from_decimal_text(text, state.currency())
                .map_err(|_| Refusal::bad_request(2017, "Invalid refund amount"))?;
            if amount.minor <= 0 {
                return Err(Refusal::bad_request(4040, "Amount attribute must be positive"));
            }
            if amount.minor > refundable.minor {
                return Err(Refusal::bad_request(2017, "Invalid refund amount"));
            }
            amount
        }
    };
    let charged_minor = state.internals.parts.charged_minor();
    let postings = money::refund(&mut state, amount, context);
    // The payer gets back what was charged: with the financing on top, without what was taken off.
    let to_payer = Money::new(charged_minor - state.internals.parts.charged_minor(), amount.currency);
    let is_whole = amount == refundable;
    let refunded = state.payment.transaction_amount_refunded.money(amount.currency).plus(amount);
    let payment = &mut state.payment;
    payment.transaction_amount_refunded = refunded.into();
    payment.refunds.push(Refund {
        id: context.ids.next_id(),
        payment_id: payment.id,
        amount: amount.into(),
        metadata: Value::Object(request.metadata.clone()),
        source: RefundSource {
            id: payment.collector_id.to_string(),
            name: collector_name.to_owned(),
            kind: "collector".to_owned(),
        },
        date_created: context.now,
        unique_sequence_number: None,
        refund_mode: "standard".to_owned(),
        adjustment_amount: Amount::ZERO,
        status: "approved".to_owned(),
        reason: None,
        labels: Vec::new(),
        amount_refunded_to_payer: to_payer.into(),
        additional_data: None,
        expiration_date: None,
        partition_details: Vec::new(),
    });
    let mut deadlines = Vec::new();
    if is_whole {
        state.move_to(Status::Refunded, "refunded", context);
        if !state.internals.released {
            deadlines.push(DeadlineChange::Clear(Deadline::Release));
        }
    } else {
        state.move_to(Status::Approved, "partially_refunded", context);
    }
    Ok(Decision { state, postings, deadlines, action: Some(UPDATED) })
}
