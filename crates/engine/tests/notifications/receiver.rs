//! A shop's HTTP endpoint, as slow, wrong or broken as a test wants it.

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{HeaderMap, LOCATION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// Longer than anything that is awaited here takes on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(120);

/// One request as it arrived.
#[derive(Debug)]
pub struct Received {
    pub method: Method,
    pub path_and_query: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What the receiver does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16),
    Redirect(String),
    /// Never answers.
    Hang,
    /// 200, and a body without an end.
    EndlessBody,
}

type Script = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

/// A running receiver. It stops when it is dropped.
pub struct Receiver {
    pub address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    requests: mpsc::UnboundedReceiver<Received>,
    _running: JoinSet<()>,
}

impl Receiver {
    /// Answers as `script` says.
    pub async fn new(script: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Receiver {
        Receiver::start(None, Arc::new(script)).await
    }

    /// Answers everything with `status`.
    pub async fn answering(status: u16) -> Receiver {
        Receiver::new(move |_| Reply::Status(status)).await
    }

    /// Answers with 200 over TLS.
    pub async fn with_tls(tls: TlsAcceptor) -> Receiver {
        Receiver::start(Some(tls), Arc::new(|_| Reply::Status(200))).await
    }

    /// Sends `bytes` to whoever connects, over and over, without listening.
    pub async fn babbling(bytes: &'static [u8]) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                connections.spawn(async move { while stream.write_all(bytes).await.is_ok() {} });
            }
        });
        Receiver {
            address,
            accepted: Arc::default(),
            requests: mpsc::unbounded_channel().1,
            _running: running,
        }
    }

    /// Answers with 200, promises to keep the connection, and closes it.
    pub async fn fickle() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let mut running = JoinSet::new();
        let count = accepted.clone();
        running.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let mut request = Vec::new();
                while !request.ends_with(b"}") && stream.read_buf(&mut request).await.unwrap() > 0 {}
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            }
        });
        Receiver { address, accepted, requests: mpsc::unbounded_channel().1, _running: running }
    }

    async fn start(tls: Option<TlsAcceptor>, script: Script) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = mpsc::unbounded_channel();
        let accepted = Arc::new(AtomicUsize::new(0));
        let mut running = JoinSet::new();
        let count = accepted.clone();
        running.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (tls, script, sender) = (tls.clone(), script.clone(), sender.clone());
                connections.spawn(async move {
                    match tls {
                        None => serve(stream, script, sender).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, script, sender).await;
                            }
                        }
                    }
                });
            }
        });
        Receiver { address, accepted, requests, _running: running }
    }

    /// How many connections were made to it.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// `http://<address><path>`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request.
    pub async fn next(&mut self) -> Received {
        let next = tokio::time::timeout(LIMIT, self.requests.recv());
        next.await.expect("a request arrives in time").expect("the receiver runs")
    }

    /// A request that arrived already and was not looked at.
    pub fn pending(&mut self) -> Option<Received> {
        self.requests.try_recv().ok()
    }
}

async fn serve<S>(stream: S, script: Script, sender: mpsc::UnboundedSender<Received>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (script, sender) = (script.clone(), sender.clone());
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let received = Received {
                method: head.method,
                path_and_query: head.uri.path_and_query().unwrap().to_string(),
                headers: head.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            };
            let reply = script(&received);
            let _ = sender.send(received);
            Ok::<_, Infallible>(answer(reply).await)
        }
    });
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(reply: Reply) -> Response<BoxBody<Bytes, Infallible>> {
    match reply {
        Reply::Status(status) => Response::builder()
            .status(status)
            .body(Full::new(Bytes::from_static(b"thank you")).boxed())
            .unwrap(),
        Reply::Redirect(location) => {
            Response::builder().status(302).header(LOCATION, location).body(Empty::new().boxed()).unwrap()
        }
        Reply::Hang => std::future::pending().await,
        Reply::EndlessBody => Response::new(Endless.boxed()),
    }
}

struct Endless;

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1024])))))
    }
}

/// A certificate authority of a test, like the local one of development.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub certificate: CertificateDer<'static>,
}

impl Authority {
    pub fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Authority { issuer: Issuer::new(params, key), certificate }
    }

    /// A server's side of TLS with a certificate for `name`.
    pub fn acceptor(&self, name: &str) -> TlsAcceptor {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}
