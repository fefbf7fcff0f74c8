//! `pasarela accounts`.

use crate::support::{Call, Server, run, stderr, stdout, text};
use crate::world::{command, database, succeeded, until};
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
        ("/test_webhook_secret", r"^[0-9a-f]{64}$"),
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
    // The server that holds the directory is asked by a file.
    let number = account["application_id"].to_string();
    let live = secret(&account, "/live/access_token");
    let search = || Call::get("/v1/payments/search", live).send_and_wait(&server.address).0;
    assert_eq!(search(), 401, "live credentials do not work before the gate");
    for (verb, status) in [("activate", 200), ("deactivate", 401)] {
        let reason = ["--reason", "checked by hand", place[0], place[1]];
        succeeded(command(&[&["credentials", verb, "--application", &number][..], &reason].concat()));
        assert_eq!(search(), status, "{verb}");
    }
    let unknown =
        run(&["credentials", "activate", "--application", "7", "--reason", "x", place[0], place[1]]);
    assert!(stderr(&unknown).contains("application not found"), "{}", stderr(&unknown));
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
    let (token, key) = (secret(&account, "/live/access_token"), secret(&account, "/live/public_key"));
    let methods = format!("/v1/payment_methods?public_key={key}");
    for server in [&first, &second] {
        let (status, refused) = Call::get("/v1/payments/search", token).send_and_wait(&server.address);
        assert_eq!((status, &refused["cause"][0]["code"]), (401, &json!(7)), "{refused}");
        assert_eq!(Call::get(&methods, "").status(&server.address), 401, "nothing is active yet");
    }
    let number = account["application_id"].to_string();
    let activate = ["credentials", "activate", "--application", &number, "--reason", "checked by hand"];
    let told = succeeded(command(&[&activate[..], &place].concat()));
    assert!(told.contains("Loja da Ana") && told.contains("work."), "{told}");
    for server in [&first, &second] {
        // A node looks for what others changed twice a second.
        until("the node's knowledge of it", || Call::get(&methods, "").status(&server.address) == 200);
        let (status, me) = Call::get("/users/me", token).send_and_wait(&server.address);
        assert_eq!((status, &me["id"]), (200, &account["user_id"]), "{me}");
    }
    assert!(first.stop("TERM").success());
    assert!(second.stop("TERM").success());
}

#[test]
fn an_operator_gives_a_seller_a_password_for_the_panel() {
    let directory = tempfile::tempdir().unwrap();
    let place = ["--data", text(directory.path())];
    create("ana@example.com", &place);
    let set = ["accounts", "password", "--site", "MLB", "--email", "ana@example.com"];
    let told = succeeded(command(&[&set[..], &place].concat()));
    assert!(Regex::new(r"\n  [A-Za-z0-9]{20}\n").unwrap().is_match(&told), "{told}");
    let again = succeeded(command(&[&set[..], &place].concat()));
    assert_ne!(told, again);
    let nobody = ["accounts", "password", "--site", "MLA", "--email", "ana@example.com"];
    let nobody = run(&[&nobody[..], &place].concat());
    assert!(stderr(&nobody).contains("account not found"), "{}", stderr(&nobody));
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
