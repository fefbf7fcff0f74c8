//! A store on a memory: its questions and commits, each subject to fate.

use crate::memory::{Answer, CommitFate, Memory, Records};
use crate::{Changes, CommitError, ReadError, StoreCounters};
use pasarela_domain::timestamp::Timestamp;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

/// A store in memory. Cloning gives another handle on it.
#[derive(Clone)]
pub(crate) struct MemoryStore {
    memory: Memory,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Counters {
    commits: AtomicU64,
    payments: AtomicU64,
}

impl MemoryStore {
    /// A store on `memory`.
    pub(crate) fn open(memory: Memory) -> MemoryStore {
        MemoryStore { memory, counters: Arc::default() }
    }

    /// Answers a question.
    pub(crate) async fn ask<T>(&self, question: impl FnOnce(&Records) -> T) -> Result<T, ReadError> {
        give_way(self.memory.fate.pauses()).await;
        match self.memory.fate.of_read() {
            Answer::Given => Ok(question(&self.memory.records())),
            Answer::Failed => Err(ReadError::new("a simulated failure".to_owned())),
            Answer::Never => std::future::pending().await,
        }
    }

    /// Commits `changes`, all or nothing.
    pub(crate) async fn commit(&self, changes: Changes) -> Result<(), CommitError> {
        give_way(self.memory.fate.pauses()).await;
        let fate = self.memory.fate.of_commit(&changes);
        match fate {
            CommitFate::Refused(refusal) => return Err(refusal),
            CommitFate::DiedBefore => return std::future::pending().await,
            CommitFate::Lost => return Ok(()),
            CommitFate::Done
            | CommitFate::DoneUntold
            | CommitFate::DiedAfter
            | CommitFate::PostedTwice
            | CommitFate::VersionsUnchecked => {}
        }
        self.write(&changes, &fate)?;
        match fate {
            CommitFate::DoneUntold => return Err(CommitError::Unknown("a simulated failure".to_owned())),
            CommitFate::DiedAfter => return std::future::pending().await,
            _ => {}
        }
        // Others see it before its caller knows.
        give_way(self.memory.fate.pauses()).await;
        Ok(())
    }

    /// As [`Store::purge_expired_secrets`](crate::Store::purge_expired_secrets).
    pub(crate) async fn purge_expired_secrets(&self, now: Timestamp, limit: u32) -> Result<u64, CommitError> {
        self.purge(|records| records.purge_secrets(now, limit)).await
    }

    /// As [`Store::purge_expired_idempotency`](crate::Store::purge_expired_idempotency).
    pub(crate) async fn purge_expired_idempotency(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, CommitError> {
        self.purge(|records| records.purge_idempotency(now, limit)).await
    }

    /// What was counted since it was opened.
    pub(crate) fn counters(&self) -> StoreCounters {
        let commits = self.counters.commits.load(Ordering::Relaxed);
        let payments = self.counters.payments.load(Ordering::Relaxed);
        StoreCounters { commits, payments, ..StoreCounters::default() }
    }

    fn write(&self, changes: &Changes, fate: &CommitFate) -> Result<(), CommitError> {
        let mut records = self.memory.records();
        let payments = records.payments.len();
        records.commit_as(changes, fate)?;
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        self.counters.payments.fetch_add((records.payments.len() - payments) as u64, Ordering::Relaxed);
        self.memory.fate.committed(&records, changes);
        Ok(())
    }

    async fn purge(&self, purge: impl FnOnce(&mut Records) -> u64) -> Result<u64, CommitError> {
        give_way(self.memory.fate.pauses()).await;
        match self.memory.fate.of_commit(&Changes::default()) {
            CommitFate::Refused(refusal) => Err(refusal),
            CommitFate::DiedBefore | CommitFate::DiedAfter => std::future::pending().await,
            _ => Ok(purge(&mut self.memory.records())),
        }
    }
}

/// Lets whoever else can go on go first, `times` times.
async fn give_way(times: u32) {
    for _ in 0..times {
        let mut has_waited = false;
        poll_fn(|context| {
            if has_waited {
                return Poll::Ready(());
            }
            has_waited = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}
