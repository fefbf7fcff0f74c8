//! Money: integer minor units of one currency, and the exact reading of decimals from the wire.
//!
//! No `f64` is ever between the wire and a [`Money`]: a JSON number arrives as its decimal text and is read digit by
//! digit ([`Money::from_decimal_text`]), and is written back the same way.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The largest amount a [`Money`] may carry, in minor units: far above any payment, far below overflow when a ledger
/// adds a million of them (10^13 · 10^6 > 2^63 would be wrong; 10^12 · 10^6 = 10^18 < 9.2 · 10^18 holds).
pub const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000;

/// The currency of a site (ISO 4217).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Currency {
    ARS,
    BRL,
    MXN,
    CLP,
    COP,
    PEN,
    UYU,
}

impl Currency {
    /// How many decimals amounts of this currency carry. CLP and COP have none: the platform follows the market's
    /// practice, not ISO 4217, which gives COP two.
    pub const fn decimals(self) -> u32 {
        match self {
            Currency::CLP | Currency::COP => 0,
            _ => 2,
        }
    }

    /// The ISO 4217 alphabetic code, as in `currency_id`.
    pub const fn code(self) -> &'static str {
        match self {
            Currency::ARS => "ARS",
            Currency::BRL => "BRL",
            Currency::MXN => "MXN",
            Currency::CLP => "CLP",
            Currency::COP => "COP",
            Currency::PEN => "PEN",
            Currency::UYU => "UYU",
        }
    }

    /// The currency with this alphabetic code.
    pub fn from_code(code: &str) -> Option<Currency> {
        ALL.into_iter().find(|c| c.code() == code)
    }

    const fn scale(self) -> i64 {
        match self.decimals() {
            0 => 1,
            _ => 100,
        }
    }
}

const ALL: [Currency; 7] =
    [Currency::ARS, Currency::BRL, Currency::MXN, Currency::CLP, Currency::COP, Currency::PEN, Currency::UYU];

/// An amount of money: `minor` units (centavos; whole units for CLP and COP) of `currency`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Money {
    /// Minor units; negative only where a ledger needs it.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

/// Why a decimal text is not an amount of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not a decimal number at all.
    #[error("not a number")]
    NotANumber,
    /// More decimals than the currency has, and not only zeros.
    #[error("too many decimals")]
    TooManyDecimals,
    /// Beyond [`MAX_AMOUNT_MINOR`].
    #[error("out of range")]
    OutOfRange,
}

impl Money {
    /// `minor` units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// Reads a JSON number's text exactly: sign, digits, fraction and exponent. Trailing zeros beyond the currency's
    /// decimals are harmless (`10.500`), any other digit there is refused.
    pub fn from_decimal_text(text: &str, currency: Currency) -> Result<Money, AmountError> {
        let decimal = parse_decimal(text).ok_or(AmountError::NotANumber)?;
        Money::from_decimal_exact(decimal, currency)
    }

    /// The amount that `decimal` is, if the currency can show it exactly.
    pub fn from_decimal_exact(decimal: Decimal, currency: Currency) -> Result<Money, AmountError> {
        let minor = decimal.checked_mul(Decimal::from(currency.scale())).ok_or(AmountError::OutOfRange)?;
        if !minor.fract().is_zero() {
            return Err(AmountError::TooManyDecimals);
        }
        let minor = minor.to_i64().ok_or(AmountError::OutOfRange)?;
        if minor.abs() > MAX_AMOUNT_MINOR {
            return Err(AmountError::OutOfRange);
        }
        Ok(Money { minor, currency })
    }

    /// `percent` per cent of this amount, rounded to the currency's decimals by [`round_half_even`].
    pub fn percent(self, percent: Decimal) -> Money {
        let exact = Decimal::from(self.minor) * percent / Decimal::ONE_HUNDRED;
        Money { minor: round_half_even(exact), currency: self.currency }
    }

    /// The amount as a decimal in major units.
    pub fn decimal(self) -> Decimal {
        Decimal::new(self.minor, self.currency.decimals())
    }

    /// The sum; both must be of one currency.
    #[must_use]
    pub fn plus(self, other: Money) -> Money {
        assert_eq!(self.currency, other.currency, "amounts of two currencies are never added");
        Money { minor: self.minor + other.minor, currency: self.currency }
    }

    /// The difference; both must be of one currency.
    #[must_use]
    pub fn minus(self, other: Money) -> Money {
        assert_eq!(self.currency, other.currency, "amounts of two currencies are never subtracted");
        Money { minor: self.minor - other.minor, currency: self.currency }
    }

    /// Whether nothing is left.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The shortest decimal text: `100`, `12.34`, `58.8`, as numbers stand in API answers.
    pub fn to_text(self) -> String {
        self.decimal().normalize().to_string()
    }

    /// The decimal text with all of the currency's decimals: `100.00`, as a BR Code or a page shows it.
    pub fn to_fixed_text(self) -> String {
        self.decimal().to_string()
    }

