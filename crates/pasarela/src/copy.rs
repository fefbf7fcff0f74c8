//! `pasarela copy`: from one store to another.

use crate::arguments::CopyArguments;
use crate::failure::Failure;
use crate::runtime;
use indicatif::{ProgressBar, ProgressStyle};
use pasarela_engine::copying::{self, CopyProgress, CopyVerdict, Place, Stage};
use pasarela_engine::upkeep::UpkeepError;
use std::fmt::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often a line is printed where nobody looks at a bar.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Copies, verifies and says what was found. Ends with 1 when the target is not what the source is.
pub fn run(arguments: &CopyArguments) -> Result<ExitCode, Failure> {
    let (from, to) = (place(&arguments.from, "--from")?, place(&arguments.to, "--to")?);
    eprintln!("Copying {from} to {to}. Stop it whenever you like: the same command goes on from there.");
    let mut display = Display::new();
    let copied = runtime::block_on(copying::copy(&from, &to, |progress| display.show(progress)))?;
    display.bar.finish_and_clear();
    let verdict = copied.map_err(|error| {
        let next = match &error {
            UpkeepError::InUse => "Stop the server that uses it: nobody may write to either store meanwhile.",
            UpkeepError::NothingThere => "Name the data with --from sqlite:DIR or --from postgres://….",
            UpkeepError::Failed(_) => {
                "What was copied stays in the target. Put right what is named and run the same command again."
            }
        };
        Failure::new(format!("{from} can't be copied to {to}: {error}"), next)
    })?;
    print!("{}", report(&verdict, &to));
    Ok(if verdict.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn place(text: &str, option: &str) -> Result<Place, Failure> {
    // The text is not repeated: it may hold a password.
    Place::parse(text).map_err(|expected| {
        Failure::new(
            format!("{option} names no store"),
            format!("{}.", expected.replacen("write", "Write", 1)),
        )
    })
}

/// A bar on a terminal, lines elsewhere.
struct Display {
    bar: ProgressBar,
    last_line: Option<(&'static str, Instant)>,
}

impl Display {
    fn new() -> Display {
        // A constant template: a test runs it.
        let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {per_sec}  {eta} left")
            .expect("a valid template");
        Display { bar: ProgressBar::new(0).with_style(style), last_line: None }
    }

    fn show(&mut self, progress: CopyProgress) {
        let (doing, table) = match progress.stage {
            Stage::Copying(table) => ("copying", table),
            Stage::Comparing(table) => ("comparing", table),
            Stage::Proving => ("proving", "the ledger and the records"),
        };
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
        self.bar.set_message(format!("{doing} {table}"));
        if !self.bar.is_hidden() {
            return;
        }
        let is_due = self.last_line.is_none_or(|(last, at)| last != doing || at.elapsed() >= LINE_INTERVAL);
        if is_due {
            eprintln!("{doing} {table}: {} of {}", progress.done, progress.total);
            self.last_line = Some((doing, Instant::now()));
        }
    }
}

fn report(verdict: &CopyVerdict, to: &Place) -> String {
    let mut text = format!("{:<20} {:>12} {:>12}\n", "", "source", "target");
    // Writing to a string doesn't fail.
    for table in &verdict.tables {
        let difference = if table.is_same { "" } else { "  DIFFERENT" };
        let _ = writeln!(text, "{:<20} {:>12} {:>12}{difference}", table.table, table.source, table.target);
    }
    if !verdict.balances.is_empty() {
        let _ = writeln!(text, "\nLedger, in minor units\n{:<34} {:>20} {:>20}", "", "source", "target");
    }
    for balance in &verdict.balances {
        let name = format!("{} {} {:?}", balance.mode.name(), balance.currency, balance.kind);
        let difference = if balance.source == balance.target { "" } else { "  DIFFERENT" };
        let _ = writeln!(text, "{name:<34} {:>20} {:>20}{difference}", balance.source, balance.target);
    }
    text.push('\n');
    let faults = verdict.examination.ledger.faults.iter().chain(&verdict.examination.records.faults);
    for fault in faults {
        let _ = writeln!(text, "  - {fault}");
    }
    if verdict.is_good() {
        let _ = write!(
            text,
            "Every row is in {to}, byte for byte; its books balance, and its records are whole.\n\
             The vault's keys are not in it: take a copy of the vault's directory along and name it with --vault DIR.\n"
        );
    } else {
        let _ = write!(
            text,
            "{to} is not what the source is. Don't use it: it stays marked as unfinished, and no server opens it.\n\
             Was the source written to between two runs? Empty the target, and copy again.\n"
        );
    }
    text
}
