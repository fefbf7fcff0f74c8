//! The `x-signature` header: how a receiver knows that a notification is ours.
//!
//! Source: the official SDKs' `WebhookSignatureValidator` and the developer documentation of Webhooks.

use ring::hmac;
use std::borrow::Cow;
use std::fmt::Write;

/// The value of `x-signature`: `ts=<seconds>,v1=<64 lower-case hex>`.
///
/// `v1` is the HMAC-SHA256 of the manifest `id:…;request-id:…;ts:…;` under the UTF-8 bytes of `secret`. A part whose
/// value is absent or empty is left out. `data_id` is the query parameter `data.id` exactly as it is sent (see
/// [`query_id`]); the body is not covered. `ts_seconds` is written as it is given.
///
/// ```
/// use pasarela_engine::notifications::signature::sign;
///
/// let header = sign("clave-ñandú", Some("1"), Some("a"), 1_767_225_600);
/// assert_eq!(header, "ts=1767225600,v1=fdeadf3f5f7e4a5b867326f8bbf809fc169d5ec5cf58dabfbc849f65860b19be");
/// ```
pub fn sign(secret: &str, data_id: Option<&str>, request_id: Option<&str>, ts_seconds: i64) -> String {
    let manifest = manifest(data_id, request_id, ts_seconds);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("ts={ts_seconds},v1={}", hex(hmac::sign(&key, manifest.as_bytes()).as_ref()))
}

/// The key that IPN deliveries are signed with instead of the application's secret.
///
/// IPN carries the header too, but there it never verifies with the application's secret: a receiver that relied on
/// it here would break in production.
pub fn ipn_secret(secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex(hmac::sign(&key, b"ipn").as_ref())
}

/// What signs test notifications of an application whose secret was not rotated: nobody gets back to `secret` from it.
pub fn test_secret(secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex(hmac::sign(&key, b"test").as_ref())
}

/// How a resource's id stands in the query string, and so in the manifest: alphanumeric ids in lower case.
///
/// Receivers written after the documentation lower-case `data.id` before they verify; the current SDKs take it as it
/// comes. A lower-case id in the query satisfies both. The body keeps the id's own case.
pub fn query_id(id: &str) -> Cow<'_, str> {
    let alphanumeric = id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if alphanumeric && id.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(id.to_ascii_lowercase())
    } else {
        Cow::Borrowed(id)
    }
}

fn manifest(data_id: Option<&str>, request_id: Option<&str>, ts_seconds: i64) -> String {
    // An id, a UUID, ten digits and their names.
    let mut out = String::with_capacity(128);
    for (name, value) in [("id", data_id), ("request-id", request_id)] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            out.push_str(name);
            out.push(':');
            out.push_str(value);
            out.push(';');
        }
    }
    // Writing to a String never fails.
    let _ = write!(out, "ts:{ts_seconds};");
    out
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "b7f0c2d94e1a48d6a3a5f0e2c1d9b8a7746655443322110fedcba98765432100";
    const REQUEST: Option<&str> = Some("6f0b8a3e-3a1c-4d8e-9f60-0d2c6a9b1e55");

    #[test]
    fn the_signature_is_that_of_the_test_vectors() {
        for (id, request, ts, v1) in [
            (
                Some("123456789012"),
                REQUEST,
                1_767_225_600,
                "92db7b4255aea118e754012713a00895e8fa1e94d526ecf50ae28569bbf1d925",
            ),
            (
                Some("123456789012"),
                REQUEST,
                1_767_225_600_123,
                "c4143123d9853b72510a1d580281af301b77687245f44d0438bc5afece517481",
            ),
            (
                Some("ord01kdvpasarela000000000000a1"),
                REQUEST,
                1_767_225_600,
                "39cb51db1e001f837af1ed0f54d90b8990262824a91dfb7340f60f345f76a648",
            ),
            (
                Some("ORD01KDVPASARELA000000000000A1"),
                REQUEST,
                1_767_225_600,
                "a29c22a0e082d1b41027689a081c721dd6529df3a15089bceeb8bc7700670188",
            ),
            (
                None,
                REQUEST,
                1_767_225_600,
                "e6a54ac4004b399982b0a33728d868e1c2778e2d14b06e0bd611406e589527e8",
            ),
            (
                Some("123456789012"),
                None,
                1_767_225_600,
                "2ca0f09ef1552d2c4e0c25c0f8731dd8c3743b8ac44a1e8982104f06b654655b",
            ),
            (None, None, 1_767_225_600, "00b0cd766c03c28237a09c7792a7420f6b0686d51c8011a80b3caadc7da0c41d"),
        ] {
            assert_eq!(sign(SECRET, id, request, ts), format!("ts={ts},v1={v1}"));
        }
        let header = sign("clave-ñandú", Some("1"), Some("a"), 1_767_225_600);
        assert_eq!(
            header,
            "ts=1767225600,v1=fdeadf3f5f7e4a5b867326f8bbf809fc169d5ec5cf58dabfbc849f65860b19be"
        );
    }

    #[test]
    fn an_empty_part_is_left_out_like_an_absent_one() {
        assert_eq!(sign(SECRET, Some(""), Some(""), 1), sign(SECRET, None, None, 1));
        assert_eq!(manifest(Some("7"), Some(""), 1), "id:7;ts:1;");
    }

    #[test]
    fn alphanumeric_ids_are_lower_case_in_the_query_and_others_stay() {
        assert_eq!(query_id("ORD01KDVPASARELA000000000000A1"), "ord01kdvpasarela000000000000a1");
        assert_eq!(query_id("123456789012"), "123456789012");
        assert_eq!(query_id("Case-26f7"), "Case-26f7");
    }

    #[test]
    fn an_ipn_is_not_signed_with_the_applications_secret() {
        assert_ne!(ipn_secret(SECRET), SECRET);
        assert_ne!(
            sign(&ipn_secret(SECRET), None, REQUEST, 1_767_225_600),
            sign(SECRET, None, REQUEST, 1_767_225_600)
        );
    }
}
