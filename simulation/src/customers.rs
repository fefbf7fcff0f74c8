//! Customers and their saved cards, as clients want them, and what clients were told of them.

use crate::orders::Card;
use crate::wishes::{hashed, id_of};
use pasarela_domain::identity::Caller;
use pasarela_domain::json::Json;
use pasarela_engine::{Engine, Failure};
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What a client wants of its customers.
#[derive(Clone, Debug)]
pub(crate) enum CustomerWish {
    /// A customer, of which there is one for each e-mail.
    Make { email: String, key: String },
    /// A card is typed, and saved.
    Save { customer: String, card: Card },
    /// A saved card goes.
    Forget { customer: String, card: String },
    /// All cards of a customer.
    List { customer: String },
}

impl CustomerWish {
    /// Asks the engine.
    pub(crate) async fn answer(&self, engine: &Engine, caller: &Caller) -> Result<Vec<u8>, Failure> {
        match self {
            CustomerWish::Make { email, key } => {
                let body = json!({"email": email, "first_name": "Ana"});
                let key = hashed(caller, "POST /v1/customers", key, &body)?;
                Ok(engine.create_customer(caller, Some(key), &Json::from(&body)).await?.body)
            }
            CustomerWish::Save { customer, card } => {
                let token = id_of(&engine.create_card_token(caller, None, &card.form()).await?)?;
                let body = json!({"token": token});
                Ok(engine.save_card(caller, customer, None, &Json::from(&body)).await?.body)
            }
            CustomerWish::Forget { customer, card } => {
                engine.delete_card(caller, customer, card.parse().unwrap_or_default(), None).await
            }
            CustomerWish::List { customer } => engine.cards(caller, customer).await,
        }
    }
}

/// A customer that somebody was told of.
#[derive(Clone, Debug)]
pub(crate) struct KnownCustomer {
    pub(crate) who: usize,
    pub(crate) id: String,
}

/// What was told of customers and cards.
#[derive(Default)]
pub(crate) struct Customers {
    pub(crate) known: Vec<KnownCustomer>,
    /// Each caller's customer of each e-mail.
    by_email: BTreeMap<(usize, String), String>,
    cards: BTreeMap<String, Cards>,
}

/// A customer's cards, by their ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cards {
    /// Whoever asked was told that they are saved.
    pub(crate) saved: BTreeSet<String>,
    /// Somebody asked that they go: they may be there or not.
    doomed: BTreeSet<String>,
    /// Whoever asked was told that they are gone.
    gone: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Saved {
    id: String,
    customer_id: String,
}

impl Customers {
    /// Somebody asks. What is known now must be in the answer.
    pub(crate) fn asks(&mut self, wish: &CustomerWish) -> Cards {
        match wish {
            CustomerWish::Forget { customer, card } => {
                self.cards.entry(customer.clone()).or_default().doomed.insert(card.clone());
                Cards::default()
            }
            CustomerWish::List { customer } => self.cards(customer),
            CustomerWish::Make { .. } | CustomerWish::Save { .. } => Cards::default(),
        }
    }

    /// What is known of a customer's cards.
    pub(crate) fn cards(&self, customer: &str) -> Cards {
        self.cards.get(customer).cloned().unwrap_or_default()
    }

    /// A saved card of one of the caller's customers that nobody wants gone: the customer's id and the card's.
    pub(crate) fn usable(&self, who: usize) -> Vec<(String, String)> {
        let of = |customer: &KnownCustomer| {
            let cards = self.cards(&customer.id);
            let usable = cards.saved.difference(&cards.doomed).cloned();
            usable.map(|card| (customer.id.clone(), card)).collect::<Vec<_>>()
        };
        self.known.iter().filter(|customer| customer.who == who).flat_map(of).collect()
    }

    /// Holds an answer against what was known when it was asked for. Gives the id that a key made.
    pub(crate) fn check(
        &mut self,
        who: usize,
        wish: &CustomerWish,
        before: &Cards,
        body: &[u8],
    ) -> Result<Option<String>, String> {
        let unreadable = |error: serde_json::Error| format!("an answer can't be read: {error}");
        match wish {
            CustomerWish::Make { email, .. } => {
                let made: Named = serde_json::from_slice(body).map_err(unreadable)?;
                let first = self.by_email.entry((who, email.clone())).or_insert_with(|| made.id.clone());
                if *first != made.id {
                    return Err(format!("{email} is the customer {first}, and now {}", made.id));
                }
                if self.known.iter().all(|known| known.id != made.id) {
                    self.known.push(KnownCustomer { who, id: made.id.clone() });
                }
                Ok(Some(made.id))
            }
            CustomerWish::Save { customer, .. } => {
                let saved: Saved = serde_json::from_slice(body).map_err(unreadable)?;
                if saved.customer_id != *customer {
                    return Err(format!("a card of {} is answered for {customer}", saved.customer_id));
                }
                self.cards.entry(customer.clone()).or_default().saved.insert(saved.id);
                Ok(None)
            }
            CustomerWish::Forget { customer, card } => {
                self.cards.entry(customer.clone()).or_default().gone.insert(card.clone());
                Ok(None)
            }
            CustomerWish::List { customer } => {
                let listed: Vec<Saved> = serde_json::from_slice(body).map_err(unreadable)?;
                let listed: BTreeSet<String> = listed.into_iter().map(|card| card.id).collect();
                let doomed = self.cards(customer).doomed;
                let is_lost = |card: &&String| !listed.contains(*card) && !doomed.contains(*card);
                if let Some(lost) = before.saved.iter().find(is_lost) {
                    return Err(format!("the saved card {lost} of {customer} is lost"));
                }
                if let Some(ghost) = before.gone.intersection(&listed).next() {
                    return Err(format!("the card {ghost} of {customer} is gone, and listed"));
                }
                Ok(None)
            }
        }
    }
}
