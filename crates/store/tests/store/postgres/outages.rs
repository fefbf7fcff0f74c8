//! The writer's connection is lost at any moment: what was acknowledged is stored, and nothing is stored twice.

use super::{PATIENCE, number};
use crate::world::{NOON, SELLER, World, payment, sale};
use pasarela_domain::identity::Mode;
use pasarela_store::{Changes, CommitError, IdempotencyRecord, RecordChange, Store};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Clients, each of whom waits for its answer before the next request.
const CLIENTS: i64 = 12;
/// Requests of each client.
const REQUESTS: i64 = 40;

/// Creates a payment as the API does: until the answer says that it is there, under the same key.
async fn create(store: &Store, id: i64) {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&id.to_be_bytes());
    let record = IdempotencyRecord {
        account_id: SELLER,
        key,
        request: key,
        resource_id: id,
        part_id: 0,
        expires: NOON.plus_ms(1_000_000),
    };
    let changes = Changes {
        idempotency: Some(record.clone()),
        records: vec![RecordChange::InsertPayment(payment(id))],
        postings: vec![(Mode::Test, sale(id, 100, 1))],
        ..Changes::default()
    };
    let until = Instant::now() + PATIENCE;
    let mut was_unsure = false;
    while Instant::now() < until {
        match store.commit(changes.clone()).await {
            Ok(()) => return,
            Err(CommitError::IdempotencyKeyTaken(taken)) => {
                assert_eq!(taken, record);
                assert!(was_unsure, "payment {id} was stored by an attempt that was refused");
                return;
            }
            Err(CommitError::Unknown(_)) => was_unsure = true,
            Err(CommitError::Unavailable(_) | CommitError::Busy) => {}
            Err(failure) => panic!("{failure}"),
        }
    }
    panic!("payment {id} was not stored in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_is_twice_when_connections_end_under_load() {
    let world = World::on_postgres().await;
    let is_over = AtomicBool::new(false);
    let ending = async {
        let client = pasarela_test_database::connect(&world.database().url()).await;
        let (mut ended, mut pause_ms) = (0_i64, 20);
        while !is_over.load(Ordering::Relaxed) {
            // Not on a beat with the writer: whatever it is doing just now.
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            pause_ms = 20 + (pause_ms * 37) % 90;
            ended += client
                .query_one(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid()",
                    &[],
                )
                .await
                .unwrap()
                .get::<_, i64>(0);
        }
        ended
    };
    let load = async {
        let clients = (0..CLIENTS).map(|client| {
            let store = world.store.clone();
            async move {
                for request in 0..REQUESTS {
                    create(&store, client * REQUESTS + request + 1).await;
                }
            }
        });
        futures_util::future::join_all(clients).await;
        is_over.store(true, Ordering::Relaxed);
    };
    let (ended, ()) = tokio::join!(ending, load);
    assert!(ended > 0);
    let all = CLIENTS * REQUESTS;
    assert_eq!(number(&world, "SELECT count(*) FROM payment").await, all);
    assert_eq!(number(&world, "SELECT count(*) FROM posting").await, all);
    assert_eq!(number(&world, "SELECT count(DISTINCT resource_id) FROM posting").await, all);
    assert_eq!(number(&world, "SELECT count(*) FROM idempotency").await, all);
    world.assert_sound().await;
}
