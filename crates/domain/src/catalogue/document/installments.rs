//! Prices of instalments that an operator sets: the market's, or those of some methods or issuers.

use super::section::{Faults, Section};
use crate::catalogue::SiteCatalogue;
use crate::catalogue::annuity::Schedule;
use crate::catalogue::installments::{InstallmentRate, RateCollector, RatePrice, SpecificRates};
use crate::site::Site;

/// Lists of one site: some dozens of banks with a list each.
pub(super) const MOST_LISTS: usize = 100;
/// Nobody offers more instalments.
const MOST_INSTALLMENTS: i64 = 48;
/// Argentine annual rates have passed 300 %.
const LARGEST_PERCENT: i64 = 1_000;
/// Plans whose first instalment is deferred further have not been seen.
const LATEST_FIRST_MONTH: i64 = 12;

pub(super) const NAMES: [&str; 3] = ["methods", "issuers", "rows"];
pub(super) const ROW_NAMES: [&str; 6] =
    ["installments", "rate_percent", "tea_percent", "first_in_months", "min_amount", "collected_by"];

/// Sets one list: without methods and issuers, the market's.
pub(super) fn change(catalogue: &mut SiteCatalogue, entry: &Section<'_>, faults: &mut Faults) {
    entry.only(&NAMES, faults);
    entry.needs(&["rows"], faults);
    let methods = super::fees::known_methods(catalogue, entry, faults);
    let issuers = known_issuers(catalogue, entry, faults);
    let rows = rows(catalogue.site, entry, faults);
    if rows.is_empty() {
        return;
    }
    if methods.is_empty() && issuers.is_empty() {
        catalogue.rates.set_market(rows);
    } else {
        catalogue.rates.add(SpecificRates { methods, issuers, rows, is_compiled_in: false });
    }
}

/// `issuers`, each of which the site must have.
pub(super) fn known_issuers(catalogue: &SiteCatalogue, entry: &Section<'_>, faults: &mut Faults) -> Vec<i64> {
    let issuers: Vec<i64> = match entry.members().get("issuers").map(|value| value.as_array()) {
        None => Vec::new(),
        Some(Some(list)) => list.iter().map(|issuer| issuer.as_i64().unwrap_or(-1)).collect(),
        Some(None) => vec![-1],
    };
    for issuer in &issuers {
        if !catalogue.issuers.iter().any(|known| known.id == *issuer) {
            let next = "Write numbers that GET /v1/payment_methods/card_issuers shows: issuers = [310].";
            faults.add(&entry.at("issuers"), "not all of these are issuers of the site", next);
        }
    }
    issuers
}

fn rows(site: Site, entry: &Section<'_>, faults: &mut Faults) -> Vec<InstallmentRate> {
    let most = usize::try_from(MOST_INSTALLMENTS).unwrap_or(0);
    let sections = entry.sections("rows", most, faults);
    let rows: Vec<InstallmentRate> = sections.iter().filter_map(|row| rate(site, row, faults)).collect();
    let path = entry.at("rows");
    if rows.len() < sections.len() {
        return Vec::new();
    }
    if rows.first().is_none_or(|first| first.installments != 1 || !first.rate_percent.is_zero()) {
        let next = "Let the list begin with installments = 1, rate_percent = 0.";
        faults.add(&path, "a single payment must always be possible, at the price itself", next);
    }
    if !rows.is_sorted_by(|one, next| one.installments < next.installments) {
        faults.add(&path, "the numbers of instalments do not ascend", "Put them in order, each once.");
    }
    rows
}

fn rate(site: Site, row: &Section<'_>, faults: &mut Faults) -> Option<InstallmentRate> {
    row.only(&ROW_NAMES, faults);
    row.needs(&["installments", "min_amount"], faults);
    let number = row.whole("installments", 1..=MOST_INSTALLMENTS, faults);
    let first = row.whole("first_in_months", 1..=LATEST_FIRST_MONTH, faults).unwrap_or(1);
    let min_amount = row.amount("min_amount", site, faults);
    let ids = [RateCollector::Platform.id(), RateCollector::Issuer.id()];
    let collected_by = match row.one_of("collected_by", &ids, faults) {
        Some(id) if id == RateCollector::Issuer.id() => RateCollector::Issuer,
        _ => RateCollector::Platform,
    };
    let price = price(site, row, faults);
    if collected_by == RateCollector::Issuer && price.is_some_and(|price| !price.is_free()) {
        let next = "Write rate_percent = 0: the total that the platform charges is the price.";
        faults.add(&row.at("rate_percent"), "what the issuer collects is not the platform's", next);
    }
    let schedule =
        Schedule { payments: u32::try_from(number?).ok()?, first_in_months: u32::try_from(first).ok()? };
    Some(InstallmentRate { collected_by, ..InstallmentRate::new(site, schedule, price?, min_amount?) })
}

/// The surcharge, or in Argentina the annual rate that it follows from: one of the two. The costs that the law wants shown
/// follow from either, and nobody types them in.
fn price(site: Site, row: &Section<'_>, faults: &mut Faults) -> Option<RatePrice> {
    let rate = row.decimal("rate_percent", LARGEST_PERCENT, faults);
    let annual = row.decimal("tea_percent", LARGEST_PERCENT, faults);
    if row.has("tea_percent") && site != Site::MLA {
        let next = "Write rate_percent: the whole surcharge over the price.";
        faults.add(&row.at("tea_percent"), "annual rates make prices in Argentina alone", next);
        return None;
    }
    match (row.has("rate_percent"), row.has("tea_percent")) {
        (true, false) => rate.map(RatePrice::Surcharge),
        (false, true) => annual.map(RatePrice::AnnualRate),
        _ => {
            let next = "Write rate_percent, or in Argentina tea_percent in its place.";
            faults.add(row.path(), "one rate is needed, and one only", next);
            None
        }
    }
}
