//! What instalments cost the payer, and the seller.
//!
//! The master datum is the surcharge in per cent over the price, two decimals, one a number of instalments in the list of a
//! market, or of a method or an issuer (`data/installment_rates.csv`; Argentine rows give the annual rate that it follows
//! from). From it:
//! `total = price · (1 + rate / 100)` and `installment = total / number`, both rounded half up to the currency. Published
//! rows agree (1 200.00 at 9.73 % in 3 → 438.92 and 1 316.76; 5 900.00 at 7.50 % in 3 → 2 114.17 and 6 342.50), and the
//! total never drops below the price, which `number · installment` would (100.00 in 3 without interest).
//!
//! [`SiteCatalogue::offers`] is asked by everybody who shows prices and by the payment that is charged: what was shown is
//! what is charged.

use super::annuity::{self, AnnualCost, Schedule};
use super::method::PaymentMethod;
use super::promotions::{BorneBy, Promotion, PromotionQuery};
use super::{SiteCatalogue, table};
use crate::identity::AccountId;
use crate::money::{Money, parse_decimal, round_half_up};
use crate::site::Site;
use crate::timestamp::Timestamp;
use rust_decimal::Decimal;

/// VAT on interest in Argentina (Ley 23.349, general rate): the CFT contains it.
const ARGENTINE_VAT_ON_INTEREST: Decimal = Decimal::from_parts(21, 0, 0, false, 0);

/// Who takes the price of the instalments from the payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateCollector {
    /// The platform: the total contains it.
    Platform,
    /// The card's issuer, on the statement: the platform's rate is 0.
    Issuer,
}

impl RateCollector {
    /// As in `installment_rate_collector`.
    pub const fn id(self) -> &'static str {
        match self {
            RateCollector::Platform => "MERCADOPAGO",
            RateCollector::Issuer => "THIRD_PARTY",
        }
    }
}

/// A row of a market's price list.
#[derive(Clone, Debug)]
pub struct InstallmentRate {
    /// How many instalments.
    pub installments: u32,
    /// Surcharge over the price, in per cent.
    pub rate_percent: Decimal,
    /// Months from the sale to the first instalment, 1 at least.
    pub first_in_months: u32,
    /// The smallest price for which it is offered.
    pub min_amount: Money,
    /// Who takes the surcharge.
    pub collected_by: RateCollector,
    /// What Argentine law wants shown beside it.
    pub annual_cost: Option<AnnualCost>,
}

/// Whose prices are asked for, and when.
#[derive(Clone, Copy, Debug)]
pub struct OfferQuery<'a> {
    /// The method.
    pub method: &'a PaymentMethod,
    /// The card's first digits; empty: the method's cards in general.
    pub bin: &'a str,
    /// The issuer that the buyer chose; one that the BIN tells wins over it.
    pub issuer_id: Option<i64>,
    /// Who sells.
    pub collector_id: AccountId,
    /// The campaign that the seller joins.
    pub differential_pricing_id: Option<i64>,
    /// The account's time.
    pub now: Timestamp,
}

/// What a plan changes of a price, whatever the price is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanTerms {
    /// Surcharge over the price, in per cent.
    pub rate_percent: Decimal,
    /// Off the price at the seller's expense, in per cent.
    pub discount_percent: Decimal,
    /// No more off than this, in minor units.
    pub discount_at_most_minor: Option<i64>,
    /// What the seller pays for instalments without interest, in per cent of the price, VAT contained.
    pub seller_percent: Decimal,
    /// The VAT that is contained in it, in per cent of what is without it.
    pub seller_vat_percent: Decimal,
}

/// A plan as it is offered: a row of the price list, and what campaigns make of it.
#[derive(Clone, Debug)]
pub struct InstallmentOffer<'a> {
    /// How many instalments.
    pub installments: u32,
    /// What it changes of a price.
    pub terms: PlanTerms,
    /// What the issuer gives back on the statement, in per cent; 0 without a campaign.
    pub reimbursement_percent: Decimal,
    /// Months from the sale to the first instalment.
    pub first_in_months: u32,
    /// The smallest price for which it is offered.
    pub min_amount: Money,
    /// The largest price for which it is offered.
    pub max_amount: Money,
    /// Who takes the surcharge.
    pub collected_by: RateCollector,
    /// What Argentine law wants shown beside it.
    pub annual_cost: Option<AnnualCost>,
    /// The campaign that changed it.
    pub promotion: Option<&'a Promotion>,
}

/// A price in instalments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallmentPlan {
    /// How many, at least 1.
    pub installments: u32,
    /// What it changes of a price.
    pub terms: PlanTerms,
    /// What this price becomes.
    pub price: PlanPrice,
    /// Who takes the surcharge.
    pub collected_by: RateCollector,
    /// The campaign's id, if one changed it.
    pub promotion_id: Option<String>,
}

