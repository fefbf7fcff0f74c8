//! `pasarela serve`.

use crate::support::{Call, Server, pasarela, run, stderr, text};
use crate::world::{command, database, succeeded};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

#[test]
fn it_must_be_told_where_the_records_are_and_what_clients_see() {
    let nothing = run(&["serve", "--public-url", "https://pay.example.com"]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(stderr(&nothing).contains("--data"), "{}", stderr(&nothing));
    let unseen = run(&["serve", "--data", "somewhere"]);
    assert!(stderr(&unseen).contains("--public-url"), "{}", stderr(&unseen));
    let odd = run(&["serve", "--data", "somewhere", "--public-url", "pay.example.com"]);
    assert!(stderr(&odd).contains("https://pay.example.com"), "{}", stderr(&odd));
}

#[test]
fn plain_http_beyond_the_machine_must_be_meant() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let url = ["--public-url", "https://pay.example.com"];
    let refused = run(&[&["serve", "--data", text(&data), "--listen", "0.0.0.0:0"], &url[..]].concat());
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("--behind-proxy"), "{}", stderr(&refused));
    assert!(!data.exists(), "nothing was made");
    let meant = Server::serve(&["--data", text(&data), "--listen", "0.0.0.0:0", "--behind-proxy"], &[]);
    assert!(meant.stop("TERM").success());
}

#[test]
fn it_says_when_it_is_ready_and_ends_when_it_is_asked_to() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::serve(&["--data", text(directory.path())], &[]);
    assert_eq!(server.ready["public_url"], "https://pay.example.com");
    for path in ["/health", "/health/ready"] {
        assert_eq!(Call::get(path, "").status(&server.address), 200, "{path}");
    }
    assert!(server.stop("TERM").success());
}

#[test]
fn a_hangup_ends_nothing_and_a_certificate_that_is_none_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::serve(&["--data", text(directory.path())], &[]);
    server.signal("HUP");
    assert_eq!(Call::get("/health", "").status(&server.address), 200);
    assert!(server.stop("TERM").success());

    let file = directory.path().join("chain.pem");
    std::fs::write(&file, "no certificate").unwrap();
    let arguments = ["serve", "--data", text(directory.path()), "--public-url", "https://pay.example.com"];
    let refused =
        run(&[&arguments[..], &["--tls-certificate", text(&file), "--tls-key", text(&file)]].concat());
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("chain.pem"), "{}", stderr(&refused));
    let half = run(&[&arguments[..], &["--tls-certificate", text(&file)]].concat());
    assert_eq!(half.status.code(), Some(2));
    let roots = run(&[&arguments[..], &["--trusted-roots", text(&file)]].concat());
    assert_eq!(roots.status.code(), Some(1));
    assert!(stderr(&roots).contains("it holds no certificate"), "{}", stderr(&roots));
}

#[test]
fn every_option_is_a_variable_too() {
    let directory = tempfile::tempdir().unwrap();
    let variables = [
        ("PASARELA_DATA", text(directory.path())),
        ("PASARELA_LOG", "warn"),
        ("PASARELA_LOG_FORMAT", "json"),
    ];
    let server = Server::serve(&[], &variables);
    assert!(server.stop("INT").success());
    assert!(directory.path().join("pasarela.db").is_file());
}

#[test]
fn the_vaults_key_comes_from_a_variable_or_a_file_and_another_one_opens_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let data = ["--data", text(directory.path())];
    let server = Server::serve(&data, &[("PASARELA_VAULT_KEY", KEY)]);
    assert!(server.stop("TERM").success());
    assert!(!directory.path().join("vault/kek").exists(), "the key is not beside what it opens");

    let file = directory.path().join("key");
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    let mut create = command(&["accounts", "create", "--site", "MLA", "--email", "ana@example.com"]);
    create.args(data).args(["--vault-key-file", text(&file)]);
    succeeded(create);

    let serve = ["serve", "--listen", "127.0.0.1:0", "--public-url", "https://pay.example.com"];
    let start = |variables: &[(&str, &str)], more: &[&str]| {
        let mut command = pasarela();
        command.args(serve).args(data).args(more).envs(variables.iter().copied());
        command.output().unwrap()
    };
    let other = start(&[("PASARELA_VAULT_KEY", &KEY.replace("00", "01"))], &[]);
    assert_eq!(other.status.code(), Some(1));
    assert!(stderr(&other).contains("PASARELA_VAULT_KEY"), "{}", stderr(&other));
    let none = start(&[], &[]);
    assert_eq!(none.status.code(), Some(1), "a lost key is not made anew");
    let short = start(&[("PASARELA_VAULT_KEY", "abc")], &[]);
    assert!(stderr(&short).contains("holds no key"), "{}", stderr(&short));
    let both = start(&[("PASARELA_VAULT_KEY", KEY)], &["--vault-key-file", text(&file)]);
    assert!(stderr(&both).contains("Take one of them away"), "{}", stderr(&both));
    for output in [&other, &short, &both] {
        assert!(!stderr(output).contains(&KEY[..16]), "the key is shown");
    }
}

#[test]
fn a_second_node_with_keys_of_its_own_is_refused_even_on_an_empty_database() {
    let database = database();
    let (vault, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = database.url();
    let first = Server::serve(&["--database-url", &url, "--vault", text(vault.path())], &[]);
    assert_eq!(Call::get("/health/ready", "").status(&first.address), 200);
    let second = run(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--public-url",
        "https://pay.example.com",
        "--database-url",
        &url,
        "--vault",
        text(other.path()),
    ]);
    assert_eq!(second.status.code(), Some(1));
    assert!(stderr(&second).contains("not those of this data"), "{}", stderr(&second));
    assert!(first.stop("TERM").success());
}

#[test]
fn secrets_in_variables_are_not_in_the_help() {
    for verb in
        [&["serve"][..], &["accounts", "create"], &["migrate"], &["doctor"], &["copy"], &["vault", "rotate"]]
    {
        let mut command = pasarela();
        command.args(verb).arg("--help");
        command.env("PASARELA_DATABASE_URL", "postgres://ana:s3cret@db/p").env("PASARELA_VAULT_KEY", KEY);
        command.env("PASARELA_COPY_FROM", "postgres://ana:s3cret@db/p");
        let help = succeeded(command);
        assert!(!help.contains("s3cret") && !help.contains(KEY), "{help}");
    }
}
