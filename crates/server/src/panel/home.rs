//! Home: what needs attention, and where to go on.

use super::attention::{self, Task};
use super::form::Form;
use super::frame::{Frame, Room};
use super::integration::Integration;
use super::integration_words::IntegrationWords;
use super::visit::SignedIn;
use crate::api::request::{PathPart, RawBody, query_value};
use askama::Template;
use axum::extract::RawQuery;
use axum::response::Response;
use pasarela_domain::identity::Mode;
use pasarela_domain::member::Permission;
use pasarela_engine::Failure;

struct Line {
    id: i64,
    name: String,
    is_active: bool,
}

#[derive(Template)]
#[template(path = "panel/home.html")]
struct HomeTemplate {
    frame: Frame,
    /// The e-mail of whoever logged in, while it is to be proved.
    unproved: Option<String>,
    /// Whether it is somebody else's account, which may be left.
    is_guest: bool,
    waiting: Vec<Task>,
    applications: Vec<Line>,
    /// The word on what resumes a paused address.
    resume: &'static str,
    may_change: bool,
}

/// The page.
pub async fn page(signed: SignedIn, RawQuery(query): RawQuery) -> Response {
    let shown = async {
        let mut template = template(&signed).await?;
        if query_value(query.as_deref(), "done").as_deref() == Some("resumed") {
            template.frame = template.frame.told(IntegrationWords::of(signed.visit.locale).resumed);
        }
        Ok(template)
    };
    signed.visit.show(shown.await)
}

/// Sends to a paused address again, what was held for it first.
pub async fn resume(signed: SignedIn, PathPart(id): PathPart<String>, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::Applications) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let mode = if form.text("mode") == "live" { Mode::Live } else { Mode::Test };
    let resumed = async {
        let integration = Integration::find(&signed, &id).await?;
        let address = form.text("address");
        signed.visit.engine.resume_addresses(&integration.caller(mode), Some(address)).await.map(drop)
    };
    signed.visit.go_on(resumed.await, "/panel/home?done=resumed")
}

async fn template(signed: &SignedIn) -> Result<HomeTemplate, Failure> {
    let (engine, words) = (&signed.visit.engine, signed.visit.words());
    let (mut waiting, mut lines) = (Vec::new(), Vec::new());
    let applications = engine.applications(signed.account_id()).await?;
    if applications.is_empty() {
        waiting.push(Task::new("/panel/applications", words.new_application, words.no_application_yet));
    }
    if !engine.takes_pix(signed.account_id(), signed.account.site).await? {
        waiting.push(Task::new("/panel/pix", words.pix_keys, words.pix_missing));
    }
    for application in applications {
        let integration = Integration::of(signed, application);
        waiting.extend(attention::of(signed, &integration).await?);
        let (id, details) = (integration.application.id, integration.application.details);
        lines.push(Line { id, name: details.name, is_active: details.is_active });
    }
    let frame = signed.frame(Room::Home, words.home).await?;
    let is_verified = engine.is_email_verified(signed.person.id).await?;
    Ok(HomeTemplate {
        frame,
        unproved: (!is_verified).then(|| signed.person.email.clone()),
        is_guest: signed.person.id != signed.account_id(),
        waiting,
        applications: lines,
        resume: IntegrationWords::of(signed.visit.locale).resume,
        may_change: signed.role.may(Permission::Applications),
    })
}
