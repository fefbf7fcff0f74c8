//! `pasarela sandbox`: what a buyer or a bank does later.

use crate::arguments::{AddMoneyArguments, SandboxArguments, SandboxVerb};
use crate::client::Client;
use crate::failure::Failure;
use serde_json::{Number, Value, json};
use std::process::ExitCode;

/// Does it, and says how the payment or the wallet stands then.
pub fn run(verb: &SandboxVerb) -> Result<ExitCode, Failure> {
    match verb {
        SandboxVerb::Pay(arguments) => act("pay", arguments),
        SandboxVerb::Expire(arguments) => act("expire", arguments),
        SandboxVerb::Approve(arguments) => act("approve", arguments),
        SandboxVerb::Reject(reject) => {
            let body = json!({"status_detail": reject.status_detail});
            act_with("reject", &reject.payment, &body)
        }
        SandboxVerb::ChargeBack(arguments) => act("charge_back", arguments),
        SandboxVerb::WinChargeback(arguments) => act("win_chargeback", arguments),
        SandboxVerb::LoseChargeback(arguments) => act("lose_chargeback", arguments),
        SandboxVerb::ConfirmChallenge(arguments) => act("confirm_challenge", arguments),
        SandboxVerb::FailChallenge(arguments) => act("fail_challenge", arguments),
        SandboxVerb::AddMoney(arguments) => add_money(arguments),
    }
}

fn act(act: &str, arguments: &SandboxArguments) -> Result<ExitCode, Failure> {
    act_with(act, arguments, &json!({}))
}

fn act_with(act: &str, arguments: &SandboxArguments, body: &Value) -> Result<ExitCode, Failure> {
    let path = format!("/sandbox/payments/{}/{act}", arguments.payment_id);
    let payment = Client::new(&arguments.server)?.post(&path, body)?;
    println!("{}", describe(&payment, arguments.payment_id));
    Ok(ExitCode::SUCCESS)
}

fn add_money(arguments: &AddMoneyArguments) -> Result<ExitCode, Failure> {
    let amount: Number = arguments.amount.parse().map_err(|_| {
        Failure::new(
            format!("{} is not an amount", arguments.amount),
            "Write it with a dot: pasarela sandbox add-money 250.50 --to BUYER",
        )
    })?;
    let buyer = arguments.buyer.trim();
    let mut body = json!({"amount": amount});
    match buyer.parse::<i64>() {
        Ok(id) => body["user_id"] = json!(id),
        Err(_) => body["email"] = json!(buyer),
    }
    let wallet = Client::new(&arguments.server)?.post("/sandbox/wallet/money", &body)?;
    let text = |name: &str| wallet[name].as_str().unwrap_or_default().to_owned();
    println!("{} has {} {} now.", text("email"), text("currency_id"), wallet["balance"]);
    Ok(ExitCode::SUCCESS)
}

fn describe(payment: &Value, payment_id: i64) -> String {
    match (payment["status"].as_str(), payment["status_detail"].as_str()) {
        (Some(status), Some(detail)) => format!("Payment {payment_id} is {status} ({detail})."),
        _ => payment.to_string(),
    }
}
