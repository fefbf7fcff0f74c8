//! A store, read out whole and put into another one: the tables, their rows, and where a copy has got to.
//!
//! A row is what both engines keep of a record, column by column, the compressed body as it is: what comes out of one
//! goes into the other byte for byte. What an engine derives for itself (random keys, tallies, the earliest timers, shares
//! of work) is not in it; the engine that takes the rows derives it again.

use crate::postgres::copying::{PostgresDump, PostgresRestore};
use crate::sqlite::copying::{SqliteDump, SqliteRestore};
use crate::varint::{push_unsigned, take_unsigned};
use crate::{CommitError, Location, OpenError, ReadError, numbers};
use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::AccountKind;
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher;

/// What is copied, in this order: what a row refers to comes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Accounts.
    Account,
    /// Applications with their sealed webhook secrets.
    Application,
    /// Credentials, by their keyed hashes.
    Credential,
    /// The clocks of test accounts.
    Clock,
    /// How people log in to accounts.
    Login,
    /// Their sessions.
    Session,
    /// Versions of the catalogue.
    Catalogue,
    /// Where applications are told, and what is known of their addresses.
    NotificationSetting,
    /// What accounts keep beside their payments.
    AccountEntry,
    /// Payers without an account.
    Payer,
    /// Card numbers of saved cards, sealed.
    SealedCard,
    /// Sellers' customers.
    Customer,
    /// Their saved cards.
    SavedCard,
    /// Preferences and merchant orders.
    Checkout,
    /// Payments.
    Payment,
    /// Card tokens with what is sealed in them.
    CardToken,
    /// Outcomes under idempotency keys.
    Idempotency,
    /// Ledger postings.
    Posting,
    /// What users' ledger accounts hold; those of nothing are left out.
    Balance,
    /// What the platform's own ledger accounts hold, each added up. An engine that keeps them in parts derives the parts
    /// from the postings.
    PlatformBalance,
    /// Timers.
    Timer,
    /// Notifications.
    Delivery,
    /// What their attempts saw.
    DeliveryAttempt,
}

/// All tables, in the order in which they are copied.
pub const TABLES: [Table; 23] = [
    Table::Account,
    Table::Application,
    Table::Credential,
    Table::Clock,
    Table::Login,
    Table::Session,
    Table::Catalogue,
    Table::NotificationSetting,
    Table::AccountEntry,
    Table::Payer,
    Table::SealedCard,
    Table::Customer,
    Table::SavedCard,
    Table::Checkout,
    Table::Payment,
    Table::CardToken,
    Table::Idempotency,
    Table::Posting,
    Table::Balance,
    Table::PlatformBalance,
    Table::Timer,
    Table::Delivery,
    Table::DeliveryAttempt,
];

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    /// An integer in rows: 0 or 1.
    Truth,
    Text,
    Bytes,
    /// Integers of eight bytes each (little-endian), bytes in rows: nothing for none.
    Integers,
}

