//! Campaigns that an operator sets: the platform's, one seller's, or one that sellers join. They are preferred to those that
//! are compiled in, in the order in which they are written; one with the id of a compiled-in one takes its place.

use super::fees::known_methods;
use super::installments::known_issuers;
use super::section::{Faults, Section};
use crate::catalogue::SiteCatalogue;
use crate::catalogue::promotions::{BorneBy, Discount, InterestFree, Promotion, Weekday};
use crate::site::Site;
use jiff::civil::Date;

/// Campaigns of one site: each is looked at for every price that is shown.
pub(super) const MOST_CAMPAIGNS: usize = 200;
/// A campaign's id stands in addresses and in each payment that was made under it.
const LONGEST_ID: usize = 64;
/// Ids are below 2^53.
const LARGEST_ID: i64 = (1 << 53) - 1;
/// Nobody offers more instalments.
const MOST_INSTALLMENTS: i64 = 48;
/// Half of a price at most: what is more is a mistake of a decimal point.
const LARGEST_PERCENT: i64 = 50;

pub(super) const NAMES: [&str; 11] = [
    "id",
    "collector_id",
    "differential_pricing_id",
    "methods",
    "issuers",
    "weekdays",
    "first_day",
    "last_day",
    "from_amount",
    "interest_free",
    "discount",
];
pub(super) const INTEREST_FREE_NAMES: [&str; 3] = ["installments", "borne_by", "seller_percent"];
pub(super) const DISCOUNT_NAMES: [&str; 3] = ["percent", "at_most", "borne_by"];

/// Takes the campaigns of `without_campaigns` away.
pub(super) fn end(catalogue: &mut SiteCatalogue, site: &Section<'_>, faults: &mut Faults) {
    let name = "without_campaigns";
    for id in site.texts(name, (MOST_CAMPAIGNS, LONGEST_ID), faults).unwrap_or_default() {
        let known = catalogue.promotions.len();
        catalogue.promotions.retain(|campaign| campaign.id != id);
        if catalogue.promotions.len() == known {
            let next = "Write ids that `pasarela catalog show` lists without the file.";
            faults.add(&site.at(name), &format!("no compiled-in campaign of the site is `{id}`"), next);
        }
    }
}

/// Sets the campaigns of the list.
pub(super) fn set(catalogue: &mut SiteCatalogue, site: &Section<'_>, faults: &mut Faults) {
    let mut campaigns: Vec<Promotion> = Vec::new();
    for entry in site.sections("campaigns", MOST_CAMPAIGNS, faults) {
        let Some(campaign) = campaign(catalogue, &entry, faults) else { continue };
        if campaigns.iter().any(|known| known.id == campaign.id) {
            faults.add(&entry.at("id"), "a campaign before it has this id", "Give each an id of its own.");
        }
        if let Some((what, next)) = campaign.wrong() {
            faults.add(entry.path(), what, next);
        }
        let numbers = campaign.interest_free.iter().flat_map(|free| &free.installments);
        for number in numbers.filter(|number| !catalogue.rates.has(**number)) {
            let what = format!("no price list of the site has {number} instalments");
            faults.add(
                &entry.at("interest_free"),
                &what,
                "Take the number away, or add a row to `installments`.",
            );
        }
        catalogue.promotions.retain(|known| known.id != campaign.id);
        campaigns.push(campaign);
    }
    campaigns.append(&mut catalogue.promotions);
    catalogue.promotions = campaigns;
}

