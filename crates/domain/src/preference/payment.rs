//! From a buyer's choice on the hosted checkout to the request for a payment: what the seller wrote into the preference,
//! and what the buyer typed.

use super::{Item, PayerHint, Preference};
use crate::money::{Money, apportion};
use crate::payment::request::is_additional_info;
use crate::timestamp::Timestamp;
use serde_json::{Map, Value, json};

/// What a buyer chose and typed. The card itself is behind the token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuyerChoice {
    /// `visa`, `pix`, …; none for a card, whose number tells it.
    pub payment_method_id: Option<String>,
    /// A card token.
    pub token: Option<String>,
    /// How many instalments.
    pub installments: Option<u32>,
    /// What the buyer was shown that these cost in all; `None` where no plan was shown.
    pub shown_total: Option<Money>,
    /// E-mail.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Kind of document.
    pub document_type: String,
    /// Its number.
    pub document_number: String,
    /// The address, by its members' names, for methods that need one.
    pub address: Vec<(&'static str, String)>,
    /// The bank of a transfer.
    pub financial_institution: Option<String>,
    /// The buyer's address on the network.
    pub ip_address: String,
}

/// What one payment pays of a preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// How much.
    pub amount: Money,
    /// The marketplace's part of it.
    pub fee: Money,
    /// Whether it is approved or refused at once.
    pub is_binary: bool,
}

impl Share {
    /// All of it.
    pub fn whole(preference: &Preference) -> Share {
        let currency = preference.site().currency();
        Share {
            amount: preference.total(),
            fee: preference.marketplace_fee.money(currency),
            is_binary: preference.binary_mode,
        }
    }

    /// `balance` of it, and the rest, which a card pays: at once or not at all, because one part alone pays nothing. The
    /// marketplace's fee is split like the price. `None` when one of both would pay nothing.
    pub fn split(preference: &Preference, balance: Money) -> Option<(Share, Share)> {
        let whole = Share::whole(preference);
        let rest_minor = whole.amount.minor - balance.minor;
        if balance.minor <= 0 || rest_minor <= 0 || balance.currency != whole.amount.currency {
            return None;
        }
        let fees = apportion(whole.fee.minor, &[balance.minor, rest_minor]);
        let share = |amount_minor: i64, fee_minor: Option<&i64>| Share {
            amount: Money::new(amount_minor, balance.currency),
            fee: Money::new(fee_minor.copied().unwrap_or(0), balance.currency),
            is_binary: true,
        };
        Some((share(balance.minor, fees.first()), share(rest_minor, fees.get(1))))
    }
}

/// Where a payment belongs.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The merchant order.
    pub order_id: i64,
    /// Until when what is paid elsewhere can be paid, if the seller said so.
    pub expires: Option<Timestamp>,
    /// Where a bank sends the buyer back to.
    pub return_url: &'a str,
}

/// The body of `POST /v1/payments` that the choice comes to.
pub fn request(preference: &Preference, choice: &BuyerChoice, place: Place<'_>, share: Share) -> Value {
    let mut body = Map::new();
    let mut say = |name: &str, value: Value| {
        let is_empty = value.is_null() || value.as_str() == Some("");
        if !is_empty {
            body.insert(name.to_owned(), value);
        }
    };
    say("transaction_amount", Value::Number(share.amount.to_number()));
    say("token", choice.token.clone().into());
    say("installments", choice.installments.into());
    say("payment_method_id", choice.payment_method_id.clone().into());
    say("payer", payer(&preference.payer, choice));
    say("description", description(&preference.items).into());
    say("external_reference", preference.external_reference.clone().into());
    say("statement_descriptor", preference.statement_descriptor.clone().into());
    say("notification_url", preference.notification_url.clone().into());
    say("metadata", preference.metadata.clone());
    say("additional_info", additional_info(preference, choice));
    say("binary_mode", share.is_binary.into());
    // The page can show a challenge; where everything is decided at once there is no time for one. With real money no
    // issuer answers here yet: a challenge that nobody can go through would hold the payment up for nothing.
    let may_challenge = choice.token.is_some() && !share.is_binary && !preference.live_mode;
    say("three_d_secure_mode", may_challenge.then_some("optional").into());
    say("date_of_expiration", place.expires.map(|at| at.to_wire()).into());
    if !share.fee.is_zero() {
        say("application_fee", Value::Number(share.fee.to_number()));
    }
    say("differential_pricing_id", preference.differential_pricing.as_ref().map(|pricing| pricing.id).into());
    say("callback_url", choice.financial_institution.as_ref().map(|_| place.return_url).into());
    say("sponsor_id", preference.sponsor_id.into());
    say("order", json!({"id": place.order_id, "type": "mercadopago"}));
    say("point_of_interaction", json!({"type": "CHECKOUT"}));
    if let Some(institution) = &choice.financial_institution {
        say("transaction_details", json!({"financial_institution": institution}));
    }
    Value::Object(body)
}

