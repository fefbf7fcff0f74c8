//! What clients ask for, and what came of it.

use crate::customers::CustomerWish;
use crate::nature::lock;
use crate::orders::Card;
use pasarela_domain::card_token::TokenRequest;
use pasarela_domain::identity::{Caller, PaymentId};
use pasarela_domain::json::Json;
use pasarela_domain::payment::change::PaymentChange;
use pasarela_domain::payment::create::Provenance;
use pasarela_domain::payment::refund::RefundRequest;
use pasarela_engine::payments::IdempotencyKey;
use pasarela_engine::sandbox::Act;
use pasarela_engine::{Engine, Failure};
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex};

/// One thing that a client wants.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// As which caller, by number.
    pub(crate) who: usize,
    pub(crate) what: What,
}

/// What it wants.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Buy {
        key: String,
        purchase: Arc<Purchase>,
    },
    Refund {
        payment: PaymentId,
        key: String,
        amount: Option<String>,
    },
    Change {
        payment: PaymentId,
        key: Option<String>,
        change: PaymentChange,
    },
    /// What the rail, the bank or the buyer does; from the payment's own page, with the word of its address.
    Act {
        payment: PaymentId,
        act: Act,
        page: Option<String>,
    },
    Read {
        payment: PaymentId,
    },
    Search {
        query: Vec<(String, String)>,
    },
    /// A token is made, read and given another expiry.
    Token {
        card: Card,
    },
    Advance {
        ms: i64,
    },
    Customer(CustomerWish),
}

/// An order: paid once, however often it is asked for.
#[derive(Debug)]
pub(crate) struct Purchase {
    pub(crate) body: Value,
    pub(crate) card: Option<PaidWith>,
    /// The card's token, once there is one.
    pub(crate) token: Mutex<Option<String>>,
}

/// The card that pays.
#[derive(Clone, Debug)]
pub(crate) enum PaidWith {
    /// Typed by its holder.
    Typed(Card),
    /// Saved before: its id. Only the CVV is typed.
    Saved(String),
}

impl PaidWith {
    fn form(&self) -> TokenRequest {
        match self {
            PaidWith::Typed(card) => card.form(),
            PaidWith::Saved(id) => {
                let form = json!({"card_id": id, "security_code": "123"});
                // The form is whole.
                TokenRequest::from_json(&Json::from(&form)).unwrap_or_default()
            }
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done(Vec<u8>),
    Refused(String),
    /// Not now; what was asked for may have been done.
    Failed(String),
}

impl Wish {
    /// The idempotency key under which it may be asked for again.
    pub(crate) fn key(&self) -> Option<&str> {
        match &self.what {
            What::Buy { key, .. } | What::Refund { key, .. } => Some(key),
            What::Change { key, .. } => key.as_deref(),
            What::Customer(CustomerWish::Make { key, .. }) => Some(key),
            _ => None,
        }
    }

    /// Asks the engine.
    pub(crate) async fn ask(&self, engine: &Engine, caller: &Caller) -> Outcome {
        match self.answer(engine, caller).await {
            Ok(body) => Outcome::Done(body),
            Err(Failure::Refused(refusal)) => {
                Outcome::Refused(format!("{} {:?}", refusal.status, refusal.code()))
            }
            Err(Failure::Unavailable { .. } | Failure::TooMany { .. }) => {
                Outcome::Failed("unavailable".to_owned())
            }
            Err(Failure::Internal(cause)) => Outcome::Failed(cause),
        }
    }

    async fn answer(&self, engine: &Engine, caller: &Caller) -> Result<Vec<u8>, Failure> {
        match &self.what {
            What::Buy { key, purchase } => {
                let body = purchase.paid_with_token(engine, caller).await?;
                let key = hashed(caller, "POST /v1/payments", key, &body)?;
                let provenance = Provenance::default();
                Ok(engine.create_payment(caller, key, &Json::from(&body), &provenance).await?.body)
            }
            What::Refund { payment, key, amount } => {
                let metadata = Map::from_iter([("key".to_owned(), json!(key))]);
                let path = format!("POST /v1/payments/{payment}/refunds");
                let key = hashed(caller, &path, key, &Value::from(amount.clone()))?;
                let request = RefundRequest { amount: amount.clone(), metadata };
                Ok(engine.refund_payment(caller, *payment, key, &request).await?.body)
            }
            What::Change { payment, key, change } => {
                let path = format!("PUT /v1/payments/{payment}");
                let body = Value::from(format!("{change:?}"));
                let key = key.as_ref().map(|key| hashed(caller, &path, key, &body)).transpose()?;
                Ok(engine.change_payment(caller, *payment, key, change).await?.body)
            }
            What::Act { payment, act, page: None } => engine.act(caller, *payment, act).await,
            What::Act { payment, act, page: Some(word) } => {
                let (_, record) = engine.payment_for_page(*payment, word).await?;
                engine.act_from_page(record.account_id, record.mode, *payment, act).await
            }
            What::Read { payment } => {
                engine.refunds(caller, *payment).await?;
                engine.payment(caller, *payment).await
            }
            What::Search { query } => engine.search_payments(caller, query).await,
            What::Token { card } => {
                let made = engine.create_card_token(caller, None, &card.form()).await?;
                let id = id_of(&made)?;
                engine.update_card_token(caller, &id, &TokenRequest::default()).await?;
                engine.card_token(caller, &id).await
            }
            What::Customer(wish) => wish.answer(engine, caller).await,
            What::Advance { ms } => {
                engine.advance_clock(caller, *ms).await.map(|clock| clock.to_string().into_bytes())
            }
        }
    }
}

impl Purchase {
    /// The body, with the token of its card: made now, unless it was made before.
    async fn paid_with_token(&self, engine: &Engine, caller: &Caller) -> Result<Value, Failure> {
        let mut body = self.body.clone();
        let Some(card) = &self.card else { return Ok(body) };
        let known = lock(&self.token).clone();
        let token = match known {
            Some(token) => token,
            None => {
                let made = id_of(&engine.create_card_token(caller, None, &card.form()).await?)?;
                // Somebody who asked for the same at the same time may have been first: one token pays the order.
                lock(&self.token).get_or_insert(made).clone()
            }
        };
        body["token"] = json!(token);
        Ok(body)
    }
}

/// The token's id.
pub(crate) fn id_of(body: &[u8]) -> Result<String, Failure> {
    let token: Value =
        serde_json::from_slice(body).map_err(|_| Failure::Internal("a token is no JSON".to_owned()))?;
    let id = token["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| Failure::Internal("a token has no id".to_owned()))
}

/// The key of a request.
pub(crate) fn hashed(
    caller: &Caller,
    path: &str,
    key: &str,
    body: &Value,
) -> Result<IdempotencyKey, Failure> {
    Ok(IdempotencyKey::required(Some(key), caller.mode, path, body.to_string().as_bytes())?)
}
