//! `/v1/applications`: several for an account, each with credentials of its own, which are renewed and activated.

mod renewal;
mod shares;

use crate::test_app::{Client, TestApp, pix_body, seed, with};
use axum::http::Method;
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::{Value, json};

/// An application that the Argentine seller has made besides its first.
pub async fn second(app: &TestApp) -> Value {
    let body = json!({"name": "Segunda tienda", "redirect_url": "https://segunda.example/back"});
    app.live_seller(Site::MLA).post("/v1/applications", &body).await.expect(201)
}

pub fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("{path} in {value}"))
}

async fn delete(client: &Client, path: &str) -> crate::test_app::Answer {
    client.call(Method::DELETE, path).send().await
}

#[tokio::test]
async fn an_account_has_several_whose_notifications_and_credentials_are_apart() {
    let app = TestApp::new().await;
    let made = second(&app).await;
    assert_eq!((&made["is_active"], &made["user_id"]), (&json!(false), &json!(seed(Site::MLA).account.id)));
    let listed = app.seller(Site::MLA).get("/v1/applications").await.expect(200);
    let names: Vec<&str> =
        listed["results"].as_array().unwrap().iter().map(|one| text(one, "/name")).collect();
    assert_eq!(names, ["Development MLA", "Segunda tienda"]);

    let other = app.bearer(text(&made, "/credentials/test/access_token"));
    let url = json!({"url": "https://segunda.example/hook"});
    other.put("/pasarela/webhooks", &url).await.expect(200);
    assert!(app.seller(Site::MLA).get("/pasarela/webhooks").await.expect(200)["url"].is_null());
    assert_eq!(other.get("/users/me").await.expect(200)["id"], made["user_id"]);
    // A payment of one is the account's: the other finds it.
    let body = with(app.seller(Site::MLA).card_payment("APRO").await, json!({}));
    let payment = app.seller(Site::MLA).post("/v1/payments", &body).await.expect(201);
    other.get(&format!("/v1/payments/{}", payment["id"])).await.expect(200);
}

