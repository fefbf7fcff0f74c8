//! `POST /v1/customers/{id}/cards`

use crate::cards::{card_numbered, card_of};
use crate::customers::cards_of;
use crate::test_app::{PUBLIC_URL, TestApp, at_once, with};
use axum::http::Method;
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::{Value, json};

#[tokio::test]
async fn a_card_has_every_field_in_its_type() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let request = with(
        card_of(Site::MLB).token_request("APRO"),
        json!({"cardholder": {"name": "APRO", "identification": {"type": "CPF", "number": "19119119100"}}}),
    );
    let token = seller.post("/v1/card_tokens", &request).await.expect(201);
    let path = format!("{}/", cards_of(&customer));
    let card = seller
        .post(&path, &json!({"token": token["id"], "payment_method_id": "debit_card"}))
        .await
        .expect(201);
    let number = card_of(Site::MLB).number;
    assert!(card["id"].as_str().unwrap().bytes().all(|byte| byte.is_ascii_digit()));
    assert!(card["issuer"]["id"].is_i64() && card["issuer"]["name"].is_string());
    assert_eq!(card["date_created"], card["date_last_updated"]);
    let logo = card["payment_method"]["thumbnail"].as_str().unwrap();
    assert!(logo.starts_with(PUBLIC_URL), "{logo}");
    let (method, seen) = (
        with(card["payment_method"].clone(), json!({"thumbnail": null, "secure_thumbnail": null})),
        with(
            card.clone(),
            json!({"id": null, "issuer": null, "payment_method": null, "date_created": null, "date_last_updated": null}),
        ),
    );
    assert_eq!(method, json!({"id": "visa", "name": "Visa", "payment_type_id": "credit_card"}));
    assert_eq!(
        seen,
        json!({
            "customer_id": customer["id"], "user_id": customer["user_id"].to_string(), "expiration_month": 11,
            "expiration_year": 2099, "first_six_digits": &number[..6], "last_four_digits": &number[12..],
            "security_code": {"length": 3, "card_location": "back"}, "live_mode": false, "card_number_id": null,
            "cardholder": {"name": "APRO", "identification": {"type": "CPF", "number": "19119119100"}},
        })
    );
    let now = seller.customer_now(&customer).await;
    assert_eq!((&now["cards"], &now["default_card"]), (&json!([card]), &card["id"]));
}

#[tokio::test]
async fn the_token_is_spent_and_a_second_card_leaves_the_default() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let token = seller.card_token("APRO").await;
    let first = seller.post(&cards_of(&customer), &json!({"token": token})).await.expect(201);
    let spent = seller.get(&format!("/v1/card_tokens/{token}")).await.expect(200);
    assert_eq!(spent["status"], "used");
    let again = seller.post(&cards_of(&customer), &json!({"token": token})).await;
    assert_snapshot!(again.refused(), @r#"400 {"message":"invalid parameters","error":"bad_request","status":400,"cause":[{"code":"121","description":"the card is invalid"}]}"#);
    let amex = card_numbered(Site::MLB, "375365153556885");
    let token = seller.card_token_of(&amex, "APRO").await;
    let second = seller.post(&cards_of(&customer), &json!({"token": token})).await.expect(201);
    assert_eq!(second["security_code"], json!({"length": 4, "card_location": "front"}));
    let now = seller.customer_now(&customer).await;
    assert_eq!((&now["default_card"], &now["cards"]), (&first["id"], &json!([first, second])));
    let path = format!("/v1/customers/{}", customer["id"].as_str().unwrap());
    let changed = seller.put(&path, &json!({"default_card": second["id"]})).await.expect(200);
    assert_eq!(changed["default_card"], second["id"]);
}

#[tokio::test]
async fn the_same_card_twice_is_one_card_with_the_newer_date() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let first = seller.saved_card(&customer, "APRO").await;
    let request = with(card_of(Site::MLB).token_request("Ana Souza"), json!({"expiration_year": 2098}));
    let token = seller.post("/v1/card_tokens", &request).await.expect(201);
    let again = seller.post(&cards_of(&customer), &json!({"token": token["id"]})).await.expect(200);
    assert_eq!((&again["id"], &again["expiration_year"]), (&first["id"], &json!(2098)));
    assert_eq!(again["cardholder"]["name"], "Ana Souza");
    assert_eq!(seller.get(&cards_of(&customer)).await.expect(200), json!([again]));
}

