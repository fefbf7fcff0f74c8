//! Campaigns in words: what buyers read on a page, in a banner, and in an answer of the API.

use super::installments::PlanTerms;
use super::promotions::{BorneBy, Discount, Promotion, Weekday};
use super::{Issuer, SiteCatalogue};
use crate::money::Money;
use crate::notation::Notation;
use crate::site::Site;
use jiff::civil::Date;

/// A language of buyers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Spanish.
    Spanish,
    /// Portuguese.
    Portuguese,
    /// English.
    English,
}

impl Language {
    /// The language of a tag (`pt`, `es-AR`, `en_US`); the site's own for another one and without one.
    pub fn choose(tag: Option<&str>, site: Site) -> Language {
        let language = tag.and_then(|tag| tag.trim().split(['-', '_']).next()).unwrap_or_default();
        match language.to_ascii_lowercase().as_str() {
            "es" => Language::Spanish,
            "pt" => Language::Portuguese,
            "en" => Language::English,
            _ if site == Site::MLB => Language::Portuguese,
            _ => Language::Spanish,
        }
    }

    const fn and(self) -> &'static str {
        match self {
            Language::Spanish => " y ",
            Language::Portuguese => " e ",
            Language::English => " and ",
        }
    }

    /// `3, 6 y 9`
    fn list(self, items: &[String]) -> String {
        match items {
            [] => String::new(),
            [only] => only.clone(),
            [first @ .., last] => format!("{}{}{last}", first.join(", "), self.and()),
        }
    }

    /// `27/11/2026`, in English `2026-11-27`.
    fn date(self, day: Date) -> String {
        match self {
            Language::English => day.to_string(),
            _ => format!("{:02}/{:02}/{}", day.day(), day.month(), day.year()),
        }
    }

    fn notation(self, site: Site) -> Notation {
        match self {
            Language::English => Notation::of(site).in_english(),
            _ => Notation::of(site),
        }
    }
}

/// A campaign in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromotionText {
    /// `3 y 6 cuotas sin interés`
    pub title: String,
    /// `con Visa y Mastercard de Banco Patagonia`; empty for all cards.
    pub cards: String,
    /// `los jueves`; empty for every day.
    pub days: String,
    /// Until when, from which amount, and who gives it.
    pub legals: String,
}

impl SiteCatalogue {
    /// `promotion` in words.
    pub fn promotion_text(&self, promotion: &Promotion, language: Language) -> PromotionText {
        let days = days(&promotion.weekdays, language);
        PromotionText {
            title: title(self.site, promotion, language),
            cards: self.cards(promotion, language),
            legals: self.legals(promotion, &days, language),
            days,
        }
    }

    /// The methods of which a campaign's cards are.
    pub fn promoted_methods(&self, promotion: &Promotion) -> Vec<&super::PaymentMethod> {
        promotion.payment_methods.iter().filter_map(|id| self.method(id)).collect()
    }

    /// The issuers of a campaign's cards.
    pub fn promoted_issuers(&self, promotion: &Promotion) -> Vec<&Issuer> {
        self.issuers.iter().filter(|issuer| promotion.issuers.contains(&issuer.id)).collect()
    }

    fn cards(&self, promotion: &Promotion, language: Language) -> String {
        let methods: Vec<String> =
            self.promoted_methods(promotion).iter().map(|method| method.name.clone()).collect();
        let issuers: Vec<String> =
            self.promoted_issuers(promotion).iter().map(|issuer| issuer.name.clone()).collect();
        let (with, by) = match language {
            Language::Spanish => ("con", "de"),
            Language::Portuguese => ("com", "de"),
            Language::English => ("with", "by"),
        };
        match (methods.is_empty(), issuers.is_empty()) {
            (true, true) => String::new(),
            (false, false) if methods != issuers => {
                format!("{with} {} {by} {}", language.list(&methods), language.list(&issuers))
            }
            (false, _) => format!("{with} {}", language.list(&methods)),
            (true, false) => format!("{with} {}", language.list(&issuers)),
        }
    }

