//! Going live: the form, the checks with their evidence, and who decided what.

use super::finding::Finding;
use super::form::Form;
use super::frame::{Frame, Room};
use super::going_live_view::{Decision, Fact, FormField, decisions, facts, form_fields};
use super::integration::{Integration, Stage, Tab, When, tabs};
use super::integration_words::IntegrationWords;
use super::visit::SignedIn;
use super::words::filled;
use crate::api::request::{PathPart, RawBody, query_value};
use askama::Template;
use axum::extract::RawQuery;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use pasarela_domain::identity::Mode;
use pasarela_domain::member::Permission;
use pasarela_domain::quality::gate::GateCheck;
use pasarela_domain::timestamp::{SECOND, Timestamp};
use pasarela_engine::Failure;
use pasarela_engine::quality::going_live::{FormChange, GoingLive};
use std::time::Duration;

/// How long somebody waits for the answer to a check before the page says that it is running.
const PATIENCE: Duration = Duration::from_secs(3);
/// A check that has said nothing for so long never will: it takes 50 seconds at most.
const LONGEST_CHECK: i64 = 60 * SECOND;
/// How often a page looks whether the check is over, in seconds.
const LOOKS_EVERY_S: u32 = 2;

/// What stands above everything: whether the gate is open.
struct Verdict {
    /// `paid`, `waiting` or `rejected`: the stylesheet's classes.
    class: &'static str,
    title: String,
    text: Option<String>,
}

/// The checks of one kind.
struct Group {
    title: &'static str,
    id: &'static str,
    /// Whether they are shown at once.
    is_open: bool,
    findings: Vec<(bool, Finding)>,
}

#[derive(Template)]
#[template(path = "panel/going_live.html")]
struct GoingLiveTemplate {
    frame: Frame,
    words: &'static IntegrationWords,
    id: i64,
    name: String,
    is_active: bool,
    tabs: Vec<Tab>,
    stages: Vec<Stage>,
    verdict: Verdict,
    is_running: bool,
    is_checked: bool,
    may_change: bool,
    is_test_user: bool,
    fields: Vec<FormField>,
    accepted: Option<When>,
    groups: Vec<Group>,
    facts: Vec<Fact>,
    decisions: Vec<Decision>,
}

/// What was typed and refused.
#[derive(Default)]
struct Typed {
    form: Option<FormChange>,
    /// The field that is wrong.
    wrong: Option<String>,
}

/// The room.
pub async fn page(signed: SignedIn, PathPart(id): PathPart<String>, RawQuery(query): RawQuery) -> Response {
    let shown = async {
        let integration = Integration::find(&signed, &id).await?;
        let since = query_value(query.as_deref(), "since").and_then(|since| since.parse().ok());
        let mut template = template(&signed, &integration, since.map(Timestamp), &Typed::default()).await?;
        if query_value(query.as_deref(), "done").as_deref() == Some("saved") {
            template.frame = template.frame.told(signed.visit.words().saved);
        }
        Ok(template)
    };
    signed.visit.show(shown.await)
}

/// Changes the form.
pub async fn save(signed: SignedIn, PathPart(id): PathPart<String>, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::Applications) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let text = |name: &str| Some(form.text(name).to_owned());
    let change = FormChange {
        industry: text("industry"),
        production_site: text("production_site"),
        payment_page: text("payment_page"),
        approved_page: text("approved_page"),
        rejected_page: text("rejected_page"),
        terms_accepted: Some(form.is_checked("terms")),
    };
    let integration = match Integration::find(&signed, &id).await {
        Ok(integration) => integration,
        Err(failure) => return signed.visit.fail(&failure),
    };
    let (engine, caller) = (&signed.visit.engine, integration.caller(Mode::Live));
    let id = integration.application.id;
    match engine.change_going_live(&caller, id, &change, &signed.actor()).await {
        Ok(_) => signed.visit.go(&integration.path("/going-live?done=saved")),
        Err(Failure::Refused(refusal)) if refusal.status == 400 => {
            // The refusal names the field first.
            let wrong = refusal.message.split(' ').next().map(str::to_owned);
            let typed = Typed { form: Some(change), wrong };
            let why = integration_words(&signed).form_refused;
            warned(&signed, &integration, &typed, (StatusCode::BAD_REQUEST, why)).await
        }
        Err(failure) => signed.visit.fail(&failure),
    }
}

