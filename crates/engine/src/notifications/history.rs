//! What applications were told: search, look at it, send it again, and try an address out.

use super::attempts::Courier;
use super::endpoints::address;
use super::exchange::{Exchange, request_of};
use super::listeners::LISTENER_URL;
use super::message::{AttemptIdentity, Message, Signing, message};
use super::topics;
use crate::payments::to_json;
use crate::{Engine, Failure, identifiers};
use pasarela_domain::identity::{AccountId, Caller};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::{DAY, Timestamp};
use pasarela_store::{
    Changes, Channel, CommitError, DeliveryAttempt, DeliveryPage, DeliveryRecord, DeliverySearch,
    DeliveryState, NotificationChange, RecordChange, share_of,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long the history is kept.
pub const KEPT_MS: i64 = 30 * DAY;

/// The most that one search gives.
pub const MOST_RESULTS: u32 = 200;

/// How many deliveries are forgotten in one commit: payments do not wait long for it.
const FORGOTTEN_AT_ONCE: u32 = 200;

/// How long a simulated notification waits for its answer: somebody waits for it at a terminal.
const SIMULATION_TIMEOUT: Duration = Duration::from_secs(22);

/// What is looked for; every member may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// `pending`, `delivered`, `failed` or `held`.
    pub state: Option<String>,
    /// Exact topic.
    pub topic: Option<String>,
    /// Exact action.
    pub action: Option<String>,
    /// Exact `data.id`.
    pub resource_id: Option<String>,
    /// Exact address.
    pub url: Option<String>,
    /// Made at or after, by the wall clock.
    pub begin: Option<Timestamp>,
    /// Made before, by the wall clock.
    pub end: Option<Timestamp>,
    /// The `next` of the page before.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

impl Engine {
    /// A page of the caller's history, newest first: `results` and `next`.
    ///
    /// # Errors
    /// 400 for a state that there is not.
    pub async fn notification_history(
        &self,
        caller: &Caller,
        filter: &HistoryFilter,
    ) -> Result<Value, Failure> {
        let search = search_of(caller, filter)?;
        let DeliveryPage { deliveries, next } = self.inner.store.search_deliveries(&search).await?;
        let own = deliveries.iter().filter(|delivery| delivery.application_id == caller.application_id);
        let results: Vec<Value> = own.map(shown).collect();
        Ok(json!({"results": results, "next": next}))
    }

    /// One delivery with all its attempts: request, answer, duration, and why it failed.
    ///
    /// # Errors
    /// 404 for one that is not the caller's.
    pub async fn notification(&self, caller: &Caller, id: i64) -> Result<Value, Failure> {
        let delivery = self.own_delivery(caller, id).await?;
        let attempts = self.inner.store.attempts(caller.account_id, id).await?;
        let mut body = shown(&delivery);
        body["history"] = attempts.iter().map(|attempt| shown_attempt(&delivery, attempt)).collect();
        Ok(body)
    }

    pub(super) async fn own_delivery(&self, caller: &Caller, id: i64) -> Result<DeliveryRecord, Failure> {
        let delivery = self.inner.store.delivery(caller.account_id, id).await?;
        let delivery = delivery.filter(|delivery| {
            delivery.mode == caller.mode && delivery.application_id == caller.application_id
        });
        delivery.ok_or_else(|| Refusal::plain(404, "notification not found").into())
    }

    /// Sends a delivery again, whatever became of it: its next attempt is due now. A pause of its address ends.
    ///
    /// # Errors
    /// 404 for one that is not the caller's.
    pub async fn resend_notification(&self, caller: &Caller, id: i64) -> Result<Value, Failure> {
        let delivery = self.own_delivery(caller, id).await?;
        if delivery.url == LISTENER_URL {
            self.reschedule(&delivery, DeliveryState::Held).await?;
        } else {
            self.resume_addresses(caller, Some(address(&delivery.url))).await?;
            self.reschedule(&delivery, DeliveryState::Pending).await?;
        }
        self.notification(caller, id).await
    }

    /// Sends a notification about something that need not exist to the caller's own address, and tells what came of it.
    ///
    /// # Errors
    /// 400 without an address, or for a topic that there is not.
    pub async fn simulate_notification(
        &self,
        caller: &Caller,
        topic: &str,
        data_id: &str,
    ) -> Result<Value, Failure> {
        let topic = topics::by_name(topic)
            .ok_or_else(|| Refusal::plain(400, format!("there is no topic {topic:?}")))?;
        let addresses = self.notification_addresses(caller).await?;
        let url = addresses.url.ok_or_else(|| {
            Refusal::plain(400, format!("the application has no {} address for Webhooks", caller.mode.name()))
        })?;
        let courier = self.inner.courier.get().ok_or(Failure::Unavailable { retry_after_s: 1 })?;
        let secrets = self.webhook_secrets(caller.application_id, caller.mode).await;
        let secrets = secrets.ok_or_else(|| Refusal::plain(400, "the application has no webhook secret"))?;
        let delivery = DeliveryRecord {
            id: 123_456,
            account_id: caller.account_id,
            application_id: caller.application_id,
            mode: caller.mode,
            channel: Channel::Webhook,
            url,
            topic: topic.name.to_owned(),
            action: topic.actions[0].to_owned(),
            resource_id: data_id.to_owned(),
            created: SIMULATED,
            state: DeliveryState::Pending,
            attempts: 0,
            next_attempt: SIMULATED,
            data: topic.body.is_bare.then(|| json!({"id": data_id}).to_string()),
            turns_ahead: 0,
        };
        let request_id = Uuid::new_v4().to_string();
        let identity = AttemptIdentity {
            notification_id: 123_456,
            request_id: &request_id,
            now: self.inner.clock.wall(),
        };
        let sent = message(&delivery, identity, Signing::Secret(&secrets.current))
            .map_err(|_| Refusal::plain(400, "the address can't be called"))?;
        Ok(simulated(courier.as_ref(), sent).await)
    }

    /// Forgets what is older than the history is kept, of the accounts whose work is this node's. Says whether there
    /// may be more.
    pub(crate) async fn forget_old_notifications(&self) -> Result<bool, Failure> {
        let before = identifiers::first_id_at(self.inner.clock.wall().plus_ms(-KEPT_MS));
        let shares = self.inner.store.lease().shares;
        let applications = self.inner.store.sealed_applications().await?;
        let accounts: BTreeSet<AccountId> =
            applications.iter().map(|application| application.account_id).collect();
        let mut is_more = false;
        for account_id in accounts.into_iter().filter(|account| shares.contains(share_of(*account))) {
            let old = self.inner.store.old_deliveries(account_id, before, FORGOTTEN_AT_ONCE).await?;
            is_more |= old.len() >= FORGOTTEN_AT_ONCE as usize;
            let forget = |delivery_id| {
                RecordChange::Notification(NotificationChange::Forget { account_id, delivery_id })
            };
            if old.is_empty() {
                continue;
            }
            let records = old.into_iter().map(forget).collect();
            match self.inner.store.commit(Changes { records, ..Changes::default() }).await {
                // Another node was faster.
                Ok(()) | Err(CommitError::VersionConflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(is_more)
    }
}

/// The date in every simulated notification: 2021-11-01T02:02:02Z.
const SIMULATED: Timestamp = Timestamp(1_635_732_122_000);

async fn simulated(courier: &dyn Courier, mut sent: Message) -> Value {
    // The panel's simulator says that it is one.
    if let Ok(Value::Object(mut body)) = serde_json::from_slice(&sent.body)
        && body.contains_key("live_mode")
    {
        body.insert("id".to_owned(), json!("123456"));
        body.insert("live_mode".to_owned(), json!(false));
        sent.body = to_json(&body).unwrap_or(sent.body);
    }
    let watch = Instant::now();
    let outcome = courier.deliver(&sent, SIMULATION_TIMEOUT).await;
    let duration_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
    let failure = match &outcome {
        Ok(answer) if answer.is_success() => None,
        Ok(answer) => Some(format!("status {}", answer.status)),
        Err(failure) => Some(failure.to_string()),
    };
    let kept = outcome.as_ref().ok().map(|answer| (answer.status, Exchange::of(0, "", Some(answer))));
    json!({
        "delivered": failure.is_none(),
        "duration_ms": duration_ms,
        "failure": failure,
        "request": shown_request(&sent),
        "response": kept.map(|(status, exchange)| shown_response(status, exchange)),
    })
}

fn search_of(caller: &Caller, filter: &HistoryFilter) -> Result<DeliverySearch, Failure> {
    let state = match filter.state.as_deref() {
        None => None,
        Some(name) => Some(
            state_named(name)
                .ok_or_else(|| Refusal::plain(400, "state is pending, delivered, failed or held"))?,
        ),
    };
    let end = filter.end.map_or(i64::MAX, identifiers::first_id_at);
    Ok(DeliverySearch {
        state,
        topic: filter.topic.clone(),
        action: filter.action.clone(),
        resource_id: filter.resource_id.clone(),
        url: filter.url.clone(),
        from: filter.begin.map_or(0, identifiers::first_id_at),
        before: filter.before.unwrap_or(i64::MAX).min(end),
        ..DeliverySearch::of(caller.account_id, caller.mode, filter.limit.clamp(1, MOST_RESULTS))
    })
}

fn state_named(name: &str) -> Option<DeliveryState> {
    [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::Exhausted, DeliveryState::Held]
        .into_iter()
        .find(|state| state_name(*state) == name)
}

const fn state_name(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "pending",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Exhausted => "failed",
        DeliveryState::Held => "held",
    }
}

fn shown(delivery: &DeliveryRecord) -> Value {
    let is_pending = delivery.state == DeliveryState::Pending;
    json!({
        "id": delivery.id,
        "state": state_name(delivery.state),
        "format": match delivery.channel { Channel::Webhook => "webhook", Channel::Ipn => "ipn" },
        "topic": delivery.topic,
        "action": delivery.action,
        "resource_id": delivery.resource_id,
        "url": delivery.url,
        "live_mode": delivery.mode.is_live(),
        "application_id": delivery.application_id,
        "date_created": delivery.created.to_wire(),
        "attempts": delivery.attempts,
        "next_attempt": is_pending.then(|| delivery.next_attempt.to_wire()),
    })
}

fn shown_attempt(delivery: &DeliveryRecord, attempt: &DeliveryAttempt) -> Value {
    let request = request_of(delivery, attempt).map(|request| shown_request(&request));
    let exchange = Exchange::from_attempt(attempt).unwrap_or_default();
    json!({
        "number": attempt.number,
        "started": attempt.started.to_wire(),
        "duration_ms": attempt.duration_ms,
        "failure": attempt.failure,
        "request": request,
        "response": attempt.response_status.map(|status| shown_response(status, exchange)),
    })
}

pub(super) fn shown_request(request: &Message) -> Value {
    let headers: Map<String, Value> =
        request.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({
        "method": "POST",
        "url": request.url.as_str(),
        "headers": headers,
        "body": String::from_utf8_lossy(&request.body),
    })
}

fn shown_response(status: u16, exchange: Exchange) -> Value {
    let headers: Map<String, Value> =
        exchange.headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    json!({"status": status, "headers": headers, "body": exchange.body})
}
