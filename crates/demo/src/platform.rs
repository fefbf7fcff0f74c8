//! Calls of the platform's API: plain HTTP, with the access token that never leaves this server.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long an answer is waited for. What was done although it did not arrive is found again under the same key.
const PATIENCE: Duration = Duration::from_secs(30);
const LARGEST_ANSWER: usize = 1 << 20;

/// The API, as this seller.
pub struct Platform {
    authority: String,
    bearer: String,
}

/// Why there is no answer to work with.
#[derive(Debug)]
pub enum Trouble {
    /// The platform said no: the status and its body, which has `message` and `cause`.
    Refused(u16, Value),
    /// Nobody knows whether it was done: ask again with the same key.
    Unanswered(String),
}

impl Platform {
    /// # Errors
    /// When `url` is not `http://HOST:PORT`.
    pub fn new(url: &str, access_token: &str) -> io::Result<Platform> {
        let authority = url.parse::<Uri>().ok().and_then(|uri| uri.authority().cloned());
        let authority = authority.ok_or_else(|| io::Error::other(format!("{url} is no address")))?;
        Ok(Platform { authority: authority.to_string(), bearer: format!("Bearer {access_token}") })
    }

    /// Reads `path`.
    pub async fn get(&self, path: &str) -> Result<Value, Trouble> {
        self.call(Method::GET, path, Value::Null, &[]).await
    }

    /// Makes something. `key` is the same however often this very thing is tried, so it is made once.
    pub async fn post(&self, path: &str, body: Value, key: &str) -> Result<Value, Trouble> {
        self.call(Method::POST, path, body, &[("x-idempotency-key", key)]).await
    }

    /// Changes something.
    pub async fn put(&self, path: &str, body: Value) -> Result<Value, Trouble> {
        self.call(Method::PUT, path, body, &[]).await
    }

    /// Any call, with more headers.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Result<Value, Trouble> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.authority)
            .header(AUTHORIZATION, &self.bearer)
            .header(CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = request.body(Full::new(Bytes::from(body))).map_err(unanswered)?;
        let (status, answer) =
            tokio::time::timeout(PATIENCE, self.exchange(request)).await.map_err(unanswered)??;
        if (200..300).contains(&status) { Ok(answer) } else { Err(Trouble::Refused(status, answer)) }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(u16, Value), Trouble> {
        let stream = TcpStream::connect(&self.authority).await.map_err(unanswered)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(unanswered)?;
        tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(unanswered)?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await;
        let body = body.map_err(|error| Trouble::Unanswered(error.to_string()))?.to_bytes();
        Ok((status, serde_json::from_slice(&body).map_err(unanswered)?))
    }
}

fn unanswered(error: impl std::error::Error) -> Trouble {
    Trouble::Unanswered(error.to_string())
}

impl Trouble {
    /// A line about it, for the seller's eyes.
    pub fn text(&self) -> String {
        match self {
            Trouble::Refused(status, body) => {
                let cause = body["cause"][0]["description"].as_str();
                format!("{status} {}", cause.or(body["message"].as_str()).unwrap_or_default())
            }
            Trouble::Unanswered(what) => what.clone(),
        }
    }
}
