//! What a seller says of a preference: `POST` and `PUT /checkout/preferences`.
//!
//! Each top-level member that is there replaces the preference's own; `null` puts its default back; what isn't there
//! stays. Unknown members are ignored, as every plugin expects.

mod fields;
pub mod items;
mod payer;

use super::{BackUrls, MethodLimits, NamedId, NumberedId, Preference, ReceiverAddress, Shipments};
use crate::catalogue::SiteCatalogue;
use crate::identity::AccountId;
use crate::json::{Json, member, text_or_number};
use crate::money::{Amount, Money};
use crate::payment::request::renamed;
use crate::refusal::Refusal;
use crate::timestamp::Timestamp;
use fields::{amount, boolean, date, invalid, list, object, text, word};
use serde_json::{Map, Value};
use url::Url;

/// The longest `external_reference` (inferred).
pub const MAX_EXTERNAL_REFERENCE: usize = 256;
/// The longest `notification_url`: the newest reference says so.
pub const MAX_NOTIFICATION_URL: usize = 248;
/// The longest address of return; no browser needs longer ones.
const MAX_BACK_URL: usize = 2_048;
/// The longest `additional_info` that is text (inferred).
const MAX_ADDITIONAL_INFO: usize = 600;
/// What a card's statement shows.
const MAX_STATEMENT_DESCRIPTOR: usize = 16;
/// The longest name, street or code.
const MAX_TEXT: usize = 256;
/// Most entries of a list of ids.
const MAX_IDS: usize = 100;
/// Most instalments that can be asked for.
const MAX_INSTALLMENTS: i64 = 36;

/// Puts what `body` says into `preference`, and holds the whole against the rules.
///
/// # Errors
/// 400 with the documented words: `invalid_items`, `invalid_back_urls`, `invalid_auto_return`, …
pub fn apply(body: &Json<'_>, preference: &mut Preference) -> Result<(), Refusal> {
    let Json::Object(members) = body else {
        return Err(Refusal::plain(400, "the body must be a JSON object"));
    };
    for (name, value) in members {
        let value = Some(value).filter(|value| !value.is_null());
        apply_terms(name, value, preference)?;
        apply_texts(name, value, preference)?;
        apply_rest(name, value, preference)?;
    }
    check(preference)
}

type Said<'v, 'b> = Option<&'v Json<'b>>;

/// What decides how it is paid.
fn apply_terms(name: &str, value: Said<'_, '_>, to: &mut Preference) -> Result<(), Refusal> {
    let currency = to.site().currency();
    match name {
        "items" => to.items = items::items(value, to.site())?,
        "payer" => to.payer = payer::payer(value)?,
        "payment_methods" => to.payment_methods = method_limits(value)?,
        "shipments" => to.shipments = shipments(value, currency)?,
        "back_urls" => to.back_urls = back_urls(value, true)?,
        "redirect_urls" => to.redirect_urls = back_urls(value, false)?,
        "binary_mode" => to.binary_mode = boolean(value, "binary_mode")?.unwrap_or(false),
        "expires" => to.expires = boolean(value, "expires")?.unwrap_or(false),
        "expiration_date_from" => {
            to.expiration_date_from =
                date(value, ("invalid_expiration_date_from", "expiration_date_from invalid"))?;
        }
        "expiration_date_to" => {
            to.expiration_date_to =
                date(value, ("invalid_expiration_date_to", "expiration_date_to invalid"))?;
        }
        "date_of_expiration" => {
            to.date_of_expiration = date(value, ("invalid_date", "invalid date of expiration"))?;
        }
        "marketplace_fee" => {
            let wrong = || invalid("invalid_marketplace_fee", "marketplace_fee invalid");
            to.marketplace_fee = amount(value, currency).map_err(|()| wrong())?.unwrap_or(Amount::ZERO);
            if to.marketplace_fee.0.is_sign_negative() && !to.marketplace_fee.0.is_zero() {
                return Err(wrong());
            }
        }
        "differential_pricing" => to.differential_pricing = differential_pricing(value)?,
        _ => {}
    }
    Ok(())
}

