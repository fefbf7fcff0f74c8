//! `GET /v1/identification_types`

use crate::test_app::TestApp;
use insta::assert_snapshot;
use pasarela_domain::site::{SITES, Site};
use serde_json::Value;

const FILE: &str = include_str!("../../../../domain/data/identification_types.json");

#[tokio::test]
async fn every_site_lists_its_documents_in_order() {
    let app = TestApp::new().await;
    let data: Value = serde_json::from_str(FILE).unwrap();
    for site in SITES.into_iter().filter(|site| *site != Site::MLM) {
        let listed = app.browser(site).get("/v1/identification_types").await.expect(200);
        assert_eq!(listed, data[site.id()], "{site}");
        assert_eq!(app.seller(site).get("/v1/identification_types").await.expect(200), listed);
    }
}

#[tokio::test]
async fn mexico_has_none() {
    let app = TestApp::new().await;
    assert_snapshot!(app.browser(Site::MLM).get("/v1/identification_types").await.refused(), @r#"404 {"message":"Identification types not found","error":"not_found","status":404,"cause":[{"code":1004,"description":"Identification types not found","data":"<when>;<request>"}]}"#);
}
