//! The versions of the catalogue.

use crate::catalogue::{self, MOST_VERSIONS};
use crate::sqlite::fault::Fault;
use crate::sqlite::store::SqliteStore;
use crate::sqlite::unwritten::Kinds;
use crate::{CatalogueRecord, CommitError, ReadError};
use pasarela_domain::timestamp::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

const NEWEST: &str = "SELECT coalesce(max(version), 0) FROM catalogue";

/// Inserts the version that follows the newest one; any other was made from an older one.
pub(crate) fn insert(connection: &Connection, record: &CatalogueRecord) -> Result<(), Fault> {
    let newest: i64 = connection.prepare_cached(NEWEST)?.query_row([], |row| row.get(0))?;
    if record.version != newest + 1 {
        return Err(Fault::Refused(CommitError::VersionConflict));
    }
    connection
        .prepare_cached(
            "INSERT INTO catalogue (version, applied, author, comment, document) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![record.version, record.applied.0, record.author, record.comment, record.document])?;
    Ok(())
}

/// What is wrong with the stored versions.
pub(crate) fn check(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT version, document FROM catalogue ORDER BY version")?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(catalogue::check(found.collect::<rusqlite::Result<Vec<_>>>()?.into_iter()))
}

impl SqliteStore {
    /// As [`Store::catalogue_version`](crate::Store::catalogue_version).
    pub(crate) async fn catalogue_version(&self) -> Result<i64, ReadError> {
        self.points(Kinds::CATALOGUES)
            .await?
            .ask(|connection| connection.prepare_cached(NEWEST)?.query_row([], |row| row.get(0)))
            .await
    }

    /// As [`Store::catalogue`](crate::Store::catalogue).
    pub(crate) async fn catalogue(&self, version: i64) -> Result<Option<CatalogueRecord>, ReadError> {
        let sql = "SELECT version, applied, author, comment, document FROM catalogue WHERE version = ?1";
        self.points(Kinds::CATALOGUES)
            .await?
            .ask(|connection| connection.prepare_cached(sql)?.query_row([version], record).optional())
            .await
    }

    /// As [`Store::catalogues`](crate::Store::catalogues).
    pub(crate) async fn catalogues(&self) -> Result<Vec<CatalogueRecord>, ReadError> {
        let sql =
            "SELECT version, applied, author, comment, x'' FROM catalogue ORDER BY version DESC LIMIT ?1";
        self.scans()
            .await?
            .ask_aside(move |connection| {
                connection.prepare_cached(sql)?.query_map([MOST_VERSIONS], record)?.collect()
            })
            .await
    }
}

fn record(row: &Row<'_>) -> rusqlite::Result<CatalogueRecord> {
    Ok(CatalogueRecord {
        version: row.get(0)?,
        applied: Timestamp(row.get(1)?),
        author: row.get(2)?,
        comment: row.get(3)?,
        document: row.get(4)?,
    })
}
