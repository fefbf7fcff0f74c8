//! The payment as the API shows it, field by field, in the API's order.

use crate::identity::{AccountId, PaymentId, RefundId};
use crate::json::JsonText;
use crate::money::{Amount, Currency};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The buyer has still to pay, or to pass a challenge.
    Pending,
    /// The platform or the issuer is still deciding.
    InProcess,
    /// Reserved on the card, not captured.
    Authorized,
    /// The money is the collector's.
    Approved,
    /// A dispute is open.
    InMediation,
    /// Declined. Final.
    Rejected,
    /// Cancelled or expired. Final.
    Cancelled,
    /// All of it given back. Final.
    Refunded,
    /// The holder's bank took it back.
    ChargedBack,
}

impl Status {
    /// `pending`, `in_process`, …
    pub const fn name(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::InProcess => "in_process",
            Status::Authorized => "authorized",
            Status::Approved => "approved",
            Status::InMediation => "in_mediation",
            Status::Rejected => "rejected",
            Status::Cancelled => "cancelled",
            Status::Refunded => "refunded",
            Status::ChargedBack => "charged_back",
        }
    }

    /// Whether the payer's e-mail and document are shown: only once the sale is real.
    pub const fn shows_payer(self) -> bool {
        matches!(self, Status::Approved | Status::Refunded | Status::ChargedBack | Status::InMediation)
    }
}

/// A document: type and number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Identification {
    /// `CPF`, `DNI`, …
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The number, as sent.
    pub number: Option<String>,
}

/// A payer's phone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Phone {
    /// Area code.
    pub area_code: Option<String>,
    /// Subscriber number.
    pub number: Option<String>,
    /// Extension.
    pub extension: Option<String>,
}

/// Who pays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Payer {
    /// The payer's user id, as a string.
    pub id: Option<String>,
    /// `customer`, `registered`, `guest` or nothing.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Always null here.
    pub operator_id: Option<String>,
    /// Shown for approved, refunded, disputed and charged back payments.
    pub email: Option<String>,
    /// Shown as `email` is.
    pub identification: Identification,
    /// Shown as `email` is.
    pub phone: Phone,
    /// Shown as `email` is.
    pub first_name: Option<String>,
    /// Shown as `email` is.
    pub last_name: Option<String>,
    /// `individual` or `association`.
    pub entity_type: Option<String>,
}

/// The method and its issuer, grouped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MethodBlock {
    /// `master`, `pix`, …
    pub id: String,
    /// `credit_card`, `bank_transfer`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The issuer of a card.
    pub issuer_id: Option<String>,
    /// Rules and references of the method, where it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub data: Option<Value>,
    /// Boleto: the bank's numbers of the ticket and of the agreement under which it is collected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_data: Option<ForwardData>,
}

/// Under which numbers a bank knows a boleto.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForwardData {
    /// The bank's "nosso número".
    pub ticket_number: String,
    /// The collecting account.
    pub agreement_number: String,
}

/// The card holder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cardholder {
    /// As typed.
    pub name: Option<String>,
    /// The holder's document.
    #[serde(default)]
    pub identification: Identification,
}

/// The parts of a card that may be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CardData {
    /// The saved card, or null for a one-off token.
    pub id: Option<String>,
    /// First six digits.
    pub first_six_digits: Option<String>,
    /// Last four digits.
    pub last_four_digits: Option<String>,
    /// The BIN.
    pub bin: Option<String>,
    /// 1–12.
    pub expiration_month: Option<u8>,
    /// Four digits.
    pub expiration_year: Option<u16>,
    /// When the token was made.
    pub date_created: Option<Timestamp>,
    /// When the token was last changed.
    pub date_last_updated: Option<Timestamp>,
    /// Holder.
    pub cardholder: Cardholder,
    /// The issuer's country, unknown here.
    pub country: Option<String>,
    /// Always null here.
    pub tags: Option<Vec<String>>,
}

/// The card of a payment; `{}` when it was not paid by card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card(pub Option<CardData>);

impl Serialize for Card {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(data) => data.serialize(serializer),
            None => serializer.collect_map(std::iter::empty::<(String, String)>()),
        }
    }
}

