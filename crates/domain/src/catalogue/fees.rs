//! What the platform keeps of a sale, and when the seller gets the rest.
//!
//! The terms come from `data/fee_rates.csv`, and where that is silent from `data/fee_rates_inferred.csv`. Of each
//! site's rows for the online checkout, the most specific one counts: a row for the method, then one for its kind,
//! then one for all. Where a row is given for several release terms, the term nearest to 14 days is the default, as
//! in the API's example of an approved card payment (released 14 days after its approval, about 5 % kept): MLB 4.49 %
//! after 14 days, MLA 3.49 % + VAT after 14, MLM 3.19 % + 4 after 14, MCO 2.99 % + 800 after 14, MLC 2.89 % after 10,
//! MPE 3.99 % + 1 at once, MLU 4.99 % after 21.

use super::method::{PaymentMethod, PaymentType};
use super::{SiteCatalogue, table};
use crate::money::{Money, parse_decimal, round_half_even};
use crate::site::Site;
use rust_decimal::Decimal;

/// The product of `fee_rates.csv` that is sold through the API.
const PRODUCT: &str = "online checkout";
/// The release term of the API's example.
const USUAL_RELEASE_DAYS: i64 = 14;

const RATES: &str = include_str!("../../data/fee_rates.csv");
const INFERRED_RATES: &str = include_str!("../../data/fee_rates_inferred.csv");

/// What a sale costs its seller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeTerms {
    /// Per cent of the sale.
    pub percent: Decimal,
    /// A fixed part on top.
    pub fixed: Money,
    /// VAT on both, in per cent; 0 where it is contained.
    pub vat_percent: Decimal,
    /// Days from approval until the seller's money is released.
    pub release_days: i64,
}

/// A fee and its parts: `net + vat = total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fee {
    /// What the platform earns.
    pub net: Money,
    /// What it owes the state.
    pub vat: Money,
    /// What the seller pays, as in `fee_details`.
    pub total: Money,
}

/// The terms of sales with `method`.
///
/// # Panics
/// Never for a method of `catalogue`'s own: a test asks for all of the compiled-in ones.
pub fn terms(catalogue: &SiteCatalogue, method: &PaymentMethod) -> FeeTerms {
    catalogue.fees.terms(method).expect("the tables have terms for every method").clone()
}

/// A site's rows.
#[derive(Clone, Debug)]
pub(super) struct FeeTable {
    /// Those that an operator set; they count before the others.
    changed: Vec<ChangedRow>,
    compiled_in: Vec<Row>,
}

/// Terms that an operator set; for all methods, if none and no kind is named.
#[derive(Clone, Debug)]
pub(super) struct ChangedRow {
    pub(super) methods: Vec<String>,
    pub(super) kinds: Vec<PaymentType>,
    pub(super) terms: FeeTerms,
}

impl ChangedRow {
    const fn is_for_all(&self) -> bool {
        self.methods.is_empty() && self.kinds.is_empty()
    }
}

impl FeeTable {
    pub(super) fn compiled_in(site: Site) -> FeeTable {
        FeeTable { changed: Vec::new(), compiled_in: read(site) }
    }

    pub(super) fn add(&mut self, row: ChangedRow) {
        self.changed.push(row);
    }

    /// What `row` names that an earlier row named as well.
    pub(super) fn repeats(&self, row: &ChangedRow) -> Option<String> {
        self.changed.iter().find_map(|known| {
            let method = row.methods.iter().find(|method| known.methods.contains(method));
            let kind = row.kinds.iter().find(|kind| known.kinds.contains(kind));
            let all = (row.is_for_all() && known.is_for_all()).then(|| "all methods".to_owned());
            method.cloned().or_else(|| kind.map(|kind| kind.id().to_owned())).or(all)
        })
    }

    /// The terms of sales with `method`, if there are any.
    pub(super) fn terms(&self, method: &PaymentMethod) -> Option<&FeeTerms> {
        let changed = |is_for: &dyn Fn(&ChangedRow) -> bool| self.changed.iter().find(|row| is_for(row));
        let row = changed(&|row| row.methods.contains(&method.id))
            .or_else(|| changed(&|row| row.kinds.contains(&method.payment_type)))
            .or_else(|| changed(&ChangedRow::is_for_all));
        if let Some(row) = row {
            return Some(&row.terms);
        }
        let row = names(method).into_iter().find_map(|names| {
            let is_named = |row: &&Row| row.methods.iter().any(|listed| names.contains(&listed.as_str()));
            let named = self.compiled_in.iter().filter(is_named);
            named.min_by_key(|row| (row.terms.release_days - USUAL_RELEASE_DAYS).abs())
        })?;
        Some(&row.terms)
    }
}

impl FeeTerms {
    /// The fee of a sale of `amount`: each part rounded half to even, never more in all than the sale itself.
    pub fn fee(&self, amount: Money) -> Fee {
        let net = amount.percent(self.percent).plus(self.fixed);
        let vat = net.percent(self.vat_percent);
        let total = net.plus(vat);
        if total <= amount {
            return Fee { net, vat, total };
        }
        // A fixed part can exceed a very small sale (or capture). The sale then pays what it has, VAT within it.
        let gross = Decimal::ONE_HUNDRED + self.vat_percent;
        let vat = Money::new(
            round_half_even(Decimal::from(amount.minor) * self.vat_percent / gross),
            amount.currency,
        );
        Fee { net: amount.minus(vat), vat, total: amount }
    }
}

