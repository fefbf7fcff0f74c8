//! Who is compared: how each is started, and how each is asked for the same thing in its own words.

use super::installation::{Installation, Package};
use crate::load::{Keep, Requests};
use crate::requests::{self, Method};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use tokio::process::Command;

/// One program in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Contender {
    /// `pasarela dev --data DIR`: durable, as anybody runs it.
    Pasarela,
    /// `pasarela dev --ephemeral`.
    PasarelaEphemeral,
    /// A Stripe emulator in Python.
    Localstripe,
    /// A Stripe emulator on Express.
    StripeStatefulMock,
    /// Emulators of many services; its Stripe.
    Emulate,
    /// Mockoon with a data bucket behind its route.
    MockoonBucket,
    /// Mockoon with one fixed answer.
    MockoonFixed,
    /// Prism, answering from an OpenAPI document.
    Prism,
}

/// What a payment needs before it can be created.
pub enum Card {
    /// Nothing: the card stands in the request.
    Named,
    /// One card, made once with this request and charged again and again.
    Shared(Vec<u8>),
    /// A single-use token for each payment.
    SingleUse,
}

/// A key in the form that the emulators of Stripe expect of a caller; they take any.
const STRIPE_KEY: &str = "sk_test_12345";

/// `emulate` answers a key 5,000 times an hour and then refuses it, so each key asks a little less often.
const REQUESTS_PER_KEY: usize = 4_000;

