//! What SQLite alone takes for the rows of a checkout: a card token, its payment, the posting, the timer, the notification and
//! its outcome, in the tables and indexes of the embedded store, many checkouts a transaction. No journal, no hand-over
//! between threads, no check of a version, no compression, no reader: what is printed is the least that the embedded store's
//! writer can take as long as SQLite holds the rows.
//!
//! ```text
//! cargo run --release -p pasarela-store --example measure_bare_sqlite -- [checkouts] [a transaction]
//! ```
//!
//! Two lines: with every index, and with the tables' own trees alone. To be held against the writer's time that
//! `measure_checkout` prints in the same minute, or against its instructions (`valgrind --tool=callgrind`).

use pasarela_store::{Location, Store, StoreOptions};
use rusqlite::{Connection, Statement, params};
use std::path::Path;
use std::time::Instant;

const SELLER: i64 = 1_234_567_890;
const BEGIN: i64 = 1_795_262_400_000;
const FIRST_ID: i64 = 110_000_000_000;
const DAY: i64 = 86_400_000;

/// What a payment leaves in `random_key`: its reference, its payer, five traces, its token's and its idempotency key.
const KEYS: i64 = 9;

/// What a body takes compressed, and a spent token as it is.
const PAYMENT_BYTES: usize = 480;
const TOKEN_BYTES: usize = 150;

/// The indexes that are no table's own tree.
const INDEXES: [&str; 12] = [
    "payment_by_created",
    "payment_by_updated",
    "payment_by_approved",
    "payment_by_release",
    "payment_by_status",
    "card_token_sealed",
    "timer_by_subject",
    "delivery_pending",
    "delivery_by_resource",
    "delivery_held",
    "delivery_unsettled",
    "checkout_by_id",
];

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<i64>().expect("a number"));
    let checkouts = arguments.next().unwrap_or(50_000);
    let at_once = arguments.next().unwrap_or(300);
    for with_indexes in [true, false] {
        let directory =
            tempfile::Builder::new().prefix("measure-bare-").tempdir_in(".").expect("a directory");
        let location = Location::Directory(directory.path().to_owned());
        Store::open(StoreOptions::new(location)).await.expect("a store").close().await;
        let connection = open(&directory.path().join("pasarela.db")).expect("the store's tables");
        if !with_indexes {
            for index in INDEXES {
                connection.execute(&format!("DROP INDEX {index}"), []).expect("an index");
            }
        }
        let (started, used) = (Instant::now(), used_ns());
        fill(&connection, checkouts, at_once).expect("rows");
        let us = (used_ns() - used) as f64 / 1_000.0 / checkouts as f64;
        println!(
            "{checkouts} checkouts, {at_once} a transaction, {}: {us:.1} \u{b5}s of processor time each, {:.0}/s",
            if with_indexes { "all indexes" } else { "no indexes" },
            checkouts as f64 / started.elapsed().as_secs_f64(),
        );
    }
}

/// As the writer opens it.
fn open(database: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(database)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -16 * 1024)?;
    connection.pragma_update(None, "wal_autocheckpoint", 16_000)?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    Ok(connection)
}

/// The statements of a checkout.
struct Statements<'c> {
    token: Statement<'c>,
    spent: Statement<'c>,
    idempotency: Statement<'c>,
    payment: Statement<'c>,
    posting: Statement<'c>,
    timer: Statement<'c>,
    delivery: Statement<'c>,
    attempt: Statement<'c>,
    delivered: Statement<'c>,
    key: Statement<'c>,
}

