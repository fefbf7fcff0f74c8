//! Customers and saved cards in the tables: written by the writer inside a group's transaction, and read.
//!
//! They are written rarely, beside payments, so nothing of them is kept prepared or gathered.

use crate::numbers::mode_number;
use crate::sqlite::fault::{Fault, already_exists};
use crate::sqlite::reader::{many, one};
use crate::sqlite::rows;
use crate::sqlite::store::SqliteStore;
use crate::sqlite::unwritten::Kinds;
use crate::{
    CommitError, CustomerChange, CustomerPage, CustomerRecord, CustomerSearch, CustomerWords, Fingerprint,
    Lookup, MOST_CUSTOMERS, ReadError, SavedCardRecord, SealedCardRecord,
};
use pasarela_domain::identity::{AccountId, Mode};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};
use std::fmt::Write as _;

const CUSTOMER: &str = "account_id, mode, user_id, version, email, created, updated, first_name, last_name, \
     identification_type, identification_number, phone_area_code, phone_number, content";

const SAVED_CARD: &str =
    "SELECT user_id, fingerprint FROM saved_card WHERE account_id = ?1 AND mode = ?2 AND id = ?3";

const SEALED_CARD: &str =
    "SELECT mode, fingerprint, sealed_number FROM sealed_card WHERE mode = ?1 AND fingerprint = ?2";

/// The customer of a seller with this value in a column that is unique.
fn by(column: &str) -> String {
    format!("SELECT {CUSTOMER} FROM customer WHERE account_id = ?1 AND mode = ?2 AND {column} = ?3")
}

/// Writes one change; `content` is the stored form of the customer's body, where there is one.
pub(crate) fn apply(connection: &Connection, change: &CustomerChange, content: &[u8]) -> Result<(), Fault> {
    match change {
        CustomerChange::Insert(customer) => insert(connection, customer, content),
        CustomerChange::Update(customer) => update(connection, customer, content),
        CustomerChange::Delete { account_id, mode, user_id, version } => one_changed(
            connection
                .prepare_cached(
                    "DELETE FROM customer WHERE account_id = ?1 AND mode = ?2 AND user_id = ?3 AND version = ?4",
                )?
                .execute((account_id, mode_number(*mode), user_id, version))?,
        ),
        CustomerChange::SaveCard { card, sealed_number } => save_card(connection, card, sealed_number),
        CustomerChange::DeleteCard(card) => delete_card(connection, card),
        CustomerChange::Reseal(card) => one_changed(
            connection
                .prepare_cached(
                    "UPDATE sealed_card SET sealed_number = ?1 WHERE mode = ?2 AND fingerprint = ?3",
                )?
                .execute((&card.sealed_number, mode_number(card.mode), card.fingerprint))?,
        ),
    }
}

fn insert(connection: &Connection, customer: &CustomerRecord, content: &[u8]) -> Result<(), Fault> {
    let words = &customer.words;
    connection
        .prepare_cached(&format!(
            "INSERT INTO customer ({CUSTOMER})
             VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        ))?
        .execute(params![
            customer.account_id,
            mode_number(customer.mode),
            customer.user_id,
            customer.email,
            customer.created.0,
            customer.updated.0,
            words.first_name,
            words.last_name,
            words.identification_type,
            words.identification_number,
            words.phone_area_code,
            words.phone_number,
            content,
        ])
        .map_err(already_exists("customer"))?;
    Ok(())
}

fn update(connection: &Connection, customer: &CustomerRecord, content: &[u8]) -> Result<(), Fault> {
    let words = &customer.words;
    let updated = connection
        .prepare_cached(
            "UPDATE customer SET version = version + 1, updated = ?5, first_name = ?6, last_name = ?7,
             identification_type = ?8, identification_number = ?9, phone_area_code = ?10, phone_number = ?11,
             content = ?12 WHERE account_id = ?1 AND mode = ?2 AND user_id = ?3 AND version = ?4",
        )?
        .execute(params![
            customer.account_id,
            mode_number(customer.mode),
            customer.user_id,
            customer.version,
            customer.updated.0,
            words.first_name,
            words.last_name,
            words.identification_type,
            words.identification_number,
            words.phone_area_code,
            words.phone_number,
            content,
        ])?;
    one_changed(updated)
}

