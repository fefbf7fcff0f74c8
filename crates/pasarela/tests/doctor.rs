//! `pasarela doctor`, `pasarela backup` and `pasarela vault rotate`.

mod support;

use support::{Call, Server, access_token, run, stderr, stdout, text};

fn stopped_store() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    assert!(Server::start(directory.path()).stop("TERM").success());
    directory
}

#[test]
fn a_fresh_store_is_proven() {
    let directory = stopped_store();
    let output = run(&["doctor", "--data", text(directory.path())]);
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("The books balance"), "{}", stdout(&output));
}

#[test]
fn a_directory_without_data_is_said_to_be_empty() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(&["doctor", "--data", text(directory.path())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("pasarela dev"), "{}", stderr(&output));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "and nothing is made in it");
}

#[test]
fn while_a_server_runs_the_doctor_asks_for_a_backup_and_proves_that() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let refused = run(&["doctor", "--data", text(directory.path())]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("pasarela backup"), "{}", stderr(&refused));

    let file = directory.path().join("copy.db");
    let backup = run(&["backup", text(&file), "--data", text(directory.path())]);
    assert!(backup.status.success(), "{}", stderr(&backup));
    let proven = run(&["doctor", "--file", text(&file)]);
    assert!(proven.status.success(), "{}{}", stdout(&proven), stderr(&proven));

    let again = run(&["backup", text(&file), "--data", text(directory.path())]);
    assert_eq!(again.status.code(), Some(1), "a backup is never overwritten");
    let (status, _) = Call::get("/users/me", &access_token()).send_and_wait(&server.address);
    assert_eq!(status, 200, "the server went on");
}

#[test]
fn credentials_open_their_accounts_after_the_keys_were_rotated() {
    let directory = stopped_store();
    let output = run(&["vault", "rotate", "--data", text(directory.path())]);
    assert!(output.status.success(), "{}", stderr(&output));
    let server = Server::start(directory.path());
    let (status, _) = Call::get("/users/me", &access_token()).send_and_wait(&server.address);
    assert_eq!(status, 200);
}

#[test]
fn a_damaged_backup_is_found_out() {
    let directory = stopped_store();
    let file = directory.path().join("copy.db");
    assert!(run(&["backup", text(&file), "--data", text(directory.path())]).status.success());
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xA5);
    std::fs::write(&file, bytes).unwrap();
    let output = run(&["doctor", "--file", text(&file)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!stdout(&output).contains("Every record is readable"), "{}", stdout(&output));
}
