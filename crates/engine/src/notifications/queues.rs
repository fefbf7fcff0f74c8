//! Which of the due deliveries goes next: receivers side by side, each resource in order, all of it bounded.
//!
//! What is here is a window on the store. A receiver (host and port) with more than [`Limits::waiting_per_receiver`]
//! due deliveries has the rest left in the store, and `more_from` says from where; nothing is lost when this is
//! dropped.

use pasarela_domain::timestamp::Timestamp;
use pasarela_store::DeliveryRecord;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;
use waiting::Waiting;

mod waiting;

/// A place in the store's order of due deliveries: next attempt, then id.
pub(super) type Position = (Timestamp, i64);

/// How much may be held and sent at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Attempts in flight. Each is a socket and some 50 kB while it lasts.
    pub running: usize,
    /// Attempts in flight at one receiver that answers well.
    pub running_per_receiver: usize,
    /// From so many in flight at such receivers on, each has a quarter of that; from twice as many on, one: who answered well
    /// and then hangs takes little from the others.
    pub crowded: usize,
    /// Attempts in flight at one receiver of which nothing is known yet, until they are crowded; then it is one.
    pub running_per_unproven: usize,
    /// Attempts in flight at all such receivers together: a hundred dead ones that nobody knows leave room.
    pub running_unproven: usize,
    /// Attempts in flight at all receivers together that did not answer, or slowly, the last time. The others always
    /// have the rest. Such a receiver gets one attempt at a time.
    pub running_struggling: usize,
    /// Deliveries held in memory for one receiver.
    pub waiting_per_receiver: usize,
    /// The same for one that answers well, so that the store is asked rarely, until [`Limits::waiting`] are held.
    pub waiting_per_good: usize,
    /// Deliveries held in memory until those that answer well have as few as the others.
    pub waiting: usize,
    /// Receivers that are known at once. With 64 deliveries each, of half a kilobyte, that is 32 MB.
    pub receivers: usize,
}

/// The limits that the worker runs with.
pub(super) const LIMITS: Limits = Limits {
    running: 448,
    running_per_receiver: 16,
    crowded: 64,
    running_per_unproven: 4,
    running_unproven: 224,
    running_struggling: 96,
    waiting_per_receiver: 64,
    waiting_per_good: 512,
    waiting: 16_384,
    receivers: 1024,
};

/// After so many attempts in a row without any answer a receiver rests: nothing is sent to it for a while. More than all
/// attempts of one delivery, so that a clock that is moved does not meet it.
const SILENT_UNTIL_REST: u32 = 10;

/// How long it rests the first time; doubled each time that it is silent still.
const FIRST_REST: Duration = Duration::from_secs(5);

/// How long it rests at most.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// What became of a delivery that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offered {
    /// It waits here now, or did already.
    Held,
    /// It stays in the store until its receiver's queue is shorter.
    Left,
    /// Too many receivers are known: offer it again later.
    NoRoom,
}

/// Notifications that must not overtake each other: a hash of what they have in common. Two lanes that share a hash by
/// chance wait for each other, which harms nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Lane(u64);

/// URLs whose receiver is remembered. Most deliveries go to a few.
const MOST_URLS: usize = 4_096;

/// Finished deliveries that are remembered, so that one is not made again that is handed over late.
const MOST_FINISHED: usize = 8_192;

/// An attempt in flight, to be handed back to [`Queues::finish`].
#[derive(Debug)]
pub(super) struct Running {
    delivery_id: i64,
    receiver: Arc<str>,
    lane: Lane,
    counted: Standing,
}

/// What is known of a receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    /// Nothing.
    #[default]
    Unproven,
    /// It answered the last attempt, and quickly.
    Good,
    /// It did not answer the last attempt, or slowly.
    Struggling,
}

