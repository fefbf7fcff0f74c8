//! Where a server or a receiver is, and how it is connected to: plain, or over TLS.

use crate::failure::Failure;
use http_body_util::Full;
use hyper::Uri;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use pasarela_engine::notifications::sender::{HANDSHAKE_FAILED, OF_AN_UNKNOWN_ISSUER, connector, tls_reason};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::path::Path;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What is trusted besides the system's certificates.
#[derive(Default)]
pub struct Roots(Vec<CertificateDer<'static>>);

impl Roots {
    /// The certificates of a PEM file, if there is one.
    pub fn of(file: Option<&Path>) -> Result<Roots, Failure> {
        let Some(file) = file else { return Ok(Roots::default()) };
        let unreadable = |error: &dyn std::fmt::Display| {
            Failure::new(
                format!("{} can't be read: {error}", file.display()),
                "Give a PEM file with a certificate.",
            )
        };
        let read = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))?;
        let read: Result<Vec<_>, _> = read.collect();
        let read = read.map_err(|error| unreadable(&error))?;
        if read.is_empty() {
            return Err(unreadable(&"there is no certificate in it"));
        }
        Ok(Roots(read))
    }

    /// The certificates.
    pub fn into_certificates(self) -> Vec<CertificateDer<'static>> {
        self.0
    }
}

/// An `http://` or `https://` address.
pub struct Address {
    /// Host and port as in the `Host` header.
    pub authority: String,
    /// The path.
    pub path: String,
    /// The query, without its question mark.
    pub query: Option<String>,
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum NoConnection {
    /// Nothing listens there, or can't be reached.
    Unreachable(std::io::Error),
    /// The handshake failed.
    Tls(&'static str),
}

impl Address {
    /// Reads `url`; `None` if it is no such address. With `https` whoever the system or `roots` vouch for is trusted.
    pub fn of(url: &str, roots: &Roots) -> Result<Option<Address>, Failure> {
        let Some((uri, is_tls, port)) = parsed(url) else { return Ok(None) };
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = if is_tls {
            let Ok(name) = ServerName::try_from(host.clone()) else { return Ok(None) };
            Some((connector(roots.0.clone()).ok_or_else(no_roots)?, name))
        } else {
            None
        };
        let authority = match uri.port_u16() {
            Some(port) => format!("{}:{port}", uri.host().unwrap_or_default()),
            None => uri.host().unwrap_or_default().to_owned(),
        };
        let (path, query) = (uri.path().to_owned(), uri.query().map(str::to_owned));
        Ok(Some(Address { authority, path, query, host, port, tls }))
    }

    /// A connection, run beside whoever uses it.
    pub async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, NoConnection> {
        let stream =
            TcpStream::connect((self.host.as_str(), self.port)).await.map_err(NoConnection::Unreachable)?;
        match &self.tls {
            None => run(stream).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                run(stream.map_err(|error| NoConnection::Tls(tls_reason(&error)))?).await
            }
        }
    }
}

fn parsed(url: &str) -> Option<(Uri, bool, u16)> {
    let uri: Uri = url.parse().ok()?;
    let (is_tls, own_port) = match uri.scheme_str()? {
        "http" => (false, 80),
        "https" => (true, 443),
        _ => return None,
    };
    // A name and password in an address are for no server of ours.
    let is_usable = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        && uri.host().is_some_and(|host| !host.is_empty());
    let port = uri.port_u16().unwrap_or(own_port);
    is_usable.then_some((uri, is_tls, port))
}

async fn run<S>(stream: S) -> Result<SendRequest<Full<Bytes>>, NoConnection>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(|error| NoConnection::Unreachable(std::io::Error::other(error)))?;
    tokio::spawn(connection);
    Ok(sender)
}

fn no_roots() -> Failure {
    Failure::new(
        "this system has no certificates of authorities",
        "Install them (ca-certificates), or name the server's own with --ca FILE.",
    )
}

impl NoConnection {
    /// What whoever wanted to speak to a server can do.
    pub fn next_step(&self) -> &'static str {
        match self {
            NoConnection::Unreachable(_) => {
                "Start one with `pasarela dev`, or name the running one with --server URL."
            }
            NoConnection::Tls(OF_AN_UNKNOWN_ISSUER) => {
                "Name the authority's certificate with --ca FILE: of `pasarela dev --https` it is the ca.pem that it \
                 prints."
            }
            NoConnection::Tls(HANDSHAKE_FAILED) => "Does this port speak HTTPS? Try http:// in --server.",
            NoConnection::Tls(_) => {
                "Use the name that the server's certificate is for, or renew the certificate."
            }
        }
    }

    /// The failure in the server's own words.
    pub fn word(&self) -> String {
        match self {
            NoConnection::Unreachable(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                "connection refused".to_owned()
            }
            NoConnection::Unreachable(_) => "no connection".to_owned(),
            NoConnection::Tls(reason) => format!("tls: {reason}"),
        }
    }
}

impl std::fmt::Display for NoConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NoConnection::Unreachable(error) => error.fmt(f),
            NoConnection::Tls(reason) => write!(f, "tls: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Option<Address> {
        Address::of(url, &Roots::default()).ok().flatten()
    }

    #[test]
    fn an_address_is_read_in_parts() {
        let address = of("http://localhost:3000/hook?shop=7").unwrap();
        assert_eq!((address.authority.as_str(), address.path.as_str()), ("localhost:3000", "/hook"));
        assert_eq!((address.query.as_deref(), address.port), (Some("shop=7"), 3000));
        let address = of("http://[::1]").unwrap();
        assert_eq!((address.authority.as_str(), address.host.as_str()), ("[::1]", "::1"));
        assert_eq!((address.path.as_str(), address.port), ("/", 80));
    }

    #[test]
    fn what_is_no_address_is_none() {
        for bad in ["localhost:3000", "ftp://localhost/", "http://", "http://ana:secret@localhost/", ""] {
            assert!(of(bad).is_none(), "{bad}");
        }
    }
}
