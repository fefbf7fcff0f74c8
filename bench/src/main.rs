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
//! - `told after ms` is when the last webhook had come, counted from the last answer. The rate with webhooks is that of the
//!   answers; the processor time holds both.
//!
//! The gates are printed as reached or missed; the program ends with 0 either way, because a benchmark is no test.
//! A store is filled through the API (it takes minutes for a million); `--preloaded DIR` keeps one between runs.
//!
//! `-- --postgres` adds the server on PostgreSQL beside a bare loop of the same rows; `-- endure` is half an hour of steady
//! load and what it does to the memory.
//!
//! `-- deliver` measures notifications: the worker beside the bare client, while a hundred receivers hang.
//!
//! `-- soak` proves that every event of every payment reaches its shop in order, while shops fail and the server is killed.
//!
//! `-- compare` is something else: the server beside its peers, as a table and a picture (`bench/compare/README.md`).

mod compare;
mod connection;
mod creating;
mod database;
mod deliver;
mod endurance;
mod finding;
mod gates;
mod load;
mod process;
mod receiver;
mod report;
mod requests;
mod soak;
mod subject;
mod yardstick;

use clap::{Parser, Subcommand};
use creating::{Peers, Store};
use gates::Measured;
use receiver::Receiver;
use report::median;
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
    /// How many payments the large store holds [default: 2000000, with --quick 20000]
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
    /// Measure on PostgreSQL, too: in a throw-away cluster that syncs
    #[arg(long)]
    postgres: bool,
    /// Measure on PostgreSQL alone
    #[arg(long)]
    only_postgres: bool,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Be the yardstick; the benchmark starts this itself
    #[command(hide = true)]
    BareServer {
        #[arg(long)]
        answer_bytes: usize,
    },
    /// Be told of payments; the benchmark starts this itself
    #[command(hide = true)]
    Receiver,
    /// Hold the server beside other programs that a user might take for a sandbox
    Compare(compare::Arguments),
    /// Deliver notifications to a receiver that answers while a hundred others hang
    Deliver(deliver::Arguments),
    /// Put a steady load on the server for half an hour and see what its memory does
    Endure(endurance::Arguments),
    /// Payments, bad shops and deaths of the server: prove that everybody is told of everything
    Soak(soak::Arguments),
}

/// What is going to be measured.
#[derive(Debug)]
pub struct Plan {
    binary: PathBuf,
    method: Method,
    preload_method: Method,
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
            Some(Role::Receiver) => receiver::serve().await,
            Some(Role::Compare(arguments)) => compare::run(arguments).await,
            Some(Role::Endure(arguments)) => endurance::run(arguments).await,
            Some(Role::Deliver(arguments)) => deliver::run(&arguments).await,
            Some(Role::Soak(arguments)) => soak::run(&arguments).await,
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
        preload_method: arguments.preload_method,
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
    let preload = arguments.preload.unwrap_or(if quick { 20_000 } else { 2_000_000 });
    if arguments.only_postgres {
        database::print(&database::measure(&plan).await?);
        std::fs::remove_dir_all(&plan.directory)?;
        return Ok(());
    }

    let birth = measure_birth(&plan).await?;
    println!(
        "Start to first answer {:.1} ms, ready after {:.1} ms; resident {:.1} MB idle (medians of {}), {:.1} MB after \
         {} payments",
        birth.first_answer_ms,
        birth.ready_ms,
        birth.idle_mb,
        birth.starts,
        birth.loaded_mb,
        Birth::LOAD
    );
    println!("An answer to create-payment by {} has {} bytes", plan.method.name(), birth.answer_bytes);

    creating::print_log(&plan)?;
    let mut peers = Peers {
        bare: BareServer::start(birth.answer_bytes).await?,
        receiver: Some(Receiver::start().await?),
    };
    let name = plan.method.name();
    eprintln!("creating payments, none stored, a live receiver is told of each");
    let told = creating::measure(&plan, &peers, Store::Fresh).await?;
    creating::print(
        &format!("Create payment by {name}, none stored, a live receiver is told of each"),
        &told,
    );
    peers.receiver = None;
    eprintln!("creating payments, none stored");
    let empty = creating::measure(&plan, &peers, Store::Fresh).await?;
    creating::print(&format!("Create payment by {name}, none stored"), &empty);

    let (large_directory, kept) = match &arguments.preloaded {
        Some(directory) => (directory.clone(), true),
        None => (plan.directory.join("large"), false),
    };
    let (large, disk_bytes) =
        open_filled(&plan, &large_directory, preload, arguments.preload_method, kept).await?;
    large.stop().await?;
    let first_answer_large = first_answer_ms(&plan, &large_directory).await?;
    println!("Start to first answer with {preload} stored {first_answer_large:.1} ms");
    let mut large = Subject::start(&plan.binary, &large_directory).await?;
    eprintln!("creating payments, {preload} stored");
    let filled = creating::measure(&plan, &peers, Store::Filled(&mut large)).await?;
    creating::print(&format!("Create payment by {name}, {preload} stored"), &filled);
    println!("Resident after this load {:.1} MB", process::resident_mb(large.pid()?)?);

