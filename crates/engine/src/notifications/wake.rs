//! How the rest of the server tells the worker that there is something to do.

use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{DeliveryRecord, DeliveryState};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::{Notify, RwLock, RwLockReadGuard, RwLockWriteGuard};

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
    /// What is written of a retry's time is written before a clock moves, which moves it, or after.
    clocks: RwLock<()>,
}

impl Default for Wake {
    fn default() -> Wake {
        Wake {
            notify: Notify::new(),
            earliest_ms: AtomicI64::new(i64::MAX),
            handed: Mutex::default(),
            clock_moves: AtomicU64::new(0),
            clocks: RwLock::new(()),
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

    /// Takes what was handed over.
    pub(super) fn take_handed(&self) -> Vec<DeliveryRecord> {
        std::mem::take(&mut self.handed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says that deliveries may be committed of which `earliest` is the first attempt's time.
    pub(crate) fn committed_from(&self, earliest: Timestamp) {
        self.wake_from(earliest.0);
    }

    /// Says that a test account's clock is about to be moved, one at a time; [`Wake::clock_moved`] follows. What is held keeps
    /// retries from being written meanwhile.
    pub async fn clock_begins_to_move(&self) -> RwLockWriteGuard<'_, ()> {
        let alone = self.clocks.write().await;
        self.clock_moves.fetch_add(1, Ordering::AcqRel);
        alone
    }

    /// While this is held, no clock of this node begins to move.
    pub(super) async fn clocks_stand_still(&self) -> RwLockReadGuard<'_, ()> {
        self.clocks.read().await
    }

    /// Says that a test account's clock was moved: what is due may be anywhere.
    pub fn clock_moved(&self) {
        // Also without a beginning, it ends even.
        let _ =
            self.clock_moves.fetch_update(Ordering::AcqRel, Ordering::Acquire, |moves| Some((moves | 1) + 1));
        self.wake_from(i64::MIN);
    }

    /// Until the worker is woken.
    pub(super) async fn woken(&self) {
        self.notify.notified().await;
    }

    /// How many times a clock began or ceased to move: odd while one moves.
    pub(super) fn clock_moves(&self) -> u64 {
        self.clock_moves.load(Ordering::Acquire)
    }

    fn wake_from(&self, earliest_ms: i64) {
        self.earliest_ms.fetch_min(earliest_ms, Ordering::AcqRel);
        self.notify.notify_one();
    }

    /// From where on the store is to be read; `None` for nowhere.
    pub(super) fn take_earliest(&self) -> Option<Timestamp> {
        let earliest_ms = self.earliest_ms.swap(i64::MAX, Ordering::AcqRel);
        (earliest_ms != i64::MAX).then_some(Timestamp(earliest_ms))
    }
}
