//! What a seller says of a merchant order: `POST /merchant_orders`, `PUT /merchant_orders/{id}`.

use super::shipment::Shipments;
use super::{MerchantOrder, OrderPayer};
use crate::identity::AccountId;
use crate::json::{Json, member, text_or_number};
use crate::preference::request::items::{items, total};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::timestamp::Timestamp;
use url::Url;

/// The longest text of an order.
const MAX_TEXT: usize = 600;
/// The longest address that is told.
const MAX_NOTIFICATION_URL: usize = 500;

/// A request, read and typed: what is `None` was not said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderRequest {
    /// `preference_id`
    pub preference_id: Option<String>,
    external_reference: Option<String>,
    marketplace: Option<String>,
    notification_url: Option<String>,
    sponsor_id: Option<String>,
    additional_info: Option<String>,
    application_id: Option<String>,
    payer: Option<OrderPayer>,
    items: Option<Vec<crate::preference::Item>>,
    shipments: Option<Shipments>,
}

impl OrderRequest {
    /// Reads what `collector_id` on `site` sent. Unknown members are ignored.
    ///
    /// # Errors
    /// 400 with the documented words: `invalid_string`, `invalid_items`, `invalid_url`, `invalid_payer`, …
    pub fn from_json(body: &Json<'_>, site: Site, collector_id: AccountId) -> Result<OrderRequest, Refusal> {
        if !body.is_object() {
            return Err(invalid("unmarshal_error", "the body must be a JSON object"));
        }
        check_collector(body, collector_id)?;
        if let Some(said) = member(body, "site_id")
            && said.as_str() != Some(site.id())
        {
            return Err(invalid("user_not_allowed", "user not allowed to operate on another site"));
        }
        let sponsor_id = number(body, "sponsor_id", ("invalid_sponsor_id", "invalid sponsor_id"))?;
        let application_id =
            number(body, "application_id", ("invalid_application_id", "invalid application_id"))?;
        Ok(OrderRequest {
            preference_id: text(body, "preference_id")?.filter(|id| !id.is_empty()),
            external_reference: text(body, "external_reference")?,
            marketplace: text(body, "marketplace")
                .map_err(|_| invalid("invalid_marketplace", "invalid marketplace"))?
                .filter(|name| !name.is_empty()),
            notification_url: notification_url(body)?,
            sponsor_id,
            additional_info: text(body, "additional_info")?,
            application_id,
            payer: payer(body)?,
            items: match member(body, "items") {
                None => None,
                Some(said) => Some(items(Some(said), site)?),
            },
            shipments: shipments(body, site)?,
        })
    }

    /// Puts what was said into `order`, which keeps the rest.
    ///
    /// # Errors
    /// 400 `invalid_order_state` when what is for sale would change under its payments.
    pub fn apply(&self, order: &mut MerchantOrder, site: Site, now: Timestamp) -> Result<(), Refusal> {
        // Its settings and its secret tell of the order: the body can repeat it, never choose it.
        if self.application_id.as_ref().is_some_and(|said| Some(said) != order.application_id.as_ref()) {
            return Err(invalid("invalid_application_id", "invalid application_id"));
        }
        if let Some(items) = self.items.as_ref().filter(|items| **items != order.items) {
            if order.is_settled() {
                return Err(invalid("invalid_order_state", "action not valid for current state"));
            }
            order.total_amount = total(items, site);
            order.items.clone_from(items);
        }
        let replace = |known: &mut Option<String>, said: &Option<String>| {
            if let Some(said) = said {
                *known = Some(said.clone()).filter(|text| !text.is_empty());
            }
        };
        replace(&mut order.external_reference, &self.external_reference);
        replace(&mut order.notification_url, &self.notification_url);
        replace(&mut order.sponsor_id, &self.sponsor_id);
        replace(&mut order.additional_info, &self.additional_info);
        if let Some(marketplace) = &self.marketplace {
            order.marketplace.clone_from(marketplace);
        }
        if let Some(payer) = &self.payer {
            order.payer = Some(payer.clone());
        }
        if let Some(shipments) = &self.shipments {
            shipments.apply(order, site.currency(), now)?;
        }
        order.last_updated = now;
        order.derive();
        Ok(())
    }
}

