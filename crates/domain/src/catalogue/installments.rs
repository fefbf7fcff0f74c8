//! What instalments cost the payer.
//!
//! The master datum is the surcharge in per cent over the price, two decimals, one a market and number of
//! instalments (`data/installment_rates.csv`). From it: `total = price · (1 + rate / 100)` and
//! `installment = total / number`, both rounded half up to the currency. Published rows agree (1 200.00 at 9.73 % in
//! 3 → 438.92 and 1 316.76; 5 900.00 at 7.50 % in 3 → 2 114.17 and 6 342.50), and the total never drops below the
//! price, which `number · installment` would (100.00 in 3 without interest).

use super::method::PaymentMethod;
use super::{SiteCatalogue, table};
use crate::money::{Money, parse_decimal, round_half_up};
use crate::site::Site;
use rust_decimal::Decimal;

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

/// A price in instalments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallmentPlan {
    /// How many, at least 1.
    pub installments: u32,
    /// Surcharge over the price, in per cent.
    pub rate_percent: Decimal,
    /// What each costs.
    pub installment_amount: Money,
    /// What the payer pays in all; never less than the price.
    pub total: Money,
    /// Who takes the surcharge.
    pub collected_by: RateCollector,
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

/// A row of a market's price list.
#[derive(Clone, Debug)]
pub struct InstallmentRate {
    /// How many instalments.
    pub installments: u32,
    /// Surcharge over the price, in per cent.
    pub rate_percent: Decimal,
    /// The smallest price for which it is offered.
    pub min_amount: Money,
    /// Who takes the surcharge.
    pub collected_by: RateCollector,
    /// What Argentine law wants shown beside it: effective annual rate and total financial cost, in per cent.
    pub annual_percent: Option<(Decimal, Decimal)>,
}

const RATES: &str = include_str!("../../data/installment_rates.csv");

/// A site's price list of instalments.
#[derive(Clone, Debug)]
pub(super) struct InstallmentRates {
    /// The market's, ascending, a single payment first.
    market: Vec<InstallmentRate>,
    /// Those that an operator set for some, the most specific first.
    specific: Vec<SpecificRates>,
}

/// A price list for some methods or issuers. An empty list means all of them.
#[derive(Clone, Debug)]
pub(super) struct SpecificRates {
    pub(super) methods: Vec<String>,
    pub(super) issuers: Vec<i64>,
    /// Ascending, a single payment first.
    pub(super) rows: Vec<InstallmentRate>,
}

impl InstallmentRates {
    pub(super) fn compiled_in(site: Site) -> InstallmentRates {
        InstallmentRates { market: read(site), specific: Vec::new() }
    }

    pub(super) fn set_market(&mut self, rows: Vec<InstallmentRate>) {
        self.market = rows;
    }

    pub(super) fn add(&mut self, rates: SpecificRates) {
        self.specific.push(rates);
    }

    /// An issuer's list for a method comes before an issuer's, and that before a method's; then as they were written.
    pub(super) fn sort(&mut self) {
        self.specific.sort_by_key(|rates| (rates.issuers.is_empty(), rates.methods.is_empty()));
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
}

/// The market's price list, ascending, a single payment first.
pub fn rates(catalogue: &SiteCatalogue) -> &[InstallmentRate] {
    &catalogue.rates.market
}

/// The rows that `method` offers for cards that start with `bin` (empty: for its cards in general).
pub fn offered<'a>(catalogue: &'a SiteCatalogue, method: &PaymentMethod, bin: &str) -> &'a [InstallmentRate] {
    let all = rates_for(catalogue, method, bin);
    if method.allows_installments(bin) { all } else { &all[..1] }
}

/// The list that counts for cards of `method` that start with `bin`.
fn rates_for<'a>(catalogue: &'a SiteCatalogue, method: &PaymentMethod, bin: &str) -> &'a [InstallmentRate] {
    let rates = &catalogue.rates;
    if rates.specific.is_empty() {
        return &rates.market;
    }
    let issuer = catalogue.issuer_for(&method.id, bin).map(|issuer| issuer.id);
    let is_for = |rates: &&SpecificRates| {
        (rates.methods.is_empty() || rates.methods.contains(&method.id))
            && (rates.issuers.is_empty() || issuer.is_some_and(|issuer| rates.issuers.contains(&issuer)))
    };
    rates.specific.iter().find(is_for).map_or(rates.market.as_slice(), |rates| &rates.rows)
}

