//! How the changes of one request are written. Called by the writer, inside the group's transaction.

use crate::numbers::{credential_kind_number, mode_number};
use crate::packing::pack_traces;
use crate::prepared::Prepared;
use crate::sqlite::fault::{Fault, already_exists};
use crate::sqlite::ledger::Balances;
use crate::sqlite::random_keys::RandomKeyWriter;
use crate::sqlite::rows::{self, idempotency_record, resource_value};
use crate::sqlite::statements::{Hot, Statements};
use crate::sqlite::tally::{Counted, TallyWriter};
use crate::sqlite::timers::{TimerWriter, clock_offset};
use crate::sqlite::{SEALED, account_entries, catalogue, checkout, customers, logins, notifications};
use crate::{
    AccountRecord, ApplicationRecord, CardTokenRecord, CommitError, CredentialRecord, DeliveryAttempt,
    DeliveryRecord, IdempotencyRecord, PayerRecord, PaymentRecord, RecordChange,
};
use pasarela_domain::identity::{AccountId, Mode};
use pasarela_domain::timestamp::Timestamp;
use rusqlite::{Connection, OptionalExtension, ToSql, params};
use std::fmt::Write as _;

/// How many rows may share a hash by chance or by leftovers before the rest is not looked at: two of a billion keys
/// share one of 2^64 hashes with a chance of 3 %.
const MOST_CANDIDATES: usize = 64;

/// What the writer keeps in memory beside the database.
pub(crate) struct Memory {
    pub(crate) balances: Balances,
    pub(crate) tallies: TallyWriter,
    pub(crate) timers: TimerWriter,
    pub(crate) keys: RandomKeyWriter,
}

/// Where the memory stood before a request.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    balances: usize,
    tallies: usize,
    keys: usize,
}

impl Memory {
    /// The memory of a database that was just opened.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Memory> {
        Ok(Memory {
            balances: Balances::load(connection)?,
            tallies: TallyWriter::default(),
            timers: TimerWriter::default(),
            keys: RandomKeyWriter::load(connection)?,
        })
    }

    /// Where it stands now.
    pub(crate) const fn mark(&self) -> Mark {
        Mark { balances: self.balances.mark(), tallies: self.tallies.mark(), keys: self.keys.mark() }
    }

    /// Back to `mark`: the request was rolled back.
    pub(crate) fn undo(&mut self, mark: Mark) {
        self.balances.undo(mark.balances);
        self.tallies.undo(mark.tallies);
        self.keys.undo(mark.keys);
    }

    /// Writes what the group gathered, each thing once. Inside the group's transaction, after its requests.
    pub(crate) fn flush(&mut self, statements: &mut Statements<'_>) -> rusqlite::Result<()> {
        self.balances.flush(statements)?;
        self.tallies.flush(statements.connection())?;
        self.timers.flush(statements.connection())?;
        self.keys.flush(statements)
    }

    /// The group is committed.
    pub(crate) fn committed(&mut self) {
        self.balances.committed();
        self.tallies.committed();
        self.timers.committed();
        self.keys.committed();
    }

    /// The group is not committed.
    pub(crate) fn failed(&mut self) {
        self.balances.failed();
        self.tallies.failed();
        self.timers.failed();
        self.keys.failed();
    }
}

/// The tables as the writer works on them: with its statements, and what it keeps in memory.
pub(crate) struct Tables<'c> {
    pub(crate) statements: Statements<'c>,
    pub(crate) memory: Memory,
}

