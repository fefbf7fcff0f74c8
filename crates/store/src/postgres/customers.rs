//! Customers and saved cards: a group's rows with the statements that write them, and what is asked.

use crate::postgres::reader::{limit_value, mode_value};
use crate::postgres::records::{Step, rows, step};
use crate::postgres::rows;
use crate::postgres::store::PostgresStore;
use crate::{
    CustomerChange, CustomerRecord, CustomerWords, Fingerprint, Lookup, ReadError, SavedCardRecord,
    SealedCardRecord,
};
use pasarela_domain::identity::{AccountId, Mode};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

macro_rules! customer_columns {
    () => {
        "account_id, mode, user_id, version, email, created, updated, first_name, last_name, identification_type, \
         identification_number, phone_area_code, phone_number, content"
    };
}

/// All customers, for the check of the records.
pub(crate) const ALL: &str = concat!("SELECT ", customer_columns!(), " FROM customer");

pub(crate) const CUSTOMER: &str = concat!(
    "SELECT ",
    customer_columns!(),
    " FROM customer WHERE account_id = $1 AND mode = $2 AND user_id = $3"
);
pub(crate) const CUSTOMER_BY_EMAIL: &str = concat!(
    "SELECT ",
    customer_columns!(),
    " FROM customer WHERE account_id = $1 AND mode = $2 AND email = $3"
);
pub(crate) const SAVED_CARD: &str = "SELECT account_id, mode, id, user_id, fingerprint FROM saved_card
    WHERE account_id = $1 AND mode = $2 AND id = $3";

const INSERT_CUSTOMER: &str = "INSERT INTO customer (account_id, mode, user_id, version, email, created, updated,
     first_name, last_name, identification_type, identification_number, phone_area_code, phone_number, content)
    SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bigint[],
     $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bytea[])";

/// Neither the e-mail nor the day of creation ever changes.
const UPDATE_CUSTOMER: &str =
    "UPDATE customer SET version = customer.version + 1, updated = new.updated, first_name = new.first_name,
     last_name = new.last_name, identification_type = new.identification_type,
     identification_number = new.identification_number, phone_area_code = new.phone_area_code,
     phone_number = new.phone_number, content = new.content
    FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[],
     $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bytea[])
     AS new (account_id, mode, user_id, version, email, created, updated, first_name, last_name, identification_type,
     identification_number, phone_area_code, phone_number, content)
    WHERE customer.account_id = new.account_id AND customer.mode = new.mode AND customer.user_id = new.user_id
     AND customer.version = new.version";

const DELETE_CUSTOMER: &str = "DELETE FROM customer
    USING unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[]) AS old (account_id, mode, user_id, version)
    WHERE customer.account_id = old.account_id AND customer.mode = old.mode AND customer.user_id = old.user_id
     AND customer.version = old.version";

const INSERT_SAVED_CARD: &str = "INSERT INTO saved_card (account_id, mode, id, user_id, fingerprint)
    SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bytea[])";

const DELETE_SAVED_CARD: &str = "DELETE FROM saved_card
    USING unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bytea[])
     AS old (account_id, mode, id, user_id, fingerprint)
    WHERE saved_card.account_id = old.account_id AND saved_card.mode = old.mode AND saved_card.id = old.id
     AND saved_card.user_id = old.user_id AND saved_card.fingerprint = old.fingerprint";

/// One more saved card has the number. Whoever takes the last reference away at this moment is waited for: then the
/// number is put in anew.
const KEEP_NUMBER: &str = "INSERT INTO sealed_card (fingerprint, mode, card_references, sealed_number)
    SELECT new.fingerprint, new.mode, 1, new.sealed_number
    FROM unnest($1::bytea[], $2::smallint[], $3::bytea[]) AS new (fingerprint, mode, sealed_number)
    ON CONFLICT (fingerprint, mode) DO UPDATE SET card_references = sealed_card.card_references + 1";

