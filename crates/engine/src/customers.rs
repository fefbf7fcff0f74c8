//! Customers: made, read, changed, deleted; searched in `search`. Their cards are in [`cards`].
//!
//! A customer's record carries its cards, so each change of a card is a change of its customer: whoever read an older
//! version decides again.

pub mod cards;
mod search;

use crate::identifiers::Fresh;
use crate::payments::{IdempotencyKey, MAX_ROUNDS, Written, from_json, to_json};
use crate::{Engine, Failure};
use pasarela_domain::context::Ids;
use pasarela_domain::customer::request::CustomerRequest;
use pasarela_domain::customer::{
    Customer, CustomerAddress, CustomerInternals, CustomerPhone, CustomerState, exists_already, fault,
    not_found, user_id_of,
};
use pasarela_domain::identity::{AccountId, Caller};
use pasarela_domain::json::Json;
use pasarela_domain::payment::body::Identification;
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    Changes, CommitError, CustomerChange, CustomerRecord, CustomerWords, Fingerprint, IdempotencyRecord,
    Lookup, RecordChange, SavedCardRecord,
};
use pasarela_vault::Purpose;
use serde_json::json;

/// How many letters and digits stand behind the user's id in a customer's: 83 bits, which nobody guesses.
const WORD: usize = 14;

/// What became of a commit that is tried again when somebody else was faster.
enum Tried {
    Done,
    Again,
    KeyTaken(IdempotencyRecord),
}

