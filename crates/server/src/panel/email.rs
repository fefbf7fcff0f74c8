//! The proof that whoever logged in reads its e-mail. The forms are at home.

use super::form::Form;
use super::visit::SignedIn;
use crate::api::request::RawBody;
use axum::response::Response;
use pasarela_engine::Failure;

/// Takes the code that was sent.
pub async fn prove(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::read(&signed.visit, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let engine = &signed.visit.engine;
    answered(&signed, engine.prove_email(signed.person.id, form.text("code"), &signed.actor()).await)
}

/// Sends another code.
pub async fn send(signed: SignedIn, body: RawBody) -> Response {
    if let Err(page) = Form::read(&signed.visit, &body) {
        return *page;
    }
    answered(&signed, signed.visit.engine.send_email_code(signed.person.id).await)
}

fn answered(signed: &SignedIn, done: Result<(), Failure>) -> Response {
    match done {
        Ok(()) => signed.visit.go("/panel/home"),
        Err(failure) => signed.visit.fail(&failure),
    }
}