impl<'c> Statements<'c> {
    fn prepare(connection: &'c Connection) -> rusqlite::Result<Statements<'c>> {
        Ok(Statements {
            token: connection.prepare(
                "INSERT INTO card_token (lookup, account_id, mode, version, purge_at, sealed_number,
                 sealed_security_code, content) VALUES (?1, ?2, 0, 1, ?3, ?4, ?5, ?6)",
            )?,
            spent: connection.prepare(
                "UPDATE card_token SET version = version + 1, purge_at = ?1, sealed_number = NULL,
                 sealed_security_code = NULL, content = ?2 WHERE id = ?3 AND version = 1",
            )?,
            idempotency: connection.prepare(
                "INSERT INTO idempotency (account_id, key, request, resource_id, part_id, expires)
                 VALUES (?1, ?2, ?2, ?3, 0, ?4)",
            )?,
            payment: connection.prepare(
                "INSERT INTO payment (id, account_id, mode, version, created, updated, approved, release, status,
                 status_detail, payment_method_id, payment_type_id, operation_type, payer_id, external_reference, content,
                 traces) VALUES (?1, ?2, 0, 1, ?3, ?3, ?3, ?4, 'approved', 'accredited', 'master', 'credit_card',
                 'regular_payment', ?5, ?6, ?7, ?8)",
            )?,
            posting: connection.prepare(
                "INSERT INTO posting (account_id, mode, effective_at, sequence, resource_id, cause, currency, legs)
                 VALUES (?1, 0, ?2, ?3, ?4, 1, 'BRL', ?5)",
            )?,
            timer: connection.prepare(
                "INSERT INTO timer (account_id, mode, due, kind, subject) VALUES (?1, 0, ?2, 2, ?3)",
            )?,
            delivery: connection.prepare(
                "INSERT INTO delivery (id, account_id, application_id, mode, channel, state, attempts, created,
                 next_attempt, resource_id, topic, action, url)
                 VALUES (?1, ?2, 7, 0, 1, 0, 0, ?3, ?3, ?4, 'payment', 'payment.created',
                 'https://shop.example/notifications/payments?source_news=webhooks')",
            )?,
            attempt: connection.prepare(
                "INSERT INTO delivery_attempt (delivery_id, number, request_id, started, duration_ms, response_status,
                 state) VALUES (?1, 0, '6f0b8a3e-3a1c-4d8e-9f60-0d2c6a9b1e55', ?2, 3, 200, 1)",
            )?,
            delivered: connection.prepare("UPDATE delivery SET state = 1, attempts = 1 WHERE id = ?1")?,
            key: connection.prepare("INSERT OR IGNORE INTO random_key (hash, row_id) VALUES (?1, ?2)")?,
        })
    }

    fn checkout(&mut self, number: i64) -> rusqlite::Result<()> {
        let (id, created) = (FIRST_ID + number, BEGIN + number / 10);
        let mut lookup = [7; 32];
        lookup[..8].copy_from_slice(&spread(number).to_be_bytes());
        let (payment, token) = ([number as u8; PAYMENT_BYTES], [number as u8; TOKEN_BYTES]);
        self.token.execute(params![
            lookup,
            SELLER,
            created + 8 * DAY,
            [number as u8; 60],
            [number as u8; 48],
            token
        ])?;
        self.payment.execute(params![
            id,
            SELLER,
            created,
            created + 14 * DAY,
            number % 200_000,
            format!("order-{number}"),
            payment,
            [number as u8; 40]
        ])?;
        self.spent.execute(params![created + 8 * DAY, token, number + 1])?;
        self.posting.execute(params![SELLER, created, number, id, [number as u8; 16]])?;
        self.timer.execute(params![SELLER, created + 14 * DAY, id])?;
        self.delivery.execute(params![id * 2, SELLER, created, id])?;
        self.idempotency.execute(params![SELLER, &lookup[..16], id, created + 2 * DAY])?;
        self.attempt.execute(params![id * 2, created])?;
        self.delivered.execute([id * 2])?;
        Ok(())
    }
}

fn fill(connection: &Connection, checkouts: i64, at_once: i64) -> rusqlite::Result<()> {
    let mut statements = Statements::prepare(connection)?;
    // In the order of their tree, as a generation of them comes from the writer's memory.
    let mut keys: Vec<(i64, i64)> = (0..checkouts * KEYS).map(|key| (spread(key), FIRST_ID + key)).collect();
    keys.sort_unstable();
    let mut keys = keys.into_iter();
    for first in (0..checkouts).step_by(at_once.unsigned_abs() as usize) {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let last = checkouts.min(first + at_once);
        for number in first..last {
            statements.checkout(number)?;
        }
        for (hash, row) in keys.by_ref().take(((last - first) * KEYS) as usize) {
            statements.key.execute([hash, row])?;
        }
        connection.execute_batch("COMMIT")?;
    }
    Ok(())
}

/// Strewn like a hash.
const fn spread(number: i64) -> i64 {
    number.wrapping_mul(-0x61c8_8646_80b5_83eb)
}

/// Processor time of this thread in nanoseconds.
fn used_ns() -> u64 {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    times.split(' ').next().and_then(|time| time.parse().ok()).unwrap_or(0)
}
