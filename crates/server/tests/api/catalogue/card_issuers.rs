//! `GET /v1/payment_methods/card_issuers`

use crate::test_app::TestApp;
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::json;

#[tokio::test]
async fn issuers_have_text_ids_and_nothing_of_our_own_data() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLA);
    let listed =
        browser.get("/v1/payment_methods/card_issuers?payment_method_id=master&bin=503175").await.expect(200);
    let issuers = listed.as_array().unwrap();
    assert!(!issuers.is_empty());
    for issuer in issuers {
        assert!(issuer["id"].is_string() && issuer["name"].is_string(), "{issuer}");
        assert!(issuer["thumbnail"].is_string() && issuer["secure_thumbnail"].is_string());
        assert_eq!(issuer["processing_mode"], "aggregator");
        assert!(issuer["merchant_account_id"].is_null());
        assert!(issuer.as_object().unwrap().keys().all(|name| !name.starts_with("x_")), "{issuer}");
    }
    let without_bin =
        browser.get("/v1/payment_methods/card_issuers?payment_method_id=master").await.expect(200);
    assert!(without_bin.as_array().unwrap().len() >= issuers.len());
    let unknown =
        browser.get("/v1/payment_methods/card_issuers?payment_method_id=goldcoins&bin=503175").await;
    assert_eq!(unknown.expect(200), json!([]));
    let refused = browser.get("/v1/payment_methods/card_issuers").await;
    assert_snapshot!(refused.refused(), @r#"400 {"message":"Payment_method_id attribute can't be null","error":"bad_request","status":400,"cause":[{"code":4001,"description":"Payment_method_id attribute can't be null","data":"<when>;<request>"}]}"#);
}
