//! The checkout in a frame over the shop's page.

use super::{Buyer, preference};
use crate::test_app::TestApp;
use pasarela_domain::site::Site;
use serde_json::json;

#[tokio::test]
async fn a_checkout_over_a_page_may_be_framed_at_each_step_and_no_other_may() {
    let app = TestApp::new().await;
    let back = "https://shop.example/back";
    let members = json!({"back_urls": {"success": back, "pending": back, "failure": back}});
    let preference = preference(&app.seller(Site::MLB), members).await;
    let id = preference["id"].as_str().unwrap();
    let stranger = app.stranger();
    let first =
        stranger.get(&format!("/checkout/v1/modal?preference-id={id}&from-widget=true&locale=pt-BR")).await;
    assert_eq!(first.status, 200);
    let policy = first.header("content-security-policy").to_owned();
    assert!(!policy.contains("frame-ancestors") && policy.contains("default-src 'none'"), "{policy}");
    let page = first.text();
    let steps: Vec<&str> = page.split("href=\"").filter(|part| part.starts_with("/checkout/")).collect();
    assert!(!steps.is_empty());
    for step in &steps {
        let address = step.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        assert!(address.contains("from-widget=true"), "{address}");
        let next = stranger.get(&address).await;
        // Where somebody is logged in, nobody's page lies over it: that link leaves the frame.
        let is_wallet = address.starts_with("/checkout/v1/wallet");
        let is_framed = !next.header("content-security-policy").contains("frame-ancestors 'none'");
        assert_eq!(is_framed, !is_wallet, "{address}");
        let link = step.split('>').next().unwrap();
        assert_eq!(link.contains("target=\"_top\""), is_wallet, "{link}");
    }
    assert!(page.contains("target=\"_top\""), "the shop is not shown inside itself");

    let members = json!({"purpose": "wallet_purchase"});
    let wallet_only = super::preference(&app.seller(Site::MLB), members).await;
    let id = wallet_only["id"].as_str().unwrap();
    let closed = stranger.get(&format!("/checkout/v1/modal?preference-id={id}&from-widget=true")).await;
    assert_eq!(closed.status, 403);
    let text = closed.text();
    assert!(text.contains("href=\"/checkout/v1/wallet?") && text.contains("target=\"_top\""), "{text}");

    let alone = Buyer::of(&app, &preference).open("").await;
    assert!(alone.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert!(!alone.text().contains("from-widget"));
}
