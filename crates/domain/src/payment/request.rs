//! `POST /v1/payments`: reading the request. Every field's type and limit is checked here, once; what comes out is
//! typed. What depends on the world (token, method, payer) is checked by `create`.

pub(super) mod additional_info;
mod shape;

pub(crate) use additional_info::is_taken as is_additional_info;
pub use shape::known_members;

use crate::customer::Customer;
use crate::documents;
use crate::json::{Json, JsonText, Members, member, text_or_number, unknown_member};
use crate::money::{Amount, AmountError, Money, parse_decimal};
use crate::payment::body::{Identification, Phone};
use crate::rail::ThreeDSecure;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::timestamp::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};

/// The longest `external_reference` (inferred).
pub const MAX_EXTERNAL_REFERENCE: usize = 256;
/// The longest `notification_url`: the error's own text says so.
pub const MAX_NOTIFICATION_URL: usize = 500;
/// The longest payer e-mail (RFC 5321's path limit).
pub const MAX_EMAIL: usize = 254;
/// The longest `description`; the API publishes none, and a body must stay bounded.
pub const MAX_DESCRIPTION: usize = 1_000;
/// The longest `statement_descriptor` that card networks carry is 22; longer ones are shortened for the network,
/// so only nonsense is refused.
pub const MAX_STATEMENT_DESCRIPTOR: usize = 100;

/// A request for a payment, read and typed.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatePayment<'b> {
    /// `transaction_amount`
    pub amount: Money,
    /// `token`
    pub token: Option<String>,
    /// `installments`, if sent.
    pub installments: Option<u32>,
    /// `payment_method_id`
    pub payment_method_id: Option<String>,
    /// `issuer_id`, as text.
    pub issuer_id: Option<String>,
    /// `payer`
    pub payer: PayerRequest,
    /// `description`
    pub description: Option<String>,
    /// `external_reference`
    pub external_reference: Option<String>,
    /// `statement_descriptor`
    pub statement_descriptor: Option<String>,
    /// `notification_url`
    pub notification_url: Option<String>,
    /// `metadata`, as sent.
    pub metadata: Option<&'b Members<'b>>,
    /// `additional_info`, as sent.
    pub additional_info: Option<&'b Members<'b>>,
    /// `capture`
    pub capture: bool,
    /// `binary_mode`
    pub binary_mode: bool,
    /// Whether `binary_mode` was sent at all.
    pub names_binary_mode: bool,
    /// `three_d_secure_mode`
    pub three_d_secure: ThreeDSecure,
    /// `date_of_expiration`
    pub date_of_expiration: Option<Timestamp>,
    /// `application_fee`
    pub application_fee: Option<Money>,
    /// `differential_pricing_id`
    pub differential_pricing_id: Option<i64>,
    /// `callback_url`
    pub callback_url: Option<String>,
    /// `sponsor_id`
    pub sponsor_id: Option<i64>,
    /// `order`, its id as a string.
    pub order: Value,
    /// `processing_mode`
    pub processing_mode: String,
    /// `merchant_account_id`
    pub merchant_account_id: Option<String>,
    /// `net_amount`
    pub net_amount: Option<Amount>,
    /// `taxes`
    pub taxes: Option<Value>,
    /// `transaction_details.financial_institution`
    pub financial_institution: Option<String>,
    /// `point_of_interaction.type`, `.sub_type`, `.linked_to`
    pub point_of_interaction: PointOfInteractionRequest,
    /// `payment_method.data`
    pub method_data: Option<Value>,
    /// `payment_method_option_id`: the plan that the buyer was shown.
    pub payment_method_option_id: Option<String>,
    /// `device_id`: what some libraries send in place of the header.
    pub device_id: Option<String>,
}

/// `payer` of the request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PayerRequest {
    /// Lower-case e-mail.
    pub email: Option<String>,
    /// `customer`, `guest`, `registered`.
    pub kind: Option<String>,
    /// Customer id.
    pub id: Option<String>,
    /// `individual`, `association`
    pub entity_type: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Document.
    pub identification: Identification,
    /// Phone.
    pub phone: Phone,
    /// Address, members as text.
    pub address: Vec<(String, String)>,
}

