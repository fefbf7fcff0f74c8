//! Schemas, flattened into the rows that a reader scans: `$ref` followed, cycles cut, everything bounded.

use serde_json::{Map, Value};

/// How deep fields within fields are shown.
const DEEPEST: usize = 6;
/// How many rows one schema may fill; a payment has about 150.
const MOST_FIELDS: usize = 600;
/// How many `$ref`s in a row are followed before giving up: each is usually the last.
const LONGEST_REFERENCE_CHAIN: usize = 16;

/// One row: a field, with the fields inside it in the rows after it, one `depth` further in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub name: String,
    pub depth: usize,
    pub kind: String,
    pub required: bool,
    pub description: String,
    pub example: Option<String>,
    /// The values it may take, where they are listed.
    pub allowed: Vec<String>,
}

/// A schema with its references resolved, and the names that were passed on the way to it.
struct Resolved<'a> {
    schema: &'a Value,
    name: Option<&'a str>,
}

/// The rows of `schema`'s fields. `document` is where references point into.
pub(super) fn fields(document: &Value, schema: &Value) -> Vec<Field> {
    let mut walk = Walk { document, rows: Vec::new(), open: Vec::new() };
    walk.properties(schema, 0);
    walk.rows
}

/// What a value of `schema` is, in words: `string (date-time)`, `array of Refund`, `number or null`.
pub(super) fn kind(document: &Value, schema: &Value) -> String {
    kind_within(document, schema, 0)
}

struct Walk<'a> {
    document: &'a Value,
    rows: Vec<Field>,
    /// The referenced schemas that are being shown around the current one: meeting one again is a cycle.
    open: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn properties(&mut self, schema: &'a Value, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        let resolved = resolve(self.document, schema);
        if let Some(name) = resolved.name {
            if self.open.contains(&name) {
                return;
            }
            self.open.push(name);
        }
        self.own_properties(resolved.schema, depth);
        if resolved.name.is_some() {
            self.open.pop();
        }
    }

    fn own_properties(&mut self, schema: &'a Value, depth: usize) {
        for part in parts(schema, &["allOf", "oneOf", "anyOf"]) {
            self.properties(part, depth);
        }
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if self.rows.len() >= MOST_FIELDS {
                return;
            }
            self.rows.push(self.row(name, property, depth, required.contains(&name.as_str())));
            self.properties(property, depth + 1);
        }
        // The fields of an array's elements belong to the array's row.
        if schema.get("items").is_some() {
            self.properties(&schema["items"], depth);
        }
    }

    fn row(&self, name: &str, property: &Value, depth: usize, required: bool) -> Field {
        let resolved = resolve(self.document, property).schema;
        let said = |key: &str| property.get(key).or_else(|| resolved.get(key));
        Field {
            name: name.to_owned(),
            depth,
            kind: kind(self.document, property),
            required,
            description: said("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
            example: said("example")
                .or_else(|| said("examples").and_then(|examples| examples.get(0)))
                .map(shown),
            allowed: said("enum").and_then(Value::as_array).into_iter().flatten().map(shown).collect(),
        }
    }
}

/// An example or an allowed value as the reader would write it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> Resolved<'a> {
    let mut resolved = Resolved { schema, name: None };
    for _ in 0..LONGEST_REFERENCE_CHAIN {
        let Some(reference) = resolved.schema.get("$ref").and_then(Value::as_str) else {
            return resolved;
        };
        let Some(target) = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer)) else {
            return Resolved { schema: &Value::Null, name: None };
        };
        resolved = Resolved { schema: target, name: reference.rsplit('/').next() };
    }
    Resolved { schema: &Value::Null, name: None }
}

/// Follows an example's or a component's reference, for others than schemas (parameters, bodies, responses).
pub(super) fn follow<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    resolve(document, value).schema
}

/// The schemas under any of these keywords, without those that only say "or null".
fn parts<'a>(schema: &'a Value, keywords: &[&str]) -> Vec<&'a Value> {
    keywords
        .iter()
        .filter_map(|keyword| schema[*keyword].as_array())
        .flatten()
        .filter(|part| part["type"] != "null")
        .collect()
}

fn kind_within(document: &Value, schema: &Value, depth: usize) -> String {
    if depth > DEEPEST {
        return "value".to_owned();
    }
    let resolved = resolve(document, schema);
    let found = resolved.schema;
    let alternatives = parts(found, &["oneOf", "anyOf"]);
    if !alternatives.is_empty() {
        let mut kinds: Vec<String> = Vec::new();
        for alternative in &alternatives {
            let kind = kind_within(document, alternative, depth + 1);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let listed = ["oneOf", "anyOf"].into_iter().filter_map(|keyword| found[keyword].as_array()).flatten();
        if listed.count() > alternatives.len() {
            kinds.push("null".to_owned());
        }
        return kinds.join(" or ");
    }
    if let [only] = parts(found, &["allOf"])[..] {
        return kind_within(document, only, depth + 1);
    }
    let format = found["format"].as_str().map(|format| format!(" ({format})")).unwrap_or_default();
    let name_of = |kind: &str| match kind {
        "array" => format!("array of {}", kind_within(document, &found["items"], depth + 1)),
        "object" => resolved.name.unwrap_or("object").to_owned(),
        "null" => "null".to_owned(),
        other => format!("{other}{format}"),
    };
    match &found["type"] {
        Value::String(kind) => name_of(kind),
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).map(name_of).collect::<Vec<_>>().join(" or ")
        }
        _ if found.get("properties").is_some() => resolved.name.unwrap_or("object").to_owned(),
        _ => resolved.name.unwrap_or("value").to_owned(),
    }
}

