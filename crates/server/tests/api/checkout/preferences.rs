use super::{article, keyed, preference};
use crate::test_app::{PUBLIC_URL, TestApp, seed, with};
use axum::http::Method;
use pasarela_domain::site::{SITES, Site};
use serde_json::{Value, json};

#[tokio::test]
async fn items_alone_make_a_preference_with_every_default() {
    let app = TestApp::at("2026-11-21T12:40:10Z").await;
    let made = preference(&app.seller(Site::MLB), json!({})).await;
    let seller = seed(Site::MLB);
    let id = made["id"].as_str().unwrap();
    let (collector, uuid) = id.split_once('-').unwrap();
    assert_eq!(collector, seller.account.id.to_string());
    assert_eq!(uuid::Uuid::parse_str(uuid).unwrap().get_version_num(), 4);
    assert!(made["date_created"].as_str().unwrap().starts_with("2026-11-21T08:4"));
    let address = format!("{PUBLIC_URL}/checkout/v1/redirect?pref_id={id}");
    let expected = json!({
        "additional_info": "", "auto_return": "",
        "back_urls": {"failure": "", "pending": "", "success": ""},
        "binary_mode": false, "client_id": seller.application.id.to_string(), "collector_id": seller.account.id,
        "coupon_code": null, "coupon_labels": null, "date_created": made["date_created"],
        "date_of_expiration": null, "expiration_date_from": null, "expiration_date_to": null, "expires": false,
        "external_reference": "", "id": id, "init_point": address, "internal_metadata": null,
        "items": [{"id": "", "category_id": "", "currency_id": "BRL", "description": "", "title": "Mate",
                   "quantity": 1, "unit_price": 100}],
        "live_mode": false, "marketplace": "NONE", "marketplace_fee": 0, "metadata": {},
        "notification_url": null, "operation_type": "regular_payment"
    });
    let rest = json!({
        "payer": {"phone": {"area_code": "", "number": ""},
                  "address": {"zip_code": "", "street_name": "", "street_number": null}, "email": "",
                  "identification": {"number": "", "type": ""}, "name": "", "surname": "",
                  "date_created": null, "last_purchase": null},
        "payment_methods": {"default_card_id": null, "default_payment_method_id": null,
                            "excluded_payment_methods": [{"id": ""}], "excluded_payment_types": [{"id": ""}],
                            "installments": null, "default_installments": null},
        "processing_modes": null, "product_id": null,
        "redirect_urls": {"failure": "", "pending": "", "success": ""}, "sandbox_init_point": address,
        "site_id": "MLB",
        "shipments": {"default_shipping_method": null,
                      "receiver_address": {"zip_code": "", "street_name": "", "street_number": null, "floor": "",
                                           "apartment": "", "city_name": null, "state_name": null,
                                           "country_name": null}},
        "total_amount": null, "last_updated": null,
    });
    let mut expected = expected;
    expected.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    assert_eq!(made, expected);
    assert_eq!(app.seller(Site::MLB).get(&format!("/checkout/preferences/{id}")).await.expect(200), made);
}

#[tokio::test]
async fn every_site_has_its_currency() {
    let app = TestApp::new().await;
    for site in SITES {
        let price = if site.currency().decimals() == 0 { 10_000 } else { 500 };
        let body = json!({"items": [{"title": "a", "quantity": 2, "unit_price": price}]});
        let made = app.seller(site).post("/checkout/preferences", &body).await.expect(201);
        assert_eq!(made["items"][0]["currency_id"], site.currency().code());
        assert_eq!(made["site_id"], site.id());
    }
    // Dollars are turned into it; whole pesos stay whole.
    let body = json!({"items": [{"title": "a", "quantity": 1, "unit_price": 10, "currency_id": "USD"}]});
    let made = app.seller(Site::MLB).post("/checkout/preferences", &body).await.expect(201);
    assert_eq!(
        (&made["items"][0]["unit_price"], &made["items"][0]["currency_id"]),
        (&json!(54.3), &json!("BRL"))
    );
}

