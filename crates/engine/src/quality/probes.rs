//! The platform looks at a seller's addresses: a real handshake, a page fetched and read, notifications sent. Where it may
//! connect is what notifications may (`notifications/address_guard.rs`): every hop of a redirection is checked anew.

use super::browser::refusal::{Shown, Trial};
use super::browser::{Browser, Seen, Surroundings, Unseen, Wanted};
use super::page_reader::{self, Official};
use crate::notifications::address_guard::{self, Reach, Target};
use crate::notifications::sender::{SendFailure, connect, connector, server_name, tls_reason};
use base64::Engine as _;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use pasarela_domain::quality::page::{PageFacts, ResultPages};
use pasarela_domain::quality::site::SiteProbe;
use rustls::pki_types::CertificateDer;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Url;

/// How long one exchange may take, its connection included.
const EXCHANGE_TIME: Duration = Duration::from_secs(10);
/// How long a page may take, with its redirections and scripts.
const PAGE_TIME: Duration = Duration::from_secs(12);
/// How many redirections are followed.
const MOST_HOPS: usize = 5;
/// The most of a page or script that is read.
const LARGEST: usize = 1024 * 1024;
/// How many scripts of a page are fetched to be looked at.
const MOST_SCRIPTS: usize = 6;
/// How much of an address or a fault is kept, in letters.
const LONGEST_KEPT: usize = 200;
/// What the platform calls itself.
pub(super) const USER_AGENT: &str = concat!("Pasarela/", env!("CARGO_PKG_VERSION"), " (integration quality)");

/// Looks at addresses.
pub struct Prober {
    reach: Reach,
    extra_roots: Vec<CertificateDer<'static>>,
    tls: OnceCell<Option<TlsConnector>>,
    official: Official,
    browser: Option<Arc<Browser>>,
}

/// How many more requests one look at a seller's addresses may make.
pub struct Budget(AtomicU32);

impl Budget {
    /// So many.
    pub const fn new(requests: u32) -> Budget {
        Budget(AtomicU32::new(requests))
    }

    fn take(&self) -> Result<(), String> {
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        taken.map(drop).map_err(|_| "more requests than a check makes".to_owned())
    }
}

/// Where a shop's pages are.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShopPages<'p> {
    /// The page on which buyers pay.
    pub payment: &'p str,
    /// The shop's home page, where that is another one.
    pub home: Option<&'p str>,
    /// The pages after an approval and after a refusal.
    pub results: Option<(&'p str, &'p str)>,
}

/// What was seen of a shop's pages.
pub struct SeenPages {
    /// The page on which buyers pay.
    pub page: PageFacts,
    /// The home page, where it was named.
    pub home: Option<PageFacts>,
    /// The pages at the end of a payment, where they were named.
    pub results: Option<ResultPages>,
    /// What the buyers were shown whose cards were refused, in the order of the trial's cards and as far as there was time; or why
    /// nobody was one.
    pub refusals: Vec<Result<Shown, String>>,
}

/// What was fetched.
struct Fetched {
    url: Url,
    status: u16,
    body: Vec<u8>,
}

impl Prober {
    /// One that reaches as far as `reach`, trusts `extra_roots` beside the system's, and knows the platform at `public_url`.
    pub fn new(reach: Reach, extra_roots: Vec<CertificateDer<'static>>, public_url: &str) -> Prober {
        let official = Official::of(public_url);
        Prober { reach, extra_roots, tls: OnceCell::new(), official, browser: None }
    }

    /// The same, which opens pages in `browser`, if there is one.
    #[must_use]
    pub fn with_browser(mut self, browser: Option<Arc<Browser>>) -> Prober {
        self.browser = browser;
        self
    }

    /// The certificate and protocol of a site, and where plain HTTP leads.
    pub async fn site(&self, url: &str, budget: &Budget) -> SiteProbe {
        let mut probe = SiteProbe { url: short(url), ..SiteProbe::default() };
        let Ok(mut parsed) = Url::parse(url) else {
            probe.fault = Some("it is no address".to_owned());
            return probe;
        };
        if parsed.scheme() != "https" {
            probe.fault = Some("it is not an https address".to_owned());
            return probe;
        }
        if let Err(fault) = budget.take() {
            probe.fault = Some(fault);
            return probe;
        }
        match tokio::time::timeout(EXCHANGE_TIME, self.handshake(&parsed)).await {
            Ok(Ok(stream)) => describe(&stream, &mut probe),
            Ok(Err(fault)) => probe.fault = Some(fault),
            Err(_) => probe.fault = Some("timeout".to_owned()),
        }
        // A site at a port of its own has no plain neighbour that browsers would go to.
        if parsed.port().is_some() {
            probe.leads_to_https = true;
            return probe;
        }
        if parsed.set_scheme("http").is_ok() {
            self.plain(&parsed, &mut probe, budget).await;
        }
        probe
    }

