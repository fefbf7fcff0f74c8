//! A small HTTP client for the verbs that speak to a running server.

use crate::address::{Address, Roots};
use crate::arguments::ServerArguments;
use crate::failure::Failure;
use crate::runtime;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use pasarela_domain::identity::Mode;
use pasarela_engine::seeds;
use serde_json::Value;
use std::time::Duration;

/// Moving a clock runs everything that falls due, which can be many payments; nothing else takes a second.
const TIME_LIMIT: Duration = Duration::from_secs(120);
/// A payment's body is about 4 kB; an answer larger than this is not ours.
const LARGEST_ANSWER: usize = 1 << 20;

/// Speaks to one server with one access token.
pub struct Client {
    server: String,
    address: Address,
    access_token: String,
}

impl Client {
    /// A client of the server that the arguments name; without a token, the first development seller with test credentials.
    pub fn new(arguments: &ServerArguments) -> Result<Client, Failure> {
        Client::of(arguments, Mode::Test)
    }

    /// The same with live credentials.
    pub fn of_live(arguments: &ServerArguments) -> Result<Client, Failure> {
        Client::of(arguments, Mode::Live)
    }

    fn of(arguments: &ServerArguments, mode: Mode) -> Result<Client, Failure> {
        let server = arguments.server.trim_end_matches('/').to_owned();
        let address = Address::of(&server, &Roots::of(arguments.ca.as_deref())?)?.ok_or_else(|| {
            Failure::new(
                format!("{server} is not the address of a server"),
                "Give it like this: --server http://127.0.0.1:8080",
            )
        })?;
        let default_token = || seeds::sellers()[0].pair(mode).access_token.clone();
        Ok(Client {
            address,
            access_token: arguments.access_token.clone().unwrap_or_else(default_token),
            server,
        })
    }

    /// Reads `path`.
    pub fn get(&self, path: &str) -> Result<Value, Failure> {
        self.run(Method::GET, path, Bytes::new())
    }

    /// Posts `body` to `path`.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.run(Method::POST, path, body.to_string().into())
    }

    /// Posts `body` to `path`, which may not be there.
    pub fn post_if_there(&self, path: &str, body: &Value) -> Result<Option<Value>, Failure> {
        let asked = async {
            let response = self.send(Method::POST, path, body.to_string().into()).await?;
            if response.status() == StatusCode::NOT_FOUND {
                return Ok(None);
            }
            let bytes = read(self.taken(response).await?).await.map_err(|error| self.broken(&error))?;
            serde_json::from_slice(&bytes).map(Some).map_err(|_| not_ours())
        };
        runtime::block_on(async {
            tokio::time::timeout(TIME_LIMIT, asked).await.unwrap_or_else(|_| Err(self.too_late()))
        })?
    }

    /// Puts `body` to `path`.
    pub fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.run(Method::PUT, path, body.to_string().into())
    }

    /// Deletes what is at `path`.
    pub fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.run(Method::DELETE, path, Bytes::new())
    }

    fn run(&self, method: Method, path: &str, body: Bytes) -> Result<Value, Failure> {
        runtime::block_on(async {
            let exchange = self.exchange(method, path, body);
            tokio::time::timeout(TIME_LIMIT, exchange).await.unwrap_or_else(|_| Err(self.too_late()))
        })?
    }

    fn too_late(&self) -> Failure {
        Failure::new(
            format!("{} did not answer within {} s", self.server, TIME_LIMIT.as_secs()),
            "Look at the server's log.",
        )
    }

    async fn exchange(&self, method: Method, path: &str, body: Bytes) -> Result<Value, Failure> {
        let answer = self.open(method, path, body).await?;
        let bytes = read(answer).await.map_err(|error| self.broken(&error))?;
        serde_json::from_slice(&bytes).map_err(|_| not_ours())
    }

    /// Makes a request, and gives the answer's body, of which nothing is read yet.
    pub async fn open(&self, method: Method, path: &str, body: Bytes) -> Result<Incoming, Failure> {
        let response = self.send(method, path, body).await?;
        self.taken(response).await
    }

    async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>, Failure> {
        let mut sender = self.address.connect().await.map_err(|error| {
            Failure::new(format!("no server answers at {}: {error}", self.server), error.next_step())
        })?;
        let mut key = [0; 16];
        pasarela_engine::nature::draw(&mut key);
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address.path.trim_end_matches('/')))
            .header(HOST, &self.address.authority)
            .header(AUTHORIZATION, format!("Bearer {}", self.access_token))
            .header(CONTENT_TYPE, "application/json")
            .header("x-idempotency-key", key)
            .body(Full::new(body))
            .map_err(|_| {
                Failure::new(
                    "the access token has characters that no token has",
                    "Copy it again, without spaces.",
                )
            })?;
        sender.send_request(request).await.map_err(|error| self.broken(&error))
    }

    /// The body of an answer that is no refusal.
    async fn taken(&self, response: Response<Incoming>) -> Result<Incoming, Failure> {
        let status = response.status();
        let body = response.into_body();
        if status.is_success() {
            return Ok(body);
        }
        let bytes = read(body).await.map_err(|error| self.broken(&error))?;
        Err(refusal(status, serde_json::from_slice(&bytes).ok().as_ref()))
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> Failure {
        Failure::new(
            format!("the exchange with {} broke off: {error}", self.server),
            "Is a pasarela server listening there? Look at its log.",
        )
    }
}

async fn read(body: Incoming) -> Result<Bytes, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Limited::new(body, LARGEST_ANSWER).collect().await?.to_bytes())
}

/// A text as a value of a query.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn not_ours() -> Failure {
    Failure::new("an answer that is not of this API", "Is a pasarela server listening there?")
}

/// What the server said, and what can be done about it.
fn refusal(status: StatusCode, answer: Option<&Value>) -> Failure {
    let cause = answer.and_then(|answer| answer["cause"][0]["description"].as_str());
    let message = answer.and_then(|answer| answer["message"].as_str());
    let said = match (message, cause) {
        (Some(message), Some(cause)) if message != cause => format!("{message} ({cause})"),
        (Some(message), _) => message.to_owned(),
        _ => "an answer that is not of this API".to_owned(),
    };
    let next = match status {
        StatusCode::UNAUTHORIZED => {
            "Give a test access token of this server with --access-token; `pasarela credentials` prints the \
             well-known ones."
        }
        StatusCode::FORBIDDEN if said.contains("live access token") => {
            "Give the application's live access token with --access-token; without it, it is the test one of the \
             Brazilian seller."
        }
        StatusCode::FORBIDDEN => "Use a test access token: the sandbox doesn't touch live payments.",
        StatusCode::CONFLICT => "Somebody else was faster; look at what came of it.",
        StatusCode::NOT_FOUND => {
            "Check the id, and that the access token is of the seller who took the payment, or of the buyer's site \
             (--access-token)."
        }
        StatusCode::BAD_REQUEST => {
            "Check what was given; of a payment, its status, too: GET /v1/payments/{id}."
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "Try again in a moment.",
        _ => "Look at the server's log.",
    };
    Failure::new(format!("the server refused with {}: {said}", status.as_u16()), next)
}
