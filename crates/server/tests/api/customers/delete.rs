//! `DELETE /v1/customers/{id}`

use crate::test_app::{TestApp, with};
use axum::http::Method;
use pasarela_domain::site::Site;
use serde_json::json;

#[tokio::test]
async fn the_customer_is_answered_once_more_and_is_gone() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = seller.customer("ana@testuser.com").await;
    seller.saved_card(&made, "APRO").await;
    let now = seller.customer_now(&made).await;
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    assert_eq!(app.seller(Site::MLA).delete(&path).await.status.as_u16(), 404);
    let deleted = seller.delete(&path).await.expect(200);
    assert_eq!(deleted, with(now, json!({"status": "deactive"})));
    assert_eq!(seller.get(&path).await.status.as_u16(), 404);
    assert_eq!(seller.get(&format!("{path}/cards")).await.status.as_u16(), 404);
    assert_eq!(seller.delete(&path).await.status.as_u16(), 404);

    let again = seller.customer("ana@testuser.com").await;
    assert_eq!(again["user_id"], made["user_id"], "the same user");
    assert_ne!(again["id"], made["id"], "another customer");
    assert_eq!(seller.get(&path).await.status.as_u16(), 404);
}

#[tokio::test]
async fn a_repeated_deletion_under_its_key_succeeds_again() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = seller.customer("ana@testuser.com").await;
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    let delete = || seller.call(Method::DELETE, &path).key("k").send();
    delete().await.expect(200);
    let again = delete().await.expect(200);
    assert_eq!((&again["id"], &again["status"]), (&made["id"], &json!("deactive")));
}
