//! The published test cards.

use pasarela_domain::site::Site;
use serde_json::{Value, json};

const TEST_CARDS: &str = include_str!("../../../domain/data/test_cards.csv");
const TEST_OUTCOMES: &str = include_str!("../../../domain/data/test_outcomes.csv");

/// Passes its 3-D Secure challenge.
pub const CHALLENGED: &str = "5483928164574623";
/// Fails it.
pub const CHALLENGED_IN_VAIN: &str = "5361956806117557";

/// A test card.
#[derive(Clone, Debug)]
pub struct Card {
    pub site: Site,
    pub brand: String,
    pub kind: String,
    pub number: String,
    pub security_code: String,
}

/// What the holder's name decides.
pub struct Outcome {
    pub holder: String,
    pub status: String,
    pub status_detail: String,
}

impl Card {
    /// The body that makes a token of it. The year is the one that the SDKs' tests send.
    pub fn token_request(&self, holder: &str) -> Value {
        json!({
            "card_number": self.number, "security_code": self.security_code,
            "expiration_month": 11, "expiration_year": 2099, "cardholder": {"name": holder},
        })
    }
}

/// Every published card, the 3-D Secure ones too.
pub fn cards() -> Vec<Card> {
    rows(TEST_CARDS)
        .map(|row| Card {
            site: Site::from_id(row[0]).unwrap(),
            brand: row[1].to_owned(),
            kind: row[2].to_owned(),
            number: row[3].to_owned(),
            security_code: row[4].to_owned(),
        })
        .collect()
}

/// The site's usual card: its Visa, which every site may reserve and capture in part.
pub fn card_of(site: Site) -> Card {
    cards()
        .into_iter()
        .find(|card| card.site == site && card.brand == "visa" && card.kind == "credit_card")
        .unwrap()
}

/// The site's card with this number.
pub fn card_numbered(site: Site, number: &str) -> Card {
    let security_code = if number.len() == 15 { "1234" } else { "123" };
    Card {
        site,
        brand: String::new(),
        kind: String::new(),
        number: number.to_owned(),
        security_code: security_code.to_owned(),
    }
}

/// What each published name decides.
pub fn outcomes() -> Vec<Outcome> {
    rows(TEST_OUTCOMES)
        .map(|row| Outcome {
            holder: row[0].to_owned(),
            status: row[1].to_owned(),
            status_detail: row[2].to_owned(),
        })
        .collect()
}

/// `digits` and the check digit that makes it a card number (ISO/IEC 7812).
pub fn with_check_digit(digits: &str) -> String {
    (0..10)
        .map(|digit| format!("{digits}{digit}"))
        .find(|number| pasarela_domain::card_token::passes_luhn(number))
        .unwrap()
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.trim_end().split(',').collect())
}
