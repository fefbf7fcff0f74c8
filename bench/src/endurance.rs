//! A long load with flat memory, or not: what a server that runs for months would show in half an hour.

use crate::receiver::Receiver;
use crate::report::Table;
use crate::requests::Method;
use crate::subject::Subject;
use crate::{Failure, process};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Between two looks at the memory.
const LOOK: Duration = Duration::from_secs(10);

/// The part of the time that is not counted: caches fill, the allocator finds its size.
const WARM_UP: f64 = 1.0 / 3.0;

/// Puts a steady load on the server and prints what its memory does
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How long
    #[arg(long, default_value_t = 30.0)]
    minutes: f64,
    /// Payments a second, a webhook to a live receiver for each; below what the machine can, or disks fill up
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Connections
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// The server's binary
    #[arg(long, value_name = "FILE", default_value = "target/release/pasarela")]
    binary: PathBuf,
    /// Where the store is put
    #[arg(long, default_value = "target/bench")]
    directory: PathBuf,
}

struct Sample {
    minutes: f64,
    resident_mb: f64,
    payments: u64,
    told: u64,
}

/// Runs it and prints the table and the slope.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let directory = arguments.directory.join(format!("endurance-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let receiver = Receiver::start().await?;
    let mut subject = Subject::start(&arguments.binary, &directory).await?;
    subject.notification_url = Some(receiver.url());
    let samples = load(&arguments, &mut subject, &receiver).await?;
    let payments = samples.last().map_or(0, |sample| sample.payments);
    let behind = receiver.wait_for(payments).await?;
    print(&samples);
    println!("Everybody was told {:.0} ms after the last answer", behind.as_secs_f64() * 1e3);
    let slope = slope_mb_per_hour(&points(&samples));
    println!(
        "Memory after the first third: {slope:+.2} MB an hour, by the least squares through its samples"
    );
    subject.stop().await?;
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}

async fn load(
    arguments: &Arguments,
    subject: &mut Subject,
    receiver: &Receiver,
) -> Result<Vec<Sample>, Failure> {
    const SECOND: Duration = Duration::from_secs(1);
    let (started, whole) = (Instant::now(), Duration::from_secs_f64(arguments.minutes * 60.0));
    let count = usize::try_from(arguments.rate)?;
    let (mut samples, mut payments, mut looked) = (Vec::new(), 0, started);
    while started.elapsed() < whole {
        let second = Instant::now();
        let tokens = subject.prepare(Method::Card, count).await?;
        payments +=
            subject.create(Method::Card, arguments.connections, SECOND * 60, tokens, count).await?.answered;
        if samples.is_empty() || looked.elapsed() >= LOOK {
            looked = Instant::now();
            samples.push(Sample {
                minutes: started.elapsed().as_secs_f64() / 60.0,
                resident_mb: process::resident_mb(subject.pid()?)?,
                payments,
                told: receiver.count().await?,
            });
            if let Some(sample) = samples.last() {
                eprintln!(
                    "  {:5.1} min: {} payments, {} told, {:.1} MB",
                    sample.minutes, sample.payments, sample.told, sample.resident_mb
                );
            }
        }
        tokio::time::sleep(SECOND.saturating_sub(second.elapsed())).await;
    }
    samples.push(Sample {
        minutes: started.elapsed().as_secs_f64() / 60.0,
        resident_mb: process::resident_mb(subject.pid()?)?,
        payments,
        told: receiver.count().await?,
    });
    Ok(samples)
}

/// A dozen of the samples.
fn print(samples: &[Sample]) {
    let mut table = Table::new(["minutes", "payments", "told", "resident MB"]);
    let step = samples.len().div_ceil(12).max(1);
    for (at, sample) in samples.iter().enumerate() {
        if at % step == 0 || at + 1 == samples.len() {
            table.row(vec![
                format!("{:.1}", sample.minutes),
                sample.payments.to_string(),
                sample.told.to_string(),
                format!("{:.1}", sample.resident_mb),
            ]);
        }
    }
    table.print("A steady load");
}

/// Minutes and MB.
fn points(samples: &[Sample]) -> Vec<(f64, f64)> {
    samples.iter().map(|sample| (sample.minutes, sample.resident_mb)).collect()
}

/// The slope of the samples (minutes and MB) after the warm-up, by least squares.
pub fn slope_mb_per_hour(samples: &[(f64, f64)]) -> f64 {
    let end = samples.last().map_or(0.0, |sample| sample.0);
    let counted: Vec<(f64, f64)> = samples
        .iter()
        .filter(|sample| sample.0 >= end * WARM_UP)
        .map(|sample| (sample.0 / 60.0, sample.1))
        .collect();
    let count = counted.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| counted.iter().map(of).sum::<f64>() / count;
    let (hour, memory) = (mean(|sample| sample.0), mean(|sample| sample.1));
    let together: f64 = counted.iter().map(|(at, mb)| (at - hour) * (mb - memory)).sum();
    let spread: f64 = counted.iter().map(|(at, _)| (at - hour).powi(2)).sum();
    if spread > 0.0 { together / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_is_that_of_the_samples_after_the_warm_up() {
        let mut samples = vec![(0.0, 1_000.0)];
        samples.extend((10..=30).map(|minute| (f64::from(minute), 50.0 + f64::from(minute))));
        assert!((slope_mb_per_hour(&samples) - 60.0).abs() < 1e-6);
        assert_eq!(slope_mb_per_hour(&samples[..1]), 0.0);
    }
}
