//! What the browser library asks by a public key, and what it reports: how much is shown, and to whom nothing is.

use crate::checkout::preference;
use crate::test_app::{TestApp, seed};
use axum::http::{Method, StatusCode};
use pasarela_domain::identity::Mode;
use pasarela_domain::site::Site;
use serde_json::{Value, json};

fn glance_of(payment: &Value) -> String {
    format!("/pasarela/bricks/payments/{}", payment["id"])
}

#[tokio::test]
async fn a_payment_shows_its_state_and_nothing_of_its_payer() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let more = json!({
        "description": "a secret gift", "external_reference": "WC-7", "metadata": {"private": true},
        "payer": {"email": "test_user_9@testuser.com", "first_name": "Quentin", "identification": {"type": "CPF", "number": "12345678909"}},
    });
    let payment = seller.pay_by_card_with("APRO", more).await;
    let answer = app.browser(Site::MLB).get(&format!("{}?locale=pt-BR", glance_of(&payment))).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let glance = answer.expect(200);
    assert_eq!(glance["status"], "approved");
    assert_eq!(glance["status_detail"], "accredited");
    assert_eq!(glance["total_paid_amount"], 100);
    assert_eq!(glance["payment_method_id"], payment["payment_method_id"]);
    assert_eq!(glance["last_four_digits"], payment["card"]["last_four_digits"]);
    assert_eq!(glance["external_reference"], "WC-7");
    assert!(glance["message"].as_str().unwrap().starts_with("Recebemos"), "{glance}");
    assert_eq!(glance["instructions"], Value::Null);
    let text = answer.text();
    let first_six = payment["card"]["first_six_digits"].as_str().unwrap();
    for secret in [
        "testuser.com",
        "Quentin",
        "12345678909",
        "secret gift",
        "private",
        "APRO",
        first_six,
        "net_received",
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn how_to_pay_is_shown_while_it_can_be_paid() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let pix = seller.pix().await;
    let browser = app.browser(Site::MLB);
    let shown = browser.get(&glance_of(&pix)).await.expect(200);
    let data = &pix["point_of_interaction"]["transaction_data"];
    assert_eq!(shown["instructions"]["qr_code"], data["qr_code"]);
    assert_eq!(shown["instructions"]["qr_code_base64"], data["qr_code_base64"]);
    seller.act(&pix, "pay").await.expect(200);
    let paid = browser.get(&glance_of(&pix)).await.expect(200);
    assert_eq!((&paid["status"], &paid["instructions"]), (&json!("approved"), &Value::Null));
}

#[tokio::test]
async fn a_payment_of_another_seller_or_mode_is_nobodys() {
    let app = TestApp::new().await;
    let payment = app.seller(Site::MLB).pay_by_card("APRO").await;
    assert_eq!(app.browser(Site::MLA).get(&glance_of(&payment)).await.code(), 2000);
    let live = seed(Site::MLB).live.public_key.clone();
    let path = format!("{}?public_key={live}", glance_of(&payment));
    assert_eq!(app.stranger().get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(app.stranger().get(&glance_of(&payment)).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(app.browser(Site::MLB).get("/pasarela/bricks/payments/x").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn saved_cards_are_shown_to_who_knows_customer_and_card_without_their_holder() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("saved@testuser.com").await;
    let card = seller.saved_card(&customer, "JANE ROE").await;
    let browser = app.browser(Site::MLB);
    let (customer_id, card_id) = (customer["id"].as_str().unwrap(), card["id"].as_str().unwrap());
    let path = |customer: &str, cards: &str| {
        format!("/pasarela/bricks/saved_cards?customer_id={customer}&card_ids={cards}")
    };
    let answer = browser.get(&path(customer_id, &format!("999,{card_id}"))).await;
    let shown = answer.expect(200);
    assert_eq!(shown.as_array().unwrap().len(), 1);
    assert_eq!(shown[0]["last_four_digits"], card["last_four_digits"]);
    assert_eq!(shown[0]["security_code"]["length"], 3);
    assert!(!answer.text().contains("JANE") && !answer.text().contains("expiration"), "{}", answer.text());
    assert_eq!(browser.get(&path(customer_id, "")).await.expect(200), json!([]));
    let stranger = format!("{}-guessed", customer_id.split('-').next().unwrap());
    assert_eq!(browser.get(&path(&stranger, card_id)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(app.browser(Site::MLA).get(&path(customer_id, card_id)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_preference_shows_where_it_is_paid() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = preference(&seller, json!({"payer": {"email": "private@testuser.com"}})).await;
    let path = format!("/pasarela/bricks/preferences/{}", made["id"].as_str().unwrap());
    let answer = app.browser(Site::MLB).get(&path).await;
    let shown = answer.expect(200);
    assert_eq!(shown["init_point"], made["init_point"]);
    assert_eq!(shown["purpose"], Value::Null);
    assert!(!answer.text().contains("private"), "{}", answer.text());
    assert_eq!(app.browser(Site::MLA).get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_of_any_origin_may_ask() {
    let app = TestApp::new().await;
    for path in ["/pasarela/bricks/payments/1", "/v1/payment_methods/track_error", "/v1/devices/widgets"] {
        let answer = app.stranger().call(Method::OPTIONS, path).send().await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    }
}

#[tokio::test]
async fn inputs_with_a_name_are_counted_by_application_and_mode() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    let report =
        |host: &str, data: Value| json!({"status": 400, "type": format!("DSS-{host}"), "data": data});
    for (host, data) in [
        ("shop.example", json!({"fields": ["securityCode", "cardExpirationMonth"]})),
        ("shop.example:8443", json!("cardNumber")),
        ("<script>", json!({"cardNumber": "4111111111111111"})),
    ] {
        let answer = browser.post("/v1/payment_methods/track_error", &report(host, data)).await;
        assert_eq!(answer.expect(200), json!({}));
    }
    let unreadable = browser.call(Method::POST, "/v1/payment_methods/track_error").body("{").send().await;
    assert_eq!(unreadable.expect(200), json!({}));
    let other = json!({"status": 500, "type": "something else", "data": null});
    browser.post("/v1/payment_methods/track_error", &other).await.expect(200);
    let seller = seed(Site::MLB);
    let (account, application) = (seller.account.id, seller.application.id);
    let seen = app.engine.exposed_card_inputs(account, application, Mode::Test).unwrap();
    assert_eq!(seen.count, 3);
    assert_eq!(seen.hosts.keys().collect::<Vec<_>>(), ["shop.example", "shop.example:8443"]);
    assert_eq!(
        seen.fields.into_iter().collect::<Vec<_>>(),
        ["cardNumber", "expirationMonth", "securityCode"]
    );
    assert!(seen.first_seen <= seen.last_seen);
    assert_eq!(app.engine.exposed_card_inputs(account, application, Mode::Live), None);
    assert_eq!(
        app.stranger().post("/v1/payment_methods/track_error", &other).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn what_is_counted_has_a_bound() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLA);
    for number in 0..40 {
        let body = json!({"type": format!("DSS-shop-{number}.example"), "data": ["cardNumber"]});
        browser.post("/v1/payment_methods/track_error", &body).await.expect(200);
    }
    let seller = seed(Site::MLA);
    let seen = app.engine.exposed_card_inputs(seller.account.id, seller.application.id, Mode::Test).unwrap();
    assert_eq!((seen.count, seen.hosts.len()), (40, 16));
}
