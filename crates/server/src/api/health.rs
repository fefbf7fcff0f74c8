//! What balancers and supervisors ask.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use pasarela_engine::Engine;

/// `GET /health`: the process lives. `GET /health/ready`: it may be sent requests.
pub(super) fn routes() -> Router<Engine> {
    Router::new().route("/health", get(|| async { "ok" })).route("/health/ready", get(ready))
}

/// 200 while the store answers and this node may write to it, else 503.
async fn ready(State(engine): State<Engine>) -> (StatusCode, &'static str) {
    match engine.is_ready().await {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    }
}
