//! What must not be kept: secrets of expired card tokens, idempotency keys past their time. And what need not be: tokens
//! that were not spent at once.

use crate::Engine;
use std::time::Duration;

/// How often it is looked for.
const EVERY: Duration = Duration::from_secs(60);
/// How much is removed in one step: small, so that payments never wait for it.
const STEP: u32 = 200;

/// Removes it, until `shutdown` is ready.
pub(crate) async fn run(engine: Engine, shutdown: impl Future<Output = ()>) {
    tokio::pin!(shutdown);
    loop {
        let now = engine.inner.clock.wall();
        let store = &engine.inner.store;
        let removed = match store.purge_expired_secrets(now, STEP).await {
            Ok(secrets) => store.purge_expired_idempotency(now, STEP).await.map(|keys| secrets.max(keys)),
            Err(error) => Err(error),
        };
        let pause = match removed {
            Ok(removed) if removed >= u64::from(STEP) => Duration::ZERO,
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
        }
    }
}
