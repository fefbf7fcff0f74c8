//! How an order is sent: what its seller says of each shipment.
//!
//! The seller, or whoever delivers for it, tells how far a shipment is; the platform keeps it, tells the order's listeners,
//! and takes what the shipments cost as what sending the order costs. Which words a status may be is not published, so any
//! word is one.

use super::MerchantOrder;
use super::request::invalid;
use crate::json::{Json, member};
use crate::money::{Amount, Currency, Money};
use crate::refusal::Refusal;
use crate::timestamp::Timestamp;
use serde_json::{Map, Value, json};

/// Shipments of one order.
const MAX_SHIPMENTS: usize = 20;
/// Articles that one shipment lists.
const MAX_ITEMS: usize = 200;
/// The longest text in one.
const MAX_TEXT: usize = 600;
/// What a shipment is before anybody says more.
const FIRST_STATUS: &str = "pending";

/// What a member of a shipment is.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// A whole number; some clients send it as a text.
    Id,
    Amount,
    /// A text or a number, kept as it is.
    Code,
    Date,
    /// Objects of one's own choosing: articles.
    List,
    Object(&'static [(&'static str, Kind)]),
}

use Kind::{Code, Date, Id, List, Object, Text};

const NAMED: Kind = Object(&[("id", Code), ("name", Text)]);

/// A shipment's members, in the order in which they are answered.
const SHIPMENT: &[(&str, Kind)] = &[
    ("id", Id),
    ("shipping_type", Text),
    ("shipment_type", Text),
    ("shipping_mode", Text),
    ("picking_type", Text),
    ("status", Text),
    ("shipping_substatus", Text),
    ("items", List),
    ("date_created", Date),
    ("last_modified", Date),
    ("date_first_printed", Date),
    ("service_id", Text),
    ("sender_id", Id),
    ("receiver_id", Id),
    ("receiver_address", Object(ADDRESS)),
    ("shipping_option", Object(OPTION)),
];

const ADDRESS: &[(&str, Kind)] = &[
    ("id", Id),
    ("address_line", Text),
    ("apartment", Text),
    ("city", NAMED),
    ("state", NAMED),
    ("country", NAMED),
    ("comment", Text),
    ("contact", Text),
    ("zip_code", Text),
    ("street_name", Text),
    ("street_number", Code),
    ("floor", Text),
    ("phone", Text),
    ("latitude", Code),
    ("longitude", Code),
];

const OPTION: &[(&str, Kind)] = &[
    ("id", Id),
    ("cost", Kind::Amount),
    ("currency_id", Text),
    ("estimated_delivery", Object(&[("date", Date), ("time_from", Code), ("time_to", Code)])),
    ("list_cost", Kind::Amount),
    ("name", Text),
    ("shipping_method_id", Id),
    ("speed", Object(&[("handling", Code), ("shipping", Code)])),
];

/// What was said of an order's shipments, typed; each is an object of the members above that were said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shipments(Vec<Map<String, Value>>);

impl Shipments {
    /// Reads the list. Unknown members are ignored.
    ///
    /// # Errors
    /// 400 `unmarshal_error` for what is of another type, `invalid_string` for a text that is too long.
    pub fn from_json(value: &Json<'_>, currency: Currency) -> Result<Shipments, Refusal> {
        let wrong = || invalid("unmarshal_error", "shipments must be a list of objects");
        let entries = value.as_array().filter(|entries| entries.len() <= MAX_SHIPMENTS).ok_or_else(wrong)?;
        let read = |entry: &Json<'_>| object(entry, SHIPMENT, "shipments", currency);
        Ok(Shipments(entries.iter().map(read).collect::<Result<_, _>>()?))
    }

    /// What they cost together, if one of them says what it costs.
    fn cost(&self, currency: Currency) -> Option<Money> {
        let cost = |shipment: &Map<String, Value>| {
            let cost = shipment.get("shipping_option")?.get("cost")?.as_number()?;
            Money::from_decimal_text(cost.as_str(), currency).ok()
        };
        self.0.iter().filter_map(cost).reduce(Money::plus)
    }

