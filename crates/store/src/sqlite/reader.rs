//! Reads: a bounded pool of connections, and the questions that one row or a few answer.

use crate::numbers::mode_number;
use crate::sqlite::connection::{Purpose, open};
use crate::sqlite::ledger::stored_balance;
use crate::sqlite::random_keys::RandomKeys;
use crate::sqlite::store::SqliteStore;
use crate::sqlite::timers::clock_offset;
use crate::sqlite::unwritten::Kinds;
use crate::sqlite::{SEALED, rows};
use crate::work::QUEUE;
use crate::{
    AccountRecord, ApplicationRecord, CardTokenRecord, CredentialRecord, DeliveryAttempt, DeliveryRecord,
    DueDelivery, IdempotencyRecord, Lookup, PayerRecord, PaymentRecord, ReadError, Timer,
};
use pasarela_domain::identity::{AccountId, ApplicationId, Mode, PaymentId};
use pasarela_domain::ledger::{LedgerAccount, Posting};
use pasarela_domain::money::Currency;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many rows a lookup by hash considers (see `records`).
const MOST_CANDIDATES: usize = 64;

/// The most that one answer with several rows holds, whatever limit was asked for.
pub(crate) const MOST_ROWS: u32 = 10_000;

/// Connections for reading, opened when they are needed and kept.
pub(crate) struct ReaderPool {
    database: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl ReaderPool {
    /// At most `size` connections to `database`.
    pub(crate) fn new(database: PathBuf, size: usize) -> ReaderPool {
        ReaderPool { database, idle: Mutex::default(), permits: Arc::new(Semaphore::new(size)) }
    }

    /// Answers a question on this thread: for what takes microseconds.
    pub(crate) async fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ReadError> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| ReadError::closed())?;
        self.answer(permit, question)
    }

    /// Answers a question on a thread for blocking work: for what may take milliseconds.
    pub(crate) async fn ask_aside<T: Send + 'static>(
        self: &Arc<ReaderPool>,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ReadError> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| ReadError::closed())?;
        let pool = self.clone();
        tokio::task::spawn_blocking(move || pool.answer(permit, question))
            .await
            .map_err(|failure| ReadError::new(failure.to_string()))?
    }

    /// No more questions; closes the connections.
    pub(crate) fn close(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn answer<T>(
        &self,
        permit: OwnedSemaphorePermit,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ReadError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open(&self.database, Purpose::Read)?,
        };
        let answer = question(&connection);
        if !self.permits.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        drop(permit);
        Ok(answer?)
    }
}

impl SqliteStore {
    /// A payment of one account.
    pub(crate) async fn payment(
        &self,
        account_id: AccountId,
        mode: Mode,
        id: PaymentId,
    ) -> Result<Option<PaymentRecord>, ReadError> {
        let payment = self.payment_by_id(id).await?;
        Ok(payment.filter(|payment| payment.account_id == account_id && payment.mode == mode))
    }

