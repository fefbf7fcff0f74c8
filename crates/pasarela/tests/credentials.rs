//! `pasarela credentials`: the well-known credentials.

mod support;

use regex::Regex;
use serde_json::Value;
use support::{run, stdout};

fn all() -> Vec<Value> {
    serde_json::from_slice(&run(&["credentials", "--json"]).stdout).expect("a JSON array")
}

#[test]
fn there_is_an_entry_for_each_site_and_mode_with_brazil_first_and_test_before_live() {
    let order: Vec<String> = all()
        .iter()
        .map(|entry| format!("{} {}", entry["site"].as_str().unwrap(), entry["mode"].as_str().unwrap()))
        .collect();
    let expected: Vec<String> = ["MLB", "MLA", "MLM", "MLC", "MCO", "MPE", "MLU"]
        .iter()
        .flat_map(|site| [format!("{site} test"), format!("{site} live")])
        .collect();
    assert_eq!(order, expected);
}

#[test]
fn every_credential_has_the_documented_format() {
    let is = |pattern: &str, value: &Value| {
        let text = value.as_str().expect("text");
        assert!(Regex::new(pattern).unwrap().is_match(text), "{text} does not match {pattern}");
    };
    for entry in all() {
        let prefix = if entry["mode"] == "test" { "TEST" } else { "APP_USR" };
        let (user_id, client_id) = (&entry["user_id"], entry["client_id"].as_str().unwrap());
        assert_eq!(entry.as_object().unwrap().len(), 9);
        assert!(user_id.is_i64());
        assert_eq!(entry["application_id"].to_string(), client_id);
        is(r"^\d{15,16}$", &entry["client_id"]);
        is("^[A-Za-z0-9]{32}$", &entry["client_secret"]);
        is("^[0-9a-f]{64}$", &entry["webhook_secret"]);
        is(&format!("^{prefix}-[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$"), &entry["public_key"]);
        is(&format!(r"^{prefix}-{client_id}-\d{{6}}-[0-9a-f]{{32}}-{user_id}$"), &entry["access_token"]);
    }
}

#[test]
fn the_default_credentials_are_the_ones_that_are_documented() {
    let first = &all()[0];
    assert_eq!(first["user_id"], 496_749_700);
    assert_eq!(first["public_key"], "TEST-ce6b6acc-92b2-4561-82da-4b82231ff84a");
    assert_eq!(
        first["access_token"],
        "TEST-8889524091180551-112108-bfff7fefccdb35fc97528a815677d9ee-496749700"
    );
}

/// The buyers have no credentials of their own; who wants to try a wallet payment must find their addresses.
#[test]
fn the_text_for_people_names_a_buyer_on_each_site() {
    let text = stdout(&run(&["credentials"]));
    let buyers: Vec<&str> = text.lines().filter(|line| line.contains("@testuser.com")).collect();
    assert_eq!(buyers.len(), 7, "{text}");
    assert!(buyers[0].trim_start().starts_with("MLB  test_user_334354654@testuser.com"), "{}", buyers[0]);
    assert!(buyers[0].contains("BRL 10000.00") && buyers[0].contains("CPF 74984616415"), "{}", buyers[0]);
}

#[test]
fn the_text_for_people_holds_every_key_and_token() {
    let text = stdout(&run(&["credentials"]));
    for entry in all() {
        for field in ["public_key", "access_token", "client_id", "client_secret", "webhook_secret"] {
            assert!(text.contains(entry[field].as_str().unwrap()), "{field}");
        }
    }
}
