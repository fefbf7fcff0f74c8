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
use pasarela_domain::identity::{ApplicationId, Caller, Mode};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    Changes, CommitError, DeliveryRecord, DeliverySearch, DeliveryState, RecordChange, SettingKind,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// Streams that an application may have in a mode at one node: a developer's machines, and a few that were forgotten.
pub const MOST_STREAMS: usize = 10;

/// The streams of a node, and what they handed over: two do not hand over the same.
#[derive(Default)]
pub(crate) struct Streams(Mutex<Open>);

#[derive(Default)]
struct Open {
    handed_over: HashSet<i64>,
    /// What each stream listens to; empty for everything.
    topics: HashMap<(ApplicationId, Mode), BTreeMap<u64, Vec<String>>>,
    /// Streams that there ever were.
    count: u64,
}

impl Streams {
    fn lock(&self) -> MutexGuard<'_, Open> {
        // Each change is whole, wherever a panic left it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim(self: &Arc<Streams>, delivery_id: i64) -> Option<Claim> {
        let is_free = self.lock().handed_over.insert(delivery_id);
        is_free.then(|| Claim { streams: self.clone(), delivery_id })
    }

    fn sit_down(self: &Arc<Streams>, caller: &Caller, topics: Vec<String>) -> Option<Seat> {
        let key = (caller.application_id, caller.mode);
        let mut open = self.lock();
        open.count += 1;
        let number = open.count;
        let of_application = open.topics.entry(key).or_default();
        if of_application.len() >= MOST_STREAMS {
            return None;
        }
        of_application.insert(number, topics);
        drop(open);
        Some(Seat { streams: self.clone(), key, number })
    }
}

/// A delivery is one stream's, until this is dropped.
struct Claim {
    streams: Arc<Streams>,
    delivery_id: i64,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.streams.lock().handed_over.remove(&self.delivery_id);
    }
}

/// A stream's place among those of its application, until this is dropped.
struct Seat {
    streams: Arc<Streams>,
    key: (ApplicationId, Mode),
    number: u64,
}

impl Seat {
    /// The topics of all streams that the application has here; `None` without any but this one, where that `leaves`.
    fn topics(&self, leaves: bool) -> Option<Vec<String>> {
        let open = self.streams.lock();
        let of_application = open.topics.get(&self.key)?;
        let mut all =
            of_application.iter().filter(|(number, _)| !leaves || **number != self.number).peekable();
        all.peek()?;
        let mut topics = BTreeSet::new();
        for (_, of_one) in all {
            if of_one.is_empty() {
                return Some(Vec::new());
            }
            topics.extend(of_one.iter().cloned());
        }
        Some(topics.into_iter().collect())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        if let Some(of_application) = open.topics.get_mut(&self.key) {
            of_application.remove(&self.number);
            if of_application.is_empty() {
                open.topics.remove(&self.key);
            }
        }
    }
}

/// A stream to one program.
pub struct Listener {
    engine: Engine,
    caller: Caller,
    topics: Vec<String>,
    /// None once it has left.
    seat: Option<Seat>,
    until: Instant,
    sign_given: Option<Instant>,
    handed: Option<Handed>,
}

