//! A seller's own policies: kept in one place, from where the hosted checkout and the sales take them.

use crate::audit::Actor;
use crate::payments::MAX_ROUNDS;
use crate::{Engine, Failure};
use pasarela_domain::identity::AccountId;
use pasarela_domain::seller_policies::SellerPolicies;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::EntryKind;
use serde_json::{Map, Value};
use std::sync::Arc;

/// How long another node may go on with what a seller said before: a change of a text is in no hurry, and each payment asks.
const SHARED_MS: i64 = 30_000;

impl Engine {
    /// What a seller says of itself.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn policies(&self, account_id: AccountId) -> Result<Arc<SellerPolicies>, Failure> {
        let (cache, now) = (&self.inner.accounts.policies, self.inner.clock.wall());
        let (generation, known) = cache.get(account_id, now);
        if let Some(known) = known {
            return Ok(known);
        }
        let entry = self.entry::<SellerPolicies>(account_id, EntryKind::Policies, "").await?;
        let policies = Arc::new(entry.map(|entry| entry.value).unwrap_or_default());
        // Another node may change them: where there are others, they are read again now and then.
        let is_shared = self.inner.store.look_for_others_every().is_some();
        let until = if is_shared { now.plus_ms(SHARED_MS) } else { Timestamp(i64::MAX) };
        cache.keep(generation, account_id, policies.clone(), until);
        Ok(policies)
    }

    /// Changes what `request` names.
    ///
    /// # Errors
    /// 400 with the member's name.
    pub async fn change_policies(
        &self,
        account_id: AccountId,
        request: &Map<String, Value>,
        actor: &Actor,
    ) -> Result<SellerPolicies, Failure> {
        let names: Vec<&str> = request.keys().map(String::as_str).collect();
        for _ in 0..MAX_ROUNDS {
            let entry = self.entry::<SellerPolicies>(account_id, EntryKind::Policies, "").await?;
            let (mut policies, version) =
                entry.map_or((SellerPolicies::default(), 0), |entry| (entry.value, entry.version));
            policies.change(request)?;
            let records = vec![
                self.set_entry(account_id, EntryKind::Policies, "", version, &policies)?,
                self.audited(
                    account_id,
                    actor,
                    "policies.changed",
                    &account_id.to_string(),
                    &names.join(", "),
                )?,
            ];
            if self.try_commit(records).await? {
                self.inner.accounts.policies.forget(account_id);
                return Ok(policies);
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }
}
