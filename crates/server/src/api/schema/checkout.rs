//! Preferences and merchant orders: requests and pages of searches.

use pasarela_domain::merchant_order::MerchantOrder;
use pasarela_domain::preference::{BackUrls, NumberedId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request was refused, in one word.
#[derive(Serialize, ToSchema)]
pub struct KeyedError {
    /// A sentence.
    #[schema(example = "unit_price invalid")]
    pub message: String,
    /// The word.
    #[schema(example = "invalid_items")]
    pub error: String,
    /// The HTTP status.
    #[schema(example = 400)]
    pub status: u16,
    /// Nothing.
    #[schema(value_type = Option<Object>)]
    pub cause: Option<serde_json::Value>,
}

/// One line of what is for sale.
#[derive(Deserialize, ToSchema)]
pub struct ItemBody {
    /// The seller's code; a number is taken too.
    pub id: Option<String>,
    /// What the buyer reads.
    #[schema(example = "Mate")]
    pub title: String,
    /// Free text.
    pub description: Option<String>,
    /// A picture's address.
    pub picture_url: Option<String>,
    /// See `GET /item_categories`.
    pub category_id: Option<String>,
    /// How many.
    #[schema(example = 1)]
    pub quantity: i64,
    /// The site's currency (the default), or `USD`, which is turned into it.
    pub currency_id: Option<String>,
    /// What one of them costs.
    #[schema(example = 58.8)]
    pub unit_price: f64,
}

/// Which methods may pay.
#[derive(Deserialize, ToSchema)]
pub struct MethodLimitsBody {
    /// `[{"id": "visa"}]`
    #[schema(value_type = Option<Vec<Object>>)]
    pub excluded_payment_methods: Option<serde_json::Value>,
    /// `[{"id": "ticket"}]`
    #[schema(value_type = Option<Vec<Object>>)]
    pub excluded_payment_types: Option<serde_json::Value>,
    /// The method that is offered first.
    pub default_payment_method_id: Option<String>,
    /// Most instalments, 1 to 36.
    pub installments: Option<u32>,
    /// Instalments that are offered first.
    pub default_installments: Option<u32>,
}

/// How it is sent.
#[derive(Deserialize, ToSchema)]
pub struct ShipmentsBody {
    /// `custom`, `me2` or `not_specified`.
    pub mode: Option<String>,
    /// What it costs, in mode `custom`; added to the total.
    pub cost: Option<f64>,
    /// Whether the seller pays it.
    pub free_shipping: Option<bool>,
    /// `LxWxH,grams`
    #[schema(example = "10x10x20,500")]
    pub dimensions: Option<String>,
    /// Where to.
    #[schema(value_type = Option<Object>)]
    pub receiver_address: Option<serde_json::Value>,
}

/// A preference that is to be made or changed. Unknown members are ignored; `null` puts a default back.
#[derive(Deserialize, ToSchema)]
pub struct PreferenceBody {
    /// What is for sale.
    pub items: Option<Vec<ItemBody>>,
    /// Who is expected to pay: `name`, `surname`, `email`, `phone`, `identification`, `address`.
    #[schema(value_type = Option<Object>)]
    pub payer: Option<serde_json::Value>,
    /// Which methods may pay.
    pub payment_methods: Option<MethodLimitsBody>,
    /// How it is sent.
    pub shipments: Option<ShipmentsBody>,
    /// Where the buyer goes then.
    pub back_urls: Option<BackUrls>,
    /// `approved` or `all`: an approved buyer goes back by itself; needs a public `back_urls.success`.
    pub auto_return: Option<String>,
    /// Who is told of payments and the order; 248 characters at most.
    pub notification_url: Option<String>,
    /// The seller's own number.
    pub external_reference: Option<String>,
    /// On the card's statement; 16 characters of it.
    pub statement_descriptor: Option<String>,
    /// Whether the two dates below count.
    pub expires: Option<bool>,
    /// From when it can be paid.
    pub expiration_date_from: Option<String>,
    /// Until when it can be paid.
    pub expiration_date_to: Option<String>,
    /// When unpaid tickets made from it expire.
    pub date_of_expiration: Option<String>,
    /// Approved or refused at once.
    pub binary_mode: Option<bool>,
    /// `NONE`, or the marketplace's id.
    pub marketplace: Option<String>,
    /// What the marketplace takes of each payment.
    pub marketplace_fee: Option<f64>,
    /// A price list of the seller's own.
    pub differential_pricing: Option<NumberedId>,
    /// `wallet_purchase` or `onboarding_credits`.
    pub purpose: Option<String>,
    /// `regular_payment` or `money_transfer`.
    pub operation_type: Option<String>,
    /// Copied to payments.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<serde_json::Value>,
    /// 600 characters at most.
    pub additional_info: Option<String>,
}

/// A page of a search of preferences.
#[derive(Serialize, ToSchema)]
pub struct PreferencePage {
    /// Summaries: `items` are titles alone.
    #[schema(value_type = Vec<Object>)]
    pub elements: Vec<serde_json::Value>,
    /// The offset of the next page.
    pub next_offset: u64,
    /// How many there are in all.
    pub total: u64,
}

/// A merchant order that is to be made or changed. Unknown members are ignored.
#[derive(Deserialize, ToSchema)]
pub struct MerchantOrderBody {
    /// What is for sale, who is told and the seller's own number come from it.
    pub preference_id: Option<String>,
    /// The seller's own number.
    pub external_reference: Option<String>,
    /// Who is told.
    pub notification_url: Option<String>,
    /// What is for sale.
    pub items: Option<Vec<ItemBody>>,
    /// `{"id"}`: the caller.
    #[schema(value_type = Option<Object>)]
    pub collector: Option<serde_json::Value>,
    /// `{"id", "nickname"}`
    #[schema(value_type = Option<Object>)]
    pub payer: Option<serde_json::Value>,
    /// `NONE`, or the marketplace's id.
    pub marketplace: Option<String>,
    /// Free text.
    pub additional_info: Option<String>,
    /// How it is sent, kept as said.
    #[schema(value_type = Option<Vec<Object>>)]
    pub shipments: Option<serde_json::Value>,
}

/// A page of a search of merchant orders.
#[derive(Serialize, ToSchema)]
pub struct MerchantOrderPage {
    /// The orders.
    pub elements: Vec<MerchantOrder>,
    /// The offset of the next page.
    pub next_offset: u64,
    /// How many there are in all.
    pub total: u64,
}

/// How the application's pages look to buyers. What is not named stays; `null` takes it away.
#[derive(Deserialize, ToSchema)]
pub struct BrandingRequest {
    /// In the place of the account's name; 60 characters at most.
    #[schema(example = "Mates del Sur")]
    pub name: Option<String>,
    /// Buttons and links; made darker or lighter where it could not be read.
    #[schema(example = "#0b5c57")]
    pub color: Option<String>,
    /// A PNG of at most 48 KiB and 1024 by 1024 pixels, in base64.
    pub logo: Option<String>,
}

/// How the application's pages look to buyers, in the credential's mode.
#[derive(Serialize, ToSchema)]
pub struct BrandingBody {
    /// The application.
    pub application_id: i64,
    /// Whether this is what buyers of live payments see.
    pub live_mode: bool,
    /// Its name.
    pub name: Option<String>,
    /// Its color.
    pub color: Option<String>,
    /// Where its logo is.
    pub logo_url: Option<String>,
}
