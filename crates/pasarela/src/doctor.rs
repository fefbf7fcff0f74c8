//! `pasarela doctor`: the proof of the ledger and the check of the records.

use crate::arguments::DoctorArguments;
use crate::failure::Failure;
use crate::{runtime, service};
use pasarela_engine::copying::Place;
use pasarela_engine::mail::MailSettings;
use pasarela_engine::upkeep::{self, Examination, Source, UpkeepError};
use std::fmt::Write;
use std::process::ExitCode;

/// More lines than this help nobody; the count is printed in any case.
const MOST_FAULTS_SHOWN: usize = 50;

/// Examines and reports. Ends with 1 when something is wrong.
pub fn run(arguments: &DoctorArguments) -> Result<ExitCode, Failure> {
    let source = match &arguments.file {
        Some(file) => Source::Backup(file.clone()),
        None => Source::Store(arguments.store.place()?),
    };
    let name = match &source {
        Source::Backup(file) => file.display().to_string(),
        Source::Store(Place::Directory(directory)) => directory.display().to_string(),
        Source::Store(database) => database.to_string(),
    };
    let examination = runtime::block_on(upkeep::examine(&source))?.map_err(|error| failure(&error, &name))?;
    print!("{}", report(&examination, &name));
    let takes_mail = mail(arguments)?;
    Ok(if examination.is_sound() && takes_mail { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says whether the mail server takes mail, where one is named.
fn mail(arguments: &DoctorArguments) -> Result<bool, Failure> {
    let Some(MailSettings { server, from }) = arguments.mail.settings()? else { return Ok(true) };
    let roots = service::trusted_roots(arguments.trusted_roots.as_deref())?;
    match runtime::block_on(server.check(&from, &roots))? {
        Ok(()) => {
            println!("\nThe mail server {server} takes mail of {from}.");
            Ok(true)
        }
        Err(error) => {
            println!(
                "\nThe mail server {server} takes no mail of {from}: {error}\nMessages wait in the outbox until it does."
            );
            Ok(false)
        }
    }
}

fn failure(error: &UpkeepError, name: &str) -> Failure {
    let next = match error {
        UpkeepError::InUse => format!(
            "A server holds its data alone. Examine a copy instead:\n  \
             pasarela backup copy.db --data {name} && pasarela doctor --file copy.db\nor stop the server first."
        ),
        UpkeepError::NothingThere => {
            "Name the data with --data DIR; `pasarela dev` makes some in ./.pasarela.".to_owned()
        }
        UpkeepError::Failed(_) => {
            "Look at the disk and at the file's permissions, or examine a backup.".to_owned()
        }
    };
    Failure::new(format!("{name} can't be examined: {error}"), next)
}

fn report(examination: &Examination, name: &str) -> String {
    let Examination { ledger, records } = examination;
    let mut text = format!("Examined {name}\n\nRecords\n");
    for (table, count) in &records.records {
        // Writing to a string doesn't fail.
        let _ = writeln!(text, "  {:<20} {count:>12}", table.replace('_', " "));
    }
    let _ = writeln!(text, "\nLedger\n  {:<20} {:>12}", "postings", ledger.postings);
    let _ = writeln!(text, "  {:<20} {:>12}", "balances", ledger.balances);
    text.push('\n');
    text.push_str(&verdict(
        &ledger.faults,
        "The books balance: every posting does, every balance is the sum of its postings, and the sum over all \
         accounts is zero.",
        "The books do not balance",
    ));
    text.push_str(&verdict(
        &records.faults,
        "Every record is readable and refers to what exists.",
        "Records are damaged",
    ));
    if !examination.is_sound() {
        text.push_str(
            "\nStop the server, keep a copy of the data as it is, and go back to the last backup that the doctor \
             finds sound.\n",
        );
    }
    text
}

fn verdict(faults: &[String], sound: &str, unsound: &str) -> String {
    if faults.is_empty() {
        return format!("{sound}\n");
    }
    let mut text = format!("{unsound} ({} faults):\n", faults.len());
    for fault in faults.iter().take(MOST_FAULTS_SHOWN) {
        let _ = writeln!(text, "  - {fault}");
    }
    if faults.len() > MOST_FAULTS_SHOWN {
        let _ = writeln!(text, "  … and {} more", faults.len() - MOST_FAULTS_SHOWN);
    }
    text
}
