//! `POST /platforms/pci/yape/v1/payment`

use crate::test_app::{PAYER, TestApp, with};
use axum::http::Method;
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::{Value, json};

const PATH: &str = "/platforms/pci/yape/v1/payment";

fn request(phone: &str) -> Value {
    json!({"phoneNumber": phone, "otp": "123456", "requestId": "3191d71e-86e6-481a-b218-977c0f01b14f"})
}

#[tokio::test]
async fn every_test_phone_ends_as_published() {
    let app = TestApp::new().await;
    let (browser, seller) = (app.browser(Site::MPE), app.seller(Site::MPE));
    for (phone, status, detail) in [
        ("111111111", "approved", "accredited"),
        ("111111112", "rejected", "cc_rejected_call_for_authorize"),
        ("111111113", "rejected", "cc_amount_rate_limit_exceeded"),
        ("111111114", "rejected", "cc_unsupported_unsupported"),
        ("111111115", "rejected", "cc_rejected_card_type_not_allowed"),
        ("111111116", "rejected", "cc_rejected_max_attempts"),
        ("111111117", "rejected", "cc_rejected_bad_filled_security_code"),
        ("111111118", "rejected", "cc_rejected_form_error"),
    ] {
        let token = browser.post(PATH, &request(phone)).await.expect(200);
        let body = json!({
            "transaction_amount": 100, "token": token["id"], "installments": 1, "payment_method_id": "yape",
            "payer": {"email": PAYER},
        });
        let payment = seller.post("/v1/payments", &body).await.expect(201);
        let ended = (payment["status"].as_str().unwrap(), payment["status_detail"].as_str().unwrap());
        assert_eq!(ended, (status, detail), "{phone}");
        assert_eq!(
            (&payment["payment_method_id"], &payment["payment_type_id"]),
            (&json!("yape"), &json!("debit_card"))
        );
        assert!(!payment.to_string().contains(phone), "a phone is shown no more than a card number is");
        assert_eq!(seller.post("/v1/payments", &body).await.code(), 3003, "a token pays once");
    }
}

#[tokio::test]
async fn what_is_no_phone_or_no_code_is_refused() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MPE);
    for (members, code) in [
        (json!({"phoneNumber": "12345"}), "E301"),
        (json!({"phoneNumber": null}), "E301"),
        (json!({"phoneNumber": "11111111x"}), "E301"),
        (json!({"otp": "12345"}), "E302"),
        (json!({"otp": [1]}), "E302"),
    ] {
        assert_eq!(browser.post(PATH, &with(request("111111111"), members)).await.texted_codes(), [code]);
    }
    assert_snapshot!(app.browser(Site::MLB).post(PATH, &request("111111111")).await.refused(), @r#"400 {"message":"invalid parameters","error":"bad_request","status":400,"cause":[{"code":"315","description":"Invalid parameter 'site_id'."}]}"#);
    let broken = browser.call(Method::POST, PATH).body("{").send().await;
    assert_eq!(broken.texted_codes(), ["E111"]);
}
