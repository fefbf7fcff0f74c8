//! `/v1/quality` and `/v1/applications/{id}/quality`: an integration is measured, mended, and measured again.

use crate::cards::card_of;
use crate::test_app::{Client, PAYER, TestApp, seed, with};
use axum::http::Method;
use pasarela_domain::site::Site;
use serde_json::{Value, json};

fn measurements(site: Site) -> String {
    format!("/v1/applications/{}/quality/measurements", seed(site).application.id)
}

async fn measure(seller: &Client, payment: &Value) -> Value {
    seller.post(&measurements(seller.site), &json!({"payment_id": payment["id"]})).await.expect(201)
}

/// What the rule with this name found.
fn action<'r>(report: &'r Value, name: &str) -> &'r Value {
    let aspects = report["aspects"].as_array().unwrap();
    let mut actions = aspects.iter().flat_map(|aspect| aspect["actions"].as_array().unwrap());
    actions.find(|action| action["name"] == name).unwrap_or_else(|| panic!("{name} is not in {report}"))
}

/// A token as the library's frames make it.
async fn typed_in_secure_fields(browser: &Client) -> Value {
    let call = browser.call(Method::POST, "/v1/card_tokens?js_version=2.0.0");
    let call = call.header("sec-fetch-site", "same-origin").header("origin", "null");
    call.json(&card_of(browser.site).token_request("APRO")).send().await.expect(201)["id"].clone()
}

/// A payment to which nothing is to be added.
async fn well_made(app: &TestApp, reference: &str) -> Value {
    let (seller, browser) = (app.seller(Site::MLB), app.browser(Site::MLB));
    let body = json!({
        "transaction_amount": 100, "token": typed_in_secure_fields(&browser).await, "installments": 1, "issuer_id": 25,
        "statement_descriptor": "GUITARS", "external_reference": reference, "notification_url": "https://shop.example/hooks",
        "payer": {"email": PAYER, "identification": {"type": "CPF", "number": "19119119100"}},
        "additional_info": {
            "items": [{"id": "G-1", "title": "Guitar", "description": "Cedar", "category_id": "musical", "quantity": 1,
                       "unit_price": 100}],
            "payer": {"first_name": "Ana", "last_name": "Luz", "phone": {"area_code": "11", "number": "987654321"},
                      "address": {"zip_code": "01310-100", "street_name": "Av. Paulista"}},
        },
    });
    let call = seller.call(Method::POST, "/v1/payments").json(&body);
    call.header("x-product-id", "BC32B6NTRPP001U8NHKG")
        .header("x-meli-session-id", "armor.1")
        .send()
        .await
        .expect(201)
}

#[tokio::test]
async fn what_is_missing_is_named_mended_and_measured_again() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let report = measure(&seller, &seller.pay_by_card("APRO").await).await;
    assert_eq!((&report["product"], &report["environment"]), (&json!("checkout_api"), &json!("test")));
    assert_eq!((&report["status"], &report["measurement_type"]), (&json!("not_approved"), &json!("manual")));
    for (name, missing) in [
        ("device_id", "header: X-meli-session-id"),
        ("item_title", "payment: additional_info.items"),
        ("external_reference", "payment: external_reference"),
        ("back_end_sdk", "header: X-Product-Id"),
        ("web_front_end_sdk", "page: script src \u{2026}/js/v2"),
        ("issuer_id", "payment: issuer_id"),
    ] {
        let action = action(&report, name);
        assert_eq!((&action["result"], &action["missing"]), (&json!("failed"), &json!(missing)), "{name}");
        assert!(action["remedy"]["pt"].is_string() && action["points"] == 0, "{name}");
    }
    assert_eq!(action(&report, "web_front_end_sdk")["evidence"], "the card token was made by a server");
    let mended = measure(&seller, &well_made(&app, "order-1").await).await;
    assert_eq!((&mended["score"], &mended["status"]), (&json!(100), &json!("approved")), "{mended:#}");
    assert_eq!(action(&mended, "secure_form")["evidence"], "card token: made by secure fields");
    let history = seller.get(&measurements(Site::MLB)).await.expect(200);
    let scores: Vec<_> = history["results"].as_array().unwrap().iter().map(|r| r["score"].clone()).collect();
    assert_eq!(scores, [json!(100), report["score"].clone()]);
    let one = seller.get(&format!("{}/{}", measurements(Site::MLB), report["id"])).await.expect(200);
    assert_eq!(one, report);
    let foreign = seller.pay_by_card_with("APRO", json!({"issuer_id": 24})).await;
    let seen = action(&measure(&seller, &foreign).await, "issuer_id")["evidence"].clone();
    assert_eq!(seen, "the card's first digits are none of this issuer's", "a Visa is none of Mastercard's");
}

