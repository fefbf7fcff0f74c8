//! What is written comes back, and what is damaged is found out.

use super::*;
use crate::*;
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount};
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;

fn everything() -> Changes {
    let at = Timestamp(1_795_262_400_000);
    let payment = PaymentRecord {
        id: 1 << 52,
        account_id: -7,
        mode: Mode::Live,
        version: 3,
        created: at,
        updated: Timestamp(-1),
        approved: Some(at),
        release: None,
        status: "approved".to_owned(),
        status_detail: String::new(),
        payment_method_id: "pix".to_owned(),
        payment_type_id: "bank_transfer".to_owned(),
        operation_type: "regular_payment".to_owned(),
        payer_id: 77,
        external_reference: Some("pedido ñ 1".to_owned()),
        store_id: None,
        pos_id: Some("caixa".to_owned()),
        traces: vec![i64::MIN, 7],
        body: Vec::new(),
        internals: Vec::new(),
    };
    let token = CardTokenRecord {
        lookup: [3; 32],
        account_id: 7,
        mode: Mode::Test,
        version: 1,
        body: Vec::new(),
        sealed_number: Some(vec![1; 300]),
        sealed_security_code: None,
        purge_at: at,
    };
    let customer = CustomerRecord {
        account_id: 7,
        mode: Mode::Live,
        user_id: 8,
        version: 2,
        email: [5; 32],
        created: at,
        updated: at,
        words: CustomerWords { last_name: Some("núñez".to_owned()), ..CustomerWords::default() },
        body: Vec::new(),
        internals: Vec::new(),
    };
    let order = CheckoutRecord {
        account_id: 7,
        mode: Mode::Test,
        kind: CheckoutKind::MerchantOrder,
        id: "36127019344".to_owned(),
        version: 2,
        created: at,
        updated: at,
        words: CheckoutWords { payer_email: Some([8; 32]), ..CheckoutWords::default() },
        body: Vec::new(),
        internals: Vec::new(),
    };
    let login =
        LoginRecord { account_id: 8, version: 3, nickname: [1; 32], email: [2; 32], body: b"{}".to_vec() };
    let session = SessionRecord {
        account_id: 8,
        lookup: [3; 32],
        started: at,
        seen: at,
        expires: at,
        body: b"{}".to_vec(),
    };
    let card = SavedCardRecord { account_id: 7, mode: Mode::Live, id: 9, user_id: 8, fingerprint: [4; 16] };
    let application =
        ApplicationRecord { id: 9, account_id: 7, sealed_webhook_secret: vec![4, 5], body: b"{}".to_vec() };
    let attempt = DeliveryAttempt {
        account_id: 7,
        delivery_id: 8,
        number: 2,
        request_id: "request".to_owned(),
        started: at,
        duration_ms: 12,
        response_status: Some(503),
        failure: Some("the receiver answered 503".to_owned()),
        state: DeliveryState::Pending,
        next_attempt: Some(at),
        exchange: None,
    };
    let posting = Posting::build(7, Currency::BRL, Cause::Refund, 1 << 52, at)
        .debit(LedgerAccount::of(AccountKind::SellerPending, 7), 99)
        .credit(LedgerAccount::platform(AccountKind::RefundClearing), 99)
        .finish()
        .unwrap();
    let timer = |kind| Timer { account_id: 7, mode: Mode::Test, kind, subject: 5, due: at };
    let delivery = DeliveryRecord {
        id: 8,
        account_id: 7,
        application_id: 9,
        mode: Mode::Test,
        channel: Channel::Ipn,
        url: "https://shop.example/hook".to_owned(),
        topic: "payment".to_owned(),
        action: "payment.created".to_owned(),
        resource_id: "42".to_owned(),
        created: at,
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt: at,
        data: None,
        turns_ahead: 0,
    };
    Changes {
        idempotency: Some(IdempotencyRecord {
            account_id: 7,
            key: [1; 16],
            request: [2; 16],
            resource_id: 5,
            part_id: 0,
            expires: at,
        }),
        records: vec![
            RecordChange::InsertPayment(payment.clone()),
            RecordChange::UpdatePayment(payment),
            RecordChange::InsertCardToken(token.clone()),
            RecordChange::UpdateCardToken(token),
            RecordChange::InsertAccount(AccountRecord {
                id: 7,
                site: Site::MLB,
                email: "a@testuser.com".to_owned(),
                body: b"{}".to_vec(),
            }),
            RecordChange::InsertApplication(application.clone()),
            RecordChange::UpdateApplication(application),
            RecordChange::InsertCredential(CredentialRecord {
                lookup: [9; 32],
                kind: CredentialKind::AccessToken,
                account_id: 7,
                application_id: 9,
                mode: Mode::Test,
                well_known: true,
            }),
            RecordChange::InsertPayer(PayerRecord {
                account_id: 7,
                mode: Mode::Live,
                email: [6; 32],
                payer_id: 8,
            }),
            RecordChange::SetClock { account_id: 7, offset_ms: -5 },
            RecordChange::InsertCatalogue(CatalogueRecord {
                version: 3,
                applied: Timestamp(5),
                author: "ana".to_owned(),
                comment: String::new(),
                document: vec![123, 125],
            }),
            RecordChange::RecordAttempt(DeliveryAttempt { exchange: Some(vec![7; 200]), ..attempt.clone() }),
            RecordChange::RecordAttempt(attempt),
            RecordChange::Checkout(CheckoutChange::Insert(order.clone())),
            RecordChange::Checkout(CheckoutChange::Update(order)),
            RecordChange::Login(LoginChange::Insert(login.clone())),
            RecordChange::Login(LoginChange::Update(login)),
            RecordChange::Login(LoginChange::Start { session: session.clone(), login_version: 3 }),
            RecordChange::Login(LoginChange::Renew(session)),
            RecordChange::Login(LoginChange::End { account_id: 8, lookup: [3; 32] }),
            RecordChange::Login(LoginChange::EndAll { account_id: 8 }),
            RecordChange::Notification(NotificationChange::Set(NotificationSetting {
                application_id: 9,
                mode: Mode::Live,
                kind: SettingKind::Endpoint,
                name: "https://shop.example/hook".to_owned(),
                version: 3,
                changed: at,
                body: b"{}".to_vec(),
            })),
            RecordChange::Notification(NotificationChange::Reschedule {
                account_id: 7,
                delivery_id: 8,
                state: DeliveryState::Held,
                next_attempt: at,
            }),
            RecordChange::Notification(NotificationChange::Move {
                account_id: 7,
                delivery_id: 8,
                from: DeliveryState::Held,
                to: DeliveryState::Pending,
                next_attempt: at,
                turns_ahead: -3,
                seen: None,
            }),
            RecordChange::Notification(NotificationChange::Move {
                account_id: 7,
                delivery_id: 8,
                from: DeliveryState::Held,
                to: DeliveryState::Pending,
                next_attempt: at,
                turns_ahead: 4,
                seen: Some((at, -3)),
            }),
            RecordChange::Notification(NotificationChange::Forget { account_id: 7, delivery_id: 8 }),
            RecordChange::AccountEntry(EntryChange::Set(AccountEntry {
                account_id: 7,
                kind: EntryKind::PixKey,
                name: "ana@example.com".to_owned(),
                version: 0,
                changed: at,
                body: b"{}".to_vec(),
            })),
            RecordChange::AccountEntry(EntryChange::Delete {
                account_id: 7,
                kind: EntryKind::Grant,
                name: "ab".to_owned(),
                version: 2,
            }),
            RecordChange::Customer(CustomerChange::Insert(customer.clone())),
            RecordChange::Customer(CustomerChange::Update(customer)),
            RecordChange::Customer(CustomerChange::Delete {
                account_id: 7,
                mode: Mode::Live,
                user_id: 8,
                version: 2,
            }),
            RecordChange::Customer(CustomerChange::SaveCard {
                card: card.clone(),
                sealed_number: vec![1; 60],
            }),
            RecordChange::Customer(CustomerChange::DeleteCard(card)),
            RecordChange::Customer(CustomerChange::Reseal(SealedCardRecord {
                mode: Mode::Live,
                fingerprint: [4; 16],
                sealed_number: vec![2; 61],
            })),
        ],
        postings: vec![(Mode::Test, posting)],
        set_timers: vec![timer(TimerKind::Release)],
        clear_timers: vec![timer(TimerKind::Expiry)],
        deliveries: vec![
            DeliveryRecord { data: Some("{}".to_owned()), state: DeliveryState::Held, ..delivery.clone() },
            delivery,
        ],
    }
}

