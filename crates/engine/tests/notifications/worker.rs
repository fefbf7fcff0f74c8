//! The worker with a real store and real receivers. Time is given: a test moves the clock and says so.

use crate::receiver::{LIMIT, Received, Receiver, Reply};
use pasarela_domain::identity::Mode;
use pasarela_domain::timestamp::{HOUR, MINUTE, Timestamp};
use pasarela_engine::notifications::address_guard::Reach;
use pasarela_engine::notifications::attempts::Surroundings;
use pasarela_engine::notifications::secrets::Secrets;
use pasarela_engine::notifications::sender::Sender;
use pasarela_engine::notifications::signature::sign;
use pasarela_engine::notifications::{Wake, Worker};
use pasarela_store::{
    Changes, Channel, DeliveryRecord, DeliveryState, Location, RecordChange, SettingKind, Store, StoreOptions,
};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const START: Timestamp = Timestamp(1_767_225_600_000);
const SECRET: &str = "b7f0c2d94e1a48d6a3a5f0e2c1d9b8a7746655443322110fedcba98765432100";

/// A store with a worker on it, and a clock that stands still until it is moved.
struct World {
    store: Arc<Store>,
    wake: Arc<Wake>,
    now_ms: Arc<AtomicI64>,
    new_ids: Arc<AtomicI64>,
    secrets: Arc<Secrets>,
    waiting_per_receiver: Option<usize>,
    worker: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl World {
    async fn new() -> World {
        World::with_waiting_per_receiver(None).await
    }

    async fn with_waiting_per_receiver(waiting_per_receiver: Option<usize>) -> World {
        let store = Store::open(StoreOptions::new(Location::Ephemeral)).await.unwrap();
        let mut world = World {
            store: Arc::new(store),
            wake: Arc::default(),
            now_ms: Arc::new(AtomicI64::new(START.0)),
            new_ids: Arc::new(AtomicI64::new(1_000_000)),
            secrets: Arc::new(SECRET.to_owned().into()),
            waiting_per_receiver,
            worker: None,
        };
        world.start_worker();
        world
    }

    fn start_worker(&mut self) {
        let (clock, new_ids, secrets) = (self.now_ms.clone(), self.new_ids.clone(), self.secrets.clone());
        let surroundings = Surroundings {
            sender: Arc::new(Sender::new(Reach::Anywhere, Vec::new())),
            secret_of: Arc::new(move |application_id, _| {
                let secret = (application_id == 12).then(|| secrets.clone());
                Box::pin(async move { secret })
            }),
            clock: Arc::new(move || Timestamp(clock.load(Ordering::SeqCst))),
            new_id: Arc::new(move || new_ids.fetch_add(1, Ordering::SeqCst)),
        };
        let (stop, stopped) = oneshot::channel();
        let mut worker = Worker::new(self.store.clone(), surroundings, self.wake.clone());
        if let Some(most) = self.waiting_per_receiver {
            worker = worker.with_waiting_per_receiver(most);
        }
        let running = tokio::spawn(worker.run(async move {
            let _ = stopped.await;
        }));
        self.worker = Some((stop, running));
    }

    /// Stops the worker as the server does.
    async fn stop_worker(&mut self) {
        let (stop, running) = self.worker.take().unwrap();
        stop.send(()).unwrap();
        tokio::time::timeout(LIMIT, running).await.expect("the worker stops").unwrap();
    }

    /// Ends the worker as a crash does.
    async fn kill_worker(&mut self) {
        let (_stop, running) = self.worker.take().unwrap();
        running.abort();
        let _ = running.await;
    }

    async fn commit(&self, deliveries: Vec<DeliveryRecord>) {
        let changes = Changes { deliveries: deliveries.clone(), ..Changes::default() };
        self.store.commit(changes).await.unwrap();
        self.wake.committed(deliveries);
    }

    async fn state(&self, id: i64) -> DeliveryState {
        self.store.delivery(380_200_100, id).await.unwrap().unwrap().state
    }

    /// Moves the clock to `ms` after the start.
    fn advance_to(&self, ms: i64) {
        self.now_ms.store(START.0 + ms, Ordering::SeqCst);
        self.wake.clock_moved();
    }

    /// Waits until the earliest pending delivery is due at `expected` after the start; `None`: until none is pending.
    async fn until_next_is_due(&self, expected_ms: Option<i64>) {
        let expected = expected_ms.map(|ms| START.plus_ms(ms));
        let reached = async {
            while self.store.next_delivery().await.unwrap() != expected {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LIMIT, reached).await.expect("the attempt is recorded in time");
    }
}

fn delivery(id: i64, url: String, resource: &str, action: &str) -> DeliveryRecord {
    DeliveryRecord {
        id,
        account_id: 380_200_100,
        application_id: 12,
        mode: Mode::Test,
        channel: Channel::Webhook,
        url,
        topic: "payment".to_owned(),
        action: action.to_owned(),
        resource_id: resource.to_owned(),
        created: START,
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt: START,
        data: None,
        turns_ahead: 0,
    }
}

fn created(id: i64, url: String) -> DeliveryRecord {
    delivery(id, url, &(150_000 + id).to_string(), "payment.created")
}

fn assert_signed(received: &Received) {
    let url = format!("http://shop.example{}", received.path_and_query);
    let url = url::Url::parse(&url).unwrap();
    let id = url.query_pairs().find(|(name, _)| name == "data.id").unwrap().1.into_owned();
    let header = received.header("x-signature");
    let ts = header.strip_prefix("ts=").unwrap().split_once(',').unwrap().0.parse().unwrap();
    assert_eq!(header, sign(SECRET, Some(&id), Some(received.header("x-request-id")), ts));
}

#[tokio::test]
async fn a_committed_delivery_arrives_signed_and_is_done() {
    let mut receiver = Receiver::answering(200).await;
    let world = World::new().await;
    world.commit(vec![created(7, receiver.url("/hook?shop=9"))]).await;
    let received = receiver.next().await;
    assert_eq!(received.path_and_query, "/hook?shop=9&data.id=150007&type=payment");
    assert_eq!(received.json()["id"], 7);
    assert_eq!(received.header("x-retry"), "0");
    assert_signed(&received);
    world.until_next_is_due(None).await;
    assert_eq!(world.state(7).await, DeliveryState::Delivered);
    let attempts = world.store.attempts(380_200_100, 7).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].request_id, received.header("x-request-id"));
    assert_eq!((attempts[0].number, attempts[0].started), (0, START));
    assert_eq!((attempts[0].response_status, attempts[0].failure.as_deref()), (Some(200), None));
    assert!(receiver.pending().is_none());
}