    async fn plain(&self, url: &Url, probe: &mut SiteProbe, budget: &Budget) {
        match self.exchange(url, budget).await {
            Ok(answer) => {
                let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
                let leads = location.and_then(|location| url.join(location).ok());
                probe.leads_to_https = answer.status().is_redirection()
                    && leads.as_ref().is_some_and(|url| url.scheme() == "https");
                probe.plain_http = Some(match leads {
                    Some(url) => format!("{} {}", answer.status().as_u16(), short(url.as_str())),
                    None => answer.status().as_u16().to_string(),
                });
            }
            // Nothing is served in clear: that is as good as a redirection.
            Err(fault) => {
                probe.leads_to_https = fault == SendFailure::Refused.to_string();
                probe.plain_http = Some(fault);
            }
        }
    }

    /// A page, fetched and read, with its scripts as far as they may matter.
    async fn page(&self, url: &str, budget: &Budget) -> PageFacts {
        self.page_with(url, MOST_SCRIPTS, budget).await
    }

    /// A page, fetched and read, without its scripts.
    async fn plain_page(&self, url: &str, budget: &Budget) -> PageFacts {
        self.page_with(url, 0, budget).await
    }

    async fn page_with(&self, url: &str, most_scripts: usize, budget: &Budget) -> PageFacts {
        let in_time = tokio::time::timeout(PAGE_TIME, self.read_page(url, most_scripts, budget)).await;
        in_time.unwrap_or_else(|_| PageFacts {
            url: short(url),
            fault: Some("timeout".to_owned()),
            ..PageFacts::default()
        })
    }

