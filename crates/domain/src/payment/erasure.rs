//! A payment without its payer: what is left when the person who paid wants to be forgotten.
//!
//! LGPD (Lei 13.709/2018) art. 16 I and II and Ley 25.326 art. 16.5 let a seller keep what accounting and tax law demand: that
//! there was a payment, its amounts, dates, method and numbers. Who the payer was is not among it, once the payment is
//! over.

use super::body::{BankPayer, Cardholder, Identification, Payer, Phone, Status};
use super::{PaymentState, shown_payer};
use crate::json::JsonText;
use serde_json::{Map, Value};

/// Whether a payment in this state no longer needs its payer: nothing is waited for, and no dispute is open.
pub const fn is_over(status: Status) -> bool {
    match status {
        Status::Pending | Status::InProcess | Status::Authorized | Status::InMediation => false,
        Status::Approved | Status::Rejected | Status::Cancelled | Status::Refunded | Status::ChargedBack => {
            true
        }
    }
}

/// Takes from a payment what says who paid: names, e-mail, documents, phones and addresses of the payer, of the holder of
/// the card, of passengers and of who receives the goods. Numbers, amounts, dates, the seller's own reference,
/// description and metadata stay. A payment that was erased before comes out as it went in.
pub fn erase_payer(state: &mut PaymentState) {
    let internals = &mut state.internals;
    internals.payer = Payer {
        email: None,
        identification: Identification::default(),
        phone: Phone::default(),
        first_name: None,
        last_name: None,
        ..internals.payer.clone()
    };
    internals.card_fingerprint = None;
    internals.device_session = None;
    let payment = &mut state.payment;
    payment.payer = shown_payer(&internals.payer, payment.status);
    if let Some(card) = &mut payment.card.0 {
        card.cardholder = Cardholder::default();
    }
    if let Some(data) = &mut payment.point_of_interaction.transaction_data {
        data.bank_info.payer = BankPayer::default();
    }
    let mut info = payment.additional_info.value();
    if let Value::Object(members) = &mut info {
        erase_from_additional_info(members);
        payment.additional_info = JsonText::from(&info);
    }
}

fn erase_from_additional_info(info: &mut Map<String, Value>) {
    for name in ["payer", "ip_address"] {
        info.remove(name);
    }
    if let Some(Value::Object(shipments)) = info.get_mut("shipments") {
        shipments.remove("receiver_address");
    }
    for item in info.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(Value::Object(descriptor)) = item.get_mut("category_descriptor") {
            descriptor.remove("passenger");
        }
    }
}
