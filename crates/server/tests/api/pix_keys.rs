//! Pix keys: without one that is proved, Pix is offered nowhere and paid nowhere, and it is said why.

use crate::panel::Browser;
use crate::test_app::{TestApp, pix_body};
use axum::http::Method;
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use regex::Regex;
use serde_json::{Value, json};

fn has_pix(methods: &Value) -> bool {
    methods.as_array().unwrap().iter().any(|method| method["id"] == "pix")
}

/// The code in the newest message.
fn last_code(app: &TestApp) -> String {
    let files = std::fs::read_dir(app.engine.outbox().expect("an outbox")).unwrap();
    let newest = files.map(|file| file.unwrap().path()).max().expect("a message");
    let message = std::fs::read_to_string(newest).unwrap();
    assert!(message.contains("To: ana@example.com\r\n"), "{message}");
    Regex::new(r"\b\d{6}\b").unwrap().find_iter(&message).last().expect("a code").as_str().to_owned()
}

async fn remove_all(app: &TestApp) {
    let seller = app.live_seller(Site::MLB);
    let keys = seller.get("/v1/pix_keys").await.expect(200);
    for key in keys["results"].as_array().unwrap() {
        let path = format!("/v1/pix_keys/{}", key["key"].as_str().unwrap());
        seller.call(Method::DELETE, &path).send().await.expect(200);
        assert_eq!(seller.call(Method::DELETE, &path).send().await.status, 404);
    }
}

#[tokio::test]
async fn without_a_key_pix_is_offered_nowhere_and_refused_with_the_reason() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    assert!(has_pix(&seller.get("/v1/payment_methods").await.expect(200)));
    let preference = json!({"items": [{"title": "Mug", "quantity": 1, "unit_price": 10}]});
    let preference = seller.post("/checkout/preferences", &preference).await.expect(201);
    let page =
        preference["init_point"].as_str().unwrap().trim_start_matches("http://pasarela.test").to_owned();
    assert!(app.stranger().get(&page).await.text().contains("method=pix"));

    remove_all(&app).await;
    assert!(!has_pix(&seller.get("/v1/payment_methods").await.expect(200)));
    let found = app.browser(Site::MLB).get("/v1/payment_methods/search?id=pix").await.expect(200);
    assert_eq!(found["results"], json!([]));
    assert!(!app.stranger().get(&page).await.text().contains("method=pix"));
    assert_snapshot!(seller.post("/v1/payments", &pix_body()).await.refused(), @r#"400 {"message":"Collector user without key enabled for QR render","error":"bad_request","status":400,"cause":[{"code":13253,"description":"Collector user without key enabled for QR render","data":"<when>;<request>"}]}"#);
    // The site's own list is nobody's, and other countries have no keys.
    assert!(has_pix(&app.stranger().get("/sites/MLB/payment_methods").await.expect(200)));
    app.seller(Site::MLA).get("/v1/payment_methods").await.expect(200);
    assert_eq!(app.live_seller(Site::MLA).post("/v1/pix_keys", &json!({"type": "evp"})).await.status, 400);

    let key = app.live_seller(Site::MLB).post("/v1/pix_keys", &json!({"type": "evp"})).await.expect(201);
    assert_eq!((&key["status"], &key["type"]), (&json!("active"), &json!("evp")));
    seller.post("/v1/payments", &pix_body()).await.expect(201);
    assert!(has_pix(&seller.get("/v1/payment_methods").await.expect(200)));
}

#[tokio::test]
async fn a_document_must_be_the_accounts_own() {
    let app = TestApp::new().await;
    let seller = app.live_seller(Site::MLB);
    let own = seller.get("/users/me").await.expect(200)["identification"]["number"].clone();
    let key = seller.post("/v1/pix_keys", &json!({"type": "cpf", "key": own})).await.expect(201);
    assert_eq!(key["key"], own);
    for (body, error) in [
        (json!({"type": "cpf", "key": own}), "invalid_pix_key"),
        (json!({"type": "cpf", "key": "19119119100"}), "invalid_pix_key"),
        (json!({"type": "cpf", "key": "1"}), "invalid_pix_key"),
        (json!({"type": "email", "key": "a@example.com"}), "invalid_pix_key"),
        (json!({}), "invalid_pix_key"),
    ] {
        let refused = seller.post("/v1/pix_keys", &body).await.expect(400);
        assert_eq!(refused["error"], error, "{body}");
    }
    assert_eq!(app.seller(Site::MLB).post("/v1/pix_keys", &json!({"type": "evp"})).await.status, 403);
    for _ in 0..18 {
        seller.post("/v1/pix_keys", &json!({"type": "evp"})).await.expect(201);
    }
    let refused = seller.post("/v1/pix_keys", &json!({"type": "evp"})).await.expect(400);
    assert_eq!(refused["error"], "too_many_pix_keys");
}

#[tokio::test]
async fn the_panel_registers_proves_and_deletes() {
    let app = TestApp::new().await;
    remove_all(&app).await;
    let mut browser = Browser::new(&app);
    browser.log_in(Site::MLB).await;
    assert!(browser.get("/panel/home").await.text().contains("Pix is not offered:"));
    browser.get("/panel/pix").await;
    let asked = browser.post("/panel/pix", &[("type", "email"), ("key", "Ana@Example.com")]).await;
    assert_eq!(asked.status, 303, "{}", asked.text());
    let seller = app.seller(Site::MLB);
    assert_eq!(seller.post("/v1/payments", &pix_body()).await.status, 400, "it is not proved yet");
    let code = last_code(&app);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    browser.get("/panel/pix").await;
    let said = browser.post("/panel/pix/prove", &[("key", "ana@example.com"), ("code", wrong)]).await;
    assert_eq!(said.status, 400);
    let said = browser.post("/panel/pix/prove", &[("key", "ana@example.com"), ("code", &code)]).await;
    assert_eq!(said.status, 303, "{}", said.text());
    seller.post("/v1/payments", &pix_body()).await.expect(201);
    browser.get("/panel/pix").await;
    browser.post("/panel/pix/delete", &[("key", "ana@example.com")]).await;
    assert_eq!(seller.post("/v1/payments", &pix_body()).await.status, 400);
    // Nobody guesses on with new codes by deleting the key.
    let messages = || std::fs::read_dir(app.engine.outbox().unwrap()).unwrap().count();
    let before = messages();
    browser.get("/panel/pix").await;
    let again = browser.post("/panel/pix", &[("type", "email"), ("key", "ana@example.com")]).await;
    assert_eq!((again.status.as_u16(), messages()), (429, before), "{}", again.text());
}
