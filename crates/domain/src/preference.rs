//! A preference: what a seller offers on the hosted checkout, to whom, by which methods, and where the buyer goes then.
//!
//! It moves no money itself. Payments are made from it ([`payment`]), and a merchant order keeps count of them. What a
//! seller sends is read in [`request`]; what a buyer may choose is said in [`choice`].

pub mod choice;
pub mod glance;
pub mod payment;
pub mod query;
pub mod request;
pub mod return_address;

use crate::identity::{AccountId, ApplicationId};
use crate::money::{Amount, Money};
use crate::payment::body::Status;
use crate::quality::marks::Marks;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::timestamp::{HOUR, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// How many payments of a preference may be refused in a row before it rests: beyond, somebody is trying out cards.
pub const MAX_REFUSED_IN_A_ROW: u32 = 10;
/// How long it rests then, since the last of them.
pub const REST: i64 = HOUR;

/// How many buyers with accounts a preference remembers; beyond, the one that paid longest ago is forgotten.
const MOST_PAYERS: usize = 64;

/// A preference with what the API does not show of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PreferenceState {
    /// As the API shows it.
    pub preference: Preference,
    /// The rest.
    pub internals: Internals,
}

/// What the platform knows of a preference and does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Internals {
    /// The merchant order that the next payment belongs to, while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_order: Option<i64>,
    /// Payments that were refused since the last one that was not.
    #[serde(default)]
    pub refused_in_a_row: u32,
    /// When the last payment was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attempt: Option<Timestamp>,
    /// Who has paid it from an account lately, and how many orders: a second page of the same buyer must not pay again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paid_by: Vec<(AccountId, u32)>,
    /// Whether somebody made a payment that was not refused: from then on its pages show nobody who its payer is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_buyer: bool,
    /// The buyer's device, as the request that made it told (`X-Meli-Session-Id`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_session: Option<String>,
    /// What the request that made it said and it does not show, for the measurement of the integration's quality.
    #[serde(default, skip_serializing_if = "Marks::are_unknown")]
    pub marks: Marks,
}

/// A preference as the API shows it. Every date is RFC 3339 or `null`, every amount a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Preference {
    /// Free text; some plugins send an object.
    #[schema(value_type = String)]
    pub additional_info: Value,
    /// `approved`, `all` or empty: whether an approved buyer goes back by itself.
    pub auto_return: String,
    /// Where the buyer goes.
    pub back_urls: BackUrls,
    /// Whether payments are approved or refused at once.
    pub binary_mode: bool,
    /// The application that made it.
    pub client_id: String,
    /// The seller.
    pub collector_id: AccountId,
    /// A discount's code.
    pub coupon_code: Option<String>,
    /// Labels of discounts.
    pub coupon_labels: Option<Vec<String>>,
    /// When it was made.
    pub date_created: Timestamp,
    /// When unpaid tickets made from it expire.
    pub date_of_expiration: Option<Timestamp>,
    /// From when it can be paid, with `expires`.
    pub expiration_date_from: Option<Timestamp>,
    /// Until when it can be paid, with `expires`.
    pub expiration_date_to: Option<Timestamp>,
    /// Whether the two dates count.
    pub expires: bool,
    /// The seller's own number.
    pub external_reference: String,
    /// `<collector_id>-<uuid>`
    pub id: String,
    /// The hosted checkout.
    pub init_point: String,
    /// Nothing that is used.
    #[schema(value_type = Option<Object>)]
    pub internal_metadata: Option<Value>,
    /// What is for sale.
    pub items: Vec<Item>,
    /// `true` with live credentials.
    pub live_mode: bool,
    /// `NONE`, or the marketplace's id.
    pub marketplace: String,
    /// What the marketplace takes of each payment.
    #[schema(value_type = f64)]
    pub marketplace_fee: Amount,
    /// Copied to payments; its names in snake_case.
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// Who is told of payments and the order.
    pub notification_url: Option<String>,
    /// `regular_payment` or `money_transfer`.
    pub operation_type: String,
    /// Who is expected to pay.
    pub payer: PayerHint,
    /// Which methods may pay.
    pub payment_methods: MethodLimits,
    /// `aggregator`, `gateway`
    pub processing_modes: Option<Vec<String>>,
    /// Nothing that is used.
    pub product_id: Option<String>,
    /// The wallet's and apps' own addresses of return.
    pub redirect_urls: BackUrls,
    /// The hosted checkout again.
    pub sandbox_init_point: String,
    /// The seller's market.
    pub site_id: String,
    /// How it is sent.
    pub shipments: Shipments,
    /// Never filled.
    #[schema(value_type = Option<f64>)]
    pub total_amount: Option<Amount>,
    /// When it was changed last.
    pub last_updated: Option<Timestamp>,
    /// `wallet_purchase` or `onboarding_credits`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// On the card's statement; 16 characters at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_descriptor: Option<String>,
    /// A partner's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sponsor_id: Option<i64>,
    /// A price list of the seller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differential_pricing: Option<NumberedId>,
    /// Advertisements that led here, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub tracks: Option<Value>,
    /// Colombian taxes, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub taxes: Option<Value>,
    /// Amounts of a sale across borders, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub amounts: Option<Value>,
    /// The other currency of a sale across borders, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub counter_currency: Option<Value>,
}

