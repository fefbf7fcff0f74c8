//! The writer: one thread, one connection, one sync for everything that waits.
//!
//! A request which is refused leaves nothing behind, and the others of its group are done. Most refusals are known before
//! anything is written (a key that was used, a stale version). For the rest there are savepoints; they cost a fifth of the
//! writer's time, so a group is first applied without them, and again with one for each request if it turns out that it
//! needs them. Answers are released after the commit; before it the group is on the disk, in the journal.

use crate::sqlite::checkpoint::Signal;
use crate::sqlite::fault::{Fault, commit_error};
use crate::sqlite::journal::{AppendError, Journal, remove, sync_log};
use crate::sqlite::journal_record::put_tasks;
use crate::sqlite::random_keys::RandomKeys;
use crate::sqlite::records::{Memory, Tables, apply, purge_idempotency, purge_secrets};
use crate::sqlite::statements::{Hot, Statements};
use crate::work::{Counters, GROUP, Outcome, Task, Work};
use crate::{CommitError, RecordChange};
use rusqlite::{Connection, ErrorCode};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

/// From this many requests in a group, the writer waits a moment for more before the next: whoever was answered by the
/// last sync is about to come again. Measured with 32 clients on a disk that syncs in 0.2 ms, groups had 6 without it:
/// each commit rewrites some twenty pages whatever its size, so larger groups cost less. Below, nobody waits.
const BUSY_GROUP: usize = 4;

/// How long it waits: about the time of a fast disk's sync.
const GATHERING: Duration = Duration::from_micros(250);

/// How long the records of notifications' attempts wait for a request to share its sync: nobody waits for them, and alone
/// they would be in the way of the next request.
const UNHURRIED: Duration = Duration::from_millis(2);

/// After this much quiet the writer tidies up.
const QUIET: Duration = Duration::from_millis(50);

/// Waits until the group has `wanted` requests, or long enough.
fn gather(queue: &Receiver<Work>, group: &mut Vec<Work>, wanted: usize) {
    let deadline = Instant::now() + GATHERING;
    while group.len() < wanted.min(GROUP) {
        match queue.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(work) => group.push(work),
            Err(_) => return,
        }
    }
}

/// Waits for a request if there are only records of attempts, and few.
fn wait_for_a_request(queue: &Receiver<Work>, group: &mut Vec<Work>) {
    let deadline = Instant::now() + UNHURRIED;
    while group.len() < BUSY_GROUP && group.iter().all(|work| is_unhurried(&work.task)) {
        match queue.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(work) => group.push(work),
            Err(_) => return,
        }
    }
}

fn is_unhurried(task: &Task) -> bool {
    let Task::Commit(prepared) = task else { return false };
    let records = &prepared.changes().records;
    !records.is_empty() && records.iter().all(|record| matches!(record, RecordChange::RecordAttempt(_)))
}

/// The writer before it runs.
pub(crate) struct Writer {
    connection: Connection,
    memory: Memory,
    /// None for a store that is not to be kept.
    journal: Option<Journal>,
    counters: Arc<Counters>,
    checkpoint: Arc<Signal>,
}

impl Writer {
    /// A writer on `connection`, whose database is migrated and recovered.
    pub(crate) fn new(
        connection: Connection,
        journal: Option<Journal>,
        counters: Arc<Counters>,
        checkpoint: Arc<Signal>,
    ) -> rusqlite::Result<Writer> {
        let memory = Memory::load(&connection)?;
        Ok(Writer { connection, memory, journal, counters, checkpoint })
    }

    /// What readers need of the writer's memory.
    pub(crate) fn keys(&self) -> RandomKeys {
        self.memory.keys.shared()
    }

    /// Works until the queue is closed and empty.
    pub(crate) fn run(self, queue: &Receiver<Work>) {
        let tables = Tables { statements: Statements::new(&self.connection), memory: self.memory };
        Session { tables, journal: self.journal, counters: self.counters, checkpoint: self.checkpoint }
            .run(queue);
        finish(&self.connection);
    }
}

