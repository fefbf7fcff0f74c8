//! `PUT /v1/customers/{id}`

use crate::test_app::{TestApp, at_once, with};
use axum::http::Method;
use pasarela_domain::site::Site;
use serde_json::json;

#[tokio::test]
async fn what_is_said_changes_and_the_rest_stays() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = seller.customer("ana@testuser.com").await;
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    seller.advance("PT1H").await;
    let change = json!({"first_name": "Ana", "phone": {"number": "123"}, "email": "ana@testuser.com", "last_name": null});
    let changed = seller.put(&path, &change).await.expect(200);
    assert_ne!(changed["date_last_updated"], made["date_last_updated"]);
    let expected = with(
        made,
        json!({"first_name": "Ana", "phone": {"area_code": null, "number": "123"},
               "date_last_updated": changed["date_last_updated"].clone()}),
    );
    assert_eq!(changed, expected);
    assert_eq!(seller.customer_now(&changed).await, changed);
    let changed = seller.put(&path, &json!({"phone": {"area_code": "11"}})).await.expect(200);
    assert_eq!(changed["phone"], json!({"area_code": "11", "number": "123"}));
}

#[tokio::test]
async fn an_email_and_a_card_of_nobody_are_refused() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = seller.customer("ana@testuser.com").await;
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    for (change, code) in [
        (json!({"email": "eva@testuser.com"}), "126"),
        (json!({"default_card": "123"}), "120"),
        (json!({"first_name": 7}), "107"),
        (json!([]), "118"),
    ] {
        assert_eq!(seller.put(&path, &change).await.texted_codes(), [code], "{change}");
    }
    assert_eq!(seller.customer_now(&made).await, made);
    assert_eq!(app.seller(Site::MLA).put(&path, &json!({"first_name": "Eva"})).await.status.as_u16(), 404);
}

#[tokio::test]
async fn changes_at_once_are_all_done() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = seller.customer("ana@testuser.com").await;
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    let changes = [
        json!({"first_name": "Ana"}),
        json!({"last_name": "Gómez"}),
        json!({"description": "a"}),
        json!({"phone": {"number": "1"}}),
    ];
    for answer in at_once(changes.iter().map(|change| seller.call(Method::PUT, &path).json(change))).await {
        answer.expect(200);
    }
    let now = seller.customer_now(&made).await;
    assert_eq!((&now["first_name"], &now["last_name"]), (&json!("Ana"), &json!("Gómez")));
    assert_eq!((&now["description"], &now["phone"]["number"]), (&json!("a"), &json!("1")));
}

#[tokio::test]
async fn a_repeated_request_under_its_key_changes_nothing_more() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = seller.customer("ana@testuser.com").await;
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    let first = || seller.call(Method::PUT, &path).key("k").json(&json!({"first_name": "Ana"})).send();
    first().await.expect(200);
    let now = seller.put(&path, &json!({"first_name": "Eva"})).await.expect(200);
    assert_eq!(first().await.expect(200), now);
}
