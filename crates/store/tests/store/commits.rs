//! What a commit promises: all or nothing, durable when answered, and one that is refused harms no other.

use crate::world::{NOON, SELLER, World, approved, card_token, outcome, payment, release, sale};
use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::{AccountKind, LedgerAccount};
use pasarela_domain::money::Currency;
use pasarela_store::{Changes, CommitError, RecordChange};

on_both_stores! {
    a_payment_is_read_back_as_it_was_written_and_survives_a_restart,
    an_update_raises_the_version_and_one_of_an_older_version_is_refused,
    a_payment_is_not_updated_under_another_account_or_mode,
    payments_are_read_together_in_the_order_in_which_they_are_named,
    a_second_record_of_the_same_identity_is_refused,
    a_refused_commit_leaves_nothing_of_itself,
    a_used_idempotency_key_answers_what_it_made_also_after_a_restart,
    of_two_requests_at_once_under_one_key_exactly_one_is_done,
    an_expired_idempotency_key_is_forgotten_and_may_be_used_again,
    what_waits_together_shares_a_sync_and_a_refused_request_harms_no_other,
    a_card_tokens_secrets_are_gone_once_it_is_used_or_its_time_has_come,
}

async fn a_payment_is_read_back_as_it_was_written_and_survives_a_restart(world: World) {
    let mut written = payment(1);
    written.body = vec![b' '; 5_000];
    written.body.splice(0..0, crate::world::body(1, "pending"));
    written.store_id = Some("tienda ñandú".to_owned());
    world.insert(&written).await;
    assert_eq!(world.stored(1).await.as_ref(), Some(&written));
    let world = world.reopened().await;
    assert_eq!(world.stored(1).await, Some(written));
}

async fn an_update_raises_the_version_and_one_of_an_older_version_is_refused(world: World) {
    world.insert(&payment(1)).await;
    let read = world.stored(1).await.unwrap();
    world.commit(vec![RecordChange::UpdatePayment(approved(read.clone()))]).await.unwrap();
    let stored = world.stored(1).await.unwrap();
    assert_eq!((stored.version, stored.status.as_str()), (2, "approved"));

    let late = world.commit(vec![RecordChange::UpdatePayment(approved(read))]).await;
    assert_eq!(late, Err(CommitError::VersionConflict));
    assert_eq!(world.stored(1).await, Some(stored));
    world.assert_sound().await;
}

async fn a_payment_is_not_updated_under_another_account_or_mode(world: World) {
    world.insert(&payment(1)).await;
    for (account_id, mode) in [(SELLER + 1, Mode::Test), (SELLER, Mode::Live)] {
        let foreign = RecordChange::UpdatePayment(approved(pasarela_store::PaymentRecord {
            account_id,
            mode,
            ..payment(1)
        }));
        assert_eq!(world.commit(vec![foreign]).await, Err(CommitError::VersionConflict));
        assert_eq!(world.store.payment(account_id, mode, 1).await.unwrap(), None);
    }
}

async fn payments_are_read_together_in_the_order_in_which_they_are_named(world: World) {
    for id in 1..=3 {
        world.insert(&payment(id)).await;
    }
    let read = async |account_id, mode, ids: &[i64]| {
        let found = world.store.payments(account_id, mode, ids).await.unwrap();
        found.into_iter().map(|payment| payment.id).collect::<Vec<_>>()
    };
    assert_eq!(read(SELLER, Mode::Test, &[3, 99, 1]).await, [3, 1]);
    assert_eq!(read(SELLER, Mode::Test, &[]).await, [0; 0]);
    assert_eq!(read(SELLER, Mode::Live, &[1, 2]).await, [0; 0]);
    assert_eq!(read(SELLER + 1, Mode::Test, &[1, 2]).await, [0; 0]);
    assert_eq!(world.store.payments(SELLER, Mode::Test, &[2]).await.unwrap(), [payment(2)]);
}

