//! `POST /sandbox/payments/{id}/{act}`

use crate::payment_shape::assert_is_payment;
use crate::test_app::TestApp;
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::{Value, json};

fn ended(payment: &Value) -> (&str, &str) {
    assert_is_payment(payment);
    (payment["status"].as_str().unwrap(), payment["status_detail"].as_str().unwrap())
}

#[tokio::test]
async fn what_is_undecided_is_decided() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let approved = seller.act(&seller.pay_by_card("CONT").await, "approve").await.expect(200);
    assert_eq!(ended(&approved), ("approved", "accredited"));
    let rejected = seller.act(&seller.pay_by_card("CONT").await, "reject").await.expect(200);
    assert_eq!(ended(&rejected), ("rejected", "cc_rejected_other_reason"));
    let payment = seller.pay_by_card("CONT").await;
    let path = format!("/sandbox/payments/{}/reject", payment["id"]);
    let refused = seller.post(&path, &json!({"status_detail": "accredited"})).await;
    assert_snapshot!(refused.refused(), @r#"400 {"message":"Params Error: status_detail is not one of rejected's","error":"bad_request","status":400,"cause":[{"code":1,"description":"Params Error","data":"<when>;<request>"}]}"#);
    let rejected = seller.post(&path, &json!({"status_detail": "cc_rejected_high_risk"})).await.expect(200);
    assert_eq!(ended(&rejected), ("rejected", "cc_rejected_high_risk"));
}

#[tokio::test]
async fn a_buyers_bank_declines_and_time_runs_out() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let rejected = seller.act(&seller.pix().await, "reject").await.expect(200);
    assert_eq!(ended(&rejected), ("rejected", "bank_rejected"));
    let expired = seller.act(&seller.pix().await, "expire").await.expect(200);
    assert_eq!(ended(&expired), ("cancelled", "expired"));
}

#[tokio::test]
async fn a_chargeback_is_won_or_lost() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for (act, detail) in [("win_chargeback", "reimbursed"), ("lose-chargeback", "settled")] {
        let payment = seller.pay_by_card("APRO").await;
        let opened = seller.act(&payment, "charge_back").await.expect(200);
        assert_eq!(ended(&opened), ("charged_back", "in_process"));
        assert_eq!(seller.act(&payment, "charge_back").await.code(), 2018);
        let refused = seller.post(&format!("/v1/payments/{}/refunds", payment["id"]), &json!({})).await;
        assert_eq!(refused.code(), 2063, "held money is not refunded");
        let closed = seller.act(&payment, act).await.expect(200);
        assert_eq!(ended(&closed), ("charged_back", detail));
        assert_eq!(seller.act(&payment, act).await.code(), 2018);
    }
}

#[tokio::test]
async fn an_act_that_does_not_fit_is_refused() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let card = seller.pay_by_card("APRO").await;
    for act in [
        "pay",
        "approve",
        "reject",
        "win_chargeback",
        "lose_chargeback",
        "confirm_challenge",
        "fail_challenge",
    ] {
        let refused = seller.act(&card, act).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, 2018), "{act}");
    }
    let pix = seller.pix().await;
    for act in ["charge_back", "confirm_challenge"] {
        assert_eq!(seller.act(&pix, act).await.code(), 2018, "{act}");
    }
    assert_snapshot!(seller.act(&pix, "teleport").await.refused(), @r#"404 {"message":"no such act: pay, expire, approve, reject, charge_back, win_chargeback, lose_chargeback, confirm_challenge or fail_challenge","error":"not_found","status":404,"cause":[]}"#);
    assert_eq!(seller.act(&json!({"id": 1}), "pay").await.code(), 2000);
    assert_eq!(app.seller(Site::MLA).act(&pix, "pay").await.code(), 2000, "another seller's");
}

#[tokio::test]
async fn live_payments_are_left_alone() {
    let app = TestApp::new().await;
    let live = app.live_seller(Site::MLB);
    let payment = live.pay_by_card("APRO").await;
    let refused = live.act(&payment, "charge_back").await;
    assert_snapshot!(refused.refused(), @r#"403 {"message":"the sandbox acts on test payments alone: use a test credential","error":"forbidden","status":403,"cause":[],"code":"forbidden"}"#);
    assert_eq!(live.post("/sandbox/clock", &json!({"advance": "P1D"})).await.status, 403);
    assert_eq!(live.get("/sandbox/clock").await.status, 403);
    assert_eq!(app.seller(Site::MLB).act(&payment, "charge_back").await.code(), 2000);
}

#[tokio::test]
async fn the_ledger_balances_after_all_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    for site in [Site::MLB, Site::MLA, Site::MCO] {
        let seller = app.seller(site);
        for act in ["charge_back", "win_chargeback", "lose_chargeback"] {
            let payment = seller.pay_by_card_with("APRO", json!({"application_fee": 7})).await;
            seller.act(&payment, "charge_back").await.expect(200);
            if act != "charge_back" {
                seller.advance("P3D").await;
                seller.act(&payment, act).await.expect(200);
            }
            let refunds = format!("/v1/payments/{}/refunds", seller.pay_by_card("APRO").await["id"]);
            seller.post(&refunds, &json!({"amount": 33})).await.expect(201);
            seller.advance("P40D").await;
            // Perhaps there is not enough left for it after the chargebacks: then it is refused, not overdrawn.
            let refund = seller.post(&refunds, &json!({})).await;
            assert!(refund.status == 201 || refund.code() == 2031, "{}", refund.text());
        }
    }
    let place = app.place(directory.path());
    app.close().await;
    let source = pasarela_engine::upkeep::Source::Store(place);
    let examination = pasarela_engine::upkeep::examine(&source).await.unwrap();
    assert!(examination.is_sound(), "{examination:#?}");
}