/// Empties the log, and with it the journal.
fn finish(connection: &Connection) {
    // Closing the last connection empties the log; a reader that is still at it would keep it from that. It is not
    // waited for: then the log stays as it is, and the next start reads it.
    let emptied = connection
        .busy_timeout(Duration::ZERO)
        .and_then(|()| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
    if let Err(cause) = emptied {
        tracing::warn!(%cause, "the log could not be emptied");
    }
    let Some(database) = connection.path().map(Path::new) else { return };
    if let Err(cause) = sync_log(database).and_then(|()| remove(database)) {
        tracing::warn!(%cause, "the journal could not be removed; the next start does it");
    }
}

/// The thread's state.
struct Session<'c> {
    tables: Tables<'c>,
    journal: Option<Journal>,
    counters: Arc<Counters>,
    checkpoint: Arc<Signal>,
}

/// Why a group failed.
enum GroupError {
    Database(rusqlite::Error),
    /// The journal could not be written: nothing is stored.
    Journal(std::io::Error),
    /// It is not known whether the journal has the group.
    Unknown(String),
}

impl From<rusqlite::Error> for GroupError {
    fn from(error: rusqlite::Error) -> GroupError {
        GroupError::Database(error)
    }
}

impl GroupError {
    /// What every request of the group is answered.
    fn answer(&self) -> CommitError {
        match self {
            GroupError::Database(error) => commit_error(error),
            GroupError::Journal(cause) if is_disk_full(cause) => CommitError::DiskFull,
            GroupError::Journal(cause) => CommitError::Failed(format!("the journal: {cause}")),
            GroupError::Unknown(cause) => CommitError::Unknown(cause.clone()),
        }
    }
}

