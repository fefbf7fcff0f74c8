//! Connected applications: those of others that may act for the account.

use super::form::Form;
use super::frame::{Frame, Room};
use super::visit::SignedIn;
use crate::api::request::RawBody;
use askama::Template;
use axum::response::Response;
use pasarela_domain::member::Permission;
use pasarela_engine::Failure;
use pasarela_engine::oauth::Grantee;

#[derive(Template)]
#[template(path = "panel/connections.html")]
struct ConnectionsTemplate {
    frame: Frame,
    grantees: Vec<Grantee>,
    may_change: bool,
}

/// The page.
pub async fn page(signed: SignedIn) -> Response {
    let template = async {
        let grantees = signed.visit.engine.grantees(signed.account_id()).await?;
        let frame = signed.frame(Room::Connections, signed.visit.words().connected).await?;
        let may_change = signed.role.may(Permission::Applications);
        Ok::<_, Failure>(ConnectionsTemplate { frame, grantees, may_change })
    };
    signed.visit.show(template.await)
}

/// Lets an application in no more.
pub async fn disconnect(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::Applications) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let application_id = form.text("application").parse().unwrap_or(0);
    let engine = &signed.visit.engine;
    let done = engine.revoke_grant(signed.account_id(), application_id, &signed.actor()).await;
    signed.visit.go_on(done, "/panel/connections")
}
