//! Timers: what falls due is done through the same decisions as everything else.

use crate::payments::{Decided, not_found, overdrawn};
use crate::{Engine, Failure};
use pasarela_domain::identity::Mode;
use pasarela_domain::payment::lifecycle;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{Changes, Timer, TimerKind};
use std::time::Duration;

/// How many timers are taken at a time.
const STEP: u32 = 256;
/// The longest sleep: a clock that is set forward from outside is noticed after this, and a timer that is due later
/// than this needs to wake nobody when it is set.
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How long to wait after a failure of the store.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The pause while another node may do this one's work.
const PAUSE_WITHOUT_LEASE: Duration = Duration::from_millis(200);

/// Does what falls due until `shutdown` is ready.
pub(crate) async fn run(engine: Engine, shutdown: impl Future<Output = ()>) {
    tokio::pin!(shutdown);
    loop {
        let sleep = match run_due(&engine).await {
            _ if !engine.inner.store.holds_lease() => PAUSE_WITHOUT_LEASE,
            Ok(true) => Duration::ZERO,
            Ok(false) => until_next(&engine).await,
            Err(failure) => {
                tracing::warn!(%failure, "a timer could not be done; it is tried again");
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

/// Does one batch of what is due; whether there was anything.
async fn run_due(engine: &Engine) -> Result<bool, Failure> {
    let due = engine.inner.store.due_timers(engine.inner.clock.wall(), STEP).await?;
    let mut failure = None;
    for timer in &due {
        if !engine.inner.store.holds_lease() {
            break;
        }
        if timer.mode == Mode::Test {
            engine.refresh_clock(timer.account_id).await?;
        }
        let now = engine.inner.clock.now(timer.account_id, timer.mode).max(timer.due);
        // One payment that can't be done holds up nobody else's.
        if let Err(cause) = engine.fire(timer, now).await {
            tracing::warn!(payment = timer.subject, %cause, "a payment's timer could not be done");
            failure = Some(cause);
        }
    }
    failure.map_or(Ok(!due.is_empty()), Err)
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
