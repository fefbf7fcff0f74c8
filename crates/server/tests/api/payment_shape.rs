//! The exact JSON types of a payment, member by member, and a walk that holds a body against them: a member that is
//! missing, of another type, or not listed fails. Strict decoders (Go above all) break on each of these.

use pasarela_domain::timestamp::Timestamp;
use serde_json::Value;

/// What a member may be.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// A string that the caller made up, empty or not.
    Echo,
    /// Digits in a string: an id that typed clients read as a string.
    Digits,
    Integer,
    Number,
    Boolean,
    /// `2026-11-21T08:40:10.000-04:00`
    Date,
    Null,
    Object(&'static [Member]),
    /// `{}`, or exactly this.
    ObjectOrEmpty(&'static [Member]),
    Array(&'static Kind),
    EmptyArray,
    /// An object that the caller made up.
    Anything,
    /// An object whose scalars are all strings.
    Strings,
    OneOf(&'static [&'static str]),
}

use Kind::{
    Anything, Array, Boolean, Date, Digits, Echo, EmptyArray, Integer, Null, Number, Object, ObjectOrEmpty,
    OneOf, Strings, Text,
};

struct Member {
    name: &'static str,
    kind: Kind,
    nullable: bool,
    optional: bool,
}

/// Always there, never null.
const fn set(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, nullable: false, optional: false }
}

/// Always there, null when unused.
const fn nullable(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, nullable: true, optional: false }
}

/// Not always there.
const fn optional(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, nullable: true, optional: true }
}

const IDENTIFICATION: Kind = Object(&[nullable("type", Text), nullable("number", Text)]);

const PAYER: &[Member] = &[
    nullable("id", Digits),
    nullable("type", Text),
    nullable("operator_id", Text),
    nullable("email", Text),
    set("identification", IDENTIFICATION),
    set(
        "phone",
        Object(&[nullable("area_code", Text), nullable("number", Text), nullable("extension", Text)]),
    ),
    nullable("first_name", Text),
    nullable("last_name", Text),
    nullable("entity_type", Text),
];

const CARD: &[Member] = &[
    nullable("id", Digits),
    set("first_six_digits", Digits),
    set("last_four_digits", Digits),
    set("bin", Digits),
    set("expiration_month", Integer),
    set("expiration_year", Integer),
    set("date_created", Date),
    set("date_last_updated", Date),
    set("cardholder", Object(&[nullable("name", Text), set("identification", IDENTIFICATION)])),
    optional("country", Text),
    optional("tags", Array(&Text)),
];

const BARCODE: Kind = Object(&[set("content", Digits)]);

const TRANSACTION_DETAILS: &[Member] = &[
    nullable("payment_method_reference_id", Text),
    nullable("acquirer_reference", Text),
    set("net_received_amount", Number),
    set("total_paid_amount", Number),
    set("overpaid_amount", Number),
    nullable("external_resource_url", Text),
    set("installment_amount", Number),
    nullable("financial_institution", Text),
    nullable("payable_deferral_period", Null),
    optional("verification_code", Text),
    optional("digitable_line", Text),
    optional("barcode", BARCODE),
    optional("bank_transfer_id", Integer),
    optional("transaction_id", Text),
];

const FEE: Kind = Object(&[
    set("type", OneOf(&["mercadopago_fee", "financing_fee", "application_fee", "coupon_fee"])),
    set("amount", Number),
    set("fee_payer", OneOf(&["collector", "payer"])),
]);

const CHARGE: Kind = Object(&[
    set("id", Text),
    set("name", Text),
    set("type", Text),
    set("accounts", Object(&[set("from", Text), set("to", Text)])),
    set("client_id", Integer),
    set("date_created", Date),
    set("last_updated", Date),
    set("amounts", Object(&[set("original", Number), set("refunded", Number)])),
    set("metadata", Anything),
    nullable("reserve_id", Null),
    set("refund_charges", EmptyArray),
]);

