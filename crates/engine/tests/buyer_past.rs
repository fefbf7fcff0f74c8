//! A buyer's past, asked of a real engine: what payments leave, and what is found by it.

use pasarela_domain::card_token::TokenRequest;
use pasarela_domain::identity::Caller;
use pasarela_domain::json::Json;
use pasarela_domain::payment::create::Provenance;
use pasarela_domain::payment::traces::{Buyer, Place, TraceKind};
use pasarela_engine::buyer_past::EarlierPayment;
use pasarela_engine::payments::IdempotencyKey;
use pasarela_engine::privacy::Person;
use pasarela_engine::{Engine, Nature, Vault, seeds};
use pasarela_store::{Location, Store, StoreOptions};
use pasarela_vault::CardNumber;
use serde_json::{Value, json};
use std::sync::Arc;

const MASTER: &str = "5031433215406351";

struct World {
    engine: Engine,
    caller: Caller,
    vault: Arc<Vault>,
}

impl World {
    async fn new() -> World {
        let store = Store::open(StoreOptions::new(Location::Ephemeral)).await.unwrap();
        let vault = Arc::new(Vault::ephemeral());
        let parts = pasarela_engine::Parts {
            store,
            vault: vault.clone(),
            outbox: None,
            nature: Nature::default(),
            development: true,
            public_url: "http://127.0.0.1:8080".to_owned(),
            test_clock: None,
        };
        let engine = Engine::assemble(parts).await.unwrap();
        let caller = engine.authenticate(&seeds::sellers()[0].test.access_token).await.unwrap().unwrap();
        World { engine, caller, vault }
    }

    async fn token(&self, device: Value) -> Value {
        let request = TokenRequest::from_json(&Json::from(&json!({
            "card_number": MASTER, "security_code": "123", "expiration_month": 11, "expiration_year": 2040,
            "cardholder": {"name": "APRO", "identification": {"type": "CPF", "number": "19119119100"}},
            "device": device,
        })));
        let token = self.engine.create_card_token(&self.caller, None, &request.unwrap()).await.unwrap();
        serde_json::from_slice::<Value>(&token).unwrap()
    }

    async fn pay(&self, key: &str, header: Option<&str>, more: Value) -> Value {
        let mut body = json!({"transaction_amount": 100, "payment_method_id": "pix", "payer": {"email": "a@testuser.com"}});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let provenance = Provenance { device_session: header.map(str::to_owned), ..Provenance::default() };
        let key = IdempotencyKey::required(Some(key), self.caller.mode, "tests", b"").unwrap();
        let written =
            self.engine.create_payment(&self.caller, key, &Json::from(&body), &provenance).await.unwrap();
        serde_json::from_slice(&written.body).unwrap()
    }

    async fn past(&self, buyer: &Buyer<'_>) -> Vec<EarlierPayment> {
        self.engine.buyer_past(&self.caller, buyer, 50).await.unwrap()
    }

    /// The ids of what is found, with what each has in common with the buyer.
    async fn found(&self, buyer: &Buyer<'_>) -> Vec<(i64, Vec<TraceKind>)> {
        self.past(buyer).await.into_iter().map(|payment| (payment.id, payment.in_common)).collect()
    }
}

fn id(payment: &Value) -> i64 {
    payment["id"].as_i64().unwrap()
}

