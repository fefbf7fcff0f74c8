//! Who calls: bearer, `access_token` in the query, or a public key where that is enough.

use super::answer::ApiFailure;
use super::evidence::is_by_library;
use super::request::query_value;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use pasarela_domain::application::Scopes;
use pasarela_domain::card_token::fault;
use pasarela_domain::identity::{Caller, CredentialKind};
use pasarela_domain::quality::traffic::Count;
use pasarela_domain::refusal::Refusal;
use pasarela_engine::access::Identity;
use pasarela_engine::{Engine, Failure};

/// A caller with an access token.
pub struct Seller(pub Caller);

/// A caller with a public key or an access token.
pub struct Anyone {
    /// Who.
    pub caller: Caller,
    /// The public key, when that is what it called with.
    pub public_key: Option<String>,
}

/// A holder of an access token, whether or not its live credentials work yet.
pub struct Holder(pub Identity);

/// A holder of an access token of one of its own applications, whether or not the live ones work yet: somebody whom a
/// seller let in by OAuth is none.
pub struct Owner(pub Caller);

impl FromRequestParts<Engine> for Holder {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Holder, ApiFailure> {
        let token = match access_token(&parts.headers, parts.uri.query()) {
            Some(token) => token,
            None => return Err(Refusal::numbered(401, 5, "Must provide your access_token to proceed").into()),
        };
        match engine.identify(&token).await? {
            Some(identity) if identity.caller.kind == CredentialKind::AccessToken => Ok(Holder(identity)),
            Some(_) => Err(Refusal::plain(403, "insufficient permissions").into()),
            None => Err(Refusal::plain(401, "invalid access token").into()),
        }
    }
}

impl FromRequestParts<Engine> for Seller {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Seller, ApiFailure> {
        let Holder(identity) = Holder::from_request_parts(parts, engine).await?;
        let caller = identity.may(needed(&parts.method))?;
        if !has_bearer(&parts.headers) {
            engine.count(&caller, Count::TokenInQuery);
        }
        Ok(Seller(caller))
    }
}

impl FromRequestParts<Engine> for Owner {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Owner, ApiFailure> {
        let Holder(mut identity) = Holder::from_request_parts(parts, engine).await?;
        let caller = &identity.caller;
        match engine.application(caller.account_id, caller.application_id).await {
            Ok(_) => {}
            Err(Failure::Refused(_)) => {
                return Err(Refusal::plain(403, "only the application's owner may do this").into());
            }
            Err(failure) => return Err(failure.into()),
        }
        identity.is_active = true;
        Ok(Owner(identity.may(needed(&parts.method))?))
    }
}

impl FromRequestParts<Engine> for Anyone {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Anyone, ApiFailure> {
        let public_key = public_key(&parts.headers, parts.uri.query());
        if let Some(token) = access_token(&parts.headers, parts.uri.query()) {
            // Both at once are seen in the wild: the bearer wins if it is one.
            match engine.authenticate(&token).await? {
                Some(caller) => {
                    let public_key =
                        (caller.kind == CredentialKind::PublicKey).then_some(token).or(public_key);
                    return Ok(Anyone { caller, public_key });
                }
                None if public_key.is_none() => {
                    return Err(Refusal::plain(401, "invalid access token").into());
                }
                None => {}
            }
        }
        let Some(public_key) = public_key else {
            return Err(Refusal::numbered(401, 1000, "The credentials are required").into());
        };
        match engine.authenticate(&public_key).await? {
            Some(caller) if caller.kind == CredentialKind::PublicKey => {
                if is_by_library(parts.uri.query()) {
                    engine.count(&caller, Count::LibraryCall);
                }
                Ok(Anyone { caller, public_key: Some(public_key) })
            }
            _ => Err(unknown_public_key(parts.uri.path()).into()),
        }
    }
}

/// Whoever holds the access token or the public key of a request, whether or not it works yet.
///
/// # Errors
/// 401 for none, an unknown or an expired one.
pub async fn credentials_of(engine: &Engine, parts: &Parts) -> Result<Identity, ApiFailure> {
    let query = parts.uri.query();
    let secret = access_token(&parts.headers, query).or_else(|| public_key(&parts.headers, query));
    let identity = match secret {
        Some(secret) => engine.identify(&secret).await?,
        None => None,
    };
    Ok(identity.ok_or_else(|| Refusal::plain(401, "invalid access token"))?)
}

/// What a credential must let its holder do, for a request with this method.
fn needed(method: &Method) -> Scopes {
    if method.is_safe() { Scopes::READ } else { Scopes::WRITE }
}

/// Token routes name it in their own way.
fn unknown_public_key(path: &str) -> Refusal {
    match path {
        path if path.starts_with("/v1/card_tokens") || path.starts_with("/platforms/") => {
            fault("E501", "not found public_key.")
        }
        _ => Refusal::bad_request(1001, "Public_key not found"),
    }
}

fn has_bearer(headers: &HeaderMap) -> bool {
    access_token(headers, None).is_some()
}

fn access_token(headers: &HeaderMap, query: Option<&str>) -> Option<String> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim().to_owned())
        .filter(|token| !token.is_empty());
    bearer.or_else(|| query_value(query, "access_token"))
}

fn public_key(headers: &HeaderMap, query: Option<&str>) -> Option<String> {
    query_value(query, "public_key")
        .or_else(|| headers.get("x-public-key").and_then(|value| value.to_str().ok()).map(str::to_owned))
}
