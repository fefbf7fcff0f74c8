//! `/v1/payments/{id}/refunds`

use crate::payment_shape::{assert_is_payment, assert_is_refund};
use crate::test_app::{Answer, Client, TestApp};
use axum::http::Method;
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::{Value, json};

fn path(payment: &Value) -> String {
    format!("/v1/payments/{}/refunds", payment["id"])
}

async fn refund(seller: &Client, payment: &Value, body: &str) -> Answer {
    seller.call(Method::POST, &path(payment)).body(body).send().await
}

#[tokio::test]
async fn a_whole_refund_is_asked_for_in_any_of_the_ways_of_the_sdks() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for body in
        ["", "{}", "null", r#"{"amount":null}"#, r#"{"amount":100}"#, r#"{"amount":100.00,"metadata":{}}"#]
    {
        let payment = seller.pay_by_card("APRO").await;
        let refund = refund(&seller, &payment, body).await.expect(201);
        assert_is_refund(&refund);
        assert_eq!(refund["amount"].to_string(), "100", "{body}");
        assert_eq!(refund["amount_refunded_to_payer"].to_string(), "100");
        assert_eq!(refund["payment_id"], payment["id"]);
        assert_eq!((&refund["status"], &refund["source"]["type"]), (&json!("approved"), &json!("collector")));
        assert_eq!(refund["metadata"], json!({}));
        let refunded = seller.payment(&payment["id"]).await;
        assert_is_payment(&refunded);
        assert_eq!(
            (&refunded["status"], &refunded["status_detail"]),
            (&json!("refunded"), &json!("refunded"))
        );
        assert_eq!(refunded["transaction_amount_refunded"].to_string(), "100");
        assert_eq!(refunded["refunds"], json!([refund]));
    }
}

