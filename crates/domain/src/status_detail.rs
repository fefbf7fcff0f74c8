//! What a payment's status says to people, and whether it can still change.

use crate::catalogue::table;
use std::sync::OnceLock;

const DETAILS: &str = include_str!("../data/status_detail.csv");

struct Detail {
    status: &'static str,
    detail: &'static str,
    is_final: bool,
    spanish: &'static str,
    portuguese: &'static str,
    english: &'static str,
}

/// What to tell the buyer, in the language of a locale (`pt`, `es-AR`, …; English for any other). The text may hold
/// `{amount}`, `{statement_descriptor}`, `{installments}` and `{payment_method}`, which the caller fills in. `None` for
/// a detail that is not known.
pub fn message(status: &str, detail: &str, language: &str) -> Option<&'static str> {
    let found = find(status, detail)?;
    Some(match language.get(..2).unwrap_or_default().to_ascii_lowercase().as_str() {
        "es" => found.spanish,
        "pt" => found.portuguese,
        _ => found.english,
    })
}

/// Whether a payment in this state stays in it for good.
pub fn is_final(status: &str, detail: &str) -> bool {
    find(status, detail).is_some_and(|found| found.is_final)
}

/// Whether this status has this detail.
pub fn known(status: &str, detail: &str) -> bool {
    find(status, detail).is_some()
}

fn find(status: &str, detail: &str) -> Option<&'static Detail> {
    static ROWS: OnceLock<Vec<Detail>> = OnceLock::new();
    let rows = ROWS.get_or_init(|| {
        table::rows(DETAILS)
            .map(|row| Detail {
                status: row[0],
                detail: row[1],
                is_final: row[2] == "true",
                spanish: row[4],
                portuguese: row[5],
                english: row[6],
            })
            .collect()
    });
    rows.iter().find(|row| row.status == status && row.detail == detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detail_has_a_message_in_every_language() {
        let mut count = 0;
        for row in table::rows(DETAILS) {
            count += 1;
            assert_eq!(row.len(), 7, "{row:?}");
            assert!(matches!(row[2], "true" | "false"), "{row:?}");
            for language in ["es-AR", "pt-BR", "en-US"] {
                assert!(!message(row[0], row[1], language).unwrap().is_empty(), "{row:?}");
            }
        }
        assert_eq!(count, 65);
        assert!(!DETAILS.contains("\"\""), "the reader does not know doubled quotes");
    }

    #[test]
    fn the_message_is_in_the_language_of_the_locale() {
        let text = |language| message("cancelled", "expired", language).unwrap();
        assert!(text("pt-BR") != text("es-AR") && text("es-MX") == text("es") && text("fr") == text("en"));
        assert_eq!(message("cancelled", "accredited", "en"), None);
    }

    #[test]
    fn rejections_are_final_and_approvals_are_not() {
        assert!(is_final("rejected", "cc_rejected_other_reason") && is_final("charged_back", "settled"));
        assert!(!is_final("approved", "accredited") && !is_final("charged_back", "in_process"));
        assert!(!known("approved", "cc_rejected_other_reason"));
    }
}
