//! The writer: one thread, one connection, one sync for everything that waits.
//!
//! Each request of a group stands under its own savepoint, so that one which is refused leaves nothing behind and the
//! others are done. Answers are released after the commit, which is when they are on the disk.

use crate::CommitError;
use crate::StoreCounters;
use crate::sqlite::checkpoint::Signal;
use crate::sqlite::fault::{Fault, commit_error};
use crate::sqlite::records::{Memory, Prepared, apply, purge_idempotency, purge_secrets};
use pasarela_domain::timestamp::Timestamp;
use rusqlite::{Connection, ErrorCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How many requests may wait: at 5,000 a second that is less than a second of work; more would only wait longer.
pub(crate) const QUEUE: usize = 4_096;

/// How many requests share a sync. Past some dozens the sync is cheap already, and the first waits for the last.
const GROUP: usize = 256;

/// After this much quiet the writer tidies up.
const QUIET: Duration = Duration::from_millis(50);

/// What the writer is asked to do.
pub(crate) enum Task {
    /// Commit a request's changes.
    Commit(Box<Prepared>),
    /// Take the secrets from expired card tokens.
    PurgeSecrets { now: Timestamp, limit: u32 },
    /// Forget expired idempotency records.
    PurgeIdempotency { now: Timestamp, limit: u32 },
}

/// A task and who waits for it; the answer is how many rows it was about.
pub(crate) struct Work {
    pub(crate) task: Task,
    pub(crate) reply: oneshot::Sender<Result<u64, CommitError>>,
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
        while let Some(first) = self.next(queue) {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(work) = queue.try_recv()
            {
                group.push(work);
            }
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

    /// One transaction with each request under its savepoint. An error means that nothing of the group is stored.
    fn commit(&mut self, group: &[Work]) -> rusqlite::Result<Vec<Result<u64, CommitError>>> {
        let outcome = self.transaction(group);
        if outcome.is_err() && !self.connection.is_autocommit() {
            // SQLite has ended the transaction itself after some failures (a full disk); after others it is open.
            self.connection.execute_batch("ROLLBACK")?;
        }
        outcome
    }

    fn transaction(&mut self, group: &[Work]) -> rusqlite::Result<Vec<Result<u64, CommitError>>> {
        self.execute("BEGIN IMMEDIATE")?;
        let mut outcomes = Vec::with_capacity(group.len());
        for work in group {
            outcomes.push(self.request(&work.task)?);
        }
        self.memory.flush(&self.connection)?;
        self.execute("COMMIT")?;
        Ok(outcomes)
    }

    /// One request under its savepoint. The outer error fails the group.
    fn request(&mut self, task: &Task) -> rusqlite::Result<Result<u64, CommitError>> {
        let mark = self.memory.mark();
        self.execute("SAVEPOINT request")?;
        let refusal = match self.apply(task) {
            Ok(rows) => {
                self.execute("RELEASE request")?;
                return Ok(Ok(rows));
            }
            Err(Fault::Refused(refusal)) => refusal,
            Err(Fault::Database(error)) if self.fails_the_group(&error) => return Err(error),
            Err(Fault::Database(error)) => commit_error(&error),
        };
        self.execute("ROLLBACK TO request")?;
        self.execute("RELEASE request")?;
        self.memory.undo(mark);
        Ok(Err(refusal))
    }

    fn apply(&mut self, task: &Task) -> Result<u64, Fault> {
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

    fn count(&self, group: &[Work], outcomes: &[Result<u64, CommitError>]) {
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
