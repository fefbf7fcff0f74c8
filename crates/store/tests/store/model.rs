//! Both engines are given the same requests, and must behave as one: same answers, same records, same proofs.
//!
//! The requests are random: changes of every kind in few identities, so that they meet, conflict and are refused. Those
//! that follow each other and write to different things are submitted together, so that they share transactions; what is
//! submitted together and writes to the same thing may be done in any order, so such requests are submitted one after
//! the other. `PASARELA_MODEL_CASES=1000` looks longer.

use crate::world::{NOON, World, card_token, payment};
use futures_util::future::join_all;
use pasarela_domain::identity::{CredentialKind, Mode};
use pasarela_domain::ledger::{ACCOUNT_KINDS, AccountKind, Cause, LedgerAccount, Posting};
use pasarela_domain::money::Currency;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::{HOUR, MINUTE, Timestamp};
use pasarela_store::{
    AccountRecord, ApplicationRecord, CardTokenRecord, Changes, Channel, CredentialRecord, CustomerChange,
    CustomerDate, CustomerRecord, CustomerSearch, CustomerSort, CustomerWords, DateField, DeliveryAttempt,
    DeliveryRecord, DeliverySearch, DeliveryState, DueDelivery, IdempotencyRecord, NotificationChange,
    NotificationSetting, PastQuestion, PayerRecord, PaymentRecord, PaymentSearch, RecordChange,
    SavedCardRecord, SealedCardRecord, SettingKind, SortField, Store, Timer, TimerKind,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::HashSet;
use std::fmt::Debug;
use std::ops::Range;

/// How many histories are tried, unless the environment says otherwise: some ten seconds.
const CASES: u32 = 6;

const ACCOUNTS: [i64; 3] = [11, 12, 13];
const MODES: [Mode; 2] = [Mode::Test, Mode::Live];
const CURRENCIES: [Currency; 2] = [Currency::BRL, Currency::ARS];
/// Identities of each kind: few, so that requests meet.
const IDENTITIES: i64 = 6;

/// Steps of a history, fewer than this.
const LONGEST: usize = 25;
/// Requests of a step, fewer than this.
const MOST_REQUESTS: usize = 8;

/// One thing that a request does.
#[derive(Clone, Debug)]
enum Part {
    InsertPayment { id: i64, variant: u8 },
    UpdatePayment { id: i64, variant: u8, is_stale: bool },
    InsertCardToken { number: u8 },
    UpdateCardToken { number: u8, is_spent: bool, is_stale: bool },
    InsertAccount { id: i64, email: u8 },
    InsertApplication { id: i64 },
    UpdateApplication { id: i64, secret: u8 },
    InsertCredential { number: u8 },
    InsertPayer { account: usize, mode: usize, email: u8, payer_id: i64 },
    SetClock { account: usize, hours: i64 },
    RecordAttempt { delivery: i64, number: u32, state: u8 },
    Post { account: usize, mode: usize, currency: usize, kind: u8, amount: i64, at: i64 },
    SetTimer { account: usize, mode: usize, subject: i64, kind: bool, due: i64 },
    ClearTimer { account: usize, mode: usize, subject: i64, kind: bool },
    Deliver { id: i64, due: i64 },
    InsertCustomer { account: usize, user: i64, email: u8 },
    UpdateCustomer { account: usize, user: i64, name: u8, is_stale: bool },
    DeleteCustomer { account: usize, user: i64 },
    SaveCard { account: usize, id: i64, user: i64, number: u8 },
    DeleteCard { account: usize, id: i64 },
    Reseal { number: u8, sealed: u8 },
    SetSetting { application: i64, kind: bool, is_stale: bool },
    Reschedule { delivery: i64, is_held: bool, due: i64 },
    Move { delivery: i64, is_held: bool, due: i64, turns: i32 },
    Forget { delivery: i64 },
}

/// One request.
#[derive(Clone, Debug)]
struct Request {
    key: Option<(usize, u8)>,
    parts: Vec<Part>,
}

/// What is done before the engines are compared again.
#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Request>),
    PurgeSecrets { now: i64, limit: u32 },
    PurgeIdempotency { now: i64, limit: u32 },
}

