//! The catalogue as the API shows it: JSON texts, ready to send.
//!
//! `logo_base` is the address of the folder that holds the logos; file names follow it after a slash.

use super::installments::OfferQuery;
use super::memory::Answer;
use super::method::{MethodStatus, PaymentMethod};
use super::{Issuer, LONGEST_BIN, SHORTEST_BIN, SiteCatalogue};
use crate::identity::AccountId;
use crate::pix_key::PIX;
use crate::timestamp::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;

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
    /// Leave Pix out: the seller has no key.
    pub without_pix: bool,
    /// Who sells.
    pub collector_id: AccountId,
    /// The account's time: campaigns hold on some days.
    pub now: Timestamp,
}

impl SiteCatalogue {
    /// [`SiteCatalogue::payment_methods_json`], remembered.
    pub fn payment_methods_answer(&self, logo_base: &str) -> Arc<Answer> {
        self.memory.recall(format!("methods {logo_base}"), || self.payment_methods_json(logo_base))
    }

    /// The same for a seller without a Pix key.
    pub fn payment_methods_answer_without_pix(&self, logo_base: &str) -> Arc<Answer> {
        self.memory.recall(format!("methods but Pix {logo_base}"), || self.methods_json(logo_base, true))
    }

    /// [`SiteCatalogue::search_json`], remembered while it is the same day on the site.
    pub fn search_answer(&self, parameters: &SearchParameters, logo_base: &str) -> Arc<Answer> {
        let SearchParameters {
            bin,
            status,
            processing_mode,
            id,
            payment_type_id,
            limit,
            offset,
            without_pix,
            ..
        } = parameters;
        let bin = bin.as_deref().unwrap_or_default();
        if bin.len() > LONGEST_BIN {
            // Somebody sent a whole card number: it is answered, and kept nowhere.
            return Arc::new(Answer::new(self.search_json(parameters, logo_base)));
        }
        let day = self.campaign_day(parameters.collector_id, parameters.now);
        let question = format!(
            "search {logo_base} {day} {bin} {status:?} {processing_mode:?} {id:?} {payment_type_id:?} {limit:?} {offset:?} {without_pix}"
        );
        self.memory.recall(question, || self.search_json(parameters, logo_base))
    }

    /// [`SiteCatalogue::card_issuers_json`], remembered.
    pub fn card_issuers_answer(&self, method_id: &str, bin: &str, logo_base: &str) -> Arc<Answer> {
        let answer = || self.card_issuers_json(method_id, bin, logo_base);
        if bin.len() > LONGEST_BIN {
            return Arc::new(Answer::new(answer()));
        }
        self.memory.recall(format!("issuers {logo_base} {bin} {method_id}"), answer)
    }

    /// [`SiteCatalogue::identification_types_json`], remembered.
    pub fn identification_types_answer(&self) -> Option<Arc<Answer>> {
        let types = self.identification_types_json()?;
        Some(self.memory.recall("documents".to_owned(), || types))
    }

    /// What an answer with campaigns depends on besides what is asked: the site's day, and the seller where one has
    /// campaigns of its own.
    pub(super) fn campaign_day(&self, collector_id: AccountId, now: Timestamp) -> String {
        let is_own = self.promotions.iter().any(|known| known.collector_id == Some(collector_id));
        let seller = if is_own { collector_id } else { 0 };
        format!("{} {seller}", now.in_zone(self.site.time_zone()).date())
    }

    /// `GET /v1/payment_methods`: the array of offered methods. What a seller can't sell (`testing`, `deactive`) is
    /// left out, because shops show whatever is in the list.
    pub fn payment_methods_json(&self, logo_base: &str) -> String {
        self.methods_json(logo_base, false)
    }

    fn methods_json(&self, logo_base: &str, without_pix: bool) -> String {
        let methods: Vec<Value> = self
            .methods
            .iter()
            .filter(|method| method.is_offered() && !(without_pix && method.id == PIX))
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
            .map(|method| self.search_result(method, bin.unwrap_or_default(), parameters, logo_base))
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
            .filter(|method| !(parameters.without_pix && method.id == PIX))
            .filter(|method| is_wanted(&parameters.payment_type_id, method.payment_type.id()))
            .filter(|method| {
                method.processing_modes.iter().any(|mode| is_wanted(&parameters.processing_mode, mode))
            })
            .collect()
    }

    fn search_result(
        &self,
        method: &PaymentMethod,
        bin: &str,
        parameters: &SearchParameters,
        logo_base: &str,
    ) -> Value {
        const MINUTES_PER_DAY: u32 = 24 * 60;
        let mut result = wire(method, logo_base);
        // Card forms read the first settings alone: the card's own shape must be it.
        if let (Some(at), Some(Value::Array(settings))) =
            (method.settings.iter().position(|settings| settings.matches(bin)), result.get_mut("settings"))
        {
            settings[..=at].rotate_right(1);
        }
        let issued_by = self.issuer_for(&method.id, bin);
        let query = OfferQuery {
            method,
            bin,
            issuer_id: issued_by.map(|issuer| issuer.id),
            collector_id: parameters.collector_id,
            differential_pricing_id: None,
            now: parameters.now,
        };
        let offers = if method.payment_type.is_card() { self.offers(&query, None) } else { Vec::new() };
        let payer_costs: Vec<Value> =
            offers.iter().map(|offer| Value::Object(self.payer_cost(&query, offer))).collect();
        let mut add = |key: &str, value: Value| result.insert(key.to_owned(), value);
        add("site_id", json!(self.site.id()));
        add("issuer", issued_by.map_or(Value::Null, issuer));
        add("payer_costs", Value::Array(payer_costs));
        add("marketplace", json!("NONE"));
        add("processing_mode", json!("aggregator"));
        add("merchant_account_id", Value::Null);
        add("min_accreditation_days", json!(0));
        add("max_accreditation_days", json!(method.accreditation_minutes.div_ceil(MINUTES_PER_DAY)));
        add("labels", json!([]));
        add("agreements", json!([]));
        // Of a whole number no more than its BIN is repeated.
        let shown = bin.get(..LONGEST_BIN).unwrap_or(bin);
        add("bins", if bin.len() < SHORTEST_BIN { json!([]) } else { json!([shown]) });
        add("total_financial_cost", Value::Null);
        let campaign = offers.iter().find_map(|offer| offer.promotion);
        add("financing_deals", self.financing_deals(campaign));
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

pub(super) fn logo(base: &str, file: &str) -> String {
    format!("{}/{file}", base.trim_end_matches('/'))
}

/// The issuer in a search result: here its id is a number.
fn issuer(issuer: &Issuer) -> Value {
    json!({"id": issuer.id, "name": issuer.name, "default": issuer.default})
}
