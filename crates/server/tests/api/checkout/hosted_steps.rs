//! What the hosted checkout leads to: the issuer's challenge, the simulated bank, the way on after a refusal, and the key with
//! which its card page uses the browser library.

use super::{Buyer, card_form, hidden, preference, refs};
use crate::test_app::{Answer, TestApp};
use axum::http::Method;
use pasarela_domain::site::Site;
use serde_json::{Value, json};

/// The published card whose challenge ends as its holder answers.
const ASKED: &str = "5483928164574623";

async fn paid_by(app: &TestApp, buyer: &Buyer, number: &str, holder: &str) -> (Answer, String, Value) {
    let mut form = card_form(holder);
    form.iter_mut().find(|(name, _)| *name == "card_number").unwrap().1 = number;
    let review = buyer.post("card", &form).send().await;
    let answer = buyer.post("pay", &refs(&hidden(&review.text()))).send().await;
    let page = buyer.follow(&answer).await.text();
    let found = app.seller(Site::MLB).get("/v1/payments/search?sort=date_created&criteria=desc").await;
    (answer, page, found.expect(200)["results"][0].clone())
}

fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let start = page.find(before).unwrap_or_else(|| panic!("no {before}: {page}")) + before.len();
    &page[start..start + page[start..].find(after).unwrap()]
}

fn form_body(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[tokio::test]
async fn an_issuer_may_ask_and_each_answer_ends_the_wait() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for (outcome, status, detail, told) in [
        ("confirm", "approved", "accredited", "Payment received"),
        ("cancel", "rejected", "cc_rejected_3ds_challenge", "Pay with another card"),
        ("time_out", "cancelled", "expired", "Pay with another card"),
    ] {
        let made = preference(&seller, json!({})).await;
        let buyer = Buyer::of(&app, &made);
        let (result, page, payment) = paid_by(&app, &buyer, ASKED, "APRO").await;
        assert_eq!(payment["status_detail"], "pending_challenge");
        assert!(page.contains("Confirm the purchase with your bank"), "{page}");
        assert!(!page.contains("<noscript><meta http-equiv=\"refresh\""), "the frame would be thrown away");
        let address = between(&page, "action=\"", "\"").replace("&#38;", "&");
        let creq = between(&page, "name=\"creq\" value=\"", "\"").to_owned();
        let answer = |fields: Vec<(&str, &str)>| {
            app.stranger().call(Method::POST, &address).no_key().body(form_body(&fields))
        };
        let asked = answer(vec![("creq", &creq)]).send().await.text();
        assert!(asked.contains("value=\"time_out\"") && asked.contains("R$"), "{asked}");
        assert_eq!(answer(vec![("creq", &creq), ("outcome", "other")]).send().await.status, 400);
        assert_eq!(answer(vec![("creq", "bad"), ("outcome", outcome)]).send().await.status, 400);
        let done = answer(vec![("creq", &creq), ("outcome", outcome)]).send().await;
        assert_eq!(done.status, 200);
        // Answered once: whatever is clicked later changes nothing.
        for late in ["confirm", "cancel", "time_out"] {
            assert_eq!(answer(vec![("creq", &creq), ("outcome", late)]).send().await.status, 200);
        }
        let now = seller.get(&format!("/v1/payments/{}", payment["id"])).await.expect(200);
        assert_eq!((&now["status"], &now["status_detail"]), (&json!(status), &json!(detail)), "{outcome}");
        assert!(buyer.follow(&result).await.text().contains(told), "{outcome}");
    }
    // Where everything is decided at once nobody is asked.
    let binary = preference(&seller, json!({"binary_mode": true})).await;
    let (_, _, payment) = paid_by(&app, &Buyer::of(&app, &binary), ASKED, "APRO").await;
    assert_eq!(payment["status"], "approved");
}

#[tokio::test]
async fn after_a_refusal_the_buyer_is_told_what_helps() {
    let app = TestApp::new().await;
    let made = preference(&app.seller(Site::MLB), json!({})).await;
    let buyer = Buyer::of(&app, &made);
    for (holder, first) in [
        ("SECU", "Correct the card"),
        ("CALL", "I have authorised it"),
        ("FUND", "Pay with another card"),
        ("BLAC", "Pay another way"),
    ] {
        let (_, page, _) = paid_by(&app, &buyer, "5031433215406351", holder).await;
        let button = between(&page, "<a class=\"button wide\" href=", "</a>");
        assert!(button.contains(first), "{holder}: {button}");
    }
}

