//! The store's door: one set of questions and commits, whichever engine keeps the records.

#[cfg(feature = "simulation")]
use crate::memory::MemoryStore;
use crate::postgres::store::PostgresStore;
use crate::sqlite::store::SqliteStore;
use crate::{
    AccountRecord, ApplicationRecord, BackupError, CardTokenRecord, Changes, CheckoutKind, CheckoutPage,
    CheckoutRecord, CheckoutSearch, CommitError, CredentialRecord, CustomerPage, CustomerRecord,
    CustomerSearch, DeliveryAttempt, DeliveryRecord, DueDelivery, Fingerprint, IdempotencyRecord,
    LedgerProof, Location, Lookup, NodeLease, OpenError, PayerRecord, PaymentPage, PaymentRecord,
    PaymentSearch, ReadError, RecordsCheck, SavedCardRecord, SealedCardRecord, StoreCounters, StoreOptions,
    Timer,
};
use pasarela_domain::identity::{AccountId, ApplicationId, Mode, PaymentId};
use pasarela_domain::ledger::{LedgerAccount, Posting};
use pasarela_domain::money::Currency;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use std::path::Path;
use std::time::Duration;

/// How often a node looks for what others wrote: the longest that a change made on another one stays unseen in a cache.
const LOOK_FOR_OTHERS: Duration = Duration::from_millis(500);

/// The records, the ledger, the timers and the deliveries. Cloning gives another handle on the same store.
///
/// A read sees every commit that was acknowledged before it began.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
}

/// What keeps the records. Nothing outside this crate knows which.
#[derive(Clone)]
pub(crate) enum Engine {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
    #[cfg(feature = "simulation")]
    Memory(MemoryStore),
}

impl Store {
    /// Opens the store, migrating its schema if need be.
    ///
    /// # Errors
    /// When another process uses it, a newer version wrote it, or it can't be reached; each says what to do.
    pub async fn open(options: StoreOptions) -> Result<Store, OpenError> {
        let engine = match &options.location {
            Location::Directory(_) | Location::Ephemeral => Engine::Sqlite(SqliteStore::open(options).await?),
            Location::Database(url) => Engine::Postgres(PostgresStore::open(&url.clone(), &options).await?),
            #[cfg(feature = "simulation")]
            Location::Memory(memory) => Engine::Memory(MemoryStore::open(memory.clone())),
        };
        Ok(Store { engine })
    }

    /// What keeps the records.
    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Commits `changes`, all or nothing. When this returns `Ok`, they are on the disk.
    ///
    /// # Panics
    /// When a posting isn't balanced: such a posting must never be committed.
    ///
    /// # Errors
    /// See [`CommitError`]; nothing of `changes` is stored then.
    pub async fn commit(&self, changes: Changes) -> Result<(), CommitError> {
        match &self.engine {
            Engine::Sqlite(store) => store.commit(changes).await,
            Engine::Postgres(store) => store.commit(changes).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.commit(changes).await,
        }
    }

    /// Takes what is secret from card tokens whose `purge_at` is not after `now_wall`, at most `limit` of them. Says of
    /// how many; less than `limit` means that none is left.
    pub async fn purge_expired_secrets(&self, now_wall: Timestamp, limit: u32) -> Result<u64, CommitError> {
        match &self.engine {
            Engine::Sqlite(store) => store.purge_expired_secrets(now_wall, limit).await,
            Engine::Postgres(store) => store.purge_expired_secrets(now_wall, limit).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.purge_expired_secrets(now_wall, limit).await,
        }
    }

    /// Forgets idempotency records that have expired at `now_wall`, at most `limit` of them, oldest first. Says how
    /// many; less than `limit` means that none is left.
    pub async fn purge_expired_idempotency(
        &self,
        now_wall: Timestamp,
        limit: u32,
    ) -> Result<u64, CommitError> {
        match &self.engine {
            Engine::Sqlite(store) => store.purge_expired_idempotency(now_wall, limit).await,
            Engine::Postgres(store) => store.purge_expired_idempotency(now_wall, limit).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.purge_expired_idempotency(now_wall, limit).await,
        }
    }

