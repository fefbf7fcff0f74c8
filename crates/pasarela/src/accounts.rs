//! `pasarela accounts`: who may take payments on an operator's server.

use crate::arguments::{AccountsVerb, CreateAccountArguments, ListAccountsArguments, OneAccountArguments};
use crate::failure::Failure;
use crate::{runtime, serve};
use pasarela_engine::Engine;
use pasarela_engine::audit::Actor;
use pasarela_engine::credentials::NewSecrets;
use pasarela_engine::enrolment::{self, Enrolled, Enrolment, NewAccount};
use serde::Serialize;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// Makes or lists accounts.
pub fn run(verb: &AccountsVerb) -> Result<ExitCode, Failure> {
    let text = match verb {
        AccountsVerb::Create(arguments) => create(arguments)?,
        AccountsVerb::List(arguments) => list(arguments)?,
        AccountsVerb::Password(arguments) => password(arguments)?,
        AccountsVerb::Verify(arguments) => verify(arguments)?,
        AccountsVerb::ResetSecondFactor(arguments) => reset_second_factor(arguments)?,
    };
    // A closed pipe is the reader's wish, not a failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

fn create(arguments: &CreateAccountArguments) -> Result<String, Failure> {
    let place = arguments.store.place()?;
    let new =
        NewAccount { site: arguments.site, email: arguments.email.clone(), name: arguments.name.clone() };
    let enrolment = runtime::block_on(async {
        let engine = serve::open(&place, &arguments.key, "").await?;
        let enrolled = engine.enrol(&new, &Actor::operator("at the command line")).await;
        engine.close().await;
        enrolled.map_err(|error| {
            Failure::new(
                format!("the account can't be made: {error}"),
                "Nothing was made. `pasarela accounts list` shows the accounts that are there.",
            )
        })
    })??;
    Ok(if arguments.json { json(&enrolment) } else { for_people(&enrolment) })
}

fn password(arguments: &OneAccountArguments) -> Result<String, Failure> {
    let drawn = act_on(arguments, "the password can't be set", async |engine, actor| {
        engine.draw_password(arguments.site, &arguments.email, actor).await
    })?;
    Ok(format!("{} logs in to the panel with this password, shown once:\n  {drawn}\n", arguments.email))
}

fn verify(arguments: &OneAccountArguments) -> Result<String, Failure> {
    act_on(arguments, "the e-mail can't be vouched for", async |engine, actor| {
        engine.vouch_for_email(arguments.site, &arguments.email, actor).await
    })?;
    Ok(format!("{} is the account's own e-mail from now on.\n", arguments.email))
}

fn reset_second_factor(arguments: &OneAccountArguments) -> Result<String, Failure> {
    act_on(arguments, "the second factor can't be taken away", async |engine, actor| {
        engine.reset_second_factor(arguments.site, &arguments.email, actor).await
    })?;
    Ok(format!("{} logs in with the password alone from now on.\n", arguments.email))
}

/// Does something to one account; `trouble` says what was not done when it fails.
fn act_on<T, E: Display>(
    arguments: &OneAccountArguments,
    trouble: &str,
    act: impl AsyncFnOnce(&Engine, &Actor) -> Result<T, E>,
) -> Result<T, Failure> {
    let place = arguments.store.place()?;
    runtime::block_on(async {
        let engine = serve::open(&place, &arguments.key, "").await?;
        let done = act(&engine, &Actor::operator("at the command line")).await;
        engine.close().await;
        done.map_err(|error| {
            Failure::new(
                format!("{trouble}: {error}"),
                "Nothing was changed. `pasarela accounts list` shows the accounts that are there.",
            )
        })
    })?
}

fn list(arguments: &ListAccountsArguments) -> Result<String, Failure> {
    let place = arguments.store.place()?;
    let accounts = runtime::block_on(enrolment::list(&place))?.map_err(|error| {
        Failure::new(
            format!("the accounts of {place} can't be listed: {error}"),
            "Name the data with --data DIR or --database-url URL.",
        )
    })?;
    if arguments.json {
        return Ok(json(&accounts));
    }
    let line = |account: &Enrolled| {
        format!(
            "{} {:>12}  {:<32} {:>16}  {}\n",
            account.site, account.user_id, account.email, account.application_id, account.name
        )
    };
    let heading = format!("{:<3} {:>12}  {:<32} {:>16}  {}\n", "", "user id", "e-mail", "client id", "name");
    Ok(accounts.iter().map(line).fold(heading, |text, line| text + &line))
}

fn json(value: &impl Serialize) -> String {
    // Strings and integers only: it always serialises.
    serde_json::to_string_pretty(value).expect("accounts serialise") + "\n"
}

fn for_people(enrolment: &Enrolment) -> String {
    let Enrolment { account, secrets } = enrolment;
    let NewSecrets { client_secret, webhook_secret, test_webhook_secret, test, live, .. } = secrets;
    format!(
        "{name} ({email}) has account {user_id} on {site}.\n\
         The live credentials work once the application has passed the gate; `pasarela credentials activate` lets them.\n\n\
         Test\n  public key      {}\n  access token    {}\n  webhook secret  {test_webhook_secret}\n\
         Live\n  public key      {}\n  access token    {}\n  webhook secret  {webhook_secret}\n\
         Both\n  client id       {client_id}\n  client secret   {client_secret}\n",
        test.public_key,
        test.access_token,
        live.public_key,
        live.access_token,
        name = account.name,
        email = account.email,
        user_id = account.user_id,
        site = account.site,
        client_id = account.application_id,
    )
}
