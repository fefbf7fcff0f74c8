//! What a card form may send, and what it is told.

use super::*;
use crate::catalogue;
use crate::refusal::Code;
use proptest::prelude::*;
use serde_json::{Value, json};

/// 2026-11-21T12:40:10Z.
const NOW: Timestamp = Timestamp(1_795_264_810_000);

fn form() -> Value {
    json!({
        "card_number": "5031 4332-1540 6351",
        "expiration_month": 11,
        "expiration_year": 2030,
        "security_code": "123",
        "cardholder": {"name": " Ana Luz ", "identification": {"type": "CPF", "number": "47599927905"}},
    })
}

fn check(body: &Value) -> Result<CheckedCard, Vec<&'static str>> {
    let request = TokenRequest::from_json(&Json::from(body)).map_err(|refusal| codes(&refusal))?;
    let catalogue = catalogue::of(Site::MLB);
    let digits = request.card_number.as_deref().unwrap_or_default();
    let method = catalogue.resolve_bin(digits.get(..8).unwrap_or(digits)).first().copied();
    let settings = method.and_then(|method| method.settings.first());
    request.check(Site::MLB, settings, NOW).map_err(|refusal| codes(&refusal))
}

fn codes(refusal: &Refusal) -> Vec<&'static str> {
    let text = |code: &Code| match code {
        Code::Text(code) => *code,
        Code::Number(number) => panic!("a token's codes are texts, not {number}"),
    };
    refusal.causes.iter().map(|cause| text(&cause.code)).collect()
}

/// The codes that the form with `member` changed to `value` is told.
fn told(member: &str, value: Value) -> Vec<&'static str> {
    let mut body = form();
    body[member] = value;
    check(&body).err().unwrap_or_default()
}

fn told_of_holder(member: &str, value: Value) -> Vec<&'static str> {
    let mut holder = form()["cardholder"].clone();
    holder[member] = value;
    told("cardholder", holder)
}

#[test]
fn a_filled_form_is_a_card() {
    let card = check(&form()).unwrap();
    assert_eq!((card.expiration_month, card.expiration_year, card.luhn_validation), (11, 2030, true));
    assert_eq!(card.cardholder.name.as_deref(), Some("Ana Luz"));
    assert_eq!(card.cardholder.identification.number.as_deref(), Some("47599927905"));
}

#[test]
fn a_number_is_wanted_whole_and_with_its_check_digit() {
    assert_eq!(told("card_number", json!("")), ["205"]);
    assert_eq!(told("card_number", Value::Null), ["205"]);
    assert_eq!(told("card_number", json!("5031433215406352")), ["E301"]);
    assert_eq!(told("card_number", json!("503143321540635")), ["E301"]);
    assert_eq!(told("card_number", json!("50314332154o6351")), ["E301"]);
    assert_eq!(told("card_number", json!("5".repeat(30))), ["E301"]);
}

#[test]
fn an_expiry_is_a_month_that_is_not_over() {
    assert_eq!(told("expiration_month", json!("")), ["208"]);
    assert_eq!(told("expiration_year", json!("")), ["209"]);
    assert_eq!(told("expiration_month", json!(13)), ["325"]);
    assert_eq!(told("expiration_month", json!("0")), ["325"]);
    assert_eq!(told("expiration_year", json!("2025")), ["326"]);
    assert_eq!(told("expiration_year", json!("soon")), ["326"]);
    // Of the current year, the current month is still good and the one before is over.
    let of_this_year = |month: u8| {
        let mut body = form();
        body["expiration_year"] = json!(26);
        body["expiration_month"] = json!(month);
        check(&body).map(|card| (card.expiration_month, card.expiration_year))
    };
    assert_eq!(of_this_year(11), Ok((11, 2026)));
    assert_eq!(of_this_year(10), Err(vec!["325"]));
}

#[test]
fn a_security_code_has_the_length_of_its_card() {
    assert_eq!(told("security_code", json!("12")), ["E302"]);
    assert_eq!(told("security_code", json!("1234")), ["E302"]);
    assert_eq!(told("security_code", json!("12a")), ["E302"]);
    // Whether one is needed is the acquirer's business.
    assert!(told("security_code", Value::Null).is_empty() && told("security_code", json!("")).is_empty());
}