/// What `amount` costs in `installments` with `method`.
///
/// A single payment is always possible here; whether the method takes the amount is asked elsewhere.
///
/// # Errors
/// [`InstallmentRefusal::NotOffered`] for a number without a row, and for more than one with anything but a credit
/// card; [`InstallmentRefusal::AmountTooSmall`] below the row's smallest amount.
pub fn plan(
    catalogue: &SiteCatalogue,
    method: &PaymentMethod,
    amount: Money,
    installments: u32,
) -> Result<InstallmentPlan, InstallmentRefusal> {
    plan_for_bin(catalogue, method, "", amount, installments)
}

/// As [`plan`], for a card that starts with `bin`: some BINs of a method can't be paid in instalments.
///
/// # Errors
/// As [`plan`].
pub fn plan_for_bin(
    catalogue: &SiteCatalogue,
    method: &PaymentMethod,
    bin: &str,
    amount: Money,
    installments: u32,
) -> Result<InstallmentPlan, InstallmentRefusal> {
    let rate = offered(catalogue, method, bin)
        .iter()
        .find(|rate| rate.installments == installments)
        .ok_or(InstallmentRefusal::NotOffered)?;
    if amount < rate.min_amount {
        return Err(InstallmentRefusal::AmountTooSmall { from: rate.min_amount });
    }
    Ok(rate.plan(amount))
}

impl InstallmentRate {
    /// What `amount` costs by this row.
    pub fn plan(&self, amount: Money) -> InstallmentPlan {
        let (total, installment_amount) = price(amount, self.rate_percent, self.installments);
        InstallmentPlan {
            installments: self.installments,
            rate_percent: self.rate_percent,
            installment_amount,
            total,
            collected_by: self.collected_by,
        }
    }
}

/// What `amount` costs in all and each time, at a surcharge of `rate_percent`.
pub fn price(amount: Money, rate_percent: Decimal, installments: u32) -> (Money, Money) {
    let whole = Decimal::ONE_HUNDRED + rate_percent;
    let total = round_half_up(Decimal::from(amount.minor) * whole / Decimal::ONE_HUNDRED);
    let each = round_half_up(Decimal::from(total) / Decimal::from(installments));
    assert!(total >= amount.minor, "instalments never cost less than the price");
    (Money::new(total, amount.currency), Money::new(each, amount.currency))
}

