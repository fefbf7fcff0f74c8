//! A door that is open, and a client with nothing but bytes.

use axum::Router;
use pasarela_server::tls::{Doorkeeper, Limits, serve_plain};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The unit of patience in these tests: the real one. Where it is waited for, time is paused.
pub const STEP: Duration = Duration::from_secs(5);
/// What a test waits for at most, on a machine that is busy with other things. Longer than any time-out of the server.
pub const LIMIT: Duration = Duration::from_secs(600);

/// A door for `connections` at once.
pub async fn open(router: Router, connections: usize) -> SocketAddr {
    open_for(router, Doorkeeper::new(Limits { connections, step: STEP })).await
}

/// A door with this doorkeeper. It is closed with the test's runtime.
pub async fn open_for(router: Router, keeper: Doorkeeper) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(serve_plain(listener, router, keeper, std::future::pending()));
    tokio::spawn(pace());
    address
}

/// Where the clock is paused, time passes whenever everybody waits, also for what the kernel has not brought yet, and then as
/// far as the next time-out. So it passes in small steps, and each leaves the kernel a moment.
async fn pace() {
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("a connection")
}

/// Sends `request` and reads until the other side closes or has sent `enough`.
pub async fn exchange(stream: &mut TcpStream, request: impl AsRef<[u8]>, enough: &str) -> String {
    // The server may answer and close before all of it is sent.
    let _ = stream.write_all(request.as_ref()).await;
    read_until(stream, enough).await
}

/// Reads until the other side closes or, unless it is empty, has sent `enough`.
pub async fn read_until(stream: &mut (impl AsyncRead + Unpin), enough: &str) -> String {
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
    tokio::time::timeout(LIMIT, reading).await.expect("an answer or an end");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer.
pub fn status(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}
