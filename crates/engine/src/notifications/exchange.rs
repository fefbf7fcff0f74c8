//! What is kept of an attempt, so that its request and its answer can be shown again.
//!
//! A request is made again from its delivery; only what was drawn for it is kept: its notification id and its
//! signature, whose secret may be another one by now.

use super::attempts::Answered;
use super::message::{AttemptIdentity, Message, Signing, message};
use pasarela_store::{DeliveryAttempt, DeliveryRecord};
use serde::{Deserialize, Serialize};

/// How much of an answer's body is kept, in bytes: an error's message is in the first lines.
const MOST_BODY: usize = 1_024;

/// How many of its headers are kept, and how much of each value.
const MOST_HEADERS: usize = 24;
const LONGEST_VALUE: usize = 200;

/// What is kept. The names are short because there is one for each attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The body's `id`.
    #[serde(rename = "n")]
    pub notification_id: i64,
    /// `x-signature`.
    #[serde(rename = "s", default, skip_serializing_if = "String::is_empty")]
    pub signature: String,
    /// The answer's headers.
    #[serde(rename = "h", default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The first bytes of the answer's body, as text.
    #[serde(rename = "b", default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

impl Exchange {
    /// What is kept of a message that was answered so, or not at all.
    pub fn of(notification_id: i64, signature: &str, answer: Option<&Answered>) -> Exchange {
        let mut exchange =
            Exchange { notification_id, signature: signature.to_owned(), ..Exchange::default() };
        if let Some(answer) = answer {
            let kept = answer.headers.iter().take(MOST_HEADERS);
            exchange.headers =
                kept.map(|(name, value)| (beginning(name).to_owned(), beginning(value).to_owned())).collect();
            let body = &answer.body[..answer.body.len().min(MOST_BODY)];
            exchange.body = String::from_utf8_lossy(body).into_owned();
        }
        exchange
    }

    /// As it is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and numbers are always JSON")
    }

    /// What [`Exchange::to_bytes`] gave, of an attempt that has it.
    pub fn from_attempt(attempt: &DeliveryAttempt) -> Option<Exchange> {
        serde_json::from_slice(attempt.exchange.as_deref()?).ok()
    }
}

/// The request that the attempt was, if what it takes was kept.
pub fn request_of(delivery: &DeliveryRecord, attempt: &DeliveryAttempt) -> Option<Message> {
    let exchange = Exchange::from_attempt(attempt)?;
    let identity = AttemptIdentity {
        notification_id: exchange.notification_id,
        request_id: &attempt.request_id,
        now: attempt.started,
    };
    let then = DeliveryRecord { attempts: attempt.number, ..delivery.clone() };
    message(&then, identity, Signing::Known(&exchange.signature)).ok()
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_VALUE)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_in_part_and_comes_back() {
        let answer = Answered {
            status: 500,
            headers: (0..40).map(|number| (format!("x-{number}"), "ñ".repeat(300))).collect(),
            body: vec![0xff; 5_000],
        };
        let exchange = Exchange::of(7, "ts=1,v1=00", Some(&answer));
        assert_eq!(exchange.headers.len(), MOST_HEADERS);
        assert!(exchange.headers.iter().all(|(_, value)| value.len() <= LONGEST_VALUE));
        assert_eq!(exchange.body.chars().count(), MOST_BODY);
        let back: Exchange = serde_json::from_slice(&exchange.to_bytes()).unwrap();
        assert_eq!(back, exchange);
        assert_eq!(Exchange::of(7, "", None).to_bytes(), br#"{"n":7}"#);
    }
}
