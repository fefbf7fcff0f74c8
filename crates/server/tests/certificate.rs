//! An operator's own certificate: shown, renewed without a stop, and never replaced by one that does not fit.

use axum::Router;
use axum::routing::get;
use pasarela_server::tls::{Certificate, Doorkeeper, Limits, serve_certified};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

const LIMIT: Duration = Duration::from_secs(60);

/// A certificate for `pay.example.com` in two files, which it also is its own root of.
struct Files {
    directory: TempDir,
}

impl Files {
    fn new() -> (Files, CertificateDer<'static>) {
        let files = Files { directory: tempfile::tempdir().expect("a directory") };
        let certificate = files.renew();
        (files, certificate)
    }

    fn chain(&self) -> PathBuf {
        self.directory.path().join("chain.pem")
    }

    fn key(&self) -> PathBuf {
        self.directory.path().join("key.pem")
    }

    fn renew(&self) -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(["pay.example.com".to_owned()]).expect("a certificate");
        std::fs::write(self.chain(), made.cert.pem()).expect("a file");
        std::fs::write(self.key(), made.signing_key.serialize_pem()).expect("a file");
        made.cert.der().clone()
    }

    fn load(&self) -> Arc<Certificate> {
        Arc::new(Certificate::load(&self.chain(), &self.key()).expect("a certificate and its key"))
    }
}

async fn serving(certificate: &Arc<Certificate>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let router = Router::new().route("/", get(|| async { "hello" }));
    let keeper = Doorkeeper::new(Limits::of_this_process());
    tokio::spawn(serve_certified(listener, Arc::clone(certificate), router, keeper, std::future::pending()));
    address
}

/// What `GET /` answers to a client that trusts `root` alone.
async fn get_trusting(address: SocketAddr, root: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let exchange = async {
        let name = ServerName::try_from("pay.example.com").expect("a name");
        let stream = TcpStream::connect(address).await?;
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: pay.example.com\r\nconnection: close\r\n\r\n").await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    tokio::time::timeout(LIMIT, exchange).await.expect("an answer in time")
}

#[tokio::test]
async fn the_certificate_is_shown_and_a_renewed_one_after_it_was_read_again() {
    let (files, first) = Files::new();
    let certificate = files.load();
    let address = serving(&certificate).await;
    assert!(get_trusting(address, &first).await.expect("an answer").ends_with("hello"));

    let second = files.renew();
    assert!(get_trusting(address, &second).await.is_err(), "nothing changes by itself");
    certificate.reload().expect("the renewed one");
    assert!(get_trusting(address, &second).await.expect("an answer").ends_with("hello"));
    assert!(get_trusting(address, &first).await.is_err());
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_the_old_one_stays() {
    let (files, first) = Files::new();
    let certificate = files.load();
    let address = serving(&certificate).await;
    let (other, _) = Files::new();
    std::fs::copy(other.key(), files.key()).expect("another's key");
    let refused = certificate.reload().expect_err("a key of another certificate");
    assert!(refused.to_string().contains("key.pem"), "{refused}");
    std::fs::write(files.chain(), "").expect("an empty file");
    assert!(certificate.reload().is_err());
    assert!(get_trusting(address, &first).await.expect("an answer").ends_with("hello"));
    assert!(Certificate::load(Path::new("nowhere.pem"), &files.key()).is_err());
}