    fn legals(&self, promotion: &Promotion, days: &str, language: Language) -> String {
        let (from, to) = (language.date(promotion.first_day), language.date(promotion.last_day));
        let amount = |amount: Money| language.notation(self.site).amount(amount, ' ');
        let mut sentences = vec![match language {
            Language::Spanish => format!("Válido del {from} al {to}{}.", after_comma(days)),
            Language::Portuguese => format!("Válido de {from} a {to}{}.", after_comma(days)),
            Language::English => format!("Valid from {from} to {to}{}.", after_comma(days)),
        }];
        if let Some(least) = promotion.from_amount.map(amount) {
            sentences.push(match language {
                Language::Spanish => format!("Compra mínima: {least}."),
                Language::Portuguese => format!("Compra mínima: {least}."),
                Language::English => format!("Smallest purchase: {least}."),
            });
        }
        if let Some(discount) = &promotion.discount
            && discount.borne_by == BorneBy::Issuer
        {
            sentences.push(
                match language {
                    Language::Spanish => "El emisor devuelve el importe en el resumen de la tarjeta.",
                    Language::Portuguese => "O emissor devolve o valor na fatura do cartão.",
                    Language::English => "The card's issuer gives the amount back on the statement.",
                }
                .to_owned(),
            );
        }
        if self.site == Site::MLA {
            sentences.extend(self.argentine_example(promotion, language));
        }
        sentences.join(" ")
    }

    /// What Resolución E 51/2017 wants to be said of financing: an example with all of its figures.
    fn argentine_example(&self, promotion: &Promotion, language: Language) -> Option<String> {
        let free = promotion.interest_free.as_ref()?;
        let installments = free.installments.iter().copied().find(|number| *number > 1)?;
        let usual = Money::new(10_000_000, self.site.currency());
        let example = promotion.from_amount.map_or(usual, |from| from.max(usual));
        let price = PlanTerms::default().price(example, installments);
        let notation = language.notation(self.site);
        let (cash, each) = (notation.amount(example, ' '), notation.amount(price.installment_amount, ' '));
        let zero = notation.percent(rust_decimal::Decimal::ZERO);
        Some(match language {
            Language::Spanish => format!(
                "Ejemplo: precio de contado {cash}; {installments} cuotas de {each}; precio total financiado {cash}; \
                 TEA {zero}; CFT {zero}."
            ),
            Language::Portuguese => format!(
                "Exemplo: preço à vista {cash}; {installments} parcelas de {each}; preço total financiado {cash}; \
                 TEA {zero}; CFT {zero}."
            ),
            Language::English => format!(
                "Example: cash price {cash}; {installments} installments of {each}; financed price {cash}; TEA {zero}; \
                 CFT {zero}."
            ),
        })
    }
}

fn title(site: Site, promotion: &Promotion, language: Language) -> String {
    let free = promotion.interest_free.as_ref().and_then(|free| {
        let numbers: Vec<String> =
            free.installments.iter().filter(|number| **number > 1).map(u32::to_string).collect();
        // A discount for who pays at once has none.
        let numbers = Some(language.list(&numbers)).filter(|numbers| !numbers.is_empty())?;
        Some(match language {
            Language::Spanish if site == Site::MLM => format!("{numbers} mensualidades sin intereses"),
            Language::Spanish => format!("{numbers} cuotas sin interés"),
            Language::Portuguese => format!("{numbers} parcelas sem juros"),
            Language::English => format!("{numbers} interest-free installments"),
        })
    });
    let off = promotion.discount.as_ref().map(|discount| discount_text(site, discount, language));
    free.into_iter().chain(off).collect::<Vec<_>>().join(", ")
}

fn discount_text(site: Site, discount: &Discount, language: Language) -> String {
    let notation = language.notation(site);
    let percent = notation.short_percent(discount.percent);
    let most = discount.at_most.map(|most| notation.amount(most, ' '));
    let (what, up_to) = match (language, discount.borne_by) {
        (Language::Spanish, BorneBy::Issuer) => ("de reintegro", "hasta"),
        (Language::Spanish, BorneBy::Seller) => ("de descuento", "hasta"),
        (Language::Portuguese, BorneBy::Issuer) => ("de volta na fatura", "até"),
        (Language::Portuguese, BorneBy::Seller) => ("de desconto", "até"),
        (Language::English, BorneBy::Issuer) => ("back on the statement", "up to"),
        (Language::English, BorneBy::Seller) => ("off", "up to"),
    };
    match most {
        Some(most) => format!("{percent} {what} {up_to} {most}"),
        None => format!("{percent} {what}"),
    }
}