impl<'de> Deserialize<'de> for Card {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Card, D::Error> {
        let data = CardData::deserialize(deserializer)?;
        Ok(Card(data.first_six_digits.is_some().then_some(data)))
    }
}

/// What a barcode encodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Barcode {
    /// Digits.
    pub content: String,
}

/// Amounts and references of the transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransactionDetails {
    /// The ticket's number.
    pub payment_method_reference_id: Option<String>,
    /// The acquirer's reference.
    pub acquirer_reference: Option<String>,
    /// What the collector gets: 0 until approved, then paid amount less the collector's fees.
    #[schema(value_type = f64)]
    pub net_received_amount: Amount,
    /// What the buyer pays, financing included.
    #[schema(value_type = f64)]
    pub total_paid_amount: Amount,
    /// Paid too much.
    #[schema(value_type = f64)]
    pub overpaid_amount: Amount,
    /// The ticket, or the bank's page.
    pub external_resource_url: Option<String>,
    /// One instalment; 0 for methods without a card.
    #[schema(value_type = f64)]
    pub installment_amount: Amount,
    /// The institution.
    pub financial_institution: Option<String>,
    /// Always null here.
    pub payable_deferral_period: Option<String>,
    /// Tickets: what the terminal asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification_code: Option<String>,
    /// Boleto: the digits that a person types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digitable_line: Option<String>,
    /// Tickets: the barcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<Barcode>,
    /// PSE: the scheme's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank_transfer_id: Option<i64>,
    /// PSE: the scheme's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
}

/// One fee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeeDetail {
    /// `mercadopago_fee`, `financing_fee`, `application_fee`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// How much.
    #[schema(value_type = f64)]
    pub amount: Amount,
    /// `collector` or `payer`.
    pub fee_payer: String,
}

/// Between whom a charge moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChargeAccounts {
    /// `collector` or `payer`.
    pub from: String,
    /// `mp` or `marketplace_owner`.
    pub to: String,
}

/// How much a charge was, and how much of it was given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChargeAmounts {
    /// At first.
    #[schema(value_type = f64)]
    pub original: Amount,
    /// Given back.
    #[schema(value_type = f64)]
    pub refunded: Amount,
}

/// One charge on the payment, with its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChargeDetail {
    /// `<payment id>-<number>`.
    pub id: String,
    /// As `fee_details[].type`.
    pub name: String,
    /// `fee`.
    #[serde(rename = "type")]
    pub kind: String,
    /// From whom to whom.
    pub accounts: ChargeAccounts,
    /// The application.
    pub client_id: i64,
    /// When it was charged.
    pub date_created: Timestamp,
    /// When it last changed.
    pub last_updated: Timestamp,
    /// How much.
    pub amounts: ChargeAmounts,
    /// Always empty here.
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// Always null here.
    pub reserve_id: Option<String>,
    /// Always empty here.
    #[schema(value_type = Vec<Object>)]
    pub refund_charges: Vec<Value>,
}

/// Who gave money back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefundSource {
    /// The account, as a string.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `collector`, `admin`, …
    #[serde(rename = "type")]
    pub kind: String,
}

/// Money given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refund {
    /// The refund's id.
    pub id: RefundId,
    /// The payment's id.
    pub payment_id: PaymentId,
    /// How much of the payment's amount.
    #[schema(value_type = f64)]
    pub amount: Amount,
    /// As sent.
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// Who gave it back.
    pub source: RefundSource,
    /// When.
    pub date_created: Timestamp,
    /// Always null here.
    pub unique_sequence_number: Option<String>,
    /// `standard`.
    pub refund_mode: String,
    /// Always 0 here.
    #[schema(value_type = f64)]
    pub adjustment_amount: Amount,
    /// `approved`.
    pub status: String,
    /// Why it waits, while it waits.
    pub reason: Option<String>,
    /// Labels.
    pub labels: Vec<String>,
    /// How much the payer gets back.
    #[schema(value_type = f64)]
    pub amount_refunded_to_payer: Amount,
    /// Always null here.
    pub additional_data: Option<String>,
    /// Always null here.
    pub expiration_date: Option<Timestamp>,
    /// Always empty here.
    #[schema(value_type = Vec<Object>)]
    pub partition_details: Vec<Value>,
}

