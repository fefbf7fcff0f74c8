//! Deliveries wait, are tried, and end; whatever happens, none is forgotten.

use crate::world::{NOON, SELLER, World};
use pasarela_domain::identity::Mode;
use pasarela_domain::timestamp::{HOUR, MINUTE, Timestamp};
use pasarela_store::{
    Changes, Channel, CommitError, DeliveryAttempt, DeliveryPage, DeliveryRecord, DeliverySearch,
    DeliveryState, NotificationChange, NotificationSetting, RecordChange, SettingKind,
};

on_both_stores! {
    due_deliveries_are_paged_through_in_order,
    an_attempt_is_recorded_with_the_deliverys_new_state,
    an_attempt_of_an_unknown_delivery_is_refused,
    deliveries_are_found_by_their_resource_whatever_its_text_looks_like,
    moving_a_clock_moves_the_accounts_pending_deliveries_only,
    the_history_is_searched_newest_first_and_page_by_page,
    a_delivery_is_held_and_tried_again,
    a_newer_delivery_waits_behind_an_older_one_of_its_lane,
    only_a_delivery_that_stands_where_it_was_seen_is_moved,
    what_is_over_is_forgotten_with_its_attempts,
    a_setting_has_one_writer_at_a_time,
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
        data: None,
        turns_ahead: 0,
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
        exchange: (number > 0).then(|| vec![1, 2]),
    }
}

async fn insert(world: &World, deliveries: Vec<DeliveryRecord>) {
    world.store.commit(Changes { deliveries, ..Changes::default() }).await.unwrap();
}

