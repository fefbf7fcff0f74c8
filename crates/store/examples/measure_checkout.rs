//! What a whole checkout costs the embedded store: the card token's commit, its read, the payment's commit (idempotency
//! record, body, spent token, posting, timer, webhook), and the record of the webhook's outcome.
//!
//! ```text
//! cargo run --release -p pasarela-store --example measure_checkout -- [payments stored before, in thousands] [seconds]
//! cargo run --release -p pasarela-store --example measure_checkout -- count [stored before] [clients] [payments]
//! ```
//!
//! The first gives a line for each number of clients, each of whom waits for its answer before it sends the next payment;
//! the time is that of the payment's commit. The second does a fixed number, to count instructions or system calls of.

use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount, Posting};
use pasarela_domain::money::Currency;
use pasarela_domain::timestamp::{DAY, Timestamp};
use pasarela_store::{
    CardTokenRecord, Changes, Channel, DateField, DeliveryAttempt, DeliveryRecord, DeliveryState,
    IdempotencyRecord, Location, PaymentRecord, PaymentSearch, RecordChange, SortField, Store, StoreOptions,
    Timer, TimerKind,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

const SELLER: i64 = 1_234_567_890;
const BEGIN: i64 = 1_795_262_400_000;
const FIRST_ID: i64 = 110_000_000_000;
/// Outcomes of webhooks that are recorded at the same time.
const RECORDING: usize = 64;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("count") {
        let mut number =
            || arguments.next().and_then(|argument| argument.parse::<i64>().ok()).expect("a number");
        let (stored_before, clients, payments) = (number(), number(), number());
        return count(stored_before, clients as usize, payments).await;
    }
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<i64>().expect("a number"));
    let stored_before = arguments.next().unwrap_or(0) * 1_000;
    let seconds = arguments.next().unwrap_or(4).unsigned_abs();

    let directory = tempfile::Builder::new().prefix("measure-writer-").tempdir_in(".").expect("a directory");
    let options = StoreOptions::new(Location::Directory(directory.path().to_owned()));
    let store = Store::open(options.clone()).await.expect("a store");
    let next = Arc::new(AtomicI64::new(0));

    if stored_before > 0 {
        let started = Instant::now();
        run(&store, &next, 512, Limit::Payments(stored_before)).await;
        let rate = stored_before as f64 / started.elapsed().as_secs_f64();
        println!("stored {stored_before} payments before, {rate:.0}/s; {}", memory());
        search_times(&store, "filled").await;
    }
    println!(
        "{:>7} {:>11} {:>13} {:>8} {:>8} {:>8}",
        "clients", "payments/s", "payments/sync", "p50 ms", "p99 ms", "max ms"
    );
    for clients in [1, 16, 32, 64, 256] {
        let before = store.counters();
        let (used, written) = (Used::now(), written());
        let started = Instant::now();
        let mut times = run(&store, &next, clients, Limit::Time(Duration::from_secs(seconds))).await;
        let elapsed = started.elapsed().as_secs_f64();
        let after = store.counters();
        let used = Used::now().since(&used);
        let written = crate::written() - written;
        times.sort_unstable();
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1_000.0;
        let payments = after.payments - before.payments;
        println!(
            "{clients:>7} {:>11.0} {:>13.1} {:>8.2} {:>8.2} {:>8.1} {:>26} {:>13}",
            payments as f64 / elapsed,
            payments as f64 / (after.syncs - before.syncs) as f64,
            at(0.5),
            at(0.99),
            at(1.0),
            used.a_payment(payments),
            written / payments,
        );
    }
    search_times(&store, "at the end").await;
    println!("log {} kB; {}", length(&directory.path().join("pasarela.db-wal")) / 1_024, memory());
    store.close().await;
    let payments = next.load(Ordering::Relaxed);
    let bytes = length(&directory.path().join("pasarela.db"));
    println!(
        "{payments} payments, {} bytes on disk each; a body has {}",
        bytes / payments.unsigned_abs(),
        body(1).len()
    );
    sizes(&directory.path().join("pasarela.db"), payments);
    let started = Instant::now();
    Store::open(options).await.expect("the same store").close().await;
    println!("opened and closed again in {:.1} ms", started.elapsed().as_secs_f64() * 1_000.0);
}

