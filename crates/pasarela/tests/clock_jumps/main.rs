//! The machine's clock is set back an hour, leaps a day ahead, and is set back again, while the real server takes payments,
//! lets them expire and tells about them, and once more across a restart: nothing happens twice, nothing is lost.
//!
//! The clock is moved by libfaketime (the distribution's package `faketime`), for the server's process alone.
#![cfg(target_os = "linux")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../crash/receiver.rs"]
mod receiver;

use receiver::Receiver;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use support::{Call, Server, access_token, run, stderr, stdout, text};
use tokio::sync::Notify;

/// The server looks at a clock that was set from outside every 30 seconds; a busy machine may take its time besides.
const PATIENCE: Duration = Duration::from_secs(180);
/// Payments made at each of the clock's positions.
const PAYMENTS: usize = 10;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

#[test]
fn nothing_happens_twice_and_nothing_is_lost_when_the_clock_jumps() {
    let Some(library) = faketime() else {
        println!("SKIPPED: libfaketime is not here (Debian: apt-get install faketime)");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(jump(&library));
}

async fn jump(library: &Path) {
    let directory = tempfile::tempdir().unwrap();
    let clock = WallClock { library: library.to_owned(), file: directory.path().join("clock") };
    let data = directory.path().join("data");
    clock.set(0);
    let mut shop = Shop::open(clock.start(&data)).await;

    let before = shop.sell("before").await;
    shop.hear().await;
    clock.set(-HOUR);
    let back = shop.sell("an hour back").await;
    shop.pay(&before[..3]).await;
    shop.hold("pending", &back).await;

    // A Pix that nobody paid for a day expires: all that are left, once each.
    shop.hear().await;
    clock.set(DAY + HOUR);
    let ahead = shop.sell("a day ahead").await;
    shop.until("cancelled", &before[3..]).await;
    shop.until("cancelled", &back).await;

    shop.hear().await;
    clock.set(-HOUR);
    let back_again = shop.sell("back again").await;
    shop.pay(&ahead[..3]).await;
    shop.replay("before", &before).await;
    shop.replay("an hour back", &back).await;

    // The next process finds a clock that is behind everything that is stored.
    shop.hear().await;
    assert!(shop.server.stop("TERM").success());
    clock.set(-2 * HOUR);
    shop.server = clock.start(&data);
    let restarted = shop.sell("after a restart").await;
    shop.pay(&back_again[..3]).await;
    shop.replay("a day ahead", &ahead).await;

    shop.hold("approved", &before[..3]).await;
    shop.hold("cancelled", &before[3..]).await;
    shop.hold("cancelled", &back).await;
    shop.hold("approved", &ahead[..3]).await;
    shop.hold("pending", &ahead[3..]).await;
    shop.hold("approved", &back_again[..3]).await;
    shop.hold("pending", &back_again[3..]).await;
    shop.hold("pending", &restarted).await;
    shop.hear().await;
    assert!(shop.server.stop("TERM").success());
    let proof = run(&["doctor", "--data", text(&data)]);
    assert!(proof.status.success(), "{}{}", stdout(&proof), stderr(&proof));
}

/// The clock that the server sees.
struct WallClock {
    library: PathBuf,
    file: PathBuf,
}

impl WallClock {
    /// Sets it so many seconds from the machine's own, in one step.
    fn set(&self, offset_s: i64) {
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{offset_s:+}\n")).unwrap();
        std::fs::rename(new, &self.file).unwrap();
    }

    fn start(&self, data: &Path) -> Server {
        let environment = [
            ("LD_PRELOAD", text(&self.library)),
            ("FAKETIME_TIMESTAMP_FILE", text(&self.file)),
            ("FAKETIME_NO_CACHE", "1"),
            // Time-outs go by the other clock, which nobody sets.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        Server::start_in(&environment, &["--data", text(data)])
    }
}

/// A seller with the server and a receiver of its news.
struct Shop {
    server: Server,
    access_token: String,
    news: Arc<Notify>,
    receiver: Receiver,
    /// Every payment that was ever made.
    payments: HashSet<i64>,
}

impl Shop {
    async fn open(server: Server) -> Shop {
        let news = Arc::new(Notify::new());
        let receiver = Receiver::start(Arc::clone(&news)).await;
        Shop { server, access_token: access_token(), news, receiver, payments: HashSet::new() }
    }

    async fn send(&self, call: &Call) -> (u16, Value) {
        let answer = tokio::time::timeout(PATIENCE, call.send(&self.server.address)).await;
        answer.expect("an answer in time").expect("an answer")
    }

    fn pix(&self, when: &str, number: usize) -> Call {
        let body = json!({
            "transaction_amount": 10, "payment_method_id": "pix",
            "payer": {"email": "test_user_5@testuser.com"}, "notification_url": self.receiver.url(),
        });
        let mut call = Call::post("/v1/payments", &self.access_token, body);
        call.key = Some(format!("{when}-{number}"));
        call
    }

    /// Pix that nobody has paid yet; the keys are made of `when`.
    async fn sell(&mut self, when: &str) -> Vec<i64> {
        let mut made = Vec::new();
        for number in 0..PAYMENTS {
            let (status, payment) = self.send(&self.pix(when, number)).await;
            assert_eq!((status, &payment["status"]), (201, &"pending".into()), "{when}: {payment}");
            let id = payment["id"].as_i64().expect("a number");
            assert!(self.payments.insert(id), "{when}: {id} is another payment's id");
            made.push(id);
        }
        made
    }

    /// The same requests again make nothing.
    async fn replay(&self, when: &str, made: &[i64]) {
        for (number, id) in made.iter().enumerate() {
            let (status, payment) = self.send(&self.pix(when, number)).await;
            assert_eq!((status, &payment["id"]), (200, &(*id).into()), "{when}: {payment}");
        }
    }

    async fn pay(&self, payments: &[i64]) {
        for id in payments {
            let path = format!("/sandbox/payments/{id}/pay");
            let (status, payment) = self.send(&Call::post(path, &self.access_token, json!({}))).await;
            assert_eq!((status, &payment["status"]), (200, &"approved".into()), "{payment}");
        }
    }

    async fn status_of(&self, id: i64) -> String {
        let (_, payment) = self.send(&Call::get(format!("/v1/payments/{id}"), &self.access_token)).await;
        payment["status"].as_str().unwrap_or_else(|| panic!("{id} is gone: {payment}")).to_owned()
    }

    async fn hold(&self, status: &str, payments: &[i64]) {
        for id in payments {
            assert_eq!(self.status_of(*id).await, status, "of {id}");
        }
    }

    async fn until(&self, status: &str, payments: &[i64]) {
        let reached = async {
            for id in payments {
                while self.status_of(*id).await != status {
                    // Asked again at once, a busy machine would do nothing else.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        };
        tokio::time::timeout(PATIENCE, reached)
            .await
            .unwrap_or_else(|_| panic!("{payments:?} are never {status}"));
    }

    /// Waits until each payment was told of once when it was made, and once more if it was paid or expired. Before the clock
    /// is set back: what is not sent by then waits for its hour to come again.
    async fn hear(&self) {
        for (id, status) in self.statuses().await {
            let expected = (1, usize::from(status != "pending"));
            let told =
                || (self.receiver.count(id, "payment.created"), self.receiver.count(id, "payment.updated"));
            let heard = async {
                loop {
                    let next = self.news.notified();
                    if told() == expected {
                        return;
                    }
                    next.await;
                }
            };
            let in_time = tokio::time::timeout(PATIENCE, heard).await;
            assert!(in_time.is_ok(), "of {id} ({status}) it was told {:?}, not {expected:?}", told());
        }
        assert_eq!(self.receiver.payments(), self.payments);
    }

    async fn statuses(&self) -> Vec<(i64, String)> {
        let mut statuses = Vec::new();
        for id in &self.payments {
            statuses.push((*id, self.status_of(*id).await));
        }
        statuses
    }
}

/// Where libfaketime is, if it is here.
fn faketime() -> Option<PathBuf> {
    let name = "faketime/libfaketimeMT.so.1";
    let mut places =
        vec![PathBuf::from("/usr/lib64"), PathBuf::from("/usr/local/lib"), PathBuf::from("/usr/lib")];
    places.extend(std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path()));
    places.into_iter().map(|place| place.join(name)).find(|library| library.exists())
}
