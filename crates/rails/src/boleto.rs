//! Boleto: the Brazilian collection slip's 44-digit barcode and 47-digit digitable line (FEBRABAN, collection layout).
//!
//! Barcode: bank 3, currency 1, check digit 1, due-date factor 4, amount 10, free field 25. The digitable line is the same
//! data reordered in five fields, the first three each with a check digit of their own, for people to type.

use crate::check_digit::{modulus_10, modulus_11};
use jiff::civil::{Date, date};
use pasarela_domain::money::{Currency, Money};

/// Digits of the barcode.
pub const BARCODE_DIGITS: usize = 44;
/// Digits of the digitable line.
pub const DIGITABLE_LINE_DIGITS: usize = 47;
/// The largest amount that the ten digits hold, in centavos.
pub const MAX_AMOUNT_MINOR: i64 = 9_999_999_999;

const CURRENCY_REAL: &str = "9";
const FREE_FIELD_DIGITS: usize = 25;
/// The four-digit factor ran out on 2025-02-21 (9999) and started again at 1000 on the next day.
const FACTOR_1000: Date = date(2025, 2, 22);
/// 47 digits, four points, spaces: longer text is no digitable line.
const LONGEST_TEXT: usize = 64;

/// A boleto's data. Made by [`Boleto::new`] or [`parse`], so its parts always fit their fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boleto {
    bank: String,
    due: Option<Date>,
    amount: Option<Money>,
    free_field: String,
}

/// Why something is not a boleto.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoletoError {
    /// Neither 44 nor 47 digits.
    #[error("a boleto has 44 digits (barcode) or 47 digits (digitable line)")]
    Length,
    /// Something else than digits, points and spaces, or a bank or free field that is not made of digits.
    #[error("a boleto is made of digits")]
    NotDigits,
    /// The currency digit is not 9 (real).
    #[error("the currency of a boleto is 9, the real")]
    Currency,
    /// A field's own check digit is wrong; 1, 2 or 3.
    #[error("the check digit of field {0} is wrong")]
    FieldCheckDigit(u8),
    /// The general check digit is wrong.
    #[error("the general check digit is wrong")]
    GeneralCheckDigit,
    /// The amount is not in reais, is negative, or has more than ten digits.
    #[error("the amount must be in BRL, up to 99999999.99")]
    Amount,
    /// The due date's factor is not within 1000–9999 of the cycle that began on 2025-02-22.
    #[error("the due date must be from 2025-02-22 to 2049-10-13")]
    DueDate,
}

impl Boleto {
    /// A boleto of `bank` (three digits) with the bank's own `free_field` (25 digits). `due` or `amount` of `None` is
    /// written as zeros: payable without a due date, or at an amount that only the register knows.
    pub fn new(
        bank: &str,
        due: Option<Date>,
        amount: Option<Money>,
        free_field: &str,
    ) -> Result<Boleto, BoletoError> {
        if bank.len() != 3 || free_field.len() != FREE_FIELD_DIGITS {
            return Err(BoletoError::Length);
        }
        if !is_digits(bank) || !is_digits(free_field) {
            return Err(BoletoError::NotDigits);
        }
        if amount.is_some_and(|a| a.currency != Currency::BRL || !(1..=MAX_AMOUNT_MINOR).contains(&a.minor)) {
            return Err(BoletoError::Amount);
        }
        if due.is_some_and(|day| due_factor(day).is_none()) {
            return Err(BoletoError::DueDate);
        }
        Ok(Boleto { bank: bank.to_owned(), due, amount, free_field: free_field.to_owned() })
    }

    /// The bank's three-digit code.
    pub fn bank(&self) -> &str {
        &self.bank
    }

    /// The day it is due, if the code carries one.
    pub fn due(&self) -> Option<Date> {
        self.due
    }

    /// The amount, if the code carries one.
    pub fn amount(&self) -> Option<Money> {
        self.amount
    }

    /// The bank's own 25 digits.
    pub fn free_field(&self) -> &str {
        &self.free_field
    }

    /// The 44 digits of the ITF-25 barcode.
    pub fn barcode(&self) -> String {
        let (head, tail) =
            (format!("{}{CURRENCY_REAL}", self.bank), format!("{}{}", self.value(), self.free_field));
        let check = modulus_11(&format!("{head}{tail}"));
        format!("{head}{check}{tail}")
    }