/// What is said in words.
fn apply_texts(name: &str, value: Said<'_, '_>, to: &mut Preference) -> Result<(), Refusal> {
    match name {
        "auto_return" => {
            to.auto_return = match value.map_or(Some(""), Json::as_str) {
                Some(known @ ("" | "approved" | "all")) => known.to_owned(),
                _ => return Err(invalid("invalid_auto_return", "auto_return invalid")),
            };
        }
        "external_reference" => {
            let wrong = || invalid("invalid_external_reference", "external_reference invalid");
            let reference = value.map(|value| text_or_number(value).ok_or_else(wrong)).transpose()?;
            to.external_reference = reference.unwrap_or_default();
            if to.external_reference.chars().count() > MAX_EXTERNAL_REFERENCE {
                return Err(wrong());
            }
        }
        "notification_url" => to.notification_url = notification_url(value)?,
        "additional_info" => {
            to.additional_info = match value {
                None => Value::String(String::new()),
                Some(Json::String(text)) if text.chars().count() <= MAX_ADDITIONAL_INFO => {
                    Value::String(text.to_string())
                }
                Some(info @ Json::Object(_)) => Value::from(info),
                Some(_) => return Err(invalid("invalid_additional_info", "additional_info invalid")),
            };
        }
        "statement_descriptor" => {
            let wrong = ("invalid_statement_descriptor", "statement_descriptor invalid");
            let said = text(value, MAX_TEXT, wrong)?;
            // What does not fit on a statement is cut, as card networks do.
            to.statement_descriptor = said.map(|text| text.chars().take(MAX_STATEMENT_DESCRIPTOR).collect());
        }
        "marketplace" => {
            let wrong = ("invalid_marketplace", "marketplace invalid");
            to.marketplace = text(value, 64, wrong)?.unwrap_or_else(|| "NONE".to_owned());
        }
        "operation_type" => {
            let wrong = ("invalid_operation_type", "operation_type invalid");
            let known = ["regular_payment", "money_transfer"];
            to.operation_type = word(value, &known, wrong)?.unwrap_or_else(|| known[0].to_owned());
        }
        "purpose" => {
            let wrong = ("invalid_purpose", "purpose invalid");
            to.purpose = word(value, &["wallet_purchase", "onboarding_credits"], wrong)?;
        }
        "coupon_code" => {
            to.coupon_code = text(value, MAX_TEXT, ("invalid_coupon_code", "coupon_code invalid"))?;
        }
        _ => {}
    }
    Ok(())
}

/// What is kept and told, and decides nothing.
fn apply_rest(name: &str, value: Said<'_, '_>, to: &mut Preference) -> Result<(), Refusal> {
    match name {
        "collector_id" => {
            let said = value.and_then(text_or_number).and_then(|text| text.parse::<AccountId>().ok());
            if value.is_some() && said != Some(to.collector_id) {
                return Err(invalid("invalid_collector_id", "collector_id invalid"));
            }
        }
        "sponsor_id" => {
            let wrong = || invalid("invalid_sponsor_id", "sponsor_id is not an active user");
            let said = value.map(|value| value.as_number().and_then(serde_json::Number::as_i64));
            to.sponsor_id = match said {
                None => None,
                Some(Some(id)) if id > 0 && id != to.collector_id => Some(id),
                Some(_) => return Err(wrong()),
            };
        }
        "metadata" => {
            to.metadata = match value {
                None => Value::Object(Map::new()),
                Some(Json::Object(members)) => Value::Object(renamed(members)),
                Some(_) => return Err(invalid("invalid_metadata", "metadata invalid")),
            };
        }
        "coupon_labels" => {
            to.coupon_labels = texts(value, ("invalid_coupon_labels", "coupon_labels invalid"))?;
        }
        "processing_modes" => {
            let wrong = ("invalid_processing_modes", "processing_modes invalid");
            let modes = texts(value, wrong)?;
            if modes.iter().flatten().any(|mode| !matches!(mode.as_str(), "aggregator" | "gateway")) {
                return Err(invalid(wrong.0, wrong.1));
            }
            to.processing_modes = modes;
        }
        "tracks" => to.tracks = objects(value, ("invalid_tracks", "tracks invalid. Wrong format"))?,
        "taxes" => to.taxes = objects(value, ("invalid_taxes", "taxes invalid. Wrong format"))?,
        "amounts" => to.amounts = kept_object(value, ("invalid_amounts", "amounts invalid. Wrong format"))?,
        "counter_currency" => {
            let wrong = ("invalid_counter_currency", "counter_currency invalid. Wrong format");
            to.counter_currency = kept_object(value, wrong)?;
        }
        _ => {}
    }
    Ok(())
}