/// Writes all of a request, or returns why not; then the caller takes back what was written, and the memory.
pub(crate) fn apply(tables: &mut Tables<'_>, prepared: &Prepared) -> Result<(), Fault> {
    let connection = tables.statements.connection();
    let changes = prepared.changes();
    if let Some(record) = &changes.idempotency {
        refuse_used_key(tables, record)?;
    }
    let mut contents = prepared.contents().iter();
    // One content was prepared for each record that has a body, in the same order.
    let mut content = || contents.next().map(Vec::as_slice).unwrap_or_default();
    for record in &changes.records {
        match record {
            RecordChange::InsertPayment(payment) => insert_payment(tables, payment, content())?,
            RecordChange::UpdatePayment(payment) => update_payment(tables, payment, content())?,
            RecordChange::InsertCardToken(token) => insert_card_token(tables, token, content())?,
            RecordChange::UpdateCardToken(token) => update_card_token(tables, token, content())?,
            RecordChange::InsertAccount(account) => insert_account(connection, account)?,
            RecordChange::InsertApplication(application) => insert_application(connection, application)?,
            RecordChange::UpdateApplication(application) => update_application(connection, application)?,
            RecordChange::InsertCredential(credential) => insert_credential(connection, credential)?,
            RecordChange::InsertPayer(payer) => insert_payer(connection, payer)?,
            RecordChange::SetClock { account_id, offset_ms } => {
                set_clock(connection, *account_id, *offset_ms)?;
                tables.memory.timers.clock_moved(*account_id);
            }
            RecordChange::RecordAttempt(attempt) => record_attempt(tables, attempt)?,
            RecordChange::Customer(change) => {
                let content = if Prepared::has_content(record) { content() } else { &[] };
                customers::apply(connection, change, content)?;
            }
            RecordChange::Checkout(change) => checkout::apply(connection, change, content())?,
            RecordChange::Login(change) => logins::apply(connection, change)?,
            RecordChange::InsertCatalogue(record) => catalogue::insert(connection, record)?,
            RecordChange::Notification(change) => notifications::apply(connection, change)?,
            RecordChange::AccountEntry(change) => account_entries::apply(connection, change)?,
        }
    }
    let mark = tables.memory.balances.mark();
    for (mode, posting) in &changes.postings {
        tables.memory.balances.post(&mut tables.statements, *mode, posting)?;
    }
    tables.memory.balances.check(mark)?;
    for timer in &changes.clear_timers {
        tables.memory.timers.clear(&mut tables.statements, timer)?;
    }
    for timer in &changes.set_timers {
        tables.memory.timers.set(&mut tables.statements, timer)?;
    }
    for delivery in &changes.deliveries {
        insert_delivery(tables, delivery)?;
    }
    match &changes.idempotency {
        Some(record) => remember_outcome(tables, record),
        None => Ok(()),
    }
}

/// Reads only, and comes first: a request that is refused before it has written anything costs no rollback.
fn refuse_used_key(tables: &mut Tables<'_>, record: &IdempotencyRecord) -> Result<(), Fault> {
    let connection = tables.statements.connection();
    let hash = tables.memory.keys.hasher().idempotency(record.account_id, &record.key);
    for row in tables.memory.keys.candidates(&mut tables.statements, hash, MOST_CANDIDATES)? {
        if let Some(existing) = idempotency_record(connection, row, record.account_id, &record.key)? {
            return Err(Fault::Refused(CommitError::IdempotencyKeyTaken(existing)));
        }
    }
    Ok(())
}

fn remember_outcome(tables: &mut Tables<'_>, record: &IdempotencyRecord) -> Result<(), Fault> {
    let hash = tables.memory.keys.hasher().idempotency(record.account_id, &record.key);
    tables.statements.hot(Hot::InsertIdempotency)?.execute(params![
        record.account_id,
        record.key,
        record.request,
        record.resource_id,
        record.part_id,
        record.expires.0
    ])?;
    tables.memory.keys.stage(hash, tables.statements.connection().last_insert_rowid());
    Ok(())
}

fn insert_payment(tables: &mut Tables<'_>, payment: &PaymentRecord, content: &[u8]) -> Result<(), Fault> {
    tables
        .statements
        .hot(Hot::InsertPayment)?
        .execute(params![
            payment.id,
            payment.account_id,
            mode_number(payment.mode),
            payment.created.0,
            payment.updated.0,
            payment.approved.map(|at| at.0),
            payment.release.map(|at| at.0),
            payment.status,
            payment.status_detail,
            payment.payment_method_id,
            payment.payment_type_id,
            payment.operation_type,
            payment.payer_id,
            payment.external_reference,
            payment.store_id,
            payment.pos_id,
            content,
            pack_traces(&payment.traces),
        ])
        .map_err(already_exists("payment"))?;
    tables.memory.tallies.stage((payment.account_id, payment.mode), None, &Counted::of(payment));
    stage_payment_keys(tables, payment, None);
    Ok(())
}

/// What an update of a payment compares with.
struct PaymentBefore {
    counted: Counted,
    payer_id: AccountId,
    external_reference: Option<String>,
    traces: Vec<i64>,
}