    /// The 47 digits that a person types, without points and spaces.
    pub fn digitable_line(&self) -> String {
        let barcode = self.barcode();
        let (first, second, third) =
            (format!("{}{}", &barcode[..4], &barcode[19..24]), &barcode[24..34], &barcode[34..44]);
        format!(
            "{first}{}{second}{}{third}{}{}{}",
            modulus_10(&first),
            modulus_10(second),
            modulus_10(third),
            &barcode[4..5],
            &barcode[5..19]
        )
    }

    fn value(&self) -> String {
        let factor = self.due.and_then(due_factor).unwrap_or(0);
        let amount = self.amount.map_or(0, |amount| amount.minor);
        format!("{factor:04}{amount:010}")
    }
}

/// A digitable line as it is printed: `00190.50095 40144.816069 06809.350314 3 37370000000100`.
///
/// `None` when `line` is not 47 digits.
pub fn printed_line(line: &str) -> Option<String> {
    if line.len() != DIGITABLE_LINE_DIGITS || !is_digits(line) {
        return None;
    }
    Some(format!(
        "{}.{} {}.{} {}.{} {} {}",
        &line[..5],
        &line[5..10],
        &line[10..15],
        &line[15..21],
        &line[21..26],
        &line[26..32],
        &line[32..33],
        &line[33..]
    ))
}

/// Reads a barcode's 44 digits or a digitable line's 47, with or without points and spaces, and verifies every check
/// digit. Due dates are read in the factor's present cycle.
pub fn parse(text: &str) -> Result<Boleto, BoletoError> {
    if text.len() > LONGEST_TEXT {
        return Err(BoletoError::Length);
    }
    let digits: String = text.chars().filter(|c| !matches!(c, '.' | ' ')).collect();
    if !is_digits(&digits) {
        return Err(BoletoError::NotDigits);
    }
    match digits.len() {
        BARCODE_DIGITS => parse_barcode(&digits),
        DIGITABLE_LINE_DIGITS => parse_barcode(&barcode_of_line(&digits)?),
        _ => Err(BoletoError::Length),
    }
}

fn barcode_of_line(line: &str) -> Result<String, BoletoError> {
    for (number, field) in [(1, &line[..10]), (2, &line[10..21]), (3, &line[21..32])] {
        let (content, check) = field.split_at(field.len() - 1);
        if check != modulus_10(content).to_string() {
            return Err(BoletoError::FieldCheckDigit(number));
        }
    }
    Ok([&line[..4], &line[32..47], &line[4..9], &line[10..20], &line[21..31]].concat())
}

fn parse_barcode(barcode: &str) -> Result<Boleto, BoletoError> {
    if &barcode[3..4] != CURRENCY_REAL {
        return Err(BoletoError::Currency);
    }
    let check = modulus_11(&[&barcode[..4], &barcode[5..]].concat());
    if barcode[4..5] != check.to_string() {
        return Err(BoletoError::GeneralCheckDigit);
    }
    let factor: u16 = barcode[5..9].parse().map_err(|_| BoletoError::NotDigits)?;
    let amount: i64 = barcode[9..19].parse().map_err(|_| BoletoError::NotDigits)?;
    let due = match factor {
        0 => None,
        factor => Some(due_date(factor).ok_or(BoletoError::DueDate)?),
    };
    let amount = (amount > 0).then(|| Money::new(amount, Currency::BRL));
    Boleto::new(&barcode[..3], due, amount, &barcode[19..])
}

fn due_factor(day: Date) -> Option<u16> {
    let days = day.since(FACTOR_1000).ok()?.get_days();
    u16::try_from(days + 1000).ok().filter(|factor| (1000..=9999).contains(factor))
}

