//! The browser library's files, as the server gives them. What they do is tested in Chromium, by `./test web`.

use crate::test_app::TestApp;
use axum::http::{Method, StatusCode};

#[tokio::test]
async fn the_library_is_at_every_address_that_pages_have_built_in() {
    let app = TestApp::new().await;
    let client = app.stranger();
    for path in ["/js/v2", "/js/v2/", "/js/v2?locale=es", "/v2", "/gama/js/v2"] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(answer.text().contains("MercadoPago"), "{path}");
    }
}

#[tokio::test]
async fn the_first_version_is_at_its_own_address_and_at_a_short_one() {
    let app = TestApp::new().await;
    for path in ["/sdk/javascript/v1/mercadopago.js", "/v1/mercadopago.js", "/v1/mercadopago.js?x=1"] {
        let answer = app.stranger().get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
        assert!(answer.text().contains("setPublishableKey"), "{path}");
    }
}

#[tokio::test]
async fn who_has_a_file_is_not_sent_it_again() {
    let app = TestApp::new().await;
    let client = app.stranger();
    for path in [
        "/js/v2",
        "/v1/mercadopago.js",
        "/v2/security.js",
        "/js/v2/integrity.json",
        "/secure-fields/v2",
        "/secure-fields/v2/frame.js",
        "/secure-fields/v2/frame.css",
    ] {
        let tag = client.get(path).await.header("etag").to_owned();
        let again = client.call(Method::GET, path).header("if-none-match", &tag).send().await;
        assert_eq!((again.status, again.text().as_ref()), (StatusCode::NOT_MODIFIED, ""), "{path}");
        let other = client.call(Method::GET, path).header("if-none-match", "\"other\"").send().await;
        assert_eq!(other.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn the_frame_may_load_and_call_its_own_origin_alone() {
    let app = TestApp::new().await;
    let frame = app.stranger().get("/secure-fields/v2").await;
    assert_eq!(
        frame.header("content-security-policy"),
        "default-src 'none'; base-uri 'none'; connect-src 'self'; form-action 'none'; script-src 'self'; style-src 'self'"
    );
    assert_eq!(frame.header("referrer-policy"), "no-referrer");
}