#[tokio::test]
async fn a_key_saves_one_card() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let body = json!({"token": seller.card_token("APRO").await});
    let save = |_| seller.call(Method::POST, &cards_of(&customer)).key("k").json(&body);
    let answers = at_once((0..5).map(save)).await;
    let saved: Vec<Value> = answers.iter().map(|answer| answer.json()["id"].clone()).collect();
    assert!(saved.iter().all(|id| id.is_string() && *id == saved[0]), "{saved:?}");
    assert_eq!(answers.iter().filter(|answer| answer.status.as_u16() == 201).count(), 1);
    assert_eq!(seller.get(&cards_of(&customer)).await.expect(200).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_card_is_refused_with_its_code() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let foreign = app.seller(Site::MLA).card_token("APRO").await;
    let live = app.live_seller(Site::MLB).card_token("Ana").await;
    let empty = seller.post("/v1/card_tokens", &json!({})).await.expect(201)["id"].clone();
    let unknown = json!({"card_number": "8888888888888888", "security_code": "123", "expiration_month": 11,
                         "expiration_year": 2099, "cardholder": {"name": "APRO"}});
    let unknown = seller.post("/v1/card_tokens", &unknown).await.expect(201)["id"].clone();
    for (body, code) in [
        (json!({}), "119"),
        (json!({"token": null}), "119"),
        (json!({"token": 7}), "121"),
        (json!([]), "118"),
        (json!({"token": "0f3a9c1be2d44f5b8a7760c1d2e3f405"}), "120"),
        (json!({"token": foreign}), "120"),
        (json!({"token": live}), "121"),
        (json!({"token": empty}), "120"),
        (json!({"token": unknown}), "127"),
    ] {
        assert_eq!(seller.post(&cards_of(&customer), &body).await.texted_codes(), [code], "{body}");
    }
    let nobody = seller.post("/v1/customers/7-AAAAAAAAAAAAAA/cards", &json!({"token": "x"})).await;
    assert_eq!(nobody.status.as_u16(), 404);
    let wallet = app.seller(Site::MPE);
    let request = json!({"phoneNumber": "111111111", "otp": "123456", "requestId": "x"});
    let token = wallet.post("/platforms/pci/yape/v1/payment", &request).await.json()["id"].clone();
    let customer = wallet.customer("ana@testuser.com").await;
    assert_eq!(wallet.post(&cards_of(&customer), &json!({"token": token})).await.texted_codes(), ["121"]);
    assert_eq!(
        seller.get("/v1/customers/search?email=ana@testuser.com").await.expect(200)["results"][0]["cards"],
        json!([])
    );
}

#[tokio::test]
async fn a_card_that_is_saved_goes_to_no_other_customer() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let ana = seller.customer("ana@testuser.com").await;
    let eva = seller.customer("eva@testuser.com").await;
    let card = seller.saved_card(&ana, "APRO").await;
    let token = async || {
        let request = json!({"card_id": card["id"], "security_code": "123"});
        json!({"token": seller.post("/v1/card_tokens", &request).await.expect(201)["id"]})
    };
    let refused = seller.post(&cards_of(&eva), &token().await).await;
    assert_snapshot!(refused.refused(), @r#"400 {"message":"invalid parameters","error":"bad_request","status":400,"cause":[{"code":"140","description":"invalid card owner"}]}"#);
    assert_eq!(seller.customer_now(&eva).await, eva);
    let amex = seller.card_token_of(&card_numbered(Site::MLB, "375365153556885"), "APRO").await;
    let other = seller.post(&cards_of(&eva), &json!({"token": amex})).await.expect(201);
    let place = format!("{}/{}", cards_of(&eva), other["id"].as_str().unwrap());
    assert_eq!(seller.put(&place, &token().await).await.texted_codes(), ["140"]);
    // Its own customer's it is already.
    assert_eq!(seller.post(&cards_of(&ana), &token().await).await.expect(200)["id"], card["id"]);
}

#[tokio::test]
async fn a_customer_has_fifty_cards_at_most() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let customer = seller.customer("ana@testuser.com").await;
    let save = async |number: u32| {
        let number =
            crate::cards::with_check_digit(&format!("{}{number:05}", &card_of(Site::MLB).number[..10]));
        let token = seller.card_token_of(&card_numbered(Site::MLB, &number), "APRO").await;
        seller.post(&cards_of(&customer), &json!({"token": token})).await
    };
    for number in 0..50 {
        save(number).await.expect(201);
    }
    assert_eq!(save(50).await.texted_codes(), ["129"]);
}
