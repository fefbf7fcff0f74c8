//! What the platform asks of a rail and what a rail answers, in the rail's own terms. The rails themselves live in
//! `pasarela-rails`; here are only the words that a payment's decisions are made from.

use crate::identity::{Mode, PaymentId};
use crate::money::Money;
use crate::site::Site;
use crate::timestamp::Timestamp;

/// A card authorisation: reserve or charge `amount` on a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardAuthorization {
    /// The payment for which it is.
    pub payment_id: PaymentId,
    /// The collector's site.
    pub site: Site,
    /// Test or live.
    pub mode: Mode,
    /// What the card is charged, financing included.
    pub amount: Money,
    /// Number of instalments, at least 1.
    pub installments: u32,
    /// `false` reserves only.
    pub capture: bool,
    /// As typed by the buyer.
    pub cardholder_name: String,
    /// `visa`, `debmaster`, …
    pub payment_method_id: String,
    /// 1–12.
    pub expiration_month: u8,
    /// Four digits.
    pub expiration_year: u16,
    /// Whether this card is not to be charged without its security code.
    pub demands_security_code: bool,
    /// A later use of a saved card, to which its holder agreed at the first: no security code is asked.
    pub stored_credential: bool,
    /// Whether 3-D Secure is wanted.
    pub three_d_secure: ThreeDSecure,
    /// The account's time.
    pub now: Timestamp,
}

/// `three_d_secure_mode` of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreeDSecure {
    /// Never challenge.
    NotSupported,
    /// Challenge when the issuer wants it.
    Optional,
    /// Always authenticate.
    Mandatory,
}

/// What the acquirer answered to an authorisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardOutcome {
    /// Charged (or reserved, if `capture` was false).
    Authorized {
        /// Six digits.
        authorization_code: String,
    },
    /// Not decided yet; a later answer will come.
    InProcess {
        /// `pending_contingency`, `pending_review_manual`, …
        status_detail: String,
    },
    /// The holder must pass a 3-D Secure challenge first.
    Challenge {
        /// The challenge's base64url `creq`.
        creq: String,
        /// What the challenge will end in when the holder completes it.
        passes: bool,
    },
    /// Declined.
    Rejected {
        /// `cc_rejected_…`
        status_detail: String,
    },
}

/// A payment that the buyer makes elsewhere: a transfer (Pix, PSE, Webpay, …) or a voucher (boleto, OXXO, …).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The payment for which it is.
    pub payment_id: PaymentId,
    /// The collector's site.
    pub site: Site,
    /// What the buyer pays.
    pub amount: Money,
    /// `pix`, `bolbradesco`, `oxxo`, …
    pub payment_method_id: String,
    /// The name shown to the buyer (BR Code field 59).
    pub merchant_name: String,
    /// Until when it can be paid.
    pub expires: Timestamp,
    /// The account's time.
    pub now: Timestamp,
    /// `transaction_details.financial_institution` of the request.
    pub financial_institution: Option<String>,
    /// Metadata's `payment_option_id` (PayCash's stores).
    pub payment_option_id: Option<String>,
}

/// How the buyer pays a [`Charge`]. What a method does not have is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instructions {
    /// Pix: the BR Code's text.
    pub qr_code: Option<String>,
    /// Pix: the same as a PNG, base64 without a data-URI prefix.
    pub qr_code_base64: Option<String>,
    /// The ticket number.
    pub payment_method_reference_id: Option<String>,
    /// Boleto: the account under which the bank collects.
    pub agreement_number: Option<String>,
    /// What the clerk or the terminal asks for besides it.
    pub verification_code: Option<String>,
    /// What the barcode encodes: 44 digits for a boleto.
    pub barcode_content: Option<String>,
    /// Boleto: the 47 digits a person types.
    pub digitable_line: Option<String>,
    /// The institution behind the charge (`bradesco`, a PSE bank code, …).
    pub financial_institution: Option<String>,
    /// The transfer scheme's number (PSE).
    pub bank_transfer_id: Option<i64>,
    /// The transfer scheme's own id (PSE).
    pub transaction_id: Option<String>,
    /// CLABE (SPEI): the 18 digits to transfer to.
    pub clabe: Option<String>,
}
