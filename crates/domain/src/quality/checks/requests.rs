//! How the API is used.

use super::{Outcome, Reason, met, missing, says, sent};
use crate::quality::evidence::Evidence;
use crate::quality::marks::{Mark, TokenChannel};
use crate::quality::traffic::Count;

/// Of the notifications that arrived, this part must be followed by a read: in per cent.
const ENOUGH_READS: u64 = 80;
/// Of all notifications, this part must arrive: in per cent.
pub(super) const ENOUGH_DELIVERED: u64 = 95;
/// The longest text on a card's statement that networks carry.
const LONGEST_STATEMENT: usize = 22;

pub(super) fn statement_descriptor(evidence: &Evidence<'_>) -> Outcome {
    let (path, text) = match (evidence.preference, evidence.payment) {
        (Some(state), _) => {
            ("preference: statement_descriptor", state.preference.statement_descriptor.as_deref())
        }
        (None, Some(_)) if !evidence.is_card() => return Outcome::NotApplicable(Reason::NoCard),
        (None, payment) => (
            "payment: statement_descriptor",
            payment.and_then(|payment| payment.payment.statement_descriptor.as_deref()),
        ),
    };
    match text {
        Some(text) if text.chars().count() > LONGEST_STATEMENT => {
            missing(path, format!("longer than {LONGEST_STATEMENT} characters"))
        }
        text => sent(says(text), path),
    }
}

pub(super) fn webhook(evidence: &Evidence<'_>) -> Outcome {
    let (path, own) = match (evidence.preference, evidence.payment) {
        (Some(state), _) => ("preference: notification_url", state.preference.notification_url.as_deref()),
        (None, payment) => (
            "payment: notification_url",
            payment.and_then(|payment| payment.payment.notification_url.as_deref()),
        ),
    };
    match says(own) {
        true => met(path),
        false if evidence.around.has_webhook => met("application: address for notifications of payments"),
        false => missing(path, "the application has no address for notifications of payments either"),
    }
}

pub(super) fn external_reference(evidence: &Evidence<'_>) -> Outcome {
    let (path, reference) = match (evidence.preference, evidence.payment) {
        (Some(state), _) => ("preference: external_reference", state.preference.reference()),
        (None, payment) => (
            "payment: external_reference",
            payment.and_then(|payment| payment.payment.external_reference.as_deref()),
        ),
    };
    match says(reference) {
        false => missing(path, ""),
        true if evidence.around.is_reference_reused => {
            missing(path, "another approved payment of the last 30 days has the same")
        }
        true => met(path),
    }
}

pub(super) fn sdk(evidence: &Evidence<'_>) -> Outcome {
    let marks = evidence.marks();
    match marks.sdk() {
        _ if !marks.are_known() => Outcome::Unknown(Reason::BeforeMarks),
        Some(sdk) => met(format!("headers: {}", sdk.name())),
        None => {
            missing("header: X-Product-Id", "neither this, User-Agent nor X-Tracking-Id is a known library's")
        }
    }
}

fn channel(evidence: &Evidence<'_>) -> Result<Option<TokenChannel>, Outcome> {
    match evidence.payment {
        Some(payment) if evidence.is_card() => match payment.internals.marks {
            marks if !marks.are_known() => Err(Outcome::Unknown(Reason::BeforeMarks)),
            marks => Ok(marks.channel()),
        },
        _ => Err(Outcome::NotApplicable(Reason::NoCard)),
    }
}

pub(super) fn browser_library(evidence: &Evidence<'_>) -> Outcome {
    match channel(evidence) {
        Err(outcome) => outcome,
        Ok(Some(channel @ (TokenChannel::SecureFields | TokenChannel::Library | TokenChannel::Hosted))) => {
            met(format!("card token: made by {}", channel.name()))
        }
        Ok(other) => missing("page: script src \u{2026}/js/v2", made_by(other)),
    }
}

pub(super) fn secure_form(evidence: &Evidence<'_>) -> Outcome {
    match channel(evidence) {
        Err(outcome) => outcome,
        Ok(Some(channel @ (TokenChannel::SecureFields | TokenChannel::Hosted))) => {
            met(format!("card token: made by {}", channel.name()))
        }
        Ok(other) => {
            missing("page: secure fields (fields.create, or cardForm with iframe: true)", made_by(other))
        }
    }
}

fn made_by(channel: Option<TokenChannel>) -> String {
    channel.map(|channel| format!("the card token was made by {}", channel.name())).unwrap_or_default()
}

