//! Who buys. What was sent is never repeated: only where it was, or is missing.

use super::{Outcome, Reason, met, missing, says, sent};
use crate::documents;
use crate::quality::evidence::Evidence;
use crate::quality::marks::{Mark, TokenChannel};
use crate::site::Site;

pub(super) fn email(evidence: &Evidence<'_>) -> Outcome {
    let (path, email) = match evidence.preference {
        Some(state) => ("preference: payer.email", Some(state.preference.payer.email.as_str())),
        None => ("payment: payer.email", payer(evidence).and_then(|payer| payer.email.as_deref())),
    };
    let Some(email) = email.filter(|email| !email.is_empty()) else { return missing(path, "") };
    let own = &evidence.around.collector_email;
    if !own.is_empty() && email.eq_ignore_ascii_case(own) {
        return missing(path, "it is the seller's own");
    }
    if is_address(email) { met(path) } else { missing(path, "it is no e-mail address") }
}

fn is_address(email: &str) -> bool {
    let Some((local, domain)) = email.rsplit_once('@') else { return false };
    !local.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && email.chars().all(|c| !c.is_whitespace() && !c.is_control())
}

pub(super) fn first_name(evidence: &Evidence<'_>) -> Outcome {
    match evidence.preference {
        Some(state) => sent(says(Some(&state.preference.payer.name)), "preference: payer.name"),
        None => name(evidence, "first_name", payer(evidence).and_then(|payer| payer.first_name.as_deref())),
    }
}

pub(super) fn last_name(evidence: &Evidence<'_>) -> Outcome {
    match evidence.preference {
        Some(state) => sent(says(Some(&state.preference.payer.surname)), "preference: payer.surname"),
        None => name(evidence, "last_name", payer(evidence).and_then(|payer| payer.last_name.as_deref())),
    }
}

fn name(evidence: &Evidence<'_>, name: &str, in_payer: Option<&str>) -> Outcome {
    let in_info = format!("payment: additional_info.payer.{name}");
    if evidence.info(&["payer", name]).is_some() {
        return met(in_info);
    }
    if says(in_payer) { met(format!("payment: payer.{name}")) } else { missing(in_info, "") }
}

pub(super) fn address(evidence: &Evidence<'_>) -> Outcome {
    if let Some(state) = evidence.preference {
        let address = &state.preference.payer.address;
        let is_whole = says(Some(&address.zip_code)) && says(Some(&address.street_name));
        return sent(is_whole, "preference: payer.address.{zip_code,street_name}");
    }
    let in_info = |name| evidence.info(&["payer", "address", name]).is_some();
    let path = "payment: additional_info.payer.address.{zip_code,street_name}";
    if in_info("zip_code") && in_info("street_name") {
        return met(path);
    }
    if evidence.payment_has(Mark::PayerAddress) { met("payment: payer.address") } else { missing(path, "") }
}

pub(super) fn identification(evidence: &Evidence<'_>, is_for_mexico: bool) -> Outcome {
    if (evidence.site == Site::MLM) != is_for_mexico {
        return Outcome::NotApplicable(Reason::OtherCountry);
    }
    let (path, kind, number) = match evidence.preference {
        Some(state) => {
            let document = &state.preference.payer.identification;
            ("preference: payer.identification", document.kind.as_str(), document.number.as_str())
        }
        None => {
            let document = payer(evidence).map(|payer| &payer.identification);
            let kind = document.and_then(|document| document.kind.as_deref());
            let number = document.and_then(|document| document.number.as_deref());
            ("payment: payer.identification", kind.unwrap_or_default(), number.unwrap_or_default())
        }
    };
    match (kind.is_empty(), number.is_empty()) {
        (true, true) => missing(path, ""),
        (true, false) => missing(format!("{path}.type"), ""),
        (false, true) => missing(format!("{path}.number"), ""),
        (false, false) if is_for_mexico => met(path),
        (false, false) => match documents::check(evidence.site, kind, number) {
            Ok(_) => met(path),
            Err(fault) => missing(path, fault.to_string()),
        },
    }
}

pub(super) fn phone(evidence: &Evidence<'_>) -> Outcome {
    if let Some(state) = evidence.preference {
        return sent(says(Some(&state.preference.payer.phone.number)), "preference: payer.phone.number");
    }
    let path = "payment: additional_info.payer.phone.number";
    if evidence.info(&["payer", "phone", "number"]).is_some() {
        return met(path);
    }
    if evidence.payment_has(Mark::PayerPhone) {
        met("payment: payer.phone.number")
    } else {
        missing(path, "")
    }
}

pub(super) fn customer(evidence: &Evidence<'_>) -> Outcome {
    if !evidence.payment_has(Mark::SavedCard) {
        return Outcome::NotApplicable(Reason::NoSavedCard);
    }
    sent(evidence.payment_has(Mark::Customer), "payment: payer.{type: customer, id}")
}

pub(super) fn device(evidence: &Evidence<'_>) -> Outcome {
    if !evidence.is_card() {
        return Outcome::NotApplicable(Reason::NoCard);
    }
    let Some(payment) = evidence.payment else { return Outcome::NotApplicable(Reason::NoCard) };
    if payment.internals.device_session.is_some() {
        let header = "header: X-meli-session-id";
        let is_header = payment.internals.marks.has(Mark::DeviceOnRequest);
        return met(if is_header { header } else { "card token: device" });
    }
    match payment.internals.marks.channel() {
        Some(channel @ (TokenChannel::SecureFields | TokenChannel::Library | TokenChannel::Hosted)) => {
            met(format!("card token: made by {}", channel.name()))
        }
        _ => missing("header: X-meli-session-id", "the card token has no device either"),
    }
}

fn payer<'a>(evidence: &Evidence<'a>) -> Option<&'a crate::payment::body::Payer> {
    evidence.payment.map(|payment| &payment.internals.payer)
}
