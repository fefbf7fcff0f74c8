//! `GET /v1/customers/{id}`

use crate::test_app::TestApp;
use insta::assert_snapshot;
use pasarela_domain::site::Site;

#[tokio::test]
async fn a_customer_is_read_as_it_was_made() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = seller.customer("ana@testuser.com").await;
    assert_eq!(seller.customer_now(&made).await, made);
    let escaped = made["id"].as_str().unwrap().replace('-', "%2D");
    assert_eq!(seller.get(&format!("/v1/customers/{escaped}")).await.expect(200), made);
    assert_eq!(seller.get(&format!("/v1/customers/{escaped}/")).await.expect(200), made);
}

#[tokio::test]
async fn what_is_not_the_callers_is_not_found() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = seller.customer("ana@testuser.com").await;
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    let refused = app.seller(Site::MLA).get(&path).await;
    assert_snapshot!(refused.refused(), @r#"404 {"message":"customer not found","error":"not_found","status":404,"cause":[]}"#);
    assert_eq!(app.live_seller(Site::MLB).get(&path).await.refused(), refused.refused());
    let user = &made["user_id"];
    for id in
        [format!("{user}"), format!("{user}-"), format!("{user}-AAAAAAAAAAAAAA"), "x".into(), "%00".into()]
    {
        assert_eq!(seller.get(&format!("/v1/customers/{id}")).await.refused(), refused.refused(), "{id}");
    }
}
