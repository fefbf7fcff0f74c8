//! What an account keeps beside its payments.

use crate::numbers;
use crate::postgres::reader::{can_be_stored, limit_value};
use crate::postgres::records::{Step, Value, rows, step};
use crate::postgres::rows;
use crate::postgres::store::PostgresStore;
use crate::{AccountEntry, CommitError, EntryChange, EntryKind, ReadError};
use pasarela_domain::identity::AccountId;
use pasarela_domain::timestamp::Timestamp;
use std::collections::HashMap;
use tokio_postgres::{Error, Row};

const INSERT: &str = "INSERT INTO account_entry (account_id, kind, name, version, changed, body)
    SELECT account_id, kind, name, version + 1, changed, body
    FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::bigint[], $5::bigint[], $6::bytea[])
     AS new (account_id, kind, name, version, changed, body)";
const UPDATE: &str = "UPDATE account_entry AS entry
    SET version = new.version + 1, changed = new.changed, body = new.body
    FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::bigint[], $5::bigint[], $6::bytea[])
     AS new (account_id, kind, name, version, changed, body)
    WHERE entry.account_id = new.account_id AND entry.kind = new.kind AND entry.name = new.name
     AND entry.version = new.version";
const DELETE: &str = "DELETE FROM account_entry AS entry
    USING unnest($1::bigint[], $2::smallint[], $3::text[], $4::bigint[]) AS old (account_id, kind, name, version)
    WHERE entry.account_id = old.account_id AND entry.kind = old.kind AND entry.name = old.name
     AND entry.version = old.version";
/// The versions that stand in the way.
const ENTRIES: &str = "SELECT account_id, kind, name, version
    FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::bigint[])
     AS asked (asked_account, asked_kind, asked_name, asked_version)
    JOIN account_entry ON account_id = asked_account AND kind = asked_kind AND name = asked_name
    ORDER BY account_id, kind, name FOR UPDATE OF account_entry";

rows! {
    EntryRow<'a> { account_id: i64, kind: i16, name: &'a str, version: i64, changed: i64, body: &'a [u8], }
}

rows! {
    EntryKeyRow<'a> { account_id: i64, kind: i16, name: &'a str, version: i64, }
}

impl<'a> EntryKeyRow<'a> {
    fn of(change: &'a EntryChange) -> EntryKeyRow<'a> {
        let (account_id, kind, name, version) = change.key();
        EntryKeyRow { account_id, kind: kind as i16, name, version }
    }
}

/// The rows of a group's changes.
#[derive(Default)]
pub(crate) struct EntryRows<'a> {
    new: Vec<EntryRow<'a>>,
    changed: Vec<EntryRow<'a>>,
    deleted: Vec<EntryKeyRow<'a>>,
}

impl<'a> EntryRows<'a> {
    pub(crate) fn add(&mut self, change: &'a EntryChange) {
        match change {
            EntryChange::Set(entry) => {
                let row = EntryRow {
                    account_id: entry.account_id,
                    kind: entry.kind as i16,
                    name: &entry.name,
                    version: entry.version,
                    changed: entry.changed.0,
                    body: &entry.body,
                };
                if entry.version == 0 { self.new.push(row) } else { self.changed.push(row) }
            }
            EntryChange::Delete { .. } => self.deleted.push(EntryKeyRow::of(change)),
        }
    }

    /// In the order of their keys: every node locks rows in the same order.
    pub(crate) fn sort(&mut self) {
        for rows in [&mut self.new, &mut self.changed] {
            rows.sort_unstable_by_key(|row| (row.account_id, row.kind, row.name));
        }
        self.deleted.sort_unstable_by_key(|row| (row.account_id, row.kind, row.name));
    }

    /// The statements that write them.
    pub(crate) fn steps<'rows>(&'rows self, steps: &mut Vec<Step<'rows>>) {
        steps.extend(step(INSERT, &self.new, EntryRow::columns));
        steps.extend(step(UPDATE, &self.changed, EntryRow::columns));
        steps.extend(step(DELETE, &self.deleted, EntryKeyRow::columns));
    }
}

