//! `pasarela credentials`: the well-known credentials, without a server; and those of an application, renewed and
//! activated.

pub mod arguments;

use crate::client::Client;
use crate::failure::Failure;
use crate::{runtime, serve};
use arguments::{
    CredentialsArguments, CredentialsVerb, DecideArguments, ListArguments, RenewArguments, Renewed,
    ShareArguments,
};
use pasarela_domain::identity::ApplicationId;
use pasarela_domain::money::Money;
use pasarela_engine::activation::{OperatorsDecision, decide_at};
use pasarela_engine::seeds::{self, SeedCredentials};
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;

/// Prints the well-known ones, or runs the verb.
pub fn run(arguments: &CredentialsArguments) -> Result<ExitCode, Failure> {
    let text = match &arguments.verb {
        Some(CredentialsVerb::List(arguments)) => list(arguments)?,
        Some(CredentialsVerb::Renew(arguments)) => renew(arguments)?,
        Some(CredentialsVerb::Shares(arguments)) => shares(arguments)?,
        Some(CredentialsVerb::Share(arguments)) => share(arguments)?,
        Some(CredentialsVerb::Unshare(arguments)) => unshare(arguments)?,
        Some(CredentialsVerb::Activate(arguments)) => decide(arguments, true)?,
        Some(CredentialsVerb::Deactivate(arguments)) => decide(arguments, false)?,
        None => well_known(arguments.json),
    };
    // A closed pipe (`| head -1`) is the reader's wish, not a failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

fn well_known(as_json: bool) -> String {
    let credentials = seeds::credentials();
    if as_json {
        // Strings and integers only: it always serialises.
        serde_json::to_string_pretty(&credentials).expect("credentials serialise") + "\n"
    } else {
        for_people(&credentials) + &buyers_for_people()
    }
}

/// The application that is meant: the named one, or the access token's.
fn application(client: &Client, named: Option<ApplicationId>) -> Result<String, Failure> {
    if let Some(named) = named {
        return Ok(named.to_string());
    }
    let own = client.get("/plugins-credentials-wrapper/credentials")?;
    Ok(text(&own["client_id"]).to_owned())
}

fn list(arguments: &ListArguments) -> Result<String, Failure> {
    let client = Client::new(&arguments.server)?;
    let id = application(&client, arguments.application)?;
    let mut found = client.get(&format!("/v1/applications/{id}/credentials"))?;
    let found = found["results"].take();
    if arguments.json {
        return Ok(pretty(&found));
    }
    let mut out = format!("Application {id}\n");
    for credential in found.as_array().into_iter().flatten() {
        let mode = credential["mode"].as_str().unwrap_or("");
        let until = match credential["expires"].as_str() {
            Some(until) => format!("works until {until}"),
            None => "in use".to_owned(),
        };
        let used = credential["last_used"].as_str().unwrap_or("never");
        let kind = text(&credential["kind"]).replace('_', " ");
        out.push_str(&format!("  {mode:<4}  {kind:<13}  {until}, last used {used}\n"));
        if let Some(secret) = credential["secret"].as_str() {
            out.push_str(&format!("        {secret}\n"));
        }
    }
    Ok(out)
}

fn renew(arguments: &RenewArguments) -> Result<String, Failure> {
    let client = Client::new(&arguments.server)?;
    let id = application(&client, arguments.application)?;
    let which = match arguments.which {
        Renewed::Test => "test",
        Renewed::Live => "live",
        Renewed::ClientSecret => "client_secret",
    };
    let body = json!({"renew": which, "grace": arguments.grace.to_string()});
    let renewed = client.post(&format!("/v1/applications/{id}/credentials"), &body)?;
    if arguments.json {
        return Ok(pretty(&renewed));
    }
    let mut out = format!("New {} of application {id}\n", which.replace('_', " "));
    for (name, label) in
        [("public_key", "public key"), ("access_token", "access token"), ("client_secret", "client secret")]
    {
        if let Some(secret) = renewed[name].as_str() {
            out.push_str(&format!("  {label:<14}  {secret}\n"));
        }
    }
    out.push_str(&match renewed["previous_until"].as_str() {
        Some(until) => format!("The old ones work until {until}.\n"),
        None => "The old ones do not work any more.\n".to_owned(),
    });
    Ok(out)
}

fn shares(arguments: &ListArguments) -> Result<String, Failure> {
    let client = Client::new(&arguments.server)?;
    let id = application(&client, arguments.application)?;
    let mut found = client.get(&format!("/v1/applications/{id}/shares"))?;
    let found = found["results"].take();
    if arguments.json {
        return Ok(pretty(&found));
    }
    let mut out = format!("Application {id}\n");
    for share in found.as_array().into_iter().flatten() {
        out.push_str(&format!("  {}  since {}\n", text(&share["email"]), text(&share["date_created"])));
    }
    Ok(out)
}

fn share(arguments: &ShareArguments) -> Result<String, Failure> {
    let client = Client::new(&arguments.server)?;
    let id = application(&client, arguments.application)?;
    let shared = client.post(&format!("/v1/applications/{id}/shares"), &json!({"email": arguments.email}))?;
    Ok(format!("{} sees the credentials of application {id}.\n", text(&shared["email"])))
}

fn unshare(arguments: &ShareArguments) -> Result<String, Failure> {
    let client = Client::new(&arguments.server)?;
    let id = application(&client, arguments.application)?;
    let found = client.get(&format!("/v1/applications/{id}/shares"))?;
    let email = arguments.email.trim().to_lowercase();
    let mut shares = found["results"].as_array().into_iter().flatten();
    let share = shares.find(|share| text(&share["email"]) == email).ok_or_else(|| {
        Failure::new(
            format!("{email} sees no credentials of application {id}"),
            "`pasarela credentials shares` lists who does.",
        )
    })?;
    client.delete(&format!("/v1/applications/{id}/shares/{}", share["user_id"]))?;
    Ok(format!("{email} sees the credentials of application {id} no more.\n"))
}

fn decide(arguments: &DecideArguments, is_active: bool) -> Result<String, Failure> {
    let place = arguments.store.place()?;
    let options = serve::options(&place, &arguments.key, "")?;
    let decision = OperatorsDecision {
        application_id: arguments.application,
        is_active,
        reason: arguments.reason.clone(),
        author: arguments.author(),
    };
    let decided = runtime::block_on(decide_at(&place, options, &decision))?;
    let application = decided.map_err(|error| {
        Failure::new(
            format!("nothing is known to be changed: {error}"),
            "`pasarela accounts list` shows the applications. To decide the same again does no harm.",
        )
    })?;
    let word = if is_active { "work" } else { "do not work any more" };
    Ok(format!("The live credentials of {} ({}) {word}.\n", text(&application["name"]), application["id"]))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn pretty(value: &Value) -> String {
    // A value always serialises.
    serde_json::to_string_pretty(value).expect("JSON serialises") + "\n"
}

fn for_people(credentials: &[SeedCredentials]) -> String {
    let mut text = String::from(
        "Well-known development credentials. They are public, never change, and are refused outside `pasarela dev`.\n",
    );
    for entry in credentials {
        text.push_str(&format!(
            "\n{} {}\n  public key      {}\n  access token    {}\n  client id       {}\n  client secret   {}\n  \
             webhook secret  {}\n  user id         {}\n",
            entry.site,
            entry.mode.name(),
            entry.public_key,
            entry.access_token,
            entry.client_id,
            entry.client_secret,
            entry.webhook_secret,
            entry.user_id,
        ));
    }
    text
}

/// Who pays from a wallet: a buyer has no credentials, only a login, an address and money.
fn buyers_for_people() -> String {
    let mut text = String::from(
        "\nBuyers with money in their wallets: they log in on the hosted checkout with their e-mail and password, and pay test \
         payments by `account_money` with their e-mail.\n",
    );
    for buyer in seeds::buyers() {
        let account = &buyer.account;
        let opening = Money::new(buyer.opening_balance_minor, account.site.currency());
        let document = format!("{} {}", account.identification_type, account.identification_number);
        let line = format!(
            "  {}  {}  {}  {} {}  {}",
            account.site,
            account.email,
            seeds::logins::login_of(account.id).map(|login| login.password.as_str()).unwrap_or_default(),
            opening.currency.code(),
            opening.to_fixed_text(),
            document.trim(),
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
