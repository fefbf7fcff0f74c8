//! Way 6: the wallet. Buyers with an account at the platform log in there and pay with their balance, a saved card, or both. To
//! the shop it is the hosted checkout with one member more.

use super::checkout::{open_sale, sale_of};
use super::{payable, shown};
use crate::Shop;
use crate::orders::Order;
use crate::page::{Frame, Place, render, see_other};
use crate::source::{Source, server_source};
use crate::visit::Visit;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;

const SOURCES: [Source; 4] = [
    server_source!("pay/wallet.rs"),
    server_source!("pay/checkout.rs"),
    server_source!("webhooks.rs"),
    server_source!("orders.rs"),
];

#[derive(Template)]
#[template(path = "wallet.html")]
struct Wallet {
    frame: Frame,
    order: Order,
    email: String,
    password: String,
}

/// `GET /orders/{id}/pay/wallet`
pub async fn page(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>) -> Response {
    match payable(&shop, &visit, &id) {
        Ok(order) => {
            let frame = Frame::new(&visit, Place::Cart, visit.language.words().wallet.name, &SOURCES);
            let (email, password) = shop.settings.buyer.clone();
            render(&Wallet { frame, order, email, password })
        }
        Err(elsewhere) => elsewhere.answer(visit).await,
    }
}

/// `POST /orders/{id}/pay/wallet`: to the sale's page, which is made once for each order.
pub async fn pay(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>) -> Response {
    let order = match payable(&shop, &visit, &id) {
        Ok(order) => order,
        Err(elsewhere) => return elsewhere.answer(visit).await,
    };
    let mut sale = sale_of(&shop, &order);
    sale["purpose"] = json!("wallet_purchase");
    match open_sale(&shop, &order, "wallet", sale).await {
        Ok(address) => see_other(&address),
        Err(trouble) => shown(&order, Err(trouble)),
    }
}
