//! Pix keys of a Brazilian account.

use super::form::Form;
use super::frame::{Frame, Room};
use super::visit::SignedIn;
use super::words::PanelWords;
use crate::api::request::RawBody;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use pasarela_domain::member::Permission;
use pasarela_domain::pix_key::PixKeyKind;
use pasarela_engine::Failure;

/// Where the keys are.
const PAGE: &str = "/panel/pix";

/// The kinds that there are to choose from, each with its name in the form.
const KINDS: [(PixKeyKind, &str); 5] = [
    (PixKeyKind::Evp, "evp"),
    (PixKeyKind::Cpf, "cpf"),
    (PixKeyKind::Cnpj, "cnpj"),
    (PixKeyKind::Email, "email"),
    (PixKeyKind::Phone, "phone"),
];

/// A kind in words.
const fn kind_word(kind: PixKeyKind, words: &PanelWords) -> &'static str {
    match kind {
        PixKeyKind::Evp => words.pix_random,
        PixKeyKind::Cpf => "CPF",
        PixKeyKind::Cnpj => "CNPJ",
        PixKeyKind::Email => words.email,
        PixKeyKind::Phone => words.pix_phone,
    }
}

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
    kinds: [(&'static str, &'static str); 5],
    may_change: bool,
}

/// The page.
pub async fn page(signed: SignedIn) -> Response {
    let words = signed.visit.words();
    let template = async {
        let keys = signed.visit.engine.pix_keys(signed.account_id()).await?;
        let line = |own: pasarela_engine::pix_keys::OwnKey| KeyLine {
            key: own.key,
            kind: kind_word(own.state.kind, words),
            is_active: own.state.verified.is_some(),
        };
        Ok::<_, Failure>(PixTemplate {
            frame: signed.frame(Room::Pix, words.pix_keys).await?,
            keys: keys.into_iter().map(line).collect(),
            kinds: KINDS.map(|(kind, name)| (name, kind_word(kind, words))),
            may_change: signed.role.may(Permission::Money),
        })
    };
    signed.visit.show(template.await)
}

/// Registers a key.
pub async fn register(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::Money) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let Some((kind, _)) = KINDS.into_iter().find(|(_, name)| *name == form.text("type")) else {
        return signed.visit.notice(StatusCode::BAD_REQUEST, signed.visit.words().not_found);
    };
    let engine = &signed.visit.engine;
    let done = engine.register_pix_key(signed.account_id(), kind, form.text("key"), &signed.actor()).await;
    signed.visit.go_on(done.map(drop), PAGE)
}

/// Takes the code that was sent.
pub async fn prove(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::Money) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let (key, code) = (form.text("key"), form.text("code"));
    let engine = &signed.visit.engine;
    let done = engine.prove_pix_key(signed.account_id(), key, code, &signed.actor()).await;
    signed.visit.go_on(done.map(drop), PAGE)
}

/// Deletes a key.
pub async fn delete(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::Money) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let engine = &signed.visit.engine;
    let done = engine.delete_pix_key(signed.account_id(), form.text("key"), &signed.actor()).await;
    signed.visit.go_on(done, PAGE)
}