impl PayerRequest {
    /// A saved customer pays: the e-mail is the customer's, and so is whatever else was not sent.
    pub fn complete(&mut self, customer: &Customer) {
        self.email = Some(customer.email.clone());
        for (sent, known) in
            [(&mut self.first_name, &customer.first_name), (&mut self.last_name, &customer.last_name)]
        {
            if sent.is_none() {
                sent.clone_from(known);
            }
        }
        if self.identification == Identification::default() {
            self.identification = customer.identification.clone();
        }
        if self.phone == Phone::default() {
            self.phone.area_code.clone_from(&customer.phone.area_code);
            self.phone.number.clone_from(&customer.phone.number);
        }
    }
}

/// `point_of_interaction` of the request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointOfInteractionRequest {
    /// `type`
    pub kind: Option<String>,
    /// `sub_type`
    pub sub_type: Option<String>,
    /// `linked_to`
    pub linked_to: Option<String>,
    /// Whether the card's holder agreed at an earlier payment that the seller charges the card: `transaction_data`
    /// says that it is no first use, or that the seller starts it with data that is stored.
    pub is_subsequent: bool,
}

impl<'b> CreatePayment<'b> {
    /// Reads a request for a collector on `site`.
    ///
    /// # Errors
    /// The documented numbered causes: 1 (not an object), 8 (unknown member), 23, 2067, 40xx.
    pub fn from_json(body: &'b Json<'b>, site: Site) -> Result<CreatePayment<'b>, Refusal> {
        if !body.is_object() {
            return Err(Refusal::bad_request(1, "Params Error"));
        }
        if let Some(path) = unknown_member(body, &shape::PAYMENT) {
            return Err(wrong_name(&path));
        }
        let amount = transaction_amount(body, site)?;
        let installments = installments(body)?;
        let notification_url = notification_url(body)?;
        let metadata = match member(body, "metadata") {
            None => None,
            Some(Json::Object(members)) => Some(members),
            Some(_) => return Err(Refusal::bad_request(4022, "Metadata attribute must be a valid JSON")),
        };
        let additional_info = additional_info::read(member(body, "additional_info"))?;
        let date_of_expiration = member(body, "date_of_expiration").map(expiration_date).transpose()?;
        let application_fee = application_fee(body, amount)?;
        match member(body, "coupon_amount") {
            None => {}
            // A campaign's discount is given by itself; nobody names its amount: only "no discount" is valid.
            Some(Json::Number(number)) if parse_decimal(number.as_str()).is_some_and(|c| c.is_zero()) => {}
            Some(Json::Number(_)) => return Err(Refusal::bad_request(4026, "Invalid coupon_amount")),
            Some(_) => return Err(Refusal::bad_request(4028, "Coupon_amount attribute must be numeric")),
        }
        if let Some(campaign) = member(body, "campaign_id")
            && text_or_number(campaign).is_none_or(|text| text.parse::<i64>().is_err())
        {
            return Err(Refusal::bad_request(4027, "Campaign_id attribute must be numeric"));
        }
        Ok(CreatePayment {
            amount,
            token: text(body, "token", 128)?,
            installments,
            payment_method_id: text(body, "payment_method_id", 64)?,
            issuer_id: match member(body, "issuer_id") {
                None => None,
                Some(value) => text_or_number(value)
                    .filter(|id| id.len() <= 19)
                    .map(Some)
                    .ok_or_else(|| params_error("issuer_id must be a string or a number"))?
                    .filter(|id| !id.is_empty()),
            },
            payer: payer(body, site)?,
            description: text(body, "description", MAX_DESCRIPTION)?,
            external_reference: external_reference(body)?,
            statement_descriptor: text(body, "statement_descriptor", MAX_STATEMENT_DESCRIPTOR)?,
            notification_url,
            metadata,
            additional_info,
            capture: boolean(body, "capture")?.unwrap_or(true),
            binary_mode: boolean(body, "binary_mode")?.unwrap_or(false),
            names_binary_mode: member(body, "binary_mode").is_some(),
            three_d_secure: three_d_secure(body)?,
            date_of_expiration,
            application_fee,
            differential_pricing_id: integer(body, "differential_pricing_id")?,
            callback_url: text(body, "callback_url", MAX_NOTIFICATION_URL)?,
            sponsor_id: integer(body, "sponsor_id")?,
            order: order(body)?,
            processing_mode: processing_mode(body)?,
            merchant_account_id: text(body, "merchant_account_id", 64)?,
            net_amount: net_amount(body, amount)?,
            taxes: taxes(body)?,
            financial_institution: body
                .get("transaction_details")
                .and_then(|details| member(details, "financial_institution"))
                .and_then(text_or_number)
                .filter(|id| !id.is_empty() && id.len() <= 32),
            point_of_interaction: point_of_interaction(body),
            method_data: method_data(body)?,
            payment_method_option_id: text(body, "payment_method_option_id", 128)?,
            device_id: member(body, "device_id").and_then(text_or_number).map(shortened),
        })
    }
}

