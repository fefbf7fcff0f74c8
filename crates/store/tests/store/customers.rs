//! Customers and saved cards: unique e-mails, versions, searches; and one sealed number for all saved cards that have it.

use crate::world::{NOON, SELLER, World};
use pasarela_domain::identity::Mode;
use pasarela_store::{
    Changes, CommitError, CustomerChange, CustomerDate, CustomerRecord, CustomerSearch, CustomerSort,
    CustomerWords, Fingerprint, RecordChange, SavedCardRecord, SealedCardRecord,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;

on_both_stores! {
    a_customer_is_found_by_user_and_by_email,
    an_email_is_one_customers_per_seller_and_mode,
    an_update_needs_the_version_that_was_read,
    a_search_filters_sorts_and_pages,
    a_number_goes_with_the_last_saved_card_that_has_it,
    cards_go_in_the_commit_of_their_customer_or_not_at_all,
    sealed_numbers_are_read_in_pages_and_sealed_again,
    references_are_counted_in_any_history,
    many_who_save_the_same_card_at_once_share_one_number,
}

pub fn customer(user_id: i64) -> CustomerRecord {
    CustomerRecord {
        account_id: SELLER,
        mode: Mode::Test,
        user_id,
        version: 1,
        email: [user_id as u8; 32],
        created: NOON.plus_ms(user_id),
        updated: NOON.plus_ms(1_000 - user_id),
        words: CustomerWords {
            first_name: (user_id % 3 != 0).then(|| format!("ana{}", user_id % 3)),
            identification_number: Some(format!("{}", user_id % 2)),
            ..CustomerWords::default()
        },
        body: format!("{{\"user_id\":{user_id},\"merchant_id\":{SELLER},\"live_mode\":false}}").into_bytes(),
        internals: b"{\"cards\":[]}".to_vec(),
    }
}

pub fn card(id: i64, user_id: i64, number: u8) -> SavedCardRecord {
    SavedCardRecord { account_id: SELLER, mode: Mode::Test, id, user_id, fingerprint: [number; 16] }
}

pub fn insert(customer: CustomerRecord) -> RecordChange {
    RecordChange::Customer(CustomerChange::Insert(customer))
}

pub fn save(card: SavedCardRecord) -> RecordChange {
    let sealed_number = vec![card.fingerprint[0]; 60];
    RecordChange::Customer(CustomerChange::SaveCard { card, sealed_number })
}

fn delete_card(card: SavedCardRecord) -> RecordChange {
    RecordChange::Customer(CustomerChange::DeleteCard(card))
}

fn delete(customer: &CustomerRecord) -> RecordChange {
    RecordChange::Customer(CustomerChange::Delete {
        account_id: customer.account_id,
        mode: customer.mode,
        user_id: customer.user_id,
        version: customer.version,
    })
}

async fn number(world: &World, fingerprint: u8) -> Option<SealedCardRecord> {
    world.store.sealed_card(Mode::Test, &[fingerprint; 16]).await.unwrap()
}

async fn a_customer_is_found_by_user_and_by_email(world: World) {
    world.commit(vec![insert(customer(7))]).await.unwrap();
    let found = world.store.customer(SELLER, Mode::Test, 7).await.unwrap();
    assert_eq!(found, Some(customer(7)));
    assert_eq!(world.store.customer_by_email(SELLER, Mode::Test, &[7; 32]).await.unwrap(), found);
    assert_eq!(world.store.customer(SELLER, Mode::Live, 7).await.unwrap(), None);
    assert_eq!(world.store.customer(SELLER + 1, Mode::Test, 7).await.unwrap(), None);
    assert_eq!(world.store.customer_by_email(SELLER, Mode::Live, &[7; 32]).await.unwrap(), None);
    let world = world.reopened().await;
    assert_eq!(world.store.customer(SELLER, Mode::Test, 7).await.unwrap(), found);
    world.assert_sound().await;
}

async fn an_email_is_one_customers_per_seller_and_mode(world: World) {
    world.commit(vec![insert(customer(7))]).await.unwrap();
    let same_email = CustomerRecord { email: [7; 32], ..customer(8) };
    let refused = Err(CommitError::AlreadyExists("customer"));
    assert_eq!(world.commit(vec![insert(same_email.clone())]).await, refused);
    assert_eq!(world.commit(vec![insert(CustomerRecord { email: [9; 32], ..customer(7) })]).await, refused);
    for other in [
        CustomerRecord { account_id: SELLER + 1, ..same_email.clone() },
        CustomerRecord { mode: Mode::Live, ..same_email.clone() },
    ] {
        world.commit(vec![insert(other)]).await.unwrap();
    }
    world.commit(vec![delete(&customer(7))]).await.unwrap();
    world.commit(vec![insert(same_email)]).await.unwrap();

    // Of many who come at once, one is first.
    let at_once = (100..110).map(|user_id| {
        let store = world.store.clone();
        let records = vec![insert(CustomerRecord { email: [99; 32], ..customer(user_id) })];
        async move { store.commit(Changes { records, ..Changes::default() }).await }
    });
    let outcomes = futures_util::future::join_all(at_once).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(|outcome| outcome.is_ok() || *outcome == refused), "{outcomes:?}");
}