    /// Puts them in the place of the order's own. A shipment that the order has already, by its id, keeps the day on which
    /// it was made.
    ///
    /// # Errors
    /// 400 `invalid_order_state` when the cost of sending would change under its payments.
    pub fn apply(
        &self,
        order: &mut MerchantOrder,
        currency: Currency,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if let Some(cost) = self.cost(currency).filter(|cost| Amount::from(*cost) != order.shipping_cost) {
            if order.is_settled() {
                return Err(invalid("invalid_order_state", "action not valid for current state"));
            }
            order.shipping_cost = cost.into();
        }
        let before = std::mem::take(&mut order.shipments);
        order.shipments = self.0.iter().map(|said| completed(said, &before, order, now)).collect();
        Ok(())
    }
}

/// The shipment with every member: what was said, and what is known without being said.
fn completed(said: &Map<String, Value>, before: &[Value], order: &MerchantOrder, now: Timestamp) -> Value {
    let id = said.get("id").filter(|id| !id.is_null());
    let known = id.and_then(|id| before.iter().find(|shipment| shipment.get("id") == Some(id)));
    let mut shipment = Map::new();
    for (name, kind) in SHIPMENT {
        let value = said.get(*name).filter(|value| !value.is_null()).cloned();
        let value = value.unwrap_or_else(|| match *name {
            "status" => json!(FIRST_STATUS),
            "date_created" => {
                known.and_then(|known| known.get("date_created").cloned()).unwrap_or_else(|| json!(now))
            }
            "last_modified" => json!(now),
            "sender_id" => json!(order.collector.id),
            "receiver_id" => json!(order.payer.as_ref().map(|payer| payer.id)),
            _ if matches!(kind, List) => json!([]),
            _ => Value::Null,
        });
        shipment.insert((*name).to_owned(), value);
    }
    Value::Object(shipment)
}

fn object(
    value: &Json<'_>,
    members: &[(&'static str, Kind)],
    path: &str,
    currency: Currency,
) -> Result<Map<String, Value>, Refusal> {
    if !value.is_object() {
        return Err(wrong_type(path, "an object"));
    }
    let mut read = Map::new();
    for (name, kind) in members {
        let Some(said) = member(value, name) else { continue };
        read.insert((*name).to_owned(), typed(said, *kind, &format!("{path}.{name}"), currency)?);
    }
    Ok(read)
}

fn typed(value: &Json<'_>, kind: Kind, path: &str, currency: Currency) -> Result<Value, Refusal> {
    match (kind, value) {
        (_, Json::String(text)) if text.chars().count() > MAX_TEXT => {
            Err(invalid("invalid_string", &format!("{path} is too long")))
        }
        (Text | Code, Json::String(text)) => Ok(json!(text)),
        (Code, Json::Number(number)) => Ok(Value::Number(number.clone())),
        // Where a text is answered, a number that was sent is one.
        (Text, Json::Number(number)) => Ok(json!(number.as_str())),
        (Id, Json::String(text)) => whole(text, path),
        (Id, Json::Number(number)) => whole(number.as_str(), path),
        (Kind::Amount, Json::Number(number)) => {
            let amount = Money::from_decimal_text(number.as_str(), currency).ok();
            let amount = amount.filter(|amount| amount.minor >= 0);
            let amount = amount.ok_or_else(|| wrong_type(path, "an amount of the site's currency"))?;
            Ok(Value::Number(amount.to_number()))
        }
        (Date, Json::String(text)) => {
            let at = Timestamp::parse(text).ok_or_else(|| wrong_type(path, "a date with its offset"))?;
            Ok(json!(at))
        }
        (List, Json::Array(entries)) if entries.len() <= MAX_ITEMS && entries.iter().all(Json::is_object) => {
            Ok(Value::from(value))
        }
        (Object(members), _) => object(value, members, path, currency).map(Value::Object),
        (Text | Code, _) => Err(wrong_type(path, "a string")),
        (Id, _) => Err(wrong_type(path, "a number")),
        (Kind::Amount, _) => Err(wrong_type(path, "a number")),
        (Date, _) => Err(wrong_type(path, "a date")),
        (List, _) => Err(wrong_type(path, "a list of objects")),
    }
}

fn whole(text: &str, path: &str) -> Result<Value, Refusal> {
    let number = text.parse::<i64>().ok().filter(|number| *number >= 0);
    number.map(|number| json!(number)).ok_or_else(|| wrong_type(path, "a number"))
}

fn wrong_type(path: &str, what: &str) -> Refusal {
    invalid("unmarshal_error", &format!("{path} must be {what}"))
}
