//! `pasarela catalog`: beside running servers, on each kind of store, and when it is killed.

use crate::support::{Call, Server, access_token, pasarela, run, stderr, stdout, text};
use crate::world::{command, database, sqlite, succeeded, until};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A file of `directory` with the fee of Pix.
fn file(directory: &Path, percent: &str) -> PathBuf {
    let file = directory.join(format!("catalog-{percent}.toml"));
    let toml = format!(
        "# What Pix costs.\n[[MLB.fees]]\nmethods = [\"pix\"]\npercent = {percent}\nfixed = 0\nvat_percent = 0\n\
         release_days = 0\n\n[MLB.methods.visa]\nname = \"Visa {percent}\"\n"
    );
    std::fs::write(&file, toml).unwrap();
    file
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&succeeded(command(arguments))).expect("JSON")
}

fn name_of_visa(server: &Server) -> String {
    let (status, methods) = Call::get("/v1/payment_methods", &access_token()).send_and_wait(&server.address);
    assert_eq!(status, 200, "{methods}");
    let visa = methods.as_array().unwrap().iter().find(|method| method["id"] == "visa").unwrap();
    visa["name"].as_str().unwrap().to_owned()
}

fn apply(file: &Path, place: &[&str]) -> String {
    succeeded(command(&[&["catalog", "apply", text(file), "--author", "ana", "-m", "Pix"], place].concat()))
}

#[test]
fn a_file_is_looked_at_applied_listed_exported_and_taken_back() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let place = ["--data", text(&data)];
    succeeded(command(&[
        "accounts",
        "create",
        "--site",
        "MLB",
        "--email",
        "a@example.com",
        place[0],
        place[1],
    ]));
    let cheap = file(directory.path(), "0.5");
    assert!(
        succeeded(command(&["catalog", "check", text(&cheap)])).contains("is valid. It changes 2 values")
    );
    let diff = succeeded(command(&["catalog", "diff", text(&cheap), place[0], place[1]]));
    assert_eq!(
        diff,
        "2 changes from version 0:\n\nMLB\n  methods.visa.name  Visa -> Visa 0.5\n  fees.pix.percent   0.99 -> 0.5\n"
    );
    assert!(apply(&cheap, &place).starts_with("Version 1 is applied."));
    assert!(apply(&cheap, &place).starts_with("Version 1 says the same already"));
    let changes = json(&["catalog", "diff", text(&cheap), "--json", place[0], place[1]]);
    assert_eq!((&changes["version"], changes["changes"].as_array().unwrap().len()), (&1.into(), 0));
    apply(&file(directory.path(), "0.7"), &place);
    let stale = run(&["catalog", "apply", text(&cheap), "--expect", "1", place[0], place[1]]);
    assert_eq!(stale.status.code(), Some(1));
    assert!(stderr(&stale).contains("version 2 was applied meanwhile"), "{}", stderr(&stale));

    let exported = directory.path().join("exported.json");
    std::fs::write(&exported, succeeded(command(&["catalog", "export", "1", place[0], place[1]]))).unwrap();
    assert!(apply(&exported, &place).starts_with("Version 3"), "what was exported can be applied");
    succeeded(command(&["catalog", "rollback", "0", place[0], place[1]]));
    let history = json(&["catalog", "history", "--json", place[0], place[1]]);
    let versions: Vec<_> = history.as_array().unwrap().iter().map(|version| &version["version"]).collect();
    assert_eq!(versions, [4, 3, 2, 1]);
    assert_eq!((&history[3]["author"], &history[3]["comment"]), (&"ana".into(), &"Pix".into()));
    assert_eq!(history[0]["comment"], "back to version 0");
    let shown = json(&["catalog", "show", "--site", "mlb", "--json", place[0], place[1]]);
    assert_eq!(shown["catalog"]["MLB"]["fees"]["pix"]["percent"], "0.99");
    assert!(succeeded(command(&["catalog", "show", place[0], place[1]])).contains("pix"));
    assert!(succeeded(command(&["doctor", place[0], place[1]])).contains("catalogue"));
}

#[test]
fn the_example_of_the_guide_is_valid() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/catalog.example.toml");
    assert!(succeeded(command(&["catalog", "check", example])).contains("is valid"));
    let schema: Value = serde_json::from_str(&succeeded(command(&["catalog", "schema"]))).unwrap();
    assert_eq!(schema["title"], "Pasarela catalog");
}

