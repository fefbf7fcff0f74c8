//! `POST /v1/customers`

use crate::test_app::{TestApp, at_once, seed, with};
use axum::http::Method;
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::{Value, json};

/// What the official SDKs' own tests send.
fn whole() -> Value {
    json!({
        "email": "Jhon.Doe@testuser.com", "first_name": "Jhon", "last_name": "Doe",
        "phone": {"area_code": "55", "number": "991234567"},
        "identification": {"type": "CPF", "number": "12345678900"},
        "default_address": "Home",
        "address": {"id": "123123", "zip_code": "01234567", "street_name": "Rua Exemplo", "street_number": 123, "city": {"name": "São Paulo"}},
        "date_registered": "2021-10-20T11:37:30.000Z", "description": "Description del user",
        "default_card": "None", "metadata": {"source_sync": "source_ws"},
    })
}

#[tokio::test]
async fn a_customer_has_every_field_in_its_type() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = seller.post("/v1/customers", &whole()).await.expect(201);
    let user_id = made["user_id"].as_i64().unwrap();
    let (number, word) = made["id"].as_str().unwrap().split_once('-').unwrap();
    assert_eq!((number, word.len()), (user_id.to_string().as_str(), 14));
    assert_eq!(made["merchant_id"], seed(Site::MLB).account.id);
    assert_eq!(made["client_id"], seed(Site::MLB).application.id);
    assert!(made["date_created"].is_string() && made["date_created"] == made["date_last_updated"]);
    let entry = &made["addresses"][0];
    assert_eq!((&entry["id"], &entry["street_number"]), (&json!("123123"), &json!(123)));
    assert_eq!(entry["city"], json!({"id": null, "name": "São Paulo"}));
    assert_eq!(entry["verifications"], json!({"shipment": {"errors": [], "success": true}}));
    let seen = with(
        made,
        json!({"id": null, "user_id": null, "merchant_id": null, "client_id": null, "date_created": null,
               "date_last_updated": null, "addresses": null}),
    );
    assert_eq!(
        seen,
        json!({
            "email": "jhon.doe@testuser.com", "first_name": "Jhon", "last_name": "Doe",
            "phone": {"area_code": "55", "number": "991234567"},
            "identification": {"type": "CPF", "number": "12345678900"},
            "address": {"id": "123123", "zip_code": "01234567", "street_name": "Rua Exemplo", "street_number": 123,
                        "city": {"id": null, "name": "São Paulo"}},
            "date_registered": "2021-10-20T11:37:30.000Z", "description": "Description del user",
            "metadata": {"source_sync": "source_ws"}, "default_card": null, "default_address": "Home",
            "cards": [], "live_mode": false, "status": "active",
        })
    );
}

#[tokio::test]
async fn an_email_alone_is_enough_and_the_objects_are_there() {
    let app = TestApp::new().await;
    let made = app.seller(Site::MLA).customer("ana@testuser.com").await;
    assert_eq!(made["phone"], json!({"area_code": null, "number": null}));
    assert_eq!(made["identification"], json!({"type": null, "number": null}));
    let address = json!({"id": null, "zip_code": null, "street_name": null, "street_number": null});
    assert_eq!(made["address"], address);
    assert_eq!((&made["metadata"], &made["addresses"], &made["cards"]), (&json!({}), &json!([]), &json!([])));
}

#[tokio::test]
async fn an_email_is_one_customers_per_seller_and_mode() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let first = seller.customer("ana@testuser.com").await;
    let refused = seller.post("/v1/customers", &json!({"email": "ANA@testuser.com"})).await;
    assert_snapshot!(refused.refused(), @r#"400 {"message":"invalid parameters","error":"bad_request","status":400,"cause":[{"code":"101","description":"the customer already exist"}]}"#);
    let elsewhere = app.seller(Site::MLA).customer("ana@testuser.com").await;
    assert_ne!(elsewhere["id"], first["id"]);
    app.live_seller(Site::MLB).customer("ana@example.com").await;
}

#[tokio::test]
async fn of_many_at_once_one_is_made() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let body = json!({"email": "ana@testuser.com"});
    let answers = at_once((0..12).map(|_| seller.call(Method::POST, "/v1/customers").json(&body))).await;
    let made = answers.iter().filter(|answer| answer.status.as_u16() == 201).count();
    assert_eq!(made, 1);
    for answer in answers.iter().filter(|answer| answer.status.as_u16() != 201) {
        assert_eq!(answer.texted_codes(), ["101"]);
    }
    assert_eq!(seller.get("/v1/customers/search").await.expect(200)["paging"]["total"], 1);
}

#[tokio::test]
async fn the_same_key_makes_one_customer() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let create = || seller.call(Method::POST, "/v1/customers").key("one").json(&whole());
    let made = create().send().await.expect(201);
    assert_eq!(create().send().await.expect(200), made);
    let body = json!({"email": "eva@testuser.com"});
    let calls = (0..6).map(|_| seller.call(Method::POST, "/v1/customers").key("two").json(&body));
    let answers = at_once(calls).await;
    let ids: Vec<Value> = answers.iter().map(|answer| answer.json()["id"].clone()).collect();
    assert!(ids.iter().all(|id| id.is_string() && *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn a_buyer_who_paid_before_is_the_same_user() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller.pay_by_card_with("APRO", json!({"payer": {"email": "ana@testuser.com"}})).await;
    let customer = seller.customer("ana@testuser.com").await;
    assert_eq!(payment["payer"]["id"], customer["user_id"].to_string());
}

#[tokio::test]
async fn what_is_no_customer_is_refused_with_its_code() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for (body, code) in [
        (json!({}), "106"),
        (json!([]), "118"),
        (json!({"email": "ana@example.com"}), "128"),
        (json!({"email": "ana@testuser.com", "phone": "123"}), "103"),
        (json!({"email": seed(Site::MLB).account.email}), "150"),
    ] {
        assert_eq!(seller.post("/v1/customers", &body).await.texted_codes(), [code], "{body}");
    }
    for body in ["", "{", "null", "\"x\"", "{\"email\":\"a@testuser.com\",\"email\":\"b@testuser.com\"}"] {
        let refused = seller.call(Method::POST, "/v1/customers").body(body).send().await;
        assert_eq!(refused.texted_codes(), ["118"], "{body}");
    }
    let live = app.live_seller(Site::MLB).post("/v1/customers", &json!({"email": "ana@testuser.com"})).await;
    assert_eq!(live.texted_codes(), ["150"]);
}

#[tokio::test]
async fn a_public_key_or_a_stranger_may_not() {
    let app = TestApp::new().await;
    let body = json!({"email": "ana@testuser.com"});
    for (client, status) in [(app.stranger(), 401), (app.bearer("TEST-unknown"), 401)] {
        assert_eq!(client.post("/v1/customers", &body).await.status.as_u16(), status);
        assert_eq!(client.get("/v1/customers/7-abc").await.status.as_u16(), status);
        assert_eq!(client.put("/v1/customers/7-abc", &body).await.status.as_u16(), status);
        assert_eq!(client.delete("/v1/customers/7-abc").await.status.as_u16(), status);
        assert_eq!(client.get("/v1/customers/7-abc/cards").await.status.as_u16(), status);
    }
    let key = app.bearer(&seed(Site::MLB).test.public_key);
    for answer in [
        key.post("/v1/customers", &body).await,
        key.get("/v1/customers/search").await,
        key.post("/v1/customers/7-abc/cards", &json!({"token": "x"})).await,
        key.delete("/v1/customers/7-abc/cards/1").await,
    ] {
        assert_eq!(answer.status.as_u16(), 403, "{}", answer.text());
    }
}
