//! The ledger in the tables: postings, and balances that are added up once a group.

use crate::CommitError;
use crate::numbers::mode_number;
use crate::packing::{cause_number, pack_legs};
use crate::sqlite::fault::Fault;
use crate::sqlite::statements::{Hot, Statements};
use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::{LedgerAccount, Posting};
use pasarela_domain::money::Currency;
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Balances kept in memory: some 60 bytes each, 4 MB. Beyond it all are forgotten, and read again when needed.
const MOST_BALANCES: usize = 65_536;

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
pub(crate) struct Balances {
    known: BTreeMap<BalanceKey, Balance>,
    /// What the transaction changed, with the balance before; for [`Balances::undo`].
    changes: Vec<(BalanceKey, Balance)>,
    /// What [`Balances::flush`] has to write. What was taken back since stays here, unchanged.
    unwritten: Vec<BalanceKey>,
    /// How many postings were ever made: the next one's `sequence`.
    postings: i64,
    /// What the row says of it; `None` after a failure, when it is to be asked.
    counted: Option<i64>,
}

impl Balances {
    /// Those of a database that was just opened.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Balances> {
        let counted = counted_postings(connection)?;
        Ok(Balances {
            known: BTreeMap::new(),
            changes: Vec::new(),
            unwritten: Vec::new(),
            postings: counted,
            counted: Some(counted),
        })
    }

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
        statements: &mut Statements<'_>,
        mode: Mode,
        posting: &Posting,
    ) -> Result<(), Fault> {
        assert!(posting.is_balanced(), "debits equal credits");
        if self.counted.is_none() {
            self.postings = counted_postings(statements.connection())?;
            self.counted = Some(self.postings);
        }
        statements.hot(Hot::InsertPosting)?.execute((
            posting.account_id,
            mode_number(mode),
            posting.effective_at.0,
            self.postings,
            posting.resource_id,
            cause_number(posting.cause),
            posting.currency.code(),
            pack_legs(posting),
        ))?;
        // One that is taken back leaves its number out, which is harmless.
        self.postings += 1;
        for leg in &posting.legs {
            self.add(statements.connection(), (mode, posting.currency, leg.account), leg.amount_minor)?;
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

    /// Writes the balances that changed, each once. Inside the transaction.
    pub(crate) fn flush(&mut self, statements: &mut Statements<'_>) -> rusqlite::Result<()> {
        self.changes.clear();
        let write = statements.hot(Hot::WriteBalance)?;
        for key in self.unwritten.drain(..) {
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
        if self.counted.is_some_and(|counted| counted != self.postings) {
            statements.hot(Hot::CountPostings)?.execute([self.postings])?;
            self.counted = Some(self.postings);
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
        self.unwritten.clear();
        self.known.clear();
        self.counted = None;
    }

    fn add(&mut self, connection: &Connection, key: BalanceKey, amount_minor: i64) -> Result<(), Fault> {
        let balance = match self.known.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                unknown.insert(Balance { amount_minor: stored_balance(connection, key)?, changed: false })
            }
        };
        let before = *balance;
        let Some(after) = before.amount_minor.checked_add(amount_minor) else {
            return Err(Fault::Refused(CommitError::Failed(format!(
                "the balance of {:?} is out of range",
                key.2
            ))));
        };
        *balance = Balance { amount_minor: after, changed: true };
        self.changes.push((key, before));
        if !before.changed {
            self.unwritten.push(key);
        }
        Ok(())
    }
}

fn counted_postings(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT postings FROM applied", [], |row| row.get(0))
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
