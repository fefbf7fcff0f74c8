//! Who is told about an event, and in which form.
//!
//! Payments of test credentials deliver like live ones: the sandbox is a replica, and an integration that is never
//! notified can't be tested.

use pasarela_domain::context::Ids;
use pasarela_domain::identity::{AccountId, ApplicationId, Mode, PaymentId};
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{Channel, DeliveryRecord, DeliveryState};
use url::form_urlencoded;

/// Something that happened to a payment.
#[derive(Clone, Debug)]
pub struct PaymentEvent<'a> {
    /// The collector.
    pub account_id: AccountId,
    /// The application that made the payment.
    pub application_id: ApplicationId,
    /// Test or live.
    pub mode: Mode,
    /// The payment.
    pub payment_id: PaymentId,
    /// `payment.created` or `payment.updated`.
    pub action: &'static str,
    /// The payment's `notification_url`.
    pub notification_url: Option<&'a str>,
    /// When, in the account's time.
    pub happened: Timestamp,
}

/// The notifications to commit with the event; none when the payment has no `notification_url`.
pub fn deliveries_for(
    event: &PaymentEvent<'_>,
    ids: &mut dyn Ids,
    now_wall: Timestamp,
) -> Vec<DeliveryRecord> {
    let Some(url) = event.notification_url.filter(|url| !url.is_empty()) else {
        return Vec::new();
    };
    channels(url)
        .iter()
        .map(|&channel| DeliveryRecord {
            id: ids.next_id(),
            account_id: event.account_id,
            application_id: event.application_id,
            mode: event.mode,
            channel,
            url: url.to_owned(),
            topic: "payment".to_owned(),
            action: event.action.to_owned(),
            resource_id: event.payment_id.to_string(),
            created: event.happened,
            state: DeliveryState::Pending,
            attempts: 0,
            next_attempt: now_wall,
            data: None,
        })
        .collect()
}

/// The forms that the URL asks for with its own parameter `source_news`: `webhooks`, `ipn`, or, without it, both.
pub(super) fn channels(url: &str) -> &'static [Channel] {
    let url = url.split_once('#').map_or(url, |(before, _)| before);
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let wish = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "source_news");
    match wish.as_ref().map(|(_, value)| value.as_ref()) {
        Some("webhooks") => &[Channel::Webhook],
        Some("ipn") => &[Channel::Ipn],
        _ => &[Channel::Webhook, Channel::Ipn],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(i64);

    impl Ids for Counting {
        fn next_id(&mut self) -> i64 {
            self.0 += 1;
            self.0
        }
        fn random_below(&mut self, _bound: u64) -> u64 {
            0
        }
        fn uuid(&mut self) -> String {
            String::new()
        }
    }

    fn deliveries(notification_url: Option<&str>) -> Vec<DeliveryRecord> {
        let event = PaymentEvent {
            account_id: 380_200_100,
            application_id: 12,
            mode: Mode::Test,
            payment_id: 150_200_300_400,
            action: "payment.updated",
            notification_url,
            happened: Timestamp(1_000),
        };
        deliveries_for(&event, &mut Counting(70), Timestamp(2_000))
    }

    #[test]
    fn source_news_says_which_forms_are_sent() {
        use Channel::{Ipn, Webhook};
        for (url, expected) in [
            ("https://shop.example/hook", &[Webhook, Ipn][..]),
            ("https://shop.example/hook?source_news=webhooks", &[Webhook]),
            ("https://shop.example/hook?a=1&source_news=ipn", &[Ipn]),
            ("https://shop.example/hook?source_news=other", &[Webhook, Ipn]),
            ("https://shop.example/hook?x=source_news=ipn", &[Webhook, Ipn]),
            ("https://shop.example/hook#?source_news=ipn", &[Webhook, Ipn]),
        ] {
            let made: Vec<Channel> = deliveries(Some(url)).iter().map(|made| made.channel).collect();
            assert_eq!(made, expected, "{url}");
        }
    }

    #[test]
    fn without_a_notification_url_nothing_is_written() {
        assert!(deliveries(None).is_empty());
        assert!(deliveries(Some("")).is_empty());
    }

    #[test]
    fn a_delivery_carries_the_event_and_is_due_at_once() {
        let made = deliveries(Some("https://shop.example/hook?source_news=webhooks"));
        assert_eq!(
            made,
            [DeliveryRecord {
                id: 71,
                account_id: 380_200_100,
                application_id: 12,
                mode: Mode::Test,
                channel: Channel::Webhook,
                url: "https://shop.example/hook?source_news=webhooks".to_owned(),
                topic: "payment".to_owned(),
                action: "payment.updated".to_owned(),
                resource_id: "150200300400".to_owned(),
                created: Timestamp(1_000),
                state: DeliveryState::Pending,
                attempts: 0,
                next_attempt: Timestamp(2_000),
                data: None,
            }]
        );
    }
}
