//! Rows as records: how each table's columns read.

use crate::encoding::{Damaged, decode};
use crate::numbers;
use crate::packing::{cause_from_number, unpack_legs};
use crate::{
    AccountRecord, ApplicationRecord, CardTokenRecord, CredentialRecord, DeliveryAttempt, DeliveryRecord,
    DeliveryState, DueDelivery, IdempotencyRecord, PayerRecord, PaymentRecord, ReadError, Timer,
};
use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::Posting;
use pasarela_domain::money::Currency;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

/// The columns that [`payment`] reads.
macro_rules! payment_columns {
    () => {
        "id, account_id, mode, version, created, updated, approved, release, status, status_detail, payment_method_id, \
         payment_type_id, operation_type, payer_id, external_reference, store_id, pos_id, content, \
         traces"
    };
}
/// The columns that [`card_token`] reads.
macro_rules! card_token_columns {
    () => {
        "lookup, account_id, mode, version, purge_at, sealed_number, sealed_security_code, content"
    };
}
/// The columns that [`account`] reads.
macro_rules! account_columns {
    () => {
        "id, site, email, body"
    };
}
/// The columns that [`application`] reads.
macro_rules! application_columns {
    () => {
        "id, account_id, sealed_webhook_secret, body"
    };
}
/// The columns that [`credential`] reads.
macro_rules! credential_columns {
    () => {
        "lookup, kind, account_id, application_id, mode, well_known"
    };
}
/// The columns that [`payer`] reads.
macro_rules! payer_columns {
    () => {
        "account_id, mode, email, payer_id"
    };
}
/// The columns that [`idempotency_record`] reads.
macro_rules! idempotency_columns {
    () => {
        "account_id, key, request, resource_id, part_id, expires"
    };
}
/// The columns that [`timer`] reads.
macro_rules! timer_columns {
    () => {
        "account_id, mode, kind, subject, due"
    };
}
/// The columns that [`delivery`] reads.
macro_rules! delivery_columns {
    () => {
        "id, account_id, application_id, mode, channel, url, topic, action, resource_id, created, state, attempts, \
         next_attempt, data, turns_ahead"
    };
}
/// The columns that [`attempt`] reads.
macro_rules! attempt_columns {
    () => {
        "account_id, delivery_id, number, request_id, started, duration_ms, response_status, failure, state, \
         next_attempt, exchange"
    };
}
/// The columns that [`posting`] reads.
macro_rules! posting_columns {
    () => {
        "account_id, currency, cause, resource_id, effective_at, legs"
    };
}
pub(crate) use {
    account_columns, application_columns, attempt_columns, card_token_columns, credential_columns,
    delivery_columns, idempotency_columns, payer_columns, payment_columns, posting_columns, timer_columns,
};

/// A payment with its decompressed body.
pub(crate) fn payment(row: &Row) -> Result<PaymentRecord, ReadError> {
    let (body, internals) = content(row, 17)?;
    Ok(PaymentRecord {
        id: get(row, 0)?,
        account_id: get(row, 1)?,
        mode: mode(row, 2)?,
        version: get(row, 3)?,
        created: instant(row, 4)?,
        updated: instant(row, 5)?,
        approved: optional_instant(row, 6)?,
        release: optional_instant(row, 7)?,
        status: get(row, 8)?,
        status_detail: get(row, 9)?,
        payment_method_id: get(row, 10)?,
        payment_type_id: get(row, 11)?,
        operation_type: get(row, 12)?,
        payer_id: get(row, 13)?,
        external_reference: get(row, 14)?,
        store_id: get(row, 15)?,
        pos_id: get(row, 16)?,
        traces: get::<Option<Vec<i64>>>(row, 18)?.unwrap_or_default(),
        body,
        internals,
    })
}

/// A card token.
pub(crate) fn card_token(row: &Row) -> Result<CardTokenRecord, ReadError> {
    Ok(CardTokenRecord {
        lookup: bytes(row, 0)?,
        account_id: get(row, 1)?,
        mode: mode(row, 2)?,
        version: get(row, 3)?,
        purge_at: instant(row, 4)?,
        sealed_number: get(row, 5)?,
        sealed_security_code: get(row, 6)?,
        body: content(row, 7)?.0,
    })
}

/// An account.
pub(crate) fn account(row: &Row) -> Result<AccountRecord, ReadError> {
    Ok(AccountRecord {
        id: get(row, 0)?,
        site: Site::from_id(get(row, 1)?).ok_or_else(|| damaged("an unknown site"))?,
        email: get(row, 2)?,
        body: get(row, 3)?,
    })
}

/// An application.
pub(crate) fn application(row: &Row) -> Result<ApplicationRecord, ReadError> {
    Ok(ApplicationRecord {
        id: get(row, 0)?,
        account_id: get(row, 1)?,
        sealed_webhook_secret: get(row, 2)?,
        body: get(row, 3)?,
    })
}

/// A credential.
pub(crate) fn credential(row: &Row) -> Result<CredentialRecord, ReadError> {
    Ok(CredentialRecord {
        lookup: bytes(row, 0)?,
        kind: numbers::credential_kind(number(row, 1)?)
            .ok_or_else(|| damaged("an unknown kind of credential"))?,
        account_id: get(row, 2)?,
        application_id: get(row, 3)?,
        mode: mode(row, 4)?,
        well_known: get(row, 5)?,
    })
}

/// A payer.
pub(crate) fn payer(row: &Row) -> Result<PayerRecord, ReadError> {
    Ok(PayerRecord {
        account_id: get(row, 0)?,
        mode: mode(row, 1)?,
        email: bytes(row, 2)?,
        payer_id: get(row, 3)?,
    })
}

