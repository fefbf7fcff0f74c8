//! The log of sensitive acts.

use super::frame::{Frame, Room};
use super::visit::SignedIn;
use crate::api::request::query_value;
use askama::Template;
use axum::extract::RawQuery;
use axum::response::Response;
use pasarela_domain::member::Permission;
use pasarela_engine::Failure;
use pasarela_engine::audit::AuditPage;

/// Acts a page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "panel/audit.html")]
struct AuditTemplate {
    frame: Frame,
    page: AuditPage,
}

/// The page.
pub async fn page(signed: SignedIn, RawQuery(query): RawQuery) -> Response {
    if let Err(page) = signed.may(Permission::People) {
        return *page;
    }
    let before = query_value(query.as_deref(), "before");
    let template = async {
        let page = signed.visit.engine.audit_log(signed.account_id(), before.as_deref(), PAGE).await?;
        let frame = signed.frame(Room::Audit, signed.visit.words().audit).await?;
        Ok::<_, Failure>(AuditTemplate { frame, page })
    };
    signed.visit.show(template.await)
}
