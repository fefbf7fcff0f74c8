//! What an account keeps beside its payments: its applications' details and credentials, what sellers granted, Pix keys,
//! policies, and the log of sensitive acts. Each entry is a JSON body with a version, found by account, kind and name.

use crate::store::Engine;
use crate::{ReadError, Store};
use pasarela_domain::identity::AccountId;
use pasarela_domain::timestamp::Timestamp;

/// What an entry's body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum EntryKind {
    /// The details of an application and whether it is active; `name` is its number. At its owner.
    Application = 1,
    /// The credentials of an application for this account; `name` is the application's number. At the account whose
    /// money they move: the owner, or a seller who granted it.
    Credentials = 2,
    /// When credentials were last used; `name` is the application's number.
    LastUse = 3,
    /// An authorization code or a refresh token that was not used yet; `name` is its keyed hash in hexadecimal digits.
    Grant = 4,
    /// A Pix key; `name` is the key as the directory writes it.
    PixKey = 5,
    /// The seller's own policies and looks; one, with an empty name.
    Policies = 6,
    /// A test user that the account made; `name` is its number.
    TestUser = 7,
    /// A sensitive act; `name` is a number that grows with time, in sixteen digits.
    Audit = 8,
    /// A person who may act for the account; `name` is the person's number.
    Member = 9,
    /// At a person: an account that it may act for; `name` is the account's number.
    Membership = 10,
    /// How many codes the account was sent to prove a contact, and when; `name` is what for. It outlives what was to be
    /// proved.
    SentCodes = 11,
    /// What was done once for data of an older version; `name` is what. At the platform, which is account 0.
    Upgrade = 12,
    /// At a person: the second factor of its login; one, with an empty name.
    SecondFactor = 13,
    /// Somebody who is invited to act for the account; `name` is the keyed hash of the e-mail.
    Invitation = 14,
    /// Somebody who sees the credentials of one application; `name` is the application's number, a point, and the person's.
    Share = 15,
    /// At a person: an application whose credentials it sees; `name` is the account's number, a point, and the application's.
    Shared = 16,
    /// When the account's addresses were looked at within the last day; one, with an empty name.
    CheckPace = 17,
}

/// All kinds.
pub const ENTRY_KINDS: [EntryKind; 17] = [
    EntryKind::Application,
    EntryKind::Credentials,
    EntryKind::LastUse,
    EntryKind::Grant,
    EntryKind::PixKey,
    EntryKind::Policies,
    EntryKind::TestUser,
    EntryKind::Audit,
    EntryKind::Member,
    EntryKind::Membership,
    EntryKind::SentCodes,
    EntryKind::Upgrade,
    EntryKind::SecondFactor,
    EntryKind::Invitation,
    EntryKind::Share,
    EntryKind::Shared,
    EntryKind::CheckPace,
];

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountEntry {
    /// Whose.
    pub account_id: AccountId,
    /// What the body holds.
    pub kind: EntryKind,
    /// Which of its kind.
    pub name: String,
    /// In a change: the version that was read, 0 when there was none.
    pub version: i64,
    /// Wall-clock time of this version.
    pub changed: Timestamp,
    /// JSON.
    pub body: Vec<u8>,
}

/// A change of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryChange {
    /// One that was read with its `version`, or a new one.
    Set(AccountEntry),
    /// One that was read with this version is gone.
    Delete {
        /// Whose.
        account_id: AccountId,
        /// Of which kind.
        kind: EntryKind,
        /// Which of its kind.
        name: String,
        /// The version that was read.
        version: i64,
    },
}

impl EntryChange {
    /// What it is about, and the version that was read.
    pub(crate) fn key(&self) -> (AccountId, EntryKind, &str, i64) {
        match self {
            EntryChange::Set(entry) => (entry.account_id, entry.kind, &entry.name, entry.version),
            EntryChange::Delete { account_id, kind, name, version } => (*account_id, *kind, name, *version),
        }
    }

    /// Whether the entry that is stored with this version, if any, is the one that was read.
    pub(crate) fn fits(&self, stored: Option<i64>) -> Result<(), crate::CommitError> {
        let (_, _, _, read) = self.key();
        match (self, stored) {
            (EntryChange::Set(_), Some(_)) if read == 0 => {
                Err(crate::CommitError::AlreadyExists("account entry"))
            }
            (EntryChange::Set(_), None) if read == 0 => Ok(()),
            (_, Some(stored)) if stored == read => Ok(()),
            _ => Err(crate::CommitError::VersionConflict),
        }
    }
}

impl Store {
    /// An entry of an account.
    pub async fn account_entry(
        &self,
        account_id: AccountId,
        kind: EntryKind,
        name: &str,
    ) -> Result<Option<AccountEntry>, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.account_entry(account_id, kind, name).await,
            Engine::Postgres(store) => store.account_entry(account_id, kind, name).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.account_entry(account_id, kind, name)).await,
        }
    }

    /// An account's entries of a kind whose names come before `before`, by their names, the last first; at most `limit`.
    pub async fn account_entries(
        &self,
        account_id: AccountId,
        kind: EntryKind,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<AccountEntry>, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.account_entries(account_id, kind, before, limit).await,
            Engine::Postgres(store) => store.account_entries(account_id, kind, before, limit).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store.ask(|records| records.account_entries(account_id, kind, before, limit)).await
            }
        }
    }

    /// The entries of a kind, whosever they are, that were changed at `since` or later by the wall clock.
    pub async fn account_entries_since(
        &self,
        kind: EntryKind,
        since: Timestamp,
    ) -> Result<Vec<AccountEntry>, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.account_entries_since(kind, since).await,
            Engine::Postgres(store) => store.account_entries_since(kind, since).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.account_entries_since(kind, since)).await,
        }
    }
}
