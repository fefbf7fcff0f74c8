//! Shops whose servers close their connections without a word of TLS: what they sent is read as browsers read it.

use crate::going_live::Authority;
use pasarela_engine::notifications::address_guard::Reach;
use pasarela_engine::quality::probes::{Budget, Prober};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Answers one request with `answer`, and is gone.
async fn shop(acceptor: TlsAcceptor, answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut seen).await.unwrap();
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        // The connection ends, and TLS was not told.
        stream.get_mut().0.shutdown().await.unwrap();
    });
    format!("https://localhost:{port}/page")
}

#[tokio::test]
async fn what_is_whole_is_read_and_what_was_broken_off_is_not() {
    let authority = Authority::new("Somebody");
    let roots = vec![authority.root.clone()];
    let prober = Prober::new(Reach::Anywhere, roots, "http://pasarela.test");
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", Some("hello")),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Some("hello")),
        // Nothing tells where it ends, so it ends here.
        ("HTTP/1.1 200 OK\r\n\r\nhello", Some("hello")),
        ("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello", None),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", None),
        ("HTTP/1.1 200 OK\r\ncontent-le", None),
    ] {
        let url = shop(authority.leaf("localhost", false), answer).await;
        let read = prober.file(&url, &Budget::new(5)).await;
        assert_eq!(read.as_deref(), expected.map(str::as_bytes), "{answer}");
    }
}
