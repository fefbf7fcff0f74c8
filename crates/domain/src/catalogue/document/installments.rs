//! Prices of instalments that an operator sets: the market's, or those of some methods or issuers.

use super::section::{Faults, Section};
use crate::catalogue::SiteCatalogue;
use crate::catalogue::installments::{InstallmentRate, RateCollector, SpecificRates};
use crate::site::Site;

/// Lists of one site: some dozens of banks with a list each.
pub(super) const MOST_LISTS: usize = 100;
/// Nobody offers more instalments.
const MOST_INSTALLMENTS: i64 = 48;
/// Argentine annual rates have passed 300 %.
const LARGEST_PERCENT: i64 = 1_000;

pub(super) const NAMES: [&str; 3] = ["methods", "issuers", "rows"];
pub(super) const ROW_NAMES: [&str; 6] =
    ["installments", "rate_percent", "min_amount", "collected_by", "tea_percent", "cft_percent"];

/// Sets one list: without methods and issuers, the market's.
pub(super) fn change(catalogue: &mut SiteCatalogue, entry: &Section<'_>, faults: &mut Faults) {
    entry.only(&NAMES, faults);
    entry.needs(&["rows"], faults);
    let methods = super::fees::known_methods(catalogue, entry, faults);
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
    let rows = rows(catalogue.site, entry, faults);
    if rows.is_empty() {
        return;
    }
    if methods.is_empty() && issuers.is_empty() {
        catalogue.rates.set_market(rows);
    } else {
        catalogue.rates.add(SpecificRates { methods, issuers, rows });
    }
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
    row.needs(&["installments", "rate_percent", "min_amount"], faults);
    let number = row.whole("installments", 1..=MOST_INSTALLMENTS, faults);
    let rate_percent = row.decimal("rate_percent", LARGEST_PERCENT, faults);
    let min_amount = row.amount("min_amount", site, faults);
    let ids = [RateCollector::Platform.id(), RateCollector::Issuer.id()];
    let collected_by = match row.one_of("collected_by", &ids, faults) {
        Some(id) if id == RateCollector::Issuer.id() => RateCollector::Issuer,
        _ => RateCollector::Platform,
    };
    let annual = row.decimal("tea_percent", LARGEST_PERCENT, faults).zip(row.decimal(
        "cft_percent",
        LARGEST_PERCENT,
        faults,
    ));
    if annual.is_none() && (site == Site::MLA || row.has("tea_percent") || row.has("cft_percent")) {
        let next = "Write tea_percent and cft_percent, both.";
        faults.add(row.path(), "the annual rate and the total cost must be shown together", next);
    }
    if collected_by == RateCollector::Issuer && rate_percent.is_some_and(|rate| !rate.is_zero()) {
        let next = "Write rate_percent = 0: the total that the platform charges is the price.";
        faults.add(&row.at("rate_percent"), "what the issuer collects is not the platform's", next);
    }
    Some(InstallmentRate {
        installments: u32::try_from(number?).ok()?,
        rate_percent: rate_percent?,
        min_amount: min_amount?,
        collected_by,
        annual_percent: annual,
    })
}
