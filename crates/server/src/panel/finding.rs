//! What a rule found, as a room shows it: with what is missing, what was seen, and what to do.

use super::integration_words::IntegrationWords;
use super::words::filled;
use crate::pages::Locale;
use pasarela_domain::quality::effect::Effect;
use pasarela_domain::quality::report::Action;
use pasarela_domain::quality::rules::{self, Aspect, Kind, Product};

/// One rule's finding.
#[derive(Debug)]
pub struct Finding {
    /// The rule's id.
    pub id: String,
    /// What is asked for.
    pub title: String,
    /// `passed`, `failed`, `not_applicable` or `unknown`; a class of the stylesheet, too.
    pub result: String,
    /// The same in words.
    pub result_word: &'static str,
    /// How much it matters.
    pub kind: &'static str,
    /// What it is worth, where it is worth anything.
    pub points: Option<String>,
    /// The exact field, header or request.
    pub missing: Option<String>,
    /// What was seen, in English.
    pub evidence: Option<String>,
    /// Why there is nothing to be said.
    pub reason: Option<String>,
    /// What to do.
    pub remedy: Option<String>,
    /// How many refusals lacked it.
    pub effect: Option<String>,
    /// The rule's page, where it has one.
    pub page: Option<String>,
}

impl Finding {
    /// In the reader's language.
    pub fn of(action: &Action, locale: Locale) -> Finding {
        let (words, language) = (IntegrationWords::of(locale), locale.language());
        let known = rules::find(&action.rule_id);
        Finding {
            id: action.rule_id.clone(),
            title: action.title.of(language).clone(),
            result: action.result.clone(),
            result_word: result_word(&action.result, words),
            kind: kind_word(action.kind, words),
            points: (action.max_points > 0).then(|| filled(words.points, &[&action.max_points])),
            missing: action.missing.clone(),
            evidence: action.evidence.clone(),
            reason: action.reason.as_ref().map(|reason| reason.of(language).clone()),
            remedy: action.remedy.as_ref().map(|remedy| remedy.of(language).clone()),
            effect: action.effect.as_ref().map(|effect| effect_text(effect, words)),
            page: known.map(|rule| format!("/quality/rules/{}?locale={language}", rule.id)),
        }
    }
}

/// A result in words.
pub fn result_word(result: &str, words: &IntegrationWords) -> &'static str {
    match result {
        "passed" => words.passed,
        "failed" => words.failed,
        "not_applicable" => words.not_applicable,
        _ => words.unknown,
    }
}

const fn kind_word(kind: Kind, words: &IntegrationWords) -> &'static str {
    match kind {
        Kind::Mandatory => words.mandatory,
        Kind::Recommended => words.recommended,
        Kind::BestPractice => words.best_practice,
    }
}

/// An aspect in words.
pub const fn aspect_word(aspect: Aspect, words: &IntegrationWords) -> &'static str {
    match aspect {
        Aspect::BuyerExperience => words.buyer_experience,
        Aspect::FinancialReconciliation => words.financial_reconciliation,
        Aspect::PaymentApproval => words.payment_approval,
        Aspect::Scalability => words.scalability,
        Aspect::Security => words.security,
    }
}

/// A product's name.
pub const fn product_name(product: Product, words: &IntegrationWords) -> &'static str {
    match product {
        Product::CheckoutPro => "Checkout Pro",
        Product::CheckoutApi => "Checkout API",
        Product::CheckoutBricks => "Checkout Bricks",
        Product::All => words.going_live,
    }
}

fn effect_text(effect: &Effect, words: &IntegrationWords) -> String {
    let counts: [&dyn std::fmt::Display; 4] =
        [&effect.refused_without, &effect.refused, &effect.approved_without, &effect.approved];
    let mut text = filled(words.effect, &counts);
    if effect.refused_as_risk > 0 {
        let risk = filled(words.effect_risk, &[&effect.refused_as_risk_without, &effect.refused_as_risk]);
        text = format!("{text} {risk}");
    }
    text
}
