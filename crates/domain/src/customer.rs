//! Customers: the buyers that a seller remembers, with their addresses and saved cards.
//!
//! A customer is a user of one seller: `user_id` is the payer's id that the seller's payments carry, and the public id
//! is that number with a random word behind it. Start reading at [`Customer`]; [`request`] reads what clients send,
//! [`card`] says what a saved card is, [`search`] reads what is searched for.

pub mod card;
pub mod request;
pub mod search;

use crate::identity::{AccountId, ApplicationId};
use crate::payment::body::Identification;
use crate::refusal::Refusal;
use crate::timestamp::Timestamp;
use card::SavedCard;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The most saved cards of a customer: more than a wallet holds, and the body that carries them stays below 64 KiB.
pub const MAX_CARDS: usize = 50;

/// A customer, as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Customer {
    /// The user's id, a hyphen, and a random word.
    #[schema(example = "1068193981-pXRewrKqlP6pnn")]
    pub id: String,
    /// Lower-case e-mail; one customer of a seller and mode has it.
    pub email: String,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Phone; there even when nothing is known of it.
    pub phone: CustomerPhone,
    /// Document; there even when nothing is known of it. Its check digits are not looked at.
    pub identification: Identification,
    /// The address that was sent with the customer; there even when nothing is known of it.
    pub address: CustomerAddress,
    /// As sent.
    pub date_registered: Option<String>,
    /// As sent.
    pub description: Option<String>,
    /// Creation.
    pub date_created: Timestamp,
    /// Last change, of its cards too.
    pub date_last_updated: Timestamp,
    /// As sent; `{}` without any.
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// The saved card that is offered first.
    pub default_card: Option<String>,
    /// The id, or the label, of the address that is offered first.
    pub default_address: Option<String>,
    /// The saved cards, oldest first.
    pub cards: Vec<SavedCard>,
    /// The addresses.
    pub addresses: Vec<Address>,
    /// `false` with test credentials.
    pub live_mode: bool,
    /// The user's id, as in `payer.id` of payments.
    pub user_id: AccountId,
    /// The seller.
    pub merchant_id: AccountId,
    /// The application that made it.
    pub client_id: ApplicationId,
    /// `active`; `deactive` in the answer to its deletion.
    pub status: String,
}

/// A customer's phone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustomerPhone {
    /// Area code.
    pub area_code: Option<String>,
    /// Subscriber number.
    pub number: Option<String>,
}

/// A name of a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Named {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

/// The address of a customer, as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustomerAddress {
    /// The id of its entry in `addresses`.
    pub id: Option<String>,
    /// Postal code.
    pub zip_code: Option<String>,
    /// Street.
    pub street_name: Option<String>,
    /// House number: a number here.
    pub street_number: Option<i64>,
    /// City, where one was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<Named>,
}

impl CustomerAddress {
    /// Whether anything but an id is known of it.
    pub fn is_known(&self) -> bool {
        self.zip_code.is_some()
            || self.street_name.is_some()
            || self.street_number.is_some()
            || self.city.as_ref().is_some_and(|city| city.name.is_some())
    }
}

/// An entry of `addresses`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[allow(missing_docs)]
pub struct Address {
    pub id: String,
    pub apartment: Option<String>,
    pub comments: Option<String>,
    pub floor: Option<String>,
    pub name: Option<String>,
    pub city: Named,
    pub country: Named,
    pub state: Named,
    pub municipality: Named,
    pub neighborhood: Named,
    pub date_created: Timestamp,
    pub date_last_updated: Option<Timestamp>,
    pub normalized: bool,
    pub phone: Option<String>,
    pub street_name: Option<String>,
    pub street_number: Option<i64>,
    pub zip_code: Option<String>,
    pub verifications: Verifications,
}

/// Whether parcels get there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verifications {
    /// Nothing speaks against it here.
    pub shipment: Verification,
}

/// The outcome of one verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[allow(missing_docs)]
pub struct Verification {
    pub errors: Vec<String>,
    pub success: bool,
}

impl Default for Verifications {
    fn default() -> Verifications {
        Verifications { shipment: Verification { errors: Vec::new(), success: true } }
    }
}

/// What of a customer the API does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerInternals {
    /// What is known of the numbers of its cards, in the order of `cards`.
    pub cards: Vec<CardNumberFacts>,
}

/// What is known of a saved card's number without opening it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardNumberFacts {
    /// The card.
    pub id: i64,
    /// The number's keyed fingerprint, hex.
    pub fingerprint: String,
    /// How many digits it has.
    pub length: usize,
}

/// A customer, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerState {
    /// As the API shows it.
    pub customer: Customer,
    /// The rest.
    pub internals: CustomerInternals,
}

impl CustomerState {
    /// The saved card with this id.
    pub fn card(&self, id: i64) -> Option<&SavedCard> {
        let id = id.to_string();
        self.customer.cards.iter().find(|card| card.id == id)
    }

    /// What is known of that card's number.
    pub fn number_of(&self, id: i64) -> Option<&CardNumberFacts> {
        self.internals.cards.iter().find(|card| card.id == id)
    }

    /// The card that has the number with this fingerprint.
    pub fn card_with(&self, fingerprint: &str) -> Option<i64> {
        self.internals.cards.iter().find(|card| card.fingerprint == fingerprint).map(|card| card.id)
    }

    /// Adds a card; the first one becomes the default.
    ///
    /// # Errors
    /// 129 when there are as many as there may be.
    pub fn add_card(
        &mut self,
        card: SavedCard,
        facts: CardNumberFacts,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if self.customer.cards.len() >= MAX_CARDS {
            return Err(fault("129", "the customer has reached the maximum allowed number of cards"));
        }
        self.customer.default_card.get_or_insert_with(|| card.id.clone());
        self.customer.cards.push(card);
        self.internals.cards.push(facts);
        self.customer.date_last_updated = now;
        Ok(())
    }

    /// Takes a card away. When it was the default, the oldest one that is left is from now on.
    pub fn remove_card(&mut self, id: i64, now: Timestamp) -> Option<SavedCard> {
        let text = id.to_string();
        let at = self.customer.cards.iter().position(|card| card.id == text)?;
        let card = self.customer.cards.remove(at);
        self.internals.cards.retain(|card| card.id != id);
        if self.customer.default_card.as_ref() == Some(&text) {
            self.customer.default_card = self.customer.cards.first().map(|card| card.id.clone());
        }
        self.customer.date_last_updated = now;
        Some(card)
    }
}

/// One documented fault of a request about customers or cards.
pub fn fault(code: &'static str, description: &'static str) -> Refusal {
    Refusal::texted(400, "invalid parameters", code, description)
}

/// 404: no such customer of this seller.
pub fn not_found() -> Refusal {
    Refusal::plain(404, "customer not found")
}

/// 404: no such card of this customer.
pub fn card_not_found() -> Refusal {
    Refusal::plain(404, "card not found")
}

/// 101: the e-mail is another customer's.
pub fn exists_already() -> Refusal {
    fault("101", "the customer already exist")
}

/// The user's id in a customer's public id; the word behind it is to be compared with the stored one.
pub fn user_id_of(public_id: &str) -> Option<AccountId> {
    let (number, word) = public_id.split_once('-')?;
    let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let user_id = number.parse::<AccountId>().ok().filter(|id| is_plain && (1..1 << 53).contains(id))?;
    (!word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(user_id)
}

#[cfg(test)]
mod tests;
