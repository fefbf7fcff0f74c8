//! Timers: what falls due is done through the same decisions as everything else.

use crate::payments::{Decided, not_found, overdrawn};
use crate::{Engine, Failure};
use pasarela_domain::identity::Mode;
use pasarela_domain::payment::lifecycle;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{Changes, Timer, TimerKind};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::time::Instant;

/// How many timers are taken at a time.
const STEP: u32 = 256;
/// The longest sleep: a clock that is set forward from outside is noticed after this, and a timer that is due later
/// than this needs to wake nobody when it is set.
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How long to wait after a failure; doubled each time that a timer fails again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Timers that failed and are known at once: 4,096 of a hundred bytes. Only more than these hold others up.
const MOST_ASIDE: usize = 4_096;

/// The pause while another node may do this one's work.
const PAUSE_WITHOUT_LEASE: Duration = Duration::from_millis(200);

/// Does what falls due until `shutdown` is ready.
pub(crate) async fn run(engine: Engine, shutdown: impl Future<Output = ()>) {
    tokio::pin!(shutdown);
    let mut aside = Aside::default();
    loop {
        let sleep = match run_due(&engine, &mut aside).await {
            _ if !engine.inner.store.holds_lease() => PAUSE_WITHOUT_LEASE,
            Ok(Done::Some) => Duration::ZERO,
            Ok(Done::Nothing) => until_next(&engine).await,
            Ok(Done::OthersLater) => PAUSE_AFTER_FAILURE,
            Err(failure) => {
                tracing::warn!(%failure, "timers could not be read; they are tried again");
                PAUSE_AFTER_FAILURE
            }
        };
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            () = engine.inner.timer_wake.notified() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

async fn until_next(engine: &Engine) -> Duration {
    let longest = engine.inner.store.look_for_others_every().unwrap_or(LONGEST_SLEEP);
    match engine.inner.store.next_wake().await {
        Ok(Some(at)) => {
            let ms = u64::try_from(at.0 - engine.inner.clock.wall().0).unwrap_or(0);
            Duration::from_millis(ms).min(longest)
        }
        Ok(None) => longest,
        Err(_) => PAUSE_AFTER_FAILURE,
    }
}

/// What a batch came to.
enum Done {
    /// Something was done: there may be more.
    Some,
    /// Nothing was due.
    Nothing,
    /// All that is due has failed before, and is tried again later.
    OthersLater,
}

/// Which one of an account's timers.
type Key = (i64, Mode, u8, i64);

/// Timers that failed: they are tried again later and later, and hold up nobody else's meanwhile.
#[derive(Default)]
struct Aside(HashMap<Key, Failed>);

struct Failed {
    pause: Duration,
    again_at: Instant,
}

impl Aside {
    fn waits(&self, timer: &Timer) -> bool {
        self.0.get(&key(timer)).is_some_and(|failed| failed.again_at > Instant::now())
    }

    fn put(&mut self, timer: &Timer) {
        let before = self.0.get(&key(timer)).map(|failed| failed.pause);
        if before.is_none() && self.0.len() >= MOST_ASIDE {
            return;
        }
        let pause = before.map_or(PAUSE_AFTER_FAILURE, |before| (before * 2).min(LONGEST_SLEEP));
        self.0.insert(key(timer), Failed { pause, again_at: Instant::now() + pause });
    }
}

fn key(timer: &Timer) -> Key {
    (timer.account_id, timer.mode, timer.kind as u8, timer.subject)
}

/// Does one batch of what is due.
async fn run_due(engine: &Engine, aside: &mut Aside) -> Result<Done, Failure> {
    // Beyond those that are aside there is room for as many others.
    let limit = STEP + aside.0.len() as u32;
    let due = engine.inner.store.due_timers(engine.inner.clock.wall(), limit).await?;
    if (due.len() as u32) < limit {
        // What is aside and not due any more was done by somebody else.
        let still: HashSet<Key> = due.iter().map(key).collect();
        aside.0.retain(|key, _| still.contains(key));
    }
    let mut done = if due.is_empty() { Done::Nothing } else { Done::OthersLater };
    for timer in due.iter().filter(|timer| !aside.waits(timer)).take(STEP as usize).collect::<Vec<_>>() {
        if !engine.inner.store.holds_lease() {
            break;
        }
        // One payment that can't be done holds up nobody else's.
        match fire(engine, timer).await {
            Ok(()) => {
                aside.0.remove(&key(timer));
                done = Done::Some;
            }
            Err(cause) => {
                tracing::warn!(subject = timer.subject, %cause, "a timer could not be done; it is tried again");
                aside.put(timer);
            }
        }
    }
    Ok(done)
}

async fn fire(engine: &Engine, timer: &Timer) -> Result<(), Failure> {
    if timer.mode == Mode::Test {
        engine.refresh_clock(timer.account_id).await?;
    }
    let now = engine.inner.clock.now(timer.account_id, timer.mode).max(timer.due);
    engine.fire(timer, now).await
}

impl Engine {
    /// Does what the timer is for, at `now`, and removes it, in one commit: who fires it a second time, or sets it anew
    /// meanwhile, finds another version of the payment.
    pub(crate) async fn fire(&self, timer: &Timer, now: Timestamp) -> Result<(), Failure> {
        if timer.kind == TimerKind::OrderExpiry {
            return self.expire_order(timer, now).await;
        }
        let decided = self
            .decide_at(timer.account_id, timer.mode, timer.subject, None, now, |state, context| {
                Ok(match timer.kind {
                    TimerKind::Expiry => lifecycle::expire_when_due(state, context),
                    TimerKind::Release => lifecycle::release(state, context),
                    TimerKind::OrderExpiry => state.unchanged(),
                })
            })
            .await;
        match decided {
            Ok(Decided::Done { .. }) => Ok(()),
            Ok(Decided::Overdrawn(account)) => Err(overdrawn(account)),
            Ok(Decided::KeyTaken(_)) => Err(Failure::Internal("a timer has no idempotency key".to_owned())),
            // A timer whose payment is gone has nothing to do.
            Err(Failure::Refused(refusal)) if refusal == not_found() => {
                let changes = Changes { clear_timers: vec![*timer], ..Changes::default() };
                Ok(self.inner.store.commit(changes).await?)
            }
            Err(failure) => Err(failure),
        }
    }
}
