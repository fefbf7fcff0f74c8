//! `cargo run -p pasarela-simulation --release -- --hours 1`: looks for histories that break a promise.

use clap::Parser;
use pasarela_simulation::{Breakage, Campaign, Tally, run};
use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// As the program that is simulated.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs random histories with faults and holds them against what Pasarela promises. Each comes from one seed; a history
/// that breaks a promise is told with its seed, which makes it again.
#[derive(Parser)]
#[command(name = "pasarela-simulation")]
struct Arguments {
    /// How long to look, in hours
    #[arg(long, conflicts_with = "seconds")]
    hours: Option<f64>,
    /// How long to look, in seconds (60 if nothing is said)
    #[arg(long)]
    seconds: Option<f64>,
    /// How many histories at most
    #[arg(long)]
    histories: Option<u64>,
    /// The first seed; alone, that one history is run and told step by step. Otherwise the time of day chooses it
    #[arg(long)]
    seed: Option<u64>,
    /// Breaks the store on purpose: it must be found
    #[arg(long = "break", value_enum)]
    breakage: Option<Breakage>,
    /// On how many threads: as many as processors if nothing is said
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let (Some(seed), None, None, None) =
        (arguments.seed, arguments.histories, arguments.hours, arguments.seconds)
    {
        return replay(seed, arguments.breakage);
    }
    let seconds = arguments.hours.map(|hours| hours * 3_600.0).or(arguments.seconds);
    let campaign = Campaign {
        first_seed: arguments.seed.unwrap_or_else(seed_of_now),
        histories: arguments.histories.unwrap_or(u64::MAX),
        time: match (seconds, arguments.histories) {
            (Some(seconds), _) => Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX),
            (None, Some(_)) => Duration::MAX,
            (None, None) => Duration::from_secs(60),
        },
        threads: arguments.threads.unwrap_or_else(processors),
        breakage: arguments.breakage,
    };
    println!("histories from seed {} on, on {} threads", campaign.first_seed, campaign.threads);
    look(&campaign)
}

fn look(campaign: &Campaign) -> ExitCode {
    let started = Instant::now();
    let last = Cell::new(started);
    // On a terminal a line that changes; elsewhere one a minute.
    let (every, end) = match std::io::stdout().is_terminal() {
        true => (Duration::from_millis(500), "\r"),
        false => (Duration::from_secs(60), "\n"),
    };
    let (tally, finding) = campaign.run(|tally| {
        if last.get().elapsed() >= every {
            last.set(Instant::now());
            print!("{}{end}", line(tally, started.elapsed()));
            // Progress that can't be shown is no reason to stop.
            drop(std::io::stdout().flush());
        }
    });
    println!("{}", line(&tally, started.elapsed()));
    match finding {
        None => {
            println!("every promise was kept");
            ExitCode::SUCCESS
        }
        Some(outcome) => {
            let broken = outcome.broken.unwrap_or_default();
            println!("seed {} breaks a promise: {broken}", outcome.seed);
            let switch = campaign.breakage.and_then(|breakage| clap::ValueEnum::to_possible_value(&breakage));
            let switch = switch.map_or(String::new(), |value| format!(" --break {}", value.get_name()));
            println!(
                "to see it: cargo run -p pasarela-simulation --release -- --seed {}{switch}",
                outcome.seed
            );
            ExitCode::FAILURE
        }
    }
}

/// One history, told.
fn replay(seed: u64, breakage: Option<Breakage>) -> ExitCode {
    let outcome = run(seed, breakage, true);
    for line in &outcome.story {
        println!("{line}");
    }
    match outcome.broken {
        None => {
            println!("the history of seed {seed} keeps every promise");
            ExitCode::SUCCESS
        }
        Some(broken) => {
            println!("seed {seed} breaks a promise: {broken}");
            ExitCode::FAILURE
        }
    }
}

fn line(tally: &Tally, time: Duration) -> String {
    let seconds = time.as_secs_f64();
    format!(
        "{:.0} s: {} histories ({:.0} a second), {} wishes, {} steps ({:.0} a second), {} commits checked, {} deaths, \
         {} notifications",
        seconds,
        tally.histories,
        tally.histories as f64 / seconds,
        tally.wishes,
        tally.steps,
        tally.steps as f64 / seconds,
        tally.commits,
        tally.deaths,
        tally.messages
    )
}

fn seed_of_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs())
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
