//! Refusals: why a request is not done, as a value with the API's own shape.

use serde_json::{Value, json};

/// The code of a cause: a number in the payments API, a string in the card token API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Payments, refunds, search.
    Number(i64),
    /// Card tokens and catalogues (`"E301"`, `"205"`).
    Text(&'static str),
}

/// One cause of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The documented code.
    pub code: Code,
    /// The documented description; shop plugins compare it word for word.
    pub description: String,
}

/// Why a request was refused.
///
/// Renders as `{"message", "error", "status", "cause": [{"code", "description", "data"}]}`; the caller of
/// [`Refusal::to_json`] supplies the request's id and time for `data`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {message}")]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `bad_request`, `unauthorized`, `forbidden`, `not_found`, …
    pub error: &'static str,
    /// The first cause's description, or a sentence of its own.
    pub message: String,
    /// The causes, possibly none.
    pub causes: Vec<Cause>,
}

impl Refusal {
    /// A refusal with one numbered cause, whose description is also the message.
    pub fn numbered(status: u16, code: i64, description: impl Into<String>) -> Refusal {
        let description = description.into();
        Refusal {
            status,
            error: error_word(status),
            message: description.clone(),
            causes: vec![Cause { code: Code::Number(code), description }],
        }
    }

    /// 400 with a numbered cause.
    pub fn bad_request(code: i64, description: impl Into<String>) -> Refusal {
        Refusal::numbered(400, code, description)
    }

    /// 404 with a numbered cause.
    pub fn not_found(code: i64, description: impl Into<String>) -> Refusal {
        Refusal::numbered(404, code, description)
    }

    /// A refusal with one cause whose code is text; `message` stands apart, as in the card token API.
    pub fn texted(status: u16, message: &str, code: &'static str, description: impl Into<String>) -> Refusal {
        Refusal {
            status,
            error: error_word(status),
            message: message.to_owned(),
            causes: vec![Cause { code: Code::Text(code), description: description.into() }],
        }
    }

    /// A refusal without causes.
    pub fn plain(status: u16, message: impl Into<String>) -> Refusal {
        Refusal { status, error: error_word(status), message: message.into(), causes: Vec::new() }
    }

    /// A refusal that its word names (`invalid_items`), as the checkout's resources have it: it carries no causes.
    pub fn keyed(status: u16, error: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { status, error, message: message.into(), causes: Vec::new() }
    }

    /// Whether its word says why, so that its `cause` is `null`.
    fn is_keyed(&self) -> bool {
        self.causes.is_empty() && self.error != error_word(self.status)
    }

    /// The first cause's code, if it is a number.
    pub fn code(&self) -> Option<i64> {
        match self.causes.first()?.code {
            Code::Number(n) => Some(n),
            Code::Text(_) => None,
        }
    }

    /// The body. `data` is `dd-MM-yyyyTHH:mm:ssUTC;<request id>` or nothing; card token causes carry no `data`.
    pub fn to_json(&self, data: Option<&str>) -> Value {
        if self.is_keyed() {
            return json!({"message": self.message, "error": self.error, "status": self.status, "cause": null});
        }
        let cause: Vec<Value> = self
            .causes
            .iter()
            .map(|cause| match &cause.code {
                Code::Number(n) => json!({"code": n, "description": cause.description, "data": data}),
                Code::Text(t) => json!({"code": t, "description": cause.description}),
            })
            .collect();
        json!({"message": self.message, "error": self.error, "status": self.status, "cause": cause})
    }
}

/// The `error` word of an HTTP status.
pub const fn error_word(status: u16) -> &'static str {
    match status {
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not_found",
        405 => "method_not_allowed",
        408 => "request_timeout",
        409 => "conflict",
        413 => "payload_too_large",
        423 => "resource_locked",
        429 => "too_many_requests",
        500 => "internal_server_error",
        503 => "service_unavailable",
        _ => "bad_request",
    }
}
