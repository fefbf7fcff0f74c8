//! The versions of the catalogue.

use crate::catalogue::MOST_VERSIONS;
use crate::postgres::records::Step;
use crate::postgres::rows;
use crate::postgres::store::PostgresStore;
use crate::{CatalogueRecord, ReadError};
use pasarela_domain::timestamp::Timestamp;
use tokio_postgres::Row;

/// The newest version's number.
pub(crate) const NEWEST: &str = "SELECT coalesce(max(version), 0)::BIGINT FROM catalogue";
/// Inserts the version that follows the newest one; any other was made from an older one.
const INSERT: &str = "INSERT INTO catalogue (version, applied, author, comment, document)
     SELECT $1::BIGINT, $2::BIGINT, $3::TEXT, $4::TEXT, $5::BYTEA
     WHERE $1::BIGINT = (SELECT coalesce(max(version), 0) + 1 FROM catalogue)";
/// All versions in order, to be checked.
pub(crate) const IN_ORDER: &str = "SELECT version, document FROM catalogue ORDER BY version";

/// The step that inserts `record`.
pub(crate) fn insert(record: &CatalogueRecord) -> Step<'_> {
    Step {
        sql: INSERT,
        values: vec![
            Box::new(record.version),
            Box::new(record.applied.0),
            Box::new(record.author.as_str()),
            Box::new(record.comment.as_str()),
            Box::new(record.document.as_slice()),
        ],
        expected: Some(1),
    }
}

impl PostgresStore {
    /// As [`Store::catalogue_version`](crate::Store::catalogue_version).
    pub(crate) async fn catalogue_version(&self) -> Result<i64, ReadError> {
        Ok(self.readers().one(NEWEST, &[], |row| rows::get(row, 0)).await?.unwrap_or(0))
    }

    /// As [`Store::catalogue`](crate::Store::catalogue).
    pub(crate) async fn catalogue(&self, version: i64) -> Result<Option<CatalogueRecord>, ReadError> {
        const SQL: &str =
            "SELECT version, applied, author, comment, document FROM catalogue WHERE version = $1";
        self.readers().one(SQL, &[&version], record).await
    }

    /// As [`Store::catalogues`](crate::Store::catalogues).
    pub(crate) async fn catalogues(&self) -> Result<Vec<CatalogueRecord>, ReadError> {
        const SQL: &str = "SELECT version, applied, author, comment, ''::BYTEA FROM catalogue
             ORDER BY version DESC LIMIT $1";
        self.readers().many(SQL, &[&i64::from(MOST_VERSIONS)], record).await
    }
}

fn record(row: &Row) -> Result<CatalogueRecord, ReadError> {
    Ok(CatalogueRecord {
        version: rows::get(row, 0)?,
        applied: Timestamp(rows::get(row, 1)?),
        author: rows::get(row, 2)?,
        comment: rows::get(row, 3)?,
        document: rows::get(row, 4)?,
    })
}
