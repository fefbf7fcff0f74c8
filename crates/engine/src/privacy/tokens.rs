//! A person's card tokens that have not paid: each has the holder's name and document, and as long as it can pay the card too.
//! A token knows no e-mail; it is the person's by what else is known of the person.

use super::Found;
use crate::card_tokens::{from_stored, to_stored};
use crate::payments::MAX_ROUNDS;
use crate::{Engine, Failure};
use pasarela_domain::card_token::{CardToken, TokenStatus};
use pasarela_domain::identity::{AccountId, Mode};
use pasarela_domain::payment::PaymentState;
use pasarela_domain::payment::body::{Cardholder, Identification};
use pasarela_store::{CardTokenRecord, Changes, CommitError, RecordChange};
use std::collections::BTreeSet;

/// How many tokens are read at a time.
const PAGE: u32 = 500;

/// By what a token is known to be the person's.
#[derive(Default)]
pub(super) struct Signs {
    /// Documents: type and number.
    documents: BTreeSet<(String, String)>,
    /// Cards with their holders: first six digits, last four, name.
    cards: BTreeSet<(String, String, String)>,
    /// Saved cards.
    saved: BTreeSet<String>,
}

impl Signs {
    /// What the person's customer says.
    pub(super) fn of(found: &Found) -> Result<Signs, Failure> {
        let mut signs = Signs::default();
        if let Some(record) = &found.customer {
            let customer = crate::customers::state_of(record)?.customer;
            signs.add_document(&customer.identification);
            for card in &customer.cards {
                signs.saved.insert(card.id.clone());
                let digits = (Some(&card.first_six_digits), Some(&card.last_four_digits));
                signs.add_card(digits, &card.cardholder);
            }
        }
        Ok(signs)
    }

    /// What one of the person's payments says.
    pub(super) fn add(&mut self, state: &PaymentState) {
        self.add_document(&state.internals.payer.identification);
        if let Some(card) = &state.payment.card.0 {
            let digits = (card.first_six_digits.as_ref(), card.last_four_digits.as_ref());
            self.add_card(digits, &card.cardholder);
        }
    }

    fn add_document(&mut self, document: &Identification) {
        self.documents.extend(folded(document));
    }

    /// The document of a card's holder may be another's, who lent the card: the card with the name is the sign.
    fn add_card(&mut self, digits: (Option<&String>, Option<&String>), holder: &Cardholder) {
        self.cards.extend(named(digits, holder));
    }

    fn know(&self, token: &CardToken) -> bool {
        let holder = &token.cardholder;
        if folded(&holder.identification).is_some_and(|document| self.documents.contains(&document))
            || token.card_id.as_ref().is_some_and(|id| self.saved.contains(id))
        {
            return true;
        }
        named((token.first_six_digits.as_ref(), token.last_four_digits.as_ref()), holder)
            .is_some_and(|card| self.cards.contains(&card))
    }
}

/// A card by its digits and its holder's name, if it has all of them.
fn named(
    (first_six, last_four): (Option<&String>, Option<&String>),
    holder: &Cardholder,
) -> Option<(String, String, String)> {
    let name = holder.name.as_deref().map(str::trim).filter(|name| !name.is_empty())?;
    Some((first_six?.clone(), last_four?.clone(), name.to_lowercase()))
}

fn folded(document: &Identification) -> Option<(String, String)> {
    let number: String = document.number.as_deref()?.chars().filter(|c| c.is_alphanumeric()).collect();
    (!number.is_empty())
        .then(|| (document.kind.as_deref().unwrap_or_default().to_uppercase(), number.to_uppercase()))
}

impl Engine {
    /// The tokens of a seller that say something of the person.
    pub(super) async fn tokens_of(
        &self,
        account_id: AccountId,
        mode: Mode,
        signs: &Signs,
    ) -> Result<Vec<(CardTokenRecord, CardToken)>, Failure> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.inner.store.card_tokens_of(account_id, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = Some(last.lookup);
            for record in page.into_iter().filter(|record| record.mode == mode) {
                let token = from_stored(&record.body)?;
                let says_something = token.cardholder != Cardholder::default();
                if token.status != TokenStatus::Used && says_something && signs.know(&token) {
                    found.push((record, token));
                }
            }
        }
    }

    /// Takes the holder, the device and the card from a token: it pays nothing any more.
    pub(super) async fn erase_token(
        &self,
        mut record: CardTokenRecord,
        mut token: CardToken,
    ) -> Result<(), Failure> {
        for _ in 0..MAX_ROUNDS {
            // What was spent meanwhile has no holder any more.
            if token.status == TokenStatus::Used {
                return Ok(());
            }
            let (account_id, lookup) = (record.account_id, record.lookup);
            drop(self.inner.fresh_tokens.take(&lookup));
            token.status = TokenStatus::Expired;
            token.cardholder = Cardholder::default();
            token.device_session = None;
            record.body = to_stored(&token)?;
            record.sealed_number = None;
            record.sealed_security_code = None;
            let changes =
                Changes { records: vec![RecordChange::UpdateCardToken(record)], ..Changes::default() };
            match self.inner.store.commit(changes).await {
                Ok(()) => return Ok(()),
                Err(CommitError::VersionConflict) => {}
                Err(error) => return Err(error.into()),
            }
            let Some(again) = self.inner.store.card_token(account_id, &lookup).await? else { return Ok(()) };
            token = from_stored(&again.body)?;
            record = again;
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }
}