#[tokio::test]
async fn a_reference_that_comes_again_is_no_reference() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let first = well_made(&app, "order-1").await;
    well_made(&app, "order-1").await;
    let found = measure(&seller, &first).await;
    let action = action(&found, "external_reference");
    assert_eq!(action["evidence"], "another approved payment of the last 30 days has the same");
}

#[tokio::test]
async fn a_payment_of_a_preference_is_measured_by_its_preference() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let offer = json!({"items": [{"title": "Guitar", "quantity": 1, "unit_price": 100, "category_id": "photography"}]});
    let call = seller.call(Method::POST, "/checkout/preferences").json(&offer);
    let preference = call.header("user-agent", "MercadoPago Python SDK v2.2.3").send().await.expect(201);
    let order =
        seller.post("/merchant_orders", &json!({"preference_id": preference["id"]})).await.expect(201);
    let paid =
        seller.pay_by_card_with("APRO", json!({"order": {"id": order["id"], "type": "mercadopago"}})).await;
    let report = measure(&seller, &paid).await;
    assert_eq!(report["product"], "checkout_pro");
    assert_eq!(action(&report, "item_quantity")["result"], "passed");
    assert_eq!(action(&report, "back_urls")["missing"], "preference: back_urls.success");
    assert_eq!(
        action(&report, "item_category_id")["evidence"],
        "`photography` is not in GET /item_categories"
    );
    assert_eq!(action(&report, "back_end_sdk")["evidence"], "headers: Python SDK");
    // The same without naming it, and by the other product's rules.
    let newest = seller.post(&measurements(Site::MLB), &json!({"product": "checkout_pro"})).await.expect(201);
    assert_eq!(newest["payment_id"], paid["id"]);
    assert_eq!(seller.post(&measurements(Site::MLB), &json!({"product": "checkout_api"})).await.status, 404);
    let other = with(json!({"payment_id": paid["id"]}), json!({"product": "checkout_bricks"}));
    assert_eq!(seller.post(&measurements(Site::MLB), &other).await.expect(201)["product"], "checkout_bricks");
}

