//! `PUT /v1/customers/{id}/cards/{card_id}`

use crate::cards::card_numbered;
use crate::customers::{cards_of, place_of};
use crate::test_app::{TestApp, with};
use pasarela_domain::site::Site;
use serde_json::json;

#[tokio::test]
async fn date_and_holder_change_at_once_and_are_echoed() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let card = seller.saved_card(&customer, "APRO").await;
    let change = json!({"expiration_month": 12, "expiration_year": 2025, "cardholder": {"identification": {"type": "CNPJ"}}});
    let changed = seller.put(&place_of(&card), &change).await.expect(200);
    let expected = with(
        card.clone(),
        json!({"expiration_month": 12, "expiration_year": 2025, "date_last_updated": changed["date_last_updated"].clone(),
               "cardholder": {"name": "APRO", "identification": {"type": "CNPJ", "number": null}}}),
    );
    assert_eq!(changed, expected);
    assert_eq!(seller.get(&cards_of(&customer)).await.expect(200), json!([changed]));
    for (change, code) in [
        (json!({"expiration_month": 13}), "122"),
        (json!({"expiration_year": "soon"}), "122"),
        (json!({"cardholder": "Ana"}), "122"),
        (json!({"token": "0f3a9c1be2d44f5b8a7760c1d2e3f405"}), "120"),
        (json!([]), "118"),
    ] {
        assert_eq!(seller.put(&place_of(&card), &change).await.texted_codes(), [code], "{change}");
    }
    assert_eq!(app.seller(Site::MLA).put(&place_of(&card), &change).await.status.as_u16(), 404);
}

#[tokio::test]
async fn a_token_gives_the_card_another_number_under_its_id() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let card = seller.saved_card(&customer, "APRO").await;
    let master = card_numbered(Site::MLB, "5031433215406351");
    let token = seller.card_token_of(&master, "APRO").await;
    let changed = seller.put(&place_of(&card), &json!({"token": token})).await.expect(200);
    assert_eq!(changed["id"], card["id"]);
    assert_eq!(
        (&changed["first_six_digits"], &changed["payment_method"]["id"]),
        (&json!("503143"), &json!("master"))
    );
    let paying = json!({"card_id": card["id"], "security_code": "123"});
    let token = seller.post("/v1/card_tokens", &paying).await.expect(201);
    let payment = json!({"transaction_amount": 100, "token": token["id"], "installments": 1,
                         "payer": {"type": "customer", "id": customer["id"]}});
    let paid = seller.post("/v1/payments", &payment).await.expect(201);
    assert_eq!(
        (&paid["payment_method_id"], &paid["card"]["last_four_digits"]),
        (&json!("master"), &json!("6351"))
    );
    // One number is one card of a customer's.
    let other = seller.saved_card(&customer, "APRO").await;
    let token = seller.card_token_of(&master, "APRO").await;
    assert_eq!(seller.put(&place_of(&other), &json!({"token": token})).await.texted_codes(), ["121"]);
    let token = seller.card_token_of(&master, "Ana").await;
    let same = seller.put(&place_of(&card), &json!({"token": token})).await.expect(200);
    assert_eq!(same["cardholder"]["name"], "Ana");
}
