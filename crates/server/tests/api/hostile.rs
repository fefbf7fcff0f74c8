//! Input that was made to break something: each gets its documented error, in bounded memory, and never a 500.

use crate::cards::card_of;
use crate::payment_shape::assert_is_payment;
use crate::test_app::{Answer, Client, PAYER, TestApp, pix_body, with};
use axum::http::Method;
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::{Value, json};

async fn post(client: &Client, path: &str, body: impl Into<Vec<u8>>) -> Answer {
    client.call(Method::POST, path).body(body).send().await
}

/// Every route that reads a body.
const READERS: &[(Method, &str)] = &[
    (Method::POST, "/v1/payments"),
    (Method::PUT, "/v1/payments/1"),
    (Method::POST, "/v1/payments/1/refunds"),
    (Method::POST, "/v1/card_tokens"),
    (Method::PUT, "/v1/card_tokens/x"),
    (Method::POST, "/v1/customers"),
    (Method::PUT, "/v1/customers/1-a"),
    (Method::POST, "/v1/customers/1-a/cards"),
    (Method::PUT, "/v1/customers/1-a/cards/1"),
    (Method::POST, "/sandbox/clock"),
    (Method::POST, "/sandbox/payments/1/pay"),
];

#[tokio::test]
async fn what_is_no_json_is_refused_on_every_route() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let deep = [&b"["[..], &b"{\"a\":"[..]].map(|open| open.repeat(20_000));
    let nested_33 = format!("{}1{}", "[".repeat(33), "]".repeat(33));
    let bodies: Vec<&[u8]> = vec![
        b"{",
        b"}",
        b"{\"a\":NaN}",
        b"{\"a\":Infinity}",
        b"{\"a\":-Infinity}",
        b"{\"a\":01}",
        b"{\"a\":+1}",
        b"{\"a\":.5}",
        b"{\"a\":0x10}",
        b"{\"a\":1,}",
        b"{'a':1}",
        b"{a:1}",
        b"{\"a\":1}{\"a\":1}",
        b"{\"a\":1} x",
        b"{\"a\":\"\xff\"}",
        b"{\"\xc0\xaf\":1}",
        b"{\"a\":\"\xed\xa0\x80\"}",
        b"{\"a\":\"\\ud800\"}",
        b"{\"a\":\"\\udc00\\ud800\"}",
        b"{\"a\":\"\\u12\"}",
        b"{\"a\":\"\x01\"}",
        b"{\"a\":\"unterminated",
        b"\xef\xbb\xbf{\"a\":1}",
        b"\x00",
        b"\xff\xfe{\x00}\x00",
        b"{\"a\":1,\"a\":2}",
        b"{\"a\":{\"b\":1,\"b\":1}}",
        b"{\"a\":1,\"\\u0061\":2}",
        b"{\"$serde_json::private::Number\":\"x\"}",
        b"{\"a\":{\"$serde_json::private::RawValue\":\"{\"}}}",
        &deep[0],
        &deep[1],
        nested_33.as_bytes(),
    ];
    for (method, path) in READERS {
        for body in &bodies {
            let answer = seller.call(method.clone(), path).body(*body).send().await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            answer.refused();
            assert_eq!(answer.status, 400, "{path} {shown}: {}", answer.text());
            assert!(answer.bytes.len() < 400, "{path} {shown}: the input is not repeated");
        }
    }
    assert_snapshot!(post(&seller, "/v1/payments", "{").await.refused(), @r#"400 {"message":"Params Error: the body is not valid JSON (line 1, column 1)","error":"bad_request","status":400,"cause":[{"code":1,"description":"Params Error","data":"<when>;<request>"}]}"#);
    assert_snapshot!(post(&seller, "/v1/payments", r#"{"a":1,"a":2}"#).await.refused(), @r#"400 {"message":"Params Error: the body names the same member twice","error":"bad_request","status":400,"cause":[{"code":1,"description":"Params Error","data":"<when>;<request>"}]}"#);
    assert_snapshot!(post(&seller, "/v1/payments", "[".repeat(50)).await.refused(), @r#"400 {"message":"Params Error: the body is nested too deeply","error":"bad_request","status":400,"cause":[{"code":1,"description":"Params Error","data":"<when>;<request>"}]}"#);
}

#[tokio::test]
async fn a_body_has_a_largest_size() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let body = with(pix_body(), json!({"metadata": {"padding": "x".repeat(250_000)}}));
    seller.post("/v1/payments", &body).await.expect(201);
    for (method, path) in READERS {
        let answer = seller.call(method.clone(), path).body(vec![b' '; 300_000]).send().await;
        assert_eq!(answer.status, 413, "{path}");
        answer.refused();
    }
    let refused = post(&seller, "/v1/payments", vec![b'x'; 2_000_000]).await;
    assert_snapshot!(refused.refused(), @r#"413 {"message":"the body is larger than 262144 bytes","error":"payload_too_large","status":413,"cause":[]}"#);
    // A length that is only announced is refused before anything is read.
    let call = seller.call(Method::POST, "/v1/payments").header("content-length", "99999999999");
    assert_eq!(call.body("{}").send().await.status, 413);
}

#[tokio::test]
async fn numbers_beyond_all_limits_are_only_wrong_amounts() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let digits = "9".repeat(5_000);
    let tail = format!("0.{}", "0".repeat(5_000));
    for amount in [
        "1e400",
        "-1e400",
        "1e-400",
        "1E+99999999999999999999",
        "0e99999999999",
        "1e28",
        "-0",
        "-0.0",
        &digits,
        &tail,
        "99999999999999999999.99",
    ] {
        let body = pix_body().to_string().replace("105.1", amount);
        let answer = post(&seller, "/v1/payments", body).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, 4037), "{amount:.40}");
    }
    for (member, code) in [
        ("installments", 4033),
        ("application_fee", 1),
        ("coupon_amount", 4026),
        ("campaign_id", 4027),
        ("sponsor_id", 1),
        ("differential_pricing_id", 1),
    ] {
        for number in ["1e400", "99999999999999999999999999", "1.5e-7", &digits] {
            let body = pix_body().to_string().replacen('{', &format!("{{\"{member}\":{number},"), 1);
            let answer = post(&seller, "/v1/payments", body).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (400, code), "{member} {number:.40}");
        }
    }
    // Where a number means nothing to the platform it is kept as it was written.
    let body = pix_body().to_string().replacen('{', r#"{"metadata":{"n":1e400,"m":0.10},"#, 1);
    let answer = post(&seller, "/v1/payments", body).await;
    answer.expect(201);
    let id = answer.json()["id"].clone();
    let read = seller.get(&format!("/v1/payments/{id}")).await.text();
    assert!(read.contains(r#""m":0.10"#), "{read}");
    seller.act(&json!({"id": id}), "pay").await.expect(200);
}

/// A body with every member that the API reads.
fn full_body() -> Value {
    json!({
        "transaction_amount": 100, "token": "0f3a9c1be2d44f5b8a7760c1d2e3f405", "installments": 1,
        "payment_method_id": "pix", "issuer_id": "25",
        "payer": {
            "email": PAYER, "type": "guest", "id": "1", "entity_type": "individual", "first_name": "A", "last_name": "B",
            "identification": {"type": "CPF", "number": "19119119100"},
            "phone": {"area_code": "11", "number": "987654321", "extension": "1"},
            "address": {"zip_code": "1", "street_name": "S", "street_number": 1, "neighborhood": "N", "city": "C", "federal_unit": "SP"},
        },
        "description": "D", "external_reference": "R", "statement_descriptor": "S",
        "notification_url": "https://shop.example/hook", "metadata": {"a": {"b": [1]}},
        "additional_info": {
            "ip_address": "127.0.0.1",
            "items": [{"id": "1", "title": "T", "quantity": 1, "unit_price": 1.5, "category_descriptor": {"passenger": {}}}],
            "payer": {"first_name": "A", "phone": {"area_code": "1"}, "address": {"street_number": 1}},
            "shipments": {"receiver_address": {"zip_code": "1"}, "local_pickup": true},
        },
        "capture": true, "binary_mode": false, "three_d_secure_mode": "optional",
        "date_of_expiration": "2026-11-30T23:59:59.000-04:00", "application_fee": 1, "coupon_amount": 0, "coupon_code": "C",
        "campaign_id": 1, "differential_pricing_id": 1, "callback_url": "https://shop.example/", "sponsor_id": 1,
        "order": {"id": 1, "type": "mercadopago"}, "processing_mode": "aggregator", "merchant_account_id": "1",
        "net_amount": 90, "taxes": [{"type": "IVA", "value": 10, "percentage": false}],
        "transaction_details": {"financial_institution": "1"},
        "point_of_interaction": {"type": "CHECKOUT", "sub_type": "X", "linked_to": "openfinance"},
        "payment_method": {"type": "bank_transfer", "data": {"rules": {"discounts": [{"type": "fixed", "value": 1, "limit_date": "2026-11-25"}]}}},
        "forward_data": {"sub_merchant": {}}, "amounts": {"collector": {}}, "counter_currency": {"currency_id": "USD"},
        "merchant_services": {"fraud_scoring": true}, "device_id": "d", "session_id": "s", "internal_metadata": {},
    })
}

/// What each member is replaced with.
fn wrong_values() -> Vec<Value> {
    let mut deep = json!(1);
    for _ in 0..20 {
        deep = json!([deep]);
    }
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(1.0e-9),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("\u{202e}<script>'\"\\"),
        json!("x".repeat(3_000)),
        json!("🧉".repeat(300)),
        json!([]),
        json!([[], {}, null, 1, "x"]),
        json!({}),
        json!({"": {"": null}}),
        json!({"type": 1, "number": [], "id": {}}),
        deep,
    ]
}

/// The paths of all members, at any depth.
fn paths(value: &Value, here: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let path = format!("{here}/{name}");
                found.push(path.clone());
                paths(inner, &path, found);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                let path = format!("{here}/{index}");
                found.push(path.clone());
                paths(inner, &path, found);
            }
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_type_anywhere_is_refused_or_taken_and_never_breaks_anything() {
    let app = TestApp::at("2026-11-20T12:00:00-04:00").await;
    let seller = app.seller(Site::MLB);
    let valid = with(full_body(), json!({"token": null}));
    assert_is_payment(&seller.post("/v1/payments", &valid).await.expect(201));
    let mut members = Vec::new();
    paths(&full_body(), "", &mut members);
    assert!(members.len() > 90, "{}", members.len());
    let mut requests = tokio::task::JoinSet::new();
    for member in members {
        let (seller, valid) = (seller.clone(), valid.clone());
        requests.spawn(async move {
            for wrong in wrong_values() {
                let mut body = valid.clone();
                match body.pointer_mut(&member) {
                    Some(place) => *place = wrong.clone(),
                    None => body["token"] = wrong.clone(),
                }
                let answer = seller.post("/v1/payments", &body).await;
                let shown = wrong.to_string();
                let what = format!("{member} = {shown:.60}");
                match answer.status.as_u16() {
                    201 => assert_is_payment(&answer.json()),
                    400 => {
                        assert!(answer.refused().starts_with("400"), "{what}");
                        assert!(answer.bytes.len() < 1_000, "{what}: {}", answer.text());
                    }
                    other => panic!("{what}: {other} {}", answer.text()),
                }
            }
        });
    }
    requests.join_all().await;
}

#[tokio::test]
async fn a_wrong_type_anywhere_in_a_card_token_breaks_nothing_and_is_not_repeated() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    let mut valid = card_of(Site::MLB).token_request("APRO");
    valid["cardholder"]["identification"] = json!({"type": "CPF", "number": "19119119100"});
    valid["card_id"] = json!(null);
    valid["require_esc"] = json!(false);
    let mut members = Vec::new();
    paths(&valid, "", &mut members);
    for member in members {
        for wrong in wrong_values() {
            let mut body = valid.clone();
            *body.pointer_mut(&member).unwrap() = wrong.clone();
            let answer = browser.post("/v1/card_tokens", &body).await;
            let shown = wrong.to_string();
            assert!(matches!(answer.status.as_u16(), 201 | 400), "{member} {shown:.60}: {}", answer.text());
            assert!(!answer.text().contains("4235647728025682"), "{member} {shown:.60}");
            if answer.status == 400 {
                answer.texted_codes();
            }
        }
    }
}

