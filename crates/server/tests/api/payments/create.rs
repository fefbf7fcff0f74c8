//! `POST /v1/payments`

use crate::cards::{self, card_numbered, card_of};
use crate::payment_shape::{assert_is_payment, members_always_there};
use crate::test_app::{PAYER, TestApp, buyer, pix_body, seed, with};
use pasarela_domain::site::{SITES, Site};
use serde_json::{Value, json};

#[tokio::test]
async fn an_approved_card_payment_is_answered_in_full() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller
        .pay_by_card_with(
            "APRO",
            json!({
                "description": "Order 7", "external_reference": "7", "statement_descriptor": "MYSHOP",
                "metadata": {"orderNumber": "7"},
                "payer": {
                    "email": PAYER, "first_name": "Ana", "last_name": "Silva",
                    "identification": {"type": "CPF", "number": "19119119100"},
                },
            }),
        )
        .await;
    assert_is_payment(&payment);
    for name in members_always_there() {
        assert!(payment.get(name).is_some(), "{name}");
    }
    assert_eq!(payment["status"], "approved");
    assert_eq!(payment["status_detail"], "accredited");
    assert_eq!(payment["payment_method_id"], "visa");
    assert_eq!(payment["payment_type_id"], "credit_card");
    assert_eq!(payment["currency_id"], "BRL");
    assert_eq!(payment["live_mode"], false);
    assert_eq!(payment["captured"], true);
    assert_eq!(payment["collector_id"], seed(Site::MLB).account.id);
    assert_eq!(payment["card"]["first_six_digits"], "423564");
    assert_eq!(payment["card"]["last_four_digits"], "5682");
    assert_eq!(payment["card"]["cardholder"]["name"], "APRO");
    assert_eq!(payment["card"]["id"], Value::Null);
    assert_eq!(payment["payer"]["email"], PAYER);
    assert_eq!(payment["payer"]["identification"], json!({"type": "CPF", "number": "19119119100"}));
    assert_eq!(payment["metadata"], json!({"order_number": "7"}));
    assert_eq!(payment["order"], json!({}));
    assert_eq!(payment["refunds"], json!([]));
    assert_eq!(payment["point_of_interaction"]["type"], "UNSPECIFIED");
    // 4.49 % of 100 after 14 days.
    assert_eq!(
        payment["fee_details"][0].to_string(),
        r#"{"type":"mercadopago_fee","amount":4.49,"fee_payer":"collector"}"#
    );
    let details = &payment["transaction_details"];
    assert_eq!(details["net_received_amount"].to_string(), "95.51");
    assert_eq!(details["total_paid_amount"].to_string(), "100");
    assert_eq!(details["installment_amount"].to_string(), "100");
    assert_eq!(payment["authorization_code"].as_str().unwrap().len(), 6);
    assert_eq!(payment["date_of_expiration"], Value::Null);
    assert_eq!(payment["money_release_status"], "pending");
    assert_eq!(seller.payment(&payment["id"]).await, payment, "what is read later is what was answered");
}

#[tokio::test]
async fn every_holder_name_ends_as_published() {
    let app = TestApp::new().await;
    for site in [Site::MLB, Site::MLA, Site::MLU] {
        let seller = app.seller(site);
        for outcome in cards::outcomes() {
            let payment = seller.pay_by_card(&outcome.holder).await;
            assert_is_payment(&payment);
            let ended = (payment["status"].as_str().unwrap(), payment["status_detail"].as_str().unwrap());
            assert_eq!(
                ended,
                (outcome.status.as_str(), outcome.status_detail.as_str()),
                "{}",
                outcome.holder
            );
            assert_eq!(payment["captured"], true, "{}: only a reserve is not captured", outcome.holder);
            let calls = payment["call_for_authorize_id"].is_string();
            assert_eq!(calls, outcome.holder == "CALL", "{}", outcome.holder);
        }
    }
}

