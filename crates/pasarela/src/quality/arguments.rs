//! What `pasarela quality` takes.

use crate::arguments::ServerArguments;
use crate::browser::BrowserArguments;
use clap::{Args, Subcommand, ValueEnum};

/// `pasarela quality`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  pasarela quality check --threshold 80
  pasarela quality measure --payment 61453204963328
  pasarela quality history

The access token says whose integration, and whether by test or by live payments.")]
pub enum QualityVerb {
    /// Measure what a test suite just did, and end with 1 when it is not good enough: for CI
    Check(CheckArguments),
    /// Measure the integration by one of its payments
    Measure(MeasureArguments),
    /// List the measurements that were made, newest first
    History(HistoryArguments),
    /// Look at one page of a shop, without a server
    Page(PageArguments),
    /// List the rules
    Rules(RulesArguments),
}

/// How a check is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// The measurements, as the API answers them
    Json,
    /// For servers that show test results
    Junit,
    /// For servers that show findings beside the code
    Sarif,
}

/// `pasarela quality check`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela quality check --threshold 80
  pasarela quality check --strict --format junit > quality.xml

Start a server (pasarela dev --ephemeral), run the shop's own tests against it, then run this.

It measures by the newest approved payment of each product that was used: Checkout Pro for payments of preferences,
Checkout API for others. It ends with 0 when every score reaches the threshold, and with 1 otherwise.")]
pub struct CheckArguments {
    /// The score that is wanted, 0 to 100
    #[arg(long, value_name = "SCORE", default_value_t = pasarela_domain::quality::MINIMUM_SCORE, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub threshold: u32,
    /// Also end with 1 when a mandatory rule is not met, whatever the score
    #[arg(long)]
    pub strict: bool,
    /// checkout_pro, checkout_api or checkout_bricks; without it, what the payments tell
    #[arg(long, value_name = "PRODUCT")]
    pub product: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Language of the texts: en, es or pt
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    pub language: String,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela quality measure`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela quality measure --payment 61453204963328
  pasarela quality measure --payment 61453204963328 --product checkout_bricks --json")]
pub struct MeasureArguments {
    /// The payment; without it, the newest one
    #[arg(long, value_name = "ID")]
    pub payment: Option<i64>,
    /// checkout_pro, checkout_api or checkout_bricks; without it, the payment tells
    #[arg(long, value_name = "PRODUCT")]
    pub product: Option<String>,
    /// Language of the texts: en, es or pt
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    pub language: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela quality history`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  pasarela quality history\n  pasarela quality history --json")]
pub struct HistoryArguments {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela quality rules`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela quality rules --product checkout_api
  pasarela quality rules --language pt

It needs no server: the rules are part of the program.")]
pub struct RulesArguments {
    /// checkout_pro, checkout_api, checkout_bricks or all: what the way to live payments asks for
    #[arg(long, value_name = "PRODUCT")]
    pub product: Option<String>,
    /// Language of the texts: en, es or pt
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    pub language: String,
}

/// `pasarela quality page`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela quality page https://shop.example/checkout
  pasarela quality page http://localhost:3000/pay --site MLA --format sarif

It ends with 1 when a mandatory rule is not met. The page is opened in Chromium, or one of its kind, where there is one on the
path; else it is read as it is served, and what a script adds later is not seen.")]
pub struct PageArguments {
    /// The page
    #[arg(value_name = "URL")]
    pub url: String,
    /// Whose country's rules: MLA, MLB, …
    #[arg(long, value_name = "SITE", default_value = "MLB")]
    pub site: String,
    /// The platform whose library is the official one, besides the published addresses
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", env = "PASARELA_SERVER")]
    pub platform: String,
    /// Certificates (PEM) to trust besides the system's: those of a test authority
    #[arg(long, value_name = "FILE", env = "PASARELA_CA")]
    pub ca: Option<std::path::PathBuf>,
    /// What opens the page.
    #[command(flatten)]
    pub browser: BrowserArguments,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Language of the texts: en, es or pt
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    pub language: String,
}
