//! The way into the rooms about integrations: with one application straight in, with several by a choice.

use super::frame::{Frame, Room};
use super::integration::{Integration, room_path};
use super::integration_words::IntegrationWords;
use super::visit::SignedIn;
use super::words::filled;
use askama::Template;
use axum::response::Response;
use pasarela_domain::identity::Mode;
use pasarela_engine::Failure;

struct Line {
    href: String,
    name: String,
    is_active: bool,
    score: String,
}

#[derive(Template)]
#[template(path = "panel/integrations.html")]
struct IntegrationsTemplate {
    frame: Frame,
    words: &'static IntegrationWords,
    title: &'static str,
    lead: &'static str,
    lines: Vec<Line>,
}

/// To the going-live of an application.
pub async fn going_live(signed: SignedIn) -> Response {
    let words = IntegrationWords::of(signed.visit.locale);
    choose(&signed, Room::GoingLive, "/going-live", (words.going_live, words.going_live_lead)).await
}

/// To the quality of an application.
pub async fn quality(signed: SignedIn) -> Response {
    let words = IntegrationWords::of(signed.visit.locale);
    choose(&signed, Room::Quality, "/quality", (words.quality, words.quality_lead)).await
}

async fn choose(signed: &SignedIn, room: Room, path: &str, said: (&'static str, &'static str)) -> Response {
    match signed.visit.engine.applications(signed.account_id()).await {
        Ok(applications) => match applications.as_slice() {
            [only] => signed.visit.go(&room_path(only.id, path)),
            _ => {
                let integrations = applications.into_iter().map(|it| Integration::of(signed, it)).collect();
                signed.visit.show(template(signed, room, path, said, integrations).await)
            }
        },
        Err(failure) => signed.visit.fail(&failure),
    }
}

async fn template(
    signed: &SignedIn,
    room: Room,
    path: &str,
    (title, lead): (&'static str, &'static str),
    integrations: Vec<Integration>,
) -> Result<IntegrationsTemplate, Failure> {
    let words = IntegrationWords::of(signed.visit.locale);
    let mut lines = Vec::new();
    for integration in integrations {
        let is_active = integration.application.details.is_active;
        let mode = if is_active { Mode::Live } else { Mode::Test };
        let newest = integration.newest_measurement(&signed.visit.engine, mode).await?;
        let score =
            newest.map_or(words.not_measured.to_owned(), |report| filled(words.of_points, &[&report.score]));
        lines.push(Line {
            href: integration.path(path),
            name: integration.application.details.name,
            is_active,
            score,
        });
    }
    let frame = signed.frame(room, title).await?;
    Ok(IntegrationsTemplate { frame, words, title, lead, lines })
}
