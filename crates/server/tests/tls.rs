//! The doors, with real sockets and a client that trusts nothing but the local authority.

use axum::Router;
use axum::body::Bytes;
use axum::extract::Extension;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use pasarela_server::tls::{
    Authority, ClientConnection, Doorkeeper, Limits, serve_plain, serve_proxy, serve_tls,
};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What a test waits for at most, where nothing should take any time: less than the server's own patience when it stops.
const LIMIT: Duration = Duration::from_secs(10);

fn router() -> Router {
    let whoami = |Extension(client): Extension<ClientConnection>, headers: HeaderMap| async move {
        let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("-").to_owned();
        let word = if headers.contains_key("proxy-authorization") { "leaked" } else { "clean" };
        format!("{} encrypted={} host={host} {word}", client.address.ip(), client.encrypted)
    };
    Router::new().route("/whoami", get(whoami)).route("/echo", post(|body: Bytes| async move { body }))
}

fn keeper() -> Doorkeeper {
    Doorkeeper::new(Limits::of_this_process())
}

/// A door that is open until it is told to close.
struct Open {
    address: SocketAddr,
    close: oneshot::Sender<()>,
    closed: JoinHandle<()>,
}

impl Open {
    async fn new<Serving>(serve: impl FnOnce(TcpListener, oneshot::Receiver<()>) -> Serving) -> Open
    where
        Serving: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (close, closing) = oneshot::channel();
        tokio::spawn(pace());
        Open { address, close, closed: tokio::spawn(serve(listener, closing)) }
    }

    async fn plain(router: Router) -> Open {
        Open::new(|listener, closing| serve_plain(listener, router, keeper(), async { drop(closing.await) }))
            .await
    }

    async fn tls(authority: &Arc<Authority>) -> Open {
        let authority = Arc::clone(authority);
        Open::new(|listener, closing| {
            serve_tls(listener, authority, router(), keeper(), async { drop(closing.await) })
        })
        .await
    }

    async fn proxy(authority: &Arc<Authority>) -> Open {
        let authority = Arc::clone(authority);
        Open::new(|listener, closing| {
            serve_proxy(listener, authority, router(), keeper(), async { drop(closing.await) })
        })
        .await
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }
}

/// Where the clock is paused, time passes whenever everybody waits, also for what the kernel has not brought yet, and then as
/// far as the next time-out. So it passes in small steps, and each leaves the kernel a moment.
async fn pace() {
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn authority() -> (TempDir, Arc<Authority>) {
    let directory = tempfile::tempdir().expect("a directory");
    let authority = open(directory.path());
    (directory, authority)
}

fn open(directory: &Path) -> Arc<Authority> {
    Arc::new(Authority::load_or_create(directory).expect("an authority"))
}

/// Shakes hands as a program that trusts only what lies in `ca.pem`.
async fn handshake<Stream>(stream: Stream, ca: &Path, host: &str) -> std::io::Result<TlsStream<Stream>>
where
    Stream: AsyncRead + AsyncWrite + Unpin,
{
    use rustls::pki_types::pem::PemObject;
    let mut roots = RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_file(ca).expect("ca.pem")).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// Sends `request` and reads until the other side closes or has sent `enough`.
async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &str, enough: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("sent");
    read_until(stream, enough).await
}

async fn read_until(stream: &mut (impl AsyncRead + Unpin), enough: &str) -> String {
    let mut answer = Vec::new();
    let reading = async {
        while enough.is_empty() || !String::from_utf8_lossy(&answer).contains(enough) {
            let mut part = [0; 4096];
            match stream.read(&mut part).await {
                Ok(0) | Err(_) => break,
                Ok(length) => answer.extend_from_slice(&part[..length]),
            }
        }
    };
    timeout(Duration::from_secs(600), reading).await.expect("an answer or an end");
    String::from_utf8(answer).expect("text")
}

fn get_whoami(host: &str) -> String {
    format!("GET /whoami HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn a_client_that_trusts_only_the_authority_reaches_the_router_under_a_built_in_host() {
    let (_directory, authority) = authority();
    let door = Open::tls(&authority).await;
    for host in
        ["api.mercadopago.com", "www.mercadopago.com.uy", "auth.mercadopago.cl", "localhost", "127.0.0.1"]
    {
        let stream = door.connect().await;
        let mut stream =
            handshake(stream, authority.certificate_path(), host).await.expect("a trusted handshake");
        let answer = exchange(&mut stream, &get_whoami(host), "").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with(&format!("127.0.0.1 encrypted=true host={host} clean")), "{answer}");
    }
}

