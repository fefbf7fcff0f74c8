//! What the rounds say together: medians, and how far Pasarela is ahead.

use super::contender::Contender;
use super::measuring::{Keeping, LOADS, Rate, Round};
use crate::report::median;

/// One contender's line in the table and in the picture.
#[derive(Debug)]
pub struct Score {
    /// Whose.
    pub contender: Contender,
    /// `None` when that could not be found out.
    pub keeping: Option<Keeping>,
    /// Median.
    pub start_ms: Option<f64>,
    /// Median.
    pub idle_mb: Option<f64>,
    /// Medians, as [`LOADS`].
    pub rates: [Option<Rate>; LOADS.len()],
    /// Pasarela's rate by this one's, round by round, and then the median; as [`LOADS`].
    pub behind: [Option<f64>; LOADS.len()],
    /// What went wrong, each thing once, with the number of rounds in which it did.
    pub failures: Vec<(String, usize)>,
    /// Of how many.
    pub rounds: usize,
}

impl Score {
    /// The score of `contender` after `rounds`; `own` are Pasarela's rounds, in the same order.
    pub fn new(contender: Contender, keeping: Option<Keeping>, rounds: &[Round], own: &[Round]) -> Score {
        let mut failures: Vec<(String, usize)> = Vec::new();
        for failure in rounds.iter().filter_map(|round| round.failure.as_ref()) {
            match failures.iter_mut().find(|(known, _)| known == failure) {
                Some((_, times)) => *times += 1,
                None => failures.push((failure.clone(), 1)),
            }
        }
        Score {
            contender,
            keeping,
            start_ms: middle(rounds.iter().map(|round| round.start_ms)),
            idle_mb: middle(rounds.iter().map(|round| round.idle_mb)),
            rates: std::array::from_fn(|load| {
                let of =
                    |field: fn(Rate) -> f64| middle(rounds.iter().map(|round| round.rates[load].map(field)));
                Some(Rate {
                    per_second: of(|rate| rate.per_second)?,
                    p50_ms: of(|rate| rate.p50_ms)?,
                    p99_ms: of(|rate| rate.p99_ms)?,
                })
            }),
            behind: std::array::from_fn(|load| {
                middle(
                    rounds.iter().zip(own).map(|(round, own)| {
                        Some(own.rates[load]?.per_second / round.rates[load]?.per_second)
                    }),
                )
            }),
            failures,
            rounds: rounds.len(),
        }
    }
}

/// The median of those that are there.
fn middle(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let mut values: Vec<f64> = values.flatten().collect();
    (!values.is_empty()).then(|| median(&mut values))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A round in which everything is `rate`.
    pub fn round(rate: f64) -> Round {
        let load = Some(Rate { per_second: rate, p50_ms: 1.0, p99_ms: 2.5 });
        Round { start_ms: Some(20.0), idle_mb: Some(15.0), rates: [load; LOADS.len()], failure: None }
    }

    /// A round that failed at once.
    pub fn failed(why: &str) -> Round {
        Round { failure: Some(why.to_owned()), ..Round::default() }
    }

    #[test]
    fn the_ratio_is_taken_round_by_round() {
        // The machine was twice as fast in the second round: the ratio does not see it.
        let own = [round(1_000.0), round(2_000.0), round(1_000.0)];
        let peer = [round(100.0), round(200.0), round(100.0)];
        let score = Score::new(Contender::Prism, Some(Keeping::Nothing), &peer, &own);
        assert_eq!(score.behind, [Some(10.0); LOADS.len()]);
        assert_eq!(score.rates[0].unwrap().per_second, 100.0);
        assert!(score.failures.is_empty());
    }

    #[test]
    fn a_failed_round_is_told_and_the_others_count() {
        let own = [round(1_000.0), round(1_000.0), round(1_000.0)];
        let peer = [failed("it ended"), round(500.0), failed("it ended")];
        let score = Score::new(Contender::Emulate, None, &peer, &own);
        assert_eq!(score.rates[3].unwrap().per_second, 500.0);
        assert_eq!(score.behind[3], Some(2.0));
        assert_eq!(score.failures, [("it ended".to_owned(), 2)]);
        assert_eq!(score.rounds, 3);
    }

    #[test]
    fn a_contender_that_never_ran_has_no_numbers() {
        let score = Score::new(Contender::Emulate, None, &[failed("not installed")], &[round(1.0)]);
        assert_eq!((score.start_ms, score.rates[0], score.behind[1]), (None, None, None));
    }
}
