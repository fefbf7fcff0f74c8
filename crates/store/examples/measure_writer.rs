//! How many payments a second the writer commits, durably, with everything that a payment brings: an idempotency record,
//! a body of 2.6 kB, a posting of four legs, a timer and two deliveries.
//!
//! ```text
//! cargo run --release -p pasarela-store --example measure_writer -- [postgres://…] [payments stored before, in thousands] [seconds]
//! ```
//!
//! Each line is one number of clients, each of whom waits for its answer before it sends the next payment. With the URL of
//! an empty PostgreSQL database, a bare loop that writes the same rows is measured between the lines: 64 payments a
//! transaction, one UNNEST statement a table, and nothing looked at.

use futures_util::future::{join, join_all};
use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount, Posting};
use pasarela_domain::money::Currency;
use pasarela_domain::timestamp::{DAY, Timestamp};
use pasarela_store::{
    Changes, Channel, DatabaseUrl, DateField, DeliveryRecord, DeliveryState, IdempotencyRecord, Location,
    PaymentRecord, PaymentSearch, RecordChange, SortField, Store, StoreOptions, Timer, TimerKind,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tokio_postgres::types::ToSql;

const SELLER: i64 = 1_234_567_890;
const BEGIN: i64 = 1_795_262_400_000;
const FIRST_ID: i64 = 110_000_000_000;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let url = arguments.next_if(|argument| argument.starts_with("postgres"));
    let mut arguments = arguments.map(|argument| argument.parse::<i64>().expect("a number"));
    let stored_before = arguments.next().unwrap_or(0) * 1_000;
    let seconds = arguments.next().unwrap_or(4).unsigned_abs();

    let directory = tempfile::Builder::new().prefix("measure-writer-").tempdir_in(".").expect("a directory");
    let location = match &url {
        Some(url) => Location::Database(DatabaseUrl::parse(url).expect("the URL of a database")),
        None => Location::Directory(directory.path().to_owned()),
    };
    let options = StoreOptions::new(location);
    let store = Store::open(options.clone()).await.expect("a store");
    let bare = match &url {
        Some(url) => Some(BareLoop::new(url).await),
        None => None,
    };
    let next = Arc::new(AtomicI64::new(0));

    search_times(&store, "empty").await;
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
        if let Some(bare) = &bare {
            let rate = bare.rate(&next, Duration::from_secs(seconds)).await;
            println!("{:>7} {rate:>11.0} {BARE_GROUP:>13}", "bare");
        }
    }
    if url.is_some() {
        // What the bare loop wrote can't be read.
        store.close().await;
        return;
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
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (store, next) = (store.clone(), next.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                while started.elapsed() < duration {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= until {
                        next.fetch_sub(1, Ordering::Relaxed);
                        break;
                    }
                    let changes = changes(number);
                    let sent = Instant::now();
                    store.commit(changes).await.expect("a commit");
                    times.push(sent.elapsed());
                }
                times
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.expect("a client"));
    }
    all
}

/// Payments a transaction of the bare loop.
const BARE_GROUP: i64 = 64;

/// What a group needs at the least, written by hand.
struct BareLoop {
    client: tokio_postgres::Client,
    statements: Vec<tokio_postgres::Statement>,
}

