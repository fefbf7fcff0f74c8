//! The worker: takes due deliveries from the store, and makes their attempts side by side.
//!
//! The store is the queue. The worker reads it in the order in which deliveries fall due, from its `cursor` on, and
//! keeps a bounded window of it in memory ([`queues`](super::queues)). An attempt is recorded when it is over, so that
//! one that was cut off by a crash is made again: a receiver may see a notification twice, and never not at all.

use super::attempts::{Made, Surroundings, attempt};
use super::endpoints::Endpoints;
use super::queues::{LIMITS, Offered, Position, Queues, Running};
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    Changes, CommitError, DeliveryRecord, DeliveryState, NotificationChange, ReadError, RecordChange, Store,
    WorkShares, share_of,
};
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

/// Deliveries read from the store at once.
const PAGE: u32 = 256;

/// The same for one receiver's refill: what it has room for, if all of it is its own.
const REFILL_PAGE: u32 = 64;

/// Pages read for one receiver's refill before everybody else has a turn again.
const REFILL_PAGES: u32 = 16;

/// How often the worker looks back, whatever it was told: a request that is dropped between its commit and its call of
/// [`Wake`], or a wall clock that was set, must not leave a delivery lying. It looks back over two such times.
const LOOK_BACK_EVERY: Duration = Duration::from_secs(30);

/// How far back the worker looks for what other nodes wrote: longer than a commit may take to be seen after its
/// deliveries' times were set.
const LOOK_BACK_FOR_OTHERS: Duration = Duration::from_secs(10);

/// The pause while another node may do this one's work.
const PAUSE_WITHOUT_LEASE: Duration = Duration::from_millis(200);

/// The pause after the store could not be read.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// How often an attempt's record is offered to a store that refuses it: with pauses from a tenth of a second up to
/// half a minute, some ten minutes. After that the delivery is seen again at the next start.
const MOST_RECORD_TRIES: u32 = 30;

/// First pause between two such tries; doubled each time.
const FIRST_RECORD_PAUSE: Duration = Duration::from_millis(100);

/// Longest pause between two such tries.
const LONGEST_RECORD_PAUSE: Duration = Duration::from_secs(30);

/// How long attempts in flight may go on once the server stops. What is cut off is made again.
const GRACE: Duration = Duration::from_secs(3);

/// How many deliveries may be handed over at once: half a megabyte. The rest is read from the store.
const MOST_HANDED: usize = 1_024;

/// How the rest of the server tells the worker that there is something to do.
#[derive(Debug)]
pub struct Wake {
    notify: Notify,
    /// The earliest `next_attempt` of what was committed since the worker looked, and is to be read from the store.
    earliest_ms: AtomicI64,
    /// What was committed and need not be read.
    handed: Mutex<Vec<DeliveryRecord>>,
    /// One more when a clock begins to move, and one more when it has moved: odd while one moves.
    clock_moves: AtomicU64,
}

impl Default for Wake {
    fn default() -> Wake {
        Wake {
            notify: Notify::new(),
            earliest_ms: AtomicI64::new(i64::MAX),
            handed: Mutex::default(),
            clock_moves: AtomicU64::new(0),
        }
    }
}

impl Wake {
    /// Says that `deliveries` are committed.
    ///
    /// The first event of a resource is handed over as it is, which saves reading the store for it. Later ones are not:
    /// who commits second may come here first, and only the store knows their order.
    pub fn committed(&self, deliveries: Vec<DeliveryRecord>) {
        // What is held waits for somebody else.
        let due = deliveries.into_iter().filter(|delivery| delivery.state == DeliveryState::Pending);
        let (first, later): (Vec<_>, Vec<_>) =
            due.partition(|delivery| delivery.action.ends_with(".created"));
        if !first.is_empty() {
            let mut handed = self.handed.lock().unwrap_or_else(PoisonError::into_inner);
            if handed.len() < MOST_HANDED {
                handed.extend(first);
                drop(handed);
                self.notify.notify_one();
            } else {
                drop(handed);
                self.read_from(&first);
            }
        }
        self.read_from(&later);
    }

    fn read_from(&self, deliveries: &[DeliveryRecord]) {
        if let Some(earliest) = deliveries.iter().map(|delivery| delivery.next_attempt.0).min() {
            self.wake_from(earliest);
        }
    }

