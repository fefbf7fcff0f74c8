//! Searches agree with a naive one over all records, whatever is asked.

use crate::world::{NOON, SELLER, World, everything, payment};
use pasarela_domain::identity::Mode;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{Changes, DateField, PaymentRecord, PaymentSearch, RecordChange, SortField};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

on_both_stores! {
    every_search_answers_what_looking_at_everything_would,
    a_text_that_no_column_can_hold_is_found_nowhere,
    totals_stay_exact_when_the_tallies_are_cut_and_keys_are_moved_to_their_table,
    a_payment_is_found_as_soon_as_it_is_acknowledged_and_by_its_new_reference_after_a_change,
}

/// What a search must answer, by looking at everything.
fn naive(payments: &[PaymentRecord], search: &PaymentSearch) -> (u64, Vec<Vec<u8>>) {
    let date = |payment: &PaymentRecord, field| match field {
        DateField::Created => Some(payment.created),
        DateField::Updated => Some(payment.updated),
        DateField::Approved => payment.approved,
        DateField::Release => payment.release,
    };
    let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
    let may_be = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
    let mut matching: Vec<&PaymentRecord> = payments
        .iter()
        .filter(|payment| {
            let at = date(payment, search.range);
            payment.account_id == search.account_id
                && payment.mode == search.mode
                && search.id.is_none_or(|id| id == payment.id)
                && search.payer_id.is_none_or(|payer| payer == payment.payer_id)
                && search.begin.is_none_or(|begin| at.is_some_and(|at| at >= begin))
                && search.end.is_none_or(|end| at.is_some_and(|at| at <= end))
                && is(&search.status, &payment.status)
                && is(&search.status_detail, &payment.status_detail)
                && is(&search.payment_method_id, &payment.payment_method_id)
                && is(&search.payment_type_id, &payment.payment_type_id)
                && is(&search.operation_type, &payment.operation_type)
                && may_be(&search.external_reference, &payment.external_reference)
                && may_be(&search.store_id, &payment.store_id)
                && may_be(&search.pos_id, &payment.pos_id)
        })
        .collect();
    matching.sort_by_key(|payment| match search.sort {
        SortField::Id => (None, payment.id),
        SortField::Date(field) => (date(payment, field), payment.id),
    });
    if search.descending {
        matching.reverse();
    }
    let page = matching.iter().skip(search.offset as usize).take(search.limit as usize);
    (matching.len() as u64, page.map(|payment| payment.body.clone()).collect())
}

fn a_date() -> impl Strategy<Value = Timestamp> {
    // Few enough instants that many payments share one.
    (0_i64..60).prop_map(|at| NOON.plus_ms(at))
}

fn a_payment() -> impl Strategy<Value = PaymentRecord> {
    let dates = (a_date(), a_date(), proptest::option::of(a_date()), proptest::option::of(a_date()));
    let words = ("approved|pending|rejected", "pix|visa|master", proptest::option::of("a|b|c"));
    let owner = prop_oneof![8 => Just((SELLER, Mode::Test)), 1 => Just((SELLER, Mode::Live)), 1 => Just((9, Mode::Test))];
    (dates, words, owner, 0_i64..5).prop_map(|(dates, words, owner, payer_id)| PaymentRecord {
        created: dates.0,
        updated: dates.1,
        approved: dates.2,
        release: dates.3,
        status: words.0,
        payment_method_id: words.1,
        external_reference: words.2.clone(),
        store_id: words.2,
        account_id: owner.0,
        mode: owner.1,
        payer_id,
        ..payment(0)
    })
}

fn a_search() -> impl Strategy<Value = PaymentSearch> {
    let field = || {
        prop_oneof![
            Just(DateField::Created),
            Just(DateField::Updated),
            Just(DateField::Approved),
            Just(DateField::Release)
        ]
    };
    let sort = prop_oneof![4 => field().prop_map(SortField::Date), 1 => Just(SortField::Id)];
    let bounds = (field(), proptest::option::of(a_date()), proptest::option::of(a_date()));
    let rarely = |strategy: &'static str| proptest::option::weighted(0.2, strategy);
    let filters = (
        proptest::option::weighted(0.4, "approved|pending|rejected|unknown"),
        rarely("pix|visa|elo"),
        rarely("a|b|nobody"),
        rarely("a|b"),
        proptest::option::weighted(0.2, 0_i64..6),
        proptest::option::weighted(0.05, 1_i64..300),
    );
    (bounds, sort, any::<bool>(), filters, 0_u32..40, prop_oneof![Just(0_u32), 0_u32..100]).prop_map(
        |(bounds, sort, descending, filters, limit, offset)| PaymentSearch {
            range: bounds.0,
            begin: bounds.1,
            end: bounds.2,
            sort,
            descending,
            status: filters.0,
            payment_method_id: filters.1,
            external_reference: filters.2,
            store_id: filters.3,
            payer_id: filters.4,
            id: filters.5,
            limit,
            offset,
            ..everything()
        },
    )
}

