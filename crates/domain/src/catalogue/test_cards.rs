//! The published test cards of each site.

use super::table;
use crate::site::Site;

const CARDS: &str = include_str!("../../data/test_cards.csv");

/// A card that everybody knows.
#[derive(Clone, Copy)]
pub struct TestCard {
    /// Its digits.
    pub number: &'static str,
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
        Some(TestCard { number: row[3], expiration_month, expiration_year: 2_000 + year })
    })
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
}
