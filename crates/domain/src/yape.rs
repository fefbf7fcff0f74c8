//! Yape, the Peruvian wallet: a phone and the code that its app shows become a token that pays once, as a card's does.

use crate::card_token::{CardToken, fault};
use crate::identity::ApplicationId;
use crate::json::{Json, member, text_or_number};
use crate::payment::body::Cardholder;
use crate::refusal::Refusal;
use crate::site::Site;
use serde_json::{Value, json};
use std::fmt;

/// `payment_method_id` of a payment by Yape.
pub const METHOD: &str = "yape";
/// What stands for a BIN: a phone has none, and its first digits are nobody's business.
pub const BIN: &str = "111111";
/// Digits of a Peruvian mobile number.
const PHONE_DIGITS: usize = 9;
/// Digits of the code in the app.
const CODE_DIGITS: usize = 6;

/// `POST /platforms/pci/yape/v1/payment`. `requestId` is not needed: nothing is made twice that could be used twice.
pub struct YapeRequest {
    /// `phoneNumber`
    pub phone: String,
    /// `otp`
    pub code: String,
}

impl fmt::Debug for YapeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YapeRequest")
    }
}

impl YapeRequest {
    /// Reads the request. Both members may be strings or numbers; unknown ones are ignored.
    ///
    /// # Errors
    /// `E111` when it is no object, `315` outside Peru, `E301` for the phone and `E302` for the code (the API publishes
    /// none for these: they are those of a card's number and security code).
    pub fn from_json(body: &Json<'_>, site: Site) -> Result<YapeRequest, Refusal> {
        if !body.is_object() {
            return Err(fault("E111", "invalid json."));
        }
        if site != Site::MPE {
            return Err(fault("315", "Invalid parameter 'site_id'."));
        }
        let digits = |name: &str, count: usize| {
            member(body, name)
                .and_then(text_or_number)
                .map(|text| text.trim().to_owned())
                .filter(|text| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()))
        };
        Ok(YapeRequest {
            phone: digits("phoneNumber", PHONE_DIGITS)
                .ok_or_else(|| fault("E301", "invalid parameter phoneNumber"))?,
            code: digits("otp", CODE_DIGITS).ok_or_else(|| fault("E302", "invalid parameter otp"))?,
        })
    }
}

/// Fills `token` with the phone.
pub fn fill(token: &mut CardToken, request: &YapeRequest) {
    let due = token.date_due.in_zone(Site::MPE.time_zone()).date();
    token.payment_method_id = Some(METHOD.to_owned());
    token.first_six_digits = Some(BIN.to_owned());
    token.last_four_digits = Some(request.phone[PHONE_DIGITS - 4..].to_owned());
    token.card_number_length = PHONE_DIGITS;
    token.security_code_length = CODE_DIGITS;
    token.expiration_month = due.month().unsigned_abs();
    token.expiration_year = due.year().unsigned_abs();
    token.cardholder = Cardholder { name: Some(METHOD.to_owned()), ..Cardholder::default() };
}

/// The answer, whose members are not named as a card token's.
pub fn token_body(token: &CardToken, application_id: ApplicationId, part_ids: (&str, i64)) -> Value {
    let (card_number_id, security_code_id) = part_ids;
    json!({
        "id": token.id,
        "status": token.status,
        "live_mode": token.live_mode,
        "public_key": token.public_key,
        "site_id": Site::MPE.id(),
        "client_id": application_id,
        "card_id": null,
        "first_six_digits": token.first_six_digits,
        "bin": token.first_six_digits,
        "last_four_digits": token.last_four_digits,
        "card_number_length": token.card_number_length,
        "security_code_length": token.security_code_length,
        "expiration_month": token.expiration_month,
        "expiration_year": token.expiration_year,
        "cardholder": {
            "name": token.cardholder.name,
            "identification": {"number": null, "type": null, "subtype": null},
        },
        "luhn_validation": null,
        "require_esc": null,
        "cloned": false,
        "trust_level": "unknown",
        "version": 0,
        "card_number_id": card_number_id,
        "security_code_id": security_code_id,
        "card_present_id": null,
        "present": null,
        "creation_date": null,
        "due_date": null,
        "last_modified_date": null,
        "used_date": null,
        "product_id": null,
        "transaction_id": null,
        "trunc_card_number": null,
        "client_header": null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn phone_and_code_are_read_as_text_or_numbers() {
        let read = |text: &str, site| YapeRequest::from_json(&parse(text.as_bytes()).unwrap(), site);
        let request = read(r#"{"phoneNumber":111111112,"otp":"123456","requestId":"x"}"#, Site::MPE).unwrap();
        assert_eq!((request.phone.as_str(), request.code.as_str()), ("111111112", "123456"));
        assert_eq!(format!("{request:?}"), "YapeRequest", "neither is ever shown");
        for bad in [
            r#"[]"#,
            r#"{}"#,
            r#"{"phoneNumber":"11111111","otp":"123456"}"#,
            r#"{"phoneNumber":"111111111","otp":"12345a"}"#,
        ] {
            assert_eq!(read(bad, Site::MPE).unwrap_err().status, 400, "{bad}");
        }
        assert!(read(r#"{"phoneNumber":"111111111","otp":"123456"}"#, Site::MLB).is_err());
    }
}
