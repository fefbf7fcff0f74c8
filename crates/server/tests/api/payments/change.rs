//! `PUT /v1/payments/{id}`

use crate::cards::card_numbered;
use crate::payment_shape::assert_is_payment;
use crate::test_app::{Answer, Client, TestApp, pix_body, with};
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::{Value, json};

async fn change(seller: &Client, payment: &Value, body: Value) -> Answer {
    seller.put(&format!("/v1/payments/{}", payment["id"]), &body).await
}

async fn reserve(seller: &Client) -> Value {
    seller.pay_by_card_with("APRO", json!({"capture": false})).await
}

#[tokio::test]
async fn a_reserve_is_captured_whole() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let reserve = reserve(&seller).await;
    let captured = change(&seller, &reserve, json!({"capture": true})).await.expect(200);
    assert_is_payment(&captured);
    assert_eq!((&captured["status"], &captured["status_detail"]), (&json!("approved"), &json!("accredited")));
    assert_eq!(captured["captured"], true);
    assert_eq!(captured["transaction_details"]["net_received_amount"].to_string(), "95.51");
    assert_eq!(captured["money_release_status"], "pending");
    assert_eq!(captured["authorization_code"], reserve["authorization_code"]);
    assert_eq!(seller.payment(&reserve["id"]).await, captured);
    // The end of the reserve has nothing to end any more.
    seller.advance("P8D").await;
    assert_eq!(seller.payment(&reserve["id"]).await["status"], "approved");
}

#[tokio::test]
async fn a_part_of_a_reserve_is_captured_once() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let reserve = reserve(&seller).await;
    let captured =
        change(&seller, &reserve, json!({"capture": true, "transaction_amount": 75})).await.expect(200);
    assert_is_payment(&captured);
    assert_eq!(captured["transaction_amount"].to_string(), "75");
    assert_eq!(captured["transaction_details"]["total_paid_amount"].to_string(), "75");
    assert_eq!(captured["transaction_details"]["installment_amount"].to_string(), "75");
    // 4.49 % of 75 is 3.3675.
    assert_eq!(captured["transaction_details"]["net_received_amount"].to_string(), "71.63");
    // The second capture changes nothing: clients that lose `capture: false` on the way rely on it.
    let again =
        change(&seller, &reserve, json!({"capture": true, "transaction_amount": 80})).await.expect(200);
    assert_eq!(again, captured);
    // What is refunded is what was captured.
    let refund =
        seller.post(&format!("/v1/payments/{}/refunds", reserve["id"]), &json!({})).await.expect(201);
    assert_eq!(refund["amount"].to_string(), "75");
}