pub(super) fn issuer(evidence: &Evidence<'_>) -> Outcome {
    match channel(evidence) {
        Err(outcome) => outcome,
        Ok(_) if evidence.around.is_issuer_foreign => {
            missing("payment: issuer_id", "the card's first digits are none of this issuer's")
        }
        Ok(_) => sent(evidence.payment_has(Mark::Issuer), "payment: issuer_id"),
    }
}

pub(super) fn binary_mode(evidence: &Evidence<'_>) -> Outcome {
    let marks = evidence.marks();
    if !marks.are_known() {
        return Outcome::Unknown(Reason::BeforeMarks);
    }
    let path = if evidence.preference.is_some() { "preference: binary_mode" } else { "payment: binary_mode" };
    sent(marks.has(Mark::BinaryMode), path)
}

pub(super) fn reads_after_news(evidence: &Evidence<'_>) -> Outcome {
    let delivered = evidence.around.deliveries.news;
    // Of the same days as the notifications.
    let read = evidence.around.recent.of(Count::ReadAfterNews);
    if delivered == 0 {
        return Outcome::NotApplicable(Reason::NothingDelivered);
    }
    let seen = format!("{read} reads within ten minutes of a change; {delivered} changes were notified");
    if read * 100 >= delivered * ENOUGH_READS {
        met(seen)
    } else {
        missing("traffic: GET /v1/payments/{id} after each notification", seen)
    }
}

pub(super) fn cancellations(evidence: &Evidence<'_>) -> Outcome {
    counted(evidence, Count::Cancellation, "traffic: PUT /v1/payments/{id} {\"status\": \"cancelled\"}")
}

pub(super) fn refunds(evidence: &Evidence<'_>) -> Outcome {
    counted(evidence, Count::Refund, "traffic: POST /v1/payments/{id}/refunds")
}

pub(super) fn later_capture(evidence: &Evidence<'_>) -> Outcome {
    if evidence.payment_has(Mark::LaterCapture) {
        return met("payment: capture = false");
    }
    counted(evidence, Count::LaterCapture, "payment: capture = false")
}

/// Met by one request in the last 90 days.
fn counted(evidence: &Evidence<'_>, count: Count, request: &str) -> Outcome {
    match evidence.around.traffic.of(count) {
        0 => missing(request, "none in 90 days"),
        times => met(format!("{request}: {times} in 90 days")),
    }
}

pub(super) fn browser_library_for_preferences(evidence: &Evidence<'_>) -> Outcome {
    let page = evidence.around.probes.page.as_ref();
    if let Some(library) = page.and_then(|page| page.official_libraries.first()) {
        return met(format!("page: {library}"));
    }
    counted(evidence, Count::LibraryCall, "page: script src \u{2026}/js/v2")
}

pub(super) fn production_credentials(evidence: &Evidence<'_>) -> Outcome {
    let Some(payment) = evidence.payment else { return missing("payment: live_mode", "no payment yet") };
    sent(payment.payment.live_mode, "payment: live_mode = true")
}

pub(super) fn same_application(evidence: &Evidence<'_>) -> Outcome {
    match evidence.around.recent.of(Count::ForeignToken) {
        0 => met("no card token of another application's public key in 30 days of payments"),
        times => missing(
            "card_token: by the public key of the application that pays",
            format!("another application's made the card tokens of {times} payments in 30 days"),
        ),
    }
}

pub(super) fn no_card_numbers(evidence: &Evidence<'_>) -> Outcome {
    let traffic = &evidence.around.recent;
    match (traffic.of(Count::CardNumberOutside), traffic.of(Count::ServerToken)) {
        (0, 0) => met("no card number in 30 days of requests"),
        (0, from_servers) => missing(
            "POST /v1/card_tokens by the buyer's browser",
            format!("{from_servers} cards were sent by a server in 30 days"),
        ),
        (outside, _) => missing(
            "requests without card numbers",
            format!("{outside} requests had what looks like one, outside /v1/card_tokens, in 30 days"),
        ),
    }
}

pub(super) fn token_in_header(evidence: &Evidence<'_>) -> Outcome {
    match evidence.around.recent.of(Count::TokenInQuery) {
        0 => met("header: Authorization"),
        times => missing(
            "header: Authorization",
            format!("access_token was in the address of {times} requests in 30 days"),
        ),
    }
}

pub(super) fn idempotency_key(_: &Evidence<'_>) -> Outcome {
    // Without one a payment is refused (4292), so whoever has made payments has sent it.
    met("header: X-Idempotency-Key")
}