/// The due deliveries that are held, by receiver.
pub(super) struct Queues {
    limits: Limits,
    /// In order, so that nothing depends on chance.
    receivers: BTreeMap<Arc<str>, Receiver>,
    /// Receivers with something waiting, in the order of their turns. Each stands here or among the parked, once.
    turns: VecDeque<Arc<str>>,
    /// Receivers with something waiting of which nothing may start now: asking each of them again at every turn would cost as
    /// much as the deliveries.
    parked: Vec<Arc<str>>,
    /// When the first of the parked that rest may start again.
    rest_ends: Option<Instant>,
    /// Ids of all that waits or is in flight.
    held: HashSet<i64>,
    finished: HashSet<i64>,
    /// Their ids in the order in which they finished.
    finished_order: VecDeque<i64>,
    receiver_of_url: HashMap<String, Arc<str>>,
    lanes: RandomState,
    /// Those of them that are in flight, with where they were offered again meanwhile.
    in_flight: HashMap<i64, Option<Position>>,
    busy_lanes: HashSet<Lane>,
    running: usize,
    running_unproven: usize,
    running_struggling: usize,
}

#[derive(Default)]
struct Receiver {
    waiting: Waiting,
    running: usize,
    standing: Standing,
    /// Attempts without an answer, one after the other.
    silent: u32,
    is_parked: bool,
    /// Until then it rests.
    rests_until: Option<Instant>,
    /// Everything due from here on is still in the store.
    more_from: Option<Position>,
}

impl Receiver {
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running == 0 && self.more_from.is_none()
    }
}

impl Queues {
    pub(super) fn new(limits: Limits) -> Queues {
        let others = limits.running_struggling + limits.running_unproven;
        assert!(others < limits.running, "healthy receivers have a share of their own");
        Queues {
            limits,
            receivers: BTreeMap::new(),
            turns: VecDeque::new(),
            parked: Vec::new(),
            rest_ends: None,
            held: HashSet::new(),
            finished: HashSet::new(),
            finished_order: VecDeque::new(),
            receiver_of_url: HashMap::new(),
            lanes: RandomState::new(),
            in_flight: HashMap::new(),
            busy_lanes: HashSet::new(),
            running: 0,
            running_unproven: 0,
            running_struggling: 0,
        }
    }

    /// Takes a due delivery, as far as there is room.
    pub(super) fn offer(&mut self, delivery: DeliveryRecord) -> Offered {
        let position = (delivery.next_attempt, delivery.id);
        if let Some(again) = self.in_flight.get_mut(&delivery.id) {
            *again = Some(again.map_or(position, |earlier| earlier.min(position)));
        }
        let key = self.receiver_of(&delivery.url);
        if self.held.contains(&delivery.id) {
            // A clock may have moved it since it was read.
            if let Some(known) = self.receivers.get_mut(&key) {
                known.waiting.replace(delivery);
            }
            return Offered::Held;
        }
        if !self.receivers.contains_key(&key) && !self.make_room() {
            return Offered::NoRoom;
        }
        let held = self.held.len();
        let receiver = self.receivers.entry(key.clone()).or_default();
        let room = self.limits.room_of(receiver.standing, held);
        // Once one is left in the store, all after it are too: a later event must not overtake it.
        if receiver.more_from.is_some() || receiver.waiting.len() >= room {
            receiver.more_from = Some(receiver.more_from.map_or(position, |from| from.min(position)));
            return Offered::Left;
        }
        self.put(&key, delivery);
        Offered::Held
    }

    fn put(&mut self, key: &Arc<str>, delivery: DeliveryRecord) {
        let receiver = self.receivers.entry(key.clone()).or_default();
        let (was_empty, is_parked) = (receiver.waiting.is_empty(), receiver.is_parked);
        self.held.insert(delivery.id);
        receiver.waiting.insert(lane(&self.lanes, &delivery), delivery);
        if was_empty {
            self.turns.push_back(key.clone());
        } else if is_parked {
            self.unpark(key);
        }
    }

    /// Whether the delivery waits or is in flight here.
    pub(super) fn holds(&self, delivery_id: i64) -> bool {
        self.held.contains(&delivery_id)
    }

    /// Takes the delivery that one which is held here waits behind, whatever room there is and whenever it is due: there is
    /// one such for each lane.
    pub(super) fn offer_first(&mut self, oldest: DeliveryRecord) {
        if !self.held.contains(&oldest.id) {
            let key = self.receiver_of(&oldest.url);
            self.put(&key, oldest);
        }
    }

