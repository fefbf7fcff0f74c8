//! Card tokens: `POST|GET|PUT /v1/card_tokens`.
//!
//! What is read here holds a card number and a CVV for as long as the request lasts; [`TokenRequest`] does not show
//! them in `Debug`, and the [`CardToken`] that comes out never contains them.

use crate::catalogue::{CardSettings, NumberValidation, SecurityCodeMode};
use crate::documents;
use crate::identity::ApplicationId;
use crate::json::{Json, member, text_or_number};
use crate::payment::body::{Cardholder, Identification};
use crate::quality::marks::TokenChannel;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::timestamp::{DAY, MINUTE, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

mod stored;

/// A token can be used once within this time: `date_due` is creation and eight days, as every observed answer shows.
pub const TOKEN_LIFE: i64 = 8 * DAY;
/// How long a token that a wallet's page made of a saved card can be used: as long as somebody looks at the page that pays,
/// since the card may be taken out of the wallet meanwhile.
pub const WALLET_TOKEN_LIFE: i64 = 30 * MINUTE;

/// Where a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TokenStatus {
    /// May pay once.
    Active,
    /// Has paid.
    Used,
    /// Was not used in time.
    Expired,
}

/// A card token, as the API shows it; its `id` is added by whoever answers (it is not stored).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardToken {
    /// 32 hexadecimal digits.
    #[serde(default)]
    pub id: String,
    /// The public key that made it, or null.
    pub public_key: Option<String>,
    /// The saved card that it was made from.
    #[serde(default)]
    pub card_id: Option<String>,
    /// The method it pays with, where that is no card: `yape`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method_id: Option<String>,
    /// First six digits.
    pub first_six_digits: Option<String>,
    /// 1–12; 0 while unknown.
    pub expiration_month: u8,
    /// Four digits; 0 while unknown.
    pub expiration_year: u16,
    /// Last four digits.
    pub last_four_digits: Option<String>,
    /// Holder.
    pub cardholder: Cardholder,
    /// Where it stands.
    pub status: TokenStatus,
    /// Creation.
    pub date_created: Timestamp,
    /// Last change.
    pub date_last_updated: Timestamp,
    /// Until when it can be used.
    pub date_due: Timestamp,
    /// When it was used.
    pub date_used: Option<Timestamp>,
    /// Whether the number passes the Luhn check.
    pub luhn_validation: bool,
    /// `false` with test credentials.
    pub live_mode: bool,
    /// `false`
    pub require_esc: bool,
    /// Length of the number.
    pub card_number_length: usize,
    /// Length of the CVV; 0 without one.
    pub security_code_length: usize,
    /// The session of the device that made it, kept for the payment and never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub device_session: Option<String>,
    /// How the card came here, kept for the measurement of the integration's quality and never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub channel: Option<TokenChannel>,
    /// The application of the key that made it, kept for the measurement, too, and never shown; unknown of earlier tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub application_id: Option<ApplicationId>,
}

impl CardToken {
    /// The status at `now`: an active token expires without anybody's doing.
    pub fn status_at(&self, now: Timestamp) -> TokenStatus {
        if self.status == TokenStatus::Active && now >= self.date_due {
            TokenStatus::Expired
        } else {
            self.status
        }
    }

    /// Whether there is a card in it: a session's first token is empty.
    pub fn has_card(&self) -> bool {
        self.first_six_digits.is_some()
    }
}

/// What a client sends to make or complete a token. Absent is `None`; present and empty is `Some("")`.
#[derive(Default)]
pub struct TokenRequest {
    /// Digits, without spaces and dashes.
    pub card_number: Option<String>,
    /// As text.
    pub expiration_month: Option<String>,
    /// As text.
    pub expiration_year: Option<String>,
    /// Digits.
    pub security_code: Option<String>,
    /// Holder's name.
    pub cardholder_name: Option<String>,
    /// Whether `cardholder` was sent at all.
    pub has_cardholder: bool,
    /// Holder's document.
    pub identification: Identification,
    /// A saved card.
    pub card_id: Option<String>,
    /// Whose the saved card is said to be.
    pub customer_id: Option<String>,
    /// Whether an ESC is wanted.
    pub require_esc: bool,
    /// The device that sends it.
    pub device_session: Option<String>,
    /// How it came: known to whoever received the request.
    pub channel: Option<TokenChannel>,
}

