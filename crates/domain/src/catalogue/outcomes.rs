//! What test cards and test buyers end in.

use super::table;
use std::sync::OnceLock;

const OUTCOMES: &str = include_str!("../../data/test_outcomes.csv");
const THREE_DS_CARDS: &str = include_str!("../../data/test_cards_3ds.csv");

/// The outcome that a tester asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestOutcome {
    /// `approved`, `rejected`, `in_process`.
    pub status: &'static str,
    /// `accredited`, `cc_rejected_…`, …
    pub status_detail: &'static str,
}

/// The outcome of a cardholder's name that is one of the documented codes (`APRO`, `FUND`, …) and nothing else, in any
/// case, surrounding blanks aside. `None` for every other name: such a card is approved.
pub fn for_holder(name: &str) -> Option<TestOutcome> {
    static CODES: OnceLock<Vec<(&'static str, TestOutcome)>> = OnceLock::new();
    let codes = CODES.get_or_init(|| {
        table::rows(OUTCOMES)
            .map(|row| (row[0], TestOutcome { status: row[1], status_detail: row[2] }))
            .collect()
    });
    let name = name.trim();
    codes.iter().find(|(code, _)| code.eq_ignore_ascii_case(name)).map(|(_, outcome)| *outcome)
}

/// Whether the 3-D Secure challenge of a test card is passed; `None` for cards that are not challenged.
pub fn three_ds(card_number: &str) -> Option<bool> {
    static CARDS: OnceLock<Vec<(&'static str, bool)>> = OnceLock::new();
    let cards =
        CARDS.get_or_init(|| table::rows(THREE_DS_CARDS).map(|row| (row[3], row[6] == "success")).collect());
    cards.iter().find(|(number, _)| *number == card_number).map(|(_, passes)| *passes)
}

/// The outcome of a Yape test phone number (Peru); `None` for every other number.
pub fn for_yape_phone(phone: &str) -> Option<TestOutcome> {
    let rejected = |status_detail| Some(TestOutcome { status: "rejected", status_detail });
    match phone {
        "111111111" => Some(TestOutcome { status: "approved", status_detail: "accredited" }),
        "111111112" => rejected("cc_rejected_call_for_authorize"),
        "111111113" => rejected("cc_amount_rate_limit_exceeded"),
        "111111114" => rejected("cc_unsupported_unsupported"),
        "111111115" => rejected("cc_rejected_card_type_not_allowed"),
        "111111116" => rejected("cc_rejected_max_attempts"),
        "111111117" => rejected("cc_rejected_bad_filled_security_code"),
        "111111118" => rejected("cc_rejected_form_error"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status_detail;

    #[test]
    fn the_code_must_stand_alone_in_the_name() {
        let fund = TestOutcome { status: "rejected", status_detail: "cc_rejected_insufficient_amount" };
        assert_eq!(for_holder("FUND"), Some(fund));
        assert_eq!(for_holder("  fund "), Some(fund));
        assert_eq!(for_holder("FUND Silva"), None);
        assert_eq!(for_holder("Maria Silva"), None);
        assert_eq!(for_holder(""), None);
        assert_eq!(for_holder("CONT").unwrap().status_detail, "pending_contingency");
    }

    #[test]
    fn every_outcome_is_a_known_status() {
        for row in table::rows(OUTCOMES) {
            let outcome = for_holder(row[0]).unwrap();
            assert!(status_detail::known(outcome.status, outcome.status_detail), "{}", row[0]);
        }
        for last in 1..=8 {
            let outcome = for_yape_phone(&format!("11111111{last}")).unwrap();
            assert!(status_detail::known(outcome.status, outcome.status_detail), "{last}");
        }
        assert_eq!(for_yape_phone("111111119"), None);
    }

    #[test]
    fn two_cards_are_challenged_and_one_passes() {
        assert_eq!(three_ds("5483928164574623"), Some(true));
        assert_eq!(three_ds("5361956806117557"), Some(false));
        assert_eq!(three_ds("5031433215406351"), None);
    }
}
