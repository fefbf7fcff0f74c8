//! The proof that whoever logged in reads its e-mail.

use super::form::Form;
use super::visit::SignedIn;
use crate::api::request::RawBody;
use axum::response::Response;

/// Where the forms are.
const HOME: &str = "/panel/home";

/// Takes the code that was sent.
pub async fn prove(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::read(&signed.visit, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let engine = &signed.visit.engine;
    let done = engine.prove_email(signed.person.id, form.text("code"), &signed.actor()).await;
    signed.visit.go_on(done, HOME)
}

/// Sends another code.
pub async fn send(signed: SignedIn, body: RawBody) -> Response {
    if let Err(page) = Form::read(&signed.visit, &body) {
        return *page;
    }
    let done = signed.visit.engine.send_email_code(signed.person.id).await;
    signed.visit.go_on(done, HOME)
}
