//! `POST /v1/payments` in instalments: issuers' prices and campaigns, and who pays for them.

use crate::cards::{Card, card_numbered, with_check_digit};
use crate::payment_shape::assert_is_payment;
use crate::test_app::{Client, TestApp, with};
use pasarela_domain::site::Site;
use serde_json::{Value, json};

/// A Friday.
const FRIDAY: &str = "2026-11-27T12:00:00-03:00";

/// A Visa of Argentina whose BIN tells no issuer.
fn unknown_visa() -> Card {
    card_numbered(Site::MLA, &with_check_digit("411111012345678"))
}

async fn pay(seller: &Client, card: &Card, members: Value) -> Value {
    let body =
        with(seller.card_payment("APRO").await, json!({"token": seller.card_token_of(card, "APRO").await}));
    let payment = seller.post("/v1/payments", &with(body, members)).await.expect(201);
    assert_is_payment(&payment);
    payment
}

fn fee(payment: &Value, kind: &str) -> Option<(String, String)> {
    let fees = payment["fee_details"].as_array().unwrap();
    let found = fees.iter().find(|fee| fee["type"] == kind)?;
    Some((found["amount"].to_string(), found["fee_payer"].as_str().unwrap().to_owned()))
}

#[tokio::test]
async fn the_issuer_that_the_buyer_names_decides_the_price_unless_the_card_tells_another() {
    let app = TestApp::at(FRIDAY).await;
    let seller = app.seller(Site::MLA);
    let total = async |card: &Card, issuer: Value| {
        let payment = pay(&seller, card, json!({"installments": 12, "issuer_id": issuer})).await;
        payment["transaction_details"]["total_paid_amount"].to_string()
    };
    assert_eq!(total(&unknown_visa(), json!(null)).await, "1379.6");
    assert_eq!(total(&unknown_visa(), json!("331")).await, "1421.1");
    assert_eq!(total(&unknown_visa(), json!(331)).await, "1421.1", "a number is the same");
    let santander = card_numbered(Site::MLA, "4509953566233704");
    assert_eq!(total(&santander, json!("331")).await, "1379.6", "nobody gets another bank's prices");
}

#[tokio::test]
async fn an_issuers_campaign_costs_neither_buyer_nor_seller_and_holds_on_its_days() {
    let app = TestApp::at("2026-11-26T12:00:00-03:00").await;
    let seller = app.seller(Site::MLA);
    let shown = async || {
        let path = "/v1/payment_methods/installments?payment_method_id=visa&issuer.id=303&amount=1000";
        let answer = app.browser(Site::MLA).get(path).await.expect(200);
        answer[0]["payer_costs"][1].clone()
    };
    let thursday = shown().await;
    assert_eq!(thursday["installment_rate"].to_string(), "0");
    assert_eq!(thursday["reimbursement_rate"].to_string(), "20");
    assert_eq!(thursday["labels"], json!(["CFT_0,00%|TEA_0,00%"]));
    assert_eq!(thursday["recommended_message"], "3 cuotas de $ 333,33 ($ 1.000,00)");
    let members = json!({"installments": 3, "issuer_id": "303"});
    let payment = pay(&seller, &unknown_visa(), members.clone()).await;
    assert_eq!(payment["transaction_details"]["total_paid_amount"].to_string(), "1000");
    assert_eq!(payment["transaction_details"]["installment_amount"].to_string(), "333.33");
    assert_eq!(fee(&payment, "financing_fee"), None);
    seller.advance("P1D").await;
    assert_eq!(shown().await["labels"], json!(["CFT_87,82%|TEA_69,00%"]), "on Friday it is over");
    let payment = pay(&seller, &unknown_visa(), members).await;
    assert_eq!(payment["transaction_details"]["total_paid_amount"].to_string(), "1109.7");
}

#[tokio::test]
async fn a_seller_that_joins_pays_for_instalments_without_interest() {
    let app = TestApp::at(FRIDAY).await;
    let seller = app.seller(Site::MLB);
    let card = crate::cards::card_of(Site::MLB);
    let payment = pay(&seller, &card, json!({"installments": 3, "differential_pricing_id": 30055})).await;
    let details = &payment["transaction_details"];
    assert_eq!(details["total_paid_amount"].to_string(), "100");
    assert_eq!(fee(&payment, "financing_fee"), Some(("5.5".to_owned(), "collector".to_owned())));
    // 100.00 less 4.49 % and 5.50.
    assert_eq!(details["net_received_amount"].to_string(), "90.01");
    assert_eq!(payment["differential_pricing_id"], 30055);
    // Half of it back is half of everything back, and then the rest.
    let refunds = format!("/v1/payments/{}/refunds", payment["id"]);
    let half = seller.post(&refunds, &json!({"amount": 50})).await.expect(201);
    assert_eq!(half["amount_refunded_to_payer"].to_string(), "50");
    seller.post(&refunds, &json!({})).await.expect(201);
    let refunded = seller.payment(&payment["id"]).await;
    assert_eq!(refunded["status"], "refunded");
    for charge in refunded["charges_details"].as_array().unwrap() {
        assert_eq!(charge["amounts"]["original"], charge["amounts"]["refunded"], "{charge}");
    }
    // Who joins nothing has the market's price.
    let payment = pay(&seller, &card, json!({"installments": 3, "differential_pricing_id": 7})).await;
    assert_eq!(fee(&payment, "financing_fee"), Some(("9.73".to_owned(), "payer".to_owned())));
}