#[tokio::test]
async fn what_is_sent_comes_back_normalised() {
    let app = TestApp::new().await;
    let made = preference(
        &app.seller(Site::MLA),
        json!({
            "items": [{"id": 7, "title": "Mate", "quantity": 2, "unit_price": 100.50, "picture_url": false,
                       "currency_id": "ARS", "warranty": true, "category_descriptor": {"passenger": {}}}],
            "payer": {"email": "Ana@Example.com", "phone": {"area_code": 11, "number": 44445555},
                      "address": {"street_number": 123}, "identification": {"type": "DNI", "number": "12345678"}},
            "metadata": {"orderId": 7, "inner": {"someKey": [1]}}, "external_reference": 1234,
            "statement_descriptor": "A VERY LONG SHOP NAME", "expires": true,
            "expiration_date_from": "2026-01-17T09:37:52.000-03:00", "expiration_date_to": "2100-01-17T09:37:52.000-03:00",
            "shipments": {"mode": "custom", "cost": 20.5, "receiver_address": {"street_number": 9, "zip_code": 1414}},
            "payment_methods": {"installments": 6, "excluded_payment_methods": [{"id": "visa"}]},
            "additional_info": {"ip_address": "1.2.3.4"}, "unknown": 1, "coupon_code": null, "tracks": null,
            "purpose": "", "differential_pricing": {"id": 3}, "marketplace_fee": 5,
        }),
    )
    .await;
    let item = &made["items"][0];
    assert_eq!(item["id"], "7");
    assert_eq!(item["unit_price"], json!(100.5));
    assert!(item.get("picture_url").is_none() && item["warranty"] == true);
    assert_eq!(made["payer"]["email"], "ana@example.com");
    assert_eq!(made["payer"]["phone"], json!({"area_code": "11", "number": "44445555"}));
    assert_eq!(made["payer"]["address"]["street_number"], "123");
    assert_eq!(made["metadata"], json!({"order_id": 7, "inner": {"some_key": [1]}}));
    assert_eq!(made["external_reference"], "1234");
    assert_eq!(made["statement_descriptor"], "A VERY LONG SHOP");
    assert_eq!(made["expiration_date_from"], "2026-01-17T08:37:52.000-04:00");
    assert_eq!(made["shipments"]["cost"], json!(20.5));
    assert_eq!(made["shipments"]["receiver_address"]["zip_code"], "1414");
    assert_eq!(made["additional_info"], json!({"ip_address": "1.2.3.4"}));
    assert_eq!(made["differential_pricing"], json!({"id": 3}));
    assert_eq!(made["marketplace_fee"], 5);
    assert!(made.get("unknown").is_none() && made.get("purpose").is_none());
}

