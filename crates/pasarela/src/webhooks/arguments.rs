//! What `pasarela webhooks`, `listen` and `trigger` take.

use crate::arguments::ServerArguments;
use crate::trigger::Event;
use clap::{Args, Subcommand};
use pasarela_domain::timestamp::Timestamp;

/// `pasarela webhooks`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  pasarela webhooks set --url https://shop.example/webhooks --topics payment
  pasarela webhooks history --state failed
  pasarela webhooks resend --failed-since 2d

The access token says whose notifications, and whether those of test or of live payments.")]
pub enum WebhooksVerb {
    /// Show where the application is told, and which addresses fail
    List(ListWebhooksArguments),
    /// Set addresses and topics; what is not named stays
    Set(SetWebhooksArguments),
    /// Make a new secret; the one before it is used for a time of grace, too
    RotateSecret(RotateSecretArguments),
    /// List what the application was told in the last 30 days, newest first
    History(HistoryArguments),
    /// Show one notification: each request, its answer, and why it failed
    Show(ShowWebhookArguments),
    /// Send again: one, some, or all that failed since a time
    Resend(ResendArguments),
    /// Try a paused address again, and send what was held for it
    Resume(ResumeArguments),
    /// Send a notification about something that need not exist, and show the answer
    Simulate(SimulateArguments),
}

/// `pasarela webhooks list`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  pasarela webhooks list\n  pasarela webhooks list --json")]
pub struct ListWebhooksArguments {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela webhooks set`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela webhooks set --url https://shop.example/webhooks --topics payment,order
  pasarela webhooks set --ipn-url https://shop.example/ipn --ipn-topics payment,merchant_order
  pasarela webhooks set --no-url")]
pub struct SetWebhooksArguments {
    /// Where Webhooks go; a payment's own notification_url comes before it
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Take the address of Webhooks away
    #[arg(long, conflicts_with = "url")]
    pub no_url: bool,
    /// The topics of Webhooks, all of them, with commas between them
    #[arg(long, value_name = "TOPICS", value_delimiter = ',')]
    pub topics: Option<Vec<String>>,
    /// Where IPN goes
    #[arg(long, value_name = "URL")]
    pub ipn_url: Option<String>,
    /// Take the address of IPN away
    #[arg(long, conflicts_with = "ipn_url")]
    pub no_ipn_url: bool,
    /// The topics of IPN, all of them, with commas between them
    #[arg(long, value_name = "TOPICS", value_delimiter = ',')]
    pub ipn_topics: Option<Vec<String>>,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela webhooks rotate-secret`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela webhooks rotate-secret
  pasarela webhooks rotate-secret --grace 2h

Until the grace ends, a receiver that refuses what the new secret signed (400, 401, 403, 422) is sent the same signed
with the old one: change the receiver's secret whenever it suits you within that time.")]
pub struct RotateSecretArguments {
    /// How long the old secret is used, too: 2h, 1d, …, at most 30 days
    #[arg(long, value_name = "SPAN", default_value = "1d", value_parser = crate::clock::span)]
    pub grace: jiff::Span,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela webhooks history`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela webhooks history
  pasarela webhooks history --state failed --since 2d
  pasarela webhooks history --resource 1234567890")]
pub struct HistoryArguments {
    /// pending, delivered, failed or held
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
    /// Of this topic
    #[arg(long, value_name = "TOPIC")]
    pub topic: Option<String>,
    /// Of this action
    #[arg(long, value_name = "ACTION")]
    pub action: Option<String>,
    /// About this payment, order, …
    #[arg(long, value_name = "ID")]
    pub resource: Option<String>,
    /// To exactly this address
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Made since then: 2h, 3d, or a date
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<Timestamp>,
    /// Made before then
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub until: Option<Timestamp>,
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 30)]
    pub limit: usize,
    /// Print a line of JSON each
    #[arg(long)]
    pub json: bool,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela webhooks show`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  pasarela webhooks show 235012345678901")]
pub struct ShowWebhookArguments {
    /// The notification's id, as `history` shows it
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela webhooks resend`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela webhooks resend 235012345678901
  pasarela webhooks resend --failed-since 2d
  pasarela webhooks resend --since 2026-11-27T08:00:00-03:00 --until 2026-11-27T09:00:00-03:00")]
pub struct ResendArguments {
    /// These notifications
    #[arg(value_name = "ID", conflicts_with_all = ["failed_since", "since"], required_unless_present_any = ["failed_since", "since"])]
    pub ids: Vec<i64>,
    /// All that failed, wait for another try or are held, and were made since then: 2h, 3d, or a date
    #[arg(long, value_name = "TIME", value_parser = since, conflicts_with = "since")]
    pub failed_since: Option<Timestamp>,
    /// All that were made since then, whatever became of them
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<Timestamp>,
    /// Of these, what was made before then
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub until: Option<Timestamp>,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela webhooks resume`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  pasarela webhooks resume\n  pasarela webhooks resume https://shop.example/webhooks"
)]
pub struct ResumeArguments {
    /// The address; all that are paused without it
    #[arg(value_name = "URL")]
    pub url: Option<String>,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela webhooks simulate`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  pasarela webhooks simulate\n  pasarela webhooks simulate --topic order --id ORD01JQ4S4KY8HWQ6NA5PXB65B3D3"
)]
pub struct SimulateArguments {
    /// Its topic
    #[arg(long, value_name = "TOPIC", default_value = "payment")]
    pub topic: String,
    /// What it is about, which need not exist
    #[arg(long, value_name = "ID", default_value = "123456")]
    pub id: String,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela listen`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela listen --forward-to http://localhost:3000/webhooks
  pasarela listen --forward-to http://localhost:3000/webhooks --topics payment,order

Leave it running, and make something happen: `pasarela trigger payment.approved`. Stop it with Ctrl-C.")]
pub struct ListenArguments {
    /// Where the notifications go: a receiver on this machine
    #[arg(long, value_name = "URL")]
    pub forward_to: String,
    /// Only these topics, with commas between them
    #[arg(long, value_name = "TOPICS", value_delimiter = ',')]
    pub topics: Vec<String>,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela trigger`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela trigger payment.approved
  pasarela trigger payment.refunded --notification-url http://localhost:3000/webhooks
  pasarela trigger payment.pending --count 5")]
pub struct TriggerArguments {
    /// What is to happen
    #[arg(value_name = "EVENT", value_enum)]
    pub event: Event,
    /// The payment's own notification_url; without it the application's addresses are told, and who listens
    #[arg(long, value_name = "URL")]
    pub notification_url: Option<String>,
    /// The payment's external_reference
    #[arg(long, value_name = "TEXT")]
    pub external_reference: Option<String>,
    /// So many times
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub count: u32,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// An instant, or how long ago it was.
fn since(text: &str) -> Result<Timestamp, String> {
    if let Some(at) = Timestamp::parse(text) {
        return Ok(at);
    }
    let span = crate::clock::span(text)
        .map_err(|_| "write it like 2h, 3d or 2026-11-27T08:00:00-03:00".to_owned())?;
    let marker = jiff::SpanRelativeTo::days_are_24_hours();
    let ms = span.total((jiff::Unit::Millisecond, marker)).map_err(|_| "this is too long".to_owned())?;
    Ok(pasarela_engine::clock::wall().plus_ms(-(ms as i64)))
}
