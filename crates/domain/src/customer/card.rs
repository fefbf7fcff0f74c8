//! Saved cards: what is kept of a card that a customer pays with again.
//!
//! The number itself is the vault's; what is here may be shown. A security code is never kept: each payment by a saved
//! card needs a fresh token, which a browser makes from the card's id and the code.

use super::fault;
use crate::catalogue::{PaymentMethod, SiteCatalogue};
use crate::json::{Json, member, text_or_number};
use crate::payment::body::{Cardholder, Identification};
use crate::refusal::Refusal;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest holder's name.
const MAX_NAME: usize = 128;
/// The longest document, token or other code.
const MAX_CODE: usize = 64;

/// A saved card, as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SavedCard {
    /// Digits, as text.
    #[schema(example = "9267060453")]
    pub id: String,
    /// Whose it is.
    pub customer_id: String,
    /// The customer's user id: text here, a number in the customer.
    pub user_id: String,
    /// 1–12.
    pub expiration_month: u8,
    /// Four digits.
    pub expiration_year: u16,
    /// First six digits.
    pub first_six_digits: String,
    /// Last four digits.
    pub last_four_digits: String,
    /// What it pays with.
    pub payment_method: CardMethod,
    /// Where its security code is, and how long.
    pub security_code: SecurityCodePlace,
    /// Who issued it.
    pub issuer: CardIssuer,
    /// Holder.
    pub cardholder: Cardholder,
    /// When it was saved.
    pub date_created: Timestamp,
    /// Last change.
    pub date_last_updated: Timestamp,
    /// `false` with test credentials.
    pub live_mode: bool,
    /// Always null here.
    pub card_number_id: Option<String>,
}

/// The method of a saved card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardMethod {
    /// `visa`, `debmaster`, …
    pub id: String,
    /// Its name.
    pub name: String,
    /// `credit_card`, `debit_card`, …
    pub payment_type_id: String,
    /// Address of the logo.
    pub thumbnail: String,
    /// Address of the logo.
    pub secure_thumbnail: String,
}

/// Where a card's security code is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecurityCodePlace {
    /// Digits; 0 where the card has none.
    pub length: usize,
    /// `front` where it has four, else `back`.
    pub card_location: String,
}

/// The issuer of a saved card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardIssuer {
    /// A number here.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// What a browser may see of a saved card by a public key, the customer's id and the card's: what a buyer needs to
/// recognise it, and what a form needs to ask for its code and its price in instalments. Neither holder nor document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CardGlance {
    /// Digits, as text.
    pub id: String,
    /// First six digits.
    pub first_six_digits: String,
    /// Last four digits.
    pub last_four_digits: String,
    /// What it pays with.
    pub payment_method: CardMethod,
    /// Where its security code is, and how long.
    pub security_code: SecurityCodePlace,
    /// Who issued it.
    pub issuer: CardIssuer,
}

impl From<&SavedCard> for CardGlance {
    fn from(card: &SavedCard) -> CardGlance {
        CardGlance {
            id: card.id.clone(),
            first_six_digits: card.first_six_digits.clone(),
            last_four_digits: card.last_four_digits.clone(),
            payment_method: card.payment_method.clone(),
            security_code: card.security_code.clone(),
            issuer: card.issuer.clone(),
        }
    }
}

/// `POST …/cards`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveCardRequest {
    /// The token of the card.
    pub token: String,
    /// A hint; the number decides.
    pub payment_method_id: Option<String>,
    /// A hint.
    pub issuer_id: Option<i64>,
}

impl SaveCardRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// 118 when it is no object, 119 without a token, 121 with one that can't be any.
    pub fn from_json(body: &Json<'_>) -> Result<SaveCardRequest, Refusal> {
        if !body.is_object() {
            return Err(fault("118", "the body must be a Json Object"));
        }
        let nested = |name: &str| member(body, name).and_then(|inner| member(inner, "id"));
        let issuer = member(body, "issuer_id").or_else(|| nested("issuer"));
        let method = member(body, "payment_method_id").or_else(|| nested("payment_method"));
        Ok(SaveCardRequest {
            token: token(body)?.ok_or_else(|| fault("119", "the card is required"))?,
            payment_method_id: method.and_then(text_or_number),
            issuer_id: issuer.and_then(text_or_number).and_then(|id| id.trim().parse().ok()),
        })
    }
}

/// `PUT …/cards/{id}`: what is `None` was not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeCardRequest {
    /// A token whose card takes the place of this one's data.
    pub token: Option<String>,
    expiration_month: Option<u8>,
    expiration_year: Option<u16>,
    name: Option<String>,
    identification: Identification,
}

