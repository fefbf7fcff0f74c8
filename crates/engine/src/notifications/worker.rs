//! The worker: takes due deliveries from the store, and makes their attempts side by side.
//!
//! The store is the queue. The worker reads it in the order in which deliveries fall due, from its `cursor` on, and
//! keeps a bounded window of it in memory ([`queues`](super::queues)). An attempt is recorded when it is over, so that
//! one that was cut off by a crash is made again: a receiver may see a notification twice, and never not at all.

use super::attempts::{Surroundings, attempt};
use super::endpoints::Endpoints;
use super::queues::{LIMITS, Limits, Offered, Position, Queues, Running};
use super::recording::{Attempted, Behind, Recorded, hold_while_paused, record, record_attempts};
use super::turns;
use super::wake::Wake;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{DeliveryRecord, DueDelivery, ReadError, RecordChange, Store, WorkShares, share_of};
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

/// Deliveries read from the store at once.
const PAGE: u32 = 256;

/// The same for one receiver's refill.
const REFILL_PAGE: u32 = 256;

/// Pages read for one receiver's refill before everybody else has a turn again.
const REFILL_PAGES: u32 = 4;

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

/// Attempts that one commit records: some 100 kB.
const MOST_RECORDED_AT_ONCE: usize = 128;

/// How long attempts that were made wait for others to be recorded with, while some are in flight: what a commit costs is mostly
/// its own.
const GATHERING: Duration = Duration::from_millis(5);

/// Attempts that were made and are not recorded yet. That many are made again after a crash.
const MOST_UNRECORDED: usize = 512;

/// How long attempts in flight may go on once the server stops. What is cut off is made again.
const GRACE: Duration = Duration::from_secs(3);