    const SMALL: usize = 1_000;
    let small_directory = plan.directory.join("small");
    let (small, _) = open_filled(&plan, &small_directory, SMALL, arguments.preload_method, false).await?;
    eprintln!("reading and searching");
    let findings = finding::measure(&plan, (&small, SMALL), (&large, preload)).await?;
    finding::print(&format!("Reads and searches: {SMALL} stored, and {preload} and more"), &findings);
    println!("Resident at the end {:.1} MB", process::resident_mb(large.pid()?)?);
    small.stop().await?;
    large.stop().await?;

    let database = if arguments.postgres { Some(database::measure(&plan).await?) } else { None };
    database.iter().for_each(database::print);
    std::fs::remove_dir_all(&plan.directory)?;

    gates::print(&Measured {
        told,
        empty,
        filled,
        findings,
        first_answer_ms: [birth.first_answer_ms, first_answer_large],
        resident_mb: [birth.idle_mb, birth.loaded_mb],
        disk_ratio: disk_bytes / birth.stored_answer_bytes as f64,
        database,
    });
    Ok(())
}

/// A server with `count` payments of the series `stored`, filled now or found as it was left, and how many bytes each of
/// them takes on the disk.
async fn open_filled(
    plan: &Plan,
    directory: &Path,
    count: usize,
    method: Method,
    keep: bool,
) -> Result<(Subject, f64), Failure> {
    // Written last, so that a store that was left half filled is filled anew.
    let mark = directory.join("filled-by-bench");
    if keep
        && let Ok(text) = std::fs::read_to_string(&mark)
        && let Some((of, bytes)) = text.trim().split_once(' ')
        && of == count.to_string()
    {
        println!("\nUsing the store in {}", directory.display());
        return Ok((Subject::start(&plan.binary, directory).await?, bytes.parse()?));
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
    let each = stopped as f64 / count as f64;
    std::fs::write(&mark, format!("{count} {each}"))?;
    Ok((Subject::start(&plan.binary, directory).await?, each))
}

struct Birth {
    starts: usize,
    first_answer_ms: f64,
    ready_ms: f64,
    idle_mb: f64,
    /// After [`Birth::LOAD`] payments.
    loaded_mb: f64,
    /// Of the measured method.
    answer_bytes: usize,
    /// Of the method that the large store is filled by.
    stored_answer_bytes: usize,
}

impl Birth {
    const LOAD: usize = 100_000;
}

/// Starts the server a few times on nothing and takes a first payment from each; then a load.
async fn measure_birth(plan: &Plan) -> Result<Birth, Failure> {
    const STARTS: usize = 5;
    let (mut first_answer, mut ready, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let directory = plan.fresh_directory()?;
        first_answer.push(first_answer_ms(plan, &directory).await?);
        let directory = plan.fresh_directory()?;
        let subject = Subject::start(&plan.binary, &directory).await?;
        ready.push(subject.ready_after.as_secs_f64() * 1e3);
        idle.push(process::resident_mb(subject.pid()?)?);
        subject.stop().await?;
    }
    let directory = plan.fresh_directory()?;
    let mut subject = Subject::start(&plan.binary, &directory).await?;
    let measured = answer_bytes(&mut subject, plan.method).await?;
    let stored = answer_bytes(&mut subject, plan.preload_method).await?;
    eprintln!("storing {} payments by {}", Birth::LOAD, plan.method.name());
    subject.fill(plan.method, Birth::LOAD).await?;
    let loaded_mb = process::resident_mb(subject.pid()?)?;
    subject.stop().await?;
    Ok(Birth {
        starts: STARTS,
        first_answer_ms: median(&mut first_answer),
        ready_ms: median(&mut ready),
        idle_mb: median(&mut idle),
        loaded_mb,
        answer_bytes: measured,
        stored_answer_bytes: stored,
    })
}

/// From the spawn to the answer to a first payment.
async fn first_answer_ms(plan: &Plan, directory: &Path) -> Result<f64, Failure> {
    let started = Instant::now();
    let mut subject = Subject::start(&plan.binary, directory).await?;
    // `start` asks for the credentials first; what counts begins at the spawn.
    let asked = started.elapsed() - subject.ready_after;
    subject.create(Method::Pix, 1, Duration::from_secs(60), Vec::new(), 1).await?;
    let first_answer = (started.elapsed() - asked).as_secs_f64() * 1e3;
    subject.stop().await?;
    Ok(first_answer)
}

/// The bytes of an answer to a payment by `method`.
async fn answer_bytes(subject: &mut Subject, method: Method) -> Result<usize, Failure> {
    let tokens = subject.prepare(method, 1).await?;
    Ok(subject.create(method, 1, Duration::from_secs(60), tokens, 1).await?.body_bytes)
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
