//! Rows as records: how each table's columns read.

use crate::encoding::{Damaged, decode};
use crate::numbers;
use crate::packing::{cause_from_number, unpack_legs, unpack_traces};
use crate::{
    AccountRecord, ApplicationRecord, CardTokenRecord, CredentialRecord, DeliveryAttempt, DeliveryRecord,
    DeliveryState, DueDelivery, IdempotencyRecord, PaymentRecord, Timer,
};
use pasarela_domain::identity::{AccountId, Mode};
use pasarela_domain::ledger::Posting;
use pasarela_domain::money::Currency;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use rusqlite::types::{Type, Value};
use rusqlite::{Connection, OptionalExtension, Row};

/// The columns that [`payment`] reads.
pub(crate) const PAYMENT: &str = "id, account_id, mode, version, created, updated, approved, release, status, \
     status_detail, payment_method_id, payment_type_id, operation_type, payer_id, external_reference, store_id, pos_id, \
     content, traces";
/// The columns that [`card_token`] reads.
pub(crate) const CARD_TOKEN: &str =
    "lookup, account_id, mode, version, purge_at, sealed_number, sealed_security_code, content, id";
/// The columns that [`account`] reads.
pub(crate) const ACCOUNT: &str = "id, site, email, body";
/// The columns that [`application`] reads.
pub(crate) const APPLICATION: &str = "id, account_id, sealed_webhook_secret, body";
/// The columns that [`credential`] reads.
pub(crate) const CREDENTIAL: &str = "lookup, kind, account_id, application_id, mode, well_known";
/// The columns that [`timer`] reads.
pub(crate) const TIMER: &str = "account_id, mode, kind, subject, due";
/// The columns that [`delivery`] reads.
pub(crate) const DELIVERY: &str = "id, account_id, application_id, mode, channel, url, topic, action, resource_id, \
     created, state, attempts, next_attempt, data, turns_ahead";
/// The columns that [`attempt`] reads.
pub(crate) const ATTEMPT: &str = "delivery_id, number, request_id, started, duration_ms, response_status, failure, \
     state, next_attempt, exchange";
/// The columns that [`posting`] reads.
pub(crate) const POSTING: &str = "account_id, currency, cause, resource_id, effective_at, legs";

/// A payment with its decompressed body.
pub(crate) fn payment(row: &Row<'_>) -> rusqlite::Result<PaymentRecord> {
    let id = row.get(0)?;
    let (body, internals) = content(row, 17, "payment", id)?;
    Ok(PaymentRecord {
        id,
        account_id: row.get(1)?,
        mode: mode(row, 2)?,
        version: row.get(3)?,
        created: instant(row, 4)?,
        updated: instant(row, 5)?,
        approved: optional_instant(row, 6)?,
        release: optional_instant(row, 7)?,
        status: row.get(8)?,
        status_detail: row.get(9)?,
        payment_method_id: row.get(10)?,
        payment_type_id: row.get(11)?,
        operation_type: row.get(12)?,
        payer_id: row.get(13)?,
        external_reference: row.get(14)?,
        store_id: row.get(15)?,
        pos_id: row.get(16)?,
        traces: traces(row, 18)?,
        body,
        internals,
    })
}

/// A payment's traces.
pub(crate) fn traces(row: &Row<'_>, index: usize) -> rusqlite::Result<Vec<i64>> {
    match row.get_ref(index)?.as_blob_or_null()? {
        Some(packed) => unpack_traces(packed).ok_or_else(|| damaged(index, "traces")),
        None => Ok(Vec::new()),
    }
}

/// A card token.
pub(crate) fn card_token(row: &Row<'_>) -> rusqlite::Result<CardTokenRecord> {
    Ok(CardTokenRecord {
        lookup: row.get(0)?,
        account_id: row.get(1)?,
        mode: mode(row, 2)?,
        version: row.get(3)?,
        purge_at: instant(row, 4)?,
        sealed_number: row.get(5)?,
        sealed_security_code: row.get(6)?,
        body: content(row, 7, "card token", row.get(8)?)?.0,
    })
}

/// An account.
pub(crate) fn account(row: &Row<'_>) -> rusqlite::Result<AccountRecord> {
    let site: String = row.get(1)?;
    Ok(AccountRecord {
        id: row.get(0)?,
        site: Site::from_id(&site).ok_or_else(|| damaged(1, "an unknown site"))?,
        email: row.get(2)?,
        body: row.get(3)?,
    })
}

/// An application.
pub(crate) fn application(row: &Row<'_>) -> rusqlite::Result<ApplicationRecord> {
    Ok(ApplicationRecord {
        id: row.get(0)?,
        account_id: row.get(1)?,
        sealed_webhook_secret: row.get(2)?,
        body: row.get(3)?,
    })
}

/// A credential.
pub(crate) fn credential(row: &Row<'_>) -> rusqlite::Result<CredentialRecord> {
    let kind =
        numbers::credential_kind(row.get(1)?).ok_or_else(|| damaged(1, "an unknown kind of credential"))?;
    Ok(CredentialRecord {
        lookup: row.get(0)?,
        kind,
        account_id: row.get(2)?,
        application_id: row.get(3)?,
        mode: mode(row, 4)?,
        well_known: row.get(5)?,
    })
}

