//! Answers as scripts, for pages that run the browser library's first version.
//!
//! A page of any origin may load a script, so whatever is in one is told to whoever loads it; and what a script says runs in that
//! page. A callback is therefore a plain name, everything else in the script is JSON, and browsers are told not to take it for
//! anything but a script.

use super::answer::Answer;
use super::request::{query_pairs, value_of};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The library's own names are `sjsonp` and a number of milliseconds.
const LONGEST_CALLBACK: usize = 64;
/// A token's body is half a KiB.
const LARGEST_ANSWER: usize = 64 * 1024;

/// A call whose verb and body came in the query. It holds a card number and a CVV, so there is no `Debug`.
pub(super) struct ScriptCall {
    callback: Callback,
    method: Option<String>,
    body: Option<String>,
}

/// The function that is to be called with an answer. With a response it asks for that response as a script.
#[derive(Clone)]
pub(super) struct Callback(String);

impl ScriptCall {
    /// The call of a query that names a callback. One that is no name is none.
    pub(super) fn of(query: Option<&str>) -> Option<ScriptCall> {
        let pairs = query_pairs(query);
        let callback = Callback::parse(&value_of(&pairs, &["callback"])?)?;
        Some(ScriptCall {
            callback,
            method: value_of(&pairs, &["_method"]),
            body: value_of(&pairs, &["_body"]),
        })
    }

    /// The verb that is meant.
    pub(super) fn method(&self) -> &str {
        self.method.as_deref().unwrap_or("GET")
    }

    /// The body that is meant.
    pub(super) fn body(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default().as_bytes()
    }
}

impl Callback {
    fn parse(name: &str) -> Option<Callback> {
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let is_name = starts && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (is_name && name.len() <= LONGEST_CALLBACK).then(|| Callback(name.to_owned()))
    }
}

/// The answer to a call, marked to become a script where it was a [`ScriptCall`].
pub(super) fn answer(call: Option<&ScriptCall>, answer: Answer) -> Response {
    let mut response = answer.into_response();
    if let Some(call) = call {
        response.extensions_mut().insert(call.callback.clone());
    }
    response
}

/// `callback([status, headers, body]);` of a finished answer. A script's own status is always 200: a page can't see another.
pub(super) async fn script(Callback(name): Callback, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_ANSWER).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let body = as_script(&String::from_utf8_lossy(&body));
    let text = format!("{name}([{},{{}},{body}]);", parts.status.as_u16());
    parts.status = StatusCode::OK;
    parts.headers.remove(header::CONTENT_LENGTH);
    for (name, value) in [
        (header::CONTENT_TYPE, "application/javascript;charset=UTF-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Pages isolated from other origins may load it too.
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ] {
        parts.headers.insert(name, HeaderValue::from_static(value));
    }
    Response::from_parts(parts, Body::from(text))
}

/// JSON as a script reads it: two line ends are allowed in JSON's texts and were not in JavaScript's before 2019, and `<` can
/// end a page's script.
fn as_script(json: &str) -> String {
    json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029").replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_a_plain_name() {
        for name in ["sjsonp1764288000000", "_", "a1", &"a".repeat(64)] {
            assert!(Callback::parse(name).is_some(), "{name}");
        }
        for name in [
            "",
            "1a",
            "a.b",
            "a b",
            "alert(1)",
            "a;b",
            "ñ",
            "a\u{2028}",
            "$",
            "a[0]",
            "</script>",
            &"a".repeat(65),
        ] {
            assert!(Callback::parse(name).is_none(), "{name}");
        }
    }

    #[test]
    fn nothing_in_an_answer_ends_a_text_or_a_page() {
        assert_eq!(as_script("\"</script>\u{2028}\u{2029}ñ\""), r#""\u003c/script>\u2028\u2029ñ""#);
    }
}
