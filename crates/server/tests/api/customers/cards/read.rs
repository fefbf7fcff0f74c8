//! `GET /v1/customers/{id}/cards`, `GET /v1/customers/{id}/cards/{card_id}`

use crate::customers::{cards_of, place_of};
use crate::test_app::TestApp;
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::json;

#[tokio::test]
async fn cards_are_a_bare_array_and_each_is_read_alone() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    assert_eq!(seller.get(&cards_of(&customer)).await.expect(200), json!([]));
    let card = seller.saved_card(&customer, "APRO").await;
    assert_eq!(seller.get(&cards_of(&customer)).await.expect(200), json!([card]));
    assert_eq!(seller.get(&format!("{}/", cards_of(&customer))).await.expect(200), json!([card]));
    assert_eq!(seller.get(&place_of(&card)).await.expect(200), card);
}

#[tokio::test]
async fn what_is_not_the_customers_is_not_found() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let card = seller.saved_card(&customer, "APRO").await;
    let other = seller.customer("eva@testuser.com").await;
    let path = format!("{}/{}", cards_of(&other), card["id"].as_str().unwrap());
    let refused = seller.get(&path).await;
    assert_snapshot!(refused.refused(), @r#"404 {"message":"card not found","error":"not_found","status":404,"cause":[]}"#);
    assert_eq!(seller.get(&format!("{}/x", cards_of(&customer))).await.refused(), refused.refused());
    assert_eq!(app.seller(Site::MLA).get(&place_of(&card)).await.status.as_u16(), 404);
    assert_eq!(app.live_seller(Site::MLB).get(&cards_of(&customer)).await.status.as_u16(), 404);
}
