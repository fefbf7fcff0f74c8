//! `pasarela copy`.

use crate::support::{Server, run, stderr, stdout, text};
use crate::world::{History, ask, command, copy, database, sqlite, start, succeeded, until, wait};
use pasarela_test_database::connect;

/// How many locks there are in this database; the other tests' are in the same view.
const LOCKS: &str = "SELECT count(*) FROM pg_locks WHERE database =
    (SELECT oid FROM pg_database WHERE datname = current_database())";

/// Copies the vault of `from` beside the data in `to`.
fn take_the_vault_along(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to.join("vault")).unwrap();
    for file in std::fs::read_dir(from.join("vault")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join("vault").join(file.file_name())).unwrap();
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(to.join("vault"), std::fs::Permissions::from_mode(0o700)).unwrap();
    }
}

/// The counts of a verdict: the lines with two numbers.
fn counts(report: &str) -> Vec<&str> {
    report.lines().take_while(|line| !line.starts_with("Ledger")).skip(1).collect()
}

#[test]
fn a_store_is_copied_to_a_database_and_back_and_goes_on_the_same_in_both() {
    let (original, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(original.path());
    let history = History::make(&server);
    assert!(server.stop("TERM").success());
    let database = database();

    let there = copy(&sqlite(original.path()), &database.url());
    assert!(there.status.success(), "{}{}", stdout(&there), stderr(&there));
    assert!(
        stdout(&there).contains("byte for byte") && stdout(&there).contains("vault"),
        "{}",
        stdout(&there)
    );
    let again = copy(&database.url(), &sqlite(back.path()));
    assert!(again.status.success(), "{}{}", stdout(&again), stderr(&again));
    assert_eq!(counts(&stdout(&there)), counts(&stdout(&again)));

    let examined = run(&["doctor", "--database-url", &database.url()]);
    assert!(examined.status.success(), "{}{}", stdout(&examined), stderr(&examined));
    assert!(stdout(&examined).contains("The books balance"), "{}", stdout(&examined));
    assert!(run(&["doctor", "--data", text(back.path())]).status.success());

    take_the_vault_along(original.path(), back.path());
    let on_sqlite = Server::start(back.path());
    history.holds_on(&on_sqlite);
    assert!(on_sqlite.stop("TERM").success());
    let on_database =
        Server::start_with(&["--data", text(original.path()), "--database-url", &database.url()]);
    history.holds_on(&on_database);
    assert!(on_database.stop("TERM").success());
    for place in [&["--data", text(back.path())][..], &["--database-url", &database.url()]] {
        let examined = run(&[&["doctor"], place].concat());
        assert!(examined.status.success(), "{}{}", stdout(&examined), stderr(&examined));
    }
}

#[test]
fn a_copy_that_was_killed_goes_on_and_copies_nothing_twice() {
    let original = tempfile::tempdir().unwrap();
    let server = Server::start(original.path());
    let history = History::make(&server);
    assert!(server.stop("TERM").success());
    let database = database();
    let (from, to) = (sqlite(original.path()), database.url());
    succeeded(command(&["migrate", "--database-url", &to]));

    // Whoever writes a posting waits: the copy stands there, with the payments behind it.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let holder = runtime.block_on(connect(&to));
    runtime.block_on(holder.batch_execute("BEGIN; LOCK TABLE posting IN SHARE MODE")).unwrap();
    let mut copying = start(&["copy", "--from", &from, "--to", &to]);
    until("the copy's wait for the postings", || {
        ask(&database, &format!("{LOCKS} AND relation = 'posting'::regclass AND NOT granted")) == ["1"]
    });
    copying.kill().unwrap();
    copying.wait().unwrap();
    runtime.block_on(holder.batch_execute("ROLLBACK")).unwrap();
    until("the end of the killed copy's connection", || {
        ask(&database, &format!("{LOCKS} AND locktype = 'advisory'")) == ["0"]
    });
    assert_eq!(ask(&database, "SELECT count(*) FROM payment"), ["6"]);
    assert_eq!(ask(&database, "SELECT count(*) FROM posting"), ["0"]);

    // What is not whole is served by nobody, and is not mixed with anything else.
    let unfinished = run(&[
        "dev",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--data",
        text(original.path()),
        "--database-url",
        &to,
    ]);
    assert_eq!(unfinished.status.code(), Some(1));
    assert!(stderr(&unfinished).contains("pasarela copy"), "{}", stderr(&unfinished));
    let other = tempfile::tempdir().unwrap();
    assert!(Server::start(other.path()).stop("TERM").success());
    let mixed = copy(&sqlite(other.path()), &to);
    assert!(stderr(&mixed).contains("unfinished copy of sqlite:"), "{}", stderr(&mixed));

    let rest = copy(&from, &to);
    assert!(rest.status.success(), "{}{}", stdout(&rest), stderr(&rest));
    let serving = Server::start_with(&["--data", text(original.path()), "--database-url", &to]);
    history.holds_on(&serving);
}

#[test]
fn a_target_with_other_data_and_a_source_in_use_are_refused() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(Server::start(first.path()).stop("TERM").success());
    assert!(Server::start(second.path()).stop("TERM").success());
    let database = database();
    let filled = copy(&sqlite(first.path()), &sqlite(second.path()));
    assert_eq!(filled.status.code(), Some(1));
    assert!(stderr(&filled).contains("holds data already"), "{}", stderr(&filled));

    let server = Server::start(first.path());
    let used = copy(&sqlite(first.path()), &database.url());
    assert_eq!(used.status.code(), Some(1));
    assert!(stderr(&used).contains("Stop the server"), "{}", stderr(&used));
    drop(server);

    let node = Server::start_with(&["--data", text(second.path()), "--database-url", &database.url()]);
    let empty = tempfile::tempdir().unwrap();
    let used = copy(&database.url(), &sqlite(empty.path()));
    assert_eq!(used.status.code(), Some(1));
    assert!(stderr(&used).contains("servers use it"), "{}", stderr(&used));
    assert!(node.stop("TERM").success());
    // It gave its lease back: nobody has to wait for its end.
    let free = copy(&database.url(), &sqlite(empty.path()));
    assert!(free.status.success(), "{}{}", stdout(&free), stderr(&free));
    let nothing = copy(&sqlite(&empty.path().join("nowhere")), &database.url());
    assert!(stderr(&nothing).contains("there is no data"), "{}", stderr(&nothing));
}

