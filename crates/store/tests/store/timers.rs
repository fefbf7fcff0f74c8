//! Timers run by their account's time, and a test account's time can be moved.

use crate::world::{NOON, SELLER, World, payment, release};
use pasarela_domain::identity::Mode;
use pasarela_domain::timestamp::{DAY, HOUR};
use pasarela_store::{Changes, RecordChange, Timer, TimerKind};

on_both_stores! {
    due_timers_come_in_order_and_the_next_wake_is_the_earliest,
    a_timer_that_is_set_again_is_moved,
    a_timer_that_was_there_before_its_payment_is_moved,
    moving_a_clock_moves_when_its_timers_wake_and_no_others,
    a_clock_of_an_account_without_timers_can_be_moved,
}

async fn set(world: &World, timers: Vec<Timer>) {
    world.store.commit(Changes { set_timers: timers, ..Changes::default() }).await.unwrap();
}

async fn clear(world: &World, timers: Vec<Timer>) {
    world.store.commit(Changes { clear_timers: timers, ..Changes::default() }).await.unwrap();
}

async fn move_clock(world: &World, offset_ms: i64) {
    world.commit(vec![RecordChange::SetClock { account_id: SELLER, offset_ms }]).await.unwrap();
}

async fn due_timers_come_in_order_and_the_next_wake_is_the_earliest(world: World) {
    assert_eq!(world.store.next_wake().await.unwrap(), None);
    let first = Timer { kind: TimerKind::Expiry, ..release(9, NOON.plus_ms(HOUR)) };
    let second = release(3, NOON.plus_ms(HOUR));
    let third = release(4, NOON.plus_ms(2 * HOUR));
    let foreign = Timer { account_id: 42, mode: Mode::Live, ..release(5, NOON.plus_ms(HOUR + 1)) };
    set(&world, vec![third, foreign, second, first]).await;

    assert_eq!(world.store.next_wake().await.unwrap(), Some(NOON.plus_ms(HOUR)));
    assert_eq!(world.store.due_timers(NOON, 10).await.unwrap(), vec![]);
    assert_eq!(world.store.due_timers(NOON.plus_ms(HOUR), 10).await.unwrap(), vec![first, second]);
    assert_eq!(
        world.store.due_timers(NOON.plus_ms(3 * HOUR), 10).await.unwrap(),
        vec![first, second, foreign, third]
    );
    assert_eq!(world.store.due_timers(NOON.plus_ms(3 * HOUR), 1).await.unwrap(), vec![first]);
    let own = world.store.next_timers(SELLER, Mode::Test, NOON.plus_ms(3 * HOUR), 10).await.unwrap();
    assert_eq!(own, vec![first, second, third]);

    clear(&world, vec![Timer { due: NOON, ..first }, second]).await;
    assert_eq!(world.store.next_wake().await.unwrap(), Some(NOON.plus_ms(HOUR + 1)));
    clear(&world, vec![third, foreign]).await;
    assert_eq!(world.store.next_wake().await.unwrap(), None);
}

async fn a_timer_that_is_set_again_is_moved(world: World) {
    world.insert(&payment(1)).await;
    set(&world, vec![release(1, NOON.plus_ms(HOUR))]).await;
    set(&world, vec![release(1, NOON.plus_ms(2 * HOUR))]).await;
    assert_eq!(world.store.next_wake().await.unwrap(), Some(NOON.plus_ms(2 * HOUR)));
    set(&world, vec![release(1, NOON)]).await;
    assert_eq!(world.store.next_wake().await.unwrap(), Some(NOON));
    let timers = world.store.next_timers(SELLER, Mode::Test, NOON.plus_ms(DAY), 10).await.unwrap();
    assert_eq!(timers, vec![release(1, NOON)]);
    world.assert_sound().await;
}

async fn a_timer_that_was_there_before_its_payment_is_moved(world: World) {
    set(&world, vec![release(1, NOON)]).await;
    let records = vec![RecordChange::InsertPayment(payment(1))];
    let set_timers = vec![release(1, NOON.plus_ms(HOUR))];
    world.store.commit(Changes { records, set_timers, ..Changes::default() }).await.unwrap();
    assert_eq!(world.store.next_wake().await.unwrap(), Some(NOON.plus_ms(HOUR)));
    let timers = world.store.next_timers(SELLER, Mode::Test, NOON.plus_ms(DAY), 10).await.unwrap();
    assert_eq!(timers, vec![release(1, NOON.plus_ms(HOUR))]);
    world.assert_sound().await;
}

async fn moving_a_clock_moves_when_its_timers_wake_and_no_others(world: World) {
    let live = Timer { mode: Mode::Live, ..release(1, NOON.plus_ms(7 * DAY)) };
    let test = release(2, NOON.plus_ms(7 * DAY));
    set(&world, vec![live, test]).await;
    move_clock(&world, 6 * DAY).await;
    assert_eq!(world.store.clock_offset(SELLER).await.unwrap(), 6 * DAY);
    assert_eq!(world.store.clocks().await.unwrap(), vec![(SELLER, 6 * DAY)]);
    assert_eq!(world.store.next_wake().await.unwrap(), Some(NOON.plus_ms(DAY)));
    assert_eq!(world.store.due_timers(NOON.plus_ms(DAY), 10).await.unwrap(), vec![test]);
    // A timer that is set after the move follows it too.
    let later = release(3, NOON.plus_ms(6 * DAY));
    set(&world, vec![later]).await;
    assert_eq!(world.store.due_timers(NOON, 10).await.unwrap(), vec![later]);
    let world = world.reopened().await;
    move_clock(&world, 0).await;
    assert_eq!(world.store.next_wake().await.unwrap(), Some(NOON.plus_ms(6 * DAY)));
}

async fn a_clock_of_an_account_without_timers_can_be_moved(world: World) {
    move_clock(&world, DAY).await;
    assert_eq!(world.store.next_wake().await.unwrap(), None);
    assert_eq!(world.store.clock_offset(SELLER + 1).await.unwrap(), 0);
    world.assert_sound().await;
}
