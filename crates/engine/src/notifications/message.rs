//! The HTTP request of one attempt: what a receiver sees.

use super::schedule;
use super::signature::{ipn_secret, query_id, sign};
use super::topics::{self, Form, PAYMENTS, Shape, Topic};
use pasarela_domain::timestamp::{SECOND, Timestamp};
use pasarela_store::{Channel, DeliveryRecord};
use serde::Serialize;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use url::Url;
use url::form_urlencoded::byte_serialize;

/// A request that is ready to be sent with POST.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Where to, with the resource in the query.
    pub url: Url,
    /// The headers, names in lower case. `host` and `content-length` belong to the sender.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON body.
    pub body: Vec<u8>,
}

impl Message {
    /// The header with this name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The query can hold a shop's own secrets; the host is enough to know which message it is.
        f.debug_struct("Message").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

/// What is new in every attempt.
#[derive(Clone, Copy, Debug)]
pub struct AttemptIdentity<'a> {
    /// The body's `id` (Webhooks).
    pub notification_id: i64,
    /// `x-request-id`: a UUID v4.
    pub request_id: &'a str,
    /// Wall-clock time: it is what a receiver's tolerance for `ts` is measured against.
    pub now: Timestamp,
}

/// What a message is signed with.
#[derive(Clone, Copy)]
pub enum Signing<'a> {
    /// An application's secret.
    Secret(&'a str),
    /// The signature that it was sent with before.
    Known(&'a str),
}

impl Signing<'_> {
    fn webhook(self, id: &str, attempt: AttemptIdentity<'_>) -> String {
        match self {
            Signing::Secret(secret) => {
                sign(secret, Some(id), Some(attempt.request_id), attempt.now.0.div_euclid(SECOND))
            }
            Signing::Known(signature) => signature.to_owned(),
        }
    }

    fn ipn(self, attempt: AttemptIdentity<'_>) -> String {
        match self {
            Signing::Secret(secret) => {
                sign(&ipn_secret(secret), None, Some(attempt.request_id), attempt.now.0.div_euclid(SECOND))
            }
            Signing::Known(signature) => signature.to_owned(),
        }
    }
}

/// The delivery's URL is not one that can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a URL")]
pub struct NotAUrl;

/// The request of the delivery's next attempt.
///
/// # Errors
/// [`NotAUrl`] when the delivery's URL can't be read.
pub fn message(
    delivery: &DeliveryRecord,
    attempt: AttemptIdentity<'_>,
    signing: Signing<'_>,
) -> Result<Message, NotAUrl> {
    let url = parsed(&delivery.url)?;
    Ok(match delivery.channel {
        Channel::Webhook => webhook(url, delivery, attempt, signing),
        Channel::Ipn => ipn(url, delivery, attempt, signing),
    })
}

/// Addresses that a thread remembers as they were parsed.
const MOST_PARSED: usize = 128;

thread_local! {
    // Most messages go to a few addresses, and parsing one is a fifth of making a message.
    static PARSED: RefCell<HashMap<String, Url>> = RefCell::default();
}

/// The address without its fragment.
fn parsed(address: &str) -> Result<Url, NotAUrl> {
    PARSED.with_borrow_mut(|known| {
        if let Some(url) = known.get(address) {
            return Ok(url.clone());
        }
        let mut url = Url::parse(address).map_err(|_| NotAUrl)?;
        url.set_fragment(None);
        if known.len() >= MOST_PARSED {
            known.clear();
        }
        known.insert(address.to_owned(), url.clone());
        Ok(url)
    })
}

fn webhook(
    mut url: Url,
    delivery: &DeliveryRecord,
    attempt: AttemptIdentity<'_>,
    signing: Signing<'_>,
) -> Message {
    let id = query_id(&delivery.resource_id);
    append_query(&mut url, [("data.id", &id), ("type", &delivery.topic)]);
    let mut headers = headers(delivery, attempt, signing.webhook(&id, attempt));
    headers.push(("user-agent", format!("MercadoPago WebHook v1.0 {}", delivery.topic)));
    headers.push(("x-rest-pool-name", "/services/webhooks.js".to_owned()));
    let body = match topics::by_name(&delivery.topic) {
        Some(topic) if topic != PAYMENTS => shaped(topic, delivery, attempt.notification_id),
        _ => json_of(&PaymentBody {
            action: &delivery.action,
            api_version: "v1",
            data: WebhookData { id: &delivery.resource_id },
            date_created: delivery.created.to_utc_seconds(),
            id: attempt.notification_id,
            live_mode: delivery.mode.is_live(),
            topic: &delivery.topic,
            user_id: delivery.account_id.to_string(),
        }),
    };
    Message { url, headers, body }
}