    async fn read_page(&self, url: &str, most_scripts: usize, budget: &Budget) -> PageFacts {
        let fetched = match Url::parse(url) {
            Ok(url) => self.fetch(&url, budget).await,
            Err(_) => Err("it is no address".to_owned()),
        };
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(fault) => return PageFacts { url: short(url), fault: Some(fault), ..PageFacts::default() },
        };
        let html = String::from_utf8_lossy(&fetched.body);
        let (mut facts, scripts) = page_reader::read(&html, &fetched.url, &self.official);
        facts.status = fetched.status;
        for script in scripts.iter().take(most_scripts) {
            if let Ok(fetched) = self.fetch(script, budget).await
                && fetched.status == 200
            {
                page_reader::read_script(&String::from_utf8_lossy(&fetched.body), Some(script), &mut facts);
            }
        }
        facts
    }

    /// A shop's pages, each as it is served, and then as a browser shows it where there is one; with a `trial`, cards that are
    /// refused are typed into the payment page, further ones while there is time `until` then.
    pub async fn pages(
        &self,
        shop: ShopPages<'_>,
        trial: Option<(Trial, Instant)>,
        budget: &Budget,
    ) -> SeenPages {
        let plain = async |url: Option<&str>| match url {
            Some(url) => Some(self.plain_page(url, budget).await),
            None => None,
        };
        let (page, approved, rejected, home) = tokio::join!(
            self.page(shop.payment, budget),
            plain(shop.results.map(|(approved, _)| approved)),
            plain(shop.results.map(|(_, rejected)| rejected)),
            plain(shop.home),
        );
        // One logo is enough: a home page is opened where none was seen yet.
        let has_logo = page.logo.is_some() || home.as_ref().is_none_or(|home| home.logo.is_some());
        let (unopened, home) = if has_logo { (home, None) } else { (None, home) };
        let served: Vec<PageFacts> = [Some(page), approved, rejected, home].into_iter().flatten().collect();
        let (pages, refusals) = self.opened(served, trial).await;
        let mut pages = pages.into_iter();
        let page = pages.next().unwrap_or_default();
        let results = shop.results.and_then(|_| pages.next().zip(pages.next()));
        let results = results.map(|(approved, rejected)| ResultPages { approved, rejected });
        SeenPages { page, home: pages.next().or(unopened), results, refusals }
    }

    /// Opens in the browser what was there; the scripts of the first page are looked at, too. A browser that fails takes nothing
    /// away from what was read without it.
    async fn opened(
        &self,
        served: Vec<PageFacts>,
        trial: Option<(Trial, Instant)>,
    ) -> (Vec<PageFacts>, Vec<Result<Shown, String>>) {
        let nobody = |why: &str| vec![Err(why.to_owned())];
        let Some(browser) = &self.browser else { return (served, nobody("there is no browser here")) };
        let addresses: Vec<(usize, Url)> = served
            .iter()
            .enumerate()
            // A longer address was cut off, and leads elsewhere.
            .filter(|(_, page)| page.is_there() && page.url.len() < LONGEST_KEPT)
            .filter_map(|(at, page)| Some((at, Url::parse(&page.url).ok()?)))
            .collect();
        if addresses.is_empty() {
            return (served, nobody("the page was not there"));
        }
        let (trial, until) = trial.unzip();
        let trial = trial.map(Arc::new);
        let around = Surroundings {
            reach: self.reach,
            trusted_keys: self.trusted_keys(&addresses).await,
            official: self.official.clone(),
            until: until.unwrap_or_else(Instant::now),
        };
        let wanted = addresses.iter().map(|(at, url)| {
            let (url, is_first) = (url.clone(), *at == 0);
            Wanted { url, with_scripts: is_first, trial: trial.clone().filter(|_| is_first) }
        });
        let seen = browser.open(wanted.collect(), around).await;
        let mut seen: Vec<Result<Seen, Unseen>> = match seen {
            Ok(seen) => seen,
            Err(fault) => addresses.iter().map(|_| Err(Unseen::Fault(fault.clone()))).collect(),
        };
        let mut refusals = nobody("the page could not be opened in a browser");
        if let Some(Ok(first)) = seen.first_mut()
            && !first.refusals.is_empty()
        {
            refusals = std::mem::take(&mut first.refusals);
        }
        let mut pages = served;
        for ((at, _), seen) in addresses.iter().zip(seen) {
            let page = std::mem::take(&mut pages[*at]);
            pages[*at] = beside(page, seen);
        }
        (pages, refusals)
    }

    /// The keys of the shop's certificates, where an authority stands for them that this prober trusts and a browser does not
    /// know: an own test authority.
    async fn trusted_keys(&self, addresses: &[(usize, Url)]) -> Vec<String> {
        let mut keys = Vec::new();
        if self.extra_roots.is_empty() {
            return keys;
        }
        for (_, url) in addresses.iter().filter(|(_, url)| url.scheme() == "https") {
            let stream = tokio::time::timeout(EXCHANGE_TIME, self.handshake(url)).await;
            if let Some(key) = stream.ok().and_then(Result::ok).as_ref().and_then(key_of)
                && !keys.contains(&key)
            {
                keys.push(key);
            }
        }
        keys
    }

    /// The target of a `link` of the page at `page`.
    pub async fn linked(&self, page: &str, link: &str, budget: &Budget) -> PageFacts {
        let url = Url::parse(page).and_then(|page| page.join(link));
        match url {
            Ok(url) => self.plain_page(url.as_str(), budget).await,
            Err(_) => PageFacts {
                url: short(link),
                fault: Some("it is no address".to_owned()),
                ..PageFacts::default()
            },
        }
    }

    /// The file at `url`; `None` where there is none, or a larger one than is read.
    pub async fn file(&self, url: &str, budget: &Budget) -> Option<Vec<u8>> {
        let fetched = self.fetch(&Url::parse(url).ok()?, budget).await.ok()?;
        (fetched.status == 200).then_some(fetched.body)
    }

    async fn fetch(&self, url: &Url, budget: &Budget) -> Result<Fetched, String> {
        let mut url = url.clone();
        for _ in 0..=MOST_HOPS {
            let answer = self.exchange(&url, budget).await?;
            let status = answer.status();
            let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            if let (true, Some(location)) = (status.is_redirection(), location) {
                url = url.join(location).map_err(|_| "a redirection to no address".to_owned())?;
                continue;
            }
            let body =
                tokio::time::timeout(EXCHANGE_TIME, Limited::new(answer.into_body(), LARGEST).collect());
            let body = body.await.map_err(|_| "timeout".to_owned())?;
            let body = body.map_err(|_| format!("broken off, or larger than {LARGEST} bytes"))?;
            return Ok(Fetched { url, status: status.as_u16(), body: body.to_bytes().to_vec() });
        }
        Err(format!("more than {MOST_HOPS} redirections"))
    }

    /// One `GET`; whatever is answered.
    async fn exchange(&self, url: &Url, budget: &Budget) -> Result<Response<hyper::body::Incoming>, String> {
        budget.take()?;
        let exchange = async {
            if url.scheme() == "https" {
                let stream = self.handshake(url).await?;
                get(Abrupt(stream), url).await
            } else {
                get(self.connection(url).await?.1, url).await
            }
        };
        tokio::time::timeout(EXCHANGE_TIME, exchange).await.map_err(|_| "timeout".to_owned())?
    }

    async fn connection(&self, url: &Url) -> Result<(Target, TcpStream), String> {
        let target = address_guard::target(url, self.reach).map_err(|refusal| refusal.to_string())?;
        let addresses =
            address_guard::resolve(&target, self.reach).await.map_err(|refusal| refusal.to_string())?;
        let stream = connect(&addresses, EXCHANGE_TIME).await.map_err(|failure| failure.to_string())?;
        Ok((target, stream))
    }

    async fn handshake(&self, url: &Url) -> Result<TlsStream<TcpStream>, String> {
        let (target, stream) = self.connection(url).await?;
        let extra_roots = || self.extra_roots.clone();
        let connector = self.tls.get_or_init(|| async {
            let extra_roots = extra_roots();
            tokio::task::spawn_blocking(move || connector(extra_roots)).await.ok().flatten()
        });
        let connector =
            connector.await.as_ref().ok_or_else(|| "this server has no root certificates".to_owned())?;
        let name = server_name(&target).map_err(|failure| failure.to_string())?;
        connector
            .connect(name, stream)
            .await
            .map_err(|error| expiry(&error).unwrap_or_else(|| tls_reason(&error).to_owned()))
    }
}

