//! The load generator: a number of connections, each sending its next request when it has the answer to the last.

use crate::Failure;
use crate::connection::Connection;
use hdrhistogram::Histogram;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What one request is: writes number `n` into the buffer, or says that there are no more.
pub type Requests = Arc<dyn Fn(usize, &mut Vec<u8>) -> bool + Send + Sync>;

/// What is kept of an answer's body: a token's id, say.
pub type Keep = fn(&[u8]) -> Option<String>;

/// How hard and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Connections at once.
    pub connections: usize,
    /// No request starts after this.
    pub duration: Duration,
    /// What to keep of each answer.
    pub keep: Option<Keep>,
}

/// What came of a load.
#[derive(Debug)]
pub struct Outcome {
    /// Answers with a 2xx status.
    pub answered: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Microseconds per answer.
    pub latency: Histogram<u64>,
    /// Bytes of the last body seen.
    pub body_bytes: usize,
    /// What was kept.
    pub kept: Vec<String>,
}

impl Outcome {
    /// Answers per second.
    pub fn per_second(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency below which `share` (0–1) of the answers came, in microseconds.
    pub fn quantile_us(&self, share: f64) -> f64 {
        self.latency.value_at_quantile(share) as f64
    }
}

/// Puts `load` on the server at `address`.
///
/// # Errors
/// When a connection breaks or any answer is not 2xx: a measurement of refusals is worth nothing.
pub async fn run(address: SocketAddr, load: Load, requests: Requests) -> Result<Outcome, Failure> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut connections = Vec::with_capacity(load.connections);
    for _ in 0..load.connections {
        connections.push(Connection::open(address).await?);
    }
    let started = Instant::now();
    let workers: Vec<_> = connections
        .into_iter()
        .map(|connection| tokio::spawn(work(connection, load, started, next.clone(), requests.clone())))
        .collect();
    let mut whole = Outcome {
        answered: 0,
        elapsed: Duration::ZERO,
        latency: histogram(),
        body_bytes: 0,
        kept: Vec::new(),
    };
    for worker in workers {
        let part = worker.await??;
        whole.answered += part.answered;
        whole.elapsed = whole.elapsed.max(part.elapsed);
        whole.latency.add(&part.latency)?;
        whole.body_bytes = whole.body_bytes.max(part.body_bytes);
        whole.kept.extend(part.kept);
    }
    Ok(whole)
}

async fn work(
    mut connection: Connection,
    load: Load,
    started: Instant,
    next: Arc<AtomicUsize>,
    requests: Requests,
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome {
        answered: 0,
        elapsed: Duration::ZERO,
        latency: histogram(),
        body_bytes: 0,
        kept: Vec::new(),
    };
    let mut request = Vec::with_capacity(2 << 10);
    loop {
        let sent = Instant::now();
        if sent.duration_since(started) >= load.duration {
            break;
        }
        request.clear();
        if !requests(next.fetch_add(1, Ordering::Relaxed), &mut request) {
            break;
        }
        let answer = connection.exchange(&request).await?;
        if !(200..300).contains(&answer.status) {
            let body = String::from_utf8_lossy(answer.body);
            return Err(format!("an answer was {}: {body}", answer.status).into());
        }
        outcome.latency.record(u64::try_from(sent.elapsed().as_micros())?.max(1))?;
        outcome.answered += 1;
        outcome.body_bytes = answer.body.len();
        if let Some(keep) = load.keep {
            outcome.kept.extend(keep(answer.body));
        }
    }
    outcome.elapsed = started.elapsed();
    Ok(outcome)
}

fn histogram() -> Histogram<u64> {
    // 1 µs to 60 s at three digits: about 200 kB each, and the bounds are constants that `new_with_bounds` accepts.
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("constant bounds are valid")
}
