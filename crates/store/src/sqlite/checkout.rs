//! Preferences and merchant orders in the tables.

use crate::numbers::mode_number;
use crate::sqlite::fault::{Fault, already_exists};
use crate::sqlite::reader::one;
use crate::sqlite::rows;
use crate::sqlite::store::SqliteStore;
use crate::sqlite::unwritten::Kinds;
use crate::{
    CheckoutChange, CheckoutKind, CheckoutPage, CheckoutRecord, CheckoutSearch, CheckoutWords, CommitError,
    MOST_RECORDS, ReadError,
};
use pasarela_domain::identity::{AccountId, Mode};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};
use std::fmt::Write as _;

const COLUMNS: &str = "account_id, mode, kind, id, version, created, updated, external_reference, preference_id, status, \
     marketplace, sponsor_id, application_id, payer_id, payer_email, content";

fn by_id() -> String {
    format!("SELECT {COLUMNS} FROM checkout WHERE account_id = ?1 AND mode = ?2 AND kind = ?3 AND id = ?4")
}

/// Writes one change; `content` is the stored form of its body.
pub(crate) fn apply(connection: &Connection, change: &CheckoutChange, content: &[u8]) -> Result<(), Fault> {
    match change {
        CheckoutChange::Insert(record) => insert(connection, record, content),
        CheckoutChange::Update(record) => update(connection, record, content),
    }
}

fn insert(connection: &Connection, record: &CheckoutRecord, content: &[u8]) -> Result<(), Fault> {
    let words = &record.words;
    connection
        .prepare_cached(&format!(
            "INSERT INTO checkout ({COLUMNS})
             VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
        ))?
        .execute(params![
            record.account_id,
            mode_number(record.mode),
            record.kind as u8,
            record.id,
            record.created.0,
            record.updated.0,
            words.external_reference,
            words.preference_id,
            words.status,
            words.marketplace,
            words.sponsor_id,
            words.application_id,
            words.payer_id,
            words.payer_email,
            content,
        ])
        .map_err(already_exists(record.kind.name()))?;
    Ok(())
}

fn update(connection: &Connection, record: &CheckoutRecord, content: &[u8]) -> Result<(), Fault> {
    let words = &record.words;
    let updated = connection
        .prepare_cached(
            "UPDATE checkout SET version = version + 1, updated = ?6, external_reference = ?7, preference_id = ?8,
             status = ?9, marketplace = ?10, sponsor_id = ?11, application_id = ?12, payer_id = ?13, payer_email = ?14,
             content = ?15 WHERE account_id = ?1 AND mode = ?2 AND kind = ?3 AND id = ?4 AND version = ?5",
        )?
        .execute(params![
            record.account_id,
            mode_number(record.mode),
            record.kind as u8,
            record.id,
            record.version,
            record.updated.0,
            words.external_reference,
            words.preference_id,
            words.status,
            words.marketplace,
            words.sponsor_id,
            words.application_id,
            words.payer_id,
            words.payer_email,
            content,
        ])?;
    match updated {
        1 => Ok(()),
        _ => Err(Fault::Refused(CommitError::VersionConflict)),
    }
}

impl SqliteStore {
    /// A preference or a merchant order of a seller.
    pub(crate) async fn checkout(
        &self,
        account_id: AccountId,
        mode: Mode,
        kind: CheckoutKind,
        id: &str,
    ) -> Result<Option<CheckoutRecord>, ReadError> {
        let sql = by_id();
        let key = (account_id, mode_number(mode), kind as u8, id.to_owned());
        self.points(Kinds::CHECKOUTS).await?.ask(|connection| one(connection, &sql, key, record)).await
    }

    /// Those that match, a page of them, and how many there are in all.
    pub(crate) async fn search_checkouts(&self, search: CheckoutSearch) -> Result<CheckoutPage, ReadError> {
        self.scans().await?.ask_aside(move |connection| run(connection, &search)).await
    }
}

fn run(connection: &Connection, search: &CheckoutSearch) -> rusqlite::Result<CheckoutPage> {
    let mut condition = "account_id = ?1 AND mode = ?2 AND kind = ?3".to_owned();
    let mut values: Vec<Value> =
        vec![search.account_id.into(), mode_number(search.mode).into(), (search.kind as u8).into()];
    let mut and = |column: &str, operator: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            // Writing to a String can't fail.
            let _ = write!(condition, " AND {column} {operator} ?{number}", number = values.len());
        }
    };
    for (column, text) in search.texts() {
        and(column, "=", text.map(|text| Value::Text(text.to_owned())));
    }
    for (column, operator, number) in search.numbers() {
        and(column, operator, number.map(Value::from));
    }
    and("payer_email", "=", search.words.payer_email.map(|email| Value::Blob(email.to_vec())));
    // One snapshot for the total and the page. It is dropped, which ends it: nothing was written.
    let snapshot = connection.unchecked_transaction()?;
    let total: i64 = snapshot.query_row(
        &format!("SELECT count(*) FROM checkout WHERE {condition}"),
        params_from_iter(&values),
        |row| row.get(0),
    )?;
    let mut page = snapshot.prepare(&format!(
        "SELECT {COLUMNS} FROM checkout WHERE {condition} ORDER BY created DESC, id DESC LIMIT {} OFFSET {}",
        search.limit.min(MOST_RECORDS),
        search.offset
    ))?;
    let records = page.query_map(params_from_iter(&values), record)?;
    Ok(CheckoutPage { total: total.unsigned_abs(), records: records.collect::<rusqlite::Result<_>>()? })
}

/// A record with its decompressed body, from the columns of `COLUMNS`.
fn record(row: &Row<'_>) -> rusqlite::Result<CheckoutRecord> {
    let kind = CheckoutKind::from_number(row.get(2)?).ok_or_else(|| rows::damaged(2, "an unknown kind"))?;
    let (body, internals) = rows::content(row, 15, kind.name(), row.get(5)?)?;
    Ok(CheckoutRecord {
        account_id: row.get(0)?,
        mode: rows::mode(row, 1)?,
        kind,
        id: row.get(3)?,
        version: row.get(4)?,
        created: rows::instant(row, 5)?,
        updated: rows::instant(row, 6)?,
        words: CheckoutWords {
            external_reference: row.get(7)?,
            preference_id: row.get(8)?,
            status: row.get(9)?,
            marketplace: row.get(10)?,
            sponsor_id: row.get(11)?,
            application_id: row.get(12)?,
            payer_id: row.get(13)?,
            payer_email: row.get(14)?,
        },
        body,
        internals,
    })
}

/// Reads each record for the check of the records.
pub(crate) fn each_checkout(
    connection: &Connection,
    mut look: impl FnMut(String, rusqlite::Result<CheckoutRecord>),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM checkout"))?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        look(row.get(3)?, record(row));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_up_is_one_search_of_one_key() {
        let connection = Connection::open_in_memory().unwrap();
        for step in crate::sqlite::migrations::MIGRATIONS {
            connection.execute_batch(step).unwrap();
        }
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", by_id())).unwrap();
        let steps: Vec<String> = plan
            .query_map(params_from_iter(vec![Value::Null; 4]), |row| row.get(3))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert!(steps[0].starts_with("SEARCH") && steps[0].contains("checkout_by_id"), "{steps:?}");
        assert_eq!(steps[0].matches("=?").count(), 4, "the whole key: {steps:?}");
    }
}
