//! Fees that an operator sets. They count before all that are compiled in; among themselves the most specific one: a
//! row for the method, then one for its kind, then one for all.

use super::section::{Faults, Section};
use crate::catalogue::SiteCatalogue;
use crate::catalogue::fees::{ChangedRow, FeeTerms};
use crate::catalogue::method::PaymentType;

/// Rows of one site: each method with some of its own.
pub(super) const MOST_ROWS: usize = 200;
/// The most methods that one row names.
const MOST_NAMED: usize = 100;
/// No platform keeps more.
const LARGEST_PERCENT: i64 = 50;
const LARGEST_VAT: i64 = 50;
/// Money is not held longer than this.
const LONGEST_RELEASE_DAYS: i64 = 180;

pub(super) const NAMES: [&str; 6] = ["methods", "kinds", "percent", "fixed", "vat_percent", "release_days"];

/// Adds one row.
pub(super) fn change(catalogue: &mut SiteCatalogue, entry: &Section<'_>, faults: &mut Faults) {
    entry.only(&NAMES, faults);
    entry.needs(&["percent", "fixed", "vat_percent", "release_days"], faults);
    let methods = known_methods(catalogue, entry, faults);
    let kinds = kinds(entry, faults);
    let percent = entry.decimal("percent", LARGEST_PERCENT, faults);
    let fixed = entry.amount("fixed", catalogue.site, faults);
    let vat_percent = entry.decimal("vat_percent", LARGEST_VAT, faults);
    let release_days = entry.whole("release_days", 0..=LONGEST_RELEASE_DAYS, faults);
    let (Some(percent), Some(fixed), Some(vat_percent), Some(release_days)) =
        (percent, fixed, vat_percent, release_days)
    else {
        return;
    };
    let terms = FeeTerms { percent, fixed, vat_percent, release_days };
    let row = ChangedRow { methods, kinds, terms };
    if let Some(twice) = catalogue.fees.repeats(&row) {
        faults.add(entry.path(), &format!("a row before it sets the terms of {twice}"), "Keep one of them.");
    }
    catalogue.fees.add(row);
}

/// `methods`, each of which the site must have.
pub(super) fn known_methods(
    catalogue: &SiteCatalogue,
    entry: &Section<'_>,
    faults: &mut Faults,
) -> Vec<String> {
    let methods = entry.texts("methods", (MOST_NAMED, 32), faults);
    if methods.as_ref().is_some_and(Vec::is_empty) {
        faults.add(&entry.at("methods"), "an empty list names nothing", "Name some, or take it away.");
    }
    let methods = methods.unwrap_or_default();
    for method in methods.iter().filter(|id| catalogue.method(id).is_none()) {
        let next = "Write the ids that GET /v1/payment_methods shows.";
        faults.add(&entry.at("methods"), &format!("the site has no method `{method}`"), next);
    }
    methods.into_iter().map(str::to_owned).collect()
}

fn kinds(entry: &Section<'_>, faults: &mut Faults) -> Vec<PaymentType> {
    let names = entry.texts("kinds", (PaymentType::ALL.len(), 32), faults).unwrap_or_default();
    let kinds: Vec<PaymentType> = names.iter().filter_map(|name| PaymentType::from_id(name)).collect();
    if kinds.len() < names.len() || entry.has("kinds") && names.is_empty() {
        let known = PaymentType::ALL.map(PaymentType::id).join(", ");
        faults.add(&entry.at("kinds"), "these are not all kinds of method", &format!("Known: {known}."));
    }
    kinds
}
