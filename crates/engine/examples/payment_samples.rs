//! Prints payments as the store compresses them, a line each, for training its dictionary
//! (`crates/store/examples/train_dictionary.rs`):
//!
//! ```text
//! cargo run --release -p pasarela-engine --example payment_samples > payments.jsonl
//! ```
//!
//! Every site, method and outcome, with made-up people and goods: nothing here is anybody's.

use pasarela_domain::card_token::TokenRequest;
use pasarela_domain::catalogue;
use pasarela_domain::identity::{Caller, Mode};
use pasarela_domain::json::Json;
use pasarela_domain::payment::create::Provenance;
use pasarela_domain::payment::refund::RefundRequest;
use pasarela_engine::payments::IdempotencyKey;
use pasarela_engine::sandbox::Act;
use pasarela_engine::{Engine, EngineOptions, seeds};
use pasarela_store::{PaymentSearch, Store, StoreOptions};
use serde_json::{Value, json};
use std::error::Error;
use std::io::Write;

/// Rounds over all sites and methods.
const ROUNDS: usize = 48;
const CARDS: &str = include_str!("../../domain/data/test_cards.csv");
const OUTCOMES: [&str; 10] = ["APRO", "APRO", "APRO", "APRO", "APRO", "OTHE", "CONT", "CALL", "FUND", "SECU"];
const GOODS: [&str; 8] = [
    "Camiseta algodão preta",
    "Zapatillas running 42",
    "Curso de fotografia online",
    "Auriculares bluetooth",
    "Ingresso show 12/12",
    "Lámpara de escritorio LED",
    "Assinatura mensal",
    "Libro de cocina regional",
];
const PEOPLE: [(&str, &str); 6] = [
    ("Ana", "Souza"),
    ("Juan", "Pérez"),
    ("Lucía", "González"),
    ("Pedro", "Almeida"),
    ("María", "Rodríguez"),
    ("Diego", "Silva"),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let engine = Engine::open(EngineOptions {
        directory: Some(directory.path().to_path_buf()),
        development: true,
        public_url: "http://127.0.0.1:8080".to_owned(),
        ..EngineOptions::default()
    })
    .await?;
    let mut callers = Vec::new();
    for seller in seeds::sellers() {
        callers.extend(engine.authenticate(&seller.test.access_token).await?);
    }
    for round in 0..ROUNDS {
        for caller in &callers {
            pay_all_ways(&engine, caller, round).await?;
        }
    }
    engine.close().await;

    let store = Store::open(StoreOptions::existing(directory.path().to_path_buf())).await?;
    let mut out = std::io::stdout().lock();
    for caller in &callers {
        let page = store.search_payments(PaymentSearch::of(caller.account_id, Mode::Test, 10_000)).await?;
        for body in page.bodies {
            let id = serde_json::from_slice::<Value>(&body)?["id"].as_i64().ok_or("a payment has an id")?;
            let record = store.payment(caller.account_id, Mode::Test, id).await?.ok_or("it is stored")?;
            out.write_all(&record.body)?;
            out.write_all(&record.internals)?;
            out.write_all(b"\n")?;
        }
    }
    store.close().await;
    Ok(())
}