    fn take_handed(&self) -> Vec<DeliveryRecord> {
        std::mem::take(&mut self.handed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says that deliveries may be committed of which `earliest` is the first attempt's time.
    pub(crate) fn committed_from(&self, earliest: Timestamp) {
        self.wake_from(earliest.0);
    }

    /// Says that a test account's clock is about to be moved, one at a time; [`Wake::clock_moved`] follows.
    pub fn clock_moves(&self) {
        self.clock_moves.fetch_add(1, Ordering::AcqRel);
    }

    /// Says that a test account's clock was moved: what is due may be anywhere.
    pub fn clock_moved(&self) {
        // Also without a beginning, it ends even.
        let _ =
            self.clock_moves.fetch_update(Ordering::AcqRel, Ordering::Acquire, |moves| Some((moves | 1) + 1));
        self.wake_from(i64::MIN);
    }

    fn wake_from(&self, earliest_ms: i64) {
        self.earliest_ms.fetch_min(earliest_ms, Ordering::AcqRel);
        self.notify.notify_one();
    }

    fn take_earliest(&self) -> Option<Timestamp> {
        let earliest_ms = self.earliest_ms.swap(i64::MAX, Ordering::AcqRel);
        (earliest_ms != i64::MAX).then_some(Timestamp(earliest_ms))
    }
}

/// Delivers what is due until it is told to stop.
pub struct Worker {
    store: Arc<Store>,
    surroundings: Surroundings,
    wake: Arc<Wake>,
    queues: Queues,
    attempts: JoinSet<Option<Made>>,
    in_flight: HashMap<Id, Running>,
    /// Everything due up to here was offered to the queues.
    cursor: Option<Position>,
    /// Nothing more was due when the store was read last; the next is due then, if there is one.
    idle_until: Option<NextDue>,
    looked_back: Instant,
    /// What is this node's to deliver.
    shares: WorkShares,
    /// What the store said of the clocks when they were looked at last.
    clocks_moved: Option<i64>,
    endpoints: Arc<Endpoints>,
    /// Whether the endpoints are to be read first.
    is_new: bool,
}

/// When something falls due after the cursor.
#[derive(Clone, Copy)]
enum NextDue {
    At(Timestamp),
    Never,
}

impl Worker {
    /// A worker on `store`. The engine calls `wake` after each commit that made deliveries or moved a clock.
    pub fn new(store: Arc<Store>, surroundings: Surroundings, wake: Arc<Wake>) -> Worker {
        Worker {
            store,
            surroundings,
            wake,
            queues: Queues::new(LIMITS),
            attempts: JoinSet::new(),
            in_flight: HashMap::new(),
            cursor: None,
            idle_until: None,
            looked_back: Instant::now(),
            shares: WorkShares::ALL,
            clocks_moved: None,
            endpoints: Arc::default(),
            is_new: true,
        }
    }

    /// Delivers until `shutdown` is ready; attempts in flight then have a short grace.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        loop {
            let pause = self.turn().await;
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = self.attempts.join_next_with_id() => self.ended(ended),
                () = self.wake.notify.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        let finish = async { while self.attempts.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, finish).await.is_err() {
            tracing::info!(
                attempts = self.attempts.len(),
                "notifications in flight are cut off; they are sent again"
            );
        }
    }

    /// Does what can be done now, and answers how long there is nothing else to do.
    async fn turn(&mut self) -> Duration {
        while let Some(ended) = self.attempts.try_join_next_with_id() {
            self.ended(ended);
        }
        if let Some(earliest) = self.wake.take_earliest() {
            self.look_again_from(earliest);
        }
        if !self.store.holds_lease() {
            return PAUSE_WITHOUT_LEASE;
        }
        self.follow_shares();
        if self.is_new {
            if let Err(error) = self.endpoints.read(&self.store).await {
                tracing::warn!(%error, "failing addresses could not be read");
                return STORE_PAUSE;
            }
            self.is_new = false;
        }
        self.take_handed();
        let (every, back) = match self.store.look_for_others_every() {
            Some(every) => (every, LOOK_BACK_FOR_OTHERS),
            None => (LOOK_BACK_EVERY, LOOK_BACK_EVERY * 2),
        };
        if self.looked_back.elapsed() >= every {
            self.looked_back = Instant::now();
            let back_ms = i64::try_from(back.as_millis()).unwrap_or(i64::MAX);
            self.look_again_from((self.surroundings.clock)().plus_ms(-back_ms));
            if let Err(error) = self.look_at_clocks().await {
                tracing::warn!(%error, "the clocks could not be read");
                return STORE_PAUSE;
            }
        }
        let clock_moves = self.wake.clock_moves.load(Ordering::Acquire);
        if clock_moves % 2 == 1 {
            self.look_again_from(Timestamp(i64::MIN));
        }
        let work = match self.read().await {
            Ok(work) => work,
            Err(error) => {
                tracing::warn!(%error, "due notifications could not be read");
                return STORE_PAUSE;
            }
        };
        if !self.store.holds_lease() {
            return PAUSE_WITHOUT_LEASE;
        }
        if self.wake.clock_moves.load(Ordering::Acquire) != clock_moves {
            // Some of what was due has moved past what was read: a newer event must not start before it.
            self.look_again_from(Timestamp(i64::MIN));
            return Duration::ZERO;
        }
        while let Some((delivery, running)) = self.queues.start() {
            self.launch(delivery, running);
        }
        let pause = match (work, self.idle_until) {
            (Work::More, _) => Duration::ZERO,
            (Work::Done, Some(NextDue::At(due))) => {
                let ms = due.0.saturating_sub((self.surroundings.clock)().0);
                Duration::from_millis(u64::try_from(ms).unwrap_or(0)).min(every)
            }
            (Work::Done, Some(NextDue::Never) | None) => every,
        };
        self.queues.rest_left().map_or(pause, |rest| pause.min(rest))
    }

    /// Looks at everything again when a clock was moved: by another node, what was due later may be due long since.
    async fn look_at_clocks(&mut self) -> Result<(), ReadError> {
        if self.store.look_for_others_every().is_some() {
            let moved = Some(self.store.clocks_moved().await?);
            if self.clocks_moved != moved {
                self.clocks_moved = moved;
                self.look_again_from(Timestamp(i64::MIN));
            }
        }
        Ok(())
    }

    /// Forgets what became another node's to deliver, and looks for what became this one's.
    fn follow_shares(&mut self) {
        let shares = self.store.lease().shares;
        if self.shares != shares {
            self.shares = shares;
            self.is_new = true;
            self.queues.forget_waiting();
            self.look_again_from(Timestamp(i64::MIN));
        }
    }

    /// Takes what was handed over, if it is this node's and was not read from the store in the meantime.
    fn take_handed(&mut self) {
        let now = (self.surroundings.clock)();
        for delivery in self.wake.take_handed() {
            let due = delivery.next_attempt;
            if !self.shares.contains(share_of(delivery.account_id)) || self.queues.has_finished(delivery.id) {
                continue;
            }
            if due > now || self.queues.offer(delivery) == Offered::NoRoom {
                self.look_again_from(due);
            }
        }
    }

    /// Reads what fell due after the cursor, and what receivers with short queues left in the store.
    async fn read(&mut self) -> Result<Work, ReadError> {
        let scanned = self.scan().await?;
        let refilled = self.refill().await?;
        Ok(if scanned == Work::More || refilled == Work::More { Work::More } else { Work::Done })
    }

    async fn scan(&mut self) -> Result<Work, ReadError> {
        let now = (self.surroundings.clock)();
        match self.idle_until {
            Some(NextDue::Never) => return Ok(Work::Done),
            Some(NextDue::At(due)) if due > now => return Ok(Work::Done),
            Some(NextDue::At(_)) | None => self.idle_until = None,
        }
        let page = self.store.due_deliveries(now, PAGE, self.cursor).await?;
        let was_full = page.len() >= PAGE as usize;
        for delivery in page {
            let position = (delivery.next_attempt, delivery.id);
            if self.queues.offer(delivery) == Offered::NoRoom {
                // The end of an attempt makes room, and brings the next turn.
                return Ok(Work::Done);
            }
            self.cursor = Some(position);
        }
        if was_full {
            return Ok(Work::More);
        }
        let end = (now, i64::MAX);
        self.cursor = Some(self.cursor.map_or(end, |cursor| cursor.max(end)));
        let next = self.store.due_deliveries(Timestamp(i64::MAX), 1, self.cursor).await?;
        self.idle_until = Some(next.first().map_or(NextDue::Never, |next| NextDue::At(next.next_attempt)));
        Ok(Work::Done)
    }

    async fn refill(&mut self) -> Result<Work, ReadError> {
        let Some((receiver, from)) = self.queues.take_refill() else {
            return Ok(Work::Done);
        };
        let now = (self.surroundings.clock)();
        let mut after = (from.0, from.1.saturating_sub(1));
        for _ in 0..REFILL_PAGES {
            let page = match self.store.due_deliveries(now, REFILL_PAGE, Some(after)).await {
                Ok(page) => page,
                Err(error) => {
                    self.queues.more_at(&receiver, following(after));
                    return Err(error);
                }
            };
            let was_full = page.len() >= REFILL_PAGE as usize;
            for delivery in page {
                after = (delivery.next_attempt, delivery.id);
                if self.queues.receiver_of(&delivery.url) == receiver
                    && self.queues.offer(delivery) == Offered::Left
                {
                    return Ok(Work::More);
                }
            }
            if !was_full {
                self.queues.forget_if_idle(&receiver);
                return Ok(Work::More);
            }
        }
        self.queues.more_at(&receiver, following(after));
        Ok(Work::More)
    }

    fn launch(&mut self, delivery: DeliveryRecord, running: Running) {
        let (store, surroundings) = (self.store.clone(), self.surroundings.clone());
        let endpoints = self.endpoints.clone();
        let task = self.attempts.spawn(async move {
            // An attempt that is one too many harms less than none.
            if endpoints.holds(&store, &delivery).await.unwrap_or(false) {
                record(&store, hold(&delivery)).await;
                return None;
            }
            let made = attempt(&delivery, &surroundings).await;
            let is_recorded = record(&store, RecordChange::RecordAttempt(made.record.clone())).await;
            endpoints.saw(&store, &delivery, &made, (surroundings.clock)()).await;
            is_recorded.then_some(made)
        });
        self.in_flight.insert(task.id(), running);
    }

    fn ended(&mut self, ended: Result<(Id, Option<Made>), JoinError>) {
        let (task, made) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "an attempt of a notification broke off");
                (error.id(), None)
            }
        };
        let offered_again = self.in_flight.remove(&task).and_then(|running| {
            if let Some(made) = &made {
                self.queues.answered(&running, !made.no_answer);
            }
            self.queues.finish(running, made.as_ref().is_some_and(|made| made.receiver_struggles))
        });
        // A clock may have been moved between the commit of the attempt and this: then the store was read meanwhile, and
        // the delivery was passed over as one in flight.
        if let Some((seen, _)) = offered_again
            && made.as_ref().is_none_or(|made| made.record.next_attempt.is_some())
        {
            self.look_again_from(seen);
        }
        if let Some(next) = made.and_then(|made| made.record.next_attempt) {
            // It is due behind the cursor when a test clock has been moved far ahead.
            if self.cursor.is_some_and(|(seen, _)| next <= seen) {
                self.look_again_from(next);
            } else if let Some(idle_until) = self.idle_until {
                self.idle_until = Some(NextDue::At(idle_until.or_at(next)));
            }
        }
    }

    fn look_again_from(&mut self, earliest: Timestamp) {
        self.cursor = self.cursor.map(|cursor| cursor.min((earliest, i64::MIN)));
        self.idle_until = None;
    }
}

