//! What the project set out to reach, as ratios and bounds, each with what this run measured.

use crate::creating::{Level, level};
use crate::database::OnDatabase;
use crate::finding::{Finding, worst_search};
use crate::report::{Bound, Gate, print_gates};

/// All that a run measured.
#[derive(Debug)]
pub struct Measured {
    /// Creating with none stored, each payment told to a live receiver.
    pub told: Vec<Level>,
    /// The same, and nobody wants to be told.
    pub empty: Vec<Level>,
    /// With many stored, nobody told.
    pub filled: Vec<Level>,
    /// Reads and searches.
    pub findings: Vec<Finding>,
    /// From the spawn to the first answer, milliseconds: on nothing, and on the large store.
    pub first_answer_ms: [f64; 2],
    /// Resident memory, MB: idle, and after 100,000 payments.
    pub resident_mb: [f64; 2],
    /// Bytes on the disk for a payment, everything, by the bytes of its answer.
    pub disk_ratio: f64,
    /// On PostgreSQL, when it was asked for.
    pub database: Option<OnDatabase>,
}

/// Prints the gates: for each the least that must be reached, and what is aimed at.
pub fn print(measured: &Measured) {
    let at = |levels: &[Level], connections, of: fn(&Level) -> f64| level(levels, connections).map(of);
    let loaded = at(&measured.filled, 32, |level| level.ratio)
        .zip(at(&measured.empty, 32, |level| level.ratio))
        .map(|(filled, empty)| filled / empty);
    let tail = |level: &Level| level.p99_us / level.p50_us;
    let work = |level: &Level| level.processor_us / level.bare_processor_us;
    print_gates(&[
        Gate::new(
            "create-payment told to a live receiver, 32 connections, by the bare server",
            Bound::AtLeast(0.25, 0.45),
            at(&measured.told, 32, |level| level.ratio),
        ),
        Gate::new(
            "create-payment, 32 connections, by the bare server",
            Bound::AtLeast(0.25, 0.45),
            at(&measured.empty, 32, |level| level.ratio),
        ),
        Gate::new(
            "p50 at one connection by (bare p50 + sync p50)",
            Bound::AtMost(2.0, 1.3),
            at(&measured.empty, 1, |level| level.latency_ratio),
        ),
        Gate::new(
            "p99 by p50 at 32 connections, large store",
            Bound::AtMost(6.0, 3.0),
            at(&measured.filled, 32, tail),
        ),
        Gate::new(
            "payments per sync at 32 connections",
            Bound::AtLeast(8.0, 16.0),
            level(&measured.empty, 32).and_then(|level| level.payments_per_sync),
        ),
        Gate::new("rate at 32 connections, large store by empty", Bound::AtLeast(0.7, 0.9), loaded),
        Gate::new("bytes on disk by bytes of the answer", Bound::AtMost(0.6, 0.3), Some(measured.disk_ratio)),
        Gate::new(
            "processor time at 32 connections by the bare server's",
            Bound::AtMost(4.0, 2.2),
            at(&measured.empty, 32, work),
        ),
        Gate::new(
            "PostgreSQL, 64 connections, by a bare loop of the same rows",
            Bound::AtLeast(0.5, 0.8),
            measured.database.as_ref().map(|database| database.ratio),
        ),
        Gate::new(
            "slowest kind of search, large store by small",
            Bound::AtMost(2.0, 1.2),
            worst_search(&measured.findings),
        ),
        Gate::new(
            "start to first answer, nothing stored, ms",
            Bound::AtMost(50.0, 20.0),
            Some(measured.first_answer_ms[0]),
        ),
        Gate::new(
            "start to first answer, large store, ms",
            Bound::AtMost(500.0, 100.0),
            Some(measured.first_answer_ms[1]),
        ),
        Gate::new("resident memory idle, MB", Bound::AtMost(30.0, 15.0), Some(measured.resident_mb[0])),
        Gate::new(
            "resident memory after 100,000 payments, MB",
            Bound::AtMost(150.0, 80.0),
            Some(measured.resident_mb[1]),
        ),
    ]);
}
