//! `PUT /v1/payments/{id}`: cancel, capture whole or in part, move the expiration.

use super::body::Status;
use super::{Deadline, DeadlineChange, Decision, PaymentState, UPDATED, money, wrong_state};
use crate::catalogue::fees::FeeTerms;
use crate::catalogue::{self, PaymentType, expiry, fees};
use crate::context::Context;
use crate::json::{Json, Shape, member, unknown_member};
use crate::money::Money;
use crate::payment::request::{expiration_date, params_error, wrong_name};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::timestamp::Timestamp;

/// A change that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentChange {
    /// `{"status": "cancelled"}`
    Cancel,
    /// `{"capture": true}`, with `transaction_amount` for a part.
    Capture {
        /// The amount's exact text, if a part is captured.
        amount: Option<String>,
    },
    /// `{"date_of_expiration": …}`
    Expiration(Timestamp),
}

const ALLOWED: Shape = Shape::Object(&[
    ("status", Shape::Any),
    ("capture", Shape::Any),
    ("transaction_amount", Shape::Any),
    ("date_of_expiration", Shape::Any),
    // Sent by an SDK's own sample before a capture; it changes nothing.
    ("metadata", Shape::Any),
]);

/// Each is a change of its own.
const EXCLUSIVE: [&str; 3] = ["status", "capture", "date_of_expiration"];

impl PaymentChange {
    /// Reads the request.
    ///
    /// # Errors
    /// 8 for a member that can't be changed, 2078 and 2079 for `capture`, 4024 for the amount, 23 for the date, 1 for two
    /// changes at once: which of them was meant would be a guess.
    pub fn from_json(body: &Json<'_>) -> Result<PaymentChange, Refusal> {
        if !body.is_object() {
            return Err(Refusal::bad_request(1, "Params Error"));
        }
        if let Some(path) = unknown_member(body, &ALLOWED) {
            return Err(wrong_name(&path));
        }
        let amount = match member(body, "transaction_amount") {
            None => None,
            Some(Json::Number(number)) => Some(number.to_string()),
            Some(_) => {
                return Err(Refusal::bad_request(4024, "Transaction_amount attribute must be numeric"));
            }
        };
        if EXCLUSIVE.iter().filter(|name| member(body, name).is_some()).count() > 1 {
            return Err(params_error(
                "only one of status, capture and date_of_expiration can be changed at once",
            ));
        }
        match member(body, "status") {
            None => {}
            // One SDK's sample spells it the American way.
            Some(Json::String(status)) if matches!(status.as_ref(), "cancelled" | "canceled") => {
                return Ok(PaymentChange::Cancel);
            }
            Some(Json::String(_)) => return Err(wrong_state()),
            Some(_) => return Err(params_error("status must be a string")),
        }
        match member(body, "capture") {
            Some(Json::Bool(true)) => return Ok(PaymentChange::Capture { amount }),
            Some(Json::Bool(false)) => {
                return Err(Refusal::bad_request(2079, "Invalid value for capture attribute"));
            }
            Some(_) => return Err(Refusal::bad_request(2078, "Capture attribute must be boolean")),
            None => {}
        }
        match member(body, "date_of_expiration") {
            Some(value) => Ok(PaymentChange::Expiration(expiration_date(value)?)),
            None => Err(params_error("one of status, capture or date_of_expiration is required")),
        }
    }
}

/// Cancels a payment that took no money yet.
///
/// # Errors
/// 2018 from any other state.
pub fn cancel(mut state: PaymentState, context: &Context<'_>) -> Result<Decision, Refusal> {
    if !matches!(state.payment.status, Status::Pending | Status::InProcess | Status::Authorized) {
        return Err(wrong_state());
    }
    if state.payment.status == Status::Authorized {
        state.payment.captured = false;
    }
    let deadline = state.wait_no_more();
    state.move_to(Status::Cancelled, "by_collector", context);
    Ok(Decision { state, postings: Vec::new(), deadlines: vec![deadline], action: Some(UPDATED) })
}

