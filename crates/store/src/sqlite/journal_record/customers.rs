//! Customers with their saved cards, and the bodies of the redirect checkout.

use super::field::{Field, fields, numbered};
use crate::{
    CheckoutChange, CheckoutKind, CheckoutRecord, CheckoutWords, CustomerChange, CustomerRecord,
    CustomerWords, SavedCardRecord, SealedCardRecord,
};

numbered!(CheckoutKind, |kind| kind as u8, CheckoutKind::from_number);

fields!(CustomerRecord {
    account_id, mode, user_id, version, email, created, updated, words,
} without { body, internals });
fields!(CheckoutRecord {
    account_id, mode, kind, id, version, created, updated, words,
} without { body, internals });
fields!(CheckoutWords {
    external_reference,
    preference_id,
    status,
    marketplace,
    sponsor_id,
    application_id,
    payer_id,
    payer_email,
});
fields!(CustomerWords {
    first_name,
    last_name,
    identification_type,
    identification_number,
    phone_area_code,
    phone_number,
});
fields!(SavedCardRecord { account_id, mode, id, user_id, fingerprint });
fields!(SealedCardRecord { mode, fingerprint, sealed_number });

impl Field for CustomerChange {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            CustomerChange::Insert(record) => {
                out.push(1);
                record.put(out);
            }
            CustomerChange::Update(record) => {
                out.push(2);
                record.put(out);
            }
            CustomerChange::Delete { account_id, mode, user_id, version } => {
                out.push(3);
                ((*account_id, *mode), (*user_id, *version)).put(out);
            }
            CustomerChange::SaveCard { card, sealed_number } => {
                out.push(4);
                card.put(out);
                sealed_number.put(out);
            }
            CustomerChange::DeleteCard(record) => {
                out.push(5);
                record.put(out);
            }
            CustomerChange::Reseal(record) => {
                out.push(6);
                record.put(out);
            }
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<CustomerChange> {
        Some(match u8::take(bytes)? {
            1 => CustomerChange::Insert(Field::take(bytes)?),
            2 => CustomerChange::Update(Field::take(bytes)?),
            3 => {
                let ((account_id, mode), (user_id, version)) = Field::take(bytes)?;
                CustomerChange::Delete { account_id, mode, user_id, version }
            }
            4 => CustomerChange::SaveCard { card: Field::take(bytes)?, sealed_number: Field::take(bytes)? },
            5 => CustomerChange::DeleteCard(Field::take(bytes)?),
            6 => CustomerChange::Reseal(Field::take(bytes)?),
            _ => return None,
        })
    }
}

impl Field for CheckoutChange {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(match self {
            CheckoutChange::Insert(_) => 1,
            CheckoutChange::Update(_) => 2,
        });
        self.record().put(out);
    }

    fn take(bytes: &mut &[u8]) -> Option<CheckoutChange> {
        Some(match u8::take(bytes)? {
            1 => CheckoutChange::Insert(Field::take(bytes)?),
            2 => CheckoutChange::Update(Field::take(bytes)?),
            _ => return None,
        })
    }
}