/// Looks at everything anew. It goes on when the browser leaves: who has waited a moment is shown that it is running.
pub async fn check(signed: SignedIn, PathPart(id): PathPart<String>, body: RawBody) -> Response {
    if let Err(page) = Form::of(&signed, &body, Permission::Applications) {
        return *page;
    }
    let integration = match Integration::find(&signed, &id).await {
        Ok(integration) => integration,
        Err(failure) => return signed.visit.fail(&failure),
    };
    let (engine, actor, caller) =
        (signed.visit.engine.clone(), signed.actor(), integration.caller(Mode::Live));
    let began = engine.now(caller.account_id, Mode::Live);
    let running = tokio::spawn(async move {
        engine.check_going_live(&caller, caller.application_id, &actor).await.map(drop)
    });
    let words = integration_words(&signed);
    let nothing = Typed::default();
    match tokio::time::timeout(PATIENCE, running).await {
        Err(_) => signed.visit.go(&integration.path(&format!("/going-live?since={}", began.0))),
        Ok(Ok(Ok(()))) => signed.visit.go(&integration.path("/going-live")),
        Ok(Ok(Err(Failure::Refused(refusal)))) if refusal.status == 409 => {
            warned(&signed, &integration, &nothing, (StatusCode::CONFLICT, words.form_changed)).await
        }
        Ok(Ok(Err(Failure::TooMany { retry_after_s, .. }))) => {
            let why = filled(words.too_soon, &[&retry_after_s]);
            let mut response =
                warned(&signed, &integration, &nothing, (StatusCode::TOO_MANY_REQUESTS, &why)).await;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
            response
        }
        Ok(Ok(Err(failure))) => signed.visit.fail(&failure),
        Ok(Err(error)) => signed.visit.fail(&Failure::Internal(format!("a check of the gate: {error}"))),
    }
}

fn integration_words(signed: &SignedIn) -> &'static IntegrationWords {
    IntegrationWords::of(signed.visit.locale)
}

/// The room, with what went wrong.
async fn warned(
    signed: &SignedIn,
    integration: &Integration,
    typed: &Typed,
    (status, why): (StatusCode, &str),
) -> Response {
    match template(signed, integration, None, typed).await {
        Ok(mut template) => {
            template.frame = template.frame.warned(why);
            signed.visit.answer_with(status, &template)
        }
        Err(failure) => signed.visit.fail(&failure),
    }
}

/// How a check fares that began at `since`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Running,
    Over,
    /// It was never finished.
    Lost,
}

fn progress(since: Option<Timestamp>, checked_at: Option<Timestamp>, now: Timestamp) -> Progress {
    match since {
        Some(since) if checked_at.is_none_or(|at| at < since) && since <= now => {
            if now.0.saturating_sub(since.0) < LONGEST_CHECK { Progress::Running } else { Progress::Lost }
        }
        _ => Progress::Over,
    }
}

