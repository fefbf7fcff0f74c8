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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EngineOptions, seeds};
    use pasarela_domain::timestamp::DAY;
    use pasarela_store::{CheckoutChange, CheckoutKind, CheckoutRecord, CheckoutWords, RecordChange};

    /// More than one batch.
    const BROKEN: i64 = STEP as i64 + 44;

    fn timer(kind: TimerKind, subject: i64, due: Timestamp) -> Timer {
        Timer { account_id: seeds::sellers()[0].account.id, mode: Mode::Live, kind, subject, due }
    }

    /// An order that can't be read, and its timer.
    fn broken(subject: i64, due: Timestamp) -> (RecordChange, Timer) {
        let timer = timer(TimerKind::OrderExpiry, subject, due);
        let record = CheckoutRecord {
            account_id: timer.account_id,
            mode: timer.mode,
            kind: CheckoutKind::MerchantOrder,
            id: subject.to_string(),
            version: 1,
            created: due,
            updated: due,
            words: CheckoutWords::default(),
            body: b"{}".to_vec(),
            internals: b"{}".to_vec(),
        };
        (RecordChange::Checkout(CheckoutChange::Insert(record)), timer)
    }

    #[tokio::test]
    async fn more_timers_that_fail_than_a_batch_has_hold_nobody_up() {
        let engine = Engine::open(EngineOptions { development: true, ..EngineOptions::default() });
        let engine = engine.await.unwrap();
        let yesterday = engine.inner.clock.wall().plus_ms(-DAY);
        let (records, mut set_timers): (Vec<_>, Vec<_>) =
            (1..=BROKEN).map(|subject| broken(subject, yesterday)).unzip();
        // A payment that is gone: its timer is done by being taken away.
        let good = timer(TimerKind::Release, BROKEN + 1, yesterday.plus_ms(1));
        set_timers.push(good);
        engine.inner.store.commit(Changes { records, set_timers, ..Changes::default() }).await.unwrap();
        let mut aside = Aside::default();
        for _ in 0..2 {
            run_due(&engine, &mut aside).await.unwrap();
        }
        let left = engine.inner.store.due_timers(engine.inner.clock.wall(), 2 * STEP).await.unwrap();
        assert_eq!(left.len() as i64, BROKEN, "those that fail are tried again");
        assert!(!left.contains(&good));
        assert_eq!(aside.0.len() as i64, BROKEN);
        assert!(matches!(run_due(&engine, &mut aside).await, Ok(Done::OthersLater)), "later, not at once");
    }

    #[test]
    fn what_fails_again_waits_longer_up_to_the_longest_sleep() {
        let mut aside = Aside::default();
        let failing = timer(TimerKind::Expiry, 7, Timestamp(0));
        let pauses: Vec<u64> = (0..7)
            .map(|_| {
                aside.put(&failing);
                aside.0[&key(&failing)].pause.as_secs()
            })
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
        assert!(aside.waits(&failing));
        assert!(!aside.waits(&timer(TimerKind::Release, 7, Timestamp(0))));
    }
}