fn update_payment(tables: &mut Tables<'_>, payment: &PaymentRecord, content: &[u8]) -> Result<(), Fault> {
    let Some(before) = payment_before(tables, payment)? else {
        return Err(Fault::Refused(CommitError::VersionConflict));
    };
    let after = Counted::of(payment);
    let (approved, release) = (after.approved.map(|at| at.0), after.release.map(|at| at.0));
    let traces = pack_traces(&payment.traces);
    let mut sql = "UPDATE payment SET version = version + 1, updated = ?2, status_detail = ?3, payment_method_id = ?4,
        payment_type_id = ?5, operation_type = ?6, payer_id = ?7, external_reference = ?8, store_id = ?9, pos_id = ?10,
        content = ?11, traces = ?12"
        .to_owned();
    let mut values: Vec<&dyn ToSql> = vec![
        &payment.id,
        &payment.updated.0,
        &payment.status_detail,
        &payment.payment_method_id,
        &payment.payment_type_id,
        &payment.operation_type,
        &payment.payer_id,
        &payment.external_reference,
        &payment.store_id,
        &payment.pos_id,
        &content,
        &traces,
    ];
    // An index is rewritten when its column is set, even to what it was: so only those that change are.
    let indexed: [(bool, &str, &dyn ToSql); 4] = [
        (before.counted.created != after.created, "created", &after.created.0),
        (before.counted.approved != after.approved, "approved", &approved),
        (before.counted.release != after.release, "release", &release),
        (before.counted.status != after.status, "status", &after.status),
    ];
    for (_, column, value) in indexed.into_iter().filter(|(changed, _, _)| *changed) {
        values.push(value);
        // Writing to a String can't fail.
        let _ = write!(sql, ", {column} = ?{number}", number = values.len());
    }
    sql += " WHERE id = ?1";
    tables.statements.connection().prepare_cached(&sql)?.execute(values.as_slice())?;
    tables.memory.tallies.stage((payment.account_id, payment.mode), Some(&before.counted), &after);
    stage_payment_keys(tables, payment, Some(&before));
    forget_traces(tables, payment, &before)
}

/// The payment as it is stored, if its version is the one that was read.
fn payment_before(
    tables: &mut Tables<'_>,
    payment: &PaymentRecord,
) -> rusqlite::Result<Option<PaymentBefore>> {
    tables
        .statements
        .hot(Hot::PaymentBefore)?
        .query_row((payment.id, payment.account_id, mode_number(payment.mode), payment.version), |row| {
            Ok(PaymentBefore {
                counted: Counted {
                    created: Timestamp(row.get(0)?),
                    updated: Timestamp(row.get(1)?),
                    approved: row.get::<_, Option<i64>>(2)?.map(Timestamp),
                    release: row.get::<_, Option<i64>>(3)?.map(Timestamp),
                    status: row.get(4)?,
                },
                payer_id: row.get(5)?,
                external_reference: row.get(6)?,
                traces: rows::traces(row, 7)?,
            })
        })
        .optional()
}

fn stage_payment_keys(tables: &mut Tables<'_>, payment: &PaymentRecord, before: Option<&PaymentBefore>) {
    let hasher = tables.memory.keys.hasher();
    if before.is_none_or(|before| before.payer_id != payment.payer_id) {
        tables
            .memory
            .keys
            .stage(hasher.payer(payment.account_id, payment.mode, payment.payer_id), payment.id);
    }
    if let Some(reference) = &payment.external_reference
        && before.is_none_or(|before| before.external_reference.as_ref() != Some(reference))
    {
        tables
            .memory
            .keys
            .stage(hasher.external_reference(payment.account_id, payment.mode, reference), payment.id);
    }
    let known = before.map(|before| before.traces.as_slice()).unwrap_or_default();
    for trace in payment.traces.iter().filter(|trace| !known.contains(trace)) {
        tables.memory.keys.stage(hasher.trace(*trace), payment.id);
    }
}

/// Deletes the keys of the traces that the payment had and has no more: its payer was erased. A key that is still on its
/// way to the table stays; it is a candidate that compares unequal.
fn forget_traces(tables: &Tables<'_>, payment: &PaymentRecord, before: &PaymentBefore) -> Result<(), Fault> {
    let hasher = tables.memory.keys.hasher();
    for trace in before.traces.iter().filter(|trace| !payment.traces.contains(trace)) {
        tables
            .statements
            .connection()
            .prepare_cached("DELETE FROM random_key WHERE hash = ?1 AND row_id = ?2")?
            .execute((hasher.trace(*trace), payment.id))?;
    }
    Ok(())
}

