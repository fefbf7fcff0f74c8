//! `X-Idempotency-Key`

use crate::test_app::{Answer, Client, TestApp, pix_body, with};
use axum::http::Method;
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::{Value, json};
use std::collections::HashSet;
use tokio::task::JoinSet;

async fn pay(seller: &Client, key: &str, body: &Value) -> Answer {
    seller.call(Method::POST, "/v1/payments").key(key).json(body).send().await
}

async fn payments_of(seller: &Client) -> u64 {
    seller.get("/v1/payments/search").await.expect(200)["paging"]["total"].as_u64().unwrap()
}

#[tokio::test]
async fn the_same_key_makes_one_payment() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let body = seller.card_payment("APRO").await;
    let made = pay(&seller, "order-7", &body).await.expect(201);
    let replayed = pay(&seller, "order-7", &body).await.expect(200);
    assert_eq!(replayed, made);
    assert_eq!(payments_of(&seller).await, 1);
}

#[tokio::test]
async fn a_replay_shows_the_payment_as_it_is_now() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = pay(&seller, "k", &pix_body()).await.expect(201);
    seller.act(&made, "pay").await.expect(200);
    let replayed = pay(&seller, "k", &pix_body()).await.expect(200);
    assert_eq!((&replayed["id"], &replayed["status"]), (&made["id"], &json!("approved")));
}

#[tokio::test]
async fn the_same_key_with_another_body_replays_the_first_and_charges_nothing() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = pay(&seller, "k", &pix_body()).await.expect(201);
    let other = with(pix_body(), json!({"transaction_amount": 7}));
    assert_eq!(pay(&seller, "k", &other).await.expect(200), made);
    let token = seller.card_token("APRO").await;
    let card = with(seller.card_payment("APRO").await, json!({"token": token}));
    assert_eq!(pay(&seller, "k", &card).await.expect(200), made);
    assert_eq!(seller.get(&format!("/v1/card_tokens/{token}")).await.expect(200)["status"], "active");
    assert_eq!(payments_of(&seller).await, 1);
}

#[tokio::test]
async fn a_key_belongs_to_one_seller_one_mode_and_one_path() {
    let app = TestApp::new().await;
    let (seller, live, other) = (app.seller(Site::MLB), app.live_seller(Site::MLB), app.seller(Site::MLU));
    let made = pay(&seller, "k", &seller.card_payment("APRO").await).await.expect(201);
    pay(&live, "k", &live.card_payment("APRO").await).await.expect(201);
    pay(&other, "k", &other.card_payment("APRO").await).await.expect(201);
    let refund = |payment: &Value| {
        let call = seller.call(Method::POST, &format!("/v1/payments/{}/refunds", payment["id"]));
        call.key("k").json(&json!({"amount": 1})).send()
    };
    let first = refund(&made).await.expect(201);
    assert_eq!(refund(&made).await.expect(200), first);
    let second = seller.pay_by_card("APRO").await;
    let elsewhere = refund(&second).await.expect(201);
    assert_ne!(elsewhere["id"], first["id"]);
    assert_eq!(seller.payment(&made["id"]).await["transaction_amount_refunded"], 1);
}

#[tokio::test]
async fn a_refused_request_does_not_use_the_key_up() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let wrong = with(pix_body(), json!({"transaction_amount": "105.1"}));
    assert_eq!(pay(&seller, "k", &wrong).await.code(), 4003);
    pay(&seller, "k", &pix_body()).await.expect(201);
}

#[tokio::test]
async fn a_declined_card_is_a_payment_and_its_key_replays_it() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let body = seller.card_payment("FUND").await;
    let made = pay(&seller, "k", &body).await.expect(201);
    assert_eq!(made["status"], "rejected");
    assert_eq!(pay(&seller, "k", &body).await.expect(200), made);
}

