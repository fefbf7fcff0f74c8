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

#[tokio::test]
async fn scripts_are_sent_compressed_to_who_takes_it() {
    let app = TestApp::new().await;
    let client = app.stranger();
    for path in ["/js/v2", "/v2/security.js", "/secure-fields/v2/frame.js"] {
        let plain = client.get(path).await;
        assert_eq!(
            (plain.header("content-encoding"), plain.header("vary")),
            ("", "Accept-Encoding"),
            "{path}"
        );
        let packed = client.call(Method::GET, path).header("accept-encoding", "br, gzip;q=0.8").send().await;
        assert_eq!(packed.header("content-encoding"), "gzip", "{path}");
        assert!(packed.bytes.len() * 3 < plain.bytes.len() * 2, "{path}");
        assert_ne!(packed.header("etag"), plain.header("etag"), "{path}");
        let again = client
            .call(Method::GET, path)
            .header("accept-encoding", "gzip")
            .header("if-none-match", packed.header("etag"));
        assert_eq!(again.send().await.status, StatusCode::NOT_MODIFIED, "{path}");
        let refused = client.call(Method::GET, path).header("accept-encoding", "gzip;q=0").send().await;
        assert_eq!(refused.bytes, plain.bytes, "{path}");
    }
}

#[tokio::test]
async fn bricks_have_their_hash_in_their_name_and_an_older_one_leads_to_them() {
    let app = TestApp::new().await;
    let client = app.stranger();
    let library = client.get("/js/v2").await.text();
    let (_, rest) = library.split_once("/js/v2/bricks-").unwrap();
    let (hash, _) = rest.split_once(".js").unwrap();
    let current = client.get(&format!("/js/v2/bricks-{hash}.js")).await;
    assert_eq!(current.status, StatusCode::OK);
    assert_eq!(current.header("cache-control"), "public, max-age=31536000, immutable");
    let older = client.get("/js/v2/bricks-0123456789abcdef.js").await;
    assert_eq!(older.bytes, current.bytes);
    assert_eq!(older.header("cache-control"), "no-store");
    assert_eq!(client.get("/js/v2/other.js").await.status, StatusCode::NOT_FOUND);
}