/// A column's name and what it holds.
pub(crate) type Column = (&'static str, Kind);

impl Table {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Account => "account",
            Table::Application => "application",
            Table::Credential => "credential",
            Table::Clock => "clock",
            Table::Login => "login",
            Table::Session => "session",
            Table::Catalogue => "catalogue version",
            Table::NotificationSetting => "notification setting",
            Table::AccountEntry => "account entry",
            Table::Payer => "payer",
            Table::SealedCard => "sealed card",
            Table::Customer => "customer",
            Table::SavedCard => "saved card",
            Table::Checkout => "checkout",
            Table::Payment => "payment",
            Table::CardToken => "card token",
            Table::Idempotency => "idempotency",
            Table::Posting => "posting",
            Table::Balance => "balance",
            Table::PlatformBalance => "platform balance",
            Table::Timer => "timer",
            Table::Delivery => "delivery",
            Table::DeliveryAttempt => "delivery attempt",
        }
    }

    /// The columns of a row, in its order.
    pub(crate) const fn columns(self) -> &'static [Column] {
        use Kind::{Bytes, Integer, Integers, Text, Truth};
        match self {
            Table::Account => &[("id", Integer), ("site", Text), ("email", Text), ("body", Bytes)],
            Table::Application => {
                &[("id", Integer), ("account_id", Integer), ("sealed_webhook_secret", Bytes), ("body", Bytes)]
            }
            Table::Credential => &[
                ("lookup", Bytes),
                ("kind", Integer),
                ("account_id", Integer),
                ("application_id", Integer),
                ("mode", Integer),
                ("well_known", Truth),
            ],
            Table::Clock => &[("account_id", Integer), ("offset_ms", Integer)],
            Table::Catalogue => &[
                ("version", Integer),
                ("applied", Integer),
                ("author", Text),
                ("comment", Text),
                ("document", Bytes),
            ],
            Table::AccountEntry => &[
                ("account_id", Integer),
                ("kind", Integer),
                ("name", Text),
                ("version", Integer),
                ("changed", Integer),
                ("body", Bytes),
            ],
            Table::NotificationSetting => &[
                ("application_id", Integer),
                ("mode", Integer),
                ("kind", Integer),
                ("name", Text),
                ("version", Integer),
                ("changed", Integer),
                ("body", Bytes),
            ],
            Table::Payer => {
                &[("account_id", Integer), ("mode", Integer), ("email", Bytes), ("payer_id", Integer)]
            }
            Table::SealedCard => &[
                ("mode", Integer),
                ("fingerprint", Bytes),
                ("card_references", Integer),
                ("sealed_number", Bytes),
            ],
            Table::Customer => &[
                ("account_id", Integer),
                ("mode", Integer),
                ("user_id", Integer),
                ("version", Integer),
                ("email", Bytes),
                ("created", Integer),
                ("updated", Integer),
                ("first_name", Text),
                ("last_name", Text),
                ("identification_type", Text),
                ("identification_number", Text),
                ("phone_area_code", Text),
                ("phone_number", Text),
                ("content", Bytes),
            ],
            Table::SavedCard => &[
                ("account_id", Integer),
                ("mode", Integer),
                ("id", Integer),
                ("user_id", Integer),
                ("fingerprint", Bytes),
            ],
            Table::Login => &[
                ("account_id", Integer),
                ("version", Integer),
                ("nickname", Bytes),
                ("email", Bytes),
                ("body", Bytes),
            ],
            Table::Session => &[
                ("account_id", Integer),
                ("lookup", Bytes),
                ("started", Integer),
                ("seen", Integer),
                ("expires", Integer),
                ("body", Bytes),
            ],
            Table::Checkout => &[
                ("account_id", Integer),
                ("mode", Integer),
                ("kind", Integer),
                ("id", Text),
                ("version", Integer),
                ("created", Integer),
                ("updated", Integer),
                ("external_reference", Text),
                ("preference_id", Text),
                ("status", Text),
                ("marketplace", Text),
                ("sponsor_id", Integer),
                ("application_id", Integer),
                ("payer_id", Integer),
                ("payer_email", Bytes),
                ("content", Bytes),
            ],
            Table::Payment => &[
                ("account_id", Integer),
                ("id", Integer),
                ("mode", Integer),
                ("version", Integer),
                ("created", Integer),
                ("updated", Integer),
                ("approved", Integer),
                ("release", Integer),
                ("status", Text),
                ("status_detail", Text),
                ("payment_method_id", Text),
                ("payment_type_id", Text),
                ("operation_type", Text),
                ("payer_id", Integer),
                ("external_reference", Text),
                ("store_id", Text),
                ("pos_id", Text),
                ("content", Bytes),
                ("traces", Integers),
            ],
            Table::CardToken => &[
                ("account_id", Integer),
                ("lookup", Bytes),
                ("mode", Integer),
                ("version", Integer),
                ("purge_at", Integer),
                ("sealed_number", Bytes),
                ("sealed_security_code", Bytes),
                ("content", Bytes),
            ],
            Table::Idempotency => &[
                ("account_id", Integer),
                ("key", Bytes),
                ("request", Bytes),
                ("resource_id", Integer),
                ("part_id", Integer),
                ("expires", Integer),
            ],
            Table::Posting => &[
                ("account_id", Integer),
                ("mode", Integer),
                ("effective_at", Integer),
                ("sequence", Integer),
                ("resource_id", Integer),
                ("cause", Integer),
                ("currency", Text),
                ("legs", Bytes),
            ],
            Table::Balance | Table::PlatformBalance => &[
                ("mode", Integer),
                ("currency", Text),
                ("kind", Integer),
                ("owner", Integer),
                ("amount_minor", Integer),
            ],
            Table::Timer => &[
                ("account_id", Integer),
                ("mode", Integer),
                ("subject", Integer),
                ("kind", Integer),
                ("due", Integer),
            ],
            Table::Delivery => &[
                ("account_id", Integer),
                ("id", Integer),
                ("application_id", Integer),
                ("mode", Integer),
                ("channel", Integer),
                ("state", Integer),
                ("attempts", Integer),
                ("created", Integer),
                ("next_attempt", Integer),
                ("resource_id", Text),
                ("topic", Text),
                ("action", Text),
                ("url", Text),
                ("data", Text),
                ("turns_ahead", Integer),
            ],
            Table::DeliveryAttempt => &[
                ("account_id", Integer),
                ("delivery_id", Integer),
                ("number", Integer),
                ("request_id", Text),
                ("started", Integer),
                ("duration_ms", Integer),
                ("response_status", Integer),
                ("failure", Text),
                ("state", Integer),
                ("next_attempt", Integer),
                ("exchange", Bytes),
            ],
        }
    }

    /// Where the column `name` stands in a row.
    ///
    /// # Panics
    /// When there is none: the names are constants of this crate.
    pub(crate) fn position(self, name: &str) -> usize {
        self.columns().iter().position(|column| column.0 == name).expect("a column of this table")
    }
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    /// The integer, if it is one.
    pub(crate) const fn integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, if it is such.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn push(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.push(0),
            Value::Integer(number) => {
                out.push(1);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Value::Text(text) => push_bytes(out, 2, text.as_bytes()),
            Value::Bytes(bytes) => push_bytes(out, 3, bytes),
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<Value> {
        let (&kind, rest) = bytes.split_first()?;
        *bytes = rest;
        Some(match kind {
            0 => Value::Null,
            1 => {
                let (number, rest) = bytes.split_first_chunk::<8>()?;
                *bytes = rest;
                Value::Integer(i64::from_le_bytes(*number))
            }
            2 => Value::Text(String::from_utf8(take_bytes(bytes)?).ok()?),
            3 => Value::Bytes(take_bytes(bytes)?),
            _ => return None,
        })
    }
}

fn push_bytes(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    out.push(kind);
    push_unsigned(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn take_bytes(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(take_unsigned(bytes)?).ok()?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken.to_vec())
}

/// The values of a table's columns.
pub(crate) type Row = Vec<Value>;

/// Where a dump stands in a table: the key of the last row that was read, in the order of the engine that reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub(crate) Vec<Value>);

impl Cursor {
    /// As bytes, to be kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for value in &self.0 {
            value.push(&mut bytes);
        }
        bytes
    }

    /// What [`Cursor::to_bytes`] gave; `None` for anything else.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Cursor> {
        let mut key = Vec::new();
        while !bytes.is_empty() {
            key.push(Value::take(&mut bytes)?);
        }
        Some(Cursor(key))
    }
}

