//! An operator's own certificate, and the door that shows it.

use crate::tls::doorkeeper::Doorkeeper;
use crate::tls::listener::{accept, prepared, serve_encrypted};
use axum::Router;
use rustls::ServerConfig;
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificate {} with the key {} can't be used: {cause}", chain.display(), key.display())]
pub struct CertificateError {
    chain: PathBuf,
    key: PathBuf,
    cause: String,
}

/// A certificate chain and its key, from two PEM files that can be read again when they were renewed.
#[derive(Debug)]
pub struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Reads both files.
    ///
    /// # Errors
    /// When one can't be read, holds something else, or the two don't belong together.
    pub fn load(chain: &Path, key: &Path) -> Result<Certificate, CertificateError> {
        let current = RwLock::new(read(chain, key)?);
        Ok(Certificate { chain: chain.to_owned(), key: key.to_owned(), current })
    }

    /// Reads the files again: connections from now on see what they hold.
    ///
    /// # Errors
    /// As [`Certificate::load`]; the old one is kept then.
    pub fn reload(&self) -> Result<(), CertificateError> {
        let renewed = read(&self.chain, &self.key)?;
        // The value is replaced whole, so a panic elsewhere cannot have left it half-written.
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }

    /// What a TLS door needs: TLS 1.2 and 1.3, HTTP/1.1, and this certificate.
    fn server_config(self: Arc<Certificate>) -> ServerConfig {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider speaks both versions of TLS")
            .with_no_client_auth()
            .with_cert_resolver(self);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }
}

/// The authorities in a PEM file.
///
/// # Errors
/// When it can't be read, holds no certificate, or one that is none.
pub fn roots(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| error.to_string())?;
    if found.is_empty() {
        return Err("it holds no certificate".to_owned());
    }
    let mut store = rustls::RootCertStore::empty();
    for certificate in &found {
        store.add(certificate.clone()).map_err(|error| error.to_string())?;
    }
    Ok(found)
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(chain: &Path, key: &Path) -> Result<Arc<CertifiedKey>, CertificateError> {
    let failed = |cause: String| CertificateError { chain: chain.to_owned(), key: key.to_owned(), cause };
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failed(error.to_string()))?;
    if certificates.is_empty() {
        return Err(failed("the first file holds no certificate".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(error.to_string()))?;
    let signing = any_supported_type(&private).map_err(|error| failed(error.to_string()))?;
    let certified = CertifiedKey::new(certificates, signing);
    certified.keys_match().map_err(|error| failed(error.to_string()))?;
    Ok(Arc::new(certified))
}

/// Serves `router` over TLS with `certificate`, until `shutdown` resolves and what is in work then is done.
pub async fn serve_certified(
    listener: TcpListener,
    certificate: Arc<Certificate>,
    router: Router,
    keeper: Doorkeeper,
    shutdown: impl Future<Output = ()>,
) {
    let router = prepared(router);
    let acceptor = TlsAcceptor::from(Arc::new(certificate.server_config()));
    accept(listener, keeper, shutdown, |stream, visitor| {
        serve_encrypted(stream, visitor, acceptor.clone(), router.clone())
    })
    .await;
}
