//! `GET /v1/payment_methods/installments`

use crate::cards::{card_of, cards};
use crate::test_app::{Client, PUBLIC_URL, TestApp};
use insta::assert_snapshot;
use pasarela_domain::site::{SITES, Site};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A Friday, on which no campaign of a weekday holds.
const FRIDAY: &str = "2026-11-27T12:00:00-03:00";

async fn installments(client: &Client, query: &str) -> Value {
    client.get(&format!("/v1/payment_methods/installments?{query}")).await.expect(200)
}

fn costs(answer: &Value) -> &Vec<Value> {
    answer[0]["payer_costs"].as_array().unwrap()
}

#[tokio::test]
async fn a_price_of_argentina_is_the_documented_answer_member_by_member() {
    let app = TestApp::at(FRIDAY).await;
    let answer = installments(&app.browser(Site::MLA), "amount=1000&bin=450995&locale=es-AR").await;
    let logo = format!("{PUBLIC_URL}/logos/310.gif");
    let mut element = answer[0].clone();
    assert_eq!(answer.as_array().unwrap().len(), 1);
    let mut three = element["payer_costs"][1].clone();
    element["payer_costs"] = json!([]);
    let expected = json!({
        "payment_method_id": "visa", "payment_type_id": "credit_card",
        "issuer": {"id": "310", "name": "Banco Santander", "secure_thumbnail": logo, "thumbnail": logo},
        "processing_mode": "aggregator", "merchant_account_id": null, "payer_costs": [], "agreements": null,
    });
    assert_eq!(element, expected);
    let option = three["payment_method_option_id"].as_str().unwrap();
    assert!(option.starts_with("1.AQok"), "{option}");
    three["payment_method_option_id"] = json!("1.AQok");
    assert_snapshot!(three, @r#"{"installments":3,"installment_rate":10.97,"discount_rate":0,"reimbursement_rate":null,"labels":["CFT_87,82%|TEA_69,00%"],"installment_rate_collector":["MERCADOPAGO"],"min_allowed_amount":3,"max_allowed_amount":15000000,"payment_method_option_id":"1.AQok","recommended_message":"3 cuotas de $ 369,90 ($ 1.109,70)","installment_amount":369.9,"total_amount":1109.7}"#);
    let one = &costs(&answer)[0];
    assert_eq!(one["labels"], json!(["CFT_0,00%|TEA_0,00%"]));
    assert_eq!(one["recommended_message"], "1 cuota de $ 1.000,00 ($ 1.000,00)");
}

#[tokio::test]
async fn every_test_card_has_plans_with_both_credentials_and_debit_cards_have_one() {
    let app = TestApp::at(FRIDAY).await;
    for card in cards() {
        let amount = crate::test_app::usual_amount(card.site);
        for length in [6, 8] {
            let query =
                format!("amount={amount}&bin={}&payment_type_id=&js_version=2.0.0", &card.number[..length]);
            let answer = installments(&app.browser(card.site), &query).await;
            assert_eq!(installments(&app.seller(card.site), &query).await, answer);
            let element = &answer[0];
            assert_eq!(element["payment_type_id"], card.kind, "{card:?}");
            let costs = costs(&answer);
            assert_eq!(costs[0]["installments"], 1, "{card:?}");
            assert_eq!(costs.len() == 1, card.kind != "credit_card", "{card:?}");
            let numbers: Vec<u64> = costs.iter().map(|cost| cost["installments"].as_u64().unwrap()).collect();
            assert!(numbers.is_sorted(), "{numbers:?}");
            for cost in costs {
                assert!(cost["installment_rate_collector"].as_array().is_some_and(|list| !list.is_empty()));
                let is_label = |label: &Value| label.as_str().is_some_and(|text| text.starts_with("CFT_"));
                let labels = cost["labels"].as_array().unwrap();
                assert_eq!(labels.iter().any(is_label), card.site == Site::MLA, "{card:?}");
            }
        }
    }
}

#[tokio::test]
async fn without_an_amount_there_are_plans_and_no_prices() {
    let app = TestApp::at(FRIDAY).await;
    let answer = installments(&app.browser(Site::MLB), "bins=50314332").await;
    assert_eq!(costs(&answer).len(), 12);
    for cost in costs(&answer) {
        assert_eq!(cost["recommended_message"], cost["installments"].to_string());
        assert!(cost.get("installment_amount").is_none() && cost.get("total_amount").is_none());
    }
}

#[tokio::test]
async fn a_plan_is_shown_only_for_amounts_that_it_takes() {
    let app = TestApp::at(FRIDAY).await;
    let browser = app.browser(Site::MLB);
    let numbers = async |amount: &str| {
        let answer = installments(&browser, &format!("bin=50314332&amount={amount}")).await;
        costs(&answer).iter().map(|cost| cost["installments"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(numbers("9.99").await, [1]);
    assert_eq!(numbers("10").await, [1, 2]);
    assert_eq!(numbers("59.99").await, (1..=11).collect::<Vec<_>>());
    assert_eq!(numbers("60000.00").await.len(), 12);
}

#[tokio::test]
async fn what_is_no_amount_or_outside_the_methods_limits_is_an_invalid_amount() {
    let app = TestApp::at(FRIDAY).await;
    let browser = app.browser(Site::MLB);
    let asked = async |query: &str| browser.get(&format!("/v1/payment_methods/installments?{query}")).await;
    assert_snapshot!(asked("bin=50314332&amount=0").await.refused(), @r#"400 {"message":"invalid amount","error":"bad_request","status":400,"cause":[]}"#);
    for amount in ["-1", "abc", "1.001", "0.49", "60000.01", "NaN", "1e30", "1,5", "0x10"] {
        let answer = asked(&format!("bin=50314332&amount={amount}")).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["message"]),
            (400, &json!("invalid amount")),
            "{amount}"
        );
    }
    let chile = app.browser(Site::MLC);
    let answer = chile.get("/v1/payment_methods/installments?payment_method_id=visa&amount=5000.5").await;
    assert_eq!(answer.json()["message"], "invalid amount", "pesos of Chile have no decimals");
    assert_snapshot!(asked("amount=100").await.refused(), @r#"400 {"message":"Payment_method_id attribute can't be null","error":"bad_request","status":400,"cause":[{"code":4001,"description":"Payment_method_id attribute can't be null","data":"<when>;<request>"}]}"#);
}

#[tokio::test]
async fn each_parameter_narrows_the_answer_under_every_name_that_is_sent() {
    let app = TestApp::at(FRIDAY).await;
    let browser = app.browser(Site::MLA);
    for nothing in [
        "bin=999999&amount=1000",
        "bin=4509&amount=1000",
        "bin=450995&payment_type_id=debit_card&amount=1000",
        "bin=450995&processing_mode=gateway&amount=1000",
        "bin=450995&payment_method_id=master&amount=1000",
        "bin=450995&issuer.id=279&amount=1000",
        "payment_method_id=rapipago&amount=1000",
        "payment_method_id=goldcoins&amount=1000",
        "payment_method_id=visa&issuer.id=999&amount=1000",
        "payment_method_id=visa&issuer.id=abc&amount=1000",
    ] {
        assert_eq!(installments(&browser, nothing).await, json!([]), "{nothing}");
    }
    for issuer in ["issuer.id", "issuer_id", "cardIssuerId"] {
        for method in ["payment_method_id", "paymentMethodId"] {
            let query = format!("{method}=visa&{issuer}=331&amount=1000&processing_mode=aggregator");
            let answer = installments(&browser, &query).await;
            assert_eq!((answer.as_array().unwrap().len(), &answer[0]["issuer"]["id"]), (1, &json!("331")));
            // The rates that were observed, with the costs that were observed beside them to a hundredth.
            let labels: Vec<&str> =
                costs(&answer).iter().map(|cost| cost["labels"][0].as_str().unwrap()).collect();
            assert_eq!(
                labels,
                [
                    "CFT_0,00%|TEA_0,00%",
                    "CFT_87,82%|TEA_69,00%",
                    "CFT_86,72%|TEA_68,51%",
                    "CFT_97,84%|TEA_77,34%",
                    "CFT_98,26%|TEA_78,00%",
                ]
            );
        }
    }
    let answer = installments(&browser, "payment_method_id=visa&amount=1000").await;
    let ids: Vec<&str> =
        answer.as_array().unwrap().iter().map(|element| element["issuer"]["id"].as_str().unwrap()).collect();
    assert_eq!(ids[0], "310", "the default first");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[tokio::test]
async fn the_sentence_is_in_the_sites_words_or_in_those_that_were_asked_for() {
    let app = TestApp::at(FRIDAY).await;
    let sentence = async |site: Site, query: &str, at: usize| {
        let answer = installments(&app.browser(site), query).await;
        costs(&answer)[at]["recommended_message"].as_str().unwrap().to_owned()
    };
    let master = "payment_method_id=master";
    assert_eq!(
        sentence(Site::MLB, &format!("{master}&amount=1200"), 2).await,
        "3 parcelas de R$ 438,92 (R$ 1.316,76)"
    );
    assert_eq!(
        sentence(Site::MLB, &format!("{master}&amount=1200"), 1).await,
        "2 parcelas de R$ 648,84 (R$ 1.297,68)"
    );
    assert_eq!(
        sentence(Site::MLC, "payment_method_id=visa&amount=10500", 2).await,
        "3 cuotas de $ 3.500 ($ 10.500)"
    );
    assert_eq!(
        sentence(Site::MPE, "payment_method_id=visa&amount=105", 2).await,
        "3 cuotas de S/ 35.00 (S/ 105.00)"
    );
    let mla = "payment_method_id=visa&amount=1000&issuer.id=310";
    assert_eq!(
        sentence(Site::MLA, &format!("{mla}&locale=en-US"), 1).await,
        "3 installments of $ 369.90 ($ 1,109.70)"
    );
    assert_eq!(
        sentence(Site::MLA, &format!("{mla}&locale=pt-BR"), 1).await,
        "3 parcelas de $ 369,90 ($ 1.109,70)"
    );
    assert_eq!(
        sentence(Site::MLM, "payment_method_id=visa&amount=500", 0).await,
        "1 mensualidad de $ 500.00 ($ 500.00)"
    );
}

/// Every plan of every test card, paid: what was shown is what is charged, and no other number is taken.
#[tokio::test]
async fn what_was_shown_is_what_is_charged() {
    let app = TestApp::at(FRIDAY).await;
    let mut paid = 0;
    for site in SITES {
        let seller = app.seller(site);
        let card = card_of(site);
        let amount = crate::test_app::usual_amount(site) * 3;
        let query = format!("amount={amount}&bin={}", &card.number[..8]);
        let answer = installments(&app.browser(site), &query).await;
        let shown: BTreeSet<u64> =
            costs(&answer).iter().map(|cost| cost["installments"].as_u64().unwrap()).collect();
        for number in 1..=37 {
            // Rows of three markets are alike: a few of them say it.
            if shown.contains(&number) && number > 12 && number % 12 != 0 {
                continue;
            }
            let token = seller.card_token_of(&card, "APRO").await;
            let body = json!({
                "transaction_amount": amount, "token": token, "installments": number,
                "payer": {"email": crate::test_app::PAYER},
            });
            let response = seller.post("/v1/payments", &body).await;
            let Some(cost) = costs(&answer).iter().find(|cost| cost["installments"] == number) else {
                assert_eq!(response.code(), 4033, "{site} {number}");
                continue;
            };
            let payment = response.expect(201);
            let details = &payment["transaction_details"];
            assert_eq!(details["total_paid_amount"], cost["total_amount"], "{site} {number}");
            assert_eq!(details["installment_amount"], cost["installment_amount"], "{site} {number}");
            paid += 1;
        }
    }
    assert!(paid > 60, "{paid}");
}
