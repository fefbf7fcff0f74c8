//! The local certificate authority, and the one certificate it issues.
//!
//! The authority is made once and trusted by its user; its key never leaves the directory, and what it may vouch for is
//! written into its own certificate (name constraints, RFC 5280 §4.2.1.10): the domains of [`HOSTS`] and this machine.
//! Whoever steals the key cannot pose as anybody else with it.
//!
//! The certificate that servers show (the leaf) lives in memory alone and is issued anew at each start and before it
//! expires.

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The hosts that SDKs, plugins and pages have built in, and that this server answers under.
pub const HOSTS: [&str; 31] = [
    "api.mercadopago.com",
    "sdk.mercadopago.com",
    "beta-sdk.mercadopago.com",
    "secure-fields.mercadopago.com",
    "http2.mlstatic.com",
    "secure.mlstatic.com",
    "api.mercadolibre.com",
    "www.mercadopago.com",
    "www.mercadopago.com.ar",
    "www.mercadopago.com.br",
    "www.mercadopago.com.mx",
    "www.mercadopago.com.co",
    "www.mercadopago.com.pe",
    "www.mercadopago.com.uy",
    "www.mercadopago.cl",
    "auth.mercadopago.com",
    "auth.mercadopago.com.ar",
    "auth.mercadopago.com.br",
    "auth.mercadopago.com.mx",
    "auth.mercadopago.com.co",
    "auth.mercadopago.com.pe",
    "auth.mercadopago.com.uy",
    "auth.mercadopago.cl",
    "sandbox.mercadopago.com",
    "sandbox.mercadopago.com.ar",
    "sandbox.mercadopago.com.br",
    "sandbox.mercadopago.com.mx",
    "sandbox.mercadopago.com.co",
    "sandbox.mercadopago.com.pe",
    "sandbox.mercadopago.com.uy",
    "sandbox.mercadopago.cl",
];

/// The names of this machine, under which the TLS door answers too.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The domains above [`HOSTS`]. Domains rather than hosts, so that a later version may answer under one host more
/// without a new authority that everybody has to trust again.
const DOMAINS: [&str; 10] = [
    "mercadopago.com",
    "mercadopago.com.ar",
    "mercadopago.com.br",
    "mercadopago.com.mx",
    "mercadopago.com.co",
    "mercadopago.com.pe",
    "mercadopago.com.uy",
    "mercadopago.cl",
    "mlstatic.com",
    "mercadolibre.com",
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the authority is valid: longer than a project's sandbox lives.
const AUTHORITY_VALIDITY: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// How long a leaf is valid: public authorities allow less and less, and some clients hold everybody to it.
const LEAF_VALIDITY: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How long before its end a leaf is replaced.
const LEAF_RENEWAL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Whether `host` is one of [`HOSTS`], in any case of letters.
pub fn is_impersonated(host: &str) -> bool {
    HOSTS.iter().any(|known| known.eq_ignore_ascii_case(host))
}

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The operating system refused to read or write a file.
    #[error("the certificate authority cannot use {}: {source}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The authority's key may be read by others than its owner.
    #[error("{} is open to other users (mode {mode:03o}); close it with: chmod 600 {}", path.display(), path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file with the authority's key is not what was written.
    #[error(
        "{} is damaged; delete it, and a new authority is made, which has to be trusted anew",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A certificate could not be made.
    #[error("no certificate could be issued: {0}")]
    Issue(String),
}

impl AuthorityError {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> AuthorityError {
        move |source| AuthorityError::File { path: path.to_path_buf(), source }
    }

    fn issue(error: impl fmt::Display) -> AuthorityError {
        AuthorityError::Issue(error.to_string())
    }
}

/// The local certificate authority, ready to serve TLS.
pub struct Authority {
    certificate_path: PathBuf,
    certificate: CertificateDer<'static>,
    config: Arc<ServerConfig>,
}

