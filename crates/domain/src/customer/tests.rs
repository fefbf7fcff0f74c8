use super::card::{ChangeCardRequest, SaveCardRequest, face};
use super::request::CustomerRequest;
use super::search::{CustomerQuery, Date, Sort};
use super::*;
use crate::catalogue::of;
use crate::identity::Mode;
use crate::json::Json;
use crate::site::Site;
use proptest::prelude::*;
use serde_json::json;

fn code(refusal: &Refusal) -> &'static str {
    match refusal.causes[0].code {
        crate::refusal::Code::Text(code) => code,
        crate::refusal::Code::Number(_) => panic!("codes of customers are texts"),
    }
}

fn blank() -> Customer {
    Customer {
        id: "7-abc".to_owned(),
        email: "ana@testuser.com".to_owned(),
        first_name: None,
        last_name: None,
        phone: CustomerPhone::default(),
        identification: Identification::default(),
        address: CustomerAddress::default(),
        date_registered: None,
        description: None,
        date_created: Timestamp(5),
        date_last_updated: Timestamp(5),
        metadata: json!({}),
        default_card: None,
        default_address: None,
        cards: Vec::new(),
        addresses: Vec::new(),
        live_mode: false,
        user_id: 7,
        merchant_id: 1,
        client_id: 2,
        status: "active".to_owned(),
    }
}

#[test]
fn each_member_that_is_wrong_has_its_code() {
    for (body, expected) in [
        (json!([]), "118"),
        (json!({"email": "nobody"}), "106"),
        (json!({"email": 7}), "106"),
        (json!({"first_name": {}}), "107"),
        (json!({"last_name": 7}), "108"),
        (json!({"phone": "123"}), "103"),
        (json!({"phone": {"area_code": []}}), "109"),
        (json!({"phone": {"number": true}}), "110"),
        (json!({"identification": {"type": 7}}), "111"),
        (json!({"identification": {"number": {}}}), "112"),
        (json!({"address": {"zip_code": {}}}), "113"),
        (json!({"address": {"street_name": 7}}), "114"),
        (json!({"address": {"street_number": {}}}), "125"),
        (json!({"address": {"city": "Osasco"}}), "103"),
        (json!({"date_registered": "yesterday"}), "115"),
        (json!({"description": 7}), "116"),
        (json!({"metadata": []}), "117"),
        (json!({"metadata": {"a": "b".repeat(40_000)}}), "104"),
        (json!({"first_name": "a".repeat(256)}), "104"),
        (json!({"email": format!("{}@testuser.com", "a".repeat(250))}), "104"),
    ] {
        let refusal = CustomerRequest::from_json(&Json::from(&body)).unwrap_err();
        assert_eq!(code(&refusal), expected, "{body}");
        assert_eq!((refusal.status, refusal.message.as_str()), (400, "invalid parameters"));
    }
}

#[test]
fn a_test_users_email_is_demanded_in_test_mode_alone() {
    let request = |email: &str| CustomerRequest::from_json(&Json::from(&json!({"email": email}))).unwrap();
    assert_eq!(request("Ana@TestUser.com").required_email(Mode::Test).unwrap(), "ana@testuser.com");
    assert_eq!(code(&request("ana@example.com").required_email(Mode::Test).unwrap_err()), "128");
    assert_eq!(code(&request("ana@testuser.com").required_email(Mode::Live).unwrap_err()), "150");
    assert!(request("ana@example.com").required_email(Mode::Live).is_ok());
    let nothing = CustomerRequest::from_json(&Json::from(&json!({}))).unwrap();
    assert_eq!(code(&nothing.required_email(Mode::Test).unwrap_err()), "106");
}

