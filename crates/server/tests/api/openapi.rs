//! `/openapi.json` and `/docs`: the description tells the truth about the routes.

use crate::test_app::{PUBLIC_URL, TestApp, pix_body, seed, with};
use axum::http::Method;
use pasarela_domain::payment::request;
use pasarela_domain::site::Site;
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn document() -> Value {
    TestApp::new().await.stranger().get("/openapi.json").await.expect(200)
}

#[tokio::test]
async fn the_document_is_well_formed_openapi_3_1() {
    let document = document().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    assert_eq!(document["servers"][0]["url"], PUBLIC_URL);
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    let mut operation_ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with('/'), "{path}");
        let placeholders: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(["get", "post", "put", "delete"].contains(&method.as_str()), "{name}");
            assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{name}");
            assert!(
                operation_ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
                "{name}: twice"
            );
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_path: BTreeSet<&str> = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| {
                    assert_eq!(parameter["required"], true, "{name}");
                    parameter["name"].as_str().unwrap()
                })
                .collect();
            assert_eq!(in_path, placeholders, "{name}");
            for parameter in &parameters {
                assert!(["path", "query", "header"].contains(&parameter["in"].as_str().unwrap()), "{name}");
                assert!(parameter["schema"].is_object() && parameter["description"].is_string(), "{name}");
            }
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{name}");
            for (status, response) in responses {
                assert!(
                    status.parse::<u16>().is_ok_and(|status| (200..600).contains(&status)),
                    "{name} {status}"
                );
                assert!(response["description"].is_string(), "{name} {status}");
            }
            for requirement in operation["security"].as_array().unwrap_or_else(|| panic!("{name}: security"))
            {
                for scheme in requirement.as_object().unwrap().keys() {
                    assert!(schemes.contains_key(scheme), "{name}: {scheme}");
                }
            }
        }
    }
    check_references(&document, &document);
}

/// Every `$ref` leads somewhere.
fn check_references(value: &Value, document: &Value) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            members.values().for_each(|inner| check_references(inner, document));
        }
        Value::Array(items) => items.iter().for_each(|inner| check_references(inner, document)),
        _ => {}
    }
}

