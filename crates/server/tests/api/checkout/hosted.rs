use super::{Buyer, card_form, hidden, plan, preference, refs, way_back};
use crate::test_app::{TestApp, at_once, seed};
use pasarela_domain::site::Site;
use serde_json::{Value, json};

const SHOP: &str = "https://shop.example/";

fn back() -> Value {
    json!({"success": "https://shop.example/ok?a=1", "pending": "https://shop.example/wait",
           "failure": "https://shop.example/no"})
}

async fn payments(app: &TestApp) -> Vec<Value> {
    let found = app.seller(Site::MLB).get("/v1/payments/search").await.expect(200);
    found["results"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_card_is_chosen_typed_reviewed_and_paid_and_the_shop_is_told_in_the_address() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let shop = json!({"back_urls": back(), "auto_return": "approved", "external_reference": "WC 1&2",
                      "statement_descriptor": "SHOP", "metadata": {"orderId": 1}, "marketplace_fee": 3});
    let preference = preference(&seller, shop).await;
    let buyer = Buyer::of(&app, &preference);
    let first = buyer.open("").await;
    assert_eq!(first.status, 200);
    let policy = first.header("content-security-policy").to_owned();
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let page = first.text();
    assert!(
        page.contains("Mate") && page.contains("R$\u{a0}100,00") && page.contains("method=card"),
        "{page}"
    );
    // Whoever leaves without paying says so in the address.
    let left = way_back(&page, SHOP);
    let expected_left = [
        ("collection_id", "null"),
        ("collection_status", "null"),
        ("payment_id", "null"),
        ("status", "null"),
        ("external_reference", "WC 1&2"),
        ("payment_type", "null"),
        ("merchant_order_id", "null"),
        ("preference_id", preference["id"].as_str().unwrap()),
        ("site_id", "MLB"),
        ("processing_mode", "aggregator"),
        ("merchant_account_id", "null"),
    ];
    assert_eq!(refs(&left), expected_left);

    let form = buyer.open("&method=card").await.text();
    assert!(form.contains("autocomplete=\"cc-number\"") && form.contains("method=\"post\""), "{form}");
    let review = buyer.card("APRO").await;
    let page = review.text();
    assert!(page.contains("•••• 6351") && page.contains("3 × R$"), "{page}");
    assert!(!page.contains("50314332") && !page.contains("5031 4332"), "the number is not shown again");
    let mut fields = hidden(&page);
    fields.iter_mut().find(|(name, _)| name == "installments").unwrap().1 = plan(&page, 3);
    let answer = buyer.post("pay", &refs(&fields)).send().await;
    let result = buyer.follow(&answer).await;
    let page = result.text();
    assert!(
        page.contains("data-progress=\"paid\"") && page.contains("http-equiv=\"refresh\" content=\"5;url="),
        "{page}"
    );

    let paid = payments(&app).await;
    assert_eq!(paid.len(), 1);
    let payment = &paid[0];
    assert_eq!((&payment["status"], &payment["installments"]), (&json!("approved"), &json!(3)));
    assert_eq!((&payment["transaction_amount"], &payment["description"]), (&json!(100), &json!("Mate")));
    assert_eq!(
        (&payment["external_reference"], &payment["statement_descriptor"]),
        (&json!("WC 1&2"), &json!("SHOP"))
    );
    assert_eq!(payment["metadata"], json!({"order_id": 1}));
    assert_eq!(payment["additional_info"]["items"][0]["title"], "Mate");
    let order = payment["order"]["id"].as_str().unwrap();
    let id = payment["id"].to_string();
    let told = way_back(&page, SHOP);
    let expected = [
        ("a", "1"),
        ("collection_id", id.as_str()),
        ("collection_status", "approved"),
        ("payment_id", id.as_str()),
        ("status", "approved"),
        ("external_reference", "WC 1&2"),
        ("payment_type", "credit_card"),
        ("merchant_order_id", order),
        ("preference_id", preference["id"].as_str().unwrap()),
        ("site_id", "MLB"),
        ("processing_mode", "aggregator"),
        ("merchant_account_id", "null"),
    ];
    assert_eq!(refs(&told), expected);
    // Looking again pays nothing.
    buyer.follow(&answer).await;
    assert_eq!(payments(&app).await.len(), 1);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_pays_once() {
    let app = TestApp::new().await;
    let preference = preference(&app.seller(Site::MLB), json!({})).await;
    let buyer = Buyer::of(&app, &preference);
    let fields = hidden(&buyer.card("APRO").await.text());
    let answers = at_once((0..6).map(|_| buyer.post("pay", &refs(&fields)))).await;
    let locations: Vec<&str> = answers.iter().map(|answer| answer.header("location")).collect();
    assert!(
        locations.iter().all(|location| *location == locations[0] && !location.is_empty()),
        "{locations:?}"
    );
    assert_eq!(payments(&app).await.len(), 1);
    let again = buyer.post("pay", &refs(&fields)).send().await;
    assert_eq!(again.header("location"), locations[0]);
    // Another form is another payment: a preference may be paid more than once.
    buyer.pay_by_card("APRO").await;
    assert_eq!(payments(&app).await.len(), 2);
}

#[tokio::test]
async fn a_refused_card_may_be_tried_again_but_not_for_ever() {
    let app = TestApp::new().await;
    let preference =
        preference(&app.seller(Site::MLB), json!({"back_urls": back(), "auto_return": "all"})).await;
    let buyer = Buyer::of(&app, &preference);
    let refused = buyer.pay_by_card("FUND").await;
    let page = buyer.follow(&refused).await.text();
    assert!(page.contains("data-progress=\"rejected\"") && page.contains("Pay another way"), "{page}");
    assert!(!page.contains("content=\"5;url="), "only an approved buyer goes back by itself");
    let told = way_back(&page, "https://shop.example/no");
    assert!(told.contains(&("status".to_owned(), "rejected".to_owned())), "{told:?}");
    for _ in 0..9 {
        buyer.pay_by_card("FUND").await;
    }
    let closed = buyer.open("").await;
    assert_eq!(closed.status, 429);
    assert!(closed.text().contains("too many attempts"));
    let typed = buyer.card("APRO").await;
    assert_eq!(typed.status, 429);
    assert_eq!(payments(&app).await.len(), 10);
    app.seller(Site::MLB).advance("PT1H").await;
    assert_eq!(buyer.open("").await.status, 200);
}

#[tokio::test]
async fn a_tickets_own_expiry_is_the_sellers_as_far_as_the_method_goes() {
    let app = TestApp::at("2026-11-21T12:00:00Z").await;
    let seller = app.seller(Site::MLB);
    for (wanted, is_kept) in
        [("2026-11-24T12:00:00.000-04:00", true), ("2027-11-24T12:00:00.000-04:00", false)]
    {
        let made = preference(&seller, json!({"date_of_expiration": wanted})).await;
        let buyer = Buyer::of(&app, &made);
        let mut fields = hidden(&buyer.open("&method=pix").await.text());
        fields.push(("email".into(), "test_user_123@testuser.com".into()));
        let answer = buyer.post("pay", &refs(&fields)).send().await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let expires =
            payments(&app).await.into_iter().find(|payment| payment["date_of_expiration"] == wanted);
        assert_eq!(expires.is_some(), is_kept);
    }
    // Past: what is paid elsewhere is not offered, and alone it can't be sold.
    let past = json!({"date_of_expiration": "2026-11-20T12:00:00.000-04:00"});
    let made = preference(&seller, past.clone()).await;
    let page = Buyer::of(&app, &made).open("").await.text();
    assert!(page.contains("method=card") && !page.contains("method=pix"), "{page}");
}

#[tokio::test]
async fn a_pix_waits_on_its_page_and_the_result_follows_it() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let preference = preference(&seller, json!({"back_urls": back(), "auto_return": "approved"})).await;
    let buyer = Buyer::of(&app, &preference);
    let form = buyer.open("&method=pix").await.text();
    let mut fields = hidden(&form);
    fields.push(("email".into(), "test_user_123@testuser.com".into()));
    let answer = buyer.post("pay", &refs(&fields)).send().await;
    let page = buyer.follow(&answer).await.text();
    assert!(page.contains("data-progress=\"waiting\"") && page.contains("id=\"copy-and-paste\""), "{page}");
    assert!(
        way_back(&page, "https://shop.example/wait")
            .contains(&("payment_type".into(), "bank_transfer".into()))
    );
    let payment = payments(&app).await[0].clone();
    seller.act(&payment, "pay").await.expect(200);
    let page = buyer.follow(&answer).await.text();
    assert!(
        page.contains("data-progress=\"paid\"") && page.contains("content=\"5;url=https://shop.example/ok"),
        "{page}"
    );
}

#[tokio::test]
async fn a_boleto_asks_what_it_needs_and_says_what_is_wrong() {
    let app = TestApp::new().await;
    let preference = preference(&app.seller(Site::MLB), json!({})).await;
    let buyer = Buyer::of(&app, &preference);
    let form = buyer.open("&method=bolbradesco").await.text();
    assert!(form.contains("name=\"zip_code\"") && form.contains("name=\"document_number\""), "{form}");
    let mut fields = hidden(&form);
    for (name, value) in [
        ("email", "ana@example.com"),
        ("first_name", "Ana"),
        ("last_name", "<Silva>"),
        ("document_type", "CPF"),
        ("document_number", "12345678909"),
        ("zip_code", "01310-100"),
        ("street_name", "Paulista"),
        ("street_number", "1"),
        ("neighborhood", "Bela Vista"),
        ("city", "São Paulo"),
        ("federal_unit", "SP"),
    ] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    let wrong = buyer.post("pay", &refs(&fields)).send().await;
    let page = wrong.text();
    assert!(page.contains("Check the e-mail") && page.contains("Bela Vista"), "{page}");
    assert!(page.contains("&#60;Silva&#62;") && !page.contains("<Silva>"), "{page}");
    fields.retain(|(name, _)| name != "email");
    fields.push(("email".into(), "test_user_123@testuser.com".into()));
    let answer = buyer.post("pay", &refs(&fields)).send().await;
    assert!(buyer.follow(&answer).await.text().contains("data-progress=\"waiting\""));
}

#[tokio::test]
async fn what_the_seller_excludes_is_neither_shown_nor_taken() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let limits = json!({"excluded_payment_types": [{"id": "ticket"}], "excluded_payment_methods": [{"id": "pix"}, {"id": "master"}],
                        "installments": 2});
    let limited = preference(&seller, json!({"payment_methods": limits})).await;
    let buyer = Buyer::of(&app, &limited);
    let page = buyer.open("").await.text();
    assert!(
        page.contains("method=card") && !page.contains("method=pix") && !page.contains("bolbradesco"),
        "{page}"
    );
    assert!(buyer.open("&method=pix").await.text().contains("How do you want to pay?"));
    // The usual card is a Mastercard.
    assert!(buyer.card("APRO").await.text().contains("does not take this card"));
    let other = preference(&seller, json!({})).await;
    let form = Buyer::of(&app, &other).open("&method=pix").await.text();
    assert!(
        buyer.post("pay", &refs(&hidden(&form))).send().await.text().contains("too old"),
        "another preference's form"
    );

    let few = preference(&seller, json!({"payment_methods": {"installments": 2}})).await;
    let buyer = Buyer::of(&app, &few);
    let page = buyer.card("APRO").await.text();
    assert!(page.contains("2 × R$") && !page.contains("3 × R$"), "{page}");
    let mut fields = hidden(&page);
    fields.iter_mut().find(|(name, _)| name == "installments").unwrap().1 = "3".to_owned();
    assert_eq!(buyer.post("pay", &refs(&fields)).send().await.status, 200);
    fields.iter_mut().find(|(name, _)| name == "payment_method_id").unwrap().1 = "account_money".to_owned();
    assert_eq!(buyer.post("pay", &refs(&fields)).send().await.status, 200);
    assert_eq!(payments(&app).await.len(), 0);

    // Decided at once: nothing that is paid later.
    let binary = preference(&seller, json!({"binary_mode": true})).await;
    let buyer = Buyer::of(&app, &binary);
    assert!(!buyer.open("").await.text().contains("bolbradesco"));
    let answer = buyer.pay_by_card("CONT").await;
    assert!(buyer.follow(&answer).await.text().contains("data-progress=\"rejected\""));
}

