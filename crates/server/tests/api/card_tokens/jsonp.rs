//! `GET /v1/card_tokens` with a callback: what pages that run the original first version send.

use crate::cards::card_of;
use crate::test_app::{Answer, Client, TestApp, with};
use axum::http::{Method, StatusCode};
use pasarela_domain::site::Site;
use serde_json::{Value, json};

/// The address as such a page writes it: the body as it is, of which a browser escapes quotes and spaces, and two `&`.
fn address(path: &str, method: &str, body: &Value, callback: &str) -> String {
    let body = body.to_string().replace('"', "%22").replace(' ', "%20");
    format!("{path}?_body={body}&&_method={method}&js_version=1.2.4&callback={callback}")
}

async fn call(browser: &Client, path: &str, method: &str, body: &Value) -> Answer {
    browser.get(&address(path, method, body, "sjsonp1764288000000")).await
}

/// Status and body of what the script says to its callback.
fn told(answer: &Answer) -> (u64, Value) {
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/javascript;charset=UTF-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "no-store");
    let text = answer.text();
    let arguments = text.strip_prefix("sjsonp1764288000000(").and_then(|text| text.strip_suffix(");"));
    let arguments: Value = serde_json::from_str(arguments.unwrap_or_else(|| panic!("{text}"))).unwrap();
    (arguments[0].as_u64().unwrap(), arguments[2].clone())
}

#[tokio::test]
async fn a_session_starts_empty_and_is_completed_and_pays_once() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    let seller = app.seller(Site::MLB);
    let (status, empty) = told(&call(&browser, "/v1/card_tokens", "POST", &json!({})).await);
    assert_eq!((status, &empty["status"]), (201, &json!("active")));
    let body = with(seller.card_payment("APRO").await, json!({"token": empty["id"]}));
    assert_eq!(seller.post("/v1/payments", &body).await.status, 400, "an empty token pays nothing");

    let path = format!("/v1/card_tokens/{}", empty["id"].as_str().unwrap());
    let card = card_of(Site::MLB).token_request("APRO");
    let (status, token) = told(&call(&browser, &path, "PUT", &card).await);
    assert_eq!((status, &token["id"], &token["date_due"]), (200, &empty["id"], &empty["date_due"]));
    assert_eq!(token["last_four_digits"], "5682");
    let (status, read) = told(&browser.get(&format!("{path}?callback=sjsonp1764288000000")).await);
    assert_eq!((status, read), (200, token));

    assert_eq!(seller.post("/v1/payments", &body).await.expect(201)["status"], "approved");
    let (status, used) = told(&call(&browser, &path, "PUT", &card).await);
    assert_eq!((status, &used["cause"][0]["code"]), (404, &json!("E502")));
}

#[tokio::test]
async fn what_is_refused_is_told_to_the_callback() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    let card = card_of(Site::MLB).token_request("APRO");
    let short = with(card.clone(), json!({"card_number": "4235", "expiration_month": 13}));
    let (status, refusal) = told(&call(&browser, "/v1/card_tokens", "POST", &short).await);
    let codes: Vec<&str> =
        refusal["cause"].as_array().unwrap().iter().map(|cause| cause["code"].as_str().unwrap()).collect();
    assert_eq!((status, codes), (400, vec!["E301", "325"]));
    let (status, refusal) = told(&call(&browser, "/v1/card_tokens", "DELETE", &card).await);
    assert_eq!((status, &refusal["message"]), (405, &json!("method not allowed")));
    let nobody = app.stranger();
    assert_eq!(told(&call(&nobody, "/v1/card_tokens", "POST", &card).await).0, 401);
    let unknown = address("/v1/card_tokens", "POST", &card, "sjsonp1764288000000&public_key=TEST-unknown");
    assert_eq!(told(&nobody.get(&unknown).await).1["cause"][0]["code"], "E501");
    // A live card travels encrypted, by this way too.
    let live = app.live_seller(Site::MLB);
    let far = live.call(Method::GET, &address("/v1/card_tokens", "POST", &card, "sjsonp1764288000000"));
    assert_eq!(told(&far.from([192, 0, 2, 1], false).send().await).0, 403);
}

#[tokio::test]
async fn a_callback_that_is_no_name_runs_nowhere() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    for callback in ["alert(1);//", "a.b", "", "%3Cscript%3E", "a%E2%80%A8b", "a[0]", "1a"] {
        for path in ["/v1/card_tokens", "/v1/card_tokens/0123456789abcdef0123456789abcdef"] {
            let answer = browser.get(&address(path, "POST", &json!({}), callback)).await;
            assert!(answer.status.is_client_error(), "{callback}: {}", answer.text());
            assert!(answer.header("content-type").starts_with("application/json"), "{callback}");
        }
    }
}

#[tokio::test]
async fn a_name_with_signs_is_only_a_text_in_the_script() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    let card = with(
        card_of(Site::MLB).token_request("APRO"),
        json!({"cardholder": {"name": "APRO", "identification": {"type": "</script>", "number": "1\u{2028}"}}}),
    );
    let address = address("/v1/card_tokens", "POST", &card, "sjsonp1764288000000")
        .replace('<', "%3C")
        .replace('>', "%3E")
        .replace('\u{2028}', "%E2%80%A8");
    let answer = browser.get(&address).await;
    assert_eq!(told(&answer).0, 400);
    assert!(!answer.text().contains(['<', '\u{2028}']));
}

#[tokio::test]
async fn old_pages_get_a_device_session_and_may_report_errors() {
    let app = TestApp::new().await;
    let browser = app.browser(Site::MLB);
    let place = json!({"section": "open_platform_V2", "view": "checkout"});
    let session = browser.post("/v1/devices/widgets", &place).await.expect(200);
    let id = session["session_id"].as_str().unwrap();
    assert_eq!(id.len(), "armor.".len() + 64);
    assert_eq!(
        session["widget"],
        format!("<script src=\"http://pasarela.test/v2/security.js?session_id={id}\" async></script>")
    );
    let built_in = browser.call(Method::POST, "/v1/devices/widgets").header("host", "api.mercadopago.com");
    let widget = built_in.send().await.expect(200)["widget"].as_str().unwrap().to_owned();
    assert!(widget.starts_with("<script src=\"https://www.mercadopago.com/v2/security.js?"), "{widget}");

    let report = json!({"status": "", "type": "DSS-shop.example", "data": {"fields": ["cardNumber"]}});
    assert_eq!(browser.post("/v1/payment_methods/track_error", &report).await.expect(200), json!({}));
    let preflight = app.stranger().call(Method::OPTIONS, "/v1/devices/widgets").send().await;
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
}
