//! `pasarela going-live`: the form, the checks and the gate, from the command line.

use crate::arguments::ServerArguments;
use crate::client::Client;
use crate::failure::Failure;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::process::ExitCode;

/// `pasarela going-live`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  pasarela going-live set --industry music --site https://shop.example --accept-terms
  pasarela going-live check
  pasarela going-live show
  pasarela going-live rules

The live access token says whose application, also before it works; a test token may only show.
Without one it is that of the first development seller.")]
pub enum GoingLiveVerb {
    /// Show the form and what the last checks found
    Show(ShowArguments),
    /// Fill in the form; what is not named stays
    Set(SetArguments),
    /// Look at everything anew, and end with 1 while something holds the gate closed
    Check(ShowArguments),
    /// List what this server's gate asks for: which checks block, and which only advise
    Rules(ShowArguments),
}

/// `pasarela going-live show|check`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  pasarela going-live show --json\n  pasarela going-live check --language es"
)]
pub struct ShowArguments {
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

/// `pasarela going-live set`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela going-live set --site https://shop.example --page https://shop.example/checkout
  pasarela going-live set --approved-page https://shop.example/thanks --rejected-page https://shop.example/again")]
pub struct SetArguments {
    /// What the business does
    #[arg(long, value_name = "WORD")]
    pub industry: Option<String>,
    /// The shop in production: its certificate is looked at
    #[arg(long, value_name = "URL")]
    pub site: Option<String>,
    /// The page on which buyers pay; without it, the shop's own
    #[arg(long, value_name = "URL")]
    pub page: Option<String>,
    /// A page that a buyer sees after an approval
    #[arg(long, value_name = "URL")]
    pub approved_page: Option<String>,
    /// A page that a buyer sees after a refusal
    #[arg(long, value_name = "URL")]
    pub rejected_page: Option<String>,
    /// Accept the platform's terms
    #[arg(long)]
    pub accept_terms: bool,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// Runs the verb.
pub fn run(verb: &GoingLiveVerb) -> Result<ExitCode, Failure> {
    match verb {
        GoingLiveVerb::Show(arguments) => {
            let client = Client::of_live(&arguments.server)?;
            let found = client.get(&path(&client)?)?;
            print(&if arguments.json {
                format!("{found:#}\n")
            } else {
                described(&found, &arguments.language)
            });
            Ok(ExitCode::SUCCESS)
        }
        GoingLiveVerb::Check(arguments) => {
            let client = Client::of_live(&arguments.server)?;
            let found = client.post(&format!("{}/checks", path(&client)?), &Value::Null)?;
            print(&if arguments.json {
                format!("{found:#}\n")
            } else {
                described(&found, &arguments.language)
            });
            Ok(if found["is_open"] == json!(true) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        GoingLiveVerb::Rules(arguments) => {
            let found = Client::of_live(&arguments.server)?.get("/v1/quality/gate")?;
            print(&if arguments.json { format!("{found:#}\n") } else { rules(&found, &arguments.language) });
            Ok(ExitCode::SUCCESS)
        }
        GoingLiveVerb::Set(arguments) => set(arguments),
    }
}

fn set(arguments: &SetArguments) -> Result<ExitCode, Failure> {
    let mut body = Map::new();
    for (name, said) in [
        ("industry", &arguments.industry),
        ("production_site", &arguments.site),
        ("payment_page", &arguments.page),
        ("approved_page", &arguments.approved_page),
        ("rejected_page", &arguments.rejected_page),
    ] {
        if let Some(said) = said {
            body.insert(name.to_owned(), json!(said));
        }
    }
    if arguments.accept_terms {
        body.insert("terms_accepted".to_owned(), json!(true));
    }
    if body.is_empty() {
        return Err(Failure::new(
            "nothing is to be set",
            "Name at least one of --industry, --site, --page, …",
        ));
    }
    let client = Client::of_live(&arguments.server)?;
    client.put(&path(&client)?, &Value::Object(body))?;
    print("The form is kept. Next: pasarela going-live check\n");
    Ok(ExitCode::SUCCESS)
}

fn path(client: &Client) -> Result<String, Failure> {
    // Answers while the live credentials do not work yet, too.
    let credential = client.get("/plugins-credentials-wrapper/credentials")?;
    Ok(format!("/v1/applications/{}/going-live", credential["client_id"].as_str().unwrap_or_default()))
}

fn rules(found: &Value, language: &str) -> String {
    let mut out = format!("A measurement passes with {} of 100 points.\n", found["minimum_score"]);
    for rule in found["checks"].as_array().into_iter().flatten() {
        let does = match (rule["blocks"] == json!(true), rule["blocks"] == rule["blocks_by_default"]) {
            (true, true) => "blocks",
            (false, true) => "advises",
            (true, false) => "blocks (the operator's setting)",
            (false, false) => "advises (the operator's setting)",
        };
        let title = rule["title"][language].as_str().or(rule["title"]["en"].as_str()).unwrap_or_default();
        out.push_str(&format!("{:<8} {title}: {does}\n", rule["rule_id"].as_str().unwrap_or_default()));
    }
    out
}

fn described(found: &Value, language: &str) -> String {
    let mut out = match (found["checked_at"].as_str(), found["is_open"] == json!(true)) {
        (None, _) => return "Nothing was checked yet: pasarela going-live check\n".to_owned(),
        (Some(at), true) => format!("Checked {at}: nothing holds the gate closed.\n"),
        (Some(at), false) => format!("Checked {at}: the gate stays closed.\n"),
    };
    for check in found["checks"].as_array().into_iter().flatten() {
        let text = |name: &str| check[name].as_str().unwrap_or_default();
        let in_language = |name: &str| match &check[name][language] {
            Value::String(said) => said.clone(),
            _ => check[name]["en"].as_str().unwrap_or_default().to_owned(),
        };
        let mark = match (text("result"), check["blocks"] == json!(true)) {
            ("passed", _) => "ok      ",
            ("not_applicable", _) => "-       ",
            (_, true) => "BLOCKS  ",
            (_, false) => "advice  ",
        };
        out.push_str(&format!("{mark} {:<8} {}\n", text("rule_id"), in_language("title")));
        for said in [text("missing"), text("evidence"), &in_language("reason"), &in_language("remedy")] {
            if !said.is_empty() {
                out.push_str(&format!("                  {said}\n"));
            }
        }
    }
    out
}

/// A closed pipe is the reader's wish, not a failure.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
