//! Saved cards: a token's card is kept with a customer, and pays again by a token that is made from it.
//!
//! The vault keeps each number once, whoever saved it: sealed for its own fingerprint and mode, and counted. The
//! security code is gone with the token.

use super::{Tried, record_of};
use crate::payments::{IdempotencyKey, MAX_ROUNDS, OpenedToken, Written, hex, to_json, used};
use crate::{Engine, Failure};
use pasarela_domain::catalogue::test_cards::{self, TestCard};
use pasarela_domain::customer::card::{ChangeCardRequest, SaveCardRequest, SavedCard, face};
use pasarela_domain::customer::{CardNumberFacts, CustomerInternals, CustomerState, card_not_found, fault};
use pasarela_domain::identity::{AccountId, Caller, Mode};
use pasarela_domain::json::Json;
use pasarela_domain::payment::body::Cardholder;
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    CustomerChange, CustomerRecord, Fingerprint, RecordChange, SavedCardRecord, SealedCardRecord,
};
use pasarela_vault::{CardNumber, Purpose};
use serde_json::json;

/// What a shared number is sealed for: its mode and its fingerprint, which no other number has.
pub(crate) fn sealed_for(mode: Mode, fingerprint: &Fingerprint) -> Vec<u8> {
    let mut record = b"saved card ".to_vec();
    record.push(u8::from(mode.is_live()));
    record.extend_from_slice(fingerprint);
    record
}

/// A card that is to be saved.
#[derive(Clone, Copy)]
struct NewCard<'a> {
    number: &'a CardNumber,
    expiration_month: u8,
    expiration_year: u16,
    cardholder: &'a Cardholder,
}

impl<'a> From<&'a OpenedToken> for NewCard<'a> {
    fn from(opened: &'a OpenedToken) -> NewCard<'a> {
        NewCard {
            number: &opened.number,
            expiration_month: opened.token.expiration_month,
            expiration_year: opened.token.expiration_year,
            cardholder: &opened.token.cardholder,
        }
    }
}

