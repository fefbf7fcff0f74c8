//! `POST /webhooks`: where the platform says that something has happened.
//!
//! A webhook says only *that*. Who sent it is proven by its signature, *what* happened is read from the API, and the
//! order moves by that. Anything but 200 means: tell me again later.

use crate::Shop;
use crate::fulfilment::settle;
use crate::platform::Trouble;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use ring::hmac;

pub async fn receive(State(shop): State<Shop>, RawQuery(query): RawQuery, headers: HeaderMap) -> StatusCode {
    let query = query.unwrap_or_default();
    let parameter = |wanted: &str| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let id = parameter("data.id").unwrap_or_default();

    let Some(secret) = (shop.settings.webhook_secret)().await else { return StatusCode::SERVICE_UNAVAILABLE };
    if !is_genuine(&secret, &id, header("x-request-id"), header("x-signature")) {
        return StatusCode::UNAUTHORIZED;
    }
    // Other topics are no business of this shop, and an id is digits.
    if parameter("type").as_deref() != Some("payment") || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return StatusCode::OK;
    }
    let payment = match shop.platform.get(&format!("/v1/payments/{id}")).await {
        Ok(payment) => payment,
        // Somebody pressed "simulate": there is no such payment.
        Err(Trouble::Refused(404, _)) => return StatusCode::OK,
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE,
    };
    match settle(&shop, &payment).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// `x-signature` is `ts=…,v1=…`: an HMAC over the id, the request's id and the time, under the application's secret.
/// The comparison takes the same time wherever the two differ.
fn is_genuine(secret: &str, id: &str, request_id: &str, signature: &str) -> bool {
    let part = |wanted: &str| {
        let pairs = signature.split(',').filter_map(|pair| pair.trim().split_once('='));
        pairs.into_iter().find(|(name, _)| *name == wanted).map(|(_, value)| value)
    };
    let (Some(time), Some(signed)) = (part("ts"), part("v1").and_then(bytes_of)) else { return false };
    let manifest = format!("id:{id};request-id:{request_id};ts:{time};");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&key, manifest.as_bytes(), &signed).is_ok()
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    let is_hex = digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit);
    is_hex.then(|| {
        (0..hex.len()).step_by(2).filter_map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_secret_did_not_sign_is_refused() {
        let signature = "ts=1767225600,v1=fdeadf3f5f7e4a5b867326f8bbf809fc169d5ec5cf58dabfbc849f65860b19be";
        assert!(is_genuine("clave-ñandú", "1", "a", signature));
        for (secret, id, request, signature) in [
            ("another", "1", "a", signature),
            ("clave-ñandú", "2", "a", signature),
            ("clave-ñandú", "1", "b", signature),
            ("clave-ñandú", "1", "a", ""),
            ("clave-ñandú", "1", "a", "ts=1767225600,v1="),
            ("clave-ñandú", "1", "a", "ts=1767225600,v1=ñññ"),
            ("clave-ñandú", "1", "a", &signature.replace("ts=1", "ts=2")),
        ] {
            assert!(!is_genuine(secret, id, request, signature), "{secret} {id} {request} {signature}");
        }
    }
}
