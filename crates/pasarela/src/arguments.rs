//! What can be typed, and the help for it.

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};
use pasarela_domain::timestamp::Timestamp;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A payments platform that speaks the Mercado Pago API: on a laptop, in CI and in production.
///
/// Start with `pasarela dev`: it prints an address, credentials, and a command that takes a payment.
#[derive(Debug, Parser)]
#[command(
    name = "pasarela",
    version,
    propagate_version = true,
    after_help = "\
Examples:
  pasarela dev                          a server on 127.0.0.1:8080, with its data in ./.pasarela
  pasarela dev --ephemeral --listen 127.0.0.1:0
                                        a server on a free port that keeps nothing, for CI
  pasarela credentials                  the keys and tokens that `dev` accepts
  pasarela sandbox pay 1234567890       the buyer pays a Pix or a ticket
  pasarela clock advance 7d             a week passes: what is due expires or is released
  pasarela doctor                       prove that the books balance

Pasarela is independent of Mercado Pago and uses its names to say what it is compatible with."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start a server for development, with well-known accounts and credentials
    ///
    /// It is the same code that runs in production, with a simulator in the place of banks and acquirers. One
    /// seller and one buyer exist on each site (MLB, MLA, MLM, MLC, MCO, MPE, MLU), with credentials that are the
    /// same in every run and version: see `pasarela credentials`. Stop it with Ctrl-C.
    Dev(DevArguments),
    /// Print the well-known development credentials; needs no server
    Credentials(CredentialsArguments),
    /// Be the buyer, the bank or the clerk: pay, expire, approve, reject or dispute a payment
    ///
    /// What they do later to a test payment is done with these verbs, through the same functions that a real bank's
    /// answer would take, notifications included.
    #[command(subcommand)]
    Sandbox(SandboxVerb),
    /// Look at a test account's clock, or move it forward
    #[command(subcommand)]
    Clock(ClockVerb),
    /// Prove the ledger and check the records
    ///
    /// Every posting must balance, every balance must equal the sum of its postings, and the sum over all accounts
    /// must be zero; every record must be readable and refer to what exists. Ends with 0 when all is well and with
    /// 1 when something is wrong.
    ///
    /// A server holds its data alone. While one runs, take a backup and examine that.
    Doctor(DoctorArguments),
    /// Write a consistent copy of the data to one file, also while a server runs
    ///
    /// The copy holds everything that was acknowledged before it began. The keys that seal card data are not in it:
    /// keep a copy of DIR's key file apart from the backups, or the sealed parts can't be opened.
    Backup(BackupArguments),
    /// Look after the keys that seal card data
    #[command(subcommand)]
    Vault(VaultVerb),
}

/// `pasarela dev`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela dev
  pasarela dev --ephemeral --listen 127.0.0.1:0 --json
        CI: a free port, nothing kept, one line of JSON with the address when it is ready
  pasarela dev --clock 2026-12-24T23:59:00-03:00
        test accounts live through Christmas Eve
  pasarela dev --https
        answers for api.mercadopago.com itself, so that a program needs no change at all
  pasarela dev --https --proxy 127.0.0.1:8888
        the same through HTTPS_PROXY, without touching the hosts file")]
pub struct DevArguments {
    /// Where to listen for plain HTTP; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", env = "PASARELA_LISTEN")]
    pub listen: SocketAddr,
    /// Where everything is kept
    #[arg(long, value_name = "DIR", default_value = "./.pasarela", env = "PASARELA_DATA")]
    pub data: PathBuf,
    /// Keep nothing after the server stops; not together with --data
    #[arg(long, env = "PASARELA_EPHEMERAL", value_parser = FalseyValueParser::new(), conflicts_with = "data")]
    pub ephemeral: bool,
    /// The time that the test accounts' clocks show at first; without it, the real time
    #[arg(long, value_name = "RFC3339", env = "PASARELA_CLOCK", value_parser = instant)]
    pub clock: Option<Timestamp>,
    /// Also listen for HTTPS, in the place of the hosts that SDKs, pages and plugins have built in
    #[arg(long, env = "PASARELA_HTTPS", value_parser = FalseyValueParser::new())]
    pub https: bool,
    /// Where to listen for HTTPS; without it, 127.0.0.1:443 where that is allowed and free, else 127.0.0.1:8443
    #[arg(long, value_name = "ADDR", env = "PASARELA_HTTPS_LISTEN", requires = "https")]
    pub https_listen: Option<SocketAddr>,
    /// Also be an HTTPS forward proxy here, for those hosts alone
    #[arg(long, value_name = "ADDR", env = "PASARELA_PROXY")]
    pub proxy: Option<SocketAddr>,
    /// How many connections may be open at once; without it, 10,000 or what the system's limit of open files allows
    ///
    /// Who comes when there is no room is answered 503 with Retry-After.
    #[arg(long, value_name = "NUMBER", env = "PASARELA_MAX_CONNECTIONS", value_parser = connections)]
    pub max_connections: Option<usize>,
    /// What to log to standard error: a level, or a list such as `warn,pasarela_server=debug`
    #[arg(long, value_name = "FILTER", default_value = "warn", env = "PASARELA_LOG")]
    pub log: String,
    /// When ready, print one line of JSON with the addresses instead of text for people
    #[arg(long)]
    pub json: bool,
}