fn save_card(connection: &Connection, card: &SavedCardRecord, sealed_number: &[u8]) -> Result<(), Fault> {
    let mode = mode_number(card.mode);
    connection
        .prepare_cached(
            "INSERT INTO saved_card (account_id, mode, id, user_id, fingerprint) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((card.account_id, mode, card.id, card.user_id, card.fingerprint))
        .map_err(already_exists("saved card"))?;
    connection
        .prepare_cached(
            "INSERT INTO sealed_card (mode, fingerprint, card_references, sealed_number) VALUES (?1, ?2, 1, ?3)
             ON CONFLICT DO UPDATE SET card_references = card_references + 1",
        )?
        .execute((mode, card.fingerprint, sealed_number))?;
    Ok(())
}

fn delete_card(connection: &Connection, card: &SavedCardRecord) -> Result<(), Fault> {
    let mode = mode_number(card.mode);
    let deleted = connection
        .prepare_cached(
            "DELETE FROM saved_card WHERE account_id = ?1 AND mode = ?2 AND id = ?3 AND user_id = ?4
             AND fingerprint = ?5",
        )?
        .execute((card.account_id, mode, card.id, card.user_id, card.fingerprint))?;
    one_changed(deleted)?;
    let last = connection
        .prepare_cached(
            "DELETE FROM sealed_card WHERE mode = ?1 AND fingerprint = ?2 AND card_references = 1",
        )?
        .execute((mode, card.fingerprint))?;
    if last == 1 {
        return Ok(());
    }
    one_changed(
        connection
            .prepare_cached(
                "UPDATE sealed_card SET card_references = card_references - 1 WHERE mode = ?1 AND fingerprint = ?2",
            )?
            .execute((mode, card.fingerprint))?,
    )
}

fn one_changed(changed: usize) -> Result<(), Fault> {
    match changed {
        1 => Ok(()),
        _ => Err(Fault::Refused(CommitError::VersionConflict)),
    }
}

impl SqliteStore {
    /// A customer of a seller.
    pub(crate) async fn customer(
        &self,
        account_id: AccountId,
        mode: Mode,
        user_id: AccountId,
    ) -> Result<Option<CustomerRecord>, ReadError> {
        let sql = by("user_id");
        let key = (account_id, mode_number(mode), user_id);
        self.points(Kinds::CUSTOMERS).await?.ask(|connection| one(connection, &sql, key, customer)).await
    }

    /// The customer of a seller with this keyed hash of its e-mail.
    pub(crate) async fn customer_by_email(
        &self,
        account_id: AccountId,
        mode: Mode,
        email: &Lookup,
    ) -> Result<Option<CustomerRecord>, ReadError> {
        let sql = by("email");
        let key = (account_id, mode_number(mode), email);
        self.points(Kinds::CUSTOMERS).await?.ask(|connection| one(connection, &sql, key, customer)).await
    }

    /// A saved card of a seller's customers.
    pub(crate) async fn saved_card(
        &self,
        account_id: AccountId,
        mode: Mode,
        id: i64,
    ) -> Result<Option<SavedCardRecord>, ReadError> {
        self.points(Kinds::CUSTOMERS)
            .await?
            .ask(|connection| {
                one(connection, SAVED_CARD, (account_id, mode_number(mode), id), |row| {
                    let (user_id, fingerprint) = (row.get(0)?, row.get(1)?);
                    Ok(SavedCardRecord { account_id, mode, id, user_id, fingerprint })
                })
            })
            .await
    }

    /// The sealed number with this fingerprint.
    pub(crate) async fn sealed_card(
        &self,
        mode: Mode,
        fingerprint: &Fingerprint,
    ) -> Result<Option<SealedCardRecord>, ReadError> {
        self.points(Kinds::CUSTOMERS)
            .await?
            .ask(|connection| one(connection, SEALED_CARD, (mode_number(mode), fingerprint), sealed_card))
            .await
    }

    /// The sealed numbers, `limit` at a time, after the one with this mode and fingerprint.
    pub(crate) async fn sealed_cards(
        &self,
        after: Option<(Mode, Fingerprint)>,
        limit: u32,
    ) -> Result<Vec<SealedCardRecord>, ReadError> {
        let (mode, fingerprint) = after.map_or((-1, [0; 16]), |(mode, of)| (mode_number(mode), of));
        let sql =
            "SELECT mode, fingerprint, sealed_number FROM sealed_card WHERE (mode, fingerprint) > (?1, ?2)
                   ORDER BY mode, fingerprint LIMIT ?3";
        self.scans()
            .await?
            .ask_aside(move |connection| many(connection, sql, (mode, fingerprint, limit), sealed_card))
            .await
    }

    /// The customers that match, a page of them, and how many there are in all.
    pub(crate) async fn search_customers(&self, search: CustomerSearch) -> Result<CustomerPage, ReadError> {
        self.scans().await?.ask_aside(move |connection| run(connection, &search)).await
    }
}

fn run(connection: &Connection, search: &CustomerSearch) -> rusqlite::Result<CustomerPage> {
    let mut condition = "account_id = ?1 AND mode = ?2".to_owned();
    let mut values: Vec<Value> = vec![search.account_id.into(), mode_number(search.mode).into()];
    let mut and = |column: &str, operator: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            // Writing to a String can't fail.
            let _ = write!(condition, " AND {column} {operator} ?{number}", number = values.len());
        }
    };
    and("user_id", "=", search.user_id.map(Value::from));
    and("email", "=", search.email.map(|email| Value::Blob(email.to_vec())));
    and(search.range.column(), ">=", search.begin.map(|at| at.0.into()));
    and(search.range.column(), "<=", search.end.map(|at| at.0.into()));
    for (column, word) in search.words.columns() {
        and(column, "=", word.map(|word| Value::Text(word.to_owned())));
    }
    // One snapshot for the total and the page. It is dropped, which ends it: nothing was written.
    let snapshot = connection.unchecked_transaction()?;
    let total: i64 = snapshot.query_row(
        &format!("SELECT count(*) FROM customer WHERE {condition}"),
        params_from_iter(&values),
        |row| row.get(0),
    )?;
    let mut page = snapshot.prepare(&format!(
        "SELECT content, user_id FROM customer WHERE {condition} ORDER BY {} LIMIT {} OFFSET {}",
        search.order(""),
        search.limit.min(MOST_CUSTOMERS),
        search.offset
    ))?;
    let bodies = page
        .query_map(params_from_iter(&values), |row| Ok(rows::content(row, 0, "customer", row.get(1)?)?.0))?;
    Ok(CustomerPage { total: total.unsigned_abs(), bodies: bodies.collect::<rusqlite::Result<_>>()? })
}

