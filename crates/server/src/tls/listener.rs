//! Accepting connections and serving a router on them, within bounds.
//!
//! One task per connection, HTTP/1.1 with keep-alive. Times are in steps of five seconds ([`progress`](super::progress)):
//!
//! | what | bound |
//! |---|---|
//! | connections of all doors together | [`Limits`](super::Limits); the next 256 are told to come again, more wait in the kernel's queue |
//! | the TLS handshake | [`HANDSHAKE_STEPS`] |
//! | a request's head, the time in which an answer is read, silence | [`progress`](super::progress) |
//! | the size of a head | [`LARGEST_HEAD`], and 100 fields |
//! | large answers that are not read yet, together | [`doorkeeper`](super::doorkeeper) |
//! | requests still in work when the server stops | [`GRACE_STEPS`] |
//!
//! A full house answers 503 instead of leaving connections in the kernel's queue, because a client that waits there can't
//! tell a busy server from a dead one: with `Retry-After` the official SDKs come again by themselves.
//!
//! The size and time of bodies and the time of handlers are the router's to bound.

use crate::api::request::discard;
use crate::tls::authority::Authority;
use crate::tls::doorkeeper::{Admission, Doorkeeper, parting};
use crate::tls::progress::{self, Progress, Watched};
use axum::Router;
use axum::body::Body;
use axum::http::header::HOST;
use axum::http::{Request, Response, Version};
use axum::routing::future::RouteFuture;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use pasarela_domain::refusal::Refusal;
use pasarela_engine::Failure;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time;
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

/// A TLS handshake takes two round trips.
const HANDSHAKE_STEPS: u32 = 2;
/// From this size on, a head that is not complete is refused with 431: twice what Node allows. (The number of fields has
/// hyper's own limit of 100; naming another one would cost an allocation per request.)
const LARGEST_HEAD: usize = 32 * 1024;
/// How long requests in work are waited for when the server stops: 20 seconds, less than the 30 that supervisors give.
const GRACE_STEPS: u32 = 4;
/// Connections that may wait in the kernel to be accepted; the system may allow fewer. The standard library asks for 128:
/// a storm overflows that, and whoever falls out tries again after a second, or three.
#[cfg(unix)]
const KERNEL_QUEUE: i32 = 4_096;
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
pub async fn serve_plain(
    listener: TcpListener,
    router: Router,
    keeper: Doorkeeper,
    shutdown: impl Future<Output = ()>,
) {
    let router = prepared(router);
    accept(listener, keeper, shutdown, |stream, visitor| serve_connection(stream, visitor, router.clone()))
        .await;
}

/// Serves `router` over TLS, under the names of [`HOSTS`](crate::tls::HOSTS) and of this machine, until `shutdown`
/// resolves and what is in work then is done.
pub async fn serve_tls(
    listener: TcpListener,
    authority: Arc<Authority>,
    router: Router,
    keeper: Doorkeeper,
    shutdown: impl Future<Output = ()>,
) {
    let router = prepared(router);
    let acceptor = TlsAcceptor::from(authority.server_config());
    accept(listener, keeper, shutdown, |stream, visitor| {
        serve_encrypted(stream, visitor, acceptor.clone(), router.clone())
    })
    .await;
}

/// The router with its routes made ready once, instead of at each request.
pub(super) fn prepared(router: Router) -> Router {
    router.with_state(())
}

/// Who came through a door, and what is known about it while it is here.
pub(super) struct Visitor {
    pub(super) client: ClientConnection,
    pub(super) keeper: Doorkeeper,
    pub(super) admission: Admission,
    /// Turns true when the server stops.
    pub(super) stopping: watch::Receiver<bool>,
}

/// Accepts connections and runs `serve` for each, until `shutdown` resolves and the running ones are done.
pub(super) async fn accept<Serve, Served>(
    listener: TcpListener,
    keeper: Doorkeeper,
    shutdown: impl Future<Output = ()>,
    serve: Serve,
) where
    Serve: Fn(TcpStream, Visitor) -> Served,
    Served: Future<Output = ()> + Send + 'static,
{
    // Without it the door works as well, for fewer at once.
    #[cfg(unix)]
    let _ = rustix::net::listen(&listener, KERNEL_QUEUE);
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let mut is_failing = false;
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = connections.join_next() => {
                report(ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            // The client went away before it was accepted.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => {
                // Said once, not ten times a second.
                if !is_failing {
                    tracing::warn!(%error, "no connection could be accepted; trying again");
                }
                is_failing = true;
                time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        is_failing = false;
        // Answers are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let admission = tokio::select! {
            biased;
            () = &mut shutdown => break,
            admission = keeper.admit() => admission,
        };
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let client = ClientConnection { address, encrypted: false };
        let visitor = Visitor { client, keeper: keeper.clone(), admission, stopping: stopping.clone() };
        connections.spawn(serve(stream, visitor));
    }
    drop(listener);
    let _ = stop.send(true);
    let all_done = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    };
    if time::timeout(keeper.step() * GRACE_STEPS, all_done).await.is_err() {
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
    mut visitor: Visitor,
    acceptor: TlsAcceptor,
    router: Router,
) where
    Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let address = visitor.client.address;
    match time::timeout(visitor.keeper.step() * HANDSHAKE_STEPS, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            visitor.client.encrypted = true;
            serve_connection(stream, visitor, router).await;
        }
        Ok(Err(error)) => tracing::debug!(%address, %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%address, "a TLS handshake took too long"),
    }
}