/// The body of any topic, its members in alphabetical order.
fn shaped(topic: &Topic, delivery: &DeliveryRecord, notification_id: i64) -> Vec<u8> {
    let Shape { type_name, is_envelope, user_id_is_text, application_id, entity, version, is_bare } =
        topic.body;
    let mut members: BTreeMap<String, Value> = BTreeMap::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    if !is_bare {
        let date = delivery.created.to_utc_seconds();
        put("action", json!(delivery.action));
        put("data", json!({"id": delivery.resource_id}));
        put("id", json!(notification_id));
        put("type", json!(type_name.unwrap_or(topic.name)));
        if is_envelope {
            let user_id = delivery.account_id;
            put("api_version", json!("v1"));
            put("date_created", json!(date));
            put("live_mode", json!(delivery.mode.is_live()));
            put("user_id", if user_id_is_text { json!(user_id.to_string()) } else { json!(user_id) });
        } else {
            put("date", json!(date));
        }
        match application_id {
            Some(Form::Text) => drop(put("application_id", json!(delivery.application_id.to_string()))),
            Some(Form::Number) => drop(put("application_id", json!(delivery.application_id))),
            None => {}
        }
        if let Some(entity) = entity {
            put("entity", json!(entity));
        }
        if let Some(version) = version {
            put("version", json!(version));
        }
    }
    if let Some(Value::Object(said)) =
        delivery.data.as_deref().and_then(|data| serde_json::from_str(data).ok())
    {
        members.extend(said);
    }
    json_of(&members)
}

fn ipn(
    mut url: Url,
    delivery: &DeliveryRecord,
    attempt: AttemptIdentity<'_>,
    signing: Signing<'_>,
) -> Message {
    append_query(&mut url, [("id", &delivery.resource_id), ("topic", &delivery.topic)]);
    let mut headers = headers(delivery, attempt, signing.ipn(attempt));
    headers.push(("user-agent", format!("MercadoPago Feed v2.0 {}", delivery.topic)));
    let resource = topics::ipn_resource(&delivery.topic, &delivery.resource_id);
    let body = IpnBody { resource: &resource, topic: &delivery.topic };
    Message { url, headers, body: json_of(&body) }
}

/// The headers that both forms carry.
fn headers(
    delivery: &DeliveryRecord,
    attempt: AttemptIdentity<'_>,
    signature: String,
) -> Vec<(&'static str, String)> {
    vec![
        ("content-type", "application/json".to_owned()),
        ("accept", "application/json".to_owned()),
        ("accept-encoding", "gzip".to_owned()),
        ("cache-control", "no-cache".to_owned()),
        ("x-request-id", attempt.request_id.to_owned()),
        ("x-signature", signature),
        ("x-retry", delivery.attempts.to_string()),
        ("x-socket-timeout", schedule::timeout(delivery.attempts).as_millis().to_string()),
    ]
}

/// Appends to the URL's own query, which stays as the integrator wrote it: a parser that put it together again could
/// change its escapes.
fn append_query(url: &mut Url, pairs: [(&str, &str); 2]) {
    let mut query = url.query().unwrap_or_default().to_owned();
    for (name, value) in pairs {
        if !query.is_empty() && !query.ends_with('&') {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        query.extend(byte_serialize(value.as_bytes()));
    }
    url.set_query(Some(&query));
}

fn json_of(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("strings, numbers and booleans are always JSON")
}

/// The body of a `payment` webhook. The fields stand in alphabetical order because they are sent in it.
#[derive(Serialize)]
struct PaymentBody<'a> {
    action: &'a str,
    api_version: &'a str,
    data: WebhookData<'a>,
    date_created: String,
    id: i64,
    live_mode: bool,
    #[serde(rename = "type")]
    topic: &'a str,
    user_id: String,
}

