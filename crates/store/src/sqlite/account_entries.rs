//! What an account keeps beside its payments.

use crate::numbers;
use crate::sqlite::fault::Fault;
use crate::sqlite::reader::{MOST_ROWS, many, one};
use crate::sqlite::rows;
use crate::sqlite::store::SqliteStore;
use crate::sqlite::unwritten::Kinds;
use crate::{AccountEntry, EntryChange, EntryKind, ReadError};
use pasarela_domain::identity::AccountId;
use pasarela_domain::timestamp::Timestamp;
use rusqlite::{Connection, Row, params};

const ENTRY: &str = "account_id, kind, name, version, changed, body";

/// Writes a change.
pub(crate) fn apply(connection: &Connection, change: &EntryChange) -> Result<(), Fault> {
    let (account_id, kind, name, _) = change.key();
    let stored: Option<i64> = one(
        connection,
        "SELECT version FROM account_entry WHERE account_id = ?1 AND kind = ?2 AND name = ?3",
        (account_id, kind as u8, name),
        |row| row.get(0),
    )?;
    change.fits(stored).map_err(Fault::Refused)?;
    match change {
        EntryChange::Set(entry) => connection
            .prepare_cached(
                "INSERT OR REPLACE INTO account_entry (account_id, kind, name, version, changed, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![account_id, kind as u8, name, entry.version + 1, entry.changed.0, entry.body])?,
        EntryChange::Delete { .. } => connection
            .prepare_cached("DELETE FROM account_entry WHERE account_id = ?1 AND kind = ?2 AND name = ?3")?
            .execute(params![account_id, kind as u8, name])?,
    };
    Ok(())
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AccountEntry> {
    Ok(AccountEntry {
        account_id: row.get(0)?,
        kind: numbers::entry_kind(row.get(1)?)
            .ok_or_else(|| rows::damaged(1, "an unknown kind of account entry"))?,
        name: row.get(2)?,
        version: row.get(3)?,
        changed: rows::instant(row, 4)?,
        body: row.get(5)?,
    })
}

impl SqliteStore {
    /// As [`Store::account_entry`](crate::Store::account_entry).
    pub(crate) async fn account_entry(
        &self,
        account_id: AccountId,
        kind: EntryKind,
        name: &str,
    ) -> Result<Option<AccountEntry>, ReadError> {
        let sql =
            format!("SELECT {ENTRY} FROM account_entry WHERE account_id = ?1 AND kind = ?2 AND name = ?3");
        self.points(Kinds::ACCOUNTS)
            .await?
            .ask(|connection| one(connection, &sql, (account_id, kind as u8, name), entry))
            .await
    }

    /// As [`Store::account_entries`](crate::Store::account_entries).
    pub(crate) async fn account_entries(
        &self,
        account_id: AccountId,
        kind: EntryKind,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<AccountEntry>, ReadError> {
        let sql = format!(
            "SELECT {ENTRY} FROM account_entry WHERE account_id = ?1 AND kind = ?2 AND (?3 IS NULL OR name < ?3)
             ORDER BY name DESC LIMIT ?4"
        );
        let limit = limit.min(MOST_ROWS);
        self.points(Kinds::ACCOUNTS)
            .await?
            .ask(|connection| many(connection, &sql, (account_id, kind as u8, before, limit), entry))
            .await
    }

    /// As [`Store::account_entries_since`](crate::Store::account_entries_since).
    pub(crate) async fn account_entries_since(
        &self,
        kind: EntryKind,
        since: Timestamp,
    ) -> Result<Vec<AccountEntry>, ReadError> {
        // From one account to the next by the key: the logs of acts in between, which are most of the table, are not read.
        let sql = format!(
            "WITH RECURSIVE owner (id) AS (
                 SELECT min(account_id) FROM account_entry
                 UNION ALL
                 SELECT (SELECT min(account_id) FROM account_entry WHERE account_id > owner.id) FROM owner
                 WHERE owner.id IS NOT NULL
             )
             SELECT {ENTRY} FROM owner CROSS JOIN account_entry
             WHERE account_id = owner.id AND kind = ?1 AND changed >= ?2 ORDER BY account_id, name"
        );
        self.points(Kinds::ACCOUNTS)
            .await?
            .ask(|connection| many(connection, &sql, (kind as u8, since.0), entry))
            .await
    }
}