#[test]
fn every_kind_of_task_comes_back_and_a_shorter_record_is_refused() {
    let tasks = [
        Task::Commit(Box::new(Prepared::from_parts(
            everything(),
            vec![vec![1, 2, 3], Vec::new(), vec![0; 700]],
        ))),
        Task::Commit(Box::new(Prepared::from_parts(Changes::default(), Vec::new()))),
        Task::PurgeSecrets { now: Timestamp(5), limit: 1_000 },
        Task::PurgeIdempotency { now: Timestamp(-6), limit: u32::MAX },
    ];
    let mut bytes = Vec::new();
    put_tasks(tasks.iter(), &mut bytes);
    let taken = take_tasks(&bytes).unwrap();
    let mut again = Vec::new();
    put_tasks(taken.iter(), &mut again);
    assert_eq!(again, bytes);
    let [Task::Commit(before), ..] = &tasks else { panic!("the first is a commit") };
    let [Task::Commit(after), _, Task::PurgeSecrets { limit: 1_000, .. }, Task::PurgeIdempotency { .. }] =
        taken.as_slice()
    else {
        panic!("other tasks came back")
    };
    assert_eq!(format!("{before:?}"), format!("{after:?}"));

    let first = {
        let mut bytes = Vec::new();
        put_tasks(tasks[..1].iter(), &mut bytes);
        bytes
    };
    for at in 2..first.len() {
        assert!(take_tasks(&first[..at]).is_none(), "{at}");
    }
    assert!(take_tasks(&[FORMAT + 1]).is_none(), "a later version's");
}

#[test]
fn a_payment_that_was_recorded_before_payments_left_traces_is_read() {
    let RecordChange::InsertPayment(payment) = everything().records.swap_remove(0) else {
        panic!("the first is a payment")
    };
    for (tag, is_new) in [(1, true), (2, false)] {
        let mut bytes = vec![tag];
        payment.put(&mut bytes);
        let (taken, mut rest) = (RecordChange::take(&mut bytes.as_slice()), bytes.as_slice());
        let is_insert = matches!(&taken, Some(RecordChange::InsertPayment(_)));
        let Some(RecordChange::InsertPayment(read) | RecordChange::UpdatePayment(read)) = taken else {
            panic!("a payment")
        };
        assert_eq!((is_insert, &read), (is_new, &PaymentRecord { traces: Vec::new(), ..payment.clone() }));
        // What comes after the traces is not eaten by a number that is too large.
        rest = &rest[1..];
        let mut cut = rest.to_vec();
        push_unsigned(&mut cut, u64::MAX);
        assert!(take_payment(&mut cut.as_slice()).is_none());
    }
}
