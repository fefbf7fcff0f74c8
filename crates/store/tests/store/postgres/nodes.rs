//! Several nodes write to one database.

use super::{at_once, number};
use crate::world::{NOON, SELLER, World, approved, payment, release, released, sale};
use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::{AccountKind, LedgerAccount};
use pasarela_domain::money::Currency;
use pasarela_domain::timestamp::DAY;
use pasarela_store::{Changes, CommitError, RecordChange, Store, Timer};

/// How often each node does what the test is about.
const ROUNDS: i64 = 60;

/// Approves a payment, and posts a sale with it, whatever others do to it: loads and decides again on a conflict.
async fn approve_again(store: &Store, id: i64) {
    loop {
        let stored = store.payment(SELLER, Mode::Test, id).await.unwrap().unwrap();
        let changes = Changes {
            records: vec![RecordChange::UpdatePayment(approved(stored))],
            postings: vec![(Mode::Test, sale(id, 100, 1)), (Mode::Test, released(id, 9))],
            ..Changes::default()
        };
        match store.commit(changes).await {
            Ok(()) => return,
            Err(CommitError::VersionConflict | CommitError::Busy) => {}
            Err(failure) => panic!("{failure}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_change_the_same_payments_lose_no_change() {
    let one = World::on_postgres().await;
    let other = one.beside().await;
    for id in 1..=4 {
        one.insert(&payment(id)).await;
    }
    let work = |store: Store, offset: i64| async move {
        let all = (0..ROUNDS).map(|round| {
            let store = store.clone();
            async move { approve_again(&store, (round + offset) % 4 + 1).await }
        });
        futures_util::future::join_all(all).await;
    };
    tokio::join!(work(one.store.clone(), 0), work(other.store.clone(), 2));
    let mut updates = 0;
    for id in 1..=4 {
        updates += one.stored(id).await.unwrap().version - 1;
    }
    assert_eq!(updates, 2 * ROUNDS);
    let pending = LedgerAccount::of(AccountKind::SellerPending, SELLER);
    let balance = one.store.balance(Mode::Test, Currency::BRL, pending).await.unwrap();
    assert_eq!(balance, -2 * ROUNDS * (99 - 9));
    one.assert_sound().await;
}

/// Heads that are not the earliest timer of their account, or wake at another time than its clock says; and accounts
/// that have timers and no head.
const WRONG_HEADS: &str = "SELECT count(*) FROM
    (SELECT account_id, mode, min(due) AS due FROM timer GROUP BY account_id, mode) AS first
    FULL JOIN timer_head AS head ON head.account_id = first.account_id AND head.mode = first.mode
    LEFT JOIN clock ON clock.account_id = first.account_id AND first.mode = 0
    WHERE head.due IS DISTINCT FROM first.due OR head.wake IS DISTINCT FROM first.due - coalesce(offset_ms, 0)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_earliest_timer_is_known_whichever_nodes_change_timers() {
    let one = World::on_postgres().await;
    let other = one.beside().await;
    for subject in 0..12 {
        one.insert(&payment(subject)).await;
    }
    let work = |store: Store, offset: i64| async move {
        for round in 0..ROUNDS {
            let changes = (0..8).map(|part| {
                let subject = (round * 7 + part * 3 + offset) % 12;
                let due = NOON.plus_ms((round * 31 + part * 17 + offset) % 50);
                let timer = release(subject, due);
                match (round + part + offset) % 5 {
                    0 | 1 => Changes { clear_timers: vec![timer], ..Changes::default() },
                    2 if part == 0 => Changes {
                        records: vec![RecordChange::SetClock {
                            account_id: SELLER,
                            offset_ms: round * DAY + offset,
                        }],
                        ..Changes::default()
                    },
                    _ => Changes { set_timers: vec![timer], ..Changes::default() },
                }
            });
            for outcome in at_once(&store, changes.collect()).await {
                assert!(matches!(outcome, Ok(()) | Err(CommitError::Busy)), "{outcome:?}");
            }
        }
    };
    tokio::join!(work(one.store.clone(), 0), work(other.store.clone(), 5));
    assert_eq!(number(&one, WRONG_HEADS).await, 0);
    one.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timer_that_comes_while_the_earliest_goes_is_not_forgotten() {
    let one = World::on_postgres().await;
    let other = one.beside().await;
    let timer = |account: i64, subject: i64| Timer {
        account_id: SELLER + account,
        ..release(subject, NOON.plus_ms(subject))
    };
    let set = |timers: Vec<Timer>| Changes { set_timers: timers, ..Changes::default() };
    let all = (0..200).flat_map(|account| [timer(account, 1), timer(account, 3)]).collect();
    one.store.commit(set(all)).await.unwrap();
    for account in 0..200 {
        let clear = Changes { clear_timers: vec![timer(account, 1)], ..Changes::default() };
        let (cleared, came) =
            tokio::join!(one.store.commit(clear), other.store.commit(set(vec![timer(account, 2)])));
        assert_eq!((cleared, came), (Ok(()), Ok(())));
    }
    assert_eq!(number(&one, WRONG_HEADS).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotency_key_is_used_once_whichever_node_is_asked() {
    let one = World::on_postgres().await;
    let other = one.beside().await;
    let changes = |key: u8, node: i64| Changes {
        idempotency: Some(crate::world::outcome(key, i64::from(key) + node)),
        records: vec![RecordChange::InsertPayment(payment(i64::from(key) + node))],
        ..Changes::default()
    };
    let here = at_once(&one.store, (0..100).map(|key| changes(key, 1_000)).collect());
    let there = at_once(&other.store, (0..100).rev().map(|key| changes(key, 2_000)).collect());
    let (here, mut there) = tokio::join!(here, there);
    there.reverse();
    for (key, (here, there)) in here.into_iter().zip(there).enumerate() {
        let made =
            |node| Err(CommitError::IdempotencyKeyTaken(crate::world::outcome(key as u8, key as i64 + node)));
        let as_it_must_be = (here.is_ok() && there == made(1_000)) || (there.is_ok() && here == made(2_000));
        assert!(as_it_must_be, "key {key}: {here:?}, {there:?}");
    }
}
