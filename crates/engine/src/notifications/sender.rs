//! One HTTP request to a receiver, and what came of it.

use super::address_guard::{self, AddressRefusal, Reach, Target};
use super::attempts::Answered;
use super::connections::{Connection, KeptConnections};
use super::message::Message;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};
use rustls::ClientConfig;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use url::Host;

/// Why an attempt failed, in a few words that the integrator may read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendFailure {
    /// The address guard refused it.
    #[error("{0}")]
    Address(#[from] AddressRefusal),
    /// The application has no secret to sign with.
    #[error("the application has no webhook secret")]
    NoSecret,
    /// No answer within the attempt's time.
    #[error("timeout")]
    Timeout,
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// No connection for another reason.
    #[error("no connection")]
    NoConnection,
    /// The TLS handshake failed.
    #[error("tls: {0}")]
    Tls(&'static str),
    /// The connection ended, or what came was not HTTP.
    #[error("no valid http answer")]
    BadAnswer,
    /// An answer other than 200 and 201. Redirects are not followed.
    #[error("status {0}")]
    Status(u16),
}

/// What [`tls_reason`] finds wrong.
const TLS_REASONS: [&str; 5] = [EXPIRED, OF_ANOTHER_NAME, OF_AN_UNKNOWN_ISSUER, NOT_VALID, HANDSHAKE_FAILED];
const EXPIRED: &str = "certificate expired";
const OF_ANOTHER_NAME: &str = "certificate of another name";
/// Its authority is none of those that are trusted.
pub const OF_AN_UNKNOWN_ISSUER: &str = "certificate of an unknown issuer";
const NOT_VALID: &str = "certificate not valid";
/// What came was no TLS, or none that both speak.
pub const HANDSHAKE_FAILED: &str = "handshake failed";

impl SendFailure {
    /// The failure that a program names which sent a message itself; no connection, where the words are none of these.
    pub(crate) fn named(words: &str) -> SendFailure {
        let known = [SendFailure::Timeout, SendFailure::Refused, SendFailure::BadAnswer];
        let mut known = known.into_iter().chain(TLS_REASONS.map(SendFailure::Tls));
        known.find(|failure| failure.to_string() == words).unwrap_or(SendFailure::NoConnection)
    }
}

/// Sends messages. A connection to a receiver is kept for a moment for the next message: making one costs four times
/// what a message over it does (120 µs of processor time here, of which 100 in the kernel).
pub struct Sender {
    reach: Reach,
    extra_roots: Vec<CertificateDer<'static>>,
    /// Made at the first https message: reading the system's certificates takes tens of milliseconds, which the
    /// server's start need not wait for.
    tls: OnceCell<Option<TlsConnector>>,
    kept: Arc<KeptConnections>,
}

impl Sender {
    /// A sender that reaches as far as `reach`, and trusts `extra_roots` beside the system's certificates.
    pub fn new(reach: Reach, extra_roots: Vec<CertificateDer<'static>>) -> Sender {
        Sender { reach, extra_roots, tls: OnceCell::new(), kept: Arc::default() }
    }

    /// Posts `message`, and gives the answer, whatever its status, when it came within `timeout`.
    ///
    /// # Errors
    /// [`SendFailure`] without an answer.
    pub async fn send(&self, message: &Message, timeout: Duration) -> Result<Answered, SendFailure> {
        let target = address_guard::target(&message.url, self.reach)?;
        let exchange = tokio::time::timeout(timeout, self.exchange(message, &target, timeout));
        let (answer, mut connection) = exchange.await.map_err(|_| SendFailure::Timeout)??;
        let (head, body) = answer.into_parts();
        let (body, is_good) = connection.drain(body).await;
        if is_good {
            self.kept.keep(target, connection);
        }
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Ok(Answered {
            status: head.status.as_u16(),
            headers: head.headers.iter().map(header).collect(),
            body,
        })
    }

    async fn exchange(
        &self,
        message: &Message,
        target: &Target,
        timeout: Duration,
    ) -> Result<(Response<Incoming>, Connection), SendFailure> {
        // The receiver may close a kept connection at any moment, also while a message is on its way. Without an answer
        // the message is sent again on a new connection: a receiver may see it twice, and never not at all.
        if let Some(mut connection) = self.kept.take(target)
            && let Some(answer) = connection.post(request(message)?).await
        {
            return Ok((answer, connection));
        }
        let mut connection = self.connect(target, timeout).await?;
        let answer = connection.post(request(message)?).await.ok_or(SendFailure::BadAnswer)?;
        Ok((answer, connection))
    }

    async fn connect(&self, target: &Target, timeout: Duration) -> Result<Connection, SendFailure> {
        let addresses = address_guard::resolve(target, self.reach).await?;
        let stream = connect(&addresses, timeout).await?;
        if !target.tls {
            return Connection::on(stream).await;
        }
        let connector = self.connector().await?;
        let stream = connector
            .connect(server_name(target)?, stream)
            .await
            .map_err(|error| SendFailure::Tls(tls_reason(&error)))?;
        Connection::on(stream).await
    }

    async fn connector(&self) -> Result<&TlsConnector, SendFailure> {
        let extra_roots = || self.extra_roots.clone();
        let connector = self.tls.get_or_init(|| async {
            let extra_roots = extra_roots();
            tokio::task::spawn_blocking(move || connector(extra_roots)).await.ok().flatten()
        });
        connector.await.as_ref().ok_or(SendFailure::Tls("this server has no root certificates"))
    }
}

/// What makes TLS connections: trusts the system's authorities and `extra_roots`. It reads the system's certificates, which takes
/// tens of milliseconds; `None` where there are none at all.
pub fn connector(extra_roots: Vec<CertificateDer<'static>>) -> Option<TlsConnector> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new_with_extra_roots(extra_roots, provider.clone())
        .inspect_err(|error| tracing::warn!(%error, "https is not possible: there are no root certificates"))
        .ok()?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring's suites serve TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Some(TlsConnector::from(Arc::new(config)))
}

/// Connects to the first address that accepts; each gets an equal share of the time.
pub(crate) async fn connect(addresses: &[SocketAddr], timeout: Duration) -> Result<TcpStream, SendFailure> {
    let share = timeout / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut failure = SendFailure::NoConnection;
    for address in addresses {
        match tokio::time::timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Messages are written whole; waiting for more to send would only delay them.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => failure = SendFailure::Refused,
            Ok(Err(_)) => failure = SendFailure::NoConnection,
            Err(_) => failure = SendFailure::Timeout,
        }
    }
    Err(failure)
}

