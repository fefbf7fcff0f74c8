//! What happens: load what a decision needs, let the domain decide, commit the changes whole.
//!
//! This is the only caller of the store, the vault and the rails. It holds no rule of its own: what may happen to a
//! payment is said in `pasarela-domain`, and what is shown of it is said by the server. Start reading at
//! `payments.rs`: `create` is the pattern that everything else follows.

pub mod access;
mod account_entries;
pub mod accounts;
pub mod activation;
mod answer_cache;
pub mod applications;
pub mod audit;
pub mod branding;
pub mod browser;
pub mod buyer_past;
pub mod card_tokens;
pub mod catalogue;
pub mod checkout;
pub mod clock;
pub mod copying;
pub mod credentials;
pub mod customers;
pub mod email_proof;
pub mod enrolment;
mod expiry;
pub mod exposed_inputs;
pub mod failure;
mod fresh_tokens;
mod housekeeping;
pub mod identifiers;
mod inbox;
pub mod invitations;
pub mod item_pictures;
pub mod logins;
pub mod mail;
mod membership;
pub mod merchant_orders;
pub mod migration;
pub mod nature;
pub mod notifications;
pub mod oauth;
mod outbox;
pub mod payments;
pub mod people;
pub mod pictures;
pub mod pix_keys;
mod pix_upgrade;
pub mod policies;
pub mod preferences;
pub mod privacy;
pub mod quality;
pub mod sandbox;
pub mod sandbox_wallets;
pub mod seeds;
pub mod sessions;
pub mod shares;
pub mod test_users;
pub mod timers;
pub mod upkeep;
pub mod vault_rotation;
pub mod wallet;

pub use failure::Failure;
pub use nature::Nature;
pub use pasarela_store::DatabaseUrl;
pub use pasarela_vault::{KeySource, Vault};

use access::Access;
use accounts::Accounts;
use catalogue::CurrentCatalogue;
use clock::Clock;
use copying::Place;
use exposed_inputs::ExposedInputs;
use fresh_tokens::FreshTokens;
use identifiers::IdSource;
use item_pictures::ItemPictures;
use logins::attempts::Attempts;
use logins::passwords::Passwords;
use notifications::address_guard::Reach;
use notifications::attempts::{Courier, Surroundings};
use notifications::sender::Sender;
use notifications::settings::KnownSettings;
use notifications::streams::Streams;
use notifications::{Wake, Worker};
use pasarela_domain::identity::{AccountId, Mode};
use pasarela_domain::quality::gate::GateSetting;
use pasarela_domain::timestamp::Timestamp;
use pasarela_rails::simulator::Simulator;
use pasarela_store::{Changes, CommitError, Location, Store, StoreCounters, StoreOptions};
use quality::browser::Browser;
use quality::counting::Counting;
use quality::probes::Prober;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// How an engine is opened.
pub struct EngineOptions {
    /// Where everything is kept; `None` keeps nothing. With a `database`, only the vault's keys are kept here.
    pub directory: Option<PathBuf>,
    /// The PostgreSQL database that holds the records instead; other nodes may use it too, with the same vault.
    pub database: Option<DatabaseUrl>,
    /// Where the vault's keys are, if not in `directory`.
    pub vault_directory: Option<PathBuf>,
    /// Where messages to people are put, if not beside the records; on a database, nowhere without it.
    pub outbox: Option<PathBuf>,
    /// What opens the vault.
    pub vault_key: KeySource,
    /// Seeds the well-known accounts, honours their credentials, and lets notifications reach private addresses.
    pub development: bool,
    /// Where clients find the hosted pages, without a slash at the end.
    pub public_url: String,
    /// Where the test accounts' clocks start.
    pub test_clock: Option<Timestamp>,
}

impl Default for EngineOptions {
    /// An engine that keeps nothing and knows nobody.
    fn default() -> EngineOptions {
        EngineOptions {
            directory: None,
            database: None,
            vault_directory: None,
            outbox: None,
            vault_key: KeySource::File,
            development: false,
            public_url: String::new(),
            test_clock: None,
        }
    }
}

impl EngineOptions {
    /// An engine on the records at `place`.
    pub fn at(place: &Place) -> EngineOptions {
        let (directory, database) = match place {
            Place::Directory(directory) => (Some(directory.clone()), None),
            Place::Database(database) => (None, Some(database.clone())),
        };
        EngineOptions { directory, database, ..EngineOptions::default() }
    }
}