/// Some rows of a table, in the order of the engine that gave them.
#[derive(Debug)]
pub struct Page {
    pub(crate) rows: Vec<Row>,
    /// Where to go on; `None` when these are the last.
    pub next: Option<Cursor>,
}

impl Page {
    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A sum over the rows that is the same in whatever order they come: two stores with the same sums over the same
    /// number of rows hold the same.
    pub fn sum(&self) -> u64 {
        let mut bytes = Vec::new();
        self.rows.iter().fold(0, |sum, row| {
            bytes.clear();
            for value in row {
                value.push(&mut bytes);
            }
            let mut hasher = SipHasher13::new();
            hasher.write(&bytes);
            sum.wrapping_add(hasher.finish())
        })
    }

    /// What the rows hold by mode, currency and kind, if `table` is one of balances. Rows that name what this version
    /// does not know are left out here, and found by the proof of the ledger.
    pub fn amounts(&self, table: Table) -> BTreeMap<(Mode, String, AccountKind), i128> {
        let mut amounts = BTreeMap::new();
        if !matches!(table, Table::Balance | Table::PlatformBalance) {
            return amounts;
        }
        for row in &self.rows {
            let integer = |name: &str| row[table.position(name)].integer();
            let kind = integer("kind").and_then(|kind| AccountKind::from_number(u8::try_from(kind).ok()?));
            let currency = row[table.position("currency")].text();
            if let (Some(mode), Some(currency), Some(kind), Some(amount)) =
                (integer("mode").and_then(numbers::mode), currency, kind, integer("amount_minor"))
            {
                *amounts.entry((mode, currency.to_owned(), kind)).or_default() += i128::from(amount);
            }
        }
        amounts
    }

    /// A page of `rows` that were read with a limit of `limit`, each with its key.
    pub(crate) fn of(rows: Vec<Row>, last_key: Option<Vec<Value>>, limit: u32) -> Page {
        let next = last_key.filter(|_| rows.len() >= limit as usize).map(Cursor);
        Page { rows, next }
    }
}

/// A store that nobody else uses, to be read out, all of it as it was at one moment.
pub struct Dump(DumpEngine);

enum DumpEngine {
    Sqlite(SqliteDump),
    Postgres(Box<PostgresDump>),
}

impl Dump {
    /// Opens what is at `location`.
    ///
    /// # Errors
    /// When there is nothing, when a server uses it, or when it can't be read.
    pub async fn open(location: &Location) -> Result<Dump, OpenError> {
        Ok(Dump(match location {
            Location::Database(url) => DumpEngine::Postgres(Box::new(PostgresDump::open(url).await?)),
            location => DumpEngine::Sqlite(SqliteDump::open(location.clone()).await?),
        }))
    }

