//! What a measurement needs to know beside the payment.

use super::measuring::newest_payments;
use crate::payments::from_json;
use crate::{Engine, Failure};
use pasarela_domain::identity::Caller;
use pasarela_domain::merchant_order::order_of;
use pasarela_domain::payment::PaymentState;
use pasarela_domain::payment::body::Payment;
use pasarela_domain::quality::evidence::{Deliveries, Surroundings};
use pasarela_domain::timestamp::{DAY, MINUTE, Timestamp};
use pasarela_store::{DeliveryRecord, DeliverySearch, DeliveryState, PaymentSearch};

/// Within this time an `external_reference` must not be another approved payment's.
const REFERENCE_TIME: i64 = 30 * DAY;
/// How far notifications are looked back at.
const DELIVERY_TIME: i64 = 30 * DAY;
/// The most approved payments with one `external_reference` that are looked at: an order rarely has more than two.
const MOST_OF_A_REFERENCE: u32 = 10;
/// Changes of one resource within this time are read at once.
const READ_AT_ONCE: i64 = 10 * MINUTE;
/// The topics of what is read by `GET /v1/payments/{id}` and `GET /merchant_orders/{id}`, in both forms.
const READ_TOPICS: [&str; 3] = ["payment", "topic_merchant_order_wh", "merchant_order"];
/// The most notifications that are looked at: a share of the newest thousand is a share.
const MOST_DELIVERIES: u32 = 1_000;

impl Engine {
    /// What is known around one of the caller's payments.
    pub(super) async fn surroundings(
        &self,
        caller: &Caller,
        payment: &PaymentState,
    ) -> Result<Surroundings, Failure> {
        let is_reference_reused = self.is_reference_reused(caller, payment).await?;
        // What the last checks saw of the seller's addresses.
        let probes = self.kept_going_live(caller.application_id).await?.probes;
        let is_issuer_foreign = self.is_issuer_foreign(payment);
        Ok(Surroundings {
            is_reference_reused,
            is_issuer_foreign,
            probes,
            ..self.surroundings_of(caller).await?
        })
    }

    /// Whether the payment names an issuer that has no cards of its card's first digits.
    fn is_issuer_foreign(&self, state: &PaymentState) -> bool {
        let payment = &state.payment;
        let (Some(named), Some(card)) = (&payment.issuer_id, &payment.card.0) else { return false };
        let Some(bin) = &card.bin else { return false };
        let catalogue = self.catalogue();
        let issuers = catalogue.site(state.internals.site).card_issuers(&payment.payment_method_id, bin);
        !issuers.is_empty() && !issuers.iter().any(|issuer| issuer.id.to_string() == *named)
    }

    /// What is known of the caller's application.
    pub(crate) async fn surroundings_of(&self, caller: &Caller) -> Result<Surroundings, Failure> {
        let record = self.inner.store.account(caller.account_id).await?;
        let addresses = self.notification_addresses(caller).await?;
        let hears = |url: &Option<String>, topics: &[String]| {
            url.is_some() && topics.iter().any(|topic| topic == "payment")
        };
        let (traffic, recent) = self.traffic(caller).await?;
        Ok(Surroundings {
            collector_email: record.map(|record| record.email).unwrap_or_default(),
            is_reference_reused: false,
            has_webhook: hears(&addresses.url, &addresses.topics)
                || hears(&addresses.ipn_url, &addresses.ipn_topics),
            traffic,
            recent,
            are_names_reported: self
                .exposed_card_inputs(caller.account_id, caller.application_id, caller.mode)
                .is_some(),
            has_pix_key: Some(self.takes_pix(caller.account_id, caller.site).await?),
            deliveries: self.deliveries(caller).await?,
            ..Surroundings::default()
        })
    }

