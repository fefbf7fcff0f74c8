//! `pasarela branding`: what an application's buyers see of it.

use crate::arguments::ServerArguments;
use crate::client::Client;
use crate::failure::Failure;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// `pasarela branding`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  pasarela branding set --name \"Mates del Sur\" --color '#7a3e00' --logo logo.png
  pasarela branding show

The access token says whose pages, and whether those of test or of live payments.")]
pub enum BrandingVerb {
    /// Show the name, the color and the logo's address
    Show(ShowArguments),
    /// Change what is named; the rest stays
    Set(SetArguments),
}

/// `pasarela branding show`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  pasarela branding show\n  pasarela branding show --json")]
pub struct ShowArguments {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela branding set`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela branding set --color '#7a3e00'
  pasarela branding set --logo logo.png
  pasarela branding set --no-name --no-color --no-logo")]
pub struct SetArguments {
    /// In the place of the account's name; 60 characters at most
    #[arg(long)]
    pub name: Option<String>,
    /// Take the name away
    #[arg(long, conflicts_with = "name")]
    pub no_name: bool,
    /// Of buttons and links, like '#7a3e00'; made darker or lighter where it could not be read
    #[arg(long)]
    pub color: Option<String>,
    /// Take the color away
    #[arg(long, conflicts_with = "color")]
    pub no_color: bool,
    /// A PNG of at most 48 KiB and 1024 by 1024 pixels
    #[arg(long, value_name = "FILE")]
    pub logo: Option<PathBuf>,
    /// Take the logo away
    #[arg(long, conflicts_with = "logo")]
    pub no_logo: bool,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// Runs the verb.
pub fn run(verb: &BrandingVerb) -> Result<ExitCode, Failure> {
    let text = match verb {
        BrandingVerb::Show(arguments) => {
            let branding = Client::new(&arguments.server)?.get("/pasarela/branding")?;
            if arguments.json { format!("{branding:#}\n") } else { described(&branding) }
        }
        BrandingVerb::Set(arguments) => {
            let change = change(arguments)?;
            described(&Client::new(&arguments.server)?.put("/pasarela/branding", &change)?)
        }
    };
    // A closed pipe is the reader's wish, not a failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

fn change(arguments: &SetArguments) -> Result<Value, Failure> {
    let logo = arguments.logo.as_ref().map(|path| {
        let bytes = std::fs::read(path).map_err(|error| {
            Failure::new(format!("{} can't be read: {error}", path.display()), "Name a PNG with --logo FILE.")
        });
        bytes.map(|bytes| BASE64_STANDARD.encode(bytes))
    });
    let logo = logo.transpose()?;
    let mut body = Map::new();
    for (name, said, none) in [
        ("name", &arguments.name, arguments.no_name),
        ("color", &arguments.color, arguments.no_color),
        ("logo", &logo, arguments.no_logo),
    ] {
        if said.is_some() || none {
            body.insert(name.to_owned(), json!(said));
        }
    }
    if body.is_empty() {
        return Err(Failure::new("nothing is to be set", "Name it with --name, --color or --logo."));
    }
    Ok(Value::Object(body))
}

fn described(branding: &Value) -> String {
    let said = |name: &str, none: &str| branding[name].as_str().unwrap_or(none).to_owned();
    format!(
        "Buyers of {} payments see:\n  name   {}\n  color  {}\n  logo   {}\n",
        if branding["live_mode"] == true { "live" } else { "test" },
        said("name", "the account's"),
        said("color", "the platform's"),
        said("logo_url", "the name's first letter"),
    )
}
