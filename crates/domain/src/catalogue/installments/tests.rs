//! The price list and what campaigns make of it: the reference's rows, and what must hold for every row.

use super::*;
use crate::catalogue;
use crate::money::Currency;
use crate::site::SITES;
use proptest::prelude::*;

/// A Friday, 2026-11-27.
const NOW: &str = "2026-11-27T12:00:00-03:00";

fn query(site: Site, method: &str) -> OfferQuery<'static> {
    OfferQuery {
        method: catalogue::of(site).method(method).unwrap(),
        bin: "",
        issuer_id: None,
        collector_id: 1,
        differential_pricing_id: None,
        now: Timestamp::parse(NOW).unwrap(),
    }
}

fn price_of(
    query: &OfferQuery<'_>,
    site: Site,
    amount: &str,
    installments: u32,
) -> Result<(String, String), InstallmentRefusal> {
    let amount = Money::from_decimal_text(amount, site.currency()).unwrap();
    let price = catalogue::of(site).plan(query, amount, installments)?.price;
    Ok((price.installment_amount.to_fixed_text(), price.total.to_fixed_text()))
}

fn price(
    site: Site,
    method: &str,
    amount: &str,
    installments: u32,
) -> Result<(String, String), InstallmentRefusal> {
    price_of(&query(site, method), site, amount, installments)
}

fn row(rate: &str, installments: u32, amount: &str) -> (String, String) {
    let terms = PlanTerms { rate_percent: parse_decimal(rate).unwrap(), ..PlanTerms::default() };
    let price = terms.price(Money::from_decimal_text(amount, Currency::ARS).unwrap(), installments);
    (price.installment_amount.to_fixed_text(), price.total.to_fixed_text())
}

fn text(each: &str, total: &str) -> (String, String) {
    (each.to_owned(), total.to_owned())
}

#[test]
fn published_rows_are_reproduced() {
    assert_eq!(row("8.14", 2, "1200.00"), text("648.84", "1297.68"));
    assert_eq!(row("9.73", 3, "1200.00"), text("438.92", "1316.76"));
    assert_eq!(row("9.64", 2, "10.00"), text("5.48", "10.96"));
    assert_eq!(row("10.97", 3, "1000.00"), text("369.90", "1109.70"));
    assert_eq!(row("7.50", 3, "5900.00"), text("2114.17", "6342.50"));
    assert_eq!(price(Site::MLB, "master", "100", 3), Ok(text("36.58", "109.73")));
    assert_eq!(price(Site::MLC, "visa", "10000", 3), Ok(text("3333", "10000")));
    assert_eq!(price(Site::MLA, "visa", "1000", 3), Ok(text("369.90", "1109.70")));
}

/// The surcharges that are suggested for each market, by number of instalments.
#[test]
fn the_default_price_lists_are_the_documented_ones() {
    const LISTS: [(Site, &[(u32, &str)]); 7] = [
        (Site::MLA, &[(1, "0"), (3, "10.97"), (6, "19.62"), (9, "28.61"), (12, "37.96")]),
        (
            Site::MLB,
            &[(1, "0"), (2, "8.14"), (3, "9.73"), (6, "14.34"), (9, "18.86"), (10, "20.33"), (12, "23.18")],
        ),
        (Site::MLM, &[(1, "0"), (3, "5.40"), (6, "8.80"), (9, "12.10"), (12, "15.40")]),
        (Site::MLC, &[(1, "0"), (2, "0"), (3, "0"), (6, "0"), (9, "0"), (10, "0"), (12, "0")]),
        (Site::MCO, &[(1, "0"), (2, "0"), (3, "0"), (6, "0"), (9, "0"), (10, "0"), (12, "0")]),
        (Site::MPE, &[(1, "0"), (2, "0"), (3, "0"), (6, "0"), (9, "0"), (10, "0"), (12, "0")]),
        (Site::MLU, &[(1, "0"), (3, "0"), (6, "8.00"), (12, "15.50")]),
    ];
    for (site, list) in LISTS {
        let offers = catalogue::of(site).offers(&query(site, "visa"), None);
        for (installments, rate) in list {
            let offer = offers.iter().find(|offer| offer.installments == *installments);
            let rate: Decimal = rate.parse().unwrap();
            assert_eq!(offer.unwrap().terms.rate_percent, rate, "{site} {installments}");
        }
    }
    let absent = |site, number| price(site, "visa", "100000", number) == Err(InstallmentRefusal::NotOffered);
    assert!(absent(Site::MLA, 2) && absent(Site::MLA, 10) && absent(Site::MLM, 2) && absent(Site::MLU, 9));
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
    let of = |bin, installments| {
        price_of(&OfferQuery { bin, ..query(Site::MLB, "visa") }, Site::MLB, "100", installments)
    };
    assert!(of("423564", 6).is_ok());
    assert_eq!(of("417401", 6), Err(InstallmentRefusal::NotOffered));
    assert!(of("417401", 1).is_ok());
}