fn campaign(catalogue: &SiteCatalogue, entry: &Section<'_>, faults: &mut Faults) -> Option<Promotion> {
    entry.only(&NAMES, faults);
    entry.needs(&["id", "first_day", "last_day"], faults);
    let id = entry.text("id", LONGEST_ID, faults);
    let is_plain = |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if id.is_some_and(|id| !is_plain(id)) {
        faults.add(&entry.at("id"), "an id stands in addresses", "Write letters, digits, `-`, `_` and `.`.");
    }
    let methods = known_methods(catalogue, entry, faults);
    let is_card = |id: &String| catalogue.method(id).is_none_or(|method| method.payment_type.is_card());
    if !methods.iter().all(is_card) {
        faults.add(&entry.at("methods"), "campaigns are for cards", "Take the other methods away.");
    }
    let issuers = known_issuers(catalogue, entry, faults);
    let collector_id = entry.whole("collector_id", 1..=LARGEST_ID, faults);
    let differential_pricing_id = entry.whole("differential_pricing_id", 1..=LARGEST_ID, faults);
    let weekdays = weekdays(entry, faults);
    let (first_day, last_day) = (day(entry, "first_day", faults), day(entry, "last_day", faults));
    let from_amount = entry.amount("from_amount", catalogue.site, faults);
    let free = entry.section("interest_free", faults).map(|part| interest_free(&part, faults));
    let discount = entry.section("discount", faults).map(|part| discount(catalogue.site, &part, faults));
    // What was sent and could not be read has its fault already.
    let (interest_free, discount) = (
        free.map_or(Some(None), |free| free.map(Some))?,
        discount.map_or(Some(None), |found| found.map(Some))?,
    );
    Some(Promotion {
        id: id?.to_owned(),
        collector_id,
        differential_pricing_id,
        payment_methods: methods,
        issuers,
        weekdays,
        first_day: first_day?,
        last_day: last_day?,
        from_amount,
        interest_free,
        discount,
    })
}

fn weekdays(entry: &Section<'_>, faults: &mut Faults) -> Vec<Weekday> {
    let names = entry.texts("weekdays", (Weekday::ALL.len(), 16), faults).unwrap_or_default();
    let days: Vec<Weekday> = names.iter().filter_map(|name| Weekday::from_id(name)).collect();
    if days.len() < names.len() || entry.has("weekdays") && names.is_empty() {
        let known = Weekday::ALL.map(Weekday::id).join(", ");
        faults.add(&entry.at("weekdays"), "these are not all days of the week", &format!("Known: {known}."));
    }
    days
}

fn day(entry: &Section<'_>, name: &str, faults: &mut Faults) -> Option<Date> {
    let text = entry.text(name, 10, faults)?;
    let day = text.parse::<Date>().ok().filter(|day| text.len() == 10 && day.year() >= 1970);
    if day.is_none() {
        faults.add(&entry.at(name), "this is no day", "Write it as \"2026-11-27\".");
    }
    day
}

fn interest_free(part: &Section<'_>, faults: &mut Faults) -> Option<InterestFree> {
    part.only(&INTEREST_FREE_NAMES, faults);
    part.needs(&["installments", "borne_by"], faults);
    let numbers = part.wholes("installments", 1..=MOST_INSTALLMENTS, faults);
    let seller_percent = part.decimal("seller_percent", LARGEST_PERCENT, faults);
    let borne_by = borne_by(part, faults)?;
    if borne_by == BorneBy::Issuer && part.has("seller_percent") {
        let next = "Take it away, or write borne_by = \"seller\".";
        faults.add(&part.at("seller_percent"), "the issuer bears it", next);
    }
    if borne_by == BorneBy::Seller {
        part.needs(&["seller_percent"], faults);
    }
    let installments = numbers?.into_iter().filter_map(|number| u32::try_from(number).ok()).collect();
    Some(InterestFree { installments, borne_by, seller_percent: seller_percent.unwrap_or_default() })
}

fn discount(site: Site, part: &Section<'_>, faults: &mut Faults) -> Option<Discount> {
    part.only(&DISCOUNT_NAMES, faults);
    part.needs(&["percent", "borne_by"], faults);
    let percent = part.decimal("percent", LARGEST_PERCENT, faults);
    let at_most = part.amount("at_most", site, faults);
    Some(Discount { borne_by: borne_by(part, faults)?, percent: percent?, at_most })
}

fn borne_by(part: &Section<'_>, faults: &mut Faults) -> Option<BorneBy> {
    let ids = [BorneBy::Issuer.id(), BorneBy::Seller.id()];
    let id = part.one_of("borne_by", &ids, faults)?;
    Some(if id == BorneBy::Seller.id() { BorneBy::Seller } else { BorneBy::Issuer })
}