/// One saved card less has the number.
const RELEASE_NUMBER: &str = "UPDATE sealed_card SET card_references = sealed_card.card_references - 1
    FROM unnest($1::bytea[], $2::smallint[], $3::bytea[]) AS old (fingerprint, mode, sealed_number)
    WHERE sealed_card.fingerprint = old.fingerprint AND sealed_card.mode = old.mode";

/// What nobody refers to any more is gone before the transaction ends.
const ERASE_NUMBER: &str = "DELETE FROM sealed_card
    USING unnest($1::bytea[], $2::smallint[], $3::bytea[]) AS old (fingerprint, mode, sealed_number)
    WHERE sealed_card.fingerprint = old.fingerprint AND sealed_card.mode = old.mode
     AND sealed_card.card_references = 0";

const RESEAL_NUMBER: &str = "UPDATE sealed_card SET sealed_number = new.sealed_number
    FROM unnest($1::bytea[], $2::smallint[], $3::bytea[]) AS new (fingerprint, mode, sealed_number)
    WHERE sealed_card.fingerprint = new.fingerprint AND sealed_card.mode = new.mode";

rows! {
    CustomerRow<'a> {
        account_id: i64,
        mode: i16,
        user_id: i64,
        version: i64,
        email: &'a [u8],
        created: i64,
        updated: i64,
        first_name: Option<&'a str>,
        last_name: Option<&'a str>,
        identification_type: Option<&'a str>,
        identification_number: Option<&'a str>,
        phone_area_code: Option<&'a str>,
        phone_number: Option<&'a str>,
        content: &'a [u8],
    }
}

rows! {
    CustomerVersionRow { account_id: i64, mode: i16, user_id: i64, version: i64, }
}

rows! {
    SavedCardRow<'a> { account_id: i64, mode: i16, id: i64, user_id: i64, fingerprint: &'a [u8], }
}

rows! {
    NumberRow<'a> { fingerprint: &'a [u8], mode: i16, sealed_number: &'a [u8], }
}

/// What a change of a customer or a card writes to.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum CustomerKey<'a> {
    Customer(AccountId, Mode, AccountId),
    Email(AccountId, Mode, &'a Lookup),
    Card(AccountId, Mode, i64),
    Number(Mode, &'a Fingerprint),
}

/// All that `change` writes to.
pub(crate) fn keys<'a>(change: &'a CustomerChange, mut each: impl FnMut(CustomerKey<'a>)) {
    match change {
        CustomerChange::Insert(customer) => {
            each(CustomerKey::Customer(customer.account_id, customer.mode, customer.user_id));
            each(CustomerKey::Email(customer.account_id, customer.mode, &customer.email));
        }
        CustomerChange::Update(customer) => {
            each(CustomerKey::Customer(customer.account_id, customer.mode, customer.user_id));
        }
        CustomerChange::Delete { account_id, mode, user_id, .. } => {
            each(CustomerKey::Customer(*account_id, *mode, *user_id));
        }
        CustomerChange::SaveCard { card, .. } | CustomerChange::DeleteCard(card) => {
            each(CustomerKey::Card(card.account_id, card.mode, card.id));
            each(CustomerKey::Number(card.mode, &card.fingerprint));
        }
        CustomerChange::Reseal(card) => each(CustomerKey::Number(card.mode, &card.fingerprint)),
    }
}

/// A group's rows of these tables.
#[derive(Default)]
pub(crate) struct CustomerRows<'a> {
    inserted: Vec<CustomerRow<'a>>,
    updated: Vec<CustomerRow<'a>>,
    deleted: Vec<CustomerVersionRow>,
    saved: Vec<SavedCardRow<'a>>,
    removed: Vec<SavedCardRow<'a>>,
    kept: Vec<NumberRow<'a>>,
    released: Vec<NumberRow<'a>>,
    resealed: Vec<NumberRow<'a>>,
}

