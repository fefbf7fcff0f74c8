//! The mail server: how it is named, and what is said to it (SMTP, RFC 5321).

use super::letter::Letter;
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::CertificateDer;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::timeout;
use url::{Host, Url};
use zeroize::Zeroizing;

/// How long one answer of the server is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a message's last answer is waited for: the server looks at it first (RFC 5321 4.5.3.2.6 says ten minutes, which
/// would keep all others waiting).
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(120);
/// How long a farewell is.
const FAREWELL: Duration = Duration::from_secs(2);

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// TLS from the first byte (`smtps://`).
    Wrapped,
    /// STARTTLS, or nothing is said (`smtp://…`, the default).
    Required,
    /// STARTTLS where the server offers it; somebody on the way can take that offer away.
    Opportunistic,
    /// None.
    None,
}

/// A mail server.
#[derive(Clone)]
pub struct MailServer {
    host: String,
    port: u16,
    encryption: Encryption,
    user: Option<String>,
    password: Option<Zeroizing<String>>,
}

impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Without the password.
impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailServer({self}, {:?})", self.encryption)
    }
}

/// Why an address names no mail server that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailServerFault {
    /// It is not understood.
    #[error(
        "the mail server is named as smtps://USER@HOST:465 or smtp://USER@HOST:587?tls=required|opportunistic|none"
    )]
    Address,
    /// A password is in it, where other processes read it.
    #[error("the mail server's address has a password in it, which other processes can read")]
    PasswordInAddress,
    /// A user without a password, or the other way round.
    #[error("the mail server's user and its password are given together")]
    Credentials,
    /// A password would be sent in clear.
    #[error(
        "a password is sent to the mail server only where it is encrypted (tls=required), or on this machine"
    )]
    PasswordInClear,
}

