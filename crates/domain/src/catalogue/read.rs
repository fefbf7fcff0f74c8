//! Reading a site's catalogue from the compiled-in tables.
//!
//! The tables can't be wrong at run time: a test reads all of them for all sites, so `expect` is proven here.

use super::SiteCatalogue;
use super::bins::BinIndex;
use super::fees::FeeTable;
use super::installments::InstallmentRates;
use super::issuers::{self, IssuerRow};
use super::memory::AnswerMemory;
use super::method::{
    CardSettings, DeferredCapture, FinancialInstitution, MethodStatus, NumberValidation, PaymentMethod,
    PaymentType, SecurityCodeMode,
};
use super::prefixes::PrefixSet;
use super::promotions;
use crate::money::Money;
use crate::site::Site;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use std::collections::HashMap;

const PAYMENT_METHODS: &str = include_str!("../../data/payment_methods.json");
const ISSUERS: &str = include_str!("../../data/issuers.json");
const IDENTIFICATION_TYPES: &str = include_str!("../../data/identification_types.json");

pub(super) fn catalogue(site: Site) -> SiteCatalogue {
    let methods: Vec<PaymentMethod> = section::<Vec<Map<String, Value>>>(PAYMENT_METHODS, site)
        .into_iter()
        .map(|wire| method(site, wire).expect("a method has the documented shape"))
        .collect();
    SiteCatalogue {
        site,
        bins: BinIndex::of(&methods),
        methods,
        issuers: issuers::of(site, section::<Vec<IssuerRow>>(ISSUERS, site)),
        identification_types: section(IDENTIFICATION_TYPES, site),
        rates: InstallmentRates::compiled_in(site),
        fees: FeeTable::compiled_in(site),
        promotions: promotions::of(site),
        memory: AnswerMemory::default(),
    }
}

/// One site's part of a file whose object is keyed by site; the other parts are only skipped over.
fn section<T: DeserializeOwned>(file: &'static str, site: Site) -> T {
    let sections: HashMap<&str, &RawValue> =
        serde_json::from_str(file).expect("the table is JSON keyed by site");
    let section = sections.get(site.id()).expect("the table has every site");
    serde_json::from_str(section.get()).expect("the table has the documented shape")
}

#[derive(Deserialize)]
struct MethodRow {
    id: String,
    name: String,
    payment_type_id: PaymentType,
    status: MethodStatus,
    thumbnail: String,
    deferred_capture: DeferredCapture,
    settings: Vec<SettingsRow>,
    additional_info_needed: Vec<String>,
    min_allowed_amount: Number,
    max_allowed_amount: Number,
    accreditation_time: u32,
    financial_institutions: Vec<FinancialInstitution>,
    processing_modes: Vec<String>,
}

#[derive(Deserialize)]
struct SettingsRow {
    card_number: CardNumberRow,
    bin: BinRow,
    security_code: SecurityCodeRow,
}

#[derive(Deserialize)]
struct CardNumberRow {
    validation: NumberValidation,
    length: usize,
}

#[derive(Deserialize)]
struct BinRow {
    pattern: String,
    installments_pattern: Option<String>,
    exclusion_pattern: Option<String>,
}

#[derive(Deserialize)]
struct SecurityCodeRow {
    length: usize,
    mode: SecurityCodeMode,
}

/// A method from what the API shows of it. The error says what does not fit, for a programmer.
pub(super) fn method(site: Site, wire: Map<String, Value>) -> Result<PaymentMethod, String> {
    let row = MethodRow::deserialize(Value::Object(wire.clone())).map_err(|error| error.to_string())?;
    let amount = |number: Number| {
        Money::from_decimal_text(&number.to_string(), site.currency()).map_err(|error| error.to_string())
    };
    Ok(PaymentMethod {
        id: row.id,
        name: row.name,
        payment_type: row.payment_type_id,
        status: row.status,
        deferred_capture: row.deferred_capture,
        settings: row.settings.into_iter().map(settings).collect::<Result<_, _>>()?,
        additional_info_needed: row.additional_info_needed,
        min_allowed: amount(row.min_allowed_amount)?,
        max_allowed: amount(row.max_allowed_amount)?,
        accreditation_minutes: row.accreditation_time,
        financial_institutions: row.financial_institutions,
        processing_modes: row.processing_modes,
        logo: row.thumbnail,
        wire,
    })
}

fn settings(row: SettingsRow) -> Result<CardSettings, String> {
    let set = |pattern: Option<String>| {
        PrefixSet::parse(&pattern.unwrap_or_default()).map_err(|fault| fault.to_string())
    };
    Ok(CardSettings {
        number_length: row.card_number.length,
        number_validation: row.card_number.validation,
        security_code_length: row.security_code.length,
        security_code_mode: row.security_code.mode,
        bins: set(Some(row.bin.pattern))?.without(&set(row.bin.exclusion_pattern)?),
        installment_bins: set(row.bin.installments_pattern)?,
    })
}
