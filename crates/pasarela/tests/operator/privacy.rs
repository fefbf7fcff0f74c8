//! `pasarela privacy`, on both stores.

use crate::support::{Call, Server, access_token, credentials, run, stderr, text};
use crate::world::{card_payment, command, database, succeeded};
use serde_json::{Value, json};

fn sent(server: &Server, call: &Call) -> Value {
    let (status, answer) = call.send_and_wait(&server.address);
    assert!((200..300).contains(&status), "{call:?}: {answer}");
    answer
}

fn card_token(server: &Server) -> Value {
    let key = credentials("MLB", "test")["public_key"].as_str().expect("text").to_owned();
    let card = json!({
        "card_number": "5031433215406351", "security_code": "123", "expiration_month": 11, "expiration_year": 2040,
        "cardholder": {"name": "APRO Maria da Silva", "identification": {"type": "CPF", "number": "12345678909"}},
    });
    sent(server, &Call::post(format!("/v1/card_tokens?public_key={key}"), "", card))["id"].clone()
}

/// What is known of Maria, and a payment of somebody else; the paths of her payments.
fn make(server: &Server) -> (Vec<String>, Value, String) {
    let token = access_token();
    let customer = json!({
        "email": "maria@testuser.com", "first_name": "Maria", "last_name": "da Silva",
        "address": {"street_name": "Rua das Flores", "street_number": 12}, "phone": {"number": "998877665"},
    });
    let customer = sent(server, &Call::post("/v1/customers", &token, customer));
    let cards = format!("/v1/customers/{}/cards", customer["id"].as_str().unwrap());
    sent(server, &Call::post(&cards, &token, json!({"token": card_token(server)})));
    let mut paths = Vec::new();
    for number in 0..3 {
        let mut call = card_payment(&format!("maria-{number}"), card_token(server).as_str().unwrap());
        let body = &mut call.body;
        body["payer"] = json!({
            "email": "maria@testuser.com", "first_name": "Maria", "last_name": "da Silva",
            "identification": {"type": "CPF", "number": "12345678909"},
        });
        body["additional_info"] = json!({
            "ip_address": "203.0.113.7",
            "items": [{"id": "1", "title": "Livro", "quantity": 1, "unit_price": 100}],
            "payer": {"first_name": "Maria", "phone": {"area_code": "11", "number": "998877665"},
                      "address": {"street_name": "Rua das Flores"}},
            "shipments": {"receiver_address": {"street_name": "Rua das Flores"}},
        });
        let payment = sent(server, &call);
        assert_eq!(payment["status"], "approved", "{payment}");
        paths.push(format!("/v1/payments/{}", payment["id"]));
    }
    let pix = json!({"transaction_amount": 10, "payment_method_id": "pix",
                     "payer": {"email": "maria@testuser.com", "first_name": "Maria"}});
    let call = Call { key: Some("pix".to_owned()), ..Call::post("/v1/payments", &token, pix) };
    let open = sent(server, &call)["id"].to_string();
    // One that she never pays with, and its body is kept.
    card_token(server);
    let other = sent(server, &card_payment("other", card_token(server).as_str().unwrap()));
    (paths, other, open)
}

const SAID_OF_HER: [&str; 7] =
    ["Maria", "maria@testuser.com", "da Silva", "12345678909", "998877665", "Rua das Flores", "203.0.113.7"];

