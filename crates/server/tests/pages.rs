//! The pages: what they show, in which language, and what they never let through.

use axum::body::to_bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use pasarela_domain::catalogue::{self, PaymentType};
use pasarela_domain::site::{SITES, Site};
use pasarela_domain::timestamp::{DAY, HOUR, Timestamp};
use pasarela_server::pages::assets::{CHALLENGE_SCRIPT, ICON, SCRIPT, STYLESHEET, asset};
use pasarela_server::pages::layout::Shop;
use pasarela_server::pages::locale::LOCALES;
use pasarela_server::pages::voucher_method::VoucherMethod;
use pasarela_server::pages::{
    BankOutcome, ChallengeRequest, HomeView, Locale, Page, PaymentView, SellerRow, bank_transfer, challenge,
    challenge_complete, home, missing, pix, ticket,
};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_795_298_400_000);
const HOSTILE: &str = "\"><script>alert('x')</script><img src=x onerror=alert(1)>";

/// A pending payment with `parts` over it.
fn payment(site: Site, parts: Value) -> PaymentView {
    let mut body = json!({"id": 17_014_025_134_i64, "status": "pending", "status_detail": "pending_waiting_payment",
        "transaction_amount": 1_249, "description": "Mug", "live_mode": false});
    for (key, value) in parts.as_object().expect("parts of a body") {
        body[key] = value.clone();
    }
    PaymentView::from_body(&body, site, NOW, "Loja Pasarela").expect("a payment")
}

fn shop() -> Shop {
    Shop::named("Loja Pasarela")
}

fn boleto() -> PaymentView {
    payment(
        Site::MLB,
        json!({"payment_method_id": "bolbradesco", "date_of_expiration": NOW.plus_ms(3 * DAY).to_wire(),
            "transaction_details": {"digitable_line": "23793381286008301112345000063304789540000012345",
                "barcode": {"content": "23797895400000123453381260083011124500006330"}}}),
    )
}

fn pix_payment() -> PaymentView {
    payment(
        Site::MLB,
        json!({"payment_method_id": "pix", "date_of_expiration": NOW.plus_ms(HOUR).to_wire(),
            "point_of_interaction": {"transaction_data": {"qr_code": "00020101021226760014br.gov.bcb.pix6304F9BB"}}}),
    )
}

fn transfer() -> PaymentView {
    payment(
        Site::MCO,
        json!({"payment_method_id": "pse", "callback_url": "https://shop.example/thanks?order=7&x=1",
            "transaction_details": {"financial_institution": "1007"}}),
    )
}

fn every_page(view: &PaymentView, locale: Locale) -> Vec<Page> {
    vec![
        ticket(view, &shop(), locale),
        pix(view, &shop(), locale),
        bank_transfer(view, &shop(), locale),
        challenge(view, locale, "abc"),
        challenge_complete(view, locale),
        missing(locale),
    ]
}

fn headers_of(page: Page) -> HeaderMap {
    page.into_response().headers().clone()
}

#[test]
fn hostile_text_is_never_markup() {
    let view = payment(
        Site::MLB,
        json!({"payment_method_id": HOSTILE, "description": HOSTILE, "callback_url": format!("https://shop.example/{HOSTILE}"),
            "card": {"last_four_digits": HOSTILE},
            "transaction_details": {"payment_method_reference_id": HOSTILE, "verification_code": HOSTILE, "digitable_line": HOSTILE,
                "financial_institution": HOSTILE, "barcode": {"content": HOSTILE}},
            "point_of_interaction": {"transaction_data": {"qr_code": HOSTILE}}}),
    );
    let view = PaymentView { merchant_name: HOSTILE.to_owned(), ..view };
    for page in every_page(&view, Locale::English) {
        assert!(!page.status.is_server_error());
        assert!(!page.html.contains("<script>alert"), "{}", page.html);
        assert!(!page.html.contains("<img"), "{}", page.html);
    }
}

#[test]
fn only_the_web_is_linked_to() {
    for address in ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//shop.example", "shop"]
    {
        let view = payment(Site::MCO, json!({"payment_method_id": "pse", "callback_url": address}));
        assert_eq!(view.callback_url, None, "{address}");
    }
    assert!(
        bank_transfer(&transfer(), &shop(), Locale::Spanish)
            .html
            .contains("href=\"https://shop.example/thanks?order=7&#38;x=1\"")
    );
}

