//! People: who may act for the account, and with which role.

use super::form::Form;
use super::frame::{Frame, Room, role_word};
use super::visit::{SignedIn, Visit};
use crate::api::request::{RawBody, query_value};
use askama::Template;
use axum::extract::RawQuery;
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
    invitations: Vec<InvitationLine>,
}

struct InvitationLine {
    id: String,
    email: String,
    role: &'static str,
    expires: Timestamp,
}

#[derive(Template)]
#[template(path = "panel/invitation.html")]
struct InvitationTemplate {
    frame: Frame,
    account: String,
    role: &'static str,
    link: String,
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
    let invitations = signed.visit.engine.invitations(signed.account_id()).await?;
    let invitations = invitations.into_iter().map(|open| InvitationLine {
        id: open.id,
        email: open.email,
        role: role_word(open.role, words),
        expires: open.expires,
    });
    Ok(PeopleTemplate {
        invitations: invitations.collect(),
        frame: signed.frame(Room::People, words.people).await?,
        members: members.into_iter().map(line).collect(),
        roles: ROLES.iter().rev().map(|role| (role.name(), role_word(*role, words))).collect(),
    })
}

/// Invites somebody, or gives another role.
pub async fn set(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::People) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let Some(role) = Role::from_name(form.text("role")) else {
        return signed.visit.notice(StatusCode::BAD_REQUEST, signed.visit.words().not_found);
    };
    let engine = &signed.visit.engine;
    let done = engine.invite(signed.account_id(), form.text("email"), role, &signed.actor()).await;
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

/// Takes an invitation back.
pub async fn withdraw(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::People) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let engine = &signed.visit.engine;
    let done =
        engine.withdraw_invitation(signed.account_id(), form.text("invitation"), &signed.actor()).await;
    signed.visit.go_on(done, "/panel/people")
}

/// Where an invitation's link leads: whoever it was sent to says yes or no.
pub async fn invitation(
    visit: Visit,
    RawQuery(query): RawQuery,
    signed: Result<SignedIn, Response>,
) -> Response {
    let link = query_value(query.as_deref(), "link").unwrap_or_default();
    let Ok(signed) = signed else {
        let next = format!("/panel/invitation?link={link}");
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        return visit.go(&format!("/panel/login?next={next}"));
    };
    let template = async {
        let engine = &signed.visit.engine;
        let Some(open) = engine.invitation(&link, signed.person.id).await? else { return Ok(None) };
        let account = engine.account(open.account_id).await?;
        Ok::<_, Failure>(Some(InvitationTemplate {
            frame: signed.frame(Room::Home, signed.visit.words().invitation).await?,
            account: account.map(|account| account.name.clone()).unwrap_or_default(),
            role: role_word(open.role, signed.visit.words()),
            link: link.clone(),
        }))
    };
    match template.await {
        Ok(Some(template)) => signed.visit.answer(&template),
        Ok(None) => signed.visit.notice(StatusCode::NOT_FOUND, signed.visit.words().invitation_gone),
        Err(failure) => signed.visit.fail(&failure),
    }
}

/// The answer to an invitation.
pub async fn answer_invitation(mut signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::read(&signed.visit, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let (engine, link, person_id) = (signed.visit.engine.clone(), form.text("link"), signed.person.id);
    if form.text("answer") != "accept" {
        let done = engine.decline_invitation(link, person_id, &signed.actor()).await;
        return signed.visit.go_on(done, "/panel/home");
    }
    match engine.accept_invitation(link, person_id, &signed.actor()).await {
        Ok(account_id) => {
            signed.visit.choose(account_id);
            signed.visit.go("/panel/home")
        }
        Err(failure) => signed.visit.fail(&failure),
    }
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