/// Which product made the sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BusinessInfo {
    /// `online_payments`
    pub unit: String,
    /// `default`, `checkout_pro`, …
    pub sub_unit: String,
}

/// Pix: where the code was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Location {
    /// Always null here.
    pub state_id: Option<String>,
    /// Always null here.
    pub source: Option<String>,
}

/// Pix: which program made the code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApplicationData {
    /// Always null here.
    pub name: Option<String>,
    /// Always null here.
    pub version: Option<String>,
}

/// Pix: a side of the transfer; the ids are always null (no JSON type satisfies every SDK).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[allow(missing_docs)]
pub struct BankPayer {
    pub id: Option<String>,
    pub account_id: Option<String>,
    pub long_name: Option<String>,
    pub external_account_id: Option<String>,
    pub email: Option<String>,
}

/// Pix: the receiving side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[allow(missing_docs)]
pub struct BankCollector {
    pub account_id: Option<String>,
    pub long_name: Option<String>,
    pub account_holder_name: Option<String>,
    pub transfer_account_id: Option<String>,
}

/// Pix: both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[allow(missing_docs)]
pub struct BankInfo {
    pub payer: BankPayer,
    pub collector: BankCollector,
    pub is_same_bank_account_owner: Option<bool>,
    pub origin_bank_id: Option<String>,
    pub origin_wallet_id: Option<String>,
}

/// Pix: what the buyer scans or copies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransactionData {
    /// The BR Code.
    pub qr_code: Option<String>,
    /// The BR Code as a PNG, base64.
    pub qr_code_base64: Option<String>,
    /// The page that shows it.
    pub ticket_url: Option<String>,
    /// Always null until paid.
    pub bank_transfer_id: Option<i64>,
    /// The scheme's id.
    pub transaction_id: Option<String>,
    /// Always null here.
    pub financial_institution: Option<i64>,
    /// Pix end-to-end id, once paid.
    pub e2e_id: Option<String>,
    /// Both sides.
    pub bank_info: BankInfo,
}

/// Where and how the buyer met the payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PointOfInteraction {
    /// `UNSPECIFIED`, `OPENPLATFORM`, `CHECKOUT`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Echoed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_type: Option<String>,
    /// Echoed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked_to: Option<String>,
    /// Product.
    pub business_info: BusinessInfo,
    /// Pix only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Pix only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_data: Option<ApplicationData>,
    /// Pix only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_data: Option<TransactionData>,
}

/// 3-D Secure: what the buyer's browser opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ThreeDsInfo {
    /// POST `creq` there, in an iframe.
    pub external_resource_url: String,
    /// The challenge request.
    pub creq: String,
}

