//! Opening, refusing to open, and leaving nothing behind.

use crate::world::{NOON, SELLER, World, open, outcome, payment};
use pasarela_domain::identity::Mode;
use pasarela_store::{
    Changes, CommitError, Location, OpenError, PaymentRecord, RecordChange, Store, StoreOptions,
};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn options(directory: &Path) -> StoreOptions {
    StoreOptions::new(Location::Directory(directory.to_owned()))
}

async fn refusal(options: StoreOptions) -> OpenError {
    match Store::open(options).await {
        Ok(_) => panic!("it was opened"),
        Err(refusal) => refusal,
    }
}

#[tokio::test]
async fn a_second_user_of_the_same_data_is_refused_and_told_what_to_do() {
    let world = World::on_sqlite().await;
    let refused = refusal(options(world.directory())).await;
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused}");
    let lock = world.directory().join("pasarela.lock");
    assert!(refused.to_string().contains(lock.to_str().unwrap()) && refused.to_string().contains("--data"));
    // The first one goes on, and once it is closed the data can be used again.
    world.insert(&payment(1)).await;
    let world = world.reopened().await;
    assert!(world.stored(1).await.is_some());
}

#[tokio::test]
async fn a_store_can_be_read_beside_the_process_that_uses_it_and_not_changed() {
    let world = World::on_sqlite().await;
    world.insert(&payment(1)).await;
    let beside = Store::open(StoreOptions::read_only(world.directory().to_owned())).await.unwrap();
    assert_eq!(beside.payment(SELLER, Mode::Test, 1).await.unwrap(), Some(payment(1)));
    assert!(matches!(beside.commit(Changes::default()).await, Err(CommitError::Failed(_))));
    world.insert(&payment(2)).await;
    assert_eq!(beside.payment_by_id(2).await.unwrap(), Some(payment(2)));
    assert_eq!(beside.check_records().await.unwrap().faults, Vec::<String>::new());
}

#[tokio::test]
async fn where_there_is_nothing_a_command_that_only_looks_says_so_and_makes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("typo");
    for options in [StoreOptions::existing(missing.clone()), StoreOptions::read_only(missing.clone())] {
        let refused = refusal(options).await;
        assert!(matches!(refused, OpenError::NothingThere { .. }), "{refused}");
        assert!(refused.to_string().contains("typo"), "{refused}");
    }
    assert!(!missing.exists());
}

#[tokio::test]
async fn data_of_a_newer_version_is_refused_and_left_as_it_is() {
    let world = World::on_sqlite().await;
    world.insert(&payment(1)).await;
    world.store.clone().close().await;
    let file = world.directory().join("pasarela.db");
    let set_version = |version: i64| {
        let database = rusqlite::Connection::open(&file).unwrap();
        database.pragma_update(None, "user_version", version).unwrap();
    };
    let version: i64 = {
        let database = rusqlite::Connection::open(&file).unwrap();
        database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    };
    set_version(1_000);
    let refused = refusal(options(world.directory())).await;
    assert!(matches!(refused, OpenError::Newer { found: 1_000, .. }), "{refused}");
    set_version(version);
    let world = world.reopened().await;
    assert_eq!(world.stored(1).await, Some(payment(1)));
}