    /// Whether something waits here behind an attempt in flight.
    pub(super) fn has_behind(&self, running: &Running) -> bool {
        let receiver = self.receivers.get(&running.receiver);
        receiver.is_some_and(|receiver| receiver.waiting.has_behind(running.lane, running.delivery_id))
    }

    /// Takes out what waits behind an attempt in flight, which has failed or of which nothing is known: each counts as in
    /// flight until [`Queues::put_off`].
    pub(super) fn take_behind(&mut self, running: &Running) -> Vec<DeliveryRecord> {
        let Some(receiver) = self.receivers.get_mut(&running.receiver) else { return Vec::new() };
        let behind = receiver.waiting.take_behind(running.lane, running.delivery_id);
        for delivery in &behind {
            self.in_flight.insert(delivery.id, None);
        }
        if receiver.waiting.is_empty() && !behind.is_empty() {
            receiver.is_parked = false;
            self.turns.retain(|turn| *turn != running.receiver);
            self.parked.retain(|parked| *parked != running.receiver);
        }
        behind
    }

    /// A delivery that was taken out is due at another time. Answers where it was offered meanwhile, as
    /// [`Queues::finish`] does.
    pub(super) fn put_off(&mut self, delivery_id: i64) -> Option<Position> {
        self.held.remove(&delivery_id);
        self.in_flight.remove(&delivery_id).flatten()
    }

    /// Whether an attempt of this delivery was made lately.
    pub(super) fn has_finished(&self, delivery_id: i64) -> bool {
        self.finished.contains(&delivery_id)
    }

    /// Host and port of a URL: what is slow or dead as one.
    pub(super) fn receiver_of(&mut self, url: &str) -> Arc<str> {
        if let Some(known) = self.receiver_of_url.get(url) {
            return known.clone();
        }
        if self.receiver_of_url.len() >= MOST_URLS {
            self.receiver_of_url.clear();
        }
        let receiver = receiver_of(url);
        self.receiver_of_url.insert(url.to_owned(), receiver.clone());
        receiver
    }

    /// Whether another receiver fits; forgets one that is known only because it struggled.
    fn make_room(&mut self) -> bool {
        if self.receivers.len() < self.limits.receivers {
            return true;
        }
        let idle = self.receivers.iter().find(|(_, receiver)| receiver.is_idle());
        let idle = idle.map(|(key, _)| key.clone());
        idle.is_some_and(|key| self.receivers.remove(&key).is_some())
    }

    /// The next delivery to attempt, if one may start now.
    pub(super) fn start(&mut self) -> Option<(DeliveryRecord, Running)> {
        if self.rest_ends.is_some_and(|end| end <= Instant::now()) {
            self.unpark_all();
        }
        if self.running >= self.limits.running {
            return None;
        }
        while let Some(key) = self.turns.pop_front() {
            let started = self.start_at(&key);
            if let Some(receiver) = self.receivers.get_mut(&key)
                && !receiver.waiting.is_empty()
            {
                if started.is_some() {
                    self.turns.push_back(key);
                } else {
                    receiver.is_parked = true;
                    // One whose rest is over waits for its attempt in flight, which unparks it.
                    if let Some(until) = receiver.rests_until.filter(|until| *until > Instant::now()) {
                        self.rest_ends = Some(self.rest_ends.map_or(until, |end| end.min(until)));
                    }
                    self.parked.push(key);
                }
            }
            if started.is_some() {
                return started;
            }
        }
        None
    }

    /// Something of the receiver may start again.
    fn unpark(&mut self, key: &Arc<str>) {
        if let Some(receiver) = self.receivers.get_mut(key)
            && std::mem::take(&mut receiver.is_parked)
        {
            self.parked.retain(|parked| parked != key);
            self.turns.push_back(key.clone());
        }
    }

    /// Something of any receiver may.
    fn unpark_all(&mut self) {
        self.rest_ends = None;
        for key in std::mem::take(&mut self.parked) {
            if let Some(receiver) = self.receivers.get_mut(&key) {
                receiver.is_parked = false;
                self.turns.push_back(key);
            }
        }
    }