#[tokio::test]
async fn refusals_tell_what_the_missing_data_may_have_cost() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    seller.pay_by_card("FUND").await;
    let refused = seller.pay_by_card("OTHE").await;
    seller.pay_by_card("APRO").await;
    let report = measure(&seller, &refused).await;
    let effect = &action(&report, "device_id")["effect"];
    assert_eq!((&effect["refused"], &effect["refused_without"]), (&json!(2), &json!(2)));
    assert_eq!((&effect["approved"], &effect["approved_without"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn counts_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let workers = tokio::spawn({
        let engine = app.engine.clone();
        async move { engine.run_workers(Vec::new(), stopped).await }
    });
    let seller = app.seller(Site::MLB);
    let payment = seller.pay_by_card("APRO").await;
    seller.post(&format!("/v1/payments/{}/refunds", payment["id"]), &json!({"amount": 1})).await.expect(201);
    let before = measure(&seller, &payment).await;
    assert_eq!(action(&before, "refunds_api")["result"], "passed", "what is not written yet counts, too");
    stop.send(true).unwrap();
    workers.await.unwrap();
    app.close().await;
    let app = TestApp::in_directory(directory.path()).await;
    let after = measure(&app.seller(Site::MLB), &payment).await;
    assert_eq!(action(&after, "refunds_api")["evidence"], action(&before, "refunds_api")["evidence"]);
    assert_eq!(action(&after, "cancellation_api")["result"], "failed");
    app.close().await;
}

#[tokio::test]
async fn a_measurement_holds_nothing_personal() {
    let app = TestApp::new().await;
    let payment = well_made(&app, "order-1").await;
    let report = measure(&app.seller(Site::MLB), &payment).await.to_string();
    for personal in ["Ana", "Luz", "19119119100", "987654321", "Paulista", "01310", PAYER, "armor", "503143"]
    {
        assert!(!report.contains(personal), "{personal}");
    }
}

#[tokio::test]
async fn nobody_measures_what_is_not_theirs() {
    let app = TestApp::new().await;
    let (seller, other) = (app.seller(Site::MLB), app.seller(Site::MLA));
    let payment = seller.pay_by_card("APRO").await;
    let body = json!({"payment_id": payment["id"]});
    assert_eq!(other.post(&measurements(Site::MLB), &body).await.status, 404);
    assert_eq!(other.post(&measurements(Site::MLA), &body).await.status, 404);
    assert_eq!(app.live_seller(Site::MLB).post(&measurements(Site::MLB), &body).await.status, 404);
    assert_eq!(app.stranger().post(&measurements(Site::MLB), &body).await.status, 401);
    assert_eq!(app.browser(Site::MLB).post(&measurements(Site::MLB), &body).await.status, 401);
    let report = measure(&seller, &payment).await;
    let path = format!("{}/{}", measurements(Site::MLB), report["id"]);
    assert_eq!(other.get(&path).await.status, 404);
    assert_eq!(
        app.live_seller(Site::MLB).get(&measurements(Site::MLB)).await.expect(200),
        json!({"results": []})
    );
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_says_why() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let path = measurements(Site::MLB);
    for (body, error) in [
        (json!({"payment_id": -1}), "invalid_payment_id"),
        (json!({"payment_id": 1.5}), "invalid_payment_id"),
        (json!({"payment_id": {"id": 1}}), "invalid_payment_id"),
        (json!({"product": "all"}), "invalid_product"),
        (json!({"product": 7}), "invalid_product"),
    ] {
        assert_eq!(seller.post(&path, &body).await.expect(400)["error"], error, "{body}");
    }
    assert_eq!(seller.post(&path, &json!({})).await.status, 404, "there is no payment yet");
    assert_eq!(seller.post(&path, &json!({"payment_id": 9_007_199_254_740_991_i64})).await.status, 404);
    assert_eq!(seller.get("/v1/applications/x/quality/measurements").await.status, 404);
    assert_eq!(seller.get(&format!("{path}/0")).await.status, 404);
}

#[tokio::test]
async fn every_rule_can_be_read_and_has_a_page() {
    let app = TestApp::new().await;
    let stranger = app.stranger();
    let all = stranger.get("/v1/quality/rules").await.expect(200);
    let rules = all.as_array().unwrap();
    for rule in rules {
        let id = rule["id"].as_str().unwrap();
        assert_eq!(stranger.get(&format!("/v1/quality/rules/{id}")).await.expect(200), *rule);
        let page = stranger.get(&format!("/quality/rules/{id}?locale=pt")).await;
        assert_eq!(page.status, 200);
        let text = page.text();
        assert!(
            text.contains("Por que importa") && text.contains("Antes") && text.contains("Depois"),
            "{id}"
        );
    }
    let of_one = stranger.get("/v1/quality/rules?product=checkout_pro").await.expect(200);
    let points: u64 = of_one.as_array().unwrap().iter().map(|rule| rule["points"].as_u64().unwrap()).sum();
    assert_eq!(points, 100);
    assert_eq!(stranger.get("/v1/quality/rules?product=x").await.expect(400)["error"], "invalid_product");
    assert_eq!(stranger.get("/v1/quality/rules/CHP-999").await.status, 404);
    assert_eq!(stranger.get("/quality/rules/CHP-999").await.status, 404);
    assert!(stranger.get("/quality/rules?locale=es").await.text().contains("CHP-001"));
}