/// What a price becomes by a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanPrice {
    /// What the payer pays in all: `price − discount + surcharge`.
    pub total: Money,
    /// What each instalment costs.
    pub installment_amount: Money,
    /// Off the price, at the seller's expense.
    pub discount: Money,
    /// What the seller pays for the instalments, VAT contained.
    pub seller_financing: Money,
    /// The VAT in it.
    pub seller_financing_vat: Money,
}

/// Why a number of instalments can't be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstallmentRefusal {
    /// The method, or the market, has no such plan.
    #[error("not offered in this number of instalments")]
    NotOffered,
    /// The plan exists for larger amounts only.
    #[error("offered in this number of instalments from {from:?}")]
    AmountTooSmall {
        /// The smallest price for this number.
        from: Money,
    },
}

const RATES: &str = include_str!("../../data/installment_rates.csv");

/// A site's price lists of instalments.
#[derive(Clone, Debug)]
pub(super) struct InstallmentRates {
    /// The market's, ascending, a single payment first.
    market: Vec<InstallmentRate>,
    /// Those for some, the most specific first.
    specific: Vec<SpecificRates>,
}

/// A price list for some methods or issuers. An empty list means all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct SpecificRates {
    pub(super) methods: Vec<String>,
    pub(super) issuers: Vec<i64>,
    /// Ascending, a single payment first.
    pub(super) rows: Vec<InstallmentRate>,
    /// Whether it is the compiled-in one: what an operator sets for the same cards comes before it.
    pub(super) is_compiled_in: bool,
}

impl InstallmentRates {
    pub(super) fn compiled_in(site: Site) -> InstallmentRates {
        read(RATES, site)
    }

    pub(super) fn set_market(&mut self, rows: Vec<InstallmentRate>) {
        self.market = rows;
    }

    /// Adds a list; a compiled-in one for the same cards goes.
    pub(super) fn add(&mut self, rates: SpecificRates) {
        let is_for_others = |known: &SpecificRates| {
            !known.is_compiled_in || known.methods != rates.methods || known.issuers != rates.issuers
        };
        self.specific.retain(is_for_others);
        self.specific.push(rates);
    }

    /// An issuer's list for a method comes before an issuer's, and that before a method's; then an operator's before a
    /// compiled-in one, and then as they were written.
    pub(super) fn sort(&mut self) {
        self.specific
            .sort_by_key(|rates| (rates.issuers.is_empty(), rates.methods.is_empty(), rates.is_compiled_in));
    }

    /// All lists, each with whom it is for.
    pub(super) fn lists(&self) -> impl Iterator<Item = (String, &[InstallmentRate])> {
        let name = |rates: &SpecificRates| {
            let issuers: Vec<String> = rates.issuers.iter().map(i64::to_string).collect();
            [rates.methods.join(","), issuers.join(",")].join("/")
        };
        let specific = self.specific.iter().map(move |rates| (name(rates), rates.rows.as_slice()));
        [("market".to_owned(), self.market.as_slice())].into_iter().chain(specific)
    }

    /// Whether a list has a row of so many instalments.
    pub(super) fn has(&self, installments: u32) -> bool {
        self.lists().any(|(_, rows)| rows.iter().any(|row| row.installments == installments))
    }

    /// The list that counts for a method's cards of an issuer.
    fn rows(&self, method_id: &str, issuer_id: Option<i64>) -> &[InstallmentRate] {
        let is_for = |rates: &&SpecificRates| {
            (rates.methods.is_empty() || rates.methods.iter().any(|id| id == method_id))
                && (rates.issuers.is_empty() || issuer_id.is_some_and(|id| rates.issuers.contains(&id)))
        };
        self.specific.iter().find(is_for).map_or(self.market.as_slice(), |rates| &rates.rows)
    }
}

impl SiteCatalogue {
    /// The market's price list, ascending, a single payment first: what instalments cost with cards that have no list of
    /// their own and no campaign.
    pub fn market_rates(&self) -> &[InstallmentRate] {
        &self.rates.market
    }

