//! Node numbers, the fence around commits, and how the work is shared.

use super::{bare, eventually, execute, number};
use crate::world::{World, payment};
use pasarela_store::{Changes, CommitError, RecordChange, Store, WORK_SHARES};

/// Holds every number that is free for an hour.
const TAKE_FREE_NUMBERS: &str = "UPDATE node SET holder = md5(random()::text)::uuid,
    expires = now() + interval '1 hour' WHERE holder IS NULL";

fn inserting(id: i64) -> Changes {
    Changes { records: vec![RecordChange::InsertPayment(payment(id))], ..Changes::default() }
}

/// Ends the lease of the node with `node_number`, as time would.
async fn end_lease(world: &World, node_number: u8) {
    let sql = format!("UPDATE node SET expires = now() - interval '1 second' WHERE number = {node_number}");
    execute(world, &sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_have_different_numbers_and_give_them_back() {
    let world = World::on_postgres().await;
    let stores = [bare(&world).await, bare(&world).await, bare(&world).await];
    let mut numbers = vec![world.store.lease().node];
    for store in &stores {
        numbers.push(store.renew_lease().await.unwrap().node);
        assert_eq!(store.renew_lease().await.unwrap().node, numbers[numbers.len() - 1]);
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 4);
    for store in stores {
        store.clone().close().await;
        assert!(!store.holds_lease());
        assert!(store.renew_lease().await.is_err());
    }
    assert_eq!(number(&world, "SELECT count(*) FROM node WHERE holder IS NOT NULL").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_number_writes_nothing_until_it_has_another() {
    let world = World::on_postgres().await;
    let (paused, next) = (bare(&world).await, bare(&world).await);
    let lost = paused.renew_lease().await.unwrap();
    paused.commit(inserting(1)).await.unwrap();
    execute(&world, TAKE_FREE_NUMBERS).await;
    assert!(next.renew_lease().await.is_err());

    end_lease(&world, lost.node).await;
    assert_eq!(paused.commit(inserting(2)).await, Err(CommitError::LeaseLost));
    let taken_over = next.renew_lease().await.unwrap();
    assert_eq!(taken_over.node, lost.node);
    assert!(taken_over.ids_after >= lost.ids_before, "{taken_over:?} after {lost:?}");
    assert!(taken_over.ids_before > taken_over.ids_after);
    assert_eq!(paused.commit(inserting(2)).await, Err(CommitError::LeaseLost));
    assert!(paused.renew_lease().await.is_err());
    next.commit(inserting(3)).await.unwrap();

    execute(&world, "UPDATE node SET holder = NULL WHERE number = (SELECT max(number) FROM node)").await;
    let another = paused.renew_lease().await.unwrap();
    assert_ne!(another.node, lost.node);
    paused.commit(inserting(2)).await.unwrap();
    assert_eq!(number(&world, "SELECT count(*) FROM payment").await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_ended_and_was_not_taken_goes_on() {
    let world = World::on_postgres().await;
    let store = bare(&world).await;
    let lease = store.renew_lease().await.unwrap();
    end_lease(&world, lease.node).await;
    assert_eq!(store.commit(inserting(1)).await, Err(CommitError::LeaseLost));
    let renewed = store.renew_lease().await.unwrap();
    assert_eq!((renewed.node, renewed.ids_after), (lease.node, lease.ids_after));
    store.commit(inserting(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_knows_by_its_own_clock_when_its_lease_has_ended() {
    let world = World::on_postgres().await;
    let store = bare(&world).await;
    assert!(!store.holds_lease());
    let lease = store.renew_lease().await.unwrap();
    assert!(store.holds_lease());
    assert!(lease.expires_in.is_some());
    eventually("the lease has ended", || async { !store.holds_lease() }).await;
    assert_eq!(store.due_timers(pasarela_domain::timestamp::Timestamp(i64::MAX), 9).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_asks_for_no_lease_commits_all_the_same() {
    let world = World::on_postgres().await;
    let tool = bare(&world).await;
    tool.commit(inserting(1)).await.unwrap();
    end_lease(&world, tool.lease().node).await;
    tool.commit(inserting(2)).await.unwrap();
    assert_eq!(number(&world, "SELECT count(*) FROM payment").await, 2);
}

/// Whether `stores` hold all shares, each one once, and none of them more than its part.
async fn is_divided(stores: &[&Store]) -> bool {
    let fair = WORK_SHARES.div_ceil(stores.len() as u32);
    let mut all = Vec::new();
    for store in stores {
        let shares: Vec<u32> = store.renew_lease().await.unwrap().shares.iter().collect();
        if shares.len() > fair as usize {
            return false;
        }
        all.extend(shares);
    }
    all.sort_unstable();
    all == (0..WORK_SHARES).collect::<Vec<u32>>()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_work_is_shared_by_the_nodes_that_live() {
    let world = World::on_postgres().await;
    let (second, third) = (bare(&world).await, bare(&world).await);
    eventually("one has all", || is_divided(&[&world.store])).await;
    eventually("two have half each", || is_divided(&[&world.store, &second])).await;
    eventually("three have a third each", || is_divided(&[&world.store, &second, &third])).await;
    // One ends in good order, and one dies.
    second.close().await;
    eventually("two have half each again", || is_divided(&[&world.store, &third])).await;
    end_lease(&world, third.lease().node).await;
    eventually("one has all again", || is_divided(&[&world.store])).await;
}
