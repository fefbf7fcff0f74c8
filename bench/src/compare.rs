//! Pasarela beside other programs that a user might take for a sandbox: the same work, one table, one picture.
//!
//! Start reading in `contender.rs` (who, and what each is asked), then `measuring.rs` (what is done to each).
//! `bench/compare/README.md` says what the numbers mean.

mod contender;
mod document;
mod installation;
mod measuring;
mod picture;
mod running;
mod score;
mod table;

use crate::{Failure, release_binary, subject};
use contender::Contender;
use installation::Installation;
use measuring::{Conditions, Round};
use score::Score;
use std::path::{Path, PathBuf};
use std::time::Duration;
use table::Occasion;
use tokio::signal::unix::{SignalKind, signal};

/// The command as the README tells it.
const COMMAND: &str = "cargo build --release -p pasarela && cargo run --release -p pasarela-bench -- compare";

const FILES: &str = "bench/compare";
const PICTURE: &str = "docs/compare.svg";
const README: &str = "README.md";

/// Where `localstripe` keeps everything, whatever directory it is started in.
const LOCALSTRIPE_FILE: &str = "/tmp/localstripe.pickle";

/// Holds the server beside its peers.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A look in two minutes: one round, short loads, nothing written
    #[arg(long)]
    quick: bool,
    /// Only print; leave the README and its picture as they are
    #[arg(long)]
    print: bool,
    /// Only these (and nothing written); Pasarela itself is always there, as the measure of the ratios
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Contender>,
    /// Rounds; in each, all take their turns. The median counts [default: 5, with --quick 1]
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=99))]
    rounds: Option<u8>,
    /// Seconds of each load [default: 3, with --quick 1]
    #[arg(long)]
    seconds: Option<f64>,
    /// The server's binary; without it, the release binary beside this one, built if need be
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Where stores are put: on the disk that is to be measured
    #[arg(long, default_value = "target/bench")]
    directory: PathBuf,
}

/// Compares, and ends everything it started, whatever happens.
///
/// # Errors
/// When Pasarela itself or this program fails, or it is interrupted. A peer that fails is a line of the table.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // Whichever branch loses is dropped, and with it the processes and directories that it holds.
    tokio::select! {
        outcome = compare(&arguments) => outcome,
        _ = interrupt.recv() => Err("interrupted; everything that was started has been ended".into()),
        _ = terminate.recv() => Err("told to end; everything that was started has been ended".into()),
    }
}

