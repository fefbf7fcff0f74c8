//! One attempt of a delivery, from its message to what is recorded of it.

use super::address_guard::AddressRefusal;
use super::exchange::Exchange;
use super::message::{AttemptIdentity, Message, Signing, message};
use super::schedule;
use super::secrets::Secrets;
use super::sender::{SendFailure, Sender};
use super::{topics, turns};
use pasarela_domain::identity::{ApplicationId, Mode};
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{DeliveryAttempt, DeliveryRecord, DeliveryState, NotificationChange};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Tells the wall-clock time.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Makes a new time-ordered id.
pub type NewId = Arc<dyn Fn() -> i64 + Send + Sync>;

/// An application's webhook secrets, once they are opened; `None` when the application has none.
pub type SecretFuture = Pin<Box<dyn Future<Output = Option<Arc<Secrets>>> + Send>>;

/// Opens the webhook secrets of an application's mode.
pub type SecretOf = Arc<dyn Fn(ApplicationId, Mode) -> SecretFuture + Send + Sync>;

/// What a receiver answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, or its first kilobytes.
    pub body: Vec<u8>,
}

impl Answered {
    /// Whether the notification counts as delivered: nothing but 200 and 201 does.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200 | 201)
    }
}

/// A receiver's answer, once it has come.
pub type AnswerFuture<'a> = Pin<Box<dyn Future<Output = Result<Answered, SendFailure>> + Send + 'a>>;

/// Takes a message to its receiver: over HTTP, as [`Sender`] does, or to the receivers of a simulation.
pub trait Courier: Send + Sync {
    /// Delivers `message`, which is to be answered within `timeout`.
    fn deliver<'a>(&'a self, message: &'a Message, timeout: Duration) -> AnswerFuture<'a>;
}

impl Courier for Sender {
    fn deliver<'a>(&'a self, message: &'a Message, timeout: Duration) -> AnswerFuture<'a> {
        Box::pin(self.send(message, timeout))
    }
}

/// An answer that takes longer than this makes its receiver count as one that struggles.
const SLOW_ANSWER: Duration = Duration::from_secs(2);

/// What an attempt needs of its surroundings.
#[derive(Clone)]
pub struct Surroundings {
    /// Posts the message.
    pub sender: Arc<dyn Courier>,
    /// Opens the secret that signs it.
    pub secret_of: SecretOf,
    /// Tells when it starts.
    pub clock: WallClock,
    /// Gives retries a notification id of their own.
    pub new_id: NewId,
}

/// An attempt that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// What is to be recorded.
    pub record: DeliveryAttempt,
    /// The delivery's turn before it.
    pub turn: u32,
    /// What is to be recorded with it, where the turn was another's.
    pub kept_turn: Option<NotificationChange>,
    /// Whether the receiver gave no answer, or a slow one.
    pub receiver_struggles: bool,
    /// Whether it gave none.
    pub no_answer: bool,
}

/// Makes the delivery's next attempt.
pub async fn attempt(delivery: &DeliveryRecord, surroundings: &Surroundings) -> Made {
    let started = (surroundings.clock)();
    let watch = Instant::now();
    let sent = send(delivery, started, surroundings).await;
    made(delivery, sent, started, watch.elapsed())
}

/// What came of an attempt that was made elsewhere or here.
pub fn made(delivery: &DeliveryRecord, sent: Sent, started: Timestamp, took: Duration) -> Made {
    let number = delivery.attempts;
    let failure = match &sent.outcome {
        Ok(answer) if answer.is_success() => None,
        Ok(answer) => Some(SendFailure::Status(answer.status)),
        Err(failure) => Some(failure.clone()),
    };
    let is_tried_again = failure.is_some() && topics::is_tried_again(&delivery.topic);
    let next = if is_tried_again { turns::next_attempt(delivery, started) } else { None };
    let answer = sent.outcome.as_ref().ok();
    Made {
        record: DeliveryAttempt {
            account_id: delivery.account_id,
            delivery_id: delivery.id,
            number,
            exchange: Some(Exchange::of(sent.notification_id, &sent.signature, answer).to_bytes()),
            request_id: sent.request_id,
            started,
            duration_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
            response_status: answer.map(|answer| answer.status),
            failure: failure.as_ref().map(ToString::to_string),
            state: match (&failure, next) {
                (None, _) => DeliveryState::Delivered,
                (Some(_), Some(_)) => DeliveryState::Pending,
                (Some(_), None) => DeliveryState::Exhausted,
            },
            next_attempt: next,
        },
        turn: delivery.turn(),
        kept_turn: next.and_then(|_| turns::kept(delivery, started)),
        receiver_struggles: answer.is_none() || took > SLOW_ANSWER,
        no_answer: answer.is_none(),
    }
}

/// A message that was sent, and its answer.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The body's `id`.
    pub notification_id: i64,
    /// `x-request-id`.
    pub request_id: String,
    /// `x-signature`; empty when it came to none.
    pub signature: String,
    /// The answer.
    pub outcome: Result<Answered, SendFailure>,
}

async fn send(delivery: &DeliveryRecord, started: Timestamp, surroundings: &Surroundings) -> Sent {
    // The first attempt carries the delivery's own id, so that one that was made but not recorded before a crash
    // carries it again.
    let notification_id = if delivery.attempts == 0 { delivery.id } else { (surroundings.new_id)() };
    let Some(secrets) = (surroundings.secret_of)(delivery.application_id, delivery.mode).await else {
        let request_id = Uuid::new_v4().to_string();
        return Sent {
            notification_id,
            request_id,
            signature: String::new(),
            outcome: Err(SendFailure::NoSecret),
        };
    };
    let post = |secret| post(delivery, notification_id, started, secret, surroundings);
    let sent = post(&secrets.current).await;
    // Who refuses the new secret's signature may still have the old one: in the time of grace both are right.
    match (&sent.outcome, &secrets.previous) {
        (Ok(answer), Some((previous, until)))
            if *until > started && REFUSES_SIGNATURES.contains(&answer.status) =>
        {
            let again = post(previous).await;
            if again.outcome.as_ref().is_ok_and(Answered::is_success) { again } else { sent }
        }
        _ => sent,
    }
}

/// What receivers answer whose check of the signature fails.
const REFUSES_SIGNATURES: [u16; 4] = [400, 401, 403, 422];

async fn post(
    delivery: &DeliveryRecord,
    notification_id: i64,
    started: Timestamp,
    secret: &str,
    surroundings: &Surroundings,
) -> Sent {
    let request_id = Uuid::new_v4().to_string();
    let identity = AttemptIdentity { notification_id, request_id: &request_id, now: started };
    let (signature, outcome) = match message(delivery, identity, Signing::Secret(secret)) {
        Ok(message) => {
            let signature = message.header("x-signature").unwrap_or_default().to_owned();
            (signature, surroundings.sender.deliver(&message, schedule::timeout(delivery.attempts)).await)
        }
        Err(_) => (String::new(), Err(AddressRefusal::NotAUrl.into())),
    };
    Sent { notification_id, request_id, signature, outcome }
}