impl Authority {
    /// Opens the authority in `directory`; makes it if there is none.
    ///
    /// Two files: `ca-key.pem`, the key and its certificate, for its owner alone; and `ca.pem`, the certificate that
    /// users trust.
    ///
    /// # Errors
    /// When the files cannot be used, or the key is damaged or open to other users.
    pub fn load_or_create(directory: &Path) -> Result<Authority, AuthorityError> {
        let key_path = directory.join("ca-key.pem");
        let certificate_path = directory.join("ca.pem");
        let text = match read_private(&key_path)? {
            Some(text) => text,
            None => {
                std::fs::create_dir_all(directory).map_err(AuthorityError::file(directory))?;
                write_whole(&key_path, new_authority(SystemTime::now())?.as_bytes(), Existing::Keep)?;
                // Read back: another process may have been faster, and the first one counts.
                read_private(&key_path)?.ok_or_else(|| AuthorityError::Damaged { path: key_path.clone() })?
            }
        };
        let damaged = || AuthorityError::Damaged { path: key_path.clone() };
        let certificate = CertificateDer::from_pem_slice(text.as_bytes()).map_err(|_| damaged())?;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| damaged())?;
        let key = KeyPair::try_from(&key).map_err(|_| damaged())?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key).map_err(|_| damaged())?;

        let public = format!("{}\n", certificate_of(&text).ok_or_else(damaged)?);
        if std::fs::read(&certificate_path).ok().as_deref() != Some(public.as_bytes()) {
            write_whole(&certificate_path, public.as_bytes(), Existing::Replace)?;
        }
        let config = server_config(issuer)?;
        Ok(Authority { certificate_path, certificate, config })
    }

    /// Where the certificate that users trust lies (`ca.pem`).
    pub fn certificate_path(&self) -> &Path {
        &self.certificate_path
    }

    /// The certificate that users trust.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// What a TLS door needs: TLS 1.2 and 1.3, HTTP/1.1, and the leaf.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

fn server_config(issuer: Issuer<'static, KeyPair>) -> Result<Arc<ServerConfig>, AuthorityError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let leaves = Leaves::new(issuer, Arc::clone(&provider))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(AuthorityError::issue)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(leaves));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The leaf that is shown now, and what the next one is made with.
struct Leaves {
    issuer: Issuer<'static, KeyPair>,
    provider: Arc<CryptoProvider>,
    current: RwLock<Leaf>,
}

#[derive(Clone)]
struct Leaf {
    certificate: Arc<CertifiedKey>,
    renew_at: SystemTime,
}

impl Leaves {
    fn new(
        issuer: Issuer<'static, KeyPair>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Leaves, AuthorityError> {
        let first = issue_leaf(&issuer, &provider, SystemTime::now())?;
        Ok(Leaves { issuer, provider, current: RwLock::new(first) })
    }

    /// The leaf to show at `now`.
    fn at(&self, now: SystemTime) -> Arc<CertifiedKey> {
        // The leaf is replaced whole, so a panic elsewhere cannot have left it half-written.
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        if now < current.renew_at {
            return current.certificate;
        }
        match issue_leaf(&self.issuer, &self.provider, now) {
            Ok(next) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = next.clone();
                next.certificate
            }
            Err(error) => {
                tracing::error!(%error, "the TLS certificate could not be renewed; the old one is shown on");
                current.certificate
            }
        }
    }
}

impl ResolvesServerCert for Leaves {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match hello.server_name() {
            Some(name) if !is_impersonated(name) && !LOCAL_NAMES.contains(&name) => {
                tracing::debug!(name, "a TLS client asked for a host that is not answered here");
                None
            }
            // Clients that connect to a bare address send no name.
            _ => Some(self.at(SystemTime::now())),
        }
    }
}

impl fmt::Debug for Leaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Leaves")
    }
}

/// A new authority at `now`: its key and its certificate, as PEM.
fn new_authority(now: SystemTime) -> Result<String, AuthorityError> {
    let key = KeyPair::generate().map_err(AuthorityError::issue)?;
    let mut params = params(now, AUTHORITY_VALIDITY);
    params.distinguished_name.push(DnType::CommonName, "Pasarela local authority");
    params.distinguished_name.push(DnType::OrganizationName, "Pasarela (this machine only)");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints =
        Some(NameConstraints { permitted_subtrees: permitted(), excluded_subtrees: vec![] });
    let certificate = params.self_signed(&key).map_err(AuthorityError::issue)?;
    Ok(key.serialize_pem() + &certificate.pem())
}

