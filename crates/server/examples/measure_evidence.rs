//! What it costs a request that its integration can be measured later: the evidence that is collected on the way.
//! `cargo run --release -p pasarela-server --example measure_evidence`.
//!
//! Card payments of 2 kB with an SDK's headers go through the server's own routes into an engine that keeps nothing, so that no disk
//! is measured. The same request, but for its token and its key, is made twice, turn and turn about: as it is, with its evidence, and
//! with all of that evidence collected once more. The evidence is what the second takes longer, and without it a request takes as
//! much less. Beside that stands what the same steps take alone, one after the other: know the library by its headers and the
//! way of the card, look for card numbers in the body, make the marks, count. It should be less than 20 µs on an idle machine; this
//! prints, and fails nothing.

use axum::Router;
use axum::body::Body;
use axum::http::request::{Builder, Parts};
use axum::http::{Request, StatusCode};
use pasarela_domain::identity::{Caller, CredentialKind, Mode};
use pasarela_domain::json::Json;
use pasarela_domain::payment::request::CreatePayment;
use pasarela_domain::quality::marks::{Marks, TokenChannel};
use pasarela_domain::quality::traffic::Count;
use pasarela_domain::site::Site;
use pasarela_engine::{Engine, EngineOptions, seeds};
use pasarela_server::api::evidence;
use pasarela_server::tls::ClientConnection;
use serde_json::{Value, json};
use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tower::ServiceExt;

/// Pairs of requests: a median of them is quiet.
const PAIRS: usize = 3_000;
/// What is thrown away at the beginning, while everything is cold.
const WARM_UP: usize = 200;
const TIMES_ALONE: u32 = 200_000;
const BOUND_MICROSECONDS: f64 = 20.0;
const HEADERS: [(&str, &str); 4] = [
    ("content-type", "application/json"),
    ("x-product-id", "bc32b6ntrpp001u8nhkg"),
    ("user-agent", "MercadoPago Node.js SDK v2.0.9 (node v18.17.0-x64-linux)"),
    ("x-tracking-id", "platform:v18|v18.17.0,type:SDK2.0.9,so;"),
];

struct Shop {
    engine: Engine,
    router: Router,
    caller: Caller,
    access_token: String,
    public_key: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let options = EngineOptions {
        development: true,
        public_url: "http://127.0.0.1:8080".to_owned(),
        ..EngineOptions::default()
    };
    let engine = Engine::open(options).await.expect("an engine that keeps nothing");
    let seller = seeds::sellers().iter().find(|seller| seller.account.site == Site::MLB).expect("a seller");
    let shop = Shop {
        router: pasarela_server::router(engine.clone()),
        caller: Caller {
            account_id: seller.account.id,
            site: Site::MLB,
            application_id: seller.application.id,
            mode: Mode::Test,
            kind: CredentialKind::AccessToken,
        },
        access_token: seller.test.access_token.clone(),
        public_key: seller.test.public_key.clone(),
        engine,
    };
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    for pair in 0..PAIRS + WARM_UP {
        // Neither is always the first.
        for is_second in if pair % 2 == 0 { [false, true] } else { [true, false] } {
            let took = shop.pay(is_second).await;
            if pair >= WARM_UP {
                if is_second { &mut twice } else { &mut once }.push(took);
            }
        }
    }
    let (with, with_more, alone) = (median(once), median(twice), shop.alone().await);
    let evidence = with_more - with;
    println!("a card payment with its evidence:            {with:8.2} µs (median of {PAIRS})");
    println!("the same, its evidence collected once more:  {with_more:8.2} µs (median of {PAIRS})");
    println!(
        "a card payment without evidence:             {:8.2} µs (the difference taken off)",
        with - evidence
    );
    println!("the same steps alone, one after the other:   {alone:8.2} µs (mean of {TIMES_ALONE})");
    let is_within = evidence < BOUND_MICROSECONDS && alone < BOUND_MICROSECONDS;
    let verdict = if is_within { "within" } else { "NOT within" };
    println!("evidence: {evidence:.2} µs a request, {verdict} the bound of {BOUND_MICROSECONDS} µs");
    drop(shop.router);
    shop.engine.close().await;
}

