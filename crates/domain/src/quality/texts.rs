//! What a rule means to a seller: its title, what to do, why, and how a request looks before and after.

use super::checks::Check;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use utoipa::ToSchema;

const TEXTS: &str = include_str!("../../data/quality_texts.json");

/// The same in the platform's three languages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Languages<T> {
    /// English.
    pub en: T,
    /// Spanish.
    pub es: T,
    /// Portuguese.
    pub pt: T,
}

impl<T> Languages<T> {
    /// In the language of a locale (`pt`, `es-AR`, …; English for any other).
    pub fn of(&self, locale: &str) -> &T {
        match locale.get(..2).unwrap_or_default().to_ascii_lowercase().as_str() {
            "es" => &self.es,
            "pt" => &self.pt,
            _ => &self.en,
        }
    }
}

/// What is said of a check.
#[derive(Clone, Debug, Deserialize)]
pub struct Texts {
    /// What is asked for.
    pub title: Languages<String>,
    /// What to do.
    pub remedy: Languages<String>,
    /// The topic that says why: a name in `Why`'s table.
    why: String,
    /// The request, or the page, without it.
    pub before: String,
    /// With it.
    pub after: String,
}

#[derive(Deserialize)]
struct Table {
    topics: BTreeMap<String, Languages<String>>,
    checks: BTreeMap<Check, Texts>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    // Compiled in, and read by a test.
    TABLE.get_or_init(|| serde_json::from_str(TEXTS).expect("the texts of the rules are in order"))
}

/// What is said of `check`.
pub fn of(check: Check) -> &'static Texts {
    // A test asks for each one.
    table().checks.get(&check).unwrap_or_else(|| panic!("{check:?} has no texts"))
}

impl Texts {
    /// Why it matters.
    pub fn why(&self) -> &'static Languages<String> {
        // A test asks for each one.
        table().topics.get(&self.why).unwrap_or_else(|| panic!("there is no topic {}", self.why))
    }
}