#[tokio::test]
async fn every_published_card_pays_on_its_site_and_its_method_is_told_from_its_number() {
    let app = TestApp::new().await;
    for card in cards::cards() {
        let seller = app.seller(card.site);
        let token = seller.card_token_of(&card, "APRO").await;
        let body = with(seller.card_payment("APRO").await, json!({"token": token}));
        let payment = seller.post("/v1/payments", &body).await.expect(201);
        assert_is_payment(&payment);
        assert_eq!(payment["status"], "approved", "{card:?}");
        assert_eq!(payment["payment_type_id"], card.kind, "{card:?}");
        let method = payment["payment_method_id"].as_str().unwrap();
        let brand = if card.brand == "mastercard" { "master" } else { &card.brand };
        assert!(method.ends_with(brand), "{card:?} was taken for {method}");
        assert!(payment["issuer_id"].is_string(), "{card:?} has an issuer");
        // The inferred method, named, is accepted too.
        let token = seller.card_token_of(&card, "APRO").await;
        let body = with(body, json!({"token": token, "payment_method_id": method}));
        seller.post("/v1/payments", &body).await.expect(201);
    }
}

#[tokio::test]
async fn any_other_holder_is_approved_and_names_are_read_in_any_case() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    assert_eq!(seller.pay_by_card("María d'Ávila").await["status"], "approved");
    assert_eq!(seller.pay_by_card("fund").await["status_detail"], "cc_rejected_insufficient_amount");
    assert_eq!(seller.pay_by_card("FUND SILVA").await["status"], "approved");
}

#[tokio::test]
async fn a_payer_is_hidden_until_the_sale_is_real() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let pending = seller.pay_by_card("CONT").await;
    assert_eq!(pending["payer"]["email"], Value::Null);
    let approved = seller.act(&pending, "approve").await.expect(200);
    assert_eq!(approved["payer"]["email"], PAYER);
    assert_eq!(approved["payer"]["id"], pending["payer"]["id"]);
}

#[tokio::test]
async fn one_payer_has_one_id_per_seller_and_a_wallet_user_has_its_own() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let (first, second) = (seller.pay_by_card("APRO").await, seller.pix().await);
    assert_eq!(first["payer"]["id"], second["payer"]["id"]);
    let member = buyer(Site::MLB);
    let third = seller.pay_by_card_with("APRO", json!({"payer": {"email": member.account.email}})).await;
    assert_eq!(third["payer"]["id"], member.account.id.to_string());
    let other = app.seller(Site::MLA).pay_by_card("APRO").await;
    assert_ne!(first["payer"]["id"], other["payer"]["id"]);
}

#[tokio::test]
async fn binary_mode_leaves_nothing_undecided() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller.pay_by_card_with("CONT", json!({"binary_mode": true})).await;
    assert_is_payment(&payment);
    assert_eq!((&payment["status"], &payment["binary_mode"]), (&json!("rejected"), &json!(true)));
    // A Pix waits all the same.
    let body = with(pix_body(), json!({"binary_mode": true}));
    assert_eq!(seller.post("/v1/payments", &body).await.expect(201)["status"], "pending");
}

#[tokio::test]
async fn a_reserve_takes_no_fee_and_is_released_by_itself() {
    let app = TestApp::new().await;
    let days = [(Site::MLA, 7), (Site::MLM, 7), (Site::MLB, 5), (Site::MPE, 22), (Site::MLU, 7)];
    for (site, days) in days {
        let seller = app.seller(site);
        let reserve = seller.pay_by_card_with("APRO", json!({"capture": false})).await;
        assert_is_payment(&reserve);
        assert_eq!(
            (&reserve["status"], &reserve["status_detail"]),
            (&json!("authorized"), &json!("pending_capture"))
        );
        assert_eq!(reserve["captured"], false);
        assert_eq!(reserve["authorization_code"].as_str().unwrap().len(), 6);
        seller.advance(&format!("P{}DT23H", days - 1)).await;
        assert_eq!(seller.payment(&reserve["id"]).await["status"], "authorized", "{site}");
        seller.advance("PT2H").await;
        let expired = seller.payment(&reserve["id"]).await;
        assert_is_payment(&expired);
        assert_eq!(
            (&expired["status"], &expired["status_detail"]),
            (&json!("cancelled"), &json!("expired")),
            "{site}"
        );
        assert_eq!(expired["captured"], false);
    }
}

