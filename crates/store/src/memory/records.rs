//! All that is remembered, and what one commit does to it.

use crate::memory::CommitFate;
use crate::memory::account_entries::EntryKey;
use crate::memory::checkout::CheckoutKey;
use crate::memory::notifications::SettingKey;
use crate::{
    AccountEntry, AccountRecord, ApplicationRecord, CardTokenRecord, CatalogueRecord, Changes,
    CheckoutRecord, CommitError, CredentialRecord, CustomerRecord, DeliveryAttempt, DeliveryRecord,
    DeliveryState, Fingerprint, IdempotencyRecord, LoginRecord, Lookup, NotificationSetting, PayerRecord,
    PaymentRecord, RecordChange, SavedCardRecord, SessionRecord, Timer, TimerKind,
};
use pasarela_domain::identity::{AccountId, ApplicationId, Mode, PaymentId};
use pasarela_domain::ledger::{LedgerAccount, Posting};
use pasarela_domain::money::Currency;
use pasarela_domain::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which balance.
pub(crate) type BalanceKey = (Mode, Currency, LedgerAccount);
/// Which customer: the seller, the mode and the user.
pub(crate) type CustomerKey = (AccountId, Mode, AccountId);
/// Which timer.
pub(crate) type TimerKey = (AccountId, Mode, PaymentId, TimerKind);

/// All that is remembered. Rows that have no order of their own are numbered as they come.
#[derive(Clone, Default)]
pub struct Records {
    pub(crate) payments: BTreeMap<PaymentId, Arc<PaymentRecord>>,
    pub(crate) card_tokens: BTreeMap<Lookup, (u64, CardTokenRecord)>,
    pub(crate) accounts: BTreeMap<AccountId, Arc<AccountRecord>>,
    pub(crate) applications: BTreeMap<ApplicationId, Arc<ApplicationRecord>>,
    pub(crate) credentials: BTreeMap<Lookup, CredentialRecord>,
    pub(crate) payers: BTreeMap<(AccountId, Mode, Lookup), AccountId>,
    pub(crate) idempotency: BTreeMap<(AccountId, [u8; 16]), (u64, IdempotencyRecord)>,
    pub(crate) clocks: BTreeMap<AccountId, i64>,
    pub(crate) postings: BTreeMap<u64, (Mode, Arc<Posting>)>,
    pub(crate) balances: BTreeMap<BalanceKey, i64>,
    pub(crate) timers: BTreeMap<TimerKey, Timestamp>,
    pub(crate) deliveries: BTreeMap<i64, DeliveryRecord>,
    pub(crate) attempts: BTreeMap<(i64, u32), DeliveryAttempt>,
    pub(crate) customers: BTreeMap<CustomerKey, CustomerRecord>,
    pub(crate) checkouts: BTreeMap<CheckoutKey, CheckoutRecord>,
    pub(crate) logins: BTreeMap<AccountId, LoginRecord>,
    pub(crate) sessions: BTreeMap<(AccountId, Lookup), SessionRecord>,
    pub(crate) saved_cards: BTreeMap<(AccountId, Mode, i64), SavedCardRecord>,
    /// With how many saved cards have each.
    pub(crate) sealed_cards: BTreeMap<(Mode, Fingerprint), (u64, Vec<u8>)>,
    pub(crate) catalogues: BTreeMap<i64, Arc<CatalogueRecord>>,
    pub(crate) settings: BTreeMap<SettingKey, NotificationSetting>,
    pub(crate) account_entries: BTreeMap<EntryKey, AccountEntry>,
    rows: u64,
}

impl Records {
    /// Commits `changes`, all or nothing.
    ///
    /// # Panics
    /// When a posting isn't balanced; nothing is changed then.
    ///
    /// # Errors
    /// As every store's; nothing of `changes` is stored then.
    pub fn commit(&mut self, changes: &Changes) -> Result<(), CommitError> {
        self.commit_as(changes, &CommitFate::Done)
    }