#[tokio::test]
async fn a_preference_is_paid_inside_its_window_at_the_price_that_was_shown() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let past = preference(
        &seller,
        json!({"expires": true, "expiration_date_to": "2026-01-02T00:00:00Z", "back_urls": back()}),
    )
    .await;
    let closed = Buyer::of(&app, &past).open("").await;
    assert_eq!(closed.status, 410);
    assert!(
        closed.text().contains("can no longer be paid") && closed.text().contains("https://shop.example/no")
    );
    let future =
        preference(&seller, json!({"expires": true, "expiration_date_from": "2100-01-01T00:00:00Z"})).await;
    assert_eq!(Buyer::of(&app, &future).open("").await.status, 403);
    let unused =
        preference(&seller, json!({"expires": false, "expiration_date_to": "2026-01-02T00:00:00Z"})).await;
    assert_eq!(Buyer::of(&app, &unused).open("").await.status, 200);

    // It closes, or changes its price, between the form and its sending.
    for change in [
        json!({"items": [{"title": "Mate", "quantity": 1, "unit_price": 900}]}),
        json!({"expires": true, "expiration_date_to": "2026-01-02T00:00:00Z"}),
    ] {
        let moving = preference(&seller, json!({})).await;
        let buyer = Buyer::of(&app, &moving);
        let fields = hidden(&buyer.card("APRO").await.text());
        seller
            .put(&format!("/checkout/preferences/{}", moving["id"].as_str().unwrap()), &change)
            .await
            .expect(200);
        let answer = buyer.post("pay", &refs(&fields)).send().await;
        let page = answer.text();
        assert!(page.contains("The price changed") || answer.status == 410, "{page}");
    }
    assert_eq!(payments(&app).await.len(), 0);
    // Shipping that the buyer pays is in the price.
    let sent = preference(&seller, json!({"shipments": {"mode": "custom", "cost": 20}})).await;
    Buyer::of(&app, &sent).pay_by_card("APRO").await;
    assert_eq!(payments(&app).await[0]["transaction_amount"], 120);
}

