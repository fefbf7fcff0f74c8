//! Preferences: made, read, changed, searched. How one is paid is in `checkout`.

use crate::merchant_orders::expiry_timer;
use crate::payments::{IdempotencyKey, MAX_ROUNDS, Written, from_json, to_json};
use crate::{Engine, Failure};
use pasarela_domain::identity::{Caller, Mode};
use pasarela_domain::json::{Json, member};
use pasarela_domain::merchant_order::{MerchantOrder, OrderState};
use pasarela_domain::preference::query::{CheckoutQuery, summary};
use pasarela_domain::preference::request::{apply, check_payable};
use pasarela_domain::preference::{Birth, Internals, Preference, PreferenceState, not_found};
use pasarela_domain::quality::marks::{Mark, Marks};
use pasarela_domain::quality::sdk::Sdk;
use pasarela_domain::quality::traffic::Count;
use pasarela_domain::refusal::Refusal;
use pasarela_store::{
    Changes, CheckoutChange, CheckoutKind, CheckoutPage, CheckoutRecord, CheckoutSearch, CheckoutWords,
    CommitError, RecordChange, Timer,
};
use pasarela_vault::{Purpose, Vault};

/// What the headers of the request that makes a preference say.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The server library that called.
    pub sdk: Option<Sdk>,
    /// `X-Meli-Session-Id`: the device of the buyer in the shop.
    pub device_session: Option<String>,
}

/// Orders of a preference that are read at once.
const MOST_ORDERS_AT_ONCE: u32 = 200;