/// `dev` and `verbs` name the same place, in the words of `pasarela dev` and of the other verbs.
fn a_person_is_exported_and_erased(dev: &[&str], verbs: &[&str]) {
    let server = Server::start_with(dev);
    let (paths, other, open) = make(&server);
    let token = access_token();
    let before: Vec<Value> = paths.iter().map(|path| sent(&server, &Call::get(path, &token))).collect();
    assert!(server.stop("TERM").success());

    let verb = |words: &[&str]| succeeded(command(&[words, verbs].concat()));
    let export = || -> Value {
        serde_json::from_str(&verb(&["privacy", "export", "--email", "Maria@TestUser.com"])).expect("JSON")
    };
    let exported = export();
    assert_eq!(exported["customers"].as_array().unwrap().len(), 1);
    assert_eq!(exported["payments"].as_array().unwrap().len(), 4);
    assert_eq!(exported["card_tokens"].as_array().unwrap().len(), 1);
    for word in SAID_OF_HER {
        assert!(exported.to_string().contains(word), "{word} in {exported}");
    }
    assert!(!exported.to_string().contains("5031433215406351"), "no number");

    let rehearsal = verb(&["privacy", "erase", "--email", "maria@testuser.com"]);
    assert!(rehearsal.contains("nothing is changed yet") && rehearsal.contains("--yes"), "{rehearsal}");
    assert_eq!(export()["payments"], exported["payments"]);
    let erased = verb(&["privacy", "erase", "--email", "maria@testuser.com", "--yes", "--json"]);
    let erased: Value = serde_json::from_str(&erased).expect("JSON");
    assert_eq!(
        (&erased["customers"], &erased["cards"], &erased["payments"], &erased["tokens"]),
        (&json!(1), &json!(1), &json!(3), &json!(1))
    );
    assert_eq!((&erased["open"].to_string(), &erased["done"]), (&format!("[{open}]"), &json!(true)));
    assert_eq!(export()["card_tokens"], json!([]));
    let again = verb(&["privacy", "erase", "--email", "maria@testuser.com", "--yes"]);
    assert!(again.contains("without payer before        3"), "{again}");

    let sound = succeeded(command(&[&["doctor"][..], &verbs[..2]].concat()));
    assert!(sound.contains("The books balance") && sound.contains("Every record is readable"), "{sound}");

    let server = Server::start_with(dev);
    for (path, before) in paths.iter().zip(&before) {
        let now = sent(&server, &Call::get(path, &token));
        for word in SAID_OF_HER {
            assert!(!now.to_string().contains(word), "{word} in {now}");
        }
        for kept in [
            "id",
            "transaction_amount",
            "date_created",
            "date_approved",
            "status",
            "external_reference",
            "fee_details",
            "transaction_details",
            "money_release_date",
        ] {
            assert_eq!(now[kept], before[kept], "{kept}");
        }
        assert_eq!(now["card"]["last_four_digits"], before["card"]["last_four_digits"]);
        assert_eq!(now["additional_info"]["items"], before["additional_info"]["items"]);
    }
    let path = format!("/v1/payments/{}", other["id"]);
    assert_eq!(sent(&server, &Call::get(&path, &token)), other, "nobody else's");
    // What is without its payer goes on: it is given back.
    let refund = Call {
        key: Some("refund".to_owned()),
        ..Call::post(format!("{}/refunds", paths[0]), &token, json!({}))
    };
    sent(&server, &refund);
    let found = sent(&server, &Call::get("/v1/customers/search?email=maria@testuser.com", &token));
    assert_eq!(found["paging"]["total"], 0);
    assert!(server.stop("TERM").success());
}

#[test]
fn a_person_is_exported_and_erased_in_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let place = ["--data", text(directory.path())];
    a_person_is_exported_and_erased(&place, &place);
}

#[test]
fn a_person_is_exported_and_erased_in_a_database() {
    let (database, directory) = (database(), tempfile::tempdir().unwrap());
    let vault = directory.path().join("vault");
    let url = database.url();
    a_person_is_exported_and_erased(
        &["--data", text(directory.path()), "--database-url", &url],
        &["--database-url", &url, "--vault", text(&vault)],
    );
}

#[test]
fn who_is_meant_must_be_said_once() {
    let nobody = run(&["privacy", "erase"]);
    assert_eq!(nobody.status.code(), Some(2), "{}", stderr(&nobody));
    let both = run(&["privacy", "erase", "--email", "a@b.co", "--customer", "7-a"]);
    assert_eq!(both.status.code(), Some(2), "{}", stderr(&both));
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("none");
    let nothing = run(&["privacy", "export", "--email", "a@b.co", "--data", text(&missing)]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(stderr(&nothing).contains("there is no data"), "{}", stderr(&nothing));
    assert!(!missing.exists(), "nothing is made");
}