/// Whether another turn has something to do at once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    More,
    Done,
}

impl NextDue {
    fn or_at(self, other: Timestamp) -> Timestamp {
        match self {
            NextDue::At(due) => due.min(other),
            NextDue::Never => other,
        }
    }
}

/// The first position after `position`.
fn following(position: Position) -> Position {
    (position.0, position.1.saturating_add(1))
}

/// The delivery is not tried until its address is resumed.
fn hold(delivery: &DeliveryRecord) -> RecordChange {
    RecordChange::Notification(NotificationChange::Reschedule {
        account_id: delivery.account_id,
        delivery_id: delivery.id,
        state: DeliveryState::Held,
        next_attempt: delivery.next_attempt,
    })
}

/// Commits what became of a delivery; `false` when the store refused it for good or for too long.
async fn record(store: &Store, change: RecordChange) -> bool {
    let mut pause = FIRST_RECORD_PAUSE;
    for _ in 0..MOST_RECORD_TRIES {
        let changes = Changes { records: vec![change.clone()], ..Changes::default() };
        match store.commit(changes).await {
            Ok(()) => return true,
            // The delivery is gone, or this attempt is recorded: another try changes nothing.
            Err(CommitError::AlreadyExists(_) | CommitError::VersionConflict) => return false,
            Err(error) => tracing::warn!(%error, "an attempt of a notification could not be recorded yet"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_RECORD_PAUSE);
    }
    false
}
