//! How a SQLite store is opened, written to and closed.

use crate::prepared::Prepared;
use crate::sqlite::checkpoint::Checkpointer;
use crate::sqlite::connection::{Purpose, open, open_error};
use crate::sqlite::journal::Journal;
use crate::sqlite::location::{Held, is_in_use};
use crate::sqlite::migrations::{migrate, require_newest};
use crate::sqlite::random_keys::RandomKeys;
use crate::sqlite::reader::ReaderPool;
use crate::sqlite::recovery::{recover, require_applied, wait_for_tables};
use crate::sqlite::unwritten::{Kinds, Unwritten, Written};
use crate::sqlite::writer::{Shared, Waiting, Writer};
use crate::work::{QUEUE, Task, Work};
use crate::{Changes, CommitError, OpenError, ReadError, StoreCounters, StoreOptions};
use pasarela_domain::identity::PaymentId;
use pasarela_domain::timestamp::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

/// Connections for reads of a few rows, which run on the caller's thread: as many as cores that could be reading.
const POINT_READERS: usize = 4;
/// Connections for searches, which run aside: more would only take the processor from the writer.
const SCAN_READERS: usize = 2;

/// A store in a SQLite database. Cloning gives another handle on it.
#[derive(Clone)]
pub(crate) struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    /// Gone once the store is closed: the writer then ends when the queue is empty.
    queue: RwLock<Option<SyncSender<Waiting>>>,
    shared: Shared,
    points: Arc<ReaderPool>,
    scans: Arc<ReaderPool>,
    keys: RandomKeys,
    writer: Mutex<Option<JoinHandle<()>>>,
    checkpointer: Mutex<Option<JoinHandle<()>>>,
    /// Given back last.
    held: Mutex<Option<Held>>,
    /// Whether it is open for reading, and a server used it then.
    is_beside: bool,
    database: PathBuf,
}

impl SqliteStore {
    /// Opens the store, migrating its schema if need be.
    ///
    /// # Errors
    /// When another process uses it, a newer version wrote it, or its files can't be used; each says what to do.
    pub(crate) async fn open(options: StoreOptions) -> Result<SqliteStore, OpenError> {
        let opening = tokio::task::spawn_blocking(move || Inner::open(&options));
        let inner = match opening.await {
            Ok(inner) => inner?,
            // Opening doesn't panic, and the runtime does not cancel what has begun unless it ends itself.
            Err(failure) => std::panic::resume_unwind(failure.into_panic()),
        };
        Ok(SqliteStore { inner: Arc::new(inner) })
    }

    /// Commits `changes`, all or nothing. When this returns `Ok`, they are on the disk.
    ///
    /// # Panics
    /// When a posting isn't balanced: such a posting must never be committed.
    ///
    /// # Errors
    /// See [`CommitError`]; nothing of `changes` is stored then.
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
        self.inner.shared.counters.read()
    }

    /// The directory that holds the store's files.
    pub(crate) fn directory(&self) -> &Path {
        // The database is a file in a directory.
        self.inner.database.parent().unwrap_or(&self.inner.database)
    }

    /// Ends the store, for all its handles: what waits is committed, the log is emptied, and what is ephemeral is gone.
    pub(crate) async fn close(self) {
        let inner = self.inner;
        // A failure of the thread leaves nothing undone that dropping the last handle would not do.
        let _ = tokio::task::spawn_blocking(move || inner.close()).await;
    }

    /// Where a question about these `kinds` is answered that takes microseconds.
    pub(crate) async fn points(&self, kinds: Kinds) -> Result<&ReaderPool, ReadError> {
        self.settled(kinds).await?;
        Ok(&self.inner.points)
    }

    /// Where a question about a payment is answered.
    pub(crate) async fn payment_points(&self, id: PaymentId) -> Result<&ReaderPool, ReadError> {
        self.wait_for(self.unwritten().payment(id)).await?;
        Ok(&self.inner.points)
    }

    /// Where a question is answered that may take milliseconds.
    pub(crate) async fn scans(&self) -> Result<&Arc<ReaderPool>, ReadError> {
        self.settled(Kinds::ALL).await?;
        Ok(&self.inner.scans)
    }

    /// Waits until the tables have what was acknowledged of these `kinds`.
    pub(crate) async fn settled(&self, kinds: Kinds) -> Result<(), ReadError> {
        self.wait_for(self.unwritten().of(kinds)).await
    }

    /// Beside a server, what it has acknowledged is waited for.
    async fn look_beside(&self) -> Result<(), ReadError> {
        if !self.inner.is_beside {
            return Ok(());
        }
        let store = self.clone();
        tokio::task::spawn_blocking(move || wait_for_tables(store.database()))
            .await
            .map_err(|failure| ReadError::new(failure.to_string()))
    }

    async fn wait_for(&self, unwritten: Result<Option<Written>, ReadError>) -> Result<(), ReadError> {
        let Some(written) = unwritten? else { return self.look_beside().await };
        // A writer that is at work sees that it is wanted; one that waits for requests must be woken.
        self.inner.wake();
        // The writer answers all who wait; it ends without an answer only if it broke.
        written.await.unwrap_or_else(|_| Err(ReadError::closed()))
    }

    /// What was acknowledged and is not in the tables yet.
    pub(crate) fn unwritten(&self) -> &Unwritten {
        &self.inner.shared.unwritten
    }

    pub(crate) fn keys(&self) -> &RandomKeys {
        &self.inner.keys
    }

    pub(crate) fn database(&self) -> &Path {
        &self.inner.database
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
}