impl Contender {
    /// All of them, in the order of the table.
    pub const ALL: [Contender; 8] = [
        Contender::Pasarela,
        Contender::PasarelaEphemeral,
        Contender::Localstripe,
        Contender::StripeStatefulMock,
        Contender::Emulate,
        Contender::MockoonBucket,
        Contender::MockoonFixed,
        Contender::Prism,
    ];

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Contender::Pasarela => "Pasarela",
            Contender::PasarelaEphemeral => "Pasarela, --ephemeral",
            Contender::Localstripe => "localstripe",
            Contender::StripeStatefulMock => "stripe-stateful-mock",
            Contender::Emulate => "emulate",
            Contender::MockoonBucket => "Mockoon, data bucket",
            Contender::MockoonFixed => "Mockoon, fixed answer",
            Contender::Prism => "Prism",
        }
    }

    /// Whether it is Pasarela itself.
    pub const fn is_own(self) -> bool {
        matches!(self, Contender::Pasarela | Contender::PasarelaEphemeral)
    }

    /// Where it comes from; `None` for this project's own binary.
    pub const fn package(self) -> Option<Package> {
        match self {
            Contender::Pasarela | Contender::PasarelaEphemeral => None,
            Contender::Localstripe => Some(Package::Python("localstripe")),
            Contender::StripeStatefulMock => Some(Package::Node("stripe-stateful-mock")),
            Contender::Emulate => Some(Package::Node("emulate")),
            Contender::MockoonBucket | Contender::MockoonFixed => Some(Package::Node("@mockoon/cli")),
            Contender::Prism => Some(Package::Node("@stoplight/prism-cli")),
        }
    }

    /// The calls that are measured, as the table names them: to create and to read.
    pub const fn calls(self) -> (&'static str, &'static str) {
        match self {
            Contender::Localstripe | Contender::StripeStatefulMock => {
                ("`POST /v1/charges`", "`GET /v1/charges/{id}`")
            }
            Contender::Emulate => ("`POST /v1/payment_intents`", "`GET /v1/payment_intents/{id}`"),
            _ => ("`POST /v1/payments`", "`GET /v1/payments/{id}`"),
        }
    }

    /// What a reader must know to judge the numbers.
    pub const fn remark(self) -> &'static str {
        match self {
            Contender::Pasarela => {
                "card payment, approved, posted to the ledger, searchable, synced to disk before the answer"
            }
            Contender::PasarelaEphemeral => "the same in a directory that goes away",
            Contender::Localstripe => {
                "card charged, succeeded; everything it holds is written to one file again for each request, not synced"
            }
            Contender::StripeStatefulMock => "card charged, succeeded",
            Contender::Emulate => {
                "the intent alone: it does not confirm in the same call. Refuses a key after 5,000 requests an hour, \
                 so the keys change. 0.12 needs a newer Node than 20, and npm's `latest` of this name is another package"
            }
            Contender::MockoonBucket => "keeps the request's body under a new id; nothing is decided",
            Contender::MockoonFixed => "one body of a payment for every request",
            Contender::Prism => "checks the request against the document, answers its example",
        }
    }

    /// The command that starts it on `port`, with what it keeps in `directory`. `anew` is false when it shall go on
    /// with what it finds there.
    pub fn command(self, installed: &Installation, port: u16, directory: &Path, anew: bool) -> Command {
        let port = port.to_string();
        let mut command = match self {
            Contender::Pasarela | Contender::PasarelaEphemeral => {
                let mut command = Command::new(&installed.pasarela);
                command.args(["dev", "--listen", &format!("127.0.0.1:{port}")]);
                match self {
                    Contender::Pasarela => command.arg("--data").arg(directory),
                    _ => command.arg("--ephemeral").env("TMPDIR", directory),
                };
                command
            }
            Contender::Localstripe => {
                let mut command = Command::new(installed.python());
                command.args(["-m", "localstripe", "--port", &port]);
                if anew {
                    command.arg("--from-scratch");
                }
                command
            }
            Contender::StripeStatefulMock => {
                let mut command = installed.node("stripe-stateful-mock/dist/cli.js");
                command.env("PORT", &port);
                command
            }
            Contender::Emulate => {
                let mut command = installed.node("emulate/dist/index.js");
                command.args(["start", "--service", "stripe", "--port", &port]);
                command
            }
            Contender::MockoonBucket => mockoon(installed, "mockoon-bucket.json", &port),
            Contender::MockoonFixed => mockoon(installed, "mockoon-fixed.json", &port),
            Contender::Prism => {
                let mut command = installed.node("@stoplight/prism-cli/dist/index.js");
                command.args(["mock", "--port", &port]).arg(installed.file("payments.openapi.json"));
                command
            }
        };
        // A process group of its own: what it starts itself is counted with it, and ended with it.
        command.current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
        command.kill_on_drop(true);
        command
    }

    /// What a payment needs before it can be created.
    pub fn card(self) -> Card {
        match self {
            Contender::Pasarela | Contender::PasarelaEphemeral => Card::SingleUse,
            Contender::Localstripe => {
                const CARD: &str = "type=card&card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2030&card[cvc]=123";
                let mut request = Vec::new();
                post_form(&mut request, "/v1/payment_methods", STRIPE_KEY, CARD);
                Card::Shared(request)
            }
            _ => Card::Named,
        }
    }

    /// Requests that create payments, each with a name of `series` in it. `cards` are what [`Contender::card`] asked
    /// for; single-use ones end the requests when they are used up.
    pub fn creating(self, access_token: &str, series: &str, cards: Vec<String>) -> Requests {
        let series = series.to_owned();
        match self {
            Contender::Pasarela | Contender::PasarelaEphemeral => {
                let series = requests::Series {
                    access_token: access_token.to_owned(),
                    method: Method::Card,
                    prefix: series,
                    notification_url: None,
                };
                series.requests(0, cards, usize::MAX)
            }
            Contender::Localstripe => {
                let card = cards.into_iter().next().unwrap_or_default();
                charges(format!("amount=10050&currency=brl&source={card}&description={series}"))
            }
            Contender::StripeStatefulMock => {
                charges(format!("amount=10050&currency=brl&source=tok_visa&description={series}"))
            }
            Contender::Emulate => Arc::new(move |n, into| {
                let body =
                    format!("amount=10050&currency=brl&payment_method=pm_card_visa&description={series}-{n}");
                post_form(into, "/v1/payment_intents", &emulate_key(&series, n), &body);
                true
            }),
            Contender::MockoonBucket | Contender::MockoonFixed | Contender::Prism => {
                Arc::new(move |n, into| {
                    let reference = requests::external_reference(&series, n);
                    let token = "4d0c973404bbd4a9fc2f888b903075c7";
                    let body = requests::payment_body(Method::Card, &reference, token, None);
                    requests::post(into, "/v1/payments", STRIPE_KEY, Some(&reference), &body);
                    true
                })
            }
        }
    }

    /// Requests that read the payments `ids`, in turn.
    pub fn reading(self, access_token: &str, series: &str, ids: Vec<String>) -> Requests {
        let path = match self {
            Contender::Localstripe | Contender::StripeStatefulMock => "/v1/charges",
            Contender::Emulate => "/v1/payment_intents",
            _ => "/v1/payments",
        };
        let paths: Vec<String> = ids.iter().map(|id| format!("{path}/{id}")).collect();
        let (own_token, series) = (access_token.to_owned(), series.to_owned());
        Arc::new(move |n, into| {
            let path = &paths[n % paths.len()];
            match self {
                Contender::Pasarela | Contender::PasarelaEphemeral => requests::get(into, path, &own_token),
                Contender::Emulate => requests::get(into, path, &emulate_key(&series, n)),
                _ => requests::get(into, path, STRIPE_KEY),
            }
            true
        })
    }

    /// How the payment's id is taken from the answer that created it.
    pub fn id(self) -> Keep {
        match self {
            // It puts the id that it makes behind what the request said.
            Contender::MockoonBucket => last_id,
            _ => first_id,
        }
    }

    /// Whether `body` is the payment that was created: the example that a stateless one answers has another amount.
    pub fn is_created(self, body: &[u8]) -> bool {
        let Ok(body) = serde_json::from_slice::<Value>(body) else { return false };
        match self {
            Contender::Localstripe | Contender::StripeStatefulMock | Contender::Emulate => {
                body["amount"].as_f64() == Some(10_050.0)
            }
            _ => body["transaction_amount"].as_f64() == Some(100.5),
        }
    }
}