    /// This amount as a JSON number.
    pub fn to_number(self) -> serde_json::Number {
        serde_json::Number::from_string_unchecked(self.to_text())
    }
}

/// The house's rounding: half to even, to whole minor units. Rules of a country that say otherwise name their own.
pub fn round_half_even(minor: Decimal) -> i64 {
    round(minor, RoundingStrategy::MidpointNearestEven)
}

/// Instalment prices round half up, as observed in published instalment rows.
pub fn round_half_up(minor: Decimal) -> i64 {
    round(minor, RoundingStrategy::MidpointAwayFromZero)
}

fn round(minor: Decimal, strategy: RoundingStrategy) -> i64 {
    // Every Decimal made from amounts within MAX_AMOUNT_MINOR and rates below 10^4 fits an i64 by far.
    minor.round_dp_with_strategy(0, strategy).to_i64().expect("amounts are bounded by MAX_AMOUNT_MINOR")
}

/// Splits `total` in proportion to `weights` (largest remainder), so that the parts always add up to the whole.
pub fn apportion(total_minor: i64, weights: &[i64]) -> Vec<i64> {
    let sum: i128 = weights.iter().map(|&w| i128::from(w)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut given: i64 = 0;
    for (index, &weight) in weights.iter().enumerate() {
        let product = i128::from(total_minor) * i128::from(weight);
        let part = i64::try_from(product.div_euclid(sum)).expect("a part is never larger than the whole");
        given += part;
        parts.push(part);
        remainders.push((product.rem_euclid(sum), index));
    }
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let left = usize::try_from(total_minor - given).expect("each part is rounded down");
    for &(_, index) in remainders.iter().take(left) {
        parts[index] += 1;
    }
    parts
}

/// A decimal number as JSON writes it (`-12.5e3`), exactly, or `None`.
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    const LONGEST: usize = 40; // a Decimal has 28 digits; anything longer is no amount
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    if text.contains(['e', 'E']) {
        return Decimal::from_scientific(text).ok();
    }
    Decimal::from_str_exact(text).ok()
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_fixed_text(), self.currency.code())
    }
}

/// A bare number as it stands in an API body: exact, without a currency of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Amount(pub Decimal);

impl Amount {
    /// Zero.
    pub const ZERO: Amount = Amount(Decimal::ZERO);

    /// The amount in `currency`; the body was written by the platform, so it always fits.
    pub fn money(self, currency: Currency) -> Money {
        Money::from_decimal_exact(self.0, currency).expect("a stored body carries amounts of its currency")
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Amount {
        Amount(money.decimal().normalize())
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_zero() {
            // Most amounts of a payment are: they need no arithmetic.
            return serializer.serialize_u8(0);
        }
        serde_json::Number::from_string_unchecked(self.0.normalize().to_string()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        parse_decimal(number.as_str())
            .map(Amount)
            .ok_or_else(|| serde::de::Error::custom("an amount is a decimal number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_read_exactly() {
        let read = |text| Money::from_decimal_text(text, Currency::BRL).map(|m| m.minor);
        assert_eq!(read("100"), Ok(10_000));
        assert_eq!(read("0.1"), Ok(10));
        assert_eq!(read("58.80"), Ok(5_880));
        assert_eq!(read("10.500"), Ok(1_050));
        assert_eq!(read("1e2"), Ok(10_000));
        assert_eq!(read("0.001"), Err(AmountError::TooManyDecimals));
        assert_eq!(read("1e40"), Err(AmountError::NotANumber));
        assert_eq!(read("99999999999999"), Err(AmountError::OutOfRange));
        assert_eq!(read(""), Err(AmountError::NotANumber));
        assert_eq!(Money::from_decimal_text("10.5", Currency::CLP), Err(AmountError::TooManyDecimals));
        assert_eq!(Money::from_decimal_text("10.00", Currency::COP).map(|m| m.minor), Ok(10));
    }

    #[test]
    fn rounding_is_half_even() {
        assert_eq!(Money::new(50, Currency::BRL).percent(Decimal::ONE).minor, 0);
        assert_eq!(Money::new(150, Currency::BRL).percent(Decimal::ONE).minor, 2);
    }

    proptest! {
        #[test]
        fn parts_always_add_up_to_the_whole(total in 0i64..10_000_000, weights in prop::collection::vec(0i64..1_000_000, 1..8)) {
            prop_assume!(weights.iter().sum::<i64>() > 0);
            let parts = apportion(total, &weights);
            prop_assert_eq!(parts.iter().sum::<i64>(), total);
            prop_assert!(parts.iter().all(|&p| p >= 0));
        }

        #[test]
        fn money_survives_its_text(minor in 0i64..MAX_AMOUNT_MINOR) {
            let money = Money::new(minor, Currency::ARS);
            prop_assert_eq!(Money::from_decimal_text(&money.to_text(), Currency::ARS), Ok(money));
        }
    }
}