impl Inner {
    fn open(options: &StoreOptions) -> Result<Inner, OpenError> {
        let held = Held::take(options)?;
        let database = held.database().to_owned();
        let inner = if options.read_only { Inner::reading(held) } else { Inner::writing(held) };
        inner.map_err(|failure| failure.of(&database))
    }

    fn writing(held: Held) -> Result<Inner, OpenFailure> {
        let database = held.database();
        let durable = !held.is_ephemeral();
        let mut connection = open(database, Purpose::Write { durable })?;
        migrate(&mut connection, database)?;
        let shared = Shared::beside(database);
        shared.reserve.make();
        let journal = if durable { Some(recover(&connection, database)?) } else { None };
        let journaled = journal.as_ref().map(Journal::shared);
        let writer = Writer::new(connection, journal, shared.clone())?;
        let checkpointer = Checkpointer::open(database, journaled, shared.reserve.clone())?;
        let keys = writer.keys();
        let (queue, waiting) = sync_channel(QUEUE);
        let signal = shared.checkpoint.clone();
        let not_started = |cause| OpenError::Directory { directory: database.to_owned(), cause };
        let writer = thread("store-writer", move || writer.run(&waiting)).map_err(not_started)?;
        let checkpointer =
            thread("store-checkpoint", move || checkpointer.run(&signal)).map_err(not_started)?;
        let mut inner = Inner::assemble(held, Some(queue), shared, keys);
        inner.writer = Mutex::new(Some(writer));
        inner.checkpointer = Mutex::new(Some(checkpointer));
        Ok(inner)
    }

    fn reading(held: Held) -> Result<Inner, OpenFailure> {
        let connection = open(held.database(), Purpose::Read)?;
        require_newest(&connection, held.database())?;
        require_applied(&connection, held.database())?;
        let keys = RandomKeys::load(&connection)?;
        let shared = Shared::beside(held.database());
        Ok(Inner::assemble(held, None, shared, keys))
    }

    fn assemble(held: Held, queue: Option<SyncSender<Waiting>>, shared: Shared, keys: RandomKeys) -> Inner {
        let database = held.database().to_owned();
        let is_read_only = queue.is_none();
        Inner {
            queue: RwLock::new(queue),
            shared,
            points: Arc::new(ReaderPool::new(database.clone(), POINT_READERS)),
            scans: Arc::new(ReaderPool::new(database.clone(), SCAN_READERS)),
            keys,
            writer: Mutex::default(),
            checkpointer: Mutex::default(),
            held: Mutex::new(Some(held)),
            is_beside: is_read_only && is_in_use(&database),
            database,
        }
    }

    fn enqueue(&self, work: Work) -> Result<(), CommitError> {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queue.as_ref() else {
            return Err(CommitError::Failed("the store is closed, or open for reading only".to_owned()));
        };
        self.shared.counters.queued();
        queue.try_send(Some(work)).map_err(|refused| {
            self.shared.counters.taken();
            match refused {
                TrySendError::Full(_) => CommitError::Busy,
                TrySendError::Disconnected(_) => CommitError::Failed("the writer has ended".to_owned()),
            }
        })
    }

    /// Lets a writer look up that waits for requests. With a full queue it does not wait.
    fn wake(&self) {
        if let Some(queue) = self.queue.read().unwrap_or_else(PoisonError::into_inner).as_ref() {
            let _ = queue.try_send(None);
        }
    }

    /// One after the other, the writer last: SQLite empties the log when the last connection ends, and only then.
    fn close(&self) {
        self.shared.checkpoint.stop();
        join(&self.checkpointer);
        self.points.close();
        self.scans.close();
        // The writer commits what waits, and ends.
        drop(self.queue.write().unwrap_or_else(PoisonError::into_inner).take());
        join(&self.writer);
        self.shared.reserve.give_up();
        drop(self.held.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Why opening ended early.
pub(crate) enum OpenFailure {
    Refused(OpenError),
    Database(rusqlite::Error),
}

impl OpenFailure {
    /// What is said of it to whoever wanted to open `database`.
    pub(crate) fn of(self, database: &Path) -> OpenError {
        match self {
            OpenFailure::Refused(refusal) => refusal,
            OpenFailure::Database(cause) => open_error(database, cause),
        }
    }
}

impl From<OpenError> for OpenFailure {
    fn from(refusal: OpenError) -> OpenFailure {
        OpenFailure::Refused(refusal)
    }
}

impl From<rusqlite::Error> for OpenFailure {
    fn from(cause: rusqlite::Error) -> OpenFailure {
        OpenFailure::Database(cause)
    }
}

/// Waits for a thread's end, if it is not awaited already.
fn join(thread: &Mutex<Option<JoinHandle<()>>>) {
    let thread = thread.lock().unwrap_or_else(PoisonError::into_inner).take();
    // One that panicked has said so already.
    let _ = thread.map(JoinHandle::join);
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work)
}
