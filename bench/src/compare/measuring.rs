//! What is done to each contender, the same for all.

use super::contender::Contender;
use super::installation::Installation;
use super::running::Running;
use crate::Failure;
use crate::load::Outcome;
use std::path::Path;
use std::time::Duration;

/// Payments that are read back; more of them would not change what is asked of a store.
const SAMPLE: usize = 1_000;

/// How long a contender rests after its first answer before its memory is read.
const REST: Duration = Duration::from_secs(1);

/// What is asked of a contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Create payments.
    Create,
    /// Read them back by id.
    Read,
}

/// The loads of a round, in order: each reads what it has created.
pub const LOADS: [(Act, usize); 4] = [(Act::Create, 1), (Act::Create, 32), (Act::Read, 1), (Act::Read, 32)];

/// What a contender still knows of a payment that it acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// It answers something else when the payment is read.
    Nothing,
    /// The payment, while the process lives.
    UntilItEnds,
    /// The payment, also after `kill -9` and another start.
    OnDisk,
}

/// What one load came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Answers per second.
    pub per_second: f64,
    /// Milliseconds.
    pub p50_ms: f64,
    /// Milliseconds.
    pub p99_ms: f64,
}

/// What one round came to; a contender that fails leaves the rest of its round empty.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// From the spawn to the first answer.
    pub start_ms: Option<f64>,
    /// Resident, a second after the first answer.
    pub idle_mb: Option<f64>,
    /// As [`LOADS`].
    pub rates: [Option<Rate>; LOADS.len()],
    /// What went wrong.
    pub failure: Option<String>,
}

/// What all rounds have in common.
#[derive(Debug)]
pub struct Conditions<'a> {
    /// What is started.
    pub installed: &'a Installation,
    /// Pasarela's.
    pub access_token: &'a str,
    /// Where the contenders keep what they keep.
    pub directory: &'a Path,
    /// Of each load.
    pub duration: Duration,
}

/// Measures `contender` once. `expected` are its rates in the round before: how many cards a load may need.
pub async fn measure(
    conditions: &Conditions<'_>,
    contender: Contender,
    expected: &[Option<Rate>; LOADS.len()],
) -> Round {
    let mut round = Round::default();
    if let Err(failure) = fill(&mut round, conditions, contender, expected).await {
        round.failure = Some(failure.to_string());
    }
    round
}

async fn fill(
    round: &mut Round,
    conditions: &Conditions<'_>,
    contender: Contender,
    expected: &[Option<Rate>; LOADS.len()],
) -> Result<(), Failure> {
    let directory = tempfile::tempdir_in(conditions.directory)?;
    let (installed, token) = (conditions.installed, conditions.access_token);
    let running = Running::start(contender, installed, token, directory.path(), true).await?;
    round.start_ms = Some(running.first_answer.as_secs_f64() * 1e3);
    tokio::time::sleep(REST).await;
    round.idle_mb = Some(running.resident_mb()?);

    let mut ids = Vec::new();
    for (place, (act, connections)) in LOADS.into_iter().enumerate() {
        let series = format!("{}-{connections}", if act == Act::Create { "create" } else { "read" });
        let outcome = match act {
            Act::Create => {
                let cards = running.cards(card_count(conditions, connections, expected[place])).await?;
                let outcome = running.create(&series, connections, conditions.duration, cards).await?;
                ids.extend(spread(&outcome.kept));
                outcome
            }
            Act::Read => running.read(&series, connections, conditions.duration, ids.clone()).await?,
        };
        round.rates[place] = Some(rate(&outcome));
    }
    running.kill().await
}

/// Half as many again as the round before used. A load that uses them up ends early; its rate is as good.
fn card_count(conditions: &Conditions<'_>, connections: usize, expected: Option<Rate>) -> usize {
    let expected = expected.map_or(if connections == 1 { 3_000.0 } else { 12_000.0 }, |rate| rate.per_second);
    (expected * conditions.duration.as_secs_f64() * 1.5) as usize + 1_000
}

fn spread(ids: &[String]) -> impl Iterator<Item = String> {
    ids.iter().step_by((ids.len() / SAMPLE).max(1)).cloned()
}

fn rate(outcome: &Outcome) -> Rate {
    Rate {
        per_second: outcome.per_second(),
        p50_ms: outcome.quantile_us(0.5) / 1e3,
        p99_ms: outcome.quantile_us(0.99) / 1e3,
    }
}

/// Finds out what `contender` keeps: creates a payment, reads it, kills the process, starts it again and reads again.
///
/// # Errors
/// When it does not start or does not create.
pub async fn keeping(conditions: &Conditions<'_>, contender: Contender) -> Result<Keeping, Failure> {
    let directory = tempfile::tempdir_in(conditions.directory)?;
    let (installed, token) = (conditions.installed, conditions.access_token);
    let running = Running::start(contender, installed, token, directory.path(), true).await?;
    let id = running.create_one().await?;
    if !running.knows(&id).await? {
        return Ok(Keeping::Nothing);
    }
    running.kill().await?;
    let running = Running::start(contender, installed, token, directory.path(), false).await?;
    Ok(if running.knows(&id).await? { Keeping::OnDisk } else { Keeping::UntilItEnds })
}