/// A page as it is served and as a browser showed it. One that keeps the browser from showing it can't be judged: nobody pays
/// on it either.
fn beside(served: PageFacts, seen: Result<Seen, Unseen>) -> PageFacts {
    let fault = match seen {
        Ok(Seen { facts, .. }) if facts.is_there() => return facts.beside(served),
        Ok(Seen { facts, .. }) => format!("it answered {}", facts.status),
        Err(Unseen::Hangs) => {
            let fault = Some("its scripts keep the browser from showing it".to_owned());
            return PageFacts { fault, ..served };
        }
        Err(Unseen::Fault(fault)) => fault,
    };
    tracing::warn!(page = served.url, fault, "a page could not be opened in a browser");
    PageFacts { not_opened: Some(short(&fault)), ..served }
}

/// The day on which an expired certificate ended, where the handshake says so.
fn expiry(error: &std::io::Error) -> Option<String> {
    let inner = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::InvalidCertificate(rustls::CertificateError::ExpiredContext { not_after, .. }) = inner
    else {
        return None;
    };
    let seconds = i64::try_from(not_after.as_secs()).ok()?;
    Some(format!("certificate expired on {}", day(seconds)?))
}

fn day(seconds: i64) -> Option<String> {
    Some(Timestamp::from_second(seconds).ok()?.strftime("%Y-%m-%d").to_string())
}

fn describe(stream: &TlsStream<TcpStream>, probe: &mut SiteProbe) {
    let session = stream.get_ref().1;
    probe.tls_version = session.protocol_version().map(|version| match version {
        rustls::ProtocolVersion::TLSv1_3 => "TLS 1.3".to_owned(),
        rustls::ProtocolVersion::TLSv1_2 => "TLS 1.2".to_owned(),
        other => format!("{other:?}"),
    });
    let leaf = session.peer_certificates().and_then(|chain| chain.first());
    if let Some((_, certificate)) = leaf.and_then(|leaf| x509_parser::parse_x509_certificate(leaf).ok()) {
        let until = certificate.validity().not_after.timestamp();
        probe.valid_until = day(until);
        probe.days_left = Some((until - Timestamp::now().as_second()).div_euclid(86_400));
    }
}

/// SHA-256 of the public key that the peer's certificate holds, in base64.
fn key_of(stream: &TlsStream<TcpStream>) -> Option<String> {
    let leaf = stream.get_ref().1.peer_certificates()?.first()?;
    let (_, certificate) = x509_parser::parse_x509_certificate(leaf).ok()?;
    let hash = ring::digest::digest(&ring::digest::SHA256, certificate.public_key().raw);
    Some(base64::engine::general_purpose::STANDARD.encode(hash))
}

/// A connection whose peer may go without a word of TLS, as many servers do and browsers take it: what was sent ends there. HTTP
/// itself tells whether that is all, by a length or by its last chunk; less is broken off. Where it tells neither, it is all.
struct Abrupt(TlsStream<TcpStream>);

impl AsyncRead for Abrupt {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.0).poll_read(context, buffer) {
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
            other => other,
        }
    }
}

impl AsyncWrite for Abrupt {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

async fn get<S>(stream: S, url: &Url) -> Result<Response<hyper::body::Incoming>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let no_answer = |_| SendFailure::BadAnswer.to_string();
    let (mut requests, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(no_answer)?;
    // It ends with the answer's body, or when that is dropped.
    tokio::spawn(connection);
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let request = Request::builder()
        .method(Method::GET)
        .uri(path)
        .header(header::HOST, host)
        .header(header::USER_AGENT, HeaderValue::from_static(USER_AGENT))
        .header(header::ACCEPT, HeaderValue::from_static("text/html, */*;q=0.5"))
        .header(header::CONNECTION, HeaderValue::from_static("close"))
        .body(Empty::<Bytes>::new())
        .map_err(|_| "it is no address".to_owned())?;
    requests.send_request(request).await.map_err(no_answer)
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_KEPT).collect()
}