/// Which entries a group's changes are about.
#[derive(Default)]
pub(crate) struct AskedEntries<'a>(Vec<EntryKeyRow<'a>>);

impl<'a> AskedEntries<'a> {
    pub(crate) fn add(&mut self, change: &'a EntryChange) {
        self.0.push(EntryKeyRow::of(change));
    }

    /// Hands its question to `ask`, with its values.
    pub(crate) fn questions<'rows>(&'rows self, ask: &mut impl FnMut(bool, &'static str, Vec<Value<'rows>>)) {
        ask(self.0.is_empty(), ENTRIES, EntryKeyRow::columns(&self.0));
    }
}

/// The stored versions of what a group's changes are about.
#[derive(Default)]
pub(crate) struct EntryFacts(HashMap<(AccountId, i16, String), i64>);

impl EntryFacts {
    /// Takes an answer; whether it was one to this module's question.
    pub(crate) fn learn(&mut self, sql: &str, row: &Row) -> Result<bool, Error> {
        if sql != ENTRIES {
            return Ok(false);
        }
        self.0.insert((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?), row.try_get(3)?);
        Ok(true)
    }

    /// Whether the change can be written; if so, it counts as written.
    pub(crate) fn decide(&mut self, change: &EntryChange) -> Result<(), CommitError> {
        let (account_id, kind, name, version) = change.key();
        let key = (account_id, kind as i16, name.to_owned());
        change.fits(self.0.get(&key).copied())?;
        match change {
            EntryChange::Set(_) => self.0.insert(key, version + 1),
            EntryChange::Delete { .. } => self.0.remove(&key),
        };
        Ok(())
    }
}

fn entry(row: &Row) -> Result<AccountEntry, ReadError> {
    Ok(AccountEntry {
        account_id: rows::get(row, 0)?,
        kind: numbers::entry_kind(rows::number(row, 1)?)
            .ok_or_else(|| ReadError::new("an unknown kind of account entry".to_owned()))?,
        name: rows::get(row, 2)?,
        version: rows::get(row, 3)?,
        changed: Timestamp(rows::get(row, 4)?),
        body: rows::get(row, 5)?,
    })
}

/// An entry of an account.
pub(crate) const ENTRY: &str = "SELECT account_id, kind, name, version, changed, body FROM account_entry
    WHERE account_id = $1 AND kind = $2 AND name = $3";
/// An account's entries of a kind.
pub(crate) const ENTRIES_OF: &str = "SELECT account_id, kind, name, version, changed, body FROM account_entry
    WHERE account_id = $1 AND kind = $2 AND ($3::text IS NULL OR name < $3) ORDER BY name DESC LIMIT $4";

impl PostgresStore {
    /// As [`Store::account_entry`](crate::Store::account_entry).
    pub(crate) async fn account_entry(
        &self,
        account_id: AccountId,
        kind: EntryKind,
        name: &str,
    ) -> Result<Option<AccountEntry>, ReadError> {
        if !can_be_stored(name) {
            return Ok(None);
        }
        self.readers().one(ENTRY, &[&account_id, &(kind as i16), &name], entry).await
    }

    /// As [`Store::account_entries`](crate::Store::account_entries).
    pub(crate) async fn account_entries(
        &self,
        account_id: AccountId,
        kind: EntryKind,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<AccountEntry>, ReadError> {
        if !before.is_none_or(can_be_stored) {
            return Ok(Vec::new());
        }
        let limit = limit_value(limit);
        self.readers().many(ENTRIES_OF, &[&account_id, &(kind as i16), &before, &limit], entry).await
    }

    /// As [`Store::account_entries_since`](crate::Store::account_entries_since).
    pub(crate) async fn account_entries_since(
        &self,
        kind: EntryKind,
        since: Timestamp,
    ) -> Result<Vec<AccountEntry>, ReadError> {
        const SQL: &str = "SELECT account_id, kind, name, version, changed, body FROM account_entry
             WHERE kind = $1 AND changed >= $2 ORDER BY account_id, name";
        self.readers().many(SQL, &[&(kind as i16), &since.0], entry).await
    }
}
