//! `/pasarela/branding`, and what of it buyers see.

use crate::checkout::{Buyer, preference};
use crate::panel::Browser;
use crate::test_app::{Client, PUBLIC_URL, TestApp, pix_body, seed, with};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pasarela_domain::site::Site;
use serde_json::{Value, json};

fn picture(side: u32) -> Vec<u8> {
    let side = side.to_be_bytes();
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &side, &side, &[8, 6, 0, 0, 0]].concat()
}

fn png(side: u32) -> String {
    BASE64_STANDARD.encode(picture(side))
}

#[tokio::test]
async fn buyers_see_the_sellers_name_color_and_logo() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = preference(&seller, json!({})).await;
    let buyer = Buyer::of(&app, &made);
    let plain = buyer.open("").await.text();
    assert!(plain.contains("Test Seller") && !plain.contains("/assets/color-"), "{plain}");

    let set = json!({"name": " Mates <del> Sur ", "color": "#7A3E00", "logo": png(64)});
    let now = seller.put("/pasarela/branding", &set).await.expect(200);
    assert_eq!((&now["name"], &now["color"]), (&json!("Mates <del> Sur"), &json!("#7a3e00")));
    let page = buyer.open("").await.text();
    assert!(page.contains("Mates &#60;del&#62; Sur") && page.contains("/assets/color-7a3e00.css"), "{page}");
    let logo = url::Url::parse(now["logo_url"].as_str().unwrap()).unwrap().path().to_owned();
    assert!(page.contains(&format!("src=\"{logo}\"")), "{page}");
    let shown = app.stranger().get(&logo).await;
    assert_eq!((shown.status.as_u16(), shown.header("content-type")), (200, "image/png"));
    let colors = app.stranger().get("/assets/color-7a3e00.css").await;
    assert!(colors.text().contains("--accent: #7a3e00"), "{}", colors.text());

    // Another picture has another address; the old one shows nothing.
    let again = seller.put("/pasarela/branding", &json!({"logo": png(65)})).await.expect(200);
    assert_ne!(again["logo_url"], now["logo_url"]);
    assert_eq!(again["color"], "#7a3e00");
    assert_eq!(app.stranger().get(&logo).await.status, 404);
    // Live pages are apart.
    let live = app.live_seller(Site::MLB).get("/pasarela/branding").await.expect(200);
    assert_eq!((&live["name"], &live["live_mode"]), (&Value::Null, &json!(true)));

    let none = json!({"name": null, "color": null, "logo": null});
    let now = seller.put("/pasarela/branding", &none).await.expect(200);
    assert_eq!((&now["name"], &now["logo_url"]), (&Value::Null, &Value::Null));
    assert!(buyer.open("").await.text().contains("Test Seller"));
}

#[tokio::test]
async fn a_logo_is_uploaded_in_the_panel_and_taken_away() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    browser.log_in(Site::MLB).await;
    let id = seed(Site::MLB).application.id.to_string();
    let fields = [("application", id.as_str())];
    let upload = "/panel/policies/logo";
    browser.get("/panel/policies").await;
    let saved = browser.post_picture(upload, &fields, ("logo", &picture(64))).await;
    assert_eq!(saved.header("location"), "/panel/policies?done=saved", "{}", saved.text());
    let page = browser.follow(&saved).await.text();
    for seller in [app.seller(Site::MLB), app.live_seller(Site::MLB)] {
        let shown = seller.get("/pasarela/branding").await.expect(200)["logo_url"].clone();
        let path = url::Url::parse(shown.as_str().unwrap()).unwrap().path().to_owned();
        assert_eq!(app.stranger().get(&path).await.status, 200, "{path}");
        assert_eq!(seller.get(&path).await.bytes, picture(64));
        assert_eq!(page.contains(&format!("src=\"{path}\"")), path.contains("live"), "{page}");
    }

    // What is no such picture changes nothing, and is told in the page's words.
    let large = [picture(64), vec![0; 48 * 1024]].concat();
    let larger_than_a_body = [picture(64), vec![0; 256 * 1024]].concat();
    for wrong in [b"<svg/>".as_slice(), b"", &picture(1_025), &large, &larger_than_a_body] {
        browser.get("/panel/policies").await;
        let refused = browser.post_picture(upload, &fields, ("logo", wrong)).await;
        assert!(matches!(refused.status.as_u16(), 400 | 413), "{} bytes: {}", wrong.len(), refused.status);
        assert!(refused.text().contains("A PNG picture of up to 48 KB and up to 1024"), "{}", refused.text());
    }
    browser.get("/panel/policies").await;
    let other = seed(Site::MLA).application.id.to_string();
    let stolen = browser.post_picture(upload, &[("application", &other)], ("logo", &picture(64))).await;
    assert_eq!(stolen.status, 404);
    browser.get("/panel/policies").await;
    let word = std::mem::replace(&mut browser.word, "0".repeat(64));
    assert_eq!(browser.post_picture(upload, &fields, ("logo", &picture(65))).await.status, 403);
    browser.word = word;
    assert_eq!(browser.post(upload, &fields).await.status, 403, "no form in parts");
    let kept = app.seller(Site::MLB).get("/pasarela/branding").await.expect(200)["logo_url"].clone();
    assert!(kept.is_string());

    browser.get("/panel/policies").await;
    assert_eq!(browser.post("/panel/policies/logo/remove", &fields).await.status, 303);
    assert!(app.live_seller(Site::MLB).get("/pasarela/branding").await.expect(200)["logo_url"].is_null());
    let log = browser.get("/panel/audit").await.text();
    assert_eq!(log.matches("branding.changed").count(), 2, "{log}");
}

