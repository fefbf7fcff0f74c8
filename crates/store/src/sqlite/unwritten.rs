//! What was acknowledged and is not in the tables yet, as readers must know it.
//!
//! The writer acknowledges a group when the journal has it, and commits several groups to the tables in one transaction
//! a moment later. Who reads what such a group changed waits for that commit, and asks for it: it comes within a group's
//! time. Who reads anything else goes on at once. Card tokens are answered from here, because a payment's first question
//! is for the token that its browser has just made.

use crate::encoding::decode;
use crate::prepared::Prepared;
use crate::{CardTokenRecord, Changes, Lookup, ReadError, RecordChange};
use pasarela_domain::identity::PaymentId;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// What a question is about; a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds(u16);

impl Kinds {
    pub(crate) const NONE: Kinds = Kinds(0);
    pub(crate) const PAYMENTS: Kinds = Kinds(1);
    pub(crate) const CARD_TOKENS: Kinds = Kinds(1 << 1);
    pub(crate) const ACCOUNTS: Kinds = Kinds(1 << 2);
    pub(crate) const PAYERS: Kinds = Kinds(1 << 3);
    pub(crate) const IDEMPOTENCY: Kinds = Kinds(1 << 4);
    pub(crate) const MONEY: Kinds = Kinds(1 << 5);
    pub(crate) const TIMERS: Kinds = Kinds(1 << 6);
    pub(crate) const CLOCKS: Kinds = Kinds(1 << 7);
    pub(crate) const DELIVERIES: Kinds = Kinds(1 << 8);
    pub(crate) const CUSTOMERS: Kinds = Kinds(1 << 9);
    pub(crate) const CATALOGUES: Kinds = Kinds(1 << 10);
    pub(crate) const NOTIFICATIONS: Kinds = Kinds(1 << 11);
    pub(crate) const CHECKOUTS: Kinds = Kinds(1 << 12);
    pub(crate) const LOGINS: Kinds = Kinds(1 << 13);
    pub(crate) const ALL: Kinds = Kinds(u16::MAX);

    /// Both.
    pub(crate) const fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    const fn meets(self, other: Kinds) -> bool {
        self.0 & other.0 != 0
    }

    fn of(changes: &Changes) -> Kinds {
        let when = |is_there: bool, kinds: Kinds| if is_there { kinds } else { Kinds(0) };
        changes
            .records
            .iter()
            .map(Kinds::of_record)
            .fold(Kinds(0), Kinds::and)
            .and(when(changes.idempotency.is_some(), Kinds::IDEMPOTENCY))
            .and(when(!changes.postings.is_empty(), Kinds::MONEY))
            .and(when(!changes.set_timers.is_empty() || !changes.clear_timers.is_empty(), Kinds::TIMERS))
            .and(when(!changes.deliveries.is_empty(), Kinds::DELIVERIES))
    }

    const fn of_record(record: &RecordChange) -> Kinds {
        match record {
            RecordChange::InsertPayment(_) | RecordChange::UpdatePayment(_) => Kinds::PAYMENTS,
            RecordChange::InsertCardToken(_) | RecordChange::UpdateCardToken(_) => Kinds::CARD_TOKENS,
            RecordChange::InsertAccount(_)
            | RecordChange::InsertApplication(_)
            | RecordChange::UpdateApplication(_)
            | RecordChange::InsertCredential(_)
            | RecordChange::AccountEntry(_) => Kinds::ACCOUNTS,
            RecordChange::InsertPayer(_) => Kinds::PAYERS,
            RecordChange::SetClock { .. } => Kinds::CLOCKS.and(Kinds::TIMERS).and(Kinds::DELIVERIES),
            RecordChange::RecordAttempt(_) => Kinds::DELIVERIES,
            RecordChange::Customer(_) => Kinds::CUSTOMERS,
            RecordChange::Checkout(_) => Kinds::CHECKOUTS,
            RecordChange::Login(_) => Kinds::LOGINS,
            RecordChange::InsertCatalogue(_) => Kinds::CATALOGUES,
            RecordChange::Notification(_) => Kinds::NOTIFICATIONS.and(Kinds::DELIVERIES),
        }
    }
}

