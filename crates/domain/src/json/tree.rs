//! A request's JSON as it was read.

use super::{NULL_CHARACTER, NUMBER_TOKEN, RAW_TOKEN, RESERVED_NAME};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// Up to this many members, an object's names are compared with each other; beyond, they are hashed. Objects of ordinary
/// bodies have fewer, and hashing their names would take a tenth of all that a card payment takes to be read.
const MOST_COMPARED: usize = 24;

/// JSON whose texts stand where they were read, if nothing in them was escaped. It is read once and then typed; what is
/// kept of it becomes a [`Value`].
#[derive(Clone, PartialEq)]
pub enum Json<'b> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, with its text.
    Number(Number),
    /// A text.
    String(Cow<'b, str>),
    /// An array.
    Array(Vec<Json<'b>>),
    /// An object.
    Object(Members<'b>),
}

/// The members of an object in their order, no name twice.
pub type Members<'b> = Vec<(Cow<'b, str>, Json<'b>)>;

/// Only its kind: there are card numbers in it.
impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a text",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        })
    }
}

impl<'b> Json<'b> {
    /// The member `name` of an object.
    pub fn get(&self, name: &str) -> Option<&Json<'b>> {
        let Json::Object(members) = self else { return None };
        members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Json::String(text) = self { Some(text) } else { None }
    }

    /// The number, if it is one.
    pub const fn as_number(&self) -> Option<&Number> {
        if let Json::Number(number) = self { Some(number) } else { None }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Json<'b>]> {
        if let Json::Array(elements) = self { Some(elements) } else { None }
    }

    /// The boolean, if it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        if let Json::Bool(value) = self { Some(*value) } else { None }
    }

    /// Whether it is `null`.
    pub const fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }

    /// Whether it is `true` or `false`.
    pub const fn is_boolean(&self) -> bool {
        matches!(self, Json::Bool(_))
    }

    /// Whether it is a number.
    pub const fn is_number(&self) -> bool {
        matches!(self, Json::Number(_))
    }

    /// Whether it is a text.
    pub const fn is_string(&self) -> bool {
        matches!(self, Json::String(_))
    }

    /// Whether it is an object.
    pub const fn is_object(&self) -> bool {
        matches!(self, Json::Object(_))
    }
}

/// As it is kept.
impl From<&Json<'_>> for Value {
    fn from(json: &Json<'_>) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => Value::Number(number.clone()),
            Json::String(text) => Value::String(text.as_ref().to_owned()),
            Json::Array(elements) => Value::Array(elements.iter().map(Value::from).collect()),
            Json::Object(members) => Value::Object(kept(members)),
        }
    }
}

/// An object's members as they are kept.
pub fn kept(members: &Members<'_>) -> Map<String, Value> {
    members.iter().map(|(name, value)| (name.as_ref().to_owned(), Value::from(value))).collect()
}

/// As if it had been read: for whoever makes a request without a body.
impl<'v> From<&'v Value> for Json<'v> {
    fn from(value: &'v Value) -> Json<'v> {
        match value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(number) => Json::Number(number.clone()),
            Value::String(text) => Json::String(Cow::Borrowed(text)),
            Value::Array(elements) => Json::Array(elements.iter().map(Json::from).collect()),
            Value::Object(members) => Json::Object(
                members
                    .iter()
                    .map(|(name, value)| (Cow::Borrowed(name.as_str()), Json::from(value)))
                    .collect(),
            ),
        }
    }
}

impl<'b> Deserialize<'b> for Json<'b> {
    fn deserialize<D: Deserializer<'b>>(deserializer: D) -> Result<Json<'b>, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'b> Visitor<'b> for JsonVisitor {
    type Value = Json<'b>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'b>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'b>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'b>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'b str) -> Result<Json<'b>, E> {
        without_null(Cow::Borrowed(text)).map(Json::String)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Json<'b>, E> {
        without_null(Cow::Owned(text.to_owned())).map(Json::String)
    }

    fn visit_unit<E>(self) -> Result<Json<'b>, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'b>>(self, mut seq: A) -> Result<Json<'b>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'b>>(self, mut map: A) -> Result<Json<'b>, A::Error> {
        let Some(Name(first)) = map.next_key()? else { return Ok(Json::Object(Vec::new())) };
        if first == NUMBER_TOKEN {
            // A number of arbitrary precision; a client that sends this name itself must send a number's text.
            let text: String = map.next_value()?;
            return text.parse().map(Json::Number).map_err(de::Error::custom);
        }
        if first == RAW_TOKEN {
            return Err(de::Error::custom(RESERVED_NAME));
        }
        let mut members: Members<'b> = Vec::with_capacity(8);
        members.push((first, map.next_value()?));
        let mut names = HashSet::new();
        while let Some(Name(name)) = map.next_key()? {
            let is_known = if members.len() <= MOST_COMPARED {
                members.iter().any(|(known, _)| *known == name)
            } else {
                if names.is_empty() {
                    names.extend(members.iter().map(|(known, _)| Cow::clone(known)));
                }
                !names.insert(name.clone())
            };
            if is_known {
                return Err(de::Error::custom("duplicate member"));
            }
            members.push((name, map.next_value()?));
        }
        Ok(Json::Object(members))
    }
}