/// What must hold of the whole.
fn check(preference: &Preference) -> Result<(), Refusal> {
    if preference.items.is_empty() {
        return Err(invalid("invalid_items", "items needed"));
    }
    let total = preference.items_total();
    if total.minor <= 0 {
        return Err(invalid("invalid_items", "unit_price invalid"));
    }
    if preference.marketplace_fee.money(total.currency) > preference.total() {
        return Err(invalid(
            "invalid_marketplace_fee",
            "marketplace_fee must not be greater than total amount",
        ));
    }
    if !preference.auto_return.is_empty() && !is_public(&preference.back_urls.success) {
        return Err(invalid("invalid_auto_return", "auto_return invalid. back_url.success must be defined"));
    }
    let (from, to) = (preference.expiration_date_from, preference.expiration_date_to);
    if from.zip(to).is_some_and(|(from, to)| to <= from) {
        return Err(invalid("invalid_expiration_date_to", "expiration_date_to invalid"));
    }
    Ok(())
}

/// Refuses a preference that no method of the site can pay.
///
/// # Errors
/// 400 `invalid_payment_methods`.
pub fn check_payable(
    preference: &Preference,
    catalogue: &SiteCatalogue,
    now: Timestamp,
) -> Result<(), Refusal> {
    if preference.demands_login() || !super::choice::choices(preference, catalogue, now).is_empty() {
        return Ok(());
    }
    Err(invalid("invalid_payment_methods", "amount cannot be paid"))
}

/// Whether a buyer's browser is sent there by itself: an address on the web, of no machine on the seller's desk.
fn is_public(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let is_local = match url.host() {
        None => true,
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(url::Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
    };
    match url.scheme() {
        "https" => !is_local,
        "http" => false,
        // An app's own scheme is opened by that app.
        _ => true,
    }
}

/// Addresses of return. A browser follows them: nothing that runs in a page, and nothing on its own disk.
fn back_urls(value: Said<'_, '_>, is_checked: bool) -> Result<BackUrls, Refusal> {
    let wrong = || invalid("invalid_back_urls", "back_urls invalid. Wrong format");
    let Some(value) = value else { return Ok(BackUrls::default()) };
    if !value.is_object() {
        return Err(wrong());
    }
    let address = |name: &str| match member(value, name) {
        None => Ok(String::new()),
        Some(Json::String(text)) if text.len() <= MAX_BACK_URL => {
            let is_followed = text.is_empty() || is_followed(text);
            if is_followed || !is_checked { Ok(text.to_string()) } else { Err(wrong()) }
        }
        Some(_) => Err(wrong()),
    };
    Ok(BackUrls { failure: address("failure")?, pending: address("pending")?, success: address("success")? })
}

/// Whether a page may send its reader there.
pub fn is_followed(address: &str) -> bool {
    let is_dangerous = |scheme: &str| {
        matches!(
            scheme,
            "javascript"
                | "data"
                | "vbscript"
                | "file"
                | "blob"
                | "about"
                | "filesystem"
                | "view-source"
                | "feed"
                | "jar"
        )
    };
    // A name before the host makes an address look like another one's.
    Url::parse(address)
        .is_ok_and(|url| !is_dangerous(url.scheme()) && url.username().is_empty() && url.password().is_none())
}

fn notification_url(value: Said<'_, '_>) -> Result<Option<String>, Refusal> {
    let wrong = || invalid("invalid_notification_url", "notification_url attribute must be a valid URL");
    let Some(value) = value else { return Ok(None) };
    let address = value.as_str().ok_or_else(wrong)?;
    if address.is_empty() {
        return Ok(None);
    }
    let is_web = Url::parse(address)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty());
    let is_plain = address.chars().all(|c| !c.is_whitespace() && !c.is_control());
    if is_web && is_plain && address.len() <= MAX_NOTIFICATION_URL {
        Ok(Some(address.to_owned()))
    } else {
        Err(wrong())
    }
}

