//! Amounts as people of a site write them.

use pasarela_domain::money::Money;
use pasarela_domain::site::Site;

const NO_BREAK_SPACE: char = '\u{a0}';

/// `R$ 1.234,56`, `$ 1,234.56`, `S/ 12.00`, `$ 12.345`: the site's symbol, separators and decimals.
pub fn amount_text(amount: Money, site: Site) -> String {
    let (symbol, decimal_separator, thousands_separator) = notation(site);
    let fixed = amount.to_fixed_text();
    let (whole, fraction) = fixed.split_once('.').unwrap_or((&fixed, ""));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut text = format!("{sign}{symbol}{NO_BREAK_SPACE}");
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(thousands_separator);
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push(decimal_separator);
        text.push_str(fraction);
    }
    text
}

const fn notation(site: Site) -> (&'static str, char, char) {
    match site {
        Site::MLB => ("R$", ',', '.'),
        Site::MLM => ("$", '.', ','),
        Site::MPE => ("S/", '.', ','),
        Site::MLA | Site::MLC | Site::MCO | Site::MLU => ("$", ',', '.'),
    }
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