#[test]
fn no_page_allows_inline_code_or_another_origin() {
    for page in every_page(&boleto(), Locale::Portuguese) {
        let markup = page.html.clone();
        let headers = headers_of(page);
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        for never in ["unsafe", "http:", "https:", "data:"] {
            assert!(!policy.contains(never), "{policy}");
        }
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(
            headers[header::CONTENT_LANGUAGE],
            if markup.contains("lang=\"pt-BR\"") { "pt-BR" } else { "pt" }
        );
        for never in [" style=", "<style", "onclick", "<script>"] {
            assert!(!markup.contains(never), "{never} in {markup}");
        }
    }
}

#[test]
fn pages_that_act_cannot_be_framed_and_the_challenge_can() {
    let frames = |page: Page| {
        headers_of(page)[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("frame-ancestors")
    };
    assert!(frames(bank_transfer(&transfer(), &shop(), Locale::Spanish)));
    assert!(!frames(challenge(&pix_payment(), Locale::Portuguese, "abc")));
    assert!(!frames(ticket(&boleto(), &shop(), Locale::Portuguese)));
}

#[test]
fn every_voucher_method_of_every_site_has_a_page_of_its_own() {
    for site in SITES {
        for method in catalogue::of(site).methods() {
            if !matches!(method.payment_type, PaymentType::Ticket | PaymentType::Atm) {
                continue;
            }
            let id = method.id.as_str();
            assert!(VoucherMethod::find(id).is_some(), "{id} has no page of its own");
            let view = payment(
                site,
                json!({"payment_method_id": id, "date_of_expiration": NOW.plus_ms(DAY).to_wire(),
                    "transaction_details": {"payment_method_reference_id": "1234567890", "barcode": {"content": "29876543210987654321"}}}),
            );
            for locale in LOCALES {
                let html = ticket(&view, &shop(), locale).html;
                assert!(html.contains("<svg"), "{id} has no barcode");
                assert!(html.contains("1234 5678 90"), "{id} has no reference");
                assert!(!html.contains("{name}"), "{id} has a step without its name");
            }
        }
    }
}

#[test]
fn each_language_has_its_own_words() {
    let texts = LOCALES.map(|locale| ticket(&boleto(), &shop(), locale).html);
    assert!(texts[0].contains("Cómo pagar") && texts[0].contains("<html lang=\"es\">"));
    assert!(texts[1].contains("Como pagar") && texts[1].contains("<html lang=\"pt-BR\">"));
    assert!(texts[2].contains("How to pay") && texts[2].contains("<html lang=\"en\">"));
}

#[test]
fn a_ticket_shows_what_is_needed_to_pay() {
    let html = ticket(&boleto(), &shop(), Locale::Portuguese).html;
    for text in [
        "R$\u{a0}1.249,00",
        "Loja Pasarela",
        "24 de novembro de 2026, 19:00",
        "23793.38128 60083.011123 45000.063304 7 89540000012345",
    ] {
        assert!(html.contains(text), "{text} is missing");
    }
    assert!(html.contains("data-raw=\"23793381286008301112345000063304789540000012345\""));
    assert!(html.contains("barcode-itf25"));
}

#[test]
fn a_ticket_that_is_over_cannot_be_paid_by_mistake() {
    let paid =
        PaymentView { status: "approved".to_owned(), status_detail: "accredited".to_owned(), ..boleto() };
    // The timer has not run yet, but the date has passed.
    let late = PaymentView { now: NOW.plus_ms(4 * DAY), ..boleto() };
    for (view, progress) in [(paid, "paid"), (late, "expired")] {
        let html = ticket(&view, &shop(), Locale::Portuguese).html;
        assert!(html.contains(&format!("data-progress=\"{progress}\"")));
        assert!(!html.contains("23793.38128") && !html.contains("<svg"), "{progress} still shows how to pay");
        assert!(!html.contains("http-equiv"), "{progress} still looks again");
    }
}

#[test]
fn a_pending_pix_follows_the_payment_without_scripts() {
    let html = pix(&pix_payment(), &shop(), Locale::Portuguese).html;
    assert!(html.contains("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"));
    assert!(html.contains("<svg") && html.contains("br.gov.bcb.pix"));
    assert!(html.contains("1 h 00 min"));
}

#[test]
fn only_a_test_payment_has_a_simulated_bank() {
    let test = bank_transfer(&transfer(), &shop(), Locale::Spanish).html;
    assert!(
        test.contains("value=\"pay\"") && test.contains("value=\"decline\"") && test.contains("Bancolombia")
    );
    let live = bank_transfer(&PaymentView { live: true, ..transfer() }, &shop(), Locale::Spanish).html;
    assert!(!live.contains("<form") && !live.contains("<button name"));
    assert!(!live.contains("Pago de prueba"));
}

#[test]
fn after_the_bank_the_buyer_goes_back_to_the_shop() {
    let done = PaymentView { status: "approved".to_owned(), ..transfer() };
    let html = bank_transfer(&done, &shop(), Locale::Spanish).html;
    assert!(html.contains("content=\"4;url=https://shop.example/thanks?order=7&#38;x=1\""));
    assert!(!html.contains("<form"));
}

#[test]
fn a_clabe_is_shown_in_its_four_parts() {
    let view = payment(
        Site::MLM,
        json!({"payment_method_id": "clabe", "payment_method": {"data": {"reference_id": "002010077777777771"}}}),
    );
    assert!(bank_transfer(&view, &shop(), Locale::Spanish).html.contains("002 010 07777777777 1"));
}

#[test]
fn a_body_that_is_no_payment_is_refused() {
    for body in [
        json!(null),
        json!({}),
        json!({"id": 1, "status": "pending"}),
        json!({"id": 1, "status": "pending", "transaction_amount": "1"}),
        json!({"id": 1, "status": "pending", "transaction_amount": 10.001}),
    ] {
        assert!(PaymentView::from_body(&body, Site::MLB, NOW, "x").is_none(), "{body}");
    }
}

#[test]
fn forms_are_read_strictly() {
    assert_eq!(BankOutcome::from_form(b"outcome=pay"), Some(BankOutcome::Pay));
    assert_eq!(BankOutcome::from_form(b"outcome=decline"), Some(BankOutcome::Decline));
    assert_eq!(BankOutcome::from_form(b"outcome=pay&outcome=decline"), None);
    let creq = "eyJhIjoiYi1fIn0".to_owned();
    let read = |text: &str| ChallengeRequest::from_form(text.as_bytes());
    assert_eq!(read("creq=eyJhIjoiYi1fIn0"), Some(ChallengeRequest::Open { creq: creq.clone() }));
    assert_eq!(
        read("creq=eyJhIjoiYi1fIn0&outcome=confirm"),
        Some(ChallengeRequest::Confirm { creq: creq.clone() })
    );
    assert_eq!(read("outcome=cancel&creq=eyJhIjoiYi1fIn0"), Some(ChallengeRequest::Cancel { creq }));
    for refused in [
        "",
        "creq=",
        "creq=%3Cscript%3E",
        "outcome=confirm",
        "creq=abc&outcome=other",
        &format!("creq={}", "a".repeat(5_000)),
    ] {
        assert_eq!(read(refused), None, "{refused}");
    }
}

#[test]
fn the_end_of_a_challenge_tells_the_shop_exactly_that() {
    let html = challenge_complete(&pix_payment(), Locale::English).html;
    assert!(html.contains(&format!("<script src=\"{}\" defer></script>", CHALLENGE_SCRIPT.path)));
    assert!(CHALLENGE_SCRIPT.content().contains("postMessage({ status: \"COMPLETE\" }, \"*\")"));
    assert!(challenge(&pix_payment(), Locale::English, "abc").html.contains("name=\"creq\" value=\"abc\""));
}

#[test]
fn the_front_page_shows_public_keys_and_names_the_command() {
    let sellers = vec![SellerRow {
        site: Site::MLA,
        user_id: "7".to_owned(),
        public_key: "TEST-key".to_owned(),
        live: false,
    }];
    let view = HomeView {
        version: "0.1.0",
        now: NOW,
        sellers,
        credentials_command: Some("pasarela credentials"),
        has_demo: true,
    };
    let html = home(&view, Locale::English).html;
    assert!(
        html.contains("TEST-key") && html.contains("pasarela credentials") && html.contains("href=\"/docs\"")
    );
}

#[tokio::test]
async fn assets_are_served_under_their_hash_for_ever_and_under_no_other_name() {
    for file in [&STYLESHEET, &SCRIPT, &CHALLENGE_SCRIPT, &ICON] {
        let name = file.path.strip_prefix("/assets/").unwrap().to_owned();
        let answer = asset(Path(name)).await;
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        assert_eq!(body, file.content());
    }
    for name in ["pages.css", "../Cargo.toml", "", "pages-0000000000000000.css"] {
        assert_eq!(asset(Path(name.to_owned())).await.status(), StatusCode::NOT_FOUND);
    }
}

#[test]
fn an_address_that_opens_nothing_is_404() {
    assert_eq!(missing(Locale::Spanish).status, StatusCode::NOT_FOUND);
}