async fn compare(arguments: &Arguments) -> Result<(), Failure> {
    let quick = arguments.quick;
    let rounds = usize::from(arguments.rounds.unwrap_or(if quick { 1 } else { 5 }));
    let seconds = arguments.seconds.unwrap_or(if quick { 1.0 } else { 3.0 });
    let binary = arguments.binary.clone().map_or_else(release_binary, Ok)?;
    let access_token = subject::access_token(&binary).await?;
    let installed = Installation::complete(&binary, Path::new(FILES)).await?;
    std::fs::create_dir_all(&arguments.directory)?;
    let directory =
        tempfile::Builder::new().prefix("compare-").tempdir_in(arguments.directory.canonicalize()?)?;
    let contenders = contenders(&arguments.only);
    warn_when_busy()?;
    let _borrowed = BorrowedFile::take(&contenders)?;
    let conditions = Conditions {
        installed: &installed,
        access_token: &access_token,
        directory: directory.path(),
        duration: Duration::try_from_secs_f64(seconds)?,
    };

    let mut kept = Vec::new();
    for contender in &contenders {
        let found = measuring::keeping(&conditions, *contender).await;
        match &found {
            Ok(keeping) => {
                eprintln!("{} keeps a payment: {}", contender.name(), table::keeping(Some(*keeping)))
            }
            Err(failure) => eprintln!("what {} keeps could not be found out: {failure}", contender.name()),
        }
        kept.push(found.ok());
    }
    let mut all: Vec<Vec<Round>> = vec![Vec::new(); contenders.len()];
    for number in 1..=rounds {
        for (rounds_so_far, contender) in all.iter_mut().zip(&contenders) {
            let expected = rounds_so_far.last().map(|round: &Round| round.rates).unwrap_or_default();
            let round = measuring::measure(&conditions, *contender, &expected).await;
            tell(number, rounds, *contender, &round);
            rounds_so_far.push(round);
        }
    }

    let own = &all[0]; // `contenders` puts Pasarela first
    let scores: Vec<Score> = contenders
        .iter()
        .zip(kept)
        .zip(&all)
        .map(|((contender, keeping), rounds)| Score::new(*contender, keeping, rounds, own))
        .collect();
    let occasion = Occasion {
        date: jiff::Zoned::now().date().to_string(),
        cores: std::thread::available_parallelism()?.get(),
        runtimes: installed.runtimes().await,
        rounds,
        seconds,
        command: COMMAND,
    };
    let page = table::markdown(&scores, &occasion);
    println!("{page}");
    if quick || arguments.print || !arguments.only.is_empty() {
        return Ok(());
    }
    let caption = format!(
        "{}, {} cores shared with the load generator, medians of {rounds} {}; the numbers are in the table",
        occasion.date,
        occasion.cores,
        if rounds == 1 { "round" } else { "rounds" },
    );
    std::fs::write(PICTURE, picture::svg(&scores, &caption))?;
    let part =
        format!("![Rates, latencies, start-up and memory of Pasarela and its peers]({PICTURE})\n\n{page}");
    std::fs::write(README, document::with_part(&std::fs::read_to_string(README)?, &part)?)?;
    println!("Written: {PICTURE} and the table in {README}");
    Ok(())
}

/// Those that are wanted, Pasarela first.
fn contenders(only: &[Contender]) -> Vec<Contender> {
    Contender::ALL
        .into_iter()
        .filter(|one| only.is_empty() || *one == Contender::Pasarela || only.contains(one))
        .collect()
}

/// Numbers from a machine that also does something else are worth little; whoever reads them later cannot see it.
fn warn_when_busy() -> Result<(), Failure> {
    let load: f64 =
        std::fs::read_to_string("/proc/loadavg")?.split(' ').next().ok_or("no load average")?.parse()?;
    if load > 0.5 {
        eprintln!("this machine is busy (load average {load}): measure again when it has nothing else to do");
    }
    Ok(())
}

fn tell(number: usize, rounds: usize, contender: Contender, round: &Round) {
    let rates: Vec<String> = round
        .rates
        .iter()
        .map(|rate| rate.map_or("–".to_owned(), |rate| table::number(rate.per_second)))
        .collect();
    let failure = round.failure.as_ref().map_or(String::new(), |failure| format!("; failed: {failure}"));
    eprintln!(
        "round {number} of {rounds}, {}: creates/s {} and {}, reads/s {} and {}{failure}",
        contender.name(),
        rates[0],
        rates[1],
        rates[2],
        rates[3]
    );
}

/// The one file outside the directory: not ours when it is there already, and taken away in the end.
#[derive(Debug)]
struct BorrowedFile;

impl BorrowedFile {
    fn take(contenders: &[Contender]) -> Result<Option<BorrowedFile>, Failure> {
        if !contenders.contains(&Contender::Localstripe) {
            return Ok(None);
        }
        if Path::new(LOCALSTRIPE_FILE).exists() {
            return Err(format!(
                "{LOCALSTRIPE_FILE} exists, and localstripe would write over it: move it away, or leave localstripe \
                 out with --only"
            )
            .into());
        }
        Ok(Some(BorrowedFile))
    }
}

impl Drop for BorrowedFile {
    fn drop(&mut self) {
        // It is not there when localstripe never ran.
        drop(std::fs::remove_file(LOCALSTRIPE_FILE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasarela_is_always_first() {
        assert_eq!(contenders(&[])[0], Contender::Pasarela);
        assert_eq!(contenders(&[]).len(), Contender::ALL.len());
        assert_eq!(contenders(&[Contender::Prism]), [Contender::Pasarela, Contender::Prism]);
    }
}
