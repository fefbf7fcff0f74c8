//! What others do to a payment: the buyer, the bank, the rail, and time.
//!
//! A real rail's answer and the sandbox's buttons go through these same functions.

use super::body::Status;
use super::{
    Deadline, DeadlineChange, Decision, PaymentState, Rail, Standing, UPDATED, change, money, wrong_state,
};
use crate::catalogue::PaymentType;
use crate::context::Context;
use crate::refusal::Refusal;
use crate::status_detail;
use crate::timestamp::DAY;

/// The buyer paid a Pix, a transfer or a ticket. After it expired, the money goes to the payer's wallet and the
/// payment stays cancelled.
///
/// # Errors
/// 2018 when the payment does not wait for the buyer.
pub fn pay(mut state: PaymentState, context: &Context<'_>) -> Result<Decision, Refusal> {
    if !matches!(state.internals.rail, Rail::Pix | Rail::CashNetwork) {
        return Err(wrong_state());
    }
    let payment = &state.payment;
    if payment.status == Status::Cancelled && payment.status_detail == "expired" && !state.internals.paid_late
    {
        let postings = money::late_payment(&state, context);
        state.internals.paid_late = true;
        state.payment.date_last_updated = context.now;
        return Ok(Decision { state, postings, deadlines: Vec::new(), action: Some(UPDATED) });
    }
    if payment.status != Status::Pending {
        return Err(wrong_state());
    }
    if state.internals.rail == Rail::Pix
        && let Some(data) = &mut state.payment.point_of_interaction.transaction_data
    {
        data.e2e_id = Some(end_to_end_id(state.payment.id, context));
    }
    change::settle(state, context)
}

/// What is pending or in process is approved: the issuer or a review decides for a sale, or for the reserve that was
/// asked for; what the buyer pays elsewhere is approved by being paid.
///
/// # Errors
/// 2018 from any other state.
pub fn approve(mut state: PaymentState, context: &Context<'_>) -> Result<Decision, Refusal> {
    if !matches!(state.payment.status, Status::Pending | Status::InProcess) {
        return Err(wrong_state());
    }
    if matches!(state.internals.rail, Rail::Pix | Rail::CashNetwork) {
        return pay(state, context);
    }
    if state.payment.authorization_code.is_none() {
        state.payment.authorization_code = Some(format!("{:06}", state.payment.id % 1_000_000));
    }
    if state.payment.captured {
        return change::settle(state, context);
    }
    let deadline = reserve(&mut state, context);
    Ok(Decision { state, postings: Vec::new(), deadlines: vec![deadline], action: Some(UPDATED) })
}

/// Declines what is not decided, or what the buyer's bank refused, with a known `status_detail`.
///
/// # Errors
/// 2018 from any other state; 1 for a detail that is not one of `rejected`'s.
pub fn reject(
    mut state: PaymentState,
    detail: Option<&str>,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    if !matches!(state.payment.status, Status::Pending | Status::InProcess) {
        return Err(wrong_state());
    }
    let detail = detail.unwrap_or(match state.internals.rail {
        Rail::Card => "cc_rejected_other_reason",
        Rail::Pix | Rail::CashNetwork => "bank_rejected",
        Rail::Wallet => "rejected_other_reason",
    });
    if !status_detail::known("rejected", detail) {
        return Err(super::request::params_error("status_detail is not one of rejected's"));
    }
    let deadline = state.wait_no_more();
    state.payment.captured = true;
    state.move_to(Status::Rejected, detail, context);
    Ok(Decision { state, postings: Vec::new(), deadlines: vec![deadline], action: Some(UPDATED) })
}

/// The holder went through the 3-D Secure challenge.
///
/// # Errors
/// 2018 when no challenge is open.
pub fn complete_challenge(
    state: PaymentState,
    confirmed: bool,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    match state.internals.challenge_passes {
        Some(true) if confirmed => approve(state, context),
        Some(_) => reject(state, Some("cc_rejected_3ds_challenge"), context),
        None => Err(wrong_state()),
    }
}

/// Ends the wait for the buyer, a review, a challenge or a capture at once.
///
/// # Errors
/// 2018 where nothing waits.
pub fn expire(state: PaymentState, context: &Context<'_>) -> Result<Decision, Refusal> {
    if waits(&state) { Ok(expired(state, context)) } else { Err(wrong_state()) }
}

