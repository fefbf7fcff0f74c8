use super::{Buyer, keyed, preference};
use crate::test_app::{TestApp, seed, usual_amount};
use axum::http::Method;
use pasarela_domain::site::Site;
use pasarela_engine::notifications::message::Message;
use pasarela_engine::notifications::{AnswerFuture, Answered, Courier};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Longer than anything that is awaited here takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

async fn order_of(app: &TestApp, preference: &Value) -> Value {
    let id = preference["id"].as_str().unwrap();
    let found =
        app.seller(Site::MLB).get(&format!("/merchant_orders/search?preference_id={id}")).await.expect(200);
    found["elements"][0].clone()
}

#[tokio::test]
async fn an_order_is_made_of_a_preference() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let shop = json!({"external_reference": "WC-1", "notification_url": "https://shop.example/hook",
                      "shipments": {"mode": "custom", "cost": 12.5}});
    let preference = preference(&seller, shop).await;
    let made = seller.post("/merchant_orders", &json!({"preference_id": preference["id"]})).await.expect(201);
    assert_eq!(
        made,
        json!({
            "id": made["id"], "status": "opened", "external_reference": "WC-1", "preference_id": preference["id"],
            "payments": [], "shipments": [], "payouts": [],
            "collector": {"id": seed(Site::MLB).account.id, "email": "", "nickname": seed(Site::MLB).account.nickname},
            "marketplace": "NONE", "notification_url": "https://shop.example/hook",
            "date_created": made["date_created"], "last_updated": made["last_updated"], "sponsor_id": null,
            "shipping_cost": 12.5, "total_amount": 100, "site_id": "MLB", "paid_amount": 0, "refunded_amount": 0,
            "payer": null, "items": preference["items"], "cancelled": false, "additional_info": null,
            "application_id": seed(Site::MLB).application.id.to_string(), "is_test": true,
            "order_status": "payment_required",
        })
    );
    assert!(made["id"].is_i64());
    assert_eq!(seller.get(&format!("/merchant_orders/{}", made["id"])).await.expect(200), made);
    assert_eq!(app.seller(Site::MLA).get(&format!("/merchant_orders/{}", made["id"])).await.status, 404);
    assert_eq!(app.live_seller(Site::MLB).get(&format!("/merchant_orders/{}", made["id"])).await.status, 404);
    assert_eq!(seller.get("/merchant_orders/none").await.status, 404);
}

#[tokio::test]
async fn a_change_is_echoed_and_items_stand_still_under_payments() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let body = json!({"items": [{"title": "a", "quantity": 2, "unit_price": 10}]});
    let made = seller.post("/merchant_orders", &body).await.expect(201);
    assert_eq!((&made["total_amount"], &made["preference_id"]), (&json!(20), &Value::Null));
    let path = format!("/merchant_orders/{}", made["id"]);
    let changed = seller
        .put(
            &path,
            &json!({"notification_url": "https://shop.example/b", "payer": {"id": 0, "nickname": "n"},
                            "items": [{"title": "a", "quantity": 1, "unit_price": 100}],
                            "shipments": [{"id": 7, "status": "shipped"}], "sponsor_id": "5", "version": 1}),
        )
        .await
        .expect(200);
    assert_eq!(changed["notification_url"], "https://shop.example/b");
    assert_eq!(changed["payer"], json!({"id": 0, "nickname": "n", "email": ""}));
    assert_eq!((&changed["total_amount"], &changed["sponsor_id"]), (&json!(100), &json!("5")));
    let shipment = &changed["shipments"][0];
    assert_eq!((&shipment["id"], &shipment["status"]), (&json!(7), &json!("shipped")));
    assert_eq!((&shipment["sender_id"], &shipment["items"]), (&made["collector"]["id"], &json!([])));
    assert!(shipment["receiver_address"].is_null() && shipment["last_modified"].is_string(), "{shipment}");

    // A payment that a shop makes itself is attached by the order that it names.
    let members = json!({"order": {"type": "mercadopago", "id": made["id"]}, "transaction_amount": usual_amount(Site::MLB)});
    let payment = seller.pay_by_card_with("APRO", members).await;
    assert_eq!(payment["order"], json!({"id": made["id"].to_string(), "type": "mercadopago"}));
    let paid = seller.get(&path).await.expect(200);
    assert_eq!((&paid["status"], &paid["order_status"]), (&json!("closed"), &json!("paid")));
    let refused =
        seller.put(&path, &json!({"items": [{"title": "b", "quantity": 1, "unit_price": 1}]})).await;
    assert_eq!(
        keyed(&refused),
        (400, "invalid_order_state".into(), "action not valid for current state".into())
    );
}

