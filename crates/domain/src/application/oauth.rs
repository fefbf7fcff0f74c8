//! OAuth 2: what may be asked of the authorization page and of `/oauth/token`, and what a code is good for.
//!
//! Sources: RFC 6749 (the framework), RFC 7636 (PKCE), RFC 9700 §4.1.3 (the redirect address is compared letter by letter).

use super::{Application, Flow, Scopes};
use crate::refusal::Refusal;
use crate::timestamp::{DAY, HOUR, MINUTE, Timestamp};
use serde::{Deserialize, Serialize};

/// How long an authorization code may be used.
pub const CODE_LIFE_MS: i64 = 10 * MINUTE;
/// How long an access token works that a seller granted.
pub const TOKEN_LIFE_MS: i64 = 180 * DAY;
/// How long one works that an application asked for itself.
pub const OWN_TOKEN_LIFE_MS: i64 = 6 * HOUR;
/// How long a refresh token may be used.
pub const REFRESH_LIFE_MS: i64 = 180 * DAY;
/// The longest `state` that is given back.
const LONGEST_STATE: usize = 1_000;

/// What an application shows to prove that it is the one that asked (RFC 7636 §4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", content = "challenge")]
pub enum Challenge {
    /// The base64url of the verifier's SHA-256.
    S256(String),
    /// The verifier itself.
    #[serde(rename = "plain")]
    Plain(String),
}

/// What the authorization page was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// `response_type`
    pub response_type: Option<String>,
    /// `redirect_uri`
    pub redirect_uri: Option<String>,
    /// `state`, given back as it is.
    pub state: Option<String>,
    /// `scope`
    pub scope: Option<String>,
    /// `code_challenge`
    pub code_challenge: Option<String>,
    /// `code_challenge_method`
    pub code_challenge_method: Option<String>,
}

/// A request that may be shown to the seller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Where the seller is sent back to.
    pub redirect_uri: String,
    /// What is asked for.
    pub scopes: Scopes,
    /// What the code will have to be proved by.
    pub challenge: Option<Challenge>,
}

/// Why a request can't be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizationFault {
    /// It must not be sent anywhere: the address is not the application's.
    Address,
    /// The application is told by its address: the error's word, and why.
    Told(&'static str, &'static str),
}

/// How long a client that lost the answer to a refresh token may use it once more, while what it was given was not used.
pub const ANSWER_LOST_MS: i64 = 10 * MINUTE;

/// A code or a refresh token, as it is kept until it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Which of both it is.
    pub kind: GrantKind,
    /// The application that may use it.
    pub application_id: i64,
    /// What it is good for.
    pub scopes: Scopes,
    /// Where the seller was sent back to; a code's alone.
    #[serde(default)]
    pub redirect_uri: Option<String>,
    /// A code's alone.
    #[serde(default)]
    pub challenge: Option<Challenge>,
    /// Whether a refresh token is of test credentials.
    #[serde(default)]
    pub is_test: bool,
    /// From when it can't be used any more.
    pub expires: Timestamp,
    /// The code that it came of: when that is used twice, all that came of it ends. A refresh token's alone.
    #[serde(default)]
    pub family: Option<String>,
    /// What took its place; a refresh token's alone.
    #[serde(default)]
    pub used: Option<Used>,
    /// Whose place it took; a refresh token's alone.
    #[serde(default)]
    pub before: Option<String>,
}

/// A refresh token that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// When, for the first time.
    pub at: Timestamp,
    /// The name of the refresh token that was given for it.
    pub next: String,
}

impl Used {
    /// Whether it is given another one: the answer may have been lost on its way.
    pub fn may_be_asked_again(&self, now: Timestamp) -> bool {
        now < self.at.plus_ms(ANSWER_LOST_MS)
    }
}

/// What a grant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    /// An authorization code.
    Code,
    /// A refresh token.
    RefreshToken,
}

