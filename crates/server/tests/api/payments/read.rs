//! `GET /v1/payments/{id}`

use crate::test_app::TestApp;
use axum::http::Method;
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::Value;

#[tokio::test]
async fn a_payment_is_read_as_it_was_answered() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = seller.pay_by_card("APRO").await;
    let read = seller.get(&format!("/v1/payments/{}", made["id"])).await;
    assert_eq!(read.expect(200), made);
    // The SDKs append an empty query.
    assert_eq!(seller.get(&format!("/v1/payments/{}?", made["id"])).await.expect(200), made);
}

#[tokio::test]
async fn a_payment_of_another_seller_or_mode_does_not_exist() {
    let app = TestApp::new().await;
    let made = app.seller(Site::MLB).pay_by_card("APRO").await;
    let path = format!("/v1/payments/{}", made["id"]);
    let refused = app.seller(Site::MLA).get(&path).await;
    assert_snapshot!(refused.refused(), @r#"404 {"message":"Payment not found","error":"not_found","status":404,"cause":[{"code":2000,"description":"Payment not found","data":"<when>;<request>"}]}"#);
    assert_eq!(app.live_seller(Site::MLB).get(&path).await.refused(), refused.refused());
    assert_eq!(app.live_seller(Site::MLB).get(&format!("{path}/refunds")).await.code(), 2000);
    let live = app.live_seller(Site::MLB).pay_by_card("APRO").await;
    assert_eq!(app.seller(Site::MLB).get(&format!("/v1/payments/{}", live["id"])).await.code(), 2000);
}

#[tokio::test]
async fn what_is_no_id_finds_nothing() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = seller.pix().await;
    for id in [
        "1",
        "0",
        "-1",
        "abc",
        "1.5",
        "9007199254740993",
        "9223372036854775808",
        "99999999999999999999999999",
        "%00",
        "%2e%2e",
        "null",
        &format!("+{}", made["id"]),
        &format!("{}%20", made["id"]),
        &format!("{}%2F", made["id"]),
        &format!("%2B{}", made["id"]),
    ] {
        for path in [format!("/v1/payments/{id}"), format!("/v1/payments/{id}/refunds")] {
            let refused = seller.get(&path).await;
            assert_eq!((refused.status.as_u16(), refused.code()), (404, 2000), "{path}: {}", refused.text());
        }
    }
    let refused = seller.get("/v1/payments/%FF").await;
    assert_snapshot!(refused.refused(), @r#"404 {"message":"resource not found","error":"not_found","status":404,"cause":[]}"#);
    // An encoded digit is that digit.
    let id = made["id"].to_string();
    let encoded = format!("/v1/payments/%3{}{}", &id[..1], &id[1..]);
    assert_eq!(seller.get(&encoded).await.expect(200), made);
}

#[tokio::test]
async fn the_networks_reference_is_shown_to_who_asks_for_it() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = seller.pay_by_card("APRO").await;
    assert!(made.get("expanded").is_none());
    let read = |payment: &Value, nodes: &str| {
        let call = seller.call(Method::GET, &format!("/v1/payments/{}", payment["id"]));
        call.header("x-expand-responde-nodes", nodes).send()
    };
    let reference =
        read(&made, "gateway.reference").await.expect(200)["expanded"]["gateway"]["reference"].clone();
    assert!(reference["network_transaction_id"].is_string(), "{reference}");
    let again = read(&made, "other, gateway.reference").await.expect(200);
    assert_eq!(again["expanded"]["gateway"]["reference"], reference, "the same each time");
    assert!(read(&made, "other").await.expect(200).get("expanded").is_none());
    let declined = seller.pay_by_card("OTHE").await;
    assert!(read(&declined, "gateway.reference").await.expect(200).get("expanded").is_none());
}
