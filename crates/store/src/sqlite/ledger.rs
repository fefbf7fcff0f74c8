//! The ledger on disk: packed postings, and balances that are added up once a group.

use crate::CommitError;
use crate::sqlite::fault::Fault;
use crate::sqlite::mode_number;
use crate::sqlite::varint::{push_signed, take_signed};
use pasarela_domain::identity::{AccountId, Mode};
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount, Leg, Posting};
use pasarela_domain::money::Currency;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;

/// Balances kept in memory: some 60 bytes each, 4 MB. Beyond it all are forgotten, and read again when needed.
const MOST_BALANCES: usize = 65_536;

/// Whose money a leg moves: most legs belong to the platform or to the posting's own account, which take no bytes.
const OWNER_PLATFORM: u8 = 0;
const OWNER_OF_POSTING: u8 = 1;
const OWNER_EXPLICIT: u8 = 2;
/// An account kind's number takes the lower five bits of a leg's first byte.
const KIND_BITS: u8 = 5;

/// The number under which a cause is stored. Numbers are never used twice.
pub(crate) const fn cause_number(cause: Cause) -> u8 {
    match cause {
        Cause::Payment => 1,
        Cause::Release => 2,
        Cause::Refund => 3,
        Cause::RefundSettled => 4,
        Cause::ChargebackOpened => 5,
        Cause::ChargebackWon => 6,
        Cause::ChargebackLost => 7,
        Cause::LatePayment => 8,
        Cause::WalletTopUp => 9,
        Cause::DebtRecovered => 10,
    }
}

/// The cause with this number.
pub(crate) const fn cause_from_number(number: u8) -> Option<Cause> {
    Some(match number {
        1 => Cause::Payment,
        2 => Cause::Release,
        3 => Cause::Refund,
        4 => Cause::RefundSettled,
        5 => Cause::ChargebackOpened,
        6 => Cause::ChargebackWon,
        7 => Cause::ChargebackLost,
        8 => Cause::LatePayment,
        9 => Cause::WalletTopUp,
        10 => Cause::DebtRecovered,
        _ => return None,
    })
}

/// The packed form of `posting`'s legs: a byte for the kind and whose it is, the owner where it is another, the amount.
pub(crate) fn pack_legs(posting: &Posting) -> Vec<u8> {
    let mut packed = Vec::with_capacity(posting.legs.len() * 5);
    for leg in &posting.legs {
        let owner = match leg.account.owner {
            0 => OWNER_PLATFORM,
            owner if owner == posting.account_id => OWNER_OF_POSTING,
            _ => OWNER_EXPLICIT,
        };
        packed.push(leg.account.kind.number() | owner << KIND_BITS);
        if owner == OWNER_EXPLICIT {
            push_signed(&mut packed, leg.account.owner);
        }
        push_signed(&mut packed, leg.amount_minor);
    }
    packed
}

/// The legs that [`pack_legs`] packed for a posting of `account_id`; `None` if they are damaged.
pub(crate) fn unpack_legs(account_id: AccountId, mut packed: &[u8]) -> Option<Vec<Leg>> {
    let mut legs = Vec::with_capacity(packed.len() / 4);
    while let Some((&first, rest)) = packed.split_first() {
        packed = rest;
        let kind = AccountKind::from_number(first & ((1 << KIND_BITS) - 1))?;
        let owner = match first >> KIND_BITS {
            OWNER_PLATFORM => 0,
            OWNER_OF_POSTING => account_id,
            OWNER_EXPLICIT => take_signed(&mut packed)?,
            _ => return None,
        };
        legs.push(Leg { account: LedgerAccount { kind, owner }, amount_minor: take_signed(&mut packed)? });
    }
    Some(legs)
}

/// Which balance.
pub(crate) type BalanceKey = (Mode, Currency, LedgerAccount);

/// A balance in the writer's memory, debit positive.
#[derive(Clone, Copy)]
struct Balance {
    amount_minor: i64,
    /// Whether the row does not say so yet.
    changed: bool,
}

/// The writer's balances.
#[derive(Default)]
pub(crate) struct Balances {
    known: HashMap<BalanceKey, Balance>,
    /// What the group changed, with the balance before; for [`Balances::undo`] and [`Balances::flush`].
    changes: Vec<(BalanceKey, Balance)>,
}

impl Balances {
    /// Where the changes end now, for [`Balances::undo`].
    pub(crate) const fn mark(&self) -> usize {
        self.changes.len()
    }

    /// Takes back what was changed after `mark`, last first.
    pub(crate) fn undo(&mut self, mark: usize) {
        for (key, before) in self.changes.drain(mark..).rev() {
            self.known.insert(key, before);
        }
    }

