//! `pasarela sandbox` and `pasarela clock`: what happens later, from the command line.

mod support;

use serde_json::{Value, json};
use support::{Call, Server, access_token, run, stderr, stdout, where_nobody_listens};

fn pix(server: &Server) -> Value {
    let mut create = Call::post(
        "/v1/payments",
        &access_token(),
        json!({"transaction_amount": 10, "payment_method_id": "pix", "payer": {"email": "buyer@testuser.com"}}),
    );
    create.key = Some("a-pix".to_owned());
    let (status, payment) = create.send_and_wait(&server.address);
    assert_eq!(status, 201, "{payment}");
    payment
}

fn stored(server: &Server, payment: &Value) -> Value {
    Call::get(format!("/v1/payments/{}", payment["id"]), &access_token()).send_and_wait(&server.address).1
}

#[test]
fn a_pix_is_paid_from_the_command_line() {
    let server = Server::ephemeral();
    let payment = pix(&server);
    let output = run(&["sandbox", "pay", &payment["id"].to_string(), "--server", &server.url()]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("approved (accredited)"), "{}", stdout(&output));
    assert_eq!(stored(&server, &payment)["status"], "approved");
}

#[test]
fn a_week_passes_and_an_unpaid_pix_is_cancelled() {
    let server = Server::ephemeral();
    let payment = pix(&server);
    let output = run(&["clock", "advance", "7d", "--server", &server.url()]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("It is 2"), "{}", stdout(&output));
    let stored = stored(&server, &payment);
    assert_eq!((&stored["status"], &stored["status_detail"]), (&json!("cancelled"), &json!("expired")));
}

#[test]
fn test_accounts_start_at_the_time_that_was_asked_for() {
    let server = Server::start_with(&["--ephemeral", "--clock", "2030-12-24T23:59:00-04:00"]);
    let output = run(&["clock", "show", "--server", &server.url()]);
    assert!(stdout(&output).contains("2030-12-2"), "{}{}", stdout(&output), stderr(&output));
}

#[test]
fn a_refusal_shows_what_the_server_said_and_what_to_do() {
    let server = Server::ephemeral();
    let not_live = run(&["credentials", "share", "ana@agency.example", "--server", &server.url()]);
    assert!(stderr(&not_live).contains("Give the application's live access token"), "{}", stderr(&not_live));
    let unknown = run(&["sandbox", "pay", "123", "--server", &server.url()]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        stderr(&unknown).contains("404") && stderr(&unknown).contains("Check the id"),
        "{}",
        stderr(&unknown)
    );
    let stranger = run(&["clock", "show", "--server", &server.url(), "--access-token", "TEST-none"]);
    assert_eq!(stranger.status.code(), Some(1));
    assert!(stderr(&stranger).contains("pasarela credentials"), "{}", stderr(&stranger));
}

#[test]
fn where_nothing_listens_the_next_step_is_named() {
    let (_held, free) = where_nobody_listens();
    let output = run(&["sandbox", "pay", "1", "--server", &format!("http://{free}")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("pasarela dev"), "{}", stderr(&output));
    let output = run(&["clock", "show", "--server", "127.0.0.1:8080"]);
    assert!(stderr(&output).contains("--server http://"), "{}", stderr(&output));
}
