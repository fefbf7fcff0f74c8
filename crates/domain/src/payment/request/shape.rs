//! Which members a request for a payment may have; any other is refused by its name.

use crate::json::Shape;

const ANY: Shape = Shape::Any;
const IDENTIFICATION: Shape = Shape::Object(&[("type", ANY), ("number", ANY), ("subtype", ANY)]);
const PHONE: Shape = Shape::Object(&[("area_code", ANY), ("number", ANY), ("extension", ANY)]);
const ADDRESS: Shape = Shape::Object(&[
    ("zip_code", ANY),
    ("street_name", ANY),
    ("street_number", ANY),
    ("neighborhood", ANY),
    ("city", ANY),
    ("city_name", ANY),
    ("federal_unit", ANY),
    ("state", ANY),
    ("state_name", ANY),
    ("country", ANY),
    ("country_name", ANY),
    ("apartment", ANY),
    ("floor", ANY),
    ("complement", ANY),
]);
/// The guides of the trades have other names for the same.
const TRADE_IDENTIFICATION: Shape = Shape::Object(&[
    ("type", ANY),
    ("number", ANY),
    ("subtype", ANY),
    ("identification_type", ANY),
    ("identification_number", ANY),
]);
const PAYER: Shape = Shape::Object(&[
    ("email", ANY),
    ("type", ANY),
    ("id", ANY),
    ("entity_type", ANY),
    ("first_name", ANY),
    ("last_name", ANY),
    ("identification", IDENTIFICATION),
    ("phone", PHONE),
    ("address", ADDRESS),
    ("authentication_type", ANY),
    ("registration_date", ANY),
    ("is_prime_user", ANY),
    ("is_first_purchase_online", ANY),
    ("last_purchase", ANY),
    ("operator_id", ANY),
]);
const ADDITIONAL_PAYER: Shape = Shape::Object(&[
    ("first_name", ANY),
    ("last_name", ANY),
    ("phone", PHONE),
    ("address", ADDRESS),
    ("identification", TRADE_IDENTIFICATION),
    ("registration_date", ANY),
    ("date_created", ANY),
    ("authentication_type", ANY),
    ("is_prime_user", ANY),
    ("is_first_purchase_online", ANY),
    ("last_purchase", ANY),
    ("user_email", ANY),
    ("platform_email", ANY),
    ("register_updated_at", ANY),
    ("mobile", ANY),
    ("registered_user", ANY),
    ("email", ANY),
    ("name", ANY),
    ("surname", ANY),
]);
const ITEM: Shape = Shape::Object(&[
    ("id", ANY),
    ("title", ANY),
    ("description", ANY),
    ("picture_url", ANY),
    ("category_id", ANY),
    ("quantity", ANY),
    ("unit_price", ANY),
    ("type", ANY),
    ("event_date", ANY),
    ("warranty", ANY),
    ("currency_id", ANY),
    ("category_descriptor", ANY),
]);
pub(super) const ADDITIONAL_INFO: Shape = Shape::Object(&[
    ("ip_address", ANY),
    ("items", Shape::Array(&ITEM)),
    ("payer", ADDITIONAL_PAYER),
    (
        "shipments",
        Shape::Object(&[
            ("receiver_address", ADDRESS),
            ("express_shipment", ANY),
            ("pick_up_on_seller", ANY),
            ("local_pickup", ANY),
            ("width", ANY),
            ("height", ANY),
        ]),
    ),
    ("barcode", Shape::Object(&[("type", ANY), ("content", ANY), ("width", ANY), ("height", ANY)])),
    ("referral_url", ANY),
    ("drop_shipping", ANY),
    ("delivery_promise", ANY),
    ("contrated_plan", ANY),
    ("seller", ANY),
    ("tracking_id", ANY),
]);
const PAYMENT_MEMBERS: &[(&str, Shape)] = &[
    ("transaction_amount", ANY),
    ("token", ANY),
    ("installments", ANY),
    ("payment_method_id", ANY),
    ("issuer_id", ANY),
    ("payer", PAYER),
    ("description", ANY),
    ("external_reference", ANY),
    ("statement_descriptor", ANY),
    ("notification_url", ANY),
    ("metadata", ANY),
    ("additional_info", ADDITIONAL_INFO),
    ("capture", ANY),
    ("binary_mode", ANY),
    ("three_d_secure_mode", ANY),
    ("date_of_expiration", ANY),
    ("application_fee", ANY),
    ("coupon_amount", ANY),
    ("coupon_code", ANY),
    ("campaign_id", ANY),
    ("differential_pricing_id", ANY),
    ("callback_url", ANY),
    ("sponsor_id", ANY),
    ("order", Shape::Object(&[("id", ANY), ("type", ANY)])),
    ("processing_mode", ANY),
    ("merchant_account_id", ANY),
    ("net_amount", ANY),
    ("taxes", Shape::Array(&Shape::Object(&[("type", ANY), ("value", ANY), ("percentage", ANY)]))),
    ("transaction_details", ANY),
    ("point_of_interaction", ANY),
    ("payment_method", ANY),
    ("forward_data", ANY),
    ("amounts", ANY),
    ("counter_currency", ANY),
    ("merchant_services", ANY),
    ("payment_method_option_id", ANY),
    ("device_id", ANY),
    ("session_id", ANY),
    ("internal_metadata", ANY),
    // The 3DS guide sends it; the documented strictness would refuse its own example.
    ("marketplace", ANY),
    ("operation_type", ANY),
    ("currency_id", ANY),
];
/// The request as a whole.
pub(super) const PAYMENT: Shape = Shape::Object(PAYMENT_MEMBERS);

/// The members that a request may have: any other is refused with cause 8.
pub fn known_members() -> impl Iterator<Item = &'static str> {
    PAYMENT_MEMBERS.iter().map(|(name, _)| *name)
}
