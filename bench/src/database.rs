//! The server on PostgreSQL, held against a loop that writes the same rows and does nothing else.

use crate::receiver::Receiver;
use crate::report::{Table, median};
use crate::subject::Subject;
use crate::{Failure, Plan, process};
use futures_util::future::{join, join_all};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::Command;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};

/// Connections to the server, and payments in a transaction of the bare loop: the most that one can ever hold when each
/// connection waits for its answer.
const CONNECTIONS: usize = 64;

/// What was measured: medians of the pairs.
#[derive(Debug)]
pub struct OnDatabase {
    per_second: f64,
    bare_per_second: f64,
    /// The server's rate by the mean of the bare loop's around it.
    pub ratio: f64,
    p50_us: f64,
    p99_us: f64,
    payments_per_commit: f64,
    /// Microseconds of processor time a payment: the server's, that of its connections in the database, and that of the
    /// bare loop's connection.
    processor_us: [f64; 3],
    node: Node,
}

/// What one node does, for whoever counts how many are needed; [`NODE_CONNECTIONS`] connections.
#[derive(Debug)]
struct Node {
    /// Payments a second, each told to a live receiver.
    told_per_second: f64,
    /// Microseconds of the node's processor time for one of them, its webhook included.
    processor_us: f64,
    /// Payments read a second, by id.
    reads_per_second: f64,
    /// What the database grew by for a payment and its token.
    bytes_each: f64,
}

/// Connections when a node is measured alone.
const NODE_CONNECTIONS: usize = 32;

/// Measures in a throw-away cluster that syncs.
pub async fn measure(plan: &Plan) -> Result<OnDatabase, Failure> {
    let directory = std::path::absolute(&plan.directory)?;
    let cluster = Cluster::start(directory.join("cluster")).await?;
    let measured = measure_in(plan, &directory, &cluster.url).await;
    cluster.stop().await?;
    measured
}

async fn measure_in(plan: &Plan, directory: &Path, url: &str) -> Result<OnDatabase, Failure> {
    let database = connect(url).await?;
    let data = directory.join("with-database");
    let mut subject = Subject::start_on(&plan.binary, &data, Some(url)).await?;
    let tokens = subject.prepare(plan.method, 2 * SAMPLE).await?;
    subject.create(plan.method, CONNECTIONS, NO_END, tokens, SAMPLE).await?;
    let bare = BareLoop::new(&plan.binary, url, RowBytes::of(&database).await?).await?;
    let (mut rates, mut bare_rates, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut p50s, mut p99s, mut commits) = (Vec::new(), Vec::new(), Vec::new());
    let mut processor: [Vec<f64>; 3] = Default::default();
    let mut expected = 4_000.0;
    for pair in 0..plan.pairs {
        let count = (expected * plan.duration.as_secs_f64() * 1.5) as usize + 1_000;
        let tokens = subject.prepare(plan.method, count).await?;
        let before = bare.rate(plan.duration).await?;
        let counted = subject.counters().await?;
        let used = [process::processor_seconds(subject.pid()?)?, processor_seconds(&database).await?];
        let outcome = subject.create(plan.method, CONNECTIONS, plan.duration, tokens, usize::MAX).await?;
        let now = [process::processor_seconds(subject.pid()?)?, processor_seconds(&database).await?];
        let answered = outcome.answered.max(1) as f64;
        for part in 0..used.len() {
            processor[part].push((now[part] - used[part]) * 1e6 / answered);
        }
        if let (Some(start), Some(end)) = (counted, subject.counters().await?)
            && end.syncs > start.syncs
        {
            commits.push(outcome.answered as f64 / (end.syncs - start.syncs) as f64);
        }
        let after = bare.rate(plan.duration).await?;
        processor[2].push((before.processor_us + after.processor_us) / 2.0);
        let (rate, around) = (outcome.per_second(), (before.per_second + after.per_second) / 2.0);
        eprintln!("  PostgreSQL, pair {} of {}: {rate:.0}/s beside {around:.0}/s bare", pair + 1, plan.pairs);
        expected = rate;
        rates.push(rate);
        bare_rates.push(around);
        ratios.push(rate / around);
        p50s.push(outcome.quantile_us(0.5));
        p99s.push(outcome.quantile_us(0.99));
    }
    let node = measure_node(plan, &mut subject, &database, expected).await?;
    subject.stop().await?;
    Ok(OnDatabase {
        node,
        per_second: median(&mut rates),
        bare_per_second: median(&mut bare_rates),
        ratio: median(&mut ratios),
        p50_us: median(&mut p50s),
        p99_us: median(&mut p99s),
        payments_per_commit: median(&mut commits),
        processor_us: processor.map(|mut of_pairs| median(&mut of_pairs)),
    })
}

