//! The operator changes the catalogue while payments live: what was made keeps its terms, what is made has the new ones.

use pasarela_domain::card_token::TokenRequest;
use pasarela_domain::catalogue::InstallmentParameters;
use pasarela_domain::identity::Caller;
use pasarela_domain::json::Json;
use pasarela_domain::payment::change::PaymentChange;
use pasarela_domain::payment::create::Provenance;
use pasarela_domain::payment::refund::RefundRequest;
use pasarela_domain::timestamp::DAY;
use pasarela_engine::catalogue::applying::{Applied, ApplyError, NewVersion};
use pasarela_engine::payments::IdempotencyKey;
use pasarela_engine::sandbox::Act;
use pasarela_engine::{Engine, EngineOptions, seeds};
use serde_json::{Value, json};

/// A Brazilian seller and an engine that keeps nothing.
struct World {
    engine: Engine,
    caller: Caller,
}

impl World {
    async fn new() -> World {
        let options = EngineOptions {
            development: true,
            public_url: "http://127.0.0.1:8080".to_owned(),
            ..EngineOptions::default()
        };
        let engine = Engine::open(options).await.unwrap();
        let caller = engine.authenticate(&seeds::sellers()[0].test.access_token).await.unwrap().unwrap();
        World { engine, caller }
    }

    async fn apply(&self, document: Value) -> Applied {
        self.engine.apply_catalogue(&new(document)).await.unwrap()
    }

    fn key(&self, text: &str) -> IdempotencyKey {
        IdempotencyKey::required(Some(text), self.caller.mode, "tests", b"").unwrap()
    }

    async fn pay(&self, key: &str, mut more: Value) -> Value {
        let mut body = json!({"transaction_amount": 100, "payer": {"email": "buyer@testuser.com"}});
        body.as_object_mut().unwrap().append(more.as_object_mut().unwrap());
        if body.get("payment_method_id").is_none() {
            body["token"] = self.token(master()).await["id"].clone();
        }
        let written = self
            .engine
            .create_payment(&self.caller, self.key(key), &Json::from(&body), &Provenance::default())
            .await;
        serde_json::from_slice(&written.unwrap().body).unwrap()
    }

    async fn token(&self, card: Value) -> Value {
        let request = TokenRequest::from_json(&Json::from(&card)).unwrap();
        let token = self.engine.create_card_token(&self.caller, None, &request).await.unwrap();
        serde_json::from_slice(&token).unwrap()
    }

    async fn payment(&self, id: &Value) -> Value {
        let body = self.engine.payment(&self.caller, id.as_i64().unwrap()).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }
}

fn master() -> Value {
    json!({
        "card_number": "5031433215406351", "security_code": "123", "expiration_month": 11, "expiration_year": 2040,
        "cardholder": {"name": "APRO"},
    })
}

fn new(document: Value) -> NewVersion {
    NewVersion { document, author: "ana".to_owned(), comment: String::new(), expected: None }
}

/// A fee of `percent` on everything that is sold in Brazil, released after `days`.
fn fees(percent: &str, days: i64) -> Value {
    json!({"MLB": {"fees": [{"percent": percent, "fixed": 0, "vat_percent": 0, "release_days": days}]}})
}

fn fee_of(payment: &Value) -> String {
    payment["fee_details"][0]["amount"].to_string()
}

#[tokio::test]
async fn a_capture_costs_what_was_agreed_when_the_amount_was_reserved() {
    let world = World::new().await;
    world.apply(fees("2", 5)).await;
    let reserved = world.pay("reserved", json!({"installments": 3, "capture": false})).await;
    assert_eq!(reserved["status"], "authorized");
    let rows = json!([
        {"installments": 1, "rate_percent": 0, "min_amount": 1},
        {"installments": 3, "rate_percent": 50, "min_amount": 1},
    ]);
    let mut dearer = fees("9", 20);
    dearer["MLB"]["installments"] = json!([{"rows": rows}]);
    dearer["MLB"]["methods"] =
        json!({"master": {"status": "deactive", "min_allowed_amount": 5_000, "max_allowed_amount": 6_000}});
    world.apply(dearer).await;

    let id = reserved["id"].as_i64().unwrap();
    let change = PaymentChange::Capture { amount: Some("50".to_owned()) };
    world.engine.change_payment(&world.caller, id, None, &change).await.unwrap();
    let captured = world.payment(&reserved["id"]).await;
    assert_eq!((&captured["status"], fee_of(&captured)), (&json!("approved"), "1".to_owned()), "2 % of 50");
    // 9.73 %, as the buyer was shown, not 50 %.
    assert_eq!(captured["transaction_details"]["total_paid_amount"].to_string(), "54.87");
    let day = |name: &str| captured[name].as_str().unwrap()[..10].parse::<jiff::civil::Date>().unwrap();
    assert_eq!((day("money_release_date") - day("date_approved")).get_days(), 5);
}

