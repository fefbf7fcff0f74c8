//! The simulated acquirer, bank and voucher network behind every payment until a real rail is configured.
//!
//! It is a pure function: what is asked decides what is answered, by the published test cards, names and phones. It has
//! no outside effect, so the engine may commit a payment's intention and its outcome together.

use crate::derivation::Derivation;
use crate::vouchers;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use pasarela_domain::catalogue::outcomes;
use pasarela_domain::identity::{PaymentId, RefundId};
use pasarela_domain::money::Money;
use pasarela_domain::rail::{CardAuthorization, CardOutcome, Charge, Instructions, ThreeDSecure};
use std::fmt;

/// The simulator. It has no state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulator;

/// What only the rail may see of a card. Never stored, never shown: its `Debug` says only what is there.
#[derive(Clone, Copy)]
pub struct CardSecrets<'a> {
    /// The card's number (PAN); for Yape, the phone.
    pub number: Option<&'a str>,
    /// The security code (CVV).
    pub security_code: Option<&'a str>,
}

impl fmt::Debug for CardSecrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardSecrets")
            .field("has_number", &self.number.is_some())
            .field("has_security_code", &self.security_code.is_some())
            .finish()
    }
}

/// What the acquirer answered to a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureOutcome {
    /// The reserved money is charged.
    Captured,
}

/// What the acquirer answered to the cancellation of a reserve or of an unpaid charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The reserve is released; the voucher can't be paid any more.
    Cancelled,
}

/// What the rail answered to a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundOutcome {
    /// The money goes back.
    Approved,
}

impl Simulator {
    /// Answers an authorisation as an acquirer would, in its order: the card's date, what the holder's name asks for, the
    /// security code, 3-D Secure. What passes all of them is approved.
    pub fn authorize(&self, request: &CardAuthorization, card: &CardSecrets<'_>) -> CardOutcome {
        if request.payment_method_id == "yape" {
            return authorize_yape(request, card);
        }
        if is_expired(request) {
            return rejected("cc_rejected_bad_filled_date");
        }
        if let Some(outcome) = outcome_of_name(&request.cardholder_name) {
            return outcome;
        }
        let has_code = card.security_code.is_some_and(|code| !code.is_empty());
        if !has_code && !request.stored_credential && request.demands_security_code {
            return rejected("cc_rejected_bad_filled_security_code");
        }
        match challenge(request.three_d_secure, card) {
            Some(passes) => CardOutcome::Challenge { creq: creq(request.payment_id), passes },
            None => authorized(request.payment_id),
        }
    }

    /// Decides after the holder has completed a challenge that was to end as `passes`.
    pub fn authorize_after_challenge(&self, payment_id: PaymentId, passes: bool) -> CardOutcome {
        if passes { authorized(payment_id) } else { rejected("cc_rejected_3ds_challenge") }
    }

    /// Decides a payment that was answered with [`CardOutcome::InProcess`] and is approved in the end.
    pub fn authorize_after_review(&self, payment_id: PaymentId) -> CardOutcome {
        authorized(payment_id)
    }

    /// The number under which the card's network knows an authorisation: 15 digits, as Visa's.
    pub fn network_transaction_id(&self, payment_id: PaymentId) -> String {
        Derivation::of_payment("network transaction", payment_id).number(15).to_string()
    }

    /// Charges `amount` of a reserve.
    pub fn capture(&self, _payment_id: PaymentId, _amount: Money) -> CaptureOutcome {
        CaptureOutcome::Captured
    }

    /// Releases a reserve, or withdraws a charge that nobody has paid.
    pub fn cancel(&self, _payment_id: PaymentId) -> CancelOutcome {
        CancelOutcome::Cancelled
    }

    /// Gives `amount` of a payment back. `refund_id` is the reference with which a real rail recognises a repeated call.
    pub fn refund(&self, _payment_id: PaymentId, _refund_id: RefundId, _amount: Money) -> RefundOutcome {
        RefundOutcome::Approved
    }

    /// What the buyer of a transfer or a voucher is handed.
    pub fn charge(&self, request: &Charge) -> Instructions {
        vouchers::instructions(request)
    }
}

/// The phone stands where a card's number does; there is no date and no name to judge, and the one-time password was
/// judged when the token was made.
fn authorize_yape(request: &CardAuthorization, card: &CardSecrets<'_>) -> CardOutcome {
    match card.number.and_then(outcomes::for_yape_phone) {
        Some(outcome) if outcome.status == "rejected" => rejected(outcome.status_detail),
        // Phones that are not published approve (inferred).
        _ => authorized(request.payment_id),
    }
}

/// A card is good through the last day of its month, where the collector is.
fn is_expired(request: &CardAuthorization) -> bool {
    let today = request.now.in_zone(request.site.time_zone()).date();
    let this_month = (i32::from(today.year()), i32::from(today.month()));
    let last_month = (i32::from(request.expiration_year), i32::from(request.expiration_month));
    !(1..=12).contains(&request.expiration_month) || last_month < this_month
}

/// What a test name decides at once. Names that approve go on to the security code and to 3-D Secure like any other.
fn outcome_of_name(name: &str) -> Option<CardOutcome> {
    let named = outcomes::for_holder(name)?;
    match named.status {
        "rejected" => Some(rejected(named.status_detail)),
        "in_process" => Some(CardOutcome::InProcess { status_detail: named.status_detail.to_owned() }),
        _ => None,
    }
}

/// Whether the holder is challenged, and passes. When authentication is mandatory, a card without a rule of its own is
/// challenged and passes (inferred).
fn challenge(three_d_secure: ThreeDSecure, card: &CardSecrets<'_>) -> Option<bool> {
    let published = card.number.and_then(outcomes::three_ds);
    match three_d_secure {
        ThreeDSecure::NotSupported => None,
        ThreeDSecure::Optional => published,
        ThreeDSecure::Mandatory => Some(published.unwrap_or(true)),
    }
}

/// The challenge request that the holder's browser takes to the issuer (EMV 3-D Secure 2.1.0, CReq).
fn creq(payment_id: PaymentId) -> String {
    let mut ids = Derivation::of_payment("3ds", payment_id);
    let (server, issuer) = (ids.uuid(), ids.uuid());
    let json = format!(
        "{{\"threeDSServerTransID\":\"{server}\",\"acsTransID\":\"{issuer}\",\"challengeWindowSize\":\"04\",\
         \"messageType\":\"CReq\",\"messageVersion\":\"2.1.0\"}}"
    );
    BASE64_URL_SAFE_NO_PAD.encode(json)
}

fn authorized(payment_id: PaymentId) -> CardOutcome {
    let code = Derivation::of_payment("authorization", payment_id).number(6);
    CardOutcome::Authorized { authorization_code: code.to_string() }
}

fn rejected(status_detail: &str) -> CardOutcome {
    CardOutcome::Rejected { status_detail: status_detail.to_owned() }
}

#[cfg(test)]
#[path = "simulator_tests.rs"]
mod tests;
