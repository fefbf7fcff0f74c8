//! Reading JSON from outside: exact, bounded, and strict about what would be dangerous to guess. And writing it.
//!
//! Numbers keep their text (no `f64`), an object with the same member twice is refused (two parsers could act on
//! different ones), and depth is bounded before anything recurses.

mod text;
mod tree;
mod writer;

pub use text::JsonText;
pub(crate) use text::Writing;
pub use tree::{Json, Members, kept};
pub use writer::to_vec;

/// Deepest nesting that is read: bodies of the API go 7 deep.
pub const MAX_DEPTH: usize = 32;

/// The member name under which serde_json hands an arbitrary-precision number to a visitor.
const NUMBER_TOKEN: &str = "$serde_json::private::Number";

/// The same for JSON that is written already. A client has no use for this name, and what has it could not be read back.
const RAW_TOKEN: &str = "$serde_json::private::RawValue";

/// What the visitor says of a text with U+0000 in it.
const NULL_CHARACTER: &str = "U+0000";

/// What it says of an object whose first member has a name that is not a client's to give.
const RESERVED_NAME: &str = "reserved name";

/// Why bytes are not acceptable JSON; the text is safe to show (it never repeats the input).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// Not JSON (or not UTF-8) at all.
    #[error("the body is not valid JSON (line {line}, column {column})")]
    Malformed {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("the body is nested too deeply")]
    TooDeep,
    /// One object names the same member twice.
    #[error("the body names the same member twice")]
    DuplicateMember,
    /// An object begins with a name that is kept for the reader itself.
    #[error("the body names a member that is reserved")]
    ReservedName,
    /// A text holds the character U+0000, which databases can't keep in a text.
    #[error("the body holds the character U+0000")]
    NullCharacter,
}

/// Reads a whole JSON text.
pub fn parse(bytes: &[u8]) -> Result<Json<'_>, JsonFault> {
    // With so few brackets nothing is nested deeper: all that an ordinary body pays is their count, which the processor
    // takes sixteen bytes at a time. Following the strings would cost 14,000 instructions for a card payment.
    if brackets(bytes) > MAX_DEPTH {
        check_depth(bytes)?;
    }
    let read = match std::str::from_utf8(bytes) {
        // Whole at once: text by text takes five times as long.
        Ok(text) => serde_json::from_str(text),
        // Read for the place where it is wrong.
        Err(_) => serde_json::from_slice(bytes),
    };
    match read {
        Ok(json) => Ok(json),
        Err(error) if error.is_data() && error.to_string().starts_with(NULL_CHARACTER) => {
            Err(JsonFault::NullCharacter)
        }
        Err(error) if error.is_data() && error.to_string().starts_with(RESERVED_NAME) => {
            Err(JsonFault::ReservedName)
        }
        Err(error) if error.is_data() => Err(JsonFault::DuplicateMember),
        Err(error) => Err(JsonFault::Malformed { line: error.line(), column: error.column() }),
    }
}

/// How many opening brackets there are, in strings too.
fn brackets(bytes: &[u8]) -> usize {
    let count =
        |part: &[u8]| part.iter().map(|&byte| u8::from(byte == b'{') + u8::from(byte == b'[')).sum::<u8>();
    // A part of 255 bytes can't have more than fit into one.
    bytes.chunks(255).map(|part| usize::from(count(part))).sum()
}

/// Counts brackets outside strings: one pass, no recursion.
fn check_depth(bytes: &[u8]) -> Result<(), JsonFault> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for &byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(JsonFault::TooDeep);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// The members that a request body may have, so that a misspelt one is refused by name.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Anything.
    Any,
    /// An object of exactly these members (each optional).
    Object(&'static [(&'static str, Shape)]),
    /// An array of such elements.
    Array(&'static Shape),
}

/// The path of the first member that `shape` does not know, as `additional_info.payer.test`.
pub fn unknown_member(value: &Json<'_>, shape: &Shape) -> Option<String> {
    match (shape, value) {
        (Shape::Object(known), Json::Object(members)) => members.iter().find_map(|(name, inner)| match known
            .iter()
            .find(|(known_name, _)| known_name == name)
        {
            None => Some(name.as_ref().to_owned()),
            Some((_, inner_shape)) => unknown_member(inner, inner_shape).map(|path| format!("{name}.{path}")),
        }),
        (Shape::Array(element), Json::Array(items)) => {
            items.iter().find_map(|item| unknown_member(item, element))
        }
        _ => None,
    }
}

/// The member `name`, with `null` treated as absent, as every SDK's samples expect.
pub fn member<'v, 'b>(value: &'v Json<'b>, name: &str) -> Option<&'v Json<'b>> {
    value.get(name).filter(|v| !v.is_null())
}

/// A string member; a number is taken by its text where the API accepts both.
pub fn text_or_number(value: &Json<'_>) -> Option<String> {
    match value {
        Json::String(text) => Some(text.as_ref().to_owned()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn numbers_keep_their_text() {
        let value = Value::from(&parse(br#"{"a": 100.00, "b": [1, 2.50], "c": 1e2}"#).unwrap());
        assert_eq!(value["a"].as_number().unwrap().as_str(), "100.00");
        assert_eq!(value["b"][1].as_number().unwrap().as_str(), "2.50");
    }

    #[test]
    fn hostile_texts_are_refused() {
        assert_eq!(parse(br#"{"a":1,"a":2}"#), Err(JsonFault::DuplicateMember));
        assert_eq!(parse(br#"{"a":["b\u0000"]}"#), Err(JsonFault::NullCharacter));
        assert_eq!(parse("[".repeat(100_000).as_bytes()), Err(JsonFault::TooDeep));
        assert!(matches!(parse(b"{\"a\": NaN}"), Err(JsonFault::Malformed { .. })));
        assert!(matches!(parse(b"{\"a\": \"\xff\"}"), Err(JsonFault::Malformed { .. })));
        assert!(matches!(parse(b""), Err(JsonFault::Malformed { .. })));
        assert!(matches!(parse(b"{} x"), Err(JsonFault::Malformed { .. })));
        assert!(parse(br#"{"$serde_json::private::Number": "x"}"#).is_err());
        assert_eq!(parse(br#"{"s": "[[[[{{{"}"#).unwrap().get("s").and_then(Json::as_str), Some("[[[[{{{"));
    }

    #[test]
    fn an_unknown_member_is_named_by_its_path() {
        const SHAPE: Shape = Shape::Object(&[
            ("payer", Shape::Object(&[("email", Shape::Any)])),
            ("items", Shape::Array(&Shape::Object(&[("id", Shape::Any)]))),
        ]);
        let unknown = |text: &str| unknown_member(&parse(text.as_bytes()).unwrap(), &SHAPE);
        assert_eq!(unknown(r#"{"payer":{"email":1}}"#), None);
        assert_eq!(unknown(r#"{"payer":{"test":1}}"#), Some("payer.test".into()));
        assert_eq!(unknown(r#"{"items":[{"id":1},{"x":1}]}"#), Some("items.x".into()));
    }
}