const REFUND: &[Member] = &[
    set("id", Integer),
    set("payment_id", Integer),
    set("amount", Number),
    set("metadata", Anything),
    set("source", Object(&[set("id", Digits), set("name", Text), set("type", OneOf(&["collector"]))])),
    set("date_created", Date),
    nullable("unique_sequence_number", Text),
    set("refund_mode", OneOf(&["standard"])),
    set("adjustment_amount", Number),
    set("status", OneOf(&["approved", "in_process", "rejected", "cancelled", "authorized"])),
    nullable("reason", Text),
    set("labels", Array(&Text)),
    set("amount_refunded_to_payer", Number),
    nullable("additional_data", Null),
    nullable("expiration_date", Null),
    set("partition_details", EmptyArray),
];

/// The account ids are null because no type satisfies every client.
const BANK_INFO: &[Member] = &[
    set(
        "payer",
        Object(&[
            nullable("id", Null),
            nullable("account_id", Null),
            nullable("long_name", Text),
            nullable("external_account_id", Null),
            nullable("email", Text),
        ]),
    ),
    set(
        "collector",
        Object(&[
            nullable("account_id", Null),
            nullable("long_name", Text),
            nullable("account_holder_name", Text),
            nullable("transfer_account_id", Null),
        ]),
    ),
    nullable("is_same_bank_account_owner", Null),
    nullable("origin_bank_id", Text),
    nullable("origin_wallet_id", Text),
];

const POINT_OF_INTERACTION: &[Member] = &[
    set("type", Text),
    optional("sub_type", Text),
    optional("linked_to", Text),
    set(
        "business_info",
        Object(&[set("unit", OneOf(&["online_payments"])), set("sub_unit", OneOf(&["default"]))]),
    ),
    optional("location", Object(&[nullable("state_id", Null), nullable("source", Null)])),
    optional("application_data", Object(&[nullable("name", Null), nullable("version", Null)])),
    optional(
        "transaction_data",
        Object(&[
            set("qr_code", Text),
            set("qr_code_base64", Text),
            set("ticket_url", Text),
            nullable("bank_transfer_id", Integer),
            nullable("transaction_id", Text),
            nullable("financial_institution", Integer),
            nullable("e2e_id", Text),
            set("bank_info", Object(BANK_INFO)),
        ]),
    ),
];

const STATUS: Kind = OneOf(&[
    "pending",
    "approved",
    "authorized",
    "in_process",
    "in_mediation",
    "rejected",
    "cancelled",
    "refunded",
    "charged_back",
]);

const PAYMENT_TYPE: Kind = OneOf(&[
    "ticket",
    "bank_transfer",
    "atm",
    "credit_card",
    "debit_card",
    "prepaid_card",
    "digital_currency",
    "digital_wallet",
    "voucher_card",
    "crypto_transfer",
    "account_money",
]);

