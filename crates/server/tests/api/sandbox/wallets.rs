//! Money for test buyers.

use crate::test_app::{TestApp, at_once, buyer};
use pasarela_domain::site::Site;
use pasarela_engine::upkeep::{Source, examine};
use serde_json::json;

#[tokio::test]
async fn money_is_added_by_id_and_by_email_and_pays() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let seller = app.seller(Site::MLB);
    let account = &buyer(Site::MLB).account;
    let by_id = json!({"user_id": account.id, "amount": 250.5});
    let wallet = seller.post("/sandbox/wallet/money", &by_id).await.expect(201);
    assert_eq!(
        wallet,
        json!({
            "user_id": account.id, "email": account.email, "site_id": "MLB", "currency_id": "BRL",
            "balance": 10_250.5, "cards": 0,
        })
    );
    let by_email = json!({"email": account.email.to_uppercase(), "amount": 1});
    seller.post("/sandbox/wallet/money", &by_email).await.expect(201);
    let read = seller.get(&format!("/sandbox/wallet?email={}", account.email)).await.expect(200);
    assert_eq!(read["balance"], 10_251.5);
    let payment = json!({
        "transaction_amount": 10_251.5, "payment_method_id": "account_money",
        "payer": {"email": account.email},
    });
    let paid = seller.post("/v1/payments", &payment).await.expect(201);
    assert_eq!(paid["status"], "approved");
    let read = seller.get(&format!("/sandbox/wallet?user_id={}", account.id)).await.expect(200);
    assert_eq!(read["balance"], 0);
    let place = app.place(directory.path());
    app.close().await;
    let found = examine(&Source::Store(place)).await.unwrap();
    assert!(found.is_sound(), "{found:?}");
}

#[tokio::test]
async fn the_same_key_adds_once_however_often_it_is_sent() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLC);
    let body = json!({"user_id": buyer(Site::MLC).account.id, "amount": 500});
    let before = seller.post("/sandbox/wallet/money", &body).await.expect(201)["balance"].as_i64().unwrap();
    let call = || seller.call(axum::http::Method::POST, "/sandbox/wallet/money").json(&body).key("one");
    for answer in at_once((0..8).map(|_| call())).await {
        answer.expect(201);
    }
    let after = seller.get(&format!("/sandbox/wallet?user_id={}", buyer(Site::MLC).account.id)).await;
    assert_eq!(after.expect(200)["balance"], before + 500);
}

#[tokio::test]
async fn what_cannot_be_added_is_refused() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let id = buyer(Site::MLB).account.id;
    for amount in [json!(0), json!(-1), json!(1.001), json!(1e30), json!("5"), json!(null), json!([1])] {
        let body = json!({"user_id": id, "amount": amount});
        assert_eq!(seller.post("/sandbox/wallet/money", &body).await.status, 400, "{body}");
    }
    for (body, status) in [
        (json!({"amount": 5}), 400),
        (json!({"user_id": "x", "amount": 5}), 400),
        (json!({"user_id": 7, "amount": 5}), 404),
        (json!({"email": "nobody@testuser.com", "amount": 5}), 404),
        (json!({"email": buyer(Site::MLA).account.email, "amount": 5}), 404),
    ] {
        assert_eq!(seller.post("/sandbox/wallet/money", &body).await.status, status, "{body}");
    }
    let live = app.live_seller(Site::MLB);
    assert_eq!(live.post("/sandbox/wallet/money", &json!({"user_id": id, "amount": 5})).await.status, 403);
    assert_eq!(live.get(&format!("/sandbox/wallet?user_id={id}")).await.status, 403);
    assert_eq!(app.stranger().get(&format!("/sandbox/wallet?user_id={id}")).await.status, 401);
}
