//! Any text as an amount in each currency.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pasarela_domain::money::{MAX_AMOUNT_MINOR, Money, parse_decimal};
use pasarela_domain::site::SITES;

fuzz_target!(|text: &str| {
    let _ = parse_decimal(text);
    for site in SITES {
        let currency = site.currency();
        if let Ok(money) = Money::from_decimal_text(text, currency) {
            assert!(money.minor.abs() <= MAX_AMOUNT_MINOR);
            assert_eq!(Money::from_decimal_text(&money.to_text(), currency), Ok(money));
            assert_eq!(Money::from_decimal_text(&money.to_fixed_text(), currency), Ok(money));
        }
    }
});