/// A value that `schema` accepts, made of its examples: what the `curl` line sends. Optional fields without an example
/// are left out; `None` where nothing can be said.
pub(super) fn sample(document: &Value, schema: &Value) -> Option<Value> {
    sample_within(document, schema, 0)
}

fn sample_within(document: &Value, schema: &Value, depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    let found = resolve(document, schema).schema;
    for place in [schema, found] {
        if let Some(example) = place.get("example").or_else(|| place["examples"].get(0)) {
            return Some(example.clone());
        }
    }
    if let Some(default) = found.get("default") {
        return Some(default.clone());
    }
    if let Some(first) = found["enum"].get(0) {
        return Some(first.clone());
    }
    let mut object = Map::new();
    for part in parts(found, &["allOf"]) {
        if let Some(Value::Object(more)) = sample_within(document, part, depth + 1) {
            object.extend(more);
        }
    }
    if let Some(first) = parts(found, &["oneOf", "anyOf"]).first() {
        return sample_within(document, first, depth + 1);
    }
    let required = found["required"].as_array();
    for (name, property) in found["properties"].as_object().into_iter().flatten().take(MOST_FIELDS) {
        let needed = required.is_some_and(|names| names.iter().any(|required| required == name));
        match sample_within(document, property, depth + 1) {
            Some(value) => object.insert(name.clone(), value),
            None if needed => object.insert(name.clone(), placeholder(document, property)),
            None => None,
        };
    }
    if !object.is_empty() {
        return Some(Value::Object(object));
    }
    if found["type"] == "array" {
        return sample_within(document, &found["items"], depth + 1)
            .map(|element| Value::Array(vec![element]));
    }
    None
}

fn placeholder(document: &Value, schema: &Value) -> Value {
    let found = resolve(document, schema).schema;
    let kind = match &found["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str),
        kind => kind.as_str(),
    };
    match kind {
        Some("integer" | "number") => Value::from(1),
        Some("boolean") => Value::Bool(true),
        Some("array") => Value::Array(Vec::new()),
        Some("object") => Value::Object(Map::new()),
        _ => Value::from("…"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Value {
        json!({"components": {"schemas": {
            "Payment": {"type": "object", "required": ["amount"], "properties": {
                "amount": {"type": "number", "example": 58.8, "description": "What is paid"},
                "payer": {"$ref": "#/components/schemas/Payer"},
                "refunds": {"type": "array", "items": {"$ref": "#/components/schemas/Refund"}},
                "status": {"type": "string", "enum": ["pending", "approved"]},
                "date": {"type": ["string", "null"], "format": "date-time"},
                "card": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Card"}]}
            }},
            "Payer": {"type": "object", "required": ["email"], "properties": {"email": {"type": "string"}}},
            "Refund": {"type": "object", "properties": {"payment": {"$ref": "#/components/schemas/Payment"}}},
            "Card": {"type": "object", "properties": {"last_four_digits": {"type": "string"}}},
            "Ouroboros": {"$ref": "#/components/schemas/Ouroboros"}
        }}})
    }

    fn row<'a>(rows: &'a [Field], name: &str) -> &'a Field {
        rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("{name} has no row"))
    }

    #[test]
    fn fields_are_flattened_with_their_kinds() {
        let document = document();
        let rows = fields(&document, &json!({"$ref": "#/components/schemas/Payment"}).clone());
        assert!(row(&rows, "amount").required);
        assert_eq!(row(&rows, "amount").example.as_deref(), Some("58.8"));
        assert_eq!(row(&rows, "payer").kind, "Payer");
        assert_eq!((row(&rows, "email").depth, row(&rows, "email").required), (1, true));
        assert_eq!(row(&rows, "refunds").kind, "array of Refund");
        assert_eq!(row(&rows, "date").kind, "string (date-time) or null");
        assert_eq!(row(&rows, "card").kind, "Card or null");
        assert_eq!(row(&rows, "last_four_digits").depth, 1);
        assert_eq!(row(&rows, "status").allowed, ["pending", "approved"]);
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let document = document();
        let rows = fields(&document, &document["components"]["schemas"]["Refund"]);
        assert!(rows.len() < 50, "{} rows", rows.len());
        assert!(fields(&document, &json!({"$ref": "#/components/schemas/Ouroboros"})).is_empty());
        assert!(sample(&document, &document["components"]["schemas"]["Refund"]).is_some());
        assert_eq!(kind(&document, &json!({"$ref": "#/nowhere"})), "value");
    }

    #[test]
    fn a_schema_that_doubles_at_every_level_is_bounded() {
        let mut schema = json!({"type": "string"});
        for _ in 0..8 {
            schema = json!({"properties": {"a": schema.clone(), "b": schema.clone(), "c": schema}});
        }
        assert!(fields(&Value::Null, &schema).len() <= MOST_FIELDS);
    }

    #[test]
    fn a_sample_has_what_is_required() {
        let document = document();
        let sample = sample(&document, &document["components"]["schemas"]["Payment"]).unwrap();
        assert_eq!(sample["amount"].to_string(), "58.8");
        assert_eq!(sample["payer"]["email"], "…");
        assert_eq!(sample["status"], "pending");
        assert!(sample.get("date").is_none());
    }
}
