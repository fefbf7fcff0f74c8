//! The writer: one thread, one connection, one sync for everything that waits.
//!
//! A request which is refused leaves nothing behind, and the others of its group are done. Most refusals are known before
//! anything is written (a key that was used, a stale version). For the rest there are savepoints; they cost a fifth of the
//! writer's time, so a group is first applied without them, and again with one for each request if it turns out that it
//! needs them. Answers are released after the commit, which is when they are on the disk.

use crate::CommitError;
use crate::StoreCounters;
use crate::prepared::Prepared;
use crate::sqlite::checkpoint::Signal;
use crate::sqlite::fault::{Fault, commit_error};
use crate::sqlite::records::{Memory, apply, purge_idempotency, purge_secrets};
use pasarela_domain::timestamp::Timestamp;
use rusqlite::{Connection, ErrorCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How many requests may wait: at 5,000 a second that is less than a second of work; more would only wait longer.
pub(crate) const QUEUE: usize = 4_096;

/// How many requests share a sync. Past some dozens the sync is cheap already, and the first waits for the last.
const GROUP: usize = 256;

/// From this many requests in a group, the writer waits a moment for more before the next: whoever was answered by the
/// last sync is about to come again. Measured with 32 clients on a disk that syncs in 0.2 ms, groups had 6 without it:
/// each commit rewrites some twenty pages whatever its size, so larger groups cost less. Below, nobody waits.
const BUSY_GROUP: usize = 4;

/// How long it waits: about the time of a fast disk's sync.
const GATHERING: Duration = Duration::from_micros(250);

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

/// What the writer is asked to do.
pub(crate) enum Task {
    /// Commit a request's changes.
    Commit(Box<Prepared>),
    /// Take the secrets from expired card tokens.
    PurgeSecrets { now: Timestamp, limit: u32 },
    /// Forget expired idempotency records.
    PurgeIdempotency { now: Timestamp, limit: u32 },
}

/// How many rows a task was about, or why it was not done.
pub(crate) type Outcome = Result<u64, CommitError>;

/// A task and who waits for it.
pub(crate) struct Work {
    pub(crate) task: Task,
    pub(crate) reply: oneshot::Sender<Outcome>,
}

/// What is counted, as it happens.
#[derive(Default)]
pub(crate) struct Counters {
    commits: AtomicU64,
    payments: AtomicU64,
    syncs: AtomicU64,
    waiting: AtomicU64,
}

impl Counters {
    /// One more request waits.
    pub(crate) fn queued(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// One request less waits.
    pub(crate) fn taken(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// All of them now.
    pub(crate) fn read(&self) -> StoreCounters {
        StoreCounters {
            commits: self.commits.load(Ordering::Relaxed),
            payments: self.payments.load(Ordering::Relaxed),
            syncs: self.syncs.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }
}

/// The thread's state.
pub(crate) struct Writer {
    connection: Connection,
    memory: Memory,
    counters: Arc<Counters>,
    checkpoint: Arc<Signal>,
}

impl Writer {
    /// A writer on `connection`, whose database is migrated.
    pub(crate) fn new(
        connection: Connection,
        counters: Arc<Counters>,
        checkpoint: Arc<Signal>,
    ) -> rusqlite::Result<Writer> {
        let memory = Memory::load(&connection)?;
        Ok(Writer { connection, memory, counters, checkpoint })
    }

    /// What readers need of the writer's memory.
    pub(crate) fn keys(&self) -> crate::sqlite::random_keys::RandomKeys {
        self.memory.keys.shared()
    }

    /// Works until the queue is closed and empty.
    pub(crate) fn run(mut self, queue: &Receiver<Work>) {
        let mut last_group = 0;
        while let Some(first) = self.next(queue) {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(work) = queue.try_recv()
            {
                group.push(work);
            }
            if last_group >= BUSY_GROUP {
                gather(queue, &mut group, last_group * 2);
            }
            last_group = group.len();
            for _ in &group {
                self.counters.taken();
            }
            self.serve(group);
        }
        // Closing the last connection empties the log; a reader that is still at it would keep it from that. It is not
        // waited for: then the log stays as it is, and the next start reads it.
        let emptied = self
            .connection
            .busy_timeout(Duration::ZERO)
            .and_then(|()| self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        if let Err(cause) = emptied {
            tracing::warn!(%cause, "the log could not be emptied");
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
            if !self.memory.keys.has_idle_work() {
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
                self.memory.committed();
                self.count(&group, &outcomes);
                self.checkpoint.committed();
                for (work, outcome) in group.into_iter().zip(outcomes) {
                    // Who no longer waits for the answer has no use for it.
                    let _ = work.reply.send(outcome);
                }
            }
            Err(cause) => {
                tracing::error!(%cause, requests = group.len(), "a group of writes failed; nothing of it is stored");
                self.memory.failed();
                let answer = commit_error(&cause);
                for work in group {
                    let _ = work.reply.send(Err(answer.clone()));
                }
            }
        }
    }

    /// One transaction for the group. An error means that nothing of it is stored.
    fn commit(&mut self, group: &[Work]) -> rusqlite::Result<Vec<Outcome>> {
        let outcomes = self.transaction(group);
        if outcomes.is_err() && !self.connection.is_autocommit() {
            // SQLite has ended the transaction itself after some failures (a full disk); after others it is open.
            self.execute("ROLLBACK")?;
        }
        outcomes
    }

    fn transaction(&mut self, group: &[Work]) -> rusqlite::Result<Vec<Outcome>> {
        let mark = self.memory.mark();
        self.execute("BEGIN IMMEDIATE")?;
        let outcomes = match self.unprotected(group)? {
            Some(outcomes) => outcomes,
            None => {
                self.execute("ROLLBACK")?;
                self.memory.undo(mark);
                self.execute("BEGIN IMMEDIATE")?;
                group.iter().map(|work| self.protected(&work.task)).collect::<rusqlite::Result<_>>()?
            }
        };
        self.memory.flush(&self.connection)?;
        self.execute("COMMIT")?;
        Ok(outcomes)
    }

    /// The requests without savepoints; `None` if one was refused after it had written something.
    fn unprotected(&mut self, group: &[Work]) -> rusqlite::Result<Option<Vec<Outcome>>> {
        let mut outcomes = Vec::with_capacity(group.len());
        for work in group {
            let (mark, changes) = (self.memory.mark(), self.connection.total_changes());
            let outcome = self.apply(&work.task)?;
            if outcome.is_err() {
                if self.connection.total_changes() != changes {
                    return Ok(None);
                }
                self.memory.undo(mark);
            }
            outcomes.push(outcome);
        }
        Ok(Some(outcomes))
    }

    /// One request under its savepoint.
    fn protected(&mut self, task: &Task) -> rusqlite::Result<Outcome> {
        let mark = self.memory.mark();
        self.execute("SAVEPOINT request")?;
        let outcome = self.apply(task)?;
        if outcome.is_err() {
            self.execute("ROLLBACK TO request")?;
            self.memory.undo(mark);
        }
        self.execute("RELEASE request")?;
        Ok(outcome)
    }

    /// One request. The outer error fails the group with it.
    fn apply(&mut self, task: &Task) -> rusqlite::Result<Outcome> {
        match self.write(task) {
            Ok(rows) => Ok(Ok(rows)),
            Err(Fault::Refused(refusal)) => Ok(Err(refusal)),
            Err(Fault::Database(error)) if self.fails_the_group(&error) => Err(error),
            Err(Fault::Database(error)) => Ok(Err(commit_error(&error))),
        }
    }

    fn write(&mut self, task: &Task) -> Result<u64, Fault> {
        match task {
            Task::Commit(prepared) => apply(&self.connection, &mut self.memory, prepared).map(|()| 1),
            Task::PurgeSecrets { now, limit } => Ok(purge_secrets(&self.connection, *now, *limit)?),
            Task::PurgeIdempotency { now, limit } => {
                Ok(purge_idempotency(&self.connection, &self.memory.keys, *now, *limit)?)
            }
        }
    }

    /// Whether the disk or the database is the matter, not what the request asked.
    fn fails_the_group(&self, error: &rusqlite::Error) -> bool {
        self.connection.is_autocommit()
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

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(|_| ())
    }

    fn count(&self, group: &[Work], outcomes: &[Outcome]) {
        let done = group.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_ok());
        for (work, _) in done {
            if let Task::Commit(prepared) = &work.task {
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
                self.counters.payments.fetch_add(prepared.payments(), Ordering::Relaxed);
            }
        }
        self.counters.syncs.fetch_add(1, Ordering::Relaxed);
    }
}
