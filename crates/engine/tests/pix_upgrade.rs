//! Sellers of the time before there were Pix keys get one, once.

use pasarela_domain::site::Site;
use pasarela_engine::audit::Actor;
use pasarela_engine::enrolment::NewAccount;
use pasarela_engine::{Engine, Nature, Parts, Vault};
use pasarela_store::{Changes, EntryChange, EntryKind, Location, RecordChange, Store, StoreOptions};
use std::sync::Arc;

async fn start(store: &Store, vault: &Arc<Vault>) -> Engine {
    let engine = Engine::assemble(Parts {
        store: store.clone(),
        vault: vault.clone(),
        outbox: None,
        nature: Nature::default(),
        development: false,
        public_url: "http://localhost".to_owned(),
        test_clock: None,
    });
    engine.await.unwrap()
}

#[tokio::test]
async fn a_seller_without_a_key_is_given_one_once() {
    let store = Store::open(StoreOptions::new(Location::Ephemeral)).await.unwrap();
    let vault = Arc::new(Vault::ephemeral());
    let engine = start(&store, &vault).await;
    let actor = Actor::operator("test");
    let mut sellers = Vec::new();
    for site in [Site::MLB, Site::MLA] {
        let new = NewAccount { site, email: "ana@example.com".to_owned(), name: None };
        sellers.push(engine.enrol(&new, &actor).await.unwrap().account.user_id);
    }
    for key in engine.pix_keys(sellers[0]).await.unwrap() {
        engine.delete_pix_key(sellers[0], &key.key, &actor).await.unwrap();
    }
    let engine = start(&store, &vault).await;
    assert!(engine.pix_keys(sellers[0]).await.unwrap().is_empty(), "who deletes the last key wants no Pix");

    // The store as an older version left it.
    let mark = store.account_entry(0, EntryKind::Upgrade, "pix_keys").await.unwrap().expect("the mark");
    let (account_id, kind, name, version) = (0, mark.kind, mark.name, mark.version);
    let delete = RecordChange::AccountEntry(EntryChange::Delete { account_id, kind, name, version });
    store.commit(Changes { records: vec![delete], ..Changes::default() }).await.unwrap();
    let engine = start(&store, &vault).await;
    assert!(engine.takes_pix(sellers[0], Site::MLB).await.unwrap());
    let log = engine.audit_log(sellers[0], None, 10).await.unwrap();
    assert_eq!(log.results[0].actor, "the upgrade to Pix keys");
    assert!(engine.pix_keys(sellers[1]).await.unwrap().is_empty(), "Argentina has none");
    start(&store, &vault).await;
    assert_eq!(engine.pix_keys(sellers[0]).await.unwrap().len(), 1);
}