    /// How many rows `table` has.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn count(&mut self, table: Table) -> Result<u64, ReadError> {
        match &mut self.0 {
            DumpEngine::Sqlite(dump) => dump.count(table).await,
            DumpEngine::Postgres(dump) => dump.count(table).await,
        }
    }

    /// At most `limit` rows of `table`, after `after` or from the first.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn page(
        &mut self,
        table: Table,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page, ReadError> {
        match &mut self.0 {
            DumpEngine::Sqlite(dump) => dump.page(table, after.cloned(), limit).await,
            DumpEngine::Postgres(dump) => dump.page(table, after, limit).await,
        }
    }

    /// Lets go of the store.
    pub async fn close(self) {
        match self.0 {
            DumpEngine::Sqlite(dump) => drop(dump),
            DumpEngine::Postgres(dump) => dump.close().await,
        }
    }
}

/// A store that nobody else uses, to be filled.
pub struct Restore(RestoreEngine);

enum RestoreEngine {
    Sqlite(SqliteRestore),
    Postgres(Box<PostgresRestore>),
}

impl Restore {
    /// Opens what is at `location`, making it if need be.
    ///
    /// # Errors
    /// When a server or another copy uses it, or when it can't be written.
    pub async fn open(location: &Location) -> Result<Restore, OpenError> {
        Ok(Restore(match location {
            Location::Database(url) => RestoreEngine::Postgres(Box::new(PostgresRestore::open(url).await?)),
            location => RestoreEngine::Sqlite(SqliteRestore::open(location.clone()).await?),
        }))
    }

    /// What the last [`Restore::insert`] noted; `None` for a store that no copy is filling.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn note(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        match &mut self.0 {
            RestoreEngine::Sqlite(restore) => restore.note().await,
            RestoreEngine::Postgres(restore) => restore.note().await,
        }
    }

    /// Whether the store holds no record at all.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn is_empty(&mut self) -> Result<bool, ReadError> {
        match &mut self.0 {
            RestoreEngine::Sqlite(restore) => restore.is_empty().await,
            RestoreEngine::Postgres(restore) => restore.is_empty().await,
        }
    }

    /// Puts the rows of `page` in, with what is derived from them, and `note` beside them: all of it, or nothing.
    ///
    /// # Errors
    /// When it can't be written; nothing of the page is stored then, except as [`CommitError::Unknown`] says.
    pub async fn insert(&mut self, table: Table, page: Page, note: Vec<u8>) -> Result<(), CommitError> {
        match &mut self.0 {
            RestoreEngine::Sqlite(restore) => restore.insert(table, page.rows, note).await,
            RestoreEngine::Postgres(restore) => restore.insert(table, page.rows, note).await,
        }
    }

    /// Takes the note away: the store is like any other from now on.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn finish(&mut self) -> Result<(), CommitError> {
        match &mut self.0 {
            RestoreEngine::Sqlite(restore) => restore.finish().await,
            RestoreEngine::Postgres(restore) => restore.finish().await,
        }
    }

    /// Lets go of the store.
    pub async fn close(self) {
        match self.0 {
            RestoreEngine::Sqlite(restore) => drop(restore),
            RestoreEngine::Postgres(restore) => restore.close().await,
        }
    }
}

/// The setting that holds a copy's note. A store that has it is not whole.
pub(crate) const NOTE: &str = "copy";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_from_its_bytes() {
        let cursor = Cursor(vec![
            Value::Integer(-7),
            Value::Text("BRL".to_owned()),
            Value::Bytes(vec![0, 255]),
            Value::Null,
        ]);
        let bytes = cursor.to_bytes();
        assert_eq!(Cursor::from_bytes(&bytes), Some(cursor));
        for length in 1..bytes.len() {
            // Cut at a value's end, it is a shorter cursor; elsewhere it is none.
            assert_ne!(Cursor::from_bytes(&bytes[..length]).map(|cursor| cursor.0.len()), Some(4));
        }
        assert_eq!(Cursor::from_bytes(&[9]), None);
    }

    #[test]
    fn a_sum_does_not_hang_on_the_order_and_sees_every_value() {
        let row =
            |number, text: &str| vec![Value::Integer(number), Value::Text(text.to_owned()), Value::Null];
        let sum = |rows| Page { rows, next: None }.sum();
        assert_eq!(sum(vec![row(1, "a"), row(2, "b")]), sum(vec![row(2, "b"), row(1, "a")]));
        assert_ne!(sum(vec![row(1, "a"), row(2, "b")]), sum(vec![row(1, "b"), row(2, "a")]));
    }
}