/// Cause 8, naming the member.
pub fn wrong_name(path: &str) -> Refusal {
    // A name can be as long as the body; an error message need not.
    let shown: String = path.chars().take(100).collect();
    Refusal::bad_request(8, format!("The name of the following parameters is wrong [{shown}]"))
}

/// Cause 1 with a word on what is wrong.
pub fn params_error(what: &str) -> Refusal {
    let mut refusal = Refusal::bad_request(1, "Params Error");
    refusal.message = format!("Params Error: {what}");
    refusal
}

fn transaction_amount(body: &Json<'_>, site: Site) -> Result<Money, Refusal> {
    match member(body, "transaction_amount") {
        None => Err(Refusal::bad_request(4002, "Transaction_amount attribute can't be null")),
        Some(Json::Number(number)) => match Money::from_decimal_text(number.as_str(), site.currency()) {
            Ok(amount) if amount.minor > 0 => Ok(amount),
            Ok(_) | Err(AmountError::TooManyDecimals | AmountError::OutOfRange | AmountError::NotANumber) => {
                Err(Refusal::bad_request(4037, "Invalid transaction_amount"))
            }
        },
        Some(_) => Err(Refusal::bad_request(4003, "Transaction_amount attribute must be numeric")),
    }
}

fn installments(body: &Json<'_>) -> Result<Option<u32>, Refusal> {
    match member(body, "installments") {
        None => Ok(None),
        Some(Json::Number(number)) => match number.as_str().parse::<u32>() {
            Ok(count) if (1..=99).contains(&count) => Ok(Some(count)),
            _ => Err(Refusal::bad_request(4033, "Invalid installments")),
        },
        Some(_) => Err(Refusal::bad_request(4005, "Installments attribute must be numeric")),
    }
}

