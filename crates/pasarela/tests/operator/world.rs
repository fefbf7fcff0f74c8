//! What these tests share: databases, operators' servers, and a shop with some history.

use crate::support::{Call, PATIENCE, Server, access_token, credentials, pasarela, run, stderr, text};
use pasarela_test_database::{TestDatabase, connect};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Runs `future` to its end.
pub fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// An empty database of the cluster that `./test` starts.
pub fn database() -> TestDatabase {
    wait(TestDatabase::create())
}

/// The first column of what `sql` finds in `database`, as text.
pub fn ask(database: &TestDatabase, sql: &str) -> Vec<String> {
    wait(async {
        let client = connect(&database.url()).await;
        let rows = client.simple_query(sql).await.expect("the database answers");
        let text_of = |message: &tokio_postgres::SimpleQueryMessage| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        };
        rows.iter().filter_map(text_of).collect()
    })
}

/// Waits until `is_so`.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "{what} did not come about in time");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What `command` printed, once it has ended well.
pub fn succeeded(mut command: Command) -> String {
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// `pasarela` with `arguments`, to be started.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = pasarela();
    command.args(arguments);
    command
}

/// `pasarela` with `arguments`, running, silent.
pub fn start(arguments: &[&str]) -> Child {
    command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts")
}

/// `pasarela copy`
pub fn copy(from: &str, to: &str) -> Output {
    run(&["copy", "--from", from, "--to", to])
}

/// `sqlite:DIR`
pub fn sqlite(directory: &Path) -> String {
    format!("sqlite:{}", text(directory))
}

/// What a shop did: payments as they are shown, by their path.
pub struct History {
    /// Path and body.
    pub payments: Vec<(String, Value)>,
    /// A request that was done under a key, and what it made.
    pub repeated: (Call, Value),
    /// A token that was not used.
    pub unused_token: String,
    /// An order that was looked for.
    pub search: (String, Value),
}

fn sent(server: &Server, call: &Call) -> Value {
    let (status, answer) = call.send_and_wait(&server.address);
    assert!((200..300).contains(&status), "{call:?}: {answer}");
    answer
}

fn card_token(server: &Server) -> String {
    let key = credentials("MLB", "test")["public_key"].as_str().expect("text").to_owned();
    let card = json!({
        "card_number": "5031433215406351", "security_code": "123", "expiration_month": 11, "expiration_year": 2040,
        "cardholder": {"name": "APRO", "identification": {"type": "CPF", "number": "12345678909"}},
    });
    let answer = sent(server, &Call::post(format!("/v1/card_tokens?public_key={key}"), "", card));
    answer["id"].as_str().expect("text").to_owned()
}

fn create(key: &str, body: Value) -> Call {
    Call { key: Some(key.to_owned()), ..Call::post("/v1/payments", &access_token(), body) }
}

/// A request that pays with the card token `token`.
pub fn card_payment(key: &str, token: &str) -> Call {
    let body = json!({
        "transaction_amount": 100, "token": token, "installments": 1, "payer": {"email": "buyer@testuser.com"},
        "external_reference": "order-7", "notification_url": "http://127.0.0.1:9/nobody-listens",
    });
    create(key, body)
}

impl History {
    /// Cards, refunds, a Pix, tokens, keys, notifications that failed, and a clock that was moved.
    pub fn make(server: &Server) -> History {
        let token = access_token();
        let mut ids = Vec::new();
        let mut repeated = None;
        for number in 0..4 {
            let call = card_payment(&format!("card-{number}"), &card_token(server));
            let payment = sent(server, &call);
            ids.push(payment["id"].as_i64().expect("an id"));
            repeated = Some((call, payment));
        }
        let refund = Call {
            key: Some("refund".to_owned()),
            ..Call::post(format!("/v1/payments/{}/refunds", ids[0]), &token, json!({"amount": 30}))
        };
        sent(server, &refund);
        let pix = json!({
            "transaction_amount": 12.5, "payment_method_id": "pix", "payer": {"email": "test@testuser.com"},
        });
        for number in 0..2 {
            let pix = sent(server, &create(&format!("pix-{number}"), pix.clone()));
            ids.push(pix["id"].as_i64().expect("an id"));
        }
        sent(server, &Call::post("/sandbox/clock", &token, json!({"advance": "PT2H"})));
        let unused_token = card_token(server);
        let payments = ids.iter().map(|id| {
            let path = format!("/v1/payments/{id}");
            let body = sent(server, &Call::get(&path, &token));
            (path, body)
        });
        let payments = payments.collect();
        let path = "/v1/payments/search?external_reference=order-7&sort=id&criteria=asc".to_owned();
        let found = sent(server, &Call::get(&path, &token));
        assert_eq!(found["paging"]["total"], 4, "{found}");
        History { payments, repeated: repeated.expect("four were made"), unused_token, search: (path, found) }
    }

    /// Everything is answered as it was, and goes on from there.
    pub fn holds_on(&self, server: &Server) {
        let token = access_token();
        for (path, body) in self.payments.iter().chain([&self.search]) {
            assert_eq!(&sent(server, &Call::get(path, &token)), body, "{path}");
        }
        let (call, made) = &self.repeated;
        let (status, again) = call.send_and_wait(&server.address);
        assert_eq!((status, &again["id"]), (200, &made["id"]), "a key is remembered: {again}");
        sent(server, &card_payment("with the token that was not used", &self.unused_token));
        let month = Call::post("/sandbox/clock", &token, json!({"advance": "P31D"}));
        let advanced = sent(server, &month);
        // Releases of the payments and expiries of the Pix.
        assert!(advanced["done"].as_u64().is_some_and(|done| done >= 5), "{advanced}");
    }
}