/// `pasarela credentials`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela credentials
  pasarela credentials --json | jq -r '.[0].access_token'

They are public and never change. Outside `pasarela dev` they are refused.")]
pub struct CredentialsArguments {
    /// Print a JSON array: MLB first, test before live
    #[arg(long)]
    pub json: bool,
}

/// `pasarela doctor`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela doctor
  pasarela doctor --data /var/lib/pasarela
  pasarela backup today.db && pasarela doctor --file today.db")]
pub struct DoctorArguments {
    /// The data to examine
    #[arg(long, value_name = "DIR", default_value = "./.pasarela", env = "PASARELA_DATA")]
    pub data: PathBuf,
    /// Examine this backup instead
    #[arg(long, value_name = "BACKUP", conflicts_with = "data")]
    pub file: Option<PathBuf>,
}

/// `pasarela backup`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela backup today.db
  pasarela backup /backups/pasarela.db --data /var/lib/pasarela")]
pub struct BackupArguments {
    /// The file to write; it must not exist yet
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The data to copy
    #[arg(long, value_name = "DIR", default_value = "./.pasarela", env = "PASARELA_DATA")]
    pub data: PathBuf,
}

/// `pasarela vault`
#[derive(Debug, Subcommand)]
pub enum VaultVerb {
    /// Seal from now on with a new key, and what is sealed already under it too
    #[command(after_help = "\
Examples:
  pasarela vault rotate
  pasarela vault rotate --data /var/lib/pasarela")]
    Rotate(VaultArguments),
}

/// What every verb of `pasarela vault` takes.
#[derive(Debug, Args)]
pub struct VaultArguments {
    /// The data whose keys are meant
    #[arg(long, value_name = "DIR", default_value = "./.pasarela", env = "PASARELA_DATA")]
    pub data: PathBuf,
}

/// `pasarela sandbox`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  pasarela sandbox pay 1234567890
  pasarela sandbox reject 1234567890 --status-detail cc_rejected_insufficient_amount
  pasarela sandbox charge-back 1234567890 --server http://127.0.0.1:9000")]
pub enum SandboxVerb {
    /// The buyer pays a Pix, a ticket or a transfer
    Pay(SandboxArguments),
    /// A Pix, a ticket or a reserve expires now
    Expire(SandboxArguments),
    /// What is pending or in review is approved
    Approve(SandboxArguments),
    /// What is pending or in review is rejected
    Reject(RejectArguments),
    /// The holder disputes an approved card payment at the bank
    #[command(visible_alias = "chargeback")]
    ChargeBack(SandboxArguments),
    /// The bank decides the dispute for the seller
    WinChargeback(SandboxArguments),
    /// The bank decides the dispute for the holder
    LoseChargeback(SandboxArguments),
    /// The holder passes the 3-D Secure challenge
    ConfirmChallenge(SandboxArguments),
    /// The holder fails the 3-D Secure challenge
    FailChallenge(SandboxArguments),
}

/// `pasarela sandbox reject`
#[derive(Debug, Args)]
pub struct RejectArguments {
    /// Which payment.
    #[command(flatten)]
    pub payment: SandboxArguments,
    /// Why, such as cc_rejected_insufficient_amount
    #[arg(long, value_name = "DETAIL")]
    pub status_detail: Option<String>,
}

/// What every verb of `pasarela sandbox` takes.
#[derive(Debug, Args)]
pub struct SandboxArguments {
    /// The payment's id
    #[arg(value_name = "PAYMENT_ID", value_parser = clap::value_parser!(i64).range(1..))]
    pub payment_id: i64,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela clock`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  pasarela clock show
  pasarela clock advance 7d
  pasarela clock advance P1DT12H")]
pub enum ClockVerb {
    /// Print the time of the test account
    Show(ServerArguments),
    /// Move the test account's time forward and run what falls due, in order
    Advance(AdvanceArguments),
}

/// `pasarela clock advance`
#[derive(Debug, Args)]
#[command(after_help = "\
A span of time is a number with a unit (30s, 15m, 36h, 7d, 2w; 1d12h is fine too) or ISO 8601 (PT36H, P7D).")]
pub struct AdvanceArguments {
    /// How far: 36h, 7d, 2w, P7D, …
    #[arg(value_name = "SPAN", value_parser = crate::clock::span)]
    pub span: jiff::Span,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// Where a running server is, and as whom to speak to it.
#[derive(Debug, Args)]
pub struct ServerArguments {
    /// The running server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", env = "PASARELA_SERVER")]
    pub server: String,
    /// A test access token; without it, that of the Brazilian development seller
    #[arg(long, value_name = "TOKEN", env = "PASARELA_ACCESS_TOKEN", hide_env_values = true)]
    pub access_token: Option<String>,
}

fn connections(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=1_000_000).contains(number));
    number.ok_or_else(|| "a number of at least 1 is needed, such as 2000".to_owned())
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| {
        "a date and time with an offset is needed, such as 2026-12-24T23:59:00-03:00".to_owned()
    })
}