#[tokio::test]
async fn what_the_seller_takes_off_the_price_is_never_charged() {
    let app = TestApp::at(FRIDAY).await;
    let seller = app.seller(Site::MLB);
    let card = crate::cards::card_of(Site::MLB);
    let path =
        "/v1/payment_methods/installments?payment_method_id=visa&amount=100&differential_pricing_id=30056";
    let shown = app.browser(Site::MLB).get(path).await.expect(200);
    let shown = &shown[0]["payer_costs"][0];
    assert_eq!(
        (shown["discount_rate"].to_string(), shown["total_amount"].to_string()),
        ("10".into(), "90".into())
    );
    let payment = pay(&seller, &card, json!({"differential_pricing_id": 30056})).await;
    assert_eq!(payment["transaction_amount"].to_string(), "100");
    assert_eq!(payment["coupon_amount"].to_string(), "10");
    assert_eq!(payment["transaction_details"]["total_paid_amount"].to_string(), "90");
    assert_eq!(fee(&payment, "coupon_fee"), Some(("10".to_owned(), "collector".to_owned())));
    assert_eq!(payment["transaction_details"]["net_received_amount"].to_string(), "85.51");
    let refund =
        seller.post(&format!("/v1/payments/{}/refunds", payment["id"]), &json!({})).await.expect(201);
    assert_eq!(refund["amount_refunded_to_payer"].to_string(), "90");
    // Of a reserve a part is taken at the same terms.
    let reserve = pay(&seller, &card, json!({"differential_pricing_id": 30056, "capture": false})).await;
    let body = json!({"capture": true, "transaction_amount": 40});
    let captured = seller.put(&format!("/v1/payments/{}", reserve["id"]), &body).await.expect(200);
    assert_eq!(captured["transaction_details"]["total_paid_amount"].to_string(), "36");
    assert_eq!(captured["coupon_amount"].to_string(), "4");
}

#[tokio::test]
async fn a_first_instalment_that_is_deferred_changes_the_cost_and_is_charged_as_shown() {
    let app = TestApp::at(FRIDAY).await;
    let path = "/v1/payment_methods/installments?payment_method_id=visa&issuer.id=287&amount=1000";
    let shown = app.browser(Site::MLA).get(path).await.expect(200);
    let six = &shown[0]["payer_costs"][2];
    assert_eq!(six["installments"], 6);
    assert_eq!(six["installment_rate"].to_string(), "32.47");
    let label = six["labels"][0].as_str().unwrap();
    assert!(label.ends_with("|TEA_69,00%") && label != "CFT_87,36%|TEA_69,00%", "{label}");
    let members = json!({"installments": 6, "issuer_id": "287"});
    let payment = pay(&app.seller(Site::MLA), &unknown_visa(), members).await;
    assert_eq!(payment["transaction_details"]["total_paid_amount"], six["total_amount"]);
}

#[tokio::test]
async fn a_payment_that_names_the_plan_it_was_shown_is_held_to_it() {
    let app = TestApp::at("2026-11-26T12:00:00-03:00").await;
    let seller = app.seller(Site::MLA);
    let shown = async |query: &str| {
        let path = format!("/v1/payment_methods/installments?amount=1000&{query}");
        app.browser(Site::MLA).get(&path).await.expect(200)[0]["payer_costs"].clone()
    };
    let answer = async |members: Value| {
        let token = seller.card_token_of(&unknown_visa(), "APRO").await;
        let body =
            with(seller.card_payment("APRO").await, json!({"token": token, "transaction_amount": 1000}));
        seller.post("/v1/payments", &with(body, members)).await
    };
    // A form that lets the buyer choose the bank shows each bank's plans; on Thursdays this bank has a campaign.
    let of_bank = shown("payment_method_id=visa&issuer.id=303").await;
    let three = &of_bank[1];
    assert_eq!(three["installments"], 3);
    let plan = |option: &Value, installments: u32, issuer: Value| json!({"payment_method_option_id": option, "installments": installments, "issuer_id": issuer});
    let option = &three["payment_method_option_id"];
    answer(plan(option, 3, json!("303"))).await.expect(201);
    for mismatch in [
        plan(option, 6, json!("303")),
        plan(option, 3, json!("310")),
        plan(option, 3, json!(null)),
        plan(&json!("1.AQokEXAMPLE"), 3, json!("303")),
    ] {
        let refused = answer(mismatch.clone()).await.expect(400);
        assert_eq!(refused["cause"][0]["code"], 4033, "{mismatch}");
    }
    // Whose card it is the number tells: nobody needs to say it.
    let by_bin = shown("bin=450995").await;
    let token = seller.card_token_of(&card_numbered(Site::MLA, "4509953566233704"), "APRO").await;
    let named = json!({"token": token, "payment_method_option_id": by_bin[0]["payment_method_option_id"]});
    answer(named).await.expect(201);
    // A seller's campaign is part of the plan.
    let joined = shown("payment_method_id=visa&issuer.id=310&differential_pricing_id=30054").await;
    let joined = plan(&joined[1]["payment_method_option_id"], 3, json!("310"));
    assert_eq!(answer(joined.clone()).await.expect(400)["cause"][0]["code"], 4033);
    answer(with(joined, json!({"differential_pricing_id": 30054}))).await.expect(201);
    // On Friday the campaign of Thursdays is over, and with it what was shown.
    seller.advance("P1D").await;
    assert_eq!(answer(plan(option, 3, json!("303"))).await.expect(400)["cause"][0]["code"], 4033);
    // What is no card has no plans.
    let pix = json!({"transaction_amount": 10, "payment_method_id": "pix", "payment_method_option_id": "x",
                     "payer": {"email": "buyer@testuser.com"}});
    app.seller(Site::MLB).post("/v1/payments", &pix).await.expect(201);
}