#[tokio::test]
async fn parts_are_refunded_until_nothing_is_left() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller.pay_by_card("APRO").await;
    let first = refund(&seller, &payment, r#"{"amount":5}"#).await.expect(201);
    let now = seller.payment(&payment["id"]).await;
    assert_is_payment(&now);
    assert_eq!((&now["status"], &now["status_detail"]), (&json!("approved"), &json!("partially_refunded")));
    assert_eq!(now["transaction_amount_refunded"].to_string(), "5");
    let second =
        refund(&seller, &payment, r#"{"amount":33.33,"metadata":{"reason":"late","n":1}}"#).await.expect(201);
    assert_eq!(second["metadata"], json!({"reason": "late", "n": 1}));
    assert_eq!(
        refund(&seller, &payment, r#"{"amount":61.68}"#).await.code(),
        2017,
        "one cent more than is left"
    );
    let third = refund(&seller, &payment, "").await.expect(201);
    assert_eq!(third["amount"].to_string(), "61.67");
    let now = seller.payment(&payment["id"]).await;
    assert_eq!(
        (&now["status"], &now["transaction_amount_refunded"].to_string()),
        (&json!("refunded"), &"100".to_owned())
    );
    let list = seller.get(&path(&payment)).await.expect(200);
    assert_eq!(list, json!([first, second, third]), "a bare array, oldest first");
    assert_eq!(refund(&seller, &payment, "").await.code(), 2063);
}

#[tokio::test]
async fn the_fee_is_given_back_to_the_last_cent() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for (amount, part) in [("10.01", "0.07"), ("0.99", "0.01"), ("333.33", "3.34")] {
        let payment = seller
            .pay_by_card_with(
                "APRO",
                json!({"transaction_amount": amount.parse::<serde_json::Number>().unwrap()}),
            )
            .await;
        let fee = payment["fee_details"][0]["amount"].clone();
        for _ in 0..50 {
            refund(&seller, &payment, &format!(r#"{{"amount":{part}}}"#)).await.expect(201);
        }
        refund(&seller, &payment, "").await.expect(201);
        let now = seller.payment(&payment["id"]).await;
        assert_is_payment(&now);
        assert_eq!(now["status"], "refunded");
        assert_eq!(now["transaction_amount_refunded"].to_string(), amount);
        let charge = &now["charges_details"][0]["amounts"];
        assert_eq!(charge["original"], fee);
        assert_eq!(charge["refunded"], fee, "{amount}: all of the fee comes back, and not more");
    }
}

#[tokio::test]
async fn one_refund_is_read() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller.pay_by_card("APRO").await;
    assert_eq!(seller.get(&path(&payment)).await.expect(200), json!([]));
    let refund = refund(&seller, &payment, r#"{"amount":5}"#).await.expect(201);
    let read = seller.get(&format!("{}/{}", path(&payment), refund["id"])).await.expect(200);
    assert_eq!(read, refund);
    let missing = seller.get(&format!("{}/1", path(&payment))).await;
    assert_snapshot!(missing.refused(), @r#"404 {"message":"Refund not found","error":"not_found","status":404,"cause":[{"code":2032,"description":"Refund not found","data":"<when>;<request>"}]}"#);
    for id in ["abc", "-1", "99999999999999999999", "%00"] {
        assert_eq!(seller.get(&format!("{}/{id}", path(&payment))).await.code(), 2032, "{id}");
    }
    let other = seller.pay_by_card("APRO").await;
    let elsewhere = seller.get(&format!("{}/{}", path(&other), refund["id"])).await;
    assert_eq!(elsewhere.code(), 2032, "a refund belongs to its payment");
    let foreign = app.seller(Site::MLA).get(&format!("{}/{}", path(&payment), refund["id"])).await;
    assert_eq!((foreign.status.as_u16(), foreign.code()), (404, 2000));
}

#[tokio::test]
async fn each_fault_has_its_documented_code() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller.pay_by_card("APRO").await;
    assert_snapshot!(refund(&seller, &payment, r#"{"amount":0}"#).await.refused(), @r#"400 {"message":"Amount attribute must be positive","error":"bad_request","status":400,"cause":[{"code":4040,"description":"Amount attribute must be positive","data":"<when>;<request>"}]}"#);
    assert_snapshot!(refund(&seller, &payment, r#"{"amount":"5"}"#).await.refused(), @r#"400 {"message":"amount attribute must be numeric","error":"bad_request","status":400,"cause":[{"code":4041,"description":"amount attribute must be numeric","data":"<when>;<request>"}]}"#);
    assert_snapshot!(refund(&seller, &payment, r#"{"amount":100.01}"#).await.refused(), @r#"400 {"message":"Invalid refund amount","error":"bad_request","status":400,"cause":[{"code":2017,"description":"Invalid refund amount","data":"<when>;<request>"}]}"#);
    assert_eq!(refund(&seller, &payment, r#"{"amount":-5}"#).await.code(), 4040);
    for amount in ["1.001", "1e400", "1e30", "99999999999999999999999"] {
        assert_eq!(
            refund(&seller, &payment, &format!(r#"{{"amount":{amount}}}"#)).await.code(),
            2017,
            "{amount}"
        );
    }
    for body in ["[]", "5", r#""5""#, r#"{"metadata":"x"}"#, r#"{"amount":NaN}"#, "{"] {
        assert_eq!(refund(&seller, &payment, body).await.code(), 1, "{body}");
    }
    let refused = seller.call(Method::POST, &path(&payment)).no_key().send().await;
    assert_snapshot!(refused.refused(), @r#"400 {"message":"Header X-Idempotency-Key can’t be null","error":"bad_request","status":400,"cause":[{"code":4292,"description":"Header X-Idempotency-Key can’t be null","data":"<when>;<request>"}]}"#);
    assert_snapshot!(refund(&seller, &json!({"id": 1}), "").await.refused(), @r#"404 {"message":"Payment not found","error":"not_found","status":404,"cause":[{"code":2000,"description":"Payment not found","data":"<when>;<request>"}]}"#);
    for payment in [
        seller.pix().await,
        seller.pay_by_card("OTHE").await,
        seller.pay_by_card("CONT").await,
        seller.pay_by_card_with("APRO", json!({"capture": false})).await,
    ] {
        let refused = refund(&seller, &payment, "").await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, 2063), "{}", payment["status"]);
    }
    assert_eq!(seller.payment(&payment["id"]).await, payment, "nothing of it changed anything");
}

/// Without an amount everything is given back, so what was meant to say how much must not be passed over.
#[tokio::test]
async fn a_misspelt_amount_gives_nothing_back() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller.pay_by_card("APRO").await;
    assert_snapshot!(refund(&seller, &payment, r#"{"amout":5}"#).await.refused(), @r#"400 {"message":"The name of the following parameters is wrong [amout]","error":"bad_request","status":400,"cause":[{"code":8,"description":"The name of the following parameters is wrong [amout]","data":"<when>;<request>"}]}"#);
    for body in [r#"{"charges":[{"id":"1","amount":1}]}"#, r#"{"amount":null,"transaction_amount":5}"#] {
        assert_eq!(refund(&seller, &payment, body).await.code(), 8, "{body}");
    }
    assert_eq!(seller.payment(&payment["id"]).await, payment, "nothing of it changed anything");
    // With an amount nothing is left to guess.
    let part = refund(&seller, &payment, r#"{"amount":5,"reason":"late"}"#).await.expect(201);
    assert_eq!(part["amount"].to_string(), "5");
    refund(&seller, &payment, r#"{"metadata":{"reason":"late"}}"#).await.expect(201);
}

#[tokio::test]
async fn a_foreign_payment_can_not_be_refunded() {
    let app = TestApp::new().await;
    let payment = app.seller(Site::MLB).pay_by_card("APRO").await;
    for stranger in [app.seller(Site::MLA), app.live_seller(Site::MLB)] {
        let refused = refund(&stranger, &payment, "").await;
        assert_eq!((refused.status.as_u16(), refused.code()), (404, 2000));
        assert_eq!(stranger.get(&path(&payment)).await.code(), 2000);
    }
}

#[tokio::test]
async fn the_window_closes() {
    let app = TestApp::new().await;
    for (site, days) in [(Site::MLB, 180), (Site::MPE, 90)] {
        let seller = app.seller(site);
        let (early, late) = (seller.pay_by_card("APRO").await, seller.pay_by_card("APRO").await);
        seller.advance(&format!("P{}DT23H", days - 1)).await;
        refund(&seller, &early, "").await.expect(201);
        seller.advance("PT2H").await;
        let refused = refund(&seller, &late, "").await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, 2024), "{site}");
    }
}

#[tokio::test]
async fn a_released_sale_is_refunded_out_of_what_is_available() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller.pay_by_card("APRO").await;
    seller.advance("P15D").await;
    assert_eq!(seller.payment(&payment["id"]).await["money_release_status"], "released");
    refund(&seller, &payment, "").await.expect(201);
}

#[tokio::test]
async fn a_sale_can_be_refunded_whatever_became_of_the_others() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let (disputed, sold) = (seller.pay_by_card("APRO").await, seller.pay_by_card("APRO").await);
    seller.advance("P15D").await;
    seller.act(&disputed, "charge_back").await.expect(200);
    refund(&seller, &sold, r#"{"amount":40}"#).await.expect(201);
    seller.act(&disputed, "lose_chargeback").await.expect(200);
    refund(&seller, &sold, "").await.expect(201);
}

#[tokio::test]
async fn refunds_at_once_never_give_back_more_than_was_paid() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller.pay_by_card("APRO").await;
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (seller, path) = (seller.clone(), path(&payment));
        asked.spawn(async move { seller.post(&path, &json!({"amount": 30})).await });
    }
    let answers = asked.join_all().await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 3, "three times 30 fit into 100");
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        assert!(refused.status == 503 || refused.code() == 2017, "{}", refused.text());
    }
    let now = seller.payment(&payment["id"]).await;
    assert_eq!(now["transaction_amount_refunded"].to_string(), "90");
    assert_eq!(now["refunds"].as_array().unwrap().len(), 3);
}