/// `device`: a browser's session, or the first name that an app's maker gave its device.
fn device_session(device: &Json<'_>) -> Option<String> {
    let session = member(device, "meli").and_then(|meli| member(meli, "session_id"));
    let named = || {
        let ids = member(device, "fingerprint").and_then(|print| member(print, "vendor_ids"))?;
        ids.as_array()?.iter().find_map(|id| member(id, "value"))
    };
    let text = session.or_else(named).and_then(Json::as_str)?;
    (!text.is_empty()).then(|| text.chars().take(255).collect())
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest").field("card_id", &self.card_id).finish_non_exhaustive()
    }
}

impl Drop for TokenRequest {
    fn drop(&mut self) {
        // The strings are the only copies outside the vault. Overwriting through safe code: each is replaced by
        // zeros in place before its memory is given back.
        for secret in [&mut self.card_number, &mut self.security_code].into_iter().flatten() {
            let length = secret.len();
            secret.clear();
            secret.extend(std::iter::repeat_n('0', length));
            std::hint::black_box(secret.as_str());
        }
    }
}

/// The card of a request, checked.
#[derive(Debug, PartialEq, Eq)]
pub struct CheckedCard {
    /// 1–12.
    pub expiration_month: u8,
    /// Four digits.
    pub expiration_year: u16,
    /// Holder.
    pub cardholder: Cardholder,
    /// Whether the number passes the Luhn check.
    pub luhn_validation: bool,
}

impl TokenRequest {
    /// Reads the request. Unknown members are ignored: browsers send many.
    ///
    /// # Errors
    /// `E111` when it is no object.
    pub fn from_json(body: &Json<'_>) -> Result<TokenRequest, Refusal> {
        if !body.is_object() {
            return Err(fault("E111", "invalid json."));
        }
        // What is neither text nor number was sent all the same: no check lets its JSON through, but a CVV that is passed
        // over would make a token without one.
        let text = |name: &str| {
            member(body, name).map(|value| {
                text_or_number(value).unwrap_or_else(|| serde_json::Value::from(value).to_string())
            })
        };
        let cardholder = member(body, "cardholder");
        let identification = cardholder.and_then(|holder| member(holder, "identification"));
        let document = |name: &str| identification.and_then(|d| member(d, name)).and_then(text_or_number);
        Ok(TokenRequest {
            card_number: text("card_number")
                .map(|number| number.chars().filter(|c| !matches!(c, ' ' | '-')).collect()),
            expiration_month: text("expiration_month"),
            expiration_year: text("expiration_year"),
            security_code: text("security_code").filter(|code| !code.is_empty()),
            cardholder_name: cardholder.and_then(|holder| member(holder, "name")).and_then(text_or_number),
            has_cardholder: cardholder.is_some(),
            identification: Identification { kind: document("type"), number: document("number") },
            card_id: text("card_id").or_else(|| text("cardId")).filter(|id| !id.is_empty()),
            customer_id: text("customer_id").filter(|id| !id.is_empty()),
            require_esc: member(body, "require_esc").and_then(Json::as_bool).unwrap_or(false),
            device_session: member(body, "device").and_then(device_session),
            channel: None,
        })
    }

    /// Whether nothing of a card was sent: the start of a session whose token is completed later.
    pub fn is_empty(&self) -> bool {
        self.card_number.is_none() && self.card_id.is_none() && self.security_code.is_none()
    }

