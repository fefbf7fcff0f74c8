//! Any path, query and body on every route of the API, through the real router, engine and store: whatever comes in,
//! no answer is the server's fault. The first byte, counted from `0`, picks the route, the first line is its query (or
//! id), the rest its body.
#![no_main]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, Uri};
use libfuzzer_sys::fuzz_target;
use pasarela_domain::identity::Mode;
use pasarela_engine::{Engine, EngineOptions, seeds};
use std::sync::LazyLock;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// The largest answer that is read: a page of search results.
const LARGEST_ANSWER: usize = 64 << 20;

struct World {
    runtime: Runtime,
    router: Router,
    access_token: String,
    /// Another seller's, whose clock may be moved: cards expire with it.
    traveller: String,
    /// A payment to change, refund and pay.
    payment_id: String,
    /// What opens that payment's pages.
    page_query: String,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("a runtime");
    let token_of = |seller: usize| seeds::sellers()[seller].credentials(Mode::Test).access_token;
    let (access_token, traveller) = (token_of(0), token_of(1));
    let engine = runtime
        .block_on(Engine::open(EngineOptions {
            development: true,
            public_url: "http://localhost".to_owned(),
            ..EngineOptions::default()
        }))
        .expect("an engine");
    let router = pasarela_server::router(engine);
    let body =
        r#"{"transaction_amount":10,"payment_method_id":"pix","payer":{"email":"test_user_1@testuser.com"}}"#;
    let (payment_id, page_query) = (String::new(), String::new());
    let mut world = World { runtime, router, access_token, traveller, payment_id, page_query };
    let created = world
        .ask(&world.access_token, Method::POST, "/v1/payments", body.as_bytes().to_vec())
        .expect("a valid request");
    let created: serde_json::Value = serde_json::from_slice(&created.1).expect("JSON");
    world.payment_id = created["id"].to_string();
    let page = created["point_of_interaction"]["transaction_data"]["ticket_url"].as_str().expect("a page");
    world.page_query = page.split_once('?').expect("a query").1.to_owned();
    world
});

impl World {
    fn ask(&self, token: &str, method: Method, uri: &str, body: Vec<u8>) -> Option<(StatusCode, Vec<u8>)> {
        let uri = Uri::try_from(uri).ok()?;
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .header("x-idempotency-key", format!("{:x}", hash(&body)))
            .body(Body::from(body))
            .expect("constant headers");
        self.runtime.block_on(async {
            let answer = self.router.clone().oneshot(request).await.expect("a router never fails");
            let status = answer.status();
            let bytes = to_bytes(answer.into_body(), LARGEST_ANSWER).await.expect("a bounded answer");
            Some((status, bytes.to_vec()))
        })
    }
}

fn hash(bytes: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

fuzz_target!(|bytes: &[u8]| {
    let world = &*WORLD;
    let Some((&route, rest)) = bytes.split_first() else { return };
    let line_end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    let Ok(line) = std::str::from_utf8(&rest[..line_end]) else { return };
    let body = rest.get(line_end + 1..).unwrap_or_default().to_vec();
    let id = if line.is_empty() { &world.payment_id } else { line };
    let page = |name: &str| format!("/payments/{}/{name}?{}", world.payment_id, world.page_query);
    let mut token = &world.access_token;
    let (method, uri) = match route.wrapping_sub(b'0') % 14 {
        0 => (Method::POST, "/v1/card_tokens".to_owned()),
        1 => (Method::POST, "/v1/payments".to_owned()),
        2 => (Method::GET, format!("/v1/payments/search?{line}")),
        3 => (Method::PUT, format!("/v1/payments/{id}")),
        4 => (Method::POST, format!("/v1/payments/{id}/refunds")),
        5 => (Method::GET, format!("/v1/payment_methods/search?{line}")),
        6 => (Method::PUT, format!("/v1/card_tokens/{line}")),
        7 => (Method::POST, format!("/sandbox/payments/{}/{line}", world.payment_id)),
        8 => (Method::POST, format!("/v1/card_tokens?{line}")),
        10 => (Method::POST, "/platforms/pci/yape/v1/payment".to_owned()),
        11 => {
            token = &world.traveller;
            (Method::POST, "/sandbox/clock".to_owned())
        }
        12 => (Method::POST, page("bank_transfer")),
        13 => (Method::POST, page("challenge")),
        _ => (Method::GET, format!("/{line}")),
    };
    if let Some((status, answer)) = world.ask(token, method, &uri, body) {
        assert!(!status.is_server_error(), "{uri}: {status} {}", String::from_utf8_lossy(&answer));
    }
});