fn notification_url(body: &Json<'_>) -> Result<Option<String>, Refusal> {
    let Some(value) = member(body, "notification_url") else { return Ok(None) };
    let invalid = || Refusal::bad_request(4020, "Notification_url attribute must be a valid URL");
    let Json::String(url) = value else { return Err(invalid()) };
    if url.is_empty() {
        return Ok(None);
    }
    if url.len() > MAX_NOTIFICATION_URL {
        return Err(Refusal::bad_request(
            4021,
            "Notification_url attribute must be shorter than 500 characters",
        ));
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or_else(invalid)?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // `[::1]` has colons of its own.
    let port = host.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
    let plausible = !host.is_empty()
        && !host.starts_with(':')
        && !host.contains('@')
        && port.is_none_or(|port| !port.starts_with('+') && port.parse::<u16>().is_ok_and(|port| port > 0))
        && url.chars().all(|c| !c.is_whitespace() && !c.is_control());
    plausible.then(|| Some(url.as_ref().to_owned())).ok_or_else(invalid)
}

/// `date_of_expiration`: cause 23 when it is not a date with an offset.
pub fn expiration_date(value: &Json<'_>) -> Result<Timestamp, Refusal> {
    value.as_str().and_then(Timestamp::parse).ok_or_else(|| {
        Refusal::bad_request(
            23,
            "The following parameters must be valid date and format (yyyy-MM-dd'T'HH:mm:ssz) date_of_expiration",
        )
    })
}

fn application_fee(body: &Json<'_>, amount: Money) -> Result<Option<Money>, Refusal> {
    let Some(value) = member(body, "application_fee") else { return Ok(None) };
    let Json::Number(number) = value else { return Err(params_error("application_fee must be a number")) };
    let fee = Money::from_decimal_text(number.as_str(), amount.currency)
        .map_err(|_| params_error("application_fee is not an amount of the site's currency"))?;
    if fee.minor < 0 {
        return Err(Refusal::bad_request(4039, "Application_fee cannot be a negative value"));
    }
    if fee.minor > amount.minor {
        return Err(Refusal::bad_request(4038, "Application_fee cannot be bigger than transaction_amount"));
    }
    Ok((!fee.is_zero()).then_some(fee))
}

fn three_d_secure(body: &Json<'_>) -> Result<ThreeDSecure, Refusal> {
    match member(body, "three_d_secure_mode") {
        None => Ok(ThreeDSecure::NotSupported),
        Some(Json::String(mode)) => match mode.as_ref() {
            "not_supported" => Ok(ThreeDSecure::NotSupported),
            "optional" => Ok(ThreeDSecure::Optional),
            "mandatory" => Ok(ThreeDSecure::Mandatory),
            _ => Err(params_error("three_d_secure_mode is not_supported, optional or mandatory")),
        },
        Some(_) => Err(params_error("three_d_secure_mode must be a string")),
    }
}

fn processing_mode(body: &Json<'_>) -> Result<String, Refusal> {
    match text(body, "processing_mode", 32)?.as_deref() {
        None | Some("aggregator") => Ok("aggregator".to_owned()),
        Some("gateway") => Ok("gateway".to_owned()),
        Some(_) => Err(params_error("processing_mode is aggregator or gateway")),
    }
}

fn payer(body: &Json<'_>, site: Site) -> Result<PayerRequest, Refusal> {
    let malformed = || Refusal::bad_request(4006, "Payer attribute is malformed");
    let Some(payer) = member(body, "payer") else { return Err(malformed()) };
    if !payer.is_object() {
        return Err(malformed());
    }
    let kind = text(payer, "type", 32).map_err(|_| Refusal::bad_request(4029, "Invalid payer type"))?;
    if let Some(kind) = &kind
        && !matches!(kind.as_str(), "customer" | "guest" | "registered")
    {
        return Err(Refusal::bad_request(4029, "Invalid payer type"));
    }
    let id = member(payer, "id").map(|id| text_or_number(id).ok_or_else(malformed)).transpose()?;
    let email = match member(payer, "email") {
        None => None,
        Some(Json::String(email)) if email.len() > MAX_EMAIL => {
            return Err(Refusal::bad_request(4051, "Payer.email must be shorter than 254 characters"));
        }
        Some(Json::String(email)) if is_email(email) => Some(email.to_lowercase()),
        Some(_) => return Err(Refusal::bad_request(4050, "Payer.email must be a valid email")),
    };
    if email.is_none() && !(kind.as_deref() == Some("customer") && id.is_some()) {
        return Err(Refusal::bad_request(4050, "Payer.email must be a valid email"));
    }
    let identification = match member(payer, "identification") {
        None => Identification::default(),
        Some(value @ Json::Object(_)) => identification(value, site)?,
        Some(_) => return Err(malformed()),
    };
    let phone = match member(payer, "phone") {
        None => Phone::default(),
        Some(value) => Phone {
            area_code: member(value, "area_code").and_then(text_or_number).map(shortened),
            number: member(value, "number").and_then(text_or_number).map(shortened),
            extension: member(value, "extension").and_then(text_or_number).map(shortened),
        },
    };
    let address = match payer.get("address") {
        Some(Json::Object(members)) => members
            .iter()
            .filter_map(|(name, value)| Some((name.as_ref().to_owned(), shortened(text_or_number(value)?))))
            .filter(|(_, value)| !value.trim().is_empty())
            .collect(),
        _ => Vec::new(),
    };
    Ok(PayerRequest {
        email,
        kind,
        id,
        entity_type: text(payer, "entity_type", 32)?,
        first_name: text(payer, "first_name", 255)?,
        last_name: text(payer, "last_name", 255)?,
        identification,
        phone,
        address,
    })
}

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(255) {
        text.truncate(end);
    }
    text
}

