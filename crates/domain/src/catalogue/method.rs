//! What a payment method is.

use super::prefixes::PrefixSet;
use crate::money::Money;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The kind of a payment method, as in `payment_type_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentType {
    /// A credit card.
    CreditCard,
    /// A debit card, and Yape.
    DebitCard,
    /// A prepaid card.
    PrepaidCard,
    /// A voucher that is paid in cash (boleto, OXXO, Rapipago …).
    Ticket,
    /// A deposit at a cash machine or bank.
    Atm,
    /// A transfer (Pix, PSE, Webpay, SPEI …).
    BankTransfer,
    /// The balance of a wallet.
    AccountMoney,
    /// A credit line of the platform.
    DigitalCurrency,
    /// Somebody else's wallet.
    DigitalWallet,
    /// A benefit card.
    VoucherCard,
    /// A crypto currency transfer.
    CryptoTransfer,
}

impl PaymentType {
    /// As in `payment_type_id`: `credit_card`, …
    pub const fn id(self) -> &'static str {
        match self {
            PaymentType::CreditCard => "credit_card",
            PaymentType::DebitCard => "debit_card",
            PaymentType::PrepaidCard => "prepaid_card",
            PaymentType::Ticket => "ticket",
            PaymentType::Atm => "atm",
            PaymentType::BankTransfer => "bank_transfer",
            PaymentType::AccountMoney => "account_money",
            PaymentType::DigitalCurrency => "digital_currency",
            PaymentType::DigitalWallet => "digital_wallet",
            PaymentType::VoucherCard => "voucher_card",
            PaymentType::CryptoTransfer => "crypto_transfer",
        }
    }

    /// All of them.
    pub const ALL: [PaymentType; 11] = [
        PaymentType::CreditCard,
        PaymentType::DebitCard,
        PaymentType::PrepaidCard,
        PaymentType::Ticket,
        PaymentType::Atm,
        PaymentType::BankTransfer,
        PaymentType::AccountMoney,
        PaymentType::DigitalCurrency,
        PaymentType::DigitalWallet,
        PaymentType::VoucherCard,
        PaymentType::CryptoTransfer,
    ];

    /// The kind with this [`id`](PaymentType::id).
    pub fn from_id(id: &str) -> Option<PaymentType> {
        PaymentType::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// Whether it is paid with a card token. Yape is a debit card in this sense.
    pub const fn is_card(self) -> bool {
        matches!(
            self,
            PaymentType::CreditCard
                | PaymentType::DebitCard
                | PaymentType::PrepaidCard
                | PaymentType::VoucherCard
        )
    }

    /// Whether the buyer pays elsewhere and later: a voucher, a deposit or a transfer.
    pub const fn is_offline(self) -> bool {
        matches!(self, PaymentType::Ticket | PaymentType::Atm | PaymentType::BankTransfer)
    }
}

/// Whether a method can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodStatus {
    /// Offered.
    Active,
    /// Known to work, not offered.
    Testing,
    /// Off for a while.
    TemporallyDeactive,
    /// Of the past; payments made with it can still be read.
    Deactive,
}

impl MethodStatus {
    /// As in `status`: `active`, `testing`, `temporally_deactive`, `deactive`.
    pub const fn id(self) -> &'static str {
        match self {
            MethodStatus::Active => "active",
            MethodStatus::Testing => "testing",
            MethodStatus::TemporallyDeactive => "temporally_deactive",
            MethodStatus::Deactive => "deactive",
        }
    }
}

/// Whether a method can reserve first and capture later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeferredCapture {
    /// It can.
    Supported,
    /// It is a card, but can't.
    Unsupported,
    /// It is no card: `capture` is ignored.
    DoesNotApply,
}

/// How a card number is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberValidation {
    /// By Luhn's check digit.
    Standard,
    /// By its length alone.
    None,
}

/// Whether a card's security code must be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityCodeMode {
    /// It must.
    Mandatory,
    /// It may.
    Optional,
}

/// One shape of card of a method.
#[derive(Clone, Debug)]
pub struct CardSettings {
    /// Digits of the whole number.
    pub number_length: usize,
    /// How the number is checked.
    pub number_validation: NumberValidation,
    /// Digits of the security code; 0 where the card has none.
    pub security_code_length: usize,
    /// Whether the code must be given.
    pub security_code_mode: SecurityCodeMode,
    /// Numbers of this shape: the pattern without what it excludes.
    pub bins: PrefixSet,
    /// Numbers that can be paid in instalments.
    pub installment_bins: PrefixSet,
}

impl CardSettings {
    /// Whether `digits` (a BIN, or a whole number, whose length then counts too) is of this shape.
    pub fn matches(&self, digits: &str) -> bool {
        self.bins.matches(digits) && self.fits_length(digits)
    }

    /// Whether `digits` is a BIN, or a number of this shape's length.
    pub(super) fn fits_length(&self, digits: &str) -> bool {
        digits.len() <= super::LONGEST_BIN || digits.len() == self.number_length
    }
}

/// A bank or network of a method, as in `financial_institutions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinancialInstitution {
    /// Its code; a string, `"1009"`.
    pub id: String,
    /// Its name.
    pub description: String,
}