    /// As [`Records::commit`], with the defect that `fate` names, if it names one.
    pub(crate) fn commit_as(&mut self, changes: &Changes, fate: &CommitFate) -> Result<(), CommitError> {
        assert!(changes.postings.iter().all(|(_, posting)| posting.is_balanced()), "debits equal credits");
        let mut writing = Writing {
            checks_versions: *fate != CommitFate::VersionsUnchecked,
            times_posted: if *fate == CommitFate::PostedTwice { 2 } else { 1 },
            records: self,
            undo: Vec::new(),
        };
        let outcome = writing.apply(changes);
        if outcome.is_err() {
            writing.take_back();
        }
        outcome
    }

    /// Takes what is secret from tokens whose time has come, at most `limit` of them; how many there were.
    pub(crate) fn purge_secrets(&mut self, now: Timestamp, limit: u32) -> u64 {
        let mut due: Vec<(Timestamp, u64, Lookup)> = self
            .card_tokens
            .iter()
            .filter(|(_, (_, token))| is_sealed(token) && token.purge_at <= now)
            .map(|(lookup, (row, token))| (token.purge_at, *row, *lookup))
            .collect();
        due.sort_unstable();
        due.truncate(limit as usize);
        for (_, _, lookup) in &due {
            if let Some((_, token)) = self.card_tokens.get_mut(lookup) {
                token.sealed_number = None;
                token.sealed_security_code = None;
                token.version += 1;
            }
        }
        due.len() as u64
    }

    /// Forgets idempotency records whose time has passed, oldest first, at most `limit` of them; how many there were.
    pub(crate) fn purge_idempotency(&mut self, now: Timestamp, limit: u32) -> u64 {
        let mut oldest: Vec<_> =
            self.idempotency.iter().map(|(key, (row, record))| (*row, *key, record.expires)).collect();
        oldest.sort_unstable();
        let expired: Vec<_> =
            oldest.into_iter().take(limit as usize).take_while(|(_, _, expires)| *expires <= now).collect();
        for (_, key, _) in &expired {
            self.idempotency.remove(key);
        }
        expired.len() as u64
    }

    fn next_row(&mut self) -> u64 {
        self.rows += 1;
        self.rows
    }
}

/// Whether something secret is left of a token.
pub(crate) fn is_sealed(token: &CardTokenRecord) -> bool {
    token.sealed_number.is_some() || token.sealed_security_code.is_some()
}

/// A commit on its way, with how to take it back.
pub(crate) struct Writing<'a> {
    pub(crate) records: &'a mut Records,
    undo: Vec<Undo>,
    pub(crate) checks_versions: bool,
    times_posted: usize,
}

/// Takes back one step of it.
type Undo = Box<dyn FnOnce(&mut Records)>;

/// One of the maps.
pub(crate) type Table<K, V> = fn(&mut Records) -> &mut BTreeMap<K, V>;

