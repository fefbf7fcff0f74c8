//! A store is read out and put into another one, of either engine, in pages of any size: nothing is lost, nothing changes,
//! and what an engine derives for itself is right there.

use crate::world::{NOON, SELLER, World, approved, card_token, outcome, payment, release, released, sale};
use crate::{checkout, customers, logins};
use pasarela_domain::identity::{CredentialKind, Mode};
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::HOUR;
use pasarela_store::copying::{Cursor, Dump, Restore, TABLES, Table};
use pasarela_store::{
    AccountEntry, AccountRecord, ApplicationRecord, CatalogueRecord, Changes, Channel, CommitError,
    CredentialRecord, DeliveryAttempt, DeliveryRecord, DeliveryState, EntryChange, EntryKind, Location,
    NotificationChange, NotificationSetting, PastQuestion, PayerRecord, PaymentRecord, PaymentSearch,
    RecordChange, SettingKind,
};

on_both_stores! {
    everything_goes_over_to_sqlite_and_to_a_database,
    a_restore_that_ended_early_goes_on_behind_its_note,
    what_is_in_use_is_neither_read_out_nor_filled,
}

/// Rows of every table, of three accounts, some with a moved clock.
async fn fill(world: &World) {
    let mut records = Vec::new();
    for number in 0..3 {
        let id = SELLER + number;
        let (email, body) = (format!("ana{number}@example.com"), b"{}".to_vec());
        records.push(RecordChange::InsertAccount(AccountRecord {
            id,
            site: Site::MLB,
            email,
            body: body.clone(),
        }));
        let sealed_webhook_secret = vec![number as u8; 60];
        records.push(RecordChange::InsertApplication(ApplicationRecord {
            id: 700 + number,
            account_id: id,
            sealed_webhook_secret,
            body,
        }));
        records.push(RecordChange::InsertCredential(CredentialRecord {
            lookup: [number as u8; 32],
            kind: CredentialKind::AccessToken,
            account_id: id,
            application_id: 700 + number,
            mode: if number == 0 { Mode::Test } else { Mode::Live },
            well_known: number == 0,
        }));
        records.push(RecordChange::InsertPayer(PayerRecord {
            account_id: id,
            mode: Mode::Test,
            email: [9; 32],
            payer_id: 90 + number,
        }));
    }
    records.push(RecordChange::SetClock { account_id: SELLER, offset_ms: HOUR });
    for user_id in 1..=3 {
        records.push(checkout::insert(checkout::order(user_id)));
        records.push(customers::insert(customers::customer(user_id)));
        records.push(customers::save(customers::card(user_id, user_id, 1 + (user_id == 3) as u8)));
    }
    records.push(logins::insert(logins::login(SELLER, 1, 2)));
    records.push(logins::start(logins::session(SELLER, 3, 1_000)));
    records.push(RecordChange::InsertCatalogue(CatalogueRecord {
        version: 1,
        applied: NOON,
        author: "ana".to_owned(),
        comment: String::new(),
        document: b"{}".to_vec(),
    }));
    for name in ["1", "2"] {
        records.push(RecordChange::AccountEntry(EntryChange::Set(AccountEntry {
            account_id: SELLER,
            kind: EntryKind::PixKey,
            name: name.to_owned(),
            version: 0,
            changed: NOON,
            body: b"{}".to_vec(),
        })));
    }
    for application_id in 700..703 {
        records.push(RecordChange::Notification(NotificationChange::Set(NotificationSetting {
            application_id,
            mode: Mode::Live,
            kind: SettingKind::Endpoint,
            name: format!("https://shop.example/ñ{application_id}"),
            version: 0,
            changed: NOON,
            body: b"{}".to_vec(),
        })));
    }
    world.commit(records).await.unwrap();
    for id in 1..=7 {
        let mut changes = Changes {
            records: vec![RecordChange::InsertPayment(PaymentRecord { traces: vec![id], ..payment(id) })],
            idempotency: Some(outcome(id as u8, id)),
            postings: vec![(Mode::Test, sale(id, 10_000 * id, 399)), (Mode::Test, released(id, 100))],
            set_timers: vec![release(id, NOON.plus_ms(id * HOUR))],
            ..Changes::default()
        };
        // Texts of resources that are numbers, and that only look like one.
        changes.deliveries.push(delivery(id, if id % 2 == 0 { "42" } else { "042" }));
        world.store.commit(changes).await.unwrap();
        world.commit(vec![RecordChange::InsertCardToken(card_token(id as u8))]).await.unwrap();
    }
    let mut second = PaymentRecord { traces: vec![-3, i64::MAX], ..payment(2) };
    second.external_reference = None;
    second.store_id = Some("S1".to_owned());
    world.commit(vec![RecordChange::UpdatePayment(approved(second))]).await.unwrap();
    let mut used = card_token(3);
    (used.sealed_number, used.sealed_security_code) = (None, None);
    world.commit(vec![RecordChange::UpdateCardToken(used)]).await.unwrap();
    for number in 0..3 {
        world.commit(vec![RecordChange::RecordAttempt(attempt(number))]).await.unwrap();
    }
}

