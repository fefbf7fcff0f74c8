//! Reading one field of a preference: its kind, its length, and the words for what is wrong with it.

use crate::json::Json;
use crate::money::{Amount, Currency, Money};
use crate::refusal::Refusal;
use crate::timestamp::Timestamp;

/// The word and the sentence for what is wrong.
pub(super) type Wrong<'a> = (&'static str, &'a str);

/// 400 under `word`.
pub(super) fn invalid(word: &'static str, message: &str) -> Refusal {
    Refusal::keyed(400, word, message)
}

fn refused(wrong: Wrong<'_>) -> Refusal {
    invalid(wrong.0, wrong.1)
}

/// A text of at most `longest` characters.
pub(super) fn text(
    value: Option<&Json<'_>>,
    longest: usize,
    wrong: Wrong<'_>,
) -> Result<Option<String>, Refusal> {
    match value {
        None => Ok(None),
        Some(Json::String(text)) if text.chars().count() <= longest => Ok(Some(text.to_string())),
        Some(_) => Err(refused(wrong)),
    }
}

/// One of a few words; an empty one is none.
pub(super) fn word(
    value: Option<&Json<'_>>,
    known: &[&str],
    wrong: Wrong<'_>,
) -> Result<Option<String>, Refusal> {
    match value.map(Json::as_str) {
        None | Some(Some("")) => Ok(None),
        Some(Some(word)) if known.contains(&word) => Ok(Some(word.to_owned())),
        Some(_) => Err(refused(wrong)),
    }
}

/// `true` or `false`; `name` stands in the words for anything else.
pub(super) fn boolean(value: Option<&Json<'_>>, name: &str) -> Result<Option<bool>, Refusal> {
    match value {
        None => Ok(None),
        Some(Json::Bool(said)) => Ok(Some(*said)),
        Some(_) => Err(Refusal::plain(400, format!("{name} must be a boolean"))),
    }
}

/// A date-time with an offset; an empty text is none.
pub(super) fn date(value: Option<&Json<'_>>, wrong: Wrong<'_>) -> Result<Option<Timestamp>, Refusal> {
    match value.map(Json::as_str) {
        None | Some(Some("")) => Ok(None),
        Some(text) => text.and_then(Timestamp::parse).map(Some).ok_or_else(|| refused(wrong)),
    }
}

/// A number that is an amount of `currency`.
pub(super) fn amount(value: Option<&Json<'_>>, currency: Currency) -> Result<Option<Amount>, ()> {
    match value {
        None => Ok(None),
        Some(Json::Number(number)) => Money::from_decimal_text(number.as_str(), currency)
            .map(|money| Some(Amount::from(money)))
            .map_err(|_| ()),
        Some(_) => Err(()),
    }
}

/// An object.
pub(super) fn object<'v, 'b>(
    value: Option<&'v Json<'b>>,
    wrong: Wrong<'_>,
) -> Result<Option<&'v Json<'b>>, Refusal> {
    match value {
        None => Ok(None),
        Some(value) if value.is_object() => Ok(Some(value)),
        Some(_) => Err(refused(wrong)),
    }
}

/// A list of at most `most` entries.
pub(super) fn list<'v, 'b>(
    value: Option<&'v Json<'b>>,
    most: usize,
    wrong: Wrong<'_>,
) -> Result<Option<&'v [Json<'b>]>, Refusal> {
    match value.map(Json::as_array) {
        None => Ok(None),
        Some(Some(entries)) if entries.len() <= most => Ok(Some(entries)),
        Some(_) => Err(refused(wrong)),
    }
}
