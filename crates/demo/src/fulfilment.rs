//! What the shop does when a webhook tells it of a payment.

use crate::Shop;
use crate::orders::{By, Order, Payment};
use crate::platform::Trouble;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Records the payment, and does what follows of a packed order. Who fails here is told again by the next webhook: everything
/// in it may be done twice.
pub async fn settle(shop: &Shop, payment: &Value) -> Result<(), String> {
    let order = shop.orders.record(By::Webhook, payment).map_err(|error| error.to_string())?;
    let Some(order) = order.filter(|order| order.packed.is_some()) else { return Ok(()) };
    let done = async {
        close_other_ways(shop, &order).await?;
        for surplus in order.surplus() {
            give_back(shop, &order, surplus).await?;
        }
        Ok::<(), Trouble>(())
    };
    done.await.map_err(|trouble| trouble.text())
}

/// A paid order can't be paid again: what waits is cancelled, and its sales on the platform's pages end now. The one that it was
/// paid on stays open, because its buyer still looks at it.
async fn close_other_ways(shop: &Shop, order: &Order) -> Result<(), Trouble> {
    give_up_waiting(shop, order).await;
    let was_sold_there =
        order.payments.iter().any(|payment| payment.of_sale && order.packed_for.contains(&payment.id));
    for sale in order.sales.iter().filter(|_| !was_sold_there) {
        let end = json!({"expires": true, "expiration_date_to": Timestamp::now().to_string()});
        shop.platform.put(&format!("/checkout/preferences/{}", sale.preference), end).await?;
        kept(shop.orders.close_sale(&order.id, &sale.preference));
    }
    Ok(())
}

/// The key makes a payment go back once, however often the shop is told of it.
async fn give_back(shop: &Shop, order: &Order, payment: &Payment) -> Result<(), Trouble> {
    let path = format!("/v1/payments/{}", payment.id);
    if payment.status == "authorized" {
        shop.platform.put(&path, json!({"status": "cancelled"})).await?;
    } else {
        let key = format!("{}-give-back-{}", order.id, payment.id);
        shop.platform.post(&format!("{path}/refunds"), json!({}), &key).await?;
    }
    let said = format!("paid twice: payment {} is given back", payment.id);
    kept(shop.orders.note(&order.id, By::Shop, said));
    Ok(())
}

/// Cancels what waits for somebody. A payment that was paid at this very moment can't be cancelled; it is recorded as it is.
pub async fn give_up_waiting(shop: &Shop, order: &Order) {
    for waiting in order.payments.iter().filter(|payment| payment.is_waiting()) {
        let path = format!("/v1/payments/{}", waiting.id);
        let mut now = shop.platform.put(&path, json!({"status": "cancelled"})).await;
        if matches!(now, Err(Trouble::Refused(..))) {
            now = shop.platform.get(&path).await;
        }
        // What isn't known now, a webhook tells.
        if let Ok(payment) = now {
            kept(shop.orders.record(By::Shop, &payment));
        }
    }
}

/// What the platform has done stays done if it can't be written down here; the next webhook writes it.
fn kept<T>(written: std::io::Result<T>) {
    if let Err(error) = written {
        tracing::warn!(%error, "the demo shop's orders can't be written");
    }
}