async fn every_search_answers_what_looking_at_everything_would(world: World) {
    let cases = (
        proptest::collection::vec(a_payment(), 1..250),
        proptest::collection::vec((any::<prop::sample::Index>(), a_payment()), 0..60),
        proptest::collection::vec(a_search(), 150),
    );
    let runtime = tokio::runtime::Handle::current();
    let running = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config { cases: 6, failure_persistence: None, ..Config::default() });
        runner.run(&cases, |(payments, updates, searches)| {
            runtime.block_on(async {
                let world = world.another().await;
                let mut stored = insert_all(&world, payments).await;
                for (which, changed) in updates {
                    update(&world, which.get_mut(&mut stored), changed).await;
                }
                for search in searches {
                    let page = world.store.search_payments(search.clone()).await.unwrap();
                    let expected = naive(&stored, &search);
                    prop_assert_eq!((page.total, page.bodies), expected, "{:?}", search);
                }
                world.assert_sound().await;
                Ok(())
            })
        })
    });
    running.await.unwrap().unwrap();
}

async fn totals_stay_exact_when_the_tallies_are_cut_and_keys_are_moved_to_their_table(world: World) {
    // More than two stretches of the tallies and one generation of random keys.
    let payments: Vec<PaymentRecord> = (0..9_000_i64)
        .map(|number| PaymentRecord {
            created: NOON.plus_ms(number * 7_919 % 9_000 / 3),
            updated: NOON.plus_ms(if number < 5_000 { 7 } else { number / 5 }),
            approved: (number % 3 == 0).then(|| NOON.plus_ms(number)),
            status: if number % 3 == 0 { "approved" } else { "pending" }.to_owned(),
            ..payment(0)
        })
        .collect();
    let stored = insert_all(&world, payments).await;
    for (begin, end) in [(0, 9_000), (100, 100), (1_000, 2_500), (-5, 1_234), (2_000, 99_999), (50, 40)] {
        for (range, status) in [
            (DateField::Created, None),
            (DateField::Updated, None),
            (DateField::Approved, None),
            (DateField::Created, Some("approved")),
            (DateField::Approved, Some("approved")),
        ] {
            let search = PaymentSearch {
                range,
                begin: Some(NOON.plus_ms(begin)),
                end: Some(NOON.plus_ms(end)),
                status: status.map(str::to_owned),
                descending: true,
                limit: 3,
                ..everything()
            };
            let page = world.store.search_payments(search.clone()).await.unwrap();
            assert_eq!((page.total, page.bodies), naive(&stored, &search), "{search:?}");
        }
    }
    let world = world.reopened().await;
    let search = PaymentSearch { external_reference: Some("order-8000".to_owned()), ..everything() };
    assert_eq!(world.store.search_payments(search).await.unwrap().total, 1);
    world.assert_sound().await;
}

async fn a_payment_is_found_as_soon_as_it_is_acknowledged_and_by_its_new_reference_after_a_change(
    world: World,
) {
    world.insert(&payment(1)).await;
    let by_reference =
        |text: &str| PaymentSearch { external_reference: Some(text.to_owned()), ..everything() };
    assert_eq!(world.store.search_payments(by_reference("order-1")).await.unwrap().total, 1);
    let mut renamed = world.stored(1).await.unwrap();
    renamed.external_reference = Some("order-1b".to_owned());
    world.commit(vec![RecordChange::UpdatePayment(renamed)]).await.unwrap();
    assert_eq!(world.store.search_payments(by_reference("order-1")).await.unwrap().total, 0);
    assert_eq!(world.store.search_payments(by_reference("order-1b")).await.unwrap().total, 1);
}

async fn a_text_that_no_column_can_hold_is_found_nowhere(world: World) {
    world.insert(&payment(1)).await;
    let search = PaymentSearch { external_reference: Some("order-1\0".to_owned()), ..everything() };
    assert_eq!(world.store.search_payments(search).await.unwrap().total, 0);
    assert_eq!(world.store.deliveries_of(SELLER, Mode::Test, "\0").await.unwrap(), vec![]);
    assert_eq!(world.store.account_by_email(Site::MLB, "\0").await.unwrap(), None);
}

/// Inserts the payments with ids from 1, a hundred a commit.
async fn insert_all(world: &World, payments: Vec<PaymentRecord>) -> Vec<PaymentRecord> {
    let payments: Vec<PaymentRecord> = (1..)
        .zip(payments)
        .map(|(id, payment)| {
            let body = format!(
                "{{\"id\":{id},\"status\":\"{}\",\"collector_id\":{}}}",
                payment.status, payment.account_id
            );
            let external_reference = payment.external_reference.map(|text| match text.as_str() {
                "order-0" => format!("order-{id}"),
                _ => text,
            });
            PaymentRecord { id, body: body.into_bytes(), external_reference, ..payment }
        })
        .collect();
    for some in payments.chunks(100) {
        let records = some.iter().cloned().map(RecordChange::InsertPayment).collect();
        world.store.commit(Changes { records, ..Changes::default() }).await.unwrap();
    }
    payments
}

/// Changes a payment to what `changed` says, but for whose it is.
async fn update(world: &World, stored: &mut PaymentRecord, changed: PaymentRecord) {
    let (id, version) = (stored.id, stored.version);
    let (account_id, mode) = (stored.account_id, stored.mode);
    let body = format!("{{\"id\":{id},\"status\":\"{}\",\"updated\":{}}}", changed.status, changed.updated.0);
    let after = PaymentRecord { id, version, account_id, mode, body: body.into_bytes(), ..changed };
    world.commit(vec![RecordChange::UpdatePayment(after.clone())]).await.unwrap();
    *stored = PaymentRecord { version: version + 1, ..after };
}
