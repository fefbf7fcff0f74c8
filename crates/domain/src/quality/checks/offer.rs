//! What a preference offers. All of these are rules of the hosted checkout.

use super::{Outcome, Reason, met, missing, sent};
use crate::preference::{NamedId, Preference};
use crate::quality::evidence::Evidence;

/// The preference, or that there is none.
fn of(evidence: &Evidence<'_>, judge: impl Fn(&Preference) -> Outcome) -> Outcome {
    match evidence.preference {
        Some(state) => judge(&state.preference),
        None => missing("POST /checkout/preferences", "the payment was not made from a preference"),
    }
}

pub(super) fn back_urls(evidence: &Evidence<'_>) -> Outcome {
    of(evidence, |preference| {
        let urls = &preference.back_urls;
        if urls.success.is_empty() {
            return missing("preference: back_urls.success", "");
        }
        for (name, url) in
            [("success", &urls.success), ("failure", &urls.failure), ("pending", &urls.pending)]
        {
            if !url.is_empty() && !is_safe(url, evidence.is_live) {
                return missing(format!("preference: back_urls.{name}"), "it is not an https address");
            }
        }
        met("preference: back_urls")
    })
}

/// HTTPS; while testing also the developer's own machine, which has no certificate.
fn is_safe(address: &str, is_live: bool) -> bool {
    let Ok(url) = url::Url::parse(address) else { return false };
    let is_own_machine = || match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (!is_live && url.scheme() == "http" && is_own_machine())
}

pub(super) fn date_of_expiration(evidence: &Evidence<'_>) -> Outcome {
    of(evidence, |preference| {
        let excludes =
            |kind: &str| preference.payment_methods.excluded_payment_types.iter().any(|t| t.id == kind);
        if excludes("ticket") && excludes("atm") {
            return Outcome::NotApplicable(Reason::NothingPaidLater);
        }
        sent(preference.date_of_expiration.is_some(), "preference: date_of_expiration")
    })
}

pub(super) fn marketing(evidence: &Evidence<'_>) -> Outcome {
    of(evidence, |preference| {
        let tracks =
            preference.tracks.as_ref().and_then(|tracks| tracks.as_array()).map_or(&[][..], Vec::as_slice);
        let kind =
            |track: &serde_json::Value| track.get("type").and_then(|kind| kind.as_str().map(str::to_owned));
        let is_known =
            tracks.iter().filter_map(kind).any(|kind| kind == "google_ad" || kind == "facebook_ad");
        sent(is_known, "preference: tracks[].type")
    })
}

pub(super) fn expiration(evidence: &Evidence<'_>) -> Outcome {
    of(evidence, |preference| {
        let has_bound = preference.expiration_date_from.is_some() || preference.expiration_date_to.is_some();
        match (preference.expires, has_bound) {
            (true, true) => met("preference: expires"),
            (true, false) => {
                missing("preference: expiration_date_to", "expires is true, and there is no date")
            }
            (false, _) => missing("preference: expires", ""),
        }
    })
}

pub(super) fn max_installments(evidence: &Evidence<'_>) -> Outcome {
    of(evidence, |preference| {
        sent(preference.payment_methods.installments.is_some(), "preference: payment_methods.installments")
    })
}

pub(super) fn excluded_methods(evidence: &Evidence<'_>) -> Outcome {
    of(evidence, |preference| {
        excluded(&preference.payment_methods.excluded_payment_methods, "excluded_payment_methods")
    })
}

pub(super) fn excluded_types(evidence: &Evidence<'_>) -> Outcome {
    of(evidence, |preference| {
        excluded(&preference.payment_methods.excluded_payment_types, "excluded_payment_types")
    })
}

fn excluded(ids: &[NamedId], name: &str) -> Outcome {
    // A preference without any shows one that is empty.
    sent(ids.iter().any(|id| !id.id.is_empty()), &format!("preference: payment_methods.{name}"))
}

pub(super) fn shipment_amount(evidence: &Evidence<'_>) -> Outcome {
    of(evidence, |preference| {
        let shipments = &preference.shipments;
        let is_shipped = shipments.mode.as_deref().is_some_and(|mode| mode != "not_specified")
            || !shipments.receiver_address.zip_code.is_empty();
        if !is_shipped {
            return Outcome::NotApplicable(Reason::NothingShipped);
        }
        sent(shipments.cost.is_some(), "preference: shipments.cost")
    })
}
