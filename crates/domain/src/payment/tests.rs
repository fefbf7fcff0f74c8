//! A payment's world in memory: a market, a clock, books and timers, in which its life is told.

mod books;
mod forgotten;
mod histories;
mod life;
mod story;

use super::create::{CardFacts, Collector, Facts, Provenance, Step, card_answered, charge_made, plan};
use super::request::CreatePayment;
use super::{Decision, create};
use crate::card_token::CardToken;
use crate::catalogue::{self, Catalogue, PaymentMethod};
use crate::context::{Context, Ids};
use crate::identity::Mode;
use crate::json::Json;
use crate::rail::{CardOutcome, Instructions};
use crate::refusal::{Code, Refusal};
use crate::site::Site;
use crate::timestamp::{DAY, Timestamp};
use serde_json::{Value, json};

/// 2026-11-21T12:40:10Z, a Saturday.
const START: Timestamp = Timestamp(1_795_264_810_000);
const SELLER: i64 = 1_001;
const INTEGRATOR: i64 = 2_002;
const BUYER: i64 = 3_003;
const URL: &str = "http://127.0.0.1:8080";

/// Ids that count.
struct Counter(i64);

impl Ids for Counter {
    fn next_id(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }

    fn random_below(&mut self, bound: u64) -> u64 {
        self.next_id().unsigned_abs() % bound
    }

    fn uuid(&mut self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.next_id())
    }
}

/// How the rail answers.
#[derive(Clone, Debug)]
enum Answer {
    Card(CardOutcome),
    /// Tickets and transfers: always made out.
    Charge,
    /// The payer's balance.
    Wallet(i64),
}

impl Answer {
    /// Authorises, makes out, has enough.
    fn yes(method: &PaymentMethod) -> Answer {
        match method.payment_type {
            kind if kind.is_card() => Answer::Card(authorized()),
            crate::catalogue::PaymentType::AccountMoney => Answer::Wallet(i64::MAX / 2),
            _ => Answer::Charge,
        }
    }
}

fn authorized() -> CardOutcome {
    CardOutcome::Authorized { authorization_code: "123456".to_owned() }
}

fn method(site: Site, id: &str) -> &'static PaymentMethod {
    catalogue::of(site).method(id).unwrap()
}

/// A request that `method` accepts, for `minor` units.
fn request(site: Site, method: &PaymentMethod, minor: i64) -> Value {
    let amount = crate::money::Money::new(minor, site.currency());
    let (document, number) = match site {
        Site::MLB => ("CPF", "47599927905"),
        Site::MLC => ("RUT", "171919444"),
        Site::MCO => ("CC", "1054758259"),
        Site::MLU => ("CI", "42534190"),
        Site::MLA | Site::MPE => ("DNI", "28860490"),
        Site::MLM => ("RFC", "XEXX010101000"),
    };
    let mut body = json!({
        "transaction_amount": amount.to_number(),
        "payment_method_id": method.id,
        "payer": {
            "email": "test_user_1@testuser.com", "first_name": "Ana", "last_name": "Luz",
            "entity_type": "individual",
            "address": {
                "zip_code": "01310924", "street_name": "Rua A", "street_number": "1", "neighborhood": "Centro",
                "city": "Cidade", "federal_unit": "SP",
            },
        },
        "metadata": {"price": 10.50, "nested": {"a": [1, null]}},
        "external_reference": "order-1",
    });
    if site != Site::MLM || method.id == "paycash" {
        body["payer"]["identification"] = json!({"type": document, "number": number});
    }
    if method.payment_type.is_card() {
        body["installments"] = json!(1);
        body["token"] = json!("0123456789abcdef0123456789abcdef");
    }
    if method.id == "pse" {
        body["transaction_details"] = json!({"financial_institution": method.financial_institutions[0].id});
        body["additional_info"] = json!({"ip_address": "127.0.0.1"});
        body["callback_url"] = json!("https://shop.example/back");
    }
    body
}

/// Eight digits of a card of `method`.
fn bin_of(site: Site, method: &PaymentMethod) -> Option<String> {
    let ranges = method.settings.iter().flat_map(|settings| settings.bins.ranges());
    ranges
        .flat_map(|(first, last)| [*first, *last])
        .map(|digits| format!("{digits:08}"))
        .find(|bin| catalogue::of(site).resolve_bin(bin).iter().any(|known| known.id == method.id))
}

fn card(bin: &str) -> CardFacts {
    // As it is stored, so that members that only some tokens have need not be named.
    let token: CardToken = serde_json::from_value(json!({
        "public_key": null,
        "first_six_digits": &bin[..6],
        "expiration_month": 11,
        "expiration_year": 2030,
        "last_four_digits": "6351",
        "cardholder": {"name": "APRO", "identification": {"type": null, "number": null}},
        "status": "active",
        "date_created": START,
        "date_last_updated": START,
        "date_due": START.plus_ms(8 * DAY),
        "date_used": null,
        "luhn_validation": true,
        "live_mode": false,
        "require_esc": false,
        "card_number_length": 16,
        "security_code_length": 3,
    }))
    .unwrap();
    CardFacts { token, bin: bin.to_owned(), number_length: 16, fingerprint: "ab".repeat(32) }
}

/// Makes a payment of `body`: planned, asked of the rail, decided on its `answer`.
fn pay(
    site: Site,
    body: &Value,
    bin: Option<&str>,
    answer: Answer,
    context: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let body = Json::from(body);
    let request = CreatePayment::from_json(&body, site)?;
    let collector = Collector {
        takes_pix: true,
        statement_descriptor: None,
        account_id: SELLER,
        site,
        name: "Loja".to_owned(),
        application_id: 77,
        application_owner: INTEGRATOR,
    };
    let card = bin.map(card);
    let facts = Facts {
        catalogue: &Catalogue::compiled_in(),
        collector: &collector,
        card: card.as_ref(),
        payer_id: BUYER,
        provenance: &Provenance::default(),
        public_url: URL,
        wallet_owner: None,
    };
    let plan = plan(&request, &facts, context)?;
    match (&plan.step, answer) {
        (Step::Authorize(_), Answer::Card(outcome)) => card_answered(plan, outcome, URL, context),
        (Step::Charge(_), Answer::Charge) => {
            let instructions = Instructions {
                qr_code: Some("00020126".to_owned()),
                payment_method_reference_id: Some("123".to_owned()),
                barcode_content: Some("1".repeat(44)),
                clabe: (plan.state.payment.payment_method_id == "clabe").then(|| "6".repeat(18)),
                ..Instructions::default()
            };
            Ok(charge_made(plan, instructions, URL, context))
        }
        (Step::Wallet(_), Answer::Wallet(balance)) => create::wallet_answered(plan, balance, context),
        (step, answer) => panic!("{step:?} is not answered with {answer:?}"),
    }
}

/// The number of a refusal's first cause.
fn code(refusal: &Refusal) -> i64 {
    match refusal.causes.first().map(|cause| &cause.code) {
        Some(Code::Number(code)) => *code,
        other => panic!("no numbered cause: {other:?}"),
    }
}

fn context(now: Timestamp, ids: &mut Counter) -> Context<'_> {
    Context { now, mode: Mode::Test, ids }
}
