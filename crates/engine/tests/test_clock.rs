//! Where the test accounts' clocks start.

use pasarela_domain::identity::Mode;
use pasarela_domain::json::Json;
use pasarela_domain::timestamp::{DAY, Timestamp};
use pasarela_engine::payments::IdempotencyKey;
use pasarela_engine::{Engine, EngineOptions, seeds};
use serde_json::json;
use std::path::Path;

async fn open(directory: &Path, clock: Timestamp) -> Engine {
    let options = EngineOptions {
        directory: Some(directory.to_path_buf()),
        development: true,
        public_url: "http://127.0.0.1".to_owned(),
        test_clock: Some(clock),
        ..EngineOptions::default()
    };
    Engine::open(options).await.unwrap()
}

#[tokio::test]
async fn clocks_start_where_they_are_told_and_never_go_back() {
    let directory = tempfile::tempdir().unwrap();
    let start = Timestamp::parse("2026-02-01T10:00:00Z").unwrap();
    let seller = &seeds::sellers()[0];
    let now = |engine: &Engine| engine.now(seller.account.id, Mode::Test);

    let engine = open(directory.path(), start).await;
    assert!((0..DAY).contains(&(now(&engine).0 - start.0)));
    let caller = engine.authenticate(&seller.test.access_token).await.unwrap().unwrap();
    let key = IdempotencyKey::required(Some("k"), Mode::Test, "test", b"").unwrap();
    let body = json!({
        "transaction_amount": 10, "payment_method_id": "pix", "payer": {"email": "test_user_1@testuser.com"},
    });
    engine
        .create_payment(
            &caller,
            key,
            &Json::from(&body),
            &pasarela_domain::payment::create::Provenance::default(),
        )
        .await
        .unwrap();
    engine.advance_clock(&caller, 3 * DAY).await.unwrap();
    engine.close().await;

    let engine = open(directory.path(), start).await;
    assert!(now(&engine).0 >= start.0 + 3 * DAY, "the same start again does not turn time back");
    engine.close().await;

    let later = start.plus_ms(30 * DAY);
    let engine = open(directory.path(), later).await;
    assert!((0..DAY).contains(&(now(&engine).0 - later.0)), "a later start moves it on");
    engine.close().await;
}