/// A payment method of a site.
#[derive(Clone, Debug)]
pub struct PaymentMethod {
    /// `visa`, `pix`, …
    pub id: String,
    /// The name in the site's language.
    pub name: String,
    /// Its kind.
    pub payment_type: PaymentType,
    /// Whether it can be used.
    pub status: MethodStatus,
    /// Whether it can reserve first.
    pub deferred_capture: DeferredCapture,
    /// Its shapes of card; empty where it is no card (and for Yape).
    pub settings: Vec<CardSettings>,
    /// What a form must ask for: `issuer_id`, `cardholder_name`, …
    pub additional_info_needed: Vec<String>,
    /// The smallest payment.
    pub min_allowed: Money,
    /// The largest payment.
    pub max_allowed: Money,
    /// Minutes until an approval is certain.
    pub accreditation_minutes: u32,
    /// The banks or networks behind it.
    pub financial_institutions: Vec<FinancialInstitution>,
    /// `aggregator`, `gateway`.
    pub processing_modes: Vec<String>,
    /// File name of the logo.
    pub logo: String,
    /// The method as `GET /v1/payment_methods` shows it, with bare file names for its logos.
    pub(super) wire: Map<String, Value>,
}

impl PaymentMethod {
    /// Whether new payments may be made with it.
    pub fn is_offered(&self) -> bool {
        self.status == MethodStatus::Active
    }

    /// Whether a form must let the buyer choose the card's issuer.
    pub fn needs_issuer(&self) -> bool {
        self.additional_info_needed.iter().any(|info| info == "issuer_id")
    }

    /// Whether a card with these first digits and this length must give its security code: some store cards have none,
    /// or an optional one. A number that fits no shape is taken for the method's strictest.
    pub fn demands_security_code(&self, bin: &str, number_length: usize) -> bool {
        let is_mandatory =
            |settings: &CardSettings| settings.security_code_mode == SecurityCodeMode::Mandatory;
        let fits =
            |settings: &&CardSettings| settings.number_length == number_length && settings.bins.matches(bin);
        match self.settings.iter().find(fits) {
            Some(settings) => is_mandatory(settings),
            None => self.settings.iter().any(is_mandatory),
        }
    }

    /// Whether a card can be paid in instalments: a credit card whose BIN allows it. Without a BIN (or with fewer than
    /// six digits) the method answers for its cards in general.
    pub fn allows_installments(&self, digits: &str) -> bool {
        self.payment_type == PaymentType::CreditCard
            && self.settings.iter().any(|settings| {
                !settings.installment_bins.is_empty()
                    && (digits.len() < super::SHORTEST_BIN
                        || settings.matches(digits) && settings.installment_bins.matches(digits))
            })
    }
}