/// A payment, as `GET /v1/payments/{id}` answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Payment {
    /// Below 2^53, time-ordered.
    pub id: PaymentId,
    /// Creation.
    pub date_created: Timestamp,
    /// Approval (not authorisation).
    pub date_approved: Option<Timestamp>,
    /// Last change.
    pub date_last_updated: Timestamp,
    /// Until when it can be paid; null for cards.
    pub date_of_expiration: Option<Timestamp>,
    /// When the money is released.
    pub money_release_date: Option<Timestamp>,
    /// `pending` or `released`.
    pub money_release_status: Option<String>,
    /// `regular_payment`
    pub operation_type: String,
    /// The card's issuer, as a string.
    pub issuer_id: Option<String>,
    /// `master`, `pix`, …
    pub payment_method_id: String,
    /// `credit_card`, `ticket`, …
    pub payment_type_id: String,
    /// The same, grouped.
    pub payment_method: MethodBlock,
    /// Where it stands.
    pub status: Status,
    /// Why.
    pub status_detail: String,
    /// The site's currency.
    #[schema(value_type = String)]
    pub currency_id: Currency,
    /// As sent.
    pub description: Option<String>,
    /// `false` with test credentials.
    pub live_mode: bool,
    /// As sent.
    pub sponsor_id: Option<i64>,
    /// Six digits, once authorised.
    pub authorization_code: Option<String>,
    /// Always null here.
    pub money_release_schema: Option<String>,
    /// 0
    #[schema(value_type = f64)]
    pub taxes_amount: Amount,
    /// Colombia: the taxes that were sent, or `[]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub taxes: Option<Value>,
    /// Colombia: the amount without taxes, as sent, or null.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schema(value_type = Option<f64>)]
    pub net_amount: Option<Option<Amount>>,
    /// Always null here.
    #[schema(value_type = Option<Object>)]
    pub counter_currency: Option<Value>,
    /// Always null here.
    pub brand_id: Option<String>,
    /// 0
    #[schema(value_type = f64)]
    pub shipping_amount: Amount,
    /// The API's build.
    pub build_version: String,
    /// Always null here.
    pub pos_id: Option<String>,
    /// Always null here.
    pub store_id: Option<String>,
    /// From `X-Integrator-Id`.
    pub integrator_id: Option<String>,
    /// From `X-Platform-Id`.
    pub platform_id: Option<String>,
    /// From `X-Corporation-Id`.
    pub corporation_id: Option<String>,
    /// Who pays.
    pub payer: Payer,
    /// The seller.
    pub collector_id: AccountId,
    /// The integrator who takes `application_fee`.
    pub marketplace_owner: Option<String>,
    /// As sent, keys in snake_case.
    #[schema(value_type = Object)]
    pub metadata: JsonText,
    /// As sent, scalars as strings, and three keys that are always there.
    #[schema(value_type = Object)]
    pub additional_info: JsonText,
    /// `{}` or `{"id", "type"}`.
    #[schema(value_type = Object)]
    pub order: Value,
    /// The seller's own reference.
    pub external_reference: Option<String>,
    /// The amount; after a partial capture the captured one.
    #[schema(value_type = f64)]
    pub transaction_amount: Amount,
    /// Sum of the refunds.
    #[schema(value_type = f64)]
    pub transaction_amount_refunded: Amount,
    /// The discount that was sent.
    #[schema(value_type = f64)]
    pub coupon_amount: Amount,
    /// As sent.
    pub differential_pricing_id: Option<i64>,
    /// Always null here.
    pub financing_group: Option<String>,
    /// Always null here.
    pub deduction_schema: Option<String>,
    /// Boleto: the barcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<Barcode>,
    /// Where the buyer returns after a transfer: transfers have it, or null; others only where it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub callback_url: Option<Option<String>>,
    /// 1 for methods without a card.
    pub installments: u32,
    /// Amounts and references.
    pub transaction_details: TransactionDetails,
    /// Fees, empty until approved.
    pub fee_details: Vec<FeeDetail>,
    /// Charges, empty until approved.
    pub charges_details: Vec<ChargeDetail>,
    /// `false` only while reserved, and for a cancelled reserve.
    pub captured: bool,
    /// Only approved or rejected.
    pub binary_mode: bool,
    /// With `cc_rejected_call_for_authorize`.
    pub call_for_authorize_id: Option<String>,
    /// The text on the card statement.
    pub statement_descriptor: Option<String>,
    /// The card, or `{}`.
    #[schema(value_type = CardData)]
    pub card: Card,
    /// Where this payment's notifications go.
    pub notification_url: Option<String>,
    /// Money given back.
    pub refunds: Vec<Refund>,
    /// `aggregator`
    pub processing_mode: String,
    /// As sent.
    pub merchant_account_id: Option<String>,
    /// Always null here.
    pub merchant_number: Option<String>,
    /// Always null here.
    pub acquirer: Option<String>,
    /// Always empty here.
    #[schema(value_type = Vec<Object>)]
    pub acquirer_reconciliation: Vec<Value>,
    /// Where and how.
    pub point_of_interaction: PointOfInteraction,
    /// Only with a challenge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub three_ds_info: Option<ThreeDsInfo>,
    /// Always null here.
    pub tags: Option<Vec<String>>,
    /// Always null here.
    #[schema(value_type = Option<Object>)]
    pub accounts_info: Option<Value>,
    /// Always null here.
    pub release_info: Option<String>,
}

/// Reads a member that is there, though it be null; `default` stands for one that is not.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
