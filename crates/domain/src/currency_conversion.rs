//! `GET /currency_conversions/search`: one currency in another.
//!
//! Shops ask it when their prices are in another currency than their account. No rates are published with the API, so
//! those of `data/exchange_rates.csv` are fixed: a test gets the same price every day. They are near those of November
//! 2026 and no market's.

use crate::catalogue::table;
use crate::money::parse_decimal;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Number, json};
use std::sync::OnceLock;

const RATES: &str = include_str!("../data/exchange_rates.csv");

/// How many units of `to` a unit of `from` is; `None` for a currency without a rate. Ten decimals.
pub fn ratio(from: &str, to: &str) -> Option<Decimal> {
    let (from, to) = (per_dollar(from)?, per_dollar(to)?);
    // No rate is zero: a test asks for all of them.
    Some((to / from).round_dp_with_strategy(10, RoundingStrategy::MidpointAwayFromZero).normalize())
}

/// The answer: `{"ratio": 5.43}`.
pub fn ratio_json(from: &str, to: &str) -> Option<String> {
    let ratio = ratio(from, to)?;
    Some(json!({"ratio": Number::from_string_unchecked(ratio.to_string())}).to_string())
}

fn per_dollar(currency: &str) -> Option<Decimal> {
    static TABLE: OnceLock<Vec<(&str, Decimal)>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        // The table is compiled in and a test reads all of it.
        let rate = |text| parse_decimal(text).expect("rates are decimals");
        table::rows(RATES).map(|row| (row[0], rate(row[1]))).collect()
    });
    table.iter().find(|(code, _)| code.eq_ignore_ascii_case(currency)).map(|(_, rate)| *rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::SITES;

    #[test]
    fn every_sites_currency_has_a_rate_both_ways() {
        for site in SITES {
            let code = site.currency().code();
            assert_eq!(ratio(code, code), Some(Decimal::ONE));
            for other in ["USD", "EUR"].into_iter().chain(SITES.map(|site| site.currency().code())) {
                let there_and_back = ratio(code, other).unwrap() * ratio(other, code).unwrap();
                let error = (there_and_back - Decimal::ONE).abs();
                assert!(error < Decimal::new(1, 4), "{code} {other}: {there_and_back}");
            }
        }
    }

    #[test]
    fn a_ratio_is_a_plain_number_and_an_unknown_currency_has_none() {
        assert_eq!(ratio_json("USD", "brl").as_deref(), Some(r#"{"ratio":5.43}"#));
        assert_eq!(ratio_json("USD", "ZZZ"), None);
        assert_eq!(ratio_json("", "BRL"), None);
    }
}
