//! A payment whose answer the platform owes: the store was busy, or something broke, and nobody knows yet whether it was made.
//! The buyer gets a page that sends the very same form again. Its word names the attempt, so nothing is paid twice.

use super::super::REQUEST_TIME;
use super::super::answer::ApiFailure;
use super::super::request::{BODY_TIME, page_locale};
use super::page_request::PageAnswer;
use super::posted::Posted;
use crate::pages::checkout as pages;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use pasarela_engine::Failure;
use std::time::Duration;

/// Sooner than the request is given up with its body read: from there no page could be answered.
const PAYING_TIME: Duration = REQUEST_TIME.saturating_sub(BODY_TIME).saturating_sub(Duration::from_secs(1));

/// The fields of the forms that pay, beside those that are shown again.
const SENT_AGAIN: [&str; 8] =
    ["form", "word", "token", "payment_method_id", "installments", "balance_part", "keep", "orders"];

/// The answer of `paying`; where it failed inside, the page from which `step` is posted once more.
pub(super) async fn unless_answered(
    paying: impl Future<Output = PageAnswer>,
    step: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    posted: &Posted,
) -> Response {
    let answered = tokio::time::timeout(PAYING_TIME, paying).await;
    let late = |_| Err(Failure::Unavailable { retry_after_s: 1 }.into());
    let mut response = answered.unwrap_or_else(late).into_response();
    if !response.status().is_server_error() {
        return response;
    }
    let mut retry_after_s = 1;
    if let Some(failure) = response.extensions_mut().remove::<ApiFailure>() {
        match failure.0.as_ref() {
            Failure::Internal(what) => tracing::error!(step, what, "a payment failed inside"),
            Failure::Unavailable { retry_after_s: wait } | Failure::TooMany { retry_after_s: wait, .. } => {
                retry_after_s = *wait;
            }
            Failure::Refused(_) => {}
        }
    }
    let locale = page_locale(query, headers, None);
    let action = format!("/checkout/v1/{step}?{}", query.unwrap_or_default());
    let mut page = pages::unanswered(&action, fields(posted), locale).into_response();
    page.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
    page
}

fn fields(posted: &Posted) -> Vec<(&'static str, String)> {
    let mut fields = posted.typed().0;
    fields.extend(SENT_AGAIN.map(|name| (name, posted.get(name).to_owned())));
    fields.retain(|(_, value)| !value.is_empty());
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answer(failure: Failure, language: &'static str, form: &str) -> (Response, String) {
        let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(language))]);
        let posted = Posted::of(form.as_bytes());
        let paying = async { Err(failure.into()) };
        let page = unless_answered(paying, "pay", Some("pref_id=1-a&x=%22"), &headers, &posted).await;
        let (head, body) = page.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (Response::from_parts(head, axum::body::Body::empty()), String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_failure_inside_offers_the_same_form_again_without_card_data() {
        let form = "form=1.a.2.w&token=abc&installments=3%3A109.73&email=%22%3Eme&card_number=5031433215406351&card_code=987";
        for (failure, language, button) in [
            (Failure::Unavailable { retry_after_s: 7 }, "en", "Try again; nothing is paid twice"),
            (Failure::Internal("broken".into()), "es", "Reintentar; nada se paga dos veces"),
            (Failure::Unavailable { retry_after_s: 7 }, "pt", "Tentar de novo; nada é pago duas vezes"),
        ] {
            let wait = if matches!(failure, Failure::Internal(_)) { "1" } else { "7" };
            let (response, page) = answer(failure, language, form).await;
            assert_eq!(
                (response.status().as_u16(), &response.headers()["retry-after"]),
                (503, &HeaderValue::from_static(wait))
            );
            assert!(page.contains(button), "{page}");
            assert!(page.contains("action=\"/checkout/v1/pay?pref_id=1-a&#38;x=%22\""), "{page}");
            for kept in [
                "name=\"form\" value=\"1.a.2.w\"",
                "name=\"token\" value=\"abc\"",
                "value=\"3:109.73\"",
                "value=\"&#34;&#62;me\"",
            ] {
                assert!(page.contains(kept), "{kept}: {page}");
            }
            assert!(
                !page.contains("5031433215406351") && !page.contains("\"987\"") && !page.contains("broken"),
                "{page}"
            );
        }
    }
}
