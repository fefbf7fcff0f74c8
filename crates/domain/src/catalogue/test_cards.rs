//! The published test cards of each site.

use super::table;
use crate::site::Site;

const CARDS: &str = include_str!("../../data/test_cards.csv");

/// A card that everybody knows.
#[derive(Clone, Copy)]
pub struct TestCard {
    /// Its digits.
    pub number: &'static str,
    /// Digits.
    pub security_code: &'static str,
    /// 1–12.
    pub expiration_month: u8,
    /// Four digits.
    pub expiration_year: u16,
}

/// A site's test cards.
pub fn of(site: Site) -> impl Iterator<Item = TestCard> {
    let rows = table::rows(CARDS).filter(move |row| row[0] == site.id());
    rows.filter_map(|row| {
        // `11/30`
        let (month, year) = row[5].split_once('/')?;
        let (expiration_month, year) = (month.parse().ok()?, year.parse::<u16>().ok()?);
        Some(TestCard {
            number: row[3],
            security_code: row[4],
            expiration_month,
            expiration_year: 2_000 + year,
        })
    })
}

impl TestCard {
    /// The last four digits of the number.
    pub fn last_four(&self) -> &'static str {
        &self.number[self.number.len() - 4..]
    }
}

/// The number of a document of the kind that the site's forms offer first; Mexico's forms offer none.
pub const fn document(site: Site) -> Option<&'static str> {
    match site {
        Site::MLA | Site::MPE => Some("12345678"),
        Site::MLB => Some("12345678909"),
        Site::MLC => Some("111111111"),
        Site::MCO => Some("1234567890"),
        Site::MLU => Some("12345672"),
        Site::MLM => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::SITES;

    #[test]
    fn each_site_has_a_credit_card_and_no_row_is_lost() {
        assert_eq!(SITES.into_iter().map(|site| of(site).count()).sum::<usize>(), 28);
        for site in SITES {
            assert!(
                of(site).any(|card| (card.expiration_month, card.expiration_year) == (11, 2030)),
                "{site}"
            );
        }
    }

    #[test]
    fn each_sites_forms_take_the_document() {
        for site in SITES {
            let first = crate::catalogue::of(site).identification_types().first();
            assert_eq!(first.is_some(), document(site).is_some(), "{site}");
            if let (Some(first), Some(number)) = (first, document(site)) {
                assert!(crate::documents::check(site, &first.id, number).is_ok(), "{site} {}", first.id);
            }
        }
    }
}
