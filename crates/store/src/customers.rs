//! A seller's customers and their saved cards: what is remembered of them, and how it changes.

use crate::Lookup;
use pasarela_domain::identity::{AccountId, Mode};
use pasarela_domain::timestamp::Timestamp;

/// The keyed hash by which a card number is recognised.
pub type Fingerprint = [u8; 16];

/// A customer of a seller: its body as the API shows it, and what it is searched by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRecord {
    /// The seller.
    pub account_id: AccountId,
    /// Test or live.
    pub mode: Mode,
    /// The customer's user id, which begins its public id; one customer per user, seller and mode.
    pub user_id: AccountId,
    /// 1 when inserted, one more with each update. In an update: the version that was read.
    pub version: i64,
    /// Keyed hash of the lower-case e-mail; one customer per e-mail, seller and mode.
    pub email: Lookup,
    /// `date_created`.
    pub created: Timestamp,
    /// `date_last_updated`.
    pub updated: Timestamp,
    /// The words that it is searched by.
    pub words: CustomerWords,
    /// The JSON body with its cards, exactly as `GET /v1/customers/{id}` answers it.
    pub body: Vec<u8>,
    /// JSON of what the API does not show (the cards' fingerprints).
    pub internals: Vec<u8>,
}

/// Words that a customer is searched by, in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerWords {
    /// `first_name`
    pub first_name: Option<String>,
    /// `last_name`
    pub last_name: Option<String>,
    /// `identification.type`
    pub identification_type: Option<String>,
    /// `identification.number`
    pub identification_number: Option<String>,
    /// `phone.area_code`
    pub phone_area_code: Option<String>,
    /// `phone.number`
    pub phone_number: Option<String>,
}

impl CustomerWords {
    /// Each word with the name of its column.
    pub(crate) fn columns(&self) -> [(&'static str, Option<&str>); 6] {
        [
            ("first_name", self.first_name.as_deref()),
            ("last_name", self.last_name.as_deref()),
            ("identification_type", self.identification_type.as_deref()),
            ("identification_number", self.identification_number.as_deref()),
            ("phone_area_code", self.phone_area_code.as_deref()),
            ("phone_number", self.phone_number.as_deref()),
        ]
    }
}

/// A saved card: whose it is, and which number is behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedCardRecord {
    /// The seller.
    pub account_id: AccountId,
    /// Test or live.
    pub mode: Mode,
    /// `card_id`.
    pub id: i64,
    /// The customer's user id.
    pub user_id: AccountId,
    /// Of the card's number.
    pub fingerprint: Fingerprint,
}

/// A card number, sealed once for all saved cards that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedCardRecord {
    /// Test or live: neither ever opens the other's.
    pub mode: Mode,
    /// Of the number.
    pub fingerprint: Fingerprint,
    /// The vault's sealed number.
    pub sealed_number: Vec<u8>,
}

/// One change of a customer, or of a card.
#[derive(Clone, Debug)]
pub enum CustomerChange {
    /// A new customer.
    Insert(CustomerRecord),
    /// A customer that was read with `version`.
    Update(CustomerRecord),
    /// The customer that was read with `version` goes. Its cards are to go in the same commit.
    Delete {
        /// The seller.
        account_id: AccountId,
        /// Test or live.
        mode: Mode,
        /// The customer's user id.
        user_id: AccountId,
        /// As it was read.
        version: i64,
    },
    /// A new saved card. Its number is sealed as given if no saved card has it yet; else the one that is there serves.
    SaveCard {
        /// The card.
        card: SavedCardRecord,
        /// The vault's sealed number.
        sealed_number: Vec<u8>,
    },
    /// A saved card goes; the last one with its number takes the sealed number with it.
    DeleteCard(SavedCardRecord),
    /// A number that was sealed anew; it must be there.
    Reseal(SealedCardRecord),
}

/// By which date customers are ranged or sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CustomerDate {
    /// `date_created`
    Created,
    /// `date_last_updated`
    Updated,
}

/// What a search of customers is sorted by; then by user id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CustomerSort {
    /// A date.
    Date(CustomerDate),
    /// The user id.
    Id,
    /// `first_name`; those without one first.
    FirstName,
    /// `last_name`; those without one first.
    LastName,
}

impl CustomerSort {
    /// The column, if it is not the user id itself.
    pub(crate) const fn column(self) -> Option<&'static str> {
        match self {
            CustomerSort::Date(date) => Some(date.column()),
            CustomerSort::Id => None,
            CustomerSort::FirstName => Some("first_name"),
            CustomerSort::LastName => Some("last_name"),
        }
    }
}

impl CustomerDate {
    /// The column.
    pub(crate) const fn column(self) -> &'static str {
        match self {
            CustomerDate::Created => "created",
            CustomerDate::Updated => "updated",
        }
    }
}

/// A search of one seller's customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerSearch {
    /// The seller who asks.
    pub account_id: AccountId,
    /// The credential's mode.
    pub mode: Mode,
    /// Exact user id.
    pub user_id: Option<AccountId>,
    /// Keyed hash of the e-mail.
    pub email: Option<Lookup>,
    /// Those of its words that are asked for.
    pub words: CustomerWords,
    /// The date that `begin` and `end` mean.
    pub range: CustomerDate,
    /// First instant, included.
    pub begin: Option<Timestamp>,
    /// Last instant, included.
    pub end: Option<Timestamp>,
    /// Sorted by this.
    pub sort: CustomerSort,
    /// Largest first.
    pub descending: bool,
    /// At most this many results; 1,000 at most.
    pub limit: u32,
    /// Skip this many.
    pub offset: u32,
}

impl CustomerSearch {
    /// All customers of a seller, in the order in which they were made, `limit` of them.
    pub fn of(account_id: AccountId, mode: Mode, limit: u32) -> CustomerSearch {
        CustomerSearch {
            account_id,
            mode,
            user_id: None,
            email: None,
            words: CustomerWords::default(),
            range: CustomerDate::Created,
            begin: None,
            end: None,
            sort: CustomerSort::Date(CustomerDate::Created),
            descending: false,
            limit,
            offset: 0,
        }
    }

    /// The order of the page in SQL: of text by its bytes, which `collation` says; and of nothing before everything.
    pub(crate) fn order(&self, collation: &str) -> String {
        let (direction, nulls) = if self.descending { ("DESC", "LAST") } else { ("ASC", "FIRST") };
        match self.sort {
            CustomerSort::Id => format!("user_id {direction}"),
            CustomerSort::Date(date) => format!("{} {direction}, user_id {direction}", date.column()),
            CustomerSort::FirstName | CustomerSort::LastName => format!(
                "{}{collation} {direction} NULLS {nulls}, user_id {direction}",
                self.sort.column().unwrap_or_default()
            ),
        }
    }
}

/// A page of a search of customers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerPage {
    /// How many customers match in all.
    pub total: u64,
    /// The bodies of this page.
    pub bodies: Vec<Vec<u8>>,
}

/// The most bodies of one page, whatever limit was asked for.
pub(crate) const MOST_CUSTOMERS: u32 = 1_000;
