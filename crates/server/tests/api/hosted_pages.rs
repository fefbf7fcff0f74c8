//! The pages that a payment's own addresses open, through the whole server.

use crate::cards::{CHALLENGED, card_numbered};
use crate::test_app::{Answer, Client, PAYER, PUBLIC_URL, TestApp, pix_body, with};
use axum::http::Method;
use pasarela_domain::site::Site;
use pasarela_engine::catalogue::applying::NewVersion;
use serde_json::{Value, json};

/// The path and query of one of the server's own addresses.
fn local(url: &Value) -> String {
    url.as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap().to_owned()
}

async fn form(client: &Client, path: &str, body: &str) -> Answer {
    let call = client.call(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
    call.no_key().body(body).send().await
}

#[track_caller]
fn assert_is_page(page: &Answer, status: u16) {
    assert_eq!(page.status.as_u16(), status, "{}", page.text());
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!((page.header("cache-control"), page.header("referrer-policy")), ("no-store", "no-referrer"));
}

fn pix_url(payment: &Value) -> String {
    local(&payment["point_of_interaction"]["transaction_data"]["ticket_url"])
}

#[tokio::test]
async fn a_pix_page_shows_the_code_to_whoever_has_the_address() {
    let app = TestApp::new().await;
    let payment = app.seller(Site::MLB).pix().await;
    let url = pix_url(&payment);
    let page = app.stranger().get(&url).await;
    assert_is_page(&page, 200);
    let code = payment["point_of_interaction"]["transaction_data"]["qr_code"].as_str().unwrap();
    assert!(page.text().contains(code), "the code to copy is on the page");
    assert_is_page(&app.stranger().get(&format!("/sandbox{url}")).await, 200);
    let html = app.stranger().get(&format!("{url}&locale=en")).await.text();
    assert!(html.contains("lang=\"en"), "{html:.300}");
}

#[tokio::test]
async fn an_address_without_its_hash_shows_nothing() {
    let app = TestApp::new().await;
    let payment = app.seller(Site::MLB).pix().await;
    let id = &payment["id"];
    let other = app.seller(Site::MLB).pix().await;
    let hash_of_another = pix_url(&other).split_once('?').unwrap().1.to_owned();
    for path in [
        format!("/payments/{id}/ticket"),
        format!("/payments/{id}/ticket?hash="),
        format!("/payments/{id}/ticket?hash=00000000-0000-4000-8000-000000000000"),
        format!("/payments/{id}/ticket?{hash_of_another}"),
        "/payments/1/ticket?hash=x".to_owned(),
        "/payments/abc/ticket?hash=x".to_owned(),
        "/payments/%00/ticket?hash=%00".to_owned(),
        format!("/payments/{id}/bank_transfer"),
        format!("/payments/{id}/challenge"),
    ] {
        let page = app.stranger().get(&path).await;
        assert_is_page(&page, 404);
        assert!(!page.text().contains("105"), "{path} shows nothing of it");
        let posted = form(&app.stranger(), &path, "outcome=pay").await;
        assert!(matches!(posted.status.as_u16(), 404 | 405), "{path}: {}", posted.status);
    }
    assert_eq!(app.seller(Site::MLB).payment(id).await["status"], "pending");
}

#[tokio::test]
async fn tickets_of_the_markets_are_shown() {
    let app = TestApp::new().await;
    for (site, method, amount) in [
        (Site::MLA, "rapipago", 1_000),
        (Site::MLM, "oxxo", 500),
        (Site::MCO, "efecty", 20_000),
        (Site::MPE, "pagoefectivo_atm", 100),
    ] {
        let body = with(pix_body(), json!({"payment_method_id": method, "transaction_amount": amount}));
        let payment = app.seller(site).post("/v1/payments", &body).await.expect(201);
        let page = app.stranger().get(&local(&payment["transaction_details"]["external_resource_url"])).await;
        assert_is_page(&page, 200);
        let reference = payment["transaction_details"]["payment_method_reference_id"].as_str().unwrap();
        // Digits are shown in groups.
        let shown: String =
            page.text().chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{a0}')).collect();
        assert!(shown.contains(reference), "{method}: the number to pay by is shown");
    }
}

#[tokio::test]
async fn the_simulated_bank_pays_or_declines() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLC);
    let body = json!({"transaction_amount": 5000, "payment_method_id": "webpay", "payer": {"email": PAYER}});
    for (outcome, status) in [("pay", "approved"), ("decline", "rejected")] {
        let payment = seller.post("/v1/payments", &body).await.expect(201);
        let url = local(&payment["transaction_details"]["external_resource_url"]);
        let page = app.stranger().get(&url).await;
        assert_is_page(&page, 200);
        assert!(
            page.header("content-security-policy").contains("frame-ancestors 'none'"),
            "buttons are not framed"
        );
        let pressed = form(&app.stranger(), &url, &format!("outcome={outcome}")).await;
        assert_eq!(pressed.status, 303, "{}", pressed.text());
        assert_is_page(&app.stranger().get(pressed.header("location")).await, 200);
        assert_eq!(seller.payment(&payment["id"]).await["status"], status);
        // A second click changes nothing, and nobody is shown an error.
        assert_eq!(form(&app.stranger(), &url, "outcome=pay").await.status, 303);
        assert_eq!(seller.payment(&payment["id"]).await["status"], status);
        assert_eq!(form(&app.stranger(), &url, "outcome=steal").await.status, 400);
    }
}

