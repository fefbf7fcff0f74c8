//! Preferences and merchant orders: one of each id, versions, searches.

use crate::world::{NOON, SELLER, World};
use pasarela_domain::identity::Mode;
use pasarela_store::{
    Changes, CheckoutChange, CheckoutKind, CheckoutRecord, CheckoutSearch, CheckoutWords, CommitError,
    RecordChange,
};

on_both_stores! {
    an_order_is_found_by_its_kind_and_id,
    an_update_needs_the_version_that_was_read,
    a_search_filters_and_pages_newest_first,
    of_many_who_change_one_at_once_each_is_first_once,
}

/// A merchant order, whose body says what its columns say.
pub fn order(number: i64) -> CheckoutRecord {
    let reference = (number % 2 == 0).then(|| format!("shop-{number}"));
    let body = serde_json::json!({"id": number, "external_reference": reference, "status": "opened"});
    CheckoutRecord {
        account_id: SELLER,
        mode: Mode::Test,
        kind: CheckoutKind::MerchantOrder,
        id: number.to_string(),
        version: 1,
        created: NOON.plus_ms(number),
        updated: NOON.plus_ms(number),
        words: CheckoutWords {
            external_reference: reference,
            preference_id: Some(format!("{SELLER}-{}", number % 3)),
            status: Some("opened".to_owned()),
            marketplace: Some("NONE".to_owned()),
            sponsor_id: (number == 4).then_some(99),
            application_id: Some(12),
            payer_id: Some(number % 2),
            payer_email: Some([(number % 2) as u8; 32]),
        },
        body: body.to_string().into_bytes(),
        internals: b"{}".to_vec(),
    }
}

pub fn insert(record: CheckoutRecord) -> RecordChange {
    RecordChange::Checkout(CheckoutChange::Insert(record))
}

fn update(record: CheckoutRecord) -> RecordChange {
    RecordChange::Checkout(CheckoutChange::Update(record))
}

async fn found(world: &World, kind: CheckoutKind, id: &str) -> Option<CheckoutRecord> {
    world.store.checkout(SELLER, Mode::Test, kind, id).await.unwrap()
}

async fn an_order_is_found_by_its_kind_and_id(world: World) {
    world.commit(vec![insert(order(7))]).await.unwrap();
    // The same id of another kind, seller or mode is another record.
    let mut preference = CheckoutRecord { kind: CheckoutKind::Preference, ..order(7) };
    preference.words.status = None;
    for other in [
        preference,
        CheckoutRecord { account_id: SELLER + 1, ..order(7) },
        CheckoutRecord { mode: Mode::Live, ..order(7) },
    ] {
        world.commit(vec![insert(other)]).await.unwrap();
    }
    assert_eq!(world.commit(vec![insert(order(7))]).await, Err(CommitError::AlreadyExists("merchant order")));
    let world = world.reopened().await;
    assert_eq!(found(&world, CheckoutKind::MerchantOrder, "7").await, Some(order(7)));
    assert_eq!(found(&world, CheckoutKind::MerchantOrder, "8").await, None);
    assert_eq!(found(&world, CheckoutKind::MerchantOrder, "a\0b").await, None);
    world.assert_sound().await;
}

async fn an_update_needs_the_version_that_was_read(world: World) {
    world.commit(vec![insert(order(2))]).await.unwrap();
    let mut changed = order(2);
    changed.updated = NOON.plus_ms(9_000);
    changed.words.status = Some("closed".to_owned());
    changed.body = br#"{"id":2,"external_reference":"shop-2","status":"closed"}"#.to_vec();
    world.commit(vec![update(changed.clone())]).await.unwrap();
    let expected = CheckoutRecord { version: 2, ..changed.clone() };
    assert_eq!(found(&world, CheckoutKind::MerchantOrder, "2").await, Some(expected));
    assert_eq!(world.commit(vec![update(changed)]).await, Err(CommitError::VersionConflict));
    assert_eq!(world.commit(vec![update(order(3))]).await, Err(CommitError::VersionConflict));
    world.assert_sound().await;
}

async fn a_search_filters_and_pages_newest_first(world: World) {
    world.commit((1..=6).map(|number| insert(order(number))).collect()).await.unwrap();
    let all = CheckoutSearch::of(SELLER, Mode::Test, CheckoutKind::MerchantOrder, 10);
    let by = |words| CheckoutSearch { words, ..all.clone() };
    let nothing = CheckoutWords::default;
    let cases: Vec<(CheckoutSearch, &[&str])> = vec![
        (all.clone(), &["6", "5", "4", "3", "2", "1"]),
        (CheckoutSearch { kind: CheckoutKind::Preference, ..all.clone() }, &[]),
        (CheckoutSearch { mode: Mode::Live, ..all.clone() }, &[]),
        (CheckoutSearch { id: Some("3".to_owned()), ..all.clone() }, &["3"]),
        (by(CheckoutWords { external_reference: Some("shop-4".to_owned()), ..nothing() }), &["4"]),
        (by(CheckoutWords { external_reference: Some("a\0".to_owned()), ..nothing() }), &[]),
        (by(CheckoutWords { preference_id: Some(format!("{SELLER}-0")), ..nothing() }), &["6", "3"]),
        (by(CheckoutWords { status: Some("closed".to_owned()), ..nothing() }), &[]),
        (
            by(CheckoutWords { marketplace: Some("NONE".to_owned()), sponsor_id: Some(99), ..nothing() }),
            &["4"],
        ),
        (by(CheckoutWords { application_id: Some(13), ..nothing() }), &[]),
        (by(CheckoutWords { payer_id: Some(1), ..nothing() }), &["5", "3", "1"]),
        (by(CheckoutWords { payer_email: Some([0; 32]), ..nothing() }), &["6", "4", "2"]),
        (
            CheckoutSearch { created: (Some(NOON.plus_ms(2)), Some(NOON.plus_ms(3))), ..all.clone() },
            &["3", "2"],
        ),
        (CheckoutSearch { updated: (Some(NOON.plus_ms(6)), None), ..all.clone() }, &["6"]),
    ];
    for (search, expected) in cases {
        let page = world.store.search_checkouts(search.clone()).await.unwrap();
        let ids: Vec<&str> = page.records.iter().map(|record| record.id.as_str()).collect();
        assert_eq!((ids.as_slice(), page.total), (expected, expected.len() as u64), "{search:?}");
    }
    let page = |limit, offset| {
        let (store, search) = (world.store.clone(), CheckoutSearch { limit, offset, ..all.clone() });
        async move { store.search_checkouts(search).await.unwrap() }
    };
    let second = page(2, 2).await;
    assert_eq!((second.total, second.records), (6, vec![order(4), order(3)]));
    let beyond = page(2, 9).await;
    assert_eq!((beyond.total, beyond.records.len()), (6, 0));
}

async fn of_many_who_change_one_at_once_each_is_first_once(world: World) {
    world.commit(vec![insert(order(2))]).await.unwrap();
    let at_once = (0..8).map(|_| {
        let store = world.store.clone();
        async move { store.commit(Changes { records: vec![update(order(2))], ..Changes::default() }).await }
    });
    let outcomes = futures_util::future::join_all(at_once).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert!(
        outcomes.iter().all(|outcome| outcome.is_ok() || *outcome == Err(CommitError::VersionConflict)),
        "{outcomes:?}"
    );
}
