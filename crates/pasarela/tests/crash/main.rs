//! Nothing that was acknowledged is ever lost: the server is killed with SIGKILL again and again, in the middle of
//! concurrent creates, captures and refunds. After every restart each acknowledged answer is held against what is
//! stored; what was under way is sent again with its idempotency key and must happen once; at the end the ledger is
//! proven, that of a backup made under load too, and every event must have reached a real HTTP receiver.

#[path = "../support/mod.rs"]
mod support;

mod receiver;
#[allow(dead_code, reason = "each test file uses its part")]
mod shopper;

use pasarela_test_database::TestDatabase;
use receiver::Receiver;
use shopper::{Shopper, World};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use support::{PATIENCE, Random, Server, access_token, credentials, run, stderr, stdout, text};
use tokio::sync::Notify;

/// How often the server is killed.
const KILLS: u64 = 32;
/// Who shops at once: enough that a group commit holds several writes when the process dies.
const SHOPPERS: u64 = 8;
/// The server is killed after so many answers of a round at most; a random number, often small.
const MOST_ANSWERS: u64 = 200;
/// And then so much later at most, so that it dies at any point of a commit and not only just after one.
const LONGEST_DELAY_US: u64 = 20_000;

#[test]
fn what_was_acknowledged_survives_every_kill() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(kill_again_and_again());
}

async fn kill_again_and_again() {
    let directory = tempfile::tempdir().unwrap();
    let database = match std::env::var("PASARELA_TEST_STORE") {
        Ok(store) if store == "postgres" => Some(TestDatabase::create().await),
        _ => None,
    };
    let url = database.as_ref().map(TestDatabase::url);
    let mut place = vec!["--data", text(directory.path())];
    if let Some(url) = &url {
        place.extend(["--database-url", url]);
    }
    let news = Arc::new(Notify::new());
    let receiver = Receiver::start(Arc::clone(&news)).await;
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
    println!("seed {seed}");
    let mut random = Random(seed);
    let world = Arc::new(World {
        access_token: access_token(),
        public_key: credentials("MLB", "test")["public_key"].as_str().unwrap().to_owned(),
        notification_url: receiver.url(),
        answers: AtomicU64::new(0),
        is_shaky: false,
        news: Arc::clone(&news),
    });
    let mut shoppers: Vec<Shopper> = (0..SHOPPERS)
        .map(|number| Shopper::new(number, random.below(u64::MAX), Arc::clone(&world)))
        .collect();

    let backup = directory.path().join("backup.db");
    for kill in 0..KILLS {
        let server = Server::start_with(&place);
        hold_recent_answers(&shoppers, &server.address).await;
        let goal = world.answers.load(Ordering::Relaxed) + random.below(MOST_ANSWERS + 1);
        let shopping: Vec<_> = shoppers
            .drain(..)
            .map(|mut shopper| {
                let address = server.address.clone();
                tokio::spawn(async move {
                    shopper.shop_until_the_server_dies(&address).await;
                    shopper
                })
            })
            .collect();
        wait_for(&news, "answers", || world.answers.load(Ordering::Relaxed) >= goal).await;
        // A backup of a database is its own tools' business.
        if kill == KILLS / 2 && url.is_none() {
            back_up(directory.path().to_owned(), backup.clone()).await;
        }
        // Not a wait for something: the moment of the kill must be random.
        tokio::time::sleep(Duration::from_micros(random.below(LONGEST_DELAY_US))).await;
        server.kill();
        for shopper in shopping {
            shoppers.push(shopper.await.expect("no shopper saw a wrong answer"));
        }
    }

    let server = Server::start_with(&place);
    for shopper in &mut shoppers {
        shopper.finish_what_was_under_way(&server.address).await;
    }
    for shopper in &shoppers {
        shopper.hold_everything(&server.address).await;
    }
    let payments: usize = shoppers.iter().map(|shopper| shopper.payments().len()).sum();
    let answers = world.answers.load(Ordering::Relaxed);
    println!("{KILLS} kills, {answers} answers acknowledged, {payments} payments");
    assert!(payments as u64 > KILLS, "the load was no load");
    hold_every_event(&shoppers, &receiver, &news).await;
    assert!(server.stop("TERM").success());

    let proven = match &url {
        Some(url) => vec![["--database-url", url.as_str()]],
        None => vec![["--file", text(&backup)], ["--data", text(directory.path())]],
    };
    for what in proven {
        let proof = run(&["doctor", what[0], what[1]]);
        assert!(proof.status.success(), "{}{}", stdout(&proof), stderr(&proof));
        print!("{}", stdout(&proof));
    }
}

/// Aside, so that the shoppers go on meanwhile.
async fn back_up(data: PathBuf, file: PathBuf) {
    let backup = tokio::task::spawn_blocking(move || run(&["backup", text(&file), "--data", text(&data)]));
    let output = backup.await.expect("the verb runs");
    assert!(output.status.success(), "{}", stderr(&output));
}

async fn hold_recent_answers(shoppers: &[Shopper], address: &str) {
    for shopper in shoppers {
        shopper.hold_recent(address).await;
    }
}

/// Every acknowledged change was an event; each must have been delivered at least once. No two payments share an id,
/// so none was charged twice under two ids either.
async fn hold_every_event(shoppers: &[Shopper], receiver: &Receiver, news: &Notify) {
    let mut ids = HashSet::new();
    for payment in shoppers.iter().flat_map(Shopper::payments) {
        assert!(ids.insert(payment.id), "payment {} was answered to two requests", payment.id);
        wait_for(news, &format!("the news of payment {}", payment.id), || {
            receiver.count(payment.id, "payment.created") >= 1
                && receiver.count(payment.id, "payment.updated") >= payment.updates
        })
        .await;
    }
    for id in receiver.payments() {
        assert!(ids.contains(&id), "payment {id} was made without anyone asking for it");
    }
}

/// Waits until `done`, looking again at all news, and gives up when none comes for [`PATIENCE`].
async fn wait_for(news: &Notify, what: &str, done: impl Fn() -> bool) {
    loop {
        // Made before looking: news between the look and the wait is not missed.
        let next = news.notified();
        if done() {
            return;
        }
        tokio::time::timeout(PATIENCE, next).await.unwrap_or_else(|_| panic!("{what} did not come in time"));
    }
}