#[tokio::test]
async fn each_payment_is_found_by_everything_that_it_left_of_its_buyer() {
    use TraceKind::{Address, Card, Device, Document, Email};
    let world = World::new().await;
    let address = json!({"zip_code": "01310-100", "street_name": "Av. São João", "street_number": 10});
    let info = json!({
        "payer": {"address": address},
        "shipments": {"receiver_address": {"zip_code": "06233200", "street_name": "Rua B", "street_number": "7"}},
    });
    let token = world.token(json!({"meli": {"session_id": "of the token"}})).await;
    assert_eq!(token.get("device_session"), None, "never shown");
    let payer =
        json!({"email": "A@testuser.com", "identification": {"type": "CPF", "number": "19119119100"}});
    let by_card = json!({
        "token": token["id"], "installments": 1, "payment_method_id": "master", "payer": payer, "additional_info": info,
    });
    let card = world.pay("card", None, by_card).await;
    assert_eq!(card["status"], "approved");
    assert!(!card.to_string().contains("of the token"), "never shown: {card}");
    let gift = json!({"payer": {"email": "b@testuser.com", "address": {
        "zip_code": "06233-200", "street_name": "RUA B", "street_number": 7}}});
    let gift = world.pay("gift", Some("of the header"), gift).await;
    let library = world.pay("library", Some("undefined"), json!({"device_id": "of the header"})).await;
    let (card, gift, library) = (id(&card), id(&gift), id(&library));

    let nobody = Buyer::default();
    assert_eq!(world.found(&nobody).await, []);
    let number = CardNumber::parse(MASTER).unwrap();
    let fingerprint: String =
        world.vault.fingerprint(&number).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        world.found(&Buyer { card_fingerprint: Some(&fingerprint), ..nobody }).await,
        [(card, vec![Card])]
    );
    let email = Buyer { email: Some("a@testuser.com"), ..nobody };
    assert_eq!(world.found(&email).await, [(library, vec![Email]), (card, vec![Email])]);
    let document = Buyer { document: Some(("CPF", "191.191.191-00")), ..nobody };
    assert_eq!(world.found(&document).await, [(card, vec![Document])]);
    for device in ["of the token", "undefined"] {
        let found = world.found(&Buyer { device: Some(device), ..nobody }).await;
        assert_eq!(found.len(), usize::from(device == "of the token"), "{device}");
    }
    let device = Buyer { device: Some("of the header"), ..nobody };
    assert_eq!(world.found(&device).await, [(library, vec![Device]), (gift, vec![Device])]);
    let door = Place { street: Some("Rua B"), number: Some("7"), zip_code: Some("06233 200") };
    let home = Place { street: Some("av sao joao"), number: Some("10"), zip_code: Some("01310100") };
    let all = Buyer { email: Some("b@testuser.com"), places: [home, door], ..nobody };
    assert_eq!(world.found(&all).await, [(gift, vec![Email, Address]), (card, vec![Address])]);

    let past = world.past(&email).await;
    assert_eq!((past[1].status.as_str(), past[1].status_detail.as_str()), ("approved", "accredited"));
    assert_eq!(world.engine.buyer_past(&world.caller, &email, 1).await.unwrap(), past[..1]);
    let other = world.engine.authenticate(&seeds::sellers()[1].test.access_token).await.unwrap().unwrap();
    assert_eq!(world.engine.buyer_past(&other, &email, 50).await.unwrap(), [], "another seller's past");
}

#[tokio::test]
async fn a_change_keeps_the_traces_and_an_erasure_takes_them_from_what_is_over() {
    let world = World::new().await;
    let done = id(&world.pay("done", Some("a device"), json!({})).await);
    let open = id(&world.pay("open", Some("a device"), json!({})).await);
    let change = pasarela_domain::payment::change::PaymentChange::Cancel;
    world.engine.change_payment(&world.caller, done, None, &change).await.unwrap();
    let device = Buyer { device: Some("a device"), ..Buyer::default() };
    let found = world.past(&device).await;
    assert_eq!(found.iter().map(|payment| payment.id).collect::<Vec<_>>(), [open, done]);
    assert_eq!(found[1].status, "cancelled");

    let person = Person::Email("a@testuser.com".to_owned());
    let export = world.engine.export_person(&person).await.unwrap();
    assert_eq!(export["payments"][0]["device_session"], "a device");
    let erasure = world.engine.erase_person(&person, false, |_| {}).await.unwrap();
    assert_eq!((erasure.payments, erasure.open.as_slice()), (1, [open].as_slice()));
    let found = world.past(&device).await;
    assert_eq!(found.iter().map(|payment| payment.id).collect::<Vec<_>>(), [open]);
    let again = world.engine.erase_person(&person, false, |_| {}).await.unwrap();
    assert_eq!((again.payments, again.erased_before), (0, 1));
    let export = world.engine.export_person(&person).await.unwrap();
    assert_eq!(export["payments"][0]["device_session"], Value::Null);
}
