//! Timers: what falls due is done through the same decisions as everything else.

use crate::payments::{Decided, not_found};
use crate::{Engine, Failure, clock};
use pasarela_domain::ledger::{AccountKind, LedgerAccount};
use pasarela_domain::payment::lifecycle;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{Changes, Timer, TimerKind};
use std::time::Duration;

/// How many timers are taken at a time.
const STEP: u32 = 256;
/// The longest sleep: a clock that is set forward from outside is noticed after this.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How long to wait after a failure of the store.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Does what falls due until `shutdown` is ready.
pub(crate) async fn run(engine: Engine, shutdown: impl Future<Output = ()>) {
    tokio::pin!(shutdown);
    loop {
        let sleep = match run_due(&engine).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => until_next(&engine).await,
            Err(failure) => {
                tracing::warn!(%failure, "a timer could not be done; it is tried again");
                PAUSE_AFTER_FAILURE
            }
        };
        tokio::select! {
            () = &mut shutdown => return,
            () = engine.inner.timer_wake.notified() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

async fn until_next(engine: &Engine) -> Duration {
    match engine.inner.store.next_wake().await {
        Ok(Some(at)) => {
            let ms = u64::try_from(at.0 - clock::wall().0).unwrap_or(0);
            Duration::from_millis(ms).min(LONGEST_SLEEP)
        }
        Ok(None) => LONGEST_SLEEP,
        Err(_) => PAUSE_AFTER_FAILURE,
    }
}

/// Does one batch of what is due; whether there was anything.
async fn run_due(engine: &Engine) -> Result<bool, Failure> {
    let due = engine.inner.store.due_timers(clock::wall(), STEP).await?;
    for timer in &due {
        let now = engine.inner.clock.now(timer.account_id, timer.mode).max(timer.due);
        engine.fire(timer, now).await?;
    }
    Ok(!due.is_empty())
}

impl Engine {
    /// Does what the timer is for, at `now`, and removes it.
    pub(crate) async fn fire(&self, timer: &Timer, now: Timestamp) -> Result<(), Failure> {
        let debt_minor = match timer.kind {
            TimerKind::Expiry => 0,
            TimerKind::Release => self.seller_debt(timer).await?,
        };
        let decided = self
            .decide_at(timer.account_id, timer.mode, timer.subject, None, now, |state, context| {
                Ok(match timer.kind {
                    TimerKind::Expiry => lifecycle::expire(state, context),
                    TimerKind::Release => lifecycle::release(state, debt_minor, context),
                })
            })
            .await;
        match decided {
            Ok(Decided::Done { .. } | Decided::KeyTaken(_)) => {}
            // A timer whose payment is gone has nothing to do.
            Err(Failure::Refused(refusal)) if refusal == not_found() => {}
            Err(failure) => return Err(failure),
        }
        // The decision cleared it where something happened; where nothing did, it is cleared here.
        let changes = Changes { clear_timers: vec![*timer], ..Changes::default() };
        Ok(self.inner.store.commit(changes).await?)
    }

    async fn seller_debt(&self, timer: &Timer) -> Result<i64, Failure> {
        let Some(account) = self.account(timer.account_id).await? else { return Ok(0) };
        let debt = LedgerAccount::of(AccountKind::SellerReceivable, timer.account_id);
        Ok(self.inner.store.balance(timer.mode, account.site.currency(), debt).await?.max(0))
    }
}
