//! After a refusal: what this buyer can do about it, the likeliest first.

use super::CheckoutWords;
use crate::pages::PaymentView;

/// A button.
pub(super) struct NextStep {
    pub address: String,
    pub text: &'static str,
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Something was typed wrong: the same card may pay.
    Typing,
    /// The issuer wants to be asked first: the same card may pay afterwards.
    Issuer,
    /// This card won't pay; another one may.
    Card,
    /// Cards won't do, or it was no card.
    Method,
}

/// The ways on from a refused or expired payment. `start` is the checkout's own address.
pub(super) fn next_steps(view: &PaymentView, start: &str, words: &'static CheckoutWords) -> Vec<NextStep> {
    let card = |text| NextStep { address: format!("{start}&method=card"), text };
    let other = NextStep { address: start.to_owned(), text: words.try_again };
    let first = match fault(&view.status_detail, view.card_last_four.is_some()) {
        Fault::Typing => Some(card(words.fix_card)),
        Fault::Issuer => Some(card(words.retry_card)),
        Fault::Card => Some(card(words.other_card)),
        Fault::Method => None,
    };
    first.into_iter().chain([other]).collect()
}

fn fault(detail: &str, is_card: bool) -> Fault {
    match detail {
        "cc_rejected_bad_filled_card_number"
        | "cc_rejected_bad_filled_date"
        | "cc_rejected_bad_filled_security_code"
        | "cc_rejected_bad_filled_other"
        | "cc_rejected_form_error" => Fault::Typing,
        "cc_rejected_call_for_authorize" | "cc_rejected_card_disabled" | "rejected_call_for_authorize" => {
            Fault::Issuer
        }
        // Who is suspected is not helped by another card.
        "cc_rejected_high_risk"
        | "cc_rejected_blacklist"
        | "cc_rejected_fraud"
        | "rejected_high_risk"
        | "rejected_by_regulations"
        | "collector_unavailable"
        | "payer_unavailable" => Fault::Method,
        _ if is_card => Fault::Card,
        _ => Fault::Method,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_helps_depends_on_what_is_wrong() {
        assert_eq!(fault("cc_rejected_bad_filled_date", true), Fault::Typing);
        assert_eq!(fault("cc_rejected_call_for_authorize", true), Fault::Issuer);
        assert_eq!(fault("cc_rejected_insufficient_amount", true), Fault::Card);
        assert_eq!(fault("cc_rejected_3ds_challenge", true), Fault::Card);
        assert_eq!(fault("cc_rejected_high_risk", true), Fault::Method);
        assert_eq!(fault("bank_rejected", false), Fault::Method);
        assert_eq!(fault("expired", false), Fault::Method);
        assert_eq!(fault("expired", true), Fault::Card);
    }
}