/// Seconds of processor time that the connections to the client's database have used so far.
async fn processor_seconds(database: &Client) -> Result<f64, Failure> {
    let sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()";
    let mut seconds = 0.0;
    for row in database.query(sql, &[]).await? {
        // One that has ended meanwhile is none of those that matter.
        seconds += process::processor_seconds(row.get::<_, i32>(0).unsigned_abs()).unwrap_or(0.0);
    }
    Ok(seconds)
}

async fn measure_node(
    plan: &Plan,
    subject: &mut Subject,
    database: &Client,
    expected: f64,
) -> Result<Node, Failure> {
    let receiver = Receiver::start().await?;
    let count = (expected * plan.duration.as_secs_f64() * 1.5) as usize + 1_000;
    let bytes = database_bytes(database).await?;
    let tokens = subject.prepare(plan.method, count).await?;
    subject.notification_url = Some(receiver.url());
    let processor = process::processor_seconds(subject.pid()?)?;
    // Without an end, so that each token that takes room in the database has its payment.
    let outcome = subject.create(plan.method, NODE_CONNECTIONS, NO_END, tokens, count).await?;
    receiver.wait_for(outcome.answered).await?;
    let processor = process::processor_seconds(subject.pid()?)? - processor;
    let answered = outcome.answered.max(1) as f64;
    let bytes = database_bytes(database).await? - bytes;

    let page = subject.get("/v1/payments/search?sort=date_created&criteria=desc&limit=100").await?;
    let found = page["results"].as_array().ok_or("a search has results")?;
    let paths = found.iter().map(|payment| format!("/v1/payments/{}", payment["id"])).collect();
    let reads = subject.read(NODE_CONNECTIONS, plan.duration, paths).await?;
    Ok(Node {
        told_per_second: outcome.per_second(),
        processor_us: processor * 1e6 / answered,
        reads_per_second: reads.per_second(),
        bytes_each: bytes as f64 / answered,
    })
}

/// Longer than any load takes: for a load that ends with its requests.
const NO_END: Duration = Duration::from_secs(3_600);

async fn database_bytes(database: &Client) -> Result<i64, Failure> {
    Ok(database.query_one("SELECT pg_database_size(current_database())", &[]).await?.get(0))
}

/// Prints the table.
pub fn print(measured: &OnDatabase) {
    let mut table = Table::new([
        "connections",
        "payments/s",
        "bare loop/s",
        "ratio",
        "p50 ms",
        "p99 ms",
        "per commit",
        "cpu µs",
        "database's",
        "bare loop's",
    ]);
    let [server, database, bare] = measured.processor_us.map(|us| format!("{us:.0}"));
    table.row(vec![
        CONNECTIONS.to_string(),
        format!("{:.0}", measured.per_second),
        format!("{:.0}", measured.bare_per_second),
        format!("{:.3}", measured.ratio),
        format!("{:.2}", measured.p50_us / 1e3),
        format!("{:.2}", measured.p99_us / 1e3),
        format!("{:.1}", measured.payments_per_commit),
        server,
        database,
        bare,
    ]);
    table.print(&format!(
        "Create payment on PostgreSQL, and a bare loop of the same rows, {CONNECTIONS} a transaction"
    ));
    let mut table = Table::new(["payments/s, told", "cpu µs, told", "reads/s", "bytes a payment"]);
    table.row(vec![
        format!("{:.0}", measured.node.told_per_second),
        format!("{:.0}", measured.node.processor_us),
        format!("{:.0}", measured.node.reads_per_second),
        format!("{:.0}", measured.node.bytes_each),
    ]);
    table.print(&format!("One node on PostgreSQL, {NODE_CONNECTIONS} connections"));
}

/// A throw-away cluster, by the project's own script.
struct Cluster {
    directory: PathBuf,
    url: String,
}

impl Cluster {
    async fn start(directory: PathBuf) -> Result<Cluster, Failure> {
        let output = Command::new("scripts/postgres")
            .arg("start")
            .arg(&directory)
            .args(["fsync = on", "shared_buffers = 512MB", "max_wal_size = 4GB"])
            .stderr(Stdio::inherit())
            .output()
            .await?;
        if !output.status.success() {
            return Err("PostgreSQL does not start: is the distribution's package installed?".into());
        }
        let url = String::from_utf8(output.stdout)?.trim().to_owned();
        Ok(Cluster { directory, url })
    }

