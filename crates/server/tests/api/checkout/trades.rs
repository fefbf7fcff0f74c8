//! What a preference says of its buyer and its trade: it is the payment's, it is found again, and it can be forgotten.

use super::{Buyer, article};
use crate::test_app::{TestApp, seed, with};
use axum::http::Method;
use pasarela_domain::payment::traces::{Buyer as Asked, Place, TraceKind};
use pasarela_domain::site::Site;
use pasarela_engine::privacy::Person;
use serde_json::{Value, json};

async fn made(app: &TestApp, members: Value) -> Value {
    let body = with(article(), members);
    let call = app.seller(Site::MLB).call(Method::POST, "/checkout/preferences").json(&body);
    call.header("x-meli-session-id", "armor.of-the-shop").send().await.expect(201)
}

fn delivery() -> Value {
    json!({"shipments": {"express_shipment": true, "receiver_address": {
        "zip_code": "06233-200", "street_name": "Rua das Flores", "street_number": 7, "floor": 3}}})
}

#[tokio::test]
async fn a_buyer_who_paid_a_preference_is_found_by_its_door_and_by_the_shops_device() {
    let app = TestApp::new().await;
    let preference = made(&app, delivery()).await;
    assert!(!preference.to_string().contains("armor."), "the device is not shown: {preference}");
    Buyer::of(&app, &preference).pay_by_card("APRO").await;
    let found = app.seller(Site::MLB).get("/v1/payments/search").await.expect(200);
    let payment = &found["results"][0];
    let expected = json!({"express_shipment": "true", "receiver_address": {
        "zip_code": "06233-200", "street_name": "Rua das Flores", "street_number": "7", "floor": "3"}});
    assert_eq!(payment["additional_info"]["shipments"], expected);

    let caller = app.engine.authenticate(&seed(Site::MLB).test.access_token).await.unwrap().unwrap();
    let door = Place { street: Some("rua das flores"), number: Some("7"), zip_code: Some("06233200") };
    for (asked, kind) in [
        (Asked { places: [door, Place::default()], ..Asked::default() }, TraceKind::Address),
        (Asked { device: Some("armor.of-the-shop"), ..Asked::default() }, TraceKind::Device),
    ] {
        let past = app.engine.buyer_past(&caller, &asked, 10).await.unwrap();
        let past: Vec<_> = past.into_iter().map(|earlier| (earlier.id, earlier.in_common)).collect();
        assert_eq!(past, [(payment["id"].as_i64().unwrap(), vec![kind])]);
    }
}

#[tokio::test]
async fn a_preference_that_names_nobody_is_forgotten_with_who_paid_it() {
    let app = TestApp::new().await;
    let preference = made(&app, delivery()).await;
    let unpaid = made(&app, delivery()).await;
    Buyer::of(&app, &preference).pay_by_card("APRO").await;
    let found = app.seller(Site::MLB).get("/v1/payments/search").await.expect(200);
    let person = Person::Email(found["results"][0]["payer"]["email"].as_str().unwrap().to_owned());
    let exported = app.engine.export_person(&person).await.unwrap().to_string();
    assert!(exported.contains("Rua das Flores") && exported.contains("armor.of-the-shop"), "{exported}");
    app.engine.erase_person(&person, false, |_| {}).await.unwrap();
    let now = async |preference: &Value| {
        let path = format!("/checkout/preferences/{}", preference["id"].as_str().unwrap());
        app.seller(Site::MLB).get(&path).await.expect(200)
    };
    let forgotten = now(&preference).await;
    assert_eq!(forgotten["shipments"]["receiver_address"]["street_name"], "");
    assert_eq!(forgotten["items"], preference["items"]);
    assert_eq!(now(&unpaid).await["shipments"], unpaid["shipments"], "nobody's yet");
    let exported = app.engine.export_person(&person).await.unwrap().to_string();
    assert!(!exported.contains("Rua das Flores") && !exported.contains("armor.of-the-shop"), "{exported}");
    let again = app.engine.erase_person(&person, false, |_| {}).await.unwrap();
    assert_eq!((again.payments, again.checkouts), (0, 0));
}
