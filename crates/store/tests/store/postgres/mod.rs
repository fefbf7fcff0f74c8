//! What only a store that several nodes share has to stand.

mod groups;
mod leases;
mod nodes;
mod outages;
mod plans;

use crate::world::World;
use pasarela_store::{Changes, CommitError, DatabaseUrl, Location, Store, StoreOptions};
use std::future::Future;
use std::time::{Duration, Instant};

/// How long anything is waited for: far above what it takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// A store on the database of `world` whose lease nobody renews but the test.
async fn bare(world: &World) -> Store {
    let url = DatabaseUrl::parse(&world.database().url()).unwrap();
    Store::open(StoreOptions::new(Location::Database(url))).await.unwrap()
}

/// Has `sql` done by somebody else.
async fn execute(world: &World, sql: &str) {
    pasarela_test_database::connect(&world.database().url()).await.batch_execute(sql).await.unwrap();
}

/// The number that `sql` gives.
async fn number(world: &World, sql: &str) -> i64 {
    let client = pasarela_test_database::connect(&world.database().url()).await;
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// Waits until `condition` holds.
async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let until = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < until, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Commits all of `changes` at once.
async fn at_once(store: &Store, changes: Vec<Changes>) -> Vec<Result<(), CommitError>> {
    futures_util::future::join_all(changes.into_iter().map(|changes| store.commit(changes))).await
}
