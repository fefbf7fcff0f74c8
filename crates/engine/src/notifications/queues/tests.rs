//! Tests of the queues: fairness, order, and what is bounded.

use super::*;
use pasarela_domain::identity::Mode;
use pasarela_store::{Channel, DeliveryState};
use proptest::prelude::*;

const SMALL: Limits = Limits {
    running: 9,
    running_per_receiver: 2,
    crowded: 9,
    running_per_unproven: 2,
    running_unproven: 6,
    running_struggling: 2,
    waiting_per_receiver: 4,
    waiting_per_good: 4,
    waiting: 100,
    receivers: 3,
};

fn delivery(id: i64, host: &str, resource: i64) -> DeliveryRecord {
    DeliveryRecord {
        id,
        account_id: 1,
        application_id: 1,
        mode: Mode::Test,
        channel: Channel::Webhook,
        url: format!("http://{host}/hook"),
        topic: "payment".to_owned(),
        action: "payment.updated".to_owned(),
        resource_id: resource.to_string(),
        created: Timestamp(0),
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt: Timestamp(id),
        data: None,
        turns_ahead: 0,
    }
}

fn start_all(queues: &mut Queues) -> Vec<(i64, Running)> {
    std::iter::from_fn(|| queues.start().map(|(delivery, running)| (delivery.id, running))).collect()
}

/// An attempt ends and is recorded.
fn finish(queues: &mut Queues, running: Running, struggling: bool) -> Option<Position> {
    queues.ended(&running, struggling);
    queues.finish(running)
}

fn ids(started: &[(i64, Running)]) -> Vec<i64> {
    started.iter().map(|(id, _)| *id).collect()
}

#[test]
fn a_receiver_has_few_at_once_and_the_others_take_turns() {
    let mut queues = Queues::new(SMALL);
    for id in 1..=4 {
        queues.offer(delivery(id, "a.example", id));
    }
    queues.offer(delivery(5, "b.example", 5));
    assert_eq!(ids(&start_all(&mut queues)), [1, 5, 2]);
}

#[test]
fn events_of_one_resource_go_one_after_the_other() {
    let mut queues = Queues::new(SMALL);
    queues.offer(delivery(2, "a.example", 77));
    queues.offer(delivery(1, "a.example", 77));
    queues.offer(delivery(3, "a.example", 88));
    let mut started = start_all(&mut queues);
    assert_eq!(ids(&started), [1, 3]);
    let (_, first) = started.remove(0);
    finish(&mut queues, first, false);
    assert_eq!(ids(&start_all(&mut queues)), [2]);
}

#[test]
fn what_is_held_is_not_taken_twice() {
    let mut queues = Queues::new(SMALL);
    queues.offer(delivery(1, "a.example", 1));
    let mut started = start_all(&mut queues);
    assert_eq!(queues.offer(delivery(1, "a.example", 1)), Offered::Held);
    assert!(queues.start().is_none());
    let again = finish(&mut queues, started.remove(0).1, false);
    assert_eq!(again, Some((Timestamp(1), 1)), "who finishes it learns that it was offered meanwhile");
    queues.offer(delivery(1, "a.example", 1));
    assert!(queues.start().is_some());
}

#[test]
fn what_does_not_fit_stays_in_the_store_and_is_asked_for_in_order() {
    let mut queues = Queues::new(SMALL);
    for id in 1..=4 {
        assert_eq!(queues.offer(delivery(id, "a.example", id)), Offered::Held);
    }
    assert_eq!(queues.offer(delivery(5, "a.example", 5)), Offered::Left);
    let mut started = start_all(&mut queues);
    // There is room again, but 5 comes before 6.
    assert_eq!(queues.offer(delivery(6, "a.example", 6)), Offered::Left);
    assert_eq!(ids(&started), [1, 2]);
    let (key, from) = queues.take_refill().unwrap();
    assert_eq!((&*key, from), ("a.example:80", (Timestamp(5), 5)));
    assert!(queues.take_refill().is_none());
    assert_eq!(queues.offer(delivery(5, "a.example", 5)), Offered::Held);
    assert_eq!(queues.offer(delivery(6, "a.example", 6)), Offered::Held);
    for (_, running) in started.drain(..) {
        finish(&mut queues, running, false);
    }
    assert_eq!(ids(&start_all(&mut queues)), [3, 4]);
}

