//! Deliveries wait, are tried, and end; whatever happens, none is forgotten.

use crate::world::{NOON, SELLER, World};
use pasarela_domain::identity::Mode;
use pasarela_domain::timestamp::{HOUR, MINUTE, Timestamp};
use pasarela_store::{
    Changes, Channel, CommitError, DeliveryAttempt, DeliveryRecord, DeliveryState, RecordChange,
};

on_both_stores! {
    due_deliveries_are_paged_through_in_order,
    an_attempt_is_recorded_with_the_deliverys_new_state,
    an_attempt_of_an_unknown_delivery_is_refused,
    deliveries_are_found_by_their_resource_whatever_its_text_looks_like,
    moving_a_clock_moves_the_accounts_pending_deliveries_only,
}

fn delivery(id: i64, next_attempt: Timestamp) -> DeliveryRecord {
    DeliveryRecord {
        id,
        account_id: SELLER,
        application_id: 7,
        mode: Mode::Test,
        channel: Channel::Webhook,
        url: "https://shop.example/hook".to_owned(),
        topic: "payment".to_owned(),
        action: "payment.created".to_owned(),
        resource_id: "42".to_owned(),
        created: NOON,
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt,
    }
}

fn attempt(delivery_id: i64, number: u32, state: DeliveryState) -> DeliveryAttempt {
    DeliveryAttempt {
        account_id: SELLER,
        delivery_id,
        number,
        request_id: format!("request-{number}"),
        started: NOON,
        duration_ms: 12,
        response_status: Some(500),
        failure: Some("the receiver answered 500".to_owned()),
        state,
        next_attempt: (state == DeliveryState::Pending).then(|| NOON.plus_ms(15 * MINUTE)),
    }
}

async fn insert(world: &World, deliveries: Vec<DeliveryRecord>) {
    world.store.commit(Changes { deliveries, ..Changes::default() }).await.unwrap();
}

async fn due(world: &World, now: Timestamp, after: Option<(Timestamp, i64)>) -> Vec<i64> {
    let page = world.store.due_deliveries(now, 2, after).await.unwrap();
    page.iter().map(|delivery| delivery.id).collect()
}

async fn due_deliveries_are_paged_through_in_order(world: World) {
    assert_eq!(world.store.next_delivery().await.unwrap(), None);
    let (early, late) = (NOON, NOON.plus_ms(1));
    insert(
        &world,
        vec![delivery(3, early), delivery(1, late), delivery(2, early), delivery(4, NOON.plus_ms(HOUR))],
    )
    .await;
    assert_eq!(world.store.next_delivery().await.unwrap(), Some(NOON));
    assert_eq!(due(&world, late, None).await, [2, 3]);
    assert_eq!(due(&world, late, Some((early, 3))).await, [1]);
    assert_eq!(due(&world, late, Some((late, 1))).await, [0_i64; 0]);
}

async fn an_attempt_is_recorded_with_the_deliverys_new_state(world: World) {
    insert(&world, vec![delivery(1, NOON)]).await;
    let first = attempt(1, 0, DeliveryState::Pending);
    world.commit(vec![RecordChange::RecordAttempt(first.clone())]).await.unwrap();
    let stored = world.store.delivery(SELLER, 1).await.unwrap().unwrap();
    assert_eq!((stored.attempts, stored.next_attempt), (1, NOON.plus_ms(15 * MINUTE)));
    assert_eq!(world.store.next_delivery().await.unwrap(), Some(NOON.plus_ms(15 * MINUTE)));
    assert_eq!(
        world.commit(vec![RecordChange::RecordAttempt(first.clone())]).await,
        Err(CommitError::AlreadyExists("delivery attempt"))
    );

    let second =
        DeliveryAttempt { response_status: None, failure: None, ..attempt(1, 1, DeliveryState::Delivered) };
    world.commit(vec![RecordChange::RecordAttempt(second.clone())]).await.unwrap();
    assert_eq!(world.store.next_delivery().await.unwrap(), None);
    assert_eq!(world.store.delivery(SELLER, 1).await.unwrap().unwrap().state, DeliveryState::Delivered);
    assert_eq!(world.store.attempts(SELLER, 1).await.unwrap(), vec![first, second]);
    world.assert_sound().await;
}

async fn an_attempt_of_an_unknown_delivery_is_refused(world: World) {
    let refused =
        world.commit(vec![RecordChange::RecordAttempt(attempt(5, 0, DeliveryState::Delivered))]).await;
    assert_eq!(refused, Err(CommitError::VersionConflict));
    assert_eq!(world.store.attempts(SELLER, 5).await.unwrap(), vec![]);
}

async fn deliveries_are_found_by_their_resource_whatever_its_text_looks_like(world: World) {
    let names = ["42", "042", "ORD01J6TC8BYRR0T4ZKY0QR39WGYE", "-7", "9223372036854775808", ""];
    for (id, name) in (1..).zip(names) {
        insert(&world, vec![DeliveryRecord { resource_id: name.to_owned(), ..delivery(id, NOON) }]).await;
    }
    for (id, name) in (1..).zip(names) {
        let found = world.store.deliveries_of(SELLER, Mode::Test, name).await.unwrap();
        let expected = DeliveryRecord { resource_id: name.to_owned(), ..delivery(id, NOON) };
        assert_eq!(found, vec![expected], "{name}");
    }
    assert_eq!(world.store.deliveries_of(SELLER, Mode::Live, "42").await.unwrap(), vec![]);
}

async fn moving_a_clock_moves_the_accounts_pending_deliveries_only(world: World) {
    let in_an_hour = NOON.plus_ms(HOUR);
    let live = DeliveryRecord { mode: Mode::Live, ..delivery(2, in_an_hour) };
    let foreign = DeliveryRecord { account_id: 42, ..delivery(3, in_an_hour) };
    let done = DeliveryRecord { state: DeliveryState::Delivered, ..delivery(4, in_an_hour) };
    insert(&world, vec![delivery(1, in_an_hour), live, foreign, done]).await;
    for offset_ms in [HOUR / 2, HOUR] {
        world.commit(vec![RecordChange::SetClock { account_id: SELLER, offset_ms }]).await.unwrap();
    }
    let expected = [(SELLER, 1, NOON), (SELLER, 2, in_an_hour), (42, 3, in_an_hour), (SELLER, 4, in_an_hour)];
    for (account_id, id, expected) in expected {
        let stored = world.store.delivery(account_id, id).await.unwrap().unwrap();
        assert_eq!(stored.next_attempt, expected, "delivery {id}");
    }
}
