//! Many histories, one seed after the other, on several threads.

use crate::fate::Breakage;
use crate::history::{Outcome, run};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Which histories are run, and until when.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// The first seed; the others follow it.
    pub first_seed: u64,
    /// How many histories at most.
    pub histories: u64,
    /// How long at most.
    pub time: Duration,
    /// On how many threads.
    pub threads: usize,
    /// What is broken on purpose.
    pub breakage: Option<Breakage>,
}

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Histories that ended.
    pub histories: u64,
    /// Wishes of clients.
    pub wishes: u64,
    /// Calls of the store.
    pub steps: u64,
    /// Commits that were held against the promises.
    pub commits: u64,
    /// Processes that died.
    pub deaths: u64,
    /// Notifications that came to their receivers.
    pub messages: u64,
}

#[derive(Default)]
struct Counters {
    next: AtomicU64,
    tally: Mutex<Tally>,
    finding: Mutex<Option<Outcome>>,
    is_over: AtomicBool,
}

impl Campaign {
    /// Runs until a promise is broken, the histories are done or time is up. Answers what was done, and the history with
    /// the smallest seed of those that broke a promise.
    pub fn run(&self, progress: impl Fn(&Tally)) -> (Tally, Option<Outcome>) {
        let counters = Counters::default();
        let started = Instant::now();
        std::thread::scope(|scope| {
            let workers: Vec<_> =
                (0..self.threads.max(1)).map(|_| scope.spawn(|| self.work(&counters, started))).collect();
            while workers.iter().any(|worker| !worker.is_finished()) {
                std::thread::park_timeout(Duration::from_millis(100));
                progress(&tally(&counters));
            }
        });
        let finding = counters.finding.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        (tally(&counters), finding)
    }

    fn work(&self, counters: &Counters, started: Instant) {
        while !counters.is_over.load(Ordering::Relaxed) && started.elapsed() < self.time {
            let number = counters.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.histories {
                return;
            }
            let outcome = run(self.first_seed.wrapping_add(number), self.breakage, false);
            count(counters, &outcome);
            if outcome.broken.is_some() {
                counters.is_over.store(true, Ordering::Relaxed);
                let mut finding = counters.finding.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if finding.as_ref().is_none_or(|found| found.seed > outcome.seed) {
                    *finding = Some(outcome);
                }
            }
        }
    }
}

fn tally(counters: &Counters) -> Tally {
    *counters.tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn count(counters: &Counters, outcome: &Outcome) {
    let mut tally = counters.tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    tally.histories += 1;
    tally.wishes += outcome.wishes;
    tally.steps += outcome.steps;
    tally.commits += outcome.commits;
    tally.deaths += u64::from(outcome.deaths);
    tally.messages += outcome.messages;
}