#[tokio::test]
async fn the_challenge_is_opened_with_its_request_and_confirmed() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let challenged = || async {
        let token = seller.card_token_of(&card_numbered(Site::MLB, CHALLENGED), "APRO").await;
        seller.pay_by_card_with("APRO", json!({"token": token, "three_d_secure_mode": "optional"})).await
    };
    let payment = challenged().await;
    let url = local(&payment["three_ds_info"]["external_resource_url"]);
    let creq = payment["three_ds_info"]["creq"].as_str().unwrap();
    let opened = form(&app.stranger(), &url, &format!("creq={creq}")).await;
    assert_is_page(&opened, 200);
    assert!(opened.text().contains(creq), "the form carries the request on");
    assert_eq!(seller.payment(&payment["id"]).await["status"], "pending", "opening decides nothing");
    for wrong in ["creq=x", "", "creq="] {
        assert_eq!(form(&app.stranger(), &url, wrong).await.status, 400, "{wrong}");
    }
    let other = challenged().await;
    let foreign = other["three_ds_info"]["creq"].as_str().unwrap();
    assert_eq!(form(&app.stranger(), &url, &format!("creq={foreign}")).await.status, 400);
    let html = opened.text();
    let name = html
        .split("name=\"")
        .map(|part| part.split('"').next().unwrap_or_default())
        .find(|name| *name == "outcome");
    assert_eq!(name, Some("outcome"), "{html}");
    let done = form(&app.stranger(), &url, &format!("creq={creq}&outcome=confirm")).await;
    assert_is_page(&done, 200);
    assert_eq!(seller.payment(&payment["id"]).await["status"], "approved");
}

#[tokio::test]
async fn the_front_page_assets_logos_and_health_are_served() {
    let app = TestApp::new().await;
    let stranger = app.stranger();
    let home = stranger.get("/").await;
    assert_is_page(&home, 200);
    assert!(home.text().contains("pasarela credentials"));
    assert_eq!(stranger.get("/health").await.text(), "ok");
    for name in ["visa.gif", "<script>.gif", "%3Cscript%3E", "..%2f..%2fetc%2fpasswd", "%FF"] {
        if name.starts_with('<') {
            continue;
        }
        let logo = stranger.get(&format!("/logos/{name}")).await;
        assert!(!logo.text().contains("<script"), "{name}");
    }
    let logo = stranger.get("/logos/visa.gif").await;
    assert_eq!((logo.status.as_u16(), logo.header("content-type")), (200, "image/svg+xml"));
    for name in ["nothing.css", "..%2fCargo.toml", "%2e%2e%2fapi.rs"] {
        assert_eq!(stranger.get(&format!("/assets/{name}")).await.status, 404, "{name}");
    }
    for link in home
        .text()
        .split("href=\"")
        .skip(1)
        .filter_map(|part| part.split('"').next())
        .filter(|link| link.starts_with('/'))
    {
        assert_eq!(stranger.get(link).await.status, 200, "{link}");
    }
}

#[tokio::test]
async fn a_ticket_of_a_method_that_an_operator_named_says_its_name() {
    let app = TestApp::new().await;
    let document = json!({"MLA": {"methods": {
        "kiosco": {"like": "rapipago", "name": "Kiosco & Cía"}, "pagofacil": {"name": "Pago Más Fácil"},
    }}});
    let version = NewVersion { document, author: "ana".to_owned(), comment: String::new(), expected: None };
    app.engine.apply_catalogue(&version).await.unwrap();
    let seller = app.seller(Site::MLA);
    for (method, name) in
        [("kiosco", "Kiosco &#38; Cía"), ("pagofacil", "Pago Más Fácil"), ("rapipago", "Rapipago")]
    {
        let body = json!({"transaction_amount": 100, "payment_method_id": method, "payer": {"email": PAYER}});
        let payment = seller.post("/v1/payments", &body).await.expect(201);
        let page = app.stranger().get(&local(&payment["transaction_details"]["external_resource_url"])).await;
        assert!(page.text().contains(&format!("{name}</h1>")), "{method}: {}", page.text());
    }
}
