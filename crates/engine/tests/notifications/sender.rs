//! What the sender makes of every kind of receiver.

use crate::receiver::{Authority, LIMIT, Receiver, Reply};
use hyper::Method;
use pasarela_engine::notifications::address_guard::{AddressRefusal, Reach};
use pasarela_engine::notifications::message::Message;
use pasarela_engine::notifications::sender::{SendFailure, Sender};
use std::time::Duration;
use tokio::net::TcpSocket;
use url::Url;

/// Time enough to connect on a busy machine, and not too long to wait for a timeout that is meant.
const SHORT: Duration = Duration::from_millis(400);

fn message(url: &str) -> Message {
    Message {
        url: Url::parse(url).unwrap(),
        headers: vec![("content-type", "application/json".to_owned()), ("x-retry", "0".to_owned())],
        body: br#"{"resource":"1","topic":"payment"}"#.to_vec(),
    }
}

fn anywhere() -> Sender {
    Sender::new(Reach::Anywhere, Vec::new())
}

#[tokio::test]
async fn a_message_arrives_as_it_is_and_200_and_201_are_success() {
    for status in [200, 201] {
        let mut receiver = Receiver::answering(status).await;
        let sent = anywhere().send(&message(&receiver.url("/hook?a=%7e&id=1")), LIMIT).await;
        assert_eq!(sent.unwrap().status, status);
        let received = receiver.next().await;
        assert_eq!(received.method, Method::POST);
        assert_eq!(received.path_and_query, "/hook?a=%7e&id=1");
        assert_eq!(received.header("host"), receiver.address.to_string());
        assert_eq!(received.header("content-type"), "application/json");
        assert_eq!(received.header("x-retry"), "0");
        assert_eq!(received.header("content-length"), "34");
        assert_eq!(received.body, r#"{"resource":"1","topic":"payment"}"#);
    }
}

#[tokio::test]
async fn a_connection_serves_one_message_after_the_other() {
    let receiver =
        Receiver::new(|received| Reply::Status(if received.path_and_query == "/broken" { 500 } else { 200 }))
            .await;
    let sender = anywhere();
    for _ in 0..20 {
        assert_eq!(sender.send(&message(&receiver.url("/")), LIMIT).await.unwrap().status, 200);
        let failure = sender.send(&message(&receiver.url("/broken")), LIMIT).await.unwrap();
        assert_eq!(failure.status, 500);
    }
    // One is enough, unless this machine stood still for longer than a connection is kept.
    assert!(receiver.accepted() < 40, "{}", receiver.accepted());
}

#[tokio::test]
async fn a_message_arrives_though_the_receiver_closed_the_kept_connection() {
    let receiver = Receiver::fickle().await;
    let sender = anywhere();
    for _ in 0..20 {
        assert_eq!(sender.send(&message(&receiver.url("/")), LIMIT).await.unwrap().status, 200);
    }
    assert!(receiver.accepted() >= 20);
}

#[tokio::test]
async fn every_other_status_is_a_failure() {
    for status in [202, 204, 301, 400, 404, 500, 503] {
        let receiver = Receiver::answering(status).await;
        let answer = anywhere().send(&message(&receiver.url("/")), LIMIT).await.unwrap();
        assert_eq!((answer.status, answer.is_success()), (status, false));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut elsewhere = Receiver::answering(200).await;
    let location = elsewhere.url("/inner");
    let receiver = Receiver::new(move |_| Reply::Redirect(location.clone())).await;
    let sent = anywhere().send(&message(&receiver.url("/")), LIMIT).await;
    assert_eq!(sent.unwrap().status, 302);
    assert!(elsewhere.pending().is_none());
}

#[tokio::test]
async fn a_receiver_that_never_answers_costs_the_timeout_and_no_more() {
    let receiver = Receiver::new(|_| Reply::Hang).await;
    let sent = anywhere().send(&message(&receiver.url("/")), SHORT).await;
    assert_eq!(sent, Err(SendFailure::Timeout));
}

#[tokio::test]
async fn a_body_without_an_end_does_not_matter_after_a_good_status() {
    let receiver = Receiver::new(|_| Reply::EndlessBody).await;
    let answer = anywhere().send(&message(&receiver.url("/")), LIMIT).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(!answer.body.is_empty() && answer.body.len() < 100_000, "{}", answer.body.len());
}

#[tokio::test]
async fn nobody_listening_is_a_refused_connection() {
    // Taken, so that nobody else can, and closed to everybody.
    let held = TcpSocket::new_v4().unwrap();
    held.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = held.local_addr().unwrap();
    let sent = anywhere().send(&message(&format!("http://{address}/")), LIMIT).await;
    assert_eq!(sent, Err(SendFailure::Refused));
}

#[tokio::test]
async fn what_is_not_http_is_no_answer_and_is_not_collected() {
    for bytes in [&b"SSH-2.0-OpenSSH_9.9\r\n"[..], b"HTTP/1.1 200 OK\r\nx: y", b"\r\n"] {
        let receiver = Receiver::babbling(bytes).await;
        let sent = anywhere().send(&message(&receiver.url("/")), LIMIT).await;
        assert_eq!(sent, Err(SendFailure::BadAnswer), "{bytes:?}");
    }
}

#[tokio::test]
async fn outside_development_this_machine_is_never_called() {
    let mut receiver = Receiver::answering(200).await;
    let sender = Sender::new(Reach::Public, Vec::new());
    let port = receiver.address.port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        let sent = sender.send(&message(&format!("http://{host}:{port}/")), LIMIT).await;
        assert_eq!(sent, Err(SendFailure::Address(AddressRefusal::NotPublic)), "{host}");
        assert_eq!(sent.unwrap_err().to_string(), "address not allowed");
    }
    assert!(receiver.pending().is_none());
}

#[tokio::test]
async fn a_name_without_an_address_is_a_clear_failure() {
    let sent = anywhere().send(&message("http://no-such-host.invalid/"), LIMIT).await;
    assert_eq!(sent, Err(SendFailure::Address(AddressRefusal::NameNotFound)));
}

#[tokio::test]
async fn https_works_with_a_certificate_of_a_trusted_authority() {
    let authority = Authority::new("trusted");
    let sender = Sender::new(Reach::Anywhere, vec![authority.certificate.clone()]);
    let mut receiver = Receiver::with_tls(authority.acceptor("localhost")).await;
    let url = format!("https://localhost:{}/hook", receiver.address.port());
    assert_eq!(sender.send(&message(&url), LIMIT).await.unwrap().status, 200);
    assert_eq!(receiver.next().await.path_and_query, "/hook");
}

#[tokio::test]
async fn https_is_refused_without_a_certificate_that_proves_the_name() {
    let (trusted, other) = (Authority::new("trusted"), Authority::new("other"));
    let sender = Sender::new(Reach::Anywhere, vec![trusted.certificate.clone()]);
    for (acceptor, reason) in [
        (other.acceptor("localhost"), "tls: certificate of an unknown issuer"),
        (trusted.acceptor("shop.example"), "tls: certificate of another name"),
    ] {
        let mut receiver = Receiver::with_tls(acceptor).await;
        let url = format!("https://localhost:{}/", receiver.address.port());
        let failure = sender.send(&message(&url), LIMIT).await.unwrap_err();
        assert_eq!(failure.to_string(), reason);
        assert!(receiver.pending().is_none());
    }
    let plain = Receiver::answering(200).await;
    let failure = sender.send(&message(&format!("https://{}/", plain.address)), LIMIT).await.unwrap_err();
    assert_eq!(failure.to_string(), "tls: handshake failed");
}