#[tokio::test]
async fn a_client_that_never_sent_capture_false_may_capture_all_the_same() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller.pay_by_card("APRO").await;
    assert_eq!(change(&seller, &payment, json!({"capture": true})).await.expect(200), payment);
    let part = json!({"capture": true, "transaction_amount": 100.1});
    assert_eq!(change(&seller, &payment, part).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn a_capture_stays_within_the_reserve() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let reserve = reserve(&seller).await;
    for amount in ["100.01", "0", "-1", "1.001", "1e400", "1e9", "99999999999999999999"] {
        let body = format!(r#"{{"capture":true,"transaction_amount":{amount}}}"#);
        let path = format!("/v1/payments/{}", reserve["id"]);
        let refused = seller.call(axum::http::Method::PUT, &path).body(body).send().await;
        assert_eq!(refused.code(), 4037, "{amount}");
    }
    let refused = change(&seller, &reserve, json!({"capture": true, "transaction_amount": "75"})).await;
    assert_snapshot!(refused.refused(), @r#"400 {"message":"Transaction_amount attribute must be numeric","error":"bad_request","status":400,"cause":[{"code":4024,"description":"Transaction_amount attribute must be numeric","data":"<when>;<request>"}]}"#);
    assert_eq!(seller.payment(&reserve["id"]).await, reserve, "nothing of it changed anything");
    // The whole, named, is a whole capture.
    change(&seller, &reserve, json!({"capture": true, "transaction_amount": 100.00})).await.expect(200);
}

#[tokio::test]
async fn a_part_is_captured_only_where_the_market_allows_it() {
    let app = TestApp::new().await;
    let part = json!({"capture": true, "transaction_amount": 400});
    let mexico = app.seller(Site::MLM);
    let payment = reserve(&mexico).await;
    assert_eq!(change(&mexico, &payment, part.clone()).await.code(), 4037);
    change(&mexico, &payment, json!({"capture": true})).await.expect(200);
    let argentina = app.seller(Site::MLA);
    let payment = reserve(&argentina).await;
    change(&argentina, &payment, part).await.expect(200);
}

#[tokio::test]
async fn what_took_no_money_is_cancelled() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for (payment, word) in [
        (seller.pix().await, "cancelled"),
        (seller.pay_by_card("CONT").await, "canceled"),
        (reserve(&seller).await, "cancelled"),
    ] {
        let was_reserve = payment["status"] == "authorized";
        let cancelled = change(&seller, &payment, json!({"status": word})).await.expect(200);
        assert_is_payment(&cancelled);
        assert_eq!(
            (&cancelled["status"], &cancelled["status_detail"]),
            (&json!("cancelled"), &json!("by_collector"))
        );
        assert_eq!(cancelled["captured"], !was_reserve);
        let again = change(&seller, &payment, json!({"status": "cancelled"})).await;
        assert_eq!((again.status.as_u16(), again.code()), (400, 2018));
        assert_eq!(change(&seller, &payment, json!({"capture": true})).await.code(), 2018);
    }
}

#[tokio::test]
async fn what_is_final_stays() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let refunded = seller.pay_by_card("APRO").await;
    seller.post(&format!("/v1/payments/{}/refunds", refunded["id"]), &json!({})).await.expect(201);
    for payment in [seller.pay_by_card("APRO").await, seller.pay_by_card("OTHE").await, refunded] {
        let refused = change(&seller, &payment, json!({"status": "cancelled"})).await;
        assert_eq!(refused.code(), 2018, "{}", payment["status"]);
    }
    let rejected = seller.pay_by_card("OTHE").await;
    assert_eq!(change(&seller, &rejected, json!({"capture": true})).await.code(), 2018);
}

#[tokio::test]
async fn an_expiration_is_moved() {
    let app = TestApp::at("2026-11-20T12:00:00-04:00").await;
    let seller = app.seller(Site::MLB);
    let pix = seller.pix().await;
    let to = json!({"date_of_expiration": "2026-11-30T23:59:59.000-04:00"});
    let moved = change(&seller, &pix, to.clone()).await.expect(200);
    assert_is_payment(&moved);
    assert_eq!(moved["date_of_expiration"], "2026-11-30T23:59:59.000-04:00");
    seller.advance("P5D").await;
    assert_eq!(seller.payment(&pix["id"]).await["status"], "pending", "the old date has no effect");
    assert_eq!(
        change(&seller, &pix, json!({"date_of_expiration": "2030-11-30T23:59:59.000-04:00"})).await.code(),
        7523
    );
    assert_eq!(change(&seller, &pix, json!({"date_of_expiration": "soon"})).await.code(), 23);
    seller.advance("P6D").await;
    assert_eq!(seller.payment(&pix["id"]).await["status_detail"], "expired");
    let card = seller.pay_by_card("APRO").await;
    assert_eq!(change(&seller, &card, to).await.code(), 2018);
}

#[tokio::test]
async fn two_changes_at_once_are_refused() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = reserve(&seller).await;
    let date = "2030-01-01T00:00:00.000-04:00";
    assert_snapshot!(change(&seller, &payment, json!({"status": "cancelled", "capture": true})).await.refused(), @r#"400 {"message":"Params Error: only one of status, capture and date_of_expiration can be changed at once","error":"bad_request","status":400,"cause":[{"code":1,"description":"Params Error","data":"<when>;<request>"}]}"#);
    for body in [
        json!({"status": "cancelled", "date_of_expiration": date}),
        json!({"capture": true, "date_of_expiration": date}),
        json!({"status": 5}),
    ] {
        assert_eq!(change(&seller, &payment, body.clone()).await.code(), 1, "{body}");
    }
    assert_eq!(seller.payment(&payment["id"]).await, payment, "nothing of it changed anything");
    // `null` is absent, as every SDK's samples expect.
    let body = json!({"status": "cancelled", "capture": null, "date_of_expiration": null});
    assert_eq!(change(&seller, &payment, body).await.expect(200)["status"], "cancelled");
}

