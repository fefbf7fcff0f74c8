//! What a decision may know of the world: the time, the mode, and fresh ids.

use crate::identity::Mode;
use crate::timestamp::Timestamp;

/// The world as a decision sees it. Time and ids come in from outside, so that a decision can be replayed.
pub struct Context<'a> {
    /// The account's time.
    pub now: Timestamp,
    /// Test or live.
    pub mode: Mode,
    /// Fresh ids.
    pub ids: &'a mut dyn Ids,
}

/// A source of ids and of the few random words that API bodies carry.
pub trait Ids: Send + Sync {
    /// A new time-ordered id below 2^53.
    fn next_id(&mut self) -> i64;
    /// A random number below `bound`.
    fn random_below(&mut self, bound: u64) -> u64;
    /// A random UUID v4 in lower case.
    fn uuid(&mut self) -> String;
}
