//! What a browser may see of a payment by a public key and the payment's id: how far it is, and while it waits, how to
//! pay it.
//!
//! A public key is in every shop's page and payments' ids can be guessed, so whatever is here is as good as public. It
//! says nothing of who paid (no name, e-mail, document, address, no first digits of a card), nothing of what was bought,
//! and nothing of the seller's money.

use super::body::{Payment, Status};
use crate::money::{Amount, Currency};
use crate::status_detail;
use crate::timestamp::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A payment as its status screen shows it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Glance {
    /// The payment's id.
    pub id: i64,
    /// `status`.
    #[schema(value_type = String)]
    pub status: Status,
    /// `status_detail`.
    pub status_detail: String,
    /// The buyer's price, with what the instalments cost.
    #[schema(value_type = f64)]
    pub total_paid_amount: Amount,
    /// The price without it.
    #[schema(value_type = f64)]
    pub transaction_amount: Amount,
    /// `BRL`, `ARS`, …
    #[schema(value_type = String)]
    pub currency_id: Currency,
    /// When it was made.
    pub date_created: Timestamp,
    /// Until when it can be paid.
    pub date_of_expiration: Option<Timestamp>,
    /// `visa`, `pix`, …
    pub payment_method_id: String,
    /// `credit_card`, `ticket`, …
    pub payment_type_id: String,
    /// In how many parts.
    pub installments: u32,
    /// What one of them is; 0 where there are none.
    #[schema(value_type = f64)]
    pub installment_amount: Amount,
    /// The card's last four digits.
    pub last_four_digits: Option<String>,
    /// The shop's own name for the sale.
    pub external_reference: Option<String>,
    /// How the purchase stands on the card's statement.
    pub statement_descriptor: Option<String>,
    /// What to tell the buyer, in the language that was asked for. `{amount}`, `{installments}`, `{payment_method}` and
    /// `{statement_descriptor}` are left for the page to fill in.
    pub message: Option<&'static str>,
    /// `false` with test credentials.
    pub live_mode: bool,
    /// How to pay it; only while it waits to be paid.
    pub instructions: Option<Instructions>,
}

/// What the buyer of a Pix, a ticket or a transfer needs to pay it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Instructions {
    /// Its page, on the platform or at the bank.
    pub external_resource_url: Option<String>,
    /// The Pix text to copy.
    pub qr_code: Option<String>,
    /// The same as a picture, PNG in base64.
    pub qr_code_base64: Option<String>,
    /// The digits of the barcode.
    pub barcode: Option<String>,
    /// The digits that a buyer types.
    pub digitable_line: Option<String>,
    /// The ticket's number.
    pub reference: Option<String>,
    /// The second number that some tickets have.
    pub verification_code: Option<String>,
    /// The bank, where there is one.
    pub financial_institution: Option<String>,
}

impl Glance {
    /// What may be seen of `payment`, with its message in the language of a locale.
    pub fn of(payment: &Payment, locale: &str) -> Glance {
        let details = &payment.transaction_details;
        Glance {
            id: payment.id,
            status: payment.status,
            status_detail: payment.status_detail.clone(),
            total_paid_amount: details.total_paid_amount,
            transaction_amount: payment.transaction_amount,
            currency_id: payment.currency_id,
            date_created: payment.date_created,
            date_of_expiration: payment.date_of_expiration,
            payment_method_id: payment.payment_method_id.clone(),
            payment_type_id: payment.payment_type_id.clone(),
            installments: payment.installments,
            installment_amount: details.installment_amount,
            last_four_digits: payment.card.0.as_ref().and_then(|card| card.last_four_digits.clone()),
            external_reference: payment.external_reference.clone(),
            statement_descriptor: payment.statement_descriptor.clone(),
            message: status_detail::message(payment.status.name(), &payment.status_detail, locale),
            live_mode: payment.live_mode,
            instructions: Instructions::of(payment),
        }
    }
}

impl Instructions {
    fn of(payment: &Payment) -> Option<Instructions> {
        // A paid ticket's page would tell who paid; a challenge is its own shop's to open, which was given its address.
        if payment.status != Status::Pending || payment.card.0.is_some() {
            return None;
        }
        let details = &payment.transaction_details;
        let transfer = payment.point_of_interaction.transaction_data.as_ref();
        Some(Instructions {
            external_resource_url: details
                .external_resource_url
                .clone()
                .or_else(|| transfer.and_then(|data| data.ticket_url.clone())),
            qr_code: transfer.and_then(|data| data.qr_code.clone()),
            qr_code_base64: transfer.and_then(|data| data.qr_code_base64.clone()),
            barcode: details.barcode.as_ref().or(payment.barcode.as_ref()).map(|code| code.content.clone()),
            digitable_line: details.digitable_line.clone(),
            reference: details.payment_method_reference_id.clone(),
            verification_code: details.verification_code.clone(),
            financial_institution: details.financial_institution.clone(),
        })
    }
}
