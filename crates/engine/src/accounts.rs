//! Accounts, their applications, and the people who pay without an account.

use crate::answer_cache::AnswerCache;
use crate::seeds::logins::is_well_known;
use crate::{Engine, Failure};
use pasarela_domain::identity::{AccountId, ApplicationId, Caller, Mode};
use pasarela_domain::payment::create::Collector;
use pasarela_domain::seller_policies::SellerPolicies;
use pasarela_domain::site::Site;
use pasarela_store::{Lookup, PayerRecord};
use pasarela_vault::Purpose;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// How many accounts, applications, payers, settings and webhook secrets each are kept in memory.
pub(crate) const MAX_CACHED: usize = 50_000;

/// What tags a test user.
pub(crate) const TEST_USER: &str = "test_user";

/// An account, as decisions need it.
#[derive(Debug)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its market.
    pub site: Site,
    /// Its e-mail, lower-case.
    pub email: String,
    /// What buyers see.
    pub name: String,
    /// Whether it is a test user, whose credentials are all of test mode.
    pub is_test_user: bool,
    /// `GET /users/me`.
    pub body: Vec<u8>,
}

/// What was read of accounts lately. Accounts and applications don't change in this version; payers never do.
#[derive(Default)]
pub(crate) struct Accounts {
    accounts: RwLock<HashMap<AccountId, Arc<Account>>>,
    owners: RwLock<HashMap<ApplicationId, AccountId>>,
    payers: RwLock<HashMap<(AccountId, Mode, Lookup), AccountId>>,
    /// Who has a Pix key.
    pub(crate) pix: AnswerCache<bool>,
    /// What sellers say of themselves.
    pub(crate) policies: AnswerCache<Arc<SellerPolicies>>,
}

/// A payer, known or about to be.
pub(crate) struct KnownPayer {
    pub(crate) id: AccountId,
    /// To be stored with the first payment.
    pub(crate) new: Option<PayerRecord>,
}

impl Engine {
    /// An account.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn account(&self, id: AccountId) -> Result<Option<Arc<Account>>, Failure> {
        if let Some(account) = get(&self.inner.accounts.accounts, &id) {
            return Ok(Some(account));
        }
        let Some(record) = self.inner.store.account(id).await? else { return Ok(None) };
        let body: Value = serde_json::from_slice(&record.body)
            .map_err(|error| Failure::Internal(format!("account {id} can't be read: {error}")))?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = format!("{} {}", text("first_name"), text("last_name")).trim().to_owned();
        let name = if name.is_empty() { text("nickname").to_owned() } else { name };
        let tags = body.get("tags").and_then(Value::as_array);
        // The well-known accounts are tagged so for their clients, and sell in both modes.
        let is_test_user =
            !is_well_known(id) && tags.is_some_and(|tags| tags.iter().any(|tag| tag == TEST_USER));
        let (site, email, body) = (record.site, record.email, record.body);
        let account = Arc::new(Account { id, site, email, name, is_test_user, body });
        put(&self.inner.accounts.accounts, id, account.clone());
        Ok(Some(account))
    }

    /// The seller behind a call.
    pub(crate) async fn collector(&self, caller: &Caller) -> Result<Collector, Failure> {
        let account = self
            .account(caller.account_id)
            .await?
            .ok_or_else(|| Failure::Internal(format!("account {} is gone", caller.account_id)))?;
        let application_owner = match get(&self.inner.accounts.owners, &caller.application_id) {
            Some(owner) => owner,
            None => {
                let application = self.inner.store.application(caller.application_id).await?;
                let owner = application.map_or(caller.account_id, |record| record.account_id);
                put(&self.inner.accounts.owners, caller.application_id, owner);
                owner
            }
        };
        Ok(Collector {
            account_id: account.id,
            site: account.site,
            name: account.name.clone(),
            application_id: caller.application_id,
            application_owner,
            takes_pix: self.takes_pix(account.id, account.site).await?,
            statement_descriptor: self.policies(account.id).await?.statement_descriptor.clone(),
        })
    }

    /// Whether the account is a test user: no real money may move for it.
    pub(crate) async fn is_test_user(&self, id: AccountId) -> Result<bool, Failure> {
        Ok(self.account(id).await?.is_some_and(|account| account.is_test_user))
    }

    /// Looks the payer with this e-mail up again when it is named next.
    pub(crate) fn forget_payer(&self, email: &str) {
        let lookup = self.inner.vault.lookup(Purpose::Email, email);
        let mut payers =
            self.inner.accounts.payers.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        payers.retain(|(.., its), _| *its != lookup);
    }

    /// The payer with this e-mail: an account of the site whose own it is, or a guest of this collector.
    pub(crate) async fn payer(&self, caller: &Caller, email: &str) -> Result<KnownPayer, Failure> {
        let lookup = self.inner.vault.lookup(Purpose::Email, email);
        let key = (caller.account_id, caller.mode, lookup);
        if let Some(id) = get(&self.inner.accounts.payers, &key) {
            return Ok(KnownPayer { id, new: None });
        }
        let known = match self.account_with_own(caller.site, email).await? {
            Some(id) => Some(id),
            None => {
                self.inner.store.payer(caller.account_id, caller.mode, &lookup).await?.map(|p| p.payer_id)
            }
        };
        if let Some(id) = known {
            put(&self.inner.accounts.payers, key, id);
            return Ok(KnownPayer { id, new: None });
        }
        let id = self.inner.ids.next();
        let new =
            PayerRecord { account_id: caller.account_id, mode: caller.mode, email: lookup, payer_id: id };
        Ok(KnownPayer { id, new: Some(new) })
    }
}

fn get<K: std::hash::Hash + Eq, V: Clone>(cache: &RwLock<HashMap<K, V>>, key: &K) -> Option<V> {
    cache.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(key).cloned()
}

fn put<K: std::hash::Hash + Eq, V>(cache: &RwLock<HashMap<K, V>>, key: K, value: V) {
    let mut cache = cache.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    if cache.len() >= MAX_CACHED {
        cache.clear();
    }
    cache.insert(key, value);
}