fn expired(mut state: PaymentState, context: &Context<'_>) -> Decision {
    if state.payment.status == Status::Authorized {
        state.payment.captured = false;
    }
    let deadline = state.wait_no_more();
    state.move_to(Status::Cancelled, "expired", context);
    Decision { state, postings: Vec::new(), deadlines: vec![deadline], action: Some(UPDATED) }
}

/// A timer says that time is up. The payment knows better: where it has moved on nothing happens, and where its
/// expiration was moved while the timer was on its way, it waits until then.
pub fn expire_when_due(state: PaymentState, context: &Context<'_>) -> Decision {
    if !waits(&state) {
        return state.without(Deadline::Expiry);
    }
    match state.internals.expires.filter(|expires| *expires > context.now) {
        Some(later) => {
            let deadlines = vec![DeadlineChange::Set(Deadline::Expiry, later)];
            Decision { deadlines, ..state.unchanged() }
        }
        None => expired(state, context),
    }
}

/// Whether it waits for somebody, and expires if nobody comes.
const fn waits(state: &PaymentState) -> bool {
    matches!(state.payment.status, Status::Pending | Status::InProcess | Status::Authorized)
}

/// The seller's money is released. Changes nothing where it was given back, disputed or released already.
///
/// Nobody is notified: the sale did not change (inferred; the API publishes no action for it).
pub fn release(mut state: PaymentState, context: &Context<'_>) -> Decision {
    let is_held = state.payment.status == Status::Approved && !state.internals.released;
    if !is_held {
        return state.without(Deadline::Release);
    }
    let postings = money::release(&mut state, context);
    state.payment.money_release_status = Some("released".to_owned());
    state.payment.date_last_updated = context.now;
    Decision { state, postings, deadlines: vec![DeadlineChange::Clear(Deadline::Release)], action: None }
}

/// The holder's bank takes the money back. What the seller lacks becomes the seller's debt.
///
/// # Errors
/// 2018 unless it is an approved card payment.
pub fn open_chargeback(
    mut state: PaymentState,
    standing: &Standing,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    if state.payment.status != Status::Approved || state.internals.rail != Rail::Card {
        return Err(wrong_state());
    }
    let postings = money::open_chargeback(&state, standing.available_minor, context);
    state.move_to(Status::ChargedBack, "in_process", context);
    Ok(Decision {
        state,
        postings,
        deadlines: vec![DeadlineChange::Clear(Deadline::Release)],
        action: Some(UPDATED),
    })
}

/// The chargeback ends: `won` by the seller, or not; then each party loses its part, the marketplace by a debt as far
/// as its part is spent.
///
/// # Errors
/// 2018 when no chargeback is open.
pub fn close_chargeback(
    mut state: PaymentState,
    won: bool,
    standing: &Standing,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    if state.payment.status != Status::ChargedBack || state.payment.status_detail != "in_process" {
        return Err(wrong_state());
    }
    let postings = if won {
        money::win_chargeback(&mut state, context)
    } else {
        money::lose_chargeback(&mut state, standing.marketplace_available_minor, context)
    };
    if won {
        state.payment.money_release_status = Some("released".to_owned());
    }
    state.move_to(Status::ChargedBack, if won { "reimbursed" } else { "settled" }, context);
    Ok(Decision { state, postings, deadlines: Vec::new(), action: Some(UPDATED) })
}

/// Reserves the amount on the card, for as many days as the site allows.
pub(super) fn reserve(state: &mut PaymentState, context: &Context<'_>) -> DeadlineChange {
    state.payment.captured = false;
    state.internals.challenge_passes = None;
    state.move_to(Status::Authorized, "pending_capture", context);
    state.wait_until(context.now.plus_ms(state.internals.site.reserve_days() * DAY))
}

/// Whether this payment type is paid by the buyer elsewhere.
pub(super) const fn is_paid_elsewhere(kind: PaymentType) -> bool {
    matches!(kind, PaymentType::Ticket | PaymentType::Atm | PaymentType::BankTransfer)
}

/// `E`, the institution's ISPB, the minute in UTC, and 11 characters: 32 in all.
fn end_to_end_id(payment_id: i64, context: &Context<'_>) -> String {
    // 10573521 is the ISPB that the simulated institution uses; a real bank's answer carries its own id.
    let minute = context.now.jiff().strftime("%Y%m%d%H%M");
    format!("E10573521{minute}{:011}", payment_id % 100_000_000_000)
}
