//! The shapes of requests and small answers, for the API's description. What a request may hold is decided by the
//! domain's readers; a test holds these members against theirs.

pub mod checkout;
mod page_calls;

pub use checkout::*;
pub use page_calls::*;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request was refused.
#[derive(Serialize, ToSchema)]
pub struct ApiError {
    /// The first cause's description.
    #[schema(example = "Invalid transaction_amount")]
    pub message: String,
    /// The HTTP status in a word.
    #[schema(example = "bad_request")]
    pub error: String,
    /// The HTTP status.
    #[schema(example = 400)]
    pub status: u16,
    /// What is wrong, possibly nothing that has a code.
    pub cause: Vec<ErrorCause>,
}

/// One cause of a refusal.
#[derive(Serialize, ToSchema)]
pub struct ErrorCause {
    /// A number for payments, a string for card tokens.
    #[schema(value_type = Object, example = 4037)]
    pub code: serde_json::Value,
    /// Compared word for word by shop plugins.
    #[schema(example = "Invalid transaction_amount")]
    pub description: String,
    /// When, and under which request id.
    #[schema(example = "21-11-2026T12:40:10UTC;6f0b8a3e-3a1c-4d8e-9f60-0d2c6a9b1e55")]
    pub data: Option<String>,
}

/// A document.
#[derive(Deserialize, ToSchema)]
pub struct IdentificationRequest {
    /// `CPF`, `DNI`, …
    #[serde(rename = "type")]
    #[schema(example = "CPF")]
    pub kind: Option<String>,
    /// Its number.
    #[schema(example = "12345678909")]
    pub number: Option<String>,
}

/// A customer's phone.
#[derive(Deserialize, ToSchema)]
pub struct CustomerPhoneBody {
    /// Area code.
    pub area_code: Option<String>,
    /// Subscriber number.
    pub number: Option<String>,
}

/// A customer's address.
#[derive(Deserialize, ToSchema)]
pub struct CustomerAddressBody {
    /// The id of its entry in `addresses`; one is made without it.
    pub id: Option<String>,
    /// Postal code.
    pub zip_code: Option<String>,
    /// Street.
    pub street_name: Option<String>,
    /// House number.
    pub street_number: Option<i64>,
    /// `{"name"}`
    #[schema(value_type = Option<Object>)]
    pub city: Option<serde_json::Value>,
}

/// A customer that is to be made. Unknown members are ignored; `null` is the same as absent.
#[derive(Deserialize, ToSchema)]
pub struct CustomerRequestBody {
    /// With test credentials one of `@testuser.com`; one customer has it.
    #[schema(example = "test_payer_123456@testuser.com")]
    pub email: String,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Phone.
    pub phone: Option<CustomerPhoneBody>,
    /// Document; its check digits are not looked at.
    pub identification: Option<IdentificationRequest>,
    /// Address.
    pub address: Option<CustomerAddressBody>,
    /// The id or the label of an address.
    pub default_address: Option<String>,
    /// A date, kept as sent.
    pub date_registered: Option<String>,
    /// 1,000 characters at most.
    pub description: Option<String>,
    /// Kept as sent; 32 KiB at most.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<serde_json::Value>,
}

/// What is to be changed of a customer; what is not said stays.
#[derive(Deserialize, ToSchema)]
pub struct CustomerChangeBody {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Phone.
    pub phone: Option<CustomerPhoneBody>,
    /// Document.
    pub identification: Option<IdentificationRequest>,
    /// Address.
    pub address: Option<CustomerAddressBody>,
    /// The id or the label of an address.
    pub default_address: Option<String>,
    /// One of the customer's cards.
    pub default_card: Option<String>,
    /// A date, kept as sent.
    pub date_registered: Option<String>,
    /// 1,000 characters at most.
    pub description: Option<String>,
    /// Kept as sent; 32 KiB at most.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<serde_json::Value>,
}

/// A page of customers.
#[derive(Serialize, ToSchema)]
pub struct CustomerPage {
    /// Where in the whole this page is.
    #[schema(value_type = Object, example = json!({"limit": 10, "offset": 0, "total": 1}))]
    pub paging: serde_json::Value,
    /// The customers.
    pub results: Vec<pasarela_domain::customer::Customer>,
}