/// What the program was handed last.
struct Handed {
    /// Until it is answered, no other stream has it.
    _claim: Claim,
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
    /// 400 for a topic that there is not, 429 when the application has [`MOST_STREAMS`] already.
    pub fn listen(&self, caller: &Caller, topics: Vec<String>, lasts: Duration) -> Result<Listener, Failure> {
        if let Some(unknown) = topics.iter().find(|name| topics::by_name(name).is_none()) {
            let known: Vec<&str> = topics::TOPICS.iter().map(|topic| topic.name).collect();
            let known = known.join(", ");
            return Err(
                Refusal::plain(400, format!("there is no topic {unknown:?}; there are {known}")).into()
            );
        }
        let until = Instant::now() + lasts;
        let seat = self.inner.streams.sit_down(caller, topics.clone()).ok_or_else(|| {
            let said =
                format!("the application listens over {MOST_STREAMS} streams already: end one of them");
            Refusal::plain(429, said)
        })?;
        Ok(Listener {
            engine: self.clone(),
            caller: caller.clone(),
            topics,
            seat: Some(seat),
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
        let outcome = answer.outcome.map_err(|why| SendFailure::named(&why));
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
                    self.sign_off().await?;
                }
                return Ok(None);
            }
            if self.sign_given.is_none_or(|given| given.elapsed() >= SIGN_EVERY) {
                let topics = self.seat.as_ref().and_then(|seat| seat.topics(false));
                self.give_sign(TAKEN_FOR_GRANTED_MS, topics.unwrap_or_default()).await?;
                self.sign_given = Some(Instant::now());
                return Ok(Some(b"\n".to_vec()));
            }
            self.look_at_handed().await?;
            if self.handed.is_none()
                && let Some((delivery, claim)) = self.first_held().await?
            {
                return self.hand_over(delivery, claim).await.map(Some);
            }
            let pause = LOOK_EVERY.min(self.until.saturating_duration_since(Instant::now()));
            // A timeout is a look at what other nodes did.
            let _ = tokio::time::timeout(pause, woken).await;
        }
    }

    /// Leaves. Where others of the application listen here, they still do.
    async fn sign_off(&mut self) -> Result<(), Failure> {
        let others = self.seat.take().and_then(|seat| seat.topics(true));
        match others {
            Some(topics) => self.give_sign(TAKEN_FOR_GRANTED_MS, topics).await,
            None => self.give_sign(0, Vec::new()).await,
        }
    }

    async fn give_sign(&self, for_ms: i64, topics: Vec<String>) -> Result<(), Failure> {
        let until = self.engine.inner.clock.wall().plus_ms(for_ms);
        let listening = Listening { until, topics };
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
        if let Some(handed) = self.handed.take()
            && is_waiting
        {
            let took = handed.at.elapsed();
            let recorded =
                self.engine.record_answer(&handed.delivery, handed.sent, handed.started, took).await;
            match recorded {
                // Answered at the last moment.
                Ok(()) | Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// The oldest delivery that waits for this program and that no other stream has, and behind none about the same resource
    /// that another one has.
    async fn first_held(&self) -> Result<Option<(DeliveryRecord, Claim)>, Failure> {
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
        let mut others = HashSet::new();
        for held in waiting.into_iter().rev() {
            let lane = (held.topic.clone(), held.resource_id.clone());
            if others.contains(&lane) {
                continue;
            }
            match self.engine.inner.streams.claim(held.id) {
                Some(claim) => return Ok(Some((held, claim))),
                None => drop(others.insert(lane)),
            }
        }
        Ok(None)
    }

    fn listens_to(&self, held: &DeliveryRecord) -> bool {
        held.application_id == self.caller.application_id
            && (self.topics.is_empty() || self.topics.contains(&held.topic))
    }

    async fn hand_over(&mut self, delivery: DeliveryRecord, claim: Claim) -> Result<Vec<u8>, Failure> {
        let started = self.engine.inner.clock.wall();
        let id = delivery.id;
        let notification_id = if delivery.attempts == 0 { id } else { self.engine.inner.ids.next() };
        let request_id = Uuid::new_v4().to_string();
        let secrets = self.engine.webhook_secrets(delivery.application_id, delivery.mode).await;
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
        self.handed = Some(Handed { _claim: claim, delivery, sent, started, at: Instant::now() });
        Ok(format!("{line}\n").into_bytes())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.sign_given.is_none() {
            return;
        }
        let mut last = Listener {
            engine: self.engine.clone(),
            caller: self.caller.clone(),
            topics: std::mem::take(&mut self.topics),
            seat: self.seat.take(),
            until: self.until,
            sign_given: None,
            handed: None,
        };
        // Nobody listens any more; if this can't be written, the last sign runs out by itself.
        runtime.spawn(async move { last.sign_off().await });
    }
}
