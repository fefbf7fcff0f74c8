//! The catalogue as the API shows it: JSON texts, ready to send.
//!
//! `logo_base` is the address of the folder that holds the logos; file names follow it after a slash.

use super::installments::{self, InstallmentRate};
use super::method::{MethodStatus, PaymentMethod};
use super::{Issuer, SHORTEST_BIN, SiteCatalogue};
use crate::site::Site;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value, json};

/// How many results a search shows when it does not say.
const DEFAULT_PAGE: usize = 30;
/// How many it shows at most; more than any site has methods.
const LARGEST_PAGE: usize = 100;

/// What `GET /v1/payment_methods/search` can ask for; everything else in its query changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchParameters {
    /// `bins` (or `bin`): a card's first 6 to 8 digits.
    pub bin: Option<String>,
    /// `status`; without it, `active`.
    pub status: Option<String>,
    /// `processing_mode`; without it, any.
    pub processing_mode: Option<String>,
    /// `id` of a method.
    pub id: Option<String>,
    /// `payment_type_id`.
    pub payment_type_id: Option<String>,
    /// `limit`; 30 without it, 100 at most.
    pub limit: Option<usize>,
    /// `offset`.
    pub offset: Option<usize>,
}

impl SiteCatalogue {
    /// `GET /v1/payment_methods`: the array of offered methods. What a seller can't sell (`testing`, `deactive`) is
    /// left out, because shops show whatever is in the list.
    pub fn payment_methods_json(&self, logo_base: &str) -> String {
        let methods: Vec<Value> = self
            .methods
            .iter()
            .filter(|method| method.is_offered())
            .map(|method| Value::Object(wire(method, logo_base)))
            .collect();
        Value::Array(methods).to_string()
    }

    /// `GET /v1/payment_methods/search`: a page of methods with their issuer and their instalments. With a BIN, those
    /// to which the card may belong, credit first; an unknown BIN finds nothing.
    pub fn search_json(&self, parameters: &SearchParameters, logo_base: &str) -> String {
        let bin = parameters.bin.as_deref().map(str::trim).filter(|bin| !bin.is_empty());
        let found = self.found(parameters, bin);
        let limit = parameters.limit.unwrap_or(DEFAULT_PAGE).min(LARGEST_PAGE);
        let offset = parameters.offset.unwrap_or(0);
        let results: Vec<Value> = found
            .iter()
            .skip(offset)
            .take(limit)
            .map(|method| self.search_result(method, bin.unwrap_or_default(), logo_base))
            .collect();
        json!({"paging": {"total": found.len(), "limit": limit, "offset": offset}, "results": results})
            .to_string()
    }

    /// `GET /v1/payment_methods/card_issuers`: the array of issuers to choose from; empty for an unknown method.
    pub fn card_issuers_json(&self, method_id: &str, bin: &str, logo_base: &str) -> String {
        let issuers: Vec<Value> = self
            .card_issuers(method_id, bin)
            .into_iter()
            .map(|issuer| {
                json!({
                    "id": issuer.id.to_string(),
                    "name": issuer.name,
                    "secure_thumbnail": logo(logo_base, &issuer.logo),
                    "thumbnail": logo(logo_base, &issuer.logo),
                    "processing_mode": "aggregator",
                    "merchant_account_id": null,
                })
            })
            .collect();
        Value::Array(issuers).to_string()
    }

    /// `GET /v1/identification_types`: the array of kinds of document, or `None` where the site has none and the
    /// answer is 404 with the code 1004.
    pub fn identification_types_json(&self) -> Option<String> {
        if self.identification_types.is_empty() {
            return None;
        }
        Some(json!(self.identification_types).to_string())
    }

