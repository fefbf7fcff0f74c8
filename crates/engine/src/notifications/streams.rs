//! Programs that listen: a developer's machine that the platform can't reach asks for its notifications over a stream.
//!
//! While a program listens, each event makes one more delivery, which is held for it. The stream hands these over one
//! after the other, oldest first; the program makes the request and tells what was answered, and that is the delivery's
//! attempt. All of it goes by the store, so that the event, the stream and the answer may each be at another node.

use super::attempts::{Answered, Made, Sent, made};
use super::history::shown_request;
use super::listeners::LISTENER_URL;
use super::message::{AttemptIdentity, Signing, message};
use super::sender::SendFailure;
use super::settings::Listening;
use super::topics;
use crate::payments::to_json;
use crate::{Engine, Failure};
use pasarela_domain::identity::Caller;
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    Changes, CommitError, DeliveryRecord, DeliverySearch, DeliveryState, RecordChange, SettingKind,
};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How long a program is taken to listen without a sign of it.
const TAKEN_FOR_GRANTED_MS: i64 = 30_000;

/// How often the sign is given, and an empty line sent: proxies cut streams that are silent.
const SIGN_EVERY: Duration = Duration::from_secs(10);

/// How long an answer is waited for: what a receiver has, and the way to the program and back.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(27);

/// How often it is looked for what other nodes made, or answers that they took.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What is handed over, so that two streams of a node do not hand over the same.
#[derive(Default)]
pub(crate) struct HandedOver(Mutex<HashSet<i64>>);

impl HandedOver {
    fn claim(&self, delivery_id: i64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(delivery_id)
    }

    fn release(&self, delivery_id: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&delivery_id);
    }
}

/// A stream to one program.
pub struct Listener {
    engine: Engine,
    caller: Caller,
    topics: Vec<String>,
    until: Instant,
    sign_given: Option<Instant>,
    handed: Option<Handed>,
}

/// What the program was handed last.
struct Handed {
    delivery: DeliveryRecord,
    sent: Sent,
    started: Timestamp,
    at: Instant,
}

/// What a program's own receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenersAnswer {
    /// The attempt's number, as it was handed over.
    pub attempt: u32,
    /// Its `x-request-id`.
    pub request_id: String,
    /// Its `x-signature`.
    pub signature: String,
    /// The body's `id`.
    pub notification_id: i64,
    /// When it was handed over, in milliseconds since 1970.
    pub started_ms: i64,
    /// How long the receiver took.
    pub duration_ms: u32,
    /// The answer, or why there is none.
    pub outcome: Result<Answered, String>,
}

impl Engine {
    /// Listens to the caller's events of `topics`, all without any, for at most `lasts`.
    ///
    /// # Errors
    /// 400 for a topic that there is not.
    pub fn listen(&self, caller: &Caller, topics: Vec<String>, lasts: Duration) -> Result<Listener, Failure> {
        if let Some(unknown) = topics.iter().find(|name| topics::by_name(name).is_none()) {
            let known: Vec<&str> = topics::TOPICS.iter().map(|topic| topic.name).collect();
            let known = known.join(", ");
            return Err(
                Refusal::plain(400, format!("there is no topic {unknown:?}; there are {known}")).into()
            );
        }
        let until = Instant::now() + lasts;
        Ok(Listener {
            engine: self.clone(),
            caller: caller.clone(),
            topics,
            until,
            sign_given: None,
            handed: None,
        })
    }

    /// Takes what a listening program's receiver answered as the delivery's attempt.
    ///
    /// # Errors
    /// 404 for a delivery that does not wait for a program, 409 for an attempt that is over.
    pub async fn answer_notification(
        &self,
        caller: &Caller,
        id: i64,
        answer: ListenersAnswer,
    ) -> Result<Value, Failure> {
        let delivery = self.own_delivery(caller, id).await?;
        if delivery.url != LISTENER_URL {
            return Err(
                Refusal::plain(404, "this notification does not wait for a program that listens").into()
            );
        }
        if delivery.state != DeliveryState::Held || delivery.attempts != answer.attempt {
            return Err(Refusal::plain(409, "this attempt is over").into());
        }
        let outcome = answer.outcome.map_err(|why| failure_named(&why));
        let sent = Sent {
            notification_id: answer.notification_id,
            request_id: answer.request_id,
            signature: answer.signature,
            outcome,
        };
        let took = Duration::from_millis(u64::from(answer.duration_ms));
        self.record_answer(&delivery, sent, Timestamp(answer.started_ms), took).await?;
        Ok(json!({"id": id, "attempt": answer.attempt}))
    }

