//! Amounts as people of a site write them.

use pasarela_domain::money::Money;
use pasarela_domain::notation::Notation;
use pasarela_domain::site::Site;

const NO_BREAK_SPACE: char = '\u{a0}';

/// `R$ 1.234,56`, `$ 1,234.56`, `S/ 12.00`, `$ 12.345`: the site's notation, never broken across lines.
pub fn amount_text(amount: Money, site: Site) -> String {
    Notation::of(site).amount(amount, NO_BREAK_SPACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_site_reads_its_own_notation() {
        let text =
            |minor, site: Site| amount_text(Money::new(minor, site.currency()), site).replace('\u{a0}', " ");
        assert_eq!(text(123_456_789, Site::MLB), "R$ 1.234.567,89");
        assert_eq!(text(123_456, Site::MLM), "$ 1,234.56");
        assert_eq!(text(1_200, Site::MPE), "S/ 12.00");
        assert_eq!(text(12_345, Site::MLC), "$ 12.345");
        assert_eq!(text(5, Site::MLA), "$ 0,05");
        assert_eq!(text(-100_000, Site::MLU), "-$ 1.000,00");
    }
}
