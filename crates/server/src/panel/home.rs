//! Home: what needs attention, and where to go on.

use super::frame::{Frame, Room};
use super::visit::SignedIn;
use askama::Template;
use axum::response::Response;
use pasarela_domain::timestamp::Timestamp;
use pasarela_engine::Failure;

/// Something that waits for the seller.
struct Task {
    href: String,
    subject: String,
    text: &'static str,
    at: Option<Timestamp>,
}

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
}

/// The page.
pub async fn page(signed: SignedIn) -> Response {
    signed.visit.show(template(&signed).await)
}

async fn template(signed: &SignedIn) -> Result<HomeTemplate, Failure> {
    let (engine, words) = (&signed.visit.engine, signed.visit.words());
    let (mut waiting, mut lines) = (Vec::new(), Vec::new());
    let applications = engine.applications(signed.account_id()).await?;
    if applications.is_empty() {
        let href = "/panel/applications".to_owned();
        let subject = words.new_application.to_owned();
        waiting.push(Task { href, subject, text: words.no_application_yet, at: None });
    }
    if !engine.takes_pix(signed.account_id(), signed.account.site).await? {
        let (href, subject) = ("/panel/pix".to_owned(), words.pix_keys.to_owned());
        waiting.push(Task { href, subject, text: words.pix_missing, at: None });
    }
    for application in applications {
        let href = format!("/panel/applications/{}", application.id);
        let mut wait = |text, at| {
            let (href, subject) = (href.clone(), application.details.name.clone());
            waiting.push(Task { href, subject, text, at });
        };
        if !application.details.is_active {
            wait(words.live_inactive, None);
        }
        if let Some(until) = engine.grace_until(signed.account_id(), application.id).await? {
            wait(words.in_grace, Some(until));
        }
        if !engine.has_addresses(application.id).await? {
            wait(words.no_webhook, None);
        }
        let name = application.details.name;
        lines.push(Line { id: application.id, name, is_active: application.details.is_active });
    }
    let frame = signed.frame(Room::Home, words.home).await?;
    let is_verified = engine.is_email_verified(signed.person.id).await?;
    Ok(HomeTemplate {
        frame,
        unproved: (!is_verified).then(|| signed.person.email.clone()),
        is_guest: signed.person.id != signed.account_id(),
        waiting,
        applications: lines,
    })
}
