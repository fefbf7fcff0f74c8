//! Buyers who buy, pay, give up and get their money back, whatever becomes of the server meanwhile.

use super::shops::SHOPS;
use crate::Failure;
use crate::connection::Connection;
use crate::requests::{self, Method};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long a server may be away.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// Between two purchases of a buyer.
const REST: Duration = Duration::from_millis(100);

/// A payment, and what its buyer was told of it.
#[derive(Clone, Debug)]
pub struct Bought {
    /// Its id.
    pub payment: i64,
    /// Changes that were acknowledged, its creation the first. Others may have happened.
    pub events: u64,
}

/// What all buyers share.
#[derive(Clone)]
pub struct Buyers(Arc<Shared>);

struct Shared {
    server: Mutex<SocketAddr>,
    access_token: String,
    shops: SocketAddr,
    payments: AtomicU64,
    have_enough: AtomicBool,
}

/// Buyers at work.
pub struct Buying {
    buyers: Buyers,
    tasks: JoinSet<Result<Vec<Bought>, Failure>>,
}

impl Buying {
    /// Lets each end what it is at.
    pub async fn finish(mut self) -> Result<Vec<Bought>, Failure> {
        self.buyers.0.have_enough.store(true, Ordering::SeqCst);
        let mut all = Vec::new();
        while let Some(bought) = self.tasks.join_next().await {
            all.extend(bought??);
        }
        Ok(all)
    }
}

impl Buyers {
    /// Buyers at the `shops` who pay by the server.
    pub fn new(server: SocketAddr, access_token: String, shops: SocketAddr) -> Buyers {
        Buyers(Arc::new(Shared {
            server: Mutex::new(server),
            access_token,
            shops,
            payments: AtomicU64::new(0),
            have_enough: AtomicBool::new(false),
        }))
    }

    /// `count` of them begin.
    pub fn start(&self, count: u32) -> Buying {
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let buyers = self.clone();
            tasks.spawn(async move { buyers.buy_on().await });
        }
        Buying { buyers: self.clone(), tasks }
    }

    /// The server is at another address now.
    pub fn server_moved(&self, address: SocketAddr) {
        *self.0.server.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// How many payments were made.
    pub fn payments(&self) -> u64 {
        self.0.payments.load(Ordering::SeqCst)
    }

    /// Moves the test clock.
    pub async fn advance_clock(&self, by: &str) -> Result<(), Failure> {
        let (status, body) = self.ask("POST", "/sandbox/clock", None, Some(&json!({"advance": by}))).await?;
        if status == 200 { Ok(()) } else { Err(format!("the clock was not moved: {status} {body}").into()) }
    }

    /// Notifications that are to be delivered yet, a thousand of them at most.
    pub async fn pending(&self) -> Result<usize, Failure> {
        let (mut count, mut before) = (0, String::new());
        while count < 1_000 {
            let page =
                self.get(&format!("/pasarela/webhooks/deliveries?state=pending&limit=200{before}")).await?;
            count += page["results"].as_array().map_or(0, Vec::len);
            match page["next"].as_i64() {
                Some(next) => before = format!("&before={next}"),
                None => break,
            }
        }
        Ok(count)
    }

    /// The body of a `GET`.
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        let (status, body) = self.ask("GET", path, None, None).await?;
        if status == 200 { Ok(body) } else { Err(format!("GET {path}: {status} {body}").into()) }
    }

    async fn buy_on(&self) -> Result<Vec<Bought>, Failure> {
        let mut all = Vec::new();
        while !self.0.have_enough.load(Ordering::SeqCst) {
            all.push(self.buy().await?);
            tokio::time::sleep(REST).await;
        }
        Ok(all)
    }

    /// A purchase, and what becomes of it.
    async fn buy(&self) -> Result<Bought, Failure> {
        let number = self.0.payments.fetch_add(1, Ordering::SeqCst);
        let url = format!("http://{}/shop/{}?source_news=webhooks", self.0.shops, number % SHOPS);
        let order = format!("soak-{}-{number}", std::process::id());
        let body = requests::payment_body(Method::Pix, &order, "", Some(&url));
        let body: Value = serde_json::from_str(&body)?;
        let (status, payment) = self.ask("POST", "/v1/payments", Some(&order), Some(&body)).await?;
        let id = payment["id"].as_i64().filter(|_| matches!(status, 200 | 201));
        let id = id.ok_or_else(|| format!("a payment was refused: {status} {payment}"))?;
        let mut bought = Bought { payment: id, events: 1 };
        let change = |key: &str| format!("{order}-{key}");
        match number % 7 {
            // Left alone.
            0 => {}
            1 => {
                let body = json!({"status": "cancelled"});
                let path = format!("/v1/payments/{id}");
                self.counted(&mut bought, "PUT", &path, &change("cancel"), Some(&body)).await?;
            }
            _ => {
                let path = format!("/sandbox/payments/{id}/pay");
                self.counted(&mut bought, "POST", &path, &change("pay"), None).await?;
                for part in 0..number % 3 {
                    let path = format!("/v1/payments/{id}/refunds");
                    let body = json!({"amount": 10});
                    let key = change(&format!("refund-{part}"));
                    self.counted(&mut bought, "POST", &path, &key, Some(&body)).await?;
                }
            }
        }
        Ok(bought)
    }

    async fn counted(
        &self,
        bought: &mut Bought,
        method: &str,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Result<(), Failure> {
        let (status, _) = self.ask(method, path, Some(key), body).await?;
        // What was refused the second time may have been done the first time, before the server died.
        bought.events += u64::from(matches!(status, 200 | 201));
        Ok(())
    }

    /// Asks until there is an answer that is the platform's last word.
    async fn ask(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<(u16, Value), Failure> {
        let (started, request) = (Instant::now(), self.request(method, path, key, body));
        loop {
            let server = *self.0.server.lock().unwrap_or_else(PoisonError::into_inner);
            match once(server, &request).await {
                Ok((status, body)) if status < 500 => return Ok((status, body)),
                refused if started.elapsed() > PATIENCE => {
                    return Err(format!("{method} {path} had no answer: {refused:?}").into());
                }
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    fn request(&self, method: &str, path: &str, key: Option<&str>, body: Option<&Value>) -> Vec<u8> {
        let key = key.map_or(String::new(), |key| format!("x-idempotency-key: {key}\r\n"));
        let body = body.map_or(String::new(), Value::to_string);
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n{key}\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.0.access_token,
            body.len()
        )
        .into_bytes()
    }
}

async fn once(server: SocketAddr, request: &[u8]) -> Result<(u16, Value), Failure> {
    let mut connection = Connection::open(server).await?;
    let answer = tokio::time::timeout(Duration::from_secs(60), connection.exchange(request)).await??;
    Ok((answer.status, serde_json::from_slice(answer.body).unwrap_or(Value::Null)))
}