fn identification(value: &Json<'_>, site: Site) -> Result<Identification, Refusal> {
    let kind = member(value, "type").and_then(Json::as_str).filter(|t| !t.is_empty());
    let number = member(value, "number").and_then(text_or_number).filter(|n| !n.is_empty());
    let (Some(kind), Some(number)) = (kind, &number) else {
        return Ok(Identification { kind: kind.map(str::to_owned), number });
    };
    documents::check(site, kind, number)
        .map_err(|_| Refusal::bad_request(2067, "Invalid user identification number"))?;
    Ok(Identification { kind: Some(kind.to_owned()), number: Some(number.clone()) })
}

/// A plausible e-mail: one `@` with something before it and a dotted, printable domain after it.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    !local.is_empty()
        && local.len() <= 64
        && !local.contains('@')
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !domain.contains("..")
        && domain.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
        && local
            .chars()
            .all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | '(' | ')' | ',' | '"'))
}

fn text(body: &Json<'_>, name: &str, longest: usize) -> Result<Option<String>, Refusal> {
    match member(body, name) {
        None => Ok(None),
        Some(Json::String(text)) if text.chars().count() > longest => {
            Err(params_error(&format!("{name} must not be longer than {longest} characters")))
        }
        Some(Json::String(text)) => Ok((!text.is_empty()).then(|| text.as_ref().to_owned())),
        Some(_) => Err(params_error(&format!("{name} must be a string"))),
    }
}

fn boolean(body: &Json<'_>, name: &str) -> Result<Option<bool>, Refusal> {
    match member(body, name) {
        None => Ok(None),
        Some(Json::Bool(value)) => Ok(Some(*value)),
        Some(_) if name == "capture" => Err(Refusal::bad_request(2078, "Capture attribute must be boolean")),
        Some(_) => Err(params_error(&format!("{name} must be a boolean"))),
    }
}

fn integer(body: &Json<'_>, name: &str) -> Result<Option<i64>, Refusal> {
    match member(body, name) {
        None => Ok(None),
        Some(value) => text_or_number(value)
            .and_then(|text| text.parse().ok())
            .map(Some)
            .ok_or_else(|| params_error(&format!("{name} must be an integer"))),
    }
}

/// `order`, as it is answered: `{}`, or an id (a string, which strict decoders want) and a type.
fn order(body: &Json<'_>) -> Result<Value, Refusal> {
    let order = match member(body, "order") {
        None => return Ok(Value::Object(Map::new())),
        Some(order @ Json::Object(_)) => order,
        Some(_) => return Err(params_error("order must be an object")),
    };
    let id = member(order, "id").map(|id| text_or_number(id).filter(|id| id.len() <= 64));
    let kind = member(order, "type").map_or(Some("mercadopago"), Json::as_str);
    match (id, kind) {
        (None, Some("mercadopago" | "mercadolibre")) => Ok(Value::Object(Map::new())),
        (Some(Some(id)), Some(kind @ ("mercadopago" | "mercadolibre"))) => {
            Ok(serde_json::json!({"id": id, "type": kind}))
        }
        _ => Err(params_error("order has an id and a type, mercadopago or mercadolibre")),
    }
}

/// `payment_method.data`: a boleto's discounts, fine and interest.
fn method_data(body: &Json<'_>) -> Result<Option<Value>, Refusal> {
    let Some(method) = member(body, "payment_method") else { return Ok(None) };
    if !method.is_object() {
        return Err(params_error("payment_method must be an object"));
    }
    let Some(data) = member(method, "data") else { return Ok(None) };
    let invalid = |what: &str| Err(params_error(&format!("payment_method.data{what}")));
    if !data.is_object() {
        return invalid(" must be an object");
    }
    let Some(rules) = member(data, "rules") else { return Ok(Some(Value::from(data))) };
    let is_charge = |charge: &Json<'_>| {
        matches!(member(charge, "type").and_then(Json::as_str), Some("fixed" | "percentage"))
            && member(charge, "value").is_some_and(Json::is_number)
    };
    // Clients read the date back as a plain date.
    let is_discount = |discount: &Json<'_>| {
        let until = member(discount, "limit_date").and_then(Json::as_str);
        is_charge(discount) && until.is_some_and(|date| date.len() == 10 && date.parse::<Date>().is_ok())
    };
    let is_right = rules.is_object()
        && member(rules, "discounts")
            .is_none_or(|list| list.as_array().is_some_and(|discounts| discounts.iter().all(is_discount)))
        && ["fine", "interest"].iter().all(|name| member(rules, name).is_none_or(is_charge));
    if is_right { Ok(Some(Value::from(data))) } else { invalid(".rules is malformed") }
}

