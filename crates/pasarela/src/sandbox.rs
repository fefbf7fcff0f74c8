//! `pasarela sandbox`: what a buyer or a bank does later.

use crate::arguments::{SandboxArguments, SandboxVerb};
use crate::client::Client;
use crate::failure::Failure;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Does it, and says how the payment stands then.
pub fn run(verb: &SandboxVerb) -> Result<ExitCode, Failure> {
    let (act, arguments) = act(verb);
    let body = match verb {
        SandboxVerb::Reject(reject) => json!({"status_detail": reject.status_detail}),
        _ => json!({}),
    };
    let path = format!("/sandbox/payments/{}/{act}", arguments.payment_id);
    let payment = Client::new(&arguments.server)?.post(&path, &body)?;
    println!("{}", describe(&payment, arguments.payment_id));
    Ok(ExitCode::SUCCESS)
}

fn act(verb: &SandboxVerb) -> (&'static str, &SandboxArguments) {
    match verb {
        SandboxVerb::Pay(arguments) => ("pay", arguments),
        SandboxVerb::Expire(arguments) => ("expire", arguments),
        SandboxVerb::Approve(arguments) => ("approve", arguments),
        SandboxVerb::Reject(arguments) => ("reject", &arguments.payment),
        SandboxVerb::ChargeBack(arguments) => ("charge_back", arguments),
        SandboxVerb::WinChargeback(arguments) => ("win_chargeback", arguments),
        SandboxVerb::LoseChargeback(arguments) => ("lose_chargeback", arguments),
        SandboxVerb::ConfirmChallenge(arguments) => ("confirm_challenge", arguments),
        SandboxVerb::FailChallenge(arguments) => ("fail_challenge", arguments),
    }
}

fn describe(payment: &Value, payment_id: i64) -> String {
    match (payment["status"].as_str(), payment["status_detail"].as_str()) {
        (Some(status), Some(detail)) => format!("Payment {payment_id} is {status} ({detail})."),
        _ => payment.to_string(),
    }
}
