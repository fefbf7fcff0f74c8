//! What the pages know of a payment: read once from the body that the API serves, so that a page never says anything
//! that the API does not.

use super::progress::Progress;
use pasarela_domain::catalogue::Catalogue;
use pasarela_domain::money::Money;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use serde_json::Value;
use url::Url;

/// A payment as its pages show it.
#[derive(Clone, Debug)]
pub struct PaymentView {
    /// The payment's id.
    pub id: String,
    /// The seller's site.
    pub site: Site,
    /// `status`.
    pub status: String,
    /// `status_detail`.
    pub status_detail: String,
    /// What the buyer pays in total.
    pub amount: Money,
    /// `payment_method_id`.
    pub payment_method_id: String,
    /// What an operator calls the method, where one gave it a name.
    pub given_name: Option<String>,
    /// `payment_type_id`.
    pub payment_type_id: String,
    /// What is paid for, in the seller's words.
    pub description: Option<String>,
    /// Who is paid.
    pub merchant_name: String,
    /// `date_of_expiration`.
    pub expires: Option<Timestamp>,
    /// The number of the ticket, or the CLABE.
    pub reference: Option<String>,
    /// The second number that some tickets have.
    pub verification_code: Option<String>,
    /// The digits of the barcode.
    pub barcode_content: Option<String>,
    /// The 47 digits of a boleto.
    pub digitable_line: Option<String>,
    /// The Pix copy-and-paste text.
    pub qr_code: Option<String>,
    /// The bank's code.
    pub financial_institution: Option<String>,
    /// The last four digits of the card.
    pub card_last_four: Option<String>,
    /// Where the buyer goes afterwards: an `http` or `https` address, and nothing else.
    pub callback_url: Option<Url>,
    /// Its own hosted page: the ticket, the Pix, the bank.
    pub page: Option<Url>,
    /// `date_created`.
    pub created: Option<Timestamp>,
    /// Whether real money moves.
    pub live: bool,
    /// The payment's present.
    pub now: Timestamp,
}

impl PaymentView {
    /// Reads the payment's body. `None` when it is no payment of `site`: without id, status, or an amount in the
    /// site's currency.
    pub fn from_body(body: &Value, site: Site, now: Timestamp, merchant_name: &str) -> Option<PaymentView> {
        let details = &body["transaction_details"];
        let method_data = &body["payment_method"]["data"];
        let total = amount_at(&details["total_paid_amount"], site).filter(|total| !total.is_zero());
        Some(PaymentView {
            id: text(&body["id"])?,
            site,
            status: text(&body["status"])?,
            status_detail: text(&body["status_detail"]).unwrap_or_default(),
            amount: total.or_else(|| amount_at(&body["transaction_amount"], site))?,
            payment_method_id: text(&body["payment_method_id"]).unwrap_or_default(),
            given_name: None,
            payment_type_id: text(&body["payment_type_id"]).unwrap_or_default(),
            description: text(&body["description"]),
            merchant_name: merchant_name.to_owned(),
            expires: body["date_of_expiration"].as_str().and_then(Timestamp::parse),
            reference: text(&details["payment_method_reference_id"])
                .or_else(|| text(&method_data["reference_id"])),
            verification_code: text(&details["verification_code"]),
            barcode_content: text(&details["barcode"]["content"])
                .or_else(|| text(&body["barcode"]["content"])),
            digitable_line: text(&details["digitable_line"]),
            qr_code: text(&body["point_of_interaction"]["transaction_data"]["qr_code"]),
            financial_institution: text(&details["financial_institution"]),
            card_last_four: text(&body["card"]["last_four_digits"]),
            callback_url: body["callback_url"].as_str().and_then(web_address),
            page: page_of(body),
            created: body["date_created"].as_str().and_then(Timestamp::parse),
            live: body["live_mode"].as_bool().unwrap_or(false),
            now,
        })
    }

    /// The method as `catalogue` calls it.
    #[must_use]
    pub fn named_by(self, catalogue: &Catalogue) -> PaymentView {
        let given_name = catalogue.given_name(self.site, &self.payment_method_id).map(str::to_owned);
        PaymentView { given_name, ..self }
    }

    /// How far the payment is.
    pub fn progress(&self) -> Progress {
        Progress::of(&self.status, &self.status_detail, self.expires, self.now)
    }
}

/// Where the buyer is sent to pay, whichever member says it.
fn page_of(body: &Value) -> Option<Url> {
    let address = body["transaction_details"]["external_resource_url"]
        .as_str()
        .or_else(|| body["point_of_interaction"]["transaction_data"]["ticket_url"].as_str())
        .or_else(|| body["payment_method"]["data"]["external_resource_url"].as_str())?;
    web_address(address)
}

/// A page of this platform, by whichever address the buyer came.
pub(crate) fn path_of(page: &Url) -> String {
    format!("{}?{}", page.path(), page.query().unwrap_or_default())
}

/// A string or a number as text; `None` for nothing and for emptiness.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn amount_at(value: &Value, site: Site) -> Option<Money> {
    let number = value.as_number()?;
    Money::from_decimal_text(number.as_str(), site.currency()).ok()
}

/// The seller chooses this address, and the buyer is sent there: only the web, never `javascript:` or `data:`.
fn web_address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}