/// Reads what the authorization page was asked for `application`.
///
/// # Errors
/// Whom to tell what.
pub fn authorize(
    application: &Application,
    request: &AuthorizationRequest,
) -> Result<Authorization, AuthorizationFault> {
    let registered = application.redirect_url.as_deref().ok_or(AuthorizationFault::Address)?;
    if request.redirect_uri.as_deref().is_some_and(|asked| asked != registered) {
        return Err(AuthorizationFault::Address);
    }
    let told = AuthorizationFault::Told;
    if request.response_type.as_deref() != Some("code") {
        return Err(told("unsupported_response_type", "response_type must be code"));
    }
    if !application.flows.contains(&Flow::AuthorizationCode) {
        return Err(told("unauthorized_client", "the application may not use authorization codes"));
    }
    if request.state.as_deref().is_some_and(|state| state.len() > LONGEST_STATE) {
        return Err(told("invalid_request", "state is too long"));
    }
    let scopes = match request.scope.as_deref().map(str::trim).filter(|scope| !scope.is_empty()) {
        None => application.scopes,
        Some(asked) => {
            let asked = Scopes::parse(asked).filter(|asked| application.scopes.has(*asked));
            asked.ok_or(told("invalid_scope", "the application may not ask for this scope"))?
        }
    };
    Ok(Authorization {
        redirect_uri: registered.to_owned(),
        scopes,
        challenge: challenge(application, request)?,
    })
}

fn challenge(
    application: &Application,
    request: &AuthorizationRequest,
) -> Result<Option<Challenge>, AuthorizationFault> {
    let told = |why| AuthorizationFault::Told("invalid_request", why);
    let Some(text) = request.code_challenge.as_deref() else {
        return match application.pkce {
            true => Err(told("the application needs a code_challenge")),
            false => Ok(None),
        };
    };
    if !is_verifier(text) {
        return Err(told("code_challenge must be 43 to 128 letters, digits, and - . _ ~"));
    }
    match request.code_challenge_method.as_deref() {
        Some("S256") => Ok(Some(Challenge::S256(text.to_owned()))),
        // Whoever reads the address reads the verifier, too: where a proof is demanded that is none.
        None | Some("plain") if application.pkce => Err(told("code_challenge_method must be S256")),
        None | Some("plain") => Ok(Some(Challenge::Plain(text.to_owned()))),
        Some(_) => Err(told("code_challenge_method must be S256 or plain")),
    }
}

/// RFC 7636 §4.1.
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

/// What the token endpoint was told beside a code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof<'a> {
    /// The application that shows it.
    pub application_id: i64,
    /// `redirect_uri`
    pub redirect_uri: Option<&'a str>,
    /// `code_verifier`
    pub code_verifier: Option<&'a str>,
    /// The base64url of the verifier's SHA-256.
    pub verifier_digest: Option<&'a str>,
}

/// A refusal of the token endpoint.
pub fn refused(error: &'static str, why: impl Into<String>) -> Refusal {
    Refusal::keyed(400, error, why)
}