#[test]
fn what_is_said_replaces_what_was_known_and_the_rest_stays() {
    let mut customer = blank();
    let say = |customer: &mut Customer, body: Value| {
        CustomerRequest::from_json(&Json::from(&body)).unwrap().apply(customer, false, || 99, Timestamp(9))
    };
    let body = json!({
        "first_name": "Ana", "phone": {"area_code": "11", "number": 5551234}, "metadata": {"a": 1},
        "address": {"zip_code": "01310-100", "street_name": "Av. Paulista", "street_number": "1578", "city": {"name": "São Paulo"}},
        "date_registered": "2021-10-20T11:37:30.000Z", "identification": {"type": "CPF", "number": "12345678900"},
        "default_address": null, "unknown": {},
    });
    say(&mut customer, body).unwrap();
    assert_eq!(customer.address.id.as_deref(), Some("99"));
    assert_eq!(customer.default_address.as_deref(), Some("99"));
    assert_eq!(customer.addresses[0].city.name.as_deref(), Some("São Paulo"));
    assert_eq!(customer.addresses[0].street_number, Some(1578));
    say(
        &mut customer,
        json!({"phone": {"number": "777"}, "address": {"street_number": 9}, "default_address": "Home"}),
    )
    .unwrap();
    assert_eq!(customer.phone.area_code.as_deref(), Some("11"));
    assert_eq!(customer.phone.number.as_deref(), Some("777"));
    assert_eq!((customer.addresses.len(), customer.addresses[0].street_number), (1, Some(9)));
    assert_eq!(customer.address.zip_code.as_deref(), Some("01310-100"));
    assert_eq!(customer.default_address.as_deref(), Some("Home"));
    assert_eq!(customer.date_last_updated, Timestamp(9));
    assert!(say(&mut customer, json!({"email": "ANA@testuser.com"})).is_ok(), "the same one");
    let refused = say(&mut customer, json!({"email": "eva@testuser.com"})).unwrap_err();
    assert_eq!(code(&refused), "126");
    assert_eq!(code(&say(&mut customer, json!({"default_card": "5"})).unwrap_err()), "120");
}

fn card(id: i64) -> (card::SavedCard, CardNumberFacts) {
    let request = SaveCardRequest { token: String::new(), payment_method_id: None, issuer_id: None };
    let (payment_method, security_code, issuer) =
        face(of(Site::MLB), "42356477", &request, "http://x/").unwrap();
    let card = card::SavedCard {
        id: id.to_string(),
        customer_id: "7-abc".to_owned(),
        user_id: "7".to_owned(),
        expiration_month: 11,
        expiration_year: 2030,
        first_six_digits: "423564".to_owned(),
        last_four_digits: "5682".to_owned(),
        payment_method,
        security_code,
        issuer,
        cardholder: crate::payment::body::Cardholder::default(),
        date_created: Timestamp(1),
        date_last_updated: Timestamp(1),
        live_mode: false,
        card_number_id: None,
    };
    (card, CardNumberFacts { id, fingerprint: format!("{id:032x}"), length: 16 })
}

#[test]
fn the_first_card_is_the_default_and_passes_it_on() {
    let mut state = CustomerState { customer: blank(), internals: CustomerInternals::default() };
    for id in 1..=3 {
        let (card, facts) = card(id);
        state.add_card(card, facts, Timestamp(6)).unwrap();
    }
    assert_eq!(state.customer.default_card.as_deref(), Some("1"));
    assert!(state.remove_card(2, Timestamp(7)).is_some());
    assert_eq!(state.customer.default_card.as_deref(), Some("1"));
    state.remove_card(1, Timestamp(8)).unwrap();
    assert_eq!(state.customer.default_card.as_deref(), Some("3"));
    state.remove_card(3, Timestamp(9)).unwrap();
    assert_eq!((state.customer.default_card.as_deref(), state.internals.cards.len()), (None, 0));
    assert!(state.remove_card(3, Timestamp(9)).is_none());
    for id in 0..MAX_CARDS as i64 {
        let (card, facts) = card(100 + id);
        state.add_card(card, facts, Timestamp(9)).unwrap();
    }
    let (card, facts) = card(7);
    assert_eq!(code(&state.add_card(card, facts, Timestamp(9)).unwrap_err()), "129");
}

#[test]
fn a_card_shows_its_methods_face() {
    let request = |method: Option<&str>| SaveCardRequest {
        token: String::new(),
        payment_method_id: method.map(str::to_owned),
        issuer_id: None,
    };
    let (method, code_place, issuer) =
        face(of(Site::MLB), "37536515", &request(Some("debit_card")), "http://x/").unwrap();
    assert_eq!(
        (method.id.as_str(), code_place.length, code_place.card_location.as_str()),
        ("amex", 4, "front")
    );
    assert!(method.thumbnail.starts_with("http://x/") && issuer.id > 0);
    let unknown = face(of(Site::MLB), "00000000", &request(None), "http://x/").unwrap_err();
    assert_eq!(code(&unknown), "127");
}