fn a_part() -> impl Strategy<Value = Part> {
    let id = || 1..=IDENTITIES;
    let number = || 1..=IDENTITIES as u8;
    let account = || 0..ACCOUNTS.len();
    let mode = || 0..MODES.len();
    prop_oneof![
        4 => (id(), any::<u8>()).prop_map(|(id, variant)| Part::InsertPayment { id, variant }),
        6 => (id(), any::<u8>(), proptest::bool::weighted(0.2))
            .prop_map(|(id, variant, is_stale)| Part::UpdatePayment { id, variant, is_stale }),
        2 => number().prop_map(|number| Part::InsertCardToken { number }),
        2 => (number(), any::<bool>(), proptest::bool::weighted(0.2))
            .prop_map(|(number, is_spent, is_stale)| Part::UpdateCardToken { number, is_spent, is_stale }),
        1 => (id(), number()).prop_map(|(id, email)| Part::InsertAccount { id, email }),
        1 => id().prop_map(|id| Part::InsertApplication { id }),
        1 => (id(), any::<u8>()).prop_map(|(id, secret)| Part::UpdateApplication { id, secret }),
        1 => number().prop_map(|number| Part::InsertCredential { number }),
        1 => (account(), mode(), number(), id())
            .prop_map(|(account, mode, email, payer_id)| Part::InsertPayer { account, mode, email, payer_id }),
        2 => (account(), 0_i64..48).prop_map(|(account, hours)| Part::SetClock { account, hours }),
        3 => (id(), 0_u32..3, 0_u8..3)
            .prop_map(|(delivery, number, state)| Part::RecordAttempt { delivery, number, state }),
        6 => (account(), mode(), 0..CURRENCIES.len(), 0_u8..6, 1_i64..50, 0_i64..3).prop_map(
            |(account, mode, currency, kind, amount, at)| Part::Post { account, mode, currency, kind, amount, at }
        ),
        4 => (account(), mode(), id(), any::<bool>(), 0_i64..20).prop_map(
            |(account, mode, subject, kind, due)| Part::SetTimer { account, mode, subject, kind, due }
        ),
        3 => (account(), mode(), id(), any::<bool>())
            .prop_map(|(account, mode, subject, kind)| Part::ClearTimer { account, mode, subject, kind }),
        4 => (id(), 0_i64..20).prop_map(|(id, due)| Part::Deliver { id, due }),
        3 => (account(), id(), number())
            .prop_map(|(account, user, email)| Part::InsertCustomer { account, user, email }),
        3 => (account(), id(), 0_u8..3, proptest::bool::weighted(0.2))
            .prop_map(|(account, user, name, is_stale)| Part::UpdateCustomer { account, user, name, is_stale }),
        1 => (account(), id()).prop_map(|(account, user)| Part::DeleteCustomer { account, user }),
        4 => (account(), id(), id(), 1_u8..4)
            .prop_map(|(account, id, user, number)| Part::SaveCard { account, id, user, number }),
        3 => (account(), id()).prop_map(|(account, id)| Part::DeleteCard { account, id }),
        1 => (1_u8..4, any::<u8>()).prop_map(|(number, sealed)| Part::Reseal { number, sealed }),
        2 => (id(), any::<bool>(), proptest::bool::weighted(0.2))
            .prop_map(|(application, kind, is_stale)| Part::SetSetting { application, kind, is_stale }),
        2 => (id(), any::<bool>(), 0_i64..20)
            .prop_map(|(delivery, is_held, due)| Part::Reschedule { delivery, is_held, due }),
        2 => (id(), any::<bool>(), 0_i64..20, -2..3)
            .prop_map(|(delivery, is_held, due, turns)| Part::Move { delivery, is_held, due, turns }),
        1 => id().prop_map(|delivery| Part::Forget { delivery }),
    ]
}

const fn moves_deliveries(part: &Part) -> bool {
    matches!(
        part,
        Part::RecordAttempt { .. }
            | Part::Deliver { .. }
            | Part::Reschedule { .. }
            | Part::Move { .. }
            | Part::Forget { .. }
    )
}

