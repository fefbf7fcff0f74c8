//! Bytes that are no HTTP, or HTTP that two programs could read in two ways: refused, and never taken for two requests.

use crate::door::{connect, exchange, open, status};
use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What an attacker wants to be read as a request of its own.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/// A server that counts what got through.
async fn server() -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let smuggled = Arc::new(AtomicUsize::new(0));
    let count = {
        let smuggled = Arc::clone(&smuggled);
        get(move || async move {
            smuggled.fetch_add(1, Ordering::Relaxed);
            "smuggled"
        })
    };
    let router = Router::new()
        .route("/smuggled", count)
        .route("/", get(|| async { "root" }))
        .route("/echo", post(|body: Bytes| async move { body }));
    (open(router, 100).await, smuggled)
}

fn post_with(fields: &str, body: &str) -> Vec<u8> {
    format!("POST /echo HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}{SMUGGLED}").into_bytes()
}

fn get_with(line: &str, fields: &str) -> Vec<u8> {
    format!("{line}\r\n{fields}\r\n{SMUGGLED}").into_bytes()
}

/// Each is answered once at most, with an error, and its connection is closed.
#[tokio::test]
async fn what_can_be_read_in_two_ways_is_refused_and_its_connection_closed() {
    let (address, smuggled) = server().await;
    let host = "Host: a\r\n";
    let chunked = "Transfer-Encoding: chunked";
    let hostile: Vec<(&str, Vec<u8>)> = vec![
        ("two lengths", post_with("Content-Length: 5\r\nContent-Length: 6", "hello")),
        ("two lengths in one", post_with("Content-Length: 5, 6", "hello")),
        ("the same length twice in one", post_with("Content-Length: 5, 5", "hello")),
        ("a signed length", post_with("Content-Length: +5", "hello")),
        ("a negative length", post_with("Content-Length: -5", "hello")),
        ("a hexadecimal length", post_with("Content-Length: 0x5", "hello")),
        ("a length with a space", post_with("Content-Length: 1 0", "hello")),
        ("no length", post_with("Content-Length: ", "hello")),
        ("an endless length", post_with("Content-Length: 99999999999999999999", "hello")),
        ("an unknown coding", post_with("Transfer-Encoding: xchunked", "0\r\n\r\n")),
        ("identity", post_with("Transfer-Encoding: identity", "")),
        ("chunked, but not last", post_with("Transfer-Encoding: chunked, identity", "0\r\n\r\n")),
        ("a tab and junk behind chunked", post_with("Transfer-Encoding: chunked\tx", "0\r\n\r\n")),
        (
            "chunks in HTTP/1.0",
            format!("POST /echo HTTP/1.0\r\nHost: a\r\n{chunked}\r\n\r\n0\r\n\r\n{SMUGGLED}").into_bytes(),
        ),
        ("a chunk size that is no number", post_with(chunked, "ZZ\r\nhello\r\n0\r\n\r\n")),
        ("a negative chunk size", post_with(chunked, "-5\r\nhello\r\n0\r\n\r\n")),
        ("a chunk size with 0x", post_with(chunked, "0x5\r\nhello\r\n0\r\n\r\n")),
        ("no chunk size", post_with(chunked, "\r\nhello\r\n0\r\n\r\n")),
        ("a chunk size beyond 64 bits", post_with(chunked, "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n")),
        ("a chunk longer than its size", post_with(chunked, "3\r\nhello\r\n0\r\n\r\n")),
        ("a chunk whose line ends in CR alone", post_with(chunked, "5\rXhello\r\n0\r\n\r\n")),
        ("a chunk whose line ends in LF alone", post_with(chunked, "5\nhello\r\n0\r\n\r\n")),
        ("an extension with LF alone", post_with(chunked, "5;a\nhello\r\n0\r\n\r\n")),
        ("no host", get_with("GET / HTTP/1.1", "")),
        ("two hosts", get_with("GET / HTTP/1.1", "Host: a\r\nHost: b\r\n")),
        ("the same host twice", get_with("GET / HTTP/1.1", "Host: a\r\nHost: a\r\n")),
        ("a space before the colon", get_with("GET / HTTP/1.1", "Host: a\r\nX-A : b\r\n")),
        ("a space in a name", get_with("GET / HTTP/1.1", "Host: a\r\nX A: b\r\n")),
        ("a line without a colon", get_with("GET / HTTP/1.1", "Host: a\r\nX-A\r\n")),
        ("a line that goes on", get_with("GET / HTTP/1.1", "Host: a\r\nX-A: b\r\n c\r\n")),
        ("a first line that goes on", get_with("GET / HTTP/1.1", " Host: a\r\n")),
        ("a NUL in a value", get_with("GET / HTTP/1.1", "Host: a\r\nX-A: b\0c\r\n")),
        ("a NUL in a name", get_with("GET / HTTP/1.1", "Host: a\r\nX\0A: b\r\n")),
        ("a NUL in the path", get_with("GET /\0 HTTP/1.1", host)),
        ("a NUL in the method", get_with("G\0T / HTTP/1.1", host)),
        ("a CR in a value", get_with("GET / HTTP/1.1", "Host: a\r\nX-A: b\rc\r\n")),
        ("a space in the path", get_with("GET / x HTTP/1.1", host)),
        ("an authority as target", get_with("GET example.com:80 HTTP/1.1", host)),
        ("a tunnel", get_with("CONNECT example.com:80 HTTP/1.1", host)),
        ("a tunnel to here", get_with("CONNECT a HTTP/1.1", host)),
        ("HTTP/0.9", b"GET /\r\n\r\n".to_vec()),
        ("HTTP/1.2", get_with("GET / HTTP/1.2", host)),
        ("HTTP/2.0", get_with("GET / HTTP/2.0", host)),
        ("no version", get_with("GET / HTTP", host)),
        ("HTTP/2 without asking", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec()),
        ("TLS", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".iter().copied().chain([0; 512]).collect()),
        ("nothing but NULs", vec![0; 4096]),
        ("a very long target", get_with(&format!("GET /{} HTTP/1.1", "a".repeat(100_000)), host)),
        (
            "a very long value",
            get_with("GET / HTTP/1.1", &format!("Host: a\r\nX-A: {}\r\n", "a".repeat(100_000))),
        ),
        (
            "very many fields",
            get_with("GET / HTTP/1.1", &format!("Host: a\r\n{}", "X-A: b\r\n".repeat(10_000))),
        ),
    ];
    for (what, bytes) in hostile {
        let answer = exchange(&mut connect(address).await, &bytes, "").await;
        let answers = answer.matches("HTTP/1.1 ").count();
        assert!(answers <= 1, "{what}: {answers} answers: {answer}");
        // What does not even look like HTTP/1 may be cut off without a word.
        let is_refused = status(&answer).is_none_or(|status| (400..500).contains(&status));
        assert!(is_refused, "{what}: {answer}");
        assert_eq!(smuggled.load(Ordering::Relaxed), 0, "{what}: a request was smuggled in: {answer}");
    }
    let mut polite = connect(address).await;
    let answer = exchange(&mut polite, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "root").await;
    assert_eq!(status(&answer), Some(200), "the server goes on: {answer}");
}

#[tokio::test]
async fn who_is_refused_at_the_door_gets_an_id_to_ask_about() {
    let (address, _) = server().await;
    for request in ["GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"] {
        let answer = exchange(&mut connect(address).await, request, "").await;
        assert_eq!(status(&answer), Some(400), "{answer}");
        let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).expect("an id");
        assert_eq!(id.len(), 36, "{answer}");
    }
}