impl Writing<'_> {
    fn take_back(self) {
        for step in self.undo.into_iter().rev() {
            step(self.records);
        }
    }

    /// Sets a row, or removes it.
    pub(crate) fn set<K: Ord + Clone + 'static, V: 'static>(
        &mut self,
        table: Table<K, V>,
        key: K,
        row: Option<V>,
    ) {
        let put = move |records: &mut Records, key: K, row: Option<V>| match row {
            Some(row) => table(records).insert(key, row),
            None => table(records).remove(&key),
        };
        let before = put(self.records, key.clone(), row);
        self.undo.push(Box::new(move |records| drop(put(records, key, before))));
    }

    /// Sets a row that must not be there.
    pub(crate) fn insert<K: Ord + Clone + 'static, V: 'static>(
        &mut self,
        what: &'static str,
        table: Table<K, V>,
        key: K,
        row: V,
    ) -> Result<(), CommitError> {
        if table(self.records).contains_key(&key) {
            return Err(CommitError::AlreadyExists(what));
        }
        self.set(table, key, Some(row));
        Ok(())
    }

    fn apply(&mut self, changes: &Changes) -> Result<(), CommitError> {
        if let Some(record) = &changes.idempotency
            && let Some((_, taken)) = self.records.idempotency.get(&(record.account_id, record.key))
        {
            return Err(CommitError::IdempotencyKeyTaken(taken.clone()));
        }
        for record in &changes.records {
            self.record(record)?;
        }
        self.post(&changes.postings)?;
        for timer in &changes.clear_timers {
            self.set(|records| &mut records.timers, key_of(timer), None);
        }
        for timer in &changes.set_timers {
            self.set(|records| &mut records.timers, key_of(timer), Some(timer.due));
        }
        for delivery in &changes.deliveries {
            self.insert("delivery", |records| &mut records.deliveries, delivery.id, delivery.clone())?;
        }
        if let Some(record) = &changes.idempotency {
            let row = (self.records.next_row(), record.clone());
            self.set(|records| &mut records.idempotency, (record.account_id, record.key), Some(row));
        }
        Ok(())
    }

    fn record(&mut self, change: &RecordChange) -> Result<(), CommitError> {
        match change {
            RecordChange::InsertPayment(payment) => {
                let row = Arc::new(PaymentRecord { version: 1, ..payment.clone() });
                self.insert("payment", |records| &mut records.payments, payment.id, row)
            }
            RecordChange::UpdatePayment(payment) => self.update_payment(payment),
            RecordChange::InsertCardToken(token) => {
                let row = (self.records.next_row(), CardTokenRecord { version: 1, ..token.clone() });
                self.insert("card token", |records| &mut records.card_tokens, token.lookup, row)
            }
            RecordChange::UpdateCardToken(token) => self.update_card_token(token),
            RecordChange::InsertAccount(account) => self.insert_account(account),
            RecordChange::InsertApplication(application) => self.insert(
                "application",
                |records| &mut records.applications,
                application.id,
                Arc::new(application.clone()),
            ),
            RecordChange::UpdateApplication(application) => self.update_application(application),
            RecordChange::InsertCredential(credential) => self.insert(
                "credential",
                |records| &mut records.credentials,
                credential.lookup,
                credential.clone(),
            ),
            RecordChange::InsertPayer(PayerRecord { account_id, mode, email, payer_id }) => {
                self.insert("payer", |records| &mut records.payers, (*account_id, *mode, *email), *payer_id)
            }
            RecordChange::SetClock { account_id, offset_ms } => {
                self.set_clock(*account_id, *offset_ms);
                Ok(())
            }
            RecordChange::RecordAttempt(attempt) => self.record_attempt(attempt),
            RecordChange::Customer(change) => self.customer(change),
            RecordChange::Checkout(change) => self.checkout(change),
            RecordChange::Login(change) => self.login(change),
            RecordChange::Notification(change) => self.notification(change),
            RecordChange::AccountEntry(change) => self.account_entry(change),
            RecordChange::InsertCatalogue(record) => {
                if record.version != self.records.catalogue_version() + 1 {
                    return Err(CommitError::VersionConflict);
                }
                let row = Arc::new(record.clone());
                self.insert("catalogue version", |records| &mut records.catalogues, record.version, row)
            }
        }
    }

    fn update_payment(&mut self, payment: &PaymentRecord) -> Result<(), CommitError> {
        let stored = self.records.payments.get(&payment.id).filter(|stored| {
            stored.account_id == payment.account_id
                && stored.mode == payment.mode
                && (stored.version == payment.version || !self.checks_versions)
        });
        let version = stored.ok_or(CommitError::VersionConflict)?.version + 1;
        let row = Arc::new(PaymentRecord { version, ..payment.clone() });
        self.set(|records| &mut records.payments, payment.id, Some(row));
        Ok(())
    }

    fn update_card_token(&mut self, token: &CardTokenRecord) -> Result<(), CommitError> {
        let stored = self.records.card_tokens.get(&token.lookup).filter(|(_, stored)| {
            stored.account_id == token.account_id
                && stored.mode == token.mode
                && (stored.version == token.version || !self.checks_versions)
        });
        let (row, stored) = stored.ok_or(CommitError::VersionConflict)?;
        let row = (*row, CardTokenRecord { version: stored.version + 1, ..token.clone() });
        self.set(|records| &mut records.card_tokens, token.lookup, Some(row));
        Ok(())
    }

    fn insert_account(&mut self, account: &AccountRecord) -> Result<(), CommitError> {
        let mut known = self.records.accounts.values();
        if known.any(|known| known.site == account.site && known.email == account.email) {
            return Err(CommitError::AlreadyExists("account"));
        }
        self.insert("account", |records| &mut records.accounts, account.id, Arc::new(account.clone()))
    }

    fn update_application(&mut self, application: &ApplicationRecord) -> Result<(), CommitError> {
        let stored = self.records.applications.get(&application.id);
        if stored.is_none_or(|stored| stored.account_id != application.account_id) {
            return Err(CommitError::VersionConflict);
        }
        let row = Arc::new(application.clone());
        self.set(|records| &mut records.applications, application.id, Some(row));
        Ok(())
    }

    /// Moves a test account's clock, and its pending deliveries with it. Its timers are kept in its own time.
    fn set_clock(&mut self, account_id: AccountId, offset_ms: i64) {
        let moved_ms = offset_ms - self.records.clocks.get(&account_id).copied().unwrap_or(0);
        self.set(|records| &mut records.clocks, account_id, Some(offset_ms));
        let pending: Vec<DeliveryRecord> = self
            .records
            .deliveries
            .values()
            .filter(|delivery| delivery.account_id == account_id && delivery.mode == Mode::Test)
            .filter(|delivery| delivery.state == DeliveryState::Pending)
            .cloned()
            .collect();
        for delivery in pending {
            let next_attempt = delivery.next_attempt.plus_ms(-moved_ms);
            let row = DeliveryRecord { next_attempt, ..delivery };
            self.set(|records| &mut records.deliveries, row.id, Some(row));
        }
    }

    fn record_attempt(&mut self, attempt: &DeliveryAttempt) -> Result<(), CommitError> {
        let key = (attempt.delivery_id, attempt.number);
        self.insert("delivery attempt", |records| &mut records.attempts, key, attempt.clone())?;
        let delivery =
            self.records.deliveries.get(&attempt.delivery_id).ok_or(CommitError::VersionConflict)?;
        let row = DeliveryRecord {
            state: attempt.state,
            attempts: attempt.number + 1,
            next_attempt: attempt.next_attempt.unwrap_or(delivery.next_attempt),
            ..delivery.clone()
        };
        self.set(|records| &mut records.deliveries, row.id, Some(row));
        Ok(())
    }

    /// Writes the postings; overdrawn is what is so after all of them.
    fn post(&mut self, postings: &[(Mode, Posting)]) -> Result<(), CommitError> {
        for (mode, posting) in postings {
            for _ in 0..self.times_posted {
                self.post_once(*mode, posting)?;
            }
        }
        for (mode, posting) in postings {
            for leg in &posting.legs {
                let balance = self.records.balances.get(&(*mode, posting.currency, leg.account));
                if balance.is_some_and(|balance| !leg.account.kind.allows(*balance)) {
                    return Err(CommitError::Overdrawn(leg.account));
                }
            }
        }
        Ok(())
    }

    fn post_once(&mut self, mode: Mode, posting: &Posting) -> Result<(), CommitError> {
        let row = self.records.next_row();
        self.set(|records| &mut records.postings, row, Some((mode, Arc::new(posting.clone()))));
        for leg in &posting.legs {
            let key = (mode, posting.currency, leg.account);
            let before = self.records.balances.get(&key).copied().unwrap_or(0);
            let after = before.checked_add(leg.amount_minor).ok_or_else(|| {
                CommitError::Failed(format!("the balance of {:?} is out of range", leg.account))
            })?;
            self.set(|records| &mut records.balances, key, Some(after));
        }
        Ok(())
    }
}

const fn key_of(timer: &Timer) -> TimerKey {
    (timer.account_id, timer.mode, timer.subject, timer.kind)
}