/// Shops number their orders: a number is taken for the text it is written as.
fn external_reference(body: &Json<'_>) -> Result<Option<String>, Refusal> {
    match member(body, "external_reference") {
        Some(Json::Number(number)) => Ok(Some(number.to_string())),
        _ => text(body, "external_reference", MAX_EXTERNAL_REFERENCE),
    }
}

/// Colombia: the amount without its taxes.
fn net_amount(body: &Json<'_>, amount: Money) -> Result<Option<Amount>, Refusal> {
    let Some(value) = member(body, "net_amount") else { return Ok(None) };
    let invalid = || params_error("net_amount must be a number from 0 to transaction_amount");
    let net = value.as_number().and_then(|number| parse_decimal(number.as_str())).ok_or_else(invalid)?;
    if net.is_sign_negative() || net > amount.decimal() {
        return Err(invalid());
    }
    Ok(Some(Amount(net)))
}

/// Colombia: `[{"type": "IVA", "value": 19, "percentage": true}]`.
fn taxes(body: &Json<'_>) -> Result<Option<Value>, Refusal> {
    let Some(value) = member(body, "taxes") else { return Ok(None) };
    let is_tax = |tax: &Json<'_>| {
        member(tax, "type").is_some_and(Json::is_string)
            && member(tax, "value").is_some_and(Json::is_number)
            && member(tax, "percentage").is_none_or(Json::is_boolean)
    };
    match value.as_array() {
        Some(taxes) if taxes.iter().all(is_tax) => Ok(Some(Value::from(value))),
        _ => Err(params_error("taxes is a list of objects with type, value and percentage")),
    }
}

fn point_of_interaction(body: &Json<'_>) -> PointOfInteractionRequest {
    let Some(value) = body.get("point_of_interaction") else { return PointOfInteractionRequest::default() };
    let text = |name| {
        let text = member(value, name).and_then(Json::as_str).filter(|text| !text.is_empty())?;
        Some(text.chars().take(64).collect())
    };
    let kind: Option<String> = text("type");
    let is_stored_credential = matches!(kind.as_deref(), Some("SUBSCRIPTIONS" | "CREDENTIAL_ON_FILE"));
    PointOfInteractionRequest {
        is_subsequent: is_stored_credential
            && member(value, "transaction_data").is_some_and(is_subsequent_use),
        kind,
        sub_type: text("sub_type"),
        linked_to: text("linked_to"),
    }
}

fn is_subsequent_use(transaction: &Json<'_>) -> bool {
    let is_first = |name: &str| member(transaction, name).and_then(Json::as_bool);
    let says = |name: &str, word: &str| member(transaction, name).and_then(Json::as_str) == Some(word);
    match is_first("first_time_use").or_else(|| is_first("first_transaction")) {
        Some(is_first) => !is_first,
        None => says("storage", "stored") && says("transaction_initiator", "merchant"),
    }
}

/// `metadata` as the API answers it: keys in snake_case, nested too; values keep their types (`orderId` → `order_id`).
pub(super) fn snake_case_keys(metadata: Option<&Members<'_>>) -> JsonText {
    match metadata {
        // Two names may become one: then the last one counts, as in any object.
        Some(members) if members.iter().any(|(name, value)| changes(name, value)) => {
            JsonText::from(&Value::Object(renamed(members)))
        }
        Some(members) => JsonText::written(|out| {
            out.mark(b'{');
            for (name, value) in members {
                out.name(name);
                out.json(value);
            }
            out.mark(b'}');
        }),
        None => JsonText::written(|out| out.word("{}")),
    }
}