#[tokio::test]
async fn no_handshake_succeeds_under_another_host() {
    let (_directory, authority) = authority();
    let door = Open::tls(&authority).await;
    for host in ["example.com", "mercadopago.com", "api.mercadopago.com.example.com"] {
        let refused = handshake(door.connect().await, authority.certificate_path(), host).await;
        assert!(refused.is_err(), "{host}");
    }
}

#[tokio::test]
async fn a_client_that_trusts_another_authority_refuses_ours() {
    let (_directory, ours) = authority();
    let (_other_directory, theirs) = authority();
    let door = Open::tls(&ours).await;
    let refused = handshake(door.connect().await, theirs.certificate_path(), "api.mercadopago.com").await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn an_authority_opened_again_is_the_same_and_shows_a_new_leaf() {
    let (directory, first) = authority();
    let second = open(directory.path());
    assert_eq!(first.certificate(), second.certificate());
    let mut leaves = Vec::new();
    for authority in [&first, &second] {
        let door = Open::tls(authority).await;
        let stream = handshake(door.connect().await, first.certificate_path(), "api.mercadopago.com").await;
        let stream = stream.expect("a trusted handshake");
        leaves.push(stream.get_ref().1.peer_certificates().expect("a certificate")[0].clone().into_owned());
    }
    assert_ne!(leaves[0], leaves[1]);
}

#[tokio::test]
async fn the_certificate_for_users_is_written_again_when_it_is_lost_or_changed() {
    let (directory, first) = authority();
    let before = std::fs::read(first.certificate_path()).expect("ca.pem");
    std::fs::remove_file(first.certificate_path()).expect("removed");
    open(directory.path());
    assert_eq!(std::fs::read(first.certificate_path()).expect("ca.pem"), before);
    std::fs::write(first.certificate_path(), "something else").expect("written");
    open(directory.path());
    assert_eq!(std::fs::read(first.certificate_path()).expect("ca.pem"), before);
    assert!(!String::from_utf8(before).expect("text").contains("PRIVATE"));
}

#[tokio::test]
async fn a_damaged_authority_is_refused_with_its_name() {
    let (directory, first) = authority();
    let key = directory.path().join("ca-key.pem");
    let text = std::fs::read_to_string(&key).expect("a key");
    let certificate = std::fs::read_to_string(first.certificate_path()).expect("ca.pem");
    for damaged in ["", "nonsense", certificate.as_str(), &text[..text.len() / 2]] {
        std::fs::write(&key, damaged).expect("written");
        let refused = Authority::load_or_create(directory.path()).err().expect("damaged").to_string();
        assert!(refused.contains("ca-key.pem is damaged"), "{refused}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_authoritys_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (directory, first) = authority();
    let mode = |path: &Path| std::fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    let key = directory.path().join("ca-key.pem");
    assert_eq!(mode(&key), 0o600);
    assert_eq!(mode(first.certificate_path()), 0o644);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("changed");
    let refused = Authority::load_or_create(directory.path()).err().expect("open to others").to_string();
    assert!(refused.contains("chmod 600"), "{refused}");
}

#[tokio::test]
async fn plain_requests_come_with_their_address_and_without_encryption() {
    let door = Open::plain(router()).await;
    let answer = exchange(&mut door.connect().await, &get_whoami("localhost"), "").await;
    assert!(answer.ends_with("127.0.0.1 encrypted=false host=localhost clean"), "{answer}");
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let door = Open::plain(router()).await;
    let mut stream = door.connect().await;
    for number in 0..50 {
        let body = format!("body-{number}.");
        let length = body.len();
        let request = format!("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n{body}");
        let answer = exchange(&mut stream, &request, &body).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let door = Open::plain(router()).await;
    let large = format!("GET /whoami HTTP/1.1\r\nhost: a\r\nx-large: {}\r\n\r\n", "a".repeat(150_000));
    let many = format!("GET /whoami HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(101));
    for request in [large, many] {
        let mut stream = door.connect().await;
        // The server may answer and close before all of it is sent.
        let _ = stream.write_all(request.as_bytes()).await;
        let answer = read_until(&mut stream, "").await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}

/// With the clock paused, time passes at once when all tasks wait: the bounds are the real ones, and nobody sleeps.
#[tokio::test(start_paused = true)]
async fn a_client_that_never_completes_its_head_is_cut_off() {
    let door = Open::plain(router()).await;
    for begun in ["", "G", "GET /whoami HTTP/1.1\r\nhost: a\r\n"] {
        let mut stream = door.connect().await;
        let connected = Instant::now();
        assert_eq!(exchange(&mut stream, begun, "").await, "");
        let waited = connected.elapsed();
        assert!(
            (Duration::from_secs(10)..=Duration::from_secs(15)).contains(&waited),
            "{begun:?} {waited:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_drips_its_head_is_cut_off() {
    let door = Open::plain(router()).await;
    let (mut receiving, mut sending) = door.connect().await.into_split();
    let connected = Instant::now();
    let dripping = tokio::spawn(async move {
        let head = "GET /whoami HTTP/1.1\r\n".bytes().chain("x: y\r\n".bytes().cycle());
        for byte in head {
            if sending.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    assert_eq!(read_until(&mut receiving, "").await, "");
    assert!(connected.elapsed() <= Duration::from_secs(16), "{:?}", connected.elapsed());
    dripping.abort();
}

#[tokio::test(start_paused = true)]
async fn the_second_head_on_a_connection_is_watched_like_the_first() {
    let door = Open::plain(router()).await;
    let mut stream = door.connect().await;
    let first = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody";
    exchange(&mut stream, first, "body").await;
    let answered = Instant::now();
    assert_eq!(exchange(&mut stream, "GET /who", "").await, "");
    let waited = answered.elapsed();
    assert!((Duration::from_secs(5)..=Duration::from_secs(15)).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_over_a_minute_and_then_closed() {
    let door = Open::plain(router()).await;
    let mut stream = door.connect().await;
    let (head, body) = ("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n", "body");
    // The body comes after the head: its bytes must not be taken for the beginning of another head.
    stream.write_all(head.as_bytes()).await.expect("sent");
    tokio::time::sleep(Duration::from_secs(1)).await;
    exchange(&mut stream, body, "body").await;
    let answered = Instant::now();
    assert_eq!(read_until(&mut stream, "").await, "");
    let waited = answered.elapsed();
    assert!((Duration::from_secs(70)..=Duration::from_secs(85)).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_coming_is_cut_off() {
    let door = Open::plain(router()).await;
    let mut stream = door.connect().await;
    let begun = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf of it";
    let connected = Instant::now();
    assert_eq!(exchange(&mut stream, begun, "").await, "");
    assert!(connected.elapsed() <= Duration::from_secs(85), "{:?}", connected.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_longer_than_a_head_may_is_waited_for() {
    let slow = get(|| async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        "done at last"
    });
    let door = Open::plain(Router::new().route("/slow", slow)).await;
    let request = "GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let answer = exchange(&mut door.connect().await, request, "").await;
    assert!(answer.ends_with("done at last"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_shakes_hands_is_cut_off() {
    let (_directory, authority) = authority();
    let door = Open::tls(&authority).await;
    for begun in ["", "\x16\x03\x01"] {
        let mut stream = door.connect().await;
        let connected = Instant::now();
        assert_eq!(exchange(&mut stream, begun, "").await, "");
        assert!(connected.elapsed() <= Duration::from_secs(11), "{:?}", connected.elapsed());
    }
}

#[tokio::test]
async fn what_is_no_tls_is_refused_by_the_tls_door() {
    let (_directory, authority) = authority();
    let door = Open::tls(&authority).await;
    let mut stream = door.connect().await;
    stream.write_all(get_whoami("localhost").as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_secs(600), stream.read_to_end(&mut answer)).await.expect("closed");
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP"), "{answer:?}");
}

#[tokio::test]
async fn a_request_in_work_is_finished_when_the_server_stops() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        get(move || async move {
            begun.notify_one();
            go_on.notified().await;
            "finished"
        })
    };
    let door = Open::plain(Router::new().route("/", handler)).await;
    let mut idle = door.connect().await;
    let mut stream = door.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
    begun.notified().await;
    door.close.send(()).expect("open");
    // The idle connection is closed; the busy one is not.
    assert_eq!(timeout(LIMIT, read_until(&mut idle, "")).await.expect("closed at once"), "");
    go_on.notify_one();
    let answer = read_until(&mut stream, "").await;
    assert!(answer.ends_with("finished"), "{answer}");
    timeout(LIMIT, door.closed).await.expect("closed").expect("without a panic");
    assert!(TcpStream::connect(door.address).await.is_err(), "nobody listens any more");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_does_not_keep_the_server_from_stopping() {
    let begun = Arc::new(Notify::new());
    let handler = {
        let begun = Arc::clone(&begun);
        get(move || async move {
            begun.notify_one();
            std::future::pending::<&'static str>().await
        })
    };
    let door = Open::plain(Router::new().route("/", handler)).await;
    let mut stream = door.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
    begun.notified().await;
    let told = Instant::now();
    door.close.send(()).expect("open");
    door.closed.await.expect("without a panic");
    assert!(told.elapsed() <= Duration::from_secs(21), "{:?}", told.elapsed());
}

#[tokio::test]
async fn a_panic_in_a_handler_ends_its_connection_and_no_other() {
    let faulty = get(|| async {
        assert!(std::hint::black_box(false), "on purpose");
        "never"
    });
    let door = Open::plain(router().route("/faulty", faulty)).await;
    let mut other = door.connect().await;
    let answer = exchange(&mut door.connect().await, "GET /faulty HTTP/1.1\r\nhost: a\r\n\r\n", "").await;
    assert_eq!(answer, "");
    assert!(exchange(&mut other, &get_whoami("a"), "").await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn the_proxy_leads_to_the_router_under_a_built_in_host() {
    let (_directory, authority) = authority();
    let proxy = Open::proxy(&authority).await;
    let mut stream = proxy.connect().await;
    let connect = "CONNECT api.mercadopago.com:443 HTTP/1.1\r\nhost: api.mercadopago.com:443\r\n\r\n";
    let answer = exchange(&mut stream, connect, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let mut stream = handshake(stream, authority.certificate_path(), "api.mercadopago.com")
        .await
        .expect("a trusted handshake");
    let answer = exchange(&mut stream, &get_whoami("api.mercadopago.com"), "").await;
    assert!(answer.ends_with("127.0.0.1 encrypted=true host=api.mercadopago.com clean"), "{answer}");
}

#[tokio::test]
async fn the_proxy_refuses_every_other_host() {
    let (_directory, authority) = authority();
    let proxy = Open::proxy(&authority).await;
    // Something is listening there, and must not be reached.
    let neighbour = Open::plain(router()).await;
    for target in
        [format!("CONNECT {}", neighbour.address), format!("GET http://{}/whoami", neighbour.address)]
    {
        let request = format!("{target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = exchange(&mut proxy.connect().await, &request, "").await;
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
        assert!(answer.contains("to no other"), "{answer}");
    }
}

#[tokio::test]
async fn the_proxy_answers_plain_requests_for_a_built_in_host() {
    let (_directory, authority) = authority();
    let proxy = Open::proxy(&authority).await;
    let request = "GET http://api.mercadopago.com/whoami HTTP/1.1\r\nhost: other\r\nproxy-authorization: Basic eA==\r\n\
                   connection: close\r\n\r\n";
    let answer = exchange(&mut proxy.connect().await, request, "").await;
    assert!(answer.ends_with("127.0.0.1 encrypted=false host=api.mercadopago.com clean"), "{answer}");
}

#[tokio::test]
async fn the_proxy_tells_who_takes_it_for_the_api() {
    let (_directory, authority) = authority();
    let proxy = Open::proxy(&authority).await;
    let answer = exchange(&mut proxy.connect().await, &get_whoami("a"), "").await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n") && answer.contains("HTTPS_PROXY"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_that_is_not_used_is_closed() {
    let (_directory, authority) = authority();
    let proxy = Open::proxy(&authority).await;
    let mut stream = proxy.connect().await;
    let connect = "CONNECT api.mercadopago.com:443 HTTP/1.1\r\nhost: a\r\n\r\n";
    let opened = Instant::now();
    let answer = exchange(&mut stream, connect, "").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(opened.elapsed() <= Duration::from_secs(11), "{:?}", opened.elapsed());
}

#[tokio::test]
async fn a_tunnel_in_work_is_finished_when_the_server_stops() {
    let (_directory, authority) = authority();
    let proxy = Open::proxy(&authority).await;
    let mut stream = proxy.connect().await;
    exchange(&mut stream, "CONNECT api.mercadopago.com:443 HTTP/1.1\r\nhost: a\r\n\r\n", "\r\n\r\n").await;
    let mut stream = handshake(stream, authority.certificate_path(), "api.mercadopago.com")
        .await
        .expect("a trusted handshake");
    let keep_alive = "GET /whoami HTTP/1.1\r\nhost: a\r\n\r\n";
    exchange(&mut stream, keep_alive, "clean").await;
    proxy.close.send(()).expect("open");
    assert_eq!(timeout(LIMIT, read_until(&mut stream, "")).await.expect("closed at once"), "");
    timeout(LIMIT, proxy.closed).await.expect("closed").expect("without a panic");
}
