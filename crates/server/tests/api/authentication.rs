//! Who may call what, and what everybody else is told; and what every answer carries.

use crate::cards::card_of;
use crate::test_app::{Answer, Client, TestApp, seed, with};
use axum::http::{Method, StatusCode};
use insta::assert_snapshot;
use pasarela_domain::site::{SITES, Site};
use serde_json::json;

/// What an access token alone opens.
const PRIVATE: &[(Method, &str)] = &[
    (Method::POST, "/v1/payments"),
    (Method::GET, "/v1/payments/search"),
    (Method::GET, "/v1/payments/1"),
    (Method::PUT, "/v1/payments/1"),
    (Method::GET, "/v1/payments/1/refunds"),
    (Method::POST, "/v1/payments/1/refunds"),
    (Method::GET, "/v1/payments/1/refunds/1"),
    (Method::GET, "/users/me"),
    (Method::POST, "/sandbox/payments/1/pay"),
    (Method::GET, "/sandbox/clock"),
    (Method::POST, "/sandbox/clock"),
    (Method::GET, "/sandbox/counters"),
];

/// What a public key opens too.
const PUBLIC: &[(Method, &str)] = &[
    (Method::POST, "/v1/card_tokens"),
    (Method::GET, "/v1/card_tokens/x"),
    (Method::PUT, "/v1/card_tokens/x"),
    (Method::POST, "/platforms/pci/yape/v1/payment"),
    (Method::GET, "/v1/identification_types"),
    (Method::GET, "/v1/payment_methods"),
    (Method::GET, "/v1/payment_methods/search"),
    (Method::GET, "/v1/payment_methods/card_issuers?payment_method_id=visa"),
];

async fn ask(client: &Client, (method, path): &(Method, &str)) -> Answer {
    client.call(method.clone(), path).json(&json!({})).send().await
}

