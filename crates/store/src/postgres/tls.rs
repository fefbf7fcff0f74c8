//! TLS to the database, as libpq's `sslmode` means it, by rustls.

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;
use std::path::PathBuf;
use std::sync::Arc;

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Any: against listeners, not against impostors (`prefer` and `require` without authorities).
    Any,
    /// Those that the authorities issued, to whatever name (`verify-ca`, and `require` with `sslrootcert`).
    Authority(Authorities),
    /// Those that the authorities issued to the host's name (`verify-full`).
    Name(Authorities),
}

/// Who may issue certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Authorities {
    /// Those in this file (PEM).
    File(PathBuf),
    /// Those that the system trusts.
    System,
}

/// A client that believes the servers that `trust` says. Where that can't be found out, each handshake fails and says why.
pub(crate) fn client(trust: &Trust) -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let (authorities, any_name) = match trust {
        Trust::Any => (None, true),
        Trust::Authority(authorities) => (Some(authorities), true),
        Trust::Name(authorities) => (Some(authorities), false),
    };
    let chain = authorities.map(|authorities| chain(authorities, &provider));
    let verifier = Arc::new(Lenient { chain, any_name, provider: provider.clone() });
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the default protocol versions")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth()
}

fn chain(
    authorities: &Authorities,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    match authorities {
        Authorities::System => {
            Ok(Arc::new(Verifier::new(provider.clone()).map_err(|cause| cause.to_string())?))
        }
        Authorities::File(file) => {
            let unusable = |cause: &dyn std::fmt::Display| format!("sslrootcert {}: {cause}", file.display());
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(file).map_err(|cause| unusable(&cause))? {
                let certificate = certificate.map_err(|cause| unusable(&cause))?;
                roots.add(certificate).map_err(|cause| unusable(&cause))?;
            }
            let built =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
            Ok(built.map_err(|cause| unusable(&cause))?)
        }
    }
}

/// Checks as much of a certificate as `sslmode` asks, and always that the server holds its key.
#[derive(Debug)]
struct Lenient {
    chain: Option<Result<Arc<dyn ServerCertVerifier>, String>>,
    any_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = match &self.chain {
            None => return Ok(ServerCertVerified::assertion()),
            Some(Ok(chain)) => chain,
            Some(Err(cause)) => return Err(Error::General(cause.clone())),
        };
        match chain.verify_server_cert(certificate, intermediates, name, ocsp_response, now) {
            // The name is what is looked at last: the rest was found right.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.any_name => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