impl Engine {
    /// `POST /v1/customers`.
    ///
    /// # Errors
    /// 101 when the seller has a customer with this e-mail; the documented codes for what was sent.
    pub async fn create_customer(
        &self,
        caller: &Caller,
        key: Option<IdempotencyKey>,
        body: &Json<'_>,
    ) -> Result<Written, Failure> {
        let request = CustomerRequest::from_json(body)?;
        let email = request.required_email(caller.mode)?;
        let lookup = self.inner.vault.lookup(Purpose::Email, email);
        for _ in 0..MAX_ROUNDS {
            let known = self.inner.store.customer_by_email(caller.account_id, caller.mode, &lookup).await?;
            if known.is_some() {
                return self.made_before_or(caller, key, exists_already()).await;
            }
            let payer = self.payer(caller, email).await?;
            if payer.id == caller.account_id {
                return Err(fault("150", "invalid users involved").into());
            }
            let now = self.inner.clock.now(caller.account_id, caller.mode);
            let mut customer = self.new_customer(caller, payer.id, email, now);
            request.apply(&mut customer, true, || self.inner.ids.next(), now)?;
            let state = CustomerState { customer, internals: CustomerInternals::default() };
            let record = record_of(&state, caller, lookup, 1)?;
            let body = record.body.clone();
            let mut records: Vec<RecordChange> =
                payer.new.into_iter().map(RecordChange::InsertPayer).collect();
            records.push(RecordChange::Customer(CustomerChange::Insert(record)));
            match self.try_customer(caller, key, (payer.id, 0), records).await? {
                Tried::Done => return Ok(Written { body, replayed: false }),
                Tried::Again => {}
                Tried::KeyTaken(record) => return self.made_before(caller, &record).await,
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// `GET /v1/customers/{id}`: the stored body.
    ///
    /// # Errors
    /// 404 for a customer that is not this caller's, whoever's it is.
    pub async fn customer(&self, caller: &Caller, id: &str) -> Result<Vec<u8>, Failure> {
        Ok(self.load_customer(caller, id).await?.0.body)
    }

    /// `PUT /v1/customers/{id}`.
    ///
    /// # Errors
    /// 404; 126 for another e-mail; the documented codes for what was sent.
    pub async fn change_customer(
        &self,
        caller: &Caller,
        id: &str,
        key: Option<IdempotencyKey>,
        body: &Json<'_>,
    ) -> Result<Written, Failure> {
        let request = CustomerRequest::from_json(body)?;
        for _ in 0..MAX_ROUNDS {
            let (record, mut state) = self.load_customer(caller, id).await?;
            let now = self.inner.clock.now(caller.account_id, caller.mode);
            request.apply(&mut state.customer, false, || self.inner.ids.next(), now)?;
            let record = record_of(&state, caller, record.email, record.version)?;
            let (body, made) = (record.body.clone(), (record.user_id, 0));
            let records = vec![RecordChange::Customer(CustomerChange::Update(record))];
            match self.try_customer(caller, key, made, records).await? {
                Tried::Done => return Ok(Written { body, replayed: false }),
                Tried::Again => {}
                Tried::KeyTaken(record) => return self.made_before(caller, &record).await,
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// `DELETE /v1/customers/{id}`: the customer as it was, with its last status. Its cards go with it.
    ///
    /// # Errors
    /// 404.
    pub async fn delete_customer(
        &self,
        caller: &Caller,
        id: &str,
        key: Option<IdempotencyKey>,
    ) -> Result<Vec<u8>, Failure> {
        // Nothing is left of it but that it was: what a repeated request is answered.
        let gone =
            || Ok(json!({"id": id, "user_id": user_id_of(id), "status": "deactive"}).to_string().into());
        for _ in 0..MAX_ROUNDS {
            let (record, mut state) = match self.load_customer(caller, id).await {
                Err(Failure::Refused(_)) if self.was_used(caller, key).await? => return gone(),
                loaded => loaded?,
            };
            let mut records = cards_of(caller, &record, &state)
                .map(|card| Ok(RecordChange::Customer(CustomerChange::DeleteCard(card?))))
                .collect::<Result<Vec<_>, Failure>>()?;
            records.push(RecordChange::Customer(CustomerChange::Delete {
                account_id: caller.account_id,
                mode: caller.mode,
                user_id: record.user_id,
                version: record.version,
            }));
            match self.try_customer(caller, key, (record.user_id, 0), records).await? {
                Tried::Done => {
                    state.customer.status = "deactive".to_owned();
                    return to_json(&state.customer);
                }
                Tried::Again => {}
                Tried::KeyTaken(_) => return gone(),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// A customer of the caller by its public id.
    pub(crate) async fn load_customer(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<(CustomerRecord, CustomerState), Failure> {
        let user_id = user_id_of(id).ok_or_else(not_found)?;
        let (record, state) = self.customer_of_user(caller, user_id).await?.ok_or_else(not_found)?;
        // One that was deleted and made again has another id.
        if state.customer.id != id {
            return Err(not_found().into());
        }
        Ok((record, state))
    }

    /// The customer that a user is of the caller.
    pub(crate) async fn customer_of_user(
        &self,
        caller: &Caller,
        user_id: AccountId,
    ) -> Result<Option<(CustomerRecord, CustomerState)>, Failure> {
        let record = self.inner.store.customer(caller.account_id, caller.mode, user_id).await?;
        record
            .map(|record| {
                let state = state_of(&record)?;
                Ok((record, state))
            })
            .transpose()
    }

    fn new_customer(&self, caller: &Caller, user_id: AccountId, email: &str, now: Timestamp) -> Customer {
        Customer {
            id: format!("{user_id}-{}", word(&mut Fresh(&self.inner.ids))),
            email: email.to_owned(),
            first_name: None,
            last_name: None,
            phone: CustomerPhone::default(),
            identification: Identification::default(),
            address: CustomerAddress::default(),
            date_registered: None,
            description: None,
            date_created: now,
            date_last_updated: now,
            metadata: json!({}),
            default_card: None,
            default_address: None,
            cards: Vec::new(),
            addresses: Vec::new(),
            live_mode: caller.mode.is_live(),
            user_id,
            merchant_id: caller.account_id,
            client_id: caller.application_id,
            status: "active".to_owned(),
        }
    }

    /// Commits `records` as what `key` makes.
    async fn try_customer(
        &self,
        caller: &Caller,
        key: Option<IdempotencyKey>,
        made: (i64, i64),
        records: Vec<RecordChange>,
    ) -> Result<Tried, Failure> {
        let idempotency = key.map(|key| key.record(caller.account_id, made, self.inner.clock.wall()));
        match self.commit(Changes { records, idempotency, ..Changes::default() }).await {
            Ok(()) => Ok(Tried::Done),
            Err(CommitError::VersionConflict | CommitError::AlreadyExists(_)) => Ok(Tried::Again),
            Err(CommitError::IdempotencyKeyTaken(record)) => Ok(Tried::KeyTaken(record)),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether something was done under the key before.
    async fn was_used(&self, caller: &Caller, key: Option<IdempotencyKey>) -> Result<bool, Failure> {
        Ok(self.outcome_of(caller, key).await?.is_some())
    }

    async fn outcome_of(
        &self,
        caller: &Caller,
        key: Option<IdempotencyKey>,
    ) -> Result<Option<IdempotencyRecord>, Failure> {
        match key {
            Some(key) => Ok(self.inner.store.idempotency(caller.account_id, key.stored()).await?),
            None => Ok(None),
        }
    }

    /// What the key made before, or the refusal.
    async fn made_before_or(
        &self,
        caller: &Caller,
        key: Option<IdempotencyKey>,
        refusal: Refusal,
    ) -> Result<Written, Failure> {
        match self.outcome_of(caller, key).await? {
            Some(record) => self.made_before(caller, &record).await,
            None => Err(refusal.into()),
        }
    }

    /// The customer, or the card of it, that a key made before, as it is now.
    async fn made_before(&self, caller: &Caller, record: &IdempotencyRecord) -> Result<Written, Failure> {
        let customer = self.customer_of_user(caller, record.resource_id).await?;
        let (customer, state) = customer.ok_or_else(not_found)?;
        let body = match record.part_id {
            0 => customer.body,
            card => to_json(state.card(card).ok_or_else(pasarela_domain::customer::card_not_found)?)?,
        };
        Ok(Written { body, replayed: true })
    }
}

/// A stored customer, typed.
pub(crate) fn state_of(record: &CustomerRecord) -> Result<CustomerState, Failure> {
    Ok(CustomerState {
        customer: from_json(&record.body, "a customer")?,
        internals: from_json(&record.internals, "a customer's internals")?,
    })
}

/// The customer as it is stored; `version` is the one that was read.
fn record_of(
    state: &CustomerState,
    caller: &Caller,
    email: Lookup,
    version: i64,
) -> Result<CustomerRecord, Failure> {
    let customer = &state.customer;
    let word = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
    Ok(CustomerRecord {
        account_id: caller.account_id,
        mode: caller.mode,
        user_id: customer.user_id,
        version,
        email,
        created: customer.date_created,
        updated: customer.date_last_updated,
        words: CustomerWords {
            first_name: word(&customer.first_name),
            last_name: word(&customer.last_name),
            identification_type: word(&customer.identification.kind),
            identification_number: word(&customer.identification.number),
            phone_area_code: word(&customer.phone.area_code),
            phone_number: word(&customer.phone.number),
        },
        body: to_json(customer)?,
        internals: to_json(&state.internals)?,
    })
}

/// The rows of a customer's cards.
pub(crate) fn cards_of(
    caller: &Caller,
    record: &CustomerRecord,
    state: &CustomerState,
) -> impl Iterator<Item = Result<SavedCardRecord, Failure>> {
    state.internals.cards.iter().map(|card| {
        Ok(SavedCardRecord {
            account_id: caller.account_id,
            mode: caller.mode,
            id: card.id,
            user_id: record.user_id,
            fingerprint: fingerprint_of(&card.fingerprint)?,
        })
    })
}

/// The fingerprint that is written in hexadecimal digits.
fn fingerprint_of(digits: &str) -> Result<Fingerprint, Failure> {
    let number = if digits.len() == 32 { u128::from_str_radix(digits, 16).ok() } else { None };
    let number = number.ok_or_else(|| Failure::Internal("a card's fingerprint can't be read".to_owned()))?;
    Ok(number.to_be_bytes())
}

/// A random word of letters and digits.
fn word(ids: &mut impl Ids) -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // Below 62, so there is a letter.
    (0..WORD).map(|_| char::from(LETTERS[ids.random_below(62) as usize])).collect()
}
