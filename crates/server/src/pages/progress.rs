//! How far a payment is, in the few steps that a buyer distinguishes.

use super::words::Words;
use pasarela_domain::timestamp::Timestamp;

/// Where a payment stands for the one who looks at its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The buyer has still to pay.
    Waiting,
    /// Paid; nothing more to do.
    Paid,
    /// Paid or tried, and being looked at.
    InReview,
    /// The time to pay is over.
    Expired,
    /// Called off by somebody.
    Cancelled,
    /// Refused.
    Rejected,
    /// Paid once and given back.
    Returned,
}

impl Progress {
    /// From the API's `status` and `status_detail`. A ticket whose time is over is shown as expired even in the moment
    /// before its timer has run.
    pub fn of(status: &str, status_detail: &str, expires: Option<Timestamp>, now: Timestamp) -> Progress {
        match (status, status_detail) {
            ("pending", _) if expires.is_some_and(|end| end <= now) => Progress::Expired,
            ("pending", _) => Progress::Waiting,
            ("approved" | "authorized", _) => Progress::Paid,
            ("cancelled", "expired") => Progress::Expired,
            ("cancelled", _) => Progress::Cancelled,
            ("rejected", _) => Progress::Rejected,
            ("refunded" | "charged_back", _) => Progress::Returned,
            _ => Progress::InReview,
        }
    }

    /// The name in the stylesheet and the script.
    pub const fn name(self) -> &'static str {
        match self {
            Progress::Waiting => "waiting",
            Progress::Paid => "paid",
            Progress::InReview => "review",
            Progress::Expired => "expired",
            Progress::Cancelled => "cancelled",
            Progress::Rejected => "rejected",
            Progress::Returned => "returned",
        }
    }

    /// The headline and the sentence that tell it.
    pub const fn told(self, words: &'static Words) -> (&'static str, &'static str) {
        match self {
            Progress::Waiting => words.waiting,
            Progress::Paid => words.paid,
            Progress::InReview => words.in_review,
            Progress::Expired => words.expired,
            Progress::Cancelled => words.cancelled,
            Progress::Rejected => words.rejected,
            Progress::Returned => words.returned,
        }
    }

    /// Whether the buyer can still pay.
    pub const fn is_waiting(self) -> bool {
        matches!(self, Progress::Waiting)
    }
}
