//! Pix keys of a Brazilian account.

use super::form::Form;
use super::frame::{Frame, Room};
use super::visit::SignedIn;
use crate::api::request::RawBody;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use pasarela_domain::member::Permission;
use pasarela_domain::pix_key::PixKeyKind;
use pasarela_engine::Failure;

struct KeyLine {
    key: String,
    kind: &'static str,
    is_active: bool,
}

#[derive(Template)]
#[template(path = "panel/pix.html")]
struct PixTemplate {
    frame: Frame,
    keys: Vec<KeyLine>,
    kinds: Vec<(&'static str, &'static str)>,
    may_change: bool,
}

/// The page.
pub async fn page(signed: SignedIn) -> Response {
    let words = signed.visit.words();
    let kinds = vec![
        ("evp", words.pix_random),
        ("cpf", "CPF"),
        ("cnpj", "CNPJ"),
        ("email", words.email),
        ("phone", words.pix_phone),
    ];
    let template = async {
        let keys = signed.visit.engine.pix_keys(signed.account_id()).await?;
        let line = |own: pasarela_engine::pix_keys::OwnKey| KeyLine {
            key: own.key,
            kind: match own.state.kind {
                PixKeyKind::Evp => words.pix_random,
                PixKeyKind::Cpf => "CPF",
                PixKeyKind::Cnpj => "CNPJ",
                PixKeyKind::Email => words.email,
                PixKeyKind::Phone => words.pix_phone,
            },
            is_active: own.state.verified.is_some(),
        };
        Ok::<_, Failure>(PixTemplate {
            frame: signed.frame(Room::Pix, words.pix_keys).await?,
            keys: keys.into_iter().map(line).collect(),
            kinds,
            may_change: signed.role.may(Permission::Money),
        })
    };
    match template.await {
        Ok(template) => signed.visit.answer(&template),
        Err(failure) => signed.visit.fail(&failure),
    }
}

/// Registers a key.
pub async fn register(signed: SignedIn, body: RawBody) -> Response {
    let form = match changing(&signed, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let kind = match form.text("type") {
        "evp" => PixKeyKind::Evp,
        "cpf" => PixKeyKind::Cpf,
        "cnpj" => PixKeyKind::Cnpj,
        "email" => PixKeyKind::Email,
        "phone" => PixKeyKind::Phone,
        _ => return signed.visit.notice(StatusCode::BAD_REQUEST, signed.visit.words().not_found),
    };
    let engine = &signed.visit.engine;
    let done = engine.register_pix_key(signed.account_id(), kind, form.text("key"), &signed.actor()).await;
    answered(&signed, done.map(drop))
}

/// Takes the code that was sent.
pub async fn prove(signed: SignedIn, body: RawBody) -> Response {
    let form = match changing(&signed, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let (key, code) = (form.text("key"), form.text("code"));
    let engine = &signed.visit.engine;
    answered(&signed, engine.prove_pix_key(signed.account_id(), key, code, &signed.actor()).await.map(drop))
}

/// Deletes a key.
pub async fn delete(signed: SignedIn, body: RawBody) -> Response {
    let form = match changing(&signed, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let engine = &signed.visit.engine;
    answered(&signed, engine.delete_pix_key(signed.account_id(), form.text("key"), &signed.actor()).await)
}

fn answered(signed: &SignedIn, done: Result<(), Failure>) -> Response {
    match done {
        Ok(()) => signed.visit.go("/panel/pix"),
        Err(failure) => signed.visit.fail(&failure),
    }
}

fn changing(signed: &SignedIn, body: &RawBody) -> Result<Form, Box<Response>> {
    let form = Form::read(&signed.visit, body)?;
    signed.may(Permission::Money)?;
    Ok(form)
}