/// The idempotency record in row `id`, if it is that of `account_id` and `key`.
pub(crate) fn idempotency_record(
    connection: &Connection,
    id: i64,
    account_id: AccountId,
    key: &[u8; 16],
) -> rusqlite::Result<Option<IdempotencyRecord>> {
    connection
        .prepare_cached(
            "SELECT request, resource_id, part_id, expires FROM idempotency
             WHERE id = ?1 AND account_id = ?2 AND key = ?3",
        )?
        .query_row((id, account_id, key), |row| {
            Ok(IdempotencyRecord {
                account_id,
                key: *key,
                request: row.get(0)?,
                resource_id: row.get(1)?,
                part_id: row.get(2)?,
                expires: instant(row, 3)?,
            })
        })
        .optional()
}

/// A timer.
pub(crate) fn timer(row: &Row<'_>) -> rusqlite::Result<Timer> {
    let kind = numbers::timer_kind(row.get(2)?).ok_or_else(|| damaged(2, "an unknown kind of timer"))?;
    Ok(Timer {
        account_id: row.get(0)?,
        mode: mode(row, 1)?,
        kind,
        subject: row.get(3)?,
        due: instant(row, 4)?,
    })
}

/// A delivery.
pub(crate) fn delivery(row: &Row<'_>) -> rusqlite::Result<DeliveryRecord> {
    let channel = numbers::channel(row.get(4)?).ok_or_else(|| damaged(4, "an unknown channel"))?;
    let resource_id = match row.get::<_, Value>(8)? {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text,
        _ => return Err(damaged(8, "a resource that is no text")),
    };
    Ok(DeliveryRecord {
        id: row.get(0)?,
        account_id: row.get(1)?,
        application_id: row.get(2)?,
        mode: mode(row, 3)?,
        channel,
        url: row.get(5)?,
        topic: row.get(6)?,
        action: row.get(7)?,
        resource_id,
        created: instant(row, 9)?,
        state: delivery_state(row, 10)?,
        attempts: row.get(11)?,
        next_attempt: instant(row, 12)?,
        data: row.get(13)?,
        turns_ahead: row.get(14)?,
    })
}

/// A delivery, and behind which one it waits.
pub(crate) fn due_delivery(row: &Row<'_>) -> rusqlite::Result<DueDelivery> {
    Ok(DueDelivery { delivery: delivery(row)?, behind: row.get(15)? })
}

/// How a delivery's resource is stored: as an integer where that gives back the same text.
pub(crate) fn resource_value(resource_id: &str) -> Value {
    match resource_id.parse::<i64>() {
        Ok(number) if number.to_string() == resource_id => Value::Integer(number),
        _ => Value::Text(resource_id.to_owned()),
    }
}

/// An attempt of a delivery to `account_id`.
pub(crate) fn attempt(row: &Row<'_>, account_id: AccountId) -> rusqlite::Result<DeliveryAttempt> {
    Ok(DeliveryAttempt {
        account_id,
        delivery_id: row.get(0)?,
        number: row.get(1)?,
        request_id: row.get(2)?,
        started: instant(row, 3)?,
        duration_ms: row.get(4)?,
        response_status: row.get(5)?,
        failure: row.get(6)?,
        state: delivery_state(row, 7)?,
        next_attempt: optional_instant(row, 8)?,
        exchange: row.get(9)?,
    })
}

/// A posting.
pub(crate) fn posting(row: &Row<'_>) -> rusqlite::Result<Posting> {
    let account_id = row.get(0)?;
    let currency: String = row.get(1)?;
    let legs: Vec<u8> = row.get(5)?;
    Ok(Posting {
        account_id,
        currency: Currency::from_code(&currency).ok_or_else(|| damaged(1, "an unknown currency"))?,
        cause: cause_from_number(row.get(2)?).ok_or_else(|| damaged(2, "an unknown cause"))?,
        resource_id: row.get(3)?,
        effective_at: instant(row, 4)?,
        legs: unpack_legs(account_id, &legs).ok_or_else(|| damaged(5, "legs that can't be unpacked"))?,
    })
}

/// The mode in column `index`.
pub(crate) fn mode(row: &Row<'_>, index: usize) -> rusqlite::Result<Mode> {
    numbers::mode(row.get(index)?).ok_or_else(|| damaged(index, "an unknown mode"))
}

/// The instant in column `index`.
pub(crate) fn instant(row: &Row<'_>, index: usize) -> rusqlite::Result<Timestamp> {
    row.get(index).map(Timestamp)
}

/// The decompressed body and internals in column `index` of the record `what` number `id`, which an error names.
pub(crate) fn content(
    row: &Row<'_>,
    index: usize,
    what: &'static str,
    id: i64,
) -> rusqlite::Result<(Vec<u8>, Vec<u8>)> {
    let stored = row.get_ref(index)?.as_blob()?;
    decode(stored).map_err(|damaged| {
        let named = format!("{what} {id}: {damaged}");
        rusqlite::Error::FromSqlConversionFailure(index, Type::Blob, named.into())
    })
}

/// A column whose value this version can't read.
pub(crate) fn damaged(index: usize, why: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, Type::Blob, Box::new(Damaged(why)))
}

fn optional_instant(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(Timestamp))
}

fn delivery_state(row: &Row<'_>, index: usize) -> rusqlite::Result<DeliveryState> {
    numbers::delivery_state(row.get(index)?).ok_or_else(|| damaged(index, "an unknown state"))
}