#[tokio::test]
async fn changes_refunds_and_clocks_take_a_wrong_type_calmly() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let reserve = seller.pay_by_card_with("APRO", json!({"capture": false})).await;
    let payment = seller.pay_by_card("APRO").await;
    let path = format!("/v1/payments/{}", reserve["id"]);
    for wrong in wrong_values() {
        let mut answers = Vec::new();
        for member in ["status", "transaction_amount", "date_of_expiration", "metadata", "other"] {
            answers.push(seller.put(&path, &json!({member: wrong})).await);
        }
        if !wrong.is_boolean() {
            answers.push(seller.put(&path, &json!({"capture": wrong})).await);
        }
        if !wrong.is_null() {
            answers.push(
                seller
                    .post(&format!("/v1/payments/{}/refunds", payment["id"]), &json!({"amount": wrong}))
                    .await,
            );
        }
        answers.push(seller.post("/sandbox/clock", &json!({"advance": wrong})).await);
        for answer in answers {
            answer.refused();
            assert_eq!(answer.status, 400, "{wrong}: {}", answer.text());
        }
    }
    assert_eq!(seller.payment(&reserve["id"]).await, reserve);
    assert_eq!(seller.payment(&payment["id"]).await, payment);
}

#[tokio::test]
async fn long_headers_and_queries_are_shortened_or_refused() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let long = "x".repeat(50_000);
    let call = seller.call(Method::POST, "/v1/payments").json(&pix_body());
    let payment = call
        .header("x-platform-id", &long)
        .header("x-integrator-id", &long)
        .header("x-tracking-id", &long)
        .header("x-meli-session-id", &long)
        .send()
        .await
        .expect(201);
    assert_eq!(payment["platform_id"].as_str().unwrap().len(), 255);
    assert_eq!(payment["additional_info"]["tracking_id"].as_str().unwrap().len(), 255);
    seller.get(&format!("/v1/payments/search?description={long}")).await.expect(200);
    let many: String = (0..5_000).map(|index| format!("a{index}=1&")).collect();
    seller.get(&format!("/v1/payments/search?{many}")).await.expect(200);
    assert_eq!(seller.get(&format!("/v1/payments/{}", "9".repeat(50_000))).await.code(), 2000);
    for query in ["?%", "?%zz=%zz", "?=&&=", "?a=%00", "?limit=%31", "?limit=1&limit=ten"] {
        seller.get(&format!("/v1/payments/search{query}")).await.expect(200);
    }
}

