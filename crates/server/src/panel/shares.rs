//! Shared credentials: an owner shows those of one application to somebody without a role, who finds them among its own applications.

use super::applications::{Group, groups, number};
use super::form::Form;
use super::frame::{Frame, Room};
use super::visit::SignedIn;
use crate::api::request::{PathPart, RawBody};
use askama::Template;
use axum::response::Response;
use pasarela_domain::member::Permission;
use pasarela_engine::Failure;
use pasarela_engine::shares::SharedApplication;

#[derive(Template)]
#[template(path = "panel/shared.html")]
struct SharedTemplate {
    frame: Frame,
    application: SharedApplication,
    groups: Vec<Group>,
    is_revealed: bool,
}

/// Shows an application's credentials to somebody.
pub async fn share(signed: SignedIn, PathPart(id): PathPart<String>, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::People) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let (engine, id) = (&signed.visit.engine, number(&id));
    let shared = engine.share_credentials(signed.account_id(), id, form.text("email"), &signed.actor()).await;
    signed.visit.go_on(shared.map(drop), &format!("/panel/applications/{id}?done=saved"))
}

/// Shows them to that person no more.
pub async fn unshare(signed: SignedIn, PathPart(id): PathPart<String>, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::People) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let (engine, id) = (&signed.visit.engine, number(&id));
    let person_id = form.text("person").parse().unwrap_or(0);
    let done = engine.unshare_credentials(signed.account_id(), id, person_id, &signed.actor()).await;
    signed.visit.go_on(done, &format!("/panel/applications/{id}?done=saved"))
}

/// What somebody shares with whoever logged in, whichever account is looked at.
pub async fn page(signed: SignedIn, PathPart(of): PathPart<(String, String)>) -> Response {
    signed.visit.show(shown(&signed, &of, false).await)
}

/// The same with its secrets, which is noted.
pub async fn reveal(signed: SignedIn, PathPart(of): PathPart<(String, String)>, body: RawBody) -> Response {
    if let Err(page) = Form::read(&signed.visit, &body) {
        return *page;
    }
    signed.visit.show(shown(&signed, &of, true).await)
}

/// Whoever logged in wants to see them no more.
pub async fn remove(
    signed: SignedIn,
    PathPart((account, id)): PathPart<(String, String)>,
    body: RawBody,
) -> Response {
    if let Err(page) = Form::read(&signed.visit, &body) {
        return *page;
    }
    let (engine, person_id) = (&signed.visit.engine, signed.person.id);
    let done = engine.unshare_credentials(number(&account), number(&id), person_id, &signed.actor()).await;
    signed.visit.go_on(done, "/panel/applications")
}

async fn shown(
    signed: &SignedIn,
    (account, id): &(String, String),
    is_revealed: bool,
) -> Result<SharedTemplate, Failure> {
    let (engine, words, person_id) = (&signed.visit.engine, signed.visit.words(), signed.person.id);
    let of = (number(account), number(id));
    let actor = signed.actor();
    let secrets = engine.shared_credentials(person_id, of, is_revealed.then_some(&actor)).await?;
    let application = engine.shared_application(person_id, of.0, of.1).await?;
    let frame = signed.frame(Room::Applications, &application.application).await?;
    let groups = groups(of.1, &secrets, is_revealed, words);
    Ok(SharedTemplate { frame, application, groups, is_revealed })
}
