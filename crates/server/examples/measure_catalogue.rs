//! How long the catalogue's answers take in the process, from the request's head to the body's last byte:
//! `cargo run --release -p pasarela-server --example measure_catalogue`.
//!
//! Each route is asked 20,000 times through the whole router, with an access token, on a server that keeps nothing; every
//! tenth question of those with parameters is one that was not asked before.

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use pasarela_domain::site::Site;
use pasarela_engine::{Engine, EngineOptions, seeds};
use std::time::{Duration, Instant};
use tower::ServiceExt;

const TIMES: usize = 20_000;
/// What is asked for besides the measured questions, so that pages and branches are warm.
const BEFORE: usize = 500;

/// A route; `{}` stands for a number that differs now and then.
const ROUTES: [&str; 9] = [
    "/v1/payment_methods",
    "/v1/payment_methods/search?bins=5031{}&marketplace=NONE&status=active",
    "/v1/payment_methods/search?limit=1&marketplace=NONE&status=active",
    "/v1/payment_methods/card_issuers?payment_method_id=visa&bin=4507{}",
    "/v1/payment_methods/installments?bin=5031{}&amount=1{}",
    "/v1/payment_methods/installments?payment_method_id=visa&amount=1{}",
    "/v1/payment_methods/deals",
    "/v1/identification_types",
    "/item_categories",
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let options = EngineOptions {
        development: true,
        public_url: "http://127.0.0.1:8080".to_owned(),
        ..EngineOptions::default()
    };
    let engine = Engine::open(options).await.expect("an engine that keeps nothing opens");
    let router = pasarela_server::router(engine);
    let seller = seeds::sellers().iter().find(|seller| seller.account.site == Site::MLA);
    let token = &seller.expect("Argentina has a seller").test.access_token;
    println!("{:<72} {:>9} {:>9} {:>9} {:>8}", "route", "p50 us", "p99 us", "max us", "bytes");
    for route in ROUTES {
        let mut taken: Vec<Duration> = Vec::with_capacity(TIMES);
        let mut bytes = 0;
        for time in 0..BEFORE + TIMES {
            let path = route.replace("{}", &format!("{:04}", if time % 10 == 0 { time % 10_000 } else { 7 }));
            let request = Request::get(path)
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .body(Body::empty())
                .expect("a path and a token make a request");
            let began = Instant::now();
            let Ok(response) = router.clone().oneshot(request).await;
            assert_eq!(response.status(), 200, "{route}");
            let body = to_bytes(response.into_body(), usize::MAX).await.expect("the body is in memory");
            if time >= BEFORE {
                taken.push(began.elapsed());
            }
            bytes = body.len();
        }
        taken.sort_unstable();
        let micros =
            |per_cent: usize| taken[(taken.len() * per_cent / 100).min(taken.len() - 1)].as_nanos() / 1_000;
        println!("{route:<72} {:>9} {:>9} {:>9} {bytes:>8}", micros(50), micros(99), micros(100));
    }
}
