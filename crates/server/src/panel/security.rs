//! The login of whoever looks: its password and its second factor. They are the person's, whichever account it acts for.

use super::door::code_fault;
use super::form::Form;
use super::frame::{Frame, Room};
use super::visit::SignedIn;
use crate::api::request::{RawBody, query_value};
use askama::Template;
use axum::extract::RawQuery;
use axum::response::Response;
use pasarela_domain::login::SessionScope;
use pasarela_domain::timestamp::Timestamp;
use pasarela_engine::Failure;
use pasarela_engine::pictures::qr_svg;

const ROOM: &str = "/panel/security";

/// What the person's app is to learn.
struct EnrollingView {
    secret: String,
    picture: String,
}

#[derive(Template)]
#[template(path = "panel/security.html")]
struct SecurityTemplate {
    frame: Frame,
    since: Option<Timestamp>,
    codes_left: usize,
    enrolling: Option<EnrollingView>,
}

#[derive(Template)]
#[template(path = "panel/recovery_codes.html")]
struct CodesTemplate {
    frame: Frame,
    codes: Vec<String>,
}

/// The page.
pub async fn page(signed: SignedIn, RawQuery(query): RawQuery) -> Response {
    let removed = query_value(query.as_deref(), "done").is_some();
    let told = removed.then_some(signed.visit.words().second_factor_removed);
    let template = template(&signed).await.map(|mut template| {
        if let Some(told) = told {
            template.frame = template.frame.told(told);
        }
        template
    });
    signed.visit.show(template)
}

async fn template(signed: &SignedIn) -> Result<SecurityTemplate, Failure> {
    let (engine, person_id) = (&signed.visit.engine, signed.person.id);
    let enrolling = engine.enrolling(person_id).await?;
    let enrolling = enrolling.map(|enrolling| {
        let picture = qr_svg(&enrolling.address).map_err(|error| Failure::Internal(error.to_string()))?;
        Ok::<_, Failure>(EnrollingView { secret: enrolling.secret, picture })
    });
    Ok(SecurityTemplate {
        frame: signed.frame(Room::Security, signed.visit.words().security).await?,
        since: engine.second_factor_since(person_id).await?,
        codes_left: engine.recovery_codes_left(person_id).await?,
        enrolling: enrolling.transpose()?,
    })
}

/// The room once more, with what went wrong.
async fn again(signed: &SignedIn, failure: &Failure) -> Response {
    let Some((status, why)) = code_fault(failure, signed.visit.words()) else {
        return signed.visit.fail(failure);
    };
    match template(signed).await {
        Ok(mut template) => {
            template.frame = template.frame.warned(why);
            signed.visit.answer_with(status, &template)
        }
        Err(failure) => signed.visit.fail(&failure),
    }
}

/// Begins to enrol.
pub async fn begin(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::read(&signed.visit, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    match signed.visit.engine.begin_second_factor(signed.person.id, form.text("password")).await {
        Ok(()) => signed.visit.go(ROOM),
        Err(failure) => again(&signed, &failure).await,
    }
}

/// The app's first code: the second factor is on, and the codes to be written down are shown. Every session has ended; this
/// browser goes on with a new one.
pub async fn confirm(mut signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::read(&signed.visit, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let (engine, person_id) = (signed.visit.engine.clone(), signed.person.id);
    let codes = match engine.confirm_second_factor(person_id, form.text("code"), &signed.actor()).await {
        Ok(codes) => codes,
        Err(failure) => return again(&signed, &failure).await,
    };
    let template = async {
        if let Some(login) = engine.login_of(person_id).await? {
            let (session, _) = engine.start_session(&login, SessionScope::Panel).await?;
            let cookie = signed.visit.browser.goes_on_with(&session);
            signed.visit.give(cookie);
        }
        let frame = signed.frame(Room::Security, signed.visit.words().second_factor_on).await?;
        Ok::<_, Failure>(CodesTemplate { frame, codes })
    };
    let template = template.await;
    signed.visit.show(template)
}

/// Takes the second factor away.
pub async fn remove(signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::read(&signed.visit, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let said = (form.text("password"), form.text("code"));
    match signed.visit.engine.remove_second_factor(signed.person.id, said, &signed.actor()).await {
        Ok(()) => signed.visit.go("/panel/security?done=removed"),
        Err(failure) => again(&signed, &failure).await,
    }
}

/// Changes the password: whoever did so logs in with the new one.
pub async fn change_password(mut signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::read(&signed.visit, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let said = (form.text("password"), form.text("new"));
    match signed.visit.engine.change_own_password(signed.person.id, said, &signed.actor()).await {
        Ok(()) => {
            let cookie = signed.visit.browser.logged_out();
            signed.visit.give(cookie);
            signed.visit.go("/panel/login?done=password")
        }
        Err(failure) => again(&signed, &failure).await,
    }
}
