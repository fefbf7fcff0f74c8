//! Interest: what paying in equal parts costs, and what the parts say that it costs a year.
//!
//! Argentina's Resolución E 51/2017 wants two rates beside a plan: the TEA (effective annual rate, interest alone) and
//! the CFT (total financial cost: interest and the VAT on it). Both belong to one cash flow: the price today against
//! equal instalments, one a month, the first one month after the sale or later.
//!
//! Numbers here are `f64` that are only added, subtracted, multiplied and divided, which IEEE 754 makes the same on
//! every machine. What leaves are rates, rounded half up to two decimals; amounts never come in.

use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};

/// Equal payments, one a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// How many, at least 1.
    pub payments: u32,
    /// Months from the sale to the first one, at least 1; more when it is deferred.
    pub first_in_months: u32,
}

/// What a plan costs whoever pays in instalments, in per cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnnualCost {
    /// TEA: interest a year, compounded monthly.
    pub tea_percent: Decimal,
    /// CFT: interest and VAT on it, a year.
    pub cft_percent: Decimal,
}

/// The surcharge over the price, in per cent, of a loan at `tea_percent` a year with VAT of `vat_percent` on its
/// interest, and the annual costs to show beside it.
///
/// The loan is French: equal payments at the monthly rate that compounds to the TEA. The VAT on all of its interest is
/// spread evenly over the payments. The CFT is taken from the payments before the surcharge is rounded: so the
/// published rows come out (69.00 % in 3 → 10.97 % and 87.82 %; 78.00 % in 12 → 42.11 % and 98.26 %).
pub fn at_tea(tea_percent: Decimal, vat_percent: Decimal, schedule: Schedule) -> (Decimal, AnnualCost) {
    let monthly = monthly_rate(fraction(tea_percent));
    let payments = f64::from(schedule.payments);
    let interest = payments / present_value(monthly, schedule) - 1.0;
    let surcharge = interest * (1.0 + fraction(vat_percent));
    let cost = AnnualCost {
        tea_percent: tea_percent.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero),
        cft_percent: percent(annual_rate_of(surcharge, schedule)),
    };
    (percent(surcharge), cost)
}

/// The annual costs of a plan whose surcharge over the price, VAT on interest contained, is `surcharge_percent`.
pub fn of_surcharge(surcharge_percent: Decimal, vat_percent: Decimal, schedule: Schedule) -> AnnualCost {
    let surcharge = fraction(surcharge_percent);
    let interest = surcharge / (1.0 + fraction(vat_percent));
    AnnualCost {
        tea_percent: percent(annual_rate_of(interest, schedule)),
        cft_percent: percent(annual_rate_of(surcharge, schedule)),
    }
}

/// The highest monthly rate that is looked for: 100 %, which is 409,500 % a year.
const HIGHEST_MONTHLY: f64 = 1.0;
/// Each step halves the range: 60 of them reach the last bit of a number around 1.
const STEPS: u32 = 60;

/// The annual rate at which a price of 1 is the present value of payments that add up to `1 + surcharge`; 0 where
/// nothing is added.
fn annual_rate_of(surcharge: f64, schedule: Schedule) -> f64 {
    if surcharge <= 0.0 {
        return 0.0;
    }
    let each = (1.0 + surcharge) / f64::from(schedule.payments);
    power(1.0 + bisect(|monthly| each * present_value(monthly, schedule) > 1.0), 12) - 1.0
}

/// The monthly rate that compounds to `annual` in twelve months.
fn monthly_rate(annual: f64) -> f64 {
    bisect(|monthly| power(1.0 + monthly, 12) < 1.0 + annual)
}

/// What payments of 1 are worth on the day of the sale.
fn present_value(monthly: f64, schedule: Schedule) -> f64 {
    let discount = 1.0 / (1.0 + monthly);
    let mut worth = power(discount, schedule.first_in_months);
    let mut sum = 0.0;
    for _ in 0..schedule.payments {
        sum += worth;
        worth *= discount;
    }
    sum
}