#[tokio::test]
async fn instalments_cost_what_was_shown_or_nothing_is_paid() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let made = preference(&seller, json!({})).await;
    let buyer = Buyer::of(&app, &made);
    let page = buyer.card("APRO").await.text();
    let shown = plan(&page, 3);
    assert!(shown != "3:100.00" && shown.starts_with("3:1"), "{shown}");
    // Another rate than the one shown; a page that showed none; no plan; one payment that was said to cost more.
    for (said, told) in [
        ("3:100.00", "The price changed"),
        ("3:999999999999999999999999", "role=\"alert\""),
        ("3", "The price changed"),
        ("1:101.00", "The price changed"),
        ("2:x", "role=\"alert\""),
        ("", "role=\"alert\""),
    ] {
        let mut fields = hidden(&page);
        fields.iter_mut().find(|(name, _)| name == "installments").unwrap().1 = said.to_owned();
        let answer = buyer.post("pay", &refs(&fields)).send().await;
        assert!(answer.status == 200 && answer.text().contains(told), "{said}: {}", answer.text());
        assert!(answer.text().contains("id=\"card\""), "{said}");
    }
    assert_eq!(payments(&app).await.len(), 0);
    // What was shown is paid, by the same token.
    let mut fields = hidden(&page);
    fields.iter_mut().find(|(name, _)| name == "installments").unwrap().1 = shown.clone();
    let answer = buyer.post("pay", &refs(&fields)).send().await;
    assert!(buyer.follow(&answer).await.text().contains("data-progress=\"paid\""));
    let total = &payments(&app).await[0]["transaction_details"]["total_paid_amount"];
    assert_eq!(format!("3:{:.2}", total.as_f64().unwrap()), shown);
    // A page of an older script shows the price alone: one payment at the price.
    let page = buyer.card("APRO").await.text();
    let mut fields = hidden(&page);
    fields.iter_mut().find(|(name, _)| name == "installments").unwrap().1 = "1".to_owned();
    let answer = buyer.post("pay", &refs(&fields)).send().await;
    assert!(buyer.follow(&answer).await.text().contains("data-progress=\"paid\""));
}

