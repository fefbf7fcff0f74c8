//! What can be told: every topic, the forms it is told in, and how its body differs from the ordinary one.
//!
//! A topic is one line of [`TOPICS`]. Whoever builds a resource says what happened with an
//! [`Event`](super::listeners::Event) that names its line.

use pasarela_store::Channel;

/// One topic.
#[derive(Debug, PartialEq, Eq)]
pub struct Topic {
    /// How applications subscribe to it; `type` in the query of Webhooks.
    pub name: &'static str,
    /// What it is called in IPN; `None` where IPN has no such topic.
    pub ipn: Option<&'static str>,
    /// Its actions; a simulated notification has the first.
    pub actions: &'static [&'static str],
    /// The forms that go to a resource's own `notification_url`; none for what is only subscribed to.
    pub by_url: &'static [Channel],
    /// How a Webhook's body looks.
    pub body: Shape,
}

/// A Webhook's body: which members it has besides `action`, `data`, `id` and `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// `type` in the body, where it is not the topic's name.
    pub type_name: Option<&'static str>,
    /// `api_version`, `date_created`, `live_mode` and `user_id`; without them, `date`.
    pub is_envelope: bool,
    /// `user_id` is a text.
    pub user_id_is_text: bool,
    /// `application_id`, as a text or as a number.
    pub application_id: Option<Form>,
    /// `entity`.
    pub entity: Option<&'static str>,
    /// `version`, where the event does not say another one.
    pub version: Option<u32>,
    /// The body is what the event says, and nothing else.
    pub is_bare: bool,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In quotes.
    Text,
    /// As it is.
    Number,
}

const ENVELOPE: Shape = Shape {
    type_name: None,
    is_envelope: true,
    user_id_is_text: false,
    application_id: None,
    entity: None,
    version: None,
    is_bare: false,
};
const PAYMENT: Shape = Shape { user_id_is_text: true, ..ENVELOPE };
const ORDER: Shape = Shape { application_id: Some(Form::Text), ..ENVELOPE };
const BARE: Shape = Shape { is_bare: true, ..ENVELOPE };

const fn subscription(entity: &'static str) -> Shape {
    let application_id = Some(Form::Number);
    Shape { is_envelope: false, application_id, entity: Some(entity), version: Some(0), ..ENVELOPE }
}

const fn first_version(type_name: Option<&'static str>, application_id: Option<Form>) -> Shape {
    Shape { type_name, application_id, version: Some(1), ..ENVELOPE }
}

const BOTH: &[Channel] = &[Channel::Webhook, Channel::Ipn];
const IPN: &[Channel] = &[Channel::Ipn];
const WEBHOOK: &[Channel] = &[Channel::Webhook];
const CHANGES: &[&str] = &["updated", "created"];

const fn topic(
    name: &'static str,
    ipn: Option<&'static str>,
    actions: &'static [&'static str],
    by_url: &'static [Channel],
    body: Shape,
) -> Topic {
    Topic { name, ipn, actions, by_url, body }
}

const ORDERS: &[&str] = &[
    "order.action_required",
    "order.created",
    "order.processed",
    "order.processing",
    "order.failed",
    "order.canceled",
    "order.expired",
    "order.refunded",
    "order.charged_back",
];
const POINT: &[&str] = &["state_FINISHED", "state_CANCELED", "state_ERROR"];

/// All of them.
#[rustfmt::skip]
pub static TOPICS: [Topic; 15] = [
    topic("payment", Some("payment"), &["payment.updated", "payment.created"], BOTH, PAYMENT),
    topic("order", None, ORDERS, &[], ORDER),
    topic("topic_merchant_order_wh", Some("merchant_order"), &["update", "create"], IPN, ENVELOPE),
    topic("topic_chargebacks_wh", Some("chargebacks"), CHANGES, BOTH, ENVELOPE),
    topic("topic_claims_integration_wh", None, CHANGES, &[], Shape { type_name: Some("claim"), ..ENVELOPE }),
    topic("stop_delivery_op_wh", Some("delivery_cancellation"), &["Created"], &[], first_version(None, None)),
    topic("topic_card_id_wh", None, &["card.updated"], &[], first_version(Some("automatic-payments"), Some(Form::Number))),
    topic("subscription_preapproval", None, CHANGES, WEBHOOK, subscription("preapproval")),
    topic("subscription_preapproval_plan", None, CHANGES, WEBHOOK, subscription("preapproval_plan")),
    topic("subscription_authorized_payment", None, CHANGES, WEBHOOK, subscription("authorized_payment")),
    topic("mp-connect", None, &["application.authorized", "application.deauthorized"], &[], ENVELOPE),
    topic("wallet_connect", None, &["status.updated"], &[], BARE),
    topic("point_integration_wh", Some("point_integration_ipn"), POINT, &[], BARE),
    topic("delivery", None, &["delivery.updated"], &[], BARE),
    // This platform's own: the original tells results in its panel alone.
    topic("pasarela_quality", None, &["measurement.published"], &[], ENVELOPE),
];

/// Payments: what most events are about.
pub static PAYMENTS: &Topic = &TOPICS[0];

/// Merchant orders: their own address is told by IPN alone, Webhooks are subscribed to.
pub static MERCHANT_ORDERS: &Topic = &TOPICS[2];

/// Measurements of an integration's quality that the platform made by itself.
pub static QUALITY: &Topic = &TOPICS[14];

/// The topic that applications subscribe to by `name`.
pub fn by_name(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}

/// The topic that IPN calls `name`.
pub fn by_ipn_name(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.ipn == Some(name))
}

/// What IPN's `resource` is: the id, and for merchant orders an address, as it has always been.
pub fn ipn_resource(ipn_name: &str, resource_id: &str) -> String {
    match ipn_name {
        "merchant_order" => format!("https://api.mercadolibre.com/merchant_orders/{resource_id}"),
        _ => resource_id.to_owned(),
    }
}

/// Whether a notification that failed is sent again: a fraud alert that comes late helps nobody.
pub fn is_tried_again(name: &str) -> bool {
    !matches!(name, "stop_delivery_op_wh" | "delivery_cancellation")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_name_means_one_topic_and_each_has_an_action() {
        let names: HashSet<&str> = TOPICS.iter().map(|topic| topic.name).collect();
        assert_eq!(names.len(), TOPICS.len());
        let ipn: Vec<&str> = TOPICS.iter().filter_map(|topic| topic.ipn).collect();
        assert_eq!(ipn.iter().collect::<HashSet<_>>().len(), ipn.len());
        assert!(TOPICS.iter().all(|topic| !topic.actions.is_empty()));
        assert_eq!(by_name("payment"), Some(PAYMENTS));
        assert_eq!(by_ipn_name("merchant_order"), Some(MERCHANT_ORDERS));
        assert_eq!(by_name("topic_merchant_order_wh"), Some(MERCHANT_ORDERS));
        assert_eq!(by_name("pasarela_quality"), Some(QUALITY));
        assert_eq!((by_name("merchant_order"), by_ipn_name("order")), (None, None));
    }
}