#[test]
fn issuers_price_the_instalments_of_three_markets() {
    for site in SITES {
        let rates = catalogue::of(site).market_rates();
        for rate in rates {
            let by_issuer = matches!(site, Site::MLC | Site::MCO | Site::MPE) && rate.installments > 1;
            assert_eq!(rate.collected_by == RateCollector::Issuer, by_issuer, "{site} {}", rate.installments);
            assert!(!by_issuer || rate.rate_percent.is_zero());
            assert_eq!(rate.annual_cost.is_some(), site == Site::MLA);
        }
        assert!(rates.is_sorted_by_key(|rate| rate.installments));
    }
}

#[test]
fn an_issuers_own_prices_win_over_the_markets_and_only_for_its_cards() {
    let rates = |issuer_id, bin| {
        let query = OfferQuery { issuer_id, bin, ..query(Site::MLA, "visa") };
        let offers = catalogue::of(Site::MLA).offers(&query, None);
        offers
            .iter()
            .map(|offer| (offer.installments, offer.terms.rate_percent.to_string()))
            .collect::<Vec<_>>()
    };
    let of = |list: [(u32, &str); 5]| list.map(|(number, rate)| (number, rate.to_owned()));
    let market = of([(1, "0.00"), (3, "10.97"), (6, "19.62"), (9, "28.61"), (12, "37.96")]);
    assert_eq!(rates(None, ""), market);
    assert_eq!(
        rates(Some(331), ""),
        of([(1, "0.00"), (3, "10.97"), (6, "19.50"), (9, "31.46"), (12, "42.11")])
    );
    assert_eq!(rates(Some(331), "450995"), market, "the BIN says whose card it is");
    assert_eq!(rates(Some(999), ""), market, "who issues no such cards has no prices");
    assert_eq!(rates(Some(287), "")[2], (6, "32.47".to_owned()), "two months later");
}

#[test]
fn the_most_particular_list_counts() {
    const TABLE: &str = "site,payment_method,issuer,installments,rate_percent,tea_percent,first_in_months,min_amount,collector,provenance
MLA,,,1,0,,1,0,MERCADOPAGO,
MLA,visa,,1,0,,1,0,MERCADOPAGO,
MLA,visa,310,1,0,,1,0,MERCADOPAGO,
MLA,,310,1,0,,1,0,MERCADOPAGO,
MLA,visa,310,3,1,,1,0,MERCADOPAGO,
MLA,,,3,4,,1,0,MERCADOPAGO,
MLA,visa,,3,3,,1,0,MERCADOPAGO,
MLA,,310,3,2,,1,0,MERCADOPAGO,
";
    let mut rates = read(TABLE, Site::MLA);
    let rate = |rates: &InstallmentRates, method, issuer| {
        let rows = rates.rows(method, issuer);
        assert_eq!(rows.iter().map(|row| row.installments).collect::<Vec<_>>(), [1, 3]);
        rows[1].rate_percent.to_string()
    };
    assert_eq!(rate(&rates, "visa", Some(310)), "1");
    assert_eq!(rate(&rates, "master", Some(310)), "2");
    assert_eq!((rate(&rates, "visa", Some(279)), rate(&rates, "visa", None)), ("3".into(), "3".into()));
    assert_eq!(rate(&rates, "master", None), "4");
    // What an operator sets for the same cards comes first, and changes nothing for more particular ones.
    let mut rows = rates.rows("master", None).to_vec();
    rows[1].rate_percent = Decimal::from(9);
    rates.add(SpecificRates { issuers: vec![310], rows, ..SpecificRates::default() });
    rates.sort();
    assert_eq!(rate(&rates, "master", Some(310)), "9");
    assert_eq!(rate(&rates, "visa", Some(310)), "1");
}