const PAYMENT: &[Member] = &[
    set("id", Integer),
    set("date_created", Date),
    nullable("date_approved", Date),
    set("date_last_updated", Date),
    nullable("date_of_expiration", Date),
    nullable("money_release_date", Date),
    nullable("money_release_status", OneOf(&["pending", "released"])),
    nullable("money_release_schema", Text),
    set("operation_type", OneOf(&["regular_payment"])),
    nullable("issuer_id", Digits),
    set("payment_method_id", Text),
    set("payment_type_id", PAYMENT_TYPE),
    set(
        "payment_method",
        Object(&[
            set("id", Text),
            set("type", PAYMENT_TYPE),
            nullable("issuer_id", Digits),
            optional("data", Anything),
            optional("forward_data", Strings),
        ]),
    ),
    set("status", STATUS),
    set("status_detail", Text),
    set("currency_id", OneOf(&["ARS", "BRL", "MXN", "CLP", "COP", "PEN", "UYU"])),
    nullable("description", Text),
    set("live_mode", Boolean),
    nullable("sponsor_id", Integer),
    nullable("authorization_code", Digits),
    nullable("integrator_id", Text),
    nullable("platform_id", Text),
    nullable("corporation_id", Text),
    nullable("brand_id", Text),
    set("build_version", Text),
    set("taxes_amount", Number),
    optional("taxes", Array(&Anything)),
    optional("net_amount", Number),
    nullable("counter_currency", Null),
    set("shipping_amount", Number),
    nullable("pos_id", Text),
    nullable("store_id", Text),
    set("collector_id", Integer),
    set("payer", Object(PAYER)),
    nullable("marketplace_owner", Text),
    set("metadata", Anything),
    set("additional_info", Strings),
    set("order", Object(&[optional("id", Echo), optional("type", Echo)])),
    nullable("external_reference", Text),
    set("transaction_amount", Number),
    set("transaction_amount_refunded", Number),
    set("coupon_amount", Number),
    nullable("differential_pricing_id", Integer),
    nullable("financing_group", Text),
    nullable("deduction_schema", Text),
    optional("barcode", BARCODE),
    optional("callback_url", Text),
    set("installments", Integer),
    set("transaction_details", Object(TRANSACTION_DETAILS)),
    set("fee_details", Array(&FEE)),
    set("charges_details", Array(&CHARGE)),
    set("captured", Boolean),
    set("binary_mode", Boolean),
    nullable("call_for_authorize_id", Text),
    nullable("statement_descriptor", Text),
    set("card", ObjectOrEmpty(CARD)),
    nullable("notification_url", Text),
    set("refunds", Array(&Object(REFUND))),
    set("processing_mode", OneOf(&["aggregator", "gateway"])),
    nullable("merchant_account_id", Text),
    nullable("merchant_number", Text),
    nullable("acquirer", Text),
    set("acquirer_reconciliation", EmptyArray),
    set("point_of_interaction", Object(POINT_OF_INTERACTION)),
    optional("three_ds_info", Object(&[set("external_resource_url", Text), set("creq", Text)])),
    nullable("tags", Null),
    nullable("accounts_info", Null),
    nullable("release_info", Null),
    // Search results only.
    optional("shipping_cost", Number),
];

/// Every member that a payment always has.
pub fn members_always_there() -> impl Iterator<Item = &'static str> {
    PAYMENT.iter().filter(|member| !member.optional).map(|member| member.name)
}

/// Holds a payment against the table, and against what follows from its status and method.
#[track_caller]
pub fn assert_is_payment(payment: &Value) {
    let faults = faults(payment, &Object(PAYMENT), "payment");
    assert!(faults.is_empty(), "{faults:#?}\nin {payment:#}");
    let text = |name: &str| payment[name].as_str().unwrap();
    let (status, kind) = (text("status"), text("payment_type_id"));
    let id = payment["id"].as_i64().unwrap();
    assert!((1_000_000_000..1 << 53).contains(&id), "10 digits at least, below 2^53: {id}");
    let is_card = matches!(kind, "credit_card" | "debit_card" | "prepaid_card");
    assert_eq!(is_card, !payment["card"].as_object().unwrap().is_empty(), "card is {{}} unless a card paid");
    assert_eq!(payment["payment_method"]["id"], payment["payment_method_id"]);
    assert_eq!(payment["payment_method"]["type"], payment["payment_type_id"]);
    assert_eq!(payment["payment_method"]["issuer_id"], payment["issuer_id"]);
    let was_approved = matches!(status, "approved" | "refunded" | "charged_back" | "in_mediation");
    assert_eq!(payment["date_approved"].is_string(), was_approved, "date_approved is set on approval");
    assert_eq!(payment["money_release_date"].is_string(), was_approved);
    assert_eq!(payment["money_release_status"].is_string(), was_approved);
    if !was_approved {
        assert_eq!(payment["fee_details"].as_array().unwrap().len(), 0, "no fee before approval");
        assert_eq!(payment["charges_details"].as_array().unwrap().len(), 0, "no charge before approval");
        assert_eq!(payment["transaction_details"]["net_received_amount"], 0);
        assert_eq!(payment["payer"]["email"], Value::Null, "the e-mail is shown once the sale is real");
        assert_eq!(payment["payer"]["identification"]["number"], Value::Null);
    }
    let shows_name = payment["additional_info"].as_object().unwrap();
    for name in ["available_balance", "nsu_processadora", "authentication_code"] {
        assert!(shows_name.contains_key(name), "additional_info.{name} is always there");
    }
    if !is_card {
        assert_eq!(payment["transaction_details"]["installment_amount"], 0, "no instalment without a card");
        assert_eq!(payment["installments"], 1);
        assert_eq!(payment["captured"], true, "reserves are a card's");
    }
    if payment.get("three_ds_info").is_some() {
        assert!(is_card);
    }
}

