//! What can be typed after `pasarela catalog`, and the help for it.

use crate::arguments::{StoreArguments, site};
use clap::{Args, Subcommand};
use pasarela_domain::site::Site;
use std::path::PathBuf;

/// `pasarela catalog`
#[derive(Debug, Subcommand)]
pub enum CatalogVerb {
    /// Look whether a file is valid; needs no server and no data
    Check(CheckArguments),
    /// Show what a file would change of what is offered now
    Diff(DiffArguments),
    /// Make a file's content the next version: all of it, or nothing
    ///
    /// The file says everything that differs from what is compiled in: what it does not say is as compiled in. Payments
    /// that were made keep the terms that they were made under. Servers may run: those on a database find the version
    /// themselves, and the one that holds a directory applies it.
    Apply(ApplyArguments),
    /// List the versions: when, by whom, why
    History(HistoryArguments),
    /// Make an older version the next one; 0 is what is compiled in
    Rollback(RollbackArguments),
    /// Print the document of a version, as it can be applied again
    Export(ExportArguments),
    /// Print all that is offered: methods, prices of instalments, fees
    Show(ShowArguments),
    /// Print the JSON Schema of the files, for editors and programs
    Schema,
}

/// `pasarela catalog check`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela catalog check catalog.toml
  pasarela catalog check catalog/
        all *.toml and *.json files of a directory, as if they were one")]
pub struct CheckArguments {
    /// A TOML or JSON file, or a directory of such files
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `pasarela catalog diff`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela catalog diff catalog.toml
  pasarela catalog diff catalog/ --database-url postgres://pasarela@db/pasarela")]
pub struct DiffArguments {
    /// A TOML or JSON file, or a directory of such files
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where the records are.
    #[command(flatten)]
    pub store: StoreArguments,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Who changes the catalogue, and why.
#[derive(Debug, Args)]
pub struct WordArguments {
    /// Who applies it; without it, the user's name
    #[arg(long, value_name = "NAME")]
    pub author: Option<String>,
    /// Why, for the history
    #[arg(long, short = 'm', value_name = "TEXT", default_value = "")]
    pub comment: String,
}

impl WordArguments {
    /// Who applies it.
    pub fn author(&self) -> String {
        let user = || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
        self.author.clone().or_else(user).unwrap_or_else(|| "unknown".to_owned())
    }
}

/// `pasarela catalog apply`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela catalog apply catalog.toml -m 'Pix costs 0.89 %'
  pasarela catalog apply catalog/ --expect 7 --database-url postgres://pasarela@db/pasarela
        only if version 7 is still the newest")]
pub struct ApplyArguments {
    /// A TOML or JSON file, or a directory of such files
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Apply it only if this version is the newest one
    #[arg(long, value_name = "VERSION")]
    pub expect: Option<i64>,
    /// For the history.
    #[command(flatten)]
    pub words: WordArguments,
    /// Where the records are.
    #[command(flatten)]
    pub store: StoreArguments,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `pasarela catalog history`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela catalog history
  pasarela catalog history --json --data /var/lib/pasarela")]
pub struct HistoryArguments {
    /// Where the records are.
    #[command(flatten)]
    pub store: StoreArguments,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `pasarela catalog rollback`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela catalog rollback 3
  pasarela catalog rollback 0 -m 'as compiled in'")]
pub struct RollbackArguments {
    /// The version whose document becomes the next one
    #[arg(value_name = "VERSION", value_parser = clap::value_parser!(i64).range(0..))]
    pub number: i64,
    /// For the history.
    #[command(flatten)]
    pub words: WordArguments,
    /// Where the records are.
    #[command(flatten)]
    pub store: StoreArguments,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `pasarela catalog export`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela catalog export > catalog.json
  pasarela catalog export 3 > catalog.json")]
pub struct ExportArguments {
    /// The version; without it, the newest
    #[arg(value_name = "VERSION", value_parser = clap::value_parser!(i64).range(0..))]
    pub number: Option<i64>,
    /// Where the records are.
    #[command(flatten)]
    pub store: StoreArguments,
}

/// `pasarela catalog show`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela catalog show --site MLB
  pasarela catalog show --json | jq .catalog.MLA.fees.visa")]
pub struct ShowArguments {
    /// One site alone
    #[arg(long, value_name = "SITE", value_parser = site)]
    pub site: Option<Site>,
    /// Where the records are.
    #[command(flatten)]
    pub store: StoreArguments,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