async fn an_update_needs_the_version_that_was_read(world: World) {
    world.commit(vec![insert(customer(7))]).await.unwrap();
    let mut changed = customer(7);
    changed.updated = NOON.plus_ms(5_000);
    changed.words.last_name = Some("gómez".to_owned());
    changed.body = br#"{"user_id":7,"merchant_id":1234567,"live_mode":false,"last_name":"G"}"#.to_vec();
    let update = |record: &CustomerRecord| RecordChange::Customer(CustomerChange::Update(record.clone()));
    world.commit(vec![update(&changed)]).await.unwrap();
    assert_eq!(world.commit(vec![update(&changed)]).await, Err(CommitError::VersionConflict));
    assert_eq!(world.commit(vec![delete(&changed)]).await, Err(CommitError::VersionConflict));
    changed.version = 2;
    assert_eq!(world.store.customer(SELLER, Mode::Test, 7).await.unwrap(), Some(changed.clone()));
    world.commit(vec![delete(&changed)]).await.unwrap();
    assert_eq!(world.store.customer(SELLER, Mode::Test, 7).await.unwrap(), None);
    assert_eq!(world.commit(vec![update(&changed)]).await, Err(CommitError::VersionConflict));
}

async fn a_search_filters_sorts_and_pages(world: World) {
    world.commit((1..=9).map(|user_id| insert(customer(user_id))).collect()).await.unwrap();
    world.commit(vec![insert(CustomerRecord { mode: Mode::Live, ..customer(3) })]).await.unwrap();
    let all = CustomerSearch::of(SELLER, Mode::Test, 100);
    let users = async |search: &CustomerSearch| {
        let page = world.store.search_customers(search.clone()).await.unwrap();
        let user = |body: &Vec<u8>| {
            serde_json::from_slice::<serde_json::Value>(body).unwrap()["user_id"].as_i64().unwrap()
        };
        (page.total, page.bodies.iter().map(user).collect::<Vec<_>>())
    };
    assert_eq!(users(&all).await, (9, (1..=9).collect()));
    let latest = CustomerSearch { descending: true, limit: 2, offset: 1, ..all.clone() };
    assert_eq!(users(&latest).await, (9, vec![8, 7]));
    let by_change =
        CustomerSearch { sort: CustomerSort::Date(CustomerDate::Updated), limit: 3, ..all.clone() };
    assert_eq!(users(&by_change).await, (9, vec![9, 8, 7]));
    assert_eq!(users(&CustomerSearch { user_id: Some(4), ..all.clone() }).await, (1, vec![4]));
    assert_eq!(users(&CustomerSearch { email: Some([5; 32]), ..all.clone() }).await, (1, vec![5]));
    assert_eq!(users(&CustomerSearch { email: Some([50; 32]), ..all.clone() }).await, (0, vec![]));
    let words = CustomerWords { first_name: Some("ana1".to_owned()), ..CustomerWords::default() };
    assert_eq!(users(&CustomerSearch { words, ..all.clone() }).await, (3, vec![1, 4, 7]));
    let words = CustomerWords {
        first_name: Some("ana1".to_owned()),
        identification_number: Some("0".to_owned()),
        ..CustomerWords::default()
    };
    assert_eq!(users(&CustomerSearch { words, ..all.clone() }).await, (1, vec![4]));
    let range = CustomerSearch {
        begin: Some(NOON.plus_ms(3)),
        end: Some(NOON.plus_ms(5)),
        sort: CustomerSort::Id,
        descending: true,
        ..all.clone()
    };
    assert_eq!(users(&range).await, (3, vec![5, 4, 3]));
    let by_name = CustomerSearch { sort: CustomerSort::FirstName, ..all };
    assert_eq!(users(&by_name).await, (9, vec![3, 6, 9, 1, 4, 7, 2, 5, 8]));
    let backwards = CustomerSearch { descending: true, ..by_name };
    assert_eq!(users(&backwards).await, (9, vec![8, 5, 2, 7, 4, 1, 9, 6, 3]));
}

