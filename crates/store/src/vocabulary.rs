//! What can be remembered: the records, the changes that one commit carries, and the questions that can be asked.
//! Nothing here says which engine keeps it.

use crate::CatalogueRecord;
use pasarela_domain::identity::{AccountId, ApplicationId, CredentialKind, Mode, PaymentId};
use pasarela_domain::ledger::{LedgerAccount, Posting};
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use std::time::Duration;

/// A keyed hash of a token or secret: what is stored instead of it.
pub type Lookup = [u8; 32];

/// A payment: its body as the API shows it, what it is searched by, and what the API does not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRecord {
    /// The payment's id.
    pub id: PaymentId,
    /// The collector.
    pub account_id: AccountId,
    /// Test or live.
    pub mode: Mode,
    /// 1 when inserted, one more with each update. In an update: the version that was read.
    pub version: i64,
    /// `date_created`.
    pub created: Timestamp,
    /// `date_last_updated`.
    pub updated: Timestamp,
    /// `date_approved`.
    pub approved: Option<Timestamp>,
    /// `money_release_date`.
    pub release: Option<Timestamp>,
    /// `status`.
    pub status: String,
    /// `status_detail`.
    pub status_detail: String,
    /// `payment_method_id`.
    pub payment_method_id: String,
    /// `payment_type_id`.
    pub payment_type_id: String,
    /// `operation_type`.
    pub operation_type: String,
    /// `payer.id`.
    pub payer_id: AccountId,
    /// `external_reference`.
    pub external_reference: Option<String>,
    /// `store_id`.
    pub store_id: Option<String>,
    /// `pos_id`.
    pub pos_id: Option<String>,
    /// What it left of its buyer, by which a buyer's other payments are found: keyed hashes, each with the account and the
    /// mode in it. Never the values themselves.
    pub traces: Vec<i64>,
    /// The JSON body, exactly as `GET /v1/payments/{id}` answers it.
    pub body: Vec<u8>,
    /// JSON of what the API does not show (rail references, posted parts, …).
    pub internals: Vec<u8>,
}

/// A card token. Its id is not stored: `lookup` is the keyed hash of it, and the body is kept without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardTokenRecord {
    /// Keyed hash of the token's id.
    pub lookup: Lookup,
    /// The account whose key made it.
    pub account_id: AccountId,
    /// Test or live.
    pub mode: Mode,
    /// As in [`PaymentRecord::version`].
    pub version: i64,
    /// The JSON body without `id`.
    pub body: Vec<u8>,
    /// The vault's sealed card number; gone once the token is used or expired.
    pub sealed_number: Option<Vec<u8>>,
    /// The vault's sealed CVV; gone once the token is used or expired.
    pub sealed_security_code: Option<Vec<u8>>,
    /// Wall-clock time from which nothing secret may be left of it.
    pub purge_at: Timestamp,
}

/// An account: a seller or a buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// The account's id (`user_id`, `collector_id`).
    pub id: AccountId,
    /// Its market.
    pub site: Site,
    /// Lower-case e-mail; one account per e-mail and site.
    pub email: String,
    /// JSON of the rest (`GET /users/me` is made from it).
    pub body: Vec<u8>,
}

/// An application: an integration of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationRecord {
    /// `client_id`.
    pub id: ApplicationId,
    /// The owner.
    pub account_id: AccountId,
    /// The sealed webhook secret.
    pub sealed_webhook_secret: Vec<u8>,
    /// JSON of the rest.
    pub body: Vec<u8>,
}

/// A credential: what a public key or access token opens. The secret itself is never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRecord {
    /// Keyed hash of the key or token.
    pub lookup: Lookup,
    /// Public key or access token.
    pub kind: CredentialKind,
    /// Whose.
    pub account_id: AccountId,
    /// Of which application.
    pub application_id: ApplicationId,
    /// Test or live.
    pub mode: Mode,
    /// One of the documented development credentials, refused outside `dev`.
    pub well_known: bool,
}

/// A payer without an account, known to one collector by e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayerRecord {
    /// The collector who knows the payer.
    pub account_id: AccountId,
    /// Test or live.
    pub mode: Mode,
    /// Keyed hash of the lower-case e-mail.
    pub email: Lookup,
    /// The payer's id, as in `payer.id`.
    pub payer_id: AccountId,
}

