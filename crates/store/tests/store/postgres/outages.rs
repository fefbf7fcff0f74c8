//! The writer's connection is lost at any moment: what was acknowledged is stored, and nothing is stored twice.

use super::{PATIENCE, execute, number};
use crate::world::{NOON, SELLER, World, payment, sale};
use pasarela_domain::identity::Mode;
use pasarela_store::{
    Changes, CommitError, DatabaseUrl, IdempotencyRecord, Location, RecordChange, Store, StoreOptions,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

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
            // The lease ends when its renewals, too, were cut off for so long.
            Err(CommitError::Unavailable(_) | CommitError::Busy | CommitError::LeaseLost) => {}
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
        let (mut ended, mut pause_ms, mut patience, mut seen) = (0_i64, 20, 1, 0);
        while !is_over.load(Ordering::Relaxed) {
            // Not on a beat with the writer: whatever it is doing just now. A slow machine gets the time to do something.
            tokio::time::sleep(Duration::from_millis(pause_ms * patience)).await;
            pause_ms = 20 + (pause_ms * 37) % 90;
            let stored = world.store.counters().payments;
            patience = if stored > seen { 1 } else { (2 * patience).min(64) };
            seen = stored;
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

/// What confirms a transaction, as it goes over the wire.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

/// Passes connections on to the cluster. While it is armed, of three confirmations one arrives and its answer is lost, one
/// is lost itself, and one goes through.
#[derive(Default)]
struct Cutter {
    is_armed: AtomicBool,
    confirmations: AtomicU32,
}

impl Cutter {
    /// Listens; gives the address.
    async fn start(self: Arc<Cutter>, server: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (cutter, server) = (self.clone(), server.clone());
                // Whatever ends it ends both connections.
                tokio::spawn(async move { cutter.pass(client, TcpStream::connect(server).await?).await });
            }
        });
        address
    }

    async fn pass(&self, mut client: TcpStream, mut server: TcpStream) -> std::io::Result<()> {
        let (mut from_client, mut from_server) = (vec![0; 65_536], vec![0; 65_536]);
        loop {
            tokio::select! {
                read = client.read(&mut from_client) => {
                    let bytes = &from_client[..read?];
                    if bytes.is_empty() {
                        return Ok(());
                    }
                    if bytes == COMMIT && self.is_armed.load(Ordering::Relaxed) {
                        match self.confirmations.fetch_add(1, Ordering::Relaxed) % 3 {
                            0 => {
                                server.write_all(bytes).await?;
                                // Its answer: it is done.
                                let _ = server.read(&mut from_server).await?;
                                return Ok(());
                            }
                            1 => return Ok(()),
                            _ => {}
                        }
                    }
                    server.write_all(bytes).await?;
                }
                read = server.read(&mut from_server) => {
                    let bytes = &from_server[..read?];
                    if bytes.is_empty() {
                        return Ok(());
                    }
                    client.write_all(bytes).await?;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_an_answer_is_lost_a_commit_is_tried_again_or_nobody_is_told_that_it_is_done() {
    let world = World::on_postgres().await;
    let url = world.database().url();
    let (start, rest) = url.split_once('@').unwrap();
    let (server, end) = rest.split_once('/').unwrap();
    let cutter = Arc::new(Cutter::default());
    let address = cutter.clone().start(server.to_owned()).await;
    let passed = DatabaseUrl::parse(&format!("{start}@{address}/{end}")).unwrap();
    let store = Store::open(StoreOptions::new(Location::Database(passed))).await.unwrap();
    let inserting = |id| Changes {
        records: vec![RecordChange::InsertPayment(payment(id))],
        postings: vec![(Mode::Test, sale(id, 100, 1))],
        ..Changes::default()
    };
    store.commit(inserting(1)).await.unwrap();
    // The lease is not to be renewed while confirmations are lost.
    let number_held = store.lease().node;
    let hold = format!("UPDATE node SET expires = now() + interval '1 hour' WHERE number = {number_held}");
    execute(&world, &hold).await;

    cutter.is_armed.store(true, Ordering::Relaxed);
    let (mut done, mut unknown) = (0, 0);
    for id in 2..=25 {
        match store.commit(inserting(id)).await {
            Ok(()) => done += 1,
            // It is there, but whether it is this one that the transaction's number is of, nobody can tell.
            Err(CommitError::Unknown(_)) => {
                unknown += 1;
                assert!(matches!(store.commit(inserting(id)).await, Err(CommitError::AlreadyExists(_))));
            }
            Err(other) => panic!("payment {id}: {other}"),
        }
    }
    assert!(done > 0 && unknown > 0, "{done} done, {unknown} unknown");
    assert!(cutter.confirmations.load(Ordering::Relaxed) > 30, "{:?}", cutter.confirmations);
    assert_eq!(number(&world, "SELECT count(*) FROM payment").await, 25);
    assert_eq!(number(&world, "SELECT count(*) FROM posting").await, 25);
    world.assert_sound().await;
}
