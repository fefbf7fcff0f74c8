//! `docs/methods.md`: every method of every site, paid and refused by this test. A run that sees something else than the
//! document says fails; `PASARELA_WRITE_DOCS=1` writes what it saw.

use super::every_method::body_for;
use crate::cards::{card_numbered, with_check_digit};
use crate::test_app::{Client, PAYER, TestApp, buyer, usual_amount};
use pasarela_domain::catalogue::promotion_words::Language;
use pasarela_domain::catalogue::{
    self, DeferredCapture, NumberValidation, PaymentMethod, PaymentType, SiteCatalogue, expiry,
};
use pasarela_domain::site::{SITES, Site};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/methods.md");

const HEAD: &str = "# Methods

Every method that a site offers, with a payment that was approved and one that was not. This page is written by
`crates/server/tests/api/payments/methods_table.rs`, which makes all of these payments in each run and fails when this page
says something else (`PASARELA_WRITE_DOCS=1` writes it anew). How each ends is decided as a tester would: by the holder's
name on a card (`APRO`, `FUND`), by a phone number of Yape, by the buyer's balance, and by
`POST /sandbox/payments/{id}/pay` or time for what is paid elsewhere. A dash: no number of such a card is published, or the
method is not paid by this API.

| site | method | type | from | to | capture later | most instalments | approved | refused |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
";