async fn a_number_goes_with_the_last_saved_card_that_has_it(world: World) {
    let body = format!("{{\"user_id\":7,\"merchant_id\":{},\"live_mode\":false}}", SELLER + 1).into_bytes();
    let elsewhere = CustomerRecord { account_id: SELLER + 1, body, ..customer(7) };
    world.commit(vec![insert(customer(7)), insert(customer(8)), insert(elsewhere)]).await.unwrap();
    let others = SavedCardRecord { account_id: SELLER + 1, ..card(1, 7, 5) };
    world.commit(vec![save(card(1, 7, 5))]).await.unwrap();
    let first = number(&world, 5).await.unwrap();
    assert_eq!(first.sealed_number, vec![5; 60]);
    let sealed_otherwise =
        CustomerChange::SaveCard { card: card(2, 8, 5), sealed_number: b"sealed another time".to_vec() };
    world.commit(vec![RecordChange::Customer(sealed_otherwise)]).await.unwrap();
    world.commit(vec![save(others.clone())]).await.unwrap();
    assert_eq!(number(&world, 5).await.unwrap(), first, "one sealed number serves all");
    assert_eq!(world.store.sealed_card(Mode::Live, &[5; 16]).await.unwrap(), None, "test is not live");
    assert_eq!(world.store.saved_card(SELLER, Mode::Test, 2).await.unwrap(), Some(card(2, 8, 5)));
    assert_eq!(world.commit(vec![save(card(2, 7, 6))]).await, Err(CommitError::AlreadyExists("saved card")));
    assert_eq!(number(&world, 6).await, None, "refused whole");

    world.commit(vec![delete_card(card(1, 7, 5))]).await.unwrap();
    assert_eq!(world.commit(vec![delete_card(card(1, 7, 5))]).await, Err(CommitError::VersionConflict));
    world.commit(vec![delete_card(others)]).await.unwrap();
    assert_eq!(number(&world, 5).await.unwrap(), first);
    world.assert_sound().await;
    // The number of a card is changed: out and in, under the same id, in one commit.
    world.commit(vec![delete_card(card(2, 8, 5)), save(card(2, 8, 6))]).await.unwrap();
    assert_eq!(number(&world, 5).await, None, "nobody has it any more");
    assert!(number(&world, 6).await.is_some());
    world.assert_sound().await;
    let world = world.reopened().await;
    assert_eq!(number(&world, 5).await, None);
    world.assert_sound().await;
}

async fn cards_go_in_the_commit_of_their_customer_or_not_at_all(world: World) {
    world.commit(vec![insert(customer(7)), save(card(1, 7, 1)), save(card(2, 7, 2))]).await.unwrap();
    let stale = CustomerRecord { version: 9, ..customer(7) };
    let all_of = |customer: &CustomerRecord| {
        vec![delete_card(card(1, 7, 1)), delete_card(card(2, 7, 2)), delete(customer)]
    };
    assert_eq!(world.commit(all_of(&stale)).await, Err(CommitError::VersionConflict));
    assert!(number(&world, 1).await.is_some() && number(&world, 2).await.is_some());
    world.commit(all_of(&customer(7))).await.unwrap();
    assert_eq!((number(&world, 1).await, number(&world, 2).await), (None, None));
    world.assert_sound().await;
}

async fn sealed_numbers_are_read_in_pages_and_sealed_again(world: World) {
    world.commit(vec![insert(customer(7))]).await.unwrap();
    for id in 1..=5 {
        world.commit(vec![save(card(id, 7, id as u8))]).await.unwrap();
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = world.store.sealed_cards(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.mode, last.fingerprint));
        seen.extend(page.iter().map(|card| card.fingerprint[0]));
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    let again = |number: u8| {
        let sealed_number = b"sealed again".to_vec();
        let card = SealedCardRecord { mode: Mode::Test, fingerprint: [number; 16], sealed_number };
        vec![RecordChange::Customer(CustomerChange::Reseal(card))]
    };
    world.commit(again(3)).await.unwrap();
    assert_eq!(number(&world, 3).await.unwrap().sealed_number, b"sealed again");
    assert_eq!(world.commit(again(9)).await, Err(CommitError::VersionConflict));
    world.assert_sound().await;
}

