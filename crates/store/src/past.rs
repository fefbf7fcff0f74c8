//! A buyer's past: the payments that left one of the traces that are asked for.

use crate::store::Engine;
use crate::{ReadError, Store};
use pasarela_domain::identity::{AccountId, Mode, PaymentId};
use pasarela_domain::timestamp::Timestamp;

/// The most payments of one answer, whatever limit was asked for: a page of a seller's screen, and a few milliseconds.
pub const MOST_PAST: u32 = 100;

/// Which payments are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastQuestion {
    /// The seller who asks: another's payments are never found.
    pub account_id: AccountId,
    /// The credential's mode.
    pub mode: Mode,
    /// Those that left one of these.
    pub traces: Vec<i64>,
    /// At most this many, the newest; [`MOST_PAST`] at most.
    pub limit: u32,
}

impl PastQuestion {
    /// How many payments are answered at most.
    pub(crate) fn most(&self) -> u32 {
        self.limit.min(MOST_PAST)
    }
}

/// A payment of the past, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastPayment {
    /// Its id.
    pub id: PaymentId,
    /// `date_created`.
    pub created: Timestamp,
    /// `status`.
    pub status: String,
    /// `status_detail`.
    pub status_detail: String,
    /// All traces that it left, those that were asked for among them.
    pub traces: Vec<i64>,
}

impl Store {
    /// The payments that left one of the traces that are asked for: the newest first, in the order of their ids. One read,
    /// by an index.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn payments_by_traces(&self, question: &PastQuestion) -> Result<Vec<PastPayment>, ReadError> {
        if question.traces.is_empty() || question.limit == 0 {
            return Ok(Vec::new());
        }
        match self.engine() {
            Engine::Sqlite(store) => store.payments_by_traces(question).await,
            Engine::Postgres(store) => store.payments_by_traces(question).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.payments_by_traces(question)).await,
        }
    }
}
