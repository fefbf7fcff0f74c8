//! The world's time: the wall clock of a history, which goes on with the runtime's time and is set by the simulation.

use crate::random::Random;
use pasarela_domain::timestamp::Timestamp;
use pasarela_engine::Nature;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// What is behind the lock of somebody who may have panicked: a panic ends the history anyway.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The wall clock. The runtime's time is paused and goes on only when nobody has anything to do.
pub(crate) struct WallClock(Mutex<Hands>);

struct Hands {
    set_to: Timestamp,
    /// Since when it goes on; stopped while no process runs.
    since: Option<Instant>,
}

impl WallClock {
    pub(crate) fn new(start: Timestamp) -> WallClock {
        WallClock(Mutex::new(Hands { set_to: start, since: None }))
    }

    pub(crate) fn now(&self) -> Timestamp {
        lock(&self.0).now()
    }

    /// Somebody sets the clock forward or back.
    pub(crate) fn turn(&self, by_ms: i64) {
        let mut hands = lock(&self.0);
        hands.set_to = hands.set_to.plus_ms(by_ms);
    }

    /// A process has started, or it has ended.
    pub(crate) fn runs(&self, runs: bool) {
        let mut hands = lock(&self.0);
        hands.set_to = hands.now();
        hands.since = runs.then(Instant::now);
    }
}

impl Hands {
    fn now(&self) -> Timestamp {
        let passed = self.since.map(|since| since.elapsed()).unwrap_or_default();
        // A history lasts for months at most.
        self.set_to.plus_ms(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX))
    }
}

/// What the engine sees of it, with the random words from `words`.
pub(crate) fn nature(wall: &Arc<WallClock>, words: Random) -> Nature {
    let (wall, words) = (wall.clone(), Mutex::new(words));
    Nature {
        wall: Arc::new(move || wall.now()),
        chance: Arc::new(move |bytes: &mut [u8]| lock(&words).fill(bytes)),
    }
}
