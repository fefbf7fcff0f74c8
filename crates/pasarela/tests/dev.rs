//! `pasarela dev`: start, answer, refuse to share, stop.

mod support;

use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use support::{Call, Server, access_token, credentials, pasarela, run, stderr, stdout, text};

#[test]
fn a_server_on_port_zero_says_where_it_is_and_answers_its_seller() {
    let server = Server::ephemeral();
    assert_eq!(server.ready["https"], serde_json::Value::Null);
    let (status, me) = Call::get("/users/me", &access_token()).send_and_wait(&server.address);
    assert_eq!(status, 200);
    assert_eq!(me["id"], credentials("MLB", "test")["user_id"]);
    assert_eq!(me["site_id"], "MLB");
}

#[test]
fn every_well_known_access_token_opens_its_own_account() {
    let server = Server::ephemeral();
    for site in ["MLB", "MLA", "MLM", "MLC", "MCO", "MPE", "MLU"] {
        for mode in ["test", "live"] {
            let entry = credentials(site, mode);
            let token = entry["access_token"].as_str().unwrap();
            let (status, me) = Call::get("/users/me", token).send_and_wait(&server.address);
            assert_eq!((status, &me["id"], &me["site_id"]), (200, &entry["user_id"], &json!(site)));
        }
    }
}

#[test]
fn the_demo_shop_has_an_address_of_its_own_and_can_be_left_out() {
    let server = Server::ephemeral();
    let demo = server.ready["demo"].as_str().expect("an address").to_owned();
    assert!(demo.starts_with("http://localhost:"), "{demo}");
    let (status, head) = get(&server.address, "/demo");
    assert_eq!(status, 307);
    assert!(head.to_lowercase().contains(&format!("location: {demo}/\r\n")), "{head}");
    let (status, page) = get(demo.trim_start_matches("http://"), "/");
    assert_eq!(status, 200);
    assert!(page.contains("Barro"), "{page}");

    let without = Server::start_with(&["--ephemeral", "--no-demo"]);
    assert_eq!(without.ready["demo"], serde_json::Value::Null);
    assert_eq!(get(&without.address, "/demo").0, 404);

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["dev", "--ephemeral", "--listen", "127.0.0.1:0", "--demo-listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--demo-listen"), "{}", stderr(&output));
}

/// Status and everything that is answered to a plain `GET`.
fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

#[test]
fn a_second_server_on_the_same_data_is_refused_and_does_no_harm() {
    let directory = tempfile::tempdir().unwrap();
    let first = Server::start(directory.path());
    let second = run(&["dev", "--listen", "127.0.0.1:0", "--data", text(directory.path())]);
    assert_eq!(second.status.code(), Some(1));
    let complaint = stderr(&second);
    assert!(
        complaint.contains("another Pasarela uses this data") && complaint.contains("--data"),
        "{complaint}"
    );
    let (status, _) = Call::get("/users/me", &access_token()).send_and_wait(&first.address);
    assert_eq!(status, 200);
}

#[test]
fn a_port_that_is_taken_is_named_with_a_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["dev", "--ephemeral", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    let complaint = stderr(&output);
    assert!(complaint.contains(&address) && complaint.contains("--listen"), "{complaint}");
}

#[test]
fn it_stops_by_itself_when_asked_to() {
    for signal in ["INT", "TERM"] {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::start(directory.path());
        assert!(server.stop(signal).success(), "after SIG{signal}");
    }
}

#[test]
fn what_was_stored_is_there_after_a_restart_and_the_accounts_are_made_once() {
    let directory = tempfile::tempdir().unwrap();
    let token = access_token();
    let server = Server::start(directory.path());
    let mut create = Call::post(
        "/v1/payments",
        &token,
        json!({"transaction_amount": 10, "payment_method_id": "pix", "payer": {"email": "buyer@testuser.com"}}),
    );
    create.key = Some("one".to_owned());
    let (status, payment) = create.send_and_wait(&server.address);
    assert_eq!(status, 201, "{payment}");
    server.stop("TERM");
    let server = Server::start(directory.path());
    let path = format!("/v1/payments/{}", payment["id"]);
    let (status, stored) = Call::get(path, &token).send_and_wait(&server.address);
    assert_eq!((status, stored), (200, payment));
}

#[test]
fn https_answers_under_the_built_in_hosts_with_the_authority_that_is_named() {
    let server = Server::start_with(&["--ephemeral", "--https", "--https-listen", "127.0.0.1:0"]);
    let port = server.ready["https"].as_str().unwrap().rsplit(':').next().unwrap();
    let authority = server.ready["ca"].as_str().unwrap();
    let output = Command::new("curl")
        .args(["-sS", "--cacert", authority])
        .args(["--resolve", &format!("api.mercadopago.com:{port}:127.0.0.1")])
        .args(["-H", &format!("Authorization: Bearer {}", access_token())])
        .arg(format!("https://api.mercadopago.com:{port}/users/me"))
        .output()
        .expect("curl runs");
    assert!(stdout(&output).contains("MLB"), "{}{}", stdout(&output), stderr(&output));
}

#[test]
fn the_commands_that_are_printed_take_payments() {
    let (_server, text) = server_for_people();
    let commands = |from: &str, to: &str| {
        let start = text.find(from).expect(from) + from.len();
        let length = text[start..].find(to).expect(to);
        text[start..start + length].to_owned()
    };
    for (script, status) in [
        (commands("Take a card payment:\n", "\nA Pix"), "approved"),
        (commands("who pays it:\n", "  pasarela sandbox pay"), "pending"),
    ] {
        let output = Command::new("sh").args(["-c", &script]).output().expect("a shell");
        let payment: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{script}\n{}{}", stdout(&output), stderr(&output)));
        assert_eq!(payment["status"], status, "{payment}");
    }
}

#[test]
fn the_text_for_people_has_the_address_the_credentials_and_commands_to_try() {
    let (_server, text) = server_for_people();
    let entry = credentials("MLB", "test");
    for needed in [
        "http://127.0.0.1:",
        "/docs",
        "curl -s",
        "card_tokens",
        "pix",
        entry["public_key"].as_str().unwrap(),
        entry["access_token"].as_str().unwrap(),
    ] {
        assert!(text.contains(needed), "{needed} in:\n{text}");
    }
}

/// A server that keeps nothing, and what it says to people when it is ready.
fn server_for_people() -> (Running, String) {
    let mut running = Running(
        pasarela()
            .args(["dev", "--ephemeral", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut text = String::new();
    for line in BufReader::new(running.0.stdout.take().unwrap()).lines() {
        text.push_str(&line.unwrap());
        text.push('\n');
        if text.ends_with("Stop it with Ctrl-C.\n") {
            break;
        }
    }
    (running, text)
}

/// Killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