#[derive(Serialize)]
struct WebhookData<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct IpnBody<'a> {
    resource: &'a str,
    topic: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use pasarela_domain::identity::Mode;
    use pasarela_store::DeliveryState;

    const REQUEST_ID: &str = "6f0b8a3e-3a1c-4d8e-9f60-0d2c6a9b1e55";
    const SECRET: &str = "b7f0c2d94e1a48d6a3a5f0e2c1d9b8a7746655443322110fedcba98765432100";

    fn delivery(channel: Channel, url: &str, resource_id: &str) -> DeliveryRecord {
        DeliveryRecord {
            id: 7,
            account_id: 380_200_100,
            application_id: 12,
            mode: Mode::Live,
            channel,
            url: url.to_owned(),
            topic: "payment".to_owned(),
            action: "payment.created".to_owned(),
            resource_id: resource_id.to_owned(),
            created: Timestamp::parse("2026-01-10T22:07:06.900Z").unwrap(),
            state: DeliveryState::Pending,
            attempts: 0,
            next_attempt: Timestamp(0),
            data: None,
            turns_ahead: 0,
        }
    }

    fn message_of(delivery: &DeliveryRecord) -> Message {
        let attempt = AttemptIdentity {
            notification_id: 127_977_040_001,
            request_id: REQUEST_ID,
            now: Timestamp(1_767_225_600_123),
        };
        message(delivery, attempt, Signing::Secret(SECRET)).unwrap()
    }

    fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
        message.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_webhook_looks_like_the_live_one() {
        let sent =
            message_of(&delivery(Channel::Webhook, "https://shop.example/hook?client=9", "123456789012"));
        assert_eq!(sent.url.as_str(), "https://shop.example/hook?client=9&data.id=123456789012&type=payment");
        assert_eq!(
            String::from_utf8(sent.body.clone()).unwrap(),
            r#"{"action":"payment.created","api_version":"v1","data":{"id":"123456789012"},"date_created":"2026-01-10T22:07:06Z","id":127977040001,"live_mode":true,"type":"payment","user_id":"380200100"}"#
        );
        for (name, value) in [
            ("content-type", "application/json"),
            ("accept", "application/json"),
            ("user-agent", "MercadoPago WebHook v1.0 payment"),
            ("x-request-id", REQUEST_ID),
            ("x-retry", "0"),
            ("x-socket-timeout", "22000"),
            ("x-rest-pool-name", "/services/webhooks.js"),
            (
                "x-signature",
                "ts=1767225600,v1=92db7b4255aea118e754012713a00895e8fa1e94d526ecf50ae28569bbf1d925",
            ),
        ] {
            assert_eq!(header(&sent, name), Some(value), "{name}");
        }
    }

    #[test]
    fn an_ipn_has_its_own_query_body_and_a_signature_that_is_not_the_applications() {
        let sent = message_of(&delivery(Channel::Ipn, "https://shop.example/hook", "135859802741"));
        assert_eq!(sent.url.as_str(), "https://shop.example/hook?id=135859802741&topic=payment");
        assert_eq!(sent.body, br#"{"resource":"135859802741","topic":"payment"}"#);
        assert_eq!(header(&sent, "user-agent"), Some("MercadoPago Feed v2.0 payment"));
        assert_eq!(header(&sent, "x-request-id"), Some(REQUEST_ID));
        let with_the_secret = sign(SECRET, None, Some(REQUEST_ID), 1_767_225_600);
        assert_ne!(header(&sent, "x-signature"), Some(with_the_secret.as_str()));
    }

    #[test]
    fn a_retry_says_its_number_and_its_shorter_timeout() {
        let mut again = delivery(Channel::Webhook, "https://shop.example/", "1");
        again.attempts = 2;
        let sent = message_of(&again);
        assert_eq!(header(&sent, "x-retry"), Some("2"));
        assert_eq!(header(&sent, "x-socket-timeout"), Some("5000"));
    }

    #[test]
    fn an_alphanumeric_id_is_signed_in_the_lower_case_of_the_query_and_kept_in_the_body() {
        let sent = message_of(&delivery(
            Channel::Webhook,
            "https://shop.example/",
            "ORD01KDVPASARELA000000000000A1",
        ));
        assert_eq!(sent.url.query(), Some("data.id=ord01kdvpasarela000000000000a1&type=payment"));
        assert!(String::from_utf8(sent.body.clone()).unwrap().contains("ORD01KDVPASARELA000000000000A1"));
        assert_eq!(
            header(&sent, "x-signature"),
            Some("ts=1767225600,v1=39cb51db1e001f837af1ed0f54d90b8990262824a91dfb7340f60f345f76a648")
        );
    }

    #[test]
    fn the_urls_own_query_is_kept_byte_for_byte() {
        for (url, expected) in [
            ("https://s.example/?a=%7e+%2B", "a=%7e+%2B&data.id=1&type=payment"),
            ("https://s.example/?", "data.id=1&type=payment"),
            ("https://s.example/?a=1&", "a=1&data.id=1&type=payment"),
            ("https://s.example/#part", "data.id=1&type=payment"),
        ] {
            let sent = message_of(&delivery(Channel::Webhook, url, "1"));
            assert_eq!(sent.url.query(), Some(expected), "{url}");
            assert_eq!(sent.url.fragment(), None);
        }
        let sent = message_of(&delivery(Channel::Webhook, "https://s.example/", "a&b=c"));
        assert_eq!(sent.url.query(), Some("data.id=a%26b%3Dc&type=payment"));
    }

    #[test]
    fn the_debug_form_hides_the_query() {
        let sent = message_of(&delivery(Channel::Webhook, "https://shop.example/?key=hush", "1"));
        assert!(!format!("{sent:?}").contains("hush"));
    }

    fn body_of(topic: &str, action: &str, resource_id: &str, data: Option<&str>) -> String {
        let told = DeliveryRecord {
            topic: topic.to_owned(),
            action: action.to_owned(),
            data: data.map(str::to_owned),
            ..delivery(Channel::Webhook, "https://shop.example/hook", resource_id)
        };
        String::from_utf8(message_of(&told).body).unwrap()
    }

    #[test]
    fn every_topic_has_the_body_that_it_always_had() {
        assert_eq!(
            body_of("order", "order.processed", "ORD01KDVPASARELA000000000000A1", None),
            r#"{"action":"order.processed","api_version":"v1","application_id":"12","data":{"id":"ORD01KDVPASARELA000000000000A1"},"date_created":"2026-01-10T22:07:06Z","id":127977040001,"live_mode":true,"type":"order","user_id":380200100}"#
        );
        assert_eq!(
            body_of("subscription_preapproval", "updated", "0f226f7e", Some(r#"{"version":4}"#)),
            r#"{"action":"updated","application_id":12,"data":{"id":"0f226f7e"},"date":"2026-01-10T22:07:06Z","entity":"preapproval","id":127977040001,"type":"subscription_preapproval","version":4}"#
        );
        assert_eq!(
            body_of("mp-connect", "application.authorized", "380200100", None),
            r#"{"action":"application.authorized","api_version":"v1","data":{"id":"380200100"},"date_created":"2026-01-10T22:07:06Z","id":127977040001,"live_mode":true,"type":"mp-connect","user_id":380200100}"#
        );
        let alert = r#"{"data":{"description":"fraud","payment_id":7,"site_id":"MLA"},"id":"7"}"#;
        assert_eq!(
            body_of("stop_delivery_op_wh", "Created", "7", Some(alert)),
            r#"{"action":"Created","api_version":"v1","data":{"description":"fraud","payment_id":7,"site_id":"MLA"},"date_created":"2026-01-10T22:07:06Z","id":"7","live_mode":true,"type":"stop_delivery_op_wh","user_id":380200100,"version":1}"#
        );
        let claim = body_of("topic_claims_integration_wh", "created", "5", None);
        assert!(claim.contains(r#""type":"claim""#), "{claim}");
        let intent = r#"{"id":"a","state":"FINISHED"}"#;
        assert_eq!(body_of("point_integration_wh", "state_FINISHED", "a", Some(intent)), intent);
    }

    #[test]
    fn a_merchant_order_is_an_address_in_ipn() {
        let told = DeliveryRecord {
            topic: "merchant_order".to_owned(),
            ..delivery(Channel::Ipn, "https://shop.example/hook", "36127019344")
        };
        let sent = message_of(&told);
        assert_eq!(sent.url.as_str(), "https://shop.example/hook?id=36127019344&topic=merchant_order");
        assert_eq!(
            sent.body,
            br#"{"resource":"https://api.mercadolibre.com/merchant_orders/36127019344","topic":"merchant_order"}"#
        );
    }
}