    async fn record_answer(
        &self,
        delivery: &DeliveryRecord,
        sent: Sent,
        started: Timestamp,
        took: Duration,
    ) -> Result<(), Failure> {
        let Made { mut record, .. } = made(delivery, sent, started, took);
        if record.failure.is_some() {
            // The developer sees it at once, and sends it again when the receiver is mended.
            record.state = DeliveryState::Exhausted;
            record.next_attempt = None;
        }
        let records = vec![RecordChange::RecordAttempt(record)];
        let outcome = self.inner.store.commit(Changes { records, ..Changes::default() }).await;
        self.inner.listeners_wake.notify_waiters();
        match outcome {
            Ok(()) => Ok(()),
            Err(CommitError::AlreadyExists(_) | CommitError::VersionConflict) => {
                Err(Refusal::plain(409, "this attempt is over").into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Listener {
    /// The next line, once there is one: a notification to be forwarded, or an empty one as a sign of life. `None` at the
    /// end of the stream.
    ///
    /// # Errors
    /// When the store can't be read or written; the stream is over then.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            let engine = self.engine.clone();
            // Before it is looked, so that what comes meanwhile is not missed.
            let woken = engine.inner.listeners_wake.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            if Instant::now() >= self.until || engine.is_stopping() {
                // Before the program sees the end: what happens after it makes no delivery that nobody fetches.
                if self.sign_given.take().is_some() {
                    self.give_sign(0).await?;
                }
                return Ok(None);
            }
            if self.sign_given.is_none_or(|given| given.elapsed() >= SIGN_EVERY) {
                self.give_sign(TAKEN_FOR_GRANTED_MS).await?;
                self.sign_given = Some(Instant::now());
                return Ok(Some(b"\n".to_vec()));
            }
            self.look_at_handed().await?;
            if self.handed.is_none()
                && let Some(delivery) = self.first_held().await?
            {
                return self.hand_over(delivery).await.map(Some);
            }
            let pause = LOOK_EVERY.min(self.until.saturating_duration_since(Instant::now()));
            // A timeout is a look at what other nodes did.
            let _ = tokio::time::timeout(pause, woken).await;
        }
    }

    async fn give_sign(&self, for_ms: i64) -> Result<(), Failure> {
        let until = self.engine.inner.clock.wall().plus_ms(for_ms);
        let listening = Listening { until, topics: self.topics.clone() };
        let (application_id, mode) = (self.caller.application_id, self.caller.mode);
        let written = self
            .engine
            .write_setting(application_id, mode, SettingKind::Listener, "", |_| to_json(&listening));
        written.await.map(drop)
    }

    /// Whether what was handed over is answered, here or at another node; what is not in time has failed.
    async fn look_at_handed(&mut self) -> Result<(), Failure> {
        let Some(handed) = &self.handed else { return Ok(()) };
        let stored = self.engine.inner.store.delivery(self.caller.account_id, handed.delivery.id).await?;
        let is_waiting = stored.is_some_and(|stored| {
            stored.state == DeliveryState::Held && stored.attempts == handed.delivery.attempts
        });
        if is_waiting && handed.at.elapsed() < ANSWER_TIMEOUT {
            return Ok(());
        }
        if let Some(handed) = self.handed.take() {
            self.engine.inner.handed_over.release(handed.delivery.id);
            if is_waiting {
                let took = handed.at.elapsed();
                let recorded =
                    self.engine.record_answer(&handed.delivery, handed.sent, handed.started, took).await;
                match recorded {
                    // Answered at the last moment.
                    Ok(()) | Err(Failure::Refused(_)) => {}
                    Err(failure) => return Err(failure),
                }
            }
        }
        Ok(())
    }

    /// The oldest delivery that waits for this program and that no other stream has.
    async fn first_held(&self) -> Result<Option<DeliveryRecord>, Failure> {
        let mut search = DeliverySearch {
            state: Some(DeliveryState::Held),
            url: Some(LISTENER_URL.to_owned()),
            ..DeliverySearch::of(self.caller.account_id, self.caller.mode, 200)
        };
        let mut waiting = Vec::new();
        loop {
            let page = self.engine.inner.store.search_deliveries(&search).await?;
            waiting.extend(page.deliveries.into_iter().filter(|held| self.listens_to(held)));
            match page.next {
                Some(next) => search.before = next,
                None => break,
            }
        }
        Ok(waiting.into_iter().rev().find(|held| self.engine.inner.handed_over.claim(held.id)))
    }

    fn listens_to(&self, held: &DeliveryRecord) -> bool {
        held.application_id == self.caller.application_id
            && (self.topics.is_empty() || self.topics.contains(&held.topic))
    }

    async fn hand_over(&mut self, delivery: DeliveryRecord) -> Result<Vec<u8>, Failure> {
        let started = self.engine.inner.clock.wall();
        let id = delivery.id;
        let notification_id = if delivery.attempts == 0 { id } else { self.engine.inner.ids.next() };
        let request_id = Uuid::new_v4().to_string();
        let secrets = self.engine.webhook_secrets(delivery.application_id).await;
        let secrets = secrets.ok_or_else(|| Refusal::plain(400, "the application has no webhook secret"))?;
        let identity = AttemptIdentity { notification_id, request_id: &request_id, now: started };
        let request = message(&delivery, identity, Signing::Secret(&secrets.current))
            .map_err(|_| Failure::Internal("a listener's address can't be read".to_owned()))?;
        let signature = request.header("x-signature").unwrap_or_default().to_owned();
        let line = json!({
            "id": id,
            "attempt": delivery.attempts,
            "notification_id": notification_id,
            "request_id": request_id,
            "signature": signature,
            "started_ms": started.0,
            "topic": delivery.topic,
            "action": delivery.action,
            "resource_id": delivery.resource_id,
            "query": request.url.query(),
            "request": shown_request(&request),
        });
        let outcome = Err(SendFailure::Timeout);
        let sent = Sent { notification_id, request_id, signature, outcome };
        self.handed = Some(Handed { delivery, sent, started, at: Instant::now() });
        Ok(format!("{line}\n").into_bytes())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(handed) = &self.handed {
            self.engine.inner.handed_over.release(handed.delivery.id);
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.sign_given.is_none() {
            return;
        }
        let last = Listener {
            engine: self.engine.clone(),
            caller: self.caller.clone(),
            topics: std::mem::take(&mut self.topics),
            until: self.until,
            sign_given: None,
            handed: None,
        };
        // Nobody listens any more; if this can't be written, the last sign runs out by itself.
        runtime.spawn(async move { last.give_sign(0).await });
    }
}

/// The failure that a listening program names.
fn failure_named(why: &str) -> SendFailure {
    let known = [SendFailure::Timeout, SendFailure::Refused, SendFailure::BadAnswer];
    known.into_iter().find(|failure| failure.to_string() == why).unwrap_or(SendFailure::NoConnection)
}