impl<'a> CustomerRows<'a> {
    /// Adds a change; `content` is the stored form of the customer's body, where there is one.
    pub(crate) fn add(&mut self, change: &'a CustomerChange, content: &'a [u8]) {
        match change {
            CustomerChange::Insert(customer) => self.inserted.push(customer_row(customer, 1, content)),
            CustomerChange::Update(customer) => {
                self.updated.push(customer_row(customer, customer.version, content));
            }
            CustomerChange::Delete { account_id, mode, user_id, version } => {
                self.deleted.push(CustomerVersionRow {
                    account_id: *account_id,
                    mode: mode_value(*mode),
                    user_id: *user_id,
                    version: *version,
                });
            }
            CustomerChange::SaveCard { card, sealed_number } => {
                self.saved.push(card_row(card));
                self.kept.push(number_row(card.mode, &card.fingerprint, sealed_number));
            }
            CustomerChange::DeleteCard(card) => {
                self.removed.push(card_row(card));
                self.released.push(number_row(card.mode, &card.fingerprint, &[]));
            }
            CustomerChange::Reseal(card) => {
                self.resealed.push(number_row(card.mode, &card.fingerprint, &card.sealed_number));
            }
        }
    }

    /// In the order of their keys: every node locks rows in the same order.
    pub(crate) fn sort(&mut self) {
        self.inserted.sort_unstable_by_key(|row| (row.account_id, row.mode, row.user_id));
        self.updated.sort_unstable_by_key(|row| (row.account_id, row.mode, row.user_id));
        self.deleted.sort_unstable_by_key(|row| (row.account_id, row.mode, row.user_id));
        self.saved.sort_unstable_by_key(|row| (row.account_id, row.mode, row.id));
        self.removed.sort_unstable_by_key(|row| (row.account_id, row.mode, row.id));
        for numbers in [&mut self.kept, &mut self.released, &mut self.resealed] {
            numbers.sort_unstable_by_key(|row| (row.fingerprint, row.mode));
        }
    }

    /// The statements that write them.
    pub(crate) fn steps<'rows>(&'rows self, steps: &mut Vec<Step<'rows>>) {
        steps.extend(step(INSERT_CUSTOMER, &self.inserted, CustomerRow::columns));
        steps.extend(step(UPDATE_CUSTOMER, &self.updated, CustomerRow::columns));
        steps.extend(step(DELETE_CUSTOMER, &self.deleted, CustomerVersionRow::columns));
        steps.extend(step(INSERT_SAVED_CARD, &self.saved, SavedCardRow::columns));
        steps.extend(step(DELETE_SAVED_CARD, &self.removed, SavedCardRow::columns));
        steps.extend(step(KEEP_NUMBER, &self.kept, NumberRow::columns));
        steps.extend(step(RELEASE_NUMBER, &self.released, NumberRow::columns));
        let erased = step(ERASE_NUMBER, &self.released, NumberRow::columns);
        steps.extend(erased.map(|step| Step { expected: None, ..step }));
        steps.extend(step(RESEAL_NUMBER, &self.resealed, NumberRow::columns));
    }
}

fn customer_row<'a>(customer: &'a CustomerRecord, version: i64, content: &'a [u8]) -> CustomerRow<'a> {
    let words = &customer.words;
    CustomerRow {
        account_id: customer.account_id,
        mode: mode_value(customer.mode),
        user_id: customer.user_id,
        version,
        email: &customer.email,
        created: customer.created.0,
        updated: customer.updated.0,
        first_name: words.first_name.as_deref(),
        last_name: words.last_name.as_deref(),
        identification_type: words.identification_type.as_deref(),
        identification_number: words.identification_number.as_deref(),
        phone_area_code: words.phone_area_code.as_deref(),
        phone_number: words.phone_number.as_deref(),
        content,
    }
}

fn card_row(card: &SavedCardRecord) -> SavedCardRow<'_> {
    SavedCardRow {
        account_id: card.account_id,
        mode: mode_value(card.mode),
        id: card.id,
        user_id: card.user_id,
        fingerprint: &card.fingerprint,
    }
}

const fn number_row<'a>(mode: Mode, fingerprint: &'a Fingerprint, sealed_number: &'a [u8]) -> NumberRow<'a> {
    NumberRow { fingerprint, mode: mode_value(mode), sealed_number }
}

