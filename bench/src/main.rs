//! Measures Pasarela against physical limits of the same run.
//!
//! ```text
//! cargo build --release -p pasarela && cargo run --release -p pasarela-bench -- [--quick]
//! ```
//!
//! # How to read it
//!
//! Absolute numbers say little: a shared machine changes its speed by a factor of two for minutes at a time, and the
//! load generator runs on the same cores as the server. So everything is a *ratio*, measured yardstick – subject –
//! yardstick within seconds, and the median of at least five such pairs counts:
//!
//! - `bare/s` is a server of the same framework that reads the same request into types, stores nothing, and answers a
//!   body of the same size. No server can be faster here; `ratio` is what is left of that when every payment is
//!   decided, indexed, posted to the ledger and durable before its answer.
//! - `sync p50` is one write and one `fdatasync` of a payment's bytes at the end of a file. `p50 ratio` is the
//!   one-connection latency by `bare p50 + sync p50`: 1 would mean that everything else is free.
//! - `per sync` counts how many payments one sync made durable: the group commit at work, and free of noise.
//! - `cpu µs` is processor time in the server, user and system, for one payment.
//!
//! The gates are printed as reached or missed; the program ends with 0 either way, because a benchmark is no test.
//! A store is filled through the API (it takes minutes for a million); `--preloaded DIR` keeps one between runs.
//!
//! `-- compare` is something else: the server beside its peers, as a table and a picture (`bench/compare/README.md`).

mod compare;
mod connection;
mod creating;
mod finding;
mod load;
mod process;
mod report;
mod requests;
mod subject;
mod yardstick;

use clap::{Parser, Subcommand};
use creating::{Level, Store, level};
use report::{Bound, Gate, median};
use requests::Method;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use subject::Subject;
use yardstick::BareServer;

/// Why a run could not go on. A benchmark tells people, so the text is all that is needed.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measures the release binary against physical limits of the same run.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    /// A look in two minutes: short runs, one and 32 connections, a small store
    #[arg(long)]
    quick: bool,
    /// The server's binary; without it, the release binary beside this one, built if need be
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// How the measured payments are paid
    #[arg(long, value_enum, default_value = "card")]
    method: Method,
    /// How many payments the large store holds [default: 1000000, with --quick 20000]
    #[arg(long, value_name = "N")]
    preload: Option<usize>,
    /// How the payments of the large store were paid
    #[arg(long, value_enum, default_value = "boleto")]
    preload_method: Method,
    /// Keep the large store here, and use it as it is when it exists
    #[arg(long, value_name = "DIR")]
    preloaded: Option<PathBuf>,
    /// Numbers of connections [default: 1,16,32,64,256, with --quick 1,32]
    #[arg(long, value_delimiter = ',')]
    connections: Vec<usize>,
    /// Yardstick-subject-yardstick pairs; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=99))]
    pairs: u8,
    /// Seconds of each run [default: 3, with --quick 1]
    #[arg(long)]
    seconds: Option<f64>,
    /// Where stores are put: on the disk that is to be measured
    #[arg(long, default_value = "target/bench")]
    directory: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Be the yardstick; the benchmark starts this itself
    #[command(hide = true)]
    BareServer {
        #[arg(long)]
        answer_bytes: usize,
    },
    /// Hold the server beside other programs that a user might take for a sandbox
    Compare(compare::Arguments),
}

/// What is going to be measured.
#[derive(Debug)]
pub struct Plan {
    binary: PathBuf,
    method: Method,
    connections: Vec<usize>,
    pairs: usize,
    duration: Duration,
    directory: PathBuf,
}

impl Plan {
    /// An empty directory for a server that begins with nothing.
    fn fresh_directory(&self) -> Result<PathBuf, Failure> {
        let directory = self.directory.join("fresh");
        if directory.exists() {
            std::fs::remove_dir_all(&directory)?;
        }
        std::fs::create_dir_all(&directory)?;
        Ok(directory)
    }
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        match arguments.role {
            Some(Role::BareServer { answer_bytes }) => yardstick::serve_bare(answer_bytes).await,
            Some(Role::Compare(arguments)) => compare::run(arguments).await,
            None => measure(arguments).await,
        }
    })
}

