//! How a PostgreSQL store is opened, written to and closed.

use crate::postgres::batches::Batches;
use crate::postgres::connection::{Purpose, Target, describe};
use crate::postgres::lanes::{LANES, Readers};
use crate::postgres::lease::Lease;
use crate::postgres::migrations::{migrate, require_newest};
use crate::postgres::rows;
use crate::postgres::statistics::Attendant;
use crate::postgres::writer;
use crate::prepared::Prepared;
use crate::work::{Counters, QUEUE, Task, Work};
use crate::{
    CardTokenRecord, Changes, CommitError, DatabaseUrl, Lookup, NodeLease, OpenError, ReadError,
    StoreCounters, StoreOptions, WorkShares,
};
use pasarela_domain::identity::AccountId;
use pasarela_domain::timestamp::Timestamp;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinHandle;

/// A store in a PostgreSQL database. Cloning gives another handle on it.
#[derive(Clone)]
pub(crate) struct PostgresStore {
    inner: Arc<Inner>,
}

struct Inner {
    /// Gone once the store is closed: the writer then ends when the queue is empty.
    queue: RwLock<Option<mpsc::Sender<Work>>>,
    counters: Arc<Counters>,
    lease: Arc<Lease>,
    readers: Readers,
    clocks: Arc<Batches<AccountId, i64>>,
    card_tokens: Arc<Batches<(AccountId, Lookup), CardTokenRecord>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    statistics: Option<Attendant>,
}

impl PostgresStore {
    /// Opens the database at `url`, migrating its schema if need be and `options` allow it.
    ///
    /// # Errors
    /// When it can't be reached, is another program's, or a newer version's; each says what to do.
    pub(crate) async fn open(url: &DatabaseUrl, options: &StoreOptions) -> Result<PostgresStore, OpenError> {
        let unreachable = |cause: String| OpenError::Unreachable { name: url.to_string(), cause };
        let target =
            Target::parse(url.reveal()).ok_or_else(|| unreachable("its URL can't be read".to_owned()))?;
        // What is only looked at may be a replica.
        let target = if options.read_only { target } else { target.writable() };
        let client = target.connect(Purpose::Long).await.map_err(|cause| unreachable(describe(&cause)))?;
        if options.read_only {
            require_newest(&client, url).await?;
        } else {
            migrate(&client, url, options.create).await?;
        }
        drop(client);
        let (counters, lease) = (Arc::new(Counters::default()), Lease::new(target.clone()));
        let (queue, writer, statistics) = if options.read_only {
            (None, None, None)
        } else {
            let (queue, waiting) = mpsc::channel(QUEUE);
            let writer = writer::run(target.clone(), lease.clone(), counters.clone(), waiting);
            let statistics = Attendant::start(target.clone());
            (Some(queue), Some(tokio::spawn(writer)), Some(statistics))
        };
        let inner = Inner {
            queue: RwLock::new(queue),
            counters,
            lease,
            readers: Readers::new(target),
            clocks: Batches::new(LANES),
            card_tokens: Batches::new(LANES),
            writer: Mutex::new(writer),
            statistics,
        };
        Ok(PostgresStore { inner: Arc::new(inner) })
    }

    /// Commits `changes`, all or nothing. When this returns `Ok`, they are on the disk.
    ///
    /// # Panics
    /// When a posting isn't balanced: such a posting must never be committed.
    ///
    /// # Errors
    /// See [`CommitError`]; nothing of `changes` is stored then, except as [`CommitError::Unknown`] says.
    pub(crate) async fn commit(&self, changes: Changes) -> Result<(), CommitError> {
        self.work(Task::Commit(Box::new(Prepared::of(changes)))).await.map(|_| ())
    }

    /// Takes what is secret from card tokens whose `purge_at` is not after `now_wall`, at most `limit` of them. Says of
    /// how many; less than `limit` means that none is left.
    pub(crate) async fn purge_expired_secrets(
        &self,
        now_wall: Timestamp,
        limit: u32,
    ) -> Result<u64, CommitError> {
        self.work(Task::PurgeSecrets { now: now_wall, limit }).await
    }

