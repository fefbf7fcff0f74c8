//! What a missing piece of information costs: how often it was missing in this seller's own refusals.

use super::checks::{self, Check};
use super::evidence::{Evidence, Surroundings};
use crate::payment::PaymentState;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many of a seller's latest payments lacked what a rule asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Effect {
    /// Refused payments that were looked at.
    pub refused: u32,
    /// Of these: without it.
    pub refused_without: u32,
    /// Refused by fraud prevention.
    pub refused_as_risk: u32,
    /// Of these: without it.
    pub refused_as_risk_without: u32,
    /// Approved payments that were looked at.
    pub approved: u32,
    /// Of these: without it.
    pub approved_without: u32,
}

/// Refusals that better data on the buyer prevents.
const RISK: [&str; 2] = ["cc_rejected_blacklist", "cc_rejected_high_risk"];

/// The effect of `check` among `payments`; `None` for a check that looks at more than a payment, and when no payment
/// was refused.
pub fn of(check: Check, payments: &[PaymentState]) -> Option<Effect> {
    if !check.is_of_payment() {
        return None;
    }
    let nothing = Surroundings::default();
    let mut effect = Effect::default();
    // A buyer who was erased would count as one who was never told of.
    for state in payments.iter().filter(|state| state.internals.payer.email.is_some()) {
        let lacks = u32::from(matches!(
            checks::look(check, &Evidence::of(state, None, &nothing)),
            checks::Outcome::Missing { .. }
        ));
        match state.payment.status {
            crate::payment::body::Status::Rejected => {
                effect.refused += 1;
                effect.refused_without += lacks;
                if RISK.contains(&state.payment.status_detail.as_str()) {
                    effect.refused_as_risk += 1;
                    effect.refused_as_risk_without += lacks;
                }
            }
            status if status.shows_payer() => {
                effect.approved += 1;
                effect.approved_without += lacks;
            }
            _ => {}
        }
    }
    (effect.refused > 0).then_some(effect)
}
