//! A forgotten password: a link is asked for, and by it another password is chosen.

use super::door::code_fault;
use super::form::Form;
use super::frame::Frame;
use super::visit::Visit;
use crate::api::request::{RawBody, query_value};
use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use pasarela_engine::Failure;

#[derive(Template)]
#[template(path = "panel/recover.html")]
struct RecoverTemplate {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "panel/recover_password.html")]
struct PasswordTemplate {
    frame: Frame,
    link: String,
    demands_code: bool,
}

/// The page that asks who forgot its password.
pub async fn page(visit: Visit) -> Response {
    let frame = visit.frame(visit.words().recover);
    visit.answer(&RecoverTemplate { frame })
}

/// Has a link sent. The answer is the same for a name that is nobody's.
pub async fn ask(visit: Visit, body: RawBody) -> Response {
    let form = match Form::read(&visit, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let words = visit.words();
    let frame = visit.frame(words.recover);
    match visit.engine.ask_recovery(form.text("name")) {
        Ok(()) => visit.answer(&RecoverTemplate { frame: frame.told(words.recover_sent) }),
        Err(failure) => match code_fault(&failure, words) {
            Some((status, why)) => visit.answer_with(status, &RecoverTemplate { frame: frame.warned(why) }),
            None => visit.fail(&failure),
        },
    }
}

/// Where a link leads. Looking at it does not use it up: mail programs look at links, too.
pub async fn password_page(visit: Visit, RawQuery(query): RawQuery) -> Response {
    let link = query_value(query.as_deref(), "link").unwrap_or_default();
    password_form(&visit, link, None).await
}

/// Sets the new password.
pub async fn set_password(visit: Visit, body: RawBody) -> Response {
    let form = match Form::read(&visit, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let (link, words) = (form.text("link").to_owned(), visit.words());
    let said = (form.text("password"), form.text("code"));
    match visit.engine.recover(&link, said, &visit.stranger()).await {
        Ok(()) => visit.go("/panel/login?done=password"),
        Err(Failure::Refused(refusal)) if refusal.status == 404 => gone(&visit),
        Err(failure) => match code_fault(&failure, words) {
            Some(fault) => password_form(&visit, link, Some(fault)).await,
            None => visit.fail(&failure),
        },
    }
}

async fn password_form(visit: &Visit, link: String, fault: Option<(StatusCode, &str)>) -> Response {
    let recovery = match visit.engine.recovery(&link).await {
        Ok(Some(recovery)) => recovery,
        Ok(None) => return gone(visit),
        Err(failure) => return visit.fail(&failure),
    };
    let frame = visit.frame(visit.words().recover);
    let (status, frame) = match fault {
        Some((status, why)) => (status, frame.warned(why)),
        None => (StatusCode::OK, frame),
    };
    visit.answer_with(status, &PasswordTemplate { frame, link, demands_code: recovery.demands_code })
}

fn gone(visit: &Visit) -> Response {
    let words = visit.words();
    let frame = visit.frame(words.recover).warned(words.recover_gone);
    visit.answer_with(StatusCode::NOT_FOUND, &RecoverTemplate { frame })
}
