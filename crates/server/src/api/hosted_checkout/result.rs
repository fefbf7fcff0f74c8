//! What became of a payment.

use super::super::answer::ApiFailure;
use super::super::request::{path_id, query_value};
use super::opened::{Opened, find};
use super::words::result_of;
use crate::pages::checkout::{self as pages, Onward};
use crate::pages::{PaymentView, missing};
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use pasarela_domain::merchant_order::order_of;
use pasarela_domain::payment::PaymentState;
use pasarela_domain::preference::return_address::{Outcome, return_address, returns_by_itself};
use pasarela_engine::{Engine, Failure};

/// What became of a payment, at an address that only the one who paid was sent to.
pub(super) async fn result(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let opened = match find(&engine, query.as_deref(), &headers).await {
        Ok(opened) => opened,
        Err(response) => return *response,
    };
    let nowhere = || missing(opened.locale).into_response();
    let id = query_value(query.as_deref(), "payment_id").and_then(|id| path_id(&id));
    let word = query_value(query.as_deref(), "word").unwrap_or_default();
    let Some(id) = id.filter(|id| engine.is_checkout_word(&result_of(&opened, *id), &word)) else {
        return nowhere();
    };
    let state = match engine.checkout_payment(&opened.checkout, id).await {
        Ok(state) => state,
        Err(Failure::Refused(_)) => return nowhere(),
        Err(failure) => return ApiFailure::from(failure).into_response(),
    };
    show_result(&opened, &state).unwrap_or_else(nowhere)
}

fn show_result(opened: &Opened, state: &PaymentState) -> Option<Response> {
    let payment = &state.payment;
    let body = serde_json::to_value(payment).ok()?;
    let checkout = &opened.checkout;
    let view = PaymentView::from_body(&body, state.internals.site, checkout.now, &checkout.merchant_name)?;
    let outcome = Outcome {
        payment_id: payment.id,
        status: payment.status.name(),
        payment_type_id: &payment.payment_type_id,
        merchant_order_id: order_of(payment),
    };
    let shop = return_address(&checkout.preference, Some(outcome));
    let is_refused = matches!(payment.status.name(), "rejected" | "cancelled");
    let instructions = instructions(&body);
    let onward = Onward {
        instructions: instructions.as_deref(),
        shop: shop.as_deref(),
        by_itself: returns_by_itself(&checkout.preference, Some(outcome)),
        again: (is_refused && opened.obstacle().is_none()).then_some(opened.view.start.as_str()),
    };
    let statement = checkout.preference.statement_descriptor.as_deref().unwrap_or(&checkout.merchant_name);
    Some(pages::result(&view, onward, statement, opened.locale).into_response())
}

/// The page of a ticket, a Pix or a bank: of this platform, whichever address it is known by.
fn instructions(body: &serde_json::Value) -> Option<String> {
    let address = body["transaction_details"]["external_resource_url"]
        .as_str()
        .or_else(|| body["point_of_interaction"]["transaction_data"]["ticket_url"].as_str())
        .or_else(|| body["payment_method"]["data"]["external_resource_url"].as_str())?;
    let url = url::Url::parse(address).ok()?;
    Some(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
}