fn days(weekdays: &[Weekday], language: Language) -> String {
    if weekdays.is_empty() {
        return String::new();
    }
    let name = |day: &Weekday| {
        let names = match language {
            Language::Spanish => ["lunes", "martes", "miércoles", "jueves", "viernes", "sábados", "domingos"],
            Language::Portuguese => {
                ["segundas", "terças", "quartas", "quintas", "sextas", "sábados", "domingos"]
            }
            Language::English => {
                ["Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"]
            }
        };
        names[*day as usize].to_owned()
    };
    let names = language.list(&weekdays.iter().map(name).collect::<Vec<_>>());
    match language {
        Language::Spanish => format!("los {names}"),
        // Saturday and Sunday are masculine there, the others feminine: named bare, both are right.
        Language::Portuguese => format!("válido em {names}"),
        Language::English => format!("on {names}"),
    }
}

fn after_comma(days: &str) -> String {
    if days.is_empty() { String::new() } else { format!(", {days}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn text(site: Site, id: &str, language: Language) -> PromotionText {
        let catalogue = catalogue::of(site);
        let promotion = catalogue.promotions().iter().find(|known| known.id == id).unwrap();
        catalogue.promotion_text(promotion, language)
    }

    #[test]
    fn a_campaign_reads_well_in_each_language() {
        let all = |site, id| {
            [Language::Spanish, Language::Portuguese, Language::English].map(|language| {
                let PromotionText { title, cards, days, .. } = text(site, id, language);
                format!("{title} | {cards} | {days}")
            })
        };
        assert_eq!(
            all(Site::MLA, "mla-patagonia-jueves"),
            [
                "3 cuotas sin interés, 20% de reintegro hasta $ 15.000,00 | con Visa y Mastercard de Banco Patagonia | los jueves",
                "3 parcelas sem juros, 20% de volta na fatura até $ 15.000,00 | com Visa e Mastercard de Banco Patagonia | válido em quintas",
                "3 interest-free installments, 20% back on the statement up to $ 15,000.00 | with Visa and Mastercard by Banco Patagonia | on Thursdays",
            ]
        );
        assert_eq!(
            all(Site::MLM, "mlm-amex-msi")[0],
            "3, 6, 9 y 12 mensualidades sin intereses | con American Express | "
        );
        assert_eq!(all(Site::MLB, "mlb-desconto-do-vendedor")[1], "10% de desconto até R$ 50,00 |  | ");
    }

    #[test]
    fn a_share_of_the_price_is_written_as_the_site_writes_numbers() {
        let mut promotion = catalogue::of(Site::MLA).promotions()[1].clone();
        promotion.discount.as_mut().unwrap().percent = "12.50".parse().unwrap();
        let title = |promotion: &Promotion, language| {
            catalogue::of(Site::MLA).promotion_text(promotion, language).title
        };
        assert_eq!(
            title(&promotion, Language::Spanish),
            "3 cuotas sin interés, 12,5% de reintegro hasta $ 15.000,00"
        );
        assert!(title(&promotion, Language::English).contains(" 12.5% back"));
        promotion.interest_free.as_mut().unwrap().installments = vec![1];
        let at_once = title(&promotion, Language::Spanish);
        assert_eq!(at_once, "12,5% de reintegro hasta $ 15.000,00", "who pays at once has no instalments");
    }

    #[test]
    fn argentine_financing_is_said_with_all_of_its_figures() {
        assert_eq!(
            text(Site::MLA, "mla-amex-3-6", Language::Spanish).legals,
            "Válido del 01/01/2026 al 31/12/2035. Compra mínima: $ 1.000,00. Ejemplo: precio de contado $ 100.000,00; \
             3 cuotas de $ 33.333,33; precio total financiado $ 100.000,00; TEA 0,00%; CFT 0,00%."
        );
        let issuers_gift = text(Site::MLA, "mla-patagonia-jueves", Language::Spanish).legals;
        assert!(
            issuers_gift.contains("en el resumen de la tarjeta") && issuers_gift.contains("CFT 0,00%"),
            "{issuers_gift}"
        );
    }

    #[test]
    fn no_campaign_is_without_words() {
        for site in crate::site::SITES {
            let catalogue = catalogue::of(site);
            for promotion in catalogue.promotions() {
                for language in [Language::Spanish, Language::Portuguese, Language::English] {
                    let text = catalogue.promotion_text(promotion, language);
                    assert!(text.title.len() > 5 && text.legals.contains("2035"), "{text:?}");
                    assert!(!text.title.starts_with(' ') && !text.legals.contains("  "), "{text:?}");
                }
            }
        }
    }
}