/// All that the authority may vouch for.
fn permitted() -> Vec<GeneralSubtree> {
    let domains =
        DOMAINS.iter().chain(&["localhost"]).map(|domain| GeneralSubtree::DnsName((*domain).to_owned()));
    let addresses = [
        GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
        GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(std::net::Ipv6Addr::LOCALHOST.octets(), 128)),
    ];
    domains.chain(addresses).collect()
}

/// A leaf for all hosts, with a key of its own, valid from `now`.
fn issue_leaf(
    issuer: &Issuer<'static, KeyPair>,
    provider: &CryptoProvider,
    now: SystemTime,
) -> Result<Leaf, AuthorityError> {
    let names = HOSTS.iter().chain(&LOCAL_NAMES).map(|name| (*name).to_owned()).collect();
    let (certificate, key) = sign_leaf(issuer, names, now)?;
    let key = provider.key_provider.load_private_key(key).map_err(AuthorityError::issue)?;
    Ok(Leaf {
        certificate: Arc::new(CertifiedKey::new(vec![certificate], key)),
        renew_at: now + LEAF_VALIDITY - LEAF_RENEWAL,
    })
}

fn sign_leaf(
    issuer: &Issuer<'static, KeyPair>,
    names: Vec<String>,
    now: SystemTime,
) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), AuthorityError> {
    let mut leaf = params(now, LEAF_VALIDITY);
    leaf.subject_alt_names = CertificateParams::new(names).map_err(AuthorityError::issue)?.subject_alt_names;
    leaf.distinguished_name.push(DnType::CommonName, "Pasarela");
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.use_authority_key_identifier_extension = true;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().map_err(AuthorityError::issue)?;
    let certificate = leaf.signed_by(&key, issuer).map_err(AuthorityError::issue)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok((certificate.into(), key))
}

/// Valid from a day before `now`, for the clocks that are behind, until `validity` after it.
fn params(now: SystemTime, validity: Duration) -> CertificateParams {
    // A clock before 1970 is no clock; certificates of 1970 then say so.
    let now = now.duration_since(UNIX_EPOCH).unwrap_or(DAY);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = epoch + now.saturating_sub(DAY);
    params.not_after = epoch + now + validity;
    params
}

/// The certificate in a PEM text, with its marks.
fn certificate_of(text: &str) -> Option<&str> {
    const END: &str = "-----END CERTIFICATE-----";
    let begin = text.find("-----BEGIN CERTIFICATE-----")?;
    let length = text[begin..].find(END)? + END.len();
    Some(&text[begin..begin + length])
}

/// What to do with a file that is there already.
#[derive(PartialEq)]
enum Existing {
    Keep,
    Replace,
}

/// The content of a file that only its owner may read; none if there is no such file.
fn read_private(path: &Path) -> Result<Option<String>, AuthorityError> {
    match std::fs::metadata(path) {
        Ok(metadata) => refuse_if_open_to_others(path, &metadata)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(AuthorityError::file(path)(error)),
    }
    std::fs::read_to_string(path).map(Some).map_err(AuthorityError::file(path))
}

