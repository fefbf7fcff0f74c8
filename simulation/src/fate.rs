//! What goes wrong in a history: who has to wait, what is refused, what answer is lost, and when the process dies.

use crate::nature::lock;
use crate::promises::Promises;
use crate::random::Random;
use pasarela_store::memory::{Answer, CommitFate, Fate, Records};
use pasarela_store::{Changes, CommitError, RecordChange};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// A defect that a store could have. The simulation is broken on purpose, to see that it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Breakage {
    /// Now and then a commit is acknowledged and not stored.
    LostCommit,
    /// Now and then the postings of a commit are made twice.
    DoublePosting,
    /// A record is replaced whatever version of it was read.
    SkippedVersionCheck,
}

/// One of this many commits that can show it meets an occasional breakage.
const BREAKS_ONCE_IN: u32 = 20;

/// How rough a history is.
#[derive(Clone, Copy, Debug)]
struct Roughness {
    most_pauses: u32,
    conflict_permille: u32,
    refusal_permille: u32,
    unknown_permille: u32,
    read_permille: u32,
}

impl Roughness {
    /// Each kind of fault in some histories only: a fault hides what others would show.
    fn of(random: &mut Random) -> Roughness {
        let mut sometimes = |permille: u32| if random.once_in(3) { permille } else { 0 };
        let (conflict_permille, refusal_permille) = (sometimes(60), sometimes(40));
        let (unknown_permille, read_permille) = (sometimes(40), sometimes(10));
        let most_pauses = 1 + random.below(4);
        Roughness { most_pauses, conflict_permille, refusal_permille, unknown_permille, read_permille }
    }
}

/// What befalls the store of one history.
pub(crate) struct HistoryFate {
    drawn: Mutex<Drawn>,
    breakage: Option<Breakage>,
    promises: Arc<Promises>,
    death: Notify,
}

struct Drawn {
    random: Random,
    roughness: Roughness,
    /// Nothing goes wrong meanwhile: while an engine opens, and at the end.
    is_calm: bool,
    /// After how many more calls of the store the process dies.
    dies_after: Option<u32>,
    is_dead: bool,
    calls: u64,
}

impl HistoryFate {
    pub(crate) fn new(
        mut random: Random,
        breakage: Option<Breakage>,
        promises: Arc<Promises>,
    ) -> HistoryFate {
        let roughness = Roughness::of(&mut random);
        let drawn = Drawn { random, roughness, is_calm: true, dies_after: None, is_dead: false, calls: 0 };
        HistoryFate { drawn: Mutex::new(drawn), breakage, promises, death: Notify::new() }
    }

    /// Whether nothing goes wrong from now on.
    pub(crate) fn be_calm(&self, is_calm: bool) {
        lock(&self.drawn).is_calm = is_calm;
    }

    /// The process will die at the store's call after so many others.
    pub(crate) fn die_after(&self, calls: u32) {
        lock(&self.drawn).dies_after = Some(calls);
    }

    /// Until the process dies.
    pub(crate) async fn death(&self) {
        self.death.notified().await;
    }

    /// The next process starts.
    pub(crate) fn revive(&self) {
        let mut drawn = lock(&self.drawn);
        drawn.is_dead = false;
        drawn.dies_after = None;
    }

    /// How often the store was called.
    pub(crate) fn calls(&self) -> u64 {
        lock(&self.drawn).calls
    }

    fn lives(&self, drawn: &mut Drawn) -> bool {
        drawn.calls += 1;
        if drawn.is_dead {
            return false;
        }
        if drawn.is_calm {
            return true;
        }
        match &mut drawn.dies_after {
            Some(0) => {
                drawn.is_dead = true;
                self.death.notify_one();
                false
            }
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }

    fn broken(&self, drawn: &mut Drawn, changes: &Changes) -> CommitFate {
        let is_of_payment = changes
            .records
            .iter()
            .any(|record| matches!(record, RecordChange::InsertPayment(_) | RecordChange::UpdatePayment(_)));
        match self.breakage {
            Some(Breakage::LostCommit) if is_of_payment && drawn.random.once_in(BREAKS_ONCE_IN) => {
                CommitFate::Lost
            }
            Some(Breakage::DoublePosting)
                if !changes.postings.is_empty() && drawn.random.once_in(BREAKS_ONCE_IN) =>
            {
                CommitFate::PostedTwice
            }
            Some(Breakage::SkippedVersionCheck) => CommitFate::VersionsUnchecked,
            _ => CommitFate::Done,
        }
    }
}

impl Fate for HistoryFate {
    fn pauses(&self) -> u32 {
        let mut drawn = lock(&self.drawn);
        let most = drawn.roughness.most_pauses;
        if drawn.is_calm { 0 } else { drawn.random.below(most + 1) }
    }

    fn of_read(&self) -> Answer {
        let mut drawn = lock(&self.drawn);
        if !self.lives(&mut drawn) {
            return Answer::Never;
        }
        let permille = drawn.roughness.read_permille;
        let fails = !drawn.is_calm && drawn.random.happens(permille);
        if fails { Answer::Failed } else { Answer::Given }
    }

    fn of_commit(&self, changes: &Changes) -> CommitFate {
        let mut drawn = lock(&self.drawn);
        let was_dead = drawn.is_dead;
        if !self.lives(&mut drawn) {
            let is_done = !was_dead && drawn.random.once_in(2);
            return if is_done { CommitFate::DiedAfter } else { CommitFate::DiedBefore };
        }
        let broken = self.broken(&mut drawn, changes);
        if drawn.is_calm || broken != CommitFate::Done && self.breakage != Some(Breakage::SkippedVersionCheck)
        {
            return broken;
        }
        let rough = drawn.roughness;
        // A conflict is answered where a version was read; elsewhere no store says so.
        let reads = changes.records.iter().any(|record| matches!(record, RecordChange::UpdatePayment(_)));
        if reads && drawn.random.happens(rough.conflict_permille) {
            return CommitFate::Refused(CommitError::VersionConflict);
        }
        if drawn.random.happens(rough.refusal_permille) {
            return CommitFate::Refused(match drawn.random.below(3) {
                0 => CommitError::Busy,
                1 => CommitError::Unavailable("a simulated failure".to_owned()),
                _ => CommitError::DiskFull,
            });
        }
        if drawn.random.happens(rough.unknown_permille) {
            return match drawn.random.once_in(2) {
                true => CommitFate::DoneUntold,
                false => CommitFate::Refused(CommitError::Unknown("a simulated failure".to_owned())),
            };
        }
        broken
    }

    fn committed(&self, records: &Records, changes: &Changes) {
        self.promises.check_commit(records, changes);
    }
}