/// Where the buyer goes afterwards; empty where nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackUrls {
    /// After a refusal, or without a payment.
    #[serde(default)]
    pub failure: String,
    /// While it is undecided or unpaid.
    #[serde(default)]
    pub pending: String,
    /// After an approval.
    #[serde(default)]
    pub success: String,
}

/// One line of what is for sale.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Item {
    /// The seller's code.
    pub id: String,
    /// Free text.
    pub category_id: String,
    /// The site's currency.
    pub currency_id: String,
    /// Free text.
    pub description: String,
    /// A picture's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_url: Option<String>,
    /// What the buyer reads.
    pub title: String,
    /// How many.
    pub quantity: i64,
    /// What one of them costs.
    #[schema(value_type = f64)]
    pub unit_price: Amount,
    /// Data of the trade (`type`, `warranty`, `event_date`, `category_descriptor`), as sent.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub trade: serde_json::Map<String, Value>,
}

impl Item {
    /// Takes out who travels or stays.
    pub fn forget_passenger(&mut self) {
        if let Some(Value::Object(descriptor)) = self.trade.get_mut("category_descriptor") {
            descriptor.remove("passenger");
        }
    }
}

/// What the seller knows of the buyer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PayerHint {
    /// Phone.
    pub phone: PhoneHint,
    /// Address.
    pub address: AddressHint,
    /// E-mail.
    pub email: String,
    /// Document.
    pub identification: DocumentHint,
    /// First name.
    pub name: String,
    /// Last name.
    pub surname: String,
    /// When the buyer registered with the seller.
    pub date_created: Option<Timestamp>,
    /// When the buyer bought last.
    pub last_purchase: Option<Timestamp>,
    /// When the buyer registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_date: Option<Timestamp>,
    /// How the buyer signs in at the seller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication_type: Option<String>,
    /// Whether the buyer is a preferred one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_prime_user: Option<bool>,
    /// Whether it is the buyer's first purchase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_first_purchase_online: Option<bool>,
}

impl PayerHint {
    /// Whether it is about the buyer with this e-mail.
    pub fn is_about(&self, email: &str) -> bool {
        !self.email.is_empty() && self.email.eq_ignore_ascii_case(email)
    }

    /// The document, where its kind and its number were said.
    pub fn document(&self) -> Option<&DocumentHint> {
        let document = &self.identification;
        (!document.kind.is_empty() && !document.number.is_empty()).then_some(document)
    }

    /// Postal code, street and house number, by the names that a payment has for them, where all of them were said.
    pub fn street(&self) -> Option<[(&'static str, &str); 3]> {
        let AddressHint { zip_code, street_name, street_number } = &self.address;
        let number = street_number.as_deref().unwrap_or_default();
        let parts =
            [("zip_code", zip_code.as_str()), ("street_name", street_name), ("street_number", number)];
        parts.iter().all(|(_, text)| !text.is_empty()).then_some(parts)
    }
}

/// A phone; empty where nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[allow(missing_docs)]
pub struct PhoneHint {
    pub area_code: String,
    pub number: String,
}

/// An address; empty where nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[allow(missing_docs)]
pub struct AddressHint {
    pub zip_code: String,
    pub street_name: String,
    pub street_number: Option<String>,
}

/// A document; empty where nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentHint {
    /// Its number.
    pub number: String,
    /// Its kind: `CPF`, `DNI`, …
    #[serde(rename = "type")]
    pub kind: String,
}

/// An id alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NamedId {
    /// The id.
    pub id: String,
}

/// A number alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NumberedId {
    /// The id.
    pub id: i64,
}