#[test]
fn requests_about_cards_are_read() {
    let read = |body: Value| SaveCardRequest::from_json(&Json::from(&body));
    assert_eq!(code(&read(json!({})).unwrap_err()), "119");
    assert_eq!(code(&read(json!({"token": 7})).unwrap_err()), "121");
    assert_eq!(code(&read(json!([])).unwrap_err()), "118");
    let request =
        read(json!({"token": "abc", "issuer": {"id": "25"}, "payment_method": {"id": "visa"}})).unwrap();
    assert_eq!((request.issuer_id, request.payment_method_id.as_deref()), (Some(25), Some("visa")));
    for body in [
        json!({"expiration_month": 13}),
        json!({"expiration_year": 99}),
        json!({"cardholder": "ana"}),
        json!({"cardholder": {"name": {}}}),
        json!({"cardholder": {"name": "a".repeat(129)}}),
    ] {
        assert_eq!(code(&ChangeCardRequest::from_json(&Json::from(&body)).unwrap_err()), "122", "{body}");
    }
    let (mut saved, _) = card(1);
    saved.cardholder.name = Some("APRO".to_owned());
    let change = json!({"expiration_month": 12, "expiration_year": "2025", "cardholder": {"identification": {"type": "CNPJ"}}});
    ChangeCardRequest::from_json(&Json::from(&change)).unwrap().apply(&mut saved, Timestamp(9));
    assert_eq!((saved.expiration_month, saved.expiration_year), (12, 2025));
    assert_eq!(saved.cardholder.name.as_deref(), Some("APRO"));
    assert_eq!(saved.cardholder.identification.kind.as_deref(), Some("CNPJ"));
    assert_eq!(saved.date_last_updated, Timestamp(9));
}

#[test]
fn a_search_is_read_or_refused_with_its_code() {
    let read = |pairs: &[(&str, &str)]| {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        CustomerQuery::read(&pairs)
    };
    let query = read(&[
        ("email", "Ana@TestUser.com"),
        ("sort", "date_last_updated:desc"),
        ("range", "date_created:after::2026-01-01T00:00:00.000-04:00,before::2026-02-01T00:00:00Z"),
        ("access_token", "x"),
    ])
    .unwrap();
    assert_eq!(query.email.as_deref(), Some("ana@testuser.com"));
    assert_eq!((query.sort, query.descending), (Sort::Date(Date::Updated), true));
    let (date, after, before) = query.range.unwrap();
    assert_eq!(date, Date::Created);
    assert!(after.unwrap() < before.unwrap());
    assert_eq!((query.limit, query.offset), (10, 0));
    for (name, value, expected) in [
        ("range", "date_created", "200"),
        ("range", "birthday:after::2026-01-01T00:00:00Z", "201"),
        ("range", "date_created:around::2026-01-01T00:00:00Z", "200"),
        ("range", "date_created:after", "200"),
        ("range", "date_created:after::2026-01-01T00:00:00Z,after::2026-01-02T00:00:00Z", "200"),
        ("range", "date_created:after::soon", "202"),
        ("range", "date_created:after::2026-01-01T00:00:00Z,before::soon", "203"),
        ("limit", "1001", "205"),
        ("offset", "-1", "205"),
        ("sort", "shoe_size", "206"),
        ("order", "sideways", "207"),
        ("sort", "id:asc:desc", "208"),
    ] {
        assert_eq!(code(&read(&[(name, value)]).unwrap_err()), expected, "{name}={value}");
    }
    assert_eq!(code(&read(&[("first_name", &"a".repeat(300))]).unwrap_err()), "204");
}

#[test]
fn a_public_id_names_its_user() {
    assert_eq!(user_id_of("1068193981-pXRewrKqlP6pnn"), Some(1_068_193_981));
    for id in ["", "-", "7", "7-", "-abc", "07a-b", "+7-abc", "7-a_b", "99999999999999999999-a", "0-abc"] {
        assert_eq!(user_id_of(id), None, "{id}");
    }
}

proptest! {
    #[test]
    fn anything_may_be_sent(body in ".{0,200}", pairs in proptest::collection::vec((".{0,20}", ".{0,60}"), 0..6)) {
        if let Ok(value) = crate::json::parse(body.as_bytes()) {
            let _ = CustomerRequest::from_json(&value);
            let _ = SaveCardRequest::from_json(&value);
            let _ = ChangeCardRequest::from_json(&value);
        }
        let _ = CustomerQuery::read(&pairs);
        let _ = user_id_of(&body);
    }
}