/// Serves `router` on one connection.
pub(super) async fn serve_connection<Stream>(stream: Stream, visitor: Visitor, router: Router)
where
    Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let progress = Arc::new(Progress::default());
    let stream = Watched::new(stream, Arc::clone(&progress));
    let door = Door::new(router, &visitor, Arc::clone(&progress));
    let mut connection = pin!(protocol().serve_connection(TokioIo::new(stream), door));
    drive(connection.as_mut(), |connection| connection.graceful_shutdown(), &progress, &visitor).await;
}

/// HTTP/1.1 as it is spoken on every door.
pub(super) fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    // Heads are watched by `progress::watch`.
    protocol.header_read_timeout(None).max_buf_size(LARGEST_HEAD).keep_alive(true);
    protocol
}

/// Runs a connection to its end: the client's, the server's (`finish` then lets it end after the request in work), or that
/// of the [`watch`](progress::watch)'s patience.
pub(super) async fn drive<Connection>(
    mut connection: Pin<&mut Connection>,
    finish: impl Fn(Pin<&mut Connection>),
    progress: &Progress,
    visitor: &Visitor,
) where
    Connection: Future<Output = hyper::Result<()>>,
{
    let address = visitor.client.address;
    let mut stopping = visitor.stopping.clone();
    let mut watch = pin!(progress::watch(progress, &visitor.keeper, visitor.admission.is_inside));
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

/// A router as one connection sees it.
pub(super) struct Door {
    router: Router,
    client: ClientConnection,
    keeper: Doorkeeper,
    is_inside: bool,
    progress: Arc<Progress>,
}

impl Door {
    pub(super) fn new(router: Router, visitor: &Visitor, progress: Arc<Progress>) -> Door {
        let Visitor { client, keeper, admission, .. } = visitor;
        Door { router, client: *client, keeper: keeper.clone(), is_inside: admission.is_inside, progress }
    }

    /// Answers at once, without a route.
    pub(super) fn answer(&self, answer: Response<Body>) -> Serving {
        self.progress.request_begins();
        self.serving(Work::Answered(Some(answer)))
    }

    /// The request, if its client is inside. Else what it was answered with: its body is read first, because many clients
    /// read an answer only once they have sent everything.
    pub(super) fn admit(&self, request: Request<Incoming>) -> Result<Request<Incoming>, Box<Serving>> {
        if self.is_inside {
            return Ok(request);
        }
        self.progress.request_begins();
        let answer = async move {
            discard(Body::new(request.into_body())).await;
            parting(Failure::Unavailable { retry_after_s: 1 })
        };
        Err(Box::new(self.serving(Work::TurnedAway(Box::pin(answer)))))
    }

    fn serving(&self, work: Work) -> Serving {
        Serving { work, keeper: self.keeper.clone(), progress: Arc::clone(&self.progress) }
    }
}

/// What makes a request one that a server must not guess about (RFC 9112 §3.2): a program in front of this one might have
/// read another host, or another request, out of the same bytes. (Of a message with both `Content-Length` and
/// `Transfer-Encoding`, hyper reads the chunks and closes the connection, as §6.1 demands.)
fn malformed(request: &Request<Incoming>) -> Option<&'static str> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, another) = (hosts.next(), hosts.next());
    if another.is_some() {
        return Some("more than one Host header");
    }
    if host.is_none() && request.version() == Version::HTTP_11 {
        return Some("a Host header is required");
    }
    (request.uri().scheme().is_none() && request.uri().authority().is_some())
        .then_some("the request's target is no path")
}

impl Service<Request<Incoming>> for Door {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Serving;

    fn call(&self, request: Request<Incoming>) -> Serving {
        let mut request = match self.admit(request) {
            Ok(request) => request,
            Err(serving) => return *serving,
        };
        if let Some(what) = malformed(&request) {
            return self.answer(parting(Failure::Refused(Refusal::plain(400, what))));
        }
        self.progress.request_begins();
        request.extensions_mut().insert(self.client);
        // A clone is a reference more, and a router is always ready.
        self.serving(Work::Routed(self.router.clone().call(request)))
    }
}

/// A request in work.
pub(super) struct Serving {
    work: Work,
    keeper: Doorkeeper,
    progress: Arc<Progress>,
}

enum Work {
    Routed(RouteFuture<Infallible>),
    Answered(Option<Response<Body>>),
    TurnedAway(Pin<Box<dyn Future<Output = Response<Body>> + Send>>),
}

impl Future for Serving {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match &mut self.work {
            Work::Routed(route) => ready!(Pin::new(route).poll(cx)).map(|answer| self.keeper.hold(answer)),
            // Nobody polls a future again that is done.
            Work::Answered(answer) => Ok(answer.take().unwrap_or_default()),
            Work::TurnedAway(answer) => Ok(ready!(answer.as_mut().poll(cx))),
        };
        self.progress.request_ends();
        Poll::Ready(answer)
    }
}
