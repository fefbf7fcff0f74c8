//! How tasks stand in the journal: field after field, integers of a variable length, texts with their length before
//! them. [`FORMAT`] says which fields; a change of what can be stored is a new number, and the old one stays readable.

use crate::numbers;
use crate::packing::{cause_from_number, cause_number, pack_legs, unpack_legs, unpack_traces};
use crate::prepared::Prepared;
use crate::varint::{push_signed, push_unsigned, take_signed, take_unsigned};
use crate::work::Task;
use crate::{
    AccountEntry, AccountRecord, ApplicationRecord, CardTokenRecord, CatalogueRecord, Changes, Channel,
    CheckoutChange, CheckoutKind, CheckoutRecord, CheckoutWords, CredentialRecord, CustomerChange,
    CustomerRecord, CustomerWords, DeliveryAttempt, DeliveryRecord, DeliveryState, EntryChange, EntryKind,
    IdempotencyRecord, LoginChange, LoginRecord, NotificationChange, NotificationSetting, PayerRecord,
    PaymentRecord, RecordChange, SavedCardRecord, SealedCardRecord, SessionRecord, SettingKind, Timer,
    TimerKind,
};
use pasarela_domain::identity::{CredentialKind, Mode};
use pasarela_domain::ledger::Posting;
use pasarela_domain::money::Currency;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;

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

/// What has a place in a record.
trait Field: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(bytes: &mut &[u8]) -> Option<Self>;

    /// Several, without their number.
    fn put_all(values: &[Self], out: &mut Vec<u8>) {
        for value in values {
            value.put(out);
        }
    }

    /// `count` of them.
    fn take_all(count: usize, bytes: &mut &[u8]) -> Option<Vec<Self>> {
        // Not all the memory at once that a count of no value asks for.
        let mut values = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            values.push(Self::take(bytes)?);
        }
        Some(values)
    }
}

/// The fields of a struct, in this order; `without` are those whose stored form is among the contents.
macro_rules! fields {
    ($type:ident { $($field:ident),* $(,)? } $(without { $($left_out:ident),* })?) => {
        impl Field for $type {
            fn put(&self, out: &mut Vec<u8>) {
                let $type { $($field,)* $($($left_out: _,)*)? } = self;
                $($field.put(out);)*
            }

            fn take(bytes: &mut &[u8]) -> Option<$type> {
                Some($type { $($field: Field::take(bytes)?,)* $($($left_out: Vec::new(),)*)? })
            }
        }
    };
}

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
/// Added to the number of a state when one more field stands at the end: records without it are as short as they were.
const ONE_MORE: u8 = 0x80;