async fn a_second_record_of_the_same_identity_is_refused(world: World) {
    world.insert(&payment(1)).await;
    assert_eq!(
        world.commit(vec![RecordChange::InsertPayment(payment(1))]).await,
        Err(CommitError::AlreadyExists("payment"))
    );
    world.commit(vec![RecordChange::InsertCardToken(card_token(1))]).await.unwrap();
    assert_eq!(
        world.commit(vec![RecordChange::InsertCardToken(card_token(1))]).await,
        Err(CommitError::AlreadyExists("card token"))
    );
}

async fn a_refused_commit_leaves_nothing_of_itself(world: World) {
    world.insert(&payment(1)).await;
    let refused = Changes {
        idempotency: Some(outcome(1, 2)),
        records: vec![
            RecordChange::InsertPayment(payment(2)),
            RecordChange::InsertCardToken(card_token(2)),
            RecordChange::InsertPayment(payment(1)),
        ],
        ..Changes::default()
    };
    assert_eq!(world.store.commit(refused).await, Err(CommitError::AlreadyExists("payment")));
    assert_eq!(world.stored(2).await, None);
    assert_eq!(world.store.idempotency(SELLER, &[1; 16]).await.unwrap(), None);
    assert_eq!(world.store.card_token(SELLER, &[2; 32]).await.unwrap(), None);
    // Its key and its ids may be used again.
    let again = Changes {
        idempotency: Some(outcome(1, 2)),
        records: vec![RecordChange::InsertPayment(payment(2)), RecordChange::InsertCardToken(card_token(2))],
        ..Changes::default()
    };
    world.store.commit(again).await.unwrap();
    world.assert_sound().await;
}

async fn a_used_idempotency_key_answers_what_it_made_also_after_a_restart(world: World) {
    let first = outcome(7, 1);
    let changes = |id| Changes {
        idempotency: Some(outcome(7, id)),
        records: vec![RecordChange::InsertPayment(payment(id))],
        ..Changes::default()
    };
    world.store.commit(changes(1)).await.unwrap();
    assert_eq!(world.store.commit(changes(2)).await, Err(CommitError::IdempotencyKeyTaken(first.clone())));
    assert_eq!(world.stored(2).await, None);
    let world = world.reopened().await;
    assert_eq!(world.store.idempotency(SELLER, &[7; 16]).await.unwrap(), Some(first.clone()));
    assert_eq!(world.store.commit(changes(2)).await, Err(CommitError::IdempotencyKeyTaken(first)));
    assert_eq!(world.store.idempotency(SELLER + 1, &[7; 16]).await.unwrap(), None);
}

async fn of_two_requests_at_once_under_one_key_exactly_one_is_done(world: World) {
    let changes = |id| Changes {
        idempotency: Some(outcome(7, id)),
        records: vec![RecordChange::InsertPayment(payment(id))],
        ..Changes::default()
    };
    let (one, two) = tokio::join!(world.store.commit(changes(1)), world.store.commit(changes(2)));
    assert_eq!(one, Ok(()));
    assert_eq!(two, Err(CommitError::IdempotencyKeyTaken(outcome(7, 1))));
}

async fn an_expired_idempotency_key_is_forgotten_and_may_be_used_again(world: World) {
    for key in 1..=3 {
        world
            .store
            .commit(Changes { idempotency: Some(outcome(key, 1)), ..Changes::default() })
            .await
            .unwrap();
    }
    assert_eq!(world.store.purge_expired_idempotency(NOON, 10).await, Ok(0));
    assert_eq!(world.store.purge_expired_idempotency(NOON.plus_ms(2), 1).await, Ok(1));
    assert_eq!(world.store.purge_expired_idempotency(NOON.plus_ms(2), 10).await, Ok(1));
    assert_eq!(world.store.idempotency(SELLER, &[1; 16]).await.unwrap(), None);
    assert!(world.store.idempotency(SELLER, &[3; 16]).await.unwrap().is_some());
    world.store.commit(Changes { idempotency: Some(outcome(1, 5)), ..Changes::default() }).await.unwrap();
    assert_eq!(world.store.idempotency(SELLER, &[1; 16]).await.unwrap(), Some(outcome(1, 5)));
}

