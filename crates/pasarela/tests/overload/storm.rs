//! A storm: far more clients at once than there is room for.

use crate::client::{Client, PATIENCE, payment};
use crate::memory::memory_of;
use crate::slow_clients::SLOW;
use crate::support::{Call, Server, access_token, run, stderr, stdout, text};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Clients at once.
const CLIENTS: usize = 2_000;
/// Of which so many have room; the others are asked to come again.
const ROOM: usize = 1_500;
/// How often they come. What one storm leaves differs by some 50 MiB from the next (the allocator's arenas, the caches); what
/// is never given back shows in the last one, above all before it: 64 KiB a client would be 94 MiB.
const STORMS: usize = 4;
/// Payments of each client in each storm, on one connection.
const PAYMENTS: usize = 2;
/// After a storm an answer comes within this again.
const RECOVERY: Duration = Duration::from_secs(1);

/// What the server may take besides what it took when it was idle: a connection's buffers, its task and an answer on its
/// way (64 KiB), the two memories of 64 MiB for bodies and for answers, 64 MiB of caches (the store's, the allocator's).
const MOST_KIB: u64 = ROOM as u64 * 64 + 3 * 64 * 1024;
/// How much more the last storm may leave than any before it: above what storms differ by, below what a leak would leave.
const SLACK_KIB: u64 = 64 * 1024;

#[test]
fn a_storm_is_answered_in_bounded_memory_and_over_at_once() {
    allow_files();
    let directory = tempfile::tempdir().unwrap();
    let room = ROOM.to_string();
    let server = Server::start_with(&["--data", text(directory.path()), "--max-connections", &room]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(weather(&server));
    assert!(server.stop("TERM").success());
    let proof = run(&["doctor", "--data", text(directory.path())]);
    assert!(proof.status.success(), "{}{}", stdout(&proof), stderr(&proof));
}

async fn weather(server: &Server) {
    let access_token = access_token();
    let idle = memory_of(server.id());
    let mut after_storms = Vec::new();
    let mut acknowledged = HashSet::new();
    for storm in 0..STORMS {
        let (payments, turned_away) = one_storm(server, storm, &access_token).await;
        let recovered = recovery(server, &access_token).await;
        println!(
            "storm {storm}: {} payments, {turned_away} asked to come again, recovered in {recovered:?}",
            payments.len()
        );
        assert!(turned_away > 0, "there was room for everybody");
        for id in payments {
            assert!(acknowledged.insert(id), "payment {id} was answered to two requests");
        }
        after_storms.extend(memory_of(server.id()));
    }
    println!("memory when idle {idle:?}, after each storm {after_storms:?}");
    if let (Some(idle), [before @ .., last]) = (idle, after_storms.as_slice()) {
        assert!(last.peak_kib <= idle.now_kib + MOST_KIB, "{last:?} is more than the limits add up to");
        let most_before = before.iter().map(|memory| memory.now_kib).max().expect("several storms");
        assert!(
            last.now_kib <= most_before + SLACK_KIB,
            "memory grows from storm to storm: {after_storms:?}"
        );
    }
    assert_eq!(acknowledged.len(), STORMS * CLIENTS * PAYMENTS);
    hold(server, &access_token, acknowledged).await;
}

/// All clients connect, and then all of them pay. The payments that were acknowledged, and how often somebody was asked
/// to come again.
async fn one_storm(server: &Server, storm: usize, access_token: &str) -> (Vec<i64>, usize) {
    let connected = Arc::new(Barrier::new(CLIENTS));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (address, access_token) = (server.address.clone(), access_token.to_owned());
        let connected = Arc::clone(&connected);
        clients.spawn(async move {
            let mut client = Client::new(&address);
            client.connect().await;
            connected.wait().await;
            let mut payments = Vec::new();
            for count in 0..PAYMENTS {
                let call = payment(&access_token, &format!("storm-{storm}-{number}-{count}"));
                let body = client.call(&call).await;
                payments.push(body["id"].as_i64().expect("an id"));
            }
            (payments, client.turned_away)
        });
    }
    let (mut payments, mut turned_away) = (Vec::new(), 0);
    while let Some(ended) =
        tokio::time::timeout(PATIENCE, clients.join_next()).await.expect("nobody waits for ever")
    {
        let (made, times) = ended.expect("every answer was a good one");
        payments.extend(made);
        turned_away += times;
    }
    (payments, turned_away)
}

/// How long after the storm it takes until a client that comes new is answered within [`RECOVERY`].
async fn recovery(server: &Server, access_token: &str) -> Duration {
    let over = Instant::now();
    let call = Call::get("/users/me", access_token);
    while over.elapsed() < PATIENCE {
        let asked = Instant::now();
        Client::new(&server.address).call(&call).await;
        if asked.elapsed() < RECOVERY {
            return over.elapsed();
        }
    }
    panic!("no answer within {RECOVERY:?} any more");
}

/// Every payment that was acknowledged is there.
async fn hold(server: &Server, access_token: &str, acknowledged: HashSet<i64>) {
    let mut client = Client::new(&server.address);
    for id in acknowledged {
        let stored = client.call(&Call::get(format!("/v1/payments/{id}"), access_token)).await;
        assert_eq!(stored["id"], id);
    }
}

/// Lets this process open as many files as all of these tests need: they may run at the same time.
pub fn allow_files() {
    let wanted = (CLIENTS + 3 * SLOW + 500) as u64;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < wanted) {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
        raised.unwrap_or_else(|error| {
            panic!("this test opens {wanted} files (`ulimit -Hn` must allow it): {error}")
        });
    }
}