/// A fixed number of payments, to count instructions or system calls of: the difference of two such runs.
async fn count(stored_before: i64, clients: usize, payments: i64) {
    let directory = tempfile::Builder::new().prefix("measure-writer-").tempdir_in(".").expect("a directory");
    let store = Store::open(StoreOptions::new(Location::Directory(directory.path().to_owned())))
        .await
        .expect("a store");
    let next = Arc::new(AtomicI64::new(0));
    run(&store, &next, 256, Limit::Payments(stored_before)).await;
    let (before, used, bytes) = (store.counters(), Used::now(), written());
    let mut times = run(&store, &next, clients, Limit::Payments(payments)).await;
    let after = store.counters();
    let (used, bytes) = (Used::now().since(&used), written() - bytes);
    times.sort_unstable();
    println!(
        "{payments} payments of {clients} clients: {:.1} a sync, p50 {:.3} ms, {} \u{b5}s (all/writer/checkpointer), {} bytes written each",
        payments as f64 / (after.syncs - before.syncs) as f64,
        times[times.len() / 2].as_secs_f64() * 1_000.0,
        used.a_payment(payments.unsigned_abs()),
        bytes / payments.unsigned_abs(),
    );
    store.close().await;
}

enum Limit {
    Time(Duration),
    Payments(i64),
}

async fn run(store: &Store, next: &Arc<AtomicI64>, clients: usize, limit: Limit) -> Vec<Duration> {
    let started = Instant::now();
    let until = match limit {
        Limit::Payments(count) => next.load(Ordering::Relaxed) + count,
        Limit::Time(_) => i64::MAX,
    };
    let duration = match limit {
        Limit::Time(duration) => duration,
        Limit::Payments(_) => Duration::MAX,
    };
    let recording = Arc::new(Semaphore::new(RECORDING));
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (store, next, recording) = (store.clone(), next.clone(), recording.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                while started.elapsed() < duration {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= until {
                        next.fetch_sub(1, Ordering::Relaxed);
                        break;
                    }
                    store.commit(token(number)).await.expect("a commit");
                    let read =
                        store.card_token(SELLER, &lookup(number)).await.expect("a read").expect("a token");
                    let changes = changes(number, read);
                    let sent = Instant::now();
                    store.commit(changes).await.expect("a commit");
                    times.push(sent.elapsed());
                    let permit = recording.clone().acquire_owned().await.expect("it is not closed");
                    let store = store.clone();
                    tokio::spawn(async move {
                        store.commit(attempt(number)).await.expect("a commit");
                        drop(permit);
                    });
                }
                times
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.expect("a client"));
    }
    // What is still being recorded belongs to what was measured.
    drop(recording.acquire_many(RECORDING as u32).await.expect("it is not closed"));
    all
}