/// Where `is_below` turns from true to false between 0 and [`HIGHEST_MONTHLY`].
fn bisect(is_below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, HIGHEST_MONTHLY);
    for _ in 0..STEPS {
        let middle = (low + high) / 2.0;
        if is_below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

/// By repeated multiplication: `powi` may differ from one machine to another.
fn power(base: f64, exponent: u32) -> f64 {
    (0..exponent).fold(1.0, |product, _| product * base)
}

fn fraction(percent: Decimal) -> f64 {
    // Rates are decimals of a few digits: every one of them is near a float.
    percent.to_f64().unwrap_or(0.0) / 100.0
}

fn percent(fraction: f64) -> Decimal {
    // Finite and below 410 000 by `HIGHEST_MONTHLY`.
    let exact = Decimal::from_f64(fraction * 100.0).unwrap_or_default();
    exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VAT: Decimal = Decimal::from_parts(21, 0, 0, false, 0);

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn monthly(payments: u32) -> Schedule {
        Schedule { payments, first_in_months: 1 }
    }

    /// Number of instalments, TEA, and the surcharge and CFT that were published for them.
    const OBSERVED: [(u32, &str, &str, &str); 4] = [
        (3, "69.00", "10.97", "87.81"),
        (6, "68.51", "19.51", "86.71"),
        (9, "77.34", "31.46", "97.84"),
        (12, "78.00", "42.11", "98.26"),
    ];

    #[test]
    fn the_published_argentine_rows_come_out_to_the_last_hundredth_but_one() {
        for (payments, tea, surcharge, cft) in OBSERVED {
            let (rate, cost) = at_tea(decimal(tea), VAT, monthly(payments));
            let near = decimal("0.01");
            assert!((rate - decimal(surcharge)).abs() <= near, "{payments}: {rate}");
            assert!((cost.cft_percent - decimal(cft)).abs() <= near, "{payments}: {}", cost.cft_percent);
            assert_eq!(cost.tea_percent, decimal(tea));
        }
    }

    #[test]
    fn the_default_argentine_list_is_its_rate_of_69_per_cent() {
        for (payments, surcharge, cft) in
            [(3, "10.97", "87.82"), (6, "19.62", "87.36"), (9, "28.61", "86.95"), (12, "37.96", "86.58")]
        {
            let (rate, cost) = at_tea(decimal("69"), VAT, monthly(payments));
            assert_eq!((rate, cost.cft_percent), (decimal(surcharge), decimal(cft)), "{payments}");
        }
    }

    /// What 1000.00 costs on top, its instalments rounded to centavos, as the documented rows are.
    #[test]
    fn a_plain_monthly_rate_gives_the_documented_surcharges() {
        for (payments, surcharge) in
            [(2, "4.51"), (3, "6.04"), (6, "10.72"), (9, "15.53"), (10, "17.17"), (12, "20.48")]
        {
            let exact = Decimal::from_f64(100_000.0 / present_value(0.0299, monthly(payments))).unwrap();
            let each = crate::money::round_half_up(exact);
            let surplus = Decimal::new(each * i64::from(payments) - 100_000, 3);
            let rounded = surplus.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
            assert_eq!(rounded, decimal(surcharge), "{payments}");
        }
    }

    #[test]
    fn a_later_first_instalment_costs_more_at_the_same_rate_and_less_a_year_at_the_same_price() {
        let later = Schedule { payments: 6, first_in_months: 4 };
        let (at_once, _) = at_tea(decimal("69"), VAT, monthly(6));
        let (deferred, cost) = at_tea(decimal("69"), VAT, later);
        // Three months' interest on what would be paid otherwise (116.21 before VAT), and VAT on it.
        assert_eq!((at_once, deferred), (decimal("19.62"), decimal("39.33")));
        assert_eq!(cost.cft_percent, decimal("85.80"));
        assert!(
            of_surcharge(at_once, VAT, later).cft_percent
                < of_surcharge(at_once, VAT, monthly(6)).cft_percent
        );
    }

    #[test]
    fn what_adds_nothing_costs_nothing() {
        for payments in [1, 3, 36] {
            assert_eq!(of_surcharge(Decimal::ZERO, VAT, monthly(payments)), AnnualCost::default());
            assert_eq!(at_tea(Decimal::ZERO, VAT, monthly(payments)), (Decimal::ZERO, AnnualCost::default()));
        }
    }

    proptest! {
        /// Amounts are rounded to centavos: what the rounded payments cost a year is what the label says, nearly.
        #[test]
        fn the_price_as_charged_costs_what_the_label_says(
            tea in 100_i64..30_000, payments in 2_u32..=18, deferred in 1_u32..=4, minor in 1_000_000_i64..1_000_000_000
        ) {
            let schedule = Schedule { payments, first_in_months: deferred };
            let (rate, cost) = at_tea(Decimal::new(tea, 2), VAT, schedule);
            let total = crate::money::round_half_up(Decimal::from(minor) * (Decimal::ONE_HUNDRED + rate) / Decimal::ONE_HUNDRED);
            let each = crate::money::round_half_up(Decimal::from(total) / Decimal::from(payments));
            let charged = Decimal::from(each) * Decimal::from(payments) / Decimal::from(minor);
            let seen = of_surcharge((charged - Decimal::ONE) * Decimal::ONE_HUNDRED, VAT, schedule);
            prop_assert!((seen.cft_percent - cost.cft_percent).abs() <= Decimal::new(30, 2), "{seen:?} {cost:?}");
            prop_assert!((seen.tea_percent - cost.tea_percent).abs() <= Decimal::new(30, 2), "{seen:?} {cost:?}");
            prop_assert!(cost.cft_percent >= cost.tea_percent);
        }
    }
}
