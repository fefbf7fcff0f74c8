//! The shelf, the cart, and the order that a cart becomes.

use crate::Shop;
use crate::goods::{Piece, SHELF, piece};
use crate::page::{self, Frame, Place, render, see_other};
use crate::source::{Source, server_source};
use crate::visit::{self, Visit, field, is_random_word, keep_cart, random_word, with_quantity};
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;

const SHELF_SOURCES: [Source; 2] = [server_source!("lib.rs"), server_source!("goods.rs")];
const CART_SOURCES: [Source; 2] = [server_source!("storefront.rs"), server_source!("orders.rs")];

#[derive(Template)]
#[template(path = "shelf.html")]
struct Shelf {
    frame: Frame,
    pieces: &'static [Piece],
    reference: String,
}

/// `GET /`
pub async fn shelf(State(shop): State<Shop>, visit: Visit) -> Response {
    let frame = Frame::new(&visit, Place::Shelf, "Barro", &SHELF_SOURCES);
    render(&Shelf { frame, pieces: &SHELF, reference: format!("{}/docs", shop.settings.platform_url) })
}

#[derive(Template)]
#[template(path = "cart.html")]
struct Cart {
    frame: Frame,
    lines: Vec<(&'static Piece, u32, i64)>,
    total: i64,
    /// The id of the order that this page makes, once.
    order: String,
}

/// `GET /cart`
pub async fn cart(visit: Visit) -> Response {
    let lines: Vec<_> = visit
        .cart
        .iter()
        .map(|&(piece, quantity)| (piece, quantity, piece.price * i64::from(quantity)))
        .collect();
    let total = lines.iter().map(|(_, _, price)| price).sum();
    let frame = Frame::new(&visit, Place::Cart, visit.language.words().cart_title, &CART_SOURCES);
    render(&Cart { frame, lines, total, order: random_word() })
}

/// `POST /cart`: one more, one less, or none of a piece.
pub async fn change_cart(visit: Visit, body: Body) -> Response {
    let form = visit::form(body).await;
    let Some(piece) = field(&form, "piece").and_then(piece) else { return page::missing(visit).await };
    let cart = match field(&form, "change") {
        Some("less") => with_quantity(visit.cart, piece, |quantity| quantity.saturating_sub(1)),
        Some("none") => with_quantity(visit.cart, piece, |_| 0),
        _ => with_quantity(visit.cart, piece, |quantity| quantity + 1),
    };
    let mut response = see_other("/cart");
    keep_cart(&mut response, &cart);
    response
}

/// `POST /orders`: the cart becomes an order. The page brings the order's id, so that sending it twice makes one.
pub async fn order(State(shop): State<Shop>, visit: Visit, body: Body) -> Response {
    let form = visit::form(body).await;
    let id = field(&form, "order").unwrap_or_default();
    let is_new = shop.orders.get(id).is_none();
    if !is_random_word(id) || (is_new && visit.cart.is_empty()) {
        return see_other("/cart");
    }
    match shop.orders.place(id, &visit.id, visit.lines()) {
        Ok(order) => {
            let mut response = see_other(&format!("/orders/{}/pay", order.id));
            keep_cart(&mut response, &[]);
            response
        }
        Err(error) => page::broken(&error),
    }
}
