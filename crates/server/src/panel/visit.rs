//! Who looks at the panel: the browser, its language, and whoever has logged in with it.

use super::frame::{AccountChoice, Frame, Room, Visitor, navigation, role_word};
use super::words::PanelWords;
use crate::api::browser_session::{self, Browser, raw_cookie};
use crate::api::request::{header_text, query_value};
use crate::pages::{Framing, Locale, Page};
use crate::tls::ClientConnection;
use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use pasarela_domain::identity::AccountId;
use pasarela_domain::login::SessionScope;
use pasarela_domain::member::{Permission, Role};
use pasarela_engine::accounts::Account;
use pasarela_engine::audit::Actor;
use pasarela_engine::sessions::Session;
use pasarela_engine::{Engine, Failure};
use std::sync::Arc;

/// What all of the panel's forms at the door are one form to the word that they carry; behind it the account is added.
const FORMS: &str = "panel";
/// The cookie with the language that was chosen.
const LANGUAGE: &str = "pasarela_language";
/// The cookie with the account that was chosen, without its prefix.
const ACCOUNT: &str = "account";

/// Longer than a language's tag or an account's number.
const LONGEST_PLAIN: usize = 20;

/// A browser at the panel.
pub struct Visit {
    /// The engine.
    pub engine: Engine,
    /// What the browser has.
    pub browser: Browser,
    /// In which language it is answered.
    pub locale: Locale,
    /// Where it is.
    pub path: String,
    /// What its forms are to the word that they carry. They do nothing to another account than the one that they were
    /// shown for: perhaps another was chosen meanwhile in another tab.
    form: String,
    cookies: Vec<HeaderValue>,
    account: Option<AccountId>,
    address: Option<String>,
}

impl Visit {
    fn of(parts: &Parts, engine: &Engine) -> Visit {
        let connection = parts.extensions.get::<ClientConnection>();
        let mut browser = Browser::of(engine, &parts.headers, connection, SessionScope::Panel);
        let mut cookies: Vec<HeaderValue> = browser.greet().into_iter().collect();
        let browser_name = browser.name(ACCOUNT);
        let asked = query_value(parts.uri.query(), "locale").filter(|tag| Locale::from_tag(tag).is_some());
        let kept = plain_cookie(parts, LANGUAGE);
        let accept = header_text(&parts.headers, "accept-language");
        let locale = Locale::choose(asked.as_deref().or(kept.as_deref()), accept.as_deref(), None);
        if asked.is_some() {
            cookies.extend(set_plain(LANGUAGE, locale.language()));
        }
        Visit {
            engine: engine.clone(),
            browser,
            locale,
            path: parts.uri.path().to_owned(),
            form: FORMS.to_owned(),
            cookies,
            account: plain_cookie(parts, &browser_name).and_then(|id| id.parse().ok()),
            address: connection.map(|connection| connection.address.ip().to_string()),
        }
    }

    /// The words of its language.
    pub fn words(&self) -> &'static PanelWords {
        PanelWords::of(self.locale)
    }

    /// A frame without a visitor.
    pub fn frame(&self, title: &str) -> Frame {
        let word = browser_session::word(&self.engine, &self.browser, &self.form);
        Frame::new(title, self.locale, &self.path, word)
    }

    /// Adds a cookie to the answer.
    pub fn give(&mut self, cookie: HeaderValue) {
        self.cookies.push(cookie);
    }

    /// From now on it looks at this account.
    pub fn choose(&mut self, account_id: AccountId) {
        self.cookies.push(self.browser.set(ACCOUNT, &account_id.to_string(), "; Max-Age=31536000"));
    }

    /// Whether a form that was posted with `word` is one that this browser was shown here.
    pub fn is_ours(&self, word: &str) -> bool {
        browser_session::is_ours(&self.engine, &self.browser, &self.form, word)
    }

    /// Ties its forms to what is asked, too.
    pub fn tie_forms(&mut self, asked: &str) {
        self.form = format!("{} {asked}", self.form);
    }

    /// Answers with a page.
    pub fn answer(&self, template: &impl Template) -> Response {
        self.answer_with(StatusCode::OK, template)
    }

    /// Answers with a page under a status.
    pub fn answer_with(&self, status: StatusCode, template: &impl Template) -> Response {
        let page = Page::render(template, self.locale.language(), Framing::Nobody);
        let page = if page.status == StatusCode::OK { page.with_status(status) } else { page };
        self.with_cookies(page.into_response())
    }

    /// Answers with a page, or with what went wrong while it was made.
    pub fn show(&self, template: Result<impl Template, Failure>) -> Response {
        match template {
            Ok(template) => self.answer(&template),
            Err(failure) => self.fail(&failure),
        }
    }

    /// Goes on to `to` when something was done, or says what went wrong.
    pub fn go_on(&self, done: Result<(), Failure>, to: &str) -> Response {
        match done {
            Ok(()) => self.go(to),
            Err(failure) => self.fail(&failure),
        }
    }

    /// Sends the browser elsewhere in the panel.
    pub fn go(&self, to: &str) -> Response {
        self.with_cookies(Redirect::to(to).into_response())
    }

    /// Answers that something went wrong.
    pub fn fail(&self, failure: &Failure) -> Response {
        let words = self.words();
        let (status, text) = match failure {
            Failure::Refused(refusal) if refusal.status == 404 => (404, words.not_found.to_owned()),
            Failure::Refused(refusal) => (refusal.status, format!("{} {}", words.not_done, refusal.message)),
            Failure::TooMany { .. } => (429, words.busy.to_owned()),
            Failure::Unavailable { .. } => (503, words.busy.to_owned()),
            Failure::Internal(what) => {
                tracing::error!(path = self.path, what, "a room of the panel failed inside");
                (500, words.broken.to_owned())
            }
        };
        self.notice(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &text)
    }

    /// A page with nothing but a notice.
    pub fn notice(&self, status: StatusCode, text: &str) -> Response {
        let frame = self.frame(self.words().panel).warned(text);
        self.answer_with(status, &NoticeTemplate { frame })
    }

    /// Who acts, for the log.
    fn actor(&self, name: String) -> Actor {
        Actor { name, address: self.address.clone() }
    }

    /// Who acts before anybody has logged in.
    pub fn stranger(&self) -> Actor {
        self.actor("somebody at the door".to_owned())
    }

    fn with_cookies(&self, mut response: Response) -> Response {
        for cookie in &self.cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie.clone());
        }
        response
    }
}