/// The one body that all these routes refuse with.
async fn refusal_everywhere(client: &Client, routes: &[(Method, &'static str)]) -> String {
    let mut all: Vec<String> = Vec::new();
    for route in routes {
        let refused = ask(client, route).await.refused();
        if all.last() != Some(&refused) {
            all.push(refused);
        }
    }
    all.join("\n")
}

#[tokio::test]
async fn nobody_gets_anywhere() {
    let app = TestApp::new().await;
    assert_snapshot!(refusal_everywhere(&app.stranger(), PRIVATE).await, @r#"401 {"message":"Must provide your access_token to proceed","error":"unauthorized","status":401,"cause":[{"code":5,"description":"Must provide your access_token to proceed","data":"<when>;<request>"}]}"#);
    assert_snapshot!(refusal_everywhere(&app.stranger(), PUBLIC).await, @r#"401 {"message":"The credentials are required","error":"unauthorized","status":401,"cause":[{"code":1000,"description":"The credentials are required","data":"<when>;<request>"}]}"#);
}

#[tokio::test]
async fn an_unknown_token_opens_nothing() {
    let app = TestApp::new().await;
    assert_snapshot!(refusal_everywhere(&app.bearer("invalid_access_token"), PRIVATE).await, @r#"401 {"message":"invalid access token","error":"unauthorized","status":401,"cause":[],"code":"unauthorized"}"#);
    assert_snapshot!(refusal_everywhere(&app.bearer("invalid_access_token"), PUBLIC).await, @r#"401 {"message":"invalid access token","error":"unauthorized","status":401,"cause":[],"code":"unauthorized"}"#);
    let token = &seed(Site::MLB).test.access_token;
    let changed = token.replacen('-', "_", 1);
    for wrong in
        [&token[..token.len() - 1], &format!("{token}0"), &changed, &token.to_lowercase(), &"x".repeat(5_000)]
    {
        assert_eq!(app.bearer(wrong).get("/users/me").await.status, 401, "{wrong:.80}");
    }
}

#[tokio::test]
async fn a_public_key_opens_only_what_a_page_needs() {
    let app = TestApp::new().await;
    let key = &seed(Site::MLB).test.public_key;
    assert_snapshot!(refusal_everywhere(&app.bearer(key), PRIVATE).await, @r#"403 {"message":"insufficient permissions","error":"forbidden","status":403,"cause":[],"code":"forbidden"}"#);
    // In the query it is no access token at all, on these routes.
    assert_snapshot!(refusal_everywhere(&app.browser(Site::MLB), PRIVATE).await, @r#"401 {"message":"Must provide your access_token to proceed","error":"unauthorized","status":401,"cause":[{"code":5,"description":"Must provide your access_token to proceed","data":"<when>;<request>"}]}"#);
    for route in PUBLIC {
        let answer = ask(&app.browser(Site::MLB), route).await;
        assert!(!matches!(answer.status.as_u16(), 401 | 403), "{route:?}: {}", answer.text());
    }
    let unknown = app.stranger().get("/v1/payment_methods?public_key=TEST-0d9c").await;
    assert_snapshot!(unknown.refused(), @r#"400 {"message":"Public_key not found","error":"bad_request","status":400,"cause":[{"code":1001,"description":"Public_key not found","data":"<when>;<request>"}]}"#);
}

#[tokio::test]
async fn credentials_are_taken_wherever_clients_put_them() {
    let app = TestApp::new().await;
    let (token, key) = (&seed(Site::MLB).test.access_token, &seed(Site::MLB).test.public_key);
    let stranger = app.stranger();
    stranger.get(&format!("/users/me?access_token={token}")).await.expect(200);
    for bearer in [format!("Bearer {token}"), format!("bearer {token}"), format!("BEARER  {token} ")] {
        stranger.call(Method::GET, "/users/me").header("authorization", &bearer).send().await.expect(200);
    }
    stranger.get(&format!("/v1/payment_methods?public_key={key}")).await.expect(200);
    stranger.call(Method::GET, "/v1/payment_methods").header("x-public-key", key).send().await.expect(200);
    // Both at once are seen in the wild; either one is enough.
    app.seller(Site::MLB).get(&format!("/v1/payment_methods?public_key={key}")).await.expect(200);
    app.seller(Site::MLB).get("/v1/payment_methods?public_key=unknown").await.expect(200);
    app.bearer("unknown").get(&format!("/v1/payment_methods?public_key={key}")).await.expect(200);
    for wrong in [token.clone(), format!("Basic {token}"), "Bearer".to_owned(), "Bearer ".to_owned()] {
        let answer = stranger.call(Method::GET, "/users/me").header("authorization", &wrong).send().await;
        assert_eq!(answer.status, 401, "{wrong:.20}");
    }
}

#[tokio::test]
async fn test_and_live_never_meet() {
    let app = TestApp::new().await;
    for site in SITES {
        let (test, live) = (app.seller(site), app.live_seller(site));
        let (one, other) = (test.pay_by_card("APRO").await, live.pay_by_card("APRO").await);
        assert_eq!((&one["live_mode"], &other["live_mode"]), (&json!(false), &json!(true)));
        assert_eq!(one["collector_id"], other["collector_id"], "one seller, two worlds");
        for (client, foreign) in [(&test, &other), (&live, &one)] {
            let path = format!("/v1/payments/{}", foreign["id"]);
            assert_eq!(client.get(&path).await.code(), 2000);
            assert_eq!(client.put(&path, &json!({"capture": true})).await.code(), 2000);
            assert_eq!(client.post(&format!("{path}/refunds"), &json!({})).await.code(), 2000);
        }
    }
}

#[tokio::test]
async fn well_known_credentials_open_nothing_outside_development() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let payment = app.seller(Site::MLB).pay_by_card("APRO").await;
    app.close().await;

    let app = TestApp::in_production(directory.path()).await;
    for site in SITES {
        for client in [app.seller(site), app.live_seller(site)] {
            assert_eq!(client.get(&format!("/v1/payments/{}", payment["id"])).await.status, 401, "{site}");
            assert_eq!(
                client.post("/v1/card_tokens", &card_of(site).token_request("APRO")).await.status,
                401
            );
        }
        assert!(app.browser(site).get("/v1/payment_methods").await.status.is_client_error());
    }
    let home = app.stranger().get("/").await.text();
    let docs = app.stranger().get("/docs").await.text();
    for site in SITES {
        assert!(!home.contains(&seed(site).test.public_key) && !docs.contains(&seed(site).test.access_token));
    }
    app.close().await;
}

#[tokio::test]
async fn pages_of_any_origin_may_call_what_a_public_key_opens() {
    let app = TestApp::new().await;
    for (method, path) in PUBLIC {
        let preflight = app
            .stranger()
            .call(Method::OPTIONS, path)
            .header("origin", "http://localhost:3000")
            .header("access-control-request-method", method.as_str())
            .header("access-control-request-headers", "content-type,x-product-id")
            .send()
            .await;
        assert!(preflight.status.is_success(), "{path}: {}", preflight.status);
        assert_eq!(preflight.header("access-control-allow-origin"), "*");
        let methods = preflight.header("access-control-allow-methods");
        assert!(["GET", "POST", "PUT"].iter().all(|method| methods.contains(method)), "{methods}");
        let headers = preflight.header("access-control-allow-headers").to_lowercase();
        for needed in ["content-type", "accept", "x-product-id", "authorization", "x-meli-session-id"] {
            assert!(headers.contains(needed), "{needed}");
        }
        // The answer too, refusals included: a page must be able to read why.
        for client in [app.browser(Site::MLB), app.stranger()] {
            assert_eq!(
                ask(&client, &(method.clone(), path)).await.header("access-control-allow-origin"),
                "*",
                "{path}"
            );
        }
    }
    for route in PRIVATE {
        let answer = ask(&app.seller(Site::MLB), route).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{route:?} is for servers");
    }
}

#[tokio::test]
async fn every_answer_carries_the_callers_request_id_or_one_of_its_own() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for path in [
        "/users/me",
        "/v1/payments/1",
        "/nowhere",
        "/",
        "/docs",
        "/openapi.json",
        "/health",
        "/payments/1/ticket",
    ] {
        let mine = "3191d71e-86e6-481a-b218-977c0f01b14f";
        let answer = seller.call(Method::GET, path).header("x-request-id", mine).send().await;
        assert_eq!(answer.header("x-request-id"), mine, "{path}");
        let answer = seller.get(path).await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
        for odd in ["x", "a b c d e f g h", "<script>alert(1)</script>", &"x".repeat(1_000)] {
            let answer = seller.call(Method::GET, path).header("x-request-id", odd).send().await;
            assert_ne!(answer.header("x-request-id"), odd, "{path}");
        }
    }
    let (one, other) = (seller.get("/users/me").await, seller.get("/users/me").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[tokio::test]
async fn what_is_not_there_is_told_in_the_apis_own_shape() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    assert_snapshot!(seller.get("/v1/nowhere").await.refused(), @r#"404 {"message":"resource not found","error":"not_found","status":404,"cause":[]}"#);
    assert_snapshot!(seller.call(Method::DELETE, "/v1/payments/1").send().await.refused(), @r#"405 {"message":"method not allowed","error":"method_not_allowed","status":405,"cause":[]}"#);
    assert_snapshot!(seller.call(Method::DELETE, "/v1/card_tokens/1").send().await.refused(), @r#"405 {"message":"method not allowed","error":"method_not_allowed","status":405,"cause":[]}"#);
    assert_eq!(seller.get("/v1/payments").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_path_may_end_with_a_slash() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller.pay_by_card("APRO").await;
    let path = format!("/v1/payments/{}", payment["id"]);
    assert_eq!(seller.get(&format!("{path}/")).await.expect(200), payment);
    assert_eq!(seller.get(&format!("{path}/refunds/?x=1")).await.expect(200), json!([]));
    seller.post(&format!("{path}/refunds/"), &json!({"amount": 1})).await.expect(201);
    assert_eq!(app.stranger().get(&format!("{path}/")).await.status, 401, "and is as closed as without");
    for nowhere in ["/", "//", "/v1//payments", &"/".repeat(5_000), &format!("{path}{}", "/".repeat(5_000))] {
        let answer = seller.get(&format!("/nowhere{nowhere}")).await;
        assert_eq!(answer.status, 404, "{nowhere:.40}");
    }
}

#[tokio::test]
async fn a_head_request_is_a_get_without_its_body() {
    let app = TestApp::new().await;
    let answer = app.seller(Site::MLB).call(Method::HEAD, "/users/me").send().await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_seller_of_one_site_sees_its_own_market_alone() {
    let app = TestApp::new().await;
    for site in SITES {
        let body = with(app.seller(site).card_payment("APRO").await, json!({}));
        let payment = app.seller(site).post("/v1/payments", &body).await.expect(201);
        assert_eq!(payment["currency_id"], site.currency().code());
    }
}