fn read(site: Site) -> Vec<InstallmentRate> {
    // The table is compiled in and a test reads it for every site.
    let decimal = |text: &str| parse_decimal(text).expect("rates are decimals");
    let rates: Vec<InstallmentRate> = table::rows(RATES)
        .filter(|row| row[0] == site.id())
        .map(|row| InstallmentRate {
            installments: row[1].parse().expect("numbers of instalments are whole"),
            rate_percent: decimal(row[2]),
            min_amount: Money::from_decimal_text(row[3], site.currency()).expect("amounts fit the currency"),
            collected_by: match row[4] {
                "THIRD_PARTY" => RateCollector::Issuer,
                _ => RateCollector::Platform,
            },
            annual_percent: (!row[5].is_empty()).then(|| (decimal(row[5]), decimal(row[6]))),
        })
        .collect();
    assert_eq!(rates[0].installments, 1, "every market takes a single payment");
    rates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use crate::money::Currency;
    use crate::site::SITES;
    use proptest::prelude::*;

    fn price(
        site: Site,
        method: &str,
        amount: &str,
        installments: u32,
    ) -> Result<(String, String), InstallmentRefusal> {
        let amount = Money::from_decimal_text(amount, site.currency()).unwrap();
        let catalogue = catalogue::of(site);
        let plan = plan(catalogue, catalogue.method(method).unwrap(), amount, installments)?;
        Ok((plan.installment_amount.to_fixed_text(), plan.total.to_fixed_text()))
    }

    fn row(rate: &str, installments: u32, amount: &str) -> (String, String) {
        let plan = InstallmentRate {
            installments,
            rate_percent: parse_decimal(rate).unwrap(),
            min_amount: Money::zero(Currency::ARS),
            collected_by: RateCollector::Platform,
            annual_percent: None,
        }
        .plan(Money::from_decimal_text(amount, Currency::ARS).unwrap());
        (plan.installment_amount.to_fixed_text(), plan.total.to_fixed_text())
    }

    #[test]
    fn published_rows_are_reproduced() {
        let text = |each: &str, total: &str| (each.to_owned(), total.to_owned());
        assert_eq!(row("8.14", 2, "1200.00"), text("648.84", "1297.68"));
        assert_eq!(row("9.73", 3, "1200.00"), text("438.92", "1316.76"));
        assert_eq!(row("9.64", 2, "10.00"), text("5.48", "10.96"));
        assert_eq!(row("10.97", 3, "1000.00"), text("369.90", "1109.70"));
        assert_eq!(row("7.50", 3, "5900.00"), text("2114.17", "6342.50"));
        assert_eq!(price(Site::MLB, "master", "100", 3), Ok(text("36.58", "109.73")));
        assert_eq!(price(Site::MLC, "visa", "10000", 3), Ok(text("3333", "10000")));
    }

    #[test]
    fn only_credit_cards_are_paid_in_instalments_and_only_in_offered_numbers() {
        assert_eq!(price(Site::MLB, "pix", "100", 2), Err(InstallmentRefusal::NotOffered));
        assert_eq!(price(Site::MLB, "debvisa", "100", 2), Err(InstallmentRefusal::NotOffered));
        assert_eq!(price(Site::MLM, "mercadopagocard", "1000", 3), Err(InstallmentRefusal::NotOffered));
        assert!(price(Site::MLB, "debelo", "100", 1).is_ok());
        for refused in [0, 13, 18, u32::MAX] {
            assert_eq!(
                price(Site::MLB, "visa", "1000", refused),
                Err(InstallmentRefusal::NotOffered),
                "{refused}"
            );
        }
        assert_eq!(price(Site::MLA, "visa", "1000", 2), Err(InstallmentRefusal::NotOffered));
        let from = Money::new(6_000, Currency::BRL);
        assert_eq!(price(Site::MLB, "visa", "59.99", 12), Err(InstallmentRefusal::AmountTooSmall { from }));
    }

    #[test]
    fn a_bin_without_instalments_is_paid_at_once() {
        let mlb = catalogue::of(Site::MLB);
        let visa = mlb.method("visa").unwrap();
        let amount = Money::new(10_000, Currency::BRL);
        assert!(plan_for_bin(mlb, visa, "423564", amount, 6).is_ok());
        assert_eq!(plan_for_bin(mlb, visa, "417401", amount, 6), Err(InstallmentRefusal::NotOffered));
        assert!(plan_for_bin(mlb, visa, "417401", amount, 1).is_ok());
    }

    #[test]
    fn issuers_price_the_instalments_of_three_markets() {
        for site in SITES {
            for rate in rates(catalogue::of(site)) {
                let by_issuer = matches!(site, Site::MLC | Site::MCO | Site::MPE) && rate.installments > 1;
                assert_eq!(
                    rate.collected_by == RateCollector::Issuer,
                    by_issuer,
                    "{site} {}",
                    rate.installments
                );
                assert!(!by_issuer || rate.rate_percent.is_zero());
            }
            assert!(rates(catalogue::of(site)).is_sorted_by_key(|rate| rate.installments));
        }
    }

    proptest! {
        #[test]
        fn totals_are_the_price_and_its_rate(minor in 1_i64..=crate::money::MAX_AMOUNT_MINOR, which in 0_usize..7) {
            let site = SITES[which];
            for rate in rates(catalogue::of(site)) {
                let plan = rate.plan(Money::new(minor, site.currency()));
                let exact = Decimal::from(minor) * (Decimal::ONE_HUNDRED + plan.rate_percent) / Decimal::ONE_HUNDRED;
                prop_assert!((Decimal::from(plan.total.minor) - exact).abs() <= Decimal::new(5, 1));
                prop_assert!(plan.total.minor >= minor);
                let paid = plan.installment_amount.minor * i64::from(plan.installments);
                prop_assert!((paid - plan.total.minor).abs() * 2 <= i64::from(plan.installments));
                prop_assert!(plan.installments > 1 || plan.total == plan.installment_amount && plan.total.minor == minor);
            }
        }
    }
}
