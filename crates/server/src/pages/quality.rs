//! The rules of a good integration, for people: a list, and a page for each that says why it matters.

use super::layout::Layout;
use super::{Framing, Locale, Page};
use askama::Template;
use pasarela_domain::quality::rules::{self, Kind, Product, Rule};
use pasarela_domain::quality::texts::{self, Languages};

/// The words around the rules.
struct QualityWords {
    title: &'static str,
    lead: &'static str,
    why: &'static str,
    remedy: &'static str,
    before: &'static str,
    after: &'static str,
    evidence: &'static str,
    rule: &'static str,
    matters: &'static str,
    points: &'static str,
    all: &'static str,
    mandatory: &'static str,
    recommended: &'static str,
    best_practice: &'static str,
    going_live: &'static str,
}

static WORDS: Languages<QualityWords> = Languages {
    en: QualityWords {
        title: "Rules of a good integration",
        lead: "What the platform looks at when it measures an integration, and why.",
        why: "Why it matters",
        remedy: "What to do",
        before: "Before",
        after: "After",
        evidence: "Where it is looked for",
        rule: "Rule",
        matters: "Kind",
        points: "Points",
        all: "All rules",
        mandatory: "mandatory",
        recommended: "recommended",
        best_practice: "best practice",
        going_live: "Going live",
    },
    es: QualityWords {
        title: "Reglas de una buena integración",
        lead: "Lo que la plataforma mira cuando mide una integración, y por qué.",
        why: "Por qué importa",
        remedy: "Qué hacer",
        before: "Antes",
        after: "Después",
        evidence: "Dónde se busca",
        rule: "Regla",
        matters: "Tipo",
        points: "Puntos",
        all: "Todas las reglas",
        mandatory: "obligatoria",
        recommended: "recomendada",
        best_practice: "buena práctica",
        going_live: "Salir a producción",
    },
    pt: QualityWords {
        title: "Regras de uma boa integração",
        lead: "O que a plataforma observa quando mede uma integração, e por quê.",
        why: "Por que importa",
        remedy: "O que fazer",
        before: "Antes",
        after: "Depois",
        evidence: "Onde se procura",
        rule: "Regra",
        matters: "Tipo",
        points: "Pontos",
        all: "Todas as regras",
        mandatory: "obrigatória",
        recommended: "recomendada",
        best_practice: "boa prática",
        going_live: "Ir para produção",
    },
};

impl QualityWords {
    const fn kind(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Mandatory => self.mandatory,
            Kind::Recommended => self.recommended,
            Kind::BestPractice => self.best_practice,
        }
    }

    const fn product(&self, product: Product) -> &'static str {
        match product {
            Product::CheckoutPro => "Checkout Pro",
            Product::CheckoutApi => "Checkout API",
            Product::CheckoutBricks => "Checkout Bricks",
            Product::All => self.going_live,
        }
    }
}

/// A line of the list.
struct Row {
    id: &'static str,
    title: &'static str,
    kind: &'static str,
    points: u32,
}

#[derive(Template)]
#[template(path = "quality_rules.html")]
struct RulesTemplate {
    layout: Layout,
    words: &'static QualityWords,
    groups: Vec<(&'static str, Vec<Row>)>,
    locale: &'static str,
}

#[derive(Template)]
#[template(path = "quality_rule.html")]
struct RuleTemplate {
    layout: Layout,
    words: &'static QualityWords,
    rule: &'static Rule,
    title: &'static str,
    remedy: &'static str,
    why: &'static str,
    kind: &'static str,
    product: &'static str,
    before: &'static str,
    after: &'static str,
    locale: &'static str,
}

/// The list at `/quality/rules`.
pub fn quality_rules(locale: Locale) -> Page {
    let words = WORDS.of(locale.language());
    let row = |rule: &'static Rule| Row {
        id: rule.id,
        title: texts::of(rule.check).title.of(locale.language()),
        kind: words.kind(rule.kind),
        points: rule.points,
    };
    let group = |product| (words.product(product), rules::of(product).map(row).collect());
    let products = [Product::CheckoutPro, Product::CheckoutApi, Product::CheckoutBricks, Product::All];
    let layout = Layout::new(words.title.to_owned(), locale, None);
    let language = layout.language;
    let groups = products.map(group).into();
    let template = RulesTemplate { layout, words, groups, locale: locale.language() };
    Page::render(&template, language, Framing::Nobody)
}

/// The page of `rule`.
pub fn quality_rule(rule: &'static Rule, locale: Locale) -> Page {
    let spoken = locale.language();
    let (words, said) = (WORDS.of(spoken), texts::of(rule.check));
    let title = said.title.of(spoken).as_str();
    let layout = Layout::new(format!("{} · {title}", rule.id), locale, None);
    let language = layout.language;
    let template = RuleTemplate {
        layout,
        words,
        rule,
        title,
        remedy: said.remedy.of(spoken),
        why: said.why().of(spoken),
        kind: words.kind(rule.kind),
        product: words.product(rule.product),
        before: &said.before,
        after: &said.after,
        locale: spoken,
    };
    Page::render(&template, language, Framing::Nobody)
}
