//! The browser's only way into the network: a proxy on this machine that checks where each connection leads, as the
//! address guard of notifications does. A name is resolved here and connected to here, so that a name which answers
//! differently the second time gains nothing.

use crate::notifications::address_guard::{self, Reach};
use crate::notifications::sender::connect;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use url::Url;

/// How long a connection may take to be made.
const CONNECT_TIME: Duration = Duration::from_secs(8);
/// How long a request's head may take to come.
const HEAD_TIME: Duration = Duration::from_secs(8);
/// The longest head: a browser's largest cookies and address fit.
const LONGEST_HEAD: usize = 64 * 1024;
/// How many connections are open at a time; a browser has six for a host.
const MOST_AT_ONCE: usize = 64;
/// How many connections there are in all.
const MOST_CONNECTIONS: u64 = 600;
/// The bytes that come in, of all connections together: a heavy shop has a tenth.
const MOST_BYTES: u64 = 60 * 1024 * 1024;

/// What a browser asks for of its own accord, whatever it is told: the time, updates, what to fill forms with, an account. Pages
/// that are looked at are nobody else's business.
const OWN_ACCORD: [&str; 6] = [
    "accounts.google.com",
    "clients2.google.com",
    "content-autofill.googleapis.com",
    "optimizationguide-pa.googleapis.com",
    "safebrowsing.googleapis.com",
    "update.googleapis.com",
];

/// The door; it closes, and cuts off whoever is in it, when this is dropped.
pub(super) struct Door {
    port: u16,
    keeper: JoinHandle<()>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// What is left for all connections of one browser.
struct Left {
    bytes: AtomicU64,
    connections: AtomicU64,
}

impl Door {
    /// Opens one, at a port that the system chooses.
    pub(super) async fn open(reach: Reach) -> io::Result<Door> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        Ok(Door { port, keeper: tokio::spawn(keep(listener, reach)) })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

async fn keep(listener: TcpListener, reach: Reach) {
    let left =
        Arc::new(Left { bytes: AtomicU64::new(MOST_BYTES), connections: AtomicU64::new(MOST_CONNECTIONS) });
    let room = Arc::new(Semaphore::new(MOST_AT_ONCE));
    // Dropped with the door, and so is everybody in it.
    let mut inside = tokio::task::JoinSet::new();
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else { continue };
        while inside.try_join_next().is_some() {}
        let left = left.clone();
        inside.spawn(async move {
            if take(&left.connections, 1) {
                // Whatever goes wrong, the browser sees a connection that ends.
                let _ = serve(stream, reach, &left).await;
            }
            drop(place);
        });
    }
}

fn take(from: &AtomicU64, count: u64) -> bool {
    from.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(count)).is_ok()
}

async fn serve(mut browser: TcpStream, reach: Reach, left: &Left) -> io::Result<()> {
    let head = tokio::time::timeout(HEAD_TIME, head_of(&mut browser)).await;
    let Some(asked) = head.ok().and_then(Result::ok).as_deref().and_then(Asked::read) else {
        return browser.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await;
    };
    let Some(mut shop) = connection(&asked.url, reach).await else {
        return browser.write_all(b"HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n").await;
    };
    match &asked.forward {
        Some(head) => shop.write_all(head).await?,
        None => browser.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?,
    }
    let ((from_browser, to_browser), (from_shop, to_shop)) = (browser.split(), shop.split());
    let (out, inward) = tokio::join!(pass(from_browser, to_shop, left), pass(from_shop, to_browser, left));
    out.and(inward)
}

/// Up to the empty line, and what came with it.
async fn head_of(browser: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = browser.read(&mut buffer).await?;
        if count == 0 || head.len() + count > LONGEST_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.extend_from_slice(&buffer[..count]);
    }
    Ok(head)
}

/// What a browser asks its proxy for.
struct Asked {
    url: Url,
    /// What the shop is sent: a request in clear. With TLS the browser speaks to the shop itself.
    forward: Option<Vec<u8>>,
}