    fn start_at(&mut self, key: &Arc<str>) -> Option<(DeliveryRecord, Running)> {
        let receiver = self.receivers.get_mut(key)?;
        if receiver.rests_until.is_some_and(|until| until > Instant::now()) {
            return None;
        }
        let (limits, running_good) =
            (&self.limits, self.running - self.running_struggling - self.running_unproven);
        let is_full = match receiver.standing {
            Standing::Struggling => {
                receiver.running > 0 || self.running_struggling >= limits.running_struggling
            }
            Standing::Unproven => {
                receiver.running >= limits.of_one_that_is_unproven(self.running_unproven)
                    || self.running_unproven >= limits.running_unproven
            }
            Standing::Good => receiver.running >= limits.of_one_that_is_good(running_good),
        };
        if is_full {
            return None;
        }
        let (lane, delivery) = receiver.waiting.take_first(&self.busy_lanes)?;
        let counted = receiver.standing;
        receiver.running += 1;
        self.running += 1;
        self.running_struggling += usize::from(counted == Standing::Struggling);
        self.running_unproven += usize::from(counted == Standing::Unproven);
        self.busy_lanes.insert(lane);
        self.in_flight.insert(delivery.id, None);
        let running = Running { delivery_id: delivery.id, receiver: key.clone(), lane, counted };
        Some((delivery, running))
    }

    /// An attempt ended: its receiver may have another one, its lane waits until it is recorded. `struggling` says that no
    /// answer came, or a slow one.
    pub(super) fn ended(&mut self, running: &Running, struggling: bool) {
        self.running -= 1;
        self.running_struggling -= usize::from(running.counted == Standing::Struggling);
        self.running_unproven -= usize::from(running.counted == Standing::Unproven);
        if let Some(receiver) = self.receivers.get_mut(&running.receiver) {
            receiver.running -= 1;
            receiver.standing = if struggling { Standing::Struggling } else { Standing::Good };
            if receiver.is_idle() && !struggling {
                self.receivers.remove(&running.receiver);
            }
        }
        if self.gives_room(running.counted) {
            self.unpark_all();
        } else {
            self.unpark(&running.receiver);
        }
    }

    /// Whether the end of an attempt that was counted so lets attempts at other receivers start: it took from what is shared.
    const fn gives_room(&self, counted: Standing) -> bool {
        let limits = &self.limits;
        match counted {
            Standing::Good => self.running_good() + 1 >= limits.crowded,
            Standing::Unproven => {
                let before = self.running_unproven + 1;
                before == limits.crowded || before >= limits.running_unproven
            }
            Standing::Struggling => self.running_struggling + 1 >= limits.running_struggling,
        }
    }

    /// What an attempt saw that has ended is recorded, or never will be. Answers where the delivery was offered while it was
    /// in flight: it may be due there again, with nobody else to offer it.
    pub(super) fn finish(&mut self, running: Running) -> Option<Position> {
        let again = self.in_flight.remove(&running.delivery_id).flatten();
        self.held.remove(&running.delivery_id);
        if self.finished.insert(running.delivery_id) {
            self.finished_order.push_back(running.delivery_id);
        }
        if self.finished_order.len() > MOST_FINISHED
            && let Some(oldest) = self.finished_order.pop_front()
        {
            self.finished.remove(&oldest);
        }
        self.busy_lanes.remove(&running.lane);
        self.unpark(&running.receiver);
        again
    }

    /// Says whether an attempt got any answer, before it has ended. A receiver that gives none for long rests.
    pub(super) fn answered(&mut self, running: &Running, has_answered: bool) {
        let Some(receiver) = self.receivers.get_mut(&running.receiver) else { return };
        if has_answered {
            (receiver.silent, receiver.rests_until) = (0, None);
            return;
        }
        receiver.silent = receiver.silent.saturating_add(1);
        receiver.rests_until = rest_after(receiver.silent).map(|rest| Instant::now() + rest);
    }

    /// How long the first of the receivers that rest and have something waiting still rests.
    pub(super) fn rest_left(&self) -> Option<Duration> {
        self.rest_ends.map(|end| end.saturating_duration_since(Instant::now()))
    }

    const fn running_good(&self) -> usize {
        self.running - self.running_struggling - self.running_unproven
    }

