//! Fresh ids: time-ordered, below 2^53, unique across nodes without coordination.

use crate::clock;
use pasarela_domain::context::Ids;
use ring::rand::{SecureRandom, SystemRandom};
use std::sync::atomic::{AtomicI64, Ordering};

/// 2026-01-01T00:00:00Z. 40 bits of milliseconds from here reach into 2060.
const EPOCH_MS: i64 = 1_767_225_600_000;
/// 256 ids a millisecond and node; when they run out the next millisecond is borrowed.
const SEQUENCE_BITS: u32 = 8;
/// 32 nodes.
const NODE_BITS: u32 = 5;

/// The source of ids of one node.
pub struct IdSource {
    node: i64,
    /// Milliseconds and sequence of the last id: one number that only grows, so that ids stay unique and ordered
    /// when the wall clock is set back.
    last: AtomicI64,
    random: SystemRandom,
}

impl IdSource {
    /// The source of node `node` (0–31).
    pub fn new(node: i64) -> IdSource {
        assert!((0..1 << NODE_BITS).contains(&node), "a node number has {NODE_BITS} bits");
        IdSource { node, last: AtomicI64::new(0), random: SystemRandom::new() }
    }

    /// A new id.
    pub fn next(&self) -> i64 {
        let now = (clock::wall().0 - EPOCH_MS).max(1) << SEQUENCE_BITS;
        let mut last = self.last.load(Ordering::Relaxed);
        let step = loop {
            let step = now.max(last + 1);
            match self.last.compare_exchange_weak(last, step, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => break step,
                Err(newer) => last = newer,
            }
        };
        let (ms, sequence) = (step >> SEQUENCE_BITS, step & ((1 << SEQUENCE_BITS) - 1));
        (ms << (NODE_BITS + SEQUENCE_BITS)) | (self.node << SEQUENCE_BITS) | sequence
    }

    fn random_u64(&self) -> u64 {
        let mut bytes = [0_u8; 8];
        // The operating system's generator has no failure that a payment could go on after.
        self.random.fill(&mut bytes).expect("the operating system gives random bytes");
        u64::from_le_bytes(bytes)
    }
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
        uuid::Uuid::new_v4().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_grow_and_stay_below_two_to_the_53() {
        let (a, b) = (IdSource::new(0), IdSource::new(31));
        let mut seen = HashSet::new();
        let mut last = 0;
        for _ in 0..10_000 {
            let id = a.next();
            assert!(id > last && id < 1 << 53);
            last = id;
            assert!(seen.insert(id) && seen.insert(b.next()));
        }
    }
}