impl MailServer {
    /// The server at `address`, whose user's password is `password`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(address: &str, password: Option<Zeroizing<String>>) -> Result<MailServer, MailServerFault> {
        let url = Url::parse(address).map_err(|_| MailServerFault::Address)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(MailServerFault::Address)?;
        if url.password().is_some() {
            return Err(MailServerFault::PasswordInAddress);
        }
        let user = Some(url.username()).filter(|user| !user.is_empty());
        let user = user.map(|user| percent_decoded(user).ok_or(MailServerFault::Address)).transpose()?;
        let (encryption, port) = encryption(&url).ok_or(MailServerFault::Address)?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(MailServerFault::Address);
        }
        if user.is_some() != password.is_some() {
            return Err(MailServerFault::Credentials);
        }
        let is_clear = matches!(encryption, Encryption::None | Encryption::Opportunistic);
        if is_clear && user.is_some() && !is_this_machine(host) {
            return Err(MailServerFault::PasswordInClear);
        }
        Ok(MailServer { host: host.to_owned(), port: url.port().unwrap_or(port), encryption, user, password })
    }

    /// Whether the server lets in whoever these settings say, and takes mail of `from`. `extra_roots` are trusted beside the
    /// well-known authorities.
    ///
    /// # Errors
    /// What it says instead.
    pub async fn check(&self, from: &Address, extra_roots: &[CertificateDer<'static>]) -> Result<(), Fault> {
        let mut talk = Talk::begin(self, extra_roots).await?;
        let taken = talk.say(Mail::new(Some(from.clone()), Vec::new()), PATIENCE).await;
        talk.end().await;
        taken.map_err(|error| Fault::Server(error.to_string()))
    }

    fn tls(&self, extra_roots: &[CertificateDer<'static>]) -> Result<TlsParameters, Error> {
        let name = self.host.trim_matches(['[', ']']).to_owned();
        let mut parameters = TlsParameters::builder(name);
        for root in extra_roots {
            parameters = parameters.add_root_certificate(Certificate::from_der(root.to_vec())?);
        }
        parameters.build_rustls()
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let decoded = url::form_urlencoded::parse(format!("x={}", text.replace('+', "%2B")).as_bytes())
        .next()?
        .1
        .into_owned();
    (!decoded.chars().any(char::is_control)).then_some(decoded)
}

/// How it is encrypted, and the port where nothing else is said (RFC 8314 3.3, RFC 6409 3.1).
fn encryption(url: &Url) -> Option<(Encryption, u16)> {
    let mut tls = None;
    for (name, value) in url.query_pairs() {
        match (name.as_ref(), tls.is_some()) {
            ("tls", false) => tls = Some(value.into_owned()),
            _ => return None,
        }
    }
    match (url.scheme(), tls.as_deref()) {
        ("smtps", None) => Some((Encryption::Wrapped, 465)),
        ("smtp", None | Some("required")) => Some((Encryption::Required, 587)),
        ("smtp", Some("opportunistic")) => Some((Encryption::Opportunistic, 587)),
        ("smtp", Some("none")) => Some((Encryption::None, 25)),
        _ => None,
    }
}

fn is_this_machine(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Ok(Host::Domain(name)) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Err(_) => false,
    }
}

/// Why a message was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The server takes nothing now: it is away, does not know the user, or refuses the sender.
    #[error("{0}")]
    Server(String),
    /// It does not take this message now.
    #[error("{0}")]
    PutOff(String),
    /// It never takes this message.
    #[error("{0}")]
    Refused(String),
    /// The outbox.
    #[error("the outbox: {0}")]
    Outbox(#[from] std::io::Error),
}

/// A conversation with the server.
pub(crate) struct Talk(AsyncSmtpConnection);

impl Talk {
    /// Connects, encrypts and logs in, as the settings say.
    pub(crate) async fn begin(
        server: &MailServer,
        extra_roots: &[CertificateDer<'static>],
    ) -> Result<Talk, Fault> {
        let connecting = connect(server, extra_roots);
        match timeout(PATIENCE, connecting).await {
            Ok(Ok(connection)) => Ok(Talk(connection)),
            Ok(Err(error)) => Err(Fault::Server(chain(&error))),
            Err(_) => Err(Fault::Server("it does not answer".to_owned())),
        }
    }

    /// Hands a message over. The server has it when this is `Ok`.
    pub(crate) async fn hand_over(&mut self, from: &Address, letter: &Letter) -> Result<(), Fault> {
        // Whoever may not send as this sender may send nothing: not the message's fault.
        self.say(Mail::new(Some(from.clone()), Vec::new()), PATIENCE).await.map_err(server_fault)?;
        let taken = async {
            self.say(Rcpt::new(letter.to.clone(), Vec::new()), PATIENCE).await?;
            self.say(Data, PATIENCE).await?;
            let answer = timeout(PATIENCE_AT_THE_END, self.0.message(&letter.bytes)).await;
            answer.map_err(|_| Unsaid::Late)?.map_err(Unsaid::Answer).map(drop)
        };
        let Err(unsaid) = taken.await else { return Ok(()) };
        let fault = match &unsaid {
            Unsaid::Answer(error) if error.is_permanent() => Fault::Refused(unsaid.to_string()),
            Unsaid::Answer(error) if error.is_transient() => Fault::PutOff(unsaid.to_string()),
            _ => return Err(server_fault(unsaid)),
        };
        self.say(Rset, PATIENCE).await.map_err(server_fault)?;
        Err(fault)
    }

    async fn say(&mut self, command: impl fmt::Display, patience: Duration) -> Result<(), Unsaid> {
        let answer = timeout(patience, self.0.command(command)).await;
        answer.map_err(|_| Unsaid::Late)?.map_err(Unsaid::Answer).map(drop)
    }

    /// Says farewell; whatever becomes of that.
    pub(crate) async fn end(mut self) {
        let _ = timeout(FAREWELL, self.0.quit()).await;
    }
}

/// What came instead of a good answer.
#[derive(Debug, thiserror::Error)]
enum Unsaid {
    #[error("it does not answer in time")]
    Late,
    #[error("{}", chain(.0))]
    Answer(Error),
}

fn server_fault(unsaid: Unsaid) -> Fault {
    Fault::Server(unsaid.to_string())
}

/// An error with its causes: the first one alone says "network error".
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(300).collect()
}

async fn connect(
    server: &MailServer,
    extra_roots: &[CertificateDer<'static>],
) -> Result<AsyncSmtpConnection, Error> {
    let address = (server.host.trim_matches(['[', ']']), server.port);
    let hello = ClientId::default();
    let wrapped = match server.encryption {
        Encryption::Wrapped => Some(server.tls(extra_roots)?),
        _ => None,
    };
    let mut connection =
        AsyncSmtpConnection::connect_tokio1(address, Some(PATIENCE), &hello, wrapped, None).await?;
    let starts_tls = match server.encryption {
        Encryption::Required => true,
        Encryption::Opportunistic => connection.can_starttls(),
        Encryption::Wrapped | Encryption::None => false,
    };
    if starts_tls {
        connection.starttls(server.tls(extra_roots)?, &hello).await?;
    }
    if let (Some(user), Some(password)) = (&server.user, &server.password) {
        let credentials = Credentials::new(user.clone(), password.to_string());
        connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await?;
    }
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(address: &str, password: Option<&str>) -> Result<MailServer, MailServerFault> {
        MailServer::new(address, password.map(|password| Zeroizing::new(password.to_owned())))
    }

    #[test]
    fn a_mail_server_is_named_by_an_address() {
        let known = |address: &str| {
            let server = server(address, address.contains('@').then_some("secret")).unwrap();
            (server.host, server.port, server.encryption, server.user)
        };
        let ana = Some("ana@example.com".to_owned());
        assert_eq!(
            known("smtps://ana%40example.com@mail.example.com"),
            ("mail.example.com".into(), 465, Encryption::Wrapped, ana)
        );
        assert_eq!(
            known("smtp://mail.example.com"),
            ("mail.example.com".into(), 587, Encryption::Required, None)
        );
        assert_eq!(
            known("smtp://127.0.0.1:2525?tls=none"),
            ("127.0.0.1".into(), 2525, Encryption::None, None)
        );
        let ana = Some("ana".to_owned());
        assert_eq!(known("smtp://ana@[::1]:25?tls=none"), ("[::1]".into(), 25, Encryption::None, ana));
        for bad in [
            "mail.example.com",
            "http://mail.example.com",
            "smtp://m.example?tls=maybe",
            "smtps://m?tls=none",
            "smtp://m.example/path",
            "smtp://m.example?tls=none&tls=required",
            "smtp://m.example?x=1",
        ] {
            assert_eq!(server(bad, None).unwrap_err(), MailServerFault::Address, "{bad}");
        }
        assert_eq!(server("smtps://a:b@m.example", None).unwrap_err(), MailServerFault::PasswordInAddress);
        assert_eq!(server("smtps://a@m.example", None).unwrap_err(), MailServerFault::Credentials);
        assert_eq!(server("smtps://m.example", Some("b")).unwrap_err(), MailServerFault::Credentials);
        assert_eq!(
            server("smtp://a@m.example?tls=opportunistic", Some("b")).unwrap_err(),
            MailServerFault::PasswordInClear
        );
        assert!(!format!("{:?}", server("smtps://a@m.example", Some("hidden")).unwrap()).contains("hidden"));
    }
}