/// A new delivery has had no turn, so that its place in the schedule is not written.
impl Field for DeliveryRecord {
    fn put(&self, out: &mut Vec<u8>) {
        ((self.id, self.account_id), (self.application_id, self.mode)).put(out);
        self.channel.put(out);
        for text in [&self.url, &self.topic, &self.action, &self.resource_id] {
            text.put(out);
        }
        self.created.put(out);
        out.push(self.state as u8 | if self.data.is_some() { ONE_MORE } else { 0 });
        (self.attempts, self.next_attempt).put(out);
        if let Some(data) = &self.data {
            data.put(out);
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<DeliveryRecord> {
        let ((id, account_id), (application_id, mode)) = Field::take(bytes)?;
        let channel = Field::take(bytes)?;
        let [url, topic, action, resource_id] =
            [Field::take(bytes)?, Field::take(bytes)?, Field::take(bytes)?, Field::take(bytes)?];
        let created = Field::take(bytes)?;
        let (state, has_data) = take_state(bytes)?;
        let (attempts, next_attempt) = Field::take(bytes)?;
        let data = if has_data { Some(Field::take(bytes)?) } else { None };
        Some(DeliveryRecord {
            id,
            account_id,
            application_id,
            mode,
            channel,
            url,
            topic,
            action,
            resource_id,
            created,
            state,
            attempts,
            next_attempt,
            data,
            turns_ahead: 0,
        })
    }
}

impl Field for DeliveryAttempt {
    fn put(&self, out: &mut Vec<u8>) {
        ((self.account_id, self.delivery_id), self.number).put(out);
        self.request_id.put(out);
        (self.started, self.duration_ms).put(out);
        self.response_status.put(out);
        self.failure.put(out);
        out.push(self.state as u8 | if self.exchange.is_some() { ONE_MORE } else { 0 });
        self.next_attempt.put(out);
        if let Some(exchange) = &self.exchange {
            exchange.put(out);
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<DeliveryAttempt> {
        let ((account_id, delivery_id), number) = Field::take(bytes)?;
        let request_id = Field::take(bytes)?;
        let (started, duration_ms) = Field::take(bytes)?;
        let (response_status, failure) = (Field::take(bytes)?, Field::take(bytes)?);
        let (state, has_exchange) = take_state(bytes)?;
        let next_attempt = Field::take(bytes)?;
        let exchange = if has_exchange { Some(Field::take(bytes)?) } else { None };
        Some(DeliveryAttempt {
            account_id,
            delivery_id,
            number,
            request_id,
            started,
            duration_ms,
            response_status,
            failure,
            state,
            next_attempt,
            exchange,
        })
    }
}

/// A state, and whether one more field stands at the end.
fn take_state(bytes: &mut &[u8]) -> Option<(DeliveryState, bool)> {
    let number = u8::take(bytes)?;
    Some((numbers::delivery_state(i64::from(number & !ONE_MORE))?, number & ONE_MORE != 0))
}

fields!(NotificationSetting { application_id, mode, kind, name, version, changed, body });

impl Field for NotificationChange {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            NotificationChange::Set(setting) => {
                out.push(1);
                setting.put(out);
            }
            NotificationChange::Reschedule { account_id, delivery_id, state, next_attempt } => {
                out.push(2);
                ((*account_id, *delivery_id), (*state, *next_attempt)).put(out);
            }
            NotificationChange::Move {
                account_id,
                delivery_id,
                from,
                to,
                next_attempt,
                turns_ahead,
                seen,
            } => {
                out.push(if seen.is_some() { 5 } else { 4 });
                ((*account_id, *delivery_id), (*from, *to)).put(out);
                (*next_attempt, i64::from(*turns_ahead)).put(out);
                if let Some((next_attempt, turns_ahead)) = seen {
                    (*next_attempt, i64::from(*turns_ahead)).put(out);
                }
            }
            NotificationChange::Forget { account_id, delivery_id } => {
                out.push(3);
                (*account_id, *delivery_id).put(out);
            }
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<NotificationChange> {
        Some(match u8::take(bytes)? {
            1 => NotificationChange::Set(Field::take(bytes)?),
            2 => {
                let ((account_id, delivery_id), (state, next_attempt)) = Field::take(bytes)?;
                NotificationChange::Reschedule { account_id, delivery_id, state, next_attempt }
            }
            3 => {
                let (account_id, delivery_id) = Field::take(bytes)?;
                NotificationChange::Forget { account_id, delivery_id }
            }
            tag @ (4 | 5) => {
                let ((account_id, delivery_id), (from, to)) = Field::take(bytes)?;
                let (next_attempt, turns_ahead) = take_place(bytes)?;
                let seen = if tag == 5 { Some(take_place(bytes)?) } else { None };
                NotificationChange::Move {
                    account_id,
                    delivery_id,
                    from,
                    to,
                    next_attempt,
                    turns_ahead,
                    seen,
                }
            }
            _ => return None,
        })
    }
}

/// Next attempt and turns ahead of a delivery.
fn take_place(bytes: &mut &[u8]) -> Option<(Timestamp, i32)> {
    let (next_attempt, turns_ahead): (Timestamp, i64) = Field::take(bytes)?;
    Some((next_attempt, i32::try_from(turns_ahead).ok()?))
}

fields!(AccountEntry { account_id, kind, name, version, changed, body });

impl Field for EntryChange {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            EntryChange::Set(entry) => {
                out.push(1);
                entry.put(out);
            }
            EntryChange::Delete { account_id, kind, name, version } => {
                out.push(2);
                ((*account_id, *kind), *version).put(out);
                name.put(out);
            }
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<EntryChange> {
        Some(match u8::take(bytes)? {
            1 => EntryChange::Set(Field::take(bytes)?),
            2 => {
                let ((account_id, kind), version) = Field::take(bytes)?;
                EntryChange::Delete { account_id, kind, name: Field::take(bytes)?, version }
            }
            _ => return None,
        })
    }
}

fields!(CatalogueRecord { version, applied, author, comment, document });
fields!(Changes { idempotency, records, postings, set_timers, clear_timers, deliveries });

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

fields!(LoginRecord { account_id, version, nickname, email, body });
fields!(SessionRecord { account_id, lookup, started, seen, expires, body });

impl Field for LoginChange {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            LoginChange::Insert(record) => {
                out.push(1);
                record.put(out);
            }
            LoginChange::Update(record) => {
                out.push(2);
                record.put(out);
            }
            LoginChange::Start { session, login_version } => {
                out.push(3);
                session.put(out);
                login_version.put(out);
            }
            LoginChange::Renew(record) => {
                out.push(4);
                record.put(out);
            }
            LoginChange::End { account_id, lookup } => {
                out.push(5);
                (*account_id, *lookup).put(out);
            }
            LoginChange::EndAll { account_id } => {
                out.push(6);
                account_id.put(out);
            }
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<LoginChange> {
        Some(match u8::take(bytes)? {
            1 => LoginChange::Insert(Field::take(bytes)?),
            2 => LoginChange::Update(Field::take(bytes)?),
            3 => LoginChange::Start { session: Field::take(bytes)?, login_version: Field::take(bytes)? },
            4 => LoginChange::Renew(Field::take(bytes)?),
            5 => {
                let (account_id, lookup) = Field::take(bytes)?;
                LoginChange::End { account_id, lookup }
            }
            6 => LoginChange::EndAll { account_id: Field::take(bytes)? },
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

/// What has a number elsewhere already.
macro_rules! numbered {
    ($type:ident, $number:expr, $from:path) => {
        impl Field for $type {
            fn put(&self, out: &mut Vec<u8>) {
                let number: fn($type) -> u8 = $number;
                out.push(number(*self));
            }

            fn take(bytes: &mut &[u8]) -> Option<$type> {
                $from(i64::from(u8::take(bytes)?))
            }
        }
    };
}

numbered!(Mode, |mode| u8::from(mode.is_live()), numbers::mode);
numbered!(CredentialKind, numbers::credential_kind_number, numbers::credential_kind);
numbered!(TimerKind, |kind| kind as u8, numbers::timer_kind);
numbered!(CheckoutKind, |kind| kind as u8, CheckoutKind::from_number);
numbered!(Channel, |channel| channel as u8, numbers::channel);
numbered!(DeliveryState, |state| state as u8, numbers::delivery_state);
numbered!(SettingKind, |kind| kind as u8, numbers::setting_kind);
numbered!(EntryKind, |kind| kind as u8, numbers::entry_kind);

impl Field for Site {
    fn put(&self, out: &mut Vec<u8>) {
        self.id().to_owned().put(out);
    }

    fn take(bytes: &mut &[u8]) -> Option<Site> {
        Site::from_id(&String::take(bytes)?)
    }
}

impl Field for Timestamp {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(bytes: &mut &[u8]) -> Option<Timestamp> {
        i64::take(bytes).map(Timestamp)
    }
}

impl Field for u8 {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn take(bytes: &mut &[u8]) -> Option<u8> {
        let (&first, rest) = bytes.split_first()?;
        *bytes = rest;
        Some(first)
    }

    fn put_all(values: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(values);
    }

    fn take_all(count: usize, bytes: &mut &[u8]) -> Option<Vec<u8>> {
        let (taken, rest) = bytes.split_at_checked(count)?;
        *bytes = rest;
        Some(taken.to_vec())
    }
}

impl Field for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn take(bytes: &mut &[u8]) -> Option<bool> {
        match u8::take(bytes)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Field for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        push_signed(out, *self);
    }

    fn take(bytes: &mut &[u8]) -> Option<i64> {
        take_signed(bytes)
    }
}

impl Field for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        push_unsigned(out, u64::from(*self));
    }

    fn take(bytes: &mut &[u8]) -> Option<u32> {
        take_unsigned(bytes)?.try_into().ok()
    }
}

impl Field for u16 {
    fn put(&self, out: &mut Vec<u8>) {
        u32::from(*self).put(out);
    }

    fn take(bytes: &mut &[u8]) -> Option<u16> {
        u32::take(bytes)?.try_into().ok()
    }
}

impl<const N: usize> Field for [u8; N] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn take(bytes: &mut &[u8]) -> Option<[u8; N]> {
        let (taken, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(*taken)
    }
}

impl Field for String {
    fn put(&self, out: &mut Vec<u8>) {
        push_unsigned(out, self.len() as u64);
        out.extend_from_slice(self.as_bytes());
    }

    fn take(bytes: &mut &[u8]) -> Option<String> {
        String::from_utf8(Vec::take(bytes)?).ok()
    }
}

impl<T: Field> Field for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_some()));
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<Option<T>> {
        match u8::take(bytes)? {
            0 => Some(None),
            1 => T::take(bytes).map(Some),
            _ => None,
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        push_unsigned(out, self.len() as u64);
        T::put_all(self, out);
    }

    fn take(bytes: &mut &[u8]) -> Option<Vec<T>> {
        let count = take_unsigned(bytes)?;
        T::take_all(usize::try_from(count).ok()?, bytes)
    }
}

impl<A: Field, B: Field> Field for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(bytes: &mut &[u8]) -> Option<(A, B)> {
        Some((A::take(bytes)?, B::take(bytes)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount};

    fn everything() -> Changes {
        let at = Timestamp(1_795_262_400_000);
        let payment = PaymentRecord {
            id: 1 << 52,
            account_id: -7,
            mode: Mode::Live,
            version: 3,
            created: at,
            updated: Timestamp(-1),
            approved: Some(at),
            release: None,
            status: "approved".to_owned(),
            status_detail: String::new(),
            payment_method_id: "pix".to_owned(),
            payment_type_id: "bank_transfer".to_owned(),
            operation_type: "regular_payment".to_owned(),
            payer_id: 77,
            external_reference: Some("pedido ñ 1".to_owned()),
            store_id: None,
            pos_id: Some("caixa".to_owned()),
            traces: vec![i64::MIN, 7],
            body: Vec::new(),
            internals: Vec::new(),
        };
        let token = CardTokenRecord {
            lookup: [3; 32],
            account_id: 7,
            mode: Mode::Test,
            version: 1,
            body: Vec::new(),
            sealed_number: Some(vec![1; 300]),
            sealed_security_code: None,
            purge_at: at,
        };
        let customer = CustomerRecord {
            account_id: 7,
            mode: Mode::Live,
            user_id: 8,
            version: 2,
            email: [5; 32],
            created: at,
            updated: at,
            words: CustomerWords { last_name: Some("núñez".to_owned()), ..CustomerWords::default() },
            body: Vec::new(),
            internals: Vec::new(),
        };
        let order = CheckoutRecord {
            account_id: 7,
            mode: Mode::Test,
            kind: CheckoutKind::MerchantOrder,
            id: "36127019344".to_owned(),
            version: 2,
            created: at,
            updated: at,
            words: CheckoutWords { payer_email: Some([8; 32]), ..CheckoutWords::default() },
            body: Vec::new(),
            internals: Vec::new(),
        };
        let login = LoginRecord {
            account_id: 8,
            version: 3,
            nickname: [1; 32],
            email: [2; 32],
            body: b"{}".to_vec(),
        };
        let session = SessionRecord {
            account_id: 8,
            lookup: [3; 32],
            started: at,
            seen: at,
            expires: at,
            body: b"{}".to_vec(),
        };
        let card =
            SavedCardRecord { account_id: 7, mode: Mode::Live, id: 9, user_id: 8, fingerprint: [4; 16] };
        let application = ApplicationRecord {
            id: 9,
            account_id: 7,
            sealed_webhook_secret: vec![4, 5],
            body: b"{}".to_vec(),
        };
        let attempt = DeliveryAttempt {
            account_id: 7,
            delivery_id: 8,
            number: 2,
            request_id: "request".to_owned(),
            started: at,
            duration_ms: 12,
            response_status: Some(503),
            failure: Some("the receiver answered 503".to_owned()),
            state: DeliveryState::Pending,
            next_attempt: Some(at),
            exchange: None,
        };
        let posting = Posting::build(7, Currency::BRL, Cause::Refund, 1 << 52, at)
            .debit(LedgerAccount::of(AccountKind::SellerPending, 7), 99)
            .credit(LedgerAccount::platform(AccountKind::RefundClearing), 99)
            .finish()
            .unwrap();
        let timer = |kind| Timer { account_id: 7, mode: Mode::Test, kind, subject: 5, due: at };
        let delivery = DeliveryRecord {
            id: 8,
            account_id: 7,
            application_id: 9,
            mode: Mode::Test,
            channel: Channel::Ipn,
            url: "https://shop.example/hook".to_owned(),
            topic: "payment".to_owned(),
            action: "payment.created".to_owned(),
            resource_id: "42".to_owned(),
            created: at,
            state: DeliveryState::Pending,
            attempts: 0,
            next_attempt: at,
            data: None,
            turns_ahead: 0,
        };
        Changes {
            idempotency: Some(IdempotencyRecord {
                account_id: 7,
                key: [1; 16],
                request: [2; 16],
                resource_id: 5,
                part_id: 0,
                expires: at,
            }),
            records: vec![
                RecordChange::InsertPayment(payment.clone()),
                RecordChange::UpdatePayment(payment),
                RecordChange::InsertCardToken(token.clone()),
                RecordChange::UpdateCardToken(token),
                RecordChange::InsertAccount(AccountRecord {
                    id: 7,
                    site: Site::MLB,
                    email: "a@testuser.com".to_owned(),
                    body: b"{}".to_vec(),
                }),
                RecordChange::InsertApplication(application.clone()),
                RecordChange::UpdateApplication(application),
                RecordChange::InsertCredential(CredentialRecord {
                    lookup: [9; 32],
                    kind: CredentialKind::AccessToken,
                    account_id: 7,
                    application_id: 9,
                    mode: Mode::Test,
                    well_known: true,
                }),
                RecordChange::InsertPayer(PayerRecord {
                    account_id: 7,
                    mode: Mode::Live,
                    email: [6; 32],
                    payer_id: 8,
                }),
                RecordChange::SetClock { account_id: 7, offset_ms: -5 },
                RecordChange::InsertCatalogue(CatalogueRecord {
                    version: 3,
                    applied: Timestamp(5),
                    author: "ana".to_owned(),
                    comment: String::new(),
                    document: vec![123, 125],
                }),
                RecordChange::RecordAttempt(DeliveryAttempt {
                    exchange: Some(vec![7; 200]),
                    ..attempt.clone()
                }),
                RecordChange::RecordAttempt(attempt),
                RecordChange::Checkout(CheckoutChange::Insert(order.clone())),
                RecordChange::Checkout(CheckoutChange::Update(order)),
                RecordChange::Login(LoginChange::Insert(login.clone())),
                RecordChange::Login(LoginChange::Update(login)),
                RecordChange::Login(LoginChange::Start { session: session.clone(), login_version: 3 }),
                RecordChange::Login(LoginChange::Renew(session)),
                RecordChange::Login(LoginChange::End { account_id: 8, lookup: [3; 32] }),
                RecordChange::Login(LoginChange::EndAll { account_id: 8 }),
                RecordChange::Notification(NotificationChange::Set(NotificationSetting {
                    application_id: 9,
                    mode: Mode::Live,
                    kind: SettingKind::Endpoint,
                    name: "https://shop.example/hook".to_owned(),
                    version: 3,
                    changed: at,
                    body: b"{}".to_vec(),
                })),
                RecordChange::Notification(NotificationChange::Reschedule {
                    account_id: 7,
                    delivery_id: 8,
                    state: DeliveryState::Held,
                    next_attempt: at,
                }),
                RecordChange::Notification(NotificationChange::Move {
                    account_id: 7,
                    delivery_id: 8,
                    from: DeliveryState::Held,
                    to: DeliveryState::Pending,
                    next_attempt: at,
                    turns_ahead: -3,
                    seen: None,
                }),
                RecordChange::Notification(NotificationChange::Move {
                    account_id: 7,
                    delivery_id: 8,
                    from: DeliveryState::Held,
                    to: DeliveryState::Pending,
                    next_attempt: at,
                    turns_ahead: 4,
                    seen: Some((at, -3)),
                }),
                RecordChange::Notification(NotificationChange::Forget { account_id: 7, delivery_id: 8 }),
                RecordChange::AccountEntry(EntryChange::Set(AccountEntry {
                    account_id: 7,
                    kind: EntryKind::PixKey,
                    name: "ana@example.com".to_owned(),
                    version: 0,
                    changed: at,
                    body: b"{}".to_vec(),
                })),
                RecordChange::AccountEntry(EntryChange::Delete {
                    account_id: 7,
                    kind: EntryKind::Grant,
                    name: "ab".to_owned(),
                    version: 2,
                }),
                RecordChange::Customer(CustomerChange::Insert(customer.clone())),
                RecordChange::Customer(CustomerChange::Update(customer)),
                RecordChange::Customer(CustomerChange::Delete {
                    account_id: 7,
                    mode: Mode::Live,
                    user_id: 8,
                    version: 2,
                }),
                RecordChange::Customer(CustomerChange::SaveCard {
                    card: card.clone(),
                    sealed_number: vec![1; 60],
                }),
                RecordChange::Customer(CustomerChange::DeleteCard(card)),
                RecordChange::Customer(CustomerChange::Reseal(SealedCardRecord {
                    mode: Mode::Live,
                    fingerprint: [4; 16],
                    sealed_number: vec![2; 61],
                })),
            ],
            postings: vec![(Mode::Test, posting)],
            set_timers: vec![timer(TimerKind::Release)],
            clear_timers: vec![timer(TimerKind::Expiry)],
            deliveries: vec![
                DeliveryRecord {
                    data: Some("{}".to_owned()),
                    state: DeliveryState::Held,
                    ..delivery.clone()
                },
                delivery,
            ],
        }
    }

    #[test]
    fn every_kind_of_task_comes_back_and_a_shorter_record_is_refused() {
        let tasks = [
            Task::Commit(Box::new(Prepared::from_parts(
                everything(),
                vec![vec![1, 2, 3], Vec::new(), vec![0; 700]],
            ))),
            Task::Commit(Box::new(Prepared::from_parts(Changes::default(), Vec::new()))),
            Task::PurgeSecrets { now: Timestamp(5), limit: 1_000 },
            Task::PurgeIdempotency { now: Timestamp(-6), limit: u32::MAX },
        ];
        let mut bytes = Vec::new();
        put_tasks(tasks.iter(), &mut bytes);
        let taken = take_tasks(&bytes).unwrap();
        let mut again = Vec::new();
        put_tasks(taken.iter(), &mut again);
        assert_eq!(again, bytes);
        let [Task::Commit(before), ..] = &tasks else { panic!("the first is a commit") };
        let [Task::Commit(after), _, Task::PurgeSecrets { limit: 1_000, .. }, Task::PurgeIdempotency { .. }] =
            taken.as_slice()
        else {
            panic!("other tasks came back")
        };
        assert_eq!(format!("{before:?}"), format!("{after:?}"));

        let first = {
            let mut bytes = Vec::new();
            put_tasks(tasks[..1].iter(), &mut bytes);
            bytes
        };
        for at in 2..first.len() {
            assert!(take_tasks(&first[..at]).is_none(), "{at}");
        }
        assert!(take_tasks(&[FORMAT + 1]).is_none(), "a later version's");
    }

    #[test]
    fn a_payment_that_was_recorded_before_payments_left_traces_is_read() {
        let RecordChange::InsertPayment(payment) = everything().records.swap_remove(0) else {
            panic!("the first is a payment")
        };
        for (tag, is_new) in [(1, true), (2, false)] {
            let mut bytes = vec![tag];
            payment.put(&mut bytes);
            let (taken, mut rest) = (RecordChange::take(&mut bytes.as_slice()), bytes.as_slice());
            let is_insert = matches!(&taken, Some(RecordChange::InsertPayment(_)));
            let Some(RecordChange::InsertPayment(read) | RecordChange::UpdatePayment(read)) = taken else {
                panic!("a payment")
            };
            assert_eq!(
                (is_insert, &read),
                (is_new, &PaymentRecord { traces: Vec::new(), ..payment.clone() })
            );
            // What comes after the traces is not eaten by a number that is too large.
            rest = &rest[1..];
            let mut cut = rest.to_vec();
            push_unsigned(&mut cut, u64::MAX);
            assert!(take_payment(&mut cut.as_slice()).is_none());
        }
    }
}