/// Which methods may pay, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MethodLimits {
    /// A card that is offered first.
    pub default_card_id: Option<String>,
    /// A method that is offered first.
    pub default_payment_method_id: Option<String>,
    /// Methods that may not pay.
    pub excluded_payment_methods: Vec<NamedId>,
    /// Kinds of method that may not pay.
    pub excluded_payment_types: Vec<NamedId>,
    /// Most instalments, 1 to 36.
    pub installments: Option<u32>,
    /// Instalments that are offered first.
    pub default_installments: Option<u32>,
}

impl Default for MethodLimits {
    fn default() -> MethodLimits {
        // One exclusion that excludes nothing: so the API has always answered.
        let none = || vec![NamedId::default()];
        MethodLimits {
            default_card_id: None,
            default_payment_method_id: None,
            excluded_payment_methods: none(),
            excluded_payment_types: none(),
            installments: None,
            default_installments: None,
        }
    }
}

/// How it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shipments {
    /// The method that is offered first.
    pub default_shipping_method: Option<String>,
    /// Where to.
    pub receiver_address: ReceiverAddress,
    /// `custom`, `me2` or `not_specified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// What it costs, in mode `custom`: it is added to the total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub cost: Option<Amount>,
    /// Whether the seller pays it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_shipping: Option<bool>,
    /// Whether it can be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_pickup: Option<bool>,
    /// Whether it goes fast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub express_shipment: Option<bool>,
    /// `LxWxH,grams`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<String>,
    /// Methods that cost nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_methods: Option<Vec<NumberedId>>,
}

/// Where to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[allow(missing_docs)]
pub struct ReceiverAddress {
    pub zip_code: String,
    pub street_name: String,
    pub street_number: Option<String>,
    pub floor: String,
    pub apartment: String,
    pub city_name: Option<String>,
    pub state_name: Option<String>,
    pub country_name: Option<String>,
}

/// Who makes a preference, under which name and where it is opened.
#[derive(Clone, Copy, Debug)]
pub struct Birth<'a> {
    /// `<collector_id>-<uuid>`
    pub id: &'a str,
    /// The seller.
    pub collector_id: AccountId,
    /// The application.
    pub application_id: ApplicationId,
    /// The seller's market.
    pub site: Site,
    /// Whether money is real.
    pub live_mode: bool,
    /// Where the hosted pages are, without a slash at the end.
    pub public_url: &'a str,
    /// The account's time.
    pub now: Timestamp,
}

impl Preference {
    /// One that says nothing yet.
    pub fn empty(birth: &Birth<'_>) -> Preference {
        let address = format!("{}/checkout/v1/redirect?pref_id={}", birth.public_url, birth.id);
        Preference {
            additional_info: Value::String(String::new()),
            auto_return: String::new(),
            back_urls: BackUrls::default(),
            binary_mode: false,
            client_id: birth.application_id.to_string(),
            collector_id: birth.collector_id,
            coupon_code: None,
            coupon_labels: None,
            date_created: birth.now,
            date_of_expiration: None,
            expiration_date_from: None,
            expiration_date_to: None,
            expires: false,
            external_reference: String::new(),
            id: birth.id.to_owned(),
            sandbox_init_point: address.clone(),
            init_point: address,
            internal_metadata: None,
            items: Vec::new(),
            live_mode: birth.live_mode,
            marketplace: "NONE".to_owned(),
            marketplace_fee: Amount::ZERO,
            metadata: Value::Object(serde_json::Map::new()),
            notification_url: None,
            operation_type: "regular_payment".to_owned(),
            payer: PayerHint::default(),
            payment_methods: MethodLimits::default(),
            processing_modes: None,
            product_id: None,
            redirect_urls: BackUrls::default(),
            site_id: birth.site.id().to_owned(),
            shipments: Shipments::default(),
            total_amount: None,
            last_updated: None,
            purpose: None,
            statement_descriptor: None,
            sponsor_id: None,
            differential_pricing: None,
            tracks: None,
            taxes: None,
            amounts: None,
            counter_currency: None,
        }
    }

    /// Its seller's market.
    pub fn site(&self) -> Site {
        // It was written from a site.
        Site::from_id(&self.site_id).unwrap_or(Site::MLB)
    }

    /// What the items cost.
    pub fn items_total(&self) -> Money {
        let currency = self.site().currency();
        let line = |item: &Item| item.unit_price.money(currency).minor * item.quantity;
        // What is stored was added up within bounds when it was read.
        Money::new(self.items.iter().map(line).sum(), currency)
    }