fn insert_card_token(tables: &mut Tables<'_>, token: &CardTokenRecord, content: &[u8]) -> Result<(), Fault> {
    let hash = tables.memory.keys.hasher().card_token(&token.lookup);
    if card_token_row(tables, hash, token)?.is_some() {
        return Err(Fault::Refused(CommitError::AlreadyExists("card token")));
    }
    tables.statements.hot(Hot::InsertCardToken)?.execute(params![
        token.lookup,
        token.account_id,
        mode_number(token.mode),
        token.purge_at.0,
        token.sealed_number,
        token.sealed_security_code,
        content,
    ])?;
    tables.memory.keys.stage(hash, tables.statements.connection().last_insert_rowid());
    Ok(())
}

fn update_card_token(tables: &mut Tables<'_>, token: &CardTokenRecord, content: &[u8]) -> Result<(), Fault> {
    let hash = tables.memory.keys.hasher().card_token(&token.lookup);
    // A token is used soon after it was made: nearly always its key is still in memory, and the table needs no look.
    let in_memory = tables.memory.keys.in_memory(hash, MOST_CANDIDATES);
    if update_among(tables, in_memory, token, content)? {
        return Ok(());
    }
    let candidates = tables.memory.keys.candidates(&mut tables.statements, hash, MOST_CANDIDATES)?;
    match update_among(tables, candidates, token, content)? {
        true => Ok(()),
        false => Err(Fault::Refused(CommitError::VersionConflict)),
    }
}

/// Updates the one of these rows that is the token with the version that was read, if one is.
fn update_among(
    tables: &mut Tables<'_>,
    rows: Vec<i64>,
    token: &CardTokenRecord,
    content: &[u8],
) -> rusqlite::Result<bool> {
    for row in rows {
        let updated = tables.statements.hot(Hot::UpdateCardToken)?.execute(params![
            token.purge_at.0,
            token.sealed_number,
            token.sealed_security_code,
            content,
            row,
            token.account_id,
            mode_number(token.mode),
            token.version,
            token.lookup,
        ])?;
        if updated == 1 {
            return Ok(true);
        }
    }
    Ok(false)
}

fn card_token_row(
    tables: &mut Tables<'_>,
    hash: i64,
    token: &CardTokenRecord,
) -> rusqlite::Result<Option<i64>> {
    // A token is used soon after it was made: nearly always its key is still in memory, and the table needs no look.
    let in_memory = tables.memory.keys.in_memory(hash, MOST_CANDIDATES);
    if let Some(row) = token_among(tables, in_memory, token)? {
        return Ok(Some(row));
    }
    let candidates = tables.memory.keys.candidates(&mut tables.statements, hash, MOST_CANDIDATES)?;
    token_among(tables, candidates, token)
}

fn token_among(
    tables: &mut Tables<'_>,
    rows: Vec<i64>,
    token: &CardTokenRecord,
) -> rusqlite::Result<Option<i64>> {
    for row in rows {
        if tables.statements.hot(Hot::CardTokenAt)?.exists(params![row, token.lookup])? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

fn insert_account(connection: &Connection, account: &AccountRecord) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT INTO account (id, site, email, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![account.id, account.site.id(), account.email, account.body])
        .map_err(already_exists("account"))?;
    Ok(())
}

fn insert_application(connection: &Connection, application: &ApplicationRecord) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO application (id, account_id, sealed_webhook_secret, body) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            application.id,
            application.account_id,
            application.sealed_webhook_secret,
            application.body
        ])
        .map_err(already_exists("application"))?;
    Ok(())
}

fn update_application(connection: &Connection, application: &ApplicationRecord) -> Result<(), Fault> {
    let updated = connection
        .prepare_cached(
            "UPDATE application SET sealed_webhook_secret = ?1, body = ?2 WHERE id = ?3 AND account_id = ?4",
        )?
        .execute(params![
            application.sealed_webhook_secret,
            application.body,
            application.id,
            application.account_id
        ])?;
    one_updated(updated)
}

fn insert_credential(connection: &Connection, credential: &CredentialRecord) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO credential (lookup, kind, account_id, application_id, mode, well_known)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            credential.lookup,
            credential_kind_number(credential.kind),
            credential.account_id,
            credential.application_id,
            mode_number(credential.mode),
            credential.well_known,
        ])
        .map_err(already_exists("credential"))?;
    Ok(())
}

fn insert_payer(connection: &Connection, payer: &PayerRecord) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT INTO payer (account_id, mode, email, payer_id) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![payer.account_id, mode_number(payer.mode), payer.email, payer.payer_id])
        .map_err(already_exists("payer"))?;
    Ok(())
}