impl PostgresStore {
    /// A customer of a seller.
    pub(crate) async fn customer(
        &self,
        account_id: AccountId,
        mode: Mode,
        user_id: AccountId,
    ) -> Result<Option<CustomerRecord>, ReadError> {
        self.readers().one(CUSTOMER, &[&account_id, &mode_value(mode), &user_id], customer).await
    }

    /// The customer of a seller with this keyed hash of its e-mail.
    pub(crate) async fn customer_by_email(
        &self,
        account_id: AccountId,
        mode: Mode,
        email: &Lookup,
    ) -> Result<Option<CustomerRecord>, ReadError> {
        let values: [&(dyn ToSql + Sync); 3] = [&account_id, &mode_value(mode), &email.as_slice()];
        self.readers().one(CUSTOMER_BY_EMAIL, &values, customer).await
    }

    /// A saved card of a seller's customers.
    pub(crate) async fn saved_card(
        &self,
        account_id: AccountId,
        mode: Mode,
        id: i64,
    ) -> Result<Option<SavedCardRecord>, ReadError> {
        self.readers().one(SAVED_CARD, &[&account_id, &mode_value(mode), &id], saved_card).await
    }

    /// The sealed number with this fingerprint.
    pub(crate) async fn sealed_card(
        &self,
        mode: Mode,
        fingerprint: &Fingerprint,
    ) -> Result<Option<SealedCardRecord>, ReadError> {
        const SQL: &str =
            "SELECT mode, fingerprint, sealed_number FROM sealed_card WHERE fingerprint = $1 AND mode = $2";
        self.readers().one(SQL, &[&fingerprint.as_slice(), &mode_value(mode)], sealed_card).await
    }

    /// The sealed numbers, `limit` at a time, after the one with this mode and fingerprint.
    pub(crate) async fn sealed_cards(
        &self,
        after: Option<(Mode, Fingerprint)>,
        limit: u32,
    ) -> Result<Vec<SealedCardRecord>, ReadError> {
        const SQL: &str = "SELECT mode, fingerprint, sealed_number FROM sealed_card
             WHERE (fingerprint, mode) > ($1, $2) ORDER BY fingerprint, mode LIMIT $3";
        let (mode, fingerprint) = after.map_or((-1, [0; 16]), |(mode, of)| (mode_value(mode), of));
        let values: [&(dyn ToSql + Sync); 3] = [&fingerprint.as_slice(), &mode, &limit_value(limit)];
        self.readers().many(SQL, &values, sealed_card).await
    }
}

/// A customer with its decompressed body.
pub(crate) fn customer(row: &Row) -> Result<CustomerRecord, ReadError> {
    let (body, internals) = rows::content(row, 13)?;
    Ok(CustomerRecord {
        account_id: rows::get(row, 0)?,
        mode: rows::mode(row, 1)?,
        user_id: rows::get(row, 2)?,
        version: rows::get(row, 3)?,
        email: rows::bytes(row, 4)?,
        created: rows::instant(row, 5)?,
        updated: rows::instant(row, 6)?,
        words: CustomerWords {
            first_name: rows::get(row, 7)?,
            last_name: rows::get(row, 8)?,
            identification_type: rows::get(row, 9)?,
            identification_number: rows::get(row, 10)?,
            phone_area_code: rows::get(row, 11)?,
            phone_number: rows::get(row, 12)?,
        },
        body,
        internals,
    })
}

fn saved_card(row: &Row) -> Result<SavedCardRecord, ReadError> {
    Ok(SavedCardRecord {
        account_id: rows::get(row, 0)?,
        mode: rows::mode(row, 1)?,
        id: rows::get(row, 2)?,
        user_id: rows::get(row, 3)?,
        fingerprint: rows::bytes(row, 4)?,
    })
}

fn sealed_card(row: &Row) -> Result<SealedCardRecord, ReadError> {
    Ok(SealedCardRecord {
        mode: rows::mode(row, 0)?,
        fingerprint: rows::bytes(row, 1)?,
        sealed_number: rows::get(row, 2)?,
    })
}