/// A customer with its decompressed body, from the columns of `CUSTOMER`.
fn customer(row: &Row<'_>) -> rusqlite::Result<CustomerRecord> {
    let user_id = row.get(2)?;
    let (body, internals) = rows::content(row, 13, "customer", user_id)?;
    Ok(CustomerRecord {
        account_id: row.get(0)?,
        mode: rows::mode(row, 1)?,
        user_id,
        version: row.get(3)?,
        email: row.get(4)?,
        created: rows::instant(row, 5)?,
        updated: rows::instant(row, 6)?,
        words: CustomerWords {
            first_name: row.get(7)?,
            last_name: row.get(8)?,
            identification_type: row.get(9)?,
            identification_number: row.get(10)?,
            phone_area_code: row.get(11)?,
            phone_number: row.get(12)?,
        },
        body,
        internals,
    })
}

fn sealed_card(row: &Row<'_>) -> rusqlite::Result<SealedCardRecord> {
    Ok(SealedCardRecord { mode: rows::mode(row, 0)?, fingerprint: row.get(1)?, sealed_number: row.get(2)? })
}

/// Reads each customer for the check of the records.
pub(crate) fn each_customer(
    connection: &Connection,
    mut look: impl FnMut(i64, rusqlite::Result<CustomerRecord>),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("SELECT {CUSTOMER} FROM customer"))?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        look(row.get(2)?, customer(row));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_look_up_is_one_search_of_one_key() {
        let connection = Connection::open_in_memory().unwrap();
        for step in crate::sqlite::migrations::MIGRATIONS {
            connection.execute_batch(step).unwrap();
        }
        for (sql, key) in [
            (by("user_id"), "customer_by_user"),
            (by("email"), "customer_by_email"),
            (SAVED_CARD.to_owned(), "PRIMARY KEY"),
            (SEALED_CARD.to_owned(), "PRIMARY KEY"),
        ] {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let asked = plan.parameter_count();
            let steps: Vec<String> = plan
                .query_map(params_from_iter(vec![Value::Null; asked]), |row| row.get(3))
                .unwrap()
                .collect::<rusqlite::Result<_>>()
                .unwrap();
            assert_eq!(steps.len(), 1, "{steps:?}");
            assert!(steps[0].starts_with("SEARCH") && steps[0].contains(key), "{steps:?}");
            assert_eq!(steps[0].matches("=?").count(), asked, "the whole key: {steps:?}");
        }
    }
}