/// Tells when the tables have it, or that they can't take it now.
pub(crate) type Written = oneshot::Receiver<Result<(), ReadError>>;

/// Shared by the writer and the readers.
#[derive(Default)]
pub(crate) struct Unwritten {
    state: Mutex<State>,
    wanted: AtomicBool,
}

#[derive(Default)]
struct State {
    kinds: Kinds,
    payments: HashSet<PaymentId>,
    /// Without their bodies, whose stored forms stand beside them.
    card_tokens: HashMap<Lookup, Arc<(CardTokenRecord, Vec<u8>)>>,
    waiting: Vec<oneshot::Sender<Result<(), ReadError>>>,
    /// Why the tables can't be written now.
    failure: Option<ReadError>,
}

impl Unwritten {
    /// A group is about to be acknowledged.
    pub(crate) fn add<'c>(&self, group: impl Iterator<Item = &'c Prepared>) {
        let mut state = self.lock();
        for prepared in group {
            let changes = prepared.changes();
            state.kinds = state.kinds.and(Kinds::of(changes));
            let mut contents = prepared.contents().iter();
            for record in &changes.records {
                let content = if Prepared::has_content(record) { contents.next() } else { None };
                let content = || content.cloned().unwrap_or_default();
                match record {
                    RecordChange::InsertPayment(payment) | RecordChange::UpdatePayment(payment) => {
                        state.payments.insert(payment.id);
                    }
                    RecordChange::InsertCardToken(token) => {
                        state.card_tokens.insert(token.lookup, Arc::new((token.clone(), content())));
                    }
                    RecordChange::UpdateCardToken(token) => {
                        let updated = CardTokenRecord { version: token.version + 1, ..token.clone() };
                        state.card_tokens.insert(token.lookup, Arc::new((updated, content())));
                    }
                    _ => {}
                }
            }
        }
    }

    /// The tables have everything.
    pub(crate) fn written(&self) {
        let mut state = self.lock();
        self.wanted.store(false, Ordering::Relaxed);
        state.failure = None;
        state.kinds = Kinds(0);
        state.payments.clear();
        state.card_tokens.clear();
        for waiting in state.waiting.drain(..) {
            // Who no longer waits has no use for it.
            let _ = waiting.send(Ok(()));
        }
    }

    /// The tables can't be written now, which is tried again: nobody waits for it.
    pub(crate) fn failed(&self, cause: &str) {
        let failure =
            ReadError::unavailable(format!("what was acknowledged last is not readable yet: {cause}"));
        let mut state = self.lock();
        self.wanted.store(false, Ordering::Relaxed);
        for waiting in state.waiting.drain(..) {
            let _ = waiting.send(Err(failure.clone()));
        }
        state.failure = Some(failure);
    }

    /// Whether somebody waits for the tables.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// What to wait for before the tables have what was acknowledged of these `kinds`; `None` when they have it.
    pub(crate) fn of(&self, kinds: Kinds) -> Result<Option<Written>, ReadError> {
        self.wait_if(|state| state.kinds.meets(kinds))
    }

    /// The same of a payment.
    pub(crate) fn payment(&self, id: PaymentId) -> Result<Option<Written>, ReadError> {
        self.wait_if(|state| state.payments.contains(&id))
    }

    /// A card token that the tables don't have as it is now.
    pub(crate) fn card_token(&self, lookup: &Lookup) -> Result<Option<CardTokenRecord>, ReadError> {
        let Some(found) = self.lock().card_tokens.get(lookup).cloned() else { return Ok(None) };
        let (token, content) = &*found;
        let (body, _) = decode(content).map_err(|damaged| ReadError::new(damaged.to_string()))?;
        Ok(Some(CardTokenRecord { body, ..token.clone() }))
    }

    fn wait_if(&self, is_concerned: impl FnOnce(&State) -> bool) -> Result<Option<Written>, ReadError> {
        let mut state = self.lock();
        if !is_concerned(&state) {
            return Ok(None);
        }
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        let (waiting, written) = oneshot::channel();
        state.waiting.push(waiting);
        self.wanted.store(true, Ordering::Relaxed);
        Ok(Some(written))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
