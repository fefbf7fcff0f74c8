//! What `--help` and mistakes in typing answer.

mod support;

use support::{run, stderr, stdout};

#[test]
fn the_help_names_every_verb_and_shows_examples() {
    let help = stdout(&run(&["--help"]));
    for verb in [
        "dev",
        "serve",
        "accounts",
        "catalog",
        "migrate",
        "copy",
        "credentials",
        "sandbox",
        "clock",
        "branding",
        "webhooks",
        "quality",
        "going-live",
        "listen",
        "trigger",
        "doctor",
        "backup",
        "vault",
        "privacy",
    ] {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb} in:\n{help}");
    }
    assert!(help.contains("pasarela dev --ephemeral"));
}

#[test]
fn every_verb_has_help_with_an_example() {
    for verb in [
        &["dev"][..],
        &["serve"],
        &["accounts", "create"],
        &["accounts", "list"],
        &["accounts", "password"],
        &["accounts", "reset-second-factor"],
        &["catalog", "check"],
        &["catalog", "diff"],
        &["catalog", "apply"],
        &["catalog", "history"],
        &["catalog", "rollback"],
        &["catalog", "export"],
        &["catalog", "show"],
        &["migrate"],
        &["copy"],
        &["credentials"],
        &["credentials", "list"],
        &["credentials", "renew"],
        &["credentials", "shares"],
        &["credentials", "share"],
        &["credentials", "unshare"],
        &["credentials", "activate"],
        &["sandbox"],
        &["clock"],
        &["webhooks"],
        &["webhooks", "list"],
        &["webhooks", "set"],
        &["webhooks", "rotate-secret"],
        &["webhooks", "history"],
        &["webhooks", "show"],
        &["webhooks", "resend"],
        &["webhooks", "resume"],
        &["webhooks", "simulate"],
        &["quality"],
        &["quality", "check"],
        &["quality", "measure"],
        &["quality", "history"],
        &["quality", "rules"],
        &["quality", "page"],
        &["going-live"],
        &["going-live", "show"],
        &["going-live", "set"],
        &["listen"],
        &["trigger"],
        &["doctor"],
        &["backup"],
        &["vault", "rotate"],
        &["privacy", "export"],
        &["privacy", "erase"],
    ] {
        let mut arguments = verb.to_vec();
        arguments.push("--help");
        let output = run(&arguments);
        assert!(output.status.success());
        let help = stdout(&output);
        assert!(help.contains(&format!("Examples:\n  pasarela {}", verb.join(" "))), "{help}");
    }
}

#[test]
fn the_version_is_the_packages() {
    assert_eq!(stdout(&run(&["--version"])), concat!("pasarela ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_span_of_time_that_is_none_is_explained() {
    for span in ["soon", "0d", "P1M"] {
        let output = run(&["clock", "advance", span]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("7d"), "{}", stderr(&output));
    }
}

#[test]
fn a_clock_without_an_offset_is_explained() {
    let output = run(&["dev", "--clock", "2026-12-24T23:59:00"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("with an offset"), "{}", stderr(&output));
}

#[test]
fn ephemeral_and_a_data_directory_exclude_each_other() {
    let output = run(&["dev", "--ephemeral", "--data", "somewhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--data"), "{}", stderr(&output));
}
