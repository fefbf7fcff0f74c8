//! What a page of the seller's was found to hold, without its words: what the rules about pages look at.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page, as it was fetched and parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PageFacts {
    /// Where it was found in the end, after redirections.
    pub url: String,
    /// Its status; 0 when it was not answered.
    pub status: u16,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// Addresses of the platform's library among its scripts.
    pub official_libraries: Vec<String>,
    /// Scripts that are copies of the library: the same content, or its name, at another address.
    pub library_copies: Vec<String>,
    /// Whether the library is the first version.
    pub is_first_version: bool,
    /// Inputs of the page itself that take a card's data.
    pub card_inputs: Vec<CardInput>,
    /// Whether there are places for the library's frames (secure fields or a card form in frames).
    pub has_secure_fields: bool,
    /// Forms that send over plain HTTP.
    pub plain_forms: Vec<String>,
    /// Scripts that a page over HTTPS loads over plain HTTP.
    pub plain_scripts: Vec<String>,
    /// Live and test public keys in its scripts: how they begin, never the keys.
    pub has_test_key: bool,
    /// The link to the terms and conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms_link: Option<String>,
    /// The link to promotions, or a banner's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promotions: Option<String>,
    /// The platform's logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Whether the hosted checkout is opened inside the page.
    pub opens_checkout_inside: bool,
    /// Words of Argentina's rule that were found.
    pub financing: Financing,
    /// A fingerprint of its visible words, to tell two pages apart.
    pub words: u64,
}

/// An input that takes a card's data outside the platform's frames.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CardInput {
    /// How it is found in the page: `input#form-cardNumber`.
    pub selector: String,
    /// What it takes: `cardNumber`, `securityCode`, …
    pub takes: String,
    /// Its `name`, which would send the card to the seller's server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its `data-checkout`, by which the library's first version finds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_checkout: Option<String>,
}

/// What a page says of the cost of paying in instalments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Financing {
    /// It has a choice of instalments at all.
    pub offers_installments: bool,
    /// The total financial cost.
    pub shows_cft: bool,
    /// The effective annual rate.
    pub shows_tea: bool,
    /// The financed total.
    pub shows_total: bool,
    /// It says "without interest".
    pub claims_no_interest: bool,
}

/// How the end of a payment looks to a buyer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ResultPages {
    /// After an approval.
    pub approved: PageFacts,
    /// After a refusal.
    pub rejected: PageFacts,
}

impl PageFacts {
    /// Whether it was there.
    pub const fn is_there(&self) -> bool {
        self.fault.is_none() && self.status == 200
    }

    /// Inputs that would send a card to the seller's server.
    pub fn named_inputs(&self) -> impl Iterator<Item = &CardInput> {
        self.card_inputs.iter().filter(|input| input.name.is_some())
    }
}
