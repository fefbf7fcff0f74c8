//! What must not be kept: secrets of expired card tokens, idempotency keys and sessions past their time. And what need not be: tokens
//! that were not spent at once, and the history of notifications after its time.

use crate::Engine;
use std::time::Duration;

/// How often it is looked for.
const EVERY: Duration = Duration::from_secs(60);
/// How much is removed in one step: small, so that payments never wait for it.
const STEP: u32 = 200;

/// After so many such times the history is looked at: once in a quarter of an hour.
const ROUNDS_UNTIL_HISTORY: u32 = 15;

/// Removes it, until `shutdown` is ready.
pub(crate) async fn run(engine: Engine, shutdown: impl Future<Output = ()>) {
    tokio::pin!(shutdown);
    let mut rounds = 0;
    loop {
        let now = engine.inner.clock.wall();
        let store = &engine.inner.store;
        let is_more = engine.forget_expired_sessions(STEP).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "old sessions could not be forgotten; it is tried again");
            false
        });
        let removed = match store.purge_expired_secrets(now, STEP).await {
            Ok(secrets) => store.purge_expired_idempotency(now, STEP).await.map(|keys| secrets.max(keys)),
            Err(error) => Err(error),
        };
        let pause = match removed {
            Ok(removed) if is_more || removed >= u64::from(STEP) => Duration::ZERO,
            Ok(_) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "expired secrets could not be removed; it is tried again");
                EVERY
            }
        };
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            () = tokio::time::sleep(pause) => {}
        }
        if pause == EVERY {
            engine.inner.fresh_tokens.age();
            rounds += 1;
        }
        if rounds >= ROUNDS_UNTIL_HISTORY {
            rounds = match engine.forget_old_notifications().await {
                Ok(true) => ROUNDS_UNTIL_HISTORY,
                Ok(false) => 0,
                Err(error) => {
                    tracing::warn!(%error, "old notifications could not be forgotten; it is tried again");
                    0
                }
            };
        }
    }
}
