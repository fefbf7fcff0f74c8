//! What befalls a store: nothing, or what a simulation thinks of.

use crate::memory::Records;
use crate::{Changes, CommitError};

/// What becomes of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitFate {
    /// It is done, and the caller is told so.
    Done,
    /// It is refused with this error; nothing of it is stored.
    Refused(CommitError),
    /// It is done, and the caller is told [`CommitError::Unknown`].
    DoneUntold,
    /// The process dies before it: nothing of it is stored, and nobody is answered.
    DiedBefore,
    /// The process dies after it: all of it is stored, and nobody is answered.
    DiedAfter,
    /// A broken store: nothing of it is stored, and the caller is told that it is done.
    Lost,
    /// A broken store: it is done with each posting twice.
    PostedTwice,
    /// A broken store: it is done whatever versions were read.
    VersionsUnchecked,
}

/// Whether a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is.
    Given,
    /// The store can't be read.
    Failed,
    /// The process is dead: nobody hears the answer.
    Never,
}

/// Decides what befalls a store. Each method is asked once a call, in the order of the calls: who decides from a seed
/// decides the same again.
pub trait Fate: Send + Sync {
    /// How many times whoever calls lets others go first: before a read, before a commit and after it.
    fn pauses(&self) -> u32;
    /// Whether a question is answered.
    fn of_read(&self) -> Answer;
    /// What becomes of a commit.
    fn of_commit(&self, changes: &Changes) -> CommitFate;
    /// `changes` are in `records` now.
    fn committed(&self, records: &Records, changes: &Changes);
}

/// Nothing goes wrong.
#[derive(Clone, Copy, Debug)]
pub struct Calm;

impl Fate for Calm {
    fn pauses(&self) -> u32 {
        0
    }

    fn of_read(&self) -> Answer {
        Answer::Given
    }

    fn of_commit(&self, _changes: &Changes) -> CommitFate {
        CommitFate::Done
    }

    fn committed(&self, _records: &Records, _changes: &Changes) {}
}
