//! `pasarela webhooks`, `listen` and `trigger` against a real server and a real receiver.

mod support;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver as Channel, channel};
use std::time::Duration;
use support::{Server, run, stderr, stdout};

/// How long anything may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(180);

/// Answers every request with `status`, and tells its first line, its headers and its body.
fn receiver(status: u16) -> (String, Channel<(String, Vec<String>, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (told, came) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = || {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                line.trim_end().to_owned()
            };
            let first = line();
            if first.is_empty() {
                // Somebody who left before it said anything.
                continue;
            }
            let headers: Vec<String> =
                std::iter::from_fn(|| Some(line()).filter(|line| !line.is_empty())).collect();
            let length = headers.iter().find_map(|header| header.strip_prefix("content-length: "));
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            reader.read_exact(&mut body).unwrap();
            let answered =
                write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
            // Who did not wait for the answer comes again.
            if answered.is_err() {
                continue;
            }
            if told.send((first, headers, String::from_utf8(body).unwrap())).is_err() {
                return;
            }
        }
    });
    (url, came)
}

fn pasarela(server: &Server, arguments: &[&str]) -> String {
    let mut all = arguments.to_vec();
    let url = server.url();
    all.extend(["--server", &url]);
    let output = run(&all);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

/// The newest notifications once there are `count` in `state`.
fn history(server: &Server, state: &str, count: usize) -> Vec<Value> {
    let started = std::time::Instant::now();
    loop {
        let listed = pasarela(server, &["webhooks", "history", "--json", "--state", state]);
        let found: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        if found.len() == count {
            return found;
        }
        assert!(started.elapsed() < LIMIT, "{count} {state}: {listed}");
    }
}

#[test]
fn a_payment_that_is_triggered_is_told_and_the_history_shows_it() {
    let server = Server::ephemeral();
    let (url, came) = receiver(200);
    let set = pasarela(&server, &["webhooks", "set", "--url", &url, "--topics", "payment"]);
    assert!(set.contains(&format!("{url}  of payment")), "{set}");
    let triggered = pasarela(&server, &["trigger", "payment.approved"]);
    assert!(triggered.contains("is approved (accredited)"), "{triggered}");
    let (first, _, body) = came.recv_timeout(LIMIT).unwrap();
    assert!(first.starts_with("POST /hook?data.id="), "{first}");
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["action"], "payment.created");
    let delivered = history(&server, "delivered", 1);
    let shown = pasarela(&server, &["webhooks", "show", &delivered[0]["id"].to_string()]);
    assert!(
        shown.contains("x-signature: ts=") && shown.contains("< 200") && shown.contains(&body),
        "{shown}"
    );
    let simulated = pasarela(&server, &["webhooks", "simulate", "--topic", "order", "--id", "ORD7"]);
    assert!(simulated.contains("delivered after"), "{simulated}");
    assert!(came.recv_timeout(LIMIT).unwrap().0.contains("data.id=ord7&type=order"));
    pasarela(&server, &["webhooks", "resend", &delivered[0]["id"].to_string()]);
    assert!(came.recv_timeout(LIMIT).unwrap().1.contains(&"x-retry: 1".to_owned()));
}

#[test]
fn what_failed_is_sent_again_all_at_once() {
    let server = Server::ephemeral();
    let (broken, _) = receiver(500);
    pasarela(&server, &["webhooks", "set", "--url", &broken]);
    pasarela(&server, &["trigger", "payment.approved"]);
    // It waits for its second try, and need not.
    let started = std::time::Instant::now();
    let resend = || pasarela(&server, &["webhooks", "resend", "--failed-since", "1h"]);
    while !resend().contains("One notification is sent again") {
        assert!(started.elapsed() < LIMIT, "the first attempt fails in time");
    }
    history(&server, "pending", 1);
    // Four days later all attempts have failed, and the address is paused.
    pasarela(&server, &["clock", "advance", "5d"]);
    history(&server, "failed", 1);
    let listed = pasarela(&server, &["webhooks", "list"]);
    assert!(listed.contains("PAUSED") && listed.contains("warning: "), "{listed}");
    pasarela(&server, &["trigger", "payment.approved"]);
    history(&server, "held", 1);
    let sent = pasarela(&server, &["webhooks", "resend", "--failed-since", "1h"]);
    assert!(sent.contains("2 notifications are sent again"), "{sent}");
    history(&server, "held", 0);
}

