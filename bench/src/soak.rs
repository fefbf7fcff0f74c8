//! `soak`: payments with shops that refuse, are slow, hang up or are dead for a while, and a server that is killed: every
//! event of every payment reaches its shop, in its order.
//!
//! Buyers pay, pay back and give up; the test clock goes on, so that retries fall due; the server is killed with SIGKILL and
//! started again on what is on the disk. At the end all shops are well and the clock goes on by days. Then what the platform
//! remembers is held against what buyers were told and what shops saw.

mod buyers;
mod proof;
mod shops;

use crate::endurance::slope_mb_per_hour;
use crate::subject::Subject;
use crate::{Failure, process};
use buyers::{Bought, Buyers};
use shops::Shops;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Between two looks at the memory.
const LOOK: Duration = Duration::from_secs(5);

/// Between two steps of the test clock, and how far one goes: the first retry is due after fifteen minutes.
const CLOCK_EVERY: Duration = Duration::from_secs(15);
const CLOCK_STEP: &str = "PT16M";

/// How far the clock goes at the end, step by step: past the last retry.
const LAST_STEPS: [&str; 8] = ["PT16M", "PT16M", "PT6H", "PT12H", "PT31H", "PT49H", "PT97H", "PT97H"];

/// How long the deliveries of one such step may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// Puts payments, bad shops and deaths on the server, and proves that everybody was told of everything
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How long buyers buy
    #[arg(long, default_value_t = 30.0)]
    minutes: f64,
    /// How often the server is killed meanwhile
    #[arg(long, default_value_t = 6)]
    kills: u32,
    /// Buyers at the same time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    buyers: u32,
    /// The server's binary
    #[arg(long, value_name = "FILE", default_value = "target/release/pasarela")]
    binary: PathBuf,
    /// Where the store is put
    #[arg(long, default_value = "target/bench")]
    directory: PathBuf,
}

/// Runs it, prints what came of it, and fails when somebody was not told.
pub async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let directory = arguments.directory.join(format!("soak-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let shops = Shops::open().await?;
    let mut server = Subject::start(&arguments.binary, &directory).await?;
    let token = crate::subject::access_token(&arguments.binary).await?;
    let buyers = Buyers::new(server.address, token, shops.address);
    let buying = buyers.start(arguments.buyers);
    let started = Instant::now();
    let whole = Duration::from_secs_f64(arguments.minutes * 60.0);
    let mut lives = Lives::default();
    let mut clock_moved = Instant::now();
    while started.elapsed() < whole {
        tokio::time::sleep(LOOK.min(whole.saturating_sub(started.elapsed()))).await;
        lives.look(started, server.pid()?)?;
        if clock_moved.elapsed() >= CLOCK_EVERY {
            clock_moved = Instant::now();
            buyers.advance_clock(CLOCK_STEP).await?;
        }
        let due = f64::from(lives.deaths + 1) / f64::from(arguments.kills + 1);
        if lives.deaths < arguments.kills && started.elapsed() > whole.mul_f64(due) {
            server.kill().await?;
            server = Subject::start(&arguments.binary, &directory).await?;
            buyers.server_moved(server.address);
            lives.died();
        }
        eprintln!(
            "  {:5.1} min: {} payments, {} messages, {} taken, {} deaths, {:.1} MB",
            started.elapsed().as_secs_f64() / 60.0,
            buyers.payments(),
            shops.messages(),
            shops.taken(),
            lives.deaths,
            lives.last_mb()
        );
    }
    let bought: Vec<Bought> = buying.finish().await?;
    eprintln!("  all shops are well from now on, and the clock goes on by days");
    shops.be_well();
    for step in LAST_STEPS {
        buyers.advance_clock(step).await?;
        if settle(&buyers).await? == 0 {
            break;
        }
    }
    let proof = proof::of(&buyers, &bought, &shops).await?;
    proof.print(lives.deaths);
    println!("Memory in the longest life, after its first third: {:+.2} MB an hour", lives.slope());
    server.stop().await?;
    std::fs::remove_dir_all(&directory)?;
    proof.verdict()
}

/// Waits until nothing more arrives in this hour; how many notifications wait for a later one.
async fn settle(buyers: &Buyers) -> Result<usize, Failure> {
    let started = Instant::now();
    let (mut before, mut same) = (usize::MAX, 0);
    while started.elapsed() < PATIENCE {
        let pending = buyers.pending().await?;
        same = if pending == before { same + 1 } else { 0 };
        before = pending;
        if pending == 0 || same >= 5 {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    eprintln!("  {before} notifications wait");
    Ok(before)
}

/// The memory of the server's processes, one after the other: minutes and MB.
#[derive(Default)]
struct Lives {
    deaths: u32,
    of_this: Vec<(f64, f64)>,
    longest: Vec<(f64, f64)>,
}

impl Lives {
    fn look(&mut self, started: Instant, pid: u32) -> Result<(), Failure> {
        self.of_this.push((started.elapsed().as_secs_f64() / 60.0, process::resident_mb(pid)?));
        Ok(())
    }

    fn last_mb(&self) -> f64 {
        self.of_this.last().map_or(0.0, |sample| sample.1)
    }

    fn died(&mut self) {
        self.deaths += 1;
        let of_this = std::mem::take(&mut self.of_this);
        if of_this.len() > self.longest.len() {
            self.longest = of_this;
        }
    }

    fn slope(&mut self) -> f64 {
        let longest = if self.of_this.len() > self.longest.len() { &self.of_this } else { &self.longest };
        let first = longest.first().map_or(0.0, |sample| sample.0);
        let from_birth: Vec<(f64, f64)> = longest.iter().map(|(at, mb)| (at - first, *mb)).collect();
        slope_mb_per_hour(&from_birth)
    }
}
