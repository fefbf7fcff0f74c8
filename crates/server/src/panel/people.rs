//! People: who may act for the account, and with which role.

use super::form::Form;
use super::frame::{Frame, Room, role_word};
use super::visit::SignedIn;
use crate::api::request::RawBody;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use pasarela_domain::member::{Permission, ROLES, Role};
use pasarela_domain::timestamp::Timestamp;
use pasarela_engine::Failure;

struct MemberLine {
    person_id: i64,
    email: String,
    role: &'static str,
    since: Option<Timestamp>,
}

#[derive(Template)]
#[template(path = "panel/people.html")]
struct PeopleTemplate {
    frame: Frame,
    members: Vec<MemberLine>,
    roles: Vec<(&'static str, &'static str)>,
}

/// The page.
pub async fn page(signed: SignedIn) -> Response {
    if let Err(page) = signed.may(Permission::People) {
        return *page;
    }
    signed.visit.show(template(&signed).await)
}

async fn template(signed: &SignedIn) -> Result<PeopleTemplate, Failure> {
    let words = signed.visit.words();
    let members = signed.visit.engine.members(signed.account_id()).await?;
    let line = |member: pasarela_engine::people::Member| MemberLine {
        person_id: member.person_id,
        email: member.email,
        role: role_word(member.role, words),
        since: member.since,
    };
    Ok(PeopleTemplate {
        frame: signed.frame(Room::People, words.people).await?,
        members: members.into_iter().map(line).collect(),
        roles: ROLES.iter().rev().map(|role| (role.name(), role_word(*role, words))).collect(),
    })
}

/// Lets somebody in, or gives another role.
pub async fn set(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::People) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let Some(role) = Role::from_name(form.text("role")) else {
        return signed.visit.notice(StatusCode::BAD_REQUEST, signed.visit.words().not_found);
    };
    let engine = &signed.visit.engine;
    let done = engine.set_member(signed.account_id(), form.text("email"), role, &signed.actor()).await;
    signed.visit.go_on(done, "/panel/people")
}

/// Lets somebody out.
pub async fn remove(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::People) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let person_id = form.text("person").parse().unwrap_or(0);
    let engine = &signed.visit.engine;
    let done = engine.remove_member(signed.account_id(), person_id, &signed.actor()).await;
    signed.visit.go_on(done, "/panel/people")
}

/// Whoever logged in acts for the account no more, and looks at its own again. Nobody else's leave is needed.
pub async fn leave(mut signed: SignedIn, body: RawBody) -> Response {
    if let Err(page) = Form::read(&signed.visit, &body) {
        return *page;
    }
    let (account_id, person_id) = (signed.account_id(), signed.person.id);
    match signed.visit.engine.remove_member(account_id, person_id, &signed.actor()).await {
        Ok(()) => {
            signed.visit.choose(person_id);
            signed.visit.go("/panel/home")
        }
        Err(failure) => signed.visit.fail(&failure),
    }
}
