use super::return_address::{Outcome, return_address, returns_by_itself};
use super::*;
use crate::json::{Json, parse};
use crate::payment::request::CreatePayment;
use proptest::prelude::*;
use serde_json::json;

const ID: &str = "7-11111111-1111-4111-8111-111111111111";

fn read(body: &Value) -> Result<Preference, Refusal> {
    let mut preference = Preference::empty(&Birth {
        id: ID,
        collector_id: 7,
        application_id: 12,
        site: Site::MLA,
        live_mode: false,
        public_url: "http://pasarela.test",
        now: Timestamp(1_795_262_400_000),
    });
    request::apply(&Json::from(body), &mut preference)?;
    Ok(preference)
}

fn with(members: Value) -> Preference {
    let mut body = json!({"items": [{"title": "Mate", "quantity": 2, "unit_price": 50.25}]});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    read(&body).unwrap()
}

#[test]
fn an_id_names_its_seller_and_nothing_else_is_one() {
    assert_eq!(collector_of(ID), Some(7));
    for id in [
        "",
        "7",
        "7-",
        "x-11111111-1111-4111-8111-111111111111",
        "7-1",
        "-1-11111111-1111-4111-8111-111111111111",
    ] {
        assert_eq!(collector_of(id), None, "{id}");
    }
}

#[test]
fn the_total_has_shipping_that_the_buyer_pays() {
    let total = |shipments: Value| with(json!({"shipments": shipments})).total().minor;
    assert_eq!(total(json!({})), 10_050);
    assert_eq!(total(json!({"mode": "custom", "cost": 10})), 11_050);
    assert_eq!(total(json!({"mode": "custom", "cost": 10, "free_shipping": true})), 10_050);
    assert_eq!(total(json!({"mode": "me2", "cost": 10})), 10_050);
}

#[test]
fn the_window_counts_only_when_it_is_said_to() {
    let dates = |expires: bool| {
        with(json!({"expires": expires, "expiration_date_from": "2026-01-01T00:00:00Z",
                    "expiration_date_to": "2026-02-01T00:00:00Z"}))
    };
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let window = dates(true);
    assert_eq!(window.window(at("2025-12-31T23:59:59Z")), Window::NotYet);
    assert_eq!(window.window(at("2026-01-01T00:00:00Z")), Window::Open);
    assert_eq!(window.window(at("2026-01-31T23:59:59Z")), Window::Open);
    assert_eq!(window.window(at("2026-02-01T00:00:00Z")), Window::Over);
    assert_eq!(dates(false).window(at("2030-01-01T00:00:00Z")), Window::Open);
}

#[test]
fn the_shops_query_is_kept_and_what_is_told_follows_in_its_order() {
    let urls = json!({"success": "https://shop.example/ok?x=%7e#part", "failure": "shop://left"});
    let preference =
        with(json!({"back_urls": urls, "auto_return": "approved", "external_reference": "a b&c"}));
    let outcome =
        Outcome { payment_id: 5, status: "approved", payment_type_id: "ticket", merchant_order_id: Some(6) };
    assert_eq!(
        return_address(&preference, Some(outcome)).unwrap(),
        format!(
            "https://shop.example/ok?x=%7e&collection_id=5&collection_status=approved&payment_id=5&status=approved\
             &external_reference=a+b%26c&payment_type=ticket&merchant_order_id=6&preference_id={ID}&site_id=MLA\
             &processing_mode=aggregator&merchant_account_id=null#part"
        )
    );
    let left = return_address(&preference, None).unwrap();
    assert!(
        left.starts_with("shop://left?collection_id=null&collection_status=null&payment_id=null&status=null"),
        "{left}"
    );
    assert!(returns_by_itself(&preference, Some(outcome)));
    for status in ["pending", "rejected", "in_process"] {
        assert!(!returns_by_itself(&preference, Some(Outcome { status, ..outcome })));
    }
    // No address was named for what is pending.
    assert_eq!(return_address(&preference, Some(Outcome { status: "pending", ..outcome })), None);
}

