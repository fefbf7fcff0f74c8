//! `pasarela privacy`: what is known of a person, handed out or erased.

use crate::arguments::{EraseArguments, ExportArguments, PersonArguments, PrivacyVerb};
use crate::failure::Failure;
use crate::runtime;
use indicatif::{ProgressBar, ProgressStyle};
use pasarela_engine::privacy::{Erasure, Person};
use pasarela_engine::upkeep::{self, UpkeepError};
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// Open payments beyond these are counted only.
const MOST_PAYMENTS_SHOWN: usize = 20;

/// Exports or erases.
pub fn run(verb: &PrivacyVerb) -> Result<ExitCode, Failure> {
    match verb {
        PrivacyVerb::Export(arguments) => export(arguments),
        PrivacyVerb::Erase(arguments) => erase(arguments),
    }
}

fn export(arguments: &ExportArguments) -> Result<ExitCode, Failure> {
    let place = arguments.store.place()?;
    let (vault, key) = (arguments.key.directory(&place)?, arguments.key.key()?);
    let person = person(&arguments.person);
    let exported = runtime::block_on(upkeep::export_person(&place, vault, key, &person))?
        .map_err(|error| failure(&error, &place.to_string()))?;
    let count = |name: &str| exported[name].as_array().map_or(0, Vec::len);
    let text = serde_json::to_string_pretty(&exported).unwrap_or_default();
    match &arguments.output {
        Some(file) => {
            write(file, &text).map_err(|error| {
                Failure::new(
                    format!("{} can't be written: {error}", file.display()),
                    "Name a file that does not exist yet, where you may write.",
                )
            })?;
            println!(
                "{} customers and {} payments are in {}. Hand it to nobody but the person.",
                count("customers"),
                count("payments"),
                file.display()
            );
        }
        None => println!("{text}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// A new file that nobody else may read.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

fn erase(arguments: &EraseArguments) -> Result<ExitCode, Failure> {
    let place = arguments.store.place()?;
    let (vault, key) = (arguments.key.directory(&place)?, arguments.key.key()?);
    let person = person(&arguments.person);
    let bar = ProgressBar::new_spinner();
    // A constant template: a test runs it.
    bar.set_style(
        ProgressStyle::with_template("{spinner} {pos} payments looked at").expect("a valid template"),
    );
    let erasing = upkeep::erase_person(&place, vault, key, &person, !arguments.yes, |looked_at| {
        bar.set_position(looked_at);
    });
    let erased = runtime::block_on(erasing)?;
    bar.finish_and_clear();
    let erased = erased.map_err(|error| failure(&error, &place.to_string()))?;
    if arguments.json {
        let mut line = serde_json::to_value(&erased).unwrap_or_default();
        line["done"] = arguments.yes.into();
        println!("{line}");
    } else {
        print!("{}", report(&erased, arguments.yes));
    }
    Ok(ExitCode::SUCCESS)
}

fn person(arguments: &PersonArguments) -> Person {
    match (&arguments.email, &arguments.customer) {
        (Some(email), _) => Person::Email(email.clone()),
        (None, customer) => Person::Customer(customer.clone().unwrap_or_default()),
    }
}

fn failure(error: &UpkeepError, place: &str) -> Failure {
    let next = match error {
        UpkeepError::InUse => "A server holds its directory alone: stop it first; it takes a moment only.",
        UpkeepError::NothingThere => {
            "Name the data with --data DIR; `pasarela dev` makes some in ./.pasarela."
        }
        UpkeepError::Failed(_) => "What was erased stays erased. Put right what is named and ask again.",
    };
    Failure::new(format!("the person's data at {place} can't be worked on: {error}"), next)
}

fn report(erasure: &Erasure, is_done: bool) -> String {
    let Erasure { customers, cards, tokens, checkouts, payments, erased_before, open, accounts } = erasure;
    let mut text = String::from(if is_done { "Erased\n" } else { "To be erased (nothing is changed yet)\n" });
    // Writing to a string doesn't fail.
    let _ =
        writeln!(text, "  customers            {customers:>8}  with names, addresses, documents, metadata");
    let _ = writeln!(text, "  saved cards          {cards:>8}  a number goes with the last card that has it");
    let _ = writeln!(
        text,
        "  unused card tokens   {tokens:>8}  holder, device and card; they pay nothing any more"
    );
    let _ = writeln!(
        text,
        "  checkouts            {checkouts:>8}  buyers and addresses in preferences and merchant orders"
    );
    let _ = writeln!(
        text,
        "  payers of payments   {payments:>8}  names, e-mail, document, phone, addresses, IP address, holder of the card,\n\
         {:31}device, and the hashes by which a buyer's past is found",
        ""
    );
    let _ = writeln!(text, "\nKept, and why");
    let _ = writeln!(
        text,
        "  the payments         {:>8}  amounts, dates, ids, method, last four digits: tax and accounting law\n\
         {:31}(LGPD art. 16 I, II; Ley 25.326 art. 16.5)",
        payments + erased_before + open.len() as u64,
        ""
    );
    text.push_str(
        "  what the seller wrote          reference, description, metadata of payments: the seller's own; look there\n\
         \u{20} a keyed hash of the e-mail     finds later payments; without the vault's keys it tells nothing\n",
    );
    if *erased_before > 0 {
        let _ = writeln!(text, "  without payer before {erased_before:>8}");
    }
    if !open.is_empty() {
        let shown: Vec<String> = open.iter().take(MOST_PAYMENTS_SHOWN).map(i64::to_string).collect();
        let more = if open.len() > shown.len() { ", …" } else { "" };
        let _ = writeln!(
            text,
            "  payments not over    {:>8}  they keep their payer until they are: {}{more}",
            open.len(),
            shown.join(", ")
        );
    }
    if !accounts.is_empty() {
        let ids: Vec<String> = accounts.iter().map(i64::to_string).collect();
        let _ = writeln!(
            text,
            "  accounts             {:>8}  users of the platform: {}",
            accounts.len(),
            ids.join(", ")
        );
    }
    text.push_str("\nBackups keep what they have until they are thrown away.\n");
    if !is_done {
        text.push_str("Add --yes to erase.\n");
    }
    text
}