/// The outcome of a write under an `X-Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// Whose key.
    pub account_id: AccountId,
    /// Hash over mode, method, path and key.
    pub key: [u8; 16],
    /// Hash over the request's body, to tell another request under the same key.
    pub request: [u8; 16],
    /// What the write made: a payment's id.
    pub resource_id: i64,
    /// What it made inside that: a refund's id, or 0.
    pub part_id: i64,
    /// Wall-clock time until which it is kept.
    pub expires: Timestamp,
}

/// What a timer does when it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum TimerKind {
    /// An unpaid ticket, transfer or challenge, or an uncaptured reserve, expires.
    Expiry = 1,
    /// A seller's money is released.
    Release = 2,
    /// The time to pay a merchant order is over. Its subject is the order.
    OrderExpiry = 3,
}

/// One thing that must happen at an instant of an account's time. One per account, mode, kind and subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timer {
    /// Whose time.
    pub account_id: AccountId,
    /// Test (a clock that can be moved) or live.
    pub mode: Mode,
    /// What happens.
    pub kind: TimerKind,
    /// To which payment, or merchant order.
    pub subject: PaymentId,
    /// When, in the account's time.
    pub due: Timestamp,
}

/// How a notification is shaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Channel {
    /// Signed, with action and data.
    Webhook = 1,
    /// The older form: resource and topic.
    Ipn = 2,
}

/// One notification to one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// Time-ordered id; also the first attempt's notification id.
    pub id: i64,
    /// The account that is told.
    pub account_id: AccountId,
    /// The application whose secret signs.
    pub application_id: ApplicationId,
    /// Test or live.
    pub mode: Mode,
    /// Webhook or IPN.
    pub channel: Channel,
    /// Where to.
    pub url: String,
    /// `payment`, …
    pub topic: String,
    /// `payment.created`, …
    pub action: String,
    /// `data.id`.
    pub resource_id: String,
    /// When it happened, in the account's time.
    pub created: Timestamp,
    /// Where it stands.
    pub state: DeliveryState,
    /// How many attempts were made.
    pub attempts: u32,
    /// Wall-clock time of the next attempt, while pending.
    pub next_attempt: Timestamp,
    /// The JSON object that the message carries as `data` in the place of the id alone, for topics that have one.
    pub data: Option<String>,
    /// Turns of the schedule that are over, less the attempts that were made: above zero where an older one was sent
    /// in this one's turns, below zero where this one was sent in the turns of newer ones. 0 in a new one.
    pub turns_ahead: i32,
}

impl DeliveryRecord {
    /// The turn of the schedule that comes next; 0 for the first.
    pub const fn turn(&self) -> u32 {
        self.attempts.saturating_add_signed(self.turns_ahead)
    }

    /// Whether it is to be told yet: neither delivered nor given up.
    pub const fn is_unsettled(&self) -> bool {
        matches!(self.state, DeliveryState::Pending | DeliveryState::Held)
    }
}

/// A delivery whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// The delivery.
    pub delivery: DeliveryRecord,
    /// The oldest one about the same resource, in the same form and to the same address, that is to be told before it.
    pub behind: Option<i64>,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DeliveryState {
    /// To be tried at `next_attempt`.
    Pending = 0,
    /// Answered with 200 or 201.
    Delivered = 1,
    /// All attempts failed.
    Exhausted = 2,
    /// Not to be tried by itself: its address is paused, or it waits for a program that listens.
    Held = 3,
}

/// What one attempt saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// The account that is told.
    pub account_id: AccountId,
    /// The delivery.
    pub delivery_id: i64,
    /// 0 for the first, as in `X-Retry`.
    pub number: u32,
    /// The attempt's `x-request-id`.
    pub request_id: String,
    /// Wall-clock time at which it started.
    pub started: Timestamp,
    /// How long it took.
    pub duration_ms: i64,
    /// The receiver's status, if it answered.
    pub response_status: Option<u16>,
    /// Why it failed, in a few words.
    pub failure: Option<String>,
    /// The delivery's state after it.
    pub state: DeliveryState,
    /// Wall-clock time of the next attempt, if there is one.
    pub next_attempt: Option<Timestamp>,
    /// What the request and its answer can be shown again from, in the form of whoever made the attempt.
    pub exchange: Option<Vec<u8>>,
}