#[tokio::test]
async fn each_fault_has_its_documented_word() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let past = json!({"expires": true, "expiration_date_to": "2026-01-01T00:00:00Z"});
    let expired = preference(&seller, past).await;
    let foreign = preference(
        &app.seller(Site::MLA),
        json!({"items": [{"title": "a", "quantity": 1, "unit_price": 500}]}),
    )
    .await;
    for (body, word) in [
        (json!([]), "unmarshal_error"),
        (json!({"preference_id": "x"}), "invalid_id"),
        (json!({"preference_id": foreign["id"]}), "invalid_id"),
        (json!({"preference_id": expired["id"]}), "invalid_expired"),
        (json!({"items": [{"title": "a", "quantity": 1, "unit_price": "1"}]}), "invalid_items"),
        (json!({"external_reference": "a".repeat(601)}), "invalid_string"),
        (json!({"external_reference": {}}), "unmarshal_error"),
        (json!({"notification_url": "shop"}), "invalid_url"),
        (json!({"payer": {"id": "x"}}), "invalid_payer"),
        (json!({"collector": {"id": 1}}), "user_not_allowed"),
        (json!({"site_id": "MLA"}), "user_not_allowed"),
        (json!({"sponsor_id": "x"}), "invalid_sponsor_id"),
        (json!({"application_id": "x"}), "invalid_application_id"),
        // It is by its application's secret that an order is told of.
        (json!({"application_id": seed(Site::MLA).application.id}), "invalid_application_id"),
        (
            json!({"external_reference": serde_json::from_str::<Value>(&"9".repeat(601)).unwrap()}),
            "invalid_string",
        ),
        (json!({"shipments": {}}), "unmarshal_error"),
    ] {
        assert_eq!(keyed(&seller.post("/merchant_orders", &body).await).1, word, "{body}");
    }
    let malformed = seller.call(Method::POST, "/merchant_orders").body("{").send().await;
    assert_eq!(keyed(&malformed).1, "unmarshal_error");
    assert_eq!(seller.put("/merchant_orders/123", &json!({})).await.status, 404);
}

#[tokio::test]
async fn payments_move_the_order_in_their_own_commit() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let preference = preference(&seller, json!({"external_reference": "r"})).await;
    let buyer = Buyer::of(&app, &preference);
    buyer.pay_by_card("OTHE").await;
    let order = order_of(&app, &preference).await;
    assert_eq!((&order["status"], &order["order_status"]), (&json!("opened"), &json!("payment_required")));
    assert_eq!(order["payments"][0]["status"], "rejected");

    // A second attempt belongs to the same order.
    buyer.pay_by_card("CONT").await;
    let order = order_of(&app, &preference).await;
    assert_eq!(
        (order["order_status"].clone(), order["payments"].as_array().unwrap().len()),
        (json!("payment_in_process"), 2)
    );
    let payment = seller.payment(&order["payments"][1]["id"]).await;
    assert_eq!(payment["order"], json!({"id": order["id"].to_string(), "type": "mercadopago"}));
    assert_eq!(payment["external_reference"], "r");
    seller.act(&payment, "approve").await.expect(200);
    let order = order_of(&app, &preference).await;
    assert_eq!(
        (&order["status"], &order["order_status"], &order["paid_amount"]),
        (&json!("closed"), &json!("paid"), &json!(100))
    );
    assert!(order["payer"]["id"].is_i64());

    // Given back in part: paid still; given back whole: reverted, and closed all the same.
    let refunds = format!("/v1/payments/{}/refunds", payment["id"]);
    seller.post(&refunds, &json!({"amount": 40})).await.expect(201);
    let order = order_of(&app, &preference).await;
    assert_eq!(
        (&order["order_status"], &order["paid_amount"], &order["refunded_amount"]),
        (&json!("paid"), &json!(60), &json!(40))
    );
    seller.post(&refunds, &json!({})).await.expect(201);
    let order = order_of(&app, &preference).await;
    assert_eq!(
        (&order["status"], &order["order_status"], &order["paid_amount"], &order["refunded_amount"]),
        (&json!("closed"), &json!("reverted"), &json!(0), &json!(100))
    );
    // A new sale of the same preference is a new order.
    buyer.pay_by_card("APRO").await;
    let found = seller.get("/merchant_orders/search?external_reference=r").await.expect(200);
    assert_eq!(found["total"], 2);
}