#[tokio::test]
async fn live_credentials_do_not_work_before_their_application_is_active() {
    let app = TestApp::new().await;
    let made = second(&app).await;
    let live = app.bearer(text(&made, "/credentials/live/access_token"));
    assert_snapshot!(live.get("/v1/payments/search").await.refused(), @r#"401 {"message":"Unauthorized use of live credentials","error":"unauthorized","status":401,"cause":[{"code":7,"description":"Unauthorized use of live credentials","data":"<when>;<request>"}]}"#);
    assert_eq!(live.post("/v1/payments", &pix_body()).await.status, 401);
    let key = text(&made, "/credentials/live/public_key");
    assert_eq!(app.stranger().get(&format!("/v1/payment_methods?public_key={key}")).await.status, 401);
    // What a plugin asks, and the application itself, can be read.
    let wrapper = "/plugins-credentials-wrapper/credentials";
    let live_one = live.get(wrapper).await.expect(200);
    let test = app.bearer(text(&made, "/credentials/test/access_token")).get(wrapper).await.expect(200);
    assert_eq!(live_one["client_id"], test["client_id"]);
    assert_eq!([&live_one["homologated"], &live_one["is_test"]], [&json!(false), &json!(false)]);
    assert_eq!([&test["homologated"], &test["is_test"]], [&json!(true), &json!(true)]);
    let name = live.get(&format!("/applications/{}", made["id"])).await.expect(200);
    assert_eq!(name["name"], "Segunda tienda");
    live.get("/users/me").await.expect(200);

    let path = format!("/sandbox/applications/{}/activation", made["id"]);
    assert_eq!(live.post(&path, &json!({})).await.status, 400, "a reason is needed");
    let active = live.post(&path, &json!({"reason": "a test"})).await.expect(200);
    assert_eq!((&active["is_active"], &active["decisions"][0]["reason"]), (&json!(true), &json!("a test")));
    live.get("/v1/payments/search").await.expect(200);
    app.stranger().get(&format!("/v1/payment_methods?public_key={key}")).await.expect(200);
    live.post(&path, &json!({"reason": "enough", "active": false})).await.expect(200);
    assert_eq!(live.get("/v1/payments/search").await.status, 401);
    let acts = live.get("/pasarela/audit?limit=2").await.expect(200);
    let names: Vec<&str> = acts["results"].as_array().unwrap().iter().map(|act| text(act, "/act")).collect();
    assert_eq!(names, ["credentials.deactivated", "credentials.activated"]);
    let older = live.get(&format!("/pasarela/audit?before={}", text(&acts, "/next"))).await.expect(200);
    assert_eq!(older["results"][0]["act"], "application.created");
}

#[tokio::test]
async fn fields_are_changed_one_by_one_and_what_they_can_not_be_is_refused() {
    let app = TestApp::new().await;
    let seller = app.live_seller(Site::MLA);
    let path = format!("/v1/applications/{}", second(&app).await["id"]);
    let changed = seller.put(&path, &json!({"description": "Zapatos", "product": "checkout_api"})).await;
    let changed = changed.expect(200);
    assert_eq!((&changed["description"], &changed["name"]), (&json!("Zapatos"), &json!("Segunda tienda")));
    assert_eq!(seller.get(&path).await.expect(200), changed);
    let refused = seller.put(&path, &json!({"redirect_url": "http://segunda.example"})).await;
    let refused = refused.expect(400);
    assert_eq!(refused["error"], "invalid_application");
    assert_eq!(refused["message"], "redirect_url must be an https address");
    assert_eq!(seller.put(&path, &json!({"is_active": true})).await.status, 400, "the gate is not passed so");
    assert_eq!(seller.post("/v1/applications", &json!({"name": ""})).await.status, 400);
    assert_eq!(seller.post("/v1/applications", &json!([])).await.status, 400);
}

#[tokio::test]
async fn only_the_owner_with_the_live_token_changes_anything() {
    let app = TestApp::new().await;
    let path = format!("/v1/applications/{}", second(&app).await["id"]);
    let test = app.seller(Site::MLA);
    assert_eq!(test.put(&path, &json!({"name": "x"})).await.status, 403);
    assert_eq!(test.post("/v1/applications", &json!({"name": "x"})).await.status, 403);
    assert_eq!(test.get("/pasarela/audit").await.status, 403);
    assert_eq!(delete(&test, &path).await.status, 403);
    assert_eq!(test.post(&format!("{path}/credentials"), &json!({"renew": "live"})).await.status, 403);
    let other = app.live_seller(Site::MLB);
    for answer in
        [other.get(&path).await, other.put(&path, &json!({"name": "x"})).await, delete(&other, &path).await]
    {
        assert_eq!(answer.status, 404);
    }
    assert_eq!(other.get(&format!("{path}/credentials")).await.status, 404);
    assert_eq!(other.post(&format!("{path}/credentials"), &json!({"renew": "live"})).await.status, 404);
    let wrapper = app.stranger().get("/plugins-credentials-wrapper/credentials?public_key=TEST-x").await;
    assert_eq!(wrapper.status, 401);
}

#[tokio::test]
async fn a_deleted_application_opens_nothing_any_more() {
    let app = TestApp::new().await;
    let made = second(&app).await;
    let path = format!("/v1/applications/{}", made["id"]);
    let own = app.bearer(text(&made, "/credentials/test/access_token"));
    own.get("/users/me").await.expect(200);
    delete(&app.live_seller(Site::MLA), &path).await.expect(200);
    assert_eq!(own.get("/users/me").await.status, 401);
    assert_eq!(app.live_seller(Site::MLA).get(&path).await.status, 404);
    assert_eq!(delete(&app.live_seller(Site::MLA), &path).await.status, 404);
    let listed = app.live_seller(Site::MLA).get("/v1/applications").await.expect(200);
    assert_eq!(listed["results"].as_array().unwrap().len(), 1);
}
