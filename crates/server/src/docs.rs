//! The page to read the API at `/docs`: the generated OpenAPI 3.1 document as one plain, searchable page.
//!
//! The document is the only source; nothing is described twice. `docs/schema.rs` flattens schemas into rows,
//! `docs/operation.rs` reads operations; both bound what they follow, because a schema may refer to itself.

mod operation;
mod schema;

use crate::pages::layout::Layout;
use crate::pages::{Framing, Locale, Page};
use askama::Template;
use operation::Operation;
use serde_json::Value;

/// The most operations that are shown; the API has far fewer.
const MOST_OPERATIONS: usize = 500;

/// What the examples on the page use, so that they can be pasted and run.
#[derive(Clone, Debug)]
pub struct Example {
    /// Where the server is, without a slash at the end: `http://127.0.0.1:8080`.
    pub base_url: String,
    /// The access token in the examples: in `dev` the default seller's test token, elsewhere a placeholder.
    pub access_token: String,
}

/// The operations of one tag.
struct Group {
    name: String,
    anchor: String,
    description: String,
    operations: Vec<Operation>,
}

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsTemplate<'a> {
    layout: Layout,
    title: String,
    version: String,
    description: String,
    example: &'a Example,
    groups: Vec<Group>,
}

/// Renders the OpenAPI document. Whatever is missing in it is missing on the page; nothing in it makes this fail.
pub fn docs_page(openapi: &Value, example: &Example) -> Page {
    let title = text(&openapi["info"]["title"]);
    let layout = Layout::new(title.clone(), Locale::English, None);
    let language = layout.language;
    let template = DocsTemplate {
        layout,
        title,
        version: text(&openapi["info"]["version"]),
        description: text(&openapi["info"]["description"]),
        example,
        groups: groups(openapi, example),
    };
    Page::render(&template, language, Framing::Nobody)
}

/// Groups in the order of the document's `tags`, then those that only operations name, in the order of appearance.
fn groups(openapi: &Value, example: &Example) -> Vec<Group> {
    let mut groups: Vec<Group> = openapi["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| group(&text(&tag["name"]), text(&tag["description"])))
        .collect();
    for (tag, operation) in operation::read(openapi, example).take(MOST_OPERATIONS) {
        match groups.iter_mut().find(|group| group.name == tag) {
            Some(group) => group.operations.push(operation),
            None => {
                let mut new = group(&tag, String::new());
                new.operations.push(operation);
                groups.push(new);
            }
        }
    }
    groups.retain(|group| !group.operations.is_empty());
    groups
}

fn group(name: &str, description: String) -> Group {
    Group {
        name: name.to_owned(),
        anchor: anchor(&format!("group {name}")),
        description,
        operations: Vec::new(),
    }
}

/// A name for `id` and `#…`: lower-case letters, digits and single hyphens.
fn anchor(text: &str) -> String {
    let mut anchor = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            anchor.push(character.to_ascii_lowercase());
        } else if !anchor.is_empty() && !anchor.ends_with('-') {
            anchor.push('-');
        }
    }
    anchor.trim_end_matches('-').to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn example() -> Example {
        Example { base_url: "http://127.0.0.1:8080".to_owned(), access_token: "TEST-1-token".to_owned() }
    }

    #[test]
    fn operations_are_grouped_in_the_documents_order() {
        let openapi = json!({
            "info": {"title": "Pasarela"},
            "tags": [{"name": "Payments"}, {"name": "Empty"}, {"name": "Refunds"}],
            "paths": {
                "/v1/refunds": {"get": {"tags": ["Refunds"], "summary": "List refunds"}},
                "/other": {"get": {"summary": "Without a tag"}},
                "/v1/payments": {"post": {"tags": ["Payments"], "summary": "Create a payment"}}
            }
        });
        let names: Vec<String> = groups(&openapi, &example()).into_iter().map(|group| group.name).collect();
        assert_eq!(names, ["Payments", "Refunds", "General"]);
    }

    #[test]
    fn a_document_of_the_wrong_shape_is_an_empty_page() {
        for openapi in [
            json!(null),
            json!([]),
            json!({"paths": 1, "tags": {}}),
            json!({"paths": {"/a": [1], "/b": {"get": 3}}}),
        ] {
            let page = docs_page(&openapi, &example());
            assert_eq!(page.status, axum::http::StatusCode::OK);
        }
    }

    #[test]
    fn markup_in_the_document_is_text_on_the_page() {
        let openapi = json!({"info": {"title": "<script>alert(1)</script>"},
            "paths": {"/x": {"get": {"summary": "<img src=x onerror=alert(1)>", "description": "</p><b>"}}}});
        let html = docs_page(&openapi, &example()).html;
        assert!(!html.contains("<script>alert"));
        assert!(!html.contains("<img src=x"));
        assert!(!html.contains("<b>"));
    }

    #[test]
    fn anchors_are_plain() {
        assert_eq!(anchor("GET /v1/payments/{id}"), "get-v1-payments-id");
        assert_eq!(anchor("¿?"), "");
    }
}