#[tokio::test]
async fn every_described_route_is_there_and_every_route_is_described() {
    let app = TestApp::new().await;
    let document = document().await;
    let described: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let expected: BTreeSet<String> = [
        "POST /platforms/pci/yape/v1/payment",
        "POST /v1/card_tokens",
        "GET /v1/card_tokens/{id}",
        "PUT /v1/card_tokens/{id}",
        "GET /v1/card_tokens",
        "GET /v1/applications",
        "POST /v1/applications",
        "GET /v1/applications/{id}",
        "PUT /v1/applications/{id}",
        "DELETE /v1/applications/{id}",
        "GET /v1/applications/{id}/credentials",
        "POST /v1/applications/{id}/credentials",
        "GET /v1/applications/{id}/shares",
        "POST /v1/applications/{id}/shares",
        "DELETE /v1/applications/{id}/shares/{user_id}",
        "GET /applications/{id}",
        "GET /plugins-credentials-wrapper/credentials",
        "GET /pasarela/audit",
        "POST /sandbox/applications/{id}/activation",
        "POST /oauth/token",
        "POST /oauth/revoke",
        "GET /v1/policies",
        "PUT /v1/policies",
        "POST /users/test_user",
        "GET /v1/pix_keys",
        "POST /v1/pix_keys",
        "DELETE /v1/pix_keys/{id}",
        "POST /v1/devices/widgets",
        "POST /v1/payment_methods/track_error",
        "GET /v1/identification_types",
        "GET /v1/payment_methods",
        "GET /v1/payment_methods/search",
        "GET /v1/payment_methods/card_issuers",
        "GET /v1/payment_methods/installments",
        "GET /v1/payment_methods/deals",
        "GET /pasarela/bricks/payments/{id}",
        "GET /pasarela/bricks/saved_cards",
        "GET /pasarela/bricks/preferences/{id}",
        "GET /sites/{site}/payment_methods",
        "GET /item_categories",
        "GET /currency_conversions/search",
        "POST /v1/customers",
        "GET /v1/customers/search",
        "GET /v1/customers/{id}",
        "PUT /v1/customers/{id}",
        "DELETE /v1/customers/{id}",
        "GET /v1/customers/{id}/cards",
        "POST /v1/customers/{id}/cards",
        "GET /v1/customers/{id}/cards/{card_id}",
        "PUT /v1/customers/{id}/cards/{card_id}",
        "DELETE /v1/customers/{id}/cards/{card_id}",
        "POST /checkout/preferences",
        "GET /checkout/preferences/search",
        "GET /checkout/preferences/{id}",
        "PUT /checkout/preferences/{id}",
        "POST /merchant_orders",
        "GET /merchant_orders/search",
        "GET /merchant_orders/{id}",
        "PUT /merchant_orders/{id}",
        "POST /v1/payments",
        "GET /v1/payments/search",
        "GET /v1/payments/{id}",
        "PUT /v1/payments/{id}",
        "GET /v1/payments/{id}/refunds",
        "POST /v1/payments/{id}/refunds",
        "GET /v1/payments/{id}/refunds/{refund_id}",
        "GET /v1/quality/rules",
        "GET /v1/quality/rules/{id}",
        "GET /v1/quality/gate",
        "GET /v1/applications/{id}/quality/measurements",
        "POST /v1/applications/{id}/quality/measurements",
        "GET /v1/applications/{id}/quality/measurements/{measurement_id}",
        "GET /v1/applications/{id}/going-live",
        "PUT /v1/applications/{id}/going-live",
        "POST /v1/applications/{id}/going-live/checks",
        "GET /users/me",
        "GET /pasarela/branding",
        "PUT /pasarela/branding",
        "GET /pasarela/webhooks",
        "PUT /pasarela/webhooks",
        "POST /pasarela/webhooks/secret",
        "POST /pasarela/webhooks/resume",
        "POST /pasarela/webhooks/simulate",
        "GET /pasarela/webhooks/stream",
        "GET /pasarela/webhooks/deliveries",
        "GET /pasarela/webhooks/deliveries/{id}",
        "POST /pasarela/webhooks/deliveries/{id}/resend",
        "POST /pasarela/webhooks/deliveries/{id}/answer",
        "POST /sandbox/payments/{id}/{act}",
        "GET /sandbox/clock",
        "POST /sandbox/clock",
        "GET /sandbox/counters",
        "GET /sandbox/wallet",
        "POST /sandbox/wallet/money",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(described, expected);
    for route in described {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path
            .replace("/rules/{id}", "/rules/CHP-001")
            .replace("{id}", "1")
            .replace("{measurement_id}", "1")
            .replace("{refund_id}", "1")
            .replace("{act}", "pay")
            .replace("{site}", "MLB")
            // A stream ends when it was told to.
            .replace("/stream", "/stream?seconds=0");
        let method: Method = method.parse().unwrap();
        let answer = app.seller(Site::MLB).call(method, &path).send().await;
        assert_ne!(answer.status, 405, "{route}");
        assert!(!answer.text().contains("resource not found"), "{route}");
    }
}

#[tokio::test]
async fn who_may_not_is_answered_as_described() {
    let document = document().await;
    let app = TestApp::new().await;
    let public_key = app.bearer(&seed(Site::MLB).test.public_key);
    for (path, item) in document["paths"].as_object().unwrap() {
        let target = path
            .replace("/rules/{id}", "/rules/CHP-001")
            .replace("{id}", "1")
            .replace("{measurement_id}", "1")
            .replace("{refund_id}", "1")
            .replace("{act}", "pay")
            .replace("{site}", "MLB");
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let ways = operation["security"].as_array().unwrap();
            if ways.contains(&json!({})) {
                // An empty request for a token is refused for what it lacks.
                let expected =
                    if matches!(path.as_str(), "/oauth/token" | "/oauth/revoke") { 400 } else { 200 };
                let status = app.stranger().call(method, &target).send().await.status;
                assert_eq!(status, expected, "{path} is for everybody");
                continue;
            }
            let takes_public_keys = ways.iter().any(|way| way.get("public_key").is_some());
            let (other, expected) = match takes_public_keys {
                // It is asked what a key is: one that is nothing is unknown like any other.
                true if path.starts_with("/plugins") => (app.stranger().call(method.clone(), &target), 401),
                true => {
                    (app.stranger().call(method.clone(), &format!("{target}?public_key=TEST-unknown")), 400)
                }
                false => (public_key.call(method.clone(), &target), 403),
            };
            let nobody = app.stranger().call(method.clone(), &target);
            for (answer, expected) in [(nobody.send().await, 401), (other.send().await, expected)] {
                assert_eq!(answer.status.as_u16(), expected, "{method} {path}: {}", answer.text());
                let described = &operation["responses"][expected.to_string()]["content"]["application/json"];
                assert_eq!(described["schema"]["$ref"], "#/components/schemas/ApiError", "{method} {path}");
            }
        }
    }
}

