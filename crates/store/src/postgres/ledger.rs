//! A group's postings, and the balances that they change, each once.
//!
//! Balances come last in a transaction and in the order of their keys: a hot row is locked for the time of one confirmation,
//! and two nodes never wait for each other crosswise.

use crate::packing::{cause_number, pack_legs};
use crate::postgres::records::{Step, Value, mode_value, rows, step};
use crate::postgres::statements as sql;
use crate::prepared::Prepared;
use pasarela_domain::identity::{AccountId, Mode};
use pasarela_domain::ledger::{AccountKind, LedgerAccount, Posting};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// How many nodes there may be: the last digits of a posting's sequence say which of them made it.
const NODES: i64 = 32;

rows! {
    PostingRow {
        account_id: i64,
        mode: i16,
        effective_at: i64,
        sequence: i64,
        resource_id: i64,
        cause: i16,
        currency: &'static str,
        legs: Vec<u8>,
    }
}

rows! {
    BalanceRow {
        account_id: i64,
        mode: i16,
        currency: &'static str,
        kind: i16,
        owner: i64,
        amount_minor: i64,
    }
}

/// The numbers that tell postings of the same instant apart: they grow with the writer's clock, and no two are the same,
/// whichever node makes them.
#[derive(Default)]
pub(crate) struct Sequence {
    last_microsecond: i64,
}

impl Sequence {
    /// The next number of `node`.
    pub(crate) fn next(&mut self, node: i16) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(since.as_micros()).unwrap_or(i64::MAX / NODES);
        self.last_microsecond = now.max(self.last_microsecond + 1);
        self.last_microsecond * NODES + i64::from(node)
    }

    /// Whoever had the node's number before made none after `instant_ms`.
    pub(crate) fn begin_after(&mut self, instant_ms: i64) {
        self.last_microsecond = self.last_microsecond.max(instant_ms.saturating_mul(1_000));
    }
}

/// Which row of the table `balance`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BalanceKey {
    /// Under whom the row is kept: its owner, or, for the platform's own, the account whose business it is.
    pub(crate) account_id: AccountId,
    pub(crate) mode: i16,
    pub(crate) currency: &'static str,
    pub(crate) kind: i16,
    pub(crate) owner: AccountId,
}

impl BalanceKey {
    /// The row that a leg of `posting` on `account` changes.
    pub(crate) fn of(mode: Mode, posting: &Posting, account: LedgerAccount) -> BalanceKey {
        BalanceKey {
            account_id: if account.owner == 0 { posting.account_id } else { account.owner },
            mode: mode_value(mode),
            currency: posting.currency.code(),
            kind: i16::from(account.kind.number()),
            owner: account.owner,
        }
    }

    /// The ledger account.
    pub(crate) fn account(&self) -> Option<LedgerAccount> {
        let kind = AccountKind::from_number(u8::try_from(self.kind).ok()?)?;
        Some(LedgerAccount { kind, owner: self.owner })
    }

    /// Whether a balance of this row may be `amount_minor`. The platform's own rows are parts of a balance, and nothing
    /// of what users own is the platform's.
    pub(crate) fn allows(&self, amount_minor: i64) -> bool {
        self.owner == 0 || self.account().is_none_or(|account| account.kind.allows(amount_minor))
    }
}

/// By how much balances change.
pub(crate) type Sums = BTreeMap<BalanceKey, i64>;

/// By how much a request changes balances. `None` when one is beyond any amount of money.
pub(crate) fn sums(prepared: &Prepared) -> Option<Sums> {
    let mut sums = Sums::new();
    for (mode, posting) in &prepared.changes().postings {
        for leg in &posting.legs {
            let sum = sums.entry(BalanceKey::of(*mode, posting, leg.account)).or_default();
            *sum = sum.checked_add(leg.amount_minor)?;
        }
    }
    Some(sums)
}

/// By how much a group changes balances.
#[derive(Default)]
pub(crate) struct BalanceChanges {
    /// What takes from a balance that has a limit. It must be there before anything of the group is added: then it does
    /// not matter in which order the requests of the group come.
    taking: Sums,
    adding: Sums,
}