fn delivery(id: i64, resource_id: &str) -> DeliveryRecord {
    DeliveryRecord {
        id,
        account_id: SELLER,
        application_id: 700,
        mode: Mode::Test,
        channel: Channel::Webhook,
        url: "https://shop.example/hook".to_owned(),
        topic: "payment".to_owned(),
        action: "payment.created".to_owned(),
        resource_id: resource_id.to_owned(),
        created: NOON,
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt: NOON.plus_ms(id),
        data: (id % 2 == 0).then(|| r#"{"id":"1"}"#.to_owned()),
        turns_ahead: 0,
    }
}

fn attempt(number: u32) -> DeliveryAttempt {
    DeliveryAttempt {
        account_id: SELLER,
        delivery_id: 4,
        number,
        request_id: format!("request-{number}"),
        started: NOON,
        duration_ms: 12,
        response_status: (number > 0).then_some(500),
        failure: Some("the receiver answered 500".to_owned()),
        state: DeliveryState::Pending,
        next_attempt: Some(NOON.plus_ms(HOUR)),
        exchange: (number > 0).then(|| vec![1, 2, number as u8]),
    }
}

/// How many rows each table has, and their sum, read in pages of `limit`.
async fn sums(location: &Location, limit: u32) -> Vec<(Table, u64, u64)> {
    let mut dump = Dump::open(location).await.unwrap();
    let mut sums = Vec::new();
    for table in TABLES {
        let (mut rows, mut sum, mut after) = (0, 0_u64, None);
        loop {
            let page = dump.page(table, after.as_ref(), limit).await.unwrap();
            rows += page.len() as u64;
            sum = sum.wrapping_add(page.sum());
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(rows, dump.count(table).await.unwrap(), "{table:?}");
        sums.push((table, rows, sum));
    }
    dump.close().await;
    sums
}

/// Copies in pages of `limit`, from `start` on; stops after `most` pages. Each note is the table and the cursor.
async fn copy(from: &Location, to: &Location, limit: u32, most: usize) {
    let mut dump = Dump::open(from).await.unwrap();
    let mut restore = Restore::open(to).await.unwrap();
    let note = restore.note().await.unwrap();
    assert_eq!(note.is_none(), restore.is_empty().await.unwrap());
    let (mut table, mut after) = match note {
        Some(note) => (usize::from(note[0]), Cursor::from_bytes(&note[1..]).filter(|_| note.len() > 1)),
        None => (0, None),
    };
    for _ in 0..most {
        let Some(&current) = TABLES.get(table) else { break };
        let page = dump.page(current, after.as_ref(), limit).await.unwrap();
        after = page.next.clone();
        table += usize::from(after.is_none());
        let mut note = vec![table as u8];
        note.extend(after.as_ref().map(Cursor::to_bytes).unwrap_or_default());
        restore.insert(current, page, note).await.unwrap();
    }
    if table == TABLES.len() {
        restore.finish().await.unwrap();
    }
    restore.close().await;
    dump.close().await;
}

/// The same store on the other engine answers the same.
async fn assert_same_answers(world: &World) {
    world.assert_sound().await;
    assert!(!world.store.is_unfinished().await.unwrap());
    let second = world.stored(2).await.unwrap();
    assert_eq!((second.version, second.status.as_str(), second.external_reference), (2, "approved", None));
    assert_eq!(second.store_id.as_deref(), Some("S1"));
    assert_eq!(second.traces, [-3, i64::MAX]);
    let question = PastQuestion { account_id: SELLER, mode: Mode::Test, traces: vec![i64::MAX, 5], limit: 9 };
    let past = world.store.payments_by_traces(&question).await.unwrap();
    assert_eq!(past.iter().map(|payment| payment.id).collect::<Vec<_>>(), [5, 2]);
    let mut search = PaymentSearch::of(SELLER, Mode::Test, 10);
    assert_eq!(world.store.search_payments(search.clone()).await.unwrap().total, 7);
    search.external_reference = Some("order-5".to_owned());
    assert_eq!(world.store.search_payments(search).await.unwrap().total, 1);
    assert_eq!(world.store.card_token(SELLER, &[3; 32]).await.unwrap().unwrap().sealed_number, None);
    assert_eq!(
        world.store.card_token(SELLER, &[5; 32]).await.unwrap().unwrap().sealed_number,
        Some(vec![5; 60])
    );
    assert_eq!(world.store.idempotency(SELLER, &[6; 16]).await.unwrap().unwrap().resource_id, 6);
    assert_eq!(world.store.clock_offset(SELLER).await.unwrap(), HOUR);
    let found = world.store.customer_by_email(SELLER, Mode::Test, &[2; 32]).await.unwrap();
    assert_eq!(found, Some(customers::customer(2)));
    assert_eq!(world.store.saved_card(SELLER, Mode::Test, 3).await.unwrap(), Some(customers::card(3, 3, 2)));
    assert!(world.store.sealed_card(Mode::Test, &[1; 16]).await.unwrap().is_some());
    // Its clock is an hour ahead, so the first timer is due now.
    assert_eq!(world.store.next_wake().await.unwrap(), Some(NOON));
    assert_eq!(world.store.deliveries_of(SELLER, Mode::Test, "042").await.unwrap().len(), 4);
    assert_eq!(world.store.attempts(SELLER, 4).await.unwrap().len(), 3);
    let again = Changes { idempotency: Some(outcome(6, 1)), ..Changes::default() };
    assert!(matches!(world.store.commit(again).await, Err(CommitError::IdempotencyKeyTaken(_))));
    let more = Changes { postings: vec![(Mode::Test, sale(8, 500, 20))], ..Changes::default() };
    world.store.commit(more).await.unwrap();
    world.assert_sound().await;
}

async fn everything_goes_over_to_sqlite_and_to_a_database(world: World) {
    fill(&world).await;
    world.leave().await;
    let whole = sums(&world.location(), 1_000).await;
    assert!(whole.iter().all(|(_, rows, _)| *rows > 0), "a table has no rows: {whole:?}");
    for limit in [1, 2, 7] {
        assert_eq!(sums(&world.location(), limit).await, whole, "pages of {limit}");
    }
    for (target, limit) in [(World::on_sqlite().await, 2), (World::on_postgres().await, 3)] {
        target.leave().await;
        copy(&world.location(), &target.location(), limit, usize::MAX).await;
        assert_eq!(sums(&target.location(), 5).await, whole);
        assert_same_answers(&target.reopened().await).await;
    }
}

async fn a_restore_that_ended_early_goes_on_behind_its_note(world: World) {
    fill(&world).await;
    world.leave().await;
    let whole = sums(&world.location(), 1_000).await;
    for target in [World::on_sqlite().await, World::on_postgres().await] {
        target.leave().await;
        // Four pages a run: it takes several.
        for _ in 0..3 {
            copy(&world.location(), &target.location(), 2, 4).await;
            let reopened = pasarela_store::Store::open(pasarela_store::StoreOptions::new(target.location()))
                .await
                .unwrap();
            assert!(reopened.is_unfinished().await.unwrap());
            reopened.close().await;
        }
        copy(&world.location(), &target.location(), 2, usize::MAX).await;
        assert_eq!(sums(&target.location(), 1_000).await, whole);
        assert_same_answers(&target.reopened().await).await;
    }
}

async fn what_is_in_use_is_neither_read_out_nor_filled(world: World) {
    assert!(Dump::open(&world.location()).await.is_err());
    assert!(Restore::open(&world.location()).await.is_err());
    world.leave().await;
    let filling = Restore::open(&world.location()).await.unwrap();
    assert!(Restore::open(&world.location()).await.is_err(), "two copies into one store");
    filling.close().await;
    assert!(Dump::open(&world.location()).await.is_ok());
}
