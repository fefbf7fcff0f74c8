//! Why a verb could not do its work, and what to do next.

use std::fmt;

/// An error for a person: what went wrong, and the next step.
#[derive(Debug)]
pub struct Failure {
    what: String,
    next: String,
}

impl Failure {
    /// `what` went wrong; do `next`.
    pub fn new(what: impl Into<String>, next: impl Into<String>) -> Failure {
        Failure { what: what.into(), next: next.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\n  {}", self.what, self.next.replace('\n', "\n  "))
    }
}
