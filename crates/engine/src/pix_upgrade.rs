//! The upgrade to Pix keys: Brazilian sellers of the time before there were any go on taking Pix.

use crate::audit::Actor;
use crate::pix_keys::random_key;
use crate::{Engine, Failure, seeds};
use pasarela_domain::identity::AccountId;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::EntryKind;
use serde_json::json;
use std::collections::BTreeSet;

/// Whose the mark is: nobody's, it is the platform's.
const PLATFORM: AccountId = 0;
/// The mark that it was done: who deletes the last key afterwards wants no Pix.
const NAME: &str = "pix_keys";

impl Engine {
    /// Gives a random key to each Brazilian account that has an application and no key, once in the life of these data.
    pub(crate) async fn give_pix_keys(&self) -> Result<(), Failure> {
        let store = &self.inner.store;
        if store.account_entry(PLATFORM, EntryKind::Upgrade, NAME).await?.is_some() {
            return Ok(());
        }
        let keys = store.account_entries_since(EntryKind::PixKey, Timestamp(i64::MIN)).await?;
        let keyed: BTreeSet<AccountId> = keys.into_iter().map(|key| key.account_id).collect();
        let applications = store.sealed_applications().await?;
        let sellers: BTreeSet<AccountId> =
            applications.into_iter().map(|application| application.account_id).collect();
        for account_id in sellers.difference(&keyed) {
            let account = store.account(*account_id).await?;
            if account.is_some_and(|account| account.site == Site::MLB) {
                self.give_pix_key(*account_id).await?;
            }
        }
        let mark = self.set_entry(PLATFORM, EntryKind::Upgrade, NAME, 0, &json!({}))?;
        // Another node that started at the same time may have been first.
        self.try_commit(vec![mark]).await.map(drop)
    }

    async fn give_pix_key(&self, account_id: AccountId) -> Result<(), Failure> {
        let actor = Actor { name: "the upgrade to Pix keys".to_owned(), address: None };
        let key = match account_id == seeds::sellers()[0].account.id {
            true => seeds::pix_key(),
            false => random_key(account_id, &uuid::Uuid::new_v4().to_string(), self.inner.clock.wall()),
        };
        let act = self.audited(account_id, &actor, "pix_key.registered", "evp", "the account had none")?;
        self.try_commit(vec![key, act]).await.map(drop)
    }
}