#[tokio::test]
async fn many_members_and_items_are_read_within_the_bodys_size() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let items: Vec<Value> =
        (0..2_000).map(|index| json!({"id": index.to_string(), "quantity": index})).collect();
    let body = with(pix_body(), json!({"additional_info": {"items": items}}));
    let payment = seller.post("/v1/payments", &body).await.expect(201);
    assert_eq!(payment["additional_info"]["items"].as_array().unwrap().len(), 2_000);
    let metadata: serde_json::Map<String, Value> =
        (0..10_000).map(|index| (format!("key{index}"), json!(index))).collect();
    let body = with(pix_body(), json!({"metadata": metadata}));
    let payment = seller.post("/v1/payments", &body).await.expect(201);
    assert_eq!(payment["metadata"].as_object().unwrap().len(), 10_000);
    // Two names that become one are not two members.
    let body = with(pix_body(), json!({"metadata": {"orderId": 1, "order_id": 2}}));
    let answer = seller.post("/v1/payments", &body).await;
    assert_eq!(answer.text().matches("\"order_id\"").count(), 1);
    let unknown: String = "y".repeat(100_000);
    let refused = seller.post("/v1/payments", &with(pix_body(), json!({unknown: 1}))).await;
    assert!(refused.code() == 8 && refused.bytes.len() < 800, "{}", refused.bytes.len());
}
