//! What of an integration waits for its seller.

use super::integration::{Integration, When};
use super::integration_words::IntegrationWords;
use super::visit::SignedIn;
use super::words::filled;
use pasarela_domain::application::credentials::Origin;
use pasarela_domain::identity::Mode;
use pasarela_domain::quality::report::Verdict;
use pasarela_domain::timestamp::Timestamp;
use pasarela_engine::Failure;

/// Something that waits for the seller.
#[derive(Debug)]
pub struct Task {
    /// Where it is done.
    pub href: String,
    /// What it is about.
    pub subject: String,
    /// What is to be done.
    pub text: String,
    /// Until when.
    pub at: Option<When>,
    /// A paused address that can be resumed.
    pub paused: Option<Paused>,
}

/// An address to which notifications are held.
#[derive(Debug)]
pub struct Paused {
    /// `test` or `live`.
    pub mode: &'static str,
    /// The address.
    pub address: String,
    /// Where the form is posted to.
    pub action: String,
}

impl Task {
    /// Something to do at `href`.
    pub fn new(href: impl Into<String>, subject: impl Into<String>, text: impl Into<String>) -> Task {
        Task { href: href.into(), subject: subject.into(), text: text.into(), at: None, paused: None }
    }
}

/// All that waits of one application.
pub async fn of(signed: &SignedIn, integration: &Integration) -> Result<Vec<Task>, Failure> {
    let (engine, words) = (&signed.visit.engine, IntegrationWords::of(signed.visit.locale));
    let application = &integration.application;
    let task = |room: &str, text: String| Task::new(integration.path(room), &application.details.name, text);
    let mut tasks = Vec::new();
    let is_active = application.details.is_active;
    if !is_active && !signed.account.is_test_user {
        let kept = engine.going_live(&integration.caller(Mode::Live), application.id).await?;
        let closed = kept.checks.iter().filter(|check| check.blocks && !check.is_met()).count();
        let text = match kept.checked_at {
            Some(_) if closed > 0 => filled(words.home_not_live, &[&closed]),
            _ => words.home_not_declared.to_owned(),
        };
        tasks.push(task("/going-live", text));
    }
    let (mode, room) =
        if is_active { (Mode::Live, "/quality?mode=live") } else { (Mode::Test, "/quality?mode=test") };
    if let Some(report) = integration.newest_measurement(engine, mode).await?
        && report.status == Verdict::NotApproved
    {
        let counts: [&dyn std::fmt::Display; 2] = [&report.score, &report.minimum_score];
        tasks.push(task(room, filled(words.home_low_score, &counts)));
    }
    if let Some(until) = engine.grace_until(application.account_id, application.id).await? {
        let text = ending(signed, integration).await?;
        let at = Some(When::of(until, signed.account.site, signed.visit.locale));
        tasks.push(Task { at, ..task("", text) });
    }
    if !engine.has_addresses(application.id).await? {
        tasks.push(task("", signed.visit.words().no_webhook.to_owned()));
    }
    for (mode, name) in [(Mode::Test, "test"), (Mode::Live, "live")] {
        for (address, health) in engine.failing_addresses(&integration.caller(mode)).await? {
            if health.is_paused {
                let text = filled(words.home_paused, &[&address]);
                let action = integration.path("/webhooks/resume");
                tasks.push(Task { paused: Some(Paused { mode: name, address, action }), ..task("", text) });
            }
        }
    }
    Ok(tasks)
}

/// That credentials in grace end; and when they were last used, because who uses them will be refused.
async fn ending(signed: &SignedIn, integration: &Integration) -> Result<String, Failure> {
    let application = &integration.application;
    let engine = &signed.visit.engine;
    let secrets = engine.own_credentials(application.account_id, application.id).await?;
    let in_grace = secrets
        .iter()
        .filter(|secret| secret.kept.origin == Origin::Application && secret.kept.expires.is_some());
    let used: Option<Timestamp> = in_grace.filter_map(|secret| secret.last_used).max();
    let Some(used) = used else { return Ok(signed.visit.words().in_grace.to_owned()) };
    let used = When::of(used, signed.account.site, signed.visit.locale).text;
    Ok(filled(IntegrationWords::of(signed.visit.locale).home_still_used, &[&used]))
}