#[tokio::test]
async fn a_test_pix_is_paid_at_the_simulated_bank_or_expires_there() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for (outcome, status) in [("pay", "approved"), ("expire", "cancelled")] {
        let made = preference(&seller, json!({})).await;
        let buyer = Buyer::of(&app, &made);
        let mut fields = hidden(&buyer.open("&method=pix").await.text());
        fields.push(("email".into(), "test_user_123@testuser.com".into()));
        let answer = buyer.post("pay", &refs(&fields)).send().await;
        let page = buyer.follow(&answer).await.text();
        let address = between(&page, "class=\"button quiet wide\" href=\"", "\"").replace("&#38;", "&");
        let bank = app.stranger().get(&address).await;
        assert!(bank.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert!(bank.text().contains("value=\"expire\""), "{}", bank.text());
        let act = |body: &str| app.stranger().call(Method::POST, &address).no_key().body(body.to_owned());
        assert_eq!(act("outcome=steal").send().await.status, 400);
        assert_eq!(act(&format!("outcome={outcome}")).send().await.status, 303);
        assert_eq!(act("outcome=pay").send().await.status, 303, "a second click changes nothing");
        let id = between(&address, "/payments/", "/").to_owned();
        let payment = seller.get(&format!("/v1/payments/{id}")).await.expect(200);
        assert_eq!(payment["status"], status);
        assert!(!app.stranger().get(&address).await.text().contains("value=\"pay\""));
        let guessed = address.replace("hash=", "hash=0");
        assert_eq!(app.stranger().get(&guessed).await.status, 404);
    }
}

#[tokio::test]
async fn a_bank_sends_the_buyer_back_to_what_became_of_the_payment() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MCO);
    let made =
        preference(&seller, json!({"items": [{"title": "Mate", "quantity": 1, "unit_price": 10000}]})).await;
    let buyer = Buyer::of(&app, &made);
    let mut fields = hidden(&buyer.open("&method=pse").await.text());
    for (name, value) in [
        ("email", "test_user_123@testuser.com"),
        ("document_type", "CC"),
        ("document_number", "123456789"),
        ("financial_institution", "1007"),
    ] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    let answer = buyer.post("pay", &refs(&fields)).send().await;
    let page = buyer.follow(&answer).await.text();
    assert!(page.contains("Go to my bank"), "{page}");
    let found = seller.get("/v1/payments/search").await.expect(200)["results"][0].clone();
    let back = url::Url::parse(found["callback_url"].as_str().unwrap()).unwrap();
    let path = |url: &url::Url| format!("{}?{}", url.path(), url.query().unwrap());
    let returned = app.stranger().get(&path(&back)).await;
    assert_eq!(returned.status, 303);
    let shown = app.stranger().get(returned.header("location")).await.text();
    assert!(shown.contains(&found["id"].to_string()), "{shown}");
    // An attempt that is nobody's begins anew, and tells nothing.
    for attempt in ["", "x", &"y".repeat(300)] {
        let made_up =
            format!("/checkout/v1/return?pref_id={}&attempt={attempt}", made["id"].as_str().unwrap());
        let answer = app.stranger().get(&made_up).await;
        assert!(answer.header("location").starts_with("/checkout/v1/redirect?"), "{attempt}");
    }
}

#[tokio::test]
async fn the_card_pages_key_makes_tokens_and_nothing_else() {
    let app = TestApp::new().await;
    let made = preference(&app.seller(Site::MLB), json!({})).await;
    let buyer = Buyer::of(&app, &made);
    let page = buyer.open("&method=card").await;
    assert!(page.header("content-security-policy").contains("frame-src 'self'"));
    let page = page.text();
    let key = between(&page, "data-key=\"", "\"").to_owned();
    assert!(key.starts_with("TEST-"), "{key}");
    let card = json!({"card_number": "5031433215406351", "expiration_month": 11, "expiration_year": 2030,
                      "security_code": "123", "cardholder": {"name": "APRO"}});
    let token = app.stranger().post(&format!("/v1/card_tokens?public_key={key}"), &card).await.expect(201);
    let methods = format!("/v1/payment_methods/search?public_key={key}&bins=50314332");
    assert_eq!(app.stranger().get(&methods).await.expect(200)["results"][0]["id"], "master");
    // The page's script posts this in the place of the card.
    let mut fields = hidden(&page);
    for (name, value) in [
        ("token", token["id"].as_str().unwrap()),
        ("payment_method_id", "master"),
        ("installments", "3:109.73"),
        ("email", "test_user_123@testuser.com"),
    ] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    let answer = buyer.post("pay", &refs(&fields)).send().await;
    assert!(buyer.follow(&answer).await.text().contains("data-progress=\"paid\""));
    let bearer = |key: &str| {
        app.stranger()
            .call(Method::GET, "/v1/payments/search")
            .header("authorization", &format!("Bearer {key}"))
    };
    assert_eq!(bearer(&key).send().await.status, 403, "it is no access token");
    for made_up in [
        format!("{}0", &key[..key.len() - 1]),
        key.replace("TEST-checkout-", "APP_USR-checkout-"),
        key.replace("TEST-checkout-", "TEST-checkout-1"),
        "TEST-checkout-1-2-".to_owned(),
    ] {
        if made_up == key {
            continue;
        }
        let path = format!("/v1/payment_methods?public_key={made_up}");
        assert_eq!(app.stranger().get(&path).await.status, 400, "{made_up}");
    }
}

