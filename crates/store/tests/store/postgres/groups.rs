//! A group of requests is one transaction, and each request of it is done or refused for itself.

use super::at_once;
use crate::world::{NOON, SELLER, World, approved, outcome, payment, released, sale};
use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount, Posting};
use pasarela_domain::money::Currency;
use pasarela_store::{Changes, CommitError, PaymentRecord, RecordChange};

fn inserting(payment: PaymentRecord) -> Changes {
    Changes { records: vec![RecordChange::InsertPayment(payment)], ..Changes::default() }
}

fn updating(payment: PaymentRecord) -> Changes {
    Changes { records: vec![RecordChange::UpdatePayment(payment)], ..Changes::default() }
}

fn posting(posting: Posting) -> Changes {
    Changes { postings: vec![(Mode::Test, posting)], ..Changes::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_requests_under_one_key_one_is_done_and_the_others_learn_what_it_made() {
    let world = World::on_postgres().await;
    let under_keys = (0..120_u8).map(|number| Changes {
        idempotency: Some(outcome(number % 40, i64::from(number))),
        ..inserting(payment(i64::from(number)))
    });
    let outcomes = at_once(&world.store, under_keys.collect()).await;
    for key in 0..40 {
        let done: Vec<usize> = (0..120).filter(|n| n % 40 == key && outcomes[*n].is_ok()).collect();
        assert_eq!(done.len(), 1, "key {key}");
        let made = outcome(key as u8, done[0] as i64);
        for number in (0..120).filter(|n| n % 40 == key && *n != done[0]) {
            assert_eq!(outcomes[number], Err(CommitError::IdempotencyKeyTaken(made.clone())));
            assert_eq!(world.stored(number as i64).await, None);
        }
        assert!(world.stored(done[0] as i64).await.is_some());
    }
    assert_eq!(world.store.counters().payments, 40);
    assert!(world.store.counters().syncs < 120, "{:?}", world.store.counters());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_updates_of_one_version_the_first_wins() {
    let world = World::on_postgres().await;
    for id in 1..=5 {
        world.insert(&payment(id)).await;
    }
    let updates = (0..50).map(|number| {
        let mut update = approved(payment(number % 5 + 1));
        update.status_detail = format!("update {number}");
        updating(update)
    });
    let outcomes = at_once(&world.store, updates.collect()).await;
    for id in 1..=5 {
        let done: Vec<usize> = (0..50).filter(|n| n % 5 + 1 == id && outcomes[*n].is_ok()).collect();
        assert_eq!(done.len(), 1);
        let stored = world.stored(id as i64).await.unwrap();
        assert_eq!((stored.version, stored.status_detail), (2, format!("update {}", done[0])));
    }
    let refused = outcomes.iter().filter(|outcome| **outcome == Err(CommitError::VersionConflict));
    assert_eq!(refused.count(), 45);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_may_write_to_a_payment_twice() {
    let world = World::on_postgres().await;
    let chain = Changes {
        records: vec![
            RecordChange::InsertPayment(payment(1)),
            RecordChange::UpdatePayment(approved(payment(1))),
            RecordChange::UpdatePayment(PaymentRecord { version: 2, ..approved(payment(1)) }),
        ],
        ..Changes::default()
    };
    world.store.commit(chain.clone()).await.unwrap();
    assert_eq!(world.stored(1).await.unwrap().version, 3);
    assert_eq!(world.store.commit(chain).await, Err(CommitError::AlreadyExists("payment")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_taken_from_a_balance_than_is_there() {
    let world = World::on_postgres().await;
    world.store.commit(posting(sale(1, 10_000, 0))).await.unwrap();
    let releases = (0..60).map(|number| posting(released(number, 2_000)));
    let outcomes = at_once(&world.store, releases.collect()).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
    let pending = LedgerAccount::of(AccountKind::SellerPending, SELLER);
    let refused = outcomes.iter().filter(|outcome| **outcome == Err(CommitError::Overdrawn(pending)));
    assert_eq!(refused.count(), 55);
    assert_eq!(world.store.balance(Mode::Test, Currency::BRL, pending).await.unwrap(), 0);
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_requests_do_not_lend_each_other_what_neither_has() {
    let world = World::on_postgres().await;
    let wallet = |owner| LedgerAccount::of(AccountKind::BuyerWallet, owner);
    let transfer = |from, to| {
        let moved = Posting::build(SELLER, Currency::BRL, Cause::WalletTopUp, 1, NOON)
            .debit(wallet(from), 100)
            .credit(wallet(to), 100)
            .finish()
            .unwrap();
        posting(moved)
    };
    // While the first is written, the others gather: pairs who would pay each other with each other's money.
    let pairs = (0..40).map(|number| transfer(100 + number, 100 + (number ^ 1)));
    let outcomes = at_once(&world.store, std::iter::once(inserting(payment(1))).chain(pairs).collect()).await;
    assert_eq!(outcomes[0], Ok(()));
    for (number, outcome) in outcomes.iter().skip(1).enumerate() {
        assert_eq!(*outcome, Err(CommitError::Overdrawn(wallet(100 + number as i64))));
    }
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_database_cannot_take_fails_alone() {
    let world = World::on_postgres().await;
    let payments = (1..=20).map(|id| {
        let mut payment = payment(id);
        if id == 7 {
            // Text of PostgreSQL's holds every character but this.
            payment.status_detail = "a\0b".to_owned();
        }
        inserting(payment)
    });
    let outcomes = at_once(&world.store, payments.collect()).await;
    for (number, outcome) in outcomes.iter().enumerate() {
        match number + 1 {
            7 => assert!(matches!(outcome, Err(CommitError::Failed(_))), "{outcome:?}"),
            _ => assert_eq!(*outcome, Ok(())),
        }
    }
}