#[tokio::test]
async fn who_opens_a_preference_learns_little_of_its_payer_and_nothing_once_it_is_paid() {
    let app = TestApp::new().await;
    let payer = json!({"name": "Ana", "surname": "Silva", "email": "test_user_77@testuser.com",
                       "identification": {"type": "CPF", "number": "12345678909"},
                       "address": {"zip_code": "01310-100", "street_name": "Paulista", "street_number": "1578"}});
    let made = preference(&app.seller(Site::MLB), json!({"payer": payer})).await;
    let buyer = Buyer::of(&app, &made);
    for method in ["card", "bolbradesco"] {
        let page = buyer.open(&format!("&method={method}")).await.text();
        assert!(page.contains("test_user_77@testuser.com") && page.contains("Silva"), "{page}");
        for private in ["12345678909", "01310-100", "Paulista", "1578"] {
            assert!(!page.contains(private), "{method} {private}: {page}");
        }
    }
    buyer.pay_by_card("FUND").await;
    assert!(buyer.open("&method=card").await.text().contains("Silva"), "it may be paid yet");
    buyer.pay_by_card("APRO").await;
    for method in ["card", "bolbradesco"] {
        let page = buyer.open(&format!("&method={method}")).await.text();
        assert!(!page.contains("test_user_77") && !page.contains("Silva"), "{page}");
    }
}