/// Moves a test account's clock, and its pending deliveries with it; its timers follow by their head.
fn set_clock(connection: &Connection, account_id: AccountId, offset_ms: i64) -> Result<(), Fault> {
    let moved = offset_ms - clock_offset(connection, account_id, Mode::Test)?;
    connection
        .prepare_cached(
            "INSERT INTO clock (account_id, offset_ms) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET offset_ms = excluded.offset_ms",
        )?
        .execute([account_id, offset_ms])?;
    connection
        .prepare_cached(
            "UPDATE delivery SET next_attempt = next_attempt - ?1 WHERE id IN
             (SELECT id FROM delivery INDEXED BY delivery_pending WHERE state = 0 AND account_id = ?2 AND mode = ?3)",
        )?
        .execute((moved, account_id, mode_number(Mode::Test)))?;
    Ok(())
}

fn insert_delivery(tables: &mut Tables<'_>, delivery: &DeliveryRecord) -> Result<(), Fault> {
    tables
        .statements
        .hot(Hot::InsertDelivery)?
        .execute(params![
            delivery.id,
            delivery.account_id,
            delivery.application_id,
            mode_number(delivery.mode),
            delivery.channel as u8,
            delivery.state as u8,
            delivery.attempts,
            delivery.created.0,
            delivery.next_attempt.0,
            resource_value(&delivery.resource_id),
            delivery.topic,
            delivery.action,
            delivery.url,
            delivery.data,
        ])
        .map_err(already_exists("delivery"))?;
    Ok(())
}

fn record_attempt(tables: &mut Tables<'_>, attempt: &DeliveryAttempt) -> Result<(), Fault> {
    tables
        .statements
        .hot(Hot::InsertAttempt)?
        .execute(params![
            attempt.delivery_id,
            attempt.number,
            attempt.request_id,
            attempt.started.0,
            attempt.duration_ms,
            attempt.response_status,
            attempt.failure,
            attempt.state as u8,
            attempt.next_attempt.map(|at| at.0),
            attempt.exchange,
        ])
        .map_err(already_exists("delivery attempt"))?;
    let updated = tables.statements.hot(Hot::UpdateDelivery)?.execute(params![
        attempt.state as u8,
        attempt.number + 1,
        attempt.next_attempt.map(|at| at.0),
        attempt.delivery_id
    ])?;
    one_updated(updated)
}

fn one_updated(updated: usize) -> Result<(), Fault> {
    match updated {
        1 => Ok(()),
        _ => Err(Fault::Refused(CommitError::VersionConflict)),
    }
}

/// Takes what is secret from tokens whose time has come, at most `limit` of them; how many there were.
pub(crate) fn purge_secrets(connection: &Connection, now: Timestamp, limit: u32) -> rusqlite::Result<u64> {
    // A new version: whoever read the token before must see that its secrets are gone.
    let sql = format!(
        "UPDATE card_token SET sealed_number = NULL, sealed_security_code = NULL, version = version + 1 WHERE id IN
         (SELECT id FROM card_token INDEXED BY card_token_sealed WHERE ({SEALED}) AND purge_at <= ?1
          ORDER BY purge_at LIMIT ?2)"
    );
    Ok(connection.prepare_cached(&sql)?.execute((now.0, limit))? as u64)
}

/// Forgets idempotency records whose time has passed, at most `limit` of them, oldest first; how many there were.
pub(crate) fn purge_idempotency(
    connection: &Connection,
    keys: &RandomKeyWriter,
    now: Timestamp,
    limit: u32,
) -> rusqlite::Result<u64> {
    // Rows are in the order in which they were made, and all live equally long: the expired ones are at the front.
    let mut expired: Vec<(i64, i64)> = Vec::new();
    {
        let mut select = connection
            .prepare_cached("SELECT id, account_id, key, expires FROM idempotency ORDER BY id LIMIT ?1")?;
        let mut rows = select.query([limit])?;
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(3)? > now.0 {
                break;
            }
            let key: [u8; 16] = row.get(2)?;
            expired.push((keys.hasher().idempotency(row.get(1)?, &key), row.get(0)?));
        }
    }
    // In the order of the tree, so that each page is touched once.
    expired.sort_unstable();
    let mut delete_key =
        connection.prepare_cached("DELETE FROM random_key WHERE hash = ?1 AND row_id = ?2")?;
    let mut delete = connection.prepare_cached("DELETE FROM idempotency WHERE id = ?1")?;
    for (hash, row) in &expired {
        delete_key.execute([hash, row])?;
        delete.execute([row])?;
    }
    Ok(expired.len() as u64)
}
