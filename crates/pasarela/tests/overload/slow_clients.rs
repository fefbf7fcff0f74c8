//! Hundreds of clients that hold their connections with as little as they can (slow loris), and ordinary ones among them.

use crate::client::{Client, PATIENCE, payment};
use crate::storm::allow_files;
use crate::support::{Server, access_token};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Of each kind. More than there would be memory for, if a body that is announced counted as one that is there.
pub const SLOW: usize = 300;
/// How often a slow client sends a byte.
const DRIP: Duration = Duration::from_millis(500);

#[test]
fn slow_clients_are_ended_and_ordinary_ones_are_served_meanwhile() {
    allow_files();
    let server = Server::ephemeral();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let access_token = access_token();
        let head = "GET /users/me HTTP/1.1\r\nhost: a\r\nx-drip: ".to_owned();
        let body = format!(
            "POST /v1/payments HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {access_token}\r\n\
             x-idempotency-key: drip\r\ncontent-length: 262144\r\n\r\n"
        );
        let chunks = format!(
            "POST /v1/payments HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {access_token}\r\n\
             x-idempotency-key: drip\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        let mut slow = JoinSet::new();
        for _ in 0..SLOW {
            for (begun, drip) in [(&head, "a"), (&body, " "), (&chunks, "1\r\n \r\n")] {
                slow.spawn(drip_until_ended(server.address.clone(), begun.clone(), drip));
            }
        }
        let mut client = Client::new(&server.address);
        let mut payments = 0;
        // Ordinary clients pay as long as there is a slow one.
        while !slow.is_empty() {
            client.call(&payment(&access_token, &format!("among-slow-ones-{payments}"))).await;
            assert_eq!(client.turned_away, 0, "slow clients take what ordinary ones need");
            payments += 1;
            while let Some(ended) = slow.try_join_next() {
                ended.expect("every slow client is ended");
            }
        }
        assert!(payments > 0);
        println!("{payments} payments among {} slow clients", 3 * SLOW);
    });
}

/// Sends `begun` and then drip after drip, until the server ends the connection, with an answer (408) or without.
async fn drip_until_ended(address: String, begun: String, drip: &'static str) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(begun.as_bytes()).await.expect("sent");
    let (mut receiving, mut sending) = stream.split();
    let dripping = async {
        while sending.write_all(drip.as_bytes()).await.is_ok() {
            tokio::time::sleep(DRIP).await;
        }
        std::future::pending::<()>().await;
    };
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, async {
        tokio::select! {
            // An error is an end as well: bytes that came after the end of the connection.
            _ = receiving.read_to_end(&mut answer) => {}
            () = dripping => {}
        }
    });
    ended.await.expect("a slow client is ended");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
}