async fn measure(arguments: Arguments) -> Result<(), Failure> {
    let quick = arguments.quick;
    let default_connections: &[usize] = if quick { &[1, 32] } else { &[1, 16, 32, 64, 256] };
    let plan = Plan {
        binary: match &arguments.binary {
            Some(binary) => binary.clone(),
            None => release_binary()?,
        },
        method: arguments.method,
        connections: match arguments.connections.is_empty() {
            true => default_connections.to_vec(),
            false => arguments.connections.clone(),
        },
        pairs: usize::from(arguments.pairs),
        duration: Duration::from_secs_f64(arguments.seconds.unwrap_or(if quick { 1.0 } else { 3.0 })),
        // Of this run's own: two runs at once disturb each other's numbers, but not each other's stores.
        directory: arguments.directory.join(format!("run-{}", std::process::id())),
    };
    std::fs::create_dir_all(&plan.directory)?;
    let preload = arguments.preload.unwrap_or(if quick { 20_000 } else { 1_000_000 });

    let birth = measure_birth(&plan).await?;
    println!(
        "Start to first answer {:.1} ms, ready after {:.1} ms; resident {:.1} MB idle (medians of {})",
        birth.first_answer_ms, birth.ready_ms, birth.idle_mb, birth.starts
    );
    println!("An answer to create-payment by {} has {} bytes", plan.method.name(), birth.answer_bytes);

    creating::print_log(&plan)?;
    let bare = BareServer::start(birth.answer_bytes).await?;
    eprintln!("creating payments, none stored");
    let empty = creating::measure(&plan, &bare, Store::Fresh).await?;
    creating::print(&format!("Create payment by {}, none stored", plan.method.name()), &empty);

    let (large_directory, kept) = match &arguments.preloaded {
        Some(directory) => (directory.clone(), true),
        None => (plan.directory.join("large"), false),
    };
    let mut large = open_filled(&plan, &large_directory, preload, arguments.preload_method, kept).await?;
    eprintln!("creating payments, {preload} stored");
    let filled = creating::measure(&plan, &bare, Store::Filled(&mut large)).await?;
    creating::print(&format!("Create payment by {}, {preload} stored", plan.method.name()), &filled);
    println!("Resident after this load {:.1} MB", process::resident_mb(large.pid()?)?);

    const SMALL: usize = 1_000;
    let small_directory = plan.directory.join("small");
    let small = open_filled(&plan, &small_directory, SMALL, arguments.preload_method, false).await?;
    eprintln!("reading and searching");
    let findings = finding::measure(&plan, (&small, SMALL), (&large, preload)).await?;
    finding::print(&format!("Reads and searches: {SMALL} stored, and {preload} and more"), &findings);
    println!("Resident at the end {:.1} MB", process::resident_mb(large.pid()?)?);
    small.stop().await?;
    large.stop().await?;
    std::fs::remove_dir_all(&plan.directory)?;

    let at = |levels: &[Level], connections, of: fn(&Level) -> f64| level(levels, connections).map(of);
    report::print_gates(&[
        Gate::new(
            "create-payment at 32 connections by the bare server",
            Bound::AtLeast(0.12),
            at(&empty, 32, |level| level.ratio),
        ),
        Gate::new(
            "p50 at one connection by (bare p50 + sync p50)",
            Bound::AtMost(2.5),
            at(&empty, 1, |level| level.latency_ratio),
        ),
        Gate::new(
            "payments per sync at 32 connections",
            Bound::AtLeast(8.0),
            level(&empty, 32).and_then(|level| level.payments_per_sync),
        ),
        Gate::new(
            "slowest kind of search, large store by small",
            Bound::AtMost(2.0),
            finding::worst_search(&findings),
        ),
        Gate::new("start to first answer, ms", Bound::AtMost(100.0), Some(birth.first_answer_ms)),
        Gate::new("resident memory idle, MB", Bound::AtMost(40.0), Some(birth.idle_mb)),
    ]);
    Ok(())
}