/// RFC 9112 §6.1: such a request may be read by its chunks, and its connection must be closed: then it does not matter
/// what somebody before us took for its end.
#[tokio::test]
async fn a_request_with_a_length_and_chunks_is_the_last_on_its_connection() {
    let (address, smuggled) = server().await;
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 200\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
    ] {
        let bytes = post_with(fields, "5\r\nhello\r\n0\r\n\r\n");
        let answer = exchange(&mut connect(address).await, &bytes, "").await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{fields}: {answer}");
        assert!(answer.to_lowercase().contains("\r\nconnection: close\r\n"), "{fields}: {answer}");
        assert_eq!(smuggled.load(Ordering::Relaxed), 0, "{fields}: {answer}");
    }
}

#[tokio::test]
async fn garbage_behind_a_request_does_not_cost_its_answer_and_ends_the_connection() {
    let (address, smuggled) = server().await;
    for garbage in ["\0\0\0\0\r\n\r\n", "POST /echo", "hello\r\n\r\n", "\x16\x03\x01\0\r\n\r\n"] {
        let bytes = format!("GET / HTTP/1.1\r\nHost: a\r\n\r\n{garbage}{SMUGGLED}");
        let answer = exchange(&mut connect(address).await, &bytes, "").await;
        let statuses: Vec<_> =
            answer.match_indices("HTTP/1.1 ").filter_map(|(at, _)| status(&answer[at..])).collect();
        assert_eq!(statuses, [200, 400], "{garbage:?}: {answer}");
        assert_eq!(smuggled.load(Ordering::Relaxed), 0, "{garbage:?}: {answer}");
    }
}

/// What is strange and clear: each is answered, and the next request on the connection is read where it begins.
#[tokio::test]
async fn what_is_strange_but_clear_is_answered_and_the_next_request_too() {
    let (address, _) = server().await;
    let next = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let echo = |fields: &str, body: &str| format!("POST /echo HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}");
    for (request, expected) in [
        ("GET http://elsewhere.example/ HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "root"),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "root"),
        (echo("Content-Length: 5\r\nContent-Length: 5", "hello"), "hello"),
        (echo("Transfer-Encoding: chunked", "5;a=b\r\nhello\r\n0\r\nTrailer: x\r\n\r\n"), "hello"),
        (echo("Transfer-Encoding: cHuNkEd", "005\r\nhello\r\n000\r\n\r\n"), "hello"),
        (echo(&format!("Content-Length: {}", SMUGGLED.len()), SMUGGLED), "/smuggled"),
    ] {
        let answer = exchange(&mut connect(address).await, format!("{request}{next}"), "").await;
        let statuses: Vec<_> = answer.match_indices("HTTP/1.1 2").collect();
        assert_eq!(statuses.len(), 2, "{request:?}: {answer}");
        assert!(answer.contains(expected) && answer.ends_with("root"), "{request:?}: {answer}");
    }
}
