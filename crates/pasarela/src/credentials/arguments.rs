//! What `pasarela credentials` takes.

use crate::arguments::{KeyArguments, ServerArguments, StoreArguments};
use clap::{Args, Subcommand, ValueEnum};
use pasarela_domain::identity::ApplicationId;

/// `pasarela credentials`
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  pasarela credentials
  pasarela credentials --json | jq -r '.[0].access_token'
  pasarela credentials list --access-token APP_USR-…
  pasarela credentials renew live --grace 2h --access-token APP_USR-…
  pasarela credentials share ana@agency.example --access-token APP_USR-…
  pasarela credentials activate --application 1234567890123456 --reason 'checked by hand' --data /var/lib/pasarela

Without a verb it prints the well-known ones: they are public, never change, and outside `pasarela dev` they are refused."
)]
pub struct CredentialsArguments {
    /// Print a JSON array: MLB first, test before live
    #[arg(long)]
    pub json: bool,
    /// What to do with an application's own credentials.
    #[command(subcommand)]
    pub verb: Option<CredentialsVerb>,
}

/// What is done with an application's own credentials.
#[derive(Debug, Subcommand)]
pub enum CredentialsVerb {
    /// List an application's credentials: until when they work, and when they were last used
    List(ListArguments),
    /// Make new ones; the old ones work for a time of grace, too
    Renew(RenewArguments),
    /// List who sees an application's credentials without a role in the account
    #[command(after_help = "\
Examples:
  pasarela credentials shares --access-token APP_USR-…
  pasarela credentials shares --json --application 1234567890123456 --access-token APP_USR-…

It needs the live access token.")]
    Shares(ListArguments),
    /// Show an application's credentials to somebody in the panel
    Share(ShareArguments),
    /// Show them to that person no more
    #[command(after_help = "\
Examples:
  pasarela credentials unshare ana@agency.example --access-token APP_USR-…

It needs the live access token.")]
    Unshare(ShareArguments),
    /// Let an application's live credentials work without the gate
    Activate(DecideArguments),
    /// Stop an application's live credentials
    Deactivate(DecideArguments),
}

/// `pasarela credentials list` and `shares`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela credentials list
  pasarela credentials list --application 1234567890123456 --json --access-token APP_USR-…

Secrets are not shown, but for public keys, which are none. When a credential was last used is written once a minute.")]
pub struct ListArguments {
    /// Print a JSON array
    #[arg(long)]
    pub json: bool,
    /// The application; without it, the access token's
    #[arg(long, value_name = "NUMBER")]
    pub application: Option<ApplicationId>,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// What is renewed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Renewed {
    /// The test public key and access token
    Test,
    /// The live public key and access token
    Live,
    /// The client secret
    ClientSecret,
}

/// `pasarela credentials renew`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela credentials renew test
  pasarela credentials renew live --grace 2h --access-token APP_USR-…
  pasarela credentials renew live --grace 0s --access-token APP_USR-…
        the old ones stop at once

The new ones are printed. Live ones and the client secret need the live access token.")]
pub struct RenewArguments {
    /// Which ones
    #[arg(value_enum, value_name = "WHICH")]
    pub which: Renewed,
    /// How long the old ones work, too: 0s, 2h, 1d, …, at most 30 days
    #[arg(long, value_name = "SPAN", default_value = "12h", value_parser = crate::clock::span)]
    pub grace: jiff::Span,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// The application; without it, the access token's
    #[arg(long, value_name = "NUMBER")]
    pub application: Option<ApplicationId>,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela credentials share` and `unshare`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela credentials share ana@agency.example --access-token APP_USR-…

The person logs in to the panel with an account of its own and finds them under Applications. It needs the live access token.")]
pub struct ShareArguments {
    /// The e-mail with which the person logs in
    #[arg(value_name = "EMAIL")]
    pub email: String,
    /// The application; without it, the access token's
    #[arg(long, value_name = "NUMBER")]
    pub application: Option<ApplicationId>,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela credentials activate` and `deactivate`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela credentials activate --application 1234567890123456 --reason 'checked by hand'
  pasarela credentials deactivate --application 1234567890123456 --reason 'fraud, case 81'

Data in a directory are changed by the server that holds it, if one does. The decision, the reason and the name are kept in
the account's log.")]
pub struct DecideArguments {
    /// The application
    #[arg(long, value_name = "NUMBER")]
    pub application: ApplicationId,
    /// Why, for the log
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub reason: String,
    /// Who decides; without it, the user's name
    #[arg(long, value_name = "NAME")]
    pub author: Option<String>,
    /// Where the records are.
    #[command(flatten)]
    pub store: StoreArguments,
    /// What opens the vault.
    #[command(flatten)]
    pub key: KeyArguments,
}

impl DecideArguments {
    /// Who decides.
    pub fn author(&self) -> String {
        let user = || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
        self.author.clone().or_else(user).unwrap_or_else(|| "unknown".to_owned())
    }
}
