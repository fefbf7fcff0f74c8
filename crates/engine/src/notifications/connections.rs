//! Connections to receivers, kept between messages.
//!
//! A connection is driven by whoever uses it and by nobody while it is kept: a task of its own would cost two more
//! hand-overs between threads for each message.

use super::address_guard::Target;
use super::sender::SendFailure;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};

/// How long a connection waits for the next message. Most servers keep theirs for five seconds or more, so that it is
/// mostly we who close; those that serve one connection at a time are not held up for long.
const KEEP: Duration = Duration::from_secs(2);

/// How many connections are kept for one receiver: about what it is sent at once.
const MOST_OF_ONE: usize = 16;

/// How many are kept in all. Each is a socket and some 10 kB.
const MOST: usize = 256;

/// How much of an answer's body is read before the connection is closed. Its first bytes are shown in the history; a
/// receiver that is cut off while it writes would log an error.
const MOST_BODY_BYTES: usize = 4 * 1024;

/// How long the body may take after the head, for the same reason.
const BODY_TIMEOUT: Duration = Duration::from_secs(1);

/// Room for the answer's head: enough for every ordinary receiver, and a bound on what a hostile one can make us hold.
/// (The number of headers has hyper's own limit of 100.)
const HEAD_BUFFER_BYTES: usize = 32 * 1024;

/// A connection to a receiver. Dropping it closes it.
pub(super) struct Connection {
    requests: SendRequest<Full<Bytes>>,
    /// Reads and writes for `requests`; `None` once the connection has ended.
    running: Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
}

impl Connection {
    /// A connection on `stream`.
    ///
    /// # Errors
    /// [`SendFailure::BadAnswer`] when the stream has ended already.
    pub(super) async fn on<S>(stream: S) -> Result<Connection, SendFailure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (requests, running) = http1::Builder::new()
            .max_buf_size(HEAD_BUFFER_BYTES)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|_| SendFailure::BadAnswer)?;
        Ok(Connection { requests, running: Some(Box::pin(running)) })
    }

    /// Posts `request`; `None` without a valid answer.
    pub(super) async fn post(&mut self, request: Request<Full<Bytes>>) -> Option<Response<Incoming>> {
        let answer = self.requests.send_request(request);
        drive(&mut self.running, answer).await.ok()
    }

    /// Reads an answer's body, the first bytes of it. Says whether the connection is good for another message.
    pub(super) async fn drain(&mut self, mut body: Incoming) -> (Vec<u8>, bool) {
        let mut bytes = Vec::new();
        if body.is_end_stream() {
            return (bytes, self.is_ready().await);
        }
        let read = async {
            while bytes.len() < MOST_BODY_BYTES {
                match body.frame().await {
                    Some(Ok(frame)) => bytes.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new())),
                    Some(Err(_)) => return false,
                    None => return true,
                }
            }
            false
        };
        // The status has decided; a body that hangs changes nothing.
        let whole = tokio::time::timeout(BODY_TIMEOUT, drive(&mut self.running, read)).await;
        let is_good = whole.unwrap_or(false) && self.is_ready().await;
        (bytes, is_good)
    }

    /// Whether another message can be posted at once.
    async fn is_ready(&mut self) -> bool {
        let at_once = poll_fn(|context| Poll::Ready(self.requests.poll_ready(context)));
        matches!(drive(&mut self.running, at_once).await, Poll::Ready(Ok(()))) && self.running.is_some()
    }
}

/// Runs the connection until `outcome` is there.
async fn drive<F: Future>(
    running: &mut Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
    outcome: F,
) -> F::Output {
    let mut outcome = pin!(outcome);
    poll_fn(|context| {
        // What goes wrong with the connection shows in the outcome.
        if running.as_mut().is_some_and(|running| running.as_mut().poll(context).is_ready()) {
            *running = None;
        }
        outcome.as_mut().poll(context)
    })
    .await
}

/// The connections that wait for their receivers' next messages.
#[derive(Default)]
pub(super) struct KeptConnections {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_receiver: HashMap<Target, Vec<(Instant, Connection)>>,
    count: usize,
    /// Whether a task looks after those that waited for too long: one does while there are any.
    watched: bool,
}

impl KeptConnections {
    /// A connection to `target`: the one used last, which is the least likely to be closed.
    pub(super) fn take(&self, target: &Target) -> Option<Connection> {
        let mut kept = self.lock();
        let (since, connection) = kept.by_receiver.get_mut(target)?.pop()?;
        kept.count -= 1;
        (since.elapsed() < KEEP).then_some(connection)
    }

    /// Keeps a connection to `target`, if there is room.
    pub(super) fn keep(self: &Arc<KeptConnections>, target: Target, connection: Connection) {
        let mut kept = self.lock();
        if kept.count >= MOST {
            return;
        }
        let of_one = kept.by_receiver.entry(target).or_default();
        if of_one.len() >= MOST_OF_ONE {
            return;
        }
        of_one.push((Instant::now(), connection));
        kept.count += 1;
        if !kept.watched {
            kept.watched = true;
            tokio::spawn(close_when_old(Arc::downgrade(self)));
        }
    }

    /// Closes what waited for too long; says whether anything is left.
    fn close_old(&self) -> bool {
        let mut kept = self.lock();
        kept.by_receiver.retain(|_, connections| {
            connections.retain(|(since, _)| since.elapsed() < KEEP);
            !connections.is_empty()
        });
        kept.count = kept.by_receiver.values().map(Vec::len).sum();
        kept.watched = kept.count > 0;
        kept.watched
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // A connection is whole or not there, wherever a panic left the list.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends when nothing is kept, or with the sender.
async fn close_when_old(kept: Weak<KeptConnections>) {
    loop {
        tokio::time::sleep(KEEP / 2).await;
        match kept.upgrade() {
            Some(kept) if kept.close_old() => {}
            _ => return,
        }
    }
}