impl BalanceChanges {
    /// Adds those of a request; `None` when a sum is beyond any amount of money.
    pub(crate) fn add(&mut self, request: &Sums) -> Option<()> {
        for (key, amount_minor) in request.iter().filter(|(_, amount_minor)| **amount_minor != 0) {
            let side = if key.allows(*amount_minor) { &mut self.adding } else { &mut self.taking };
            let sum = side.entry(*key).or_default();
            *sum = sum.checked_add(*amount_minor)?;
        }
        Some(())
    }

    /// Adds up what is taken and added: for requests whose order was looked at already.
    pub(crate) fn merge(&mut self) -> Option<()> {
        let mut all = std::mem::take(&mut self.adding);
        for (key, amount_minor) in std::mem::take(&mut self.taking) {
            let sum = all.entry(key).or_default();
            *sum = sum.checked_add(amount_minor)?;
        }
        (self.adding, self.taking) =
            all.into_iter().partition(|(key, amount_minor)| key.allows(*amount_minor));
        Some(())
    }
}

/// The rows of a group's ledger.
#[derive(Default)]
pub(crate) struct LedgerRows {
    postings: Vec<PostingRow>,
    /// All balances, where they are locked first.
    locked: Vec<BalanceRow>,
    taking: Vec<BalanceRow>,
    adding: Vec<BalanceRow>,
}

impl LedgerRows {
    /// Adds a request's postings, numbered by `sequence` as those of `node`.
    pub(crate) fn add(&mut self, prepared: &Prepared, sequence: &mut Sequence, node: i16) {
        for (mode, posting) in &prepared.changes().postings {
            self.postings.push(PostingRow {
                account_id: posting.account_id,
                mode: mode_value(*mode),
                effective_at: posting.effective_at.0,
                sequence: sequence.next(node),
                resource_id: posting.resource_id,
                cause: i16::from(cause_number(posting.cause)),
                currency: posting.currency.code(),
                legs: pack_legs(posting),
            });
        }
    }

    /// The balances that change.
    pub(crate) fn set_balances(&mut self, changes: &BalanceChanges) {
        self.taking = balance_rows(&changes.taking);
        self.adding = balance_rows(&changes.adding);
        if !self.taking.is_empty() {
            let mut all = changes.adding.clone();
            all.extend(&changes.taking);
            self.locked = balance_rows(&all);
        }
    }

    /// The statement that writes the postings.
    pub(crate) fn posting_steps<'rows>(&'rows self, steps: &mut Vec<Step<'rows>>) {
        steps.extend(step(sql::INSERT_POSTING, &self.postings, PostingRow::columns));
    }

    /// The statements that write the balances.
    pub(crate) fn balance_steps<'rows>(&'rows self, steps: &mut Vec<Step<'rows>>) {
        if !self.locked.is_empty() {
            steps.push(Step { sql: sql::LOCK_BALANCES, values: key_columns(&self.locked), expected: None });
        }
        steps.extend(step(sql::TAKE_FROM_BALANCES, &self.taking, BalanceRow::columns));
        steps.extend(step(sql::ADD_TO_BALANCES, &self.adding, BalanceRow::columns));
    }
}

/// The columns of the rows' keys, for [`sql::LOCK_BALANCES`].
pub(crate) fn key_columns(rows: &[BalanceRow]) -> Vec<Value<'_>> {
    let mut columns = BalanceRow::columns(rows);
    // The amount.
    columns.pop();
    columns
}

/// Rows of `sums`, in the order of their keys.
pub(crate) fn balance_rows(sums: &Sums) -> Vec<BalanceRow> {
    let row = |(key, amount_minor): (&BalanceKey, &i64)| BalanceRow {
        account_id: key.account_id,
        mode: key.mode,
        currency: key.currency,
        kind: key.kind,
        owner: key.owner,
        amount_minor: *amount_minor,
    };
    sums.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_grows_and_never_repeats_across_nodes() {
        let (mut one, mut other) = (Sequence::default(), Sequence::default());
        let mut seen = std::collections::HashSet::new();
        let mut last = 0;
        for _ in 0..10_000 {
            let number = one.next(3);
            assert!(number > last);
            last = number;
            assert!(seen.insert(number));
            assert!(seen.insert(other.next(4)));
        }
        one.begin_after(i64::MAX / 100_000);
        assert!(one.next(3) > last);
    }
}
