//! What an account keeps beside its payments: one writer at a time, found by account, kind and name.

use crate::world::{NOON, SELLER, World};
use pasarela_store::{AccountEntry, Changes, CommitError, ENTRY_KINDS, EntryChange, EntryKind, RecordChange};

on_both_stores! {
    an_entry_has_one_writer_at_a_time,
    a_deleted_entry_is_gone_and_may_come_again,
    entries_are_listed_by_name_and_found_by_when_they_changed,
    every_kind_is_kept,
}

fn entry(kind: EntryKind, name: &str, version: i64) -> AccountEntry {
    AccountEntry {
        account_id: SELLER,
        kind,
        name: name.to_owned(),
        version,
        changed: NOON,
        body: format!("{{\"v\":{version}}}").into_bytes(),
    }
}

async fn commit(world: &World, changes: Vec<EntryChange>) -> Result<(), CommitError> {
    let records = changes.into_iter().map(RecordChange::AccountEntry).collect();
    world.store.commit(Changes { records, ..Changes::default() }).await
}

async fn set(world: &World, entry: AccountEntry) -> Result<(), CommitError> {
    commit(world, vec![EntryChange::Set(entry)]).await
}

async fn an_entry_has_one_writer_at_a_time(world: World) {
    let kind = EntryKind::Application;
    set(&world, entry(kind, "7", 0)).await.unwrap();
    let twice = set(&world, entry(kind, "7", 0)).await;
    assert_eq!(twice, Err(CommitError::AlreadyExists("account entry")));
    set(&world, entry(kind, "7", 1)).await.unwrap();
    assert_eq!(set(&world, entry(kind, "7", 1)).await, Err(CommitError::VersionConflict));
    assert_eq!(set(&world, entry(kind, "8", 1)).await, Err(CommitError::VersionConflict));
    let found = world.store.account_entry(SELLER, kind, "7").await.unwrap().unwrap();
    assert_eq!((found.version, found.body), (2, b"{\"v\":1}".to_vec()));
    // All of a commit, or nothing.
    let both = vec![EntryChange::Set(entry(kind, "9", 0)), EntryChange::Set(entry(kind, "7", 1))];
    assert_eq!(commit(&world, both).await, Err(CommitError::VersionConflict));
    assert_eq!(world.store.account_entry(SELLER, kind, "9").await.unwrap(), None);
    for (account, kind, name) in
        [(SELLER + 1, kind, "7"), (SELLER, EntryKind::Policies, "7"), (SELLER, kind, "7\0")]
    {
        assert_eq!(world.store.account_entry(account, kind, name).await.unwrap(), None);
    }
}

async fn a_deleted_entry_is_gone_and_may_come_again(world: World) {
    let kind = EntryKind::Grant;
    let delete = |version| {
        let name = "ab".to_owned();
        vec![EntryChange::Delete { account_id: SELLER, kind, name, version }]
    };
    assert_eq!(commit(&world, delete(1)).await, Err(CommitError::VersionConflict));
    set(&world, entry(kind, "ab", 0)).await.unwrap();
    assert_eq!(commit(&world, delete(2)).await, Err(CommitError::VersionConflict));
    // Two who spend it at once: one does.
    let (one, other) = tokio::join!(commit(&world, delete(1)), commit(&world, delete(1)));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert_eq!(world.store.account_entry(SELLER, kind, "ab").await.unwrap(), None);
    set(&world, entry(kind, "ab", 0)).await.unwrap();
}

async fn entries_are_listed_by_name_and_found_by_when_they_changed(world: World) {
    for name in ["0001", "0002", "0003", "Z", "a"] {
        set(&world, entry(EntryKind::Audit, name, 0)).await.unwrap();
    }
    set(&world, entry(EntryKind::Member, "5", 0)).await.unwrap();
    let names = async |before: Option<&str>, limit| {
        let found = world.store.account_entries(SELLER, EntryKind::Audit, before, limit).await.unwrap();
        found.into_iter().map(|entry| entry.name).collect::<Vec<_>>()
    };
    assert_eq!(names(None, 10).await, ["a", "Z", "0003", "0002", "0001"]);
    assert_eq!(names(Some("Z"), 2).await, ["0003", "0002"]);
    assert_eq!(names(Some("0001"), 2).await, [""; 0]);
    let later = AccountEntry { changed: NOON.plus_ms(5), ..entry(EntryKind::Audit, "0002", 1) };
    set(&world, later).await.unwrap();
    let since = world.store.account_entries_since(EntryKind::Audit, NOON.plus_ms(5)).await.unwrap();
    assert_eq!(since.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["0002"]);
    assert_eq!(world.store.account_entries_since(EntryKind::Audit, NOON).await.unwrap().len(), 5);
}

async fn every_kind_is_kept(world: World) {
    for kind in ENTRY_KINDS {
        set(&world, entry(kind, "", 0)).await.unwrap();
        let found = world.store.account_entry(SELLER, kind, "").await.unwrap().unwrap();
        assert_eq!(found.kind, kind);
    }
}
