//! Reads go on when PostgreSQL ends their connections, and say so when it is gone.

use crate::world::{SELLER, World, everything, payment};
use pasarela_domain::identity::Mode;
use pasarela_store::{DatabaseUrl, Location, Store, StoreOptions};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// More than there are connections for reading.
const READS: usize = 40;

async fn end_all_connections(world: &World) {
    let client = pasarela_test_database::connect(&world.database().url()).await;
    client
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
            &[],
        )
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_go_on_when_the_database_ends_their_connections() {
    let world = World::on_postgres().await;
    world.insert(&payment(1)).await;
    for _ in 0..3 {
        let store = world.store.clone();
        let reads = (0..READS).map(|_| store.payment(SELLER, Mode::Test, 1));
        for found in futures_util::future::join_all(reads).await {
            assert_eq!(found.unwrap(), Some(payment(1)));
        }
        let searches = (0..READS).map(|_| store.search_payments(everything()));
        for found in futures_util::future::join_all(searches).await {
            assert_eq!(found.unwrap().total, 1);
        }
        end_all_connections(&world).await;
    }
}

/// Passes connections on to the cluster, until it is stopped.
struct Passage {
    address: String,
    passing: JoinHandle<()>,
}

impl Passage {
    async fn to(server: String) -> Passage {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let passing = tokio::spawn(async move {
            // Dropped with this task, and the connections with them.
            let mut passed = tokio::task::JoinSet::new();
            while let Ok((mut inside, _)) = listener.accept().await {
                let server = server.clone();
                passed.spawn(async move {
                    let mut outside = TcpStream::connect(server).await?;
                    tokio::io::copy_bidirectional(&mut inside, &mut outside).await
                });
            }
        });
        Passage { address, passing }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_says_that_the_database_is_unavailable_when_it_is_gone() {
    let world = World::on_postgres().await;
    world.insert(&payment(1)).await;
    let url = world.database().url();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let (user, server) = authority.rsplit_once('@').unwrap_or(("", authority));
    let passage = Passage::to(server.to_owned()).await;
    let user = if user.is_empty() { String::new() } else { format!("{user}@") };
    let passed = DatabaseUrl::parse(&format!("{scheme}://{user}{}/{path}", passage.address)).unwrap();
    let store = Store::open(StoreOptions::read_only_at(Location::Database(passed))).await.unwrap();
    assert_eq!(store.payment(SELLER, Mode::Test, 1).await.unwrap(), Some(payment(1)));

    passage.passing.abort();
    let _ = passage.passing.await;
    let patience = Duration::from_secs(60);
    let refused = tokio::time::timeout(patience, store.payment(SELLER, Mode::Test, 1)).await.unwrap();
    assert!(refused.clone().is_err_and(|refused| refused.is_unavailable()), "{refused:?}");
    let refused = tokio::time::timeout(patience, store.search_payments(everything())).await.unwrap();
    assert!(refused.clone().is_err_and(|refused| refused.is_unavailable()), "{refused:?}");
    let refused = tokio::time::timeout(patience, store.prove_ledger()).await.unwrap();
    assert!(refused.clone().is_err_and(|refused| refused.is_unavailable()), "{refused:?}");
}
