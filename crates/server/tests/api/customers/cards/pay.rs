//! A saved card becomes a token with its CVV, and pays.

use crate::cards::card_of;
use crate::customers::{cards_of, place_of};
use crate::test_app::{Client, TestApp, contents, with};
use axum::http::Method;
use pasarela_domain::site::Site;
use pasarela_engine::upkeep::{Source, examine};
use serde_json::{Value, json};

async fn token_of(client: &Client, card: &Value) -> Value {
    let request = json!({"card_id": card["id"], "security_code": "123"});
    client.post("/v1/card_tokens", &request).await.expect(201)
}

fn payment(token: &Value, customer: &Value) -> Value {
    json!({"transaction_amount": 100, "token": token["id"], "installments": 1,
           "payer": {"type": "customer", "id": customer["id"]}})
}

#[tokio::test]
async fn a_browser_makes_a_token_of_it_with_the_cvv_alone() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let card = seller.saved_card(&customer, "APRO").await;
    let token = token_of(&app.browser(Site::MLB), &card).await;
    assert_eq!(token["card_id"], card["id"]);
    assert_eq!((&token["status"], &token["luhn_validation"]), (&json!("active"), &json!(true)));
    assert_eq!((&token["live_mode"], &token["require_esc"]), (&json!(false), &json!(false)));
    assert_eq!((&token["security_code_length"], &token["card_number_length"]), (&json!(3), &json!(16)));
    assert_eq!(token["last_four_digits"], card["last_four_digits"]);
    let named = json!({"cardId": card["id"], "customer_id": customer["id"], "security_code": "123"});
    app.browser(Site::MLB).post("/v1/card_tokens", &named).await.expect(201);
    // A session's token is completed by a saved card, too.
    let session = app.browser(Site::MLB).post("/v1/card_tokens", &json!({})).await.expect(201);
    let path = format!("/v1/card_tokens/{}", session["id"].as_str().unwrap());
    let completed = json!({"card_id": card["id"], "security_code": "123"});
    let completed = app.browser(Site::MLB).put(&path, &completed).await.expect(200);
    let paid = seller.post("/v1/payments", &payment(&completed, &customer)).await.expect(201);
    assert_eq!(paid["card"]["id"], card["id"]);
}

#[tokio::test]
async fn a_saved_card_pays_for_its_customer() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let body = json!({"email": "ana@testuser.com", "first_name": "Ana", "identification": {"type": "CPF", "number": "19119119100"}});
    let customer = seller.post("/v1/customers", &body).await.expect(201);
    let card = seller.saved_card(&customer, "APRO").await;
    let token = token_of(&app.browser(Site::MLB), &card).await;
    let commits = app.engine.counters().commits;
    let paid = seller.post("/v1/payments", &payment(&token, &customer)).await.expect(201);
    assert_eq!(app.engine.counters().commits - commits, 1, "payment, token and books in one");
    assert_eq!((&paid["status"], &paid["status_detail"]), (&json!("approved"), &json!("accredited")));
    assert_eq!((&paid["card"]["id"], &paid["payment_method_id"]), (&card["id"], &json!("visa")));
    assert_eq!(paid["card"]["last_four_digits"], card["last_four_digits"]);
    let payer = &paid["payer"];
    assert_eq!((&payer["type"], &payer["id"]), (&json!("customer"), &json!(customer["user_id"].to_string())));
    assert_eq!((&payer["email"], &payer["first_name"]), (&json!("ana@testuser.com"), &json!("Ana")));
    assert_eq!(payer["identification"], json!({"type": "CPF", "number": "19119119100"}));
    let found =
        seller.get(&format!("/v1/payments/search?payer.id={}", customer["user_id"])).await.expect(200);
    assert_eq!(found["paging"]["total"], 1);
    assert_eq!(seller.post("/v1/payments", &payment(&token, &customer)).await.code(), 3003, "once");
    // By e-mail it is the same payer.
    let token = token_of(&seller, &card).await;
    let by_email = with(payment(&token, &customer), json!({"payer": {"email": "ana@testuser.com"}}));
    assert_eq!(seller.post("/v1/payments", &by_email).await.expect(201)["card"]["id"], card["id"]);
}

#[tokio::test]
async fn the_key_is_honoured_when_the_card_is_deleted_meanwhile() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let card = seller.saved_card(&customer, "APRO").await;
    let body = payment(&token_of(&seller, &card).await, &customer);
    let pay = || seller.call(Method::POST, "/v1/payments").key("k").json(&body).send();
    let paid = pay().await.expect(201);
    seller.delete(&place_of(&card)).await.expect(200);
    assert_eq!(pay().await.expect(200), paid);
}