#[tokio::test]
async fn a_failed_attempt_is_made_again_when_it_is_due_and_is_a_message_of_its_own() {
    let answers = Arc::new(AtomicUsize::new(0));
    let script = answers.clone();
    let mut receiver = Receiver::new(move |_| match script.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Status(500),
        _ => Reply::Status(201),
    })
    .await;
    let world = World::new().await;
    world.commit(vec![created(7, receiver.url("/hook"))]).await;
    let first = receiver.next().await;
    world.until_next_is_due(Some(15 * MINUTE)).await;
    world.advance_to(15 * MINUTE - 1);
    // Another delivery shows that the worker has looked.
    let mut other = Receiver::answering(200).await;
    world.commit(vec![created(8, other.url("/"))]).await;
    other.next().await;
    assert_eq!(answers.load(Ordering::SeqCst), 1, "nothing comes before it is due");
    world.advance_to(15 * MINUTE);
    let second = receiver.next().await;
    assert_eq!(second.header("x-retry"), "1");
    assert_eq!(second.path_and_query, first.path_and_query);
    assert_eq!(second.json()["data"], first.json()["data"]);
    assert_ne!(second.json()["id"], first.json()["id"]);
    for header in ["x-request-id", "x-signature"] {
        assert_ne!(second.header(header), first.header(header), "{header}");
    }
    assert_signed(&second);
    world.until_next_is_due(None).await;
}