impl ChangeCardRequest {
    /// Reads a request. Cards of the past are taken: whether one still pays is its issuer's business.
    ///
    /// # Errors
    /// 118 when it is no object, 122 for what is no month, year or holder.
    pub fn from_json(body: &Json<'_>) -> Result<ChangeCardRequest, Refusal> {
        if !body.is_object() {
            return Err(fault("118", "the body must be a Json Object"));
        }
        let invalid = || fault("122", "the card data is invalid");
        let number = |name: &str, range: std::ops::RangeInclusive<u16>| {
            let Some(value) = member(body, name) else { return Ok(None) };
            let text = text_or_number(value).ok_or_else(invalid)?;
            let number = text.trim().parse::<u16>().ok().filter(|number| range.contains(number));
            number.ok_or_else(invalid).map(Some)
        };
        let holder = match member(body, "cardholder") {
            Some(holder) if !holder.is_object() => return Err(invalid()),
            holder => holder,
        };
        let text = |object: Option<&Json<'_>>, name: &str, longest: usize| {
            let Some(value) = object.and_then(|object| member(object, name)) else { return Ok(None) };
            let text = text_or_number(value).map(|text| text.trim().to_owned());
            let text = text.filter(|text| !text.is_empty() && text.chars().count() <= longest);
            text.ok_or_else(invalid).map(Some)
        };
        let document = holder.and_then(|holder| member(holder, "identification"));
        Ok(ChangeCardRequest {
            token: token(body)?,
            // A month fits.
            expiration_month: number("expiration_month", 1..=12)?.map(|month| month as u8),
            expiration_year: number("expiration_year", 2000..=2199)?,
            name: text(holder, "name", MAX_NAME)?,
            identification: Identification {
                kind: text(document, "type", MAX_CODE)?,
                number: text(document, "number", MAX_CODE)?,
            },
        })
    }

    /// Puts what was said into `card`, which keeps the rest.
    pub fn apply(&self, card: &mut SavedCard, now: Timestamp) {
        card.expiration_month = self.expiration_month.unwrap_or(card.expiration_month);
        card.expiration_year = self.expiration_year.unwrap_or(card.expiration_year);
        let holder = &mut card.cardholder;
        for (known, said) in [
            (&mut holder.name, &self.name),
            (&mut holder.identification.kind, &self.identification.kind),
            (&mut holder.identification.number, &self.identification.number),
        ] {
            if said.is_some() {
                known.clone_from(said);
            }
        }
        card.date_last_updated = now;
    }
}

fn token(body: &Json<'_>) -> Result<Option<String>, Refusal> {
    match member(body, "token") {
        None => Ok(None),
        Some(Json::String(token)) if token.is_empty() => Ok(None),
        Some(Json::String(token)) if token.len() <= MAX_CODE => Ok(Some(token.to_string())),
        Some(_) => Err(fault("121", "the card is invalid")),
    }
}

/// The method and issuer that `catalogue` has for a card whose number begins with `bin`, with what they say of it.
///
/// # Errors
/// 127 when no method of the site has such cards.
pub fn face(
    catalogue: &SiteCatalogue,
    bin: &str,
    request: &SaveCardRequest,
    logo_base: &str,
) -> Result<(CardMethod, SecurityCodePlace, CardIssuer), Refusal> {
    let unresolved = || {
        fault("127", "Cannot resolve the payment method of card, check the payment_method_id and issuer_id")
    };
    let candidates: Vec<&PaymentMethod> =
        catalogue.resolve_bin(bin).into_iter().filter(|method| method.is_offered()).collect();
    let named = request.payment_method_id.as_deref();
    let method = candidates.iter().find(|method| Some(method.id.as_str()) == named).or(candidates.first());
    let method = *method.ok_or_else(unresolved)?;
    let named = request.issuer_id.and_then(|id| {
        catalogue.issuers().iter().find(|issuer| issuer.id == id && issuer.issues(&method.id))
    });
    let issuer = named.or_else(|| catalogue.issuer_for(&method.id, bin)).ok_or_else(unresolved)?;
    let settings = catalogue.settings_for(method, bin).or_else(|| method.settings.first());
    let length = settings.map_or(3, |settings| settings.security_code_length);
    let logo = format!("{}/{}", logo_base.trim_end_matches('/'), method.logo);
    Ok((
        CardMethod {
            id: method.id.clone(),
            name: method.name.clone(),
            payment_type_id: method.payment_type.id().to_owned(),
            thumbnail: logo.clone(),
            secure_thumbnail: logo,
        },
        SecurityCodePlace { length, card_location: if length == 4 { "front" } else { "back" }.to_owned() },
        CardIssuer { id: issuer.id, name: issuer.name.clone() },
    ))
}