fn mockoon(installed: &Installation, environment: &str, port: &str) -> Command {
    let mut command = installed.node("@mockoon/cli/bin/run.js");
    // Without the last, it writes its log to the home directory.
    command.args(["start", "--port", port, "--disable-log-to-file", "--data"]);
    command.arg(installed.file(environment));
    command
}

fn charges(body: String) -> Requests {
    Arc::new(move |n, into| {
        post_form(into, "/v1/charges", STRIPE_KEY, &format!("{body}-{n}"));
        true
    })
}

fn emulate_key(series: &str, n: usize) -> String {
    format!("sk_test_{series}_{}", n / REQUESTS_PER_KEY)
}

/// A request as Stripe's own libraries send it.
fn post_form(into: &mut Vec<u8>, path: &str, key: &str, body: &str) {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    into.extend_from_slice(head.as_bytes());
    into.extend_from_slice(body.as_bytes());
}

/// The value of the first `id`, text or number.
pub fn first_id(body: &[u8]) -> Option<String> {
    value_at_start(std::str::from_utf8(body).ok()?.split_once(r#""id":"#)?.1)
}

/// The value of the last `id`.
fn last_id(body: &[u8]) -> Option<String> {
    value_at_start(std::str::from_utf8(body).ok()?.rsplit_once(r#""id":"#)?.1)
}

fn value_at_start(text: &str) -> Option<String> {
    let value: String =
        text.trim_start_matches([' ', '"']).chars().take_while(|c| !matches!(c, '"' | ',' | '}')).collect();
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(requests: &Requests, n: usize) -> String {
        let mut into = Vec::new();
        assert!(requests(n, &mut into));
        String::from_utf8(into).unwrap()
    }

    #[test]
    fn ids_are_found_as_numbers_and_as_texts() {
        assert_eq!(first_id(br#"{"id":17,"payer":{"id":"3"}}"#).unwrap(), "17");
        assert_eq!(first_id(b"{\n  \"id\": \"ch_1\",\n}").unwrap(), "ch_1");
        assert_eq!(last_id(br#"{"items":[{"id":"SKU-1"}],"id":"c8"}"#).unwrap(), "c8");
        assert_eq!(first_id(b"{}"), None);
    }

    #[test]
    fn every_contender_asks_for_the_same_amount_and_reads_by_id() {
        for contender in Contender::ALL {
            let cards = vec!["card-1".to_owned()];
            let create = written(&contender.creating("TEST-1", "series", cards), 0);
            assert!(create.starts_with("POST /v1/"), "{create}");
            assert!(create.contains("amount=10050&") || create.contains(r#""transaction_amount":100.5,"#));
            let read = written(&contender.reading("TEST-1", "series", vec!["77".to_owned()]), 5);
            assert!(read.starts_with("GET /v1/") && read.contains("/77 HTTP/1.1\r\n"), "{read}");
        }
    }

    #[test]
    fn no_key_of_emulate_reaches_its_limit() {
        let requests = Contender::Emulate.creating("", "series", Vec::new());
        assert!(written(&requests, 3_999).contains("Bearer sk_test_series_0\r\n"));
        assert!(written(&requests, 4_000).contains("Bearer sk_test_series_1\r\n"));
    }

    #[test]
    fn an_example_is_not_taken_for_the_created_payment() {
        assert!(Contender::Pasarela.is_created(br#"{"transaction_amount":100.5}"#));
        assert!(!Contender::Prism.is_created(br#"{"transaction_amount":1}"#));
        assert!(Contender::Localstripe.is_created(br#"{"amount":10050}"#));
        assert!(!Contender::Localstripe.is_created(b"not found"));
    }
}
