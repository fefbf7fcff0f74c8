//! `POST /v1/card_tokens`

use crate::cards::{card_numbered, card_of, cards, with_check_digit};
use crate::payment_shape::is_date;
use crate::test_app::{TestApp, seed, with};
use axum::http::Method;
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::{DAY, Timestamp};
use serde_json::{Value, json};

#[tokio::test]
async fn a_browser_gets_a_token_that_shows_what_may_be_shown() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    let request = with(
        card_of(Site::MLB).token_request("APRO"),
        json!({"cardholder": {"name": "APRO", "identification": {"type": "CPF", "number": "19119119100"}}}),
    );
    let token = browser.post("/v1/card_tokens", &request).await.expect(201);
    let id = token["id"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()), "{id}");
    assert_eq!(token["public_key"], seed(Site::MLB).test.public_key);
    assert_eq!(token["card_id"], Value::Null);
    assert_eq!(token["first_six_digits"], "423564");
    assert_eq!(token["last_four_digits"], "5682");
    assert_eq!((&token["expiration_month"], &token["expiration_year"]), (&json!(11), &json!(2099)));
    assert_eq!(token["cardholder"], request["cardholder"]);
    assert_eq!(token["status"], "active");
    assert_eq!(
        (&token["luhn_validation"], &token["live_mode"], &token["require_esc"]),
        (&json!(true), &json!(false), &json!(false))
    );
    assert_eq!((&token["card_number_length"], &token["security_code_length"]), (&json!(16), &json!(3)));
    for name in ["date_created", "date_last_updated", "date_due"] {
        assert!(is_date(token[name].as_str().unwrap()), "{name}");
    }
    assert_eq!(token["date_created"], token["date_last_updated"]);
    assert_eq!(token["date_used"], Value::Null);
    let at = |name: &str| Timestamp::parse(token[name].as_str().unwrap()).unwrap().0;
    assert_eq!(at("date_due") - at("date_created"), 8 * DAY);
}

#[tokio::test]
async fn a_server_gets_a_token_without_a_public_key() {
    let app = TestApp::new().await;
    let request = card_of(Site::MLB).token_request("APRO");
    let token = app.seller(Site::MLB).post("/v1/card_tokens", &request).await.expect(201);
    assert_eq!(token["public_key"], Value::Null);
    let live = app.live_seller(Site::MLB).post("/v1/card_tokens", &request).await.expect(201);
    assert_eq!(live["live_mode"], true);
}

#[tokio::test]
async fn every_published_card_is_taken() {
    let app = TestApp::new().await;
    for card in cards() {
        let token =
            app.browser(card.site).post("/v1/card_tokens", &card.token_request("APRO")).await.expect(201);
        assert_eq!(token["card_number_length"], card.number.len());
        assert_eq!(token["security_code_length"], card.security_code.len());
    }
}

#[tokio::test]
async fn forms_may_send_text_blanks_and_two_digit_years_and_anything_else() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    let request = json!({
        "card_number": "4235 6477-2802 5682", "security_code": "123", "expiration_month": "11", "expiration_year": "30",
        "cardholder": {"name": "APRO", "identification": {"type": null, "number": null}},
        "site_id": "Teste", "device": {"meli": {"session_id": "x"}}, "public_key": "x", "shoe_size": 43,
    });
    let token = browser.post("/v1/card_tokens", &request).await.expect(201);
    assert_eq!((&token["expiration_month"], &token["expiration_year"]), (&json!(11), &json!(2030)));
    assert_eq!(token["card_number_length"], 16);
}

#[tokio::test]
async fn the_content_type_is_not_looked_at() {
    let app = TestApp::new().await;
    let text = card_of(Site::MLB).token_request("APRO").to_string();
    let call = app
        .browser(Site::MLB)
        .call(Method::POST, "/v1/card_tokens?js_version=2.0.0&referer=http%3A%2F%2Flocalhost&locale=pt-BR");
    call.header("content-type", "text/plain;charset=UTF-8").body(text).send().await.expect(201);
}

#[tokio::test]
async fn a_session_starts_with_an_empty_token() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    for body in ["{}", "", r#"{"device":{"meli":{"session_id":"x"}}}"#] {
        let token = browser.call(Method::POST, "/v1/card_tokens").body(body).send().await.expect(201);
        assert_eq!(
            (&token["status"], &token["first_six_digits"]),
            (&json!("active"), &Value::Null),
            "{body}"
        );
        // Nothing can be bought with it.
        let seller = app.seller(Site::MLB);
        let payment = with(seller.card_payment("APRO").await, json!({"token": token["id"]}));
        assert_eq!(seller.post("/v1/payments", &payment).await.code(), 2006);
    }
}

