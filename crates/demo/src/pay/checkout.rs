//! Way 5: the hosted checkout. The shop says what is for sale; the platform shows every way to pay it on pages of its own, and
//! sends the buyer back. Nothing to build, and no card anywhere near the shop.

use super::{payable, shown};
use crate::Shop;
use crate::fulfilment::give_up_waiting;
use crate::orders::{By, Line, Order, Sale, amount};
use crate::page::{Frame, Place, render, see_other};
use crate::platform::Trouble;
use crate::source::{Source, server_source};
use crate::visit::Visit;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use serde_json::{Value, json};

const SOURCES: [Source; 3] =
    [server_source!("pay/checkout.rs"), server_source!("webhooks.rs"), server_source!("fulfilment.rs")];

#[derive(Template)]
#[template(path = "checkout.html")]
struct Checkout {
    frame: Frame,
    order: Order,
}

/// `GET /orders/{id}/pay/checkout`
pub async fn page(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>) -> Response {
    match payable(&shop, &visit, &id) {
        Ok(order) => {
            let frame = Frame::new(&visit, Place::Cart, visit.language.words().checkout.name, &SOURCES);
            render(&Checkout { frame, order })
        }
        Err(elsewhere) => elsewhere.answer(visit).await,
    }
}

/// `POST /orders/{id}/pay/checkout`: to the sale's page, which is made once for each order.
pub async fn pay(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>) -> Response {
    let order = match payable(&shop, &visit, &id) {
        Ok(order) => order,
        Err(elsewhere) => return elsewhere.answer(visit).await,
    };
    match open_sale(&shop, &order, "checkout", sale_of(&shop, &order)).await {
        Ok(address) => see_other(&address),
        Err(trouble) => shown(&order, Err(trouble)),
    }
}

/// What is for sale, where the buyer comes back to, and where webhooks go.
pub fn sale_of(shop: &Shop, order: &Order) -> Value {
    let item = |line: &Line| {
        json!({
            "id": line.piece, "title": format!("Barro {}", line.name), "quantity": line.quantity,
            "unit_price": amount(line.price), "currency_id": "BRL",
            // The platform fetches it and shows it from its own pages: the buyer's browser never comes here for it.
            "picture_url": format!("{}/assets/{}.png", shop.settings.inner_url, line.piece),
        })
    };
    let back = format!("{}/orders/{}/back", shop.settings.url, order.id);
    json!({
        "items": order.lines.iter().map(item).collect::<Vec<_>>(),
        "external_reference": order.id,
        "notification_url": shop.notification_url(),
        "statement_descriptor": "BARRO",
        "back_urls": {"success": back, "pending": back, "failure": back},
    })
}

/// The address of the order's sale, which is made once for each way: the same key, the same sale.
pub async fn open_sale(shop: &Shop, order: &Order, way: &str, sale: Value) -> Result<String, Trouble> {
    give_up_waiting(shop, order).await;
    if let Some(open) = order.sales.iter().find(|sale| sale.way == way) {
        return Ok(open.address.clone());
    }
    let key = format!("{}-{way}", order.id);
    let made = shop.platform.post("/checkout/preferences", sale, &key).await?;
    let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
    let sale = Sale { way: way.to_owned(), preference: text("id"), address: text("init_point") };
    let address = sale.address.clone();
    shop.orders.open_sale(&order.id, sale).map_err(|error| Trouble::Unanswered(error.to_string()))?;
    Ok(address)
}

/// `GET /orders/{id}/back?payment_id=…&status=…`: the buyer is back. Anybody can write such an address, so it proves nothing:
/// the payment that it names is read from the API to be shown, and only the webhook packs.
pub async fn back(State(shop): State<Shop>, Path(id): Path<String>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let named = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "payment_id");
    let named =
        named.map(|(_, value)| value.into_owned()).filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
    if let Some(payment_id) = named.filter(|id| !id.is_empty()) {
        let payment = shop.platform.get(&format!("/v1/payments/{payment_id}")).await.unwrap_or(Value::Null);
        if payment["external_reference"] == json!(id) {
            let _ = shop.orders.record(By::Shop, &payment);
        }
    }
    see_other(&format!("/orders/{id}"))
}
