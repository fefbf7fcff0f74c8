//! Preferences and merchant orders: a group's rows with the statements that write them, and what is asked.

use crate::postgres::check::is_new;
use crate::postgres::reader::{can_be_stored, mode_value};
use crate::postgres::records::{Step, Value, rows, step};
use crate::postgres::rows;
use crate::postgres::store::PostgresStore;
use crate::{
    CheckoutChange, CheckoutKind, CheckoutPage, CheckoutRecord, CheckoutSearch, CheckoutWords, CommitError,
    Lookup, MOST_RECORDS, ReadError,
};
use pasarela_domain::identity::{AccountId, Mode};
use std::collections::HashMap;
use std::fmt::Write as _;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row};

macro_rules! checkout_columns {
    () => {
        "account_id, mode, kind, id, version, created, updated, external_reference, preference_id, status, marketplace, \
         sponsor_id, application_id, payer_id, payer_email, content"
    };
}

/// All of them, for the check of the records.
pub(crate) const ALL: &str = concat!("SELECT ", checkout_columns!(), " FROM checkout");

pub(crate) const CHECKOUT: &str = concat!(
    "SELECT ",
    checkout_columns!(),
    " FROM checkout WHERE account_id = $1 AND mode = $2 AND kind = $3 AND id = $4"
);

const INSERT: &str = "INSERT INTO checkout (account_id, mode, kind, id, version, created, updated, external_reference,
     preference_id, status, marketplace, sponsor_id, application_id, payer_id, payer_email, content)
    SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::text[], $5::bigint[], $6::bigint[],
     $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::bigint[],
     $15::bytea[], $16::bytea[])";

/// The day of creation never changes.
const UPDATE: &str = "UPDATE checkout SET version = checkout.version + 1, updated = new.updated,
     external_reference = new.external_reference, preference_id = new.preference_id, status = new.status,
     marketplace = new.marketplace, sponsor_id = new.sponsor_id, application_id = new.application_id,
     payer_id = new.payer_id, payer_email = new.payer_email, content = new.content
    FROM unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
     $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bytea[],
     $16::bytea[])
     AS new (account_id, mode, kind, id, version, created, updated, external_reference, preference_id, status,
     marketplace, sponsor_id, application_id, payer_id, payer_email, content)
    WHERE checkout.account_id = new.account_id AND checkout.mode = new.mode AND checkout.kind = new.kind
     AND checkout.id = new.id AND checkout.version = new.version";

const VERSIONS: &str = "SELECT account_id, mode, kind, id, version
    FROM unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::text[])
     AS asked (asked_account, asked_mode, asked_kind, asked_id)
    JOIN checkout ON account_id = asked_account AND mode = asked_mode AND kind = asked_kind AND id = asked_id
    ORDER BY account_id, mode, kind, id FOR UPDATE OF checkout";

rows! {
    CheckoutRow<'a> {
        account_id: i64,
        mode: i16,
        kind: i16,
        id: &'a str,
        version: i64,
        created: i64,
        updated: i64,
        external_reference: Option<&'a str>,
        preference_id: Option<&'a str>,
        status: Option<&'a str>,
        marketplace: Option<&'a str>,
        sponsor_id: Option<i64>,
        application_id: Option<i64>,
        payer_id: Option<i64>,
        payer_email: Option<&'a [u8]>,
        content: &'a [u8],
    }
}

rows! {
    CheckoutKeyRow<'a> { account_id: i64, mode: i16, kind: i16, id: &'a str, }
}

/// A group's rows of the table.
#[derive(Default)]
pub(crate) struct CheckoutRows<'a> {
    inserted: Vec<CheckoutRow<'a>>,
    updated: Vec<CheckoutRow<'a>>,
}

impl<'a> CheckoutRows<'a> {
    /// Adds a change; `content` is the stored form of its body.
    pub(crate) fn add(&mut self, change: &'a CheckoutChange, content: &'a [u8]) {
        match change {
            CheckoutChange::Insert(record) => self.inserted.push(row_of(record, 1, content)),
            CheckoutChange::Update(record) => self.updated.push(row_of(record, record.version, content)),
        }
    }