/// A flight, with everything that the guide of its trade asks for, in the names and kinds that shops send.
fn flight() -> Value {
    json!({
        "items": [{
            "id": 7, "title": "Vuelo", "category_id": "Travels", "quantity": 1, "unit_price": 100, "warranty": false,
            "type": ["no", "payment", "has", "this"], "event_date": "2026-12-01T08:00:00.000-03:00",
            "category_descriptor": {
                "passenger": {"first_name": "Ana", "identification_type": "DNI", "identification_number": 12345678},
                "route": {"departure": "AEP", "destination": "COR", "departure_date_time": "2026-12-01T08:00:00.000-03:00"},
            },
        }],
        "payer": {
            "first_name": "Ana", "last_name": "Paz", "email": "Ana@example.com", "phone": {"area_code": 11, "number": 44445555},
            "identification": {"identification_type": "DNI", "identification_number": 12345678},
            "address": {"zip_code": "1414", "street_name": "Thames", "street_number": 9},
            "authentication_type": "Web Nativa", "registration_date": "2020-08-06 09:25:04", "is_prime_user": "1",
            "is_first_purchase_online": false, "last_purchase": "2026-10-20T11:37:30.000Z",
        },
        "shipments": {"express_shipment": true, "local_pickup": false,
                      "receiver_address": {"zip_code": 5000, "street_name": "Colón", "street_number": 1, "city_name": "Córdoba"}},
        "additional_info": {"referral_url": "https://shop.example", "seller": {"store_id": 3}, "odd": 1, "payer": {"email": "x"}},
    })
}

fn paid_by(preference: &Preference, email: &str) -> Value {
    let choice = payment::BuyerChoice {
        payment_method_id: Some("rapipago".to_owned()),
        email: email.to_owned(),
        ip_address: "203.0.113.7".to_owned(),
        ..payment::BuyerChoice::default()
    };
    let place = payment::Place { order_id: 1, expires: None, return_url: "http://pasarela.test" };
    payment::request(preference, &choice, place, payment::Share::whole(preference))
}

#[test]
fn what_a_seller_tells_of_a_trade_goes_along_with_the_payment() {
    let preference = with(flight());
    assert_eq!((preference.payer.name.as_str(), preference.payer.surname.as_str()), ("Ana", "Paz"));
    assert_eq!(preference.payer.document().unwrap().number, "12345678");
    let body = paid_by(&preference, "ana@example.com");
    let expected = json!({
        "ip_address": "203.0.113.7",
        "items": [{
            "id": "7", "title": "Vuelo", "description": "", "picture_url": null, "category_id": "Travels", "quantity": 1,
            "unit_price": 100, "warranty": false, "event_date": "2026-12-01T08:00:00.000-03:00",
            "category_descriptor": flight()["items"][0]["category_descriptor"],
        }],
        "payer": {
            "first_name": "Ana", "last_name": "Paz", "phone": {"area_code": "11", "number": "44445555"},
            "address": {"zip_code": "1414", "street_name": "Thames", "street_number": "9"},
            "authentication_type": "Web Nativa", "registration_date": "2020-08-06T09:25:04.000-04:00",
            "is_prime_user": true, "is_first_purchase_online": false, "last_purchase": "2026-10-20T07:37:30.000-04:00",
        },
        "shipments": {
            "express_shipment": true, "local_pickup": false,
            "receiver_address": {"zip_code": "5000", "street_name": "Colón", "street_number": "1", "city_name": "Córdoba"},
        },
        "referral_url": "https://shop.example", "seller": {"store_id": 3},
    });
    assert_eq!(body["additional_info"], expected);
    CreatePayment::from_json(&Json::from(&body), Site::MLA).unwrap();
    // Who pays for somebody else is not the one whom the seller knows.
    let other = paid_by(&preference, "eva@example.com");
    assert_eq!(other["additional_info"].get("payer"), None);
    assert_eq!(other["additional_info"]["shipments"], expected["shipments"]);
}

