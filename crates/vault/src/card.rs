//! The two secrets of a card: its number and its security code.
//!
//! Both live on the heap, so that moving them leaves no copy behind, and are wiped when dropped. Neither can be
//! cloned, printed or serialised; whoever needs the digits has to say `reveal`, which is easy to search for.

use std::fmt;
use zeroize::Zeroizing;

/// The longest text that is looked at: nineteen digits, each with room for separators around it.
const LONGEST_TEXT: usize = 64;

/// A card number (PAN, ISO/IEC 7812): 8 to 19 digits.
pub struct CardNumber(Zeroizing<String>);

#[expect(clippy::len_without_is_empty, reason = "a card number is never empty")]
impl CardNumber {
    /// The shortest card number that is accepted.
    pub const SHORTEST: usize = 8;
    /// The longest card number of ISO/IEC 7812.
    pub const LONGEST: usize = 19;

    /// Reads a card number as people type it: digits, with spaces and dashes between them. The check digit is not
    /// looked at (see [`CardNumber::passes_luhn`]).
    pub fn parse(text: &str) -> Option<CardNumber> {
        digits(text, Self::SHORTEST, Self::LONGEST, |separator| matches!(separator, b' ' | b'-'))
            .map(CardNumber)
    }

    /// `first_six_digits`, which may be shown (PCI DSS 3.4.1).
    pub fn first_six(&self) -> &str {
        &self.0[..6]
    }

    /// `last_four_digits`, which may be shown (PCI DSS 3.4.1).
    pub fn last_four(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }

    /// The first `digits` digits, at most eight: the longest issuer number of ISO/IEC 7812.
    pub fn bin(&self, digits: usize) -> &str {
        &self.0[..digits.min(8)]
    }

    /// How many digits it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the last digit is the right check digit (ISO/IEC 7812-1 annex B).
    pub fn passes_luhn(&self) -> bool {
        let sum: u32 = self
            .0
            .bytes()
            .rev()
            .zip([false, true].into_iter().cycle())
            .map(|(digit, doubled)| match (u32::from(digit - b'0'), doubled) {
                (value, false) => value,
                (value, true) => value * 2 / 10 + value * 2 % 10,
            })
            .sum();
        sum.is_multiple_of(10)
    }

    /// All digits: for a rail, and for nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A card's security code (CVV, CVC, CID): 3 or 4 digits; 6 for the approval code of Yape, which takes its place there.
///
/// It must not outlive the authorisation, not even encrypted (PCI DSS 3.3.1).
pub struct SecurityCode(Zeroizing<String>);

#[expect(clippy::len_without_is_empty, reason = "a security code is never empty")]
impl SecurityCode {
    /// The shortest security code.
    pub const SHORTEST: usize = 3;
    /// The longest one: Yape's.
    pub const LONGEST: usize = 6;

    /// Reads a security code: digits and nothing else.
    pub fn parse(text: &str) -> Option<SecurityCode> {
        digits(text, Self::SHORTEST, Self::LONGEST, |_| false).map(SecurityCode)
    }

    /// How many digits it has (`security_code_length`).
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All digits: for a rail, and for nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecurityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The digits of `text` without its separators, if there are `shortest` to `longest` and nothing else is in it.
fn digits(
    text: &str,
    shortest: usize,
    longest: usize,
    is_separator: impl Fn(u8) -> bool,
) -> Option<Zeroizing<String>> {
    if text.len() > LONGEST_TEXT {
        return None;
    }
    // Its whole room at once: growing would leave a copy of the first digits behind.
    let mut digits = Zeroizing::new(String::with_capacity(longest));
    for byte in text.bytes().filter(|byte| !is_separator(*byte)) {
        if !byte.is_ascii_digit() || digits.len() == longest {
            return None;
        }
        digits.push(char::from(byte));
    }
    (digits.len() >= shortest).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spaces_and_dashes_between_the_digits_are_dropped() {
        let card = CardNumber::parse(" 4509-9535 6623 3704 ").expect("a card number");
        assert_eq!(card.reveal(), "4509953566233704");
        assert_eq!(card.first_six(), "450995");
        assert_eq!(card.last_four(), "3704");
        assert_eq!(card.bin(8), "45099535");
        assert_eq!(card.bin(6), "450995");
        assert_eq!(card.len(), 16);
    }

    #[test]
    fn no_more_than_eight_digits_are_a_bin() {
        let card = CardNumber::parse("4509953566233704").expect("a card number");
        assert_eq!(card.bin(16), "45099535");
    }

    #[test]
    fn other_lengths_and_other_characters_are_no_card_number() {
        for text in
            ["", "-", "1234567", "12345678901234567890", "4509a53566233704", "４５０９９５３５", "4509.9535"]
        {
            assert!(CardNumber::parse(text).is_none(), "{text}");
        }
        assert!(CardNumber::parse(&" ".repeat(LONGEST_TEXT)).is_none());
        assert!(CardNumber::parse(&format!("12345678{}", " ".repeat(1_000_000))).is_none());
        assert!(CardNumber::parse("12345678").is_some());
        assert!(CardNumber::parse("1234567890123456789").is_some());
    }

    #[test]
    fn security_codes_have_three_to_six_digits_and_no_separators() {
        for text in ["123", "1234", "123456"] {
            let code = SecurityCode::parse(text).expect("a security code");
            assert_eq!(code.reveal(), text);
            assert_eq!(code.len(), text.len());
        }
        for text in ["", "12", "1234567", "12a", "1 23", "12-3"] {
            assert!(SecurityCode::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_check_digit_is_checked() {
        for valid in ["5031433215406351", "4235647728025682", "375365153556885", "4509953566233704"] {
            assert!(CardNumber::parse(valid).expect("a card number").passes_luhn(), "{valid}");
        }
        assert!(!CardNumber::parse("5031433215406352").expect("a card number").passes_luhn());
    }

    #[test]
    fn debug_shows_nothing() {
        let card = CardNumber::parse("5031433215406351").expect("a card number");
        let code = SecurityCode::parse("123").expect("a security code");
        assert_eq!(format!("{card:?} {code:#?}"), "*** ***");
    }

    proptest! {
        #[test]
        fn exactly_one_check_digit_fits(prefix in "[1-9][0-9]{6,17}") {
            let fitting = (0..10)
                .filter(|digit| CardNumber::parse(&format!("{prefix}{digit}")).expect("a card number").passes_luhn())
                .count();
            prop_assert_eq!(fitting, 1);
        }

        #[test]
        fn anything_may_be_typed(text in ".*") {
            if let Some(card) = CardNumber::parse(&text) {
                prop_assert!((8..=19).contains(&card.len()));
                prop_assert!(card.reveal().bytes().all(|b| b.is_ascii_digit()));
            }
            let _ = SecurityCode::parse(&text);
        }
    }
}