#[tokio::test]
async fn what_the_buyer_pays_later_costs_the_seller_what_was_agreed_when_it_was_made_out() {
    let world = World::new().await;
    let pix = world.pay("before", json!({"payment_method_id": "pix"})).await;
    world.apply(fees("9", 3)).await;
    world.engine.act(&world.caller, pix["id"].as_i64().unwrap(), &Act::Pay).await.unwrap();
    let paid = world.payment(&pix["id"]).await;
    assert_eq!((fee_of(&paid), &paid["money_release_status"]), ("0.99".to_owned(), &json!("released")));
    let later = world.pay("after", json!({"payment_method_id": "pix"})).await;
    world.engine.act(&world.caller, later["id"].as_i64().unwrap(), &Act::Pay).await.unwrap();
    assert_eq!(fee_of(&world.payment(&later["id"]).await), "9");
}

#[tokio::test]
async fn a_refund_and_a_release_go_by_the_terms_of_the_payment() {
    let world = World::new().await;
    world.apply(fees("4", 2)).await;
    let kept = world.pay("kept", json!({"installments": 1})).await;
    let returned = world.pay("returned", json!({"installments": 1})).await;
    world.apply(fees("20", 90)).await;
    let id = returned["id"].as_i64().unwrap();
    let request = RefundRequest { amount: Some("50".to_owned()), ..RefundRequest::default() };
    world.engine.refund_payment(&world.caller, id, world.key("refund"), &request).await.unwrap();
    let returned = world.payment(&returned["id"]).await;
    assert_eq!(returned["charges_details"][0]["amounts"]["refunded"].to_string(), "2", "half of 4 %");
    world.engine.advance_clock(&world.caller, 3 * DAY).await.unwrap();
    assert_eq!(world.payment(&kept["id"]).await["money_release_status"], "released");
}

#[tokio::test]
async fn what_is_not_offered_any_more_is_refused_and_a_new_card_is_taken_at_once() {
    let world = World::new().await;
    let document = json!({"MLB": {"methods": {
        "pix": {"status": "temporally_deactive"},
        "lojacard": {"like": "elo", "name": "Loja", "settings": [{
            "card_number": {"length": 16, "validation": "none"}, "bin": {"pattern": "^9990"},
            "security_code": {"length": 3, "mode": "optional"},
        }]},
    }}});
    let before = world.engine.catalogue();
    world.apply(document).await;
    assert_eq!((before.version(), world.engine.catalogue().version()), (0, 1), "who holds one keeps it");
    let card = json!({
        "card_number": "9990123412341234", "expiration_month": 11, "expiration_year": 2040,
        "cardholder": {"name": "APRO"},
    });
    let token = world.token(card).await;
    // `payment_method_id` is only named so that `pay` makes no token of its own.
    let made = json!({"payment_method_id": "lojacard", "token": token["id"], "installments": 1});
    let made = world.pay("loja", made).await;
    assert_eq!((&made["status"], &made["payment_type_id"]), (&json!("approved"), &json!("credit_card")));
    let body = json!({
        "transaction_amount": 10, "payment_method_id": "pix", "payer": {"email": "b@testuser.com"},
    });
    let provenance = Provenance::default();
    let refused = world
        .engine
        .create_payment(&world.caller, world.key("pix"), &Json::from(&body), &provenance)
        .await
        .unwrap_err();
    assert!(format!("{refused:?}").contains("3011"), "{refused:?}");
}

#[tokio::test]
async fn a_card_that_an_operator_added_is_saved_and_pays_again() {
    let world = World::new().await;
    let document = json!({"MLB": {"methods": {"lojacard": {"like": "elo", "name": "Loja", "settings": [{
        "card_number": {"length": 16, "validation": "none"}, "bin": {"pattern": "^9990"},
        "security_code": {"length": 4, "mode": "optional"},
    }]}}}});
    world.apply(document).await;
    let email = json!({"email": "buyer@testuser.com"});
    let customer = world.engine.create_customer(&world.caller, None, &Json::from(&email)).await.unwrap();
    let customer: Value = serde_json::from_slice(&customer.body).unwrap();
    let id = customer["id"].as_str().unwrap();
    let card = json!({
        "card_number": "9990123412341234", "security_code": "1234", "expiration_month": 11, "expiration_year": 2040,
        "cardholder": {"name": "APRO"},
    });
    let saving = json!({"token": world.token(card).await["id"]});
    let card = world.engine.save_card(&world.caller, id, None, &Json::from(&saving)).await.unwrap();
    let card: Value = serde_json::from_slice(&card.body).unwrap();
    assert_eq!(
        (&card["payment_method"]["id"], &card["payment_method"]["name"]),
        (&json!("lojacard"), &json!("Loja"))
    );
    assert_eq!(card["security_code"], json!({"length": 4, "card_location": "front"}));
    let token = world.token(json!({"card_id": card["id"], "security_code": "1234"})).await;
    let again = json!({"payment_method_id": "lojacard", "token": token["id"], "installments": 1});
    let paid = world.pay("again", again).await;
    assert_eq!((&paid["status"], &paid["card"]["id"]), (&json!("approved"), &card["id"]));
}

