//! Creating payments, held against the bare server: yardstick, subject, yardstick, and again.

use crate::load::{self, Load};
use crate::process;
use crate::receiver::Receiver;
use crate::report::{Table, median};
use crate::requests::Series;
use crate::subject::Subject;
use crate::yardstick::{self, BareServer};
use crate::{Failure, Plan};
use std::time::Duration;

/// What was measured at one number of connections: the median of the pairs.
#[derive(Debug)]
pub struct Level {
    /// How many connections.
    pub connections: usize,
    /// Durable payments per second.
    pub per_second: f64,
    /// Subject's rate by the mean of the two yardsticks' around it.
    pub ratio: f64,
    /// Microseconds.
    pub p50_us: f64,
    /// Microseconds.
    pub p99_us: f64,
    /// The bare server's.
    pub bare_per_second: f64,
    /// The bare server's.
    pub bare_p50_us: f64,
    /// One write and sync, in between.
    pub sync_p50_us: f64,
    /// p50 by (bare p50 + sync p50), pair by pair.
    pub latency_ratio: f64,
    /// Payments made durable by one sync; `None` when the server does not count.
    pub payments_per_sync: Option<f64>,
    /// Microseconds of processor time in the server for a payment.
    pub processor_us: f64,
    /// The same in the bare server.
    pub bare_processor_us: f64,
    /// How long after the last answer the last receiver was told, in milliseconds; `None` when nobody is told.
    pub behind_ms: Option<f64>,
}

/// What is measured: a fresh server for each pair, or one that stays and holds its payments.
pub enum Store<'a> {
    /// Each pair begins with none stored.
    Fresh,
    /// This one.
    Filled(&'a mut Subject),
}

/// The peers of a measurement.
#[derive(Debug)]
pub struct Peers {
    /// The yardstick.
    pub bare: BareServer,
    /// Who is told of each payment by a webhook, if anybody is.
    pub receiver: Option<Receiver>,
}

/// Measures each number of connections of the plan.
pub async fn measure(plan: &Plan, peers: &Peers, mut store: Store<'_>) -> Result<Vec<Level>, Failure> {
    let mut levels = Vec::new();
    // The first guess of how many tokens a run uses; each run corrects it.
    let mut rate = 2_000.0;
    for &connections in &plan.connections {
        let mut pairs = Vec::with_capacity(plan.pairs);
        for pair in 0..plan.pairs {
            let pair_of = match &mut store {
                Store::Filled(subject) => measure_pair(plan, peers, subject, connections, rate).await?,
                Store::Fresh => {
                    let directory = plan.fresh_directory()?;
                    let mut subject = Subject::start(&plan.binary, &directory).await?;
                    let measured = measure_pair(plan, peers, &mut subject, connections, rate).await?;
                    subject.stop().await?;
                    std::fs::remove_dir_all(&directory)?;
                    measured
                }
            };
            eprintln!(
                "  {connections} connections, pair {} of {}: {:.0}/s beside {:.0}/s bare",
                pair + 1,
                plan.pairs,
                pair_of.per_second,
                pair_of.bare_per_second
            );
            rate = pair_of.per_second;
            pairs.push(pair_of);
        }
        levels.push(middle(&pairs));
        rate *= 3.0; // more connections go faster
    }
    Ok(levels)
}

async fn measure_pair(
    plan: &Plan,
    peers: &Peers,
    subject: &mut Subject,
    connections: usize,
    expected_rate: f64,
) -> Result<Level, Failure> {
    // Tokens for half as much again as the last run used. A run that uses them up ends early; its rate is as good.
    let count = (expected_rate * plan.duration.as_secs_f64() * 1.5) as usize + 1_000;
    let tokens = subject.prepare(plan.method, count).await?;
    subject.notification_url = peers.receiver.as_ref().map(Receiver::url);
    let told = match &peers.receiver {
        Some(receiver) => receiver.count().await?,
        None => 0,
    };

    let before = bare_load(plan, &peers.bare, connections).await?;
    let log = yardstick::append_log(&plan.directory, RECORD_BYTES, 1, plan.duration / 4)?;

    let counted = subject.counters().await?;
    let processor = process::processor_seconds(subject.pid()?)?;
    let outcome = subject.create(plan.method, connections, plan.duration, tokens, usize::MAX).await?;
    // Told or not, everything that a payment costs is counted, and is over before the yardstick is measured again.
    let behind = match &peers.receiver {
        Some(receiver) => Some(receiver.wait_for(told + outcome.answered).await?),
        None => None,
    };
    let processor = process::processor_seconds(subject.pid()?)? - processor;
    let payments_per_sync = match (counted, subject.counters().await?) {
        (Some(start), Some(end)) if end.syncs > start.syncs => {
            Some(outcome.answered as f64 / (end.syncs - start.syncs) as f64)
        }
        _ => None,
    };

    let after = bare_load(plan, &peers.bare, connections).await?;
    let bare_per_second = (before.per_second + after.per_second) / 2.0;
    let bare_p50_us = (before.p50_us + after.p50_us) / 2.0;
    let p50_us = outcome.quantile_us(0.5);
    Ok(Level {
        connections,
        per_second: outcome.per_second(),
        ratio: outcome.per_second() / bare_per_second,
        p50_us,
        p99_us: outcome.quantile_us(0.99),
        bare_per_second,
        bare_p50_us,
        sync_p50_us: log.sync_p50_us,
        latency_ratio: p50_us / (bare_p50_us + log.sync_p50_us),
        payments_per_sync,
        processor_us: processor * 1e6 / outcome.answered.max(1) as f64,
        bare_processor_us: (before.processor_us + after.processor_us) / 2.0,
        behind_ms: behind.map(|behind| behind.as_secs_f64() * 1e3),
    })
}

