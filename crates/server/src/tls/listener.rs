//! Accepting connections and serving a router on them, within bounds.
//!
//! One task per connection, HTTP/1.1 with keep-alive. What bounds a connection is watched by one timer for its whole
//! life ([`watch()`]), because a timer per request costs more than the request's own parsing. The times are in steps of
//! [`STEP`]:
//!
//! | what | bound |
//! |---|---|
//! | the TLS handshake | [`HANDSHAKE_TIMEOUT`] |
//! | the first request's head from the moment of connecting, a later one's from its first byte | [`HEAD_STEPS`] |
//! | nothing received and nothing sent: idle, or stalled in the midst of a request or an answer | [`QUIET_STEPS`] |
//! | the size of a head | [`LARGEST_HEAD`], and 100 fields |
//! | connections of one listener; more wait in the kernel's queue | [`MOST_CONNECTIONS`] |
//! | requests still in work when the server stops | [`GRACE`] |
//!
//! The size of bodies and the time of handlers are the router's to bound.

use crate::tls::authority::Authority;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum::routing::future::RouteFuture;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{self, MissedTickBehavior};
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

/// A connection's progress is looked at this often.
const STEP: Duration = Duration::from_secs(5);
/// A head that isn't complete after two looks has taken 10 to 15 seconds: nobody's network is that slow, and slow heads
/// are the classic way to hold a server's connections.
const HEAD_STEPS: u32 = 2;
/// 75 seconds of silence: longer than the pause between two requests of most clients' connection pools, so that it is
/// mostly they who close.
const QUIET_STEPS: u32 = 15;
/// A TLS handshake takes two round trips.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// From this size on, a head that is not complete is refused with 431: twice what Node allows. (The number of fields has
/// hyper's own limit of 100; naming another one would cost an allocation per request.)
const LARGEST_HEAD: usize = 32 * 1024;
/// At about 20 kB each, the connections of a listener take 80 MB at most.
const MOST_CONNECTIONS: usize = 4_096;
/// How long requests in work are waited for when the server stops: less than the 30 seconds that supervisors give.
const GRACE: Duration = Duration::from_secs(20);
/// How long to wait when the operating system has no file descriptor left for the next connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who is at the other end of a connection; an extension of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientConnection {
    /// The peer's address. An IPv4 peer has an IPv4 address here, whatever the socket's family.
    pub address: SocketAddr,
    /// Whether the request came in over TLS.
    pub encrypted: bool,
}

/// Serves `router` over plain HTTP until `shutdown` resolves and what is in work then is done.
pub async fn serve_plain(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    let router = prepared(router);
    accept(listener, shutdown, |stream, address, stopping| {
        let router = router.clone();
        async move {
            let client = ClientConnection { address, encrypted: false };
            serve_connection(stream, client, router, stopping).await;
        }
    })
    .await;
}

/// Serves `router` over TLS, under the names of [`HOSTS`](crate::tls::HOSTS) and of this machine, until `shutdown`
/// resolves and what is in work then is done.
pub async fn serve_tls(
    listener: TcpListener,
    authority: Arc<Authority>,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let router = prepared(router);
    let acceptor = TlsAcceptor::from(authority.server_config());
    accept(listener, shutdown, |stream, address, stopping| {
        serve_encrypted(stream, address, acceptor.clone(), router.clone(), stopping)
    })
    .await;
}

/// The router with its routes made ready once, instead of at each request.
pub(super) fn prepared(router: Router) -> Router {
    router.with_state(())
}

/// Accepts connections and runs `serve` for each, until `shutdown` resolves and the running ones are done.
pub(super) async fn accept<Serve, Served>(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    serve: Serve,
) where
    Serve: Fn(TcpStream, SocketAddr, watch::Receiver<bool>) -> Served,
    Served: Future<Output = ()> + Send + 'static,
{
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = connections.join_next() => report(ended),
            accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                Ok((stream, address)) => {
                    // Answers are written whole; waiting for more to send would only delay them.
                    let _ = stream.set_nodelay(true);
                    let address = SocketAddr::new(address.ip().to_canonical(), address.port());
                    connections.spawn(serve(stream, address, stopping.clone()));
                }
                // The client went away before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection could be accepted; trying again");
                    time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let _ = stop.send(true);
    let all_done = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    };
    if time::timeout(GRACE, all_done).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections were closed in the midst of a request");
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        // The panic itself has been reported by the panic hook.
        tracing::error!("a connection was closed by a panic in its handler");
    }
}

/// Shakes hands on `stream` and serves `router` on what comes out of it.
pub(super) async fn serve_encrypted<Stream>(
    stream: Stream,
    address: SocketAddr,
    acceptor: TlsAcceptor,
    router: Router,
    stopping: watch::Receiver<bool>,
) where
    Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    match time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let client = ClientConnection { address, encrypted: true };
            serve_connection(stream, client, router, stopping).await;
        }
        Ok(Err(error)) => tracing::debug!(%address, %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%address, "a TLS handshake took too long"),
    }
}

