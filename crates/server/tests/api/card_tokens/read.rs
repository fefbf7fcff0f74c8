//! `GET /v1/card_tokens/{id}`

use crate::cards::card_of;
use crate::test_app::{TestApp, with};
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::json;

#[tokio::test]
async fn a_token_is_read_by_its_account_with_either_credential() {
    let app = TestApp::new().await;
    let (browser, seller) = (app.browser(Site::MLB), app.seller(Site::MLB));
    let made = browser.post("/v1/card_tokens", &card_of(Site::MLB).token_request("APRO")).await.expect(201);
    let path = format!("/v1/card_tokens/{}", made["id"].as_str().unwrap());
    for client in [&browser, &seller] {
        let read = client.get(&path).await;
        assert_eq!(read.expect(200), made);
        assert!(!read.text().contains(&card_of(Site::MLB).number), "never the number");
        assert!(!read.text().contains("\"123\""), "never the CVV");
    }
    let refused = app.seller(Site::MLA).get(&path).await;
    assert_snapshot!(refused.refused(), @r#"404 {"message":"not found cardtoken","error":"not_found","status":404,"cause":[{"code":"E502","description":"not found cardtoken."}]}"#);
    assert_eq!(app.live_seller(Site::MLB).get(&path).await.refused(), refused.refused());
    for id in ["0f3a9c1be2d44f5b8a7760c1d2e3f405", "%00", "..%2f", &"a".repeat(5_000)] {
        assert_eq!(seller.get(&format!("/v1/card_tokens/{id}")).await.refused(), refused.refused(), "{id}");
    }
}

#[tokio::test]
async fn a_token_is_used_once() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let body = seller.card_payment("APRO").await;
    let path = format!("/v1/card_tokens/{}", body["token"].as_str().unwrap());
    seller.post("/v1/payments", &body).await.expect(201);
    let token = seller.get(&path).await.expect(200);
    assert_eq!(token["status"], "used");
    assert!(token["date_used"].is_string());
    let refused = seller.post("/v1/payments", &body).await;
    assert_snapshot!(refused.refused(), @r#"400 {"message":"Invalid card_token_id","error":"bad_request","status":400,"cause":[{"code":3003,"description":"Invalid card_token_id","data":"<when>;<request>"}]}"#);
}

#[tokio::test]
async fn a_declined_payment_uses_the_token_too_and_a_refused_one_does_not() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let body = seller.card_payment("FUND").await;
    let path = format!("/v1/card_tokens/{}", body["token"].as_str().unwrap());
    assert_eq!(
        seller.post("/v1/payments", &with(body.clone(), json!({"installments": 77}))).await.code(),
        4033
    );
    assert_eq!(seller.get(&path).await.expect(200)["status"], "active");
    assert_eq!(seller.post("/v1/payments", &body).await.expect(201)["status"], "rejected");
    assert_eq!(seller.get(&path).await.expect(200)["status"], "used");
}

#[tokio::test]
async fn a_token_expires_after_eight_days_of_the_test_clock() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let body = seller.card_payment("APRO").await;
    let path = format!("/v1/card_tokens/{}", body["token"].as_str().unwrap());
    seller.advance("P7DT23H59M").await;
    assert_eq!(seller.get(&path).await.expect(200)["status"], "active");
    seller.advance("PT2M").await;
    assert_eq!(seller.get(&path).await.expect(200)["status"], "expired");
    assert_eq!(seller.post("/v1/payments", &body).await.code(), 2006);
    assert_eq!(seller.put(&path, &json!({"security_code": "123"})).await.texted_codes(), ["E502"]);
}
