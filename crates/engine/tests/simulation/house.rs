//! An engine in a directory, with its workers, that can be shut down, looked into and opened again.

use pasarela_domain::identity::{AccountId, Caller, Mode};
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount, Posting};
use pasarela_domain::money::Currency;
use pasarela_domain::timestamp::Timestamp;
use pasarela_engine::seeds::{self, SeedSeller};
use pasarela_engine::{Engine, EngineOptions};
use pasarela_store::{Changes, Location, Store, StoreOptions};
use std::path::Path;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) struct House {
    directory: TempDir,
    open: Option<Open>,
}

struct Open {
    engine: Engine,
    stop: watch::Sender<bool>,
    workers: JoinHandle<()>,
}

impl House {
    pub(crate) async fn new() -> House {
        let mut house = House { directory: tempfile::tempdir().unwrap(), open: None };
        house.open().await;
        house
    }

    pub(crate) fn engine(&self) -> Engine {
        self.open.as_ref().unwrap().engine.clone()
    }

    pub(crate) async fn caller(&self, seller: &SeedSeller) -> Caller {
        self.engine().authenticate(&seller.test.access_token).await.unwrap().unwrap()
    }

    async fn open(&mut self) {
        let engine = Engine::open(EngineOptions {
            directory: Some(self.directory.path().to_owned()),
            development: true,
            public_url: "http://127.0.0.1:8080".to_owned(),
            ..EngineOptions::default()
        })
        .await
        .unwrap();
        let (stop, stopped) = watch::channel(false);
        let worker = engine.clone();
        let workers = tokio::spawn(async move { worker.run_workers(Vec::new(), stopped).await });
        self.open = Some(Open { engine, stop, workers });
    }

    /// Shuts the engine down.
    pub(crate) async fn close(&mut self) {
        let Open { engine, stop, workers } = self.open.take().unwrap();
        stop.send_replace(true);
        workers.await.unwrap();
        engine.close().await;
    }

    /// Shuts the engine down, lets `meanwhile` at its data, and opens it again.
    pub(crate) async fn restart(&mut self, meanwhile: impl AsyncFnOnce(&Store)) {
        self.close().await;
        let store =
            Store::open(StoreOptions::new(Location::Directory(self.path().to_owned()))).await.unwrap();
        meanwhile(&store).await;
        store.close().await;
        self.open().await;
    }

    /// What is kept, as it is while the engine uses it.
    pub(crate) async fn look(&self) -> Store {
        Store::open(StoreOptions::read_only(self.path().to_owned())).await.unwrap()
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// The credit balance of an account in test mode.
pub(crate) async fn credit(store: &Store, currency: Currency, kind: AccountKind, owner: AccountId) -> i64 {
    -store.balance(Mode::Test, currency, LedgerAccount::of(kind, owner)).await.unwrap()
}

/// The seller takes all available money to a bank, as a payout will. Says how much it was.
pub(crate) async fn withdraw(store: &Store, seller: &SeedSeller) -> i64 {
    let (owner, currency) = (seller.account.id, seller.account.site.currency());
    let minor = credit(store, currency, AccountKind::SellerAvailable, owner).await;
    let payout = Posting::build(owner, currency, Cause::Release, owner, Timestamp(1_800_000_000_000))
        .debit(LedgerAccount::of(AccountKind::SellerAvailable, owner), minor)
        .credit(LedgerAccount::platform(AccountKind::PayoutInTransit), minor)
        .finish();
    if let Some(posting) = payout {
        store.commit(Changes { postings: vec![(Mode::Test, posting)], ..Changes::default() }).await.unwrap();
    }
    minor
}

pub(crate) fn seller_of(site: pasarela_domain::site::Site) -> &'static SeedSeller {
    seeds::sellers().iter().find(|seller| seller.account.site == site).unwrap()
}