impl Engine {
    /// `POST /v1/customers/{id}/cards`. A card that the customer has already is that one, with the token's date and
    /// holder.
    ///
    /// # Errors
    /// 404 for the customer; 119 to 129 for the card.
    pub async fn save_card(
        &self,
        caller: &Caller,
        customer_id: &str,
        key: Option<IdempotencyKey>,
        body: &Json<'_>,
    ) -> Result<Written, Failure> {
        let request = SaveCardRequest::from_json(body)?;
        for _ in 0..MAX_ROUNDS {
            let (record, mut state) = self.load_customer(caller, customer_id).await?;
            let now = self.inner.clock.now(caller.account_id, caller.mode);
            let opened = match self.open_card(caller, &request.token, record.user_id, now).await {
                Ok(opened) => opened,
                // The token is spent: perhaps it was this very request that spent it before.
                Err(Failure::Refused(refusal)) => return self.made_before_or(caller, key, refusal).await,
                Err(failure) => return Err(failure),
            };
            let fingerprint = self.inner.vault.fingerprint(&opened.number);
            let known = state.card_with(&hex(&fingerprint));
            let id = known.unwrap_or_else(|| self.inner.ids.random_id());
            let card = self.card_of(caller, &state, id, (&opened).into(), &request, now)?;
            let mut records = Vec::new();
            match known.and_then(|id| state.customer.cards.iter_mut().find(|card| card.id == id.to_string()))
            {
                Some(there) => {
                    *there = SavedCard { date_created: there.date_created, ..card.clone() };
                    state.customer.date_last_updated = now;
                }
                None => {
                    let length = opened.number.len();
                    let facts = CardNumberFacts { id, fingerprint: hex(&fingerprint), length };
                    state.add_card(card, facts, now)?;
                    records.push(self.save(caller, &record, id, fingerprint, &opened.number));
                }
            }
            let body = to_json(&state.card(id))?;
            records.push(update(&state, caller, &record)?);
            records.push(used(opened, now)?);
            match self.try_customer(caller, key, (record.user_id, id), records).await? {
                Tried::Done => return Ok(Written { body, replayed: known.is_some() }),
                Tried::Again => {}
                Tried::KeyTaken(record) => return self.made_before(caller, &record).await,
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// `GET /v1/customers/{id}/cards`: a bare array.
    ///
    /// # Errors
    /// 404 for the customer.
    pub async fn cards(&self, caller: &Caller, customer_id: &str) -> Result<Vec<u8>, Failure> {
        to_json(&self.load_customer(caller, customer_id).await?.1.customer.cards)
    }

    /// `GET /v1/customers/{id}/cards/{card_id}`.
    ///
    /// # Errors
    /// 404 for the customer or the card.
    pub async fn card(&self, caller: &Caller, customer_id: &str, id: i64) -> Result<Vec<u8>, Failure> {
        let (_, state) = self.load_customer(caller, customer_id).await?;
        to_json(state.card(id).ok_or_else(card_not_found)?)
    }

    /// `PUT /v1/customers/{id}/cards/{card_id}`.
    ///
    /// # Errors
    /// 404 for the customer or the card; 120 to 127 for what was sent.
    pub async fn change_card(
        &self,
        caller: &Caller,
        customer_id: &str,
        id: i64,
        key: Option<IdempotencyKey>,
        body: &Json<'_>,
    ) -> Result<Written, Failure> {
        let request = ChangeCardRequest::from_json(body)?;
        for _ in 0..MAX_ROUNDS {
            let (record, mut state) = self.load_customer(caller, customer_id).await?;
            let now = self.inner.clock.now(caller.account_id, caller.mode);
            let mut card = state.card(id).ok_or_else(card_not_found)?.clone();
            let mut records = Vec::new();
            if let Some(token) = &request.token {
                let opened = match self.open_card(caller, token, record.user_id, now).await {
                    Ok(opened) => opened,
                    Err(Failure::Refused(refusal)) => return self.made_before_or(caller, key, refusal).await,
                    Err(failure) => return Err(failure),
                };
                let created = card.date_created;
                card = self.replace_number(caller, &record, &mut state, id, &opened, &mut records, now)?;
                card.date_created = created;
                records.push(used(opened, now)?);
            }
            request.apply(&mut card, now);
            let body = to_json(&card)?;
            if let Some(there) = state.customer.cards.iter_mut().find(|there| there.id == card.id) {
                *there = card;
            }
            state.customer.date_last_updated = now;
            records.push(update(&state, caller, &record)?);
            match self.try_customer(caller, key, (record.user_id, id), records).await? {
                Tried::Done => return Ok(Written { body, replayed: false }),
                Tried::Again => {}
                Tried::KeyTaken(record) => return self.made_before(caller, &record).await,
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// `DELETE /v1/customers/{id}/cards/{card_id}`: the card as it was.
    ///
    /// # Errors
    /// 404 for the customer or the card.
    pub async fn delete_card(
        &self,
        caller: &Caller,
        customer_id: &str,
        id: i64,
        key: Option<IdempotencyKey>,
    ) -> Result<Vec<u8>, Failure> {
        // Nothing is left of it but that it was: what a repeated request is answered.
        let gone = || Ok(json!({"id": id.to_string(), "customer_id": customer_id}).to_string().into());
        for _ in 0..MAX_ROUNDS {
            let (record, mut state) = self.load_customer(caller, customer_id).await?;
            let now = self.inner.clock.now(caller.account_id, caller.mode);
            let deleted = saved(caller, &record, &state, id);
            let (Some(card), Some(deleted)) = (state.remove_card(id, now), deleted) else {
                if self.was_used(caller, key).await? {
                    return gone();
                }
                return Err(card_not_found().into());
            };
            let records = vec![
                RecordChange::Customer(CustomerChange::DeleteCard(deleted?)),
                update(&state, caller, &record)?,
            ];
            match self.try_customer(caller, key, (record.user_id, id), records).await? {
                Tried::Done => return to_json(&card),
                Tried::Again => {}
                Tried::KeyTaken(_) => return gone(),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// The number of a saved card, while it is saved.
    pub(crate) async fn saved_number(
        &self,
        caller: &Caller,
        id: i64,
    ) -> Result<Option<(SavedCardRecord, CardNumber)>, Failure> {
        let store = &self.inner.store;
        let Some(card) = store.saved_card(caller.account_id, caller.mode, id).await? else { return Ok(None) };
        // Deleted between the two reads: it is gone.
        let Some(SealedCardRecord { mode, fingerprint, sealed_number }) =
            store.sealed_card(card.mode, &card.fingerprint).await?
        else {
            return Ok(None);
        };
        let number = self.inner.vault.open_card_number(&sealed_number, &sealed_for(mode, &fingerprint))?;
        Ok(Some((card, number)))
    }

    /// What puts the card that was opened to pay into its owner's wallet: nothing when it is there, or when the wallet is
    /// full, because the payment is what the buyer is here for.
    pub(crate) async fn keep_in_wallet(
        &self,
        buyer: &Caller,
        email: &str,
        opened: &OpenedToken,
    ) -> Result<Vec<RecordChange>, Failure> {
        let now = self.inner.clock.now(buyer.account_id, buyer.mode);
        let lookup = self.inner.vault.lookup(Purpose::Email, email);
        let (read, mut state) = match self.customer_of_user(buyer, buyer.account_id).await? {
            Some((record, state)) => (Some(record), state),
            None => {
                let customer = self.new_customer(buyer, buyer.account_id, email, now);
                (None, CustomerState { customer, internals: CustomerInternals::default() })
            }
        };
        let fingerprint = self.inner.vault.fingerprint(&opened.number);
        if state.card_with(&hex(&fingerprint)).is_some() {
            return Ok(Vec::new());
        }
        let id = self.inner.ids.random_id();
        let request = SaveCardRequest { token: String::new(), payment_method_id: None, issuer_id: None };
        let facts = CardNumberFacts { id, fingerprint: hex(&fingerprint), length: opened.number.len() };
        let added = self
            .card_of(buyer, &state, id, opened.into(), &request, now)
            .and_then(|card| state.add_card(card, facts, now));
        if added.is_err() {
            return Ok(Vec::new());
        }
        let record = record_of(&state, buyer, lookup, read.as_ref().map_or(1, |read| read.version))?;
        let saved = self.save(buyer, &record, id, fingerprint, &opened.number);
        let kept = match read {
            Some(_) => CustomerChange::Update(record),
            None => CustomerChange::Insert(record),
        };
        Ok(vec![RecordChange::Customer(kept), saved])
    }

    /// What makes the wallet of a new test user: the published test cards of its site, in `cardholder`'s name.
    pub(crate) fn wallet_of_test_cards(
        &self,
        buyer: &Caller,
        email: &str,
        cardholder: &Cardholder,
    ) -> Result<(CustomerState, Vec<RecordChange>), Failure> {
        let now = self.inner.clock.now(buyer.account_id, buyer.mode);
        let customer = self.new_customer(buyer, buyer.account_id, email, now);
        let mut state = CustomerState { customer, internals: CustomerInternals::default() };
        let request = SaveCardRequest { token: String::new(), payment_method_id: None, issuer_id: None };
        let mut numbers = Vec::new();
        for TestCard { number, expiration_month, expiration_year, .. } in test_cards::of(buyer.site) {
            let number = CardNumber::parse(number);
            let number = number.ok_or_else(|| Failure::Internal("a test card is none".to_owned()))?;
            let (id, fingerprint) = (self.inner.ids.random_id(), self.inner.vault.fingerprint(&number));
            let new = NewCard { number: &number, expiration_month, expiration_year, cardholder };
            // An operator may have taken its method out of the catalogue.
            let Ok(card) = self.card_of(buyer, &state, id, new, &request, now) else { continue };
            let facts = CardNumberFacts { id, fingerprint: hex(&fingerprint), length: number.len() };
            state.add_card(card, facts, now)?;
            numbers.push((id, fingerprint, number));
        }
        let record = record_of(&state, buyer, self.inner.vault.lookup(Purpose::Email, email), 1)?;
        let mut records = vec![RecordChange::Customer(CustomerChange::Insert(record.clone()))];
        let cards = numbers
            .iter()
            .map(|(id, fingerprint, number)| self.save(buyer, &record, *id, *fingerprint, number));
        records.extend(cards);
        Ok((state, records))
    }

    /// The card in a token, for what is to be saved with the customer `user_id`.
    async fn open_card(
        &self,
        caller: &Caller,
        token: &str,
        user_id: AccountId,
        now: Timestamp,
    ) -> Result<OpenedToken, Failure> {
        let lookup = self.inner.vault.lookup(Purpose::CardToken, token);
        let opened = self.open_token(caller, &lookup, None, now).await.map_err(|failure| match failure {
            Failure::Refused(refusal) => Failure::from(token_fault(&refusal)),
            failure => failure,
        })?;
        // A wallet's token holds a phone where a card's number would be.
        if opened.token.payment_method_id.is_some() {
            return Err(fault("121", "the card is invalid").into());
        }
        // Made from another customer's saved card: nobody gets it without its number.
        if opened.owner.is_some_and(|owner| owner != user_id) {
            return Err(fault("140", "invalid card owner").into());
        }
        Ok(opened)
    }

    fn card_of(
        &self,
        caller: &Caller,
        state: &CustomerState,
        id: i64,
        new: NewCard<'_>,
        request: &SaveCardRequest,
        now: Timestamp,
    ) -> Result<SavedCard, Refusal> {
        let (payment_method, security_code, issuer) =
            face(self.catalogue().site(caller.site), new.number.bin(8), request, &self.logo_url())?;
        Ok(SavedCard {
            id: id.to_string(),
            customer_id: state.customer.id.clone(),
            user_id: state.customer.user_id.to_string(),
            expiration_month: new.expiration_month,
            expiration_year: new.expiration_year,
            first_six_digits: new.number.first_six().to_owned(),
            last_four_digits: new.number.last_four().to_owned(),
            payment_method,
            security_code,
            issuer,
            cardholder: new.cardholder.clone(),
            date_created: now,
            date_last_updated: now,
            live_mode: caller.mode.is_live(),
            card_number_id: None,
        })
    }

    /// The token's card takes the place of the saved one, under its id.
    #[expect(clippy::too_many_arguments, reason = "one step of `change_card`, apart for its length")]
    fn replace_number(
        &self,
        caller: &Caller,
        record: &CustomerRecord,
        state: &mut CustomerState,
        id: i64,
        opened: &OpenedToken,
        records: &mut Vec<RecordChange>,
        now: Timestamp,
    ) -> Result<SavedCard, Failure> {
        let fingerprint = self.inner.vault.fingerprint(&opened.number);
        let digits = hex(&fingerprint);
        match state.card_with(&digits) {
            Some(other) if other != id => return Err(fault("121", "the card is invalid").into()),
            Some(_) => {}
            None => {
                let before = saved(caller, record, state, id).ok_or_else(card_not_found)??;
                records.push(RecordChange::Customer(CustomerChange::DeleteCard(before)));
                records.push(self.save(caller, record, id, fingerprint, &opened.number));
            }
        }
        for facts in state.internals.cards.iter_mut().filter(|facts| facts.id == id) {
            facts.fingerprint.clone_from(&digits);
            facts.length = opened.number.len();
        }
        let request = SaveCardRequest { token: String::new(), payment_method_id: None, issuer_id: None };
        Ok(self.card_of(caller, state, id, opened.into(), &request, now)?)
    }

    fn save(
        &self,
        caller: &Caller,
        record: &CustomerRecord,
        id: i64,
        fingerprint: Fingerprint,
        number: &CardNumber,
    ) -> RecordChange {
        let record_name = sealed_for(caller.mode, &fingerprint);
        RecordChange::Customer(CustomerChange::SaveCard {
            card: SavedCardRecord {
                account_id: caller.account_id,
                mode: caller.mode,
                id,
                user_id: record.user_id,
                fingerprint,
            },
            sealed_number: self.inner.vault.seal_card_number(number, &record_name).0,
        })
    }
}

fn update(state: &CustomerState, caller: &Caller, read: &CustomerRecord) -> Result<RecordChange, Failure> {
    let record = record_of(state, caller, read.email, read.version)?;
    Ok(RecordChange::Customer(CustomerChange::Update(record)))
}

/// The row of one card.
fn saved(
    caller: &Caller,
    record: &CustomerRecord,
    state: &CustomerState,
    id: i64,
) -> Option<Result<SavedCardRecord, Failure>> {
    let mut cards = super::cards_of(caller, record, state);
    cards.find(|card| card.as_ref().map_or(true, |card| card.id == id))
}

/// What a payment would say of the token, in the words of customers.
fn token_fault(refusal: &Refusal) -> Refusal {
    match refusal.code() {
        // Unknown, expired, somebody else's.
        Some(2006) => fault("120", "card not found"),
        _ => fault("121", "the card is invalid"),
    }
}
