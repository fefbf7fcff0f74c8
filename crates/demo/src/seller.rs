//! The seller's side: what was sold, capturing what is reserved, and giving money back.
//!
//! A real one stands behind a login. This one is on your own machine.

use crate::Shop;
use crate::orders::{By, Order, Payment, amount};
use crate::page::{self, Frame, Place, render, see_other};
use crate::platform::Trouble;
use crate::source::{Source, browser_source, server_source};
use crate::visit::{self, Visit, field};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};

const SOURCES: [Source; 3] =
    [server_source!("seller.rs"), server_source!("webhooks.rs"), browser_source!("result.js")];

#[derive(Template)]
#[template(path = "seller.html")]
struct Desk {
    frame: Frame,
    orders: Vec<Order>,
    version: u64,
}

/// `GET /seller`
pub async fn desk(State(shop): State<Shop>, visit: Visit) -> Response {
    let frame = Frame::new(&visit, Place::Seller, visit.language.words().seller_title, &SOURCES);
    let version = shop.orders.version();
    render(&Desk { frame, orders: shop.orders.list(|order| !order.payments.is_empty()), version })
}

/// `GET /seller/version`: a number that grows when something has changed.
pub async fn version(State(shop): State<Shop>) -> String {
    shop.orders.version().to_string()
}

/// `POST /seller/{id}/{act}`: what came of it, a webhook tells.
pub async fn act(
    State(shop): State<Shop>,
    visit: Visit,
    Path((id, act)): Path<(String, String)>,
    body: Body,
) -> Response {
    let form = visit::form(body).await;
    let order = shop.orders.get(&id);
    let payment = order.and_then(|order| {
        let wanted = field(&form, "payment")?.to_owned();
        order.payments.into_iter().find(|payment| payment.id == wanted)
    });
    let Some(payment) = payment else { return page::missing(visit).await };
    let path = format!("/v1/payments/{}", payment.id);
    let done = match act.as_str() {
        "capture" => shop.platform.put(&path, json!({"capture": true})).await,
        "cancel" => shop.platform.put(&path, json!({"status": "cancelled"})).await,
        "refund" => refund(&shop, &payment, field(&form, "amount"), field(&form, "refunded")).await,
        _ => return page::missing(visit).await,
    };
    let said = match done {
        Ok(_) => format!("{act} {}", payment.id),
        Err(trouble) => format!("{act} {}: {}", payment.id, trouble.text()),
    };
    match shop.orders.note(&id, By::Person, said) {
        Ok(()) => see_other(&format!("/seller#{id}")),
        Err(error) => page::broken(&error),
    }
}

/// Gives back an amount, or what is left. The key says how much had been given back when the button was shown: pressing it
/// twice gives back once, and the next page's button is another refund.
async fn refund(
    shop: &Shop,
    payment: &Payment,
    wanted: Option<&str>,
    refunded: Option<&str>,
) -> Result<Value, Trouble> {
    let key = format!("{}-refund-after-{}", payment.id, refunded.unwrap_or("0"));
    let body = match wanted.map(|text| text.trim().replace(',', ".").parse::<f64>()) {
        None => json!({}),
        Some(Ok(wanted)) => json!({ "amount": amount((wanted * 100.0).round() as i64) }),
        Some(Err(_)) => return Err(Trouble::Refused(400, json!({"message": "not an amount"}))),
    };
    shop.platform.post(&format!("/v1/payments/{}/refunds", payment.id), body, &key).await
}