pub(super) fn invalid(word: &'static str, message: &str) -> Refusal {
    Refusal::keyed(400, word, message)
}

fn text(body: &Json<'_>, name: &str) -> Result<Option<String>, Refusal> {
    match member(body, name) {
        None => Ok(None),
        Some(Json::String(text)) if text.chars().count() <= MAX_TEXT => Ok(Some(text.to_string())),
        Some(Json::Number(number)) if number.as_str().len() <= MAX_TEXT => Ok(Some(number.to_string())),
        Some(Json::String(_) | Json::Number(_)) => {
            Err(invalid("invalid_string", &format!("{name} is too long")))
        }
        Some(_) => Err(invalid("unmarshal_error", &format!("{name} must be a string"))),
    }
}

/// A number that some clients send as a text, and that is answered as one.
fn number(body: &Json<'_>, name: &str, wrong: (&'static str, &str)) -> Result<Option<String>, Refusal> {
    let Some(value) = member(body, name) else { return Ok(None) };
    let said = text_or_number(value).filter(|text| text.is_empty() || text.parse::<u64>().is_ok());
    said.map(Some).ok_or_else(|| invalid(wrong.0, wrong.1))
}

fn check_collector(body: &Json<'_>, collector_id: AccountId) -> Result<(), Refusal> {
    let Some(collector) = member(body, "collector") else { return Ok(()) };
    let said = match collector {
        Json::Object(_) => {
            member(collector, "id").map(|id| text_or_number(id).and_then(|id| id.parse().ok()))
        }
        _ => return Err(invalid("unmarshal_error", "collector must be an object")),
    };
    match said {
        None | Some(Some(0)) => Ok(()),
        Some(Some(id)) if id == collector_id => Ok(()),
        Some(Some(_)) => Err(invalid("user_not_allowed", "user not allowed to operate")),
        Some(None) => Err(invalid("invalid_user_id", "invalid users involved")),
    }
}

/// Some clients send `{"id": 0}`; that is answered as it was sent.
fn payer(body: &Json<'_>) -> Result<Option<OrderPayer>, Refusal> {
    let wrong = || invalid("invalid_payer", "invalid payer identifier");
    let Some(payer) = member(body, "payer") else { return Ok(None) };
    if !payer.is_object() {
        return Err(wrong());
    }
    let id = match member(payer, "id") {
        None => 0,
        Some(id) => {
            text_or_number(id).and_then(|id| id.parse().ok()).filter(|id| *id >= 0).ok_or_else(wrong)?
        }
    };
    let nickname = text(payer, "nickname")?.unwrap_or_default();
    Ok(Some(OrderPayer { id, nickname, email: String::new() }))
}

fn notification_url(body: &Json<'_>) -> Result<Option<String>, Refusal> {
    let wrong = || invalid("invalid_url", "notification_url is not HTTP or HTTPS");
    let Some(value) = member(body, "notification_url") else { return Ok(None) };
    let address = value.as_str().ok_or_else(wrong)?;
    let is_web = || {
        Url::parse(address)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty())
    };
    let is_plain = address.chars().all(|c| !c.is_whitespace() && !c.is_control());
    let is_right = address.is_empty() || address.len() <= MAX_NOTIFICATION_URL && is_plain && is_web();
    if is_right { Ok(Some(address.to_owned())) } else { Err(wrong()) }
}

fn shipments(body: &Json<'_>, site: Site) -> Result<Option<Shipments>, Refusal> {
    let shipments = member(body, "shipments");
    shipments.map(|shipments| Shipments::from_json(shipments, site.currency())).transpose()
}