#[tokio::test]
async fn each_buyer_of_a_preference_has_an_order() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let preference = preference(&seller, json!({})).await;
    for _ in 0..2 {
        let buyer = Buyer::of(&app, &preference);
        let mut fields = super::hidden(&buyer.open("&method=pix").await.text());
        fields.push(("email".into(), "test_user_123@testuser.com".into()));
        buyer.post("pay", &super::refs(&fields)).send().await;
    }
    let search = format!("/merchant_orders/search?preference_id={}", preference["id"].as_str().unwrap());
    let orders = seller.get(&search).await.expect(200)["elements"].clone();
    let orders = orders.as_array().unwrap();
    assert_eq!(orders.len(), 2, "the first one may still be paid: {orders:?}");
    for order in orders {
        let payment = seller.payment(&order["payments"][0]["id"]).await;
        seller.act(&payment, "pay").await.expect(200);
        let order = seller.get(&format!("/merchant_orders/{}", order["id"])).await.expect(200);
        assert_eq!((&order["order_status"], &order["paid_amount"]), (&json!("paid"), &json!(100)));
    }

    // Nor does a sale at another price go into an order of the old one.
    let buyer = Buyer::of(&app, &preference);
    buyer.pay_by_card("OTHE").await;
    let cheaper = json!({"items": [{"title": "Mate", "quantity": 1, "unit_price": 50}]});
    seller
        .put(&format!("/checkout/preferences/{}", preference["id"].as_str().unwrap()), &cheaper)
        .await
        .expect(200);
    buyer.pay_by_card("APRO").await;
    let orders = seller.get(&search).await.expect(200)["elements"].clone();
    let paid: Vec<_> = orders
        .as_array()
        .unwrap()
        .iter()
        .map(|order| (&order["total_amount"], &order["paid_amount"]))
        .collect();
    assert_eq!(paid.iter().filter(|paid| **paid == (&json!(50), &json!(50))).count(), 1, "{paid:?}");
}

#[tokio::test]
async fn an_expired_ticket_leaves_the_order_open() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let preference = preference(&seller, json!({})).await;
    let buyer = Buyer::of(&app, &preference);
    let form = buyer.open("&method=pix").await;
    let mut fields = super::hidden(&form.text());
    fields.push(("email".into(), "test_user_123@testuser.com".into()));
    buyer.post("pay", &super::refs(&fields)).send().await;
    let order = order_of(&app, &preference).await;
    assert_eq!(order["order_status"], "payment_in_process");
    seller.advance("P40D").await;
    let order = order_of(&app, &preference).await;
    assert_eq!((&order["status"], &order["order_status"]), (&json!("opened"), &json!("payment_required")));
    assert_eq!(order["payments"][0]["status"], "cancelled");
}