#[tokio::test]
async fn only_four_members_can_be_changed() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = reserve(&seller).await;
    let refused = |body| change(&seller, &payment, body);
    assert_snapshot!(refused(json!({"description": "new"})).await.refused(), @r#"400 {"message":"The name of the following parameters is wrong [description]","error":"bad_request","status":400,"cause":[{"code":8,"description":"The name of the following parameters is wrong [description]","data":"<when>;<request>"}]}"#);
    assert_snapshot!(refused(json!({"capture": "true"})).await.refused(), @r#"400 {"message":"Capture attribute must be boolean","error":"bad_request","status":400,"cause":[{"code":2078,"description":"Capture attribute must be boolean","data":"<when>;<request>"}]}"#);
    assert_snapshot!(refused(json!({"capture": false})).await.refused(), @r#"400 {"message":"Invalid value for capture attribute","error":"bad_request","status":400,"cause":[{"code":2079,"description":"Invalid value for capture attribute","data":"<when>;<request>"}]}"#);
    assert_snapshot!(refused(json!({"status": "approved"})).await.refused(), @r#"400 {"message":"The action requested is not valid for the current payment state","error":"bad_request","status":400,"cause":[{"code":2018,"description":"The action requested is not valid for the current payment state","data":"<when>;<request>"}]}"#);
    assert_snapshot!(refused(json!({})).await.refused(), @r#"400 {"message":"Params Error: one of status, capture or date_of_expiration is required","error":"bad_request","status":400,"cause":[{"code":1,"description":"Params Error","data":"<when>;<request>"}]}"#);
    assert_eq!(refused(json!([])).await.code(), 1);
    assert_eq!(refused(Value::Null).await.code(), 1);
    // One SDK's sample sends it before a capture.
    change(&seller, &payment, json!({"metadata": {"a": 1}, "capture": true})).await.expect(200);
}

#[tokio::test]
async fn a_foreign_payment_can_not_be_changed() {
    let app = TestApp::new().await;
    let payment = reserve(&app.seller(Site::MLB)).await;
    for stranger in [app.seller(Site::MLA), app.live_seller(Site::MLB)] {
        let refused = change(&stranger, &payment, json!({"status": "cancelled"})).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (404, 2000));
    }
    assert_eq!(app.seller(Site::MLB).payment(&payment["id"]).await["status"], "authorized");
}

#[tokio::test]
async fn every_change_shows_in_the_date() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = reserve(&seller).await;
    seller.advance("PT1H").await;
    let captured = change(&seller, &payment, json!({"capture": true})).await.expect(200);
    assert!(captured["date_last_updated"].as_str() > payment["date_last_updated"].as_str());
    assert!(captured["date_approved"].as_str() > payment["date_created"].as_str());
    assert_eq!(captured["date_created"], payment["date_created"]);
}

#[tokio::test]
async fn two_captures_at_once_take_the_money_once() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = reserve(&seller).await;
    let capture =
        |amount: u32| change(&seller, &payment, json!({"capture": true, "transaction_amount": amount}));
    let (first, second, cancel) =
        tokio::join!(capture(60), capture(70), change(&seller, &payment, json!({"status": "cancelled"})));
    let now = seller.payment(&payment["id"]).await;
    assert_is_payment(&now);
    let succeeded = [&first, &second, &cancel].iter().filter(|answer| answer.status == 200).count();
    match now["status"].as_str().unwrap() {
        "approved" => {
            let amount = now["transaction_amount"].to_string();
            assert!(amount == "60" || amount == "70", "{amount}");
            assert_eq!(cancel.code(), 2018);
            assert_eq!(
                (first.expect(200), second.expect(200)),
                (now.clone(), now),
                "the later one changes nothing"
            );
        }
        "cancelled" => assert_eq!(succeeded, 1),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_amex_of_chile_can_be_reserved_too() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLC);
    let token = seller.card_token_of(&card_numbered(Site::MLC, "375778174461804"), "APRO").await;
    let body = with(seller.card_payment("APRO").await, json!({"token": token, "capture": false}));
    let payment = seller.post("/v1/payments", &body).await.expect(201);
    assert_eq!(payment["status"], "authorized");
    let body = with(pix_body(), json!({"transaction_amount": 5000}));
    assert_eq!(seller.post("/v1/payments", &body).await.code(), 3011, "Pix is Brazil's");
}