impl BareLoop {
    async fn new(url: &str) -> BareLoop {
        let (client, connection) =
            tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("the database");
        tokio::spawn(connection);
        let mut statements = Vec::new();
        for sql in [
            "INSERT INTO idempotency SELECT $1, * FROM unnest($2::bytea[], $2::bytea[], $3::bigint[], $4::bigint[],
             $5::bigint[])",
            "INSERT INTO payment SELECT $1, id, 0, 1, at, at, at, late, 'approved', 'accredited', 'master', 'credit_card',
             'regular_payment', payer, reference, NULL, NULL, content
             FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bytea[])
             AS new (id, at, late, payer, reference, content)",
            "INSERT INTO posting SELECT $1, 0, at, id, id, 1, 'BRL', legs
             FROM unnest($2::bigint[], $3::bigint[], $4::bytea[]) AS new (id, at, legs)",
            "INSERT INTO timer SELECT $1, 0, id, 2, late FROM unnest($2::bigint[], $3::bigint[]) AS new (id, late)",
            "INSERT INTO delivery SELECT $1, id, 1, 7, 0, 1, 0, 0, at, at, resource, 'payment', 'payment.created',
             'https://shop.example/notifications/payments?source_news=webhooks'
             FROM unnest($2::bigint[], $3::bigint[], $4::text[]) AS new (id, at, resource)",
            "INSERT INTO balance AS balance SELECT $1, 0, 'BRL', kind, owner, amount
             FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS new (kind, owner, amount)
             ON CONFLICT (account_id, mode, currency, kind, owner)
             DO UPDATE SET amount_minor = balance.amount_minor + excluded.amount_minor",
        ] {
            statements.push(client.prepare(sql).await.expect("a statement"));
        }
        BareLoop { client, statements }
    }

    /// Payments a second.
    async fn rate(&self, next: &AtomicI64, duration: Duration) -> f64 {
        let (started, mut payments) = (Instant::now(), 0);
        while started.elapsed() < duration {
            let first = next.fetch_add(BARE_GROUP, Ordering::Relaxed);
            self.write(first..first + BARE_GROUP).await.expect("a transaction");
            payments += BARE_GROUP;
        }
        payments as f64 / started.elapsed().as_secs_f64()
    }

    async fn write(&self, numbers: std::ops::Range<i64>) -> Result<(), tokio_postgres::Error> {
        // As many bytes as the store keeps of a body and of a posting.
        let (content, legs) = (vec![0xa5_u8; 420], vec![0x5a_u8; 18]);
        let ids: Vec<i64> = numbers.clone().map(|number| FIRST_ID + number).collect();
        let keys: Vec<Vec<u8>> = numbers
            .clone()
            .map(|number| {
                let spread = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                [spread.to_be_bytes(), number.to_be_bytes()].concat()
            })
            .collect();
        let at: Vec<i64> = numbers.clone().map(|number| BEGIN + number / 10).collect();
        let late: Vec<i64> = at.iter().map(|at| at + 14 * DAY).collect();
        let payers: Vec<i64> = numbers.clone().map(|number| number % 200_000).collect();
        let references: Vec<String> = numbers.clone().map(|number| format!("order-{number}")).collect();
        let contents: Vec<&[u8]> = ids.iter().map(|_| content.as_slice()).collect();
        let all_legs: Vec<&[u8]> = ids.iter().map(|_| legs.as_slice()).collect();
        let deliveries: Vec<i64> = ids.iter().flat_map(|id| [id * 2, id * 2 + 1]).collect();
        let delivered: Vec<i64> = at.iter().flat_map(|at| [*at, *at]).collect();
        let resources: Vec<String> = ids.iter().flat_map(|id| [id.to_string(), id.to_string()]).collect();
        let zeros = vec![0_i64; ids.len()];
        let (kinds, owners) = (vec![2_i16, 8, 16, 17], vec![0, SELLER, 0, 0]);
        let amounts = vec![6_400_i64, -5_760, -128, -512];
        let client = &self.client;
        let values: [Vec<&(dyn ToSql + Sync)>; 6] = [
            vec![&SELLER, &keys, &ids, &zeros, &late],
            vec![&SELLER, &ids, &at, &late, &payers, &references, &contents],
            vec![&SELLER, &ids, &at, &all_legs],
            vec![&SELLER, &ids, &late],
            vec![&SELLER, &deliveries, &delivered, &resources],
            vec![&SELLER, &kinds, &owners, &amounts],
        ];
        let written =
            self.statements.iter().zip(&values).map(|(statement, values)| client.execute(statement, values));
        let (begun, written) = join(client.batch_execute("BEGIN"), join_all(written)).await;
        begun?;
        for count in written {
            count?;
        }
        client.batch_execute("COMMIT").await
    }
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

fn changes(number: i64) -> Changes {
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
        records: vec![RecordChange::InsertPayment(PaymentRecord {
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
        })],
        postings: vec![(Mode::Test, posting)],
        set_timers: vec![Timer {
            account_id: SELLER,
            mode: Mode::Test,
            kind: TimerKind::Release,
            subject: id,
            due: release,
        }],
        clear_timers: Vec::new(),
        deliveries: vec![delivery(0, Channel::Webhook), delivery(1, Channel::Ipn)],
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
