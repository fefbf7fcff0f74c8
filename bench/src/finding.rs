//! Reads and searches, in a small store and in a large one, interleaved.

use crate::report::{Table, median};
use crate::requests::external_reference;
use crate::subject::Subject;
use crate::{Failure, Plan};

/// One way of asking, in both stores.
#[derive(Debug)]
pub struct Finding {
    name: &'static str,
    small: Asked,
    large: Asked,
    /// The large store's p50 by the small one's, pair by pair.
    pub ratio: f64,
}

#[derive(Debug)]
struct Asked {
    per_second: f64,
    p50_us: f64,
    p99_us: f64,
}

/// How many different payments are asked for.
const SAMPLE: usize = 500;

/// Connections for the rates; the latencies are those of one connection.
const CONNECTIONS: usize = 32;

/// Asks both stores by id, by reference and by date. `stored` is how many payments of the series `stored` each has.
pub async fn measure(
    plan: &Plan,
    small: (&Subject, usize),
    large: (&Subject, usize),
) -> Result<Vec<Finding>, Failure> {
    type Paths = (Vec<String>, Vec<String>);
    let mut ways: Vec<(&'static str, Paths)> =
        vec![("read by id", (by_id(small).await?, by_id(large).await?))];
    ways.push(("search by external_reference", (by_reference(small.1), by_reference(large.1))));
    ways.push(("search by date, newest first", (newest(), newest())));
    ways.push(("search by date, oldest first", (oldest(), oldest())));
    let narrow = (one_instant(small).await?, one_instant(large).await?);
    ways.push(("search by date, one millisecond", narrow));

    let mut findings = Vec::new();
    for (name, (small_paths, large_paths)) in ways {
        eprintln!("  {name}");
        let (mut smalls, mut larges, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..plan.pairs {
            let one = ask(plan, small.0, &small_paths).await?;
            let other = ask(plan, large.0, &large_paths).await?;
            ratios.push(other.p50_us / one.p50_us);
            smalls.push(one);
            larges.push(other);
        }
        findings.push(Finding {
            name,
            small: middle(&smalls),
            large: middle(&larges),
            ratio: median(&mut ratios),
        });
    }
    Ok(findings)
}

/// The worst ratio of the searches; a read by id is not a search.
pub fn worst_search(findings: &[Finding]) -> Option<f64> {
    findings
        .iter()
        .filter(|finding| finding.name.starts_with("search"))
        .map(|finding| finding.ratio)
        .max_by(f64::total_cmp)
}

/// Prints them.
pub fn print(title: &str, findings: &[Finding]) {
    let mut table = Table::new([
        "",
        "small/s",
        "large/s",
        "small p50 ms",
        "large p50 ms",
        "small p99 ms",
        "large p99 ms",
        "p50 ratio",
    ]);
    for finding in findings {
        let ms = |us: f64| format!("{:.3}", us / 1000.0);
        table.row(vec![
            finding.name.to_owned(),
            format!("{:.0}", finding.small.per_second),
            format!("{:.0}", finding.large.per_second),
            ms(finding.small.p50_us),
            ms(finding.large.p50_us),
            ms(finding.small.p99_us),
            ms(finding.large.p99_us),
            format!("{:.2}", finding.ratio),
        ]);
    }
    table.print(title);
}

async fn ask(plan: &Plan, subject: &Subject, paths: &[String]) -> Result<Asked, Failure> {
    let alone = subject.read(1, plan.duration / 2, paths.to_vec()).await?;
    let together = subject.read(CONNECTIONS, plan.duration / 2, paths.to_vec()).await?;
    Ok(Asked {
        per_second: together.per_second(),
        p50_us: alone.quantile_us(0.5),
        p99_us: alone.quantile_us(0.99),
    })
}

fn middle(all: &[Asked]) -> Asked {
    let of = |field: fn(&Asked) -> f64| median(&mut all.iter().map(field).collect::<Vec<_>>());
    Asked {
        per_second: of(|asked| asked.per_second),
        p50_us: of(|asked| asked.p50_us),
        p99_us: of(|asked| asked.p99_us),
    }
}

/// References spread evenly over the series.
fn references(stored: usize) -> impl Iterator<Item = String> {
    let sample = SAMPLE.min(stored).max(1);
    (0..sample).map(move |n| external_reference("stored", n * stored / sample))
}

fn by_reference(stored: usize) -> Vec<String> {
    references(stored)
        .map(|reference| format!("/v1/payments/search?external_reference={reference}"))
        .collect()
}

async fn by_id((subject, stored): (&Subject, usize)) -> Result<Vec<String>, Failure> {
    let mut paths = Vec::new();
    for path in by_reference(stored) {
        let found = subject.get(&path).await?;
        let id = &found["results"][0]["id"];
        if !id.is_number() {
            return Err(format!("{path} found nothing").into());
        }
        paths.push(format!("/v1/payments/{id}"));
    }
    Ok(paths)
}

fn newest() -> Vec<String> {
    vec![dated("desc", "NOW-1DAYS", "NOW")]
}

fn oldest() -> Vec<String> {
    vec![dated("asc", "NOW-1DAYS", "NOW")]
}

/// The instants at which some of the payments were made.
async fn one_instant((subject, stored): (&Subject, usize)) -> Result<Vec<String>, Failure> {
    let mut paths = Vec::new();
    for path in by_reference(stored).into_iter().step_by(10) {
        let found = subject.get(&path).await?;
        let created =
            found["results"][0]["date_created"].as_str().ok_or("a payment has a date")?.replace('+', "%2B");
        paths.push(dated("desc", &created, &created));
    }
    Ok(paths)
}

fn dated(criteria: &str, begin: &str, end: &str) -> String {
    format!(
        "/v1/payments/search?sort=date_created&criteria={criteria}&range=date_created&begin_date={begin}&end_date={end}&limit=30"
    )
}