#[tokio::test]
async fn each_fault_has_its_documented_word() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let item = |members: Value| json!({"items": [with(json!({"title": "a", "quantity": 1, "unit_price": 10}), members)]});
    let cases = [
        (json!({"items": null}), "invalid_items", "items needed"),
        (json!({"items": []}), "invalid_items", "items needed"),
        (json!({"items": {}}), "invalid_items", "items invalid. Wrong format"),
        (item(json!({"title": null})), "invalid_items", "title invalid"),
        (item(json!({"quantity": "1"})), "invalid_items", "quantity invalid"),
        (item(json!({"quantity": 0})), "invalid_items", "quantity invalid"),
        (item(json!({"quantity": 1.5})), "invalid_items", "quantity invalid"),
        (item(json!({"unit_price": "10"})), "invalid_items", "unit_price invalid"),
        (item(json!({"unit_price": null})), "invalid_items", "unit_price invalid"),
        (item(json!({"unit_price": 0})), "invalid_items", "unit_price invalid"),
        (item(json!({"unit_price": 10.001})), "invalid_items", "unit_price invalid"),
        (item(json!({"unit_price": 1e15})), "invalid_items", "unit_price invalid"),
        (
            item(json!({"unit_price": 9_000_000_000_i64, "quantity": 1_000_000})),
            "invalid_items",
            "unit_price invalid",
        ),
        (item(json!({"currency_id": "ARS"})), "invalid_items", "currency_id invalid"),
        (json!({"back_urls": "x"}), "invalid_back_urls", "back_urls invalid. Wrong format"),
        (json!({"back_urls": {"success": "shop"}}), "invalid_back_urls", "back_urls invalid. Wrong format"),
        (
            json!({"back_urls": {"success": "javascript:alert(1)"}}),
            "invalid_back_urls",
            "back_urls invalid. Wrong format",
        ),
        (
            json!({"auto_return": "approved"}),
            "invalid_auto_return",
            "auto_return invalid. back_url.success must be defined",
        ),
        (
            json!({"auto_return": "approved", "back_urls": {"success": "http://localhost:3000/ok"}}),
            "invalid_auto_return",
            "auto_return invalid. back_url.success must be defined",
        ),
        (json!({"auto_return": "always"}), "invalid_auto_return", "auto_return invalid"),
        (
            json!({"payment_methods": {"installments": 37}}),
            "invalid_payment_methods",
            "installments invalid. Should be a number between 1 and 36",
        ),
        (
            json!({"payment_methods": {"installments": "6"}}),
            "invalid_payment_methods",
            "installments invalid. Should be a number between 1 and 36",
        ),
        (
            json!({"payment_methods": {"excluded_payment_types": ["ticket"]}}),
            "invalid_payment_methods",
            "payment_methods invalid. Wrong format",
        ),
        (
            json!({"payment_methods": {"excluded_payment_types": [
            {"id": "ticket"}, {"id": "credit_card"}, {"id": "debit_card"}, {"id": "prepaid_card"}, {"id": "bank_transfer"}]}}),
            "invalid_payment_methods",
            "amount cannot be paid",
        ),
        (
            json!({"marketplace_fee": 101}),
            "invalid_marketplace_fee",
            "marketplace_fee must not be greater than total amount",
        ),
        (json!({"marketplace_fee": -1}), "invalid_marketplace_fee", "marketplace_fee invalid"),
        (
            json!({"shipments": {"cost": "5"}}),
            "invalid_shipments",
            "invalid type (string) for field shipments.cost",
        ),
        (json!({"shipments": {"mode": "drone"}}), "invalid_shipments", "shipments.mode invalid"),
        (json!({"shipments": {"dimensions": "10x10"}}), "invalid_shipments", "shipments.dimensions invalid"),
        (
            json!({"expiration_date_to": "tomorrow"}),
            "invalid_expiration_date_to",
            "expiration_date_to invalid",
        ),
        (json!({"expiration_date_from": 5}), "invalid_expiration_date_from", "expiration_date_from invalid"),
        (
            json!({"expiration_date_from": "2026-02-01T00:00:00Z", "expiration_date_to": "2026-01-01T00:00:00Z"}),
            "invalid_expiration_date_to",
            "expiration_date_to invalid",
        ),
        (json!({"date_of_expiration": "x"}), "invalid_date", "invalid date of expiration"),
        (json!({"operation_type": "gift"}), "invalid_operation_type", "operation_type invalid"),
        (json!({"purpose": "fun"}), "invalid_purpose", "purpose invalid"),
        (json!({"collector_id": 1}), "invalid_collector_id", "collector_id invalid"),
        (json!({"sponsor_id": "x"}), "invalid_sponsor_id", "sponsor_id is not an active user"),
        (
            json!({"notification_url": format!("https://shop.example/{}", "a".repeat(240))}),
            "invalid_notification_url",
            "notification_url attribute must be a valid URL",
        ),
        (
            json!({"notification_url": "ftp://shop.example"}),
            "invalid_notification_url",
            "notification_url attribute must be a valid URL",
        ),
        (
            json!({"external_reference": "a".repeat(257)}),
            "invalid_external_reference",
            "external_reference invalid",
        ),
        (json!({"metadata": "x"}), "invalid_metadata", "metadata invalid"),
        (json!({"payer": {"email": "nobody"}}), "invalid_payer", "payer.email invalid"),
        (json!({"tracks": {}}), "invalid_tracks", "tracks invalid. Wrong format"),
        (
            json!({"differential_pricing": {"id": "x"}}),
            "invalid_differential_pricing",
            "differential_pricing invalid. Wrong format",
        ),
    ];
    for (members, word, message) in cases {
        let answer = seller.post("/checkout/preferences", &with(article(), members.clone())).await;
        assert_eq!(keyed(&answer), (400, word.to_owned(), message.to_owned()), "{members}");
    }
    assert_eq!(seller.post("/checkout/preferences", &json!([])).await.status, 400);
    assert_eq!(
        seller.post("/checkout/preferences", &with(article(), json!({"binary_mode": 1}))).await.status,
        400
    );
    // Chile's pesos have no decimals.
    let body = json!({"items": [{"title": "a", "quantity": 1, "unit_price": 10.5}]});
    assert_eq!(keyed(&app.seller(Site::MLC).post("/checkout/preferences", &body).await).1, "invalid_items");
    // A discount is a line below zero, as long as something is left to pay.
    let discounted = json!({"items": [{"title": "a", "quantity": 1, "unit_price": 10},
                                      {"title": "-20%", "quantity": 1, "unit_price": -2}]});
    seller.post("/checkout/preferences", &discounted).await.expect(201);
}