/// Terms, and for what they are.
#[derive(Clone, Debug)]
struct Row {
    /// Names of methods, or of kinds of them.
    methods: Vec<String>,
    terms: FeeTerms,
}

fn read(site: Site) -> Vec<Row> {
    // The tables are compiled in and a test reads them for every site.
    let decimal = |text: &str| parse_decimal(text).expect("rates are decimals");
    table::rows(RATES)
        .chain(table::rows(INFERRED_RATES))
        .filter(|row| row[0] == site.id() && row[1] == PRODUCT)
        .map(|row| Row {
            methods: row[2].split('/').map(str::to_owned).collect(),
            terms: FeeTerms {
                percent: decimal(row[4]),
                fixed: Money::from_decimal_text(row[5], site.currency()).expect("fees fit the currency"),
                vat_percent: decimal(row[7]),
                release_days: row[3].parse().expect("release terms are whole days"),
            },
        })
        .collect()
}

/// The names under which the tables may list a method: its own, its kind's, everyone's.
fn names(method: &PaymentMethod) -> [[&str; 2]; 3] {
    let own = if method.id == "bolbradesco" { "boleto" } else { method.id.as_str() };
    let kind = match method.payment_type {
        PaymentType::CreditCard => ["credit card", "credit"],
        PaymentType::DebitCard => ["debit card", "debit"],
        PaymentType::PrepaidCard | PaymentType::VoucherCard => ["prepaid card"; 2],
        PaymentType::Ticket => ["ticket"; 2],
        PaymentType::Atm => ["atm"; 2],
        PaymentType::BankTransfer | PaymentType::CryptoTransfer => ["bank transfer"; 2],
        PaymentType::AccountMoney | PaymentType::DigitalWallet => ["account_money"; 2],
        PaymentType::DigitalCurrency => ["digital currency"; 2],
    };
    [[own; 2], kind, ["all"; 2]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use crate::site::SITES;
    use proptest::prelude::*;

    fn of(site: Site, method: &str) -> FeeTerms {
        let catalogue = catalogue::of(site);
        terms(catalogue, catalogue.method(method).unwrap())
    }

    #[test]
    fn every_method_of_every_site_has_terms_and_leaves_the_seller_something() {
        for site in SITES {
            for method in catalogue::of(site).methods() {
                let terms = terms(catalogue::of(site), method);
                assert!((0..=30).contains(&terms.release_days), "{site} {}", method.id);
                assert!(terms.percent.is_sign_positive() && terms.percent < Decimal::TEN);
                let hundredfold = Money::new(method.max_allowed.minor, site.currency());
                assert!(terms.fee(hundredfold).total < hundredfold, "{site} {}", method.id);
            }
        }
    }

    #[test]
    fn the_default_term_is_the_one_nearest_to_fourteen_days() {
        let terms = of(Site::MLB, "master");
        assert_eq!((terms.percent.to_string().as_str(), terms.release_days), ("4.49", 14));
        assert_eq!(terms.fee(Money::new(10_000, terms.fixed.currency)).total.to_text(), "4.49");
        assert_eq!((of(Site::MLC, "visa").release_days, of(Site::MLU, "visa").release_days), (10, 21));
        assert_eq!((of(Site::MLA, "visa").release_days, of(Site::MPE, "visa").release_days), (14, 0));
    }

    #[test]
    fn pix_is_released_at_once_and_boleto_costs_a_fixed_fee() {
        let pix = of(Site::MLB, "pix");
        assert_eq!((pix.percent.to_string().as_str(), pix.release_days), ("0.99", 0));
        assert_eq!(pix.fee(Money::new(14_990, pix.fixed.currency)).total.to_text(), "1.48");
        let boleto = of(Site::MLB, "bolbradesco");
        assert_eq!(boleto.fee(Money::new(10_000, pix.fixed.currency)).total.to_text(), "3.49");
        assert_eq!(of(Site::MLB, "pec").fixed.to_text(), "3.49");
    }

    #[test]
    fn vat_is_added_where_the_market_adds_it() {
        let fee = of(Site::MLM, "visa").fee(Money::new(100_000, Site::MLM.currency()));
        assert_eq!(
            (fee.net.to_text(), fee.vat.to_text(), fee.total.to_text()),
            ("35.9".into(), "5.74".into(), "41.64".into())
        );
    }

    #[test]
    fn a_sale_smaller_than_the_fixed_fee_pays_what_it_has() {
        let amount = Money::new(100, Site::MCO.currency());
        let fee = of(Site::MCO, "codensa").fee(amount);
        assert_eq!((fee.net.minor, fee.vat.minor, fee.total), (84, 16, amount));
    }

    proptest! {
        #[test]
        fn parts_add_up_and_never_exceed_the_sale(minor in prop_oneof![0_i64..2_000, 0_i64..=1_000_000_000_000], which in 0_usize..7) {
            let site = SITES[which];
            for method in catalogue::of(site).methods() {
                let amount = Money::new(minor, site.currency());
                let fee = terms(catalogue::of(site), method).fee(amount);
                prop_assert_eq!(fee.net.plus(fee.vat), fee.total);
                prop_assert!(fee.net.minor >= 0 && fee.vat.minor >= 0 && fee.total <= amount);
            }
        }
    }
}
