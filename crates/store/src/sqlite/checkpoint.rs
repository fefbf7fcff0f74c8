//! Moves the log's pages into the database beside the writer, so that no commit waits for it.
//!
//! A checkpoint inside a commit of a large database took 190–570 ms; in small steps on a connection of its own, a
//! commit's p99 is 7–11 ms. While the writer is busy such steps never empty the log: the writer's own net
//! (`wal_autocheckpoint`) then finds little left to move and starts the log from its beginning.

use crate::sqlite::connection::{Purpose, open};
use crate::sqlite::journal::Journaled;
use crate::sqlite::reserve::Reserve;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Transactions that make a step worth its syncs, and let the pages that each of them rewrites be moved once …
const STEP_TRANSACTIONS: u64 = 64;
/// … unless it has been this long.
const STEP_INTERVAL: Duration = Duration::from_millis(250);
/// Never more often than this.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
/// After this much quiet the log is emptied, if it is larger than [`LOG_KEPT`].
const QUIET: Duration = Duration::from_secs(1);
/// A log of this size is not worth emptying.
const LOG_KEPT: u64 = 1024 * 1024;

/// How the writer tells the checkpointer that there is something to move, and the store that it shall end.
#[derive(Default)]
pub(crate) struct Signal {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Transactions committed since the last step.
    transactions: u64,
    /// The log has pages that were not there when it was last emptied.
    has_log: bool,
    stopped: bool,
}

impl Signal {
    /// A transaction was committed.
    pub(crate) fn committed(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.transactions += 1;
        state.has_log = true;
        // The first one ends an idle wait, the sixty-fourth a short one; a notification for each would wake it for nothing.
        if state.transactions == 1 || state.transactions == STEP_TRANSACTIONS {
            self.changed.notify_one();
        }
    }

    /// The checkpointer shall end.
    pub(crate) fn stop(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
        self.changed.notify_one();
    }
}

/// The thread's state.
pub(crate) struct Checkpointer {
    connection: Connection,
    log: PathBuf,
    journaled: Option<Arc<Journaled>>,
    reserve: Arc<Reserve>,
}

/// What the next moment is good for.
enum Moment {
    Step,
    Empty,
    Stop,
}

impl Checkpointer {
    /// A checkpointer of `database` and of its journal, if it has one.
    pub(crate) fn open(
        database: &std::path::Path,
        journaled: Option<Arc<Journaled>>,
        reserve: Arc<Reserve>,
    ) -> rusqlite::Result<Checkpointer> {
        let connection = open(database, Purpose::Checkpoint { durable: journaled.is_some() })?;
        // Emptying the log must not hold the writer up: if somebody is reading it, it is tried again later.
        connection.busy_timeout(Duration::ZERO)?;
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        Ok(Checkpointer { connection, log: log.into(), journaled, reserve })
    }

    /// Works until it is stopped.
    pub(crate) fn run(self, signal: &Signal) {
        loop {
            let started = Instant::now();
            let outcome = match await_moment(signal) {
                Moment::Stop => return,
                Moment::Step => self.checkpoint("PASSIVE"),
                Moment::Empty if self.log_length() <= LOG_KEPT => Ok(()),
                Moment::Empty => self.checkpoint("TRUNCATE"),
            };
            if let Err(cause) = outcome {
                // Nothing is lost: the log has everything, and grows until a later step succeeds.
                tracing::warn!(%cause, "a checkpoint failed");
            }
            if let Some(Err(cause)) = self.journaled.as_ref().map(|journaled| journaled.make_ready()) {
                // Nor here: the journal's file that is written to grows until there is another.
                tracing::warn!(%cause, "a file of the journal could not be made ready");
            }
            self.reserve.make();
            let rest = SHORTEST_PAUSE.saturating_sub(started.elapsed());
            if pause(signal, rest) {
                return;
            }
        }
    }

    fn checkpoint(&self, kind: &str) -> rusqlite::Result<()> {
        self.connection.query_row(&format!("PRAGMA wal_checkpoint({kind})"), [], |_| Ok(()))
    }

    fn log_length(&self) -> u64 {
        std::fs::metadata(&self.log).map_or(0, |log| log.len())
    }
}

/// Waits until there is enough to move, or until it has been quiet for a while.
fn await_moment(signal: &Signal) -> Moment {
    let mut state = signal.state.lock().unwrap_or_else(PoisonError::into_inner);
    let mut waited = Duration::ZERO;
    loop {
        if state.stopped {
            return Moment::Stop;
        }
        if state.transactions >= STEP_TRANSACTIONS || (state.transactions > 0 && waited >= STEP_INTERVAL) {
            state.transactions = 0;
            return Moment::Step;
        }
        if state.transactions == 0 && state.has_log && waited >= QUIET {
            state.has_log = false;
            return Moment::Empty;
        }
        let limit = if state.transactions > 0 { STEP_INTERVAL } else { QUIET };
        let before = Instant::now();
        let transactions = state.transactions;
        state = if state.has_log {
            let rest = limit.saturating_sub(waited).max(Duration::from_millis(1));
            signal.changed.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0
        } else {
            signal.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
        };
        waited = if transactions == 0 && state.transactions > 0 {
            Duration::ZERO
        } else {
            waited + before.elapsed()
        };
    }
}

/// Rests for `rest`; whether it was stopped meanwhile.
fn pause(signal: &Signal, rest: Duration) -> bool {
    let state = signal.state.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = signal.changed.wait_timeout_while(state, rest, |state| !state.stopped);
    waited.unwrap_or_else(PoisonError::into_inner).0.stopped
}