/// What an engine is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Store,
    /// What seals the secrets in it.
    pub vault: Arc<Vault>,
    /// As in [`EngineOptions`].
    pub outbox: Option<PathBuf>,
    /// Time and chance.
    pub nature: Nature,
    /// As in [`EngineOptions`].
    pub development: bool,
    /// As in [`EngineOptions`].
    pub public_url: String,
    /// As in [`EngineOptions`].
    pub test_clock: Option<Timestamp>,
}

/// Why an engine can't be opened. The text ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store.
    #[error(transparent)]
    Store(#[from] pasarela_store::OpenError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] pasarela_vault::VaultError),
    /// Something else.
    #[error("{0}")]
    Other(String),
}

/// The engine: cheap to clone, shared by every request.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) vault: Arc<Vault>,
    pub(crate) simulator: Simulator,
    pub(crate) clock: Clock,
    pub(crate) ids: IdSource,
    pub(crate) access: Access,
    pub(crate) sign_ups: people::SignUps,
    pub(crate) outbox: outbox::Outbox,
    /// How many acts went into logs here.
    acts: AtomicU32,
    /// Where messages are handed over, if anywhere.
    pub(crate) mail: OnceLock<mail::MailSettings>,
    pub(crate) accounts: Accounts,
    pub(crate) settings: KnownSettings,
    pub(crate) catalogue: CurrentCatalogue,
    pub(crate) fresh_tokens: FreshTokens,
    pub(crate) attempts: Attempts,
    /// How often a forgotten password was said to be forgotten.
    pub(crate) recoveries: Attempts,
    pub(crate) passwords: Passwords,
    pub(crate) exposed_inputs: ExposedInputs,
    pub(crate) item_pictures: ItemPictures,
    pub(crate) counting: Counting,
    /// Who may check its addresses, or measure, now.
    pub(crate) turns: quality::turns::Turns,
    /// Whose test clocks were moved.
    pub(crate) moved_clocks: quality::monthly::MovedClocks,
    /// Opens sellers' pages, if there is one.
    browser: OnceLock<Arc<Browser>>,
    /// Looks at sellers' addresses, once the workers run.
    pub(crate) prober: OnceLock<Prober>,
    /// Which checks of the gate block.
    pub(crate) gate: OnceLock<GateSetting>,
    pub(crate) public_url: String,
    pub(crate) development: bool,
    pub(crate) timer_wake: Notify,
    pub(crate) delivery_wake: Arc<Wake>,
    /// Wakes the streams that programs listen to.
    pub(crate) listeners_wake: Notify,
    pub(crate) streams: Arc<Streams>,
    /// Whether the server stops: streams end then.
    is_stopping: AtomicBool,
    /// Takes notifications to their receivers, once the workers run.
    pub(crate) courier: OnceLock<Arc<dyn Courier>>,
    pub(crate) clock_moves: tokio::sync::Mutex<()>,
}

impl Engine {
    /// Opens the store and the vault, and seeds a new development store.
    ///
    /// # Errors
    /// What the store or the vault says.
    pub async fn open(options: EngineOptions) -> Result<Engine, EngineError> {
        let location = match (&options.database, &options.directory) {
            (Some(database), _) => Location::Database(database.clone()),
            (None, Some(directory)) => Location::Directory(directory.clone()),
            (None, None) => Location::Ephemeral,
        };
        let store = Store::open(StoreOptions::new(location)).await?;
        if store.is_unfinished().await.map_err(|error| EngineError::Other(error.to_string()))? {
            return Err(EngineError::Other(
                "these data are a copy that has not come to its end: run the same `pasarela copy` again, it goes on from \
                 where it was stopped"
                    .to_owned(),
            ));
        }
        let beside_the_records = || options.directory.as_ref().map(|directory| directory.join("vault"));
        let vault = match options.vault_directory.clone().or_else(beside_the_records) {
            Some(directory) => Vault::open(&directory, options.vault_key)?,
            None => Vault::ephemeral(),
        };
        let beside_the_vault = options.directory.as_deref().map(outbox::beside);
        let parts = Parts {
            store,
            vault: Arc::new(vault),
            outbox: options.outbox.or(beside_the_vault),
            nature: Nature::default(),
            development: options.development,
            public_url: options.public_url,
            test_clock: options.test_clock,
        };
        Engine::assemble(parts).await
    }

