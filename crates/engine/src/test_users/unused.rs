//! Test users that nobody used for long end: they don't log in, their credentials stop, and their cards are erased. Payments that they
//! made or took stay.
//!
//! Each step can be done again: a process that dies between them leaves the entry at the maker, and the next look goes on.

use super::{Kept, buyer};
use crate::audit::Actor;
use crate::logins::another_password::TakenOver;
use crate::payments::MAX_ROUNDS;
use crate::{Engine, Failure};
use pasarela_domain::identity::AccountId;
use pasarela_domain::login::LoginState;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::{DAY, Timestamp};
use pasarela_store::{EntryChange, EntryKind, RecordChange};
use std::collections::BTreeMap;

/// How long one goes on without use.
pub const UNUSED_MS: i64 = 60 * DAY;
/// The entry of last uses that says when somebody logged in, at first when it was made: no application has this number.
const LOGIN: &str = "login";

impl Engine {
    /// Ends the test users of all accounts that nobody used for long.
    pub(crate) async fn end_unused_test_users(&self) -> Result<(), Failure> {
        let all = self.inner.store.account_entries_since(EntryKind::TestUser, Timestamp(i64::MIN)).await?;
        let mut makers: Vec<AccountId> = all.into_iter().map(|entry| entry.account_id).collect();
        makers.sort_unstable();
        makers.dedup();
        for maker in makers {
            self.end_unused_of(maker).await?;
        }
        Ok(())
    }

    /// Ends the test users of an account that nobody used for long.
    pub(crate) async fn end_unused_of(&self, maker: AccountId) -> Result<(), Failure> {
        let now = self.inner.clock.wall();
        for kept in self.entries::<Kept>(maker, EntryKind::TestUser, None, 1_000).await? {
            let Ok(id) = kept.name.parse() else { continue };
            match self.last_use_of(id).await? {
                Some(last) if last.plus_ms(UNUSED_MS) <= now => {}
                Some(_) => continue,
                // It was made before logins were noted: its time begins now.
                None => {
                    self.note_login(id).await?;
                    continue;
                }
            }
            self.end_test_user(id, kept.value.site).await?;
            let (actor, name) = (upkeep(), id.to_string());
            let (kind, version) = (EntryKind::TestUser, kept.version);
            let gone = EntryChange::Delete { account_id: maker, kind, name: name.clone(), version };
            let act = self.audited(maker, &actor, "test_user.ended", &name, "it was not used for 60 days")?;
            // Another node may have done it.
            self.try_commit(vec![RecordChange::AccountEntry(gone), act]).await?;
        }
        Ok(())
    }

    /// Notes that a test user has logged in.
    pub(crate) async fn note_login(&self, account_id: AccountId) -> Result<(), Failure> {
        if !self.is_test_user(account_id).await? {
            return Ok(());
        }
        let known = self.entry::<BTreeMap<String, i64>>(account_id, EntryKind::LastUse, LOGIN).await?;
        let change = self.login_noted(account_id, known.map_or(0, |known| known.version))?;
        // Who was faster wrote the same.
        self.try_commit(vec![change]).await.map(drop)
    }

    /// The change that notes a login; `version` is the one that was read.
    pub(super) fn login_noted(&self, account_id: AccountId, version: i64) -> Result<RecordChange, Failure> {
        let uses = BTreeMap::from([(LOGIN, self.inner.clock.wall().0)]);
        self.set_entry(account_id, EntryKind::LastUse, LOGIN, version, &uses)
    }

    /// When it logged in last, or one of its credentials was used; `None` where no login was ever noted.
    async fn last_use_of(&self, id: AccountId) -> Result<Option<Timestamp>, Failure> {
        let uses = self.entries::<BTreeMap<String, i64>>(id, EntryKind::LastUse, None, 1_000).await?;
        if uses.iter().all(|uses| uses.name != LOGIN) {
            return Ok(None);
        }
        Ok(uses.into_iter().flat_map(|uses| uses.value.into_values()).max().map(Timestamp))
    }

