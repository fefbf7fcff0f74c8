//! This node among those that share a store: its number in ids, and its share of the background work.

use crate::Engine;
use std::time::Duration;

/// How soon a renewal that failed is tried again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Keeps the lease until `shutdown` is ready. Where nobody else uses the store there is nothing to keep.
pub(crate) async fn run(engine: Engine, shutdown: impl Future<Output = ()>) {
    tokio::pin!(shutdown);
    let mut pause = match engine.inner.store.lease().expires_in {
        Some(lasts) => lasts / 3,
        None => return,
    };
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = match engine.renew_lease().await {
            Ok(lasts) => lasts / 3,
            Err(error) => {
                tracing::warn!(%error, "this node's lease could not be renewed; it is tried again");
                PAUSE_AFTER_FAILURE
            }
        };
    }
}

impl Engine {
    /// Keeps this node's lease for as long as it is waited for. The workers do; this is for whoever uses an engine for longer than
    /// a lease lasts and runs none.
    pub async fn keep_lease(self) {
        run(self, std::future::pending()).await;
    }

    /// Renews the lease, or takes a new one where it was lost, and goes by it. Says how long it lasts.
    async fn renew_lease(&self) -> Result<Duration, pasarela_store::ReadError> {
        let before = self.inner.store.lease();
        let lease = self.inner.store.renew_lease().await?;
        self.inner.ids.join(&lease);
        if lease.node != before.node {
            tracing::warn!(
                before = before.node,
                now = lease.node,
                "this node lost its lease, and has another number now"
            );
        }
        if lease.shares != before.shares {
            tracing::info!(
                node = lease.node,
                shares = lease.shares.0.count_ones(),
                "this node's share of the background work"
            );
            self.inner.timer_wake.notify_one();
            self.inner.delivery_wake.clock_moved();
        }
        Ok(lease.expires_in.unwrap_or(Duration::MAX))
    }

    /// Whether the store answers and this node may work on it: what a balancer asks before it sends requests here.
    pub async fn is_ready(&self) -> bool {
        self.inner.store.holds_lease() && self.inner.store.clocks_moved().await.is_ok()
    }

    /// Learns where a test account's clock is, if another node may have moved it.
    pub(crate) async fn refresh_clock(&self, account_id: i64) -> Result<(), pasarela_store::ReadError> {
        if self.inner.store.look_for_others_every().is_some() {
            let offset_ms = self.inner.store.clock_offset(account_id).await?;
            self.inner.clock.set(account_id, offset_ms);
        }
        Ok(())
    }
}
