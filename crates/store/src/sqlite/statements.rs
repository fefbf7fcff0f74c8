//! The writer's statements that a payment's commits run, kept prepared.
//!
//! Measured: finding a statement in the connection's cache by its text, and putting it back, took an eighth of the
//! writer's instructions. What is written rarely still does that.

use rusqlite::{Connection, Statement};

/// A statement that is kept prepared.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub(crate) enum Hot {
    Begin,
    Commit,
    InsertPayment,
    PaymentBefore,
    InsertCardToken,
    UpdateCardToken,
    CardTokenAt,
    InsertIdempotency,
    InsertDelivery,
    InsertAttempt,
    UpdateDelivery,
    InsertPosting,
    WriteBalance,
    TimerOf,
    InsertTimer,
    DeleteTimer,
    RandomKeyRows,
    InsertRandomKey,
    InsertRandomKeys,
    InsertRecentKeys,
    CountPostings,
    Applied,
}

/// How many there are: [`Hot::Applied`] is the last.
const STATEMENTS: usize = Hot::Applied as usize + 1;

impl Hot {
    const fn sql(self) -> &'static str {
        match self {
            Hot::Begin => "BEGIN IMMEDIATE",
            Hot::Commit => "COMMIT",
            Hot::InsertPayment => {
                "INSERT INTO payment (id, account_id, mode, version, created, updated, approved, release, status,
                 status_detail, payment_method_id, payment_type_id, operation_type, payer_id, external_reference,
                 store_id, pos_id, content, traces)
                 VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"
            }
            Hot::PaymentBefore => {
                "SELECT created, updated, approved, release, status, payer_id, external_reference, traces FROM payment
                 WHERE id = ?1 AND account_id = ?2 AND mode = ?3 AND version = ?4"
            }
            Hot::InsertCardToken => {
                "INSERT INTO card_token (lookup, account_id, mode, version, purge_at, sealed_number,
                 sealed_security_code, content) VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7)"
            }
            Hot::UpdateCardToken => {
                "UPDATE card_token SET version = version + 1, purge_at = ?1, sealed_number = ?2,
                 sealed_security_code = ?3, content = ?4
                 WHERE id = ?5 AND account_id = ?6 AND mode = ?7 AND version = ?8 AND lookup = ?9"
            }
            Hot::CardTokenAt => "SELECT 1 FROM card_token WHERE id = ?1 AND lookup = ?2",
            Hot::InsertIdempotency => {
                "INSERT INTO idempotency (account_id, key, request, resource_id, part_id, expires)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
            }
            Hot::InsertDelivery => {
                "INSERT INTO delivery (id, account_id, application_id, mode, channel, state, attempts, created,
                 next_attempt, resource_id, topic, action, url, data)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
            }
            Hot::InsertAttempt => {
                "INSERT INTO delivery_attempt (delivery_id, number, request_id, started, duration_ms, response_status,
                 failure, state, next_attempt, exchange) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
            }
            Hot::UpdateDelivery => {
                "UPDATE delivery SET state = ?1, attempts = ?2, next_attempt = coalesce(?3, next_attempt)
                 WHERE id = ?4"
            }
            Hot::InsertPosting => {
                "INSERT INTO posting (account_id, mode, effective_at, sequence, resource_id, cause, currency, legs)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
            }
            Hot::WriteBalance => {
                "INSERT INTO balance (mode, currency, kind, owner, amount_minor) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET amount_minor = excluded.amount_minor"
            }
            Hot::TimerOf => {
                "SELECT due FROM timer INDEXED BY timer_by_subject
                 WHERE account_id = ?1 AND mode = ?2 AND subject = ?3 AND kind = ?4"
            }
            Hot::InsertTimer => {
                "INSERT INTO timer (account_id, mode, due, kind, subject) VALUES (?1, ?2, ?3, ?4, ?5)"
            }
            Hot::DeleteTimer => {
                "DELETE FROM timer WHERE account_id = ?1 AND mode = ?2 AND due = ?3 AND kind = ?4 AND subject = ?5"
            }
            Hot::RandomKeyRows => "SELECT row_id FROM random_key WHERE hash = ?1 ORDER BY row_id LIMIT ?2",
            Hot::InsertRandomKey => "INSERT OR IGNORE INTO random_key (hash, row_id) VALUES (?1, ?2)",
            // `KEYS_AT_ONCE` of them.
            Hot::InsertRandomKeys => {
                "INSERT OR IGNORE INTO random_key (hash, row_id)
                 VALUES (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?),
                 (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?),
                 (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?),
                 (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?)"
            }
            Hot::InsertRecentKeys => "INSERT INTO random_key_recent (id, keys) VALUES (?1, ?2)",
            Hot::CountPostings => "UPDATE applied SET postings = ?1",
            Hot::Applied => "UPDATE applied SET through = ?1",
        }
    }
}

/// The statements of one connection, each prepared when it is first run.
pub(crate) struct Statements<'c> {
    connection: &'c Connection,
    prepared: [Option<Statement<'c>>; STATEMENTS],
}

impl<'c> Statements<'c> {
    /// None prepared yet.
    pub(crate) fn new(connection: &'c Connection) -> Statements<'c> {
        Statements { connection, prepared: [const { None }; STATEMENTS] }
    }

    /// The connection, for what is run rarely.
    pub(crate) const fn connection(&self) -> &'c Connection {
        self.connection
    }

    /// The statement, prepared.
    pub(crate) fn hot(&mut self, hot: Hot) -> rusqlite::Result<&mut Statement<'c>> {
        let slot = &mut self.prepared[hot as usize];
        match slot {
            Some(statement) => Ok(statement),
            None => Ok(slot.insert(self.connection.prepare(hot.sql())?)),
        }
    }
}