#[test]
fn receivers_that_struggle_leave_room_for_those_that_answer() {
    let mut queues = Queues::new(Limits { receivers: 100, ..SMALL });
    for host in 0..20 {
        queues.offer(delivery(host, &format!("dead{host}.example"), host));
    }
    for (_, running) in start_all(&mut queues) {
        finish(&mut queues, running, true);
    }
    // Six are known to be dead now; each has two more, and only two of them together may be tried at once.
    for host in 0..6 {
        queues.offer(delivery(100 + host, &format!("dead{host}.example"), 100 + host));
        queues.offer(delivery(200 + host, &format!("dead{host}.example"), 200 + host));
    }
    queues.unpark_all();
    queues.turns.retain(|key| (0..6).any(|host| **key == *format!("dead{host}.example:80")));
    let started = start_all(&mut queues);
    assert_eq!(started.len(), 2);
    queues.offer(delivery(300, "good.example", 300));
    assert_eq!(ids(&start_all(&mut queues)), [300]);
}

#[test]
fn a_receiver_that_answers_again_gets_its_full_share() {
    let mut queues = Queues::new(SMALL);
    queues.offer(delivery(1, "a.example", 1));
    let (_, running) = start_all(&mut queues).remove(0);
    finish(&mut queues, running, true);
    for id in 2..=4 {
        queues.offer(delivery(id, "a.example", id));
    }
    let mut started = start_all(&mut queues);
    assert_eq!(ids(&started), [2]);
    finish(&mut queues, started.remove(0).1, false);
    assert_eq!(ids(&start_all(&mut queues)), [3, 4]);
}

#[test]
fn receivers_that_nobody_knows_leave_room_for_those_that_answer() {
    let limits = Limits { receivers: 100, running_per_unproven: 1, ..SMALL };
    let mut queues = Queues::new(limits);
    queues.offer(delivery(1, "good.example", 1));
    let (_, running) = start_all(&mut queues).remove(0);
    queues.more_at(&"good.example:80".into(), (Timestamp(900), 900));
    finish(&mut queues, running, false);
    for host in 10..40 {
        queues.offer(delivery(host, &format!("new{host}.example"), host));
        queues.offer(delivery(100 + host, &format!("new{host}.example"), 100 + host));
    }
    let hanging = start_all(&mut queues);
    assert_eq!(hanging.len(), limits.running_unproven, "one each, and not all of them");
    queues.take_refill();
    queues.offer(delivery(900, "good.example", 900));
    queues.offer(delivery(901, "good.example", 901));
    assert_eq!(ids(&start_all(&mut queues)), [900, 901]);
}

#[test]
fn who_answered_well_and_then_hangs_does_not_take_everything() {
    let limits = Limits { running_per_receiver: 16, crowded: 64, ..SMALL };
    assert_eq!(
        [0, 63, 64, 127, 128, 400].map(|running| limits.of_one_that_is_good(running)),
        [16, 16, 4, 4, 1, 1]
    );
}

#[test]
fn a_receiver_that_never_answers_rests_until_it_is_tried_again() {
    let mut queues = Queues::new(SMALL);
    let attempt = |queues: &mut Queues, id, has_answered| {
        queues.offer(delivery(id, "dead.example", id));
        let (_, running) = queues.start().unwrap();
        queues.answered(&running, has_answered);
        finish(queues, running, !has_answered);
    };
    for id in 1..10 {
        attempt(&mut queues, id, false);
    }
    attempt(&mut queues, 10, true);
    for id in 11..=20 {
        attempt(&mut queues, id, false);
    }
    queues.offer(delivery(21, "dead.example", 21));
    assert!(queues.start().is_none(), "it rests");
    assert!(queues.rest_left().unwrap() <= FIRST_REST);
    queues.offer(delivery(22, "good.example", 22));
    assert_eq!(ids(&start_all(&mut queues)), [22]);
    let dead = queues.receivers.get_mut("dead.example:80").unwrap();
    dead.rests_until = Some(Instant::now());
    queues.unpark_all();
    let started = start_all(&mut queues);
    assert_eq!(ids(&started), [21]);
    // The next one waits for the attempt in flight, and nobody for a time that is past.
    queues.offer(delivery(23, "dead.example", 23));
    assert!(queues.start().is_none());
    assert_eq!(queues.rest_left(), None);
}

#[test]
fn rests_grow_up_to_a_minute() {
    let rests = [9, 10, 11, 12, 13, 14, 99].map(|silent| rest_after(silent).map(|rest| rest.as_secs()));
    assert_eq!(rests, [None, Some(5), Some(10), Some(20), Some(40), Some(60), Some(60)]);
}

