//! The log of sensitive acts: who did what to an account, written in the commit that does it.

use crate::{Engine, Failure};
use pasarela_domain::identity::AccountId;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{EntryKind, RecordChange};
use serde::{Deserialize, Serialize};

/// The most acts that one answer lists.
pub const MOST_ACTS: u32 = 200;
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
        // Ids have at most sixteen digits, grow with time, and differ on every node.
        let name = format!("{:016}", self.inner.ids.next());
        self.set_entry(account_id, EntryKind::Audit, &name, 0, &entry)
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