#[tokio::test]
async fn a_key_has_one_to_sixty_four_characters() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    pay(&seller, &"k".repeat(64), &pix_body()).await.expect(201);
    let refused = pay(&seller, &"k".repeat(65), &pix_body()).await;
    assert_snapshot!(refused.refused(), @r#"400 {"message":"Params Error: X-Idempotency-Key must not be longer than 64 characters","error":"bad_request","status":400,"cause":[{"code":1,"description":"Params Error","data":"<when>;<request>"}]}"#);
    assert_eq!(pay(&seller, &"k".repeat(10_000), &pix_body()).await.code(), 1);
    assert_eq!(pay(&seller, "", &pix_body()).await.code(), 4292);
    assert_eq!(pay(&seller, "   ", &pix_body()).await.code(), 4292);
    // The Python SDK's is the decimal form of a UUID, in a lower-case header.
    pay(&seller, "193514046488575239583247374653271953665", &pix_body()).await.expect(201);
}

#[tokio::test]
async fn two_and_twenty_requests_at_once_make_one_payment() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for count in [2, 20] {
        let before = payments_of(&seller).await;
        let body = seller.card_payment("APRO").await;
        let mut asked = JoinSet::new();
        for _ in 0..count {
            let (seller, body) = (seller.clone(), body.clone());
            asked.spawn(async move { pay(&seller, &format!("at-once-{count}"), &body).await });
        }
        let answers = asked.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{count}");
        let bodies: HashSet<String> = answers
            .iter()
            .map(|answer| {
                assert!(answer.status == 200 || answer.status == 201, "{}", answer.text());
                answer.text()
            })
            .collect();
        assert_eq!(bodies.len(), 1, "all see the same payment");
        assert_eq!(payments_of(&seller).await, before + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_token_under_many_keys_pays_once() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let body = seller.card_payment("APRO").await;
    let mut asked = JoinSet::new();
    for index in 0..20 {
        let (seller, body) = (seller.clone(), body.clone());
        asked.spawn(async move { pay(&seller, &format!("key-{index}"), &body).await });
    }
    let answers = asked.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(refused.code(), 3003, "{}", refused.text());
    }
    assert_eq!(payments_of(&seller).await, 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_refund_key_at_once_refunds_once() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller.pay_by_card("APRO").await;
    let mut asked = JoinSet::new();
    for _ in 0..20 {
        let (seller, path) = (seller.clone(), format!("/v1/payments/{}/refunds", payment["id"]));
        asked.spawn(async move {
            seller.call(Method::POST, &path).key("k").json(&json!({"amount": 10})).send().await
        });
    }
    let answers = asked.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    let ids: HashSet<String> = answers.iter().map(|answer| answer.json()["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(seller.payment(&payment["id"]).await["transaction_amount_refunded"], 10);
}

#[tokio::test]
async fn a_replay_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let seller = app.seller(Site::MLB);
    let body = seller.card_payment("APRO").await;
    let made = pay(&seller, "k", &body).await.expect(201);
    let refunds = format!("/v1/payments/{}/refunds", made["id"]);
    let refund =
        seller.call(Method::POST, &refunds).key("r").json(&json!({"amount": 5})).send().await.expect(201);
    drop(seller);
    app.close().await;

    let app = TestApp::in_directory(directory.path()).await;
    let seller = app.seller(Site::MLB);
    assert_eq!(pay(&seller, "k", &body).await.expect(200)["id"], made["id"]);
    let again = seller.call(Method::POST, &refunds).key("r").json(&json!({"amount": 5})).send().await;
    assert_eq!(again.expect(200), refund);
    assert_eq!(payments_of(&seller).await, 1);
    app.close().await;
}

#[tokio::test]
async fn a_change_may_carry_a_key_and_is_replayed_under_it() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let pix = seller.pix().await;
    let path = format!("/v1/payments/{}", pix["id"]);
    let cancel = || seller.call(Method::PUT, &path).key("c").json(&json!({"status": "cancelled"})).send();
    let cancelled = cancel().await.expect(200);
    assert_eq!(cancel().await.expect(200), cancelled, "a retry is not told that it is cancelled already");
    let without = seller.call(Method::PUT, &path).no_key().json(&json!({"status": "cancelled"})).send().await;
    assert_eq!(without.code(), 2018);
}

#[tokio::test]
async fn reads_ignore_the_key() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let pix = seller.pix().await;
    for _ in 0..2 {
        let read = seller
            .call(Method::GET, &format!("/v1/payments/{}", pix["id"]))
            .key(&"k".repeat(100))
            .send()
            .await;
        assert_eq!(read.expect(200), pix);
    }
}