#[test]
fn a_payer_is_read_in_the_kinds_that_shops_send() {
    let payer =
        |members: Value| read(&json!({"items": flight()["items"], "payer": members})).map(|it| it.payer);
    for (said, is) in [(json!(true), true), (json!(0), false), (json!("FALSE"), false), (json!("1"), true)] {
        assert_eq!(payer(json!({"is_prime_user": said})).unwrap().is_prime_user, Some(is), "{said}");
    }
    assert_eq!(payer(json!({"is_prime_user": ""})).unwrap().is_prime_user, None);
    for (date, is) in [
        ("2020-08-06", "2020-08-06T00:00:00.000-04:00"),
        ("2020-08-06T09:25:04", "2020-08-06T09:25:04.000-04:00"),
        ("2020-08-06T09:25:04-0300", "2020-08-06T08:25:04.000-04:00"),
    ] {
        let read = payer(json!({"registration date": date})).unwrap();
        assert_eq!(read.registration_date.unwrap().to_wire(), is, "{date}");
    }
    for wrong in [
        json!({"is_prime_user": "maybe"}),
        json!({"is_prime_user": {}}),
        json!({"last_purchase": "yesterday"}),
        json!({"last_purchase": 7}),
        json!({"identification": "DNI"}),
        json!({"first_name": ["Ana"]}),
    ] {
        assert_eq!(payer(wrong.clone()).unwrap_err().status, 400, "{wrong}");
    }
}

#[test]
fn a_buyer_who_is_forgotten_travels_nowhere() {
    let mut preference = with(flight());
    preference.forget_buyer();
    let left = serde_json::to_string(&preference).unwrap();
    for word in ["Ana", "Paz", "12345678", "Thames", "Colón", "44445555"] {
        assert!(!left.contains(word), "{word} in {left}");
    }
    assert!(left.contains("AEP"), "where a journey goes says nobody's name");
}

#[test]
fn an_address_of_return_is_never_one_that_runs_in_the_page() {
    for address in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        " javascript:alert(1)",
        "vbscript:x",
    ] {
        assert!(!request::is_followed(address), "{address}");
    }
    for address in ["https://shop.example", "http://localhost:3000/a", "myshop://paid"] {
        assert!(request::is_followed(address), "{address}");
    }
}

#[test]
fn a_preference_rests_after_refusals_in_a_row_and_never_after_payments() {
    let now = Timestamp(1_795_262_400_000);
    let mut internals = Internals::default();
    for _ in 0..2 {
        for _ in 0..MAX_REFUSED_IN_A_ROW {
            assert!(internals.allows_attempt(now));
            // A ticket in between changes nothing.
            internals.attempted(Some(1), Status::Pending, now);
            internals.attempted(Some(1), Status::Rejected, now);
        }
        assert!(!internals.allows_attempt(now) && !internals.allows_attempt(now.plus_ms(REST - 1)));
        let later = now.plus_ms(REST);
        assert!(internals.allows_attempt(later));
        internals.attempted(None, Status::Approved, later);
    }
    for _ in 0..1_000 {
        internals.attempted(None, Status::Approved, now);
        assert!(internals.allows_attempt(now));
    }
}

proptest! {
    /// Whatever JSON comes: it is refused, or what is kept can be written and read again, and sums up without overflow.
    #[test]
    fn no_body_breaks_the_reader(
        price in "-?[0-9]{1,18}(\\.[0-9]{1,4})?", quantity in "[0-9]{1,12}", name in "[a-z_]{1,20}",
        junk in prop::sample::select(vec!["null", "true", "[]", "{}", "\"x\"", "-1", "[{}]", "{\"id\":[]}"]),
    ) {
        let text = format!(
            r#"{{"items":[{{"title":"a","quantity":{},"unit_price":{price}}}],"{name}":{junk},"payer":{junk},"shipments":{junk},"payment_methods":{junk}}}"#,
            quantity.trim_start_matches('0').parse::<u64>().unwrap_or(0)
        );
        if let Ok(body) = parse(text.as_bytes()) {
            let body = Value::from(&body);
            if let Ok(preference) = read(&body) {
                prop_assert!(preference.total().minor > 0);
                let text = serde_json::to_string(&preference).unwrap();
                prop_assert_eq!(serde_json::from_str::<Preference>(&text).unwrap(), preference);
            }
        }
    }
}
