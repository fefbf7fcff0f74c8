//! A measurement as the API shows it, and as it is kept.

use super::checks::{Check, Outcome, Reason};
use super::effect::{self, Effect};
use super::evidence::Evidence;
use super::month::Month;
use super::rules::{self, ASPECTS, Aspect, Kind, Product, VERSION};
use super::texts::{self, Languages};
use super::{Finding, Measurement};
use crate::identity::ApplicationId;
use crate::payment::PaymentState;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who asked for a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeasurementType {
    /// A person, by a payment's id.
    Manual,
    /// The platform, once a month.
    Automatic,
}

/// Whether the score is over the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is.
    Approved,
    /// It is not.
    NotApproved,
}

/// One measurement of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Its id.
    pub id: i64,
    /// Of which application.
    pub application_id: ApplicationId,
    /// By whose rules.
    pub product: Product,
    /// `test` or `live`.
    pub environment: String,
    /// Who asked.
    pub measurement_type: MeasurementType,
    /// Of which month, where the platform measured by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "2030-03")]
    pub month: Option<Month>,
    /// The payment that was looked at.
    pub payment_id: i64,
    /// 0 to 100.
    pub score: u32,
    /// The bar.
    pub minimum_score: u32,
    /// Which side of it.
    pub status: Verdict,
    /// When.
    pub measured_at: Timestamp,
    /// From when it is shown: at once, or the tenth of the month.
    pub published_at: Timestamp,
    /// The version of the rules.
    pub rules_version: u32,
    /// Whether the application was told of it: automatic ones are, when they are published.
    #[serde(default)]
    pub is_told: bool,
    /// Whether its account got it by e-mail.
    #[serde(default)]
    pub is_mailed: bool,
    /// What was found, by aspect.
    pub aspects: Vec<AspectReport>,
}

/// One aspect's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AspectReport {
    /// Which.
    pub name: Aspect,
    /// What its rules gave.
    pub points: u32,
    /// What they could give.
    pub max_points: u32,
    /// Each rule.
    pub actions: Vec<Action>,
}

/// What one rule found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Action {
    /// The rule.
    pub rule_id: String,
    /// Its name on the checklist.
    pub name: String,
    /// How much it matters.
    pub kind: Kind,
    /// What it gave.
    pub points: u32,
    /// What it could give.
    pub max_points: u32,
    /// `passed`, `failed`, `not_applicable` or `unknown`.
    pub result: String,
    /// The exact field, header or request that was missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// What was seen; never anything personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Why there is nothing to be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Languages<String>>,
    /// What is asked for.
    #[serde(default)]
    pub title: Languages<String>,
    /// What to do; where something is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Languages<String>>,
    /// How often it was missing in the seller's own latest payments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
}

/// Who is measured, when, and by whose wish.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    /// The measurement's id.
    pub id: i64,
    /// The application.
    pub application_id: ApplicationId,
    /// The payment.
    pub payment_id: i64,
    /// The month, if the platform measures by itself; else a person asked.
    pub month: Option<Month>,
    /// Now.
    pub measured_at: Timestamp,
    /// From when it is shown.
    pub published_at: Timestamp,
    /// The bar.
    pub minimum_score: u32,
}

impl Report {
    /// As it is kept: without the texts that every measurement has alike.
    #[must_use]
    pub fn without_texts(mut self) -> Report {
        for action in self.aspects.iter_mut().flat_map(|aspect| &mut aspect.actions) {
            action.title = Languages::default();
            action.remedy = None;
        }
        self
    }

    /// As it is shown: with today's texts. A rule that there is no more keeps its name alone.
    #[must_use]
    pub fn with_texts(mut self) -> Report {
        for action in self.aspects.iter_mut().flat_map(|aspect| &mut aspect.actions) {
            let Some(rule) = rules::find(&action.rule_id) else { continue };
            let said = texts::of(rule.check);
            action.title = said.title.clone();
            action.remedy =
                matches!(action.result.as_str(), "failed" | "unknown").then(|| said.remedy.clone());
        }
        self
    }

