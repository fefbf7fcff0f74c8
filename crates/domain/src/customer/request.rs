//! What clients send of a customer: `POST /v1/customers`, `PUT /v1/customers/{id}`.

use super::{Address, Customer, CustomerAddress, CustomerPhone, Named, fault};
use crate::identity::Mode;
use crate::json::{Json, member, text_or_number};
use crate::payment::body::Identification;
use crate::payment::create::TEST_EMAIL_DOMAIN;
use crate::payment::request::{MAX_EMAIL, is_email};
use crate::refusal::Refusal;
use crate::timestamp::Timestamp;
use serde_json::Value;

/// The longest name, street, city or label.
pub const MAX_TEXT: usize = 255;
/// The longest `description`.
pub const MAX_DESCRIPTION: usize = 1_000;
/// The longest `metadata`, as JSON.
pub const MAX_METADATA: usize = 32 * 1024;
/// The longest code of an area, postal code, type or number of a document.
const MAX_CODE: usize = 64;

/// A customer as sent: what is `None` was not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerRequest {
    /// Lower-case e-mail.
    pub email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    phone: CustomerPhone,
    identification: Identification,
    address: CustomerAddress,
    date_registered: Option<String>,
    description: Option<String>,
    metadata: Option<Value>,
    default_card: Option<String>,
    default_address: Option<String>,
}

impl CustomerRequest {
    /// Reads a request. Unknown members are ignored, as every SDK's samples expect; `null` is the same as absent.
    ///
    /// # Errors
    /// 103 to 118: the documented code of the member that is wrong; 104 for one that is too long.
    pub fn from_json(body: &Json<'_>) -> Result<CustomerRequest, Refusal> {
        if !body.is_object() {
            return Err(fault("118", "the body must be a Json Object"));
        }
        let phone = object(body, "phone")?;
        let identification = object(body, "identification")?;
        let address = object(body, "address")?;
        Ok(CustomerRequest {
            email: email(body)?,
            first_name: text(body, "first_name", MAX_TEXT, ("107", "the first_name is invalid"))?,
            last_name: text(body, "last_name", MAX_TEXT, ("108", "the last_name is invalid"))?,
            phone: CustomerPhone {
                area_code: code_in(phone, "area_code", ("109", "the phone.area_code is invalid"))?,
                number: code_in(phone, "number", ("110", "the phone.number is invalid"))?,
            },
            identification: Identification {
                kind: text_in(
                    identification,
                    "type",
                    MAX_CODE,
                    ("111", "the identification.type is invalid"),
                )?,
                number: code_in(identification, "number", ("112", "the identification.number is invalid"))?,
            },
            address: CustomerAddress {
                id: code_in(address, "id", INVALID)?,
                zip_code: code_in(address, "zip_code", ("113", "the address.zip_code is invalid"))?,
                street_name: text_in(
                    address,
                    "street_name",
                    MAX_TEXT,
                    ("114", "the address.street_name is invalid"),
                )?,
                street_number: street_number(address)?,
                city: city(address)?,
            },
            date_registered: date_registered(body)?,
            description: text(body, "description", MAX_DESCRIPTION, ("116", "the description is invalid"))?,
            metadata: metadata(body)?,
            default_card: text_or_id(body, "default_card", ("121", "the card is invalid"))?,
            default_address: text_or_id(body, "default_address", INVALID)?,
        })
    }

    /// The e-mail of a customer that is to be made.
    ///
    /// # Errors
    /// 106 without one; 128 when it is no test user's in test mode, 150 when it is one's in live mode.
    pub fn required_email(&self, mode: Mode) -> Result<&str, Refusal> {
        let email = self.email.as_deref().ok_or_else(|| fault("106", "the email format is invalid"))?;
        match (mode, email.ends_with(TEST_EMAIL_DOMAIN)) {
            (Mode::Test, false) => {
                Err(fault("128", "the email format is invalid. Use 'test_payer_[0-9]{1,10}@testuser.com'"))
            }
            (Mode::Live, true) => Err(fault("150", "invalid users involved")),
            _ => Ok(email),
        }
    }

