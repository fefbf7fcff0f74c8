//! A payment whose payer is forgotten: nothing says who paid, everything says what was paid, and it goes on.

use super::life::Life;
use super::{Answer, authorized};
use crate::payment::body::Status::{self, *};
use crate::payment::erasure::{erase_payer, is_over};
use crate::payment::refund::{RefundRequest, refund};
use crate::site::Site;
use serde_json::{Value, json};

const WORDS: [&str; 7] =
    ["Joana", "Souza", "joana@testuser.com", "12345678909", "998877665", "Rua das Flores", "203.0.113.7"];

fn paid_by_joana() -> Life {
    Life::begin(Site::MLB, "master", 10_000, Some(Answer::Card(authorized())), |body| {
        body["payer"] = json!({
            "email": "joana@testuser.com", "first_name": "Joana", "last_name": "Souza",
            "identification": {"type": "CPF", "number": "12345678909"}, "phone": {"area_code": "11", "number": "998877665"},
        });
        body["description"] = json!("Um livro");
        body["external_reference"] = json!("order-7");
        body["additional_info"] = json!({
            "ip_address": "203.0.113.7",
            "items": [{"id": "1", "title": "Livro", "quantity": 1, "unit_price": 100,
                       "category_descriptor": {"passenger": {"first_name": "Joana"}, "route": {"departure": "GRU"}}}],
            "payer": {"first_name": "Joana", "address": {"street_name": "Rua das Flores"}},
            "shipments": {"receiver_address": {"street_name": "Rua das Flores"}, "local_pickup": false},
        });
    })
    .unwrap()
}

fn text(life: &Life) -> String {
    let body = serde_json::to_string(&life.state.payment).unwrap();
    body + &serde_json::to_string(&life.state.internals).unwrap()
}

#[test]
fn nothing_says_who_paid_and_everything_says_what() {
    let mut life = paid_by_joana();
    for word in WORDS {
        assert!(text(&life).contains(word), "{word} is known before");
    }
    let before: Value = serde_json::to_value(&life.state.payment).unwrap();
    erase_payer(&mut life.state);
    for word in WORDS {
        assert!(!text(&life).contains(word), "{word} in {}", text(&life));
    }
    assert_eq!(life.state.payment.card.0.as_ref().unwrap().cardholder.name, None);
    assert_eq!(life.state.internals.card_fingerprint, None);
    let after: Value = serde_json::to_value(&life.state.payment).unwrap();
    for (name, value) in before.as_object().unwrap() {
        if !["payer", "card", "additional_info"].contains(&name.as_str()) {
            assert_eq!(after[name], *value, "{name}");
        }
    }
    assert_eq!(after["payer"]["id"], before["payer"]["id"]);
    assert_eq!(after["card"]["last_four_digits"], before["card"]["last_four_digits"]);
    let item = &after["additional_info"]["items"][0];
    assert_eq!(
        (&item["title"], &item["category_descriptor"]["route"]["departure"]),
        (&json!("Livro"), &json!("GRU"))
    );
}

#[test]
fn erasing_twice_changes_nothing_more() {
    let mut life = paid_by_joana();
    erase_payer(&mut life.state);
    let once = life.state.clone();
    erase_payer(&mut life.state);
    assert_eq!(life.state, once);
}

#[test]
fn what_is_erased_is_given_back_like_any_other() {
    let mut life = paid_by_joana();
    erase_payer(&mut life.state);
    life.happens(|state, context| refund(state, &RefundRequest::default(), "Loja", context)).unwrap();
    assert_eq!(life.status().0, Refunded);
    for word in WORDS {
        assert!(!text(&life).contains(word), "{word} came back");
    }
}

#[test]
fn only_what_waits_for_nothing_is_over() {
    let open = [Pending, InProcess, Authorized, InMediation];
    let all: [Status; 9] =
        [Pending, InProcess, Authorized, Approved, InMediation, Rejected, Cancelled, Refunded, ChargedBack];
    for status in all {
        assert_eq!(is_over(status), !open.contains(&status), "{status:?}");
    }
}