#[tokio::test]
async fn a_reserve_may_be_rejected_or_undecided_like_any_payment() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let rejected = seller.pay_by_card_with("OTHE", json!({"capture": false})).await;
    assert_is_payment(&rejected);
    assert_eq!((&rejected["status"], &rejected["captured"]), (&json!("rejected"), &json!(true)));
    let undecided = seller.pay_by_card_with("CONT", json!({"capture": false})).await;
    assert_eq!(undecided["status"], "in_process");
    let reserve = seller.act(&undecided, "approve").await.expect(200);
    assert_is_payment(&reserve);
    assert_eq!((&reserve["status"], &reserve["captured"]), (&json!("authorized"), &json!(false)));
}

#[tokio::test]
async fn instalments_add_the_financing_that_the_buyer_pays() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller.pay_by_card_with("APRO", json!({"installments": 3})).await;
    assert_is_payment(&payment);
    assert_eq!(payment["installments"], 3);
    let number = |value: &Value| value.to_string().parse::<f64>().unwrap();
    let total = number(&payment["transaction_details"]["total_paid_amount"]);
    assert!(total > 100.0, "three instalments cost the buyer something: {total}");
    let each = number(&payment["transaction_details"]["installment_amount"]);
    assert!((each * 3.0 - total).abs() < 0.03, "{each} × 3 = {total}");
    let financing =
        payment["fee_details"].as_array().unwrap().iter().find(|fee| fee["type"] == "financing_fee").unwrap();
    assert_eq!(financing["fee_payer"], "payer");
    assert!((number(&financing["amount"]) - (total - 100.0)).abs() < 0.001);
    let fees: f64 = payment["fee_details"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|fee| fee["fee_payer"] == "collector")
        .map(|fee| number(&fee["amount"]))
        .sum();
    let net = number(&payment["transaction_details"]["net_received_amount"]);
    assert!((net - (100.0 - fees)).abs() < 0.001, "the buyer's financing is not the seller's: {net}");
}

#[tokio::test]
async fn an_application_fee_is_charged_only_once_the_sale_is_real() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let reserve = seller.pay_by_card_with("APRO", json!({"capture": false, "application_fee": 5})).await;
    assert_is_payment(&reserve);
    let captured =
        seller.put(&format!("/v1/payments/{}", reserve["id"]), &json!({"capture": true})).await.expect(200);
    assert_is_payment(&captured);
    let types: Vec<&str> =
        captured["fee_details"].as_array().unwrap().iter().map(|fee| fee["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["mercadopago_fee", "application_fee"]);
    assert_eq!(captured["transaction_details"]["net_received_amount"].to_string(), "90.51");
    for holder in ["OTHE", "CONT"] {
        assert_is_payment(&seller.pay_by_card_with(holder, json!({"application_fee": 5})).await);
    }
}

#[tokio::test]
async fn a_challenge_waits_for_the_holder() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for (number, act, status, detail) in [
        (cards::CHALLENGED, "confirm_challenge", "approved", "accredited"),
        (cards::CHALLENGED, "fail_challenge", "rejected", "cc_rejected_3ds_challenge"),
        (cards::CHALLENGED_IN_VAIN, "confirm_challenge", "rejected", "cc_rejected_3ds_challenge"),
    ] {
        let token = seller.card_token_of(&card_numbered(Site::MLB, number), "APRO").await;
        let payment =
            seller.pay_by_card_with("APRO", json!({"token": token, "three_d_secure_mode": "optional"})).await;
        assert_is_payment(&payment);
        assert_eq!(
            (&payment["status"], &payment["status_detail"]),
            (&json!("pending"), &json!("pending_challenge"))
        );
        let info = &payment["three_ds_info"];
        assert!(info["external_resource_url"].as_str().unwrap().starts_with("http"), "{info}");
        let creq =
            base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, info["creq"].as_str().unwrap());
        let creq: Value = serde_json::from_slice(&creq.unwrap()).unwrap();
        assert_eq!(creq["messageType"], "CReq");
        assert_eq!(creq["messageVersion"], "2.1.0");
        let ended = seller.act(&payment, act).await.expect(200);
        assert_is_payment(&ended);
        assert_eq!((&ended["status"], &ended["status_detail"]), (&json!(status), &json!(detail)));
        assert_eq!(seller.act(&payment, act).await.code(), 2018, "a challenge is answered once");
    }
    // Without the mode the same card follows the holder's name.
    let token = seller.card_token_of(&card_numbered(Site::MLB, cards::CHALLENGED), "FUND").await;
    let payment = seller.pay_by_card_with("FUND", json!({"token": token})).await;
    assert_eq!(payment["status_detail"], "cc_rejected_insufficient_amount");
    // A challenge that nobody opens ends.
    let token = seller.card_token_of(&card_numbered(Site::MLB, cards::CHALLENGED), "APRO").await;
    let payment =
        seller.pay_by_card_with("APRO", json!({"token": token, "three_d_secure_mode": "optional"})).await;
    seller.advance("P2D").await;
    let expired = seller.payment(&payment["id"]).await;
    assert_eq!((&expired["status"], &expired["status_detail"]), (&json!("cancelled"), &json!("expired")));
}

