//! `DELETE /v1/customers/{id}/cards/{card_id}`

use crate::cards::card_numbered;
use crate::customers::{cards_of, place_of};
use crate::test_app::TestApp;
use axum::http::Method;
use pasarela_domain::site::Site;
use serde_json::json;

#[tokio::test]
async fn the_card_is_answered_once_more_and_passes_the_default_on() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let first = seller.saved_card(&customer, "APRO").await;
    let token = seller.card_token_of(&card_numbered(Site::MLB, "5031433215406351"), "APRO").await;
    let second = seller.post(&cards_of(&customer), &json!({"token": token})).await.expect(201);
    assert_eq!(seller.delete(&place_of(&first)).await.expect(200), first);
    let now = seller.customer_now(&customer).await;
    assert_eq!((&now["default_card"], &now["cards"]), (&second["id"], &json!([second])));
    assert_eq!(seller.delete(&place_of(&first)).await.status.as_u16(), 404);
    assert_eq!(seller.delete(&place_of(&second)).await.expect(200), second);
    assert_eq!(seller.customer_now(&customer).await["default_card"], json!(null));
}

#[tokio::test]
async fn a_repeated_deletion_under_its_key_succeeds_again() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let card = seller.saved_card(&customer, "APRO").await;
    let delete = || seller.call(Method::DELETE, &place_of(&card)).key("k").send();
    delete().await.expect(200);
    assert_eq!(delete().await.expect(200)["id"], card["id"]);
}

#[tokio::test]
async fn a_token_of_a_deleted_card_pays_nothing() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let card = seller.saved_card(&customer, "APRO").await;
    // Somebody else saved the same number: it stays, the card does not.
    seller.saved_card(&seller.customer("eva@testuser.com").await, "APRO").await;
    let request = json!({"card_id": card["id"], "security_code": "123"});
    let token = app.browser(Site::MLB).post("/v1/card_tokens", &request).await.expect(201);
    seller.delete(&place_of(&card)).await.expect(200);
    let payment = json!({"transaction_amount": 100, "token": token["id"], "installments": 1,
                         "payer": {"type": "customer", "id": customer["id"]}});
    assert_eq!(seller.post("/v1/payments", &payment).await.code(), 2006);
    assert_eq!(app.browser(Site::MLB).post("/v1/card_tokens", &request).await.texted_codes(), ["E201"]);
}
