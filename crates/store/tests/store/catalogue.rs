//! Versions of the catalogue: each follows the one that was read, and none is forgotten.

use crate::world::{NOON, World};
use pasarela_store::{CatalogueRecord, Changes, CommitError, RecordChange};

on_both_stores!(
    a_version_follows_the_newest_one_and_no_other,
    of_two_that_follow_the_same_version_one_is_refused,
    versions_survive_a_restart_and_are_proven,
);

fn record(version: i64) -> CatalogueRecord {
    CatalogueRecord {
        version,
        applied: NOON,
        author: "ana".to_owned(),
        comment: format!("the {version}th"),
        document: br#"{"MLB": {}}"#.to_vec(),
    }
}

fn changes(version: i64) -> Changes {
    Changes { records: vec![RecordChange::InsertCatalogue(record(version))], ..Changes::default() }
}

async fn a_version_follows_the_newest_one_and_no_other(world: World) {
    let store = &world.store;
    assert_eq!(store.catalogue_version().await.unwrap(), 0);
    assert_eq!(store.commit(changes(2)).await, Err(CommitError::VersionConflict));
    store.commit(changes(1)).await.unwrap();
    assert_eq!(store.commit(changes(1)).await, Err(CommitError::VersionConflict));
    store.commit(changes(2)).await.unwrap();
    assert_eq!(store.catalogue_version().await.unwrap(), 2);
    assert_eq!(store.catalogue(1).await.unwrap(), Some(record(1)));
    assert_eq!(store.catalogue(3).await.unwrap(), None);
    let heads: Vec<_> = store.catalogues().await.unwrap();
    assert_eq!(heads.iter().map(|head| head.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(heads[0], CatalogueRecord { document: Vec::new(), ..record(2) });
}

async fn of_two_that_follow_the_same_version_one_is_refused(world: World) {
    let (one, other) = tokio::join!(world.store.commit(changes(1)), world.store.commit(changes(1)));
    let refused = [&one, &other].into_iter().filter(|outcome| **outcome == Err(CommitError::VersionConflict));
    assert_eq!(refused.count(), 1, "{one:?} {other:?}");
    assert_eq!(world.store.catalogues().await.unwrap().len(), 1);
}

async fn versions_survive_a_restart_and_are_proven(world: World) {
    world.store.commit(changes(1)).await.unwrap();
    let mut broken = record(2);
    broken.document = b"{".to_vec();
    let world = world.reopened().await;
    assert_eq!(world.store.catalogue(1).await.unwrap(), Some(record(1)));
    assert_eq!(world.store.check_records().await.unwrap().faults, Vec::<String>::new());
    let broken = Changes { records: vec![RecordChange::InsertCatalogue(broken)], ..Changes::default() };
    world.store.commit(broken).await.unwrap();
    let faults = world.store.check_records().await.unwrap().faults;
    assert_eq!(faults, ["catalogue version 2: its document can't be read"]);
}