/// A member's name.
struct Name<'b>(Cow<'b, str>);

impl<'b> Deserialize<'b> for Name<'b> {
    fn deserialize<D: Deserializer<'b>>(deserializer: D) -> Result<Name<'b>, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl<'b> Visitor<'b> for NameVisitor {
    type Value = Name<'b>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: de::Error>(self, name: &'b str) -> Result<Name<'b>, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Name<'b>, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}

fn without_null<E: de::Error>(text: Cow<'_, str>) -> Result<Cow<'_, str>, E> {
    if text.contains('\0') { Err(E::custom(NULL_CHARACTER)) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::super::{JsonFault, parse};
    use super::*;

    #[test]
    fn what_is_not_escaped_is_not_copied() {
        let Json::Object(members) = parse(br#"{"plain":"text","es\u0063aped":"line\n"}"#).unwrap() else {
            panic!("it is an object");
        };
        assert!(matches!(&members[0], (Cow::Borrowed("plain"), Json::String(Cow::Borrowed("text")))));
        let (name, value) = &members[1];
        assert_eq!((name.as_ref(), value.as_str()), ("escaped", Some("line\n")));
    }

    #[test]
    fn a_name_that_comes_twice_is_found_among_few_and_among_many() {
        for count in [2, MOST_COMPARED, MOST_COMPARED + 1, MOST_COMPARED + 2, 10_000] {
            for first in [0, count / 2, count - 1] {
                let names = (0..count).chain([first]).map(|name| format!(r#""{name}":1"#));
                let text = format!("{{{}}}", names.collect::<Vec<_>>().join(","));
                assert_eq!(parse(text.as_bytes()), Err(JsonFault::DuplicateMember), "{first} of {count}");
            }
            let names = (0..count).map(|name| format!(r#""{name}":1"#)).collect::<Vec<_>>().join(",");
            assert!(parse(format!("{{{names}}}").as_bytes()).is_ok(), "{count}");
        }
    }

    #[test]
    fn a_name_that_could_not_be_read_back_is_refused_and_a_number_stays_one() {
        let raw = r#"{"a":{"$serde_json::private::RawValue":"abc"}}"#;
        assert_eq!(parse(raw.as_bytes()), Err(JsonFault::ReservedName));
        let number = parse(br#"{"$serde_json::private::Number":"1.50"}"#).unwrap();
        assert_eq!(number.as_number().map(Number::as_str), Some("1.50"));
        // Where it does not come first it is a name like any other, for every reader.
        for name in [NUMBER_TOKEN, RAW_TOKEN] {
            let text = format!(r#"{{"a":1,"{name}":"abc"}}"#);
            let kept = Value::from(&parse(text.as_bytes()).unwrap());
            assert_eq!(serde_json::from_str::<Value>(&serde_json::to_string(&kept).unwrap()).unwrap(), kept);
        }
    }

    #[test]
    fn a_card_number_in_it_is_not_shown() {
        let json = parse(br#"{"card_number":"5031433215406351"}"#).unwrap();
        assert_eq!(format!("{json:?} {:?}", json.get("card_number")), "an object Some(a text)");
    }

    #[test]
    fn what_is_kept_of_it_is_what_was_read() {
        let text = r#"{"a":[1.50,-2,true,null,{"b":"c","d":{}}],"e":"\"\u00e9\""}"#;
        let json = parse(text.as_bytes()).unwrap();
        let kept = Value::from(&json);
        assert_eq!(kept, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(Json::from(&kept), json);
    }
}