const METHODS: (&str, &str) = ("invalid_payment_methods", "payment_methods invalid. Wrong format");

fn method_limits(value: Said<'_, '_>) -> Result<MethodLimits, Refusal> {
    let Some(value) = object(value, METHODS)? else { return Ok(MethodLimits::default()) };
    let counted = |name: &str| match member(value, name) {
        None => Ok(None),
        Some(Json::Number(number)) => {
            let count = number.as_i64().filter(|count| (1..=MAX_INSTALLMENTS).contains(count));
            let count = count.and_then(|count| u32::try_from(count).ok());
            count.map(Some).ok_or_else(|| wrong_count(name))
        }
        Some(_) => Err(wrong_count(name)),
    };
    Ok(MethodLimits {
        default_card_id: coded(member(value, "default_card_id"), METHODS)?.filter(|id| !id.is_empty()),
        default_payment_method_id: coded(member(value, "default_payment_method_id"), METHODS)?
            .filter(|id| !id.is_empty()),
        excluded_payment_methods: ids(member(value, "excluded_payment_methods"))?,
        excluded_payment_types: ids(member(value, "excluded_payment_types"))?,
        installments: counted("installments")?,
        default_installments: counted("default_installments")?,
    })
}

fn wrong_count(name: &str) -> Refusal {
    invalid(
        "invalid_payment_methods",
        &format!("{name} invalid. Should be a number between 1 and {MAX_INSTALLMENTS}"),
    )
}

/// Excluded ids; without any, the one that excludes nothing.
fn ids(value: Said<'_, '_>) -> Result<Vec<NamedId>, Refusal> {
    let entries = list(value, MAX_IDS, METHODS)?.unwrap_or_default();
    let id = |entry: &Json<'_>| {
        let id = if entry.is_object() { coded(member(entry, "id"), METHODS)? } else { None };
        id.map(|id| NamedId { id }).ok_or_else(|| invalid(METHODS.0, METHODS.1))
    };
    let ids = entries.iter().map(id).collect::<Result<Vec<_>, _>>()?;
    Ok(if ids.is_empty() { vec![NamedId::default()] } else { ids })
}

const SHIPMENTS: (&str, &str) = ("invalid_shipments", "shipments invalid. Wrong format");

fn shipments(value: Said<'_, '_>, currency: crate::money::Currency) -> Result<Shipments, Refusal> {
    let Some(value) = object(value, SHIPMENTS)? else { return Ok(Shipments::default()) };
    let address = object(member(value, "receiver_address"), SHIPMENTS)?;
    let of = |name: &str| coded(address.and_then(|address| member(address, name)), SHIPMENTS);
    let flag = |name: &str| match member(value, name) {
        None => Ok(None),
        Some(Json::Bool(said)) => Ok(Some(*said)),
        Some(other) => Err(wrong_kind(name, other)),
    };
    let cost = match member(value, "cost") {
        None => None,
        Some(cost @ Json::Number(_)) => {
            let cost = amount(Some(cost), currency).ok().flatten();
            let cost = cost.filter(|cost| cost.money(currency) >= Money::zero(currency));
            Some(cost.ok_or_else(|| invalid("invalid_shipments", "shipments.cost invalid"))?)
        }
        Some(other) => return Err(wrong_kind("cost", other)),
    };
    Ok(Shipments {
        default_shipping_method: coded(member(value, "default_shipping_method"), SHIPMENTS)?
            .filter(|id| !id.is_empty()),
        receiver_address: ReceiverAddress {
            zip_code: of("zip_code")?.unwrap_or_default(),
            street_name: of("street_name")?.unwrap_or_default(),
            street_number: of("street_number")?.filter(|text| !text.is_empty()),
            floor: of("floor")?.unwrap_or_default(),
            apartment: of("apartment")?.unwrap_or_default(),
            city_name: of("city_name")?,
            state_name: of("state_name")?,
            country_name: of("country_name")?,
        },
        mode: word(
            member(value, "mode"),
            &["custom", "me2", "not_specified"],
            ("invalid_shipments", "shipments.mode invalid"),
        )?,
        cost,
        free_shipping: flag("free_shipping")?,
        local_pickup: flag("local_pickup")?,
        express_shipment: flag("express_shipment")?,
        dimensions: dimensions(member(value, "dimensions"))?,
        free_methods: match list(member(value, "free_methods"), MAX_IDS, SHIPMENTS)? {
            None => None,
            Some(methods) => {
                let id = |method: &Json<'_>| number_of(member(method, "id"));
                let ids = methods.iter().map(|method| id(method).map(|id| NumberedId { id }));
                Some(ids.collect::<Option<_>>().ok_or_else(|| invalid(SHIPMENTS.0, SHIPMENTS.1))?)
            }
        },
    })
}