#[test]
fn a_running_server_applies_it_and_a_faulty_file_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let place = ["--data", text(&data)];
    let server = Server::start(&data);
    assert_eq!(name_of_visa(&server), "Visa");
    apply(&file(directory.path(), "0.5"), &place);
    // The server itself applied it: there is nothing to wait for.
    assert_eq!(name_of_visa(&server), "Visa 0.5");
    let faulty = run(&["catalog", "apply", text(&file(directory.path(), "70")), place[0], place[1]]);
    assert_eq!(faulty.status.code(), Some(1));
    let said = stderr(&faulty);
    assert!(said.contains("catalog-70.toml: MLB.fees[0].percent: 70 does not fit"), "{said}");
    assert_eq!((name_of_visa(&server), stdout(&faulty)), ("Visa 0.5".to_owned(), String::new()));
    let inbox = std::fs::read_dir(data.join("catalog-inbox")).unwrap();
    assert_eq!(inbox.count(), 0, "nothing is left in the inbox");
    assert!(server.stop("TERM").success());
    let server = Server::start(&data);
    assert_eq!(name_of_visa(&server), "Visa 0.5", "it counts after a restart");
}

#[test]
fn all_servers_on_a_database_find_it_and_it_goes_along_with_a_copy() {
    let database = database();
    let directory = tempfile::tempdir().unwrap();
    let vault = directory.path().join("vault");
    let url = database.url();
    let start = || Server::start_with(&["--database-url", &url, "--data", text(&vault)]);
    let servers = [start(), start()];
    apply(&file(directory.path(), "0.5"), &["--database-url", &url]);
    for server in &servers {
        until("the new version", || name_of_visa(server) == "Visa 0.5");
    }
    for server in servers {
        assert!(server.stop("TERM").success());
    }
    let copied = directory.path().join("copied");
    succeeded(command(&["copy", "--from", &url, "--to", &sqlite(&copied)]));
    let history = json(&["catalog", "history", "--json", "--data", text(&copied)]);
    assert_eq!((history[0]["version"].as_i64(), &history[0]["author"]), (Some(1), &"ana".into()));
}

#[test]
fn a_server_that_is_killed_while_it_applies_has_all_of_it_or_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let files = [file(directory.path(), "0.5"), file(directory.path(), "0.7")];
    let mut names = vec!["Visa".to_owned()];
    for round in 0..6 {
        let server = Server::start(&data);
        let name = name_of_visa(&server);
        assert!(names.contains(&name), "{name} is one of {names:?}");
        whole_history(&data);
        let mut applying = pasarela();
        applying.args(["catalog", "apply", text(&files[round % 2]), "--data", text(&data)]);
        let mut applying = applying.stdout(std::process::Stdio::null()).spawn().unwrap();
        // Killed once the request is there, or once its answer is: in the middle of whatever the server does then.
        let awaited = if round % 3 == 2 { "answer" } else { "request" };
        until("the server's turn", || {
            let entries = std::fs::read_dir(data.join("catalog-inbox")).into_iter().flatten().flatten();
            let is_there =
                entries.into_iter().any(|entry| entry.path().extension().is_some_and(|it| it == awaited));
            is_there || applying.try_wait().unwrap().is_some()
        });
        server.kill();
        // What its journal has is put into the tables at the next start.
        names = vec!["Visa".to_owned(), "Visa 0.5".to_owned(), "Visa 0.7".to_owned()];
        // Its request may wait for the next server: that is what was asked for.
        applying.kill().ok();
        applying.wait().unwrap();
    }
    let server = Server::start(&data);
    assert!(names.contains(&name_of_visa(&server)));
    assert!(server.stop("TERM").success());
    assert!(whole_history(&data) > 0, "some of it was applied");
    succeeded(command(&["doctor", "--data", text(&data)]));
}

/// How many versions there are: each once, none left out.
fn whole_history(data: &Path) -> usize {
    let history = json(&["catalog", "history", "--json", "--data", text(data)]);
    let versions: Vec<i64> =
        history.as_array().unwrap().iter().rev().map(|it| it["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, (1..).take(versions.len()).collect::<Vec<i64>>());
    versions.len()
}