impl Session<'_> {
    fn run(mut self, queue: &Receiver<Work>) {
        let mut last_group = 0;
        while let Some(first) = self.next(queue) {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(work) = queue.try_recv()
            {
                group.push(work);
            }
            wait_for_a_request(queue, &mut group);
            if last_group >= BUSY_GROUP {
                gather(queue, &mut group, last_group * 2);
            }
            last_group = group.len();
            for _ in &group {
                self.counters.taken();
            }
            self.serve(group);
        }
    }

    /// The next task; in a quiet moment some tidying before it. `None` when the queue is closed and empty.
    fn next(&mut self, queue: &Receiver<Work>) -> Option<Work> {
        loop {
            match queue.try_recv() {
                Ok(work) => return Some(work),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            if !self.tables.memory.keys.has_idle_work() {
                return queue.recv().ok();
            }
            match queue.recv_timeout(QUIET) {
                Ok(work) => return Some(work),
                Err(RecvTimeoutError::Disconnected) => return None,
                // Nobody waits: a group of nothing moves the random keys along.
                Err(RecvTimeoutError::Timeout) => self.serve(Vec::new()),
            }
        }
    }

    /// Commits a group and answers each of its requests.
    fn serve(&mut self, group: Vec<Work>) {
        match self.commit(&group) {
            Ok(outcomes) => {
                self.tables.memory.committed();
                self.count(&group, &outcomes);
                self.checkpoint.committed();
                for (work, outcome) in group.into_iter().zip(outcomes) {
                    // Who no longer waits for the answer has no use for it.
                    let _ = work.reply.send(outcome);
                }
            }
            Err(failure) => {
                let answer = failure.answer();
                tracing::error!(cause = %answer, requests = group.len(), "a group of writes failed");
                self.tables.memory.failed();
                for work in group {
                    let _ = work.reply.send(Err(answer.clone()));
                }
            }
        }
    }

    /// One transaction for the group. An error means that nothing of it is stored, unless it says that this is unknown.
    fn commit(&mut self, group: &[Work]) -> Result<Vec<Outcome>, GroupError> {
        let outcomes = self.transaction(group);
        if outcomes.is_err() && !self.connection().is_autocommit() {
            // SQLite has ended the transaction itself after some failures (a full disk); after others it is open.
            self.execute("ROLLBACK")?;
        }
        outcomes
    }

    fn transaction(&mut self, group: &[Work]) -> Result<Vec<Outcome>, GroupError> {
        let mark = self.tables.memory.mark();
        self.tables.statements.hot(Hot::Begin)?.execute([])?;
        let outcomes = match self.unprotected(group)? {
            Some(outcomes) => outcomes,
            None => {
                self.execute("ROLLBACK")?;
                self.tables.memory.undo(mark);
                self.tables.statements.hot(Hot::Begin)?.execute([])?;
                group.iter().map(|work| self.protected(&work.task)).collect::<rusqlite::Result<_>>()?
            }
        };
        self.tables.memory.flush(&mut self.tables.statements)?;
        let accepted = || group.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok());
        match &mut self.journal {
            Some(journal) if accepted().next().is_some() => {
                let payload = |out: &mut Vec<u8>| put_tasks(accepted().map(|(work, _)| &work.task), out);
                let written = journal.append(payload).map_err(|error| match error {
                    AppendError::Refused(cause) => GroupError::Journal(cause),
                    AppendError::Unknown(cause) => GroupError::Unknown(cause.to_string()),
                })?;
                let commit = || {
                    let statements = &mut self.tables.statements;
                    // Numbers are counted from one: they never come near 2^63.
                    statements.hot(Hot::Applied)?.execute([written.number as i64])?;
                    statements.hot(Hot::Commit)?.execute([])
                };
                if let Err(error) = { commit }() {
                    return Err(match journal.take_back(written) {
                        Ok(()) => GroupError::Database(error),
                        Err(cause) => GroupError::Unknown(format!("{error}; {cause}")),
                    });
                }
                journal.committed(written);
            }
            _ => {
                self.tables.statements.hot(Hot::Commit)?.execute([])?;
            }
        }
        Ok(outcomes)
    }

    /// The requests without savepoints; `None` if one was refused after it had written something.
    fn unprotected(&mut self, group: &[Work]) -> rusqlite::Result<Option<Vec<Outcome>>> {
        let mut outcomes = Vec::with_capacity(group.len());
        for work in group {
            let (mark, changes) = (self.tables.memory.mark(), self.connection().total_changes());
            let outcome = self.apply(&work.task)?;
            if outcome.is_err() {
                if self.connection().total_changes() != changes {
                    return Ok(None);
                }
                self.tables.memory.undo(mark);
            }
            outcomes.push(outcome);
        }
        Ok(Some(outcomes))
    }

    /// One request under its savepoint.
    fn protected(&mut self, task: &Task) -> rusqlite::Result<Outcome> {
        let mark = self.tables.memory.mark();
        self.execute("SAVEPOINT request")?;
        let outcome = self.apply(task)?;
        if outcome.is_err() {
            self.execute("ROLLBACK TO request")?;
            self.tables.memory.undo(mark);
        }
        self.execute("RELEASE request")?;
        Ok(outcome)
    }

    /// One request. The outer error fails the group with it.
    fn apply(&mut self, task: &Task) -> rusqlite::Result<Outcome> {
        match perform(&mut self.tables, task) {
            Ok(rows) => Ok(Ok(rows)),
            Err(Fault::Refused(refusal)) => Ok(Err(refusal)),
            Err(Fault::Database(error)) if self.fails_the_group(&error) => Err(error),
            Err(Fault::Database(error)) => Ok(Err(commit_error(&error))),
        }
    }

    /// Whether the disk or the database is the matter, not what the request asked.
    fn fails_the_group(&self, error: &rusqlite::Error) -> bool {
        self.connection().is_autocommit()
            || matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DiskFull
                        | ErrorCode::SystemIoFailure
                        | ErrorCode::DatabaseCorrupt
                        | ErrorCode::OutOfMemory
                        | ErrorCode::ReadOnly
                        | ErrorCode::CannotOpen
                )
            )
    }

    const fn connection(&self) -> &Connection {
        self.tables.statements.connection()
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection().prepare_cached(sql)?.execute([]).map(|_| ())
    }

    fn count(&self, group: &[Work], outcomes: &[Outcome]) {
        for (work, _) in group.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_ok()) {
            self.counters.done(&work.task);
        }
        self.counters.synced();
    }
}

/// Does one task inside the transaction that is open; how many rows it was about.
pub(crate) fn perform(tables: &mut Tables<'_>, task: &Task) -> Result<u64, Fault> {
    let connection = tables.statements.connection();
    match task {
        Task::Commit(prepared) => apply(tables, prepared).map(|()| 1),
        Task::PurgeSecrets { now, limit } => Ok(purge_secrets(connection, *now, *limit)?),
        Task::PurgeIdempotency { now, limit } => {
            Ok(purge_idempotency(connection, &tables.memory.keys, *now, *limit)?)
        }
    }
}

fn is_disk_full(cause: &std::io::Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(cause.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
