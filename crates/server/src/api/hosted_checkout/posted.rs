//! What a buyer posted: read with bounds, and turned into a card or a choice.

use super::super::request::RawBody;
use crate::pages::checkout::Typed;
use crate::tls::ClientConnection;
use pasarela_domain::card_token::TokenRequest;
use pasarela_domain::documents;
use pasarela_domain::json::Json;
use pasarela_domain::money::{Currency, Money};
use pasarela_domain::preference::payment::BuyerChoice;
use pasarela_domain::quality::marks::TokenChannel;
use pasarela_domain::refusal::Refusal;
use std::collections::HashMap;
use url::form_urlencoded;

/// The fields that a form may fill in again: never a card's number or code.
const SHOWN_AGAIN: [&str; 13] = [
    "email",
    "first_name",
    "last_name",
    "document_type",
    "document_number",
    "card_holder",
    "zip_code",
    "street_name",
    "street_number",
    "neighborhood",
    "city",
    "federal_unit",
    "financial_institution",
];

/// What a form was posted with.
pub(super) struct Posted(HashMap<String, String>);

impl Posted {
    pub(super) fn read(body: &RawBody) -> Posted {
        Posted::of(&body.bytes)
    }

    pub(super) fn of(bytes: &[u8]) -> Posted {
        const MOST_FIELDS: usize = 40;
        const LONGEST: usize = 256;
        let fields = form_urlencoded::parse(bytes).take(MOST_FIELDS);
        Posted(
            fields
                .map(|(name, value)| {
                    let value: String = value.trim().chars().take(LONGEST).collect();
                    // People write dots and dashes in documents.
                    let value = if name == "document_number" { documents::plain(&value) } else { value };
                    (name.into_owned(), value)
                })
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The same; `None` where nothing was said.
    pub(super) fn said(&self, name: &str) -> Option<String> {
        Some(self.get(name).to_owned()).filter(|text| !text.is_empty())
    }

    /// The plan that was chosen: how many instalments, and what its buyer was shown that they cost in all (`3:109.73`). A
    /// number alone is of a page that shows no plans.
    pub(super) fn plan(&self, currency: Currency) -> (Option<u32>, Option<Money>) {
        let said = self.get("installments");
        match said.split_once(':') {
            None => (said.parse().ok(), None),
            Some((count, total)) => match Money::from_decimal_text(total, currency) {
                Ok(total) => (count.parse().ok(), Some(total)),
                Err(_) => (None, None),
            },
        }
    }

    pub(super) fn typed(&self) -> Typed {
        Typed(SHOWN_AGAIN.iter().map(|name| (*name, self.get(name).to_owned())).collect())
    }
}

/// A field exactly as it was typed: a password may begin with a blank. Bounded like the body.
pub(super) fn exact(body: &RawBody, name: &str) -> String {
    let mut fields = form_urlencoded::parse(&body.bytes);
    fields.find(|(known, _)| known == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

pub(super) fn token_request(posted: &Posted) -> Result<TokenRequest, Refusal> {
    let expiry: String =
        posted.get("card_expiry").chars().map(|c| if c.is_ascii_digit() { c } else { '/' }).collect();
    let (month, year) = match expiry.split_once('/') {
        Some((month, year)) => (month.to_owned(), year.trim_matches('/').to_owned()),
        // 1130
        None => (expiry.chars().take(2).collect(), expiry.chars().skip(2).collect()),
    };
    let year = if year.len() == 2 { format!("20{year}") } else { year };
    let mut holder = serde_json::json!({"name": posted.get("card_holder")});
    if !posted.get("document_number").is_empty() {
        holder["identification"] =
            serde_json::json!({"type": posted.get("document_type"), "number": posted.get("document_number")});
    }
    let body = serde_json::json!({
        "card_number": posted.get("card_number"),
        "expiration_month": month,
        "expiration_year": year,
        "security_code": posted.get("card_code"),
        "cardholder": holder,
    });
    let mut request = TokenRequest::from_json(&Json::from(&body))?;
    request.channel = Some(TokenChannel::Hosted);
    Ok(request)
}

pub(super) fn buyer_choice(
    posted: &Posted,
    currency: Currency,
    connection: Option<&ClientConnection>,
) -> BuyerChoice {
    let (installments, shown_total) = posted.plan(currency);
    const ADDRESS: [&str; 6] =
        ["zip_code", "street_name", "street_number", "neighborhood", "city", "federal_unit"];
    BuyerChoice {
        payment_method_id: posted.said("payment_method_id"),
        token: posted.said("token"),
        installments: posted.said("token").and(installments),
        shown_total: posted.said("token").and(shown_total),
        email: posted.get("email").to_lowercase(),
        first_name: posted.get("first_name").to_owned(),
        last_name: posted.get("last_name").to_owned(),
        document_type: posted.get("document_type").to_owned(),
        document_number: posted.get("document_number").to_owned(),
        address: ADDRESS.into_iter().map(|name| (name, posted.get(name).to_owned())).collect(),
        financial_institution: posted.said("financial_institution"),
        ip_address: connection.map(|client| client.address.ip().to_string()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_a_number_and_what_was_shown_for_it() {
        let real = Currency::from_code("BRL").unwrap();
        let plan = |said: &str| {
            let fields = [("installments".to_owned(), said.to_owned())];
            let (count, total) = Posted(HashMap::from(fields)).plan(real);
            (count, total.map(|total| total.minor))
        };
        assert_eq!(plan("3:109.73"), (Some(3), Some(10973)));
        assert_eq!(plan("1"), (Some(1), None));
        for wrong in ["", "x", "3:", "3:x", "3:1.999", "x:y", "3:1:2"] {
            assert_eq!(plan(wrong), (None, None), "{wrong}");
        }
        assert_eq!(plan("x:109.73").0, None);
    }
}
