//! `POST /v1/payments`: what is refused, and with which of the documented codes.

use crate::cards::{card_numbered, card_of, with_check_digit};
use crate::payment_shape::assert_is_payment;
use crate::test_app::{PAYER, TestApp, pix_body, seed, with};
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::{Value, json};

#[tokio::test]
async fn each_fault_has_its_documented_code() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let long = |length: usize| "x".repeat(length);
    let collector = &seed(Site::MLB).account.email;
    let unknown_bin = with_check_digit("900000000000000");
    let unknown_brand = seller.card_token_of(&card_numbered(Site::MLB, &unknown_bin), "APRO").await;
    let cases: Vec<(&str, Value)> = vec![
        ("8 at the top", json!({"colour": "red"})),
        ("8 inside", json!({"additional_info": {"payer": {"test": 1}}})),
        ("4002", json!({"transaction_amount": null})),
        ("4003", json!({"transaction_amount": "100"})),
        ("4037 zero", json!({"transaction_amount": 0})),
        ("4037 negative", json!({"transaction_amount": -1})),
        ("4037 decimals", json!({"transaction_amount": 1.001})),
        ("2072 below the method", json!({"transaction_amount": 0.01})),
        ("2072 above the method", json!({"transaction_amount": 60_000.01})),
        ("4004", json!({"installments": null})),
        ("4005", json!({"installments": "1"})),
        ("4033 zero", json!({"installments": 0})),
        ("4033 not offered", json!({"installments": 37})),
        ("4033 fraction", json!({"installments": 1.5})),
        ("4006 absent", json!({"payer": null})),
        ("4006 text", json!({"payer": "ana"})),
        ("4050 absent", json!({"payer": {}})),
        ("4050 wrong", json!({"payer": {"email": "ana"}})),
        ("4050 number", json!({"payer": {"email": 1}})),
        ("4051", json!({"payer": {"email": format!("{}@testuser.com", long(250))}})),
        ("4029", json!({"payer": {"email": PAYER, "type": "king"}})),
        ("2002", json!({"payer": {"type": "customer", "id": "123-abc"}})),
        ("2034", json!({"payer": {"email": "ana@example.com"}})),
        ("2060", json!({"payer": {"email": collector}})),
        (
            "2067 check digits",
            json!({"payer": {"email": PAYER, "identification": {"type": "CPF", "number": "19119119101"}}}),
        ),
        ("2067 length", json!({"payer": {"email": PAYER, "identification": {"type": "CPF", "number": "1"}}})),
        (
            "2067 unknown type",
            json!({"payer": {"email": PAYER, "identification": {"type": "DNI", "number": "12345678"}}}),
        ),
        ("4020 no URL", json!({"notification_url": "shop"})),
        ("4020 scheme", json!({"notification_url": "ftp://shop.example/"})),
        ("4020 number", json!({"notification_url": 1})),
        ("4021", json!({"notification_url": format!("https://shop.example/{}", long(500))})),
        ("4022", json!({"metadata": "x"})),
        ("4026", json!({"coupon_amount": 10})),
        ("4028", json!({"coupon_amount": "10"})),
        ("4027", json!({"campaign_id": "x"})),
        ("4038", json!({"application_fee": 100.01})),
        ("4039", json!({"application_fee": -0.01})),
        ("2078 create", json!({"capture": "false"})),
        ("4000", json!({"token": null, "payment_method_id": "visa"})),
        ("4001", json!({"token": null})),
        ("2006", json!({"token": "0f3a9c1be2d44f5b8a7760c1d2e3f405"})),
        ("3011", json!({"payment_method_id": "goldcoins"})),
        ("3028 other brand", json!({"payment_method_id": "master"})),
        ("2131", json!({"token": unknown_brand})),
        ("23", json!({"date_of_expiration": "tomorrow"})),
        ("1 binary", json!({"binary_mode": "yes"})),
        ("1 description", json!({"description": {"a": 1}})),
        ("1 reference", json!({"external_reference": long(257)})),
        ("1 3ds", json!({"three_d_secure_mode": "always"})),
        ("1 order", json!({"order": "1"})),
    ];
    let valid = seller.card_payment("APRO").await;
    let mut report = String::new();
    for (name, members) in cases {
        let refused = seller.post("/v1/payments", &with(valid.clone(), members)).await;
        refused.refused();
        assert_eq!(refused.status, 400, "{name}");
        let expected: i64 = name.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(refused.code(), expected, "{name}: {}", refused.text());
        let body = refused.json();
        assert_eq!(body["error"], "bad_request");
        let line = format!("{name}: {}\n", body["message"].as_str().unwrap().trim_end());
        report.push_str(&line.chars().take(160).collect::<String>());
    }
    assert_snapshot!(report, @r#"
8 at the top: The name of the following parameters is wrong [colour]
8 inside: The name of the following parameters is wrong [additional_info.payer.test]
4002: Transaction_amount attribute can't be null
4003: Transaction_amount attribute must be numeric
4037 zero: Invalid transaction_amount
4037 negative: Invalid transaction_amount
4037 decimals: Invalid transaction_amount
2072 below the method: Invalid value for transaction_amount
2072 above the method: Invalid value for transaction_amount
4004: Installments attribute can't be null
4005: Installments attribute must be numeric
4033 zero: Invalid installments
4033 not offered: Invalid installments
4033 fraction: Invalid installments
4006 absent: Payer attribute is malformed
4006 text: Payer attribute is malformed
4050 absent: Payer.email must be a valid email
4050 wrong: Payer.email must be a valid email
4050 number: Payer.email must be a valid email
4051: Payer.email must be shorter than 254 characters
4029: Invalid payer type
2002: Customer not found
2034: Invalid test user email
2060: The customer can't be equal to the collector
2067 check digits: Invalid user identification number
2067 length: Invalid user identification number
2067 unknown type: Invalid user identification number
4020 no URL: Notification_url attribute must be a valid URL
4020 scheme: Notification_url attribute must be a valid URL
4020 number: Notification_url attribute must be a valid URL
4021: Notification_url attribute must be shorter than 500 characters
4022: Metadata attribute must be a valid JSON
4026: Invalid coupon_amount
4028: Coupon_amount attribute must be numeric
4027: Campaign_id attribute must be numeric
4038: Application_fee cannot be bigger than transaction_amount
4039: Application_fee cannot be a negative value
2078 create: Capture attribute must be boolean
4000: Token attribute can't be null
4001: Payment_method_id attribute can't be null
2006: Card Token not found
3011: Not found payment_method
3028 other brand: Invalid payment_method_id
2131: Cannot infer Payment Method
23: The following parameters must be valid date and format (yyyy-MM-dd'T'HH:mm:ssz) date_of_expiration
1 binary: Params Error: binary_mode must be a boolean
1 description: Params Error: description must be a string
1 reference: Params Error: external_reference must not be longer than 256 characters
1 3ds: Params Error: three_d_secure_mode is not_supported, optional or mandatory
1 order: Params Error: order must be an object
"#);
    // None of them spent the token.
    seller.post("/v1/payments", &valid).await.expect(201);
}

