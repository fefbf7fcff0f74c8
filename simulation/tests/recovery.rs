//! A password that is recovered, where the process may die before any of its commits.

use pasarela_domain::site::Site;
use pasarela_engine::audit::Actor;
use pasarela_engine::logins::Checked;
use pasarela_engine::people::NewPerson;
use pasarela_engine::{Engine, Nature, Parts, Vault};
use pasarela_store::memory::{Answer, CommitFate, Fate, Memory, Records};
use pasarela_store::{Changes, CommitError, Location, Store, StoreOptions};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const EMAIL: &str = "owner@example.com";
const OLD: &str = "correct horse";
const NEW: &str = "another horse";

/// So many commits are done, and none after them.
struct Dying(AtomicU64);

impl Dying {
    const ALIVE: u64 = u64::MAX / 2;
}

impl Fate for Dying {
    fn pauses(&self) -> u32 {
        0
    }

    fn of_read(&self) -> Answer {
        Answer::Given
    }

    fn of_commit(&self, _changes: &Changes) -> CommitFate {
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        match left {
            Ok(_) => CommitFate::Done,
            Err(_) => CommitFate::Refused(CommitError::Failed("the process is dead".to_owned())),
        }
    }

    fn committed(&self, _records: &Records, _changes: &Changes) {}
}

async fn open(memory: &Memory, vault: &Arc<Vault>, outbox: &Path) -> Engine {
    let store = Store::open(StoreOptions::new(Location::Memory(memory.clone()))).await.unwrap();
    let parts = Parts {
        store,
        vault: vault.clone(),
        outbox: Some(outbox.to_owned()),
        nature: Nature::default(),
        development: true,
        public_url: "http://localhost".to_owned(),
        test_clock: None,
    };
    Engine::assemble(parts).await.unwrap()
}

/// The word of the link that was sent.
async fn link(outbox: &Path) -> String {
    let started = Instant::now();
    loop {
        let files = std::fs::read_dir(outbox)
            .unwrap()
            .filter_map(|file| std::fs::read_to_string(file.unwrap().path()).ok());
        for message in files {
            if let Some((_, rest)) = message.split_once("/panel/recover/password?link=") {
                return rest.split_whitespace().next().unwrap().to_owned();
            }
        }
        assert!(started.elapsed() < Duration::from_secs(120), "a message comes");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_a_stranger_was_given_ends_with_its_password_or_with_neither() {
    let actor = Actor::operator("test");
    for last in 0..100 {
        let outbox = tempfile::tempdir().unwrap();
        let (fate, vault) = (Arc::new(Dying(AtomicU64::new(Dying::ALIVE))), Arc::new(Vault::ephemeral()));
        let memory = Memory::new(Records::default(), fate.clone());
        let engine = open(&memory, &vault, outbox.path()).await;
        let person = NewPerson { site: Site::MLA, email: EMAIL, name: "Ana", password: OLD };
        let stranger = engine.sign_up(person, &actor).await.unwrap().unwrap().account_id;
        let mut tokens = Vec::new();
        for name in ["One", "Another"] {
            let details = serde_json::json!({"name": name});
            let (_, secrets) =
                engine.create_application(stranger, details.as_object().unwrap(), &actor).await.unwrap();
            tokens.extend([secrets.test.access_token, secrets.test.public_key, secrets.live.access_token]);
        }
        engine.ask_recovery(EMAIL).unwrap();
        let word = link(outbox.path()).await;

        fate.0.store(last, Ordering::Relaxed);
        let recovered = engine.recover(&word, (NEW, ""), &actor).await;
        fate.0.store(Dying::ALIVE, Ordering::Relaxed);
        let engine = open(&memory, &vault, outbox.path()).await;
        let is_old = matches!(engine.check_password(EMAIL, OLD).await.unwrap(), Checked::Right(_));
        for token in &tokens {
            let works = engine.identify(token).await.unwrap().is_some();
            assert_eq!(works, is_old, "after {last} commits");
        }
        if recovered.is_ok() {
            assert!(!is_old && last > 0);
            assert!(matches!(engine.check_password(EMAIL, NEW).await.unwrap(), Checked::Right(_)));
            return;
        }
    }
    panic!("it takes no hundred commits");
}
