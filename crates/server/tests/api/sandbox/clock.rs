//! `/sandbox/clock`

use crate::payment_shape::is_date;
use crate::test_app::TestApp;
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::{HOUR, Timestamp};
use serde_json::{Value, json};

fn now(body: &Value) -> i64 {
    Timestamp::parse(body["now"].as_str().unwrap()).unwrap().0
}

#[tokio::test]
async fn a_clock_starts_where_it_was_told_and_moves_forward() {
    let app = TestApp::at("2027-02-03T10:00:00-04:00").await;
    let seller = app.seller(Site::MLB);
    let start = seller.get("/sandbox/clock").await.expect(200);
    assert!(is_date(start["now"].as_str().unwrap()));
    assert!(start["now"].as_str().unwrap().starts_with("2027-02-03T10:0"), "{start}");
    let moved = seller.advance("P1DT12H").await;
    assert!((36 * HOUR..37 * HOUR).contains(&(now(&moved) - now(&start))), "{moved}");
    assert!(seller.pix().await["date_created"].as_str().unwrap().starts_with("2027-02-04T22:0"));
    // Another account has a time of its own, and live time is nobody's.
    let other = app.seller(Site::MLA).get("/sandbox/clock").await.expect(200);
    assert!(other["now"].as_str().unwrap().starts_with("2027-02-03T10:0"), "{other}");
    let live = app.live_seller(Site::MLB).pay_by_card("APRO").await;
    assert!(!live["date_created"].as_str().unwrap().starts_with("2027-02-04T22:0"));
}

#[tokio::test]
async fn what_falls_due_on_the_way_is_done_in_order() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let pix = seller.pix().await;
    let reserve = seller.pay_by_card_with("APRO", json!({"capture": false})).await;
    let card = seller.pay_by_card("APRO").await;
    assert_eq!(seller.advance("PT1H").await["done"], 0);
    let moved = seller.advance("P30D").await;
    assert_eq!(moved["done"], 3);
    let (pix, reserve, card) = (
        seller.payment(&pix["id"]).await,
        seller.payment(&reserve["id"]).await,
        seller.payment(&card["id"]).await,
    );
    assert_eq!((&pix["status_detail"], &reserve["status_detail"]), (&json!("expired"), &json!("expired")));
    assert_eq!(card["money_release_status"], "released");
    assert_eq!(
        pix["date_last_updated"], pix["date_of_expiration"],
        "it expired when it was due, not when it was seen"
    );
    assert!(pix["date_last_updated"].as_str() < reserve["date_last_updated"].as_str());
    assert!(reserve["date_last_updated"].as_str() < card["date_last_updated"].as_str());
    assert_eq!(card["date_last_updated"], card["money_release_date"]);
}

#[tokio::test]
async fn only_forward_durations_are_taken() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    assert_snapshot!(seller.post("/sandbox/clock", &json!({"advance": "7d"})).await.refused(), @r#"400 {"message":"advance is an ISO 8601 duration, such as P7D, PT30M or P1DT12H","error":"bad_request","status":400,"cause":[]}"#);
    for advance in
        [json!("P-1D"), json!("P1M"), json!(""), json!(7), json!(null), json!("P99999999999999999999D")]
    {
        let refused = seller.post("/sandbox/clock", &json!({"advance": advance})).await;
        refused.refused();
        assert_eq!(refused.status, 400, "{advance}");
    }
    assert_eq!(seller.post("/sandbox/clock", &json!({"advance": "P4000D"})).await.status, 400);
    for body in [json!({}), json!([]), json!("P7D")] {
        assert_eq!(seller.post("/sandbox/clock", &body).await.status, 400, "{body}");
    }
    assert_eq!(seller.advance("PT0S").await["done"], 0);
}

#[tokio::test]
async fn two_at_once_move_it_twice() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let start = seller.get("/sandbox/clock").await.expect(200);
    tokio::join!(seller.advance("P1D"), seller.advance("P1D"));
    let end = seller.get("/sandbox/clock").await.expect(200);
    assert!(now(&end) - now(&start) >= 48 * HOUR);
}

#[tokio::test]
async fn a_moved_clock_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let moved = app.seller(Site::MLB).advance("P100D").await;
    app.close().await;
    let app = TestApp::in_directory(directory.path()).await;
    let later = app.seller(Site::MLB).get("/sandbox/clock").await.expect(200);
    assert!(now(&later) >= now(&moved), "{later} {moved}");
    app.close().await;
}