    fn found(&self, parameters: &SearchParameters, bin: Option<&str>) -> Vec<&PaymentMethod> {
        let candidates: Vec<&PaymentMethod> = match bin {
            Some(bin) => self.resolve_bin(bin),
            None => self.methods.iter().collect(),
        };
        let is_wanted = |wanted: &Option<String>, actual: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted.is_empty() || wanted == actual)
        };
        let status = parameters.status.as_deref().filter(|status| !status.is_empty());
        candidates
            .into_iter()
            .filter(|method| method.status.id() == status.unwrap_or(MethodStatus::Active.id()))
            .filter(|method| is_wanted(&parameters.id, &method.id))
            .filter(|method| is_wanted(&parameters.payment_type_id, method.payment_type.id()))
            .filter(|method| {
                method.processing_modes.iter().any(|mode| is_wanted(&parameters.processing_mode, mode))
            })
            .collect()
    }

    fn search_result(&self, method: &PaymentMethod, bin: &str, logo_base: &str) -> Value {
        const MINUTES_PER_DAY: u32 = 24 * 60;
        let mut result = wire(method, logo_base);
        // Card forms read the first settings alone: the card's own shape must be it.
        if let (Some(at), Some(Value::Array(settings))) =
            (method.settings.iter().position(|settings| settings.matches(bin)), result.get_mut("settings"))
        {
            settings[..=at].rotate_right(1);
        }
        let payer_costs: Vec<Value> = if method.payment_type.is_card() {
            installments::offered(self, method, bin)
                .iter()
                .map(|rate| payer_cost(self.site, method, rate))
                .collect()
        } else {
            Vec::new()
        };
        let mut add = |key: &str, value: Value| result.insert(key.to_owned(), value);
        add("site_id", json!(self.site.id()));
        add("issuer", self.issuer_for(&method.id, bin).map_or(Value::Null, issuer));
        add("payer_costs", Value::Array(payer_costs));
        add("marketplace", json!("NONE"));
        add("processing_mode", json!("aggregator"));
        add("merchant_account_id", Value::Null);
        add("min_accreditation_days", json!(0));
        add("max_accreditation_days", json!(method.accreditation_minutes.div_ceil(MINUTES_PER_DAY)));
        add("labels", json!([]));
        add("agreements", json!([]));
        add("bins", if bin.len() < SHORTEST_BIN { json!([]) } else { json!([bin]) });
        add("total_financial_cost", Value::Null);
        add(
            "financing_deals",
            json!({
                "legals": null,
                "installments": null,
                "expiration_date": null,
                "start_date": null,
                "status": "deactive",
            }),
        );
        Value::Object(result)
    }
}

/// A method as the list shows it.
fn wire(method: &PaymentMethod, logo_base: &str) -> Map<String, Value> {
    let mut wire = method.wire.clone();
    for key in ["secure_thumbnail", "thumbnail"] {
        wire.insert(key.to_owned(), Value::String(logo(logo_base, &method.logo)));
    }
    wire
}

fn logo(base: &str, file: &str) -> String {
    format!("{}/{file}", base.trim_end_matches('/'))
}

/// The issuer in a search result: here its id is a number.
fn issuer(issuer: &Issuer) -> Value {
    json!({"id": issuer.id, "name": issuer.name, "default": issuer.default})
}

/// A row of instalments without an amount.
fn payer_cost(site: Site, method: &PaymentMethod, rate: &InstallmentRate) -> Value {
    let from = if rate.min_amount > method.min_allowed { rate.min_amount } else { method.min_allowed };
    json!({
        "installments": rate.installments,
        "installment_rate": number(rate.rate_percent),
        "discount_rate": 0,
        "reimbursement_rate": null,
        "labels": labels(rate),
        "installment_rate_collector": [rate.collected_by.id()],
        "min_allowed_amount": from.to_number(),
        "max_allowed_amount": method.max_allowed.to_number(),
        "payment_method_option_id": option_id(site, &method.id, rate.installments),
    })
}

/// The costs that Argentine law wants shown, as the one string that shops take apart.
fn labels(rate: &InstallmentRate) -> Vec<String> {
    let comma = |percent: Decimal| format!("{percent:.2}").replace('.', ",");
    rate.annual_percent
        .map(|(annual, total)| format!("CFT_{}%|TEA_{}%", comma(total), comma(annual)))
        .into_iter()
        .collect()
}

fn number(decimal: Decimal) -> Number {
    Number::from_string_unchecked(decimal.normalize().to_string())
}

/// An opaque name of a method's row: the same for the same row, and nothing to read in it.
fn option_id(site: Site, method_id: &str, installments: u32) -> String {
    // FNV-1a: no secret is kept here, it only has to differ from row to row.
    let name = format!("{site}/{method_id}/{installments}");
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("1.AQok{hash:016X}")
}