#[test]
fn the_number_of_receivers_is_bounded_and_idle_ones_make_room() {
    let mut queues = Queues::new(SMALL);
    for id in 1..=3 {
        assert_eq!(queues.offer(delivery(id, &format!("h{id}.example"), id)), Offered::Held);
    }
    assert_eq!(queues.offer(delivery(4, "h4.example", 4)), Offered::NoRoom);
    let (_, running) = start_all(&mut queues).remove(0);
    finish(&mut queues, running, true);
    assert_eq!(queues.offer(delivery(4, "h4.example", 4)), Offered::Held);
    assert_eq!(queues.receivers.len(), 3);
}

#[test]
fn nothing_is_remembered_of_a_receiver_that_is_done() {
    let mut queues = Queues::new(SMALL);
    queues.offer(delivery(1, "a.example", 1));
    let (_, running) = start_all(&mut queues).remove(0);
    finish(&mut queues, running, false);
    assert!(queues.receivers.is_empty() && queues.held.is_empty() && queues.busy_lanes.is_empty());
    assert!(queues.turns.is_empty());
    assert_eq!((queues.running, queues.running_struggling, queues.running_unproven), (0, 0, 0));
}

#[test]
fn a_refill_that_stopped_early_goes_on_from_there() {
    let mut queues = Queues::new(SMALL);
    for id in 1..=5 {
        queues.offer(delivery(id, "a.example", id));
    }
    let _started = start_all(&mut queues);
    let (key, _) = queues.take_refill().unwrap();
    queues.more_at(&key, (Timestamp(9), 9));
    assert_eq!(queues.take_refill(), Some((key.clone(), (Timestamp(9), 9))));
    queues.forget_if_idle(&key);
    assert!(queues.receivers.contains_key(&key), "it is not idle");
}

/// Offers all that is due in `store` from `from` on, to one receiver or to all; as the worker does.
fn offer_from(
    queues: &mut Queues,
    store: &BTreeMap<Position, DeliveryRecord>,
    from: Position,
    only: Option<&Arc<str>>,
) -> Option<Position> {
    for (position, delivery) in store.range(from..) {
        if only.is_some_and(|only| *only != receiver_of(&delivery.url)) {
            continue;
        }
        match queues.offer(delivery.clone()) {
            Offered::NoRoom => return Some(*position),
            Offered::Left if only.is_some() => return None,
            Offered::Left | Offered::Held => {}
        }
    }
    None
}

proptest! {
    #[test]
    fn everything_is_delivered_once_and_each_resource_in_order(
        events in prop::collection::vec((0..5_u8, 0..4_i64), 1..120),
        choices in prop::collection::vec((any::<usize>(), any::<bool>()), 120),
    ) {
        let mut store: BTreeMap<Position, DeliveryRecord> = (1..)
            .zip(&events)
            .map(|(id, (host, resource))| delivery(id, &format!("h{host}.example"), *resource))
            .map(|delivery| ((delivery.next_attempt, delivery.id), delivery))
            .collect();
        let mut queues = Queues::new(SMALL);
        let mut from = Some((Timestamp(0), 0));
        let mut in_flight: Vec<(i64, Running)> = Vec::new();
        let mut last_of_lane: HashMap<Lane, i64> = HashMap::new();
        let mut choices = choices.into_iter();
        while !store.is_empty() {
            from = from.and_then(|from| offer_from(&mut queues, &store, from, None));
            while let Some((key, from)) = queues.take_refill() {
                offer_from(&mut queues, &store, from, Some(&key));
            }
            in_flight.extend(start_all(&mut queues));
            let lanes: HashSet<&Lane> = in_flight.iter().map(|(_, running)| &running.lane).collect();
            prop_assert_eq!(lanes.len(), in_flight.len());
            prop_assert!(in_flight.len() <= SMALL.running && queues.receivers.len() <= SMALL.receivers);
            prop_assert!(!in_flight.is_empty(), "{} deliveries are stuck", store.len());
            // One attempt a turn ends, so that a choice is there for each delivery.
            let (choice, struggling) = choices.next().expect("every turn delivers one");
            let (id, running) = in_flight.swap_remove(choice % in_flight.len());
            let before = last_of_lane.insert(running.lane, id);
            prop_assert!(before.is_none_or(|before| before < id));
            prop_assert!(store.remove(&(Timestamp(id), id)).is_some(), "{} was delivered twice", id);
            finish(&mut queues, running, struggling);
        }
        prop_assert!(queues.held.is_empty() && queues.busy_lanes.is_empty() && in_flight.is_empty());
    }
}

#[test]
fn a_receiver_is_a_host_and_a_port() {
    assert_eq!(&*receiver_of("https://shop.example/a?b"), "shop.example:443");
    assert_eq!(&*receiver_of("http://SHOP.example:8080/a"), "shop.example:8080");
    assert_eq!(&*receiver_of("nonsense"), "nonsense");
}