fn due_date(factor: u16) -> Option<Date> {
    let days = i64::from(factor.checked_sub(1000)?);
    FACTOR_1000.checked_add(jiff::Span::new().days(days)).ok()
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Examples that circulate with the published libraries for boletos: digitable line and barcode.
    const PUBLISHED: [(&str, &str); 3] = [
        (
            "00190.50095 40144.816069 06809.350314 3 37370000000100",
            "00193373700000001000500940144816060680935031",
        ),
        (
            "03399.63290 64000.000006 00125.201020 4 56140000017832",
            "03394561400000178329632964000000000012520102",
        ),
        (
            "23793.38128 60007.827136 95000.063305 9 75520000370000",
            "23799755200003700003381260007827139500006330",
        ),
    ];

    #[test]
    fn published_lines_and_barcodes_are_the_same_boleto() {
        for (line, barcode) in PUBLISHED {
            let boleto = parse(line).unwrap();
            assert_eq!(parse(barcode), Ok(boleto.clone()));
            assert_eq!(boleto.barcode(), barcode);
            assert_eq!(printed_line(&boleto.digitable_line()).unwrap(), line);
        }
        assert_eq!(parse(PUBLISHED[0].0).unwrap().amount(), Some(Money::new(100, Currency::BRL)));
        assert_eq!(parse(PUBLISHED[2].0).unwrap().bank(), "237");
    }

    #[test]
    fn the_factor_starts_again_at_1000_on_2025_02_22() {
        assert_eq!(due_factor(date(2025, 2, 22)), Some(1000));
        assert_eq!(due_factor(date(2025, 2, 21)), None);
        assert_eq!(due_factor(date(2026, 11, 21)), Some(1637));
        assert_eq!(due_factor(date(2049, 10, 13)), Some(9999));
        assert_eq!(due_factor(date(2049, 10, 14)), None);
    }

    #[test]
    fn every_wrong_digit_is_noticed() {
        let (line, barcode) = PUBLISHED[0];
        let line: String = line.chars().filter(char::is_ascii_digit).collect();
        for text in [line.as_str(), barcode] {
            for index in 0..text.len() {
                let mut changed = text.as_bytes().to_vec();
                changed[index] = if changed[index] == b'9' { b'0' } else { changed[index] + 1 };
                assert!(parse(std::str::from_utf8(&changed).unwrap()).is_err(), "digit {index} of {text}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let free = "0".repeat(25);
        let reais = |minor| Some(Money::new(minor, Currency::BRL));
        assert_eq!(Boleto::new("23", None, None, &free), Err(BoletoError::Length));
        assert_eq!(Boleto::new("2A7", None, None, &free), Err(BoletoError::NotDigits));
        assert_eq!(Boleto::new("237", None, reais(MAX_AMOUNT_MINOR + 1), &free), Err(BoletoError::Amount));
        assert_eq!(Boleto::new("237", None, reais(-1), &free), Err(BoletoError::Amount));
        assert_eq!(Boleto::new("237", Some(date(2024, 1, 1)), None, &free), Err(BoletoError::DueDate));
        assert_eq!(parse(""), Err(BoletoError::Length));
        assert_eq!(parse(&"9".repeat(1000)), Err(BoletoError::Length));
        assert_eq!(parse("ação"), Err(BoletoError::NotDigits));
    }

    proptest! {
        #[test]
        fn a_boleto_survives_both_of_its_codes(
            bank in "[0-9]{3}", free in "[0-9]{25}", days in 0i64..9000, minor in 1i64..=MAX_AMOUNT_MINOR,
        ) {
            let due = FACTOR_1000.checked_add(jiff::Span::new().days(days)).unwrap();
            let boleto = Boleto::new(&bank, Some(due), Some(Money::new(minor, Currency::BRL)), &free).unwrap();
            prop_assert_eq!(boleto.barcode().len(), BARCODE_DIGITS);
            prop_assert_eq!(boleto.digitable_line().len(), DIGITABLE_LINE_DIGITS);
            prop_assert_eq!(parse(&boleto.barcode()), Ok(boleto.clone()));
            prop_assert_eq!(parse(&boleto.digitable_line()), Ok(boleto.clone()));
            prop_assert_eq!(parse(&printed_line(&boleto.digitable_line()).unwrap()), Ok(boleto));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,70}") {
            let _ = parse(&text);
        }

        #[test]
        fn any_digits_are_read_without_a_panic(text in "[0-9. ]{40,60}") {
            let _ = parse(&text);
        }
    }
}