    /// Writes a posting and adds its legs up.
    pub(crate) fn post(
        &mut self,
        connection: &Connection,
        mode: Mode,
        posting: &Posting,
    ) -> Result<(), Fault> {
        assert!(posting.is_balanced(), "debits equal credits");
        let sequence: i64 = connection
            .prepare_cached(
                "SELECT coalesce(max(sequence) + 1, 0) FROM posting
                 WHERE account_id = ?1 AND mode = ?2 AND effective_at = ?3",
            )?
            .query_row((posting.account_id, mode_number(mode), posting.effective_at.0), |row| row.get(0))?;
        connection
            .prepare_cached(
                "INSERT INTO posting (account_id, mode, effective_at, sequence, resource_id, cause, currency, legs)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute((
                posting.account_id,
                mode_number(mode),
                posting.effective_at.0,
                sequence,
                posting.resource_id,
                cause_number(posting.cause),
                posting.currency.code(),
                pack_legs(posting),
            ))?;
        for leg in &posting.legs {
            self.add(connection, (mode, posting.currency, leg.account), leg.amount_minor)?;
        }
        Ok(())
    }

    /// Checks, once all of a request is posted, that no balance it changed after `mark` is overdrawn.
    pub(crate) fn check(&self, mark: usize) -> Result<(), Fault> {
        for (key, _) in self.changes.iter().skip(mark) {
            let account = key.2;
            let balance = self.known.get(key);
            if balance.is_some_and(|balance| !account.kind.allows(balance.amount_minor)) {
                return Err(Fault::Refused(CommitError::Overdrawn(account)));
            }
        }
        Ok(())
    }

    /// Writes the balances that the group changed, each once. Inside the group's transaction.
    pub(crate) fn flush(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut write = connection.prepare_cached(
            "INSERT INTO balance (mode, currency, kind, owner, amount_minor) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET amount_minor = excluded.amount_minor",
        )?;
        for (key, _) in self.changes.drain(..) {
            let Some(balance) = self.known.get_mut(&key).filter(|balance| balance.changed) else { continue };
            balance.changed = false;
            let (mode, currency, account) = key;
            write.execute((
                mode_number(mode),
                currency.code(),
                account.kind.number(),
                account.owner,
                balance.amount_minor,
            ))?;
        }
        Ok(())
    }

    /// What was flushed is committed.
    pub(crate) fn committed(&mut self) {
        if self.known.len() > MOST_BALANCES {
            self.known.clear();
        }
    }

    /// What was flushed is not committed: the memory is read again.
    pub(crate) fn failed(&mut self) {
        self.changes.clear();
        self.known.clear();
    }

    fn add(&mut self, connection: &Connection, key: BalanceKey, amount_minor: i64) -> Result<(), Fault> {
        let before = match self.known.get(&key) {
            Some(balance) => *balance,
            None => Balance { amount_minor: stored_balance(connection, key)?, changed: false },
        };
        let Some(after) = before.amount_minor.checked_add(amount_minor) else {
            return Err(Fault::Refused(CommitError::Failed(format!(
                "the balance of {:?} is out of range",
                key.2
            ))));
        };
        self.changes.push((key, before));
        self.known.insert(key, Balance { amount_minor: after, changed: true });
        Ok(())
    }
}

/// The balance in its row, 0 if there is none.
pub(crate) fn stored_balance(connection: &Connection, key: BalanceKey) -> rusqlite::Result<i64> {
    let (mode, currency, account) = key;
    connection
        .prepare_cached(
            "SELECT amount_minor FROM balance WHERE mode = ?1 AND currency = ?2 AND kind = ?3 AND owner = ?4",
        )?
        .query_row((mode_number(mode), currency.code(), account.kind.number(), account.owner), |row| {
            row.get(0)
        })
        .optional()
        .map(|balance| balance.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pasarela_domain::timestamp::Timestamp;

    #[test]
    fn legs_are_packed_in_a_few_bytes_and_come_back() {
        let seller = 1_234_567_890;
        let posting = Posting::build(seller, Currency::BRL, Cause::Payment, 42, Timestamp(1_763_000_000_000))
            .debit(LedgerAccount::platform(AccountKind::AcquirerReceivable), 10_000)
            .credit(LedgerAccount::of(AccountKind::SellerPending, seller), 9_501)
            .credit(LedgerAccount::of(AccountKind::MarketplacePending, 77), 100)
            .credit(LedgerAccount::platform(AccountKind::FeeIncome), 399)
            .finish()
            .unwrap();
        let packed = pack_legs(&posting);
        assert!(packed.len() <= 16, "{} bytes", packed.len());
        assert_eq!(unpack_legs(seller, &packed), Some(posting.legs));
        assert_eq!(unpack_legs(seller, &packed[..packed.len() - 1]), None);
        assert_eq!(unpack_legs(seller, &[0xff]), None);
    }

    #[test]
    fn every_cause_has_its_own_number() {
        for number in 1..=10 {
            assert_eq!(cause_from_number(number).map(cause_number), Some(number));
        }
        assert_eq!(cause_from_number(11), None);
    }
}
