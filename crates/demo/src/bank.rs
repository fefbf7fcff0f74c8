//! The other side of a test payment. In the sandbox you are also the buyer's bank, and the reviewer: what they would do later is
//! one call of `/sandbox`. With live credentials there is no such thing.

use crate::Shop;
use crate::orders::By;
use crate::page::{self, see_other};
use crate::visit::{self, Visit, field};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;

const ACTS: [&str; 5] = ["pay", "expire", "approve", "reject", "charge_back"];

/// `POST /orders/{id}/bank`
pub async fn act(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>, body: Body) -> Response {
    let form = visit::form(body).await;
    let (Some(act), Some(payment)) = (field(&form, "act"), field(&form, "payment")) else {
        return page::missing(visit).await;
    };
    let order = shop.orders.get(&id).filter(|order| order.visit == visit.id);
    let is_known = order.is_some_and(|order| order.payments.iter().any(|known| known.id == payment));
    if !is_known || !ACTS.contains(&act) {
        return page::missing(visit).await;
    }
    let path = format!("/sandbox/payments/{payment}/{act}");
    // What came of it, a webhook tells.
    let said = match shop.platform.post(&path, json!({}), &format!("{id}-{payment}-{act}")).await {
        Ok(_) => format!("POST {path}"),
        Err(trouble) => format!("POST {path}: {}", trouble.text()),
    };
    match shop.orders.note(&id, By::Person, said) {
        Ok(()) => see_other(&format!("/orders/{id}")),
        Err(error) => page::broken(&error),
    }
}