fn wrong_kind(name: &str, value: &Json<'_>) -> Refusal {
    let kind = match value {
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        _ => "object",
    };
    invalid("invalid_shipments", &format!("invalid type ({kind}) for field shipments.{name}"))
}

/// `LxWxH,grams`: `10x10x20,500`.
fn dimensions(value: Said<'_, '_>) -> Result<Option<String>, Refusal> {
    let wrong = ("invalid_shipments", "shipments.dimensions invalid");
    let Some(said) = text(value, 64, wrong)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let is_number = |part: &str| part.trim().parse::<f32>().is_ok_and(|number| number > 0.0);
    let is_right = said.split_once(',').is_some_and(|(size, weight)| {
        size.split(['x', 'X']).count() == 3 && size.split(['x', 'X']).all(is_number) && is_number(weight)
    });
    if is_right { Ok(Some(said)) } else { Err(invalid(wrong.0, wrong.1)) }
}

fn differential_pricing(value: Said<'_, '_>) -> Result<Option<NumberedId>, Refusal> {
    let wrong = ("invalid_differential_pricing", "differential_pricing invalid. Wrong format");
    let Some(value) = object(value, wrong)? else { return Ok(None) };
    match member(value, "id") {
        None => Ok(None),
        id => number_of(id).map(|id| Some(NumberedId { id })).ok_or_else(|| invalid(wrong.0, wrong.1)),
    }
}

fn number_of(value: Said<'_, '_>) -> Option<i64> {
    value?.as_number()?.as_i64()
}

/// A code that some clients send as a number.
fn coded(value: Said<'_, '_>, wrong: (&'static str, &str)) -> Result<Option<String>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    text_or_number(value)
        .filter(|text| text.chars().count() <= MAX_TEXT)
        .map(Some)
        .ok_or_else(|| invalid(wrong.0, wrong.1))
}

fn texts(value: Said<'_, '_>, wrong: (&'static str, &str)) -> Result<Option<Vec<String>>, Refusal> {
    let Some(entries) = list(value, MAX_IDS, wrong)? else { return Ok(None) };
    let short = |entry: &Json<'_>| entry.as_str().filter(|text| text.len() <= MAX_TEXT).map(str::to_owned);
    let texts = entries.iter().map(short).collect::<Option<Vec<_>>>();
    texts.map(Some).ok_or_else(|| invalid(wrong.0, wrong.1))
}

fn objects(value: Said<'_, '_>, wrong: (&'static str, &str)) -> Result<Option<Value>, Refusal> {
    let Some(entries) = list(value, MAX_IDS, wrong)? else { return Ok(None) };
    if !entries.iter().all(Json::is_object) {
        return Err(invalid(wrong.0, wrong.1));
    }
    Ok(Some(Value::Array(entries.iter().map(Value::from).collect())))
}

fn kept_object(value: Said<'_, '_>, wrong: (&'static str, &str)) -> Result<Option<Value>, Refusal> {
    Ok(object(value, wrong)?.map(Value::from))
}
