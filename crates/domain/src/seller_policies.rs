//! A seller's own policies: what buyers are shown of it, and where they turn to.

use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

/// The longest address.
const LONGEST_URL: usize = 500;
/// The longest text of a contact.
const LONGEST_CONTACT: usize = 120;
/// The longest text on a card's statement: what a preference's is cut to.
pub const LONGEST_STATEMENT: usize = 16;

/// What a seller says of itself; nothing of it need be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SellerPolicies {
    /// Where the seller's terms and conditions are; https.
    pub terms_url: Option<String>,
    /// An e-mail for buyers.
    pub support_email: Option<String>,
    /// A phone for buyers.
    pub support_phone: Option<String>,
    /// A page for buyers; https.
    pub support_url: Option<String>,
    /// What card statements say where a sale says nothing.
    pub statement_descriptor: Option<String>,
}

impl SellerPolicies {
    /// Reads each member of `request`; what is not named stays, `null` and an empty text take away.
    ///
    /// # Errors
    /// 400 with the member's name.
    pub fn change(&mut self, request: &Map<String, Value>) -> Result<(), Refusal> {
        for (name, value) in request {
            let text = text(name, value)?;
            match name.as_str() {
                "terms_url" => self.terms_url = text.map(|text| address(name, text)).transpose()?,
                "support_url" => self.support_url = text.map(|text| address(name, text)).transpose()?,
                "support_email" => self.support_email = text.map(|text| email(name, text)).transpose()?,
                "support_phone" => self.support_phone = text.map(|text| phone(name, text)).transpose()?,
                "statement_descriptor" => {
                    self.statement_descriptor = text.map(|text| statement(name, text)).transpose()?;
                }
                _ => return Err(refused(name, "is no policy")),
            }
        }
        Ok(())
    }
}

fn refused(name: &str, why: &str) -> Refusal {
    Refusal::keyed(400, "invalid_policy", format!("{name} {why}"))
}

fn text(name: &str, value: &Value) -> Result<Option<String>, Refusal> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.chars().any(char::is_control) => {
            Err(refused(name, "must be one line of text"))
        }
        Value::String(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        _ => Err(refused(name, "must be a text")),
    }
}

fn shorter(name: &str, text: String, longest: usize) -> Result<String, Refusal> {
    match text.chars().count() <= longest {
        true => Ok(text),
        false => Err(refused(name, &format!("must have at most {longest} characters"))),
    }
}

fn address(name: &str, text: String) -> Result<String, Refusal> {
    let url = Url::parse(&text).ok().filter(|url| url.scheme() == "https" && url.has_host());
    let is_plain = url.is_some_and(|url| url.username().is_empty() && url.password().is_none());
    match is_plain {
        true => shorter(name, text, LONGEST_URL),
        false => Err(refused(name, "must be an https address")),
    }
}

fn email(name: &str, text: String) -> Result<String, Refusal> {
    let parts = text.split_once('@');
    let is_email = parts.is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
    });
    match is_email {
        true => shorter(name, text, LONGEST_CONTACT),
        false => Err(refused(name, "must be an e-mail")),
    }
}

fn phone(name: &str, text: String) -> Result<String, Refusal> {
    let is_phone = text.chars().filter(char::is_ascii_digit).count() >= 6
        && text.chars().all(|letter| letter.is_ascii_digit() || "+()- ".contains(letter));
    match is_phone {
        true => shorter(name, text, LONGEST_CONTACT),
        false => Err(refused(name, "must be a phone number")),
    }
}

/// Card schemes print letters without accents, digits, and a few signs.
fn statement(name: &str, text: String) -> Result<String, Refusal> {
    let is_printed = |letter: char| letter.is_ascii_alphanumeric() || " .-*&".contains(letter);
    if !text.chars().all(is_printed) {
        return Err(refused(name, "must be letters without accents, digits, blanks and . - * &"));
    }
    shorter(name, text, LONGEST_STATEMENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_policy_is_read_kept_and_taken_away() {
        let mut policies = SellerPolicies::default();
        let all = json!({
            "terms_url": "https://tienda.example/terminos", "support_url": "https://tienda.example/ayuda",
            "support_email": "ayuda@tienda.example", "support_phone": "+54 11 5555-0100",
            "statement_descriptor": "TIENDA*ANA",
        });
        policies.change(all.as_object().unwrap()).unwrap();
        policies.change(json!({"terms_url": null, "support_url": " "}).as_object().unwrap()).unwrap();
        assert_eq!((&policies.terms_url, &policies.support_url), (&None, &None));
        assert_eq!(policies.support_phone.as_deref(), Some("+54 11 5555-0100"));
        for (name, value) in [
            ("terms_url", json!("http://tienda.example")),
            ("terms_url", json!("javascript:alert(1)")),
            ("support_email", json!("ayuda")),
            ("support_phone", json!("call me")),
            ("statement_descriptor", json!("TIENDA DE ANA Y HIJOS")),
            ("statement_descriptor", json!("AÑO")),
            ("support_email", json!(7)),
            ("logo", json!("x")),
        ] {
            let refusal = policies.change(json!({name: value}).as_object().unwrap()).unwrap_err();
            assert!(refusal.message.starts_with(name), "{refusal}");
        }
    }
}