    async fn stop(self) -> Result<(), Failure> {
        Command::new("scripts/postgres").arg("stop").arg(&self.directory).status().await?;
        Ok(())
    }
}

/// The account that the rows belong to, and where its ids begin.
const SELLER: i64 = 1_234_567_890;
const FIRST_ID: i64 = 110_000_000_000;
const BEGIN: i64 = 1_795_262_400_000;
const FORTNIGHT_MS: i64 = 14 * 86_400_000;

/// Payments of the server's that the bare loop's rows are made after.
const SAMPLE: usize = 500;

/// How many bytes the server's rows have where theirs are not the same anyway: the bare loop's have as many.
struct RowBytes {
    content: usize,
    traces: usize,
    legs: usize,
    token: usize,
    sealed_number: usize,
    sealed_code: usize,
    spent_token: usize,
}

impl RowBytes {
    async fn of(database: &Client) -> Result<RowBytes, Failure> {
        let sql = "SELECT avg(octet_length(content))::int, max(cardinality(traces)),
             (SELECT avg(octet_length(legs))::int FROM posting),
             (SELECT avg(octet_length(content))::int FROM card_token WHERE version = 1),
             (SELECT avg(octet_length(sealed_number))::int FROM card_token),
             (SELECT avg(octet_length(sealed_security_code))::int FROM card_token),
             (SELECT avg(octet_length(content))::int FROM card_token WHERE version = 2)
             FROM payment";
        let row = database.query_one(sql, &[]).await?;
        // What a way to pay has none of has no bytes.
        let at = |index| row.get::<_, Option<i32>>(index).map_or(0, |bytes| bytes.unsigned_abs() as usize);
        Ok(RowBytes {
            content: at(0),
            traces: at(1),
            legs: at(2),
            token: at(3),
            sealed_number: at(4),
            sealed_code: at(5),
            spent_token: at(6),
        })
    }
}

/// What the bare loop reached.
struct BareRate {
    per_second: f64,
    processor_us: f64,
}

/// Writes what the server writes for a payment by card, set by set, in a database of its own with the same tables.
struct BareLoop {
    client: Client,
    statements: Vec<Statement>,
    bytes: RowBytes,
    next: std::cell::Cell<i64>,
}