#[tokio::test]
async fn after_six_failures_a_delivery_is_given_up() {
    let mut receiver = Receiver::answering(503).await;
    let world = World::new().await;
    world.commit(vec![created(7, receiver.url("/hook"))]).await;
    let retries = [15 * MINUTE, 30 * MINUTE, 6 * HOUR, 48 * HOUR, 96 * HOUR];
    for (number, due) in retries.into_iter().enumerate() {
        assert_eq!(receiver.next().await.header("x-retry"), number.to_string());
        world.until_next_is_due(Some(due)).await;
        world.advance_to(due);
    }
    assert_eq!(receiver.next().await.header("x-retry"), "5");
    world.until_next_is_due(None).await;
    assert_eq!(world.state(7).await, DeliveryState::Exhausted);
    let attempts = world.store.attempts(380_200_100, 7).await.unwrap();
    assert_eq!(attempts.len(), 6);
    assert!(attempts.iter().all(|attempt| attempt.failure.as_deref() == Some("status 503")));
    assert!(attempts.iter().all(|attempt| attempt.response_status == Some(503)));
}

#[tokio::test]
async fn a_retry_comes_at_once_when_the_accounts_clock_is_moved_past_it() {
    let mut receiver = Receiver::answering(503).await;
    let world = World::new().await;
    world.commit(vec![created(7, receiver.url("/hook"))]).await;
    receiver.next().await;
    world.until_next_is_due(Some(15 * MINUTE)).await;
    let moved = RecordChange::SetClock { account_id: 380_200_100, offset_ms: 20 * MINUTE };
    world.store.commit(Changes { records: vec![moved], ..Changes::default() }).await.unwrap();
    world.wake.clock_moved();
    assert_eq!(receiver.next().await.header("x-retry"), "1");
    world.until_next_is_due(Some(10 * MINUTE)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_clock_that_is_moved_while_an_attempt_is_made_moves_its_retry_too() {
    let may_answer = Arc::new(AtomicBool::new(false));
    let script = may_answer.clone();
    let mut receiver = Receiver::new(move |_| {
        while !script.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Reply::Status(503)
    })
    .await;
    let world = World::new().await;
    world.commit(vec![created(7, receiver.url("/hook"))]).await;
    // The attempt is on its way, or about to be.
    tokio::time::timeout(LIMIT, async {
        while receiver.accepted() == 0 {
            tokio::task::yield_now().await
        }
    })
    .await
    .expect("the attempt begins in time");
    let alone = world.wake.clock_begins_to_move().await;
    let moved = RecordChange::SetClock { account_id: 380_200_100, offset_ms: 20 * MINUTE };
    world.store.commit(Changes { records: vec![moved], ..Changes::default() }).await.unwrap();
    world.wake.clock_moved();
    drop(alone);
    may_answer.store(true, Ordering::SeqCst);
    assert_eq!(receiver.next().await.header("x-retry"), "0");
    assert_eq!(receiver.next().await.header("x-retry"), "1", "it was due five minutes ago");
    world.until_next_is_due(Some(10 * MINUTE)).await;
}

#[tokio::test]
async fn a_clock_moved_far_ahead_runs_the_retries_that_it_skipped() {
    let mut receiver = Receiver::answering(503).await;
    let world = World::new().await;
    world.commit(vec![created(7, receiver.url("/hook"))]).await;
    world.until_next_is_due(Some(15 * MINUTE)).await;
    world.advance_to(7 * 24 * HOUR);
    world.until_next_is_due(None).await;
    let numbers: Vec<String> =
        std::iter::from_fn(|| receiver.pending()).map(|received| received.header("x-retry").into()).collect();
    assert_eq!(numbers, ["0", "1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn receivers_that_hang_hold_nobody_up() {
    let mut hanging = Vec::new();
    for _ in 0..20 {
        hanging.push(Receiver::new(|_| Reply::Hang).await);
    }
    let mut healthy = Receiver::answering(200).await;
    let world = World::new().await;
    let mut deliveries = Vec::new();
    // Twice a page for the first, so that the healthy one's stands far behind it.
    for id in 0..512 {
        deliveries.push(created(id, hanging[0].url("/hook")));
    }
    for (id, receiver) in (600..).zip(&hanging) {
        deliveries.push(created(id, receiver.url("/hook")));
    }
    deliveries.push(created(900, healthy.url("/hook")));
    world.commit(deliveries).await;
    // A hanging attempt lasts 22 seconds: this comes while all of them hang.
    let while_they_hang = tokio::time::timeout(Duration::from_secs(20), healthy.next());
    assert_eq!(while_they_hang.await.expect("not held up").json()["id"], 900);
}

#[tokio::test]
async fn a_receiver_gets_all_of_a_long_backlog_once() {
    let mut receiver = Receiver::answering(200).await;
    let world = World::new().await;
    world.commit((0..700).map(|id| created(id, receiver.url("/hook"))).collect()).await;
    let mut seen = HashSet::new();
    for _ in 0..700 {
        assert!(seen.insert(receiver.next().await.json()["id"].as_i64().unwrap()), "twice");
    }
    world.until_next_is_due(None).await;
    assert!(receiver.pending().is_none());
}

#[tokio::test]
async fn events_of_one_payment_arrive_one_at_a_time_and_in_order() {
    let mut receiver = Receiver::answering(200).await;
    let world = World::new().await;
    for id in 0..40 {
        let action = if id == 0 { "payment.created" } else { "payment.updated" };
        world.commit(vec![delivery(id, receiver.url("/hook"), "150", action)]).await;
    }
    for id in 0..40 {
        assert_eq!(receiver.next().await.json()["id"], id);
    }
}

#[tokio::test]
async fn while_one_event_of_a_payment_hangs_the_next_one_waits_and_other_payments_go_on() {
    let mut receiver = Receiver::new(|received| match received.json()["data"]["id"].as_str() {
        Some("150") => Reply::Hang,
        _ => Reply::Status(200),
    })
    .await;
    let world = World::new().await;
    world
        .commit(vec![
            delivery(1, receiver.url("/hook"), "150", "payment.created"),
            delivery(2, receiver.url("/hook"), "150", "payment.updated"),
            delivery(3, receiver.url("/hook"), "151", "payment.created"),
            delivery(4, receiver.url("/hook"), "152", "payment.created"),
        ])
        .await;
    let mut ids: Vec<i64> = Vec::new();
    for _ in 0..3 {
        ids.push(receiver.next().await.json()["id"].as_i64().unwrap());
    }
    ids.sort_unstable();
    assert_eq!(ids, [1, 3, 4]);
    assert!(receiver.pending().is_none());
}

/// A receiver that refuses what comes until it is well: then it answers 200.
async fn convalescent() -> (Receiver, Arc<AtomicBool>) {
    let is_well = Arc::new(AtomicBool::new(false));
    let script = is_well.clone();
    let answer = move |_: &Received| Reply::Status(if script.load(Ordering::SeqCst) { 200 } else { 500 });
    (Receiver::new(answer).await, is_well)
}

/// `x-retry` and action.
fn told(received: &Received) -> (String, String) {
    let action = received.json()["action"].as_str().unwrap().trim_start_matches("payment.").to_owned();
    (received.header("x-retry").to_owned(), action)
}

fn event(id: i64, receiver: &Receiver, action: &str) -> DeliveryRecord {
    delivery(id, receiver.url("/hook"), "150007", &format!("payment.{action}"))
}

impl World {
    /// Something that happens to the payment now.
    async fn happens(&self, event: DeliveryRecord) {
        let next_attempt = Timestamp(self.now_ms.load(Ordering::SeqCst));
        self.commit(vec![DeliveryRecord { next_attempt, ..event }]).await;
    }

    async fn stored(&self, id: i64) -> DeliveryRecord {
        self.store.delivery(380_200_100, id).await.unwrap().unwrap()
    }

    /// Waits until a delivery's next attempt is due so long after the start.
    async fn until_due(&self, id: i64, expected_ms: i64) {
        let reached = async {
            while self.stored(id).await.next_attempt != START.plus_ms(expected_ms) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LIMIT, reached).await.expect("the turn is noted in time");
    }
}

#[tokio::test]
async fn news_bring_the_retry_forward_that_they_wait_behind() {
    let (mut receiver, is_well) = convalescent().await;
    let world = World::new().await;
    world.happens(event(7, &receiver, "created")).await;
    assert_eq!(told(&receiver.next().await), ("0".into(), "created".into()));
    world.until_due(7, 15 * MINUTE).await;
    is_well.store(true, Ordering::SeqCst);
    world.advance_to(MINUTE);
    world.happens(event(8, &receiver, "updated")).await;
    assert_eq!(told(&receiver.next().await), ("1".into(), "created".into()));
    assert_eq!(told(&receiver.next().await), ("0".into(), "updated".into()));
    world.until_next_is_due(None).await;
    assert!(receiver.pending().is_none());
}

#[tokio::test]
async fn what_waits_behind_a_failure_has_its_own_turns_and_goes_with_what_it_waited_for() {
    let (mut receiver, is_well) = convalescent().await;
    let world = World::new().await;
    world.happens(event(7, &receiver, "created")).await;
    receiver.next().await;
    world.until_due(7, 15 * MINUTE).await;
    world.advance_to(MINUTE);
    for id in [8, 9] {
        world.happens(event(id, &receiver, "updated")).await;
        // The news have their turn, and the oldest is sent in it.
        assert_eq!(told(&receiver.next().await).1, "created");
        world.until_due(id, 16 * MINUTE).await;
    }
    let first = world.stored(7).await;
    assert_eq!((first.attempts, first.turn(), first.next_attempt), (3, 1, START.plus_ms(15 * MINUTE)));
    assert_eq!((world.stored(8).await.attempts, world.stored(8).await.turn()), (0, 1));
    // Its own turn, in which nobody else's is lost.
    world.advance_to(15 * MINUTE);
    assert_eq!(told(&receiver.next().await), ("3".into(), "created".into()));
    world.until_due(7, 30 * MINUTE).await;
    world.until_due(8, 16 * MINUTE).await;
    // One for both that wait.
    world.advance_to(16 * MINUTE);
    assert_eq!(told(&receiver.next().await), ("4".into(), "created".into()));
    world.until_due(8, 31 * MINUTE).await;
    world.until_due(9, 31 * MINUTE).await;
    is_well.store(true, Ordering::SeqCst);
    world.advance_to(30 * MINUTE);
    for (number, action) in [("5", "created"), ("0", "updated"), ("0", "updated")] {
        assert_eq!(told(&receiver.next().await), (number.to_owned(), action.to_owned()));
    }
    world.until_next_is_due(None).await;
    assert_eq!(world.stored(9).await.state, DeliveryState::Delivered);
    assert!(receiver.pending().is_none());
}

#[tokio::test]
async fn what_waits_in_the_store_is_not_overtaken_by_what_waits_in_memory() {
    let (mut receiver, is_well) = convalescent().await;
    let world = World::with_waiting_per_receiver(Some(2)).await;
    world.happens(event(7, &receiver, "created")).await;
    receiver.next().await;
    world.until_due(7, 15 * MINUTE).await;
    world.advance_to(MINUTE);
    world.happens(event(8, &receiver, "updated")).await;
    receiver.next().await;
    world.until_due(8, 16 * MINUTE).await;
    // It brings the first one along; the second one has its turn much later, and there is no room for it beside the others.
    is_well.store(true, Ordering::SeqCst);
    world.advance_to(2 * MINUTE);
    let crowd = (100..160).map(|id| delivery(id, receiver.url("/hook"), &id.to_string(), "payment.updated"));
    let mut news = vec![event(9, &receiver, "updated")];
    news.extend(crowd);
    let now = START.plus_ms(2 * MINUTE);
    world.commit(news.into_iter().map(|event| DeliveryRecord { next_attempt: now, ..event }).collect()).await;
    let mut own = Vec::new();
    for _ in 0..62 + 1 {
        let received = receiver.next().await;
        if received.path_and_query.contains("150007") {
            own.push(received.json()["id"].as_i64().unwrap());
        }
    }
    // The retry has an id of its own.
    assert_eq!(own.len(), 3);
    assert_eq!(own[1..], [8, 9]);
}

#[tokio::test]
async fn what_is_given_up_lets_the_next_one_go_and_other_payments_never_wait() {
    let mut receiver = Receiver::new(|received| {
        let is_created = received.body.contains("payment.created");
        Reply::Status(if is_created && received.body.contains("150007") { 500 } else { 200 })
    })
    .await;
    let mut world = World::new().await;
    world.happens(event(7, &receiver, "created")).await;
    receiver.next().await;
    world.until_due(7, 15 * MINUTE).await;
    world.advance_to(MINUTE);
    world.happens(event(8, &receiver, "updated")).await;
    world.happens(created(9, receiver.url("/hook"))).await;
    let both = [receiver.next().await, receiver.next().await].map(|received| told(&received));
    assert!(both.contains(&("1".into(), "created".into())) && both.contains(&("0".into(), "created".into())));
    world.until_due(8, 16 * MINUTE).await;
    // A node that dies forgets nothing of it.
    world.kill_worker().await;
    world.start_worker();
    world.advance_to(7 * 24 * HOUR);
    let mut last = told(&receiver.next().await);
    while last.1 == "created" {
        last = told(&receiver.next().await);
    }
    assert_eq!(last, ("0".into(), "updated".into()));
    world.until_next_is_due(None).await;
    assert_eq!(world.stored(7).await.state, DeliveryState::Exhausted);
    assert_eq!(world.stored(8).await.state, DeliveryState::Delivered);
}

#[tokio::test]
async fn an_attempt_that_a_crash_cut_off_is_made_again() {
    let answers = Arc::new(AtomicUsize::new(0));
    let script = answers.clone();
    let mut receiver = Receiver::new(move |_| match script.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Hang,
        _ => Reply::Status(200),
    })
    .await;
    let mut world = World::new().await;
    world.commit(vec![created(7, receiver.url("/hook"))]).await;
    let first = receiver.next().await;
    world.kill_worker().await;
    world.start_worker();
    let again = receiver.next().await;
    assert_eq!(again.body, first.body, "the same notification, because the first was never recorded");
    assert_eq!(again.header("x-retry"), "0");
    world.until_next_is_due(None).await;
}

#[tokio::test]
async fn what_was_committed_while_no_worker_ran_is_delivered_at_the_start() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::new().await;
    world.stop_worker().await;
    world.commit(vec![created(7, receiver.url("/hook"))]).await;
    assert!(receiver.pending().is_none());
    world.start_worker();
    assert_eq!(receiver.next().await.json()["id"], 7);
}

#[tokio::test]
async fn the_worker_stops_although_an_attempt_hangs() {
    let mut receiver = Receiver::new(|_| Reply::Hang).await;
    let mut world = World::new().await;
    world.commit(vec![created(7, receiver.url("/hook"))]).await;
    receiver.next().await;
    world.stop_worker().await;
    assert_eq!(world.store.next_delivery().await.unwrap(), Some(START), "it is still to be made");
}

#[tokio::test]
async fn deliveries_that_can_never_be_sent_fail_without_harm_to_others() {
    let mut receiver = Receiver::answering(200).await;
    let world = World::new().await;
    let without_secret = DeliveryRecord { application_id: 99, ..created(1, receiver.url("/hook")) };
    let not_a_url = created(2, "nonsense".to_owned());
    world.commit(vec![without_secret, not_a_url, created(3, receiver.url("/hook"))]).await;
    assert_eq!(receiver.next().await.json()["id"], 3);
    world.until_next_is_due(Some(15 * MINUTE)).await;
    for (id, failure) in [(1, "the application has no webhook secret"), (2, "not a URL with a host")] {
        let attempts = world.store.attempts(380_200_100, id).await.unwrap();
        assert_eq!(attempts[0].failure.as_deref(), Some(failure));
    }
    assert!(receiver.pending().is_none());
}

#[tokio::test]
async fn an_address_that_failed_for_days_is_paused_and_what_is_due_there_is_held() {
    let mut receiver = Receiver::answering(503).await;
    let mut world = World::new().await;
    world.commit(vec![created(7, receiver.url("/hook?order=1"))]).await;
    world.until_next_is_due(Some(15 * MINUTE)).await;
    world.advance_to(7 * 24 * HOUR);
    world.until_next_is_due(None).await;
    while receiver.pending().is_some() {}
    // The address is noted after its last attempt.
    let paused = async || {
        let settings = world.store.notification_settings(12).await.unwrap();
        settings.iter().any(|setting| {
            setting.kind == SettingKind::Endpoint
                && setting.name == receiver.url("/hook")
                && String::from_utf8_lossy(&setting.body).contains(r#""is_paused":true"#)
        })
    };
    tokio::time::timeout(LIMIT, async { while !paused().await {} })
        .await
        .expect("the address is paused in time");
    world.commit(vec![created(8, receiver.url("/hook?order=2")), created(9, receiver.url("/other"))]).await;
    assert_eq!(receiver.next().await.json()["id"], 9, "another address is told");
    let held = async || world.state(8).await == DeliveryState::Held;
    tokio::time::timeout(LIMIT, async { while !held().await {} }).await.expect("it is held in time");
    assert!(receiver.pending().is_none());
    assert_eq!(world.store.attempts(380_200_100, 8).await.unwrap(), vec![]);
    // So it is after a restart.
    world.stop_worker().await;
    world.start_worker();
    world.commit(vec![created(10, receiver.url("/hook"))]).await;
    let held = async || world.state(10).await == DeliveryState::Held;
    tokio::time::timeout(LIMIT, async { while !held().await {} }).await.expect("it is held in time");
}

#[tokio::test]
async fn who_refuses_the_new_secrets_signature_is_sent_the_old_ones_in_the_time_of_grace() {
    let mut receiver = Receiver::new(|received| {
        let url = url::Url::parse(&format!("http://shop.example{}", received.path_and_query)).unwrap();
        let id = url.query_pairs().find(|(name, _)| name == "data.id").unwrap().1.into_owned();
        let header = received.header("x-signature");
        let ts = header.strip_prefix("ts=").unwrap().split_once(',').unwrap().0.parse().unwrap();
        let of_old = sign("the old one", Some(&id), Some(received.header("x-request-id")), ts);
        Reply::Status(if header == of_old { 200 } else { 401 })
    })
    .await;
    let mut world = World::new().await;
    world.stop_worker().await;
    for (id, until, expected) in [(7, 1, DeliveryState::Delivered), (8, 0, DeliveryState::Pending)] {
        world.secrets = Arc::new(Secrets {
            current: SECRET.to_owned(),
            previous: Some(("the old one".to_owned(), START.plus_ms(until))),
        });
        world.start_worker();
        world.commit(vec![created(id, receiver.url("/hook"))]).await;
        let reached = async { while world.store.attempts(380_200_100, id).await.unwrap().is_empty() {} };
        tokio::time::timeout(LIMIT, reached).await.expect("the attempt is recorded in time");
        assert_eq!(world.state(id).await, expected);
        let attempts = world.store.attempts(380_200_100, id).await.unwrap();
        assert_eq!(attempts.len(), 1, "one attempt, whatever it took");
        world.stop_worker().await;
    }
    assert_eq!(receiver.next().await.json()["id"], 7);
    assert_eq!(receiver.next().await.json()["id"], 7);
    assert_eq!(receiver.next().await.json()["id"], 8);
    assert!(receiver.pending().is_none());
}
