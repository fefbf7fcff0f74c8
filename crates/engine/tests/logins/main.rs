//! Logins and sessions through the engine, on a store of the real kind, in a time that the test tells.

mod second_factor;

use pasarela_domain::identity::AccountId;
use pasarela_domain::login::SessionScope;
use pasarela_domain::timestamp::Timestamp;
use pasarela_engine::audit::Actor;
use pasarela_engine::logins::{Checked, KnownLogin, NewLogin};
use pasarela_engine::sessions::{IDLE_MS, LIFE_MS, NewSession};
use pasarela_engine::{Engine, Nature, Parts, Vault, seeds};
use pasarela_store::{Location, Store, StoreOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const NOON: i64 = 1_800_000_000_000;
const WALLET: SessionScope = SessionScope::Wallet;

struct World {
    engine: Engine,
    time: Arc<AtomicI64>,
    store: Store,
    vault: Arc<Vault>,
}

impl World {
    async fn new() -> World {
        let store = Store::open(StoreOptions::new(Location::Ephemeral)).await.unwrap();
        World::on(store, Arc::new(Vault::ephemeral()), true).await
    }

    async fn on(store: Store, vault: Arc<Vault>, development: bool) -> World {
        let time = Arc::new(AtomicI64::new(NOON));
        let told = time.clone();
        let wall = Arc::new(move || Timestamp(told.load(Ordering::Relaxed)));
        let engine = Engine::assemble(Parts {
            store: store.clone(),
            vault: vault.clone(),
            outbox: None,
            nature: Nature { wall, ..Nature::default() },
            development,
            public_url: "http://localhost".to_owned(),
            test_clock: None,
        });
        World { engine: engine.await.unwrap(), time, store, vault }
    }

    fn pass(&self, ms: i64) {
        self.time.fetch_add(ms, Ordering::Relaxed);
    }

    async fn check(&self, name: &str, password: &str) -> Checked<KnownLogin> {
        self.engine.check_password(name, password).await.unwrap()
    }

    async fn log_in(&self) -> NewSession {
        let (name, password) = buyer();
        match self.engine.log_in(&name, (&password, ""), WALLET).await.unwrap() {
            Checked::Right((token, _)) => token,
            other => panic!("{other:?}"),
        }
    }

    async fn is_open(&self, token: &NewSession) -> bool {
        self.engine.session(token.reveal(), WALLET).await.unwrap().is_some()
    }
}

fn buyer_id() -> AccountId {
    seeds::buyers()[0].account.id
}

fn buyer() -> (String, String) {
    let buyer = &seeds::buyers()[0].account;
    (buyer.nickname.clone(), seeds::logins::login_of(buyer.id).unwrap().password.clone())
}

#[tokio::test]
async fn a_buyer_logs_in_by_either_name_however_it_is_written() {
    let world = World::new().await;
    let (_, password) = buyer();
    let account = &seeds::buyers()[0].account;
    for name in [account.nickname.to_lowercase(), format!(" {} ", account.email.to_uppercase())] {
        let checked = world.check(&name, &password).await;
        assert!(matches!(checked, Checked::Right(login) if login.account_id == account.id), "{name}");
    }
    for (name, wrong) in [
        (account.nickname.as_str(), "qatest000000"),
        (account.nickname.as_str(), ""),
        (account.nickname.as_str(), &*"a".repeat(5_000)),
        ("nobody", password.as_str()),
        ("", password.as_str()),
        (seeds::buyers()[1].account.email.as_str(), password.as_str()),
    ] {
        assert!(matches!(world.check(name, wrong).await, Checked::Wrong), "{name}");
    }
}

#[tokio::test]
async fn ten_wrong_passwords_shut_a_name_for_a_while_and_do_not_tell_the_other_one() {
    let world = World::new().await;
    let (name, password) = buyer();
    let email = &seeds::buyers()[0].account.email;
    for _ in 0..10 {
        assert!(matches!(world.check(&name, "wrong").await, Checked::Wrong));
    }
    assert!(
        matches!(world.check(email, "wrong").await, Checked::Wrong),
        "that it is the same login's nobody learns"
    );
    for name in [&name] {
        let checked = world.check(name, &password).await;
        assert!(matches!(checked, Checked::TooMany { retry_after_s: 901 }), "{checked:?}");
    }
    world.pass(15 * 60_000);
    assert!(matches!(world.check(&name, &password).await, Checked::Right(_)));
}

#[tokio::test]
async fn a_session_ends_when_it_is_told_when_it_is_idle_and_when_it_is_old() {
    let world = World::new().await;
    let token = world.log_in().await;
    assert!(world.is_open(&token).await);
    assert!(world.engine.session(token.reveal(), SessionScope::Panel).await.unwrap().is_none());
    for forged in ["", "7", "7.abc", &token.reveal().replace('.', ".0"), &"9".repeat(5_000)] {
        assert!(world.engine.session(forged, WALLET).await.unwrap().is_none(), "{forged}");
    }
    world.engine.end_session(token.reveal()).await.unwrap();
    assert!(!world.is_open(&token).await);
    world.engine.end_session(token.reveal()).await.unwrap();

    let idle = world.log_in().await;
    world.pass(IDLE_MS);
    assert!(!world.is_open(&idle).await);

    let old = world.log_in().await;
    let uses = LIFE_MS / (IDLE_MS / 2);
    for _ in 1..uses {
        world.pass(IDLE_MS / 2);
        assert!(world.is_open(&old).await);
    }
    world.pass(IDLE_MS / 2);
    assert!(!world.is_open(&old).await, "however much it was used");
}

#[tokio::test]
async fn another_password_ends_all_sessions_and_the_old_one_starts_none() {
    let world = World::new().await;
    let (name, password) = buyer();
    let token = world.log_in().await;
    let Checked::Right(login) = world.check(&name, &password).await else { panic!("it is right") };
    let actor = Actor::operator("test");
    world.engine.change_password(&login, "another one", &[], &actor).await.unwrap();
    assert!(!world.is_open(&token).await);
    assert!(matches!(world.check(&name, &password).await, Checked::Wrong));
    assert!(world.engine.start_session(&login, WALLET).await.is_err(), "read before the change");
    assert!(world.engine.change_password(&login, "a third one", &[], &actor).await.is_err());
    let Checked::Right(login) = world.check(&name, "another one").await else { panic!("it is right") };
    world.engine.start_session(&login, WALLET).await.unwrap();
}

#[tokio::test]
async fn an_account_has_twenty_sessions_and_the_least_used_one_gives_way() {
    let world = World::new().await;
    let login = world.engine.login_of(buyer_id()).await.unwrap().unwrap();
    let mut tokens = Vec::new();
    for _ in 0..20 {
        tokens.push(world.engine.start_session(&login, WALLET).await.unwrap().0);
        world.pass(1_000);
    }
    world.pass(10 * 60_000);
    assert!(world.is_open(&tokens[0]).await, "and is used now");
    let last = world.engine.start_session(&login, WALLET).await.unwrap().0;
    assert!(!world.is_open(&tokens[1]).await);
    for token in [&tokens[0], &tokens[2], &last] {
        assert!(world.is_open(token).await);
    }
}

#[tokio::test]
async fn a_form_belongs_to_one_secret_and_one_purpose() {
    let world = World::new().await;
    let word = world.engine.form_word("secret", "pay 7");
    assert!(world.engine.is_form_word("secret", "pay 7", &word));
    for (secret, form, said) in [
        ("other", "pay 7", word.as_str()),
        ("secret", "pay 8", &word),
        ("secret", "pay 7", ""),
        ("secret\npay", "7", &word),
    ] {
        assert!(!world.engine.is_form_word(secret, form, said));
    }
}

#[tokio::test]
async fn what_everybody_knows_opens_nothing_outside_development() {
    let development = World::new().await;
    let token = development.log_in().await;
    let production = World::on(development.store.clone(), development.vault.clone(), false).await;
    let (name, password) = buyer();
    assert!(matches!(production.check(&name, &password).await, Checked::Wrong));
    assert!(!production.is_open(&token).await, "a session from then, neither");
}

#[tokio::test]
async fn a_new_login_is_hashed_and_found() {
    let world = World::new().await;
    let record = world
        .engine
        .new_login(NewLogin {
            account_id: 5,
            nickname: "Ana.Maria",
            email: "Ana@Example.com",
            password: "correct horse",
            email_verified: true,
        })
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&record.body).contains("correct horse"));
    let change = pasarela_store::RecordChange::Login(pasarela_store::LoginChange::Insert(record));
    world
        .store
        .commit(pasarela_store::Changes { records: vec![change], ..Default::default() })
        .await
        .unwrap();
    for name in ["ana.maria", "ana@example.com"] {
        assert!(matches!(world.check(name, "correct horse").await, Checked::Right(_)));
    }
}

#[tokio::test]
async fn a_store_of_before_there_were_logins_gets_them() {
    let store = Store::open(StoreOptions::new(Location::Ephemeral)).await.unwrap();
    let vault = Arc::new(Vault::ephemeral());
    let mut changes = seeds::changes(&vault);
    changes.records.retain(|record| !matches!(record, pasarela_store::RecordChange::Login(_)));
    store.commit(changes).await.unwrap();
    let world = World::on(store, vault, true).await;
    world.log_in().await;
}
