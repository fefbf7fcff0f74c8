//! `pasarela webhooks`: where an application is told, and what it was told.

pub mod arguments;

use crate::client::{Client, escaped};
use crate::failure::Failure;
use arguments::{HistoryArguments, ResendArguments, SetWebhooksArguments, SimulateArguments, WebhooksVerb};
use indicatif::{ProgressBar, ProgressStyle};
use pasarela_domain::timestamp::Timestamp;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::process::ExitCode;

/// The most that the server gives at once.
const PAGE: usize = 200;

/// Runs the verb.
pub fn run(verb: &WebhooksVerb) -> Result<ExitCode, Failure> {
    let text = match verb {
        WebhooksVerb::List(arguments) => {
            let settings = Client::new(&arguments.server)?.get("/pasarela/webhooks")?;
            if arguments.json { pretty(&settings) } else { described(&settings) }
        }
        WebhooksVerb::Set(arguments) => set(arguments)?,
        WebhooksVerb::RotateSecret(arguments) => {
            let body = json!({"grace": arguments.grace.to_string()});
            let rotated = Client::new(&arguments.server)?.post("/pasarela/webhooks/secret", &body)?;
            let until = rotated["previous_secret_until"].as_str().unwrap_or("now");
            format!(
                "The new secret, shown this once:\n  {}\nThe old one is used too, until {until}.\n",
                text(&rotated["secret"])
            )
        }
        WebhooksVerb::History(arguments) => history(arguments)?,
        WebhooksVerb::Show(arguments) => {
            let path = format!("/pasarela/webhooks/deliveries/{}", arguments.id);
            let delivery = Client::new(&arguments.server)?.get(&path)?;
            if arguments.json { pretty(&delivery) } else { shown(&delivery) }
        }
        WebhooksVerb::Resend(arguments) => resend(arguments)?,
        WebhooksVerb::Resume(arguments) => {
            let body = json!({"url": arguments.url});
            let resumed = Client::new(&arguments.server)?.post("/pasarela/webhooks/resume", &body)?;
            match resumed["released"].as_u64() {
                Some(1) => "One notification was held, and is sent now.\n".to_owned(),
                released => format!("{} notifications were held, and are sent now.\n", released.unwrap_or(0)),
            }
        }
        WebhooksVerb::Simulate(arguments) => return simulate(arguments),
    };
    print(&text);
    Ok(ExitCode::SUCCESS)
}

/// A closed pipe is the reader's wish, not a failure.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn set(arguments: &SetWebhooksArguments) -> Result<String, Failure> {
    let mut body = Map::new();
    for (name, url, none) in
        [("url", &arguments.url, arguments.no_url), ("ipn_url", &arguments.ipn_url, arguments.no_ipn_url)]
    {
        if url.is_some() || none {
            body.insert(name.to_owned(), json!(url));
        }
    }
    for (name, topics) in [("topics", &arguments.topics), ("ipn_topics", &arguments.ipn_topics)] {
        if let Some(topics) = topics {
            let named: Vec<&String> = topics.iter().filter(|topic| !topic.is_empty()).collect();
            body.insert(name.to_owned(), json!(named));
        }
    }
    if body.is_empty() {
        return Err(Failure::new(
            "nothing is to be set",
            "Name an address with --url or --ipn-url, or topics with --topics or --ipn-topics.",
        ));
    }
    Ok(described(&Client::new(&arguments.server)?.put("/pasarela/webhooks", &Value::Object(body))?))
}

fn described(settings: &Value) -> String {
    let mode = if settings["live_mode"] == json!(true) { "live" } else { "test" };
    let mut out = format!("Application {}, {mode} notifications\n", settings["application_id"]);
    for (name, url, topics) in [
        ("Webhooks", &settings["url"], &settings["topics"]),
        ("IPN", &settings["ipn_url"], &settings["ipn_topics"]),
    ] {
        let topics: Vec<&str> = topics.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let told =
            if topics.is_empty() { "of no topic".to_owned() } else { format!("of {}", topics.join(", ")) };
        match url.as_str() {
            Some(url) => out.push_str(&format!("  {name:<9} {url}  {told}\n")),
            None => out.push_str(&format!("  {name:<9} no address\n")),
        }
    }
    if let Some(until) = settings["previous_secret_until"].as_str() {
        out.push_str(&format!("  The secret before the current one is used too, until {until}.\n"));
    }
    for failing in settings["failing"].as_array().into_iter().flatten() {
        let state = if failing["paused"] == json!(true) { "PAUSED" } else { "failing" };
        let (url, since) = (text(&failing["url"]), text(&failing["failing_since"]));
        out.push_str(&format!("  {state:<9} {url}  since {since}: {}\n", text(&failing["last_failure"])));
    }
    for warning in settings["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        out.push_str(&format!("warning: {warning}\n"));
    }
    out
}

/// Pages of the history, as far as `limit`.
fn found(client: &Client, query: &[(&str, String)], limit: usize) -> Result<Vec<Value>, Failure> {
    let mut found = Vec::new();
    let mut before: Option<i64> = None;
    loop {
        let mut path =
            format!("/pasarela/webhooks/deliveries?limit={}", PAGE.min(limit - found.len()).max(1));
        for (name, value) in query {
            path.push_str(&format!("&{name}={}", escaped(value)));
        }
        if let Some(before) = before {
            path.push_str(&format!("&before={before}"));
        }
        let page = client.get(&path)?;
        found.extend(page["results"].as_array().cloned().unwrap_or_default());
        before = page["next"].as_i64();
        if before.is_none() || found.len() >= limit {
            return Ok(found);
        }
    }
}