impl Engine {
    /// `POST /checkout/preferences`.
    ///
    /// # Errors
    /// 400 with the documented words for what was sent.
    pub async fn create_preference(
        &self,
        caller: &Caller,
        key: Option<IdempotencyKey>,
        body: &Json<'_>,
        origin: Origin,
    ) -> Result<Written, Failure> {
        let marks = Marks::of(origin.sdk)
            .with(Mark::BinaryMode, member(body, "binary_mode").is_some())
            .with(Mark::Expiration, member(body, "date_of_expiration").is_some());
        let now = self.inner.clock.now(caller.account_id, caller.mode);
        for _ in 0..MAX_ROUNDS {
            let number = self.inner.ids.next();
            let id = preference_id(&self.inner.vault, caller, number);
            let mut preference = Preference::empty(&Birth {
                id: &id,
                collector_id: caller.account_id,
                application_id: caller.application_id,
                site: caller.site,
                live_mode: caller.mode.is_live(),
                public_url: &self.inner.public_url,
                now,
            });
            apply(body, &mut preference)?;
            check_payable(&preference, self.catalogue().site(caller.site), now)?;
            let device_session = origin.device_session.clone();
            let internals = Internals { marks, device_session, ..Internals::default() };
            let state = PreferenceState { preference, internals };
            let record = record_of(&state, caller.mode, 1, &self.inner.vault)?;
            let body = record.body.clone();
            let change = RecordChange::Checkout(CheckoutChange::Insert(record));
            let changes = Changes { records: vec![change], ..Changes::default() };
            match self.commit_under(caller, key, (number, 0), changes).await {
                Ok(()) => {
                    self.count(caller, Count::Preference);
                    return Ok(Written { body, replayed: false });
                }
                Err(CommitError::IdempotencyKeyTaken(made)) => {
                    let id = preference_id(&self.inner.vault, caller, made.resource_id);
                    return Ok(Written { body: self.preference(caller, &id).await?, replayed: true });
                }
                Err(CommitError::AlreadyExists(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// `GET /checkout/preferences/{id}`: the stored body.
    ///
    /// # Errors
    /// 404 for a preference that is not this caller's, whoever's it is.
    pub async fn preference(&self, caller: &Caller, id: &str) -> Result<Vec<u8>, Failure> {
        Ok(self.preference_record(caller, id).await?.ok_or_else(|| not_found(id))?.body)
    }

    /// `PUT /checkout/preferences/{id}`: each member that is said replaces the preference's own.
    ///
    /// # Errors
    /// 400 `invalid_id` for one that is not this caller's; the documented words for what was sent.
    pub async fn change_preference(
        &self,
        caller: &Caller,
        id: &str,
        key: Option<IdempotencyKey>,
        body: &Json<'_>,
    ) -> Result<Written, Failure> {
        let unknown = || Refusal::keyed(400, "invalid_id", "preference_id not found");
        for _ in 0..MAX_ROUNDS {
            let record = self.preference_record(caller, id).await?.ok_or_else(unknown)?;
            let mut state = state_of(&record)?;
            let deadline = state.preference.deadline();
            apply(body, &mut state.preference)?;
            let now = self.inner.clock.now(caller.account_id, caller.mode);
            check_payable(&state.preference, self.catalogue().site(caller.site), now)?;
            state.preference.last_updated = Some(now);
            let record = record_of(&state, caller.mode, record.version, &self.inner.vault)?;
            let body = record.body.clone();
            let change = RecordChange::Checkout(CheckoutChange::Update(record));
            let mut changes = Changes { records: vec![change], ..Changes::default() };
            if state.preference.deadline() != deadline {
                changes.set_timers = self.order_timers(caller, &state.preference).await?;
            }
            match self.commit_under(caller, key, (0, 0), changes).await {
                Ok(()) => return Ok(Written { body, replayed: false }),
                Err(CommitError::IdempotencyKeyTaken(_)) => {
                    return Ok(Written { body: self.preference(caller, id).await?, replayed: true });
                }
                Err(CommitError::VersionConflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// `GET /checkout/preferences/search`: `{"elements", "next_offset", "total"}`, each element a summary.
    ///
    /// # Errors
    /// 400 `ds_search_query`.
    pub async fn search_preferences(
        &self,
        caller: &Caller,
        query: &[(String, String)],
    ) -> Result<Vec<u8>, Failure> {
        let query = CheckoutQuery::read(query)?;
        let page = self.search_checkout(caller, CheckoutKind::Preference, &query).await?;
        let elements = page
            .records
            .iter()
            .map(|record| Ok(summary(&state_of(record)?.preference)))
            .collect::<Result<Vec<_>, Failure>>()?;
        to_json(&serde_json::json!({
            "elements": elements,
            "next_offset": u64::from(query.offset) + page.records.len() as u64,
            "total": page.total,
        }))
    }

    /// A page of a search that this caller may make.
    pub(crate) async fn search_checkout(
        &self,
        caller: &Caller,
        kind: CheckoutKind,
        query: &CheckoutQuery,
    ) -> Result<CheckoutPage, Failure> {
        let is_possible = query.collector_id.is_none_or(|id| id == caller.account_id)
            && query.site_id.as_deref().is_none_or(|id| id == caller.site.id());
        if !is_possible {
            return Ok(CheckoutPage::default());
        }
        let email = query.payer_email.as_deref();
        let search = CheckoutSearch {
            id: query.id.clone(),
            words: CheckoutWords {
                external_reference: query.external_reference.clone(),
                preference_id: query.preference_id.clone(),
                status: query.status.clone(),
                marketplace: query.marketplace.clone(),
                sponsor_id: query.sponsor_id,
                application_id: query.application_id,
                payer_id: query.payer_id,
                payer_email: email.map(|email| self.inner.vault.lookup(Purpose::Email, email)),
            },
            created: query.created,
            updated: query.updated,
            offset: query.offset,
            ..CheckoutSearch::of(caller.account_id, caller.mode, kind, query.limit)
        };
        Ok(self.inner.store.search_checkouts(search).await?)
    }

    /// A preference of the caller, as it is stored.
    pub(crate) async fn preference_record(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<Option<CheckoutRecord>, Failure> {
        let kind = CheckoutKind::Preference;
        Ok(self.inner.store.checkout(caller.account_id, caller.mode, kind, id).await?)
    }

    /// Commits `records` as what `key` makes.
    pub(crate) async fn commit_under(
        &self,
        caller: &Caller,
        key: Option<IdempotencyKey>,
        made: (i64, i64),
        changes: Changes,
    ) -> Result<(), CommitError> {
        let idempotency = key.map(|key| key.record(caller.account_id, made, self.inner.clock.wall()));
        self.commit(Changes { idempotency, ..changes }).await
    }

    /// What ends the time to pay the orders of a preference whose time is another one now. One that is made at this moment
    /// meets the preference's version.
    async fn order_timers(&self, caller: &Caller, preference: &Preference) -> Result<Vec<Timer>, Failure> {
        let kind = CheckoutKind::MerchantOrder;
        let words = CheckoutWords {
            preference_id: Some(preference.id.clone()),
            status: Some(OrderState::Opened.name().to_owned()),
            ..CheckoutWords::default()
        };
        let all = CheckoutSearch::of(caller.account_id, caller.mode, kind, MOST_ORDERS_AT_ONCE);
        let mut search = CheckoutSearch { words, ..all };
        let mut timers = Vec::new();
        loop {
            let page = self.inner.store.search_checkouts(search.clone()).await?;
            for record in &page.records {
                let order: MerchantOrder = from_json(&record.body, "a merchant order")?;
                timers.extend(expiry_timer(&order, preference, caller.mode));
            }
            if page.records.len() < MOST_ORDERS_AT_ONCE as usize {
                return Ok(timers);
            }
            search.offset += MOST_ORDERS_AT_ONCE;
        }
    }
}

/// The public id of the seller's preference with this number. What a key made is found again by the number, and nobody
/// who knows a number knows the id.
fn preference_id(vault: &Vault, caller: &Caller, number: i64) -> String {
    let word = format!("preference {} {} {number}", caller.account_id, caller.mode.name());
    let hash = vault.lookup(Purpose::Checkout, &word);
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&hash[..16]);
    format!("{}-{}", caller.account_id, uuid::Builder::from_random_bytes(bytes).into_uuid())
}

/// A stored preference, typed.
pub(crate) fn state_of(record: &CheckoutRecord) -> Result<PreferenceState, Failure> {
    Ok(PreferenceState {
        preference: from_json(&record.body, "a preference")?,
        internals: from_json(&record.internals, "a preference's internals")?,
    })
}

/// The preference as it is stored; `version` is the one that was read.
pub(crate) fn record_of(
    state: &PreferenceState,
    mode: Mode,
    version: i64,
    vault: &Vault,
) -> Result<CheckoutRecord, Failure> {
    let preference = &state.preference;
    let email = Some(preference.payer.email.as_str()).filter(|email| !email.is_empty());
    Ok(CheckoutRecord {
        account_id: preference.collector_id,
        mode,
        kind: CheckoutKind::Preference,
        id: preference.id.clone(),
        version,
        created: preference.date_created,
        updated: preference.last_updated.unwrap_or(preference.date_created),
        words: CheckoutWords {
            external_reference: preference.reference().map(str::to_owned),
            preference_id: None,
            status: None,
            marketplace: Some(preference.marketplace.clone()),
            sponsor_id: preference.sponsor_id,
            application_id: preference.client_id.parse().ok(),
            payer_id: None,
            payer_email: email.map(|email| vault.lookup(Purpose::Email, email)),
        },
        body: to_json(preference)?,
        internals: to_json(&state.internals)?,
    })
}