/// What would be filtered without being described: whoever reads the description would look in vain for it.
#[tokio::test]
async fn a_described_filter_of_the_search_filters_and_no_other_does() {
    let document = document().await;
    let described: BTreeSet<&str> = document["paths"]["/v1/payments/search"]["get"]["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect();
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    seller.pix().await;
    let filters: BTreeSet<&str> = described
        .iter()
        .filter(|name| {
            !["sort", "criteria", "range", "begin_date", "end_date", "limit", "offset"].contains(name)
        })
        .copied()
        .collect();
    for filter in &filters {
        let page = seller.get(&format!("/v1/payments/search?{filter}=7")).await.expect(200);
        assert_eq!(page["paging"]["total"], 0, "{filter}");
    }
    let payment = seller.pix().await;
    for member in payment.as_object().unwrap().keys().filter(|member| !filters.contains(member.as_str())) {
        // The older spelling of `collector.id`.
        if member != "collector_id" {
            let page = seller.get(&format!("/v1/payments/search?{member}=7")).await.expect(200);
            assert_eq!(page["paging"]["total"], 2, "{member}");
        }
    }
}

/// The described members of a request are the ones that its reader knows: neither list can drift alone.
#[tokio::test]
async fn a_described_request_is_the_request_that_is_read() {
    let document = document().await;
    let described = |schema: &str| -> BTreeSet<String> {
        document["components"]["schemas"][schema]["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let known: BTreeSet<String> = request::known_members().map(str::to_owned).collect();
    assert_eq!(described("PaymentRequest"), known);
    // What is described for a change is taken, and nothing else is.
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let pix = seller.pix().await;
    for member in described("PaymentChangeRequest") {
        let answer = seller.put(&format!("/v1/payments/{}", pix["id"]), &json!({member.clone(): []})).await;
        assert_ne!(answer.code(), 8, "{member}");
    }
    for member in known {
        let answer = seller.post("/v1/payments", &with(pix_body(), json!({member.clone(): {"x": 1}}))).await;
        let text = answer.text();
        assert!(!text.contains(&format!("[{member}]")), "{member}: {text}");
    }
}

#[tokio::test]
async fn a_described_answer_is_the_answer() {
    let document = document().await;
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payment = seller.pay_by_card("APRO").await;
    let refund = seller
        .post(&format!("/v1/payments/{}/refunds", payment["id"]), &json!({"amount": 1}))
        .await
        .expect(201);
    let token = seller.get(&format!("/v1/card_tokens/{}", seller.card_token("APRO").await)).await.expect(200);
    let customer = seller.customer("ana@testuser.com").await;
    let card = seller.saved_card(&customer, "APRO").await;
    for (schema, body) in [
        ("Payment", &payment),
        ("Payment", &seller.pix().await),
        ("Refund", &refund),
        ("CardToken", &token),
        ("Customer", &seller.customer_now(&customer).await),
        ("SavedCard", &card),
    ] {
        let schema = &document["components"]["schemas"][schema];
        let properties = schema["properties"].as_object().unwrap();
        for name in body.as_object().unwrap().keys() {
            assert!(properties.contains_key(name), "{name} is answered and not described");
        }
        for required in schema["required"].as_array().unwrap() {
            assert!(
                body.get(required.as_str().unwrap()).is_some(),
                "{required} is described and not answered"
            );
        }
    }
}

#[tokio::test]
async fn the_page_shows_every_operation() {
    let document = document().await;
    let page = TestApp::new().await.stranger().get("/docs").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    let html = page.text();
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(html.contains(path.as_str()), "{path}");
    }
}