impl Asked {
    fn read(head: &[u8]) -> Option<Asked> {
        let end = head.windows(4).position(|end| end == b"\r\n\r\n")?;
        let (lines, rest) = (std::str::from_utf8(&head[..end]).ok()?, &head[end + 4..]);
        let mut lines = lines.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        if method == "CONNECT" {
            // Whether it is TLS is not seen; what counts is where it leads.
            return Some(Asked { url: Url::parse(&format!("https://{target}/")).ok()?, forward: None });
        }
        let url = Url::parse(target).ok().filter(|url| url.scheme() == "http")?;
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        // One request for a connection: the next one may be for another host.
        let mut forward = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        for line in lines {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            if !matches!(name.as_str(), "proxy-connection" | "proxy-authorization" | "connection") {
                forward.push_str(line);
                forward.push_str("\r\n");
            }
        }
        forward.push_str("\r\n");
        let mut forward = forward.into_bytes();
        forward.extend_from_slice(rest);
        Some(Asked { url, forward: Some(forward) })
    }
}

async fn connection(url: &Url, reach: Reach) -> Option<TcpStream> {
    if url.host_str().is_some_and(|host| OWN_ACCORD.contains(&host)) {
        return None;
    }
    let target = address_guard::target(url, reach).ok()?;
    let connected = async {
        let addresses = address_guard::resolve(&target, reach).await.ok()?;
        connect(&addresses, CONNECT_TIME).await.ok()
    };
    tokio::time::timeout(CONNECT_TIME, connected).await.ok()?
}

/// Passes on what comes, while there is something left.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    left: &Left,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        if !take(&left.bytes, count as u64) {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        to.write_all(&buffer[..count]).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answer(door: &Door, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", door.port())).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Answers one request with what was asked of it.
    async fn echo() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = head_of(&mut stream).await.unwrap();
            stream.write_all(&head).await.unwrap();
        });
        port
    }

    #[tokio::test]
    async fn nothing_but_the_public_internet_is_behind_it() {
        let door = Door::open(Reach::Public).await.unwrap();
        for asked in [
            "GET http://127.0.0.1:8080/ HTTP/1.1",
            "GET http://localhost:8080/ HTTP/1.1",
            "GET http://169.254.169.254/latest/meta-data HTTP/1.1",
            "GET http://[::1]:8080/ HTTP/1.1",
            "CONNECT 10.0.0.1:443 HTTP/1.1",
            "CONNECT 2130706433:443 HTTP/1.1",
            "CONNECT 1.1.1.1:22 HTTP/1.1",
            "CONNECT update.googleapis.com:443 HTTP/1.1",
        ] {
            let answer = answer(&door, &format!("{asked}\r\n\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 403 "), "{asked}: {answer}");
        }
        for odd in
            ["GET / HTTP/1.1", "GET file:///etc/passwd HTTP/1.1", "GET ftp://x/ HTTP/1.1", "X", "CONNECT"]
        {
            let answer = answer(&door, &format!("{odd}\r\n\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{odd}: {answer}");
        }
    }

    #[tokio::test]
    async fn a_request_in_clear_is_passed_on_as_the_shop_expects_it() {
        let door = Door::open(Reach::Anywhere).await.unwrap();
        let shop = format!("127.0.0.1:{}", echo().await);
        let request = format!(
            "GET http://{shop}/pay?a=1 HTTP/1.1\r\nHost: {shop}\r\nProxy-Connection: keep-alive\r\n\r\n"
        );
        let seen = answer(&door, &request).await;
        assert_eq!(seen, format!("GET /pay?a=1 HTTP/1.1\r\nconnection: close\r\nHost: {shop}\r\n\r\n"));
    }

    #[tokio::test]
    async fn a_tunnel_leads_to_the_shop_and_ends_with_the_door() {
        let door = Door::open(Reach::Anywhere).await.unwrap();
        let shop = format!("127.0.0.1:{}", echo().await);
        let through = format!("CONNECT {shop} HTTP/1.1\r\n\r\n");
        let mut stream = TcpStream::connect(("127.0.0.1", door.port())).await.unwrap();
        stream.write_all(through.as_bytes()).await.unwrap();
        let established = head_of(&mut stream).await.unwrap();
        assert!(established.starts_with(b"HTTP/1.1 200 "));
        drop(door);
        let mut rest = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut rest)).await;
        assert!(end.is_ok() && rest.is_empty());
    }
}