/// Captures a reserve: all of it, or `amount`, once. On a payment that is captured already it changes nothing, as
/// clients that never sent `capture: false` rely on.
///
/// # Errors
/// 2018 where there is no reserve; 4037 when the amount is not within the reserve, and for a part where the site or brand
/// has no partial capture.
pub fn capture(
    mut state: PaymentState,
    amount: Option<&str>,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    if state.payment.status == Status::Approved && state.payment.captured {
        return Ok(state.unchanged());
    }
    if state.payment.status != Status::Authorized {
        return Err(wrong_state());
    }
    if let Some(text) = amount {
        let amount = Money::from_decimal_text(text, state.currency())
            .map_err(|_| Refusal::bad_request(4037, "Invalid transaction_amount"))?;
        if amount.minor <= 0 || amount.minor > state.internals.reserved_minor {
            return Err(Refusal::bad_request(4037, "Invalid transaction_amount"));
        }
        if amount.minor < state.internals.reserved_minor {
            if !allows_partial_capture(state.internals.site, &state.payment.payment_method_id) {
                return Err(Refusal::bad_request(4037, "Invalid transaction_amount"));
            }
            capture_only(&mut state, amount);
        }
    }
    settle(state, context)
}

/// The reserve turns into a sale: fees, parts, release, figures.
pub(super) fn settle(mut state: PaymentState, context: &Context<'_>) -> Result<Decision, Refusal> {
    let terms = terms(&state)?;
    let credit = money::credit(&mut state, &terms, context);
    state.payment.captured = true;
    let mut deadlines = vec![state.wait_no_more()];
    state.move_to(Status::Approved, "accredited", context);
    if let Some(release) = credit.release {
        deadlines.push(DeadlineChange::Set(Deadline::Release, release));
    }
    Ok(Decision { state, postings: credit.postings, deadlines, action: Some(UPDATED) })
}

/// The terms that the payment was made under, whatever a sale of today costs.
fn terms(state: &PaymentState) -> Result<FeeTerms, Refusal> {
    let internals = &state.internals;
    if let Some(fee) = &internals.fee {
        return Ok(fee.terms(internals.release_days, state.currency()));
    }
    // Made by a version that had the compiled-in terms only, and did not write them down.
    let catalogue = catalogue::of(internals.site);
    let method = catalogue
        .method(&state.payment.payment_method_id)
        .ok_or_else(|| Refusal::bad_request(3011, "Not found payment_method"))?;
    Ok(fees::terms(catalogue, method))
}

/// Moves the expiration of a payment that waits for the buyer.
///
/// # Errors
/// 2018 where nothing waits; 7523 outside what the method allows.
pub fn move_expiration(
    mut state: PaymentState,
    to: Timestamp,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    if state.payment.status != Status::Pending || state.payment.date_of_expiration.is_none() {
        return Err(wrong_state());
    }
    let kind = PaymentType::from_id(&state.payment.payment_type_id).ok_or_else(wrong_state)?;
    check_expiration(state.internals.site, kind, &state.payment.payment_method_id, to, context)?;
    state.payment.date_of_expiration = Some(to);
    state.payment.date_last_updated = context.now;
    let deadline = state.wait_until(to);
    Ok(Decision { state, postings: Vec::new(), deadlines: vec![deadline], action: Some(UPDATED) })
}

/// 7523 when `at` is outside what the method allows from now.
pub(super) fn check_expiration(
    site: Site,
    kind: PaymentType,
    method_id: &str,
    at: Timestamp,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    let allowed = expiry::allowed(site, kind, method_id, context.now)
        .unwrap_or((context.now, context.now.plus_ms(30 * crate::timestamp::DAY)));
    if at < allowed.0 || at > allowed.1 {
        return Err(Refusal::bad_request(7523, "Invalid expiration date"));
    }
    Ok(())
}

fn capture_only(state: &mut PaymentState, amount: Money) {
    let payment = &mut state.payment;
    let price = state.internals.plan_terms().price(amount, payment.installments);
    payment.transaction_amount = amount.into();
    payment.coupon_amount = price.discount.into();
    payment.transaction_details.total_paid_amount = price.total.into();
    payment.transaction_details.installment_amount = price.installment_amount.into();
}

/// MLM captures whole reserves only; in MLA four brands allow a part.
fn allows_partial_capture(site: Site, method_id: &str) -> bool {
    match site {
        Site::MLM => false,
        Site::MLA => matches!(method_id, "visa" | "cabal" | "master" | "amex"),
        _ => true,
    }
}
