//! Pages whose card inputs carry a `name`, so that the browser would post the card to the shop's server: what the browser
//! library reports is counted here, as evidence for whoever measures an integration's quality.
//!
//! Counted in memory, by this node, since it started. Anybody with a public key may report anything, and one report is as
//! telling as a thousand: so it is bounded, nothing is made durable for it, and it proves nothing alone.

use crate::Engine;
use pasarela_domain::identity::{AccountId, ApplicationId, Caller, Mode};
use pasarela_domain::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Applications that are remembered: one with the oldest report makes room. 2 KB each at most.
const MOST_APPLICATIONS: usize = 1_024;
/// Hosts of one application that are told apart; the others are counted and not named.
const MOST_HOSTS: usize = 16;
/// The longest name of a host (RFC 1035), and of the fields that are reported.
const LONGEST_HOST: usize = 253;
/// Names of inputs that are told, and as the library's first version calls them.
const FIELDS: [(&str, &str); 5] = [
    ("cardNumber", "cardNumber"),
    ("securityCode", "securityCode"),
    ("expirationDate", "cardExpiration"),
    ("expirationMonth", "cardExpirationMonth"),
    ("expirationYear", "cardExpirationYear"),
];

/// What was reported of an application's pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposedCardInputs {
    /// Reports.
    pub count: u64,
    /// The first one.
    pub first_seen: Timestamp,
    /// The newest one.
    pub last_seen: Timestamp,
    /// By the page's host: how many, of those that are told apart.
    pub hosts: BTreeMap<String, u64>,
    /// Which inputs had a `name`: `cardNumber`, `securityCode`, …
    pub fields: BTreeSet<&'static str>,
}

#[derive(Default)]
pub(crate) struct ExposedInputs {
    by_application: Mutex<HashMap<(AccountId, ApplicationId, Mode), ExposedCardInputs>>,
}

impl ExposedInputs {
    fn by_application(&self) -> MutexGuard<'_, HashMap<(AccountId, ApplicationId, Mode), ExposedCardInputs>> {
        self.by_application.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Counts one report: a page at `host` had these inputs with a `name`.
    pub fn report_exposed_inputs(&self, caller: &Caller, host: &str, fields: &[String]) {
        // The wall's time: a test clock would let a shop date its own evidence.
        let now = crate::clock::wall();
        let mut all = self.inner.exposed_inputs.by_application();
        let key = (caller.account_id, caller.application_id, caller.mode);
        if !all.contains_key(&key) && all.len() >= MOST_APPLICATIONS {
            let oldest = all.iter().min_by_key(|(_, seen)| seen.last_seen).map(|(key, _)| *key);
            oldest.and_then(|oldest| all.remove(&oldest));
        }
        let seen = all.entry(key).or_insert_with(|| ExposedCardInputs {
            count: 0,
            first_seen: now,
            last_seen: now,
            hosts: BTreeMap::new(),
            fields: BTreeSet::new(),
        });
        seen.count = seen.count.saturating_add(1);
        seen.last_seen = now;
        if is_host(host) && (seen.hosts.contains_key(host) || seen.hosts.len() < MOST_HOSTS) {
            let count = seen.hosts.entry(host.to_owned()).or_default();
            *count = count.saturating_add(1);
        }
        for (name, first_version) in FIELDS {
            let is_named = fields.iter().any(|field| field == name || field == first_version);
            if is_named {
                seen.fields.insert(name);
            }
        }
    }

    /// What was reported to this node of the pages of an application since the node started; `None` without any report.
    pub fn exposed_card_inputs(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
        mode: Mode,
    ) -> Option<ExposedCardInputs> {
        self.inner.exposed_inputs.by_application().get(&(account_id, application_id, mode)).cloned()
    }
}

/// A name or an address with its port, as browsers write `location.host`.
fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_HOST
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'))
}