    /// A receiver whose queue is short while more of its deliveries are due in the store, and from where on. They are
    /// to be offered in order; the mark is taken away with this, and set again by what does not fit or by
    /// [`Queues::more_at`].
    pub(super) fn take_refill(&mut self) -> Option<(Arc<str>, Position)> {
        let (limits, held) = (&self.limits, self.held.len());
        let is_short =
            |receiver: &Receiver| receiver.waiting.len() <= limits.room_of(receiver.standing, held) / 2;
        let mut wanting = self.receivers.iter_mut();
        let (key, receiver) =
            wanting.find(|(_, receiver)| receiver.more_from.is_some() && is_short(receiver))?;
        let from = receiver.more_from.take()?;
        Some((key.clone(), from))
    }

    /// Whether as many wait for the receiver as may.
    pub(super) fn is_full(&self, receiver: &Arc<str>) -> bool {
        let known = self.receivers.get(receiver);
        known.is_some_and(|known| known.waiting.len() >= self.limits.room_of(known.standing, self.held.len()))
    }

    /// Says that more of the receiver's deliveries are due in the store, from `position` on.
    pub(super) fn more_at(&mut self, receiver: &Arc<str>, position: Position) {
        let receiver = self.receivers.entry(receiver.clone()).or_default();
        receiver.more_from = Some(receiver.more_from.map_or(position, |from| from.min(position)));
    }

    /// Forgets all that waits, here and in the store; what is in flight goes on.
    pub(super) fn forget_waiting(&mut self) {
        self.turns.clear();
        self.parked.clear();
        self.rest_ends = None;
        self.held.retain(|id| self.in_flight.contains_key(id));
        for receiver in self.receivers.values_mut() {
            receiver.waiting.clear();
            receiver.is_parked = false;
            receiver.more_from = None;
        }
        self.receivers.retain(|_, receiver| !receiver.is_idle() || receiver.standing == Standing::Struggling);
    }

    /// Forgets a receiver about which there is nothing to remember.
    pub(super) fn forget_if_idle(&mut self, receiver: &Arc<str>) {
        if self
            .receivers
            .get(receiver)
            .is_some_and(|known| known.is_idle() && known.standing != Standing::Struggling)
        {
            self.receivers.remove(receiver);
        }
    }
}

impl Limits {
    /// How many may be held for a receiver, while `held` are for all.
    const fn room_of(&self, standing: Standing, held: usize) -> usize {
        match standing {
            Standing::Good if held < self.waiting => self.waiting_per_good,
            Standing::Good | Standing::Unproven | Standing::Struggling => self.waiting_per_receiver,
        }
    }

    /// How many one receiver of which nothing is known may have, while `running_unproven` are in flight at all such.
    const fn of_one_that_is_unproven(&self, running_unproven: usize) -> usize {
        if running_unproven >= self.crowded { 1 } else { self.running_per_unproven }
    }

    /// How many one receiver that answers well may have, while `running_good` are in flight at all such.
    const fn of_one_that_is_good(&self, running_good: usize) -> usize {
        if running_good >= 2 * self.crowded {
            1
        } else if running_good >= self.crowded {
            self.running_per_receiver.div_ceil(4)
        } else {
            self.running_per_receiver
        }
    }
}

/// How long a receiver rests after so many attempts without an answer.
fn rest_after(silent: u32) -> Option<Duration> {
    let rests = silent.checked_sub(SILENT_UNTIL_REST)?;
    Some(FIRST_REST.saturating_mul(1 << rests.min(8)).min(LONGEST_REST))
}

fn lane(hasher: &RandomState, delivery: &DeliveryRecord) -> Lane {
    let number = delivery.channel as u8;
    Lane(hasher.hash_one((number, &delivery.url, &delivery.topic, &delivery.resource_id)))
}

fn receiver_of(url: &str) -> Arc<str> {
    let parsed = Url::parse(url).ok();
    let parts = parsed.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    match parts {
        Some((host, port)) => format!("{host}:{port}").into(),
        // Fails at once, and alone.
        None => url.into(),
    }
}

#[cfg(test)]
mod tests;