#[test]
fn a_source_that_was_written_to_between_two_runs_is_found_out() {
    let original = tempfile::tempdir().unwrap();
    let server = Server::start(original.path());
    History::make(&server);
    assert!(server.stop("TERM").success());
    let database = database();
    let (from, to) = (sqlite(original.path()), database.url());
    assert!(copy(&from, &to).status.success());
    // As if the copy had been stopped before its verification, and an account had changed then.
    wait(async {
        let client = connect(&to).await;
        let source = std::fs::canonicalize(original.path()).unwrap();
        // Behind the last table, however many there are.
        let note = serde_json::json!({"source": sqlite(&source), "table": 1_000, "cursor": null, "rows": 0})
            .to_string();
        client.execute("INSERT INTO setting VALUES ('copy', $1)", &[&note.as_bytes()]).await.unwrap();
        client
            .batch_execute("UPDATE account SET email = 'x' || email WHERE id = (SELECT min(id) FROM account)")
            .await
            .unwrap();
    });
    let compared = copy(&from, &to);
    assert_eq!(compared.status.code(), Some(1));
    assert!(stdout(&compared).contains("DIFFERENT"), "{}", stdout(&compared));
    assert_eq!(
        ask(&database, "SELECT count(*) FROM setting WHERE name = 'copy'"),
        ["1"],
        "it stays unfinished"
    );
}