#[tokio::test]
async fn a_change_replaces_what_it_says_and_keeps_the_rest() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = preference(&seller, json!({"external_reference": "a", "binary_mode": true})).await;
    let path = format!("/checkout/preferences/{}", made["id"].as_str().unwrap());
    let changed = seller
        .put(
            &path,
            &json!({"items": [{"title": "b", "quantity": 3, "unit_price": 7}], "external_reference": null}),
        )
        .await
        .expect(200);
    assert_eq!((&changed["items"][0]["title"], &changed["external_reference"]), (&json!("b"), &json!("")));
    assert_eq!((&changed["binary_mode"], &changed["id"]), (&json!(true), &made["id"]));
    assert_eq!(changed["date_created"], made["date_created"]);
    assert!(changed["last_updated"].is_string());
    assert_eq!(seller.get(&path).await.expect(200), changed);
    let refused = seller.put(&path, &json!({"items": []})).await;
    assert_eq!(keyed(&refused).1, "invalid_items");
    assert_eq!(seller.get(&path).await.expect(200), changed);
}

#[tokio::test]
async fn a_preference_is_its_sellers_and_its_modes_alone() {
    let app = TestApp::new().await;
    let made = preference(&app.seller(Site::MLB), json!({})).await;
    let path = format!("/checkout/preferences/{}", made["id"].as_str().unwrap());
    for other in [app.seller(Site::MLA), app.live_seller(Site::MLB)] {
        let answer = other.get(&path).await;
        assert_eq!(answer.status, 404);
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(
            message.starts_with("The preference with identifier ") && message.ends_with(" was not found")
        );
        let refused = keyed(&other.put(&path, &json!({"binary_mode": true})).await);
        assert_eq!(refused, (400, "invalid_id".to_owned(), "preference_id not found".to_owned()));
    }
    assert_eq!(app.browser(Site::MLB).get(&path).await.status, 401);
    assert_eq!(app.stranger().post("/checkout/preferences", &article()).await.status, 401);
}

#[tokio::test]
async fn the_same_key_makes_one_preference() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let call = || seller.call(Method::POST, "/checkout/preferences").json(&article()).key("once").send();
    let first = call().await.expect(201);
    assert_eq!(call().await.expect(200), first);
    let found = seller.get("/checkout/preferences/search").await.expect(200);
    assert_eq!(found["total"], 1);
}

#[tokio::test]
async fn a_search_lists_summaries_newest_first() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let first =
        preference(&seller, json!({"external_reference": "a", "payer": {"email": "ana@example.com"}})).await;
    let second =
        preference(&seller, json!({"external_reference": "b", "shipments": {"mode": "custom", "cost": 1}}))
            .await;
    let search = |query: &str| {
        let (seller, path) = (seller.clone(), format!("/checkout/preferences/search?{query}"));
        async move { seller.get(&path).await.expect(200) }
    };
    let ids = |page: &Value| -> Vec<Value> {
        page["elements"].as_array().unwrap().iter().map(|element| element["id"].clone()).collect()
    };
    let all = search("").await;
    assert_eq!((all["total"].clone(), all["next_offset"].clone()), (json!(2), json!(2)));
    assert!(ids(&all).contains(&first["id"]) && ids(&all).contains(&second["id"]));
    let page = search("limit=1&offset=0").await;
    assert_eq!((page["total"].clone(), page["next_offset"].clone()), (json!(2), json!(1)));
    let found = search("external_reference=a").await;
    assert_eq!(ids(&found), [first["id"].clone()]);
    assert_eq!(
        found["elements"][0],
        json!({
            "id": first["id"], "client_id": first["client_id"], "collector_id": first["collector_id"],
            "concept_id": null, "corporation_id": "", "date_created": first["date_created"],
            "expiration_date_from": null, "expiration_date_to": null, "expires": false, "external_reference": "a",
            "integrator_id": "", "items": ["Mate"], "last_updated": null, "live_mode": false,
            "marketplace": "NONE", "operation_type": "regular_payment", "payer_email": "ana@example.com",
            "payer_id": null, "platform_id": "", "processing_modes": null, "product_id": "", "purpose": "",
            "site_id": "MLB", "sponsor_id": 0, "shipping_mode": "none",
        })
    );
    assert_eq!(search("external_reference=b").await["elements"][0]["shipping_mode"], "custom");
    assert_eq!(ids(&search("payer_email=ANA@example.com").await), [first["id"].clone()]);
    assert_eq!(ids(&search(&format!("id={}", first["id"].as_str().unwrap())).await), [first["id"].clone()]);
    assert_eq!(search("site_id=MLA").await["total"], 0);
    assert_eq!(search("collector_id=1").await["total"], 0);
    assert_eq!(search("date_created_from=2100-01-01T00:00:00Z").await["total"], 0);
    assert_eq!(keyed(&seller.get("/checkout/preferences/search?limit=x").await).1, "ds_search_query");
    assert_eq!(keyed(&seller.get("/checkout/preferences/search?offset=-1").await).1, "ds_search_query");
    assert_eq!(app.live_seller(Site::MLB).get("/checkout/preferences/search").await.expect(200)["total"], 0);
}
