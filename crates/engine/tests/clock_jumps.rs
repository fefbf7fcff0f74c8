//! The wall clock jumps while notifications are on their way: each is delivered, once, whatever the clock said meanwhile.
//! (Payments, ids and timers under a clock that jumps: `crates/pasarela/tests/clock_jumps`, with the real binary.)

#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "notifications/receiver.rs"]
mod receiver;

use pasarela_domain::identity::Mode;
use pasarela_domain::timestamp::{DAY, HOUR, Timestamp};
use pasarela_engine::notifications::address_guard::Reach;
use pasarela_engine::notifications::attempts::Surroundings;
use pasarela_engine::notifications::sender::Sender;
use pasarela_engine::notifications::{Wake, Worker};
use pasarela_store::{Changes, Channel, DeliveryRecord, DeliveryState, Location, Store, StoreOptions};
use receiver::{Receiver, Reply};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

const ACCOUNT: i64 = 380_200_100;
const PATIENCE: Duration = Duration::from_secs(180);
const START: Timestamp = Timestamp(1_767_225_600_000);

#[tokio::test]
async fn each_delivery_is_made_once_whatever_the_clock_does_between_them() {
    // The second of all attempts fails, and is made again after the pause of the schedule.
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = attempts.clone();
    let receiver = Receiver::new(move |_| {
        Reply::Status(if counted.fetch_add(1, Ordering::SeqCst) == 1 { 500 } else { 200 })
    })
    .await;
    let store = Arc::new(Store::open(StoreOptions::new(Location::Ephemeral)).await.unwrap());
    let (now_ms, wake) = (Arc::new(AtomicI64::new(START.0)), Arc::new(Wake::default()));
    let (clock, ids) = (now_ms.clone(), AtomicI64::new(1_000_000));
    let surroundings = Surroundings {
        sender: Arc::new(Sender::new(Reach::Anywhere, Vec::new())),
        secret_of: Arc::new(|_, _| {
            Box::pin(async { Some(Arc::new("b7f0c2d94e1a48d6a3a5f0e2c1d9b8a7".to_owned().into())) })
        }),
        clock: Arc::new(move || Timestamp(clock.load(Ordering::SeqCst))),
        new_id: Arc::new(move || ids.fetch_add(1, Ordering::SeqCst)),
    };
    let worker =
        tokio::spawn(Worker::new(store.clone(), surroundings, wake.clone()).run(std::future::pending()));

    // At each position of the clock something happens; nobody tells the worker that the clock was set.
    let positions = [0, -HOUR, DAY, DAY + 1, -DAY, HOUR];
    for (number, position) in (1_i64..).zip(positions) {
        now_ms.store(START.0 + position, Ordering::SeqCst);
        let delivery = delivery(number, receiver.address, START.plus_ms(position));
        store.commit(Changes { deliveries: vec![delivery.clone()], ..Changes::default() }).await.unwrap();
        wake.committed(vec![delivery]);
        until(&store, number, |known| known.attempts > 0).await;
    }
    for number in 1..=6 {
        until(&store, number, |known| known.state == DeliveryState::Delivered).await;
    }
    assert_eq!(attempts.load(Ordering::SeqCst), positions.len() + 1, "one was made again, and none besides");
    assert_eq!(store.next_delivery().await.unwrap(), None);
    worker.abort();
}

/// Waits until the delivery is `so`.
async fn until(store: &Store, id: i64, so: impl Fn(&DeliveryRecord) -> bool) {
    let reached = async {
        while !so(&store.delivery(ACCOUNT, id).await.unwrap().expect("a delivery is never lost")) {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, reached).await;
    assert!(in_time.is_ok(), "delivery {id}: {:?}", store.delivery(ACCOUNT, id).await);
}

fn delivery(id: i64, address: SocketAddr, due: Timestamp) -> DeliveryRecord {
    DeliveryRecord {
        id,
        account_id: ACCOUNT,
        application_id: 12,
        mode: Mode::Test,
        channel: Channel::Webhook,
        url: format!("http://{address}/news"),
        topic: "payment".to_owned(),
        action: "payment.created".to_owned(),
        resource_id: id.to_string(),
        created: due,
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt: due,
        data: None,
        turns_ahead: 0,
    }
}