/// A card that is to be saved.
#[derive(Deserialize, ToSchema)]
pub struct SaveCardBody {
    /// The token of the card.
    pub token: String,
    /// A hint; the number decides.
    pub payment_method_id: Option<String>,
    /// A hint.
    pub issuer_id: Option<String>,
}

/// What is to be changed of a card; what is not said stays.
#[derive(Deserialize, ToSchema)]
pub struct ChangeCardBody {
    /// 1–12.
    pub expiration_month: Option<u8>,
    /// Four digits.
    pub expiration_year: Option<u16>,
    /// `name`, `identification`
    #[schema(value_type = Option<Object>)]
    pub cardholder: Option<serde_json::Value>,
    /// A token whose card takes the place of this one's number.
    pub token: Option<String>,
}

/// Who pays.
#[derive(Deserialize, ToSchema)]
pub struct PayerRequestBody {
    /// With test credentials one of `@testuser.com`.
    #[schema(example = "test_user_123456@testuser.com")]
    pub email: String,
    /// `customer`, `guest`, `registered`
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// A customer's id.
    pub id: Option<String>,
    /// `individual` or `association`
    pub entity_type: Option<String>,
    /// Needed by boletos.
    pub first_name: Option<String>,
    /// Needed by boletos.
    pub last_name: Option<String>,
    /// Document.
    pub identification: Option<IdentificationRequest>,
    /// `area_code`, `number`
    #[schema(value_type = Option<Object>)]
    pub phone: Option<serde_json::Value>,
    /// `zip_code`, `street_name`, `street_number`, `neighborhood`, `city`, `federal_unit`
    #[schema(value_type = Option<Object>)]
    pub address: Option<serde_json::Value>,
}

/// A request for a payment. Unknown members are refused by name (cause 8); `null` is the same as absent.
#[derive(Deserialize, ToSchema)]
pub struct PaymentRequest {
    /// More than zero, with no more decimals than the currency has.
    #[schema(example = 100)]
    pub transaction_amount: f64,
    /// A card token; needed for cards.
    pub token: Option<String>,
    /// Needed for cards; one of the plans on offer.
    #[schema(example = 1)]
    pub installments: Option<u32>,
    /// May be left out with a token.
    #[schema(example = "pix")]
    pub payment_method_id: Option<String>,
    /// The card's issuer; string or number.
    pub issuer_id: Option<String>,
    /// Who pays.
    pub payer: PayerRequestBody,
    /// What for.
    pub description: Option<String>,
    /// The seller's own reference, 256 characters at most.
    pub external_reference: Option<String>,
    /// The text on the card statement.
    pub statement_descriptor: Option<String>,
    /// Where notifications go.
    pub notification_url: Option<String>,
    /// Kept, with keys in snake_case.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<serde_json::Value>,
    /// Items, payer, shipment: what improves approval.
    #[schema(value_type = Option<Object>)]
    pub additional_info: Option<serde_json::Value>,
    /// `false` only reserves.
    pub capture: Option<bool>,
    /// `true`: approved or rejected, nothing between.
    pub binary_mode: Option<bool>,
    /// `not_supported`, `optional`, `mandatory`
    pub three_d_secure_mode: Option<String>,
    /// Until when a Pix or ticket can be paid.
    pub date_of_expiration: Option<String>,
    /// The integrator's part of the amount.
    pub application_fee: Option<f64>,
    /// 0: no campaign is running.
    pub coupon_amount: Option<f64>,
    /// Accepted.
    pub coupon_code: Option<String>,
    /// A number.
    pub campaign_id: Option<i64>,
    /// Echoed.
    pub differential_pricing_id: Option<i64>,
    /// Where the buyer returns after a transfer.
    pub callback_url: Option<String>,
    /// Echoed.
    pub sponsor_id: Option<i64>,
    /// `{id, type}`
    #[schema(value_type = Option<Object>)]
    pub order: Option<serde_json::Value>,
    /// `aggregator` or `gateway`
    pub processing_mode: Option<String>,
    /// Echoed.
    pub merchant_account_id: Option<String>,
    /// Colombia: the amount without taxes.
    pub net_amount: Option<f64>,
    /// Colombia: `[{type, value, percentage}]`
    #[schema(value_type = Option<Vec<Object>>)]
    pub taxes: Option<serde_json::Value>,
    /// `{financial_institution}` of a transfer.
    #[schema(value_type = Option<Object>)]
    pub transaction_details: Option<serde_json::Value>,
    /// `{type, sub_type, linked_to}`
    #[schema(value_type = Option<Object>)]
    pub point_of_interaction: Option<serde_json::Value>,
    /// `{type, data}`
    #[schema(value_type = Option<Object>)]
    pub payment_method: Option<serde_json::Value>,
    /// Accepted.
    #[schema(value_type = Option<Object>)]
    pub forward_data: Option<serde_json::Value>,
    /// Accepted.
    #[schema(value_type = Option<Object>)]
    pub amounts: Option<serde_json::Value>,
    /// Accepted.
    #[schema(value_type = Option<Object>)]
    pub counter_currency: Option<serde_json::Value>,
    /// Accepted.
    #[schema(value_type = Option<Object>)]
    pub merchant_services: Option<serde_json::Value>,
    /// Accepted.
    pub payment_method_option_id: Option<String>,
    /// Accepted.
    pub device_id: Option<String>,
    /// Accepted.
    pub session_id: Option<String>,
    /// Accepted.
    #[schema(value_type = Option<Object>)]
    pub internal_metadata: Option<serde_json::Value>,
    /// Accepted.
    pub marketplace: Option<String>,
    /// Accepted.
    pub operation_type: Option<String>,
    /// Accepted; the currency is the site's.
    pub currency_id: Option<String>,
}