#[test]
fn a_campaign_of_the_issuer_takes_the_interest_and_the_costs_away() {
    let amex = query(Site::MLA, "amex");
    assert_eq!(price_of(&amex, Site::MLA, "1000", 3), Ok(text("333.33", "1000.00")));
    assert_eq!(price_of(&amex, Site::MLA, "1000", 9), Ok(text("142.90", "1286.10")), "not in the campaign");
    assert_eq!(price_of(&amex, Site::MLA, "999.99", 3), Ok(text("369.90", "1109.69")), "from 1000 on");
    let offers = catalogue::of(Site::MLA).offers(&amex, None);
    assert_eq!(offers[1].annual_cost, Some(AnnualCost::default()));
    assert_eq!(offers[1].promotion.unwrap().id, "mla-amex-3-6");
    assert_eq!(offers[1].min_amount, Money::new(100_000, Currency::ARS));
    let over = OfferQuery { now: Timestamp::parse("2036-01-01T12:00:00Z").unwrap(), ..amex };
    assert_eq!(price_of(&over, Site::MLA, "1000", 3), Ok(text("369.90", "1109.70")));
}

#[test]
fn what_the_seller_bears_is_taken_only_where_it_was_named() {
    let plan = |id, installments| {
        let query = OfferQuery { differential_pricing_id: id, ..query(Site::MLB, "visa") };
        catalogue::of(Site::MLB).plan(&query, Money::new(10_000, Currency::BRL), installments).unwrap()
    };
    let joined = plan(Some(30_055), 3);
    assert_eq!((joined.price.total.minor, joined.price.seller_financing.minor), (10_000, 550));
    assert_eq!(joined.promotion_id.as_deref(), Some("mlb-parcelas-do-vendedor"));
    assert_eq!(plan(None, 3).price.total.minor, 10_973);
    assert_eq!(plan(Some(7), 3).price.seller_financing.minor, 0, "an id that names nothing changes nothing");
    let cheaper = plan(Some(30_056), 3).price;
    // 10 % off, then the surcharge on what is left.
    assert_eq!((cheaper.discount.minor, cheaper.total.minor), (1_000, 9_876));
}

#[test]
fn a_discount_ends_at_its_most() {
    let query = OfferQuery { differential_pricing_id: Some(30_056), ..query(Site::MLB, "visa") };
    let price = catalogue::of(Site::MLB).plan(&query, Money::new(100_000, Currency::BRL), 1).unwrap().price;
    assert_eq!((price.discount.minor, price.total.minor), (5_000, 95_000));
}

proptest! {
    #[test]
    fn totals_are_the_price_and_its_rate(minor in 1_i64..=crate::money::MAX_AMOUNT_MINOR, which in 0_usize..7) {
        let site = SITES[which];
        for rate in catalogue::of(site).market_rates() {
            let terms = PlanTerms { rate_percent: rate.rate_percent, ..PlanTerms::default() };
            let price = terms.price(Money::new(minor, site.currency()), rate.installments);
            let exact = Decimal::from(minor) * (Decimal::ONE_HUNDRED + rate.rate_percent) / Decimal::ONE_HUNDRED;
            prop_assert!((Decimal::from(price.total.minor) - exact).abs() <= Decimal::new(5, 1));
            prop_assert!(price.total.minor >= minor);
            let paid = price.installment_amount.minor * i64::from(rate.installments);
            prop_assert!((paid - price.total.minor).abs() * 2 <= i64::from(rate.installments));
            prop_assert!(rate.installments > 1 || price.total == price.installment_amount && price.total.minor == minor);
        }
    }
}