async fn search_times(store: &Store, when: &str) {
    let all = PaymentSearch {
        account_id: SELLER,
        mode: Mode::Test,
        id: None,
        external_reference: None,
        status: None,
        status_detail: None,
        payment_method_id: None,
        payment_type_id: None,
        operation_type: None,
        payer_id: None,
        store_id: None,
        pos_id: None,
        range: DateField::Created,
        begin: None,
        end: None,
        sort: SortField::Date(DateField::Created),
        descending: true,
        limit: 30,
        offset: 0,
    };
    let searches = [
        (
            "external_reference",
            PaymentSearch { external_reference: Some("order-77".to_owned()), ..all.clone() },
        ),
        ("payer", PaymentSearch { payer_id: Some(5), ..all.clone() }),
        (
            "created, all",
            PaymentSearch { begin: Some(Timestamp(BEGIN)), end: Some(Timestamp(BEGIN + DAY)), ..all.clone() },
        ),
        (
            "created, part",
            PaymentSearch {
                begin: Some(Timestamp(BEGIN + 300)),
                end: Some(Timestamp(BEGIN + 700)),
                ..all.clone()
            },
        ),
        (
            "release, all",
            PaymentSearch {
                range: DateField::Release,
                begin: Some(Timestamp(BEGIN)),
                sort: SortField::Date(DateField::Updated),
                ..all.clone()
            },
        ),
        (
            "status",
            PaymentSearch {
                status: Some("approved".to_owned()),
                sort: SortField::Date(DateField::Approved),
                ..all.clone()
            },
        ),
        (
            "rare status",
            PaymentSearch {
                status: Some("rejected".to_owned()),
                sort: SortField::Date(DateField::Release),
                ..all.clone()
            },
        ),
        ("id", PaymentSearch { id: Some(FIRST_ID + 50), ..all.clone() }),
        ("sort by id", PaymentSearch { sort: SortField::Id, ..all.clone() }),
        ("method (no index)", PaymentSearch { payment_method_id: Some("visa".to_owned()), ..all.clone() }),
    ];
    for (name, search) in searches {
        let mut times: Vec<Duration> = Vec::new();
        let mut total = 0;
        for _ in 0..9 {
            let started = Instant::now();
            total = store.search_payments(search.clone()).await.expect("a page").total;
            times.push(started.elapsed());
        }
        times.sort_unstable();
        println!("search, {when}, {name}: {:.2} ms, {total} in all", times[4].as_secs_f64() * 1_000.0);
    }
}