#[tokio::test]
async fn forms_from_elsewhere_and_made_up_words_pay_nothing() {
    let app = TestApp::new().await;
    let preference = preference(&app.seller(Site::MLB), json!({})).await;
    let buyer = Buyer::of(&app, &preference);
    let fields = hidden(&buyer.card("APRO").await.text());
    let sent = buyer.post("pay", &refs(&fields)).header("sec-fetch-site", "cross-site").send().await;
    assert_eq!(sent.status, 403);
    let card = buyer.post("card", &card_form("APRO")).header("sec-fetch-site", "cross-site").send().await;
    assert_eq!(card.status, 403);
    let word = fields.iter().find(|(name, _)| name == "form").unwrap().1.clone();
    let parts: Vec<&str> = word.split('.').collect();
    for made_up in [
        String::new(),
        "1.2.3".to_owned(),
        word[..word.len() - 1].to_owned(),
        format!("{}.{}.1.{}", parts[0], parts[1], parts[3]),
        format!("{}.{}.{}.{}", i64::MIN, parts[1], parts[2], parts[3]),
        format!("{word}.x"),
    ] {
        let mut changed = fields.clone();
        changed.iter_mut().find(|(name, _)| name == "form").unwrap().1 = made_up;
        assert_eq!(buyer.post("pay", &refs(&changed)).send().await.status, 403);
    }
    assert_eq!(payments(&app).await.len(), 0);
    // A result is seen by who paid alone.
    let answer = buyer.pay_by_card("APRO").await;
    let location = answer.header("location").to_owned();
    let guessed = format!("{}0", &location[..location.len() - 1]);
    let guessed = if guessed == location { format!("{}1", &location[..location.len() - 1]) } else { guessed };
    assert_eq!(app.stranger().get(&guessed).await.status, 404);
    assert_eq!(app.stranger().get(&location).await.status, 200);
}

#[tokio::test]
async fn a_wrong_field_is_named_and_the_card_is_not_shown_again() {
    let app = TestApp::new().await;
    let preference = preference(&app.seller(Site::MLB), json!({})).await;
    let buyer = Buyer::of(&app, &preference);
    for (name, value, notice) in [
        ("card_number", "5031 4332 1540 6352", "Check the card number"),
        ("card_number", "9999999999999999", "does not take this card"),
        ("card_expiry", "11/20", "Check the expiry date"),
        ("card_expiry", "x", "Check"),
        ("card_code", "12", "Check the security code"),
        ("card_holder", "", "Check the holder"),
        ("document_number", "11111111111", "Check the document"),
        ("email", "nobody", "Check the e-mail"),
    ] {
        let mut form = card_form("APRO");
        form.iter_mut().find(|(known, _)| *known == name).unwrap().1 = value;
        let page = buyer.post("card", &form).send().await.text();
        assert!(page.contains(notice), "{name} {value}: {page}");
        // Not by four digits alone: a form's random word may have them.
        assert!(!page.contains("4332 15") && !page.contains("433215"), "{name}: {page}");
        assert!(!page.contains("value=\"123\""), "{name}: {page}");
    }
}

#[tokio::test]
async fn nothing_is_opened_by_an_id_that_is_none_and_nothing_a_seller_writes_is_markup() {
    let app = TestApp::new().await;
    let stranger = app.stranger();
    for id in ["", "x", "1-2", "999999-11111111-1111-4111-8111-111111111111", "%00", "1-..%2F..%2F"] {
        assert_eq!(stranger.get(&format!("/checkout/v1/redirect?pref_id={id}")).await.status, 404, "{id}");
    }
    assert_eq!(stranger.get("/checkout/v1/redirect").await.status, 404);
    let item = json!([{"title": "<script>alert(1)</script>", "quantity": 1, "unit_price": 100}]);
    let urls = json!({"failure": "https://shop.example/\"><script>"});
    let made = preference(&app.seller(Site::MLB), json!({"items": item, "back_urls": urls})).await;
    let page = Buyer::of(&app, &made).open("").await.text();
    assert!(!page.contains("<script>alert"), "{page}");
    assert_eq!(page.matches("<script src=\"/assets/").count(), 2, "{page}");
    assert_eq!(page.matches("<script").count(), 2, "only the pages' own: {page}");
}

