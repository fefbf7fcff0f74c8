//! What became of a payment.

use super::super::request::path_id;
use super::opened::{Opened, find};
use super::page_request::{PageAnswer, PageRequest};
use super::words::{result_address, result_of};
use crate::pages::checkout::{self as pages, Challenge, Onward};
use crate::pages::payment_view::path_of;
use crate::pages::{PaymentView, missing};
use axum::response::{IntoResponse, Redirect, Response};
use pasarela_domain::merchant_order::order_of;
use pasarela_domain::money::Money;
use pasarela_domain::payment::PaymentState;
use pasarela_domain::preference::return_address::{Outcome, return_address, returns_by_itself};
use pasarela_engine::Failure;

/// What became of a payment, at an address that only the one who paid was sent to.
pub(super) async fn result(request: PageRequest) -> PageAnswer {
    let opened = find(&request).await?;
    let engine = &request.engine;
    let nowhere = || missing(opened.locale).into_response();
    let id = request.value("payment_id").and_then(|id| path_id(&id));
    let word = request.value("word").unwrap_or_default();
    let Some(id) = id.filter(|id| engine.is_checkout_word(&result_of(&opened, *id), &word)) else {
        return Ok(nowhere());
    };
    let state = match engine.checkout_payment(&opened.checkout, id).await {
        Ok(state) => state,
        Err(Failure::Refused(_)) => return Ok(nowhere()),
        Err(failure) => return Err(failure.into()),
    };
    let balance_part = engine.balance_part_of(&opened.checkout, &state).await?;
    Ok(show_result(&opened, &state, balance_part).unwrap_or_else(nowhere))
}

fn show_result(opened: &Opened, state: &PaymentState, balance_part: Option<Money>) -> Option<Response> {
    let payment = &state.payment;
    let body = serde_json::to_value(payment).ok()?;
    let checkout = &opened.checkout;
    let preference = &checkout.preference;
    let view = PaymentView::from_body(&body, state.internals.site, checkout.now, &opened.view.shop.name)?;
    let outcome = Outcome {
        payment_id: payment.id,
        status: payment.status.name(),
        payment_type_id: &payment.payment_type_id,
        merchant_order_id: order_of(payment),
    };
    let shop = return_address(preference, Some(outcome));
    let onward = Onward {
        shop: shop.as_deref(),
        by_itself: returns_by_itself(preference, Some(outcome)),
        may_retry: opened.obstacle().is_none(),
        challenge: challenge(state),
        method: method_name(opened, &view.payment_method_id),
        installments: payment.installments,
        balance_part,
        statement: payment.statement_descriptor.as_deref().unwrap_or(&checkout.merchant_name),
    };
    Some(pages::result(&opened.view, &view, &onward, opened.locale).into_response())
}

fn method_name<'a>(opened: &'a Opened, id: &'a str) -> &'a str {
    opened.catalogue().method(id).map_or(id, |method| method.name.as_str())
}

/// The challenge, while it is open.
fn challenge(state: &PaymentState) -> Option<Challenge> {
    state.internals.challenge_passes?;
    let info = state.payment.three_ds_info.as_ref()?;
    let url = url::Url::parse(&info.external_resource_url).ok()?;
    Some(Challenge { address: path_of(&url), creq: info.creq.clone() })
}

/// Where a bank sends the buyer back to: the result of the attempt that led there, or the start when it is forgotten.
pub(super) async fn come_back(request: PageRequest) -> PageAnswer {
    let opened = find(&request).await?;
    let made = match request.value("attempt") {
        None => Ok(None),
        Some(attempt) => request.engine.attempted_payment(&opened.checkout, &attempt).await,
    };
    match made {
        Ok(Some(id)) => Ok(Redirect::to(&result_address(&request.engine, &opened, id)).into_response()),
        Ok(None) | Err(Failure::Refused(_)) => Ok(Redirect::to(&opened.view.start).into_response()),
        Err(failure) => Err(failure.into()),
    }
}
