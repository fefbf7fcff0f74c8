//! Random histories with faults, each from one seed, held against what Pasarela promises.
//!
//! A history is a shop for a while: clients who ask at the same time, twice, and leave before the answer; a rail that
//! approves, declines, decides later or takes money back; receivers of notifications that fail; clocks that are set; a
//! store that is busy, refuses, and loses answers; and a process that dies between any two calls of its store, and
//! starts again on what the store kept. The engine and the rules are the real ones, with their workers; the store is
//! the memory engine of `pasarela-store`, the model of what every store promises.
//!
//! Everything runs on one thread whose order of work, time and chance come from the seed: the same seed is the same
//! history, to the last commit. After each commit the [`promises`] are checked, and at the end nothing may be left
//! open.
//!
//! Start reading in `history`.

mod campaign;
mod clients;
mod customers;
mod fate;
mod history;
mod nature;
mod orders;
mod panics;
mod promises;
mod random;
mod receivers;
mod wishes;

pub use campaign::{Campaign, Tally};
pub use fate::Breakage;
pub use history::{Outcome, run};
