//! A buyer's past: found by its traces, newest first, in one read.

use crate::world::{NOON, SELLER, World, approved, payment};
use pasarela_domain::identity::Mode;
use pasarela_store::{Changes, MOST_PAST, PastPayment, PastQuestion, PaymentRecord, RecordChange};

on_both_stores! {
    a_buyers_payments_are_found_by_any_trace_newest_first,
    a_trace_leads_to_the_accounts_own_payments_of_the_mode_alone,
    a_payment_whose_traces_were_taken_is_found_no_more,
    what_many_payments_share_leads_to_the_newest_of_them,
}

fn with_traces(id: i64, traces: &[i64]) -> PaymentRecord {
    PaymentRecord { traces: traces.to_vec(), ..payment(id) }
}

fn asked(traces: &[i64], limit: u32) -> PastQuestion {
    PastQuestion { account_id: SELLER, mode: Mode::Test, traces: traces.to_vec(), limit }
}

async fn found(world: &World, traces: &[i64], limit: u32) -> Vec<i64> {
    let found = world.store.payments_by_traces(&asked(traces, limit)).await.unwrap();
    found.into_iter().map(|payment| payment.id).collect()
}

async fn a_buyers_payments_are_found_by_any_trace_newest_first(world: World) {
    let (card, email) = (i64::MIN + 5, i64::MAX - 16);
    for (id, traces) in [(1, &[card, email][..]), (2, &[card]), (3, &[email, 9]), (4, &[9]), (5, &[])] {
        world.insert(&with_traces(id, traces)).await;
    }
    assert_eq!(found(&world, &[card, email], 10).await, [3, 2, 1]);
    assert_eq!(found(&world, &[card, email], 2).await, [3, 2]);
    assert_eq!(found(&world, &[card], 10).await, [2, 1]);
    assert_eq!(found(&world, &[7], 10).await, Vec::<i64>::new());
    // Close to one, and the same but for the bits that a key of a tree leaves out.
    assert_eq!(found(&world, &[email + 1, card + 1], 10).await, Vec::<i64>::new());
    assert_eq!(found(&world, &[], 10).await, Vec::<i64>::new());
    assert_eq!(found(&world, &[card], 0).await, Vec::<i64>::new());

    world.commit(vec![RecordChange::UpdatePayment(approved(with_traces(1, &[card, email])))]).await.unwrap();
    let seen = world.store.payments_by_traces(&asked(&[card], 10)).await.unwrap();
    let expected = PastPayment {
        id: 1,
        created: NOON.plus_ms(1),
        status: "approved".to_owned(),
        status_detail: "accredited".to_owned(),
        traces: vec![card, email],
    };
    assert_eq!(seen.last(), Some(&expected));
    assert_eq!(world.stored(1).await.unwrap().traces, [card, email]);
    world.assert_sound().await;
    let world = world.reopened().await;
    assert_eq!(found(&world, &[email], 10).await, [3, 1]);
    world.assert_sound().await;
}

async fn a_trace_leads_to_the_accounts_own_payments_of_the_mode_alone(world: World) {
    let live = PaymentRecord { mode: Mode::Live, ..with_traces(2, &[5]) };
    let others = PaymentRecord { account_id: 9, ..with_traces(3, &[5]) };
    for payment in [with_traces(1, &[5]), live, others] {
        world.insert(&payment).await;
    }
    assert_eq!(found(&world, &[5], 10).await, [1]);
}

async fn a_payment_whose_traces_were_taken_is_found_no_more(world: World) {
    for id in 1..=30 {
        world.insert(&with_traces(id, &[5, id * 1_000])).await;
    }
    // More candidates than are asked for at a time are none any more.
    let taken = (11..=30).map(|id| RecordChange::UpdatePayment(with_traces(id, &[]))).collect();
    world.commit(taken).await.unwrap();
    assert_eq!(found(&world, &[5, 20_000], 3).await, [10, 9, 8]);
    assert_eq!(found(&world, &[20_000], 3).await, Vec::<i64>::new());
    assert_eq!(world.stored(20).await.unwrap().traces, Vec::<i64>::new());
    world.assert_sound().await;
    // Others may come instead.
    let again = PaymentRecord { version: 2, ..with_traces(20, &[6]) };
    world.commit(vec![RecordChange::UpdatePayment(again)]).await.unwrap();
    assert_eq!(found(&world, &[5, 6], 2).await, [20, 10]);
    world.assert_sound().await;
}

async fn what_many_payments_share_leads_to_the_newest_of_them(world: World) {
    // More than are sorted, and more keys than stay in memory.
    for first in (1..=6_000).step_by(1_000) {
        let records =
            (first..first + 1_000).map(|id| RecordChange::InsertPayment(with_traces(id, &[5, id << 32])));
        world.store.commit(Changes { records: records.collect(), ..Changes::default() }).await.unwrap();
    }
    assert_eq!(found(&world, &[5], 3).await, [6_000, 5_999, 5_998]);
    assert_eq!(found(&world, &[5], 1_000).await.len(), MOST_PAST as usize);
    assert_eq!(found(&world, &[17 << 32, 5_990 << 32, 18 << 32], 9).await, [5_990, 18, 17]);
    let world = world.reopened().await;
    assert_eq!(found(&world, &[5, 7], 2).await, [6_000, 5_999]);
    world.assert_sound().await;
}