/// About what a payment and its transfers are as JSON: what the append log writes for each.
pub const RECORD_BYTES: usize = 3_200;

struct BareOutcome {
    per_second: f64,
    p50_us: f64,
    processor_us: f64,
}

async fn bare_load(plan: &Plan, bare: &BareServer, connections: usize) -> Result<BareOutcome, Failure> {
    let pid = bare.process.id().ok_or("the bare server has ended")?;
    // The same bytes as the subject gets; the bare server doesn't care whose token it is.
    let token = "0123456789abcdef0123456789abcdef";
    let access_token = "TEST-1234567890123456-112108-0123456789abcdef0123456789abcdef-123456789";
    let series = Series {
        access_token: access_token.to_owned(),
        method: plan.method,
        prefix: "bare".to_owned(),
        notification_url: None,
    };
    let requests = std::sync::Arc::new(move |n: usize, into: &mut Vec<u8>| {
        series.write(n, token, into);
        true
    });
    let load = Load { connections, duration: plan.duration, keep: None };
    let processor = process::processor_seconds(pid)?;
    let outcome = load::run(bare.address, load, requests).await?;
    let processor = process::processor_seconds(pid)? - processor;
    Ok(BareOutcome {
        per_second: outcome.per_second(),
        p50_us: outcome.quantile_us(0.5),
        processor_us: processor * 1e6 / outcome.answered.max(1) as f64,
    })
}

fn middle(pairs: &[Level]) -> Level {
    let of = |field: fn(&Level) -> f64| median(&mut pairs.iter().map(field).collect::<Vec<_>>());
    let mut per_sync: Vec<f64> = pairs.iter().filter_map(|pair| pair.payments_per_sync).collect();
    let mut behind: Vec<f64> = pairs.iter().filter_map(|pair| pair.behind_ms).collect();
    Level {
        connections: pairs[0].connections, // a plan has at least one pair
        per_second: of(|pair| pair.per_second),
        ratio: of(|pair| pair.ratio),
        p50_us: of(|pair| pair.p50_us),
        p99_us: of(|pair| pair.p99_us),
        bare_per_second: of(|pair| pair.bare_per_second),
        bare_p50_us: of(|pair| pair.bare_p50_us),
        sync_p50_us: of(|pair| pair.sync_p50_us),
        latency_ratio: of(|pair| pair.latency_ratio),
        payments_per_sync: (!per_sync.is_empty()).then(|| median(&mut per_sync)),
        processor_us: of(|pair| pair.processor_us),
        bare_processor_us: of(|pair| pair.bare_processor_us),
        behind_ms: (!behind.is_empty()).then(|| median(&mut behind)),
    }
}

/// The level with this many connections.
pub fn level(levels: &[Level], connections: usize) -> Option<&Level> {
    levels.iter().find(|level| level.connections == connections)
}

/// Prints a table of levels.
pub fn print(title: &str, levels: &[Level]) {
    let mut table = Table::new([
        "connections",
        "payments/s",
        "bare/s",
        "ratio",
        "p50 ms",
        "p99 ms",
        "bare p50",
        "sync p50",
        "p50 ratio",
        "per sync",
        "cpu µs",
        "bare cpu",
        "told after ms",
    ]);
    for level in levels {
        let ms = |us: f64| format!("{:.2}", us / 1000.0);
        table.row(vec![
            level.connections.to_string(),
            format!("{:.0}", level.per_second),
            format!("{:.0}", level.bare_per_second),
            format!("{:.3}", level.ratio),
            ms(level.p50_us),
            ms(level.p99_us),
            ms(level.bare_p50_us),
            ms(level.sync_p50_us),
            format!("{:.2}", level.latency_ratio),
            level.payments_per_sync.map_or("-".to_owned(), |value| format!("{value:.1}")),
            format!("{:.0}", level.processor_us),
            format!("{:.0}", level.bare_processor_us),
            level.behind_ms.map_or("-".to_owned(), |value| format!("{value:.0}")),
        ]);
    }
    table.print(title);
}

/// Prints what a raw log reaches with one record and with 64 for a sync.
pub fn print_log(plan: &Plan) -> Result<(), Failure> {
    let mut table = Table::new(["records a sync", "records/s", "write + sync p50 ms"]);
    for batch in [1, 64] {
        let log = yardstick::append_log(&plan.directory, RECORD_BYTES, batch, Duration::from_secs(1))?;
        table.row(vec![
            batch.to_string(),
            format!("{:.0}", log.per_second),
            format!("{:.3}", log.sync_p50_us / 1000.0),
        ]);
    }
    table.print(&format!("Append log, {RECORD_BYTES} bytes a record"));
    Ok(())
}
