//! What each market offers: payment methods, their cards and issuers, prices of instalments, fees, expiries.
//!
//! A [`Catalogue`] is one version of all of it. The first one, version 0, comes from the tables in `data/`, which are
//! compiled in: a site's part is read when it is first asked for ([`of`]); from then on a BIN is resolved by one binary
//! search ([`SiteCatalogue::resolve_bin`]). Whoever decides is given the catalogue that counts, and never asks for one:
//! [`of`] is for tests, and for what no operator changes.

pub mod annuity;
mod answers;
mod bins;
mod deals;
pub mod document;
pub mod expiry;
pub mod fees;
mod installment_answers;
pub mod installments;
mod issuers;
pub mod memory;
mod method;
pub mod outcomes;
mod prefixes;
pub mod promotion_words;
pub mod promotions;
mod read;
mod recommended_message;
pub(crate) mod table;
pub mod test_cards;

pub use answers::SearchParameters;
pub use deals::DealParameters;
pub use installment_answers::InstallmentParameters;
pub use issuers::Issuer;
pub use method::{
    CardSettings, DeferredCapture, FinancialInstitution, MethodStatus, NumberValidation, PaymentMethod,
    PaymentType, SecurityCodeMode,
};
pub use prefixes::{PatternFault, PrefixSet};

use crate::site::{SITES, Site};
use bins::BinIndex;
use fees::FeeTable;
use installments::InstallmentRates;
use memory::AnswerMemory;
use promotions::Promotion;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};

/// The fewest digits that say something about a card.
pub const SHORTEST_BIN: usize = 6;
/// The most digits that are a BIN; more are taken for the whole number, whose length counts.
pub const LONGEST_BIN: usize = 8;

/// What all sites offer, as one version: whoever reads it sees no half of another one. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    version: i64,
    /// Where a site is not as it is compiled in.
    changed: [Option<Arc<SiteCatalogue>>; SITES.len()],
}

impl Catalogue {
    /// Version 0: the compiled-in one.
    pub fn compiled_in() -> Catalogue {
        Catalogue::default()
    }

    /// Its number: 0 is the compiled-in one, and each one that an operator applies has the next.
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// What `site` offers.
    pub fn site(&self, site: Site) -> &SiteCatalogue {
        self.changed[site as usize].as_deref().unwrap_or_else(|| of(site))
    }

    /// The name that an operator gave a method of `site`, if one did: another than the compiled-in one.
    pub fn given_name(&self, site: Site, method_id: &str) -> Option<&str> {
        let name = self.site(site).method(method_id)?.name.as_str();
        let compiled_in = of(site).method(method_id).map(|method| method.name.as_str());
        (compiled_in != Some(name)).then_some(name)
    }
}

/// What one site offers.
#[derive(Clone, Debug)]
pub struct SiteCatalogue {
    site: Site,
    methods: Vec<PaymentMethod>,
    bins: BinIndex,
    issuers: Vec<Issuer>,
    identification_types: Vec<IdentificationType>,
    rates: InstallmentRates,
    fees: FeeTable,
    promotions: Vec<Promotion>,
    memory: AnswerMemory,
}

/// A kind of document that a site's payers have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentificationType {
    /// `CPF`, `DNI`, …
    pub id: String,
    /// The label of a form.
    pub name: String,
    /// `number` (digits alone) or `letter` (letters too).
    #[serde(rename = "type")]
    pub kind: String,
    /// Fewest characters, without punctuation.
    pub min_length: usize,
    /// Most characters, without punctuation.
    pub max_length: usize,
}

/// The compiled-in catalogue of `site`, read at the first call.
pub fn of(site: Site) -> &'static SiteCatalogue {
    static CATALOGUES: [OnceLock<SiteCatalogue>; SITES.len()] = [const { OnceLock::new() }; SITES.len()];
    CATALOGUES[site as usize].get_or_init(|| read::catalogue(site))
}

impl SiteCatalogue {
    /// The site.
    pub fn site(&self) -> Site {
        self.site
    }

    /// All methods, whatever their status, in the order of the API.
    pub fn methods(&self) -> &[PaymentMethod] {
        &self.methods
    }

    /// The method with this id, whatever its status: a payment of the past may name one that is not offered.
    pub fn method(&self, id: &str) -> Option<&PaymentMethod> {
        self.methods.iter().find(|method| method.id == id)
    }

    /// The methods to which a card may belong, one of each kind: offered ones first, of those credit first. Where two of a
    /// kind claim the same digits, the one with the narrower pattern has them.
    ///
    /// `digits` is a BIN of 6 to 8 digits, or a whole number, whose length is then checked as well. Methods with the
    /// status `testing` come last; methods of the past never.
    pub fn resolve_bin(&self, digits: &str) -> Vec<&PaymentMethod> {
        self.bins.resolve(digits, &self.methods)
    }

    /// The one offered method to which a card belongs; where credit and debit share a BIN, credit.
    pub fn offered_method_of(&self, digits: &str) -> Option<&PaymentMethod> {
        self.resolve_bin(digits).into_iter().find(|method| method.is_offered())
    }

    /// The shape of card of `method` to which a BIN or whole number belongs.
    pub fn settings_for<'a>(&self, method: &'a PaymentMethod, digits: &str) -> Option<&'a CardSettings> {
        method.settings.iter().find(|settings| settings.matches(digits))
    }

    /// Who issued a card: the issuer known by the BIN, else the method's default, else its first; `None` for methods
    /// without issuers.
    pub fn issuer_for(&self, method_id: &str, bin: &str) -> Option<&Issuer> {
        let issuers = || self.issuers.iter().filter(|issuer| issuer.issues(method_id));
        issuers()
            .find(|issuer| issuer.owns(bin))
            .or_else(|| issuers().find(|issuer| issuer.default))
            .or_else(|| issuers().next())
    }

    /// The issuers a buyer may choose from: the one known by the BIN, or else all of the method's.
    pub fn card_issuers(&self, method_id: &str, bin: &str) -> Vec<&Issuer> {
        let issuers: Vec<&Issuer> = self.issuers.iter().filter(|issuer| issuer.issues(method_id)).collect();
        match issuers.iter().find(|issuer| issuer.owns(bin)) {
            Some(owner) => vec![owner],
            None => issuers,
        }
    }

    /// All issuers of the site.
    pub fn issuers(&self) -> &[Issuer] {
        &self.issuers
    }

    /// The campaigns of the site, in the order in which they are preferred.
    pub fn promotions(&self) -> &[Promotion] {
        &self.promotions
    }

    /// The kinds of document of the site's payers; empty in Mexico, whose forms ask for none.
    pub fn identification_types(&self) -> &[IdentificationType] {
        &self.identification_types
    }
}

#[cfg(test)]
mod tests;