pub(crate) fn server_name(target: &Target) -> Result<ServerName<'static>, SendFailure> {
    match &target.host {
        Host::Domain(name) => {
            ServerName::try_from(name.clone()).map_err(|_| SendFailure::Tls("not a host name"))
        }
        Host::Ipv4(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Ipv6(address) => Ok(ServerName::IpAddress((*address).into())),
    }
}

/// What went wrong in a handshake. The library's own texts name alert numbers and bytes of certificates.
pub fn tls_reason(error: &std::io::Error) -> &'static str {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(reason)) => match reason {
            rustls::CertificateError::Expired | rustls::CertificateError::ExpiredContext { .. } => EXPIRED,
            rustls::CertificateError::NotValidForName
            | rustls::CertificateError::NotValidForNameContext { .. } => OF_ANOTHER_NAME,
            rustls::CertificateError::UnknownIssuer => OF_AN_UNKNOWN_ISSUER,
            _ => NOT_VALID,
        },
        _ => HANDSHAKE_FAILED,
    }
}

fn request(message: &Message) -> Result<Request<Full<Bytes>>, SendFailure> {
    let url = &message.url;
    let host = url.host_str().ok_or(AddressRefusal::NotAUrl)?;
    // `Url::port` is empty for the scheme's own port, which is left out of `host` then.
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut request = Request::builder().method(Method::POST).uri(path).header(HOST, host);
    for (name, value) in &message.headers {
        request = request.header(*name, value);
    }
    // Fails when the path is longer than a URI may be (64 KiB).
    request
        .body(Full::new(Bytes::copy_from_slice(&message.body)))
        .map_err(|_| SendFailure::Address(AddressRefusal::NotAUrl))
}