/// One change of a record.
#[derive(Clone, Debug)]
pub enum RecordChange {
    /// A new payment.
    InsertPayment(PaymentRecord),
    /// A payment that was read with `version`.
    UpdatePayment(PaymentRecord),
    /// A new token.
    InsertCardToken(CardTokenRecord),
    /// A token that was read with `version`.
    UpdateCardToken(CardTokenRecord),
    /// A new account.
    InsertAccount(AccountRecord),
    /// A new application.
    InsertApplication(ApplicationRecord),
    /// An application whose secret was sealed anew or whose settings changed; it must be there.
    UpdateApplication(ApplicationRecord),
    /// A new credential.
    InsertCredential(CredentialRecord),
    /// A new payer.
    InsertPayer(PayerRecord),
    /// How far a test account's clock is ahead of (or behind) the wall clock. Moves its timers' and its pending
    /// deliveries' wall-clock times with it.
    SetClock {
        /// Whose clock.
        account_id: AccountId,
        /// Account time minus wall time, in milliseconds.
        offset_ms: i64,
    },
    /// An attempt, and with it the delivery's new state.
    RecordAttempt(DeliveryAttempt),
    /// A customer, or a saved card.
    Customer(crate::CustomerChange),
    /// A preference, or a merchant order.
    Checkout(crate::CheckoutChange),
    /// A login, or a session.
    Login(crate::LoginChange),
    /// A new version of the catalogue, which follows the newest one.
    InsertCatalogue(CatalogueRecord),
    /// A setting of notifications, or their history.
    Notification(crate::NotificationChange),
    /// What an account keeps beside its payments.
    AccountEntry(crate::EntryChange),
}

/// Everything that one decision changes: all of it is committed, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The outcome of the request's idempotency key. Taken already → [`CommitError::IdempotencyKeyTaken`].
    pub idempotency: Option<IdempotencyRecord>,
    /// Records to insert and update.
    pub records: Vec<RecordChange>,
    /// Ledger postings, each balanced, with the mode they are in.
    pub postings: Vec<(Mode, Posting)>,
    /// Timers to set (a timer of the same account, mode, kind and subject is replaced).
    pub set_timers: Vec<Timer>,
    /// Timers to remove, by account, mode, kind and subject; `due` is ignored.
    pub clear_timers: Vec<Timer>,
    /// Notifications to make.
    pub deliveries: Vec<DeliveryRecord>,
}

/// Why a commit was not done. Nothing of it is stored then, except as [`CommitError::Unknown`] says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A record changed since it was read: load and decide again.
    #[error("a record changed since it was read")]
    VersionConflict,
    /// The idempotency key was used: answer what it made.
    #[error("the idempotency key was used before")]
    IdempotencyKeyTaken(IdempotencyRecord),
    /// A record with this identity exists.
    #[error("a record with this identity exists: {0}")]
    AlreadyExists(&'static str),
    /// A ledger account that must not go below zero would.
    #[error("the ledger account {0:?} would be overdrawn")]
    Overdrawn(LedgerAccount),
    /// Too much is waiting already: try again shortly.
    #[error("too many writes are waiting")]
    Busy,
    /// The disk is full; what was stored is unharmed.
    #[error("the disk is full")]
    DiskFull,
    /// This node's lease has ended, and its number may be another's: the lease is to be renewed first.
    #[error("this node's lease has ended")]
    LeaseLost,
    /// The database can't be reached now.
    #[error("the database can't be reached: {0}")]
    Unavailable(String),
    /// The database's answer was lost: all of the changes are stored, or nothing of them. The only error after which
    /// they may be; whoever repeats the request with its idempotency key learns which.
    #[error("the database's answer was lost: {0}")]
    Unknown(String),
    /// The store failed; the text is for the operator.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// By which date payments are ranged or sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateField {
    /// `date_created`
    Created,
    /// `date_last_updated`
    Updated,
    /// `date_approved`
    Approved,
    /// `money_release_date`
    Release,
}

/// What a search is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortField {
    /// A date.
    Date(DateField),
    /// The id.
    Id,
}

