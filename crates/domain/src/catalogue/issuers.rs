//! Who issued a card.

use super::table;
use crate::site::Site;
use serde::Deserialize;

/// A bank or brand that issues cards of some methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Its number; a string in `card_issuers` and in payments, a number in `search`.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whether it stands for cards whose BIN says nothing.
    pub default: bool,
    /// File name of the logo.
    pub logo: String,
    /// Methods of which it issues cards.
    pub payment_methods: Vec<String>,
    /// BINs known to be its own.
    pub bins: Vec<String>,
}

impl Issuer {
    /// Whether it issues cards of this method.
    pub fn issues(&self, method_id: &str) -> bool {
        self.payment_methods.iter().any(|method| method == method_id)
    }

    /// Whether `digits` starts with one of its BINs.
    pub fn owns(&self, digits: &str) -> bool {
        self.bins.iter().any(|bin| digits.starts_with(bin.as_str()))
    }
}

/// `issuers.json`, whose keys beyond the API's own start with `x_`.
#[derive(Deserialize)]
pub(super) struct IssuerRow {
    id: String,
    name: String,
    thumbnail: String,
    x_payment_methods: Vec<String>,
    x_bins: Vec<String>,
    x_default: bool,
}

const INFERRED: &str = include_str!("../../data/issuers_inferred.csv");

/// A site's issuers: those of the data file, then those that were inferred for methods without one.
pub(super) fn of(site: Site, rows: Vec<IssuerRow>) -> Vec<Issuer> {
    let known = rows.into_iter().map(|row| Issuer {
        id: row.id.parse().expect("issuers.json holds numbers as strings; a test reads all of it"),
        name: row.name,
        default: row.x_default,
        logo: row.thumbnail,
        payment_methods: row.x_payment_methods,
        bins: row.x_bins,
    });
    let inferred = table::rows(INFERRED).filter(|row| row[0] == site.id()).map(|row| Issuer {
        id: row[1].parse().expect("issuers_inferred.csv holds numbers; a test reads all of it"),
        name: row[2].to_owned(),
        default: true,
        logo: format!("{}.gif", row[1]),
        payment_methods: vec![row[3].to_owned()],
        bins: Vec::new(),
    });
    known.chain(inferred).collect()
}
