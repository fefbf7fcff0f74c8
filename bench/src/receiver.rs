//! Who is told of the payments: a live receiver of webhooks, in a process of its own.

use crate::Failure;
use crate::connection::Connection;
use crate::process;
use crate::requests;
use crate::yardstick::start_role;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use axum::serve::ListenerExt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::process::Child;

/// How long the last notifications may take after a load.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks at how many have come.
const LOOK: Duration = Duration::from_millis(20);

/// A running receiver.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    /// Killed when this is dropped.
    process: Child,
}

impl Receiver {
    /// Starts this program again as the receiver.
    pub async fn start() -> Result<Receiver, Failure> {
        let (address, process) = start_role(&["receiver"]).await?;
        Ok(Receiver { address, process })
    }

    /// Where it wants to be told.
    pub fn url(&self) -> String {
        // One notification a payment: without the parameter it is told by an IPN, too.
        format!("http://{}/webhooks?source_news=webhooks", self.address)
    }

    /// Seconds of processor time that it has used.
    pub fn processor_seconds(&self) -> Result<f64, Failure> {
        process::processor_seconds(self.process.id().ok_or("the receiver has ended")?)
    }

    /// How many notifications have come in its life.
    pub async fn count(&self) -> Result<u64, Failure> {
        let mut request = Vec::new();
        requests::get(&mut request, "/count", "nobody");
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.exchange(&request).await?;
        Ok(std::str::from_utf8(answer.body)?.parse()?)
    }

    /// Waits until `count` have come; how long that took.
    pub async fn wait_for(&self, count: u64) -> Result<Duration, Failure> {
        let started = Instant::now();
        while self.count().await? < count {
            if started.elapsed() > PATIENCE {
                return Err(format!("{count} notifications did not come within {PATIENCE:?}").into());
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(started.elapsed())
    }
}

/// Answers every `POST` with 200 and counts them.
pub async fn serve() -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let count = Arc::new(AtomicU64::new(0));
    let router =
        Router::new()
            .route(
                "/count",
                get(|State(count): State<Arc<AtomicU64>>| async move {
                    count.load(Ordering::Relaxed).to_string()
                }),
            )
            .fallback(|State(count): State<Arc<AtomicU64>>, _body: axum::body::Bytes| async move {
                count.fetch_add(1, Ordering::Relaxed);
            })
            .with_state(count);
    // Errors of set_nodelay only mean a slower answer on that connection.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, router).await?;
    Ok(())
}