    /// Puts what was said into `customer`, which keeps the rest. `is_new` customers have no card yet, so the default that
    /// they name is no card; SDKs send the word `None`.
    ///
    /// # Errors
    /// 126 for another e-mail; 120 for a default card that is not the customer's.
    pub fn apply(
        &self,
        customer: &mut Customer,
        is_new: bool,
        address_id: impl FnOnce() -> i64,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if self.email.as_ref().is_some_and(|email| *email != customer.email) {
            return Err(fault("126", "You cannot update the email"));
        }
        if let Some(card) = self.default_card.as_ref().filter(|_| !is_new) {
            if !customer.cards.iter().any(|known| known.id == *card) {
                return Err(fault("120", "card not found"));
            }
            customer.default_card = Some(card.clone());
        }
        replace(&mut customer.first_name, self.first_name.as_ref());
        replace(&mut customer.last_name, self.last_name.as_ref());
        replace(&mut customer.phone.area_code, self.phone.area_code.as_ref());
        replace(&mut customer.phone.number, self.phone.number.as_ref());
        replace(&mut customer.identification.kind, self.identification.kind.as_ref());
        replace(&mut customer.identification.number, self.identification.number.as_ref());
        replace(&mut customer.date_registered, self.date_registered.as_ref());
        replace(&mut customer.description, self.description.as_ref());
        if let Some(metadata) = &self.metadata {
            customer.metadata = metadata.clone();
        }
        self.apply_address(customer, address_id, now);
        replace(&mut customer.default_address, self.default_address.as_ref());
        customer.date_last_updated = now;
        Ok(())
    }

    /// The address that is sent is the customer's first one, and has an entry in `addresses`.
    fn apply_address(&self, customer: &mut Customer, new_id: impl FnOnce() -> i64, now: Timestamp) {
        let address = &mut customer.address;
        replace(&mut address.id, self.address.id.as_ref());
        replace(&mut address.zip_code, self.address.zip_code.as_ref());
        replace(&mut address.street_name, self.address.street_name.as_ref());
        replace(&mut address.street_number, self.address.street_number.as_ref());
        replace(&mut address.city, self.address.city.as_ref());
        if !address.is_known() {
            return;
        }
        let id = address.id.get_or_insert_with(|| new_id().to_string()).clone();
        let made = customer.addresses.first().map(|entry| entry.date_created);
        let entry = Address {
            id: id.clone(),
            city: address.city.clone().unwrap_or_default(),
            date_created: made.unwrap_or(now),
            date_last_updated: made.map(|_| now),
            street_name: address.street_name.clone(),
            street_number: address.street_number,
            zip_code: address.zip_code.clone(),
            ..Address::default()
        };
        match customer.addresses.first_mut() {
            Some(first) => *first = entry,
            None => customer.addresses.push(entry),
        }
        customer.default_address.get_or_insert(id);
    }
}

/// What is said of a fault that has no code of its own.
const INVALID: (&str, &str) = ("125", "invalid parameters");

type Fault = (&'static str, &'static str);

fn refused((code, description): Fault) -> Refusal {
    fault(code, description)
}

fn too_long() -> Refusal {
    fault("104", "parameter length is too large")
}

fn replace<T: Clone>(known: &mut Option<T>, said: Option<&T>) {
    if let Some(said) = said {
        *known = Some(said.clone());
    }
}

fn object<'v, 'b>(body: &'v Json<'b>, name: &str) -> Result<Option<&'v Json<'b>>, Refusal> {
    match member(body, name) {
        None => Ok(None),
        Some(value) if value.is_object() => Ok(Some(value)),
        Some(_) => Err(fault("103", "parameter must be an object")),
    }
}

