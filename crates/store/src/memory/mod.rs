//! The memory engine: the model of what a store promises, and the place where a simulation lets things go wrong.
//!
//! It holds everything in ordered maps and answers each question by looking at all there is, so that it can be read
//! and believed. Other engines are compared with it; the simulation runs on it, because thousands of histories a second
//! fit into memory alone. It exists under the feature `simulation` only, and no released program has it.
//!
//! [`Memory`] outlives the stores that are opened on it, as a disk outlives a process. `records` says what a commit
//! does, `questions` what is answered; [`Fate`] decides what goes wrong.

mod account_entries;
mod checkout;
mod customers;
mod fate;
mod logins;
mod notifications;
mod questions;
mod records;
mod store;

pub use fate::{Answer, Calm, CommitFate, Fate};
pub use records::Records;
pub(crate) use store::MemoryStore;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where a memory store keeps its records, and what befalls it. Cloning gives another handle on the same.
#[derive(Clone)]
pub struct Memory {
    records: Arc<Mutex<Records>>,
    fate: Arc<dyn Fate>,
}

impl Memory {
    /// A memory that begins with `records`, under `fate`.
    pub fn new(records: Records, fate: Arc<dyn Fate>) -> Memory {
        Memory { records: Arc::new(Mutex::new(records)), fate }
    }

    /// Looks at the records as they are, past every fault.
    pub fn look<T>(&self, at: impl FnOnce(&Records) -> T) -> T {
        at(&self.records())
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        // A commit that panics has changed nothing: it checks its postings before it writes.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Memory {
    /// An empty memory in which nothing goes wrong.
    fn default() -> Memory {
        Memory::new(Records::default(), Arc::new(Calm))
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl PartialEq for Memory {
    fn eq(&self, other: &Memory) -> bool {
        Arc::ptr_eq(&self.records, &other.records)
    }
}

impl Eq for Memory {}
