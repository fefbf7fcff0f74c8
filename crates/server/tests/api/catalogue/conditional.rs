//! `ETag`, `If-None-Match`, `Cache-Control` of the catalogue's answers.

use crate::test_app::TestApp;
use axum::http::Method;
use pasarela_domain::site::Site;

const LISTS: [&str; 8] = [
    "/v1/payment_methods",
    "/v1/payment_methods/search?bins=50314332",
    "/v1/payment_methods/card_issuers?payment_method_id=master",
    "/v1/payment_methods/installments?payment_method_id=master&amount=100",
    "/v1/payment_methods/installments?payment_method_id=master",
    "/v1/identification_types",
    "/sites/MLB/payment_methods",
    "/item_categories",
];

#[tokio::test]
async fn who_has_an_answer_is_not_sent_it_again() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for path in LISTS {
        let first = seller.get(path).await;
        first.expect(200);
        let etag = first.header("etag").to_owned();
        assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 16, "{path}: {etag}");
        assert!(first.header("cache-control").starts_with("private, "), "{path}");
        assert!(first.header("vary").contains("Authorization"), "{path}");
        for tags in [etag.clone(), format!("\"other\", {etag}"), format!("W/{etag}"), "*".to_owned()] {
            let again = seller.call(Method::GET, path).header("if-none-match", &tags).send().await;
            assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0), "{path} {tags}");
            assert_eq!(again.header("etag"), etag);
        }
        let other = seller.call(Method::GET, path).header("if-none-match", "\"other\"").send().await;
        assert_eq!(other.expect(200), first.json(), "{path}");
        // Another credential of the same site gets the same.
        assert_eq!(app.browser(Site::MLB).get(path).await.header("etag"), etag, "{path}");
    }
}

#[tokio::test]
async fn another_site_has_another_tag() {
    let app = TestApp::new().await;
    for path in LISTS.iter().filter(|path| !path.starts_with("/sites/") && !path.starts_with("/item")) {
        let one = app.seller(Site::MLB).get(path).await;
        let other = app.seller(Site::MLA).get(path).await;
        assert_ne!(one.header("etag"), other.header("etag"), "{path}");
    }
}

#[tokio::test]
async fn a_refusal_has_no_tag_and_is_not_kept() {
    let app = TestApp::new().await;
    let refused = app.seller(Site::MLM).get("/v1/identification_types").await;
    assert_eq!((refused.status.as_u16(), refused.header("etag")), (404, ""));
}