#[tokio::test]
async fn each_fault_has_its_documented_code() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    let holder =
        |identification: Value| json!({"cardholder": {"name": "APRO", "identification": identification}});
    let cases: Vec<(&[&str], Value)> = vec![
        (&["205"], json!({"card_number": ""})),
        (&["E301"], json!({"card_number": "4235647728025683"})),
        (&["E301"], json!({"card_number": "42356477280256"})),
        (&["E301"], json!({"card_number": "4235x47728025682"})),
        (&["E301"], json!({"card_number": "1"})),
        (&["E301"], json!({"card_number": "4".repeat(400)})),
        (&["208"], json!({"expiration_month": null})),
        (&["208"], json!({"expiration_month": ""})),
        (&["209"], json!({"expiration_year": null})),
        (&["325"], json!({"expiration_month": 13})),
        (&["325"], json!({"expiration_month": 0})),
        (&["325"], json!({"expiration_month": "eleven"})),
        (&["325"], json!({"expiration_month": 1.5})),
        (&["326"], json!({"expiration_year": 2020})),
        (&["326"], json!({"expiration_year": "20x0"})),
        (&["326"], json!({"expiration_year": 99_999})),
        (&["E302"], json!({"security_code": "12"})),
        (&["E302"], json!({"security_code": "1234"})),
        (&["E302"], json!({"security_code": "12a"})),
        (&["221"], json!({"cardholder": null})),
        (&["221"], json!({"cardholder": {"name": "  "}})),
        (&["316"], json!({"cardholder": {"name": "<script>"}})),
        (&["316"], json!({"cardholder": {"name": "x".repeat(200)}})),
        (&["212"], holder(json!({"number": "19119119100"}))),
        (&["214"], holder(json!({"type": "CPF"}))),
        (&["322"], holder(json!({"type": "DNI", "number": "12345678"}))),
        (&["324"], holder(json!({"type": "CPF", "number": "1"}))),
        (&["E201"], json!({"card_number": null, "card_id": "123"})),
        (&["E201"], json!({"card_number": null, "cardId": "123"})),
        (
            &["205", "208", "209", "221"],
            json!({"card_number": "", "expiration_month": "", "expiration_year": "", "cardholder": null}),
        ),
    ];
    let valid = card_of(Site::MLB).token_request("APRO");
    for (codes, members) in cases {
        let refused = browser.post("/v1/card_tokens", &with(valid.clone(), members.clone())).await;
        assert_eq!(refused.status, 400, "{members}");
        assert_eq!(refused.texted_codes(), codes, "{members}");
        assert!(!refused.text().contains("4235"), "a refusal never repeats the card");
    }
    let refused = browser
        .post("/v1/card_tokens", &with(valid.clone(), json!({"expiration_month": 13, "security_code": "1"})))
        .await;
    assert_snapshot!(refused.refused(), @r#"400 {"message":"invalid parameters","error":"bad_request","status":400,"cause":[{"code":"325","description":"invalid parameter cardExpirationMonth"},{"code":"E302","description":"invalid parameter securityCode"}]}"#);
    assert_snapshot!(browser.post("/v1/card_tokens", &json!([])).await.refused(), @r#"400 {"message":"invalid parameters","error":"bad_request","status":400,"cause":[{"code":"E111","description":"invalid json."}]}"#);
}

#[tokio::test]
async fn a_number_of_no_known_method_gets_its_token_and_fails_to_pay() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    let number = with_check_digit("900000000000000");
    let request = card_numbered(Site::MLB, &number).token_request("APRO");
    let token = browser.post("/v1/card_tokens", &request).await.expect(201);
    assert_eq!(token["luhn_validation"], true);
}

#[tokio::test]
async fn luhn_counts_where_the_method_uses_it() {
    let app = TestApp::new().await;
    // Naranja has no check digit.
    let request = card_numbered(Site::MLA, "5895620000000001").token_request("APRO");
    let token = app.browser(Site::MLA).post("/v1/card_tokens", &request).await.expect(201);
    assert_eq!(token["luhn_validation"], false);
    let body = json!({
        "transaction_amount": 1000, "token": token["id"], "installments": 1, "payer": {"email": crate::test_app::PAYER},
    });
    let payment = app.seller(Site::MLA).post("/v1/payments", &body).await.expect(201);
    assert_eq!(payment["payment_method_id"], "naranja");
}

#[tokio::test]
async fn a_token_without_a_security_code_is_declined_where_one_is_mandatory() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for missing in [json!({"security_code": null}), json!({"security_code": ""})] {
        let request = with(card_of(Site::MLB).token_request("APRO"), missing);
        let token = seller.post("/v1/card_tokens", &request).await.expect(201);
        assert_eq!(token["security_code_length"], 0);
        let payment = seller.pay_by_card_with("APRO", json!({"token": token["id"]})).await;
        assert_eq!(payment["status_detail"], "cc_rejected_bad_filled_security_code");
    }
}

#[tokio::test]
async fn a_live_card_is_not_taken_in_the_clear_from_afar() {
    let app = TestApp::new().await;
    let text = card_of(Site::MLB).token_request("APRO").to_string();
    let post = |client: crate::test_app::Client, address, encrypted| {
        client.call(Method::POST, "/v1/card_tokens").body(text.clone()).from(address, encrypted).send()
    };
    let refused = post(app.live_seller(Site::MLB), [203, 0, 113, 7], false).await;
    assert_snapshot!(refused.refused(), @r#"403 {"message":"card data with live credentials is accepted over HTTPS only","error":"forbidden","status":403,"cause":[],"code":"forbidden"}"#);
    post(app.live_seller(Site::MLB), [203, 0, 113, 7], true).await.expect(201);
    post(app.live_seller(Site::MLB), [127, 0, 0, 1], false).await.expect(201);
    post(app.seller(Site::MLB), [203, 0, 113, 7], false).await.expect(201);
}
