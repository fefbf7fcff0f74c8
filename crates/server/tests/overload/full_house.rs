//! When there is no room for another connection.

use crate::door::{STEP, connect, exchange, open, open_for, read_until, status};
use axum::Router;
use axum::routing::{get, post};
use pasarela_server::tls::{Authority, Doorkeeper, Limits, serve_proxy, serve_tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Instant;

const ROOM: usize = 4;
const QUICK: &str = "GET /quick HTTP/1.1\r\nhost: a\r\n\r\n";

/// A house with room for [`ROOM`], all of it taken by requests that are in work until `go_on` says so.
struct FullHouse {
    address: SocketAddr,
    keeper: Doorkeeper,
    router: Router,
    busy: Vec<TcpStream>,
    go_on: Arc<Semaphore>,
}

async fn full_house() -> FullHouse {
    let (begun, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let slow = {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        get(move || async move {
            begun.add_permits(1);
            go_on.acquire().await.expect("open").forget();
            "done at last"
        })
    };
    let router = Router::new()
        .route("/slow", slow)
        .route("/quick", get(|| async { "quick" }))
        .route("/upload", post(|| async { "taken" }));
    let keeper = Doorkeeper::new(Limits { connections: ROOM, step: STEP });
    let address = open_for(router.clone(), keeper.clone()).await;
    let mut busy = Vec::new();
    for _ in 0..ROOM {
        let mut stream = connect(address).await;
        stream.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
        begun.acquire().await.expect("open").forget();
        busy.push(stream);
    }
    FullHouse { address, keeper, router, busy, go_on }
}

fn assert_asked_to_come_again(answer: &str) {
    assert_eq!(status(answer), Some(503), "{answer}");
    let lower = answer.to_lowercase();
    for part in ["\r\nretry-after: 1\r\n", "\r\nconnection: close\r\n", "\r\ncontent-type: application/json"]
    {
        assert!(lower.contains(part), "{part:?} is not in {answer}");
    }
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&body["status"], &body["error"]), (&503.into(), &"service_unavailable".into()), "{body}");
    assert!(body["message"].is_string() && body["cause"].is_array(), "{body}");
}

#[tokio::test]
async fn who_comes_to_a_full_house_is_asked_to_come_again_and_let_in_when_there_is_room() {
    let mut house = full_house().await;
    for _ in 0..20 {
        let answer = exchange(&mut connect(house.address).await, QUICK, "").await;
        assert_asked_to_come_again(&answer);
    }
    house.go_on.add_permits(ROOM);
    for mut stream in house.busy.drain(..) {
        let answer = read_until(&mut stream, "done at last").await;
        assert_eq!(status(&answer), Some(200), "{answer}");
    }
    // The places are given back a moment after the connections are closed.
    while status(&exchange(&mut connect(house.address).await, QUICK, "quick").await) != Some(200) {}
}

#[tokio::test]
async fn a_body_that_is_under_way_does_not_cost_the_answer() {
    let house = full_house().await;
    let mut request = b"POST /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n".to_vec();
    request.resize(request.len() + 1_000_000, b' ');
    let mut stream = connect(house.address).await;
    stream.write_all(&request).await.expect("all of it is read");
    assert_asked_to_come_again(&read_until(&mut stream, "").await);
}

#[tokio::test]
async fn all_doors_share_the_room() {
    let house = full_house().await;
    let directory = tempfile::tempdir().expect("a directory");
    let authority = Arc::new(Authority::load_or_create(directory.path()).expect("an authority"));
    let (tls, proxy) = (listen().await, listen().await);
    let (tls_address, proxy_address) = (tls.local_addr().expect("bound"), proxy.local_addr().expect("bound"));
    let (router, keeper) = (house.router.clone(), house.keeper.clone());
    tokio::spawn(serve_tls(tls, Arc::clone(&authority), router, keeper, std::future::pending()));
    let (router, keeper) = (house.router.clone(), house.keeper.clone());
    tokio::spawn(serve_proxy(proxy, Arc::clone(&authority), router, keeper, std::future::pending()));

    for request in [
        "CONNECT api.mercadopago.com:443 HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET http://api.mercadopago.com/quick HTTP/1.1\r\nhost: a\r\n\r\n",
    ] {
        assert_asked_to_come_again(&exchange(&mut connect(proxy_address).await, request, "").await);
    }

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.certificate_path()).expect("ca.pem")).expect("a root");
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from("localhost").expect("a name");
    let mut stream = connector.connect(name, connect(tls_address).await).await.expect("a handshake");
    stream.write_all(QUICK.as_bytes()).await.expect("sent");
    assert_asked_to_come_again(&read_until(&mut stream, "").await);
}

async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}

#[tokio::test(start_paused = true)]
async fn who_is_on_the_doorstep_and_says_nothing_makes_way_soon() {
    let house = full_house().await;
    let silent = connect_many(house.address, 300).await;
    let connected = Instant::now();
    // More than can be told at once: the last ones are in the kernel's queue until the first ones have gone.
    let answer = loop {
        let answer = exchange(&mut connect(house.address).await, QUICK, "").await;
        // Time that passes at once may pass before the request is there.
        if !answer.is_empty() {
            break answer;
        }
    };
    assert_asked_to_come_again(&answer);
    for mut stream in silent {
        assert_eq!(read_until(&mut stream, "").await, "");
    }
    assert!(connected.elapsed() <= 12 * STEP, "{:?}", connected.elapsed());
}

async fn connect_many(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..count {
        streams.push(connect(address).await);
    }
    streams
}

#[tokio::test(start_paused = true)]
async fn idle_connections_make_way_in_a_crowded_house() {
    let address = open(Router::new().route("/quick", get(|| async { "quick" })), ROOM).await;
    let mut idle = connect_many(address, ROOM).await;
    for stream in &mut idle {
        assert_eq!(status(&exchange(stream, QUICK, "quick").await), Some(200));
    }
    let since = Instant::now();
    for mut stream in idle {
        // The last one may stay: the house is not crowded any more.
        let mut end = [0];
        let ended = tokio::time::timeout(4 * STEP, stream.read(&mut end)).await;
        if ended.is_err() {
            break;
        }
    }
    let answer = exchange(&mut connect(address).await, QUICK, "quick").await;
    assert_eq!(status(&answer), Some(200), "{answer}");
    assert!(since.elapsed() < Duration::from_secs(60), "sooner than an idle connection is closed otherwise");
}
