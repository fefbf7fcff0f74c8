//! What a page of the seller's was found to hold, without its words: what the rules about pages look at.

use super::says::Says;
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
    /// The browser that opened it: `Chrome 156.0.8078.108`. Without one, it was read as it is served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened_in: Option<String>,
    /// Why the browser that there is did not open it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_opened: Option<String>,
    /// Addresses of the platform's library among its scripts.
    pub official_libraries: Vec<String>,
    /// Scripts that are copies of the library: the same content, or its name, at another address.
    pub library_copies: Vec<String>,
    /// A function of the library that was replaced in the page, and by which script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub altered_library: Option<String>,
    /// Whether the library is the first version.
    pub is_first_version: bool,
    /// Inputs of the page itself that take a card's data.
    pub card_inputs: Vec<CardInput>,
    /// Whether there are places for the library's frames (secure fields or a card form in frames).
    pub has_secure_fields: bool,
    /// Frames of the library that are in the page.
    pub secure_frames: u32,
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
    /// What its visible words tell of a payment.
    pub says: Says,
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
    /// What is paid without them, with its amount.
    pub shows_cash_price: bool,
    /// Number and amount of the instalments.
    pub shows_plan: bool,
    /// The total financial cost, with its rate.
    pub shows_cft: bool,
    /// The effective annual rate, with its rate.
    pub shows_tea: bool,
    /// The financed total, with its amount.
    pub shows_total: bool,
    /// It says "without interest".
    pub claims_no_interest: bool,
    /// How high the total financial cost is drawn beside the effective annual rate, in per cent; where a browser saw both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cft_height_percent: Option<u32>,
    /// Whether it is bold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_cft_bold: Option<bool>,
    /// Whether it has the same font.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_cft_font_same: Option<bool>,
    /// Whether a test card was typed, so that plans were there to be chosen.
    pub is_card_typed: bool,
}

impl Financing {
    /// What was seen of the page, with what is `shown` of it once a card was typed: a page may show either at either time, but the
    /// sizes count that a buyer has who chooses.
    #[must_use]
    pub fn with_card(self, shown: Financing) -> Financing {
        let has_sizes = shown.cft_height_percent.is_some();
        let sizes = if has_sizes { shown } else { self };
        Financing {
            offers_installments: self.offers_installments | shown.offers_installments,
            shows_cash_price: self.shows_cash_price | shown.shows_cash_price,
            shows_plan: self.shows_plan | shown.shows_plan,
            shows_cft: self.shows_cft | shown.shows_cft,
            shows_tea: self.shows_tea | shown.shows_tea,
            shows_total: self.shows_total | shown.shows_total,
            claims_no_interest: self.claims_no_interest | shown.claims_no_interest,
            is_card_typed: true,
            ..sizes
        }
    }
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

    /// How it was looked at, in a few words.
    pub fn way(&self) -> String {
        match (&self.opened_in, &self.not_opened) {
            (Some(browser), _) => format!("opened in {browser}"),
            (None, Some(why)) => format!("read as it is served; a browser did not open it: {why}"),
            (None, None) => "read as it is served".to_owned(),
        }
    }

    /// The page as a browser opened it, with what is wrong in it as it is served: a name that a script takes away is there
    /// while the script is not.
    #[must_use]
    pub fn beside(mut self, served: PageFacts) -> PageFacts {
        for input in served.card_inputs.into_iter().filter(|input| input.name.is_some()) {
            match self.card_inputs.iter_mut().find(|known| known.selector == input.selector) {
                Some(known) => known.name = known.name.take().or(input.name),
                None => self.card_inputs.push(input),
            }
        }
        for (known, served) in [
            (&mut self.library_copies, served.library_copies),
            (&mut self.plain_forms, served.plain_forms),
            (&mut self.plain_scripts, served.plain_scripts),
        ] {
            for address in served {
                if !known.contains(&address) {
                    known.push(address);
                }
            }
        }
        self.has_test_key |= served.has_test_key;
        self
    }

    /// An input for a card's number or code beside the library's frames.
    pub fn input_outside_frames(&self) -> Option<&CardInput> {
        let is_secret = |input: &&CardInput| matches!(input.takes.as_str(), "cardNumber" | "securityCode");
        self.card_inputs.iter().find(is_secret).filter(|_| self.secure_frames > 0)
    }

    /// Inputs that would send a card to the seller's server.
    pub fn named_inputs(&self) -> impl Iterator<Item = &CardInput> {
        self.card_inputs.iter().filter(|input| input.name.is_some())
    }
}