/// A change of a payment: one of cancel, capture, expiration.
#[derive(Deserialize, ToSchema)]
pub struct PaymentChangeRequest {
    /// `cancelled`
    pub status: Option<String>,
    /// `true`
    pub capture: Option<bool>,
    /// With `capture`: a part of the reserve.
    pub transaction_amount: Option<f64>,
    /// A later or earlier end for what waits.
    pub date_of_expiration: Option<String>,
}

/// A refund; empty for what is left.
#[derive(Deserialize, ToSchema)]
pub struct RefundRequestBody {
    /// A part.
    #[schema(example = 5)]
    pub amount: Option<f64>,
    /// Echoed.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<serde_json::Value>,
}

/// The holder of a card.
#[derive(Deserialize, ToSchema)]
pub struct CardholderRequest {
    /// As printed; in test mode it decides the outcome (`APRO`, `OTHE`, `CONT`, …).
    #[schema(example = "APRO")]
    pub name: String,
    /// Document.
    pub identification: Option<IdentificationRequest>,
}

/// A card. Unknown members are ignored.
#[derive(Deserialize, ToSchema)]
pub struct CardTokenRequest {
    /// 8 to 19 digits.
    #[schema(example = "5031433215406351")]
    pub card_number: Option<String>,
    /// 1–12, number or string.
    #[schema(example = 11)]
    pub expiration_month: Option<u8>,
    /// Four digits, number or string.
    #[schema(example = 2030)]
    pub expiration_year: Option<u16>,
    /// 3 digits, 4 for American Express.
    #[schema(example = "123")]
    pub security_code: Option<String>,
    /// Holder.
    pub cardholder: Option<CardholderRequest>,
    /// Instead of a number: a saved card of this account's customers. Then only the CVV comes with it.
    #[schema(example = "9267060453")]
    pub card_id: Option<String>,
    /// Whose the saved card is; need not be said.
    pub customer_id: Option<String>,
}

/// A Peruvian wallet.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct YapeTokenRequest {
    /// Nine digits, string or number.
    #[schema(example = "111111111")]
    pub phone_number: String,
    /// The six digits that the app shows, string or number.
    #[schema(example = "123456")]
    pub otp: String,
    /// Any; not needed.
    pub request_id: Option<String>,
}