#[tokio::test]
async fn an_order_expires_with_its_preference_unless_it_was_paid_or_given_more_time() {
    let app = TestApp::at("2026-11-21T12:00:00Z").await;
    let seller = app.seller(Site::MLB);
    let until = |day: &str| json!({"expires": true, "expiration_date_to": format!("2026-11-{day}T12:00:00.000-04:00")});
    let (unpaid, paid) = (preference(&seller, until("23")).await, preference(&seller, until("23")).await);
    let longer = preference(&seller, until("23")).await;
    Buyer::of(&app, &unpaid).pay_by_card("OTHE").await;
    Buyer::of(&app, &paid).pay_by_card("APRO").await;
    let made = seller.post("/merchant_orders", &json!({"preference_id": longer["id"]})).await.expect(201);
    seller
        .put(&format!("/checkout/preferences/{}", longer["id"].as_str().unwrap()), &until("28"))
        .await
        .expect(200);
    seller.advance("P4D").await;
    let order = order_of(&app, &unpaid).await;
    assert_eq!(
        (&order["status"], &order["order_status"], &order["cancelled"]),
        (&json!("expired"), &json!("expired"), &json!(true))
    );
    assert_eq!(order_of(&app, &paid).await["status"], "closed");
    let path = format!("/merchant_orders/{}", made["id"]);
    assert_eq!(seller.get(&path).await.expect(200)["status"], "opened");
    seller.advance("P5D").await;
    assert_eq!(seller.get(&path).await.expect(200)["status"], "expired");
}

/// Takes what is told, and answers 200.
struct Recorder(tokio::sync::mpsc::UnboundedSender<(String, String)>);

impl Courier for Recorder {
    fn deliver<'a>(&'a self, message: &'a Message, _: Duration) -> AnswerFuture<'a> {
        let told = (message.url.to_string(), String::from_utf8(message.body.clone()).unwrap());
        drop(self.0.send(told));
        Box::pin(async { Ok(Answered { status: 200, ..Answered::default() }) })
    }
}

#[tokio::test]
async fn an_order_and_its_payments_are_told_in_ipns() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let (recorder, mut told) = tokio::sync::mpsc::unbounded_channel();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let engine = app.engine.clone();
    let workers =
        tokio::spawn(async move { engine.run_workers_with(Arc::new(Recorder(recorder)), stopped).await });
    let address = "https://shop.example/hook?source_news=ipn";
    let preference = preference(&seller, json!({"notification_url": address})).await;
    Buyer::of(&app, &preference).pay_by_card("APRO").await;
    let order = order_of(&app, &preference).await;
    let mut came = Vec::new();
    for _ in 0..3 {
        came.push(tokio::time::timeout(LIMIT, told.recv()).await.unwrap().unwrap());
    }
    came.sort();
    let (order, payment) = (&order["id"], &order["payments"][0]["id"]);
    let of_order = (
        format!("{address}&id={order}&topic=merchant_order"),
        format!(
            r#"{{"resource":"https://api.mercadolibre.com/merchant_orders/{order}","topic":"merchant_order"}}"#
        ),
    );
    let of_payment = (
        format!("{address}&id={payment}&topic=payment"),
        format!(r#"{{"resource":"{payment}","topic":"payment"}}"#),
    );
    let mut expected = vec![of_order.clone(), of_order, of_payment];
    expected.sort();
    assert_eq!(came, expected);
    stop.send(true).unwrap();
    workers.await.unwrap();
}

#[tokio::test]
async fn a_search_takes_every_filter_and_the_libraries_own_spelling() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let body = json!({"items": [{"title": "a", "quantity": 1, "unit_price": 1}], "external_reference": "x", "sponsor_id": 9});
    let made = seller.post("/merchant_orders", &body).await.expect(201);
    for query in [
        "external_reference=x",
        "status=opened",
        "sponsor_id=9",
        "marketplace=NONE",
        "site_id=MLB",
        "last_udpated_from=2020-01-01T00:00:00Z",
        "last_updated_to=2100-01-01T00:00:00.000-04:00",
        "date_created_from=2020-01-01T00:00:00.000%2B00:00",
    ] {
        let found = seller.get(&format!("/merchant_orders/search?{query}")).await.expect(200);
        assert_eq!(
            (&found["elements"][0], &found["total"], &found["next_offset"]),
            (&made, &json!(1), &json!(1)),
            "{query}"
        );
    }
    let nothing = seller.get("/merchant_orders/search?status=closed").await.expect(200);
    assert_eq!(nothing, json!({"elements": [], "next_offset": 0, "total": 0}));
    assert_eq!(keyed(&seller.get("/merchant_orders/search?payer_id=x").await).1, "ds_search_query");
}