async fn pay_all_ways(engine: &Engine, caller: &Caller, round: usize) -> Result<(), Box<dyn Error>> {
    let cards: Vec<&str> = CARDS.lines().filter(|line| line.starts_with(caller.site.id())).collect();
    for (index, card) in cards.iter().enumerate() {
        let fields: Vec<&str> = card.split(',').collect();
        let holder = OUTCOMES[(round + index) % OUTCOMES.len()];
        let token = TokenRequest::from_json(&Json::from(&json!({
            "card_number": fields[3], "security_code": fields[4],
            "expiration_month": 1 + (round % 12), "expiration_year": 2028 + (index % 6),
            "cardholder": {"name": holder},
        })))?;
        let token: Value = serde_json::from_slice(&engine.create_card_token(caller, None, &token).await?)?;
        let mut body = order(caller, round * 31 + index);
        body["token"] = token["id"].clone();
        body["installments"] = json!(1);
        body["capture"] = json!(!(round + index).is_multiple_of(7));
        let Ok(made) = pay(engine, caller, &body).await else { continue };
        if made["status"] == "approved" && (round + index).is_multiple_of(3) {
            let id = made["id"].as_i64().ok_or("a payment has an id")?;
            let key = key(caller, &format!("refund-{id}"))?;
            let amount = round.is_multiple_of(2).then(|| "3".to_owned());
            let request = RefundRequest { amount, ..RefundRequest::default() };
            engine.refund_payment(caller, id, key, &request).await.ok();
        }
    }
    let offline =
        catalogue::of(caller.site).methods().iter().filter(|m| m.is_offered() && m.payment_type.is_offline());
    for (index, method) in offline.enumerate() {
        let mut body = order(caller, round * 17 + index);
        body["payment_method_id"] = json!(method.id);
        if let Some(first) = method.financial_institutions.first() {
            body["transaction_details"] = json!({"financial_institution": first.id});
            body["callback_url"] = json!("https://shop.example/return");
        }
        let Ok(made) = pay(engine, caller, &body).await else { continue };
        if (round + index).is_multiple_of(2) {
            let id = made["id"].as_i64().ok_or("a payment has an id")?;
            engine.act(caller, id, &Act::Pay).await.ok();
        }
    }
    Ok(())
}

fn order(caller: &Caller, number: usize) -> Value {
    let (first_name, last_name) = PEOPLE[number % PEOPLE.len()];
    let good = GOODS[number % GOODS.len()];
    let price = 2_000 + (number * 137) % 40_000;
    let document = match caller.site.id() {
        "MLB" => json!({"type": "CPF", "number": "12345678909"}),
        "MLA" => json!({"type": "DNI", "number": format!("{}", 20_000_000 + number)}),
        "MCO" => json!({"type": "CC", "number": format!("{}", 1_000_000 + number)}),
        "MLC" => json!({"type": "RUT", "number": "12345678-5"}),
        "MPE" => json!({"type": "DNI", "number": format!("{}", 20_000_000 + number)}),
        "MLU" => json!({"type": "CI", "number": "12345672"}),
        _ => Value::Null,
    };
    json!({
        "transaction_amount": price,
        "description": good,
        "external_reference": format!("ORDER-{}", 10_000 + number * 7),
        "statement_descriptor": "MYSHOP",
        "notification_url": "https://shop.example/webhooks?source_news=webhooks",
        "metadata": {"order_number": number, "platform": "woocommerce"},
        "payer": {
            "email": format!("test_user_{}@testuser.com", 100_000 + number * 13),
            "entity_type": "individual",
            "first_name": first_name, "last_name": last_name, "identification": document,
            "phone": {"area_code": "11", "number": format!("9{:08}", number * 7919 % 100_000_000)},
            "address": {
                "zip_code": "01310924", "street_name": "Avenida Paulista", "street_number": 1000 + number % 900,
                "neighborhood": "Bela Vista", "city": "São Paulo", "federal_unit": "SP",
            },
        },
        "additional_info": {
            "ip_address": format!("203.0.113.{}", number % 256),
            "items": [{
                "id": format!("SKU-{number}"), "title": good, "description": good, "category_id": "others",
                "quantity": 1, "unit_price": price,
            }],
            "payer": {"first_name": first_name, "last_name": last_name},
        },
    })
}

async fn pay(engine: &Engine, caller: &Caller, body: &Value) -> Result<Value, Box<dyn Error>> {
    let key = key(caller, &uuid::Uuid::new_v4().to_string())?;
    let written = engine.create_payment(caller, key, &Json::from(body), &Provenance::default()).await?;
    Ok(serde_json::from_slice(&written.body)?)
}

fn key(caller: &Caller, text: &str) -> Result<IdempotencyKey, Box<dyn Error>> {
    Ok(IdempotencyKey::required(Some(text), caller.mode, "samples", b"")?)
}