    /// What sending costs the buyer.
    pub fn shipping_cost(&self) -> Money {
        let currency = self.site().currency();
        let is_paid =
            self.shipments.mode.as_deref() == Some("custom") && self.shipments.free_shipping != Some(true);
        match self.shipments.cost.filter(|_| is_paid) {
            Some(cost) => cost.money(currency),
            None => Money::zero(currency),
        }
    }

    /// What the buyer pays, without what instalments cost.
    pub fn total(&self) -> Money {
        self.items_total().plus(self.shipping_cost())
    }

    /// Where in its window `now` lies.
    pub fn window(&self, now: Timestamp) -> Window {
        let (from, to) = (self.expiration_date_from, self.expiration_date_to);
        match self.expires {
            true if from.is_some_and(|from| now < from) => Window::NotYet,
            true if to.is_some_and(|to| now >= to) => Window::Over,
            _ => Window::Open,
        }
    }

    /// When its time is over, if it ever is.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.expiration_date_to.filter(|_| self.expires)
    }

    /// Whether only a wallet's owner may pay.
    pub fn demands_login(&self) -> bool {
        self.purpose.as_deref() == Some("wallet_purchase")
    }

    /// Takes out who was expected to pay, and where it was to be sent.
    pub fn forget_buyer(&mut self) {
        self.payer = PayerHint::default();
        self.items.iter_mut().for_each(Item::forget_passenger);
        self.shipments.receiver_address = ReceiverAddress::default();
        if self.additional_info.is_object() {
            self.additional_info = Value::String(String::new());
        }
    }

    /// Its `external_reference`, if it has one.
    pub fn reference(&self) -> Option<&str> {
        Some(self.external_reference.as_str()).filter(|reference| !reference.is_empty())
    }
}

/// Whether a preference can be paid at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Its time has not come.
    NotYet,
    /// It can.
    Open,
    /// Its time is over.
    Over,
}

impl Internals {
    /// Whether one more payment may be tried. How many succeed has no bound: a preference may be paid by any number of
    /// buyers.
    pub fn allows_attempt(&self, now: Timestamp) -> bool {
        let has_rested = self.last_attempt.is_none_or(|last| now >= last.plus_ms(REST));
        self.refused_in_a_row < MAX_REFUSED_IN_A_ROW || has_rested
    }

    /// A payment was tried; `order` is the merchant order that the next one belongs to, if this one left it open.
    pub fn attempted(&mut self, order: Option<i64>, became: Status, now: Timestamp) {
        // Whoever comes after a rest begins anew.
        let before = if self.refused_in_a_row < MAX_REFUSED_IN_A_ROW { self.refused_in_a_row } else { 0 };
        self.refused_in_a_row = match became {
            Status::Rejected => before + 1,
            Status::Approved | Status::Authorized => 0,
            // A ticket that anybody can have made out says nothing of the cards that were tried.
            _ => before,
        };
        self.has_buyer |= !matches!(became, Status::Rejected | Status::Cancelled);
        self.open_order = order;
        self.last_attempt = Some(now);
    }

    /// How many orders `payer` has paid here from an account.
    pub fn orders_paid_by(&self, payer: AccountId) -> u32 {
        self.paid_by.iter().find(|(known, _)| *known == payer).map_or(0, |(_, orders)| *orders)
    }

    /// `payer` paid one more order from an account.
    pub fn paid(&mut self, payer: AccountId) {
        let orders = self.orders_paid_by(payer).saturating_add(1);
        self.paid_by.retain(|(known, _)| *known != payer);
        if self.paid_by.len() >= MOST_PAYERS {
            self.paid_by.remove(0);
        }
        self.paid_by.push((payer, orders));
    }
}

/// The seller behind an id of the form `<collector_id>-<uuid>`; `None` for what is no such id.
pub fn collector_of(id: &str) -> Option<AccountId> {
    let (collector, uuid) = id.split_once('-')?;
    let is_uuid = uuid.len() == 36 && uuid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let is_number = !collector.is_empty() && collector.bytes().all(|byte| byte.is_ascii_digit());
    (is_uuid && is_number).then(|| collector.parse().ok()).flatten()
}

/// The words for an id of nobody's.
pub fn not_found(id: &str) -> Refusal {
    // An id in an address can be as long as that; an error need not.
    let shown: String = id.chars().take(80).collect();
    Refusal::plain(404, format!("The preference with identifier {shown} was not found"))
}

#[cfg(test)]
mod tests;
