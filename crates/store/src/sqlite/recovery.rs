//! What the journal has and the tables have not is made again: after the server was killed, or its machine failed.
//!
//! Each record is one transaction, with its number in `applied`, so a recovery that is cut off goes on where it was. The
//! tasks of a record were accepted one after the other in this state; made again in the same state they are accepted again.

use crate::OpenError;
use crate::sqlite::connection::{Purpose, open};
use crate::sqlite::fault::Fault;
use crate::sqlite::journal::{Found, Journal, is_there, read_after, remove, sync_log};
use crate::sqlite::journal_record::take_tasks;
use crate::sqlite::location::is_in_use;
use crate::sqlite::records::{Memory, Tables};
use crate::sqlite::statements::{Hot, Statements};
use crate::sqlite::store::OpenFailure;
use crate::sqlite::transactions::perform;
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;

/// A server's transactions end every 40 ms at the latest.
const TURN: Duration = Duration::from_millis(250);

/// Brings the tables up to the journal's end, and begins a new journal.
pub(crate) fn recover(connection: &Connection, database: &Path) -> Result<Journal, OpenFailure> {
    let (key, mut applied, records) = unapplied(connection, database)?;
    if !records.is_empty() {
        let mut tables =
            Tables { statements: Statements::new(connection), memory: Memory::load(connection)? };
        for record in &records {
            apply(&mut tables, record, database)?;
            applied = record.number;
        }
        tracing::info!(
            groups = records.len(),
            "what was acknowledged before the crash is in the tables again"
        );
    }
    // Not before the tables have it for good.
    sync_log(database)
        .and_then(|()| remove(database))
        .map_err(|cause| OpenError::Directory { directory: database.to_owned(), cause })?;
    Ok(Journal::new(database, key, applied + 1))
}

/// Checks, for whoever only looks, that the journal has nothing that the tables have not. Beside a server it is not
/// read: there it changes, and what is acknowledged is in the tables a moment later.
pub(crate) fn require_applied(connection: &Connection, database: &Path) -> Result<(), OpenFailure> {
    if is_in_use(database) {
        wait_for_tables(database);
        return Ok(());
    }
    if !is_there(database) {
        return Ok(());
    }
    let (_, _, records) = unapplied(connection, database)?;
    if records.is_empty() {
        return Ok(());
    }
    let cause = "the server was killed or the machine failed, and the journal has acknowledged changes that are not in \
                 the tables yet. Start the server once: it stores them";
    Err(unusable(database, cause.to_owned()).into())
}

/// What the server beside us has acknowledged and the tables have not is in its open transaction, which holds the lock for
/// writing until it is committed: whoever gets the lock finds it in the tables. Who does not get it in a busy server's
/// [`TURN`] has waited for many transactions' ends.
pub(crate) fn wait_for_tables(database: &Path) {
    let waited = open(database, Purpose::Checkpoint { durable: true }).and_then(|connection| {
        connection.busy_timeout(TURN)?;
        connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")
    });
    if let Err(cause) = waited {
        // Also where the files can't be written to.
        tracing::debug!(%cause, "looking at the tables as they are");
    }
}

/// The journal's key, the newest record whose changes are in the tables, and those after it.
fn unapplied(connection: &Connection, database: &Path) -> Result<([u8; 16], u64, Vec<Found>), OpenFailure> {
    let key =
        connection.query_row("SELECT value FROM setting WHERE name = 'journal_key'", [], |row| row.get(0))?;
    let applied: i64 = connection.query_row("SELECT through FROM applied", [], |row| row.get(0))?;
    let applied = applied.unsigned_abs();
    let records =
        read_after(database, key, applied).map_err(|broken| unusable(&broken.file, broken.cause))?;
    Ok((key, applied, records))
}

fn unusable(file: &Path, cause: String) -> OpenError {
    OpenError::Database { name: file.display().to_string(), cause }
}

fn apply(tables: &mut Tables<'_>, record: &Found, database: &Path) -> Result<(), OpenFailure> {
    let refused = |cause: String| {
        unusable(database, format!("the journal's record {} can't be applied: {cause}", record.number))
    };
    let tasks = take_tasks(&record.payload)
        .ok_or_else(|| refused("it was written by another version of Pasarela. Use that one".to_owned()))?;
    tables.statements.hot(Hot::Begin)?.execute([])?;
    for task in &tasks {
        match perform(tables, task) {
            Ok(_) => {}
            Err(Fault::Refused(refusal)) => return Err(refused(refusal.to_string()).into()),
            Err(Fault::Database(cause)) => return Err(cause.into()),
        }
    }
    tables.memory.flush(&mut tables.statements)?;
    // Numbers are counted from one: they never come near 2^63.
    tables.statements.hot(Hot::Applied)?.execute([record.number as i64])?;
    tables.statements.hot(Hot::Commit)?.execute([])?;
    tables.memory.committed();
    Ok(())
}
