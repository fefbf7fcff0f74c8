//! Several nodes on one PostgreSQL database, under load: one is killed, one sleeps longer than its lease and wakes up,
//! and the database itself is lost and replaced by its replica. Nothing that was acknowledged may be lost, nobody
//! charged twice, and every event must reach its receiver.

#[path = "../support/mod.rs"]
mod support;

#[path = "../crash/receiver.rs"]
mod receiver;
#[path = "../crash/shopper.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod shopper;

use pasarela_test_database::{Cluster, TestDatabase, connect};
use receiver::Receiver;
use shopper::{Shopper, World};
use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use support::{Random, Server, access_token, credentials, run, stderr, stdout, text};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Who shops at once.
const SHOPPERS: u64 = 8;
/// How many answers make a stretch of load.
const STRETCH: u64 = 200;
/// How often a condition is looked at that nobody tells of.
const LOOK: Duration = Duration::from_millis(100);
/// How long a stretch, or all of a fail-over, may take on a busy machine.
const LONG_PATIENCE: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_node_and_one_that_slept_past_its_lease_lose_nothing_and_charge_nobody_twice() {
    let database = TestDatabase::create().await;
    let directory = tempfile::tempdir().unwrap();
    let mut nodes = Vec::new();
    let mut holders = Vec::new();
    for _ in 0..3 {
        nodes.push(node(directory.path(), &database.url()));
        holders.push(newcomer(&database, &holders).await);
    }
    let load = Load::start(&nodes).await;
    load.goes_on().await;

    load.without(&nodes[0]);
    nodes.remove(0).kill();
    holders.remove(0);
    load.goes_on().await;

    // Requests at it hang, and are sent again elsewhere with the same keys; when it wakes up it finds its lease gone,
    // its number and its work another's, and the requests that it was at done by others.
    let sleeper = &holders[0];
    nodes[0].signal("STOP");
    load.goes_on().await;
    let is_replaced = format!(
        "SELECT NOT EXISTS (SELECT 1 FROM node WHERE holder = '{sleeper}' AND expires > now())
         AND NOT EXISTS (SELECT 1 FROM work_share WHERE holder = '{sleeper}')"
    );
    until(&database, &is_replaced).await;
    nodes[0].signal("CONT");
    load.goes_on().await;

    load.finish_and_hold(&nodes[0]).await;
    for node in nodes {
        assert!(node.stop("TERM").success());
    }
    prove(&database.url());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_lost_is_replaced_by_its_replica_and_nothing_acknowledged_is_lost() {
    let (old, new) = Cluster::with_replica();
    let url = format!(
        "postgres://postgres@{},{}/postgres?target_session_attrs=read-write",
        old.address(),
        new.address()
    );
    let directory = tempfile::tempdir().unwrap();
    let nodes: Vec<Server> = (0..2).map(|_| node(directory.path(), &url)).collect();
    let load = Load::start(&nodes).await;
    load.goes_on().await;

    old.crash();
    new.promote();
    load.goes_on().await;

    load.finish_and_hold(&nodes[1]).await;
    for node in nodes {
        assert!(node.stop("TERM").success());
    }
    prove(&url);
}

/// One more node; all share the vault in `directory`.
fn node(directory: &Path, url: &str) -> Server {
    Server::start_with(&["--data", text(directory), "--database-url", url])
}

fn prove(url: &str) {
    let proof = run(&["doctor", "--database-url", url]);
    assert!(proof.status.success(), "{}{}", stdout(&proof), stderr(&proof));
    print!("{}", stdout(&proof));
}

/// The node that has a lease and is not one of `known`.
async fn newcomer(database: &TestDatabase, known: &[String]) -> String {
    let client = connect(&database.url()).await;
    let sql = "SELECT holder::text FROM node WHERE holder IS NOT NULL AND holder::text <> ALL ($1)";
    let row = client.query_one(sql, &[&known]).await.expect("one running node more has a lease");
    row.get(0)
}

/// Waits until `sql` says true.
async fn until(database: &TestDatabase, sql: &str) {
    let client = connect(&database.url()).await;
    let waiting = async {
        while !client.query_one(sql, &[]).await.expect("a question").get::<_, bool>(0) {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(LONG_PATIENCE, waiting).await.unwrap_or_else(|_| panic!("in time: {sql}"));
}

/// Shoppers at work.
struct Load {
    addresses: Arc<RwLock<Vec<String>>>,
    stop: Arc<AtomicBool>,
    world: Arc<World>,
    receiver: Receiver,
    shopping: Vec<JoinHandle<Shopper>>,
}

impl Load {
    async fn start(nodes: &[Server]) -> Load {
        let news = Arc::new(Notify::new());
        let receiver = Receiver::start(Arc::clone(&news)).await;
        let world = Arc::new(World {
            access_token: access_token(),
            public_key: credentials("MLB", "test")["public_key"].as_str().unwrap().to_owned(),
            notification_url: receiver.url(),
            answers: AtomicU64::new(0),
            is_shaky: true,
            news,
        });
        let addresses = Arc::new(RwLock::new(nodes.iter().map(|node| node.address.clone()).collect()));
        let stop = Arc::new(AtomicBool::new(false));
        let seed =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
        println!("seed {seed}");
        let mut random = Random(seed);
        let shopping = (0..SHOPPERS)
            .map(|number| {
                let mut shopper = Shopper::new(number, random.below(u64::MAX), Arc::clone(&world));
                let (addresses, stop) = (Arc::clone(&addresses), Arc::clone(&stop));
                tokio::spawn(async move {
                    shopper.shop_among(&addresses, &stop).await;
                    shopper
                })
            })
            .collect();
        Load { addresses, stop, world, receiver, shopping }
    }

    /// Waits until another stretch of requests was acknowledged.
    async fn goes_on(&self) {
        let goal = self.world.answers.load(Ordering::Relaxed) + STRETCH;
        let waiting = async {
            while self.world.answers.load(Ordering::Relaxed) < goal {
                assert!(!self.shopping.iter().any(JoinHandle::is_finished), "a shopper saw a wrong answer");
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(LONG_PATIENCE, waiting).await.expect("the shops are served");
    }

    /// Nobody goes to `node` any more.
    fn without(&self, node: &Server) {
        self.addresses.write().unwrap().retain(|address| *address != node.address);
    }

    /// Ends the load and holds everything that was acknowledged against what is stored and what was notified.
    async fn finish_and_hold(self, node: &Server) {
        self.stop.store(true, Ordering::Relaxed);
        let mut ids = HashSet::new();
        for shopping in self.shopping {
            let mut shopper = shopping.await.expect("no shopper saw a wrong answer");
            shopper.finish_what_was_under_way(&node.address).await;
            shopper.hold_everything(&node.address).await;
            for payment in shopper.payments() {
                assert!(ids.insert(payment.id), "payment {} was answered to two requests", payment.id);
                let told = async {
                    while self.receiver.count(payment.id, "payment.created") < 1
                        || self.receiver.count(payment.id, "payment.updated") < payment.updates
                    {
                        tokio::time::sleep(LOOK).await;
                    }
                };
                let told = tokio::time::timeout(LONG_PATIENCE, told).await;
                told.unwrap_or_else(|_| panic!("the news of payment {} in time", payment.id));
            }
        }
        for id in self.receiver.payments() {
            assert!(ids.contains(&id), "payment {id} was made without anyone asking for it");
        }
        println!("{} payments, {} answers", ids.len(), self.world.answers.load(Ordering::Relaxed));
    }
}
