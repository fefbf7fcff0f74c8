//! `pasarela credentials`: the well-known credentials, without a server.

use crate::arguments::CredentialsArguments;
use crate::failure::Failure;
use pasarela_domain::money::Money;
use pasarela_engine::seeds::{self, SeedCredentials};
use std::io::Write;
use std::process::ExitCode;

/// Prints them all.
pub fn run(arguments: &CredentialsArguments) -> Result<ExitCode, Failure> {
    let credentials = seeds::credentials();
    let text = if arguments.json {
        // Strings and integers only: it always serialises.
        serde_json::to_string_pretty(&credentials).expect("credentials serialise") + "\n"
    } else {
        for_people(&credentials) + &buyers_for_people()
    };
    // A closed pipe (`| head -1`) is the reader's wish, not a failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
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