    /// An engine of these parts; seeds a new development store.
    ///
    /// # Errors
    /// What the store says.
    pub async fn assemble(parts: Parts) -> Result<Engine, EngineError> {
        let Parts { store, vault, outbox, nature, development, public_url, test_clock } = parts;
        let lease = store.renew_lease().await.map_err(|error| EngineError::Other(error.to_string()))?;
        let clock = Clock::open(&store, nature.wall.clone()).await?;
        let current = CurrentCatalogue::open(&store).await?;
        let engine = Engine {
            inner: Arc::new(Inner {
                access: Access::new(development),
                sign_ups: people::SignUps::default(),
                outbox: outbox::Outbox::new(outbox.or_else(|| store.directory().map(outbox::beside))),
                acts: AtomicU32::new(0),
                mail: OnceLock::new(),
                accounts: Accounts::default(),
                settings: KnownSettings::default(),
                catalogue: current,
                fresh_tokens: FreshTokens::default(),
                attempts: Attempts::default(),
                recoveries: Attempts::default(),
                passwords: Passwords::default(),
                exposed_inputs: ExposedInputs::default(),
                item_pictures: ItemPictures::default(),
                counting: Counting::default(),
                turns: quality::turns::Turns::default(),
                moved_clocks: quality::monthly::MovedClocks::default(),
                browser: OnceLock::new(),
                prober: OnceLock::new(),
                gate: OnceLock::new(),
                store,
                vault,
                simulator: Simulator,
                clock,
                ids: IdSource::new(&lease, nature),
                public_url,
                development,
                timer_wake: Notify::new(),
                delivery_wake: Arc::new(Wake::default()),
                listeners_wake: Notify::new(),
                streams: Arc::default(),
                is_stopping: AtomicBool::new(false),
                courier: OnceLock::new(),
                clock_moves: tokio::sync::Mutex::new(()),
            }),
        };
        let newest = engine.inner.store.newest_id().await;
        engine.inner.ids.go_on_after(newest.map_err(|error| EngineError::Other(error.to_string()))?);
        engine.check_vault().await?;
        if development {
            engine.seed().await?;
        }
        if let Err(error) = engine.give_pix_keys().await {
            tracing::warn!(%error, "sellers of the time before Pix keys were not given one; the next start tries again");
        }
        if let Some(start) = test_clock {
            engine.start_test_clocks(start).await?;
        }
        Ok(engine)
    }

    /// Runs timers, deliveries, housekeeping and measurements until `shutdown` turns true (or its sender is gone); then lets what is
    /// in flight end. A value, not a call: a shutdown before the workers have started is not missed.
    pub async fn run_workers(
        &self,
        extra_roots: Vec<rustls::pki_types::CertificateDer<'static>>,
        shutdown: watch::Receiver<bool>,
    ) {
        let reach = if self.inner.development { Reach::Anywhere } else { Reach::Public };
        // The first one stays, if workers are started again.
        let prober = Prober::new(reach, extra_roots.clone(), &self.inner.public_url);
        let _ = self.inner.prober.set(prober.with_browser(self.inner.browser.get().cloned()));
        // Not among the others: a simulation of these has no use for measurements.
        let counting = quality::counting::run(self.clone(), stop(shutdown.clone()));
        let monthly = quality::monthly::run(self.clone(), stop(shutdown.clone()));
        let expiry = expiry::run(self.clone(), stop(shutdown.clone()));
        let mail = mail::run(self.clone(), extra_roots.clone(), stop(shutdown.clone()));
        let others = self.run_workers_with(Arc::new(Sender::new(reach, extra_roots)), shutdown);
        tokio::join!(counting, monthly, expiry, mail, others);
    }

    /// As [`Engine::run_workers`], with somebody else who takes the notifications to their receivers.
    pub async fn run_workers_with(&self, sender: Arc<dyn Courier>, shutdown: watch::Receiver<bool>) {
        self.run_workers_within(sender, None, shutdown).await;
    }

    /// As [`Engine::run_workers_with`], with at most so many notifications in memory for one receiver, if that is said.
    pub async fn run_workers_within(
        &self,
        sender: Arc<dyn Courier>,
        waiting_per_receiver: Option<usize>,
        shutdown: watch::Receiver<bool>,
    ) {
        // The first one stays, if workers are started again.
        let _ = self.inner.courier.set(sender.clone());
        let mut workers = JoinSet::new();
        let surroundings = Surroundings {
            sender,
            secret_of: {
                let engine = self.clone();
                Arc::new(move |application_id, mode| {
                    let engine = engine.clone();
                    Box::pin(async move { engine.webhook_secrets(application_id, mode).await })
                })
            },
            clock: {
                let engine = self.clone();
                Arc::new(move || engine.inner.clock.wall())
            },
            new_id: {
                let engine = self.clone();
                Arc::new(move || engine.inner.ids.next())
            },
        };
        let deliveries =
            Worker::new(Arc::new(self.inner.store.clone()), surroundings, self.inner.delivery_wake.clone());
        let deliveries = match waiting_per_receiver {
            Some(most) => deliveries.with_waiting_per_receiver(most),
            None => deliveries,
        };
        workers.spawn(deliveries.run(stop(shutdown.clone())));
        workers.spawn(notifications::settings::run(self.clone(), stop(shutdown.clone())));
        workers.spawn(credentials::run(self.clone(), stop(shutdown.clone())));
        workers.spawn(membership::run(self.clone(), stop(shutdown.clone())));
        workers.spawn(catalogue::run(self.clone(), stop(shutdown.clone())));
        workers.spawn(timers::run(self.clone(), stop(shutdown.clone())));
        workers.spawn(housekeeping::run(self.clone(), stop(shutdown)));
        while workers.join_next().await.is_some() {}
    }

