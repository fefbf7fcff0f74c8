//! The world of these tests: the real binary, a real HTTP client, and nothing in between.
#![allow(dead_code, reason = "each test file uses its part")]

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it. Two cores are shared by many tests.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// The binary under test, with nothing of the caller's environment that could change it.
pub fn pasarela() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pasarela"));
    for (name, _) in std::env::vars() {
        if name.starts_with("PASARELA_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a verb to its end.
pub fn run(arguments: &[&str]) -> Output {
    pasarela().args(arguments).output().expect("the binary runs")
}

/// What a verb printed.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// What a verb complained about.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// An address where nobody listens, nor will as long as what holds it is kept.
pub fn where_nobody_listens() -> (tokio::net::TcpSocket, std::net::SocketAddr) {
    let held = tokio::net::TcpSocket::new_v4().expect("a socket");
    held.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = held.local_addr().expect("its address");
    (held, address)
}

/// A running `pasarela dev`. Killed when dropped.
pub struct Server {
    child: Child,
    /// The ready line.
    pub ready: Value,
    /// `127.0.0.1:PORT` of plain HTTP.
    pub address: String,
}

impl Server {
    /// `pasarela dev` on a free port with its data in `data`, when it says that it is ready.
    pub fn start(data: &Path) -> Server {
        Server::start_with(&["--data", text(data)])
    }

    /// `pasarela dev` on a free port that keeps nothing.
    pub fn ephemeral() -> Server {
        Server::start_with(&["--ephemeral"])
    }

    /// `pasarela dev` on a free port with more arguments.
    pub fn start_with(arguments: &[&str]) -> Server {
        Server::start_in(&[], arguments)
    }

    /// The same with more `variables` in its environment.
    pub fn start_in(variables: &[(&str, &str)], arguments: &[&str]) -> Server {
        let mut command = pasarela();
        command.args(["dev", "--json", "--listen", "127.0.0.1:0"]).args(arguments);
        command.envs(variables.iter().copied());
        Server::run(command)
    }

    /// `pasarela serve` on a free port, or where `arguments` say, with more `variables` in its environment.
    pub fn serve(arguments: &[&str], variables: &[(&str, &str)]) -> Server {
        let mut command = pasarela();
        command.args(["serve", "--json", "--public-url", "https://pay.example.com"]).args(arguments);
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.envs(variables.iter().copied());
        Server::run(command)
    }

    /// A server that says in a line when it is ready.
    fn run(mut command: Command) -> Server {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let stdout = child.stdout.take().expect("piped");
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = BufReader::new(stdout).read_line(&mut line);
            let _ = sender.send(line);
        });
        let line = receiver.recv_timeout(PATIENCE).unwrap_or_default();
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            let _ = child.kill();
            let mut complaint = String::new();
            let _ = child.stderr.take().expect("piped").read_to_string(&mut complaint);
            panic!("the server is not ready: {line}{complaint}");
        };
        // What it logs must not fill the pipe and stop it.
        let mut stderr = child.stderr.take().expect("piped");
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::stderr()));
        let http = ready["http"].as_str().expect("an address");
        let address = http.strip_prefix("http://").expect("plain HTTP").to_owned();
        Server { child, ready, address }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: it can't prepare for it.
    pub fn kill(mut self) {
        self.child.kill().expect("a running server");
        self.child.wait().expect("a child");
    }

    /// Sends `signal` (`STOP`, `CONT`) and goes on.
    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill").args([&format!("-{signal}"), &id]).status().expect("kill runs").success()
        );
    }

    /// Sends `signal` (`INT`, `TERM`) and waits until it has stopped by itself.
    pub fn stop(mut self, signal: &str) -> ExitStatus {
        self.signal(signal);
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(Instant::now() < until, "it stops in time");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request.
#[derive(Clone, Debug)]
pub struct Call {
    /// `GET`, `POST`, …
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// `Authorization: Bearer …`
    pub access_token: String,
    /// `X-Idempotency-Key`
    pub key: Option<String>,
    /// JSON; `Null` sends nothing.
    pub body: Value,
}

impl Call {
    /// `GET path`
    pub fn get(path: impl Into<String>, access_token: &str) -> Call {
        let access_token = access_token.to_owned();
        Call { method: Method::GET, path: path.into(), access_token, key: None, body: Value::Null }
    }

    /// `POST path` with `body`
    pub fn post(path: impl Into<String>, access_token: &str, body: Value) -> Call {
        let access_token = access_token.to_owned();
        Call { method: Method::POST, path: path.into(), access_token, key: None, body }
    }

    /// Sends it on a connection of its own. An error means that no whole answer came.
    pub async fn send(
        &self,
        address: &str,
    ) -> Result<(u16, Value), Box<dyn std::error::Error + Send + Sync>> {
        let stream = tokio::net::TcpStream::connect(address).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.path)
            .header("host", address)
            .header("authorization", format!("Bearer {}", self.access_token))
            .header("content-type", "application/json");
        if let Some(key) = &self.key {
            request = request.header("x-idempotency-key", key);
        }
        let body = if self.body.is_null() { Bytes::new() } else { self.body.to_string().into() };
        let response = sender.send_request(request.body(Full::new(body))?).await?;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await?.to_bytes();
        Ok((status, serde_json::from_slice(&bytes)?))
    }

    /// The status alone, of an answer that is not JSON.
    pub fn status(&self, address: &str) -> u16 {
        let request =
            format!("{} {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n", self.method, self.path);
        let mut stream = std::net::TcpStream::connect(address).expect("a server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        std::io::Write::write_all(&mut stream, request.as_bytes()).expect("a request is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer in time");
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an answer of HTTP")
    }

    /// Sends it and waits, for tests that do one thing after the other.
    pub fn send_and_wait(&self, address: &str) -> (u16, Value) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
            .block_on(async { tokio::time::timeout(PATIENCE, self.send(address)).await })
            .expect("an answer in time")
            .expect("an answer")
    }
}

/// The credentials of `pasarela credentials --json` for `site` and `mode`.
pub fn credentials(site: &str, mode: &str) -> Value {
    let output = run(&["credentials", "--json"]);
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).expect("a JSON array");
    let found = all.into_iter().find(|entry| entry["site"] == site && entry["mode"] == mode);
    found.expect("every site and mode has credentials")
}

/// The access token of the Brazilian test seller.
pub fn access_token() -> String {
    credentials("MLB", "test")["access_token"].as_str().expect("text").to_owned()
}

/// A small generator (SplitMix64), so that a run can be repeated from its seed.
pub struct Random(pub u64);

impl Random {
    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}