#[derive(Template)]
#[template(path = "panel/notice.html")]
struct NoticeTemplate {
    frame: Frame,
}

impl FromRequestParts<Engine> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        engine: &Engine,
    ) -> Result<Visit, std::convert::Infallible> {
        Ok(Visit::of(parts, engine))
    }
}

/// Somebody who has logged in, looking at an account.
pub struct SignedIn {
    /// The browser.
    pub visit: Visit,
    /// The session.
    pub session: Session,
    /// Whoever logged in.
    pub person: Arc<Account>,
    /// The account that is looked at.
    pub account: Arc<Account>,
    /// What the person may do there.
    pub role: Role,
}

impl SignedIn {
    /// The account that is looked at.
    pub fn account_id(&self) -> AccountId {
        self.account.id
    }

    /// Who acts, for the log.
    pub fn actor(&self) -> Actor {
        self.visit.actor(format!("{} ({})", self.person.email, self.person.id))
    }

    /// Whether the role lets the person do that; otherwise the page that says so.
    ///
    /// # Errors
    /// The page, when it does not.
    pub fn may(&self, permission: Permission) -> Result<(), Box<Response>> {
        if self.role.may(permission) {
            return Ok(());
        }
        Err(Box::new(self.visit.notice(StatusCode::FORBIDDEN, self.visit.words().not_allowed)))
    }

    /// The frame of `room`.
    pub async fn frame(&self, room: Room, title: &str) -> Result<Frame, Failure> {
        let (engine, words) = (&self.visit.engine, self.visit.words());
        let mut accounts = Vec::new();
        for id in engine.accounts_open_to(self.person.id).await? {
            if let Some(account) = engine.account(id).await? {
                let (name, is_current) = (account.name.clone(), id == self.account.id);
                accounts.push(AccountChoice { id, name, is_current });
            }
        }
        let mut frame = self.visit.frame(title);
        frame.visitor = Some(Visitor {
            accounts,
            account: self.account.name.clone(),
            site: self.account.site.id(),
            role: role_word(self.role, words),
            navigation: navigation(room, self.role, self.account.site, words),
        });
        Ok(frame)
    }
}

impl FromRequestParts<Engine> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<SignedIn, Response> {
        let mut visit = Visit::of(parts, engine);
        let session = match browser_session::current(engine, &mut visit.browser).await {
            Ok(Some(session)) => session,
            Ok(None) => {
                // A form of a session that ended is not posted again by itself.
                let next = if parts.method.is_safe() { parts.uri.path() } else { "/panel/home" };
                return Err(visit.go(&format!("/panel/login?next={next}")));
            }
            Err(failure) => return Err(visit.fail(&failure)),
        };
        let chosen = visit.account.unwrap_or(session.account_id);
        match looked_at(engine, session.account_id, chosen).await {
            Ok(Some((person, account, role))) => {
                visit.tie_forms(&account.id.to_string());
                Ok(SignedIn { visit, session, person, account, role })
            }
            Ok(None) => Err(visit.go("/panel/login")),
            Err(failure) => Err(visit.fail(&failure)),
        }
    }
}

/// The person, the account that it looks at (its own, when it has no role in the chosen one), and its role there.
async fn looked_at(
    engine: &Engine,
    person_id: AccountId,
    chosen: AccountId,
) -> Result<Option<(Arc<Account>, Arc<Account>, Role)>, Failure> {
    let Some(person) = engine.account(person_id).await? else { return Ok(None) };
    if let Some(role) = engine.role_in(person_id, chosen).await?
        && let Some(account) = engine.account(chosen).await?
    {
        return Ok(Some((person, account, role)));
    }
    Ok(Some((person.clone(), person, Role::Owner)))
}

/// A cookie that is no secret.
fn plain_cookie(parts: &Parts, name: &str) -> Option<String> {
    raw_cookie(&parts.headers, name).filter(|value| value.len() <= LONGEST_PLAIN).map(str::to_owned)
}

fn set_plain(name: &str, value: &str) -> Option<HeaderValue> {
    const YEAR_S: u32 = 31_536_000;
    HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={YEAR_S}")).ok()
}