#[tokio::test]
async fn what_the_shop_knows_of_its_buyer_is_used_where_the_buyer_leaves_it_empty_and_shown_to_nobody() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let payer = json!({"email": "Test_User_77@testuser.com", "identification": {"type": "CPF", "number": "12345678909"},
                       "address": {"zip_code": "01310100", "street_name": "Paulista", "street_number": "1578"}});
    let made = preference(&seller, json!({"payer": payer, "external_reference": "hint"})).await;
    let buyer = Buyer::of(&app, &made);
    let page = buyer.open("&method=bolbradesco").await.text();
    let is_required = |page: &str, name: &str| {
        let tag = page.split("<input ").find(|tag| tag.contains(&format!("name=\"{name}\""))).unwrap();
        tag[..tag.find('>').unwrap()].contains(" required")
    };
    for (name, required) in
        [("document_number", false), ("zip_code", false), ("street_name", false), ("city", true)]
    {
        assert_eq!(is_required(&page, name), required, "{name}: {page}");
    }
    assert!(
        page.contains("Left empty") && !page.contains("12345678909") && !page.contains("Paulista"),
        "{page}"
    );
    let form = |email: &'static str, street: &'static str| {
        let mut fields = hidden(&page);
        let typed = [
            ("email", email),
            ("first_name", "Ana"),
            ("last_name", "Silva"),
            ("document_type", "CPF"),
            ("document_number", ""),
            ("zip_code", ""),
            ("street_name", street),
            ("street_number", ""),
            ("neighborhood", "Bela Vista"),
            ("city", "São Paulo"),
            ("federal_unit", "SP"),
        ];
        fields.extend(typed.map(|(name, value)| (name.to_owned(), value.to_owned())));
        fields
    };
    // Somebody else has no part of it, and half an address is not filled up with another one's.
    for (email, street) in [("another@testuser.com", ""), ("test_user_77@testuser.com", "Augusta")] {
        let refused = buyer.post("pay", &refs(&form(email, street))).send().await;
        assert_eq!(refused.status, 200, "{}", refused.text());
        let again = refused.text();
        assert_eq!(is_required(&again, "document_number"), email.starts_with("another"), "{again}");
        assert!(!again.contains("12345678909") && !again.contains("Paulista"), "{again}");
    }
    let answer = buyer.post("pay", &refs(&form("test_user_77@testuser.com", ""))).send().await;
    let shown = buyer.follow(&answer).await.text();
    assert!(!shown.contains("12345678909") && !shown.contains("Paulista"), "{shown}");
    let found = seller.get("/v1/payments/search?external_reference=hint").await.expect(200);
    let paid = &found["results"].as_array().unwrap()[..];
    assert_eq!(paid.len(), 1, "{found}");
    // A payment shows its payer once it is paid.
    seller.act(&paid[0], "pay").await.expect(200);
    let payment = seller.payment(&paid[0]["id"]).await;
    assert_eq!(
        payment["payer"]["identification"],
        json!({"type": "CPF", "number": "12345678909"}),
        "{payment}"
    );
}

#[tokio::test]
async fn a_document_is_taken_as_people_write_it() {
    let app = TestApp::new().await;
    let preference = preference(&app.seller(Site::MLB), json!({})).await;
    let buyer = Buyer::of(&app, &preference);
    let typed = async |kind: &str, number: &str| {
        let mut form = card_form("APRO");
        for (name, value) in &mut form {
            match *name {
                "document_type" => *value = kind,
                "document_number" => *value = number,
                _ => {}
            }
        }
        buyer.post("card", &form).send().await.text()
    };
    for (kind, number) in [("CPF", "123.456.789-00"), ("CNPJ", "12.ABC.345/01DE-36")] {
        let page = typed(kind, number).await;
        assert!(page.contains("Check the document"), "{page}");
    }
    for (kind, number) in [("CPF", "123.456.789-09"), ("CNPJ", "12.abc.345/01DE-35")] {
        let fields = hidden(&typed(kind, number).await);
        let answer = buyer.post("pay", &refs(&fields)).send().await;
        assert_eq!(answer.status, 303, "{kind}: {}", answer.text());
    }
    let found = app.seller(Site::MLB).get("/v1/payments/search?sort=id&criteria=asc").await.expect(200);
    let documents: Vec<&Value> = found["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|payment| &payment["payer"]["identification"])
        .collect();
    assert_eq!(
        documents,
        [
            &json!({"type": "CPF", "number": "12345678909"}),
            &json!({"type": "CNPJ", "number": "12ABC34501DE35"})
        ]
    );
}