#[tokio::test]
async fn data_of_the_version_before_are_brought_up_to_date_and_lose_nothing() {
    let world = World::on_sqlite().await;
    world.insert(&payment(1)).await;
    let of_notifications = "DROP TABLE notification_setting; DROP INDEX delivery_held;
         ALTER TABLE delivery DROP COLUMN data; ALTER TABLE delivery_attempt DROP COLUMN exchange";
    let newer = "DROP INDEX delivery_unsettled; ALTER TABLE delivery DROP COLUMN turns_ahead; DROP TABLE login; DROP TABLE session; DROP TABLE account_entry; DROP TABLE checkout;";
    let world = world.changed_behind(&format!("{newer} PRAGMA user_version = 5;")).await;
    assert_eq!(world.stored(1).await, Some(payment(1)));
    // It has preferences and merchant orders from now on.
    world.commit(vec![crate::checkout::insert(crate::checkout::order(1))]).await.unwrap();
    world.assert_sound().await;
    let before = format!("{newer} {of_notifications}; PRAGMA user_version = 4;");
    let world = world.changed_behind(&before).await;
    // It has settings of notifications from now on.
    assert_eq!(world.store.notification_settings(7).await.unwrap(), vec![]);
    let before = format!(
        "{newer} {of_notifications}; ALTER TABLE payment DROP COLUMN traces; PRAGMA user_version = 3;"
    );
    let world = world.changed_behind(&before).await;
    // It has traces from now on.
    world.insert(&PaymentRecord { traces: vec![7], ..payment(2) }).await;
    world.assert_sound().await;
}

#[tokio::test]
async fn another_programs_file_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pasarela.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE theirs (id INTEGER)").unwrap();
    assert!(matches!(refusal(options(directory.path())).await, OpenError::NotOurs { .. }));
    let theirs = rusqlite::Connection::open(&file).unwrap();
    theirs.query_row("SELECT count(*) FROM theirs", [], |_| Ok(())).unwrap();
    drop(theirs);
    std::fs::write(&file, "not a database, but long enough to be taken for one ".repeat(100)).unwrap();
    assert!(matches!(refusal(options(directory.path())).await, OpenError::NotOurs { .. }));
}

#[cfg(unix)]
#[tokio::test]
async fn the_data_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("new").join("data");
    let store = open(&directory).await;
    assert_eq!(std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
    store.close().await;
}

#[tokio::test]
async fn an_ephemeral_store_works_like_any_other_and_leaves_nothing_behind() {
    let store = Store::open(StoreOptions::new(Location::Ephemeral)).await.unwrap();
    let changes = Changes {
        idempotency: Some(outcome(1, 1)),
        records: vec![RecordChange::InsertPayment(payment(1))],
        ..Changes::default()
    };
    store.commit(changes).await.unwrap();
    assert_eq!(store.payment_by_id(1).await.unwrap(), Some(payment(1)));
    let directory = ephemeral_directory_of(&store).await;
    assert!(directory.is_dir());
    store.close().await;
    assert!(!directory.exists());

    let dropped = Store::open(StoreOptions::new(Location::Ephemeral)).await.unwrap();
    let directory = ephemeral_directory_of(&dropped).await;
    drop(dropped);
    assert!(!directory.exists());
}

#[test]
fn ephemeral_stores_that_are_made_at_the_same_time_leave_each_other_alone() {
    let makers: Vec<_> = (0..12)
        .map(|_| {
            std::thread::spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    for _ in 0..25 {
                        let store = Store::open(StoreOptions::new(Location::Ephemeral)).await.unwrap();
                        store.close().await;
                    }
                });
            })
        })
        .collect();
    makers.into_iter().for_each(|maker| maker.join().unwrap());
}

#[tokio::test]
async fn what_an_ephemeral_store_of_a_killed_process_left_is_removed_by_the_next() {
    let left = tempfile::tempdir().unwrap().keep();
    std::fs::write(left.join("pasarela.lock"), "").unwrap();
    std::fs::write(left.join("pasarela.db"), "what is left").unwrap();
    // It appears whole: other tests open stores, too, and remove what they find.
    let number = left.file_name().unwrap().to_str().unwrap().trim_start_matches('.');
    let abandoned = left.with_file_name(format!("pasarela-ephemeral-{number}"));
    std::fs::rename(&left, &abandoned).unwrap();
    let in_use = Store::open(StoreOptions::new(Location::Ephemeral)).await.unwrap();
    // Where another test is just removing it, it was left alone.
    let until = Instant::now() + Duration::from_secs(60);
    while abandoned.exists() {
        assert!(Instant::now() < until, "it is removed");
        std::thread::yield_now();
    }
    let next = Store::open(StoreOptions::new(Location::Ephemeral)).await.unwrap();
    assert!(ephemeral_directory_of(&in_use).await.is_dir(), "one that is in use is left alone");
    next.close().await;
    in_use.close().await;
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let world = World::on_sqlite().await;
    let other_handle = world.store.clone();
    world.store.clone().close().await;
    assert!(matches!(other_handle.commit(Changes::default()).await, Err(CommitError::Failed(_))));
    assert!(other_handle.payment_by_id(1).await.is_err());
    assert!(!world.directory().join("pasarela.db-wal").exists(), "the log is emptied");
}

