//! `/oauth/token` and the authorization page at `/authorization`.

use super::answer::{Answer, ApiFailure};
use super::branding::shop_of;
use super::json;
use super::request::{RawBody, query_pairs};
use crate::panel::form::Form;
use crate::panel::frame::Frame;
use crate::panel::visit::{SignedIn, Visit};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pasarela_domain::application::oauth::{
    Authorization, AuthorizationFault, AuthorizationRequest, authorize, refused,
};
use pasarela_domain::identity::Mode;
use pasarela_domain::member::Permission;
use pasarela_engine::Engine;
use pasarela_engine::applications::OwnedApplication;
use pasarela_engine::oauth::TokenRequest;
use serde_json::{Map, Value};

/// The most members of a token request.
const MOST_MEMBERS: usize = 50;

/// Gives tokens for a code (`authorization_code`), a refresh token (`refresh_token`), or the application itself
/// (`client_credentials`). JSON or a form. Official SDKs leave `client_id` out and send their access token as
/// `client_secret`: that is taken, too, if it is one of the application's own without an end.
#[utoipa::path(
    post, path = "/oauth/token", operation_id = "create_oauth_token", tag = "oauth",
    request_body(content = super::schema::OAuthTokenRequest),
    responses(
        (status = 200, description = "`access_token`, `refresh_token`, `public_key`, `expires_in`, `scope`, `user_id`, `live_mode`", body = Object),
        (status = 400, description = "`invalid_client`, `invalid_grant`, `invalid_request`, `unsupported_grant_type`, `unauthorized_client`", body = super::schema::ApiError),
        (status = 429, description = "The application has as many tokens as it may have, none of them like this one", body = super::schema::ApiError),
    ),
    security(()),
)]
pub async fn token(State(engine): State<Engine>, body: RawBody) -> Answer {
    let members = members(&body)?;
    let text = |name: &str| match members.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let request = TokenRequest {
        grant_type: text("grant_type"),
        client_id: text("client_id"),
        client_secret: text("client_secret"),
        code: text("code"),
        redirect_uri: text("redirect_uri"),
        code_verifier: text("code_verifier"),
        refresh_token: text("refresh_token"),
        test_token: matches!(members.get("test_token"), Some(Value::Bool(true)))
            || text("test_token").as_deref() == Some("true"),
    };
    let answer = engine.token(&request).await?;
    let body = serde_json::to_string(&answer)
        .map_err(|error| pasarela_engine::Failure::Internal(error.to_string()))?;
    let mut response = json(StatusCode::OK, body);
    // RFC 6749 §5.1.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Ends one token of the application, or one refresh token (RFC 7009): `token`, with `client_id` and `client_secret` as at
/// `/oauth/token`. 200 also for one that is not there.
#[utoipa::path(
    post, path = "/oauth/revoke", operation_id = "revoke_oauth_token", tag = "oauth",
    request_body(content = super::schema::OAuthRevocationRequest),
    responses(
        (status = 200, description = "It works no more"),
        (status = 400, description = "`invalid_client`, `invalid_request`", body = super::schema::ApiError),
    ),
    security(()),
)]
pub async fn revoke(State(engine): State<Engine>, body: RawBody) -> Answer {
    let members = members(&body)?;
    let text = |name: &str| members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let token = text("token").ok_or_else(|| refused("invalid_request", "token is missing"))?;
    let request = TokenRequest {
        client_id: match members.get("client_id") {
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => text("client_id").map(str::to_owned),
        },
        client_secret: text("client_secret").map(str::to_owned),
        ..TokenRequest::default()
    };
    engine.revoke_token(&request, token).await?;
    Ok(json(StatusCode::OK, "{}".to_owned()))
}

/// What a body says, JSON or a form; a member that comes twice is refused (RFC 6749 §3.2).
fn members(body: &RawBody) -> Result<Map<String, Value>, ApiFailure> {
    if body.bytes.trim_ascii_start().first() == Some(&b'{') {
        let twice = |_| refused("invalid_request", "the body is no JSON, or names a member twice");
        body.json().map_err(|_| ApiFailure::from(twice(())))?;
        return match serde_json::from_slice(&body.bytes) {
            Ok(Value::Object(members)) => Ok(members),
            _ => Err(twice(()).into()),
        };
    }
    let mut members = Map::new();
    for (name, value) in url::form_urlencoded::parse(&body.bytes).take(MOST_MEMBERS) {
        if members.insert(name.clone().into_owned(), Value::String(value.into_owned())).is_some() {
            return Err(refused("invalid_request", format!("{name} comes twice")).into());
        }
    }
    Ok(members)
}

#[derive(Template)]
#[template(path = "panel/authorization.html")]
struct AuthorizationTemplate {
    frame: Frame,
    application: String,
    /// What its buyers see, for the seller to know it again.
    logo: Option<String>,
    site_url: Option<String>,
    account: String,
    scopes: Vec<&'static str>,
    query: String,
}

#[derive(Template)]
#[template(path = "panel/leave.html")]
struct LeaveTemplate {
    frame: Frame,
    to: String,
}

/// A request for an authorization page, read.
struct Asked {
    application: OwnedApplication,
    request: AuthorizationRequest,
    /// A parameter that came twice.
    twice: Option<&'static str>,
}

impl Asked {
    fn authorize(&self) -> Result<Authorization, AuthorizationFault> {
        match self.twice {
            // Which of two addresses is meant nobody knows.
            Some("redirect_uri") => Err(AuthorizationFault::Address),
            Some(_) => Err(AuthorizationFault::Told("invalid_request", "a parameter comes twice")),
            None => authorize(&self.application.details, &self.request),
        }
    }
}