/// A search of one account's payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentSearch {
    /// The collector who asks.
    pub account_id: AccountId,
    /// The credential's mode.
    pub mode: Mode,
    /// Exact id.
    pub id: Option<PaymentId>,
    /// Exact `external_reference`.
    pub external_reference: Option<String>,
    /// Exact `status`.
    pub status: Option<String>,
    /// Exact `status_detail`.
    pub status_detail: Option<String>,
    /// Exact `payment_method_id`.
    pub payment_method_id: Option<String>,
    /// Exact `payment_type_id`.
    pub payment_type_id: Option<String>,
    /// Exact `operation_type`.
    pub operation_type: Option<String>,
    /// Exact `payer.id`.
    pub payer_id: Option<AccountId>,
    /// Exact `store_id`.
    pub store_id: Option<String>,
    /// Exact `pos_id`.
    pub pos_id: Option<String>,
    /// The date that `begin` and `end` mean.
    pub range: DateField,
    /// First instant, included.
    pub begin: Option<Timestamp>,
    /// Last instant, included.
    pub end: Option<Timestamp>,
    /// Sorted by this, then by id.
    pub sort: SortField,
    /// Newest (largest) first.
    pub descending: bool,
    /// At most this many results.
    pub limit: u32,
    /// Skip this many.
    pub offset: u32,
}

/// A page of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentPage {
    /// How many payments match in all.
    pub total: u64,
    /// The bodies of this page.
    pub bodies: Vec<Vec<u8>>,
}

/// What the ledger's proof found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerProof {
    /// Postings read.
    pub postings: u64,
    /// Balances compared.
    pub balances: u64,
    /// One line for each thing that is wrong; empty = proven.
    pub faults: Vec<String>,
}

/// What the check of the records found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordsCheck {
    /// Records read, by table.
    pub records: Vec<(&'static str, u64)>,
    /// One line for each thing that is wrong.
    pub faults: Vec<String>,
}

/// How many shares the background work of a shared store is cut into: what falls due for an account (timers,
/// deliveries) is the business of the one node that holds its share, so that one account's notifications keep their
/// order whichever node made them.
pub const WORK_SHARES: u32 = 64;

/// The share that an account's background work is in.
pub const fn share_of(account_id: AccountId) -> u32 {
    // Neighbouring ids are spread: the multiplier is 2^64 by the golden ratio.
    let spread = (account_id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (spread >> 58) as u32
}

/// A set of shares, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WorkShares(pub u64);

impl WorkShares {
    /// All of them.
    pub const ALL: WorkShares = WorkShares(u64::MAX);

    /// Whether `share` is one of them.
    pub const fn contains(self, share: u32) -> bool {
        self.0 >> share & 1 == 1
    }

    /// The shares, ascending.
    pub fn iter(self) -> impl Iterator<Item = u32> {
        (0..WORK_SHARES).filter(move |share| self.contains(*share))
    }
}

/// What a node may do until its lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeLease {
    /// The number in this node's ids, 0–31: no other node has it meanwhile.
    pub node: u8,
    /// The instant (wall clock) that this node's ids must be later than: whoever had the number before made none later.
    pub ids_after: Timestamp,
    /// The instant (wall clock) that this node's ids must be earlier than, whatever its clock says: whoever has the
    /// number next makes only later ones. It lies some seconds after the lease's end, and moves with each renewal.
    pub ids_before: Timestamp,
    /// The background work that is this node's.
    pub shares: WorkShares,
    /// How long from now, unless it is renewed; `None`: for as long as the process runs.
    pub expires_in: Option<Duration>,
}

impl NodeLease {
    /// That of the one process that uses a store.
    pub const ALONE: NodeLease = NodeLease {
        node: 0,
        ids_after: Timestamp(i64::MIN),
        ids_before: Timestamp(i64::MAX),
        shares: WorkShares::ALL,
        expires_in: None,
    };
}

/// Counters since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounters {
    /// Requests committed.
    pub commits: u64,
    /// Payments inserted.
    pub payments: u64,
    /// Syncs to disk (one a group).
    pub syncs: u64,
    /// Writes waiting now.
    pub waiting: u64,
}

impl PaymentSearch {
    /// All payments of an account, oldest first, `limit` of them.
    pub fn of(account_id: AccountId, mode: Mode, limit: u32) -> PaymentSearch {
        PaymentSearch {
            account_id,
            mode,
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
            limit,
            offset: 0,
        }
    }
}
