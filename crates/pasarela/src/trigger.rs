//! `pasarela trigger`: makes the real objects behind an event, through the API, and thus its notifications.

use crate::client::Client;
use crate::failure::Failure;
use crate::webhooks::arguments::TriggerArguments;
use clap::ValueEnum;
use pasarela_domain::site::Site;
use serde_json::{Value, json};
use std::process::ExitCode;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Event {
    /// A card payment is approved
    #[value(name = "payment.approved")]
    Approved,
    /// A card payment is reserved, to be captured later
    #[value(name = "payment.authorized")]
    Authorized,
    /// A reserved payment is captured
    #[value(name = "payment.captured")]
    Captured,
    /// A Pix, a ticket or a transfer waits for the buyer
    #[value(name = "payment.pending")]
    Pending,
    /// A Pix, a ticket or a transfer is paid
    #[value(name = "payment.paid")]
    Paid,
    /// A card payment is in review
    #[value(name = "payment.in_process")]
    InProcess,
    /// A card payment is rejected
    #[value(name = "payment.rejected")]
    Rejected,
    /// A pending payment is cancelled by the seller
    #[value(name = "payment.cancelled")]
    Cancelled,
    /// A pending payment expires
    #[value(name = "payment.expired")]
    Expired,
    /// An approved payment is given back
    #[value(name = "payment.refunded")]
    Refunded,
    /// A part of an approved payment is given back
    #[value(name = "payment.partially_refunded")]
    PartiallyRefunded,
    /// The holder disputes an approved payment at the bank
    #[value(name = "payment.charged_back")]
    ChargedBack,
}

/// A site's Visa test card, what its holder pays, and a method that waits for the buyer.
const fn means(site: Site) -> (&'static str, i64, &'static str) {
    match site {
        Site::MLA => ("4509953566233704", 1_000, "rapipago"),
        Site::MLB => ("4235647728025682", 100, "pix"),
        Site::MLC => ("4168818844447115", 5_000, "khipu"),
        Site::MCO => ("4013540682746260", 20_000, "efecty"),
        Site::MLM => ("4075595716483764", 500, "oxxo"),
        Site::MLU => ("4509953566233704", 1_000, "abitab"),
        Site::MPE => ("4009175332806176", 100, "pagoefectivo_atm"),
    }
}

/// Makes it happen, as often as was asked for.
pub fn run(arguments: &TriggerArguments) -> Result<ExitCode, Failure> {
    let client = Client::new(&arguments.server)?;
    let account = client.get("/users/me")?;
    let site = account["site_id"].as_str().and_then(Site::from_id).ok_or_else(|| {
        Failure::new("the server does not say on which site the account is", "Is it a pasarela server?")
    })?;
    for _ in 0..arguments.count {
        let seller = Seller { client: &client, site, arguments };
        let payment = seller.trigger(arguments.event)?;
        println!(
            "Payment {} is {} ({}).",
            payment["id"],
            payment["status"].as_str().unwrap_or_default(),
            payment["status_detail"].as_str().unwrap_or_default()
        );
    }
    Ok(ExitCode::SUCCESS)
}

struct Seller<'a> {
    client: &'a Client,
    site: Site,
    arguments: &'a TriggerArguments,
}

impl Seller<'_> {
    fn trigger(&self, event: Event) -> Result<Value, Failure> {
        match event {
            Event::Approved => self.pay_by_card("APRO", true),
            Event::Authorized => self.pay_by_card("APRO", false),
            Event::InProcess => self.pay_by_card("CONT", true),
            Event::Rejected => self.pay_by_card("OTHE", true),
            Event::Pending => self.pend(),
            Event::Captured => {
                let payment = self.pay_by_card("APRO", false)?;
                self.client.put(&path(&payment), &json!({"capture": true}))
            }
            Event::Cancelled => {
                let payment = self.pend()?;
                self.client.put(&path(&payment), &json!({"status": "cancelled"}))
            }
            Event::Paid => self.act(&self.pend()?, "pay"),
            Event::Expired => self.act(&self.pend()?, "expire"),
            Event::ChargedBack => self.act(&self.pay_by_card("APRO", true)?, "charge_back"),
            Event::Refunded => self.refund(&json!({})),
            Event::PartiallyRefunded => self.refund(&json!({"amount": means(self.site).1 / 2})),
        }
    }

    fn pay_by_card(&self, holder: &str, captures: bool) -> Result<Value, Failure> {
        let (number, amount, _) = means(self.site);
        let card = json!({
            "card_number": number, "security_code": "123", "expiration_month": 11, "expiration_year": 2099,
            "cardholder": {"name": holder},
        });
        let token = self.client.post("/v1/card_tokens", &card)?;
        self.pay(json!({
            "transaction_amount": amount, "token": token["id"], "installments": 1, "capture": captures,
            "payer": {"email": PAYER},
        }))
    }

    fn pend(&self) -> Result<Value, Failure> {
        let (_, amount, method) = means(self.site);
        let mut payer =
            json!({"email": PAYER, "first_name": "Ana", "last_name": "Paz", "entity_type": "individual"});
        if self.site == Site::MLU {
            payer["identification"] = json!({"type": "CI", "number": "12345672"});
        }
        self.pay(json!({"transaction_amount": amount, "payment_method_id": method, "payer": payer}))
    }

    fn pay(&self, mut body: Value) -> Result<Value, Failure> {
        body["description"] = json!("pasarela trigger");
        if let Some(url) = &self.arguments.notification_url {
            body["notification_url"] = json!(url);
        }
        if let Some(reference) = &self.arguments.external_reference {
            body["external_reference"] = json!(reference);
        }
        self.client.post("/v1/payments", &body)
    }

    fn refund(&self, body: &Value) -> Result<Value, Failure> {
        let payment = self.pay_by_card("APRO", true)?;
        self.client.post(&format!("{}/refunds", path(&payment)), body)?;
        self.client.get(&path(&payment))
    }

    fn act(&self, payment: &Value, act: &str) -> Result<Value, Failure> {
        self.client.post(&format!("/sandbox/payments/{}/{act}", payment["id"]), &json!({}))
    }
}

/// A payer that every test seller may sell to.
const PAYER: &str = "test_user_123@testuser.com";

fn path(payment: &Value) -> String {
    format!("/v1/payments/{}", payment["id"])
}