/// Serves `router` on one connection.
pub(super) async fn serve_connection<Stream>(
    stream: Stream,
    client: ClientConnection,
    router: Router,
    stopping: watch::Receiver<bool>,
) where
    Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let progress = Arc::new(Progress::default());
    let stream = Watched { stream, progress: Arc::clone(&progress) };
    let door = Door { router, client, progress: Arc::clone(&progress) };
    let mut connection = pin!(protocol().serve_connection(TokioIo::new(stream), door));
    drive(
        connection.as_mut(),
        |connection| connection.graceful_shutdown(),
        &progress,
        stopping,
        client.address,
    )
    .await;
}

/// HTTP/1.1 as it is spoken on every door.
pub(super) fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    // Heads are watched by `watch`, see the top.
    protocol.header_read_timeout(None).max_buf_size(LARGEST_HEAD).keep_alive(true);
    protocol
}

/// Runs a connection to its end: the client's, the server's (`finish` then lets it end after the request in work), or that
/// of the [`watch()`]'s patience.
pub(super) async fn drive<Connection>(
    mut connection: Pin<&mut Connection>,
    finish: impl Fn(Pin<&mut Connection>),
    progress: &Progress,
    mut stopping: watch::Receiver<bool>,
    address: SocketAddr,
) where
    Connection: Future<Output = hyper::Result<()>>,
{
    let mut watch = pin!(watch(progress));
    // An error means that the listener is gone, which is as good a reason to stop.
    let mut stop = pin!(async { stopping.wait_for(|stopping| *stopping).await.map_or((), |_| ()) });
    let mut finishing = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%address, %error, "a connection ended in the midst of a request");
                }
                return;
            }
            reason = watch.as_mut() => {
                tracing::debug!(%address, reason, "a connection was closed");
                return;
            }
            () = stop.as_mut(), if !finishing => {
                finishing = true;
                finish(connection.as_mut());
            }
        }
    }
}

/// What a connection has done so far. Written by its own task, so relaxed loads and stores suffice.
#[derive(Default)]
pub(super) struct Progress {
    /// Bytes received and sent.
    bytes: AtomicU64,
    /// Requests whose head was complete.
    requests: AtomicU64,
    /// Whether a request is in work.
    serving: AtomicBool,
    /// Whether a byte came in since there was no request in work.
    head_begun: AtomicBool,
}

impl Progress {
    fn moved(&self, bytes: usize) {
        self.bytes.store(self.bytes.load(Ordering::Relaxed) + bytes as u64, Ordering::Relaxed);
    }

    fn received(&self, bytes: usize) {
        self.moved(bytes);
        if !self.serving.load(Ordering::Relaxed) {
            self.head_begun.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn request_begins(&self) {
        self.requests.store(self.requests.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.serving.store(true, Ordering::Relaxed);
        self.head_begun.store(false, Ordering::Relaxed);
    }

    pub(super) fn request_ends(&self) {
        self.serving.store(false, Ordering::Relaxed);
    }
}

/// Resolves, with the reason, when a connection has been too slow for too long.
async fn watch(progress: &Progress) -> &'static str {
    let mut step = time::interval(STEP);
    step.set_missed_tick_behavior(MissedTickBehavior::Delay);
    step.tick().await; // the first one comes at once
    let (mut bytes_before, mut requests_before) = (0, 0);
    let (mut quiet_steps, mut head_steps) = (0, 0);
    loop {
        step.tick().await;
        let bytes = progress.bytes.load(Ordering::Relaxed);
        let requests = progress.requests.load(Ordering::Relaxed);
        let in_head = !progress.serving.load(Ordering::Relaxed)
            && (requests == 0 || progress.head_begun.load(Ordering::Relaxed));
        quiet_steps = if bytes == bytes_before { quiet_steps + 1 } else { 0 };
        head_steps = match (in_head, requests == requests_before) {
            (true, true) => head_steps + 1,
            _ => 0,
        };
        (bytes_before, requests_before) = (bytes, requests);
        if head_steps >= HEAD_STEPS {
            return "the head of a request took too long";
        }
        if quiet_steps >= QUIET_STEPS {
            return "nothing was received or sent for too long";
        }
    }
}

/// A stream that notes what goes through it.
pub(super) struct Watched<Stream> {
    pub(super) stream: Stream,
    pub(super) progress: Arc<Progress>,
}

impl<Stream: AsyncRead + Unpin> AsyncRead for Watched<Stream> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, into))?;
        self.progress.received(into.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl<Stream: AsyncWrite + Unpin> AsyncWrite for Watched<Stream> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.progress.moved(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
        self.progress.moved(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A router as one connection sees it.
pub(super) struct Door {
    pub(super) router: Router,
    pub(super) client: ClientConnection,
    pub(super) progress: Arc<Progress>,
}

impl hyper::service::Service<Request<Incoming>> for Door {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Serving;

    fn call(&self, mut request: Request<Incoming>) -> Serving {
        self.progress.request_begins();
        request.extensions_mut().insert(self.client);
        // A clone is a reference more, and a router is always ready.
        Serving { answer: self.router.clone().call(request), progress: Arc::clone(&self.progress) }
    }
}

/// A request in work.
pub(super) struct Serving {
    answer: RouteFuture<Infallible>,
    progress: Arc<Progress>,
}

impl Future for Serving {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.answer).poll(cx));
        self.progress.request_ends();
        Poll::Ready(answer)
    }
}
