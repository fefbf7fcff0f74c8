//! What a redirect checkout remembers: preferences (what is for sale) and merchant orders (what was paid of it).
//!
//! Both are bodies that their seller reads, changes and searches in the same way, so they stand in one table.

use crate::Lookup;
use pasarela_domain::identity::{AccountId, ApplicationId, Mode};
use pasarela_domain::timestamp::Timestamp;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum CheckoutKind {
    /// A preference.
    Preference = 1,
    /// A merchant order.
    MerchantOrder = 2,
}

impl CheckoutKind {
    /// The kind with this number.
    pub(crate) const fn from_number(number: i64) -> Option<CheckoutKind> {
        match number {
            1 => Some(CheckoutKind::Preference),
            2 => Some(CheckoutKind::MerchantOrder),
            _ => None,
        }
    }

    /// Its name for people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            CheckoutKind::Preference => "preference",
            CheckoutKind::MerchantOrder => "merchant order",
        }
    }
}

/// A preference or a merchant order: its body as the API shows it, and what it is searched by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutRecord {
    /// The seller.
    pub account_id: AccountId,
    /// Test or live.
    pub mode: Mode,
    /// What it is.
    pub kind: CheckoutKind,
    /// Its public id; one record per seller, mode, kind and id.
    pub id: String,
    /// 1 when inserted, one more with each update. In an update: the version that was read.
    pub version: i64,
    /// `date_created`, which never changes.
    pub created: Timestamp,
    /// `last_updated`, or `date_created` before the first change.
    pub updated: Timestamp,
    /// What it is searched by.
    pub words: CheckoutWords,
    /// The JSON body, exactly as the API answers it.
    pub body: Vec<u8>,
    /// JSON of what the API does not show.
    pub internals: Vec<u8>,
}

/// What a preference or a merchant order is searched by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckoutWords {
    /// `external_reference`
    pub external_reference: Option<String>,
    /// `preference_id` of a merchant order.
    pub preference_id: Option<String>,
    /// `status` of a merchant order.
    pub status: Option<String>,
    /// `marketplace`
    pub marketplace: Option<String>,
    /// `sponsor_id`
    pub sponsor_id: Option<i64>,
    /// The application that made it.
    pub application_id: Option<ApplicationId>,
    /// `payer.id`, when there is one.
    pub payer_id: Option<AccountId>,
    /// Keyed hash of the payer's lower-case e-mail.
    pub payer_email: Option<Lookup>,
}

/// One change of a preference or a merchant order.
#[derive(Clone, Debug)]
pub enum CheckoutChange {
    /// A new one.
    Insert(CheckoutRecord),
    /// One that was read with `version`.
    Update(CheckoutRecord),
}

impl CheckoutChange {
    /// The record that it writes.
    pub const fn record(&self) -> &CheckoutRecord {
        match self {
            CheckoutChange::Insert(record) | CheckoutChange::Update(record) => record,
        }
    }
}

/// By which date they are ranged.
pub type Range = (Option<Timestamp>, Option<Timestamp>);

/// A search of one seller's preferences or merchant orders, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutSearch {
    /// The seller who asks.
    pub account_id: AccountId,
    /// The credential's mode.
    pub mode: Mode,
    /// Which of both.
    pub kind: CheckoutKind,
    /// Exact id.
    pub id: Option<String>,
    /// Those of its words that are asked for.
    pub words: CheckoutWords,
    /// First and last instant of its creation, both included.
    pub created: Range,
    /// First and last instant of its last change, both included.
    pub updated: Range,
    /// At most this many results; 1,000 at most.
    pub limit: u32,
    /// Skip this many.
    pub offset: u32,
}

impl CheckoutSearch {
    /// All of a seller's, `limit` of them.
    pub fn of(account_id: AccountId, mode: Mode, kind: CheckoutKind, limit: u32) -> CheckoutSearch {
        CheckoutSearch {
            account_id,
            mode,
            kind,
            id: None,
            words: CheckoutWords::default(),
            created: (None, None),
            updated: (None, None),
            limit,
            offset: 0,
        }
    }

    /// The texts that are asked for, with the names of their columns.
    pub(crate) fn texts(&self) -> [(&'static str, Option<&str>); 5] {
        [
            ("id", self.id.as_deref()),
            ("external_reference", self.words.external_reference.as_deref()),
            ("preference_id", self.words.preference_id.as_deref()),
            ("status", self.words.status.as_deref()),
            ("marketplace", self.words.marketplace.as_deref()),
        ]
    }

    /// The numbers that are asked for, with their columns and how they are compared.
    pub(crate) fn numbers(&self) -> [(&'static str, &'static str, Option<i64>); 7] {
        let ms = |at: Option<Timestamp>| at.map(|at| at.0);
        [
            ("sponsor_id", "=", self.words.sponsor_id),
            ("application_id", "=", self.words.application_id),
            ("payer_id", "=", self.words.payer_id),
            ("created", ">=", ms(self.created.0)),
            ("created", "<=", ms(self.created.1)),
            ("updated", ">=", ms(self.updated.0)),
            ("updated", "<=", ms(self.updated.1)),
        ]
    }
}

/// A page of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckoutPage {
    /// How many match in all.
    pub total: u64,
    /// The records of this page.
    pub records: Vec<CheckoutRecord>,
}

/// The most records of one page, whatever limit was asked for.
pub(crate) const MOST_RECORDS: u32 = 1_000;
