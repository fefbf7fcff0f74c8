//! A backup is whole, opens as a store, and never replaces anything.

use crate::world::{World, open, payment, sale};
use pasarela_domain::identity::Mode;
use pasarela_store::{BackupError, Changes, RecordChange};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

async fn pay(world: &World, id: i64) {
    let changes = Changes {
        records: vec![RecordChange::InsertPayment(payment(id))],
        postings: vec![(Mode::Test, sale(id, 1_000, 50))],
        ..Changes::default()
    };
    world.store.commit(changes).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_whole_and_opens_as_a_store() {
    let world = Arc::new(World::on_sqlite().await);
    for id in 1..=200 {
        pay(&world, id).await;
    }
    let target = tempfile::tempdir().unwrap();
    let file = target.path().join("pasarela.db");
    let (stop, last) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(200)));
    let load = {
        let (world, stop, last) = (world.clone(), stop.clone(), last.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let id = last.fetch_add(1, Ordering::Relaxed) + 1;
                pay(&world, id).await;
            }
        })
    };
    let copied = Arc::new(AtomicU64::new(0));
    let seen = copied.clone();
    world
        .store
        .backup(&file, move |done, all| seen.store(done * 100 / all, Ordering::Relaxed))
        .await
        .unwrap();
    stop.store(true, Ordering::Relaxed);
    load.await.unwrap();
    assert_eq!(copied.load(Ordering::Relaxed), 100);
    assert_eq!(std::fs::read_dir(target.path()).unwrap().count(), 1, "only the backup is there");

    let restored = World::of_directory(open(target.path()).await, target).await;
    restored.assert_sound().await;
    for id in 1..=200 {
        assert_eq!(restored.stored(id).await, Some(payment(id)));
    }
    pay(&restored, 1_000_000).await;
    restored.assert_sound().await;
}

#[tokio::test]
async fn a_backup_never_replaces_a_file_and_a_failed_one_leaves_nothing() {
    let world = World::on_sqlite().await;
    let target = tempfile::tempdir().unwrap();
    let file = target.path().join("backup.db");
    std::fs::write(&file, "precious").unwrap();
    let refused = world.store.backup(&file, |_, _| {}).await;
    assert!(matches!(refused, Err(BackupError::Exists { .. })), "{refused:?}");
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");

    let nowhere = target.path().join("missing").join("backup.db");
    let refused = world.store.backup(&nowhere, |_, _| {}).await;
    assert!(matches!(refused, Err(BackupError::File { .. })), "{refused:?}");
    assert_eq!(std::fs::read_dir(target.path()).unwrap().count(), 1);
}