fn bounded(text: String, longest: usize) -> Result<String, Refusal> {
    if text.chars().count() > longest { Err(too_long()) } else { Ok(text) }
}

fn text(body: &Json<'_>, name: &str, longest: usize, wrong: Fault) -> Result<Option<String>, Refusal> {
    match member(body, name) {
        None => Ok(None),
        Some(Json::String(text)) => bounded(text.to_string(), longest).map(Some),
        Some(_) => Err(refused(wrong)),
    }
}

fn text_in(
    object: Option<&Json<'_>>,
    name: &str,
    longest: usize,
    wrong: Fault,
) -> Result<Option<String>, Refusal> {
    object.map_or(Ok(None), |object| text(object, name, longest, wrong))
}

/// A code that some clients send as a number.
fn code_in(object: Option<&Json<'_>>, name: &str, wrong: Fault) -> Result<Option<String>, Refusal> {
    let Some(value) = object.and_then(|object| member(object, name)) else { return Ok(None) };
    let code = text_or_number(value).ok_or_else(|| refused(wrong))?;
    bounded(code, MAX_CODE).map(Some)
}

fn text_or_id(body: &Json<'_>, name: &str, wrong: Fault) -> Result<Option<String>, Refusal> {
    let Some(value) = member(body, name) else { return Ok(None) };
    let text = text_or_number(value).ok_or_else(|| refused(wrong))?;
    bounded(text, MAX_TEXT).map(Some)
}

fn email(body: &Json<'_>) -> Result<Option<String>, Refusal> {
    let invalid = || fault("106", "the email format is invalid");
    match member(body, "email") {
        None => Ok(None),
        Some(Json::String(email)) if email.len() > MAX_EMAIL => Err(too_long()),
        Some(Json::String(email)) if is_email(email) => Ok(Some(email.to_lowercase())),
        Some(_) => Err(invalid()),
    }
}

/// A number in the body; some clients send its text, which need not be one ("S/N").
fn street_number(address: Option<&Json<'_>>) -> Result<Option<i64>, Refusal> {
    let Some(value) = address.and_then(|address| member(address, "street_number")) else { return Ok(None) };
    let text = text_or_number(value).ok_or_else(|| refused(INVALID))?;
    match text.trim().parse::<i64>() {
        Ok(number) => Ok(Some(number)),
        Err(_) if value.is_string() => Ok(None),
        Err(_) => Err(refused(INVALID)),
    }
}

fn city(address: Option<&Json<'_>>) -> Result<Option<Named>, Refusal> {
    let Some(city) = address.map_or(Ok(None), |address| object(address, "city"))? else { return Ok(None) };
    let named =
        Named { id: code_in(Some(city), "id", INVALID)?, name: text(city, "name", MAX_TEXT, INVALID)? };
    Ok((named != Named::default()).then_some(named))
}

/// Kept as it was sent, once it is a date.
fn date_registered(body: &Json<'_>) -> Result<Option<String>, Refusal> {
    let invalid = || fault("115", "the date_registered format is invalid");
    match member(body, "date_registered") {
        None => Ok(None),
        Some(Json::String(text)) if text.is_empty() => Ok(None),
        Some(Json::String(text)) => {
            let is_day = text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
            let is_date = is_day || text.len() <= 40 && text.parse::<jiff::civil::DateTime>().is_ok();
            if is_date || Timestamp::parse(text).is_some() {
                Ok(Some(text.to_string()))
            } else {
                Err(invalid())
            }
        }
        Some(_) => Err(invalid()),
    }
}

fn metadata(body: &Json<'_>) -> Result<Option<Value>, Refusal> {
    match member(body, "metadata") {
        None => Ok(None),
        Some(value @ Json::Object(_)) => {
            let metadata = Value::from(value);
            if metadata.to_string().len() <= MAX_METADATA { Ok(Some(metadata)) } else { Err(too_long()) }
        }
        Some(_) => Err(fault("117", "the metadata is invalid")),
    }
}