#[tokio::test]
async fn the_document_says_what_every_method_of_every_site_does() {
    let app = TestApp::at("2026-11-27T12:00:00-03:00").await;
    let mut document = HEAD.to_owned();
    for site in SITES {
        let catalogue = catalogue::of(site);
        let (seller, browser) = (app.seller(site), app.browser(site));
        for method in catalogue.methods().iter().filter(|method| method.is_offered()) {
            let (approved, refused) = match method.payment_type {
                _ if method.id == "yape" => yape(&browser, &seller).await,
                kind if kind.is_card() && method.settings.is_empty() => not_taken(method, &seller).await,
                kind if kind.is_card() => card(catalogue, method, &seller).await,
                PaymentType::AccountMoney => wallet(site, &seller).await,
                _ if expiry::is_offline(method) => elsewhere(site, method, &seller).await,
                _ => not_taken(method, &seller).await,
            };
            let most = installments(&browser, method).await;
            writeln!(
                document,
                "| {site} | `{}` | {} | {} | {} | {} | {most} | {approved} | {refused} |",
                method.id,
                method.payment_type.id(),
                method.min_allowed.to_text(),
                method.max_allowed.to_text(),
                if method.deferred_capture == DeferredCapture::Supported { "yes" } else { "no" },
            )
            .unwrap();
        }
    }
    document.push_str(&campaigns());
    let path = Path::new(DOCUMENT);
    if std::env::var_os("PASARELA_WRITE_DOCS").is_some() {
        std::fs::write(path, &document).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    for (line, (seen, said)) in document.lines().zip(written.lines()).enumerate() {
        assert_eq!(seen, said, "docs/methods.md:{}; PASARELA_WRITE_DOCS=1 writes it anew", line + 1);
    }
    assert_eq!(document.lines().count(), written.lines().count(), "docs/methods.md has other lines");
}

const CAMPAIGNS: &str = "
## Campaigns

What the compiled-in campaigns change. Those with an id in the last column are the sellers': a shop joins one by sending
`differential_pricing_id` to `GET /v1/payment_methods/installments` and in the payment, and bears it. The others hold for
their cards by themselves. A card's own BIN says whose it is; only where it doesn't, `issuer_id` does.

| site | id | what | cards | days | `differential_pricing_id` |
| --- | --- | --- | --- | --- | --- |
";

fn campaigns() -> String {
    let mut table = CAMPAIGNS.to_owned();
    for site in SITES {
        let catalogue = catalogue::of(site);
        for promotion in catalogue.promotions() {
            let text = catalogue.promotion_text(promotion, Language::English);
            let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
            let joined = promotion.differential_pricing_id.map(|id| id.to_string()).unwrap_or_default();
            let (cards, days) = (or(text.cards, "all"), or(text.days, "every day"));
            writeln!(table, "| {site} | `{}` | {} | {cards} | {days} | {joined} |", promotion.id, text.title)
                .unwrap();
        }
    }
    table
}

/// How a payment ended, or why it was not made.
fn end(payment: &Value) -> String {
    let text = |name: &str| payment[name].as_str().unwrap_or_default().to_owned();
    format!("{} / {}", text("status"), text("status_detail"))
}

async fn card(catalogue: &SiteCatalogue, method: &PaymentMethod, seller: &Client) -> (String, String) {
    let number = number_of(catalogue, method);
    let length = method.settings[0].security_code_length;
    let mut card = card_numbered(seller.site, &number);
    card.security_code = "1234"[..length].to_owned();
    let mut ends = Vec::new();
    for holder in ["APRO", "FUND"] {
        let amount = method.min_allowed.minor / 10_i64.pow(seller.site.currency().decimals()) + 1;
        let token = seller.card_token_of(&card, holder).await;
        let body = json!({
            "transaction_amount": amount.max(i64::from(usual_amount(seller.site))), "token": token, "installments": 1,
            "payment_method_id": method.id, "payer": {"email": PAYER},
        });
        ends.push(end(&seller.post("/v1/payments", &body).await.expect(201)));
    }
    (ends.remove(0), ends.remove(0))
}

/// A card number that belongs to the method: to it alone, or where the table leaves none, to it among others.
fn number_of(catalogue: &SiteCatalogue, method: &PaymentMethod) -> String {
    let candidates: Vec<String> = method
        .settings
        .iter()
        .flat_map(|settings| settings.bins.ranges().iter().map(move |range| (settings, range)))
        .flat_map(|(settings, (first, last))| {
            [first, last].map(|bin| {
                let digits = format!("{bin:08}{:0<1$}", "", settings.number_length - 9);
                match settings.number_validation {
                    NumberValidation::Standard => with_check_digit(&digits),
                    NumberValidation::None => format!("{digits}0"),
                }
            })
        })
        .collect();
    let owners = |number: &str| {
        let methods = catalogue.resolve_bin(number);
        methods.into_iter().map(|known| known.id.clone()).collect::<Vec<_>>()
    };
    let alone = candidates.iter().find(|number| owners(number) == [method.id.clone()]);
    let among_others = || candidates.iter().find(|number| owners(number).contains(&method.id));
    let number = alone.or_else(among_others);
    number.unwrap_or_else(|| panic!("{} has no number of its own", method.id)).clone()
}

async fn yape(browser: &Client, seller: &Client) -> (String, String) {
    let mut ends = Vec::new();
    for phone in ["111111111", "111111112"] {
        let request = json!({"phoneNumber": phone, "otp": "123456", "requestId": "r"});
        let token = browser.post("/platforms/pci/yape/v1/payment", &request).await.expect(200);
        let body = json!({
            "transaction_amount": 100, "token": token["id"], "installments": 1, "payment_method_id": "yape",
            "payer": {"email": PAYER},
        });
        ends.push(end(&seller.post("/v1/payments", &body).await.expect(201)));
    }
    (ends.remove(0), ends.remove(0))
}

async fn wallet(site: Site, seller: &Client) -> (String, String) {
    let pay = async |email: &str| {
        let body = json!({
            "transaction_amount": usual_amount(site), "payment_method_id": "account_money", "payer": {"email": email},
        });
        end(&seller.post("/v1/payments", &body).await.expect(201))
    };
    (pay(&buyer(site).account.email).await, pay(PAYER).await)
}

async fn elsewhere(site: Site, method: &PaymentMethod, seller: &Client) -> (String, String) {
    let make = async || seller.post("/v1/payments", &body_for(site, method)).await.expect(201);
    let waiting = make().await;
    let paid = seller.act(&waiting, "pay").await.expect(200);
    let late = seller.act(&make().await, "expire").await.expect(200);
    (format!("{}, then {}", end(&waiting), end(&paid)), end(&late))
}

async fn not_taken(method: &PaymentMethod, seller: &Client) -> (String, String) {
    let amount = method.min_allowed.minor / 10_i64.pow(seller.site.currency().decimals()) + 1;
    let body =
        json!({"transaction_amount": amount, "payment_method_id": method.id, "payer": {"email": PAYER}});
    let code = seller.post("/v1/payments", &body).await.code();
    ("—".to_owned(), format!("400, cause {code}"))
}

async fn installments(browser: &Client, method: &PaymentMethod) -> u64 {
    let path = format!("/v1/payment_methods/installments?payment_method_id={}", method.id);
    let answer = browser.get(&path).await.expect(200);
    let most = |element: &Value| element["payer_costs"].as_array()?.last()?["installments"].as_u64();
    answer.as_array().unwrap().first().and_then(most).unwrap_or(1)
}
