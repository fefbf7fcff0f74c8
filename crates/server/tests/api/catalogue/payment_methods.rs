//! `GET /v1/payment_methods`

use crate::test_app::{PUBLIC_URL, TestApp};
use pasarela_domain::site::SITES;
use serde_json::Value;
use std::collections::BTreeSet;

const FILE: &str = include_str!("../../../../domain/data/payment_methods.json");

#[tokio::test]
async fn every_site_lists_its_own_methods_member_by_member() {
    let app = TestApp::new().await;
    let data: Value = serde_json::from_str(FILE).unwrap();
    for site in SITES {
        let listed = app.browser(site).get("/v1/payment_methods").await.expect(200);
        assert_eq!(listed, app.seller(site).get("/v1/payment_methods?locale=es-AR").await.expect(200));
        let listed = listed.as_array().unwrap();
        // What nobody can sell is not offered.
        let is_active = |method: &&Value| method["status"] == "active";
        let expected: Vec<&Value> = data[site.id()].as_array().unwrap().iter().filter(is_active).collect();
        assert_eq!(listed.len(), expected.len(), "{site}");
        for (method, expected) in listed.iter().zip(expected) {
            let name = format!("{site} {}", expected["id"]);
            let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(members(method), members(expected), "{name}");
            for (member, value) in expected.as_object().unwrap() {
                if member.ends_with("thumbnail") {
                    let url = method[member].as_str().unwrap();
                    assert_eq!(url, format!("{PUBLIC_URL}/logos/{}", value.as_str().unwrap()), "{name}");
                } else {
                    assert_eq!(number_free(&method[member]), number_free(value), "{name} {member}");
                }
            }
            assert!(method["settings"].is_array(), "{name}: settings are a list");
            assert!(method["accreditation_time"].is_i64() && method["min_allowed_amount"].is_number());
            for institution in method["financial_institutions"].as_array().unwrap() {
                assert!(institution["id"].is_string(), "{name}: strict decoders read a string");
            }
        }
    }
}

/// Numbers by their value: 60000.0 and 60000 are the same.
fn number_free(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::String(format!("{}", number.as_f64().unwrap())),
        Value::Array(items) => items.iter().map(number_free).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, inner)| (name.clone(), number_free(inner))).collect())
        }
        other => other.clone(),
    }
}
