//! Who is told of a merchant order.
//!
//! An order's own `notification_url` gets IPNs alone: the Webhook topic of orders (`topic_merchant_order_wh`) can only be
//! asked for in an application's settings.

use super::listeners::channels;
use pasarela_domain::context::Ids;
use pasarela_domain::identity::{AccountId, ApplicationId, Mode};
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{Channel, DeliveryRecord, DeliveryState};

/// Its topic as a Webhook.
pub const WEBHOOK_TOPIC: &str = "topic_merchant_order_wh";
/// Its topic as an IPN.
pub const IPN_TOPIC: &str = "merchant_order";

/// Something that happened to a merchant order.
#[derive(Clone, Debug)]
pub struct OrderEvent<'a> {
    /// The collector.
    pub account_id: AccountId,
    /// The application that made the order.
    pub application_id: ApplicationId,
    /// Test or live.
    pub mode: Mode,
    /// The order.
    pub order_id: i64,
    /// `create` or `update`.
    pub action: &'static str,
    /// The order's `notification_url`.
    pub notification_url: Option<&'a str>,
    /// When, in the account's time.
    pub happened: Timestamp,
}

/// The notifications to commit with the event; none when the order has no `notification_url`, or one that wants Webhooks
/// alone.
pub fn order_deliveries(
    event: &OrderEvent<'_>,
    ids: &mut dyn Ids,
    now_wall: Timestamp,
) -> Vec<DeliveryRecord> {
    let url = event.notification_url.filter(|url| !url.is_empty() && channels(url).contains(&Channel::Ipn));
    url.map(|url| delivery(event, Channel::Ipn, url, ids.next_id(), now_wall)).into_iter().collect()
}

/// One notification of the event to `url`, in the form of `channel`.
pub fn delivery(
    event: &OrderEvent<'_>,
    channel: Channel,
    url: &str,
    id: i64,
    now_wall: Timestamp,
) -> DeliveryRecord {
    let topic = match channel {
        Channel::Webhook => WEBHOOK_TOPIC,
        Channel::Ipn => IPN_TOPIC,
    };
    DeliveryRecord {
        id,
        account_id: event.account_id,
        application_id: event.application_id,
        mode: event.mode,
        channel,
        url: url.to_owned(),
        topic: topic.to_owned(),
        action: event.action.to_owned(),
        resource_id: event.order_id.to_string(),
        created: event.happened,
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt: now_wall,
    }
}

/// What an IPN names as its resource: an address for an order, whose host has always been Mercado Libre's.
pub(super) fn ipn_resource(topic: &str, resource_id: &str) -> String {
    match topic {
        IPN_TOPIC => format!("https://api.mercadolibre.com/merchant_orders/{resource_id}"),
        _ => resource_id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifiers::{Fresh, IdSource};
    use crate::nature::Nature;
    use pasarela_store::NodeLease;

    fn told(notification_url: Option<&str>) -> Vec<(Channel, String)> {
        let ids = IdSource::new(&NodeLease::ALONE, Nature::default());
        let event = OrderEvent {
            account_id: 7,
            application_id: 12,
            mode: Mode::Test,
            order_id: 36_127_019_344,
            action: "update",
            notification_url,
            happened: Timestamp(1_000),
        };
        order_deliveries(&event, &mut Fresh(&ids), Timestamp(2_000))
            .into_iter()
            .map(|made| (made.channel, made.topic))
            .collect()
    }

    #[test]
    fn an_address_gets_the_ipn_of_an_order_unless_it_wants_webhooks_alone() {
        let ipn = vec![(Channel::Ipn, "merchant_order".to_owned())];
        assert_eq!(told(Some("https://shop.example/hook")), ipn);
        assert_eq!(told(Some("https://shop.example/hook?source_news=ipn")), ipn);
        assert_eq!(told(Some("https://shop.example/hook?source_news=webhooks")), []);
        assert_eq!(told(Some("")), []);
        assert_eq!(told(None), []);
    }

    #[test]
    fn an_ipn_names_an_order_by_its_address_and_a_payment_by_its_number() {
        assert_eq!(ipn_resource("merchant_order", "3"), "https://api.mercadolibre.com/merchant_orders/3");
        assert_eq!(ipn_resource("payment", "3"), "3");
    }
}
