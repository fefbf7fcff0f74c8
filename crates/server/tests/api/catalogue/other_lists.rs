//! `GET /sites/{site}/payment_methods`, `/item_categories`, `/currency_conversions/search`

use crate::test_app::TestApp;
use insta::assert_snapshot;
use pasarela_domain::site::{SITES, Site};
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn a_sites_methods_are_what_its_sellers_see_and_need_no_credential() {
    let app = TestApp::new().await;
    for site in SITES {
        let listed = app.stranger().get(&format!("/sites/{site}/payment_methods")).await.expect(200);
        assert_eq!(listed, app.seller(site).get("/v1/payment_methods").await.expect(200), "{site}");
        assert_eq!(
            app.browser(Site::MLB).get(&format!("/sites/{site}/payment_methods")).await.expect(200),
            listed
        );
    }
    assert_snapshot!(app.stranger().get("/sites/MLX/payment_methods").await.refused(), @r#"404 {"message":"Site not found","error":"not_found","status":404,"cause":[]}"#);
}

#[tokio::test]
async fn the_documented_categories_are_listed_with_a_description() {
    let app = TestApp::new().await;
    let listed = app.stranger().get("/item_categories").await.expect(200);
    let listed = listed.as_array().unwrap();
    let ids: BTreeSet<&str> = listed.iter().map(|category| category["id"].as_str().unwrap()).collect();
    assert_eq!((listed.len(), ids.len()), (23, 23));
    for id in ["art", "fashion", "travels", "virtual_goods", "others"] {
        assert!(ids.contains(id), "{id}");
    }
    assert!(
        listed.iter().all(|category| category["description"].as_str().is_some_and(|text| !text.is_empty()))
    );
    assert_eq!(listed[0].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn one_currency_is_told_in_another() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let convert = async |query: &str| seller.get(&format!("/currency_conversions/search?{query}")).await;
    assert_eq!(convert("from=USD&to=BRL").await.expect(200), json!({"ratio": 5.43}));
    assert_eq!(convert("from=BRL&to=BRL").await.expect(200), json!({"ratio": 1}));
    for site in SITES {
        let answer = convert(&format!("from=EUR&to={}", site.currency().code())).await.expect(200);
        assert!(answer["ratio"].as_f64().unwrap() > 0.0, "{site}");
    }
    assert_snapshot!(convert("from=USD&to=ZZZ").await.refused(), @r#"404 {"message":"currency conversion not found","error":"not_found","status":404,"cause":[]}"#);
    assert_snapshot!(convert("from=USD").await.refused(), @r#"400 {"message":"to is required","error":"bad_request","status":400,"cause":[]}"#);
    assert_eq!(app.stranger().get("/currency_conversions/search?from=USD&to=BRL").await.status, 401);
}
