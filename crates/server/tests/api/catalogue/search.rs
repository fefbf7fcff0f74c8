//! `GET /v1/payment_methods/search`

use crate::cards::cards;
use crate::test_app::{Client, TestApp};
use insta::assert_snapshot;
use pasarela_domain::site::{SITES, Site};
use serde_json::{Value, json};

async fn search(client: &Client, query: &str) -> Value {
    client.get(&format!("/v1/payment_methods/search?{query}")).await.expect(200)
}

#[tokio::test]
async fn every_test_card_is_found_by_six_and_by_eight_digits_under_both_names() {
    let app = TestApp::new().await;
    for card in cards() {
        let browser = app.browser(card.site);
        let brand = if card.brand == "mastercard" { "master" } else { &card.brand };
        for query in [
            format!("bins={}", &card.number[..8]),
            format!(
                "bins={}&marketplace=NONE&status=active&processing_mode=aggregator&locale=pt-BR",
                &card.number[..6]
            ),
            format!("bin={}", &card.number[..6]),
        ] {
            let page = search(&browser, &query).await;
            let first = &page["results"][0];
            assert_eq!(first["payment_type_id"], card.kind, "{card:?} {query}");
            assert!(first["id"].as_str().unwrap().ends_with(brand), "{card:?}");
            assert_eq!(first["site_id"], card.site.id());
            let settings = &first["settings"][0];
            assert_eq!(settings["card_number"]["length"], card.number.len(), "{card:?}");
            assert_eq!(settings["security_code"]["length"], card.security_code.len(), "{card:?}");
            assert!(first["issuer"]["id"].is_i64() && first["issuer"]["name"].is_string(), "{card:?}");
            assert!(first["issuer"]["default"].is_boolean());
        }
    }
}

#[tokio::test]
async fn a_result_has_the_documented_members() {
    let app = TestApp::new().await;
    let page = search(&app.browser(Site::MLB), "bins=42356477").await;
    assert_eq!(page["paging"]["limit"], 30);
    let result = &page["results"][0];
    for (name, is_right) in [
        ("id", result["id"].is_string()),
        ("name", result["name"].is_string()),
        ("status", result["status"] == "active"),
        ("thumbnail", result["thumbnail"].is_string()),
        ("secure_thumbnail", result["secure_thumbnail"].is_string()),
        ("deferred_capture", result["deferred_capture"] == "supported"),
        ("additional_info_needed", result["additional_info_needed"].is_array()),
        ("financial_institutions", result["financial_institutions"].is_array()),
        ("accreditation_time", result["accreditation_time"].is_i64()),
        ("marketplace", result["marketplace"] == "NONE"),
        ("processing_mode", result["processing_mode"] == "aggregator"),
        ("merchant_account_id", result["merchant_account_id"].is_null()),
        ("min_accreditation_days", result["min_accreditation_days"].is_i64()),
        ("max_accreditation_days", result["max_accreditation_days"].is_i64()),
        ("labels", result["labels"].is_array()),
        ("agreements", result["agreements"].is_array()),
        ("bins", result["bins"].is_array()),
        ("total_financial_cost", result["total_financial_cost"].is_null()),
        ("financing_deals", result["financing_deals"].is_object()),
    ] {
        assert!(result.get(name).is_some() && is_right, "{name}: {result:#}");
    }
    let costs = result["payer_costs"].as_array().unwrap();
    assert!(costs.len() > 1 && costs[0]["installments"] == 1, "{costs:?}");
    for cost in costs {
        assert!(cost["installments"].is_i64() && cost["installment_rate"].is_number(), "{cost}");
        assert!(cost["discount_rate"].is_number() && cost["labels"].is_array(), "{cost}");
        assert!(cost["min_allowed_amount"].is_number() && cost["max_allowed_amount"].is_number(), "{cost}");
        assert!(cost["payment_method_option_id"].is_string(), "{cost}");
    }
}

#[tokio::test]
async fn an_unknown_number_finds_nothing_and_says_so_politely() {
    let app = TestApp::new().await;
    let page = search(&app.browser(Site::MLB), "bins=999999").await;
    assert_eq!(page, json!({"paging": {"total": 0, "limit": 30, "offset": 0}, "results": []}));
}

#[tokio::test]
async fn filters_and_pages_work_without_a_number() {
    let app = TestApp::new().await;
    for site in SITES {
        // What the library asks before it opens a checkout.
        let page = search(&app.browser(site), "limit=1&marketplace=NONE&status=active").await;
        assert_eq!(page["results"].as_array().unwrap().len(), 1);
        assert_eq!(page["results"][0]["site_id"], site.id());
        assert!(page["paging"]["total"].as_u64().unwrap() > 1);
    }
    let browser = app.browser(Site::MLB);
    let page = search(&browser, "payment_type_id=ticket&status=active").await;
    assert!(page["results"].as_array().unwrap().iter().all(|result| result["payment_type_id"] == "ticket"));
    let page = search(&browser, "id=pix").await;
    assert_eq!((&page["paging"]["total"], &page["results"][0]["id"]), (&json!(1), &json!("pix")));
    let page = search(&browser, "limit=5&offset=1000").await;
    assert_eq!(page["results"], json!([]));
}

#[tokio::test]
async fn nonsense_is_refused_or_finds_nothing() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    let refused = browser.get("/v1/payment_methods/search?limit=ten").await;
    assert_snapshot!(refused.refused(), @r#"400 {"message":"Number of rows exceeded the limits","error":"bad_request","status":400,"cause":[{"code":1000,"description":"Number of rows exceeded the limits","data":"<when>;<request>"}]}"#);
    assert_eq!(browser.get("/v1/payment_methods/search?offset=-1").await.code(), 1000);
    for query in
        ["bins=%00%FF", "bins=abc", "bins=abcdefgh", "bins=4", &format!("bins={}", "4".repeat(5_000))]
    {
        let page = search(&browser, query).await;
        assert_eq!(page["results"], json!([]), "{query:.40}");
    }
    assert!(search(&browser, "limit=99999999").await["results"].is_array());
}