/// A page of a search.
#[derive(Serialize, ToSchema)]
pub struct PaymentPage {
    /// Where in the results this page is.
    pub paging: Paging,
    /// Payments, each with `shipping_cost` besides.
    pub results: Vec<pasarela_domain::payment::body::Payment>,
}

/// Where in the results a page is.
#[derive(Serialize, ToSchema)]
pub struct Paging {
    /// How many match in all.
    pub total: u64,
    /// At most so many on a page.
    pub limit: u32,
    /// So many skipped.
    pub offset: u32,
}

/// A payment method.
#[derive(Serialize, ToSchema)]
pub struct PaymentMethodBody {
    /// `visa`, `pix`, …
    pub id: String,
    /// Label.
    pub name: String,
    /// `credit_card`, `ticket`, …
    pub payment_type_id: String,
    /// `active`, …
    pub status: String,
    /// Logo.
    pub secure_thumbnail: String,
    /// Logo.
    pub thumbnail: String,
    /// `supported`, `unsupported`, `does_not_apply`
    pub deferred_capture: String,
    /// Card shapes; empty for other methods.
    #[schema(value_type = Vec<Object>)]
    pub settings: Vec<serde_json::Value>,
    /// What a form must ask.
    pub additional_info_needed: Vec<String>,
    /// Least.
    pub min_allowed_amount: f64,
    /// Most.
    pub max_allowed_amount: f64,
    /// Minutes.
    pub accreditation_time: u32,
    /// Banks of a transfer.
    #[schema(value_type = Vec<Object>)]
    pub financial_institutions: Vec<serde_json::Value>,
    /// `aggregator`
    pub processing_modes: Vec<String>,
}

/// The plans of a method and an issuer.
#[derive(Serialize, ToSchema)]
pub struct InstallmentsBody {
    /// `visa`, …
    pub payment_method_id: String,
    /// `credit_card`, …
    pub payment_type_id: String,
    /// `{id, name, secure_thumbnail, thumbnail}`; the id is text here.
    #[schema(value_type = Object)]
    pub issuer: Option<serde_json::Value>,
    /// `aggregator`
    pub processing_mode: String,
    /// `null`
    pub merchant_account_id: Option<String>,
    /// Ascending by number, a single payment first.
    pub payer_costs: Vec<PayerCostBody>,
    /// `null`
    #[schema(value_type = Option<Vec<Object>>)]
    pub agreements: Option<serde_json::Value>,
}

/// A plan, with prices when an amount was asked for.
#[derive(Serialize, ToSchema)]
pub struct PayerCostBody {
    /// How many.
    #[schema(example = 3)]
    pub installments: u32,
    /// Surcharge over the price, in per cent; 0 without interest.
    #[schema(example = 10.97)]
    pub installment_rate: f64,
    /// Off the price by a campaign, in per cent.
    pub discount_rate: f64,
    /// Given back by the issuer on the statement, in per cent.
    pub reimbursement_rate: Option<f64>,
    /// Argentina: one text with CFT and TEA.
    #[schema(example = json!(["CFT_87,82%|TEA_69,00%"]))]
    pub labels: Vec<String>,
    /// `MERCADOPAGO`, or `THIRD_PARTY` where the issuer prices instalments on its own.
    pub installment_rate_collector: Vec<String>,
    /// The smallest price for which it is offered.
    pub min_allowed_amount: f64,
    /// The largest one.
    pub max_allowed_amount: f64,
    /// Opaque.
    pub payment_method_option_id: String,
    /// For the buyer to read.
    #[schema(example = "3 cuotas de $ 369,90 ($ 1.109,70)")]
    pub recommended_message: String,
    /// Each one.
    #[schema(example = 369.9)]
    pub installment_amount: Option<f64>,
    /// In all.
    #[schema(example = 1109.7)]
    pub total_amount: Option<f64>,
}

