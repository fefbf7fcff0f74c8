//! Who is notified: receivers that answer, fail, are slow or don't answer, and remember what came.

use crate::nature::lock;
use crate::promises::Promises;
use crate::random::Random;
use pasarela_engine::notifications::message::Message;
use pasarela_engine::notifications::sender::SendFailure;
use pasarela_engine::notifications::{AnswerFuture, Answered, Courier};
use pasarela_store::memory::{Memory, Records};
use pasarela_store::{Channel, DeliveryRecord};
use serde::Deserialize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// All receivers of a history.
pub(crate) struct Receivers {
    state: Mutex<State>,
    promises: Arc<Promises>,
    /// What is stored, to see which notification a message is.
    memory: Memory,
}

struct State {
    random: Random,
    /// Of a thousand messages, so many find their receiver failing.
    failing_permille: u32,
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
    action: String,
}

impl Receivers {
    pub(crate) fn new(mut random: Random, promises: Arc<Promises>, memory: Memory) -> Receivers {
        let failing_permille = *random.pick(&[0, 0, 200, 500, 1_000]);
        let state = State { random, failing_permille, messages: 0 };
        Receivers { state: Mutex::new(state), promises, memory }
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
        self.memory.look(|records| {
            let kept = check_order(records, message);
            self.promises.keep(kept.is_ok(), || kept.unwrap_err());
        });
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

/// Whatever comes is the oldest that its receiver is to be told of this resource: everything older is settled.
fn check_order(records: &Records, message: &Message) -> Result<(), String> {
    let told = Told::of(message).ok_or_else(|| format!("{message:?} is no notification"))?;
    let oldest = records.deliveries().find(|delivery| delivery.is_unsettled() && told.may_be(delivery));
    let oldest = oldest.ok_or_else(|| format!("{message:?} is nobody's any more"))?;
    let is_the_oldest = oldest.attempts == told.attempts
        && told.action.as_ref().is_none_or(|action| *action == oldest.action)
        && (told.attempts > 0 || told.id.is_none_or(|id| id == oldest.id));
    if is_the_oldest {
        return Ok(());
    }
    Err(format!("{} is told of {told:?} before the older {}", message.url, oldest.id))
}

/// What a message says of itself.
#[derive(Debug)]
struct Told {
    url: String,
    channel: Channel,
    resource_id: String,
    topic: String,
    /// Of Webhooks.
    action: Option<String>,
    /// Of Webhooks; a first attempt has its delivery's id.
    id: Option<i64>,
    attempts: u32,
}

impl Told {
    fn of(message: &Message) -> Option<Told> {
        let mut url = message.url.clone();
        let kept: Vec<&str> = message.url.query()?.split('&').collect();
        let (own, added) = kept.split_at(kept.len().checked_sub(2)?);
        url.set_query((!own.is_empty()).then(|| own.join("&")).as_deref());
        let value = |pair: &str| pair.split_once('=').map(|(_, value)| value.to_owned());
        let attempts = header(message, "x-retry")?.parse().ok()?;
        let webhook = serde_json::from_slice::<Webhook>(&message.body).ok();
        Some(Told {
            url: url.to_string(),
            channel: if webhook.is_some() { Channel::Webhook } else { Channel::Ipn },
            resource_id: value(added[0])?,
            topic: value(added[1])?,
            id: webhook.as_ref().map(|webhook| webhook.id),
            action: webhook.map(|webhook| webhook.action),
            attempts,
        })
    }

    /// Whether it is of the delivery's lane.
    fn may_be(&self, delivery: &DeliveryRecord) -> bool {
        delivery.channel == self.channel
            && delivery.url == self.url
            && delivery.resource_id == self.resource_id
            && delivery.topic == self.topic
    }
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}