    /// Forgets idempotency records that have expired at `now_wall`, at most `limit` of them, oldest first. Says how
    /// many; less than `limit` means that none is left.
    pub(crate) async fn purge_expired_idempotency(
        &self,
        now_wall: Timestamp,
        limit: u32,
    ) -> Result<u64, CommitError> {
        self.work(Task::PurgeIdempotency { now: now_wall, limit }).await
    }

    /// What was counted since the store was opened.
    pub(crate) fn counters(&self) -> StoreCounters {
        self.inner.counters.read()
    }

    /// Takes a node number and a share of the work, or goes on with them.
    pub(crate) async fn renew_lease(&self) -> Result<NodeLease, ReadError> {
        if self.queue_is_closed() {
            return Err(ReadError::closed());
        }
        self.inner.lease.attend();
        self.inner.lease.renew().await
    }

    /// The lease as it was renewed last; that of a lone process before it was asked for.
    pub(crate) fn lease(&self) -> NodeLease {
        self.inner.lease.last().map_or(NodeLease::ALONE, |held| held.lease())
    }

    /// Whether the lease still holds.
    pub(crate) fn holds_lease(&self) -> bool {
        self.inner.lease.holds()
    }

    /// The background work that is this node's now; none without a lease.
    pub(crate) fn shares(&self) -> WorkShares {
        self.inner.lease.shares()
    }

    /// The connections for reading.
    pub(crate) fn readers(&self) -> &Readers {
        &self.inner.readers
    }

    /// Questions where test clocks are.
    pub(crate) fn clock_questions(&self) -> &Arc<Batches<AccountId, i64>> {
        &self.inner.clocks
    }

    /// Questions for card tokens.
    pub(crate) fn card_token_questions(&self) -> &Arc<Batches<(AccountId, Lookup), CardTokenRecord>> {
        &self.inner.card_tokens
    }

    /// Whether the vault with this `identity` is the one of this database; the first one that asks is.
    pub(crate) async fn claim_vault(&self, identity: [u8; 16]) -> Result<bool, ReadError> {
        const SQL: &str = "INSERT INTO setting (name, value) VALUES ('vault', $1)
            ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING value";
        let claimed =
            self.readers().one(SQL, &[&identity.as_slice()], |row| rows::get::<Vec<u8>>(row, 0)).await?;
        Ok(claimed.is_some_and(|claimed| claimed == identity))
    }

    /// Ends the store, for all its handles: what waits is committed, and the lease is given back.
    pub(crate) async fn close(self) {
        drop(self.inner.queue.write().unwrap_or_else(PoisonError::into_inner).take());
        let writer = self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // It answers all that waits, and ends; if it broke, whoever waited was told.
            let _ = writer.await;
        }
        self.inner.statistics.iter().for_each(Attendant::stop);
        self.inner.lease.give_back().await;
        self.inner.readers.close();
    }

    async fn work(&self, task: Task) -> Result<u64, CommitError> {
        let (work, answer) = Work::new(task);
        self.inner.enqueue(work)?;
        // The writer answers everything that it takes; it ends without an answer only if it broke.
        match answer.await {
            Ok((outcome, _)) => outcome,
            Err(_) => Err(CommitError::Failed("the writer has ended".to_owned())),
        }
    }

    fn queue_is_closed(&self) -> bool {
        self.inner.queue.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

impl Inner {
    fn enqueue(&self, work: Work) -> Result<(), CommitError> {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queue.as_ref() else {
            return Err(CommitError::Failed("the store is closed, or open for reading only".to_owned()));
        };
        self.counters.queued();
        queue.try_send(work).map_err(|refused| {
            self.counters.taken();
            match refused {
                TrySendError::Full(_) => CommitError::Busy,
                TrySendError::Closed(_) => CommitError::Failed("the writer has ended".to_owned()),
            }
        })
    }
}
