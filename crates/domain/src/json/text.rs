//! JSON that is kept and shown as it is written, and looked into rarely.

use super::writer::write_text;
use super::{Json, parse};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

/// A JSON text. What a seller sends to be shown again (`metadata`, `additional_info`) is most of a payment's members:
/// as a tree it took a quarter of the memory calls of the request, and half of what its body takes to be written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JsonText(Box<RawValue>);

impl JsonText {
    /// The text of `write`, which must write one JSON value.
    pub(crate) fn written(write: impl FnOnce(&mut Writing)) -> JsonText {
        let mut writing = Writing(Vec::with_capacity(512));
        write(&mut writing);
        let text = String::from_utf8(writing.0).ok().and_then(|text| RawValue::from_string(text).ok());
        JsonText(text.expect("only whole JSON texts are written here"))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// What it says.
    pub fn value(&self) -> Value {
        // Not by `serde_json` alone, which takes some names of members for its own.
        let read = parse(self.as_str().as_bytes()).expect("it was JSON when it was read or written");
        Value::from(&read)
    }
}

impl From<&Value> for JsonText {
    fn from(value: &Value) -> JsonText {
        JsonText(serde_json::value::to_raw_value(value).expect("a value is always written"))
    }
}

impl PartialEq for JsonText {
    fn eq(&self, other: &JsonText) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for JsonText {}

impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A JSON text that grows.
pub(crate) struct Writing(Vec<u8>);

impl Writing {
    /// Brackets, commas and colons.
    pub(crate) fn mark(&mut self, mark: u8) {
        self.0.push(mark);
    }

    /// A comma, if something stands before it in this object or array.
    pub(crate) fn separate(&mut self) {
        if !matches!(self.0.last(), Some(b'{' | b'[')) {
            self.0.push(b',');
        }
    }

    /// A member's name with its colon.
    pub(crate) fn name(&mut self, name: &str) {
        self.separate();
        self.text(name);
        self.0.push(b':');
    }

    /// A text with its quotes.
    pub(crate) fn text(&mut self, text: &str) {
        write_text(text, &mut self.0);
    }

    /// `null`, `true`, `false` or a number, as it is.
    pub(crate) fn word(&mut self, word: &str) {
        self.0.extend_from_slice(word.as_bytes());
    }

    /// A text of a word that needs no escapes.
    pub(crate) fn quoted(&mut self, word: &str) {
        self.0.push(b'"');
        self.word(word);
        self.0.push(b'"');
    }

    /// What was read, as it was read.
    pub(crate) fn json(&mut self, json: &Json<'_>) {
        match json {
            Json::Null => self.word("null"),
            Json::Bool(value) => self.word(if *value { "true" } else { "false" }),
            Json::Number(number) => self.word(number.as_str()),
            Json::String(text) => self.text(text),
            Json::Array(elements) => {
                self.mark(b'[');
                for element in elements {
                    self.separate();
                    self.json(element);
                }
                self.mark(b']');
            }
            Json::Object(members) => {
                self.mark(b'{');
                for (name, value) in members {
                    self.name(name);
                    self.json(value);
                }
                self.mark(b'}');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::to_vec;

    #[test]
    fn what_was_read_is_written_as_it_was() {
        let text = r#"{"a":[1.50,-2,true,null,{"b":"c","d":{}},[],false],"e":"\"é\n"}"#;
        let read = parse(text.as_bytes()).unwrap();
        let written = JsonText::written(|out| out.json(&read));
        assert_eq!(written.as_str(), text);
        assert_eq!(written.value(), Value::from(&read));
    }

    #[test]
    fn it_is_written_and_read_within_a_body_unchanged() {
        let text = r#"{"b":"c","n":1.50}"#;
        let inner = JsonText::from(&serde_json::from_str(text).unwrap());
        let body = to_vec(&[&inner, &inner]).unwrap();
        assert_eq!(body, format!("[{text},{text}]").as_bytes());
        assert_eq!(serde_json::from_slice::<Vec<JsonText>>(&body).unwrap(), [inner.clone(), inner]);
    }
}
