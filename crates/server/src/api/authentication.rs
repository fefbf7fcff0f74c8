//! Who calls: bearer, `access_token` in the query, or a public key where that is enough.

use super::answer::ApiFailure;
use super::evidence::is_by_library;
use super::request::query_value;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use pasarela_domain::card_token::fault;
use pasarela_domain::identity::{Caller, CredentialKind};
use pasarela_domain::quality::traffic::Count;
use pasarela_domain::refusal::Refusal;
use pasarela_engine::Engine;

/// A caller with an access token.
pub struct Seller(pub Caller);

/// A caller with a public key or an access token.
pub struct Anyone {
    /// Who.
    pub caller: Caller,
    /// The public key, when that is what it called with.
    pub public_key: Option<String>,
}

impl FromRequestParts<Engine> for Seller {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Seller, ApiFailure> {
        let token = match access_token(&parts.headers, parts.uri.query()) {
            Some(token) => token,
            None => return Err(Refusal::numbered(401, 5, "Must provide your access_token to proceed").into()),
        };
        match engine.authenticate(&token).await? {
            Some(caller) if caller.kind == CredentialKind::AccessToken => {
                if !has_bearer(&parts.headers) {
                    engine.count(&caller, Count::TokenInQuery);
                }
                Ok(Seller(caller))
            }
            Some(_) => Err(Refusal::plain(403, "insufficient permissions").into()),
            None => Err(Refusal::plain(401, "invalid access token").into()),
        }
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
