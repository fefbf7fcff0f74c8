//! What ends by itself after long: test users that nobody uses, invitations that ran out.

use crate::Engine;
use std::time::Duration;

/// How often it is looked for: what is measured in days is in no hurry.
const EVERY: Duration = Duration::from_secs(3_600);

/// Ends it, until `shutdown` is ready.
pub(crate) async fn run(engine: Engine, shutdown: impl Future<Output = ()>) {
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        if let Err(error) = engine.end_unused_test_users().await {
            tracing::warn!(%error, "unused test users could not be ended; it is tried again");
        }
        if let Err(error) = engine.forget_invitations().await {
            tracing::warn!(%error, "invitations that ran out could not be forgotten; it is tried again");
        }
    }
}
