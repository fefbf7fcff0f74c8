//! The sentence of a plan: `3 cuotas de $ 369,90 ($ 1.109,70)`.

use super::installments::PlanPrice;
use crate::notation::Notation;
use crate::site::Site;

/// The language of a sentence and how its amounts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wording {
    one: &'static str,
    many: &'static str,
    of: &'static str,
    notation: Notation,
}

/// Words for one instalment and for many.
const CUOTAS: (&str, &str) = ("cuota", "cuotas");
const MENSUALIDADES: (&str, &str) = ("mensualidad", "mensualidades");
const PARCELAS: (&str, &str) = ("parcela", "parcelas");
const INSTALLMENTS: (&str, &str) = ("installment", "installments");

impl Wording {
    /// The words of `locale` (`es`, `es-MX`, `pt_BR`, `en-US`, in any case of letters); the site's own for another one and
    /// without one. A locale changes the language: amounts stay in the site's notation, except in English, whose readers
    /// take a comma for thousands.
    pub(super) fn choose(locale: Option<&str>, site: Site) -> Wording {
        let asked = locale.map(|locale| locale.trim().to_ascii_lowercase().replace('_', "-"));
        let own = Notation::of(site);
        let mexican = if site == Site::MLM { MENSUALIDADES } else { CUOTAS };
        let (language, region) =
            asked.as_deref().map_or(("", ""), |tag| tag.split_once('-').unwrap_or((tag, "")));
        let ((one, many), of, notation) = match (language, region) {
            ("es", "mx") => (MENSUALIDADES, "de", own),
            ("es", "") => (mexican, "de", own),
            ("es", _) => (CUOTAS, "de", own),
            ("pt", _) => (PARCELAS, "de", own),
            ("en", _) => (INSTALLMENTS, "of", own.in_english()),
            _ if site == Site::MLB => (PARCELAS, "de", own),
            _ => (mexican, "de", own),
        };
        Wording { one, many, of, notation }
    }

    /// The sentence.
    pub(super) fn message(self, installments: u32, price: &PlanPrice) -> String {
        let amount = |amount| self.notation.amount(amount, ' ');
        let word = if installments == 1 { self.one } else { self.many };
        format!(
            "{installments} {word} {} {} ({})",
            self.of,
            amount(price.installment_amount),
            amount(price.total)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Money;

    fn message(site: Site, locale: Option<&str>, installments: u32, each: i64, total: i64) -> String {
        let money = |minor| Money::new(minor, site.currency());
        let price = PlanPrice {
            total: money(total),
            installment_amount: money(each),
            discount: money(0),
            seller_financing: money(0),
            seller_financing_vat: money(0),
        };
        Wording::choose(locale, site).message(installments, &price)
    }

    #[test]
    fn the_documented_sentences_come_out() {
        for (site, locale, installments, each, total, expected) in [
            (Site::MLA, None, 3, 36_990, 110_970, "3 cuotas de $ 369,90 ($ 1.109,70)"),
            (Site::MLA, None, 1, 590_000, 590_000, "1 cuota de $ 5.900,00 ($ 5.900,00)"),
            (Site::MLU, None, 3, 36_990, 110_970, "3 cuotas de $ 369,90 ($ 1.109,70)"),
            (Site::MLB, None, 3, 43_892, 131_676, "3 parcelas de R$ 438,92 (R$ 1.316,76)"),
            (Site::MLB, None, 1, 43_892, 43_892, "1 parcela de R$ 438,92 (R$ 438,92)"),
            (Site::MLM, None, 3, 10_000, 30_000, "3 mensualidades de $ 100.00 ($ 300.00)"),
            (Site::MLM, None, 1, 10_000, 10_000, "1 mensualidad de $ 100.00 ($ 100.00)"),
            (Site::MLC, None, 3, 3_500, 10_500, "3 cuotas de $ 3.500 ($ 10.500)"),
            (Site::MCO, None, 3, 3_500, 10_500, "3 cuotas de $ 3.500 ($ 10.500)"),
            (Site::MPE, None, 3, 3_500, 10_500, "3 cuotas de S/ 35.00 (S/ 105.00)"),
            (Site::MLA, Some("en-US"), 3, 36_990, 110_970, "3 installments of $ 369.90 ($ 1,109.70)"),
        ] {
            assert_eq!(message(site, locale, installments, each, total), expected);
        }
    }

    #[test]
    fn a_locale_changes_the_language_and_an_unknown_one_nothing() {
        let of = |site, locale| message(site, Some(locale), 2, 100, 200);
        assert_eq!(of(Site::MLA, "pt-BR"), "2 parcelas de $ 1,00 ($ 2,00)");
        assert_eq!(of(Site::MLB, "es_AR"), "2 cuotas de R$ 1,00 (R$ 2,00)");
        assert_eq!(of(Site::MLM, "es"), "2 mensualidades de $ 1.00 ($ 2.00)");
        assert_eq!(of(Site::MLM, "es-AR"), "2 cuotas de $ 1.00 ($ 2.00)");
        assert_eq!(of(Site::MLA, "ES-mx"), "2 mensualidades de $ 1,00 ($ 2,00)");
        assert_eq!(of(Site::MLB, "en"), "2 installments of R$ 1.00 (R$ 2.00)");
        for unknown in ["", "tlh", "-", "é-ü"] {
            assert_eq!(of(Site::MLB, unknown), "2 parcelas de R$ 1,00 (R$ 2,00)", "{unknown}");
        }
    }
}
