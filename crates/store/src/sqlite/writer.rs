//! The writer: one thread, one connection, one sync for everything that waits. It gathers what waits into groups;
//! [`Transactions`] does them.

use crate::RecordChange;
use crate::sqlite::checkpoint::Signal;
use crate::sqlite::journal::{Journal, remove, sync_log};
use crate::sqlite::random_keys::RandomKeys;
use crate::sqlite::records::{Memory, Tables};
use crate::sqlite::reserve::Reserve;
use crate::sqlite::statements::Statements;
use crate::sqlite::transactions::Transactions;
use crate::sqlite::unwritten::Unwritten;
use crate::work::{Counters, GROUP, Task, Work};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

/// From this many requests in a group, the writer waits a moment for more before the next: whoever was answered by the
/// last sync is about to come again. Measured with 32 clients on a disk that syncs in 0.2 ms, groups had 6 without it:
/// each commit rewrites some twenty pages whatever its size, so larger groups cost less. Below, nobody waits.
const BUSY_GROUP: usize = 4;

/// How long it waits: about the time of a fast disk's sync. It sleeps, and then takes what has come: who waits at the queue
/// is woken for each request, which costs sender and writer a call of the kernel and a change of threads each time.
const GATHERING: Duration = Duration::from_micros(250);
/// After a nap in which nobody came it waits no more.
const NAP: Duration = Duration::from_micros(GATHERING.as_micros() as u64 / 2);

/// How long the records of notifications' attempts wait for a request to share its sync: nobody waits for them, and alone
/// they would be in the way of the next request.
const UNHURRIED: Duration = Duration::from_millis(2);

/// How long the writer waits for the next request before it commits to the tables what was acknowledged: the same clients
/// are about to come again, and pages that two groups change are then written once. A reader who waits ends it.
const LULL: Duration = Duration::from_millis(1);

/// After this much quiet the writer tidies up.
const QUIET: Duration = Duration::from_millis(50);

/// A request, or nothing: then a reader waits for what was acknowledged.
pub(crate) type Waiting = Option<Work>;

/// Waits until the group has `wanted` requests, or long enough.
fn gather(queue: &Receiver<Waiting>, group: &mut Vec<Work>, wanted: usize) {
    let deadline = Instant::now() + GATHERING;
    let wanted = wanted.min(GROUP);
    while group.len() < wanted && Instant::now() < deadline {
        std::thread::sleep(NAP);
        let before = group.len();
        while group.len() < wanted {
            match queue.try_recv() {
                Ok(Some(work)) => group.push(work),
                Ok(None) => return,
                Err(_) => break,
            }
        }
        if group.len() == before {
            return;
        }
    }
}

/// Waits for a request if there are only records of attempts, and few.
fn wait_for_a_request(queue: &Receiver<Waiting>, group: &mut Vec<Work>) {
    let deadline = Instant::now() + UNHURRIED;
    while group.len() < BUSY_GROUP && group.iter().all(|work| is_unhurried(&work.task)) {
        match queue.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Some(work)) => group.push(work),
            Ok(None) | Err(_) => return,
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
    shared: Shared,
}

/// What the writer shares with others.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) counters: Arc<Counters>,
    pub(crate) checkpoint: Arc<Signal>,
    pub(crate) unwritten: Arc<Unwritten>,
    pub(crate) reserve: Arc<Reserve>,
}

impl Shared {
    /// What is shared around `database`.
    pub(crate) fn beside(database: &Path) -> Shared {
        Shared {
            counters: Arc::default(),
            checkpoint: Arc::default(),
            unwritten: Arc::default(),
            reserve: Arc::new(Reserve::beside(database)),
        }
    }
}

impl Writer {
    /// A writer on `connection`, whose database is migrated and recovered.
    pub(crate) fn new(
        connection: Connection,
        journal: Option<Journal>,
        shared: Shared,
    ) -> rusqlite::Result<Writer> {
        let memory = Memory::load(&connection)?;
        Ok(Writer { connection, memory, journal, shared })
    }

    /// What readers need of the writer's memory.
    pub(crate) fn keys(&self) -> RandomKeys {
        self.memory.keys.shared()
    }

    /// Works until the queue is closed and empty.
    pub(crate) fn run(self, queue: &Receiver<Waiting>) {
        let tables = Tables { statements: Statements::new(&self.connection), memory: self.memory };
        let unwritten = self.shared.unwritten.clone();
        let counters = self.shared.counters.clone();
        let transactions = Transactions::new(tables, self.journal, self.shared);
        if (Session { transactions, unwritten, counters, last_group: 0 }).run(queue) {
            finish(&self.connection);
        }
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
    transactions: Transactions<'c>,
    unwritten: Arc<Unwritten>,
    counters: Arc<Counters>,
    /// How many requests the last group had.
    last_group: usize,
}

impl Session<'_> {
    /// Whether the tables have everything at the end.
    fn run(mut self, queue: &Receiver<Waiting>) -> bool {
        while let Some(first) = self.next(queue) {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(Some(work)) = queue.try_recv()
            {
                group.push(work);
            }
            // Readers wait for the tables, if there is something to be written; they must not wait for this.
            if !self.transactions.is_open() {
                wait_for_a_request(queue, &mut group);
            }
            if self.last_group >= BUSY_GROUP {
                gather(queue, &mut group, self.last_group * 2);
            }
            self.last_group = group.len();
            for _ in &group {
                self.counters.taken();
            }
            self.transactions.serve(group);
        }
        self.transactions.settle();
        self.transactions.failure().is_none()
    }

    /// The next task. When there is none for a moment, what was acknowledged is committed first; in a quiet moment there
    /// is some tidying. `None` when the queue is closed and empty.
    fn next(&mut self, queue: &Receiver<Waiting>) -> Option<Work> {
        loop {
            match queue.try_recv() {
                Ok(Some(work)) => return Some(work),
                Ok(None) => {}
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            let pause = if self.transactions.is_open() {
                if self.unwritten.is_wanted() {
                    self.transactions.settle();
                    continue;
                }
                LULL
            } else if self.transactions.failure().is_some() || self.transactions.has_idle_work() {
                QUIET
            } else {
                match queue.recv() {
                    Ok(Some(work)) => return Some(work),
                    Ok(None) => continue,
                    Err(_) => return None,
                }
            };
            match queue.recv_timeout(pause) {
                Ok(Some(work)) => return Some(work),
                Ok(None) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if self.transactions.is_open() => self.transactions.settle(),
                // Nobody waits: a group of nothing tries again what failed, and moves the random keys along.
                Err(RecvTimeoutError::Timeout) => self.transactions.serve(Vec::new()),
            }
        }
    }
}