#[tokio::test]
async fn a_wallet_pays_at_once_until_it_is_empty() {
    let app = TestApp::new().await;
    for site in SITES {
        let seller = app.seller(site);
        let member = buyer(site);
        let decimals = site.currency().decimals();
        let balance = member.opening_balance_minor / 10_i64.pow(decimals);
        let amount = balance / 2 + 1;
        let body = json!({
            "transaction_amount": amount, "payment_method_id": "account_money", "payer": {"email": member.account.email},
        });
        let answer = seller.post("/v1/payments", &body).await;
        let payment = answer.expect(201);
        assert_is_payment(&payment);
        assert_eq!(payment["status"], "approved", "{site} {amount} of {balance}");
        assert_eq!(payment["payment_type_id"], "account_money");
        assert_eq!(payment["issuer_id"], Value::Null);
        let second = seller.post("/v1/payments", &body).await.expect(201);
        assert_is_payment(&second);
        assert_eq!(
            (&second["status"], &second["status_detail"]),
            (&json!("rejected"), &json!("insufficient_amount")),
            "{site}"
        );
        // A refund fills it again.
        seller.post(&format!("/v1/payments/{}/refunds", payment["id"]), &json!({})).await.expect(201);
        assert_eq!(seller.post("/v1/payments", &body).await.expect(201)["status"], "approved", "{site}");
    }
}

#[tokio::test]
async fn strict_decoders_find_strings_where_they_expect_them() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let body = with(
        seller.card_payment("APRO").await,
        json!({
            "issuer_id": 25, "order": {"id": 4545, "type": "mercadopago"}, "sponsor_id": "123", "differential_pricing_id": 7,
            "additional_info": {
                "items": [{
                    "id": "1", "title": "T", "quantity": 1, "unit_price": 58.8, "warranty": false,
                    "event_date": "2026-12-21T08:40:10.000-04:00",
                    "category_descriptor": {"passenger": {"first_name": "A"}, "route": {"departure": "X"}},
                }, {"quantity": 2, "unit_price": 100, "title": null}, {"unit_price": 100.00}],
                "payer": {
                    "address": {"street_number": 3003}, "registration_date": "2020-01-01T00:00:00.000-03:00",
                    "is_prime_user": true, "is_first_purchase_online": "1",
                },
                "shipments": {"local_pickup": true, "receiver_address": {"street_number": 12, "floor": 3}, "width": 1.50},
                "ip_address": "127.0.0.1",
            },
        }),
    );
    // `json!` drops the zeros of 100.00, which a client may well send.
    let text = body.to_string().replace(r#"{"unit_price":100.0}"#, r#"{"unit_price":100.00}"#);
    let payment = seller.call(axum::http::Method::POST, "/v1/payments").body(text).send().await.expect(201);
    assert_is_payment(&payment);
    assert_eq!(payment["issuer_id"], "25");
    assert_eq!(payment["order"], json!({"id": "4545", "type": "mercadopago"}));
    assert_eq!(payment["sponsor_id"], 123);
    let info = &payment["additional_info"];
    let items = info["items"].as_array().unwrap();
    assert_eq!((&items[0]["quantity"], &items[0]["unit_price"]), (&json!("1"), &json!("58.8")));
    assert_eq!(items[0]["warranty"], "false");
    assert_eq!(items[1], json!({"quantity": "2", "unit_price": "100"}), "what was not sent is not invented");
    assert_eq!(items[2]["unit_price"], "100.0");
    assert_eq!(info["payer"]["address"]["street_number"], "3003");
    assert_eq!(info["payer"]["registration_date"], "2020-01-01T00:00:00.000-03:00");
    assert_eq!(info["shipments"]["receiver_address"], json!({"street_number": "12", "floor": "3"}));
}

