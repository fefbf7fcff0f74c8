//! What clients ask for, and how each asks: once, twice at the same time, or leaving before the answer.

use pasarela_domain::card_token::TokenRequest;
use pasarela_domain::identity::Caller;
use pasarela_domain::json::Json;
use pasarela_domain::payment::change::PaymentChange;
use pasarela_domain::payment::create::Provenance;
use pasarela_domain::payment::refund::RefundRequest;
use pasarela_engine::payments::IdempotencyKey;
use pasarela_engine::sandbox::Act;
use pasarela_engine::{Engine, Failure};
use serde_json::Value;

/// One thing that is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Create { key: String, body: Value, token: Option<String> },
    Refund { payment: i64, key: String, amount: Option<String> },
    Change { payment: i64, key: Option<String>, change: PaymentChange },
    Act { payment: i64, act: Act },
    Advance { ms: i64 },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Acknowledged(Vec<u8>),
    /// With this status and this first cause.
    Refused(u16, String),
    /// To be tried again later: nothing was done.
    Unavailable,
    /// The client left before the answer.
    Gone,
}

impl Request {
    /// Asks the engine.
    ///
    /// # Panics
    /// When the engine says that it is broken.
    pub(crate) async fn ask(&self, engine: &Engine, caller: &Caller) -> Outcome {
        let answer = match self {
            Request::Create { key, body, .. } => {
                let key = hashed(caller, "POST /v1/payments", key, body);
                let provenance = Provenance::default();
                engine
                    .create_payment(caller, key, &Json::from(body), &provenance)
                    .await
                    .map(|written| written.body)
            }
            Request::Refund { payment, key, amount } => {
                let path = format!("POST /v1/payments/{payment}/refunds");
                let key = hashed(caller, &path, key, &Value::from(amount.clone()));
                let request = RefundRequest { amount: amount.clone(), ..RefundRequest::default() };
                engine.refund_payment(caller, *payment, key, &request).await.map(|written| written.body)
            }
            Request::Change { payment, key, change } => {
                let path = format!("PUT /v1/payments/{payment}");
                let key =
                    key.as_ref().map(|key| hashed(caller, &path, key, &Value::from(format!("{change:?}"))));
                engine.change_payment(caller, *payment, key, change).await.map(|written| written.body)
            }
            Request::Act { payment, act } => engine.act(caller, *payment, act).await,
            Request::Advance { ms } => {
                engine.advance_clock(caller, *ms).await.map(|body| body.to_string().into_bytes())
            }
        };
        match answer {
            Ok(body) => Outcome::Acknowledged(body),
            Err(Failure::Refused(refusal)) => {
                assert!((400..500).contains(&refusal.status), "{refusal:?}");
                let cause = refusal.causes.first().map(|cause| format!("{:?}", cause.code));
                Outcome::Refused(refusal.status, cause.unwrap_or_default())
            }
            Err(Failure::Unavailable { .. } | Failure::TooMany { .. }) => Outcome::Unavailable,
            Err(failure @ Failure::Internal(_)) => panic!("{failure} when asked for {self:?}"),
        }
    }
}

fn hashed(caller: &Caller, path: &str, key: &str, body: &Value) -> IdempotencyKey {
    IdempotencyKey::required(Some(key), caller.mode, path, body.to_string().as_bytes()).unwrap()
}

/// A token for a card, as a browser makes it.
pub(crate) async fn token(engine: &Engine, caller: &Caller, number: &str, holder: &str) -> String {
    let form = serde_json::json!({
        "card_number": number, "expiration_month": 11, "expiration_year": 2040, "security_code": "123",
        "cardholder": {"name": holder},
    });
    let request = TokenRequest::from_json(&Json::from(&form)).unwrap();
    let body = engine.create_card_token(caller, None, &request).await.unwrap();
    serde_json::from_slice::<Value>(&body).unwrap()["id"].as_str().unwrap().to_owned()
}
