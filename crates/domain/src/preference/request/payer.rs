//! What the seller knows of the buyer: who it is, and what improves approval.

use super::fields::{date, invalid, object, text};
use super::{MAX_TEXT, Said, coded};
use crate::json::{Json, member, text_or_number};
use crate::payment::request::is_email;
use crate::preference::{AddressHint, DocumentHint, PayerHint, PhoneHint};
use crate::refusal::Refusal;
use crate::timestamp::Timestamp;
use jiff::civil::DateTime;

const PAYER: (&str, &str) = ("invalid_payer", "payer invalid. Wrong format");

/// Reads `payer`, under the reference's own names and under those that the guides of the trades have for the same.
///
/// # Errors
/// 400 `invalid_payer`.
pub(super) fn payer(value: Said<'_, '_>) -> Result<PayerHint, Refusal> {
    let Some(value) = object(value, PAYER)? else { return Ok(PayerHint::default()) };
    let said = |name: &str| text(member(value, name), MAX_TEXT, PAYER).map(Option::unwrap_or_default);
    let either = |name: &str, other: &str| match said(name)? {
        empty if empty.is_empty() => said(other),
        name => Ok(name),
    };
    let email = said("email")?.trim().to_lowercase();
    if !email.is_empty() && !is_email(&email) {
        return Err(invalid("invalid_payer", "payer.email invalid"));
    }
    let phone = object(member(value, "phone"), PAYER)?;
    let document = object(member(value, "identification"), PAYER)?;
    let address = object(member(value, "address"), PAYER)?;
    let of = |object: Said<'_, '_>, name: &str| {
        let value = object.and_then(|object| member(object, name));
        coded(value, PAYER)
    };
    let of_document = |name: &str, other: &str| match of(document, name)? {
        Some(code) if !code.is_empty() => Ok::<String, Refusal>(code),
        _ => Ok(of(document, other)?.unwrap_or_default()),
    };
    Ok(PayerHint {
        phone: PhoneHint {
            area_code: of(phone, "area_code")?.unwrap_or_default(),
            number: of(phone, "number")?.unwrap_or_default(),
        },
        address: AddressHint {
            zip_code: of(address, "zip_code")?.unwrap_or_default(),
            street_name: of(address, "street_name")?.unwrap_or_default(),
            street_number: of(address, "street_number")?.filter(|text| !text.is_empty()),
        },
        email,
        identification: DocumentHint {
            number: of_document("number", "identification_number")?,
            kind: of_document("type", "identification_type")?,
        },
        name: either("name", "first_name")?,
        surname: either("surname", "last_name")?,
        date_created: day(member(value, "date_created"))?,
        last_purchase: day(member(value, "last_purchase"))?,
        registration_date: day(member(value, "registration_date").or(member(value, "registration date")))?,
        authentication_type: text(member(value, "authentication_type"), MAX_TEXT, PAYER)?,
        is_prime_user: truth(member(value, "is_prime_user"), "payer.is_prime_user")?,
        is_first_purchase_online: truth(
            member(value, "is_first_purchase_online"),
            "payer.is_first_purchase_online",
        )?,
    })
}

/// A date-time with an offset; or one without, or a day, as shops keep them, which are taken at the offset that dates are
/// shown in.
fn day(value: Said<'_, '_>) -> Result<Option<Timestamp>, Refusal> {
    match date(value, ("invalid_payer", "payer dates are ISO 8601")) {
        Err(refusal) => value.and_then(Json::as_str).and_then(local_day).map(Some).ok_or(refusal),
        known => known,
    }
}

fn local_day(text: &str) -> Option<Timestamp> {
    const LONGEST: usize = 30;
    let at: DateTime = Some(text.trim()).filter(|text| text.len() <= LONGEST)?.parse().ok()?;
    Timestamp::parse(&format!("{at}-04:00"))
}

/// Whether something is so: shops also send `"1"`, `"true"` and the like.
fn truth(value: Said<'_, '_>, name: &str) -> Result<Option<bool>, Refusal> {
    let word = match value {
        None => return Ok(None),
        Some(Json::Bool(said)) => return Ok(Some(*said)),
        Some(other) => text_or_number(other).map(|word| word.trim().to_ascii_lowercase()),
    };
    match word.as_deref() {
        Some("") => Ok(None),
        Some("1" | "true") => Ok(Some(true)),
        Some("0" | "false") => Ok(Some(false)),
        _ => Err(Refusal::plain(400, format!("{name} must be a boolean"))),
    }
}
