//! Reading and writing what an account keeps beside its payments.

use crate::payments::{from_json, to_json};
use crate::{Engine, Failure};
use pasarela_domain::identity::AccountId;
use pasarela_store::{AccountEntry, Changes, CommitError, EntryChange, EntryKind, RecordChange};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An entry that was read, and the version that a change of it names.
pub(crate) struct Entry<T> {
    pub(crate) name: String,
    pub(crate) version: i64,
    pub(crate) value: T,
}

impl Engine {
    /// The entry, if it is there.
    pub(crate) async fn entry<T: DeserializeOwned>(
        &self,
        account_id: AccountId,
        kind: EntryKind,
        name: &str,
    ) -> Result<Option<Entry<T>>, Failure> {
        self.inner.store.account_entry(account_id, kind, name).await?.map(parsed).transpose()
    }

    /// An account's entries of a kind before the name `before`, the last first.
    pub(crate) async fn entries<T: DeserializeOwned>(
        &self,
        account_id: AccountId,
        kind: EntryKind,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Entry<T>>, Failure> {
        let found = self.inner.store.account_entries(account_id, kind, before, limit).await?;
        found.into_iter().map(parsed).collect()
    }

    /// The change that writes an entry which was read with `version`, 0 for a new one.
    pub(crate) fn set_entry<T: Serialize>(
        &self,
        account_id: AccountId,
        kind: EntryKind,
        name: &str,
        version: i64,
        value: &T,
    ) -> Result<RecordChange, Failure> {
        let body = to_json(value)?;
        let changed = self.inner.clock.wall();
        let name = name.to_owned();
        let entry = AccountEntry { account_id, kind, name, version, changed, body };
        Ok(RecordChange::AccountEntry(EntryChange::Set(entry)))
    }

    /// Commits `records`; `false` when somebody was faster, and all is to be read and decided again.
    pub(crate) async fn try_commit(&self, records: Vec<RecordChange>) -> Result<bool, Failure> {
        match self.inner.store.commit(Changes { records, ..Changes::default() }).await {
            Ok(()) => Ok(true),
            Err(CommitError::VersionConflict | CommitError::AlreadyExists(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn parsed<T: DeserializeOwned>(entry: AccountEntry) -> Result<Entry<T>, Failure> {
    let value = from_json(&entry.body, "an account entry")?;
    Ok(Entry { name: entry.name, version: entry.version, value })
}