/// Whether a name here or below is not in snake_case.
fn changes(name: &str, value: &Json<'_>) -> bool {
    let is_plain = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    !is_plain(name)
        || match value {
            Json::Object(members) => members.iter().any(|(name, value)| changes(name, value)),
            Json::Array(items) => items.iter().any(|item| changes("", item)),
            _ => false,
        }
}

/// An object with its names in snake_case, nested ones too.
pub(crate) fn renamed(members: &Members<'_>) -> Map<String, Value> {
    members.iter().map(|(name, inner)| (snake_case(name), renamed_in(inner))).collect()
}

fn renamed_in(value: &Json<'_>) -> Value {
    match value {
        Json::Object(members) => Value::Object(renamed(members)),
        Json::Array(items) => Value::Array(items.iter().map(renamed_in).collect()),
        other => Value::from(other),
    }
}

fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut previous_is_lower = false;
    for c in name.chars() {
        if c.is_uppercase() {
            if previous_is_lower {
                out.push('_');
            }
            out.extend(c.to_lowercase());
            previous_is_lower = false;
        } else {
            previous_is_lower = c.is_lowercase() || c.is_ascii_digit();
            out.push(if matches!(c, '-' | ' ') { '_' } else { c });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    /// What is read stays until the process ends.
    fn read(text: &str) -> Result<CreatePayment<'static>, Refusal> {
        let json: &'static Json<'static> =
            Box::leak(Box::new(parse(text.to_owned().leak().as_bytes()).unwrap()));
        CreatePayment::from_json(json, Site::MLB)
    }

    fn code(text: &str) -> i64 {
        read(text).unwrap_err().code().unwrap()
    }

    #[test]
    fn the_smallest_pix_body_of_the_sdks_is_read() {
        let body = r#"{"transaction_amount":105.1,"payment_method_id":"pix","payer":{"email":"test_user_x@testuser.com"}}"#;
        let request = read(body).unwrap();
        assert_eq!(request.amount.minor, 10_510);
        assert!(request.capture);
        assert_eq!(request.additional_info, None);
    }

    #[test]
    fn each_fault_has_its_documented_code() {
        let payer = r#""payer":{"email":"a@testuser.com"}"#;
        assert_eq!(code("[]"), 1);
        assert_eq!(code(r#"{"colour":1}"#), 8);
        assert_eq!(code(&format!("{{{payer}}}")), 4002);
        assert_eq!(code(&format!(r#"{{"transaction_amount":"100",{payer}}}"#)), 4003);
        assert_eq!(code(&format!(r#"{{"transaction_amount":0,{payer}}}"#)), 4037);
        assert_eq!(code(&format!(r#"{{"transaction_amount":1.001,{payer}}}"#)), 4037);
        assert_eq!(code(&format!(r#"{{"transaction_amount":-1,{payer}}}"#)), 4037);
        assert_eq!(code(&format!(r#"{{"transaction_amount":1,"installments":"1",{payer}}}"#)), 4005);
        assert_eq!(code(&format!(r#"{{"transaction_amount":1,"installments":0,{payer}}}"#)), 4033);
        assert_eq!(code(&format!(r#"{{"transaction_amount":1,"metadata":"x",{payer}}}"#)), 4022);
        for url in [
            "ftp://x",
            "http://",
            "http://a:70000/",
            "http://a:0/",
            "http://a:x/",
            "http://a:+80/",
            "http://[::1]:99999/",
            "http://:80/",
            "http://a@b",
        ] {
            assert_eq!(
                code(&format!(r#"{{"transaction_amount":1,"notification_url":"{url}",{payer}}}"#)),
                4020,
                "{url}"
            );
        }
        assert_eq!(
            code(&format!(r#"{{"transaction_amount":1,"date_of_expiration":"tomorrow",{payer}}}"#)),
            23
        );
        assert_eq!(code(&format!(r#"{{"transaction_amount":1,"application_fee":2,{payer}}}"#)), 4038);
        assert_eq!(code(&format!(r#"{{"transaction_amount":1,"application_fee":-2,{payer}}}"#)), 4039);
        assert_eq!(code(r#"{"transaction_amount":1,"payer":{"email":"nobody"}}"#), 4050);
        assert_eq!(code(r#"{"transaction_amount":1,"payer":"x"}"#), 4006);
        assert_eq!(code(r#"{"transaction_amount":1,"payer":{"email":"a@b.co","type":"king"}}"#), 4029);
        let cpf = r#"{"transaction_amount":1,"payer":{"email":"a@b.co","identification":{"type":"CPF","number":"11111111111"}}}"#;
        assert_eq!(code(cpf), 2067);
    }

    #[test]
    fn a_notification_url_may_name_a_port() {
        for url in
            ["http://localhost:3000/hook?a=b:c", "https://[::1]/", "http://[::1]:8080", "http://a.b:65535"]
        {
            let body = format!(
                r#"{{"transaction_amount":1,"notification_url":"{url}","payer":{{"email":"a@testuser.com"}}}}"#
            );
            assert_eq!(read(&body).unwrap().notification_url.as_deref(), Some(url));
        }
    }

    #[test]
    fn what_typed_clients_read_back_is_held_to_its_kind() {
        let with =
            |member: &str| format!(r#"{{"transaction_amount":100,{member},"payer":{{"email":"a@b.co"}}}}"#);
        for bad in [
            r#""additional_info":{"items":{}}"#,
            r#""additional_info":{"items":[1]}"#,
            r#""additional_info":{"payer":"x"}"#,
            r#""taxes":"x""#,
            r#""taxes":[{"type":"IVA","value":"19"}]"#,
            r#""net_amount":-1"#,
            r#""order":{"id":[]}"#,
            r#""payment_method":{"data":true}"#,
            r#""payment_method":{"data":{"rules":{"discounts":[{"type":"fixed","value":5,"limit_date":"soon"}]}}}"#,
            r#""payment_method":{"data":{"rules":{"fine":{"type":"fixed","value":"5"}}}}"#,
            r#""net_amount":100.01"#,
        ] {
            assert_eq!(code(&with(bad)), 1, "{bad}");
        }
        let request =
            read(&with(r#""external_reference":1234,"net_amount":84.5,"taxes":[{"type":"IVA","value":19}]"#));
        assert_eq!(request.unwrap().external_reference.as_deref(), Some("1234"));
    }

    #[test]
    fn metadata_keys_turn_snake_case_and_additional_info_turns_to_strings() {
        let request = read(
            r#"{"transaction_amount":1,"payer":{"email":"a@b.co"},"metadata":{"orderId":7,"a":{"innerKey":true}},
               "additional_info":{"items":[{"quantity":1,"unit_price":58.8,"title":null,"warranty":false}]}}"#,
        )
        .unwrap();
        let metadata = snake_case_keys(request.metadata);
        assert_eq!(metadata.as_str(), r#"{"order_id":7,"a":{"inner_key":true}}"#);
        let info = additional_info::shown(request.additional_info, None);
        assert!(
            info.as_str()
                .starts_with(r#"{"items":[{"quantity":"1","unit_price":"58.8","warranty":"false"}],"#),
            "{info:?}"
        );
    }

    #[test]
    fn metadata_is_shown_as_it_was_sent_unless_its_names_change() {
        let shown = |text: &str| {
            let Json::Object(members) = parse(text.as_bytes()).unwrap() else { panic!("it is an object") };
            snake_case_keys(Some(&members)).as_str().to_owned()
        };
        for text in [r#"{}"#, r#"{"a":[1.50,null,{"b_2":"c \"d\""}],"e":true}"#] {
            assert_eq!(shown(text), text);
        }
        assert_eq!(shown(r#"{"orderId":1,"b":2,"order_id":3}"#), r#"{"order_id":3,"b":2}"#, "one name once");
        assert_eq!(shown(r#"{"a":[{"inner-key":1}]}"#), r#"{"a":[{"inner_key":1}]}"#);
        assert_eq!(snake_case_keys(None).as_str(), "{}");
    }
}
