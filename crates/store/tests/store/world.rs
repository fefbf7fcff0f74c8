//! A store in a directory of its own, and records to put into it.

use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount, Posting};
use pasarela_domain::money::Currency;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    CardTokenRecord, Changes, IdempotencyRecord, Location, PaymentRecord, PaymentSearch, RecordChange,
    SortField, Store, StoreOptions, Timer, TimerKind,
};
use pasarela_store::{CommitError, DateField};
use std::path::Path;
use tempfile::TempDir;

/// The seller of most tests.
pub const SELLER: i64 = 1_234_567;
/// 2026-11-21T12:00:00Z.
pub const NOON: Timestamp = Timestamp(1_795_262_400_000);

/// A directory and the store in it.
pub struct World {
    pub directory: TempDir,
    pub store: Store,
}

impl World {
    pub async fn new() -> World {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path()).await;
        World { directory, store }
    }

    /// Closes the store and opens it again.
    pub async fn reopened(self) -> World {
        self.store.close().await;
        let store = open(self.directory.path()).await;
        World { store, directory: self.directory }
    }

    pub async fn commit(&self, records: Vec<RecordChange>) -> Result<(), CommitError> {
        self.store.commit(Changes { records, ..Changes::default() }).await
    }

    pub async fn insert(&self, payment: &PaymentRecord) {
        self.commit(vec![RecordChange::InsertPayment(payment.clone())]).await.unwrap();
    }

    pub async fn stored(&self, id: i64) -> Option<PaymentRecord> {
        self.store.payment(SELLER, Mode::Test, id).await.unwrap()
    }

    /// Asserts that both proofs find nothing wrong.
    pub async fn assert_sound(&self) {
        let proof = self.store.prove_ledger().await.unwrap();
        assert_eq!(proof.faults, Vec::<String>::new());
        let check = self.store.check_records().await.unwrap();
        assert_eq!(check.faults, Vec::<String>::new());
    }
}

pub async fn open(directory: &Path) -> Store {
    Store::open(StoreOptions::new(Location::Directory(directory.to_owned()))).await.unwrap()
}

pub fn payment(id: i64) -> PaymentRecord {
    PaymentRecord {
        id,
        account_id: SELLER,
        mode: Mode::Test,
        version: 1,
        created: NOON.plus_ms(id),
        updated: NOON.plus_ms(id),
        approved: None,
        release: None,
        status: "pending".to_owned(),
        status_detail: "pending_waiting_transfer".to_owned(),
        payment_method_id: "pix".to_owned(),
        payment_type_id: "bank_transfer".to_owned(),
        operation_type: "regular_payment".to_owned(),
        payer_id: 77,
        external_reference: Some(format!("order-{id}")),
        store_id: None,
        pos_id: None,
        body: body(id, "pending"),
        internals: b"{\"rail\":\"simulator\"}".to_vec(),
    }
}

pub fn body(id: i64, status: &str) -> Vec<u8> {
    format!("{{\"id\":{id},\"status\":\"{status}\",\"collector_id\":{SELLER},\"description\":\"Un libro de cuentos\"}}")
        .into_bytes()
}

/// The payment as approved, to be stored over what was read.
pub fn approved(mut payment: PaymentRecord) -> PaymentRecord {
    payment.status = "approved".to_owned();
    payment.status_detail = "accredited".to_owned();
    payment.approved = Some(payment.created.plus_ms(5_000));
    payment.updated = payment.created.plus_ms(5_000);
    payment.body = body(payment.id, "approved");
    payment
}

pub fn card_token(number: u8) -> CardTokenRecord {
    CardTokenRecord {
        lookup: [number; 32],
        account_id: SELLER,
        mode: Mode::Test,
        version: 1,
        body: b"{\"status\":\"active\"}".to_vec(),
        sealed_number: Some(vec![number; 60]),
        sealed_security_code: Some(vec![number ^ 0xff; 40]),
        purge_at: NOON.plus_ms(i64::from(number)),
    }
}

pub fn outcome(key: u8, resource_id: i64) -> IdempotencyRecord {
    IdempotencyRecord {
        account_id: SELLER,
        key: [key; 16],
        request: [9; 16],
        resource_id,
        part_id: 0,
        expires: NOON.plus_ms(i64::from(key)),
    }
}

pub fn release(subject: i64, due: Timestamp) -> Timer {
    Timer { account_id: SELLER, mode: Mode::Test, kind: TimerKind::Release, subject, due }
}

/// A sale: the acquirer owes it, the seller will have it but for the fee.
pub fn sale(resource_id: i64, amount_minor: i64, fee_minor: i64) -> Posting {
    Posting::build(SELLER, Currency::BRL, Cause::Payment, resource_id, NOON)
        .debit(LedgerAccount::platform(AccountKind::AcquirerReceivable), amount_minor)
        .credit(LedgerAccount::of(AccountKind::SellerPending, SELLER), amount_minor - fee_minor)
        .credit(LedgerAccount::platform(AccountKind::FeeIncome), fee_minor)
        .finish()
        .unwrap()
}

/// The seller's pending money becomes available.
pub fn released(resource_id: i64, amount_minor: i64) -> Posting {
    Posting::build(SELLER, Currency::BRL, Cause::Release, resource_id, NOON.plus_ms(1))
        .debit(LedgerAccount::of(AccountKind::SellerPending, SELLER), amount_minor)
        .credit(LedgerAccount::of(AccountKind::SellerAvailable, SELLER), amount_minor)
        .finish()
        .unwrap()
}

/// A search of all of the seller's payments by creation.
pub fn everything() -> PaymentSearch {
    PaymentSearch {
        account_id: SELLER,
        mode: Mode::Test,
        id: None,
        external_reference: None,
        status: None,
        status_detail: None,
        payment_method_id: None,
        payment_type_id: None,
        operation_type: None,
        payer_id: None,
        store_id: None,
        pos_id: None,
        range: DateField::Created,
        begin: None,
        end: None,
        sort: SortField::Date(DateField::Created),
        descending: false,
        limit: 30,
        offset: 0,
    }
}