#[tokio::test]
async fn a_plan_that_was_shown_is_not_charged_at_another_price() {
    let world = World::new().await;
    let shown = async || {
        let asked = InstallmentParameters {
            amount: Some("100".to_owned()),
            bin: Some("50314332".to_owned()),
            collector_id: world.caller.account_id,
            ..InstallmentParameters::default()
        };
        let answer = world.engine.catalogue().site(world.caller.site).installments_json(&asked, "").unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer[0]["payer_costs"][2]["payment_method_option_id"].clone()
    };
    let before = shown().await;
    let row =
        |number: u32, rate: &str| json!({"installments": number, "rate_percent": rate, "min_amount": 1});
    let list = |rate| json!([{"rows": [row(1, "0"), row(2, "5"), row(3, rate)]}]);
    // The same price said anew is the same plan.
    world.apply(json!({"MLB": {"installments": list("9.730")}})).await;
    assert_eq!(shown().await, before);
    world.apply(json!({"MLB": {"installments": list("12")}})).await;
    let named = async |option: Value| {
        let token = world.token(master()).await;
        let body = json!({
            "transaction_amount": 100, "payer": {"email": "buyer@testuser.com"}, "token": token["id"],
            "installments": 3, "payment_method_option_id": option,
        });
        let key = world.key(option.as_str().unwrap());
        let provenance = Provenance::default();
        let paid = world.engine.create_payment(&world.caller, key, &Json::from(&body), &provenance).await;
        paid.map(|written| serde_json::from_slice::<Value>(&written.body).unwrap())
    };
    let refused = named(before).await.unwrap_err();
    assert!(format!("{refused:?}").contains("4033"), "{refused:?}");
    let paid = named(shown().await).await.unwrap();
    assert_eq!(paid["transaction_details"]["total_paid_amount"].to_string(), "112");
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_a_fault_changes_nothing_either() {
    let world = World::new().await;
    assert_eq!(world.apply(fees("2", 5)).await, Applied { version: 1, is_new: true });
    assert_eq!(world.apply(fees("2", 5)).await, Applied { version: 1, is_new: false });
    let faults = world.engine.apply_catalogue(&new(fees("200", 5))).await.unwrap_err();
    assert!(matches!(&faults, ApplyError::Faults(lines) if lines.len() == 1), "{faults}");
    let stale = NewVersion { expected: Some(0), ..new(fees("3", 5)) };
    let conflict = world.engine.apply_catalogue(&stale).await.unwrap_err();
    assert_eq!(conflict, ApplyError::Conflict { found: 1 });
    let long = NewVersion { comment: "x".repeat(501), ..new(fees("3", 5)) };
    assert!(world.engine.apply_catalogue(&long).await.is_err());
    assert_eq!(world.engine.catalogue().version(), 1);
    assert_eq!(world.apply(json!({})).await, Applied { version: 2, is_new: true });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_apply_at_once_each_version_is_one_of_theirs_whole() {
    let world = World::new().await;
    let tasks: Vec<_> = (1..=8)
        .map(|percent| {
            let engine = world.engine.clone();
            tokio::spawn(async move { engine.apply_catalogue(&new(fees(&percent.to_string(), 1))).await })
        })
        .collect();
    let mut versions = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(applied) => versions.push(applied.version),
            Err(error) => assert!(matches!(error, ApplyError::Conflict { .. }), "{error}"),
        }
    }
    versions.sort_unstable();
    let expected: Vec<i64> = (1..).take(versions.len()).collect();
    assert_eq!(versions, expected, "each number once, none left out");
    assert!(!versions.is_empty());
    assert_eq!(world.engine.catalogue().version(), versions.len() as i64);
}

#[tokio::test]
async fn a_server_may_be_asked_before_its_workers_look() {
    let directory = tempfile::tempdir().unwrap();
    let options = EngineOptions {
        directory: Some(directory.path().to_owned()),
        public_url: "http://127.0.0.1:8080".to_owned(),
        ..EngineOptions::default()
    };
    let engine = Engine::open(options).await.unwrap();
    engine.open_inboxes();
    for name in ["catalog-inbox", "credentials-inbox"] {
        assert!(directory.path().join(name).is_dir(), "{name}");
    }
    engine.close().await;
}
