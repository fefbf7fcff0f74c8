//! The ledger's promises: balanced, added up exactly, never overdrawn.

use crate::world::{NOON, SELLER, World, payment, released, sale};
use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount, Leg, Posting};
use pasarela_domain::money::Currency;
use pasarela_store::{Changes, CommitError, RecordChange};

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

#[tokio::test]
async fn postings_are_added_up_and_found_by_their_payment_in_order() {
    let world = World::new().await;
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

#[tokio::test]
async fn what_is_owed_to_a_user_never_turns_into_a_debt() {
    let world = World::new().await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_only_as_many_draw_on_a_balance_as_it_covers() {
    let world = World::new().await;
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

#[tokio::test]
#[should_panic(expected = "debits equal credits")]
async fn an_unbalanced_posting_is_a_defect_and_stops_its_caller() {
    let world = World::new().await;
    let mut unbalanced = sale(1, 10_000, 499);
    unbalanced.legs.push(Leg { account: AVAILABLE, amount_minor: 1 });
    let _ = world.store.commit(posts(vec![unbalanced])).await;
}

#[tokio::test]
async fn the_proof_finds_a_balance_that_was_tampered_with_and_a_posting_that_is_not_balanced() {
    let world = World::new().await;
    world.store.commit(posts(vec![sale(1, 10_000, 499)])).await.unwrap();
    world.store.clone().close().await;
    let database = rusqlite::Connection::open(world.directory.path().join("pasarela.db")).unwrap();
    database.execute("UPDATE balance SET amount_minor = amount_minor + 5 WHERE kind = 8", []).unwrap();
    drop(database);
    let world = world.reopened().await;
    let faults = world.store.prove_ledger().await.unwrap().faults;
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("SellerPending of 1234567 is -9496, its legs add up to -9501"), "{faults:?}");
    assert!(faults[1].contains("add up to 5, not to zero"), "{faults:?}");
}

#[tokio::test]
async fn postings_of_the_same_instant_are_kept_apart() {
    let world = World::new().await;
    for _ in 0..3 {
        world.store.commit(posts(vec![sale(1, 100, 1), sale(1, 100, 1)])).await.unwrap();
    }
    assert_eq!(world.store.postings_of(SELLER, Mode::Test, 1).await.unwrap().len(), 6);
    let early = Posting { effective_at: NOON.plus_ms(-1), cause: Cause::WalletTopUp, ..sale(1, 7, 0) };
    world.store.commit(posts(vec![early.clone()])).await.unwrap();
    assert_eq!(world.store.postings_of(SELLER, Mode::Test, 1).await.unwrap()[0], early);
    world.assert_sound().await;
}