fn history(arguments: &HistoryArguments) -> Result<String, Failure> {
    let client = Client::new(&arguments.server)?;
    let date = |at: Option<Timestamp>| at.map(Timestamp::to_wire);
    let query: Vec<(&str, String)> = [
        ("state", arguments.state.clone()),
        ("topic", arguments.topic.clone()),
        ("action", arguments.action.clone()),
        ("resource_id", arguments.resource.clone()),
        ("url", arguments.url.clone()),
        ("begin_date", date(arguments.since)),
        ("end_date", date(arguments.until)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect();
    let found = found(&client, &query, arguments.limit)?;
    if arguments.json {
        return Ok(found.iter().map(|delivery| format!("{delivery}\n")).collect());
    }
    if found.is_empty() {
        return Ok("Nothing was told.\n".to_owned());
    }
    Ok(found.iter().map(line).collect())
}

fn line(delivery: &Value) -> String {
    format!(
        "{:>16}  {}  {:<9}  {:<7}  {:<24} {:>14}  {}\n",
        delivery["id"].to_string(),
        text(&delivery["date_created"]),
        text(&delivery["state"]),
        text(&delivery["format"]),
        text(&delivery["action"]),
        text(&delivery["resource_id"]),
        text(&delivery["url"]),
    )
}

fn shown(delivery: &Value) -> String {
    let mut out = line(delivery);
    if let Some(next) = delivery["next_attempt"].as_str() {
        out.push_str(&format!("The next attempt is due at {next}.\n"));
    }
    for attempt in delivery["history"].as_array().into_iter().flatten() {
        out.push_str(&format!(
            "\nAttempt {} at {}, {} ms: {}\n",
            attempt["number"],
            text(&attempt["started"]),
            attempt["duration_ms"],
            attempt["failure"].as_str().unwrap_or("delivered"),
        ));
        out.push_str(&exchange(&attempt["request"], &attempt["response"]));
    }
    out
}

fn exchange(request: &Value, response: &Value) -> String {
    let mut out = String::new();
    if request.is_object() {
        out.push_str(&format!("  > {} {}\n", text(&request["method"]), text(&request["url"])));
        out.push_str(&headers(">", &request["headers"]));
        out.push_str(&format!("  > {}\n", text(&request["body"])));
    }
    if response.is_object() {
        out.push_str(&format!("  < {}\n", response["status"]));
        out.push_str(&headers("<", &response["headers"]));
        for line in text(&response["body"]).lines() {
            out.push_str(&format!("  < {}\n", printable(line)));
        }
    }
    out
}

fn headers(arrow: &str, headers: &Value) -> String {
    let headers = headers.as_object().into_iter().flatten();
    headers.map(|(name, value)| format!("  {arrow} {name}: {}\n", printable(text(value)))).collect()
}

/// A receiver's text must not move the cursor of whoever looks at it.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

fn resend(arguments: &ResendArguments) -> Result<String, Failure> {
    let client = Client::new(&arguments.server)?;
    let ids = match (arguments.failed_since, arguments.since) {
        (None, None) => arguments.ids.clone(),
        (failed_since, since) => {
            let begin = failed_since.or(since).map(Timestamp::to_wire).unwrap_or_default();
            let mut query = vec![("begin_date", begin)];
            query.extend(arguments.until.map(|until| ("end_date", until.to_wire())));
            let mut ids = Vec::new();
            let states: &[Option<&str>] = if failed_since.is_some() {
                &[Some("failed"), Some("held"), Some("pending")]
            } else {
                &[None]
            };
            for state in states {
                let mut query = query.clone();
                query.extend(state.map(|state| ("state", state.to_owned())));
                let found = found(&client, &query, usize::MAX)?;
                // What was not tried yet has not failed.
                let failed = found.iter().filter(|delivery| {
                    *state != Some("pending") || delivery["attempts"].as_u64().is_some_and(|made| made > 0)
                });
                ids.extend(failed.filter_map(|delivery| delivery["id"].as_i64()));
            }
            ids.sort_unstable();
            // One may have failed for good between two looks.
            ids.dedup();
            ids
        }
    };
    let bar = ProgressBar::new(ids.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} notifications, {eta} left") {
        bar.set_style(style);
    }
    // Oldest first: what happened first is told first.
    for (done, id) in ids.iter().enumerate() {
        client.post(&format!("/pasarela/webhooks/deliveries/{id}/resend"), &json!({})).inspect_err(|_| {
            bar.abandon();
            eprintln!("{done} of {} notifications are sent again; {id} is not:", ids.len());
        })?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(match ids.len() {
        0 => "Nothing is to be sent again.\n".to_owned(),
        1 => {
            "One notification is sent again. `pasarela webhooks history` shows what comes of it.\n".to_owned()
        }
        count => format!(
            "{count} notifications are sent again. `pasarela webhooks history` shows what comes of them.\n"
        ),
    })
}

fn simulate(arguments: &SimulateArguments) -> Result<ExitCode, Failure> {
    let body = json!({"topic": arguments.topic, "data_id": arguments.id});
    let simulated = Client::new(&arguments.server)?.post("/pasarela/webhooks/simulate", &body)?;
    let is_delivered = simulated["delivered"] == json!(true);
    let word = simulated["failure"].as_str().unwrap_or("delivered");
    print(&format!(
        "{}{word} after {} ms\n",
        exchange(&simulated["request"], &simulated["response"]),
        simulated["duration_ms"]
    ));
    Ok(if is_delivered { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn pretty(value: &Value) -> String {
    // A value always serialises.
    serde_json::to_string_pretty(value).expect("JSON serialises") + "\n"
}
