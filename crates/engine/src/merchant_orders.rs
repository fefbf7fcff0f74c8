//! Merchant orders: made, read, changed, searched; and told, in the commit of each of their payments, what became of it.

use crate::identifiers::Fresh;
use crate::notifications::listeners::{Event, deliveries_for};
use crate::notifications::topics::MERCHANT_ORDERS;
use crate::payments::search::MOST_COUNTED;
use crate::payments::{IdempotencyKey, MAX_ROUNDS, Written, from_json, to_json};
use crate::{Engine, Failure, preferences};
use pasarela_domain::identity::{ApplicationId, Caller, Mode};
use pasarela_domain::json::Json;
use pasarela_domain::merchant_order::request::OrderRequest;
use pasarela_domain::merchant_order::{Birth, CREATED, MerchantOrder, UPDATED, not_found, order_of};
use pasarela_domain::payment::PaymentState;
use pasarela_domain::preference::query::CheckoutQuery;
use pasarela_domain::preference::{Preference, Window};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    Changes, CheckoutChange, CheckoutKind, CheckoutRecord, CheckoutWords, CommitError, RecordChange, Timer,
    TimerKind,
};

impl Engine {
    /// `POST /merchant_orders`.
    ///
    /// # Errors
    /// 400 `invalid_id` or `invalid_expired` for the preference; the documented words for what was sent.
    pub async fn create_merchant_order(
        &self,
        caller: &Caller,
        key: Option<IdempotencyKey>,
        body: &Json<'_>,
    ) -> Result<Written, Failure> {
        let request = OrderRequest::from_json(body, caller.site, caller.account_id)?;
        for _ in 0..MAX_ROUNDS {
            let now = self.inner.clock.now(caller.account_id, caller.mode);
            let mut order = self.new_order(caller.account_id, caller, now).await?;
            let mut changes = Changes::default();
            if let Some(id) = &request.preference_id {
                self.order_for(caller, id, &mut order, now, &mut changes).await?;
            }
            request.apply(&mut order, caller.site, now)?;
            let body = to_json(&order)?;
            self.keep_order(&order, caller.mode, 0, &mut changes)?;
            self.announce_order(&order, caller.mode, &[CREATED], &mut changes).await?;
            let made = (order.id, 0);
            changes.idempotency = key.map(|key| key.record(caller.account_id, made, self.inner.clock.wall()));
            match self.commit(changes).await {
                Ok(()) => return Ok(Written { body, replayed: false }),
                Err(CommitError::IdempotencyKeyTaken(made)) => {
                    let body = self.merchant_order(caller, made.resource_id).await?;
                    return Ok(Written { body, replayed: true });
                }
                Err(CommitError::VersionConflict | CommitError::AlreadyExists(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// `GET /merchant_orders/{id}`: the stored body.
    ///
    /// # Errors
    /// 404 for an order that is not this caller's, whoever's it is.
    pub async fn merchant_order(&self, caller: &Caller, id: i64) -> Result<Vec<u8>, Failure> {
        let record = self.order_record(caller.account_id, caller.mode, id).await?;
        let record = record.ok_or_else(not_found)?;
        self.count_read(caller, id, record.updated);
        Ok(record.body)
    }

    /// `PUT /merchant_orders/{id}`: each member that is said replaces the order's own.
    ///
    /// # Errors
    /// 404; 400 `invalid_order_state` for items under which payments stand; the documented words for what was sent.
    pub async fn change_merchant_order(
        &self,
        caller: &Caller,
        id: i64,
        key: Option<IdempotencyKey>,
        body: &Json<'_>,
    ) -> Result<Written, Failure> {
        let request = OrderRequest::from_json(body, caller.site, caller.account_id)?;
        for _ in 0..MAX_ROUNDS {
            let record = self.order_record(caller.account_id, caller.mode, id).await?;
            let record = record.ok_or_else(not_found)?;
            let mut order: MerchantOrder = from_json(&record.body, "a merchant order")?;
            let now = self.inner.clock.now(caller.account_id, caller.mode);
            request.apply(&mut order, caller.site, now)?;
            let mut changes = Changes::default();
            let body = to_json(&order)?;
            self.keep_order(&order, caller.mode, record.version, &mut changes)?;
            self.announce_order(&order, caller.mode, &[UPDATED], &mut changes).await?;
            changes.idempotency =
                key.map(|key| key.record(caller.account_id, (id, 0), self.inner.clock.wall()));
            match self.commit(changes).await {
                Ok(()) => return Ok(Written { body, replayed: false }),
                Err(CommitError::IdempotencyKeyTaken(_)) => {
                    return Ok(Written { body: self.merchant_order(caller, id).await?, replayed: true });
                }
                Err(CommitError::VersionConflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// `GET /merchant_orders/search`: `{"elements", "next_offset", "total"}`.
    ///
    /// # Errors
    /// 400 `ds_search_query`.
    pub async fn search_merchant_orders(
        &self,
        caller: &Caller,
        query: &[(String, String)],
    ) -> Result<Vec<u8>, Failure> {
        let query = CheckoutQuery::read(query)?;
        let page = self.search_checkout(caller, CheckoutKind::MerchantOrder, &query).await?;
        // An order that is found is read, as far as a shop that looks for one sale goes.
        for record in page.records.iter().take(MOST_COUNTED) {
            if let Ok(id) = record.id.parse() {
                self.count_read(caller, id, record.updated);
            }
        }
        let next_offset = u64::from(query.offset) + page.records.len() as u64;
        let mut out = br#"{"elements":["#.to_vec();
        for (at, record) in page.records.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&record.body);
        }
        out.extend_from_slice(
            format!("],\"next_offset\":{next_offset},\"total\":{}}}", page.total).as_bytes(),
        );
        Ok(out)
    }

    /// Tells the order that a payment belongs to what became of the payment, in the same commit. A payment that names no
    /// order, which is nearly every one that a shop makes itself, costs nothing here; one that names somebody else's
    /// number only says so.
    pub(crate) async fn tell_order(
        &self,
        state: &PaymentState,
        mode: Mode,
        now: Timestamp,
        changes: &mut Changes,
    ) -> Result<(), Failure> {
        let Some(id) = order_of(&state.payment) else { return Ok(()) };
        let Some(record) = self.order_record(state.payment.collector_id, mode, id).await? else {
            return Ok(());
        };
        let mut order: MerchantOrder = from_json(&record.body, "a merchant order")?;
        if order.take(&state.payment, state.internals.payer_id, now) {
            self.keep_order(&order, mode, record.version, changes)?;
            self.announce_order(&order, mode, &[UPDATED], changes).await?;
        }
        Ok(())
    }

    /// An order of nothing, with a new number.
    pub(crate) async fn new_order(
        &self,
        account_id: i64,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<MerchantOrder, Failure> {
        let account = self.account(account_id).await?;
        let nickname = account.and_then(|account| {
            let body: serde_json::Value = serde_json::from_slice(&account.body).ok()?;
            body["nickname"].as_str().map(str::to_owned)
        });
        Ok(MerchantOrder::empty(&Birth {
            id: self.inner.ids.next(),
            collector_id: account_id,
            nickname: &nickname.unwrap_or_default(),
            application_id: caller.application_id,
            site: caller.site,
            is_test: !caller.mode.is_live(),
            now,
        }))
    }

    /// Takes what is for sale from a preference; its next payments belong to `order`.
    async fn order_for(
        &self,
        caller: &Caller,
        preference_id: &str,
        order: &mut MerchantOrder,
        now: Timestamp,
        changes: &mut Changes,
    ) -> Result<(), Failure> {
        let record = self.preference_record(caller, preference_id).await?;
        let record = record.ok_or_else(|| Refusal::keyed(400, "invalid_id", "invalid preference_id"))?;
        let mut state = preferences::state_of(&record)?;
        if state.preference.window(now) == Window::Over {
            return Err(Refusal::keyed(400, "invalid_expired", "the preference_id has expired").into());
        }
        order.take_from(&state.preference);
        state.internals.open_order = Some(order.id);
        let record = preferences::record_of(&state, caller.mode, record.version, &self.inner.vault)?;
        changes.records.push(RecordChange::Checkout(CheckoutChange::Update(record)));
        changes.set_timers.extend(expiry_timer(order, &state.preference, caller.mode));
        Ok(())
    }

    /// The time to pay an order is over: it expires, unless its preference was given another time since.
    pub(crate) async fn expire_order(&self, timer: &Timer, now: Timestamp) -> Result<(), Failure> {
        let (account_id, mode) = (timer.account_id, timer.mode);
        for _ in 0..MAX_ROUNDS {
            let mut changes = Changes { clear_timers: vec![*timer], ..Changes::default() };
            if let Some(record) = self.order_record(account_id, mode, timer.subject).await? {
                let mut order: MerchantOrder = from_json(&record.body, "a merchant order")?;
                match self.deadline_of(&order, mode).await? {
                    Some(later) if later > now => {
                        let moved = Timer { due: later, ..*timer };
                        changes = Changes { set_timers: vec![moved], ..Changes::default() };
                    }
                    Some(_) if order.expire(now) => {
                        self.keep_order(&order, mode, record.version, &mut changes)?;
                        self.announce_order(&order, mode, &[UPDATED], &mut changes).await?;
                    }
                    _ => {}
                }
            }
            match self.commit(changes).await {
                Ok(()) => return Ok(()),
                // It was paid at this moment.
                Err(CommitError::VersionConflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// When the time of the order's preference is over, as the preference says now.
    async fn deadline_of(&self, order: &MerchantOrder, mode: Mode) -> Result<Option<Timestamp>, Failure> {
        let Some(id) = &order.preference_id else { return Ok(None) };
        let kind = CheckoutKind::Preference;
        let record = self.inner.store.checkout(order.collector.id, mode, kind, id).await?;
        let state = record.as_ref().map(preferences::state_of).transpose()?;
        Ok(state.and_then(|state| state.preference.deadline()))
    }

    pub(crate) async fn order_record(
        &self,
        account_id: i64,
        mode: Mode,
        id: i64,
    ) -> Result<Option<CheckoutRecord>, Failure> {
        let kind = CheckoutKind::MerchantOrder;
        Ok(self.inner.store.checkout(account_id, mode, kind, &id.to_string()).await?)
    }

    /// Adds the order to a commit. `read_version` 0 inserts.
    pub(crate) fn keep_order(
        &self,
        order: &MerchantOrder,
        mode: Mode,
        read_version: i64,
        changes: &mut Changes,
    ) -> Result<(), Failure> {
        let record = CheckoutRecord {
            account_id: order.collector.id,
            mode,
            kind: CheckoutKind::MerchantOrder,
            id: order.id.to_string(),
            version: read_version.max(1),
            created: order.date_created,
            updated: order.last_updated,
            words: CheckoutWords {
                external_reference: order.external_reference.clone(),
                preference_id: order.preference_id.clone(),
                status: Some(order.status.name().to_owned()),
                marketplace: Some(order.marketplace.clone()),
                sponsor_id: order.sponsor_id.as_deref().and_then(|id| id.parse().ok()),
                application_id: application_of(order),
                payer_id: order.payer.as_ref().map(|payer| payer.id),
                payer_email: None,
            },
            body: to_json(order)?,
            internals: b"{}".to_vec(),
        };
        changes.records.push(RecordChange::Checkout(if read_version == 0 {
            CheckoutChange::Insert(record)
        } else {
            CheckoutChange::Update(record)
        }));
        Ok(())
    }

    /// Adds the order's notifications to a commit.
    pub(crate) async fn announce_order(
        &self,
        order: &MerchantOrder,
        mode: Mode,
        actions: &[&'static str],
        changes: &mut Changes,
    ) -> Result<(), Failure> {
        let application_id = application_of(order).unwrap_or_default();
        let settings = self.notification_settings(application_id).await?;
        for &action in actions {
            let event = Event {
                account_id: order.collector.id,
                application_id,
                mode,
                topic: MERCHANT_ORDERS,
                action,
                resource_id: order.id.to_string(),
                notification_url: order.notification_url.as_deref(),
                data: None,
                happened: order.last_updated,
            };
            let ids = &mut Fresh(&self.inner.ids);
            changes.deliveries.extend(deliveries_for(
                &event,
                settings.of(mode),
                ids,
                self.inner.clock.wall(),
            ));
        }
        Ok(())
    }
}

/// What ends the time to pay an order, if anything does.
pub(crate) fn expiry_timer(order: &MerchantOrder, preference: &Preference, mode: Mode) -> Option<Timer> {
    preference.deadline().map(|due| Timer {
        account_id: order.collector.id,
        mode,
        kind: TimerKind::OrderExpiry,
        subject: order.id,
        due,
    })
}

fn application_of(order: &MerchantOrder) -> Option<ApplicationId> {
    order.application_id.as_deref().and_then(|id| id.parse().ok())
}
