//! What a writer is asked to do, whichever engine it writes to, and what is counted of it.

use crate::prepared::Prepared;
use crate::{CommitError, StoreCounters};
use pasarela_domain::timestamp::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::oneshot;

/// How many requests may wait: at 5,000 a second that is less than a second of work; more would only wait longer.
pub(crate) const QUEUE: usize = 4_096;

/// How many requests share a sync. Past some dozens the sync is cheap already, and the first waits for the last.
pub(crate) const GROUP: usize = 256;

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
    reply: oneshot::Sender<(Outcome, Task)>,
}

impl Work {
    /// A task, and what its outcome comes by: the task comes with it, because a caller frees quicker what callers have
    /// allocated than the writer, which would have to hand each piece back.
    pub(crate) fn new(task: Task) -> (Work, oneshot::Receiver<(Outcome, Task)>) {
        let (reply, answer) = oneshot::channel();
        (Work { task, reply }, answer)
    }

    /// Tells who waits. Who no longer does has no use for it.
    pub(crate) fn answer(self, outcome: Outcome) {
        let _ = self.reply.send((outcome, self.task));
    }
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

    /// A task was done.
    pub(crate) fn done(&self, task: &Task) {
        if let Task::Commit(prepared) = task {
            self.commits.fetch_add(1, Ordering::Relaxed);
            self.payments.fetch_add(prepared.payments(), Ordering::Relaxed);
        }
    }

    /// A group is on the disk.
    pub(crate) fn synced(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
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
