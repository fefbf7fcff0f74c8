//! What an account keeps beside its payments.

use crate::memory::records::{Records, Writing};
use crate::{AccountEntry, CommitError, EntryChange, EntryKind};
use pasarela_domain::identity::AccountId;
use pasarela_domain::timestamp::Timestamp;

/// What an entry is found by.
pub(crate) type EntryKey = (AccountId, EntryKind, String);

impl Writing<'_> {
    pub(crate) fn account_entry(&mut self, change: &EntryChange) -> Result<(), CommitError> {
        let (account_id, kind, name, version) = change.key();
        let key = (account_id, kind, name.to_owned());
        change.fits(self.records.account_entries.get(&key).map(|stored| stored.version))?;
        let row = match change {
            EntryChange::Set(entry) => Some(AccountEntry { version: version + 1, ..entry.clone() }),
            EntryChange::Delete { .. } => None,
        };
        self.set(|records| &mut records.account_entries, key, row);
        Ok(())
    }
}

/// As the methods of the same names of [`Store`](crate::Store).
impl Records {
    /// An entry of an account.
    pub fn account_entry(&self, account_id: AccountId, kind: EntryKind, name: &str) -> Option<AccountEntry> {
        self.account_entries.get(&(account_id, kind, name.to_owned())).cloned()
    }

    /// An account's entries of a kind, the last name first.
    pub fn account_entries(
        &self,
        account_id: AccountId,
        kind: EntryKind,
        before: Option<&str>,
        limit: u32,
    ) -> Vec<AccountEntry> {
        let of_account = self.account_entries.values().rev().filter(|entry| {
            (entry.account_id, entry.kind) == (account_id, kind)
                && before.is_none_or(|before| entry.name.as_str() < before)
        });
        of_account.take(limit as usize).cloned().collect()
    }

    /// The entries of a kind that were changed at `since` or later.
    pub fn account_entries_since(&self, kind: EntryKind, since: Timestamp) -> Vec<AccountEntry> {
        let all = self.account_entries.values();
        all.filter(|entry| entry.kind == kind && entry.changed >= since).cloned().collect()
    }
}