    /// In the order of their keys: every node locks rows in the same order.
    pub(crate) fn sort(&mut self) {
        for rows in [&mut self.inserted, &mut self.updated] {
            rows.sort_unstable_by_key(|row| (row.account_id, row.mode, row.kind, row.id));
        }
    }

    /// The statements that write them.
    pub(crate) fn steps<'rows>(&'rows self, steps: &mut Vec<Step<'rows>>) {
        steps.extend(step(INSERT, &self.inserted, CheckoutRow::columns));
        steps.extend(step(UPDATE, &self.updated, CheckoutRow::columns));
    }
}

fn row_of<'a>(record: &'a CheckoutRecord, version: i64, content: &'a [u8]) -> CheckoutRow<'a> {
    let words = &record.words;
    CheckoutRow {
        account_id: record.account_id,
        mode: mode_value(record.mode),
        kind: kind_value(record.kind),
        id: &record.id,
        version,
        created: record.created.0,
        updated: record.updated.0,
        external_reference: words.external_reference.as_deref(),
        preference_id: words.preference_id.as_deref(),
        status: words.status.as_deref(),
        marketplace: words.marketplace.as_deref(),
        sponsor_id: words.sponsor_id,
        application_id: words.application_id,
        payer_id: words.payer_id,
        payer_email: words.payer_email.as_ref().map(Lookup::as_slice),
        content,
    }
}

const fn kind_value(kind: CheckoutKind) -> i16 {
    kind as i16
}

/// What the rows of a group's changes are about.
#[derive(Default)]
pub(crate) struct AskedCheckouts<'a>(Vec<CheckoutKeyRow<'a>>);

impl<'a> AskedCheckouts<'a> {
    pub(crate) fn add(&mut self, change: &'a CheckoutChange) {
        let record = change.record();
        self.0.push(CheckoutKeyRow {
            account_id: record.account_id,
            mode: mode_value(record.mode),
            kind: kind_value(record.kind),
            id: &record.id,
        });
    }

    /// Hands the question, if there is one, to `ask`, with its values.
    pub(crate) fn questions<'rows>(&'rows self, ask: &mut impl FnMut(bool, &'static str, Vec<Value<'rows>>)) {
        ask(self.0.is_empty(), VERSIONS, CheckoutKeyRow::columns(&self.0));
    }
}

/// The versions that are stored of what a group's changes are about.
#[derive(Default)]
pub(crate) struct CheckoutFacts(HashMap<(AccountId, i16, i16, String), i64>);

impl CheckoutFacts {
    /// Whether the row was one of this table.
    pub(crate) fn learn(&mut self, sql: &str, row: &Row) -> Result<bool, Error> {
        if sql != VERSIONS {
            return Ok(false);
        }
        let key = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        self.0.insert(key, row.try_get(4)?);
        Ok(true)
    }

    /// Whether a change can be done after those that were decided before; if so, it counts as done.
    pub(crate) fn decide(&mut self, change: &CheckoutChange) -> Result<(), CommitError> {
        let record = change.record();
        let kind = kind_value(record.kind);
        let key = (record.account_id, mode_value(record.mode), kind, record.id.clone());
        match change {
            CheckoutChange::Insert(_) => is_new(self.0.insert(key, 1).is_none(), record.kind.name()),
            CheckoutChange::Update(_) => match self.0.get_mut(&key) {
                Some(version) if *version == record.version => {
                    *version += 1;
                    Ok(())
                }
                _ => Err(CommitError::VersionConflict),
            },
        }
    }
}

impl PostgresStore {
    /// A preference or a merchant order of a seller.
    pub(crate) async fn checkout(
        &self,
        account_id: AccountId,
        mode: Mode,
        kind: CheckoutKind,
        id: &str,
    ) -> Result<Option<CheckoutRecord>, ReadError> {
        if !can_be_stored(id) {
            return Ok(None);
        }
        let values: [&(dyn ToSql + Sync); 4] = [&account_id, &mode_value(mode), &kind_value(kind), &id];
        self.readers().one(CHECKOUT, &values, record).await
    }

