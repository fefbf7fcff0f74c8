//! A shop's webhook receiver: a real HTTP server that keeps what it was told.

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// What was received: for each payment and action, the notifications' ids.
type News = Arc<Mutex<HashMap<(i64, String), HashSet<i64>>>>;

/// The receiver.
pub struct Receiver {
    address: std::net::SocketAddr,
    news: News,
}

impl Receiver {
    /// Listens on a free port until the runtime ends, and tells `heard` of everything.
    pub async fn start(heard: Arc<Notify>) -> Receiver {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let news = News::default();
        let kept = Arc::clone(&news);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, heard) = (Arc::clone(&kept), Arc::clone(&heard));
                let service =
                    service_fn(move |request| receive(request, Arc::clone(&kept), Arc::clone(&heard)));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Receiver { address, news }
    }

    /// What to give as `notification_url`: webhooks only, no IPN beside them.
    pub fn url(&self) -> String {
        format!("http://{}/news?source_news=webhooks", self.address)
    }

    /// How many different notifications of `action` came for the payment.
    pub fn count(&self, payment_id: i64, action: &str) -> usize {
        self.news.lock().unwrap().get(&(payment_id, action.to_owned())).map_or(0, HashSet::len)
    }

    /// The payments of which it heard.
    pub fn payments(&self) -> HashSet<i64> {
        self.news.lock().unwrap().keys().map(|(id, _)| *id).collect()
    }
}

async fn receive(
    request: Request<Incoming>,
    news: News,
    heard: Arc<Notify>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    // A body that breaks off is no delivery: the sender was killed and will come again.
    if let Ok(body) = request.into_body().collect().await {
        let told: Value = serde_json::from_slice(&body.to_bytes()).expect("a JSON body");
        let payment_id = told["data"]["id"].as_str().expect("text").parse().expect("digits");
        let action = told["action"].as_str().expect("text").to_owned();
        let id = told["id"].as_i64().expect("a number");
        news.lock().unwrap().entry((payment_id, action)).or_default().insert(id);
        heard.notify_waiters();
    }
    Ok(Response::new(Empty::new()))
}
