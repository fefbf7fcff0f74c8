//! The door: login, sign-up, logout, and which account is looked at.

use super::form::Form;
use super::frame::Frame;
use super::visit::{SignedIn, Visit};
use super::words::PanelWords;
use crate::api::request::{RawBody, query_value};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use pasarela_domain::login::SessionScope;
use pasarela_domain::site::{SITES, Site};
use pasarela_engine::logins::{Checked, KnownLogin};
use pasarela_engine::people::{NewPerson, SignUpFault};
use pasarela_engine::{Engine, Failure};

#[derive(Template)]
#[template(path = "panel/login.html")]
struct LoginTemplate {
    frame: Frame,
    name: String,
    next: String,
}

struct SiteChoice {
    id: &'static str,
    name: &'static str,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "panel/signup.html")]
struct SignUpTemplate {
    frame: Frame,
    sites: Vec<SiteChoice>,
    email: String,
    seller: String,
}

/// Where it goes after the login: a page of the panel or of OAuth, and nothing that another site made up.
fn safe_next(asked: &str) -> &str {
    let is_ours = (asked.starts_with("/panel/") || asked.starts_with("/authorization?"))
        && asked.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !asked.split('?').next().unwrap_or_default().contains("//");
    if is_ours { asked } else { "/panel/home" }
}

/// The page with the login form.
pub async fn login_page(visit: Visit, RawQuery(query): RawQuery) -> Response {
    let next = query_value(query.as_deref(), "next").unwrap_or_default();
    let mut frame = visit.frame(visit.words().log_in);
    if query_value(query.as_deref(), "done").is_some() {
        frame = frame.told(visit.words().password_changed);
    }
    visit.answer(&LoginTemplate { frame, name: String::new(), next: safe_next(&next).to_owned() })
}

/// Logs somebody in.
pub async fn log_in(visit: Visit, body: RawBody) -> Response {
    let form = match Form::read(&visit, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let (name, next) = (form.text("name").to_owned(), safe_next(form.text("next")).to_owned());
    let words = visit.words();
    let (why, status, retry_after_s) = match visit.engine.check_password(&name, form.text("password")).await {
        Ok(Checked::Right(login)) => return second_step(visit, &login, &next).await,
        Ok(Checked::Wrong) => (words.wrong_login, StatusCode::UNAUTHORIZED, None),
        Ok(Checked::TooMany { retry_after_s }) => {
            (words.too_many_tries, StatusCode::TOO_MANY_REQUESTS, Some(retry_after_s))
        }
        Err(failure) => return visit.fail(&failure),
    };
    let frame = visit.frame(words.log_in).warned(why);
    let mut response = visit.answer_with(status, &LoginTemplate { frame, name, next });
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[derive(Template)]
#[template(path = "panel/code.html")]
struct CodeTemplate {
    frame: Frame,
    ticket: String,
    next: String,
}

/// Goes on where the password was right: a login with a second factor is asked for its code.
async fn second_step(visit: Visit, login: &KnownLogin, next: &str) -> Response {
    match visit.engine.second_factor_since(login.account_id).await {
        Ok(None) => begin(visit, login, next).await,
        Ok(Some(_)) => {
            let ticket = visit.engine.login_ticket(visit.browser.secret().unwrap_or_default(), login);
            let frame = visit.frame(visit.words().log_in);
            visit.answer(&CodeTemplate { frame, ticket, next: next.to_owned() })
        }
        Err(failure) => visit.fail(&failure),
    }
}

/// Takes the code of a login's second factor.
pub async fn say_code(visit: Visit, body: RawBody) -> Response {
    let form = match Form::read(&visit, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let (ticket, next) = (form.text("ticket").to_owned(), safe_next(form.text("next")).to_owned());
    let (words, secret) = (visit.words(), visit.browser.secret().unwrap_or_default());
    // An empty code is a wrong one: that there is a second factor is known.
    let code = if form.text("code").trim().is_empty() { "-" } else { form.text("code") };
    match visit.engine.second_step(secret, &ticket, code).await {
        Ok(Some(login)) => begin(visit, &login, &next).await,
        // The time is over, or the password was changed: from the start.
        Ok(None) => {
            let frame = visit.frame(words.log_in).warned(words.login_too_late);
            visit.answer_with(StatusCode::UNAUTHORIZED, &LoginTemplate { frame, name: String::new(), next })
        }
        Err(failure) => match code_fault(&failure, words) {
            Some((status, why)) => {
                let frame = visit.frame(words.log_in).warned(why);
                visit.answer_with(status, &CodeTemplate { frame, ticket, next })
            }
            None => visit.fail(&failure),
        },
    }
}

/// What is said of a code or a password that is not taken, in the reader's language.
pub(super) fn code_fault(failure: &Failure, words: &PanelWords) -> Option<(StatusCode, &'static str)> {
    let Failure::Refused(refusal) = failure else {
        let is_too_many = matches!(failure, Failure::TooMany { .. });
        return is_too_many.then_some((StatusCode::TOO_MANY_REQUESTS, words.too_many_tries));
    };
    match refusal.error {
        "invalid_code" => Some((StatusCode::UNAUTHORIZED, words.wrong_code)),
        "second_factor_required" => Some((StatusCode::UNAUTHORIZED, words.code_needed)),
        "too_many_codes" => Some((StatusCode::TOO_MANY_REQUESTS, words.too_many_tries)),
        "invalid_password" => Some((StatusCode::UNAUTHORIZED, words.wrong_password)),
        "password_refused" => Some((StatusCode::BAD_REQUEST, words.bad_password)),
        _ => None,
    }
}

/// Starts a session and goes where it was wanted.
async fn begin(mut visit: Visit, login: &KnownLogin, next: &str) -> Response {
    match visit.engine.start_session(login, SessionScope::Panel).await {
        Ok((session, _)) => {
            let cookie = visit.browser.logged_in(&session);
            visit.give(cookie);
            visit.go(next)
        }
        Err(failure) => visit.fail(&failure),
    }
}

fn sign_up_template(visit: &Visit, site: Site, email: &str, seller: &str) -> SignUpTemplate {
    let sites =
        SITES.map(|choice| SiteChoice { id: choice.id(), name: country(choice), is_current: choice == site });
    SignUpTemplate {
        frame: visit.frame(visit.words().sign_up),
        sites: sites.into(),
        email: email.to_owned(),
        seller: seller.to_owned(),
    }
}

/// A country's own name: the same in all languages of the panel, but for accents.
const fn country(site: Site) -> &'static str {
    match site {
        Site::MLA => "Argentina",
        Site::MLB => "Brasil",
        Site::MLC => "Chile",
        Site::MCO => "Colombia",
        Site::MLM => "México",
        Site::MPE => "Perú",
        Site::MLU => "Uruguay",
    }
}

/// The page with the sign-up form.
pub async fn sign_up_page(visit: Visit) -> Response {
    visit.answer(&sign_up_template(&visit, Site::MLB, "", ""))
}

/// Signs somebody up, and logs them in.
pub async fn sign_up(visit: Visit, body: RawBody) -> Response {
    let form = match Form::read(&visit, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let words = visit.words();
    let (email, seller) = (form.text("email"), form.text("seller"));
    let site = Site::from_id(form.text("site")).unwrap_or(Site::MLB);
    let refused = |status: StatusCode, why: &str| {
        let mut template = sign_up_template(&visit, site, email, seller);
        template.frame = template.frame.warned(why);
        visit.answer_with(status, &template)
    };
    if !form.is_checked("terms") {
        return refused(StatusCode::BAD_REQUEST, words.terms_needed);
    }
    let new = NewPerson { site, email, name: seller, password: form.text("password") };
    match visit.engine.sign_up(new, &visit.stranger()).await {
        Ok(Ok(login)) => begin(visit, &login, "/panel/applications").await,
        Ok(Err(fault)) => match fault {
            SignUpFault::Email => refused(StatusCode::BAD_REQUEST, words.bad_email),
            SignUpFault::Name => refused(StatusCode::BAD_REQUEST, words.bad_name),
            SignUpFault::Password => refused(StatusCode::BAD_REQUEST, words.bad_password),
            SignUpFault::Taken => refused(StatusCode::CONFLICT, words.email_taken),
            SignUpFault::TooMany => refused(StatusCode::TOO_MANY_REQUESTS, words.too_many_tries),
        },
        Err(failure) => visit.fail(&failure),
    }
}

/// Ends the session.
pub async fn log_out(
    State(engine): State<Engine>,
    mut visit: Visit,
    signed: Result<SignedIn, Response>,
    body: RawBody,
) -> Response {
    let said = url::form_urlencoded::parse(&body.bytes).find(|(name, _)| name == "word");
    let word = said.map(|(_, word)| word.into_owned()).unwrap_or_default();
    // The form stands on pages of an account, too; whichever it is, the same person leaves.
    let is_ours = visit.is_ours(&word) || signed.is_ok_and(|signed| signed.visit.is_ours(&word));
    if !is_ours {
        return visit.notice(StatusCode::FORBIDDEN, visit.words().form_expired);
    }
    if let Some(token) = visit.browser.token()
        && let Err(failure) = engine.end_session(token).await
    {
        return visit.fail(&failure);
    }
    let cookie = visit.browser.logged_out();
    visit.give(cookie);
    visit.go("/panel/login")
}

/// Looks at another account from now on.
pub async fn switch_account(mut signed: SignedIn, body: RawBody) -> Response {
    let form = match Form::read(&signed.visit, &body) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let chosen = form.text("account").parse().unwrap_or(signed.person.id);
    match signed.visit.engine.role_in(signed.person.id, chosen).await {
        Ok(Some(_)) => {
            signed.visit.choose(chosen);
            signed.visit.go("/panel/home")
        }
        Ok(None) => signed.visit.notice(StatusCode::NOT_FOUND, signed.visit.words().not_found),
        Err(failure) => signed.visit.fail(&failure),
    }
}

#[cfg(test)]
mod tests {
    use super::safe_next;

    #[test]
    fn after_the_login_it_goes_nowhere_else() {
        assert_eq!(safe_next("/panel/applications/7"), "/panel/applications/7");
        assert_eq!(
            safe_next("/authorization?client_id=7&state=a%2Fb"),
            "/authorization?client_id=7&state=a%2Fb"
        );
        for foreign in [
            "",
            "//evil.example",
            "https://evil.example",
            "/panel//evil.example",
            "/\\evil.example",
            "/panel/\r\nx",
            "/v1/payments",
        ] {
            assert_eq!(safe_next(foreign), "/panel/home", "{foreign:?}");
        }
    }
}