/// A campaign.
#[derive(Serialize, ToSchema)]
pub struct DealBody {
    /// Its name.
    pub id: String,
    /// `{id, name}`; `null` where every issuer's cards take part.
    #[schema(value_type = Option<Object>)]
    pub issuer: Option<serde_json::Value>,
    /// `{id, name, payment_type_id, secure_thumbnail, thumbnail}`; none: all.
    #[schema(value_type = Vec<Object>)]
    pub payment_methods: Vec<serde_json::Value>,
    /// Numbers of instalments without interest.
    pub installments: Vec<u32>,
    /// The largest of them.
    pub max_installments: Option<u32>,
    /// Off the price, in per cent.
    pub discount_rate: f64,
    /// Given back by the issuer on the statement, in per cent.
    pub reimbursement_rate: Option<f64>,
    /// The smallest price for which it holds.
    pub min_allowed_amount: Option<f64>,
    /// What it is about.
    #[schema(example = "3 y 6 cuotas sin interés")]
    pub recommended_message: String,
    /// Its conditions; in Argentina with the costs that the law wants said.
    pub legals: String,
    /// `{id, size, url, secure_url}`
    #[schema(value_type = Option<Object>)]
    pub picture: Option<serde_json::Value>,
    /// `monday` …; none: every day.
    pub weekdays: Vec<String>,
    /// When it begins.
    pub date_started: String,
    /// When it ends.
    pub date_expired: String,
    /// Argentina: the CFT.
    pub total_financial_cost: Option<String>,
}

/// A kind of thing that is sold.
#[derive(Serialize, ToSchema)]
pub struct ItemCategoryBody {
    /// As in `items[].category_id`.
    #[schema(example = "fashion")]
    pub id: String,
    /// In words.
    pub description: String,
}

/// One currency in another.
#[derive(Serialize, ToSchema)]
pub struct CurrencyConversionBody {
    /// How many units of `to` a unit of `from` is.
    #[schema(example = 5.43)]
    pub ratio: f64,
}

/// A document type.
#[derive(Serialize, ToSchema)]
pub struct IdentificationTypeBody {
    /// `CPF`, …
    pub id: String,
    /// Label.
    pub name: String,
    /// `number` or `letter`
    #[serde(rename = "type")]
    pub kind: String,
    /// Fewest characters.
    pub min_length: u32,
    /// Most characters.
    pub max_length: u32,
}

/// With `reject`: why.
#[derive(Deserialize, ToSchema)]
pub struct SandboxActRequest {
    /// One of `rejected`'s details.
    #[schema(example = "cc_rejected_insufficient_amount")]
    pub status_detail: Option<String>,
}

/// How far a clock moves.
#[derive(Deserialize, ToSchema)]
pub struct ClockRequest {
    /// ISO 8601 duration of weeks, days, hours, minutes, seconds.
    #[schema(example = "P7D")]
    pub advance: String,
}

/// A test clock.
#[derive(Serialize, ToSchema)]
pub struct ClockBody {
    /// The account's time.
    pub now: String,
    /// How many timers were done on the way.
    pub done: u64,
}

/// Counters since the server started.
#[derive(Serialize, ToSchema)]
pub struct CountersBody {
    /// Requests committed.
    pub commits: u64,
    /// Payments made.
    pub payments: u64,
    /// Syncs to disk.
    pub syncs: u64,
    /// Writes waiting.
    pub waiting: u64,
}

/// Where the application is told what happens. What is not named stays; `null` takes an address away.
#[derive(Deserialize, ToSchema)]
pub struct WebhookSettingsRequest {
    /// Where Webhooks go, of the credential's mode.
    #[schema(example = "https://shop.example/webhooks")]
    pub url: Option<String>,
    /// Their topics, all of them.
    #[schema(example = json!(["payment"]))]
    pub topics: Option<Vec<String>>,
    /// Where IPN goes.
    pub ipn_url: Option<String>,
    /// IPN's topics, all of them.
    pub ipn_topics: Option<Vec<String>>,
}

/// Where the application is told what happens, in the credential's mode.
#[derive(Serialize, ToSchema)]
pub struct WebhookSettingsBody {
    /// The application.
    pub application_id: i64,
    /// Whether these are the settings of live notifications.
    pub live_mode: bool,
    /// Where Webhooks go.
    pub url: Option<String>,
    /// Their topics.
    pub topics: Vec<String>,
    /// Where IPN goes.
    pub ipn_url: Option<String>,
    /// IPN's topics.
    pub ipn_topics: Vec<String>,
    /// Until when the secret before the current one is used, too.
    pub previous_secret_until: Option<String>,
    /// Addresses that fail: `url`, `failing_since`, `last_failure`, `paused`.
    #[schema(value_type = Vec<Object>)]
    pub failing: Vec<serde_json::Value>,
    /// What the seller should know, a sentence each.
    pub warnings: Vec<String>,
}