/// Delivers what is due until it is told to stop.
pub struct Worker {
    store: Arc<Store>,
    surroundings: Surroundings,
    wake: Arc<Wake>,
    queues: Queues,
    tasks: JoinSet<Outcome>,
    /// What each task is about.
    in_flight: HashMap<Id, InFlight>,
    /// Attempts that were made and wait for others to be recorded with.
    unrecorded: Vec<(Running, Attempted)>,
    /// Since when the first of them waits.
    unrecorded_since: Instant,
    /// How many are being recorded. While some are, what ends is gathered.
    being_recorded: usize,
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

/// What a task is about.
enum InFlight {
    /// An attempt.
    Attempt(Running),
    /// The recording of attempts that were made.
    Recording(Vec<Running>),
    /// What waited behind an attempt, and is put off. Until that is noted, the lane is this attempt's: an earlier state that
    /// arrives meanwhile must not be followed by what is put off too late.
    PuttingOff { running: Running, waiting: Vec<(i64, Timestamp)>, next: Option<Timestamp> },
}

/// What became of a task.
enum Outcome {
    /// An attempt was made.
    Made(Box<Attempted>),
    /// Its address is paused. When it is due, if it was resumed meanwhile.
    Held(Option<Timestamp>),
    /// What became of the attempts that were to be recorded, in their order.
    Recorded(Vec<Recorded>),
    /// Those that waited are put off.
    PutOff,
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
            tasks: JoinSet::new(),
            in_flight: HashMap::new(),
            unrecorded: Vec::new(),
            unrecorded_since: Instant::now(),
            being_recorded: 0,
            cursor: None,
            idle_until: None,
            looked_back: Instant::now(),
            shares: WorkShares::ALL,
            clocks_moved: None,
            endpoints: Arc::default(),
            is_new: true,
        }
    }

    /// Holds no more than so many deliveries in memory for one receiver, for tests: the others wait in the store.
    #[must_use]
    pub fn with_waiting_per_receiver(mut self, most: usize) -> Worker {
        let limits = Limits { waiting_per_receiver: most, waiting_per_good: most, ..LIMITS };
        self.queues = Queues::new(limits);
        self
    }

    /// Delivers until `shutdown` is ready; attempts in flight then have a short grace.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        loop {
            let pause = self.turn().await;
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
                () = self.wake.woken() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        let finish = async {
            self.record_attempts();
            while let Some(ended) = self.tasks.join_next_with_id().await {
                self.ended(ended);
                self.record_attempts();
            }
        };
        if tokio::time::timeout(GRACE, finish).await.is_err() {
            tracing::info!(
                attempts = self.tasks.len(),
                "notifications in flight are cut off; they are sent again"
            );
        }
    }

    /// Does what can be done now, and answers how long there is nothing else to do.
    async fn turn(&mut self) -> Duration {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.ended(ended);
        }
        let gathering = self.gathering_left();
        if gathering.is_zero() {
            self.record_attempts();
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
        let clock_moves = self.wake.clock_moves();
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
        if self.wake.clock_moves() != clock_moves {
            // Some of what was due has moved past what was read: a newer event must not start before it.
            self.look_again_from(Timestamp(i64::MIN));
            return Duration::ZERO;
        }
        while self.unrecorded.len() + self.being_recorded < MOST_UNRECORDED
            && let Some((delivery, running)) = self.queues.start()
        {
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
        let pause = if gathering.is_zero() { pause } else { pause.min(gathering) };
        self.queues.rest_left().map_or(pause, |rest| pause.min(rest))
    }

    /// How long attempts that were made wait for others before they are recorded.
    fn gathering_left(&self) -> Duration {
        let recordings = usize::from(self.being_recorded > 0);
        let is_enough = self.unrecorded.len() >= MOST_RECORDED_AT_ONCE || self.tasks.len() == recordings;
        if self.unrecorded.is_empty() || is_enough {
            return Duration::ZERO;
        }
        GATHERING.saturating_sub(self.unrecorded_since.elapsed())
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
        for due in page {
            let position = (due.delivery.next_attempt, due.delivery.id);
            match self.offer(due).await? {
                Some(Offered::Held | Offered::Left) => self.cursor = Some(position),
                // The end of an attempt makes room, and brings the next turn.
                Some(Offered::NoRoom) => return Ok(Work::Done),
                None => return Ok(Work::More),
            }
        }
        if was_full {
            return Ok(Work::More);
        }
        let end = (now, i64::MAX);
        self.cursor = Some(self.cursor.map_or(end, |cursor| cursor.max(end)));
        let next = self.store.due_deliveries(Timestamp(i64::MAX), 1, self.cursor).await?;
        self.idle_until =
            Some(next.first().map_or(NextDue::Never, |next| NextDue::At(next.delivery.next_attempt)));
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
            for due in page {
                let position = (due.delivery.next_attempt, due.delivery.id);
                if self.queues.receiver_of(&due.delivery.url) == receiver {
                    match self.offer(due).await {
                        Ok(Some(Offered::Left)) => return Ok(Work::More),
                        Ok(Some(_)) => {}
                        refused => {
                            self.queues.more_at(&receiver, position);
                            return refused.map(|_| Work::More);
                        }
                    }
                }
                after = position;
            }
            if !was_full {
                self.queues.forget_if_idle(&receiver);
                return Ok(Work::More);
            }
            // What does not fit would have to be read again.
            if self.queues.is_full(&receiver) {
                break;
            }
        }
        self.queues.more_at(&receiver, following(after));
        Ok(Work::More)
    }

    /// Takes a delivery that is due, and before it the one that it waits behind, which may be due later. `None` when that
    /// one is settled by now: then another one may be the oldest.
    async fn offer(&mut self, due: DueDelivery) -> Result<Option<Offered>, ReadError> {
        let DueDelivery { delivery, behind } = due;
        if self.queues.holds(delivery.id) {
            // It need not be sent in its turn again, if that is what is being noted.
            return Ok(Some(self.queues.offer(delivery)));
        }
        let mut oldest = None;
        if let Some(behind) = behind.filter(|behind| !self.queues.holds(*behind)) {
            let stored = self.store.delivery(delivery.account_id, behind).await?;
            match stored.filter(DeliveryRecord::is_unsettled) {
                Some(stored) => oldest = Some(stored),
                None => return Ok(None),
            }
        }
        let offered = self.queues.offer(delivery);
        if let (Offered::Held, Some(oldest)) = (offered, oldest) {
            self.queues.offer_first(oldest);
        }
        Ok(Some(offered))
    }

    fn launch(&mut self, delivery: DeliveryRecord, running: Running) {
        let (store, surroundings) = (self.store.clone(), self.surroundings.clone());
        let endpoints = self.endpoints.clone();
        // In a box: it is three kilobytes, which the runtime would move a dozen times.
        let task = self.tasks.spawn(Box::pin(async move {
            // An attempt that is one too many harms less than none.
            if endpoints.holds(&store, &delivery).await.unwrap_or(false) {
                let due = delivery.next_attempt;
                let is_held = hold_while_paused(&store, &endpoints, &[delivery]).await;
                return Outcome::Held((!is_held).then_some(due));
            }
            let made = attempt(&delivery, &surroundings).await;
            Outcome::Made(Box::new(Attempted { delivery, made, is_followed: false }))
        }));
        self.in_flight.insert(task.id(), InFlight::Attempt(running));
    }

    /// Records what was made since the last time, in one commit, if the one before is done.
    fn record_attempts(&mut self) {
        if self.unrecorded.is_empty() || self.being_recorded > 0 {
            return;
        }
        let some = self.unrecorded.len().min(MOST_RECORDED_AT_ONCE);
        let (running, mut attempted): (Vec<_>, Vec<_>) = self.unrecorded.drain(..some).unzip();
        for (running, attempted) in running.iter().zip(&mut attempted) {
            attempted.is_followed = self.queues.has_behind(running);
        }
        self.being_recorded = running.len();
        let (store, endpoints) = (self.store.clone(), self.endpoints.clone());
        let (wake, clock) = (self.wake.clone(), self.surroundings.clock.clone());
        let task = self.tasks.spawn(async move {
            Outcome::Recorded(record_attempts(&store, &endpoints, &wake, &clock, attempted).await)
        });
        self.in_flight.insert(task.id(), InFlight::Recording(running));
    }

    fn ended(&mut self, ended: Result<(Id, Outcome), JoinError>) {
        let (task, outcome) = match ended {
            Ok((task, outcome)) => (task, Some(outcome)),
            Err(error) => {
                tracing::error!(%error, "an attempt of a notification broke off");
                (error.id(), None)
            }
        };
        match (self.in_flight.remove(&task), outcome) {
            (Some(InFlight::Attempt(running)), Some(Outcome::Made(attempted))) => {
                self.queues.answered(&running, !attempted.made.no_answer);
                self.queues.ended(&running, attempted.made.receiver_struggles);
                if self.unrecorded.is_empty() {
                    self.unrecorded_since = Instant::now();
                }
                self.unrecorded.push((running, *attempted));
            }
            (Some(InFlight::Attempt(running)), Some(Outcome::Held(resumed))) => {
                self.queues.ended(&running, false);
                match resumed {
                    Some(due) => self.let_go(running, Some(due)),
                    None => self.hold_behind(running),
                }
            }
            (Some(InFlight::Attempt(running)), _) => {
                self.queues.ended(&running, true);
                self.broke_off(running);
            }
            (Some(InFlight::Recording(running)), outcome) => {
                self.being_recorded = 0;
                match outcome {
                    Some(Outcome::Recorded(recorded)) => {
                        for (running, recorded) in running.into_iter().zip(recorded) {
                            self.recorded(running, recorded);
                        }
                    }
                    _ => running.into_iter().for_each(|running| self.broke_off(running)),
                }
            }
            (Some(InFlight::PuttingOff { running, waiting, next }), _) => {
                for (id, due) in waiting {
                    // A clock may have moved it meanwhile: then it is due where it was seen.
                    let seen = self.queues.put_off(id);
                    self.look_again_from(seen.map_or(due, |(seen, _)| due.min(seen)));
                }
                self.let_go(running, next);
            }
            (None, _) => {}
        }
    }

    /// An attempt is recorded, or the store did not say so.
    fn recorded(&mut self, running: Running, recorded: Recorded) {
        let Recorded { is_recorded, due, started, next, behind } = recorded;
        if !is_recorded {
            // Nobody knows what became of it.
            self.look_behind_anew(&running);
            self.queues.finish(running);
            self.look_again_from(due);
            return;
        }
        if let Some(next) = next {
            // Who waits behind one that is not settled must not start now.
            self.pass_turns(running, next, started, Some(next));
            return;
        }
        // What waits here came behind the one that is settled, and others may stand between the two in the store.
        match behind {
            Behind::Unknown => self.look_behind_anew(&running),
            Behind::Oldest { oldest, due } => {
                if self.queues.has_behind(&running) {
                    self.queues.offer_first(*oldest);
                }
                self.look_again_from(due);
            }
        }
        self.queues.finish(running);
    }

    /// The lane of a delivery that is not settled is free; what came behind it meanwhile is read again, and brings it along.
    /// It falls due at `next`, if that is known.
    fn let_go(&mut self, running: Running, next: Option<Timestamp>) {
        self.look_behind_anew(&running);
        self.finish(running);
        if let Some(next) = next {
            self.falls_due(next);
        }
    }

    /// What waits behind a delivery that is held is held too: who resumes the address frees them together.
    fn hold_behind(&mut self, running: Running) {
        let behind = self.queues.take_behind(&running);
        if behind.is_empty() {
            self.finish(running);
            return;
        }
        let waiting = behind.iter().map(|delivery| (delivery.id, delivery.next_attempt)).collect();
        let (store, endpoints) = (self.store.clone(), self.endpoints.clone());
        let task = self.tasks.spawn(async move {
            hold_while_paused(&store, &endpoints, &behind).await;
            Outcome::PutOff
        });
        self.in_flight.insert(task.id(), InFlight::PuttingOff { running, waiting, next: None });
    }

    /// A delivery that is not settled is nobody's any more. A clock may have been moved between the commit of its attempt and
    /// this: then the store was read meanwhile, and the delivery was passed over as one in flight.
    fn finish(&mut self, running: Running) {
        if let Some((seen, _)) = self.queues.finish(running) {
            self.look_again_from(seen);
        }
    }

    /// A task broke off, by a mistake in this program: it is not tried again at once.
    fn broke_off(&mut self, running: Running) {
        let now = (self.surroundings.clock)();
        self.pass_turns(running, now, now, None);
    }

    /// Something is due then that is behind the cursor when a test clock has been moved far ahead.
    fn falls_due(&mut self, next: Timestamp) {
        if self.cursor.is_some_and(|(seen, _)| next <= seen) {
            self.look_again_from(next);
        } else if let Some(idle_until) = self.idle_until {
            self.idle_until = Some(NextDue::At(idle_until.or_at(next)));
        }
    }

    /// The turns of those that wait behind an attempt pass, because it has failed and has its next turn at `older_next`. Who
    /// came after it had started has the next attempt at once. Then it is let go, to fall due at `next`.
    fn pass_turns(
        &mut self,
        running: Running,
        older_next: Timestamp,
        started: Timestamp,
        next: Option<Timestamp>,
    ) {
        let behind = self.queues.take_behind(&running);
        let (waiting, newer): (Vec<_>, Vec<_>) =
            behind.into_iter().partition(|delivery| delivery.next_attempt <= started);
        self.look_at_anew(&newer);
        if waiting.is_empty() {
            self.let_go(running, next);
            return;
        }
        let now = (self.surroundings.clock)();
        let passed = waiting.iter().map(|waiting| turns::passed(waiting, older_next, now));
        let changes: Vec<RecordChange> = passed.map(RecordChange::Notification).collect();
        let waiting = waiting.iter().map(|delivery| (delivery.id, delivery.next_attempt)).collect();
        let store = self.store.clone();
        let task = self.tasks.spawn(async move {
            record(&store, changes).await;
            Outcome::PutOff
        });
        self.in_flight.insert(task.id(), InFlight::PuttingOff { running, waiting, next });
    }

    /// What waits behind an attempt is read again.
    fn look_behind_anew(&mut self, running: &Running) {
        let behind = self.queues.take_behind(running);
        self.look_at_anew(&behind);
    }

    /// Deliveries that were taken out are read again.
    fn look_at_anew(&mut self, taken: &[DeliveryRecord]) {
        for delivery in taken {
            self.queues.put_off(delivery.id);
            self.look_again_from(delivery.next_attempt);
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