#[tokio::test]
async fn a_wallet_purchase_is_not_paid_by_a_guest() {
    let app = TestApp::new().await;
    let preference = preference(&app.seller(Site::MLB), json!({"purpose": "wallet_purchase"})).await;
    let guest = Buyer::of(&app, &preference);
    let page = guest.follow(&guest.open("").await).await;
    assert!(page.text().contains("type=\"password\""), "{}", page.text());
    let card = guest.card("APRO").await;
    assert_eq!(card.status, 403);
    assert!(card.text().contains("paid from an account"));
}

#[tokio::test]
async fn argentine_plans_show_their_annual_cost_and_each_site_has_its_ways() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLA);
    let body = json!({"items": [{"title": "Mate", "quantity": 1, "unit_price": 5000}]});
    let made = seller.post("/checkout/preferences", &body).await.expect(201);
    let buyer = Buyer::of(&app, &made);
    let page = buyer.open("").await.text();
    assert!(page.contains("method=rapipago") && page.contains("method=pagofacil"), "{page}");
    let mut form = card_form("APRO");
    for (name, value) in
        [("card_number", "5031755734530604"), ("document_type", "DNI"), ("document_number", "12345678")]
    {
        form.iter_mut().find(|(known, _)| *known == name).unwrap().1 = value;
    }
    let page = buyer.post("card", &form).send().await.text();
    assert!(page.contains("CFT ") && page.contains("TEA "), "{page}");
    for site in [Site::MCO, Site::MLC, Site::MPE, Site::MLM, Site::MLU] {
        let price = 20_000;
        let body = json!({"items": [{"title": "a", "quantity": 1, "unit_price": price}]});
        let made = app.seller(site).post("/checkout/preferences", &body).await;
        if made.status == 201 {
            assert_eq!(Buyer::of(&app, &made.json()).open("").await.status, 200, "{site}");
        }
    }
    // A live checkout is paid with live money alone.
    let live = app.live_seller(Site::MLB).post("/checkout/preferences", &super::article()).await.expect(201);
    assert_eq!(live["live_mode"], true);
    let buyer = Buyer::of(&app, &live);
    assert!(!buyer.open("").await.text().contains("Pago de prueba"));
    let test_buyer = buyer.card("APRO").await;
    assert!(test_buyer.text().contains("Check the e-mail"), "{}", test_buyer.text());
    assert_eq!(seed(Site::MLB).account.id, live["collector_id"].as_i64().unwrap());
}

#[tokio::test]
async fn an_application_that_may_take_nothing_takes_nothing_on_its_checkout_either() {
    let app = TestApp::new().await;
    let made = crate::applications::second(&app).await;
    let of = |mode: &str| {
        app.bearer(crate::applications::text(&made, &format!("/credentials/{mode}/access_token")))
    };
    let (live, test) = (of("live"), of("test"));
    let path = format!("/sandbox/applications/{}/activation", made["id"]);
    live.post(&path, &json!({"reason": "a test"})).await.expect(200);
    let real = Buyer::of(&app, &preference(&live, json!({})).await);
    let tried = Buyer::of(&app, &preference(&test, json!({})).await);
    assert_eq!((real.open("").await.status.as_u16(), tried.open("").await.status.as_u16()), (200, 200));
    live.post(&path, &json!({"reason": "enough", "active": false})).await.expect(200);
    assert_eq!((real.open("").await.status.as_u16(), tried.open("").await.status.as_u16()), (410, 200));
    assert_eq!(real.card("APRO").await.status, 410);
    let gone = app.live_seller(Site::MLA);
    let gone = gone.call(axum::http::Method::DELETE, &format!("/v1/applications/{}", made["id"]));
    gone.send().await.expect(200);
    assert_eq!((tried.open("").await.status.as_u16(), tried.card("APRO").await.status.as_u16()), (410, 410));
}