async fn what_waits_together_shares_a_sync_and_a_refused_request_harms_no_other(world: World) {
    world.insert(&payment(1_000)).await;
    let before = world.store.counters();
    let waiting: Vec<_> = (0..600_i64)
        .map(|number| {
            let store = world.store.clone();
            // Each tenth makes a payment that exists already, half of them after they have made another one.
            let id = if number % 10 == 0 { 1_000 } else { number };
            let mut records = vec![RecordChange::InsertPayment(payment(id))];
            if number % 20 == 0 {
                records.insert(0, RecordChange::InsertPayment(payment(10_000 + number)));
            }
            let changes = Changes {
                records,
                postings: vec![(Mode::Test, sale(id, 10_000, 499))],
                set_timers: vec![release(id, NOON.plus_ms(number))],
                ..Changes::default()
            };
            tokio::spawn(async move { (number, store.commit(changes).await) })
        })
        .collect();
    for answer in waiting {
        let (number, answer) = answer.await.unwrap();
        let expected = if number % 10 == 0 { Err(CommitError::AlreadyExists("payment")) } else { Ok(()) };
        assert_eq!(answer, expected, "request {number}");
    }
    let after = world.store.counters();
    assert_eq!(after.commits - before.commits, 540);
    assert_eq!(after.payments - before.payments, 540);
    assert!(after.syncs - before.syncs < 540, "{} syncs", after.syncs - before.syncs);
    assert_eq!(after.waiting, 0);
    assert_eq!(world.stored(10_020).await, None);
    let pending = LedgerAccount::of(AccountKind::SellerPending, SELLER);
    assert_eq!(world.store.balance(Mode::Test, Currency::BRL, pending).await.unwrap(), -540 * 9_501);
    world.assert_sound().await;
}

async fn a_card_tokens_secrets_are_gone_once_it_is_used_or_its_time_has_come(world: World) {
    for number in 1..=3 {
        world.commit(vec![RecordChange::InsertCardToken(card_token(number))]).await.unwrap();
    }
    let mut used = world.store.card_token(SELLER, &[3; 32]).await.unwrap().unwrap();
    assert_eq!(used, card_token(3));
    (used.sealed_number, used.sealed_security_code) = (None, None);
    world.commit(vec![RecordChange::UpdateCardToken(used)]).await.unwrap();

    assert_eq!(world.store.sealed_card_tokens(None, 10).await.unwrap().len(), 2);
    let rest = world.store.sealed_card_tokens(Some([1; 32]), 10).await.unwrap();
    assert_eq!(rest, vec![card_token(2)]);

    let before = world.store.card_token(SELLER, &[1; 32]).await.unwrap().unwrap();
    assert_eq!(world.store.purge_expired_secrets(NOON.plus_ms(1), 10).await, Ok(1));
    let purged = world.store.card_token(SELLER, &[1; 32]).await.unwrap().unwrap();
    assert_eq!((purged.sealed_number, purged.sealed_security_code), (None, None));
    // Who read it with its secrets can't use it any more.
    assert_eq!(
        world.commit(vec![RecordChange::UpdateCardToken(before)]).await,
        Err(CommitError::VersionConflict)
    );
    assert_eq!(world.store.sealed_card_tokens(None, 10).await.unwrap(), vec![card_token(2)]);
}

#[tokio::test]
async fn nothing_of_purged_secrets_is_left_in_the_closed_database() {
    let world = World::on_sqlite().await;
    let mut token = card_token(1);
    token.sealed_security_code = Some(b"SEALED-CVV-THAT-MUST-NOT-STAY".to_vec());
    world.commit(vec![RecordChange::InsertCardToken(token)]).await.unwrap();
    world.store.purge_expired_secrets(NOON.plus_ms(1_000), 10).await.unwrap();
    world.store.clone().close().await;
    for entry in std::fs::read_dir(world.directory()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(10).any(|window| window == b"SEALED-CVV");
        assert!(!found, "{}", path.display());
    }
}