/// A server with `count` payments of the series `stored`: filled now, or found as it was left.
async fn open_filled(
    plan: &Plan,
    directory: &Path,
    count: usize,
    method: Method,
    keep: bool,
) -> Result<Subject, Failure> {
    // Written last, so that a store that was left half filled is filled anew.
    let mark = directory.join("filled-by-bench");
    if keep && std::fs::read_to_string(&mark).is_ok_and(|text| text.trim() == count.to_string()) {
        println!("\nUsing the store in {}", directory.display());
        return Subject::start(&plan.binary, directory).await;
    }
    if directory.exists() {
        if keep && !mark.exists() {
            return Err(format!("{} exists and was not filled by this program", directory.display()).into());
        }
        std::fs::remove_dir_all(directory)?;
    }
    std::fs::create_dir_all(directory)?;
    let mut subject = Subject::start(&plan.binary, directory).await?;
    // The reserve and the journal are of no payment, and are gone when the server has stopped.
    let is_of_payments = |name: &str| !name.ends_with("-reserve") && !name.contains("-journal-");
    let empty_bytes = process::bytes_in(directory, is_of_payments)?;
    let started = Instant::now();
    eprintln!("filling a store with {count} payments by {} through the API", method.name());
    subject.fill(method, count).await?;
    let elapsed = started.elapsed().as_secs_f64();
    let resident = process::resident_mb(subject.pid()?)?;
    let with_log = process::bytes_in(directory, |name| !name.ends_with("-reserve"))? - empty_bytes;
    subject.stop().await?;
    let stopped = process::bytes_in(directory, is_of_payments)?.saturating_sub(empty_bytes);
    println!(
        "\nStored {count} payments by {} through the API at {:.0}/s: {:.0} bytes on disk each ({:.0} with the \
         write-ahead log before the stop); resident {resident:.1} MB",
        method.name(),
        count as f64 / elapsed,
        stopped as f64 / count as f64,
        with_log as f64 / count as f64,
    );
    std::fs::write(&mark, count.to_string())?;
    Subject::start(&plan.binary, directory).await
}

struct Birth {
    starts: usize,
    first_answer_ms: f64,
    ready_ms: f64,
    idle_mb: f64,
    answer_bytes: usize,
}

/// Starts the server a few times on nothing and takes a first payment from each.
async fn measure_birth(plan: &Plan) -> Result<Birth, Failure> {
    const STARTS: usize = 5;
    let (mut first_answer, mut ready, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    let mut answer_bytes = 0;
    for _ in 0..STARTS {
        let directory = plan.fresh_directory()?;
        let started = Instant::now();
        let mut subject = Subject::start(&plan.binary, &directory).await?;
        // `start` asks for the credentials first; what counts begins at the spawn.
        let asked = started.elapsed() - subject.ready_after;
        subject.create(Method::Pix, 1, Duration::from_secs(60), Vec::new(), 1).await?;
        first_answer.push((started.elapsed() - asked).as_secs_f64() * 1e3);
        ready.push(subject.ready_after.as_secs_f64() * 1e3);
        subject.stop().await?;

        let directory = plan.fresh_directory()?;
        let mut subject = Subject::start(&plan.binary, &directory).await?;
        idle.push(process::resident_mb(subject.pid()?)?);
        let tokens = subject.prepare(plan.method, 1).await?;
        answer_bytes = subject.create(plan.method, 1, Duration::from_secs(60), tokens, 1).await?.body_bytes;
        subject.stop().await?;
    }
    Ok(Birth {
        starts: STARTS,
        first_answer_ms: median(&mut first_answer),
        ready_ms: median(&mut ready),
        idle_mb: median(&mut idle),
        answer_bytes,
    })
}

/// The release binary, built if it is not there.
fn release_binary() -> Result<PathBuf, Failure> {
    let built = Path::new("target/release/pasarela");
    if !built.exists() {
        eprintln!("building the release binary");
        let status =
            std::process::Command::new("cargo").args(["build", "--release", "-p", "pasarela"]).status()?;
        if !status.success() {
            return Err("the release binary does not build".into());
        }
    }
    Ok(built.to_owned())
}