#[tokio::test]
async fn amounts_come_back_as_the_shortest_number() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for (sent, answered) in [
        ("100", "100"),
        ("100.00", "100"),
        ("12.34", "12.34"),
        ("12.30", "12.3"),
        ("1e2", "100"),
        ("10.500", "10.5"),
    ] {
        let text = pix_body().to_string().replace("105.1", sent);
        let payment =
            seller.call(axum::http::Method::POST, "/v1/payments").body(text).send().await.expect(201);
        assert_eq!(payment["transaction_amount"].to_string(), answered, "{sent}");
    }
}

#[tokio::test]
async fn headers_leave_their_mark() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller
        .call(axum::http::Method::POST, "/v1/payments")
        .json(&pix_body())
        .header("x-integrator-id", "dev_1")
        .header("x-platform-id", "plat_1")
        .header("x-corporation-id", "corp_1")
        .header("x-tracking-id", "platform:v1-whitelabel")
        .header("x-product-id", "BC32A7RU643001OI3940")
        .header("x-meli-session-id", "armor.1")
        .send()
        .await
        .expect(201);
    assert_is_payment(&payment);
    assert_eq!(payment["integrator_id"], "dev_1");
    assert_eq!(payment["platform_id"], "plat_1");
    assert_eq!(payment["corporation_id"], "corp_1");
    assert_eq!(payment["additional_info"]["tracking_id"], "platform:v1-whitelabel");
    assert!(!payment.to_string().contains("armor.1"), "the device is not shown: {payment}");
}

#[tokio::test]
async fn what_sdks_and_plugins_send_is_taken() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let body = with(
        seller.card_payment("APRO").await,
        json!({
            "marketplace": "NONE", "processing_mode": "aggregator", "campaign_id": "7", "coupon_amount": 0,
            "device_id": "armor", "session_id": "s", "merchant_services": {"fraud_scoring": true},
            "forward_data": {"sub_merchant": {}}, "payment_method": {"type": "credit_card"},
            "point_of_interaction": {"type": "OPENPLATFORM", "linkedTo": "x", "transaction_data": {"first_time_use": true}},
            "payment_method_option_id": null, "internal_metadata": {}, "callback_url": "https://shop.example/back",
        }),
    );
    let payment = seller.post("/v1/payments", &body).await.expect(201);
    assert_is_payment(&payment);
    assert_eq!(payment["point_of_interaction"]["type"], "OPENPLATFORM");
    // Every sample sends nulls.
    let mut body = seller.card_payment("APRO").await;
    for name in [
        "description",
        "metadata",
        "additional_info",
        "capture",
        "order",
        "coupon_amount",
        "date_of_expiration",
    ] {
        body[name] = Value::Null;
    }
    body["payer"]["identification"] = Value::Null;
    assert_is_payment(&seller.post("/v1/payments", &body).await.expect(201));
}

#[tokio::test]
async fn the_year_of_a_card_ends_with_its_month() {
    let app = TestApp::at("2026-11-10T12:00:00-04:00").await;
    let seller = app.seller(Site::MLB);
    let request = with(
        card_of(Site::MLB).token_request("APRO"),
        json!({"expiration_month": 11, "expiration_year": 2026}),
    );
    let token = seller.post("/v1/card_tokens", &request).await.expect(201);
    seller.advance("P7D").await;
    let in_time = seller.pay_by_card_with("APRO", json!({"token": token["id"]})).await;
    assert_eq!(in_time["status"], "approved");
    seller.advance("P9D").await;
    let token = seller.post("/v1/card_tokens", &request).await.expect(201);
    seller.advance("P5D").await;
    let late = seller.pay_by_card_with("APRO", json!({"token": token["id"]})).await;
    assert_eq!(late["status_detail"], "cc_rejected_bad_filled_date");
}