    async fn is_reference_reused(&self, caller: &Caller, payment: &PaymentState) -> Result<bool, Failure> {
        let Some(reference) = payment.payment.external_reference.clone() else { return Ok(false) };
        let created = payment.payment.date_created;
        let search = PaymentSearch {
            external_reference: Some(reference),
            status: Some("approved".to_owned()),
            begin: Some(created.plus_ms(-REFERENCE_TIME)),
            end: Some(created.plus_ms(REFERENCE_TIME)),
            ..newest_payments(caller, MOST_OF_A_REFERENCE)
        };
        let own_order = order_of(&payment.payment);
        let found = self.inner.store.search_payments(search).await?.bodies;
        for body in found {
            let other: Payment = from_json(&body, "a payment")?;
            // A purchase that is split over balance and card is two payments of one order.
            let is_of_own_order = own_order.is_some() && order_of(&other) == own_order;
            if other.id != payment.payment.id && !is_of_own_order {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn deliveries(&self, caller: &Caller) -> Result<Deliveries, Failure> {
        let since = self.inner.clock.now(caller.account_id, caller.mode).plus_ms(-DELIVERY_TIME);
        let search = DeliverySearch::of(caller.account_id, caller.mode, MOST_DELIVERIES);
        let page = self.inner.store.search_deliveries(&search).await?;
        let mut counted = Deliveries::default();
        let is_recent = |delivery: &&DeliveryRecord| {
            delivery.application_id == caller.application_id && delivery.created >= since
        };
        let recent: Vec<&DeliveryRecord> = page.deliveries.iter().filter(is_recent).collect();
        counted.news = news(&recent);
        for delivery in recent {
            match delivery.state {
                DeliveryState::Delivered => counted.delivered += 1,
                DeliveryState::Exhausted => counted.failed += 1,
                DeliveryState::Pending if delivery.attempts > 0 => counted.failed += 1,
                DeliveryState::Pending | DeliveryState::Held => {}
            }
        }
        Ok(counted)
    }
}

/// How many changes arrived that a read should follow. A Webhook and an IPN of one change are one, and so are an order that
/// is made and its first payment: one read sees all that.
fn news(deliveries: &[&DeliveryRecord]) -> u64 {
    let mut changes: Vec<(bool, &str, Timestamp)> = deliveries
        .iter()
        .filter(|delivery| {
            delivery.state == DeliveryState::Delivered && READ_TOPICS.contains(&delivery.topic.as_str())
        })
        .map(|delivery| (delivery.topic == "payment", delivery.resource_id.as_str(), delivery.created))
        .collect();
    changes.sort_unstable();
    let mut count = 0;
    let mut last: Option<(bool, &str, Timestamp)> = None;
    for change in changes {
        let is_seen = last.is_some_and(|last| {
            (last.0, last.1) == (change.0, change.1) && change.2.0 - last.2.0 <= READ_AT_ONCE
        });
        if !is_seen {
            count += 1;
            last = Some(change);
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use pasarela_domain::identity::Mode;
    use pasarela_store::Channel;

    fn delivered(channel: Channel, topic: &str, resource_id: &str, created: i64) -> DeliveryRecord {
        DeliveryRecord {
            id: 1,
            account_id: 1,
            application_id: 1,
            mode: Mode::Test,
            channel,
            url: String::new(),
            topic: topic.to_owned(),
            action: String::new(),
            resource_id: resource_id.to_owned(),
            created: Timestamp(created),
            state: DeliveryState::Delivered,
            attempts: 1,
            next_attempt: Timestamp(0),
            data: None,
            turns_ahead: 0,
        }
    }

    #[test]
    fn what_one_read_sees_is_news_once() {
        let all = [
            delivered(Channel::Webhook, "payment", "7", 0),
            delivered(Channel::Ipn, "payment", "7", 0),
            delivered(Channel::Webhook, "payment", "7", MINUTE),
            delivered(Channel::Webhook, "payment", "7", DAY),
            delivered(Channel::Webhook, "topic_merchant_order_wh", "7", 0),
            delivered(Channel::Ipn, "merchant_order", "7", 1),
            delivered(Channel::Webhook, "pasarela_quality", "9", 0),
        ];
        assert_eq!(news(&all.iter().collect::<Vec<_>>()), 3);
    }
}
