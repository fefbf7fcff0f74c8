//! `pasarela accounts`.

use crate::support::{Call, Server, run, stderr, stdout, text};
use crate::world::{command, database, succeeded};
use regex::Regex;
use serde_json::{Value, json};

fn create(email: &str, place: &[&str]) -> Value {
    let arguments =
        ["accounts", "create", "--site", "MLB", "--email", email, "--name", "Loja da Ana", "--json"];
    serde_json::from_str(&succeeded(command(&[&arguments, place].concat()))).expect("JSON")
}

fn secret<'a>(account: &'a Value, path: &str) -> &'a str {
    account.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("{path} in {account}"))
}

#[test]
fn an_account_has_credentials_of_the_published_shapes() {
    let directory = tempfile::tempdir().unwrap();
    let account = create("ana@example.com", &["--data", text(directory.path())]);
    let shapes = [
        ("/test/public_key", r"^TEST-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
        ("/live/public_key", r"^APP_USR-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
        ("/test/access_token", r"^TEST-\d{16}-\d{6}-[0-9a-f]{32}-\d{10}$"),
        ("/live/access_token", r"^APP_USR-\d{16}-\d{6}-[0-9a-f]{32}-\d{10}$"),
        ("/client_secret", r"^[A-Za-z0-9]{32}$"),
        ("/webhook_secret", r"^[0-9a-f]{64}$"),
    ];
    for (path, shape) in shapes {
        assert!(Regex::new(shape).unwrap().is_match(secret(&account, path)), "{path}: {account}");
    }
    // Nothing of it is on the disk.
    for file in ["pasarela.db", "pasarela.db-wal"] {
        let Ok(bytes) = std::fs::read(directory.path().join(file)) else { continue };
        for (path, _) in shapes {
            let secret = secret(&account, path).as_bytes();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{path} in {file}");
        }
    }
    let listed = succeeded(command(&["accounts", "list", "--data", text(directory.path())]));
    assert!(listed.contains("ana@example.com") && listed.contains("Loja da Ana"), "{listed}");
}

#[test]
fn an_account_takes_test_payments_and_the_well_known_ones_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let place = ["--data", text(directory.path())];
    let account = create("ana@example.com", &place);
    let again =
        run(&["accounts", "create", "--site", "MLB", "--email", "Ana@Example.com", place[0], place[1]]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("already"), "{}", stderr(&again));

    let server = Server::serve(&place, &[]);
    let token = secret(&account, "/test/access_token");
    let (status, me) = Call::get("/users/me", token).send_and_wait(&server.address);
    assert_eq!((status, &me["id"], &me["site_id"]), (200, &account["user_id"], &json!("MLB")), "{me}");
    let pix =
        json!({"transaction_amount": 10, "payment_method_id": "pix", "payer": {"email": "b@testuser.com"}});
    let call = Call { key: Some("pix".to_owned()), ..Call::post("/v1/payments", token, pix) };
    let (status, payment) = call.send_and_wait(&server.address);
    assert_eq!(status, 201, "{payment}");
    let known = crate::support::access_token();
    let (status, _) = Call::get("/users/me", &known).send_and_wait(&server.address);
    assert_eq!(status, 401, "public credentials open nothing here");
    let used = run(&["accounts", "create", "--site", "MLB", "--email", "b@example.com", place[0], place[1]]);
    assert_eq!(used.status.code(), Some(1));
    assert!(stderr(&used).contains("uses this data"), "{}", stderr(&used));
    let beside = run(&["accounts", "list", place[0], place[1], "--json"]);
    assert!(stdout(&beside).contains("ana@example.com"), "{}{}", stdout(&beside), stderr(&beside));
    assert!(server.stop("TERM").success());
}

#[test]
fn an_account_made_beside_two_nodes_is_known_to_both() {
    let (database, vault) = (database(), tempfile::tempdir().unwrap());
    let url = database.url();
    let place = ["--database-url", &url, "--vault", text(vault.path())];
    let first = Server::serve(&place, &[]);
    let second = Server::serve(&place, &[]);
    let account = create("ana@example.com", &place);
    let token = secret(&account, "/live/access_token");
    for server in [&first, &second] {
        let (status, me) = Call::get("/users/me", token).send_and_wait(&server.address);
        assert_eq!((status, &me["id"]), (200, &account["user_id"]), "{me}");
    }
    assert!(first.stop("TERM").success());
    assert!(second.stop("TERM").success());
}

#[test]
fn mistakes_in_typing_are_explained() {
    let site = run(&["accounts", "create", "--site", "BRA", "--email", "a@example.com"]);
    assert_eq!(site.status.code(), Some(2));
    assert!(stderr(&site).contains("MLB, MLA"), "{}", stderr(&site));
    let email = run(&["accounts", "create", "--site", "MLB", "--email", "ana"]);
    assert_eq!(email.status.code(), Some(2));
    let vault = run(&[
        "accounts",
        "create",
        "--site",
        "MLB",
        "--email",
        "a@b.co",
        "--database-url",
        "postgres://db/p",
    ]);
    assert_eq!(vault.status.code(), Some(1));
    assert!(stderr(&vault).contains("--vault DIR"), "{}", stderr(&vault));
}