    /// The plans in which a card can be paid, ascending, a single payment first: the price list's rows for it, changed by
    /// the campaigns of the day that hold for `amount` (without one: for any). Anything but a credit card whose BIN allows
    /// more is paid at once.
    pub fn offers<'a>(&'a self, query: &OfferQuery<'a>, amount: Option<Money>) -> Vec<InstallmentOffer<'a>> {
        let issuer_id = self.priced_issuer(query);
        let promotions = PromotionQuery {
            method: query.method,
            issuer_id,
            collector_id: query.collector_id,
            differential_pricing_id: query.differential_pricing_id,
            now: query.now,
        };
        let campaigns: Vec<&Promotion> = self
            .promotions
            .iter()
            .filter(|campaign| campaign.is_for(&promotions) && campaign.holds_at(self.site, query.now))
            .filter(|campaign| {
                amount.is_none_or(|amount| campaign.from_amount.is_none_or(|from| from <= amount))
            })
            .collect();
        let most = if query.method.allows_installments(query.bin) { u32::MAX } else { 1 };
        self.rates
            .rows(&query.method.id, issuer_id)
            .iter()
            .take_while(|rate| rate.installments <= most)
            .map(|rate| {
                let campaign = campaigns.iter().find(|campaign| campaign.is_about(rate.installments));
                offer(self.site, query.method, rate, campaign.copied())
            })
            .collect()
    }

    /// What `amount` costs in `installments`.
    ///
    /// A single payment is always possible here; whether the method takes the amount is asked elsewhere.
    ///
    /// # Errors
    /// [`InstallmentRefusal::NotOffered`] for a number that is not offered; [`InstallmentRefusal::AmountTooSmall`] below
    /// the plan's smallest amount.
    pub fn plan(
        &self,
        query: &OfferQuery<'_>,
        amount: Money,
        installments: u32,
    ) -> Result<InstallmentPlan, InstallmentRefusal> {
        let offers = self.offers(query, Some(amount));
        let offer = offers
            .iter()
            .find(|offer| offer.installments == installments)
            .ok_or(InstallmentRefusal::NotOffered)?;
        if installments > 1 && amount < offer.min_amount {
            return Err(InstallmentRefusal::AmountTooSmall { from: offer.min_amount });
        }
        Ok(offer.plan(amount))
    }

    /// Whose prices count: the issuer that the BIN tells, else the one that the buyer chose if it issues such cards, else
    /// the method's default. So nobody gets a bank's campaign by naming the bank.
    pub(super) fn priced_issuer(&self, query: &OfferQuery<'_>) -> Option<i64> {
        let known = self.issuer_for(&query.method.id, query.bin);
        if let Some(owner) = known.filter(|issuer| issuer.owns(query.bin)) {
            return Some(owner.id);
        }
        let chosen = query.issuer_id.filter(|id| {
            self.issuers.iter().any(|issuer| issuer.id == *id && issuer.issues(&query.method.id))
        });
        chosen.or_else(|| known.map(|issuer| issuer.id))
    }
}

/// A row of the price list as a campaign changes it.
fn offer<'a>(
    site: Site,
    method: &PaymentMethod,
    rate: &InstallmentRate,
    campaign: Option<&'a Promotion>,
) -> InstallmentOffer<'a> {
    let min_amount = rate.min_amount.max(method.min_allowed);
    let mut offer = InstallmentOffer {
        installments: rate.installments,
        terms: PlanTerms { rate_percent: rate.rate_percent, ..PlanTerms::default() },
        reimbursement_percent: Decimal::ZERO,
        first_in_months: rate.first_in_months,
        min_amount,
        max_amount: method.max_allowed,
        collected_by: rate.collected_by,
        annual_cost: rate.annual_cost,
        promotion: campaign,
    };
    let Some(campaign) = campaign else { return offer };
    if let Some(free) = &campaign.interest_free {
        offer.terms.rate_percent = Decimal::ZERO;
        offer.collected_by = RateCollector::Platform;
        offer.annual_cost = (site == Site::MLA).then(AnnualCost::default);
        if free.borne_by == BorneBy::Seller && rate.installments > 1 {
            offer.terms.seller_percent = free.seller_percent;
            offer.terms.seller_vat_percent = Decimal::from(site.vat_on_services_percent());
        }
    }
    match &campaign.discount {
        Some(discount) if discount.borne_by == BorneBy::Seller => {
            offer.terms.discount_percent = discount.percent;
            offer.terms.discount_at_most_minor = discount.at_most.map(|most| most.minor);
        }
        Some(discount) => offer.reimbursement_percent = discount.percent,
        None => {}
    }
    if let Some(from) = campaign.from_amount {
        offer.min_amount = offer.min_amount.max(from);
    }
    offer
}

impl InstallmentOffer<'_> {
    /// What `amount` costs by this plan.
    pub fn plan(&self, amount: Money) -> InstallmentPlan {
        InstallmentPlan {
            installments: self.installments,
            terms: self.terms,
            price: self.terms.price(amount, self.installments),
            collected_by: self.collected_by,
            promotion_id: self.promotion.map(|promotion| promotion.id.clone()),
        }
    }
}