impl Shop {
    /// One payment through the server's routes; how long it took, with its evidence or with that and the same once more.
    async fn pay(&self, is_second: bool) -> Duration {
        let token = self.token().await;
        let bytes = body(&token).to_string();
        let request = || {
            let mut request = Request::post("/v1/payments")
                .header("authorization", format!("Bearer {}", self.access_token))
                .header("x-idempotency-key", &token);
            for (name, value) in HEADERS {
                request = request.header(name, value);
            }
            connected(request).body(Body::from(bytes.clone())).expect("a request")
        };
        let (parts, _) = request().into_parts();
        let value = body(&token);
        let json = Json::from(&value);
        let read = CreatePayment::from_json(&json, Site::MLB).expect("a request for a payment");
        let request = request();
        let started = Instant::now();
        if is_second {
            self.collect(&parts, bytes.as_bytes(), &read);
        }
        let answer = self.router.clone().oneshot(request).await.expect("an answer");
        let took = started.elapsed();
        assert_eq!(answer.status(), StatusCode::CREATED);
        took
    }

    async fn token(&self) -> String {
        let card = json!({
            "card_number": "5031433215406351", "expiration_month": 11, "expiration_year": 2030, "security_code": "123",
            "cardholder": {"name": "APRO", "identification": {"type": "CPF", "number": "12345678909"}},
        });
        let path = format!("/v1/card_tokens?public_key={}&js_version=2.0.0", self.public_key);
        let request = Request::post(path).header("content-type", "application/json");
        let request = request.header("origin", "null").header("sec-fetch-site", "same-origin");
        let request = connected(request).body(Body::from(card.to_string())).expect("a request");
        let answer = self.router.clone().oneshot(request).await.expect("an answer");
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
        let token: Value = serde_json::from_slice(&bytes).expect("JSON");
        token["id"].as_str().expect("a token").to_owned()
    }

    /// All that is done for the measurement on the way of a payment and of its token.
    fn collect(&self, parts: &Parts, bytes: &[u8], request: &CreatePayment<'_>) {
        let sdk = evidence::sdk(black_box(&parts.headers));
        black_box(evidence::channel(black_box(parts)));
        evidence::look_for_card_numbers(&self.engine, &self.caller, black_box(bytes));
        black_box(Marks::of_payment(black_box(request), sdk, Some(TokenChannel::SecureFields)));
        self.engine.count(&self.caller, Count::Payment);
        self.engine.count(&self.caller, Count::SecureFieldsToken);
    }

    async fn alone(&self) -> f64 {
        let value = body(&self.token().await);
        let bytes = value.to_string();
        let mut request = Request::post("/v1/payments");
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let json = Json::from(&value);
        let request = CreatePayment::from_json(&json, Site::MLB).expect("a request for a payment");
        let started = Instant::now();
        for _ in 0..TIMES_ALONE {
            self.collect(&parts, bytes.as_bytes(), &request);
        }
        started.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES_ALONE)
    }
}

/// As the listener hands it on.
fn connected(request: Builder) -> Builder {
    let address = SocketAddr::from(([127, 0, 0, 1], 50_000));
    request.extension(ClientConnection { address, encrypted: false })
}

fn body(token: &str) -> Value {
    let item = json!({"id": "MLB2907679857", "title": "Point Mini", "description": "Point product for card payments",
                      "category_id": "electronics", "quantity": 1, "unit_price": 58.8});
    json!({
        "transaction_amount": 294, "token": token, "installments": 1, "issuer_id": 24, "payment_method_id": "master",
        "external_reference": "order-20410000000017", "payer": {
            "email": "test_user_1@testuser.com", "identification": {"type": "CPF", "number": "19119119100"}},
        "additional_info": {"items": vec![item; 8], "payer": {"first_name": "Test", "last_name": "Test",
            "phone": {"area_code": "11", "number": "987654321"}}},
    })
}

fn median(mut took: Vec<Duration>) -> f64 {
    took.sort_unstable();
    took[took.len() / 2].as_secs_f64() * 1e6
}
