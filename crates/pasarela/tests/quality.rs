//! `pasarela quality` against a real server: what CI does after a test suite.

mod support;

use serde_json::{Value, json};
use std::io::{Read, Write};
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

/// A shop on this machine that answers everything with `page`.
fn shop(page: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/pay", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut seen = [0; 4096];
            let _ = stream.read(&mut seen);
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", page.len());
            let _ = stream.write_all(format!("{head}{page}").as_bytes());
        }
    });
    url
}

#[test]
fn a_page_is_looked_at_alone() {
    const LIBRARY: &str =
        "<script src='https://sdk.mercadopago.com/js/v2'></script><a href='/terms'>Terms</a>";
    let bad = shop("<input id='card' data-checkout='cardNumber' name='number'><a href='/terms'>Terms</a>");
    let output = run(&["quality", "page", &bad, "--browser", "none"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).contains("page: input#card without name"), "{}", stdout(&output));
    let output = run(&["quality", "page", &bad, "--format", "sarif", "--browser", "none"]);
    let sarif: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().any(|result| result["ruleId"] == "GOL-006" && result["level"] == "error"));
    let output = run(&["quality", "page", &shop(LIBRARY), "--browser", "none"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    let output = run(&["quality", "page", "http://127.0.0.1:1/"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("can't be read"), "{}", stderr(&output));
}

#[test]
fn what_instalments_cost_in_argentina_is_looked_for_with_each_figure() {
    const SHOWN: &str = "<script src='https://sdk.mercadopago.com/js/v2'></script><a href='/terms'>Terms</a>\
        <p>Precio de contado: $ 990,00</p><select id='installments'><option>3 cuotas de $ 369,90</option></select>\
        <p>Total financiado: $ 1.109,70</p><p>TEA: 70,21%</p><p>CFT: 89,43%</p>";
    const HIDDEN: &str =
        "<a href='/terms'>Terms</a><select id='installments'></select><p>TEA 70,21% CFT 89,43%</p>";
    let page = |page, site| {
        let output = run(&["quality", "page", &shop(page), "--site", site, "--browser", "none"]);
        let said = stdout(&output);
        let found =
            said.split("GOL-017").nth(1).unwrap_or_default().split("GOL-018").next().unwrap_or_default();
        (output.status.code(), found.to_owned())
    };
    let (code, found) = page(SHOWN, "MLA");
    assert_eq!(code, Some(0), "{found}");
    assert!(found.contains("page: cash price, instalments, financed total, TEA and CFT"), "{found}");
    let (code, found) = page(HIDDEN, "MLA");
    assert_eq!(code, Some(1), "{found}");
    let absent = "page: cash price, number and amount of instalments, financed total beside the instalments";
    assert!(found.contains(absent), "{found}");
    assert_eq!(page(HIDDEN, "MLB").0, Some(0), "it is Argentina's rule");
}

#[test]
fn what_a_script_adds_to_a_page_is_seen_where_there_is_a_browser() {
    if pasarela_engine::quality::browser::Browser::on_path(true).is_none() {
        eprintln!("there is no browser on the path: nothing was tried");
        return;
    }
    const LATE: &str = "<a href='/terms'>Terms</a><script>setTimeout(() => {
        const place = document.body.appendChild(document.createElement('div')).attachShadow({mode: 'closed'});
        const input = place.appendChild(document.createElement('input'));
        input.name = 'number'; input.autocomplete = 'cc-number';
        globalThis.MercadoPago = class { fields() {} bricks() {} };
    }, 100)</script>";
    let url = shop(LATE);
    let served = run(&["quality", "page", &url, "--browser", "none"]);
    assert_eq!(served.status.code(), Some(0), "{}", stdout(&served));
    assert!(stdout(&served).contains("read as it is served"), "{}", stdout(&served));
    let opened = run(&["quality", "page", &url]);
    let said = stdout(&opened);
    assert_eq!(opened.status.code(), Some(1), "{said}");
    assert!(said.contains("page: input[name=number] without name"), "{said}");
    assert!(said.contains("a copy is loaded from") && said.contains("opened in "), "{said}");
    let nowhere = run(&["quality", "page", &url, "--browser", "/nowhere/chromium"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(stderr(&nowhere).contains("--browser none"), "{}", stderr(&nowhere));
}

#[test]
fn the_operator_says_which_checks_block() {
    let unknown = run(&["dev", "--ephemeral", "--gate-block", "GOL-012,GOL-099"]);
    assert_eq!(unknown.status.code(), Some(1));
    let said = stderr(&unknown);
    assert!(said.contains("no check `GOL-099`") && said.contains("GOL-019"), "{said}");
    assert!(said.contains("QUALITY  blocks"), "all are listed: {said}");
    let both = run(&["dev", "--ephemeral", "--gate-block", "form", "--gate-advise", "FORM"]);
    assert!(stderr(&both).contains("not in both"), "{}", stderr(&both));
    let server = Server::start_with(&[
        "--ephemeral",
        "--gate-block",
        "GOL-012",
        "--gate-advise",
        "GOL-003,QUALITY",
        "--minimum-score",
        "80",
    ]);
    let listed = run(&["going-live", "rules", "--server", &server.url()]);
    let listed = stdout(&listed);
    assert!(listed.starts_with("A measurement passes with 80 of 100 points.\n"), "{listed}");
    let of = |id: &str| listed.lines().find(|line| line.starts_with(id)).unwrap_or_default().to_owned();
    assert!(of("GOL-012").ends_with(": blocks (the operator's setting)"), "{listed}");
    assert!(of("GOL-003").ends_with(": advises (the operator's setting)"), "{listed}");
    assert!(of("GOL-006").ends_with(": blocks") && of("GOL-016").ends_with(": advises"), "{listed}");
    let (status, gate) = Call::get("/v1/quality/gate", &access_token()).send_and_wait(&server.address);
    assert_eq!((status, &gate["minimum_score"]), (200, &json!(80)));
}
