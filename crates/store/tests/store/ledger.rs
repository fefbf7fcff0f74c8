//! The ledger's promises: balanced, added up exactly, never overdrawn.

use crate::world::{NOON, SELLER, World, payment, released, sale};
use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount, Leg, Posting};
use pasarela_domain::money::Currency;
use pasarela_store::{Changes, CommitError, RecordChange};

on_both_stores! {
    postings_are_added_up_and_found_by_their_payment_in_order,
    what_is_owed_to_a_user_never_turns_into_a_debt,
    of_many_at_once_only_as_many_draw_on_a_balance_as_it_covers,
    an_unbalanced_posting_is_a_defect_and_stops_its_caller,
    the_proof_finds_a_balance_that_was_tampered_with_and_a_posting_that_is_not_balanced,
    postings_of_the_same_instant_are_kept_apart,
}

const PENDING: LedgerAccount = LedgerAccount::of(AccountKind::SellerPending, SELLER);
const AVAILABLE: LedgerAccount = LedgerAccount::of(AccountKind::SellerAvailable, SELLER);

fn posts(postings: Vec<Posting>) -> Changes {
    Changes {
        postings: postings.into_iter().map(|posting| (Mode::Test, posting)).collect(),
        ..Changes::default()
    }
}

async fn balance(world: &World, account: LedgerAccount) -> i64 {
    world.store.balance(Mode::Test, Currency::BRL, account).await.unwrap()
}

async fn postings_are_added_up_and_found_by_their_payment_in_order(world: World) {
    world.store.commit(posts(vec![sale(1, 10_000, 499)])).await.unwrap();
    world.store.commit(posts(vec![sale(2, 500, 20), released(1, 9_501)])).await.unwrap();
    assert_eq!(balance(&world, PENDING).await, -480);
    assert_eq!(balance(&world, AVAILABLE).await, -9_501);
    assert_eq!(world.store.balance(Mode::Live, Currency::BRL, AVAILABLE).await.unwrap(), 0);
    assert_eq!(world.store.balance(Mode::Test, Currency::ARS, AVAILABLE).await.unwrap(), 0);

    let world = world.reopened().await;
    let found = world.store.postings_of(SELLER, Mode::Test, 1).await.unwrap();
    assert_eq!(found, vec![sale(1, 10_000, 499), released(1, 9_501)]);
    assert_eq!(world.store.postings_of(SELLER, Mode::Live, 1).await.unwrap(), vec![]);
    // The balances in memory begin anew from those on the disk.
    world.store.commit(posts(vec![sale(3, 1_000, 0)])).await.unwrap();
    assert_eq!(balance(&world, PENDING).await, -1_480);
    let proof = world.store.prove_ledger().await.unwrap();
    assert_eq!((proof.postings, proof.balances), (4, 4));
    world.assert_sound().await;
}

async fn what_is_owed_to_a_user_never_turns_into_a_debt(world: World) {
    world.store.commit(posts(vec![sale(1, 10_000, 499)])).await.unwrap();
    let mut overdraws = posts(vec![released(1, 9_502)]);
    overdraws.records.push(RecordChange::InsertPayment(payment(1)));
    assert_eq!(world.store.commit(overdraws).await, Err(CommitError::Overdrawn(PENDING)));
    assert_eq!(world.stored(1).await, None);
    assert_eq!(balance(&world, PENDING).await, -9_501);
    // What the request itself brings counts, in whatever order.
    world.store.commit(posts(vec![released(2, 9_901), sale(2, 400, 0)])).await.unwrap();
    assert_eq!(balance(&world, PENDING).await, 0);
    world.assert_sound().await;
}

async fn of_many_at_once_only_as_many_draw_on_a_balance_as_it_covers(world: World) {
    world.store.commit(posts(vec![sale(1, 10_000, 0)])).await.unwrap();
    let drawing: Vec<_> = (0..40)
        .map(|_| {
            let store = world.store.clone();
            tokio::spawn(async move { store.commit(posts(vec![released(1, 1_000)])).await })
        })
        .collect();
    let mut done = 0;
    for answer in drawing {
        match answer.await.unwrap() {
            Ok(()) => done += 1,
            Err(refusal) => assert_eq!(refusal, CommitError::Overdrawn(PENDING)),
        }
    }
    assert_eq!(done, 10);
    assert_eq!((balance(&world, PENDING).await, balance(&world, AVAILABLE).await), (0, -10_000));
    world.assert_sound().await;
}

async fn an_unbalanced_posting_is_a_defect_and_stops_its_caller(world: World) {
    let mut unbalanced = sale(1, 10_000, 499);
    unbalanced.legs.push(Leg { account: AVAILABLE, amount_minor: 1 });
    let store = world.store.clone();
    let stopped = tokio::spawn(async move { store.commit(posts(vec![unbalanced])).await }).await.unwrap_err();
    let words = stopped.into_panic().downcast::<String>().unwrap();
    assert!(words.contains("debits equal credits"), "{words}");
    assert_eq!(balance(&world, AVAILABLE).await, 0);
}

async fn the_proof_finds_a_balance_that_was_tampered_with_and_a_posting_that_is_not_balanced(world: World) {
    world.store.commit(posts(vec![sale(1, 10_000, 499)])).await.unwrap();
    let world =
        world.changed_behind("UPDATE balance SET amount_minor = amount_minor + 5 WHERE kind = 8").await;
    let faults = world.store.prove_ledger().await.unwrap().faults;
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("SellerPending of 1234567 is -9496, its legs add up to -9501"), "{faults:?}");
    assert!(faults[1].contains("add up to 5, not to zero"), "{faults:?}");
}

async fn postings_of_the_same_instant_are_kept_apart(world: World) {
    for _ in 0..3 {
        world.store.commit(posts(vec![sale(1, 100, 1), sale(1, 100, 1)])).await.unwrap();
    }
    assert_eq!(world.store.postings_of(SELLER, Mode::Test, 1).await.unwrap().len(), 6);
    let early = Posting { effective_at: NOON.plus_ms(-1), cause: Cause::WalletTopUp, ..sale(1, 7, 0) };
    world.store.commit(posts(vec![early.clone()])).await.unwrap();
    assert_eq!(world.store.postings_of(SELLER, Mode::Test, 1).await.unwrap()[0], early);
    world.assert_sound().await;
}
