//! The rules themselves: rows of a table.

use super::checks::Check;
use crate::catalogue::table;
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use utoipa::ToSchema;

const RULES: &str = include_str!("../../data/quality_rules.csv");

/// The version of the table, kept with each measurement: a changed score is the seller's doing only if this is the same.
pub const VERSION: u32 = 2;

/// One thing that a good integration does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `CHP-001`, …: never given to another rule.
    pub id: &'static str,
    /// Its name on the official checklist.
    pub name: &'static str,
    /// Whose integrations it is for.
    pub product: Product,
    /// What it is good for.
    pub aspect: Aspect,
    /// How much it matters.
    pub kind: Kind,
    /// What it holds back while it is not met.
    pub gate: Gate,
    /// What it is worth: a product's rules have 100 together.
    pub points: u32,
    /// `reported` by integrators, `proposed` here, or 0 `by_definition`.
    pub points_basis: &'static str,
    /// What looks at the evidence.
    pub check: Check,
    /// Where the evidence is: JSON paths of requests, headers, pages.
    pub paths: &'static str,
    /// The official checklist's number of its texts, where it has one.
    pub checklist_field_id: Option<u32>,
}

/// What an integration was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// Preferences, paid on the hosted checkout.
    CheckoutPro,
    /// Payments by API.
    CheckoutApi,
    /// Payments by API with the platform's ready-made forms.
    CheckoutBricks,
    /// What all have in common: the gate to live payments.
    All,
}

/// What a rule is good for, in the checklist's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// The buyer knows what happens.
    BuyerExperience,
    /// The seller's books agree with the platform's.
    FinancialReconciliation,
    /// Fewer refusals.
    PaymentApproval,
    /// It grows without being written again.
    Scalability,
    /// Cards and credentials are safe.
    Security,
}

/// All aspects, in the checklist's order.
pub const ASPECTS: [Aspect; 5] = [
    Aspect::BuyerExperience,
    Aspect::FinancialReconciliation,
    Aspect::PaymentApproval,
    Aspect::Scalability,
    Aspect::Security,
];

/// How much a rule matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Must be met.
    Mandatory,
    /// Gives points.
    Recommended,
    /// Good to have; changes no score.
    BestPractice,
}

/// What a rule holds back while it is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Points.
    Score,
    /// Live credentials.
    GoLive,
    /// One method of payment.
    FeatureGate,
    /// Nothing.
    None,
}

impl Product {
    /// The product with this word, as in `product`.
    pub fn from_word(word: &str) -> Option<Product> {
        from_word(word)
    }
}

/// All rules, in the table's order.
pub fn all() -> &'static [Rule] {
    static RULES_READ: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES_READ.get_or_init(|| table::rows(RULES).map(|row| read(&row)).collect())
}

/// The rules of one product.
pub fn of(product: Product) -> impl Iterator<Item = &'static Rule> {
    all().iter().filter(move |rule| rule.product == product)
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().iter().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

fn read(row: &[&'static str]) -> Rule {
    // The table is compiled in, and a test reads all of it.
    fn known<T>(value: Option<T>, row: &[&str]) -> T {
        value.unwrap_or_else(|| panic!("a row of the rules can't be read: {row:?}"))
    }
    Rule {
        id: row[0],
        name: row[1],
        product: known(from_word(row[2]), row),
        aspect: known(from_word(row[3]), row),
        kind: known(from_word(row[4]), row),
        gate: known(from_word(row[5]), row),
        points: known(row[6].parse().ok(), row),
        points_basis: row[7],
        check: known(from_word(row[8]), row),
        paths: row[9],
        checklist_field_id: row[10].parse().ok().filter(|id| *id != 0),
    }
}

fn from_word<T: for<'de> Deserialize<'de>>(word: &str) -> Option<T> {
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};
    let word: StrDeserializer<'_, Error> = word.into_deserializer();
    T::deserialize(word).ok()
}
