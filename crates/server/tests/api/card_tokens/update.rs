//! `PUT /v1/card_tokens/{id}`

use crate::cards::card_of;
use crate::test_app::{Client, TestApp, with};
use pasarela_domain::site::Site;
use serde_json::{Value, json};

async fn empty_token(browser: &Client) -> String {
    let token = browser.post("/v1/card_tokens", &json!({})).await.expect(201);
    format!("/v1/card_tokens/{}", token["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_session_is_completed_and_pays() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    let path = empty_token(&browser).await;
    let filled = browser.put(&path, &card_of(Site::MLB).token_request("APRO")).await.expect(200);
    assert_eq!((&filled["first_six_digits"], &filled["status"]), (&json!("423564"), &json!("active")));
    assert_eq!(browser.get(&path).await.expect(200), filled);
    let payment = app.seller(Site::MLB).pay_by_card_with("APRO", json!({"token": filled["id"]})).await;
    assert_eq!(payment["status"], "approved");
}

#[tokio::test]
async fn an_unused_token_gets_a_new_code_and_a_new_date() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    let request = with(card_of(Site::MLB).token_request("APRO"), json!({"security_code": null}));
    let made = browser.post("/v1/card_tokens", &request).await.expect(201);
    let path = format!("/v1/card_tokens/{}", made["id"].as_str().unwrap());
    let amended = browser
        .put(&path, &json!({"security_code": "321", "expiration_month": "12", "expiration_year": 2050}))
        .await
        .expect(200);
    assert_eq!(amended["security_code_length"], 3);
    assert_eq!((&amended["expiration_month"], &amended["expiration_year"]), (&json!(12), &json!(2050)));
    assert_eq!(amended["last_four_digits"], made["last_four_digits"]);
    for (body, codes) in [
        (json!({"security_code": "1"}), vec!["E302"]),
        (json!({"expiration_month": 13, "expiration_year": 2050}), vec!["325"]),
        (json!({"expiration_month": 12}), vec!["209"]),
        (json!([]), vec!["E111"]),
        (Value::Null, vec!["E111"]),
    ] {
        assert_eq!(browser.put(&path, &body).await.texted_codes(), codes, "{body}");
    }
    assert_eq!(browser.get(&path).await.expect(200), amended, "a refusal changes nothing");
}

#[tokio::test]
async fn a_completion_is_checked_like_a_creation() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    let path = empty_token(&browser).await;
    let request = card_of(Site::MLB).token_request("APRO");
    let refused = browser.put(&path, &with(request, json!({"card_number": "4235647728025683"}))).await;
    assert_eq!(refused.texted_codes(), ["E301"]);
    assert_eq!(
        browser.put(&path, &json!({"security_code": "123"})).await.texted_codes(),
        ["205", "208", "209", "221"]
    );
}

#[tokio::test]
async fn a_token_that_is_used_or_anothers_is_not_found() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let body = seller.card_payment("APRO").await;
    let path = format!("/v1/card_tokens/{}", body["token"].as_str().unwrap());
    let new_code = json!({"security_code": "321"});
    for stranger in [app.browser(Site::MLA), app.live_seller(Site::MLB)] {
        let refused = stranger.put(&path, &new_code).await;
        assert_eq!((refused.status.as_u16(), refused.texted_codes()), (404, vec!["E502".to_owned()]));
    }
    seller.post("/v1/payments", &body).await.expect(201);
    assert_eq!(seller.put(&path, &new_code).await.texted_codes(), ["E502"]);
    assert_eq!(seller.put("/v1/card_tokens/unknown", &new_code).await.texted_codes(), ["E502"]);
}