#[tokio::test]
async fn pages_that_a_shop_opens_itself_are_in_its_name_too() {
    let app = TestApp::new().await;
    let (seller, live) = (app.seller(Site::MLB), app.live_seller(Site::MLB));
    let set = json!({"name": "Mates del Sur", "color": "#7a3e00", "logo": png(64)});
    let logo = seller.put("/pasarela/branding", &set).await.expect(200)["logo_url"].clone();
    let logo = url::Url::parse(logo.as_str().unwrap()).unwrap().path().to_owned();
    let opened = async |seller: &Client, members: Value, page: &str| {
        let payment = seller.post("/v1/payments", &with(pix_body(), members)).await.expect(201);
        let page = payment.pointer(page).and_then(Value::as_str).unwrap_or_else(|| panic!("{payment}"));
        app.stranger().get(page.strip_prefix(PUBLIC_URL).unwrap()).await.text()
    };
    const CODE: &str = "/point_of_interaction/transaction_data/ticket_url";
    const PAGE: &str = "/transaction_details/external_resource_url";
    let bank = json!({
        "payment_method_id": "pse", "transaction_amount": 20_000, "callback_url": "https://shop.example/",
        "transaction_details": {"financial_institution": "1007"},
        "additional_info": {"ip_address": "127.0.0.1"},
        "payer": {"email": "test_user_5551234@testuser.com", "entity_type": "individual",
            "identification": {"type": "CC", "number": "123456789"}},
    });
    for (site, members, address) in [
        (Site::MLB, json!({}), CODE),
        (Site::MLA, json!({"payment_method_id": "rapipago", "transaction_amount": 1_000}), PAGE),
        (Site::MCO, bank, PAGE),
    ] {
        let seller = app.seller(site);
        seller.put("/pasarela/branding", &set).await.expect(200);
        let page = opened(&seller, members, address).await;
        assert!(page.contains("<span class=\"shop-name\">Mates del Sur</span>"), "{site:?}: {page}");
        assert!(page.contains("/assets/color-7a3e00.css"), "{site:?}: {page}");
        assert!(site != Site::MLB || page.contains(&format!("src=\"{logo}\"")), "{page}");
    }
    // Test and live are apart.
    let page = opened(&live, json!({"payer": {"email": "ana@example.com"}}), CODE).await;
    assert!(page.contains("<span class=\"shop-name\">Test Seller") && !page.contains("Mates"), "{page}");
}

#[tokio::test]
async fn what_can_not_be_shown_is_refused() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for bad in [
        json!({"name": ""}),
        json!({"name": 1}),
        json!({"name": "a".repeat(61)}),
        json!({"color": "red"}),
        json!({"color": "#12345"}),
        json!({"color": "#0b5c57;}body{display:none"}),
        json!({"logo": "%"}),
        json!({"logo": BASE64_STANDARD.encode("<svg onload=alert(1)>")}),
        json!({"logo": png(5_000)}),
    ] {
        assert_eq!(seller.put("/pasarela/branding", &bad).await.status, 400, "{bad}");
    }
    let stranger = app.stranger();
    assert_eq!(stranger.get("/pasarela/branding").await.status, 401);
    for path in [
        "/assets/color-red.css",
        "/assets/color-0b5c57",
        "/assets/color-0B5C57.css",
        "/shop-logos/x",
        "/shop-logos/1-test-.png",
    ] {
        assert_eq!(stranger.get(path).await.status, 404, "{path}");
    }
}
