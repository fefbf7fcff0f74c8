//! What preferences and merchant orders know of a person.

use crate::payments::{MAX_ROUNDS, from_json, to_json};
use crate::preferences::{record_of, state_of};
use crate::{Engine, Failure};
use pasarela_domain::identity::{AccountId, Caller};
use pasarela_domain::merchant_order::MerchantOrder;
use pasarela_store::{
    Changes, CheckoutChange, CheckoutKind, CheckoutRecord, CheckoutSearch, CheckoutWords, CommitError,
    Lookup, RecordChange,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How many are read at a time.
const PAGE: u32 = 100;

/// Whose preferences and orders: who has the e-mail with this keyed hash, or pays under one of these ids.
pub(super) struct Whose<'a> {
    pub(super) email: Option<Lookup>,
    pub(super) payers: &'a BTreeSet<AccountId>,
}

impl Engine {
    /// The person's preferences and orders at one seller, newest first.
    async fn checkouts_of(&self, caller: &Caller, whose: &Whose<'_>) -> Result<Vec<CheckoutRecord>, Failure> {
        let mut found = Vec::new();
        let by_email = whose.email.map(|email| {
            let words = CheckoutWords { payer_email: Some(email), ..CheckoutWords::default() };
            (CheckoutKind::Preference, words)
        });
        let by_payer = whose.payers.iter().map(|payer_id| {
            let words = CheckoutWords { payer_id: Some(*payer_id), ..CheckoutWords::default() };
            (CheckoutKind::MerchantOrder, words)
        });
        for (kind, words) in by_email.into_iter().chain(by_payer) {
            let mut search =
                CheckoutSearch { words, ..CheckoutSearch::of(caller.account_id, caller.mode, kind, PAGE) };
            loop {
                let page = self.inner.store.search_checkouts(search.clone()).await?.records;
                search.offset += u32::try_from(page.len()).unwrap_or(PAGE);
                if page.is_empty() {
                    break;
                }
                found.extend(page);
            }
        }
        let nameless = self.nameless_preferences(caller, &found).await?;
        found.extend(nameless);
        Ok(found)
    }

    /// The preferences of `orders` that say nobody's e-mail: what is in them is about whoever paid.
    async fn nameless_preferences(
        &self,
        caller: &Caller,
        orders: &[CheckoutRecord],
    ) -> Result<Vec<CheckoutRecord>, Failure> {
        let (mut ids, mut found) = (BTreeSet::new(), Vec::new());
        for record in orders.iter().filter(|record| record.kind == CheckoutKind::MerchantOrder) {
            let order: MerchantOrder = from_json(&record.body, "a merchant order")?;
            ids.extend(order.preference_id);
        }
        for id in ids {
            let kind = CheckoutKind::Preference;
            let record = self.inner.store.checkout(caller.account_id, caller.mode, kind, &id).await?;
            found.extend(record.filter(|record| record.words.payer_email.is_none()));
        }
        Ok(found)
    }

    /// Whether a seller has preferences that name the person.
    pub(super) async fn has_checkouts(
        &self,
        caller: &Caller,
        email: Option<Lookup>,
    ) -> Result<bool, Failure> {
        let Some(email) = email else { return Ok(false) };
        let words = CheckoutWords { payer_email: Some(email), ..CheckoutWords::default() };
        let kind = CheckoutKind::Preference;
        let search = CheckoutSearch { words, ..CheckoutSearch::of(caller.account_id, caller.mode, kind, 1) };
        Ok(self.inner.store.search_checkouts(search).await?.total > 0)
    }

    /// The preferences and orders that name the person, as they are.
    pub(super) async fn export_checkouts(
        &self,
        caller: &Caller,
        whose: &Whose<'_>,
        place: &Value,
    ) -> Result<Vec<Value>, Failure> {
        let records = self.checkouts_of(caller, whose).await?;
        let shown = records.iter().map(|record| {
            let body: Value = from_json(&record.body, "a preference or an order")?;
            Ok(match record.kind {
                CheckoutKind::Preference => {
                    let device = state_of(record)?.internals.device_session;
                    json!({"at": place, "preference": body, "device_session": device})
                }
                CheckoutKind::MerchantOrder => json!({"at": place, "merchant_order": body}),
            })
        });
        shown.collect()
    }

    /// Takes the person out of preferences and orders, or with `is_rehearsal` only counts those that name one.
    pub(super) async fn erase_checkouts(
        &self,
        caller: &Caller,
        whose: &Whose<'_>,
        is_rehearsal: bool,
    ) -> Result<u64, Failure> {
        let mut erased = 0;
        for record in self.checkouts_of(caller, whose).await? {
            if self.erase_checkout(record, is_rehearsal).await? {
                erased += 1;
            }
        }
        Ok(erased)
    }

    async fn erase_checkout(&self, mut record: CheckoutRecord, is_rehearsal: bool) -> Result<bool, Failure> {
        for _ in 0..MAX_ROUNDS {
            let Some(forgotten) = self.forgotten(&record)? else { return Ok(false) };
            if is_rehearsal {
                return Ok(true);
            }
            let (account_id, mode, kind, id) =
                (record.account_id, record.mode, record.kind, record.id.clone());
            let change = RecordChange::Checkout(CheckoutChange::Update(forgotten));
            match self.inner.store.commit(Changes { records: vec![change], ..Changes::default() }).await {
                Ok(()) => return Ok(true),
                // It was paid or changed meanwhile.
                Err(CommitError::VersionConflict) => {
                    let again = self.inner.store.checkout(account_id, mode, kind, &id).await?;
                    let Some(again) = again else { return Ok(false) };
                    record = again;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// The record without the person; `None` when it names none.
    fn forgotten(&self, record: &CheckoutRecord) -> Result<Option<CheckoutRecord>, Failure> {
        match record.kind {
            CheckoutKind::Preference => {
                let mut state = state_of(record)?;
                let before = state.clone();
                state.preference.forget_buyer();
                state.internals.device_session = None;
                if state == before {
                    return Ok(None);
                }
                record_of(&state, record.mode, record.version, &self.inner.vault).map(Some)
            }
            CheckoutKind::MerchantOrder => {
                let mut order: MerchantOrder = from_json(&record.body, "a merchant order")?;
                let before = order.clone();
                order.forget_buyer();
                if order == before {
                    return Ok(None);
                }
                Ok(Some(CheckoutRecord { body: to_json(&order)?, ..record.clone() }))
            }
        }
    }
}
