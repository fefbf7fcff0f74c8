//! A seller's own policies, and where buyers see them.

use crate::panel::Browser;
use crate::test_app::TestApp;
use pasarela_domain::site::Site;
use serde_json::json;

#[tokio::test]
async fn buyers_see_what_the_seller_says_of_itself() {
    let app = TestApp::new().await;
    let seller = app.live_seller(Site::MLB);
    let said = seller.get("/v1/policies").await.expect(200);
    assert!(said.as_object().unwrap().values().all(serde_json::Value::is_null), "{said}");
    let preference = json!({"items": [{"title": "Mug", "quantity": 1, "unit_price": 10}]});
    let preference = app.seller(Site::MLB).post("/checkout/preferences", &preference).await.expect(201);
    let page =
        preference["init_point"].as_str().unwrap().trim_start_matches("http://pasarela.test").to_owned();
    assert!(!app.stranger().get(&page).await.text().contains("class=\"policies\""));
    let policies = json!({
        "terms_url": "https://loja.example/termos", "support_email": "oi@loja.example",
        "support_phone": "+55 11 95555-0100", "statement_descriptor": "LOJA*ANA",
    });
    seller.put("/v1/policies", &policies).await.expect(200);
    let shown = app.stranger().get(&page).await.text();
    for text in ["https://loja.example/termos", "mailto:oi@loja.example", "tel:+5511955550100"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    // A payment that says nothing carries it, one that says something its own.
    let ticket = |more: serde_json::Value| {
        let mut body = json!({"transaction_amount": 10, "payment_method_id": "pix", "payer": {"email": "b@testuser.com"}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let test = app.seller(Site::MLB);
    let paid = test.post("/v1/payments", &ticket(json!({}))).await.expect(201);
    assert_eq!(paid["statement_descriptor"], "LOJA*ANA");
    let paid = test.post("/v1/payments", &ticket(json!({"statement_descriptor": "MUGS"}))).await.expect(201);
    assert_eq!(paid["statement_descriptor"], "MUGS");
    let refused = seller.put("/v1/policies", &json!({"terms_url": "javascript:alert(1)"})).await.expect(400);
    assert_eq!(refused["error"], "invalid_policy");
    assert_eq!(app.seller(Site::MLB).put("/v1/policies", &json!({})).await.status, 403);
}

#[tokio::test]
async fn the_panel_changes_them() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    browser.log_in(Site::MLB).await;
    browser.get("/panel/policies").await;
    let saved = browser.post("/panel/policies", &[("support_email", "oi@loja.example")]).await;
    assert_eq!(saved.header("location"), "/panel/policies?done=saved");
    assert_eq!(
        app.live_seller(Site::MLB).get("/v1/policies").await.expect(200)["support_email"],
        "oi@loja.example"
    );
    let wrong = browser.post("/panel/policies", &[("support_email", "oi")]).await;
    assert_eq!(wrong.status, 400);
    browser.get("/panel/policies").await;
    let id = crate::test_app::seed(Site::MLB).application.id.to_string();
    let look = [("application", id.as_str()), ("name", "Loja <da> Ana"), ("color", "#0b5c57")];
    assert_eq!(browser.post("/panel/policies/branding", &look).await.status, 303);
    for seller in [app.seller(Site::MLB), app.live_seller(Site::MLB)] {
        assert_eq!(seller.get("/pasarela/branding").await.expect(200)["name"], "Loja <da> Ana");
    }
    assert!(browser.get("/panel/policies").await.text().contains("Loja &#60;da&#62; Ana"));
    let other = crate::test_app::seed(Site::MLA).application.id.to_string();
    assert_eq!(browser.post("/panel/policies/branding", &[("application", &other)]).await.status, 404);
    browser.get("/panel/policies").await;
    browser.post("/panel/policies", &[]).await;
    assert!(app.live_seller(Site::MLB).get("/v1/policies").await.expect(200)["support_email"].is_null());
}