    /// Makes the places where an operator's commands reach the server that holds a directory. The workers look into them; a server
    /// makes them before it says that it is ready, so that nobody who waited for that is told that there is no server.
    pub fn open_inboxes(&self) {
        if let Some(directory) = self.inner.store.directory() {
            for name in [catalogue::applying::INBOX, activation::INBOX] {
                inbox::Inbox::open(directory, name);
            }
        }
    }

    /// Sellers' pages are opened in `browser`; to be said before the workers run.
    pub fn set_browser(&self, browser: Browser) {
        let _ = self.inner.browser.set(Arc::new(browser));
    }

    /// Stops the store: what is committed is checkpointed, the lock is given back.
    pub async fn close(self) {
        self.inner.store.clone().close().await;
    }

    /// Ends the streams that programs listen to: the server stops, and waits for nobody who waits for it.
    pub fn end_streams(&self) {
        self.inner.is_stopping.store(true, Ordering::Release);
        self.inner.listeners_wake.notify_waiters();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.inner.is_stopping.load(Ordering::Acquire)
    }

    /// Counters of the store since it was opened.
    pub fn counters(&self) -> StoreCounters {
        self.inner.store.counters()
    }

    /// Where clients find the hosted pages, without a slash at the end.
    pub fn public_url(&self) -> &str {
        &self.inner.public_url
    }

    /// Where the logos of methods and issuers are, with a slash at the end.
    pub fn logo_url(&self) -> String {
        format!("{}/logos/", self.inner.public_url)
    }

    /// The account's time in `mode`.
    pub fn now(&self, account_id: AccountId, mode: Mode) -> Timestamp {
        self.inner.clock.now(account_id, mode)
    }

    /// Whether the well-known accounts are here.
    pub fn is_development(&self) -> bool {
        self.inner.development
    }

    /// The vault's keys must be those that sealed what is stored: a lost key file beside old data would otherwise get
    /// new keys, and every credential and token would silently be unknown.
    async fn check_vault(&self) -> Result<(), EngineError> {
        let applications = self.inner.store.sealed_applications().await;
        let applications = applications.map_err(|error| EngineError::Other(error.to_string()))?;
        let opens = applications.first().is_none_or(|first| {
            let record = seeds::webhook_secret_record(first.id);
            self.inner.vault.open_secret(&first.sealed_webhook_secret, &record).is_ok()
        });
        // Nodes that start on an empty database, each with keys of its own, have nothing sealed to find it out by.
        let claim = self.inner.store.claim_vault(self.inner.vault.identity());
        if opens && claim.await.map_err(|error| EngineError::Other(error.to_string()))? {
            return Ok(());
        }
        Err(EngineError::Other(
            "the keys in the vault directory are not those of this data: put back the `vault` directory that belongs to \
             it (several nodes on a database all have the same)"
                .to_owned(),
        ))
    }

    async fn seed(&self) -> Result<(), EngineError> {
        let first = &seeds::sellers()[0];
        let known = self.inner.store.account(first.account.id).await;
        let known = known.map_err(|error| EngineError::Other(error.to_string()))?;
        let login = self.inner.store.login(first.account.id).await;
        let login = login.map_err(|error| EngineError::Other(error.to_string()))?;
        let changes = match (known, login) {
            (Some(_), Some(_)) => return Ok(()),
            // A store of the time before there were logins.
            (Some(_), None) => {
                Changes { records: seeds::logins::changes(&self.inner.vault), ..Changes::default() }
            }
            (None, _) => seeds::changes(&self.inner.vault),
        };
        match self.inner.store.commit(changes).await {
            // Another node that started at the same time was first.
            Ok(()) | Err(CommitError::AlreadyExists(_)) => Ok(()),
            Err(error) => Err(EngineError::Other(error.to_string())),
        }
    }
}

/// Ready when `shutdown` turns true, or its sender is gone.
async fn stop(mut shutdown: watch::Receiver<bool>) {
    drop(shutdown.wait_for(|is_shutdown| *is_shutdown).await);
}