    /// What is to be done, the weightiest first.
    pub fn open(&self) -> Vec<&Action> {
        let actions = self.aspects.iter().flat_map(|aspect| &aspect.actions);
        let mut open: Vec<_> = actions.filter(|action| action.remedy.is_some()).collect();
        open.sort_by_key(|action| (action.kind, std::cmp::Reverse(action.max_points)));
        open
    }
}

/// Measures, and says what it found; `latest` are the seller's latest payments, for the effect of what is missing.
pub fn report(
    occasion: &Occasion,
    product: Product,
    evidence: &Evidence<'_>,
    latest: &[PaymentState],
) -> Report {
    let measurement = super::measure(product, evidence);
    let score = measurement.score();
    let is_over = score >= occasion.minimum_score;
    Report {
        id: occasion.id,
        application_id: occasion.application_id,
        product,
        environment: if evidence.is_live { "live" } else { "test" }.to_owned(),
        measurement_type: occasion.month.map_or(MeasurementType::Manual, |_| MeasurementType::Automatic),
        month: occasion.month,
        payment_id: occasion.payment_id,
        score,
        minimum_score: occasion.minimum_score,
        status: if is_over { Verdict::Approved } else { Verdict::NotApproved },
        measured_at: occasion.measured_at,
        published_at: occasion.published_at,
        rules_version: VERSION,
        is_told: false,
        is_mailed: false,
        aspects: ASPECTS.map(|aspect| of_aspect(aspect, &measurement, latest)).into(),
    }
}

fn of_aspect(aspect: Aspect, measurement: &Measurement, latest: &[PaymentState]) -> AspectReport {
    let (points, max_points) = measurement.points_of(aspect);
    let mut found: Vec<_> =
        measurement.findings.iter().filter(|finding| finding.rule.aspect == aspect).collect();
    // What is to be done comes first, the weightiest of it before all.
    found
        .sort_by_key(|finding| (finding.is_met(), finding.rule.kind, std::cmp::Reverse(finding.rule.points)));
    let actions = found.into_iter().map(|finding| action(finding, latest)).collect();
    AspectReport { name: aspect, points, max_points, actions }
}

/// A finding as it is shown; with the effect among `latest` where something is missing.
pub fn action(finding: &Finding, latest: &[PaymentState]) -> Action {
    let Finding { rule, outcome } = finding;
    let said = texts::of(rule.check);
    let (result, missing, evidence, reason) = match outcome {
        Outcome::Met { evidence } => ("passed", None, Some(evidence), None),
        Outcome::Missing { missing, evidence } => ("failed", Some(missing), Some(evidence), None),
        Outcome::NotApplicable(reason) => ("not_applicable", None, None, Some(reason)),
        Outcome::Unknown(reason) => ("unknown", None, None, Some(reason)),
    };
    Action {
        rule_id: rule.id.to_owned(),
        name: rule.name.to_owned(),
        kind: rule.kind,
        points: finding.points(),
        max_points: rule.points,
        result: result.to_owned(),
        missing: missing.cloned(),
        evidence: evidence.filter(|seen| !seen.is_empty()).cloned(),
        reason: reason.map(in_words),
        title: said.title.clone(),
        remedy: (!finding.is_met()).then(|| said.remedy.clone()),
        effect: missing.and_then(|_| lacking(rule.check, latest)),
    }
}

fn in_words(reason: &Reason) -> Languages<String> {
    let words = reason.words();
    Languages { en: words.en.to_owned(), es: words.es.to_owned(), pt: words.pt.to_owned() }
}

fn lacking(check: Check, latest: &[PaymentState]) -> Option<Effect> {
    effect::of(check, latest).filter(|effect| effect.refused_without > 0)
}
