//! What the browser library reads by a public key beside the catalogue: a payment's state, a customer's saved cards, a
//! preference's address. Each shows only what its own type says, whatever is stored.

use crate::payments::{state_of, to_json};
use crate::preferences::state_of as preference_state;
use crate::{Engine, Failure};
use pasarela_domain::customer::card::CardGlance;
use pasarela_domain::identity::{Caller, PaymentId};
use pasarela_domain::payment::glance::Glance;
use pasarela_domain::preference::glance::PreferenceGlance;
use pasarela_domain::refusal::Refusal;

impl Engine {
    /// A payment as its status screen shows it, in the language of `locale`.
    ///
    /// # Errors
    /// 404 2000 for a payment that is not of the key's account and mode.
    pub async fn payment_glance(
        &self,
        caller: &Caller,
        id: PaymentId,
        locale: &str,
    ) -> Result<Vec<u8>, Failure> {
        let state = state_of(&self.load(caller.account_id, caller.mode, id).await?)?;
        to_json(&Glance::of(&state.payment, locale))
    }

    /// Of the cards of a customer those that are asked for by id. Ids of nobody's are passed over: a card that was deleted
    /// meanwhile is no reason to show none.
    ///
    /// # Errors
    /// 404 for a customer that is not of the key's account and mode.
    pub async fn saved_card_glances(
        &self,
        caller: &Caller,
        customer_id: &str,
        card_ids: &[&str],
    ) -> Result<Vec<u8>, Failure> {
        let (_, state) = self.load_customer(caller, customer_id).await?;
        let cards = &state.customer.cards;
        let glances: Vec<CardGlance> = card_ids
            .iter()
            .filter_map(|id| cards.iter().find(|card| card.id == *id))
            .map(CardGlance::from)
            .collect();
        to_json(&glances)
    }

    /// Where a preference is paid.
    ///
    /// # Errors
    /// 404 for a preference that is not of the key's account and mode.
    pub async fn preference_glance(&self, caller: &Caller, id: &str) -> Result<Vec<u8>, Failure> {
        // Not the seller's own words for it, which repeat the id: whoever asks here may have typed anything.
        let missing = || Refusal::plain(404, "preference not found");
        let record = self.preference_record(caller, id).await?.ok_or_else(missing)?;
        to_json(&PreferenceGlance::of(&preference_state(&record)?.preference))
    }
}