#[cfg(unix)]
fn refuse_if_open_to_others(path: &Path, metadata: &std::fs::Metadata) -> Result<(), AuthorityError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(AuthorityError::TooOpen { path: path.to_path_buf(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_if_open_to_others(_: &Path, _: &std::fs::Metadata) -> Result<(), AuthorityError> {
    Ok(())
}

/// Writes a file that appears whole or not at all. The public one is made readable for all, as a program of another
/// user has to read it; the other one stays with its owner (the mode of temporary files).
fn write_whole(path: &Path, content: &[u8], existing: Existing) -> Result<(), AuthorityError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(AuthorityError::file(directory))?;
    file.write_all(content).map_err(AuthorityError::file(path))?;
    if existing == Existing::Replace {
        make_readable_for_all(file.as_file()).map_err(AuthorityError::file(path))?;
    }
    file.as_file().sync_all().map_err(AuthorityError::file(path))?;
    let written = match existing {
        Existing::Replace => file.persist(path),
        Existing::Keep => file.persist_noclobber(path),
    };
    match written {
        Err(kept) if kept.error.kind() == ErrorKind::AlreadyExists && existing == Existing::Keep => Ok(()),
        Err(failed) => Err(AuthorityError::file(path)(failed.error)),
        Ok(_) => Ok(()),
    }
}

#[cfg(unix)]
fn make_readable_for_all(file: &std::fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable_for_all(_: &std::fs::File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::{ServerName, UnixTime};

    fn authority() -> (CertificateDer<'static>, Issuer<'static, KeyPair>) {
        let text = new_authority(SystemTime::now()).expect("an authority");
        let certificate = CertificateDer::from_pem_slice(text.as_bytes()).expect("its certificate");
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).expect("its key");
        let key = KeyPair::try_from(&key).expect("its key");
        let issuer = Issuer::from_ca_cert_der(&certificate, key).expect("an issuer");
        (certificate, issuer)
    }

    fn accepted(
        authority: &CertificateDer<'static>,
        leaf: &CertificateDer<'_>,
        host: &str,
        at: SystemTime,
    ) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .expect("a verifier");
        let name = ServerName::try_from(host.to_owned()).expect("a name");
        let at = UnixTime::since_unix_epoch(at.duration_since(UNIX_EPOCH).expect("after 1970"));
        verifier.verify_server_cert(leaf, &[], &name, &[], at).is_ok()
    }

    #[test]
    fn the_leaf_is_good_for_every_host_and_for_this_machine() {
        let (certificate, issuer) = authority();
        let leaves = Leaves::new(issuer, Arc::new(rustls::crypto::ring::default_provider())).expect("a leaf");
        let now = SystemTime::now();
        let leaf = leaves.at(now);
        for host in HOSTS.iter().chain(&LOCAL_NAMES) {
            assert!(accepted(&certificate, &leaf.cert[0], host, now), "{host}");
        }
        assert!(!accepted(&certificate, &leaf.cert[0], "mercadopago.com", now));
    }

    #[test]
    fn the_authority_cannot_vouch_for_anybody_else() {
        let (certificate, issuer) = authority();
        let now = SystemTime::now();
        for host in ["example.com", "mercadopago.com.example.com", "10.0.0.1", "xmercadopago.com"] {
            let (leaf, _) = sign_leaf(&issuer, vec![host.to_owned()], now).expect("a leaf");
            assert!(!accepted(&certificate, &leaf, host, now), "{host}");
        }
        let (leaf, _) = sign_leaf(&issuer, vec!["api.mercadopago.com".to_owned()], now).expect("a leaf");
        assert!(accepted(&certificate, &leaf, "api.mercadopago.com", now));
    }

    #[test]
    fn the_leaf_is_renewed_before_it_expires() {
        let (certificate, issuer) = authority();
        let leaves = Leaves::new(issuer, Arc::new(rustls::crypto::ring::default_provider())).expect("a leaf");
        let now = SystemTime::now();
        let first = leaves.at(now);
        let soon = leaves.at(now + LEAF_VALIDITY - LEAF_RENEWAL - DAY);
        assert_eq!(first.cert, soon.cert, "the same until it is due");
        let due = now + LEAF_VALIDITY - LEAF_RENEWAL + DAY;
        let second = leaves.at(due);
        assert_ne!(first.cert, second.cert);
        assert_eq!(second.cert, leaves.at(due).cert);
        let after_the_first = now + LEAF_VALIDITY + DAY;
        assert!(!accepted(&certificate, &first.cert[0], HOSTS[0], after_the_first));
        assert!(accepted(&certificate, &second.cert[0], HOSTS[0], after_the_first));
    }
}
