//! Node numbers, the fence around commits, and how the work is shared.

use super::{bare, eventually, execute, number};
use crate::world::{World, payment};
use pasarela_store::{Changes, CommitError, NodeLease, RecordChange, Store, WORK_SHARES};
use std::time::Instant;

/// Holds every number that is free for an hour.
const TAKE_FREE_NUMBERS: &str = "UPDATE node SET holder = md5(random()::text)::uuid,
    expires = now() + interval '1 hour' WHERE holder IS NULL";

/// Takes a number that does not end by itself, however slow the test is.
async fn take(world: &World, store: &Store) -> NodeLease {
    let lease = store.renew_lease().await.unwrap();
    let sql = format!("UPDATE node SET expires = now() + interval '1 hour' WHERE number = {}", lease.node);
    execute(world, &sql).await;
    lease
}

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
        numbers.push(take(&world, store).await.node);
        assert_eq!(take(&world, store).await.node, numbers[numbers.len() - 1]);
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
async fn a_new_node_waits_for_a_number_whose_holder_is_dead() {
    let world = World::on_postgres().await;
    let next = bare(&world).await;
    execute(&world, TAKE_FREE_NUMBERS).await;
    let of_the_dead = (world.store.lease().node + 1) % 32;
    let soon = format!("UPDATE node SET expires = now() + interval '1 second' WHERE number = {of_the_dead}");
    execute(&world, &soon).await;
    assert_eq!(next.renew_lease().await.unwrap().node, of_the_dead);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_number_writes_nothing_until_it_has_another() {
    let world = World::on_postgres().await;
    let (paused, next) = (bare(&world).await, bare(&world).await);
    let lost = take(&world, &paused).await;
    paused.commit(inserting(1)).await.unwrap();
    execute(&world, TAKE_FREE_NUMBERS).await;
    assert!(next.renew_lease().await.is_err());

    end_lease(&world, lost.node).await;
    assert_eq!(paused.commit(inserting(2)).await, Err(CommitError::LeaseLost));
    let taken_over = take(&world, &next).await;
    assert_eq!(taken_over.node, lost.node);
    assert!(taken_over.ids_after >= lost.ids_before, "{taken_over:?} after {lost:?}");
    assert!(taken_over.ids_before > taken_over.ids_after);
    assert_eq!(paused.commit(inserting(2)).await, Err(CommitError::LeaseLost));
    assert!(paused.renew_lease().await.is_err());
    next.commit(inserting(3)).await.unwrap();

    execute(&world, "UPDATE node SET holder = NULL WHERE number = (SELECT max(number) FROM node)").await;
    let another = take(&world, &paused).await;
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
    let renewed = take(&world, &store).await;
    assert_eq!((renewed.node, renewed.ids_after), (lease.node, lease.ids_after));
    store.commit(inserting(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_knows_by_its_own_clock_when_its_lease_has_ended() {
    let world = World::on_postgres().await;
    let store = bare(&world).await;
    assert!(!store.holds_lease());
    let asked = Instant::now();
    let lease = store.renew_lease().await.unwrap();
    let is_soon = asked.elapsed() < lease.expires_in.unwrap();
    assert!(store.holds_lease() || !is_soon);
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
async fn is_divided(stores: Vec<&Store>) -> bool {
    let fair = WORK_SHARES.div_ceil(stores.len() as u32);
    let (mut all, mut is_fair) = (Vec::new(), true);
    for store in stores {
        let shares: Vec<u32> = store.renew_lease().await.unwrap().shares.iter().collect();
        is_fair &= shares.len() <= fair as usize;
        all.extend(shares);
    }
    all.sort_unstable();
    is_fair && all == (0..WORK_SHARES).collect::<Vec<u32>>()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_work_is_shared_by_the_nodes_that_live() {
    let world = World::on_postgres().await;
    let (second, third) = (bare(&world).await, bare(&world).await);
    eventually("one has all", || is_divided(vec![&world.store])).await;
    eventually("two have half each", || is_divided(vec![&world.store, &second])).await;
    eventually("three have a third each", || is_divided(vec![&world.store, &second, &third])).await;
    // One ends in good order, and one dies.
    second.close().await;
    eventually("two have half each again", || is_divided(vec![&world.store, &third])).await;
    end_lease(&world, third.lease().node).await;
    eventually("one has all again", || is_divided(vec![&world.store])).await;
}
