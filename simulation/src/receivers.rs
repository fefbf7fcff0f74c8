//! Who is notified: receivers that answer, fail, are slow or don't answer, and remember what came.

use crate::nature::lock;
use crate::promises::Promises;
use crate::random::Random;
use pasarela_engine::notifications::message::Message;
use pasarela_engine::notifications::sender::SendFailure;
use pasarela_engine::notifications::{AnswerFuture, Answered, Courier};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// All receivers of a history.
pub(crate) struct Receivers {
    state: Mutex<State>,
    promises: Arc<Promises>,
}

struct State {
    random: Random,
    /// Of a thousand messages, so many find their receiver failing.
    failing_permille: u32,
    /// The newest notification that each address has seen of each payment, by the id of its first attempt.
    newest: BTreeMap<(String, String), i64>,
    messages: u64,
}

/// What a receiver does with a message.
enum Mood {
    Good,
    Slow,
    Failing,
    Silent,
    Gone,
}

#[derive(Deserialize)]
struct Webhook {
    id: i64,
    data: Resource,
}

#[derive(Deserialize)]
struct Resource {
    id: String,
}

impl Receivers {
    pub(crate) fn new(mut random: Random, promises: Arc<Promises>) -> Receivers {
        let failing_permille = *random.pick(&[0, 0, 200, 500, 1_000]);
        let state = State { random, failing_permille, newest: BTreeMap::new(), messages: 0 };
        Receivers { state: Mutex::new(state), promises }
    }

    /// From now on all answer at once.
    pub(crate) fn be_well(&self) {
        lock(&self.state).failing_permille = 0;
    }

    /// How many messages came.
    pub(crate) fn messages(&self) -> u64 {
        lock(&self.state).messages
    }

    fn take(&self, message: &Message) -> Mood {
        let mut state = lock(&self.state);
        state.messages += 1;
        let is_first = header(message, "x-retry") == Some("0");
        if is_first && let Ok(webhook) = serde_json::from_slice::<Webhook>(&message.body) {
            let lane = (message.url.path().to_owned(), webhook.data.id);
            let newest = state.newest.entry(lane).or_insert(webhook.id);
            // The same one may come again: the process died before it was noted.
            // What was due before the clock went back is due later, and may be overtaken.
            let is_in_order = webhook.id >= *newest || self.promises.has_time_gone_back();
            self.promises.keep(is_in_order, || {
                format!("{} was told of {newest}, and then of the older {}", message.url, webhook.id)
            });
            *newest = webhook.id.max(*newest);
        }
        let permille = state.failing_permille;
        if !state.random.happens(permille) {
            return if state.random.once_in(20) { Mood::Slow } else { Mood::Good };
        }
        match state.random.below(3) {
            0 => Mood::Failing,
            1 => Mood::Silent,
            _ => Mood::Gone,
        }
    }
}

impl Courier for Receivers {
    fn deliver<'a>(&'a self, message: &'a Message, timeout: Duration) -> AnswerFuture<'a> {
        Box::pin(async move {
            let request_id = header(message, "x-request-id").unwrap_or_default().to_owned();
            match self.take(message) {
                Mood::Failing => return Ok(Answered { status: 500, ..Answered::default() }),
                Mood::Gone => return Err(SendFailure::Refused),
                Mood::Silent => {
                    tokio::time::sleep(timeout).await;
                    return Err(SendFailure::Timeout);
                }
                Mood::Slow => tokio::time::sleep(Duration::from_secs(3)).await,
                Mood::Good => tokio::task::yield_now().await,
            }
            self.promises.received(request_id);
            Ok(Answered { status: 200, ..Answered::default() })
        })
    }
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}
