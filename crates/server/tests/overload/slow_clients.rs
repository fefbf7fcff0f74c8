//! Clients that are slow on purpose. (Slow heads and bodies are in `tests/tls.rs`, and against the real binary in
//! `crates/pasarela/tests/overload`.)

use crate::door::{connect, exchange, open, read_until, status};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Far more than the kernel takes for a connection whose client does not read.
const LARGE: usize = 32 * 1024 * 1024;
const REQUEST: &str = "GET /large HTTP/1.1\r\nhost: a\r\n\r\n";

fn router() -> Router {
    Router::new()
        .route("/large", get(|| async { "x".repeat(LARGE) }))
        .route("/small", get(|| async { "small" }))
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_its_answer_is_cut_off() {
    let address = open(router(), 100).await;
    let mut stream = connect(address).await;
    stream.write_all(REQUEST.as_bytes()).await.expect("sent");
    let sent = Instant::now();
    wait_until_cut_off(&mut stream).await;
    assert!(sent.elapsed() <= Duration::from_secs(70), "{:?}", sent.elapsed());
}

/// Writes, without ever reading, until the server is gone: a write is refused after its reset.
async fn wait_until_cut_off(stream: &mut TcpStream) {
    let gone = async {
        while stream.write_all(b"G").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(600), gone).await.expect("cut off");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_its_answer_in_drops_is_cut_off() {
    let address = open(router(), 100).await;
    let mut stream = connect(address).await;
    stream.write_all(REQUEST.as_bytes()).await.expect("sent");
    let sent = Instant::now();
    let mut received = 0;
    let mut drop = vec![0; 64 * 1024];
    // At this pace the answer would take eight minutes, and the connection is never silent.
    while let Ok(length @ 1..) = stream.read(&mut drop).await {
        received += length;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(received < LARGE, "it had all of it");
    assert!(sent.elapsed() <= Duration::from_secs(600), "{:?}", sent.elapsed());
}

#[tokio::test]
async fn answers_that_nobody_reads_take_a_bounded_memory() {
    let address = open(router(), 100).await;
    let mut unread = Vec::new();
    // 64 MiB are two of these.
    for _ in 0..2 {
        let mut stream = connect(address).await;
        stream.write_all(REQUEST.as_bytes()).await.expect("sent");
        let mut begun = [0; 1];
        stream.read_exact(&mut begun).await.expect("its answer has begun");
        unread.push(stream);
    }
    let mut other = connect(address).await;
    let answer = exchange(&mut other, REQUEST, "}").await;
    assert_eq!(status(&answer), Some(503), "{answer}");
    assert!(answer.to_lowercase().contains("\r\nretry-after: 1\r\n"), "{answer}");
    // Small ones are answered on the same connection meanwhile.
    let small = exchange(&mut other, "GET /small HTTP/1.1\r\nhost: a\r\n\r\n", "small").await;
    assert_eq!(status(&small), Some(200), "{small}");

    // Whoever reads, or goes, gives back the memory.
    drop(unread.pop());
    loop {
        let mut stream = connect(address).await;
        stream.write_all(REQUEST.as_bytes()).await.expect("sent");
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.expect("an answer");
        if &head == b"HTTP/1.1 200" {
            break;
        }
    }
}

/// Each request is answered with a head and nothing else: answers that nobody reads must not pile up one by one either.
#[tokio::test(start_paused = true)]
async fn requests_whose_answers_are_not_read_are_not_taken_in() {
    const MOST: usize = 64 * 1024 * 1024;
    let answered = Arc::new(AtomicUsize::new(0));
    let count = {
        let answered = Arc::clone(&answered);
        get(move || async move {
            answered.fetch_add(1, Ordering::Relaxed);
            StatusCode::NO_CONTENT
        })
    };
    let address = open(Router::new().route("/", count), 100).await;
    let mut stream = connect(address).await;
    let requests = "GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(1000);
    let mut sent = 0;
    while sent < MOST {
        // An error: the server was patient for long enough.
        let Ok(length) = stream.write(requests.as_bytes()).await else { break };
        sent += length;
    }
    assert!(sent < MOST, "{} requests were answered to nobody", answered.load(Ordering::Relaxed));
}

#[tokio::test]
async fn requests_one_behind_the_other_are_all_answered_to_who_reads_late() {
    const COUNT: usize = 20_000;
    let address = open(router(), 100).await;
    let (mut receiving, mut sending) = connect(address).await.into_split();
    let writing = tokio::spawn(async move {
        let request = "GET /small HTTP/1.1\r\nhost: a\r\n\r\n";
        sending.write_all(request.repeat(COUNT - 1).as_bytes()).await.expect("sent");
        let last = "GET /small HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        sending.write_all(last.as_bytes()).await.expect("sent");
        sending
    });
    let answers = read_until(&mut receiving, "").await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), COUNT);
    drop(writing.await.expect("written"));
}