    /// What was counted since the store was opened.
    pub fn counters(&self) -> StoreCounters {
        match &self.engine {
            Engine::Sqlite(store) => store.counters(),
            Engine::Postgres(store) => store.counters(),
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.counters(),
        }
    }

    /// A payment of one account.
    pub async fn payment(
        &self,
        account_id: AccountId,
        mode: Mode,
        id: PaymentId,
    ) -> Result<Option<PaymentRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.payment(account_id, mode, id).await,
            Engine::Postgres(store) => store.payment(account_id, mode, id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store
                    .ask(|records| {
                        records
                            .payment_by_id(id)
                            .filter(|payment| payment.account_id == account_id && payment.mode == mode)
                    })
                    .await
            }
        }
    }

    /// Those of these payments that are an account's, in the order in which they are named.
    pub async fn payments(
        &self,
        account_id: AccountId,
        mode: Mode,
        ids: &[PaymentId],
    ) -> Result<Vec<PaymentRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.payments(account_id, mode, ids).await,
            Engine::Postgres(store) => store.payments(account_id, mode, ids).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.payments_of(account_id, mode, ids)).await,
        }
    }

    /// A payment, whosever it is: for hosted pages, whose address is their only credential.
    pub async fn payment_by_id(&self, id: PaymentId) -> Result<Option<PaymentRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.payment_by_id(id).await,
            Engine::Postgres(store) => store.payment_by_id(id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.payment_by_id(id)).await,
        }
    }

    /// The card token of an account with this keyed hash.
    pub async fn card_token(
        &self,
        account_id: AccountId,
        lookup: &Lookup,
    ) -> Result<Option<CardTokenRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.card_token(account_id, lookup).await,
            Engine::Postgres(store) => store.card_token(account_id, lookup).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.card_token(account_id, lookup)).await,
        }
    }

    /// The tokens that still hold something sealed, `limit` at a time, after the one with the lookup `after`.
    pub async fn sealed_card_tokens(
        &self,
        after: Option<Lookup>,
        limit: u32,
    ) -> Result<Vec<CardTokenRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.sealed_card_tokens(after, limit).await,
            Engine::Postgres(store) => store.sealed_card_tokens(after, limit).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.sealed_card_tokens(after, limit)).await,
        }
    }

    /// All tokens of an account, in both modes, `limit` at a time, after the one with the lookup `after`: for who looks
    /// for a person's name, and not for a request.
    pub async fn card_tokens_of(
        &self,
        account_id: AccountId,
        after: Option<Lookup>,
        limit: u32,
    ) -> Result<Vec<CardTokenRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.card_tokens_of(account_id, after, limit).await,
            Engine::Postgres(store) => store.card_tokens_of(account_id, after, limit).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store.ask(|records| records.card_tokens_of(account_id, after, limit)).await
            }
        }
    }

    /// An account.
    pub async fn account(&self, id: AccountId) -> Result<Option<AccountRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.account(id).await,
            Engine::Postgres(store) => store.account(id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.account(id)).await,
        }
    }

    /// The account of a site with this lower-case e-mail.
    pub async fn account_by_email(
        &self,
        site: Site,
        email: &str,
    ) -> Result<Option<AccountRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.account_by_email(site, email).await,
            Engine::Postgres(store) => store.account_by_email(site, email).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.account_by_email(site, email)).await,
        }
    }

    /// An application.
    pub async fn application(&self, id: ApplicationId) -> Result<Option<ApplicationRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.application(id).await,
            Engine::Postgres(store) => store.application(id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.application(id)).await,
        }
    }

    /// An account's applications, oldest first.
    pub async fn applications_of(&self, account_id: AccountId) -> Result<Vec<ApplicationRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.applications_of(account_id).await,
            Engine::Postgres(store) => store.applications_of(account_id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store
                    .ask(|records| {
                        let all = records.sealed_applications().into_iter();
                        all.filter(|application| application.account_id == account_id).collect()
                    })
                    .await
            }
        }
    }

    /// All applications: each holds a sealed secret, which a rotation of the vault's keys seals anew.
    pub async fn sealed_applications(&self) -> Result<Vec<ApplicationRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.sealed_applications().await,
            Engine::Postgres(store) => store.sealed_applications().await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.sealed_applications()).await,
        }
    }

    /// The credential with this keyed hash.
    pub async fn credential(&self, lookup: &Lookup) -> Result<Option<CredentialRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.credential(lookup).await,
            Engine::Postgres(store) => store.credential(lookup).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.credential(lookup)).await,
        }
    }

    /// The credentials that an application has for an account, in no order. There is no index: nobody's request reads it.
    pub async fn credentials_of(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
    ) -> Result<Vec<CredentialRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.credentials_of(account_id, application_id).await,
            Engine::Postgres(store) => store.credentials_of(account_id, application_id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store.ask(|records| records.credentials_of(account_id, application_id)).await
            }
        }
    }

    /// All credentials, for a cache that is filled at the start.
    pub async fn credentials(&self) -> Result<Vec<CredentialRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.credentials().await,
            Engine::Postgres(store) => store.credentials().await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.credentials()).await,
        }
    }

    /// The payer that a collector knows by the keyed hash of an e-mail.
    pub async fn payer(
        &self,
        account_id: AccountId,
        mode: Mode,
        email: &Lookup,
    ) -> Result<Option<PayerRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.payer(account_id, mode, email).await,
            Engine::Postgres(store) => store.payer(account_id, mode, email).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.payer(account_id, mode, email)).await,
        }
    }

    /// What was done under an idempotency key, if anything. It may have expired and not be purged yet.
    pub async fn idempotency(
        &self,
        account_id: AccountId,
        key: &[u8; 16],
    ) -> Result<Option<IdempotencyRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.idempotency(account_id, key).await,
            Engine::Postgres(store) => store.idempotency(account_id, key).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.idempotency(account_id, key)).await,
        }
    }

    /// How far a test account's clock is ahead of the wall clock, in milliseconds.
    pub async fn clock_offset(&self, account_id: AccountId) -> Result<i64, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.clock_offset(account_id).await,
            Engine::Postgres(store) => store.clock_offset(account_id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.clock_offset(account_id, Mode::Test)).await,
        }
    }

    /// All test accounts whose clock was set, with how far it is ahead.
    pub async fn clocks(&self) -> Result<Vec<(AccountId, i64)>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.clocks().await,
            Engine::Postgres(store) => store.clocks().await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.clocks()).await,
        }
    }

    /// A ledger account's balance in minor units, debit positive.
    pub async fn balance(
        &self,
        mode: Mode,
        currency: Currency,
        account: LedgerAccount,
    ) -> Result<i64, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.balance(mode, currency, account).await,
            Engine::Postgres(store) => store.balance(mode, currency, account).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.balance(mode, currency, account)).await,
        }
    }

    /// The postings behind a payment, in the order in which they took effect.
    pub async fn postings_of(
        &self,
        account_id: AccountId,
        mode: Mode,
        resource_id: i64,
    ) -> Result<Vec<Posting>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.postings_of(account_id, mode, resource_id).await,
            Engine::Postgres(store) => store.postings_of(account_id, mode, resource_id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store.ask(|records| records.postings_of(account_id, mode, resource_id)).await
            }
        }
    }

    /// The timers that are due at the wall clock's `now_wall`, earliest first; at most `limit`.
    pub async fn due_timers(&self, now_wall: Timestamp, limit: u32) -> Result<Vec<Timer>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.due_timers(now_wall, limit).await,
            Engine::Postgres(store) => store.due_timers(now_wall, limit).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.due_timers(now_wall, limit)).await,
        }
    }

    /// An account's timers that are due until its time `until`, by due time, kind and subject; at most `limit`.
    pub async fn next_timers(
        &self,
        account_id: AccountId,
        mode: Mode,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Timer>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.next_timers(account_id, mode, until, limit).await,
            Engine::Postgres(store) => store.next_timers(account_id, mode, until, limit).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store.ask(|records| records.next_timers(account_id, mode, until, limit)).await
            }
        }
    }

    /// When, by the wall clock, the earliest timer is due.
    pub async fn next_wake(&self) -> Result<Option<Timestamp>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.next_wake().await,
            Engine::Postgres(store) => store.next_wake().await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.next_wake()).await,
        }
    }

    /// The pending deliveries whose next attempt is due at `now_wall`, earliest first; at most `limit`, after the one
    /// with this next attempt and id. Each says whether an older one is to be told first.
    pub async fn due_deliveries(
        &self,
        now_wall: Timestamp,
        limit: u32,
        after: Option<(Timestamp, i64)>,
    ) -> Result<Vec<DueDelivery>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.due_deliveries(now_wall, limit, after).await,
            Engine::Postgres(store) => store.due_deliveries(now_wall, limit, after).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store.ask(|records| records.due_deliveries(now_wall, limit, after)).await
            }
        }
    }

    /// The largest id of a payment, a delivery or a refund, 0 without one: new ids are to be later, whatever the wall clock
    /// says.
    pub async fn newest_id(&self) -> Result<i64, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.newest_id().await,
            // Its lease says after which instant ids are made.
            Engine::Postgres(_) => Ok(0),
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.newest_id()).await,
        }
    }

    /// When, by the wall clock, the earliest pending delivery is to be tried.
    pub async fn next_delivery(&self) -> Result<Option<Timestamp>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.next_delivery().await,
            Engine::Postgres(store) => store.next_delivery().await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.next_delivery()).await,
        }
    }

    /// A delivery.
    pub async fn delivery(
        &self,
        account_id: AccountId,
        id: i64,
    ) -> Result<Option<DeliveryRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.delivery(account_id, id).await,
            Engine::Postgres(store) => store.delivery(account_id, id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.delivery(account_id, id)).await,
        }
    }

    /// The deliveries about a resource, oldest first.
    pub async fn deliveries_of(
        &self,
        account_id: AccountId,
        mode: Mode,
        resource_id: &str,
    ) -> Result<Vec<DeliveryRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.deliveries_of(account_id, mode, resource_id).await,
            Engine::Postgres(store) => store.deliveries_of(account_id, mode, resource_id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store.ask(|records| records.deliveries_of(account_id, mode, resource_id)).await
            }
        }
    }

    /// The deliveries that wait behind `delivery`, oldest first, at most `limit`: newer ones about the same resource, in the same
    /// form and to the same address, that are neither delivered nor given up.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn deliveries_behind(
        &self,
        delivery: &DeliveryRecord,
        limit: u32,
    ) -> Result<Vec<DeliveryRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.deliveries_behind(delivery, limit).await,
            Engine::Postgres(store) => store.deliveries_behind(delivery, limit).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.deliveries_behind(delivery, limit)).await,
        }
    }

    /// The attempts of a delivery, first to last.
    pub async fn attempts(
        &self,
        account_id: AccountId,
        delivery_id: i64,
    ) -> Result<Vec<DeliveryAttempt>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.attempts(account_id, delivery_id).await,
            Engine::Postgres(store) => store.attempts(account_id, delivery_id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.attempts(account_id, delivery_id)).await,
        }
    }

    /// A customer of a seller.
    pub async fn customer(
        &self,
        account_id: AccountId,
        mode: Mode,
        user_id: AccountId,
    ) -> Result<Option<CustomerRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.customer(account_id, mode, user_id).await,
            Engine::Postgres(store) => store.customer(account_id, mode, user_id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.customer(account_id, mode, user_id)).await,
        }
    }

    /// The customer of a seller with this keyed hash of its e-mail.
    pub async fn customer_by_email(
        &self,
        account_id: AccountId,
        mode: Mode,
        email: &Lookup,
    ) -> Result<Option<CustomerRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.customer_by_email(account_id, mode, email).await,
            Engine::Postgres(store) => store.customer_by_email(account_id, mode, email).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store.ask(|records| records.customer_by_email(account_id, mode, email)).await
            }
        }
    }

    /// The customers that match, a page of them, and how many there are in all. At most 1,000 a page.
    pub async fn search_customers(&self, search: CustomerSearch) -> Result<CustomerPage, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.search_customers(search).await,
            Engine::Postgres(store) => store.search_customers(search).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.search_customers(&search)).await,
        }
    }

    /// A saved card of a seller's customers.
    pub async fn saved_card(
        &self,
        account_id: AccountId,
        mode: Mode,
        id: i64,
    ) -> Result<Option<SavedCardRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.saved_card(account_id, mode, id).await,
            Engine::Postgres(store) => store.saved_card(account_id, mode, id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.saved_card(account_id, mode, id)).await,
        }
    }

    /// A preference or a merchant order of a seller.
    pub async fn checkout(
        &self,
        account_id: AccountId,
        mode: Mode,
        kind: CheckoutKind,
        id: &str,
    ) -> Result<Option<CheckoutRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.checkout(account_id, mode, kind, id).await,
            Engine::Postgres(store) => store.checkout(account_id, mode, kind, id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.checkout(account_id, mode, kind, id)).await,
        }
    }

    /// The preferences or merchant orders that match, a page of them, newest first, and how many there are in all. At
    /// most 1,000 a page.
    pub async fn search_checkouts(&self, search: CheckoutSearch) -> Result<CheckoutPage, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.search_checkouts(search).await,
            Engine::Postgres(store) => store.search_checkouts(search).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.search_checkouts(&search)).await,
        }
    }

    /// The sealed number with this fingerprint, as long as a saved card has it.
    pub async fn sealed_card(
        &self,
        mode: Mode,
        fingerprint: &Fingerprint,
    ) -> Result<Option<SealedCardRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.sealed_card(mode, fingerprint).await,
            Engine::Postgres(store) => store.sealed_card(mode, fingerprint).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.sealed_card(mode, fingerprint)).await,
        }
    }

    /// The sealed numbers of saved cards, `limit` at a time, after the one with this mode and fingerprint.
    pub async fn sealed_cards(
        &self,
        after: Option<(Mode, Fingerprint)>,
        limit: u32,
    ) -> Result<Vec<SealedCardRecord>, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.sealed_cards(after, limit).await,
            Engine::Postgres(store) => store.sealed_cards(after, limit).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.sealed_cards(after, limit)).await,
        }
    }

    /// The payments that match, a page of them, and how many there are in all. At most 1,000 a page.
    pub async fn search_payments(&self, search: PaymentSearch) -> Result<PaymentPage, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.search_payments(search).await,
            Engine::Postgres(store) => store.search_payments(search).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.search_payments(&search)).await,
        }
    }

    /// Proves the ledger: every posting is balanced, every balance is the sum of its legs, all balances of a mode and
    /// currency add up to zero, and none that must not be is overdrawn.
    pub async fn prove_ledger(&self) -> Result<LedgerProof, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.prove_ledger().await,
            Engine::Postgres(store) => store.prove_ledger().await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.prove_ledger()).await,
        }
    }

    /// Checks the records: the database's pages and indexes, each body against its columns, and what refers to what.
    pub async fn check_records(&self) -> Result<RecordsCheck, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.check_records().await,
            Engine::Postgres(store) => store.check_records().await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.check_records()).await,
        }
    }

    /// Copies the database to the file `to`, as it is at this moment. It appears under its name only when it is
    /// complete and on the disk. `progress` is told how many pages are copied, and of how many.
    ///
    /// # Errors
    /// When the file exists, can't be written, or the disk is full; then nothing is left of it.
    pub async fn backup(
        &self,
        to: &Path,
        progress: impl Fn(u64, u64) + Send + 'static,
    ) -> Result<(), BackupError> {
        match &self.engine {
            Engine::Sqlite(store) => store.backup(to, progress).await,
            Engine::Postgres(_) => Err(BackupError::OfDatabase),
            #[cfg(feature = "simulation")]
            Engine::Memory(_) => Err(BackupError::Copy("a memory has no file".to_owned())),
        }
    }

    /// Takes part in the work of the nodes that share the store, or goes on with it: what this process may do until the
    /// lease ends. To be called at the start, before anything is committed, and again in good time (a third of
    /// [`NodeLease::expires_in`]). What [`Store::due_timers`] and [`Store::due_deliveries`] give is this node's share.
    /// A tool that makes no ids need not call it: its commits take a lease by themselves, and go on with it.
    ///
    /// # Errors
    /// When the store can't be reached, or every node number is taken: the answer to both is to try again.
    pub async fn renew_lease(&self) -> Result<NodeLease, ReadError> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(NodeLease::ALONE),
            Engine::Postgres(store) => store.renew_lease().await,
            #[cfg(feature = "simulation")]
            Engine::Memory(_) => Ok(NodeLease::ALONE),
        }
    }

    /// What [`Store::renew_lease`] gave last; [`NodeLease::ALONE`] before it was asked.
    pub fn lease(&self) -> NodeLease {
        match &self.engine {
            Engine::Sqlite(_) => NodeLease::ALONE,
            Engine::Postgres(store) => store.lease(),
            #[cfg(feature = "simulation")]
            Engine::Memory(_) => NodeLease::ALONE,
        }
    }

    /// A number that changes whenever a test clock is moved, by whichever node.
    pub async fn clocks_moved(&self) -> Result<i64, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.clocks_moved().await,
            Engine::Postgres(store) => store.clocks_moved().await,
            #[cfg(feature = "simulation")]
            Engine::Memory(_) => Ok(0),
        }
    }

    /// Whether the lease still holds. Background work that was read under it is not begun when it does not; a commit is
    /// refused anyway.
    pub fn holds_lease(&self) -> bool {
        match &self.engine {
            Engine::Sqlite(_) => true,
            Engine::Postgres(store) => store.holds_lease(),
            #[cfg(feature = "simulation")]
            Engine::Memory(_) => true,
        }
    }

    /// How often to look for what other nodes wrote; `None` when nobody else writes.
    pub fn look_for_others_every(&self) -> Option<Duration> {
        match &self.engine {
            Engine::Sqlite(_) => None,
            Engine::Postgres(_) => Some(LOOK_FOR_OTHERS),
            #[cfg(feature = "simulation")]
            Engine::Memory(_) => None,
        }
    }

    /// The directory that holds the store's files, if it is kept in files.
    pub fn directory(&self) -> Option<&Path> {
        match &self.engine {
            Engine::Sqlite(store) => Some(store.directory()),
            Engine::Postgres(_) => None,
            #[cfg(feature = "simulation")]
            Engine::Memory(_) => None,
        }
    }

    /// Whether a copy is filling the store, or was stopped before its end: then not everything is there.
    pub async fn is_unfinished(&self) -> Result<bool, ReadError> {
        match &self.engine {
            Engine::Sqlite(store) => store.is_unfinished().await,
            Engine::Postgres(store) => store.is_unfinished().await,
            #[cfg(feature = "simulation")]
            Engine::Memory(_) => Ok(false),
        }
    }

    /// Whether the vault with this `identity` belongs to the store. Where several nodes share it, the first one that asks
    /// decides; one process alone is believed.
    pub async fn claim_vault(&self, identity: [u8; 16]) -> Result<bool, ReadError> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(true),
            Engine::Postgres(store) => store.claim_vault(identity).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(_) => Ok(true),
        }
    }

    /// Ends the store, for all its handles: what waits is committed, the lease is given back, and what is ephemeral is
    /// gone.
    pub async fn close(self) {
        match self.engine {
            Engine::Sqlite(store) => store.close().await,
            Engine::Postgres(store) => store.close().await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => drop(store),
        }
    }
}
