//! What all ways to pay share: which order, how often, and what comes of it.

pub mod bricks;
pub mod card_form;
pub mod checkout;
pub mod pix;
pub mod secure_fields;
pub mod wallet;

use crate::Shop;
use crate::fulfilment::give_up_waiting;
use crate::orders::{By, Order, amount};
use crate::page::{self, Frame, Place, broken, render, see_other};
use crate::platform::Trouble;
use crate::source::{Source, server_source};
use crate::visit::Visit;
use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use hyper::Method;
use serde_json::{Value, json};

const SOURCES: [Source; 2] = [server_source!("pay.rs"), server_source!("fulfilment.rs")];

#[derive(Template)]
#[template(path = "choice.html")]
struct Choice {
    frame: Frame,
    order: Order,
}

/// `GET /orders/{id}/pay`: the ways to pay.
pub async fn choice(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>) -> Response {
    match payable(&shop, &visit, &id) {
        Ok(order) => {
            let frame = Frame::new(&visit, Place::Cart, visit.language.words().choice_title, &SOURCES);
            render(&Choice { frame, order })
        }
        Err(elsewhere) => elsewhere.answer(visit).await,
    }
}

/// Why an order can't be paid here and now.
pub enum Elsewhere {
    /// There is no such order of this visit.
    Missing,
    /// It is paid: its page says so.
    Order(String),
}

/// The buyer's order, if it may still be paid.
pub fn payable(shop: &Shop, visit: &Visit, id: &str) -> Result<Order, Elsewhere> {
    match shop.orders.get(id).filter(|order| order.visit == visit.id) {
        Some(order) if order.is_payable() => Ok(order),
        Some(order) => Err(Elsewhere::Order(format!("/orders/{}", order.id))),
        None => Err(Elsewhere::Missing),
    }
}

impl Elsewhere {
    /// For a page or a form.
    pub async fn answer(self, visit: Visit) -> Response {
        match self {
            Elsewhere::Missing => page::missing(visit).await,
            Elsewhere::Order(path) => see_other(&path),
        }
    }

    /// For a page's script.
    pub async fn answer_script(self, visit: Visit) -> Response {
        match self {
            Elsewhere::Missing => page::missing(visit).await,
            Elsewhere::Order(path) => Json(json!({ "next": path })).into_response(),
        }
    }
}

/// What every payment of an order says. The price is the order's own: what a browser says of it is not asked.
pub fn payment_of(shop: &Shop, order: &Order) -> Value {
    let item = |line: &crate::orders::Line| json!({"id": line.piece, "title": line.name, "quantity": line.quantity, "unit_price": amount(line.price)});
    json!({
        "transaction_amount": amount(order.total()),
        "description": format!("Barro, order {}", order.number),
        "external_reference": order.id,
        "notification_url": shop.notification_url(),
        "statement_descriptor": "BARRO",
        "additional_info": {"items": order.lines.iter().map(item).collect::<Vec<_>>()},
    })
}

/// Makes the order's payment number `attempt`, as the page that was sent says. The number is in the idempotency key: however
/// often a page is sent, its payment is made once, and the second answer is the first one.
pub async fn charge(
    shop: &Shop,
    order: &Order,
    attempt: Option<usize>,
    device: &str,
    payment: Value,
) -> Result<Value, Trouble> {
    let next = order.next_attempt();
    let attempt = attempt.filter(|attempt| (1..=next).contains(attempt)).unwrap_or(next);
    if attempt == next {
        give_up_waiting(shop, order).await;
    }
    let key = format!("{}-payment-{attempt}", order.id);
    let said = format!("POST /v1/payments, X-Idempotency-Key: {key}");
    shop.orders.note(&order.id, By::Person, said).map_err(|error| Trouble::Unanswered(error.to_string()))?;
    let headers = [("x-idempotency-key", key.as_str()), ("x-meli-session-id", device)];
    let payment = shop.platform.call(Method::POST, "/v1/payments", payment, &headers).await?;
    // The page shows it at once; what is packed waits for the webhook.
    shop.orders.record(By::Shop, &payment).map_err(|error| Trouble::Unanswered(error.to_string()))?;
    Ok(payment)
}

/// Pays as a page's script asks. With its payment it has sent the page's attempt and the device's session.
pub async fn charge_and_tell(
    shop: &Shop,
    order: &Order,
    visit: &Visit,
    sent: &Value,
    payment: Value,
) -> Response {
    let attempt = sent["attempt"].as_u64().and_then(|number| usize::try_from(number).ok());
    let device = sent["device"].as_str().unwrap_or_default();
    let charged = charge(shop, order, attempt, device, payment).await;
    outcome(shop, order, visit, charged)
}

/// What the script is told about it.
fn outcome(shop: &Shop, order: &Order, visit: &Visit, charged: Result<Value, Trouble>) -> Response {
    let attempt = shop.orders.get(&order.id).map_or(1, |order| order.next_attempt());
    let words = visit.language.words();
    let page = format!("/orders/{}", order.id);
    let told = match charged {
        Ok(payment) if payment["status"] == "rejected" => {
            let detail = payment["status_detail"].as_str().unwrap_or_default();
            json!({"attempt": attempt, "message": visit.language.refusal(detail), "detail": detail})
        }
        Ok(payment) if payment["status_detail"] == "pending_challenge" => {
            json!({"next": page, "challenge": payment["three_ds_info"]})
        }
        Ok(_) => json!({ "next": page }),
        Err(trouble @ Trouble::Refused(..)) => {
            json!({"attempt": attempt, "message": words.refused_request, "detail": trouble.text()})
        }
        // The same page may be sent again: the same attempt, the same key.
        Err(trouble) => {
            tracing::warn!(trouble = trouble.text(), "a payment was not answered");
            json!({"message": words.unanswered})
        }
    };
    Json(told).into_response()
}

/// What a page without a script is shown about its payment.
pub fn shown(order: &Order, charged: Result<Value, Trouble>) -> Response {
    match charged {
        Ok(_) => see_other(&format!("/orders/{}", order.id)),
        Err(trouble) => broken(&trouble.text()),
    }
}

impl Shop {
    /// Where webhooks of a payment go. `source_news` keeps the older IPN out.
    pub fn notification_url(&self) -> String {
        format!("{}/webhooks?source_news=webhooks", self.settings.inner_url)
    }
}
