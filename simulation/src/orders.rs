//! What buyers order: the bodies of `POST /v1/payments`, each paid once.

use crate::random::Random;
use pasarela_domain::card_token::TokenRequest;
use pasarela_domain::identity::{Caller, Mode};
use pasarela_domain::json::Json;
use pasarela_domain::money::Money;
use pasarela_domain::payment::change::PaymentChange;
use pasarela_domain::site::Site;
use pasarela_engine::seeds::{self, SeedBuyer, SeedSeller};
use serde_json::{Value, json};
use std::fmt;

/// The sellers' sites: money released after days and at once, with decimals and without, each with cards and with
/// something that is paid elsewhere.
const SITES: [Shop; 7] = [
    Shop {
        site: Site::MLB,
        cards: &["5031433215406351", "5483928164574623", "5361956806117557"],
        elsewhere: "bolbradesco",
    },
    Shop { site: Site::MLA, cards: &["5031755734530604", "4509953566233704"], elsewhere: "rapipago" },
    Shop { site: Site::MPE, cards: &["4009175332806176"], elsewhere: "pagoefectivo_atm" },
    Shop { site: Site::MLU, cards: &["5031755734530604"], elsewhere: "abitab" },
    Shop { site: Site::MLM, cards: &["5474925432670366", "4075595716483764"], elsewhere: "oxxo" },
    Shop { site: Site::MLC, cards: &["5416752602582580", "4168818844447115"], elsewhere: "webpay" },
    Shop { site: Site::MCO, cards: &["5254133674403564", "4013540682746260"], elsewhere: "efecty" },
];

/// What holders are called, and with it what the rail answers: mostly yes.
const HOLDERS: [&str; 8] = ["APRO", "APRO", "APRO", "APRO", "CONT", "CONT", "OTHE", "FUND"];

/// A card as its holder types it.
#[derive(Clone, Copy)]
pub(crate) struct Card {
    number: &'static str,
    holder: &'static str,
}

impl Card {
    /// The form that it is typed into.
    pub(crate) fn form(&self) -> TokenRequest {
        let form = json!({
            "card_number": self.number, "expiration_month": 11, "expiration_year": 2040, "security_code": "123",
            "cardholder": {"name": self.holder},
        });
        // The form is whole.
        TokenRequest::from_json(&Json::from(&form)).unwrap_or_default()
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Also of a test card, the number is not shown.
        f.debug_struct("Card").field("holder", &self.holder).finish_non_exhaustive()
    }
}

/// Where a seller sells, and what its buyers pay with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shop {
    site: Site,
    cards: &'static [&'static str],
    elsewhere: &'static str,
}

impl Shop {
    /// One of them.
    pub(crate) fn any(random: &mut Random) -> Shop {
        *random.pick(&SITES)
    }

    /// The seller's account.
    pub(crate) fn seller(&self) -> &'static SeedSeller {
        // Every site has one: a test of the seeds says so.
        seeds::sellers()
            .iter()
            .find(|seller| seller.account.site == self.site)
            .unwrap_or(&seeds::sellers()[0])
    }

    fn buyer(&self) -> &'static SeedBuyer {
        seeds::buyers().iter().find(|buyer| buyer.account.site == self.site).unwrap_or(&seeds::buyers()[0])
    }

    /// The body of an order named `order`, and the card that it is paid with, if it is.
    pub(crate) fn order(&self, order: &str, caller: &Caller, random: &mut Random) -> (Value, Option<Card>) {
        let unit = 10_i64.pow(self.site.currency().decimals());
        let amount = Money::new(random.between(2_000, 90_000) * unit, self.site.currency());
        let domain = if caller.mode.is_live() { "example.com" } else { "testuser.com" };
        let mut body = json!({
            "transaction_amount": amount.to_number(),
            "external_reference": order,
            "payer": {"email": format!("test_user_{}@{domain}", random.below(3))},
        });
        if !random.once_in(3) {
            let forms = ["", "?source_news=webhooks", "?source_news=ipn"];
            let (shop, form) = (random.below(2), random.pick(&forms));
            body["notification_url"] = json!(format!("http://shop{shop}.example/hook{form}"));
        }
        match random.below(8) {
            0 if caller.mode == Mode::Test => {
                // A wallet that several draw from, sometimes for more than it has.
                let minor = self.buyer().opening_balance_minor / random.between(1, 6) / unit * unit;
                body["transaction_amount"] = Money::new(minor, self.site.currency()).to_number().into();
                body["payer"]["email"] = json!(self.buyer().account.email);
                body["payment_method_id"] = json!("account_money");
                (body, None)
            }
            0..=2 => {
                self.pay_elsewhere(&mut body, random);
                (body, None)
            }
            _ => (self.with_card(body, random), Some(self.card(random))),
        }
    }

    fn pay_elsewhere(&self, body: &mut Value, random: &mut Random) {
        // A Pix has a picture to draw, which takes as long as ten other orders.
        let is_pix = self.site == Site::MLB && random.once_in(10);
        let seller = &self.seller().account;
        body["payment_method_id"] = json!(if is_pix { "pix" } else { self.elsewhere });
        body["payer"]["first_name"] = json!("Ana");
        body["payer"]["last_name"] = json!("Silva");
        body["payer"]["entity_type"] = json!("individual");
        if !seller.identification_type.is_empty() {
            body["payer"]["identification"] =
                json!({"type": seller.identification_type, "number": seller.identification_number});
        }
        body["payer"]["address"] = json!({
            "zip_code": "01310924", "street_name": "Avenida", "street_number": "1", "neighborhood": "Centro",
            "city": "Cidade", "federal_unit": "SP",
        });
        body["callback_url"] = json!("https://shop.example/back");
        body["transaction_details"] = json!({"financial_institution": "1234"});
        body["additional_info"] = json!({"ip_address": "127.0.0.1"});
        if self.site != Site::MLC {
            body.as_object_mut().map(|members| members.remove("transaction_details"));
        }
    }

    fn with_card(&self, mut body: Value, random: &mut Random) -> Value {
        body["installments"] = json!(*random.pick(&[1, 1, 1, 3]));
        body["capture"] = json!(!random.once_in(3));
        body["three_d_secure_mode"] = json!(*random.pick(&["optional", "not_supported"]));
        body
    }

    /// One of the cards that are used here.
    pub(crate) fn card(&self, random: &mut Random) -> Card {
        let (number, holder) = (random.pick(self.cards), random.pick(&HOLDERS));
        Card { number, holder }
    }
}

/// A small amount of this currency, or all of it.
pub(crate) fn amount(caller: &Caller, random: &mut Random) -> Option<String> {
    let currency = caller.site.currency();
    let minor = random.between(1, 3_000) * 10_i64.pow(currency.decimals());
    (!random.once_in(3)).then(|| Money::new(minor, currency).to_text())
}

/// A cancellation or a capture.
pub(crate) fn change(caller: &Caller, random: &mut Random) -> PaymentChange {
    match random.below(4) {
        0 => PaymentChange::Cancel,
        1 => PaymentChange::Capture { amount: amount(caller, random) },
        _ => PaymentChange::Capture { amount: None },
    }
}
