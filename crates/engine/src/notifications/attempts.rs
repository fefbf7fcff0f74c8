//! One attempt of a delivery, from its message to what is recorded of it.

use super::address_guard::AddressRefusal;
use super::message::{AttemptIdentity, Message, message};
use super::schedule::{self, FailedAttempt};
use super::sender::{SendFailure, Sender};
use pasarela_domain::identity::ApplicationId;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{DeliveryAttempt, DeliveryRecord, DeliveryState};
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

/// An application's webhook secret, once it is opened; `None` when the application has none.
pub type SecretFuture = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

/// Opens the webhook secret of an application.
pub type SecretOf = Arc<dyn Fn(ApplicationId) -> SecretFuture + Send + Sync>;

/// A receiver's answer, once it has come: its status, 200 or 201.
pub type AnswerFuture<'a> = Pin<Box<dyn Future<Output = Result<u16, SendFailure>> + Send + 'a>>;

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
    /// Whether the receiver gave no answer, or a slow one.
    pub receiver_struggles: bool,
}

/// Makes the delivery's next attempt.
pub async fn attempt(delivery: &DeliveryRecord, surroundings: &Surroundings) -> Made {
    let started = (surroundings.clock)();
    let watch = Instant::now();
    let request_id = Uuid::new_v4().to_string();
    let outcome = send(delivery, &request_id, started, surroundings).await;
    let took = watch.elapsed();
    let number = delivery.attempts;
    let next = match &outcome {
        Ok(_) => None,
        Err(_) => schedule::next_attempt(FailedAttempt {
            number,
            mode: delivery.mode,
            due: delivery.next_attempt,
            started,
        }),
    };
    let no_answer = outcome.as_ref().is_err_and(|failure| failure.status().is_none());
    Made {
        record: DeliveryAttempt {
            account_id: delivery.account_id,
            delivery_id: delivery.id,
            number,
            request_id,
            started,
            duration_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
            response_status: outcome.as_ref().map_or_else(SendFailure::status, |status| Some(*status)),
            failure: outcome.as_ref().err().map(ToString::to_string),
            state: match (&outcome, next) {
                (Ok(_), _) => DeliveryState::Delivered,
                (Err(_), Some(_)) => DeliveryState::Pending,
                (Err(_), None) => DeliveryState::Exhausted,
            },
            next_attempt: next,
            exchange: None,
        },
        receiver_struggles: no_answer || took > SLOW_ANSWER,
    }
}

async fn send(
    delivery: &DeliveryRecord,
    request_id: &str,
    started: Timestamp,
    surroundings: &Surroundings,
) -> Result<u16, SendFailure> {
    let secret = (surroundings.secret_of)(delivery.application_id).await.ok_or(SendFailure::NoSecret)?;
    // The first attempt carries the delivery's own id, so that one that was made but not recorded before a crash
    // carries it again.
    let notification_id = if delivery.attempts == 0 { delivery.id } else { (surroundings.new_id)() };
    let identity = AttemptIdentity { notification_id, request_id, now: started };
    let message = message(delivery, identity, &secret).map_err(|_| AddressRefusal::NotAUrl)?;
    surroundings.sender.deliver(&message, schedule::timeout(delivery.attempts)).await
}
