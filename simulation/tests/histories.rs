//! That histories keep every promise, that a broken store is noticed, and that a seed is its history.

use pasarela_simulation::{Breakage, Campaign, run};
use std::time::Duration;

/// Far more than is needed: on a slow machine each takes seconds.
const LIMIT: Duration = Duration::from_secs(600);
/// A breakage is found in some dozens of histories.
const MOST_HISTORIES: u64 = 20_000;

fn campaign(histories: u64, breakage: Option<Breakage>) -> Campaign {
    Campaign { first_seed: 1, histories, time: LIMIT, threads: 1, breakage }
}

/// The store is broken on purpose; it is found, and the seed alone finds it again.
fn is_found(breakage: Breakage) {
    let (tally, finding) = campaign(MOST_HISTORIES, Some(breakage)).run(|_| {});
    let finding = finding.unwrap_or_else(|| panic!("{breakage:?} was not found in {tally:?}"));
    println!(
        "{breakage:?}: seed {}, after {} histories: {:?}",
        finding.seed, tally.histories, finding.broken
    );
    let again = run(finding.seed, Some(breakage), false);
    assert_eq!(again, finding);
    let whole = run(finding.seed, None, false);
    assert_eq!(whole.broken, None, "the same history keeps every promise on a store that does");
}

#[test]
fn a_lost_commit_is_found() {
    is_found(Breakage::LostCommit);
}

#[test]
fn a_double_posting_is_found() {
    is_found(Breakage::DoublePosting);
}

#[test]
fn a_skipped_version_check_is_found() {
    is_found(Breakage::SkippedVersionCheck);
}

#[test]
fn random_histories_keep_every_promise() {
    let (tally, finding) = campaign(200, None).run(|_| {});
    assert_eq!(finding.map(|finding| (finding.seed, finding.broken)), None, "{tally:?}");
    assert!(tally.deaths > 10 && tally.messages > 100 && tally.commits > 1_000, "little happened: {tally:?}");
}

#[test]
fn the_same_seed_is_the_same_history_to_the_last_commit() {
    let fingerprints: Vec<u64> = (1..=20)
        .map(|seed| {
            let (first, second) = (run(seed, None, false), run(seed, None, true));
            assert_eq!(first.fingerprint, second.fingerprint, "seed {seed}");
            assert_eq!((first.steps, first.commits), (second.steps, second.commits), "seed {seed}");
            first.fingerprint
        })
        .collect();
    let different: std::collections::BTreeSet<&u64> = fingerprints.iter().collect();
    assert_eq!(different.len(), fingerprints.len(), "each seed has its own history");
}
