//! Where a buyer goes after the hosted checkout, and what the shop is told in the address (only told: what counts is what
//! it reads by the payment's id).

use super::Preference;
use super::request::is_followed;
use url::Url;

/// What of a payment stands in the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// The payment.
    pub payment_id: i64,
    /// `approved`, `pending`, `rejected`, …
    pub status: &'a str,
    /// `credit_card`, …
    pub payment_type_id: &'a str,
    /// The merchant order.
    pub merchant_order_id: Option<i64>,
}

/// The shop's address for a payment's outcome, or for a buyer who leaves without one; `None` where the seller named none.
pub fn return_address(preference: &Preference, outcome: Option<Outcome<'_>>) -> Option<String> {
    let base = match outcome.map(|outcome| outcome.status) {
        Some("approved") => &preference.back_urls.success,
        Some("pending" | "in_process" | "authorized") => &preference.back_urls.pending,
        _ => &preference.back_urls.failure,
    };
    if base.is_empty() || !is_followed(base) {
        return None;
    }
    let mut url = Url::parse(base).ok()?;
    let null = || "null".to_owned();
    let id = outcome.map_or_else(null, |outcome| outcome.payment_id.to_string());
    let status = outcome.map_or_else(null, |outcome| outcome.status.to_owned());
    let order = outcome.and_then(|outcome| outcome.merchant_order_id);
    // In this order; the seller's own query stays before it, byte for byte.
    let told = [
        ("collection_id", id.clone()),
        ("collection_status", status.clone()),
        ("payment_id", id),
        ("status", status),
        ("external_reference", preference.reference().map_or_else(null, str::to_owned)),
        ("payment_type", outcome.map_or_else(null, |outcome| outcome.payment_type_id.to_owned())),
        ("merchant_order_id", order.map_or_else(null, |order| order.to_string())),
        ("preference_id", preference.id.clone()),
        ("site_id", preference.site_id.clone()),
        ("processing_mode", "aggregator".to_owned()),
        ("merchant_account_id", null()),
    ];
    let mut query = url.query().unwrap_or_default().to_owned();
    for (name, value) in told {
        if !query.is_empty() && !query.ends_with('&') {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        query.extend(url::form_urlencoded::byte_serialize(value.as_bytes()));
    }
    url.set_query(Some(&query));
    Some(url.into())
}

/// Whether the buyer goes there without a click.
pub fn returns_by_itself(preference: &Preference, outcome: Option<Outcome<'_>>) -> bool {
    !preference.auto_return.is_empty() && outcome.is_some_and(|outcome| outcome.status == "approved")
}
