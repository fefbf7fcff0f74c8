//! `pasarela migrate`: the schema of a PostgreSQL database.

use crate::arguments::MigrateArguments;
use crate::failure::Failure;
use crate::{place, runtime};
use pasarela_engine::migration::{self, Migration};
use pasarela_engine::upkeep::UpkeepError;
use std::io::Write;
use std::process::ExitCode;

/// Migrates, or prints what would be run.
pub fn run(arguments: &MigrateArguments) -> Result<ExitCode, Failure> {
    if arguments.print {
        // A closed pipe is the reader's wish, not a failure.
        let _ = std::io::stdout().write_all(migration::statements(arguments.distribute).as_bytes());
        return Ok(ExitCode::SUCCESS);
    }
    let database = place::database(arguments.database_url.as_deref().unwrap_or_default())?;
    let Migration { from, to } =
        runtime::block_on(migration::migrate(&database))?.map_err(|error| failure(&error))?;
    match from {
        from if from == to => println!("{database} has schema {to} already."),
        0 => println!("{database} was empty; it has schema {to} now."),
        from => println!("{database} had schema {from}; it has {to} now."),
    }
    if arguments.distribute {
        let done = runtime::block_on(migration::distribute(&database))?.map_err(|error| failure(&error))?;
        for statement in &done {
            println!("{statement};");
        }
        match done.len() {
            0 => println!("All tables were distributed already."),
            count => println!("{count} tables were distributed."),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn failure(error: &UpkeepError) -> Failure {
    Failure::new(
        error.to_string(),
        "What was done stays. Put right what is named and run it again: it goes on from there.",
    )
}
