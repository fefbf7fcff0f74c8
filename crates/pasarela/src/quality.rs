//! `pasarela quality`: an integration is measured from the command line, and in CI.

pub mod arguments;
mod formats;
mod page;

use crate::client::Client;
use crate::failure::Failure;
use arguments::{CheckArguments, Format, HistoryArguments, MeasureArguments, QualityVerb, RulesArguments};
use pasarela_domain::quality::report::{Report, Verdict};
use pasarela_domain::quality::rules::{self, Kind, Product};
use pasarela_domain::quality::texts;
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;

/// Runs the verb.
pub fn run(verb: &QualityVerb) -> Result<ExitCode, Failure> {
    match verb {
        QualityVerb::Check(arguments) => check(arguments),
        QualityVerb::Measure(arguments) => measure(arguments),
        QualityVerb::History(arguments) => history(arguments),
        QualityVerb::Rules(arguments) => list_rules(arguments),
        QualityVerb::Page(arguments) => {
            let (text, code) = page::run(arguments)?;
            print(&text);
            Ok(code)
        }
    }
}

fn check(arguments: &CheckArguments) -> Result<ExitCode, Failure> {
    let client = Client::new(&arguments.server)?;
    let path = path(&client)?;
    let asked = match &arguments.product {
        Some(product) => vec![product.as_str()],
        None => vec!["checkout_pro", "checkout_api"],
    };
    let mut reports = Vec::new();
    for product in asked {
        if let Some(found) = client.post_if_there(&path, &json!({"product": product}))? {
            reports.push(read(found)?);
        }
    }
    if reports.is_empty() {
        return Err(Failure::new(
            "the application has no payment to be measured by",
            "Run the test suite against this server first, with this access token's application.",
        ));
    }
    print(&match arguments.format {
        Format::Text => reports.iter().map(|report| formats::text(report, &arguments.language)).collect(),
        Format::Json => pretty(&json!(reports)),
        Format::Junit => formats::junit(&reports, &arguments.language),
        Format::Sarif => formats::sarif(&reports, &arguments.language),
    });
    let is_enough = |report: &Report| {
        let is_strict_enough =
            !arguments.strict || !report.open().iter().any(|action| action.kind == Kind::Mandatory);
        report.score >= arguments.threshold && is_strict_enough
    };
    for report in reports.iter().filter(|report| !is_enough(report)) {
        eprintln!(
            "{}: {} points, {} are wanted{}",
            formats::product(report.product),
            report.score,
            arguments.threshold,
            if arguments.strict { ", and every mandatory rule" } else { "" },
        );
    }
    Ok(if reports.iter().all(is_enough) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure(arguments: &MeasureArguments) -> Result<ExitCode, Failure> {
    let client = Client::new(&arguments.server)?;
    let body = json!({"payment_id": arguments.payment, "product": arguments.product});
    let found = client.post(&path(&client)?, &body)?;
    print(&if arguments.json { pretty(&found) } else { formats::text(&read(found)?, &arguments.language) });
    Ok(ExitCode::SUCCESS)
}

fn history(arguments: &HistoryArguments) -> Result<ExitCode, Failure> {
    let client = Client::new(&arguments.server)?;
    let found = client.get(&path(&client)?)?;
    if arguments.json {
        print(&pretty(&found));
        return Ok(ExitCode::SUCCESS);
    }
    let reports: Vec<Report> = serde_json::from_value(found["results"].clone()).map_err(|_| not_ours())?;
    let line = |report: &Report| {
        let verdict = if report.status == Verdict::Approved { "approved" } else { "not approved" };
        let month = report.month.map(|month| format!(", the result of {month}")).unwrap_or_default();
        format!(
            "{}  {:>3} of 100  {:<12}  {:<15}  payment {}{month}\n",
            report.measured_at.to_wire(),
            report.score,
            verdict,
            formats::product(report.product),
            report.payment_id,
        )
    };
    print(&match reports.is_empty() {
        true => "No measurement yet: pasarela quality measure --payment ID\n".to_owned(),
        false => reports.iter().map(line).collect(),
    });
    Ok(ExitCode::SUCCESS)
}

fn list_rules(arguments: &RulesArguments) -> Result<ExitCode, Failure> {
    let unknown =
        || Failure::new("there is no such product", "checkout_pro, checkout_api, checkout_bricks or all");
    let product =
        arguments.product.as_deref().map(|word| Product::from_word(word).ok_or_else(unknown)).transpose()?;
    let wanted = rules::all().iter().filter(|rule| product.is_none_or(|product| rule.product == product));
    let line = |rule: &rules::Rule| {
        let said = texts::of(rule.check);
        let (title, remedy) = (said.title.of(&arguments.language), said.remedy.of(&arguments.language));
        format!(
            "{}  {:>2}  {:<13}  {title}\n                           {remedy}\n",
            rule.id,
            rule.points,
            formats::kind(rule.kind)
        )
    };
    print(&wanted.map(line).collect::<String>());
    Ok(ExitCode::SUCCESS)
}

/// Where the measurements of the credential's application are.
fn path(client: &Client) -> Result<String, Failure> {
    let settings = client.get("/pasarela/webhooks")?;
    let application = settings["application_id"].as_i64().ok_or_else(not_ours)?;
    Ok(format!("/v1/applications/{application}/quality/measurements"))
}

fn read(found: Value) -> Result<Report, Failure> {
    serde_json::from_value(found).map_err(|_| not_ours())
}

fn not_ours() -> Failure {
    Failure::new("an answer that is not of this API", "Are server and command line of the same version?")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// A closed pipe is the reader's wish, not a failure.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