/// The outcome of a write under an idempotency key.
pub(crate) fn idempotency_record(row: &Row) -> Result<IdempotencyRecord, ReadError> {
    Ok(IdempotencyRecord {
        account_id: get(row, 0)?,
        key: bytes(row, 1)?,
        request: bytes(row, 2)?,
        resource_id: get(row, 3)?,
        part_id: get(row, 4)?,
        expires: instant(row, 5)?,
    })
}

/// A timer.
pub(crate) fn timer(row: &Row) -> Result<Timer, ReadError> {
    Ok(Timer {
        account_id: get(row, 0)?,
        mode: mode(row, 1)?,
        kind: numbers::timer_kind(number(row, 2)?).ok_or_else(|| damaged("an unknown kind of timer"))?,
        subject: get(row, 3)?,
        due: instant(row, 4)?,
    })
}

/// A delivery.
pub(crate) fn delivery(row: &Row) -> Result<DeliveryRecord, ReadError> {
    Ok(DeliveryRecord {
        id: get(row, 0)?,
        account_id: get(row, 1)?,
        application_id: get(row, 2)?,
        mode: mode(row, 3)?,
        channel: numbers::channel(number(row, 4)?).ok_or_else(|| damaged("an unknown channel"))?,
        url: get(row, 5)?,
        topic: get(row, 6)?,
        action: get(row, 7)?,
        resource_id: get(row, 8)?,
        created: instant(row, 9)?,
        state: delivery_state(row, 10)?,
        attempts: count(row, 11)?,
        next_attempt: instant(row, 12)?,
        data: get(row, 13)?,
        turns_ahead: get(row, 14)?,
    })
}

/// A delivery, and behind which one it waits.
pub(crate) fn due_delivery(row: &Row) -> Result<DueDelivery, ReadError> {
    Ok(DueDelivery { delivery: delivery(row)?, behind: get(row, 15)? })
}

/// An attempt of a delivery.
pub(crate) fn attempt(row: &Row) -> Result<DeliveryAttempt, ReadError> {
    let status: Option<i16> = get(row, 6)?;
    Ok(DeliveryAttempt {
        account_id: get(row, 0)?,
        delivery_id: get(row, 1)?,
        number: count(row, 2)?,
        request_id: get(row, 3)?,
        started: instant(row, 4)?,
        duration_ms: get(row, 5)?,
        response_status: status.map(u16::try_from).transpose().map_err(|_| damaged("a status below zero"))?,
        failure: get(row, 7)?,
        state: delivery_state(row, 8)?,
        next_attempt: optional_instant(row, 9)?,
        exchange: get(row, 10)?,
    })
}

/// A posting.
pub(crate) fn posting(row: &Row) -> Result<Posting, ReadError> {
    let account_id = get(row, 0)?;
    let cause = u8::try_from(number(row, 2)?).ok().and_then(cause_from_number);
    Ok(Posting {
        account_id,
        currency: Currency::from_code(get(row, 1)?).ok_or_else(|| damaged("an unknown currency"))?,
        cause: cause.ok_or_else(|| damaged("an unknown cause"))?,
        resource_id: get(row, 3)?,
        effective_at: instant(row, 4)?,
        legs: unpack_legs(account_id, get(row, 5)?).ok_or_else(|| damaged("legs that can't be unpacked"))?,
    })
}

/// The value in column `index`.
pub(crate) fn get<'row, T: FromSql<'row>>(row: &'row Row, index: usize) -> Result<T, ReadError> {
    row.try_get(index).map_err(|cause| ReadError::new(cause.to_string()))
}

/// The small number in column `index`.
pub(crate) fn number(row: &Row, index: usize) -> Result<i64, ReadError> {
    get::<i16>(row, index).map(i64::from)
}

/// The mode in column `index`.
pub(crate) fn mode(row: &Row, index: usize) -> Result<Mode, ReadError> {
    numbers::mode(number(row, index)?).ok_or_else(|| damaged("an unknown mode"))
}

/// The instant in column `index`.
pub(crate) fn instant(row: &Row, index: usize) -> Result<Timestamp, ReadError> {
    get(row, index).map(Timestamp)
}

/// The decompressed body and internals in column `index`.
pub(crate) fn content(row: &Row, index: usize) -> Result<(Vec<u8>, Vec<u8>), ReadError> {
    decoded(get(row, index)?)
}

/// The decompressed body and internals of a stored `content`.
pub(crate) fn decoded(content: &[u8]) -> Result<(Vec<u8>, Vec<u8>), ReadError> {
    decode(content).map_err(|damage| ReadError::new(damage.to_string()))
}

fn optional_instant(row: &Row, index: usize) -> Result<Option<Timestamp>, ReadError> {
    get::<Option<i64>>(row, index).map(|at| at.map(Timestamp))
}

fn delivery_state(row: &Row, index: usize) -> Result<DeliveryState, ReadError> {
    numbers::delivery_state(number(row, index)?).ok_or_else(|| damaged("an unknown state"))
}

fn count(row: &Row, index: usize) -> Result<u32, ReadError> {
    u32::try_from(get::<i32>(row, index)?).map_err(|_| damaged("a count below zero"))
}

pub(crate) fn bytes<const LENGTH: usize>(row: &Row, index: usize) -> Result<[u8; LENGTH], ReadError> {
    get::<&[u8]>(row, index)?.try_into().map_err(|_| damaged("a key of another length"))
}

/// A value that this version can't read.
pub(crate) fn damaged(why: &'static str) -> ReadError {
    ReadError::new(Damaged(why).to_string())
}