async fn template(
    signed: &SignedIn,
    integration: &Integration,
    since: Option<Timestamp>,
    typed: &Typed,
) -> Result<GoingLiveTemplate, Failure> {
    let (engine, locale, words) = (&signed.visit.engine, signed.visit.locale, integration_words(signed));
    let (site, caller) = (signed.account.site, integration.caller(Mode::Live));
    let (id, details) = (integration.application.id, &integration.application.details);
    let kept = engine.going_live(&caller, id).await?;
    let progress = progress(since, kept.checked_at, engine.now(caller.account_id, Mode::Live));
    let mut frame =
        signed.frame(Room::GoingLive, &format!("{} · {}", words.going_live, details.name)).await?;
    if progress == Progress::Running {
        frame.following = Some(LOOKS_EVERY_S);
    }
    if progress == Progress::Lost {
        frame = frame.warned(words.unfinished);
    }
    let wrong = typed.wrong.as_deref();
    Ok(GoingLiveTemplate {
        words,
        id,
        name: details.name.clone(),
        is_active: details.is_active,
        tabs: tabs(id, "/going-live", signed.visit.words().credentials, words),
        stages: integration.stages(engine, &kept, words).await?,
        verdict: match progress {
            Progress::Running => running(words),
            _ => verdict(&kept, details.is_active, words, |at| When::of(at, site, locale).text),
        },
        is_running: progress == Progress::Running,
        is_checked: kept.checked_at.is_some(),
        may_change: signed.role.may(Permission::Applications),
        is_test_user: signed.account.is_test_user,
        fields: form_fields(&kept.form, details, (typed.form.as_ref(), wrong), words),
        accepted: kept.form.terms_accepted_at.map(|at| When::of(at, site, locale)),
        groups: groups(&kept.checks, locale, words),
        facts: facts(&kept.probes, words),
        decisions: decisions(details, words, |at| When::of(at, site, locale)),
        frame,
    })
}

fn running(words: &IntegrationWords) -> Verdict {
    let (title, text) = (words.running.to_owned(), Some(words.running_text.to_owned()));
    Verdict { class: "waiting", title, text }
}

fn verdict(
    kept: &GoingLive,
    is_active: bool,
    words: &IntegrationWords,
    date: impl Fn(Timestamp) -> String,
) -> Verdict {
    let closed = kept.checks.iter().filter(|check| check.blocks && !check.is_met()).count();
    let checked = kept.checked_at.map(|at| filled(words.checked_at, &[&date(at)]));
    match (kept.checked_at.is_some(), closed, is_active) {
        (_, 0, true) => Verdict { class: "paid", title: words.is_active.to_owned(), text: checked },
        (false, ..) => Verdict {
            class: "waiting",
            title: words.unchecked.to_owned(),
            text: Some(words.unchecked_text.to_owned()),
        },
        (true, 0, false) => Verdict { class: "paid", title: words.is_open.to_owned(), text: checked },
        (true, closed, true) => {
            let broken = filled(words.broken_since, &[&closed]);
            let text = checked.map_or(broken.clone(), |checked| format!("{broken}. {checked}"));
            Verdict { class: "waiting", title: words.is_active.to_owned(), text: Some(text) }
        }
        (true, closed, false) => {
            Verdict { class: "rejected", title: filled(words.is_closed, &[&closed]), text: checked }
        }
    }
}

/// What holds the gate closed, what is advised, and what is in order.
fn groups(checks: &[GateCheck], locale: crate::pages::Locale, words: &IntegrationWords) -> Vec<Group> {
    let group = |title, id, is_open, belongs: &dyn Fn(&GateCheck) -> bool| Group {
        title,
        id,
        is_open,
        findings: checks
            .iter()
            .filter(|check| belongs(check))
            .map(|check| (check.blocks, Finding::of(&check.action, locale)))
            .collect(),
    };
    let groups = [
        group(words.holding, "holding", true, &|check| !check.is_met() && check.blocks),
        group(words.advised, "advised", true, &|check| !check.is_met() && !check.blocks),
        group(words.in_order, "in-order", false, &GateCheck::is_met),
    ];
    groups.into_iter().filter(|group| !group.findings.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_runs_until_it_said_something_and_is_lost_after_a_minute() {
        let (began, now) = (Timestamp(1_000), Timestamp(5_000));
        assert!(progress(Some(began), None, now) == Progress::Running);
        assert!(progress(Some(began), Some(Timestamp(999)), now) == Progress::Running, "an older one");
        assert!(progress(Some(began), Some(Timestamp(4_000)), now) == Progress::Over);
        assert!(progress(Some(began), None, Timestamp(1_000 + LONGEST_CHECK)) == Progress::Lost);
        assert!(
            progress(Some(Timestamp(i64::MAX)), None, now) == Progress::Over,
            "one that somebody made up"
        );
        assert!(progress(Some(Timestamp(i64::MIN)), None, now) != Progress::Running, "no overflow");
        assert!(progress(None, None, now) == Progress::Over);
    }
}
