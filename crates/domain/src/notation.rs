//! How people of a site write amounts and rates.

use crate::money::Money;
use crate::site::Site;
use rust_decimal::Decimal;

/// A symbol and two separators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notation {
    /// `$`, `R$`, `S/`.
    pub symbol: &'static str,
    /// Between units and hundredths.
    pub decimal: char,
    /// Between groups of three digits.
    pub thousands: char,
}

impl Notation {
    /// The site's own.
    pub const fn of(site: Site) -> Notation {
        let (symbol, decimal, thousands) = match site {
            Site::MLB => ("R$", ',', '.'),
            Site::MLM => ("$", '.', ','),
            Site::MPE => ("S/", '.', ','),
            Site::MLA | Site::MLC | Site::MCO | Site::MLU => ("$", ',', '.'),
        };
        Notation { symbol, decimal, thousands }
    }

    /// The same symbol with the separators that readers of English expect.
    #[must_use]
    pub const fn in_english(self) -> Notation {
        Notation { decimal: '.', thousands: ',', ..self }
    }

    /// `R$ 1.234,56`, `$ 1,234.56`, `S/ 12.00`, `$ 12.345`: with all of the currency's decimals, and `space` after the
    /// symbol.
    pub fn amount(self, amount: Money, space: char) -> String {
        let fixed = amount.to_fixed_text();
        let (whole, fraction) = fixed.split_once('.').unwrap_or((&fixed, ""));
        let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
        let mut text = format!("{sign}{}{space}", self.symbol);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(self.thousands);
            }
            text.push(digit);
        }
        if !fraction.is_empty() {
            text.push(self.decimal);
            text.push_str(fraction);
        }
        text
    }

    /// `12,5%`: as many decimals as it has.
    pub fn short_percent(self, percent: Decimal) -> String {
        format!("{}%", percent.normalize()).replace('.', self.decimal.encode_utf8(&mut [0; 4]))
    }

    /// `69,00%`: two decimals, no thousands separator.
    pub fn percent(self, percent: Decimal) -> String {
        format!("{percent:.2}%").replace('.', self.decimal.encode_utf8(&mut [0; 4]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_site_reads_its_own_notation() {
        let text = |minor, site: Site| Notation::of(site).amount(Money::new(minor, site.currency()), ' ');
        assert_eq!(text(123_456_789, Site::MLB), "R$ 1.234.567,89");
        assert_eq!(text(123_456, Site::MLM), "$ 1,234.56");
        assert_eq!(text(1_200, Site::MPE), "S/ 12.00");
        assert_eq!(text(12_345, Site::MLC), "$ 12.345");
        assert_eq!(text(5, Site::MLA), "$ 0,05");
        assert_eq!(text(-100_000, Site::MLU), "-$ 1.000,00");
    }

    #[test]
    fn the_notation_is_what_the_sites_table_says() {
        let table: Vec<serde_json::Value> = serde_json::from_str(include_str!("../data/sites.json")).unwrap();
        for row in table {
            let notation = Notation::of(Site::from_id(row["id"].as_str().unwrap()).unwrap());
            assert_eq!(row["currency_symbol"], notation.symbol, "{row}");
            assert_eq!(row["decimal_separator"], notation.decimal.to_string());
            assert_eq!(row["thousands_separator"], notation.thousands.to_string());
        }
    }

    #[test]
    fn a_share_has_as_many_decimals_as_it_needs() {
        let share = |text: &str, notation: Notation| notation.short_percent(text.parse().unwrap());
        assert_eq!(share("12.50", Notation::of(Site::MLA)), "12,5%");
        assert_eq!(share("12.50", Notation::of(Site::MLA).in_english()), "12.5%");
        assert_eq!(share("10", Notation::of(Site::MLB)), "10%");
        assert_eq!(share("7.25", Notation::of(Site::MLM)), "7.25%");
    }

    #[test]
    fn rates_have_two_decimals() {
        assert_eq!(Notation::of(Site::MLA).percent(Decimal::new(8_782, 2)), "87,82%");
        assert_eq!(Notation::of(Site::MLA).percent(Decimal::ZERO), "0,00%");
        assert_eq!(Notation::of(Site::MLM).percent(Decimal::new(12_345, 1)), "1234.50%");
    }
}
