//! When a notification is tried, and how long each attempt may take.

use pasarela_domain::identity::Mode;
use pasarela_domain::timestamp::{HOUR, MINUTE, Timestamp};
use std::time::Duration;

/// When each attempt is due, relative to the first: the published table of Webhooks and IPN.
const DUE_AFTER_FIRST_MS: [i64; 6] = [0, 15 * MINUTE, 30 * MINUTE, 6 * HOUR, 48 * HOUR, 96 * HOUR];

/// The number of the last attempt.
pub const LAST_ATTEMPT: u32 = DUE_AFTER_FIRST_MS.len() as u32 - 1;

/// How long the receiver may take to answer the first attempt.
const FIRST_TIMEOUT: Duration = Duration::from_secs(22);

/// How long it may take to answer a retry.
const RETRY_TIMEOUT: Duration = Duration::from_secs(5);

/// A live receiver gets at least this pause between two attempts, also when a server that was down for long finds
/// several of them due.
const SHORTEST_LIVE_PAUSE_MS: i64 = 15 * MINUTE;

/// How long attempt `number` (0 is the first) may take in all, from resolving the name to the answer's head.
pub const fn timeout(number: u32) -> Duration {
    if number == 0 { FIRST_TIMEOUT } else { RETRY_TIMEOUT }
}

/// One attempt that failed, as far as the schedule needs to know it.
#[derive(Clone, Copy, Debug)]
pub struct FailedAttempt {
    /// 0 for the first.
    pub number: u32,
    /// Whose time the delivery lives in.
    pub mode: Mode,
    /// Wall-clock time at which it was due.
    pub due: Timestamp,
    /// Wall-clock time at which it started.
    pub started: Timestamp,
}

/// When the attempt after `failed` is due, in wall-clock time; `None` when it was the last.
///
/// Retries count from the time the attempt before was due, so that they don't drift; a live account's from its first
/// attempt. An attempt that is overdue in test mode, the first one too, is so because its account's clock was moved
/// forward: the retries that fall into the skipped time fall due with it, in order. A live account's time can't be moved:
/// there it means that the server was down, and the receiver still gets its pause.
pub fn next_attempt(failed: FailedAttempt) -> Option<Timestamp> {
    let number = usize::try_from(failed.number).ok()?;
    let gap_ms = DUE_AFTER_FIRST_MS.get(number + 1)? - DUE_AFTER_FIRST_MS[number];
    let next = failed.due.plus_ms(gap_ms);
    Some(match failed.mode {
        Mode::Test => next,
        Mode::Live if number == 0 => failed.started.plus_ms(gap_ms),
        Mode::Live => next.max(failed.started.plus_ms(SHORTEST_LIVE_PAUSE_MS)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Timestamp = Timestamp(1_767_225_600_000);

    /// Minutes after the first attempt at which the others are due, when each starts `late_ms` after it is due.
    fn retries(mode: Mode, late_ms: i64) -> Vec<i64> {
        let mut minutes = Vec::new();
        let mut failed = FailedAttempt { number: 0, mode, due: FIRST, started: FIRST };
        while let Some(next) = next_attempt(failed) {
            minutes.push((next.0 - FIRST.0) / MINUTE);
            failed = FailedAttempt {
                number: failed.number + 1,
                due: next,
                started: next.plus_ms(late_ms),
                ..failed
            };
            assert!(failed.number < 10, "the schedule ends");
        }
        minutes
    }

    #[test]
    fn five_retries_follow_the_first_attempt_on_the_published_table() {
        for mode in [Mode::Test, Mode::Live] {
            assert_eq!(retries(mode, 0), [15, 30, 6 * 60, 48 * 60, 96 * 60]);
        }
    }

    #[test]
    fn a_worker_that_is_late_does_not_make_test_retries_drift() {
        assert_eq!(retries(Mode::Test, 40 * MINUTE), [15, 30, 6 * 60, 48 * 60, 96 * 60]);
    }

    #[test]
    fn a_live_receiver_has_a_pause_after_a_long_stop_of_the_server() {
        let week = 7 * 24 * HOUR;
        let failed = FailedAttempt { number: 1, mode: Mode::Live, due: FIRST, started: FIRST.plus_ms(week) };
        assert_eq!(next_attempt(failed), Some(FIRST.plus_ms(week + 15 * MINUTE)));
        let failed = FailedAttempt { mode: Mode::Test, ..failed };
        assert_eq!(next_attempt(failed), Some(FIRST.plus_ms(15 * MINUTE)));
    }

    #[test]
    fn a_clock_that_moves_before_the_first_attempt_skips_its_retries_like_one_that_moves_after_it() {
        let week = 7 * 24 * HOUR;
        let failed = FailedAttempt { number: 0, mode: Mode::Test, due: FIRST, started: FIRST.plus_ms(week) };
        assert_eq!(next_attempt(failed), Some(FIRST.plus_ms(15 * MINUTE)));
        let failed = FailedAttempt { mode: Mode::Live, ..failed };
        assert_eq!(next_attempt(failed), Some(FIRST.plus_ms(week + 15 * MINUTE)));
    }

    #[test]
    fn the_first_answer_may_take_22_seconds_and_later_ones_5() {
        assert_eq!(timeout(0), Duration::from_secs(22));
        assert_eq!(timeout(1), Duration::from_secs(5));
        assert_eq!(timeout(5), Duration::from_secs(5));
    }
}
