//! What an operator changes: a document, site by site, that is laid over the compiled-in catalogue.
//!
//! ```json
//! {"MLB": {
//!     "methods": {"visa": {"max_allowed_amount": 80000}},
//!     "installments": [{"rows": [{"installments": 1, "rate_percent": 0, "min_amount": 0.5}]}],
//!     "fees": [{"methods": ["pix"], "percent": 0.89, "fixed": 0, "vat_percent": 0, "release_days": 0}],
//!     "campaigns": [{"id": "black-friday", "first_day": "2026-11-27", "last_day": "2026-11-30", "collector_id": 1234567,
//!                    "discount": {"percent": 10, "borne_by": "seller"}}],
//!     "without_campaigns": ["mlb-hipercard-6"]
//! }}
//! ```
//!
//! It says everything that differs from what is compiled in: a document without a site puts that site back. Whatever is
//! wrong with it is found before anything of it counts ([`Catalogue::with`]). `docs/catalog.schema.json` describes
//! it; a test holds the two together.

mod campaigns;
mod difference;
mod fees;
mod installments;
mod methods;
mod section;
mod view;

pub use difference::{Difference, differences};
pub use section::Fault;

use super::bins::BinIndex;
use super::{Catalogue, SiteCatalogue};
use crate::site::{SITES, Site};
use section::{Faults, Section};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The largest document, in bytes of JSON: the compiled-in methods of all sites are a third of it.
pub const LARGEST_DOCUMENT: usize = 256 << 10;
/// A document's JSON Schema.
pub const SCHEMA: &str = include_str!("../../../../docs/catalog.schema.json");

/// What a site's part may have.
const SITE_NAMES: [&str; 5] = ["methods", "installments", "fees", "campaigns", "without_campaigns"];
/// A name at the top that editors look for, and nobody else.
const SCHEMA_NAME: &str = "$schema";

impl Catalogue {
    /// The compiled-in catalogue with `document` laid over it, as `version`.
    ///
    /// # Errors
    /// All that is wrong with the document, twenty faults at most.
    pub fn with(version: i64, document: &Value) -> Result<Catalogue, Vec<Fault>> {
        let mut faults = Faults::default();
        let mut catalogue = Catalogue { version, ..Catalogue::default() };
        if document.to_string().len() > LARGEST_DOCUMENT {
            faults.add("", "the document is too large", &format!("Keep it below {LARGEST_DOCUMENT} bytes."));
        } else if let Some(document) = Section::of(document, "", &mut faults) {
            for (name, value) in document.members() {
                match Site::from_id(name) {
                    Some(site) => {
                        if let Some(part) = Section::of(value, name, &mut faults) {
                            let changed = super::of(site).with(&part, &mut faults);
                            catalogue.changed[site as usize] = Some(Arc::new(changed));
                        }
                    }
                    None if name == SCHEMA_NAME => {}
                    None => {
                        let sites = SITES.map(Site::id).join(", ");
                        faults.add(name, "this is no site", &format!("The sites are {sites}."));
                    }
                }
            }
        }
        faults.into_result(catalogue)
    }

    /// Everything that is offered, site by site, as one value: for people to read and for versions to be compared.
    pub fn view(&self) -> Value {
        let sites = SITES.into_iter().map(|site| (site.id().to_owned(), self.site(site).view()));
        Value::Object(sites.collect::<Map<String, Value>>())
    }
}

impl SiteCatalogue {
    /// This one with the changes of `part`; what is wrong with them goes to `faults`, and the result is then nothing.
    fn with(&self, part: &Section<'_>, faults: &mut Faults) -> SiteCatalogue {
        let mut changed = self.clone();
        part.only(&SITE_NAMES, faults);
        if let Some(methods) = part.section("methods", faults) {
            methods::change(&mut changed, &methods, faults);
        }
        for entry in part.sections("installments", installments::MOST_LISTS, faults) {
            installments::change(&mut changed, &entry, faults);
        }
        changed.rates.sort();
        for entry in part.sections("fees", fees::MOST_ROWS, faults) {
            fees::change(&mut changed, &entry, faults);
        }
        campaigns::end(&mut changed, part, faults);
        campaigns::set(&mut changed, part, faults);
        for method in changed.methods.iter().filter(|method| method.is_offered()) {
            if changed.fees.terms(method).is_none() {
                let path = format!("{}.methods.{}", self.site, method.id);
                faults.add(
                    &path,
                    "an offered method without terms of its fee",
                    "Add a row to `fees` for it.",
                );
            }
        }
        if BinIndex::fits(&changed.methods) {
            changed.bins = BinIndex::of(&changed.methods);
        } else {
            let path = format!("{}.methods", self.site);
            faults.add(&path, "more than 64 shapes of card can't be told apart", "Take some away.");
        }
        changed
    }
}

#[cfg(test)]
mod tests;