async fn many_who_save_the_same_card_at_once_share_one_number(world: World) {
    for user_id in 1..=12 {
        world.commit(vec![insert(customer(user_id))]).await.unwrap();
    }
    let together = async |records: Vec<RecordChange>| {
        let commits = records.into_iter().map(|record| {
            let store = world.store.clone();
            async move { store.commit(Changes { records: vec![record], ..Changes::default() }).await }
        });
        for outcome in futures_util::future::join_all(commits).await {
            outcome.unwrap();
        }
    };
    together((1..=12).map(|id| save(card(id, id, 5))).collect()).await;
    world.assert_sound().await;
    together((1..=11).map(|id| delete_card(card(id, id, 5))).collect()).await;
    assert!(number(&world, 5).await.is_some());
    world.assert_sound().await;
    together(vec![delete_card(card(12, 12, 5)), save(card(20, 1, 5))]).await;
    assert!(number(&world, 5).await.is_some(), "whichever came first");
    world.assert_sound().await;
}

/// What a random history does to one of a few cards of two sellers.
#[derive(Clone, Copy, Debug)]
struct Act {
    is_deletion: bool,
    seller: i64,
    id: i64,
    number: u8,
    is_live: bool,
}

fn an_act() -> impl Strategy<Value = Act> {
    (any::<bool>(), 0_i64..2, 1_i64..5, 1_u8..4, any::<bool>()).prop_map(
        |(is_deletion, seller, id, number, is_live)| Act { is_deletion, seller, id, number, is_live },
    )
}

async fn references_are_counted_in_any_history(world: World) {
    for seller in 0..2 {
        for mode in [Mode::Test, Mode::Live] {
            let body = format!(
                "{{\"user_id\":7,\"merchant_id\":{},\"live_mode\":{}}}",
                SELLER + seller,
                mode.is_live()
            );
            let customer =
                CustomerRecord { account_id: SELLER + seller, mode, body: body.into_bytes(), ..customer(7) };
            world.commit(vec![insert(customer)]).await.unwrap();
        }
    }
    let runtime = tokio::runtime::Handle::current();
    let running = tokio::task::spawn_blocking(move || {
        let config = Config { cases: 12, failure_persistence: None, ..Config::default() };
        // Which number each saved card has, by what was answered; histories go on where the last one ended.
        let saved = std::cell::RefCell::new(BTreeMap::<(i64, bool, i64), u8>::new());
        TestRunner::new(config)
            .run(&proptest::collection::vec(an_act(), 1..12), |acts| {
                for act in acts {
                    runtime.block_on(perform(&world, act, &mut saved.borrow_mut()));
                }
                runtime.block_on(world.assert_sound());
                Ok(())
            })
            .unwrap();
    });
    running.await.unwrap();
}

async fn perform(world: &World, act: Act, saved: &mut BTreeMap<(i64, bool, i64), u8>) {
    let mode = if act.is_live { Mode::Live } else { Mode::Test };
    let key = (act.seller, act.is_live, act.id);
    let of =
        |number: u8| SavedCardRecord { account_id: SELLER + act.seller, mode, ..card(act.id, 7, number) };
    let outcome = match act.is_deletion {
        true => world.commit(vec![delete_card(of(act.number))]).await,
        false => world.commit(vec![save(of(act.number))]).await,
    };
    let expected = match (act.is_deletion, saved.get(&key).copied()) {
        (true, Some(number)) if number == act.number => {
            saved.remove(&key);
            Ok(())
        }
        (true, _) => Err(CommitError::VersionConflict),
        (false, Some(_)) => Err(CommitError::AlreadyExists("saved card")),
        (false, None) => {
            saved.insert(key, act.number);
            Ok(())
        }
    };
    assert_eq!(outcome, expected, "{act:?}");
    for number in 1..4 {
        let fingerprint: Fingerprint = [number; 16];
        let is_kept = world.store.sealed_card(mode, &fingerprint).await.unwrap().is_some();
        let is_saved = saved.iter().any(|((_, is_live, _), has)| (*is_live, *has) == (act.is_live, number));
        assert_eq!(is_kept, is_saved, "{act:?}, number {number}");
    }
}

/// New ids go on after those that are stored, whatever the machine's clock says. A saved card's id is a random number: what
/// went on after it would have no time in it.
#[tokio::test]
async fn the_newest_id_may_be_a_customers_and_is_never_a_saved_cards() {
    let world = World::on_sqlite().await;
    let inserted = CustomerRecord { user_id: 7_000, ..customer(1) };
    world.commit(vec![RecordChange::Customer(CustomerChange::Insert(inserted))]).await.unwrap();
    assert_eq!(world.store.newest_id().await.unwrap(), 7_000);
    let saved = CustomerChange::SaveCard { card: card(9_000, 7_000, 1), sealed_number: vec![1] };
    world.commit(vec![RecordChange::Customer(saved)]).await.unwrap();
    assert_eq!(world.store.newest_id().await.unwrap(), 7_000);
}
