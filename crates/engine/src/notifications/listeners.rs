//! Who is told about an event, and in which form.
//!
//! A resource's own `notification_url` comes first: then the application's addresses are not told of it. A program that
//! listens over a stream is told besides. Payments of test credentials deliver like live ones: the sandbox is a
//! replica, and an integration that is never notified can't be tested.

use super::settings::ModeSettings;
use super::topics::Topic;
use pasarela_domain::context::Ids;
use pasarela_domain::identity::{AccountId, ApplicationId, Mode};
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{Channel, DeliveryRecord, DeliveryState};
use url::form_urlencoded;

/// The address of what waits for a program that listens: nobody is called there.
pub const LISTENER_URL: &str = "listen:";

/// Something that happened to a resource.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// The account that is told: the collector.
    pub account_id: AccountId,
    /// The application that made the resource.
    pub application_id: ApplicationId,
    /// Test or live.
    pub mode: Mode,
    /// What it is about.
    pub topic: &'static Topic,
    /// One of the topic's actions.
    pub action: &'static str,
    /// The resource: `data.id`.
    pub resource_id: String,
    /// The resource's own `notification_url`.
    pub notification_url: Option<&'a str>,
    /// A JSON object whose members the body has besides, or instead of, the ordinary ones.
    pub data: Option<String>,
    /// When, in the account's time.
    pub happened: Timestamp,
}

/// The notifications to commit with the event; none when nobody is to be told.
pub fn deliveries_for(
    event: &Event<'_>,
    settings: &ModeSettings,
    ids: &mut dyn Ids,
    now_wall: Timestamp,
) -> Vec<DeliveryRecord> {
    let mut made = Vec::new();
    let mut add = |channel, url: &str, topic: &str, state| {
        made.push(DeliveryRecord {
            id: ids.next_id(),
            account_id: event.account_id,
            application_id: event.application_id,
            mode: event.mode,
            channel,
            url: url.to_owned(),
            topic: topic.to_owned(),
            action: event.action.to_owned(),
            resource_id: event.resource_id.clone(),
            created: event.happened,
            state,
            attempts: 0,
            next_attempt: now_wall,
            data: event.data.clone(),
            turns_ahead: 0,
        });
    };
    let name_in = |channel| match channel {
        Channel::Webhook => Some(event.topic.name),
        Channel::Ipn => event.topic.ipn,
    };
    let own = event.notification_url.filter(|url| !url.is_empty() && !event.topic.by_url.is_empty());
    if let Some(url) = own {
        let wished = channels(url);
        for channel in event.topic.by_url.iter().filter(|channel| wished.contains(channel)) {
            if let Some(name) = name_in(*channel) {
                add(*channel, url, name, DeliveryState::Pending);
            }
        }
    } else {
        let addresses = &settings.addresses;
        for (channel, url, topics) in [
            (Channel::Webhook, &addresses.url, &addresses.topics),
            (Channel::Ipn, &addresses.ipn_url, &addresses.ipn_topics),
        ] {
            if let (Some(url), Some(name)) = (url, name_in(channel))
                && topics.iter().any(|topic| topic == name)
            {
                add(channel, url, name, DeliveryState::Pending);
            }
        }
    }
    if settings.is_listened_to(event.topic, now_wall) {
        add(Channel::Webhook, LISTENER_URL, event.topic.name, DeliveryState::Held);
    }
    made
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
    use super::super::settings::{Addresses, Listening};
    use super::super::topics::{PAYMENTS, by_name};
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

    fn event(notification_url: Option<&str>) -> Event<'_> {
        Event {
            account_id: 380_200_100,
            application_id: 12,
            mode: Mode::Test,
            topic: PAYMENTS,
            action: "payment.updated",
            resource_id: "150200300400".to_owned(),
            notification_url,
            data: None,
            happened: Timestamp(1_000),
        }
    }

    fn settings() -> ModeSettings {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        ModeSettings {
            addresses: Addresses {
                url: Some("https://shop.example/webhooks".to_owned()),
                topics: texts(&["payment", "order"]),
                ipn_url: Some("https://shop.example/ipn".to_owned()),
                ipn_topics: texts(&["payment", "merchant_order"]),
            },
            listening: None,
        }
    }

    fn deliveries(event: &Event<'_>, settings: &ModeSettings) -> Vec<DeliveryRecord> {
        deliveries_for(event, settings, &mut Counting(70), Timestamp(2_000))
    }

    fn told(event: &Event<'_>, settings: &ModeSettings) -> Vec<(Channel, String, String)> {
        let made = deliveries(event, settings).into_iter();
        made.map(|made| (made.channel, made.url, made.topic)).collect()
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
            let made = deliveries(&event(Some(url)), &ModeSettings::default());
            let made: Vec<Channel> = made.iter().map(|made| made.channel).collect();
            assert_eq!(made, expected, "{url}");
        }
    }

    #[test]
    fn where_nobody_is_told_nothing_is_written() {
        assert!(deliveries(&event(None), &ModeSettings::default()).is_empty());
        assert!(deliveries(&event(Some("")), &ModeSettings::default()).is_empty());
        let unsubscribed = Event { topic: by_name("mp-connect").unwrap(), ..event(None) };
        assert!(deliveries(&unsubscribed, &settings()).is_empty());
    }

    #[test]
    fn the_resources_own_address_comes_before_the_applications() {
        let own = told(&event(Some("https://shop.example/own?source_news=ipn")), &settings());
        assert_eq!(
            own,
            [(Channel::Ipn, "https://shop.example/own?source_news=ipn".to_owned(), "payment".to_owned())]
        );
        let subscribed = told(&event(None), &settings());
        let expected = [
            (Channel::Webhook, "https://shop.example/webhooks".to_owned(), "payment".to_owned()),
            (Channel::Ipn, "https://shop.example/ipn".to_owned(), "payment".to_owned()),
        ];
        assert_eq!(subscribed, expected);
        // Orders are only subscribed to, and merchant orders have two names.
        let order = Event { topic: by_name("order").unwrap(), ..event(Some("https://shop.example/own")) };
        assert_eq!(told(&order, &settings())[0].1, "https://shop.example/webhooks");
        let merchant_order = Event { topic: by_name("topic_merchant_order_wh").unwrap(), ..event(None) };
        assert_eq!(
            told(&merchant_order, &settings()),
            [(Channel::Ipn, "https://shop.example/ipn".to_owned(), "merchant_order".to_owned())]
        );
    }

    #[test]
    fn who_listens_is_told_besides_for_as_long_as_it_does() {
        let listening = |until, topics| ModeSettings {
            listening: Some(Listening { until: Timestamp(until), topics }),
            ..ModeSettings::default()
        };
        let own = event(Some("https://shop.example/own?source_news=webhooks"));
        let made = deliveries(&own, &listening(2_001, vec![]));
        assert_eq!(made.iter().map(|made| made.state as u8).collect::<Vec<_>>(), [0, 3]);
        assert_eq!(made[1].url, LISTENER_URL);
        assert_eq!(deliveries(&event(None), &listening(2_000, vec![])), vec![]);
        assert_eq!(deliveries(&event(None), &listening(9_000, vec!["order".to_owned()])), vec![]);
        assert_eq!(deliveries(&event(None), &listening(9_000, vec!["payment".to_owned()])).len(), 1);
    }

    #[test]
    fn a_delivery_carries_the_event_and_is_due_at_once() {
        let own = event(Some("https://shop.example/hook?source_news=webhooks"));
        let made = deliveries(&own, &ModeSettings::default());
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
                turns_ahead: 0,
            }]
        );
    }
}
