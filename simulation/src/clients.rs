//! What clients were told, and what must be true for ever after.

use crate::customers::{Cards, Customers};
use crate::nature::WallClock;
use crate::promises::Promises;
use crate::wishes::{Outcome, What, Wish};
use pasarela_domain::identity::PaymentId;
use pasarela_domain::payment::body::Status;
use pasarela_domain::timestamp::{DAY, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long an idempotency key's answer is held to. It is kept for two days, of which the wall clock may leap one while a
/// request is under way, and some hours when it is set otherwise.
const KEY_HELD: i64 = 2 * DAY - DAY - DAY / 4;

/// All clients of a history.
pub(crate) struct Clients {
    promises: Arc<Promises>,
    wall: Arc<WallClock>,
    /// Payments that somebody was told of, in that order.
    pub(crate) payments: Vec<Known>,
    /// What each idempotency key made, and since when.
    made: BTreeMap<String, (Made, Timestamp)>,
    /// What was asked for and not answered, with when it was asked for first.
    open: BTreeMap<u64, Open>,
    asked: u64,
    /// What was told of customers.
    pub(crate) customers: Customers,
}

/// A wish on its way.
struct Open {
    wish: Wish,
    first_asked: Timestamp,
    /// What its key had made when it was asked for: whoever asks at the same time may be refused before that.
    made_before: Option<Made>,
    /// What was known of the customer's cards.
    cards_before: Cards,
}

/// A payment as its last answer showed it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) who: usize,
    pub(crate) id: PaymentId,
    pub(crate) status: Status,
    /// The word of its page's address, if it has a page.
    pub(crate) page: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Made {
    Payment(PaymentId),
    Refund(String),
    Customer(String),
}

#[derive(Deserialize)]
struct Head {
    id: PaymentId,
    status: Status,
    transaction_details: Details,
}

#[derive(Deserialize)]
struct Details {
    external_resource_url: Option<String>,
}

#[derive(Deserialize)]
struct Refund {
    id: i64,
    payment_id: PaymentId,
}

#[derive(Deserialize)]
struct Page {
    paging: Paging,
    results: Vec<Found>,
}

#[derive(Deserialize)]
struct Paging {
    total: usize,
}

#[derive(Deserialize)]
struct Found {
    id: PaymentId,
}

impl Clients {
    pub(crate) fn new(promises: Arc<Promises>, wall: Arc<WallClock>) -> Clients {
        Clients {
            promises,
            wall,
            payments: Vec::new(),
            made: BTreeMap::new(),
            open: BTreeMap::new(),
            asked: 0,
            customers: Customers::default(),
        }
    }

    /// Somebody asks; the number is to be given with the answer.
    pub(crate) fn asks(&mut self, wish: &Wish, first_asked: Timestamp) -> u64 {
        self.asked += 1;
        let made_before = wish.key().and_then(|key| self.known(key)).cloned();
        let cards_before = match &wish.what {
            What::Customer(wish) => self.customers.asks(wish),
            _ => Cards::default(),
        };
        self.open.insert(self.asked, Open { wish: wish.clone(), first_asked, made_before, cards_before });
        self.asked
    }

    /// How many wishes there were.
    pub(crate) const fn asked(&self) -> u64 {
        self.asked
    }

    /// What was not answered and may be asked for again with the same key, as long as the key is sure to be known. What
    /// has no key is given up.
    pub(crate) fn take_unanswered(&mut self) -> Vec<(Wish, Timestamp)> {
        let now = self.wall.now();
        std::mem::take(&mut self.open)
            .into_values()
            .filter(|open| open.wish.key().is_some() && now.0 - open.first_asked.0 < KEY_HELD)
            .map(|open| (open.wish, open.first_asked))
            .collect()
    }

    /// A client is told what came of its wish.
    pub(crate) fn told(&mut self, number: u64, wish: &Wish, outcome: &Outcome) {
        let answered = match outcome {
            Outcome::Done(body) => {
                self.promises.stamp(body);
                if let Err(broken) = self.check(number, wish, body) {
                    self.promises.keep(false, || format!("{broken}, when asked for {wish:?}"));
                }
                true
            }
            Outcome::Refused(why) => {
                self.promises.stamp(why.as_bytes());
                // What was once made under a key is answered for ever, never refused.
                let made = self.open.get(&number).and_then(|open| open.made_before.as_ref());
                let made = made.filter(|_| wish.key().is_some_and(|key| self.known(key).is_some()));
                self.promises.keep(made.is_none(), || {
                    format!("refused with {why} under the key of {made:?}, when asked for {wish:?}")
                });
                true
            }
            Outcome::Failed(why) => {
                let is_ours = why.contains("a simulated failure") || why == "unavailable";
                self.promises.keep(is_ours, || format!("{why}, when asked for {wish:?}"));
                false
            }
        };
        self.promises.tell(|| match outcome {
            Outcome::Done(body) => format!("    {number} is answered with {} bytes", body.len()),
            other => format!("    {number} is answered: {other:?}"),
        });
        if answered {
            self.open.remove(&number);
        }
    }

    fn known(&self, key: &str) -> Option<&Made> {
        let (made, since) = self.made.get(key)?;
        (self.wall.now().0 - since.0 < KEY_HELD).then_some(made)
    }

    fn remember(&mut self, key: &str, made: Made) -> Result<(), String> {
        match self.known(key) {
            Some(first) if *first == made => Ok(()),
            Some(first) => Err(format!("the key {key} made {first:?}, and now {made:?}")),
            None => {
                self.made.insert(key.to_owned(), (made, self.wall.now()));
                Ok(())
            }
        }
    }

    fn check(&mut self, number: u64, wish: &Wish, body: &[u8]) -> Result<(), String> {
        match &wish.what {
            What::Buy { key, .. } => {
                let id = self.shown(wish.who, body)?;
                self.remember(key, Made::Payment(id))
            }
            What::Refund { payment, key, .. } => {
                let refund: Refund = read(body)?;
                let is_there = self.promises.has_refund(*payment, refund.id);
                if refund.payment_id != *payment || !is_there {
                    return Err(format!("the refund {} is not stored", refund.id));
                }
                self.remember(key, Made::Refund(String::from_utf8_lossy(body).into_owned()))
            }
            What::Change { payment, key, .. } => {
                let id = self.shown(wish.who, body)?;
                if id != *payment {
                    return Err(format!("{id} is answered for {payment}"));
                }
                key.as_ref().map_or(Ok(()), |key| self.remember(key, Made::Payment(id)))
            }
            What::Act { payment, .. } | What::Read { payment } => {
                let id = self.shown(wish.who, body)?;
                if id == *payment { Ok(()) } else { Err(format!("{id} is answered for {payment}")) }
            }
            What::Search { query } => self.check_page(wish.who, query, body),
            What::Customer(wanted) => {
                let before = self.open.get(&number).map(|open| open.cards_before.clone()).unwrap_or_default();
                let made = self.customers.check(wish.who, wanted, &before, body)?;
                match (wish.key(), made) {
                    (Some(key), Some(id)) => self.remember(key, Made::Customer(id)),
                    _ => Ok(()),
                }
            }
            What::Token { .. } | What::Advance { .. } => Ok(()),
        }
    }

    /// A payment was shown: it must be one that was stored, and what was shown must have been it once.
    fn shown(&mut self, who: usize, body: &[u8]) -> Result<PaymentId, String> {
        let head: Head = read(body)?;
        if !self.promises.was_stored(head.id, body) {
            return Err(format!("payment {} was never stored as it is shown", head.id));
        }
        match self.payments.iter_mut().find(|known| known.id == head.id) {
            Some(known) => known.status = head.status,
            None => {
                let page = head.transaction_details.external_resource_url.as_deref().and_then(word_of);
                self.payments.push(Known { who, id: head.id, status: head.status, page });
            }
        }
        Ok(head.id)
    }

    /// A search finds what it is asked for, at once.
    fn check_page(&self, who: usize, query: &[(String, String)], body: &[u8]) -> Result<(), String> {
        let page: Page = read(body)?;
        if page.results.len() > page.paging.total {
            return Err("a page is longer than all".to_owned());
        }
        if let [(name, id)] = query
            && name == "id"
        {
            let asked = self.payments.iter().find(|known| known.who == who && known.id.to_string() == *id);
            let found = page.results.first().map(|found| found.id);
            if asked.map(|known| known.id) != found || page.paging.total != page.results.len() {
                return Err(format!("{id} is looked for, {found:?} is found"));
            }
        }
        Ok(())
    }
}

/// The word in the address of a payment's page.
fn word_of(url: &str) -> Option<String> {
    url.split_once("&hash=").map(|(_, word)| word.to_owned())
}

fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(json).map_err(|error| format!("an answer can't be read: {error}"))
}
