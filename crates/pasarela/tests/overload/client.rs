//! A client that keeps its connection, and comes again when it is asked to.

use crate::support::Call;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;

/// How long anything may take before a test gives up on it: a storm on two cores, of which others have their share.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// One client.
pub struct Client {
    address: String,
    connection: Option<SendRequest<Full<Bytes>>>,
    /// How often it was asked to come again.
    pub turned_away: usize,
}

/// What was answered.
struct Answer {
    status: u16,
    retry_after: Option<u64>,
    body: Value,
}

impl Client {
    pub fn new(address: &str) -> Client {
        Client { address: address.to_owned(), connection: None, turned_away: 0 }
    }

    /// Opens its connection, if it has none.
    pub async fn connect(&mut self) {
        if self.connection.as_ref().is_none_or(SendRequest::is_closed) {
            let stream = TcpStream::connect(&self.address).await.expect("a connection");
            let (sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a client");
            tokio::spawn(connection);
            self.connection = Some(sender);
        }
    }

    /// The body of the 200 or 201 that it gets in the end. Every other answer must be one that asks it to come again, and
    /// every answer must come.
    pub async fn call(&mut self, call: &Call) -> Value {
        loop {
            let answer = tokio::time::timeout(PATIENCE, self.send(call)).await.expect("no request hangs");
            match answer {
                Some(Answer { status: 200 | 201, body, .. }) => return body,
                Some(Answer { status: 429 | 503, retry_after, .. }) => {
                    self.turned_away += 1;
                    let seconds = retry_after.expect("who is asked to come again is told when");
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                }
                Some(Answer { status, body, .. }) => panic!("{status}: {body}"),
                // The connection was idle, and closed in the moment in which the request was sent: as every client
                // library does, it is sent again.
                None => {}
            }
        }
    }

    async fn send(&mut self, call: &Call) -> Option<Answer> {
        self.connect().await;
        let body = if call.body.is_null() { Bytes::new() } else { call.body.to_string().into() };
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header("host", &self.address)
            .header("authorization", format!("Bearer {}", call.access_token));
        if let Some(key) = &call.key {
            request = request.header("x-idempotency-key", key);
        }
        let request = request.body(Full::new(body)).expect("a request");
        let sender = self.connection.as_mut()?;
        let answered = async {
            sender.ready().await?;
            let response = sender.send_request(request).await?;
            let (parts, body) = response.into_parts();
            Ok::<_, hyper::Error>((parts, body.collect().await?.to_bytes()))
        };
        let Ok((parts, bytes)) = answered.await else {
            self.connection = None;
            return None;
        };
        if parts.headers.get("connection").is_some_and(|value| value == "close") {
            self.connection = None;
        }
        let retry_after = parts.headers.get("retry-after");
        Some(Answer {
            status: parts.status.as_u16(),
            retry_after: retry_after.and_then(|seconds| seconds.to_str().ok()?.parse().ok()),
            body: serde_json::from_slice(&bytes).expect("every answer is JSON"),
        })
    }
}

/// `POST /v1/payments` for a seller of Brazil, by boleto: no card, and no picture to draw.
pub fn payment(access_token: &str, key: &str) -> Call {
    let mut call = Call::post(
        "/v1/payments",
        access_token,
        json!({
            "transaction_amount": 10, "payment_method_id": "bolbradesco",
            "payer": {
                "email": "storm@testuser.com", "first_name": "Ana", "last_name": "Silva",
                "identification": {"type": "CPF", "number": "12345678909"},
                "address": {
                    "zip_code": "01310100", "street_name": "Avenida Paulista", "street_number": "1000",
                    "neighborhood": "Bela Vista", "city": "São Paulo", "federal_unit": "SP"
                }
            }
        }),
    );
    call.key = Some(key.to_owned());
    call
}
