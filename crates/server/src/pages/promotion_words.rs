//! The words of the promotions page and its banner.

use super::locale::Locale;
use pasarela_domain::site::{SITES, Site};

/// Every fixed text of the promotions page in one language.
#[allow(missing_docs, reason = "each field is the place where its text stands")]
#[derive(Debug)]
pub struct PromotionWords {
    pub title: &'static str,
    pub lead: &'static str,
    pub none: &'static str,
    pub every_day: &'static str,
    pub all_cards: &'static str,
    pub costs: &'static str,
    pub costs_text: &'static str,
    pub installments: &'static str,
    pub surcharge: &'static str,
    pub by_the_issuer: &'static str,
    pub tea: &'static str,
    pub cft: &'static str,
    pub law: &'static str,
    pub countries: &'static str,
    /// In the order of `SITES`.
    pub names: [&'static str; SITES.len()],
    pub all: &'static str,
}

const SPANISH: PromotionWords = PromotionWords {
    title: "Promociones y costos de financiación",
    lead: "Lo que tu tarjeta te da hoy, y lo que cuesta pagar en cuotas.",
    none: "Hoy no hay promociones.",
    every_day: "todos los días",
    all_cards: "Con todas las tarjetas",
    costs: "Pagar en cuotas sin promoción",
    costs_text: "El recargo es sobre el precio de contado, con impuestos.",
    installments: "Cuotas",
    surcharge: "Recargo",
    by_the_issuer: "el que fija el emisor de tu tarjeta",
    tea: "TEA",
    cft: "CFT",
    law: "Costos según la Resolución E 51/2017: TEA es la tasa efectiva anual; CFT, el costo financiero total, con IVA sobre los intereses.",
    countries: "Países",
    names: ["Brasil", "Argentina", "México", "Chile", "Colombia", "Perú", "Uruguay"],
    all: "Ver todas las promociones",
};

const PORTUGUESE: PromotionWords = PromotionWords {
    title: "Promoções e custos do parcelamento",
    lead: "O que seu cartão oferece hoje, e quanto custa parcelar.",
    none: "Hoje não há promoções.",
    every_day: "todos os dias",
    all_cards: "Com todos os cartões",
    costs: "Parcelar sem promoção",
    costs_text: "O acréscimo é sobre o preço à vista, com impostos.",
    installments: "Parcelas",
    surcharge: "Acréscimo",
    by_the_issuer: "definido pelo emissor do seu cartão",
    tea: "TEA",
    cft: "CFT",
    law: "Custos conforme a Resolución E 51/2017 da Argentina: TEA é a taxa efetiva anual; CFT, o custo financeiro total, com o imposto sobre os juros.",
    countries: "Países",
    names: ["Brasil", "Argentina", "México", "Chile", "Colômbia", "Peru", "Uruguai"],
    all: "Ver todas as promoções",
};

const ENGLISH: PromotionWords = PromotionWords {
    title: "Promotions and the cost of installments",
    lead: "What your card gives you today, and what paying in installments costs.",
    none: "There are no promotions today.",
    every_day: "every day",
    all_cards: "With every card",
    costs: "Installments without a promotion",
    costs_text: "The surcharge is on top of the cash price, taxes included.",
    installments: "Installments",
    surcharge: "Surcharge",
    by_the_issuer: "set by your card's issuer",
    tea: "TEA",
    cft: "CFT",
    law: "Costs as Argentina's Resolución E 51/2017 wants them shown: TEA is the effective annual rate; CFT the total financial cost, with the tax on interest.",
    countries: "Countries",
    names: ["Brazil", "Argentina", "Mexico", "Chile", "Colombia", "Peru", "Uruguay"],
    all: "See all promotions",
};

impl PromotionWords {
    /// What the site's country is called.
    pub const fn country(&self, site: &Site) -> &'static str {
        self.names[*site as usize]
    }

    /// The words in a language.
    pub const fn of(locale: Locale) -> &'static PromotionWords {
        match locale {
            Locale::Spanish => &SPANISH,
            Locale::Portuguese => &PORTUGUESE,
            Locale::English => &ENGLISH,
        }
    }
}