fn lookup(number: i64) -> [u8; 32] {
    let mut lookup = [7; 32];
    lookup[..8].copy_from_slice(&(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    lookup
}

fn token(number: i64) -> Changes {
    let record = CardTokenRecord {
        lookup: lookup(number),
        account_id: SELLER,
        mode: Mode::Test,
        version: 1,
        body: include_bytes!("card_token.json").to_vec(),
        sealed_number: Some(vec![number as u8; 60]),
        sealed_security_code: Some(vec![number as u8; 48]),
        purge_at: Timestamp(BEGIN + number / 10 + 7 * DAY),
    };
    Changes { records: vec![RecordChange::InsertCardToken(record)], ..Changes::default() }
}

fn attempt(number: i64) -> Changes {
    let id = FIRST_ID + number;
    let record = DeliveryAttempt {
        account_id: SELLER,
        delivery_id: id * 2,
        number: 0,
        request_id: format!(
            "{:032x}",
            (number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_9e37_79b9_7f4a_7c15)
        ),
        started: Timestamp(BEGIN + number / 10),
        duration_ms: 3,
        response_status: Some(200),
        failure: None,
        state: DeliveryState::Delivered,
        next_attempt: None,
        exchange: None,
    };
    Changes { records: vec![RecordChange::RecordAttempt(record)], ..Changes::default() }
}

fn changes(number: i64, token: CardTokenRecord) -> Changes {
    let id = FIRST_ID + number;
    let created = Timestamp(BEGIN + number / 10);
    let release = created.plus_ms(14 * DAY);
    let amount = 1_000 + number % 90_000;
    let mut key = [0; 16];
    // Spread like a hash.
    key[..8].copy_from_slice(&(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    key[8..].copy_from_slice(&number.to_be_bytes());
    let posting = Posting::build(SELLER, Currency::BRL, Cause::Payment, id, created)
        .debit(LedgerAccount::platform(AccountKind::AcquirerReceivable), amount)
        .credit(LedgerAccount::of(AccountKind::SellerPending, SELLER), amount - 60)
        .credit(LedgerAccount::platform(AccountKind::FeeIncome), 50)
        .credit(LedgerAccount::platform(AccountKind::TaxPayable), 10)
        .finish()
        .expect("money moves");
    let delivery = |part: i64, channel| DeliveryRecord {
        id: id * 2 + part,
        account_id: SELLER,
        application_id: 7,
        mode: Mode::Test,
        channel,
        url: "https://shop.example/notifications/payments?source_news=webhooks".to_owned(),
        topic: "payment".to_owned(),
        action: "payment.created".to_owned(),
        resource_id: id.to_string(),
        created,
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt: created,
        data: None,
        turns_ahead: 0,
    };
    Changes {
        idempotency: Some(IdempotencyRecord {
            account_id: SELLER,
            key,
            request: key,
            resource_id: id,
            part_id: 0,
            expires: created.plus_ms(DAY),
        }),
        records: vec![
            RecordChange::InsertPayment(PaymentRecord {
                id,
                account_id: SELLER,
                mode: Mode::Test,
                version: 1,
                created,
                updated: created,
                approved: Some(created),
                release: Some(release),
                status: if number % 5_000 == 9 { "rejected" } else { "approved" }.to_owned(),
                status_detail: "accredited".to_owned(),
                payment_method_id: "master".to_owned(),
                payment_type_id: "credit_card".to_owned(),
                operation_type: "regular_payment".to_owned(),
                payer_id: number % 200_000,
                external_reference: Some(format!("order-{number}")),
                store_id: None,
                pos_id: None,
                traces: (1..=5).map(|kind| trace(number, kind)).collect(),
                body: body(id),
                internals: format!("{{\"rail\":\"simulator\",\"reference\":\"{id}\",\"posted\":{amount}}}")
                    .into_bytes(),
            }),
            RecordChange::UpdateCardToken(CardTokenRecord {
                sealed_number: None,
                sealed_security_code: None,
                ..token
            }),
        ],
        postings: vec![(Mode::Test, posting)],
        set_timers: vec![Timer {
            account_id: SELLER,
            mode: Mode::Test,
            kind: TimerKind::Release,
            subject: id,
            due: release,
        }],
        clear_timers: Vec::new(),
        deliveries: vec![delivery(0, Channel::Webhook)],
    }
}

/// A body of the size and shape of a payment's.
fn body(id: i64) -> Vec<u8> {
    include_str!("payment.json").replace("110000000000", &id.to_string()).into_bytes()
}

/// Processor time in nanoseconds: of all threads, of the writer, of the checkpointer.
struct Used([u64; 3]);

impl Used {
    fn now() -> Used {
        let mut used = [0; 3];
        for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
            let read = |name: &str| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
            let time = read("schedstat").split(' ').next().and_then(|time| time.parse().ok()).unwrap_or(0);
            used[0] += time;
            match read("comm").trim_end() {
                "store-writer" => used[1] += time,
                "store-checkpoin" => used[2] += time,
                _ => {}
            }
        }
        Used(used)
    }

    fn since(self, before: &Used) -> Used {
        Used(std::array::from_fn(|part| self.0[part].saturating_sub(before.0[part])))
    }

    fn a_payment(&self, payments: u64) -> String {
        let [all, writer, checkpoint] = self.0.map(|time| time as f64 / 1_000.0 / payments as f64);
        format!("{all:.0}/{writer:.0}/{checkpoint:.0}")
    }
}

fn written() -> u64 {
    let counts = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = counts.lines().find(|line| line.starts_with("wchar")).unwrap_or_default();
    line.split(' ').nth(1).and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
}

/// Says what each table and index takes.
fn sizes(database: &Path, payments: i64) {
    let connection = rusqlite::Connection::open(database).expect("the database");
    let mut statement = connection
        .prepare("SELECT name, sum(pgsize), sum(unused) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 16")
        .expect("sizes");
    let mut rows = statement.query([]).expect("sizes");
    while let Some(row) = rows.next().expect("a size") {
        let (name, bytes, unused): (String, i64, i64) =
            (row.get(0).expect("a name"), row.get(1).expect("a size"), row.get(2).expect("a size"));
        println!("  {name}: {} bytes a payment, {}% of it unused", bytes / payments, unused * 100 / bytes);
    }
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default().replace('\t', " ")
}

/// What a payment leaves of its buyer: a card, an e-mail, a document, a device and an address; strewn like hashes.
const fn trace(number: i64, kind: i64) -> i64 {
    (number * 8 + kind).wrapping_mul(-0x61c8_8646_80b5_83eb)
}