#[tokio::test]
async fn a_refusal_has_the_documented_body() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let refused = seller.post("/v1/payments", &with(pix_body(), json!({"token": "nothing"}))).await;
    assert_snapshot!(refused.refused(), @r#"400 {"message":"Card Token not found","error":"bad_request","status":400,"cause":[{"code":2006,"description":"Card Token not found","data":"<when>;<request>"}]}"#);
    let refused =
        seller.call(axum::http::Method::POST, "/v1/payments").no_key().json(&pix_body()).send().await;
    assert_snapshot!(refused.refused(), @r#"400 {"message":"Header X-Idempotency-Key can’t be null","error":"bad_request","status":400,"cause":[{"code":4292,"description":"Header X-Idempotency-Key can’t be null","data":"<when>;<request>"}]}"#);
    let refused = seller.post("/v1/payments", &json!([])).await;
    assert_snapshot!(refused.refused(), @r#"400 {"message":"Params Error","error":"bad_request","status":400,"cause":[{"code":1,"description":"Params Error","data":"<when>;<request>"}]}"#);
}

#[tokio::test]
async fn only_cards_that_can_be_reserved_are() {
    let app = TestApp::new().await;
    for (site, number) in
        [(Site::MLB, "5067766783888311"), (Site::MLA, "5287338310253304"), (Site::MCO, "5254133674403564")]
    {
        let seller = app.seller(site);
        let token = seller.card_token_of(&card_numbered(site, number), "APRO").await;
        let body = with(seller.card_payment("APRO").await, json!({"token": token, "capture": false}));
        assert_eq!(seller.post("/v1/payments", &body).await.code(), 2077, "{site}");
    }
    // For what is no card the flag means nothing.
    let body = with(pix_body(), json!({"capture": false}));
    let payment = app.seller(Site::MLB).post("/v1/payments", &body).await.expect(201);
    assert_eq!((&payment["status"], &payment["captured"]), (&json!("pending"), &json!(true)));
}

#[tokio::test]
async fn whole_currencies_take_no_fractions() {
    let app = TestApp::new().await;
    for site in [Site::MLC, Site::MCO] {
        let seller = app.seller(site);
        let body = seller.card_payment("APRO").await;
        let text = body.to_string();
        let amount = body["transaction_amount"].to_string();
        let post = |text: String| seller.call(axum::http::Method::POST, "/v1/payments").body(text).send();
        assert_eq!(post(text.replacen(&amount, &format!("{amount}.5"), 1)).await.code(), 4037, "{site}");
        let payment = post(text.replacen(&amount, &format!("{amount}.00"), 1)).await.expect(201);
        assert_is_payment(&payment);
        assert_eq!(payment["transaction_amount"].to_string(), amount);
    }
}

#[tokio::test]
async fn a_token_of_another_mode_or_seller_is_unknown() {
    let app = TestApp::new().await;
    let (seller, live, other) = (app.seller(Site::MLB), app.live_seller(Site::MLB), app.seller(Site::MLA));
    let live_token = live.card_token("APRO").await;
    let body = with(seller.card_payment("APRO").await, json!({"token": live_token}));
    let refused = seller.post("/v1/payments", &body).await;
    assert_snapshot!(refused.refused(), @r#"400 {"message":"Token must be for test","error":"bad_request","status":400,"cause":[{"code":3,"description":"Token must be for test","data":"<when>;<request>"}]}"#);
    let test_token = seller.card_token("APRO").await;
    let body = with(live.card_payment("APRO").await, json!({"token": test_token}));
    assert_eq!(live.post("/v1/payments", &body).await.code(), 3003);
    let foreign = other.card_token_of(&card_of(Site::MLA), "APRO").await;
    let body = with(seller.card_payment("APRO").await, json!({"token": foreign}));
    assert_eq!(seller.post("/v1/payments", &body).await.code(), 2006);
}

#[tokio::test]
async fn live_sellers_sell_to_real_people_only() {
    let app = TestApp::new().await;
    let live = app.live_seller(Site::MLB);
    let payment = live.pay_by_card("APRO").await;
    assert_is_payment(&payment);
    assert_eq!(payment["live_mode"], true);
    let body = with(live.card_payment("APRO").await, json!({"payer": {"email": PAYER}}));
    assert_eq!(live.post("/v1/payments", &body).await.code(), 2034);
}
