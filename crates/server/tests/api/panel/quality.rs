//! The room of quality: by payment, at once; test and live apart; what to mend, and how it came about.

use super::Browser;
use crate::test_app::{Client, PAYER, TestApp, seed};
use pasarela_domain::site::Site;
use serde_json::{Value, json};

fn room() -> String {
    format!("/panel/applications/{}/quality", seed(Site::MLB).application.id)
}

async fn pix(seller: &Client, more: &Value) -> String {
    let mut body = json!({"transaction_amount": 100, "payment_method_id": "pix", "payer": {"email": PAYER}});
    let members = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    seller.post("/v1/payments", &body).await.expect(201)["id"].to_string()
}

#[tokio::test]
async fn it_is_measured_mended_and_measured_again() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let mut browser = Browser::new(&app);
    browser.log_in(Site::MLB).await;
    let test = format!("{}?mode=test", room());
    let page = browser.get(&test).await.text();
    assert!(page.contains("There is no measurement of these payments yet."), "{page}");
    let nothing = browser.post(&room(), &[("mode", "test"), ("payment", "")]).await;
    assert_eq!(nothing.status, 404);
    assert!(nothing.text().contains("There is no payment to measure by yet."));

    let bare = seller.pay_by_card("FUND").await["id"].to_string();
    let page = browser.get(&test).await.text();
    assert!(page.contains(&format!("value=\"{bare}\"")), "the payment that there is, is offered: {page}");
    let measured = browser.post(&room(), &[("mode", "test"), ("payment", &bare)]).await;
    let page = browser.follow(&measured).await.text();
    for text in [
        "Measured.",
        "Not approved",
        "73 are needed",
        "What to mend",
        "payment: external_reference",
        "Missing in 1 of the last 1 refusals, and in 0 of 0 approvals.",
        "/quality/rules/CHA-",
        "class=\"chart-line\"",
        "Score of Checkout API: from ",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("style=") && !page.contains("<style"), "the policy would stop it");
    let first = measured.header("location").to_owned();

    let payer = json!({"email": PAYER, "first_name": "Ana", "last_name": "Luz"});
    let mended = pix(&seller, &json!({"external_reference": "order-1", "payer": payer})).await;
    let measured = browser.post(&room(), &[("mode", "test"), ("payment", &mended)]).await;
    let page = browser.follow(&measured).await.text();
    assert!(page.contains("in 2 measurements") && page.contains("M10 ") && page.contains("L990 "), "{page}");
    let earlier = browser.get(&first).await.text();
    assert!(earlier.contains("This is an earlier measurement."), "{earlier}");
    for path in [test.clone(), format!("{}?measurement=1", room())] {
        let page = browser.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
    }
    let live = browser.get(&format!("{}?mode=live", room())).await.text();
    assert!(
        live.contains("There is no measurement of these payments yet."),
        "test and live are apart: {live}"
    );
    for locale in ["es", "pt"] {
        let page = browser.get(&format!("{test}&locale={locale}")).await.text();
        assert!(!page.contains("What to mend") && !page.contains("{1}"), "{locale}: {page}");
    }
}

#[tokio::test]
async fn a_payment_that_is_not_this_applications_is_refused_in_words() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    browser.log_in(Site::MLB).await;
    browser.get(&room()).await;
    let other = app.seller(Site::MLA).pay_by_card("APRO").await["id"].to_string();
    let live = pix(&app.live_seller(Site::MLB), &json!({"payer": {"email": "buyer@example.com"}})).await;
    let made =
        app.live_seller(Site::MLB).post("/v1/applications", &json!({"name": "Second"})).await.expect(201);
    let second = app.bearer(made["credentials"]["test"]["access_token"].as_str().unwrap());
    let of_second = pix(&second, &json!({})).await;
    for (payment, status, why) in [
        ("<b>", 400, "There is no such payment of this application."),
        ("99999999999999999999", 400, "There is no such payment of this application."),
        (&other, 404, "There is no such payment of this application."),
        (&live, 404, "There is no such payment of this application."),
        (&of_second, 400, "That payment was made by another application."),
    ] {
        let answer = browser.post(&room(), &[("mode", "test"), ("payment", payment)]).await;
        assert_eq!(answer.status, status, "{payment}");
        assert!(
            answer.text().contains(why) && !answer.text().contains("<b>"),
            "{payment}: {}",
            answer.text()
        );
    }
    let measured = browser.post(&room(), &[("mode", "live"), ("payment", &live)]).await;
    assert!(measured.header("location").contains("mode=live"), "{}", measured.text());
    let home = browser.get("/panel/home").await.text();
    assert!(home.contains("The quality is below the bar: "), "{home}");
}
