//! A store on one of the engines, and records to put into it.

use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount, Posting};
use pasarela_domain::money::Currency;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    CardTokenRecord, Changes, DatabaseUrl, IdempotencyRecord, Location, OpenError, PaymentRecord,
    PaymentSearch, RecordChange, SortField, Store, StoreOptions, Timer, TimerKind,
};
use pasarela_store::{CommitError, DateField};
use pasarela_test_database::TestDatabase;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::AbortHandle;

/// The seller of most tests.
pub const SELLER: i64 = 1_234_567;
/// 2026-11-21T12:00:00Z.
pub const NOON: Timestamp = Timestamp(1_795_262_400_000);

/// Makes a test for each engine of each function, which takes the world that it begins with.
macro_rules! on_both_stores {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test($crate::world::World::on_sqlite().await).await;
                }
            )+
        }

        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test($crate::world::World::on_postgres().await).await;
                }
            )+
        }
    };
}

/// A store, and where it keeps its records.
pub struct World {
    pub store: Store,
    place: Arc<Place>,
    /// Goes on with the node's lease.
    renewing: AbortHandle,
}

/// Where the records are. Dropping it removes them.
enum Place {
    Directory(TempDir),
    Database(TestDatabase),
}

impl Place {
    fn location(&self) -> Location {
        match self {
            Place::Directory(directory) => Location::Directory(directory.path().to_owned()),
            Place::Database(database) => Location::Database(DatabaseUrl::parse(&database.url()).unwrap()),
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

impl World {
    /// A store in a directory of its own.
    pub async fn on_sqlite() -> World {
        World::in_place(Arc::new(Place::Directory(tempfile::tempdir().unwrap()))).await
    }

    /// A store in a PostgreSQL database of its own.
    pub async fn on_postgres() -> World {
        World::in_place(Arc::new(Place::Database(TestDatabase::create().await))).await
    }

    /// Another one on the same engine.
    pub async fn another(&self) -> World {
        match &*self.place {
            Place::Directory(_) => World::on_sqlite().await,
            Place::Database(_) => World::on_postgres().await,
        }
    }

    /// What was opened in `directory`.
    pub async fn of_directory(store: Store, directory: TempDir) -> World {
        World::holding(store, Arc::new(Place::Directory(directory))).await
    }

    async fn in_place(place: Arc<Place>) -> World {
        World::holding(opened(place.location()).await, place).await
    }

    /// Where the store is.
    pub fn location(&self) -> Location {
        self.place.location()
    }

    /// Closes the store, and leaves it to somebody else.
    pub async fn leave(&self) {
        self.renewing.abort();
        self.store.clone().close().await;
    }

    async fn holding(store: Store, place: Arc<Place>) -> World {
        store.renew_lease().await.unwrap();
        let renewed = store.clone();
        let renewing = tokio::spawn(async move {
            // Until the test ends. One that fails is tried again, as a server does.
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let _ = renewed.renew_lease().await;
            }
        });
        World { store, place, renewing: renewing.abort_handle() }
    }

    /// Where SQLite's files are.
    pub fn directory(&self) -> &Path {
        match &*self.place {
            Place::Directory(directory) => directory.path(),
            Place::Database(_) => panic!("a database has no directory"),
        }
    }

    /// The PostgreSQL database.
    pub fn database(&self) -> &TestDatabase {
        match &*self.place {
            Place::Directory(_) => panic!("a directory is no database"),
            Place::Database(database) => database,
        }
    }

    /// Another node on the same database.
    pub async fn beside(&self) -> World {
        World::in_place(self.place.clone()).await
    }

    /// Closes the store and opens it again.
    pub async fn reopened(self) -> World {
        self.changed_behind("").await
    }

    /// Closes the store, has `sql` done by somebody else, and opens it again.
    pub async fn changed_behind(self, sql: &str) -> World {
        self.renewing.abort();
        self.store.clone().close().await;
        match &*self.place {
            Place::Directory(directory) => {
                let database = rusqlite::Connection::open(directory.path().join("pasarela.db")).unwrap();
                database.execute_batch(sql).unwrap();
            }
            Place::Database(database) => {
                pasarela_test_database::connect(&database.url()).await.batch_execute(sql).await.unwrap();
            }
        }
        World::in_place(self.place.clone()).await
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
    opened(Location::Directory(directory.to_owned())).await
}

/// Opens it once nobody holds it: a program that another test starts has the locks of all of this process for a moment.
async fn opened(location: Location) -> Store {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        match Store::open(StoreOptions::new(location.clone())).await {
            Err(OpenError::InUse { .. }) if Instant::now() < until => tokio::task::yield_now().await,
            opened => return opened.unwrap(),
        }
    }
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
        traces: Vec::new(),
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