#[test]
fn what_is_neither_text_nor_number_is_wrong_and_not_absent() {
    for value in [json!(true), json!([]), json!(["123"]), json!({"a": 1})] {
        assert_eq!(told("card_number", value.clone()), ["E301"], "{value}");
        assert_eq!(told("expiration_month", value.clone()), ["325"], "{value}");
        assert_eq!(told("expiration_year", value.clone()), ["326"], "{value}");
        assert_eq!(told("security_code", value.clone()), ["E302"], "{value}");
    }
}

#[test]
fn a_holder_has_a_name_and_a_document_of_the_market() {
    assert_eq!(told_of_holder("name", json!(" ")), ["221"]);
    assert_eq!(told_of_holder("name", json!("<script>")), ["316"]);
    assert_eq!(told_of_holder("name", json!("a".repeat(129))), ["316"]);
    assert!(told_of_holder("name", json!("María d'Ávila-Sá")).is_empty());
    assert_eq!(told_of_holder("identification", json!({"number": "1"})), ["212"]);
    assert_eq!(told_of_holder("identification", json!({"type": "CPF"})), ["214"]);
    assert_eq!(told_of_holder("identification", json!({"type": "DNI", "number": "28860490"})), ["322"]);
    assert_eq!(told_of_holder("identification", json!({"type": "CPF", "number": "123"})), ["324"]);
    assert!(told_of_holder("identification", Value::Null).is_empty());
}

#[test]
fn all_faults_of_a_form_are_told_at_once_in_its_order() {
    let body =
        json!({"card_number": "1", "security_code": "1", "cardholder": {"identification": {"type": "CPF"}}});
    assert_eq!(check(&body), Err(vec!["E301", "208", "209", "E302", "221", "214"]));
}

#[test]
fn what_is_no_object_is_no_form_and_an_empty_one_starts_a_session() {
    for body in [json!(null), json!([]), json!("card"), json!(1)] {
        assert_eq!(
            TokenRequest::from_json(&Json::from(&body)).map_err(|refusal| codes(&refusal)).err(),
            Some(vec!["E111"])
        );
    }
    assert!(TokenRequest::from_json(&Json::from(&json!({"device": {"fingerprint": 1}}))).unwrap().is_empty());
    assert!(!TokenRequest::from_json(&Json::from(&form())).unwrap().is_empty());
}

#[test]
fn a_token_expires_eight_days_after_it_was_made_unless_it_was_used() {
    let mut token: CardToken = serde_json::from_value(json!({
        "public_key": null, "first_six_digits": null, "expiration_month": 0, "expiration_year": 0,
        "last_four_digits": null, "cardholder": {"name": null}, "status": "active", "date_created": NOW,
        "date_last_updated": NOW, "date_due": NOW.plus_ms(TOKEN_LIFE), "date_used": null, "luhn_validation": true,
        "live_mode": false, "require_esc": false, "card_number_length": 0, "security_code_length": 0,
    }))
    .unwrap();
    assert!(!token.has_card());
    assert_eq!(token.status_at(NOW.plus_ms(8 * DAY - 1)), TokenStatus::Active);
    assert_eq!(token.status_at(NOW.plus_ms(8 * DAY)), TokenStatus::Expired);
    token.status = TokenStatus::Used;
    assert_eq!(token.status_at(NOW.plus_ms(9 * DAY)), TokenStatus::Used);
}

#[test]
fn no_secret_is_shown_by_debug() {
    let shown = format!("{:?}", TokenRequest::from_json(&Json::from(&form())).unwrap());
    assert!(!shown.contains("5031") && !shown.contains("123") && !shown.contains("Ana"));
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
        "[0-9 -]{0,24}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let names = prop::sample::select(vec![
            "card_number",
            "expiration_month",
            "expiration_year",
            "security_code",
            "cardholder",
            "name",
            "identification",
            "type",
            "number",
            "card_id",
            "require_esc",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.prop_map(str::to_owned), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_hostile_form_is_refused_and_never_panics(body in anything()) {
        if let Ok(card) = check(&body) {
            prop_assert!((1..=12).contains(&card.expiration_month) && card.expiration_year >= 2026);
            prop_assert!(card.cardholder.name.is_some());
        }
    }

    #[test]
    fn luhn_notices_every_wrong_digit(digits in "[0-9]{8,18}", at in 0_usize..8, other in 1_u8..10) {
        let check = (b'0'..=b'9').map(char::from).find(|digit| passes_luhn(&format!("{digits}{digit}"))).unwrap();
        let mut number = format!("{digits}{check}").into_bytes();
        number[at] = b'0' + (number[at] - b'0' + other) % 10;
        prop_assert!(!passes_luhn(std::str::from_utf8(&number).unwrap()));
    }
}