#[tokio::test]
async fn without_its_cvv_it_pays_only_what_its_holder_agreed_to_before() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let card = seller.saved_card(&customer, "APRO").await;
    let pay = async |interaction: Value| {
        let token = seller.post("/v1/card_tokens", &json!({"card_id": card["id"]})).await.expect(201);
        assert_eq!(token["security_code_length"], 0);
        let body = with(payment(&token, &customer), json!({"point_of_interaction": interaction}));
        seller.post("/v1/payments", &body).await.expect(201)["status_detail"].clone()
    };
    let declined = "cc_rejected_bad_filled_security_code";
    assert_eq!(pay(json!(null)).await, declined);
    let first = json!({"type": "SUBSCRIPTIONS", "transaction_data": {"first_time_use": true}});
    assert_eq!(pay(first).await, declined);
    assert_eq!(
        pay(json!({"type": "CHECKOUT", "transaction_data": {"first_time_use": false}})).await,
        declined
    );
    let later = json!({"type": "SUBSCRIPTIONS", "transaction_data": {"first_time_use": false}});
    assert_eq!(pay(later.clone()).await, "accredited");
    let stored = json!({"type": "CREDENTIAL_ON_FILE",
                        "transaction_data": {"storage": "stored", "transaction_initiator": "merchant"}});
    assert_eq!(pay(stored).await, "accredited");
    // A card that is not saved has no earlier payment.
    let request = with(card_of(Site::MLB).token_request("APRO"), json!({"security_code": null}));
    let token = seller.post("/v1/card_tokens", &request).await.expect(201);
    let body = with(payment(&token, &customer), json!({"point_of_interaction": later}));
    assert_eq!(seller.post("/v1/payments", &body).await.expect(201)["status_detail"], declined);
}

#[tokio::test]
async fn what_is_not_theirs_pays_nothing() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let (ana, eva) = (seller.customer("ana@testuser.com").await, seller.customer("eva@testuser.com").await);
    let card = seller.saved_card(&ana, "APRO").await;
    for client in [app.browser(Site::MLA), app.live_seller(Site::MLB)] {
        let request = json!({"card_id": card["id"], "security_code": "123"});
        assert_eq!(client.post("/v1/card_tokens", &request).await.texted_codes(), ["E201"]);
    }
    for (request, code) in [
        (json!({"card_id": "1", "security_code": "123"}), "E201"),
        (json!({"card_id": "x", "security_code": "123"}), "E201"),
        (json!({"card_id": card["id"], "customer_id": eva["id"], "security_code": "123"}), "E201"),
        (json!({"card_id": card["id"], "security_code": "1234"}), "E302"),
        (json!({"card_id": card["id"], "security_code": "12x"}), "E302"),
    ] {
        assert_eq!(
            app.browser(Site::MLB).post("/v1/card_tokens", &request).await.texted_codes(),
            [code],
            "{request}"
        );
    }
    let token = token_of(&seller, &card).await;
    assert_eq!(seller.post("/v1/payments", &payment(&token, &eva)).await.code(), 2062);
    let unknown = payment(&token, &json!({"id": "7-AAAAAAAAAAAAAA"}));
    assert_eq!(seller.post("/v1/payments", &unknown).await.code(), 2002);
    let stranger = with(payment(&token, &ana), json!({"payer": {"email": "uma@testuser.com"}}));
    assert_eq!(seller.post("/v1/payments", &stranger).await.code(), 2062);
    assert_eq!(seller.post("/v1/payments", &payment(&token, &ana)).await.expect(201)["status"], "approved");
}

/// One sealed number for all, no CVV, and nothing in clear; gone with the last card, and the books and records sound.
#[tokio::test]
async fn numbers_are_shared_sealed_and_erased() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let seller = app.seller(Site::MLB);
    let mut saved = Vec::new();
    for email in ["ana@testuser.com", "eva@testuser.com"] {
        let customer = seller.customer(email).await;
        saved.push((seller.saved_card(&customer, "APRO").await, customer));
    }
    // A rotation seals everything again, and counts it.
    let sealed = async || app.engine.rotate_vault(|_| {}).await.unwrap();
    let rotation = sealed().await;
    assert_eq!(rotation.saved_cards, 1, "two cards, one number");
    assert_eq!(rotation.card_tokens, 0, "no security code is left");
    for (card, customer) in &saved {
        let token = token_of(&seller, card).await;
        seller.post("/v1/payments", &payment(&token, customer)).await.expect(201);
    }
    seller.delete(&place_of(&saved[0].0)).await.expect(200);
    assert_eq!(sealed().await.saved_cards, 1, "one card has it still");
    let path = cards_of(&saved[1].1).replace("/cards", "");
    seller.delete(&path).await.expect(200);
    assert_eq!(sealed().await.saved_cards, 0, "nobody has it any more");
    let place = app.place(directory.path());
    app.close().await;
    let examined = examine(&Source::Store(place)).await.unwrap();
    assert!(examined.is_sound(), "{examined:?}");
    let number = card_of(Site::MLB).number;
    for (name, bytes) in contents(directory.path()).await {
        let has = bytes.windows(number.len()).any(|window| window == number.as_bytes());
        assert!(!has, "{name} holds a card number in clear");
    }
}
