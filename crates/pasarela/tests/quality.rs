//! `pasarela quality` against a real server: what CI does after a test suite.

mod support;

use serde_json::{Value, json};
use std::process::Output;
use support::{Call, Server, access_token, run, stderr, stdout};

fn quality(server: &Server, arguments: &[&str]) -> Output {
    let url = server.url();
    let mut all = vec!["quality"];
    all.extend(arguments);
    all.extend(["--server", &url]);
    run(&all)
}

fn pay(server: &Server, members: Value) -> Value {
    let mut body = json!({"transaction_amount": 10, "payment_method_id": "pix", "payer": {"email": "buyer@testuser.com"}});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let mut create = Call::post("/v1/payments", &access_token(), body);
    create.key = Some(format!("key-{}", std::process::id()));
    let (status, payment) = create.send_and_wait(&server.address);
    assert_eq!(status, 201, "{payment}");
    payment
}

#[test]
fn a_suite_that_did_nothing_cannot_be_judged() {
    let server = Server::ephemeral();
    let output = quality(&server, &["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no payment to be measured by"), "{}", stderr(&output));
}

#[test]
fn the_threshold_decides_and_every_format_tells_the_same() {
    let server = Server::ephemeral();
    let payment = pay(&server, json!({"external_reference": "order-1"}));
    let output = quality(&server, &["check", "--threshold", "99"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("missing: payment: notification_url"), "{}", stdout(&output));
    assert!(stderr(&output).contains("99 are wanted"), "{}", stderr(&output));
    let output = quality(&server, &["check", "--threshold", "40", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    let reports: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(reports[0]["payment_id"], payment["id"]);
    let output = quality(&server, &["check", "--threshold", "40", "--strict", "--format", "junit"]);
    assert_eq!(output.status.code(), Some(1), "a mandatory rule is not met");
    let junit = stdout(&output);
    assert!(
        junit.contains("<testsuite name=\"Checkout API\"") && junit.contains("<failure message="),
        "{junit}"
    );
    let output = quality(&server, &["check", "--threshold", "40", "--format", "sarif", "--language", "es"]);
    let sarif: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let webhook = results.iter().find(|result| result["ruleId"] == "CHA-003").unwrap();
    assert_eq!(webhook["level"], "error");
    assert_eq!(
        webhook["locations"][0]["logicalLocations"][0]["fullyQualifiedName"],
        "payment: notification_url"
    );
    assert!(webhook["message"]["text"].as_str().unwrap().contains("Notificaciones"), "{webhook}");
    let listed = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(results.iter().all(|result| listed.iter().any(|rule| rule["id"] == result["ruleId"])));
}

#[test]
fn one_payment_is_measured_and_the_history_tells() {
    let server = Server::ephemeral();
    let payment = pay(&server, json!({}));
    let output = quality(&server, &["measure", "--payment", &payment["id"].to_string()]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("Checkout API: "), "{}", stdout(&output));
    let output = quality(&server, &["history"]);
    assert!(stdout(&output).contains(&format!("payment {}", payment["id"])), "{}", stdout(&output));
    let output = quality(&server, &["measure", "--payment", "1"]);
    assert_eq!(output.status.code(), Some(1));
    let rules = run(&["quality", "rules", "--product", "checkout_api", "--language", "pt"]);
    assert!(stdout(&rules).contains("CHA-001"), "{}", stderr(&rules));
}
