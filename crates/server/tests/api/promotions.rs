//! `GET /v1/payment_methods/deals`, and the promotions page with its banner.

use crate::test_app::{TestApp, seed};
use axum::http::Method;
use insta::assert_snapshot;
use pasarela_domain::site::{SITES, Site};
use serde_json::{Value, json};

const FRIDAY: &str = "2026-11-27T12:00:00-03:00";

fn ids(deals: &Value) -> Vec<&str> {
    deals.as_array().unwrap().iter().map(|deal| deal["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_deal_is_told_in_the_buyers_language() {
    let app = TestApp::at(FRIDAY).await;
    let deals = app.browser(Site::MLA).get("/v1/payment_methods/deals?locale=en").await.expect(200);
    assert_eq!(ids(&deals), ["mla-amex-3-6", "mla-patagonia-jueves"]);
    assert_snapshot!(deals[0], @r#"{"id":"mla-amex-3-6","issuer":{"id":"3","name":"American Express"},"payment_methods":[{"id":"amex","name":"American Express","payment_type_id":"credit_card","secure_thumbnail":"http://pasarela.test/logos/amex.gif","thumbnail":"http://pasarela.test/logos/amex.gif"}],"installments":[3,6],"max_installments":6,"discount_rate":0,"reimbursement_rate":null,"min_allowed_amount":1000,"recommended_message":"3 and 6 interest-free installments","legals":"Valid from 2026-01-01 to 2035-12-31. Smallest purchase: $ 1,000.00. Example: cash price $ 100,000.00; 3 installments of $ 33,333.33; financed price $ 100,000.00; TEA 0.00%; CFT 0.00%.","picture":{"id":"3","size":"96x60","url":"http://pasarela.test/logos/3.gif","secure_url":"http://pasarela.test/logos/3.gif"},"weekdays":[],"date_started":"2025-12-31T23:00:00.000-04:00","date_expired":"2035-12-31T22:59:59.000-04:00","total_financial_cost":"0,00%"}"#);
    let deals = app.seller(Site::MLB).get("/v1/payment_methods/deals").await.expect(200);
    assert_eq!(deals[0]["recommended_message"], "2, 3, 4, 5 e 6 parcelas sem juros");
}

#[tokio::test]
async fn a_campaign_that_the_seller_bears_is_shown_to_the_buyers_of_who_joins() {
    let app = TestApp::at(FRIDAY).await;
    let browser = app.browser(Site::MLB);
    let joined = browser.get("/v1/payment_methods/deals?differential_pricing_id=30055").await.expect(200);
    assert_eq!(ids(&joined), ["mlb-hipercard-6", "mlb-parcelas-do-vendedor"]);
    assert_eq!(joined[1]["issuer"], Value::Null);
    assert_eq!(joined[1]["installments"], json!([2, 3]));
}

#[tokio::test]
async fn deals_end_by_the_sellers_own_clock() {
    let app = TestApp::at("2035-12-31T23:00:00-03:00").await;
    let seller = app.seller(Site::MLA);
    assert_eq!(seller.get("/v1/payment_methods/deals").await.expect(200).as_array().unwrap().len(), 2);
    seller.advance("PT1H").await;
    assert_eq!(seller.get("/v1/payment_methods/deals").await.expect(200), json!([]));
}

#[tokio::test]
async fn every_site_has_a_page_in_three_languages_that_loads_nothing_from_elsewhere() {
    let app = TestApp::new().await;
    for site in SITES {
        for (locale, word) in [("es", "Promociones"), ("pt", "Promoções"), ("en", "Promotions")] {
            let page = app.stranger().get(&format!("/promociones/{site}?locale={locale}")).await;
            assert_eq!(page.status, 200, "{site}");
            assert!(page.header("content-type").starts_with("text/html"));
            assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
            assert!(
                page.header("content-language").starts_with(locale),
                "{}",
                page.header("content-language")
            );
            let html = page.text();
            assert!(html.contains(&format!("<h1>{word}")), "{site} {locale}");
            assert!(!html.contains(" style=") && !html.contains("http"), "{html}");
        }
    }
    assert_eq!(app.stranger().get("/promociones/MLX").await.status, 404);
}

#[tokio::test]
async fn argentina_shows_what_its_law_wants_and_the_cft_largest() {
    let app = TestApp::new().await;
    let html = app.stranger().get("/promociones/MLA").await.text();
    for shown in
        ["TEA 0,00%; CFT 0,00%", "87,36%", "69,00%", "class=\"digits cft\"", "51/2017", "Banco Patagonia"]
    {
        assert!(html.contains(shown), "{shown} in {html}");
    }
    let css = include_str!("../../assets/pages.css");
    let sizes = |class: &str| -> Vec<f64> {
        let rules = css.lines().filter(|line| line.contains(&format!(".{class} {{ font-size: ")));
        let size = |rule: &str| rule.split("font-size: ").nth(1)?.split("rem").next()?.parse().ok();
        rules.map(|rule| size(rule).unwrap()).collect()
    };
    let (cft, tea) = (sizes("cft"), sizes("tea"));
    assert!(cft.len() == 3 && tea.len() == 3, "on a screen, a phone and a small phone");
    assert!(cft.iter().zip(&tea).all(|(cft, tea)| cft / tea >= 2.25), "five times the area: {cft:?} {tea:?}");
    assert!(!app.stranger().get("/promociones/MLB").await.text().contains("51/2017"));
}

#[tokio::test]
async fn the_page_of_a_public_key_is_its_sellers() {
    let app = TestApp::at(FRIDAY).await;
    let key = &seed(Site::MLB).test.public_key;
    let joined = format!("/promociones?public_key={key}&differential_pricing_id=30056");
    let html = app.stranger().get(&joined).await.text();
    assert!(html.contains("10% de desconto até R$\u{a0}50,00"), "{html}");
    assert!(html.contains(">Colômbia</a>") && html.contains("<strong aria-current=\"page\">Brasil</strong>"));
    assert!(html.contains("lang=\"pt-BR\""));
    // Nobody's key shows what everybody sees.
    let html = app.stranger().get("/promociones?public_key=TEST-nobody").await.text();
    assert!(html.contains("lang=\"es-AR\""));
}

#[tokio::test]
async fn the_banner_stands_in_any_shops_frame_and_leads_to_the_page() {
    let app = TestApp::at(FRIDAY).await;
    let key = &seed(Site::MLM).test.public_key;
    let banner = app.stranger().get(&format!("/promociones/banner?public_key={key}&locale=es")).await;
    assert_eq!(banner.status, 200);
    let policy = banner.header("content-security-policy");
    assert!(!policy.contains("frame-ancestors") && policy.starts_with("default-src 'none'"), "{policy}");
    let html = banner.text();
    assert!(html.contains("3, 6, 9 y 12 mensualidades sin intereses"), "{html}");
    assert!(html.contains(&format!("href=\"/promociones/MLM?locale=es&#38;public_key={key}\"")), "{html}");
    let hostile = "/promociones/banner?site=MLA&public_key=%22%3E%3Cscript%3E&locale=%3Cscript%3E";
    assert!(!app.stranger().get(hostile).await.text().contains("\"><script>"));
}

#[tokio::test]
async fn where_old_shops_link_to_leads_to_the_page() {
    let app = TestApp::new().await;
    let moved = app.stranger().call(Method::GET, "/mla/credit_card_promos.htm").send().await;
    assert_eq!((moved.status.as_u16(), moved.header("location")), (308, "/promociones/MLA"));
}