#[test]
fn a_program_that_listens_forwards_byte_for_byte_and_tells_the_real_answer() {
    let server = Server::ephemeral();
    let (url, came) = receiver(503);
    let mut listening = Command::new(env!("CARGO_BIN_EXE_pasarela"))
        .args(["listen", "--forward-to", &format!("{url}?shop=7"), "--server", &server.url()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(listening.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("Listening."));
    // It is known to listen with the stream's first sign of life.
    let started = std::time::Instant::now();
    let (first, headers, body) = loop {
        pasarela(&server, &["trigger", "payment.approved"]);
        match came.recv_timeout(Duration::from_secs(2)) {
            Ok(came) => break came,
            Err(_) => assert!(started.elapsed() < LIMIT, "nothing was forwarded"),
        }
    };
    assert!(first.starts_with("POST /hook?shop=7&data.id="), "{first}");
    let line = lines.next().unwrap().unwrap();
    assert!(line.contains("payment.created") && line.contains("-> 503"), "{line}");
    // More may have been triggered until the program was known to listen: of all, the one that came first.
    let started = std::time::Instant::now();
    let attempt = loop {
        let failed = pasarela(&server, &["webhooks", "history", "--json", "--state", "failed"]);
        let attempts = failed.lines().map(|line| {
            let id = serde_json::from_str::<Value>(line).unwrap()["id"].to_string();
            let shown = pasarela(&server, &["webhooks", "show", "--json", &id]);
            serde_json::from_str::<Value>(&shown).unwrap()["history"][0].clone()
        });
        if let Some(attempt) = attempts.into_iter().find(|attempt| attempt["request"]["body"] == json!(body))
        {
            break attempt;
        }
        assert!(started.elapsed() < LIMIT, "its answer is told");
    };
    assert_eq!(attempt["response"]["status"], json!(503));
    let signature =
        format!("x-signature: {}", attempt["request"]["headers"]["x-signature"].as_str().unwrap());
    assert!(headers.contains(&signature), "{headers:?}");
    listening.kill().unwrap();
    listening.wait().unwrap();
}

#[test]
fn a_new_secret_is_printed_and_mistakes_are_explained() {
    let server = Server::ephemeral();
    let rotated = pasarela(&server, &["webhooks", "rotate-secret", "--grace", "2h"]);
    assert!(rotated.lines().nth(1).is_some_and(|line| line.trim().len() == 64), "{rotated}");
    let url = server.url();
    for (arguments, word) in [
        (&["webhooks", "set", "--server", &url][..], "nothing is to be set"),
        (&["webhooks", "set", "--topics", "payments", "--server", &url], "there is no topic"),
        (&["webhooks", "simulate", "--server", &url], "no test address"),
        (&["listen", "--forward-to", "localhost", "--server", &url], "not the address of a receiver"),
    ] {
        let output = run(arguments);
        assert!(!output.status.success());
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
}

#[test]
fn verbs_speak_to_a_server_over_tls_whose_authority_is_named() {
    let server = Server::start_with(&["--ephemeral", "--https", "--https-listen", "127.0.0.1:0"]);
    let (url, ca) = (server.ready["https"].as_str().unwrap(), server.ready["ca"].as_str().unwrap());
    let over_tls = |arguments: &[&str]| run(&[arguments, &["--server", url, "--ca", ca]].concat());
    let (receiver, came) = receiver(200);
    let set = over_tls(&["webhooks", "set", "--url", &receiver]);
    assert!(stdout(&set).contains(&receiver), "{}", stderr(&set));
    let mut listening = Command::new(env!("CARGO_BIN_EXE_pasarela"))
        .args(["listen", "--forward-to", &format!("{receiver}?listening"), "--server", url, "--ca", ca])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(listening.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("Listening."));
    // It is known to listen with the stream's first sign of life.
    let started = std::time::Instant::now();
    let is_forwarded = || {
        let triggered = over_tls(&["trigger", "payment.approved"]);
        assert!(triggered.status.success(), "{}", stderr(&triggered));
        let came = std::iter::from_fn(|| came.recv_timeout(Duration::from_secs(2)).ok());
        came.take(2).any(|(first, ..)| first.starts_with("POST /hook?listening&data.id="))
    };
    while !is_forwarded() {
        assert!(started.elapsed() < LIMIT, "nothing was forwarded");
    }
    listening.kill().unwrap();
    listening.wait().unwrap();
    let stranger = run(&["webhooks", "list", "--server", url]);
    assert_eq!(stranger.status.code(), Some(1));
    assert!(
        stderr(&stranger).contains("certificate of an unknown issuer")
            && stderr(&stranger).contains("--ca FILE"),
        "{}",
        stderr(&stranger)
    );
    let plain = run(&["webhooks", "list", "--server", &server.url().replace("http:", "https:"), "--ca", ca]);
    assert!(stderr(&plain).contains("Does this port speak HTTPS?"), "{}", stderr(&plain));
    let empty = tempfile::NamedTempFile::new().unwrap();
    let no_roots = run(&["webhooks", "list", "--server", url, "--ca", empty.path().to_str().unwrap()]);
    assert!(stderr(&no_roots).contains("there is no certificate in it"), "{}", stderr(&no_roots));
}