fn a_step() -> impl Strategy<Value = Step> {
    let key = proptest::option::weighted(0.4, (0..ACCOUNTS.len(), 1..=IDENTITIES as u8));
    let request = (key, proptest::collection::vec(a_part(), 1..4)).prop_map(|(key, mut parts)| {
        // Whether a clock moves the deliveries as they are before or after the rest of its request is left open: nobody
        // asks for both.
        if parts.iter().any(|part| matches!(part, Part::SetClock { .. })) {
            parts.retain(|part| !moves_deliveries(part));
        }
        // As little who makes a delivery and changes one.
        if parts.iter().any(|part| matches!(part, Part::Deliver { .. })) {
            parts.retain(|part| !moves_deliveries(part) || matches!(part, Part::Deliver { .. }));
        }
        Request { key, parts }
    });
    prop_oneof![
        12 => proptest::collection::vec(request, 1..MOST_REQUESTS).prop_map(Step::Commit),
        1 => (0..=IDENTITIES, 1_u32..4).prop_map(|(now, limit)| Step::PurgeSecrets { now, limit }),
        1 => (0..=(LONGEST * MOST_REQUESTS) as i64, 1_u32..4).prop_map(|(now, limit)| Step::PurgeIdempotency { now, limit }),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_and_postgres_behave_as_one() {
    let cases = std::env::var("PASARELA_MODEL_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let runtime = tokio::runtime::Handle::current();
    let running = tokio::task::spawn_blocking(move || {
        let config = Config { cases, failure_persistence: None, max_shrink_iters: 100, ..Config::default() };
        TestRunner::new(config).run(&proptest::collection::vec(a_step(), 1..LONGEST), |steps| {
            runtime.block_on(history(&steps));
            Ok(())
        })
    });
    running.await.unwrap().unwrap();
}

async fn history(steps: &[Step]) {
    let (sqlite, postgres) = tokio::join!(World::on_sqlite(), World::on_postgres());
    for (number, step) in steps.iter().enumerate() {
        let (one, other) = match step {
            Step::Commit(requests) => {
                let changes = all_changes(&sqlite.store, number, requests).await;
                let (mut one, mut other) = (Vec::new(), Vec::new());
                for together in submitted_together(requests) {
                    let changes = &changes[together];
                    let on = |store: &Store| {
                        let store = store.clone();
                        join_all(changes.iter().cloned().map(move |changes| {
                            let store = store.clone();
                            async move { store.commit(changes).await.map(|()| 1) }
                        }))
                    };
                    let (done, done_other) = tokio::join!(on(&sqlite.store), on(&postgres.store));
                    one.extend(done);
                    other.extend(done_other);
                }
                (one, other)
            }
            Step::PurgeSecrets { now, limit } => {
                let now = NOON.plus_ms(*now);
                let one = sqlite.store.purge_expired_secrets(now, *limit).await;
                (vec![one], vec![postgres.store.purge_expired_secrets(now, *limit).await])
            }
            Step::PurgeIdempotency { now, limit } => {
                let now = NOON.plus_ms(*now);
                let one = sqlite.store.purge_expired_idempotency(now, *limit).await;
                (vec![one], vec![postgres.store.purge_expired_idempotency(now, *limit).await])
            }
        };
        assert_same(&format!("the answers to step {number}: {step:?}"), one, other);
        compare(&sqlite.store, &postgres.store, number).await;
    }
}

/// What a request writes to: two that have nothing of it in common can be done in any order. Balances are no part of it:
/// those of requests that are done together are looked at in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Key(usize, u8),
    Payment(i64),
    CardToken(u8),
    Account(i64),
    Email(u8),
    Application(i64),
    Credential(u8),
    Payer(usize, usize, u8),
    Delivery(i64),
    Setting(i64, bool),
    Timer(usize, usize, i64, bool),
    Customer(usize, i64),
    CustomerEmail(usize, u8),
    Card(usize, i64),
    /// Any card number: which one a card has is known only when it is looked at.
    Numbers,
}

/// Subjects of a request; `None` when it writes to something twice, or moves a clock and everything with it.
fn subjects(request: &Request) -> Option<HashSet<Subject>> {
    let mut subjects: HashSet<Subject> =
        request.key.map(|(account, key)| Subject::Key(account, key)).into_iter().collect();
    for part in &request.parts {
        let written = match *part {
            Part::InsertPayment { id, .. } | Part::UpdatePayment { id, .. } => vec![Subject::Payment(id)],
            Part::InsertCardToken { number } | Part::UpdateCardToken { number, .. } => {
                vec![Subject::CardToken(number)]
            }
            Part::InsertAccount { id, email } => vec![Subject::Account(id), Subject::Email(email)],
            Part::InsertApplication { id } | Part::UpdateApplication { id, .. } => {
                vec![Subject::Application(id)]
            }
            Part::InsertCredential { number } => vec![Subject::Credential(number)],
            Part::InsertPayer { account, mode, email, .. } => vec![Subject::Payer(account, mode, email)],
            Part::SetSetting { application, kind, .. } => vec![Subject::Setting(application, kind)],
            Part::RecordAttempt { delivery: id, .. }
            | Part::Deliver { id, .. }
            | Part::Reschedule { delivery: id, .. }
            | Part::Move { delivery: id, .. }
            | Part::Forget { delivery: id } => {
                vec![Subject::Delivery(id)]
            }
            Part::SetTimer { account, mode, subject, kind, .. }
            | Part::ClearTimer { account, mode, subject, kind } => {
                subjects.insert(Subject::Timer(account, mode, subject, kind));
                vec![]
            }
            Part::Post { .. } => vec![],
            Part::InsertCustomer { account, user, email } => {
                vec![Subject::Customer(account, user), Subject::CustomerEmail(account, email)]
            }
            Part::UpdateCustomer { account, user, .. } => vec![Subject::Customer(account, user)],
            // Its e-mail is free for others from then on, and which one that is is known only when it is looked at.
            Part::DeleteCustomer { .. } => return None,
            Part::SaveCard { account, id, .. } | Part::DeleteCard { account, id } => {
                vec![Subject::Card(account, id), Subject::Numbers]
            }
            Part::Reseal { .. } => vec![Subject::Numbers],
            Part::SetClock { .. } => return None,
        };
        if !written.into_iter().all(|subject| subjects.insert(subject)) {
            return None;
        }
    }
    Some(subjects)
}

/// The requests cut into those that are submitted together.
fn submitted_together(requests: &[Request]) -> Vec<Range<usize>> {
    let mut cut = Vec::new();
    let (mut begin, mut seen) = (0, HashSet::new());
    for (number, request) in requests.iter().enumerate() {
        let mine = subjects(request);
        let fits = mine.as_ref().is_some_and(|mine| mine.is_disjoint(&seen));
        if !fits && begin < number {
            cut.push(begin..number);
            (begin, seen) = (number, HashSet::new());
        }
        match mine {
            Some(mine) => seen.extend(mine),
            None => {
                cut.push(begin..number + 1);
                begin = number + 1;
            }
        }
    }
    if begin < requests.len() {
        cut.push(begin..requests.len());
    }
    cut
}

fn assert_same<T: Debug + PartialEq>(what: &str, sqlite: T, postgres: T) {
    assert!(sqlite == postgres, "{what}\n  SQLite: {sqlite:?}\n  PostgreSQL: {postgres:?}");
}

/// The requests of a step, made from what is stored now.
async fn all_changes(store: &Store, step: usize, requests: &[Request]) -> Vec<Changes> {
    let mut all = Vec::with_capacity(requests.len());
    for request in requests {
        let mut changes = Changes {
            idempotency: request.key.map(|(account, key)| IdempotencyRecord {
                account_id: ACCOUNTS[account],
                key: [key; 16],
                request: [key ^ 1; 16],
                resource_id: i64::from(key),
                part_id: all.len() as i64,
                // Outcomes are kept equally long, so later ones expire later.
                expires: NOON.plus_ms((step * MOST_REQUESTS + all.len()) as i64),
            }),
            ..Changes::default()
        };
        for part in &request.parts {
            add(&mut changes, store, part).await;
        }
        all.push(changes);
    }
    all
}

async fn add(changes: &mut Changes, store: &Store, part: &Part) {
    let records = &mut changes.records;
    match *part {
        Part::InsertPayment { id, variant } => {
            records.push(RecordChange::InsertPayment(a_payment(id, variant)))
        }
        Part::UpdatePayment { id, variant, is_stale } => {
            let stored = store.payment_by_id(id).await.unwrap().map_or(1, |payment| payment.version);
            let version = stored - i64::from(is_stale);
            records.push(RecordChange::UpdatePayment(PaymentRecord { version, ..a_payment(id, variant) }));
        }
        Part::InsertCardToken { number } => records.push(RecordChange::InsertCardToken(a_token(number))),
        Part::UpdateCardToken { number, is_spent, is_stale } => {
            let token = a_token(number);
            let stored = store.card_token(token.account_id, &token.lookup).await.unwrap();
            let version = stored.map_or(1, |token| token.version) - i64::from(is_stale);
            let mut token = CardTokenRecord { version, body: b"{\"status\":\"used\"}".to_vec(), ..token };
            if is_spent {
                (token.sealed_number, token.sealed_security_code) = (None, None);
            }
            records.push(RecordChange::UpdateCardToken(token));
        }
        Part::InsertAccount { id, email } => records.push(RecordChange::InsertAccount(AccountRecord {
            id,
            site: Site::MLB,
            email: format!("{email}@example.com"),
            body: b"{}".to_vec(),
        })),
        Part::InsertApplication { id } => {
            records.push(RecordChange::InsertApplication(an_application(id, 0)))
        }
        Part::UpdateApplication { id, secret } => {
            records.push(RecordChange::UpdateApplication(an_application(id, secret)));
        }
        Part::InsertCredential { number } => records.push(RecordChange::InsertCredential(CredentialRecord {
            lookup: [number; 32],
            kind: CredentialKind::AccessToken,
            account_id: owner(i64::from(number)),
            application_id: i64::from(number),
            mode: MODES[usize::from(number % 2)],
            well_known: number % 3 == 0,
        })),
        Part::InsertPayer { account, mode, email, payer_id } => {
            records.push(RecordChange::InsertPayer(PayerRecord {
                account_id: ACCOUNTS[account],
                mode: MODES[mode],
                email: [email; 32],
                payer_id,
            }));
        }
        Part::SetClock { account, hours } => {
            records.push(RecordChange::SetClock { account_id: ACCOUNTS[account], offset_ms: hours * HOUR });
        }
        Part::RecordAttempt { delivery, number, state } => {
            records.push(RecordChange::RecordAttempt(an_attempt(delivery, number, state)));
        }
        Part::Post { account, mode, currency, kind, amount, at } => {
            let posting = a_posting(ACCOUNTS[account], CURRENCIES[currency], kind, amount, at);
            changes.postings.push((MODES[mode], posting));
        }
        Part::SetTimer { account, mode, subject, kind, due } => {
            changes.set_timers.push(a_timer(account, mode, subject, kind, due));
        }
        Part::ClearTimer { account, mode, subject, kind } => {
            changes.clear_timers.push(a_timer(account, mode, subject, kind, 0));
        }
        Part::Deliver { id, due } => changes.deliveries.push(DeliveryRecord {
            id,
            account_id: owner(id),
            application_id: 7,
            mode: MODES[(id % 2) as usize],
            channel: if id % 3 == 0 { Channel::Ipn } else { Channel::Webhook },
            url: "https://shop.example/hook".to_owned(),
            topic: "payment".to_owned(),
            action: "payment.created".to_owned(),
            resource_id: format!("0{}", id % 3),
            created: NOON,
            state: DeliveryState::Pending,
            attempts: 0,
            next_attempt: NOON.plus_ms(due * MINUTE),
            data: None,
            turns_ahead: 0,
        }),
        Part::SetSetting { .. } | Part::Reschedule { .. } | Part::Move { .. } | Part::Forget { .. } => {
            records.push(RecordChange::Notification(of_notification(store, part).await));
        }
        _ => records.extend(of_customer(store, part).await.map(RecordChange::Customer)),
    }
}

/// The change of a setting, or of what becomes of a delivery.
async fn of_notification(store: &Store, part: &Part) -> NotificationChange {
    match *part {
        Part::SetSetting { application, kind, is_stale } => {
            let kind = if kind { SettingKind::Addresses } else { SettingKind::Endpoint };
            let stored = store.notification_settings(application).await.unwrap();
            let version = stored.iter().find(|stored| stored.kind == kind).map_or(0, |stored| stored.version);
            let version = version - i64::from(is_stale && version > 0);
            NotificationChange::Set(NotificationSetting {
                application_id: application,
                mode: MODES[0],
                kind,
                name: "https://shop.example".to_owned(),
                version,
                changed: NOON.plus_ms(version),
                body: vec![application as u8, version as u8],
            })
        }
        Part::Reschedule { delivery, is_held, due } => NotificationChange::Reschedule {
            account_id: owner(delivery),
            delivery_id: delivery,
            state: if is_held { DeliveryState::Held } else { DeliveryState::Pending },
            next_attempt: NOON.plus_ms(due * MINUTE),
        },
        Part::Move { delivery, is_held, due, turns } => NotificationChange::Move {
            account_id: owner(delivery),
            delivery_id: delivery,
            from: if is_held { DeliveryState::Held } else { DeliveryState::Pending },
            to: if is_held { DeliveryState::Pending } else { DeliveryState::Held },
            next_attempt: NOON.plus_ms(due * MINUTE),
            turns_ahead: turns,
            seen: None,
        },
        Part::Forget { delivery } => {
            NotificationChange::Forget { account_id: owner(delivery), delivery_id: delivery }
        }
        _ => unreachable!("the caller asks for these alone"),
    }
}

/// The change of a customer or a card.
async fn of_customer(store: &Store, part: &Part) -> Option<CustomerChange> {
    let mode = MODES[0];
    Some(match *part {
        Part::InsertCustomer { account, user, email } => {
            CustomerChange::Insert(CustomerRecord { email: [email; 32], ..a_customer(account, user, email) })
        }
        Part::UpdateCustomer { account, user, name, is_stale } => {
            let stored = store.customer(ACCOUNTS[account], mode, user).await.unwrap();
            let version = stored.map_or(1, |stored| stored.version) - i64::from(is_stale);
            CustomerChange::Update(CustomerRecord { version, ..a_customer(account, user, name) })
        }
        Part::DeleteCustomer { account, user: user_id } => {
            let account_id = ACCOUNTS[account];
            let stored = store.customer(account_id, mode, user_id).await.unwrap();
            let version = stored.map_or(1, |stored| stored.version);
            CustomerChange::Delete { account_id, mode, user_id, version }
        }
        Part::SaveCard { account, id, user: user_id, number } => CustomerChange::SaveCard {
            card: SavedCardRecord {
                account_id: ACCOUNTS[account],
                mode,
                id,
                user_id,
                fingerprint: [number; 16],
            },
            sealed_number: vec![number, account as u8, id as u8],
        },
        Part::DeleteCard { account, id } => {
            let account_id = ACCOUNTS[account];
            let stored = store.saved_card(account_id, mode, id).await.unwrap();
            CustomerChange::DeleteCard(stored.unwrap_or(SavedCardRecord {
                account_id,
                mode,
                id,
                user_id: 1,
                fingerprint: [1; 16],
            }))
        }
        Part::Reseal { number, sealed } => CustomerChange::Reseal(SealedCardRecord {
            mode,
            fingerprint: [number; 16],
            sealed_number: vec![sealed; 5],
        }),
        _ => return None,
    })
}

fn a_customer(account: usize, user_id: i64, word: u8) -> CustomerRecord {
    let account_id = ACCOUNTS[account];
    CustomerRecord {
        account_id,
        mode: MODES[0],
        user_id,
        version: 1,
        email: [0; 32],
        created: NOON.plus_ms(user_id % 4),
        updated: NOON.plus_ms(i64::from(word) % 3),
        words: CustomerWords {
            first_name: (!word.is_multiple_of(3))
                .then(|| ["Ñandú", "ana", "Ze"][usize::from(word % 3)].to_owned()),
            identification_number: Some(format!("{}", word % 2)),
            ..CustomerWords::default()
        },
        body: format!(
            "{{\"user_id\":{user_id},\"merchant_id\":{account_id},\"live_mode\":false,\"word\":{word}}}"
        )
        .into_bytes(),
        internals: b"{}".to_vec(),
    }
}

/// Whose the thing with this id is.
fn owner(id: i64) -> i64 {
    ACCOUNTS[(id % 3) as usize]
}

fn a_payment(id: i64, variant: u8) -> PaymentRecord {
    let status = ["pending", "approved", "rejected"][usize::from(variant % 3)];
    let date = |bits: u8| NOON.plus_ms(i64::from(bits % 4));
    PaymentRecord {
        account_id: owner(id),
        mode: MODES[(id % 2) as usize],
        created: date(variant),
        updated: date(variant >> 1),
        approved: (!variant.is_multiple_of(5)).then(|| date(variant >> 2)),
        release: (variant % 7 < 3).then(|| date(variant >> 3)),
        status: status.to_owned(),
        payer_id: i64::from(variant % 4),
        external_reference: (!variant.is_multiple_of(6)).then(|| format!("order ñ {}", variant % 6)),
        store_id: variant.is_multiple_of(2).then(|| "tienda".to_owned()),
        traces: (0..i64::from(variant % 4)).map(|kind| kind << 60 | i64::from(variant % 8) << 20).collect(),
        body: format!("{{\"id\":{id},\"status\":\"{status}\",\"variant\":{variant}}}").into_bytes(),
        ..payment(id)
    }
}

fn a_token(number: u8) -> CardTokenRecord {
    let account_id = owner(i64::from(number));
    CardTokenRecord { account_id, mode: MODES[usize::from(number % 2)], ..card_token(number) }
}

fn an_application(id: i64, secret: u8) -> ApplicationRecord {
    ApplicationRecord {
        id,
        account_id: owner(id),
        sealed_webhook_secret: vec![secret; 3],
        body: b"{}".to_vec(),
    }
}

fn an_attempt(delivery_id: i64, number: u32, state: u8) -> DeliveryAttempt {
    let state =
        [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::Exhausted][usize::from(state)];
    DeliveryAttempt {
        account_id: owner(delivery_id),
        delivery_id,
        number,
        request_id: format!("request-{number}"),
        started: NOON,
        duration_ms: 12,
        response_status: number.is_multiple_of(2).then_some(500),
        failure: (number % 2 == 1).then(|| "no answer".to_owned()),
        state,
        next_attempt: (state == DeliveryState::Pending).then(|| NOON.plus_ms(i64::from(number) * HOUR)),
        exchange: (number > 0).then(|| vec![1, 2]),
    }
}

fn a_timer(account: usize, mode: usize, subject: i64, kind: bool, due: i64) -> Timer {
    Timer {
        account_id: ACCOUNTS[account],
        mode: MODES[mode],
        kind: if kind { TimerKind::Expiry } else { TimerKind::Release },
        subject,
        due: NOON.plus_ms(due * HOUR),
    }
}

/// Movements between the platform, the seller, an integrator and a buyer, some of which a balance may not cover.
fn a_posting(account_id: i64, currency: Currency, kind: u8, amount: i64, at: i64) -> Posting {
    let own = |kind| LedgerAccount::of(kind, account_id);
    let platform = LedgerAccount::platform;
    let integrator = LedgerAccount::of(AccountKind::MarketplacePending, ACCOUNTS[0]);
    let posting = Posting::build(account_id, currency, Cause::Payment, amount % IDENTITIES, NOON.plus_ms(at));
    let posting = match kind {
        0 | 1 => posting
            .debit(platform(AccountKind::AcquirerReceivable), 3 * amount)
            .credit(own(AccountKind::SellerPending), 2 * amount)
            .credit(platform(AccountKind::FeeIncome), amount),
        2 => posting
            .debit(own(AccountKind::SellerPending), amount)
            .credit(own(AccountKind::SellerAvailable), amount),
        3 => posting
            .debit(LedgerAccount::of(AccountKind::BuyerWallet, ACCOUNTS[2]), amount)
            .credit(own(AccountKind::SellerPending), amount)
            .credit(integrator, amount)
            .debit(platform(AccountKind::Suspense), amount),
        4 => posting
            .debit(own(AccountKind::SellerReceivable), amount)
            .credit(LedgerAccount::of(AccountKind::BuyerWallet, ACCOUNTS[2]), amount),
        _ => posting
            .debit(own(AccountKind::SellerAvailable), amount)
            .credit(own(AccountKind::SellerReceivable), amount),
    };
    posting.finish().unwrap()
}

/// Asks both stores everything.
async fn compare(sqlite: &Store, postgres: &Store, step: usize) {
    let (one, other) = tokio::join!(everything_of(sqlite), everything_of(postgres));
    assert_eq!(one.len(), other.len());
    for (one, other) in one.into_iter().zip(other) {
        assert_same(&format!("after step {step}"), one, other);
    }
}

/// All that can be read of a store, in words.
async fn everything_of(store: &Store) -> Vec<String> {
    let mut read = Vec::new();
    let all = (0..=IDENTITIES).map(|id| records_of(store, id));
    read.extend(join_all(all).await.into_iter().flatten());
    let all = ACCOUNTS.into_iter().flat_map(|account| MODES.map(|mode| state_of(store, account, mode)));
    read.extend(join_all(all).await.into_iter().flatten());
    read.extend(due_in(store).await);

    let mut tokens = Vec::new();
    let mut after = None;
    loop {
        let page = store.sealed_card_tokens(after, 2).await.unwrap();
        after = page.last().map(|token| token.lookup);
        tokens.extend(page);
        if after.is_none() {
            break;
        }
    }
    tokens.sort_by_key(|token| token.lookup);
    said(&mut read, "sealed tokens", &tokens);
    said(&mut read, "credentials", &store.credentials().await);
    said(&mut read, "numbers", &store.sealed_cards(None, 100).await);
    said(&mut read, "applications", &store.sealed_applications().await);
    said(&mut read, "clocks", &store.clocks().await);

    let mut proof = store.prove_ledger().await.unwrap();
    proof.faults.sort();
    said(&mut read, "ledger", &proof);
    let mut check = store.check_records().await.unwrap();
    check.faults.sort();
    said(&mut read, "records", &check);
    read
}

fn said(read: &mut Vec<String>, name: &str, answer: &impl Debug) {
    read.push(format!("{name}: {answer:?}"));
}

async fn records_of(store: &Store, id: i64) -> Vec<String> {
    let mut read = Vec::new();
    let number = id as u8;
    said(&mut read, "payment by id", &store.payment_by_id(id).await);
    for account_id in ACCOUNTS {
        said(&mut read, "payment", &store.payment(account_id, MODES[0], id).await);
        said(&mut read, "token", &store.card_token(account_id, &[number; 32]).await);
        said(&mut read, "outcome", &store.idempotency(account_id, &[number; 16]).await);
        said(&mut read, "payer", &store.payer(account_id, MODES[1], &[number; 32]).await);
        said(&mut read, "delivery", &store.delivery(account_id, id).await);
        said(&mut read, "attempts", &store.attempts(account_id, id).await);
        said(&mut read, "customer", &store.customer(account_id, MODES[0], id).await);
        said(&mut read, "customer", &store.customer_by_email(account_id, MODES[0], &[number; 32]).await);
        said(&mut read, "card", &store.saved_card(account_id, MODES[0], id).await);
        said(&mut read, "deliveries", &store.deliveries_of(account_id, MODES[0], &format!("0{id}")).await);
    }
    said(&mut read, "account", &store.account(id).await);
    said(
        &mut read,
        "account by e-mail",
        &store.account_by_email(Site::MLB, &format!("{id}@example.com")).await,
    );
    said(&mut read, "application", &store.application(id).await);
    read
}

async fn state_of(store: &Store, account_id: i64, mode: Mode) -> Vec<String> {
    let mut read = Vec::new();
    for resource in 0..IDENTITIES {
        said(&mut read, "postings", &store.postings_of(account_id, mode, resource).await);
    }
    said(&mut read, "applications", &store.applications_of(account_id).await);
    said(&mut read, "offset", &store.clock_offset(account_id).await);
    let until = NOON.plus_ms(15 * HOUR);
    said(&mut read, "timers", &store.next_timers(account_id, mode, until, 100).await);
    said(&mut read, "first timer", &store.next_timers(account_id, mode, until, 1).await);
    for currency in CURRENCIES {
        for kind in ACCOUNT_KINDS {
            for owner in [0, account_id] {
                let account = LedgerAccount { kind, owner };
                let balance = store.balance(mode, currency, account).await;
                said(&mut read, "balance", &(account, currency, balance));
            }
        }
    }
    for (sort, range, descending) in [
        (CustomerSort::Id, CustomerDate::Created, false),
        (CustomerSort::FirstName, CustomerDate::Updated, true),
        (CustomerSort::Date(CustomerDate::Updated), CustomerDate::Created, false),
    ] {
        let search = CustomerSearch { sort, range, descending, ..CustomerSearch::of(account_id, mode, 100) };
        said(&mut read, "customers", &store.search_customers(search.clone()).await);
        let words = CustomerWords { first_name: Some("ana".to_owned()), ..CustomerWords::default() };
        let search = CustomerSearch { words, begin: Some(NOON.plus_ms(1)), limit: 1, offset: 1, ..search };
        said(&mut read, "customers", &store.search_customers(search).await);
    }
    let history = DeliverySearch::of(account_id, mode, 2);
    for search in [
        DeliverySearch { state: Some(DeliveryState::Held), ..history.clone() },
        DeliverySearch { resource_id: Some("01".to_owned()), from: 2, ..history.clone() },
        history,
    ] {
        said(&mut read, "history", &store.search_deliveries(&search).await);
    }
    said(&mut read, "old", &store.old_deliveries(account_id, IDENTITIES, 100).await);
    let all = PaymentSearch::of(account_id, mode, 100);
    for (sort, range, descending) in [
        (SortField::Id, DateField::Created, false),
        (SortField::Date(DateField::Approved), DateField::Created, true),
        (SortField::Date(DateField::Release), DateField::Approved, false),
        (SortField::Date(DateField::Updated), DateField::Updated, true),
    ] {
        let search = PaymentSearch { sort, range, descending, ..all.clone() };
        said(&mut read, "search", &store.search_payments(search.clone()).await);
        let search =
            PaymentSearch { begin: Some(NOON), end: Some(NOON.plus_ms(2)), limit: 1, offset: 1, ..search };
        said(&mut read, "search", &store.search_payments(search).await);
    }
    let by_reference = PaymentSearch { external_reference: Some("order ñ 1".to_owned()), ..all.clone() };
    said(&mut read, "search", &store.search_payments(by_reference).await);
    for (traces, limit) in [(vec![0, 1 << 60 | 5 << 20], 100), (vec![2 << 60 | 7 << 20, 3 << 20, 3], 2)] {
        let question = PastQuestion { account_id, mode, traces, limit };
        said(&mut read, "past", &store.payments_by_traces(&question).await);
    }
    let by_status = PaymentSearch { status: Some("approved".to_owned()), payer_id: Some(1), ..all };
    said(&mut read, "search", &store.search_payments(by_status).await);
    read
}

async fn due_in(store: &Store) -> Vec<String> {
    let mut read = Vec::new();
    said(&mut read, "next wake", &store.next_wake().await);
    said(&mut read, "settings", &store.notification_settings_since(Timestamp(0)).await);
    said(&mut read, "next delivery", &store.next_delivery().await);
    for now in [NOON.plus_ms(-10 * HOUR), NOON.plus_ms(5 * HOUR), NOON.plus_ms(50 * HOUR)] {
        for limit in [1, 4, 100] {
            said(&mut read, "due timers", &store.due_timers(now, limit).await);
        }
        let mut after: Option<(Timestamp, i64)> = None;
        loop {
            let page = store.due_deliveries(now, 2, after).await.unwrap();
            said(&mut read, "due deliveries", &page);
            match page.last() {
                Some(DueDelivery { delivery: last, .. }) => after = Some((last.next_attempt, last.id)),
                None => break,
            }
        }
    }
    read
}