    /// Checks the card that was sent in full. `settings` are those of the method that the number belongs to, if any.
    ///
    /// # Errors
    /// The documented codes, each as one cause; all faults that were found.
    pub fn check(
        &self,
        site: Site,
        settings: Option<&CardSettings>,
        now: Timestamp,
    ) -> Result<CheckedCard, Refusal> {
        let mut faults: Vec<(&'static str, &'static str)> = Vec::new();
        let number = self.card_number.as_deref().unwrap_or_default();
        let luhn_validation = check_number(number, settings, &mut faults);
        let expiration = self.check_expiration(now, &mut faults);
        self.check_security_code(settings, &mut faults);
        let name = self.cardholder_name.as_deref().map(str::trim).unwrap_or_default();
        if name.is_empty() {
            faults.push(("221", "parameter cardholderName can not be null/empty"));
        } else if name.chars().count() > 128
            || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '.' | '\'' | '-' | '’'))
        {
            faults.push(("316", "invalid parameter cardholderName"));
        }
        self.check_document(site, &mut faults);
        match (faults.is_empty(), expiration) {
            (true, Some((expiration_month, expiration_year))) => Ok(CheckedCard {
                expiration_month,
                expiration_year,
                cardholder: Cardholder {
                    name: Some(name.to_owned()),
                    identification: self.identification.clone(),
                },
                luhn_validation,
            }),
            _ => Err(faults_refusal(&faults)),
        }
    }

    /// The expiry that was sent, if it is a month that is not over.
    pub fn check_expiration(
        &self,
        now: Timestamp,
        faults: &mut Vec<(&'static str, &'static str)>,
    ) -> Option<(u8, u16)> {
        let month_text = self.expiration_month.as_deref().unwrap_or_default().trim();
        let year_text = self.expiration_year.as_deref().unwrap_or_default().trim();
        if month_text.is_empty() {
            faults.push(("208", "parameter cardExpirationMonth can not be null/empty"));
        }
        if year_text.is_empty() {
            faults.push(("209", "parameter cardExpirationYear can not be null/empty"));
        }
        if month_text.is_empty() || year_text.is_empty() {
            return None;
        }
        let today = now.in_zone(Site::MLB.time_zone()).date();
        let this_year = u16::try_from(today.year()).unwrap_or(u16::MAX);
        let year = year_text.parse::<u16>().ok().map(|y| if y < 100 { 2000 + y } else { y });
        let year = year.filter(|y| (this_year..=this_year + 99).contains(y));
        if year.is_none() {
            faults.push(("326", "invalid parameter cardExpirationYear"));
        }
        let month = month_text.parse::<u8>().ok().filter(|m| (1..=12).contains(m));
        let is_past =
            year == Some(this_year) && month.is_some_and(|m| i64::from(m) < i64::from(today.month()));
        if month.is_none() || is_past {
            faults.push(("325", "invalid parameter cardExpirationMonth"));
            return None;
        }
        Some((month?, year?))
    }

    fn check_security_code(
        &self,
        settings: Option<&CardSettings>,
        faults: &mut Vec<(&'static str, &'static str)>,
    ) {
        let Some(code) = &self.security_code else { return };
        let right_length = match settings {
            Some(settings) => {
                code.len() == settings.security_code_length
                    || (settings.security_code_length == 0
                        && matches!(settings.security_code_mode, SecurityCodeMode::Optional))
            }
            None => (3..=4).contains(&code.len()),
        };
        if !right_length || !code.bytes().all(|b| b.is_ascii_digit()) {
            faults.push(("E302", "invalid parameter securityCode"));
        }
    }

    fn check_document(&self, site: Site, faults: &mut Vec<(&'static str, &'static str)>) {
        let kind = self.identification.kind.as_deref().filter(|t| !t.is_empty());
        let number = self.identification.number.as_deref().filter(|n| !n.is_empty());
        match (kind, number) {
            (None, None) => {}
            (None, Some(_)) => faults.push(("212", "parameter docType can not be null/empty")),
            (Some(_), None) => faults.push(("214", "parameter docNumber can not be null/empty")),
            (Some(kind), Some(number)) => match documents::check(site, kind, number) {
                Ok(_) => {}
                Err(documents::DocumentFault::UnknownType) => {
                    faults.push(("322", "invalid parameter docType"))
                }
                Err(documents::DocumentFault::Length | documents::DocumentFault::Characters) => {
                    faults.push(("324", "invalid parameter docNumber"));
                }
                // The token does not know who pays: check digits are the payment's business (2067).
                Err(documents::DocumentFault::CheckDigits) => {}
            },
        }
    }
}

fn check_number(
    number: &str,
    settings: Option<&CardSettings>,
    faults: &mut Vec<(&'static str, &'static str)>,
) -> bool {
    if number.is_empty() {
        faults.push(("205", "parameter cardNumber can not be null/empty"));
        return false;
    }
    let is_digits = (8..=19).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    let luhn = is_digits && passes_luhn(number);
    let fits = settings.is_none_or(|settings| {
        number.len() == settings.number_length
            && (luhn || matches!(settings.number_validation, NumberValidation::None))
    });
    if !is_digits || !fits {
        faults.push(("E301", "invalid parameter cardNumber"));
    }
    luhn
}

/// ISO/IEC 7812: every second digit from the right doubled, digits summed, a multiple of ten.
pub fn passes_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            match index % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// One documented fault of a token request.
pub fn fault(code: &'static str, description: &'static str) -> Refusal {
    Refusal::texted(400, "invalid parameters", code, description)
}

/// All faults of a token request, in the order of the form.
pub fn faults_refusal(faults: &[(&'static str, &'static str)]) -> Refusal {
    let mut refusal = Refusal::plain(400, "invalid parameters");
    refusal.causes = faults
        .iter()
        .map(|&(code, description)| crate::refusal::Cause {
            code: crate::refusal::Code::Text(code),
            description: description.to_owned(),
        })
        .collect();
    refusal
}

/// 404 E502: no such token for this caller.
pub fn not_found() -> Refusal {
    Refusal::texted(404, "not found cardtoken", "E502", "not found cardtoken.")
}

#[cfg(test)]
mod tests;
