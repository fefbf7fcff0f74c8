//! The log of sensitive acts: who did what to an account, written in the commit that does it.

use crate::{Engine, Failure};
use pasarela_domain::identity::AccountId;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{EntryChange, EntryKind, RecordChange};
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering;

/// The most acts that one answer lists.
pub const MOST_ACTS: u32 = 200;
/// The most acts that an account's log keeps, the newest ones: thirty a day for a year.
const MOST_KEPT: usize = 10_000;
/// A log is looked at for old ones after so many acts of this node: a log is longer than it may be by about as many.
const TRIM_EVERY: u32 = 256;
/// How many acts one look reads.
const PAGE: u32 = 500;
/// The longest name of an actor, and the longest detail, that are kept.
const LONGEST_TEXT: usize = 300;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// A person's e-mail, `access token of application …`, or `operator …`.
    pub name: String,
    /// From which address, if it came over the network.
    pub address: Option<String>,
}

impl Actor {
    /// An operator at the command line.
    pub fn operator(name: &str) -> Actor {
        Actor { name: format!("operator {name}"), address: None }
    }
}

/// One act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditedAct {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// From which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What: `credentials.renewed`, `application.created`, …
    pub act: String,
    /// To what: an application's number, a key, a person's e-mail.
    pub subject: String,
    /// What else is to be known. Never a secret.
    pub detail: String,
}

/// Acts, the newest first, and where the list goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditPage {
    /// The acts.
    pub results: Vec<AuditedAct>,
    /// The `before` of the next page.
    pub next: Option<String>,
}

impl Engine {
    /// The change that puts an act into the log.
    pub(crate) fn audited(
        &self,
        account_id: AccountId,
        actor: &Actor,
        act: &str,
        subject: &str,
        detail: &str,
    ) -> Result<RecordChange, Failure> {
        let short = |text: &str| text.chars().take(LONGEST_TEXT).collect::<String>();
        let entry = AuditedAct {
            at: self.inner.clock.wall(),
            actor: short(&actor.name),
            address: actor.address.clone(),
            act: act.to_owned(),
            subject: short(subject),
            detail: short(detail),
        };
        if self.inner.acts.fetch_add(1, Ordering::Relaxed) % TRIM_EVERY == TRIM_EVERY - 1 {
            let engine = self.clone();
            tokio::spawn(async move {
                if let Err(error) = engine.trim_log(account_id, MOST_KEPT).await {
                    tracing::warn!(%error, account_id, "old acts could not be forgotten; it is tried again");
                }
            });
        }
        // Ids have at most sixteen digits, grow with time, and differ on every node.
        let name = format!("{:016}", self.inner.ids.next());
        self.set_entry(account_id, EntryKind::Audit, &name, 0, &entry)
    }

    /// Forgets all acts of an account but the newest `keep`.
    async fn trim_log(&self, account_id: AccountId, keep: usize) -> Result<(), Failure> {
        let (mut before, mut seen) = (None, 0);
        loop {
            let page =
                self.inner.store.account_entries(account_id, EntryKind::Audit, before.as_deref(), PAGE);
            let page = page.await?;
            let Some(last) = page.last() else { return Ok(()) };
            before = Some(last.name.clone());
            let old = page.iter().skip(keep.saturating_sub(seen)).map(|entry| {
                let (kind, name, version) = (entry.kind, entry.name.clone(), entry.version);
                RecordChange::AccountEntry(EntryChange::Delete { account_id, kind, name, version })
            });
            let old: Vec<RecordChange> = old.collect();
            seen += page.len();
            if !old.is_empty() {
                // Somebody else forgets the same ones.
                self.try_commit(old).await?;
            }
        }
    }

    /// An account's acts before `before`, the newest first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn audit_log(
        &self,
        account_id: AccountId,
        before: Option<&str>,
        limit: u32,
    ) -> Result<AuditPage, Failure> {
        let limit = limit.clamp(1, MOST_ACTS);
        let found = self.entries::<AuditedAct>(account_id, EntryKind::Audit, before, limit).await?;
        let is_full = found.len() == limit as usize;
        let next = found.last().filter(|_| is_full).map(|last| last.name.clone());
        Ok(AuditPage { results: found.into_iter().map(|entry| entry.value).collect(), next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EngineOptions;

    #[tokio::test]
    async fn of_a_long_log_the_newest_acts_are_kept() {
        let engine = Engine::open(EngineOptions { ..EngineOptions::default() });
        let (engine, actor) = (engine.await.unwrap(), Actor::operator("test"));
        for number in 0..12 {
            let act = engine.audited(7, &actor, "act", &number.to_string(), "").unwrap();
            assert!(engine.try_commit(vec![act]).await.unwrap());
        }
        engine.trim_log(7, 20).await.unwrap();
        assert_eq!(engine.audit_log(7, None, 20).await.unwrap().results.len(), 12);
        engine.trim_log(7, 5).await.unwrap();
        let left = engine.audit_log(7, None, 20).await.unwrap().results;
        let subjects: Vec<&str> = left.iter().map(|act| act.subject.as_str()).collect();
        assert_eq!(subjects, ["11", "10", "9", "8", "7"]);
    }
}
