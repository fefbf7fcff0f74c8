//! Sessions as browsers keep them: cookies, and the words of forms.
//!
//! A page for people who log in asks [`current`] who is there. Each of its forms carries [`word`], made for whatever
//! [`Browser::secret`] says the browser has: the session's token, or before a login the visitor's random word. The handler
//! that the form is posted to asks [`is_ours`] first: a form of another site has no such word, because it knows no secret,
//! and without one nothing is done in anybody's name.
//!
//! Cookies are `HttpOnly` (no script reads them) and `SameSite=Lax` (another site's form does not send them, a link does).
//! Where the connection is encrypted, they are `Secure` and named `__Host-…`, so that no other host of the domain can set
//! them; plain HTTP, on a developer's machine, can't have that.

use crate::tls::ClientConnection;
use axum::http::{HeaderMap, HeaderValue, header};
use pasarela_domain::login::SessionScope;
use pasarela_engine::sessions::{NewSession, Session, new_visitor};
use pasarela_engine::{Engine, Failure};

/// Longer than any value that is set here.
const LONGEST_VALUE: usize = 128;

/// What a browser sent along.
pub struct Browser {
    /// Whether the way to it is encrypted.
    is_encrypted: bool,
    scope: SessionScope,
    token: Option<String>,
    visitor: Option<String>,
}

impl Browser {
    /// What it has for `scope`.
    pub fn of(
        engine: &Engine,
        headers: &HeaderMap,
        connection: Option<&ClientConnection>,
        scope: SessionScope,
    ) -> Browser {
        // Behind a proxy that takes off the encryption, the public address says that there was some.
        let is_encrypted =
            connection.is_some_and(|client| client.encrypted) || engine.public_url().starts_with("https://");
        let mut browser = Browser { is_encrypted, scope, token: None, visitor: None };
        browser.token = cookie(headers, &browser.name(scope.name()));
        browser.visitor = cookie(headers, &browser.name("visitor"));
        browser
    }

    /// What its forms are tied to; `None` before it was given anything.
    pub fn secret(&self) -> Option<&str> {
        self.token.as_deref().or(self.visitor.as_deref())
    }

    /// Gives it a word of its own, if it has no secret yet: what to set, and with which secret to go on.
    pub fn greet(&mut self) -> Option<HeaderValue> {
        if self.secret().is_some() {
            return None;
        }
        let word = new_visitor();
        let cookie = self.set("visitor", &word, "");
        self.visitor = Some(word);
        Some(cookie)
    }

    /// The cookie of a new session.
    pub fn logged_in(&self, session: &NewSession) -> HeaderValue {
        self.set(self.scope.name(), session.reveal(), "")
    }

    /// The same, where this very answer has forms that are tied to the new session.
    pub fn goes_on_with(&mut self, session: &NewSession) -> HeaderValue {
        self.token = Some(session.reveal().to_owned());
        self.logged_in(session)
    }

    /// Takes the session's cookie away.
    pub fn logged_out(&self) -> HeaderValue {
        self.set(self.scope.name(), "", "; Max-Age=0")
    }

    /// The token that it has of its scope.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Forgets a token that opens nothing any more: forms are then tied to the visitor's word.
    pub fn forget_token(&mut self) {
        self.token = None;
    }

    /// How a cookie is called on this way.
    pub fn name(&self, what: &str) -> String {
        let prefix = if self.is_encrypted { "__Host-" } else { "" };
        format!("{prefix}pasarela_{what}")
    }

    /// A cookie that no script reads; `more` is added to what says so.
    pub fn set(&self, what: &str, value: &str, more: &str) -> HeaderValue {
        let secure = if self.is_encrypted { "; Secure" } else { "" };
        let name = self.name(what);
        let mut cookie =
            HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}"))
                // Digits, a dot and names of this file: all of it can stand in a header.
                .unwrap_or_else(|_| HeaderValue::from_static("pasarela=; Max-Age=0"));
        cookie.set_sensitive(true);
        cookie
    }
}

/// Who is logged in with this browser. A token that opens nothing is forgotten.
///
/// # Errors
/// When the store can't be read.
pub async fn current(engine: &Engine, browser: &mut Browser) -> Result<Option<Session>, Failure> {
    let Some(token) = browser.token() else { return Ok(None) };
    let session = engine.session(token, browser.scope).await?;
    if session.is_none() {
        browser.forget_token();
    }
    Ok(session)
}

/// The word for a form, which its handler asks [`is_ours`] about. `form` says what the form does, to what.
pub fn word(engine: &Engine, browser: &Browser, form: &str) -> String {
    // Who has no secret is greeted first; a word for nobody is nobody's.
    browser.secret().map(|secret| engine.form_word(secret, form)).unwrap_or_default()
}

/// Whether a form that was posted with `said` is one that this browser was shown.
pub fn is_ours(engine: &Engine, browser: &Browser, form: &str, said: &str) -> bool {
    browser.secret().is_some_and(|secret| engine.is_form_word(secret, form, said))
}

/// A cookie's value as it came, which anybody may have set.
pub fn raw_cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|header| header.to_str().ok());
    let mut pairs = all.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(its_name, _)| *its_name == name).map(|(_, value)| value)
}

/// A cookie's value, if it can be one that was set here.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = raw_cookie(headers, name)?;
    let is_sane = !value.is_empty()
        && value.len() <= LONGEST_VALUE
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    is_sane.then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_static(cookie));
        }
        headers
    }

    #[test]
    fn a_cookie_is_found_among_others_and_an_odd_one_is_not_taken() {
        let sent = headers(&["a=1; pasarela_wallet=7.abc", "b=2"]);
        assert_eq!(cookie(&sent, "pasarela_wallet").as_deref(), Some("7.abc"));
        assert_eq!(cookie(&sent, "pasarela_panel"), None);
        assert_eq!(cookie(&sent, "wallet"), None, "no part of a name");
        for odd in ["pasarela_wallet=", "pasarela_wallet=a\"b", "pasarela_wallet=a b"] {
            assert_eq!(cookie(&headers(&[odd]), "pasarela_wallet"), None, "{odd}");
        }
    }

    #[test]
    fn a_cookie_is_bound_to_its_host_where_the_way_is_encrypted() {
        let browser =
            |is_encrypted| Browser { is_encrypted, scope: SessionScope::Wallet, token: None, visitor: None };
        let text = |value: HeaderValue| value.to_str().unwrap().to_owned();
        assert_eq!(
            text(browser(true).set("wallet", "7.abc", "")),
            "__Host-pasarela_wallet=7.abc; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            text(browser(false).logged_out()),
            "pasarela_wallet=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
        let mut stranger = browser(false);
        let set = text(stranger.greet().unwrap());
        assert!(set.contains(stranger.secret().unwrap()));
        assert!(stranger.greet().is_none(), "once");
    }
}
