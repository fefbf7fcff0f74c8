//! Way 4: Pix, Brazil's instant transfer. The shop asks for a code, the buyer's bank pays it within seconds, and a webhook
//! says so. No card, and no script of the platform's.

use super::{charge, payable, payment_of, shown};
use crate::Shop;
use crate::orders::Order;
use crate::page::{Frame, Place, render};
use crate::source::{Source, browser_source, server_source};
use crate::visit::{self, Visit, field};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;

const SOURCES: [Source; 4] = [
    server_source!("pay/pix.rs"),
    server_source!("pay.rs"),
    server_source!("webhooks.rs"),
    browser_source!("result.js"),
];

#[derive(Template)]
#[template(path = "pix.html")]
struct Pix {
    frame: Frame,
    order: Order,
}

/// `GET /orders/{id}/pay/pix`
pub async fn page(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>) -> Response {
    match payable(&shop, &visit, &id) {
        Ok(order) => {
            let frame = Frame::new(&visit, Place::Cart, visit.language.words().pix.name, &SOURCES);
            render(&Pix { frame, order })
        }
        Err(elsewhere) => elsewhere.answer(visit).await,
    }
}

/// `POST /orders/{id}/pay/pix`: a plain form. The order's page shows the code while it waits.
pub async fn pay(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>, body: Body) -> Response {
    let order = match payable(&shop, &visit, &id) {
        Ok(order) => order,
        Err(elsewhere) => return elsewhere.answer(visit).await,
    };
    let form = visit::form(body).await;
    let mut payment = payment_of(&shop, &order);
    payment["payment_method_id"] = json!("pix");
    payment["payer"] = json!({"email": field(&form, "email")});

    let attempt = field(&form, "attempt").and_then(|number| number.parse().ok());
    let charged = charge(&shop, &order, attempt, "", payment).await;
    shown(&order, charged)
}
