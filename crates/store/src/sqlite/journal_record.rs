//! How tasks stand in the journal: field after field, integers of a variable length, texts with their length before
//! them. [`FORMAT`] says which fields; a change of what can be stored is a new number, and the old one stays readable.

mod customers;
mod field;
mod logins;
mod notifications;

use crate::numbers;
use crate::packing::{cause_from_number, cause_number, pack_legs, unpack_legs, unpack_traces};
use crate::prepared::Prepared;
use crate::varint::{push_unsigned, take_unsigned};
use crate::work::Task;
use crate::{
    AccountRecord, ApplicationRecord, CardTokenRecord, CatalogueRecord, Changes, CredentialRecord,
    IdempotencyRecord, PayerRecord, PaymentRecord, RecordChange, Timer, TimerKind,
};
use field::{Field, fields, numbered};
use pasarela_domain::identity::{CredentialKind, Mode};
use pasarela_domain::ledger::Posting;
use pasarela_domain::money::Currency;

/// The first byte of a record's tasks.
const FORMAT: u8 = 1;

const COMMIT: u8 = 1;
const PURGE_SECRETS: u8 = 2;
const PURGE_IDEMPOTENCY: u8 = 3;

/// Appends `tasks`.
pub(crate) fn put_tasks<'t>(tasks: impl Iterator<Item = &'t Task>, out: &mut Vec<u8>) {
    out.push(FORMAT);
    for task in tasks {
        match task {
            Task::Commit(prepared) => {
                out.push(COMMIT);
                prepared.contents().put(out);
                prepared.changes().put(out);
            }
            Task::PurgeSecrets { now, limit } => {
                out.push(PURGE_SECRETS);
                (*now, *limit).put(out);
            }
            Task::PurgeIdempotency { now, limit } => {
                out.push(PURGE_IDEMPOTENCY);
                (*now, *limit).put(out);
            }
        }
    }
}

/// The tasks that [`put_tasks`] wrote; `None` if this version does not know their form.
pub(crate) fn take_tasks(mut bytes: &[u8]) -> Option<Vec<Task>> {
    if u8::take(&mut bytes)? != FORMAT {
        return None;
    }
    let mut tasks = Vec::new();
    while !bytes.is_empty() {
        tasks.push(match u8::take(&mut bytes)? {
            COMMIT => {
                let contents = Vec::take(&mut bytes)?;
                Task::Commit(Box::new(Prepared::from_parts(Changes::take(&mut bytes)?, contents)))
            }
            PURGE_SECRETS => {
                let (now, limit) = Field::take(&mut bytes)?;
                Task::PurgeSecrets { now, limit }
            }
            PURGE_IDEMPOTENCY => {
                let (now, limit) = Field::take(&mut bytes)?;
                Task::PurgeIdempotency { now, limit }
            }
            _ => return None,
        });
    }
    Some(tasks)
}

numbered!(Mode, |mode| u8::from(mode.is_live()), numbers::mode);
numbered!(CredentialKind, numbers::credential_kind_number, numbers::credential_kind);
numbered!(TimerKind, |kind| kind as u8, numbers::timer_kind);

fields!(PaymentRecord {
    id, account_id, mode, version, created, updated, approved, release, status, status_detail, payment_method_id,
    payment_type_id, operation_type, payer_id, external_reference, store_id, pos_id,
} without { body, internals, traces });
fields!(CardTokenRecord {
    lookup, account_id, mode, version, sealed_number, sealed_security_code, purge_at,
} without { body });
fields!(AccountRecord { id, site, email, body });
fields!(ApplicationRecord { id, account_id, sealed_webhook_secret, body });
fields!(CredentialRecord { lookup, kind, account_id, application_id, mode, well_known });
fields!(PayerRecord { account_id, mode, email, payer_id });
fields!(IdempotencyRecord { account_id, key, request, resource_id, part_id, expires });
fields!(Timer { account_id, mode, kind, subject, due });
fields!(CatalogueRecord { version, applied, author, comment, document });
fields!(Changes { idempotency, records, postings, set_timers, clear_timers, deliveries });

