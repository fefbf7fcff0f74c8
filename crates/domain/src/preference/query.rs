//! What a search of preferences or merchant orders asks, and how a preference is summed up in its answer.

use super::Preference;
use crate::refusal::Refusal;
use crate::timestamp::Timestamp;
use serde_json::{Value, json};

/// What a page holds when nothing is said.
const DEFAULT_LIMIT: u32 = 30;
/// The largest page.
const MAX_LIMIT: u32 = 1_000;
/// How far a search goes back.
const MAX_OFFSET: u32 = 10_000;

/// A search as it was asked. What names nothing is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckoutQuery {
    /// `id`
    pub id: Option<String>,
    /// `external_reference`
    pub external_reference: Option<String>,
    /// `preference_id`
    pub preference_id: Option<String>,
    /// `status`
    pub status: Option<String>,
    /// `marketplace`
    pub marketplace: Option<String>,
    /// `site_id`
    pub site_id: Option<String>,
    /// `sponsor_id`
    pub sponsor_id: Option<i64>,
    /// `application_id` or `client_id`
    pub application_id: Option<i64>,
    /// `payer_id`
    pub payer_id: Option<i64>,
    /// `collector_id`
    pub collector_id: Option<i64>,
    /// `payer_email`
    pub payer_email: Option<String>,
    /// `date_created_from`, `date_created_to`
    pub created: (Option<Timestamp>, Option<Timestamp>),
    /// `last_updated_from`, `last_updated_to`
    pub updated: (Option<Timestamp>, Option<Timestamp>),
    /// Results on the page.
    pub limit: u32,
    /// Results before it.
    pub offset: u32,
}

impl CheckoutQuery {
    /// Reads a query. Names that are not known ask nothing; an official library misspells `last_updated`.
    ///
    /// # Errors
    /// 400 `ds_search_query` for a number or a date that is none.
    pub fn read(pairs: &[(String, String)]) -> Result<CheckoutQuery, Refusal> {
        let mut query = CheckoutQuery { limit: DEFAULT_LIMIT, ..CheckoutQuery::default() };
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            let text = || Some(value.clone());
            match name.as_str() {
                "id" => query.id = text(),
                "external_reference" => query.external_reference = text(),
                "preference_id" => query.preference_id = text(),
                "status" => query.status = text(),
                "marketplace" => query.marketplace = text(),
                "site_id" => query.site_id = text(),
                "payer_email" => query.payer_email = Some(value.to_lowercase()),
                "sponsor_id" => query.sponsor_id = Some(number(name, value)?),
                "application_id" | "client_id" => query.application_id = Some(number(name, value)?),
                "payer_id" => query.payer_id = Some(number(name, value)?),
                "collector_id" => query.collector_id = Some(number(name, value)?),
                "date_created_from" => query.created.0 = Some(date(name, value)?),
                "date_created_to" => query.created.1 = Some(date(name, value)?),
                "last_updated_from" | "last_udpated_from" => query.updated.0 = Some(date(name, value)?),
                "last_updated_to" | "last_udpated_to" => query.updated.1 = Some(date(name, value)?),
                "limit" => query.limit = bounded(name, value, MAX_LIMIT)?,
                "offset" => query.offset = bounded(name, value, MAX_OFFSET)?,
                _ => {}
            }
        }
        Ok(query)
    }
}

fn wrong(name: &str) -> Refusal {
    Refusal::keyed(400, "ds_search_query", format!("invalid query: {name}"))
}

fn number(name: &str, value: &str) -> Result<i64, Refusal> {
    value.parse().map_err(|_| wrong(name))
}

fn date(name: &str, value: &str) -> Result<Timestamp, Refusal> {
    // A plus sign in a query is a blank.
    Timestamp::parse(&value.replace(' ', "+")).ok_or_else(|| wrong(name))
}

fn bounded(name: &str, value: &str, most: u32) -> Result<u32, Refusal> {
    value.parse::<u32>().ok().filter(|number| *number <= most).ok_or_else(|| wrong(name))
}

/// A preference as a search lists it.
pub fn summary(preference: &Preference) -> Value {
    let titles: Vec<&str> = preference.items.iter().map(|item| item.title.as_str()).collect();
    json!({
        "id": preference.id,
        "client_id": preference.client_id,
        "collector_id": preference.collector_id,
        "concept_id": null,
        "corporation_id": "",
        "date_created": preference.date_created,
        "expiration_date_from": preference.expiration_date_from,
        "expiration_date_to": preference.expiration_date_to,
        "expires": preference.expires,
        "external_reference": preference.external_reference,
        "integrator_id": "",
        "items": titles,
        "last_updated": preference.last_updated,
        "live_mode": preference.live_mode,
        "marketplace": preference.marketplace,
        "operation_type": preference.operation_type,
        "payer_email": preference.payer.email,
        "payer_id": null,
        "platform_id": "",
        "processing_modes": preference.processing_modes,
        "product_id": "",
        "purpose": preference.purpose.as_deref().unwrap_or_default(),
        "site_id": preference.site_id,
        "sponsor_id": preference.sponsor_id.unwrap_or(0),
        "shipping_mode": shipping_mode(preference),
    })
}

fn shipping_mode(preference: &Preference) -> &str {
    match preference.shipments.mode.as_deref() {
        Some(mode @ ("custom" | "me2")) => mode,
        _ => "none",
    }
}
