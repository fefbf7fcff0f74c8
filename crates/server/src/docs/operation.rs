//! Operations: what one method on one path takes and answers, and a command line that tries it.

use super::schema::{Field, fields, follow, kind, sample, shown};
use super::{Example, anchor, text};
use serde_json::Value;

/// The methods in the order in which a path's operations are shown.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Where an operation without a tag stands.
const UNTAGGED: &str = "General";

/// One operation.
#[derive(Debug)]
pub(super) struct Operation {
    pub anchor: String,
    pub method: String,
    pub method_name: &'static str,
    pub path: String,
    pub summary: String,
    pub description: String,
    pub deprecated: bool,
    pub credentials: String,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    pub responses: Vec<Response>,
    pub command: String,
}

/// A parameter in the path, the query or a header.
#[derive(Debug)]
pub(super) struct Parameter {
    pub name: String,
    pub place: String,
    pub kind: String,
    pub required: bool,
    pub description: String,
    pub example: Option<String>,
}

/// What is sent.
#[derive(Debug)]
pub(super) struct Body {
    pub media_type: String,
    pub description: String,
    pub fields: Vec<Field>,
    pub example: Option<Value>,
}

/// What is answered with one status.
#[derive(Debug)]
pub(super) struct Response {
    pub status: String,
    pub description: String,
    pub kind: String,
    pub fields: Vec<Field>,
    pub example: Option<String>,
}

/// All operations of the document with the tag that each stands under.
pub(super) fn read<'a>(
    document: &'a Value,
    example: &'a Example,
) -> impl Iterator<Item = (String, Operation)> + 'a {
    document["paths"].as_object().into_iter().flatten().flat_map(move |(path, item)| {
        METHODS.into_iter().filter_map(move |method| {
            let operation = item.get(method).filter(|operation| operation.is_object())?;
            let tag = operation["tags"].get(0).and_then(Value::as_str).unwrap_or(UNTAGGED).to_owned();
            Some((tag, read_one(document, example, path, item, method, operation)))
        })
    })
}

fn read_one(
    document: &Value,
    example: &Example,
    path: &str,
    item: &Value,
    method: &'static str,
    operation: &Value,
) -> Operation {
    let parameters: Vec<Parameter> = [&item["parameters"], &operation["parameters"]]
        .into_iter()
        .filter_map(Value::as_array)
        .flatten()
        .map(|parameter| read_parameter(document, follow(document, parameter)))
        .collect();
    let body = read_body(document, follow(document, &operation["requestBody"]));
    let responses = operation["responses"].as_object().into_iter().flatten();
    let summary = match text(&operation["summary"]) {
        summary if summary.is_empty() => format!("{} {path}", method.to_uppercase()),
        summary => summary,
    };
    let credentials = credentials(document, operation);
    let command = command(example, method, path, &parameters, body.as_ref(), !credentials.is_empty());
    Operation {
        anchor: anchor(&format!("{method} {path}")),
        method: method.to_uppercase(),
        method_name: method,
        path: path.to_owned(),
        summary,
        description: text(&operation["description"]),
        deprecated: operation["deprecated"].as_bool().unwrap_or(false),
        credentials: credentials.join(", or "),
        parameters,
        body,
        responses: responses.map(|(status, response)| read_response(document, status, response)).collect(),
        command,
    }
}

fn read_parameter(document: &Value, parameter: &Value) -> Parameter {
    let schema = &parameter["schema"];
    let example =
        parameter.get("example").or_else(|| schema.get("example")).or_else(|| schema["examples"].get(0));
    Parameter {
        name: text(&parameter["name"]),
        place: text(&parameter["in"]),
        kind: kind(document, schema),
        required: parameter["required"].as_bool().unwrap_or(false),
        description: text(&parameter["description"]),
        example: example.map(shown),
    }
}

fn read_body(document: &Value, body: &Value) -> Option<Body> {
    let (media_type, content) = body["content"].as_object()?.iter().next()?;
    Some(Body {
        media_type: media_type.clone(),
        description: text(&body["description"]),
        fields: fields(document, &content["schema"]),
        example: example_of(document, content),
    })
}

