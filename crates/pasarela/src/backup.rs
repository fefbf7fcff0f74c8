//! `pasarela backup`: a consistent copy in one file.

use crate::arguments::BackupArguments;
use crate::failure::Failure;
use crate::runtime;
use indicatif::{ProgressBar, ProgressStyle};
use pasarela_engine::copying::Place;
use pasarela_engine::upkeep::{self, UpkeepError};
use std::process::ExitCode;

/// Copies, with a progress bar where a person looks on.
pub fn run(arguments: &BackupArguments) -> Result<ExitCode, Failure> {
    let file = arguments.file.display();
    let Place::Directory(data) = arguments.store.place()? else {
        return Err(Failure::new(
            "the records are in a PostgreSQL database, which has better means of its own",
            "Use pg_dump (one moment, in one file) or pg_basebackup (with the log, any moment), and keep a copy of the \
             vault's directory apart from it.",
        ));
    };
    if arguments.file.exists() {
        return Err(Failure::new(
            format!("{file} exists already"),
            "Name a new file: a backup never overwrites anything.",
        ));
    }
    let bar = progress_bar();
    let copied = runtime::block_on(upkeep::backup(&data, &arguments.file, {
        let bar = bar.clone();
        move |progress| {
            bar.set_length(progress.total);
            bar.set_position(progress.done);
        }
    }))?;
    bar.finish_and_clear();
    copied.map_err(|error| {
        let next = match &error {
            UpkeepError::NothingThere => "Name the data with --data DIR.",
            _ => "Check that there is room for the file and that you may write there.",
        };
        Failure::new(format!("{} can't be copied to {file}: {error}", data.display()), next)
    })?;
    let size = std::fs::metadata(&arguments.file).map_or(0, |metadata| metadata.len());
    println!("Backed up to {file} ({} kB). Prove it with: pasarela doctor --file {file}", size / 1_000);
    println!(
        "The keys that open what is sealed in it are not in it: keep a copy of {} elsewhere.",
        data.join("vault").display()
    );
    Ok(ExitCode::SUCCESS)
}

/// Shown on a terminal only; indicatif hides it elsewhere.
fn progress_bar() -> ProgressBar {
    // A constant template: a test runs it.
    let style =
        ProgressStyle::with_template("{bar:40} {percent:>3} %  {eta} left").expect("a valid template");
    ProgressBar::new(0).with_style(style)
}