    /// Those that match, a page of them, and how many there are in all.
    pub(crate) async fn search_checkouts(&self, search: CheckoutSearch) -> Result<CheckoutPage, ReadError> {
        if !search.texts().iter().all(|(_, text)| text.is_none_or(can_be_stored)) {
            return Ok(CheckoutPage::default());
        }
        let (condition, values) = condition(&search);
        let values: Vec<(&(dyn ToSql + Sync), Type)> =
            values.iter().map(|(value, of)| (value.as_ref() as &(dyn ToSql + Sync), of.clone())).collect();
        let found = self.readers().search(&search_sql(&search, &condition), &values).await?;
        let total = match found.first() {
            // A count is not negative.
            Some(row) => rows::get::<i64>(row, 16)?.unsigned_abs(),
            None => 0,
        };
        let records = found.iter().filter(|row| !matches!(rows::get::<Option<&str>>(row, 3), Ok(None)));
        Ok(CheckoutPage { total, records: records.map(record).collect::<Result<_, _>>()? })
    }
}

type SearchValues<'a> = Vec<(Value<'a>, Type)>;

/// What a search asks, with its values.
fn condition(search: &CheckoutSearch) -> (String, SearchValues<'_>) {
    let mut condition = "account_id = $1 AND mode = $2 AND kind = $3".to_owned();
    let mut values: SearchValues<'_> = vec![
        (Box::new(search.account_id), Type::INT8),
        (Box::new(mode_value(search.mode)), Type::INT2),
        (Box::new(kind_value(search.kind)), Type::INT2),
    ];
    let mut and = |column: &str, operator: &str, value: Value<'static>, of: Type| {
        values.push((value, of));
        // Writing to a String can't fail.
        let _ = write!(condition, " AND {column} {operator} ${number}", number = values.len());
    };
    for (column, text) in search.texts() {
        if let Some(text) = text {
            and(column, "=", Box::new(text.to_owned()), Type::TEXT);
        }
    }
    for (column, operator, number) in search.numbers() {
        if let Some(number) = number {
            and(column, operator, Box::new(number), Type::INT8);
        }
    }
    if let Some(email) = search.words.payer_email {
        and("payer_email", "=", Box::new(email.to_vec()), Type::BYTEA);
    }
    (condition, values)
}

/// The page in its order, each row with the total; one row of the total alone where the page is empty.
fn search_sql(search: &CheckoutSearch, condition: &str) -> String {
    format!(
        "SELECT page.*, counted.total FROM (SELECT count(*) AS total FROM checkout WHERE {condition}) AS counted
         LEFT JOIN (SELECT {} FROM checkout WHERE {condition} ORDER BY created DESC, id COLLATE \"C\" DESC
          LIMIT {} OFFSET {}) AS page ON TRUE ORDER BY created DESC, id COLLATE \"C\" DESC",
        checkout_columns!(),
        search.limit.min(MOST_RECORDS),
        search.offset
    )
}

/// The statement of a search, for the test of its plan.
#[cfg(test)]
pub(crate) fn sql(search: &CheckoutSearch) -> String {
    search_sql(search, &condition(search).0)
}

/// A record with its decompressed body.
pub(crate) fn record(row: &Row) -> Result<CheckoutRecord, ReadError> {
    let kind = CheckoutKind::from_number(rows::get::<i16>(row, 2)?.into());
    let (body, internals) = rows::content(row, 15)?;
    let email: Option<&[u8]> = rows::get(row, 14)?;
    let payer_email =
        email.map(|email| email.try_into().map_err(|_| rows::damaged("a hash of another length")));
    Ok(CheckoutRecord {
        account_id: rows::get(row, 0)?,
        mode: rows::mode(row, 1)?,
        kind: kind.ok_or_else(|| rows::damaged("an unknown kind"))?,
        id: rows::get(row, 3)?,
        version: rows::get(row, 4)?,
        created: rows::instant(row, 5)?,
        updated: rows::instant(row, 6)?,
        words: CheckoutWords {
            external_reference: rows::get(row, 7)?,
            preference_id: rows::get(row, 8)?,
            status: rows::get(row, 9)?,
            marketplace: rows::get(row, 10)?,
            sponsor_id: rows::get(row, 11)?,
            application_id: rows::get(row, 12)?,
            payer_id: rows::get(row, 13)?,
            payer_email: payer_email.transpose()?,
        },
        body,
        internals,
    })
}