fn read_response(document: &Value, status: &str, response: &Value) -> Response {
    let response = follow(document, response);
    let content = response["content"].as_object().and_then(|content| content.values().next());
    Response {
        status: status.to_owned(),
        description: text(&response["description"]),
        kind: content.map(|content| kind(document, &content["schema"])).unwrap_or_default(),
        fields: content.map(|content| fields(document, &content["schema"])).unwrap_or_default(),
        example: content
            .and_then(|content| content.get("example").or_else(|| first_named_example(document, content)))
            .map(pretty),
    }
}

/// The example that the document gives, else one made of the schema's own examples.
fn example_of(document: &Value, content: &Value) -> Option<Value> {
    content
        .get("example")
        .or_else(|| first_named_example(document, content))
        .cloned()
        .or_else(|| sample(document, &content["schema"]))
}

fn first_named_example<'a>(document: &'a Value, content: &'a Value) -> Option<&'a Value> {
    let named = content["examples"].as_object()?.values().next()?;
    follow(document, named).get("value")
}

/// The kinds of credentials that open the operation: its own `security`, else the document's.
fn credentials(document: &Value, operation: &Value) -> Vec<String> {
    let security = operation.get("security").unwrap_or(&document["security"]);
    security
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(|requirement| requirement.keys())
        .map(|name| name.replace(['_', '-'], " "))
        .collect()
}

fn pretty(value: &Value) -> String {
    // A Value always serialises: its keys are strings.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A `curl` line that can be pasted into a shell: path parameters with their examples, required query and header
/// parameters, the body.
fn command(
    example: &Example,
    method: &str,
    path: &str,
    parameters: &[Parameter],
    body: Option<&Body>,
    authenticated: bool,
) -> String {
    let mut address = format!("{}{path}", example.base_url);
    let mut headers = Vec::new();
    let mut separator = '?';
    for parameter in parameters {
        let value = parameter.example.clone().unwrap_or_else(|| format!("<{}>", parameter.name));
        let wanted = parameter.required || parameter.example.is_some();
        match parameter.place.as_str() {
            "path" => address = address.replace(&format!("{{{}}}", parameter.name), &value),
            "query" if wanted => {
                address.push(separator);
                address.push_str(&format!("{}={value}", parameter.name));
                separator = '&';
            }
            "header" if wanted => headers.push(format!("{}: {value}", parameter.name)),
            _ => {}
        }
    }
    if authenticated {
        headers.insert(0, format!("Authorization: Bearer {}", example.access_token));
    }
    if let Some(body) = body {
        headers.push(format!("Content-Type: {}", body.media_type));
    }
    let mut lines = vec![match method {
        "get" => format!("curl {}", quoted(&address)),
        method => format!("curl -X {} {}", method.to_uppercase(), quoted(&address)),
    }];
    lines.extend(headers.iter().map(|header| format!("  -H {}", quoted(header))));
    if let Some(content) = body.and_then(|body| body.example.as_ref()) {
        lines.push(format!("  -d {}", quoted(&pretty(content))));
    }
    lines.join(" \\\n")
}

/// Within single quotes a POSIX shell takes everything as it is, except the single quote.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_command_can_be_pasted() {
        let document = json!({"paths": {"/v1/payments/{id}/refunds": {"post": {
            "tags": ["Refunds"], "security": [{"access_token": []}],
            "parameters": [
                {"name": "id", "in": "path", "required": true, "example": 17014025134_i64, "schema": {"type": "integer"}},
                {"name": "X-Idempotency-Key", "in": "header", "required": true, "example": "a key", "schema": {"type": "string"}},
                {"name": "page", "in": "query", "schema": {"type": "integer"}}
            ],
            "requestBody": {"content": {"application/json": {"example": {"reason": "it's broken"}}}},
            "responses": {"201": {"description": "Refunded"}}
        }}}});
        let example =
            Example { base_url: "http://localhost:8080".to_owned(), access_token: "TEST-1".to_owned() };
        let (tag, operation) = read(&document, &example).next().unwrap();
        assert_eq!(tag, "Refunds");
        assert_eq!(operation.credentials, "access token");
        assert_eq!(
            operation.command,
            "curl -X POST 'http://localhost:8080/v1/payments/17014025134/refunds' \\\n  \
             -H 'Authorization: Bearer TEST-1' \\\n  -H 'X-Idempotency-Key: a key' \\\n  \
             -H 'Content-Type: application/json' \\\n  -d '{\n  \"reason\": \"it'\\''s broken\"\n}'"
        );
    }
}