impl PlanTerms {
    /// What `amount` becomes in `installments`.
    pub fn price(&self, amount: Money, installments: u32) -> PlanPrice {
        let money = |minor: i64| Money::new(minor, amount.currency);
        let share =
            |percent: Decimal| round_half_up(Decimal::from(amount.minor) * percent / Decimal::ONE_HUNDRED);
        // However small the price, something is left of it.
        let most = self.discount_at_most_minor.unwrap_or(i64::MAX).min(amount.minor - 1).max(0);
        let discount = share(self.discount_percent).min(most);
        let charged = amount.minor - discount;
        let whole = Decimal::ONE_HUNDRED + self.rate_percent;
        let total = round_half_up(Decimal::from(charged) * whole / Decimal::ONE_HUNDRED);
        let each = round_half_up(Decimal::from(total) / Decimal::from(installments));
        assert!(total >= charged, "instalments never cost less than what is charged");
        let seller_financing = share(self.seller_percent);
        let with_vat = Decimal::ONE_HUNDRED + self.seller_vat_percent;
        let vat = round_half_up(Decimal::from(seller_financing) * self.seller_vat_percent / with_vat);
        PlanPrice {
            total: money(total),
            installment_amount: money(each),
            discount: money(discount),
            seller_financing: money(seller_financing),
            seller_financing_vat: money(vat),
        }
    }
}

impl InstallmentRate {
    /// A row of `site`'s list by its surcharge, or by the annual rate that the surcharge follows from.
    pub(super) fn new(
        site: Site,
        schedule: Schedule,
        price: RatePrice,
        min_amount: Money,
    ) -> InstallmentRate {
        let vat = ARGENTINE_VAT_ON_INTEREST;
        let (rate_percent, annual_cost) = match price {
            RatePrice::Surcharge(percent) => (percent, annuity::of_surcharge(percent, vat, schedule)),
            RatePrice::AnnualRate(percent) => annuity::at_tea(percent, vat, schedule),
        };
        InstallmentRate {
            installments: schedule.payments,
            rate_percent,
            first_in_months: schedule.first_in_months,
            min_amount,
            collected_by: RateCollector::Platform,
            annual_cost: (site == Site::MLA).then_some(annual_cost),
        }
    }
}

/// What a row's price is given by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RatePrice {
    /// Per cent over the price.
    Surcharge(Decimal),
    /// TEA, in per cent: French amortisation, with Argentina's VAT on the interest.
    AnnualRate(Decimal),
}

impl RatePrice {
    /// Whether it adds nothing.
    pub(super) fn is_free(self) -> bool {
        let (RatePrice::Surcharge(percent) | RatePrice::AnnualRate(percent)) = self;
        percent.is_zero()
    }
}

fn read(text: &'static str, site: Site) -> InstallmentRates {
    let mut lists: Vec<SpecificRates> = Vec::new();
    for row in table::rows(text).filter(|row| row[0] == site.id()) {
        let methods: Vec<String> = row[1].split_whitespace().map(str::to_owned).collect();
        let issuers: Vec<i64> =
            row[2].split_whitespace().map(|id| id.parse().expect("issuers are numbers")).collect();
        let rate = rate(site, &row);
        match lists.iter_mut().find(|list| list.methods == methods && list.issuers == issuers) {
            Some(list) => list.rows.push(rate),
            None => {
                lists.push(SpecificRates { methods, issuers, rows: vec![rate], is_compiled_in: true });
            }
        }
    }
    for list in &lists {
        assert_eq!(list.rows[0].installments, 1, "a single payment is always possible");
    }
    let (market, specific) =
        lists.into_iter().partition(|list| list.methods.is_empty() && list.issuers.is_empty());
    let market: Vec<SpecificRates> = market;
    let market = market.into_iter().next().expect("every market has a list").rows;
    let mut rates = InstallmentRates { market, specific };
    rates.sort();
    rates
}

fn rate(site: Site, row: &[&'static str]) -> InstallmentRate {
    // The table is compiled in and a test reads it for every site.
    let decimal = |text: &str| parse_decimal(text).expect("rates are decimals");
    let whole = |text: &str| text.parse::<u32>().expect("numbers of instalments and months are whole");
    let schedule = Schedule { payments: whole(row[3]), first_in_months: whole(row[6]) };
    let price = match (row[4], row[5]) {
        ("", tea) => RatePrice::AnnualRate(decimal(tea)),
        (rate, _) => RatePrice::Surcharge(decimal(rate)),
    };
    let min_amount = Money::from_decimal_text(row[7], site.currency()).expect("amounts fit the currency");
    let collected_by = match row[8] {
        "THIRD_PARTY" => RateCollector::Issuer,
        _ => RateCollector::Platform,
    };
    InstallmentRate { collected_by, ..InstallmentRate::new(site, schedule, price, min_amount) }
}

#[cfg(test)]
mod tests;