impl Field for RecordChange {
    fn put(&self, out: &mut Vec<u8>) {
        let mut tagged = |tag: u8, record: &dyn Fn(&mut Vec<u8>)| {
            out.push(tag);
            record(out);
        };
        match self {
            RecordChange::InsertPayment(record) => tagged(14, &|out| put_payment(record, out)),
            RecordChange::UpdatePayment(record) => tagged(15, &|out| put_payment(record, out)),
            RecordChange::InsertCardToken(record) => tagged(3, &|out| record.put(out)),
            RecordChange::UpdateCardToken(record) => tagged(4, &|out| record.put(out)),
            RecordChange::InsertAccount(record) => tagged(5, &|out| record.put(out)),
            RecordChange::InsertApplication(record) => tagged(6, &|out| record.put(out)),
            RecordChange::UpdateApplication(record) => tagged(7, &|out| record.put(out)),
            RecordChange::InsertCredential(record) => tagged(8, &|out| record.put(out)),
            RecordChange::InsertPayer(record) => tagged(9, &|out| record.put(out)),
            RecordChange::SetClock { account_id, offset_ms } => {
                tagged(10, &|out| (*account_id, *offset_ms).put(out));
            }
            RecordChange::RecordAttempt(record) => tagged(11, &|out| record.put(out)),
            RecordChange::Customer(change) => tagged(12, &|out| change.put(out)),
            RecordChange::Checkout(change) => tagged(16, &|out| change.put(out)),
            RecordChange::InsertCatalogue(record) => tagged(13, &|out| record.put(out)),
            RecordChange::Notification(change) => tagged(20, &|out| change.put(out)),
            RecordChange::Login(change) => tagged(24, &|out| change.put(out)),
            RecordChange::AccountEntry(change) => tagged(30, &|out| change.put(out)),
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<RecordChange> {
        Some(match u8::take(bytes)? {
            // Payments as they were before they left traces.
            1 => RecordChange::InsertPayment(Field::take(bytes)?),
            2 => RecordChange::UpdatePayment(Field::take(bytes)?),
            3 => RecordChange::InsertCardToken(Field::take(bytes)?),
            4 => RecordChange::UpdateCardToken(Field::take(bytes)?),
            5 => RecordChange::InsertAccount(Field::take(bytes)?),
            6 => RecordChange::InsertApplication(Field::take(bytes)?),
            7 => RecordChange::UpdateApplication(Field::take(bytes)?),
            8 => RecordChange::InsertCredential(Field::take(bytes)?),
            9 => RecordChange::InsertPayer(Field::take(bytes)?),
            10 => {
                let (account_id, offset_ms) = Field::take(bytes)?;
                RecordChange::SetClock { account_id, offset_ms }
            }
            11 => RecordChange::RecordAttempt(Field::take(bytes)?),
            12 => RecordChange::Customer(Field::take(bytes)?),
            13 => RecordChange::InsertCatalogue(Field::take(bytes)?),
            14 => RecordChange::InsertPayment(take_payment(bytes)?),
            15 => RecordChange::UpdatePayment(take_payment(bytes)?),
            16 => RecordChange::Checkout(Field::take(bytes)?),
            20 => RecordChange::Notification(Field::take(bytes)?),
            24 => RecordChange::Login(Field::take(bytes)?),
            30 => RecordChange::AccountEntry(Field::take(bytes)?),
            _ => return None,
        })
    }
}

/// A payment with its traces, which came later. Hashes are of one length: no shorter form helps them.
fn put_payment(payment: &PaymentRecord, out: &mut Vec<u8>) {
    payment.put(out);
    push_unsigned(out, payment.traces.len() as u64);
    for trace in &payment.traces {
        out.extend_from_slice(&trace.to_le_bytes());
    }
}

fn take_payment(bytes: &mut &[u8]) -> Option<PaymentRecord> {
    let mut payment = PaymentRecord::take(bytes)?;
    let count = usize::try_from(take_unsigned(bytes)?).ok()?;
    let (packed, rest) = bytes.split_at_checked(count.checked_mul(8)?)?;
    payment.traces = unpack_traces(packed)?;
    *bytes = rest;
    Some(payment)
}

impl Field for Posting {
    fn put(&self, out: &mut Vec<u8>) {
        self.account_id.put(out);
        self.currency.code().to_owned().put(out);
        out.push(cause_number(self.cause));
        self.resource_id.put(out);
        self.effective_at.put(out);
        pack_legs(self).put(out);
    }

    fn take(bytes: &mut &[u8]) -> Option<Posting> {
        let account_id = Field::take(bytes)?;
        Some(Posting {
            account_id,
            currency: Currency::from_code(&String::take(bytes)?)?,
            cause: cause_from_number(u8::take(bytes)?)?,
            resource_id: Field::take(bytes)?,
            effective_at: Field::take(bytes)?,
            legs: unpack_legs(account_id, &Vec::<u8>::take(bytes)?)?,
        })
    }
}

#[cfg(test)]
mod tests;