impl Grant {
    /// Whether it may be used now by whoever shows `proof`.
    ///
    /// # Errors
    /// `invalid_grant`, with why.
    pub fn check(&self, kind: GrantKind, proof: &Proof<'_>, now: Timestamp) -> Result<(), Refusal> {
        let no = |why: &str| Err(refused("invalid_grant", why));
        if self.kind != kind || self.application_id != proof.application_id {
            return no("it was not given to this application");
        }
        if now >= self.expires {
            return no("it expired");
        }
        if kind == GrantKind::RefreshToken {
            return Ok(());
        }
        if self.redirect_uri.as_deref() != proof.redirect_uri {
            return no("redirect_uri is not the one that the code was given for");
        }
        match (&self.challenge, proof.code_verifier) {
            (None, None) => Ok(()),
            // Nobody proves what was not asked: a code that was stolen before it was bound stays unbound.
            (None, Some(_)) => no("the code was asked for without a code_challenge"),
            (Some(_), None) => no("code_verifier is missing"),
            (Some(Challenge::Plain(challenge)), Some(verifier)) if challenge == verifier => Ok(()),
            (Some(Challenge::S256(challenge)), Some(verifier))
                if is_verifier(verifier) && proof.verifier_digest == Some(challenge) =>
            {
                Ok(())
            }
            _ => no("code_verifier is another one"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application() -> Application {
        let mut application = Application::new("Marketplace".to_owned(), Timestamp(0));
        application.redirect_url = Some("https://market.example/back".to_owned());
        application
    }

    fn asked() -> AuthorizationRequest {
        AuthorizationRequest { response_type: Some("code".to_owned()), ..AuthorizationRequest::default() }
    }

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    /// RFC 7636, appendix B.
    const DIGEST: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn an_address_that_is_not_the_applications_is_told_nothing() {
        for foreign in
            ["https://market.example/back/", "https://evil.example", "https://market.example/back?x=1", ""]
        {
            let request = AuthorizationRequest { redirect_uri: Some(foreign.to_owned()), ..asked() };
            assert_eq!(authorize(&application(), &request), Err(AuthorizationFault::Address), "{foreign}");
        }
        let none = Application { redirect_url: None, ..application() };
        assert_eq!(authorize(&none, &asked()), Err(AuthorizationFault::Address));
        assert_eq!(authorize(&application(), &asked()).unwrap().scopes, Scopes::ALL);
    }

    #[test]
    fn what_the_application_may_not_ask_is_told_by_its_address() {
        let word = |application: &Application, request| match authorize(application, &request) {
            Err(AuthorizationFault::Told(word, _)) => word,
            other => panic!("{other:?}"),
        };
        let reads = Application { scopes: Scopes::READ, ..application() };
        let scope = |scope: &str| AuthorizationRequest { scope: Some(scope.to_owned()), ..asked() };
        assert_eq!(word(&reads, scope("write")), "invalid_scope");
        assert_eq!(word(&reads, scope("everything")), "invalid_scope");
        assert_eq!(word(&application(), AuthorizationRequest::default()), "unsupported_response_type");
        let own = Application { flows: vec![Flow::ClientCredentials], ..application() };
        assert_eq!(word(&own, asked()), "unauthorized_client");
        let pkce = Application { pkce: true, ..application() };
        assert_eq!(word(&pkce, asked()), "invalid_request");
        let short = AuthorizationRequest { code_challenge: Some("short".to_owned()), ..asked() };
        assert_eq!(word(&pkce, short), "invalid_request");
        for method in [None, Some("plain".to_owned())] {
            let challenged = AuthorizationRequest {
                code_challenge: Some(VERIFIER.to_owned()),
                code_challenge_method: method,
                ..asked()
            };
            assert_eq!(word(&pkce, challenged.clone()), "invalid_request");
            assert!(authorize(&application(), &challenged).is_ok());
        }
    }

    fn grant(challenge: Option<Challenge>) -> Grant {
        Grant {
            kind: GrantKind::Code,
            application_id: 7,
            scopes: Scopes::ALL,
            redirect_uri: Some("https://market.example/back".to_owned()),
            challenge,
            is_test: false,
            expires: Timestamp(100),
            family: None,
            used: None,
            before: None,
        }
    }

    fn proof(verifier: Option<&'static str>, digest: Option<&'static str>) -> Proof<'static> {
        Proof {
            application_id: 7,
            redirect_uri: Some("https://market.example/back"),
            code_verifier: verifier,
            verifier_digest: digest,
        }
    }

    #[test]
    fn a_code_is_good_for_its_application_its_address_its_proof_and_its_time() {
        let now = Timestamp(99);
        let check =
            |challenge, proof: &Proof<'_>| grant(challenge).check(GrantKind::Code, proof, now).is_ok();
        assert!(check(None, &proof(None, None)));
        assert!(!check(None, &proof(Some(VERIFIER), Some(DIGEST))), "not bound");
        let s256 = || Some(Challenge::S256(DIGEST.to_owned()));
        assert!(check(s256(), &proof(Some(VERIFIER), Some(DIGEST))));
        assert!(!check(s256(), &proof(None, None)) && !check(s256(), &proof(Some(DIGEST), Some(VERIFIER))));
        let plain = || Some(Challenge::Plain(VERIFIER.to_owned()));
        assert!(check(plain(), &proof(Some(VERIFIER), Some(DIGEST))));
        assert!(!check(plain(), &proof(Some(DIGEST), None)));
        assert!(!check(None, &Proof { application_id: 8, ..proof(None, None) }));
        assert!(!check(None, &Proof { redirect_uri: None, ..proof(None, None) }));
        assert!(grant(None).check(GrantKind::Code, &proof(None, None), Timestamp(100)).is_err());
        assert!(grant(None).check(GrantKind::RefreshToken, &proof(None, None), now).is_err());
    }
}