async fn due(world: &World, now: Timestamp, after: Option<(Timestamp, i64)>) -> Vec<i64> {
    let page = world.store.due_deliveries(now, 2, after).await.unwrap();
    page.iter().map(|due| due.delivery.id).collect()
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

async fn notify(world: &World, change: NotificationChange) -> Result<(), CommitError> {
    world.commit(vec![RecordChange::Notification(change)]).await
}

fn ids(page: &DeliveryPage) -> Vec<i64> {
    page.deliveries.iter().map(|delivery| delivery.id).collect()
}

async fn the_history_is_searched_newest_first_and_page_by_page(world: World) {
    let held = DeliveryRecord { state: DeliveryState::Held, ..delivery(5, NOON) };
    let foreign = DeliveryRecord { account_id: 42, ..delivery(6, NOON) };
    let live = DeliveryRecord { mode: Mode::Live, ..delivery(7, NOON) };
    let other = DeliveryRecord {
        topic: "order".to_owned(),
        action: "order.processed".to_owned(),
        resource_id: "ORD1".to_owned(),
        url: "https://shop.example/orders".to_owned(),
        data: Some(r#"{"id":"ORD1"}"#.to_owned()),
        ..delivery(8, NOON)
    };
    let mut all: Vec<DeliveryRecord> = (1..=4).map(|id| delivery(id, NOON)).collect();
    all.extend([held.clone(), foreign, live, other.clone()]);
    insert(&world, all).await;
    let all = DeliverySearch::of(SELLER, Mode::Test, 3);
    let find = async |search: DeliverySearch| world.store.search_deliveries(&search).await.unwrap();
    let first = find(all.clone()).await;
    assert_eq!((ids(&first), first.next), (vec![8, 5, 4], Some(4)));
    let second = find(DeliverySearch { before: 4, ..all.clone() }).await;
    assert_eq!(ids(&second), [3, 2, 1]);
    let last = find(DeliverySearch { before: 1, ..all.clone() }).await;
    assert_eq!(last, DeliveryPage::default());
    let since = find(DeliverySearch { from: 3, limit: 9, ..all.clone() }).await;
    assert_eq!((ids(&since), since.next), (vec![8, 5, 4, 3], None));
    let by_state = DeliverySearch { state: Some(DeliveryState::Held), ..all.clone() };
    assert_eq!(find(by_state).await.deliveries, [held]);
    for search in [
        DeliverySearch { topic: Some("order".to_owned()), ..all.clone() },
        DeliverySearch { action: Some("order.processed".to_owned()), ..all.clone() },
        DeliverySearch { resource_id: Some("ORD1".to_owned()), ..all.clone() },
        DeliverySearch { url: Some("https://shop.example/orders".to_owned()), ..all.clone() },
    ] {
        assert_eq!(find(search.clone()).await.deliveries, std::slice::from_ref(&other), "{search:?}");
    }
    let by_resource = DeliverySearch { resource_id: Some("42".to_owned()), ..all };
    assert_eq!(ids(&find(by_resource).await), [5, 4, 3]);
}

async fn a_delivery_is_held_and_tried_again(world: World) {
    insert(&world, vec![delivery(1, NOON)]).await;
    let change = |state, next_attempt| NotificationChange::Reschedule {
        account_id: SELLER,
        delivery_id: 1,
        state,
        next_attempt,
    };
    notify(&world, change(DeliveryState::Held, NOON)).await.unwrap();
    assert_eq!(world.store.next_delivery().await.unwrap(), None);
    let later = NOON.plus_ms(HOUR);
    notify(&world, change(DeliveryState::Pending, later)).await.unwrap();
    assert_eq!(world.store.next_delivery().await.unwrap(), Some(later));
    let foreign = NotificationChange::Reschedule {
        account_id: 42,
        delivery_id: 1,
        state: DeliveryState::Held,
        next_attempt: NOON,
    };
    assert_eq!(notify(&world, foreign).await, Err(CommitError::VersionConflict));
}

async fn a_newer_delivery_waits_behind_an_older_one_of_its_lane(world: World) {
    let elsewhere = "https://shop.example/other".to_owned();
    insert(
        &world,
        vec![
            delivery(1, NOON.plus_ms(HOUR)),
            delivery(2, NOON),
            DeliveryRecord { url: elsewhere, ..delivery(3, NOON) },
            DeliveryRecord { resource_id: "another".to_owned(), ..delivery(4, NOON) },
            DeliveryRecord { topic: "merchant_order".to_owned(), ..delivery(5, NOON) },
            DeliveryRecord { channel: Channel::Ipn, ..delivery(6, NOON) },
            DeliveryRecord { mode: Mode::Live, ..delivery(7, NOON) },
            DeliveryRecord { account_id: 42, ..delivery(8, NOON) },
            delivery(9, NOON),
        ],
    )
    .await;
    let behind = async || {
        let page = world.store.due_deliveries(NOON, 20, None).await.unwrap();
        let waiting = page.iter().filter_map(|due| Some((due.delivery.id, due.behind?)));
        waiting.collect::<Vec<_>>()
    };
    assert_eq!(behind().await, [(2, 1), (9, 1)]);
    let held = NotificationChange::Move {
        account_id: SELLER,
        delivery_id: 1,
        from: DeliveryState::Pending,
        to: DeliveryState::Held,
        next_attempt: NOON,
        turns_ahead: 0,
        seen: None,
    };
    notify(&world, held).await.unwrap();
    assert_eq!(behind().await, [(2, 1), (9, 1)], "what is held is not told");
    let behind_of = async |limit| {
        let found = world.store.deliveries_behind(&delivery(1, NOON), limit).await.unwrap();
        found.into_iter().map(|delivery| delivery.id).collect::<Vec<_>>()
    };
    assert_eq!((behind_of(9).await, behind_of(1).await), (vec![2, 9], vec![2]));
    let told = attempt(1, 0, DeliveryState::Delivered);
    world.commit(vec![RecordChange::RecordAttempt(told)]).await.unwrap();
    assert_eq!(behind().await, [(9, 2)]);
    let given_up = attempt(2, 0, DeliveryState::Exhausted);
    world.commit(vec![RecordChange::RecordAttempt(given_up)]).await.unwrap();
    assert_eq!(behind().await, []);
}

async fn only_a_delivery_that_stands_where_it_was_seen_is_moved(world: World) {
    insert(&world, vec![delivery(1, NOON)]).await;
    let moved = |from, turns_ahead, seen| NotificationChange::Move {
        account_id: SELLER,
        delivery_id: 1,
        from,
        to: DeliveryState::Pending,
        next_attempt: NOON.plus_ms(HOUR),
        turns_ahead,
        seen,
    };
    let change = |from, turns_ahead| moved(from, turns_ahead, None);
    let stored = async || world.store.delivery(SELLER, 1).await.unwrap().unwrap();
    notify(&world, change(DeliveryState::Held, 2)).await.unwrap();
    assert_eq!((stored().await.turn(), stored().await.next_attempt), (0, NOON));
    // With an attempt in the same commit: what is moved is what the attempt left.
    let failed = RecordChange::RecordAttempt(attempt(1, 0, DeliveryState::Pending));
    let also_moved = RecordChange::Notification(change(DeliveryState::Pending, -1));
    world.commit(vec![failed, also_moved]).await.unwrap();
    let after = stored().await;
    assert_eq!((after.attempts, after.turns_ahead, after.turn()), (1, -1, 0));
    assert_eq!(after.next_attempt, NOON.plus_ms(HOUR));
    // One that was moved since it was seen stays where it is.
    for seen in [(NOON, -1), (NOON.plus_ms(HOUR), 0)] {
        notify(&world, moved(DeliveryState::Pending, 7, Some(seen))).await.unwrap();
        assert_eq!(stored().await.turns_ahead, -1);
    }
    notify(&world, moved(DeliveryState::Pending, 2, Some((NOON.plus_ms(HOUR), -1)))).await.unwrap();
    assert_eq!(stored().await.turns_ahead, 2);
    notify(&world, NotificationChange::Forget { account_id: SELLER, delivery_id: 1 }).await.unwrap();
    notify(&world, change(DeliveryState::Pending, 0)).await.unwrap();
    assert_eq!(world.store.delivery(SELLER, 1).await.unwrap(), None);
}

async fn what_is_over_is_forgotten_with_its_attempts(world: World) {
    insert(&world, (1..=4).map(|id| delivery(id, NOON)).collect()).await;
    for id in [1, 3, 4] {
        let over = attempt(id, 0, DeliveryState::Delivered);
        world.commit(vec![RecordChange::RecordAttempt(over)]).await.unwrap();
    }
    assert_eq!(world.store.old_deliveries(SELLER, 4, 9).await.unwrap(), [1, 3]);
    assert_eq!(world.store.old_deliveries(SELLER, 4, 1).await.unwrap(), [1]);
    assert_eq!(world.store.old_deliveries(42, 4, 9).await.unwrap(), [0_i64; 0]);
    let forget = |account_id| NotificationChange::Forget { account_id, delivery_id: 1 };
    assert_eq!(notify(&world, forget(42)).await, Err(CommitError::VersionConflict));
    notify(&world, forget(SELLER)).await.unwrap();
    assert_eq!(world.store.delivery(SELLER, 1).await.unwrap(), None);
    assert_eq!(world.store.attempts(SELLER, 1).await.unwrap(), vec![]);
    assert_eq!(world.store.attempts(SELLER, 3).await.unwrap().len(), 1);
    assert_eq!(notify(&world, forget(SELLER)).await, Err(CommitError::VersionConflict));
    world.assert_sound().await;
}

async fn a_setting_has_one_writer_at_a_time(world: World) {
    let setting = |version, body: &str| NotificationSetting {
        application_id: 7,
        mode: Mode::Test,
        kind: SettingKind::Addresses,
        name: String::new(),
        version,
        changed: NOON.plus_ms(version),
        body: body.as_bytes().to_vec(),
    };
    let set = async |version, body| notify(&world, NotificationChange::Set(setting(version, body))).await;
    assert_eq!(set(1, "none").await, Err(CommitError::VersionConflict));
    set(0, "first").await.unwrap();
    assert_eq!(set(0, "again").await, Err(CommitError::AlreadyExists("notification setting")));
    set(1, "second").await.unwrap();
    assert_eq!(set(1, "late").await, Err(CommitError::VersionConflict));
    let other = NotificationSetting { mode: Mode::Live, name: "x".to_owned(), ..setting(0, "other") };
    notify(&world, NotificationChange::Set(other.clone())).await.unwrap();
    let stored = NotificationSetting { version: 2, changed: NOON.plus_ms(1), ..setting(0, "second") };
    let other = NotificationSetting { version: 1, ..other };
    assert_eq!(world.store.notification_settings(7).await.unwrap(), [stored.clone(), other]);
    assert_eq!(world.store.notification_settings(8).await.unwrap(), vec![]);
    assert_eq!(world.store.notification_settings_since(NOON.plus_ms(1)).await.unwrap(), [stored]);
    // What else an application keeps is found by its kind, and by nobody who asks for settings.
    let counts =
        NotificationSetting { kind: SettingKind::Traffic, name: "07".to_owned(), ..setting(0, "counts") };
    notify(&world, NotificationChange::Set(counts.clone())).await.unwrap();
    let counts = NotificationSetting { version: 1, ..counts };
    let records = async |mode, kind| world.store.application_records(7, mode, kind).await.unwrap();
    assert_eq!(records(Mode::Test, SettingKind::Traffic).await, [counts]);
    assert_eq!(records(Mode::Live, SettingKind::Traffic).await, []);
    assert_eq!(records(Mode::Test, SettingKind::Measurement).await, []);
    assert_eq!(world.store.notification_settings(7).await.unwrap().len(), 2);
    assert_eq!(world.store.notification_settings_since(NOON).await.unwrap().len(), 2);
}
