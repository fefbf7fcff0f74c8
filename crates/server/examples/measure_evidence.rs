//! What it costs a request that its integration can be measured later: the evidence that is collected on the way.
//! `cargo run --release -p pasarela-server --example measure_evidence`.
//!
//! For a payment of 2 kB with an SDK's headers it does all that `POST /v1/payments` does for the measurement: knows the
//! library by its headers, looks for card numbers in the body, makes the marks, and counts. It should take less than 20 µs on an idle machine; this
//! prints, and fails nothing.

use axum::http::{HeaderMap, HeaderValue};
use pasarela_domain::identity::{Caller, CredentialKind, Mode};
use pasarela_domain::json::Json;
use pasarela_domain::payment::request::CreatePayment;
use pasarela_domain::quality::marks::{Marks, TokenChannel};
use pasarela_domain::quality::traffic::Count;
use pasarela_domain::site::Site;
use pasarela_engine::{Engine, EngineOptions, seeds};
use pasarela_server::api::evidence;
use serde_json::json;
use std::hint::black_box;
use std::time::Instant;

const TIMES: u32 = 200_000;
const BOUND_MICROSECONDS: f64 = 20.0;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let options = EngineOptions {
        development: true,
        public_url: "http://127.0.0.1:8080".to_owned(),
        ..EngineOptions::default()
    };
    let engine = Engine::open(options).await.expect("an engine that keeps nothing");
    let seller = &seeds::sellers()[0];
    let caller = Caller {
        account_id: seller.account.id,
        site: Site::MLB,
        application_id: seller.application.id,
        mode: Mode::Test,
        kind: CredentialKind::AccessToken,
    };
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-product-id", "bc32b6ntrpp001u8nhkg"),
        ("user-agent", "MercadoPago Node.js SDK v2.0.9 (node v18.17.0-x64-linux)"),
        ("x-tracking-id", "platform:v18|v18.17.0,type:SDK2.0.9,so;"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let item = json!({"id": "MLB2907679857", "title": "Point Mini", "description": "Point product for card payments",
                      "category_id": "electronics", "quantity": 1, "unit_price": 58.8});
    let body = json!({
        "transaction_amount": 294, "token": "0123456789abcdef0123456789abcdef", "installments": 1, "issuer_id": 24,
        "payment_method_id": "master", "external_reference": "order-20410000000017", "payer": {
            "email": "test_user_1@testuser.com", "identification": {"type": "CPF", "number": "19119119100"}},
        "additional_info": {"items": vec![item; 8], "payer": {"first_name": "Test", "last_name": "Test",
            "phone": {"area_code": "11", "number": "987654321"}}},
    });
    let bytes = body.to_string();
    let json = Json::from(&body);
    let request = CreatePayment::from_json(&json, Site::MLB).expect("a request for a payment");
    let started = Instant::now();
    for _ in 0..TIMES {
        let sdk = evidence::sdk(black_box(&headers));
        evidence::look_for_card_numbers(&engine, &caller, black_box(bytes.as_bytes()));
        black_box(Marks::of_payment(black_box(&request), sdk, Some(TokenChannel::SecureFields)));
        engine.count(&caller, Count::Payment);
    }
    let each = started.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES);
    println!(
        "evidence of a payment of {} bytes: {each:.2} µs a request (it should be less than {BOUND_MICROSECONDS} µs)",
        bytes.len()
    );
    engine.close().await;
}
