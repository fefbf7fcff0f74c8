//! Way 2: secure fields. Three frames for the card, and everything else is yours: the form, the look-ups, the moment at which
//! the token is made.

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
    browser_source!("secure-fields.js"),
    browser_source!("paying.js"),
    server_source!("pay/secure_fields.rs"),
    server_source!("pay.rs"),
    server_source!("webhooks.rs"),
];

#[derive(Template)]
#[template(path = "secure_fields.html")]
struct SecureFields {
    frame: Frame,
    order: Order,
    public_key: String,
    library: String,
}

/// `GET /orders/{id}/pay/secure-fields`
pub async fn page(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>) -> Response {
    let order = match payable(&shop, &visit, &id) {
        Ok(order) => order,
        Err(elsewhere) => return elsewhere.answer(visit).await,
    };
    render(&SecureFields {
        frame: Frame::new(&visit, Place::Cart, visit.language.words().secure_fields.name, &SOURCES),
        order,
        public_key: shop.settings.public_key.clone(),
        library: format!("{}/js/v2", shop.settings.platform_url),
    })
}

/// `POST /orders/{id}/pay/secure-fields`: the token, and what the page knows besides.
pub async fn pay(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>, body: Body) -> Response {
    let order = match payable(&shop, &visit, &id) {
        Ok(order) => order,
        Err(elsewhere) => return elsewhere.answer_script(visit).await,
    };
    let sent = visit::json(body).await;
    let mut payment = payment_of(&shop, &order);
    payment["token"] = sent["token"].clone();
    payment["payment_method_id"] = sent["method"].clone();
    payment["installments"] = sent["installments"].clone();
    payment["payer"] = json!({
        "email": sent["email"],
        "identification": {"type": "CPF", "number": sent["cpf"]},
    });
    payment["capture"] = json!(!order.is_made_to_order());
    payment["three_d_secure_mode"] = json!("optional");
    charge_and_tell(&shop, &order, &visit, &sent, payment).await
}
