//! How well an integration is made: rules over evidence, and what they add up to.
//!
//! The rules are rows of `data/quality_rules.csv` ([`rules`]); each names a check, a pure function over the
//! [`evidence`] that finds what was sent, or names the field or request that was missing. What a rule means to a
//! seller is in `data/quality_texts.json` ([`texts`]). Start at [`measure`].

pub mod card_numbers;
pub mod checks;
pub mod effect;
pub mod evidence;
pub mod financing;
pub mod gate;
pub mod letter;
pub mod marks;
pub mod month;
pub mod page;
pub mod refusal;
pub mod report;
pub mod rules;
pub mod says;
pub mod sdk;
pub mod site;
pub mod texts;
pub mod traffic;

use checks::Outcome;
use evidence::Evidence;
use rules::{Aspect, Gate, Kind, Product, Rule};

/// The fewest points with which a measurement passes, where the operator says nothing else: what the published tool
/// has demanded since 2024.
pub const MINIMUM_SCORE: u32 = 73;

/// What one rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// What its check saw.
    pub outcome: Outcome,
}

impl Finding {
    /// The points that it is worth as things are: all or none. A rule that does not apply costs nothing (inferred).
    pub fn points(&self) -> u32 {
        if self.is_met() { self.rule.points } else { 0 }
    }

    /// Whether nothing is left to be done.
    pub fn is_met(&self) -> bool {
        matches!(self.outcome, Outcome::Met { .. } | Outcome::NotApplicable(_))
    }
}

/// What all rules of a product found, worst first within each aspect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// By whose rules.
    pub product: Product,
    /// All findings, in the rules' order.
    pub findings: Vec<Finding>,
}

impl Measurement {
    /// The sum of the points of the rules that are met, 0 to 100.
    pub fn score(&self) -> u32 {
        self.findings.iter().map(Finding::points).sum()
    }

    /// What an aspect's rules gave, and what they could have given.
    pub fn points_of(&self, aspect: Aspect) -> (u32, u32) {
        let of_aspect = || self.findings.iter().filter(move |finding| finding.rule.aspect == aspect);
        (of_aspect().map(Finding::points).sum(), of_aspect().map(|finding| finding.rule.points).sum())
    }

    /// Rules of this kind that are not met.
    pub fn open(&self, kind: Kind) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.rule.kind == kind && !finding.is_met())
    }
}

/// Holds every rule of `product` against the evidence.
pub fn measure(product: Product, evidence: &Evidence<'_>) -> Measurement {
    let findings = rules::of(product)
        .filter(|rule| rule.gate != Gate::GoLive)
        .map(|rule| Finding { rule, outcome: checks::look(rule.check, evidence) })
        .collect();
    Measurement { product, findings }
}

#[cfg(test)]
mod tests;