/// The parameters that are looked at beside `client_id`, the address first.
const PARAMETERS: [&str; 6] =
    ["redirect_uri", "response_type", "state", "scope", "code_challenge", "code_challenge_method"];

async fn read(engine: &Engine, query: &str) -> Option<Asked> {
    let pairs = query_pairs(Some(query));
    // A parameter that comes twice could be read in two ways (RFC 6749 §3.1).
    let one = |name: &str| {
        let mut found = pairs.iter().filter(|(its, value)| its == name && !value.is_empty());
        let first = found.next();
        first.filter(|_| found.next().is_none()).map(|(_, value)| value.clone())
    };
    let application = engine.client(&one("client_id")?).await.ok()?;
    let request = AuthorizationRequest {
        response_type: one("response_type"),
        redirect_uri: one("redirect_uri"),
        state: one("state"),
        scope: one("scope"),
        code_challenge: one("code_challenge"),
        code_challenge_method: one("code_challenge_method"),
    };
    let count = |name: &str| pairs.iter().filter(|(its, value)| its == name && !value.is_empty()).count();
    let twice = PARAMETERS.into_iter().find(|name| count(name) > 1);
    Some(Asked { application, request, twice })
}

/// The page that asks a seller whether an application may act for it.
pub async fn page(visit: Visit, RawQuery(query): RawQuery, signed: Result<SignedIn, Response>) -> Response {
    let query = query.unwrap_or_default();
    let Some(asked) = read(&visit.engine, &query).await else {
        return visit.notice(StatusCode::BAD_REQUEST, visit.words().oauth_unknown);
    };
    let authorization = match asked.authorize() {
        Ok(authorization) => authorization,
        // Anybody registers an address: who is only passing through is not sent there without a word.
        Err(fault) => return faulty(&visit, &asked, fault, signed.is_ok()),
    };
    let Ok(mut signed) = signed else {
        let next: String =
            url::form_urlencoded::byte_serialize(format!("/authorization?{query}").as_bytes()).collect();
        return visit.go(&format!("/panel/login?next={next}"));
    };
    if let Err(page) = signed.may(Permission::Applications) {
        return *page;
    }
    signed.visit.tie_forms(&query);
    let words = signed.visit.words();
    let scopes = [
        (pasarela_domain::application::Scopes::READ, words.scope_read),
        (pasarela_domain::application::Scopes::WRITE, words.scope_write),
        (pasarela_domain::application::Scopes::OFFLINE_ACCESS, words.scope_offline),
    ];
    let scopes = scopes.into_iter().filter(|(scope, _)| authorization.scopes.has(*scope));
    let logo = match shop_of(&signed.visit.engine, (asked.application.id, Mode::Live), "").await {
        Ok(shop) => shop.logo,
        Err(failure) => return signed.visit.fail(&failure),
    };
    signed.visit.answer(&AuthorizationTemplate {
        frame: signed.visit.frame(words.oauth_title),
        application: asked.application.details.name.clone(),
        logo,
        site_url: asked.application.details.site_url.clone(),
        account: format!("{} ({})", signed.account.name, signed.account.email),
        scopes: scopes.map(|(_, word)| word).collect(),
        query,
    })
}

/// The seller's answer.
pub async fn answer(mut signed: SignedIn, RawQuery(query): RawQuery, body: RawBody) -> Response {
    let query = query.unwrap_or_default();
    // The seller said yes to what the page said, and to nothing else.
    signed.visit.tie_forms(&query);
    let form = match Form::of(&signed, &body, Permission::Applications) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let visit = &signed.visit;
    let Some(asked) = read(&visit.engine, &query).await else {
        return visit.notice(StatusCode::BAD_REQUEST, visit.words().oauth_unknown);
    };
    let authorization = match asked.authorize() {
        Ok(authorization) => authorization,
        Err(fault) => return faulty(visit, &asked, fault, true),
    };
    if form.text("answer") != "allow" {
        let why = [("error", "access_denied"), ("error_description", "the seller said no")];
        return leave(visit, &asked, &why, true);
    }
    let (account_id, actor) = (signed.account_id(), signed.actor());
    match visit.engine.grant_code(account_id, &asked.application, &authorization, &actor).await {
        Ok(code) => leave(visit, &asked, &[("code", &code)], true),
        Err(failure) => visit.fail(&failure),
    }
}

fn faulty(visit: &Visit, asked: &Asked, fault: AuthorizationFault, goes_by_itself: bool) -> Response {
    match fault {
        AuthorizationFault::Address => {
            visit.notice(StatusCode::BAD_REQUEST, visit.words().oauth_wrong_address)
        }
        AuthorizationFault::Told(word, why) => {
            leave(visit, asked, &[("error", word), ("error_description", why)], goes_by_itself)
        }
    }
}

/// Sends the browser back to the application. By a page and not by a redirect: a form's policy would not let it follow one
/// to another site. Unless it `goes_by_itself` there is only the link.
fn leave(visit: &Visit, asked: &Asked, told: &[(&str, &str)], goes_by_itself: bool) -> Response {
    // It was read as an address when it was registered.
    let registered = asked.application.details.redirect_url.as_deref().unwrap_or_default();
    let Ok(mut to) = url::Url::parse(registered) else {
        return visit.notice(StatusCode::BAD_REQUEST, visit.words().oauth_wrong_address);
    };
    to.query_pairs_mut().extend_pairs(told);
    if let Some(state) = &asked.request.state {
        to.query_pairs_mut().append_pair("state", state);
    }
    let frame = visit.frame(visit.words().oauth_title);
    let mut response = visit.answer(&LeaveTemplate { frame, to: to.to_string() }).into_response();
    if goes_by_itself && let Ok(refresh) = HeaderValue::from_str(&format!("0; url={to}")) {
        response.headers_mut().insert(header::REFRESH, refresh);
    }
    response
}