impl BareLoop {
    async fn new(binary: &Path, cluster: &str, bytes: RowBytes) -> Result<BareLoop, Failure> {
        const NAME: &str = "bare";
        connect(cluster).await?.batch_execute(&format!("CREATE DATABASE {NAME}")).await?;
        let url = cluster.rsplit_once('/').map_or(cluster, |(server, _)| server).to_owned() + "/" + NAME;
        let migrated = Command::new(binary).args(["migrate", "--database-url", &url]).output().await?;
        if !migrated.status.success() {
            return Err(String::from_utf8_lossy(&migrated.stderr).into_owned().into());
        }
        let client = connect(&url).await?;
        let mut statements = Vec::new();
        for sql in [
            "INSERT INTO idempotency (account_id, key, request, resource_id, part_id, expires)
             SELECT $1, key, key, id, 0, late FROM unnest($2::bytea[], $3::bigint[], $4::bigint[]) AS new (key, id, late)",
            "INSERT INTO payment (account_id, id, mode, version, created, updated, approved, release, status,
                 status_detail, payment_method_id, payment_type_id, operation_type, payer_id, external_reference, traces, content)
             SELECT $1, id, 0, 1, at, at, at, late, 'approved', 'accredited', 'master', 'credit_card',
                 'regular_payment', 7, reference, $7::bigint[], content
             FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bytea[])
             AS new (id, at, late, reference, content)",
            "INSERT INTO posting (account_id, mode, effective_at, sequence, resource_id, cause, currency, legs)
             SELECT $1, 0, at, id, id, 1, 'BRL', legs
             FROM unnest($2::bigint[], $3::bigint[], $4::bytea[]) AS new (id, at, legs)",
            "INSERT INTO timer (account_id, mode, subject, kind, due)
             SELECT $1, 0, id, 2, late FROM unnest($2::bigint[], $3::bigint[]) AS new (id, late)",
            "UPDATE card_token SET version = 2, sealed_number = NULL, sealed_security_code = NULL, content = new.content
             FROM unnest($2::bytea[], $3::bytea[]) AS new (lookup, content)
             WHERE account_id = $1 AND card_token.lookup = new.lookup",
            "INSERT INTO balance AS balance (account_id, mode, currency, kind, owner, amount_minor)
             SELECT $1, 0, 'BRL', kind, owner, amount
             FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS new (kind, owner, amount)
             ON CONFLICT (account_id, mode, currency, kind, owner)
             DO UPDATE SET amount_minor = balance.amount_minor + excluded.amount_minor",
        ] {
            statements.push(client.prepare(sql).await?);
        }
        Ok(BareLoop { client, statements, bytes, next: std::cell::Cell::new(0) })
    }

    async fn rate(&self, duration: Duration) -> Result<BareRate, Failure> {
        let group = i64::try_from(CONNECTIONS)?;
        let (mut busy, mut processor, mut payments) = (Duration::ZERO, 0.0, 0);
        // The tokens that are spent are made beside the measured time, a share at a time.
        while busy < duration {
            const SHARE: i64 = 100;
            let first = self.next.replace(self.next.get() + SHARE * group);
            self.make_tokens(first, SHARE * group).await?;
            let used = processor_seconds(&self.client).await?;
            let started = Instant::now();
            for number in 0..SHARE {
                self.write(first + number * group, group).await?;
            }
            busy += started.elapsed();
            processor += processor_seconds(&self.client).await? - used;
            payments += SHARE * group;
        }
        let payments = payments as f64;
        Ok(BareRate { per_second: payments / busy.as_secs_f64(), processor_us: processor * 1e6 / payments })
    }

    async fn make_tokens(&self, first: i64, count: i64) -> Result<(), Failure> {
        let lookups: Vec<Vec<u8>> = (first..first + count).map(lookup).collect();
        let number = vec![0x3c_u8; self.bytes.sealed_number];
        let code = vec![0x3c_u8; self.bytes.sealed_code];
        let content = vec![0xa5_u8; self.bytes.token];
        self.client
            .execute(
                "INSERT INTO card_token (account_id, lookup, mode, version, purge_at, sealed_number,
                     sealed_security_code, content)
                 SELECT $1, lookup, 0, 1, $2, $3, $4, $5 FROM unnest($6::bytea[]) AS new (lookup)",
                &[&SELLER, &(BEGIN + FORTNIGHT_MS), &number, &code, &content, &lookups],
            )
            .await?;
        Ok(())
    }

    /// One transaction, sent at once.
    async fn write(&self, first: i64, count: i64) -> Result<(), Failure> {
        let numbers = first..first + count;
        let ids: Vec<i64> = numbers.clone().map(|number| FIRST_ID + number).collect();
        let keys: Vec<Vec<u8>> = numbers.clone().map(spread).collect();
        let tokens: Vec<Vec<u8>> = numbers.clone().map(lookup).collect();
        let at: Vec<i64> = numbers.clone().map(|number| BEGIN + number / 10).collect();
        let late: Vec<i64> = at.iter().map(|at| at + FORTNIGHT_MS).collect();
        let references: Vec<String> = numbers.map(|number| format!("measured-{number:09}")).collect();
        let contents = vec![vec![0xa5_u8; self.bytes.content]; ids.len()];
        let spent = vec![vec![0xa5_u8; self.bytes.spent_token]; ids.len()];
        let legs = vec![vec![0x5a_u8; self.bytes.legs]; ids.len()];
        // One buyer's, as the measured payments' are.
        let traces: Vec<i64> = (11..).take(self.bytes.traces).collect();
        let (kinds, owners) = (vec![2_i16, 8, 16, 17], vec![0, SELLER, 0, 0]);
        let amounts = vec![6_400_i64, -5_760, -128, -512];
        let values: [Vec<&(dyn ToSql + Sync)>; 6] = [
            vec![&SELLER, &keys, &ids, &late],
            vec![&SELLER, &ids, &at, &late, &references, &contents, &traces],
            vec![&SELLER, &ids, &at, &legs],
            vec![&SELLER, &ids, &late],
            vec![&SELLER, &tokens, &spent],
            vec![&SELLER, &kinds, &owners, &amounts],
        ];
        let client = &self.client;
        let written =
            self.statements.iter().zip(&values).map(|(statement, values)| client.execute(statement, values));
        let (begun, written) = join(client.batch_execute("BEGIN"), join_all(written)).await;
        begun?;
        for count in written {
            count?;
        }
        client.batch_execute("COMMIT").await?;
        Ok(())
    }
}

async fn connect(url: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // Ends with the client.
    tokio::spawn(connection);
    Ok(client)
}

/// 16 bytes that lie anywhere, as a hash does.
fn spread(number: i64) -> Vec<u8> {
    let high = number.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    [high.to_be_bytes(), number.to_be_bytes()].concat()
}

/// The same, as long as what a token is found by.
fn lookup(number: i64) -> Vec<u8> {
    [spread(number), spread(!number)].concat()
}
