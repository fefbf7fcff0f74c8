//! What the seller's addresses answered.

use super::requests::ENOUGH_DELIVERED;
use super::{Outcome, Reason, met, missing};
use crate::quality::evidence::Evidence;
use crate::quality::site::{SiteProbe, WebhookProbe};
use crate::site::Site;

/// Fewer days than these and an expiry is spoken of.
const SOON: i64 = 15;

/// The certificate, and that plain HTTP leads to it: as the score has it.
pub(super) fn ssl(evidence: &Evidence<'_>) -> Outcome {
    match certificate(evidence) {
        Outcome::Met { evidence: seen } => match probe(evidence) {
            Ok(probe) if !probe.leads_to_https => missing(
                format!("http://{} redirects to https", host(&probe.url)),
                format!(
                    "plain HTTP: {}",
                    probe.plain_http.as_deref().unwrap_or("answered without a redirection")
                ),
            ),
            _ => met(seen),
        },
        other => other,
    }
}

/// The certificate alone.
pub(super) fn certificate(evidence: &Evidence<'_>) -> Outcome {
    let probe = match probe(evidence) {
        Ok(probe) => probe,
        Err(outcome) => return outcome,
    };
    if let Some(fault) = &probe.fault {
        return missing(format!("a trusted certificate of {}", host(&probe.url)), fault.clone());
    }
    let until = probe.valid_until.as_deref().unwrap_or("unknown");
    match probe.days_left {
        Some(days) if days < SOON => met(format!("valid until {until}: {days} days are left, renew it soon")),
        _ => met(format!("valid until {until}")),
    }
}

pub(super) fn tls(evidence: &Evidence<'_>) -> Outcome {
    let probe = match probe(evidence) {
        Ok(probe) => probe,
        Err(outcome) => return outcome,
    };
    if let (Some(_), Some(url)) = (&probe.tls_version, plain_notifications(evidence)) {
        let needed = format!("TLS 1.2 or later at {}", host(url));
        return missing(needed, "notifications of live payments go there in clear");
    }
    match (&probe.tls_version, &probe.fault) {
        (Some(version), _) => met(format!("{version} was agreed on")),
        // The platform offers 1.2 and 1.3 only: what was agreed on before the certificate failed is one of them.
        (None, fault) => missing(
            format!("TLS 1.2 or later at {}", host(&probe.url)),
            fault.clone().unwrap_or_else(|| "no TLS".to_owned()),
        ),
    }
}

/// Where notifications of live payments go without TLS; while testing, a developer's own machine has none.
fn plain_notifications<'a>(evidence: &'a Evidence<'_>) -> Option<&'a str> {
    let own = match (evidence.preference, evidence.payment) {
        (Some(state), _) => state.preference.notification_url.as_deref(),
        (None, payment) => payment.and_then(|payment| payment.payment.notification_url.as_deref()),
    };
    let tried = evidence.around.probes.webhook.as_ref().map(|probe| probe.url.as_str());
    own.or(tried).filter(|url| evidence.is_live && url.starts_with("http://"))
}

fn probe<'a>(evidence: &'a Evidence<'_>) -> Result<&'a SiteProbe, Outcome> {
    match &evidence.around.probes.site {
        Some(probe) => Ok(probe),
        None if evidence.is_live => {
            Err(missing("application: the production site's address", "no site is declared"))
        }
        None => Err(Outcome::NotApplicable(Reason::NoSiteWhileTesting)),
    }
}

fn host(url: &str) -> String {
    let parsed = url::Url::parse(url).ok();
    parsed
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| url.chars().take(100).collect())
}

pub(super) fn notifications_taken(evidence: &Evidence<'_>) -> Outcome {
    let probe = match webhook(evidence) {
        Ok(probe) => probe,
        Err(outcome) => return outcome,
    };
    if !probe.signed.is_taken() {
        return missing(
            "200 or 201 to a signed notification",
            format!("{}: {}", probe.url, probe.signed.in_words()),
        );
    }
    let deliveries = evidence.around.deliveries;
    let all = deliveries.delivered + deliveries.failed;
    let seen = format!(
        "{}: {}; {} of {all} arrived in 30 days",
        probe.url,
        probe.signed.in_words(),
        deliveries.delivered
    );
    if deliveries.delivered * 100 >= all * ENOUGH_DELIVERED {
        met(seen)
    } else {
        missing(format!("{ENOUGH_DELIVERED} % of notifications answered with 200 or 201"), seen)
    }
}

pub(super) fn signature_checked(evidence: &Evidence<'_>) -> Outcome {
    let probe = match webhook(evidence) {
        Ok(probe) => probe,
        Err(outcome) => return outcome,
    };
    if !probe.signed.is_taken() {
        return missing("200 or 201 to a signed notification", probe.signed.in_words());
    }
    let seen = format!("with a wrong x-signature: {}", probe.forged.in_words());
    if probe.forged.is_refused() {
        met(seen)
    } else {
        missing("4xx to a notification with a wrong x-signature", seen)
    }
}

pub(super) fn repetition_taken(evidence: &Evidence<'_>) -> Outcome {
    let probe = match webhook(evidence) {
        Ok(probe) => probe,
        Err(outcome) => return outcome,
    };
    let seen = format!("the same notification again: {}", probe.repeated.in_words());
    if probe.signed.is_taken() && probe.repeated.is_taken() {
        met(seen)
    } else {
        missing("200 or 201 to a notification that was there before", seen)
    }
}

fn webhook<'a>(evidence: &'a Evidence<'_>) -> Result<&'a WebhookProbe, Outcome> {
    match &evidence.around.probes.webhook {
        Some(probe) => Ok(probe),
        None if evidence.around.has_webhook => Err(Outcome::Unknown(Reason::NoWebhook)),
        None => Err(missing("application: an address for notifications of payments", "there is none")),
    }
}

pub(super) fn pix_key(evidence: &Evidence<'_>) -> Outcome {
    match (evidence.site, evidence.around.has_pix_key) {
        (site, _) if site != Site::MLB => Outcome::NotApplicable(Reason::OtherCountry),
        (_, Some(true)) => met("account: a Pix key"),
        (_, Some(false)) => missing("account: a Pix key", "none is registered, so Pix is not offered"),
        (_, None) => Outcome::NotApplicable(Reason::NoPixKeys),
    }
}
