//! Fresh ids: time-ordered, below 2^53, unique across nodes without coordination but the lease of the node's number.

use crate::nature::Nature;
use pasarela_domain::context::Ids;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::NodeLease;
use std::sync::atomic::{AtomicI64, Ordering};

/// 2026-01-01T00:00:00Z. 40 bits of milliseconds from here reach into 2060.
const EPOCH_MS: i64 = 1_767_225_600_000;
/// 256 ids a millisecond and node; when they run out the next millisecond is borrowed.
const SEQUENCE_BITS: u32 = 8;
/// 32 nodes.
const NODE_BITS: u32 = 5;

/// The first id that may be made at `at`.
pub const fn first_id_at(at: Timestamp) -> i64 {
    let ms = at.0 - EPOCH_MS;
    if ms <= 0 { 0 } else { ms << (NODE_BITS + SEQUENCE_BITS) }
}

/// The source of ids of one node.
pub struct IdSource {
    node: AtomicI64,
    /// The step that ids stay below, whatever the wall clock says: from there on they may be another node's.
    end: AtomicI64,
    /// Milliseconds and sequence of the last id: one number that only grows, so that ids stay unique and ordered
    /// when the wall clock is set back.
    last: AtomicI64,
    nature: Nature,
}

impl IdSource {
    /// The source of the node that holds `lease`.
    pub fn new(lease: &NodeLease, nature: Nature) -> IdSource {
        let source =
            IdSource { node: AtomicI64::new(0), end: AtomicI64::new(0), last: AtomicI64::new(0), nature };
        source.join(lease);
        source
    }

    /// Goes by a lease that was renewed, or by another one.
    pub fn join(&self, lease: &NodeLease) {
        let node = i64::from(lease.node);
        assert!(node < 1 << NODE_BITS, "a node number has {NODE_BITS} bits");
        self.last.fetch_max(step_of(lease.ids_after), Ordering::Relaxed);
        self.node.store(node, Ordering::Release);
        self.end.store(step_of(lease.ids_before), Ordering::Release);
    }

    /// Ids are larger than `newest` from now on: a wall clock that was set back while the server was down would else make
    /// ids that are used already, and events whose ids are not in their order.
    pub fn go_on_after(&self, newest: i64) {
        let (ms, sequence) = (newest >> (NODE_BITS + SEQUENCE_BITS), newest & ((1 << SEQUENCE_BITS) - 1));
        self.last.fetch_max((ms << SEQUENCE_BITS) | sequence, Ordering::Relaxed);
    }

    /// A new id.
    pub fn next(&self) -> i64 {
        loop {
            let node = self.node.load(Ordering::Acquire);
            let step = self.step();
            // A step that was taken under one lease does not go with another one's number.
            if self.node.load(Ordering::Acquire) == node {
                let (ms, sequence) = (step >> SEQUENCE_BITS, step & ((1 << SEQUENCE_BITS) - 1));
                return (ms << (NODE_BITS + SEQUENCE_BITS)) | (node << SEQUENCE_BITS) | sequence;
            }
        }
    }

    fn step(&self) -> i64 {
        // A process that slept past its lease makes ids at the end of it, not beside those of the number's next holder.
        let now = step_of((self.nature.wall)()).min(self.end.load(Ordering::Relaxed));
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            let step = now.max(last + 1);
            match self.last.compare_exchange_weak(last, step, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return step,
                Err(newer) => last = newer,
            }
        }
    }

    fn random_u64(&self) -> u64 {
        u64::from_le_bytes(self.random_bytes())
    }

    fn random_bytes<const LENGTH: usize>(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        (self.nature.chance)(&mut bytes);
        bytes
    }

    /// A random id of 13 digits and more, below 2^53: for what nobody may find by counting.
    pub fn random_id(&self) -> i64 {
        const FIRST: u64 = 1_000_000_000_000;
        const END: u64 = 1 << 53;
        // The bias of the remainder is below 2^-11.
        i64::try_from(FIRST + self.random_u64() % (END - FIRST)).unwrap_or_default()
    }

    /// A random word of 32 lower-case hexadecimal digits, as a card token's id: 128 bits, which nobody guesses.
    pub fn random_word(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.random_bytes()))
    }
}

/// The first step of the millisecond of `at`.
fn step_of(at: Timestamp) -> i64 {
    at.0.saturating_sub(EPOCH_MS).clamp(1, i64::MAX >> (NODE_BITS + SEQUENCE_BITS)) << SEQUENCE_BITS
}

/// The source as a decision's [`Ids`].
pub struct Fresh<'a>(pub &'a IdSource);

impl Ids for Fresh<'_> {
    fn next_id(&mut self) -> i64 {
        self.0.next()
    }

    fn random_below(&mut self, bound: u64) -> u64 {
        // Bounds here are far below 2^32, so the bias of a remainder is below 2^-32.
        self.0.random_u64() % bound.max(1)
    }

    fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.0.random_bytes()).into_uuid().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pasarela_domain::timestamp::Timestamp;
    use std::collections::HashSet;
    use std::sync::Arc;

    #[test]
    fn ids_go_on_after_those_that_are_stored_whatever_the_clock_says() {
        let source = |ms| {
            let wall = Arc::new(move || Timestamp(EPOCH_MS + ms));
            IdSource::new(&NodeLease::ALONE, Nature { wall, ..Nature::default() })
        };
        let newest = (0..300).map(|_| source(9_000).next()).max().unwrap();
        let set_back = source(1_000);
        set_back.go_on_after(newest);
        assert!(set_back.next() > newest);
    }

    #[test]
    fn ids_grow_and_stay_below_two_to_the_53() {
        let other = NodeLease { node: 31, ..NodeLease::ALONE };
        let (a, b) =
            (IdSource::new(&NodeLease::ALONE, Nature::default()), IdSource::new(&other, Nature::default()));
        let mut seen = HashSet::new();
        let mut last = 0;
        for _ in 0..10_000 {
            let id = a.next();
            assert!(id > last && id < 1 << 53);
            last = id;
            assert!(seen.insert(id) && seen.insert(b.next()));
        }
    }

    #[test]
    fn ids_stay_inside_their_lease() {
        let now = crate::clock::wall();
        let lease =
            NodeLease { ids_after: now.plus_ms(60_000), ids_before: now.plus_ms(90_000), ..NodeLease::ALONE };
        let source = IdSource::new(&lease, Nature::default());
        assert!(time_of(source.next()) >= now.plus_ms(60_000), "later than those of the holder before");

        source.join(&NodeLease { ids_after: Timestamp(i64::MIN), ids_before: now.plus_ms(-60_000), ..lease });
        let last = source.next();
        let lapsed = NodeLease { ids_before: now.plus_ms(-60_000), ..NodeLease::ALONE };
        let lapsed = IdSource::new(&lapsed, Nature::default());
        let (first, second) = (lapsed.next(), lapsed.next());
        assert!(first < second && second < last);
        assert!(
            time_of(second) <= now.plus_ms(-60_000),
            "the wall clock does not lead them out of the lease"
        );
    }

    fn time_of(id: i64) -> Timestamp {
        Timestamp((id >> (NODE_BITS + SEQUENCE_BITS)) + EPOCH_MS)
    }
}
