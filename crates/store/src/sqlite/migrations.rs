//! The schema's numbered steps: plain SQL, forward only, never destructive.

use crate::OpenError;
use crate::sqlite::connection::open_error;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Marks a file as Pasarela's ("PASA"), so that another program's database is never migrated.
const APPLICATION_ID: i64 = 0x5041_5341;

/// The steps; the first one makes version 1.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_foundation.sql"),
    include_str!("../../migrations/sqlite/0002_customers.sql"),
    include_str!("../../migrations/sqlite/0003_catalogue.sql"),
    include_str!("../../migrations/sqlite/0004_traces.sql"),
    include_str!("../../migrations/sqlite/0005_notifications.sql"),
    include_str!("../../migrations/sqlite/0006_checkout.sql"),
    include_str!("../../migrations/sqlite/0007_logins.sql"),
    include_str!("../../migrations/sqlite/0008_turns.sql"),
    include_str!("../../migrations/sqlite/0009_account_entries.sql"),
    include_str!("../../migrations/sqlite/0010_unsettled.sql"),
];

/// The schema that this version of the program writes.
pub(crate) const NEWEST: i64 = MIGRATIONS.len() as i64;

/// Brings the database to [`NEWEST`], all steps in one transaction.
pub(crate) fn migrate(connection: &mut Connection, database: &Path) -> Result<(), OpenError> {
    let found = version(connection, database)?;
    if found == NEWEST {
        return Ok(());
    }
    apply(connection, found).map_err(|cause| open_error(database, cause))?;
    tracing::info!(from = found, to = NEWEST, file = %database.display(), "the schema was migrated");
    Ok(())
}

/// Checks, without changing anything, that the database has the schema of this version of the program.
pub(crate) fn require_newest(connection: &Connection, database: &Path) -> Result<(), OpenError> {
    let found = version(connection, database)?;
    if found == NEWEST {
        return Ok(());
    }
    Err(OpenError::Older { name: database.display().to_string(), found, known: NEWEST })
}

/// The schema's version, 0 for an empty file.
fn version(connection: &Connection, database: &Path) -> Result<i64, OpenError> {
    let read = |name: &str| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|cause| open_error(database, cause))
    };
    let version = read("user_version")?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|cause| open_error(database, cause))?;
    let is_empty = version == 0 && tables == 0;
    if !is_empty && read("application_id")? != APPLICATION_ID {
        return Err(OpenError::NotOurs { name: database.display().to_string() });
    }
    if version > NEWEST {
        return Err(OpenError::Newer { name: database.display().to_string(), found: version, known: NEWEST });
    }
    Ok(version)
}

fn apply(connection: &mut Connection, found: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    for step in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", NEWEST)?;
    transaction.commit()
}