/// A new secret.
#[derive(Deserialize, ToSchema)]
pub struct RotateSecretRequest {
    /// How long the secret before it is used, too: an ISO 8601 duration of at most 30 days. Without it, `P1D`.
    #[schema(example = "P1D")]
    pub grace: Option<String>,
}

/// A secret, shown this once.
#[derive(Serialize, ToSchema)]
pub struct RotatedSecretBody {
    /// 64 hexadecimal digits; verifies `x-signature`.
    pub secret: String,
    /// Until when the secret before it is used, too.
    pub previous_secret_until: Option<String>,
}

/// Which address is to be tried again.
#[derive(Deserialize, ToSchema)]
pub struct ResumeRequest {
    /// Without it, all that are paused.
    pub url: Option<String>,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub struct ResumedBody {
    /// How many notifications were held, and are sent now.
    pub released: u64,
}

/// A notification about something that need not exist.
#[derive(Deserialize, ToSchema)]
pub struct SimulateRequest {
    /// Its topic; `payment` without it.
    #[schema(example = "payment")]
    pub topic: Option<String>,
    /// `data.id`; `123456` without it.
    #[schema(example = "123456")]
    pub data_id: Option<String>,
}

/// What was sent and answered.
#[derive(Serialize, ToSchema)]
pub struct SimulatedBody {
    /// Whether the answer was 200 or 201.
    pub delivered: bool,
    /// How long the receiver took, in milliseconds.
    pub duration_ms: u64,
    /// Why it failed.
    pub failure: Option<String>,
    /// `method`, `url`, `headers`, `body`.
    #[schema(value_type = Object)]
    pub request: serde_json::Value,
    /// `status`, `headers`, and the first bytes of the `body`.
    #[schema(value_type = Option<Object>)]
    pub response: Option<serde_json::Value>,
}

/// A notification to one address.
#[derive(Serialize, ToSchema)]
pub struct DeliveryBody {
    /// Its id; also the first attempt's notification id.
    pub id: i64,
    /// `pending`, `delivered`, `failed` or `held`.
    pub state: String,
    /// `webhook` or `ipn`.
    pub format: String,
    /// Its topic.
    pub topic: String,
    /// What happened.
    pub action: String,
    /// `data.id`.
    pub resource_id: String,
    /// Where to; `listen:` for a program that listens.
    pub url: String,
    /// Of which mode.
    pub live_mode: bool,
    /// The application whose secret signs.
    pub application_id: i64,
    /// When it happened.
    pub date_created: String,
    /// How many attempts were made.
    pub attempts: u32,
    /// When the next is due, while pending.
    pub next_attempt: Option<String>,
    /// Each attempt with request, answer, duration and failure; of one notification alone.
    #[schema(value_type = Option<Vec<Object>>)]
    pub history: Option<Vec<serde_json::Value>>,
}

/// A page of the history, newest first.
#[derive(Serialize, ToSchema)]
pub struct DeliveriesBody {
    /// The notifications.
    pub results: Vec<DeliveryBody>,
    /// The `before` of the page after this one; `null` at the end.
    pub next: Option<i64>,
}

/// What a listening program's receiver answered.
#[derive(Deserialize, ToSchema)]
pub struct ListenersAnswerRequest {
    /// As it was handed over.
    pub attempt: u32,
    /// As it was handed over.
    pub request_id: String,
    /// As it was handed over.
    pub signature: String,
    /// As it was handed over.
    pub notification_id: i64,
    /// As it was handed over.
    pub started_ms: i64,
    /// How long the receiver took.
    pub duration_ms: u32,
    /// Its status; absent when it did not answer.
    pub status: Option<u16>,
    /// The answer's headers, pairs of name and value.
    #[schema(value_type = Option<Vec<Vec<String>>>)]
    pub headers: Option<Vec<(String, String)>>,
    /// The first bytes of the answer's body.
    pub body: Option<String>,
    /// Why there is no answer: `timeout`, `connection refused`, `no connection`.
    pub failure: Option<String>,
}

/// The fields of an application; what is not named stays, `null` takes away.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the description of a body, never made")]
pub struct ApplicationRequest {
    /// At most 50 characters.
    pub name: Option<String>,
    /// Letters and digits.
    pub short_name: Option<String>,
    /// At most 150 characters.
    pub description: Option<String>,
    /// `fashion`, `electronics`, `services`, …
    pub industry: Option<String>,
    /// The production site.
    pub site_url: Option<String>,
    /// `online_payments` or `in_person_payments`
    pub payment_solution: Option<String>,
    /// `checkout_pro`, `checkout_api`, `checkout_bricks`, `subscription`, `point` or `qr_code`
    pub product: Option<String>,
    /// The e-commerce platform.
    pub platform: Option<String>,
    /// Where OAuth sends sellers back to; https.
    pub redirect_url: Option<String>,
    /// Whether OAuth codes need PKCE.
    pub pkce: Option<bool>,
    /// `authorization_code`, `client_credentials`
    pub flows: Option<Vec<String>>,
    /// Some of `offline_access read write`.
    pub scopes: Option<String>,
}

/// What is renewed.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the description of a body, never made")]
pub struct RenewalRequest {
    /// `test`, `live` or `client_secret`
    pub renew: String,
    /// How long the old ones work, too: an ISO 8601 duration, `PT12H` without it, `PT0S` for not at all.
    pub grace: Option<String>,
}

/// Whether live credentials work.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the description of a body, never made")]
pub struct ActivationRequest {
    /// `true` without it.
    pub active: Option<bool>,
    /// Why; kept in the log.
    pub reason: String,
}

/// What the token endpoint is asked.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the description of a body, never made")]
pub struct OAuthTokenRequest {
    /// `authorization_code`, `refresh_token` or `client_credentials`
    pub grant_type: String,
    /// The application's number; may be left out when `client_secret` is an access token.
    pub client_id: Option<String>,
    /// The client secret, or an access token of the application's own.
    pub client_secret: String,
    /// From the authorization page: ten minutes, once.
    pub code: Option<String>,
    /// The address that the code was given for.
    pub redirect_uri: Option<String>,
    /// The proof of `code_challenge`.
    pub code_verifier: Option<String>,
    /// Each is used once, and gives the next.
    pub refresh_token: Option<String>,
    /// Test credentials instead of live ones.
    pub test_token: Option<bool>,
}

/// A Pix key to register.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the description of a body, never made")]
pub struct PixKeyRequest {
    /// `cpf`, `cnpj` or `evp`
    #[schema(rename = "type")]
    pub kind: String,
    /// The document's number; nothing for `evp`.
    pub key: Option<String>,
}

/// A test user to make.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the description of a body, never made")]
pub struct TestUserRequest {
    /// `MLA`, `MLB`, …
    pub site_id: String,
    /// What you remember it by.
    pub description: Option<String>,
    /// What is in its wallet, in the site's currency; a month's shopping without it.
    pub amount: Option<f64>,
}

/// With whom credentials are shared.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the description of a body, never made")]
pub struct ShareRequest {
    /// The e-mail with which the person logs in.
    pub email: String,
}

/// Which token ends, and who says so.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the description of a body, never made")]
pub struct OAuthRevocationRequest {
    /// The access token or the refresh token.
    pub token: String,
    /// The application's number.
    pub client_id: Option<String>,
    /// Its secret.
    pub client_secret: String,
}

/// What a seller says of itself.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the description of a body, never made")]
pub struct PoliciesRequest {
    /// Where the terms and conditions are; https.
    pub terms_url: Option<String>,
    /// An e-mail for buyers.
    pub support_email: Option<String>,
    /// A phone for buyers.
    pub support_phone: Option<String>,
    /// A page for buyers; https.
    pub support_url: Option<String>,
    /// What card statements say of a payment that says nothing; at most 16 characters.
    pub statement_descriptor: Option<String>,
}