/// Holds a refund against the table.
#[track_caller]
pub fn assert_is_refund(refund: &Value) {
    let faults = faults(refund, &Object(REFUND), "refund");
    assert!(faults.is_empty(), "{faults:#?}\nin {refund:#}");
}

fn faults(value: &Value, kind: &Kind, path: &str) -> Vec<String> {
    let wrong = |what: &str| vec![format!("{path} should be {what}, is {value}")];
    let check = |is_right: bool, what: &str| if is_right { Vec::new() } else { wrong(what) };
    match kind {
        Text => check(value.as_str().is_some_and(|text| !text.is_empty()), "a string"),
        Echo => check(value.is_string(), "a string"),
        Digits => check(value.as_str().is_some_and(is_digits), "digits in a string"),
        Integer => check(value.is_i64(), "an integer"),
        Number => check(value.is_number() && !value.to_string().contains(['e', 'E']), "a plain number"),
        Boolean => check(value.is_boolean(), "a boolean"),
        Date => check(value.as_str().is_some_and(is_date), "a date with milliseconds at -04:00"),
        Null => check(value.is_null(), "null"),
        OneOf(words) => {
            check(value.as_str().is_some_and(|text| words.contains(&text)), &format!("one of {words:?}"))
        }
        Anything => check(value.is_object() || value.is_array(), "an object"),
        EmptyArray => check(value.as_array().is_some_and(Vec::is_empty), "[]"),
        Array(element) => match value.as_array() {
            Some(items) => items
                .iter()
                .enumerate()
                .flat_map(|(index, item)| faults(item, element, &format!("{path}[{index}]")))
                .collect(),
            None => wrong("an array"),
        },
        Strings => match value.as_object() {
            Some(_) => not_strings(value, path),
            None => wrong("an object"),
        },
        ObjectOrEmpty(_) if value.as_object().is_some_and(serde_json::Map::is_empty) => Vec::new(),
        Object(members) | ObjectOrEmpty(members) => {
            let Some(present) = value.as_object() else { return wrong("an object") };
            let unlisted = present
                .keys()
                .filter(|name| members.iter().all(|member| member.name != name.as_str()))
                .map(|name| format!("{path}.{name} is not listed"));
            let listed = members.iter().flat_map(|member| {
                let path = format!("{path}.{}", member.name);
                match present.get(member.name) {
                    None if member.optional => Vec::new(),
                    None => vec![format!("{path} is missing")],
                    Some(Value::Null) if member.nullable => Vec::new(),
                    Some(inner) => faults(inner, &member.kind, &path),
                }
            });
            unlisted.chain(listed).collect()
        }
    }
}

fn not_strings(value: &Value, path: &str) -> Vec<String> {
    match value {
        Value::Number(_) | Value::Bool(_) => vec![format!("{path} should be a string, is {value}")],
        Value::Array(items) => items.iter().flat_map(|item| not_strings(item, path)).collect(),
        Value::Object(members) => {
            members.iter().flat_map(|(name, inner)| not_strings(inner, &format!("{path}.{name}"))).collect()
        }
        Value::Null | Value::String(_) => Vec::new(),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// RFC 3339 with milliseconds, at the one offset that the API has always answered.
pub fn is_date(text: &str) -> bool {
    text.len() == 29
        && text.as_bytes()[19] == b'.'
        && text.ends_with("-04:00")
        && Timestamp::parse(text).is_some()
}