    async fn end_test_user(&self, id: AccountId, site: Site) -> Result<(), Failure> {
        let actor = upkeep();
        for application in self.applications(id).await? {
            match self.delete_application(id, application.id, &actor).await {
                // Another node was faster.
                Ok(()) | Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        let wallet = buyer(id, site);
        if let Some((_, state)) = self.customer_of_user(&wallet, id).await? {
            match self.delete_customer(&wallet, &state.customer.id, None).await {
                Ok(_) | Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        for _ in 0..MAX_ROUNDS {
            let Some(login) = self.login_of(id).await?.filter(|login| !login.state.is_closed) else {
                return Ok(());
            };
            let state = LoginState { is_closed: true, ..login.state.clone() };
            let act = self.audited(id, &actor, "login.closed", &id.to_string(), "")?;
            if self.try_login(&login, &state, vec![act], TakenOver::default(), &actor).await? {
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }
}

fn upkeep() -> Actor {
    Actor { name: "upkeep".to_owned(), address: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logins::Checked;
    use crate::test_users::{MOST_TEST_USERS, NewTestUser, TestUser};
    use crate::{Nature, Parts, seeds};
    use pasarela_domain::identity::Mode;
    use pasarela_domain::login::SessionScope;
    use pasarela_store::{Location, Store, StoreOptions};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    async fn world(time: &Arc<AtomicI64>) -> Engine {
        let told = time.clone();
        let wall = Arc::new(move || Timestamp(told.load(Ordering::Relaxed)));
        let engine = Engine::assemble(Parts {
            store: Store::open(StoreOptions::new(Location::Ephemeral)).await.unwrap(),
            vault: Arc::new(pasarela_vault::Vault::ephemeral()),
            outbox: None,
            nature: Nature { wall, ..Nature::default() },
            development: true,
            public_url: "http://localhost".to_owned(),
            test_clock: None,
        });
        engine.await.unwrap()
    }

    async fn create(engine: &Engine) -> Result<TestUser, Failure> {
        let maker = seeds::sellers()[0].account.id;
        let new = NewTestUser { site: Site::MLB, description: String::new(), amount: None };
        engine.create_test_user(maker, &new, &Actor::operator("test")).await
    }

    /// Whether it logs in, whether its credentials work, and how many cards it has.
    async fn state(engine: &Engine, user: &TestUser) -> (bool, bool, usize) {
        let checked = engine.check_password(&user.nickname, &user.password).await.unwrap();
        let caller = engine.identify(&user.credentials.test.access_token).await.unwrap();
        let owner = engine.wallet_owner(user.id).await.unwrap().unwrap();
        let wallet = engine.wallet(owner, Mode::Test).await.unwrap();
        (matches!(checked, Checked::Right(_)), caller.is_some(), wallet.cards.len())
    }

    #[tokio::test]
    async fn who_is_not_used_for_sixty_days_ends_and_makes_room() {
        let time = Arc::new(AtomicI64::new(1_800_000_000_000));
        let engine = world(&time).await;
        let mut users = Vec::new();
        for _ in 0..MOST_TEST_USERS {
            users.push(create(&engine).await.unwrap());
        }
        time.fetch_add(UNUSED_MS - 1, Ordering::Relaxed);
        engine.end_unused_test_users().await.unwrap();
        assert!(create(&engine).await.is_err(), "all are alive");
        let name = (users[0].password.as_str(), "");
        engine.log_in(&users[0].nickname, name, SessionScope::Wallet).await.unwrap();
        engine.identify(&users[1].credentials.live.access_token).await.unwrap().expect("it works");
        engine.write_last_uses().await.unwrap();

        time.fetch_add(1, Ordering::Relaxed);
        engine.end_unused_test_users().await.unwrap();
        for (index, user) in users.iter().enumerate() {
            let expected = if index < 2 { (true, true, 7) } else { (false, false, 0) };
            assert_eq!(state(&engine, user).await, expected, "{index}");
        }
        engine.ask_recovery(&users[2].email).unwrap();
        create(&engine).await.unwrap();
        let log = engine.audit_log(seeds::sellers()[0].account.id, None, 100).await.unwrap();
        assert_eq!(log.results.iter().filter(|act| act.act == "test_user.ended").count(), 8);

        // Its maker's next one ends them, too, without the look of the hour.
        time.fetch_add(UNUSED_MS, Ordering::Relaxed);
        create(&engine).await.unwrap();
        assert_eq!(state(&engine, &users[0]).await, (false, false, 0));
    }
}