    /// Those of these payments that are an account's, in their order: each is a look into a tree, and costs no way to another
    /// machine.
    pub(crate) async fn payments(
        &self,
        account_id: AccountId,
        mode: Mode,
        ids: &[PaymentId],
    ) -> Result<Vec<PaymentRecord>, ReadError> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(self.payment(account_id, mode, *id).await?);
        }
        Ok(found)
    }

    /// A payment, whosever it is: for hosted pages, whose address is their only credential.
    pub(crate) async fn payment_by_id(&self, id: PaymentId) -> Result<Option<PaymentRecord>, ReadError> {
        let sql = format!("SELECT {} FROM payment WHERE id = ?1", rows::PAYMENT);
        self.payment_points(id).await?.ask(|connection| one(connection, &sql, [id], rows::payment)).await
    }

    /// The card token of an account with this keyed hash.
    pub(crate) async fn card_token(
        &self,
        account_id: AccountId,
        lookup: &Lookup,
    ) -> Result<Option<CardTokenRecord>, ReadError> {
        let hash = self.keys().hasher().card_token(lookup);
        let sql = format!(
            "SELECT {} FROM card_token WHERE id = ?1 AND lookup = ?2 AND account_id = ?3",
            rows::CARD_TOKEN
        );
        if let Some(token) = self.unwritten().card_token(lookup)? {
            return Ok((token.account_id == account_id).then_some(token));
        }
        let keys = self.keys();
        // Nothing that was acknowledged of this token is missing in the tables.
        self.points(Kinds::NONE)
            .await?
            .ask(|connection| {
                let among = |rows: Vec<i64>| {
                    for row in rows {
                        if let Some(token) =
                            one(connection, &sql, (row, lookup, account_id), rows::card_token)?
                        {
                            return Ok(Some(token));
                        }
                    }
                    Ok(None)
                };
                // A token is used soon after it was made: its key is still in memory.
                match among(keys.in_memory(hash, MOST_CANDIDATES))? {
                    Some(token) => Ok(Some(token)),
                    None => among(keys.candidates(connection, hash, MOST_CANDIDATES)?),
                }
            })
            .await
    }

    /// The tokens that still hold something sealed, `limit` at a time, after the one with the lookup `after`.
    pub(crate) async fn sealed_card_tokens(
        &self,
        after: Option<Lookup>,
        limit: u32,
    ) -> Result<Vec<CardTokenRecord>, ReadError> {
        let keys = self.keys().clone();
        self.scans()
            .await?
            .ask_aside(move |connection| {
                let after = match after {
                    Some(lookup) => token_place(connection, &keys, &lookup)?,
                    None => (i64::MIN, i64::MIN),
                };
                let sql = format!(
                    "SELECT {} FROM card_token INDEXED BY card_token_sealed WHERE ({SEALED})
                     AND (purge_at, id) > (?1, ?2) ORDER BY purge_at, id LIMIT ?3",
                    rows::CARD_TOKEN
                );
                many(connection, &sql, (after.0, after.1, limit.min(MOST_ROWS)), rows::card_token)
            })
            .await
    }

    /// All tokens of an account, `limit` at a time: a walk along the table, which has everybody's.
    pub(crate) async fn card_tokens_of(
        &self,
        account_id: AccountId,
        after: Option<Lookup>,
        limit: u32,
    ) -> Result<Vec<CardTokenRecord>, ReadError> {
        let keys = self.keys().clone();
        self.scans()
            .await?
            .ask_aside(move |connection| {
                let after = match after {
                    Some(lookup) => token_place(connection, &keys, &lookup)?.1,
                    None => i64::MIN,
                };
                let sql = format!(
                    "SELECT {} FROM card_token WHERE account_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
                    rows::CARD_TOKEN
                );
                many(connection, &sql, (account_id, after, limit.min(MOST_ROWS)), rows::card_token)
            })
            .await
    }

    /// An account.
    pub(crate) async fn account(&self, id: AccountId) -> Result<Option<AccountRecord>, ReadError> {
        let sql = format!("SELECT {} FROM account WHERE id = ?1", rows::ACCOUNT);
        self.points(Kinds::ACCOUNTS).await?.ask(|connection| one(connection, &sql, [id], rows::account)).await
    }

    /// The account of a site with this lower-case e-mail.
    pub(crate) async fn account_by_email(
        &self,
        site: Site,
        email: &str,
    ) -> Result<Option<AccountRecord>, ReadError> {
        let sql = format!("SELECT {} FROM account WHERE site = ?1 AND email = ?2", rows::ACCOUNT);
        self.points(Kinds::ACCOUNTS)
            .await?
            .ask(|connection| one(connection, &sql, (site.id(), email), rows::account))
            .await
    }

    /// An application.
    pub(crate) async fn application(
        &self,
        id: ApplicationId,
    ) -> Result<Option<ApplicationRecord>, ReadError> {
        let sql = format!("SELECT {} FROM application WHERE id = ?1", rows::APPLICATION);
        self.points(Kinds::ACCOUNTS)
            .await?
            .ask(|connection| one(connection, &sql, [id], rows::application))
            .await
    }

    /// An account's applications, oldest first.
    pub(crate) async fn applications_of(
        &self,
        account_id: AccountId,
    ) -> Result<Vec<ApplicationRecord>, ReadError> {
        let sql = format!("SELECT {} FROM application WHERE account_id = ?1 ORDER BY id", rows::APPLICATION);
        self.points(Kinds::ACCOUNTS)
            .await?
            .ask(|connection| many(connection, &sql, [account_id], rows::application))
            .await
    }

    /// All applications: each holds a sealed secret, which a rotation of the vault's keys seals anew.
    pub(crate) async fn sealed_applications(&self) -> Result<Vec<ApplicationRecord>, ReadError> {
        let sql = format!("SELECT {} FROM application ORDER BY id", rows::APPLICATION);
        self.scans().await?.ask_aside(move |connection| many(connection, &sql, [], rows::application)).await
    }

    /// The credential with this keyed hash.
    pub(crate) async fn credential(&self, lookup: &Lookup) -> Result<Option<CredentialRecord>, ReadError> {
        let sql = format!("SELECT {} FROM credential WHERE lookup = ?1", rows::CREDENTIAL);
        self.points(Kinds::ACCOUNTS)
            .await?
            .ask(|connection| one(connection, &sql, [lookup], rows::credential))
            .await
    }

    /// The credentials that an application has for an account.
    pub(crate) async fn credentials_of(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
    ) -> Result<Vec<CredentialRecord>, ReadError> {
        let sql = format!(
            "SELECT {} FROM credential WHERE account_id = ?1 AND application_id = ?2",
            rows::CREDENTIAL
        );
        let of = (account_id, application_id);
        self.scans().await?.ask_aside(move |connection| many(connection, &sql, of, rows::credential)).await
    }

    /// All credentials, for a cache that is filled at the start.
    pub(crate) async fn credentials(&self) -> Result<Vec<CredentialRecord>, ReadError> {
        let sql = format!("SELECT {} FROM credential", rows::CREDENTIAL);
        self.scans().await?.ask_aside(move |connection| many(connection, &sql, [], rows::credential)).await
    }

    /// The payer that a collector knows by the keyed hash of an e-mail.
    pub(crate) async fn payer(
        &self,
        account_id: AccountId,
        mode: Mode,
        email: &Lookup,
    ) -> Result<Option<PayerRecord>, ReadError> {
        let sql = "SELECT payer_id FROM payer WHERE account_id = ?1 AND mode = ?2 AND email = ?3";
        self.points(Kinds::PAYERS)
            .await?
            .ask(|connection| {
                one(connection, sql, (account_id, mode_number(mode), email), |row| {
                    Ok(PayerRecord { account_id, mode, email: *email, payer_id: row.get(0)? })
                })
            })
            .await
    }

    /// What was done under an idempotency key, if anything. It may have expired and not be purged yet.
    pub(crate) async fn idempotency(
        &self,
        account_id: AccountId,
        key: &[u8; 16],
    ) -> Result<Option<IdempotencyRecord>, ReadError> {
        let keys = self.keys();
        let hash = keys.hasher().idempotency(account_id, key);
        self.points(Kinds::IDEMPOTENCY)
            .await?
            .ask(|connection| {
                for row in keys.candidates(connection, hash, MOST_CANDIDATES)? {
                    if let Some(record) = rows::idempotency_record(connection, row, account_id, key)? {
                        return Ok(Some(record));
                    }
                }
                Ok(None)
            })
            .await
    }

    /// How far a test account's clock is ahead of the wall clock, in milliseconds.
    pub(crate) async fn clock_offset(&self, account_id: AccountId) -> Result<i64, ReadError> {
        self.points(Kinds::CLOCKS)
            .await?
            .ask(|connection| clock_offset(connection, account_id, Mode::Test))
            .await
    }

    /// All test accounts whose clock was set, with how far it is ahead.
    pub(crate) async fn clocks(&self) -> Result<Vec<(AccountId, i64)>, ReadError> {
        let sql = "SELECT account_id, offset_ms FROM clock ORDER BY account_id";
        self.scans()
            .await?
            .ask_aside(move |connection| many(connection, sql, [], |row| Ok((row.get(0)?, row.get(1)?))))
            .await
    }

    /// A number that changes whenever a test clock is moved.
    pub(crate) async fn clocks_moved(&self) -> Result<i64, ReadError> {
        // Clocks only go forward.
        let sql = "SELECT count(*) + coalesce(sum(offset_ms), 0) FROM clock";
        self.points(Kinds::CLOCKS)
            .await?
            .ask(|connection| connection.prepare_cached(sql)?.query_row([], |row| row.get(0)))
            .await
    }

    /// A ledger account's balance in minor units, debit positive.
    pub(crate) async fn balance(
        &self,
        mode: Mode,
        currency: Currency,
        account: LedgerAccount,
    ) -> Result<i64, ReadError> {
        self.points(Kinds::MONEY)
            .await?
            .ask(|connection| stored_balance(connection, (mode, currency, account)))
            .await
    }

    /// The postings behind a payment, in the order in which they took effect.
    pub(crate) async fn postings_of(
        &self,
        account_id: AccountId,
        mode: Mode,
        resource_id: i64,
    ) -> Result<Vec<Posting>, ReadError> {
        let sql = format!(
            "SELECT {} FROM posting WHERE account_id = ?1 AND mode = ?2 AND resource_id = ?3
             ORDER BY effective_at, sequence",
            rows::POSTING
        );
        self.points(Kinds::MONEY)
            .await?
            .ask(|connection| {
                many(connection, &sql, (account_id, mode_number(mode), resource_id), rows::posting)
            })
            .await
    }

    /// The timers that are due at the wall clock's `now_wall`, earliest first; at most `limit`.
    pub(crate) async fn due_timers(&self, now_wall: Timestamp, limit: u32) -> Result<Vec<Timer>, ReadError> {
        let limit = limit.min(MOST_ROWS);
        self.points(Kinds::TIMERS).await?.ask(|connection| due_timers(connection, now_wall, limit)).await
    }

    /// An account's timers that are due until its time `until`, by due time, kind and subject; at most `limit`.
    pub(crate) async fn next_timers(
        &self,
        account_id: AccountId,
        mode: Mode,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Timer>, ReadError> {
        let limit = limit.min(MOST_ROWS);
        self.points(Kinds::TIMERS)
            .await?
            .ask(|connection| next_timers(connection, account_id, mode, until, limit))
            .await
    }

    /// When, by the wall clock, the earliest timer is due.
    pub(crate) async fn next_wake(&self) -> Result<Option<Timestamp>, ReadError> {
        let sql = "SELECT wake FROM timer_head ORDER BY wake LIMIT 1";
        self.points(Kinds::TIMERS)
            .await?
            .ask(|connection| one(connection, sql, [], |row| rows::instant(row, 0)))
            .await
    }

    /// The pending deliveries whose next attempt is due at `now_wall`, earliest first; at most `limit`, after the one
    /// with this next attempt and id.
    pub(crate) async fn due_deliveries(
        &self,
        now_wall: Timestamp,
        limit: u32,
        after: Option<(Timestamp, i64)>,
    ) -> Result<Vec<DueDelivery>, ReadError> {
        let (after, after_id) = after.map_or((i64::MIN, i64::MIN), |(at, id)| (at.0, id));
        let sql = format!(
            "SELECT {}, (SELECT older.id FROM delivery AS older INDEXED BY delivery_unsettled
              WHERE older.account_id = delivery.account_id AND older.mode = delivery.mode
               AND older.resource_id = delivery.resource_id AND older.id < delivery.id AND older.state IN (0, 3)
               AND older.channel = delivery.channel AND older.topic = delivery.topic AND older.url = delivery.url
              ORDER BY older.id LIMIT 1)
             FROM delivery INDEXED BY delivery_pending WHERE state = 0 AND next_attempt <= ?1
             AND (next_attempt, id) > (?2, ?3) ORDER BY next_attempt, id LIMIT ?4",
            rows::DELIVERY
        );
        let limit = limit.min(MOST_ROWS);
        self.points(Kinds::DELIVERIES)
            .await?
            .ask(|connection| {
                many(connection, &sql, (now_wall.0, after, after_id, limit), rows::due_delivery)
            })
            .await
    }

    /// The largest id of a payment, a delivery, a refund or a customer, 0 without one. Saved cards have random ids.
    pub(crate) async fn newest_id(&self) -> Result<i64, ReadError> {
        // Refunds are no rows; what made them is. Who waited at the same time has a neighbouring row.
        let sql = format!(
            "SELECT max(coalesce((SELECT max(id) FROM payment), 0), coalesce((SELECT max(id) FROM delivery), 0),
             coalesce((SELECT max(part_id) FROM (SELECT part_id FROM idempotency ORDER BY id DESC LIMIT {QUEUE})), 0),
             coalesce((SELECT max(user_id) FROM customer), 0))"
        );
        let newest = self
            .points(Kinds::ALL)
            .await?
            .ask(|connection| one(connection, &sql, [], |row| row.get(0)))
            .await?;
        Ok(newest.unwrap_or(0))
    }

    /// When, by the wall clock, the earliest pending delivery is to be tried.
    pub(crate) async fn next_delivery(&self) -> Result<Option<Timestamp>, ReadError> {
        let sql = "SELECT next_attempt FROM delivery INDEXED BY delivery_pending WHERE state = 0
                   ORDER BY next_attempt LIMIT 1";
        self.points(Kinds::DELIVERIES)
            .await?
            .ask(|connection| one(connection, sql, [], |row| rows::instant(row, 0)))
            .await
    }

    /// A delivery.
    pub(crate) async fn delivery(
        &self,
        account_id: AccountId,
        id: i64,
    ) -> Result<Option<DeliveryRecord>, ReadError> {
        let sql = format!("SELECT {} FROM delivery WHERE id = ?1 AND account_id = ?2", rows::DELIVERY);
        self.points(Kinds::DELIVERIES)
            .await?
            .ask(|connection| one(connection, &sql, (id, account_id), rows::delivery))
            .await
    }

    /// The deliveries about a resource, oldest first.
    pub(crate) async fn deliveries_of(
        &self,
        account_id: AccountId,
        mode: Mode,
        resource_id: &str,
    ) -> Result<Vec<DeliveryRecord>, ReadError> {
        let sql = format!(
            "SELECT {} FROM delivery INDEXED BY delivery_by_resource
             WHERE account_id = ?1 AND mode = ?2 AND resource_id = ?3 ORDER BY id LIMIT {MOST_ROWS}",
            rows::DELIVERY
        );
        let resource = rows::resource_value(resource_id);
        self.points(Kinds::DELIVERIES)
            .await?
            .ask(|connection| {
                many(connection, &sql, (account_id, mode_number(mode), resource), rows::delivery)
            })
            .await
    }

    /// The deliveries that wait behind a delivery, oldest first.
    pub(crate) async fn deliveries_behind(
        &self,
        delivery: &DeliveryRecord,
        limit: u32,
    ) -> Result<Vec<DeliveryRecord>, ReadError> {
        let sql = format!(
            "SELECT {} FROM delivery INDEXED BY delivery_unsettled
             WHERE account_id = ?1 AND mode = ?2 AND resource_id = ?3 AND id > ?4 AND state IN (0, 3)
              AND channel = ?5 AND topic = ?6 AND url = ?7 ORDER BY id LIMIT ?8",
            rows::DELIVERY
        );
        self.points(Kinds::DELIVERIES)
            .await?
            .ask(|connection| {
                let asked = params![
                    delivery.account_id,
                    mode_number(delivery.mode),
                    rows::resource_value(&delivery.resource_id),
                    delivery.id,
                    delivery.channel as u8,
                    delivery.topic,
                    delivery.url,
                    limit.min(MOST_ROWS)
                ];
                many(connection, &sql, asked, rows::delivery)
            })
            .await
    }

    /// The attempts of a delivery, first to last.
    pub(crate) async fn attempts(
        &self,
        account_id: AccountId,
        delivery_id: i64,
    ) -> Result<Vec<DeliveryAttempt>, ReadError> {
        let sql = format!(
            "SELECT {} FROM delivery_attempt WHERE delivery_id = ?1
             AND EXISTS (SELECT 1 FROM delivery WHERE id = ?1 AND account_id = ?2) ORDER BY number",
            rows::ATTEMPT
        );
        self.points(Kinds::DELIVERIES)
            .await?
            .ask(|connection| {
                many(connection, &sql, (delivery_id, account_id), |row| rows::attempt(row, account_id))
            })
            .await
    }
}