#[cfg(target_os = "linux")]
mod on_a_full_disk {
    use super::*;
    use crate::world::World;
    use std::process::Command;

    /// A file system of two megabytes; `None` where this user may not mount one.
    struct SmallDisk {
        mounted_at: tempfile::TempDir,
    }

    impl SmallDisk {
        fn mount() -> Option<SmallDisk> {
            let mounted_at = tempfile::tempdir().unwrap();
            let mounted = Command::new("mount")
                .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
                .arg(mounted_at.path())
                .output()
                .is_ok_and(|output| output.status.success());
            mounted.then_some(SmallDisk { mounted_at })
        }
    }

    impl Drop for SmallDisk {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("-l").arg(self.mounted_at.path()).status();
        }
    }

    #[tokio::test]
    async fn writes_are_refused_harm_nothing_and_work_again_once_there_is_room() {
        let Some(disk) = SmallDisk::mount() else {
            eprintln!("skipped: a small file system can't be mounted by this user");
            return;
        };
        let ballast = disk.mounted_at.path().join("ballast");
        let store = open(&disk.mounted_at.path().join("data")).await;
        let world = World::of_directory(store, tempfile::tempdir().unwrap()).await;
        world.insert(&payment(1)).await;
        std::fs::write(&ballast, vec![1; 1_200_000]).unwrap();

        let mut acknowledged = vec![1];
        let mut refused = 0;
        for id in 2..2_000 {
            let mut large = payment(id);
            let noise: String =
                (0..400_i64).map(|part| format!("{:x}", (id * 7919 + part) * 104_729)).collect();
            large.internals = format!("{{\"noise\":\"{noise}\"}}").into_bytes();
            let mut changes =
                Changes { records: vec![RecordChange::InsertPayment(large)], ..Changes::default() };
            changes.postings.push((Mode::Test, crate::world::sale(id, 100, 1)));
            changes.set_timers.push(crate::world::release(id, NOON));
            match world.store.commit(changes).await {
                Ok(()) => acknowledged.push(id),
                Err(cause) => {
                    assert_eq!(cause, CommitError::DiskFull);
                    refused += 1;
                }
            }
            if refused == 20 {
                break;
            }
        }
        assert_eq!(refused, 20, "the disk was never full");
        for id in &acknowledged {
            assert!(world.stored(*id).await.is_some(), "payment {id} was acknowledged");
        }
        std::fs::remove_file(&ballast).unwrap();
        let changes = Changes {
            records: vec![RecordChange::InsertPayment(payment(9_999))],
            postings: vec![(Mode::Test, crate::world::sale(9_999, 100, 1))],
            set_timers: vec![crate::world::release(9_999, NOON)],
            ..Changes::default()
        };
        world.store.commit(changes).await.unwrap();
        assert_eq!(world.stored(9_999).await, Some(payment(9_999)));
        world.assert_sound().await;
        let check = world.store.check_records().await.unwrap();
        assert!(check.records.contains(&("payment", acknowledged.len() as u64 + 1)), "{:?}", check.records);
    }
}

async fn ephemeral_directory_of(store: &Store) -> PathBuf {
    store.directory().unwrap().to_owned()
}