/// What the buyer typed. Of a document or a street that was left empty, what the seller knows: of this very buyer, whom the
/// e-mail names, and of nobody else who has the preference's address.
fn payer(hint: &PayerHint, choice: &BuyerChoice) -> Value {
    let hint = Some(hint).filter(|hint| hint.is_about(&choice.email));
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut payer = json!({"email": choice.email, "first_name": said(&choice.first_name), "last_name": said(&choice.last_name)});
    let known = hint.and_then(PayerHint::document);
    if !choice.document_number.is_empty() {
        payer["identification"] =
            json!({"type": said(&choice.document_type), "number": choice.document_number});
    } else if let Some(document) = known {
        payer["identification"] = json!({"type": document.kind, "number": document.number});
    }
    let typed = choice.address.iter().filter(|(_, text)| !text.is_empty());
    let mut address: Map<String, Value> =
        typed.map(|(name, text)| ((*name).to_owned(), Value::String(text.clone()))).collect();
    if let Some(street) = hint.and_then(PayerHint::street)
        && !street.iter().any(|(name, _)| address.contains_key(*name))
        // Only for a method that asks for one.
        && !address.is_empty()
    {
        address.extend(street.map(|(name, text)| (name.to_owned(), Value::from(text))));
    }
    if !address.is_empty() {
        payer["address"] = Value::Object(address);
    }
    if choice.financial_institution.is_some() {
        payer["entity_type"] = json!("individual");
    }
    payer
}

/// What the buyer reads on a bill: the first article, and how many others there are.
pub fn description(items: &[Item]) -> String {
    let first = items.first().map(|item| item.title.as_str()).unwrap_or_default();
    match items.len() {
        0 | 1 => first.to_owned(),
        count => format!("{first} (+{})", count - 1),
    }
}

/// What the seller told of the sale, as a shop tells it that charges by itself: the goods with the data of their trade, the
/// buyer if it is the one whom the seller knows, and where the goods go.
fn additional_info(preference: &Preference, choice: &BuyerChoice) -> Value {
    /// More would only make the payment's body larger.
    const MOST_ITEMS: usize = 50;
    let items: Vec<Value> = preference.items.iter().take(MOST_ITEMS).map(item).collect();
    let mut info = json!({"items": items});
    if !choice.ip_address.is_empty() {
        info["ip_address"] = json!(choice.ip_address);
    }
    let is_known = preference.payer.is_about(&choice.email);
    let parts = [
        ("payer", is_known.then(|| known_buyer(&preference.payer))),
        ("shipments", Some(delivery(preference))),
    ];
    for (name, part) in parts.into_iter().filter_map(|(name, part)| Some((name, part?))) {
        if !part.is_empty() {
            info[name] = Value::Object(part);
        }
    }
    // Plugins write the same once more, and what they know beside it, where others write a text.
    for (name, value) in preference.additional_info.as_object().into_iter().flatten() {
        let is_missing = info.get(name).is_none() && (is_known || name != "payer");
        if is_missing && is_additional_info(&json!({name: value})) {
            info[name] = value.clone();
        }
    }
    info
}

fn item(item: &Item) -> Value {
    let mut shown = json!({
        "id": item.id,
        "title": item.title,
        "description": item.description,
        "picture_url": item.picture_url,
        "category_id": item.category_id,
        "quantity": item.quantity,
        "unit_price": item.unit_price,
    });
    for (name, value) in &item.trade {
        // A preference keeps these whatever they are; one that no payment may have must not keep the buyer from paying.
        if is_additional_info(&json!({"items": [{name: value}]})) {
            shown[name] = value.clone();
        }
    }
    shown
}

fn known_buyer(hint: &PayerHint) -> Map<String, Value> {
    said([
        ("first_name", json!(hint.name)),
        ("last_name", json!(hint.surname)),
        (
            "phone",
            json!(said([("area_code", json!(hint.phone.area_code)), ("number", json!(hint.phone.number))])),
        ),
        (
            "address",
            json!(said([
                ("zip_code", json!(hint.address.zip_code)),
                ("street_name", json!(hint.address.street_name)),
                ("street_number", json!(hint.address.street_number)),
            ])),
        ),
        ("registration_date", json!(hint.registration_date.or(hint.date_created))),
        ("authentication_type", json!(hint.authentication_type)),
        ("is_prime_user", json!(hint.is_prime_user)),
        ("is_first_purchase_online", json!(hint.is_first_purchase_online)),
        ("last_purchase", json!(hint.last_purchase)),
    ])
}

fn delivery(preference: &Preference) -> Map<String, Value> {
    let shipments = &preference.shipments;
    let address = &shipments.receiver_address;
    said([
        (
            "receiver_address",
            json!(said([
                ("zip_code", json!(address.zip_code)),
                ("street_name", json!(address.street_name)),
                ("street_number", json!(address.street_number)),
                ("floor", json!(address.floor)),
                ("apartment", json!(address.apartment)),
                ("city_name", json!(address.city_name)),
                ("state_name", json!(address.state_name)),
                ("country_name", json!(address.country_name)),
            ])),
        ),
        ("express_shipment", json!(shipments.express_shipment)),
        ("local_pickup", json!(shipments.local_pickup)),
    ])
}

/// The members that say something.
fn said<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(inner) => !inner.is_empty(),
        _ => true,
    };
    let members = members.into_iter().filter(|(_, value)| says(value));
    members.map(|(name, value)| (name.to_owned(), value)).collect()
}
