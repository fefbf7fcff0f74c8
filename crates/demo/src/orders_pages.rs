//! The buyer's orders. Their pages follow by themselves what webhooks tell the shop.

use crate::Shop;
use crate::orders::Order;
use crate::page::{self, Frame, Place, render};
use crate::source::{Source, browser_source, server_source};
use crate::visit::Visit;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

const SOURCES: [Source; 4] = [
    server_source!("webhooks.rs"),
    server_source!("orders.rs"),
    server_source!("fulfilment.rs"),
    browser_source!("result.js"),
];

#[derive(Template)]
#[template(path = "orders.html")]
struct Orders {
    frame: Frame,
    orders: Vec<Order>,
}

/// `GET /orders`
pub async fn list(State(shop): State<Shop>, visit: Visit) -> Response {
    let frame = Frame::new(&visit, Place::Orders, visit.language.words().orders_title, &SOURCES);
    render(&Orders { frame, orders: shop.orders.list(|order| order.visit == visit.id) })
}

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    frame: Frame,
    order: Order,
}

/// `GET /orders/{id}`
pub async fn order(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>) -> Response {
    let Some(order) = shop.orders.get(&id).filter(|order| order.visit == visit.id) else {
        return page::missing(visit).await;
    };
    let title = format!("{} {}", visit.language.words().order, order.number);
    render(&OrderPage { frame: Frame::new(&visit, Place::Orders, title, &SOURCES), order })
}

/// `GET /orders/{id}/version`: a number that grows when something has changed.
pub async fn version(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>) -> Response {
    match shop.orders.get(&id).filter(|order| order.visit == visit.id) {
        Some(order) => order.version.to_string().into_response(),
        None => page::missing(visit).await,
    }
}
