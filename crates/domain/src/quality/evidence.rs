//! All that the rules look at.

use super::marks::{Mark, Marks};
use super::page::{PageFacts, ResultPages};
use super::refusal::FollowedRefusals;
use super::site::{SiteProbe, WebhookProbe};
use super::traffic::Traffic;
use crate::payment::PaymentState;
use crate::preference::PreferenceState;
use crate::site::Site;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The evidence for one measurement, or for the gate to live payments.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// The seller's market.
    pub site: Site,
    /// Whether the money is real.
    pub is_live: bool,
    /// The payment that is looked at.
    pub payment: Option<&'a PaymentState>,
    /// Its `additional_info`, read.
    pub additional_info: Value,
    /// The preference that it pays, if one was found.
    pub preference: Option<&'a PreferenceState>,
    /// The rest.
    pub around: &'a Surroundings,
}

/// What is known beside the payment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The seller's own e-mail.
    pub collector_email: String,
    /// Another approved payment of the last 30 days has the same `external_reference`.
    pub is_reference_reused: bool,
    /// The payment's issuer has no cards like the one that paid.
    pub is_issuer_foreign: bool,
    /// The application has an address for notifications of payments.
    pub has_webhook: bool,
    /// The last 90 days' requests.
    pub traffic: Traffic,
    /// Those of the last 30 days: what tells how things are done now.
    pub recent: Traffic,
    /// The last 30 days' notifications.
    pub deliveries: Deliveries,
    /// Pages said through the browser library that card inputs have a `name`. Anybody with a public key may say so: it
    /// warns where no page was looked at, and fails nothing.
    pub are_names_reported: bool,
    /// Whether a Pix key is registered, where that is known.
    pub has_pix_key: Option<bool>,
    /// The seller's addresses, as the platform found them.
    pub probes: Probes,
}

/// How notifications fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deliveries {
    /// Answered with 200 or 201.
    pub delivered: u64,
    /// Given up, or still failing.
    pub failed: u64,
    /// Changes of payments and orders that arrived and that a read should have followed: several notifications of one
    /// change, and changes of one resource within ten minutes, are one.
    #[serde(default)]
    pub news: u64,
}

/// What was seen at the seller's addresses; nothing where none was declared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Probes {
    /// The production site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteProbe>,
    /// The payment page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<PageFacts>,
    /// The shop's home page, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<PageFacts>,
    /// The terms and conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<PageFacts>,
    /// The pages at the end of a payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<ResultPages>,
    /// What buyers are shown whose cards are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusals: Option<FollowedRefusals>,
    /// The receiver of notifications.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookProbe>,
}

impl<'a> Evidence<'a> {
    /// The evidence that a payment is.
    pub fn of(
        payment: &'a PaymentState,
        preference: Option<&'a PreferenceState>,
        around: &'a Surroundings,
    ) -> Evidence<'a> {
        Evidence {
            site: payment.internals.site,
            is_live: payment.payment.live_mode,
            payment: Some(payment),
            additional_info: serde_json::to_value(&payment.payment.additional_info).unwrap_or_default(),
            preference,
            around,
        }
    }

    /// Evidence without a payment: for the gate.
    pub fn without_payment(site: Site, is_live: bool, around: &'a Surroundings) -> Evidence<'a> {
        Evidence { site, is_live, payment: None, additional_info: Value::Null, preference: None, around }
    }

    /// What the request that began it said: the preference's where there is one.
    pub fn marks(&self) -> Marks {
        match (self.preference, self.payment) {
            (Some(preference), _) => preference.internals.marks,
            (None, Some(payment)) => payment.internals.marks,
            (None, None) => Marks::default(),
        }
    }

    /// Whether the payment's own request said it.
    pub fn payment_has(&self, mark: Mark) -> bool {
        self.payment.is_some_and(|payment| payment.internals.marks.has(mark))
    }

    /// Whether a card pays.
    pub fn is_card(&self) -> bool {
        self.payment.is_some_and(|payment| payment.payment.card.0.is_some())
    }

    /// A text of `additional_info`, if it is there and not empty.
    pub fn info(&self, path: &[&str]) -> Option<&str> {
        let found = path.iter().try_fold(&self.additional_info, |value, name| value.get(name))?;
        found.as_str().filter(|text| !text.trim().is_empty())
    }
}
