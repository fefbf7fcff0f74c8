//! A buyer's past: what of a payment it is found by, and the question itself. Who decides about a risk asks it before the
//! payment; here nothing is decided.
//!
//! A seller sees its own payments alone. That a card was used at another seller would tell more, but every statement of
//! a request's path goes by the account (tables are spread by it), and one seller's buyers are no other seller's business.

use crate::{Engine, Failure};
use pasarela_domain::identity::{AccountId, Caller, Mode, PaymentId};
use pasarela_domain::payment::traces::{Buyer, TraceKind};
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{PastPayment, PastQuestion};
use pasarela_vault::TraceScope;

pub use pasarela_store::MOST_PAST;

/// One of a buyer's payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierPayment {
    /// Its id.
    pub id: PaymentId,
    /// `date_created`.
    pub created: Timestamp,
    /// `status`
    pub status: String,
    /// `status_detail`
    pub status_detail: String,
    /// What it has in common with the buyer who was asked for, in the order of the kinds.
    pub in_common: Vec<TraceKind>,
}

impl Engine {
    /// The payments at this seller, in this mode, that have the card, the e-mail, the document, the device or an address
    /// of `buyer`: the newest first, `limit` of them and [`MOST_PAST`] at most. One read.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn buyer_past(
        &self,
        caller: &Caller,
        buyer: &Buyer<'_>,
        limit: u32,
    ) -> Result<Vec<EarlierPayment>, Failure> {
        let (account_id, mode) = (caller.account_id, caller.mode);
        let mut asked: Vec<(TraceKind, i64)> = Vec::with_capacity(MOST_TRACES);
        buyer.traces(|kind, word| asked.push((kind, self.trace(account_id, mode, kind, word))));
        let traces = asked.iter().map(|(_, trace)| *trace).collect();
        let question = PastQuestion { account_id, mode, traces, limit };
        let found = self.inner.store.payments_by_traces(&question).await?;
        Ok(found.into_iter().map(|payment| earlier(payment, &asked)).collect())
    }

    /// What a payment of this buyer leaves.
    pub(crate) fn traces_of(&self, account_id: AccountId, mode: Mode, buyer: &Buyer<'_>) -> Vec<i64> {
        let mut traces = Vec::with_capacity(MOST_TRACES);
        buyer.traces(|kind, word| traces.push(self.trace(account_id, mode, kind, word)));
        traces
    }

    fn trace(&self, account_id: AccountId, mode: Mode, kind: TraceKind, word: &str) -> i64 {
        self.inner.vault.trace(&TraceScope { account_id, is_live: mode.is_live(), kind: kind as u8 }, word)
    }
}

/// A trace of each kind, and a second address.
const MOST_TRACES: usize = 6;

fn earlier(payment: PastPayment, asked: &[(TraceKind, i64)]) -> EarlierPayment {
    let mut in_common: Vec<TraceKind> =
        asked.iter().filter(|(_, trace)| payment.traces.contains(trace)).map(|(kind, _)| *kind).collect();
    in_common.dedup();
    let PastPayment { id, created, status, status_detail, .. } = payment;
    EarlierPayment { id, created, status, status_detail, in_common }
}
