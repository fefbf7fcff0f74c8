//! Way 3: a brick. One call in the page, and the methods, their fields, prices and texts are there, cards and Pix alike.

use super::{charge_and_tell, payable, payment_of};
use crate::Shop;
use crate::orders::Order;
use crate::page::{Frame, Place, render};
use crate::source::{Source, browser_source, server_source};
use crate::visit::{self, Visit};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;

const SOURCES: [Source; 5] = [
    browser_source!("bricks.js"),
    browser_source!("paying.js"),
    server_source!("pay/bricks.rs"),
    server_source!("pay.rs"),
    server_source!("webhooks.rs"),
];

#[derive(Template)]
#[template(path = "bricks.html")]
struct Bricks {
    frame: Frame,
    order: Order,
    public_key: String,
    library: String,
}

/// `GET /orders/{id}/pay/bricks`
pub async fn page(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>) -> Response {
    let order = match payable(&shop, &visit, &id) {
        Ok(order) => order,
        Err(elsewhere) => return elsewhere.answer(visit).await,
    };
    render(&Bricks {
        frame: Frame::new(&visit, Place::Cart, visit.language.words().bricks.name, &SOURCES),
        order,
        public_key: shop.settings.public_key.clone(),
        library: format!("{}/js/v2", shop.settings.platform_url),
    })
}

/// `POST /orders/{id}/pay/bricks`: the brick's `formData`, which is a payment but for what the shop knows better.
pub async fn pay(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>, body: Body) -> Response {
    let order = match payable(&shop, &visit, &id) {
        Ok(order) => order,
        Err(elsewhere) => return elsewhere.answer_script(visit).await,
    };
    let sent = visit::json(body).await;
    let mut payment = payment_of(&shop, &order);
    for name in ["payment_method_id", "token", "issuer_id", "installments", "payer"] {
        if !sent[name].is_null() {
            payment[name] = sent[name].clone();
        }
    }
    if !sent["token"].is_null() {
        payment["capture"] = json!(!order.is_made_to_order());
        payment["three_d_secure_mode"] = json!("optional");
    }
    charge_and_tell(&shop, &order, &visit, &sent, payment).await
}