pub(crate) fn one<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    connection.prepare_cached(sql)?.query_row(parameters, read).optional()
}

pub(crate) fn many<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(parameters, read)?.collect()
}

/// Where a token stands in the index of sealed tokens; before all of them if it is not known.
fn token_place(connection: &Connection, keys: &RandomKeys, lookup: &Lookup) -> rusqlite::Result<(i64, i64)> {
    let hash = keys.hasher().card_token(lookup);
    let sql = "SELECT purge_at, id FROM card_token WHERE id = ?1 AND lookup = ?2";
    for row in keys.candidates(connection, hash, MOST_CANDIDATES)? {
        if let Some(place) = one(connection, sql, (row, lookup), |row| Ok((row.get(0)?, row.get(1)?)))? {
            return Ok(place);
        }
    }
    Ok((i64::MIN, i64::MIN))
}

fn next_timers(
    connection: &Connection,
    account_id: AccountId,
    mode: Mode,
    until: Timestamp,
    limit: u32,
) -> rusqlite::Result<Vec<Timer>> {
    let sql = format!(
        "SELECT {} FROM timer WHERE account_id = ?1 AND mode = ?2 AND due <= ?3 ORDER BY due, kind, subject LIMIT ?4",
        rows::TIMER
    );
    many(connection, &sql, (account_id, mode_number(mode), until.0, limit), rows::timer)
}

/// The due timers of the accounts whose earliest one is due, put in the order of the wall clock. An account's own timers
/// keep their order, and none is left out before a later one of the same account.
fn due_timers(connection: &Connection, now_wall: Timestamp, limit: u32) -> rusqlite::Result<Vec<Timer>> {
    let heads = many(
        connection,
        "SELECT account_id, mode, wake, due FROM timer_head WHERE wake <= ?1 ORDER BY wake LIMIT ?2",
        (now_wall.0, limit),
        |row| Ok((row.get::<_, i64>(0)?, rows::mode(row, 1)?, row.get::<_, i64>(3)? - row.get::<_, i64>(2)?)),
    )?;
    let mut due: Vec<(i64, Timer)> = Vec::new();
    for (account_id, mode, offset) in heads {
        if due.len() >= limit as usize {
            break;
        }
        let timers = next_timers(connection, account_id, mode, now_wall.plus_ms(offset), limit)?;
        due.extend(timers.into_iter().map(|timer| (timer.due.0 - offset, timer)));
    }
    due.sort_by_key(|(wake, timer)| (*wake, timer.kind, timer.subject));
    due.truncate(limit as usize);
    Ok(due.into_iter().map(|(_, timer)| timer).collect())
}
